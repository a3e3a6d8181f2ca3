//! Diagnosis: from an error text, or from a person, to the causes, the likeliest first.
//!
//! ```text
//! error text ─ read ─► what it says ─ recognise ─► entries of the catalogue ─┐
//! person ─ find ─► rows ─ examine by what predicts the entries ─► clues ─────┴ weigh ─► causes
//! ```
//!
//! The catalogue of errors is data beside the policies ([`crate::policy::KnownError`]); an entry's evidence is what the
//! policies that predict it come to for the person. What was not read stays open, with what would settle it.

mod history;
mod person;
mod recognise;
mod text;
mod weigh;

use crate::audit::diagnosis::{Diagnosis, NamedBy, Person, Spread, SpreadKind};
use crate::audit::{Audit, Counts, Finding, Outcome, ResourceId};
use crate::catalog::{RecordType, catalog};
use crate::evaluate::{Examination, Rows, Tables, examine, resource_id};
use crate::expr::RecordRef;
use crate::policy::{KnownError, Needs, Policy, needs};
use crate::snapshot::Snapshot;
use person::Found;
use text::Reading;

/// What is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'q> {
    /// An error text.
    pub error: Option<&'q str>,
    /// A person, by whatever they are known by.
    pub person: Option<&'q str>,
}

/// Why a person cannot be diagnosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhoError {
    /// Nobody is known by that; names that are much like it, and resource types that were not read whole.
    Nobody {
        /// Names to propose.
        near: Vec<String>,
        /// Where the person may be all the same.
        unread: Vec<String>,
    },
    /// Several people are.
    Several(Vec<ResourceId>),
}

/// Keeps the policies that a diagnosis judges: those that predict an entry, and those that tell whether a person fails.
pub fn relevant(policies: &mut Vec<Policy>, errors: &[KnownError]) {
    policies.retain(|policy| policy.is_symptom() || errors.iter().any(|error| error.predicts(&policy.id).is_some()));
}

/// What a diagnosis needs of a snapshot.
pub fn all_needs(policies: &[Policy]) -> Needs {
    let mut needs = needs(policies);
    for plan in person::plans().chain(history::plan()) {
        needs.add(&plan.reads);
    }
    for resource in person::records().into_iter().filter_map(RecordType::resource) {
        needs.add_resource(resource);
    }
    needs
}

/// Diagnoses an error text without a snapshot.
pub fn from_text(text: &str, errors: &[KnownError]) -> Diagnosis {
    let reading = Reading::of(text);
    Diagnosis {
        person: None,
        history: None,
        spread: None,
        causes: weigh::causes(errors, Some(&reading), None, None),
        error: Some(reading.error),
    }
}

/// Diagnoses with a snapshot that was loaded for it, by policies that are [`relevant`].
///
/// # Errors
/// When the person who is asked for is not one person.
pub fn diagnose(
    question: Question<'_>,
    errors: &[KnownError],
    policies: &[Policy],
    tables: &Tables,
    snapshot: &Snapshot,
) -> Result<Audit, WhoError> {
    let given = question.error.map(Reading::of);
    let (rows, named_by) = match question.person {
        Some(name) => (Some(rows_of(name, tables)?), NamedBy::Argument),
        None => (named(given.as_ref(), tables), NamedBy::ErrorText),
    };
    let Examination {
        mut audit,
        passes,
        everyone,
    } = examine(policies, rows.as_ref().unwrap_or(&Rows::new()), tables, snapshot);
    let events = rows.as_ref().map(|rows| history::events(rows, tables));
    let reading = given.or_else(|| logged(events.as_deref()?));
    let spread = spread(policies, &everyone);
    let failed_last = events.as_deref().and_then(|events| events.first());
    let failing = rows
        .as_ref()
        .and_then(|_| failing(policies, &audit, &passes))
        // Nothing shows that what failed last has worked since.
        .filter(|failing| *failing || failed_last.is_none_or(|event| event.worked_since));
    let evidence = weigh::Evidence {
        policies,
        audit: &audit,
        passes: &passes,
        spread,
        fails: failing == Some(true),
    };
    let causes = weigh::causes(errors, reading.as_ref(), Some(&evidence), rows.as_ref());
    let history = rows.as_ref().zip(events.as_deref()).map(|(rows, events)| {
        let works = failing == Some(false);
        history::history(events, errors, &evidence, rows, works, tables)
    });
    let person = rows.and_then(|rows| person_of(&rows, named_by, failing, tables));
    audit.diagnosis = Some(Diagnosis {
        person,
        error: reading.map(|reading| reading.error),
        history,
        spread: Some(spread),
        causes,
    });
    Ok(audit)
}

