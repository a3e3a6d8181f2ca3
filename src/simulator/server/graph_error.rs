//! How Microsoft Graph says no (learn.microsoft.com/graph/errors).

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::answer;

/// Why a request to Graph was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No token, or none that was given out and is still good.
    InvalidToken,
    /// The app registration lacks a permission.
    Denied,
    /// There is nothing at this path.
    NoSuchPath,
    /// There is nothing of this id, or it has nothing of the kind.
    NotFound(String),
    /// Not a GET.
    MethodNotAllowed,
    /// A property that the type does not have.
    UnknownProperty {
        /// The property.
        name: String,
        /// The type.
        type_name: &'static str,
    },
    /// A page size that cannot be had.
    PageSize(String),
    /// A mark of no page.
    SkipToken,
    /// A query option that is not simulated.
    UnsupportedQuery(String),
    /// A query that cannot be read.
    MalformedQuery,
    /// Too many requests, and after how many seconds to come back, if the vendor says so.
    TooManyRequests(Option<u64>),
}

/// How an answer can be found again in the vendor's logs.
#[derive(Debug)]
pub(super) struct Trace {
    /// When it was given.
    pub(super) date: String,
    /// The vendor's id of the request.
    pub(super) request_id: String,
    /// The client's own.
    pub(super) client_request_id: String,
}

impl Refusal {
    /// The answer.
    pub(super) fn answer(&self, trace: &Trace) -> Response {
        let (status, code, message) = self.describe();
        let inner = json!({
            "date": trace.date,
            "request-id": trace.request_id,
            "client-request-id": trace.client_request_id
        });
        answer::json(
            status,
            &json!({ "error": { "code": code, "message": message, "innerError": inner } }),
        )
    }

    /// Status, code and message.
    fn describe(&self) -> (StatusCode, &'static str, String) {
        let bad = StatusCode::BAD_REQUEST;
        let (status, code, message) = match self {
            Refusal::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                "Access token is empty, unknown or expired.",
            ),
            Refusal::Denied => (
                StatusCode::FORBIDDEN,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
            Refusal::NoSuchPath => (
                StatusCode::NOT_FOUND,
                "ResourceNotFound",
                "Resource could not be discovered.",
            ),
            Refusal::NotFound(id) => {
                let message = format!(
                    "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
                );
                return (StatusCode::NOT_FOUND, "Request_ResourceNotFound", message);
            }
            Refusal::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            ),
            Refusal::UnknownProperty { name, type_name } => {
                let message = format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
                );
                return (bad, "BadRequest", message);
            }
            Refusal::PageSize(top) => {
                let message = format!("Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive.");
                return (bad, "Request_BadRequest", message);
            }
            Refusal::SkipToken => (bad, "Request_BadRequest", "The $skiptoken is not one of this list."),
            Refusal::UnsupportedQuery(option) => {
                let message = format!("Unsupported query option '{option}': the simulator does not know it.");
                return (bad, "Request_UnsupportedQuery", message);
            }
            Refusal::MalformedQuery => (bad, "BadRequest", "The query string cannot be read."),
            Refusal::TooManyRequests(_) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too Many Requests"),
        };
        (status, code, message.to_owned())
    }
}
