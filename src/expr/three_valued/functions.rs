//! Every function of the tables, by examples of its arguments.

use std::collections::BTreeSet;

use super::part::{Part, alternatives, arena, combinations, follows, parts, plain, unknown, whole};
use crate::expr::eval::Evaluator;
use crate::expr::functions::{Function, all};
use crate::expr::{NoRecords, Type, Value};

/// Functions that decide whenever every way in which a size or membership can turn out agrees.
const SHARP: &[&str] = &["_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_", "@in", "size"];

/// For every function examples of arguments, at least one for each of its overloads.
const EXAMPLES: &[(&str, &[&[&str]])] = &[
    ("!_", &[&["true"]]),
    ("-_", &[&["3"], &["1.5"]]),
    (
        "_-_",
        &[&["3", "1"], &["3u", "1u"], &["1.5", "0.5"], &[T, T], &[T, D], &[D, D]],
    ),
    ("_*_", &[&["3", "2"], &["3u", "2u"], &["1.5", "2.0"]]),
    ("_/_", &[&["6", "2"], &["6u", "2u"], &["1.5", "2.0"]]),
    ("_%_", &[&["7", "2"], &["7u", "2u"]]),
    (
        "_+_",
        &[
            &["3", "2"],
            &["3u", "2u"],
            &["1.5", "2.0"],
            &["'a'", "'b'"],
            &["b'a'", "b'b'"],
            &["[1, 2]", "[3]"],
            &[T, D],
            &[D, T],
            &[D, D],
        ],
    ),
    ("_==_", EQUAL),
    ("_!=_", EQUAL),
    ("_<_", ORDERED),
    ("_<=_", ORDERED),
    ("_>_", ORDERED),
    ("_>=_", ORDERED),
    ("int", &[&["1"], &["1u"], &["1.5"], &["'1'"], &[T], &[D]]),
    ("uint", &[&["1u"], &["1"], &["1.5"], &["'1'"]]),
    ("double", &[&["1.5"], &["1"], &["1u"], &["'1'"]]),
    (
        "string",
        &[&["'a'"], &["true"], &["1"], &["1u"], &["1.5"], &["b'a'"], &[T], &[D]],
    ),
    ("bytes", &[&["b'a'"], &["'a'"]]),
    ("bool", &[&["true"], &["'true'"]]),
    ("timestamp", &[&[T], &["'2026-01-02T03:04:05Z'"], &["1"]]),
    ("duration", &[&[D], &["'90m'"]]),
    ("dyn", &[&["1"], &["[1, 2]"]]),
    ("type", &[&["1"], &["[1]"]]),
    ("contains", &[&["'abc'", "'b'"]]),
    ("startsWith", &[&["'abc'", "'a'"]]),
    ("endsWith", &[&["'abc'", "'c'"]]),
    ("matches", &[&["'abc'", "'^a'"]]),
    ("charAt", &[&["'abc'", "1"]]),
    ("indexOf", &[&["'abab'", "'b'"], &["'abab'", "'b'", "2"]]),
    ("lastIndexOf", &[&["'abab'", "'b'"], &["'abab'", "'b'", "2"]]),
    ("lowerAscii", &[&["'AbC'"]]),
    ("upperAscii", &[&["'AbC'"]]),
    ("trim", &[&["' a '"]]),
    ("replace", &[&["'abab'", "'b'", "'c'"], &["'abab'", "'b'", "'c'", "1"]]),
    ("split", &[&["'a,b'", "','"], &["'a,b'", "','", "1"]]),
    ("substring", &[&["'abcd'", "1"], &["'abcd'", "1", "3"]]),
    ("join", &[&["['a', 'b']"], &["['a', 'b']", "','"]]),
    ("strings.quote", &[&["'a'"]]),
    ("format", &[&["'%s'", "[1]"]]),
    ("base64.encode", &[&["b'a'"]]),
    ("base64.decode", &[&["'YQ=='"]]),
    ("math.greatest", &[&["1", "2"], &["[1, 2]"]]),
    ("math.least", &[&["1", "2"], &["[1, 2]"]]),
    ("math.ceil", &[&["1.5"]]),
    ("math.floor", &[&["1.5"]]),
    ("math.round", &[&["1.5"]]),
    ("math.trunc", &[&["1.5"]]),
    ("math.sqrt", &[&["4.0"], &["4"], &["4u"]]),
    ("math.isNaN", &[&["1.5"]]),
    ("math.isInf", &[&["1.5"]]),
    ("math.isFinite", &[&["1.5"]]),
    ("math.abs", &[&["-3"], &["3u"], &["-1.5"]]),
    ("math.sign", &[&["-3"], &["3u"], &["-1.5"]]),
    ("math.bitAnd", &[&["6", "3"], &["6u", "3u"]]),
    ("math.bitOr", &[&["6", "3"], &["6u", "3u"]]),
    ("math.bitXor", &[&["6", "3"], &["6u", "3u"]]),
    ("math.bitNot", &[&["6"], &["6u"]]),
    ("math.bitShiftLeft", &[&["6", "1"], &["6u", "1"]]),
    ("math.bitShiftRight", &[&["6", "1"], &["6u", "1"]]),
    ("getFullYear", MOMENT),
    ("getMonth", MOMENT),
    ("getDate", MOMENT),
    ("getDayOfMonth", MOMENT),
    ("getDayOfWeek", MOMENT),
    ("getDayOfYear", MOMENT),
    ("getHours", MOMENT_OR_LENGTH),
    ("getMinutes", MOMENT_OR_LENGTH),
    ("getSeconds", MOMENT_OR_LENGTH),
    ("getMilliseconds", MOMENT_OR_LENGTH),
    (
        "_[_]",
        &[
            &["[5, 6]", "1"],
            &["{'a': 1}", "'a'"],
            &["{1: 2}", "1"],
            &["optional.of([5, 6])", "1"],
            &["optional.of({'a': 1})", "'a'"],
        ],
    ),
    (
        "_[?_]",
        &[
            &["[5, 6]", "1"],
            &["{'a': 1}", "'a'"],
            &["{1: 2}", "3"],
            &["optional.of([5, 6])", "1"],
            &["optional.of({'a': 1})", "'a'"],
        ],
    ),
    ("optional.of", &[&["1"], &["[1]"]]),
    ("optional.none", &[&[]]),
    ("optional.ofNonZeroValue", &[&["1"], &["[]"]]),
    ("hasValue", &[&["optional.of(1)"], &["optional.of([1])"]]),
    ("value", &[&["optional.of(1)"], &["optional.of([1])"]]),
    (
        "or",
        &[
            &["optional.of(1)", "optional.of(2)"],
            &["optional.none()", "optional.of([1])"],
        ],
    ),
    (
        "orValue",
        &[
            &["optional.of(1)", "2"],
            &["optional.none()", "2"],
            &["optional.of([1])", "[]"],
        ],
    ),
    ("reverse", &[&["'abc'"], &["[1, 2]"]]),
    ("distinct", &[&["[1, 1, 2]"]]),
    ("sort", &[&["[2, 1]"]]),
    ("flatten", &[&["[[1], [2]]"]]),
    ("slice", &[&["[1, 2, 3]", "0", "2"]]),
    ("first", &[&["[1, 2]"]]),
    ("last", &[&["[1, 2]"]]),
    ("lists.range", &[&["3"]]),
    ("size", &[&["'abc'"], &["b'ab'"], &["[1, 2, 3]"], &["{'a': 1}"]]),
    (
        "@in",
        &[
            &["1", "[1, 2]"],
            &["2", "[1, 2, 2]"],
            &["5", "[1, 2]"],
            &["1", "{1: 'a', 2: 'b'}"],
            &["'a'", "{'a': 1}"],
            &["[1]", "[[1], [2]]"],
        ],
    ),
];

