//! What the System Log tells of a person.

use serde_json::Value as Json;

use crate::support;

/// The scenario's own people, in `snap`.
fn simulated() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let simulated = [
        "simulate",
        "--scenario",
        "rollout-3000",
        "--users",
        "0",
        "--snapshot",
        "snap",
    ];
    assert_eq!(support::status(&support::tenken(folder.path(), &simulated)), 0);
    folder
}

#[test]
fn failures_in_the_log_are_held_against_the_present() {
    let folder = simulated();
    let history = |key: &str| {
        let person = format!("{key}@northwind.example");
        let output = support::tenken(folder.path(), &["diagnose", "snap", &person, "--format", "json"]);
        let found: Json = serde_json::from_str(&support::stdout(&output)).unwrap();
        let failures = found["history"]["failures"].as_array().unwrap().clone();
        assert_eq!(found["history"]["whole"], true);
        failures
            .iter()
            .map(|failure| {
                let text = |name: &str| failure[name].as_str().unwrap_or_default().to_owned();
                (text("cause"), text("present"), failure["times"].as_u64().unwrap())
            })
            .collect::<Vec<_>>()
    };
    let told = |cause: &str, present: &str, times| (cause.to_owned(), present.to_owned(), times);
    // The newest first, and what was told twice is one.
    assert_eq!(
        history("recovered-001"),
        [
            told("proxy-address-taken", "gone", 1),
            told("usage-location-invalid", "gone", 2)
        ]
    );
    assert_eq!(history("uk-001"), [told("usage-location-invalid", "persists", 1)]);
    assert_eq!(history("exploratory-001"), [told("user-owned-licence", "persists", 1)]);
    assert_eq!(history("gone-001"), [told("account-deleted-in-entra", "persists", 1)]);
    assert_eq!(history("copilot-001"), []);
    // The reports that are handed on tell it too.
    let person = "recovered-001@northwind.example";
    let reports = ["--report", "d.html", "--report", "d.md", "--lang", "en"];
    support::tenken(
        folder.path(),
        &[["diagnose", "snap", person].as_slice(), &reports].concat(),
    );
    for report in ["d.html", "d.md"] {
        let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
        assert!(text.contains("(2 times since"), "{report}");
        assert!(text.contains("the cause is gone since"), "{report}");
    }
    // A log that was not read is no log without failures.
    support::change_status(&folder.path().join("snap"), "okta.provisioning_failure", "denied");
    let output = support::tenken(folder.path(), &["diagnose", "snap", "uk-001@northwind.example"]);
    assert!(
        support::stdout(&output).contains("The System Log was not read to its end"),
        "{}",
        support::stdout(&output)
    );
}

/// A failure whose cause nothing in a snapshot tells is over only where Okta has reached the account since.
#[test]
fn that_nothing_fails_at_present_does_not_mean_that_it_works_since() {
    let folder = simulated();
    let place = folder.path().join("snap");
    support::change_lines(&place, "okta.provisioning_failure", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["outcome"]["reason"] = "Rate limit exceeded for Microsoft Graph.".into();
        json.to_string()
    });
    let told = || {
        let person = "recovered-001@northwind.example";
        let output = support::tenken(folder.path(), &["diagnose", "snap", person, "--format", "json"]);
        let found: Json = serde_json::from_str(&support::stdout(&output)).unwrap();
        let failure = &found["history"]["failures"][0];
        assert_eq!(failure["cause"], "throttled");
        (failure["present"].clone(), found["person"]["failing"].clone())
    };
    let reached = |at: &str| {
        support::change_lines(&place, "okta.app_user", |line| {
            let mut json: Json = serde_json::from_str(line).unwrap();
            json["object"]["lastSync"] = at.into();
            json["object"]["statusChanged"] = at.into();
            json.to_string()
        });
    };
    reached("2999-01-01T00:00:00.000Z");
    assert_eq!(told(), (Json::from("works"), Json::from(false)));
    reached("2001-01-01T00:00:00.000Z");
    assert_eq!(told(), (Json::from("open"), Json::Null));
}
