//! Access tokens: reading a token endpoint's answer, what the token says of itself, signing with it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use super::dpop::ProofKey;
use crate::catalog::SourceName;
use crate::collect::client::{Answer, Signature};

/// Tokens are renewed this long before they end, or after half of their life if that is shorter.
const MARGIN: Duration = Duration::from_secs(300);
/// Longer than any token lives (Microsoft's last 60 to 90 minutes, at most a day).
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a token lives whose answer does not say, in seconds: what both vendors give.
const USUAL_LIFETIME: i64 = 3_600;
/// Longest token that is sent: what servers take as a header.
const MAX_LENGTH: usize = 64 << 10;

/// An access token.
pub(in crate::collect) struct AccessToken {
    value: SecretString,
    claims: Claims,
    until: jiff::Timestamp,
    /// The key it is bound to.
    bound_to: Option<Arc<ProofKey>>,
}

/// What a token says of itself. Nothing is trusted because of it, so its signature need not be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// Entra's `roles`, Okta's `scp`; `None` when the token is not to be read.
    pub(super) permissions: Option<Vec<String>>,
    /// Entra's tenant id.
    pub(super) tenant: Option<String>,
}

impl AccessToken {
    /// The token in a token endpoint's answer.
    ///
    /// # Errors
    /// Why there is none, in the server's words.
    pub(super) fn read(answer: &Answer, now: jiff::Timestamp) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or(Json::Null);
        if answer.status != 200 {
            return Err(refusal(answer.status, &json));
        }
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let value = text("access_token").ok_or("the answer holds no access token")?;
        if value.is_empty() || value.len() > MAX_LENGTH || !value.chars().all(|c| c.is_ascii_graphic()) {
            return Err("the answer's access token is not one that can be sent".to_owned());
        }
        let kind = text("token_type").unwrap_or("Bearer");
        if !["Bearer", "DPoP"].iter().any(|known| known.eq_ignore_ascii_case(kind)) {
            return Err("the answer's access token is of a type that is not known".to_owned());
        }
        let lifetime = lifetime(&json, now)?;
        Ok(Self {
            claims: Claims::of(value),
            value: SecretString::from(value.to_owned()),
            until: now + lifetime - MARGIN.min(lifetime / 2),
            bound_to: None,
        })
    }

    /// The same token, bound to a key.
    pub(super) fn bound_to(self, key: &Arc<ProofKey>) -> Self {
        Self {
            bound_to: Some(Arc::clone(key)),
            ..self
        }
    }

    pub(super) fn is_bound(&self) -> bool {
        self.bound_to.is_some()
    }

    pub(super) fn is_good(&self, now: jiff::Timestamp) -> bool {
        now < self.until
    }

    /// Whether it is the token of an Authorization header.
    pub(super) fn is_in(&self, authorization: &SecretString) -> bool {
        authorization.expose_secret().ends_with(self.value.expose_secret())
    }

    pub(super) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(super) fn hear_nonce(&self, nonce: String) {
        if let Some(key) = &self.bound_to {
            key.hear_nonce(nonce);
        }
    }

    /// Signs a GET.
    pub(super) fn sign(&self, url: &Url, now: jiff::Timestamp) -> Result<Signature, String> {
        let value = self.value.expose_secret();
        let (scheme, proof) = match &self.bound_to {
            None => ("Bearer", None),
            Some(key) => ("DPoP", Some(key.prove("GET", url, Some(value), now)?)),
        };
        Ok(Signature {
            authorization: SecretString::from(format!("{scheme} {value}")),
            proof,
        })
    }
}

/// How long a token is good. Azure's metadata service writes numbers as text, and App Service says only when it ends.
fn lifetime(json: &Json, now: jiff::Timestamp) -> Result<Duration, String> {
    let number = |key: &str| {
        let value = json.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    let until_then = || Some(number("expires_on")? - now.as_second());
    let seconds = number("expires_in").or_else(until_then).unwrap_or(USUAL_LIFETIME);
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds).min(MAX_LIFETIME)),
        _ => Err("the answer's access token has ended already".to_owned()),
    }
}

