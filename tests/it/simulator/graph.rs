//! Microsoft Graph over HTTP.

use serde_json::{Value, json};
use tenken::simulator::{Scenario, ServerOptions, World};

use super::client::{Client, now, objects, world};

/// What an auditor selects of a user.
const USER: &str = "id,userPrincipalName,displayName,mail,otherMails,proxyAddresses,identities,accountEnabled,userType,creationType,externalUserState,createdDateTime,deletedDateTime,usageLocation,country,department,companyName,jobTitle,employeeId,employeeType,assignedLicenses,assignedPlans,licenseAssignmentStates,onPremisesImmutableId,onPremisesSyncEnabled,onPremisesLastSyncDateTime,onPremisesDistinguishedName,onPremisesDomainName,onPremisesSamAccountName,onPremisesSecurityIdentifier,onPremisesUserPrincipalName,onPremisesProvisioningErrors,serviceProvisioningErrors,isManagementRestricted,lastPasswordChangeDateTime,passwordPolicies,signInSessionsValidFromDateTime,securityIdentifier";

fn project(object: &Value, select: &str) -> Value {
    let Value::Object(fields) = object else {
        panic!("no object")
    };
    let names: Vec<&str> = select.split(',').collect();
    fields
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[tokio::test]
async fn paging_to_the_end_gives_the_listing() {
    let client = Client::contoso().await;
    let world = world("contoso");
    let (users, sizes) = client
        .all_of_graph(&format!("/v1.0/users?$select={USER}&$top=150"))
        .await;
    assert_eq!((sizes.len(), sizes[0]), (3, 150));
    let listed: Vec<Value> = objects(&world, "/v1.0/users")
        .iter()
        .map(|user| project(user, USER))
        .collect();
    assert!(users == listed);
    assert!(users.iter().all(|user| user.as_object().unwrap().len() == 38));
    for path in [
        "/v1.0/organization",
        "/v1.0/domains",
        "/v1.0/subscribedSkus",
        "/v1.0/directory/subscriptions",
        "/v1.0/roleManagement/directory/roleAssignments",
    ] {
        assert!(client.all_of_graph(path).await.0 == objects(&world, path), "{path}");
    }
    for path in ["/v1.0/policies/authorizationPolicy", "/beta/admin/appsAndServices"] {
        let mut body = client.graph(path).await.body;
        let context = body.as_object_mut().unwrap().shift_remove("@odata.context").unwrap();
        assert!(context.as_str().unwrap().ends_with("/$entity"));
        assert_eq!(vec![body], objects(&world, path));
    }
    client.server.shutdown().await;
}

#[tokio::test]
async fn without_a_selection_a_user_is_short() {
    let client = Client::contoso().await;
    let page = client.graph("/v1.0/users").await;
    assert_eq!(page.body["value"].as_array().unwrap().len(), 100);
    assert_eq!(page.body["value"][0].as_object().unwrap().len(), 11);
    assert_eq!(
        page.body["@odata.context"],
        "https://graph.microsoft.com/v1.0/$metadata#users"
    );
    let groups = client.graph("/v1.0/groups").await;
    assert!(groups.body["value"][0].get("assignedLicenses").is_none());
    let groups = client.graph("/v1.0/groups?$select=id,assignedLicenses").await;
    assert_eq!(groups.body["value"][0]["assignedLicenses"].as_array().unwrap().len(), 1);
    let selected = client.graph("/v1.0/users?%24select=id,city&%24top=2").await;
    assert_eq!(selected.body["value"][0]["city"], Value::Null);
    assert!(
        selected.body["@odata.nextLink"]
            .as_str()
            .unwrap()
            .contains("%24top=2&$skiptoken=")
    );
}

#[tokio::test]
async fn queries_that_graph_refuses_are_refused() {
    let client = Client::contoso().await;
    let mark = client.graph("/v1.0/users?$top=1").await.body["@odata.nextLink"]
        .as_str()
        .unwrap()
        .split_once("$skiptoken=")
        .unwrap()
        .1
        .to_owned();
    for (path, status, code) in [
        ("/v1.0/users?$select=shoeSize".to_owned(), 400, "BadRequest"),
        ("/v1.0/users?$top=1000".to_owned(), 400, "Request_BadRequest"),
        ("/v1.0/groups?$top=0".to_owned(), 400, "Request_BadRequest"),
        ("/v1.0/users?$top=many".to_owned(), 400, "Request_BadRequest"),
        ("/v1.0/directory/subscriptions?$top=5000".to_owned(), 200, ""),
        (
            "/v1.0/users?$filter=startswith(mail,'a')".to_owned(),
            400,
            "Request_UnsupportedQuery",
        ),
        ("/v1.0/users?$skip=3".to_owned(), 400, "Request_UnsupportedQuery"),
        (
            "/v1.0/subscribedSkus?$top=3".to_owned(),
            400,
            "Request_UnsupportedQuery",
        ),
        (format!("/v1.0/groups?$skiptoken={mark}"), 400, "Request_BadRequest"),
        ("/v1.0/users?$skiptoken=".to_owned(), 400, "Request_BadRequest"),
        ("/v1.0/nothing".to_owned(), 404, "ResourceNotFound"),
        ("/beta/users".to_owned(), 404, "ResourceNotFound"),
        ("/".to_owned(), 404, "ResourceNotFound"),
    ] {
        let answer = client.graph(&path).await;
        assert_eq!((answer.status, answer.error_code()), (status, code), "{path}");
        assert!(!answer.header("request-id").is_empty());
    }
    let posted = client
        .send("POST", &format!("{}/v1.0/users", client.server.graph_url()))
        .await;
    assert_eq!((posted.status, posted.error_code()), (405, "Request_BadRequest"));
}

#[tokio::test]
async fn federation_is_there_or_not_found() {
    let client = Client::contoso().await;
    let okta = client
        .graph("/v1.0/domains/contoso.example/federationConfiguration")
        .await;
    assert!(
        okta.body["value"][0]["passiveSignInUri"]
            .as_str()
            .unwrap()
            .contains("/app/office365/")
    );
    assert!(
        okta.body["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("#domains('contoso.example')/federationConfiguration")
    );
    for domain in ["contoso.onmicrosoft.com", "nowhere.example"] {
        let none = client
            .graph(&format!("/v1.0/domains/{domain}/federationConfiguration"))
            .await;
        assert_eq!((none.status, none.error_code()), (404, "Request_ResourceNotFound"));
    }
    let world = world("contoso");
    let parents: Vec<_> = world
        .listing("/v1.0/domains/{id}/federationConfiguration")
        .unwrap()
        .map(|listed| listed.parent)
        .collect();
    assert_eq!(
        parents,
        [Some("contoso.example".to_owned()), Some("adatum.example".to_owned())]
    );
}

#[tokio::test]
async fn only_a_token_that_was_given_out_opens_graph() {
    let client = Client::contoso().await;
    for authorization in ["", "Bearer ", "Bearer a.b.c", "SSWS x"] {
        let answer = client.graph_with("/v1.0/users", authorization).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (401, "InvalidAuthenticationToken"),
            "{authorization}"
        );
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(answer.body["error"]["innerError"]["request-id"].is_string());
    }
}

#[tokio::test]
async fn what_is_not_granted_or_denied_is_refused() {
    let yaml = include_str!("../../../src/simulator/scenarios/clean.yaml");
    let yaml = yaml.replace(
        "    secret: simulated-clean-client-not-a-secret",
        "    secret: s\n    granted: [User.Read.All, Domain.Read.All]",
    );
    let options = ServerOptions {
        deny: vec!["/v1.0/domains".to_owned()],
        ..ServerOptions::default()
    };
    let client = Client::of(World::new(Scenario::parse(&yaml).unwrap(), now()), options).await;
    for (path, status) in [
        ("/v1.0/users", 200),
        ("/v1.0/domains", 403),
        ("/v1.0/organization", 403),
        ("/beta/admin/appsAndServices", 403),
    ] {
        let answer = client.graph(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(status == 200 || answer.error_code() == "Authorization_RequestDenied");
    }
    let denied = yaml + "\ndeny: [/v1.0/users]\n";
    let client = Client::of(
        World::new(Scenario::parse(&denied).unwrap(), now()),
        ServerOptions::default(),
    )
    .await;
    assert_eq!(client.graph("/v1.0/users").await.status, 403);
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    let options = ServerOptions {
        throttle_every: Some(2),
        ..ServerOptions::default()
    };
    let client = Client::of(world("contoso"), options).await;
    assert_eq!(client.graph("/v1.0/organization").await.status, 200);
    let refused = client.graph("/v1.0/organization").await;
    assert_eq!(
        (refused.status, refused.error_code(), refused.header("retry-after")),
        (429, "TooManyRequests", "1")
    );
    assert_eq!(client.graph("/v1.0/organization").await.status, 200);
}

#[tokio::test]
async fn answers_tell_what_they_cost() {
    let client = Client::contoso().await;
    for (path, units) in [
        ("/v1.0/users", "2"),
        ("/v1.0/users?$select=id", "1"),
        ("/v1.0/subscribedSkus", "3"),
        ("/v1.0/domains", "1"),
    ] {
        assert_eq!(client.graph(path).await.header("x-ms-resource-unit"), units, "{path}");
    }
}

#[tokio::test]
async fn garbage_never_breaks_it() {
    let client = Client::contoso().await;
    for path in [
        "/v1.0/users",
        "/v1.0/domains/%FF/federationConfiguration",
        "/v1.0/policies/authorizationPolicy",
        "/v1.0//",
        "/%",
    ] {
        for query in [
            "$select=",
            "$select=,,",
            "$top=-1",
            "$top=99999999999999999999",
            "$skiptoken=%00",
            "%",
            "$select=%ZZ",
            "&&",
            "=",
            "$$$",
            "$top=1&$top=x",
        ] {
            let answer = client.graph(&format!("{path}?{query}")).await;
            assert!(
                answer.status < 500 && answer.body != json!(null),
                "{path}?{query}: {}",
                answer.status
            );
        }
    }
}
