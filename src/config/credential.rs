//! How tenken signs in: which keys of the configuration go together.

use std::ops::Range;

use reqwest::Url;

use super::Secret;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Node};

/// How tenken signs in to an Okta org.
#[derive(Clone, Debug)]
pub enum OktaCredential {
    /// An API token, sent as `Authorization: SSWS …`.
    ApiToken(Secret),
    /// A service app that signs with its private key (`private_key_jwt`).
    ServiceApp {
        /// Client id of the app.
        client_id: String,
        /// Id (`kid`) of the public key that the app has.
        key_id: String,
        /// The private key, as PEM.
        private_key: Secret,
    },
}

/// How tenken signs in to an Entra tenant.
#[derive(Clone, Debug)]
pub enum EntraCredential {
    /// An app registration.
    App {
        /// Application (client) id.
        client_id: String,
        /// How it shows that it is itself.
        proof: AppProof,
    },
    /// The identity that Azure gives the machine.
    ManagedIdentity {
        /// Client id of a user-assigned identity; `None` for the system-assigned one.
        client_id: Option<String>,
    },
}

/// How an app registration shows that it is itself.
#[derive(Clone, Debug)]
pub enum AppProof {
    /// A client secret.
    ClientSecret(Secret),
    /// A certificate and its private key, as PEM in one text.
    Certificate(Secret),
    /// A token of another issuer that the app registration trusts (workload identity federation).
    FederatedToken(Secret),
    /// The same, from the workflow's own issuer in GitHub Actions.
    GithubActions,
}

/// Keys of `okta` of which there is one.
const OKTA_CREDENTIALS: [&str; 2] = ["token", "private_key"];
/// Keys of `entra` of which there is one.
const ENTRA_CREDENTIALS: [&str; 4] = ["client_secret", "certificate", "federated_token", "managed_identity"];

/// Both sides, with the keys whose values may be shown.
pub(super) const SIDES: [(&str, &[&str]); 2] = [
    ("okta", &["url", "client_id", "key_id"]),
    (
        "entra",
        &[
            "tenant",
            "cloud",
            "client_id",
            "managed_identity",
            "login_url",
            "graph_url",
        ],
    ),
];

/// Whether a key of a side says where a secret is.
pub(super) fn is_secret(side: &str, key: &str) -> bool {
    match side {
        "okta" => OKTA_CREDENTIALS.contains(&key),
        _ => ENTRA_CREDENTIALS.contains(&key),
    }
}

/// Places of the texts below a key that may be credentials: all but those that say where one is.
pub(super) fn uncertain(node: &Node) -> Vec<Range<usize>> {
    if node.as_str() == Some(GITHUB_ACTIONS) {
        return Vec::new();
    }
    if node.entries().is_empty() && node.items().is_empty() {
        return vec![node.span.clone()];
    }
    let below = node.entries().iter().flat_map(|(key, value)| match key.name.as_str() {
        "file" | "command" => Vec::new(),
        "env" if value.as_str().is_some_and(is_variable) => Vec::new(),
        _ => uncertain(value),
    });
    below.chain(node.items().iter().flat_map(uncertain)).collect()
}

/// Whether a text can be the name of a variable.
fn is_variable(text: &str) -> bool {
    text.len() <= 128 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The word under `federated_token` that asks for the workflow's own token.
pub(super) const GITHUB_ACTIONS: &str = "github_actions";

pub(super) fn okta(document: &Document, node: &Node, sink: &mut Diagnostics) -> Option<OktaCredential> {
    let (key, value) = only_one(document, node, &OKTA_CREDENTIALS, sink)?;
    let secret = Secret::of(value)?;
    if key == "token" {
        return Some(OktaCredential::ApiToken(secret));
    }
    let client_id = beside(document, node, key, "client_id", sink);
    let key_id = beside(document, node, key, "key_id", sink);
    Some(OktaCredential::ServiceApp {
        client_id: client_id?,
        key_id: key_id?,
        private_key: secret,
    })
}

pub(super) fn entra(document: &Document, node: &Node, sink: &mut Diagnostics) -> Option<EntraCredential> {
    let (key, value) = only_one(document, node, &ENTRA_CREDENTIALS, sink)?;
    if key == "managed_identity" {
        check_tenant_id(document, node, sink);
        let client_id = node.get("client_id").and_then(Node::as_str).map(str::to_owned);
        return Some(EntraCredential::ManagedIdentity { client_id });
    }
    let client_id = beside(document, node, key, "client_id", sink)?;
    let proof = match (key, value.as_str()) {
        ("federated_token", Some(GITHUB_ACTIONS)) => AppProof::GithubActions,
        ("federated_token", _) => AppProof::FederatedToken(Secret::of(value)?),
        ("certificate", _) => AppProof::Certificate(Secret::of(value)?),
        _ => AppProof::ClientSecret(Secret::of(value)?),
    };
    Some(EntraCredential::App { client_id, proof })
}

/// The machine says by itself which tenant its identity is of; only an id tells whether it is the one that is meant.
fn check_tenant_id(document: &Document, node: &Node, sink: &mut Diagnostics) {
    let Some(tenant) = node.get("tenant") else { return };
    if tenant.as_str().is_some_and(|text| uuid::Uuid::parse_str(text).is_ok()) {
        return;
    }
    sink.push(
        Diagnostic::error(
            Code::InvalidConfig,
            "with `managed_identity` the tenant is named by its id",
        )
        .at(&document.source, tenant.span.clone(), "not an id")
        .help("Microsoft Entra admin center > Overview > Tenant ID shows it"),
    );
}

/// The one of several keys that is there.
fn only_one<'n>(
    document: &Document,
    node: &'n Node,
    keys: &[&'static str],
    sink: &mut Diagnostics,
) -> Option<(&'static str, &'n Node)> {
    let found: Vec<(&'static str, &Node)> = keys.iter().filter_map(|key| Some((*key, node.get(key)?))).collect();
    let choices = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [one] => Some(*one),
        [] => {
            let message = format!("nothing says how to sign in: one of {choices} is required");
            let start = node.span.start;
            sink.push(Diagnostic::error(Code::MissingKey, message).at(&document.source, start..start + 1, ""));
            None
        }
        [_, second, ..] => {
            let span = node.key(second.0).map_or(node.span.clone(), |key| key.span.clone());
            let message = format!("several ways to sign in: only one of {choices} can be used");
            sink.push(Diagnostic::error(Code::InvalidConfig, message).at(&document.source, span, "the second"));
            None
        }
    }
}

/// A key that another one needs.
fn beside(document: &Document, node: &Node, key: &str, name: &str, sink: &mut Diagnostics) -> Option<String> {
    let text = node.get(name).and_then(Node::as_str).map(str::to_owned);
    if text.is_none() && node.get(name).is_none() {
        let span = node.key(key).map_or(node.span.clone(), |key| key.span.clone());
        let message = format!("`{key}` needs `{name}`");
        sink.push(Diagnostic::error(Code::MissingKey, message).at(&document.source, span, ""));
    }
    text
}

/// An address that credentials may be sent to: https, or http to this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
