//! `tenken doctor` against the simulator.

use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;
use tenken::simulator::{Scenario, Server, ServerOptions, World};

use crate::support;

const CONTOSO: &str = include_str!("../../src/simulator/scenarios/contoso.yaml");

async fn server(scenario: &str, deny: &[&str]) -> Server {
    let scenario = Scenario::parse(scenario).unwrap();
    let options = ServerOptions {
        deny: deny.iter().map(|path| (*path).to_owned()).collect(),
        ..ServerOptions::default()
    };
    let world = World::new(scenario, support::today());
    Server::start(world, options).await.unwrap()
}

/// Runs it with the simulator's own credentials.
fn doctor(server: &Server, arguments: &[&str]) -> Assert {
    let credentials = server.credentials();
    doctor_with(server, &credentials.okta_token, &credentials.client_secret, arguments)
}

fn doctor_with(server: &Server, token: &str, secret: &str, arguments: &[&str]) -> Assert {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("tenken.yaml"), support::config_of(server)).unwrap();
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_tenken"))
        .current_dir(folder.path())
        .arg("doctor")
        .args(arguments)
        .env("T_OKTA", token)
        .env("T_ENTRA", secret)
        .assert()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_order() {
    let server = server(CONTOSO, &[]).await;
    let assert = doctor(&server, &[]).code(0);
    let out = text(&assert.get_output().stdout);
    assert!(out.contains("Entra: signed in\n  granted: "), "{out}");
    assert!(out.contains("User.Read.All"), "{out}");
    // One asks what no collection can read.
    assert!(out.ends_with("All others can be judged.\n"), "{out}");
    assert!(
        out.contains(" policies will be unknown, in whole or in part, until a person"),
        "{out}"
    );
    // It reads, and no more than the first page of each type.
    let asked: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "GET")
        .collect();
    let mut paths: Vec<_> = asked.iter().map(|request| (&request.path, &request.query)).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), asked.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_collection_can_read_is_named_and_is_no_fault_of_the_credential() {
    let server = server(CONTOSO, &[]).await;
    let assert = doctor(&server, &["--format", "json"]).code(0);
    let json: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(json["unknown"], serde_json::json!([]));
    let asked = serde_json::json!([{
        "policy": "provisioning.self-service-set",
        "wants": ["a person's answer", "an import of entra.self_service_product"]
    }]);
    assert_eq!(json["unknown_to_apis"], asked);
}

/// Contoso with these permissions granted and no others.
fn granted(permissions: &str) -> String {
    let at = CONTOSO.find("  client:\n").unwrap() + "  client:\n".len();
    format!("{}    granted: [{permissions}]\n{}", &CONTOSO[..at], &CONTOSO[at..])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_type_names_the_permission_and_the_policies_it_costs() {
    let server = server(&granted("Directory.Read.All, Policy.Read.All"), &[]).await;
    let assert = doctor(&server, &[]).code(4);
    let out = text(&assert.get_output().stdout);
    assert!(out.contains("entra.apps_and_services is denied"), "{out}");
    let line = "  provisioning.trials-off for want of OrgSettings-AppsAndServices.Read.All\n";
    assert!(out.contains(line), "{out}");
    assert!(!out.contains("provisioning.email-sign-up-off for want"), "{out}");

    let assert = doctor(&server, &["--format", "json"]).code(4);
    let json: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let unknown = json["unknown"].as_array().unwrap();
    let trials = unknown
        .iter()
        .find(|entry| entry["policy"] == "provisioning.trials-off")
        .unwrap();
    assert_eq!(
        trials["wants"],
        serde_json::json!(["OrgSettings-AppsAndServices.Read.All"])
    );
    assert_eq!(json["sources"][1]["writing"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_is_denied_in_spite_of_its_permission_wants_something_else() {
    let server = server(CONTOSO, &["/beta/admin/appsAndServices"]).await;
    let assert = doctor(&server, &[]).code(4);
    let out = text(&assert.get_output().stdout);
    let line = "  provisioning.trials-off for want of a role for entra.apps_and_services\n";
    assert!(out.contains(line), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_in_costs_its_own_side_only() {
    let server = server(CONTOSO, &[]).await;
    let assert = doctor_with(&server, &server.credentials().okta_token, "wrong-secret", &[]).code(3);
    let out = text(&assert.get_output().stdout);
    assert!(out.contains("Okta: signed in"), "{out}");
    assert!(
        out.contains("Entra: signing in failed: HTTP 401 invalid_client AADSTS7000215"),
        "{out}"
    );
    assert!(out.contains("for want of a sign-in to Entra"), "{out}");
    assert!(!out.contains("wrong-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_can_write_is_warned_of() {
    let scenario = granted("User.ReadWrite.All, Directory.Read.All");
    let server = server(&scenario, &[]).await;
    let assert = doctor(&server, &[]);
    let error = text(&assert.get_output().stderr);
    assert!(
        error.contains("the Entra token can write (User.ReadWrite.All)"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_takes_is_no_sign_in() {
    let server = server(CONTOSO, &[]).await;
    let assert = doctor_with(&server, "wrong-token", &server.credentials().client_secret, &[]).code(3);
    let out = text(&assert.get_output().stdout);
    assert!(
        out.contains("nothing could be read from Okta: HTTP 401 E0000011: Invalid token provided"),
        "{out}"
    );
    assert!(out.contains("Entra: signed in"), "{out}");
    // One refusal is enough.
    let refused = server.requests().into_iter().filter(|request| request.status == 401);
    assert_eq!(refused.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_was_asked_about_is_not_called_fine() {
    let server = server(CONTOSO, &["/api/v1/apps"]).await;
    let assert = doctor(&server, &[]).code(4);
    let out = text(&assert.get_output().stdout);
    assert!(
        out.contains("okta.app_user is denied: okta.app could not be read"),
        "{out}"
    );
}
