//! When a request is sent, and when it is sent again.

use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, sleep};

use super::auth::Auth;
use super::client::{Answer, Client, Request, SendError, host};
use super::pace::backoff;
use super::{CollectError, Event, WaitCause};

/// Attempts for one page that fail, the first included.
const MAX_ATTEMPTS: u32 = 6;
/// Times that one page is told to wait: others may be using the bucket up.
const MAX_THROTTLES: u32 = 20;
/// Longest wait between two requests for a token.
const MAX_TOKEN_WAIT: Duration = Duration::from_secs(300);

/// Shorter waits for a token are not told.
const TOLD_WAIT: Duration = Duration::from_secs(5);

/// What a page cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) requests: u64,
    pub(super) throttles: u64,
}

impl Cost {
    pub(super) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.throttles += other.throttles;
    }
}

/// Why an address could not be read.
#[derive(Debug)]
pub(super) enum GetError {
    SignIn(CollectError),
    Failed(String),
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
        let (mut failures, mut throttles) = (0, 0);
        let mut not_before = None;
        loop {
            let turn = self.pace.turn(url.path(), not_before, &self.observer).await;
            let signature = auth.sign(self, url).await.map_err(GetError::SignIn)?;
            cost.requests += 1;
            let authorization = signature.authorization.clone();
            let request = Request::Read {
                url: url.clone(),
                signature,
            };
            let outcome = self.exchange(request).await;
            not_before = None;
            match outcome {
                Ok(answer) => {
                    auth.hear(&answer.headers).await;
                    turn.note(answer.status, &answer.headers, backoff(throttles + 1));
                    match answer.status {
                        429 if throttles < MAX_THROTTLES => {
                            throttles += 1;
                            cost.throttles += 1;
                        }
                        // A refusal may name a wait for the whole bucket; this is the wait of this page alone.
                        500 | 502 | 503 | 504 if failures + 1 < MAX_ATTEMPTS => {
                            failures += 1;
                            not_before = Some(Instant::now() + backoff(failures));
                        }
                        401 if !renewed && auth.renew(&authorization, &answer.headers).await => renewed = true,
                        _ => return Ok(answer),
                    }
                }
                Err(SendError::Broken(_)) if failures + 1 < MAX_ATTEMPTS => {
                    failures += 1;
                    not_before = Some(Instant::now() + backoff(failures));
                }
                Err(SendError::Broken(message) | SendError::Refused(message)) => {
                    return Err(GetError::Failed(message));
                }
            }
        }
    }

    /// Asks for a token. What is sent is made anew for each attempt: an assertion and a proof are good once.
    pub(super) async fn token(&self, request: impl Fn() -> Result<Request, String>) -> Result<Answer, String> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = request()?;
            let secrets = request.secrets();
            let outcome = self.exchange(request).await.map(|answer| answer.without(&secrets));
            let wait = match outcome {
                Ok(answer) if matches!(answer.status, 429 | 500 | 502 | 503 | 504) && attempt < MAX_ATTEMPTS => {
                    let seconds = answer
                        .headers
                        .get("retry-after")
                        .and_then(|value| value.to_str().ok()?.parse().ok());
                    let asked = seconds.map(Duration::from_secs).unwrap_or_default();
                    asked.min(MAX_TOKEN_WAIT).max(backoff(attempt))
                }
                Ok(answer) => return Ok(answer),
                Err(SendError::Broken(_)) if attempt < MAX_ATTEMPTS => backoff(attempt),
                Err(SendError::Broken(message) | SendError::Refused(message)) => return Err(message),
            };
            if wait >= TOLD_WAIT {
                (self.observer)(Event::Waiting {
                    source: self.source,
                    bucket: "sign-in",
                    cause: WaitCause::Asked,
                    time: wait,
                });
            }
            sleep(wait).await;
        }
    }

    /// Sends one request and tells of it.
    async fn exchange(&self, request: Request) -> Result<Answer, SendError> {
        (self.observer)(Event::Asked { source: self.source });
        let outcome = self.send(request).await;
        let status = outcome.as_ref().ok().map(|answer| answer.status);
        (self.observer)(Event::Answered {
            source: self.source,
            status,
        });
        outcome
    }
}
