//! What stands in everybody's way, wherever it is found; and that what was not asked is not taken for good.

use std::collections::BTreeSet;

use tenken::audit::readiness::Verdict;
use tenken::diagnostic::Diagnostics;
use tenken::policy::{self, Concerns};
use tenken::simulator::{Scenario, ServerOptions};

use super::rollout::{collected, collected_from, foreseen, readiness};
use crate::support::{self, status, stdout, tenken};

const ONE: &str = "waves: [{ users: [ready.create@contoso.example], licenses: [SPE_E3] }]";

/// Policies on products, which stop those who are to get the product and the groups that give it.
const OF_PRODUCTS: [&str; 3] = [
    "provisioning.product-assignable",
    "provisioning.product-in-force",
    "provisioning.product-in-tenant",
];

#[tokio::test]
async fn whatever_is_wrong_for_everybody_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = || Scenario::builtin("rollout-3000").unwrap().unwrap();
    let place = collected_from(scenario(), ServerOptions::default(), folder.path()).await;
    let (_, errors) = policy::load_errors(&[], &mut Diagnostics::new());
    let stops_everybody = |policy: &str| {
        let mut entries = errors.iter();
        entries.any(|error| error.concerns == Concerns::Everyone && error.predicts(policy).is_some())
    };
    let scenario = scenario();
    let planted: BTreeSet<&str> = scenario
        .plants()
        .iter()
        .filter(|plant| plant.outcome == "fail" && stops_everybody(&plant.policy))
        .map(|plant| plant.policy.as_str())
        .filter(|policy| !OF_PRODUCTS.contains(policy))
        .collect();
    assert!(
        planted.contains("provisioning.sync-account-conditional-access"),
        "{planted:?}"
    );
    let plan = "waves: [{ users: [exploratory-001@northwind.example], licenses: [] }]";
    let audit = foreseen(&place, plan).unwrap();
    let blockers = &readiness(&audit).blockers;
    let found: BTreeSet<&str> = audit
        .findings
        .iter()
        .filter(|finding| blockers.iter().any(|blocker| blocker.finding == Some(finding.id)))
        .map(|finding| finding.policy.as_str())
        .collect();
    let missed: Vec<_> = planted.difference(&found).collect();
    assert!(missed.is_empty(), "{missed:?} of {planted:?}");
    assert_eq!(readiness(&audit).verdict, Verdict::NoGo);
}

#[tokio::test]
async fn what_a_group_gets_that_is_not_in_the_plan_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let mut lines = support::lines_of(&place, "okta.app_group");
    let mut other: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    other["object"]["id"] = "00g1pilot0000000005d7".into();
    other["object"]["profile"]["licenses"] = serde_json::json!(["Visio Plan 1 - Visio Web App"]);
    lines.push(other.to_string());
    support::write_lines(&place, "okta.app_group", &(lines.join("\n") + "\n"));
    assert_eq!(readiness(&foreseen(&place, ONE).unwrap()).verdict, Verdict::Go);
    let audit = foreseen(&place, "waves: [{ groups: [M365 パイロット], licenses: [SPE_E3] }]").unwrap();
    let blockers: Vec<&str> = readiness(&audit)
        .blockers
        .iter()
        .map(|blocker| blocker.cause.id.as_str())
        .collect();
    assert_eq!(blockers, ["product-not-in-tenant"]);
}

#[tokio::test]
async fn what_is_not_asked_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    collected(ServerOptions::default(), folder.path()).await;
    let folder = folder.path();
    std::fs::write(folder.join("one.txt"), "ready.create@contoso.example\n").unwrap();
    let config = |scope: &str| {
        let okta = "okta: { url: https://contoso.okta.example, token: { env: X } }";
        let text = format!("tenants: [{{ name: it, {okta}, scope: {{ {scope} }} }}]\n");
        std::fs::write(folder.join("scope.yaml"), text).unwrap();
    };
    let run = |args: &[&str]| {
        let given = [
            "readiness",
            "snapshot",
            "--lang",
            "en",
            "--users",
            "one.txt",
            "--licenses",
            "SPE_E3",
        ];
        let output = tenken(folder, &[&given[..], args].concat());
        (status(&output), stdout(&output), support::stderr(&output))
    };
    let (code, text, said) = run(&[]);
    assert_eq!(code, 0, "{text}{said}");
    let (code, text, said) = run(&["--select", "provisioning.verified-domain"]);
    assert_eq!(code, 4, "{text}{said}");
    for words in ["were not asked", "provisioning.usage-location"] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    assert!(!text.contains("provisioning.verified-domain"), "{text}");
    for scope in [
        "okta.app_user: 'app_user.scope == \"NEVER\"'",
        "okta.app: 'app.label == \"NEVER\"'",
    ] {
        config(scope);
        let (code, text, said) = run(&["--config", "scope.yaml", "--tenant", "it"]);
        assert_eq!(code, 4, "{scope}: {text}{said}");
        assert!(text.contains("leaves out what they are about"), "{text}");
    }
}
