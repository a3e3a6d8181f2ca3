//! `tenken doctor`: signs in, says what was granted, and which policies will be unknown for want of what.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::choice::{Choice, add_tenant};
use super::output::Output;
use super::progress::Progress;
use super::snapshot::runtime;
use super::{Exit, Stop, now};
use crate::catalog::{SourceName, Supply};
use crate::collect::{CollectError, Grant, Options, Plan, Probe, Probed, RateShare, plan, probe};
use crate::config::Config;
use crate::diagnostic::{Diagnostics, printable};
use crate::policy::{self, Policy};
use crate::report::wrap;
use crate::snapshot::Status;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "tenken.yaml")]
    config: PathBuf,
    /// Which tenant of the configuration, when it has several
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// Examine what these need
    #[command(flatten)]
    choice: Choice,
}

/// How an examination is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

type Examined = Vec<(SourceName, Result<Probed, CollectError>)>;

/// A policy that will be unknown, in whole or in part, and for want of what.
#[derive(Debug)]
struct Undecided<'p> {
    policy: &'p Policy,
    wants: BTreeSet<String>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let config = Config::read(&args.config)?;
    let tenant = config.tenant(args.tenant.as_deref())?;
    let mut sink = Diagnostics::new();
    let mut request = args.choice.request();
    add_tenant(&mut request, tenant);
    let loaded = request.load(&mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    let plan = plan(&policy::needs(&loaded.policies));
    let options = Options {
        rate_share: RateShare::default(),
    };
    let progress = Progress::new();
    let examined = runtime()?.block_on(probe(tenant, &plan, options, Arc::new(now), progress.observer()));
    for (_, outcome) in &examined {
        if let Ok(Probed {
            warning: Some(warning), ..
        }) = outcome
        {
            output.warning(warning);
        }
    }
    let undecided = undecided(&loaded.policies, &plan, &examined);
    let by_people = by_people(&loaded.policies);
    match args.format {
        Form::Text => output.result(&text(
            &examined,
            &undecided,
            &by_people,
            loaded.policies.len(),
            output.width(),
        ))?,
        Form::Json => {
            let text = serde_json::to_string_pretty(&whole(&examined, &undecided, &by_people));
            output.json(&text.map_err(|error| Stop::Message(error.to_string()))?)?;
        }
    }
    Ok(
        match (
            examined.iter().any(|(_, outcome)| outcome.is_err()),
            undecided.is_empty(),
        ) {
            (true, _) => Exit::CollectionFailed,
            (false, false) => Exit::Undecided,
            (false, true) => Exit::Fine,
        },
    )
}

/// The policies that need a type that cannot be read.
fn undecided<'p>(policies: &'p [Policy], plan: &Plan, examined: &Examined) -> Vec<Undecided<'p>> {
    let want = |name: &str| -> Option<String> {
        let step = plan.steps.iter().find(|step| step.resource.name == name)?;
        match examined.iter().find(|(source, _)| *source == step.resource.source) {
            None => Some(format!("{} in the configuration", step.resource.source.as_str())),
            Some((_, Err(_))) => Some(format!("a sign-in to {}", step.resource.source.title())),
            Some((_, Ok(probed))) => {
                let mut probes = probed.probes.iter();
                let probe = probes.find(|probe| probe.step.resource.name == name)?;
                want(probe, &probed.grant)
            }
        }
    };
    policies
        .iter()
        .map(|policy| {
            let needs = policy::needs(std::slice::from_ref(policy));
            let wants = needs
                .resources()
                .iter()
                .filter_map(|resource| want(&resource.name))
                .collect();
            Undecided { policy, wants }
        })
        .filter(|undecided| !undecided.wants.is_empty())
        .collect()
}

/// The policies that ask what no collection can read: what comes with an import, or what only a person can answer.
fn by_people(policies: &[Policy]) -> Vec<Undecided<'_>> {
    let wants = |policy: &Policy| {
        let needs = policy::needs(std::slice::from_ref(policy)).resources();
        let imports = needs
            .iter()
            .filter(|resource| matches!(resource.supply, Supply::Import(_)))
            .map(|resource| format!("an import of {}", resource.name));
        let answer = policy.needs_attestation().then(|| "a person's answer".to_owned());
        imports.chain(answer).collect()
    };
    let all = policies.iter().map(|policy| Undecided {
        policy,
        wants: wants(policy),
    });
    all.filter(|undecided| !undecided.wants.is_empty()).collect()
}

