//! Lists, maps and optionals.

use std::cmp::Ordering;

use super::super::unknown::Unknown;
use super::super::value::{Interval, Items, List, Tri, Value, any, compare, equal};
use super::{Context, MAX_SIZE, Row};

pub(super) const STRICT: &[Row] = &[
    (
        "_[_]",
        &[
            "_[_](list(A), int) -> A",
            "_[_](map(A, B), A) -> B",
            "_[_](optional(list(A)), int) -> optional(A)",
            "_[_](optional(map(A, B)), A) -> optional(B)",
        ],
        |c, args| index(c, args, false),
    ),
    (
        "_[?_]",
        &[
            "_[?_](list(A), int) -> optional(A)",
            "_[?_](map(A, B), A) -> optional(B)",
            "_[?_](optional(list(A)), int) -> optional(A)",
            "_[?_](optional(map(A, B)), A) -> optional(B)",
        ],
        |c, args| index(c, args, true),
    ),
    ("optional.of", &["optional.of(A) -> optional(A)"], |c, args| {
        some(c, args)
    }),
    ("optional.none", &["optional.none() -> optional(A)"], |_, _| {
        Value::Optional(None)
    }),
    (
        "optional.ofNonZeroValue",
        &["optional.ofNonZeroValue(A) -> optional(A)"],
        |c, args| match args {
            [value] if value.is_zero() => Value::Optional(None),
            _ => some(c, args),
        },
    ),
    ("hasValue", &["optional(A).hasValue() -> bool"], |c, args| match args {
        [Value::Optional(inner)] => Value::Bool(inner.is_some()),
        _ => c.no_overload(args),
    }),
    ("value", &["optional(A).value() -> A"], |c, args| match args {
        [Value::Optional(inner)] => inner.map_or(Value::Error("optional.none() dereference"), |value| *value),
        _ => c.no_overload(args),
    }),
    (
        "or",
        &["optional(A).or(optional(A)) -> optional(A)"],
        |c, args| match args {
            [Value::Optional(Some(_)), _] => args.first().copied().unwrap_or(Value::Null),
            [Value::Optional(None), other] => *other,
            _ => c.no_overload(args),
        },
    ),
    ("orValue", &["optional(A).orValue(A) -> A"], |c, args| match args {
        [Value::Optional(Some(value)), _] => **value,
        [Value::Optional(None), other] => *other,
        _ => c.no_overload(args),
    }),
    (
        "reverse",
        &["string.reverse() -> string", "list(A).reverse() -> list(A)"],
        reverse,
    ),
    ("distinct", &["list(A).distinct() -> list(A)"], distinct),
    ("sort", &["list(A).sort() -> list(A)"], sort),
    ("flatten", &["list(list(A)).flatten() -> list(A)"], flatten),
    ("slice", &["list(A).slice(int, int) -> list(A)"], slice),
    ("first", &["list(A).first() -> optional(A)"], |c, args| {
        end(c, args, false)
    }),
    ("last", &["list(A).last() -> optional(A)"], |c, args| end(c, args, true)),
    ("lists.range", &["lists.range(int) -> list(int)"], range),
];

/// These decide what they can about lists that were not read to their end.
pub(super) const PARTIAL: &[Row] = &[
    (
        "size",
        &[
            "size(string) -> int",
            "size(bytes) -> int",
            "size(list(A)) -> int",
            "size(map(A, B)) -> int",
            "string.size() -> int",
            "bytes.size() -> int",
            "list(A).size() -> int",
            "map(A, B).size() -> int",
        ],
        size,
    ),
    (
        "@in",
        &["@in(A, list(A)) -> bool", "@in(A, map(A, B)) -> bool"],
        contains,
    ),
];

const NO_KEY: &str = "no such key";

fn int(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn size<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::String(text)] => Value::Int(int(text.chars().count())),
        [Value::Bytes(bytes)] => Value::Int(int(bytes.len())),
        [Value::Map(map)] => Value::Int(int(map.entries.len())),
        [Value::List(list)] => list_size(c, list),
        _ => c.no_overload(args),
    }
}

/// Exact for a whole list; else between the items that surely belong and all that may.
fn list_size<'r>(c: &Context<'r>, list: &List<'r>) -> Value<'r> {
    let Some(why) = list.unsettled(c.arena) else {
        return Value::Int(int(list.len()));
    };
    let sure = (0..list.len()).filter(|at| list.maybe(*at).is_none()).count();
    let high = list.open.is_none().then(|| int(list.len()));
    Value::Interval(c.arena.alloc(Interval {
        low: int(sure),
        high,
        why,
    }))
}

fn contains<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        // Keys are whole, but a size that is looked for may not be.
        [key, Value::Map(map)] => any(
            map.entries.iter().map(|(found, _)| equal(*found, key, c.arena)),
            c.arena,
        )
        .value(),
        [item, Value::List(list)] => {
            if let Err(error) = c.spend(list.len()) {
                return error;
            }
            let mut why = list.open;
            for (at, found) in list.iter().enumerate() {
                if let Err(error) = c.spend_comparison(found, item) {
                    return error;
                }
                match (equal(found, item, c.arena), list.maybe(at)) {
                    (Tri::True, None) => return Value::Bool(true),
                    (Tri::True, Some(maybe)) => why = Unknown::either(why, Some(maybe), c.arena),
                    (Tri::Unknown(unknown), _) => why = Unknown::either(why, Some(unknown), c.arena),
                    (Tri::False, _) => {}
                }
            }
            why.map_or(Value::Bool(false), Value::Unknown)
        }
        _ => c.no_overload(args),
    }
}

