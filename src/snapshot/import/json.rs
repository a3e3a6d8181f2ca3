//! JSON objects of an export, each property once.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

/// Reads an object; the error says in what way the text is none. One that says two things under one name could be read
/// either way, so it is refused.
pub(super) fn object(text: &str) -> Result<Map<String, Json>, String> {
    match serde_json::from_str(text) {
        Ok(Unambiguous(Json::Object(object))) => Ok(object),
        Ok(_) => Err("it lists something other than objects".to_owned()),
        Err(error) => Err(fault(&error)),
    }
}

/// The properties of an object as they stand there; the error says in what way the text is none.
pub(super) fn parts(text: &str) -> Result<BTreeMap<String, &RawValue>, String> {
    serde_json::from_str(text)
        .map(|Parts(parts)| parts)
        .map_err(|error| fault(&error))
}

/// What is wrong with a text that is no JSON.
pub(super) fn fault(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => format!("it is cut off: {error}"),
        _ => format!("it is not the JSON expected: {error}"),
    }
}

/// A value in which no object has a property twice.
struct Unambiguous(Json);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

/// The properties of an object, none of them twice.
struct Parts<'t>(BTreeMap<String, &'t RawValue>);

impl<'de: 't, 't> Deserialize<'de> for Parts<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor).map(Parts)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut parts = BTreeMap::new();
        while let Some((name, value)) = access.next_entry::<String, &RawValue>()? {
            if parts.contains_key(&name) {
                return Err(twice(&name));
            }
            parts.insert(name, value);
        }
        Ok(parts)
    }
}

fn twice<E: serde::de::Error>(name: &str) -> E {
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
        assert!(object(r#"{"a":[1,{"b":null,"c":-1.5}],"d":"x"}"#).is_ok());
        let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        for (text, words) in [
            (r#"{"a":1,"b":{"c":1,"c":2}}"#, "`c` stands twice"),
            (r#"{"a":1"#, "cut off"),
            ("[1]", "other than objects"),
            ("{]", "not the JSON"),
            (deep.as_str(), "recursion limit"),
        ] {
            assert!(object(text).unwrap_err().contains(words), "{words}");
        }
    }
}
