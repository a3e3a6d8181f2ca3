//! The one rule, tested: an answer that is decided on part of the data is the answer on all of it.
//!
//! Random expressions run on a random snapshot of which random parts were not read. Where the answer is decided, every
//! way to complete the data must give the same answer.

use bumpalo::Bump;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::column::RecordColumns;
use super::load::{Loaded, unify};
use super::project;
use super::table::Tables;
use crate::catalog::RecordType;
use crate::expr::time::Timestamp;
use crate::expr::{Scope, Type, Value, compile, run, to_json};
use crate::policy::Needs;
use crate::snapshot::Status;

/// A small tenant: accounts with licences, and domains; and people of an org, whose attributes are in a nested object.
#[derive(Clone, Debug)]
struct Data {
    users: Vec<Json>,
    domains: Vec<Json>,
    people: Vec<Json>,
    users_status: Status,
    domains_status: Status,
}

fn text() -> impl Strategy<Value = Json> {
    prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!("d0")), Just(Json::Null)]
}

fn user() -> impl Strategy<Value = Json> {
    let licence = (0..3u8, prop_oneof![Just(Json::Null), Just(json!("g"))])
        .prop_map(|(sku, group)| json!({"skuId": format!("sku{sku}"), "assignedByGroup": group}));
    let created = prop_oneof![Just("1960-01-01T00:00:00Z"), Just("2020-06-01T00:00:00Z")];
    let licences = proptest::collection::vec(licence, 0..3);
    let mails = proptest::collection::vec(prop_oneof![Just("a"), Just("b")], 0..3);
    (0..4u8, text(), any::<bool>(), licences, created, mails).prop_map(
        |(id, place, enabled, licences, created, mails)| {
            json!({"id": format!("u{id}"), "userPrincipalName": format!("u{id}@d{}", id % 2), "usageLocation": place,
               "accountEnabled": enabled, "createdDateTime": created, "otherMails": mails, "licenseAssignmentStates": licences})
        },
    )
}

fn domain() -> impl Strategy<Value = Json> {
    (0..3u8, any::<bool>(), any::<bool>()).prop_map(|(id, verified, federated)| {
        let kind = if federated { "Federated" } else { "Managed" };
        json!({"id": format!("d{id}"), "isVerified": verified, "authenticationType": kind})
    })
}

/// A person whose profile may be missing, null, no object, or without an address.
fn person() -> impl Strategy<Value = Json> {
    let profile = prop_oneof![
        text().prop_map(|email| Some(json!({ "login": "l", "email": email }))),
        Just(Some(json!({ "login": "l" }))),
        Just(Some(json!("profile"))),
        Just(Some(Json::Null)),
        Just(None),
    ];
    (0..4u8, profile).prop_map(|(id, profile)| match profile {
        Some(profile) => json!({ "id": format!("p{id}"), "status": "ACTIVE", "profile": profile }),
        None => json!({ "id": format!("p{id}"), "status": "ACTIVE" }),
    })
}

fn whole() -> impl Strategy<Value = Data> {
    let users = proptest::collection::vec(user(), 0..5);
    let (domains, people) = (domain(), person());
    let domains = proptest::collection::vec(domains, 0..4);
    (users, domains, proptest::collection::vec(people, 0..5)).prop_map(|(users, domains, people)| Data {
        users,
        domains,
        people,
        users_status: Status::Complete,
        domains_status: Status::Complete,
    })
}

/// The data with rows and properties taken away; what is missing can be anything in `completions`.
fn masked(whole: &Data, keep: &[bool], hide: &[u8], statuses: (bool, bool)) -> Data {
    let mut part = whole.clone();
    if statuses.0 {
        part.users_status = Status::Partial;
        part.users = kept(&part.users, keep);
    }
    if statuses.1 {
        part.domains_status = Status::Denied;
        part.domains = Vec::new();
    }
    for (user, hide) in part.users.iter_mut().zip(hide.iter().cycle()) {
        let name = match hide {
            0 => "usageLocation",
            1 => "accountEnabled",
            2 => "licenseAssignmentStates",
            3 => "createdDateTime",
            4 => "otherMails",
            _ => continue,
        };
        user.as_object_mut().unwrap().remove(name);
    }
    part
}

