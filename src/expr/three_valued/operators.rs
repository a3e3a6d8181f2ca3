//! Operators and macros that are no functions: connectives, choice, selection, literals, comprehensions.

use super::part::{Part, arena, combinations, follows, parts, plain, scope, whole};
use crate::expr::{NoRecords, Plan, Value, compile, run};

/// Expressions over `x` and `y` with values of them, and whether they decide whatever can be decided.
const EXPRESSIONS: &[(&str, &[[&str; 2]], bool)] = &[
    ("x && y", BOOLS, true),
    ("x || y", BOOLS, true),
    ("x && true", BOOLS, true),
    ("x || true", BOOLS, true),
    ("x && false && y", BOOLS, true),
    ("!x", BOOLS, true),
    // The rule is that an unknown test gives an unknown, even where both sides agree.
    ("x ? y : !y", BOOLS, false),
    ("x ? 1 : 2", BOOLS, false),
    ("x.all(e, e > 1)", LISTS, true),
    ("x.exists(e, e > 1)", LISTS, true),
    ("x.exists_one(e, e > 1)", LISTS, true),
    ("x.all(e, e > y)", LISTS, false),
    ("x.exists(e, e == y)", LISTS, false),
    ("y in x", LISTS, false),
    ("x.all(i, e, i > 0 || e > 1)", LISTS, false),
    ("x.exists(i, e, i == 1 && e == 2)", LISTS, false),
    ("x.exists_one(i, e, i == 0 && e > 1)", LISTS, false),
    ("x.filter(e, e > 1)", LISTS, false),
    ("x.filter(e, e > 1).size() > 0", LISTS, true),
    ("x.filter(e, e > 1).size() == 0", LISTS, true),
    ("x.filter(e, e > 1).size() != 1", LISTS, true),
    ("x.filter(e, e > 1).size() < 2", LISTS, true),
    ("x.filter(e, e > 1).size() >= 2", LISTS, true),
    ("1 <= x.filter(e, e > 1).size()", LISTS, true),
    ("x.size() == 0", LISTS, true),
    ("x.size() + 1 > 1", LISTS, true),
    ("(x + x).size() >= 2", LISTS, false),
    ("x.filter(e, e > 0).all(e, e > 1)", LISTS, true),
    ("x.filter(e, e > 0).exists(e, e > 1)", LISTS, true),
    ("x.filter(e, e > 0).exists_one(e, e > 1)", LISTS, true),
    ("x.map(e, e * 2)", LISTS, false),
    ("x.map(e, e + 1).exists(d, d > 2)", LISTS, true),
    ("x.map(e, e > 0, e + 1).all(d, d > 2)", LISTS, true),
    ("x.map(e, 6 / (e - 1))", LISTS, false),
    ("x.transformList(i, e, i + e)", LISTS, false),
    ("x.transformList(i, e, e > 1, i)", LISTS, false),
    ("x.transformMap(i, e, e)", LISTS, false),
    ("x.transformMap(i, e, e > 1, 6 / e)", LISTS, false),
    ("x.transformMapEntry(i, e, {e: i})", LISTS, false),
    ("x.filter(e, e > 1).transformMap(i, e, e)", LISTS, false),
    ("x.all(e, 6 / e > 1)", LISTS, false),
    ("x.exists(e, 6 / e > 1)", LISTS, false),
    ("[x, y].exists(e, e == 2)", NUMBERS, true),
    ("[x, y] == [1, 2]", NUMBERS, true),
    ("{'a': x, 'b': y} == {'a': 1, 'b': 2}", NUMBERS, true),
    ("{x: 1}", NUMBERS, false),
    ("{'a': x}.a", NUMBERS, true),
    ("{'a': x, 'b': y}.exists(k, k == 'a')", NUMBERS, true),
    ("{'a': x, 'b': y}.all(k, v, v > 0)", NUMBERS, true),
    ("{'a': x}.transformMap(k, v, v + 1)", NUMBERS, false),
    ("x in {1: 'a', 2: 'b'}", NUMBERS, true),
    ("x in {7: 'a', 9: 'b'}", NUMBERS, false),
    ("cel.bind(n, x, n > 1 || y > 1)", NUMBERS, true),
    ("x + y > 2", NUMBERS, false),
    ("optional.of(x).optMap(n, n + y)", NUMBERS, false),
    ("optional.of(x).optFlatMap(n, optional.of(n))", NUMBERS, false),
    ("x.a", MAPS, true),
    ("x.?a", MAPS, false),
    ("x[?'a'].orValue(7)", MAPS, false),
    ("has(x.a)", MAPS, false),
    ("has(x.z)", MAPS, false),
    ("x.a > 0 && x.b > 0", MAPS, true),
    ("x.exists(k, x[k] > 1)", MAPS, false),
    ("x.all(k, v, v > 0)", MAPS, false),
    ("{?'a': x, 'b': 1}", OPTIONALS, false),
    ("[?x, 1]", OPTIONALS, false),
    ("x.optMap(n, n + 1)", OPTIONALS, false),
    ("x.hasValue()", OPTIONALS, false),
    ("x.orValue(3) > 1", OPTIONALS, false),
];

const BOOLS: &[[&str; 2]] = &[
    ["true", "true"],
    ["true", "false"],
    ["false", "true"],
    ["false", "false"],
];
const NUMBERS: &[[&str; 2]] = &[["1", "2"], ["2", "1"], ["2", "2"]];
const LISTS: &[[&str; 2]] = &[
    ["[]", "1"],
    ["[1]", "1"],
    ["[2]", "2"],
    ["[1, 2]", "2"],
    ["[2, 1]", "1"],
    ["[2, 2]", "2"],
    ["[0, 1, 2]", "1"],
];
const MAPS: &[[&str; 2]] = &[["{'a': 1}", "0"], ["{'a': 2, 'b': 1}", "0"]];
const OPTIONALS: &[[&str; 2]] = &[["optional.of(1)", "0"], ["optional.none()", "0"]];

fn plan(text: &str) -> &'static Plan {
    Box::leak(Box::new(compile(text, &scope(&["x", "y"])).plan.unwrap()))
}

/// The value whole, in part, not read, and failed.
fn choices(text: &str) -> Vec<Part> {
    let value = plain(text);
    let failed = whole(Value::Error("it failed"));
    [whole(value), failed].into_iter().chain(parts(value)).collect()
}

#[test]
fn every_operator_follows_the_rule() {
    let mut wrong = Vec::new();
    for (text, examples, sharp) in EXPRESSIONS {
        let plan = plan(text);
        for [x, y] in *examples {
            let reads_y = plan.uses(1);
            let ys = if reads_y { choices(y) } else { vec![whole(plain(y))] };
            for x in choices(x) {
                for y in &ys {
                    let answer = run(plan, &[x.value, y.value], &NoRecords, arena());
                    let ways = combinations(&[x.clone(), y.clone()]);
                    let found: Vec<Value<'static>> =
                        ways.iter().map(|way| run(plan, way, &NoRecords, arena())).collect();
                    if let Err(fault) = follows(answer, &found, *sharp) {
                        wrong.push(format!("{text} on {:?}, {:?} {fault}", x.value, y.value));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
    );
}
