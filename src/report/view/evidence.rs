//! Evidence: what decided a finding, and where it was read.

use serde::Serialize;
use serde_json::Value as Json;

use super::Moment;
use crate::audit::{Change, Evidence, Read};
use crate::expr::Origin;
use crate::policy::Language;
use crate::report::shown::Shown;

/// Parts of one finding.
const PARTS: usize = 12;
/// Values of one part.
const READS: usize = 10;
/// Records of one finding.
const RECORDS: usize = 12;

/// A part of the condition, with what it read.
#[derive(Debug, Serialize)]
pub(super) struct PartView {
    expression: Shown,
    value: ValueView,
    reads: Vec<ReadView>,
    elements: Vec<ReadView>,
    /// Of how many elements at fault this shows one.
    of: u64,
}

/// A value by the path that it was read from.
#[derive(Debug, Serialize)]
struct ReadView {
    path: Shown,
    value: ValueView,
}

/// A value, or why it is not known.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ValueView {
    /// The value as JSON.
    text: Shown,
    /// Causes, when it is not known.
    unknown: Vec<CauseView>,
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct CauseView {
    cause: Shown,
    about: Shown,
    needs: Option<Shown>,
    detail: Option<Shown>,
}

/// A record that was read.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct RecordView {
    #[serde(rename = "type")]
    resource_type: Shown,
    key: Shown,
    name: Option<Shown>,
    /// Key of the link that led to it.
    linked_by: Option<Shown>,
    endpoint: Shown,
    read_at: Option<String>,
}

impl CauseView {
    /// The view of a cause.
    pub(super) fn of(origin: &Origin) -> Self {
        let some = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Shown::value);
        Self {
            cause: Shown::name(origin.cause.as_str()),
            about: Shown::name(&origin.about),
            needs: some(&origin.needs),
            detail: some(&origin.detail),
        }
    }
}

impl ValueView {
    /// The value, or its causes where it is `{"unknown": [cause, …]}`.
    fn of(value: &Json) -> Self {
        let causes = value
            .get("unknown")
            .and_then(|causes| serde_json::from_value::<Vec<Origin>>(causes.clone()).ok());
        Self {
            text: Shown::value(&value.to_string()),
            unknown: causes.iter().flatten().map(CauseView::of).collect(),
        }
    }
}

/// The parts of the evidence, and how many are left out.
pub(super) fn parts(evidence: &[Evidence]) -> (Vec<PartView>, u64) {
    let shown: Vec<PartView> = evidence.iter().take(PARTS).map(part).collect();
    let left_out = (evidence.len() - shown.len()) as u64;
    (shown, left_out)
}

/// One part with what it read.
fn part(part: &Evidence) -> PartView {
    let reads = |list: &[Read]| -> Vec<ReadView> {
        list.iter()
            // A part that is nothing but a path has said it already.
            .filter(|read| !(list.len() == 1 && read.path == part.expression))
            .take(READS)
            .map(|read| ReadView {
                path: Shown::value(&read.path),
                value: ValueView::of(&read.value),
            })
            .collect()
    };
    PartView {
        expression: Shown::value(&part.expression),
        value: ValueView::of(&part.value),
        reads: reads(&part.reads),
        elements: reads(&part.elements),
        of: part.of,
    }
}

/// A single change that would make a policy hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ChangeView {
    path: Shown,
    wanted: &'static str,
    values: Vec<ValueView>,
    /// How many values there are.
    of: u64,
}

impl ChangeView {
    /// The view of a change.
    pub(super) fn of(change: &Change) -> Self {
        Self {
            path: Shown::value(&change.path),
            wanted: change.wanted.as_str(),
            values: change.values.iter().map(ValueView::of).collect(),
            of: change.of,
        }
    }
}

/// Every record that any part read, once.
pub(super) fn records(evidence: &[Evidence], language: Language) -> Vec<RecordView> {
    let mut seen: Vec<RecordView> = Vec::new();
    for record in evidence.iter().flat_map(|part| &part.records) {
        let view = RecordView {
            resource_type: Shown::name(&record.resource.resource_type),
            key: Shown::name(&record.resource.key),
            name: record.resource.name.as_deref().map(Shown::name),
            linked_by: record.linked_by.as_deref().map(Shown::name),
            endpoint: Shown::value(&record.endpoint),
            read_at: record.read_at.map(|time| Moment::of(time, language).text),
        };
        if seen.len() < RECORDS && !seen.contains(&view) {
            seen.push(view);
        }
    }
    seen
}
