//! Holds every entry of the catalogue against the vendors' OpenAPI descriptions: path, query, permission, every field with
//! its type, its values and whether it can be null.
//!
//! The descriptions lie beside the repository while it is developed; without them the test says so and passes.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;
use tenken::catalog::{Call, FieldType, Origin, Record, Resource, SourceName, Supply, catalog};
use tenken::expr::time::Timestamp;

const SPECS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs");

/// Fields that the descriptions do not have, with where they are documented. What is nested in them goes with them.
const DOCUMENTED_ELSEWHERE: &[(&str, &str)] = &[
    (
        "okta.app.settings.app",
        "settings of one kind of application: help.okta.com, Office 365",
    ),
    ("okta.app.name", "the description lists the templates' names alone"),
    (
        "okta.group_statistic._embedded.stats.hasAdminPrivilege",
        "the right spelling of `hasAdminPrivlege`",
    ),
    ("okta.app_user.profile", "attributes of the application's own schema"),
    ("okta.app_group.profile", "attributes of the application's own schema"),
    (
        "okta.app_group._embedded.group",
        "the description's text and its example with `expand=group`, not its schema",
    ),
    (
        "okta.app_mapping.properties",
        "attributes of the application's own schema",
    ),
    (
        "entra.authentication_methods_policy.authenticationMethodConfigurations.includeTargets",
        "learn.microsoft.com, authenticationmethodspolicy-get: the metadata leaves relations out",
    ),
    (
        "entra.authentication_methods_policy.authenticationMethodConfigurations.featureSettings.numberMatchingRequiredState",
        "learn.microsoft.com, microsoftAuthenticatorFeatureSettings; beta metadata has its name alone",
    ),
    (
        "entra.named_location.ipRanges.cidrAddress",
        "learn.microsoft.com, iPv4CidrRange: a subtype of ipRange",
    ),
    (
        "entra.access_review.scope.query",
        "learn.microsoft.com, accessReviewQueryScope: a subtype of accessReviewScope",
    ),
    (
        "entra.access_review.instanceEnumerationScope.query",
        "learn.microsoft.com, accessReviewQueryScope",
    ),
];

/// Calls that the descriptions leave out, with where they are documented.
const CALLED_ELSEWHERE: &[(&str, &str)] = &[("entra.org_contact", "learn.microsoft.com, orgcontact-list")];

/// Permissions that the description of the call does not name, with where they are documented.
const PERMITTED_ELSEWHERE: &[(&str, &str)] = &[
    ("entra.organization", "learn.microsoft.com, organization-list"),
    ("entra.subscribed_sku", "learn.microsoft.com, subscribedsku-list"),
    (
        "entra.subscription",
        "learn.microsoft.com, directory-list-subscriptions",
    ),
    (
        "entra.licence_allotment",
        "learn.microsoft.com, cloudlicensing allotments",
    ),
    (
        "entra.synchronization_job",
        "learn.microsoft.com, synchronizationjob-list: the least of the metadata can write",
    ),
    (
        "entra.authentication_strength_policy",
        "learn.microsoft.com, authenticationstrengthroot-list-policies",
    ),
    ("entra.deleted_user", "learn.microsoft.com, directory-deleteditems-list"),
    (
        "entra.group",
        "learn.microsoft.com, group-list: licences need more than the shape",
    ),
    (
        "entra.role_management_policy_assignment",
        "learn.microsoft.com, unifiedrolemanagementpolicyassignment",
    ),
    (
        "entra.sign_in_activity",
        "learn.microsoft.com, user-list: signInActivity needs AuditLog.Read.All",
    ),
    ("okta.org_engine", "no token is needed"),
];

