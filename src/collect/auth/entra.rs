//! An app registration in Entra: a client secret, a certificate, or a token of an issuer that it trusts
//! (learn.microsoft.com, "OAuth 2.0 client credentials flow", "Certificate credentials").

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::assertion::{ASSERTION_TYPE, Key, Kind, unusable};
use super::machine::Workflow;
use super::token::AccessToken;
use crate::collect::Clock;
use crate::collect::client::{Client, Request};
use crate::config::{AppProof, Entra, Secret};
use crate::diagnostic::Diagnostic;

/// An app registration of a tenant.
pub(super) struct AppRegistration {
    token_url: Url,
    tenant: String,
    client_id: String,
    scope: String,
    proof: Proof,
}

/// How it shows that it is itself.
enum Proof {
    Secret(SecretString),
    Certificate {
        key: Key,
        header: Box<Header>,
    },
    /// Fetched anew for each request: whoever made it also keeps it fresh.
    FederatedToken(Secret),
    Workflow(Workflow),
}

impl AppRegistration {
    pub(super) fn new(entra: &Entra, client_id: &str, proof: &AppProof) -> Result<Self, Diagnostic> {
        let mut token_url = entra.login_url.clone();
        if let Ok(mut segments) = token_url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend([entra.tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        let proof = match proof {
            AppProof::ClientSecret(secret) => Proof::Secret(secret.fetch()?),
            AppProof::Certificate(secret) => certificate(secret)?,
            AppProof::FederatedToken(secret) => Proof::FederatedToken(secret.clone()),
            AppProof::GithubActions => Proof::Workflow(Workflow::of_environment(entra.cloud.exchange_audience())?),
        };
        Ok(Self {
            token_url,
            tenant: entra.tenant.clone(),
            client_id: client_id.to_owned(),
            scope: format!("{}/.default", entra.graph_url.as_str().trim_end_matches('/')),
            proof,
        })
    }

    pub(super) fn token_url(&self) -> &Url {
        &self.token_url
    }

    pub(super) async fn buy(&self, client: &Client, clock: &Clock) -> Result<AccessToken, String> {
        let foreign = match &self.proof {
            Proof::FederatedToken(secret) => Some(secret.fetch_short_lived().map_err(|error| error.message)?),
            Proof::Workflow(workflow) => Some(workflow.token(client).await?),
            Proof::Secret(_) | Proof::Certificate { .. } => None,
        };
        let answer = client
            .token(|| {
                let mut form = vec![
                    ("grant_type", "client_credentials".into()),
                    ("client_id", self.client_id.clone().into()),
                    ("scope", self.scope.clone().into()),
                ];
                let assertion = match (&self.proof, &foreign) {
                    (Proof::Secret(secret), _) => {
                        form.push(("client_secret", secret.clone()));
                        None
                    }
                    (Proof::Certificate { key, header }, _) => {
                        let text = key.assert(header, &self.client_id, self.token_url.as_str(), clock())?;
                        Some(text.into())
                    }
                    (_, foreign) => foreign.clone(),
                };
                if let Some(assertion) = assertion {
                    form.push(("client_assertion_type", ASSERTION_TYPE.into()));
                    form.push(("client_assertion", assertion));
                }
                Ok(Request::Token { form, proof: None })
            })
            .await?;
        let token = AccessToken::read(&answer, clock())?;
        same_tenant(&self.tenant, &token)?;
        Ok(token)
    }
}

/// A certificate with its key: assertions are signed with PS256 and name the certificate by its SHA-256 digest.
fn certificate(secret: &Secret) -> Result<Proof, Diagnostic> {
    let text = secret.fetch_pem()?;
    let blocks =
        pem::parse_many(text.expose_secret()).map_err(|_| unusable("the certificate's PEM text is damaged"))?;
    let certificates: Vec<&pem::Pem> = blocks.iter().filter(|block| block.tag() == "CERTIFICATE").collect();
    if certificates.is_empty() {
        return Err(unusable("the PEM text holds no certificate")
            .help("put the certificate and its private key into one file: `cat cert.pem key.pem`"));
    }
    let key = Key::parse(text.expose_secret())?;
    if key.kind() != Kind::Rsa {
        return Err(unusable("Entra takes certificates with an RSA key only"));
    }
    // In a chain it is the one that belongs to the key.
    let own = certificates.into_iter().find(|certificate| key.belongs_to(certificate));
    let certificate = own.ok_or_else(|| unusable("the private key does not belong to the certificate"))?;
    let header = Header {
        x5t_s256: Some(URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.contents()))),
        ..Header::new(Algorithm::PS256)
    };
    Ok(Proof::Certificate {
        key,
        header: Box::new(header),
    })
}

/// Refuses a token of another tenant than the one that is to be read, where both say which it is.
pub(super) fn same_tenant(wanted: &str, token: &AccessToken) -> Result<(), String> {
    match &token.claims().tenant {
        Some(tenant) if uuid::Uuid::parse_str(wanted).is_ok() && !tenant.eq_ignore_ascii_case(wanted) => Err(format!(
            "the token is for the tenant {}, the configuration names {wanted}",
            crate::diagnostic::printable(tenant)
        )),
        _ => Ok(()),
    }
}
