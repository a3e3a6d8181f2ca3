//! Audits to render: real ones from the built-in simulator, and some made from them.

use std::sync::OnceLock;

use jiff::SignedDuration;
use serde_json::Value as Json;
use tenken::audit::{
    Audit, NotApplicable, Outcome, ParamResult, PolicyResult, RequirementResult, RequirementStatus, ResourceId,
    ScopeResult, Summary, WaiverResult, WaiverStatus,
};
use tenken::expr::{Cause, Origin};
use tenken::policy;

/// The audit of a scenario, collected and judged by the program itself.
fn demo(scenario: &str) -> Audit {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_tenken"))
        .args(["demo", "--lang", "en", "--scenario", scenario, "--out"])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
    serde_json::from_str(&std::fs::read_to_string(out.join("audit.json")).unwrap()).unwrap()
}

/// A tenant with every fault.
pub(crate) fn contoso() -> &'static Audit {
    static AUDIT: OnceLock<Audit> = OnceLock::new();
    AUDIT.get_or_init(|| demo("contoso"))
}

/// A tenant with none, by the policies that a snapshot decides: what a person has to attest is unknown in the best of
/// tenants.
pub(crate) fn clean() -> &'static Audit {
    static AUDIT: OnceLock<Audit> = OnceLock::new();
    AUDIT.get_or_init(|| {
        let mut audit = demo("clean");
        let attested: Vec<String> = audit.findings.drain(..).map(|finding| finding.policy).collect();
        audit.policies.retain(|policy| !attested.contains(&policy.id));
        recount(audit)
    })
}

/// Nothing fails, but something could not be decided.
pub(crate) fn undecided() -> Audit {
    let mut audit = contoso().clone();
    audit.findings.retain(|finding| finding.outcome == Outcome::Unknown);
    for policy in &mut audit.policies {
        policy.counts.pass += std::mem::take(&mut policy.counts.fail);
        policy.outcome = if policy.counts.unknown > 0 {
            Outcome::Unknown
        } else {
            Outcome::Pass
        };
    }
    recount(audit)
}

/// No policy had anything to judge.
pub(crate) fn nothing() -> Audit {
    let mut audit = clean().clone();
    for policy in &mut audit.policies {
        policy.counts = Default::default();
        policy.population = 0;
        policy.outcome = Outcome::NotApplicable;
        policy.not_applicable = Some(NotApplicable::NoResources);
    }
    recount(audit)
}

