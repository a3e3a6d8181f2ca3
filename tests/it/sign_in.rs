//! Signing in, with each credential, to servers that check what is signed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::json;
use tempfile::TempDir;
use tenken::collect::{CollectError, Event, collect};
use tenken::config::{AppProof, Cloud, EntraCredential, OktaCredential, Secret, Tenant};
use tenken::policy;
use tenken::simulator::{AppTrust, Federation, PublicKey, Scenario, Server, ServerOptions, ServiceApp, World};
use tenken::snapshot::{Entry, Manifest, SnapshotWriter, Status};
use wiremock::matchers::{header, method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{built_in, full_speed, listener, now, tenant_of, today};

const CLIENT: &str = "0oa1tkauditor00000005d7";

async fn server(options: ServerOptions) -> Server {
    let scenario = Scenario::builtin("contoso").unwrap().unwrap();
    Server::start(World::new(scenario, now()), options).await.unwrap()
}

fn pem_of(key: &KeyPair) -> String {
    pem::encode(&pem::Pem::new("PUBLIC KEY", key.subject_public_key_info()))
}

fn app(key: &KeyPair) -> ServiceApp {
    ServiceApp {
        client_id: CLIENT.to_owned(),
        key_id: "k1".to_owned(),
        public_key: PublicKey::parse(&pem_of(key)).unwrap(),
        scopes: None,
        requires_dpop: true,
    }
}

fn with_key(mut tenant: Tenant, key: &KeyPair) -> Tenant {
    tenant.okta.as_mut().unwrap().credential = OktaCredential::ServiceApp {
        client_id: CLIENT.to_owned(),
        key_id: "k1".to_owned(),
        private_key: Secret::Given(key.serialize_pem().into()),
    };
    tenant
}

fn with_proof(mut tenant: Tenant, client_id: &str, proof: AppProof) -> Tenant {
    tenant.entra.as_mut().unwrap().credential = EntraCredential::App {
        client_id: client_id.to_owned(),
        proof,
    };
    tenant
}

/// Collects what the built-in policies need, and everything that was told meanwhile.
async fn gather(tenant: &Tenant) -> (Result<Manifest, CollectError>, Vec<Event>) {
    let folder = TempDir::new().unwrap();
    let writer = SnapshotWriter::create(&folder.path().join("s"), false).unwrap();
    let plan = tenken::collect::plan(&policy::needs(&built_in()));
    let (observer, heard) = listener();
    let outcome = collect(tenant, &plan, writer, full_speed(), Arc::new(now), observer).await;
    let heard = heard.lock().unwrap().clone();
    (outcome, heard)
}

fn assert_whole(manifest: &Manifest) {
    for entry in &manifest.resources {
        assert_eq!(entry.status, Status::Complete, "{}: {:?}", entry.resource, entry.reason);
    }
}

fn entry<'m>(manifest: &'m Manifest, name: &str) -> &'m Entry {
    manifest.resources.iter().find(|entry| entry.resource == name).unwrap()
}

/// What was asked of the simulator, but for reads: method and path.
fn posts(server: &Server) -> Vec<(String, u16)> {
    let requests = server.requests();
    let posts = requests.iter().filter(|request| request.method != "GET");
    posts
        .map(|request| (format!("{} {}", request.method, request.path), request.status))
        .collect()
}

#[tokio::test]
async fn a_service_app_signs_with_its_key_and_every_request_carries_a_proof() {
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let server = server(ServerOptions {
            service_app: Some(app(&key)),
            ..ServerOptions::default()
        })
        .await;
        let (outcome, _) = gather(&with_key(tenant_of(&server), &key)).await;
        assert_whole(&outcome.unwrap());
        // The first request is told the nonce, the second has it; nobody is refused for want of a proof.
        let okta: Vec<_> = posts(&server)
            .into_iter()
            .filter(|(what, _)| what.contains("/v1/token"))
            .collect();
        let path = "POST /oauth2/v1/token".to_owned();
        assert_eq!(okta, [(path.clone(), 400), (path, 200)]);
    }
}

