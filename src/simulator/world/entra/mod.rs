//! The Entra side of the world: a tenant, its domains, what it has bought, and its people.

mod licensing;
mod registration;
mod shape;
mod user;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cast::{Holding, Member};
use super::crowd::Casting;
use super::patch::Patcher;
use super::person::Person;
use super::time::Style;
use crate::simulator::scenario::schema::{DomainFile, GroupFile, TenantFile};
use crate::simulator::scenario::{Scenario, text};
pub(super) use registration::registration;
use user::Employer;

/// Everything of an Entra tenant that does not have to be made on demand.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// `/organization`, a list of one.
    pub(crate) organization: Vec<Value>,
    /// The domains.
    pub(crate) domains: Vec<Domain>,
    /// Named people's users.
    pub(crate) users: Vec<Value>,
    /// What named people have registered.
    pub(crate) registrations: Vec<Value>,
    /// The groups.
    pub(crate) groups: Vec<Value>,
    /// `/subscribedSkus`.
    pub(crate) skus: Vec<Value>,
    /// `/directory/subscriptions`.
    pub(crate) subscriptions: Vec<Value>,
    /// `/roleManagement/directory/roleAssignments`.
    pub(crate) role_assignments: Vec<Value>,
    /// `/policies/authorizationPolicy`.
    pub(crate) authorization_policy: Value,
    /// `/admin/appsAndServices`.
    pub(crate) apps_and_services: Value,
    /// What users take from it.
    employer: Employer,
}

/// A domain with its federation.
#[derive(Debug)]
pub(crate) struct Domain {
    /// Its name.
    pub(crate) id: String,
    /// The domain object.
    pub(crate) object: Value,
    /// How it is federated: a list of one, or empty.
    pub(crate) federation: Vec<Value>,
}

impl Tenant {
    /// The tenant of a scenario, with its named people.
    pub(crate) fn new(scenario: &Scenario, cast: &[Member<'_>], casting: &Casting, now: Timestamp) -> Tenant {
        let file = &scenario.file.entra;
        let patcher = Patcher::new(now, Style::Graph);
        let domains: Vec<Domain> = file
            .domains
            .iter()
            .map(|domain| Domain::new(domain, &patcher))
            .collect();
        let organization = organization(scenario, &domains, casting, &patcher);
        let company = text(&organization, "displayName").to_owned();
        let mut tenant = Tenant {
            groups: file
                .groups
                .iter()
                .map(|group| group_object(scenario, group, &patcher))
                .collect(),
            skus: Vec::new(),
            subscriptions: Vec::new(),
            role_assignments: role_assignments(file, &patcher),
            authorization_policy: patcher.complete(&file.authorization_policy.object, shape::authorization_policy()),
            apps_and_services: patcher.complete(&file.apps_and_services.object, shape::apps_and_services()),
            users: Vec::new(),
            registrations: Vec::new(),
            employer: Employer {
                company,
                initial_domain: scenario.initial_domain().to_owned(),
            },
            organization: vec![organization],
            domains,
        };
        tenant.buy(scenario, cast, casting, &patcher);
        for member in cast.iter().filter(|member| member.has_account("entra")) {
            let mut user = tenant.user(&member.person, &member.holdings);
            patcher.lay(&member.file.entra_user, &mut user);
            tenant.users.push(user);
            tenant
                .registrations
                .push(patcher.complete(&member.file.registration, registration(&member.person)));
        }
        tenant
    }

    /// Fills in products and subscriptions; seats are counted, so that the numbers agree with the
    /// people.
    fn buy(&mut self, scenario: &Scenario, cast: &[Member<'_>], casting: &Casting, patcher: &Patcher) {
        let tenant_id = &scenario.file.entra.tenant_id;
        for sku in &scenario.file.entra.skus {
            let Some(product) = scenario.product(&sku.sku) else {
                continue;
            };
            let holds = |member: &&Member<'_>| member.holdings.iter().any(|held| held.product.id == product.id);
            let named = cast
                .iter()
                .filter(|member| member.has_account("entra"))
                .filter(holds)
                .count() as u64;
            let of_crowd = if sku.sku == scenario.file.crowd.licence {
                casting.assigned()
            } else {
                0
            };
            let owner = (tenant_id.as_str(), self.employer.company.as_str());
            let object = licensing::subscribed_sku(sku, product, owner, named + of_crowd, patcher);
            let seats = object.pointer("/prepaidUnits/enabled").cloned().unwrap_or_default();
            if sku.subscriptions_listed {
                let subscriptions = sku.subscriptions.iter();
                self.subscriptions
                    .extend(subscriptions.map(|file| licensing::subscription(file, sku, product, &seats, patcher)));
            }
            self.skus.push(object);
        }
    }

    /// The user of a person, with licences.
    pub(crate) fn user(&self, person: &Person<'_>, holdings: &[Holding<'_>]) -> Value {
        user::user(person, &self.employer, holdings)
    }

    /// A domain by name.
    pub(crate) fn domain(&self, id: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.id.eq_ignore_ascii_case(id))
    }
}

