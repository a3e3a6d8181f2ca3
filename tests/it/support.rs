//! What several tests need: a simulated pair of tenants, collected over HTTP, and judged.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tenken::audit::Audit;
use tenken::collect::{self, Event, Observer, Options, RateShare};
use tenken::config::{AppProof, Config, EntraCredential, OktaCredential, Secret, Tenant};
use tenken::diagnostic::Diagnostics;
use tenken::evaluate::{self, Tables};
use tenken::policy::{self, Policy};
use tenken::simulator::{Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Manifest, Snapshot, SnapshotWriter};

/// The present of every test.
pub(crate) fn now() -> jiff::Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

/// The present, for servers that the program itself speaks to, whose clock is the real one.
#[expect(
    clippy::disallowed_methods,
    reason = "the program reads the real clock, so its servers do too"
)]
pub(crate) fn today() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The policies that come with the program.
pub(crate) fn built_in() -> Vec<Policy> {
    let mut sink = Diagnostics::new();
    let loaded = policy::load(&[], &mut sink);
    assert!(sink.is_empty());
    loaded.policies
}

/// An observer that keeps what it is told.
pub(crate) fn listener() -> (Observer, Arc<Mutex<Vec<Event>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&heard);
    (Arc::new(move |event| keep.lock().unwrap().push(event)), heard)
}

/// An observer for tests in virtual time: while a request is under way, time stands still, so that it only passes
/// where the collection waits by its own will, or for a server that has said nothing for `patience` of real time.
pub(crate) fn still_time(patience: Duration) -> Observer {
    let holds = Mutex::new(Vec::new());
    Arc::new(move |event| match event {
        Event::Asked { .. } => {
            // Virtual time does not run ahead while the runtime has a blocking task.
            let (release, hold) = std::sync::mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || hold.recv_timeout(patience));
            holds.lock().unwrap().push(release);
        }
        Event::Answered { .. } => drop(holds.lock().unwrap().pop()),
        _ => {}
    })
}

/// A configuration for servers at these addresses.
pub(crate) fn tenant(okta: Option<&str>, microsoft: Option<(&str, &str)>) -> Tenant {
    let mut text = "tenants:\n  - name: test\n".to_owned();
    if let Some(url) = okta {
        text += &format!("    okta: {{ url: \"{url}\", token: {{ env: UNUSED }} }}\n");
    }
    if let Some((login, graph)) = microsoft {
        text += &format!(
            "    entra: {{ tenant: t1, client_id: c1, client_secret: {{ env: UNUSED }}, login_url: \"{login}\", graph_url: \"{graph}\" }}\n"
        );
    }
    let mut tenant = Config::parse("test", &text).unwrap().tenants.remove(0);
    let given = |text: &str| Secret::Given(text.to_owned().into());
    if let Some(okta) = &mut tenant.okta {
        okta.credential = OktaCredential::ApiToken(given("token"));
    }
    if let Some(entra) = &mut tenant.entra {
        entra.credential = app("c1", given("secret"));
    }
    tenant
}

/// An app registration with a secret.
fn app(client_id: &str, secret: Secret) -> EntraCredential {
    EntraCredential::App {
        client_id: client_id.to_owned(),
        proof: AppProof::ClientSecret(secret),
    }
}

/// The configuration for a running simulator.
pub(crate) fn tenant_of(server: &Server) -> Tenant {
    let (login, graph) = (server.login_url(), server.graph_url());
    let mut tenant = tenant(Some(&server.okta_url()), Some((&login, &graph)));
    let credentials = server.credentials();
    if let Some(okta) = &mut tenant.okta {
        okta.credential = OktaCredential::ApiToken(Secret::Given(credentials.okta_token.clone().into()));
    }
    if let Some(entra) = &mut tenant.entra {
        entra.tenant.clone_from(&credentials.tenant_id);
        let secret = Secret::Given(credentials.client_secret.clone().into());
        entra.credential = app(&credentials.client_id, secret);
    }
    tenant
}

/// `tenken.yaml` for a running simulator; the credentials are in `T_OKTA` and `T_ENTRA`.
pub(crate) fn config_of(server: &Server) -> String {
    let credentials = server.credentials();
    format!(
        "tenants:\n  - name: test\n    okta: {{ url: \"{}\", token: {{ env: T_OKTA }} }}\n    entra: {{ tenant: {}, \
         client_id: {}, client_secret: {{ env: T_ENTRA }}, login_url: \"{}\", graph_url: \"{}\" }}\n",
        server.okta_url(),
        credentials.tenant_id,
        credentials.client_id,
        server.login_url(),
        server.graph_url()
    )
}

/// The whole of the rate limits: nobody else works in a simulated tenant.
pub(crate) fn full_speed() -> Options {
    Options {
        rate_share: RateShare::ALL,
    }
}

/// Collects what the built-in policies need.
pub(crate) async fn collect(tenant: &Tenant, place: &Path) -> Result<Manifest, collect::CollectError> {
    collect_told(tenant, place, listener().0).await
}

