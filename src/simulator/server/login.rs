//! Microsoft's sign-in: a client secret for an access token
//! (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).

use std::sync::{Arc, Mutex, PoisonError};

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::graph_rules::Rules;
use super::{Shared, answer};
use crate::simulator::draw::{hash, mix};
use crate::simulator::endpoint::{ENDPOINTS, Vendor};
use crate::simulator::identity;
use crate::simulator::world::after;

/// How long a token is good, in seconds.
const LIFETIME: i64 = 3_599;
/// More tokens than this nobody holds at once.
const TOKENS: usize = 1_000;

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<Vec<(String, Timestamp)>>);

impl Tokens {
    /// Whether a token was given out and is still good.
    pub(super) fn knows(&self, token: &str, now: Timestamp) -> bool {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().any(|(known, expires)| known == token && *expires > now)
    }

    /// Remembers a token, and forgets those that are no longer good.
    fn give_out(&self, token: &str, expires: Timestamp, now: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(_, expires)| *expires > now);
        if tokens.len() == TOKENS {
            tokens.remove(0);
        }
        tokens.push((token.to_owned(), expires));
    }
}

/// Why there is no token.
struct Refusal {
    /// HTTP status.
    status: StatusCode,
    /// OAuth error.
    error: &'static str,
    /// Number of the AADSTS error.
    code: u32,
    /// What an administrator reads.
    text: String,
}

impl Refusal {
    /// A request that is itself wrong.
    fn bad(error: &'static str, code: u32, text: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            error,
            code,
            text: text.into(),
        }
    }
}

/// The fields of a form.
type Fields = Vec<(String, String)>;

/// Answers a request for a token.
pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    method: Method,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    let mut response = match grant(&shared, &tenant, &method, &fields) {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(refusal) => answer::json(refusal.status, &describe(&shared, &refusal)),
    };
    answer::add_header(&mut response, "content-type", "application/json; charset=utf-8");
    answer::add_header(&mut response, "date", shared.clock.http_date());
    answer::add_header(&mut response, "cache-control", "no-store, no-cache");
    response
}

/// A token for the right credentials.
fn grant(shared: &Shared, tenant: &str, method: &Method, fields: &Fields) -> Result<Value, Refusal> {
    if method != Method::POST {
        let text = "The endpoint only accepts POST requests. Received a GET request.";
        return Err(Refusal::bad("invalid_request", 900_561, text));
    }
    if !shared.world.is_tenant(tenant) {
        return Err(Refusal::bad(
            "invalid_request",
            90_002,
            format!("Tenant '{tenant}' not found."),
        ));
    }
    let field = |name: &str| {
        let value = fields
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str());
        let missing = || format!("The request body must contain the following parameter: '{name}'.");
        value.ok_or_else(|| Refusal::bad("invalid_request", 900_144, missing()))
    };
    if field("grant_type")? != "client_credentials" {
        return Err(Refusal::bad(
            "unsupported_grant_type",
            70_003,
            "The app requested an unsupported grant type.",
        ));
    }
    let (client, expected) = (field("client_id")?, &shared.credentials);
    if client != expected.client_id {
        let text = format!("Application with identifier '{client}' was not found in the directory.");
        return Err(Refusal::bad("unauthorized_client", 700_016, text));
    }
    let scope = field("scope")?;
    let Some(audience) = scope.strip_suffix("/.default") else {
        let text =
            format!("The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.");
        return Err(Refusal::bad("invalid_scope", 70_011, text));
    };
    let secret = fields
        .iter()
        .find(|(name, _)| name == "client_secret")
        .map(|(_, value)| value);
    let (code, text) = match secret {
        Some(secret) if *secret == expected.client_secret => return Ok(token(shared, audience)),
        Some(_) => (
            7_000_215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app",
        ),
        None => (
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret', for app",
        ),
    };
    let text = format!("{text} '{client}'.");
    Err(Refusal {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_client",
        code,
        text,
    })
}

/// A token in the form of a JWT. Its signature is made up: only Graph ever checks the tokens that
/// are made for Graph.
fn token(shared: &Shared, audience: &str) -> Value {
    let now = shared.clock.now();
    let expires = after(now, SignedDuration::from_secs(LIFETIME));
    let (tenant, client) = (&shared.credentials.tenant_id, &shared.credentials.client_id);
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": "simulated" });
    let claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{tenant}/"),
        "iat": now.as_second(),
        "nbf": now.as_second(),
        "exp": expires.as_second(),
        "appid": client,
        "appidacr": "1",
        "idtyp": "app",
        "oid": identity::guid("service-principal", hash(client)).to_string(),
        "roles": roles(shared),
        "sub": identity::guid("service-principal", hash(client)).to_string(),
        "tid": tenant,
        "uti": identity::okta("uti", shared.next_number()),
        "ver": "1.0"
    });
    let signed = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    let signature: Vec<u8> = (0..32)
        .flat_map(|block| mix(hash(&signed) ^ block).to_be_bytes())
        .collect();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    shared.tokens.give_out(&token, expires, now);
    json!({ "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token })
}

/// The permissions that are granted; where the scenario does not say, the least that open all
/// paths.
fn roles(shared: &Shared) -> Vec<&str> {
    if let Some(granted) = shared.world.granted() {
        return granted.iter().map(String::as_str).collect();
    }
    let graph = ENDPOINTS.iter().filter(|endpoint| endpoint.vendor == Vendor::Graph);
    let mut roles: Vec<_> = graph
        .filter_map(|endpoint| Rules::of(endpoint).permissions.first().copied())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The body of a refusal.
fn describe(shared: &Shared, refusal: &Refusal) -> Value {
    let number = shared.next_number();
    let (trace, correlation) = (identity::guid("trace", number), identity::guid("correlation", number));
    let time = shared.clock.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let text = format!(
        "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
        refusal.code, refusal.text
    );
    json!({
        "error": refusal.error,
        "error_description": text,
        "error_codes": [refusal.code],
        "timestamp": time,
        "trace_id": trace.to_string(),
        "correlation_id": correlation.to_string(),
        "error_uri": format!("{}/error?code={}", shared.microsoft_url, refusal.code)
    })
}
