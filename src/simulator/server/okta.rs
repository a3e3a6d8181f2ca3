//! The Okta org's API: a token in every request, pages by `Link` headers, rate limits in every
//! answer.

use std::sync::Arc;

use axum::extract::{Query as Parameters, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::okta_error::Refusal;
use super::okta_login::{self, Refused};
use super::paging::{Page, without};
use super::rate_limit::Allowance;
use super::{Shared, answer};
use crate::simulator::endpoint::{Endpoint, Pages, Resource, Vendor};
use crate::simulator::identity;
use crate::simulator::world::{BadQuery, Missing, Query};

/// What is answered: a body, and where the next page is.
struct Found {
    /// The body.
    body: Value,
    /// Path and query of the next page.
    next: Option<String>,
}

/// Answers a request to the Okta org.
pub(super) async fn serve(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let number = shared.next_number();
    let mut allowance = shared.rate_limits.count(uri.path(), shared.clock.now());
    let found = find(&shared, &method, &uri, &headers, &mut allowance);
    let mut response = match &found {
        Ok(found) => answer::json(StatusCode::OK, &found.body),
        Err(refusal) => refusal.answer(number),
    };
    answer::add_header(&mut response, "content-type", "application/json");
    answer::add_header(&mut response, "date", shared.clock.http_date());
    answer::add_header(&mut response, "x-okta-request-id", identity::okta("req", number));
    answer::add_header(&mut response, "x-rate-limit-limit", allowance.limit.to_string());
    answer::add_header(&mut response, "x-rate-limit-remaining", allowance.remaining.to_string());
    answer::add_header(&mut response, "x-rate-limit-reset", allowance.reset.to_string());
    answer::add_header(&mut response, "cache-control", "no-cache, no-store");
    if let Ok(Found {
        body: Value::Array(_),
        next,
    }) = &found
    {
        // Okta sends one header for each link, not one for all.
        let link = |url: &str, rel: &str| format!("<{}{url}>; rel=\"{rel}\"", shared.okta_url);
        answer::add_header(&mut response, "link", link(&uri.to_string(), "self"));
        if let Some(next) = next {
            answer::add_header(&mut response, "link", link(next, "next"));
        }
    }
    response
}

/// What a request finds, or why it finds nothing.
fn find(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    allowance: &mut Allowance,
) -> Result<Found, Refusal> {
    let place = Endpoint::of_path(Vendor::Okta, uri.path());
    let is_open = place
        .as_ref()
        .is_some_and(|(endpoint, _)| endpoint.resource == Resource::OktaOrganization);
    if !is_open {
        check_token(shared, uri, headers, place.as_ref().map(|(endpoint, _)| *endpoint))?;
    }
    if allowance.exceeded {
        return Err(Refusal::TooManyRequests);
    }
    if shared.okta_throttle.refuses() {
        // As if somebody else had used the bucket up, with a window that is soon over.
        *allowance = Allowance {
            remaining: 0,
            reset: shared.clock.now().as_second() + 1,
            ..*allowance
        };
        return Err(Refusal::TooManyRequests);
    }
    if method != Method::GET {
        return Err(Refusal::MethodNotAllowed);
    }
    let (endpoint, parent) = place.ok_or_else(|| Refusal::NotFound(uri.path().to_owned()))?;
    if shared.denied.contains(&endpoint.template) {
        return Err(Refusal::AccessDenied);
    }
    match shared.world.single(endpoint.resource) {
        Some(object) => Ok(Found {
            body: object.clone(),
            next: None,
        }),
        None => list(shared, uri, endpoint, parent.as_deref()),
    }
}

/// Whether the request has the org's API token, or an access token that opens the path.
fn check_token(shared: &Shared, uri: &Uri, headers: &HeaderMap, endpoint: Option<&Endpoint>) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text(header::AUTHORIZATION.as_str()).unwrap_or_default();
    if let Some(token) = authorization.strip_prefix("SSWS ") {
        return match token.trim() == shared.credentials.okta_token {
            true => Ok(()),
            false => Err(Refusal::InvalidToken),
        };
    }
    let url = format!("{}{}", shared.okta_url, uri.path());
    let scope = endpoint.and_then(okta_login::scope_of);
    let grants = &shared.grants;
    let allowed = grants.allow(authorization, text("dpop"), &url, scope, shared.clock.now());
    allowed.map_err(|refused| match refused {
        Refused::Token => Refusal::InvalidToken,
        Refused::Scope => Refusal::AccessDenied,
    })
}

