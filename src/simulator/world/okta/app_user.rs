//! Users assigned to an app (developer.okta.com/docs/api, schema `AppUser`).

use serde_json::Value;

use super::App;
use crate::simulator::world::object::{list, object};
use crate::simulator::world::person::Person;
use crate::simulator::world::time::Style;

/// The app user of a person who was assigned through a group and provisioned without trouble.
pub(super) fn app_user(person: &Person<'_>, app: &App, org_url: &str) -> Value {
    let time = |time| Value::from(Style::Okta.write(time));
    let (times, updated) = (&person.times, time(person.times.updated));
    let link = |kind: &str, id: &str| object([("href", format!("{org_url}/api/v1/{kind}/{id}").into())]);
    let links = object([
        ("app", link("apps", &app.id)),
        ("group", link("groups", &app.first_group)),
        ("user", link("users", &person.okta_id)),
    ]);
    object([
        ("id", person.okta_id.as_str().into()),
        ("externalId", person.entra_id.to_string().into()),
        ("created", time(times.assigned)),
        ("lastUpdated", updated.clone()),
        ("scope", "GROUP".into()),
        ("status", "PROVISIONED".into()),
        ("statusChanged", time(times.provisioned)),
        ("passwordChanged", Value::Null),
        ("syncState", "SYNCHRONIZED".into()),
        ("lastSync", updated),
        ("credentials", object([("userName", person.name.login.as_str().into())])),
        ("profile", profile(person, app)),
        ("_links", links),
    ])
}

/// Each instance defines the profile by a schema of its own; the names are those that Okta's help
/// pages and expressions use for Office 365.
fn profile(person: &Person<'_>, app: &App) -> Value {
    let text = |text: &str| Value::from(text);
    object([
        ("firstName", text(person.name.given)),
        ("lastName", text(person.name.family)),
        ("displayName", text(&person.name.display)),
        ("email", text(&person.name.login)),
        ("secondEmail", Value::Null),
        ("mobilePhone", Value::Null),
        ("title", text(person.title)),
        ("department", text(person.department)),
        ("usageLocation", text(&person.culture.location)),
        // What Okta sends for people without a directory behind them, by its recommended mapping.
        ("immutableId", text(&person.okta_id)),
        ("licenses", app.licences.clone()),
        ("roles", list([])),
    ])
}
