//! Parts of timestamps and durations.

use super::super::time::Duration;
use super::super::value::Value;
use super::{Context, Row};

/// Signatures of a function that reads a part of a timestamp.
macro_rules! part {
    ($name:literal) => {
        &[
            concat!("timestamp.", $name, "() -> int"),
            concat!("timestamp.", $name, "(string) -> int"),
        ]
    };
    ($name:literal, duration) => {
        &[
            concat!("timestamp.", $name, "() -> int"),
            concat!("timestamp.", $name, "(string) -> int"),
            concat!("duration.", $name, "() -> int"),
        ]
    };
}

pub(super) const ALL: &[Row] = &[
    ("getFullYear", part!("getFullYear"), |c, a| {
        read(c, a, |t| t.year().into(), None)
    }),
    ("getMonth", part!("getMonth"), |c, a| {
        read(c, a, |t| i64::from(t.month()) - 1, None)
    }),
    ("getDate", part!("getDate"), |c, a| read(c, a, |t| t.day().into(), None)),
    ("getDayOfMonth", part!("getDayOfMonth"), |c, a| {
        read(c, a, |t| i64::from(t.day()) - 1, None)
    }),
    ("getDayOfWeek", part!("getDayOfWeek"), |c, a| {
        read(c, a, |t| t.weekday().to_sunday_zero_offset().into(), None)
    }),
    ("getDayOfYear", part!("getDayOfYear"), |c, a| {
        read(c, a, |t| i64::from(t.day_of_year()) - 1, None)
    }),
    ("getHours", part!("getHours", duration), |c, a| {
        read(c, a, |t| t.hour().into(), Some(3_600_000_000_000))
    }),
    ("getMinutes", part!("getMinutes", duration), |c, a| {
        read(c, a, |t| t.minute().into(), Some(60_000_000_000))
    }),
    ("getSeconds", part!("getSeconds", duration), |c, a| {
        read(c, a, |t| t.second().into(), Some(1_000_000_000))
    }),
    ("getMilliseconds", part!("getMilliseconds", duration), milliseconds),
];

/// A part of a timestamp on the clock of a zone, UTC unless named; of a duration, whole units.
fn read<'r>(
    c: &Context<'r>,
    args: &[Value<'r>],
    part: fn(&jiff::civil::DateTime) -> i64,
    unit: Option<i128>,
) -> Value<'r> {
    match (args, unit) {
        (&[Value::Duration(length)], Some(unit)) => whole_units(length, unit),
        (&[Value::Timestamp(at)], _) => at
            .civil("UTC")
            .map_or(c.no_overload(args), |civil| Value::Int(part(&civil))),
        (&[Value::Timestamp(at), Value::String(zone)], _) => at
            .civil(zone)
            .map_or_else(|| c.fail("not a time zone"), |civil| Value::Int(part(&civil))),
        _ => c.no_overload(args),
    }
}

fn whole_units<'r>(length: Duration, unit: i128) -> Value<'r> {
    Value::Int(i64::try_from(length.nanos() / unit).unwrap_or_default())
}

/// Of a duration the milliseconds within its second, unlike the other parts (specification, `getMilliseconds`).
fn milliseconds<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::Duration(length)] => {
            Value::Int(i64::try_from(length.nanos() % 1_000_000_000 / 1_000_000).unwrap_or_default())
        }
        _ => read(c, args, |t| t.millisecond().into(), None),
    }
}
