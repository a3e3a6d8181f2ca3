//! Servers that are broken or mean: every collection ends, says what happened, and keeps what it read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenken::collect::{self, CollectError, Event, Observer};
use tenken::diagnostic::Diagnostics;
use tenken::policy;
use tenken::simulator::{FaultPlan, Limits, Request, Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Entry, Manifest, SnapshotWriter, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support;

/// A policy that reads Okta's people and nothing else.
const ABOUT_PEOPLE: &str = "id: test.people\ntitle: {en: t, ja: t}\nseverity: low\nresource: okta.user\n\
    assert: user.status == \"ACTIVE\"\nmessage: {en: m, ja: m}\n";

/// What a collection came to.
struct Outcome {
    result: Result<Manifest, CollectError>,
    warnings: Vec<String>,
    lines: String,
}

impl Outcome {
    fn entry(&self) -> &Entry {
        &self.result.as_ref().unwrap().resources[0]
    }

    /// Why not all was read.
    fn reason(&self) -> String {
        match &self.result {
            Ok(manifest) => manifest.resources[0].reason.clone().unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }
}

async fn collect(okta: &str) -> Outcome {
    let (observer, heard) = support::listener();
    let (result, lines) = collect_with(okta, observer).await;
    let heard = heard.lock().unwrap();
    let warnings = heard.iter().filter_map(|event| match event {
        Event::Warning(text) => Some(text.clone()),
        _ => None,
    });
    Outcome {
        result,
        warnings: warnings.collect(),
        lines,
    }
}

async fn collect_with(okta: &str, observer: Observer) -> (Result<Manifest, CollectError>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    std::fs::write(&file, ABOUT_PEOPLE).unwrap();
    let loaded = policy::load(&[file.display().to_string()], &mut Diagnostics::new());
    let plan = collect::plan(&policy::needs(&loaded.policies));
    let place = folder.path().join("snapshot");
    let writer = SnapshotWriter::create(&place, false).unwrap();
    let tenant = support::tenant(Some(okta), None);
    let clock = Arc::new(support::now);
    let result = collect::collect(&tenant, &plan, writer, support::full_speed(), clock, observer).await;
    let lines = match std::fs::File::open(place.join("okta.user.ndjson.zst")) {
        Ok(file) => String::from_utf8(zstd::decode_all(file).unwrap()).unwrap(),
        Err(_) => String::new(),
    };
    (result, lines)
}

fn people(ids: &[&str]) -> ResponseTemplate {
    let list: Vec<_> = ids.iter().map(|id| json!({"id": id, "status": "ACTIVE"})).collect();
    ResponseTemplate::new(200).set_body_json(list)
}

/// A page that points to the one after this mark.
fn next(server: &MockServer, answer: ResponseTemplate, mark: &str) -> ResponseTemplate {
    answer.append_header(
        "link",
        format!("<{}/api/v1/users?after={mark}>; rel=\"next\"", server.uri()),
    )
}

/// An org whose first page is good, and whose second is this.
async fn second_page(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let users = || Mock::given(method("GET")).and(path("/api/v1/users"));
    let first = next(&server, people(&["1", "2"]), "2");
    users()
        .and(query_param_is_missing("after"))
        .respond_with(first)
        .mount(&server)
        .await;
    users()
        .and(query_param("after", "2"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_second_page_that_is_none_leaves_the_first() {
    for (answer, words) in [
        (
            ResponseTemplate::new(200).set_body_raw("<html>proxy</html>", "text/html"),
            "a web page",
        ),
        (
            ResponseTemplate::new(200).set_body_raw("gone fishing", "text/plain"),
            "text/plain",
        ),
        (
            ResponseTemplate::new(200).set_body_raw("[{\"id\":", "application/json"),
            "not the JSON expected",
        ),
        (
            ResponseTemplate::new(200).set_body_raw("{\"id\":\"3\"}", "application/json"),
            "not the JSON expected",
        ),
        (
            ResponseTemplate::new(200).set_body_raw("[3]", "application/json"),
            "other than objects",
        ),
    ] {
        let server = second_page(answer).await;
        let outcome = collect(&server.uri()).await;
        let entry = outcome.entry();
        assert_eq!((entry.status, entry.objects), (Status::Partial, 2), "{words}");
        assert!(outcome.reason().contains(words), "{words}: {}", outcome.reason());
    }
}

#[tokio::test]
async fn objects_that_come_again_are_kept_once_and_told_once() {
    let server = second_page(people(&["2", "3", "1"])).await;
    let outcome = collect(&server.uri()).await;
    let entry = outcome.entry();
    assert_eq!((entry.status, entry.objects, entry.pages), (Status::Complete, 3, 2));
    assert_eq!(outcome.lines.lines().count(), 3);
    assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
    assert!(
        outcome.warnings[0].contains("okta.user: 2 objects came more than once"),
        "{:?}",
        outcome.warnings
    );
}

#[tokio::test]
async fn objects_without_a_key_are_all_kept() {
    let nameless = json!([{"status": "ACTIVE"}, {"status": "ACTIVE"}]);
    let server = second_page(ResponseTemplate::new(200).set_body_json(nameless)).await;
    assert_eq!(collect(&server.uri()).await.entry().objects, 4);
}

#[tokio::test]
async fn a_list_of_nothing_new_ends() {
    let server = MockServer::start().await;
    let uri = server.uri();
    // Every answer has another next link, and the same person.
    Mock::given(method("GET"))
        .respond_with(move |request: &wiremock::Request| {
            let after = request.url.query_pairs().find(|(name, _)| name == "after");
            let page: u64 = after.map_or(0, |(_, mark)| mark.parse().unwrap()) + 1;
            people(&["1"]).append_header("link", format!("<{uri}/api/v1/users?after={page}>; rel=\"next\""))
        })
        .mount(&server)
        .await;
    let outcome = collect(&server.uri()).await;
    assert_eq!((outcome.entry().status, outcome.entry().objects), (Status::Partial, 1));
    assert!(outcome.reason().contains("nothing new"), "{}", outcome.reason());
}

#[tokio::test]
async fn a_longer_circle_of_next_links_ends() {
    let server = MockServer::start().await;
    let users = || Mock::given(method("GET")).and(path("/api/v1/users"));
    for (mark, then) in [("2", "3"), ("3", "2")] {
        let page = next(&server, people(&[mark]), then);
        users()
            .and(query_param("after", mark))
            .respond_with(page)
            .mount(&server)
            .await;
    }
    users()
        .respond_with(next(&server, people(&["1"]), "2"))
        .mount(&server)
        .await;
    let outcome = collect(&server.uri()).await;
    assert_eq!((outcome.entry().status, outcome.entry().objects), (Status::Partial, 3));
    assert!(outcome.reason().contains("circle"), "{}", outcome.reason());
}

#[tokio::test]
async fn an_answer_that_unpacks_without_end_is_cut_off() {
    // A little over the limit, in a few hundred kilobytes.
    let bomb = gzip(&mut std::io::Read::take(std::io::repeat(b' '), 129 << 20));
    assert!(bomb.len() < 1 << 20);
    let answer = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_raw(bomb, "application/json");
    let server = second_page(answer).await;
    let outcome = collect(&server.uri()).await;
    assert_eq!((outcome.entry().status, outcome.entry().objects), (Status::Partial, 2));
    assert!(outcome.reason().contains("larger than 128 MiB"), "{}", outcome.reason());
    assert_eq!(
        server.received_requests().await.unwrap().len(),
        2,
        "it was asked for again"
    );
}

fn gzip(from: &mut impl std::io::Read) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(from, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_server_that_trickles_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n[";
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head).await;
                // Never long enough for a stall, never an end.
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                }
            });
        }
    });
    let began = tokio::time::Instant::now();
    let (result, _) = collect_with(&address, support::still_time(Duration::from_millis(200))).await;
    let reason = result.unwrap_err().to_string();
    assert!(reason.contains("too slowly"), "{reason}");
    let waited = began.elapsed();
    assert!(waited < Duration::from_secs(20 * 60), "given up after {waited:?} only");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stalls_is_asked_again() {
    let faults = "faults:\n  - { path: /api/v1/users, answer: stall, from: 2 }";
    let (result, requests) = with_faults_within(faults, 500, support::still_time(Duration::from_secs(2))).await;
    let manifest = result.unwrap();
    let users = entry(&manifest, "okta.user");
    assert_eq!(users.status, Status::Complete, "{:?}", users.reason);
    assert!(users.requests > users.pages, "nothing stalled");
    assert!(!requests.is_empty());
}

