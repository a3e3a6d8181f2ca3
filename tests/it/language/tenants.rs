//! What a policy requires of a tenant, and what a tenant leaves out.

use serde_json::Value as Json;

use super::{CONFIG, audit, folder, policy, rule, write};
use crate::support::{refuses, status, stderr, stdout, tenken};

/// An example of a policy on products that requires P1.
fn tiered(plan: &str, status: &str, expect: &str) -> String {
    rule(
        "mine.tiered",
        &format!(
            "requires: [entra_p1]\nassert: subscribed_sku.consumedUnits < 0\nexamples:\n  - name: It\n    given:\n      \
             entra.subscribed_sku: [{{ id: s1, skuId: x, skuPartNumber: X, capabilityStatus: {status}, consumedUnits: 1, \
             servicePlans: [{{ servicePlanId: {plan} }}] }}]\n    expect: {expect}"
        ),
    )
}

#[test]
fn what_a_policy_requires_is_tested_by_its_examples() {
    let folder = folder(None, &[]);
    let (p1, p2) = (
        "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
        "eec0eb4f-6444-4f95-aba0-50c24d67f998",
    );
    for (plan, state, expect) in [
        (p1, "Enabled", "fail"),
        (p1, "Warning", "fail"),
        (p1, "Suspended", "not_applicable"),
        ("00000000-0000-0000-0000-000000000000", "Enabled", "not_applicable"),
        (p2, "Enabled", "{ outcome: unknown, cause: unclassified }"),
    ] {
        write(folder.path(), "t.yaml", &tiered(plan, state, expect));
        let output = tenken(folder.path(), &["policy", "test", "t.yaml"]);
        assert_eq!(status(&output), 0, "{plan} {state}: {}", stderr(&output));
    }
    write(folder.path(), "t.yaml", &tiered(p1, "Enabled", "not_applicable"));
    refuses(folder.path(), &["policy", "test", "t.yaml"], &["it came out fail"]);
    write(
        folder.path(),
        "t.yaml",
        &tiered(p1, "Enabled", "fail").replace("[entra_p1]", "[entra_p]"),
    );
    refuses(
        folder.path(),
        &["policy", "check", "t.yaml"],
        &["did you mean `entra_p1`?", "t.yaml:6:12"],
    );
}

