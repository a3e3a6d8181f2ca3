//! JSON of an export, each property once.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::snapshot::object::twice;
pub(super) use crate::snapshot::object::{fault, read as object};

/// The properties of an object as they stand there; the error says in what way the text is none.
pub(super) fn parts(text: &str) -> Result<BTreeMap<String, &RawValue>, String> {
    serde_json::from_str(text)
        .map(|Parts(parts)| parts)
        .map_err(|error| fault(&error))
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
