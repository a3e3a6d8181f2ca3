//! `string.format`: `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X` and `%%`.

use std::fmt::Write as _;

use super::super::value::{List, Value, type_name};
use super::{Context, MAX_SIZE, conversions};

/// Digits after the point unless the clause says otherwise.
const PRECISION: usize = 6;
/// Most digits after the point that can be asked for.
const MAX_PRECISION: usize = 1000;

type Formatted<T = ()> = Result<T, String>;

/// Fills the clauses of a pattern with the values in turn.
pub(super) fn format<'r>(c: &Context<'r>, pattern: &str, values: &List<'r>) -> Value<'r> {
    match fill(pattern, values) {
        Ok(text) => c.text(&text),
        Err(message) => c.fail(&message),
    }
}

fn fill(pattern: &str, values: &List<'_>) -> Formatted<String> {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        let (before, clause) = rest.split_at(at);
        out.push_str(before);
        let clause = clause.get(1..).unwrap_or_default();
        if let Some(after) = clause.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (precision, verb, after) = parse_clause(clause)?;
        let value = values.get(next).ok_or_else(|| format!("index {next} out of range"))?;
        next += 1;
        write_clause(&mut out, verb, precision, value)?;
        if out.len() > MAX_SIZE {
            return Err("the string grows too large".to_owned());
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Precision if given, the verb, and what follows.
fn parse_clause(clause: &str) -> Formatted<(Option<usize>, char, &str)> {
    let (precision, clause) = match clause.strip_prefix('.') {
        None => (None, clause),
        Some(digits) => {
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let (number, rest) = digits.split_at(end);
            let number = number
                .parse()
                .ok()
                .filter(|n| *n <= MAX_PRECISION)
                .ok_or("could not parse the precision")?;
            (Some(number), rest)
        }
    };
    let verb = clause
        .chars()
        .next()
        .ok_or("could not parse formatting clause: it ends early")?;
    if !"sdfebxXo".contains(verb) {
        return Err(format!(
            "could not parse formatting clause: unrecognized formatting clause \"{verb}\""
        ));
    }
    Ok((precision, verb, clause.get(verb.len_utf8()..).unwrap_or_default()))
}

fn write_clause(out: &mut String, verb: char, precision: Option<usize>, value: Value<'_>) -> Formatted {
    match verb {
        's' => text(out, value),
        'd' => decimal(out, value),
        'f' => fixed(out, value, precision.unwrap_or(PRECISION)),
        'e' => scientific(out, value, precision.unwrap_or(PRECISION)),
        'b' => binary(out, value),
        'o' => octal(out, value),
        _ => hex(out, value, verb == 'X'),
    }
}

fn wrong(message: &str, value: Value<'_>) -> Formatted {
    Err(format!(
        "error during formatting: {message}, was given {}",
        super::kind_name(value)
    ))
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        None
    }
}

fn text(out: &mut String, value: Value<'_>) -> Formatted {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        Value::Null => out.push_str("null"),
        Value::Bool(value) => append(out, value),
        Value::Int(value) => append(out, value),
        Value::Uint(value) => append(out, value),
        Value::Double(value) => {
            out.push_str(
                special(value)
                    .map_or_else(|| conversions::double_text(value), str::to_owned)
                    .as_str(),
            );
        }
        Value::Timestamp(at) => append(out, at),
        Value::Duration(length) => append(out, length),
        Value::Type(ty) => out.push_str(type_name(ty)),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                text(out, item)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries = Vec::new();
            for (key, value) in map.entries {
                let (mut name, mut shown) = (String::new(), String::new());
                text(&mut name, *key)?;
                text(&mut shown, *value)?;
                entries.push((name, shown));
            }
            entries.sort();
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| format!("{key}: {value}"))
                .collect();
            let _ = write!(out, "{{{}}}", entries.join(", "));
        }
        _ => {
            return wrong(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
                value,
            );
        }
    }
    Ok(())
}

fn append(out: &mut String, value: impl std::fmt::Display) {
    let _ = write!(out, "{value}");
}

fn decimal(out: &mut String, value: Value<'_>) -> Formatted {
    match value {
        Value::Int(value) => append(out, value),
        Value::Uint(value) => append(out, value),
        Value::Double(value) if special(value).is_some() => out.push_str(special(value).unwrap_or_default()),
        _ => return wrong("decimal clause can only be used on integers", value),
    }
    Ok(())
}

fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Double(value) => Some(value),
        Value::Int(value) => Some(value as f64),
        Value::Uint(value) => Some(value as f64),
        _ => None,
    }
}

fn fixed(out: &mut String, value: Value<'_>, precision: usize) -> Formatted {
    let Some(number) = number(value) else {
        return wrong("fixed-point clause can only be used on doubles", value);
    };
    match special(number) {
        Some(name) => out.push_str(name),
        None => append(out, format_args!("{number:.precision$}")),
    }
    Ok(())
}

fn scientific(out: &mut String, value: Value<'_>, precision: usize) -> Formatted {
    let Some(number) = number(value) else {
        return wrong("scientific clause can only be used on doubles", value);
    };
    if let Some(name) = special(number) {
        out.push_str(name);
        return Ok(());
    }
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |digits| ('-', digits));
    append(out, format_args!("{mantissa}e{sign}{digits:0>2}"));
    Ok(())
}

fn binary(out: &mut String, value: Value<'_>) -> Formatted {
    match value {
        Value::Bool(value) => append(out, u8::from(value)),
        Value::Int(value) => signed(out, value, |n| format!("{n:b}")),
        Value::Uint(value) => append(out, format_args!("{value:b}")),
        _ => return wrong("only integers and bools can be formatted as binary", value),
    }
    Ok(())
}

fn octal(out: &mut String, value: Value<'_>) -> Formatted {
    match value {
        Value::Int(value) => signed(out, value, |n| format!("{n:o}")),
        Value::Uint(value) => append(out, format_args!("{value:o}")),
        _ => return wrong("octal clause can only be used on integers", value),
    }
    Ok(())
}

fn hex(out: &mut String, value: Value<'_>, upper: bool) -> Formatted {
    let mut text = String::new();
    match value {
        Value::Int(value) => signed(&mut text, value, |n| format!("{n:x}")),
        Value::Uint(value) => append(&mut text, format_args!("{value:x}")),
        Value::String(value) => value
            .bytes()
            .for_each(|byte| append(&mut text, format_args!("{byte:02x}"))),
        Value::Bytes(value) => value
            .iter()
            .for_each(|byte| append(&mut text, format_args!("{byte:02x}"))),
        _ => {
            return wrong(
                "only integers, byte buffers, and strings can be formatted as hex",
                value,
            );
        }
    }
    out.push_str(&if upper { text.to_ascii_uppercase() } else { text });
    Ok(())
}

/// Negative numbers keep their sign: `-101`, not two's complement.
fn signed(out: &mut String, value: i64, digits: fn(u64) -> String) {
    if value < 0 {
        out.push('-');
    }
    out.push_str(&digits(value.unsigned_abs()));
}
