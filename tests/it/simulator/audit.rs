//! A second opinion: the audit's policies written down once more, over listings, as plainly as can be. What it finds
//! must be what the scenario says is planted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tenken::simulator::World;

use super::client::{now, objects};

/// Policy, key, outcome, cause.
pub(crate) type Finding = (String, String, String, Option<String>);

const ADMINISTRATORS: [&str; 4] = [
    "62e90394-69f5-4237-9190-012177145e10",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe",
    "4d6ac14f-3453-41d0-bef9-a3e0c569773a",
    "fe930be7-5e62-47db-91af-98c3a49a38b1",
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ownership {
    UserOwned,
    Suspect,
    Harmless,
    Unclassified,
}

struct Tenant<'w> {
    users_by_id: BTreeMap<&'w str, &'w Value>,
    users_by_name: BTreeMap<String, &'w Value>,
    ownership: BTreeMap<&'w str, Ownership>,
    verified: BTreeSet<&'w str>,
    federated_with_okta: BTreeSet<String>,
    /// How many people of our apps have each.
    immutable_ids: BTreeMap<String, usize>,
    /// Users by mail address.
    addresses: BTreeMap<String, Vec<&'w Value>>,
    /// Users by immutable id.
    users_by_immutable_id: BTreeMap<&'w str, Vec<&'w Value>>,
    /// Who holds a role or is in a group that can.
    privileged: BTreeSet<String>,
    findings: BTreeSet<Finding>,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn audit(world: &World) -> BTreeSet<Finding> {
    let users = objects(world, "/v1.0/users");
    let skus = objects(world, "/v1.0/subscribedSkus");
    let organization = objects(world, "/v1.0/organization");
    let mut tenant = Tenant {
        users_by_id: users.iter().map(|user| (text(user, "/id"), user)).collect(),
        users_by_name: users
            .iter()
            .map(|user| (text(user, "/userPrincipalName").to_lowercase(), user))
            .collect(),
        ownership: BTreeMap::new(),
        verified: list(&organization[0], "/verifiedDomains")
            .iter()
            .map(|domain| text(domain, "/name"))
            .collect(),
        federated_with_okta: BTreeSet::new(),
        immutable_ids: BTreeMap::new(),
        addresses: BTreeMap::new(),
        users_by_immutable_id: BTreeMap::new(),
        privileged: BTreeSet::new(),
        findings: BTreeSet::new(),
    };
    let federations = world.listing("/v1.0/domains/{id}/federationConfiguration").unwrap();
    let with_okta = federations.filter(|listed| text(&listed.object, "/passiveSignInUri").contains("/app/office365/"));
    tenant.federated_with_okta = with_okta.filter_map(|listed| listed.parent).collect();
    let subscriptions = objects(world, "/v1.0/directory/subscriptions");
    let roles = objects(world, "/v1.0/roleManagement/directory/roleAssignments");
    tenant.ownership = skus
        .iter()
        .map(|sku| (text(sku, "/skuId"), ownership(sku, &subscriptions, &roles)))
        .collect();

    for user in &users {
        for address in list(user, "/proxyAddresses") {
            let address = address.as_str().unwrap().to_lowercase();
            let address = address.strip_prefix("smtp:").unwrap().to_owned();
            tenant.addresses.entry(address).or_default().push(user);
        }
        let immutable_id = text(user, "/onPremisesImmutableId");
        tenant.users_by_immutable_id.entry(immutable_id).or_default().push(user);
    }
    let members = world.listing("/v1.0/groups/{id}/members").unwrap();
    let holders = roles.iter().map(|role| text(role, "/principalId").to_owned());
    tenant.privileged = holders
        .chain(members.map(|listed| text(&listed.object, "/id").to_owned()))
        .collect();
    tenant.switches(world);
    let apps = objects(world, "/api/v1/apps?filter=name eq \"office365\"");
    let ours = apps.iter().filter(|app| {
        let domain = format!("{}.onmicrosoft.com", text(app, "/settings/app/msftTenant"));
        tenant.verified.contains(domain.as_str())
    });
    let ours: BTreeSet<&str> = ours.map(|app| text(app, "/id")).collect();
    tenant.seats(world, &ours, &skus);
    let assigned = || {
        let listed = world.listing("/api/v1/apps/{appId}/users").unwrap();
        listed.filter(|listed| ours.contains(listed.parent.as_deref().unwrap()))
    };
    for listed in assigned() {
        let id = text(&listed.object, "/profile/immutableId").to_owned();
        *tenant.immutable_ids.entry(id).or_default() += 1;
    }
    for listed in assigned() {
        let app = listed.parent.unwrap();
        tenant.app_user(&app, &listed.object);
    }
    tenant.findings
}

fn ownership(sku: &Value, subscriptions: &[Value], roles: &[Value]) -> Ownership {
    let part_number = text(sku, "/skuPartNumber").to_lowercase();
    if part_number.ends_with("_dept") {
        return Ownership::UserOwned;
    }
    if part_number == "teams_exploratory" {
        return Ownership::Suspect;
    }
    if ["flow_free", "power_bi_standard"].contains(&part_number.as_str()) {
        return Ownership::Harmless;
    }
    let of_sku: Vec<&Value> = subscriptions
        .iter()
        .filter(|subscription| subscription["skuId"] == sku["skuId"])
        .collect();
    let bought_by_an_administrator = |subscription: &&Value| {
        roles.iter().any(|role| {
            role["principalId"] == subscription["ownerId"] && ADMINISTRATORS.contains(&text(role, "/roleDefinitionId"))
        })
    };
    if of_sku.is_empty() {
        Ownership::Unclassified
    } else if of_sku
        .iter()
        .any(|subscription| subscription["ownerTenantId"].is_string() || bought_by_an_administrator(subscription))
    {
        Ownership::Harmless
    } else if of_sku.iter().all(|subscription| subscription["ownerId"].is_string()) {
        Ownership::Suspect
    } else {
        Ownership::Unclassified
    }
}

impl<'w> Tenant<'w> {
    fn fail(&mut self, policy: &str, on: &str) {
        self.findings
            .insert((format!("provisioning.{policy}"), on.to_owned(), "fail".to_owned(), None));
    }

    fn unknown(&mut self, policy: &str, on: &str, cause: &str) {
        self.findings.insert((
            format!("provisioning.{policy}"),
            on.to_owned(),
            "unknown".to_owned(),
            Some(cause.to_owned()),
        ));
    }

    fn switches(&mut self, world: &World) {
        let services = &objects(world, "/beta/admin/appsAndServices")[0];
        for (policy, switch) in [
            ("trials-off", "isAppAndServicesTrialEnabled"),
            ("office-store-off", "isOfficeStoreEnabled"),
        ] {
            if services["settings"][switch] != false {
                self.fail(policy, text(services, "/id"));
            }
        }
        let policy = &objects(world, "/v1.0/policies/authorizationPolicy")[0];
        if policy["allowedToSignUpEmailBasedSubscriptions"] != false
            || policy["allowEmailVerifiedUsersToJoinOrganization"] != false
        {
            self.fail("email-sign-up-off", text(policy, "/id"));
        }
        let open = services["settings"]["isAppAndServicesTrialEnabled"] == true
            || policy["allowedToSignUpEmailBasedSubscriptions"] == true;
        if open {
            self.fail("self-service-set", "tenant");
        } else {
            self.unknown("self-service-set", "tenant", "needs_attestation");
        }
    }

    fn seats(&mut self, world: &World, ours: &BTreeSet<&str>, skus: &[Value]) {
        let names = BTreeMap::from([
            ("Microsoft 365 E3", "SPE_E3"),
            ("Power BI Pro", "POWER_BI_PRO"),
            ("Microsoft Teams Phone Standard", "MCOEV"),
            ("Visio Plan 2", "VISIOCLIENT"),
        ]);
        for listed in world.listing("/api/v1/apps/{appId}/groups").unwrap() {
            if !ours.contains(listed.parent.as_deref().unwrap()) {
                continue;
            }
            for licence in list(&listed.object, "/profile/licenses") {
                let (product, _) = licence.as_str().unwrap().split_once(" - ").unwrap();
                let sku = skus.iter().find(|sku| sku["skuPartNumber"] == names[product]).unwrap();
                let number = |pointer: &str| sku.pointer(pointer).and_then(Value::as_u64).unwrap();
                if number("/prepaidUnits/enabled") + number("/prepaidUnits/warning") <= number("/consumedUnits") {
                    self.fail("seats", text(sku, "/id"));
                }
                if !["Enabled", "Warning"].contains(&text(sku, "/capabilityStatus")) {
                    self.fail("product-in-force", text(sku, "/id"));
                }
            }
        }
    }

    fn app_user(&mut self, app: &str, app_user: &Value) {
        let on = format!("{app}/{}", text(app_user, "/id"));
        let login = text(app_user, "/credentials/userName").to_lowercase();
        let domain = login.split_once('@').unwrap().1.to_owned();
        if !self.verified.contains(domain.as_str()) {
            self.fail("verified-domain", &on);
        }
        let changed: Timestamp = text(app_user, "/statusChanged").parse().unwrap();
        let long_ago = changed < now() - SignedDuration::from_hours(24);
        let unlinked = app_user["status"] == "STAGED" && text(app_user, "/externalId").is_empty();
        if (unlinked && long_ago) || app_user["syncState"] == "ERROR" {
            self.fail("stuck-app-user", &on);
        }
        let by_id = self.users_by_id.get(text(app_user, "/externalId")).copied();
        let by_name = self.users_by_name.get(&login).copied();
        if by_id.is_none() && !text(app_user, "/externalId").is_empty() {
            self.fail("account-exists", &on);
        }
        if self.immutable_ids[text(app_user, "/profile/immutableId")] > 1 {
            self.fail("immutable-id-unique", &on);
        }
        let somebody_else = |user: &&Value| {
            user["id"] != app_user["externalId"] && text(user, "/userPrincipalName").to_lowercase() != login
        };
        if self.addresses.get(&login).into_iter().flatten().any(&somebody_else) {
            self.fail("proxy-address-taken", &on);
        }
        let immutable_id = text(app_user, "/profile/immutableId");
        let holders = self.users_by_immutable_id.get(immutable_id);
        if !immutable_id.is_empty() && holders.into_iter().flatten().any(somebody_else) {
            self.fail("immutable-id-taken", &on);
        }
        if let (Some(one), Some(other)) = (by_id, by_name)
            && one["id"] != other["id"]
        {
            self.fail("one-account", &on);
            for policy in [
                "synced-account",
                "restricted-management",
                "licence-errors",
                "user-owned-licence",
                "suspect-licence",
                "group-inherited-licence",
                "usage-location",
                "immutable-id",
                "privileged-person",
            ] {
                self.unknown(policy, &on, "ambiguous_match");
            }
            return;
        }
        if let Some(user) = by_id.or(by_name) {
            self.linked(&on, app_user, user, &domain);
        }
    }

    fn linked(&mut self, on: &str, app_user: &Value, user: &Value, domain: &str) {
        let states = list(user, "/licenseAssignmentStates");
        let direct: Vec<Ownership> = states
            .iter()
            .filter(|state| state["assignedByGroup"].is_null())
            .map(|state| self.ownership[text(state, "/skuId")])
            .collect();
        for (policy, bad) in [
            ("user-owned-licence", Ownership::UserOwned),
            ("suspect-licence", Ownership::Suspect),
        ] {
            if direct.contains(&bad) {
                self.fail(policy, on);
            } else if direct.contains(&Ownership::Unclassified) {
                self.unknown(policy, on, "unclassified");
            }
        }
        let in_error = |state: &Value| state["error"].is_string() && state["error"] != "None";
        for (policy, bad) in [
            ("synced-account", user["onPremisesSyncEnabled"] == true),
            ("restricted-management", user["isManagementRestricted"] == true),
            ("privileged-person", self.privileged.contains(text(user, "/id"))),
            ("licence-errors", states.iter().any(in_error)),
        ] {
            if bad {
                self.fail(policy, on);
            }
        }
        if states.len() > direct.len() {
            self.fail("group-inherited-licence", on);
        }
        if !["JP", "US", "GB", "DE", "FR", "IN"].contains(&text(user, "/usageLocation")) {
            self.fail("usage-location", on);
        }
        if self.federated_with_okta.contains(domain)
            && user["onPremisesImmutableId"] != app_user["profile"]["immutableId"]
        {
            self.fail("immutable-id", on);
        }
    }
}
