//! OCSF: a Compliance Finding (class 2003) for each finding, one JSON object on a line.

use std::io::Write;

use serde_json::{Value as Json, json};

use super::ReportError;
use super::foreign::filled;
use super::plain::{Item, Plain, addresses, framework_items, numbered, plain, resources};
use crate::audit::{Audit, Outcome, ResourceId};
use crate::policy::{Language, Severity};

/// Version of the schema that the events follow.
const VERSION: &str = "1.6.0";

/// Writes the events.
pub(super) fn write(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let told = Plain::of(audit, language)?;
    for item in told.items() {
        serde_json::to_writer(&mut *out, &event(&told, item)).map_err(|error| ReportError(error.to_string()))?;
        out.write_all(b"\n").map_err(|error| ReportError(error.to_string()))?;
    }
    Ok(())
}

/// One finding.
fn event(told: &Plain<'_>, item: Item<'_>) -> Json {
    let audit = told.audit;
    let Item { finding, policy, .. } = item;
    let message = told.message(item);
    let (severity_id, severity) = severity(finding.severity);
    let (status_id, status) = standing(finding.outcome);
    let detail = match item.waiver {
        Some(waiver) => format!("{}: {}", waiver.expires, plain(&waiver.reason)),
        None => message.clone(),
    };
    filled(json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_301,
        "type_name": "Compliance Finding: Create",
        "time": audit.snapshot.ended.as_millisecond(),
        "start_time": audit.snapshot.started.as_millisecond(),
        "end_time": audit.snapshot.ended.as_millisecond(),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_detail": detail,
        "message": message,
        "count": (finding.count > 0).then_some(finding.count),
        "metadata": {
            "version": VERSION,
            "uid": finding.id,
            "tenant_uid": plain(&audit.tenant.name),
            "product": {
                "name": plain(&audit.tool.name),
                "vendor_name": plain(&audit.tool.name),
                "version": plain(&audit.tool.version),
                "lang": told.language.as_str(),
            },
        },
        "finding_info": {
            "uid": finding.id,
            "title": told.title(policy),
            "desc": told.why(policy),
            "data_sources": sources(item),
            "analytic": { "type_id": 1, "type": "Rule", "uid": plain(&policy.id), "name": told.title(policy), "version": policy.digest },
        },
        "compliance": compliance(item),
        "resources": resources(finding).map(resource).collect::<Vec<_>>(),
        "remediation": remediation(told, item),
        "unmapped": {
            "evidence": told.evidence(finding),
            "changes": told.changes(finding),
            "causes": finding.causes.iter().map(|origin| origin.cause.as_str()).collect::<Vec<_>>(),
            "who": policy.who,
            "snapshot": audit.snapshot.digest,
        },
    }))
}

/// Which control it is about, and what came out.
fn compliance(item: Item<'_>) -> Json {
    // An accepted failure is still one; what could not be told is neither.
    let (id, status) = match item.finding.outcome {
        Outcome::Unknown | Outcome::NotApplicable => (0, "Unknown"),
        Outcome::Pass => (1, "Pass"),
        Outcome::Fail | Outcome::Waived => (3, "Fail"),
    };
    json!({
        "control": plain(&item.policy.id),
        "standards": item.policy.frameworks.keys().map(|name| plain(name)).collect::<Vec<_>>(),
        "requirements": framework_items(item.policy),
        "status_id": id,
        "status": status,
        "status_code": item.finding.outcome.as_str(),
    })
}

/// What to do; nothing where a policy does not say.
fn remediation(told: &Plain<'_>, item: Item<'_>) -> Json {
    let steps = told.to_do(item);
    if steps.is_empty() {
        return Json::Null;
    }
    json!({ "desc": numbered(&steps), "references": addresses(item.policy).collect::<Vec<_>>() })
}

/// Calls that the evidence was read from.
fn sources(item: Item<'_>) -> Vec<String> {
    let mut sources: Vec<String> = Vec::new();
    for record in item.finding.evidence.iter().flat_map(|part| &part.records) {
        let endpoint = plain(&record.endpoint);
        if !sources.contains(&endpoint) {
            sources.push(endpoint);
        }
    }
    sources
}

/// The severities that OCSF has.
fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// Where the finding stands.
fn standing(outcome: Outcome) -> (u8, &'static str) {
    match outcome {
        Outcome::Waived => (3, "Suppressed"),
        _ => (1, "New"),
    }
}

/// A resource of a tenant.
fn resource(resource: &ResourceId) -> Json {
    let name = resource.name.as_deref().filter(|name| !name.is_empty());
    json!({ "uid": plain(&resource.key), "name": name.map(plain), "type": plain(&resource.resource_type) })
}
