//! `tenken query`: asks a snapshot a question in CEL.

use std::path::PathBuf;

use bumpalo::Bump;

use super::eval::{complaints, failed, printed};
use super::output::Output;
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
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    output.json(&text)?;
    Ok(if unknown { Exit::Undecided } else { Exit::Fine })
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
