//! The evaluator: runs a [`Plan`] on one row.
//!
//! Unknown and error follow one rule, operator by operator: the answer is what CEL would give for every way in which
//! the missing data could turn out, else unknown.

use std::cell::Cell;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::ast::{Fold, Literal};
use super::functions::{Context, Function};
use super::plan::{FoldOp, Join, Node, Op, Plan};
use super::records::Records;
use super::unknown::Unknown;
use super::value::{Items, List, Map, RecordRef, Tri, Value, equal};

/// Most work for one evaluation, in elements and characters: seconds, not hours.
pub(crate) const BUDGET: u64 = 200_000_000;

/// Runs a plan with the values of its variables.
pub fn run<'r>(plan: &'r Plan, variables: &[Value<'r>], records: &'r dyn Records, arena: &'r Bump) -> Value<'r> {
    Evaluator::new(records, arena).plan(plan, variables)
}

/// Everything that stays the same while a row is judged.
pub struct Evaluator<'r> {
    pub(super) records: &'r dyn Records,
    pub(super) context: Context<'r>,
    depth: Cell<u32>,
}

/// The values of the slots of one plan.
pub(super) type Frame<'r> = &'r [Cell<Value<'r>>];

/// Derived fields may use each other; the catalogue has no circles, hostile expressions may nest.
const MAX_DERIVED: u32 = 32;

impl<'r> Evaluator<'r> {
    /// An evaluator with a fresh budget.
    pub fn new(records: &'r dyn Records, arena: &'r Bump) -> Self {
        Self {
            records,
            context: Context::new(arena, BUDGET),
            depth: Cell::new(0),
        }
    }

    /// Runs a plan with the values of its variables.
    pub fn plan(&self, plan: &'r Plan, variables: &[Value<'r>]) -> Value<'r> {
        let frame = self.frame(plan, variables);
        self.node(&plan.root, frame)
    }

    pub(super) fn frame(&self, plan: &'r Plan, variables: &[Value<'r>]) -> Frame<'r> {
        let value = |at: usize| Cell::new(variables.get(at).copied().unwrap_or(Value::Null));
        self.arena().alloc_slice_fill_with(plan.slots, value)
    }

    fn arena(&self) -> &'r Bump {
        self.context.arena
    }

    pub(super) fn node(&self, node: &'r Node, frame: Frame<'r>) -> Value<'r> {
        match &node.op {
            Op::Literal(literal) => constant(literal),
            Op::Type(ty) => Value::Type(ty),
            Op::Slot(slot) => frame.get(*slot).map_or(Value::Null, Cell::get),
            Op::Collection(ty) => self.records.collection(*ty, self.arena()),
            Op::Field {
                base, field, optional, ..
            } => self.field(self.node(base, frame), *field, *optional),
            Op::Key { base, key, optional } => self.key(self.node(base, frame), key, *optional),
            Op::HasField { base, field, .. } => self.has_field(self.node(base, frame), *field),
            Op::HasKey { base, key } => self.has_key(self.node(base, frame), key),
            Op::Call { function, args } => self.call(function, args, frame),
            Op::Matches { text, regex } => match self.node(text, frame) {
                Value::String(text) => Value::Bool(regex.is_match(text)),
                other @ (Value::Unknown(_) | Value::Error(_)) => other,
                other => self.context.no_overload(&[other]),
            },
            Op::Fail(message) => Value::Error(message),
            Op::And(items) => self.connective(items, frame, false),
            Op::Or(items) => self.connective(items, frame, true),
            Op::If(parts) => self.conditional(parts, frame),
            Op::List(items) => self.list(items, frame),
            Op::Map(entries) => self.map(entries, frame),
            Op::Fold(fold) => self.fold(fold, frame),
            Op::Bind { slot, value, body } => {
                set(frame, *slot, self.node(value, frame));
                self.node(body, frame)
            }
        }
    }

    /// A field of a record, of a record inside an optional, or of nothing.
    pub(super) fn field(&self, base: Value<'r>, field: u16, optional: bool) -> Value<'r> {
        match base {
            Value::Record(record) if optional => self.optional_field(record, field),
            Value::Record(record) => self.record_field(record, field),
            Value::Optional(None) => base,
            Value::Optional(Some(inner)) => match self.field(*inner, field, true) {
                already @ (Value::Optional(_) | Value::Unknown(_) | Value::Error(_)) => already,
                found => Value::Optional(Some(self.arena().alloc(found))),
            },
            Value::Unknown(_) | Value::Error(_) => base,
            other => self.context.fail(&format!(
                "no such field: {} has no fields",
                super::functions::kind_name(other)
            )),
        }
    }

    fn record_field(&self, record: RecordRef, field: u16) -> Value<'r> {
        let Some(plan) = self.records.derived(record, field) else {
            return self.records.field(record, field, self.arena());
        };
        if self.depth.get() >= MAX_DERIVED {
            return Value::Error("derived fields nest too deep");
        }
        self.depth.set(self.depth.get() + 1);
        let value = self.plan(plan, &[Value::Record(record)]);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn optional_field(&self, record: RecordRef, field: u16) -> Value<'r> {
        match self.records.has(record, field, self.arena()) {
            Ok(true) => match self.record_field(record, field) {
                trouble @ (Value::Unknown(_) | Value::Error(_)) => trouble,
                value => Value::Optional(Some(self.arena().alloc(value))),
            },
            Ok(false) => Value::Optional(None),
            Err(why) => Value::Unknown(why),
        }
    }

    fn has_field(&self, base: Value<'r>, field: u16) -> Value<'r> {
        match base {
            Value::Record(record) if self.records.derived(record, field).is_some() => {
                match self.record_field(record, field) {
                    trouble @ (Value::Unknown(_) | Value::Error(_)) => trouble,
                    value => Value::Bool(!matches!(value, Value::Null)),
                }
            }
            Value::Record(record) => match self.records.has(record, field, self.arena()) {
                Ok(has) => Value::Bool(has),
                Err(why) => Value::Unknown(why),
            },
            Value::Unknown(_) | Value::Error(_) => base,
            _ => Value::Error("no such field"),
        }
    }

    /// A key of a map, or a field of a record that is only known by name.
    pub(super) fn key(&self, base: Value<'r>, key: &'r str, optional: bool) -> Value<'r> {
        let found = match base {
            Value::Unknown(_) | Value::Error(_) | Value::Optional(None) => return base,
            Value::Optional(Some(inner)) => {
                return match self.key(*inner, key, true) {
                    already @ (Value::Optional(_) | Value::Unknown(_) | Value::Error(_)) => already,
                    found => Value::Optional(Some(self.arena().alloc(found))),
                };
            }
            Value::Map(map) => map.text(key),
            Value::Record(record) => match record.ty.info().field(key) {
                Some((field, _)) => return self.field(base, field, optional),
                None => None,
            },
            other => {
                return self.context.fail(&format!(
                    "no such field `{key}`: {} has none",
                    super::functions::kind_name(other)
                ));
            }
        };
        match (found, optional) {
            (Some(value @ (Value::Unknown(_) | Value::Error(_))), _) => value,
            (Some(value), true) => Value::Optional(Some(self.arena().alloc(value))),
            (Some(value), false) => value,
            (None, true) => Value::Optional(None),
            (None, false) => self.context.fail(&format!("no such key: {key}")),
        }
    }

    fn has_key(&self, base: Value<'r>, key: &str) -> Value<'r> {
        match base {
            Value::Unknown(_) | Value::Error(_) => base,
            Value::Map(map) => Value::Bool(map.text(key).is_some()),
            Value::Optional(None) => Value::Bool(false),
            Value::Optional(Some(inner)) => self.has_key(*inner, key),
            Value::Record(record) => match record.ty.info().field(key) {
                Some((field, _)) => self.has_field(base, field),
                None => Value::Error("no such field"),
            },
            _ => Value::Error("no such field"),
        }
    }

    fn call(&self, function: &Function, args: &'r [Node], frame: Frame<'r>) -> Value<'r> {
        let mut values = ArenaVec::with_capacity_in(args.len(), self.arena());
        for arg in args {
            values.push(self.node(arg, frame));
        }
        self.apply(function, &values)
    }

    /// An ordinary function: any error is an error, else any unknown is unknown.
    pub(super) fn apply(&self, function: &Function, values: &[Value<'r>]) -> Value<'r> {
        let mut why = None;
        for value in values {
            match value {
                Value::Error(_) => return *value,
                Value::Unknown(unknown) => why = Unknown::either(why, Some(*unknown), self.arena()),
                Value::List(_) | Value::Map(_) | Value::Interval(_) | Value::Optional(_) if !function.partial => {
                    why = Unknown::either(why, value.unknown_inside(self.arena()), self.arena());
                }
                _ => {}
            }
        }
        match why {
            None => (function.run)(&self.context, values),
            // An error elsewhere would win, so it is looked for before the unknown is returned.
            Some(why) => values
                .iter()
                .find(|v| matches!(v, Value::Error(_)))
                .copied()
                .unwrap_or(Value::Unknown(why)),
        }
    }

    /// `&&` and `||`: the absorbing value wins, else unknown, else error.
    fn connective(&self, items: &'r [Node], frame: Frame<'r>, absorbing: bool) -> Value<'r> {
        let mut tally = Tally::default();
        for item in items {
            if tally.add(self.node(item, frame), None, absorbing, self) {
                return Value::Bool(absorbing);
            }
        }
        tally.value(absorbing)
    }

    fn conditional(&self, [test, then, otherwise]: &'r [Node; 3], frame: Frame<'r>) -> Value<'r> {
        match self.node(test, frame) {
            Value::Bool(true) => self.node(then, frame),
            Value::Bool(false) => self.node(otherwise, frame),
            trouble @ (Value::Unknown(_) | Value::Error(_)) => trouble,
            other => self.context.no_overload(&[other]),
        }
    }

    fn list(&self, items: &'r [(Node, bool)], frame: Frame<'r>) -> Value<'r> {
        let mut values = ArenaVec::with_capacity_in(items.len(), self.arena());
        for (item, optional) in items {
            match (self.node(item, frame), optional) {
                (error @ Value::Error(_), _) => return error,
                (Value::Optional(inner), true) => values.extend(inner.copied()),
                (value @ Value::Unknown(_), true) => return value,
                (value, false) => values.push(value),
                (other, true) => return self.context.no_overload(&[other]),
            }
        }
        Value::List(self.arena().alloc(List::whole(values.into_bump_slice())))
    }

    fn map(&self, entries: &'r [(Node, Node, bool)], frame: Frame<'r>) -> Value<'r> {
        let mut pairs: ArenaVec<'r, (Value<'r>, Value<'r>)> = ArenaVec::with_capacity_in(entries.len(), self.arena());
        for (key, value, optional) in entries {
            let key = match self.node(key, frame) {
                key @ (Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_)) => key,
                trouble @ (Value::Unknown(_) | Value::Error(_)) => return trouble,
                _ => return Value::Error("unsupported key type"),
            };
            let value = match (self.node(value, frame), optional) {
                (error @ Value::Error(_), _) | (error @ Value::Unknown(_), true) => return error,
                (Value::Optional(None), true) => continue,
                (Value::Optional(Some(inner)), true) => *inner,
                (other, true) => return self.context.no_overload(&[other]),
                (value, false) => value,
            };
            if pairs
                .iter()
                .any(|(seen, _)| equal(*seen, key, self.arena()) == Tri::True)
            {
                return Value::Error("Failed with repeated key");
            }
            pairs.push((key, value));
        }
        Value::Map(self.arena().alloc(Map {
            entries: pairs.into_bump_slice(),
        }))
    }

    fn fold(&self, fold: &'r FoldOp, frame: Frame<'r>) -> Value<'r> {
        if let Some(join) = &fold.join
            && let Some(found) = self.joined(join, frame)
        {
            return match found {
                Value::List(list) => self.over_list(fold, list, frame),
                trouble => trouble,
            };
        }
        match self.node(&fold.range, frame) {
            Value::List(list) => self.over_list(fold, list, frame),
            Value::Map(map) => self.over_map(fold, map, frame),
            Value::Optional(inner) => self.over_optional(fold, inner.copied(), frame),
            trouble @ (Value::Unknown(_) | Value::Error(_)) => trouble,
            other => self.context.no_overload(&[other]),
        }
    }

    /// The records that can matter, by index; `None` when they must all be gone over.
    pub(super) fn joined(&self, join: &'r Join, frame: Frame<'r>) -> Option<Value<'r>> {
        let key = self.node(&join.key, frame);
        if matches!(key, Value::Error(_)) {
            return None;
        }
        if let Value::Unknown(why) = key {
            // Any record may match: what is known about them does not help.
            let none = List {
                items: Items::Values(&[]),
                maybe: &[],
                open: Some(why),
            };
            return Some(Value::List(self.arena().alloc(none)));
        }
        let found = self.records.matching(join.ty, join.field, key, self.arena())?;
        let open = found.open;
        if found.maybe.is_empty() {
            let items = Items::Chosen {
                ty: join.ty,
                rows: found.rows,
            };
            return Some(Value::List(self.arena().alloc(List {
                items,
                maybe: &[],
                open,
            })));
        }
        // Rows whose own value is unknown stay in the list: the predicate itself will be unknown on them.
        let mut rows = ArenaVec::with_capacity_in(found.rows.len() + found.maybe.len(), self.arena());
        rows.extend_from_slice(found.rows);
        rows.extend_from_slice(found.maybe);
        rows.sort_unstable();
        let items = Items::Chosen {
            ty: join.ty,
            rows: rows.into_bump_slice(),
        };
        Some(Value::List(self.arena().alloc(List {
            items,
            maybe: &[],
            open,
        })))
    }

    fn over_list(&self, fold: &'r FoldOp, list: &'r List<'r>, frame: Frame<'r>) -> Value<'r> {
        let elements = (0..list.len()).filter_map(|at| {
            let value = list.get(at)?;
            let key = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
            Some(Element {
                key,
                value,
                single: value,
                maybe: list.maybe(at),
            })
        });
        self.elements(fold, elements, list.open, frame)
    }

    fn over_map(&self, fold: &'r FoldOp, map: &'r Map<'r>, frame: Frame<'r>) -> Value<'r> {
        let elements = map.entries.iter().map(|(key, value)| Element {
            key: *key,
            value: *value,
            single: *key,
            maybe: None,
        });
        self.elements(fold, elements, None, frame)
    }

    fn over_optional(&self, fold: &'r FoldOp, inner: Option<Value<'r>>, frame: Frame<'r>) -> Value<'r> {
        let Some(value) = inner else {
            return Value::Optional(None);
        };
        set(frame, fold.first, value);
        match (fold.fold, self.node(&fold.body, frame)) {
            (_, trouble @ (Value::Unknown(_) | Value::Error(_))) => trouble,
            (Fold::OptMap, value) => Value::Optional(Some(self.arena().alloc(value))),
            (Fold::OptFlatMap, value @ Value::Optional(_)) => value,
            (_, other) => self.context.no_overload(&[other]),
        }
    }

    fn elements(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        match fold.fold {
            Fold::All => self.quantify(fold, elements, open, frame, false),
            Fold::Exists => self.quantify(fold, elements, open, frame, true),
            Fold::ExistsOne => self.exists_one(fold, elements, open, frame),
            Fold::Filter => self.filter(fold, elements, open, frame),
            Fold::Map => self.transform(fold, elements, open, frame),
            Fold::TransformMap | Fold::TransformMapEntry => self.transform_map(fold, elements, open, frame),
            Fold::OptMap | Fold::OptFlatMap => Value::Error("no such overload"),
        }
    }

    pub(super) fn enter(&self, fold: &FoldOp, element: &Element<'r>, frame: Frame<'r>) -> Result<(), Value<'r>> {
        match fold.second {
            None => set(frame, fold.first, element.single),
            Some(second) => {
                set(frame, fold.first, element.key);
                set(frame, second, element.value);
            }
        }
        self.context.spend(1)
    }

    fn quantify(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
        absorbing: bool,
    ) -> Value<'r> {
        let mut tally = Tally { why: open, error: None };
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            if tally.add(self.node(&fold.body, frame), element.maybe, absorbing, self) {
                return Value::Bool(absorbing);
            }
        }
        tally.value(absorbing)
    }

    fn exists_one(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let (mut hits, mut why) = (0, open);
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            match (self.node(&fold.body, frame), element.maybe) {
                (Value::Bool(true), None) => hits += 1,
                (Value::Bool(true), Some(maybe)) => why = Unknown::either(why, Some(maybe), self.arena()),
                (Value::Bool(false), _) => {}
                (Value::Unknown(unknown), _) => why = Unknown::either(why, Some(unknown), self.arena()),
                (error @ Value::Error(_), None) => return error,
                (Value::Error(_), Some(maybe)) => why = Unknown::either(why, Some(maybe), self.arena()),
                (other, _) => return self.context.no_overload(&[other]),
            }
        }
        match why {
            _ if hits >= 2 => Value::Bool(false),
            Some(why) => Value::Unknown(why),
            None => Value::Bool(hits == 1),
        }
    }

    /// Elements that pass, those of which it cannot be told kept as *maybe*.
    fn filter(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let mut out = Collected::new(self.arena());
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            match self.node(&fold.body, frame) {
                Value::Bool(true) => out.push(element.single, element.maybe),
                Value::Bool(false) => {}
                Value::Unknown(why) => {
                    out.push(element.single, Unknown::either(Some(why), element.maybe, self.arena()));
                }
                Value::Error(_) if element.maybe.is_some() => out.push(element.single, element.maybe),
                error @ Value::Error(_) => return error,
                other => return self.context.no_overload(&[other]),
            }
        }
        out.list(open, self.arena())
    }

    fn transform(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let mut out = Collected::new(self.arena());
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            let maybe = match self.passes(fold, &element, frame) {
                Ok(Some(maybe)) => maybe,
                Ok(None) => continue,
                Err(error) => return error,
            };
            match self.node(&fold.body, frame) {
                error @ Value::Error(_) if maybe.is_none() => return error,
                Value::Error(_) => out.push(maybe.map_or(Value::Null, Value::Unknown), maybe),
                value => out.push(value, maybe),
            }
        }
        out.list(open, self.arena())
    }

    /// Whether an element passes the test: no, surely (`Some(None)`), or maybe and why.
    fn passes(
        &self,
        fold: &'r FoldOp,
        element: &Element<'r>,
        frame: Frame<'r>,
    ) -> Result<Option<Option<Unknown<'r>>>, Value<'r>> {
        let Some(test) = &fold.test else {
            return Ok(Some(element.maybe));
        };
        match self.node(test, frame) {
            Value::Bool(true) => Ok(Some(element.maybe)),
            Value::Bool(false) => Ok(None),
            Value::Unknown(why) => Ok(Some(Unknown::either(Some(why), element.maybe, self.arena()))),
            Value::Error(_) if element.maybe.is_some() => Ok(Some(element.maybe)),
            error @ Value::Error(_) => Err(error),
            other => Err(self.context.no_overload(&[other])),
        }
    }

    /// Maps are either whole or unknown.
    fn transform_map(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let mut pairs: ArenaVec<'r, (Value<'r>, Value<'r>)> = ArenaVec::new_in(self.arena());
        let mut why = open;
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            match self.passes(fold, &element, frame) {
                Ok(Some(maybe)) => why = Unknown::either(why, maybe, self.arena()),
                Ok(None) => continue,
                Err(error) => return error,
            }
            match (fold.fold, self.node(&fold.body, frame)) {
                (_, error @ Value::Error(_)) => return error,
                (Fold::TransformMap, value) => pairs.push((element.key, value)),
                (_, Value::Unknown(unknown)) => why = Unknown::either(why, Some(unknown), self.arena()),
                (_, Value::Map(map)) => {
                    for (key, value) in map.entries {
                        if pairs
                            .iter()
                            .any(|(seen, _)| equal(*seen, *key, self.arena()) == Tri::True)
                        {
                            return Value::Error("insert failed: key already exists");
                        }
                        pairs.push((*key, *value));
                    }
                }
                (_, other) => return self.context.no_overload(&[other]),
            }
        }
        match why {
            Some(why) => Value::Unknown(why),
            None => Value::Map(self.arena().alloc(Map {
                entries: pairs.into_bump_slice(),
            })),
        }
    }
}