/// Collects from the simulator with these faults; gives what the servers saw, too.
async fn with_faults(faults: &str, people: u32) -> (Result<Manifest, CollectError>, Vec<Request>) {
    with_faults_within(faults, people, support::listener().0).await
}

async fn with_faults_within(
    faults: &str,
    people: u32,
    observer: Observer,
) -> (Result<Manifest, CollectError>, Vec<Request>) {
    let scenario = Scenario::builtin("clean").unwrap().unwrap().with_people(people);
    let options = ServerOptions {
        limits: Limits::None,
        faults: FaultPlan::parse(faults).unwrap(),
        ..ServerOptions::default()
    };
    let server = Server::start(World::new(scenario, support::now()), options)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("snapshot");
    let result = support::collect_told(&support::tenant_of(&server), &place, observer).await;
    (result, server.requests())
}

fn entry<'m>(manifest: &'m Manifest, resource: &str) -> &'m Entry {
    manifest
        .resources
        .iter()
        .find(|entry| entry.resource == resource)
        .unwrap()
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    for answer in [
        "server_error",
        "unavailable",
        "reset",
        "truncated_gzip",
        "too_many_at_once",
    ] {
        let faults = format!("faults:\n  - {{ path: /api/v1/users, answer: {answer}, from: 2 }}");
        let (result, requests) = with_faults(&faults, 500).await;
        let manifest = result.unwrap();
        let users = entry(&manifest, "okta.user");
        assert_eq!(users.status, Status::Complete, "{answer}: {:?}", users.reason);
        assert_eq!(users.requests, users.pages + 1, "{answer}");
        let asked = requests
            .iter()
            .filter(|request| request.path == "/api/v1/users")
            .count();
        assert_eq!(asked as u64, users.requests, "{answer}");
    }
}