fn kept(rows: &[Json], keep: &[bool]) -> Vec<Json> {
    rows.iter()
        .zip(keep.iter().cycle())
        .filter(|(_, keep)| **keep)
        .map(|(row, _)| row.clone())
        .collect()
}

/// One way in which the missing data could turn out.
fn completed(part: &Data, extra: &[Json], domains: &[Json], fill: &Json) -> Data {
    let mut whole = part.clone();
    for user in &mut whole.users {
        for (name, value) in fill.as_object().unwrap() {
            let slot = user.as_object_mut().unwrap().entry(name.clone());
            slot.or_insert_with(|| value.clone());
        }
    }
    if part.users_status == Status::Partial {
        whole.users.extend_from_slice(extra);
    }
    if part.domains_status == Status::Denied {
        whole.domains = domains.to_vec();
    }
    (whole.users_status, whole.domains_status) = (Status::Complete, Status::Complete);
    whole
}

/// Expressions over the tenant, of type bool.
fn condition() -> impl Strategy<Value = String> {
    let about_user = prop_oneof![
        Just("u.accountEnabled == true".to_owned()),
        Just("u.usageLocation == \"a\"".to_owned()),
        Just("u.usageLocation != null".to_owned()),
        Just("has(u.usageLocation)".to_owned()),
        Just("u.id == \"u1\"".to_owned()),
        Just("u.usageLocation in [\"a\", \"b\"]".to_owned()),
        Just("u.licenseAssignmentStates.all(s, s.assignedByGroup == null)".to_owned()),
        Just("u.licenseAssignmentStates.exists(s, s.skuId == \"sku1\")".to_owned()),
        Just("u.licenseAssignmentStates.filter(s, s.skuId != \"sku0\").size() > 0".to_owned()),
        Just("entra.domains.exists(d, d.id == \"d0\" && d.isVerified)".to_owned()),
        Just("u.usageLocation.size() == 1".to_owned()),
        prop_oneof![
            Just("u.userPrincipalName.startsWith(\"u1\")"),
            Just("u.userPrincipalName.split(\"@\")[1] == \"d0\""),
            Just("(u.usageLocation + \"x\").upperAscii() == \"AX\""),
            Just("{\"place\": u.usageLocation, \"id\": u.id}.place == \"a\""),
            Just("{\"a\": 1, \"b\": 2}.exists(k, k == u.usageLocation)"),
            Just("u.?usageLocation.orValue(\"z\") == \"z\""),
            Just("u.?usageLocation.hasValue()"),
            Just("u.?usageLocation.optMap(p, p + \"!\").orValue(\"\") == \"a!\""),
            Just("u.createdDateTime < now"),
            Just("u.createdDateTime.getFullYear() > 2000 || u.accountEnabled == true"),
            Just("now - u.createdDateTime > duration(\"1h\")"),
            Just("u.license_states.exists(s, s.group == null && s.skuId == \"sku1\")"),
            Just("u.license_states.all(s, s.skuId != \"sku2\")"),
            Just("u.direct_licences.size() >= 1"),
            Just("u.licenseAssignmentStates.exists(i, s, i == 1 && s.skuId == \"sku1\")"),
            Just("u.licenseAssignmentStates.transformList(i, s, i).size() == 2"),
            Just("cel.bind(l, u.licenseAssignmentStates, l.size() == 1 || l.all(s, s.assignedByGroup != null))"),
            Just("entra.domains.exists(d, d.id == u.usageLocation && d.isVerified)"),
            Just("entra.domains.filter(d, d.id == u.usageLocation).size() < 1"),
        ]
        .prop_map(str::to_owned),
    ];
    let quantified = (
        prop_oneof![Just("all"), Just("exists"), Just("exists_one")],
        prop_oneof![
            Just("entra.users".to_owned()),
            Just("entra.users.filter(u, u.accountEnabled == true)".to_owned()),
            Just("entra.users.filter(u, u.usageLocation == \"a\")".to_owned()),
        ],
        about_user.clone(),
    )
        .prop_map(|(fold, range, body)| format!("{range}.{fold}(u, {body})"));
    let leaf = prop_oneof![
        quantified,
        (
            about_user.clone(),
            0..5u8,
            prop_oneof![Just("<"), Just(">="), Just("=="), Just("!=")]
        )
            .prop_map(|(body, n, op)| format!("entra.users.filter(u, {body}).size() {op} {n}")),
        Just("entra.users.map(u, u.id).exists(x, x == \"u2\")".to_owned()),
        Just("\"u2\" in entra.users.map(u, u.id)".to_owned()),
        Just("\"b\" in entra.users.map(u, u.usageLocation)".to_owned()),
        Just("entra.users.size() + 1 > 3".to_owned()),
        Just("entra.domains.size() == 0".to_owned()),
        Just("entra.users.size() in {0: true, 2: true}".to_owned()),
        Just("entra.users.size() == entra.domains.size()".to_owned()),
        Just("entra.users.exists(i, u, i == 1 && u.accountEnabled == true)".to_owned()),
        Just("entra.users.filter(u, u.accountEnabled == true).exists(i, u, i == 0 && u.id == \"u1\")".to_owned()),
        Just("entra.users == entra.users.filter(u, true)".to_owned()),
        Just("(entra.users + entra.users).size() > 4".to_owned()),
        Just("entra.users.exists(u, entra.domains.exists(d, u.userPrincipalName.endsWith(d.id)))".to_owned()),
        Just("entra.users.filter(u, u.accountEnabled == true).map(u, u.usageLocation) == [\"a\"]".to_owned()),
        Just("1 / 0 > 0".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) == ({b})")),
        ]
    })
}

