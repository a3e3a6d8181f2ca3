//! The evaluator: runs a [`Plan`] on one row.
//!
//! Unknown and error follow one rule, operator by operator: the answer is what CEL would give for every way in which
//! the missing data could turn out, else unknown.

use std::cell::Cell;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::ast::Literal;
use super::functions::{Context, Function};
use super::plan::{Node, Op, Plan};
use super::records::Records;
use super::unknown::Unknown;
use super::value::{List, Map, RecordRef, Tri, Value, equal};

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

    /// Runs a part of a plan.
    pub fn part(&self, plan: &'r Plan, part: &'r Node, variables: &[Value<'r>]) -> Value<'r> {
        let frame = self.frame(plan, variables);
        self.node(part, frame)
    }

    pub(super) fn frame(&self, plan: &'r Plan, variables: &[Value<'r>]) -> Frame<'r> {
        let value = |at: usize| Cell::new(variables.get(at).copied().unwrap_or(Value::Null));
        self.arena().alloc_slice_fill_with(plan.slots, value)
    }

    pub(super) fn arena(&self) -> &'r Bump {
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
        let variables = [Value::Record(record), Value::Timestamp(self.records.now())];
        let value = self.plan(plan, &variables);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn optional_field(&self, record: RecordRef, field: u16) -> Value<'r> {
        match self.has_field(Value::Record(record), field) {
            Value::Bool(true) => Value::Optional(Some(self.arena().alloc(self.record_field(record, field)))),
            Value::Bool(false) => Value::Optional(None),
            trouble => trouble,
        }
    }

    /// Whether a field is there and not null.
    fn has_field(&self, base: Value<'r>, field: u16) -> Value<'r> {
        let record = match base {
            Value::Record(record) => record,
            Value::Unknown(_) | Value::Error(_) => return base,
            _ => return Value::Error("no such field"),
        };
        match self.records.present(record, field) {
            Some(Ok(present)) => Value::Bool(present),
            Some(Err(why)) => Value::Unknown(why),
            None => match self.record_field(record, field) {
                trouble @ (Value::Unknown(_) | Value::Error(_)) => trouble,
                value => Value::Bool(!matches!(value, Value::Null)),
            },
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
        match args {
            [one] => self.apply(function, &[self.node(one, frame)]),
            [one, two] => self.apply(function, &[self.node(one, frame), self.node(two, frame)]),
            _ => {
                let values = ArenaVec::from_iter_in(args.iter().map(|arg| self.node(arg, frame)), self.arena());
                self.apply(function, &values)
            }
        }
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
        why.map_or_else(|| (function.run)(&self.context, values), Value::Unknown)
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
                Value::Interval(size) => return Value::Unknown(size.why),
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
}

/// What is known about a conjunction or disjunction so far.
#[derive(Default)]
pub(super) struct Tally<'r> {
    pub(super) why: Option<Unknown<'r>>,
    pub(super) error: Option<Value<'r>>,
}

impl<'r> Tally<'r> {
    /// Adds one part; true when it decides the whole.
    pub(super) fn add(
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

    pub(super) fn value(self, absorbing: bool) -> Value<'r> {
        match (self.why, self.error) {
            (Some(why), _) => Value::Unknown(why),
            (None, Some(error)) => error,
            (None, None) => Value::Bool(!absorbing),
        }
    }
}

pub(super) fn set<'r>(frame: Frame<'r>, slot: usize, value: Value<'r>) {
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
        Literal::Duration(duration) => Value::Duration(*duration),
    }
}
