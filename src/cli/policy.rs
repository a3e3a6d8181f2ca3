//! `tenken policy`: list, show, check and test policies.

use std::fmt::Write as _;

use clap::Subcommand;

use super::audit::LanguageArg;
use super::choice::{Choice, Operands, Tailoring};
use super::output::Output;
use super::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::evaluate::judge_example;
use crate::policy::{self, Loaded, Policy, Request};

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
        #[command(flatten)]
        operands: Operands,
        #[command(flatten)]
        language: LanguageArg,
    },
    /// Show the file of a policy
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        choice: Choice,
    },
    /// Check policies against schema and catalogue, without a snapshot
    Check {
        #[command(flatten)]
        operands: Operands,
        #[command(flatten)]
        tailoring: Tailoring,
    },
    /// Run the examples of policies
    Test {
        #[command(flatten)]
        operands: Operands,
    },
    /// List the codes of mistakes, or explain one
    Codes {
        /// A code, as a message shows it in brackets
        code: Option<String>,
    },
}

pub(super) fn run(args: Args, output: &mut Output) -> Result<Exit, Stop> {
    match args.command {
        Command::List { operands, language } => list(&operands.choice(), language, output),
        Command::Show { id, choice } => show(&id, &choice, output),
        Command::Check { operands, tailoring } => check(&operands.choice(), &tailoring, output),
        Command::Test { operands } => test(&operands.choice(), output),
        Command::Codes { code } => codes(code.as_deref(), output),
    }
}

/// Loads policies; any mistake in any file stops.
fn load(request: &Request) -> Result<Loaded, Stop> {
    let mut sink = Diagnostics::new();
    let loaded = request.load(&mut sink);
    if sink.has_errors() {
        Err(sink.into())
    } else {
        Ok(loaded)
    }
}

fn list(choice: &Choice, language: LanguageArg, output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(&choice.request())?;
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

fn show(id: &str, choice: &Choice, output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(&choice.request())?;
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

fn check(choice: &Choice, tailoring: &Tailoring, output: &mut Output) -> Result<Exit, Stop> {
    let mut request = choice.request();
    tailoring.add_to(&mut request, None)?;
    let loaded = load(&request)?;
    let mut sink = Diagnostics::new();
    let errors = choice.errors(&mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    output.note(&match loaded.policies.len() {
        1 => "1 policy is sound".to_owned(),
        many => format!("{many} policies are sound"),
    });
    output.note(&match errors.len() {
        0 => return Ok(Exit::Fine),
        1 => "1 entry of the error catalogue is sound".to_owned(),
        many => format!("{many} entries of the error catalogue are sound"),
    });
    Ok(Exit::Fine)
}

fn test(choice: &Choice, output: &mut Output) -> Result<Exit, Stop> {
    let loaded = load(&Request {
        as_written: true,
        ..choice.request()
    })?;
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
    for policy in &loaded.policies {
        let lacking = lacking(policy);
        if !lacking.is_empty() {
            output.warning(&format!("{} has no example for {}", policy.id, lacking.join(", ")));
        }
    }
    output.note(&format!(
        "{} of {ran} examples are as expected, in {} policies",
        ran - failed,
        loaded.policies.len()
    ));
    Ok(if failed == 0 { Exit::Fine } else { Exit::BadInput })
}

/// Outcomes that no example of a policy shows.
fn lacking(policy: &Policy) -> Vec<&'static str> {
    use policy::Expectation::{Fail, Pass, Unknown};
    let shows = |of: fn(&policy::Expectation) -> bool| policy.examples.iter().any(|example| of(&example.expect));
    [
        (
            "pass",
            shows(|expect| matches!(expect, Pass)) || policy.needs_attestation(),
        ),
        ("fail", shows(|expect| matches!(expect, Fail))),
        ("unknown", shows(|expect| matches!(expect, Unknown(_)))),
    ]
    .into_iter()
    .filter_map(|(name, shown)| (!shown).then_some(name))
    .collect()
}

fn codes(code: Option<&str>, output: &mut Output) -> Result<Exit, Stop> {
    let Some(name) = code else {
        let width = Code::ALL
            .iter()
            .map(|code| code.as_str().len())
            .max()
            .unwrap_or_default();
        let lines = Code::ALL
            .iter()
            .map(|code| format!("{:<width$}  {}\n", code.as_str(), code.about()));
        output.result(&lines.collect::<String>())?;
        return Ok(Exit::Fine);
    };
    let Some(code) = Code::ALL.iter().find(|code| code.as_str() == name) else {
        let known = Code::ALL.iter().map(|code| code.as_str());
        return Err(
            Diagnostic::error(Code::UndeclaredName, format!("there is no code `{name}`"))
                .suggest(name, known)
                .help("`tenken policy codes` lists them")
                .into(),
        );
    };
    output.result(&format!("{}: {}\n\n{}\n", code.as_str(), code.about(), code.advice()))?;
    Ok(Exit::Fine)
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
