//! What would make a failure pass: wishes tried out, one change at a time.
//!
//! A change is only told when the policy, judged again on data with it, holds. What links or computed fields were made
//! from is left alone: they would have to be made again.

use std::collections::{HashMap, HashSet};

use bumpalo::Bump;
use serde_json::Value as Json;

use super::evidence::{brief, reads};
use super::judge::variables;
use super::table::Tables;
use crate::audit::{Change, Wanted as Kind};
use crate::catalog::{FieldId, FieldType, Origin as FieldOrigin, RecordType};
use crate::expr::time::Timestamp;
use crate::expr::{
    Evaluator, List, LookUp, Matches, Origin, Place, Plan, RecordRef, Records, Unknown, Value, Wanted, Wish,
};
use crate::policy::{Needs, Policy, derived::derived};

/// Wishes of one failure that are tried.
const MAX_WISHES: usize = 12;
/// Changes that a finding tells.
const MAX_CHANGES: usize = 5;
/// Records of which one might be linked; where there are more, none is tried.
const MAX_LINKED: u32 = 100;
/// Values of a change that are told.
const MAX_TOLD: usize = 5;
/// Elements of a list that is made longer.
const MAX_ELEMENTS: usize = 1_000;
/// Records of a type that is gone over again without indexes.
const MAX_ROWS: u32 = 1_000;

/// Tries changes for one policy.
pub(super) struct Trials<'a> {
    policy: &'a Policy,
    tables: &'a Tables,
    /// Fields that a link, which the policy follows, was made from, or an index by which it looks records up.
    fixed: HashSet<Known>,
    /// Fields that were computed and can be again, with all that they are made from.
    made: HashMap<Known, HashSet<Known>>,
}

/// A field of a type.
type Known = (RecordType, FieldId);

impl<'a> Trials<'a> {
    pub(super) fn of(policy: &'a Policy, tables: &'a Tables) -> Self {
        let needs = Needs::of(&policy.reads());
        let (mut fixed, mut made) = (HashSet::new(), HashMap::new());
        for (ty, field) in needs.computed() {
            match ty.info().fields.get(usize::from(*field)).map(|field| &field.origin) {
                Some(FieldOrigin::Link(link)) => {
                    for key in &link.on {
                        fixed.extend(path(*ty, &key.from));
                        fixed.insert((link.to, key.to));
                    }
                }
                Some(FieldOrigin::Derived(spec)) => {
                    let sources = derived(*ty, *field).map(|plan| Needs::of(&plan.reads));
                    let sources = sources.iter().flat_map(Needs::all_fields);
                    // What becomes unknown where the expression gives nothing is not worked out anew.
                    if spec.otherwise.is_some() {
                        fixed.extend(sources);
                    } else {
                        made.insert((*ty, *field), sources.collect());
                    }
                }
                _ => {}
            }
        }
        for (ty, field) in needs.joins() {
            match derived(ty, field) {
                Some(plan) => fixed.extend(Needs::of(&plan.reads).all_fields()),
                // Without the index all records are gone over.
                None if tables.rows(ty) > MAX_ROWS => {
                    fixed.insert((ty, field));
                }
                None => {}
            }
        }
        Self {
            policy,
            tables,
            fixed,
            made,
        }
    }

