//! Collection from servers that misbehave: whatever comes back, the manifest tells the truth.

use std::path::PathBuf;

use serde_json::json;
use tenken::collect::{self, CollectError, Options};
use tenken::diagnostic::Diagnostics;
use tenken::policy;
use tenken::simulator::{Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Entry, Manifest, SnapshotWriter, Status};
use wiremock::matchers::{header, method, path, path_regex, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support;

/// A policy that reads Okta's people and nothing else.
const ABOUT_PEOPLE: &str = "id: test.people\ntitle: {en: t, ja: t}\nseverity: low\nresource: okta.user\n\
    assert: user.status == \"ACTIVE\"\nmessage: {en: m, ja: m}\n";
/// A policy that reads Entra's users and domains.
const ABOUT_ACCOUNTS: &str = "id: test.accounts\ntitle: {en: t, ja: t}\nseverity: low\nresource: entra.user\n\
    assert: entra.domains.size() > 0 && user.accountEnabled == true\nmessage: {en: m, ja: m}\n";

/// A policy that reads domains and how they are federated.
const ABOUT_FEDERATION: &str = "id: test.federation\ntitle: {en: t, ja: t}\nseverity: low\nresource: entra.domain\n\
    assert: domain.federation.size() == 0\nmessage: {en: m, ja: m}\n";

struct Collected {
    manifest: Manifest,
    place: PathBuf,
    _folder: tempfile::TempDir,
}

impl Collected {
    fn entry(&self, resource: &str) -> &Entry {
        self.manifest
            .resources
            .iter()
            .find(|entry| entry.resource == resource)
            .unwrap()
    }

    fn lines(&self, resource: &str) -> Vec<String> {
        let file = self.place.join(self.entry(resource).file.as_ref().unwrap());
        let text = zstd::decode_all(std::fs::File::open(file).unwrap()).unwrap();
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }
}

async fn collect(
    policy: &str,
    okta: Option<&MockServer>,
    entra: Option<&MockServer>,
) -> Result<Collected, CollectError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    std::fs::write(&file, policy).unwrap();
    let mut sink = Diagnostics::new();
    let loaded = policy::load(&[file.display().to_string()], &mut sink);
    assert!(!sink.has_errors());
    let plan = collect::plan(&policy::needs(&loaded.policies));
    let place = folder.path().join("snapshot");
    let writer = SnapshotWriter::create(&place, false).unwrap();
    let (okta, entra) = (okta.map(MockServer::uri), entra.map(MockServer::uri));
    let tenant = support::tenant(okta.as_deref(), entra.as_deref().map(|uri| (uri, uri)));
    let clock = std::sync::Arc::new(support::now);
    let manifest = collect::collect(&tenant, &plan, writer, Options::default(), clock, support::listener().0).await;
    if manifest.is_err() {
        assert!(!place.exists(), "a failed collection left a snapshot");
    }
    Ok(Collected {
        manifest: manifest?,
        place,
        _folder: folder,
    })
}

