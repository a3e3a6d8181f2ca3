//! Whether what a vendor sends still looks as the catalogue says.
//!
//! Everything is kept as it came, whatever this finds. A field that should always be there and never is, and a value that
//! is not documented, are told once for each resource type: what conditions make of them is unknown or unforeseen.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalog::{Absent, FieldType, Origin, Record, Resource};

/// So many objects of a type are looked at; the rest will look alike.
const SAMPLE: usize = 100;

/// What was noticed of a resource type.
#[derive(Debug)]
pub(super) struct Drift {
    record: &'static Record,
    looked_at: usize,
    /// How often fields that should always be there were looked for and found, by path.
    expected: BTreeMap<String, (usize, usize)>,
    /// A value that is not documented, by path.
    undocumented: BTreeMap<String, String>,
}

impl Drift {
    /// Nothing was noticed yet.
    pub(super) fn new(resource: &Resource) -> Self {
        Self {
            record: resource.record.info(),
            looked_at: 0,
            expected: BTreeMap::new(),
            undocumented: BTreeMap::new(),
        }
    }

    /// Looks at an object as it came.
    pub(super) fn look_at(&mut self, object: &Json) {
        if self.looked_at < SAMPLE {
            self.looked_at += 1;
            self.record(self.record, object, "");
        }
    }

    fn record(&mut self, record: &'static Record, object: &Json, path: &str) {
        for field in &record.fields {
            let Origin::Property { absent } = &field.origin else {
                continue;
            };
            let whose = format!("{path}{}", field.name);
            let value = object.get(&field.name);
            // A nested object is structure: its fields answer for themselves.
            if *absent != Absent::Null && !matches!(field.ty, FieldType::Record(_)) {
                let (looked, found) = self.expected.entry(whose.clone()).or_default();
                *looked += 1;
                *found += usize::from(value.is_some());
            }
            if let Some(value) = value {
                self.value(&field.ty, value, &whose);
            }
        }
    }

    fn value(&mut self, ty: &FieldType, value: &Json, whose: &str) {
        match (ty, value) {
            (FieldType::Enum { values, closed: false }, Json::String(text))
                if !values.iter().any(|known| known.eq_ignore_ascii_case(text)) =>
            {
                self.undocumented
                    .entry(whose.to_owned())
                    .or_insert_with(|| text.clone());
            }
            (FieldType::Record(record), Json::Object(_)) => self.record(record.info(), value, &format!("{whose}.")),
            (FieldType::List(inner), Json::Array(items)) => {
                items.iter().for_each(|item| self.value(inner, item, whose));
            }
            _ => {}
        }
    }

    /// What there is to tell, in at most one sentence of each kind.
    pub(super) fn told(&self) -> Vec<String> {
        let name = &self.record.name;
        let missing: Vec<&str> = self
            .expected
            .iter()
            .filter(|(_, (looked, found))| *looked > 0 && *found == 0)
            .map(|(field, _)| field.as_str())
            .collect();
        let mut told = Vec::new();
        if !missing.is_empty() {
            let list = listed(missing.iter().map(|field| format!("`{field}`")));
            told.push(format!("{name}: no object has {list}; what depends on it is unknown"));
        }
        if !self.undocumented.is_empty() {
            let each = self
                .undocumented
                .iter()
                .map(|(field, value)| format!("`{field}` is `{}`", short(value)));
            told.push(format!(
                "{name}: {}, which is not documented; it was kept",
                listed(each)
            ));
        }
        told
    }
}

/// The first few, and how many more there are.
fn listed(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A value cut to what fits in a sentence.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::catalog;

    fn told(resource: &str, objects: &[&str]) -> Vec<String> {
        let mut drift = Drift::new(catalog().resource(resource).unwrap());
        for object in objects {
            drift.look_at(&serde_json::from_str(object).unwrap());
        }
        drift.told()
    }

    #[test]
    fn what_is_never_there_is_told_once_and_what_sometimes_is_not() {
        let whole = r#"{"id":"1","name":"a","status":"ACTIVE","features":[]}"#;
        let poor = r#"{"id":"1","name":"a","status":"ACTIVE"}"#;
        assert!(told("okta.app", &[whole, poor]).is_empty());
        assert_eq!(
            told("okta.app", &[poor, poor]),
            ["okta.app: no object has `features`; what depends on it is unknown"]
        );
        assert!(told("okta.app", &[]).is_empty());
    }

    #[test]
    fn values_that_are_not_documented_are_told_whatever_their_capitals() {
        let object = r#"{"id":"1","name":"a","status":"Active","features":[],"credentials":{"userNameTemplate":{"type":"MAGIC"}}}"#;
        assert_eq!(
            told("okta.app", &[object]),
            ["okta.app: `credentials.userNameTemplate.type` is `MAGIC`, which is not documented; it was kept"]
        );
        // Elements of lists too.
        let user = r#"{"licenseAssignmentStates":[{"state":"Haunted"},{"state":"Active"}]}"#;
        let told = told("entra.user", &[user]);
        assert!(
            told.iter()
                .any(|text| text.contains("`licenseAssignmentStates.state` is `Haunted`")),
            "{told:?}"
        );
    }
}
