//! Whatever the vendors answer, judging comes to an end without a panic: records with properties of right and wrong
//! types, of every resource type, against the built-in policies and against arbitrary conditions that the checker
//! accepts.

use bumpalo::Bump;
use proptest::prelude::*;
use proptest::sample::Index as Choice;
use serde_json::{Map, Value as Json, json};

use super::column::RecordColumns;
use super::gate::Gate;
use super::judge::judge;
use super::load::{Loaded, unify};
use super::project;
use super::table::Tables;
use crate::catalog::{Field, FieldType, Origin, Population, RecordType, Resource, catalog};
use crate::diagnostic::Diagnostics;
use crate::expr::time::Timestamp;
use crate::expr::{Detail, Evaluator, Plan, Scope, Type, Value, compile, to_json};
use crate::policy::{self, Needs, Policy};
use crate::snapshot::Status;

/// Any JSON, deep and large numbers included.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        Just(json!("2026-02-30T25:61:61Z")),
        Just(json!("9999-12-31T23:59:59.999999999Z")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            proptest::collection::vec(("[a-zA-Z@.]{0,8}", inner), 0..3)
                .prop_map(|pairs| Json::from(pairs.into_iter().collect::<Map<String, Json>>())),
        ]
    })
}

/// A value that the vendor could send in a field.
fn of_type(ty: &FieldType) -> BoxedStrategy<Json> {
    match ty {
        FieldType::Bool => any::<bool>().prop_map(Json::from).boxed(),
        FieldType::Int => prop_oneof![(0..5_i64).boxed(), any::<i64>().boxed()]
            .prop_map(Json::from)
            .boxed(),
        FieldType::Double => any::<f64>().prop_map(Json::from).boxed(),
        FieldType::String => prop_oneof![Just("a"), Just("A"), Just("u1"), Just("u1@d.example"), Just("")]
            .prop_map(Json::from)
            .boxed(),
        FieldType::Enum { values, .. } => proptest::sample::select(values.clone()).prop_map(Json::from).boxed(),
        FieldType::Timestamp => prop_oneof![Just("2026-01-02T03:04:05Z"), Just("1601-01-01T00:00:00Z")]
            .prop_map(Json::from)
            .boxed(),
        FieldType::Map => any_json().boxed(),
        FieldType::List(inner) => proptest::collection::vec(field_value(inner), 0..3)
            .prop_map(Json::from)
            .boxed(),
        FieldType::Record(record) => object(*record),
    }
}

/// Mostly of the type that is documented.
fn field_value(ty: &FieldType) -> BoxedStrategy<Json> {
    prop_oneof![8 => of_type(ty), 1 => Just(Json::Null), 1 => any_json()].boxed()
}

/// An object of a type, properties missing.
fn object(record: RecordType) -> BoxedStrategy<Json> {
    let properties = record
        .info()
        .fields
        .iter()
        .filter(|field| matches!(field.origin, Origin::Property { .. }));
    let pairs: Vec<_> = properties
        .map(|field| {
            let name = field.name.clone();
            proptest::option::weighted(0.8, field_value(&field.ty)).prop_map(move |value| (name.clone(), value))
        })
        .collect();
    pairs
        .prop_map(|pairs| {
            let there = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Json::from(there.collect::<Map<String, Json>>())
        })
        .boxed()
}

/// Records of every resource type, and how well each was read.
fn snapshot() -> impl Strategy<Value = Vec<(Vec<Json>, Status, Option<Json>)>> {
    let each: Vec<_> = called()
        .map(|resource| {
            let most = if resource.population == Population::One { 2 } else { 4 };
            let parent = prop_oneof![Just(None), Just(Some(json!("u1"))), Just(Some(json!("a")))];
            let status =
                prop_oneof![4 => Just(Status::Complete), 1 => Just(Status::Partial), 1 => Just(Status::Denied)];
            (
                proptest::collection::vec(object(resource.record), 0..most),
                status,
                parent,
            )
        })
        .collect();
    each
}

fn called() -> impl Iterator<Item = &'static Resource> {
    catalog()
        .resources()
        .iter()
        .filter(|resource| resource.supply.call().is_some())
}

/// Tables of what some policies need.
fn tables(snapshot: &[(Vec<Json>, Status, Option<Json>)], needs: &Needs) -> Tables {
    let wanted = |ty: RecordType| needs.fields(ty);
    let needed = needs.resources();
    let loaded = called()
        .zip(snapshot)
        .filter(|(resource, _)| needed.iter().any(|needed| needed.name == resource.name));
    let loaded = loaded.map(|(resource, (rows, status, parent))| {
        let mut columns = RecordColumns::new(resource.record, &wanted);
        for row in rows {
            let line = json!({"parent": parent, "object": row}).to_string();
            // A line that is refused ends the program with a message.
            let _ = project::lines(line.as_bytes(), &mut columns);
        }
        unify(&mut columns);
        let loaded = Loaded {
            columns,
            status: *status,
            reason: None,
            asked: None,
            parents: None,
        };
        (resource, loaded)
    });
    let loaded = loaded.collect();
    Tables::assemble(loaded, needs, Timestamp::default())
}