impl Claims {
    fn of(token: &str) -> Self {
        let Ok(json) = jsonwebtoken::dangerous::insecure_decode_claims::<Json>(token) else {
            return Self::default();
        };
        let names = |key: &str| {
            let list = json.get(key).and_then(Json::as_array).into_iter().flatten();
            list.filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        Self {
            permissions: Some([names("roles"), names("scp")].concat()),
            tenant: json.get("tid").and_then(Json::as_str).map(str::to_owned),
        }
    }
}

/// The OAuth error code of a refusal, such as `invalid_scope`.
pub(super) fn error_code(answer: &Answer) -> String {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or(Json::Null);
    json.get("error").and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// `error` and the first line of `error_description`, in the server's words; `Client::token` has covered our secrets.
fn refusal(status: u16, json: &Json) -> String {
    let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
    let description = text("error_description").lines().next().unwrap_or_default();
    let words = [
        &format!("HTTP {status}"),
        text("error"),
        description,
        text("errorSummary"),
    ];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// Whether a permission allows more than reading. One that does not says so in a part of its name: `User.Read.All`,
/// `User.ReadBasic.All`, `RoleManagement.Read.Directory` of Graph, `okta.users.read` of Okta.
pub(super) fn can_write(source: SourceName, permission: &str) -> bool {
    let mut parts = permission.split('.');
    match source {
        SourceName::Entra => !parts.any(|part| part.starts_with("Read") && !part.starts_with("ReadWrite")),
        SourceName::Okta => !parts.any(|part| part == "read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token(claims: &str) -> String {
        let [header, claims] = [r#"{"alg":"RS256"}"#, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{claims}.c2ln")
    }

    #[test]
    fn a_token_says_what_it_allows() {
        let claims = Claims::of(&token(
            r#"{"roles":["User.Read.All","Directory.ReadWrite.All"],"tid":"t1"}"#,
        ));
        let two = ["User.Read.All", "Directory.ReadWrite.All"].map(str::to_owned);
        assert_eq!(claims.permissions, Some(two.to_vec()));
        assert_eq!(claims.tenant.as_deref(), Some("t1"));
        let scopes = Claims::of(&token(r#"{"scp":["okta.users.read"]}"#)).permissions;
        assert_eq!(scopes, Some(vec!["okta.users.read".to_owned()]));
        assert_eq!(Claims::of(&token("{\"roles\":3}")).permissions, Some(Vec::new()));
        for opaque in ["garbage", "", "a.b.c"] {
            assert_eq!(Claims::of(opaque), Claims::default(), "{opaque}");
        }
    }

    fn read(body: &Json) -> Result<AccessToken, String> {
        let answer = Answer {
            status: 200,
            headers: Default::default(),
            body: body.to_string().into_bytes(),
        };
        AccessToken::read(&answer, "2026-11-20T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_token_is_good_until_shortly_before_its_end() {
        let good_at = |body: Json, seconds: i64| {
            let now: jiff::Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
            read(&body)
                .unwrap()
                .is_good(now + jiff::SignedDuration::from_secs(seconds))
        };
        for (body, last) in [
            (serde_json::json!({ "access_token": "t", "expires_in": 3600 }), 3299),
            (serde_json::json!({ "access_token": "t", "expires_in": "3600" }), 3299),
            (serde_json::json!({ "access_token": "t" }), 3299),
            (serde_json::json!({ "access_token": "t", "expires_in": 60 }), 29),
            // 2026-11-20T10:00:00Z
            (
                serde_json::json!({ "access_token": "t", "expires_on": "1795168800" }),
                3299,
            ),
        ] {
            assert!(good_at(body.clone(), last), "{body}");
            assert!(!good_at(body.clone(), last + 2), "{body}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for body in [
            serde_json::json!({}),
            serde_json::json!({ "access_token": "" }),
            serde_json::json!({ "access_token": "a\r\nb" }),
            serde_json::json!({ "access_token": "x".repeat(1 << 20) }),
            serde_json::json!({ "access_token": "t", "token_type": "mac" }),
            serde_json::json!({ "access_token": "t", "expires_in": 0 }),
            serde_json::json!({ "access_token": "t", "expires_in": -5 }),
            serde_json::json!({ "access_token": "t", "expires_on": "1" }),
        ] {
            assert!(
                read(&body).is_err(),
                "{}",
                body.to_string().chars().take(80).collect::<String>()
            );
        }
    }

    #[test]
    fn only_what_says_read_reads() {
        let entra = |role: &str| can_write(SourceName::Entra, role);
        for role in ["User.Read.All", "User.ReadBasic.All", "RoleManagement.Read.Directory"] {
            assert!(!entra(role), "{role}");
        }
        for role in [
            "User.ReadWrite.All",
            "Mail.Send",
            "User.Invite.All",
            "Sites.FullControl.All",
        ] {
            assert!(entra(role), "{role}");
        }
        assert!(!can_write(SourceName::Okta, "okta.users.read"));
        assert!(can_write(SourceName::Okta, "okta.users.manage"));
    }
}
