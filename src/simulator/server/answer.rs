//! Answers: a status, a JSON body, and headers that are set one by one.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    // Every value that is made here can be written; were one not, an empty body would show it.
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    response
}

/// Adds a header; a value that no header can have is left out.
pub(super) fn add_header(response: &mut Response, name: &'static str, value: impl AsRef<[u8]>) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
}
