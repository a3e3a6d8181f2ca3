//! Times, counted back from the world's now and written as each vendor writes them.

use jiff::{SignedDuration, Timestamp};

/// How a vendor writes a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// With milliseconds, as Okta does.
    Okta,
    /// With whole seconds, as Graph mostly does.
    Graph,
}

impl Style {
    /// A time as text.
    pub(crate) fn write(self, time: Timestamp) -> String {
        match self {
            Style::Okta => format!("{time:.3}"),
            Style::Graph => format!("{time:.0}"),
        }
    }
}

/// The time so long after another; the other itself where the calendar ends.
pub(crate) fn after(time: Timestamp, offset: SignedDuration) -> Timestamp {
    time.checked_add(offset).unwrap_or(time)
}

/// The time so many seconds before another.
pub(crate) fn seconds_before(time: Timestamp, seconds: u64) -> Timestamp {
    after(
        time,
        -SignedDuration::from_secs(i64::try_from(seconds).unwrap_or_default()),
    )
}

#[cfg(test)]
mod tests {
    use super::{Style, seconds_before};
    use jiff::Timestamp;

    #[test]
    fn each_vendor_has_its_own_way() {
        let time: Timestamp = "2026-04-01T09:30:00.25Z".parse().unwrap();
        assert_eq!(Style::Okta.write(time), "2026-04-01T09:30:00.250Z");
        assert_eq!(Style::Graph.write(time), "2026-04-01T09:30:00Z");
        assert_eq!(seconds_before(Timestamp::MIN, 60), Timestamp::MIN);
    }
}
