//! `tenken query`: asks a snapshot a question in CEL.

use std::path::PathBuf;

use bumpalo::Bump;
use clap::ValueEnum;
use serde_json::Value as Json;

use super::eval::{complaints, failed, printed};
use super::output::Output;
use super::table::Table;
use super::{Exit, Stop};
use crate::evaluate::Tables;
use crate::expr::{Records, Scope, Type, Value, compile, run as run_plan};
use crate::policy::Needs;
use crate::snapshot::Snapshot;

/// Arguments of `query`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the snapshot
    snapshot: PathBuf,
    /// The question, such as 'entra.users.filter(u, u.accountEnabled == false).size()'
    #[arg(value_name = "CEL", allow_hyphen_values = true)]
    expression: String,
    /// How to print the result [default: table on a terminal, json elsewhere]
    #[arg(long, value_enum)]
    format: Option<Form>,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Table,
    Json,
    Csv,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let compiled = compile(&args.expression, &Scope::snapshot().with("now", Type::Timestamp));
    let plan = match &compiled.plan {
        Some(plan) if compiled.mistakes.is_empty() => plan,
        _ => return Err(complaints(&args.expression, &compiled).into()),
    };
    let snapshot = Snapshot::open(&args.snapshot)?;
    let mut needs = Needs::of(&plan.reads);
    add_result(&compiled.ty, &mut needs);
    let tables = Tables::load(&snapshot, &needs)?;
    let arena = Bump::new();
    let value = run_plan(plan, &[Value::Timestamp(tables.now())], &tables, &arena);
    if let Value::Error(message) = value {
        return Err(failed(&args.expression, message));
    }
    let unknown = value.unknown_inside(&arena).is_some();
    let json = printed(value, &tables, &args.expression)?;
    let form = match args.format {
        Some(form) => form,
        None if output.is_terminal() && json.is_array() => Form::Table,
        None => Form::Json,
    };
    print(&json, form, output)?;
    Ok(if unknown { Exit::Undecided } else { Exit::Fine })
}

/// Prints a result. Of a list that was not read to its end, a table holds what is known, and a remark says why not more.
fn print(json: &Json, form: Form, output: &mut Output) -> Result<(), Stop> {
    if form == Form::Json {
        let text = serde_json::to_string_pretty(json).unwrap_or_default();
        return Ok(output.json(&text)?);
    }
    let (known, why) = match (json.get("known"), json.get("unknown")) {
        (Some(known), Some(why)) => (known, Some(why)),
        _ => (json, None),
    };
    let table = Table::of(known);
    match form {
        Form::Csv => output.result(&table.csv().map_err(Stop::Message)?)?,
        _ => output.result(&table.text(output.width()))?,
    }
    if let Some(why) = why {
        output.warning(&format!("there may be more: {why}"));
    }
    Ok(())
}

/// Records in the result are shown whole, so all their properties are needed.
fn add_result(ty: &Type, needs: &mut Needs) {
    match ty {
        Type::Record(record) => needs.add_properties(*record),
        Type::List(inner) | Type::Optional(inner) | Type::Nullable(inner) => add_result(inner, needs),
        Type::Map(key, value) => {
            add_result(key, needs);
            add_result(value, needs);
        }
        _ => {}
    }
}
