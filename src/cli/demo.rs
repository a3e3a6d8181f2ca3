//! `tenken demo`: the whole way from collection to report, on the built-in simulator.

use std::path::PathBuf;

use super::audit::{LanguageArg, judge};
use super::choice::{Choice, Tailoring};
use super::output::Output;
use super::report::{self, Target};
use super::simulate::{scenario, tenant_of};
use super::snapshot::{gather, runtime};
use super::{Exit, Stop, now};
use crate::collect::{Options, RateShare, plan};
use crate::diagnostic::Diagnostics;
use crate::policy;
use crate::report::{Format, Layout};
use crate::simulator::{Server, ServerOptions, World};
use crate::snapshot::SnapshotWriter;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for the snapshot and the reports
    #[arg(long, value_name = "DIR", default_value = "tenken-demo")]
    out: PathBuf,
    /// What the simulator plants: contoso or clean
    #[arg(long, value_name = "NAME", default_value = "contoso")]
    scenario: String,
    #[command(flatten)]
    language: LanguageArg,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let mut sink = Diagnostics::new();
    let choice = Choice::default();
    let loaded = choice.load(&mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    let scenario = scenario(&args.scenario)?;
    let plan = plan(&policy::needs(&loaded.policies));
    let snapshot = args.out.join("snapshot");
    // Nobody else works in a simulated tenant.
    let options = Options {
        rate_share: RateShare::ALL,
    };
    std::fs::create_dir_all(&args.out)
        .map_err(|error| Stop::Message(format!("cannot make the folder `{}`: {error}", args.out.display())))?;
    let writer = SnapshotWriter::create(&snapshot, true).map_err(|error| Stop::Message(error.to_string()))?;
    let manifest = runtime()?.block_on(async {
        let server = Server::start(World::new(scenario, now()), ServerOptions::default())
            .await
            .map_err(|error| Stop::Message(format!("cannot start the simulator: {error}")))?;
        output.note(&format!(
            "simulating an Okta org at {} and an Entra tenant at {}",
            server.okta_url(),
            server.graph_url()
        ));
        let collected = match tenant_of(&args.scenario, &server) {
            Ok(tenant) => gather(&tenant, &plan, writer, options, output).await,
            Err(stop) => Err(stop),
        };
        server.shutdown().await;
        collected
    })?;
    let requests: u64 = manifest.resources.iter().map(|entry| entry.requests).sum();
    let objects: u64 = manifest.resources.iter().map(|entry| entry.objects).sum();
    output.note(&format!("collected {objects} objects over HTTP in {requests} requests"));
    let audit = judge(&snapshot, &choice, &Tailoring::default(), None, None, output)?;
    let language = args.language.get();
    let targets = [
        Target::new(Format::Html, args.out.join("report.html")),
        Target::new(Format::Markdown, args.out.join("report.md")),
        Target::new(Format::Json, args.out.join("audit.json")),
    ];
    let layout = Layout::default();
    report::write_all(&audit, &targets, language, &layout)?;
    report::summary(&audit, language, &layout, &targets, output)?;
    Ok(Exit::Fine)
}
