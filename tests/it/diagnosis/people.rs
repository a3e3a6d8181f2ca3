//! A person, or a text with a snapshot: what is found, and what speaks for and against it.

use serde_json::Value as Json;
use tenken::audit::Outcome;
use tenken::audit::diagnosis::{NamedBy, SpreadKind, Standing};
use tenken::diagnose::WhoError;
use tenken::expr::Cause;
use tenken::simulator::ServerOptions;

use super::{KAHO, REFUSED, diagnosed, diagnosis, ids, tenken};
use crate::support;

#[tokio::test]
async fn the_founding_case_is_told_from_the_text_to_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    // The text names the person, by name only.
    let audit = diagnosed(&place, Some(REFUSED), None).unwrap();
    let found = diagnosis(&audit);
    let person = found.person.as_ref().unwrap();
    assert_eq!(person.named_by, NamedBy::ErrorText);
    assert_eq!(person.resource.name.as_deref(), Some(KAHO));
    assert_eq!(person.failing, Some(true));
    let spread = found.spread.unwrap();
    assert_eq!(spread.kind, SpreadKind::Some);
    assert!(spread.failing > 1 && spread.working > spread.failing);
    let cause = &found.causes[0];
    assert_eq!(
        (cause.id.as_str(), cause.standing),
        ("user-owned-licence", Standing::Supported)
    );
    let clue = &cause.clues[0];
    assert_eq!(clue.finding.outcome, Outcome::Fail);
    assert_eq!(clue.finding.values["licences"][0], "Microsoft Teams Exploratory Dept");
    let reads: Vec<_> = clue.finding.evidence.iter().flat_map(|part| &part.reads).collect();
    assert!(
        reads
            .iter()
            .any(|read| read.path.ends_with("sku.ownership") && read.value == "user_owned")
    );
    // What speaks against the others is said too.
    let standing = |id: &str| {
        found
            .causes
            .iter()
            .find(|cause| cause.id == id)
            .map(|cause| cause.standing)
    };
    assert_eq!(standing("group-inherited-licence"), Some(Standing::Contradicted));
    let consent = found
        .causes
        .iter()
        .find(|cause| cause.id == "okta-client-consent")
        .unwrap();
    assert_eq!(consent.fits_spread, Some(false));
    // The audit is about her alone.
    let others = audit.findings.iter().filter_map(|finding| finding.resource.as_ref());
    assert!(
        others
            .filter(|id| id.resource_type == "okta.app_user")
            .all(|id| id.name.as_deref() == Some(KAHO))
    );
}

#[tokio::test]
async fn a_person_is_found_by_whatever_they_are_known_by() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let query = |cel: &str| {
        let output = tenken(folder.path(), &["query", "snapshot", cel, "--format", "json"], "");
        let json: Json = serde_json::from_slice(&output.stdout).unwrap();
        json[0].as_str().unwrap().to_owned()
    };
    let okta = query(&format!(
        "okta.users.filter(u, u.profile.login == '{KAHO}').map(u, u.id)"
    ));
    let entra = query(&format!(
        "entra.users.filter(u, u.userPrincipalName == '{KAHO}').map(u, u.id)"
    ));
    for name in [KAHO, &KAHO.to_uppercase(), &okta, &entra] {
        let audit = diagnosed(&place, None, Some(name)).unwrap();
        let found = diagnosis(&audit);
        assert_eq!(
            found.person.as_ref().unwrap().resource.name.as_deref(),
            Some(KAHO),
            "{name}"
        );
        // The System Log has the text.
        assert!(found.error.as_ref().unwrap().logged.is_some());
        assert_eq!(found.causes[0].id, "user-owned-licence");
    }
    let with_id = REFUSED
        .replace("/users/ID/", &format!("/users/{entra}/"))
        .replace("白川 果歩", "somebody");
    let audit = diagnosed(&place, Some(&with_id), None).unwrap();
    assert_eq!(
        diagnosis(&audit).person.as_ref().unwrap().resource.name.as_deref(),
        Some(KAHO)
    );

    let near = diagnosed(&place, None, Some("kaho.shirakawa@contoso.exampl")).unwrap_err();
    let WhoError::Nobody { near, unread } = near else {
        panic!("{near:?}")
    };
    assert_eq!(near[0], KAHO);
    assert!(unread.is_empty());
    let output = tenken(
        folder.path(),
        &["diagnose", "snapshot", "kaho.shirakawa@contoso.exampl"],
        "",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("did you mean `{KAHO}`")));

    // Two people of one address.
    support::change_lines(&place, "okta.user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["profile"]["login"] == "marcus.oyelaran@contoso.example" {
            json["object"]["profile"]["email"] = KAHO.into();
        }
        json.to_string()
    });
    let WhoError::Several(people) = diagnosed(&place, None, Some(KAHO)).unwrap_err() else {
        panic!("the first of two was taken")
    };
    assert_eq!(people.len(), 2);
    let output = tenken(folder.path(), &["diagnose", "snapshot", KAHO], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("means 2 people"));
    assert!(diagnosed(&place, None, Some(&okta)).is_ok(), "an id is one person");
}

