//! `tenken waive`: prints a waiver for failures as they are now.

use std::path::PathBuf;

use jiff::civil::Date;
use serde_json::Value as Json;

use super::audit::evaluate;
use super::choice::{Choice, Tailoring};
use super::output::Output;
use super::{Exit, Stop};
use crate::audit::Outcome;
use crate::diagnostic::{Diagnostics, Source, printable};
use crate::policy::{Facts, parse_waivers};
use crate::snapshot::Snapshot;

/// Arguments of `waive`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the snapshot with the failures
    snapshot: PathBuf,
    /// Id of the policy that fails
    #[arg(long, value_name = "ID")]
    policy: String,
    /// CEL on the judged resource: which failures are meant [default: all of the policy]
    #[arg(long = "where", value_name = "CEL")]
    condition: Option<String>,
    /// Why it is accepted
    #[arg(long)]
    reason: String,
    /// Who has to resolve it
    #[arg(long)]
    owner: String,
    /// Who accepted it
    #[arg(long)]
    approver: String,
    /// Where it is followed
    #[arg(long)]
    ticket: Option<String>,
    /// The last day, in UTC
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Date,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    tailoring: Tailoring,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let mut sink = Diagnostics::new();
    let snapshot = Snapshot::open(&args.snapshot)?;
    let mut request = args.choice.request();
    args.tailoring.add_to(&mut request, Some(&snapshot.manifest().name))?;
    let loaded = request.load(&mut sink);
    let as_of = snapshot.manifest().ended;
    let head = head(args);
    // The same reader as for files, so that what is printed is what will be read.
    let text = format!("max_days: 3660\nwaivers:\n{head}    facts: [\"0000000000000000\"]\n");
    let source = Source::new("waiver", text);
    let mut waivers = parse_waivers(source, &loaded.policies, &loaded.ids, as_of, &mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    waivers.iter_mut().for_each(|waiver| waiver.facts = Facts::AsTheyAre);
    let audit = evaluate(&loaded, &waivers, &snapshot, as_of)?;
    let waived = audit
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Waived);
    let facts: String = waived
        .filter_map(|finding| {
            let resource = finding.resource.as_ref();
            let name = resource.map_or("the tenant", |resource| resource.name.as_ref().unwrap_or(&resource.key));
            let name = printable(&name.replace(['\n', '\r', '\t'], " "));
            Some(format!("      - \"{}\" # {name}\n", finding.fingerprint.as_ref()?))
        })
        .collect();
    if facts.is_empty() {
        return Err(Stop::Message(format!(
            "nothing of `{}` fails that this means",
            args.policy
        )));
    }
    output.result(&format!("{head}    facts:\n{facts}"))?;
    output.note("put this under `waivers:` of a file for `tenken audit --waivers FILE`");
    Ok(Exit::Fine)
}

/// The entry without its facts. JSON's strings are YAML's.
fn head(args: &Args) -> String {
    let expires = args.expires.to_string();
    let fields = [
        ("policy", Some(&args.policy)),
        ("where", args.condition.as_ref()),
        ("reason", Some(&args.reason)),
        ("owner", Some(&args.owner)),
        ("approver", Some(&args.approver)),
        ("ticket", args.ticket.as_ref()),
        ("expires", Some(&expires)),
    ];
    let mut text = String::new();
    for (name, value) in fields {
        if let Some(value) = value {
            let mark = if text.is_empty() { "  - " } else { "    " };
            text.push_str(&format!("{mark}{name}: {}\n", Json::from(value.as_str())));
        }
    }
    text
}
