//! Wrong answers that other policy tools gave, each with the test that keeps this one from giving it.
//!
//! | behaviour | held by |
//! |---|---|
//! | a mistyped field, enum value, operator, key, pack or id is an error with a suggestion | `command_line::bad_input_is_refused_with_its_place_and_leaves_nothing`, `coverage_and_selection_decide_the_status` |
//! | zero policies, resources, tests, matches: distinct outcomes, no success by default | [`nothing_has_many_names_and_none_is_success`], `command_line::a_snapshot_of_nothing_is_no_clean_bill` |
//! | one page read of many: what is said of all is unknown (`truncated`) | [`a_list_that_was_read_in_part_says_nothing_about_all`], `collection::a_list_that_breaks_off_is_partial_with_what_was_read` |
//! | a property that was not asked for is neither null nor a number | [`what_was_not_asked_for_is_neither_null_nor_a_value`] |
//! | a refused call for one person is that person's unknown | `collection::one_parents_failure_is_that_parents_matter` |
//! | a missing permission is never a failure | `detection::a_refused_call_is_unknown_and_the_run_goes_on`, `detection::a_type_that_was_refused_is_not_an_empty_one` |
//! | `not` over unknown stays unknown; limits are not absorbed by `not` | `expr::three_valued` (both laws), [`a_limit_is_an_error_under_any_operator`] |
//! | `!=` and `not in` on an absent leaf, an absent parent and null, both ways round | [`inequality_and_membership_on_absent_and_null`] |
//! | an empty selection has one meaning however it arose | [`an_empty_list_is_one_thing_however_it_came_about`] |
//! | expired waivers count nowhere; boundary day; invalid date; `--as-of` | `waivers::a_waiver_holds_through_its_last_day_in_utc`, `waivers::mistakes_in_a_file_of_waivers_are_told_at_their_place` |
//! | a waived failure is a pass in no total and no format | `waivers::a_waived_failure_is_never_a_pass` |
//! | a waiver that matches nothing is reported | `waivers::a_waiver_holds_through_its_last_day_in_utc` |
//! | an example with another outcome than expected fails; an unheard-of outcome is an error | [`examples_fail_in_both_directions`] |
//! | a million findings: the page stays within a budget and says what was cut | `report::limits` |
//! | a snapshot older than so many days: warning or error | [`an_old_snapshot_is_refused_or_warned_of`] |
//! | an old program with a new pack: one clear message | kept with packs and their versions |

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value as Json, json};

use crate::support::{change_lines, change_manifest};

fn tenken(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenken"));
    command
        .current_dir(folder)
        .env_clear()
        .env("NO_COLOR", "1")
        .args(args)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn with_snapshot(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = tenken(
        folder.path(),
        &["simulate", "--scenario", scenario, "--snapshot", "snap"],
    );
    assert_eq!(code(&output), 0, "{}", said(&output));
    folder
}

/// What a question about the snapshot comes to: yes, no, or not known with its causes.
fn ask(folder: &Path, question: &str) -> Result<bool, Vec<String>> {
    let output = tenken(folder, &["query", "snap", question, "--format", "json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let json: Json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{question}: {text}{}", said(&output)));
    match json {
        Json::Bool(value) => Ok(value),
        other => {
            assert_eq!(code(&output), 4, "{question}: {other}");
            let causes = other["unknown"].as_array().unwrap();
            Err(causes
                .iter()
                .map(|cause| cause["cause"].as_str().unwrap().to_owned())
                .collect())
        }
    }
}

/// Changes the object of the first line of a resource type.
fn change_first(folder: &Path, resource: &str, change: impl Fn(&mut Json)) {
    let first = std::cell::Cell::new(true);
    change_lines(&folder.join("snap"), resource, |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if first.replace(false) {
            change(&mut json["object"]);
        }
        json.to_string()
    });
}

