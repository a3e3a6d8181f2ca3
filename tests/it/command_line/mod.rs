//! The program as its user meets it: exit statuses, messages with places, nothing half-written.

mod documents;
mod policies;
mod queries;

use crate::support::{refuses, status, stderr, stdout, tenken};

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
fn what_a_tenant_or_a_policy_says_repaints_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let output = tenken(folder.path(), &["eval", "'\u{9b}31m\u{202e}\\u007f'"]);
    assert_eq!(stdout(&output), "\"\\u009b31m\\u202e\\u007f\"\n");
    let output = tenken(folder.path(), &["eval", "1 + '\u{9b}31m' +"]);
    assert!(!stderr(&output).contains('\u{9b}'), "{}", stderr(&output));
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
