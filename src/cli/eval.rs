//! `tenken eval`: evaluates a CEL expression without a snapshot.

use std::path::PathBuf;

use bumpalo::Bump;
use serde_json::Value as Json;

use super::output::Output;
use super::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::expr::{
    Compiled, Mistake, NoRecords, Records, Scope, Value, compile, from_json, run as run_plan, to_json, type_of_json,
    weight,
};

/// Arguments of `eval`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The expression
    #[arg(value_name = "CEL", allow_hyphen_values = true)]
    expression: String,
    /// A JSON object whose keys become variables
    #[arg(long, value_name = "FILE.json")]
    vars: Option<PathBuf>,
    /// Check names and types before running
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let variables = read_variables(args)?;
    let scope = variables.iter().fold(Scope::new(), |scope, (name, value)| {
        scope.with(name.as_str(), type_of_json(value))
    });
    let compiled = compile(&args.expression, &scope);
    let plan = match (&compiled.plan, args.check && !compiled.mistakes.is_empty()) {
        (Some(plan), false) => plan,
        _ => return Err(complaints(&args.expression, &compiled).into()),
    };
    let arena = Bump::new();
    let values: Vec<Value<'_>> = variables.iter().map(|(_, value)| from_json(value, &arena)).collect();
    match run_plan(plan, &values, &NoRecords, &arena) {
        Value::Error(message) => Err(failed(&args.expression, message)),
        value => {
            output.json(&printed(value, &NoRecords, &args.expression)?.to_string())?;
            Ok(Exit::Fine)
        }
    }
}

fn read_variables(args: &Args) -> Result<Vec<(String, Json)>, Stop> {
    let Some(path) = &args.vars else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Diagnostic::error(
            Code::UnreadableFile,
            format!("cannot read `{}`: {error}", path.display()),
        )
    })?;
    let json: Json = serde_json::from_str(&text).map_err(|error| {
        let source = Source::new(path.display().to_string(), text.clone());
        let start = offset(&text, error.line(), error.column());
        Diagnostic::error(Code::InvalidJson, format!("not well-formed JSON: {error}")).at(&source, start..start + 1, "")
    })?;
    match json {
        Json::Object(map) => Ok(map.into_iter().collect()),
        _ => Err(Diagnostic::error(Code::InvalidJson, format!("`{}` holds no JSON object", path.display())).into()),
    }
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    text.split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum::<usize>()
        + column.saturating_sub(1)
}

/// Mistakes of an expression given on the command line.
pub(super) fn complaints(text: &str, compiled: &Compiled) -> Diagnostics {
    let source = Source::new("expression", text);
    let mut sink = Diagnostics::new();
    for Mistake {
        code,
        span,
        message,
        help,
    } in &compiled.mistakes
    {
        let mut diagnostic =
            Diagnostic::error(*code, message).at(&source, span.start..span.end.max(span.start + 1), "");
        diagnostic.help.extend(help.iter().cloned());
        sink.push(diagnostic);
    }
    sink
}

/// A value as JSON, unless it is too large to be printed: a list that holds the same list twice is printed twice.
pub(super) fn printed(value: Value<'_>, records: &dyn Records, text: &str) -> Result<Json, Stop> {
    const MOST: usize = 20_000_000;
    if weight(value, MOST) >= MOST {
        return Err(failed(text, "the result is too large to print"));
    }
    Ok(to_json(value, records))
}

/// An expression that failed when it ran.
pub(super) fn failed(text: &str, message: &str) -> Stop {
    let source = Source::new("expression", text);
    Diagnostic::error(Code::EvaluationFailed, format!("the expression failed: {message}"))
        .at(&source, 0..text.len(), "")
        .into()
}
