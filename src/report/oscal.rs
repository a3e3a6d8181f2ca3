//! OSCAL assessment results: an observation for each finding, and for each policy a finding on whether it is satisfied.
//!
//! OSCAL knows `satisfied` and `not-satisfied` only. What could not be judged is therefore not satisfied, for the reason
//! `other`, and says so; what is not applicable has no finding. Waived failures are risks with an approved deviation.

use std::collections::HashSet;
use std::io::Write;

use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::ReportError;
use super::foreign::{Each, filled, write_document};
use super::plain::{Item, Plain, framework_items, numbered, outcomes, plain, resources};
use crate::audit::{Audit, Finding, Outcome, PolicyResult, ResourceId};
use crate::policy::Language;

/// Version of OSCAL.
const VERSION: &str = "1.2.1";

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "assessment-results")]
    content: AssessmentResults<'a>,
}

/// What was assessed, by which plan, and what came out.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct AssessmentResults<'a> {
    uuid: Uuid,
    metadata: Json,
    import_ap: Json,
    results: [Results<'a>; 1],
    back_matter: Json,
}

/// What came out of one audit.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Results<'a> {
    uuid: Uuid,
    title: String,
    description: String,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_definitions: Option<LocalDefinitions<'a>>,
    reviewed_controls: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    observations: Option<Each<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risks: Option<Each<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Each<'a>>,
}

/// The resources that observations are about.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct LocalDefinitions<'a> {
    inventory_items: Each<'a>,
}

/// Writes the document.
pub(super) fn write(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let told = Plain::of(audit, language)?;
    let day = audit.clocks.as_of.to_string();
    let plan = id("plan", &[&audit.snapshot.digest]);
    let content = AssessmentResults {
        uuid: id("document", &[&audit.snapshot.digest, &day, language.as_str()]),
        metadata: json!({
            "title": title(audit),
            "last-modified": time(audit.clocks.as_of),
            "version": property(&audit.tool.version),
            "oscal-version": VERSION,
        }),
        import_ap: json!({ "href": format!("#{plan}") }),
        results: [results(&told)],
        back_matter: json!({"resources": [{
            "uuid": plan,
            "title": told.text("list.plan"),
            "description": told.text("list.plan_is"),
        }]}),
    };
    write_document(&Document { content }, out)
}

/// What came out.
fn results<'a>(told: &'a Plain<'a>) -> Results<'a> {
    let audit = told.audit;
    let inventory = inventory(audit);
    let by_policy = by_policy(told);
    Results {
        uuid: id("result", &[&audit.snapshot.digest, &audit.clocks.as_of.to_string()]),
        title: title(audit),
        description: told.text("list.results"),
        start: time(audit.snapshot.started),
        end: time(audit.snapshot.ended),
        local_definitions: Each::unless_empty(move || inventory.clone().into_iter().map(inventory_item))
            .map(|inventory_items| LocalDefinitions { inventory_items }),
        reviewed_controls: json!({"control-selections": [controls(audit)]}),
        observations: Each::unless_empty(|| told.items().map(|item| observation(told, item))),
        risks: Each::unless_empty(|| told.items().filter_map(|item| risk(told, item))),
        findings: Each::unless_empty(move || {
            let policies = audit.policies.iter().zip(by_policy.clone());
            policies.filter_map(|(policy, own)| finding(told, policy, &own))
        }),
    }
}

/// A stable identifier of something, from what identifies it.
fn id(kind: &str, parts: &[&str]) -> Uuid {
    let name = format!("tenken/oscal/{kind}/{}", parts.join("\n"));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// The observation that a finding becomes.
fn observation_id(finding: &Finding) -> Uuid {
    id("observation", &[&finding.id.to_string()])
}

/// The risk that a waived finding becomes.
fn risk_id(finding: &Finding) -> Uuid {
    id("risk", &[&finding.id.to_string()])
}

/// The inventory item that a resource becomes.
fn resource_id(resource: &ResourceId) -> Uuid {
    id("resource", &[&resource.resource_type, &resource.key])
}

/// Names the audit.
fn title(audit: &Audit) -> String {
    property(&format!("{} {}", audit.tool.name, audit.tenant.name))
}

/// A time, in UTC.
fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Text that a property takes: one line with something at both ends.
fn property(text: &str) -> String {
    match plain(text).trim() {
        "" => "—".to_owned(),
        text => text.to_owned(),
    }
}

/// Text as a token: letters, digits, `.`, `_` and `-`, a letter or `_` first.
fn token(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let mut token: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if !token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        token.insert(0, '_');
    }
    token
}

/// Name and value, in a list of properties.
fn prop(name: &str, value: &str) -> Json {
    json!({ "name": name, "value": property(value) })
}

/// Every resource that findings are about, once, in the order of the findings.
fn inventory(audit: &Audit) -> Vec<&ResourceId> {
    let mut seen = HashSet::new();
    let all = audit.findings.iter().flat_map(resources);
    all.filter(|resource| seen.insert((&resource.resource_type, &resource.key)))
        .collect()
}

/// Findings by policy, in the order of the policies.
fn by_policy<'a>(told: &'a Plain<'a>) -> Vec<Vec<Item<'a>>> {
    let mut groups = vec![Vec::new(); told.audit.policies.len()];
    for item in told.items() {
        if let Some(group) = groups.get_mut(item.at) {
            group.push(item);
        }
    }
    groups
}

