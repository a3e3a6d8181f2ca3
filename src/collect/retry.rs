//! When a request is sent, and when it is sent again: waits follow the vendors' own headers.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tokio::time::{Instant, sleep, sleep_until};

use super::auth::Auth;
use super::client::{Answer, Client, host};
use super::{CollectError, Event};

/// Attempts for one page, the first included.
const MAX_ATTEMPTS: u32 = 6;
/// Longest wait that a header can ask for.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// What a page cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) requests: u64,
    pub(super) throttles: u64,
}

impl Client {
    /// Reads one address, waiting and trying again as the vendor asks.
    pub(super) async fn get(&self, url: &Url, auth: &Auth, cost: &mut Cost) -> Result<Answer, GetError> {
        if !self.owns(url) {
            return Err(GetError::Failed(format!(
                "refused to follow a link to another host: {}",
                host(url)
            )));
        }
        let mut renewed = false;
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.wait_for_budget().await;
            let header = auth.header(self).await.map_err(GetError::SignIn)?;
            cost.requests += 1;
            let outcome = self.send(Method::GET, url, Some(&header), None).await;
            let wait = match outcome {
                Ok(answer) => {
                    self.note_budget(&answer.headers).await;
                    match answer.status {
                        429 | 500 | 502 | 503 | 504 if attempt < MAX_ATTEMPTS => {
                            cost.throttles += u64::from(answer.status == 429);
                            // A wait of nothing is no advice.
                            asked_wait(&answer.headers).unwrap_or_default().max(backoff(attempt))
                        }
                        401 if !renewed && auth.renew().await => {
                            renewed = true;
                            continue;
                        }
                        _ => return Ok(answer),
                    }
                }
                Err(message) if attempt < MAX_ATTEMPTS => {
                    let _ = message;
                    backoff(attempt)
                }
                Err(message) => return Err(GetError::Failed(message)),
            };
            (self.observer)(Event::Waiting {
                source: self.source,
                time: wait,
            });
            sleep(wait).await;
        }
    }

    /// Sends a form to the token endpoint.
    pub(super) async fn token(&self, url: &Url, form: &[(&str, &str)]) -> Result<Answer, String> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.send(Method::POST, url, None, Some(form)).await {
                Ok(answer) if matches!(answer.status, 429 | 503) && attempt < MAX_ATTEMPTS => {
                    sleep(asked_wait(&answer.headers).unwrap_or_default().max(backoff(attempt))).await;
                }
                Err(_) if attempt < MAX_ATTEMPTS => sleep(backoff(attempt)).await,
                other => return other,
            }
        }
    }

    async fn wait_for_budget(&self) {
        let until = self.not_before.lock().await.take();
        if let Some(until) = until {
            let time = until.saturating_duration_since(Instant::now());
            if !time.is_zero() {
                (self.observer)(Event::Waiting {
                    source: self.source,
                    time,
                });
            }
            sleep_until(until).await;
        }
    }

    /// Okta tells the budget on every answer: at the last request of a window, the next one waits for the reset.
    async fn note_budget(&self, headers: &HeaderMap) {
        let (Some(limit), Some(0)) = (
            number(headers, "x-rate-limit-limit"),
            number(headers, "x-rate-limit-remaining"),
        ) else {
            return;
        };
        // Both zero means too many requests at the same time, which passes by itself.
        if limit > 0
            && let Some(wait) = until_reset(headers)
        {
            *self.not_before.lock().await = Some(Instant::now() + wait);
        }
    }
}

/// Why an address could not be read.
#[derive(Debug)]
pub(super) enum GetError {
    SignIn(CollectError),
    Failed(String),
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The wait that an answer asks for: `Retry-After` (Graph), else the reset of the window (Okta).
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = number(headers, "retry-after").map(Duration::from_secs);
    seconds.or_else(|| until_reset(headers)).map(|wait| wait.min(MAX_WAIT))
}

/// Time until `X-Rate-Limit-Reset` (epoch seconds), by the server's own clock in `Date`; at least a second.
fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let reset = i64::try_from(number(headers, "x-rate-limit-reset")?).ok()?;
    let date = headers.get("date")?.to_str().ok()?;
    let now = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let wait = u64::try_from(reset - now).unwrap_or(0).max(1);
    Some(Duration::from_secs(wait).min(MAX_WAIT))
}

/// Doubles from half a second.
fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(500 << attempt.saturating_sub(1).min(6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn waits_follow_the_vendors_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("7"));
        assert_eq!(asked_wait(&headers), Some(Duration::from_secs(7)));
        let mut headers = HeaderMap::new();
        headers.insert("date", HeaderValue::from_static("Sun, 22 Nov 2026 10:00:00 GMT"));
        headers.insert("x-rate-limit-reset", HeaderValue::from_static("1795341612"));
        assert_eq!(asked_wait(&headers), Some(Duration::from_secs(12)));
        headers.insert("x-rate-limit-reset", HeaderValue::from_static("99999999999"));
        assert_eq!(asked_wait(&headers), Some(MAX_WAIT));
    }
}
