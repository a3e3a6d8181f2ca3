//! The HTTP client of one source, and its write guard.
//!
//! What can be sent is a [`Request`], and there are three kinds: GET to the source's own host, a form to the one token
//! endpoint, and GET of a token that the machine's host hands out. No other module builds requests
//! (`tests/it/architecture.rs`). Redirects are not followed and answers are limited in size; when a request is sent again
//! is the matter of `retry`.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::pace::Pace;
use super::{CollectError, Observer};
use crate::catalog::SourceName;

/// Largest answer, decompressed.
const MAX_BODY: usize = 128 << 20;
/// Largest answer of a token endpoint.
const MAX_TOKEN_BODY: usize = 1 << 20;
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
    /// The only address that anything is posted to.
    token_url: Option<Url>,
    pub(super) observer: Observer,
    pub(super) pace: Pace,
}

/// A request: there is no other kind.
pub(super) enum Request {
    /// GET to the source's own host.
    Read { url: Url, signature: Signature },
    /// POST of a form to the token endpoint.
    Token {
        form: Vec<(&'static str, SecretString)>,
        /// The value of the DPoP header.
        proof: Option<String>,
    },
    /// GET of a token that the machine's host gives to programs on it; the header shows that it is one of them.
    Identity {
        url: Url,
        header: (&'static str, SecretString),
        /// Whether the system's proxy is used: link-local addresses are not beyond it.
        by_proxy: bool,
    },
}

impl Request {
    /// What a careless server might repeat in its answer.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::Token { form, .. } => {
                let secret = |(name, _): &&(&str, SecretString)| matches!(*name, "client_secret" | "client_assertion");
                form.iter().filter(secret).map(|(_, value)| value.clone()).collect()
            }
            Self::Identity { header, .. } => vec![header.1.clone()],
            Self::Read { .. } => Vec::new(),
        }
    }

    fn largest_answer(&self) -> usize {
        match self {
            Self::Read { .. } => MAX_BODY,
            Self::Token { .. } | Self::Identity { .. } => MAX_TOKEN_BODY,
        }
    }
}

impl Answer {
    /// The same answer with our secrets covered, as they are and as a form has them.
    pub(super) fn without(self, secrets: &[SecretString]) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        let mut covered = text.into_owned();
        for secret in secrets.iter().map(|secret| secret.expose_secret()) {
            let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for form in [secret, &encoded] {
                // What is as short as "true" is no secret, and may be part of any answer.
                if form.len() >= SHORTEST_SECRET {
                    covered = covered.replace(form, "***");
                }
            }
        }
        Self {
            body: covered.into_bytes(),
            ..self
        }
    }
}

/// Shorter texts are not looked for in answers.
const SHORTEST_SECRET: usize = 6;