#[test]
fn inequality_and_membership_on_absent_and_null() {
    let absent = || Err(vec!["absent".to_owned()]);
    let cases: [(&str, Result<bool, Vec<String>>); 3] = [("leaf", absent()), ("null", Ok(false)), ("value", Ok(true))];
    for (state, equal) in cases {
        let folder = with_snapshot("clean");
        change_first(folder.path(), "entra.user", |user| {
            user["id"] = json!("the-one");
            match state {
                "leaf" => drop(user.as_object_mut().unwrap().remove("usageLocation")),
                "null" => user["usageLocation"] = Json::Null,
                _ => user["usageLocation"] = json!("XX"),
            }
        });
        let of = |test: &str| {
            ask(
                folder.path(),
                &format!("entra.users.exists(u, u.id == 'the-one' && ({test}))"),
            )
        };
        let not = equal.clone().map(|equal| !equal);
        for (test, expected) in [
            ("u.usageLocation == 'XX'", &equal),
            ("!(u.usageLocation != 'XX')", &equal),
            ("u.usageLocation in ['XX', 'YY']", &equal),
            ("u.usageLocation != 'XX'", &not),
            ("!(u.usageLocation == 'XX')", &not),
            ("!(u.usageLocation in ['XX', 'YY'])", &not),
        ] {
            assert_eq!(&of(test), expected, "{state}: {test}");
        }
    }
}

#[test]
fn a_parent_that_is_absent_is_as_absent_as_its_fields() {
    let folder = with_snapshot("clean");
    change_first(folder.path(), "entra.apps_and_services", |object| {
        drop(object.as_object_mut().unwrap().remove("settings"))
    });
    for test in ["", "!"] {
        let found = ask(
            folder.path(),
            &format!("{test}(entra.apps_and_services.settings.isOfficeStoreEnabled)"),
        );
        assert_eq!(found, Err(vec!["absent".to_owned()]), "{test}");
        let found = ask(
            folder.path(),
            &format!("{test}(entra.apps_and_services.settings.isOfficeStoreEnabled != true)"),
        );
        assert_eq!(found, Err(vec!["absent".to_owned()]), "{test}");
    }
}

#[test]
fn what_was_not_asked_for_is_neither_null_nor_a_value() {
    let folder = with_snapshot("clean");
    change_manifest(&folder.path().join("snap"), "entra.user", |entry| {
        let fields = entry["fields"].as_array_mut().unwrap();
        fields.retain(|field| field != "usageLocation");
    });
    change_lines(&folder.path().join("snap"), "entra.user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"].as_object_mut().unwrap().remove("usageLocation");
        json.to_string()
    });
    for test in ["== null", "!= null", "== 'JP'", "!= 'JP'"] {
        let found = ask(folder.path(), &format!("entra.users.exists(u, u.usageLocation {test})"));
        assert_eq!(found, Err(vec!["not_collected".to_owned()]), "{test}");
    }
}

#[test]
fn a_list_that_was_read_in_part_says_nothing_about_all() {
    let folder = with_snapshot("clean");
    change_manifest(&folder.path().join("snap"), "entra.user", |entry| {
        entry["status"] = json!("partial")
    });
    let open = || Err(vec!["truncated".to_owned()]);
    for (question, expected) in [
        ("entra.users.all(u, u.id != 'nobody')", open()),
        ("entra.users.exists(u, u.id == 'nobody')", open()),
        ("entra.users.size() < 1000000", open()),
        ("entra.users.exists(u, u.id != 'nobody')", Ok(true)),
        ("entra.users.all(u, u.id == 'nobody')", Ok(false)),
        ("entra.users.size() > 1", Ok(true)),
    ] {
        assert_eq!(ask(folder.path(), question), expected, "{question}");
    }
}

#[test]
fn a_limit_is_an_error_under_any_operator() {
    let folder = with_snapshot("clean");
    let endless = "lists.range(1000000).all(x, lists.range(1000000).all(y, x == x))";
    for question in [
        format!("!({endless})"),
        format!("true || !({endless}) ? {endless} : false"),
    ] {
        let output = tenken(folder.path(), &["query", "snap", &question]);
        assert_eq!(code(&output), 2);
        assert!(said(&output).contains("too much"), "{}", said(&output));
    }
}

#[test]
fn an_empty_list_is_one_thing_however_it_came_about() {
    let folder = with_snapshot("clean");
    let lists = [
        "[]",
        "entra.users.filter(u, false)",
        "entra.users.filter(u, u.id == 'nobody')",
        "entra.users.map(u, u.id == 'nobody', u)",
    ];
    for list in lists {
        for (question, expected) in [
            ("L.size() == 0", true),
            ("L.all(x, x == x && false)", true),
            ("L.exists(x, x == x)", false),
            ("L == []", true),
        ] {
            assert_eq!(
                ask(folder.path(), &question.replace('L', list)),
                Ok(expected),
                "{list} {question}"
            );
        }
    }
}

fn policy(more: &str) -> String {
    format!(
        "id: test.one\ntitle: {{ en: t, ja: t }}\nseverity: high\nresource: okta.app_user\nmessage: {{ en: m, ja: m }}\n\
         assert: app_user.status != \"SUSPENDED\"\n{more}"
    )
}

