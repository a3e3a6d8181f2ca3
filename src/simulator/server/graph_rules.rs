//! What Microsoft Graph wants and shows, path by path: permissions, costs, properties.

use serde_json::{Map, Value};

use crate::simulator::endpoint::{Endpoint, Resource};

/// The rules of a path.
#[derive(Debug)]
pub(super) struct Rules {
    /// Application permissions, any of which opens the path; the first is the least (the path's
    /// page under learn.microsoft.com/graph/api).
    pub(super) permissions: Vec<&'static str>,
    /// Cost in resource units (learn.microsoft.com/graph/throttling-limits).
    pub(super) cost: u32,
    /// What is shown when the caller selects nothing.
    pub(super) shown: Shown,
    /// Properties that may be selected though the simulator leaves them empty.
    pub(super) also_known: &'static [&'static str],
    /// The type, as error messages name it.
    pub(super) type_name: &'static str,
}

/// Which properties are shown by default.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown {
    /// All.
    Everything,
    /// Only these.
    Only(&'static [&'static str]),
    /// All but these, which must be asked for.
    AllBut(&'static [&'static str]),
}

/// The default properties of a user (learn.microsoft.com/graph/api/user-list).
const USER_DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// Other properties of a user (learn.microsoft.com/graph/api/resources/user).
const USER_OTHER: [&str; 24] = [
    "ageGroup",
    "authorizationInfo",
    "city",
    "consentProvidedForMinor",
    "customSecurityAttributes",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "externalUserStateChangeDateTime",
    "faxNumber",
    "identityParentId",
    "imAddresses",
    "infoCatalogs",
    "isResourceAccount",
    "legalAgeGroupClassification",
    "mailNickname",
    "onPremisesExtensionAttributes",
    "passwordProfile",
    "postalCode",
    "preferredDataLocation",
    "provisionedPlans",
    "showInAddressList",
    "state",
    "streetAddress",
];

/// Properties of a group that are returned only when they are selected
/// (learn.microsoft.com/graph/api/resources/group).
const GROUP_ON_REQUEST: [&str; 4] = [
    "assignedLicenses",
    "licenseProcessingState",
    "hasMembersWithLicenseErrors",
    "isManagementRestricted",
];

/// Other properties of a group.
const GROUP_OTHER: [&str; 4] = [
    "assignedLabels",
    "hideFromAddressLists",
    "hideFromOutlookClients",
    "organizationId",
];