#[tokio::test]
async fn an_org_that_knows_no_dpop_is_read_with_bearer_tokens() {
    let org = MockServer::start().await;
    let token = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "opaque" });
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&org)
        .await;
    Mock::given(header("authorization", "Bearer opaque"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .mount(&org)
        .await;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (outcome, _) = gather(&with_key(crate::support::tenant(Some(&org.uri()), None), &key)).await;
    let manifest = outcome.unwrap();
    assert_eq!(entry(&manifest, "okta.app").status, Status::Complete);
}

#[tokio::test]
async fn a_scope_that_is_not_granted_costs_its_own_types_only() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let granted = ["okta.apps.read", "okta.users.read", "okta.groups.read"];
    let server = server(ServerOptions {
        service_app: Some(ServiceApp {
            scopes: Some(granted.map(str::to_owned).to_vec()),
            ..app(&key)
        }),
        ..ServerOptions::default()
    })
    .await;
    let (outcome, _) = gather(&with_key(tenant_of(&server), &key)).await;
    let manifest = outcome.unwrap();
    for entry in manifest
        .resources
        .iter()
        .filter(|entry| entry.resource.starts_with("okta."))
    {
        let expected = match granted.contains(&entry.permission.as_str()) {
            true => Status::Complete,
            false => Status::Denied,
        };
        assert_eq!(entry.status, expected, "{}: {:?}", entry.resource, entry.reason);
    }
    let log = entry(&manifest, "okta.provisioning_failure");
    assert_eq!(
        log.reason.as_deref(),
        Some("the scope okta.logs.read is not granted to the service app")
    );
    // What is known to be refused is not asked for.
    assert!(server.requests().iter().all(|request| request.status != 403));
}

#[tokio::test]
async fn without_any_scope_the_message_says_so() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let server = server(ServerOptions {
        service_app: Some(ServiceApp {
            scopes: Some(vec!["okta.brands.read".to_owned()]),
            ..app(&key)
        }),
        ..ServerOptions::default()
    })
    .await;
    let (outcome, _) = gather(&with_key(tenant_of(&server), &key)).await;
    let message = outcome.unwrap_err().to_string();
    assert!(
        message.contains("none of the scopes is granted to the app"),
        "{message}"
    );
    assert!(message.contains("okta.apps.read"), "{message}");
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_oktas_words() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let other = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let server = server(ServerOptions {
        service_app: Some(app(&key)),
        ..ServerOptions::default()
    })
    .await;
    let (outcome, _) = gather(&with_key(tenant_of(&server), &other)).await;
    let message = outcome.unwrap_err().to_string();
    assert!(
        message.contains("Okta: signing in failed: HTTP 401 invalid_client The client_assertion signature is invalid"),
        "{message}"
    );
}

#[tokio::test]
async fn a_certificate_signs_in_to_entra() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    let server = server(ServerOptions {
        app_trust: AppTrust {
            certificate: Some(certificate.pem()),
            ..AppTrust::default()
        },
        ..ServerOptions::default()
    })
    .await;
    let client_id = server.credentials().client_id.clone();
    let both = Secret::Given((certificate.pem() + &key.serialize_pem()).into());
    let tenant = with_proof(tenant_of(&server), &client_id, AppProof::Certificate(both));
    let (outcome, _) = gather(&tenant).await;
    assert_whole(&outcome.unwrap());

    let other = CertificateParams::new(vec!["other.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let stranger = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mismatched = Secret::Given((certificate.pem() + &stranger.serialize_pem()).into());
    let tenant = with_proof(tenant_of(&server), &client_id, AppProof::Certificate(mismatched));
    let message = gather(&tenant).await.0.unwrap_err().to_string();
    assert!(message.contains("does not belong to the certificate"), "{message}");

    // One that the app registration does not have.
    let wrong = Secret::Given((other.pem() + &key.serialize_pem()).into());
    let tenant = with_proof(tenant_of(&server), &client_id, AppProof::Certificate(wrong));
    let message = gather(&tenant).await.0.unwrap_err().to_string();
    assert!(message.contains("AADSTS700027"), "{message}");
}

/// A token of another issuer.
fn foreign_token(key: &KeyPair, subject: &str) -> String {
    let claims = json!({
        "iss": "https://issuer.example",
        "sub": subject,
        "aud": "api://AzureADTokenExchange",
        "exp": now().as_second() + 600
    });
    let key = EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).unwrap();
    encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap()
}

