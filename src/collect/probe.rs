//! What a collection would be answered: signs in, and asks for the first page of each type.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::auth::Grant;
use super::client::Answer;
use super::failure::{Failure, classify};
use super::line::{Line, writing_warning};
use super::parents::{Parent, parent_keys};
use super::plan::{Plan, Step};
use super::retry::{Cost, GetError};
use super::{Clock, CollectError, Observer, Options, pages};
use crate::catalog::{Population, RecordType, SourceName};
use crate::config::Tenant;
use crate::snapshot::Status;

/// What one source would answer.
#[derive(Debug)]
pub struct Examination {
    /// Whom it is about.
    pub source: SourceName,
    /// What the credential allows.
    pub grant: Grant,
    /// What the user is told about a credential that allows more than it should.
    pub warning: Option<String>,
    /// Each type of the plan, in its order.
    pub probes: Vec<Probe>,
}

/// What came of asking for one type.
#[derive(Debug)]
pub struct Probe {
    /// What was asked for.
    pub step: Step,
    /// `complete` when the first page came; `not_requested` when there was nobody to ask about.
    pub status: Status,
    /// Why not better.
    pub reason: Option<String>,
}

/// Examines the sources of a pair that the configuration names, one after the other.
///
/// # Errors
/// For each source by itself: when a credential is missing or refused.
pub async fn examine(
    tenant: &Tenant,
    plan: &Plan,
    options: Options,
    clock: Clock,
    observer: Observer,
) -> Vec<(SourceName, Result<Examination, CollectError>)> {
    let mut all = Vec::new();
    for source in [SourceName::Okta, SourceName::Entra] {
        match Line::to(source, tenant, plan, options, &clock, &observer) {
            Ok(Some(line)) => all.push((source, examine_one(&line, plan, &clock).await)),
            Ok(None) => {}
            Err(error) => all.push((source, Err(error))),
        }
    }
    all
}

/// The objects of first pages, for the types that are read once for each of them.
type FirstPages = HashMap<RecordType, Vec<Parent>>;

async fn examine_one(line: &Line, plan: &Plan, clock: &Clock) -> Result<Examination, CollectError> {
    let grant = line.sign_in().await?;
    let now = clock();
    let mut probes = Vec::new();
    let mut first_pages = FirstPages::new();
    for step in plan.of(line.source) {
        let (status, reason) = probe(line, step, &grant, &mut first_pages, now).await?;
        probes.push(Probe {
            step: *step,
            status,
            reason,
        });
    }
    Ok(Examination {
        source: line.source,
        warning: writing_warning(line.source, &grant),
        grant,
        probes,
    })
}

type Outcome = (Status, Option<String>);

async fn probe(
    line: &Line,
    step: &Step,
    grant: &Grant,
    first_pages: &mut FirstPages,
    now: jiff::Timestamp,
) -> Result<Outcome, CollectError> {
    if let Some((status, reason)) = line.in_vain(step, grant) {
        return Ok((status, Some(reason)));
    }
    let parent = match &step.call.per {
        None => None,
        Some(per) => {
            let known = first_pages.get(&per.parent).map(Vec::as_slice).unwrap_or_default();
            match parent_keys(per, known).into_iter().next() {
                Some(key) => Some(key),
                None => {
                    let reason = format!("the first page of {} has none to ask about", per.parent.name());
                    return Ok((Status::NotRequested, Some(reason)));
                }
            }
        }
    };
    let url = step.url(line.client.base(), parent.as_deref(), now);
    match line.client.get(&url, &line.auth, &mut Cost::default()).await {
        Ok(answer) => Ok(judge(line, step, parent, &answer, first_pages)),
        Err(GetError::SignIn(error)) => Err(error),
        Err(GetError::Failed(reason)) => Ok((Status::Failed, Some(reason))),
    }
}

fn judge(line: &Line, step: &Step, under: Option<String>, answer: &Answer, first_pages: &mut FirstPages) -> Outcome {
    if answer.status != 200 {
        return match classify(line.source, step.call, answer.status, &answer.body) {
            Failure::Empty => (Status::Complete, None),
            Failure::SignedOut(reason) => (Status::Failed, Some(reason)),
            Failure::Refused(status, reason) => (status, Some(reason)),
        };
    }
    let single = step.resource.population == Population::One;
    match pages::parse(step.call, single, &answer.headers, &answer.body) {
        Ok(page) => {
            let parent = |object: &&RawValue| {
                Some(Parent {
                    parent: under.clone(),
                    object: serde_json::from_str(object.get()).ok()?,
                })
            };
            let parents = page.objects.iter().filter_map(parent).collect();
            first_pages.insert(step.resource.record, parents);
            (Status::Complete, None)
        }
        Err(reason) => (Status::Failed, Some(reason)),
    }
}
