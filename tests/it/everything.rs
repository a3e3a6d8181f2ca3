//! Every resource type of the catalogue, read from the simulator over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use tenken::catalog::{Supply, catalog};
use tenken::collect;
use tenken::simulator::{Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Snapshot, SnapshotWriter, Status};

use super::support::{listener, now, tenant_of};
use super::vendor_examples::check;

#[tokio::test]
async fn every_type_is_read_whole_from_both_scenarios() {
    for name in ["clean", "contoso"] {
        let scenario = Scenario::builtin(name).unwrap().unwrap();
        let server = Server::start(World::new(scenario, now()), ServerOptions::default())
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("snapshot");
        let writer = SnapshotWriter::create(&place, false).unwrap();
        let plan = collect::everything();
        let manifest = collect::collect(
            &tenant_of(&server),
            &plan,
            writer,
            collect::Options::default(),
            Arc::new(now),
            listener().0,
        )
        .await
        .unwrap();
        // Nothing but reads, and tokens.
        for request in server.requests() {
            let is_read = request.method == "GET";
            let is_token = request.method == "POST" && request.path.ends_with("/oauth2/v2.0/token");
            assert!(is_read || is_token, "{} {}", request.method, request.path);
        }
        server.shutdown().await;
        let called = catalog()
            .resources()
            .iter()
            .filter(|resource| matches!(resource.supply, Supply::Call(_)));
        assert_eq!(manifest.resources.len(), called.count());
        let wrong: BTreeMap<&str, _> = manifest
            .resources
            .iter()
            .filter(|entry| entry.status != Status::Complete)
            .map(|entry| (entry.resource.as_str(), (entry.status, entry.reason.clone())))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
        // Whatever is read is understood: no value of another type than the catalogue says.
        let snapshot = Snapshot::open(&place).unwrap();
        let mut problems = Vec::new();
        for entry in &manifest.resources {
            let record = catalog().record_named(&entry.resource).unwrap().info();
            let Some(mut lines) = snapshot.lines(entry).unwrap() else {
                continue;
            };
            while let Some(chunk) = lines.next_chunk().unwrap() {
                for line in chunk.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let line: Json = serde_json::from_slice(line).unwrap();
                    let seen = check(record, &line["object"], &mut problems);
                    assert!(seen > 0, "{} has nothing of {}", entry.resource, line["object"]);
                }
            }
        }
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
}
