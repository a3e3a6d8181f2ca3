//! Parameters: type, bounds, and whoever sets them.

use super::{CONFIG, PACK, audit, folder, policy, rule, seats, write};
use crate::support::{refuses, status, stderr, tenken};

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
    assert_eq!(found["adjustments"][0]["params"]["spare"], 50);
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
    assert_eq!(found["adjustments"][0]["reason"], "We grow");
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
