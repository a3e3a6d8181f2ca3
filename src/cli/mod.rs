//! The command line: one file for each subcommand.
//!
//! A command gives an [`Exit`] or stops with a [`Stop`], which says what went wrong and which exit status that is. Only
//! this layer reads the clock, prints and chooses exit statuses.

mod audit;
mod choice;
mod demo;
mod diagnose;
mod doctor;
mod eval;
mod forecast;
mod frameworks;
mod import;
mod init;
mod output;
mod policy;
mod progress;
mod query;
mod readiness;
mod render;
mod report;
mod resources;
mod schema;
mod simulate;
mod snapshot;
mod table;
mod templates;
mod waive;

use std::process::{ExitCode, Termination};

use clap::{Parser, Subcommand};

use crate::collect::CollectError;
use crate::diagnostic::{Diagnostic, Diagnostics};
use output::Output;

/// Exit statuses, the same for every command.
const STATUSES: &str = "\
Exit status:
  0  nothing at or above --fail-on (demo: always)
  1  findings at or above --fail-on
  2  the input is wrong: arguments, configuration, policy, snapshot, or nothing of it could be judged
  3  collection failed
  4  too much could not be decided (--strict, --min-coverage), or a policy's own expression failed
When several hold, the first of 2, 3, 1, 4. In eval and query an error is 2 and an unknown value is 4.
In diagnose 0 says that a cause is named or nothing is wrong, 4 that neither could be told.
In readiness 0 says go, 1 no-go, 4 that too little is known to say go.";

/// Audits an Okta org and a Microsoft Entra tenant together. Reads only, never writes.
#[derive(Debug, Parser)]
#[command(name = "tenken", version, about, after_help = STATUSES, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Audit the built-in simulator, from collection to report
    Demo(demo::Args),
    /// Print a configuration to start from, with the permissions it needs
    Init(init::Args),
    /// Sign in, say what is granted, and which policies will be unknown for want of what
    Doctor(doctor::Args),
    /// Collect a snapshot from an org and a tenant
    Snapshot(snapshot::Args),
    /// Make a snapshot of another tool's export, or of pages saved by hand
    Import(import::Args),
    /// Judge a snapshot against policies
    Audit(audit::Args),
    /// Write reports of an audit that was made before
    Render(render::Args),
    /// Write the built-in templates of reports, to start your own from
    Templates(templates::Args),
    /// Find out why provisioning fails, from an error text or for a person
    Diagnose(diagnose::Args),
    /// Foresee what becomes of people who are about to be assigned to Microsoft 365
    Readiness(readiness::Args),
    /// Print a waiver for failures as they are now
    Waive(waive::Args),
    /// List, show, check and test policies
    Policy(policy::Args),
    /// List frameworks, or the items of one with what covers each
    Frameworks(frameworks::Args),
    /// Ask a snapshot a question in CEL
    Query(query::Args),
    /// Evaluate a CEL expression without a snapshot
    Eval(eval::Args),
    /// List resource types, or the fields of one
    Resources(resources::Args),
    /// Print a published JSON Schema
    Schema(schema::Args),
    /// Run the simulator, or write a snapshot of generated people
    Simulate(simulate::Args),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to report.
    Fine,
    /// Findings at or above the limit.
    Findings,
    /// The user's input is wrong.
    BadInput,
    /// Collection failed.
    CollectionFailed,
    /// Too much unknown, or a defect of a policy.
    Undecided,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::BadInput => 2,
            Self::CollectionFailed => 3,
            Self::Undecided => 4,
        })
    }
}

/// Why a command stopped before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The user's input is wrong in these places.
    Input(Diagnostics),
    /// The user's input is wrong; a message says it all.
    Message(String),
    /// Collection failed.
    Collection(CollectError),
    /// Collection was stopped from outside.
    Interrupted,
    /// Whoever read the output has gone away, which is fine.
    BrokenPipe,
}

impl From<Diagnostics> for Stop {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Input(diagnostics)
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Input(diagnostic.into())
    }
}

impl From<CollectError> for Stop {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Credential(diagnostic) => (*diagnostic).into(),
            CollectError::Snapshot(error) => Self::Message(error.to_string()),
            other => Self::Collection(other),
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Message(format!("cannot write the output: {error}")),
        }
    }
}

/// The real clock. Everything below this layer is given one.
#[expect(clippy::disallowed_methods, reason = "the command line is where time comes from")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Runs the command line of this process.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with status 0; a mistake has clap's status 2, which is ours.
            let _ = error.print();
            return if error.use_stderr() { Exit::BadInput } else { Exit::Fine };
        }
    };
    // Deeply nested conditions are judged on these threads; two megabytes would be cutting it fine.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(8 << 20).build_global();
    let mut output = Output::new();
    match run(cli.command, &mut output) {
        Ok(exit) => exit,
        Err(stop) => report(stop, &mut output),
    }
}

fn run(command: Command, output: &mut Output) -> Result<Exit, Stop> {
    match command {
        Command::Demo(args) => demo::run(&args, output),
        Command::Init(args) => init::run(&args, output),
        Command::Snapshot(args) => snapshot::run(&args, output),
        Command::Import(args) => import::run(&args, output),
        Command::Audit(args) => audit::run(&args, output),
        Command::Render(args) => render::run(&args, output),
        Command::Templates(args) => templates::run(&args, output),
        Command::Diagnose(args) => diagnose::run(&args, output),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Readiness(args) => readiness::run(&args, output),
        Command::Frameworks(args) => frameworks::run(&args, output),
        Command::Waive(args) => waive::run(&args, output),
        Command::Policy(args) => policy::run(args, output),
        Command::Query(args) => query::run(&args, output),
        Command::Eval(args) => eval::run(&args, output),
        Command::Resources(args) => resources::run(&args, output),
        Command::Schema(args) => schema::run(&args, output),
        Command::Simulate(args) => simulate::run(&args, output),
    }
}

fn report(stop: Stop, output: &mut Output) -> Exit {
    match stop {
        Stop::Input(diagnostics) => {
            output.diagnostics(diagnostics);
            Exit::BadInput
        }
        Stop::Message(message) => {
            output.error(&message);
            Exit::BadInput
        }
        Stop::Collection(error) => {
            output.error(&error.to_string());
            Exit::CollectionFailed
        }
        Stop::Interrupted => {
            output.error("stopped; no snapshot was written");
            Exit::CollectionFailed
        }
        Stop::BrokenPipe => Exit::Fine,
    }
}
