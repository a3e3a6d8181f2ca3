//! The scenario file as it is written: the YAML's types, nothing checked beyond their shape.
//!
//! Where a field holds an object of a vendor's API it is plain JSON: the vendor's own field names,
//! over a default shape with every usual field, so that only what matters to the story is written
//! down.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScenarioFile {
    /// One line on what the scenario is for.
    pub(crate) title: String,
    /// The Okta org.
    pub(crate) okta: OrgFile,
    /// The Entra tenant.
    pub(crate) entra: TenantFile,
    /// The people who are generated.
    pub(crate) crowd: CrowdFile,
    /// The people who have a name and a story.
    #[serde(default)]
    pub(crate) people: Vec<PersonFile>,
    /// People who share a story.
    #[serde(default)]
    pub(crate) cohorts: Vec<CohortFile>,
    /// Path templates that the vendor refuses with its 403.
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// What differs from the stock, by path template.
    #[serde(default)]
    pub(crate) stock: BTreeMap<String, ShelfFile>,
}

/// What a scenario says of a path that needs no code of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShelfFile {
    /// Why it is so.
    #[serde(default)]
    pub(crate) story: String,
    /// The findings it should produce, each with whom it is on.
    #[serde(default)]
    pub(crate) plants: Vec<PlantFile>,
    /// Objects that differ, by their id, and objects that are there besides.
    #[serde(default)]
    pub(crate) objects: Vec<Value>,
    /// All objects under certain parents.
    #[serde(default)]
    pub(crate) under: BTreeMap<String, Vec<Value>>,
}

/// The Okta org.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrgFile {
    /// The API token that the simulator accepts.
    pub(crate) token: String,
    /// The org's own address, which its objects link to (the simulator listens elsewhere).
    pub(crate) url: String,
    /// How many times the vendor's published request rates are allowed.
    #[serde(default = "hundredfold")]
    pub(crate) rate_limit_factor: u32,
    /// `/api/v1/org`.
    pub(crate) org: Value,
    /// The app instances.
    pub(crate) apps: Vec<AppFile>,
}

/// An app instance of the org.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppFile {
    /// How people refer to it in this file.
    pub(crate) key: String,
    /// The app object.
    pub(crate) app: Value,
    /// Its provisioning features; left out when provisioning is off.
    pub(crate) features: Option<Vec<Value>>,
    /// The groups assigned to it.
    #[serde(default)]
    pub(crate) groups: Vec<Value>,
    /// Why it is as it is.
    #[serde(default)]
    pub(crate) story: String,
    /// The findings it should produce.
    #[serde(default)]
    pub(crate) plants: Vec<PlantFile>,
}

/// The Entra tenant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantFile {
    /// The tenant's id.
    pub(crate) tenant_id: String,
    /// The app registration that the auditor signs in with.
    pub(crate) client: ClientFile,
    /// `/organization`.
    pub(crate) organization: Value,
    /// The tenant's domains.
    pub(crate) domains: Vec<DomainFile>,
    /// The tenant's groups.
    #[serde(default)]
    pub(crate) groups: Vec<GroupFile>,
    /// The products it has, with their subscriptions.
    pub(crate) skus: Vec<SkuFile>,
    /// `/roleManagement/directory/roleAssignments`.
    #[serde(default)]
    pub(crate) role_assignments: Vec<Value>,
    /// `/policies/authorizationPolicy`.
    pub(crate) authorization_policy: PlantedFile,
    /// `/admin/appsAndServices`.
    pub(crate) apps_and_services: PlantedFile,
}

/// An app registration with its consent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientFile {
    /// Its application (client) id.
    pub(crate) id: String,
    /// Its secret.
    pub(crate) secret: String,
    /// The application roles granted to it; left out when it has all that the simulator's paths
    /// need.
    pub(crate) granted: Option<Vec<String>>,
}

/// A domain of the tenant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainFile {
    /// The domain object.
    pub(crate) domain: Value,
    /// Its federation, if it is federated.
    pub(crate) federation: Option<Value>,
}

/// A group of the tenant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupFile {
    /// How people refer to it in this file.
    pub(crate) key: String,
    /// Part numbers of the products its members inherit.
    #[serde(default)]
    pub(crate) licences: Vec<String>,
    /// The group object.
    pub(crate) group: Value,
}

/// A product the tenant has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkuFile {
    /// Its part number, by which people refer to it.
    pub(crate) sku: String,
    /// What it is, when it is not among the products that every scenario knows.
    pub(crate) product: Option<ProductFile>,
    /// How many seats nobody sits on; left out when `object` states the units.
    pub(crate) free_seats: Option<u64>,
    /// Fields of the subscribedSku object that differ from what follows from the rest.
    #[serde(default)]
    pub(crate) object: Value,
    /// The subscriptions it comes from.
    pub(crate) subscriptions: Vec<Value>,
    /// Whether the subscriptions are in `/directory/subscriptions`.
    #[serde(default = "yes")]
    pub(crate) subscriptions_listed: bool,
    /// Why it is here.
    #[serde(default)]
    pub(crate) story: String,
    /// The findings it should produce.
    #[serde(default)]
    pub(crate) plants: Vec<PlantFile>,
}

/// A Microsoft product.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductFile {
    /// Its skuId.
    pub(crate) id: String,
    /// Its name, as Microsoft publishes it.
    pub(crate) name: String,
    /// The services in it.
    pub(crate) plans: Vec<ServicePlanFile>,
}