#[test]
fn a_tenant_that_lacks_what_is_required_is_not_judged() {
    let required = |id: &str| {
        rule(
            &format!("mine.{}", id.replace('_', "-")),
            &format!("requires: [{id}]\nassert: subscribed_sku.consumedUnits >= 0"),
        )
    };
    let folder = folder(
        Some("contoso"),
        &[
            ("mine/a.yaml", &required("entra_p1")),
            ("mine/b.yaml", &required("entra_id_governance")),
            ("mine/c.yaml", &required("okta_identity_engine")),
        ],
    );
    let found = audit(folder.path(), &["--policies", "mine"]);
    let of = |id: &str| {
        let policy = policy(&found, id);
        (
            policy["outcome"].as_str().unwrap().to_owned(),
            policy["requires"][0]["status"].clone(),
            policy["counts"].clone(),
        )
    };
    let (outcome, standing, counts) = of("mine.entra-p1");
    assert_eq!((outcome.as_str(), standing), ("pass", "met".into()));
    let all = counts["pass"].as_u64().unwrap();
    assert!(all > 0);
    let (outcome, standing, counts) = of("mine.entra-id-governance");
    assert_eq!(
        (outcome.as_str(), standing, &counts["pass"]),
        ("not_applicable", "lacking".into(), &0.into())
    );
    assert_eq!(
        policy(&found, "mine.entra-id-governance")["not_applicable"],
        "requirement"
    );
    // What cannot be told is never a pass.
    let (outcome, standing, counts) = of("mine.okta-identity-engine");
    assert_eq!(
        (outcome.as_str(), standing, &counts["unknown"]),
        ("unknown", "unknown".into(), &all.into())
    );
    let finding = &found["findings"][0];
    assert_eq!(finding["causes"][0]["cause"], "unclassified");
    assert_eq!(finding["causes"][0]["needs"], "GET /.well-known/okta-organization");
    for report in ["report.html", "report.md"] {
        let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
        for words in [
            "the tenant lacks: Microsoft Entra ID Governance",
            "The tenant has it",
            "Not known",
        ] {
            assert!(text.contains(words), "{report} does not say {words}");
        }
    }
    // Without the products nobody knows.
    crate::support::change_status(&folder.path().join("snap"), "entra.subscribed_sku", "denied");
    let rule = rule("mine.people", "requires: [entra_id_governance]\nassert: user.id != ''")
        .replace("resource: entra.subscribed_sku", "resource: entra.user");
    write(folder.path(), "people.yaml", &rule);
    let found = audit(
        folder.path(),
        &["--policies", "people.yaml", "--policies", "provisioning"],
    );
    let people = policy(&found, "mine.people");
    assert_eq!(
        (&people["outcome"], &people["counts"]["pass"]),
        (&"unknown".into(), &0.into())
    );
    let list = found["findings"].as_array().unwrap();
    let finding = list.iter().find(|finding| finding["policy"] == "mine.people").unwrap();
    assert_eq!(finding["causes"][0]["cause"], "no_permission");
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_tenant_narrows_what_is_judged_and_everybody_sees_it() {
    let folder = folder(Some("contoso"), &[]);
    let configured = |text: &str| write(folder.path(), "tenken.yaml", &format!("{CONFIG}{text}"));
    let id = "provisioning.user-owned-licence";
    let select = ["--select", id];
    let counts = |args: &[&str]| {
        let found = audit(folder.path(), &[&select[..], args].concat());
        (
            policy(&found, id)["counts"].clone(),
            policy(&found, id)["population"].clone(),
            found,
        )
    };
    let number = |counts: &Json, name: &str| counts[name].as_u64().unwrap();
    let (before, population, _) = counts(&[]);
    configured(
        "    scope:\n      okta.app_user: 'app_user.credentials.userName == null || !app_user.credentials.userName.startsWith(\"kaho\")'\n",
    );
    let config = ["--config", "tenken.yaml"];
    let (after, same, found) = counts(&config);
    assert_eq!(population, same);
    assert_eq!(number(&after, "excluded"), 1);
    assert_eq!(number(&after, "fail") + 1, number(&before, "fail"));
    assert_eq!(
        (&after["pass"], &after["unknown"]),
        (&before["pass"], &before["unknown"])
    );
    assert!(!found["findings"].to_string().contains("kaho"));
    assert_eq!(policy(&found, id)["scope"][0]["by"]["tenant"], "contoso");
    for report in ["report.html", "report.md"] {
        let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
        for words in ["Excluded", "startsWith", "takes out of what policies judge"] {
            assert!(text.contains(words), "{report} does not say {words}");
        }
    }
    let output = tenken(
        folder.path(),
        &[&["audit", "snap", "--lang", "en"], &select[..], &config].concat(),
    );
    assert!(
        stdout(&output).contains("1 judgement was not made"),
        "{}",
        stdout(&output)
    );

    // Of one policy, with a reason; what is not known of somebody leaves the finding.
    configured(&format!(
        "    policies:\n      {id}:\n        reason: They leave\n        \
         scope: app_user.entra_user != null && app_user.entra_user.department != \"Sales\"\n"
    ));
    let (known, _, found) = counts(&config);
    assert!(number(&known, "excluded") > 0);
    assert_eq!(policy(&found, id)["scope"][0]["reason"], "They leave");
    crate::support::change_status(&folder.path().join("snap"), "entra.user", "denied");
    let (after, _, _) = counts(&config);
    assert_eq!((number(&after, "excluded"), number(&after, "pass")), (0, 0));
    assert!(number(&after, "unknown") > 0);

    for (text, words) in [
        (
            "    scope:\n      okta.app_usr: 'true'\n",
            ["tenken.yaml:5:7", "did you mean `okta.app_user`?"],
        ),
        (
            "    scope:\n      okta.app_user: app_user.nam == ''\n",
            ["tenken.yaml:5:31", "unknown-field"],
        ),
        (
            "    scope:\n      okta.app_user: app_user.entra_user.id == ''\n",
            ["tenken.yaml:5:22", "unguarded-link"],
        ),
        (
            "    scope:\n      okta.app_user: app_user.status\n",
            ["tenken.yaml:5:22", "yields string"],
        ),
        (
            "    scope:\n      okta.app_user: 1 == 1\n",
            ["tenken.yaml:5:22", "constant-condition"],
        ),
        (
            "    scope:\n      okta.app_user: entra.users.exists(u, u.mail != null)\n",
            ["tenken.yaml:5:22", "unindexed-join"],
        ),
        (
            "    policies:\n      provisioning.seats: { scope: app_user.status == '' }\n",
            ["tenken.yaml:5:36", "undeclared-name"],
        ),
    ] {
        configured(text);
        refuses(folder.path(), &["audit", "snap", "--config", "tenken.yaml"], &words);
    }
}