    /// The changes that would make the policy hold for a row.
    pub(super) fn changes<'r>(&self, wishes: &[Wish<'r>], row: Option<RecordRef>, arena: &'r Bump) -> Vec<Change>
    where
        'a: 'r,
    {
        let mut found: Vec<Change> = Vec::new();
        for wish in wishes.iter().take(MAX_WISHES) {
            let Some((kind, values, of)) = self.grant(wish, row, arena) else {
                continue;
            };
            let mut values: Vec<Json> = values.iter().map(|value| brief(*value, self.tables, 0)).collect();
            // Records have no order that stays.
            values.sort_by_cached_key(Json::to_string);
            values.truncate(MAX_TOLD);
            let change = Change {
                path: wish.path.clone(),
                value: match wish.place {
                    Place::Collection(_) => Json::Null,
                    _ => brief(wish.found, self.tables, 0),
                },
                wanted: kind,
                values,
                of: of as u64,
                elements: reads(&wish.elements, self.tables),
            };
            if found.len() < MAX_CHANGES && !found.contains(&change) {
                found.push(change);
            }
        }
        found
    }

    /// What of a wish comes true: the kind of change, the values it speaks of, and how many there are.
    fn grant<'r>(
        &self,
        wish: &Wish<'r>,
        row: Option<RecordRef>,
        arena: &'r Bump,
    ) -> Option<(Kind, Vec<Value<'r>>, usize)>
    where
        'a: 'r,
    {
        if !self.is_free(wish.place) {
            return None;
        }
        let passes = |value: &Value<'r>| match wish.sized {
            None => self.passes(wish.place, *value, row),
            Some(list) => resized(list, *value, arena).is_some_and(|list| self.passes(wish.place, list, row)),
        };
        let one = |kind, value: Value<'r>| Some((kind, vec![value], 1));
        match &wish.wanted {
            Wanted::OneOf(values) => one_of(values.iter().copied(), passes),
            Wanted::NoneOf(values) => {
                let others = self.others(wish, values);
                if others.iter().all(passes) && others.len() > 1 {
                    Some((Kind::NoneOf, values.clone(), values.len()))
                } else {
                    one_of(others.into_iter().filter(|value| !is_made_up(*value)), passes)
                }
            }
            Wanted::Some => {
                let others = self.others(wish, &[Value::Null]);
                if others.iter().all(passes) && others.len() > 1 {
                    Some((Kind::Some, Vec::new(), 0))
                } else {
                    one_of(others.into_iter().filter(|value| !is_made_up(*value)), passes)
                }
            }
            // That a linked record should not exist is no advice.
            Wanted::Null => {
                let may = field_of(wish.place)
                    .is_some_and(|field| field.nullable && !matches!(field.ty, FieldType::Record(_)));
                (may && passes(&Value::Null)).then_some((Kind::Null, Vec::new(), 0))
            }
            Wanted::AtMost(most) => bounded(Kind::AtMost, *most, passes),
            Wanted::AtLeast(least) => bounded(Kind::AtLeast, *least, passes),
            Wanted::Below(end) => bounded(Kind::Below, *end, passes),
            Wanted::Above(end) => bounded(Kind::Above, *end, passes),
            Wanted::Without { elements, rest } => {
                let found = || Some((Kind::Without, elements.clone(), elements.len()));
                if passes(rest) { found() } else { None }
            }
            Wanted::With { element, list } => {
                if passes(list) {
                    one(Kind::With, *element)
                } else {
                    None
                }
            }
        }
        .filter(|_| arena.allocated_bytes() < MAX_MEMORY)
    }

    /// Values that the place could have instead of some: those documented, those there are, or made up ones.
    fn others<'r>(&self, wish: &Wish<'r>, but: &[Value<'r>]) -> Vec<Value<'r>> {
        let Some(field) = field_of(wish.place) else {
            return Vec::new();
        };
        let mut all = match &field.ty {
            FieldType::Bool => vec![Value::Bool(true), Value::Bool(false)],
            FieldType::Enum { values, .. } => values.iter().map(|value| Value::String(value)).collect(),
            FieldType::String => MADE_UP.iter().map(|text| Value::String(text)).collect(),
            FieldType::Int => [0, 1, 2, 1_000_000].map(Value::Int).to_vec(),
            FieldType::Timestamp => vec![
                Value::Timestamp(Timestamp::default()),
                Value::Timestamp(self.tables.now()),
            ],
            FieldType::Record(ty) if ty.resource().is_some() && self.tables.rows(*ty) <= MAX_LINKED => {
                let rows = 0..self.tables.rows(*ty);
                rows.map(|row| Value::Record(RecordRef { ty: *ty, row })).collect()
            }
            _ => Vec::new(),
        };
        if field.nullable && !matches!(field.ty, FieldType::Record(_)) {
            all.push(Value::Null);
        }
        all.retain(|value| !but.iter().any(|left_out| same(*left_out, *value)));
        all
    }

    /// Whether a place can be changed by itself.
    fn is_free(&self, place: Place) -> bool {
        match place {
            // A record with another key is another record.
            Place::Field(record, field) => {
                let key = record
                    .ty
                    .resource()
                    .is_some_and(|resource| resource.key.contains(&field));
                !key && !self.fixed.contains(&(record.ty, field))
            }
            Place::Collection(ty) => {
                let made = |(computed, field): &(RecordType, FieldId)| {
                    let origin = computed
                        .info()
                        .fields
                        .get(usize::from(*field))
                        .map(|field| &field.origin);
                    matches!(origin, Some(FieldOrigin::Link(link)) if link.to == ty)
                };
                self.tables.rows(ty) <= MAX_ROWS && !Needs::of(&self.policy.reads()).computed().iter().any(made)
            }
            Place::Named(_) => true,
        }
    }

    /// Whether the policy holds for the row when a place has another value.
    fn passes(&self, place: Place, value: Value<'_>, row: Option<RecordRef>) -> bool {
        let arena = Bump::new();
        let changed = Changed {
            tables: self.tables,
            made: &self.made,
            place,
            value,
        };
        changed.holds(self.policy, row, &arena)
    }
}

