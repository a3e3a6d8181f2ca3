//! The summary that fits one screen: what it came to, what to do first, where the reports are.
//!
//! Columns are counted as a terminal counts them, two for a wide character. Colour is always written; the stream takes
//! it off where it is not wanted.

use anstyle::{AnsiColor, Style};
use minijinja::{Environment, Error, ErrorKind, Value};
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::layout::Layout;
use super::shown::visible;
use super::view::{DiagnosisView, Limits, ReadinessView, View};
use super::{ReportError, template};
use crate::audit::Audit;
use crate::audit::diagnosis::Diagnosis;
use crate::policy::Language;

/// A report that was written.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path as its reader knows it.
    pub name: String,
    /// Where a terminal that follows links finds it, if the summary goes to one.
    pub address: Option<String>,
}

impl File {
    /// Its name, as a link where it has an address (OSC 8, as terminals agreed on it). An address is plain ASCII.
    fn written(&self) -> String {
        let name = escape(&self.name);
        match &self.address {
            Some(address) if address.chars().all(|c| c.is_ascii_graphic()) => {
                format!("\u{1b}]8;;{address}\u{1b}\\{name}\u{1b}]8;;\u{1b}\\")
            }
            _ => name,
        }
    }
}

/// The summary for a terminal of `width` columns.
pub(super) fn render(
    audit: &Audit,
    language: Language,
    layout: &Layout,
    width: usize,
    files: &[File],
) -> Result<String, ReportError> {
    let environment = environment(layout, language, width, files)?;
    let view = View::of(audit, language, Limits::NONE)?;
    template::render(&environment, "summary.txt.j2", &view)
}

/// What is laid out of a diagnosis alone.
#[derive(Serialize)]
struct DiagnosisAlone {
    diagnosis: DiagnosisView,
}

/// The causes of a failure, for a terminal of `width` columns.
pub(super) fn diagnosis(
    diagnosis: &Diagnosis,
    language: Language,
    width: usize,
    files: &[File],
) -> Result<String, ReportError> {
    let layout = Layout::default();
    let environment = environment(&layout, language, width, files)?;
    let diagnosis = DiagnosisView::of(diagnosis, language);
    template::render(&environment, "diagnosis.txt.j2", &DiagnosisAlone { diagnosis })
}

/// What is laid out of readiness alone.
#[derive(Serialize)]
struct ReadinessAlone {
    readiness: ReadinessView,
}

/// What becomes of a rollout, with so many of its people, for a terminal of `width` columns.
pub(super) fn readiness(
    audit: &Audit,
    people: usize,
    language: Language,
    width: usize,
    files: &[File],
) -> Result<String, ReportError> {
    let layout = Layout::default();
    let environment = environment(&layout, language, width, files)?;
    let found = audit.readiness.as_ref();
    let found = found.ok_or_else(|| ReportError("the audit is of no rollout plan".to_owned()))?;
    let readiness = ReadinessView::of(audit, found, people, language);
    template::render(&environment, "readiness.txt.j2", &ReadinessAlone { readiness })
}

/// The templates with what a terminal takes.
fn environment<'a>(
    layout: &'a Layout,
    language: Language,
    width: usize,
    files: &[File],
) -> Result<Environment<'a>, ReportError> {
    let mut environment = template::environment(layout, language, escape)?;
    // One column less than there are: a full line makes some terminals break it.
    environment.add_global("width", width.saturating_sub(1).max(20));
    let files: Vec<Value> = files
        .iter()
        .map(|file| Value::from_safe_string(file.written()))
        .collect();
    environment.add_global("files", files);
    environment.add_filter("paint", paint);
    environment.add_filter("pad", |text: String, width: usize| pad(&text, width, false));
    environment.add_filter("pad_left", |text: String, width: usize| pad(&text, width, true));
    environment.add_filter("fit", |text: String, width: usize| fit(&text, width));
    environment.add_filter("wrap", |text: String, width: usize, indent: usize| {
        Value::from_safe_string(wrap(&escape(&text), width, indent))
    });
    Ok(environment)
}

/// Text that cannot repaint the screen.
fn escape(text: &str) -> String {
    visible(text, usize::MAX)
}