/// An Okta org that answers with one response when it is asked for all users, the deactivated included.
async fn org(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v1/users"))
        .and(query_param("filter", "lastUpdated gt \"1970-01-01T00:00:00.000Z\""))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

fn people(ids: &[&str]) -> ResponseTemplate {
    let list: Vec<_> = ids.iter().map(|id| json!({"id": id, "status": "ACTIVE"})).collect();
    ResponseTemplate::new(200).set_body_json(list)
}

async fn tenant_server() -> MockServer {
    let server = MockServer::start().await;
    let token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "abc"});
    let token = ResponseTemplate::new(200).set_body_json(token);
    Mock::given(method("POST"))
        .and(path("/t1/oauth2/v2.0/token"))
        .respond_with(token)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn pages_are_followed_in_order_and_objects_kept_as_they_came() {
    let server = MockServer::start().await;
    let next = format!("<{}/api/v1/users?limit=200&after=c1>; rel=\"next\"", server.uri());
    let own = format!("<{}/api/v1/users?limit=200>; rel=\"self\"", server.uri());
    let raw = "[{\"id\": \"1\",\n  \"odd\": 1.50, \"status\":\"ACTIVE\"}]";
    let first = ResponseTemplate::new(200)
        .set_body_string(raw)
        .append_header("link", own)
        .append_header("link", next);
    let users = || {
        Mock::given(method("GET"))
            .and(path("/api/v1/users"))
            .and(header("authorization", "SSWS token"))
    };
    users()
        .and(query_param("after", "c1"))
        .respond_with(people(&["2"]))
        .mount(&server)
        .await;
    users().respond_with(first).mount(&server).await;
    let collected = collect(ABOUT_PEOPLE, Some(&server), None).await.unwrap();
    let entry = collected.entry("okta.user");
    assert_eq!((entry.status, entry.objects, entry.pages), (Status::Complete, 2, 2));
    let lines = collected.lines("okta.user");
    assert_eq!(
        lines[0],
        "{\"parent\":null,\"object\":{\"id\": \"1\",   \"odd\": 1.50, \"status\":\"ACTIVE\"}}"
    );
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn an_empty_page_with_a_next_link_is_not_the_end() {
    let entra = tenant_server().await;
    let next = format!("{}/v1.0/users?$skiptoken=x", entra.uri());
    let users = || Mock::given(method("GET")).and(path("/v1.0/users"));
    let second = json!({"value": [{"id": "e1", "accountEnabled": true}]});
    users()
        .and(query_param("$skiptoken", "x"))
        .respond_with(ResponseTemplate::new(200).set_body_json(second))
        .mount(&entra)
        .await;
    let first = json!({"value": [], "@odata.nextLink": next});
    users()
        .respond_with(ResponseTemplate::new(200).set_body_json(first))
        .mount(&entra)
        .await;
    let domains = json!({"value": [{"id": "a.example", "isVerified": true, "authenticationType": "Managed"}]});
    let domains = ResponseTemplate::new(200).set_body_json(domains);
    Mock::given(method("GET"))
        .and(path("/v1.0/domains"))
        .respond_with(domains)
        .mount(&entra)
        .await;
    let collected = collect(ABOUT_ACCOUNTS, None, Some(&entra)).await.unwrap();
    assert_eq!(
        (
            collected.entry("entra.user").status,
            collected.entry("entra.user").objects
        ),
        (Status::Complete, 1)
    );
    let asked = entra.received_requests().await.unwrap();
    let select = |request: &&Request| {
        request.url.path() == "/v1.0/users" && request.url.query().unwrap_or_default().contains("select")
    };
    let selected = asked
        .iter()
        .find(select)
        .unwrap()
        .url
        .query_pairs()
        .find(|(name, _)| name == "$select")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(selected.split(',').count(), 38);
}

#[tokio::test]
async fn a_next_link_to_another_host_is_never_followed() {
    let elsewhere = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(people(&["x"]))
        .mount(&elsewhere)
        .await;
    let link = format!("<{}/api/v1/users?after=1>; rel=\"next\"", elsewhere.uri());
    let server = org(people(&["1"]).append_header("link", link)).await;
    let collected = collect(ABOUT_PEOPLE, Some(&server), None).await.unwrap();
    let entry = collected.entry("okta.user");
    assert_eq!((entry.status, entry.objects), (Status::Partial, 1));
    assert!(
        entry.reason.as_ref().unwrap().contains("another host"),
        "{:?}",
        entry.reason
    );
    assert!(
        elsewhere.received_requests().await.unwrap().is_empty(),
        "the token was sent to another host"
    );
}

#[tokio::test]
async fn a_circle_of_next_links_ends() {
    let server = MockServer::start().await;
    let link = format!("<{}/api/v1/users?limit=200>; rel=\"next\"", server.uri());
    let again = people(&["1"]).append_header("link", link);
    Mock::given(method("GET"))
        .and(path("/api/v1/users"))
        .respond_with(again)
        .mount(&server)
        .await;
    let collected = collect(ABOUT_PEOPLE, Some(&server), None).await.unwrap();
    assert_eq!(collected.entry("okta.user").status, Status::Partial);
    assert!(collected.entry("okta.user").reason.as_ref().unwrap().contains("circle"));
}

#[tokio::test]
async fn answers_that_are_not_pages_are_said_plainly() {
    for (answer, words) in [
        (
            ResponseTemplate::new(200).set_body_string("<!doctype html><title>Sign in</title>"),
            "web page",
        ),
        (ResponseTemplate::new(200).set_body_string("[{\"id\":"), "not the JSON"),
        (ResponseTemplate::new(200).set_body_string(""), "not the JSON"),
        (
            ResponseTemplate::new(302).insert_header("location", "https://evil.example/"),
            "HTTP 302",
        ),
        (ResponseTemplate::new(418).set_body_string("<html>"), "HTTP 418"),
    ] {
        let server = org(answer).await;
        let Err(CollectError::Nothing { reason, .. }) = collect(ABOUT_PEOPLE, Some(&server), None).await else {
            panic!("{words}: something was read");
        };
        assert!(reason.contains(words), "{words}: {reason}");
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_is_partial_with_what_was_read() {
    let server = MockServer::start().await;
    let users = || Mock::given(method("GET")).and(path("/api/v1/users"));
    let failure = ResponseTemplate::new(400)
        .set_body_json(json!({"errorCode": "E0000031", "errorSummary": "Invalid search criteria."}));
    users()
        .and(query_param("after", "c1"))
        .respond_with(failure)
        .mount(&server)
        .await;
    let link = format!("<{}/api/v1/users?after=c1>; rel=\"next\"", server.uri());
    users()
        .respond_with(people(&["1", "2"]).append_header("link", link))
        .mount(&server)
        .await;
    let collected = collect(ABOUT_PEOPLE, Some(&server), None).await.unwrap();
    let entry = collected.entry("okta.user");
    assert_eq!((entry.status, entry.objects), (Status::Partial, 2));
    assert!(entry.reason.as_ref().unwrap().contains("E0000031"));
}

#[tokio::test]
async fn a_wait_is_kept_to_and_counted() {
    let entra = tenant_server().await;
    let wait = ResponseTemplate::new(429)
        .insert_header("retry-after", "1")
        .set_body_json(json!({"error": {"code": "TooManyRequests"}}));
    Mock::given(method("GET"))
        .and(path("/v1.0/users"))
        .respond_with(wait)
        .up_to_n_times(1)
        .mount(&entra)
        .await;
    let users = json!({"value": [{"id": "e1"}]});
    Mock::given(method("GET"))
        .and(path("/v1.0/users"))
        .respond_with(ResponseTemplate::new(200).set_body_json(users))
        .mount(&entra)
        .await;
    let domains = ResponseTemplate::new(200).set_body_json(json!({"value": []}));
    Mock::given(method("GET"))
        .and(path("/v1.0/domains"))
        .respond_with(domains)
        .mount(&entra)
        .await;
    let collected = collect(ABOUT_ACCOUNTS, None, Some(&entra)).await.unwrap();
    let entry = collected.entry("entra.user");
    assert_eq!(
        (entry.status, entry.requests, entry.throttles),
        (Status::Complete, 2, 1)
    );
}

#[tokio::test]
async fn a_server_error_is_asked_again() {
    let server = MockServer::start().await;
    let failure = ResponseTemplate::new(500)
        .set_body_json(json!({"errorCode": "E0000009", "errorSummary": "Internal Server Error"}));
    let users = || Mock::given(method("GET")).and(path("/api/v1/users"));
    users().respond_with(failure).up_to_n_times(1).mount(&server).await;
    users().respond_with(people(&["1"])).mount(&server).await;
    let collected = collect(ABOUT_PEOPLE, Some(&server), None).await.unwrap();
    let entry = collected.entry("okta.user");
    assert_eq!((entry.status, entry.requests), (Status::Complete, 2));
}

/// A federated tenant that answers with this when asked how its domain is federated.
async fn federated(answer: ResponseTemplate) -> Collected {
    let entra = tenant_server().await;
    let domains = json!({"value": [{"id": "contoso.example", "authenticationType": "Federated"}]});
    for (place, answer) in [
        ("/v1.0/domains", ResponseTemplate::new(200).set_body_json(domains)),
        ("/v1.0/domains/contoso.example/federationConfiguration", answer),
    ] {
        Mock::given(method("GET"))
            .and(path(place))
            .respond_with(answer)
            .mount(&entra)
            .await;
    }
    collect(ABOUT_FEDERATION, None, Some(&entra)).await.unwrap()
}

/// A tenant whose list of domains is this, and whose domains are all federated alike.
async fn domains(list: &str) -> Collected {
    let entra = tenant_server().await;
    let configuration = json!({"value": [{"id": "f1", "issuerUri": "http://okta.example"}]});
    for (place, answer) in [
        ("^/v1.0/domains$", format!("{{\"value\":{list}}}")),
        (
            "^/v1.0/domains/[^/]+/federationConfiguration$",
            configuration.to_string(),
        ),
    ] {
        let answer = ResponseTemplate::new(200).set_body_raw(answer, "application/json");
        Mock::given(method("GET"))
            .and(path_regex(place))
            .respond_with(answer)
            .mount(&entra)
            .await;
    }
    collect(ABOUT_FEDERATION, None, Some(&entra)).await.unwrap()
}

/// What becomes of each domain.
fn judged(collected: &Collected) -> (u64, u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    std::fs::write(&file, ABOUT_FEDERATION).unwrap();
    let loaded = policy::load(&[file.display().to_string()], &mut Diagnostics::new());
    let snapshot = tenken::snapshot::Snapshot::open(&collected.place).unwrap();
    let tables = tenken::evaluate::Tables::load(&snapshot, &policy::needs(&loaded.policies)).unwrap();
    let audit = tenken::evaluate::audit(&loaded.policies, &[], &tables, &snapshot, support::now());
    let counts = audit.policies[0].counts;
    (counts.pass, counts.fail, counts.unknown)
}

#[tokio::test]
async fn a_parent_with_half_a_character_in_it_is_asked_for_like_the_others() {
    let list = r#"[{"id":"a.example","authenticationType":"Federated","model":"\ud83d "},
        {"id":"b.example","authenticationType":"Federated"}]"#;
    let collected = domains(list).await;
    let entry = collected.entry("entra.federation_configuration");
    let asked = entry.parents.as_ref().unwrap().asked;
    assert_eq!((entry.status, entry.objects, asked), (Status::Complete, 2, 2));
    assert_eq!(judged(&collected), (0, 2, 0));
}

#[tokio::test]
async fn a_parent_that_cannot_be_asked_for_leaves_its_children_partial() {
    for odd in [r#""id":"..","#, r#""id":null,"#, r#""id":7,"#, ""] {
        let list = format!(
            r#"[{{{odd}"authenticationType":"Federated"}},{{"id":"b.example","authenticationType":"Federated"}}]"#
        );
        let collected = domains(&list).await;
        let entry = collected.entry("entra.federation_configuration");
        assert_eq!((entry.status, entry.objects), (Status::Partial, 1), "{odd}");
        let reason = entry.reason.as_deref().unwrap();
        assert!(reason.contains("1 of entra.domain cannot be asked for"), "{reason}");
        assert_eq!(judged(&collected), (0, 1, 1), "{odd}");
    }
}

#[tokio::test]
async fn an_object_that_no_audit_could_read_is_left_out_and_told() {
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    for (odd, words) in [
        (r#""id":"evil","id":"a.example""#.to_owned(), "`id` stands twice"),
        (format!(r#""id":"a.example","model":{deep}"#), "recursion limit"),
    ] {
        let list = format!(r#"[{{{odd}}},{{"id":"b.example","authenticationType":"Federated"}}]"#);
        let collected = domains(&list).await;
        let entry = collected.entry("entra.domain");
        assert_eq!((entry.status, entry.objects), (Status::Partial, 1), "{words}");
        let reason = entry.reason.as_deref().unwrap();
        assert!(reason.contains("left out") && reason.contains(words), "{reason}");
        assert_eq!(judged(&collected).1, 1, "{words}");
    }
}

#[tokio::test]
async fn objects_whose_key_is_null_are_not_taken_for_one() {
    let collected = domains(r#"[{"id":null,"model":"a"},{"id":null,"model":"b"}]"#).await;
    assert_eq!(collected.entry("entra.domain").objects, 2);
}

#[tokio::test]
async fn only_the_vendor_s_own_words_say_that_there_are_none() {
    let graph = json!({"error": {"code": "Request_ResourceNotFound", "message": "Resource not found."}});
    let none = federated(ResponseTemplate::new(404).set_body_json(graph)).await;
    let entry = none.entry("entra.federation_configuration");
    assert_eq!((entry.status, entry.objects), (Status::Complete, 0));
    let proxy = federated(ResponseTemplate::new(404).set_body_string("<html>nginx 404</html>")).await;
    assert_eq!(proxy.entry("entra.federation_configuration").status, Status::Failed);
}

#[tokio::test]
async fn a_refused_sign_in_is_a_failed_collection() {
    let entra = MockServer::start().await;
    let refusal = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .mount(&entra)
        .await;
    let error = collect(ABOUT_ACCOUNTS, None, Some(&entra)).await.err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("AADSTS7000215") && !text.contains("Trace ID") && !text.contains("secret\""),
        "{text}"
    );
    let org = org(ResponseTemplate::new(401)
        .set_body_json(json!({"errorCode": "E0000011", "errorSummary": "Invalid token provided"})))
    .await;
    let error = collect(ABOUT_PEOPLE, Some(&org), None).await.err().unwrap();
    assert!(error.to_string().contains("E0000011"), "{error}");
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_is_renewed_once() {
    let entra = tenant_server().await;
    let refused = ResponseTemplate::new(401).set_body_json(json!({"error": {"code": "InvalidAuthenticationToken"}}));
    Mock::given(method("GET"))
        .and(path("/v1.0/users"))
        .respond_with(refused)
        .up_to_n_times(1)
        .mount(&entra)
        .await;
    let empty = || ResponseTemplate::new(200).set_body_json(json!({"value": []}));
    Mock::given(method("GET")).respond_with(empty()).mount(&entra).await;
    let collected = collect(ABOUT_ACCOUNTS, None, Some(&entra)).await.unwrap();
    assert_eq!(collected.entry("entra.user").status, Status::Complete);
    let tokens = entra
        .received_requests()
        .await
        .unwrap()
        .iter()
        .filter(|request| request.method.as_str() == "POST")
        .count();
    assert_eq!(tokens, 2);
}

#[tokio::test]
async fn what_is_not_configured_is_not_requested() {
    let server = org(people(&["1"])).await;
    let both = ABOUT_PEOPLE.replace("user.status == \"ACTIVE\"", "entra.domains.size() > 0");
    let collected = collect(&both, Some(&server), None).await.unwrap();
    let entry = collected.entry("entra.domain");
    assert_eq!(
        (entry.status, entry.requests, entry.file.as_ref()),
        (Status::NotRequested, 0, None)
    );
    assert!(entry.reason.as_ref().unwrap().contains("no entra"));
}

#[tokio::test]
async fn one_parents_failure_is_that_parents_matter() {
    let server = MockServer::start().await;
    let app = |id: &str, name: &str| json!({"id": id, "name": name, "status": "ACTIVE", "settings": {"app": {"msftTenant": "contoso"}}});
    let apps = json!([app("a1", "office365"), app("a2", "office365"), app("a3", "slack")]);
    Mock::given(method("GET"))
        .and(path("/api/v1/apps"))
        .respond_with(ResponseTemplate::new(200).set_body_json(apps))
        .mount(&server)
        .await;
    let assigned = json!([{"id": "u1", "status": "ACTIVE"}]);
    Mock::given(method("GET"))
        .and(path("/api/v1/apps/a1/users"))
        .respond_with(ResponseTemplate::new(200).set_body_json(assigned))
        .mount(&server)
        .await;
    let refused = json!({"errorCode": "E0000006", "errorSummary": "You do not have permission"});
    Mock::given(method("GET"))
        .and(path("/api/v1/apps/a2/users"))
        .respond_with(ResponseTemplate::new(403).set_body_json(refused))
        .mount(&server)
        .await;
    let policy = ABOUT_PEOPLE.replace("okta.user", "okta.app").replace(
        "user.status == \"ACTIVE\"",
        "app.app_users.exists(u, u.status == \"ACTIVE\")",
    );
    let collected = collect(&policy, Some(&server), None).await.unwrap();
    let entry = collected.entry("okta.app_user");
    let parents = entry.parents.as_ref().unwrap();
    assert_eq!(
        (entry.status, entry.objects, parents.asked, parents.failed),
        (Status::Partial, 1, 2, 1)
    );
    // Judged: the app that was read passes, the refused one is unknown, the one that was not asked is unknown.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    std::fs::write(&file, &policy).unwrap();
    let loaded = policy::load(&[file.display().to_string()], &mut Diagnostics::new());
    let snapshot = tenken::snapshot::Snapshot::open(&collected.place).unwrap();
    let tables = tenken::evaluate::Tables::load(&snapshot, &policy::needs(&loaded.policies)).unwrap();
    let audit = tenken::evaluate::audit(&loaded.policies, &[], &tables, &snapshot, support::now());
    let counts = audit.policies[0].counts;
    assert_eq!((counts.pass, counts.fail, counts.unknown), (1, 0, 2));
    let causes: Vec<String> = audit.findings.iter().map(|f| f.causes[0].cause.to_string()).collect();
    // By cause, whatever order the apps were listed in.
    assert_eq!(causes, ["not_collected", "no_permission"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_read_of_the_groups_that_are_named_and_an_unknown_name_is_told() {
    let scenario = Scenario::builtin("contoso").unwrap().unwrap();
    let world = World::new(scenario, support::today());
    let server = Server::start(world, ServerOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tenken.yaml"), support::config_of(&server)).unwrap();
    let credentials = server.credentials();
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_tenken"))
        .current_dir(folder.path())
        // Names may differ in case, as in readiness.
        .args([
            "snapshot",
            "--out",
            "s",
            "--members-of",
            "network PLANNERS",
            "--members-of",
            "Netwrk planners",
        ])
        .env("T_OKTA", &credentials.okta_token)
        .env("T_ENTRA", &credentials.client_secret)
        .assert()
        .code(0);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        told.contains("no group in the snapshot is called `Netwrk planners`"),
        "{told}"
    );
    assert!(told.contains("did you mean `Network planners`?"), "{told}");
    assert!(!told.contains("called `network PLANNERS`"), "{told}");
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .filter(|request| request.path.starts_with("/api/v1/groups/"))
        .map(|request| request.path)
        .collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
}
