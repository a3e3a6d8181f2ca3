//! The Okta org over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tenken::simulator::{Scenario, Server, ServerOptions, World};

use super::client::{Client, now, objects, texts, world};

const OFFICE: &str = "0oa1m365cntso00015d7";
const FAILURES: &str = "filter=(eventType%20sw%20%22application.provision.user%22%20or%20eventType%20sw%20%22app.office365%22)%20and%20outcome.result%20eq%20%22FAILURE%22";

#[tokio::test]
async fn paging_to_the_end_gives_the_listing() {
    let client = Client::contoso().await;
    let world = world("contoso");
    for (path, template, sizes) in [
        ("/api/v1/users?limit=150", "/api/v1/users", vec![150, 150, 137]),
        ("/api/v1/apps?limit=3", "/api/v1/apps", vec![3, 3, 1]),
        ("/api/v1/apps", "/api/v1/apps", vec![7]),
    ] {
        let (paged, found) = client.all_of_okta(path).await;
        assert_eq!(found, sizes, "{path}");
        assert!(paged == objects(&world, template), "{path}");
    }
    // Groups come without what belongs to them unless it is asked for.
    let named = client
        .okta(&format!("/api/v1/apps/{OFFICE}/groups?expand=group"))
        .await
        .body;
    let bare = client.okta(&format!("/api/v1/apps/{OFFICE}/groups")).await.body;
    assert_eq!(named[0]["_embedded"]["group"]["profile"]["name"], "M365 everyone");
    assert_eq!(bare[0].get("_embedded"), None);
    for (template, options) in [
        ("/api/v1/apps/{appId}/users", ""),
        ("/api/v1/apps/{appId}/groups", "?expand=group"),
    ] {
        for app in objects(&world, "/api/v1/apps") {
            let id = app["id"].as_str().unwrap();
            let (paged, _) = client.all_of_okta(&(template.replace("{appId}", id) + options)).await;
            let of_app = world
                .listing(template)
                .unwrap()
                .filter(|listed| listed.parent.as_deref() == Some(id));
            assert!(
                paged == of_app.map(|listed| listed.object).collect::<Vec<_>>(),
                "{template} of {id}"
            );
        }
    }
    client.server.shutdown().await;
}

#[tokio::test]
async fn page_sizes_are_the_vendor_s() {
    let scenario = Scenario::builtin("contoso").unwrap().unwrap().with_people(700);
    let client = Client::of(World::new(scenario, now()), ServerOptions::default()).await;
    let app_users = format!("/api/v1/apps/{OFFICE}/users");
    for (path, size) in [
        ("/api/v1/users".to_owned(), 200),
        ("/api/v1/users?limit=5000".to_owned(), 200),
        ("/api/v1/users?limit=-1".to_owned(), 1),
        (app_users.clone(), 50),
        (format!("{app_users}?limit=500"), 500),
        (format!("{app_users}?limit=501"), 500),
        (format!("{app_users}?limit=1"), 1),
        (format!("/api/v1/apps/{OFFICE}/groups?limit=1"), 3),
        ("/api/v1/logs?limit=0".to_owned(), 0),
    ] {
        assert_eq!(client.okta(&path).await.body.as_array().unwrap().len(), size, "{path}");
    }
}

#[tokio::test]
async fn links_are_headers_of_their_own() {
    let client = Client::contoso().await;
    let page = client.okta("/api/v1/users?limit=2").await;
    let links: Vec<_> = page.headers.get_all("link").iter().collect();
    assert_eq!(links.len(), 2);
    assert!(page.link("next").unwrap().contains("limit=2&after="));
    let other = page.link("next").unwrap().split_once("after=").unwrap().1.to_owned();
    for path in [
        "/api/v1/apps?after=",
        "/api/v1/users?filter=status%20eq%20\"ACTIVE\"&after=",
    ] {
        let answer = client.okta(&format!("{path}{other}")).await;
        assert_eq!((answer.status, answer.error_code()), (400, "E0000029"), "{path}");
    }
}

#[tokio::test]
async fn a_token_is_needed_everywhere_but_once() {
    let client = Client::contoso().await;
    for authorization in ["", "SSWS wrong", "Bearer x", "SSWS"] {
        let answer = client.okta_with("/api/v1/users", authorization).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (401, "E0000011"),
            "{authorization}"
        );
        assert_eq!(answer.body["errorLink"], "E0000011");
        assert!(!answer.header("x-rate-limit-remaining").is_empty());
    }
    let open = client.okta_with("/.well-known/okta-organization", "").await;
    assert_eq!((open.status, &open.body["pipeline"]), (200, &json!("idx")));
    let org = client.okta("/api/v1/org").await;
    assert_eq!(org.body["subdomain"], "contoso");
    assert!(org.headers.get("link").is_none());
}

