//! A workbook: summary, policies, findings, people, teams and what was read, each on its sheet.
//!
//! Text is written as text, so that nothing in it is a formula or a link.

use std::io::Write;

use rust_xlsxwriter::{DocProperties, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::plain::{Plain, framework_items, numbered, outcomes, plain};
use super::table::{Cell, FINDINGS, PEOPLE, TEAMS, Table};
use super::texts::moment;
use super::{ReportError, rollout};
use crate::audit::{Audit, Coverage, PolicyResult};
use crate::policy::Language;

/// Lines that a sheet takes, its heading included.
const LINES: u32 = 1_048_576;
/// Widest column, in characters; longer text is broken into lines.
const WIDEST: f64 = 60.0;

/// Columns of the summary.
pub(super) const SUMMARY: [&str; 2] = ["field", "value"];
/// Columns of the policies.
pub(super) const POLICIES: [&str; 14] = [
    "policy",
    "title",
    "severity",
    "outcome",
    "fail",
    "unknown",
    "waived",
    "pass",
    "out_of_scope",
    "excluded",
    "all_read",
    "who",
    "fix",
    "frameworks",
];
/// Columns of what was read.
pub(super) const COVERAGE: [&str; 7] = [
    "resource_type",
    "status",
    "reason",
    "objects",
    "read_at",
    "endpoint",
    "permission",
];

/// The lines of a sheet.
type Lines<'a> = Box<dyn Iterator<Item = Vec<Cell>> + 'a>;

/// Writes the workbook.
pub(super) fn write(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let told = Plain::of(audit, language)?;
    let bytes = workbook(&told).map_err(|error| ReportError(error.to_string()))?;
    out.write_all(&bytes).map_err(|error| ReportError(error.to_string()))
}

/// The file, of which the compressed text alone is in memory: each line is written when the next begins.
fn workbook(told: &Plain<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let made = told.audit.clocks.as_of.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let title = format!("{} {}", plain(&told.audit.tool.name), plain(&told.audit.tenant.name));
    // The time of the audit and not of the day, so that the same audit gives the same bytes.
    workbook.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&made));
    let policies = told.audit.policies.iter().map(|policy| policy_line(told, policy));
    let coverage = told.audit.coverage.iter().map(|entry| coverage_line(told, entry));
    let mut sheets: Vec<(&str, &[&str], Lines<'_>)> = vec![
        ("list.summary", &SUMMARY, Box::new(summary(told).into_iter())),
        ("list.policies", &POLICIES, Box::new(policies)),
        ("list.findings", FINDINGS.columns, Box::new(lines(&FINDINGS, told))),
        ("list.people", PEOPLE.columns, Box::new(lines(&PEOPLE, told))),
        ("list.teams", TEAMS.columns, Box::new(lines(&TEAMS, told))),
        ("list.coverage", &COVERAGE, Box::new(coverage)),
    ];
    if let Some(readiness) = &told.audit.readiness {
        let lines = Box::new(rollout::lines(told, readiness));
        sheets.insert(1, ("list.rollout", rollout::COLUMNS, lines));
    }
    for (name, columns, lines) in sheets {
        let sheet = workbook
            .add_worksheet_with_constant_memory()?
            .set_name(told.text(name))?;
        fill(sheet, told, columns, lines)?;
    }
    workbook.save_to_buffer()
}

/// The lines of a list.
fn lines<'a>(table: &'static Table, told: &'a Plain<'a>) -> impl Iterator<Item = Vec<Cell>> + 'a {
    let items = (table.items)(told);
    items.into_iter().map(|item| (table.cells)(told, item))
}