/// Fields that cannot be null although the metadata allows it, with why; a null in one of them would be unknown.
const NEVER_NULL: &[(&str, &str)] = &[
    ("entra.organization.verifiedDomains.name", "its key"),
    ("entra.apps_and_services.settings", "a tick box is set or not"),
    (
        "entra.user.userPrincipalName",
        "every account has one (learn.microsoft.com, user)",
    ),
    ("entra.user.assignedLicenses.skuId", "its key"),
    ("entra.user.licenseAssignmentStates.skuId", "its key"),
    ("entra.group.assignedLicenses.skuId", "its key"),
    ("entra.subscribed_sku", "counted by Microsoft"),
    ("entra.subscription.skuId", "its key"),
    (
        "entra.role_assignment.principalId",
        "there is no assignment without one",
    ),
    (
        "entra.role_assignment.roleDefinitionId",
        "there is no assignment without one",
    ),
];

/// A vendor's description.
struct Spec(Json);

impl Spec {
    fn read(name: &str) -> Option<Self> {
        let text = std::fs::read_to_string(Path::new(SPECS).join(name)).ok()?;
        Some(Self(serde_yaml::from_str(&text).unwrap()))
    }

    /// The GET of a path; parameters may have any name, and a parameter may be filled in.
    fn get(&self, path: &str) -> Option<&Json> {
        let paths = self.0["paths"].as_object()?;
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            template.len() == path.len() && template.iter().zip(&path).all(|(a, b)| a == b || a.starts_with('{'))
        };
        let found = paths
            .get(path)
            .or_else(|| paths.iter().find(|(name, _)| fits(name)).map(|(_, item)| item));
        found?.get("get")
    }

    fn resolve<'s>(&'s self, node: &'s Json) -> &'s Json {
        match node.get("$ref").and_then(Json::as_str) {
            Some(reference) => self.resolve(self.0.pointer(reference.trim_start_matches('#')).unwrap()),
            None => node,
        }
    }

    /// The schemas that an object of this schema is made of, or may be of.
    fn parts<'s>(&'s self, schema: &'s Json) -> Vec<&'s Json> {
        let mut found = Vec::new();
        self.collect(schema, true, &mut found);
        found
    }

    fn collect<'s>(&'s self, schema: &'s Json, subtypes: bool, found: &mut Vec<&'s Json>) {
        let schema = self.resolve(schema);
        if found.iter().any(|known| std::ptr::eq(*known, schema)) {
            return;
        }
        found.push(schema);
        // What a schema builds on is itself, not one of its siblings.
        for (name, subtypes) in [("allOf", false), ("oneOf", subtypes), ("anyOf", subtypes)] {
            for part in schema[name].as_array().into_iter().flatten() {
                self.collect(part, subtypes, found);
            }
        }
        let mapping = schema["discriminator"]["mapping"].as_object();
        for target in mapping
            .filter(|_| subtypes)
            .into_iter()
            .flat_map(|mapping| mapping.values())
        {
            if let Some(part) = target
                .as_str()
                .and_then(|target| self.0.pointer(target.trim_start_matches('#')))
            {
                self.collect(part, false, found);
            }
        }
    }

    fn property<'s>(&'s self, parts: &[&'s Json], name: &str) -> Vec<&'s Json> {
        let found = parts.iter().filter_map(|part| part["properties"].get(name));
        found.flat_map(|property| self.parts(property)).collect()
    }

    /// Schema of one object that a call answers with.
    fn object<'s>(&'s self, resource: &Resource, call: &Call, operation: &'s Json) -> Vec<&'s Json> {
        let answer = self.resolve(&operation["responses"]["200"]);
        let mut parts = self.parts(&answer["content"]["application/json"]["schema"]);
        let list = call
            .list
            .as_deref()
            .or(Some("value").filter(|_| resource.source == SourceName::Entra));
        let listed = list.map(|list| self.property(&parts, list)).unwrap_or_default();
        if !listed.is_empty() {
            parts = listed;
        }
        let items: Vec<&Json> = parts.iter().filter_map(|part| part.get("items")).collect();
        match items.as_slice() {
            [] => parts,
            [item, ..] => self.kind(item, resource, call),
        }
    }

    /// Of the kinds of an object, the one that the query asks for, or that the parents' query did.
    fn kind<'s>(&'s self, schema: &'s Json, resource: &Resource, call: &Call) -> Vec<&'s Json> {
        let asked = |call: &Call| {
            call.query
                .iter()
                .find(|(name, _)| name == "type")
                .map(|(_, value)| value.clone())
        };
        let parent = call.per.as_ref().and_then(|per| per.parent.resource());
        let kind = asked(call).or_else(|| match parent.map(|parent| &parent.supply) {
            Some(Supply::Call(parent)) if resource.name.ends_with("_rule") => asked(parent),
            _ => None,
        });
        let mapping = &self.resolve(schema)["discriminator"]["mapping"];
        // The rules of global session policies have a type of another name.
        let target = kind.and_then(|kind| mapping.get(&kind).or_else(|| mapping.get(kind.strip_prefix("OKTA_")?)));
        match target.and_then(Json::as_str) {
            Some(target) => {
                let mut found = Vec::new();
                self.collect(
                    self.0.pointer(target.trim_start_matches('#')).unwrap(),
                    false,
                    &mut found,
                );
                found
            }
            None => self.parts(schema),
        }
    }
}

