//! Readiness: what will happen to each person when a rollout plan is carried out.
//!
//! ```text
//! plan ─ people, licences ─► assignments as Okta would make them ─ laid over the snapshot ─► policies ─┐
//!                                                                 seats, counted in order ─► reasons ◄─┘
//! ```
//!
//! No rule of Microsoft's or Okta's is written here a second time. Each person becomes an assignment
//! (`okta.app_user`) as Okta would create it, behind those of the snapshot, and the same policies that audit judge it; the
//! error catalogue says what a failure means, what Microsoft will say, and who must act. What is this module's own is what
//! only a plan has: who is meant, in which order, with which licences, and whether the seats will do.

mod ask;
mod assignment;
mod casting;
mod directory;
mod judging;
mod people;
mod plan;
mod product;
mod seats;
mod tally;
mod user_name;

use crate::audit::Audit;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::evaluate::Tables;
use crate::policy::{Judged, KnownError, Needs, Policy, needs};
use crate::snapshot::Snapshot;

pub use people::people_in;
pub use plan::{AtMost, Limits, RolloutPlan, WavePlan, people_of};

/// What is asked of a rollout.
#[derive(Debug)]
pub struct Questions {
    policies: Vec<Policy>,
    errors: Vec<KnownError>,
    /// Ids of policies that foresee and are not asked.
    unasked: Vec<String>,
}

impl Questions {
    /// Of the policies that were chosen those that foresee: they predict an entry of the error catalogue, or are asked of
    /// every assignment. What only tells that provisioning has failed already says nothing of who is yet to be assigned.
    /// What foresees among all policies, and was not chosen, stays open.
    pub fn of(mut chosen: Vec<Policy>, all: &[Policy], errors: Vec<KnownError>) -> Self {
        let predicts = |policy: &Policy| errors.iter().any(|error| error.predicts(&policy.id).is_some());
        let of_assignments =
            |policy: &Policy| matches!(policy.judged, Judged::Each(resource) if resource.name == "okta.app_user");
        chosen.retain(|policy| !policy.is_symptom() && (of_assignments(policy) || predicts(policy)));
        let is_asked = |policy: &Policy| chosen.iter().any(|known| known.id == policy.id);
        let unasked = all
            .iter()
            .filter(|policy| !policy.is_symptom() && predicts(policy) && !is_asked(policy));
        let unasked = unasked.map(|policy| policy.id.clone()).collect();
        Self {
            policies: chosen,
            errors,
            unasked,
        }
    }
}

/// What finding the people of a plan needs of a snapshot, before any policy is asked.
pub fn directory_needs() -> Needs {
    let mut all = Needs::default();
    for ask in ask::DIRECTORY.all() {
        ask.add_to(&mut all);
    }
    all
}

/// What is to be said of names or ids that no group of a snapshot has.
///
/// # Errors
/// When the snapshot is damaged.
pub fn unknown_groups(names: &[String], snapshot: &Snapshot) -> Result<Vec<Diagnostic>, Diagnostic> {
    let tables = Tables::load(snapshot, &directory_needs())?;
    Ok(directory::unknown_groups(names, &tables))
}

/// Foresees what becomes of a plan.
///
/// # Errors
/// Everything in the plan that is not in the snapshot or not one thing: applications, groups, licences. People who are
/// not found are part of the answer.
pub fn foresee(plan: &RolloutPlan, questions: &Questions, snapshot: &Snapshot) -> Result<Audit, Diagnostics> {
    let tables = Tables::load(snapshot, &directory_needs())?;
    let rollout = casting::rollout(plan, &tables)?;
    drop(tables);
    let mut wanted = needs(&questions.policies);
    for ask in ask::OUTLOOK.all() {
        ask.add_to(&mut wanted);
    }
    let planned = rollout.records(snapshot.manifest().ended);
    let tables = Tables::load_with(snapshot, &wanted, &planned)?;
    Ok(judging::judge(&rollout, plan, questions, &tables, snapshot))
}
