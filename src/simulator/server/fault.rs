//! The fault plan: which requests are answered badly, and how. Data, so that a rehearsal can be repeated.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::graph_error::Trace;
use super::graph_rules::Rules;
use super::okta_login;
use super::{Shared, answer, graph_error, okta_error};
use crate::simulator::endpoint::{Endpoint, Vendor};
use crate::simulator::identity;

/// How long a server says nothing: longer than any client waits.
const STALL: Duration = Duration::from_secs(3_600);
/// The wait that a refused client is asked for, in seconds.
const ASKED_WAIT: i64 = 2;

/// Faults in the order in which they are looked for; the first that fits a request is its answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// The faults.
    faults: Vec<FaultFile>,
}

/// A fault as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultFile {
    /// Path template whose requests it meets.
    path: Option<String>,
    /// Permission of Graph without which the paths are refused that it meets.
    permission: Option<String>,
    /// What is answered.
    answer: Answer,
    /// The first request that is met, counted from 1.
    #[serde(default = "one")]
    from: u32,
    /// How many are met.
    #[serde(default = "one")]
    times: u32,
    /// All of them are.
    #[serde(default)]
    always: bool,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// 429, in the vendor's words and headers.
    TooManyRequests,
    /// 429 because of too many at the same time.
    TooManyAtOnce,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// 403, in the vendor's words.
    Denied,
    /// 400 to a request that follows a next link; the first page is answered.
    ExpiredCursor,
    /// Nothing, for longer than anybody waits.
    Stall,
    /// The connection ends in the middle of the answer.
    Reset,
    /// 200 with a web page.
    WebPage,
    /// 200 with JSON that ends too early.
    BadJson,
    /// 200 with gzip that ends too early.
    TruncatedGzip,
    /// 200 with a list of nothing whose next page is itself.
    Loop,
}

fn one() -> u32 {
    1
}

/// Why a fault plan cannot be played.
#[derive(Debug)]
pub struct FaultPlanError(String);

impl fmt::Display for FaultPlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultPlanError {}

impl FaultPlan {
    /// Reads a plan and checks it.
    ///
    /// # Errors
    ///
    /// When the YAML has another shape, or a fault meets no path that is served.
    pub fn parse(yaml: &str) -> Result<FaultPlan, FaultPlanError> {
        let plan: FaultPlan = serde_yaml::from_str(yaml).map_err(|error| FaultPlanError(error.to_string()))?;
        for fault in &plan.faults {
            match (&fault.path, &fault.permission) {
                (Some(path), None) if Endpoint::of_template(path).is_none() => {
                    return Err(FaultPlanError(format!("the simulator has no path `{path}`")));
                }
                (Some(_), None) | (None, Some(_)) => {}
                _ => {
                    let problem = "a fault has either a `path` or a `permission`";
                    return Err(FaultPlanError(problem.to_owned()));
                }
            }
        }
        Ok(plan)
    }
}

/// A fault and how many requests it has met.
#[derive(Debug)]
struct Fault {
    file: FaultFile,
    seen: AtomicU32,
}

/// The faults of a running server.
#[derive(Debug)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Faults of which none has happened yet.
    pub(super) fn new(plan: FaultPlan) -> Faults {
        let faults = plan.faults.into_iter().map(|file| Fault {
            file,
            seen: AtomicU32::new(0),
        });
        Faults(faults.collect())
    }

    /// The bad answer that a request is to have, if any.
    pub(super) async fn answer(&self, shared: &Shared, uri: &Uri) -> Option<Response> {
        let (endpoint, vendor) = [Vendor::Okta, Vendor::Graph]
            .into_iter()
            .find_map(|vendor| Some((Endpoint::of_path(vendor, uri.path())?.0, vendor)))?;
        let fault = self.0.iter().find(|fault| fault.meets(endpoint, uri))?;
        Some(fault.file.answer.give(shared, vendor, uri).await)
    }
}

impl Fault {
    /// Whether it meets this request, which is then counted.
    fn meets(&self, endpoint: &Endpoint, uri: &Uri) -> bool {
        let FaultFile { path, permission, .. } = &self.file;
        let is_path = path
            .as_ref()
            .is_none_or(|path| Endpoint::of_template(path).is_some_and(|named| named.template == endpoint.template));
        let is_permission = permission.as_ref().is_none_or(|permission| match endpoint.vendor {
            Vendor::Graph => Rules::of(endpoint).permissions.contains(&permission.as_str()),
            Vendor::Okta => okta_login::scope_of(endpoint) == Some(permission.as_str()),
        });
        let query = uri.query().unwrap_or_default();
        let follows = ["after=", "skiptoken="].iter().any(|cursor| query.contains(cursor));
        if !is_path || !is_permission || (self.file.answer == Answer::ExpiredCursor && !follows) {
            return false;
        }
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        let last = self.file.from.saturating_add(self.file.times);
        seen >= self.file.from && (self.file.always || seen < last)
    }
}

