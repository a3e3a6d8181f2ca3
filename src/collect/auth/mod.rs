//! Signing in: what each credential buys, and how requests are signed with it.
//!
//! ```text
//! okta ────┐                                ┌─ Authorization: SSWS | Bearer | DPoP …
//! entra ───┼─ token request ─► AccessToken ─┤
//! machine ─┘   (assertion)                  └─ DPoP: a proof for this one request
//! ```

mod assertion;
mod dpop;
mod entra;
mod machine;
mod okta;
mod token;

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::client::{Client, Signature};
use super::{Clock, CollectError};
use crate::catalog::SourceName;
use crate::config::{Entra, EntraCredential, Okta, OktaCredential};
use crate::diagnostic::Diagnostic;

pub(super) use token::AccessToken;

/// How requests to a source are signed.
pub(super) enum Auth {
    /// Okta's API token, as it is.
    ApiToken(SecretString),
    /// An access token, bought anew before it ends.
    AccessToken(Box<Purse>),
}

/// What holds the access token.
pub(super) struct Purse {
    source: SourceName,
    buyer: Buyer,
    clock: Clock,
    held: Mutex<Option<Arc<AccessToken>>>,
}

/// Where access tokens come from.
enum Buyer {
    Okta(Box<okta::ServiceApp>),
    Entra(entra::AppRegistration),
    Machine(machine::ManagedIdentity),
}

/// What a credential turned out to allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Permissions that the token names; `None` where the credential does not say, as an API token or an opaque one.
    pub permissions: Option<Vec<String>>,
    /// Of those, the ones that would let it write.
    pub writing: Vec<String>,
    /// Scopes that were asked for and are not granted.
    pub refused: Vec<String>,
    /// Whether the token is bound to a key of this process (DPoP).
    pub is_bound: bool,
}

impl Auth {
    /// For an Okta org; `scopes` are asked for where the credential can ask.
    pub(super) fn okta(okta: &Okta, scopes: &[&str], clock: Clock) -> Result<Self, CollectError> {
        match &okta.credential {
            OktaCredential::ApiToken(secret) => Ok(Self::ApiToken(secret.fetch().map_err(credential)?)),
            OktaCredential::ServiceApp {
                client_id,
                key_id,
                private_key,
            } => {
                let pem = private_key.fetch_pem().map_err(credential)?;
                let key = assertion::Key::parse(pem.expose_secret()).map_err(credential)?;
                let app = okta::ServiceApp::new(&okta.url, client_id, key_id, key, scopes)?;
                Ok(Self::holding(SourceName::Okta, Buyer::Okta(Box::new(app)), clock))
            }
        }
    }

    /// For an Entra tenant.
    pub(super) fn entra(entra: &Entra, clock: Clock) -> Result<Self, CollectError> {
        let buyer = match &entra.credential {
            EntraCredential::App { client_id, proof } => {
                Buyer::Entra(entra::AppRegistration::new(entra, client_id, proof).map_err(credential)?)
            }
            EntraCredential::ManagedIdentity { client_id } => {
                Buyer::Machine(machine::ManagedIdentity::new(entra, client_id.as_deref()).map_err(credential)?)
            }
        };
        Ok(Self::holding(SourceName::Entra, buyer, clock))
    }

    fn holding(source: SourceName, buyer: Buyer, clock: Clock) -> Self {
        Self::AccessToken(Box::new(Purse {
            source,
            buyer,
            clock,
            held: Mutex::new(None),
        }))
    }

    /// Where a credential buys its tokens by POST, if it does.
    pub(super) fn token_url(&self) -> Option<&Url> {
        match self {
            Self::AccessToken(purse) => match &purse.buyer {
                Buyer::Okta(app) => Some(app.token_url()),
                Buyer::Entra(app) => Some(app.token_url()),
                Buyer::Machine(_) => None,
            },
            Self::ApiToken(_) => None,
        }
    }

    /// Signs a request for an address.
    pub(super) async fn sign(&self, client: &Client, url: &Url) -> Result<Signature, CollectError> {
        match self {
            Self::ApiToken(token) => Ok(Signature {
                authorization: SecretString::from(format!("SSWS {}", token.expose_secret())),
                proof: None,
            }),
            Self::AccessToken(purse) => {
                let token = purse.token(client).await?;
                token.sign(url, (purse.clock)()).map_err(|reason| purse.refusal(reason))
            }
        }
    }

    /// Takes note of what an answer says about signing the next request.
    pub(super) async fn hear(&self, headers: &HeaderMap) {
        if let (Self::AccessToken(purse), Some(nonce)) = (self, dpop::nonce(headers))
            && let Some(token) = purse.held.lock().await.as_ref()
        {
            token.hear_nonce(nonce);
        }
    }

    /// Makes ready to ask again after a refusal (401). A token that was refused is forgotten, unless another took its place
    /// meanwhile, so that the next request has a new one; one whose proof lacked a nonce is good. Tells whether asking again
    /// can help.
    pub(super) async fn renew(&self, refused: &SecretString, headers: &HeaderMap) -> bool {
        let Self::AccessToken(purse) = self else {
            return false;
        };
        if !dpop::wants_nonce(headers) {
            let mut held = purse.held.lock().await;
            held.take_if(|token| token.is_in(refused));
        }
        true
    }

    /// What the credential turned out to allow, after it was first used.
    pub(super) async fn grant(&self) -> Grant {
        let Self::AccessToken(purse) = self else {
            return Grant::default();
        };
        let held = purse.held.lock().await.clone();
        let permissions = held.as_ref().and_then(|token| token.claims().permissions.clone());
        let can_write = |name: &&String| token::can_write(purse.source, name);
        Grant {
            writing: permissions.iter().flatten().filter(can_write).cloned().collect(),
            permissions,
            refused: match &purse.buyer {
                Buyer::Okta(app) => app.refused().await,
                _ => Vec::new(),
            },
            is_bound: held.is_some_and(|token| token.is_bound()),
        }
    }
}

impl Purse {
    async fn token(&self, client: &Client) -> Result<Arc<AccessToken>, CollectError> {
        let mut held = self.held.lock().await;
        let now = (self.clock)();
        if let Some(token) = held.as_ref()
            && token.is_good(now)
        {
            return Ok(Arc::clone(token));
        }
        let bought = match &self.buyer {
            Buyer::Okta(app) => app.buy(client, &self.clock).await,
            Buyer::Entra(app) => app.buy(client, &self.clock).await,
            Buyer::Machine(identity) => identity.buy(client, &self.clock).await,
        };
        let token = Arc::new(bought.map_err(|reason| self.refusal(reason))?);
        *held = Some(Arc::clone(&token));
        Ok(token)
    }

    fn refusal(&self, reason: String) -> CollectError {
        CollectError::SignIn {
            source_name: self.source,
            reason,
        }
    }
}

fn credential(diagnostic: Diagnostic) -> CollectError {
    CollectError::Credential(Box::new(diagnostic))
}
