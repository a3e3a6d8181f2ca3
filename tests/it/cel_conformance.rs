//! The CEL specification's own conformance tests, run against our parser, checker and evaluator.
//!
//! Left out, by rule: files that test protobuf messages or extensions we do not have, and cases elsewhere that need
//! protobuf messages or a container. A case marked `disableCheck` runs unchecked. The tests lie beside the repository
//! while it is developed; without them this test says so and passes.

use std::collections::BTreeMap;

use base64::Engine as _;
use bumpalo::Bump;
use serde_json::Value as Json;
use tenken::expr::time::{Duration, Timestamp};
use tenken::expr::{List, Map, NoRecords, Overload, Scope, Type, Value, check, lower, parse, run};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/cel-conformance.json");

const FILES_LEFT_OUT: &[&str] = &[
    "proto2",
    "proto2_ext",
    "proto3",
    "enums",
    "wrappers",
    "dynamic",
    "block_ext",
    "network_ext",
];

/// Cases whose expected value contradicts their expression: the text holds no backslash, the expected bytes do. The
/// twin cases for strings, with the same text, expect none.
const DEFECTIVE: &[&str] = &[
    "parse/bytes_literals/triple_single_quoted_unescaped_punctuation",
    "parse/bytes_literals/triple_double_quoted_unescaped_punctuation",
];

/// Spellings that only occur in cases about protobuf messages.
const MESSAGES: &[&str] = &[
    "TestAllTypes",
    "objectValue",
    "messageType",
    "NestedTestAllTypes",
    "google.protobuf.",
    "cel.expr.",
];

fn needs_messages(case: &Json) -> bool {
    let times = ["google.protobuf.Timestamp", "google.protobuf.Duration"];
    let text = times.iter().fold(case.to_string(), |text, time| text.replace(time, ""));
    case.get("container").is_some() || MESSAGES.iter().any(|word| text.contains(word))
}

fn decode_type(json: &Json) -> Type {
    let (kind, inner) = json.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "primitive" => match inner.as_str().unwrap() {
            "BOOL" => Type::Bool,
            "INT64" => Type::Int,
            "UINT64" => Type::Uint,
            "DOUBLE" => Type::Double,
            "STRING" => Type::String,
            "BYTES" => Type::Bytes,
            other => panic!("{other}"),
        },
        "wrapper" => Type::nullable(decode_type(&serde_json::json!({ "primitive": inner }))),
        "null" => Type::Null,
        "dyn" => Type::Dyn,
        "wellKnown" if inner == "TIMESTAMP" => Type::Timestamp,
        "wellKnown" if inner == "DURATION" => Type::Duration,
        "listType" => Type::list(decode_type(&inner["elemType"])),
        "mapType" => Type::map(decode_type(&inner["keyType"]), decode_type(&inner["valueType"])),
        "typeParam" => Type::Param(inner.as_str().unwrap().into()),
        "type" => Type::TypeOf(decode_type(inner).into()),
        "abstractType" => {
            let parts: Vec<Type> = inner["parameterTypes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(decode_type)
                .collect();
            match inner["name"].as_str().unwrap() {
                "optional_type" => Type::optional(parts[0].clone()),
                name => Type::Abstract(name.into(), parts),
            }
        }
        other => panic!("type {other}"),
    }
}

fn number<T: std::str::FromStr>(json: &Json) -> T
where
    T::Err: std::fmt::Debug,
{
    json.as_str()
        .map_or_else(|| json.to_string(), str::to_owned)
        .parse()
        .unwrap()
}

fn decode_value<'r>(json: &Json, arena: &'r Bump) -> Value<'r> {
    let (kind, inner) = json.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "nullValue" => Value::Null,
        "boolValue" => Value::Bool(inner.as_bool().unwrap()),
        "int64Value" => Value::Int(number(inner)),
        "uint64Value" => Value::Uint(number(inner)),
        "doubleValue" => Value::Double(match inner.as_str() {
            Some("NaN") => f64::NAN,
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            _ => inner.as_f64().unwrap(),
        }),
        "stringValue" => Value::String(arena.alloc_str(inner.as_str().unwrap())),
        "bytesValue" => {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(inner.as_str().unwrap())
                .unwrap();
            Value::Bytes(arena.alloc_slice_copy(&bytes))
        }
        "listValue" => {
            let items: Vec<Value<'r>> = inner["values"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| decode_value(item, arena))
                .collect();
            Value::List(arena.alloc(List::whole(arena.alloc_slice_copy(&items))))
        }
        "mapValue" => {
            let entry = |entry: &Json| (decode_value(&entry["key"], arena), decode_value(&entry["value"], arena));
            let entries: Vec<_> = inner["entries"].as_array().into_iter().flatten().map(entry).collect();
            Value::Map(arena.alloc(Map {
                entries: arena.alloc_slice_copy(&entries),
            }))
        }
        "typeValue" => match inner.as_str().unwrap() {
            "google.protobuf.Timestamp" => Value::Type(arena.alloc(Type::Timestamp)),
            "google.protobuf.Duration" => Value::Type(arena.alloc(Type::Duration)),
            name => Value::Type(arena.alloc(Type::Abstract(name.into(), Vec::new()))),
        },
        "objectValue" => match inner["@type"].as_str().unwrap() {
            "type.googleapis.com/google.protobuf.Timestamp" => {
                Value::Timestamp(Timestamp::parse(inner["value"].as_str().unwrap()).unwrap())
            }
            "type.googleapis.com/google.protobuf.Duration" => {
                Value::Duration(Duration::parse(inner["value"].as_str().unwrap()).unwrap())
            }
            other => panic!("object {other}"),
        },
        other => panic!("value {other}"),
    }
}

