//! What the System Log tells of a person: failures of the last days, the newest first, each held against what the snapshot
//! shows now.

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

/// A failure in the log: when, and the vendor's text.
pub(super) type Event = (Timestamp, String);

/// The person's failures in the System Log, where they concern this tenant: when, and the text.
static EVENTS: LazyLock<Option<Plan>> = LazyLock::new(|| {
    let record = catalog().resource("okta.app_user")?.record;
    let cel = "app_user.app.targets_tenant ? app_user.failures.filter(f, f.outcome.reason != null)\
               .map(f, [string(f.published), f.outcome.reason]) : []";
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
    events.sort_by(|(a, _), (b, _)| b.cmp(a));
    events
}

/// A pair of time and text.
fn event(pair: &Json) -> Option<Event> {
    match pair.as_array()?.as_slice() {
        [Json::String(at), Json::String(reason)] => Some((at.parse().ok()?, reason.clone())),
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
    for (at, reason) in events {
        let reading = Reading::of(reason);
        if let Some(known) = failures.iter_mut().find(|known| known.text == reading.error.text) {
            known.first = *at;
            known.times += 1;
        } else if failures.len() < MOST {
            failures.push(failure(*at, &reading, errors, evidence, rows, works));
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
    // The surest by its words, and among equals the one that the snapshot shows.
    causes.sort_by(|(a, now, _), (b, then, _)| b.cmp(a).then(now.cmp(then)));
    let cause = causes.first();
    LoggedFailure {
        last: at,
        first: at,
        times: 1,
        text: reading.error.text.clone(),
        cause: cause.map(|(.., error)| error.id.clone()),
        title: cause.map(|(.., error)| error.title.clone()),
        present: match cause.map(|(_, standing, _)| *standing) {
            Some(Standing::Supported | Standing::Suggested) => Present::Persists,
            Some(Standing::Contradicted) => Present::Gone,
            _ if works => Present::Works,
            _ => Present::Open,
        },
    }
}