/// Values for texts of which nothing is documented.
const MADE_UP: [&str; 2] = ["\u{1}one", "\u{1}another"];

/// Most memory that is spent on trying.
const MAX_MEMORY: usize = 64 << 20;

fn is_made_up(value: Value<'_>) -> bool {
    match value {
        Value::String(text) => MADE_UP.contains(&text),
        Value::Int(_) | Value::Timestamp(_) => true,
        _ => false,
    }
}

/// Those of some values that would do, as a change to any one of them.
fn one_of<'r>(
    values: impl Iterator<Item = Value<'r>>,
    passes: impl Fn(&Value<'r>) -> bool,
) -> Option<(Kind, Vec<Value<'r>>, usize)> {
    let found: Vec<Value<'r>> = values.filter(passes).collect();
    let of = found.len();
    (of > 0).then_some((Kind::OneOf, found, of))
}

/// A bound is told only when values within it that are near and far would do.
fn bounded<'r>(
    kind: Kind,
    bound: Value<'r>,
    passes: impl Fn(&Value<'r>) -> bool,
) -> Option<(Kind, Vec<Value<'r>>, usize)> {
    let tries = within(kind, bound)?;
    if tries.iter().all(&passes) {
        Some((kind, vec![bound], 1))
    } else {
        one_of(tries.into_iter().take(1), passes)
    }
}

/// A list with so many elements: the first of its own, or its own again and again.
fn resized<'r>(list: &List<'r>, size: Value<'r>, arena: &'r Bump) -> Option<Value<'r>> {
    let Value::Int(size) = size else { return None };
    let size = usize::try_from(size).ok()?.min(MAX_ELEMENTS);
    if list.is_empty() && size > 0 {
        return None;
    }
    let items: Vec<Value<'r>> = (0..size).filter_map(|at| list.get(at % list.len())).collect();
    Some(Value::list(&items, arena))
}

/// Values within a bound: at its end, next to it, and far from it.
fn within(kind: Kind, bound: Value<'_>) -> Option<Vec<Value<'_>>> {
    let down = matches!(kind, Kind::AtMost | Kind::Below);
    let closed = matches!(kind, Kind::AtMost | Kind::AtLeast);
    Some(match bound {
        Value::Int(end) => {
            let near = if down { end.checked_sub(1)? } else { end.checked_add(1)? };
            // No count is below 0.
            let far = if down { end.min(0) } else { end.max(1_000_000) };
            [closed.then_some(end), Some(near), Some(far)]
                .into_iter()
                .flatten()
                .filter(|n| *n >= 0 || end < 0)
                .map(Value::Int)
                .collect()
        }
        Value::Timestamp(end) => {
            const YEAR: i128 = 365 * 86_400 * 1_000_000_000;
            let sign = if down { -1 } else { 1 };
            let at = |distance: i128| Timestamp::from_nanos(end.nanos() + sign * distance);
            [closed.then_some(end), at(1_000_000), at(YEAR)]
                .into_iter()
                .flatten()
                .map(Value::Timestamp)
                .collect()
        }
        _ => return None,
    })
}

fn same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Record(a), Value::Record(b)) => a == b,
        _ => false,
    }
}