impl Answer {
    /// The answer itself.
    async fn give(self, shared: &Shared, vendor: Vendor, uri: &Uri) -> Response {
        match self {
            Answer::TooManyRequests | Answer::TooManyAtOnce => too_many(self, shared, vendor),
            Answer::ServerError => failure(StatusCode::INTERNAL_SERVER_ERROR),
            Answer::Unavailable => failure(StatusCode::SERVICE_UNAVAILABLE),
            Answer::Denied => match vendor {
                Vendor::Okta => okta(shared, &okta_error::Refusal::AccessDenied),
                Vendor::Graph => graph(shared, &graph_error::Refusal::Denied),
            },
            Answer::ExpiredCursor => match vendor {
                Vendor::Okta => okta(shared, &okta_error::Refusal::Cursor),
                Vendor::Graph => graph(shared, &graph_error::Refusal::SkipToken),
            },
            Answer::Stall => {
                tokio::time::sleep(STALL).await;
                failure(StatusCode::GATEWAY_TIMEOUT)
            }
            Answer::Reset => {
                let parts = [
                    Ok(Bytes::from_static(b"[{\"id\":")),
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                ];
                body("application/json", Body::from_stream(futures_util::stream::iter(parts)))
            }
            Answer::WebPage => body("text/html", Body::from("<!doctype html><title>Sign in</title>")),
            Answer::BadJson => body("application/json", Body::from("[{\"id\":")),
            Answer::TruncatedGzip => {
                // The head of a gzip file and the beginning of what should follow.
                let mut response = body(
                    "application/json",
                    Body::from(&b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x8b\x56"[..]),
                );
                answer::add_header(&mut response, "content-encoding", "gzip");
                response
            }
            Answer::Loop => circle(shared, vendor, uri),
        }
    }
}

fn okta(shared: &Shared, refusal: &okta_error::Refusal) -> Response {
    refusal.answer(shared.next_number())
}

fn graph(shared: &Shared, refusal: &graph_error::Refusal) -> Response {
    let request_id = identity::guid("request", shared.next_number()).to_string();
    refusal.answer(&Trace {
        date: shared.clock.now().to_string(),
        client_request_id: request_id.clone(),
        request_id,
    })
}

/// A refusal with the headers that say when to come back.
fn too_many(kind: Answer, shared: &Shared, vendor: Vendor) -> Response {
    match vendor {
        Vendor::Okta => {
            let mut response = okta(shared, &okta_error::Refusal::TooManyRequests);
            let limit = if kind == Answer::TooManyAtOnce { "0" } else { "600" };
            let reset = shared.clock.now().as_second() + ASKED_WAIT;
            answer::add_header(&mut response, "date", shared.clock.http_date());
            answer::add_header(&mut response, "x-rate-limit-limit", limit);
            answer::add_header(&mut response, "x-rate-limit-remaining", "0");
            answer::add_header(&mut response, "x-rate-limit-reset", reset.to_string());
            response
        }
        Vendor::Graph => {
            let mut response = graph(shared, &graph_error::Refusal::TooManyRequests(None));
            answer::add_header(&mut response, "retry-after", ASKED_WAIT.to_string());
            response
        }
    }
}

/// A server error as a gateway has it: no word of the vendor's.
fn failure(status: StatusCode) -> Response {
    let mut response = body("text/html", Body::from("<html><h1>Something went wrong</h1></html>"));
    *response.status_mut() = status;
    response
}

fn body(content_type: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    answer::add_header(&mut response, "content-type", content_type);
    response
}

/// A page of nothing whose next page is this page.
fn circle(shared: &Shared, vendor: Vendor, uri: &Uri) -> Response {
    match vendor {
        Vendor::Okta => {
            let mut response = body("application/json", Body::from("[]"));
            let link = format!("<{}{uri}>; rel=\"next\"", shared.okta_url);
            answer::add_header(&mut response, "link", link);
            response
        }
        Vendor::Graph => {
            let link = format!("{}{uri}", shared.microsoft_url);
            let page = serde_json::json!({ "value": [], "@odata.nextLink": link });
            body("application/json", Body::from(page.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_what_it_means() {
        let good = "faults:\n  - { path: '/api/v1/users', answer: stall }\n  - { permission: User.Read.All, answer: denied, always: true }\n";
        assert_eq!(FaultPlan::parse(good).unwrap().faults.len(), 2);
        for (wrong, words) in [
            ("faults:\n  - { path: /nowhere, answer: stall }", "no path `/nowhere`"),
            ("faults:\n  - { answer: stall }", "either a `path` or a `permission`"),
            ("faults:\n  - { path: /v1.0/users, answer: explode }", "explode"),
            ("faults:\n  - { path: /v1.0/users, answer: stall, when: 3 }", "when"),
        ] {
            let error = FaultPlan::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_fault_meets_the_requests_it_counts_to() {
        let endpoint = Endpoint::of_template("/v1.0/users").unwrap();
        let plan = "faults:\n  - { path: /v1.0/users, answer: stall, from: 2, times: 2 }";
        let faults = Faults::new(FaultPlan::parse(plan).unwrap());
        let uri = Uri::from_static("/v1.0/users");
        let met: Vec<bool> = (0..5).map(|_| faults.0[0].meets(endpoint, &uri)).collect();
        assert_eq!(met, [false, true, true, false, false]);
    }
}