/// What shows that a request comes from somebody who may ask.
pub(super) struct Signature {
    /// The value of the Authorization header.
    pub(super) authorization: SecretString,
    /// The value of the DPoP header.
    pub(super) proof: Option<String>,
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
    /// A client for the source at `base`, that posts to `token_url` only and trusts the authorities in `ca_file` besides
    /// the system's.
    pub(super) fn new(
        source: SourceName,
        base: Url,
        token_url: Option<Url>,
        ca_file: Option<&Path>,
        pace: Pace,
        observer: Observer,
    ) -> Result<Self, CollectError> {
        let trusted = ca_file.map(authorities).transpose()?.unwrap_or_default();
        let http = settings()
            .tls_certs_merge(trusted)
            .build()
            .map_err(|error| CollectError::Setup(describe(&error)))?;
        Ok(Self {
            http,
            source,
            base,
            token_url,
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

    /// The one place where requests are sent.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let largest = request.largest_answer();
        let (url, request) = self.build(request)?;
        let broken = |error: &reqwest::Error| broken(&url, error);
        let mut response = request
            .header(ACCEPT, "application/json")
            .send()
            .await
            .map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > largest {
                // It would be as large the next time.
                return Err(SendError::Refused(format!(
                    "{}: the answer is larger than {} MiB, decompressed",
                    host(&url),
                    largest >> 20
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    /// The request as it is sent, and where to. What may not be sent is not built.
    fn build(&self, request: Request) -> Result<(Url, RequestBuilder), SendError> {
        let refused = |reason: &str| {
            Err(SendError::Refused(format!(
                "the write guard stopped a request: {reason}"
            )))
        };
        match request {
            Request::Read { url, signature } => {
                if !self.owns(&url) {
                    return refused("it would go to another host");
                }
                let header = secret_header(&signature.authorization)?;
                let request = self.http.get(url.clone()).header(AUTHORIZATION, header);
                Ok((url, with_proof(request, signature.proof)))
            }
            Request::Token { form, proof } => {
                let Some(url) = self.token_url.clone() else {
                    return refused("this credential has no token endpoint");
                };
                let fields: Vec<(&str, &str)> = form
                    .iter()
                    .map(|(name, value)| (*name, value.expose_secret()))
                    .collect();
                let request = self.http.post(url.clone()).form(&fields);
                Ok((url, with_proof(request, proof)))
            }
            Request::Identity { url, header, by_proxy } => {
                let direct = if by_proxy { None } else { Some(direct()?) };
                let http = direct.as_ref().unwrap_or(&self.http);
                let request = http.get(url.clone()).header(header.0, secret_header(&header.1)?);
                Ok((url, request))
            }
        }
    }
}

/// What all clients have in common.
fn settings() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("tenken/", env!("CARGO_PKG_VERSION"), " (read-only audit)"))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .read_timeout(STALL)
        .timeout(TIMEOUT)
}

/// A client that asks no proxy.
fn direct() -> Result<reqwest::Client, SendError> {
    let client = settings().no_proxy().build();
    client.map_err(|error| SendError::Refused(describe(&error)))
}

fn secret_header(secret: &SecretString) -> Result<HeaderValue, SendError> {
    let mut value = HeaderValue::from_str(secret.expose_secret())
        .map_err(|_| SendError::Refused("the credential is not a header value".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn with_proof(request: RequestBuilder, proof: Option<String>) -> RequestBuilder {
    match proof {
        Some(proof) => request.header("dpop", proof),
        None => request,
    }
}

/// The certificates in a file.
fn authorities(path: &Path) -> Result<Vec<Certificate>, CollectError> {
    let failed = |message: String| CollectError::Setup(format!("ca_file `{}`: {message}", path.display()));
    let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let list = Certificate::from_pem_bundle(&text).map_err(|error| failed(describe(&error)))?;
    if list.is_empty() {
        return Err(failed(
            "it holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(list)
}

pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What to tell whose certificate is not trusted.
const UNTRUSTED: &str = "behind a proxy that looks into TLS, name its authority's certificate as ca_file";

/// An exchange that failed. Another attempt may do, but for a certificate that is not trusted.
fn broken(url: &Url, error: &reqwest::Error) -> SendError {
    let message = format!("{}: {}", host(url), describe(error));
    // What rustls says begins so: "invalid peer certificate: UnknownIssuer".
    match message.contains("invalid peer certificate") {
        true => SendError::Refused(format!("{message} ({UNTRUSTED})")),
        false => SendError::Broken(message),
    }
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
        let token_url = Url::parse(base).unwrap().join("/oauth2/v1/token").ok();
        Client::new(
            SourceName::Okta,
            Url::parse(base).unwrap(),
            token_url,
            None,
            pace,
            Arc::new(|_| ()),
        )
        .unwrap()
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
            let signature = Signature {
                authorization: "SSWS x".to_owned().into(),
                proof: None,
            };
            let url = Url::parse(url).unwrap();
            assert_eq!(client.build(Request::Read { url, signature }).is_ok(), own);
        }
    }

    #[test]
    fn nothing_leaves_but_reads_and_the_one_token_request() {
        let client = client("https://contoso.okta.com");
        let built = |request| {
            let (_, builder) = client.build(request).ok().unwrap();
            let built = builder.build().unwrap();
            format!("{} {}", built.method(), built.url())
        };
        let url = Url::parse("https://contoso.okta.com/api/v1/users").unwrap();
        let signature = Signature {
            authorization: "SSWS x".to_owned().into(),
            proof: None,
        };
        assert_eq!(
            built(Request::Read { url, signature }),
            "GET https://contoso.okta.com/api/v1/users"
        );
        let form = vec![("a", "b".to_owned().into())];
        assert_eq!(
            built(Request::Token { form, proof: None }),
            "POST https://contoso.okta.com/oauth2/v1/token"
        );
        let header = ("metadata", "true".to_owned().into());
        let url = Url::parse("http://169.254.169.254/metadata").unwrap();
        let by_proxy = false;
        assert_eq!(
            built(Request::Identity { url, header, by_proxy }),
            "GET http://169.254.169.254/metadata"
        );
    }

    #[test]
    fn a_credential_is_covered_wherever_requests_are_shown() {
        let client = client("https://contoso.okta.com");
        let signature = Signature {
            authorization: "SSWS hush".to_owned().into(),
            proof: None,
        };
        let url = Url::parse("https://contoso.okta.com/").unwrap();
        let (_, builder) = client.build(Request::Read { url, signature }).ok().unwrap();
        assert!(!format!("{builder:?} {:?}", builder.try_clone().unwrap().build()).contains("hush"));
    }
}
