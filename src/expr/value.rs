//! Values of expressions.
//!
//! A [`Value`] is small and `Copy`: what does not fit lies in the snapshot's tables or in an arena that is emptied
//! after every judged row. Unknown and error are values too, so that operators can treat them by the one rule.

use std::cmp::Ordering;

use bumpalo::Bump;

use super::time::{Duration, Timestamp};
use super::types::Type;
use super::unknown::Unknown;
use crate::catalog::RecordType;

/// What an expression yields.
#[derive(Clone, Copy, Debug)]
pub enum Value<'r> {
    /// `null`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `double`
    Double(f64),
    /// `string`
    String(&'r str),
    /// `bytes`
    Bytes(&'r [u8]),
    /// `timestamp`
    Timestamp(Timestamp),
    /// `duration`
    Duration(Duration),
    /// `list`, possibly not read to its end
    List(&'r List<'r>),
    /// `map`
    Map(&'r Map<'r>),
    /// `optional`
    Optional(Option<&'r Value<'r>>),
    /// A type as a value.
    Type(&'r Type),
    /// A record of the snapshot.
    Record(RecordRef),
    /// The size of a list that was not read to its end: at least `low`, at most `high` if there is a bound.
    Interval(&'r Interval<'r>),
    /// Not known.
    Unknown(Unknown<'r>),
    /// The expression failed; the text says how.
    Error(&'r str),
}

/// A row of a table of the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Its type.
    pub ty: RecordType,
    /// Its row.
    pub row: u32,
}

/// A whole number that lies between two bounds.
#[derive(Clone, Copy, Debug)]
pub struct Interval<'r> {
    /// The least it can be.
    pub low: i64,
    /// The most it can be; `None` when there is no bound.
    pub high: Option<i64>,
    /// Why it is not exact.
    pub why: Unknown<'r>,
}

/// A list of values.
#[derive(Clone, Copy, Debug)]
pub struct List<'r> {
    /// What is known to be in it.
    pub items: Items<'r>,
    /// For each item whether it may not belong, and why; empty when all surely do.
    pub maybe: &'r [Option<Unknown<'r>>],
    /// Why there may be more items than these.
    pub open: Option<Unknown<'r>>,
}

/// How the items of a list are held.
#[derive(Clone, Copy, Debug)]
pub enum Items<'r> {
    /// Side by side.
    Values(&'r [Value<'r>]),
    /// Consecutive rows of a table.
    Rows {
        /// Their type.
        ty: RecordType,
        /// The first row.
        start: u32,
        /// How many.
        len: u32,
    },
    /// Chosen rows of a table.
    Chosen {
        /// Their type.
        ty: RecordType,
        /// The rows.
        rows: &'r [u32],
    },
}

/// A map with keys of type bool, int, uint or string.
#[derive(Clone, Copy, Debug)]
pub struct Map<'r> {
    /// In the order written; keys are unique.
    pub entries: &'r [(Value<'r>, Value<'r>)],
}

impl<'r> List<'r> {
    /// A whole list.
    pub fn whole(values: &'r [Value<'r>]) -> Self {
        Self {
            items: Items::Values(values),
            maybe: &[],
            open: None,
        }
    }

    /// How many items are known.
    pub fn len(&self) -> usize {
        match self.items {
            Items::Values(values) => values.len(),
            Items::Rows { len, .. } => len as usize,
            Items::Chosen { rows, .. } => rows.len(),
        }
    }

    /// Whether no item is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at a position.
    pub fn get(&self, at: usize) -> Option<Value<'r>> {
        match self.items {
            Items::Values(values) => values.get(at).copied(),
            Items::Rows { ty, start, len } => {
                let row = u32::try_from(at).ok().filter(|at| *at < len)?;
                Some(Value::Record(RecordRef { ty, row: start + row }))
            }
            Items::Chosen { ty, rows } => rows.get(at).map(|row| Value::Record(RecordRef { ty, row: *row })),
        }
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'r>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// Why the item at a position may not belong.
    pub fn maybe(&self, at: usize) -> Option<Unknown<'r>> {
        self.maybe.get(at).copied().flatten()
    }

    /// Why the list's membership is not settled, if it is not.
    pub fn unsettled(&self, arena: &'r Bump) -> Option<Unknown<'r>> {
        self.maybe
            .iter()
            .fold(self.open, |why, maybe| Unknown::either(why, *maybe, arena))
    }
}

impl<'r> Map<'r> {
    /// The value under a key; numbers match across types.
    pub fn get(&self, key: Value<'r>, arena: &'r Bump) -> Option<Value<'r>> {
        let found = self
            .entries
            .iter()
            .find(|(found, _)| matches!(equal(*found, key, arena), Tri::True))?;
        Some(found.1)
    }

    /// The value under a text.
    pub fn text(&self, key: &str) -> Option<Value<'r>> {
        self.entries
            .iter()
            .find(|(found, _)| matches!(found, Value::String(text) if *text == key))
            .map(|(_, value)| *value)
    }
}