fn field_of(place: Place) -> Option<&'static crate::catalog::Field> {
    match place {
        Place::Field(record, field) => record.ty.info().fields.get(usize::from(field)),
        _ => None,
    }
}

/// The fields that a path leads over.
fn path(ty: RecordType, path: &[FieldId]) -> Vec<(RecordType, FieldId)> {
    let mut here = Some(ty);
    let mut found = Vec::new();
    for field in path {
        let Some(ty) = here else { break };
        found.push((ty, *field));
        here = match ty.info().fields.get(usize::from(*field)).map(|field| &field.ty) {
            Some(FieldType::Record(inner)) => Some(*inner),
            _ => None,
        };
    }
    found
}

/// A snapshot in which one thing is another.
struct Changed<'t> {
    tables: &'t Tables,
    made: &'t HashMap<Known, HashSet<Known>>,
    place: Place,
    value: Value<'t>,
}

impl<'t> Changed<'t> {
    /// Whether a policy holds for a row.
    fn holds<'r>(&'r self, policy: &'r Policy, row: Option<RecordRef>, arena: &'r Bump) -> bool {
        let evaluator = Evaluator::new(self, arena);
        let mut values = variables(row, self.tables).to_vec();
        let own = values.len();
        for (at, named) in policy.lets.iter().enumerate() {
            let value = match self.place {
                Place::Named(slot) if slot == own + at => self.value,
                _ => evaluator.plan(&named.plan, &values),
            };
            values.push(value);
        }
        let is_true = |plan: &'r Plan| matches!(evaluator.plan(plan, &values), Value::Bool(true));
        policy.when.as_ref().is_none_or(is_true) && is_true(&policy.assert)
    }

    fn is_field(&self, record: RecordRef, field: FieldId) -> bool {
        self.place == Place::Field(record, field)
    }
}

impl Records for Changed<'_> {
    fn field<'r>(&'r self, record: RecordRef, field: FieldId, arena: &'r Bump) -> Value<'r> {
        if self.is_field(record, field) {
            return self.value;
        }
        self.tables.field(record, field, arena)
    }

    fn present<'r>(&'r self, record: RecordRef, field: FieldId) -> Option<Result<bool, Unknown<'r>>> {
        self.tables.present(record, field)
    }

    fn derived(&self, record: RecordRef, field: FieldId) -> Option<&Plan> {
        if self.is_field(record, field) {
            return None;
        }
        let is_stale = |sources: &HashSet<Known>| matches!(self.place, Place::Field(changed, field) if sources.contains(&(changed.ty, field)));
        if self.made.get(&(record.ty, field)).is_some_and(is_stale) {
            return derived(record.ty, field);
        }
        self.tables.derived(record, field)
    }

    fn collection<'r>(&'r self, ty: RecordType, arena: &'r Bump) -> Value<'r> {
        if self.place == Place::Collection(ty) {
            return self.value;
        }
        self.tables.collection(ty, arena)
    }

    fn matching<'r>(&'r self, by: LookUp, key: Value<'r>, arena: &'r Bump) -> Option<Matches<'r>> {
        let indexed = match self.place {
            Place::Field(record, changed) => (record.ty, changed) != (by.holder, by.field),
            Place::Collection(changed) => changed != by.ty,
            Place::Named(_) => true,
        };
        indexed.then(|| self.tables.matching(by, key, arena)).flatten()
    }

    fn origin(&self, id: u32) -> Option<&Origin> {
        self.tables.origin(id)
    }

    fn now(&self) -> Timestamp {
        self.tables.now()
    }
}
