//! What the System Log tells of a person: failures of the last days, the newest first, each held against what the snapshot
//! shows now.

use std::cmp::Reverse;
use std::sync::LazyLock;

use bumpalo::Bump;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::recognise::recognise;
use super::text::Reading;
use super::weigh::{Evidence, present};
use crate::audit::diagnosis::{History, LoggedFailure, Present, Standing};
use crate::catalog::catalog;
use crate::evaluate::{Rows, Tables};
use crate::expr::{Plan, RecordRef, Records as _, Value, compile, run, to_json};
use crate::policy::KnownError;
use crate::policy::derived::row_scope;

/// Different failures that are told; older ones are in the System Log.
const MOST: usize = 10;

/// A failure in the log.
#[derive(Debug)]
pub(super) struct Event {
    /// When.
    pub(super) at: Timestamp,
    /// The vendor's text.
    pub(super) reason: String,
    /// Whether Okta is known to have reached the person's account afterwards.
    pub(super) worked_since: bool,
}

/// The person's failures in the System Log, where they concern this tenant: when, the text, and whether Okta has reached
/// the account since. That nothing fails at present is not enough: the next push may not have been tried.
static EVENTS: LazyLock<Option<Plan>> = LazyLock::new(|| {
    let record = catalog().resource("okta.app_user")?.record;
    let cel = "app_user.app.targets_tenant ? app_user.failures.filter(f, f.outcome.reason != null)\
               .map(f, [string(f.published), f.outcome.reason, app_user.externalId != null && app_user.status != 'STAGED'\
               && (app_user.lastSync != null && app_user.lastSync > f.published\
               || app_user.statusChanged != null && app_user.statusChanged > f.published)]) : []";
    compile(cel, &row_scope(record)).plan
});

/// What reading the log needs.
pub(super) fn plan() -> Option<&'static Plan> {
    EVENTS.as_ref()
}

/// The failures of the person whose rows these are, the newest first.
pub(super) fn events(rows: &Rows, tables: &Tables) -> Vec<Event> {
    let (Some(resource), Some(plan)) = (catalog().resource("okta.app_user"), plan()) else {
        return Vec::new();
    };
    let ty = resource.record;
    let mut events = Vec::new();
    for row in rows.get(&ty).into_iter().flatten() {
        let arena = Bump::new();
        let record = RecordRef { ty, row: *row };
        let variables = [Value::Record(record), Value::Timestamp(tables.now())];
        let found = to_json(run(plan, &variables, tables, &arena), tables);
        let list = found.get("known").unwrap_or(&found).as_array();
        events.extend(list.into_iter().flatten().filter_map(event));
    }
    events.sort_by_key(|event| Reverse(event.at));
    events
}

/// An event as [`EVENTS`] gives it.
fn event(found: &Json) -> Option<Event> {
    match found.as_array()?.as_slice() {
        [Json::String(at), Json::String(reason), worked_since] => Some(Event {
            at: at.parse().ok()?,
            reason: reason.clone(),
            worked_since: *worked_since == Json::Bool(true),
        }),
        _ => None,
    }
}

/// The events as failures: what was told several times is one.
pub(super) fn history(
    events: &[Event],
    errors: &[KnownError],
    evidence: &Evidence<'_>,
    rows: &Rows,
    works: bool,
    tables: &Tables,
) -> History {
    let mut failures: Vec<LoggedFailure> = Vec::new();
    for event in events {
        let reading = Reading::of(&event.reason);
        if let Some(known) = failures.iter_mut().find(|known| known.text == reading.error.text) {
            known.first = event.at;
            known.times += 1;
        } else if failures.len() < MOST {
            failures.push(failure(
                event.at,
                &reading,
                errors,
                evidence,
                rows,
                works && event.worked_since,
            ));
        }
    }
    let log = catalog().resource("okta.provisioning_failure");
    History {
        failures,
        whole: log.is_some_and(|log| tables.open(log.record).is_none()),
    }
}

fn failure(
    at: Timestamp,
    reading: &Reading,
    errors: &[KnownError],
    evidence: &Evidence<'_>,
    rows: &Rows,
    works: bool,
) -> LoggedFailure {
    let mut causes: Vec<_> = recognise(reading, errors)
        .into_iter()
        .filter_map(|(number, found)| {
            let error = errors.get(number)?;
            Some((found, present(error, evidence, rows), error))
        })
        .collect();
    // The surest by its words, and among equals the one that the snapshot shows; last what the snapshot contradicts.
    causes.sort_by_key(|(words, standing, _)| (*standing == Standing::Contradicted, Reverse(*words), *standing));
    let cause = causes.first();
    LoggedFailure {
        last: at,
        first: at,
        times: 1,
        text: reading.error.text.clone(),
        cause: cause.map(|(.., error)| error.id.clone()),
        title: cause.map(|(.., error)| error.title.clone()),
        // The text may mean any of them: it is gone when all of them are.
        present: match cause.map(|(_, standing, _)| *standing) {
            Some(Standing::Supported | Standing::Suggested) => Present::Persists,
            Some(Standing::Contradicted) => Present::Gone,
            _ if works => Present::Works,
            _ => Present::Open,
        },
    }
}
