//! The program as its user meets it: exit statuses, messages with places, nothing half-written.

use std::path::Path;

use crate::support::{built_in, refuses, status, stderr, stdout, tenken};

/// A folder with a snapshot of a scenario in `snap`.
fn with_snapshot(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = tenken(
        folder.path(),
        &["simulate", "--scenario", scenario, "--snapshot", "snap"],
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    folder
}

#[test]
fn the_demo_goes_the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let output = tenken(folder.path(), &["demo"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let out = folder.path().join("tenken-demo");
    for file in ["audit.json", "report.html", "report.md", "snapshot/manifest.json"] {
        assert!(out.join(file).is_file(), "{file} is missing");
        assert!(
            stdout(&output).contains(file) || file.contains("manifest"),
            "the summary does not name {file}"
        );
    }
    let audit: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("audit.json")).unwrap()).unwrap();
    assert_eq!(audit["summary"]["judgements"]["fail"], 40);
    // A second time it takes the place of the first.
    let again = tenken(folder.path(), &["demo", "--scenario", "clean"]);
    assert_eq!(status(&again), 0, "{}", stderr(&again));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 4, "something was left behind");
}

#[test]
fn exit_statuses_are_as_the_help_says() {
    let folder = with_snapshot("contoso");
    let run = |args: &[&str]| status(&tenken(folder.path(), &[&["audit", "snap"], args].concat()));
    assert_eq!(run(&[]), 1);
    assert_eq!(run(&["--fail-on", "critical"]), 1);
    assert_eq!(run(&["--fail-on", "none"]), 0);
    assert_eq!(run(&["--fail-on", "none", "--strict"]), 4);
    assert_eq!(run(&["--strict"]), 1);
    let clean = with_snapshot("clean");
    assert_eq!(status(&tenken(clean.path(), &["audit", "snap", "--strict"])), 0);
    assert_eq!(status(&tenken(clean.path(), &["audit", "--help"])), 0);
    assert_eq!(
        status(&tenken(clean.path(), &["audit", "snap", "--fail-on", "worst"])),
        2
    );
}