fn some<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match args {
        [value] => Value::Optional(Some(c.arena.alloc(*value))),
        _ => c.no_overload(args),
    }
}

/// `list[i]`, `map[k]`; with `optional`, what is not there is `optional.none()` instead of an error.
fn index<'r>(c: &Context<'r>, args: &[Value<'r>], optional: bool) -> Value<'r> {
    let [container, key] = *args else {
        return c.no_overload(args);
    };
    let (container, wrapped) = match container {
        Value::Optional(None) => return Value::Optional(None),
        Value::Optional(Some(inner)) => (*inner, true),
        other => (other, optional),
    };
    let found = match (container, key) {
        (Value::List(list), _) => match position(key) {
            Some(at) => usize::try_from(at)
                .ok()
                .and_then(|at| list.get(at))
                .ok_or_else(|| format!("index out of bounds: {at}")),
            None => return c.no_overload(args),
        },
        (Value::Map(map), Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::String(_)) => {
            map.get(key, c.arena).ok_or_else(|| NO_KEY.to_owned())
        }
        _ => return c.no_overload(args),
    };
    match (found, wrapped) {
        (Ok(value), true) => Value::Optional(Some(c.arena.alloc(value))),
        (Ok(value), false) => value,
        (Err(_), true) => Value::Optional(None),
        (Err(message), false) => c.fail(&message),
    }
}

/// A whole number of any numeric type.
fn position(key: Value<'_>) -> Option<i64> {
    match key {
        Value::Int(at) => Some(at),
        Value::Uint(at) => i64::try_from(at).ok(),
        Value::Double(at) if at.fract() == 0.0 && at.abs() < 9e15 => Some(at as i64),
        _ => None,
    }
}

fn values<'r>(list: &List<'r>) -> Vec<Value<'r>> {
    list.iter().collect()
}

fn reverse<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    match *args {
        [Value::String(text)] => c.text(&text.chars().rev().collect::<String>()),
        [Value::List(list)] => {
            let mut items = values(list);
            items.reverse();
            c.list(&items)
        }
        _ => c.no_overload(args),
    }
}

fn distinct<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::List(list)] = args else {
        return c.no_overload(args);
    };
    let mut out: Vec<Value<'r>> = Vec::new();
    for item in list.iter() {
        let mut known = false;
        for seen in &out {
            if let Err(error) = c.spend(1).and_then(|()| c.spend_comparison(*seen, item)) {
                return error;
            }
            known = equal(*seen, item, c.arena) == Tri::True;
            if known {
                break;
            }
        }
        if !known {
            out.push(item);
        }
    }
    c.list(&out)
}

fn sort<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::List(list)] = args else {
        return c.no_overload(args);
    };
    let mut items = values(list);
    let comparable = |pair: &[Value<'r>]| matches!(pair, [a, b] if compare(*a, *b).flatten().is_some());
    if items.len() == 1 && compare(list.get(0).unwrap_or(Value::Null), list.get(0).unwrap_or(Value::Null)).is_none()
        || !items.windows(2).all(comparable)
    {
        return c.no_overload(args);
    }
    items.sort_by(|a, b| compare(*a, *b).flatten().unwrap_or(Ordering::Equal));
    c.list(&items)
}

fn flatten<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::List(list)] = args else {
        return c.no_overload(args);
    };
    let mut out = Vec::new();
    for item in list.iter() {
        match item {
            Value::List(inner) => out.extend(inner.iter()),
            other => out.push(other),
        }
        if out.len() > MAX_SIZE / 8 {
            return Value::Error("the list grows too large");
        }
    }
    c.list(&out)
}

fn slice<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::List(list), Value::Int(start), Value::Int(end)] = args else {
        return c.no_overload(args);
    };
    let items = values(list);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match range.and_then(|(start, end)| items.get(start..end)) {
        Some(part) => c.list(part),
        None => c.fail(&format!("index out of bounds: {start} to {end}")),
    }
}

fn end<'r>(c: &Context<'r>, args: &[Value<'r>], last: bool) -> Value<'r> {
    let &[Value::List(list)] = args else {
        return c.no_overload(args);
    };
    let at = if last { list.len().checked_sub(1) } else { Some(0) };
    Value::Optional(at.and_then(|at| list.get(at)).map(|value| &*c.arena.alloc(value)))
}

fn range<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::Int(length)] = args else {
        return c.no_overload(args);
    };
    if !(0..=1_000_000).contains(&length) {
        return c.fail("lists.range takes 0 to 1,000,000");
    }
    let items: Vec<Value<'r>> = (0..length).map(Value::Int).collect();
    match c.spend(items.len()) {
        Ok(()) => Value::List(c.arena.alloc(List {
            items: Items::Values(c.arena.alloc_slice_copy(&items)),
            maybe: &[],
            open: None,
        })),
        Err(error) => error,
    }
}
