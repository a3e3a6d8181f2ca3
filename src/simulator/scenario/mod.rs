//! Scenarios: an org and a tenant with everything that is wrong with them, as a YAML file a person
//! can read.
//!
//! A scenario is read in two steps: `schema` is the file as it is written, [`Scenario`] the file
//! after `check` has found nothing wrong with it.

mod check;
mod cohort;
mod culture;
mod placeholder;
mod plant;
pub(crate) mod schema;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub(crate) use culture::Culture;
pub(crate) use placeholder::Placeholder;
pub use plant::Plant;
use schema::{AppFile, GroupFile, ProductFile, ScenarioFile, SkuFile};

/// The scenarios that are compiled in.
const BUILTIN: [(&str, &str); 3] = [
    ("contoso", include_str!("../scenarios/contoso.yaml")),
    ("clean", include_str!("../scenarios/clean.yaml")),
    ("rollout-3000", include_str!("../scenarios/rollout-3000.yaml")),
];

/// The products that every scenario knows.
const PRODUCTS: &str = include_str!("../scenarios/products.yaml");

/// A scenario whose every reference leads somewhere.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file.
    pub(crate) file: ScenarioFile,
    /// Cultures by name, those that are built in.
    pub(crate) cultures: BTreeMap<String, Culture>,
    /// Products by part number: the built-in ones and those of the file.
    products: BTreeMap<String, ProductFile>,
    /// The findings it should produce.
    plants: Vec<Plant>,
}

/// Why a scenario cannot be played: every mistake in it.
#[derive(Debug)]
pub struct ScenarioError {
    /// The mistakes, one a line.
    problems: Vec<String>,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for ScenarioError {}

impl From<serde_yaml::Error> for ScenarioError {
    fn from(error: serde_yaml::Error) -> ScenarioError {
        ScenarioError {
            problems: vec![error.to_string()],
        }
    }
}

impl Scenario {
    /// Names of the built-in scenarios.
    pub fn names() -> &'static [&'static str] {
        const NAMES: [&str; BUILTIN.len()] = [BUILTIN[0].0, BUILTIN[1].0, BUILTIN[2].0];
        &NAMES
    }

    /// A built-in scenario; none if there is no such name.
    pub fn builtin(name: &str) -> Option<Result<Scenario, ScenarioError>> {
        let (_, yaml) = BUILTIN.iter().find(|(builtin, _)| *builtin == name)?;
        Some(Scenario::parse(yaml))
    }

    /// Reads a scenario and checks it.
    ///
    /// # Errors
    ///
    /// When the YAML does not have the shape of a scenario, or something in it refers to nothing.
    pub fn parse(yaml: &str) -> Result<Scenario, ScenarioError> {
        let mut file: ScenarioFile = serde_yaml::from_str(yaml)?;
        let cultures = Culture::builtin()?;
        admit(&mut file, &cultures)?;
        let mut products: BTreeMap<String, ProductFile> = serde_yaml::from_str(PRODUCTS)?;
        for SkuFile { sku, product, .. } in &file.entra.skus {
            products.extend(product.iter().map(|product| (sku.clone(), product.clone())));
        }
        let mut scenario = Scenario {
            file,
            cultures,
            products,
            plants: Vec::new(),
        };
        let problems = check::problems(&scenario);
        if !problems.is_empty() {
            return Err(ScenarioError { problems });
        }
        scenario.plants = plant::collect(&scenario);
        Ok(scenario)
    }

    /// The same story with a crowd of another size.
    #[must_use]
    pub fn with_people(mut self, people: u32) -> Self {
        self.file.crowd.people = people;
        self
    }

    /// The same story in another crowd.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.file.crowd.seed = seed;
        self
    }

    /// Everything the scenario plants: the findings an audit of it should produce.
    pub fn plants(&self) -> &[Plant] {
        &self.plants
    }

    /// A product by part number.
    pub(crate) fn product(&self, part_number: &str) -> Option<&ProductFile> {
        self.products.get(part_number)
    }

    /// All products the scenario knows of.
    pub(crate) fn products(&self) -> impl Iterator<Item = &ProductFile> {
        self.products.values()
    }

    /// A group of the tenant by key.
    pub(crate) fn group(&self, key: &str) -> Option<&GroupFile> {
        self.file.entra.groups.iter().find(|group| group.key == key)
    }

    /// An app of the org by key.
    pub(crate) fn app(&self, key: &str) -> Option<&AppFile> {
        self.file.okta.apps.iter().find(|app| app.key == key)
    }

    /// Id of the app that provisions the crowd.
    pub(crate) fn crowd_app_id(&self) -> &str {
        self.app(&self.file.crowd.app)
            .map(|app| text(&app.app, "id"))
            .unwrap_or_default()
    }

    /// The tenant's first domain, which Microsoft gave it.
    pub(crate) fn initial_domain(&self) -> &str {
        let mut domains = self.file.entra.domains.iter().map(|domain| &domain.domain);
        let initial = domains.find(|domain| domain.get("isInitial") == Some(&Value::Bool(true)));
        initial.map(|domain| text(domain, "id")).unwrap_or_default()
    }
}

/// Writes out cohorts as people, and puts what is there because of people beside the rest.
fn admit(file: &mut ScenarioFile, cultures: &BTreeMap<String, Culture>) -> Result<(), ScenarioError> {
    for cohort in std::mem::take(&mut file.cohorts) {
        let people = cohort::people(&cohort, &file.crowd, cultures);
        file.people.extend(people.map_err(|problem| ScenarioError {
            problems: vec![problem],
        })?);
    }
    for person in &mut file.people {
        for (template, shelf) in std::mem::take(&mut person.stock) {
            let all = file.stock.entry(template).or_default();
            all.objects.extend(shelf.objects);
            for (parent, objects) in shelf.under {
                all.under.entry(parent).or_default().extend(objects);
            }
        }
    }
    Ok(())
}

/// A text in an object; empty if it has none of that name.
pub(crate) fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}
