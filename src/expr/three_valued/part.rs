//! Values of which something was not read, each with ways in which it could turn out, and what it means for an answer to
//! follow the rule.

use bumpalo::Bump;

use crate::expr::value::equal;
use crate::expr::{Interval, Items, List, Map, NoRecords, Scope, Tri, Type, Unknown, Value, compile, run};

/// A value of which something may be missing, and whole values that it can turn out to be.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) value: Value<'static>,
    pub(super) ways: Vec<Value<'static>>,
    /// Whether the ways are all there are.
    pub(super) all: bool,
}

/// Memory that stays until the tests end.
pub(super) fn arena() -> &'static Bump {
    Box::leak(Box::new(Bump::new()))
}

/// The value of a plain expression.
pub(super) fn plain(text: &str) -> Value<'static> {
    let compiled = compile(text, &Scope::new());
    assert!(compiled.mistakes.is_empty(), "{text}: {:?}", compiled.mistakes);
    run(Box::leak(Box::new(compiled.plan.unwrap())), &[], &NoRecords, arena())
}

/// An unknown with one origin.
pub(super) fn unknown(origin: u32) -> Unknown<'static> {
    Unknown::new(origin, arena())
}

/// A value that is whole.
pub(super) fn whole(value: Value<'static>) -> Part {
    Part {
        value,
        ways: vec![value],
        all: true,
    }
}

/// A value with something taken away, in every way that its type allows; the whole value is not among them.
pub(super) fn parts(value: Value<'static>) -> Vec<Part> {
    let arena = arena();
    let mut alternatives = alternatives(value);
    alternatives.push(value);
    let mut found = vec![Part {
        value: Value::Unknown(unknown(1)),
        ways: alternatives,
        all: matches!(value, Value::Bool(_)),
    }];
    match value {
        Value::Int(n) if n.abs() < 100 => {
            for (low, high, known) in [(n - 1, n + 1, true), (n, n + 2, true), (n, n + 4, false)] {
                let interval = Interval {
                    low,
                    high: known.then_some(high),
                    why: unknown(2),
                };
                found.push(Part {
                    value: Value::Interval(arena.alloc(interval)),
                    ways: (low..=high).map(Value::Int).collect(),
                    all: known,
                });
            }
        }
        Value::List(list) => found.extend(lists(list)),
        Value::Map(map) => {
            for (at, (_, held)) in map.entries.iter().enumerate() {
                let with = |value: Value<'static>| {
                    let mut entries = map.entries.to_vec();
                    entries[at].1 = value;
                    Value::Map(arena.alloc(Map {
                        entries: arena.alloc_slice_copy(&entries),
                    }))
                };
                found.extend(parts(*held).into_iter().map(|part| part.inside(with)));
            }
        }
        Value::Optional(Some(inner)) => {
            let some = |value: Value<'static>| Value::Optional(Some(arena.alloc(value)));
            found.extend(parts(*inner).into_iter().map(|part| part.inside(some)));
        }
        _ => {}
    }
    found
}

impl Part {
    /// The same inside something that is whole.
    fn inside(self, put: impl Fn(Value<'static>) -> Value<'static>) -> Self {
        Self {
            value: put(self.value),
            ways: self.ways.into_iter().map(&put).collect(),
            all: self.all,
        }
    }
}

/// Lists of which an element, its membership, or the end is not known.
fn lists(list: &'static List<'static>) -> Vec<Part> {
    let items: Vec<Value<'static>> = list.iter().collect();
    let sample = items.first().copied().unwrap_or(Value::Int(0));
    let others = alternatives(sample);
    let mut found = Vec::new();
    for at in 0..items.len() {
        let with = |value: Value<'static>| {
            let mut items = items.clone();
            items[at] = value;
            Value::list(&items, arena())
        };
        found.extend(parts(items[at]).into_iter().map(|part| part.inside(with)));
        let mut maybe = vec![None; items.len()];
        maybe[at] = Some(unknown(3));
        found.push(Part {
            value: held(&items, &maybe, false),
            ways: vec![Value::list(&items, arena()), without(&items, &[at])],
            all: true,
        });
    }
    if items.len() > 1 {
        let maybe = vec![Some(unknown(3)); items.len()];
        let ways = subsets(&items);
        found.push(Part {
            value: held(&items, &maybe, false),
            ways,
            all: true,
        });
    }
    let mut more = vec![Value::list(&items, arena())];
    for other in &others {
        more.push(Value::list(&[&items[..], &[*other]].concat(), arena()));
        more.push(Value::list(&[&[*other], &items[..]].concat(), arena()));
        more.push(Value::list(&[&items[..], &[*other, *other]].concat(), arena()));
    }
    found.push(Part {
        value: held(&items, &[], true),
        ways: more.clone(),
        all: false,
    });
    if let Some((_, rest)) = items.split_first() {
        let mut maybe = vec![None; items.len()];
        maybe[0] = Some(unknown(3));
        for other in &others {
            more.push(Value::list(rest, arena()));
            more.push(Value::list(&[rest, &[*other]].concat(), arena()));
        }
        found.push(Part {
            value: held(&items, &maybe, true),
            ways: more,
            all: false,
        });
    }
    found
}

/// A list as it is held: which items may not belong, and whether there may be more.
pub(super) fn held(items: &[Value<'static>], maybe: &[Option<Unknown<'static>>], open: bool) -> Value<'static> {
    let arena = arena();
    Value::List(arena.alloc(List {
        items: Items::Values(arena.alloc_slice_copy(items)),
        maybe: arena.alloc_slice_copy(maybe),
        open: open.then(|| unknown(4)),
    }))
}