/// A page of a list.
fn list(shared: &Shared, uri: &Uri, endpoint: &Endpoint, parent: Option<&str>) -> Result<Found, Refusal> {
    let Parameters(pairs) =
        Parameters::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| Refusal::Query(BadQuery::Filter))?;
    let value_of = |name: &str| {
        pairs
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    };
    let query = Query::read(endpoint.resource, &pairs, shared.clock.now()).map_err(Refusal::Query)?;
    let source = shared
        .world
        .source(endpoint.resource, parent, &query)
        .map_err(|missing| match missing {
            Missing::Provisioning => Refusal::NoProvisioning,
            Missing::Parent | Missing::Federation => {
                Refusal::NotFound(format!("{} (AppInstance)", parent.unwrap_or_default()))
            }
        })?;
    let limit = page_size(endpoint, value_of("limit"))?;
    let narrowed = without(uri.query().unwrap_or_default(), "after");
    let list = format!("{}?{}", uri.path(), without(&narrowed, "limit"));
    let start = match value_of("after") {
        Some(mark) => shared.cursors.read(&list, mark).ok_or(Refusal::Cursor)?,
        None => 0,
    };
    let page = Page::cut(source, start, limit);
    // A query of the log that has no end goes on when there is nothing more yet.
    let is_endless = endpoint.resource == Resource::SystemLog && query.log.until.is_none() && !query.log.descending;
    let next = page.next.or(is_endless.then_some(page.end));
    let next = next.map(|position| {
        let joint = if narrowed.is_empty() { "" } else { "&" };
        format!(
            "{}?{narrowed}{joint}after={}",
            uri.path(),
            shared.cursors.write(&list, position)
        )
    });
    let mut objects = page.objects;
    // What belongs to an assigned group is embedded for whoever asks for it.
    if endpoint.resource == Resource::AppGroups && value_of("expand") != Some("group") {
        objects.iter_mut().filter_map(Value::as_object_mut).for_each(|group| {
            group.remove("_embedded");
        });
    }
    if matches!(endpoint.pages, Pages::Single) {
        let gone = || Refusal::NotFound(uri.path().to_owned());
        let body = objects.pop().ok_or_else(gone)?;
        return Ok(Found { body, next: None });
    }
    match endpoint.stock().and_then(|stock| stock.envelope.as_ref()) {
        None => Ok(Found {
            body: Value::Array(objects),
            next,
        }),
        Some(list) => Ok(Found {
            body: envelope(shared, list, objects, next),
            next: None,
        }),
    }
}

/// A page with its list under a property and the next page's address beside it.
fn envelope(shared: &Shared, list: &str, objects: Vec<Value>, next: Option<String>) -> Value {
    let href = |path: String| json!({ "href": format!("{}{path}", shared.okta_url) });
    let links: Map<String, Value> = next.map(|next| ("next".to_owned(), href(next))).into_iter().collect();
    json!({ list: objects, "_links": links })
}

/// How many objects a page has: as many as were asked for, within the vendor's limits.
fn page_size(endpoint: &Endpoint, limit: Option<&str>) -> Result<usize, Refusal> {
    let Pages::Sized { default, min, max, .. } = endpoint.pages else {
        return Ok(usize::MAX);
    };
    let Some(limit) = limit else {
        return Ok(default);
    };
    let limit: i64 = limit.parse().map_err(|_| Refusal::PageSize)?;
    Ok(usize::try_from(limit).unwrap_or(min).clamp(min, max))
}