/// The controls that the policies serve; all of an unnamed catalogue where none is named.
fn controls(audit: &Audit) -> Json {
    let mut names: Vec<String> = audit
        .policies
        .iter()
        .flat_map(framework_items)
        .map(|item| token(&item))
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return json!({ "include-all": {} });
    }
    let controls = names.iter().map(|name| json!({ "control-id": name }));
    json!({ "include-controls": controls.collect::<Vec<_>>() })
}

/// A resource of a tenant.
fn inventory_item(resource: &ResourceId) -> Json {
    let name = resource.name.as_deref().filter(|name| !name.is_empty());
    json!({
        "uuid": resource_id(resource),
        "description": property(name.unwrap_or(&resource.key)),
        "props": [prop("resource-type", &resource.resource_type), prop("asset-id", &resource.key)],
    })
}

/// A finding as an observation.
fn observation(told: &Plain<'_>, item: Item<'_>) -> Json {
    let finding = item.finding;
    let mut props = vec![
        prop("finding", &finding.id.to_string()),
        prop("outcome", finding.outcome.as_str()),
        prop("severity", finding.severity.as_str()),
        prop("count", &finding.count.to_string()),
    ];
    props.extend(finding.causes.iter().map(|origin| prop("cause", origin.cause.as_str())));
    let subjects =
        resources(finding).map(|resource| json!({ "subject-uuid": resource_id(resource), "type": "inventory-item" }));
    let evidence = told.evidence(finding);
    filled(json!({
        "uuid": observation_id(finding),
        "title": property(&told.subject(finding)),
        "description": property(&told.message(item)),
        "props": props,
        "methods": ["TEST"],
        "types": ["finding"],
        "subjects": subjects.collect::<Vec<_>>(),
        "relevant-evidence": (!evidence.is_empty()).then(|| json!([{ "description": evidence }])),
        "collected": time(collected(told.audit, finding)),
        "remarks": remarks(told, item),
    }))
}

/// What to do, and who can do it.
fn remarks(told: &Plain<'_>, item: Item<'_>) -> Option<String> {
    let lines = [
        told.who_acts(item.policy).unwrap_or_default(),
        numbered(&told.to_do(item)),
        told.changes_told(item.finding).unwrap_or_default(),
    ];
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// When the last record was read that decided it.
fn collected(audit: &Audit, finding: &Finding) -> jiff::Timestamp {
    let records = finding.evidence.iter().flat_map(|part| &part.records);
    let last = records.filter_map(|record| record.read_at).max();
    last.unwrap_or(audit.snapshot.ended)
}

/// A waived failure as a risk that somebody accepts for a time.
fn risk(told: &Plain<'_>, item: Item<'_>) -> Option<Json> {
    let waiver = item.waiver.filter(|_| item.finding.outcome == Outcome::Waived)?;
    Some(json!({
        "uuid": risk_id(item.finding),
        "title": property(&told.subject(item.finding)),
        "description": property(&told.message(item)),
        "statement": property(&waiver.reason),
        "props": [prop("owner", &waiver.owner), prop("approver", &waiver.approver)],
        "status": "deviation-approved",
        "deadline": format!("{}T23:59:59Z", waiver.expires),
        "related-observations": [{ "observation-uuid": observation_id(item.finding) }],
    }))
}

/// Whether a policy is satisfied; nothing where it does not apply.
fn finding(told: &Plain<'_>, policy: &PolicyResult, own: &[Item<'_>]) -> Option<Json> {
    let (state, reason) = match policy.outcome {
        Outcome::Pass => ("satisfied", "pass"),
        Outcome::Fail => ("not-satisfied", "fail"),
        Outcome::Unknown | Outcome::Waived => ("not-satisfied", "other"),
        Outcome::NotApplicable => return None,
    };
    let mut props = vec![
        prop("outcome", policy.outcome.as_str()),
        prop("severity", policy.severity.as_str()),
    ];
    props.extend(outcomes(&policy.counts).map(|(name, count)| prop(name, &count.to_string())));
    props.extend(framework_items(policy).iter().map(|item| prop("framework", item)));
    let observations = own
        .iter()
        .map(|item| json!({ "observation-uuid": observation_id(item.finding) }));
    let waived = own
        .iter()
        .filter(|item| item.finding.outcome == Outcome::Waived && item.waiver.is_some());
    let risks = waived.map(|item| json!({ "risk-uuid": risk_id(item.finding) }));
    Some(filled(json!({
        "uuid": id("finding", &[&told.audit.snapshot.digest, &policy.id]),
        "title": property(&told.title(policy)),
        "description": told.why(policy).unwrap_or_else(|| told.title(policy)),
        "props": props,
        "target": {
            "type": "objective-id",
            "target-id": token(&policy.id),
            "status": { "state": state, "reason": reason, "remarks": told.text(&format!("meaning.{}", policy.outcome.as_str())) },
        },
        "related-observations": observations.collect::<Vec<_>>(),
        "related-risks": risks.collect::<Vec<_>>(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_properties_have_the_form_that_oscal_asks_for() {
        for (text, expected) in [
            ("cis-m365-6.0/1.3.4", "cis-m365-6.0_1.3.4"),
            ("1.2", "_1.2"),
            ("", "_"),
            ("=日", "__"),
        ] {
            assert_eq!(token(text), expected);
        }
        assert_eq!([" a\nb ", "", " "].map(property), ["a\\u{a}b", "—", "—"]);
    }
}
