//! The error catalogue: causes for which provisioning fails, as data beside the policies that predict them.
//!
//! An entry is a file in the folder `errors/` of a pack, checked by its schema like a policy. What it names must exist:
//! policies, and roles.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::load::{reference, strings};
use super::text::{Steps, Text};
use super::{Policy, Reference};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node, Value};
use crate::schema;

/// A cause for which provisioning fails.
#[derive(Clone, Debug)]
pub struct KnownError {
    /// Stable name.
    pub id: String,
    /// The cause in a few words.
    pub title: Text,
    /// What happens.
    pub why: Text,
    /// Items of lists of causes that it is the entry for.
    pub frameworks: Vec<(String, Vec<String>)>,
    /// Whom it hits.
    pub concerns: Concerns,
    /// How it shows in an error text.
    pub seen: Vec<Sign>,
    /// How sure it is that what predicts it leads to it: `high`, `medium` or `low`.
    pub confidence: String,
    /// What predicts it.
    pub predicted_by: Vec<Predictor>,
    /// Why no policy does.
    pub unpredicted: Option<Text>,
    /// What tells whether it is this.
    pub settle: Text,
    /// What to do.
    pub fix: Steps,
    /// Who has to act.
    pub who: Vec<String>,
    /// The check that ends it: `provisioned`, `signed_in` or `connected`.
    pub closing: String,
    /// Where its facts come from.
    pub references: Vec<Reference>,
    /// The file.
    pub source: Arc<Source>,
}

/// A policy whose failure predicts a cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictor {
    /// Id of the policy.
    pub policy: String,
    /// Values that the failure shows, by their names; none for any failure.
    pub shows: Map<String, Json>,
    /// Whether its failure shows the cause, and does not only suggest it.
    pub surely: bool,
}

impl Predictor {
    /// From an id, or an id with values.
    fn from_node(node: &Node) -> Option<Self> {
        let policy = node.as_str().or_else(|| node.get("policy")?.as_str())?;
        let shows = node.get("shows").map(Node::to_json);
        Some(Self {
            surely: !matches!(node.get("surely").map(|node| &node.value), Some(Value::Bool(false))),
            policy: policy.to_owned(),
            shows: shows.as_ref().and_then(Json::as_object).cloned().unwrap_or_default(),
        })
    }

    /// Whether a failure of the policy with these values is meant.
    pub fn means(&self, values: &Map<String, Json>) -> bool {
        self.shows.iter().all(|(name, wanted)| values.get(name) == Some(wanted))
    }
}

/// Whom a cause hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerns {
    /// One person, while others succeed.
    One,
    /// Everybody.
    Everyone,
    /// Either.
    Either,
}

impl Concerns {
    /// The spelling in the catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Everyone => "everyone",
            Self::Either => "either",
        }
    }
}

impl Tells {
    /// The spelling in the catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// How a cause shows in an error text.
#[derive(Clone, Debug, Default)]
pub struct Sign {
    /// Words of the text.
    pub says: Option<String>,
    /// A code.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// What was asked of Microsoft.
    pub call: Option<String>,
    /// How much it tells.
    pub tells: Tells,
    /// A text as it is shown.
    pub example: Option<String>,
}

/// How much a sign tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tells {
    /// Hardly ever this cause.
    #[default]
    Remote,
    /// This one among others.
    Possible,
    /// Most likely this one.
    Likely,
    /// This one and no other.
    Certain,
}

impl KnownError {
    /// How a policy predicts it, if it does.
    pub fn predicts(&self, policy: &str) -> Option<&Predictor> {
        self.predicted_by.iter().find(|predictor| predictor.policy == policy)
    }

    /// Reads an entry and checks it against the policies that there are. Mistakes go to the sink.
    pub(super) fn read(document: &Document, policies: &[Policy], sink: &mut Diagnostics) -> Option<Self> {
        let mut own = Diagnostics::new();
        match schema::error() {
            Ok(schema) => schema.check(document, &mut own),
            Err(fault) => own.push(Diagnostic::error(Code::SchemaViolation, fault)),
        }
        check_policies(document, policies, &mut own);
        let sound = !own.has_errors();
        sink.extend(own);
        sound.then(|| Self::of(document)).flatten()
    }

    /// The entry of a document that its schema allows.
    fn of(document: &Document) -> Option<Self> {
        let field = |name: &str| document.root.get(name);
        let text = |name: &str| field(name).map(Text::from_node);
        Some(Self {
            id: field("id")?.as_str()?.to_owned(),
            title: text("title")?,
            why: text("why")?,
            frameworks: field("frameworks")?
                .entries()
                .iter()
                .map(|(key, list)| (key.name.clone(), strings(Some(list))))
                .collect(),
            concerns: match field("concerns")?.as_str()? {
                "one" => Concerns::One,
                "everyone" => Concerns::Everyone,
                _ => Concerns::Either,
            },
            seen: field("seen")?.items().iter().map(Sign::from_node).collect(),
            confidence: field("confidence")?.as_str()?.to_owned(),
            predicted_by: field("predicted_by")
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .filter_map(Predictor::from_node)
                .collect(),
            unpredicted: text("unpredicted"),
            settle: text("settle")?,
            fix: field("fix").map(Steps::from_node)?,
            who: strings(field("who")),
            closing: field("closing")?.as_str()?.to_owned(),
            references: field("references")?.items().iter().filter_map(reference).collect(),
            source: Arc::clone(&document.source),
        })
    }
}

impl Sign {
    fn from_node(node: &Node) -> Self {
        let text = |name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
        Self {
            says: text("says"),
            code: text("code"),
            status: match node.get("status").map(|node| &node.value) {
                Some(Value::Int(status)) => u16::try_from(*status).ok(),
                _ => None,
            },
            call: text("call"),
            tells: match text("tells").as_deref() {
                Some("certain") => Tells::Certain,
                Some("likely") => Tells::Likely,
                Some("possible") => Tells::Possible,
                _ => Tells::Remote,
            },
            example: text("example"),
        }
    }
}

/// Every policy that an entry names exists, and shows the values that are named.
fn check_policies(document: &Document, policies: &[Policy], sink: &mut Diagnostics) {
    let named = document.root.get("predicted_by").map(Node::items).unwrap_or_default();
    for node in named {
        let place = node.get("policy").unwrap_or(node);
        let Some(id) = place.as_str() else { continue };
        let Some(policy) = policies.iter().find(|policy| policy.id == id) else {
            let message = format!("the entry names a policy that does not exist: `{id}`");
            sink.push(
                Diagnostic::error(Code::UnknownPolicy, message)
                    .at(&document.source, place.span.clone(), "")
                    .suggest(id, policies.iter().map(|policy| policy.id.as_str())),
            );
            continue;
        };
        let shown = || policy.show.iter().map(|shown| shown.name.as_str());
        for (key, _) in node.get("shows").map(Node::entries).unwrap_or_default() {
            if !shown().any(|name| name == key.name) {
                let message = format!("the policy `{id}` shows no value `{}`", key.name);
                sink.push(
                    Diagnostic::error(Code::UndeclaredName, message)
                        .at(&document.source, key.span.clone(), "")
                        .suggest(&key.name, shown()),
                );
            }
        }
    }
}
