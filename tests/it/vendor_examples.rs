//! Reads the vendors' own example responses with the catalogue's eyes: no value of another type than declared.
//!
//! The examples lie beside the repository while it is developed; without them the tests say so and pass.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tenken::catalog::{FieldType, Origin, Record, catalog};
use tenken::diagnostic::Diagnostics;
use tenken::evaluate::judge_example;
use tenken::policy;

pub(crate) const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/graph-examples");

/// Example files and the resource type that they show.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("docs/organization.json", "entra.organization"),
    ("docs/domains.json", "entra.domain"),
    (
        "docs/domains.id.federationConfiguration.json",
        "entra.federation_configuration",
    ),
    ("docs/users.default-properties.json", "entra.user"),
    ("docs/directory.subscriptions.json", "entra.subscription"),
    ("docs/policies.authorizationPolicy.json", "entra.authorization_policy"),
    ("docs/beta.admin.appsAndServices.doc.json", "entra.apps_and_services"),
    ("docs/groupSettings.json", "entra.group_setting"),
    (
        "docs/identity.conditionalAccess.policies.json",
        "entra.conditional_access_policy",
    ),
    ("docs/oauth2PermissionGrants.json", "entra.oauth2_permission_grant"),
    (
        "docs/policies.adminConsentRequestPolicy.json",
        "entra.admin_consent_request_policy",
    ),
    (
        "docs/policies.authenticationMethodsPolicy.json",
        "entra.authentication_methods_policy",
    ),
    (
        "docs/policies.deviceRegistrationPolicy.json",
        "entra.device_registration_policy",
    ),
    (
        "docs/policies.identitySecurityDefaultsEnforcementPolicy.json",
        "entra.security_defaults",
    ),
    (
        "docs/policies.roleManagementPolicies.id.rules.json",
        "entra.role_management_policy_assignment.policy.rules",
    ),
    ("docs/reports.userRegistrationDetails.json", "entra.user_registration"),
    (
        "docs/roleManagement.directory.roleEligibilityScheduleInstances.json",
        "entra.role_eligibility_schedule_instance",
    ),
    (
        "docs/servicePrincipals.id.appRoleAssignments.json",
        "entra.app_role_assignment",
    ),
    (
        "docs/servicePrincipals.id.synchronization.jobs.json",
        "entra.synchronization_job",
    ),
    ("docs/directory.administrativeUnits.json", "entra.administrative_unit"),
    ("docs/auditLogs.directoryAudits.json", "entra.directory_audit"),
    ("docs/auditLogs.provisioning.failure.json", "entra.provisioning_event"),
    ("docs/users.signInActivity.json", "entra.sign_in_activity"),
    (
        "docs/beta.admin.cloudLicensing.allotments.json",
        "entra.licence_allotment",
    ),
    ("tfp-microsoft365/applications.id.json", "entra.application"),
    (
        "tfp-microsoft365/authenticationStrengthPolicy.json",
        "entra.authentication_strength_policy",
    ),
    (
        "tfp-microsoft365/crossTenantAccessPolicy.default.json",
        "entra.cross_tenant_access_default",
    ),
    (
        "tfp-microsoft365/crossTenantAccessPolicy.json",
        "entra.cross_tenant_access_policy",
    ),
    (
        "tfp-microsoft365/crossTenantAccessPolicy.partner.json",
        "entra.cross_tenant_access_partner",
    ),
    ("tfp-microsoft365/devices.json", "entra.device"),
    (
        "tfp-microsoft365/directory.deletedItems.user.json",
        "entra.deleted_user",
    ),
    (
        "tfp-microsoft365/identity.conditionalAccess.policies.json",
        "entra.conditional_access_policy",
    ),
    ("tfp-microsoft365/namedLocations.country.json", "entra.named_location"),
    ("tfp-microsoft365/namedLocations.ip.json", "entra.named_location"),
    (
        "tfp-microsoft365/roleManagement.directory.roleDefinitions.json",
        "entra.role_definition",
    ),
    ("tfp-microsoft365/servicePrincipals.json", "entra.service_principal"),
    (
        "tfp-microsoft365/tokenLifetimePolicy.json",
        "entra.token_lifetime_policy",
    ),
    ("tfp-microsoft365/users.json", "entra.user"),
    ("tfp-microsoft365/users.id.maximal.json", "entra.user"),
    ("tfp-microsoft365/groups.json", "entra.group"),
    ("tfp-microsoft365/v1.subscribedSkus.json", "entra.subscribed_sku"),
    ("synthetic-founding-case/v1.users.json", "entra.user"),
    ("synthetic-founding-case/v1.subscribedSkus.json", "entra.subscribed_sku"),
    (
        "synthetic-founding-case/v1.directory.subscriptions.json",
        "entra.subscription",
    ),
    (
        "synthetic-founding-case/beta.admin.appsAndServices.json",
        "entra.apps_and_services",
    ),
];

