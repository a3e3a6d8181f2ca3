//! What a caller may narrow a list by: the few filters that are understood, recognised and not
//! interpreted.

use jiff::{SignedDuration, Timestamp};

use super::time::{Style, after};
use crate::simulator::endpoint::Resource;
use crate::simulator::stock::STOCK;

/// Statuses of an Okta user (developer.okta.com/docs/api, schema `UserStatus`).
const USER_STATUSES: [&str; 8] = [
    "ACTIVE",
    "DEPROVISIONED",
    "LOCKED_OUT",
    "PASSWORD_EXPIRED",
    "PROVISIONED",
    "RECOVERY",
    "STAGED",
    "SUSPENDED",
];

/// How far the System Log can be asked back (developer.okta.com/docs/reference/system-log-query).
const LOG_HORIZON: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How far it is read back when the caller does not say (developer.okta.com/docs/api, `since` of
/// listLogEvents).
const LOG_DEFAULT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Which objects of a list are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Query {
    /// Okta users: which of them.
    pub(crate) users: Users,
    /// Apps: only those of this name.
    pub(crate) app_name: Option<String>,
    /// System Log: what is asked of it.
    pub(crate) log: LogQuery,
    /// Of a path that lists several kinds of things, the kind.
    pub(crate) kind: Option<String>,
    /// The time span that is asked for.
    pub(crate) window: Option<Window>,
}

/// From a time up to, but not including, another; as the vendor writes them, so that they sort as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// From here on.
    from: String,
    /// Up to here.
    until: String,
}

impl Window {
    /// The filter `<property> ge <time> and <property> lt <time>`; none if it is another.
    pub(crate) fn read(filter: &str, property: &str) -> Option<Window> {
        let (from, until) = filter.split_once(" and ")?;
        let time = |condition: &str, operator: &str| {
            let time = condition.strip_prefix(property)?.strip_prefix(operator)?;
            Some(Style::Graph.write(time.parse().ok()?))
        };
        Some(Window {
            from: time(from, " ge ")?,
            until: time(until, " lt ")?,
        })
    }

    /// Whether a time lies within.
    pub(super) fn contains(&self, time: &str) -> bool {
        self.from.as_str() <= time && time < self.until.as_str()
    }
}

/// Which Okta users are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Users {
    /// All but the deprovisioned, as without a filter.
    #[default]
    Present,
    /// Those of a status.
    Status(String),
    /// All that changed after a time, the deprovisioned included.
    ChangedAfter(Timestamp),
}

/// What is asked of the System Log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LogQuery {
    /// Only failures of provisioning.
    pub(crate) failures_only: bool,
    /// From here on.
    pub(crate) since: Option<Timestamp>,
    /// Up to, but not including, here; a query without it never ends.
    pub(crate) until: Option<Timestamp>,
    /// The newest first.
    pub(crate) descending: bool,
}

/// A query that the vendor refuses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadQuery {
    /// A filter that cannot be read or is not supported.
    Filter,
    /// A time that cannot be read.
    Time,
    /// A time before everything that is kept.
    TooFarBack,
    /// A parameter with a value that it cannot have.
    Parameter(&'static str),
}

impl Query {
    /// Reads the parameters of a list that is an Okta org's; others have none.
    pub(crate) fn read(resource: Resource, pairs: &[(String, String)], now: Timestamp) -> Result<Query, BadQuery> {
        let mut query = Query::default();
        for (name, value) in pairs {
            match (resource, name.as_str()) {
                (Resource::OktaUsers, "filter" | "search") => query.users = users(value)?,
                (Resource::OktaUsers | Resource::Apps, "q") | (Resource::Apps, "search") => {
                    return Err(BadQuery::Filter);
                }
                (Resource::Apps, "filter") => query.app_name = Some(equals(value, "name").ok_or(BadQuery::Filter)?),
                (Resource::SystemLog, "filter") => query.log.failures_only = asks_for_failures(value)?,
                (Resource::SystemLog, "q") => return Err(BadQuery::Filter),
                (Resource::SystemLog, "since") => query.log.since = Some(time(value)?),
                (Resource::SystemLog, "until") => query.log.until = Some(time(value)?),
                (Resource::SystemLog, "sortOrder") => query.log.descending = descending(value)?,
                _ => {}
            }
        }
        if let Resource::Stock(at) = resource
            && let Some(by) = STOCK.get(at).and_then(|(_, stock)| stock.by.as_ref())
        {
            let kind = pairs.iter().find(|(name, _)| name == by).map(|(_, kind)| kind.clone());
            query.kind = Some(kind.ok_or(BadQuery::Parameter(by))?);
        }
        if resource == Resource::SystemLog {
            let since = query
                .log
                .since
                .get_or_insert_with(|| after(query.log.until.unwrap_or(now), -LOG_DEFAULT));
            if *since < after(now, -LOG_HORIZON) {
                return Err(BadQuery::TooFarBack);
            }
        }
        Ok(query)
    }
}

/// The value in `field eq "value"`.
fn equals(filter: &str, field: &str) -> Option<String> {
    compared(filter, field, "eq")
}

/// The value in `field operator "value"`.
fn compared(filter: &str, field: &str, operator: &str) -> Option<String> {
    let (left, right) = filter.split_once(&format!(" {operator} "))?;
    let value = right.trim().strip_prefix('"')?.strip_suffix('"')?;
    (left.trim() == field && !value.contains('"')).then(|| value.to_owned())
}

