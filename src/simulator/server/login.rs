//! Microsoft's sign-in: a client secret, a certificate or another issuer's token for an access token
//! (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow), and Azure's metadata service.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::assertion::{PublicKey, Used, read_assertion};
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
    let optional = |name: &str| fields.iter().find(|(given, _)| given == name).map(|(_, value)| value);
    if let Some(assertion) = optional("client_assertion") {
        let trust = &shared.app_trust;
        return match trust.accept(shared, tenant, client, assertion) {
            Ok(()) => Ok(token(shared, audience)),
            Err((code, text)) => Err(Refusal {
                status: StatusCode::UNAUTHORIZED,
                error: "invalid_client",
                code,
                text,
            }),
        };
    }
    let (code, text) = match optional("client_secret") {
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

/// What an app registration takes instead of a secret.
#[derive(Clone, Debug, Default)]
pub struct AppTrust {
    /// A certificate, as PEM.
    pub certificate: Option<String>,
    /// Another issuer, whom it believes.
    pub federation: Option<Federation>,
    /// Whether the machine has a managed identity.
    pub has_managed_identity: bool,
}

/// A federated credential of an app registration
/// (learn.microsoft.com/entra/workload-id/workload-identity-federation).
#[derive(Clone, Debug)]
pub struct Federation {
    /// Who signs the tokens.
    pub issuer: String,
    /// Whom they are about.
    pub subject: String,
    /// The issuer's public key.
    pub public_key: PublicKey,
}

/// Number and text of a refusal.
type Refused = (u32, String);

impl AppTrust {
    /// Takes a client assertion, or says why not.
    fn accept(&self, shared: &Shared, tenant: &str, client: &str, assertion: &str) -> Result<(), Refused> {
        let header = jsonwebtoken::decode_header(assertion);
        let header = header.map_err(|_| (50_027, "JWT token is invalid or malformed.".to_owned()))?;
        if header.x5t_s256.is_some() {
            return self.accept_certificate(shared, tenant, client, assertion);
        }
        let unknown = || {
            let text =
                format!("No matching federated identity record found for presented assertion, client '{client}'.");
            (700_213, text)
        };
        let federation = self.federation.as_ref().ok_or_else(unknown)?;
        let now = shared.clock.now();
        let read = read_assertion(assertion, &federation.public_key, TOKEN_EXCHANGE, now, &Used::default());
        let (_, claims) = read.map_err(|text| (700_211, text))?;
        let is_trusted = claims.iss == federation.issuer && claims.sub == federation.subject;
        if is_trusted { Ok(()) } else { Err(unknown()) }
    }

    fn accept_certificate(&self, shared: &Shared, tenant: &str, client: &str, assertion: &str) -> Result<(), Refused> {
        let wrong = |text: &str| {
            (
                700_027,
                format!("The certificate with identifier used to sign the client assertion {text}"),
            )
        };
        let pem = self.certificate.as_deref();
        let pem = pem.ok_or_else(|| wrong("is not registered on application."))?;
        let key = PublicKey::parse(pem).map_err(|text| wrong(&text))?;
        let audience = format!("{}/{tenant}/oauth2/v2.0/token", shared.microsoft_url);
        let read = read_assertion(assertion, &key, &audience, shared.clock.now(), &shared.assertions);
        let (header, claims) = read.map_err(|text| wrong(&text))?;
        let digest = pem::parse(pem).map(|block| URL_SAFE_NO_PAD.encode(Sha256::digest(block.contents())));
        if header.alg != Algorithm::PS256 || header.x5t_s256 != digest.ok() {
            return Err(wrong("is not registered on application."));
        }
        if claims.iss != client || claims.sub != client {
            return Err((
                7_000_211,
                "Issuer and subject of the assertion must be the client.".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Audience of tokens that are exchanged.
const TOKEN_EXCHANGE: &str = "api://AzureADTokenExchange";
/// Path of the metadata service that Azure's machines have.
pub(super) const METADATA_PATH: &str = "/metadata/identity/oauth2/token";

/// Answers as Azure's instance metadata service
/// (learn.microsoft.com, "How to use managed identities on an Azure VM to acquire an access token").
pub(super) async fn serve_identity(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let bad = |error: &str, text: &str| {
        let body = json!({ "error": error, "error_description": text });
        answer::json(StatusCode::BAD_REQUEST, &body)
    };
    if headers.get("metadata").is_none_or(|value| value != "true") {
        return bad("bad_request_102", "Required metadata header not specified");
    }
    if !shared.app_trust.has_managed_identity {
        return bad("invalid_request", "Identity not found");
    }
    let Parameters(pairs) = Parameters::<Fields>::try_from_uri(&uri).unwrap_or_default();
    let resource = pairs.iter().find(|(name, _)| name == "resource");
    let Some((_, audience)) = resource else {
        return bad("invalid_request", "Required query variable 'resource' is missing");
    };
    let mut body = token(&shared, audience);
    if let Some(fields) = body.as_object_mut() {
        // This service writes its numbers as text.
        fields.insert("expires_in".to_owned(), LIFETIME.to_string().into());
        fields.insert("resource".to_owned(), audience.as_str().into());
    }
    answer::json(StatusCode::OK, &body)
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
