//! The policy language as its user meets it: parameters, packs that extend others, functions.

use std::path::Path;

use serde_json::Value as Json;

use crate::support::{refuses, status, stderr, stdout, tenken};

/// A folder with files and the snapshot of a scenario in `snap`.
fn folder(scenario: Option<&str>, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    if let Some(scenario) = scenario {
        let made = tenken(
            folder.path(),
            &["simulate", "--scenario", scenario, "--snapshot", "snap"],
        );
        assert_eq!(status(&made), 0, "{}", stderr(&made));
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Audits `snap` and gives `audit.json`, which holds to its schema.
fn audit(folder: &Path, args: &[&str]) -> Json {
    let output = tenken(
        folder,
        &[
            &[
                "audit",
                "snap",
                "--fail-on",
                "none",
                "--report",
                "audit.json",
                "--report",
                "report.html",
            ],
            ["--report", "report.md", "--lang", "en"].as_slice(),
            args,
        ]
        .concat(),
    );
    assert!(matches!(status(&output), 0 | 4), "{}", stderr(&output));
    let json: Json = serde_json::from_str(&std::fs::read_to_string(folder.join("audit.json")).unwrap()).unwrap();
    assert_eq!(tenken::schema::audit().unwrap().check_json(&json), None);
    json
}

fn policy<'a>(audit: &'a Json, id: &str) -> &'a Json {
    let list = audit["policies"].as_array().unwrap();
    list.iter().find(|policy| policy["id"] == id).unwrap()
}

/// A policy on subscribed products with this under its first lines.
fn rule(id: &str, body: &str) -> String {
    format!(
        "id: {id}\ntitle: {{ en: One, ja: 一 }}\nseverity: low\nresource: entra.subscribed_sku\n\
         message: {{ en: m, ja: m }}\n{body}\n"
    )
}

const SEATS: &str = "\
params:
  spare:
    type: int
    default: 3
    min: 0
    max: 50
    about: { en: Seats that must be left, ja: 残すべきライセンス数 }
assert: subscribed_sku.free_seats >= params.spare
show: { spare: params.spare, free: subscribed_sku.free_seats }";

const PACK: &str = "id: mine\ntitle: { en: Mine, ja: 私 }\nabout: { en: Mine, ja: 私 }\n";

fn seats() -> String {
    rule("mine.seats", SEATS).replace(
        "{ en: m, ja: m }",
        "{ en: '{{ free }} of {{ spare }}', ja: '{{ free }}{{ spare }}' }",
    )
}