fn rows_of(name: &str, tables: &Tables) -> Result<Rows, WhoError> {
    match person::find(name, tables) {
        Found::One(rows) => Ok(rows),
        Found::Several(records) => Err(WhoError::Several(
            records.into_iter().map(|record| resource_id(record, tables)).collect(),
        )),
        Found::Nobody(near) => Err(WhoError::Nobody {
            near,
            unread: person::records()
                .into_iter()
                .filter(|ty| tables.open(*ty).is_some())
                .map(|ty| ty.name().to_owned())
                .collect(),
        }),
    }
}

/// The person whom an error text names, by object id before name.
fn named(reading: Option<&Reading>, tables: &Tables) -> Option<Rows> {
    let error = &reading?.error;
    let names = [&error.entra_id, &error.user];
    names
        .into_iter()
        .flatten()
        .find_map(|name| person::find_named(name, tables))
}

/// What the newest failure in the System Log says.
fn logged(events: &[history::Event]) -> Option<Reading> {
    let newest = events.first()?;
    let mut reading = Reading::of(&newest.reason);
    reading.error.logged = Some(newest.at);
    Some(reading).filter(|reading| !reading.is_empty())
}

/// One person failing and everyone failing, told apart.
fn spread(policies: &[Policy], everyone: &[Counts]) -> Spread {
    let mut sum = Counts::default();
    for (policy, counts) in policies.iter().zip(everyone) {
        if policy.is_symptom() {
            sum.add(counts);
        }
    }
    Spread {
        failing: sum.fail,
        working: sum.pass,
        unknown: sum.unknown,
        kind: match sum {
            Counts {
                fail: 1.., pass: 1.., ..
            } => SpreadKind::Some,
            Counts {
                fail: 2.., unknown: 0, ..
            } => SpreadKind::Everyone,
            Counts {
                fail: 0,
                pass: 1..,
                unknown: 0,
                ..
            } => SpreadKind::Nobody,
            _ => SpreadKind::Unknown,
        },
    }
}

/// Whether what tells that the person fails says so.
fn failing(policies: &[Policy], audit: &Audit, passes: &[Finding]) -> Option<bool> {
    let symptom = |finding: &&Finding| {
        policies
            .iter()
            .any(|policy| policy.is_symptom() && policy.id == finding.policy)
    };
    let outcomes: Vec<Outcome> = audit
        .findings
        .iter()
        .chain(passes)
        .filter(symptom)
        .filter(|finding| finding.count > 0)
        .map(|finding| finding.outcome)
        .collect();
    if outcomes.contains(&Outcome::Fail) {
        return Some(true);
    }
    let works = !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == Outcome::Pass);
    works.then_some(false)
}

/// The person whom these rows are.
fn person_of(rows: &Rows, named_by: NamedBy, failing: Option<bool>, tables: &Tables) -> Option<Person> {
    let ids = |name: &str| -> Vec<ResourceId> {
        let Some(ty) = catalog().resource(name).map(|resource| resource.record) else {
            return Vec::new();
        };
        let rows = rows.get(&ty).into_iter().flatten();
        rows.map(|row| resource_id(RecordRef { ty, row: *row }, tables))
            .collect()
    };
    let assignments = ids("okta.app_user");
    let all = [ids("okta.user"), assignments.clone(), ids("entra.user")];
    Some(Person {
        resource: all.into_iter().flatten().next()?,
        named_by,
        assignments,
        failing,
    })
}
