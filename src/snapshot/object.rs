//! Objects as vendors send them, each property once.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// Reads an object; the error says in what way the text is none. One that says two things under one name could be read
/// either way, so it is refused.
///
/// # Errors
/// In what way the text is no such object.
pub fn read(text: &str) -> Result<Map<String, Json>, String> {
    let parsed = serde_json::from_str(text).or_else(|_| serde_json::from_str(&repaired(text.as_bytes())));
    match parsed {
        Ok(Unambiguous(Json::Object(object))) => Ok(object),
        Ok(_) => Err("it lists something other than objects".to_owned()),
        Err(error) => Err(fault(&error)),
    }
}

/// What is wrong with a text that is no JSON.
pub(super) fn fault(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => format!("it is cut off: {error}"),
        _ => format!("it is not the JSON expected: {error}"),
    }
}

/// A text with what JSON parsers refuse, halves of surrogate pairs and bytes that are not UTF-8, replaced by U+FFFD, as
/// everybody else shows them.
pub fn repaired(text: &[u8]) -> String {
    let whole = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(whole.len());
    let mut rest = whole.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            // A whole pair stays.
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => {
                out.push_str(escape.get(..12).unwrap_or_default());
                12
            }
            (Some(_), _) => {
                out.push_str("\\ufffd");
                6
            }
            (None, _) => {
                let end = escape.char_indices().nth(2).map_or(escape.len(), |(at, _)| at);
                out.push_str(escape.get(..end).unwrap_or_default());
                end
            }
        };
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The half of a surrogate pair that an escape `\uD83D` stands for.
fn surrogate(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16)
        .ok()
        .filter(|code| (0xd800..0xe000).contains(code))
}

/// A value in which no object has a property twice.
struct Unambiguous(Json);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

/// A property that stands twice.
pub(super) fn twice<E: serde::de::Error>(name: &str) -> E {
    E::custom(format!("`{name}` stands twice in one object"))
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(Unambiguous(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unambiguous(value))) = access.next_entry::<String, _>()? {
            if object.contains_key(&name) {
                return Err(twice(&name));
            }
            object.insert(name, value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_in_one_way_only_is_refused() {
        assert!(read(r#"{"a":[1,{"b":null,"c":-1.5}],"d":"x"}"#).is_ok());
        let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        for (text, words) in [
            (r#"{"a":1,"b":{"c":1,"c":2}}"#, "`c` stands twice"),
            (r#"{"a":1"#, "cut off"),
            ("[1]", "other than objects"),
            ("{]", "not the JSON"),
            (deep.as_str(), "recursion limit"),
        ] {
            assert!(read(text).unwrap_err().contains(words), "{words}");
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_are_replaced_and_whole_pairs_kept() {
        assert_eq!(
            repaired(br#"{"a":"\ud800x \ud83d\ude00 \\ud800 \n"}"#),
            r#"{"a":"\ufffdx \ud83d\ude00 \\ud800 \n"}"#
        );
        assert_eq!(repaired(b"\xff\\"), "\u{fffd}\\");
        assert_eq!(read(r#"{"a":"\ud83d!"}"#).unwrap()["a"], "\u{fffd}!");
    }
}
