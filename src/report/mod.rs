//! Reports: an audit in the forms people and machines read.
//!
//! One file for each format. A renderer takes the [`Audit`] and a language; it evaluates nothing and reads no clock, so
//! the same audit gives the same bytes. What people read is laid out by the templates in `reports/` over one [`view`] of
//! the audit, and what machines read is told finding by finding from [`plain`]; every text from outside has passed
//! through [`shown`], and each format escapes it for itself.

mod assets;
mod brand;
mod csv;
mod foreign;
mod html;
mod json;
mod junit;
mod layout;
mod markdown;
mod ocsf;
mod oscal;
mod plain;
mod prometheus;
mod rollout;
mod sarif;
mod shown;
mod table;
mod template;
mod terminal;
mod texts;
mod view;
mod xlsx;

use std::io::Write;

pub use brand::{Brand, LARGEST_LOGO};
pub use layout::Layout;
pub use terminal::File;
use thiserror::Error;

use crate::audit::Audit;
use crate::audit::diagnosis::Diagnosis;
use crate::policy::Language;

pub(crate) use terminal::wrap;

/// A form that an audit can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `audit.json`, the published format.
    Json,
    /// Markdown.
    Markdown,
    /// One self-contained HTML file.
    Html,
    /// CSV with a line for each finding.
    Csv,
    /// CSV with a line for each person and what is wrong with them, or of a rollout what becomes of them.
    People,
    /// CSV with a line for each failure of each team that has to mend it.
    Teams,
    /// An Excel workbook.
    Xlsx,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// OCSF Compliance Findings, one on a line.
    Ocsf,
    /// OSCAL assessment results.
    Oscal,
    /// Counts for the text file collector of Prometheus.
    Prometheus,
}

/// Why a report cannot be made.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ReportError(pub(crate) String);

impl Format {
    /// Every format with its name and the endings of its files.
    const ALL: [(Self, &'static str, &'static [&'static str]); 12] = [
        (Self::Json, "json", &["json"]),
        (Self::Markdown, "markdown", &["md", "markdown"]),
        (Self::Html, "html", &["html", "htm"]),
        (Self::Csv, "csv", &["csv"]),
        (Self::People, "people", &["people.csv"]),
        (Self::Teams, "teams", &["teams.csv"]),
        (Self::Xlsx, "xlsx", &["xlsx"]),
        (Self::Sarif, "sarif", &["sarif", "sarif.json"]),
        (Self::Junit, "junit", &["xml"]),
        (Self::Ocsf, "ocsf", &["jsonl", "ndjson", "ocsf.json"]),
        (Self::Oscal, "oscal", &["oscal.json"]),
        (Self::Prometheus, "prometheus", &["prom"]),
    ];

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(format, ..)| *format)
    }

    /// The format that a file of that name has, by the longest ending that is known: `a.sarif.json` is no `audit.json`.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let ends = |ending: &str| {
            let rest = name.strip_suffix(ending);
            rest.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.') || rest.is_empty() && ending.contains('.'))
        };
        let endings = Self::ALL
            .iter()
            .flat_map(|(format, _, endings)| endings.iter().map(move |ending| (*format, *ending)));
        endings
            .filter(|(_, ending)| ends(ending))
            .max_by_key(|(_, ending)| ending.len())
            .map(|(format, _)| format)
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
    write_as(audit, format, language, &Layout::default(), out)
}

/// The same in a layout of one's own, which changes what people read and nothing that machines do.
///
/// # Errors
/// When a template fails, or the writer does.
pub fn write_as(
    audit: &Audit,
    format: Format,
    language: Language,
    layout: &Layout,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let text = match format {
        Format::Markdown => markdown::render(audit, language, layout)?,
        Format::Html => html::render(audit, language, layout)?,
        Format::Json => return json::write(audit, out),
        Format::Csv => return csv::findings(audit, language, out),
        Format::People => return csv::people(audit, language, out),
        Format::Teams => return csv::teams(audit, language, out),
        Format::Xlsx => return xlsx::write(audit, language, out),
        Format::Sarif => return sarif::write(audit, language, out),
        Format::Junit => return junit::write(audit, language, out),
        Format::Ocsf => return ocsf::write(audit, language, out),
        Format::Oscal => return oscal::write(audit, language, out),
        Format::Prometheus => return prometheus::write(audit, out),
    };
    out.write_all(text.as_bytes())
        .map_err(|error| ReportError(error.to_string()))
}

/// The text of a report.
///
/// # Errors
/// When a template fails, which tests exclude, or the format is no text.
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
    terminal_summary_as(audit, language, &Layout::default(), width, &named(files))
}

/// Files without links.
fn named(files: &[String]) -> Vec<File> {
    let file = |name: &String| File {
        name: name.clone(),
        address: None,
    };
    files.iter().map(file).collect()
}

/// The same in a layout of one's own.
///
/// # Errors
/// When a template fails.
pub fn terminal_summary_as(
    audit: &Audit,
    language: Language,
    layout: &Layout,
    width: usize,
    files: &[File],
) -> Result<String, ReportError> {
    terminal::render(audit, language, layout, width, files)
}

/// The built-in templates, styles and scripts: path and text. A folder of these is what [`Layout::with_folder`] takes.
pub fn built_in_layout() -> impl Iterator<Item = (&'static str, &'static str)> {
    assets::layout()
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
    terminal::diagnosis(diagnosis, language, width, &named(files))
}

/// What becomes of a rollout, for a terminal of some columns, with the first of its people and where the reports are.
///
/// # Errors
/// When a template fails.
pub fn terminal_readiness(
    audit: &Audit,
    people: usize,
    language: Language,
    width: usize,
    files: &[String],
) -> Result<String, ReportError> {
    terminal::readiness(audit, people, language, width, &named(files))
}
