//! What the vendors' headers say about pace.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// Longest wait that a header can ask for.
const MAX_WAIT: Duration = Duration::from_secs(300);

pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The wait that an answer asks for: `Retry-After` (Graph), else the reset of the window (Okta).
pub(super) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = number(headers, "retry-after").map(Duration::from_secs);
    seconds.or_else(|| until_reset(headers)).map(|wait| wait.min(MAX_WAIT))
}

/// Whether a refusal means too many requests at the same time: limit and remaining are both zero
/// (developer.okta.com/docs/reference/rl-best-practices).
pub(super) fn at_once(headers: &HeaderMap) -> bool {
    number(headers, "x-rate-limit-limit") == Some(0) && number(headers, "x-rate-limit-remaining") == Some(0)
}

/// Time until `X-Rate-Limit-Reset` (epoch seconds), by the server's own clock in `Date`; at least a second.
pub(super) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let reset = i64::try_from(number(headers, "x-rate-limit-reset")?).ok()?;
    let date = headers.get("date")?.to_str().ok()?;
    let now = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let wait = u64::try_from(reset.saturating_sub(now)).unwrap_or(0).max(1);
    Some(Duration::from_secs(wait).min(MAX_WAIT))
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
