//! Entra users (learn.microsoft.com/graph/api/resources/user).

use serde_json::Value;
use uuid::Uuid;

use crate::simulator::world::cast::Holding;
use crate::simulator::world::object::{list, object};
use crate::simulator::world::person::Person;
use crate::simulator::world::time::Style;

/// What an Entra user takes from its tenant.
#[derive(Debug)]
pub(crate) struct Employer {
    /// The company's name.
    pub(crate) company: String,
    /// The domain that Microsoft gave it.
    pub(crate) initial_domain: String,
}

/// The user object of a person whom Okta provisions without trouble.
pub(super) fn user(person: &Person<'_>, employer: &Employer, holdings: &[Holding<'_>]) -> Value {
    let time = |time| Value::from(Style::Graph.write(time));
    let text = |text: &str| Value::from(text);
    let login = person.name.login.as_str();
    let alias = login.split('@').next().unwrap_or_default();
    let second_address = format!("smtp:{alias}@{}", employer.initial_domain);
    object([
        ("id", person.entra_id.to_string().into()),
        ("userPrincipalName", text(login)),
        ("displayName", text(&person.name.display)),
        ("givenName", text(person.name.given)),
        ("surname", text(person.name.family)),
        ("mail", text(login)),
        ("otherMails", list([])),
        (
            "proxyAddresses",
            list([format!("SMTP:{login}").into(), second_address.into()]),
        ),
        ("identities", list([identity(login, &employer.initial_domain)])),
        ("accountEnabled", true.into()),
        ("userType", text("Member")),
        ("creationType", Value::Null),
        ("externalUserState", Value::Null),
        ("createdDateTime", time(person.times.provisioned)),
        ("deletedDateTime", Value::Null),
        ("usageLocation", text(&person.culture.location)),
        ("country", text(&person.culture.country)),
        ("preferredLanguage", text(&person.culture.language)),
        ("department", text(person.department)),
        ("companyName", text(&employer.company)),
        ("jobTitle", text(person.title)),
        ("officeLocation", text(person.office)),
        ("businessPhones", list([text(&person.phone)])),
        ("mobilePhone", Value::Null),
        ("employeeId", text(&person.employee_id)),
        ("employeeType", text("Employee")),
        ("assignedLicenses", assigned_licenses(holdings)),
        ("assignedPlans", assigned_plans(holdings)),
        (
            "licenseAssignmentStates",
            license_assignment_states(holdings, person.entra_id),
        ),
        // Okta writes the immutable id when it provisions; without directory synchronisation the
        // rest stays empty.
        ("onPremisesImmutableId", text(&person.okta_id)),
        ("onPremisesSyncEnabled", Value::Null),
        ("onPremisesLastSyncDateTime", Value::Null),
        ("onPremisesDistinguishedName", Value::Null),
        ("onPremisesDomainName", Value::Null),
        ("onPremisesSamAccountName", Value::Null),
        ("onPremisesSecurityIdentifier", Value::Null),
        ("onPremisesUserPrincipalName", Value::Null),
        ("onPremisesProvisioningErrors", list([])),
        ("serviceProvisioningErrors", list([])),
        ("isManagementRestricted", Value::Null),
        ("lastPasswordChangeDateTime", time(person.times.password_changed)),
        ("passwordPolicies", text("DisablePasswordExpiration")),
        ("signInActivity", sign_in_activity(person)),
        ("signInSessionsValidFromDateTime", time(person.times.password_changed)),
        ("securityIdentifier", security_identifier(person.entra_id).into()),
    ])
}

/// When the user last signed in, which is shown to those who ask.
fn sign_in_activity(person: &Person<'_>) -> Value {
    let last = Value::from(Style::Graph.write(person.times.last_login));
    object([
        ("lastSignInDateTime", last.clone()),
        ("lastSignInRequestId", person.entra_id.to_string().into()),
        ("lastNonInteractiveSignInDateTime", last.clone()),
        ("lastNonInteractiveSignInRequestId", person.entra_id.to_string().into()),
        ("lastSuccessfulSignInDateTime", last),
        ("lastSuccessfulSignInRequestId", person.entra_id.to_string().into()),
    ])
}

/// How the user signs in.
fn identity(login: &str, issuer: &str) -> Value {
    object([
        ("signInType", "userPrincipalName".into()),
        ("issuer", issuer.into()),
        ("issuerAssignedId", login.into()),
    ])
}

/// What is held, by whatever way.
fn assigned_licenses(holdings: &[Holding<'_>]) -> Value {
    let first = |place: usize, sku: &str| holdings.iter().take(place).all(|before| before.product.id != sku);
    let skus = holdings.iter().map(|held| held.product.id.as_str()).enumerate();
    let skus = skus.filter(|(place, sku)| first(*place, sku));
    skus.map(|(_, sku)| object([("disabledPlans", list([])), ("skuId", sku.into())]))
        .collect()
}

/// The services that the licences give.
fn assigned_plans(holdings: &[Holding<'_>]) -> Value {
    let of_holding = |held: &Holding<'_>| {
        let since = Value::from(Style::Graph.write(held.since));
        let plans = held.product.plans.iter();
        let plans = plans.map(move |plan| {
            object([
                ("assignedDateTime", since.clone()),
                ("capabilityStatus", "Enabled".into()),
                ("service", plan.service.as_str().into()),
                ("servicePlanId", plan.id.as_str().into()),
            ])
        });
        plans.collect::<Vec<Value>>()
    };
    holdings.iter().flat_map(of_holding).collect()
}

/// What is held in which way. Success is spelt `None` for some and null for others: Microsoft's
/// pages show both.
fn license_assignment_states(holdings: &[Holding<'_>], id: Uuid) -> Value {
    let success = if id.as_u128().is_multiple_of(2) {
        Value::from("None")
    } else {
        Value::Null
    };
    let states = holdings.iter().map(|held| {
        object([
            ("skuId", held.product.id.as_str().into()),
            ("disabledPlans", list([])),
            ("assignedByGroup", held.group.into()),
            ("state", "Active".into()),
            ("error", success.clone()),
            ("lastUpdatedDateTime", Style::Graph.write(held.since).into()),
        ])
    });
    states.collect()
}

/// The cloud SID: the object id's bytes as four little-endian numbers after `S-1-12-1`.
fn security_identifier(id: Uuid) -> String {
    let fields = id.to_bytes_le();
    let mut sid = String::from("S-1-12-1");
    for quarter in fields.chunks_exact(4) {
        let number = quarter
            .iter()
            .rev()
            .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        sid.push('-');
        sid.push_str(&number.to_string());
    }
    sid
}
