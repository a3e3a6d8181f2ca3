//! What could not be judged, by the cause and what it is about.

use std::cmp::Reverse;

use serde::Serialize;

use super::finding::resource_name;
use super::policy::anchor;
use crate::audit::{Audit, Finding, Outcome};
use crate::expr::Origin;
use crate::policy::Language;
use crate::report::shown::Shown;

/// Names that stand for all.
const NAMES: usize = 5;
/// What a vendor or the program said about it, in so many versions.
const DETAILS: usize = 3;

/// A cause, what it keeps from being known, and what would settle it.
#[derive(Debug, Serialize)]
pub(super) struct Doubt {
    cause: &'static str,
    about: Shown,
    needs: Option<Shown>,
    details: Vec<Shown>,
    /// Judgements that could not be made for this reason.
    judgements: u64,
    /// Whether there may be resources that were never seen.
    unread: bool,
    names: Vec<Shown>,
    policies: Vec<PolicyLink>,
}

/// A policy and what a link to it says.
#[derive(Debug, PartialEq, Serialize)]
struct PolicyLink {
    anchor: String,
    title: Shown,
}

/// All doubts, the one that keeps most from being known first.
pub(super) fn all(audit: &Audit, language: Language) -> Vec<Doubt> {
    let mut doubts: Vec<(&Origin, Doubt)> = Vec::new();
    for finding in audit
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Unknown)
    {
        for origin in &finding.causes {
            let same = |known: &Origin| {
                (known.cause, &known.about, &known.needs) == (origin.cause, &origin.about, &origin.needs)
            };
            let at = doubts.iter().position(|(known, _)| same(known)).unwrap_or_else(|| {
                doubts.push((origin, Doubt::of(origin)));
                doubts.len() - 1
            });
            if let Some((_, doubt)) = doubts.get_mut(at) {
                doubt.add(finding, origin, audit, language);
            }
        }
    }
    let mut doubts: Vec<Doubt> = doubts.into_iter().map(|(_, doubt)| doubt).collect();
    doubts.sort_by_key(|doubt| (Reverse(doubt.unread), Reverse(doubt.judgements)));
    doubts
}

impl Doubt {
    /// A doubt that nothing has been counted for.
    fn of(origin: &Origin) -> Self {
        Self {
            cause: origin.cause.as_str(),
            about: Shown::name(&origin.about),
            needs: origin
                .needs
                .as_deref()
                .filter(|needs| !needs.is_empty())
                .map(Shown::name),
            details: Vec::new(),
            judgements: 0,
            unread: false,
            names: Vec::new(),
            policies: Vec::new(),
        }
    }

    /// Counts a finding that the doubt is about.
    fn add(&mut self, finding: &Finding, origin: &Origin, audit: &Audit, language: Language) {
        self.judgements += finding.count;
        self.unread |= finding.count == 0;
        if let Some(detail) = &origin.detail {
            add_new(&mut self.details, Shown::value(detail), DETAILS);
        }
        for resource in finding.resources.iter().chain(&finding.resource).take(NAMES) {
            add_new(&mut self.names, resource_name(resource), NAMES);
        }
        let policy = audit.policies.iter().find(|policy| policy.id == finding.policy);
        let link = policy.map(|policy| PolicyLink {
            anchor: anchor(&policy.id),
            title: Shown::prose(policy.title.get(language)),
        });
        if let Some(link) = link {
            add_new(&mut self.policies, link, usize::MAX);
        }
    }
}

/// Adds what is not there yet, as long as there is room.
fn add_new<T: PartialEq>(list: &mut Vec<T>, item: T, limit: usize) {
    if list.len() < limit && !list.contains(&item) {
        list.push(item);
    }
}
