//! Pages: the objects of an answer and the address of the next.

use std::collections::HashMap;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LINK};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalog::{Call, Paging, next_link};

/// The objects of a page, untouched, and where the next page is.
#[derive(Debug)]
pub(super) struct Page<'b> {
    pub(super) objects: Vec<&'b RawValue>,
    pub(super) next: Option<Url>,
}

/// Reads the answer to a call: a page of a list, or the one object that there is. The error says in what way it is neither.
pub(super) fn parse<'b>(call: &Call, single: bool, headers: &HeaderMap, body: &'b [u8]) -> Result<Page<'b>, String> {
    let page = match &call.list {
        Some(list) => under(list, headers, body),
        None => read(call.paging, single, headers, body),
    };
    page.map_err(|reason| match foreign_type(headers) {
        Some(content_type) => format!("{reason} (it says that it is {content_type})"),
        None => reason,
    })
}

/// What an answer calls itself, if it is not JSON. An answer that is JSON may call itself what it likes.
fn foreign_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let name = value.split(';').next().unwrap_or_default().trim();
    (!name.contains("json")).then(|| name.chars().take(60).collect())
}

fn read<'b>(paging: Paging, single: bool, headers: &HeaderMap, body: &'b [u8]) -> Result<Page<'b>, String> {
    let page = match paging {
        // A list that is documented to come as one page may have grown.
        Paging::Link | Paging::None => Page {
            objects: array(body)?,
            next: next_page(headers)?,
        },
        Paging::Object => {
            let objects: Vec<&RawValue> = vec![serde_json::from_slice(body).map_err(|error| not_json(body, &error))?];
            check_objects(&objects)?;
            Page { objects, next: None }
        }
        Paging::Body => return Err("the call does not say where its objects are".to_owned()),
        Paging::Odata => odata(body, single)?,
    };
    if single && page.objects.len() != 1 {
        return Err(format!(
            "the answer has {} objects where there is one",
            page.objects.len()
        ));
    }
    Ok(page)
}

fn not_json(body: &[u8], error: &serde_json::Error) -> String {
    let text = String::from_utf8_lossy(body.get(..64).unwrap_or(body));
    let html = text.trim_start().starts_with('<');
    if html {
        "the answer is a web page, not JSON".to_owned()
    } else {
        format!("the answer is not the JSON expected: {error}")
    }
}

fn array(body: &[u8]) -> Result<Vec<&RawValue>, String> {
    let objects: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| not_json(body, &error))?;
    check_objects(&objects)?;
    Ok(objects)
}

fn check_objects(objects: &[&RawValue]) -> Result<(), String> {
    match objects
        .iter()
        .find(|object| !object.get().trim_start().starts_with('{'))
    {
        None => Ok(()),
        Some(_) => Err("the answer lists something other than objects".to_owned()),
    }
}

/// Graph's envelope. A single object comes bare, or, as some documentation has it, under `value`.
#[derive(Deserialize)]
struct Envelope<'b> {
    /// As it stands there, `null` included.
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'b RawValue>,
    #[serde(rename = "@odata.nextLink", alias = "@odata.nextlink")]
    next: Option<String>,
    error: Option<serde::de::IgnoredAny>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn odata(body: &[u8], single: bool) -> Result<Page<'_>, String> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| not_json(body, &error))?;
    if envelope.error.is_some() {
        return Err("the answer is an error, sent as if it were none".to_owned());
    }
    let next = match envelope.next {
        Some(text) => Some(Url::parse(&text).map_err(|_| "the next link is not an address".to_owned())?),
        None => None,
    };
    let objects = match envelope.value {
        Some(value) if value.get().starts_with('[') => {
            serde_json::from_str(value.get()).map_err(|error| not_json(body, &error))?
        }
        Some(value) if single && value.get().starts_with('{') => vec![value],
        None if single => vec![serde_json::from_slice(body).map_err(|error| not_json(body, &error))?],
        _ => return Err("the answer has no list under `value`".to_owned()),
    };
    check_objects(&objects)?;
    Ok(Page { objects, next })
}

/// A page whose objects are under a property, and the next page's address in its `_links`. Okta's description has some of
/// these lists bare in its examples, so they may come so too, with the next page in a header like its other lists.
fn under<'b>(list: &str, headers: &HeaderMap, body: &'b [u8]) -> Result<Page<'b>, String> {
    let in_header = next_page(headers)?;
    if body.trim_ascii_start().starts_with(b"[") {
        let objects = array(body)?;
        return Ok(Page {
            objects,
            next: in_header,
        });
    }
    let mut parts: HashMap<String, &'b RawValue> =
        serde_json::from_slice(body).map_err(|error| not_json(body, &error))?;
    let objects = parts
        .remove(list)
        .ok_or_else(|| format!("the answer has no list under `{list}`"))?;
    let objects = array(objects.get().as_bytes())?;
    let links: Links = match parts.remove("_links") {
        Some(links) => serde_json::from_str(links.get()).map_err(|error| not_json(body, &error))?,
        None => Links::default(),
    };
    let next = links.next.map(|next| Url::parse(&next.href));
    let next = next
        .transpose()
        .map_err(|_| "the next link is not an address".to_owned())?;
    Ok(Page {
        objects,
        next: next.or(in_header),
    })
}

