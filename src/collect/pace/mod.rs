//! Pace: when the next request may be sent.
//!
//! The vendors count requests in buckets, so there is one limiter for each bucket, and it follows what the vendor says
//! on every answer: [`window`] where the answers tell what is left (Okta), [`units`] where they only tell the price
//! (Graph). All waiting is done here, in one place, so that two reasons to wait are never added up.

mod bucket;
mod headers;
mod share;
mod units;
mod window;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::{Event, Observer, WaitCause};
use crate::catalog::SourceName;
use bucket::{Rule, bucket};
use headers::asked_wait;
pub use share::RateShare;
use units::Units;
use window::Window;

/// Requests under way at the same time, to one source. Okta allows an org 75, and shares them with everybody who works.
const MAX_AT_ONCE: usize = 16;

/// After so long without a refusal one more goes at the same time.
const QUIET: Duration = Duration::from_secs(10);

/// Waits shorter than this are not told of.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// The limiters of one source.
pub(super) struct Pace {
    source: SourceName,
    share: RateShare,
    state: Mutex<State>,
    changed: Notify,
    /// Lists of each bucket that may be read at the same time.
    lists: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
}

/// What is known of the source at the moment.
struct State {
    limiters: HashMap<&'static str, Limiter>,
    under_way: usize,
    at_once: AtOnce,
}

/// How many requests may be under way.
#[derive(Default)]
struct AtOnce {
    /// How many the last refusal left, and when that was.
    left: Option<(usize, Instant)>,
}

/// What is known of one bucket.
struct Limiter {
    kind: Kind,
    under_way: u64,
    /// The vendor wants no request before this moment.
    closed_until: Option<Instant>,
    /// The end of the wait that the user was told of last.
    told: Option<Instant>,
}

/// How a bucket is counted.
enum Kind {
    Window(Window),
    Units(Units),
}

/// Whether a request may go.
#[derive(Debug, PartialEq)]
enum Decision {
    Go,
    /// Not before this moment.
    At(Instant),
    /// Not before an answer has come.
    AfterAnAnswer,
}

/// Leave to send one request. It counts as under way until this is dropped.
pub(super) struct Turn<'p> {
    pace: &'p Pace,
    bucket: &'static str,
    taken: Instant,
}

impl AtOnce {
    /// As many as the last refusal left, and slowly more again.
    fn now(&self, now: Instant) -> usize {
        let Some((left, since)) = self.left else {
            return MAX_AT_ONCE;
        };
        let quiet = now.saturating_duration_since(since).as_secs() / QUIET.as_secs();
        left.saturating_add(usize::try_from(quiet).unwrap_or(MAX_AT_ONCE))
            .min(MAX_AT_ONCE)
    }

    /// There were too many. What was already under way at the last refusal tells nothing new.
    fn halve(&mut self, sent: Instant, now: Instant) {
        if self.left.is_none_or(|(_, since)| sent > since) {
            self.left = Some(((self.now(now) / 2).max(1), now));
        }
    }
}

impl Pace {
    pub(super) fn new(source: SourceName, share: RateShare) -> Self {
        let state = State {
            limiters: HashMap::new(),
            under_way: 0,
            at_once: AtOnce::default(),
        };
        Self {
            source,
            share,
            state: Mutex::new(state),
            changed: Notify::new(),
            lists: Mutex::default(),
        }
    }

