//! Access tokens: reading a token endpoint's answer, what the token says of itself, signing with it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use super::dpop::ProofKey;
use crate::catalog::SourceName;
use crate::collect::client::{Answer, Signature};

/// Tokens are renewed this long before they end.
const MARGIN: Duration = Duration::from_secs(300);
/// Longer than any token lives (Microsoft's last 60 to 90 minutes, at most a day).
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// Entra's `roles`, Okta's `scp`.
    pub(super) permissions: Vec<String>,
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
        let value = json.get("access_token").and_then(Json::as_str);
        let value = value.ok_or("the answer holds no access token")?;
        // The instance metadata service of Azure writes numbers as text.
        let lifetime = json
            .get("expires_in")
            .and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()))
            .unwrap_or(3600)
            .min(MAX_LIFETIME.as_secs());
        Ok(Self {
            claims: Claims::of(value),
            value: SecretString::from(value.to_owned()),
            until: now + Duration::from_secs(lifetime).saturating_sub(MARGIN),
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

impl Claims {
    fn of(token: &str) -> Self {
        let json: Json = jsonwebtoken::dangerous::insecure_decode_claims(token).unwrap_or(Json::Null);
        let names = |key: &str| {
            let list = json.get(key).and_then(Json::as_array).into_iter().flatten();
            list.filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        Self {
            permissions: [names("roles"), names("scp")].concat(),
            tenant: json.get("tid").and_then(Json::as_str).map(str::to_owned),
        }
    }
}

/// The OAuth error code of a refusal, such as `invalid_scope`.
pub(super) fn error_code(answer: &Answer) -> String {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or(Json::Null);
    json.get("error").and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// `error` and the first line of `error_description`; both are the server's words and hold no secret of ours.
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
        assert_eq!(claims.permissions, ["User.Read.All", "Directory.ReadWrite.All"]);
        assert_eq!(claims.tenant.as_deref(), Some("t1"));
        assert_eq!(
            Claims::of(&token(r#"{"scp":["okta.users.read"]}"#)).permissions,
            ["okta.users.read"]
        );
        for opaque in ["garbage", "", "a.b.c", &token("{\"roles\":3}")] {
            assert_eq!(Claims::of(opaque), Claims::default(), "{opaque}");
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
