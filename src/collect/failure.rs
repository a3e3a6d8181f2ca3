//! What a vendor's refusal means for a resource type.

use serde_json::Value as Json;

use crate::catalog::{Call, SourceName};
use crate::snapshot::Status;

/// Why a page could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The vendor says there are none.
    Empty,
    /// The credential is no longer accepted: nothing else of this source can be read.
    SignedOut(String),
    /// This type cannot be read.
    Refused(Status, String),
}

/// Reads an error answer.
pub(super) fn classify(source: SourceName, call: &Call, status: u16, body: &[u8]) -> Failure {
    let (code, message) = error_of(source, body);
    let text = String::from_utf8_lossy(body);
    let empty = call.empty_on.iter().any(|rule| {
        rule.status == status
            && rule.code.as_ref().is_none_or(|wanted| *wanted == code)
            && rule.says.as_ref().is_none_or(|words| text.contains(words))
    });
    if empty {
        return Failure::Empty;
    }
    let reason = reason(status, &code, &message);
    let kind = match (source, status, code.as_str()) {
        // "This feature is not enabled in this org" (developer.okta.com, error codes).
        (SourceName::Okta, 401, "E0000015") => Status::Unlicensed,
        (_, 401, _) => return Failure::SignedOut(reason),
        (SourceName::Entra, 403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
        | (SourceName::Entra, 400, "AadPremiumLicenseRequired") => Status::Unlicensed,
        (_, 403, _) => Status::Denied,
        // What belongs to an object that is gone by now is not missing from the cloud.
        (_, 404, _) if call.per.is_some() => Status::Failed,
        (_, 404 | 501, _) => Status::Unavailable,
        _ => Status::Failed,
    };
    Failure::Refused(kind, reason)
}

/// The vendor's error code and text, if the body is its error object.
fn error_of(source: SourceName, body: &[u8]) -> (String, String) {
    let json: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
    let (code, message) = match source {
        SourceName::Okta => ("/errorCode", "/errorSummary"),
        SourceName::Entra => ("/error/code", "/error/message"),
    };
    let text = |pointer: &str| {
        json.pointer(pointer)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (text(code), text(message))
}

/// Longest message that is carried into the manifest.
const MAX_REASON: usize = 300;

fn reason(status: u16, code: &str, message: &str) -> String {
    let text = match (code, message) {
        ("", "") => format!("HTTP {status}"),
        (code, "") => format!("HTTP {status} {code}"),
        (code, message) => format!("HTTP {status} {code}: {message}"),
    };
    text.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect()
}
