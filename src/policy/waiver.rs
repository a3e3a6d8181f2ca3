//! Waivers: failures that somebody has accepted for a time, with a reason.
//!
//! A waiver says which failures of a policy it means and remembers fingerprints of the facts it was granted for. What
//! it cannot do, it does not do silently: see [`Standing`].

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Policy;
use super::check::Conditions;
use super::load::strings;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node, Value};
use crate::expr::Plan;
use crate::schema;

/// How far ahead a waiver may end unless the file says otherwise.
const MAX_DAYS: i64 = 366;

/// An accepted exception.
#[derive(Debug)]
pub struct Waiver {
    /// Id of the policy.
    pub policy: String,
    /// Which failures are meant, as written.
    pub text: Option<String>,
    /// The same, compiled; none for all failures, and for a policy that is not judged in this run.
    pub condition: Option<Plan>,
    /// Why.
    pub reason: String,
    /// Who has to resolve it.
    pub owner: String,
    /// Who accepted it.
    pub approver: String,
    /// Where it is followed.
    pub ticket: Option<String>,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// The failures as they were accepted.
    pub facts: Facts,
    /// Whether it may be applied on the day of this audit.
    pub standing: Standing,
}

/// The facts that a waiver was granted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Failures with these fingerprints.
    Accepted(Vec<String>),
    /// Whatever they are now: a waiver that is being granted. No file can say this.
    AsTheyAre,
}

impl Facts {
    /// Whether a failure with this fingerprint is among them.
    pub fn include(&self, fingerprint: &str) -> bool {
        match self {
            Self::Accepted(known) => known.iter().any(|fact| fact == fingerprint),
            Self::AsTheyAre => true,
        }
    }
}

/// Whether a waiver may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Valid,
    /// Its last day is over.
    Expired,
    /// It ends later than waivers may.
    TooFarAhead,
    /// Its policy is not judged in this run.
    NotJudged,
}

/// Reads a file of waivers and checks it against the policies of this run, of which `all` are the ids before any were
/// chosen. Every mistake goes to the sink.
pub fn read_waivers(
    path: &Path,
    policies: &[Policy],
    all: &[String],
    as_of: Timestamp,
    sink: &mut Diagnostics,
) -> Vec<Waiver> {
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read `{name}`: {error}");
            sink.push(Diagnostic::error(Code::UnreadableFile, message));
            return Vec::new();
        }
    };
    parse_waivers(Source::new(name, text), policies, all, as_of, sink)
}

/// The same for a text that is at hand.
pub fn parse_waivers(
    source: Arc<Source>,
    policies: &[Policy],
    all: &[String],
    as_of: Timestamp,
    sink: &mut Diagnostics,
) -> Vec<Waiver> {
    let Some(document) = Document::parse(source, sink) else {
        return Vec::new();
    };
    match schema::waivers() {
        Ok(schema) => schema.check(&document, sink),
        Err(fault) => sink.push(Diagnostic::error(Code::SchemaViolation, fault)),
    }
    let max_days = match document.root.get("max_days").map(|node| &node.value) {
        Some(Value::Int(days)) => *days,
        _ => MAX_DAYS,
    };
    let reader = Reader {
        document: &document,
        policies,
        all,
        as_of,
        max_days,
    };
    let list = document.root.get("waivers").map(Node::items).unwrap_or_default();
    list.iter().filter_map(|node| reader.waiver(node, sink)).collect()
}

struct Reader<'a> {
    document: &'a Document,
    policies: &'a [Policy],
    all: &'a [String],
    as_of: Timestamp,
    max_days: i64,
}

impl Reader<'_> {
    fn waiver(&self, node: &Node, sink: &mut Diagnostics) -> Option<Waiver> {
        let text = |name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
        let id = text("policy")?;
        let policy = self.policies.iter().find(|policy| policy.id == id);
        if policy.is_none() && !self.all.contains(&id) {
            let span = node.get("policy").map_or(0..1, |node| node.span.clone());
            sink.push(
                Diagnostic::error(
                    Code::UnknownPolicy,
                    format!("the waiver names a policy that does not exist: `{id}`"),
                )
                .at(&self.document.source, span, "")
                .suggest(&id, self.all.iter().map(String::as_str)),
            );
        }
        let condition = match (node.get("where"), policy) {
            (Some(condition), Some(policy)) => {
                Conditions::of(self.document, policy.judged).meaning(condition, policy.when_ast.as_ref(), sink)
            }
            _ => None,
        };
        let expires = self.expires(node.get("expires")?, sink)?;
        Some(Waiver {
            standing: if policy.is_none() {
                Standing::NotJudged
            } else {
                self.standing(expires)
            },
            policy: id,
            text: text("where"),
            condition,
            reason: text("reason")?,
            owner: text("owner")?,
            approver: text("approver")?,
            ticket: text("ticket"),
            expires,
            facts: Facts::Accepted(strings(node.get("facts"))),
        })
    }

    fn expires(&self, node: &Node, sink: &mut Diagnostics) -> Option<Date> {
        let date = node.as_str()?.parse::<Date>();
        if let Err(error) = &date {
            sink.push(
                Diagnostic::error(Code::SchemaViolation, format!("not a day: {error}")).at(
                    &self.document.source,
                    node.span.clone(),
                    "expected YYYY-MM-DD",
                ),
            );
        }
        date.ok()
    }

    /// The last day is included: it ends with the first moment of the next, in UTC.
    fn standing(&self, expires: Date) -> Standing {
        let today = self.as_of.to_zoned(TimeZone::UTC).date();
        if today > expires {
            return Standing::Expired;
        }
        match today.checked_add(self.max_days.days()) {
            Ok(latest) if expires > latest => Standing::TooFarAhead,
            _ => Standing::Valid,
        }
    }
}
