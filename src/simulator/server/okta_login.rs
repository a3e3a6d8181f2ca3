//! The Okta org's own authorization server: a service app's assertion for an access token
//! (developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp, developer.okta.com/docs/guides/dpop).

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::assertion::{Expected, PublicKey, Used, read_assertion, read_proof};
use super::{Shared, answer};
use crate::simulator::endpoint::Endpoint;
use crate::simulator::identity;
use crate::simulator::world::after;

/// How long a token is good, in seconds: Okta's are always good for an hour.
const LIFETIME: i64 = 3_600;
/// Path of the token endpoint.
pub(super) const PATH: &str = "/oauth2/v1/token";

/// A service app that may sign in to the org.
#[derive(Clone, Debug)]
pub struct ServiceApp {
    /// Its client id.
    pub client_id: String,
    /// Id of its public key.
    pub key_id: String,
    /// Its public key.
    pub public_key: PublicKey,
    /// Scopes that are granted to it; `None` for all there are.
    pub scopes: Option<Vec<String>>,
    /// Whether tokens are given out to those only who send a DPoP proof, as is the default for new apps.
    pub requires_dpop: bool,
}

/// Which OAuth scope opens which path.
static SCOPES: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    #[expect(
        clippy::panic,
        reason = "the file is part of the program; every test of the simulator reads it"
    )]
    serde_yaml::from_str(include_str!("../stock/okta_scopes.yaml"))
        .unwrap_or_else(|error| panic!("the scopes of the simulator's paths cannot be read: {error}"))
});

/// The scope that a path needs.
pub(super) fn scope_of(endpoint: &Endpoint) -> Option<&'static str> {
    let mut scopes = SCOPES.iter();
    let found = scopes.find(|(_, paths)| paths.iter().any(|path| path == endpoint.template));
    found.map(|(scope, _)| scope.as_str())
}

/// The tokens that were given out, and what was signed for them.
#[derive(Debug, Default)]
pub(super) struct Grants {
    tokens: Mutex<Vec<Granted>>,
    used: Used,
}

/// A token that was given out.
#[derive(Clone, Debug)]
struct Granted {
    token: String,
    scopes: Vec<String>,
    /// Thumbprint of the key it is bound to.
    bound_to: Option<String>,
    expires: Timestamp,
}

/// Why a request with an access token is refused.
pub(super) enum Refused {
    /// The token, or the proof that goes with it.
    Token,
    /// The scope of the path.
    Scope,
}

impl Grants {
    /// Whether a request with this Authorization header may read a path.
    pub(super) fn allow(
        &self,
        authorization: &str,
        proof: Option<&str>,
        url: &str,
        scope: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let (scheme, token) = authorization.split_once(' ').ok_or(Refused::Token)?;
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = tokens
            .iter()
            .find(|granted| granted.token == token && granted.expires > now);
        let granted = granted.cloned().ok_or(Refused::Token)?;
        drop(tokens);
        match (&granted.bound_to, scheme, proof) {
            (None, "Bearer", None) => {}
            (Some(thumbprint), "DPoP", Some(proof)) => {
                let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
                let expected = Expected {
                    method: "GET",
                    url,
                    token_hash: Some(&hash),
                    now,
                };
                let proof = read_proof(proof, &expected, &self.used).map_err(|_| Refused::Token)?;
                if proof.thumbprint != *thumbprint {
                    return Err(Refused::Token);
                }
            }
            _ => return Err(Refused::Token),
        }
        match scope {
            Some(scope) if !granted.scopes.iter().any(|granted| granted == scope) => Err(Refused::Scope),
            _ => Ok(()),
        }
    }
}

/// Why there is no token.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    text: String,
}

fn refuse(error: &'static str, text: impl Into<String>) -> Refusal {
    let status = match error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal {
        status,
        error,
        text: text.into(),
    }
}

/// Answers a request for a token.
pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    let mut response = match grant(&shared, &method, &headers, &fields) {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(refusal) => {
            let body = json!({ "error": refusal.error, "error_description": refusal.text });
            let mut response = answer::json(refusal.status, &body);
            if refusal.error == "use_dpop_nonce" {
                answer::add_header(&mut response, "dpop-nonce", nonce(&shared));
            }
            response
        }
    };
    answer::add_header(&mut response, "content-type", "application/json");
    answer::add_header(&mut response, "date", shared.clock.http_date());
    answer::add_header(&mut response, "cache-control", "no-cache, no-store");
    response
}

/// The nonce that proofs must have now.
fn nonce(shared: &Shared) -> String {
    let day = shared.clock.now().as_second() / 86_400;
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("nonce {day}")))
}