#[test]
fn the_same_snapshot_gives_the_same_bytes() {
    let folder = with_snapshot("contoso");
    for name in ["a", "b"] {
        let output = tenken(
            folder.path(),
            &[
                "audit",
                "snap",
                "--report",
                &format!("{name}.json"),
                "--report",
                &format!("html:{name}"),
            ],
        );
        assert_eq!(status(&output), 1);
    }
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("a.json"), read("b.json"));
    assert_eq!(read("a"), read("b"));
    let other = with_snapshot("contoso");
    for file in ["manifest.json", "entra.user.ndjson.zst"] {
        let path = |folder: &tempfile::TempDir| std::fs::read(folder.path().join("snap").join(file)).unwrap();
        assert_eq!(path(&folder), path(&other), "{file}");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn bad_input_is_refused_with_its_place_and_leaves_nothing() {
    let folder = with_snapshot("clean");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let policy = |assert: &str| {
        format!(
            "id: test.one\ntitle: {{ en: One, ja: 一 }}\nseverity: low\nresource: okta.app_user\nassert: >-\n  {assert}\n\
             message: {{ en: m, ja: m }}\n"
        )
    };
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    write("syntax.yaml", "id: [\n");
    write("field.yaml", &policy("app_user.statsu == \"ACTIVE\""));
    write(
        "second-line.yaml",
        &policy("app_user.status == \"ACTIVE\"\n  && app_user.entra_user.accountEnabled == true"),
    );
    write("type.yaml", &policy("app_user.status > 3"));
    write("value.yaml", &policy("app_user.status == \"active\""));
    write("typo.yaml", &policy("app_user.status != \"SUSPENED\""));
    write(
        "join.yaml",
        &policy("app_user.app.app_users.exists(u, u.status == \"STAGED\")"),
    );
    write(
        "keys.yaml",
        &(policy("app_user.status == \"ACTIVE\"") + "asert: x\nsevrity: x\n"),
    );
    write("constant.yaml", &policy("1 < 2"));
    write(
        "fails.yaml",
        &policy("app_user.created > timestamp(\"2026-13-01\") && app_user.id.matches(\"[\")"),
    );
    write("not-bool.yaml", &policy("app_user.status"));
    write("cel.yaml", &policy("app_user.status =="));
    write("key.yaml", &(policy("true") + "asert: x\n"));
    let level = |n: u32| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(","));
    write(
        "bomb.yaml",
        &("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned() + &(1..9).map(level).collect::<String>()),
    );
    write(
        "deep.yaml",
        &policy(&format!("{}true{}", "(".repeat(5000), ")".repeat(5000))),
    );
    for (policies, words) in [
        ("syntax.yaml", vec!["syntax.yaml:1:5", "invalid-yaml"]),
        (
            "field.yaml",
            vec![
                "field.yaml:6:12",
                "no field `statsu`",
                "did you mean `status`?",
                "app_user.statsu == ",
            ],
        ),
        ("second-line.yaml", vec!["second-line.yaml:7:6", "unguarded-link"]),
        ("type.yaml", vec!["type.yaml:6:3", "`>` does not take (string, int)"]),
        ("value.yaml", vec!["value.yaml:6:22", "did you mean `ACTIVE`?"]),
        ("typo.yaml", vec!["typo.yaml:6:22", "did you mean `SUSPENDED`?"]),
        ("join.yaml", vec!["join.yaml:6:3", "again and again"]),
        (
            "keys.yaml",
            vec![
                "keys.yaml:8:1",
                "did you mean `assert`?",
                "keys.yaml:9:1",
                "did you mean `severity`?",
            ],
        ),
        ("constant.yaml", vec!["constant.yaml:6:3", "always true"]),
        (
            "fails.yaml",
            vec![
                "fails.yaml:6:22",
                "this always fails",
                "fails.yaml:6:49",
                "not a regular expression",
            ],
        ),
        ("not-bool.yaml", vec!["not-bool.yaml:6:3", "yields string"]),
        ("cel.yaml", vec!["cel.yaml:6:", "ends too early"]),
        (
            "key.yaml",
            vec!["key.yaml:8:1", "unknown key `asert`", "did you mean `assert`?"],
        ),
        ("bomb.yaml", vec!["bomb.yaml", "invalid-yaml"]),
        ("deep.yaml", vec!["deep.yaml:6:", "nests deeper"]),
        ("empty", vec!["holds no policy"]),
        ("nowhere", vec!["no file, folder or built-in pack `nowhere`"]),
    ] {
        refuses(
            folder.path(),
            &["audit", "snap", "--policies", policies, "--report", "out.html"],
            &words,
        );
        assert!(!folder.path().join("out.html").exists(), "{policies} left a report");
    }
    // All mistakes of all files in one run.
    let all = ["field.yaml", "type.yaml", "value.yaml"]
        .map(|file| ["--policies", file])
        .concat();
    let output = tenken(folder.path(), &[&["audit", "snap"][..], &all].concat());
    for file in ["field.yaml", "type.yaml", "value.yaml"] {
        assert!(stderr(&output).contains(&format!("{file}:6:")), "{}", stderr(&output));
    }
    refuses(folder.path(), &["audit", "nowhere"], &["cannot read", "manifest.json"]);
    refuses(
        folder.path(),
        &["audit", "snap", "--report", "report.doc"],
        &["does not tell the format"],
    );
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let folder = with_snapshot("clean");
    std::fs::create_dir(folder.path().join("taken.html")).unwrap();
    refuses(
        folder.path(),
        &["audit", "snap", "--report", "taken.html"],
        &["cannot write"],
    );
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn reports_do_not_get_into_each_other_s_way() {
    let folder = with_snapshot("clean");
    refuses(
        folder.path(),
        &["audit", "snap", "--report", "a.md", "--report", "html:./a.md"],
        &["named twice"],
    );
    refuses(
        folder.path(),
        &["audit", "snap", "--report", "json:-"],
        &["writes files"],
    );
    std::fs::create_dir(folder.path().join("taken.html")).unwrap();
    refuses(
        folder.path(),
        &["audit", "snap", "--report", "a.md", "--report", "taken.html"],
        &["cannot write"],
    );
    assert!(!folder.path().join("a.md").exists(), "one report was left of two");
    let devices = tenken(folder.path(), &["audit", "snap", "--report", "json:/dev/null"]);
    assert_eq!(status(&devices), 0);
    assert!(
        !std::fs::metadata("/dev/null").unwrap().is_file(),
        "a device was replaced"
    );
}

#[test]
fn a_reader_who_goes_away_does_not_change_the_status() {
    let folder = with_snapshot("contoso");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tenken"));
    command.current_dir(folder.path()).args(["audit", "snap"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_snapshot_of_nothing_is_no_clean_bill() {
    let folder = with_snapshot("clean");
    let path = folder.path().join("snap/manifest.json");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    json["resources"] = serde_json::json!([]);
    std::fs::write(&path, json.to_string()).unwrap();
    let output = tenken(folder.path(), &["audit", "snap"]);
    assert_eq!(status(&output), 2, "{}", stdout(&output));
    assert!(
        stderr(&output).contains("nothing could be judged"),
        "{}",
        stderr(&output)
    );
}

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
fn what_a_tenant_or_a_policy_says_repaints_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let output = tenken(folder.path(), &["eval", "'\u{9b}31m\u{202e}\\u007f'"]);
    assert_eq!(stdout(&output), "\"\\u009b31m\\u202e\\u007f\"\n");
    let output = tenken(folder.path(), &["eval", "1 + '\u{9b}31m' +"]);
    assert!(!stderr(&output).contains('\u{9b}'), "{}", stderr(&output));
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

#[test]
fn coverage_and_selection_decide_the_status() {
    let folder = with_snapshot("contoso");
    let audit = |more: &[&str]| {
        tenken(
            folder.path(),
            &[&["audit", "snap", "--fail-on", "none"][..], more].concat(),
        )
    };
    assert_eq!(status(&audit(&[])), 0);
    assert_eq!(status(&audit(&["--min-coverage", "99%"])), 0);
    let below = audit(&["--min-coverage", "99.9%"]);
    assert_eq!(status(&below), 4);
    assert!(
        stderr(&below).contains("provisioning.user-owned-licence: 99.4 %"),
        "{}",
        stderr(&below)
    );
    // The policies chosen here could be decided for everybody.
    assert_eq!(
        status(&audit(&[
            "--min-coverage",
            "100",
            "--select",
            "provisioning.trials-off"
        ])),
        0
    );
    refuses(
        folder.path(),
        &["audit", "snap", "--min-coverage", "120"],
        &["no percentage"],
    );
    refuses(
        folder.path(),
        &["audit", "snap", "--select", "tag:licences"],
        &["no tag `licences`", "did you mean `licence`?"],
    );
    let one = tenken(
        folder.path(),
        &["audit", "snap", "--select", "provisioning.email-sign-up-off"],
    );
    assert_eq!(status(&one), 0, "a medium failure is below `--fail-on high`");
    assert!(stdout(&one).contains("The policy fails"), "{}", stdout(&one));
}

#[test]
fn mistakes_have_codes_that_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let list = tenken(folder.path(), &["policy", "codes"]);
    for line in stdout(&list).lines() {
        let code = line.split_whitespace().next().unwrap();
        let one = tenken(folder.path(), &["policy", "codes", code]);
        assert!(
            status(&one) == 0 && stdout(&one).trim_end().lines().count() == 3,
            "{code}"
        );
    }
    refuses(
        folder.path(),
        &["policy", "codes", "unguarded-lnk"],
        &["did you mean `unguarded-link`?"],
    );
}

#[test]
fn policies_can_be_listed_shown_checked_and_tested() {
    let folder = tempfile::tempdir().unwrap();
    let list = tenken(folder.path(), &["policy", "list"]);
    assert_eq!(stdout(&list).lines().count(), built_in().len());
    let japanese = tenken(folder.path(), &["policy", "list", "--lang", "ja"]);
    assert!(stdout(&japanese).contains("ライセンス"));
    let show = tenken(folder.path(), &["policy", "show", "provisioning.seats"]);
    assert!(stdout(&show).starts_with("id: provisioning.seats\n"));
    refuses(
        folder.path(),
        &["policy", "show", "provisioning.seat"],
        &["did you mean `provisioning.seats`?"],
    );
    assert_eq!(status(&tenken(folder.path(), &["policy", "check"])), 0);
    let test = tenken(folder.path(), &["policy", "test"]);
    assert_eq!(status(&test), 0, "{}", stderr(&test));
    // An example that comes out otherwise, and a policy without any, are both failures.
    let text = stdout(&show);
    std::fs::write(
        folder.path().join("wrong.yaml"),
        text.replacen("expect: fail", "expect: pass", 1),
    )
    .unwrap();
    refuses(
        folder.path(),
        &["policy", "test", "wrong.yaml"],
        &["wrong.yaml:", "it came out fail", "expected: pass"],
    );
    let bare = text.split("examples:").next().unwrap();
    std::fs::write(folder.path().join("bare.yaml"), bare).unwrap();
    refuses(folder.path(), &["policy", "test", "bare.yaml"], &["no example to run"]);
}

#[test]
fn configuration_mistakes_are_told_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    refuses(
        folder.path(),
        &["snapshot"],
        &["cannot read `tenken.yaml`", "tenken init"],
    );
    for (text, words) in [
        ("tenants: []\n", vec!["tenken.yaml:1:"]),
        (
            "tenants:\n  - name: a\n    okta: { url: 'http://contoso.okta.com', token: { env: T } }\n",
            vec!["tenken.yaml:3:", "in the clear"],
        ),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://contoso.okta.com', token: s3cret }\n",
            vec!["tenken.yaml:3:", "never stands in the configuration", "{ env: NAME }"],
        ),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://u:s3cret@contoso.okta.com', token: { value: s3cret } }\n",
            vec!["tenken.yaml:3:"],
        ),
        ("tenants:\n  - name: a\n", vec!["one of `okta`, `entra` is required"]),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://contoso.okta.com', tokn: { env: T } }\n",
            vec!["did you mean `token`?"],
        ),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://127.0.0.1:9', token: { env: NOT_SET_ANYWHERE } }\n",
            vec!["`NOT_SET_ANYWHERE` is not set"],
        ),
    ] {
        std::fs::write(folder.path().join("tenken.yaml"), text).unwrap();
        refuses(folder.path(), &["snapshot"], &words);
        assert!(
            !stderr(&tenken(folder.path(), &["snapshot"])).contains("s3cret"),
            "{text}"
        );
    }
    let init = tenken(folder.path(), &["init"]);
    std::fs::write(folder.path().join("tenken.yaml"), init.stdout.clone()).unwrap();
    for permission in [
        "User.Read.All",
        "OrgSettings-AppsAndServices.Read.All",
        "okta.apps.read",
        "okta.logs.read",
    ] {
        assert!(stdout(&init).contains(permission), "{permission}");
    }
    assert!(
        !stdout(&init).contains("Write"),
        "the configuration asks for more than reading"
    );
    refuses(folder.path(), &["snapshot"], &["`TENKEN_OKTA_TOKEN` is not set"]);
    assert!(
        !folder.path().join("snapshots").exists()
            || std::fs::read_dir(folder.path().join("snapshots")).unwrap().count() == 0
    );
}

