//! A collection that is killed goes on where it was, with the program itself against the simulator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenken::collect;
use tenken::policy;
use tenken::simulator::{Limits, Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Beginning, SnapshotWriter, Status};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support;

/// A simulated pair of tenants and a configuration that points there.
struct Place {
    server: Server,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new(people: u32) -> Self {
        let scenario = Scenario::builtin("contoso").unwrap().unwrap().with_people(people);
        let options = ServerOptions {
            limits: Limits::None,
            ..ServerOptions::default()
        };
        let server = Server::start(World::new(scenario, support::now()), options)
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tenken.yaml"), support::config_of(&server)).unwrap();
        Self { server, folder }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts `tenken snapshot`.
    fn start(&self, out: Option<&str>) -> Child {
        let out: Vec<&str> = out.iter().flat_map(|out| ["--out", out]).collect();
        self.start_with(&out)
    }

    /// Starts `tenken snapshot` with these arguments.
    fn start_with(&self, arguments: &[&str]) -> Child {
        let credentials = self.server.credentials();
        Command::new(assert_cmd::cargo::cargo_bin!("tenken"))
            .args(["snapshot", "--rate-share", "100%"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("T_OKTA", &credentials.okta_token)
            .env("T_ENTRA", &credentials.client_secret)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it to its end; gives what it said.
    async fn run(&self, out: &str) -> String {
        Self::end(self.start(Some(out))).await
    }

    /// Runs it to its end without a place.
    async fn run_without_place(&self, arguments: &[&str]) -> String {
        Self::end(self.start_with(arguments)).await
    }

    /// Kills a collection in the folder where those lie that were given no place. Gives where it lies.
    async fn killed_without_place(&self) -> PathBuf {
        let snapshots = self.out("snapshots");
        std::fs::create_dir(&snapshots).unwrap();
        self.run_until("x", 6, "-KILL").await;
        let place = snapshots.join("test-20261120T090000Z");
        for what in ["journal", "building"] {
            std::fs::rename(self.out(&format!("x.{what}")), place.with_extension(what)).unwrap();
        }
        place
    }

    /// Kills it when it has noted how the parents of a type fared, and gives the files where it did. Where it was over too
    /// soon, it begins anew.
    async fn killed_with_parents(&self, out: &str) -> Vec<PathBuf> {
        let building = self.out(&format!("{out}.building"));
        let files = || -> Vec<PathBuf> {
            let files = std::fs::read_dir(&building).into_iter().flatten();
            let files = files.map(|file| file.unwrap().path());
            files
                .filter(|file| file.to_string_lossy().ends_with(".parents.ndjson"))
                .collect()
        };
        for _ in 0..20 {
            let mut child = self.start(Some(out));
            while files().is_empty() && child.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            if !files().is_empty() {
                return files();
            }
            std::fs::remove_dir_all(self.out(out)).unwrap();
        }
        panic!("no collection could be killed in time");
    }

    async fn end(child: Child) -> String {
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap())
            .await
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        said
    }

    /// Runs it until so many more requests were answered, and ends it by this signal.
    async fn run_until(&self, out: &str, requests: usize, signal: &str) -> String {
        let until = self.server.requests().len() + requests;
        let mut child = self.start(Some(out));
        while self.server.requests().len() < until && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let id = child.id().to_string();
        let _ = Command::new("kill").args([signal, &id]).status().unwrap();
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap())
            .await
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    }

    /// Pages that the journal calls finished: by address, or the type's name for its first page.
    fn finished_pages(&self, out: &str) -> BTreeSet<String> {
        let text = std::fs::read_to_string(self.out(&format!("{out}.journal"))).unwrap_or_default();
        let mut finished = BTreeSet::new();
        let mut next: BTreeMap<String, String> = BTreeMap::new();
        for line in text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok()) {
            let Some(page) = line.get("page") else { continue };
            let resource = page["resource"].as_str().unwrap().to_owned();
            finished.insert(next.remove(&resource).unwrap_or_else(|| resource.clone()));
            if let Some(link) = page["note"]["next"].as_str() {
                next.insert(resource, link.to_owned());
            }
        }
        finished
    }

    /// Pages that were asked for since so many requests had been answered, in the same words.
    fn asked_since(&self, before: usize, manifest: &Json) -> Vec<String> {
        let resources = manifest["resources"].as_array().unwrap();
        let first_page = |path: &str| {
            let endpoint = format!("GET {path}");
            let named = resources.iter().find(|entry| entry["endpoint"] == endpoint.as_str());
            named.map_or_else(
                || path.to_owned(),
                |entry| entry["resource"].as_str().unwrap().to_owned(),
            )
        };
        let requests = self.server.requests();
        let asked = requests[before..].iter().map(|request| match &request.query {
            Some(query) if query.contains("after=") || query.contains("skiptoken=") => {
                let okta = request.path.starts_with("/api/");
                let host = if okta {
                    self.server.okta_url()
                } else {
                    self.server.graph_url()
                };
                format!("{host}{}?{query}", request.path)
            }
            _ => first_page(&request.path),
        });
        asked.collect()
    }
}

/// The data files of a snapshot, without the log, whose window moves with the time of the collection.
fn data(place: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path));
    named
        .filter(|(name, _)| name != "manifest.json" && !name.starts_with("okta.provisioning_failure"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

/// The manifest without what may differ: times, counters of requests, and the log.
fn lasting(place: &Path) -> Json {
    let mut json: Json = serde_json::from_slice(&std::fs::read(place.join("manifest.json")).unwrap()).unwrap();
    for key in ["started", "ended"] {
        json.as_object_mut().unwrap().remove(key);
    }
    let resources = json["resources"].as_array_mut().unwrap();
    resources.retain(|entry| entry["resource"] != "okta.provisioning_failure");
    for entry in resources {
        for key in ["requests", "throttles", "read_at"] {
            entry.as_object_mut().unwrap().remove(key);
        }
    }
    json
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_collection_ends_with_the_same_bytes_and_asks_nothing_twice() {
    let place = Place::new(2_000).await;
    place.run("calm").await;
    let (calm, manifest) = (data(&place.out("calm")), lasting(&place.out("calm")));
    let mut kills = 0;
    for point in [3, 10, 16, 22, 28] {
        let out = format!("killed-{point}");
        place.run_until(&out, point, "-KILL").await;
        let finished = place.finished_pages(&out);
        kills += u64::from(!finished.is_empty());
        let before = place.server.requests().len();
        if place.out(&out).exists() {
            continue;
        }
        assert!(place.out(&format!("{out}.building")).exists());
        place.run(&out).await;
        let asked = place.asked_since(before, &manifest);
        let again: Vec<&String> = asked.iter().filter(|page| finished.contains(*page)).collect();
        assert!(
            again.is_empty(),
            "killed after {point} requests, then asked again: {again:?}"
        );
        assert!(
            asked.iter().any(|page| page.contains("after=")),
            "nothing to follow was left"
        );
        assert_eq!(data(&place.out(&out)), calm, "killed after {point} requests");
        assert_eq!(lasting(&place.out(&out)), manifest);
        let left = ["journal", "building"].map(|what| place.out(&format!("{out}.{what}")).exists());
        assert_eq!(left, [false, false], "something is left beside the snapshot");
    }
    assert!(kills >= 3, "only {kills} attempts were killed on the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_collection_survives_several_kills() {
    let place = Place::new(2_000).await;
    place.run("calm").await;
    for _ in 0..6 {
        place.run_until("killed", 5, "-KILL").await;
    }
    if !place.out("killed").exists() {
        place.run("killed").await;
    }
    assert_eq!(data(&place.out("killed")), data(&place.out("calm")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_is_asked_to_end_says_how_to_go_on() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new(4_000).await;
        let said = place.run_until("stopped", 8, signal).await;
        assert!(
            said.contains("--out stopped` within 24 hours goes on from there"),
            "{signal}: {said}"
        );
        let said = place.run("stopped").await;
        assert!(said.contains("going on with what was begun at"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_same_collection_is_continued() {
    let place = Place::new(4_000).await;
    let change = |from: &str, to: &str| {
        let journal = place.out("stopped.journal");
        let text = std::fs::read_to_string(&journal).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&journal, text.replacen(from, to, 1)).unwrap();
    };
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    for (from, to, words) in [
        (
            version.as_str(),
            "\"version\":\"0.0.1\"",
            "by another version of tenken",
        ),
        (
            "\"okta\":{\"id\":\"",
            "\"okta\":{\"id\":\"x",
            "of another org or tenant",
        ),
        ("\"plan\":\"", "\"plan\":\"0", "for other policies"),
        ("\"started\":\"20", "\"started\":\"19", "more than 24 hours ago"),
        ("{\"begun\"", "{\"bogus\"", "without a journal that can be read"),
    ] {
        place.run_until("stopped", 6, "-KILL").await;
        change(from, to);
        let said = place.run("stopped").await;
        assert!(
            said.contains(words) && said.contains("beginning anew"),
            "{words}: {said}"
        );
        std::fs::remove_dir_all(place.out("stopped")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_of_a_file_is_not_believed() {
    let place = Place::new(4_000).await;
    place.run("calm").await;
    place.run_until("killed", 40, "-KILL").await;
    let files = std::fs::read_dir(place.out("killed.building"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let file = files.max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    place.run("killed").await;
    assert_eq!(data(&place.out("killed")), data(&place.out("calm")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_each_parent_fared_is_not_lost_in_a_crash() {
    let place = Place::new(4_000).await;
    place.run("calm").await;
    for change in [
        |file: &Path| std::fs::remove_file(file),
        |file: &Path| std::fs::write(file, ""),
    ] {
        let lost = place.killed_with_parents("killed").await;
        lost.iter().for_each(|file| change(file).unwrap());
        place.run("killed").await;
        assert_eq!(data(&place.out("killed")), data(&place.out("calm")));
        std::fs::remove_dir_all(place.out("killed")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_place_the_unfinished_one_is_taken_up() {
    let place = Place::new(4_000).await;
    let killed = place.killed_without_place().await;
    let said = place.run_without_place(&[]).await;
    assert!(said.contains("going on with what was begun"), "{said}");
    assert!(killed.join("manifest.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_place_an_unfinished_one_for_other_policies_is_left_alone() {
    let place = Place::new(300).await;
    let killed = place.killed_without_place().await;
    let said = place.run_without_place(&["--all"]).await;
    assert!(!said.contains("going on") && !said.contains("beginning anew"), "{said}");
    for what in ["journal", "building"] {
        assert!(killed.with_extension(what).exists(), "its {what} is gone");
    }
    let said = place.run_without_place(&[]).await;
    assert!(said.contains("going on with what was begun"), "{said}");
}

#[tokio::test]
async fn a_page_of_nothing_can_be_gone_on_from() {
    let org = MockServer::start().await;
    let users = || Mock::given(method("GET")).and(path("/api/v1/users"));
    let person = || ResponseTemplate::new(200).set_body_json(json!([{"id": "1", "status": "ACTIVE"}]));
    let stalled = person().set_delay(Duration::from_secs(60));
    let second = || users().and(query_param("after", "2"));
    second().respond_with(stalled).up_to_n_times(1).mount(&org).await;
    second().respond_with(person()).mount(&org).await;
    let next = format!("<{}/api/v1/users?after=2>; rel=\"next\"", org.uri());
    let nothing = ResponseTemplate::new(200)
        .set_body_json(json!([]))
        .append_header("link", next);
    users().respond_with(nothing).mount(&org).await;

    let folder = tempfile::tempdir().unwrap();
    let tenant = support::tenant(Some(&org.uri()), None);
    let needs = policy::needs(&support::built_in());
    let mut plan = collect::plan(&needs);
    plan.steps.retain(|step| step.resource.name == "okta.user");
    let attempt = || {
        let place = folder.path().join("snapshot");
        let identity = collect::identity(&tenant, &plan);
        let (writer, beginning) = SnapshotWriter::resume(&place, identity, support::now()).unwrap();
        let (clock, observer) = (Arc::new(support::now), support::listener().0);
        let run = collect::collect(&tenant, &plan, writer, support::full_speed(), clock, observer);
        (beginning, run)
    };
    let second_page = async {
        while org.received_requests().await.unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = attempt().1 => panic!("{ended:?}"),
        () = second_page => {}
    }
    let (beginning, run) = attempt();
    assert_eq!(beginning, Beginning::Continued(support::now()));
    let manifest = run.await.unwrap();
    let entry = &manifest.resources[0];
    assert_eq!((entry.status, entry.objects, entry.pages), (Status::Complete, 1, 2));
    assert_eq!(org.received_requests().await.unwrap().len(), 3);
}