/// Equality as the suite means it: same type, NaN equals NaN.
fn same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Double(x), Value::Double(y)) => x == y || x.is_nan() && y.is_nan(),
        (Value::Int(x), Value::Int(y)) => x == y,
        (Value::Uint(x), Value::Uint(y)) => x == y,
        (Value::List(x), Value::List(y)) => x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| same(x, y)),
        (Value::Map(x), Value::Map(y)) => {
            x.entries.len() == y.entries.len()
                && x.entries
                    .iter()
                    .all(|(k, v)| y.entries.iter().any(|(ok, ov)| same(*k, *ok) && same(*v, *ov)))
        }
        (Value::Type(x), Value::Type(y)) => type_text(x) == type_text(y),
        (Value::Int(_) | Value::Uint(_) | Value::Double(_), Value::Int(_) | Value::Uint(_) | Value::Double(_)) => false,
        (Value::Optional(Some(x)), Value::Optional(Some(y))) => same(*x, *y),
        _ => format!("{a:?}") == format!("{b:?}"),
    }
}

fn type_text(ty: &Type) -> String {
    let text = ty.to_string();
    let head = text.split('(').next().unwrap_or_default();
    match head {
        "null" => "null_type".to_owned(),
        "optional" => "optional_type".to_owned(),
        head => head.to_owned(),
    }
}

fn scope(case: &Json) -> Scope {
    let mut scope = Scope::new();
    for declaration in case["typeEnv"].as_array().into_iter().flatten() {
        let name = declaration["name"].as_str().unwrap();
        if let Some(ident) = declaration.get("ident") {
            scope = scope.with(name, decode_type(&ident["type"]));
        }
        for overload in declaration["function"]["overloads"].as_array().into_iter().flatten() {
            let overload = Overload {
                params: overload["params"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(decode_type)
                    .collect(),
                result: decode_type(&overload["resultType"]),
                receiver: overload["isInstanceFunction"].as_bool().unwrap_or(false),
                variadic: false,
            };
            scope = scope.with_function(name, overload);
        }
    }
    // A binding without a declaration is of type dyn.
    for name in case["bindings"].as_object().into_iter().flat_map(|map| map.keys()) {
        if !scope.variables().iter().any(|(known, _)| known == name) {
            scope = scope.with(name.as_str(), Type::Dyn);
        }
    }
    scope
}

/// Runs one case; the error says what came instead.
fn case(case: &Json) -> Result<(), String> {
    let arena = Bump::new();
    let text = case["expr"].as_str().unwrap();
    let scope = scope(case);
    let fails = case.get("evalError").is_some();
    let ast = match parse(text) {
        Ok(ast) => ast,
        Err(_) if fails => return Ok(()),
        Err(error) => return Err(format!("does not parse: {}", error.message)),
    };
    let checked = check(&ast, &scope);
    if case["disableCheck"] != true
        && let Some(mistake) = checked.mistakes.first()
    {
        return if fails {
            Ok(())
        } else {
            Err(format!("does not check: {}", mistake.message))
        };
    }
    if let Some(wanted) = case["typedResult"].get("deducedType") {
        let wanted = decode_type(wanted);
        let found = checked.ty(&ast.root);
        if *found != wanted {
            return Err(format!("type {found} instead of {wanted}"));
        }
    }
    if case["checkOnly"] == true {
        return Ok(());
    }
    let plan = lower(&ast, text, &scope, &checked);
    let values: Vec<Value<'_>> = scope
        .variables()
        .iter()
        .map(|(name, _)| {
            case["bindings"][name]
                .get("value")
                .map_or(Value::Null, |value| decode_value(value, &arena))
        })
        .collect();
    let found = run(&plan, &values, &NoRecords, &arena);
    if fails {
        return if matches!(found, Value::Error(_)) {
            Ok(())
        } else {
            Err(format!("{found:?} instead of an error"))
        };
    }
    let wanted = case.get("value").or(case["typedResult"].get("result"));
    let wanted = wanted.map_or(Value::Bool(true), |wanted| decode_value(wanted, &arena));
    if same(found, wanted) {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {wanted:?}"))
    }
}

#[test]
fn conformance() {
    let Ok(text) = std::fs::read_to_string(TESTS) else {
        println!("skipped: the conformance tests are not beside the repository");
        return;
    };
    let suite: BTreeMap<String, Json> = serde_json::from_str(&text).unwrap();
    let mut failures = Vec::new();
    let (mut all_ran, mut all_passed) = (0, 0);
    println!("{:<16} {:>5} {:>7} {:>9}", "file", "ran", "passed", "left out");
    for (file, sections) in &suite {
        let (mut ran, mut passed, mut left_out) = (0, 0, 0);
        for section in sections["section"].as_array().into_iter().flatten() {
            for test in section["test"].as_array().unwrap() {
                let name = [
                    file.as_str(),
                    section["name"].as_str().unwrap(),
                    test["name"].as_str().unwrap(),
                ]
                .join("/");
                let left = FILES_LEFT_OUT.contains(&file.as_str()) || needs_messages(test);
                if left || DEFECTIVE.contains(&name.as_str()) {
                    left_out += 1;
                    continue;
                }
                ran += 1;
                match case(test) {
                    Ok(()) => passed += 1,
                    Err(message) => failures.push(format!("{name}: {}\n    {message}", test["expr"].as_str().unwrap())),
                }
            }
        }
        println!("{file:<16} {ran:>5} {passed:>7} {left_out:>9}");
        all_ran += ran;
        all_passed += passed;
    }
    println!("{:<16} {all_ran:>5} {all_passed:>7}", "all");
    assert!(all_ran > 1400, "only {all_ran} cases ran");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