fn grant(shared: &Shared, method: &Method, headers: &HeaderMap, fields: &[(String, String)]) -> Result<Value, Refusal> {
    let app = shared.service_app.as_ref();
    let app = app.ok_or_else(|| refuse("invalid_client", "Invalid value for 'client_id' parameter."))?;
    if method != Method::POST {
        return Err(refuse("invalid_request", "The request must be a POST."));
    }
    let field = |name: &str| {
        let found = fields.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if field("grant_type") != "client_credentials" {
        return Err(refuse(
            "unsupported_grant_type",
            "The authorization grant type is not supported.",
        ));
    }
    let (now, audience) = (shared.clock.now(), format!("{}{PATH}", shared.okta_url));
    let used = &shared.grants.used;
    let read = read_assertion(field("client_assertion"), &app.public_key, &audience, now, used);
    let (header, claims) = read.map_err(|text| refuse("invalid_client", text))?;
    if claims.iss != app.client_id || claims.sub != app.client_id {
        return Err(refuse(
            "invalid_client",
            "The issuer and subject must be the client id.",
        ));
    }
    if header.kid.as_deref() != Some(app.key_id.as_str()) {
        return Err(refuse(
            "invalid_client",
            "The client_assertion's 'kid' is not one of the app's keys.",
        ));
    }
    let bound_to = bound(shared, app, headers, &audience)?;
    let scopes: Vec<String> = field("scope").split_whitespace().map(str::to_owned).collect();
    let is_granted = |scope: &String| match &app.scopes {
        Some(granted) => granted.contains(scope),
        None => SCOPES.contains_key(scope),
    };
    if scopes.is_empty() || !scopes.iter().any(is_granted) {
        return Err(refuse(
            "consent_required",
            "You are not allowed any of the requested scopes.",
        ));
    }
    if !scopes.iter().all(is_granted) {
        let text = "One or more scopes are not configured for the authorization server resource.";
        return Err(refuse("invalid_scope", text));
    }
    Ok(token(shared, app, scopes, bound_to))
}

/// Thumbprint of the key that the token will be bound to, if the client sent a proof.
fn bound(shared: &Shared, app: &ServiceApp, headers: &HeaderMap, url: &str) -> Result<Option<String>, Refusal> {
    let Some(proof) = headers.get("dpop") else {
        return match app.requires_dpop {
            true => Err(refuse("invalid_dpop_proof", "The DPoP proof JWT header is missing.")),
            false => Ok(None),
        };
    };
    let expected = Expected {
        method: "POST",
        url,
        token_hash: None,
        now: shared.clock.now(),
    };
    let text = proof.to_str().unwrap_or_default();
    let proof = read_proof(text, &expected, &shared.grants.used);
    let proof = proof.map_err(|text| refuse("invalid_dpop_proof", text))?;
    match proof.nonce {
        Some(given) if given == nonce(shared) => Ok(Some(proof.thumbprint)),
        _ => {
            let text = "Authorization server requires nonce in DPoP proof.";
            Err(refuse("use_dpop_nonce", text))
        }
    }
}

/// A token in the form of a JWT, whose signature nobody checks.
fn token(shared: &Shared, app: &ServiceApp, scopes: Vec<String>, bound_to: Option<String>) -> Value {
    let now = shared.clock.now();
    let expires = after(now, SignedDuration::from_secs(LIFETIME));
    let claims = json!({
        "ver": 1,
        "jti": identity::okta("at", shared.next_number()),
        "iss": shared.okta_url,
        "aud": shared.okta_url,
        "sub": app.client_id,
        "cid": app.client_id,
        "iat": now.as_second(),
        "exp": expires.as_second(),
        "scp": scopes,
        "cnf": bound_to.as_ref().map(|thumbprint| json!({ "jkt": thumbprint }))
    });
    let header = json!({ "alg": "RS256", "kid": "simulated" });
    let signed = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(Sha256::digest(&signed)));
    let kind = if bound_to.is_some() { "DPoP" } else { "Bearer" };
    let body = json!({ "token_type": kind, "expires_in": LIFETIME, "access_token": token, "scope": scopes.join(" ") });
    let mut tokens = shared.grants.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.retain(|granted| granted.expires > now);
    tokens.push(Granted {
        token,
        scopes,
        bound_to,
        expires,
    });
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::endpoint::{ENDPOINTS, Resource, Vendor};

    #[test]
    fn every_path_of_the_org_has_a_scope() {
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.vendor == Vendor::Okta) {
            let is_open = endpoint.resource == Resource::OktaOrganization;
            assert_eq!(scope_of(endpoint).is_none(), is_open, "{}", endpoint.template);
        }
    }
}
