//! The paths that are served: one table, from which the servers route, the world lists, and
//! scenarios deny.

use std::sync::LazyLock;

use super::stock::{STOCK, Stock};

/// Whose API a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// The Okta org.
    Okta,
    /// Microsoft Graph.
    Graph,
}

/// What a path returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Which engine an org runs on; the only path that asks for no token.
    OktaOrganization,
    /// The org's settings.
    Org,
    /// Users of the org.
    OktaUsers,
    /// App instances.
    Apps,
    /// Users assigned to an app.
    AppUsers,
    /// Groups assigned to an app.
    AppGroups,
    /// Provisioning features of an app.
    AppFeatures,
    /// The System Log.
    SystemLog,
    /// The tenant.
    Organization,
    /// Domains of the tenant.
    Domains,
    /// How a domain is federated.
    Federation,
    /// Users of the tenant.
    EntraUsers,
    /// Groups of the tenant.
    EntraGroups,
    /// Products of the tenant, with seats.
    SubscribedSkus,
    /// Subscriptions the products come from.
    Subscriptions,
    /// Who holds which directory role.
    RoleAssignments,
    /// What users may do by themselves.
    AuthorizationPolicy,
    /// Whether users may start trials.
    AppsAndServices,
    /// Which methods users of the tenant have registered.
    Registrations,
    /// What needs no code of its own: its position in [`STOCK`].
    Stock(usize),
}

/// How a path hands out its objects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pages {
    /// It is one object, not a list.
    Single,
    /// All at once.
    Whole,
    /// In pages of a size the caller may choose within limits.
    Sized {
        /// How many when the caller does not say.
        default: usize,
        /// How many at least.
        min: usize,
        /// How many at most.
        max: usize,
        /// What becomes of a number beyond that.
        beyond: Beyond,
    },
}

/// What becomes of a page size beyond the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// It is brought back within them.
    Capped,
    /// The request is refused.
    Refused,
}

/// A path that is served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint {
    /// Whose API it belongs to.
    pub(crate) vendor: Vendor,
    /// The path; a segment in braces stands for a parent's id.
    pub(crate) template: &'static str,
    /// What it returns.
    pub(crate) resource: Resource,
    /// How it hands that out.
    pub(crate) pages: Pages,
}

/// Whether two templates are one path but for the names of their parameters.
pub(crate) fn same_template(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || (a.starts_with('{') && b.starts_with('{')) => {}
            _ => return false,
        }
    }
}

impl Endpoint {
    /// The endpoint of this path template. What a parameter is called in braces does not matter.
    pub(crate) fn of_template(template: &str) -> Option<&'static Endpoint> {
        ENDPOINTS
            .iter()
            .find(|endpoint| same_template(endpoint.template, template))
    }

    /// What it hands out, if it needs no code of its own.
    pub(crate) fn stock(&self) -> Option<&'static Stock> {
        match self.resource {
            Resource::Stock(at) => STOCK.get(at).map(|(_, stock)| stock),
            _ => None,
        }
    }

    /// The endpoint that serves a path, and the parent's id where the path names one; where it names several, divided by
    /// slashes.
    pub(crate) fn of_path(vendor: Vendor, path: &str) -> Option<(&'static Endpoint, Option<String>)> {
        let of_vendor = ENDPOINTS.iter().filter(|endpoint| endpoint.vendor == vendor);
        let found = of_vendor.filter_map(|endpoint| Some((endpoint, endpoint.parent_in(path)?)));
        // A path that is spelt out goes before one with a parameter: groups/rules is no group.
        found.min_by_key(|(_, parent)| parent.is_some())
    }

    /// Whether the template fits the path: none if it does not, else the parent's id where the
    /// template has one.
    fn parent_in(&self, path: &str) -> Option<Option<String>> {
        let mut parents = Vec::new();
        let mut segments = path.split('/');
        for expected in self.template.split('/') {
            let segment = segments.next()?;
            if expected.starts_with('{') && !segment.is_empty() {
                parents.push(segment);
            } else if expected != segment {
                return None;
            }
        }
        let parent = (!parents.is_empty()).then(|| parents.join("/"));
        segments.next().is_none().then_some(parent)
    }
}

