//! Pages: the objects of an answer and the address of the next.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalog::Paging;

/// The objects of a page, untouched, and where the next page is.
#[derive(Debug)]
pub(super) struct Page<'b> {
    pub(super) objects: Vec<&'b RawValue>,
    pub(super) next: Option<Url>,
}

/// Reads an answer. The error says in what way it is not a page.
pub(super) fn parse<'b>(paging: Paging, headers: &HeaderMap, body: &'b [u8]) -> Result<Page<'b>, String> {
    match paging {
        Paging::Link => Ok(Page {
            objects: array(body)?,
            next: next_link(headers)?,
        }),
        Paging::None => Ok(Page {
            objects: array(body)?,
            next: None,
        }),
        Paging::Odata => odata(body),
    }
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
    #[serde(borrow)]
    value: Option<&'b RawValue>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

fn odata(body: &[u8]) -> Result<Page<'_>, String> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| not_json(body, &error))?;
    let next = match envelope.next {
        Some(text) => Some(Url::parse(&text).map_err(|_| "the next link is not an address".to_owned())?),
        None => None,
    };
    let objects = match envelope.value {
        Some(value) if value.get().starts_with('[') => {
            serde_json::from_str(value.get()).map_err(|error| not_json(body, &error))?
        }
        Some(value) if value.get().starts_with('{') => vec![value],
        _ => vec![serde_json::from_slice(body).map_err(|error| not_json(body, &error))?],
    };
    check_objects(&objects)?;
    Ok(Page { objects, next })
}

/// The address in the `Link` header with `rel="next"`. Okta sends several headers, others several links in one.
fn next_link(headers: &HeaderMap) -> Result<Option<Url>, String> {
    for value in headers.get_all(LINK) {
        let text = value.to_str().map_err(|_| "a Link header is not text".to_owned())?;
        for link in text.split(",<").map(|part| part.trim().trim_start_matches('<')) {
            let Some((target, parameters)) = link.split_once('>') else {
                continue;
            };
            let next = parameters
                .split(';')
                .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
            if next {
                return Url::parse(target)
                    .map(Some)
                    .map_err(|_| "the next link is not an address".to_owned());
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn next_links_are_found_among_several_headers_or_in_one() {
        let mut headers = HeaderMap::new();
        headers.append(
            LINK,
            HeaderValue::from_static("<https://o.example/users?limit=2>; rel=\"self\""),
        );
        assert_eq!(next_link(&headers).unwrap(), None);
        headers.append(
            LINK,
            HeaderValue::from_static("<https://o.example/users?after=a,b>; rel=\"next\""),
        );
        assert_eq!(
            next_link(&headers).unwrap().unwrap().as_str(),
            "https://o.example/users?after=a,b"
        );
        let mut headers = HeaderMap::new();
        headers.append(
            LINK,
            HeaderValue::from_static("<https://o.example/1>; rel=\"self\",<https://o.example/2>; rel=\"next\""),
        );
        assert_eq!(next_link(&headers).unwrap().unwrap().as_str(), "https://o.example/2");
    }

    #[test]
    fn graph_answers_come_in_three_shapes() {
        let headers = HeaderMap::new();
        for (body, count) in [
            (
                r#"{"value":[{"id":1},{"id":2}],"@odata.nextLink":"https://g.example/?p=2"}"#,
                2,
            ),
            (r#"{"value":[]}"#, 0),
            (r#"{"value":{"id":"x","settings":{}}}"#, 1),
            (r#"{"id":"x","settings":{}}"#, 1),
        ] {
            assert_eq!(
                parse(Paging::Odata, &headers, body.as_bytes()).unwrap().objects.len(),
                count,
                "{body}"
            );
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
            let error = parse(Paging::Link, &headers, body.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{body}: {error}");
        }
    }
}
