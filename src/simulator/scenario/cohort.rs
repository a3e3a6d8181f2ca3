//! Cohorts: people who share a story, written down once.

use serde_json::Value;

use super::Culture;
use super::schema::{CohortFile, CrowdFile, PersonFile};
use crate::simulator::draw::{Cycle, hash};
use std::collections::BTreeMap;

/// The people of a cohort, each under a name of the crowd's cultures unless the file gives one.
pub(super) fn people(
    cohort: &CohortFile,
    crowd: &CrowdFile,
    cultures: &BTreeMap<String, Culture>,
) -> Result<Vec<PersonFile>, String> {
    let mut people = Vec::new();
    for number in 1..=cohort.count {
        let like = numbered(&cohort.like, &format!("{number:03}"));
        let person = serde_json::from_value(like).map_err(|error| format!("cohort: {error}"))?;
        people.push(named(person, number, crowd, cultures));
    }
    Ok(people)
}

/// A value with a number in the place of every `{n}`.
fn numbered(value: &Value, number: &str) -> Value {
    let written = |text: &str| text.replace("{n}", number);
    match value {
        Value::String(text) => written(text).into(),
        Value::Array(items) => items.iter().map(|item| numbered(item, number)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (written(name), numbered(value, number)))
            .collect(),
        other => other.clone(),
    }
}

/// Gives a person a name who has none.
fn named(mut person: PersonFile, number: u32, crowd: &CrowdFile, cultures: &BTreeMap<String, Culture>) -> PersonFile {
    let of_the_crowd: Vec<(&String, &Culture)> = crowd
        .cultures
        .keys()
        .filter_map(|name| Some((name, cultures.get(name)?)))
        .collect();
    let nameless = person.name.display.is_none() && person.name.family.is_empty();
    if nameless && let Some((culture, names)) = of_the_crowd.get(number as usize % of_the_crowd.len().max(1)) {
        let pairs = Cycle::new((names.family.len() * names.given.len()) as u64, hash(&person.key));
        let pair = pairs.at(u64::from(number)) as usize;
        let family = names.family.get(pair % names.family.len().max(1));
        let given = names.given.get(pair / names.family.len().max(1));
        person.name.family = family.map(|name| name.written.clone()).unwrap_or_default();
        person.name.given = given.map(|name| name.written.clone()).unwrap_or_default();
        person.name.culture = Some((*culture).clone());
    }
    person
}

#[cfg(test)]
mod tests {
    use super::numbered;
    use serde_json::json;

    #[test]
    fn the_number_stands_in_every_text() {
        let like =
            json!({ "key": "late-{n}", "in": ["okta"], "stock": { "/path/{n}": [{ "id": "x-{n}-{n}", "size": 3 }] } });
        let expected =
            json!({ "key": "late-007", "in": ["okta"], "stock": { "/path/007": [{ "id": "x-007-007", "size": 3 }] } });
        assert_eq!(numbered(&like, "007"), expected);
    }
}