#[tokio::test]
async fn the_deprovisioned_are_shown_only_on_request() {
    let client = Client::contoso().await;
    let (users, _) = client.all_of_okta("/api/v1/users").await;
    assert_eq!(texts(&users, "/status").into_iter().collect::<Vec<_>>(), ["ACTIVE"]);
    for parameter in ["filter", "search"] {
        let (gone, _) = client
            .all_of_okta(&format!("/api/v1/users?{parameter}=status%20eq%20%22DEPROVISIONED%22"))
            .await;
        assert_eq!(
            texts(&gone, "/profile/login").into_iter().collect::<Vec<_>>(),
            ["kenji.morozumi@contoso.example"]
        );
    }
    for refused in [
        "filter=profile.login%20eq%20%22a%22",
        "filter=",
        "filter=%FF",
        "search=x",
        "q=sato",
        "filter=status+pr",
    ] {
        let answer = client.okta(&format!("/api/v1/users?{refused}")).await;
        assert_eq!((answer.status, answer.error_code()), (400, "E0000031"), "{refused}");
    }
}

#[tokio::test]
async fn apps_can_be_asked_for_by_name() {
    let client = Client::contoso().await;
    let (apps, _) = client
        .all_of_okta("/api/v1/apps?filter=name%20eq%20%22office365%22")
        .await;
    let tenants: Vec<_> = apps.iter().map(|app| &app["settings"]["app"]["msftTenant"]).collect();
    assert_eq!(tenants, ["contoso", "fabrikam"]);
    let refused = client.okta("/api/v1/apps?filter=status%20eq%20%22ACTIVE%22").await;
    assert_eq!((refused.status, refused.error_code()), (400, "E0000031"));
}

#[tokio::test]
async fn features_show_what_is_provisioned_and_an_error_when_nothing_is() {
    let client = Client::contoso().await;
    let on = client.okta(&format!("/api/v1/apps/{OFFICE}/features")).await;
    assert_eq!(
        on.body[0]["capabilities"]["create"]["lifecycleCreate"]["status"],
        "ENABLED"
    );
    let off = client.okta("/api/v1/apps/0oa1canteencn00045d7/features").await;
    assert_eq!((off.status, off.error_code()), (400, "E0000001"));
    assert_eq!(
        off.body["errorCauses"][0]["errorSummary"],
        "Provisioning is not enabled for the app instance."
    );
}

#[tokio::test]
async fn the_log_is_asked_in_bounds() {
    let client = Client::contoso().await;
    let bounded = format!("/api/v1/logs?{FAILURES}&since=2026-03-02T00:00:00Z&until=2026-04-01T09:00:00Z&limit=3");
    let (failures, sizes) = client.all_of_okta(&bounded).await;
    assert!(
        sizes.len() > 2 && sizes.iter().rev().skip(1).all(|size| *size == 3),
        "{sizes:?}"
    );
    assert_eq!(
        texts(&failures, "/outcome/result").into_iter().collect::<Vec<_>>(),
        ["FAILURE"]
    );
    let published: Vec<_> = failures
        .iter()
        .map(|event| event["published"].as_str().unwrap())
        .collect();
    assert!(published.is_sorted());
    assert!(
        failures
            .iter()
            .all(|event| event["outcome"]["reason"].as_str().unwrap().chars().count() <= 255)
    );
    let (all, _) = client
        .all_of_okta("/api/v1/logs?since=2026-03-02T00:00:00Z&until=2026-04-01T09:00:00Z")
        .await;
    assert!(all.len() > failures.len());
    let (backwards, _) = client
        .all_of_okta("/api/v1/logs?since=2026-03-02T00:00:00Z&sortOrder=DESCENDING")
        .await;
    assert!(backwards.iter().eq(all.iter().rev()));
    for (query, code) in [
        ("filter=eventType%20eq%20%22user.session.start%22", "E0000031"),
        ("since=2025-01-01T00:00:00Z", "E0000053"),
        ("since=yesterday", "E0000030"),
        ("limit=many", "E0000037"),
    ] {
        let answer = client.okta(&format!("/api/v1/logs?{query}")).await;
        assert_eq!((answer.status, answer.error_code()), (400, code), "{query}");
    }
}

#[tokio::test]
async fn a_log_query_without_an_end_goes_on() {
    let client = Client::contoso().await;
    let first = client.okta("/api/v1/logs?since=2026-03-02T00:00:00Z&limit=1000").await;
    let next = first.link("next").unwrap();
    let nothing_yet = client.okta(&next).await;
    assert_eq!(nothing_yet.body, json!([]));
    assert!(nothing_yet.link("next").is_some());
}

