//! Assignments as Okta would make them: for every person of a plan what Okta would send.
//!
//! What Okta sends: help.okta.com, "Provisioning types for Office 365" and "Office 365 supported user attributes".

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::casting::{Planned, Rollout};
use super::directory::Somebody;
use crate::catalog::catalog;
use crate::evaluate::PlannedRecord;

impl Rollout {
    /// The assignments of all who have none, and of groups, as Okta would make them at a time.
    pub(super) fn records(&self, now: Timestamp) -> Vec<PlannedRecord> {
        let parent = Some(self.app.id.clone());
        let planned = |name: &str, object: Json| {
            let resource = catalog().resource(name)?;
            Some(PlannedRecord {
                resource,
                parent: parent.clone(),
                object,
            })
        };
        let groups = self.new_groups.iter().filter_map(|(id, licences)| {
            planned(
                "okta.app_group",
                json!({ "id": id, "profile": { "licenses": licences } }),
            )
        });
        let people = self.people.iter().filter(|person| person.is_new());
        let people = people.filter_map(|person| planned("okta.app_user", assignment(person, now)?));
        groups.chain(people).collect()
    }
}

/// The assignment of a person as Okta would make it. What cannot be told is left out, so that it is unknown.
fn assignment(person: &Planned, now: Timestamp) -> Option<Json> {
    let somebody = person.somebody()?;
    let mut profile = Map::new();
    if let Some(id) = immutable_id(somebody) {
        profile.insert("immutableId".to_owned(), id.into());
    }
    if let Some(country) = somebody.profile.get("countryCode") {
        profile.insert("usageLocation".to_owned(), country.clone().into());
    }
    if let Some(texts) = &person.licences.texts {
        profile.insert("licenses".to_owned(), texts.clone().into());
    }
    let mut credentials = Map::new();
    if let Some(name) = &person.user_name {
        credentials.insert("userName".to_owned(), name.clone().into());
    }
    Some(json!({
        "id": somebody.id,
        "status": "STAGED",
        "scope": if person.by_themselves { "USER" } else { "GROUP" },
        "created": now.to_string(),
        "lastUpdated": now.to_string(),
        "statusChanged": now.to_string(),
        "credentials": credentials,
        "profile": profile,
    }))
}

/// The immutable id that Okta would send. Without a directory behind the person that is its own id of them
/// (support.okta.com, "Handling immutable id issues in Okta for Microsoft 365 assignments"); else the objectGUID, which no API
/// of Okta's tells: a name for it stands in its place, which is nobody else's and equals nothing in Entra.
fn immutable_id(somebody: &Somebody) -> Option<String> {
    match somebody.provider.as_deref()? {
        "ACTIVE_DIRECTORY" | "LDAP" => Some(format!("(objectGUID of {})", somebody.login)),
        _ => Some(somebody.id.clone()),
    }
}
