//! What is foreseen of each person, over HTTP from the simulated consoles to the verdict.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tenken::audit::readiness::{Action, Prospect, Prospects, Verdict};
use tenken::expr::Cause;
use tenken::simulator::ServerOptions;

use super::rollout::{TWO_WAVES, collected, foreseen, person, readiness, reasons};
use crate::support;

#[tokio::test]
async fn everybody_is_told_what_will_happen() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let audit = foreseen(&place, TWO_WAVES).unwrap();
    let expected = [
        ("ready.create", Prospect::Ready, Action::Create, vec![]),
        ("ready.match", Prospect::Ready, Action::Match, vec![]),
        (
            "own.licence",
            Prospect::WillFail,
            Action::Match,
            vec!["user-owned-licence"],
        ),
        (
            "suspect.licence",
            Prospect::MayFail,
            Action::Match,
            vec!["user-owned-licence"],
        ),
        (
            "wrong.domain",
            Prospect::WillFail,
            Action::Create,
            vec!["domain-not-verified"],
        ),
        ("viktor.ahlgren", Prospect::Ready, Action::Update, vec![]),
        (
            "no.location",
            Prospect::WillFail,
            Action::Match,
            vec!["usage-location-missing"],
        ),
        (
            "suspended",
            Prospect::WillFail,
            Action::Nothing,
            vec!["inactive_in_okta"],
        ),
        (
            "two.faults",
            Prospect::WillFail,
            Action::Match,
            vec!["usage-location-missing", "user-owned-licence"],
        ),
        ("from.directory", Prospect::Ready, Action::Create, vec![]),
        // Which immutable id Okta would send is not known, and whether it is that in Entra.
        (
            "other.directory",
            Prospect::CannotTell,
            Action::Match,
            vec!["directory_id"],
        ),
    ];
    for (key, prospect, action, causes) in &expected {
        let found = person(&audit, key);
        let mut why = reasons(found);
        why.sort_unstable();
        assert_eq!(
            (found.prospect, found.action, &why),
            (*prospect, *action, causes),
            "{key}"
        );
    }
    let found = readiness(&audit);
    assert_eq!(found.people.len(), expected.len(), "who is in both groups comes once");
    assert_eq!(found.verdict, Verdict::NoGo);
    assert!(person(&audit, "viktor.ahlgren").assigned);
}

#[tokio::test]
async fn waves_are_counted_and_licences_are_those_of_the_plan_or_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let audit = foreseen(&place, TWO_WAVES).unwrap();
    let found = readiness(&audit);
    let pilot = Prospects {
        people: 6,
        ready: 2,
        will_fail: 2,
        may_fail: 1,
        cannot_tell: 0,
        assigned: 1,
    };
    let others = Prospects {
        people: 5,
        ready: 1,
        will_fail: 3,
        may_fail: 0,
        cannot_tell: 1,
        assigned: 0,
    };
    let waves: Vec<Prospects> = found.waves.iter().map(|wave| wave.prospects).collect();
    assert_eq!(waves, [pilot, others]);
    // The licences: of the plan in the first wave, of the group's assignment in the second.
    for key in ["ready.match", "no.location"] {
        assert_eq!(
            person(&audit, key).licences_to_add.as_deref(),
            Some(&["Microsoft 365 E3".to_owned()][..])
        );
    }
    let own = person(&audit, "own.licence").licences_to_remove.clone().unwrap();
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(
        person(&audit, "suspect.licence").licences_to_add.as_deref(),
        Some(&[][..])
    );
}