/// Contoso with one of everything else: every cause, a group of unknowns, resources that were never read, a waiver, a
/// policy without objects, parts that were read badly, a later day.
pub(crate) fn mixed() -> Audit {
    let mut audit = contoso().clone();
    let model = audit
        .findings
        .iter()
        .find(|finding| finding.outcome == Outcome::Unknown)
        .unwrap()
        .clone();
    for (at, cause) in Cause::ALL.iter().enumerate() {
        let mut finding = model.clone();
        finding.id = uuid::Uuid::from_u128(at as u128 + 1);
        finding.count = if at == 0 { 0 } else { 5_000 };
        finding.resource = None;
        finding.resources = (0..if at == 0 { 0 } else { 100 })
            .map(|n| ResourceId {
                resource_type: "okta.app_user".to_owned(),
                key: format!("app/user-{at}-{n}"),
                name: Some(format!("person-{at}-{n}@contoso.example")),
            })
            .collect();
        finding.causes = vec![Origin {
            cause: *cause,
            about: format!("okta.app_user.{cause}"),
            needs: Some("okta.apps.read".to_owned()),
            detail: Some("403 Forbidden".to_owned()),
        }];
        let policy = audit
            .policies
            .iter_mut()
            .find(|policy| policy.id == finding.policy)
            .unwrap();
        policy.counts.unknown += finding.count;
        policy.population = policy.counts.population();
        policy.whole &= finding.count > 0;
        audit.findings.push(finding);
    }
    let last = audit.policies.last_mut().unwrap();
    last.counts.waived = 1;
    last.population = last.counts.population();
    let mut idle = last.clone();
    idle.id = "provisioning.idle".to_owned();
    idle.outcome = Outcome::NotApplicable;
    idle.not_applicable = Some(NotApplicable::OutOfScope);
    idle.counts = Default::default();
    idle.counts.out_of_scope = 7;
    idle.population = 7;
    audit.policies.push(idle);
    for (entry, status) in audit
        .coverage
        .iter_mut()
        .zip(["partial", "denied", "unlicensed", "failed"])
    {
        entry.status = status.to_owned();
        entry.reason = Some("403 Authorization_RequestDenied: Insufficient privileges".to_owned());
    }
    audit.coverage[1].read_at = None;
    let waived = audit
        .findings
        .iter_mut()
        .find(|finding| finding.outcome == Outcome::Fail)
        .unwrap();
    waived.outcome = Outcome::Waived;
    waived.waiver = Some(0);
    for status in [WaiverStatus::Applied, WaiverStatus::Lapsed, WaiverStatus::Expired] {
        audit.waivers.push(WaiverResult {
            policy: "provisioning.seats".to_owned(),
            condition: Some("app_user.status == \"STAGED\"".to_owned()),
            reason: "It ends in spring".to_owned(),
            owner: "owner@contoso.example".to_owned(),
            approver: "approver@contoso.example".to_owned(),
            ticket: Some("SEC-1".to_owned()),
            expires: jiff::civil::date(2027, 3, 31),
            status,
            applied: 1,
            lapsed: 2,
        });
    }
    audit.clocks.as_of = audit.clocks.now + SignedDuration::from_hours(24);
    recount(audit)
}

/// Contoso with so many failures of one policy, and some of every other.
pub(crate) fn crowd(failures: usize) -> Audit {
    let mut audit = contoso().clone();
    let model = audit.findings[0].clone();
    let others = audit.findings.split_off(1);
    audit.findings.extend((1..failures).map(|n| {
        let mut finding = model.clone();
        finding.id = uuid::Uuid::from_u128(n as u128);
        let name = format!("person.{n:06}@contoso.example");
        finding.values.insert("user".to_owned(), Json::from(name.as_str()));
        let resource = finding.resource.as_mut().unwrap();
        resource.key = format!("app/user-{n}");
        resource.name = Some(name);
        finding
    }));
    audit.findings.extend(others);
    audit.policies[0].counts.fail += failures as u64 - 1;
    audit.policies[0].population = audit.policies[0].counts.population();
    recount(audit)
}

/// The same in parts of few policies and few findings of each, of which every format shows everything.
pub(crate) fn parts(audit: &Audit) -> Vec<Audit> {
    let part = |policies: &[PolicyResult]| {
        let mut part = audit.clone();
        part.policies = policies.to_vec();
        let of = |policy: &PolicyResult| {
            let own = audit.findings.iter().filter(|finding| finding.policy == policy.id);
            own.take(8).cloned().collect::<Vec<_>>()
        };
        part.findings = policies.iter().flat_map(of).collect();
        recount(part)
    };
    audit.policies.chunks(3).map(part).collect()
}

fn recount(mut audit: Audit) -> Audit {
    audit.summary = Summary::of(&audit.policies);
    audit
}

