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

/// Runs it with the simulator's own credentials, or with another client secret.
fn doctor(server: &Server, secret: Option<&str>, arguments: &[&str]) -> Assert {
    let credentials = server.credentials();
    let folder = TempDir::new().unwrap();
    let config = format!(
        "tenants:\n  - name: test\n    okta: {{ url: \"{}\", token: {{ env: T_OKTA }} }}\n    entra: {{ tenant: {}, \
         client_id: {}, client_secret: {{ env: T_ENTRA }}, login_url: \"{}\", graph_url: \"{}\" }}\n",
        server.okta_url(),
        credentials.tenant_id,
        credentials.client_id,
        server.login_url(),
        server.graph_url()
    );
    std::fs::write(folder.path().join("tenken.yaml"), config).unwrap();
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_tenken"))
        .current_dir(folder.path())
        .arg("doctor")
        .args(arguments)
        .env("T_OKTA", &credentials.okta_token)
        .env("T_ENTRA", secret.unwrap_or(&credentials.client_secret))
        .assert()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_order() {
    let server = server(CONTOSO, &[]).await;
    let assert = doctor(&server, None, &[]).code(0);
    let out = text(&assert.get_output().stdout);
    assert!(out.contains("Entra: signed in\n  granted: "), "{out}");
    assert!(out.contains("User.Read.All"), "{out}");
    assert!(out.contains("policies can be judged."), "{out}");
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
async fn a_denied_type_names_the_permission_and_the_policies_it_costs() {
    let server = server(CONTOSO, &["/beta/admin/appsAndServices"]).await;
    let assert = doctor(&server, None, &[]).code(4);
    let out = text(&assert.get_output().stdout);
    assert!(out.contains("entra.apps_and_services is denied"), "{out}");
    let line = "  provisioning.trials-off for want of OrgSettings-AppsAndServices.Read.All\n";
    assert!(out.contains(line), "{out}");
    assert!(!out.contains("provisioning.usage-location for want"), "{out}");

    let assert = doctor(&server, None, &["--format", "json"]).code(4);
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
async fn a_refused_sign_in_costs_its_own_side_only() {
    let server = server(CONTOSO, &[]).await;
    let assert = doctor(&server, Some("wrong-secret"), &[]).code(3);
    let out = text(&assert.get_output().stdout);
    assert!(out.contains("Okta: signed in"), "{out}");
    assert!(
        out.contains("Entra refused the sign-in: HTTP 401 invalid_client AADSTS7000215"),
        "{out}"
    );
    assert!(out.contains("for want of a sign-in to Entra"), "{out}");
    assert!(!out.contains("wrong-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_can_write_is_warned_of() {
    let granted = "    granted: [User.ReadWrite.All, Directory.Read.All]\n";
    let at = CONTOSO.find("  client:\n").unwrap() + "  client:\n".len();
    let scenario = format!("{}{granted}{}", &CONTOSO[..at], &CONTOSO[at..]);
    let server = server(&scenario, &[]).await;
    let assert = doctor(&server, None, &[]);
    let error = text(&assert.get_output().stderr);
    assert!(
        error.contains("the Entra token can write (User.ReadWrite.All)"),
        "{error}"
    );
}