#[tokio::test]
async fn what_is_mended_first_unblocks_most() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let audit = foreseen(&place, TWO_WAVES).unwrap();
    let causes = &readiness(&audit).causes;
    let told: Vec<(&str, u64, u64)> = causes
        .iter()
        .map(|cause| (cause.id.as_str(), cause.unblocks, cause.people))
        .collect();
    assert_eq!(
        told,
        [
            ("user-owned-licence", 2, 3),
            ("usage-location-missing", 1, 2),
            ("domain-not-verified", 1, 1),
            ("inactive_in_okta", 1, 1),
            ("directory_id", 1, 1),
        ]
    );
    let first = &causes[0];
    assert_eq!(first.by_wave, [2, 1]);
    assert!(first.error_text.as_deref().unwrap().contains("Insufficient privileges"));
    assert!(first.who.contains(&"billing_administrator".to_owned()));
    assert!(!first.fix.as_ref().unwrap().ja.is_empty());
    // What was found says so of each of them.
    let reason = &person(&audit, "own.licence").reasons[0];
    let finding = audit
        .findings
        .iter()
        .find(|finding| Some(finding.id) == reason.finding)
        .unwrap();
    assert_eq!(finding.policy, "provisioning.user-owned-licence");
    assert!(!finding.evidence.is_empty());
}

#[tokio::test]
async fn seats_go_to_those_who_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    support::change_lines(&place, "entra.subscribed_sku", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["skuPartNumber"] == "SPE_E3" {
            let used = json["object"]["prepaidUnits"]["enabled"].as_i64().unwrap() - 5;
            json["object"]["consumedUnits"] = used.into();
        }
        json.to_string()
    });
    let audit = foreseen(&place, TWO_WAVES).unwrap();
    let seats = &readiness(&audit).seats;
    let [seats] = seats.as_slice() else { panic!("{seats:?}") };
    // Of the pilot all but the two who hold it; of the others all but who is suspended. Five seats are free.
    assert_eq!(
        (seats.needed.as_slice(), seats.free, seats.short),
        (&[4, 3][..], Some(5), 2)
    );
    assert!(reasons(person(&audit, "ready.create")).is_empty());
    assert_eq!(reasons(person(&audit, "from.directory")).last(), Some(&"no-seats"));
    assert_eq!(person(&audit, "from.directory").prospect, Prospect::WillFail);
    // In the other order it is the pilot that goes without.
    let turned =
        "waves:\n  - { groups: [M365 everyone] }\n  - { groups: [M365 パイロット], licenses: [Microsoft 365 E3] }\n";
    let audit = foreseen(&place, turned).unwrap();
    assert_eq!(reasons(person(&audit, "ready.match")), Vec::<&str>::new());
    assert_eq!(reasons(person(&audit, "wrong.domain")).last(), Some(&"no-seats"));
}

#[tokio::test]
async fn a_product_that_the_tenant_does_not_have_fails_for_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let audit = foreseen(&place, "waves: [{ groups: [M365 パイロット], licenses: [SPE_E5] }]").unwrap();
    assert_eq!(reasons(person(&audit, "ready.create")), ["product-not-in-tenant"]);
    let cause = readiness(&audit)
        .causes
        .iter()
        .find(|cause| cause.id == "product-not-in-tenant")
        .unwrap();
    // Who is in the application already fails at the next push.
    assert_eq!(cause.people, 6);
    assert_eq!(person(&audit, "viktor.ahlgren").prospect, Prospect::WillFail);
    assert_eq!(readiness(&audit).total.will_fail, 6);
}

#[tokio::test]
async fn nobody_is_ready_of_whom_it_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/v1.0/users".to_owned()],
        ..ServerOptions::default()
    };
    let place = collected(options, folder.path()).await;
    let audit = foreseen(&place, TWO_WAVES).unwrap();
    let found = readiness(&audit);
    assert_eq!(found.total.ready, 0);
    // What does not take the accounts to tell is still told.
    assert_eq!(person(&audit, "wrong.domain").prospect, Prospect::WillFail);
    let open = person(&audit, "ready.match");
    assert_eq!((open.prospect, open.action), (Prospect::CannotTell, Action::Unknown));
    assert_eq!(open.licences_to_add, None);
    let unknown: Vec<Cause> = open
        .reasons
        .iter()
        .flat_map(|reason| &reason.unknown)
        .map(|origin| origin.cause)
        .collect();
    assert_eq!(unknown, [Cause::NoPermission], "one cause, told once");
    // Nobody fails any more, and it is no go all the same.
    let plan = "waves: [{ users: [ready.match@contoso.example], licenses: [SPE_E3] }]";
    assert_eq!(readiness(&foreseen(&place, plan).unwrap()).verdict, Verdict::CannotTell);
}

