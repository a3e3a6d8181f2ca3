//! `tenken audit`: judges a snapshot against policies.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::choice::{Choice, Tailoring};
use super::output::Output;
use super::progress::Progress;
use super::report::{self, LayoutArg, Target};
use super::{Exit, Stop};
use crate::audit::{Audit, Counts, WaiverStatus};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::evaluate::Tables;
use crate::policy::{self, Language, Loaded, Severity, Waiver};
use crate::snapshot::Snapshot;

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the snapshot
    snapshot: PathBuf,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    tailoring: Tailoring,
    /// Failures that somebody has accepted for a time (`tenken schema waivers`, `tenken waive`)
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// Write a report; the format follows from the ending (html, md, json, csv, people.csv, teams.csv, xlsx,
    /// sarif, xml, jsonl, oscal.json, prom) unless it is given
    #[arg(long = "report", value_name = "[FORMAT:]PATH")]
    reports: Vec<Target>,
    #[command(flatten)]
    layout: LayoutArg,
    /// Print no summary; warnings and errors stay, and the exit status tells the rest
    #[arg(long, short)]
    quiet: bool,
    /// Exit with 1 when something of this severity or worse fails
    #[arg(long, value_enum, default_value_t = FailOn::High)]
    fail_on: FailOn,
    /// Exit with 4 when anything could not be decided
    #[arg(long)]
    strict: bool,
    /// Exit with 4 when less than this part of what is in scope could be decided, of any policy or of all together
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    min_coverage: Option<f64>,
    /// The moment that waivers must not be past and that the snapshot's age is measured by, RFC 3339 [default: the end
    /// of the snapshot]
    #[arg(long, value_name = "TIME")]
    as_of: Option<jiff::Timestamp>,
    /// Refuse a snapshot that is older than so many days at `--as-of`
    #[arg(long, value_name = "DAYS", requires = "as_of")]
    max_age: Option<u32>,
    /// Warn of a snapshot that is older than so many days at `--as-of`
    #[arg(long, value_name = "DAYS", requires = "as_of")]
    warn_age: Option<u32>,
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
    let layout = args.layout.get(args.tailoring.config())?;
    if let Some(as_of) = args.as_of {
        check_age(args, as_of, output)?;
    }
    let audit = judge(
        &args.snapshot,
        &args.choice,
        &args.tailoring,
        args.waivers.as_deref(),
        args.as_of,
        output,
    )?;
    let language = args.language.get();
    report::write_all(&audit, &args.reports, language, &layout)?;
    if !args.quiet {
        report::summary(&audit, language, &layout, &args.reports, output)?;
    }
    if !audit.has_judgements() {
        output.error("nothing could be judged: the snapshot holds nothing that these policies decide on");
    }
    let uncovered = args
        .min_coverage
        .is_some_and(|least| !is_covered(&audit, least, output));
    Ok(exit(&audit, args.fail_on, args.strict, uncovered))
}

/// Refuses, or warns of, a snapshot that is too old. What was true then may not be now.
fn check_age(args: &Args, as_of: jiff::Timestamp, output: &mut Output) -> Result<(), Stop> {
    let ended = Snapshot::open(&args.snapshot)?.manifest().ended;
    let age = as_of.duration_since(ended);
    let older = |days: Option<u32>| days.filter(|days| age > jiff::SignedDuration::from_hours(24 * i64::from(*days)));
    let told = |days: u32| {
        let whole = age.as_hours() / 24;
        format!("the snapshot ended on {ended}, {whole} days before {as_of}: older than {days} days")
    };
    if let Some(days) = older(args.max_age) {
        let refusal = Diagnostic::error(Code::StaleSnapshot, told(days));
        return Err(refusal.help("collect again, or allow more with `--max-age`").into());
    }
    if let Some(days) = older(args.warn_age) {
        output.warning(&told(days));
    }
    Ok(())
}

