//! `tenken policy`: list, show, check and test policies.

use std::fmt::Write as _;

use clap::Subcommand;

use super::audit::LanguageArg;
use super::output::Output;
use super::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::evaluate::judge_example;
use crate::policy::{self, Loaded, Policy};

/// Arguments of `policy`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List policies
    List {
        /// Packs, files or folders [default: all built-in packs]
        policies: Vec<String>,
        #[command(flatten)]
        language: LanguageArg,
    },
    /// Show the file of a policy
    Show {
        /// Its id
        id: String,
        /// Packs, files or folders to look in [default: all built-in packs]
        #[arg(long, value_name = "PATH_OR_PACK")]
        policies: Vec<String>,
    },
    /// Check policies against schema and catalogue, without a snapshot
    Check {
        /// Packs, files or folders [default: all built-in packs]
        policies: Vec<String>,
    },
    /// Run the examples of policies
    Test {
        /// Packs, files or folders [default: all built-in packs]
        policies: Vec<String>,
    },
}

pub(super) fn run(args: Args, output: &mut Output) -> Result<Exit, Stop> {
    match args.command {
        Command::List { policies, language } => list(&policies, language, output),
        Command::Show { id, policies } => show(&id, &policies, output),
        Command::Check { policies } => check(&policies, output),
        Command::Test { policies } => test(&policies, output),
    }
}

/// Loads policies; any mistake in any file stops.
fn load(names: &[String]) -> Result<Loaded, Stop> {
    let mut sink = Diagnostics::new();
    let loaded = policy::load(names, &mut sink);
    if sink.has_errors() {
        Err(sink.into())
    } else {
        Ok(loaded)
    }
}

fn list(names: &[String], language: LanguageArg, output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(names)?;
    let width = loaded
        .policies
        .iter()
        .map(|policy| policy.id.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for policy in &loaded.policies {
        let title = printable(policy.title.get(language.get()));
        let _ = writeln!(text, "{:<width$}  {:<8}  {title}", policy.id, policy.severity.as_str());
    }
    output.result(&text)?;
    Ok(Exit::Fine)
}

fn show(id: &str, names: &[String], output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(names)?;
    let Some(policy) = loaded.policies.iter().find(|policy| policy.id == id) else {
        let known = loaded.policies.iter().map(|policy| policy.id.as_str());
        return Err(
            Diagnostic::error(Code::UnknownPolicy, format!("there is no policy `{id}`"))
                .suggest(id, known)
                .into(),
        );
    };
    output.result(&policy.source.text)?;
    Ok(Exit::Fine)
}

fn check(names: &[String], output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(names)?;
    output.note(&match loaded.policies.len() {
        1 => "1 policy is sound".to_owned(),
        many => format!("{many} policies are sound"),
    });
    Ok(Exit::Fine)
}

fn test(names: &[String], output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(names)?;
    let mut sink = Diagnostics::new();
    let mut ran = 0;
    for policy in &loaded.policies {
        ran += run_examples(policy, &mut sink);
    }
    if ran == 0 {
        return Err(Diagnostic::error(
            Code::InvalidExample,
            "there is no example to run, so nothing was tested",
        )
        .into());
    }
    let failed = sink.iter().count();
    output.diagnostics(sink);
    output.note(&format!(
        "{} of {ran} examples are as expected, in {} policies",
        ran - failed,
        loaded.policies.len()
    ));
    Ok(if failed == 0 { Exit::Fine } else { Exit::BadInput })
}

/// Runs the examples of a policy; each that comes out otherwise is a diagnostic. Gives how many ran.
fn run_examples(policy: &Policy, sink: &mut Diagnostics) -> usize {
    for example in &policy.examples {
        let complaint = match judge_example(policy, example) {
            Ok(found) if found.meets(example.expect) => continue,
            Ok(found) => {
                let causes: Vec<&str> = found.causes.iter().map(|cause| cause.as_str()).collect();
                let why = if causes.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", causes.join(", "))
                };
                let failure = found.failure.map(|message| format!(": {message}")).unwrap_or_default();
                format!("it came out {}{why}{failure}", found.outcome.as_str())
            }
            Err(message) => message,
        };
        let start = example.span.start;
        sink.push(
            Diagnostic::error(
                Code::ExampleFailed,
                format!("{}: example `{}` is not as expected", policy.id, example.name),
            )
            .at(&policy.source, start..start + 1, complaint)
            .help(format!("expected: {}", expected(example.expect))),
        );
    }
    policy.examples.len()
}

fn expected(expectation: policy::Expectation) -> String {
    match expectation {
        policy::Expectation::Pass => "pass".to_owned(),
        policy::Expectation::Fail => "fail".to_owned(),
        policy::Expectation::NotApplicable => "not_applicable".to_owned(),
        policy::Expectation::Unknown(None) => "unknown".to_owned(),
        policy::Expectation::Unknown(Some(cause)) => format!("unknown ({cause})"),
    }
}
