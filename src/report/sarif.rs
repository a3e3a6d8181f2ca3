//! SARIF 2.1.0: policies as rules with their help, findings as results at logical locations.
//!
//! What fails is a result of kind `fail`, what could not be judged one of kind `open`, and what is waived fails with a
//! suppression. Fingerprints are the ids of the findings, which are the same from one audit to the next.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::ReportError;
use super::foreign::{Each, filled, write_document};
use super::plain::{Item, Plain, addresses, framework_items, numbered, plain, resources};
use crate::audit::{Audit, Outcome, PolicyResult, ResourceId};
use crate::policy::{Language, Severity};

/// The published schema.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A log file.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

/// One audit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Json,
    automation_details: Json,
    language: &'static str,
    invocations: [Json; 1],
    properties: Json,
    results: Each<'a>,
}

/// Writes the log.
pub(super) fn write(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let told = Plain::of(audit, language)?;
    let rules: Vec<Json> = audit.policies.iter().map(|policy| rule(&told, policy)).collect();
    let run = Run {
        tool: json!({"driver": {
            "name": plain(&audit.tool.name),
            "version": plain(&audit.tool.version),
            "rules": rules,
        }}),
        automation_details: json!({ "id": format!("tenken/{}/", plain(&audit.tenant.name).replace('/', "_")) }),
        language: language.as_str(),
        invocations: [invocation(audit)],
        properties: filled(json!({
            "snapshot": audit.snapshot.digest,
            "judgements": audit.summary.judgements,
        })),
        results: Each::of(|| told.items().map(|item| result(&told, item))),
    };
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run],
    };
    write_document(&log, out)
}

/// When it was read, and what was not.
fn invocation(audit: &Audit) -> Json {
    let notes = audit.coverage.iter().filter(|entry| entry.status != "complete");
    let notes: Vec<Json> = notes
        .map(|entry| {
            let reason = entry.reason.as_deref().unwrap_or_default();
            let text = plain(&format!("{}: {} {reason}", entry.resource, entry.status));
            json!({"level": "warning", "message": { "text": message(text.trim_end()) }})
        })
        .collect();
    filled(json!({
        "executionSuccessful": true,
        "startTimeUtc": time(audit.snapshot.started),
        "endTimeUtc": time(audit.snapshot.ended),
        "toolExecutionNotifications": notes,
    }))
}

/// A time, in UTC.
fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A policy.
fn rule(told: &Plain<'_>, policy: &PolicyResult) -> Json {
    let title = message(&told.title(policy));
    let why = told.why(policy).map(|why| json!({ "text": message(&why) }));
    let mut tags: Vec<String> = policy.tags.iter().map(|tag| plain(tag)).collect();
    tags.extend(framework_items(policy));
    tags.sort();
    tags.dedup();
    filled(json!({
        "id": plain(&policy.id),
        "shortDescription": { "text": title },
        "fullDescription": why,
        "help": { "text": help(told, policy) },
        "helpUri": addresses(policy).next(),
        "defaultConfiguration": { "level": level(policy.severity) },
        "properties": {
            "tags": tags,
            "security-severity": score(policy.severity),
            "severity": policy.severity.as_str(),
            "who": policy.who,
            "pack": policy.pack.as_deref().map(plain),
            "digest": policy.digest,
            "outcome": policy.outcome.as_str(),
            "counts": policy.counts,
        },
    }))
}

/// What to do, who can do it, and how to check it.
fn help(told: &Plain<'_>, policy: &PolicyResult) -> String {
    let parts = [
        told.why(policy).unwrap_or_default(),
        numbered(&told.steps(policy)),
        told.who_acts(policy).unwrap_or_default(),
        told.check(policy),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    message(&parts.join("\n"))
}

/// The levels that SARIF has.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// A number in the range that code scanning gives the severity's name.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

/// The kinds that SARIF has. A waived failure is one, with a suppression.
fn kind(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail | Outcome::Waived => "fail",
        Outcome::Unknown => "open",
        Outcome::Pass => "pass",
        Outcome::NotApplicable => "notApplicable",
    }
}

/// A finding.
fn result(told: &Plain<'_>, item: Item<'_>) -> Json {
    let finding = item.finding;
    let kind = kind(finding.outcome);
    let suppressions = match finding.outcome {
        Outcome::Waived => json!([{
            "kind": "external",
            "status": "accepted",
            "justification": item.waiver.map(|waiver| message(&plain(&waiver.reason))),
        }]),
        _ => Json::Null,
    };
    let locations: Vec<Json> = resources(finding).map(location).collect();
    let mut kept = filled(json!({
        "ruleId": plain(&item.policy.id),
        "ruleIndex": item.at,
        "kind": kind,
        // A result that does not fail has no level.
        "level": if kind == "fail" { level(finding.severity) } else { "none" },
        "message": { "text": message(&told.message(item)) },
        "locations": locations,
        "partialFingerprints": { "finding/v1": finding.id },
        "properties": {
            "count": finding.count,
            "facts": finding.fingerprint,
            "causes": finding.causes.iter().map(|origin| origin.cause.as_str()).collect::<Vec<_>>(),
            "evidence": told.evidence(finding),
            "changes": told.changes(finding),
            "waivedUntil": item.waiver.map(|waiver| waiver.expires.to_string()),
        },
    }));
    if let (Json::Object(members), Json::Array(_)) = (&mut kept, &suppressions) {
        members.insert("suppressions".to_owned(), filled(suppressions));
    }
    kept
}

/// A resource of a tenant.
fn location(resource: &ResourceId) -> Json {
    let (kind, key) = (plain(&resource.resource_type), plain(&resource.key));
    let name = resource.name.as_deref().filter(|name| !name.is_empty());
    json!({"logicalLocations": [{
        "name": name.map_or_else(|| key.clone(), plain),
        "fullyQualifiedName": format!("{kind}/{key}"),
        "kind": kind,
    }]})
}

/// Text that is a message and nothing else: braces would be placeholders, and brackets before a parenthesis a link.
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_no_placeholders_and_no_links() {
        for (text, expected) in [
            ("{0} of {{n}}", "{{0}} of {{{{n}}}}"),
            ("[here](https://evil.example)", "[here] (https://evil.example)"),
            ("a[0] b", "a[0] b"),
        ] {
            assert_eq!(message(text), expected);
        }
    }
}
