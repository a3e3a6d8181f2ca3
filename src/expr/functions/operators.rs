//! Arithmetic, comparison and equality.

use std::cmp::Ordering;

use super::super::time::{Duration, Timestamp};
use super::super::unknown::Unknown;
use super::super::value::{Interval, Items, List, Value, compare, compare_numbers, equal};
use super::{Context, MAX_SIZE, Row};

/// Spells the overloads of one ordering operator: like with like, and numbers across types.
macro_rules! ordering {
    ($name:literal) => {
        &[
            concat!($name, "(bool, bool) -> bool"),
            concat!($name, "(int, int) -> bool"),
            concat!($name, "(int, double) -> bool"),
            concat!($name, "(int, uint) -> bool"),
            concat!($name, "(uint, uint) -> bool"),
            concat!($name, "(uint, double) -> bool"),
            concat!($name, "(uint, int) -> bool"),
            concat!($name, "(double, double) -> bool"),
            concat!($name, "(double, int) -> bool"),
            concat!($name, "(double, uint) -> bool"),
            concat!($name, "(string, string) -> bool"),
            concat!($name, "(bytes, bytes) -> bool"),
            concat!($name, "(timestamp, timestamp) -> bool"),
            concat!($name, "(duration, duration) -> bool"),
        ]
    };
}

pub(super) const STRICT: &[Row] = &[
    ("!_", &["!_(bool) -> bool"], not),
    ("-_", &["-_(int) -> int", "-_(double) -> double"], negate),
    (
        "_-_",
        &[
            "_-_(int, int) -> int",
            "_-_(uint, uint) -> uint",
            "_-_(double, double) -> double",
            "_-_(timestamp, timestamp) -> duration",
            "_-_(timestamp, duration) -> timestamp",
            "_-_(duration, duration) -> duration",
        ],
        subtract,
    ),
    (
        "_*_",
        &[
            "_*_(int, int) -> int",
            "_*_(uint, uint) -> uint",
            "_*_(double, double) -> double",
        ],
        multiply,
    ),
    (
        "_/_",
        &[
            "_/_(int, int) -> int",
            "_/_(uint, uint) -> uint",
            "_/_(double, double) -> double",
        ],
        divide,
    ),
    ("_%_", &["_%_(int, int) -> int", "_%_(uint, uint) -> uint"], modulo),
];

/// These decide what they can about lists that were not read to their end, and about sizes of such lists.
pub(super) const PARTIAL: &[Row] = &[
    (
        "_+_",
        &[
            "_+_(int, int) -> int",
            "_+_(uint, uint) -> uint",
            "_+_(double, double) -> double",
            "_+_(string, string) -> string",
            "_+_(bytes, bytes) -> bytes",
            "_+_(list(A), list(A)) -> list(A)",
            "_+_(timestamp, duration) -> timestamp",
            "_+_(duration, timestamp) -> timestamp",
            "_+_(duration, duration) -> duration",
        ],
        add,
    ),
    ("_==_", &["_==_(A, A) -> bool"], |c, args| {
        two(c, args, |a, b| match c.spend_comparison(a, b) {
            Ok(()) => equal(a, b, c.arena).value(),
            Err(error) => error,
        })
    }),
    ("_!=_", &["_!=_(A, A) -> bool"], |c, args| {
        two(c, args, |a, b| match c.spend_comparison(a, b) {
            Ok(()) => equal(a, b, c.arena).negate().value(),
            Err(error) => error,
        })
    }),
    ("_<_", ordering!("_<_"), |c, args| {
        ordered(c, args, |o| o == Ordering::Less)
    }),
    ("_<=_", ordering!("_<=_"), |c, args| {
        ordered(c, args, |o| o != Ordering::Greater)
    }),
    ("_>_", ordering!("_>_"), |c, args| {
        ordered(c, args, |o| o == Ordering::Greater)
    }),
    ("_>=_", ordering!("_>=_"), |c, args| {
        ordered(c, args, |o| o != Ordering::Less)
    }),
];

