//! Microsoft Graph: a bearer token in every request, `$select` and `$top`, pages by
//! `@odata.nextLink`.

use std::sync::Arc;

use axum::extract::{Query as Parameters, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Map, Value};

use super::graph_error::{Refusal, Trace};
use super::graph_rules::Rules;
use super::paging::{Page, without};
use super::{Shared, answer};
use crate::simulator::endpoint::{Beyond, Endpoint, Pages, Resource, Vendor};
use crate::simulator::identity;
use crate::simulator::world::{Missing, Query, Window};

/// Query options that would change what is returned and are not simulated: to ignore them would be
/// to lie.
const UNSUPPORTED: [&str; 8] = [
    "$filter",
    "$search",
    "$orderby",
    "$expand",
    "$skip",
    "$apply",
    "$compute",
    "$deltatoken",
];

/// What is answered, and what it cost.
struct Found {
    /// The body.
    body: Value,
    /// The cost, in resource units.
    units: u32,
}

/// What a caller asks of a list.
struct Options {
    /// The properties that are wanted.
    select: Option<Vec<String>>,
    /// How many objects a page may have.
    top: Option<usize>,
    /// The mark of the page that is wanted.
    skip_token: Option<String>,
    /// The time span that is wanted.
    window: Option<Window>,
}

/// Answers a request to Graph.
pub(super) async fn serve(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let request_id = identity::guid("request", shared.next_number()).to_string();
    let client_request_id = headers
        .get("client-request-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or(&request_id);
    let trace = Trace {
        date: shared.clock.now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        client_request_id: client_request_id.to_owned(),
        request_id,
    };
    let (mut response, units) = match find(&shared, &method, &uri, &headers) {
        Ok(Found { body, units }) => (answer::json(StatusCode::OK, &body), units),
        Err(refusal) => {
            let mut response = refusal.answer(&trace);
            explain(&mut response, &refusal, &shared);
            (response, 1)
        }
    };
    answer::add_header(
        &mut response,
        "content-type",
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
    );
    answer::add_header(&mut response, "odata-version", "4.0");
    answer::add_header(&mut response, "date", shared.clock.http_date());
    answer::add_header(&mut response, "request-id", trace.request_id);
    answer::add_header(&mut response, "client-request-id", trace.client_request_id);
    answer::add_header(&mut response, "x-ms-resource-unit", units.to_string());
    answer::add_header(&mut response, "cache-control", "no-cache");
    response
}

/// The headers that go with a refusal.
fn explain(response: &mut Response, refusal: &Refusal, shared: &Shared) {
    let tenant = &shared.credentials.tenant_id;
    match refusal {
        Refusal::TooManyRequests(retry_after) => {
            let scope = format!("Tenant_Application/Read/{}/{tenant}", shared.credentials.client_id);
            if let Some(seconds) = retry_after {
                answer::add_header(response, "retry-after", seconds.to_string());
            }
            answer::add_header(response, "x-ms-throttle-scope", scope);
            answer::add_header(response, "x-ms-throttle-information", "ResourceUnitLimitExceeded");
        }
        Refusal::InvalidToken => {
            let login = &shared.microsoft_url;
            let challenge = format!("Bearer realm=\"\", authorization_uri=\"{login}/{tenant}/oauth2/v2.0/authorize\"");
            answer::add_header(response, "www-authenticate", challenge);
        }
        _ => {}
    }
}

/// What a request finds, or why it finds nothing.
fn find(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Found, Refusal> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if !bearer.is_some_and(|token| shared.tokens.knows(token.trim(), shared.clock.now())) {
        return Err(Refusal::InvalidToken);
    }
    if shared.graph_throttle.refuses() {
        return Err(Refusal::TooManyRequests(Some(1)));
    }
    if method != Method::GET {
        return Err(Refusal::MethodNotAllowed);
    }
    let (endpoint, parent) = Endpoint::of_path(Vendor::Graph, uri.path()).ok_or(Refusal::NoSuchPath)?;
    let rules = Rules::of(endpoint);
    let granted = shared.world.granted();
    let is_granted =
        granted.is_none_or(|granted| granted.iter().any(|role| rules.permissions.contains(&role.as_str())));
    if !is_granted || shared.denied.contains(&endpoint.template) {
        return Err(Refusal::Denied);
    }
    let options = Options::read(uri, endpoint)?;
    let units = rules.cost_of(options.select.is_some(), options.top);
    shared
        .unit_limits
        .take(uri.path(), units, shared.clock.now())
        .map_err(|exceeded| Refusal::TooManyRequests(exceeded.retry_after))?;
    let body = match shared.world.single(endpoint.resource) {
        Some(object) => single(object, endpoint, &rules, &options)?,
        None => list(shared, uri, (endpoint, parent.as_deref()), &rules, &options)?,
    };
    Ok(Found { body, units })
}

/// The answer of a path that has one object.
fn single(object: &Value, endpoint: &Endpoint, rules: &Rules, options: &Options) -> Result<Value, Refusal> {
    check_select(rules, options, Some(object))?;
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        format!("{}/$entity", context(endpoint, None, options)).into(),
    );
    if let Value::Object(fields) = rules.show(object.clone(), options.select.as_deref()) {
        body.extend(fields);
    }
    Ok(Value::Object(body))
}

