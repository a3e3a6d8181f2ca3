//! `eval` and `query`.

use super::with_snapshot;
use crate::support::{refuses, status, stderr, stdout, tenken};

#[test]
fn eval_prints_values_as_json() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("v.json"),
        r#"{"n": 2, "x": 1.5, "s": "a", "l": [1, "b"], "m": {"k": null}}"#,
    )
    .unwrap();
    for (expression, value) in [
        ("1 + 1", "2"),
        ("1.0 + 1.0", "2.0"),
        ("2u", "2"),
        ("b'hi'", "\"aGk=\""),
        ("timestamp('2026-01-02T03:04:05Z')", "\"2026-01-02T03:04:05Z\""),
        ("duration('90m')", "\"5400s\""),
        ("[1, 2].map(x, x * 2)", "[2,4]"),
        ("{'a': [true, null]}", "{\"a\":[true,null]}"),
        ("type(1)", "\"int\""),
        ("optional.of(3)", "3"),
        ("0.0 / 0.0", "\"NaN\""),
        ("n * 2", "4"),
        ("s + 'b'", "\"ab\""),
        ("m.k == null && has(m.k)", "true"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("'🐱'.size()", "1"),
    ] {
        let output = tenken(folder.path(), &["eval", expression, "--vars", "v.json"]);
        assert_eq!(
            (status(&output), stdout(&output).trim_end()),
            (0, value),
            "{expression}: {}",
            stderr(&output)
        );
    }
    for (args, words) in [
        (vec!["eval", "1 / 0"], "divide by zero"),
        (vec!["eval", "nothing"], "undeclared reference"),
        (vec!["eval", "1 +"], "ends too early"),
        (vec!["eval", "1 + 'a'", "--check"], "does not take (int, string)"),
        (vec!["eval", "1 + 'a'"], "no such overload"),
        (vec!["eval", "1", "--vars", "missing.json"], "cannot read"),
        (vec!["eval", "'a'.matches('(')"], "not a regular expression"),
    ] {
        refuses(folder.path(), &args, &[words]);
    }
}

#[test]
fn expressions_made_to_explode_end_soon() {
    let folder = tempfile::tempdir().unwrap();
    let doubling = (0..40).fold("'aaaaaaaaaa'".to_owned(), |inner, _| {
        format!("cel.bind(x, {inner}, x + x)")
    });
    let loops = "lists.range(1000000).map(a, lists.range(1000000).map(b, lists.range(1000000)))";
    let regex = "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a*)*(a*)*(a*)*$|((a{1,100}){1,100}){1,100}')";
    for expression in [
        doubling.as_str(),
        loops,
        regex,
        "'x'.replace('', 'yyyy')",
        &"1+".repeat(40_000),
        &twice(""),
        &twice("=="),
        "lists.range(3000).all(x, string(x).matches('^(a|b|[0-9]{1,' + string(x) + '})*$'))",
    ] {
        let output = tenken(folder.path(), &["eval", expression]);
        assert!(matches!(status(&output), 0 | 2), "{}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"));
    }
}

/// A list that holds itself twice, forty times over, by itself or compared with itself.
fn twice(operator: &str) -> String {
    let end = if operator.is_empty() {
        "a".to_owned()
    } else {
        format!("a {operator} a")
    };
    let binds = "cel.bind(a, [a, a], ".repeat(40);
    format!("cel.bind(a, [1], {binds}{end}{}", ")".repeat(41))
}

#[test]
fn queries_look_into_a_snapshot() {
    let folder = with_snapshot("contoso");
    let ask = |expression: &str| tenken(folder.path(), &["query", "snap", expression]);
    let count = ask("entra.users.filter(u, u.accountEnabled == false).size()");
    assert_eq!(status(&count), 0, "{}", stderr(&count));
    assert!(stdout(&count).trim().parse::<u64>().is_ok(), "{}", stdout(&count));
    let joined = ask("okta.app_users.exists(a, a.entra_user != null && a.entra_user.usageLocation == 'UK')");
    assert_eq!(stdout(&joined).trim(), "true");
    let record: serde_json::Value = serde_json::from_str(&stdout(&ask("entra.organization"))).unwrap();
    assert!(record["verifiedDomains"].as_array().unwrap().len() > 1);
    let unknown = ask("entra.skus.map(s, s.ownership)");
    assert_eq!(status(&unknown), 4);
    assert!(stdout(&unknown).contains("\"unclassified\""));
    refuses(
        folder.path(),
        &["query", "snap", "entra.user.size()"],
        &["did you mean `entra.users`?"],
    );
    refuses(
        folder.path(),
        &["query", "snap", "entra.users.map(u, u.nam)"],
        &["no field `nam`"],
    );
    refuses(folder.path(), &["query", "nowhere", "1"], &["cannot read"]);
}