async fn federated() -> (Server, KeyPair) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let federation = Federation {
        issuer: "https://issuer.example".to_owned(),
        subject: "repo:contoso/audit:ref:refs/heads/main".to_owned(),
        public_key: PublicKey::parse(&pem_of(&key)).unwrap(),
    };
    let server = server(ServerOptions {
        app_trust: AppTrust {
            federation: Some(federation),
            ..AppTrust::default()
        },
        ..ServerOptions::default()
    })
    .await;
    (server, key)
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_signs_in_to_entra() {
    let (server, key) = federated().await;
    let client_id = server.credentials().client_id.clone();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    // As Kubernetes mounts it.
    std::fs::write(&file, foreign_token(&key, "repo:contoso/audit:ref:refs/heads/main")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let proof = || AppProof::FederatedToken(Secret::File(file.clone()));
    let tenant = with_proof(tenant_of(&server), &client_id, proof());
    assert_whole(&gather(&tenant).await.0.unwrap());

    std::fs::write(&file, foreign_token(&key, "repo:somebody/else:ref:refs/heads/main")).unwrap();
    let tenant = with_proof(tenant_of(&server), &client_id, proof());
    let message = gather(&tenant).await.0.unwrap_err().to_string();
    assert!(message.contains("AADSTS700213"), "{message}");
}

/// Runs `tenken snapshot` with a configuration, in an environment that holds nothing but this.
fn snapshot(folder: &Path, config: &str, variables: &[(&str, &str)]) -> std::process::Output {
    std::fs::write(folder.join("tenken.yaml"), config).unwrap();
    let _ = std::fs::remove_dir_all(folder.join("s"));
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_tenken"))
        .current_dir(folder)
        .args(["snapshot", "--out", "s"])
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn entra_only(server: &Server, credential: &str) -> String {
    format!(
        "tenants:\n  - name: t\n    entra: {{ tenant: {}, {credential}, login_url: \"{}\", graph_url: \"{}\" }}\n",
        server.credentials().tenant_id,
        server.login_url(),
        server.graph_url()
    )
}

/// A server whose clock is the real one, as that of the program is.
async fn server_of_today(app_trust: AppTrust) -> Server {
    let scenario = Scenario::builtin("contoso").unwrap().unwrap();
    let options = ServerOptions {
        app_trust,
        ..ServerOptions::default()
    };
    Server::start(World::new(scenario, today()), options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_in_azure_signs_in_as_itself() {
    let server = server_of_today(AppTrust {
        has_managed_identity: true,
        ..AppTrust::default()
    })
    .await;
    let folder = TempDir::new().unwrap();
    let config = entra_only(&server, "managed_identity: true");
    let url = server.login_url();
    let output = snapshot(folder.path(), &config, &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(posts(&server), []);

    // App Service and its kin have an endpoint of their own.
    let other = MockServer::start().await;
    let token = json!({ "access_token": "x", "expires_on": "1790000000", "token_type": "Bearer" });
    Mock::given(method("GET"))
        .and(header("x-identity-header", "hush"))
        .and(query_param("api-version", "2019-08-01"))
        .and(query_param("resource", server.graph_url()))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .expect(1..)
        .mount(&other)
        .await;
    let variables = [
        ("IDENTITY_ENDPOINT", other.uri()),
        ("IDENTITY_HEADER", "hush".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let output = snapshot(folder.path(), &config, &variables);
    // The simulator does not know that token; what matters is that it was asked for in the right way.
    assert_eq!(output.status.code(), Some(3));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!error.contains("hush"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_workflow_signs_in_with_its_own_token() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let federation = Federation {
        issuer: "https://issuer.example".to_owned(),
        subject: "repo:contoso/audit:ref:refs/heads/main".to_owned(),
        public_key: PublicKey::parse(&pem_of(&key)).unwrap(),
    };
    let server = server_of_today(AppTrust {
        federation: Some(federation),
        ..AppTrust::default()
    })
    .await;
    let claims = json!({
        "iss": "https://issuer.example",
        "sub": "repo:contoso/audit:ref:refs/heads/main",
        "aud": "api://AzureADTokenExchange",
        "exp": today().as_second() + 600
    });
    let signer = EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).unwrap();
    let token = encode(&Header::new(Algorithm::ES256), &claims, &signer).unwrap();
    let github = MockServer::start().await;
    Mock::given(method("GET"))
        .and(header("authorization", "Bearer hush"))
        .and(query_param("audience", "api://AzureADTokenExchange"))
        .and(query_param("v", "1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "value": token })))
        .mount(&github)
        .await;
    let folder = TempDir::new().unwrap();
    let client = format!(
        "client_id: {}, federated_token: github_actions",
        server.credentials().client_id
    );
    let config = entra_only(&server, &client);
    let address = format!("{}/token?v=1", github.uri());
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", address.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "hush"),
    ];
    let output = snapshot(folder.path(), &config, &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let output = snapshot(folder.path(), &config, &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("id-token: write"), "{error}");
}

#[tokio::test]
async fn a_type_that_a_cloud_lacks_is_not_asked_for_there() {
    let server = server(ServerOptions::default()).await;
    let mut tenant = tenant_of(&server);
    tenant.entra.as_mut().unwrap().cloud = Cloud::China;
    let (outcome, _) = gather(&tenant).await;
    let manifest = outcome.unwrap();
    let apps = entry(&manifest, "entra.apps_and_services");
    assert_eq!(apps.status, Status::Unavailable);
    assert_eq!(
        apps.reason.as_deref(),
        Some("Microsoft does not offer it in the cloud china")
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.path.contains("appsAndServices"))
    );
    assert_eq!(entry(&manifest, "entra.user").status, Status::Complete);
}

#[tokio::test]
async fn a_token_of_another_tenant_is_not_used() {
    let server = server(ServerOptions::default()).await;
    let wanted = "11111111-2222-3333-4444-555555555555";
    let other = MockServer::start().await;
    // A sign-in host that gives out a token of the simulator's tenant, whichever was asked for.
    let credentials = server.credentials();
    let payload = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        json!({ "tid": credentials.tenant_id, "roles": [] }).to_string(),
    );
    let token = json!({ "access_token": format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"), "expires_in": 3600 });
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&other)
        .await;
    let mut tenant = tenant_of(&server);
    tenant.okta = None;
    let entra = tenant.entra.as_mut().unwrap();
    entra.tenant = wanted.to_owned();
    entra.login_url = other.uri().parse().unwrap();
    let message = gather(&tenant).await.0.unwrap_err().to_string();
    assert!(message.contains("the token is for the tenant"), "{message}");
}

/// A login server that repeats what it was sent.
struct Echo;

impl wiremock::Respond for Echo {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let sent = String::from_utf8_lossy(&request.body).into_owned();
        ResponseTemplate::new(400).set_body_json(json!({ "error": "invalid_client", "error_description": sent }))
    }
}

#[tokio::test]
async fn what_a_server_repeats_of_our_secrets_is_covered() {
    let login = MockServer::start().await;
    Mock::given(method("POST")).respond_with(Echo).mount(&login).await;
    let mut tenant = crate::support::tenant(None, Some((&login.uri(), &login.uri())));
    let secret = Secret::Given("hush~hush+hush/hush".to_owned().into());
    tenant = with_proof(tenant, "c1", AppProof::ClientSecret(secret));
    let message = gather(&tenant).await.0.unwrap_err().to_string();
    assert!(message.contains("client_secret=***"), "{message}");
    assert!(!message.contains("hush"), "{message}");
}

#[tokio::test]
async fn a_credential_that_is_refused_shows_before_anything_is_read() {
    let server = server(ServerOptions::default()).await;
    let mut tenant = tenant_of(&server);
    let wrong = Secret::Given("wrong".to_owned().into());
    tenant = with_proof(tenant, &server.credentials().client_id, AppProof::ClientSecret(wrong));
    let message = gather(&tenant).await.0.unwrap_err().to_string();
    assert!(message.contains("Entra: signing in failed"), "{message}");
    assert!(server.requests().iter().all(|request| request.method == "POST"));
}

#[tokio::test]
async fn a_token_that_everybody_finds_refused_is_bought_again_once() {
    let graph = MockServer::start().await;
    let token = |name: &str| json!({ "access_token": name, "expires_in": 3600, "token_type": "Bearer" });
    let tokens = Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(token("first")));
    tokens.up_to_n_times(1).mount(&graph).await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token("second")))
        .expect(1)
        .mount(&graph)
        .await;
    Mock::given(header("authorization", "Bearer first"))
        .respond_with(ResponseTemplate::new(401).set_delay(std::time::Duration::from_millis(200)))
        .mount(&graph)
        .await;
    Mock::given(header("authorization", "Bearer second"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "value": [] })))
        .mount(&graph)
        .await;
    let tenant = crate::support::tenant(None, Some((&graph.uri(), &graph.uri())));
    gather(&tenant).await.0.unwrap();
    graph.verify().await;
}

/// The nonce in the proof of a request.
fn nonce_of(request: &wiremock::Request) -> Option<String> {
    let proof = request.headers.get("dpop")?.to_str().ok()?;
    let claims = URL_SAFE_NO_PAD.decode(proof.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims["nonce"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_nonce_that_a_resource_asks_for_is_in_the_next_proof_and_the_token_is_kept() {
    let org = MockServer::start().await;
    // The token endpoint has a nonce of its own, which the resources do not take.
    let token = json!({ "token_type": "DPoP", "expires_in": 3600, "access_token": "opaque" });
    let token = ResponseTemplate::new(200)
        .set_body_json(token)
        .append_header("dpop-nonce", "of-tokens");
    Mock::given(method("POST")).respond_with(token).mount(&org).await;
    Mock::given(method("GET"))
        .respond_with(|request: &wiremock::Request| match nonce_of(request).as_deref() {
            Some("of-resources") => ResponseTemplate::new(200).set_body_json(json!([])),
            _ => ResponseTemplate::new(401)
                .append_header("www-authenticate", "DPoP error=\"use_dpop_nonce\"")
                .append_header("dpop-nonce", "of-resources"),
        })
        .mount(&org)
        .await;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (outcome, _) = gather(&with_key(crate::support::tenant(Some(&org.uri()), None), &key)).await;
    assert_eq!(entry(&outcome.unwrap(), "okta.app").status, Status::Complete);
    let asked = org.received_requests().await.unwrap();
    let tokens = asked.iter().filter(|request| request.method.as_str() == "POST");
    assert_eq!(tokens.count(), 1, "the token was bought again");
}
