//! `tenken.yaml`: which org and tenant to read, and where the credentials are.
//!
//! Credentials come from the environment, a file or a command, never from the configuration's own text.

mod house;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use reqwest::Url;
use secrecy::SecretString;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node};
use crate::schema;
pub use house::House;

/// Sign-in host of the global cloud (learn.microsoft.com/graph/deployments).
const LOGIN_URL: &str = "https://login.microsoftonline.com";
/// Graph host of the global cloud.
const GRAPH_URL: &str = "https://graph.microsoft.com";

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
    /// Where the API token is.
    pub token: Secret,
}

/// How to read an Entra tenant.
#[derive(Debug)]
pub struct Entra {
    /// Tenant id or domain.
    pub tenant: String,
    /// Application id.
    pub client_id: String,
    /// Where the client secret is.
    pub client_secret: Secret,
    /// Sign-in host.
    pub login_url: Url,
    /// Graph host.
    pub graph_url: Url,
}

/// Where a credential is.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(PathBuf),
    /// A program that prints it.
    Command(Vec<String>),
    /// At hand already, as the simulator's are; no configuration can say this.
    Given(SecretString),
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

/// The document with whatever may be a credential covered, so that no message shows it; a credential that stands there
/// is a mistake of its own.
fn without_secrets(document: Document, sink: &mut Diagnostics) -> Document {
    let mut covered = Vec::new();
    let mut bare = Vec::new();
    for tenant in document.root.get("tenants").map(Node::items).unwrap_or_default() {
        for (side, name) in [("okta", "token"), ("entra", "client_secret")] {
            let Some(side) = tenant.get(side) else { continue };
            let addresses = side.entries().iter().map(|(_, node)| node);
            covered.extend(
                addresses
                    .filter(|node| node.as_str().is_some_and(|text| text.contains('@')))
                    .map(|node| node.span.clone()),
            );
            let Some(secret) = side.get(name) else { continue };
            if secret.as_str().is_some() {
                covered.push(secret.span.clone());
                bare.push(secret.span.clone());
            }
            let places = ["env", "file", "command"];
            let others = secret
                .entries()
                .iter()
                .filter(|(key, _)| !places.contains(&key.name.as_str()));
            covered.extend(others.map(|(_, node)| node.span.clone()));
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
        Some(Okta {
            url: url(document, okta.get("url")?, sink)?,
            token: secret(okta.get("token")?)?,
        })
    });
    let entra = node.get("entra").and_then(|entra| {
        let text = |name: &str| entra.get(name).and_then(Node::as_str).map(str::to_owned);
        let mut host = |name: &str, default: &str| match entra.get(name) {
            Some(node) => url(document, node, sink),
            None => Url::parse(default).ok(),
        };
        Some(Entra {
            tenant: text("tenant")?,
            client_id: text("client_id")?,
            login_url: host("login_url", LOGIN_URL)?,
            graph_url: host("graph_url", GRAPH_URL)?,
            client_secret: secret(entra.get("client_secret")?)?,
        })
    });
    Some(Tenant {
        name: node.get("name")?.as_str()?.to_owned(),
        okta,
        entra,
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
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
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

fn secret(node: &Node) -> Option<Secret> {
    let (key, value) = node.entries().first()?;
    match key.name.as_str() {
        "env" => Some(Secret::Env(value.as_str()?.to_owned())),
        "file" => Some(Secret::File(PathBuf::from(value.as_str()?))),
        "command" => Some(Secret::Command(
            value
                .items()
                .iter()
                .filter_map(Node::as_str)
                .map(str::to_owned)
                .collect(),
        )),
        _ => None,
    }
}

impl Secret {
    /// Fetches the credential.
    ///
    /// # Errors
    /// Why it cannot be had. The message never holds any part of it.
    pub fn fetch(&self) -> Result<SecretString, Diagnostic> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| missing(format!("the variable `{name}` is not set")))?,
            Self::File(path) => read_private(path)?,
            Self::Command(words) => run(words)?,
            Self::Given(secret) => return Ok(secret.clone()),
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(missing(format!("{} is empty", self.describe())));
        }
        if !trimmed.chars().all(|c| c.is_ascii_graphic()) {
            return Err(missing(format!(
                "{} holds characters that no credential has",
                self.describe()
            )));
        }
        Ok(SecretString::from(trimmed.to_owned()))
    }

    fn describe(&self) -> String {
        match self {
            Self::Env(name) => format!("the variable `{name}`"),
            Self::File(path) => format!("the file `{}`", path.display()),
            Self::Command(words) => format!("the output of `{}`", words.first().map_or("", String::as_str)),
            Self::Given(_) => "the credential".to_owned(),
        }
    }
}

fn missing(message: String) -> Diagnostic {
    Diagnostic::error(Code::MissingCredential, message)
}

fn read_private(path: &Path) -> Result<String, Diagnostic> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)
            .map(|data| data.permissions().mode())
            .unwrap_or_default();
        if mode & 0o077 != 0 {
            return Err(
                missing(format!("others may read `{}`", path.display())).help(format!("chmod 600 {}", path.display()))
            );
        }
    }
    std::fs::read_to_string(path).map_err(|error| missing(format!("cannot read `{}`: {error}", path.display())))
}

fn run(words: &[String]) -> Result<String, Diagnostic> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| missing("the command is empty".to_owned()))?;
    let output = Command::new(program)
        .args(arguments)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| missing(format!("cannot run `{program}`: {error}")))?;
    if !output.status.success() {
        return Err(missing(format!("`{program}` failed: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| missing(format!("`{program}` printed something that is not text")))
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

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hush\n").unwrap();
        let secret = Secret::File(file.path().to_owned());
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(secret.fetch().is_err());
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!format!("{:?}", secret.fetch().unwrap()).contains("hush"));
    }
}
