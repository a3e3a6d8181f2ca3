//! The HTTP client of one source, and its write guard.
//!
//! It can send two kinds of request and no other: GET to the source's own host, and a form to its token endpoint.
//! Redirects are not followed and answers are limited in size; when a request is sent again is the matter of `retry`.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::pace::Pace;
use super::{CollectError, Observer};
use crate::catalog::SourceName;

/// Largest answer, decompressed.
const MAX_BODY: usize = 128 << 20;
/// Time for one answer.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Time in which nothing at all arrives.
const STALL: Duration = Duration::from_secs(30);
/// Time to connect.
const CONNECT: Duration = Duration::from_secs(15);

/// A client for one source.
pub(super) struct Client {
    http: reqwest::Client,
    pub(super) source: SourceName,
    base: Url,
    pub(super) observer: Observer,
    pub(super) pace: Pace,
}

/// An answer whose body was read whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum SendError {
    /// The connection broke; another attempt may do.
    Broken(String),
    /// Another attempt would end the same.
    Refused(String),
}

impl Client {
    pub(super) fn new(source: SourceName, base: Url, pace: Pace, observer: Observer) -> Result<Self, CollectError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("tenken/", env!("CARGO_PKG_VERSION"), " (read-only audit)"))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(STALL)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| CollectError::Setup(error.to_string()))?;
        Ok(Self {
            http,
            source,
            base,
            observer,
            pace,
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

    /// The one place where requests are sent. A POST without a form, or any other method, does not leave it.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        authorization: Option<&SecretString>,
        form: Option<&[(&str, &str)]>,
    ) -> Result<Answer, SendError> {
        let allowed = match (&method, authorization, form) {
            (&Method::GET, Some(_), None) => true,
            (&Method::POST, None, Some(_)) => url.path().ends_with("/token"),
            _ => false,
        };
        if !allowed {
            return Err(SendError::Refused(format!(
                "the write guard stopped {method} {}",
                url.path()
            )));
        }
        let mut request = self
            .http
            .request(method, url.clone())
            .header(ACCEPT, "application/json");
        if let Some(secret) = authorization {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| SendError::Refused("the credential is not a header value".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let describe = |error: &reqwest::Error| SendError::Broken(format!("{}: {}", host(url), describe(error)));
        let mut response = request.send().await.map_err(|error| describe(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
            if body.len() + chunk.len() > MAX_BODY {
                // It would be as large the next time.
                return Err(SendError::Refused(format!(
                    "{}: the answer is larger than {} MiB, decompressed",
                    host(url),
                    MAX_BODY >> 20
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What went wrong on the wire, without the address, which may hold cursors.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the server does not answer, or too slowly".to_owned();
    }
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
    let what = if error.is_body() || error.is_decode() {
        "the answer broke off or is damaged"
    } else {
        "the connection failed"
    };
    if text.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::RateShare;
    use std::sync::Arc;

    fn client(base: &str) -> Client {
        let pace = Pace::new(SourceName::Okta, RateShare::default());
        Client::new(SourceName::Okta, Url::parse(base).unwrap(), pace, Arc::new(|_| ())).unwrap()
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
                    let Err(SendError::Refused(message)) = client.send(method.clone(), url, authorization, form).await
                    else {
                        panic!("{method} left")
                    };
                    assert!(message.contains("write guard"), "{method} {url}: {message}");
                }
            }
        }
        let Err(SendError::Refused(message)) = client.send(Method::POST, &other, None, Some(form)).await else {
            panic!("POST left")
        };
        assert!(message.contains("write guard"));
    }
}
