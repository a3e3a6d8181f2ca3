//! App instances, with the groups assigned to them and their provisioning features.

use serde_json::{Value, json};

use crate::simulator::draw::hash;
use crate::simulator::identity;
use crate::simulator::scenario::schema::AppFile;
use crate::simulator::scenario::text;
use crate::simulator::world::patch::Patcher;

/// An app instance with what belongs to it.
#[derive(Debug)]
pub(crate) struct App {
    /// Its id.
    pub(crate) id: String,
    /// The app object.
    pub(crate) object: Value,
    /// Named people's app users.
    pub(crate) users: Vec<Value>,
    /// The assigned groups.
    pub(crate) groups: Vec<Value>,
    /// Its provisioning features; none when provisioning is off.
    pub(crate) features: Option<Vec<Value>>,
    /// Whether it provisions the crowd.
    pub(crate) has_crowd: bool,
    /// How the scenario refers to it.
    pub(super) key: String,
    /// What administrators call it.
    pub(super) label: String,
    /// Which Microsoft tenant it provisions, if it is an Office 365 app.
    pub(super) microsoft_tenant: Value,
    /// The group through which people are assigned …
    pub(super) first_group: String,
    /// … and the licences that it hands out.
    pub(super) licences: Value,
}

impl App {
    /// An app of a scenario, with nobody in it yet.
    pub(super) fn new(file: &AppFile, org_url: &str, patcher: &Patcher, crowd_app: &str) -> App {
        let id = text(&file.app, "id").to_owned();
        let url = format!("{org_url}/api/v1/apps/{id}");
        let group = |group| patcher.complete(group, group_shape(text(group, "id"), &url, org_url));
        let groups: Vec<Value> = file.groups.iter().map(group).collect();
        let feature = |feature| patcher.complete(feature, feature_shape(text(feature, "name"), &url));
        let licences = groups
            .first()
            .and_then(|group| group.pointer("/profile/licenses"))
            .cloned();
        App {
            object: patcher.complete(&file.app, app_shape(&file.app, &url, org_url)),
            users: Vec::new(),
            features: file
                .features
                .as_ref()
                .map(|features| features.iter().map(feature).collect()),
            has_crowd: file.key == crowd_app,
            key: file.key.clone(),
            label: text(&file.app, "label").to_owned(),
            microsoft_tenant: file
                .app
                .pointer("/settings/app/msftTenant")
                .cloned()
                .unwrap_or_default(),
            first_group: groups
                .first()
                .map(|group| text(group, "id").to_owned())
                .unwrap_or_default(),
            licences: licences.unwrap_or_else(|| json!([])),
            groups,
            id,
        }
    }
}

/// The app sign-in policy of an app that has none of its own; it is in the stock.
const USUAL_ACCESS_POLICY: &str = "rst1tkanytwo0000005d7";

/// What every app instance has (developer.okta.com/docs/api, schema `Application`).
fn app_shape(app: &Value, url: &str, org_url: &str) -> Value {
    let (id, name) = (text(app, "id"), text(app, "name"));
    let org_id = identity::okta("00o", hash(org_url));
    let home = format!("{org_url}/home/{name}/{id}/1");
    json!({
        "id": id,
        "orn": format!("orn:okta:idp:{org_id}:apps:{name}:{id}"),
        "name": name,
        "label": "",
        "status": "ACTIVE",
        "lastUpdated": null,
        "created": null,
        "accessibility": { "selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null },
        "visibility": {
            "autoLaunch": false,
            "autoSubmitToolbar": false,
            "hide": { "iOS": false, "web": false },
            "appLinks": { "login": true }
        },
        "features": [],
        "signOnMode": "SAML_2_0",
        "credentials": { "userNameTemplate": { "template": "${source.login}", "type": "BUILT_IN" }, "signing": {} },
        "settings": {
            "app": {},
            "notifications": { "vpn": { "network": { "connection": "DISABLED" }, "message": null, "helpUrl": null } },
            "manualProvisioning": false,
            "implicitAssignment": false,
            "notes": { "admin": null, "enduser": null },
            "signOn": {}
        },
        "_links": {
            "self": { "href": url },
            "appLinks": [{ "name": "login", "href": home, "type": "text/html" }],
            "groups": { "href": format!("{url}/groups") },
            "users": { "href": format!("{url}/users") },
            "accessPolicy": { "href": format!("{org_url}/api/v1/policies/{USUAL_ACCESS_POLICY}") },
            "deactivate": { "href": format!("{url}/lifecycle/deactivate") }
        }
    })
}

/// What every group assignment has (schema `ApplicationGroupAssignment`).
fn group_shape(id: &str, app_url: &str, org_url: &str) -> Value {
    json!({
        "id": id,
        "lastUpdated": null,
        "priority": 0,
        "profile": {},
        "_links": {
            "app": { "href": app_url },
            "self": { "href": format!("{app_url}/groups/{id}") },
            "group": { "href": format!("{org_url}/api/v1/groups/{id}") }
        }
    })
}

/// What every provisioning feature has (schema `ApplicationFeature`).
fn feature_shape(name: &str, app_url: &str) -> Value {
    json!({
        "name": name,
        "status": "ENABLED",
        "description": "",
        "capabilities": {},
        "_links": { "self": { "href": format!("{app_url}/features/{name}"), "hints": { "allow": ["GET", "PUT"] } } }
    })
}