    /// Waits until another list of a path's bucket may be read; it may until the permit is dropped.
    pub(super) async fn list(&self, path: &str) -> Option<OwnedSemaphorePermit> {
        let (bucket, rule) = bucket(self.source, path);
        let semaphore = {
            let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(rule.lists_at_once()));
            Arc::clone(lists.entry(bucket).or_insert_with(new))
        };
        semaphore.acquire_owned().await.ok()
    }

    /// Waits until a request to a path may be sent: until its bucket has something left, and not before the moment that
    /// the request itself has to wait for.
    pub(super) async fn turn(&self, path: &str, not_before: Option<Instant>, observer: &Observer) -> Turn<'_> {
        let (bucket, rule) = bucket(self.source, path);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = Instant::now();
            let decision = match not_before {
                Some(moment) if moment > now => Decision::At(moment),
                _ => self.lock().decide(bucket, rule, self.share, now),
            };
            match decision {
                Decision::Go => {
                    return Turn {
                        pace: self,
                        bucket,
                        taken: now,
                    };
                }
                Decision::AfterAnAnswer => changed.await,
                Decision::At(moment) => {
                    self.tell(bucket, moment, now, observer);
                    tokio::select! {
                        () = sleep_until(moment) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }

    /// Tells of a wait, once for each bucket and moment.
    fn tell(&self, bucket: &'static str, until: Instant, now: Instant, observer: &Observer) {
        let mut state = self.lock();
        let Some(limiter) = state.limiters.get_mut(bucket) else {
            return;
        };
        if limiter.told == Some(until) || until.saturating_duration_since(now) < WORTH_TELLING {
            return;
        }
        limiter.told = Some(until);
        let cause = match limiter.closed_until {
            Some(moment) if moment == until => WaitCause::Asked,
            _ => WaitCause::Share,
        };
        drop(state);
        observer(Event::Waiting {
            source: self.source,
            bucket,
            cause,
            time: until.saturating_duration_since(now),
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a request may go now; if so, it is under way from now on.
    fn decide(&mut self, bucket: &'static str, rule: Rule, share: RateShare, now: Instant) -> Decision {
        let limiter = self
            .limiters
            .entry(bucket)
            .or_insert_with(|| Limiter::new(rule, share, now));
        if let Some(moment) = limiter.closed_until {
            if moment > now {
                return Decision::At(moment);
            }
            limiter.closed_until = None;
        }
        if self.under_way >= self.at_once.now(now) {
            return Decision::AfterAnAnswer;
        }
        let decision = match &mut limiter.kind {
            Kind::Window(window) => window.decide(limiter.under_way, now),
            Kind::Units(units) => units.decide(now),
        };
        if decision == Decision::Go {
            limiter.under_way += 1;
            self.under_way += 1;
        }
        decision
    }
}

impl Limiter {
    fn new(rule: Rule, share: RateShare, now: Instant) -> Self {
        let kind = match rule {
            Rule::Told => Kind::Window(Window::new(share)),
            Rule::Units(per_second) => Kind::Units(Units::new(per_second, share, now)),
            Rule::Spaced(per_second) => Kind::Units(Units::spaced(per_second, share, now)),
        };
        Self {
            kind,
            under_way: 0,
            closed_until: None,
            told: None,
        }
    }
}

impl Turn<'_> {
    /// Takes note of what an answer says about the bucket. `fallback` is the wait after a refusal that names none.
    pub(super) fn note(&self, status: u16, headers: &HeaderMap, fallback: Duration) {
        let now = Instant::now();
        let mut state = self.pace.lock();
        let too_many_at_once = status == 429 && headers::at_once(headers);
        if too_many_at_once {
            state.at_once.halve(self.taken, now);
        }
        let Some(limiter) = state.limiters.get_mut(self.bucket) else {
            return;
        };
        match &mut limiter.kind {
            Kind::Window(window) => window.note(headers, now),
            Kind::Units(units) => units.note(status, headers, self.taken, now),
        }
        let asked = asked_wait(headers);
        let wait = match status {
            // What was one too many at the same time passes by itself; the reset is only a guess.
            429 if too_many_at_once => Some(fallback),
            // A wait of nothing is no advice.
            429 => Some(asked.filter(|wait| !wait.is_zero()).unwrap_or(fallback)),
            503 | 504 => asked,
            _ => None,
        };
        if let Some(wait) = wait {
            let until = now + jittered(wait);
            limiter.closed_until = limiter.closed_until.max(Some(until));
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        state.under_way = state.under_way.saturating_sub(1);
        if let Some(limiter) = state.limiters.get_mut(self.bucket) {
            limiter.under_way = limiter.under_way.saturating_sub(1);
        }
        drop(state);
        self.pace.changed.notify_waiters();
    }
}

/// The wait and up to a tenth more, at most half a second: whoever waits with us shall not all come back at once.
fn jittered(wait: Duration) -> Duration {
    wait + wait
        .mul_f64(0.1)
        .min(Duration::from_millis(500))
        .mul_f64(fastrand::f64())
}

/// The wait before the next attempt of a request that failed: doubles from half a second, and varies by a quarter.
pub(super) fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(500 << attempt.saturating_sub(1).min(6)).mul_f64(1.0 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests;
