//! The servers' clock: it starts at the world's now and runs on from there, so that what is told of
//! the past stays consistent with what the headers say of the present.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::simulator::world::after;

/// A clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// When it was started …
    began: Instant,
    /// … and what it showed then.
    at: Timestamp,
}

impl Clock {
    /// A clock that shows this time now.
    pub(super) fn starting_at(at: Timestamp) -> Clock {
        Clock {
            began: Instant::now(),
            at,
        }
    }

    /// What it shows.
    pub(super) fn now(&self) -> Timestamp {
        after(
            self.at,
            SignedDuration::try_from(self.began.elapsed()).unwrap_or_default(),
        )
    }

    /// What it shows, as the `Date` header has it.
    pub(super) fn http_date(&self) -> String {
        self.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}
