//! An Okta service app: `private_key_jwt`, DPoP, and scopes that are not granted
//! (developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp).

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header};
use reqwest::Url;
use tokio::sync::Mutex;

use super::assertion::{ASSERTION_TYPE, Key, Kind};
use super::dpop::{self, ProofKey};
use super::token::{AccessToken, error_code};
use crate::collect::client::{Answer, Client, Request};
use crate::collect::{Clock, CollectError};

/// A service app of an org.
pub(super) struct ServiceApp {
    token_url: Url,
    client_id: String,
    key: Key,
    header: Header,
    proof_key: Arc<ProofKey>,
    /// What is asked for.
    scopes: Vec<String>,
    /// What of it is granted and what not, once that is known.
    known: Mutex<Option<Scopes>>,
}

#[derive(Clone, Debug, Default)]
struct Scopes {
    granted: Vec<String>,
    refused: Vec<String>,
}

/// What came of one request for a token.
enum Asked {
    Token(Box<AccessToken>),
    /// One of the scopes, or several, are not granted.
    ScopeRefused(String),
}

impl ServiceApp {
    pub(super) fn new(
        org: &Url,
        client_id: &str,
        key_id: &str,
        key: Key,
        scopes: &[&str],
    ) -> Result<Self, CollectError> {
        let mut token_url = org.clone();
        if let Ok(mut segments) = token_url.path_segments_mut() {
            // The org's own authorization server: no other gives out `okta.*` scopes.
            segments.pop_if_empty().extend(["oauth2", "v1", "token"]);
        }
        let algorithm = match key.kind() {
            Kind::Rsa => Algorithm::RS256,
            Kind::EllipticCurve => Algorithm::ES256,
        };
        let header = Header {
            kid: Some(key_id.to_owned()),
            ..Header::new(algorithm)
        };
        Ok(Self {
            token_url,
            client_id: client_id.to_owned(),
            key,
            header,
            proof_key: Arc::new(ProofKey::generate().map_err(CollectError::Setup)?),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            known: Mutex::default(),
        })
    }

    pub(super) fn token_url(&self) -> &Url {
        &self.token_url
    }

    /// Scopes that turned out not to be granted.
    pub(super) async fn refused(&self) -> Vec<String> {
        let known = self.known.lock().await;
        known.as_ref().map(|scopes| scopes.refused.clone()).unwrap_or_default()
    }

    /// Buys a token for all scopes that are granted. A single one that is not makes Okta refuse the whole request, so the
    /// first time the refused ones are looked for, by halves.
    pub(super) async fn buy(&self, client: &Client, clock: &Clock) -> Result<AccessToken, String> {
        let mut known = self.known.lock().await;
        if let Some(scopes) = known.as_ref() {
            return match self.ask(client, clock, &scopes.granted).await? {
                Asked::Token(token) => Ok(*token),
                Asked::ScopeRefused(reason) => Err(reason),
            };
        }
        let (scopes, token) = self.discover(client, clock).await?;
        *known = Some(scopes);
        Ok(token)
    }

    async fn discover(&self, client: &Client, clock: &Clock) -> Result<(Scopes, AccessToken), String> {
        let mut scopes = Scopes::default();
        let mut last_refusal = String::new();
        let mut sets = vec![self.scopes.as_slice()];
        let mut whole = None;
        while let Some(set) = sets.pop() {
            match self.ask(client, clock, set).await? {
                Asked::Token(token) => {
                    scopes.granted.extend_from_slice(set);
                    whole = (set.len() == self.scopes.len()).then_some(*token);
                }
                Asked::ScopeRefused(reason) => {
                    last_refusal = reason;
                    match set {
                        [] => return Err(last_refusal),
                        [one] => scopes.refused.push(one.clone()),
                        more => {
                            let (left, right) = more.split_at(more.len() / 2);
                            sets.extend([right, left]);
                        }
                    }
                }
            }
        }
        if scopes.granted.is_empty() {
            let list = self.scopes.join(", ");
            return Err(format!(
                "none of the scopes is granted to the app ({list}): {last_refusal}"
            ));
        }
        let token = match whole {
            Some(token) => token,
            None => match self.ask(client, clock, &scopes.granted).await? {
                Asked::Token(token) => *token,
                Asked::ScopeRefused(reason) => return Err(reason),
            },
        };
        Ok((scopes, token))
    }

    /// Asks for a token once, twice if the server wants a nonce in the proof.
    async fn ask(&self, client: &Client, clock: &Clock, scopes: &[String]) -> Result<Asked, String> {
        let mut answer = self.post(client, clock, scopes).await?;
        if error_code(&answer) == "use_dpop_nonce" && dpop::nonce(&answer.headers).is_some() {
            answer = self.post(client, clock, scopes).await?;
        }
        let refused = matches!(error_code(&answer).as_str(), "invalid_scope" | "consent_required");
        match AccessToken::read(&answer, clock()) {
            Ok(token) if is_bound(&answer) => Ok(Asked::Token(Box::new(token.bound_to(&self.proof_key)))),
            Ok(token) => Ok(Asked::Token(Box::new(token))),
            Err(reason) if refused => Ok(Asked::ScopeRefused(reason)),
            Err(reason) => Err(reason),
        }
    }

    async fn post(&self, client: &Client, clock: &Clock, scopes: &[String]) -> Result<Answer, String> {
        let answer = client
            .token(|| {
                let audience = self.token_url.as_str();
                let assertion = self.key.assert(&self.header, &self.client_id, audience, clock())?;
                Ok(Request::Token {
                    form: vec![
                        ("grant_type", "client_credentials".into()),
                        ("scope", scopes.join(" ").into()),
                        ("client_assertion_type", ASSERTION_TYPE.into()),
                        ("client_assertion", assertion.into()),
                    ],
                    // Sent from the first request on: to wait for a refusal would leave a failed grant in the org's log
                    // every time (github.com/okta/okta-sdk-golang/issues/598).
                    proof: Some(self.proof_key.prove("POST", &self.token_url, None, clock())?),
                })
            })
            .await?;
        if let Some(nonce) = dpop::nonce(&answer.headers) {
            self.proof_key.hear_nonce(nonce);
        }
        Ok(answer)
    }
}

/// Whether the token in an answer is bound to the key of the proof.
fn is_bound(answer: &Answer) -> bool {
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kind = json.get("token_type").and_then(serde_json::Value::as_str);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("DPoP"))
}
