//! What would make a failure pass: every change that is told is made in the snapshot's own files, and the audit of the
//! changed snapshot must hold for the resource.

use std::path::Path;

use serde_json::{Value as Json, json};
use tenken::audit::{Audit, Change, Finding, Outcome, Wanted};
use tenken::catalog::{FieldType, Origin, RecordType, catalog};
use tenken::diagnostic::Diagnostics;
use tenken::evaluate::{self, Tables};
use tenken::policy::{self, Policy};
use tenken::simulator::ServerOptions;
use tenken::snapshot::Snapshot;

use crate::support::{audit, change_lines, collected, copy_of};

/// Judges a snapshot by some policies.
fn judged(place: &Path, policies: &[Policy]) -> Audit {
    let snapshot = Snapshot::open(place).unwrap();
    let tables = Tables::load(&snapshot, &policy::needs(policies)).unwrap();
    evaluate::audit(policies, &[], &tables, &snapshot, snapshot.manifest().ended)
}

/// Policies on app users with these conditions.
fn policies(folder: &Path, conditions: &[&str]) -> Vec<Policy> {
    let texts = conditions.iter().enumerate().map(|(at, assert)| {
        let path = folder.join(format!("p{at}.yaml"));
        let policy = json!({"id": format!("test.p{at}"), "title": {"en": "t", "ja": "t"}, "severity": "high",
            "message": {"en": "m", "ja": "m"}, "resource": "okta.app_user", "when": "app_user.app.targets_tenant", "assert": assert});
        std::fs::write(&path, policy.to_string()).unwrap();
        path.display().to_string()
    });
    let mut sink = Diagnostics::new();
    let loaded = policy::load(&texts.collect::<Vec<_>>(), &mut sink);
    let faults: String = sink.iter().map(|fault| fault.render(false)).collect();
    assert!(!sink.has_errors(), "{faults}");
    loaded.policies
}

/// The JSON pointer of a path that stays within the judged resource's own object.
fn pointer(finding: &Finding, change: &Change) -> Option<(String, FieldType, bool)> {
    let resource = catalog().resource(&finding.resource.as_ref()?.resource_type)?;
    let mut names = change.path.split('.');
    let mut record: RecordType = resource.record;
    if names.next()? != record.info().variable || !change.elements.is_empty() {
        return None;
    }
    let mut pointer = String::new();
    let mut last = None;
    for name in names {
        let (_, field) = record.info().field(name)?;
        if !matches!(field.origin, Origin::Property { .. }) {
            return None;
        }
        pointer += &format!("/{name}");
        if let FieldType::Record(inner) = &field.ty {
            record = *inner;
        }
        last = Some((field.ty.clone(), field.nullable));
    }
    last.map(|(ty, nullable)| (pointer, ty, nullable))
}

/// Values that a change promises to be enough.
fn promised(change: &Change, ty: &FieldType) -> Vec<Json> {
    let others = match ty {
        FieldType::Enum { values, .. } => values.iter().map(|value| json!(value)).collect(),
        FieldType::Timestamp => vec![json!("2026-01-01T00:00:00Z")],
        _ => vec![json!("anything"), json!("something else")],
    };
    let but = |left_out: &[Json]| {
        others
            .iter()
            .filter(|value| !left_out.contains(value))
            .cloned()
            .collect()
    };
    match change.wanted {
        Wanted::OneOf => change.values.clone(),
        Wanted::NoneOf => but(&change.values),
        Wanted::Some => but(&[]),
        Wanted::Null => vec![Json::Null],
        _ => Vec::new(),
    }
}

/// Sets a property of the object of a resource.
fn with(place: &Path, finding: &Finding, pointer: &str, value: &Json, folder: &Path) -> std::path::PathBuf {
    let copy = folder.join(format!("copy{}", std::fs::read_dir(folder).unwrap().count()));
    copy_of(place, &copy);
    let resource = finding.resource.as_ref().unwrap();
    let id = resource.key.rsplit('/').next().unwrap();
    change_lines(&copy, &resource.resource_type, |line| {
        let mut line: Json = serde_json::from_str(line).unwrap();
        let object = &mut line["object"];
        if object["id"].as_str().is_none_or(|found| found == id) {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            object.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        line.to_string()
    });
    copy
}

/// Makes every change of every failure in files; returns how many were made.
fn hold_true(place: &Path, before: &Audit, again: impl Fn(&Path) -> Audit) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut made = 0;
    for finding in before
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Fail)
    {
        for change in &finding.changes {
            let Some((pointer, ty, _)) = pointer(finding, change) else {
                continue;
            };
            for value in promised(change, &ty).into_iter().take(3) {
                let after = again(&with(place, finding, &pointer, &value, folder.path()));
                let still = after
                    .findings
                    .iter()
                    .find(|found| found.policy == finding.policy && found.resource == finding.resource);
                assert!(
                    still.is_none(),
                    "{} on {:?} with {} = {value}",
                    finding.policy,
                    finding.resource,
                    change.path
                );
                made += 1;
            }
        }
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_made_in_the_files_make_the_built_in_policies_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = collected("contoso", ServerOptions::default(), folder.path()).await;
    let before = audit(&place);
    let made = hold_true(&place, &before, audit);
    assert!(made >= 15, "only {made} changes were made");
    // Where one thing is at fault, it is told what it would have to be. No value brings an account back or takes what
    // another object holds, and of the ways to licences that nobody ordered two are open.
    let beyond_one_value = [
        "provisioning.account-exists",
        "provisioning.immutable-id-taken",
        "provisioning.privileged-person",
        "provisioning.proxy-address-taken",
        "provisioning.self-service-set",
    ];
    for finding in before
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Fail && !beyond_one_value.contains(&finding.policy.as_str()))
    {
        assert!(
            !finding.changes.is_empty(),
            "{} on {:?}",
            finding.policy,
            finding.resource
        );
    }
}