fn without(items: &[Value<'static>], left_out: &[usize]) -> Value<'static> {
    let kept: Vec<_> = (0..items.len())
        .filter(|at| !left_out.contains(at))
        .map(|at| items[at])
        .collect();
    Value::list(&kept, arena())
}

fn subsets(items: &[Value<'static>]) -> Vec<Value<'static>> {
    (0..1_usize << items.len())
        .map(|mask| {
            let left_out: Vec<usize> = (0..items.len()).filter(|at| mask & (1 << at) == 0).collect();
            without(items, &left_out)
        })
        .collect()
}

/// Other values of the type of a value.
pub(super) fn alternatives(value: Value<'static>) -> Vec<Value<'static>> {
    let texts: &[&str] = match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["true", "false"],
        Value::Int(_) => &["0", "1", "2", "-1", "7"],
        Value::Uint(_) => &["0u", "1u", "7u"],
        Value::Double(_) => &["0.0", "1.5", "-1.0", "0.0 / 0.0"],
        Value::String(_) => &["''", "'a'", "'b'", "'1'"],
        Value::Bytes(_) => &["b''", "b'a'"],
        Value::Timestamp(_) => &[
            "timestamp('2020-01-01T00:00:00Z')",
            "timestamp('2030-06-01T12:30:15.25Z')",
        ],
        Value::Duration(_) => &["duration('0s')", "duration('-90m')"],
        Value::List(list) => {
            let each = list
                .get(0)
                .map_or_else(|| vec![plain("2"), plain("1"), plain("0")], alternatives);
            let lists = |item: Value<'static>| [Value::list(&[item], arena()), Value::list(&[item, item], arena())];
            return each
                .into_iter()
                .flat_map(lists)
                .chain([Value::list(&[], arena())])
                .collect();
        }
        Value::Map(_) => &["{}"],
        Value::Optional(_) => &["optional.none()"],
        Value::Type(_) => &["int", "string"],
        _ => &[],
    };
    texts.iter().map(|text| plain(text)).collect()
}

/// Every choice of one way for each.
pub(super) fn combinations(parts: &[Part]) -> Vec<Vec<Value<'static>>> {
    parts.iter().fold(vec![Vec::new()], |so_far, part| {
        let with = |chosen: &Vec<Value<'static>>| {
            let chosen = chosen.clone();
            part.ways
                .iter()
                .map(move |way| [&chosen[..], &[*way]].concat())
                .collect::<Vec<_>>()
        };
        so_far.iter().flat_map(with).collect()
    })
}

/// Whether a whole value is one that an answer leaves open.
pub(super) fn admits(answer: Value<'_>, whole: Value<'_>) -> bool {
    match (answer, whole) {
        (Value::Unknown(_), _) => true,
        (Value::Interval(interval), Value::Int(n)) => n >= interval.low && interval.high.is_none_or(|high| n <= high),
        (Value::List(some), Value::List(all)) => {
            let items: Vec<Value<'_>> = all.iter().collect();
            admits_items(some, 0, &items)
        }
        (Value::Map(some), Value::Map(all)) => {
            let same = |((a, x), (b, y)): (&(Value<'_>, Value<'_>), &(Value<'_>, Value<'_>))| {
                is_same(*a, *b) && admits(*x, *y)
            };
            some.entries.len() == all.entries.len() && some.entries.iter().zip(all.entries).all(same)
        }
        (Value::Optional(Some(some)), Value::Optional(Some(all))) => admits(*some, *all),
        _ => is_same(answer, whole),
    }
}

/// Items that may not belong can be left out, and an open list can hold anything in between.
fn admits_items(list: &List<'_>, from: usize, items: &[Value<'_>]) -> bool {
    let first = items.split_first();
    match list.get(from) {
        None => items.is_empty() || list.open.is_some(),
        Some(item) => {
            first.is_some_and(|(first, rest)| {
                admits(item, *first) && admits_items(list, from + 1, rest)
                    || list.open.is_some() && admits_items(list, from, rest)
            }) || list.maybe(from).is_some() && admits_items(list, from + 1, items)
        }
    }
}

fn is_same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a == b || a.is_nan() && b.is_nan(),
        _ => std::mem::discriminant(&a) == std::mem::discriminant(&b) && matches!(equal(a, b, arena()), Tri::True),
    }
}

/// Holds an answer against what plain CEL gives on every way; says what is wrong with it.
pub(super) fn follows(answer: Value<'static>, found: &[Value<'static>], sharp: bool) -> Result<(), String> {
    let decided = !matches!(answer, Value::Error(_)) && answer.unknown_inside(arena()).is_none();
    for way in found {
        let right = match (answer, way) {
            (Value::Error(_), Value::Error(_)) => true,
            // What fails for some data is no answer, but neither does it make an open answer wrong.
            (_, Value::Error(_)) => !decided,
            (Value::Error(_), _) => false,
            _ => admits(answer, *way),
        };
        if !right {
            return Err(format!("is {answer:?}, but can turn out {way:?}"));
        }
    }
    let agree = found
        .iter()
        .all(|way| !matches!(way, Value::Error(_)) && is_same(found[0], *way));
    if sharp && agree && !decided {
        return Err(format!("is {answer:?}, but is always {:?}", found[0]));
    }
    Ok(())
}

/// The type that any of these tests gives its variables.
pub(super) fn scope(names: &[&str]) -> Scope {
    names
        .iter()
        .fold(Scope::new(), |scope, name| scope.with(*name, Type::Dyn))
}
