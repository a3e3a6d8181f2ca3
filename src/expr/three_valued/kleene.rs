//! The laws of three-valued logic (Kleene's strong logic), on random terms.
//!
//! With errors CEL promises less: an error counts for less than an unknown, which breaks absorption and distribution,
//! so those are asked of terms without errors.

use proptest::prelude::*;

use super::part::{Part, combinations, held, parts, plain, scope, unknown, whole};
use crate::expr::{NoRecords, Value, compile, run};

/// Names of the variables: three truth values, a list of numbers, a number.
const NAMES: &[&str] = &["p", "q", "r", "xs", "n"];

/// What a term comes to, and of an unknown also why.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    True,
    False,
    Unknown(Vec<u32>),
    Error,
}

impl Outcome {
    /// The same without reasons.
    fn kind(&self) -> Self {
        match self {
            Self::Unknown(_) => Self::Unknown(Vec::new()),
            other => other.clone(),
        }
    }
}

fn value(text: &str, given: &[Value<'static>]) -> Outcome {
    let plan = compile(text, &scope(NAMES)).plan.unwrap();
    let arena = bumpalo::Bump::new();
    match run(&plan, given, &NoRecords, &arena) {
        Value::Bool(true) => Outcome::True,
        Value::Bool(false) => Outcome::False,
        Value::Unknown(why) => Outcome::Unknown(why.origins.to_vec()),
        Value::Error(_) => Outcome::Error,
        other => panic!("{text}: {other:?}"),
    }
}

/// Values of the variables, with the ways in which they can turn out; with errors only where asked for.
fn given(errors: bool) -> impl Strategy<Value = Vec<Part>> {
    let ways = || [Value::Bool(true), Value::Bool(false)];
    let truth = (0..if errors { 4 } else { 3 }, 1..4_u32).prop_map(move |(kind, origin)| match kind {
        0 => whole(Value::Bool(true)),
        1 => whole(Value::Bool(false)),
        2 => Part {
            value: Value::Unknown(unknown(origin)),
            ways: ways().to_vec(),
            all: true,
        },
        _ => whole(Value::Error("it failed")),
    });
    let list = prop_oneof![Just("[]"), Just("[1]"), Just("[2, 1]"), Just("[1, 2, 3]")];
    let list = (list, any::<prop::sample::Index>()).prop_map(|(text, at)| {
        let value = plain(text);
        let mut all = parts(value);
        all.push(whole(value));
        at.get(&all).clone()
    });
    let number = any::<prop::sample::Index>().prop_map(|at| {
        let mut all = parts(plain("2"));
        all.push(whole(plain("2")));
        at.get(&all).clone()
    });
    (truth.clone(), truth.clone(), truth, list, number).prop_map(|(p, q, r, xs, n)| vec![p, q, r, xs, n])
}

fn term() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => prop_oneof![Just("p"), Just("q"), Just("r")],
        1 => prop_oneof![
            Just("xs.all(x, x > 1)"),
            Just("xs.exists(x, x == n)"),
            Just("xs.exists_one(x, x > 1)"),
            Just("xs.filter(x, x > 1).size() >= 2"),
            Just("xs.exists(i, x, i == 1 && x == 2)"),
            Just("n in xs"),
            Just("n > 1"),
            Just("n in {2: 'a'}"),
        ],
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 10, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

fn values(given: &[Part]) -> Vec<Value<'static>> {
    given.iter().map(|part| part.value).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn laws_that_hold_with_errors_too(a in term(), b in term(), c in term(), given in given(true)) {
        let given = values(&given);
        for (left, right) in [
            (format!("({a}) && ({b})"), format!("({b}) && ({a})")),
            (format!("({a}) || ({b})"), format!("({b}) || ({a})")),
            (format!("(({a}) && ({b})) && ({c})"), format!("({a}) && (({b}) && ({c}))")),
            (format!("(({a}) || ({b})) || ({c})"), format!("({a}) || (({b}) || ({c}))")),
            (format!("!(({a}) && ({b}))"), format!("!({a}) || !({b})")),
            (format!("!(({a}) || ({b}))"), format!("!({a}) && !({b})")),
            (format!("!!({a})"), a.clone()),
            (format!("({a}) && true"), a.clone()),
            (format!("({a}) || false"), a.clone()),
            (format!("({a}) && ({a})"), a.clone()),
            (format!("({a}) || ({a})"), a.clone()),
            (format!("({a}) && false"), "false".to_owned()),
            (format!("({a}) || true"), "true".to_owned()),
            (format!("!({a}) ? ({b}) : ({c})"), format!("({a}) ? ({c}) : ({b})")),
        ] {
            prop_assert_eq!(value(&left, &given), value(&right, &given), "{} is not {}", left, right);
        }
    }

    #[test]
    fn laws_of_terms_without_errors(a in term(), b in term(), c in term(), given in given(false)) {
        let given = values(&given);
        for (left, right) in [
            (format!("({a}) && (({a}) || ({b}))"), a.clone()),
            (format!("({a}) || (({a}) && ({b}))"), a.clone()),
            (format!("({a}) && (({b}) || ({c}))"), format!("(({a}) && ({b})) || (({a}) && ({c}))")),
            (format!("({a}) || (({b}) && ({c}))"), format!("(({a}) || ({b})) && (({a}) || ({c}))")),
        ] {
            prop_assert_eq!(value(&left, &given).kind(), value(&right, &given).kind(), "{} is not {}", left, right);
        }
    }

    #[test]
    fn laws_of_quantifiers(given in given(false), test in prop_oneof![Just("x > 1"), Just("x == n"), Just("p && x > 0")]) {
        let given = values(&given);
        // A list of which nothing is known stays so whatever is added to it.
        let added = if matches!(given[3], Value::Unknown(_)) { "[]" } else { "xs" };
        for (left, right) in [
            (format!("!xs.all(x, {test})"), format!("xs.exists(x, !({test}))")),
            (format!("({added} + [1, 2]).all(x, {test})"), format!("{added}.all(x, {test}) && [1, 2].all(x, {test})")),
            (format!("xs.filter(x, {test}).exists(x, x > 1)"), format!("xs.exists(x, ({test}) && x > 1)")),
            (format!("xs.filter(x, {test}).all(x, x > 1)"), format!("xs.all(x, !({test}) || x > 1)")),
            (format!("xs.filter(x, {test}).size() > 0"), format!("xs.exists(x, {test})")),
            (format!("xs.filter(x, {test}).size() == 1"), format!("xs.exists_one(x, {test})")),
        ] {
            prop_assert_eq!(value(&left, &given).kind(), value(&right, &given).kind(), "{} is not {}", left, right);
        }
    }

    #[test]
    fn what_is_decided_stays_when_more_is_known(a in term(), given in given(true), at in any::<prop::sample::Index>()) {
        let before = value(&a, &values(&given));
        // One variable after the other turns out to be something, until nothing is missing.
        let ways = combinations(&given);
        let way = at.get(&ways);
        let mut known = values(&given);
        for (slot, found) in known.clone().iter().zip(way).map(|(_, found)| *found).enumerate() {
            known[slot] = found;
            let after = value(&a, &known);
            if matches!(before, Outcome::True | Outcome::False) {
                prop_assert_eq!(&after, &before, "{} with {:?}", a, known);
            }
        }
        prop_assert!(!matches!(value(&a, &known), Outcome::Unknown(_)), "{} with {:?}", a, known);
    }
}

#[test]
fn the_laws_are_asked_of_every_outcome() {
    let given = [
        Value::Bool(true),
        Value::Bool(false),
        Value::Unknown(unknown(1)),
        held(&[], &[], true),
        Value::Error("e"),
    ];
    assert_eq!(value("p", &given), Outcome::True);
    assert_eq!(value("q", &given), Outcome::False);
    assert_eq!(value("r || xs.all(x, x > 1)", &given), Outcome::Unknown(vec![1, 4]));
    assert_eq!(value("n > 1", &given), Outcome::Error);
}
