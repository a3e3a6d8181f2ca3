//! `tenken snapshot`: collects a snapshot from an org and a tenant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choice::{Choice, add_tenant};
use super::forecast;
use super::output::Output;
use super::progress::Progress;
use super::{Exit, Stop, now};
use crate::collect::{Forecast, Options, Plan, RateShare, collect, everything, identity, plan};
use crate::config::{Config, Tenant};
use crate::diagnostic::Diagnostics;
use crate::policy::{self, Loaded};
use crate::readiness;
use crate::snapshot::{Beginning, Identity, Manifest, Snapshot, SnapshotWriter};

/// Arguments of `snapshot`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "tenken.yaml")]
    config: PathBuf,
    /// Which tenant of the configuration, when it has several
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Folder of the snapshot [default: snapshots/TENANT-TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How much of the vendors' rate limits to use at most; the rest is left to everybody else
    #[arg(long, value_name = "PERCENT", default_value_t)]
    rate_share: RateShare,
    /// Collect every resource type, whether some policy needs it or not; of groups the members only with --members-of
    #[arg(long)]
    all: bool,
    /// Read also who is in this group of Okta's, by its name or id, for `readiness`; may be repeated
    #[arg(long, value_name = "GROUP")]
    members_of: Vec<String>,
    /// Collect nothing: show the calls, the permissions, and how many requests and minutes it may take
    #[arg(long)]
    plan: bool,
    /// With --plan: people in the tenant
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "plan")]
    people: u64,
    /// With --plan: how to print it
    #[arg(long, value_enum, default_value = "table", requires = "plan")]
    format: forecast::Form,
    /// Collect what these need
    #[command(flatten)]
    choice: Choice,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    if args.plan {
        return foretell(args, output);
    }
    let mut sink = Diagnostics::new();
    let mut request = args.choice.request();
    let config = match Config::read(&args.config) {
        Ok(config) => config,
        Err(more) => {
            request.load(&mut sink);
            sink.extend(more);
            return Err(sink.into());
        }
    };
    let tenant = config.tenant(args.tenant.as_deref())?;
    add_tenant(&mut request, tenant);
    let loaded = request.load(&mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    let plan = args.plan_for(&loaded);
    let identity = identity(tenant, &plan);
    let place = || default_place(&tenant.name, &identity);
    let out = args.out.clone().unwrap_or_else(place);
    let options = Options {
        rate_share: args.rate_share,
    };
    let (writer, beginning) =
        SnapshotWriter::resume(&out, identity, now()).map_err(|error| Stop::Message(error.to_string()))?;
    match beginning {
        Beginning::New => {}
        Beginning::Continued(began) => output.note(&format!("going on with what was begun at {began}")),
        Beginning::Anew(why) => output.note(&format!(
            "an unfinished snapshot lies at this place, but was collected {why}; beginning anew"
        )),
    }
    let collected = runtime()?.block_on(gather(tenant, &plan, writer, options, output));
    if collected.is_err() && SnapshotWriter::is_unfinished(&out) {
        output.note(&format!(
            "what was read is kept: `tenken snapshot --out {}` within 24 hours goes on from there",
            out.display()
        ));
    }
    let manifest = collected?;
    let complete = manifest
        .resources
        .iter()
        .filter(|entry| entry.status == crate::snapshot::Status::Complete)
        .count();
    let objects: u64 = manifest.resources.iter().map(|entry| entry.objects).sum();
    output.note(&format!(
        "{complete} of {} resource types read whole, {objects} objects",
        manifest.resources.len()
    ));
    if !args.members_of.is_empty() {
        for unknown in readiness::unknown_groups(&args.members_of, &Snapshot::open(&out)?)? {
            let help: String = unknown.help.iter().map(|help| format!("; {help}")).collect();
            output.warning(&format!("{}{help}", unknown.message));
        }
    }
    output.result(&format!("{}\n", out.display()))?;
    Ok(Exit::Fine)
}

impl Args {
    /// What is asked of the vendors.
    fn plan_for(&self, loaded: &Loaded) -> Plan {
        let plan = match (self.all, self.members_of.is_empty()) {
            (true, _) => everything(),
            (false, true) => plan(&policy::needs(&loaded.policies)),
            (false, false) => {
                let mut needs = policy::needs(&loaded.policies);
                needs.extend(&readiness::directory_needs());
                plan(&needs)
            }
        };
        // A call for each of many thousand groups would take hours, so who is in a group is read where somebody asks for
        // it. A list of texts is written in CEL as in JSON.
        let ids = serde_json::Value::from(self.members_of.clone());
        let names: Vec<String> = self.members_of.iter().map(|name| name.to_ascii_lowercase()).collect();
        let names = serde_json::Value::from(names);
        plan.with_only(
            "okta.group_member",
            format!("group.id in {ids} || group.profile.name.lowerAscii() in {names}"),
        )
    }
}

/// Shows what would be collected. It takes no credential and no network, and no configuration either; if there is one, it
/// may have policies of its own.
fn foretell(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let mut sink = Diagnostics::new();
    let mut request = args.choice.request();
    if args.tenant.is_some() || args.config.exists() {
        let config = Config::read(&args.config)?;
        add_tenant(&mut request, config.tenant(args.tenant.as_deref())?);
    }
    let loaded = request.load(&mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    let plan = args.plan_for(&loaded);
    let forecast = Forecast::of(&plan, args.people, args.rate_share);
    forecast::print(&plan, &forecast, args.people, args.rate_share, args.format, output)?;
    Ok(Exit::Fine)
}

/// How the time stands in the names of snapshots.
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The place of a snapshot that was given none: that of the latest unfinished one that this collection can go on with, else
/// a new one. What was begun for other policies stays as it is.
fn default_place(tenant: &str, identity: &Identity) -> PathBuf {
    let folder = Path::new("snapshots");
    let prefix = format!("{tenant}-");
    let latest = SnapshotWriter::unfinished(folder, identity, now())
        .into_iter()
        .rfind(|place| {
            let name = place.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&prefix)
        });
    latest.unwrap_or_else(|| folder.join(format!("{prefix}{}", now().strftime(TIME))))
}

/// Collects, showing progress and telling afterwards what could not be read.
pub(super) async fn gather(
    tenant: &Tenant,
    plan: &Plan,
    writer: SnapshotWriter,
    options: Options,
    output: &mut Output,
) -> Result<Manifest, Stop> {
    let progress = Progress::of(plan, options.rate_share);
    let result = tokio::select! {
        result = collect(tenant, plan, writer, options, Arc::new(now), progress.observer()) => result,
        () = stopped() => return Err(Stop::Interrupted),
    };
    for warning in progress.warnings() {
        output.warning(&warning);
    }
    Ok(result?)
}

/// Waits until the process is asked to end: what was begun is then kept to be continued, or removed.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hang_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The one place where an async runtime is made.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Stop::Message(format!("cannot start the network runtime: {error}")))
}