const OVERFLOW: Value<'static> = Value::Error("integer overflow");
const RANGE: Value<'static> = Value::Error("timestamp or duration out of range");
const DIVIDE: Value<'static> = Value::Error("divide by zero");
const MODULUS: Value<'static> = Value::Error("modulus by zero");

fn two<'r>(c: &Context<'r>, args: &[Value<'r>], run: impl FnOnce(Value<'r>, Value<'r>) -> Value<'r>) -> Value<'r> {
    match args {
        [a, b] => run(*a, *b),
        _ => c.no_overload(args),
    }
}

fn ordered<'r>(c: &Context<'r>, args: &[Value<'r>], holds: fn(Ordering) -> bool) -> Value<'r> {
    two(c, args, |a, b| {
        if matches!(a, Value::Interval(_)) || matches!(b, Value::Interval(_)) {
            return interval_ordered(c, a, b, holds);
        }
        match compare(a, b) {
            Some(Some(order)) => Value::Bool(holds(order)),
            Some(None) => Value::Bool(false),
            None => c.no_overload(args),
        }
    })
}

/// Decided only when every size that is possible gives the same answer, which the ends of the intervals tell.
fn interval_ordered<'r>(c: &Context<'r>, a: Value<'r>, b: Value<'r>, holds: fn(Ordering) -> bool) -> Value<'r> {
    let (Some(x), Some(y)) = (ends(a), ends(b)) else {
        return c.no_overload(&[a, b]);
    };
    let (mut some_hold, mut some_fail) = (false, false);
    for x in x {
        for y in y {
            match compare_numbers(x, y).flatten().map(holds) {
                Some(true) => some_hold = true,
                Some(false) => some_fail = true,
                None => {}
            }
        }
    }
    match (some_hold, some_fail, why(a, b, c)) {
        (true, false, _) => Value::Bool(true),
        (false, true, _) => Value::Bool(false),
        (_, _, Some(why)) => Value::Unknown(why),
        (_, _, None) => c.no_overload(&[a, b]),
    }
}

/// Least and greatest number a value can be; no bound is the greatest double.
fn ends(value: Value<'_>) -> Option<[Value<'_>; 2]> {
    match value {
        Value::Interval(interval) => Some([
            Value::Int(interval.low),
            interval.high.map_or(Value::Double(f64::INFINITY), Value::Int),
        ]),
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => Some([value, value]),
        _ => None,
    }
}

fn why<'r>(a: Value<'r>, b: Value<'r>, c: &Context<'r>) -> Option<Unknown<'r>> {
    Unknown::either(a.unknown_inside(c.arena), b.unknown_inside(c.arena), c.arena)
}

fn not<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match args {
        [Value::Bool(value)] => Value::Bool(!value),
        _ => c.no_overload(args),
    }
}

fn negate<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match args {
        [Value::Int(value)] => value.checked_neg().map_or(OVERFLOW, Value::Int),
        [Value::Double(value)] => Value::Double(-value),
        _ => c.no_overload(args),
    }
}

fn moment<'r>(result: Option<Timestamp>) -> Value<'r> {
    result.map_or(RANGE, Value::Timestamp)
}

fn length<'r>(result: Option<Duration>) -> Value<'r> {
    result.map_or(RANGE, Value::Duration)
}

