//! What the JSON formats of others have in common: lists that are written item by item, and members that are left out
//! when there is nothing to say.

use std::io::Write;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::ReportError;

/// Makes the items of a list.
type Items<'a> = Box<dyn Iterator<Item = Json> + 'a>;

/// A list whose items are made while it is written, however many there are.
pub(super) struct Each<'a>(Box<dyn Fn() -> Items<'a> + 'a>);

impl<'a> Each<'a> {
    /// The list of the items.
    pub(super) fn of<I: Iterator<Item = Json> + 'a>(items: impl Fn() -> I + 'a) -> Self {
        Self(Box::new(move || Box::new(items())))
    }

    /// The same, or nothing where there is no item: some formats have no empty lists.
    pub(super) fn unless_empty<I: Iterator<Item = Json> + 'a>(items: impl Fn() -> I + 'a) -> Option<Self> {
        let any = items().next().is_some();
        any.then(|| Self::of(items))
    }
}

impl Serialize for Each<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The value without members that are null, empty lists and empty objects: these formats have no use for them.
pub(super) fn filled(value: Json) -> Json {
    match value {
        Json::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, filled(member)))
            .filter(|(_, member)| !is_nothing(member))
            .collect(),
        Json::Array(items) => items.into_iter().map(filled).collect(),
        other => other,
    }
}

/// Whether a member says nothing.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Writes a document, two spaces deep, with a line break at its end.
pub(super) fn write_document(document: &impl Serialize, out: &mut dyn Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, document).map_err(|error| ReportError(error.to_string()))?;
    out.write_all(b"\n").map_err(|error| ReportError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_nothing_is_left_out() {
        let value = json!({"a": null, "b": {"c": null}, "d": [], "e": [{"f": null, "g": 0}], "h": "", "i": false});
        assert_eq!(filled(value), json!({"e": [{"g": 0}], "h": "", "i": false}));
    }
}