/// Whether a list of exceptions covers a field.
fn excepted(list: &[(&str, &str)], field: &str) -> bool {
    list.iter()
        .any(|(name, _)| field == *name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn check_query(spec: &Spec, resource: &Resource, call: &Call, operation: &Json, problems: &mut Vec<String>) {
    let parameters: Vec<&Json> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| spec.resolve(parameter))
        .collect();
    let mut asked = call.query.clone();
    if call.select {
        asked.push(("$select".to_owned(), String::new()));
    }
    for (name, value) in asked {
        let Some(parameter) = parameters.iter().find(|parameter| parameter["name"] == *name) else {
            problems.push(format!("{}: `{}` takes no `{name}`", resource.name, call.path));
            continue;
        };
        let schema = spec.resolve(&parameter["schema"]);
        let most = schema["maximum"].as_u64();
        if let (Some(most), Ok(number)) = (most, value.parse::<u64>())
            && number > most
        {
            problems.push(format!("{}: {name} is {number}, more than {most}", resource.name));
        }
        let known = schema["enum"].as_array();
        if known.is_some_and(|known| !known.iter().any(|known| *known == *value)) {
            problems.push(format!("{}: {name} cannot be `{value}`", resource.name));
        }
    }
    for parameter in parameters
        .iter()
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
    {
        let name = parameter["name"].as_str().unwrap();
        if !call.query.iter().any(|(given, _)| given == name) {
            problems.push(format!("{}: `{}` needs `{name}`", resource.name, call.path));
        }
    }
}

fn check_permission(resource: &Resource, call: &Call, operation: &Json, granted: &Json, problems: &mut Vec<String>) {
    let texts = |node: &Json| -> BTreeSet<String> {
        node.as_array()
            .into_iter()
            .flatten()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    };
    let mut known = BTreeSet::new();
    match resource.source {
        SourceName::Okta => {
            for scheme in operation["security"].as_array().into_iter().flatten() {
                known.extend(texts(&scheme["oauth2"]));
            }
        }
        SourceName::Entra => {
            known.extend(texts(&operation["x-least-privileged"]["application"]));
            let mut path = String::new();
            for segment in call.path.to_lowercase().split('/').skip(1) {
                path += if segment.starts_with('{') { "/{id}" } else { "/" };
                path += if segment.starts_with('{') { "" } else { segment };
            }
            let application = &granted["get"][&path]["Application"];
            known.extend(
                texts(&application["least"])
                    .into_iter()
                    .chain(texts(&application["other"])),
            );
        }
    }
    let reads = call.permission.contains("Read") || call.permission.ends_with(".read");
    if !reads || (!known.contains(&call.permission) && !excepted(PERMITTED_ELSEWHERE, &resource.name)) {
        problems.push(format!("{}: {} is not among {known:?}", resource.name, call.permission));
    }
}

fn check_fields(spec: &Spec, record: &Record, parts: &[&Json], nullable: bool, problems: &mut Vec<String>) {
    for field in &record.fields {
        let Origin::Property { .. } = field.origin else {
            continue;
        };
        let whose = format!("{}.{}", record.name, field.name);
        if excepted(DOCUMENTED_ELSEWHERE, &whose) {
            continue;
        }
        let found = spec.property(parts, &field.name);
        if found.is_empty() {
            problems.push(format!("{whose} is not there"));
            continue;
        }
        let null = nullable || found.iter().any(|part| part["nullable"] == true);
        let lists = matches!(field.ty, FieldType::Record(_) | FieldType::List(_));
        if null && !field.nullable && !lists && !excepted(NEVER_NULL, &whose) {
            problems.push(format!("{whose} can be null"));
        }
        check_type(spec, &field.ty, &found, null, &whose, problems);
    }
}

fn check_type(spec: &Spec, ty: &FieldType, found: &[&Json], null: bool, whose: &str, problems: &mut Vec<String>) {
    let is = |name: &str| found.iter().any(|part| part["type"] == name);
    let untyped = !found.iter().any(|part| part.get("type").is_some());
    let fine = match ty {
        FieldType::Bool => is("boolean"),
        FieldType::Int => is("integer"),
        FieldType::Double => is("number"),
        FieldType::String => is("string"),
        FieldType::Enum { values, .. } => {
            let known: BTreeSet<&str> = found
                .iter()
                .filter_map(|part| part["enum"].as_array())
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let known: BTreeSet<&str> = known
                .into_iter()
                .filter(|name| !["unknownFutureValue", "null"].contains(name))
                .collect();
            let ours: BTreeSet<&str> = values.iter().map(String::as_str).collect();
            if !known.is_empty() && known != ours {
                let missing: Vec<_> = known.difference(&ours).collect();
                let invented: Vec<_> = ours.difference(&known).collect();
                problems.push(format!("{whose}: values missing {missing:?}, not there {invented:?}"));
            }
            is("string")
        }
        FieldType::Timestamp => found.iter().any(|part| {
            let example = part["example"].as_str();
            part["type"] == "string"
                && (part["format"] == "date-time" || example.is_some_and(|text| Timestamp::parse(text).is_some()))
        }),
        FieldType::Map => is("object") || untyped,
        FieldType::List(inner) => {
            let items: Vec<&Json> = found
                .iter()
                .filter_map(|part| part.get("items"))
                .flat_map(|items| spec.parts(items))
                .collect();
            if items.is_empty() {
                false
            } else {
                check_type(spec, inner, &items, false, whose, problems);
                true
            }
        }
        FieldType::Record(record) => {
            check_fields(spec, record.info(), found, null, problems);
            true
        }
    };
    if !fine {
        let types: Vec<String> = found
            .iter()
            .map(|part| format!("{} {}", part["type"], part["format"]))
            .collect();
        problems.push(format!("{whose} is {types:?}"));
    }
}

#[test]
fn every_entry_is_as_the_vendors_describe_it() {
    let (Some(okta), Some(v1), Some(beta)) = (
        Spec::read("okta/okta-2026.06.3-management-minimal.yaml"),
        Spec::read("graph-v1-trimmed.yaml"),
        Spec::read("graph-beta-trimmed.yaml"),
    ) else {
        println!("skipped: the vendors' OpenAPI descriptions are not beside the repository");
        return;
    };
    let granted = Spec::read("graph-get-permissions.json").unwrap().0;
    let mut problems = Vec::new();
    let mut checked = 0;
    for resource in catalog().resources() {
        let Supply::Call(call) = &resource.supply else {
            continue;
        };
        let spec = match (resource.source, call.version.as_str()) {
            (SourceName::Okta, _) => &okta,
            (SourceName::Entra, "beta") => &beta,
            (SourceName::Entra, _) => &v1,
        };
        let Some(operation) = spec.get(&call.path) else {
            if excepted(CALLED_ELSEWHERE, &resource.name) {
                continue;
            }
            problems.push(format!("{}: there is no {} {}", resource.name, call.version, call.path));
            continue;
        };
        check_query(spec, resource, call, operation, &mut problems);
        check_permission(resource, call, operation, &granted, &mut problems);
        let parts = spec.object(resource, call, operation);
        check_fields(spec, resource.record.info(), &parts, false, &mut problems);
        checked += 1;
    }
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
    assert!(checked > 100, "{checked}");
}