const T: &str = "timestamp('2026-01-02T03:04:05.678Z')";
const D: &str = "duration('90m')";
const MOMENT: &[&[&str]] = &[&[T], &[T, "'Asia/Tokyo'"]];
const MOMENT_OR_LENGTH: &[&[&str]] = &[&[T], &[T, "'Asia/Tokyo'"], &[D]];
const EQUAL: &[&[&str]] = &[
    &["1", "1"],
    &["1", "2"],
    &["3", "0"],
    &["1", "1u"],
    &["1", "1.5"],
    &["true", "false"],
    &["'a'", "'a'"],
    &["null", "null"],
    &["[1, 2]", "[1, 2]"],
    &["[1, 2]", "[1]"],
    &["{'a': 1}", "{'a': 1}"],
    &["{'a': 1}", "{'b': 1}"],
    &["optional.of(1)", "optional.of(1)"],
    &["optional.of(1)", "optional.none()"],
    &[T, T],
    &["int", "int"],
];
const ORDERED: &[&[&str]] = &[
    &["false", "true"],
    &["1", "2"],
    &["2", "0"],
    &["5", "1"],
    &["1", "1.5"],
    &["1", "1u"],
    &["1u", "2u"],
    &["1u", "1.5"],
    &["1u", "1"],
    &["1.5", "2.5"],
    &["1.5", "1"],
    &["1.5", "1u"],
    &["'a'", "'b'"],
    &["b'a'", "b'b'"],
    &[T, T],
    &[D, D],
];

fn values(example: &[&str]) -> Vec<Value<'static>> {
    example.iter().map(|text| plain(text)).collect()
}

