//! Which bucket a path belongs to, as far as the vendors have said. Where they have not, nothing is lost: a limiter
//! believes what the answers say, whatever it is called.

use crate::catalog::SourceName;

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

/// Resource units a second of a tenant with more than 500 users: 8,000 in 10 seconds
/// (learn.microsoft.com/graph/throttling-limits, identity and access).
const DIRECTORY: Rule = Rule::Units(800.0);
/// Reports and audit logs: 5 requests in 10 seconds (ibid.).
const REPORTS: Rule = Rule::Spaced(0.5);
/// Conditional Access and Identity Protection: 1 request a second over all apps, refusals without Retry-After (ibid.).
const PROTECTION: Rule = Rule::Spaced(1.0);

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
    match source {
        SourceName::Okta => (okta(path), Rule::Told),
        SourceName::Entra => graph(path),
    }
}

/// Okta's buckets, from the last table that it printed ("Okta API management rate limits", until December 2025).
fn okta(path: &str) -> &'static str {
    if path.starts_with("/oauth2/v1/clients") {
        return "/oauth2/v1/clients";
    }
    let Some(rest) = path.strip_prefix("/api/v1/") else {
        return "others";
    };
    let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    match (segments.first().copied().unwrap_or_default(), segments.len()) {
        ("apps", 2) => "/api/v1/apps/{id}",
        ("apps", _) => "/api/v1/apps*",
        ("groups", 2) => "/api/v1/groups/{id}",
        ("groups", _) => "/api/v1/groups*",
        ("users", 1) => "/api/v1/users",
        ("users", 2) => "/api/v1/users/{id}",
        ("logs", _) => "/api/v1/logs",
        ("devices", _) => "/api/v1/devices",
        _ => "/api/v1*",
    }
}

fn graph(path: &str) -> (&'static str, Rule) {
    let below = path
        .trim_start_matches('/')
        .split_once('/')
        .map_or("", |(_, below)| below);
    match below.split('/').next().unwrap_or_default() {
        "auditLogs" | "reports" => ("reports and audit logs", REPORTS),
        "identityProtection" => ("Identity Protection", PROTECTION),
        "identity" if below.starts_with("identity/conditionalAccess") => ("Conditional Access", PROTECTION),
        _ => ("directory", DIRECTORY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_the_vendors_buckets() {
        for (path, bucket) in [
            ("/api/v1/apps", "/api/v1/apps*"),
            ("/api/v1/apps/0oa1", "/api/v1/apps/{id}"),
            ("/api/v1/apps/0oa1/users", "/api/v1/apps*"),
            ("/api/v1/users", "/api/v1/users"),
            ("/api/v1/users/00u1/factors", "/api/v1*"),
            ("/api/v1/org", "/api/v1*"),
            ("/.well-known/okta-organization", "others"),
        ] {
            assert_eq!(okta(path), bucket, "{path}");
        }
        for (path, rule) in [
            ("/v1.0/users", DIRECTORY),
            ("/beta/reports/authenticationMethods/userRegistrationDetails", REPORTS),
            ("/v1.0/identity/conditionalAccess/policies", PROTECTION),
            ("/v1.0/identityProtection/riskyUsers", PROTECTION),
            ("/v1.0/identityGovernance/accessReviews/definitions", DIRECTORY),
        ] {
            assert_eq!(graph(path).1, rule, "{path}");
        }
    }
}
