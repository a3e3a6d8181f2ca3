//! A client that reads like an auditor: with the credentials, page by page.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tenken::simulator::{Listed, Scenario, Server, ServerOptions, World};

pub(crate) const NOW: &str = "2026-04-01T09:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn world(name: &str) -> World {
    World::new(Scenario::builtin(name).unwrap().unwrap(), now())
}

pub(crate) fn objects(world: &World, path: &str) -> Vec<Value> {
    world
        .listing(path)
        .unwrap()
        .map(|listed: Listed| listed.object)
        .collect()
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn error_code(&self) -> &str {
        self.body["errorCode"]
            .as_str()
            .or(self.body["error"]["code"].as_str())
            .unwrap_or_default()
    }

    /// The page that a `Link` header of this relation leads to.
    pub(crate) fn link(&self, rel: &str) -> Option<String> {
        let links = self
            .headers
            .get_all("link")
            .into_iter()
            .map(|value| value.to_str().unwrap());
        let (url, _) = links
            .filter_map(|link| link.split_once(">; rel="))
            .find(|(_, given)| *given == format!("\"{rel}\""))?;
        Some(url.trim_start_matches('<').to_owned())
    }
}

pub(crate) struct Client {
    pub(crate) server: Server,
    http: reqwest::Client,
    bearer: String,
}

impl Client {
    pub(crate) async fn of(world: World, options: ServerOptions) -> Client {
        let server = Server::start(world, options).await.unwrap();
        let mut client = Client {
            server,
            http: reqwest::Client::new(),
            bearer: String::new(),
        };
        let token = client.token(&[]).await;
        client.bearer = token.body["access_token"].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn contoso() -> Client {
        Client::of(world("contoso"), ServerOptions::default()).await
    }

    /// Asks for a token, with some fields changed; an empty value leaves the field out.
    pub(crate) async fn token(&self, changes: &[(&str, &str)]) -> Answer {
        let credentials = self.server.credentials();
        let scope = format!("{}/.default", self.server.graph_url());
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &credentials.client_id),
            ("client_secret", &credentials.client_secret),
            ("scope", &scope),
        ];
        form.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        form.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let tenant = changes
            .iter()
            .find(|(name, _)| *name == "tenant")
            .map_or(credentials.tenant_id.as_str(), |(_, value)| value);
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.server.login_url());
        answer(self.http.post(url).form(&form)).await
    }

    pub(crate) async fn okta(&self, path: &str) -> Answer {
        self.okta_with(path, &format!("SSWS {}", self.server.credentials().okta_token))
            .await
    }

    pub(crate) async fn okta_with(&self, path: &str, authorization: &str) -> Answer {
        let request = self.http.get(absolute(&self.server.okta_url(), path));
        answer(if authorization.is_empty() {
            request
        } else {
            request.header("authorization", authorization)
        })
        .await
    }

    pub(crate) async fn graph(&self, path: &str) -> Answer {
        self.graph_with(path, &format!("Bearer {}", self.bearer)).await
    }

    pub(crate) async fn graph_with(&self, path: &str, authorization: &str) -> Answer {
        let request = self.http.get(absolute(&self.server.graph_url(), path));
        answer(if authorization.is_empty() {
            request
        } else {
            request.header("authorization", authorization)
        })
        .await
    }

    pub(crate) async fn send(&self, method: &str, url: &str) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let authorization = match url.starts_with(&self.server.okta_url()) {
            true => format!("SSWS {}", self.server.credentials().okta_token),
            false => format!("Bearer {}", self.bearer),
        };
        answer(self.http.request(method, url).header("authorization", authorization)).await
    }

    /// All pages of an Okta list, with how many objects each had.
    pub(crate) async fn all_of_okta(&self, path: &str) -> (Vec<Value>, Vec<usize>) {
        let (mut objects, mut sizes, mut next) = (Vec::new(), Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let page = self.okta(&path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            assert_eq!(page.link("self").unwrap(), absolute(&self.server.okta_url(), &path));
            let Value::Array(items) = &page.body else {
                panic!("{path}: no list")
            };
            sizes.push(items.len());
            objects.extend(items.iter().cloned());
            next = page.link("next");
            assert!(
                next.as_ref()
                    .is_none_or(|next| next.starts_with(&self.server.okta_url()))
            );
        }
        (objects, sizes)
    }

    /// All pages of a Graph list.
    pub(crate) async fn all_of_graph(&self, path: &str) -> (Vec<Value>, Vec<usize>) {
        let (mut objects, mut sizes, mut next) = (Vec::new(), Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let page = self.graph(&path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            let items = page.body["value"].as_array().unwrap();
            sizes.push(items.len());
            objects.extend(items.iter().cloned());
            next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
            assert!(
                next.as_ref()
                    .is_none_or(|next| next.starts_with(&self.server.graph_url()))
            );
        }
        (objects, sizes)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    }
}

fn absolute(base: &str, path: &str) -> String {
    if path.starts_with("http") {
        path.to_owned()
    } else {
        format!("{base}{path}")
    }
}

/// The values of a text field.
pub(crate) fn texts<'v>(objects: &'v [Value], pointer: &str) -> BTreeSet<&'v str> {
    objects
        .iter()
        .filter_map(|object| object.pointer(pointer)?.as_str())
        .collect()
}
