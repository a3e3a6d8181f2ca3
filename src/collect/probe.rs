//! What a collection would be answered: signs in, and asks for the first page of each type.

use std::collections::HashMap;

use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::auth::Grant;
use super::client::Answer;
use super::connection::{Connection, writing_warning};
use super::failure::{Failure, classify};
use super::plan::{Plan, Step};
use super::retry::{Cost, GetError};
use super::{Clock, CollectError, Observer, Options, pages};
use crate::catalog::{PerParent, Population, RecordType, SourceName};
use crate::config::Tenant;
use crate::snapshot::{Parent, Status, asked, object};

/// What one source would answer.
#[derive(Debug)]
pub struct Probed {
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

/// Asks the sources of a pair that the configuration names, one after the other.
///
/// # Errors
/// For each source by itself: when a credential is missing or refused, or nothing answers.
pub async fn probe(
    tenant: &Tenant,
    plan: &Plan,
    options: Options,
    clock: Clock,
    observer: Observer,
) -> Vec<(SourceName, Result<Probed, CollectError>)> {
    let mut all = Vec::new();
    for source in [SourceName::Okta, SourceName::Entra] {
        match Connection::to(source, tenant, plan, options, &clock, &observer) {
            Ok(Some(to)) => all.push((source, probe_source(&to, plan, &clock).await)),
            Ok(None) => {}
            Err(error) => all.push((source, Err(error))),
        }
    }
    all
}

/// What is known of the types that others are read once for each of.
type Parents = HashMap<RecordType, FirstPage>;

/// The first page of a type and whether it is the only one, or why there is none.
type FirstPage = Result<(Vec<Parent>, bool), (Status, String)>;

/// How a type fared, and why not better.
type Outcome = (Status, Option<String>);

async fn probe_source(to: &Connection, plan: &Plan, clock: &Clock) -> Result<Probed, CollectError> {
    let grant = to.sign_in().await?;
    let now = clock();
    let mut probes = Vec::new();
    let mut parents = Parents::new();
    for step in plan.of(to.source) {
        let (status, reason) = probe_type(to, step, &grant, &mut parents, now, probes.is_empty()).await?;
        if status != Status::Complete {
            let why = (status, reason.clone().unwrap_or_default());
            parents.insert(step.resource.record, Err(why));
        }
        probes.push(Probe {
            step: *step,
            status,
            reason,
        });
    }
    Ok(Probed {
        warning: writing_warning(to.source, &grant),
        grant,
        probes,
    })
}

async fn probe_type(
    to: &Connection,
    step: &Step,
    grant: &Grant,
    parents: &mut Parents,
    now: jiff::Timestamp,
    is_first: bool,
) -> Result<Outcome, CollectError> {
    if let Some((status, reason)) = to.in_vain(step, grant) {
        return Ok((status, Some(reason)));
    }
    let parent = match &step.call.per {
        None => None,
        Some(per) => match first_key(per, parents) {
            Ok(Some(key)) => Some(key),
            // There is nobody to ask about in the whole list.
            Ok(None) => return Ok((Status::Complete, None)),
            Err((status, reason)) => return Ok((status, Some(reason))),
        },
    };
    let nothing = |reason| CollectError::Nothing {
        source_name: to.source,
        reason,
    };
    let url = step.url(to.client.base(), parent.as_deref(), now);
    let answer = match to.client.get(&url, &to.auth, &mut Cost::default()).await {
        Ok(answer) => answer,
        Err(GetError::SignIn(error)) => return Err(error),
        // Nobody answers: the others would not either, after as many attempts.
        Err(GetError::Failed(reason)) if is_first => return Err(nothing(reason)),
        Err(GetError::Failed(reason)) => return Ok((Status::Failed, Some(reason))),
    };
    if answer.status != 200 {
        return match classify(to.source, step.call, answer.status, &answer.body) {
            Failure::Empty => Ok((Status::Complete, None)),
            Failure::SignedOut(reason) => Err(nothing(reason)),
            Failure::Refused(status, reason) => Ok((status, Some(reason))),
        };
    }
    match first_page(step, parent, &answer) {
        Ok(page) => {
            parents.insert(step.resource.record, Ok(page));
            Ok((Status::Complete, None))
        }
        Err(reason) => Ok((Status::Failed, Some(reason))),
    }
}

/// The key of one parent to ask about; none when there is none in the whole list.
fn first_key(per: &PerParent, parents: &Parents) -> Result<Option<String>, (Status, String)> {
    let name = per.parent.name();
    let (known, is_whole) = match parents.get(&per.parent) {
        Some(Ok((known, is_whole))) => (known.as_slice(), *is_whole),
        Some(Err((status, reason))) => return Err((*status, format!("{name} could not be read: {reason}"))),
        None => (&[] as &[Parent], false),
    };
    let asked = asked(per, known);
    let shortfall = asked.shortfall(per);
    match (asked.keys.into_iter().next(), shortfall) {
        (None, Some(reason)) => Err((Status::NotRequested, reason)),
        (None, None) if !is_whole => {
            let reason = format!("the first page of {name} has none to ask about");
            Err((Status::NotRequested, reason))
        }
        (key, _) => Ok(key),
    }
}

/// The objects of an answer, and whether they are all: under one parent, they say nothing of the others.
fn first_page(step: &Step, under: Option<String>, answer: &Answer) -> Result<(Vec<Parent>, bool), String> {
    let single = step.resource.population == Population::One;
    let page = pages::parse(step.call, single, &answer.headers, &answer.body)?;
    let parent = |raw: &&RawValue| {
        Ok::<_, String>(Parent {
            parent: under.clone(),
            object: Json::Object(object::read(raw.get())?),
        })
    };
    let is_whole = page.next.is_none() && under.is_none();
    let parents: Result<Vec<Parent>, String> = page.objects.iter().map(parent).collect();
    Ok((parents?, is_whole))
}
