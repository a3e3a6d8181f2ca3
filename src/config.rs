//! `tenken.yaml`: which org and tenant to read, and where the credentials are.
//!
//! Credentials come from the environment, a file or a command, never from the configuration's own text.

mod cloud;
mod credential;
mod house;
mod secret;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Url;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node};
use crate::schema;
pub use house::House;

pub use cloud::Cloud;
pub(crate) use credential::is_safe;
pub use credential::{AppProof, EntraCredential, OktaCredential};
pub use secret::Secret;

/// The whole configuration.
#[derive(Debug)]
pub struct Config {
    /// At least one pair.
    pub tenants: Vec<Tenant>,
    /// How reports of the house look.
    pub report: House,
}

/// A pair of an Okta org and an Entra tenant; one of them may be missing.
#[derive(Debug)]
pub struct Tenant {
    /// The user's name for the pair.
    pub name: String,
    /// The Okta org.
    pub okta: Option<Okta>,
    /// The Entra tenant.
    pub entra: Option<Entra>,
    /// Certificates, as PEM, of authorities that are trusted besides the system's own.
    pub ca_file: Option<PathBuf>,
    /// The whole configuration, credentials covered: what it says of policies is read with them.
    pub document: Arc<Document>,
    /// What it says of this tenant.
    pub node: Node,
}

/// How to read an Okta org.
#[derive(Debug)]
pub struct Okta {
    /// Address of the org.
    pub url: Url,
    /// How to sign in.
    pub credential: OktaCredential,
}

/// How to read an Entra tenant.
#[derive(Debug)]
pub struct Entra {
    /// Tenant id or domain.
    pub tenant: String,
    /// The cloud it is in.
    pub cloud: Cloud,
    /// How to sign in.
    pub credential: EntraCredential,
    /// Sign-in host.
    pub login_url: Url,
    /// Graph host.
    pub graph_url: Url,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at its place.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Diagnostic::error(
                Code::UnreadableFile,
                format!("cannot read `{}`: {error}", path.display()),
            )
            .help("`tenken init > tenken.yaml` writes a configuration to start from")
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// Everything that is wrong with it, at its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut sink = Diagnostics::new();
        let Some(document) = Document::parse(Source::new(name, text), &mut sink) else {
            return Err(sink);
        };
        let document = Arc::new(without_secrets(document, &mut sink));
        match schema::config() {
            Ok(schema) => schema.check(&document, &mut sink),
            Err(fault) => sink.push(Diagnostic::error(Code::InvalidConfig, fault)),
        }
        let list = document.root.get("tenants").map(Node::items).unwrap_or_default();
        let tenants: Vec<Tenant> = list
            .iter()
            .filter_map(|node| tenant(&document, node, &mut sink))
            .collect();
        for (at, tenant) in tenants.iter().enumerate() {
            if tenants.iter().take(at).any(|other| other.name == tenant.name) {
                let span = list
                    .get(at)
                    .and_then(|node| node.get("name"))
                    .map_or(0..1, |name| name.span.clone());
                sink.push(
                    Diagnostic::error(Code::DuplicateId, format!("two tenants are called `{}`", tenant.name)).at(
                        &document.source,
                        span,
                        "",
                    ),
                );
            }
        }
        if sink.has_errors() {
            Err(sink)
        } else {
            Ok(Self {
                tenants,
                report: House::of(&document.root),
            })
        }
    }

    /// The tenant of that name, or the only one.
    ///
    /// # Errors
    /// When there is none of that name, or none was named and there are several.
    pub fn tenant(&self, name: Option<&str>) -> Result<&Tenant, Diagnostic> {
        let names: Vec<&str> = self.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        match (name, self.tenants.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => {
                let message = format!("the configuration has {} tenants", names.len());
                Err(Diagnostic::error(Code::InvalidConfig, message)
                    .help(format!("name one with --tenant: {}", names.join(", "))))
            }
            (Some(name), tenants) => tenants.iter().find(|tenant| tenant.name == name).ok_or_else(|| {
                Diagnostic::error(Code::InvalidConfig, format!("the configuration has no tenant `{name}`"))
                    .suggest(name, names.iter().copied())
                    .help(format!("it has {}", names.join(", ")))
            }),
        }
    }
}

