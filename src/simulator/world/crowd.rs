//! The crowd: as many people as wanted, each a pure function of the seed and a number.

use jiff::Timestamp;

use super::person::{Named, Person};
use crate::simulator::draw::Cycle;
use crate::simulator::identity;
use crate::simulator::scenario::schema::CrowdFile;
use crate::simulator::scenario::{Culture, Scenario};

/// Casts the people of a crowd.
#[derive(Debug)]
pub(crate) struct Casting {
    /// What the scenario says of the crowd.
    crowd: CrowdFile,
    /// In what order cultures take turns.
    turns: Cycle,
    /// Of which hundred people, which are assigned to the app.
    shares: Cycle,
    /// The parts of the crowd.
    parts: Vec<Part>,
    /// From when on its past is counted back.
    now: Timestamp,
}

/// The part of the crowd that is of one culture.
#[derive(Debug)]
struct Part {
    /// The culture.
    culture: Culture,
    /// Its turns are those from here on …
    first_turn: u64,
    /// … and so many.
    turns: u64,
    /// In what order given names meet family names.
    names: Cycle,
}

impl Casting {
    /// For the crowd of a scenario.
    pub(crate) fn new(scenario: &Scenario, now: Timestamp) -> Casting {
        let crowd = &scenario.file.crowd;
        let mut parts: Vec<Part> = Vec::new();
        for (name, weight) in &crowd.cultures {
            if let Some(culture) = scenario.cultures.get(name) {
                let first_turn = parts.last().map_or(0, |part| part.first_turn + part.turns);
                let names = Cycle::new((culture.family.len() * culture.given.len()) as u64, crowd.seed);
                parts.push(Part {
                    culture: culture.clone(),
                    first_turn,
                    turns: u64::from(*weight),
                    names,
                });
            }
        }
        let turns = parts.iter().map(|part| part.turns).sum();
        let (turns, shares) = (Cycle::new(turns, crowd.seed), Cycle::new(100, crowd.seed));
        Casting {
            crowd: crowd.clone(),
            turns,
            shares,
            parts,
            now,
        }
    }

    /// How many people there are.
    pub(crate) fn people(&self) -> u32 {
        self.crowd.people
    }

    /// Whether a person is assigned to the app, and so has an account in Entra.
    pub(crate) fn is_assigned(&self, index: u32) -> bool {
        self.shares.at(u64::from(index)) < u64::from(self.crowd.in_app_percent)
    }

    /// How many people are assigned to the app.
    pub(crate) fn assigned(&self) -> u64 {
        let rest = (0..self.crowd.people % 100)
            .filter(|index| self.is_assigned(*index))
            .count() as u64;
        u64::from(self.crowd.people / 100) * u64::from(self.crowd.in_app_percent) + rest
    }

    /// A person; none if nobody can be cast for want of names.
    pub(crate) fn person(&self, index: u32) -> Option<Person<'_>> {
        let index_of_all = u64::from(index);
        let turn = self.turns.at(index_of_all);
        let part = self
            .parts
            .iter()
            .find(|part| (part.first_turn..part.first_turn + part.turns).contains(&turn))?;
        // Where the person stands among those of the same culture: no two stand at the same place,
        // so a pair of names is used up once by everyone before it comes again with a
        // number.
        let place = index_of_all / self.turns.len() * part.turns + (turn - part.first_turn);
        let Culture { facts, family, given } = &part.culture;
        let pair = part.names.at(place) as usize;
        let (family, given) = (
            family.get(pair % family.len().max(1))?,
            given.get(pair / family.len().max(1))?,
        );
        let number = match place / part.names.len() {
            0 => String::new(),
            round => (round + 1).to_string(),
        };
        let name = Named {
            display: Person::display(&given.written, &family.written, facts),
            login: format!("{}.{}{number}@{}", given.login, family.login, self.crowd.domain),
            given: &given.written,
            family: &family.written,
        };
        Some(Person::new(
            identity::of_crowd(self.crowd.seed, index),
            name,
            facts,
            &self.crowd,
            self.now,
        ))
    }
}
