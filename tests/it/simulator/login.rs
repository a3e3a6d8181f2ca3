//! Signing in to Microsoft.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::client::{Client, now};

#[tokio::test]
async fn a_secret_buys_a_token_that_says_what_it_is_good_for() {
    let client = Client::contoso().await;
    let answer = client.token(&[]).await;
    assert_eq!((answer.status, answer.body["expires_in"].as_i64()), (200, Some(3599)));
    assert_eq!(answer.body["token_type"], "Bearer");
    let token = answer.body["access_token"].as_str().unwrap();
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(parts[0]["typ"], "JWT");
    let claims = &parts[1];
    assert_eq!(claims["tid"], client.server.credentials().tenant_id);
    assert_eq!(claims["aud"], client.server.graph_url());
    assert!(claims["exp"].as_i64().unwrap() >= now().as_second() + 3599);
    let roles: Vec<&str> = claims["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role.as_str().unwrap())
        .collect();
    for role in [
        "Domain-InternalFederation.Read.All",
        "Domain.Read.All",
        "GroupMember.Read.All",
        "OrgSettings-AppsAndServices.Read.All",
        "Organization.Read.All",
        "Policy.Read.All",
        "RoleManagement.Read.Directory",
        "User.Read.All",
    ] {
        assert!(roles.contains(&role), "{role}");
    }
    // The least for each path, each once, and nothing that writes.
    assert!(roles.is_sorted() && roles.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(
        roles
            .iter()
            .all(|role| role.contains(".Read") && !role.contains("Write"))
    );
    assert!(!roles.contains(&"Group.Read.All"));
    assert_eq!(client.token(&[("tenant", "CONTOSO.onmicrosoft.com")]).await.status, 200);
    assert_eq!(
        client
            .graph_with("/v1.0/domains", &format!("Bearer {token}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn anything_else_is_refused_with_a_reason() {
    let client = Client::contoso().await;
    for (change, status, error, code) in [
        (("client_secret", "wrong"), 401, "invalid_client", 7_000_215),
        (("client_secret", ""), 401, "invalid_client", 7_000_218),
        (("client_id", "nobody"), 400, "unauthorized_client", 700_016),
        (
            ("scope", "https://graph.microsoft.com/User.Read"),
            400,
            "invalid_scope",
            70_011,
        ),
        (("scope", ""), 400, "invalid_request", 900_144),
        (("grant_type", "password"), 400, "unsupported_grant_type", 70_003),
        (("tenant", "fabrikam.onmicrosoft.com"), 400, "invalid_request", 90_002),
    ] {
        let answer = client.token(&[change]).await;
        assert_eq!(
            (answer.status, answer.body["error"].as_str()),
            (status, Some(error)),
            "{change:?}"
        );
        assert_eq!(answer.body["error_codes"][0], code);
        assert!(
            answer.body["error_description"]
                .as_str()
                .unwrap()
                .starts_with(&format!("AADSTS{code}: "))
        );
        assert!(answer.body.get("access_token").is_none());
    }
    let url = format!("{}/common/oauth2/v2.0/token", client.server.login_url());
    for method in ["GET", "PUT", "POST"] {
        let answer = client.send(method, &url).await;
        assert_eq!(
            (answer.status, answer.body["error"].as_str()),
            (400, Some("invalid_request")),
            "{method}"
        );
    }
    let asked = client.server.requests();
    assert!(asked.iter().all(|request| request.query.is_none()));
    assert!(
        asked
            .iter()
            .any(|request| request.method == "POST" && request.status == 401)
    );
}
