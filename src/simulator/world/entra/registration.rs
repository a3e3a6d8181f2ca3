//! What Entra's users have registered to prove who they are
//! (learn.microsoft.com/graph/api/resources/userregistrationdetails).

use serde_json::Value;

use crate::simulator::world::object::{list, object};
use crate::simulator::world::person::Person;
use crate::simulator::world::time::Style;

/// The registration of a person who is well.
pub(crate) fn registration(person: &Person<'_>) -> Value {
    object([
        ("id", person.entra_id.to_string().into()),
        ("userPrincipalName", person.name.login.as_str().into()),
        ("userDisplayName", person.name.display.as_str().into()),
        ("userType", "member".into()),
        ("isAdmin", false.into()),
        ("isSsprRegistered", true.into()),
        ("isSsprEnabled", true.into()),
        ("isSsprCapable", true.into()),
        ("isMfaRegistered", true.into()),
        ("isMfaCapable", true.into()),
        ("isPasswordlessCapable", true.into()),
        (
            "methodsRegistered",
            list(["windowsHelloForBusiness".into(), "microsoftAuthenticatorPush".into()]),
        ),
        ("isSystemPreferredAuthenticationMethodEnabled", true.into()),
        ("systemPreferredAuthenticationMethods", list(["push".into()])),
        ("userPreferredMethodForSecondaryAuthentication", "push".into()),
        ("lastUpdatedDateTime", Style::Graph.write(person.times.updated).into()),
    ])
}
