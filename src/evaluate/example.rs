//! Judges a policy on its own examples.

use bumpalo::Bump;

use super::column::RecordColumns;
use super::evidence::resource_id;
use super::gate::Gate;
use super::judge::{Doubt, Verdict, verdict};
use super::load::{Loaded, unify};
use super::project;
use super::table::Tables;
use crate::audit::Outcome;
use crate::catalog::{RecordType, Resource};
use crate::expr::time::Timestamp;
use crate::expr::{Cause, RecordRef, Records};
use crate::policy::{Example, Expectation, Given, Judged, Needs, Policy};
use crate::snapshot::{ParentStatus, Status};

/// What a policy came to on an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// Why it is unknown.
    pub causes: Vec<Cause>,
    /// How the expression failed, if it did.
    pub failure: Option<String>,
}

impl Judgement {
    /// Whether this is what the example expects.
    pub fn meets(&self, expectation: Expectation) -> bool {
        match expectation {
            Expectation::Pass => self.outcome == Outcome::Pass,
            Expectation::Fail => self.outcome == Outcome::Fail,
            Expectation::NotApplicable => self.outcome == Outcome::NotApplicable,
            Expectation::Unknown(cause) => {
                self.outcome == Outcome::Unknown && cause.is_none_or(|cause| self.causes.contains(&cause))
            }
        }
    }
}

/// Judges one example.
///
/// # Errors
/// Why there is nothing to judge: several resources and none named, or none of that key.
pub fn judge_example(policy: &Policy, example: &Example) -> Result<Judgement, String> {
    let mut needs = Needs::of(&policy.reads());
    if let Judged::Each(resource) = policy.judged {
        needs.add_resource(resource);
    }
    let tables = tables(&example.given, &needs, example.now)?;
    let gate = Gate::of(policy, &tables);
    if gate.is_closed() {
        return Ok(judgement(Verdict::OutOfScope, &tables));
    }
    let Judged::Each(resource) = policy.judged else {
        return Ok(judgement(verdict(policy, &gate, None, &tables, &Bump::new()), &tables));
    };
    match chosen(resource.record, example, &tables)? {
        Some(row) => Ok(judgement(
            verdict(policy, &gate, Some(row), &tables, &Bump::new()),
            &tables,
        )),
        None => Ok(match tables.open(resource.record) {
            Some(open) => unknown(open, &tables),
            None => Judgement {
                outcome: Outcome::NotApplicable,
                causes: Vec::new(),
                failure: None,
            },
        }),
    }
}

fn judgement(verdict: Verdict, tables: &Tables) -> Judgement {
    let plain = |outcome| Judgement {
        outcome,
        causes: Vec::new(),
        failure: None,
    };
    match verdict {
        Verdict::Pass => plain(Outcome::Pass),
        Verdict::Fail => plain(Outcome::Fail),
        Verdict::OutOfScope | Verdict::Excluded => plain(Outcome::NotApplicable),
        Verdict::Unknown(Doubt::Origins(origins)) => unknown(&origins, tables),
        Verdict::Unknown(Doubt::Untold(_)) => Judgement {
            outcome: Outcome::Unknown,
            causes: vec![Cause::Unclassified],
            failure: None,
        },
        Verdict::Unknown(Doubt::Failed(message)) => Judgement {
            outcome: Outcome::Unknown,
            causes: vec![Cause::EvaluationError],
            failure: Some(message),
        },
    }
}

fn unknown(origins: &[u32], tables: &Tables) -> Judgement {
    let mut causes: Vec<Cause> = origins
        .iter()
        .filter_map(|id| tables.origin(*id))
        .map(|origin| origin.cause)
        .collect();
    causes.sort_unstable();
    causes.dedup();
    Judgement {
        outcome: Outcome::Unknown,
        causes,
        failure: None,
    }
}

/// The row that is judged: the named one, or the only one.
fn chosen(ty: RecordType, example: &Example, tables: &Tables) -> Result<Option<RecordRef>, String> {
    let rows: Vec<RecordRef> = (0..tables.rows(ty)).map(|row| RecordRef { ty, row }).collect();
    let keys: Vec<String> = rows.iter().map(|row| resource_id(*row, tables).key).collect();
    match &example.on {
        Some(on) => {
            let named = |key: &&String| *key == on || key.rsplit('/').next() == Some(on);
            let at = keys.iter().position(|key| named(&key));
            let at = at.ok_or_else(|| format!("no {} has the key `{on}`; there are {}", ty.name(), keys.join(", ")))?;
            Ok(rows.get(at).copied())
        }
        None if rows.len() > 1 => Err(format!(
            "there are {} of {}: say with `on` which is judged: {}",
            rows.len(),
            ty.name(),
            keys.join(", ")
        )),
        None => Ok(rows.first().copied()),
    }
}

/// Tables of a small snapshot.
pub(super) fn tables(given: &Given, needs: &Needs, now: Timestamp) -> Result<Tables, String> {
    let mut loaded = Vec::new();
    for resource in needs.resources() {
        if resource.supply.call().is_some() {
            let mut read = read(resource, given, needs)?;
            unify(&mut read.columns);
            loaded.push((resource, read));
        }
    }
    Ok(Tables::assemble(loaded, needs, now))
}

fn read(resource: &'static Resource, given: &Given, needs: &Needs) -> Result<Loaded, String> {
    let wanted = |ty: RecordType| needs.fields(ty);
    let mut columns = RecordColumns::new(resource.record, &wanted);
    let objects = given
        .objects
        .iter()
        .find(|(name, _)| *name == resource.name)
        .map_or(&[][..], |(_, objects)| objects);
    for (parent, object) in objects {
        let line = serde_json::json!({ "parent": parent, "object": object }).to_string();
        project::lines(line.as_bytes(), &mut columns).map_err(|(_, fault)| format!("{}: {fault}", resource.name))?;
    }
    let status = given
        .status
        .iter()
        .find(|(name, _)| *name == resource.name)
        .map_or(Status::Complete, |(_, status)| *status);
    Ok(Loaded {
        columns,
        status,
        reason: None,
        asked: None,
        parents: parents(resource, given, status),
    })
}

/// Every parent in the example was asked; they fared as the type did.
fn parents(resource: &Resource, given: &Given, status: Status) -> Option<Vec<ParentStatus>> {
    let per = resource.supply.call()?.per.as_ref()?;
    let (_, parents) = given.objects.iter().find(|(name, _)| name == per.parent.name())?;
    Some(
        parents
            .iter()
            .filter_map(|(under, object)| per.key_of(under.as_deref(), object))
            .map(|key| ParentStatus {
                key,
                status,
                reason: None,
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;

    #[test]
    fn built_in_policies_meet_their_own_examples() {
        let loaded = crate::policy::load(&[], &mut Diagnostics::new());
        let mut ran = 0;
        let mut wrong = Vec::new();
        for policy in &loaded.policies {
            for example in &policy.examples {
                ran += 1;
                match judge_example(policy, example) {
                    Ok(found) if found.meets(example.expect) => {}
                    found => wrong.push(format!(
                        "{} / {}: {found:?} instead of {:?}",
                        policy.id, example.name, example.expect
                    )),
                }
            }
        }
        assert!(ran > 40, "only {ran} examples ran");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