#[tokio::test]
async fn groups_that_were_not_read_leave_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/api/v1/groups/{groupId}/users".to_owned()],
        ..ServerOptions::default()
    };
    let place = collected(options, folder.path()).await;
    let plan = "
waves:
  - { name: Fine, users: [ready.create@contoso.example], licenses: [SPE_E3] }
  - { name: Open, groups: [M365 everyone] }
";
    let audit = foreseen(&place, plan).unwrap();
    let found = readiness(&audit);
    assert_eq!((found.verdict, found.total.ready), (Verdict::CannotTell, 1));
    let [unread] = found.waves[1].unread.as_slice() else {
        panic!("{:?}", found.waves)
    };
    assert_eq!(unread.group.name.as_deref(), Some("M365 everyone"));
    assert!(!unread.causes.is_empty());
    // A group that nobody asked for is no empty one either.
    let audit = foreseen(&place, "waves: [{ groups: [Network planners], licenses: [SPE_E3] }]").unwrap();
    let causes: Vec<Cause> = readiness(&audit).waves[0].unread[0]
        .causes
        .iter()
        .map(|origin| origin.cause)
        .collect();
    assert_eq!(causes, [Cause::NotCollected]);
}

#[tokio::test]
async fn people_who_are_not_one_person_in_okta_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    support::change_lines(&place, "okta.user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        let login = json["object"]["profile"]["login"].as_str().unwrap_or_default();
        if login.starts_with("ready.match") || login.starts_with("own.licence") {
            json["object"]["profile"]["email"] = "shared@contoso.example".into();
        }
        json.to_string()
    });
    let plan = "
waves:
  - users: [Ready.Create@Contoso.example, only.entra@contoso.example, nobody@contoso.example, shared@contoso.example, ready.create@contoso.example]
    licenses: []
";
    let audit = foreseen(&place, plan).unwrap();
    let people = &readiness(&audit).people;
    let told: BTreeMap<&str, (Prospect, Vec<&str>)> = people
        .iter()
        .map(|person| (person.name.as_str(), (person.prospect, reasons(person))))
        .collect();
    assert_eq!(people.len(), 4, "the same person twice comes once");
    assert_eq!(told["ready.create@contoso.example"], (Prospect::Ready, vec![]));
    assert_eq!(
        told["only.entra@contoso.example"],
        (Prospect::CannotTell, vec!["only_in_entra"])
    );
    assert_eq!(
        told["nobody@contoso.example"],
        (Prospect::CannotTell, vec!["not_found"])
    );
    assert_eq!(
        told["shared@contoso.example"],
        (Prospect::CannotTell, vec!["several_people"])
    );
}

#[tokio::test]
async fn a_template_that_cannot_be_worked_out_leaves_user_names_open() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let with_template = |template: &str| {
        support::change_lines(&place, "okta.app", |line| {
            let mut json: Json = serde_json::from_str(line).unwrap();
            json["object"]["credentials"]["userNameTemplate"] =
                serde_json::json!({ "template": template, "type": "CUSTOM" });
            json.to_string()
        });
        foreseen(&place, TWO_WAVES).unwrap()
    };
    let audit = with_template("${fn:substringBefore(source.login, \"@\")}@contoso.example");
    assert_eq!(person(&audit, "wrong.domain").prospect, Prospect::Ready);
    assert_eq!(
        person(&audit, "wrong.domain").user_name.as_deref(),
        Some("wrong.domain@contoso.example")
    );
    let audit = with_template("user.employeeNumber + \"@contoso.example\"");
    assert_eq!(person(&audit, "ready.create").prospect, Prospect::CannotTell);
    assert_eq!(readiness(&audit).total.ready, 0);
    let assumed: Vec<&str> = readiness(&audit)
        .assumptions
        .iter()
        .map(|assumption| assumption.id.as_str())
        .collect();
    assert!(assumed.contains(&"user_name"), "{assumed:?}");
}

