//! What can be wrong with a scenario that has the right shape: everything is looked at, so that one
//! run shows all.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;

use super::plant::ON_ACCOUNT;
use super::schema::{PersonFile, PlantFile};
use super::{Placeholder, Scenario, text};
use crate::simulator::endpoint::Endpoint;

/// Every mistake in a scenario.
pub(super) fn problems(scenario: &Scenario) -> Vec<String> {
    let mut check = Check {
        scenario,
        problems: Vec::new(),
    };
    check.require(!scenario.file.title.trim().is_empty(), || {
        "title: a scenario needs one".to_owned()
    });
    check.keys();
    check.crowd();
    check.org();
    check.tenant();
    for person in &scenario.file.people {
        check.person(person);
    }
    check.problems
}

/// What is checked, and what was found wrong with it.
struct Check<'s> {
    /// The scenario.
    scenario: &'s Scenario,
    /// The mistakes so far.
    problems: Vec<String>,
}

impl Check<'_> {
    /// Notes a problem unless all is well.
    fn require(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.problems.push(problem());
        }
    }

    /// Whether no key is there twice.
    fn unique<'k>(&mut self, what: &str, keys: impl Iterator<Item = &'k str>) {
        let mut seen = HashSet::new();
        for key in keys {
            self.require(seen.insert(key), || format!("{what} `{key}` is there twice"));
        }
    }

    /// Whether names are unique, and denied paths exist.
    fn keys(&mut self) {
        let file = &self.scenario.file;
        self.unique("app", file.okta.apps.iter().map(|app| app.key.as_str()));
        self.unique("app id", file.okta.apps.iter().map(|app| text(&app.app, "id")));
        self.unique("group", file.entra.groups.iter().map(|group| group.key.as_str()));
        self.unique("sku", file.entra.skus.iter().map(|sku| sku.sku.as_str()));
        self.unique("person", file.people.iter().map(|person| person.key.as_str()));
        self.unique(
            "domain",
            file.entra.domains.iter().map(|domain| text(&domain.domain, "id")),
        );
        for (template, shelf) in &file.stock {
            let known = Endpoint::of_template(template).is_some_and(|endpoint| endpoint.stock().is_some());
            self.require(known, || format!("stock: the simulator keeps nothing for `{template}`"));
            for object in shelf.objects.iter().chain(shelf.under.values().flatten()) {
                self.placeholders(template, object);
            }
            for parent in shelf.under.keys() {
                self.placeholders(template, &Value::from(parent.as_str()));
            }
            self.plants(template, &shelf.plants);
            let unplaced = shelf.plants.iter().any(|plant| plant.on.is_none());
            self.require(!unplaced, || {
                format!("stock: plants at `{template}` do not say what they are on")
            });
        }
        for template in &file.deny {
            let known = Endpoint::of_template(template).is_some();
            self.require(known, || format!("deny: the simulator has no path `{template}`"));
        }
    }

    /// Whether a crowd can be cast.
    fn crowd(&mut self) {
        let crowd = &self.scenario.file.crowd;
        self.app("crowd", &crowd.app);
        self.sku("crowd", &crowd.licence);
        self.require(crowd.in_app_percent <= 100, || {
            "crowd: more than 100 percent in the app".to_owned()
        });
        let weight: u64 = crowd.cultures.values().map(|parts| u64::from(*parts)).sum();
        self.require((1..=10_000).contains(&weight), || {
            "crowd: parts of cultures must sum up to 1 to 10000".to_owned()
        });
        for culture in crowd.cultures.keys() {
            self.culture("crowd", culture);
        }
        let staffed = !crowd.departments.is_empty() && !crowd.titles.is_empty();
        self.require(staffed, || "crowd: it needs a department and a title".to_owned());
    }

    /// Whether the org's apps are complete.
    fn org(&mut self) {
        let org = &self.scenario.file.okta;
        self.placeholders("okta.org", &org.org);
        for app in &org.apps {
            let at = format!("app `{}`", app.key);
            for field in ["id", "name", "label"] {
                self.require(!text(&app.app, field).is_empty(), || format!("{at}: no `{field}`"));
            }
            self.placeholders(&at, &app.app);
            for object in app.groups.iter().chain(app.features.iter().flatten()) {
                self.placeholders(&at, object);
            }
            self.plants(&at, &app.plants);
            for licence in app
                .groups
                .iter()
                .filter_map(|group| group.pointer("/profile/licenses")?.as_array())
                .flatten()
            {
                let known = licence.as_str().is_some_and(|licence| self.hands_out_a_plan(licence));
                self.require(known, || {
                    format!("{at}: {licence} is no service plan of a known product")
                });
            }
        }
    }

    /// Whether a text is "product - service plan", in Microsoft's names, as Okta's console shows
    /// licences.
    fn hands_out_a_plan(&self, licence: &str) -> bool {
        self.scenario.products().any(|product| {
            let plan = licence
                .strip_prefix(product.name.as_str())
                .and_then(|rest| rest.strip_prefix(" - "));
            plan.is_some_and(|plan| product.plans.iter().any(|known| known.name == plan))
        })
    }

    /// Whether the tenant is complete.
    fn tenant(&mut self) {
        let tenant = &self.scenario.file.entra;
        self.guid("tenant_id", &tenant.tenant_id);
        self.require(!self.scenario.initial_domain().is_empty(), || {
            "no domain has isInitial: true".to_owned()
        });
        self.placeholders("organization", &tenant.organization);
        for domain in &tenant.domains {
            let at = format!("domain `{}`", text(&domain.domain, "id"));
            self.placeholders(&at, &domain.domain);
            self.placeholders(&at, domain.federation.as_ref().unwrap_or(&Value::Null));
        }
        for group in &tenant.groups {
            let at = format!("group `{}`", group.key);
            self.guid(&at, text(&group.group, "id"));
            self.placeholders(&at, &group.group);
            for licence in &group.licences {
                self.sku(&at, licence);
            }
        }
        for sku in &tenant.skus {
            let at = format!("sku `{}`", sku.sku);
            match self.scenario.product(&sku.sku) {
                Some(product) => self.guid(&at, &product.id),
                None => self
                    .problems
                    .push(format!("{at}: no such product; describe it under `product`")),
            }
            self.placeholders(&at, &sku.object);
            for subscription in &sku.subscriptions {
                self.guid(&at, text(subscription, "id"));
                self.placeholders(&at, subscription);
            }
            self.plants(&at, &sku.plants);
        }
        for assignment in &tenant.role_assignments {
            self.placeholders("role_assignments", assignment);
        }
        for (at, planted) in [
            ("authorization_policy", &tenant.authorization_policy),
            ("apps_and_services", &tenant.apps_and_services),
        ] {
            self.require(!text(&planted.object, "id").is_empty(), || format!("{at}: no `id`"));
            self.placeholders(at, &planted.object);
            self.plants(at, &planted.plants);
        }
    }

    /// Whether a person has only what there is.
    fn person(&mut self, person: &PersonFile) {
        let at = format!("person `{}`", person.key);
        let crowd = &self.scenario.file.crowd;
        let accounts = person.accounts.iter().flatten();
        for app in accounts.filter(|account| !["okta", "entra"].contains(&account.as_str())) {
            self.app(&at, app);
        }
        if let Some(culture) = &person.name.culture {
            self.culture(&at, culture);
        }
        // A crowd login is given name and family name: a family of its own keeps a named person's
        // login free.
        let family = person.key.rsplit('.').next().unwrap_or_default();
        let of_the_crowd = crowd
            .cultures
            .keys()
            .filter_map(|culture| self.scenario.cultures.get(culture));
        let taken = of_the_crowd
            .flat_map(|culture| &culture.family)
            .any(|name| name.login == family);
        self.require(!taken, || format!("{at}: the crowd also has people called `{family}`"));
        for holding in person.licences.iter().flatten() {
            self.sku(&at, &holding.sku);
            if let Some(group) = &holding.group {
                let hands_it_on = self
                    .scenario
                    .group(group)
                    .is_some_and(|group| group.licences.contains(&holding.sku));
                self.require(hands_it_on, || {
                    format!("{at}: no group `{group}` hands on `{}`", holding.sku)
                });
            }
            self.time(&at, holding.since.as_deref().unwrap_or("@now"));
        }
        for object in [
            &person.okta_user,
            &person.app_user,
            &person.entra_user,
            &person.registration,
        ] {
            self.placeholders(&at, object);
        }
        for event in &person.events {
            self.time(&at, &event.at);
        }
        self.plants(&at, &person.plants);
        let judged = person
            .accounts
            .as_ref()
            .is_none_or(|accounts| accounts.contains(&crowd.app));
        let on_assignment = person.plants.iter().any(|plant| plant.on.is_none());
        self.require(judged || !on_assignment, || {
            format!("{at}: plants, but not in app `{}`", crowd.app)
        });
        let has_account = person
            .accounts
            .as_ref()
            .is_none_or(|accounts| accounts.iter().any(|place| place == "entra"));
        let on_account = person
            .plants
            .iter()
            .any(|plant| plant.on.as_deref() == Some(ON_ACCOUNT));
        self.require(has_account || !on_account, || {
            format!("{at}: plants on no account in Entra")
        });
    }

    /// Whether plants say what they expect.
    fn plants(&mut self, at: &str, plants: &[PlantFile]) {
        for PlantFile {
            policy, outcome, cause, ..
        } in plants
        {
            let sound = match outcome.as_str() {
                "fail" => cause.is_none(),
                "unknown" => cause.is_some(),
                _ => false,
            };
            self.require(sound, || {
                format!("{at}: `{policy}` is planted neither as fail nor as unknown with a cause")
            });
        }
    }

    /// Whether there is such an app.
    fn app(&mut self, at: &str, key: &str) {
        self.require(self.scenario.app(key).is_some(), || format!("{at}: no app `{key}`"));
    }

    /// Whether there is such a culture.
    fn culture(&mut self, at: &str, name: &str) {
        self.require(self.scenario.cultures.contains_key(name), || {
            format!("{at}: no culture `{name}`")
        });
    }

    /// Whether the tenant has such a product.
    fn sku(&mut self, at: &str, part_number: &str) {
        let known = self.scenario.file.entra.skus.iter().any(|sku| sku.sku == part_number);
        self.require(known, || format!("{at}: the tenant has no sku `{part_number}`"));
    }

    /// Whether an id is a GUID.
    fn guid(&mut self, at: &str, id: &str) {
        self.require(Uuid::parse_str(id).is_ok(), || format!("{at}: `{id}` is no GUID"));
    }

    /// Whether a text is a time.
    fn time(&mut self, at: &str, text: &str) {
        let is_time = matches!(Placeholder::read(text), Some(Ok(Placeholder::Time(_))));
        self.require(is_time, || format!("{at}: `{text}` is no time such as `@-3d`"));
    }

    /// Whether every placeholder in an object stands for something.
    fn placeholders(&mut self, at: &str, object: &Value) {
        match object {
            Value::Object(fields) => fields.values().for_each(|value| self.placeholders(at, value)),
            Value::Array(items) => items.iter().for_each(|value| self.placeholders(at, value)),
            Value::String(text) => match Placeholder::read(text) {
                Some(Err(problem)) => self.problems.push(format!("{at}: {problem}")),
                Some(Ok(Placeholder::OktaId(key) | Placeholder::EntraId(key))) => {
                    let known = self.scenario.file.people.iter().any(|person| person.key == key);
                    self.require(known, || format!("{at}: nobody has the key `{key}`"));
                }
                Some(Ok(Placeholder::Time(_) | Placeholder::Absent)) | None => {}
            },
            _ => {}
        }
    }
}
