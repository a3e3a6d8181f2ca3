//! What is answered by value is what the evaluator says of every row.

use bumpalo::Bump;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::Condition;
use crate::catalog::catalog;
use crate::evaluate::example::tables;
use crate::expr::time::Timestamp;
use crate::expr::{Evaluator, RecordRef, Value, compile};
use crate::policy::derived::row_scope;
use crate::policy::{Given, Needs};
use crate::snapshot::Status;

/// A property as an API might send it: missing, null, of the right type or another.
fn cell(values: &'static [&'static str]) -> impl Strategy<Value = Option<Json>> {
    prop_oneof![
        Just(None),
        Just(Some(Json::Null)),
        Just(Some(json!(7))),
        Just(Some(json!({"an": "object"}))),
        any::<bool>().prop_map(|value| Some(json!(value))),
        proptest::sample::select(values).prop_map(|value| Some(json!(value))),
        proptest::sample::select(values).prop_map(|value| Some(json!(value))),
        proptest::sample::select(values).prop_map(|value| Some(json!(value))),
    ]
}

fn object(properties: Vec<(&'static str, Option<Json>)>) -> Json {
    let present = properties
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(present.collect())
}

fn licences() -> impl Strategy<Value = Option<Json>> {
    let state = (cell(&["sku1", "sku2"]), cell(&["g1"]), cell(&["Active", "ERROR"]))
        .prop_map(|(sku, group, state)| object(vec![("skuId", sku), ("assignedByGroup", group), ("state", state)]));
    prop_oneof![
        Just(None),
        Just(Some(Json::Null)),
        Just(Some(json!("none"))),
        proptest::collection::vec(prop_oneof![9 => state, 1 => Just(json!(1))], 0..4)
            .prop_map(|list| Some(json!(list))),
    ]
}

fn entra_user() -> impl Strategy<Value = Json> {
    let cells = (
        cell(&["JP", "US"]),
        cell(&["Sales", "Legal"]),
        cell(&["2026-01-01T00:00:00Z"]),
        licences(),
    );
    (0..5u8, cells, any::<bool>()).prop_map(|(id, (place, department, created, licences), enabled)| {
        object(vec![
            ("id", Some(json!(format!("e{id}")))),
            ("accountEnabled", Some(json!(enabled))),
            ("usageLocation", place),
            ("department", department),
            ("createdDateTime", created),
            ("licenseAssignmentStates", licences),
        ])
    })
}

fn app_user() -> impl Strategy<Value = Json> {
    let licenses = proptest::collection::vec(cell(&["E3 - Teams", "E5 - Teams", "E3 - Exchange"]), 0..3)
        .prop_map(|list| json!(list.into_iter().flatten().collect::<Vec<_>>()));
    let cells = (
        cell(&["STAGED", "provisioned"]),
        cell(&["e0", "e1", "e2", "e9"]),
        cell(&["JP", "US"]),
    );
    (0..9u8, cells, licenses).prop_map(|(id, (status, external, place), licenses)| {
        object(vec![
            ("id", Some(json!(format!("u{id}")))),
            ("status", status),
            ("externalId", external),
            (
                "profile",
                Some(object(vec![("usageLocation", place), ("licenses", Some(licenses))])),
            ),
        ])
    })
}

/// Conditions on an assignment: parts that look at one value, parts that do not, and connectives.
fn condition() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        r#"app_user.status == "STAGED""#,
        r#"has(app_user.status) && app_user.status.startsWith("ST")"#,
        "has(app_user.externalId)",
        "app_user.externalId == null",
        r#"app_user.externalId.size() > 1"#,
        "app_user.entra_user == null",
        "app_user.entra_user.accountEnabled == true",
        r#"app_user.entra_user.usageLocation in ["JP", "DE"]"#,
        "app_user.entra_user.createdDateTime != null",
        "app_user.entra_user.createdDateTime < now",
        r#"app_user.profile.usageLocation == app_user.entra_user.usageLocation"#,
        r#"app_user.profile.usageLocation.matches("^J")"#,
        r#"app_user.entra_user.licenseAssignmentStates.all(s, s.assignedByGroup == null || s.state == "Active")"#,
        r#"app_user.entra_user.license_states.exists(s, s.skuId == "sku1" && !(s.state == "Error"))"#,
        r#"app_user.entra_user.licenseAssignmentStates.exists(s, s.skuId == app_user.externalId)"#,
        "has(app_user.entra_user.licenseAssignmentStates)",
        r#"app_user.profile.licenses.exists(l, l.startsWith("E3 - "))"#,
        r#"app_user.profile.licenses.all(l, l == "E3 - Teams")"#,
        r#"[1, 2].exists(n, n == 2 && app_user.status == "STAGED")"#,
        r#"(app_user.status == "STAGED" ? 1 / 0 : 2) == 2"#,
        r#"app_user.entra_user_match.outcome == "one""#,
        "now > timestamp('2026-01-01T00:00:00Z')",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

/// For every row what the condition tells, beside what the evaluator says.
fn answers(text: &str, given: &Given) -> Vec<(Option<bool>, Option<bool>)> {
    let ty = catalog().resource("okta.app_user").unwrap().record;
    let compiled = compile(text, &row_scope(ty));
    assert!(compiled.mistakes.is_empty(), "{text}: {:?}", compiled.mistakes);
    let plan = compiled.plan.unwrap();
    let now = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
    let tables = tables(given, &Needs::of(&plan.reads), now).unwrap();
    let condition = Condition::new(&plan, ty, &tables);
    let arena = Bump::new();
    (0..tables.rows(ty))
        .map(|row| {
            let record = Value::Record(RecordRef { ty, row });
            let variables: &[Value] = arena.alloc([record, Value::Timestamp(now)]);
            let told = condition.holds(row, &|| variables, &arena);
            let said = match Evaluator::new(&tables, &arena).plan(&plan, variables) {
                Value::Bool(value) => Some(value),
                _ => None,
            };
            (told, said)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_the_evaluator_says(
        text in condition(),
        app_users in proptest::collection::vec(app_user(), 1..8),
        entra_users in proptest::collection::vec(entra_user(), 0..5),
        status in proptest::sample::select(vec![Status::Complete, Status::Complete, Status::Partial]),
    ) {
        let given = Given {
            objects: vec![
                ("okta.app_user".to_owned(), app_users.into_iter().map(|user| (Some("0oa1".to_owned()), user)).collect()),
                ("entra.user".to_owned(), entra_users.into_iter().map(|user| (None, user)).collect()),
            ],
            status: vec![("entra.user".to_owned(), status)],
        };
        for (told, said) in answers(&text, &given) {
            prop_assert_eq!(told, said, "{} on {:?}", &text, &given);
        }
    }
}