fn read(name: &str) -> Option<Json> {
    let path: PathBuf = Path::new(EXAMPLES).join(name);
    Some(serde_json::from_str(&std::fs::read_to_string(path).ok()?).unwrap())
}

/// The objects of an answer, whatever its envelope.
fn objects(json: Json) -> Vec<Json> {
    match json.get("value") {
        Some(Json::Array(list)) => list.clone(),
        Some(object @ Json::Object(_)) => vec![object.clone()],
        _ => vec![json],
    }
}

/// Holds an object against the catalogue; gives the number of its properties that the catalogue has.
pub(crate) fn check(record: &Record, object: &Json, problems: &mut Vec<String>) -> usize {
    let mut seen = 0;
    for field in &record.fields {
        let (Origin::Property { .. }, Some(value)) = (&field.origin, object.get(&field.name)) else {
            continue;
        };
        seen += 1;
        // An object in an object may be missing: its fields answer for themselves then.
        if value.is_null() && !field.nullable && !matches!(field.ty, FieldType::Record(_)) {
            problems.push(format!("{}.{} is null", record.name, field.name));
        }
        fits(&field.ty, value, &format!("{}.{}", record.name, field.name), problems);
    }
    seen
}

fn fits(ty: &FieldType, value: &Json, whose: &str, problems: &mut Vec<String>) {
    let fine = match (ty, value) {
        (_, Json::Null) => true,
        (FieldType::Bool, value) => value.is_boolean(),
        (FieldType::Int, value) => value.is_i64(),
        (FieldType::Double, value) => value.is_number(),
        (FieldType::String | FieldType::Enum { .. }, value) => value.is_string(),
        (FieldType::Timestamp, value) => value
            .as_str()
            .is_some_and(|text| tenken::expr::time::Timestamp::parse(text).is_some()),
        (FieldType::Map, value) => value.is_object(),
        (FieldType::Record(record), Json::Object(_)) => {
            check(record.info(), value, problems);
            true
        }
        (FieldType::List(inner), Json::Array(items)) => {
            items.iter().for_each(|item| fits(inner, item, whose, problems));
            true
        }
        _ => false,
    };
    if !fine {
        problems.push(format!("{whose} holds {value}"));
    }
}

#[test]
fn examples_of_the_documentation_have_the_declared_types() {
    let mut read_any = false;
    for (file, resource) in FILES {
        let Some(json) = read(file) else { continue };
        read_any = true;
        let record = catalog().record_named(resource).unwrap().info();
        let mut problems = Vec::new();
        let seen: usize = objects(json)
            .iter()
            .map(|object| check(record, object, &mut problems))
            .sum();
        assert!(problems.is_empty(), "{file}: {problems:#?}");
        assert!(seen > 0, "{file} has no property of {resource}");
    }
    if !read_any {
        println!("skipped: the vendors' examples are not beside the repository");
    }
}

#[test]
fn the_founding_case_as_documented_is_judged_right() {
    let (Some(users), Some(skus), Some(subscriptions)) = (
        read("synthetic-founding-case/v1.users.json"),
        read("synthetic-founding-case/v1.subscribedSkus.json"),
        read("synthetic-founding-case/v1.directory.subscriptions.json"),
    ) else {
        println!("skipped: the vendors' examples are not beside the repository");
        return;
    };
    let loaded = policy::load(&[], &mut Diagnostics::new());
    let judge = |id: &str, person: &str| {
        let policy = loaded.policies.iter().find(|policy| policy.id == id).unwrap();
        let mut example = policy.examples[0].clone();
        for (name, list) in [
            ("entra.user", &users),
            ("entra.subscribed_sku", &skus),
            ("entra.subscription", &subscriptions),
        ] {
            example.given.objects.retain(|(known, _)| known != name);
            let objects = objects(list.clone()).into_iter().map(|object| (None, object)).collect();
            example.given.objects.push((name.to_owned(), objects));
        }
        let app_user = serde_json::json!({"id": "00u1", "status": "STAGED", "credentials": {"userName": format!("{person}@contoso.com")}});
        example.given.objects.retain(|(known, _)| known != "okta.app_user");
        example
            .given
            .objects
            .push(("okta.app_user".to_owned(), vec![(Some("0oa1".to_owned()), app_user)]));
        judge_example(policy, &example).unwrap().outcome.as_str()
    };
    for (id, alice, bob, carol) in [
        ("provisioning.user-owned-licence", "fail", "pass", "pass"),
        ("provisioning.group-inherited-licence", "pass", "pass", "fail"),
        ("provisioning.usage-location", "pass", "pass", "fail"),
    ] {
        assert_eq!(
            (judge(id, "alice"), judge(id, "bob"), judge(id, "carol")),
            (alice, bob, carol),
            "{id}"
        );
    }
}
