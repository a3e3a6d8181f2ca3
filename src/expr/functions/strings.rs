//! Text: the standard functions, the string extension and base64. Positions count characters, not bytes.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};

use super::super::value::Value;
use super::{Context, MAX_SIZE, Row, format};

pub(super) const ALL: &[Row] = &[
    ("contains", &["string.contains(string) -> bool"], |c, a| {
        pair(c, a, |text, part| Value::Bool(text.contains(part)))
    }),
    ("startsWith", &["string.startsWith(string) -> bool"], |c, a| {
        pair(c, a, |text, part| Value::Bool(text.starts_with(part)))
    }),
    ("endsWith", &["string.endsWith(string) -> bool"], |c, a| {
        pair(c, a, |text, part| Value::Bool(text.ends_with(part)))
    }),
    (
        "matches",
        &["matches(string, string) -> bool", "string.matches(string) -> bool"],
        matches,
    ),
    ("charAt", &["string.charAt(int) -> string"], char_at),
    (
        "indexOf",
        &["string.indexOf(string) -> int", "string.indexOf(string, int) -> int"],
        index_of,
    ),
    (
        "lastIndexOf",
        &[
            "string.lastIndexOf(string) -> int",
            "string.lastIndexOf(string, int) -> int",
        ],
        last_index_of,
    ),
    ("lowerAscii", &["string.lowerAscii() -> string"], |c, a| {
        map(c, a, str::to_ascii_lowercase)
    }),
    ("upperAscii", &["string.upperAscii() -> string"], |c, a| {
        map(c, a, str::to_ascii_uppercase)
    }),
    ("trim", &["string.trim() -> string"], |c, a| {
        map(c, a, |text| text.trim_matches(is_space).to_owned())
    }),
    (
        "replace",
        &[
            "string.replace(string, string) -> string",
            "string.replace(string, string, int) -> string",
        ],
        replace,
    ),
    (
        "split",
        &[
            "string.split(string) -> list(string)",
            "string.split(string, int) -> list(string)",
        ],
        split,
    ),
    (
        "substring",
        &[
            "string.substring(int) -> string",
            "string.substring(int, int) -> string",
        ],
        substring,
    ),
    (
        "join",
        &["list(string).join() -> string", "list(string).join(string) -> string"],
        join,
    ),
    ("strings.quote", &["strings.quote(string) -> string"], |c, a| {
        map(c, a, quote)
    }),
    (
        "format",
        &["string.format(list(dyn)) -> string"],
        |c, args| match *args {
            [Value::String(pattern), Value::List(values)] => format::format(c, pattern, values),
            _ => c.no_overload(args),
        },
    ),
    (
        "base64.encode",
        &["base64.encode(bytes) -> string"],
        |c, args| match *args {
            [Value::Bytes(bytes)] => c.text(&general_purpose::STANDARD.encode(bytes)),
            _ => c.no_overload(args),
        },
    ),
    ("base64.decode", &["base64.decode(string) -> bytes"], decode),
];

fn pair<'r>(c: &Context<'r>, args: &[Value<'r>], run: impl FnOnce(&'r str, &'r str) -> Value<'r>) -> Value<'r> {
    match *args {
        [Value::String(a), Value::String(b)] => run(a, b),
        _ => c.no_overload(args),
    }
}

fn map<'r>(c: &Context<'r>, args: &[Value<'r>], run: fn(&str) -> String) -> Value<'r> {
    match *args {
        [Value::String(text)] => c.text(&run(text)),
        _ => c.no_overload(args),
    }
}

/// A pattern in RE2's syntax, which takes time linear in the text; limited in size.
pub(in crate::expr) fn regex(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .nest_limit(64)
        .build()
}

fn matches<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    pair(c, args, |text, pattern| {
        // Compiling a pattern that is only known now takes up to milliseconds; one that is written out is compiled once.
        if let Err(error) = c.spend(100_000) {
            return error;
        }
        regex(pattern).map_or_else(
            |_| c.fail("not a regular expression"),
            |regex| Value::Bool(regex.is_match(text)),
        )
    })
}

/// Unicode's White_Space property, as the extension defines `trim`.
fn is_space(character: char) -> bool {
    character.is_whitespace()
}

fn char_at<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::String(text), Value::Int(at)] = args else {
        return c.no_overload(args);
    };
    let length = text.chars().count();
    match usize::try_from(at) {
        Ok(at) if at < length => text
            .chars()
            .nth(at)
            .map_or(Value::Null, |found| c.text(&found.to_string())),
        Ok(at) if at == length => Value::String(""),
        _ => c.fail(&format!("index out of range: {at}")),
    }
}

/// Byte offset of the character at a position; the length is a position too.
fn offset(text: &str, at: i64) -> Option<usize> {
    let at = usize::try_from(at).ok()?;
    text.char_indices()
        .map(|(offset, _)| offset)
        .chain([text.len()])
        .nth(at)
}

