//! `tenken init`: a configuration to start from, with the permissions it needs.

use super::choice::Choice;
use super::output::Output;
use super::{Exit, Stop};
use crate::catalog::SourceName;
use crate::collect::plan;
use crate::diagnostic::Diagnostics;
use crate::policy;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Permissions are those that these need
    #[command(flatten)]
    choice: Choice,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let mut sink = Diagnostics::new();
    let loaded = args.choice.load(&mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    let plan = plan(&policy::needs(&loaded.policies));
    let list = |source| {
        plan.permissions(source)
            .into_iter()
            .map(|name| format!("#     {name}\n"))
            .collect::<String>()
    };
    let text = include_str!("init.yaml")
        .replace("#     {okta}\n", &list(SourceName::Okta))
        .replace("#     {entra}\n", &list(SourceName::Entra));
    output.result(&text)?;
    Ok(Exit::Fine)
}