impl Domain {
    /// A domain of a scenario.
    fn new(file: &DomainFile, patcher: &Patcher) -> Domain {
        let object = patcher.complete(&file.domain, shape::domain());
        let federation = file
            .federation
            .iter()
            .map(|federation| patcher.complete(federation, shape::federation()));
        Domain {
            id: text(&object, "id").to_owned(),
            federation: federation.collect(),
            object,
        }
    }

    /// Whether its owner has proved to own it.
    fn is_verified(&self) -> bool {
        self.object.get("isVerified") == Some(&Value::Bool(true))
    }
}

/// The tenant itself, which repeats some of the rest.
fn organization(scenario: &Scenario, domains: &[Domain], casting: &Casting, patcher: &Patcher) -> Value {
    let file = &scenario.file.entra;
    let mut organization = patcher.complete(&file.organization, shape::organization(&file.tenant_id));
    let verified = domains.iter().filter(|domain| domain.is_verified());
    let verified: Value = verified
        .map(|Domain { id, object, .. }| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": object.get("isDefault"),
                "isInitial": object.get("isInitial"),
                "name": id,
                "type": object.get("authenticationType")
            })
        })
        .collect();
    let since = organization.get("createdDateTime").cloned().unwrap_or_default();
    let products = file.skus.iter().filter_map(|sku| scenario.product(&sku.sku));
    let used = casting.assigned() + scenario.file.people.len() as u64 + file.groups.len() as u64;
    let counted = json!({
        "assignedPlans": licensing::plans_of_tenant(products, &since),
        "verifiedDomains": verified,
        "directorySizeQuota": { "used": used }
    });
    patcher.lay(&counted, &mut organization);
    organization
}

/// A group of a scenario.
fn group_object(scenario: &Scenario, file: &GroupFile, patcher: &Patcher) -> Value {
    let products = file.licences.iter().filter_map(|sku| scenario.product(sku));
    let licences: Value = products
        .map(|product| json!({ "disabledPlans": [], "skuId": product.id }))
        .collect();
    let mut group = shape::group();
    patcher.lay(&json!({ "assignedLicenses": licences }), &mut group);
    patcher.complete(&file.group, group)
}

/// The role assignments of a scenario.
fn role_assignments(file: &TenantFile, patcher: &Patcher) -> Vec<Value> {
    let assignments = file.role_assignments.iter().map(|assignment| {
        let mut object = patcher.complete(assignment, shape::role_assignment(""));
        let id = role_assignment_id(text(&object, "roleDefinitionId"), text(&object, "principalId"));
        patcher.lay(&json!({ "id": id }), &mut object);
        object
    });
    assignments.collect()
}

/// Ids of role assignments are opaque in Graph's documentation; seen ones are the role and the
/// principal in base64.
fn role_assignment_id(role: &str, principal: &str) -> String {
    let bytes = [role, principal].map(|id| Uuid::parse_str(id).unwrap_or_default().to_bytes_le());
    format!("{}-1", URL_SAFE_NO_PAD.encode(bytes.concat()))
}