/// A change as it is told: path, kind, values.
type Told = (&'static str, Wanted, Json);

/// Conditions, and what the first failure of each is told.
fn cases() -> Vec<(&'static str, Vec<Told>)> {
    vec![
        (
            r#"app_user.status == "STAGED""#,
            vec![("app_user.status", Wanted::OneOf, json!(["STAGED"]))],
        ),
        (
            r#"app_user.status != "PROVISIONED""#,
            vec![("app_user.status", Wanted::NoneOf, json!(["PROVISIONED"]))],
        ),
        (
            r#"!(app_user.status in ["PROVISIONED", "ACTIVE"])"#,
            vec![("app_user.status", Wanted::NoneOf, json!(["ACTIVE", "PROVISIONED"]))],
        ),
        (
            r#"app_user.status in ["STAGED", "DEPROVISIONED"]"#,
            vec![("app_user.status", Wanted::OneOf, json!(["DEPROVISIONED", "STAGED"]))],
        ),
        // Two things at fault: no single change is enough, and the evidence of an `&&` is its smallest part.
        (
            r#"app_user.externalId == "x" && app_user.created > timestamp("2030-01-01T00:00:00Z")"#,
            vec![],
        ),
        // What a resource is known by is no value to change.
        (r#"app_user.id == "x""#, vec![]),
        // The value is read twice, so what turns one part around must not break the other.
        (
            r#"app_user.status != "PROVISIONED" && (app_user.status == "STAGED" || app_user.status == "ACTIVE")"#,
            vec![("app_user.status", Wanted::OneOf, json!(["ACTIVE", "STAGED"]))],
        ),
        // Whatever would take the resource out of scope is no way to pass.
        (r#"app_user.app == null"#, vec![]),
        (
            r#"app_user.created > timestamp("2030-01-01T00:00:00Z")"#,
            vec![("app_user.created", Wanted::Above, json!(["2030-01-01T00:00:00Z"]))],
        ),
        (
            r#"app_user.created <= timestamp("2001-01-01T00:00:00Z")"#,
            vec![("app_user.created", Wanted::AtMost, json!(["2001-01-01T00:00:00Z"]))],
        ),
        (
            "entra.domains.size() <= 1",
            vec![("entra.domains.size()", Wanted::AtMost, json!([1]))],
        ),
        // At most two would be wrong: none would not do.
        (
            "entra.domains.size() <= 2 && entra.domains.size() >= 1",
            vec![("entra.domains.size()", Wanted::OneOf, json!([2]))],
        ),
        (
            "entra.domains.all(d, !d.isVerified || d.id == \"none\")",
            vec![(
                "entra.domains",
                Wanted::Without,
                json!([
                    "entra.domain adatum.example",
                    "entra.domain contoso.example",
                    "entra.domain contoso.onmicrosoft.com",
                    "entra.domain lab.contoso.example"
                ]),
            )],
        ),
        (r#"okta.apps.all(a, a.id != app_user.app.id)"#, vec![]),
        (r#"okta.apps.filter(a, a.status == "ACTIVE").size() > 1000"#, vec![]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_condition_is_turned_around_or_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = collected("contoso", ServerOptions::default(), folder.path()).await;
    let cases = cases();
    let conditions: Vec<&str> = cases.iter().map(|(condition, _)| *condition).collect();
    let policies = policies(folder.path(), &conditions);
    let again = |place: &Path| judged(place, &policies);
    let before = again(&place);
    for (at, (condition, expected)) in cases.iter().enumerate() {
        let id = format!("test.p{at}");
        let failures = || {
            before
                .findings
                .iter()
                .filter(|found| found.policy == id && found.outcome == Outcome::Fail)
        };
        let first = failures().next().unwrap_or_else(|| panic!("{condition} does not fail"));
        for failure in failures() {
            let kinds: Vec<_> = failure.changes.iter().map(|change| change.wanted).collect();
            assert!(kinds.len() <= 5, "{condition}");
        }
        let told: Vec<(&str, Wanted, Json)> = first
            .changes
            .iter()
            .map(|change| (change.path.as_str(), change.wanted, json!(change.values)))
            .collect();
        assert_eq!(told, *expected, "{condition}");
    }
    let few = Audit {
        findings: first_of_each(&before),
        ..before.clone()
    };
    assert!(hold_true(&place, &few, again) > 5);
}

/// The first failure of each policy.
fn first_of_each(audit: &Audit) -> Vec<Finding> {
    let mut seen = std::collections::BTreeSet::new();
    audit
        .findings
        .iter()
        .filter(|finding| seen.insert(finding.policy.clone()))
        .cloned()
        .collect()
}