#[tokio::test]
async fn rate_limits_are_told_counted_and_kept() {
    let client = Client::contoso().await;
    let remaining = |answer: &super::client::Answer| answer.header("x-rate-limit-remaining").parse::<u32>().unwrap();
    let (first, second) = (client.okta("/api/v1/apps").await, client.okta("/api/v1/apps").await);
    assert_eq!(remaining(&first), remaining(&second) + 1);
    assert_eq!(first.header("x-rate-limit-limit"), "10000");
    let reset: i64 = first.header("x-rate-limit-reset").parse().unwrap();
    assert!((1..=61).contains(&(reset - now().as_second())));
    assert!(first.header("date").ends_with("GMT"));

    let strict = include_str!("../../../src/simulator/scenarios/clean.yaml");
    let strict = strict.replace(
        "  url: https://contoso",
        "  rate_limit_factor: 1\n  url: https://contoso",
    );
    let client = Client::of(
        World::new(Scenario::parse(&strict).unwrap(), now()),
        ServerOptions::default(),
    )
    .await;
    for _ in 0..100 {
        assert_eq!(client.okta("/api/v1/apps?limit=1").await.status, 200);
    }
    let refused = client.okta("/api/v1/apps?limit=1").await;
    assert_eq!(
        (refused.status, refused.error_code(), remaining(&refused)),
        (429, "E0000047", 0)
    );
    assert_eq!(client.okta("/api/v1/users?limit=1").await.status, 200);
}

#[tokio::test]
async fn throttling_refuses_once_and_then_answers() {
    let options = ServerOptions {
        throttle_every: Some(3),
        ..ServerOptions::default()
    };
    let client = Client::of(world("contoso"), options).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let answer = client.okta("/api/v1/org").await;
        if answer.status == 429 {
            assert_eq!(
                (answer.error_code(), answer.header("x-rate-limit-remaining")),
                ("E0000047", "0")
            );
            assert!(answer.headers.get("retry-after").is_none());
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 200, 429, 200, 200, 429, 200]);
    let asked: Vec<u16> = client
        .server
        .requests()
        .iter()
        .filter(|request| request.path == "/api/v1/org")
        .map(|request| request.status)
        .collect();
    assert_eq!(asked, statuses);
}

#[tokio::test]
async fn what_is_denied_unknown_or_not_a_get_is_refused_in_the_vendor_s_words() {
    let options = ServerOptions {
        deny: vec!["/api/v1/apps/{appId}/users".to_owned()],
        ..ServerOptions::default()
    };
    let client = Client::of(world("contoso"), options).await;
    for (path, status, code) in [
        (format!("/api/v1/apps/{OFFICE}/users"), 403, "E0000006"),
        (format!("/api/v1/apps/{OFFICE}/groups"), 200, ""),
        ("/api/v1/apps/0oaNobody/groups".to_owned(), 404, "E0000007"),
        ("/api/v1/apps/0oaNobody/features".to_owned(), 404, "E0000007"),
        ("/api/v1/nothing".to_owned(), 404, "E0000007"),
        ("/".to_owned(), 404, "E0000007"),
        ("/v1.0/users".to_owned(), 404, "E0000007"),
        ("/api/v1/users/".to_owned(), 404, "E0000007"),
    ] {
        let answer = client.okta(&path).await;
        assert_eq!((answer.status, answer.error_code()), (status, code), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = client
            .send(method, &format!("{}/api/v1/users", client.server.okta_url()))
            .await;
        assert_eq!((answer.status, answer.error_code()), (405, "E0000022"), "{method}");
    }
}

#[tokio::test]
async fn a_server_stops_when_it_is_told_to_or_dropped() {
    for dropped in [false, true] {
        let client = Client::contoso().await;
        let url = format!("{}/api/v1/org", client.server.okta_url());
        assert_eq!(client.okta("/api/v1/org").await.status, 200);
        // The client's connections are still open, and must not keep the server up.
        let begun = Instant::now();
        if dropped {
            drop(client);
            tokio::time::sleep(Duration::from_millis(300)).await;
        } else {
            client.server.shutdown().await;
        }
        assert!(begun.elapsed() < Duration::from_secs(3));
        assert!(reqwest::get(url).await.unwrap_err().is_connect());
    }
}

#[tokio::test]
async fn ports_and_denials_are_checked() {
    let taken = Client::contoso().await;
    let port: u16 = taken.server.okta_url().rsplit(':').next().unwrap().parse().unwrap();
    let options = ServerOptions {
        okta_port: port,
        ..ServerOptions::default()
    };
    let refused = Server::start(world("clean"), options).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
    let options = ServerOptions {
        deny: vec!["/v1.0/me".to_owned()],
        ..ServerOptions::default()
    };
    let refused = Server::start(world("clean"), options).await.unwrap_err();
    assert!(refused.to_string().contains("/v1.0/me"));
}

#[tokio::test]
async fn garbage_never_breaks_it() {
    let client = Client::contoso().await;
    for path in [
        "/api/v1/users",
        "/api/v1/apps",
        "/api/v1/logs",
        "/api/v1/org",
        "/api/v1/apps/%00/users",
        "/%",
    ] {
        for query in [
            "after=",
            "after=%00",
            "limit=99999999999999999999",
            "limit=",
            "&&&=&=",
            "a=%ZZ",
            "filter=%22%28%29",
            "since=-1",
            "%",
            "=",
            "limit=1&limit=x",
        ] {
            let answer = client.okta(&format!("{path}?{query}")).await;
            assert!(
                answer.status < 500 && answer.body != Value::Null,
                "{path}?{query}: {}",
                answer.status
            );
        }
    }
}
