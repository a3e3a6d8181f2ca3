//! How Okta says no (developer.okta.com/docs/reference/error-codes).

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::answer;
use crate::simulator::identity;
use crate::simulator::world::BadQuery;

/// Why a request to the Okta org was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No token, or not the right one.
    InvalidToken,
    /// The token's owner lacks a role.
    AccessDenied,
    /// There is nothing at this path, or nothing of this id.
    NotFound(String),
    /// Not a GET.
    MethodNotAllowed,
    /// The app does not provision.
    NoProvisioning,
    /// The parameters cannot be read.
    Query(BadQuery),
    /// A page size that is no number.
    PageSize,
    /// A mark of no page.
    Cursor,
    /// Too many requests.
    TooManyRequests,
}

impl Refusal {
    /// The answer; `number` tells this error from others.
    pub(super) fn answer(&self, number: u64) -> Response {
        let (status, code, summary, cause) = self.describe();
        let causes: Vec<_> = cause
            .map(|cause| json!({ "errorSummary": cause }))
            .into_iter()
            .collect();
        let body = json!({
            "errorCode": code,
            "errorSummary": summary,
            "errorLink": code,
            "errorId": identity::okta("oae", number),
            "errorCauses": causes
        });
        answer::json(status, &body)
    }

    /// Status, code, summary and cause.
    fn describe(&self) -> (StatusCode, &'static str, String, Option<&'static str>) {
        let bad = StatusCode::BAD_REQUEST;
        let (status, code, summary, cause) = match self {
            Refusal::InvalidToken => (StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided", None),
            Refusal::AccessDenied => (
                StatusCode::FORBIDDEN,
                "E0000006",
                "You do not have permission to perform the requested action",
                None,
            ),
            Refusal::NotFound(what) => {
                let summary = format!("Not found: Resource not found: {what}");
                return (StatusCode::NOT_FOUND, "E0000007", summary, None);
            }
            Refusal::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "E0000022",
                "The endpoint does not support the provided HTTP method",
                None,
            ),
            Refusal::NoProvisioning => {
                let cause = "Provisioning is not enabled for the app instance.";
                (bad, "E0000001", "Api validation failed: feature", Some(cause))
            }
            Refusal::Query(BadQuery::Filter) => (
                bad,
                "E0000031",
                "Invalid search criteria.",
                Some("Invalid search syntax."),
            ),
            Refusal::Query(BadQuery::TooFarBack) => (bad, "E0000053", "Invalid SCIM filter.", None),
            Refusal::Query(BadQuery::Time) => {
                let summary = "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, e.g. 2013-01-01T12:00:00.000-07:00.";
                (bad, "E0000030", summary, None)
            }
            Refusal::Query(BadQuery::Parameter(name)) => {
                return (bad, "E0000001", format!("Api validation failed: {name}"), None);
            }
            Refusal::PageSize => (bad, "E0000037", "Type mismatch exception.  limit is no number", None),
            Refusal::Cursor => (bad, "E0000029", "Invalid paging request.", None),
            Refusal::TooManyRequests => {
                let summary = "API call exceeded rate limit due to too many requests.";
                (StatusCode::TOO_MANY_REQUESTS, "E0000047", summary, None)
            }
        };
        (status, code, summary.to_owned(), cause)
    }
}
