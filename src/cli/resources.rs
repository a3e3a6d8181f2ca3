//! `tenken resources`: the catalogue, for people.

use std::fmt::Write as _;

use super::output::Output;
use super::{Exit, Stop};
use crate::catalog::{Field, FieldType, Origin, RecordType, Resource, Supply, catalog};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::Type;

/// Arguments of `resources`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A resource type, such as okta.app_user; without it they are listed
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let text = match &args.name {
        None => list(),
        Some(name) => match catalog().resource(name).or_else(|| catalog().collection(name)) {
            Some(resource) => describe(resource),
            None => {
                return Err(
                    Diagnostic::error(Code::UnknownResource, format!("there is no resource type `{name}`"))
                        .suggest(name, catalog().names())
                        .help("`tenken resources` lists them")
                        .into(),
                );
            }
        },
    };
    output.result(&text)?;
    Ok(Exit::Fine)
}

fn list() -> String {
    let width = catalog().names().map(str::len).max().unwrap_or_default();
    let mut text = String::new();
    for resource in catalog().resources() {
        let _ = writeln!(text, "{:<width$}  {}", resource.name, resource.record.info().about);
    }
    text
}

fn describe(resource: &Resource) -> String {
    let info = resource.record.info();
    let mut text = format!("{}\n{}\n\n", resource.name, info.about);
    let _ = writeln!(
        text,
        "in conditions  a row is `{}`, all of them `{}`",
        info.variable, resource.collection
    );
    match &resource.supply {
        Supply::Call(call) => {
            let _ = writeln!(text, "read from      GET {} ({})", call.path, call.version);
            let _ = writeln!(text, "permission     {}", call.permission);
            if !call.clouds.is_empty() {
                let _ = writeln!(text, "clouds         {}", call.clouds.join(", "));
            }
        }
        Supply::Import(call) => {
            let _ = writeln!(text, "read from      what a person was answered, with `tenken import`");
            let _ = writeln!(text, "permission     {}", call.permission);
        }
        Supply::Reference(name) => {
            let _ = writeln!(text, "read from      the built-in table {name}");
        }
    }
    text.push('\n');
    fields(resource.record, 0, &mut text);
    text
}

fn fields(record: RecordType, depth: usize, text: &mut String) {
    for field in &record.info().fields {
        let _ = writeln!(
            text,
            "{:indent$}{} ({}): {}",
            "",
            field.name,
            describe_type(field),
            field.about,
            indent = depth * 2
        );
        if matches!(field.origin, Origin::Property { .. })
            && let Some(inner) = nested(&field.ty)
        {
            fields(inner, depth + 1, text);
        }
    }
}

fn nested(ty: &FieldType) -> Option<RecordType> {
    match ty {
        FieldType::Record(record) => Some(*record),
        FieldType::List(inner) => nested(inner),
        _ => None,
    }
}

fn describe_type(field: &Field) -> String {
    let mut text = match (&field.ty, &field.origin) {
        (FieldType::Enum { values, .. }, _) => values.join(" | "),
        (FieldType::Record(_), Origin::Property { .. }) => "object".to_owned(),
        (FieldType::List(inner), Origin::Property { .. }) if nested(inner).is_some() => "list of objects".to_owned(),
        (ty, _) => Type::from(ty).to_string(),
    };
    if field.nullable {
        text.push_str(" or null");
    }
    match field.origin {
        Origin::Link(_) => text.push_str(", link"),
        Origin::Derived(_) => text.push_str(", derived"),
        _ => {}
    }
    text
}