/// A page of a list.
fn list(
    shared: &Shared,
    uri: &Uri,
    (endpoint, parent): (&Endpoint, Option<&str>),
    rules: &Rules,
    options: &Options,
) -> Result<Value, Refusal> {
    let query = Query {
        window: options.window.clone(),
        ..Query::default()
    };
    let source = shared
        .world
        .source(endpoint.resource, parent, &query)
        .map_err(|missing| {
            let parent = parent.unwrap_or_default();
            match missing {
                Missing::Federation => Refusal::NotFound(format!("{parent}/federationConfiguration")),
                Missing::Parent | Missing::Provisioning => Refusal::NotFound(parent.to_owned()),
            }
        })?;
    let start = match &options.skip_token {
        Some(mark) => shared.cursors.read(uri.path(), mark).ok_or(Refusal::SkipToken)?,
        None => 0,
    };
    let limit = match endpoint.pages {
        Pages::Sized { default, .. } => options.top.unwrap_or(default),
        Pages::Single | Pages::Whole => usize::MAX,
    };
    let page = Page::cut(source, start, limit);
    check_select(rules, options, page.objects.first())?;
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(endpoint, parent, options).into());
    if let Some(position) = page.next {
        let rest = without(uri.query().unwrap_or_default(), "$skiptoken");
        let joint = if rest.is_empty() { "" } else { "&" };
        let mark = shared.cursors.write(uri.path(), position);
        let link = format!("{}{}?{rest}{joint}$skiptoken={mark}", shared.microsoft_url, uri.path());
        body.insert("@odata.nextLink".to_owned(), link.into());
    }
    let objects = page
        .objects
        .into_iter()
        .map(|object| rules.show(object, options.select.as_deref()));
    body.insert("value".to_owned(), objects.collect());
    Ok(Value::Object(body))
}

/// Whether objects have what is selected of them.
fn check_select(rules: &Rules, options: &Options, sample: Option<&Value>) -> Result<(), Refusal> {
    let unknown = options
        .select
        .as_ref()
        .and_then(|selected| rules.unknown(selected, sample));
    match unknown {
        Some(name) => Err(Refusal::UnknownProperty {
            name: name.to_owned(),
            type_name: rules.type_name,
        }),
        None => Ok(()),
    }
}

/// The address of the metadata that describes an answer; it is Microsoft's own, wherever the
/// simulator listens.
fn context(endpoint: &Endpoint, parent: Option<&str>, options: &Options) -> String {
    let (version, path) = endpoint
        .template
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    let path = match parent {
        Some(parent) => path.replace("/{id}", &format!("('{parent}')")),
        None => path.to_owned(),
    };
    let selected = options
        .select
        .as_ref()
        .map(|selected| format!("({})", selected.join(",")))
        .unwrap_or_default();
    format!("https://graph.microsoft.com/{version}/$metadata#{path}{selected}")
}

impl Options {
    /// Reads the options of a request.
    fn read(uri: &Uri, endpoint: &Endpoint) -> Result<Options, Refusal> {
        let Parameters(pairs) =
            Parameters::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| Refusal::MalformedQuery)?;
        let mut options = Options {
            select: None,
            top: None,
            skip_token: None,
            window: None,
        };
        for (name, value) in pairs {
            match name.as_str() {
                "$select" => options.select = Some(value.split(',').map(|name| name.trim().to_owned()).collect()),
                "$top" => options.top = Some(page_size(&value, endpoint)?),
                "$skiptoken" => options.skip_token = Some(value),
                "$filter" if window(endpoint, &value).is_some() => options.window = window(endpoint, &value),
                option if takes(endpoint, option, &value) => {}
                option if UNSUPPORTED.contains(&option) => {
                    return Err(Refusal::UnsupportedQuery(name));
                }
                _ => {}
            }
        }
        // Products are returned all at once and take no other option
        // (learn.microsoft.com/graph/api/subscribedsku-list).
        if endpoint.resource == Resource::SubscribedSkus && options.top.is_some() {
            return Err(Refusal::UnsupportedQuery("$top".to_owned()));
        }
        Ok(options)
    }
}

/// The time span that a filter asks for, where one can.
fn window(endpoint: &Endpoint, filter: &str) -> Option<Window> {
    Window::read(filter, endpoint.stock()?.window.as_ref()?)
}

/// Whether the path takes this option with exactly this value.
fn takes(endpoint: &Endpoint, option: &str, value: &str) -> bool {
    let options = endpoint.stock().map(|stock| &stock.options);
    options.is_some_and(|options| options.get(option).is_some_and(|known| known == value))
}

/// How many objects a page has: as many as were asked for, if the vendor allows it.
fn page_size(top: &str, endpoint: &Endpoint) -> Result<usize, Refusal> {
    let refused = || Refusal::PageSize(top.to_owned());
    let asked: usize = top.parse().map_err(|_| refused())?;
    match endpoint.pages {
        Pages::Sized {
            min,
            max,
            beyond: Beyond::Refused,
            ..
        } if !(min..=max).contains(&asked) => Err(refused()),
        Pages::Sized { min, max, .. } => Ok(asked.clamp(min, max)),
        Pages::Single | Pages::Whole => Ok(asked),
    }
}