fn add<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(a), Value::Int(b)] => a.checked_add(b).map_or(OVERFLOW, Value::Int),
        [Value::Uint(a), Value::Uint(b)] => a.checked_add(b).map_or(OVERFLOW, Value::Uint),
        [Value::Double(a), Value::Double(b)] => Value::Double(a + b),
        [Value::String(a), Value::String(b)] => c.text(&[a, b].concat()),
        [Value::Bytes(a), Value::Bytes(b)] if a.len() + b.len() <= MAX_SIZE => {
            Value::Bytes(c.arena.alloc_slice_copy(&[a, b].concat()))
        }
        [Value::List(a), Value::List(b)] => concatenate(c, a, b),
        [Value::Timestamp(a), Value::Duration(b)] | [Value::Duration(b), Value::Timestamp(a)] => moment(a.plus(b)),
        [Value::Duration(a), Value::Duration(b)] => length(Duration::from_nanos(a.nanos() + b.nanos())),
        [Value::Interval(i), Value::Int(n)] | [Value::Int(n), Value::Interval(i)] => shifted(c, i, n),
        [a, b] => why(a, b, c).map_or_else(|| c.no_overload(args), Value::Unknown),
        _ => c.no_overload(args),
    }
}

fn shifted<'r>(c: &Context<'r>, interval: &Interval<'r>, by: i64) -> Value<'r> {
    let low = interval.low.checked_add(by);
    let high = interval.high.map_or(Some(None), |high| high.checked_add(by).map(Some));
    match (low, high) {
        (Some(low), Some(high)) => Value::Interval(c.arena.alloc(Interval {
            low,
            high,
            why: interval.why,
        })),
        _ => Value::Unknown(interval.why),
    }
}

fn concatenate<'r>(c: &Context<'r>, a: &'r List<'r>, b: &'r List<'r>) -> Value<'r> {
    if a.len() + b.len() > MAX_SIZE / 8 {
        return Value::Error("the list grows too large");
    }
    if let Err(error) = c.spend(a.len() + b.len()) {
        return error;
    }
    let values: Vec<Value<'r>> = a.iter().chain(b.iter()).collect();
    let maybe: Vec<_> = (0..a.len())
        .map(|at| a.maybe(at))
        .chain((0..b.len()).map(|at| b.maybe(at)))
        .collect();
    let settled = maybe.iter().all(Option::is_none);
    Value::List(c.arena.alloc(List {
        items: Items::Values(c.arena.alloc_slice_copy(&values)),
        maybe: if settled { &[] } else { c.arena.alloc_slice_copy(&maybe) },
        open: Unknown::either(a.open, b.open, c.arena),
    }))
}

fn subtract<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(a), Value::Int(b)] => a.checked_sub(b).map_or(OVERFLOW, Value::Int),
        [Value::Uint(a), Value::Uint(b)] => a.checked_sub(b).map_or(OVERFLOW, Value::Uint),
        [Value::Double(a), Value::Double(b)] => Value::Double(a - b),
        [Value::Timestamp(a), Value::Timestamp(b)] => length(a.since(b)),
        [Value::Timestamp(a), Value::Duration(b)] => moment(Timestamp::from_nanos(a.nanos() - b.nanos())),
        [Value::Duration(a), Value::Duration(b)] => length(Duration::from_nanos(a.nanos() - b.nanos())),
        _ => c.no_overload(args),
    }
}

fn multiply<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(a), Value::Int(b)] => a.checked_mul(b).map_or(OVERFLOW, Value::Int),
        [Value::Uint(a), Value::Uint(b)] => a.checked_mul(b).map_or(OVERFLOW, Value::Uint),
        [Value::Double(a), Value::Double(b)] => Value::Double(a * b),
        _ => c.no_overload(args),
    }
}

fn divide<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => DIVIDE,
        [Value::Int(a), Value::Int(b)] => a.checked_div(b).map_or(OVERFLOW, Value::Int),
        [Value::Uint(a), Value::Uint(b)] => Value::Uint(a / b),
        [Value::Double(a), Value::Double(b)] => Value::Double(a / b),
        _ => c.no_overload(args),
    }
}

fn modulo<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => MODULUS,
        [Value::Int(a), Value::Int(b)] => a.checked_rem(b).map_or(OVERFLOW, Value::Int),
        [Value::Uint(a), Value::Uint(b)] => Value::Uint(a % b),
        _ => c.no_overload(args),
    }
}
