//! The HTTP client of one source: write guard, retries, pace.
//!
//! It can send two kinds of request and no other: GET to the source's own host, and a form to its token endpoint.
//! Redirects are not followed, answers are limited in size, and waits follow the vendors' own headers.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::auth::Auth;
use super::{CollectError, Event, Observer};
use crate::catalog::SourceName;

/// Largest answer, decompressed.
const MAX_BODY: usize = 128 << 20;
/// Attempts for one page, the first included.
const MAX_ATTEMPTS: u32 = 6;
/// Longest wait that a header can ask for.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// Time for one answer.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A client for one source.
pub(super) struct Client {
    http: reqwest::Client,
    source: SourceName,
    base: Url,
    observer: Observer,
    /// No request before this moment: the vendor said that the budget is used up.
    not_before: Mutex<Option<Instant>>,
}

/// An answer whose body was read whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What a page cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) requests: u64,
    pub(super) throttles: u64,
}

impl Client {
    pub(super) fn new(source: SourceName, base: Url, observer: Observer) -> Result<Self, CollectError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("tenken/", env!("CARGO_PKG_VERSION"), " (read-only audit)"))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| CollectError::Setup(error.to_string()))?;
        Ok(Self {
            http,
            source,
            base,
            observer,
            not_before: Mutex::new(None),
        })
    }

    /// Address of the source.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Whether an address is on the source's own host: only such are followed and sent a token.
    pub(super) fn owns(&self, url: &Url) -> bool {
        url.scheme() == self.base.scheme()
            && url.host_str() == self.base.host_str()
            && url.port_or_known_default() == self.base.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }

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

    /// The one place where requests are sent. A POST without a form, or any other method, does not leave it.
    async fn send(
        &self,
        method: Method,
        url: &Url,
        authorization: Option<&SecretString>,
        form: Option<&[(&str, &str)]>,
    ) -> Result<Answer, String> {
        let allowed = match (&method, authorization, form) {
            (&Method::GET, Some(_), None) => true,
            (&Method::POST, None, Some(_)) => url.path().ends_with("/token"),
            _ => false,
        };
        if !allowed {
            return Err(format!("the write guard stopped {method} {}", url.path()));
        }
        let mut request = self
            .http
            .request(method, url.clone())
            .header(ACCEPT, "application/json");
        if let Some(secret) = authorization {
            let mut value =
                HeaderValue::from_str(secret.expose_secret()).map_err(|_| "the credential is not a header value")?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let describe = |error: &reqwest::Error| format!("{}: {}", host(url), describe(error));
        let mut response = request.send().await.map_err(|error| describe(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(format!("the answer is larger than {} MiB", MAX_BODY >> 20));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
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

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What went wrong on the wire, without the address, which may hold cursors.
fn describe(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        let part = current.to_string();
        if !part.contains("://") && !text.contains(&part) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&part);
        }
        cause = current.source();
    }
    if text.is_empty() {
        "the connection failed".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn client(base: &str) -> Client {
        Client::new(SourceName::Okta, Url::parse(base).unwrap(), Arc::new(|_| ())).unwrap()
    }

    #[test]
    fn only_the_own_host_is_followed() {
        let client = client("https://contoso.okta.com");
        for (url, own) in [
            ("https://contoso.okta.com/api/v1/users?after=x", true),
            ("https://contoso.okta.com:443/api/v1/users", true),
            ("http://contoso.okta.com/api/v1/users", false),
            ("https://contoso.okta.com.evil.example/", false),
            ("https://evil.example/?https://contoso.okta.com", false),
            ("https://contoso.okta.com:8443/", false),
            ("https://a@contoso.okta.com/", false),
        ] {
            assert_eq!(client.owns(&Url::parse(url).unwrap()), own, "{url}");
        }
    }

    #[tokio::test]
    async fn the_write_guard_lets_nothing_but_reads_and_tokens_out() {
        let client = client("http://127.0.0.1:9");
        let secret = SecretString::from("SSWS x");
        let form: &[(&str, &str)] = &[("a", "b")];
        let token = Url::parse("http://127.0.0.1:9/t/oauth2/v2.0/token").unwrap();
        let other = Url::parse("http://127.0.0.1:9/api/v1/users").unwrap();
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD] {
            for url in [&token, &other] {
                for (authorization, form) in [(Some(&secret), None), (Some(&secret), Some(form)), (None, None)] {
                    let Err(message) = client.send(method.clone(), url, authorization, form).await else {
                        panic!("{method} left")
                    };
                    assert!(message.contains("write guard"), "{method} {url}: {message}");
                }
            }
        }
        let Err(message) = client.send(Method::POST, &other, None, Some(form)).await else {
            panic!("POST left")
        };
        assert!(message.contains("write guard"));
    }

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
