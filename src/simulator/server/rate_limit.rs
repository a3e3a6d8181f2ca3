//! How many requests are allowed, and which are refused just to see what the client does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// How long a window lasts, in seconds (developer.okta.com/docs/reference/rl-best-practices).
const WINDOW: i64 = 60;

/// Okta's request counters, one for each bucket of paths.
#[derive(Debug)]
pub(super) struct RateLimits {
    /// So many times the published rate is allowed.
    factor: u32,
    /// The current window of each bucket.
    windows: Mutex<HashMap<&'static str, Window>>,
}

/// A span of time in which requests are counted.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// When it ends, in seconds since 1970.
    ends: i64,
    /// How many requests it has seen.
    used: u32,
}

/// What is left of a bucket after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// So many requests are allowed in a window.
    pub(super) limit: u32,
    /// So many are left.
    pub(super) remaining: u32,
    /// When the window ends, in seconds since 1970.
    pub(super) reset: i64,
    /// Whether this request was one too many.
    pub(super) exceeded: bool,
}

impl RateLimits {
    /// Counters that allow so many times what Okta publishes.
    pub(super) fn new(factor: u32) -> RateLimits {
        RateLimits {
            factor,
            windows: Mutex::default(),
        }
    }

    /// Counts a request.
    pub(super) fn count(&self, path: &str, now: Timestamp) -> Allowance {
        let (bucket, published) = bucket(path);
        let limit = published.saturating_mul(self.factor);
        let now = now.as_second();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(bucket).or_insert(Window {
            ends: now + WINDOW,
            used: 0,
        });
        if window.ends <= now {
            *window = Window {
                ends: now + WINDOW,
                used: 0,
            };
        }
        let exceeded = window.used >= limit;
        window.used = window.used.saturating_add(u32::from(!exceeded));
        Allowance {
            limit,
            remaining: limit - window.used.min(limit),
            reset: window.ends,
            exceeded,
        }
    }
}

/// The bucket of a path and how many requests a minute it allows a workforce org: the table that
/// Okta printed in its "Okta API management rate limits" until December 2025. An exact path goes
/// before a prefix.
fn bucket(path: &str) -> (&'static str, u32) {
    let below = |prefix: &str| {
        path.strip_prefix(prefix)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let depth = |rest: &str| rest.split('/').count();
    if let Some(rest) = below("/api/v1/apps") {
        return if depth(rest) == 2 {
            ("/api/v1/apps/{id}", 500)
        } else {
            ("/api/v1/apps*", 100)
        };
    }
    if let Some(rest) = below("/api/v1/users") {
        return match depth(rest) {
            1 => ("/api/v1/users", 600),
            2 => ("/api/v1/users/{id}", 2_000),
            _ => ("/api/v1*", 1_200),
        };
    }
    match below("/api/v1/logs") {
        Some(_) => ("/api/v1/logs", 120),
        None => ("/api/v1*", 1_200),
    }
}

/// Graph's limits: resource units in a bucket that is refilled, and workloads that count requests
/// (learn.microsoft.com/graph/throttling-limits).
#[derive(Debug)]
pub(super) struct UnitLimits {
    /// Units that the directory's bucket holds; none when nothing is limited.
    directory: Option<f64>,
    /// What is left in each bucket, and when that was.
    levels: Mutex<HashMap<&'static str, (f64, Timestamp)>>,
}

/// A refusal by one of Graph's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// Seconds after which there is something again; some workloads do not say.
    pub(super) retry_after: Option<u64>,
}

impl UnitLimits {
    /// The limits of a tenant with so many users, or none.
    pub(super) fn new(users: Option<u64>) -> UnitLimits {
        let directory = users.map(|users| match users {
            0..50 => 3_500.0,
            50..=500 => 5_000.0,
            _ => 8_000.0,
        });
        UnitLimits {
            directory,
            levels: Mutex::default(),
        }
    }