impl Rules {
    /// The rules of what a path returns.
    pub(super) fn of(endpoint: &Endpoint) -> Rules {
        if let Some(stock) = endpoint.stock() {
            return Rules {
                permissions: stock.permissions.iter().map(String::as_str).collect(),
                cost: stock.cost,
                shown: Shown::Everything,
                also_known: &[],
                type_name: &stock.type_name,
            };
        }
        let resource = endpoint.resource;
        let (permissions, type_name): (&'static [&'static str], _) = match resource {
            Resource::Organization => (&["Organization.Read.All", "Directory.Read.All"], "organization"),
            Resource::Domains => (&["Domain.Read.All", "Directory.Read.All"], "domain"),
            Resource::Federation => (&["Domain-InternalFederation.Read.All"], "internalDomainFederation"),
            Resource::EntraUsers => (&["User.Read.All", "Directory.Read.All"], "user"),
            Resource::EntraGroups => (
                &["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"],
                "group",
            ),
            Resource::SubscribedSkus => (
                &[
                    "Organization.Read.All",
                    "LicenseAssignment.Read.All",
                    "Directory.Read.All",
                ],
                "subscribedSku",
            ),
            Resource::Subscriptions => (&["Organization.Read.All", "Directory.Read.All"], "companySubscription"),
            Resource::RoleAssignments => (
                &["RoleManagement.Read.Directory", "Directory.Read.All"],
                "unifiedRoleAssignment",
            ),
            Resource::Registrations => (&["AuditLog.Read.All"], "userRegistrationDetails"),
            Resource::AppsAndServices => (&["OrgSettings-AppsAndServices.Read.All"], "adminAppsAndServices"),
            _ => (&["Policy.Read.All"], "authorizationPolicy"),
        };
        let (cost, shown, also_known): (u32, Shown, &'static [&'static str]) = match resource {
            Resource::EntraUsers => (2, Shown::Only(&USER_DEFAULT), &USER_OTHER),
            Resource::EntraGroups => (1, Shown::AllBut(&GROUP_ON_REQUEST), &GROUP_OTHER),
            Resource::SubscribedSkus => (3, Shown::Everything, &[]),
            _ => (1, Shown::Everything, &[]),
        };
        Rules {
            permissions: permissions.to_vec(),
            cost,
            shown,
            also_known,
            type_name,
        }
    }

    /// What a request costs: selecting makes it cheaper, as does a small page.
    pub(super) fn cost_of(&self, selects: bool, top: Option<usize>) -> u32 {
        let small = top.is_some_and(|top| top < 20);
        self.cost.saturating_sub(u32::from(selects) + u32::from(small)).max(1)
    }

    /// The first of the selected properties that objects of this type do not have.
    pub(super) fn unknown<'s>(&self, selected: &'s [String], sample: Option<&Value>) -> Option<&'s str> {
        let sample = sample?;
        let known = |name: &str| sample.get(name).is_some() || self.also_known.contains(&name);
        selected.iter().map(String::as_str).find(|name| !known(name))
    }

    /// An object as the caller wants to see it. What is selected is shown, if only as null.
    pub(super) fn show(&self, object: Value, selected: Option<&[String]>) -> Value {
        let Value::Object(mut fields) = object else {
            return object;
        };
        match (selected, self.shown) {
            (Some(selected), _) => {
                keep(&mut fields, |name| selected.iter().any(|wanted| wanted == name));
                for name in selected.iter().filter(|name| !name.is_empty()) {
                    fields.entry(name.as_str()).or_insert(Value::Null);
                }
            }
            (None, Shown::Everything) => {}
            (None, Shown::Only(names)) => keep(&mut fields, |name| names.contains(&name)),
            (None, Shown::AllBut(names)) => keep(&mut fields, |name| !names.contains(&name)),
        }
        Value::Object(fields)
    }
}

/// Drops what is not wanted; annotations stay.
fn keep(fields: &mut Map<String, Value>, wanted: impl Fn(&str) -> bool) {
    fields.retain(|name, _| name.starts_with('@') || wanted(name));
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use crate::simulator::endpoint::Endpoint;
    use serde_json::json;

    fn rules(path: &str) -> Rules {
        Rules::of(Endpoint::of_template(path).unwrap())
    }

    #[test]
    fn selecting_narrows_and_unknown_names_are_caught() {
        let rules = rules("/v1.0/users");
        let user = json!({ "id": 1, "displayName": "a", "usageLocation": "JP" });
        assert_eq!(rules.show(user.clone(), None), json!({ "id": 1, "displayName": "a" }));
        let selected = ["usageLocation".to_owned(), "city".to_owned()];
        assert_eq!(
            rules.show(user.clone(), Some(&selected)),
            json!({ "usageLocation": "JP", "city": null })
        );
        assert_eq!(rules.unknown(&selected, Some(&user)), None);
        assert_eq!(rules.unknown(&["shoeSize".to_owned()], Some(&user)), Some("shoeSize"));
    }

    #[test]
    fn costs_follow_the_vendor_s_table() {
        let users = rules("/v1.0/users");
        assert_eq!(
            [
                users.cost_of(false, None),
                users.cost_of(true, Some(999)),
                users.cost_of(true, Some(5))
            ],
            [2, 1, 1]
        );
        assert_eq!(rules("/v1.0/subscribedSkus").cost_of(false, None), 3);
    }
}