/// The same with everything that can be particular to a tenant.
fn tailored(mut audit: Audit) -> Audit {
    let text = || policy::Text {
        en: "Seats that must be left".to_owned(),
        ja: "残すべきライセンス数".to_owned(),
    };
    let by = || policy::Author::Tenant("contoso".to_owned());
    for (policy, status) in audit.policies.iter_mut().zip([
        RequirementStatus::Met,
        RequirementStatus::Lacking,
        RequirementStatus::Unknown,
    ]) {
        policy.requires.push(RequirementResult {
            id: "entra_p1".to_owned(),
            title: text(),
            status,
        });
        policy.scope.push(ScopeResult {
            condition: "app_user.status != \"STAGED\"".to_owned(),
            by: by(),
            reason: Some("They are being set up".to_owned()),
        });
        policy.counts.excluded += 3;
        policy.population += 3;
        policy.params.push(ParamResult {
            name: "spare".to_owned(),
            type_name: "string".to_owned(),
            about: text(),
            value: "some".into(),
            default: "none".into(),
            by: Some(by()),
        });
    }
    let lacking = audit.policies.last_mut().unwrap();
    lacking.not_applicable = Some(NotApplicable::Requirement);
    lacking.requires.push(RequirementResult {
        id: "entra_p2".to_owned(),
        title: text(),
        status: RequirementStatus::Lacking,
    });
    for (by, severity, enabled) in [
        (by(), Some(policy::Severity::Low), None),
        (policy::Author::Pack("ours".to_owned()), None, Some(false)),
        (policy::Author::Pack("top".to_owned()), None, Some(true)),
    ] {
        audit.adjustments.push(policy::Adjustment {
            policy: "provisioning.seats".to_owned(),
            by,
            severity,
            params: [("spare".to_owned(), "some".into())].into(),
            enabled,
            reason: Some("We order monthly".to_owned()),
        });
    }
    recount(audit)
}

/// What a string is, which decides what may stand in its place.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Whose {
    /// A tenant's or a vendor's.
    Tenant,
    /// A policy author's.
    Author,
}

/// The mixed audit with all its strings replaced but those that the format fixes. The same string is always replaced
/// by the same one.
pub(crate) fn rewritten(replace: impl Fn(Whose, usize) -> String) -> Audit {
    let mut json = serde_json::to_value(tailored(mixed())).unwrap();
    let mut known: Vec<(Whose, String)> = Vec::new();
    rewrite(&mut json, "", Whose::Tenant, &mut |whose, text| {
        let at = known
            .iter()
            .position(|seen| *seen == (whose, text.to_owned()))
            .unwrap_or_else(|| {
                known.push((whose, text.to_owned()));
                known.len() - 1
            });
        replace(whose, at)
    });
    serde_json::from_value(json).unwrap()
}

/// Strings that are not free: enums, times, digests, ids of findings.
const FIXED: [&str; 19] = [
    "route",
    "wanted",
    "severity",
    "outcome",
    "not_applicable",
    "digest",
    "started",
    "ended",
    "now",
    "as_of",
    "read_at",
    "cause",
    "status",
    "source",
    "who",
    "personal",
    "version",
    "expires",
    "fingerprint",
];
/// Strings of policies and of this program. Messages stay templates, so that values are filled in.
const AUTHORED: [&str; 7] = ["title", "why", "fix", "tags", "frameworks", "references", "pack"];

fn rewrite(json: &mut Json, key: &str, whose: Whose, replace: &mut impl FnMut(Whose, &str) -> String) {
    match json {
        Json::String(text) => *text = replace(whose, text),
        Json::Array(items) => items.iter_mut().for_each(|item| rewrite(item, key, whose, replace)),
        Json::Object(fields) => {
            for (name, value) in fields {
                let finding_id = name == "id" && value.as_str().is_some_and(|id| uuid::Uuid::parse_str(id).is_ok());
                // What a finding is about stays a person.
                let is_type = name == "type" && key == "resource";
                let fixed =
                    FIXED.contains(&name.as_str()) || is_type || name == "message" || finding_id && key != "entra";
                // Of a parameter it is the author's, of a cause it is not.
                let about = name == "about" && key == "params";
                let whose = if about || AUTHORED.contains(&name.as_str()) {
                    Whose::Author
                } else {
                    whose
                };
                if !fixed {
                    rewrite(value, name, whose, replace);
                }
            }
        }
        _ => {}
    }
}

/// How many policies hold.
pub(super) fn holding(audit: &Audit) -> usize {
    let holds = |policy: &&PolicyResult| policy.outcome == Outcome::Pass;
    audit.policies.iter().filter(holds).count()
}
