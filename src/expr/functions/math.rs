//! The math extension: greatest and least, rounding, bits.

use std::cmp::Ordering;

use super::super::value::{Items, Value, compare_numbers};
use super::{Context, Row};

const NUMBERS: fn(Value<'_>) -> bool = |value| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));

pub(super) const ALL: &[Row] = &[
    ("math.greatest", &["math.greatest(dyn, ...) -> dyn"], |c, args| {
        extreme(c, args, Ordering::Greater)
    }),
    ("math.least", &["math.least(dyn, ...) -> dyn"], |c, args| {
        extreme(c, args, Ordering::Less)
    }),
    ("math.ceil", &["math.ceil(double) -> double"], |c, args| {
        rounded(c, args, f64::ceil)
    }),
    ("math.floor", &["math.floor(double) -> double"], |c, args| {
        rounded(c, args, f64::floor)
    }),
    ("math.round", &["math.round(double) -> double"], |c, args| {
        rounded(c, args, f64::round)
    }),
    ("math.trunc", &["math.trunc(double) -> double"], |c, args| {
        rounded(c, args, f64::trunc)
    }),
    (
        "math.sqrt",
        &[
            "math.sqrt(double) -> double",
            "math.sqrt(int) -> double",
            "math.sqrt(uint) -> double",
        ],
        sqrt,
    ),
    ("math.isNaN", &["math.isNaN(double) -> bool"], |c, args| {
        tested(c, args, f64::is_nan)
    }),
    ("math.isInf", &["math.isInf(double) -> bool"], |c, args| {
        tested(c, args, f64::is_infinite)
    }),
    ("math.isFinite", &["math.isFinite(double) -> bool"], |c, args| {
        tested(c, args, f64::is_finite)
    }),
    (
        "math.abs",
        &[
            "math.abs(int) -> int",
            "math.abs(uint) -> uint",
            "math.abs(double) -> double",
        ],
        abs,
    ),
    (
        "math.sign",
        &[
            "math.sign(int) -> int",
            "math.sign(uint) -> uint",
            "math.sign(double) -> double",
        ],
        sign,
    ),
    (
        "math.bitAnd",
        &["math.bitAnd(int, int) -> int", "math.bitAnd(uint, uint) -> uint"],
        |c, args| bits(c, args, |a, b| a & b, |a, b| a & b),
    ),
    (
        "math.bitOr",
        &["math.bitOr(int, int) -> int", "math.bitOr(uint, uint) -> uint"],
        |c, args| bits(c, args, |a, b| a | b, |a, b| a | b),
    ),
    (
        "math.bitXor",
        &["math.bitXor(int, int) -> int", "math.bitXor(uint, uint) -> uint"],
        |c, args| bits(c, args, |a, b| a ^ b, |a, b| a ^ b),
    ),
    (
        "math.bitNot",
        &["math.bitNot(int) -> int", "math.bitNot(uint) -> uint"],
        |c, args| match *args {
            [Value::Int(a)] => Value::Int(!a),
            [Value::Uint(a)] => Value::Uint(!a),
            _ => c.no_overload(args),
        },
    ),
    (
        "math.bitShiftLeft",
        &[
            "math.bitShiftLeft(int, int) -> int",
            "math.bitShiftLeft(uint, int) -> uint",
        ],
        |c, args| shifted(c, args, |a, by| a.checked_shl(by).unwrap_or(0)),
    ),
    (
        "math.bitShiftRight",
        &[
            "math.bitShiftRight(int, int) -> int",
            "math.bitShiftRight(uint, int) -> uint",
        ],
        |c, args| shifted(c, args, |a, by| a.checked_shr(by).unwrap_or(0)),
    ),
];

/// The greatest or least of the arguments, or of the one list given. The first wins among equals.
fn extreme<'r>(c: &Context<'r>, args: &[Value<'r>], wanted: Ordering) -> Value<'r> {
    let numbers = match args {
        [Value::List(list)] => match list.items {
            Items::Values(values) => values,
            _ => return c.no_overload(args),
        },
        _ => args,
    };
    let Some((first, rest)) = numbers.split_first().filter(|_| numbers.iter().copied().all(NUMBERS)) else {
        return c.no_overload(args);
    };
    let better = |best: Value<'r>, next: &Value<'r>| match compare_numbers(*next, best).flatten() {
        Some(order) if order == wanted => *next,
        _ => best,
    };
    rest.iter().fold(*first, better)
}

fn rounded<'r>(c: &Context<'r>, args: &[Value<'r>], run: fn(f64) -> f64) -> Value<'r> {
    match *args {
        [Value::Double(value)] => Value::Double(run(value)),
        _ => c.no_overload(args),
    }
}

fn tested<'r>(c: &Context<'r>, args: &[Value<'r>], run: fn(f64) -> bool) -> Value<'r> {
    match *args {
        [Value::Double(value)] => Value::Bool(run(value)),
        _ => c.no_overload(args),
    }
}

fn sqrt<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Double(value)] => Value::Double(value.sqrt()),
        [Value::Int(value)] => Value::Double((value as f64).sqrt()),
        [Value::Uint(value)] => Value::Double((value as f64).sqrt()),
        _ => c.no_overload(args),
    }
}

fn abs<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(value)] => value.checked_abs().map_or(Value::Error("integer overflow"), Value::Int),
        [Value::Uint(value)] => Value::Uint(value),
        [Value::Double(value)] => Value::Double(value.abs()),
        _ => c.no_overload(args),
    }
}

fn sign<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(value)] => Value::Int(value.signum()),
        [Value::Uint(value)] => Value::Uint(value.min(1)),
        [Value::Double(value)] if value == 0.0 || value.is_nan() => Value::Double(value),
        [Value::Double(value)] => Value::Double(value.signum()),
        _ => c.no_overload(args),
    }
}

fn bits<'r>(
    c: &Context<'r>,
    args: &[Value<'r>],
    signed: fn(i64, i64) -> i64,
    unsigned: fn(u64, u64) -> u64,
) -> Value<'r> {
    match *args {
        [Value::Int(a), Value::Int(b)] => Value::Int(signed(a, b)),
        [Value::Uint(a), Value::Uint(b)] => Value::Uint(unsigned(a, b)),
        _ => c.no_overload(args),
    }
}

/// Shifts the bits; zeroes come in on both sides, and a shift by 64 or more leaves none.
fn shifted<'r>(c: &Context<'r>, args: &[Value<'r>], run: fn(u64, u32) -> u64) -> Value<'r> {
    let &[value, Value::Int(by)] = args else {
        return c.no_overload(args);
    };
    if by < 0 {
        return Value::Error("negative offset");
    }
    let by = u32::try_from(by).unwrap_or(u32::MAX);
    match value {
        Value::Int(value) => Value::Int(run(value.cast_unsigned(), by).cast_signed()),
        Value::Uint(value) => Value::Uint(run(value, by)),
        _ => c.no_overload(args),
    }
}
