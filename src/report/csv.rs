//! CSV: one line for each finding, and lists of what is wrong by person and by who has to act.
//!
//! RFC 4180 with a byte-order mark, without which spreadsheets take UTF-8 for something else. A cell that a spreadsheet
//! would compute begins with an apostrophe.

use std::io::Write;

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::plain::Plain;
use super::table::{Cell, FINDINGS, PEOPLE, TEAMS, Table};
use super::{ReportError, rollout};
use crate::audit::Audit;
use crate::policy::Language;

/// Says that the text is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// All findings.
pub(super) fn findings(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    write(&FINDINGS, &Plain::of(audit, language)?, out)
}

/// What is wrong with each person, who must do what, and how to check it; of a rollout what becomes of each.
pub(super) fn people(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let plain = Plain::of(audit, language)?;
    match &audit.readiness {
        Some(readiness) => lines(rollout::COLUMNS, rollout::lines(&plain, readiness), out),
        None => write(&PEOPLE, &plain, out),
    }
}

/// What each team has to do.
pub(super) fn teams(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    write(&TEAMS, &Plain::of(audit, language)?, out)
}

/// Writes a table line by line.
fn write(table: &Table, plain: &Plain<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let items = (table.items)(plain).into_iter();
    lines(table.columns, items.map(|item| (table.cells)(plain, item)), out)
}

/// Writes a heading and lines.
fn lines(columns: &[&str], lines: impl Iterator<Item = Vec<Cell>>, out: &mut dyn Write) -> Result<(), ReportError> {
    let failed = |error: &dyn std::fmt::Display| ReportError(error.to_string());
    out.write_all(BYTE_ORDER_MARK.as_bytes())
        .map_err(|error| failed(&error))?;
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::NonNumeric)
        .terminator(Terminator::Any(b'\n'))
        .from_writer(out);
    writer.write_record(columns).map_err(|error| failed(&error))?;
    for cells in lines {
        let cells = cells.into_iter().map(|cell| match cell {
            Cell::Text(text) => harmless(&text),
            Cell::Number(number) => number.to_string(),
            Cell::Codes(_, names) => names.join(", "),
        });
        writer.write_record(cells).map_err(|error| failed(&error))?;
    }
    writer.flush().map_err(|error| failed(&error))
}

/// The text so that no spreadsheet computes it. Where lists are separated by `;`, a spreadsheet takes our line apart at
/// each of them, so what follows one counts as the beginning of a cell too.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for character in text.chars() {
        if begins && "=+-@＝＋－＠".contains(character) {
            out.push('\'');
        }
        begins = character == ';' || begins && (character.is_whitespace() || character == '"');
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula() {
        // What the page copies is harmless in the same way: `report::browser` reads the same table.
        let cases: Vec<[String; 2]> =
            serde_json::from_str(include_str!("../../tests/it/report/formulas.json")).unwrap();
        for [text, expected] in cases {
            assert_eq!(harmless(&text), expected);
        }
    }
}