/// `status eq "…"` or `lastUpdated gt "…"`.
fn users(filter: &str) -> Result<Users, BadQuery> {
    if let Some(time) = compared(filter, "lastUpdated", "gt") {
        return time.parse().map(Users::ChangedAfter).map_err(|_| BadQuery::Filter);
    }
    let status = equals(filter, "status").filter(|status| USER_STATUSES.contains(&status.as_str()));
    status.map(Users::Status).ok_or(BadQuery::Filter)
}

/// Whether a filter is the one for failed provisioning: its three conditions, joined by `and`, `or`
/// and brackets.
fn asks_for_failures(filter: &str) -> Result<bool, BadQuery> {
    const CONDITIONS: [&str; 3] = [
        r#"eventType sw "application.provision.user""#,
        r#"eventType sw "app.office365""#,
        r#"outcome.result eq "FAILURE""#,
    ];
    let mut rest = filter.split_whitespace().collect::<Vec<_>>().join(" ");
    for condition in CONDITIONS {
        if !rest.contains(condition) {
            return Err(BadQuery::Filter);
        }
        rest = rest.replacen(condition, " ", 1);
    }
    let joints = rest.replace(['(', ')'], " ");
    let only_joints = joints
        .split_whitespace()
        .all(|word| ["and", "or"].contains(&word.to_lowercase().as_str()));
    if only_joints { Ok(true) } else { Err(BadQuery::Filter) }
}

/// A time, as the vendor wants it.
fn time(value: &str) -> Result<Timestamp, BadQuery> {
    value.parse().map_err(|_| BadQuery::Time)
}

/// Whether the newest comes first.
fn descending(value: &str) -> Result<bool, BadQuery> {
    match value {
        "ASCENDING" => Ok(false),
        "DESCENDING" => Ok(true),
        _ => Err(BadQuery::Parameter("sortOrder")),
    }
}

#[cfg(test)]
mod tests {
    use super::{BadQuery, Query, Users, Window};
    use crate::simulator::endpoint::Resource;
    use jiff::Timestamp;

    fn read(resource: Resource, name: &str, value: &str) -> Result<Query, BadQuery> {
        Query::read(
            resource,
            &[(name.to_owned(), value.to_owned())],
            "2026-04-01T00:00:00Z".parse::<Timestamp>().unwrap(),
        )
    }

    #[test]
    fn filters_are_recognised_or_refused() {
        let users = |filter: &str| read(Resource::OktaUsers, "filter", filter).map(|query| query.users);
        assert_eq!(
            users(r#"status eq "DEPROVISIONED""#),
            Ok(Users::Status("DEPROVISIONED".to_owned()))
        );
        assert_eq!(
            users(r#"lastUpdated gt "1970-01-01T00:00:00.000Z""#),
            Ok(Users::ChangedAfter(Timestamp::UNIX_EPOCH))
        );
        for wrong in [
            r#"profile.login eq "a""#,
            r#"status eq "HAPPY""#,
            "status eq ACTIVE",
            "",
            r#"status eq """#,
            r#"lastUpdated gt "yesterday""#,
            r#"lastUpdated co "2026""#,
        ] {
            assert_eq!(users(wrong), Err(BadQuery::Filter), "{wrong}");
        }
        let name = read(Resource::Apps, "filter", r#"name eq "office365""#)
            .unwrap()
            .app_name;
        assert_eq!(name.as_deref(), Some("office365"));
    }

    #[test]
    fn the_log_understands_one_filter_however_it_is_laid_out() {
        let failures = |filter: &str| read(Resource::SystemLog, "filter", filter).map(|query| query.log.failures_only);
        let (user, office, failed) = (
            r#"eventType sw "application.provision.user""#,
            r#"eventType sw "app.office365""#,
            r#"outcome.result eq "FAILURE""#,
        );
        assert_eq!(failures(&format!("({user} or {office}) and {failed}")), Ok(true));
        assert_eq!(failures(&format!("{failed} AND\n ( {office} OR {user} )")), Ok(true));
        assert_eq!(failures(&format!("{user} and {failed}")), Err(BadQuery::Filter));
        assert_eq!(
            failures(&format!("({user} or {office}) and {failed} and actor.id eq \"x\"")),
            Err(BadQuery::Filter)
        );
    }

    #[test]
    fn a_time_span_is_read_or_refused() {
        let filter = "createdDateTime ge 2026-03-31T00:00:00.000Z and createdDateTime lt 2026-04-01T00:00:00Z";
        let window = Window::read(filter, "createdDateTime").unwrap();
        for (time, within) in [
            ("2026-03-31T00:00:00Z", true),
            ("2026-03-30T23:59:59Z", false),
            ("2026-04-01T00:00:00Z", false),
        ] {
            assert_eq!(window.contains(time), within, "{time}");
        }
        for wrong in [
            "",
            "createdDateTime ge yesterday and createdDateTime lt today",
            "createdDateTime ge 2026-03-31T00:00:00Z",
        ] {
            assert_eq!(Window::read(wrong, "createdDateTime"), None, "{wrong}");
        }
        assert_eq!(Window::read(filter, "activityDateTime"), None);
    }

    #[test]
    fn the_log_is_bounded() {
        assert_eq!(
            read(Resource::SystemLog, "since", "2025-01-01T00:00:00Z"),
            Err(BadQuery::TooFarBack)
        );
        assert_eq!(read(Resource::SystemLog, "until", "tomorrow"), Err(BadQuery::Time));
        assert_eq!(
            read(Resource::SystemLog, "sortOrder", "up"),
            Err(BadQuery::Parameter("sortOrder"))
        );
        let since = read(Resource::SystemLog, "x", "y").unwrap().log.since.unwrap();
        assert_eq!(since.to_string(), "2026-03-25T00:00:00Z");
    }
}
