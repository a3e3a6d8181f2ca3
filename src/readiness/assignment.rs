//! Assignments as Okta would make them: for every person of a plan what Okta would send, and why it cannot be told.
//!
//! What Okta sends: help.okta.com, "Provisioning types for Office 365" and "Office 365 supported user attributes". An
//! individual assignment goes before those of groups, and of groups the one with the highest priority counts, unless
//! the licences are set to "combine values across groups".

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::ask::Answer;
use super::directory::{self, App, Found, Group, Somebody, key};
use super::plan::{RolloutPlan, WavePlan};
use super::product::{Miss, Product, Products};
use super::user_name::user_name;
use crate::audit::readiness::{Assumption, UnreadGroup};
use crate::catalog::catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::evaluate::{PlannedRecord, Tables};
use crate::expr::{Cause, Origin};

/// A plan with everything that it names found in the snapshot.
#[derive(Debug)]
pub(super) struct Rollout {
    pub(super) app: App,
    pub(super) waves: Vec<CastWave>,
    pub(super) people: Vec<Planned>,
    pub(super) products: Products,
    pub(super) assumptions: Vec<Assumption>,
    /// Assignments of groups that the plan adds.
    groups: Vec<(String, Vec<String>)>,
}

/// A wave with its people cast: its name, and the groups of which nobody knows who is in them.
#[derive(Debug)]
pub(super) struct CastWave {
    pub(super) name: String,
    pub(super) unread: Vec<UnreadGroup>,
}

/// A person of the plan with what Okta would send.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) wave: usize,
    /// As the plan names them.
    pub(super) named: String,
    pub(super) found: Found,
    /// Whether they are assigned by themselves and not through a group.
    by_themselves: bool,
    pub(super) user_name: Option<String>,
    pub(super) licences: Licences,
}

/// The licences that somebody would get.
#[derive(Clone, Debug, Default)]
pub(super) struct Licences {
    /// As Okta writes them.
    texts: Option<Vec<String>>,
    /// The products that they are of.
    pub(super) products: Vec<Product>,
    /// Why there may be others.
    pub(super) unknown: Vec<Origin>,
}

impl Planned {
    /// The person in Okta, if there is one.
    pub(super) fn somebody(&self) -> Option<&Somebody> {
        match &self.found {
            Found::One(somebody) => Some(somebody),
            _ => None,
        }
    }

    /// Whether a name stands in the place of the immutable id, so that nothing fails for its sake that is not open.
    pub(super) fn has_nominal_id(&self) -> bool {
        let of_directory =
            |somebody: &Somebody| matches!(somebody.provider.as_deref(), Some("ACTIVE_DIRECTORY" | "LDAP"));
        self.is_new() && self.somebody().is_some_and(of_directory)
    }

    /// Whether a new assignment is laid over the snapshot for them.
    pub(super) fn is_new(&self) -> bool {
        self.somebody().is_some_and(|somebody| somebody.assignment.is_none())
    }
}

/// Finds what a plan names.
pub(super) fn rollout(plan: &RolloutPlan, tables: &Tables) -> Result<Rollout, Diagnostics> {
    let mut sink = Diagnostics::new();
    let app = directory::app(plan.app.as_deref(), tables)?;
    let products = Products::of(tables);
    let mut casting = Casting {
        app: &app,
        products: &products,
        combine: plan.combine_licenses,
        seen: HashSet::new(),
        people: Vec::new(),
        groups: Vec::new(),
        known: HashMap::new(),
    };
    let groups: Vec<Vec<Group>> = plan
        .waves
        .iter()
        .map(|wave| groups_of(wave, &app, tables, &mut sink))
        .collect();
    let names: Vec<&str> = plan
        .waves
        .iter()
        .flat_map(|wave| &wave.users)
        .map(String::as_str)
        .collect();
    let members = groups.iter().flatten().filter_map(|group| group.members.as_ref().ok());
    let names: Vec<&str> = names.into_iter().chain(members.flatten().map(String::as_str)).collect();
    let found = directory::people(&names, &app, tables);
    let mut waves = Vec::new();
    for (number, (wave, groups)) in plan.waves.iter().zip(&groups).enumerate() {
        casting.wave(number, wave, groups, &found, &mut sink);
        waves.push(CastWave {
            name: wave.name.clone(),
            unread: groups.iter().filter_map(unread).collect(),
        });
    }
    let (people, groups) = (casting.people, casting.groups);
    if people.is_empty() && waves.iter().all(|wave| wave.unread.is_empty()) && !sink.has_errors() {
        sink.push(Diagnostic::error(
            Code::InvalidPlan,
            "the plan is about nobody: its groups have no members",
        ));
    }
    if sink.has_errors() {
        return Err(sink);
    }
    let assumptions = assumptions(plan, &app, &people);
    Ok(Rollout {
        app,
        waves,
        people,
        products,
        assumptions,
        groups,
    })
}