fn position(text: &str, offset: Option<usize>) -> i64 {
    offset
        .and_then(|offset| text.get(..offset))
        .map_or(-1, |before| i64::try_from(before.chars().count()).unwrap_or(-1))
}

fn index_of<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let (text, part, from) = match *args {
        [Value::String(text), Value::String(part)] => (text, part, 0),
        [Value::String(text), Value::String(part), Value::Int(from)] => (text, part, from),
        _ => return c.no_overload(args),
    };
    let Some(start) = offset(text, from) else {
        return c.fail(&format!("index out of range: {from}"));
    };
    let found = text.get(start..).and_then(|rest| rest.find(part));
    Value::Int(position(text, found.map(|found| start + found)))
}

fn last_index_of<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let (text, part, until) = match *args {
        [Value::String(text), Value::String(part)] => (text, part, None),
        [Value::String(text), Value::String(part), Value::Int(until)] => (text, part, Some(until)),
        _ => return c.no_overload(args),
    };
    let until = match until {
        None => text.len(),
        Some(at) => match offset(text, at) {
            Some(offset) => offset,
            None => return c.fail(&format!("index out of range: {at}")),
        },
    };
    // The occurrence must begin at or before the position, wherever it ends.
    let found = text
        .get(..(until + part.len()).min(text.len()))
        .and_then(|head| head.rfind(part))
        .or_else(|| {
            text.char_indices()
                .map(|(at, _)| at)
                .filter(|at| *at <= until)
                .rfind(|at| text.get(*at..).is_some_and(|t| t.starts_with(part)))
        });
    Value::Int(position(text, found))
}

fn replace<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let (text, from, to, limit) = match *args {
        [Value::String(text), Value::String(from), Value::String(to)] => (text, from, to, -1),
        [
            Value::String(text),
            Value::String(from),
            Value::String(to),
            Value::Int(limit),
        ] => (text, from, to, limit),
        _ => return c.no_overload(args),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let count = text.matches(from).count().min(limit);
    if count.saturating_mul(to.len()) > MAX_SIZE {
        return Value::Error("the string grows too large");
    }
    c.text(&text.replacen(from, to, limit))
}

fn split<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let (text, by, limit) = match *args {
        [Value::String(text), Value::String(by)] => (text, by, -1),
        [Value::String(text), Value::String(by), Value::Int(limit)] => (text, by, limit),
        _ => return c.no_overload(args),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let parts: Vec<Value<'r>> = match (limit, by.is_empty()) {
        (0, _) => Vec::new(),
        // Splitting by nothing gives the characters, without the empty ends that Rust adds.
        (limit, true) => {
            let mut rest = text;
            let mut parts = Vec::new();
            while let Some(first) = rest.chars().next() {
                let (head, tail) = rest.split_at(if parts.len() + 1 == limit {
                    rest.len()
                } else {
                    first.len_utf8()
                });
                parts.push(Value::String(head));
                rest = tail;
            }
            parts
        }
        (usize::MAX, false) => text.split(by).map(Value::String).collect(),
        (limit, false) => text.splitn(limit, by).map(Value::String).collect(),
    };
    c.list(&parts)
}

fn substring<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let (text, start, end) = match *args {
        [Value::String(text), Value::Int(start)] => (text, start, None),
        [Value::String(text), Value::Int(start), Value::Int(end)] => (text, start, Some(end)),
        _ => return c.no_overload(args),
    };
    if end.is_some_and(|end| end < start) {
        return c.fail(&format!(
            "invalid substring range: start {start}, end {}",
            end.unwrap_or_default()
        ));
    }
    let range = (
        offset(text, start),
        end.map_or(Some(text.len()), |end| offset(text, end)),
    );
    match range {
        (Some(start), Some(end)) => text
            .get(start..end)
            .map_or_else(|| c.fail("index out of range"), Value::String),
        _ => c.fail("index out of range"),
    }
}

fn join<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let (list, by) = match *args {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(by)] => (list, by),
        _ => return c.no_overload(args),
    };
    let mut out = String::new();
    for (at, item) in list.iter().enumerate() {
        let Value::String(part) = item else {
            return c.no_overload(&[item]);
        };
        if at > 0 {
            out.push_str(by);
        }
        out.push_str(part);
        if out.len() > MAX_SIZE {
            return Value::Error("the string grows too large");
        }
    }
    c.text(&out)
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn decode<'r>(c: &Context<'r>, args: &[Value<'r>]) -> Value<'r> {
    let &[Value::String(text)] = args else {
        return c.no_overload(args);
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let lenient = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    lenient.decode(text).map_or_else(
        |_| c.fail("not base64"),
        |bytes| Value::Bytes(c.arena.alloc_slice_copy(&bytes)),
    )
}
