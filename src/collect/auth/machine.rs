//! Identities that the machine's host gives to the programs on it: Azure's managed identity, a GitHub Actions workflow.

use std::net::IpAddr;

use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value as Json;

use super::assertion::unusable;
use super::entra::same_tenant;
use super::token::AccessToken;
use crate::collect::Clock;
use crate::collect::client::{Client, Request};
use crate::config::{Entra, is_safe};
use crate::diagnostic::Diagnostic;

/// Azure's instance metadata service, at the same link-local address on every machine
/// (learn.microsoft.com, "How to use managed identities on an Azure VM to acquire an access token").
const METADATA_HOST: &str = "http://169.254.169.254";
/// Names another metadata service; the vendor's own libraries read it too.
const METADATA_HOST_VARIABLE: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// A managed identity of Azure.
pub(super) struct ManagedIdentity {
    url: Url,
    /// The header without which there is no answer: a request that somebody was tricked into lacks it.
    header: (&'static str, SecretString),
    tenant: String,
}

impl ManagedIdentity {
    /// The identity of this machine: a virtual machine's, or that of an App Service, a Function or a Container App, which
    /// have an endpoint of their own.
    pub(super) fn new(entra: &Entra, client_id: Option<&str>) -> Result<Self, Diagnostic> {
        let (mut url, version, header) = match (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER")) {
            (Some(endpoint), Some(secret)) => {
                let url = local_address("IDENTITY_ENDPOINT", &endpoint)?;
                (url, "2019-08-01", ("x-identity-header", secret))
            }
            _ => {
                let host = variable(METADATA_HOST_VARIABLE).unwrap_or_else(|| METADATA_HOST.to_owned());
                let mut url = local_address(METADATA_HOST_VARIABLE, &host)?;
                url.set_path("/metadata/identity/oauth2/token");
                (url, "2018-02-01", ("metadata", "true".to_owned()))
            }
        };
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", version);
            query.append_pair("resource", entra.graph_url.as_str().trim_end_matches('/'));
            if let Some(client_id) = client_id {
                query.append_pair("client_id", client_id);
            }
        }
        Ok(Self {
            url,
            header: (header.0, header.1.into()),
            tenant: entra.tenant.clone(),
        })
    }

    pub(super) async fn buy(&self, client: &Client, clock: &Clock) -> Result<AccessToken, String> {
        let answer = client
            .token(|| {
                Ok(Request::Identity {
                    url: self.url.clone(),
                    header: self.header.clone(),
                    by_proxy: false,
                })
            })
            .await
            .map_err(|reason| format!("this machine has no managed identity, or it does not answer: {reason}"))?;
        let token = AccessToken::read(&answer, clock())?;
        same_tenant(&self.tenant, &token)?;
        Ok(token)
    }
}

/// A workflow of GitHub Actions, which may ask its own issuer for a token
/// (docs.github.com, "OpenID Connect reference": `id-token: write` is needed).
pub(super) struct Workflow {
    url: Url,
    token: SecretString,
}

impl Workflow {
    /// `audience` is for whom the token is to be.
    pub(super) fn of_environment(audience: &str) -> Result<Self, Diagnostic> {
        let address = variable("ACTIONS_ID_TOKEN_REQUEST_URL");
        let (Some(address), Some(token)) = (address, variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")) else {
            return Err(unusable("this is no GitHub Actions job that may ask for a token")
                .help("give the job `permissions: { id-token: write }`"));
        };
        let parsed = Url::parse(&address).ok().filter(is_safe);
        let mut url = parsed.ok_or_else(|| unusable("ACTIONS_ID_TOKEN_REQUEST_URL is not an https address"))?;
        url.query_pairs_mut().append_pair("audience", audience);
        Ok(Self {
            url,
            token: SecretString::from(format!("Bearer {token}")),
        })
    }

    /// A token of the workflow's issuer.
    pub(super) async fn token(&self, client: &Client) -> Result<SecretString, String> {
        let answer = client
            .token(|| {
                Ok(Request::Identity {
                    url: self.url.clone(),
                    header: ("authorization", self.token.clone()),
                    by_proxy: true,
                })
            })
            .await?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or(Json::Null);
        match json.get("value").and_then(Json::as_str) {
            Some(value) if answer.status == 200 => Ok(SecretString::from(value.to_owned())),
            _ => Err(format!("GitHub gave the workflow no token (HTTP {})", answer.status)),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// An address that never leaves this machine and its host: loopback or link-local.
fn local_address(name: &str, text: &str) -> Result<Url, Diagnostic> {
    let is_local = |url: &Url| {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_web = matches!(url.scheme(), "http" | "https");
        is_web
            && match host.parse::<IpAddr>() {
                Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
                Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unicast_link_local(),
                Err(_) => host == "localhost",
            }
    };
    Url::parse(text)
        .ok()
        .filter(is_local)
        .ok_or_else(|| unusable(&format!("{name} is not an address of this machine")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_asked_of_this_machine_only() {
        for (address, own) in [
            ("http://169.254.169.254", true),
            ("http://127.0.0.1:41042/msi/token", true),
            ("http://localhost:8081/", true),
            ("http://[::1]:1/", true),
            ("http://169.254.evil.example/msi", false),
            ("https://evil.example/msi", false),
            ("http://10.0.0.1/", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(local_address("IDENTITY_ENDPOINT", address).is_ok(), own, "{address}");
        }
    }
}