#[test]
fn nobody_listening_is_a_failed_collection() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let text = format!(
        "tenants:\n  - name: a\n    okta: {{ url: 'http://127.0.0.1:{port}', token: {{ command: [echo, t0p] }} }}\n"
    );
    std::fs::write(folder.path().join("tenken.yaml"), text).unwrap();
    let output = tenken(folder.path(), &["snapshot", "--out", "snap"]);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert!(!stderr(&output).contains("t0p"), "the credential was shown");
    assert!(!folder.path().join("snap").exists());
}

#[test]
fn schemas_are_json_schemas_and_resources_are_described() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policy", "config", "audit", "manifest"] {
        let schema: serde_json::Value =
            serde_json::from_str(&stdout(&tenken(folder.path(), &["schema", name]))).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        assert!(schema["title"].is_string(), "{name}");
    }
    let all = stdout(&tenken(folder.path(), &["resources"]));
    assert!(all.contains("okta.app_user ") && all.contains("entra.apps_and_services"));
    let one = stdout(&tenken(folder.path(), &["resources", "entra.user"]));
    assert!(
        one.contains("User.Read.All") && one.contains("licenseAssignmentStates") && one.contains("assignedByGroup")
    );
    refuses(
        folder.path(),
        &["resources", "okta.usr"],
        &["did you mean `okta.user`?"],
    );
}

