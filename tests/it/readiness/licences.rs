//! Licences of a plan: what is held counts only where it works, and no wave's licences are lost.

use serde_json::{Value as Json, json};
use tenken::audit::readiness::{Prospect, Verdict};
use tenken::simulator::ServerOptions;

use super::rollout::{collected, foreseen, person, readiness, reasons};
use crate::support;

const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";

#[tokio::test]
async fn a_licence_in_error_is_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    support::change_lines(&place, "entra.user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["userPrincipalName"] == "ready.match@contoso.example" {
            json["object"]["licenseAssignmentStates"] = json!([{ "skuId": E3, "disabledPlans": [], "assignedByGroup": null,
                "state": "Error", "error": "CountViolation", "lastUpdatedDateTime": "2026-01-20T00:00:00Z" }]);
        }
        json.to_string()
    });
    let plan = "waves: [{ users: [ready.match@contoso.example], licenses: [SPE_E3] }]";
    let audit = foreseen(&place, plan).unwrap();
    assert_eq!(
        person(&audit, "ready.match").prospect,
        Prospect::Ready,
        "by now there are seats"
    );
    support::change_lines(&place, "entra.subscribed_sku", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["skuId"] == E3 {
            json["object"]["consumedUnits"] = json["object"]["prepaidUnits"]["enabled"].clone();
        }
        json.to_string()
    });
    let audit = foreseen(&place, plan).unwrap();
    let found = person(&audit, "ready.match");
    assert_eq!((found.prospect, reasons(found)), (Prospect::WillFail, vec!["no-seats"]));
    assert_eq!(
        found.licences_to_add.as_deref(),
        Some(&["Microsoft 365 E3".to_owned()][..])
    );
    assert_eq!(readiness(&audit).seats[0].needed, [1]);
    // Whatever else is in error is told, seats or not.
    support::change_lines(&place, "entra.user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["userPrincipalName"] == "ready.match@contoso.example" {
            let states = json["object"]["licenseAssignmentStates"].as_array_mut().unwrap();
            let mut other = states[0].clone();
            other["error"] = "Other".into();
            states.push(other);
        }
        json.to_string()
    });
    let audit = foreseen(&place, plan).unwrap();
    let mut why = reasons(person(&audit, "ready.match"));
    why.sort_unstable();
    assert_eq!(why, ["licensing-error-other", "no-seats"]);
}

#[tokio::test]
async fn what_a_later_wave_adds_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    for combine in [true, false] {
        let plan = format!(
            "
combine_licenses: {combine}
waves:
  - {{ name: Base, users: [ready.create@contoso.example, ready.match@contoso.example], licenses: [SPE_E3] }}
  - {{ name: Addon, users: [ready.create@contoso.example, ready.match@contoso.example], licenses: [SPE_E5, TEAMS_EXPLORATORY] }}
"
        );
        let audit = foreseen(&place, &plan).unwrap();
        let found = readiness(&audit);
        assert_eq!((found.total.people, found.verdict), (2, Verdict::NoGo));
        let seats = |name: &str| {
            let mut all = found.seats.iter();
            all.find(|seats| seats.part_number.as_deref() == Some(name))
                .map(|seats| seats.needed.as_slice())
        };
        assert_eq!(seats("SPE_E3"), Some(&[2, 0][..]));
        assert_eq!(seats("SPE_E5"), Some(&[0, 2][..]));
        assert_eq!(seats("TEAMS_EXPLORATORY"), Some(&[0, 2][..]));
        let why = reasons(person(&audit, "ready.create"));
        assert!(why.contains(&"product-not-in-tenant"), "{why:?}");
        assert_eq!(
            person(&audit, "ready.match").licences_to_add.as_ref().map(Vec::len),
            Some(3)
        );
        let said = found
            .assumptions
            .iter()
            .find(|assumption| assumption.id == "several_waves");
        assert_eq!(said.map(|said| said.about.as_str()), Some("Addon (2)"));
    }
}

#[tokio::test]
async fn plans_that_exclude_each_other_are_foreseen_of_each_person() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let sites = [
        "Microsoft 365 E3 - SharePoint (Plan 2)",
        "Office 365 E1 - SharePoint (Plan 1)",
    ];
    let by_hand = format!("waves: [{{ users: [ready.create@contoso.example], licenses: {sites:?} }}]");
    let audit = foreseen(&place, &by_hand).unwrap();
    let why = reasons(person(&audit, "ready.create"));
    assert!(why.contains(&"conflicting-plans"), "{why:?}");
    // Both of two groups, each of which gives one.
    let of_group = |group: &str, licence: &str| {
        let first = &support::lines_of(&place, "okta.app_group")[0];
        let mut assignment: Json = serde_json::from_str(first).unwrap();
        assignment["object"]["id"] = group.into();
        assignment["object"]["profile"]["licenses"] = json!([licence]);
        assignment.to_string() + "\n"
    };
    let groups = ["00g1pilot0000000005d7", "00g1cleaneveryone5d7"];
    let lines: String = groups
        .iter()
        .zip(sites)
        .map(|(group, site)| of_group(group, site))
        .collect();
    support::write_lines(&place, "okta.app_group", &lines);
    for (combine, expected) in [(true, true), (false, false)] {
        let plan = format!("combine_licenses: {combine}\nwaves: [{{ groups: [M365 パイロット, M365 everyone] }}]");
        let audit = foreseen(&place, &plan).unwrap();
        let conflicts = |key: &str| reasons(person(&audit, key)).contains(&"conflicting-plans");
        assert_eq!((conflicts("ready.create"), conflicts("ready.match")), (expected, false));
    }
}