#[tokio::test]
async fn a_cursor_that_expired_restarts_its_list() {
    for (path, resource) in [("/api/v1/users", "okta.user"), ("/v1.0/users", "entra.user")] {
        let faults = format!("faults:\n  - {{ path: {path}, answer: expired_cursor, from: 2 }}");
        let (result, _) = with_faults(&faults, 2_500).await;
        let manifest = result.unwrap();
        let (calm, _) = with_faults("faults: []", 2_500).await;
        let (found, wanted) = (entry(&manifest, resource), entry(calm.as_ref().unwrap(), resource));
        assert_eq!(
            (found.status, found.objects, &found.sha256),
            (Status::Complete, wanted.objects, &wanted.sha256)
        );
        // The two pages that were read in vain, and the refusal.
        assert_eq!((found.pages, found.requests), (wanted.pages + 2, wanted.requests + 3));
        let (result, _) = with_faults(&faults.replace("from: 2", "always: true"), 2_500).await;
        let found = result.unwrap();
        assert_eq!(entry(&found, resource).status, Status::Partial, "it was read for ever");
    }
}

#[tokio::test]
async fn a_permission_that_lacks_denies_its_types_and_no_others() {
    let faults = "faults:\n  - { permission: User.Read.All, answer: denied, always: true }";
    let (result, _) = with_faults(faults, 100).await;
    let manifest = result.unwrap();
    assert_eq!(entry(&manifest, "entra.user").status, Status::Denied);
    assert_eq!(entry(&manifest, "entra.domain").status, Status::Complete);
}

#[tokio::test]
async fn bursts_of_refusals_are_sat_out() {
    let faults = "faults:\n  - { path: /v1.0/users, answer: too_many_requests, from: 1, times: 2 }";
    let (result, _) = with_faults(faults, 100).await;
    let manifest = result.unwrap();
    let users = entry(&manifest, "entra.user");
    assert_eq!(
        (users.status, users.throttles, users.requests),
        (Status::Complete, 2, users.pages + 2)
    );
}

#[tokio::test]
async fn a_permission_that_is_taken_away_midway_keeps_what_was_read() {
    for (path, resource) in [("/api/v1/users", "okta.user"), ("/v1.0/users", "entra.user")] {
        let faults = format!("faults:\n  - {{ path: {path}, answer: denied, from: 2, times: 1000 }}");
        let (result, _) = with_faults(&faults, 2_500).await;
        let manifest = result.unwrap();
        let found = entry(&manifest, resource);
        assert_eq!((found.status, found.pages), (Status::Partial, 1), "{:?}", found.reason);
        assert!(found.objects > 0);
        assert!(
            found.reason.as_ref().unwrap().contains("HTTP 403"),
            "{:?}",
            found.reason
        );
        assert_eq!(entry(&manifest, "okta.app").status, Status::Complete);
    }
}

#[tokio::test]
async fn a_scope_that_is_taken_away_while_a_list_is_read_leaves_its_beginning() {
    let refused = ResponseTemplate::new(403).set_body_json(json!({
        "errorCode": "E0000006", "errorSummary": "You do not have permission to perform the requested action"
    }));
    let server = second_page(refused).await;
    let outcome = collect(&server.uri()).await;
    assert_eq!((outcome.entry().status, outcome.entry().objects), (Status::Partial, 2));
    assert!(outcome.reason().contains("E0000006"), "{}", outcome.reason());
    assert_eq!(server.received_requests().await.unwrap().len(), 2, "it was asked again");
}