/// True, false or unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tri<'r> {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be told.
    Unknown(Unknown<'r>),
}

impl<'r> Tri<'r> {
    /// The same as a value.
    pub fn value(self) -> Value<'r> {
        match self {
            Self::True => Value::Bool(true),
            Self::False => Value::Bool(false),
            Self::Unknown(why) => Value::Unknown(why),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown => unknown,
        }
    }
}

impl From<bool> for Tri<'_> {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl<'r> Value<'r> {
    /// A list in the arena.
    pub fn list(values: &[Value<'r>], arena: &'r Bump) -> Self {
        Self::List(arena.alloc(List::whole(arena.alloc_slice_copy(values))))
    }

    /// A text copied to the arena.
    pub fn text(text: &str, arena: &'r Bump) -> Self {
        Self::String(arena.alloc_str(text))
    }

    /// A failure.
    pub fn error(text: &str, arena: &'r Bump) -> Self {
        Self::Error(arena.alloc_str(text))
    }

    /// Why any part of this value is not known; `None` when all of it is.
    pub fn unknown_inside(self, arena: &'r Bump) -> Option<Unknown<'r>> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Interval(interval) => Some(interval.why),
            Self::List(list) => {
                let unsettled = list.unsettled(arena);
                let Items::Values(values) = list.items else {
                    return unsettled;
                };
                values.iter().fold(unsettled, |why, item| {
                    Unknown::either(why, item.unknown_inside(arena), arena)
                })
            }
            Self::Map(map) => map.entries.iter().fold(None, |why, (_, value)| {
                Unknown::either(why, value.unknown_inside(arena), arena)
            }),
            Self::Optional(Some(inner)) => inner.unknown_inside(arena),
            _ => None,
        }
    }

    /// Whether this is the zero value of its type (`optional.ofNonZeroValue`).
    pub fn is_zero(self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Int(value) => value == 0,
            Self::Uint(value) => value == 0,
            Self::Double(value) => value == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.entries.is_empty(),
            Self::Duration(duration) => duration == Duration::default(),
            Self::Timestamp(at) => at == Timestamp::default(),
            Self::Optional(inner) => inner.is_none(),
            _ => false,
        }
    }
}

/// How many values a value is made of, counted up to a limit: a list that holds the same list twice holds it twice.
pub(crate) fn weight(value: Value<'_>, limit: usize) -> usize {
    let add = |sum: usize, part: Value<'_>| {
        if sum >= limit {
            sum
        } else {
            sum + weight(part, limit - sum)
        }
    };
    match value {
        Value::List(list) => match list.items {
            Items::Values(values) => {
                let mut sum = 1;
                for part in values {
                    sum = add(sum, *part);
                    if sum >= limit {
                        break;
                    }
                }
                sum
            }
            Items::Rows { .. } | Items::Chosen { .. } => 1 + list.len(),
        },
        Value::Map(map) => {
            let mut sum = 1;
            for (_, part) in map.entries {
                sum = add(sum, *part);
                if sum >= limit {
                    break;
                }
            }
            sum
        }
        Value::Optional(Some(inner)) => weight(*inner, limit),
        Value::String(text) => 1 + text.len() / 16,
        _ => 1,
    }
}

/// CEL's equality: numbers across types, lists and maps by their parts, different types are different.
pub(crate) fn equal<'r>(a: Value<'r>, b: Value<'r>, arena: &'r Bump) -> Tri<'r> {
    match (a, b) {
        (Value::Unknown(x), Value::Unknown(y)) => Tri::Unknown(x.join(y, arena)),
        (Value::Unknown(why), _) | (_, Value::Unknown(why)) => Tri::Unknown(why),
        (Value::Interval(interval), other) | (other, Value::Interval(interval)) => {
            interval_equals(interval, other, arena)
        }
        (Value::Null, Value::Null) => Tri::True,
        (Value::Bool(x), Value::Bool(y)) => (x == y).into(),
        (Value::String(x), Value::String(y)) => (x == y).into(),
        (Value::Bytes(x), Value::Bytes(y)) => (x == y).into(),
        (Value::Timestamp(x), Value::Timestamp(y)) => (x == y).into(),
        (Value::Duration(x), Value::Duration(y)) => (x == y).into(),
        (Value::Type(x), Value::Type(y)) => (type_name(x) == type_name(y)).into(),
        (Value::Record(x), Value::Record(y)) => (x == y).into(),
        (Value::List(x), Value::List(y)) => lists_equal(x, y, arena),
        (Value::Map(x), Value::Map(y)) => maps_equal(x, y, arena),
        (Value::Optional(None), Value::Optional(None)) => Tri::True,
        (Value::Optional(Some(x)), Value::Optional(Some(y))) => equal(*x, *y, arena),
        _ => matches!(compare_numbers(a, b), Some(Some(Ordering::Equal))).into(),
    }
}

