//! People, each with all that is wrong with them: what goes into one ticket.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Limits;
use super::finding::{PieceView, pieces};
use super::policy::PolicyView;
use crate::audit::{Audit, Finding, Outcome};
use crate::policy::{Language, Severity};
use crate::report::shown::Shown;

/// Longest message, in characters.
const MESSAGE: usize = 480;
/// Failures of one person.
const ITEMS: usize = 30;

/// A person of whom something fails.
#[derive(Debug, Serialize)]
pub(super) struct AffectedPerson {
    /// What a link leads to: the same in every audit.
    anchor: String,
    name: Shown,
    /// The gravest.
    severity: &'static str,
    items: Vec<PersonFailure>,
    /// Failures that are not shown.
    more: u64,
}

/// A failure of a person.
#[derive(Debug, Serialize)]
struct PersonFailure {
    /// Place of the policy among the policies.
    policy: usize,
    message: Vec<PieceView>,
    /// Id of the finding.
    finding: String,
    /// Whether the finding is shown in full.
    shown: bool,
}

/// A failure, and the place of its policy.
type Failure<'a> = (&'a Finding, usize);

/// People with the gravest failures first, then those with most; and how many more there are.
pub(super) fn all(
    audit: &Audit,
    policies: &[PolicyView],
    language: Language,
    limits: Limits,
) -> (Vec<AffectedPerson>, u64) {
    let places: HashMap<&str, usize> = audit
        .policies
        .iter()
        .map(|policy| policy.id.as_str())
        .zip(0..)
        .collect();
    let mut people: HashMap<String, Vec<Failure<'_>>> = HashMap::new();
    for finding in audit.findings.iter().filter(|finding| finding.outcome == Outcome::Fail) {
        if let (Some(person), Some(place)) = (finding.person(), places.get(finding.policy.as_str())) {
            people.entry(person.to_lowercase()).or_default().push((finding, *place));
        }
    }
    let mut people: Vec<(String, Vec<Failure<'_>>)> = people.into_iter().collect();
    people.sort_by(|(name, failures), (other_name, other)| {
        let rank = |failures: &[Failure<'_>]| (gravest(failures), failures.len());
        rank(other).cmp(&rank(failures)).then_with(|| name.cmp(other_name))
    });
    let more = people.len().saturating_sub(limits.people) as u64;
    let people = people.into_iter().take(limits.people).map(|(key, mut failures)| {
        failures.sort_by_key(|(finding, place)| (Reverse(finding.severity), *place));
        let items = failures.iter().take(ITEMS).filter_map(|(finding, place)| {
            let id = finding.id.to_string();
            Some(PersonFailure {
                policy: *place,
                message: pieces(finding, audit.policies.get(*place)?, language, MESSAGE),
                shown: policies.get(*place).is_some_and(|policy| policy.shows(&id)),
                finding: id,
            })
        });
        AffectedPerson {
            anchor: anchor(&key),
            name: failures
                .first()
                .and_then(|(finding, _)| finding.person())
                .map(Shown::name)
                .unwrap_or_default(),
            severity: gravest(&failures).map_or("info", Severity::as_str),
            items: items.collect(),
            more: failures.len().saturating_sub(ITEMS) as u64,
        }
    });
    (people.collect(), more)
}

/// The gravest of some failures.
fn gravest(failures: &[Failure<'_>]) -> Option<Severity> {
    failures.iter().map(|(finding, _)| finding.severity).max()
}

/// A name for links that says nothing of the person and fits an address.
fn anchor(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let start: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("person-{start}")
}
