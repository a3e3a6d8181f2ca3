//! `tenken diagnose`: from an error text or a person to the causes of a failure.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::audit::LanguageArg;
use super::output::Output;
use super::progress::Progress;
use super::report::{self, LayoutArg, Target};
use super::{Exit, Stop};
use crate::audit::diagnosis::Diagnosis;
use crate::diagnose::{self, Question, WhoError};
use crate::diagnostic::{Diagnostics, printable};
use crate::document::decoded;
use crate::evaluate::Tables;
use crate::policy::{self, KnownError, Loaded};
use crate::report::terminal_diagnosis;
use crate::snapshot::Snapshot;

/// Largest file with an error text.
const MAX_FILE: u64 = 1 << 20;
/// People that a message about several of them names.
const MAX_NAMED: usize = 5;

/// What the exit status says here.
const STATUSES: &str = "\
Exit status:
  0  a cause is named, or nothing speaks for one and everything could be judged
  2  the input is wrong: nobody, or more than one person, is known by that name; nothing to diagnose
  4  the error text is not in the catalogue, or too little could be judged to say anything";

/// Arguments of `diagnose`.
#[derive(Debug, clap::Args)]
#[command(after_help = STATUSES)]
pub(super) struct Args {
    /// Folder of a snapshot, to weigh the causes by
    #[arg(required_unless_present_any = ["error", "error_file"])]
    snapshot: Option<PathBuf>,
    /// Whom it concerns: Okta login or id, user principal name, mail address, object id in Entra
    person: Option<String>,
    /// The error text as Okta or Microsoft shows it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    error: Option<String>,
    /// A file with the error text; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "error")]
    error_file: Option<PathBuf>,
    /// Packs, files or folders of policies and errors [default: all built-in packs]
    #[arg(long, value_name = "PATH_OR_PACK")]
    policies: Vec<String>,
    /// Write a report; the format follows from the ending, as for `audit`, unless it is given
    #[arg(long = "report", value_name = "[FORMAT:]PATH", requires = "snapshot")]
    reports: Vec<Target>,
    #[command(flatten)]
    layout: LayoutArg,
    /// How to print the diagnosis
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    #[command(flatten)]
    language: LanguageArg,
}

/// How a diagnosis is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// What stands under `diagnosis` in audit.json
    Json,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    report::check(&args.reports)?;
    let error = error_text(args)?;
    let mut sink = Diagnostics::new();
    let (mut loaded, errors) = policy::load_errors(&args.policies, &mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    output.diagnostics(sink);
    if errors.is_empty() {
        let message = "there is no entry of an error catalogue to diagnose by; name a pack that has one".to_owned();
        return Err(Stop::Message(message));
    }
    let diagnosis = match (&args.snapshot, &error) {
        (Some(folder), _) => with_snapshot(folder, error.as_deref(), args, &mut loaded, &errors)?,
        (None, Some(text)) => diagnose::from_text(text, &errors),
        (None, None) => {
            return Err(Stop::Message(
                "name a snapshot and a person, or an error text".to_owned(),
            ));
        }
    };
    print(&diagnosis, args, output)?;
    Ok(exit(&diagnosis))
}

/// The error text that was given, which must hold something.
fn error_text(args: &Args) -> Result<Option<String>, Stop> {
    let text = match (&args.error, &args.error_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read(path)?,
        (None, None) => {
            if args.snapshot.is_some() && args.person.is_none() {
                let message = "name a person after the snapshot, or give an error text with --error or --error-file";
                return Err(Stop::Message(message.to_owned()));
            }
            return Ok(None);
        }
    };
    if !text.chars().any(char::is_alphanumeric) {
        return Err(Stop::Message("the error text is empty".to_owned()));
    }
    Ok(Some(text))
}

/// The text of a file or of standard input, up to a limit.
fn read(path: &Path) -> Result<String, Stop> {
    let failed = |error| Stop::Message(format!("cannot read `{}`: {error}", path.display()));
    let source: Box<dyn std::io::Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    source.take(MAX_FILE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(decoded(&bytes))
}

/// Judges the snapshot, and writes the reports that were asked for.
fn with_snapshot(
    folder: &Path,
    error: Option<&str>,
    args: &Args,
    loaded: &mut Loaded,
    errors: &[KnownError],
) -> Result<Diagnosis, Stop> {
    diagnose::relevant(&mut loaded.policies, errors);
    let snapshot = Snapshot::open(folder)?;
    let progress = Progress::new();
    let bar = progress.spinner("reading the snapshot");
    let tables = Tables::load(&snapshot, &diagnose::all_needs(&loaded.policies))?;
    let question = Question {
        error,
        person: args.person.as_deref(),
    };
    let found = diagnose::diagnose(question, errors, &loaded.policies, &tables, &snapshot);
    bar.finish_and_clear();
    let audit = found.map_err(|fault| Stop::Message(who(&fault, args.person.as_deref().unwrap_or_default())))?;
    let layout = args.layout.get(None)?;
    report::write_all(&audit, &args.reports, args.language.get(), &layout)?;
    let diagnosis = audit.diagnosis;
    diagnosis.ok_or_else(|| Stop::Message("the snapshot could not be diagnosed".to_owned()))
}

/// Why nobody could be diagnosed, and what to ask instead.
fn who(fault: &WhoError, asked: &str) -> String {
    match fault {
        WhoError::Nobody { near, unread } => {
            let mut text = format!("nobody in the snapshot is known by `{asked}`");
            if !near.is_empty() {
                let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                text += &format!("; did you mean {}?", names.join(", "));
            }
            if !unread.is_empty() {
                text += &format!("; not all was read of {}", unread.join(", "));
            }
            text
        }
        WhoError::Several(people) => {
            let names: Vec<String> = people
                .iter()
                .take(MAX_NAMED)
                .map(|id| {
                    let name = id.name.as_deref().unwrap_or(&id.key);
                    format!("{} `{}` ({name})", id.resource_type, id.key)
                })
                .collect();
            format!(
                "`{asked}` means {} people: {}; ask by an id",
                people.len(),
                names.join(", ")
            )
        }
    }
}

fn print(diagnosis: &Diagnosis, args: &Args, output: &mut Output) -> Result<(), Stop> {
    if args.format == Form::Json {
        let text = serde_json::to_string_pretty(diagnosis).map_err(|error| Stop::Message(error.to_string()))?;
        return Ok(output.json(&text)?);
    }
    let files: Vec<String> = args
        .reports
        .iter()
        .map(|target| target.path().display().to_string())
        .collect();
    let text = terminal_diagnosis(diagnosis, args.language.get(), output.width(), &files).map_err(|error| {
        Stop::Message(format!(
            "cannot render the diagnosis: {}",
            printable(&error.to_string())
        ))
    })?;
    Ok(output.result(&text)?)
}

fn exit(diagnosis: &Diagnosis) -> Exit {
    // With an error text only what it leads to is an answer; a person may simply have nothing wrong.
    let works = diagnosis
        .person
        .as_ref()
        .is_some_and(|person| person.failing == Some(false));
    let fine = diagnosis.error.is_none() && diagnosis.causes.is_empty() && works;
    if diagnosis.is_answered() || fine {
        Exit::Fine
    } else {
        Exit::Undecided
    }
}
