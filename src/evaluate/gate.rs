//! Gates: whether a tenant has what a policy requires.

use bumpalo::Bump;

use super::judge::{Doubt, doubt, variables};
use super::table::Tables;
use crate::audit::{RequirementResult, RequirementStatus};
use crate::expr::{Cause, Evaluator, Origin, Value};
use crate::policy::{Policy, Requirement};

/// What the requirements of one policy came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    standings: Vec<(&'static Requirement, Standing)>,
}

/// What one requirement came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    Met,
    Lacking,
    Unknown(Doubt),
}

impl Gate {
    /// Asks the snapshot for everything that a policy requires.
    pub(super) fn of(policy: &Policy, tables: &Tables) -> Self {
        let standings = policy
            .requires
            .iter()
            .map(|required| (*required, standing(required, tables)));
        Self {
            standings: standings.collect(),
        }
    }

    /// Whether something that is required is surely lacking: nothing is judged.
    pub(super) fn is_closed(&self) -> bool {
        self.standings
            .iter()
            .any(|(_, standing)| *standing == Standing::Lacking)
    }

    /// The first requirement of which it is not known whether it is met, and why.
    pub(super) fn doubt(&self) -> Option<(&'static Requirement, &Doubt)> {
        self.standings
            .iter()
            .find_map(|(requirement, standing)| match standing {
                Standing::Unknown(doubt) => Some((*requirement, doubt)),
                _ => None,
            })
    }

    /// Every requirement, for the audit.
    pub(super) fn results(&self) -> Vec<RequirementResult> {
        let result = |(requirement, standing): &(&'static Requirement, Standing)| RequirementResult {
            id: requirement.id.clone(),
            title: requirement.title.clone(),
            status: match standing {
                Standing::Met => RequirementStatus::Met,
                Standing::Lacking => RequirementStatus::Lacking,
                Standing::Unknown(_) => RequirementStatus::Unknown,
            },
        };
        self.standings.iter().map(result).collect()
    }
}

fn standing(requirement: &'static Requirement, tables: &Tables) -> Standing {
    let untold = Standing::Unknown(Doubt::Untold(requirement.id.as_str()));
    let Some(plan) = &requirement.plan else {
        return untold;
    };
    let arena = Bump::new();
    match Evaluator::new(tables, &arena).plan(plan, &variables(None, tables)) {
        Value::Bool(true) => Standing::Met,
        Value::Bool(false) => Standing::Lacking,
        Value::Null => untold,
        other => Standing::Unknown(doubt(other)),
    }
}

/// Why nothing that is collected tells whether a requirement is met.
pub(super) fn untold(id: &str, policy: &Policy) -> Origin {
    let requirement = policy.requires.iter().find(|required| required.id == id);
    Origin {
        cause: Cause::Unclassified,
        about: id.to_owned(),
        needs: requirement.and_then(|requirement| requirement.needs.clone()),
        detail: None,
    }
}
