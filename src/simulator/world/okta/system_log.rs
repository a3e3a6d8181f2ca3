//! Events of the System Log (developer.okta.com/docs/api, schema `LogEvent`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::App;
use crate::simulator::draw::{hash, mix};
use crate::simulator::identity;
use crate::simulator::scenario::schema::EventFile;
use crate::simulator::world::person::Person;
use crate::simulator::world::time::Style;

/// The vendor's own bound on `outcome.reason`; what is longer is cut.
const REASON_LENGTH: usize = 255;

/// What happened to a person's account in an app.
pub(super) fn event(event: &EventFile, at: Timestamp, person: &Person<'_>, app: &App) -> Value {
    let root = mix(hash(&person.okta_id) ^ hash(&event.event_type) ^ at.as_second() as u64);
    let reason = event.reason.as_deref().map(|reason| told_of(person, reason));
    let severity = if event.result == "FAILURE" { "ERROR" } else { "INFO" };
    let target = |kind: &str, id: &str, alternate: &str, display: &str| json!({ "id": id, "type": kind, "alternateId": alternate, "displayName": display, "detailEntry": null });
    let (login, display) = (&person.name.login, &person.name.display);
    json!({
        "actor": { "id": "unknown", "type": "SystemPrincipal", "alternateId": "system@okta.com", "displayName": "Okta System", "detailEntry": null },
        "client": { "userAgent": null, "zone": null, "device": null, "id": null, "ipAddress": null, "geographicalContext": null },
        "device": null,
        "authenticationContext": {
            "authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
            "interface": null, "authenticationStep": 0, "rootSessionId": null, "externalSessionId": null
        },
        "displayMessage": event.message,
        "eventType": event.event_type,
        "outcome": { "result": event.result, "reason": reason },
        "published": Style::Okta.write(at),
        "securityContext": { "asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null },
        "severity": severity,
        "debugContext": { "debugData": {
            "appUserId": person.entra_id.to_string(),
            "userPrincipalName": login,
            "provisioningType": "DEFAULT",
            "msftTenant": app.microsoft_tenant
        } },
        "legacyEventType": null,
        "transaction": { "type": "JOB", "id": identity::okta("ten", root), "detail": {} },
        "uuid": identity::guid("event", root).to_string(),
        "version": "0",
        "request": { "ipChain": [] },
        "target": [
            target("AppUser", &person.okta_id, login, display),
            target("AppInstance", &app.id, &app.label, &app.label),
            target("User", &person.okta_id, login, display)
        ]
    })
}

/// The vendor's text about a person, cut where the vendor cuts it.
fn told_of(person: &Person<'_>, reason: &str) -> String {
    let text = reason
        .replace("{display}", &person.name.display)
        .replace("{login}", &person.name.login)
        .replace("{entra}", &person.entra_id.to_string());
    text.chars().take(REASON_LENGTH).collect()
}