/// `_links` of a page.
#[derive(Default, Deserialize)]
struct Links {
    next: Option<Href>,
}

#[derive(Deserialize)]
struct Href {
    href: String,
}

/// The next page that a `Link` header names; Okta sends one for each link.
fn next_page(headers: &HeaderMap) -> Result<Option<Url>, String> {
    for value in headers.get_all(LINK) {
        let text = value.to_str().map_err(|_| "a Link header is not text".to_owned())?;
        if let Some(target) = next_link(text)? {
            let next = Url::parse(target).map_err(|_| "the next link is not an address".to_owned())?;
            return Ok(Some(next));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    /// Headers that name these links.
    fn links(values: &[&'static str]) -> HeaderMap {
        let values = values.iter().map(|value| (LINK, HeaderValue::from_static(value)));
        values.collect()
    }

    #[test]
    fn next_links_are_found_among_several_headers() {
        let own = "<https://o.example/users?limit=2>; rel=\"self\"";
        let next = "<https://o.example/users?after=a,b>; rel=\"next\"";
        assert_eq!(next_page(&links(&[own])), Ok(None));
        let found = next_page(&links(&[own, next])).unwrap().unwrap();
        assert_eq!(found.as_str(), "https://o.example/users?after=a,b");
        assert!(next_page(&links(&[own, "<nowhere>; rel=next"])).is_err());
    }

    #[test]
    fn a_list_goes_on_by_its_header_however_it_is_documented() {
        let headers = links(&["<https://o.example/2>; rel=\"next\""]);
        let pages = [
            read(Paging::None, false, &headers, br#"[{"id":"1"}]"#),
            under("roles", &headers, br#"[{"id":"1"}]"#),
            under("roles", &headers, br#"{"roles":[{"id":"1"}]}"#),
        ];
        for page in pages {
            assert_eq!(page.unwrap().next.unwrap().as_str(), "https://o.example/2");
        }
    }

    #[test]
    fn graph_s_lists_and_single_objects_are_told_apart() {
        let headers = HeaderMap::new();
        for (body, single, count) in [
            (
                r#"{"value":[{"id":1},{"id":2}],"@odata.nextLink":"https://g.example/?p=2"}"#,
                false,
                Some(2),
            ),
            (r#"{"value":[]}"#, false, Some(0)),
            (r#"{"value":null}"#, false, None),
            (r#"{"value":{"id":"x"}}"#, false, None),
            (r#"{"id":"x"}"#, false, None),
            (r#"{"value":{"id":"x","settings":{}}}"#, true, Some(1)),
            (r#"{"id":"x","settings":{}}"#, true, Some(1)),
            (r#"{"value":[{"id":"x"}]}"#, true, Some(1)),
            (r#"{"value":[]}"#, true, None),
            (r#"{"value":[{"id":"x"},{"id":"y"}]}"#, true, None),
            (r#"{"value":null}"#, true, None),
            (r#"{"error":{"code":"ServiceUnavailable"}}"#, true, None),
            (r#"{"error":{"code":"ServiceUnavailable"},"value":[]}"#, false, None),
        ] {
            let page = read(Paging::Odata, single, &headers, body.as_bytes());
            assert_eq!(page.ok().map(|page| page.objects.len()), count, "{body}");
        }
    }

    #[test]
    fn administrators_come_under_a_property_with_the_next_page_beside_them() {
        let next = r#"{"value":[{"id":"1"}],"_links":{"self":{"href":"https://o.example/1"},"next":{"href":"https://o.example/2"}}}"#;
        let none = HeaderMap::new();
        let page = under("value", &none, next.as_bytes()).unwrap();
        assert_eq!(
            (page.objects.len(), page.next.unwrap().as_str()),
            (1, "https://o.example/2")
        );
        let last = under("roles", &none, br#"{"roles":[],"_links":{}}"#).unwrap();
        assert!(last.objects.is_empty() && last.next.is_none());
        let bare = under("supportCases", &none, br#" [{"caseNumber":"1"}]"#).unwrap();
        assert!(bare.objects.len() == 1 && bare.next.is_none());
        for (body, words) in [
            (r#"{"value":[]}"#, "no list under `roles`"),
            (r#"{"roles":{}}"#, "not the JSON"),
            ("[1]", "other than objects"),
            (r#"{"roles":[],"_links":{"next":{"href":"nowhere"}}}"#, "not an address"),
        ] {
            let error = under("roles", &none, body.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{body}: {error}");
        }
    }

    #[test]
    fn one_object_is_no_list() {
        let headers = HeaderMap::new();
        for (body, count) in [(r#" {"id":"x"}"#, Some(1)), (r#"[{"id":"x"}]"#, None), ("null", None)] {
            let page = read(Paging::Object, true, &headers, body.as_bytes());
            assert_eq!(page.ok().map(|page| page.objects.len()), count, "{body}");
        }
    }

    #[test]
    fn what_is_no_page_is_said_plainly() {
        let headers = HeaderMap::new();
        for (body, words) in [
            ("<html><body>Sign in</body></html>", "web page"),
            ("[{\"id\":", "not the JSON"),
            ("[1,2]", "other than objects"),
            ("{\"id\":1}", "not the JSON"),
        ] {
            let error = read(Paging::Link, false, &headers, body.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{body}: {error}");
        }
    }
}
