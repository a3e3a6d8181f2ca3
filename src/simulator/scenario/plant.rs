//! Planted faults: which findings an audit of the scenario should produce, no more and no fewer.

use serde_json::Value;

use super::schema::{PlantFile, PlantedFile};
use super::{Scenario, text};
use crate::simulator::identity;

/// A finding that the scenario expects of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plant {
    /// Id of the policy that finds it.
    pub policy: String,
    /// Key of the thing that is judged: `{appId}/{oktaUserId}` for an app user, empty for the tenant,
    /// else the object's own id.
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
    for app in &scenario.file.okta.apps {
        let id = text(&app.app, "id");
        plants.extend(app.plants.iter().map(|plant| sown(plant, id, &app.story)));
    }
    for shelf in scenario.file.stock.values() {
        plants.extend(shelf.plants.iter().map(|plant| sown(plant, "", &shelf.story)));
    }
    let app = scenario.crowd_app_id();
    for person in &scenario.file.people {
        let root = identity::named(&person.key);
        let assignment = format!("{app}/{}", identity::okta_user(root));
        let account = identity::entra_user(root).to_string();
        for plant in &person.plants {
            let on_account = plant.on.as_deref() == Some(ON_ACCOUNT);
            let mut sown = sown(plant, &assignment, &person.story);
            if on_account {
                sown.on.clone_from(&account);
            }
            plants.push(sown);
        }
    }
    plants
}

/// What a plant says of whom it is on when that is a person's account in Entra.
pub(super) const ON_ACCOUNT: &str = "entra";

/// A plant of the file, on the thing it was found at.
fn sown(plant: &PlantFile, on: &str, story: &str) -> Plant {
    Plant {
        policy: plant.policy.clone(),
        on: plant.on.as_deref().unwrap_or(on).to_owned(),
        outcome: plant.outcome.clone(),
        cause: plant.cause.clone(),
        story: story.trim().to_owned(),
    }
}
