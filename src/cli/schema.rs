//! `tenken schema`: prints a published JSON Schema.

use clap::ValueEnum;

use super::output::Output;
use super::{Exit, Stop};
use crate::schema;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which one
    #[arg(value_enum)]
    name: Name,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// A policy file
    Policy,
    /// An entry of the error catalogue
    Error,
    /// The configuration, tenken.yaml
    Config,
    /// A file of waivers, waivers.yaml
    Waivers,
    /// A rollout plan, for `readiness --plan`
    Rollout,
    /// The result of an audit, audit.json
    Audit,
    /// The manifest of a snapshot, manifest.json
    Manifest,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let schema = match args.name {
        Name::Policy => schema::policy(),
        Name::Error => schema::error(),
        Name::Config => schema::config(),
        Name::Waivers => schema::waivers(),
        Name::Rollout => schema::rollout(),
        Name::Audit => schema::audit(),
        Name::Manifest => schema::manifest(),
    };
    let schema = schema.map_err(Stop::Message)?;
    let text = serde_json::to_string_pretty(schema.json()).map_err(|error| Stop::Message(error.to_string()))?;
    output.result(&format!("{text}\n"))?;
    Ok(Exit::Fine)
}