/// A text in a colour, or bold or dim.
fn paint(text: Value, name: &str) -> Result<Value, Error> {
    let style = match name {
        "bold" => Style::new().bold(),
        "dim" => Style::new().dimmed(),
        "fail" | "critical" => AnsiColor::Red.on_default().bold(),
        "high" => AnsiColor::Red.on_default(),
        "medium" | "unknown" | "waived" => AnsiColor::Yellow.on_default(),
        "low" | "info" => AnsiColor::Cyan.on_default(),
        "pass" => AnsiColor::Green.on_default().bold(),
        "not_applicable" => Style::new().bold(),
        other => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("there is no style `{other}`"),
            ));
        }
    };
    let written = text.to_string();
    let written = if text.is_safe() { written } else { escape(&written) };
    Ok(Value::from_safe_string(format!("{style}{written}{style:#}")))
}

/// The text with spaces up to a width.
fn pad(text: &str, width: usize, left: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if left { space + text } else { text.to_owned() + &space }
}

/// As much of the text as has room, and a mark if that is not all.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut columns = 1;
    for character in text.chars() {
        columns += character.width().unwrap_or_default();
        if columns > width {
            break;
        }
        out.push(character);
    }
    out + "…"
}

/// The text in lines, the second and all others indented. Words stay whole where they fit a line; Japanese breaks
/// between any two characters, but no line begins with a closing mark.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(10);
    let mut lines: Vec<String> = vec![String::new()];
    for piece in breakable(text) {
        let Some(line) = lines.last_mut() else { break };
        let needed = piece.trim_end().width();
        if line.width() + needed <= room {
            line.push_str(piece);
            continue;
        }
        line.truncate(line.trim_end().len());
        let mut rest = piece;
        if !line.is_empty() {
            lines.push(String::new());
        }
        // A word longer than a line is cut.
        while rest.trim_end().width() > room {
            let head: String = fit(rest, room + 1).trim_end_matches('…').to_owned();
            rest = rest.get(head.len()..).unwrap_or_default();
            if let Some(line) = lines.last_mut() {
                *line = head;
            }
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(rest);
        }
    }
    let first = lines.first().map_or("", |line| line.trim_end()).to_owned();
    lines.iter().skip(1).fold(first, |text, line| {
        format!("{text}\n{}{}", " ".repeat(indent), line.trim_end())
    })
}

/// Pieces between which a line may end.
fn breakable(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut before) = (0, None);
    for (at, character) in text.char_indices() {
        let wide = |c: char| c.width() == Some(2);
        let closing = "、。，．」』）】ー！？：・".contains(character);
        let breaks = before.is_some_and(|last| {
            last == ' ' || (wide(last) || wide(character)) && !closing && !"「『（【".contains(last)
        });
        if breaks && character != ' ' {
            pieces.extend(text.get(start..at));
            start = at;
        }
        before = Some(character);
    }
    pieces.extend(text.get(start..));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_its_columns() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(pad("日本", 6, true), "  日本");
    }

    #[test]
    fn lines_break_where_the_language_allows_it() {
        assert_eq!(wrap("one two three four", 12, 2), "one two\n  three four");
        assert_eq!(wrap("abcdefghijklmnop", 12, 2), "abcdefghij\n  klmnop");
        let text = wrap("グローバル管理者でも外せません。", 16, 2);
        assert_eq!(text, "グローバル管理\n  者でも外せませ\n  ん。");
    }

    #[test]
    fn a_file_is_a_link_only_where_its_address_is_one() {
        let written = |name: &str, address: Option<&str>| {
            let address = address.map(str::to_owned);
            let name = name.to_owned();
            File { name, address }.written()
        };
        assert_eq!(written("a\u{1b}b", None), "a\\u{1b}b");
        let link = written("a.md", Some("file:///reports/a.md"));
        assert_eq!(link, "\u{1b}]8;;file:///reports/a.md\u{1b}\\a.md\u{1b}]8;;\u{1b}\\");
        assert_eq!(written("a.md", Some("file:///reports/\u{7}a.md")), "a.md");
    }

    #[test]
    fn colour_does_not_let_a_text_through() {
        let painted = paint(Value::from("a\u{1b}[2Jb"), "bold").unwrap().to_string();
        assert_eq!(painted, "\u{1b}[1ma\\u{1b}[2Jb\u{1b}[0m");
        assert!(paint(Value::from("a"), "plaid").is_err());
    }
}
