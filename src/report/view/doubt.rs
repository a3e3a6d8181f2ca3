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
    names: Vec<Shown>,
    /// Policies that it keeps from an answer, the one with most to decide first.
    policies: Vec<Undecided>,
}

/// A policy, and how much of it could not be decided for one reason.
#[derive(Debug, Serialize)]
struct Undecided {
    anchor: String,
    title: Shown,
    resource: Shown,
    /// Resources that could not be decided.
    count: u64,
    /// Of so many that are in scope, or may be.
    of: u64,
    /// Whether there may be resources that were never seen.
    unread: bool,
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
    for doubt in &mut doubts {
        doubt
            .policies
            .sort_by_key(|policy| (Reverse(policy.count), Reverse(policy.unread)));
    }
    doubts.sort_by_key(|doubt| {
        let unread = doubt.policies.iter().any(|policy| policy.unread);
        let count: u64 = doubt.policies.iter().map(|policy| policy.count).sum();
        (Reverse(unread), Reverse(count))
    });
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
            names: Vec::new(),
            policies: Vec::new(),
        }
    }

    /// Counts a finding that the doubt is about.
    fn add(&mut self, finding: &Finding, origin: &Origin, audit: &Audit, language: Language) {
        if let Some(detail) = &origin.detail {
            add_new(&mut self.details, Shown::value(detail), DETAILS);
        }
        for resource in finding.resources.iter().chain(&finding.resource).take(NAMES) {
            add_new(&mut self.names, resource_name(resource), NAMES);
        }
        let Some(policy) = audit.policies.iter().find(|policy| policy.id == finding.policy) else {
            return;
        };
        let anchor = anchor(&policy.id);
        let known = self.policies.iter().position(|known| known.anchor == anchor);
        let at = known.unwrap_or_else(|| {
            self.policies.push(Undecided {
                anchor,
                title: Shown::prose(policy.title.get(language)),
                resource: Shown::name(&policy.resource),
                count: 0,
                of: policy
                    .population
                    .saturating_sub(policy.counts.out_of_scope + policy.counts.excluded),
                unread: false,
            });
            self.policies.len() - 1
        });
        if let Some(undecided) = self.policies.get_mut(at) {
            undecided.count += finding.count;
            undecided.unread |= finding.count == 0;
        }
    }
}

/// Adds what is not there yet, as long as there is room.
fn add_new<T: PartialEq>(list: &mut Vec<T>, item: T, limit: usize) {
    if list.len() < limit && !list.contains(&item) {
        list.push(item);
    }
}
