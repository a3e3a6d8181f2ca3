//! Patches: what a scenario states of an object, laid over the object that would be there without
//! it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::time::{Style, after};
use crate::simulator::identity;
use crate::simulator::scenario::Placeholder;

/// Lays patches over the objects of one vendor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patcher {
    /// From when times are counted.
    now: Timestamp,
    /// How times are written.
    style: Style,
}

impl Patcher {
    /// For objects that write times in this style.
    pub(crate) fn new(now: Timestamp, style: Style) -> Patcher {
        Patcher { now, style }
    }

    /// Objects are merged field by field, anything else takes the place of what was there; null is
    /// a value.
    pub(crate) fn lay(&self, patch: &Value, over: &mut Value) {
        match patch {
            Value::Null if over.is_object() => {}
            Value::Object(changes) => {
                if !over.is_object() {
                    *over = Value::Object(Map::new());
                }
                if let Value::Object(fields) = over {
                    self.lay_fields(changes, fields);
                }
            }
            other => *over = self.resolve(other),
        }
    }

    /// An object of a scenario over the shape that such objects have.
    pub(crate) fn complete(&self, patch: &Value, mut shape: Value) -> Value {
        self.lay(patch, &mut shape);
        shape
    }

    /// A time of a scenario.
    pub(crate) fn time(&self, text: &str) -> Timestamp {
        match Placeholder::read(text) {
            Some(Ok(Placeholder::Time(offset))) => after(self.now, offset),
            _ => self.now,
        }
    }

    /// Merges the fields of an object.
    fn lay_fields(&self, changes: &Map<String, Value>, fields: &mut Map<String, Value>) {
        for (name, change) in changes {
            if is_absent(change) {
                fields.shift_remove(name);
            } else if change.is_null() {
                fields.insert(name.clone(), Value::Null);
            } else {
                self.lay(change, fields.entry(name.as_str()).or_insert(Value::Null));
            }
        }
    }

    /// A value with what its placeholders stand for.
    fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match Placeholder::read(text) {
                Some(Ok(Placeholder::Time(offset))) => self.style.write(after(self.now, offset)).into(),
                Some(Ok(Placeholder::OktaId(key))) => identity::okta_user(identity::named(key)).into(),
                Some(Ok(Placeholder::EntraId(key))) => identity::entra_user(identity::named(key)).to_string().into(),
                _ => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.complete(item, Value::Null)).collect(),
            _ => value.clone(),
        }
    }
}

/// Whether a value says that there is none.
fn is_absent(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| matches!(Placeholder::read(text), Some(Ok(Placeholder::Absent))))
}

#[cfg(test)]
mod tests {
    use super::Patcher;
    use crate::simulator::world::time::Style;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    #[test]
    fn merges_replaces_removes_and_resolves() {
        let patcher = Patcher::new(Timestamp::UNIX_EPOCH, Style::Graph);
        let shape = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1, 2], "f": 4, "g": 5 });
        let patch = json!({ "b": { "c": null, "n": "@+1d" }, "e": ["@-1s", { "x": "@absent" }], "f": "@absent", "g": { "h": 6 } });
        let expected = json!({
            "a": 1,
            "b": { "c": null, "d": 3, "n": "1970-01-02T00:00:00Z" },
            "e": ["1969-12-31T23:59:59Z", {}],
            "g": { "h": 6 },
        });
        assert_eq!(patcher.complete(&patch, shape.clone()), expected);
        assert_eq!(patcher.complete(&Value::Null, shape.clone()), shape);
    }
}
