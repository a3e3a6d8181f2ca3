//! A bucket that is only known from documentation, and from refusals: Graph's resource units.

use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::headers::number;
use super::{Decision, RateShare};

/// The vendor's bucket holds the units of so many seconds ("resource units per 10 seconds").
const SPAN: f64 = 10.0;
/// Requests may come together that make up so many seconds.
const BURST: f64 = 0.25;
/// The part of a limit that is used when all of it may be: clocks and counters differ a little.
const CARE: f64 = 0.98;
/// Units a second of the smallest tenants (3,500 in 10 seconds): what would be full for them is full for all.
const SMALLEST: f64 = 350.0;
/// What a refusal leaves of the rate once the limit is known, so that others get what they use.
const YIELD: f64 = 0.7;
/// The least part of the limit that refusals leave.
const LEAST: f64 = 1.0 / 16.0;
/// How fast the rate comes back while nothing is refused: so much more …
const GROWTH: f64 = 1.05;
/// … in so many seconds.
const QUIET: f64 = 10.0;

/// A flow of units: so many a second, and what has been taken in advance.
pub(super) struct Units {
    share: RateShare,
    /// What the vendor allows a second, as far as is known.
    limit: f64,
    /// What we allowed ourselves of it at the last refusal, and when that was.
    yielded: Option<(f64, Instant)>,
    /// Whether a request counts as one, whatever it costs.
    spaced: bool,
    /// What may be spent now; below zero when an answer cost more than was thought.
    level: f64,
    at: Instant,
    /// Units spent since the vendor's bucket was full, and when that was; none once a refusal has taught the limit.
    since_full: Option<(f64, Instant)>,
    /// What the smallest tenant's bucket would lack by now.
    lacking: f64,
}

impl Units {
    pub(super) fn new(limit: f64, share: RateShare, now: Instant) -> Self {
        Self {
            share,
            limit,
            yielded: None,
            spaced: false,
            level: 1.0,
            at: now,
            since_full: Some((0.0, now)),
            lacking: 0.0,
        }
    }

    /// So many requests a second, one by one.
    pub(super) fn spaced(limit: f64, share: RateShare, now: Instant) -> Self {
        Self {
            spaced: true,
            ..Self::new(limit, share, now)
        }
    }

    /// Units a second that we allow ourselves: after a refusal fewer than the limit, and slowly more again.
    fn allowed(&self, now: Instant) -> f64 {
        let Some((allowed, since)) = self.yielded else {
            return self.limit;
        };
        let quiet = now.saturating_duration_since(since).as_secs_f64();
        (allowed * GROWTH.powf(quiet / QUIET)).min(self.limit)
    }

    fn rate(&self, now: Instant) -> f64 {
        self.share.of(self.allowed(now)) * CARE
    }

    pub(super) fn decide(&mut self, now: Instant) -> Decision {
        let rate = self.rate(now);
        let burst = if self.spaced { 1.0 } else { (rate * BURST).max(1.0) };
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * rate).min(burst);
        self.at = now;
        self.lacking = (self.lacking - passed * SMALLEST).max(0.0);
        if self.lacking == 0.0 && self.since_full.is_some() {
            self.since_full = Some((0.0, now));
        }
        // A grain less than one is one: time is told in whole nanoseconds.
        if self.level >= 1.0 - 1e-6 {
            self.spend(1.0);
            return Decision::Go;
        }
        let wait = Duration::from_secs_f64((1.0 - self.level) / rate);
        Decision::At(now + wait.max(Duration::from_millis(1)))
    }

    fn spend(&mut self, units: f64) {
        self.level -= units;
        self.lacking += units;
        if let Some((spent, _)) = &mut self.since_full {
            *spent += units;
        }
    }

    /// One unit was paid in advance; the answer tells the price. A refusal of what was already under way at the last one
    /// tells nothing that it did not.
    pub(super) fn note(&mut self, status: u16, headers: &HeaderMap, sent: Instant, now: Instant) {
        if status == 429 {
            if self.yielded.is_none_or(|(_, since)| sent > since) {
                self.learn(now);
            }
        } else if !self.spaced
            && let Some(cost) = number(headers, "x-ms-resource-unit")
        {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            self.spend(cost.saturating_sub(1) as f64);
        }
    }

    /// A refusal tells the limit: what was spent since the vendor's bucket was full is what it held and what has flowed
    /// in since. The next refusals can come from what others spend, and only slow us down for a while.
    fn learn(&mut self, now: Instant) {
        let taught = self.since_full.take().filter(|_| !self.spaced && self.limit > SMALLEST);
        let allowed = match taught {
            Some((spent, since)) => {
                let passed = now.saturating_duration_since(since).as_secs_f64();
                // The refused request is not among what was spent. No tenant has less than the smallest.
                self.limit = ((spent - 1.0) / (SPAN + passed)).clamp(SMALLEST, self.limit);
                self.limit
            }
            None => (self.allowed(now) * YIELD).max(self.limit * LEAST),
        };
        self.yielded = Some((allowed, now));
        self.level = self.level.min(0.0);
    }
}
