//! `tenken audit`: judges a snapshot against policies.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::output::Output;
use super::progress::Progress;
use super::report::{self, Target};
use super::{Exit, Stop};
use crate::audit::Audit;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::evaluate::{self, Tables};
use crate::policy::{self, Language, Severity};
use crate::snapshot::Snapshot;

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the snapshot
    snapshot: PathBuf,
    /// Packs, files or folders of policies [default: all built-in packs]
    #[arg(long, value_name = "PATH_OR_PACK")]
    policies: Vec<String>,
    /// Write a report; the format follows from the ending (json, md, html) unless it is given
    #[arg(long = "report", value_name = "[FORMAT:]PATH")]
    reports: Vec<Target>,
    /// Exit with 1 when something of this severity or worse fails
    #[arg(long, value_enum, default_value_t = FailOn::High)]
    fail_on: FailOn,
    /// Exit with 4 when anything could not be decided
    #[arg(long)]
    strict: bool,
    /// The day that the snapshot's age is measured by, RFC 3339 [default: the end of the snapshot]
    #[arg(long, value_name = "TIME")]
    as_of: Option<jiff::Timestamp>,
    #[command(flatten)]
    language: LanguageArg,
}

/// `--lang`, the same for every command that prints texts.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct LanguageArg {
    /// Language of texts [default: from the locale]
    #[arg(long = "lang", value_enum, value_name = "en|ja")]
    lang: Option<LanguageName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LanguageName {
    En,
    Ja,
}

impl LanguageArg {
    /// The language asked for, else that of the locale, else English.
    pub(super) fn get(self) -> Language {
        match self.lang {
            Some(LanguageName::En) => Language::En,
            Some(LanguageName::Ja) => Language::Ja,
            None => {
                let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                    .iter()
                    .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
                if locale.is_some_and(|locale| locale.starts_with("ja")) {
                    Language::Ja
                } else {
                    Language::En
                }
            }
        }
    }
}

/// The mildest severity that counts for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
    None,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        Some(match self {
            Self::Critical => Severity::Critical,
            Self::High => Severity::High,
            Self::Medium => Severity::Medium,
            Self::Low => Severity::Low,
            Self::Info => Severity::Info,
            Self::None => return None,
        })
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    report::check(&args.reports)?;
    let audit = judge(&args.snapshot, &args.policies, args.as_of, output)?;
    let language = args.language.get();
    report::write_all(&audit, &args.reports, language)?;
    match report::summary(&audit, language, &args.reports, output) {
        // Whoever read the summary has gone away; whoever asks for the status has not.
        Ok(()) | Err(Stop::BrokenPipe) => {}
        Err(stop) => return Err(stop),
    }
    if !audit.has_judgements() {
        output.error("nothing could be judged: the snapshot holds nothing that these policies decide on");
    }
    Ok(exit(&audit, args.fail_on, args.strict))
}

/// Loads policies and snapshot, and judges.
pub(super) fn judge(
    folder: &Path,
    policies: &[String],
    as_of: Option<jiff::Timestamp>,
    output: &mut Output,
) -> Result<Audit, Stop> {
    let mut sink = Diagnostics::new();
    let loaded = policy::load(policies, &mut sink);
    let snapshot = match Snapshot::open(folder) {
        Ok(snapshot) if !sink.has_errors() => snapshot,
        Ok(_) => return Err(sink.into()),
        Err(diagnostic) => {
            sink.push(diagnostic);
            return Err(sink.into());
        }
    };
    output.diagnostics(sink);
    if loaded.policies.is_empty() {
        return Err(Diagnostic::error(Code::NoPolicies, "there is no policy to judge by").into());
    }
    let progress = Progress::new();
    let bar = progress.spinner("reading the snapshot");
    let tables = Tables::load(&snapshot, &policy::needs(&loaded.policies))?;
    bar.set_message("judging");
    let as_of = as_of.unwrap_or(snapshot.manifest().ended);
    let audit = evaluate::audit(&loaded.policies, &tables, &snapshot, as_of);
    bar.finish_and_clear();
    Ok(audit)
}

fn exit(audit: &Audit, fail_on: FailOn, strict: bool) -> Exit {
    if !audit.has_judgements() {
        return Exit::BadInput;
    }
    if fail_on
        .severity()
        .is_some_and(|least| audit.failures_from(least).next().is_some())
    {
        return Exit::Findings;
    }
    if audit.has_policy_defects() || (strict && audit.has_unknowns()) {
        return Exit::Undecided;
    }
    Exit::Fine
}