/// Writes a sheet: headings in words, then line by line.
fn fill(
    sheet: &mut Worksheet,
    told: &Plain<'_>,
    columns: &[&str],
    lines: impl Iterator<Item = Vec<Cell>>,
) -> Result<(), XlsxError> {
    let heading = Format::new().set_bold().set_background_color("#E8ECF1");
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    for (column, name) in (0..).zip(columns) {
        sheet.write_string_with_format(0, column, told.text(&format!("field.{name}")), &heading)?;
        sheet.set_column_width(column, width(name))?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let mut row = 0;
    for cells in lines {
        row += 1;
        if row == LINES - 1 {
            sheet.write_string(row, 0, told.text("list.left_out"))?;
            break;
        }
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Codes(section, names) => {
                    let words: Vec<String> = names
                        .iter()
                        .map(|name| told.text(&format!("{section}.{name}")))
                        .collect();
                    let words = words.join(&told.text("page.comma"));
                    sheet.write_string_with_format(row, column, words, &wrapped)?
                }
                Cell::Text(text) => sheet.write_string_with_format(row, column, text, &wrapped)?,
                // Beyond 2^53 a spreadsheet has no whole numbers; no tenant comes near.
                Cell::Number(number) => sheet.write_number_with_format(row, column, number as f64, &wrapped)?,
            };
        }
    }
    if let Some(last) = (0..).zip(columns).map(|(column, _)| column).last() {
        sheet.autofilter(0, 0, row, last)?;
    }
    Ok(())
}

/// How wide a column is.
fn width(name: &str) -> f64 {
    match name {
        "message" | "fix" | "resources" | "reasons" | "evidence" | "value" | "title" | "check" => WIDEST,
        "name" | "person" | "team" | "who" | "policy" | "finding" | "key" | "reason" | "endpoint" | "permission"
        | "field" => 36.0,
        _ => 14.0,
    }
}

/// What was audited, and what it came to.
fn summary(told: &Plain<'_>) -> Vec<Vec<Cell>> {
    let audit: &Audit = told.audit;
    let text = |key: &str, value: String| vec![Cell::Text(told.text(key)), Cell::Text(value)];
    let mut lines = vec![text("fact.tenant", plain(&audit.tenant.name))];
    for (key, side) in [("fact.okta", &audit.tenant.okta), ("fact.entra", &audit.tenant.entra)] {
        lines.extend(side.as_ref().map(|side| text(key, plain(&side.url))));
    }
    lines.extend([
        text("fact.read", moment(audit.snapshot.ended, told.language)),
        text("fact.as_of", moment(audit.clocks.as_of, told.language)),
        text("fact.snapshot", plain(&audit.snapshot.digest)),
        text(
            "fact.tool",
            plain(&format!("{} {}", audit.tool.name, audit.tool.version)),
        ),
    ]);
    // Of a policy whose resources were never read nothing is counted but the policy.
    let policies = audit.summary.policies.iter();
    let policies = policies.map(|(outcome, count)| ("section.policies", outcome.as_str(), *count));
    let judgements = outcomes(&audit.summary.judgements);
    let judgements = judgements.map(|(outcome, count)| ("list.judgements", outcome, count));
    for (of, outcome, count) in policies.chain(judgements) {
        let name = [
            told.text(of),
            told.text("page.colon"),
            told.text(&format!("outcome.{outcome}")),
        ];
        lines.push(vec![Cell::Text(name.concat()), Cell::Number(count)]);
    }
    lines
}

/// The cells of a policy.
fn policy_line(told: &Plain<'_>, policy: &PolicyResult) -> Vec<Cell> {
    let mut cells: Vec<Cell> = [
        plain(&policy.id),
        told.title(policy),
        told.severity(policy.severity),
        told.outcome(policy.outcome),
    ]
    .map(Cell::Text)
    .into();
    cells.extend(outcomes(&policy.counts).map(|(_, count)| Cell::Number(count)));
    let frameworks = framework_items(policy).join(", ");
    let all_read = told.text(if policy.whole { "list.yes" } else { "list.no" });
    cells.extend([all_read, told.who(policy), numbered(&told.steps(policy)), frameworks].map(Cell::Text));
    cells
}

/// The cells of a resource type that was read, or not.
fn coverage_line(told: &Plain<'_>, entry: &Coverage) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(plain(text));
    vec![
        text(&entry.resource),
        Cell::Text(told.status(&entry.status)),
        text(entry.reason.as_deref().unwrap_or_default()),
        Cell::Number(entry.objects),
        Cell::Text(
            entry
                .read_at
                .map(|time| moment(time, told.language))
                .unwrap_or_default(),
        ),
        text(&entry.endpoint),
        text(&entry.permission),
    ]
}
