//! Query results as a table on a terminal, or as CSV.

use serde_json::Value as Json;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::diagnostic::printable;

/// Rows of cells under column names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Columns are never cut below this.
const NARROWEST: usize = 6;

impl Table {
    /// The table that a result is: a list of records has a column for each of their properties, a list of other values
    /// one, a single value one cell.
    pub(super) fn of(result: &Json) -> Self {
        let items: Vec<&Json> = match result {
            Json::Array(items) => items.iter().collect(),
            single => vec![single],
        };
        let mut columns: Vec<String> = Vec::new();
        for name in items
            .iter()
            .filter_map(|item| item.as_object())
            .flat_map(|map| map.keys())
        {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let plain = columns.is_empty() || items.iter().any(|item| !item.is_object());
        if plain {
            columns = vec!["value".to_owned()];
        }
        let row = |item: &&Json| match item.as_object() {
            Some(map) if !plain => columns
                .iter()
                .map(|name| map.get(name).map(cell).unwrap_or_default())
                .collect(),
            _ => vec![cell(item)],
        };
        let rows = items.iter().map(row).collect();
        Self { columns, rows }
    }

    /// The table in a width: as many columns as fit, the widest cut; the last line says what is left out.
    pub(super) fn text(&self, width: usize) -> String {
        let shown = (width / (NARROWEST + 2)).clamp(1, self.columns.len().max(1));
        let left_out = self.columns.len() - shown.min(self.columns.len());
        let mut widths: Vec<usize> = (0..shown).map(|at| self.widest(at)).collect();
        while widths.iter().sum::<usize>() + 2 * (shown - 1) > width {
            match widths.iter_mut().filter(|width| **width > NARROWEST).max() {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        let line = |cells: &[String]| {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(&widths) {
                line.push_str(&fit(cell, *width));
                line.push_str("  ");
            }
            line.trim_end().to_owned() + "\n"
        };
        let mut text = line(&self.columns);
        text.push_str(&line(
            &widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>(),
        ));
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        if left_out > 0 {
            let names = self
                .columns
                .iter()
                .skip(shown)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            text.push_str(&format!("columns not shown: {names}\n"));
        }
        text
    }

    /// RFC 4180, every cell harmless to a spreadsheet: one that would be a formula begins with an apostrophe.
    pub(super) fn csv(&self) -> Result<String, String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            let cells = row.iter().map(|cell| match cell.chars().next() {
                Some('=' | '+' | '-' | '@' | '\t' | '\r') if cell.parse::<f64>().is_err() => format!("'{cell}"),
                _ => cell.clone(),
            });
            writer.write_record(cells).map_err(|error| error.to_string())?;
        }
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    fn widest(&self, at: usize) -> usize {
        let cells = self.rows.iter().chain([&self.columns]).filter_map(|row| row.get(at));
        cells.map(|cell| line_of(cell).width()).max().unwrap_or_default().max(1)
    }
}

/// A value as the text of a cell: null is empty, what is nested is JSON.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One line that cannot repaint the terminal.
fn line_of(text: &str) -> String {
    printable(&text.replace(['\n', '\r', '\t'], " "))
}

/// The text cut or filled to a width in columns.
fn fit(text: &str, width: usize) -> String {
    let text = line_of(text);
    let full = text.width();
    if full <= width {
        return text + &" ".repeat(width - full);
    }
    let (mut cut, mut used) = (String::new(), 0);
    for character in text.chars() {
        let next = character.width().unwrap_or(0);
        if used + next + 1 > width {
            break;
        }
        cut.push(character);
        used += next;
    }
    cut.push('…');
    cut + &" ".repeat(width.saturating_sub(used + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_have_a_column_for_each_property() {
        let table = Table::of(&json!([{"id": "1", "name": "白川 果歩"}, {"id": "22", "seats": 3, "name": null}]));
        assert_eq!(
            table.text(40),
            "id  name       seats\n──  ─────────  ─────\n1   白川 果歩\n22             3\n"
        );
        assert_eq!(table.csv().unwrap(), "id,name,seats\n1,白川 果歩,\n22,,3\n");
    }

    #[test]
    fn other_values_have_one_column() {
        assert_eq!(Table::of(&json!([1, "a"])).text(40), "value\n─────\n1\na\n");
        assert_eq!(Table::of(&json!(7)).csv().unwrap(), "value\n7\n");
        assert_eq!(
            Table::of(&json!([{"a": 1}, 2])).csv().unwrap(),
            "value\n\"{\"\"a\"\":1}\"\n2\n"
        );
    }

    #[test]
    fn wide_tables_are_cut_and_say_so() {
        let table = Table::of(&json!([{"aa": "x".repeat(100), "bb": "y", "cc": "z"}]));
        assert_eq!(
            table.text(20),
            "aa                bb\n────────────────  ──\nxxxxxxxxxxxxxxx…  y\ncolumns not shown: cc\n"
        );
        assert!(table.text(20).lines().take(3).all(|line| line.width() <= 20));
    }

    #[test]
    fn cells_are_harmless() {
        let table = Table::of(&json!(["=1+1", "-3", "-x", "a\u{1b}[31m\nb", "@x"]));
        assert_eq!(table.csv().unwrap(), "value\n'=1+1\n-3\n'-x\n\"a\u{1b}[31m\nb\"\n'@x\n");
        assert!(!table.text(80).contains('\u{1b}'));
    }
}
