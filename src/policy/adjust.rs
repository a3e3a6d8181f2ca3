//! Adjustments to policies that somebody else wrote: by a pack that extends theirs, for one tenant, or for one run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::param::Param;
use super::{Policy, Severity};
use crate::config::Tenant;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Key, Node, Value};

/// Who changes a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A pack that extends the policy's.
    Pack(String),
    /// The configuration of a tenant.
    Tenant(String),
    /// An option of this run.
    CommandLine,
}

/// What was changed about a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Id of the policy.
    pub policy: String,
    /// Who changed it.
    pub by: Author,
    /// Its severity, when it is another now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Parameters that were set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Json>,
    /// Whether it is judged, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Everything that one author changes.
#[derive(Debug)]
pub struct Adjustments {
    pub(super) author: Author,
    pub(super) document: Arc<Document>,
    /// By policy.
    pub(super) entries: Vec<(Key, Node)>,
    /// Conditions on what is judged, by resource type.
    pub(super) scopes: Vec<(Key, Node)>,
}

impl Adjustments {
    /// What a pack says under `policies`.
    pub(super) fn of_pack(document: &Arc<Document>, id: &str) -> Self {
        Self::from_node(Author::Pack(id.to_owned()), document, document.root.get("policies"))
    }

    /// What the configuration says of a tenant.
    pub fn of_tenant(tenant: &Tenant) -> Self {
        let author = Author::Tenant(tenant.name.clone());
        Self {
            scopes: tenant.node.get("scope").map(Node::entries).unwrap_or_default().to_vec(),
            ..Self::from_node(author, &tenant.document, tenant.node.get("policies"))
        }
    }

    /// `ID.NAME=VALUE` of the command line.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn of_argument(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is not ID.NAME=VALUE");
        let (target, value) = text.split_once('=').ok_or_else(form)?;
        let (policy, name) = target.rsplit_once('.').ok_or_else(form)?;
        let source = Source::new(format!("--param {target}"), value);
        let mut sink = Diagnostics::new();
        let document = Document::parse(source, &mut sink).ok_or_else(|| format!("`{value}` is not a value in YAML"))?;
        let span = 0..value.len();
        let entry = |name: &str, node: Node| {
            let key = Key {
                span: span.clone(),
                name: name.to_owned(),
            };
            (key, node)
        };
        let mapping = |entry| Node {
            span: span.clone(),
            value: Value::Mapping(vec![entry]),
        };
        let params = mapping(entry(name, document.root.clone()));
        Ok(Self {
            author: Author::CommandLine,
            entries: vec![entry(policy, mapping(entry("params", params)))],
            document: Arc::new(document),
            scopes: Vec::new(),
        })
    }

    fn from_node(author: Author, document: &Arc<Document>, node: Option<&Node>) -> Self {
        Self {
            author,
            document: Arc::clone(document),
            entries: node.map(Node::entries).unwrap_or_default().to_vec(),
            scopes: Vec::new(),
        }
    }

    /// What is said of a policy.
    pub(super) fn of(&self, id: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|(key, _)| key.name == id)
            .map(|(_, node)| node)
    }

    /// Whether a policy is judged, where that is said.
    pub(super) fn enables(&self, id: &str) -> Option<bool> {
        match self.of(id)?.get("enabled")?.value {
            Value::Bool(enabled) => Some(enabled),
            _ => None,
        }
    }

    /// What is changed about a policy, in words for the audit.
    pub(super) fn summary(&self, id: &str) -> Option<Adjustment> {
        let node = self.of(id)?;
        let text = |name: &str| node.get(name).and_then(Node::as_str);
        let params = node.get("params").map(Node::entries).unwrap_or_default();
        let change = Adjustment {
            policy: id.to_owned(),
            by: self.author.clone(),
            severity: text("severity").and_then(Severity::parse),
            params: params
                .iter()
                .map(|(key, node)| (key.name.clone(), node.to_json()))
                .collect(),
            enabled: self.enables(id),
            reason: text("reason").map(|reason| reason.trim().to_owned()),
        };
        // A scope alone stands with the policy.
        let says = change.severity.is_some() || !change.params.is_empty() || change.enabled.is_some();
        says.then_some(change)
    }

    /// Sets parameters of a policy.
    pub(super) fn set(&self, id: &str, params: &mut [Param], sink: &mut Diagnostics) {
        let Some(values) = self.of(id).and_then(|node| node.get("params")) else {
            return;
        };
        for (key, node) in values.entries() {
            match params.iter_mut().find(|param| param.name == key.name) {
                Some(param) => param.set(&self.document, node, &self.author, sink),
                None => sink.push(
                    Diagnostic::error(Code::UnknownParam, format!("`{id}` has no parameter `{}`", key.name))
                        .at(&self.document.source, key.span.clone(), "")
                        .suggest(&key.name, params.iter().map(|param| param.name.as_str())),
                ),
            }
        }
    }

    /// Says which entries name no policy.
    pub(super) fn check(&self, known: &[&str], sink: &mut Diagnostics) {
        for (key, _) in self
            .entries
            .iter()
            .filter(|(key, _)| !known.contains(&key.name.as_str()))
        {
            let message = format!("there is no policy `{}` to change", key.name);
            let told = Diagnostic::error(Code::UnknownPolicy, message)
                .at(&self.document.source, key.span.clone(), "")
                .suggest(&key.name, known.iter().copied());
            sink.push(match self.author {
                Author::Pack(_) => told.help("a pack changes policies of the packs that it extends"),
                _ => told.help("a policy of your own is known where its pack is named with the command"),
            });
        }
    }
}

impl Policy {
    /// Applies the adjustments, in their order, to what does not need compiling again.
    pub(super) fn changed(mut self, adjustments: &[Arc<Adjustments>]) -> Self {
        for adjustments in adjustments {
            let severity = adjustments.summary(&self.id).and_then(|change| change.severity);
            self.severity = severity.unwrap_or(self.severity);
        }
        self
    }
}