fn call(function: &Function, args: &[Value<'static>]) -> Value<'static> {
    Evaluator::new(&NoRecords, arena()).apply(function, args)
}

/// Arguments of which one, or of two both, have something missing.
fn choices(args: &[Value<'static>]) -> Vec<Vec<Part>> {
    let all_whole: Vec<Part> = args.iter().copied().map(whole).collect();
    let mut found = Vec::new();
    for at in 0..args.len() {
        for part in parts(args[at]) {
            let mut chosen = all_whole.clone();
            chosen[at] = part;
            found.push(chosen);
        }
    }
    if let [a, b] = args {
        let others = parts(*b);
        found.extend(
            parts(*a)
                .into_iter()
                .flat_map(|a| others.iter().map(move |b| vec![a.clone(), b.clone()])),
        );
    }
    found
}

#[test]
fn every_function_has_examples_and_every_overload_one() {
    let known: BTreeSet<&str> = all().into_keys().collect();
    let listed: BTreeSet<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, listed);
    for (name, examples) in EXAMPLES {
        for overload in &all()[name].overloads {
            let fits = |example: &&&[&str]| {
                let args = values(example);
                let enough =
                    args.len() == overload.params.len() || overload.variadic && args.len() > overload.params.len();
                enough && args.iter().zip(&overload.params).all(|(arg, ty)| is_of(*arg, ty))
            };
            assert!(
                examples.iter().any(|example| fits(&example)),
                "{name}: no example of {overload:?}"
            );
        }
    }
}

/// Whether a value is one of a type, parameters aside.
fn is_of(value: Value<'_>, ty: &Type) -> bool {
    match (value, ty) {
        (_, Type::Dyn | Type::Param(_))
        | (Value::Bool(_), Type::Bool)
        | (Value::Int(_), Type::Int)
        | (Value::Uint(_), Type::Uint)
        | (Value::Double(_), Type::Double)
        | (Value::String(_), Type::String)
        | (Value::Bytes(_), Type::Bytes)
        | (Value::Timestamp(_), Type::Timestamp)
        | (Value::Duration(_), Type::Duration)
        | (Value::List(_), Type::List(_))
        | (Value::Map(_), Type::Map(..)) => true,
        (Value::Optional(Some(inner)), Type::Optional(ty)) => is_of(*inner, ty),
        (Value::Optional(None), Type::Optional(_)) => true,
        _ => false,
    }
}

#[test]
fn whole_arguments_give_whole_values() {
    for (name, examples) in EXAMPLES {
        for example in *examples {
            let answer = call(all()[name], &values(example));
            assert!(!matches!(answer, Value::Error(_)), "{name}{example:?}: {answer:?}");
            assert!(
                answer.unknown_inside(arena()).is_none(),
                "{name}{example:?}: {answer:?}"
            );
        }
    }
}

#[test]
fn an_error_among_the_arguments_is_an_error_whatever_is_missing() {
    for (name, examples) in EXAMPLES {
        for example in *examples {
            let args = values(example);
            for at in 0..args.len() {
                let mut given: Vec<Value<'static>> = args.iter().map(|_| Value::Unknown(unknown(1))).collect();
                given[at] = Value::Error("it failed");
                assert!(
                    matches!(call(all()[name], &given), Value::Error("it failed")),
                    "{name}{example:?}"
                );
            }
        }
    }
}

#[test]
fn with_parts_missing_the_answer_is_that_of_every_completion_or_open() {
    let mut wrong = Vec::new();
    for (name, examples) in EXAMPLES {
        let function = all()[name];
        for example in *examples {
            for chosen in choices(&values(example)) {
                let given: Vec<Value<'static>> = chosen.iter().map(|part| part.value).collect();
                let answer = call(function, &given);
                let found: Vec<Value<'static>> = combinations(&chosen).iter().map(|way| call(function, way)).collect();
                let sharp = SHARP.contains(name) && chosen.iter().all(|part| decides(name, part));
                if let Err(fault) = follows(answer, &found, sharp) {
                    wrong.push(format!("{name}{given:?} {fault}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// Whether a function that decides what it can decides on such an argument: sizes, and lists whose membership is open.
fn decides(name: &str, part: &Part) -> bool {
    part.all
        && match part.value {
            Value::Unknown(_) | Value::Optional(_) => false,
            Value::List(_) | Value::Map(_) => matches!(name, "size" | "@in"),
            _ => true,
        }
}

#[test]
fn the_judge_tells_right_from_wrong() {
    let (yes, no) = (Value::Bool(true), Value::Bool(false));
    let open = Value::Unknown(unknown(1));
    assert!(follows(yes, &[yes, yes], true).is_ok());
    assert!(follows(open, &[yes, no], true).is_ok());
    assert!(follows(yes, &[yes, no], false).is_err());
    assert!(follows(open, &[yes, yes], true).is_err());
    assert!(follows(yes, &[yes, Value::Error("it failed")], false).is_err());
    assert!(follows(Value::Error("it failed"), &[yes], false).is_err());
    assert!(!alternatives(yes).is_empty());
}
