//! Okta users (developer.okta.com/docs/api, schema `User`).

use serde_json::Value;

use crate::simulator::world::object::object;
use crate::simulator::world::person::Person;
use crate::simulator::world::time::Style;

/// The user object of a person who is well.
pub(super) fn user(person: &Person<'_>, org_url: &str, user_type: &str) -> Value {
    let time = |time| Value::from(Style::Okta.write(time));
    let (times, activated) = (&person.times, time(person.times.activated));
    let self_link = format!("{org_url}/api/v1/users/{}", person.okta_id);
    let provider = object([("type", "OKTA".into()), ("name", "OKTA".into())]);
    object([
        ("id", person.okta_id.as_str().into()),
        ("status", "ACTIVE".into()),
        ("created", time(times.created)),
        ("activated", activated.clone()),
        ("statusChanged", activated),
        ("lastLogin", time(times.last_login)),
        ("lastUpdated", time(times.updated)),
        ("passwordChanged", time(times.password_changed)),
        ("type", object([("id", user_type.into())])),
        ("profile", profile(person)),
        (
            "credentials",
            object([("password", object([])), ("provider", provider)]),
        ),
        ("_links", object([("self", object([("href", self_link.into())]))])),
    ])
}

/// What the org knows of the person.
fn profile(person: &Person<'_>) -> Value {
    let text = |text: &str| Value::from(text);
    object([
        ("firstName", text(person.name.given)),
        ("lastName", text(person.name.family)),
        ("displayName", text(&person.name.display)),
        ("login", text(&person.name.login)),
        ("email", text(&person.name.login)),
        ("secondEmail", Value::Null),
        ("mobilePhone", Value::Null),
        ("primaryPhone", text(&person.phone)),
        ("title", text(person.title)),
        ("department", text(person.department)),
        ("employeeNumber", text(&person.employee_id)),
        ("city", text(person.office)),
        ("countryCode", text(&person.culture.location)),
        ("preferredLanguage", text(&person.culture.language)),
    ])
}
