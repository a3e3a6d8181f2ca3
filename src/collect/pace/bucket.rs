//! Which bucket a path belongs to, as far as the vendors have said; the catalogue has them. Where they have not, nothing is
//! lost: a limiter believes what the answers say, whatever it is called.

use crate::catalog::{LimitUnit, SourceName, catalog};

/// How a bucket is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// Every answer tells what is left.
    Told,
    /// So many resource units a second, at most; a smaller tenant has fewer.
    Units(f64),
    /// So many requests a second, whatever they cost.
    Spaced(f64),
}

impl Rule {
    /// How many lists of one bucket are read at the same time: as many as it takes to use it up, and few enough that
    /// nobody notices.
    pub(super) fn lists_at_once(self) -> usize {
        match self {
            Self::Told => 2,
            Self::Units(_) => 4,
            Self::Spaced(_) => 1,
        }
    }
}

/// The bucket of a path.
pub(super) fn bucket(source: SourceName, path: &str) -> (&'static str, Rule) {
    let path = match source {
        SourceName::Okta => path,
        // The version does not matter.
        SourceName::Entra => path
            .get(1..)
            .and_then(|path| Some(path.split_at(path.find('/')?).1))
            .unwrap_or(path),
    };
    let Some(bucket) = catalog().bucket(source, path) else {
        return ("others", Rule::Told);
    };
    let a_second = f64::from(bucket.limit) / f64::from(bucket.seconds);
    let rule = match (source, bucket.unit) {
        (SourceName::Okta, _) => Rule::Told,
        (SourceName::Entra, LimitUnit::Units) => Rule::Units(a_second),
        (SourceName::Entra, LimitUnit::Requests) => Rule::Spaced(a_second),
    };
    (&bucket.name, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_the_vendors_buckets() {
        for (path, name) in [
            ("/api/v1/apps", "/api/v1/apps*"),
            ("/api/v1/apps/0oa1", "/api/v1/apps/{id}"),
            ("/api/v1/apps/0oa1/users", "/api/v1/apps*"),
            ("/api/v1/users", "/api/v1/users"),
            ("/api/v1/users/00u1/factors", "/api/v1*"),
            ("/api/v1/org", "/api/v1*"),
            ("/.well-known/okta-organization", "others"),
        ] {
            assert_eq!(bucket(SourceName::Okta, path), (name, Rule::Told), "{path}");
        }
        for (path, rule) in [
            ("/v1.0/users", Rule::Units(800.0)),
            (
                "/beta/reports/authenticationMethods/userRegistrationDetails",
                Rule::Spaced(0.5),
            ),
            ("/v1.0/identity/conditionalAccess/policies", Rule::Spaced(1.0)),
            ("/v1.0/identityProtection/riskyUsers", Rule::Spaced(1.0)),
            ("/v1.0/identityGovernance/accessReviews/definitions", Rule::Units(800.0)),
        ] {
            assert_eq!(bucket(SourceName::Entra, path).1, rule, "{path}");
        }
    }
}
