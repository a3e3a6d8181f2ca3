//! `tenken readiness`: what becomes of people who are about to be assigned.

use std::path::PathBuf;

use clap::ValueEnum;

use super::audit::LanguageArg;
use super::choice::{Choice, Tailoring};
use super::output::Output;
use super::progress::Progress;
use super::report::{self, LayoutArg, Target};
use super::{Exit, Stop};
use crate::audit::Audit;
use crate::audit::readiness::{Readiness, Verdict};
use crate::diagnostic::{Diagnostics, printable};
use crate::policy::{self, Policy};
use crate::readiness::{self, AtMost, Questions, RolloutPlan, WavePlan, people_of};
use crate::report::terminal_readiness;
use crate::snapshot::Snapshot;

/// What the exit status says here.
const STATUSES: &str = "\
Exit status:
  0  go: every threshold is kept, and nothing stands in everybody's way
  1  no-go
  2  the input is wrong: the plan names what the snapshot does not have
  4  too little is known to say go";

/// Arguments of `readiness`.
#[derive(Debug, clap::Args)]
#[command(after_help = STATUSES)]
pub(super) struct Args {
    /// Folder of the snapshot
    snapshot: PathBuf,
    /// A rollout plan in waves (`tenken schema rollout`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["app", "groups", "users", "licenses"])]
    plan: Option<PathBuf>,
    /// The Office 365 application in Okta, by label or id [default: the only one that targets the tenant]
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// A group of Okta's whose members are assigned, by name or id; each is a wave
    #[arg(long = "group", value_name = "GROUP", required_unless_present_any = ["plan", "users"])]
    groups: Vec<String>,
    /// A file that names people: one a line, or a CSV with a column that says who they are; - for standard input
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// What they get, separated by commas: part numbers, product names or Okta's own texts; `none` for nothing
    /// [default: what the groups' assignments say]
    #[arg(long, visible_alias = "licences", value_name = "LICENSES", value_delimiter = ',')]
    licenses: Option<Vec<String>>,
    /// How many may be going to fail for it to be a go, a number or a percentage
    #[arg(long, value_name = "N|PERCENT")]
    max_failing: Option<AtMost>,
    /// How many may be at risk
    #[arg(long, value_name = "N|PERCENT")]
    max_may_fail: Option<AtMost>,
    /// Of how many too little may be known
    #[arg(long, value_name = "N|PERCENT")]
    max_cannot_tell: Option<AtMost>,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    tailoring: Tailoring,
    /// Write a report; the format follows from the ending, as for `audit`; `people.csv` has a line for each person
    #[arg(long = "report", value_name = "[FORMAT:]PATH")]
    reports: Vec<Target>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// People that are printed one by one
    #[arg(long, value_name = "N", default_value_t = 10)]
    people: usize,
    #[command(flatten)]
    layout: LayoutArg,
    #[command(flatten)]
    language: LanguageArg,
}

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// What stands under `readiness` in audit.json
    Json,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    report::check(&args.reports)?;
    let plan = args.plan()?;
    let audit = args.foresee(&plan, output)?;
    let layout = args.layout.get(args.tailoring.config())?;
    report::write_all(&audit, &args.reports, args.language.get(), &layout)?;
    let Some(readiness) = &audit.readiness else {
        return Err(Stop::Message("the plan could not be judged".to_owned()));
    };
    match args.print(&audit, readiness, output) {
        // Whoever read it has gone away; whoever asks for the status has not.
        Ok(()) | Err(Stop::BrokenPipe) => {}
        Err(stop) => return Err(stop),
    }
    Ok(match readiness.verdict {
        Verdict::Go => Exit::Fine,
        Verdict::NoGo => Exit::Findings,
        Verdict::CannotTell => Exit::Undecided,
    })
}

impl Args {
    /// The plan of the file, or of the arguments.
    fn plan(&self) -> Result<RolloutPlan, Stop> {
        let mut plan = match &self.plan {
            Some(path) => RolloutPlan::read(path)?,
            None => self.spelt_out()?,
        };
        let thresholds = [
            (self.max_failing, &mut plan.limits.will_fail),
            (self.max_may_fail, &mut plan.limits.may_fail),
            (self.max_cannot_tell, &mut plan.limits.cannot_tell),
        ];
        for (given, limit) in thresholds {
            *limit = given.unwrap_or(*limit);
        }
        Ok(plan)
    }

    /// Each group is a wave, and then whoever the file names.
    fn spelt_out(&self) -> Result<RolloutPlan, Stop> {
        let licences = self.licenses.as_ref().map(|texts| match texts.as_slice() {
            [only] if only.eq_ignore_ascii_case("none") => Vec::new(),
            texts => texts.iter().map(|text| text.trim().to_owned()).collect(),
        });
        let mut waves: Vec<WavePlan> = self
            .groups
            .iter()
            .map(|group| WavePlan {
                name: group.clone(),
                groups: vec![group.clone()],
                users: Vec::new(),
                licences: licences.clone(),
            })
            .collect();
        if let Some(path) = &self.users {
            waves.push(WavePlan {
                name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                groups: Vec::new(),
                users: people_of(path).map_err(Stop::Message)?,
                licences,
            });
        }
        Ok(RolloutPlan {
            app: self.app.clone(),
            waves,
            ..RolloutPlan::default()
        })
    }

    fn foresee(&self, plan: &RolloutPlan, output: &mut Output) -> Result<Audit, Stop> {
        let snapshot = Snapshot::open(&self.snapshot)?;
        let mut sink = Diagnostics::new();
        let mut request = self.choice.request();
        self.tailoring.add_to(&mut request, Some(&snapshot.manifest().name))?;
        let loaded = request.load(&mut sink);
        if sink.has_errors() {
            return Err(sink.into());
        }
        output.diagnostics(sink);
        let questions = self.questions(loaded.policies);
        let progress = Progress::new();
        let bar = progress.spinner("reading the snapshot");
        let audit = readiness::foresee(plan, &questions, &snapshot);
        bar.finish_and_clear();
        let mut audit = audit?;
        audit.adjustments.clone_from(&loaded.adjustments);
        Ok(audit)
    }

    /// The policies that foresee, and those that would and are not asked: of the packs that were named, else of those that
    /// come with the program.
    fn questions(&self, chosen: Vec<Policy>) -> Questions {
        // What is wrong with the policies has been said.
        let mut said = Diagnostics::new();
        let (all, errors) = match self.choice.whole(&mut said) {
            (_, errors) if errors.is_empty() => policy::load_errors(&[], &mut said),
            whole => whole,
        };
        Questions::of(chosen, &all.policies, errors)
    }

    fn print(&self, audit: &Audit, readiness: &Readiness, output: &mut Output) -> Result<(), Stop> {
        if self.format == Form::Json {
            let text = serde_json::to_string_pretty(readiness).map_err(|error| Stop::Message(error.to_string()))?;
            return Ok(output.json(&text)?);
        }
        let files: Vec<String> = self
            .reports
            .iter()
            .map(|target| target.path().display().to_string())
            .collect();
        let text =
            terminal_readiness(audit, self.people, self.language.get(), output.width(), &files).map_err(|error| {
                Stop::Message(format!(
                    "cannot render the readiness: {}",
                    printable(&error.to_string())
                ))
            })?;
        Ok(output.result(&text)?)
    }
}
