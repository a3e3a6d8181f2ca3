//! Reports: an audit in the forms people and machines read.
//!
//! One file for each format. A renderer takes the [`Audit`] and a language; it evaluates nothing and reads no clock, so
//! the same audit gives the same bytes. What people read is laid out by the templates in `reports/` over one [`view`] of
//! the audit; every text from outside has passed through [`shown`], and each format escapes it for itself.

mod assets;
mod html;
mod json;
mod markdown;
mod shown;
mod template;
mod terminal;
mod texts;
mod view;

use std::io::Write;

use thiserror::Error;

use crate::audit::Audit;
use crate::audit::diagnosis::Diagnosis;
use crate::policy::Language;

/// A form that an audit can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `audit.json`, the published format.
    Json,
    /// Markdown.
    Markdown,
    /// One self-contained HTML file.
    Html,
}

/// Why a report cannot be made.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ReportError(pub(crate) String);

impl Format {
    /// Every format with its name and the endings of its files.
    const ALL: [(Self, &'static str, &'static [&'static str]); 3] = [
        (Self::Json, "json", &["json"]),
        (Self::Markdown, "markdown", &["md", "markdown"]),
        (Self::Html, "html", &["html", "htm"]),
    ];

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(format, ..)| *format)
    }

    /// The format that a file of that ending has.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, _, endings)| endings.contains(&ending))
            .map(|(format, ..)| *format)
    }

    /// Names of all formats.
    pub fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|(_, name, _)| *name).collect()
    }
}

/// Writes an audit in a format. What has no bound in size is written piece by piece.
///
/// # Errors
/// When a template fails, which tests exclude, or the writer does.
pub fn write(audit: &Audit, format: Format, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let text = match format {
        Format::Json => return json::write(audit, out),
        Format::Markdown => markdown::render(audit, language)?,
        Format::Html => html::render(audit, language)?,
    };
    out.write_all(text.as_bytes())
        .map_err(|error| ReportError(error.to_string()))
}

/// The text of a report.
///
/// # Errors
/// When a template fails, which tests exclude.
pub fn render(audit: &Audit, format: Format, language: Language) -> Result<String, ReportError> {
    let mut bytes = Vec::new();
    write(audit, format, language, &mut bytes)?;
    String::from_utf8(bytes).map_err(|error| ReportError(error.to_string()))
}

/// The summary for a terminal of some columns, with where the reports are.
///
/// # Errors
/// When a template fails.
pub fn terminal_summary(
    audit: &Audit,
    language: Language,
    width: usize,
    files: &[String],
) -> Result<String, ReportError> {
    terminal::render(audit, language, width, files)
}

/// A diagnosis for a terminal of some columns, with where the reports are.
///
/// # Errors
/// When a template fails.
pub fn terminal_diagnosis(
    diagnosis: &Diagnosis,
    language: Language,
    width: usize,
    files: &[String],
) -> Result<String, ReportError> {
    terminal::diagnosis(diagnosis, language, width, files)
}