/// A service plan of a product.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServicePlanFile {
    /// Its servicePlanId.
    pub(crate) id: String,
    /// Its technical name.
    pub(crate) plan: String,
    /// Its name, as Microsoft publishes it.
    pub(crate) name: String,
    /// The service that runs it, as Graph names it in assignedPlans.
    pub(crate) service: String,
}

/// An object that may carry planted faults.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlantedFile {
    /// The object.
    pub(crate) object: Value,
    /// Why it is as it is.
    #[serde(default)]
    pub(crate) story: String,
    /// The findings it should produce.
    #[serde(default)]
    pub(crate) plants: Vec<PlantFile>,
}

/// A finding that something should produce.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlantFile {
    /// The policy's id.
    pub(crate) policy: String,
    /// The outcome, normally a failure.
    #[serde(default = "fail")]
    pub(crate) outcome: String,
    /// The cause, when the outcome is unknown.
    pub(crate) cause: Option<String>,
    /// Key of what is judged, or `entra` for a person's account there; left out for a person's assignment, or for what
    /// the plant stands at.
    pub(crate) on: Option<String>,
}

/// The generated people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CrowdFile {
    /// How many.
    pub(crate) people: u32,
    /// What tells this crowd from another of the same size.
    pub(crate) seed: u64,
    /// The app that provisions them.
    pub(crate) app: String,
    /// How many of a hundred are assigned to it; the others have no account in Entra.
    pub(crate) in_app_percent: u8,
    /// The domain of their logins.
    pub(crate) domain: String,
    /// The licence each of them holds, directly.
    pub(crate) licence: String,
    /// How many parts of the crowd come from which culture.
    pub(crate) cultures: BTreeMap<String, u32>,
    /// Where they work.
    pub(crate) departments: Vec<String>,
    /// What they are.
    pub(crate) titles: Vec<String>,
}

/// Several people who share a story.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CohortFile {
    /// How many.
    pub(crate) count: u32,
    /// What each of them is like: a person, in whose texts `{n}` stands for the number, in three digits from 001.
    pub(crate) like: Value,
}

/// A person with a story.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonFile {
    /// Who it is, and the local part of the login unless that is stated.
    pub(crate) key: String,
    /// What the person is called; left out for an account that is nobody's.
    #[serde(default)]
    pub(crate) name: NameFile,
    /// Okta login, app user name and user principal name, where it is not `key` in the crowd's
    /// domain.
    pub(crate) login: Option<String>,
    /// What the person is here for.
    pub(crate) story: String,
    /// Where the person has an account: `okta`, `entra`, keys of apps. Left out: as everyone in
    /// the crowd.
    #[serde(rename = "in")]
    pub(crate) accounts: Option<Vec<String>>,
    /// The licences in Entra. Left out: as everyone in the crowd.
    pub(crate) licences: Option<Vec<HoldingFile>>,
    /// What differs in the Okta user.
    #[serde(default)]
    pub(crate) okta_user: Value,
    /// What differs in the person's app users.
    #[serde(default)]
    pub(crate) app_user: Value,
    /// What differs in the Entra user.
    #[serde(default)]
    pub(crate) entra_user: Value,
    /// What differs in the methods that the person has registered in Entra.
    #[serde(default)]
    pub(crate) registration: Value,
    /// What the System Log tells of the person and the crowd's app.
    #[serde(default)]
    pub(crate) events: Vec<EventFile>,
    /// What is there because of the person besides, by path template.
    #[serde(default)]
    pub(crate) stock: BTreeMap<String, ShelfFile>,
    /// The findings the person should produce.
    #[serde(default)]
    pub(crate) plants: Vec<PlantFile>,
}

/// What a person is called.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameFile {
    /// Given name.
    #[serde(default)]
    pub(crate) given: String,
    /// Family name.
    #[serde(default)]
    pub(crate) family: String,
    /// Display name, where it is not given name and family name.
    pub(crate) display: Option<String>,
    /// Where the person comes from; left out for the culture of most.
    pub(crate) culture: Option<String>,
}

/// A licence someone holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldingFile {
    /// Part number.
    pub(crate) sku: String,
    /// The group it is inherited from; left out when it is assigned directly.
    pub(crate) group: Option<String>,
    /// Since when, where it matters.
    pub(crate) since: Option<String>,
}

/// An event in the System Log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFile {
    /// When.
    pub(crate) at: String,
    /// The event type.
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    /// The message an administrator sees.
    pub(crate) message: String,
    /// How it went, normally a failure.
    #[serde(default = "failure")]
    pub(crate) result: String,
    /// The vendor's text; `{display}`, `{login}` and `{entra}` stand for the person.
    pub(crate) reason: Option<String>,
}

/// A culture of `names.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CultureFile {
    /// Usage location, ISO 3166-1 alpha-2.
    pub(crate) location: String,
    /// Country, in English.
    pub(crate) country: String,
    /// Preferred language.
    pub(crate) language: String,
    /// Start of the phone numbers, in a range kept for fiction where the country has one.
    pub(crate) dialling: String,
    /// Whether the family name comes first in a display name.
    pub(crate) family_first: bool,
    /// Places of work.
    pub(crate) offices: Vec<String>,
    /// Family names, `written` or `written/romanised`.
    pub(crate) family: Vec<String>,
    /// Given names, likewise.
    pub(crate) given: Vec<String>,
}

/// What is so unless the file says otherwise.
fn yes() -> bool {
    true
}

/// So often the vendor's published rates: a rehearsal should not have to wait for them.
fn hundredfold() -> u32 {
    100
}

/// The usual outcome of a plant.
fn fail() -> String {
    "fail".to_owned()
}

/// The usual result of an event.
fn failure() -> String {
    "FAILURE".to_owned()
}