/// The document with whatever may be a credential covered, so that no message shows it: all texts under the keys of a side
/// that are not known to be harmless, and addresses with an `@`. A credential that stands there is a mistake of its own.
fn without_secrets(document: Document, sink: &mut Diagnostics) -> Document {
    let mut covered = Vec::new();
    let mut bare = Vec::new();
    for tenant in document.root.get("tenants").map(Node::items).unwrap_or_default() {
        for (side, plain) in credential::SIDES {
            for (key, node) in tenant.get(side).map(Node::entries).unwrap_or_default() {
                let is_plain = plain.contains(&key.name.as_str());
                if is_plain && !node.as_str().is_some_and(|text| text.contains('@')) {
                    continue;
                }
                covered.extend(credential::uncertain(node));
                if node.as_str().is_some() && credential::is_secret(side, &key.name) {
                    bare.extend(credential::uncertain(node));
                }
            }
        }
    }
    if covered.is_empty() {
        return document;
    }
    let mut text = document.source.text.clone();
    for span in covered {
        let stars = "*".repeat(span.len());
        text.replace_range(span, &stars);
    }
    let document = Document {
        source: Source::new(document.source.name.as_str(), text),
        root: document.root,
    };
    for span in bare {
        sink.push(
            Diagnostic::error(Code::InvalidConfig, "a credential never stands in the configuration")
                .at(&document.source, span, "say where it is")
                .help("write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`"),
        );
    }
    document
}

fn tenant(document: &Arc<Document>, node: &Node, sink: &mut Diagnostics) -> Option<Tenant> {
    let okta = node.get("okta").and_then(|okta| {
        let url = url(document, okta.get("url")?, sink);
        let credential = credential::okta(document, okta, sink);
        Some(Okta {
            url: url?,
            credential: credential?,
        })
    });
    let entra = node.get("entra").and_then(|entra| {
        let name = entra.get("cloud").and_then(Node::as_str);
        let cloud = name.map_or(Some(Cloud::default()), Cloud::of);
        let mut host = |name: &str, default: fn(Cloud) -> &'static str| match entra.get(name) {
            Some(node) => url(document, node, sink),
            None => Url::parse(default(cloud?)).ok(),
        };
        let (login_url, graph_url) = (host("login_url", Cloud::login_url), host("graph_url", Cloud::graph_url));
        let credential = credential::entra(document, entra, sink);
        Some(Entra {
            tenant: entra.get("tenant")?.as_str()?.to_owned(),
            cloud: cloud?,
            credential: credential?,
            login_url: login_url?,
            graph_url: graph_url?,
        })
    });
    Some(Tenant {
        name: node.get("name")?.as_str()?.to_owned(),
        okta,
        entra,
        ca_file: document.root.get("ca_file").and_then(Node::as_str).map(PathBuf::from),
        document: Arc::clone(document),
        node: node.clone(),
    })
}

