//! Detection: on tenants with planted faults every planted fault is found, and nothing else.

use std::collections::BTreeSet;

use crate::support;

use tenken::audit::{Audit, Outcome};
use tenken::expr::Cause;
use tenken::simulator::{Scenario, ServerOptions};
use tenken::snapshot::Status;

/// A finding in few words: policy, resource, outcome, cause.
pub(crate) type Found = BTreeSet<(String, String, String, Option<String>)>;

pub(crate) fn found(audit: &Audit) -> Found {
    let mut out = Found::new();
    for finding in &audit.findings {
        let cause = finding.causes.first().map(|origin| origin.cause.to_string());
        let keys = match (&finding.resource, finding.resources.as_slice()) {
            (Some(resource), _) => vec![resource.key.clone()],
            // Of the tenant itself there is one.
            (None, []) if finding.count == 1 => vec!["tenant".to_owned()],
            (None, list) => list.iter().map(|resource| resource.key.clone()).collect(),
        };
        assert!(!keys.is_empty(), "{} says nothing about whom", finding.policy);
        for key in keys {
            out.insert((
                finding.policy.clone(),
                key,
                finding.outcome.as_str().to_owned(),
                cause.clone(),
            ));
        }
    }
    out
}

pub(crate) fn planted(scenario: &str) -> Found {
    let scenario = Scenario::builtin(scenario).unwrap().unwrap();
    let plants = scenario.plants().iter();
    plants
        .map(|p| (p.policy.clone(), p.on.clone(), p.outcome.clone(), p.cause.clone()))
        .collect()
}

#[tokio::test]
async fn contoso_shows_what_is_planted_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (place, manifest) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    assert!(
        manifest.resources.iter().all(|entry| entry.status == Status::Complete),
        "{:?}",
        manifest.resources
    );
    let audit = support::audit(&place);
    let (found, planted) = (found(&audit), planted("contoso"));
    let missed: Vec<_> = planted.difference(&found).collect();
    let invented: Vec<_> = found.difference(&planted).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "missed: {missed:#?}\ninvented: {invented:#?}"
    );
    assert!(planted.len() > 25, "the scenario plants too little");
}

#[tokio::test]
async fn clean_has_nothing_to_find() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("clean", ServerOptions::default(), folder.path()).await;
    let audit = support::audit(&place);
    // What a person has to look at is unknown in the best of tenants.
    assert_eq!(found(&audit), planted("clean"));
    assert!(audit.findings.iter().all(tenken::audit::Finding::needs_attestation));
    assert!(!audit.has_unknowns());
    let undecided = audit.policies.iter().filter(|policy| policy.outcome != Outcome::Pass);
    assert_eq!(undecided.count(), 1);
    assert!(
        audit.policies.iter().all(|policy| policy.population > 0),
        "a policy judged nothing"
    );
}

#[tokio::test]
async fn the_founding_case_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let audit = support::audit(&place);
    let finding = audit
        .findings
        .iter()
        .find(|f| {
            f.policy == "provisioning.user-owned-licence"
                && f.values["licences"][0] == "Microsoft Teams Exploratory Dept"
        })
        .unwrap();
    assert_eq!(finding.outcome, Outcome::Fail);
    // The account was never linked, so only the user name can have led there.
    let linked: Vec<&str> = finding
        .evidence
        .iter()
        .flat_map(|e| &e.records)
        .filter_map(|r| r.linked_by.as_deref())
        .collect();
    assert!(
        linked.contains(&"credentials.userName = userPrincipalName"),
        "{linked:?}"
    );
    let decided = finding
        .evidence
        .iter()
        .find(|e| e.expression.contains("ownership"))
        .unwrap();
    assert_eq!(decided.value, false);
    assert_eq!(decided.reads[0].value, "user_owned");
    assert!(
        finding.values["ends"][0].as_str().is_some(),
        "the end of the trial is known and not shown"
    );
    let person = &finding.resource.as_ref().unwrap().key;
    let also: BTreeSet<&str> = audit
        .findings
        .iter()
        .filter(|f| f.resource.as_ref().is_some_and(|r| r.key == *person))
        .map(|f| f.policy.as_str())
        .collect();
    assert!(
        also.contains("provisioning.stuck-app-user") && also.contains("provisioning.immutable-id"),
        "{also:?}"
    );
}

