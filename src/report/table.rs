//! The lists that CSV and the workbook share: their columns, and the cells of each line.

use std::cmp::Reverse;

use super::plain::{Item, Plain, framework_items, numbered, plain};
use crate::audit::Outcome;

/// A cell.
pub(super) enum Cell {
    Text(String),
    Number(u64),
}

/// A list of findings, line by line.
pub(super) struct Table {
    /// Names of the columns. Programs go by them, so they are the same in every language.
    pub(super) columns: &'static [&'static str],
    /// What the lines are about, in order.
    pub(super) items: for<'p> fn(&'p Plain<'p>) -> Vec<Item<'p>>,
    /// The cells of a line.
    pub(super) cells: for<'p> fn(&Plain<'p>, Item<'p>) -> Vec<Cell>,
}

/// Every finding.
pub(super) const FINDINGS: Table = Table {
    columns: &[
        "outcome",
        "severity",
        "name",
        "message",
        "who",
        "fix",
        "check",
        "policy",
        "title",
        "resource_type",
        "key",
        "count",
        "causes",
        "evidence",
        "change",
        "frameworks",
        "waived_until",
        "waiver_reason",
        "finding",
    ],
    items: |plain| plain.items().collect(),
    cells: finding,
};

/// What fails about each person, the persons in alphabetical order, the gravest of each first.
pub(super) const PEOPLE: Table = Table {
    columns: &[
        "person", "severity", "message", "who", "fix", "check", "policy", "title", "finding",
    ],
    items: people,
    cells: person,
};

/// The cells of a finding.
fn finding(plain_audit: &Plain<'_>, item: Item<'_>) -> Vec<Cell> {
    let Item {
        finding,
        policy,
        waiver,
        ..
    } = item;
    let causes: Vec<&str> = finding.causes.iter().map(|origin| origin.cause.as_str()).collect();
    let text = Cell::Text;
    vec![
        text(finding.outcome.as_str().to_owned()),
        text(finding.severity.as_str().to_owned()),
        text(plain_audit.subject(finding)),
        text(plain_audit.message(item)),
        text(plain_audit.who(policy)),
        text(numbered(&plain_audit.to_do(item))),
        text(plain_audit.check(policy)),
        text(plain(&policy.id)),
        text(plain_audit.title(policy)),
        text(plain_audit.kind(finding)),
        text(
            finding
                .resource
                .as_ref()
                .map(|resource| plain(&resource.key))
                .unwrap_or_default(),
        ),
        Cell::Number(finding.count),
        text(causes.join(", ")),
        text(plain_audit.evidence(finding)),
        text(plain_audit.changes(finding).join("; ")),
        text(framework_items(policy).join(", ")),
        text(waiver.map(|waiver| waiver.expires.to_string()).unwrap_or_default()),
        text(waiver.map(|waiver| plain(&waiver.reason)).unwrap_or_default()),
        text(finding.id.to_string()),
    ]
}

/// Failures of people, person by person.
fn people<'p>(plain_audit: &'p Plain<'p>) -> Vec<Item<'p>> {
    let mut items: Vec<Item<'_>> = plain_audit
        .items()
        .filter(|item| item.finding.outcome == Outcome::Fail)
        .filter(|item| item.finding.person().is_some())
        .collect();
    // The spelling that makes one of their records on both sides.
    let key = |item: &Item<'_>| item.finding.person().map(str::to_lowercase);
    items.sort_by_cached_key(|item| (key(item), Reverse(item.finding.severity), item.at));
    items
}

/// The cells of a person's failure.
fn person(plain_audit: &Plain<'_>, item: Item<'_>) -> Vec<Cell> {
    [
        plain_audit.subject(item.finding),
        item.finding.severity.as_str().to_owned(),
        plain_audit.message(item),
        plain_audit.who(item.policy),
        numbered(&plain_audit.to_do(item)),
        plain_audit.check(item.policy),
        plain(&item.policy.id),
        plain_audit.title(item.policy),
        item.finding.id.to_string(),
    ]
    .map(Cell::Text)
    .into()
}