/// Loads policies and snapshot, and judges.
pub(super) fn judge(
    folder: &Path,
    choice: &Choice,
    tailoring: &Tailoring,
    waivers: Option<&Path>,
    as_of: Option<jiff::Timestamp>,
    output: &mut Output,
) -> Result<Audit, Stop> {
    let mut sink = Diagnostics::new();
    let mut request = choice.request();
    let snapshot = Snapshot::open(folder);
    // Without a snapshot nothing is known of the tenant, but what is wrong with the policies is.
    if let Ok(snapshot) = &snapshot {
        tailoring.add_to(&mut request, Some(&snapshot.manifest().name))?;
    }
    let loaded = request.load(&mut sink);
    let snapshot = match snapshot {
        Ok(snapshot) => snapshot,
        Err(diagnostic) => {
            sink.push(diagnostic);
            return Err(sink.into());
        }
    };
    let as_of = as_of.unwrap_or(snapshot.manifest().ended);
    let waivers = waivers
        .map(|path| policy::read_waivers(path, &loaded.policies, &loaded.ids, as_of, &mut sink))
        .unwrap_or_default();
    if sink.has_errors() {
        return Err(sink.into());
    }
    output.diagnostics(sink);
    let audit = evaluate(&loaded, &waivers, &snapshot, as_of)?;
    tell_waivers(&audit, output);
    Ok(audit)
}

/// Loads what policies and waivers need of a snapshot, and judges.
pub(super) fn evaluate(
    loaded: &Loaded,
    waivers: &[Waiver],
    snapshot: &Snapshot,
    as_of: jiff::Timestamp,
) -> Result<Audit, Stop> {
    if loaded.policies.is_empty() {
        return Err(Diagnostic::error(Code::NoPolicies, "there is no policy to judge by").into());
    }
    let progress = Progress::new();
    let bar = progress.spinner("reading the snapshot");
    let mut needs = policy::needs(&loaded.policies);
    let conditions = waivers.iter().filter_map(|waiver| waiver.condition.as_ref());
    conditions.for_each(|plan| needs.add(&plan.reads));
    let tables = Tables::load(snapshot, &needs)?;
    bar.set_message("judging");
    let mut audit = crate::evaluate::audit(&loaded.policies, waivers, &tables, snapshot, as_of);
    audit.adjustments.clone_from(&loaded.adjustments);
    bar.finish_and_clear();
    Ok(audit)
}

/// Says of every waiver that does not do what it says why not.
fn tell_waivers(audit: &Audit, output: &mut Output) {
    for waiver in &audit.waivers {
        let ticket = waiver
            .ticket
            .as_ref()
            .map(|ticket| format!(" ({ticket})"))
            .unwrap_or_default();
        let fault = match waiver.status {
            WaiverStatus::Expired => format!("expired on {}", waiver.expires),
            WaiverStatus::TooFarAhead => format!("ends on {}, later than max_days allows", waiver.expires),
            WaiverStatus::Unused => "means nothing that fails".to_owned(),
            _ if waiver.lapsed > 0 => format!(
                "{} of the failures that it means are not those that were accepted: their facts have changed, or they are new",
                waiver.lapsed
            ),
            _ => continue,
        };
        output.warning(&format!("waiver of {}{ticket}: {fault}", waiver.policy));
    }
}

/// `98`, `98%` or `99.5%`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| format!("`{text}` is no percentage from 0 to 100"))
}

/// Whether enough of what is in scope could be decided; says which policies stay below.
fn is_covered(audit: &Audit, least: f64, output: &mut Output) -> bool {
    let all = audit
        .policies
        .iter()
        .map(|policy| (audit.decidable(policy), policy.whole));
    let whole = all.clone().all(|(_, whole)| whole);
    let sum = all.fold(Counts::default(), |sum, (counts, _)| sum + counts);
    let each = audit
        .policies
        .iter()
        .map(|policy| (policy.id.as_str(), audit.decidable(policy), policy.whole));
    let mut covered = true;
    for (name, counts, whole) in each.chain([("all policies together", sum, whole)]) {
        let below = match counts.coverage() {
            _ if !whole => Some("not all resources were read".to_owned()),
            Some(part) if part * 100.0 < least => Some(format!("{:.1} %", (part * 1000.0).floor() / 10.0)),
            _ => None,
        };
        if let Some(found) = below {
            output.error(&format!(
                "{name}: {found} could be decided, --min-coverage asks for {least} %"
            ));
            covered = false;
        }
    }
    covered
}

fn exit(audit: &Audit, fail_on: FailOn, strict: bool, uncovered: bool) -> Exit {
    if !audit.has_judgements() {
        return Exit::BadInput;
    }
    if fail_on
        .severity()
        .is_some_and(|least| audit.failures_from(least).next().is_some())
    {
        return Exit::Findings;
    }
    if audit.has_policy_defects() || uncovered || (strict && audit.has_unknowns()) {
        return Exit::Undecided;
    }
    Exit::Fine
}