/// The same, told to an observer.
pub(crate) async fn collect_told(
    tenant: &Tenant,
    place: &Path,
    observer: Observer,
) -> Result<Manifest, collect::CollectError> {
    let plan = collect::plan(&policy::needs(&built_in()));
    let writer = SnapshotWriter::create(place, false).unwrap();
    collect::collect(tenant, &plan, writer, full_speed(), Arc::new(now), observer).await
}

/// A scenario collected over HTTP into a folder.
pub(crate) async fn collected(scenario: &str, options: ServerOptions, folder: &Path) -> (PathBuf, Manifest) {
    let scenario = Scenario::builtin(scenario).unwrap().unwrap();
    let server = Server::start(World::new(scenario, now()), options).await.unwrap();
    let place = folder.join("snapshot");
    let manifest = collect(&tenant_of(&server), &place).await.unwrap();
    server.shutdown().await;
    (place, manifest)
}

/// Every resource type of a scenario, collected over HTTP.
pub(crate) async fn collect_all(scenario: &str, options: ServerOptions, folder: &Path) -> PathBuf {
    let scenario = Scenario::builtin(scenario).unwrap().unwrap();
    let server = Server::start(World::new(scenario, now()), options).await.unwrap();
    let place = folder.join("everything");
    let writer = SnapshotWriter::create(&place, false).unwrap();
    let plan = collect::everything();
    let (tenant, observer) = (tenant_of(&server), listener().0);
    collect::collect(&tenant, &plan, writer, full_speed(), Arc::new(now), observer)
        .await
        .unwrap();
    server.shutdown().await;
    place
}

/// Judges a snapshot by the built-in policies.
pub(crate) fn audit(place: &Path) -> Audit {
    let policies = built_in();
    let snapshot = Snapshot::open(place).unwrap();
    let tables = Tables::load(&snapshot, &policy::needs(&policies)).unwrap();
    let as_of = snapshot.manifest().ended;
    evaluate::audit(&policies, &[], &tables, &snapshot, as_of)
}

/// Changes the lines of a resource type, with the right hash and size, so that only their content is another.
pub(crate) fn change_lines(place: &Path, resource: &str, change: impl Fn(&str) -> String) {
    let file = place.join(format!("{resource}.ndjson.zst"));
    let before = String::from_utf8(zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap()).unwrap();
    let after: String = before.lines().map(|line| change(line) + "\n").collect();
    assert_ne!(before, after, "the test changes nothing");
    write_lines(place, resource, &after);
}

/// Makes a resource type one that could not be read.
pub(crate) fn change_status(place: &Path, resource: &str, status: &str) {
    write_lines(place, resource, "");
    let path = place.join("manifest.json");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let list = json["resources"].as_array_mut().unwrap();
    let entry = list.iter_mut().find(|entry| entry["resource"] == resource).unwrap();
    entry["status"] = status.into();
    std::fs::write(path, json.to_string()).unwrap();
}

/// Puts other lines in the place of those of a resource type, with the right hash and size.
pub(crate) fn write_lines(place: &Path, resource: &str, text: &str) {
    let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
    std::fs::write(place.join(format!("{resource}.ndjson.zst")), &packed).unwrap();
    let digest = Sha256::digest(&packed);
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = place.join("manifest.json");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let list = json["resources"].as_array_mut().unwrap();
    let entry = list.iter_mut().find(|entry| entry["resource"] == resource).unwrap();
    entry["sha256"] = hash.into();
    entry["bytes"] = text.len().into();
    entry["objects"] = text.lines().count().into();
    std::fs::write(path, json.to_string()).unwrap();
}

/// The program, in a folder of its own, with nothing of the environment.
pub(crate) fn tenken(folder: &Path, args: &[&str]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("tenken").unwrap();
    command
        .current_dir(folder)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .args(args);
    command.timeout(std::time::Duration::from_secs(120)).output().unwrap()
}

pub(crate) fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a command on an input that is wrong: status 2 and a message with these words, no panic, nothing on stdout.
pub(crate) fn refuses(folder: &Path, args: &[&str], words: &[&str]) {
    let output = tenken(folder, args);
    let text = stderr(&output);
    assert_eq!(status(&output), 2, "{args:?}: {text}");
    assert!(!text.contains("panicked"), "{args:?}: {text}");
    assert!(output.stdout.is_empty(), "{args:?} printed {}", stdout(&output));
    for word in words {
        assert!(text.contains(word), "{args:?}: no `{word}` in\n{text}");
    }
}

/// The lines of a resource type.
pub(crate) fn lines_of(place: &Path, resource: &str) -> Vec<String> {
    let file = place.join(format!("{resource}.ndjson.zst"));
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Changes what the manifest says of a resource type.
pub(crate) fn change_manifest(place: &Path, resource: &str, change: impl Fn(&mut serde_json::Value)) {
    let path = place.join("manifest.json");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let list = json["resources"].as_array_mut().unwrap();
    change(list.iter_mut().find(|entry| entry["resource"] == resource).unwrap());
    std::fs::write(path, json.to_string()).unwrap();
}

/// A copy of a snapshot in a new folder.
pub(crate) fn copy_of(place: &Path, copy: &Path) -> PathBuf {
    std::fs::create_dir(copy).unwrap();
    for file in std::fs::read_dir(place).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
    }
    copy.to_owned()
}