/// A condition over a whole collection, by walking along fields that somebody chose.
fn condition(resource: &'static Resource, choices: &[Choice]) -> String {
    let mut path = "x".to_owned();
    let mut ty = FieldType::Record(resource.record);
    let mut choices = choices.iter();
    let mut hops = 0;
    while let (FieldType::Record(record), Some(choice)) = (&ty, choices.next()) {
        let fields: &[Field] = &record.info().fields;
        let field = &fields[choice.index(fields.len())];
        path = format!("{path}.{}", field.name);
        ty = field.ty.clone();
        hops += 1;
        if hops > 4 {
            break;
        }
    }
    let test = leaf(&path, &ty, choices.next());
    if resource.population == Population::One {
        test.replace("x.", &format!("{}.", resource.collection))
    } else {
        format!("{}.exists(x, {test})", resource.collection)
    }
}

/// Something that can be said of a value of a type.
fn leaf(path: &str, ty: &FieldType, choice: Option<&Choice>) -> String {
    let said: &[&str] = match ty {
        FieldType::Bool => &["P", "!P", "P == true", "has(P)"],
        FieldType::Int => &[
            "P > 1",
            "P + 1 == 2",
            "-P < 0",
            "P * P > 3",
            "P / 2 == 1",
            "P % 2 == 0",
            "string(P) == '1'",
        ],
        FieldType::Double => &["P > 1.5", "int(P) == 1"],
        FieldType::String => &[
            "P == 'a'",
            "P.size() > 1",
            "P.matches('^u')",
            "P.substring(1) == ''",
            "P in ['a', 'b']",
            "int(P) > 1",
            "P.split('@')[0] == 'u1'",
            "timestamp(P) > now",
            "P.lowerAscii().startsWith('a')",
        ],
        FieldType::Enum { .. } => &["P != ''", "P.size() == 3", "has(P)"],
        FieldType::Timestamp => &[
            "P < now",
            "now - P > duration('1h')",
            "P.getFullYear() == 2026",
            "string(P) == ''",
        ],
        FieldType::Map => &[
            "has(P.a)",
            "P.size() > 0",
            "P.exists(k, k == 'a')",
            "P.a == 1",
            "'a' in P",
        ],
        FieldType::List(_) => &[
            "P.size() > 1",
            "P.all(e, e == P[0])",
            "P.exists_one(e, e != null)",
            "P.filter(e, e != null).size() == 1",
            "P.map(e, e).size() == 2",
            "P == P",
            "P[0] == P[1]",
        ],
        FieldType::Record(_) => &["P == null", "has(P)", "P != null", "P == P"],
    };
    let at = choice.map_or(0, |choice| choice.index(said.len()));
    said[at].replace('P', path)
}

fn built_in() -> Vec<Policy> {
    policy::load(&[], &mut Diagnostics::new()).policies
}

/// Runs a condition and what explains it.
fn run(plan: &Plan, snapshot: &[(Vec<Json>, Status, Option<Json>)]) {
    let tables = tables(snapshot, &Needs::of(&plan.reads));
    let arena = Bump::new();
    let evaluator = Evaluator::new(&tables, &arena);
    let variables = [Value::Timestamp(Timestamp::default())];
    let value = evaluator.plan(plan, &variables);
    let _ = to_json(value, &tables);
    let _ = evaluator.explain(plan, Vec::new(), arena.alloc_slice_copy(&variables), Detail::SHOWN);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_built_in_policies_judge_any_records(snapshot in snapshot()) {
        let policies = built_in();
        let tables = tables(&snapshot, &policy::needs(&policies));
        let gates: Vec<Gate> = policies.iter().map(|policy| Gate::of(policy, &tables)).collect();
        for (policy, tally) in policies.iter().zip(judge(&policies, &gates, &tables)) {
            let judged = tally.pass + tally.out_of_scope + tally.fail.len() as u64
                + tally.unknown.values().map(|rows| rows.count).sum::<u64>();
            let rows = match policy.judged {
                policy::Judged::Tenant => 1,
                policy::Judged::Each(resource) => tables.rows(resource.record),
            };
            prop_assert_eq!(judged, u64::from(rows), "{}", policy.id);
        }
    }

    #[test]
    fn any_condition_that_is_accepted_runs_on_any_records(
        snapshot in snapshot(),
        chosen in proptest::collection::vec((any::<Choice>(), proptest::collection::vec(any::<Choice>(), 7)), 8),
    ) {
        for (resource, choices) in &chosen {
            let all: Vec<&'static Resource> = catalog().resources().iter().collect();
            let text = condition(all[resource.index(all.len())], choices);
            let compiled = compile(&text, &Scope::snapshot().with("now", Type::Timestamp));
            if compiled.mistakes.is_empty() {
                run(&compiled.plan.unwrap(), &snapshot);
            }
        }
    }
}

#[test]
fn most_of_what_is_said_of_a_field_is_accepted() {
    let (mut accepted, mut refused) = (0, 0);
    for resource in catalog().resources() {
        for field in &resource.record.info().fields {
            let (path, whole) = match resource.population {
                Population::One => (format!("{}.{}", resource.collection, field.name), false),
                _ => (format!("x.{}", field.name), true),
            };
            let test = leaf(&path, &field.ty, None);
            let text = if whole {
                format!("{}.exists(x, {test})", resource.collection)
            } else {
                test
            };
            match compile(&text, &Scope::snapshot().with("now", Type::Timestamp))
                .mistakes
                .is_empty()
            {
                true => accepted += 1,
                false => refused += 1,
            }
        }
    }
    assert!(accepted > 3 * refused, "{accepted} accepted, {refused} refused");
}