#[test]
fn a_parameter_has_a_value_within_its_bounds() {
    let folder = folder(
        Some("contoso"),
        &[("mine/pack.yaml", PACK), ("mine/seats.yaml", &seats())],
    );
    let path = folder.path();
    let fails = |args: &[&str]| {
        let audit = audit(path, &[&["--policies", "mine"], args].concat());
        let found = policy(&audit, "mine.seats");
        (
            found["counts"]["fail"].as_u64().unwrap(),
            found["params"][0].clone(),
            audit,
        )
    };
    let (three, param, _) = fails(&[]);
    assert_eq!(
        (&param["value"], &param["default"], param.get("by")),
        (&3.into(), &3.into(), None)
    );
    let (none, _, _) = fails(&["--param", "mine.seats.spare=0"]);
    let (fifty, param, found) = fails(&["--param", "mine.seats.spare=50"]);
    assert!(none < three && three < fifty, "{none} {three} {fifty}");
    assert_eq!((&param["value"], &param["by"]), (&50.into(), &"command_line".into()));
    assert_eq!(found["tailored"][0]["params"]["spare"], 50);
    let reads = found["findings"][0]["evidence"].to_string();
    assert!(reads.contains(r#"{"path":"params.spare","value":50}"#), "{reads}");
    for report in ["report.html", "report.md"] {
        let text = std::fs::read_to_string(path.join(report)).unwrap();
        for words in ["spare", "Seats that must be left", "command line"] {
            assert!(text.contains(words), "{report} does not say {words}");
        }
    }

    for (argument, words) in [
        ("mine.seats.spare=51", "`params.spare` is at most 50"),
        ("mine.seats.spare=-1", "is at least 0"),
        ("mine.seats.spare=many", "is of type int"),
        ("mine.seats.spare=[1]", "is of type int"),
        ("mine.seats.spar=1", "did you mean `spare`?"),
        ("mine.seat.spare=1", "did you mean `mine.seats`?"),
        ("spare=1", "is not ID.NAME=VALUE"),
        ("mine.seats.spare", "is not ID.NAME=VALUE"),
    ] {
        refuses(
            path,
            &["audit", "snap", "--policies", "mine", "--param", argument],
            &[words],
        );
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn parameters_of_every_type_are_checked_where_they_are_defined_and_used() {
    let folder = folder(None, &[]);
    let param = |ty: &str, rest: &str| format!("params:\n  x: {{ type: {ty}, about: {{ en: x, ja: x }}, {rest} }}\n");
    for (ty, rest, condition) in [
        ("bool", "default: true", "params.x || subscribed_sku.consumedUnits > 1"),
        (
            "int",
            "default: 3, values: [1, 3]",
            "subscribed_sku.consumedUnits > params.x",
        ),
        (
            "double",
            "default: 1, max: 1.5",
            "double(subscribed_sku.consumedUnits) > params.x",
        ),
        ("string", "default: SPE_E3", "subscribed_sku.skuPartNumber != params.x"),
        (
            "string",
            "default: '^SPE'",
            "subscribed_sku.skuPartNumber.matches(params.x)",
        ),
        (
            "duration",
            "default: 72h, min: 1h, max: 100h",
            "now - params.x > timestamp(subscribed_sku.skuPartNumber)",
        ),
        (
            "list(string)",
            "default: [a, b]",
            "subscribed_sku.skuPartNumber in params.x",
        ),
        (
            "list(string)",
            "default: [User]",
            "subscribed_sku.appliesTo in params.x",
        ),
        (
            "list(int)",
            "default: [1, 2], max: 2",
            "params.x.exists(n, n == subscribed_sku.consumedUnits)",
        ),
    ] {
        write(
            folder.path(),
            "p.yaml",
            &rule("p.p", &format!("{}assert: {condition}", param(ty, rest))),
        );
        let output = tenken(folder.path(), &["policy", "check", "p.yaml"]);
        assert_eq!(status(&output), 0, "{condition}: {}", stderr(&output));
    }
    for (ty, rest, condition, code, words) in [
        (
            "int",
            "default: a",
            "subscribed_sku.consumedUnits > params.x",
            "invalid-param",
            "p.yaml:7:53",
        ),
        (
            "int",
            "default: 3, max: 2",
            "subscribed_sku.consumedUnits > params.x",
            "invalid-param",
            "is at most 2",
        ),
        (
            "int",
            "default: 3, values: [1, 2]",
            "subscribed_sku.consumedUnits > params.x",
            "invalid-param",
            "is one of 1, 2",
        ),
        (
            "string",
            "default: a, min: b",
            "subscribed_sku.skuPartNumber == params.x",
            "invalid-param",
            "for numbers and durations",
        ),
        (
            "duration",
            "default: 3 days",
            "now - params.x > now",
            "invalid-param",
            "such as `72h`",
        ),
        (
            "list(string)",
            "default: [a, 1]",
            "subscribed_sku.skuPartNumber in params.x",
            "invalid-param",
            "a list `[…]` of string",
        ),
        (
            "list(string)",
            "default: [user]",
            "subscribed_sku.appliesTo in params.x",
            "impossible-comparison",
            "did you mean `User`?",
        ),
        (
            "strin",
            "default: a",
            "subscribed_sku.skuPartNumber == params.x",
            "schema-violation",
            "did you mean `string`?",
        ),
        (
            "string",
            "default: a",
            "subscribed_sku.consumedUnits > params.x",
            "type-mismatch",
            "does not take (int, string)",
        ),
        (
            "string",
            "default: a",
            "subscribed_sku.skuPartNumber == params.y",
            "unknown-param",
            "did you mean `params.x`?",
        ),
        (
            "string",
            "default: a",
            "subscribed_sku.consumedUnits > 1",
            "unused-param",
            "`params.x` is never used",
        ),
        ("int", "default: 3", "params.x > 2", "constant-condition", "always true"),
        (
            "string",
            "default: '('",
            "subscribed_sku.skuPartNumber.matches(params.x)",
            "evaluation-failed",
            "not a regular expression",
        ),
    ] {
        write(
            folder.path(),
            "p.yaml",
            &rule("p.p", &format!("{}assert: {condition}", param(ty, rest))),
        );
        refuses(folder.path(), &["policy", "check", "p.yaml"], &[code, words]);
    }
}

const CONFIG: &str = "\
tenants:
  - name: contoso
    okta: { url: https://contoso.okta.com, token: { env: NO_SUCH } }
";

#[test]
fn a_tenant_sets_parameters_in_its_configuration() {
    let folder = folder(
        Some("contoso"),
        &[("mine/pack.yaml", PACK), ("mine/seats.yaml", &seats())],
    );
    let configured = |policies: &str| {
        write(
            folder.path(),
            "tenken.yaml",
            &format!("{CONFIG}    policies:\n      {policies}\n"),
        );
    };
    configured("mine.seats: { params: { spare: 50 }, reason: We grow }");
    let args = ["--policies", "mine", "--config", "tenken.yaml"];
    let found = audit(folder.path(), &args);
    let param = &policy(&found, "mine.seats")["params"][0];
    assert_eq!(
        (&param["value"], &param["by"]["tenant"]),
        (&50.into(), &"contoso".into())
    );
    assert_eq!(found["tailored"][0]["reason"], "We grow");
    // What is set for this run comes last.
    let found = audit(folder.path(), &[&args[..], &["--param", "mine.seats.spare=1"]].concat());
    assert_eq!(policy(&found, "mine.seats")["params"][0]["value"], 1);

    for (policies, words) in [
        (
            "mine.seats: { params: { spare: 51 } }",
            ["tenken.yaml:5:38", "at most 50"],
        ),
        (
            "mine.seats: { params: { spares: 5 } }",
            ["tenken.yaml:5:31", "did you mean `spare`?"],
        ),
        (
            "mine.saets: { params: { spare: 5 } }",
            ["tenken.yaml:5:7", "did you mean `mine.seats`?"],
        ),
        (
            "mine.seats: { severity: low }",
            ["unknown key `severity`", "tenken.yaml:5"],
        ),
    ] {
        configured(policies);
        refuses(folder.path(), &[&["audit", "snap"], &args[..]].concat(), &words);
        refuses(
            folder.path(),
            &["policy", "check", "mine", "--config", "tenken.yaml"],
            &words,
        );
    }
    // A policy that this run does not load may be named, one that is nowhere may not.
    configured("mine.seats: { params: { spare: 5 } }");
    refuses(
        folder.path(),
        &["policy", "check", "--config", "tenken.yaml"],
        &["no policy `mine.seats`"],
    );
    write(folder.path(), "tenken.yaml", CONFIG);
    refuses(
        folder.path(),
        &["audit", "snap", "--config", "tenken.yaml", "--tenant", "contosso"],
        &["did you mean `contoso`?"],
    );
}

const EXTENDING: &str = "\
id: ours
title: { en: Ours, ja: 我 }
about: { en: Ours, ja: 我 }
extends: [provisioning, ../mine]
policies:
  provisioning.seats: { severity: low, reason: We order monthly }
  provisioning.trials-off: { enabled: false, reason: Trials are wanted }
  mine.seats: { params: { spare: 50 }, reason: We grow }
";

#[test]
fn a_pack_extends_others_and_changes_them() {
    let folder = folder(
        Some("contoso"),
        &[
            ("mine/pack.yaml", PACK),
            ("mine/seats.yaml", &seats()),
            ("ours/pack.yaml", EXTENDING),
        ],
    );
    for names in [
        &["--policies", "ours"][..],
        &["--policies", "provisioning", "--policies", "ours"],
    ] {
        let found = audit(folder.path(), names);
        assert_eq!(found["policies"].as_array().unwrap().len(), 18);
        assert_eq!(policy(&found, "provisioning.seats")["severity"], "low");
        assert_eq!(policy(&found, "provisioning.seats")["pack"], "provisioning");
        assert_eq!(policy(&found, "mine.seats")["params"][0]["by"]["pack"], "ours");
        let changes = found["tailored"].as_array().unwrap();
        let of = |id: &str| changes.iter().find(|change| change["policy"] == id).unwrap();
        assert_eq!(changes.len(), 3);
        assert_eq!(of("provisioning.trials-off")["enabled"], false);
        assert_eq!(of("provisioning.seats")["severity"], "low");
        for report in ["report.html", "report.md"] {
            let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
            for words in ["Trials are wanted", "We order monthly", "provisioning.trials-off"] {
                assert!(text.contains(words), "{report} does not say {words}");
            }
        }
    }
    // Examples are about policies as they were written.
    assert_eq!(status(&tenken(folder.path(), &["policy", "test", "ours"])), 0);
    // The tenant has the last word over the pack.
    let found = audit(folder.path(), &["--policies", "ours", "--param", "mine.seats.spare=1"]);
    assert_eq!(policy(&found, "mine.seats")["params"][0]["value"], 1);

    for (from, to, words) in [
        (
            "provisioning.seats:",
            "provisioning.seat:",
            ["pack.yaml:6:3", "did you mean `provisioning.seats`?"],
        ),
        ("spare: 50", "spare: 500", ["pack.yaml:8:34", "at most 50"]),
        ("spare: 50", "spar: 50", ["pack.yaml:8:27", "did you mean `spare`?"]),
        (
            "[provisioning,",
            "[provisionin,",
            ["pack.yaml:4:11", "did you mean `provisioning`?"],
        ),
        ("../mine", "../ours", ["circular", "pack.yaml:4:25"]),
        ("severity: low", "severity: lo", ["pack.yaml:6", "did you mean `low`?"]),
        (", reason: We grow", "", ["pack.yaml:8", "missing key `reason`"]),
    ] {
        write(folder.path(), "ours/pack.yaml", &EXTENDING.replace(from, to));
        refuses(folder.path(), &["policy", "check", "ours"], &words);
    }
    // Two packs that know nothing of each other do not change one policy twice.
    write(folder.path(), "ours/pack.yaml", EXTENDING);
    write(
        folder.path(),
        "theirs/pack.yaml",
        &EXTENDING.replace("id: ours", "id: theirs").replace("50", "5"),
    );
    refuses(
        folder.path(),
        &["policy", "check", "ours", "theirs"],
        &["changed by two packs", "mine.seats"],
    );
    // A change within a chain is on top of those below.
    let chain = "id: top\ntitle: { en: t, ja: t }\nabout: { en: t, ja: t }\nextends: [../ours]\npolicies:\n  \
                 provisioning.trials-off: { enabled: true, reason: They are not }\n";
    write(folder.path(), "top/pack.yaml", chain);
    let found = audit(folder.path(), &["--policies", "top"]);
    assert_eq!(found["policies"].as_array().unwrap().len(), 19);
}

const FUNCTIONS: &str = "\
functions:
  scarce:
    params: { sku: entra.subscribed_sku, least: int }
    cel: sku.free_seats < least
    about: { en: Whether too few seats are left, ja: 残りが少ないか }
  named:
    params: { product: 'entra.sku?', name: string }
    cel: product != null && product.name == name
    about: { en: Whether a product has this name, ja: 名前 }
  scarce_of:
    params: { sku: entra.subscribed_sku, name: string }
    cel: named(sku.sku, name) && scarce(sku, 3)
    about: { en: Both, ja: 両方 }
  account:
    params: { person: okta.app_user }
    cel: entra.users.filter(u, u.id == person.externalId)
    about: { en: The account of a person, ja: アカウント }
";

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_function_is_checked_once_and_written_out_where_it_is_used() {
    let scarce = rule("mine.scarce", "assert: '!scarce(subscribed_sku, 50)'");
    let plain = rule("mine.plain", "assert: '!(subscribed_sku.free_seats < 50)'");
    let pack = format!("{PACK}{FUNCTIONS}");
    let folder = folder(
        Some("contoso"),
        &[
            ("mine/pack.yaml", &pack),
            ("mine/scarce.yaml", &scarce),
            ("mine/plain.yaml", &plain),
        ],
    );
    let found = audit(folder.path(), &["--policies", "mine"]);
    let (called, written) = (policy(&found, "mine.scarce"), policy(&found, "mine.plain"));
    assert!(called["counts"]["fail"].as_u64().unwrap() > 0);
    assert_eq!(called["counts"], written["counts"]);
    let evidence = |id: &str| {
        let list = found["findings"].as_array().unwrap();
        list.iter().find(|finding| finding["policy"] == id).unwrap()["evidence"].clone()
    };
    assert_eq!(evidence("mine.scarce"), evidence("mine.plain"));

    let policy = |condition: &str| {
        rule("mine.scarce", &format!("assert: >-\n  {condition}"))
            .replace("resource: entra.subscribed_sku", "resource: okta.app_user")
    };
    // Guards and indexes hold through a call.
    for condition in [
        "account(app_user).all(u, u.accountEnabled == true)",
        "app_user.entra_user == null || account(app_user).size() == 1",
        "entra.subscribed_skus.all(s, named(s.sku, \"x\") || !scarce_of(s, \"y\"))",
    ] {
        write(folder.path(), "mine/scarce.yaml", &policy(condition));
        let output = tenken(folder.path(), &["policy", "check", "mine"]);
        assert_eq!(status(&output), 0, "{condition}: {}", stderr(&output));
    }
    for (condition, words) in [
        (
            "scarce(app_user, 3)",
            ["scarce.yaml:7:3", "does not take (okta.app_user, int)"],
        ),
        ("scarse(app_user, 3)", ["scarce.yaml:7:3", "did you mean `scarce`?"]),
        (
            "entra.subscribed_skus.all(s, scarce(s))",
            ["scarce.yaml:7:32", "does not take"],
        ),
        (
            "entra.subscribed_skus.exists(sku, account(app_user.user).size() == 1)",
            ["scarce.yaml:7:37", "does not take"],
        ),
    ] {
        write(folder.path(), "mine/scarce.yaml", &policy(condition));
        refuses(folder.path(), &["policy", "check", "mine"], &words);
    }
    write(folder.path(), "mine/scarce.yaml", &scarce);
    for (from, to, words) in [
        (
            "sku.free_seats < least",
            "sku.free_seat < least",
            ["mine/pack.yaml:7:14", "did you mean `free_seats`?"],
        ),
        ("product != null && ", "", ["mine/pack.yaml:11:10", "unguarded-link"]),
        (
            "scarce(sku, 3)",
            "scarce_of(sku, name)",
            ["circular", "`scarce_of` uses `scarce_of`"],
        ),
        (
            "okta.app_user",
            "okta.app_usr",
            ["unknown-type", "did you mean `okta.app_user`?"],
        ),
        ("< least", "< 3", ["unused-param", "`least` is never used"]),
        (
            "  scarce:\n",
            "  size:\n",
            ["there is a function `size` already", "pack.yaml:5:3"],
        ),
    ] {
        let text = pack.replace(from, to);
        assert_ne!(text, pack);
        write(folder.path(), "mine/pack.yaml", &text);
        refuses(folder.path(), &["policy", "check", "mine"], &words);
    }
    // A pack that extends this one may use its functions.
    write(folder.path(), "mine/pack.yaml", &pack);
    write(
        folder.path(),
        "ours/pack.yaml",
        &format!("{}extends: [../mine]\n", PACK.replace("mine", "ours")),
    );
    write(
        folder.path(),
        "ours/few.yaml",
        &scarce.replace("mine.scarce", "ours.few"),
    );
    let output = tenken(folder.path(), &["policy", "check", "ours"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("3 policies are sound"), "{}", stderr(&output));
}

#[test]
fn another_version_is_one_message() {
    let policy = rule("mine.new", "assret: x.y\ntenken: '>=99.1'\nfuture: [1]");
    let folder = folder(None, &[("new.yaml", &policy)]);
    let one = |path: &str, words: &[&str]| {
        refuses(folder.path(), &["policy", "check", path], words);
        let text = stderr(&tenken(folder.path(), &["policy", "check", path]));
        assert_eq!(text.matches("error").count(), 1, "{text}");
    };
    one(
        "new.yaml",
        &["this needs tenken >=99.1, and this is tenken", "new.yaml:7:9"],
    );
    write(
        folder.path(),
        "new.yaml",
        &policy.replace("tenken: '>=99.1'", "format: 2"),
    );
    one("new.yaml", &["this is of format 2", "reads format 1"]);
    write(
        folder.path(),
        "pack/pack.yaml",
        &format!("{PACK}tenken: '>=99'\nfuture: 1\n"),
    );
    write(folder.path(), "pack/broken.yaml", "id: x\n");
    one("pack", &["this needs tenken >=99", "pack.yaml:4:9"]);
    write(folder.path(), "new.yaml", &policy.replace(">=99.1", "new"));
    one("new.yaml", &["`new` is no range of versions"]);
    let fine = rule(
        "mine.now",
        "assert: subscribed_sku.consumedUnits > 1\ntenken: '>=0.1'\nformat: 1",
    );
    write(folder.path(), "fine.yaml", &fine);
    let output = tenken(folder.path(), &["policy", "check", "fine.yaml"]);
    assert_eq!(status(&output), 0, "{}{}", stderr(&output), stdout(&output));
}

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

/// The checker's promise, line by line: each condition on a person of an Okta application, the code of its mistake, and
/// words that say where it is or what was meant.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn every_kind_of_mistake_is_found_before_anything_runs() {
    let folder = folder(None, &[]);
    let check = |body: &str| {
        let text = rule("p.p", body).replace("resource: entra.subscribed_sku", "resource: okta.app_user");
        write(folder.path(), "p.yaml", &text);
        tenken(folder.path(), &["policy", "check", "p.yaml"])
    };
    let refused = |body: &str, code: &str, words: &str| {
        let output = check(body);
        let told = stderr(&output);
        assert_eq!(status(&output), 2, "{body}");
        assert!(
            told.contains(&format!("error[{code}]")) && told.contains(words),
            "{body}: {told}"
        );
        let explained = tenken(folder.path(), &["policy", "codes", code]);
        assert!(stdout(&explained).starts_with(&format!("{code}: ")), "{code}");
        assert!(stdout(&tenken(folder.path(), &["policy", "codes"])).contains(code));
    };
    for (condition, code, words) in [
        // Types of the catalogue.
        ("app_user.statu == 'ACTIVE'", "unknown-field", "did you mean `status`?"),
        ("app_user.profile.foo == 'x'", "unknown-field", "has no field `foo`"),
        (
            "okta.appusers.size() > 1",
            "unknown-resource",
            "did you mean `okta.app_users`?",
        ),
        (
            "ap_user.status == 'ACTIVE'",
            "undeclared-name",
            "did you mean `app_user`?",
        ),
        (
            "app_user.status.startWith('x')",
            "unknown-function",
            "did you mean `startsWith`?",
        ),
        (
            "app_user.status.startsWith(3)",
            "type-mismatch",
            "it takes (string, string)",
        ),
        (
            "app_user.app.features == 'PUSH'",
            "type-mismatch",
            "(list(string), string)",
        ),
        (
            "app_user.user != null && app_user.user.created == '2026-01-01'",
            "type-mismatch",
            "timestamp or null, string",
        ),
        ("app_user.status", "not-boolean", "yields string"),
        (
            "app_user.entra_user == null || app_user.entra_user.accountEnabled",
            "not-boolean",
            "== true",
        ),
        // Comparisons that can never hold.
        (
            "app_user.status == 'staged'",
            "impossible-comparison",
            "did you mean `STAGED`?",
        ),
        (
            "app_user.status in ['ACTIVE', 'STAGD']",
            "impossible-comparison",
            "p.yaml:6:40",
        ),
        (
            "app_user.entra_user_match.outcome == 'two'",
            "impossible-comparison",
            "the values are",
        ),
        ("app_user.status == 3", "type-mismatch", "(string, int)"),
        ("app_user.id == null", "type-mismatch", "(string, null)"),
        (
            "app_user.app == null || app_user.app.label == 'x'",
            "constant-condition",
            "never null",
        ),
        // Always the same.
        ("1 < 2", "constant-condition", "always true"),
        (
            "app_user.status == 'ACTIVE' || true",
            "constant-condition",
            "always true",
        ),
        (
            "app_user.status == 'ACTIVE' && !(1 < 2)",
            "constant-condition",
            "always false",
        ),
        (
            "app_user.status == app_user.status",
            "constant-condition",
            "always true",
        ),
        (
            "app_user.status != app_user.status",
            "constant-condition",
            "always false",
        ),
        (
            "app_user.status == 'ACTIVE' && app_user.status == 'STAGED'",
            "constant-condition",
            "always false",
        ),
        (
            "app_user.status != 'ACTIVE' || app_user.status != 'STAGED'",
            "constant-condition",
            "always true",
        ),
        (
            "app_user.status.matches('(')",
            "evaluation-failed",
            "not a regular expression",
        ),
        (
            "timestamp('yesterday') < now",
            "evaluation-failed",
            "not an RFC 3339 time",
        ),
        (
            "[1, 2][5] == app_user.app.features.size()",
            "evaluation-failed",
            "always fails",
        ),
        // What may be null.
        (
            "app_user.entra_user.id == 'x'",
            "unguarded-link",
            "app_user.entra_user == null || …",
        ),
        (
            "app_user.lastUpdated < now",
            "nullable-operand",
            "app_user.lastUpdated == null || …",
        ),
        (
            "app_user.externalId + 'x' == 'yx'",
            "nullable-operand",
            "`+` does not take null",
        ),
        (
            "app_user.externalId.startsWith('x')",
            "nullable-operand",
            "`startsWith` does not take null",
        ),
        // Always unknown.
        (
            "app_user.entra_user == null || app_user.entra_user.last_sign_in > now",
            "always-unknown",
            "AuditLog.Read.All",
        ),
        // Joins.
        (
            "entra.users.exists(u, u.mail != null && u.mail.contains('x'))",
            "unindexed-join",
            "so that an index finds",
        ),
        // Syntax.
        ("app_user.status ==", "syntax", "p.yaml:6"),
    ] {
        refused(&format!("assert: {condition:?}"), code, words);
    }
    let fine = "app_user.status == 'ACTIVE'";
    for (body, code, words) in [
        (
            format!("let: {{ x: {fine:?} }}\nassert: {fine:?}"),
            "unused-let",
            "`x` is never used",
        ),
        (
            format!("show: {{ x: app_user.id }}\nassert: {fine:?}"),
            "unused-show",
            "`x` is shown in no message",
        ),
        (
            format!("requires: [entra_p3]\nassert: {fine:?}"),
            "unknown-requirement",
            "did you mean `entra_p1`?",
        ),
        (
            format!("frameworks: {{ cis-m365-6.1: ['1'] }}\nassert: {fine:?}"),
            "schema-violation",
            "did you mean `cis-m365-6.0`?",
        ),
        (
            format!("why: {{ en: x }}\nassert: {fine:?}"),
            "missing-translation",
            "`ja`",
        ),
    ] {
        refused(&body, code, words);
    }
    for condition in [
        fine,
        "app_user.lastUpdated == null || app_user.lastUpdated < now",
        "app_user.status == 'ACTIVE' || app_user.status == 'STAGED'",
        "app_user.status != 'ACTIVE' && app_user.status != 'STAGED'",
        "app_user.entra_user == null || app_user.entra_user.accountEnabled == true",
    ] {
        assert_eq!(status(&check(&format!("assert: {condition:?}"))), 0, "{condition}");
    }
    // A switch may be off, and yet the condition is about something.
    let switch = "params:\n  strict: { type: bool, default: false, about: { en: x, ja: x } }\n";
    assert_eq!(
        status(&check(&format!("{switch}assert: \"!params.strict || {fine}\""))),
        0
    );
    let template = rule("p.p", &format!("assert: {fine:?}")).replace("{ en: m, ja: m }", "{ en: '{{ y }}', ja: m }");
    write(
        folder.path(),
        "p.yaml",
        &template.replace("entra.subscribed_sku", "okta.app_user"),
    );
    refuses(
        folder.path(),
        &["policy", "check", "p.yaml"],
        &["unknown-template-variable", "`y`"],
    );
}

#[test]
fn the_pack_and_the_tenant_of_the_readme_are_sound() {
    let readme = include_str!("../../README.md");
    let block = |first: &str| {
        let blocks = readme
            .split("```yaml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap());
        blocks
            .into_iter()
            .find(|block| block.starts_with(first) && block.contains("policies:"))
            .unwrap()
    };
    let mine = |id: &str| seats().replace("mine.seats", id);
    let folder = folder(
        Some("contoso"),
        &[
            ("contoso/pack.yaml", block("id: contoso\n")),
            ("contoso/seats.yaml", &mine("contoso.seats")),
            ("shared-pack/pack.yaml", &PACK.replace("mine", "shared-pack")),
            ("shared-pack/seats.yaml", &mine("shared-pack.seats")),
            ("tenken.yaml", block("tenants:\n")),
        ],
    );
    let found = audit(folder.path(), &["--policies", "contoso", "--config", "tenken.yaml"]);
    assert_eq!(policy(&found, "contoso.seats")["params"][0]["value"], 10);
    assert!(found["summary"]["judgements"]["excluded"].as_u64().unwrap() > 0);
}
