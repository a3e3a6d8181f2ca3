//! Planted faults: which findings an audit of the scenario should produce, no more and no fewer.

use serde_json::Value;

use super::Scenario;
use super::schema::{PlantFile, PlantedFile};
use crate::simulator::identity;

/// A finding that the scenario expects of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plant {
    /// Id of the policy that finds it.
    pub policy: String,
    /// Key of the thing that is judged: `{appId}/{oktaUserId}` for an app user, else the object's
    /// own id.
    pub on: String,
    /// `fail` or `unknown`.
    pub outcome: String,
    /// Why the outcome is unknown.
    pub cause: Option<String>,
    /// What happened, for a reader.
    pub story: String,
}

/// Everything planted in a scenario, in the order of the file.
pub(super) fn collect(scenario: &Scenario) -> Vec<Plant> {
    let tenant = &scenario.file.entra;
    let mut plants = Vec::new();
    for PlantedFile {
        object,
        story,
        plants: planted,
    } in [&tenant.apps_and_services, &tenant.authorization_policy]
    {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        plants.extend(planted.iter().map(|plant| sown(plant, id, story)));
    }
    for sku in &tenant.skus {
        let id = scenario
            .product(&sku.sku)
            .map(|product| format!("{}_{}", tenant.tenant_id, product.id));
        plants.extend(
            sku.plants
                .iter()
                .map(|plant| sown(plant, id.as_deref().unwrap_or_default(), &sku.story)),
        );
    }
    let app = scenario.crowd_app_id();
    for person in &scenario.file.people {
        let on = format!("{app}/{}", identity::okta_user(identity::named(&person.key)));
        plants.extend(person.plants.iter().map(|plant| sown(plant, &on, &person.story)));
    }
    plants
}

/// A plant of the file, on the thing it was found at.
fn sown(plant: &PlantFile, on: &str, story: &str) -> Plant {
    Plant {
        policy: plant.policy.clone(),
        on: on.to_owned(),
        outcome: plant.outcome.clone(),
        cause: plant.cause.clone(),
        story: story.trim().to_owned(),
    }
}