#[test]
fn nothing_has_many_names_and_none_is_success() {
    let folder = with_snapshot("clean");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    write("one.yaml", &policy(""));
    write("scope.yaml", &policy("when: app_user.status == \"SUSPENDED\"\n"));
    let no_policies = tenken(folder.path(), &["audit", "snap", "--policies", "empty"]);
    let no_choice = tenken(folder.path(), &["audit", "snap", "--select", "test.none"]);
    let no_tests = tenken(folder.path(), &["policy", "test", "one.yaml"]);
    let no_match = tenken(
        folder.path(),
        &["audit", "snap", "--policies", "scope.yaml", "--report", "a.json"],
    );
    for (output, words) in [
        (&no_policies, "holds no policy"),
        (&no_choice, "test.none"),
        (&no_tests, "nothing was tested"),
    ] {
        assert_eq!(code(output), 2, "{}", said(output));
        assert!(said(output).contains(words), "{}", said(output));
    }
    let outcome = |file: &str| {
        let json: Json = serde_json::from_str(&std::fs::read_to_string(folder.path().join(file)).unwrap()).unwrap();
        (
            json["policies"][0]["outcome"].clone(),
            json["policies"][0]["not_applicable"].clone(),
        )
    };
    assert_eq!(code(&no_match), 0, "{}", said(&no_match));
    assert_eq!(outcome("a.json"), (json!("not_applicable"), json!("out_of_scope")));
    crate::support::write_lines(&folder.path().join("snap"), "okta.app_user", "");
    let no_resources = tenken(
        folder.path(),
        &["audit", "snap", "--policies", "one.yaml", "--report", "b.json"],
    );
    assert_eq!(outcome("b.json"), (json!("not_applicable"), json!("no_resources")));
    assert_eq!(code(&no_resources), 2, "{}", said(&no_resources));
    assert!(
        said(&no_resources).contains("nothing could be judged"),
        "{}",
        said(&no_resources)
    );
}

#[test]
fn examples_fail_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let example = |status: &str, expect: &str| {
        policy(&format!(
            "examples:\n  - name: e\n    given:\n      okta.app_user: [{{ id: u, status: {status} }}]\n    expect: {expect}\n"
        ))
    };
    for (status, expect, expected) in [
        ("ACTIVE", "pass", 0),
        ("SUSPENDED", "fail", 0),
        ("ACTIVE", "fail", 2),
        ("SUSPENDED", "pass", 2),
        ("ACTIVE", "not_applicable", 2),
        ("ACTIVE", "skip", 2),
    ] {
        std::fs::write(folder.path().join("p.yaml"), example(status, expect)).unwrap();
        let output = tenken(folder.path(), &["policy", "test", "p.yaml"]);
        let ended = if code(&output) == 0 { 0 } else { 2 };
        assert_eq!(
            ended,
            expected,
            "{status} expected to {expect}: {} {}",
            code(&output),
            said(&output)
        );
    }
}

#[test]
fn an_old_snapshot_is_refused_or_warned_of() {
    let folder = with_snapshot("clean");
    let manifest = std::fs::read_to_string(folder.path().join("snap/manifest.json")).unwrap();
    let ended: jiff::Timestamp = serde_json::from_str::<Json>(&manifest).unwrap()["ended"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let audit = |hours: i64, more: &[&str]| {
        let as_of = (ended + jiff::SignedDuration::from_hours(hours)).to_string();
        tenken(
            folder.path(),
            &[&["audit", "snap", "--as-of", &as_of][..], more].concat(),
        )
    };
    let young = audit(7 * 24, &["--max-age", "7", "--warn-age", "7"]);
    assert_eq!(
        (code(&young), said(&young).contains("older")),
        (0, false),
        "{}",
        said(&young)
    );
    let refused = audit(7 * 24 + 1, &["--max-age", "7"]);
    assert_eq!(code(&refused), 2);
    assert!(
        said(&refused).contains("stale-snapshot") && said(&refused).contains("older than 7 days"),
        "{}",
        said(&refused)
    );
    let warned = audit(9 * 24, &["--max-age", "30", "--warn-age", "7"]);
    assert_eq!(code(&warned), 0, "{}", said(&warned));
    assert!(
        said(&warned).contains("warning") && said(&warned).contains("9 days before"),
        "{}",
        said(&warned)
    );
    // Without a present there is no age.
    assert_eq!(code(&tenken(folder.path(), &["audit", "snap", "--max-age", "7"])), 2);
}