/// What an expression yields on some data: a value, or nothing when it is unknown or fails.
fn answer(expression: &str, data: &Data) -> Result<Option<Json>, String> {
    let compiled = compile(expression, &Scope::snapshot().with("now", Type::Timestamp));
    assert!(compiled.mistakes.is_empty(), "{expression}: {:?}", compiled.mistakes);
    let plan = compiled.plan.unwrap();
    let needs = Needs::of(&plan.reads);
    let none = Vec::new();
    let mut loaded = Vec::new();
    for resource in needs.resources() {
        if resource.supply.call().is_none() {
            continue;
        }
        let wanted = |ty: RecordType| needs.fields(ty);
        let mut columns = RecordColumns::new(resource.record, &wanted);
        let (rows, status) = match resource.name.as_str() {
            "entra.user" => (&data.users, data.users_status),
            "entra.domain" => (&data.domains, data.domains_status),
            "okta.user" => (&data.people, data.users_status),
            _ => (&none, Status::Complete),
        };
        for row in rows {
            let line = json!({"parent": null, "object": row}).to_string();
            project::lines(line.as_bytes(), &mut columns).unwrap();
        }
        unify(&mut columns);
        loaded.push((
            resource,
            Loaded {
                columns,
                status,
                reason: None,
                asked: None,
                parents: None,
            },
        ));
    }
    let tables = Tables::assemble(loaded, &needs, Timestamp::default());
    let arena = Bump::new();
    match run(&plan, &[Value::Timestamp(Timestamp::default())], &tables, &arena) {
        Value::Error(message) => Err(message.to_owned()),
        value if value.unknown_inside(&arena).is_some() => Ok(None),
        value => Ok(Some(to_json(value, &tables))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_decided_answer_holds_however_the_missing_data_turns_out(
        expression in condition(),
        whole in whole(),
        keep in proptest::collection::vec(any::<bool>(), 5),
        hide in proptest::collection::vec(0..8u8, 5),
        statuses in any::<(bool, bool)>(),
        ways in proptest::collection::vec((proptest::collection::vec(user(), 0..3), proptest::collection::vec(domain(), 0..3), user()), 6),
    ) {
        let part = masked(&whole, &keep, &hide, statuses);
        let decided = answer(&expression, &part);
        if let Ok(None) = decided {
            return Ok(());
        }
        for (extra, domains, fill) in &ways {
            let found = answer(&expression, &completed(&part, extra, domains, fill));
            // Missing data can turn out to be something the expression fails on, which decides nothing.
            if found.is_ok() {
                let shown = (&part, extra, domains, fill);
                prop_assert_eq!(&found.ok(), &decided.clone().ok(), "{} on {:?}", &expression, shown);
            }
        }
    }

    #[test]
    fn on_whole_data_nothing_is_unknown(expression in condition(), whole in whole()) {
        prop_assert_ne!(answer(&expression, &whole), Ok(None));
    }

    #[test]
    fn a_look_up_by_index_answers_as_going_over_all_does(
        whole in whole(),
        keep in proptest::collection::vec(any::<bool>(), 5),
        hide in proptest::collection::vec(0..8u8, 5),
        statuses in any::<(bool, bool)>(),
        more in prop_oneof![Just("true"), Just("u.accountEnabled == true"), Just("1 / u.id.size() > 5")],
        key in prop_oneof![Just("\"a\""), Just("\"none\""), Just("null"), Just("\"a\" + \"\"")],
    ) {
        let part = masked(&whole, &keep, &hide, statuses);
        for form in [
            "entra.users.exists(u, F == K && M)",
            "entra.users.exists(u, M && K == F)",
            "entra.users.all(u, F != K || M)",
            "entra.users.exists_one(u, F == K && M)",
            "entra.users.filter(u, F == K && M).size() > 1",
            "entra.users.filter(u, F == K).map(u, u.id)",
            "entra.users.map(u, F == K && M, u.id).size() == 0",
        ] {
            let form = form.replace('K', key).replace('M', more);
            let found = answer(&form.replace('F', "u.usageLocation"), &part);
            let gone_over = answer(&form.replace('F', "dyn(u.usageLocation)"), &part);
            prop_assert_eq!(found, gone_over, "{} on {:?}", form, part);
            // The same by a field of a nested object.
            let form = form.replace("entra.users", "okta.users").replace("u.accountEnabled == true", "u.id == \"p1\"");
            let found = answer(&form.replace('F', "u.profile.email"), &part);
            let gone_over = answer(&form.replace('F', "dyn(u.profile.email)"), &part);
            prop_assert_eq!(found, gone_over, "{} on {:?}", form, part);
        }
        for form in [
            "entra.users.exists(u, K in L && M)",
            "entra.users.exists_one(u, M && K in L)",
            "entra.users.filter(u, K in L && M).size() > 1",
            "entra.users.map(u, K in L, u.id).size() == 0",
        ] {
            // There is no null in a list of texts, which the checker says.
            let form = form.replace('K', if key == "null" { "\"b\"" } else { key }).replace('M', more);
            let found = answer(&form.replace('L', "u.otherMails"), &part);
            let gone_over = answer(&form.replace('L', "dyn(u.otherMails)"), &part);
            prop_assert_eq!(found, gone_over, "{} on {:?}", form, part);
        }
        // Of a key that is not known nothing is looked up, so less may be decided, but never anything else.
        let by_key = "entra.users.exists(u, entra.domains.exists(d, F == u.usageLocation && d.isVerified))";
        let found = answer(&by_key.replace('F', "d.id"), &part);
        if found != Ok(None) {
            prop_assert_eq!(found, answer(&by_key.replace('F', "dyn(d.id)"), &part), "{:?}", part);
        }
    }
}
