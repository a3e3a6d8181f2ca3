//! Casting: whom a plan means, in which wave, and the licences that each would get.
//!
//! An individual assignment goes before those of groups, and of groups the one with the highest priority counts, unless
//! the licences are set to "combine values across groups" (help.okta.com, "Provisioning types for Office 365").

use std::collections::{HashMap, HashSet};

use super::ask::Answer;
use super::directory::{self, App, Found, Group, Somebody, key};
use super::plan::{RolloutPlan, WavePlan};
use super::product::{Miss, Product, Products};
use crate::audit::ResourceId;
use crate::audit::readiness::{Assumption, UnreadGroup};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::evaluate::Tables;
use crate::expr::{Cause, Origin};

/// A plan with everything that it names found in the snapshot.
#[derive(Debug)]
pub(super) struct Rollout {
    pub(super) app: App,
    pub(super) waves: Vec<CastWave>,
    pub(super) people: Vec<Planned>,
    pub(super) products: Products,
    pub(super) assumptions: Vec<Assumption>,
    /// Assignments of groups that the plan adds: their ids, and the licences that they get.
    pub(super) new_groups: Vec<(String, Vec<String>)>,
    /// Ids of every group in the plan.
    groups: HashSet<String>,
}

impl Rollout {
    /// Whether a resource is the assignment of a group that is not in the plan.
    pub(super) fn is_other_group(&self, resource: &ResourceId) -> bool {
        let group = resource.key.rsplit('/').next().unwrap_or_default();
        resource.resource_type == "okta.app_group" && !self.groups.contains(group)
    }
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
    pub(super) by_themselves: bool,
    pub(super) user_name: Option<String>,
    /// What they get in their wave.
    pub(super) licences: Licences,
    /// What later waves add, by the numbers of these.
    later: Vec<(usize, Product)>,
}

/// The licences that somebody would get.
#[derive(Clone, Debug, Default)]
pub(super) struct Licences {
    /// As Okta writes them.
    pub(super) texts: Option<Vec<String>>,
    /// The products that they are of.
    products: Vec<Product>,
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

    /// The products that they get, in whichever wave.
    pub(super) fn products(&self) -> impl Iterator<Item = &Product> {
        self.products_by_wave().map(|(_, product)| product)
    }

    /// The products that they get, each with the number of the wave that brings it.
    pub(super) fn products_by_wave(&self) -> impl Iterator<Item = (usize, &Product)> {
        let first = self.licences.products.iter().map(|product| (self.wave, product));
        first.chain(self.later.iter().map(|(wave, product)| (*wave, product)))
    }

    /// Adds what a later wave brings. Okta sends both together where licences add up; else the later take the place of the
    /// earlier, and no more is known of the two together.
    fn add_wave(&mut self, wave: usize, licences: Licences, combine: bool) {
        for product in licences.products {
            if !self.products().any(|known| *known == product) {
                self.later.push((wave, product));
            }
        }
        for origin in licences.unknown {
            if !self.licences.unknown.contains(&origin) {
                self.licences.unknown.push(origin);
            }
        }
        match (&mut self.licences.texts, licences.texts) {
            (Some(all), Some(more)) if combine => {
                for text in more {
                    if !all.contains(&text) {
                        all.push(text);
                    }
                }
            }
            (all, None) if combine => *all = None,
            _ => {}
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
        seen: HashMap::new(),
        several: vec![0; plan.waves.len()],
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
    let Casting {
        people,
        groups: new_groups,
        several,
        ..
    } = casting;
    if people.is_empty() && waves.iter().all(|wave| wave.unread.is_empty()) && !sink.has_errors() {
        sink.push(Diagnostic::error(
            Code::InvalidPlan,
            "the plan is about nobody: its groups have no members",
        ));
    }
    if sink.has_errors() {
        return Err(sink);
    }
    let mut assumptions = assumptions(plan, &app, &people);
    assumptions.extend(in_several_waves(plan, &several));
    let groups = groups.into_iter().flatten().map(|group| group.id).collect();
    Ok(Rollout {
        app,
        waves,
        people,
        products,
        assumptions,
        new_groups,
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

/// Puts people into their waves, each into the first that names them; what later waves give them is added.
struct Casting<'a> {
    app: &'a App,
    products: &'a Products,
    combine: bool,
    /// Numbers of the people, by their ids.
    seen: HashMap<String, usize>,
    /// People of each wave whom an earlier one names.
    several: Vec<usize>,
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
            let Some(found) = found.get(name.trim()) else { continue };
            let licences = match &explicit {
                Some(licences) => licences.clone(),
                None => self.inherited(of_person.get(name.as_str()).map_or(&[][..], Vec::as_slice)),
            };
            self.place(number, name, found, by_themselves, licences);
        }
    }

    /// Puts a person into a wave, or adds to what an earlier one gives them.
    fn place(&mut self, wave: usize, name: &str, found: &Found, by_themselves: bool, licences: Licences) {
        let identity = match found {
            Found::One(somebody) => somebody.id.clone(),
            _ if by_themselves => key(name),
            _ => name.to_owned(),
        };
        if let Some(known) = self.seen.get(&identity).and_then(|at| self.people.get_mut(*at)) {
            if known.wave != wave {
                known.add_wave(wave, licences, self.combine);
                self.several.get_mut(wave).into_iter().for_each(|people| *people += 1);
            }
            return;
        }
        self.seen.insert(identity, self.people.len());
        let user_name = match found {
            Found::One(somebody) => self.user_name(somebody),
            _ => None,
        };
        self.people.push(Planned {
            wave,
            named: name.to_owned(),
            found: found.clone(),
            by_themselves,
            user_name,
            licences,
            later: Vec::new(),
        });
    }

    fn user_name(&self, somebody: &Somebody) -> Option<String> {
        self.app.template.as_ref()?.user_name(&somebody.profile)
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
        all.push(assumption(
            "user_name",
            app.template.as_ref().map_or("", |template| &template.text),
        ));
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

/// That people are in several waves: of which waves, and how many.
fn in_several_waves(plan: &RolloutPlan, several: &[usize]) -> Option<Assumption> {
    let waves = plan.waves.iter().zip(several).filter(|(_, people)| **people > 0);
    let waves: Vec<String> = waves
        .map(|(wave, people)| format!("{} ({people})", wave.name))
        .collect();
    (!waves.is_empty()).then(|| Assumption {
        id: "several_waves".to_owned(),
        about: waves.join(", "),
    })
}
