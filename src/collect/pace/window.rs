//! A bucket whose answers tell what is left of the window: Okta's `X-Rate-Limit-*`.

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::headers::{number, until_reset};
use super::{Decision, RateShare, jittered};

/// What the latest answers said.
pub(super) struct Window {
    share: RateShare,
    told: Option<Told>,
}

/// What is left of a window.
struct Told {
    limit: u64,
    remaining: u64,
    /// The window's end as the header names it, which tells windows apart …
    reset: u64,
    /// … and by our clock.
    ends: Instant,
}

impl Window {
    pub(super) fn new(share: RateShare) -> Self {
        Self { share, told: None }
    }

    /// Of every window our share is used, and the rest left to others. The first request of a window teaches how much
    /// that is, so it goes alone.
    pub(super) fn decide(&mut self, under_way: u64, now: Instant) -> Decision {
        match &self.told {
            Some(told) if told.ends > now => {
                if told.remaining > reserve(self.share, told.limit) + under_way {
                    Decision::Go
                } else if under_way > 0 {
                    Decision::AfterAnAnswer
                } else {
                    Decision::At(told.ends)
                }
            }
            _ if under_way > 0 => Decision::AfterAnAnswer,
            _ => Decision::Go,
        }
    }

    pub(super) fn note(&mut self, headers: &HeaderMap, now: Instant) {
        let value = |name| number(headers, name);
        let (Some(limit), Some(remaining), Some(reset), Some(wait)) = (
            value("x-rate-limit-limit"),
            value("x-rate-limit-remaining"),
            value("x-rate-limit-reset"),
            until_reset(headers),
        ) else {
            return;
        };
        // Zero of zero is no window (too many requests at the same time).
        if limit == 0 {
            return;
        }
        match &mut self.told {
            // Answers overtake each other: of one window, the lowest number is the latest.
            Some(told) if told.reset == reset => told.remaining = told.remaining.min(remaining),
            Some(told) if told.reset > reset && told.ends > now => {}
            _ => {
                self.told = Some(Told {
                    limit,
                    remaining,
                    reset,
                    ends: now + jittered(wait),
                });
            }
        }
    }
}

/// What is left to others, at most all but one request.
fn reserve(share: RateShare, limit: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts of requests"
    )]
    let ours = share.of(limit as f64).floor() as u64;
    limit - ours.clamp(1, limit)
}
