//! What to do first, and who must do it: the policies that fail, as work.

use std::cmp::Reverse;

use serde::Serialize;

use super::evidence::ChangeView;
use super::finding::{PieceView, pieces, resource_name};
use super::policy::{anchor, named, steps};
use super::{ByPolicy, Limits};
use crate::audit::{Audit, Finding, Outcome};
use crate::policy::Language;
use crate::report::shown::Shown;

/// Names that stand for all who are affected.
const NAMES: usize = 5;
/// Longest example, in characters.
const EXAMPLE: usize = 480;

/// A policy that fails, as something to do.
#[derive(Debug, Serialize)]
pub(super) struct Action {
    /// Its place in the list.
    number: u64,
    /// Place of the policy among the policies.
    policy: usize,
    /// The policy that a link leads to.
    anchor: String,
    title: Shown,
    severity: &'static str,
    resource: Shown,
    /// Resources at fault.
    affected: u64,
    /// The first of them.
    names: Vec<Shown>,
    /// How many more there are.
    more: u64,
    /// Whether they are people.
    people: bool,
    /// What is wrong with each of the first.
    concerned: Vec<Vec<PieceView>>,
    /// How many more there are of whom it is not said.
    more_concerned: u64,
    /// What is wrong with the first of them.
    example: Vec<PieceView>,
    /// The one change that would make each of them pass, if it is the same for all.
    change: Option<ChangeView>,
    /// Roles that can do it.
    who: Vec<Shown>,
    steps: Vec<Shown>,
}

/// A role and what it has to do.
#[derive(Debug, Serialize)]
pub(super) struct Role {
    role: Shown,
    /// What a link to its list leads to.
    anchor: String,
    /// Numbers of the actions, with the policies they belong to.
    actions: Vec<(u64, String)>,
}

/// All that is to be done: the gravest first, then what hits most people, then most of anything else.
pub(super) fn all(audit: &Audit, findings: &ByPolicy<'_>, language: Language, limits: Limits) -> Vec<Action> {
    let mut failing: Vec<_> = audit
        .policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| policy.outcome == Outcome::Fail)
        .map(|(at, policy)| {
            let own = findings.get(policy.id.as_str()).map_or(&[][..], Vec::as_slice);
            let failures: Vec<_> = own.iter().filter(|finding| finding.outcome == Outcome::Fail).collect();
            let people = failures.iter().filter(|finding| finding.person().is_some()).count();
            (at, policy, failures, people)
        })
        .collect();
    failing.sort_by_key(|(_, policy, _, people)| {
        (Reverse(policy.severity), Reverse(*people), Reverse(policy.counts.fail))
    });
    failing
        .into_iter()
        .zip(1..)
        .map(|((at, policy, failures, people), number)| {
            let names = if people > 0 { NAMES } else { 0 };
            let names: Vec<Shown> = failures
                .iter()
                .filter_map(|finding| finding.resource.as_ref())
                .map(resource_name)
                .take(names)
                .collect();
            let concerned: Vec<_> = failures
                .iter()
                .take(limits.concerned)
                .map(|finding| pieces(finding, policy, language, EXAMPLE))
                .collect();
            Action {
                number,
                policy: at,
                more_concerned: policy.counts.fail.saturating_sub(concerned.len() as u64),
                concerned,
                anchor: anchor(&policy.id),
                title: Shown::prose(policy.title.get(language)),
                severity: policy.severity.as_str(),
                resource: Shown::name(&policy.resource),
                affected: policy.counts.fail,
                more: policy.counts.fail.saturating_sub(names.len() as u64),
                names,
                people: people > 0,
                example: failures
                    .first()
                    .map(|first| pieces(first, policy, language, EXAMPLE))
                    .unwrap_or_default(),
                change: shared_change(&failures),
                who: policy.who.iter().map(|role| Shown::name(role)).collect(),
                steps: steps(policy, language),
            }
        })
        .collect()
}

/// The change that would make every failure pass, if it is the same for all.
fn shared_change(failures: &[&&Finding]) -> Option<ChangeView> {
    let first = |finding: &Finding| finding.changes.first().map(ChangeView::of);
    let (one, rest) = failures.split_first()?;
    first(one).filter(|change| rest.iter().all(|finding| first(finding).as_ref() == Some(change)))
}

/// Every role that has something to do, the one with the most urgent work first.
pub(super) fn roles(actions: &[Action]) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for action in actions {
        for who in &action.who {
            let entry = (action.number, action.anchor.clone());
            match roles.iter_mut().find(|role| role.role == *who) {
                Some(role) => role.actions.push(entry),
                None => roles.push(Role {
                    anchor: named("team", who.as_str()),
                    role: who.clone(),
                    actions: vec![entry],
                }),
            }
        }
    }
    roles
}