/// A path of the Okta org.
const fn okta(template: &'static str, resource: Resource, pages: Pages) -> Endpoint {
    Endpoint {
        vendor: Vendor::Okta,
        template,
        resource,
        pages,
    }
}

/// A path of Graph.
const fn graph(template: &'static str, resource: Resource, pages: Pages) -> Endpoint {
    Endpoint {
        vendor: Vendor::Graph,
        template,
        resource,
        pages,
    }
}

/// Pages of an Okta list: by default, at least, at most (developer.okta.com/docs/api, parameter
/// `limit` of each operation).
const fn sized(default: usize, min: usize, max: usize) -> Pages {
    Pages::Sized {
        default,
        min,
        max,
        beyond: Beyond::Capped,
    }
}

/// Pages of a Graph list (learn.microsoft.com/graph/api/user-list).
const fn hundreds(beyond: Beyond) -> Pages {
    Pages::Sized {
        default: 100,
        min: 1,
        max: 999,
        beyond,
    }
}

/// Every path that is served.
pub(crate) static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    let stock = STOCK.iter().enumerate().map(|(at, (vendor, stock))| Endpoint {
        vendor: *vendor,
        template: &stock.path,
        resource: Resource::Stock(at),
        pages: stock.pages(*vendor),
    });
    CODED.into_iter().chain(stock).collect()
});

/// Paths with code of their own.
static CODED: [Endpoint; 19] = {
    use Beyond::{Capped, Refused};
    use Pages::{Single, Whole};
    use Resource::*;
    [
        okta("/.well-known/okta-organization", OktaOrganization, Single),
        okta("/api/v1/org", Org, Single),
        okta("/api/v1/users", OktaUsers, sized(200, 1, 200)),
        okta("/api/v1/apps", Apps, sized(20, 1, 200)),
        okta("/api/v1/apps/{appId}/users", AppUsers, sized(50, 1, 500)),
        okta("/api/v1/apps/{appId}/groups", AppGroups, sized(20, 20, 200)),
        okta("/api/v1/apps/{appId}/features", AppFeatures, Whole),
        okta("/api/v1/logs", SystemLog, sized(100, 0, 1000)),
        graph("/v1.0/organization", Organization, Whole),
        graph("/v1.0/domains", Domains, Whole),
        graph("/v1.0/domains/{id}/federationConfiguration", Federation, Whole),
        graph("/v1.0/users", EntraUsers, hundreds(Refused)),
        graph("/v1.0/groups", EntraGroups, hundreds(Refused)),
        graph("/v1.0/subscribedSkus", SubscribedSkus, Whole),
        graph("/v1.0/directory/subscriptions", Subscriptions, hundreds(Capped)),
        graph(
            "/v1.0/roleManagement/directory/roleAssignments",
            RoleAssignments,
            hundreds(Capped),
        ),
        graph("/v1.0/policies/authorizationPolicy", AuthorizationPolicy, Single),
        graph("/beta/admin/appsAndServices", AppsAndServices, Single),
        graph(
            "/v1.0/reports/authenticationMethods/userRegistrationDetails",
            Registrations,
            hundreds(Capped),
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::{ENDPOINTS, Endpoint, Resource, Vendor};

    #[test]
    fn a_path_finds_its_template_and_parent() {
        let (endpoint, parent) = Endpoint::of_path(Vendor::Okta, "/api/v1/apps/0oa1/users").unwrap();
        assert_eq!(
            (endpoint.resource, parent.as_deref()),
            (Resource::AppUsers, Some("0oa1"))
        );
        for wrong in [
            "/api/v1/apps//users",
            "/api/v1/apps/0oa1/users/",
            "/api/v1/apps/0oa1",
            "",
            "/v1.0/users",
        ] {
            assert!(Endpoint::of_path(Vendor::Okta, wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn templates_are_unique() {
        for endpoint in ENDPOINTS.iter() {
            assert_eq!(
                Endpoint::of_template(endpoint.template).unwrap().resource,
                endpoint.resource
            );
        }
    }
}