#[tokio::test]
async fn a_throttled_collection_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (calm, calm_manifest) =
        support::collected("contoso", ServerOptions::default(), &folder.path().join("calm")).await;
    let options = ServerOptions {
        throttle_every: Some(4),
        ..ServerOptions::default()
    };
    let (throttled, manifest) = support::collected("contoso", options, &folder.path().join("throttled")).await;
    assert!(manifest.resources.iter().map(|entry| entry.throttles).sum::<u64>() > 3);
    for (a, b) in calm_manifest.resources.iter().zip(&manifest.resources) {
        assert_eq!((&a.resource, a.status, a.objects), (&b.resource, b.status, b.objects));
        // The log's window moves with the clock of the simulator; everything else is the same byte for byte.
        if a.resource != "okta.provisioning_failure" {
            let read = |place: &std::path::Path| std::fs::read(place.join(a.file.as_ref().unwrap())).unwrap();
            assert_eq!(read(&calm), read(&throttled), "{}", a.resource);
        }
    }
}

#[tokio::test]
async fn a_refused_call_is_unknown_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/v1.0/users".to_owned()],
        ..ServerOptions::default()
    };
    let (place, manifest) = support::collected("contoso", options, folder.path()).await;
    let entry = manifest
        .resources
        .iter()
        .find(|entry| entry.resource == "entra.user")
        .unwrap();
    assert_eq!(entry.status, Status::Denied);
    assert!(entry.reason.as_ref().unwrap().contains("Authorization_RequestDenied"));
    let audit = support::audit(&place);
    let policy = audit
        .policies
        .iter()
        .find(|policy| policy.id == "provisioning.user-owned-licence")
        .unwrap();
    assert_eq!(
        (policy.outcome, policy.counts.pass, policy.counts.fail),
        (Outcome::Unknown, 0, 0)
    );
    // One line, not one for each person, and it says what would settle it.
    let findings: Vec<_> = audit.findings.iter().filter(|f| f.policy == policy.id).collect();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].count, policy.counts.unknown);
    assert_eq!(findings[0].resources.len(), 100);
    let cause = &findings[0].causes[0];
    assert_eq!(
        (cause.cause, cause.about.as_str(), cause.needs.as_deref()),
        (Cause::NoPermission, "entra.user", Some("User.Read.All"))
    );
    // What does not need Entra users is still decided.
    let domains = audit
        .policies
        .iter()
        .find(|policy| policy.id == "provisioning.verified-domain")
        .unwrap();
    assert_eq!(domains.outcome, Outcome::Fail);
    assert!(domains.counts.pass > 300);
}

#[tokio::test]
async fn a_type_that_was_refused_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/api/v1/apps/{appId}/users".to_owned()],
        ..ServerOptions::default()
    };
    let (place, _) = support::collected("clean", options, folder.path()).await;
    let audit = support::audit(&place);
    let policy = audit
        .policies
        .iter()
        .find(|policy| policy.id == "provisioning.user-owned-licence")
        .unwrap();
    assert_eq!(
        (policy.outcome, policy.population, policy.whole),
        (Outcome::Unknown, 0, false)
    );
    let finding = audit.findings.iter().find(|f| f.policy == policy.id).unwrap();
    assert_eq!((finding.count, finding.causes[0].cause), (0, Cause::NoPermission));
}

#[test]
fn every_plant_is_on_a_policy_that_exists_and_tells_its_story() {
    let ids: BTreeSet<String> = support::built_in().into_iter().map(|policy| policy.id).collect();
    for name in Scenario::names() {
        for plant in Scenario::builtin(name).unwrap().unwrap().plants() {
            assert!(ids.contains(&plant.policy), "{}", plant.policy);
            assert!(!plant.story.is_empty());
        }
    }
}
