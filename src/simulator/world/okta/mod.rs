//! The Okta side of the world: an org, its apps, its people, and what its log tells of them.

mod app;
mod app_user;
mod system_log;
mod user;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use app::App;

use super::cast::Member;
use super::patch::Patcher;
use super::person::Person;
use super::time::Style;
use crate::simulator::draw::hash;
use crate::simulator::identity;
use crate::simulator::scenario::{Scenario, text};

/// Everything of an Okta org that does not have to be made on demand.
#[derive(Debug)]
pub(crate) struct Org {
    /// `/.well-known/okta-organization`.
    pub(crate) well_known: Value,
    /// `/api/v1/org`.
    pub(crate) settings: Value,
    /// The app instances.
    pub(crate) apps: Vec<App>,
    /// Named people's users.
    pub(crate) users: Vec<Value>,
    /// Events, the oldest first.
    pub(crate) log: Vec<Value>,
    /// Its own address.
    url: String,
    /// Id of the type of its users.
    user_type: String,
}

impl Org {
    /// The org of a scenario, with its named people.
    pub(crate) fn new(scenario: &Scenario, cast: &[Member<'_>], now: Timestamp) -> Org {
        let file = &scenario.file.okta;
        let patcher = Patcher::new(now, Style::Okta);
        let settings = patcher.complete(&file.org, settings_shape(&file.url));
        let links = json!({ "organization": { "href": file.url } });
        let mut org = Org {
            well_known: json!({ "id": text(&settings, "id"), "pipeline": "idx", "_links": links }),
            settings,
            apps: file
                .apps
                .iter()
                .map(|app| App::new(app, &file.url, &patcher, &scenario.file.crowd.app))
                .collect(),
            users: Vec::new(),
            log: Vec::new(),
            url: file.url.clone(),
            user_type: identity::okta("oty", hash(&file.url)),
        };
        for member in cast {
            org.admit(member, &patcher);
        }
        org.log.sort_by(|a, b| text(a, "published").cmp(text(b, "published")));
        org
    }

    /// Gives a named person the accounts and the history of the story.
    fn admit(&mut self, member: &Member<'_>, patcher: &Patcher) {
        let Member { person, file, .. } = member;
        if member.has_account("okta") {
            let mut user = self.user(person);
            patcher.lay(&file.okta_user, &mut user);
            self.users.push(user);
        }
        for app in self.apps.iter_mut().filter(|app| member.has_account(&app.key)) {
            let mut user = app_user::app_user(person, app, &self.url);
            patcher.lay(&file.app_user, &mut user);
            app.users.push(user);
            let events = file.events.iter();
            self.log
                .extend(events.map(|event| system_log::event(event, patcher.time(&event.at), person, app)));
        }
    }

    /// The user of a person who is well.
    pub(crate) fn user(&self, person: &Person<'_>) -> Value {
        user::user(person, &self.url, &self.user_type)
    }

    /// The app user of a person who is well.
    pub(crate) fn app_user(&self, person: &Person<'_>, app: &App) -> Value {
        app_user::app_user(person, app, &self.url)
    }

    /// An app by id.
    pub(crate) fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }
}

/// What every org has (developer.okta.com/docs/api, schema `OrgSetting`).
fn settings_shape(url: &str) -> Value {
    let link = |path: &str| json!({ "href": format!("{url}/api/v1/org/{path}") });
    json!({
        "id": identity::okta("00o", hash(url)),
        "companyName": "",
        "subdomain": "",
        "status": "ACTIVE",
        "website": null,
        "address1": null, "address2": null, "city": null, "state": null, "country": null, "postalCode": null,
        "phoneNumber": null, "supportPhoneNumber": null, "endUserSupportHelpURL": null,
        "created": null, "lastUpdated": null, "expiresAt": null,
        "_links": {
            "preferences": link("preferences"),
            "uploadLogo": { "href": format!("{url}/api/v1/org/logo"), "hints": { "allow": ["POST"] } },
            "oktaCommunication": link("privacy/oktaCommunication"),
            "logo": null,
            "oktaSupport": link("privacy/oktaSupport"),
            "contacts": link("contacts")
        }
    })
}
