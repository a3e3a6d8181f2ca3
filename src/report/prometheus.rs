//! Prometheus: counts for the text file collector of the node exporter. No name of anybody is in them.

use std::io::{self, Write};

use super::ReportError;
use super::plain::{outcomes, plain};
use crate::audit::{Audit, PolicyResult};

/// Writes the gauges.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> Result<(), ReportError> {
    lines(audit, out).map_err(|error| ReportError(error.to_string()))
}

/// One family after the other.
fn lines(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let tenant = ("tenant", plain(&audit.tenant.name));
    let tool = [tenant.clone(), ("version", plain(&audit.tool.version))];
    head(out, "tenken_build_info", "The program that made the audit.")?;
    gauge(out, "tenken_build_info", &tool, 1)?;
    for (name, help, time) in [
        (
            "tenken_snapshot_timestamp_seconds",
            "When the snapshot that was audited was complete.",
            audit.snapshot.ended,
        ),
        (
            "tenken_audit_timestamp_seconds",
            "The time that ages and waivers were measured by.",
            audit.clocks.as_of,
        ),
    ] {
        head(out, name, help)?;
        gauge(out, name, std::slice::from_ref(&tenant), time.as_second())?;
    }
    head(out, "tenken_policies", "Policies by outcome.")?;
    for (outcome, count) in &audit.summary.policies {
        let labels = [tenant.clone(), ("outcome", plain(outcome))];
        gauge(out, "tenken_policies", &labels, count)?;
    }
    head(
        out,
        "tenken_judgements",
        "Resources by policy and outcome. What is unknown or waived is never counted as pass.",
    )?;
    for policy in &audit.policies {
        for (outcome, count) in outcomes(&policy.counts) {
            let labels = [
                tenant.clone(),
                ("policy", plain(&policy.id)),
                ("severity", policy.severity.as_str().to_owned()),
                ("outcome", outcome.to_owned()),
            ];
            gauge(out, "tenken_judgements", &labels, count)?;
        }
    }
    whole(audit, &tenant, out)?;
    head(
        out,
        "tenken_objects_read",
        "Objects read by resource type and by how well it was read.",
    )?;
    for entry in &audit.coverage {
        let labels = [
            tenant.clone(),
            ("resource", plain(&entry.resource)),
            ("status", plain(&entry.status)),
        ];
        gauge(out, "tenken_objects_read", &labels, entry.objects)?;
    }
    Ok(())
}

/// Whether each policy saw everything: counts of one that did not are too low.
fn whole(audit: &Audit, tenant: &(&'static str, String), out: &mut dyn Write) -> io::Result<()> {
    let name = "tenken_policy_saw_all";
    head(
        out,
        name,
        "1 if all resources of the policy's type were read, 0 if there may be more.",
    )?;
    audit.policies.iter().try_for_each(|PolicyResult { id, whole, .. }| {
        gauge(out, name, &[tenant.clone(), ("policy", plain(id))], u8::from(*whole))
    })
}

/// What a family is.
fn head(out: &mut dyn Write, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

/// One value.
fn gauge(out: &mut dyn Write, name: &str, labels: &[(&str, String)], value: impl std::fmt::Display) -> io::Result<()> {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, text)| format!("{label}=\"{}\"", escape(text)))
        .collect();
    writeln!(out, "{name}{{{}}} {value}", labels.join(","))
}

/// A label's value between its quotes.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