#[test]
fn the_schemas_for_editors_are_the_printed_ones() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policy", "error"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("policies/schema/{name}.json"));
        let printed = stdout(&tenken(folder.path(), &["schema", name]));
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &printed).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == printed,
            "run this test with UPDATE_SCHEMA=1"
        );
    }
}

#[test]
fn the_readme_says_what_is_true() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let policies = crate::support::built_in();
    let plan = tenken::collect::plan(&tenken::policy::needs(&policies));
    for source in [tenken::catalog::SourceName::Okta, tenken::catalog::SourceName::Entra] {
        for permission in plan.permissions(source) {
            assert!(
                readme.contains(&format!("`{permission}`")),
                "the README does not list {permission}"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let policy = readme
        .split("```yaml\nid:")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    std::fs::write(folder.path().join("policy.yaml"), format!("id:{policy}")).unwrap();
    let test = tenken(folder.path(), &["policy", "test", "policy.yaml"]);
    assert_eq!(status(&test), 0, "the README's policy: {}", stderr(&test));
    let config = readme
        .split("```yaml\ntenants:")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert!(tenken::config::Config::parse("README", &format!("tenants:{config}")).is_ok());
}

#[test]
fn a_plan_takes_neither_configuration_nor_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |args: &[&str]| {
        let output = tenken(folder.path(), &[&["snapshot", "--plan"], args].concat());
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    let text = plan(&["--people", "100000"]);
    for part in [
        "okta.app_user",
        "GET /api/v1/users",
        "  okta.apps.read",
        "  Organization.Read.All",
        "minutes for 100000 people",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&plan(&[args, &["--format", "json"]].concat())).unwrap()
    };
    let (needed, all) = (json(&[]), json(&["--all"]));
    let count = |plan: &serde_json::Value| plan["steps"].as_array().unwrap().len();
    assert!(
        count(&needed) < 30 && count(&all) > 100,
        "{} of {}",
        count(&needed),
        count(&all)
    );
    // One policy needs less than all, more people take more requests, and a larger share takes less time.
    let seats = json(&["--select", "provisioning.seats"]);
    assert!(count(&seats) < count(&needed));
    let many = json(&["--people", "1000000"]);
    assert!(many["requests"].as_u64() > needed["requests"].as_u64());
    let eager = json(&["--people", "1000000", "--rate-share", "100%"]);
    assert!(eager["minutes"].as_f64() < many["minutes"].as_f64());
    // Nothing was collected.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let refused = tenken(folder.path(), &["snapshot", "--people", "5"]);
    assert_eq!(status(&refused), 2, "{}", stderr(&refused));
}