fn groups_of(wave: &WavePlan, app: &App, tables: &Tables, sink: &mut Diagnostics) -> Vec<Group> {
    let names: Vec<&str> = wave.groups.iter().map(String::as_str).collect();
    directory::groups(&names, app, tables).unwrap_or_else(|faults| {
        faults.into_iter().for_each(|fault| sink.push(fault));
        Vec::new()
    })
}

fn unread(group: &Group) -> Option<UnreadGroup> {
    let causes = group.members.as_ref().err()?.clone();
    Some(UnreadGroup {
        group: group.resource.clone(),
        causes,
    })
}

/// Puts people into their waves, each into the first that names them.
struct Casting<'a> {
    app: &'a App,
    products: &'a Products,
    combine: bool,
    seen: HashSet<String>,
    people: Vec<Planned>,
    groups: Vec<(String, Vec<String>)>,
    /// Licences by the groups that they come from, in their order: many people share them.
    known: HashMap<Vec<String>, Licences>,
}

impl Casting<'_> {
    fn wave(
        &mut self,
        number: usize,
        wave: &WavePlan,
        groups: &[Group],
        found: &HashMap<String, Found>,
        sink: &mut Diagnostics,
    ) {
        let explicit = wave.licences.as_ref().map(|texts| self.explicit(wave, texts, sink));
        if explicit.is_none() {
            self.check_sources(wave, groups, sink);
        }
        let unassigned = groups.iter().filter(|group| group.assigned.is_none());
        if let Some(licences) = &explicit {
            let texts = licences.texts.clone().unwrap_or_default();
            self.groups
                .extend(unassigned.map(|group| (group.id.clone(), texts.clone())));
        }
        let mut of_person: HashMap<&str, Vec<&Group>> = HashMap::new();
        for group in groups {
            for member in group.members.iter().flatten() {
                of_person.entry(member).or_default().push(group);
            }
        }
        let members = groups.iter().flat_map(|group| group.members.iter().flatten());
        for (name, by_themselves) in wave
            .users
            .iter()
            .map(|name| (name, true))
            .chain(members.map(|name| (name, false)))
        {
            let Some(found) = found.get(&key(name)) else { continue };
            let identity = match found {
                Found::One(somebody) => somebody.id.clone(),
                _ => key(name),
            };
            if !self.seen.insert(identity) {
                continue;
            }
            let licences = match &explicit {
                Some(licences) => licences.clone(),
                None => self.inherited(of_person.get(name.as_str()).map_or(&[][..], Vec::as_slice)),
            };
            let user_name = match found {
                Found::One(somebody) => self.user_name(somebody),
                _ => None,
            };
            self.people.push(Planned {
                wave: number,
                named: name.clone(),
                found: found.clone(),
                by_themselves,
                user_name,
                licences,
            });
        }
    }

    fn user_name(&self, somebody: &Somebody) -> Option<String> {
        user_name(self.app.template.as_deref()?, &somebody.profile)
    }

    /// Licences that the plan names. Each must be one product.
    fn explicit(&self, wave: &WavePlan, texts: &[String], sink: &mut Diagnostics) -> Licences {
        let mut licences = Licences {
            texts: Some(Vec::new()),
            ..Licences::default()
        };
        for text in texts {
            match self.products.find(text) {
                Ok(product) => {
                    // What Okta would write, if the plan does not say it as Okta does.
                    let written = product
                        .name
                        .as_ref()
                        .filter(|name| !text.to_lowercase().starts_with(&name.to_lowercase()));
                    licences
                        .texts
                        .get_or_insert_default()
                        .push(written.unwrap_or(text).clone());
                    if !licences.products.contains(product) {
                        licences.products.push(product.clone());
                    }
                }
                Err(Miss::Unknown) => sink.push(
                    Diagnostic::error(
                        Code::InvalidPlan,
                        format!("wave `{}`: no product is called `{text}`", wave.name),
                    )
                    .suggest(text, self.products.names()),
                ),
                Err(Miss::Several(parts)) => sink.push(
                    Diagnostic::error(
                        Code::InvalidPlan,
                        format!("wave `{}`: several products are called `{text}`", wave.name),
                    )
                    .help(format!("name one by its part number: {}", parts.join(", "))),
                ),
            }
        }
        licences
    }

    /// Whether something says which licences everybody in a wave gets.
    fn check_sources(&self, wave: &WavePlan, groups: &[Group], sink: &mut Diagnostics) {
        let help = "give `licenses` (`--licenses`); an empty list is none";
        if !wave.users.is_empty() {
            let message = format!(
                "wave `{}` names people, and nothing says which licences they get",
                wave.name
            );
            sink.push(Diagnostic::error(Code::InvalidPlan, message).help(help));
        }
        for group in groups.iter().filter(|group| group.assigned.is_none()) {
            let name = group.resource.name.as_deref().unwrap_or(&group.id);
            let message = format!(
                "the group `{name}` is not assigned to the application yet, so nothing says which licences its members get"
            );
            sink.push(Diagnostic::error(Code::InvalidPlan, message).help(help));
        }
    }

    /// Licences of the groups' assignments: of the first by priority, or of all.
    fn inherited(&mut self, groups: &[&Group]) -> Licences {
        let mut assigned: Vec<_> = groups
            .iter()
            .filter_map(|group| Some((*group, group.assigned.as_ref()?)))
            .collect();
        assigned.sort_by_key(|(_, assignment)| assignment.priority.unwrap_or(i64::MAX));
        if !self.combine {
            assigned.truncate(1);
        }
        let key: Vec<String> = assigned.iter().map(|(group, _)| group.id.clone()).collect();
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut licences = Licences {
            texts: Some(Vec::new()),
            ..Licences::default()
        };
        for (_, assignment) in assigned {
            match &assignment.licences {
                Answer::Known(texts) => self.add(texts.iter().flatten(), &mut licences),
                Answer::Unknown(origins) => {
                    licences.texts = None;
                    licences.unknown.extend(origins.iter().cloned());
                }
            }
        }
        self.known.insert(key, licences.clone());
        licences
    }

    fn add<'t>(&self, texts: impl Iterator<Item = &'t String>, licences: &mut Licences) {
        for text in texts {
            if let Some(all) = &mut licences.texts
                && !all.contains(text)
            {
                all.push(text.clone());
            }
            match self.products.find(text) {
                Ok(product) if licences.products.contains(product) => {}
                Ok(product) => licences.products.push(product.clone()),
                Err(_) => {
                    let unknown = Origin {
                        cause: Cause::Unclassified,
                        about: text.clone(),
                        needs: None,
                        detail: None,
                    };
                    if !licences.unknown.contains(&unknown) {
                        licences.unknown.push(unknown);
                    }
                }
            }
        }
    }
}

/// What was taken for granted.
fn assumptions(plan: &RolloutPlan, app: &App, people: &[Planned]) -> Vec<Assumption> {
    let assumption = |id: &str, about: &str| Assumption {
        id: id.to_owned(),
        about: about.to_owned(),
    };
    let mut all = vec![assumption("immutable_id", "")];
    if people.iter().any(Planned::has_nominal_id) {
        all.push(assumption("directory", ""));
    }
    let unnamed = people
        .iter()
        .any(|person| person.is_new() && person.user_name.is_none());
    if unnamed {
        all.push(assumption("user_name", app.template.as_deref().unwrap_or_default()));
    }
    if plan
        .waves
        .iter()
        .any(|wave| wave.groups.len() > 1 && wave.licences.is_none())
    {
        all.push(assumption(
            if plan.combine_licenses { "combined" } else { "priority" },
            "",
        ));
    }
    all
}

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
        let groups = self.groups.iter().filter_map(|(id, licences)| {
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
