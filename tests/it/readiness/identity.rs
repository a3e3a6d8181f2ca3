//! Who is who: what is not known of somebody in Okta is not taken for good.

use serde_json::{Value as Json, json};
use tenken::audit::readiness::{Prospect, Verdict};
use tenken::simulator::ServerOptions;

use super::rollout::{collected, foreseen, person, readiness, reasons};
use crate::support;

const ONE: &str = "waves: [{ users: [ready.create@contoso.example], licenses: [SPE_E3] }]";

/// A line of a resource type as JSON, by the beginning of a text in it.
fn line(place: &std::path::Path, resource: &str, pointer: &str, beginning: &str) -> Json {
    let lines = support::lines_of(place, resource);
    let mut lines = lines.iter().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let is_it = |json: &Json| {
        json.pointer(pointer)
            .and_then(Json::as_str)
            .is_some_and(|text| text.starts_with(beginning))
    };
    lines.find(is_it).unwrap()
}

/// Adds a line to a resource type.
fn add(place: &std::path::Path, resource: &str, line: &Json) {
    let mut lines = support::lines_of(place, resource);
    lines.push(line.to_string());
    support::write_lines(place, resource, &(lines.join("\n") + "\n"));
}

#[tokio::test]
async fn only_who_is_surely_active_in_okta_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let with = |status: Json| {
        support::change_lines(&place, "okta.user", |line| {
            let mut json: Json = serde_json::from_str(line).unwrap();
            if json["object"]["profile"]["login"] == "ready.create@contoso.example" {
                json["object"]["status"] = status.clone();
            }
            json.to_string()
        });
        let audit = foreseen(&place, ONE).unwrap();
        person(&audit, "ready.create").prospect
    };
    for status in ["PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"] {
        assert_eq!(with(status.into()), Prospect::Ready, "{status}");
    }
    for status in [json!("DELETED"), json!("SOMETHING"), Json::Null] {
        assert_eq!(with(status.clone()), Prospect::CannotTell, "{status}");
    }
    assert_eq!(with("STAGED".into()), Prospect::WillFail);
}

#[tokio::test]
async fn what_cannot_be_told_outweighs_what_may_fail() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let plan = "waves: [{ users: [suspect.licence@contoso.example], licenses: [SPE_E3] }]";
    assert_eq!(readiness(&foreseen(&place, plan).unwrap()).verdict, Verdict::Go);
    support::change_status(&place, "entra.domain", "denied");
    let audit = foreseen(&place, plan).unwrap();
    assert_eq!(readiness(&audit).verdict, Verdict::CannotTell);
    assert_eq!(readiness(&audit).total.cannot_tell, 1);
    // The risk is told all the same.
    assert!(reasons(person(&audit, "suspect.licence")).contains(&"user-owned-licence"));
}

#[tokio::test]
async fn ids_of_okta_differ_by_case() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let mut twin = line(&place, "okta.user", "/object/profile/login", "ready.match@");
    let id = twin["object"]["id"].as_str().unwrap().to_owned();
    let at = id.rfind(char::is_alphabetic).unwrap();
    let case = |text: &str| {
        let upper = text.to_uppercase();
        if upper == text { text.to_lowercase() } else { upper }
    };
    let other = [&id[..at], &case(&id[at..=at]), &id[at + 1..]].concat();
    twin["object"]["id"] = other.clone().into();
    twin["object"]["profile"]["login"] = "wrong@nowhere.example".into();
    twin["object"]["profile"]["email"] = "wrong@nowhere.example".into();
    add(&place, "okta.user", &twin);
    let mut member = line(&place, "okta.group_member", "/object/id", &id);
    member["object"]["id"] = other.into();
    add(&place, "okta.group_member", &member);
    let audit = foreseen(&place, "waves: [{ groups: [M365 パイロット], licenses: [SPE_E3] }]").unwrap();
    assert_eq!(readiness(&audit).total.people, 7);
    assert_eq!(person(&audit, "ready.match").prospect, Prospect::Ready);
    assert_eq!(reasons(person(&audit, "wrong")), ["domain-not-verified"]);
}

#[tokio::test]
async fn who_was_assigned_and_never_provisioned_counts() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let person_in_okta = line(&place, "okta.user", "/object/profile/login", "own.licence@");
    let mut stuck = line(
        &place,
        "okta.app_user",
        "/object/credentials/userName",
        "viktor.ahlgren@",
    );
    let id = person_in_okta["object"]["id"].clone();
    let object = stuck["object"].as_object_mut().unwrap();
    object.remove("externalId");
    object.insert("status".to_owned(), "STAGED".into());
    object.insert(
        "credentials".to_owned(),
        json!({ "userName": "own.licence@contoso.example" }),
    );
    object["profile"]["immutableId"] = id.clone();
    object.insert("id".to_owned(), id);
    add(&place, "okta.app_user", &stuck);
    let audit = foreseen(
        &place,
        "waves: [{ users: [own.licence@contoso.example], licenses: [SPE_E3] }]",
    )
    .unwrap();
    let found = readiness(&audit);
    assert_eq!(
        (found.verdict, found.total.will_fail, found.total.assigned),
        (Verdict::NoGo, 1, 0)
    );
    assert_eq!(found.causes[0].people, 1);
    assert!(!person(&audit, "own.licence").assigned);
}

#[tokio::test]
async fn two_people_with_one_user_name_are_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    for key in ["ready.create", "ready.match"] {
        let mut twin = line(&place, "okta.user", "/object/profile/login", &format!("{key}@"));
        twin["object"]["id"] = format!("00u{key}").into();
        twin["object"]["profile"]["login"] = format!("{key}@corp.example").into();
        twin["object"]["profile"]["email"] = format!("{key}@corp.example").into();
        add(&place, "okta.user", &twin);
    }
    support::change_lines(&place, "okta.app", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["credentials"]["userNameTemplate"] =
            json!({ "template": "${fn:substringBefore(source.login, \"@\")}@contoso.example", "type": "CUSTOM" });
        json.to_string()
    });
    for key in ["ready.create", "ready.match"] {
        let plan = format!("waves: [{{ users: [{key}@contoso.example, {key}@corp.example], licenses: [] }}]");
        let audit = foreseen(&place, &plan).unwrap();
        let found = readiness(&audit);
        assert_eq!((found.verdict, found.total.will_fail), (Verdict::NoGo, 2), "{key}");
        for person in &found.people {
            assert_eq!(reasons(person), ["user-name-shared"], "{}", person.name);
        }
    }
}

/// The plan's own assignments have an immutable id; that says nothing of what an org that calls the attribute otherwise
/// sends for those who are there.
#[tokio::test]
async fn nobody_is_ready_where_the_immutable_ids_of_others_are_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    assert_eq!(
        person(&foreseen(&place, ONE).unwrap(), "ready.create").prospect,
        Prospect::Ready
    );
    support::change_lines(&place, "okta.app_user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["profile"].as_object_mut().unwrap().remove("immutableId");
        json.to_string()
    });
    let audit = foreseen(&place, ONE).unwrap();
    assert_eq!(person(&audit, "ready.create").prospect, Prospect::CannotTell);
    assert_eq!(readiness(&audit).verdict, Verdict::CannotTell);
}