/// One element that a comprehension goes over.
pub(super) struct Element<'r> {
    /// Index or key.
    pub(super) key: Value<'r>,
    /// The element or value.
    pub(super) value: Value<'r>,
    /// What a single name stands for: the element of a list, the key of a map.
    pub(super) single: Value<'r>,
    /// Why it may not belong.
    pub(super) maybe: Option<Unknown<'r>>,
}

/// What is known about a conjunction or disjunction so far.
#[derive(Default)]
struct Tally<'r> {
    why: Option<Unknown<'r>>,
    error: Option<Value<'r>>,
}

impl<'r> Tally<'r> {
    /// Adds one part; true when it decides the whole.
    fn add(
        &mut self,
        value: Value<'r>,
        maybe: Option<Unknown<'r>>,
        absorbing: bool,
        evaluator: &Evaluator<'r>,
    ) -> bool {
        let arena = evaluator.arena();
        match value {
            Value::Bool(found) if found == absorbing => match maybe {
                None => return true,
                Some(_) => self.why = Unknown::either(self.why, maybe, arena),
            },
            Value::Bool(_) => {}
            Value::Unknown(unknown) => self.why = Unknown::either(self.why, Some(unknown), arena),
            Value::Error(_) if maybe.is_some() => self.why = Unknown::either(self.why, maybe, arena),
            Value::Error(_) => self.error = self.error.or(Some(value)),
            other => self.error = self.error.or_else(|| Some(evaluator.context.no_overload(&[other]))),
        }
        false
    }

