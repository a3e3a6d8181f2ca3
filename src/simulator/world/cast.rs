//! The named people of a scenario, as persons: who they are, where they have accounts, which
//! licences they hold.

use jiff::Timestamp;

use super::patch::Patcher;
use super::person::{Named, Person};
use super::time::Style;
use crate::simulator::identity;
use crate::simulator::scenario::schema::{CultureFile, HoldingFile, PersonFile, ProductFile};
use crate::simulator::scenario::{Scenario, text};

/// A named person.
#[derive(Debug)]
pub(crate) struct Member<'s> {
    /// Who it is.
    pub(crate) person: Person<'s>,
    /// What the scenario says of the person.
    pub(crate) file: &'s PersonFile,
    /// The licences held in Entra.
    pub(crate) holdings: Vec<Holding<'s>>,
    /// Key of the app that provisions the crowd.
    crowd_app: &'s str,
}

/// A licence that somebody holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holding<'s> {
    /// Of which product.
    pub(crate) product: &'s ProductFile,
    /// Id of the group it is inherited from; none when it is assigned directly.
    pub(crate) group: Option<&'s str>,
    /// Since when.
    pub(crate) since: Timestamp,
}

impl<'s> Member<'s> {
    /// All named people of a scenario.
    pub(crate) fn all(scenario: &'s Scenario, now: Timestamp) -> Vec<Member<'s>> {
        scenario
            .file
            .people
            .iter()
            .filter_map(|file| Member::new(scenario, file, now))
            .collect()
    }

    /// A person of the file; none if the culture is unknown, which a checked scenario rules out.
    fn new(scenario: &'s Scenario, file: &'s PersonFile, now: Timestamp) -> Option<Member<'s>> {
        let crowd = &scenario.file.crowd;
        let most_of_them = crowd
            .cultures
            .iter()
            .max_by_key(|(_, parts)| **parts)
            .map(|(name, _)| name);
        let culture_name = file.name.culture.as_ref().or(most_of_them)?;
        let culture = &scenario.cultures.get(culture_name)?.facts;
        let name = Named {
            given: &file.name.given,
            family: &file.name.family,
            display: file.name.display.clone().unwrap_or_else(|| display(file, culture)),
            login: file
                .login
                .clone()
                .unwrap_or_else(|| format!("{}@{}", file.key, crowd.domain)),
        };
        let person = Person::new(identity::named(&file.key), name, culture, crowd, now);
        let as_everyone = || HoldingFile {
            sku: crowd.licence.clone(),
            group: None,
            since: None,
        };
        let holdings = file.licences.clone().unwrap_or_else(|| vec![as_everyone()]);
        let holdings = holdings
            .iter()
            .filter_map(|held| Holding::new(scenario, held, person.times.licensed, now))
            .collect();
        Some(Member {
            person,
            file,
            holdings,
            crowd_app: &crowd.app,
        })
    }

    /// Whether the person has an account in `okta`, in `entra`, or in the app of a key.
    pub(crate) fn has_account(&self, place: &str) -> bool {
        match &self.file.accounts {
            Some(places) => places.iter().any(|named| named == place),
            None => ["okta", "entra", self.crowd_app].contains(&place),
        }
    }
}

impl<'s> Holding<'s> {
    /// The licence that everyone in the crowd holds.
    pub(crate) fn of_crowd(scenario: &'s Scenario, since: Timestamp) -> Option<Holding<'s>> {
        Some(Holding {
            product: scenario.product(&scenario.file.crowd.licence)?,
            group: None,
            since,
        })
    }

    /// A licence of the file; none if there is no such product, which a checked scenario rules out.
    fn new(scenario: &'s Scenario, held: &HoldingFile, usually: Timestamp, now: Timestamp) -> Option<Holding<'s>> {
        let patcher = Patcher::new(now, Style::Graph);
        Some(Holding {
            product: scenario.product(&held.sku)?,
            group: held
                .group
                .as_ref()
                .and_then(|key| scenario.group(key))
                .map(|group| text(&group.group, "id")),
            since: held.since.as_ref().map_or(usually, |since| patcher.time(since)),
        })
    }
}

/// What somebody is called who says nothing of it.
fn display(file: &PersonFile, culture: &CultureFile) -> String {
    match (file.name.given.as_str(), file.name.family.as_str()) {
        ("", "") => file.key.clone(),
        (given, family) => Person::display(given, family, culture),
    }
}