/// A policy with named values, and examples that come out as they should.
const WITH_NAMES: &str = r#"id: test.names
title: { en: t, ja: t }
severity: high
resource: okta.app_user
let:
  states: "app_user.entra_user == null ? [] : app_user.entra_user.license_states"
  owned: states.filter(s, s.assignedByGroup == null && s.sku.ownership == "user_owned")
  fine: owned.all(s, s.state != "Active")
  never_read: 1 / (owned.size() - owned.size())
assert: fine || never_read == 1
show: { user: app_user.credentials.userName, held: owned.size(), first: states }
message: { en: "{{ user }} holds {{ held }} {{ first | length }}", ja: "{{ user }} {{ held }} {{ first | length }}" }
examples:
  - name: nobody
    given: { okta.app_user: [{ id: u1, externalId: null, credentials: { userName: a@b.example } }] }
    expect: pass
  - name: unreadable
    given:
      okta.app_user: [{ id: u1, externalId: e1, credentials: { userName: a@b.example } }]
      status: { entra.user: denied }
    expect: { outcome: unknown, cause: no_permission }
"#;

#[test]
fn values_have_names() {
    let folder = with_snapshot("contoso");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("names.yaml", WITH_NAMES);
    let examples = tenken(folder.path(), &["policy", "test", "names.yaml"]);
    assert_eq!(status(&examples), 0, "{}", stderr(&examples));
    let audit = tenken(
        folder.path(),
        &["audit", "snap", "--policies", "names.yaml", "--report", "out.json"],
    );
    // Of 395 people four hold such a licence (one of them in the application of another tenant), and of two nobody
    // knows; dividing by nothing is the policy's own fault, and only where it is read.
    assert_eq!(status(&audit), 4, "{}", stdout(&audit));
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(json["policies"][0]["counts"]["pass"], 395 - 4 - 2);
    write(
        "names.yaml",
        &WITH_NAMES
            .replace(" || never_read == 1", "")
            .replace("  never_read: 1 / (owned.size() - owned.size())\n", ""),
    );
    let audit = tenken(
        folder.path(),
        &["audit", "snap", "--policies", "names.yaml", "--report", "out.json"],
    );
    assert_eq!(status(&audit), 1, "{}", stdout(&audit));
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("out.json")).unwrap()).unwrap();
    let finding = &json["findings"][0];
    // The evidence leads through the names to the records; what a name stands for can be personal.
    assert_eq!(finding["evidence"][0]["expression"], "s.state != \"Active\"");
    let records = finding["evidence"][0]["records"].as_array().unwrap();
    assert!(
        records.iter().any(|record| record["resource"]["type"] == "entra.user"),
        "{records:?}"
    );
    assert_eq!(finding["values"]["held"], 1);
    write(
        "wrong.yaml",
        "id: test.wrong\ntitle: { en: t, ja: t }\nseverity: high\nresource: okta.app_user\nlet:\n  now: \"1\"\n  \
         unused: \"3\"\n  broken: app_user.entra_user.accountEnabled\nassert: broken == true\nmessage: { en: m, ja: m }\n",
    );
    refuses(
        folder.path(),
        &["policy", "check", "wrong.yaml"],
        &[
            "wrong.yaml:6:3",
            "`now` is the name",
            "wrong.yaml:7:3",
            "`unused` is never used",
            "wrong.yaml:8:11",
            "unguarded-link",
        ],
    );
}

#[test]
fn query_results_are_tables_and_csv_too() {
    let folder = with_snapshot("contoso");
    let skus = "entra.subscribed_skus.map(s, {'sku': s.skuPartNumber, 'free': s.free_seats}).slice(0, 2)";
    let csv = tenken(folder.path(), &["query", "snap", skus, "--format", "csv"]);
    assert_eq!(stdout(&csv).lines().next(), Some("sku,free"), "{}", stderr(&csv));
    assert_eq!(stdout(&csv).lines().count(), 3);
    let table = tenken(folder.path(), &["query", "snap", skus, "--format", "table"]);
    assert!(
        stdout(&table).lines().nth(1).unwrap().starts_with("──"),
        "{}",
        stdout(&table)
    );
    let count = tenken(
        folder.path(),
        &["query", "snap", "entra.users.size() > 1", "--format", "csv"],
    );
    assert_eq!(stdout(&count), "value\ntrue\n");
}