fn interval_equals<'r>(interval: &Interval<'r>, other: Value<'r>, arena: &'r Bump) -> Tri<'r> {
    let (low, high, why) = match other {
        Value::Interval(other) => (
            Value::Int(other.low),
            other.high.map(Value::Int),
            interval.why.join(other.why, arena),
        ),
        Value::Double(number) if number.fract() != 0.0 => return Tri::False,
        number => (number, Some(number), interval.why),
    };
    let is = |a: Value<'_>, order: Ordering, b: i64| compare_numbers(a, Value::Int(b)) == Some(Some(order));
    let below = high.is_some_and(|high| is(high, Ordering::Less, interval.low));
    let above = interval.high.is_some_and(|most| is(low, Ordering::Greater, most));
    if below || above || compare_numbers(low, Value::Int(0)).is_none() {
        Tri::False
    } else {
        Tri::Unknown(why)
    }
}

fn lists_equal<'r>(x: &List<'r>, y: &List<'r>, arena: &'r Bump) -> Tri<'r> {
    if let Some(why) = Unknown::either(x.unsettled(arena), y.unsettled(arena), arena) {
        return Tri::Unknown(why);
    }
    if x.len() != y.len() {
        return Tri::False;
    }
    all(x.iter().zip(y.iter()).map(|(x, y)| equal(x, y, arena)), arena)
}

fn maps_equal<'r>(x: &Map<'r>, y: &Map<'r>, arena: &'r Bump) -> Tri<'r> {
    if x.entries.len() != y.entries.len() {
        return Tri::False;
    }
    let each = x.entries.iter().map(|(key, value)| match y.get(*key, arena) {
        Some(other) => equal(*value, other, arena),
        None => Tri::False,
    });
    all(each, arena)
}

/// False if any is false, else unknown if any is unknown.
fn all<'r>(parts: impl Iterator<Item = Tri<'r>>, arena: &'r Bump) -> Tri<'r> {
    let mut why = None;
    for part in parts {
        match part {
            Tri::True => {}
            Tri::False => return Tri::False,
            Tri::Unknown(u) => why = Unknown::either(why, Some(u), arena),
        }
    }
    why.map_or(Tri::True, Tri::Unknown)
}

/// True if any is true, else unknown if any is unknown.
pub(crate) fn any<'r>(parts: impl Iterator<Item = Tri<'r>>, arena: &'r Bump) -> Tri<'r> {
    all(parts.map(Tri::negate), arena).negate()
}

/// Order of two numbers of any type; `Some(None)` when one is not a number, `None` when one is no number type.
pub(crate) fn compare_numbers(a: Value<'_>, b: Value<'_>) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Value::Int(x), Value::Int(y)) => Some(x.cmp(&y)),
        (Value::Uint(x), Value::Uint(y)) => Some(x.cmp(&y)),
        (Value::Double(x), Value::Double(y)) => x.partial_cmp(&y),
        (Value::Int(x), Value::Uint(y)) => Some(i128::from(x).cmp(&i128::from(y))),
        (Value::Uint(x), Value::Int(y)) => Some(i128::from(x).cmp(&i128::from(y))),
        (Value::Int(x), Value::Double(y)) => compare_int_double(i128::from(x), y),
        (Value::Uint(x), Value::Double(y)) => compare_int_double(i128::from(x), y),
        (Value::Double(x), Value::Int(y)) => compare_int_double(i128::from(y), x).map(Ordering::reverse),
        (Value::Double(x), Value::Uint(y)) => compare_int_double(i128::from(y), x).map(Ordering::reverse),
        _ => return None,
    })
}

/// As doubles, as the conformance tests have it: beyond 2^53 several whole numbers share one double.
fn compare_int_double(x: i128, y: f64) -> Option<Ordering> {
    (x as f64).partial_cmp(&y)
}

/// Order of two values of an ordered type; `Some(None)` when they cannot be ordered (NaN), `None` for other types.
pub(crate) fn compare(a: Value<'_>, b: Value<'_>) -> Option<Option<Ordering>> {
    Some(Some(match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => x.cmp(&y),
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bytes(x), Value::Bytes(y)) => x.cmp(y),
        (Value::Timestamp(x), Value::Timestamp(y)) => x.cmp(&y),
        (Value::Duration(x), Value::Duration(y)) => x.cmp(&y),
        _ => return compare_numbers(a, b),
    }))
}

/// The run-time name of a type: parameters do not count.
pub(crate) fn type_name(ty: &Type) -> &str {
    match ty {
        Type::Null => "null_type",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Uint => "uint",
        Type::Double => "double",
        Type::String | Type::Enum(_) => "string",
        Type::Bytes => "bytes",
        Type::Timestamp => "google.protobuf.Timestamp",
        Type::Duration => "google.protobuf.Duration",
        Type::List(_) => "list",
        Type::Map(..) => "map",
        Type::Optional(_) => "optional_type",
        Type::TypeOf(_) => "type",
        Type::Nullable(inner) => type_name(inner),
        Type::Record(record) => record.name(),
        Type::Abstract(name, _) | Type::Param(name) => name,
        Type::Dyn | Type::Var(_) => "dyn",
    }
}