/// What an audit finds of people who are assigned, readiness had foreseen before they were.
#[tokio::test]
async fn what_audits_find_afterwards_was_foreseen() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let policies = [
        ("provisioning.user-owned-licence", "user-owned-licence"),
        ("provisioning.usage-location", "usage-location-missing"),
        ("provisioning.group-inherited-licence", "group-inherited-licence"),
        ("provisioning.synced-account", "synchronized-from-on-premises"),
        ("provisioning.restricted-management", "restricted-administrative-unit"),
        ("provisioning.suspect-licence", "user-owned-licence"),
    ];
    let audit = support::audit(&place);
    let mut found: Vec<(String, &str)> = Vec::new();
    for (policy, cause) in policies {
        let failures = audit
            .findings
            .iter()
            .filter(|finding| finding.policy == policy && finding.fingerprint.is_some());
        let names = failures.filter_map(|finding| finding.resource.as_ref()?.name.clone());
        let before = found.len();
        found.extend(names.map(|name| (name, cause)));
        assert!(found.len() > before, "{policy} finds nobody");
    }
    support::write_lines(&place, "okta.app_user", "");
    let names: Vec<&String> = found.iter().map(|(name, _)| name).collect();
    let plan = format!(
        "waves: [{{ users: {}, licenses: [SPE_E3] }}]",
        serde_json::to_string(&names).unwrap()
    );
    let foreseen = foreseen(&place, &plan).unwrap();
    for (name, cause) in &found {
        let person = readiness(&foreseen)
            .people
            .iter()
            .find(|person| person.name.eq_ignore_ascii_case(name));
        let person = person.unwrap_or_else(|| panic!("{name} is lost"));
        assert!(
            reasons(person).contains(cause),
            "{name}: {:?} without {cause}",
            reasons(person)
        );
        assert!(!person.assigned);
    }
}

#[tokio::test]
async fn a_product_that_lapsed_holds_up_those_who_would_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let plan = "
waves:
  - { users: [leon.brandstetter@contoso.example], licenses: [MCOEV] }
  - { users: [aoi.shinonome@contoso.example], licenses: [SPE_E3] }
";
    let audit = foreseen(&place, plan).unwrap();
    assert_eq!(
        reasons(person(&audit, "leon.brandstetter")),
        ["subscription-lapsed", "no-seats"]
    );
    assert_eq!(reasons(person(&audit, "aoi.shinonome")), ["group-inherited-licence"]);
    // Products that nobody in the plan gets are no matter here.
    let judged = |finding: &&tenken::audit::Finding| finding.policy == "provisioning.seats";
    let names: Vec<_> = audit
        .findings
        .iter()
        .filter(judged)
        .map(|finding| finding.resource.clone().unwrap().name)
        .collect();
    assert_eq!(names, [Some("MCOEV".to_owned())]);
}

#[tokio::test]
async fn an_application_that_provisions_nothing_is_in_everybodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    support::write_lines(&place, "okta.app_feature", "");
    let plan = "waves: [{ users: [ready.create@contoso.example], licenses: [SPE_E3] }]";
    let audit = foreseen(&place, plan).unwrap();
    let found = readiness(&audit);
    assert_eq!(found.verdict, Verdict::NoGo);
    let blockers: Vec<&str> = found.blockers.iter().map(|blocker| blocker.cause.id.as_str()).collect();
    assert_eq!(blockers, ["provisioning_off"]);
    // What was not read may be on.
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/api/v1/apps/{appId}/features".to_owned()],
        ..ServerOptions::default()
    };
    let place = collected(options, folder.path()).await;
    assert_eq!(readiness(&foreseen(&place, plan).unwrap()).verdict, Verdict::CannotTell);
}
