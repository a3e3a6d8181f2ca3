//! Credentials: an API token for Okta, client credentials for Entra.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use tokio::sync::Mutex;

use super::client::Client;
use super::{Clock, CollectError};
use crate::catalog::SourceName;
use crate::config::{Entra, Okta};

/// Tokens are renewed this long before they end.
const MARGIN: Duration = Duration::from_secs(300);
/// Longer than any token lives (Microsoft's last 60 to 90 minutes, at most a day).
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How requests to a source are signed.
pub(super) enum Auth {
    /// `Authorization: SSWS …`
    OktaToken(SecretString),
    /// `Authorization: Bearer …`, fetched with client credentials.
    EntraClient(Box<ClientCredentials>),
}

/// OAuth 2.0 client credentials with a secret (learn.microsoft.com, "OAuth 2.0 client credentials flow").
pub(super) struct ClientCredentials {
    token_url: Url,
    client_id: String,
    secret: SecretString,
    scope: String,
    clock: Clock,
    token: Mutex<Option<Token>>,
}

struct Token {
    value: SecretString,
    until: jiff::Timestamp,
}

impl Auth {
    pub(super) fn okta(okta: &Okta) -> Result<Self, CollectError> {
        Ok(Self::OktaToken(okta.token.fetch().map_err(|diagnostic| {
            CollectError::Credential(Box::new(diagnostic))
        })?))
    }

    pub(super) fn entra(entra: &Entra, clock: Clock) -> Result<Self, CollectError> {
        let secret = entra
            .client_secret
            .fetch()
            .map_err(|diagnostic| CollectError::Credential(Box::new(diagnostic)))?;
        let mut token_url = entra.login_url.clone();
        if let Ok(mut segments) = token_url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend([entra.tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        Ok(Self::EntraClient(Box::new(ClientCredentials {
            token_url,
            client_id: entra.client_id.clone(),
            secret,
            scope: format!("{}/.default", entra.graph_url.as_str().trim_end_matches('/')),
            clock,
            token: Mutex::new(None),
        })))
    }

    /// The value of the Authorization header.
    pub(super) async fn header(&self, client: &Client) -> Result<SecretString, CollectError> {
        match self {
            Self::OktaToken(token) => Ok(SecretString::from(format!("SSWS {}", token.expose_secret()))),
            Self::EntraClient(credentials) => {
                let token = credentials.token(client).await?;
                Ok(SecretString::from(format!("Bearer {}", token.expose_secret())))
            }
        }
    }

    /// Forgets a token that was refused, so that the next request fetches a new one. Tells whether that can help.
    pub(super) async fn renew(&self) -> bool {
        match self {
            Self::OktaToken(_) => false,
            Self::EntraClient(credentials) => credentials.token.lock().await.take().is_some(),
        }
    }

    /// Permissions of the token that would let it write, for a warning: tenken itself never does.
    pub(super) async fn writing_permissions(&self) -> Vec<String> {
        let Self::EntraClient(credentials) = self else {
            return Vec::new();
        };
        let token = credentials.token.lock().await;
        token
            .as_ref()
            .map(|token| roles(&token.value))
            .unwrap_or_default()
            .into_iter()
            .filter(|role| can_write(role))
            .collect()
    }
}

impl ClientCredentials {
    async fn token(&self, client: &Client) -> Result<SecretString, CollectError> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref()
            && (self.clock)() < token.until
        {
            return Ok(token.value.clone());
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.secret.expose_secret()),
            ("scope", &self.scope),
        ];
        let refused = |reason: String| CollectError::SignIn {
            source_name: SourceName::Entra,
            reason,
        };
        let answer = client.token(&self.token_url, &form).await.map_err(refused)?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or(Json::Null);
        if answer.status != 200 {
            return Err(refused(token_error(answer.status, &json)));
        }
        let value = json.get("access_token").and_then(Json::as_str);
        let value = value.ok_or_else(|| refused("the answer holds no access token".to_owned()))?;
        // Some identity endpoints write numbers as text.
        let lifetime = json
            .get("expires_in")
            .and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()))
            .unwrap_or(3600)
            .min(MAX_LIFETIME.as_secs());
        let until = (self.clock)() + Duration::from_secs(lifetime).saturating_sub(MARGIN);
        let value = SecretString::from(value.to_owned());
        *held = Some(Token {
            value: value.clone(),
            until,
        });
        Ok(value)
    }
}

/// `error` and the first line of `error_description`; both are the server's words and hold no secret of ours.
fn token_error(status: u16, json: &Json) -> String {
    let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
    let description = text("error_description").lines().next().unwrap_or_default();
    format!("HTTP {status} {} {description}", text("error"))
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

/// The `roles` claim of an access token. Nothing is trusted because of it, so its signature need not be checked.
fn roles(token: &SecretString) -> Vec<String> {
    let payload = token.expose_secret().split('.').nth(1).unwrap_or_default();
    let json: Json = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or(Json::Null);
    let list = json.get("roles").and_then(Json::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect()
}

/// Whether a Graph permission allows more than reading: one that does not says so in a part of its name, as in
/// `User.Read.All`, `User.ReadBasic.All` or `RoleManagement.Read.Directory`.
fn can_write(role: &str) -> bool {
    !role
        .split('.')
        .any(|part| part.starts_with("Read") && !part.starts_with("ReadWrite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_can_write_is_recognised() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"roles":["User.Read.All","Directory.ReadWrite.All"]}"#);
        let token = SecretString::from(format!("x.{payload}.y"));
        let writing: Vec<String> = roles(&token).into_iter().filter(|role| can_write(role)).collect();
        assert_eq!(writing, ["Directory.ReadWrite.All"]);
        assert!(roles(&SecretString::from("garbage")).is_empty());
    }

    #[test]
    fn only_what_says_read_reads() {
        for role in ["User.Read.All", "User.ReadBasic.All", "RoleManagement.Read.Directory"] {
            assert!(!can_write(role), "{role}");
        }
        for role in [
            "User.ReadWrite.All",
            "Mail.Send",
            "User.Invite.All",
            "Sites.FullControl.All",
        ] {
            assert!(can_write(role), "{role}");
        }
    }
}