    /// Takes the price of a request out of its bucket, if that has it.
    pub(super) fn take(&self, path: &str, units: u32, now: Timestamp) -> Result<(), Exceeded> {
        let Some(directory) = self.directory else {
            return Ok(());
        };
        // Bucket, what it holds, what flows in each second, what this request takes.
        let below = path
            .trim_start_matches('/')
            .split_once('/')
            .map_or("", |(_, below)| below);
        let (name, holds, flow, price) = match below.split('/').next().unwrap_or_default() {
            "auditLogs" | "reports" => ("reports", 5.0, 0.5, 1.0),
            "identityProtection" => ("protection", 1.0, 1.0, 1.0),
            "identity" if below.starts_with("identity/conditionalAccess") => ("access", 1.0, 1.0, 1.0),
            _ => ("directory", directory, directory / 10.0, f64::from(units)),
        };
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let (level, at) = levels.entry(name).or_insert((holds, now));
        *level = (*level + now.duration_since(*at).as_secs_f64() * flow).min(holds);
        *at = now;
        if *level + 1e-6 < price {
            let seconds = ((price - *level) / flow).ceil().clamp(1.0, 300.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 1 and 300"
            )]
            let seconds = seconds as u64;
            let is_told = !matches!(name, "protection" | "access");
            return Err(Exceeded {
                retry_after: is_told.then_some(seconds),
            });
        }
        *level -= price;
        Ok(())
    }
}

/// Refuses a request now and then.
#[derive(Debug)]
pub(super) struct Throttle {
    /// One of so many is refused.
    every: Option<u64>,
    /// How many there were.
    seen: AtomicU64,
}

impl Throttle {
    /// Refuses one of so many requests, or none.
    pub(super) fn new(every: Option<u32>) -> Throttle {
        Throttle {
            every: every.map(|every| u64::from(every.max(2))),
            seen: AtomicU64::new(0),
        }
    }

    /// Counts a request and says whether it is to be refused.
    pub(super) fn refuses(&self) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        self.every.is_some_and(|every| seen.is_multiple_of(every))
    }
}

#[cfg(test)]
mod tests {
    use super::{Exceeded, RateLimits, Throttle, UnitLimits, bucket};
    use jiff::Timestamp;

    #[test]
    fn buckets_are_okta_s() {
        assert_eq!(bucket("/api/v1/apps"), ("/api/v1/apps*", 100));
        assert_eq!(bucket("/api/v1/apps/0oa1/users"), ("/api/v1/apps*", 100));
        assert_eq!(bucket("/api/v1/apps/0oa1").1, 500);
        assert_eq!(bucket("/api/v1/users").1, 600);
        assert_eq!(bucket("/api/v1/org").1, 1_200);
        assert_eq!(bucket("/api/v1/appstore").0, "/api/v1*");
    }

    #[test]
    fn a_window_fills_and_begins_anew() {
        let limits = RateLimits::new(1);
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = limits.count("/api/v1/logs", at(1_000));
        assert_eq!(
            (first.limit, first.remaining, first.reset, first.exceeded),
            (120, 119, 1_060, false)
        );
        for _ in 0..119 {
            assert!(!limits.count("/api/v1/logs", at(1_030)).exceeded);
        }
        assert!(limits.count("/api/v1/logs", at(1_059)).exceeded);
        assert_eq!(limits.count("/api/v1/logs", at(1_060)).remaining, 119);
    }

    #[test]
    fn units_are_used_up_and_flow_back() {
        let limits = UnitLimits::new(Some(10));
        let at = |second| Timestamp::from_second(second).unwrap();
        for _ in 0..1_750 {
            assert_eq!(limits.take("/v1.0/users", 2, at(0)), Ok(()));
        }
        let retry_after = Some(1);
        assert_eq!(limits.take("/v1.0/users", 2, at(0)), Err(Exceeded { retry_after }));
        assert_eq!(limits.take("/v1.0/users", 350, at(1)), Ok(()));
        assert_eq!(
            limits.take("/v1.0/identity/conditionalAccess/policies", 1, at(1)),
            Ok(())
        );
        let retry_after = None;
        let refusal = limits.take("/v1.0/identity/conditionalAccess/policies", 1, at(1));
        assert_eq!(refusal, Err(Exceeded { retry_after }));
        assert_eq!(UnitLimits::new(None).take("/v1.0/users", u32::MAX, at(0)), Ok(()));
    }

    #[test]
    fn a_throttle_never_refuses_twice_in_a_row() {
        for every in [0, 1, 2, 5] {
            let throttle = Throttle::new(Some(every));
            let refusals: Vec<bool> = (0..20).map(|_| throttle.refuses()).collect();
            assert!(refusals.contains(&true));
            assert!(refusals.windows(2).all(|pair| pair != [true, true]), "{every}");
        }
        assert!(!Throttle::new(None).refuses());
    }
}