#[tokio::test]
async fn nothing_wrong_is_said_of_who_has_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let audit = diagnosed(&place, None, Some("sakura.ichinose@contoso.example")).unwrap();
    let found = diagnosis(&audit);
    assert_eq!(found.person.as_ref().unwrap().failing, Some(false));
    assert!(ids(found).is_empty(), "{:?}", ids(found));
    let output = tenken(
        folder.path(),
        &["diagnose", "snapshot", "sakura.ichinose@contoso.example"],
        "",
    );
    assert_eq!(output.status.code(), Some(0));
    // Policies that only suggest a cause cannot rule it out either.
    let text = "A conflicting object with one or more of the specified property values is present in the directory.";
    let audit = diagnosed(&place, Some(text), Some("sakura.ichinose@contoso.example")).unwrap();
    let causes = &diagnosis(&audit).causes;
    let conflict = causes.iter().find(|cause| cause.id == "object-conflict").unwrap();
    assert_eq!(conflict.standing, Standing::Open);
    // What only may be so is said to be so.
    let audit = diagnosed(&place, None, Some("takumi.misaki@contoso.example")).unwrap();
    let cause = &diagnosis(&audit).causes[0];
    assert_eq!(
        (cause.id.as_str(), cause.standing),
        ("user-owned-licence", Standing::Suggested)
    );
    // Faults in another tenant's application are not this tenant's.
    let audit = diagnosed(&place, None, Some("paula.grimaldi@fabrikam.example")).unwrap();
    assert!(ids(diagnosis(&audit)).is_empty(), "{:?}", ids(diagnosis(&audit)));
}

#[tokio::test]
async fn everybody_failing_points_to_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    support::change_lines(&place, "okta.app_user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["syncState"] = "ERROR".into();
        json.to_string()
    });
    support::change_lines(&place, "entra.service_principal", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["accountEnabled"] = false.into();
        json.to_string()
    });
    let text =
        r#"errorCode=Authorization_RequestDenied errorMessage="Insufficient privileges to complete the operation.""#;
    let audit = diagnosed(&place, Some(text), None).unwrap();
    let found = diagnosis(&audit);
    assert_eq!(found.spread.unwrap().kind, SpreadKind::Everyone);
    assert!(found.person.is_none());
    assert_eq!(found.causes[0].id, "okta-client-consent", "{:?}", ids(found));
}

#[tokio::test]
async fn what_was_not_read_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/v1.0/users".to_owned()],
        ..ServerOptions::default()
    };
    let (place, _) = support::collected("contoso", options, folder.path()).await;
    let audit = diagnosed(&place, Some(REFUSED), Some(KAHO)).unwrap();
    let cause = &diagnosis(&audit).causes[0];
    assert_eq!(
        (cause.id.as_str(), cause.standing),
        ("user-owned-licence", Standing::Open)
    );
    let causes: Vec<Cause> = cause
        .clues
        .iter()
        .flat_map(|clue| &clue.finding.causes)
        .map(|origin| origin.cause)
        .collect();
    assert!(causes.contains(&Cause::NoPermission), "{causes:?}");
    let output = tenken(folder.path(), &["diagnose", "snapshot", KAHO], "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("No permission") && text.contains("User.Read.All"),
        "{text}"
    );
    let WhoError::Nobody { unread, .. } = diagnosed(&place, None, Some("no@body")).unwrap_err() else {
        panic!("somebody was found")
    };
    assert_eq!(unread, ["entra.user"]);
}
