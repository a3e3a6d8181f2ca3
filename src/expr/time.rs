//! Timestamps and durations with CEL's ranges and texts.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// First second of year 1 and last second of year 9999, UTC (CEL specification, "Timestamp").
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS: i128 = 1_000_000_000;

/// A moment: seconds since 1970 and nanoseconds, UTC, years 1 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

/// A length of time: 64 bits of nanoseconds, about 292 years either way, as the conformance tests want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    nanos: i64,
}

impl Timestamp {
    /// From nanoseconds since 1970; `None` outside years 1 to 9999.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        let seconds = i64::try_from(nanos.div_euclid(NANOS)).ok()?;
        let rest = u32::try_from(nanos.rem_euclid(NANOS)).ok()?;
        SECONDS.contains(&seconds).then_some(Self { seconds, nanos: rest })
    }

    /// From microseconds since 1970.
    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::from_nanos(i128::from(micros) * 1000)
    }

    /// Nanoseconds since 1970.
    pub fn nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS + i128::from(self.nanos)
    }

    /// Microseconds since 1970, the rest cut off.
    pub fn micros(self) -> i64 {
        i64::try_from(self.nanos().div_euclid(1000)).unwrap_or_default()
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Parses RFC 3339 as that standard wants it: `T`, seconds, and `Z` or an offset.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = text.as_bytes();
        let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        let separator = matches!(shape.get(10), Some(b'T' | b't'));
        if !separator || !text.is_ascii() || marks.iter().any(|(at, mark)| shape.get(*at) != Some(mark)) {
            return None;
        }
        let zone = text.rfind(['Z', 'z', '+', '-']).filter(|at| *at >= 19)?;
        let (clock, offset) = text.split_at_checked(zone)?;
        let clock: DateTime = clock.parse().ok()?;
        let offset = match offset {
            "Z" | "z" => Offset::UTC,
            _ => fixed_offset(offset).filter(|_| offset.len() == 6)?,
        };
        let nanos = clock.duration_since(epoch()).as_nanos() - i128::from(offset.seconds()) * NANOS;
        Self::from_nanos(nanos)
    }

    /// What a clock shows at this moment in a zone: `UTC`, an IANA name, `+09:00` or `-7:30`.
    pub fn civil(self, zone: &str) -> Option<DateTime> {
        let offset = match zone {
            "" | "UTC" => Offset::UTC,
            _ => match fixed_offset(zone) {
                Some(offset) => offset,
                None => TimeZone::get(zone).ok()?.to_offset(self.instant()),
            },
        };
        let shifted = self.nanos() + i128::from(offset.seconds()) * NANOS;
        epoch().checked_add(signed(shifted)?).ok()
    }

    /// The nearest moment that the time zone library can look up: its range ends a day before CEL's.
    fn instant(self) -> jiff::Timestamp {
        let edge = if self.seconds < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        jiff::Timestamp::from_nanosecond(self.nanos()).unwrap_or(edge)
    }

    /// Moved by a duration; `None` outside the range.
    pub fn plus(self, by: Duration) -> Option<Self> {
        Self::from_nanos(self.nanos() + by.nanos())
    }

    /// The time from `other` to this.
    pub fn since(self, other: Self) -> Option<Duration> {
        Duration::from_nanos(self.nanos() - other.nanos())
    }
}

fn epoch() -> DateTime {
    DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
}

fn signed(nanos: i128) -> Option<SignedDuration> {
    let seconds = i64::try_from(nanos / NANOS).ok()?;
    Some(SignedDuration::new(seconds, i32::try_from(nanos % NANOS).ok()?))
}

/// `+09:00`, `-7:30` or `09:00`.
fn fixed_offset(text: &str) -> Option<Offset> {
    let (hours, minutes) = text.split_once(':')?;
    let negative = hours.starts_with('-');
    let hours: i32 = hours.trim_start_matches(['+', '-']).parse().ok()?;
    let minutes: i32 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    let seconds = (hours.checked_mul(60)? + minutes).checked_mul(60)?;
    Offset::from_seconds(if negative { -seconds } else { seconds }).ok()
}

impl Duration {
    /// From nanoseconds; `None` when they do not fit.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        i64::try_from(nanos).ok().map(|nanos| Self { nanos })
    }

    /// Nanoseconds.
    pub fn nanos(self) -> i128 {
        i128::from(self.nanos)
    }

    /// Parses `1h30m`, `-2.5s`, `100ms`: units h, m, s, ms, us, ns.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        if rest == "0" {
            return Some(Self::default());
        }
        let mut total: i128 = 0;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, after) = rest.split_at_checked(digits)?;
            let (unit, scale) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
            total = total.checked_add(scaled(number, *scale)?)?;
            rest = after.strip_prefix(unit)?;
        }
        Self::from_nanos(if negative { -total } else { total })
    }
}

/// Units with their nanoseconds; two-letter ones first, as `m` begins `ms`.
const UNITS: [(&str, i128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("h", 3_600 * NANOS),
    ("m", 60 * NANOS),
    ("s", NANOS),
];

fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || number.len() > 30 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut total = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.chars() {
        place /= 10;
        total += i128::from(digit.to_digit(10)?) * place;
    }
    Some(total)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many fraction digits as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil("UTC") {
            Some(clock) => write!(f, "{clock}Z"),
            None => write!(f, "{}s", self.seconds),
        }
    }
}

impl fmt::Display for Duration {
    /// Seconds with as many fraction digits as needed, `5400s`, `-0.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let (seconds, nanos) = (
            self.nanos.unsigned_abs() / 1_000_000_000,
            self.nanos.unsigned_abs() % 1_000_000_000,
        );
        if nanos == 0 {
            return write!(f, "{sign}{seconds}s");
        }
        let fraction = format!("{nanos:09}");
        write!(f, "{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
    }
}