/// An address that credentials may be sent to: https, or http to this machine.
fn url(document: &Document, node: &Node, sink: &mut Diagnostics) -> Option<Url> {
    let text = node.as_str()?;
    let parsed = Url::parse(text).ok().filter(Url::has_host);
    let Some(url) = parsed else {
        sink.push(Diagnostic::error(Code::InvalidConfig, "not an address").at(
            &document.source,
            node.span.clone(),
            "expected https://…",
        ));
        return None;
    };
    if is_safe(&url) {
        return Some(url);
    }
    sink.push(
        Diagnostic::error(Code::UnsafeUrl, "credentials would cross the network in the clear")
            .at(
                &document.source,
                node.span.clone(),
                "plain http is for this machine only",
            )
            .help("use https"),
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(okta_url: &str) -> String {
        format!("tenants:\n  - name: a\n    okta: {{ url: \"{okta_url}\", token: {{ env: T }} }}\n")
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, fine) in [
            ("https://contoso.okta.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:1", true),
            ("http://contoso.okta.com", false),
            ("http://127.0.0.1.evil.example", false),
            ("https://user:secret@contoso.okta.com", false),
            ("ftp://contoso.okta.com", false),
        ] {
            assert_eq!(Config::parse("t", &config(url)).is_ok(), fine, "{url}");
        }
    }

    #[test]
    fn credentials_never_stand_in_the_configuration() {
        let text = "tenants:\n  - name: a\n    okta: { url: 'https://x.example', token: abc }\n";
        assert!(Config::parse("t", text).is_err());
    }

    fn wrong(text: &str) -> String {
        let list = Config::parse("t", text).unwrap_err();
        list.iter()
            .map(|diagnostic| diagnostic.message.clone() + "\n")
            .collect()
    }

    #[test]
    fn one_way_to_sign_in_with_all_that_it_takes() {
        let okta = |keys: &str| format!("tenants: [{{ name: a, okta: {{ url: 'https://x.example', {keys} }} }}]");
        let key = "private_key: { env: K }";
        assert!(Config::parse("t", &okta(&format!("{key}, client_id: c, key_id: k"))).is_ok());
        assert!(wrong(&okta(key)).contains("`private_key` needs `client_id`"));
        assert!(wrong(&okta(key)).contains("`private_key` needs `key_id`"));
        assert!(wrong(&okta(&format!("{key}, token: {{ env: T }}"))).contains("several ways to sign in"));
        assert!(wrong("tenants: [{ name: a, okta: { url: 'https://x.example' } }]").contains("how to sign in"));

        let entra = |keys: &str| {
            format!("tenants: [{{ name: a, entra: {{ tenant: 7c1f6d2e-3b5a-4f0e-9a47-51d0c2b8e6f1, {keys} }} }}]")
        };
        for keys in [
            "client_id: c, client_secret: { env: S }",
            "client_id: c, certificate: { file: cert.pem }",
            "client_id: c, federated_token: { file: token }",
            "client_id: c, federated_token: github_actions",
            "managed_identity: true",
            "managed_identity: true, client_id: c",
        ] {
            assert!(Config::parse("t", &entra(keys)).is_ok(), "{keys}");
        }
        let by_name = "tenants: [{ name: a, entra: { tenant: t.example, managed_identity: true } }]";
        assert!(wrong(by_name).contains("named by its id"));
        assert!(wrong(&entra("certificate: { env: S }")).contains("`certificate` needs `client_id`"));
        assert!(wrong(&entra("client_id: c, federated_token: eyJabc")).contains("never stands in the configuration"));
        assert!(!wrong(&entra("client_id: c, federated_token: eyJabc")).contains("eyJabc"));
    }

    #[test]
    fn no_message_shows_what_may_be_a_credential() {
        for side in [
            "okta: { url: 'https://x.example', client_secret: HUSH }",
            "okta: { url: 'https://x.example', token: [HUSH] }",
            "okta: { url: 'https://x.example', token: { env: '-----BEGIN HUSH' } }",
            "okta: { url: 'https://x.example', token: { value: HUSH } }",
            "okta: { url: 'https://HUSH@x.example', token: { env: T } }",
            "entra: { tenant: t, private_key: HUSH, client_assertion: { a: [{ b: HUSH }] } }",
            "entra: { tenant: t, client_id: c, federated_token: [HUSH] }",
            "entra: { tenant: t, client_id: c, client_secret: HUSH }",
        ] {
            let shown = Config::parse("t", &format!("tenants: [{{ name: a, {side} }}]")).unwrap_err();
            assert!(!shown.is_empty(), "{side}");
            for diagnostic in shown.iter() {
                let text = diagnostic.render(false);
                assert!(!text.contains("HUSH"), "{side}: {text}");
            }
        }
    }

    #[test]
    fn a_cloud_has_its_own_hosts() {
        let text = "tenants: [{ name: a, entra: { tenant: t, cloud: dod, client_id: c, client_secret: { env: S } } }]";
        let config = Config::parse("t", text).unwrap();
        let entra = config.tenants[0].entra.as_ref().unwrap();
        assert_eq!(entra.login_url.host_str(), Some("login.microsoftonline.us"));
        assert_eq!(entra.graph_url.host_str(), Some("dod-graph.microsoft.us"));
        assert!(wrong(&text.replace("dod", "mars")).contains("`mars` is not one of"));
    }
}