fn text(
    examined: &Examined,
    undecided: &[Undecided<'_>],
    by_people: &[Undecided<'_>],
    policies: usize,
    width: usize,
) -> String {
    let mut text = String::new();
    for (source, outcome) in examined {
        match outcome {
            Ok(probed) => describe(*source, probed, width, &mut text),
            Err(error) => {
                let _ = writeln!(text, "{}", failure(*source, error));
                for help in advice(error) {
                    let _ = writeln!(text, "  {help}");
                }
                text.push('\n');
            }
        }
    }
    let mut list = |headline: String, entries: &[Undecided<'_>]| {
        if !entries.is_empty() {
            text += &headline;
        }
        for entry in entries {
            let wants: Vec<&str> = entry.wants.iter().map(String::as_str).collect();
            let line = format!("  {} for want of {}", entry.policy.id, wants.join(", "));
            let _ = writeln!(text, "{}", wrap(&line, width, 4));
        }
    };
    let unknown = |entries: &[Undecided<'_>]| {
        format!(
            "{} of {policies} policies will be unknown, in whole or in part",
            entries.len()
        )
    };
    list(format!("{}:\n", unknown(undecided)), undecided);
    let until = "until a person or an import tells what no collection can read";
    list(format!("{}, {until}:\n", unknown(by_people)), by_people);
    match (undecided.is_empty(), by_people.is_empty()) {
        (true, true) => text += &format!("All {policies} policies can be judged.\n"),
        (true, false) => text += "All others can be judged.\n",
        (false, _) => {}
    }
    text
}

/// Why a source gives nothing; the error names it where it comes from the source.
fn failure(source: SourceName, error: &CollectError) -> String {
    let text = printable(&error.to_string());
    match error {
        CollectError::SignIn { .. } | CollectError::Nothing { .. } => text,
        _ => format!("{}: {text}", source.title()),
    }
}

/// What to do about a credential that cannot be had.
fn advice(error: &CollectError) -> &[String] {
    match error {
        CollectError::Credential(diagnostic) => &diagnostic.help,
        _ => &[],
    }
}

/// What one source granted and answered.
fn describe(source: SourceName, probed: &Probed, width: usize, text: &mut String) {
    let grant = &probed.grant;
    let bound = if grant.is_bound {
        ", bound to this process by DPoP"
    } else {
        ""
    };
    let _ = writeln!(text, "{}: signed in{bound}", source.title());
    let mut list = |what: &str, names: &[String]| {
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(|name| printable(name)).collect();
            let line = format!("  {what}: {}", names.join(", "));
            let _ = writeln!(text, "{}", wrap(&line, width, 4));
        }
    };
    match &grant.permissions {
        Some(names) if names.is_empty() => list("granted", &["nothing; has an administrator consented?".to_owned()]),
        Some(names) => list("granted", names),
        None => list("granted", &["the credential does not say".to_owned()]),
    }
    list("refused", &grant.refused);
    let readable = probed.probes.iter().filter(|probe| probe.status == Status::Complete);
    let (readable, all) = (readable.count(), probed.probes.len());
    let _ = writeln!(text, "  {readable} of {all} resource types can be read");
    for probe in probed.probes.iter().filter(|probe| probe.status != Status::Complete) {
        let _ = writeln!(text, "    {}", wrap(&remark(probe, grant), width - 4, 6));
    }
    text.push('\n');
}

/// What is said of a type whose first page did not come.
fn remark(probe: &Probe, grant: &Grant) -> String {
    let reason = printable(probe.reason.as_deref().unwrap_or_default());
    let name = &probe.step.resource.name;
    let permission = &probe.step.call.permission;
    match probe.status {
        Status::NotRequested if is_granted(permission, grant) => format!("{name} was not asked for: {reason}"),
        Status::NotRequested => format!("{name} was not asked for: {reason}; whether it could be read is not known"),
        Status::Denied if is_granted(permission, grant) => format!(
            "{name} is denied though {permission} is granted: {reason}; {}",
            match probe.step.resource.source {
                SourceName::Okta =>
                    "give the service app an admin role that may see it, such as Read-Only Administrator",
                SourceName::Entra => "it may take a role or a licence besides",
            }
        ),
        Status::Denied => format!("{name} is denied: {reason}; it takes {permission}"),
        status => format!("{name} is {status}: {reason}"),
    }
}

/// Whether the credential says that it has a permission.
fn is_granted(permission: &str, grant: &Grant) -> bool {
    let names = grant.permissions.iter().flatten();
    names.into_iter().any(|name| name == permission)
}

/// What it takes for a type to be read; `None` if it can be, or nothing speaks against it.
fn want(probe: &Probe, grant: &Grant) -> Option<String> {
    let (name, permission) = (&probe.step.resource.name, &probe.step.call.permission);
    match probe.status {
        Status::Complete => None,
        Status::NotRequested if is_granted(permission, grant) => None,
        Status::NotRequested => Some(format!("{permission}, perhaps")),
        Status::Denied if is_granted(permission, grant) => Some(format!("a role for {name}")),
        Status::Denied => Some(permission.clone()),
        status => Some(format!("{name} ({status})")),
    }
}

/// For programs: everything.
fn whole(examined: &Examined, undecided: &[Undecided<'_>], by_people: &[Undecided<'_>]) -> Json {
    let listed = |entries: &[Undecided<'_>]| {
        let each = entries
            .iter()
            .map(|entry| json!({ "policy": entry.policy.id, "wants": entry.wants }));
        each.collect::<Vec<_>>()
    };
    let probe = |probe: &Probe| {
        json!({
            "resource": probe.step.resource.name,
            "permission": probe.step.call.permission,
            "status": probe.status,
            "reason": probe.reason
        })
    };
    let source = |(source, outcome): &(SourceName, Result<Probed, CollectError>)| match outcome {
        Ok(probed) => json!({
            "source": source,
            "signed_in": true,
            "permissions": probed.grant.permissions,
            "writing": probed.grant.writing,
            "warning": probed.warning,
            "refused": probed.grant.refused,
            "dpop": probed.grant.is_bound,
            "resources": probed.probes.iter().map(probe).collect::<Vec<_>>()
        }),
        Err(error) => json!({
            "source": source,
            "signed_in": false,
            "reason": error.to_string(),
            "help": advice(error)
        }),
    };
    json!({
        "sources": examined.iter().map(source).collect::<Vec<_>>(),
        "unknown": listed(undecided),
        "unknown_to_apis": listed(by_people)
    })
}