    fn value(self, absorbing: bool) -> Value<'r> {
        match (self.why, self.error) {
            (Some(why), _) => Value::Unknown(why),
            (None, Some(error)) => error,
            (None, None) => Value::Bool(!absorbing),
        }
    }
}

/// A list under construction, with what may not belong.
struct Collected<'r> {
    values: ArenaVec<'r, Value<'r>>,
    maybe: ArenaVec<'r, Option<Unknown<'r>>>,
}

impl<'r> Collected<'r> {
    fn new(arena: &'r Bump) -> Self {
        Self {
            values: ArenaVec::new_in(arena),
            maybe: ArenaVec::new_in(arena),
        }
    }

    fn push(&mut self, value: Value<'r>, maybe: Option<Unknown<'r>>) {
        self.values.push(value);
        self.maybe.push(maybe);
    }

    fn list(self, open: Option<Unknown<'r>>, arena: &'r Bump) -> Value<'r> {
        let settled = self.maybe.iter().all(Option::is_none);
        let maybe: &[_] = if settled { &[] } else { self.maybe.into_bump_slice() };
        Value::List(arena.alloc(List {
            items: Items::Values(self.values.into_bump_slice()),
            maybe,
            open,
        }))
    }
}

fn set<'r>(frame: Frame<'r>, slot: usize, value: Value<'r>) {
    if let Some(cell) = frame.get(slot) {
        cell.set(value);
    }
}

fn constant(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Uint(value) => Value::Uint(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::String(text) => Value::String(text),
        Literal::Bytes(bytes) => Value::Bytes(bytes),
    }
}
