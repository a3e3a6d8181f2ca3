//! The lists that CSV and the workbook share: their columns, and the cells of each line.

use std::cmp::Reverse;

use super::plain::{Item, Plain, framework_items, numbered, plain};
use crate::audit::Outcome;

/// A cell.
pub(super) enum Cell {
    Text(String),
    Number(u64),
    /// Names that programs go by, with the section of the texts that has their words for people.
    Codes(&'static str, Vec<&'static str>),
}

/// One such name.
fn code(section: &'static str, name: &'static str) -> Cell {
    Cell::Codes(section, vec![name])
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
        "resources",
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

/// What fails, role by role in alphabetical order, the gravest of each first: what a team has to do. What a policy names
/// nobody for stands first, with no role.
pub(super) const TEAMS: Table = Table {
    columns: &[
        "team", "severity", "name", "message", "fix", "check", "policy", "title", "finding",
    ],
    items: teams,
    cells: team,
};

/// The cells of a finding.
fn finding(plain_audit: &Plain<'_>, item: Item<'_>) -> Vec<Cell> {
    let Item {
        finding,
        policy,
        waiver,
        ..
    } = item;
    let causes: Vec<&'static str> = finding.causes.iter().map(|origin| origin.cause.as_str()).collect();
    let text = Cell::Text;
    vec![
        code("outcome", finding.outcome.as_str()),
        code("severity", finding.severity.as_str()),
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
        text(plain_audit.resources(finding)),
        Cell::Codes("cause", causes),
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
    let who = Cell::Text(plain_audit.who(item.policy));
    let [subject, severity, message, rest @ ..] = failure(plain_audit, item);
    [subject, severity, message, who].into_iter().chain(rest).collect()
}

/// Failures for each role that can mend them.
fn teams<'p>(plain_audit: &'p Plain<'p>) -> Vec<Item<'p>> {
    let failures = plain_audit.items().filter(|item| item.finding.outcome == Outcome::Fail);
    let mut items: Vec<Item<'_>> = failures
        .flat_map(|item| {
            let roles = item.policy.who.iter().map(|role| Some(role.as_str()));
            let nobody = item.policy.who.is_empty().then_some(None);
            roles.chain(nobody).map(move |role| Item { role, ..item })
        })
        .collect();
    items.sort_by_key(|item| (item.role, Reverse(item.finding.severity), item.at));
    items
}

/// The cells of what a team has to mend.
fn team(plain_audit: &Plain<'_>, item: Item<'_>) -> Vec<Cell> {
    let team = item.role.map(|role| plain_audit.role(role)).unwrap_or_default();
    let [subject, severity, rest @ ..] = failure(plain_audit, item);
    [Cell::Text(team), severity, subject].into_iter().chain(rest).collect()
}

/// Of a failure whom it is about, how grave it is, what is wrong, what to do and how to check it.
fn failure(plain_audit: &Plain<'_>, item: Item<'_>) -> [Cell; 8] {
    let text = Cell::Text;
    [
        text(plain_audit.subject(item.finding)),
        code("severity", item.finding.severity.as_str()),
        text(plain_audit.message(item)),
        text(numbered(&plain_audit.to_do(item))),
        text(plain_audit.check(item.policy)),
        text(plain(&item.policy.id)),
        text(plain_audit.title(item.policy)),
        text(item.finding.id.to_string()),
    ]
}
