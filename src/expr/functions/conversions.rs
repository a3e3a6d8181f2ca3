//! Conversions between types, and `type`.

use super::super::time::{Duration, Timestamp};
use super::super::types::Type;
use super::super::value::{Value, type_name};
use super::{Context, Row};

pub(super) const ALL: &[Row] = &[
    (
        "int",
        &[
            "int(int) -> int",
            "int(uint) -> int",
            "int(double) -> int",
            "int(string) -> int",
            "int(timestamp) -> int",
            "int(duration) -> int",
        ],
        int,
    ),
    (
        "uint",
        &[
            "uint(uint) -> uint",
            "uint(int) -> uint",
            "uint(double) -> uint",
            "uint(string) -> uint",
        ],
        uint,
    ),
    (
        "double",
        &[
            "double(double) -> double",
            "double(int) -> double",
            "double(uint) -> double",
            "double(string) -> double",
        ],
        double,
    ),
    (
        "string",
        &[
            "string(string) -> string",
            "string(bool) -> string",
            "string(int) -> string",
            "string(uint) -> string",
            "string(double) -> string",
            "string(bytes) -> string",
            "string(timestamp) -> string",
            "string(duration) -> string",
        ],
        string,
    ),
    ("bytes", &["bytes(bytes) -> bytes", "bytes(string) -> bytes"], bytes),
    ("bool", &["bool(bool) -> bool", "bool(string) -> bool"], boolean),
    (
        "timestamp",
        &[
            "timestamp(timestamp) -> timestamp",
            "timestamp(string) -> timestamp",
            "timestamp(int) -> timestamp",
        ],
        timestamp,
    ),
    (
        "duration",
        &["duration(duration) -> duration", "duration(string) -> duration"],
        duration,
    ),
    ("dyn", &["dyn(A) -> dyn"], |c, args| {
        args.first().copied().unwrap_or_else(|| c.no_overload(args))
    }),
    ("type", &["type(A) -> type(A)"], type_of),
];

const RANGE: Value<'static> = Value::Error("range error: the number does not fit");

fn int<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Int(value)] => Value::Int(value),
        [Value::Uint(value)] => i64::try_from(value).map_or(RANGE, Value::Int),
        // 2^63 itself is a double and too large; its negative is excluded alike by the reference implementation.
        [Value::Double(value)] if value > -9_223_372_036_854_775_808.0 && value < 9_223_372_036_854_775_808.0 => {
            Value::Int(value as i64)
        }
        [Value::Double(_)] => RANGE,
        [Value::String(text)] => text.parse().map_or_else(|_| c.fail("not a whole number"), Value::Int),
        [Value::Timestamp(at)] => Value::Int(at.seconds()),
        [Value::Duration(length)] => Value::Int(i64::try_from(length.nanos() / 1_000_000_000).unwrap_or_default()),
        _ => c.no_overload(args),
    }
}

fn uint<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Uint(value)] => Value::Uint(value),
        [Value::Int(value)] => u64::try_from(value).map_or(RANGE, Value::Uint),
        [Value::Double(value)] if value > -1.0 && value < 18_446_744_073_709_551_616.0 => Value::Uint(value as u64),
        [Value::Double(_)] => RANGE,
        [Value::String(text)] => text
            .parse()
            .map_or_else(|_| c.fail("not a whole number of 0 or more"), Value::Uint),
        _ => c.no_overload(args),
    }
}

fn double<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Double(value)] => Value::Double(value),
        [Value::Int(value)] => Value::Double(value as f64),
        [Value::Uint(value)] => Value::Double(value as f64),
        [Value::String(text)] => text.parse().map_or_else(|_| c.fail("not a number"), Value::Double),
        _ => c.no_overload(args),
    }
}

fn string<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::String(_)] => args.first().copied().unwrap_or(Value::Null),
        [Value::Bool(value)] => Value::String(if value { "true" } else { "false" }),
        [Value::Int(value)] => c.text(&value.to_string()),
        [Value::Uint(value)] => c.text(&value.to_string()),
        [Value::Double(value)] => c.text(&double_text(value)),
        [Value::Bytes(bytes)] => {
            std::str::from_utf8(bytes).map_or_else(|_| c.fail("the bytes are not UTF-8"), Value::String)
        }
        [Value::Timestamp(at)] => c.text(&at.to_string()),
        [Value::Duration(length)] => c.text(&length.to_string()),
        _ => c.no_overload(args),
    }
}

/// Shortest text that reads back as the same double; large and small ones with an exponent.
pub(super) fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |digits| ('-', digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{value}")
}

fn bytes<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Bytes(bytes)] => Value::Bytes(bytes),
        [Value::String(text)] => Value::Bytes(text.as_bytes()),
        _ => c.no_overload(args),
    }
}

fn boolean<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Bool(value)] => Value::Bool(value),
        [Value::String("1" | "t" | "T" | "true" | "TRUE" | "True")] => Value::Bool(true),
        [Value::String("0" | "f" | "F" | "false" | "FALSE" | "False")] => Value::Bool(false),
        [Value::String(_)] => c.fail("type conversion error: the text is neither true nor false"),
        _ => c.no_overload(args),
    }
}

fn timestamp<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Timestamp(at)] => Value::Timestamp(at),
        [Value::String(text)] => {
            Timestamp::parse(text).map_or_else(|| c.fail("not an RFC 3339 time of years 1 to 9999"), Value::Timestamp)
        }
        [Value::Int(seconds)] => {
            Timestamp::from_nanos(i128::from(seconds) * 1_000_000_000).map_or(RANGE, Value::Timestamp)
        }
        _ => c.no_overload(args),
    }
}

fn duration<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Duration(length)] => Value::Duration(length),
        [Value::String(text)] => Duration::parse(text).map_or_else(
            || c.fail("not a duration, such as `90s` or `1h30m`, within range"),
            Value::Duration,
        ),
        _ => c.no_overload(args),
    }
}

fn type_of<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let [value] = args else { return c.no_overload(args) };
    let ty = match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) | Value::Interval(_) => Type::Int,
        Value::Uint(_) => Type::Uint,
        Value::Double(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        Value::List(_) => Type::list(Type::Dyn),
        Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
        Value::Optional(_) => Type::optional(Type::Dyn),
        Value::Type(_) => Type::TypeOf(Type::Dyn.into()),
        Value::Record(record) => Type::Record(record.ty),
        Value::Unknown(_) | Value::Error(_) => Type::Dyn,
    };
    debug_assert!(!type_name(&ty).is_empty());
    Value::Type(c.arena.alloc(ty))
}
