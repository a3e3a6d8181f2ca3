//! One file of saved pages: what the vendor answered, with its headers or without.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json;
use crate::catalog::{Call, Paging, Population, Resource, next_link};

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content<'t> {
    Page(Page<'t>),
    Lines(Vec<Line<'t>>),
    /// What the vendor answered instead of a page.
    Refusal(String),
}

/// A page.
#[derive(Debug)]
pub(super) struct Page<'t> {
    pub(super) objects: Vec<&'t RawValue>,
    pub(super) end: End,
    /// Properties that were asked for; none when whole objects were.
    pub(super) select: Option<BTreeSet<String>>,
}

/// What a page says of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It ends here.
    Last,
    /// Another page follows.
    More,
    /// Nothing.
    Unsaid,
}

/// An object with whom it was listed under.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'t> {
    pub(super) parent: Option<String>,
    #[serde(borrow)]
    pub(super) object: &'t RawValue,
}

/// Reads what a file holds; the error says in what way it is nothing of a type.
pub(super) fn content<'t>(resource: &Resource, call: &Call, text: &'t str) -> Result<Content<'t>, String> {
    let answer = Answer::of(text);
    if let Some(status) = answer.status.filter(|status| !status.starts_with('2')) {
        let said = answer.body.trim().chars().take(200).collect::<String>();
        return Ok(Content::Refusal(format!("{status} {said}")));
    }
    let documents: Result<Vec<&RawValue>, _> = serde_json::Deserializer::from_str(answer.body).into_iter().collect();
    let documents = documents.map_err(|error| json::fault(&error) + "; save it again")?;
    let is_single = resource.population == Population::One || call.paging == Paging::Object;
    match documents.as_slice() {
        [] => Err("it is empty; save it again".to_owned()),
        [one] if one.get().starts_with('[') => array(one, is_single || call.paging == Paging::None, answer.end),
        [one] => object(one, call, is_single, answer.end),
        several => Ok(Content::Lines(several.iter().map(|line| as_line(line)).collect())),
    }
}

/// An answer as `curl -i` saves it: headers, if they are there, and body.
#[derive(Debug)]
struct Answer<'t> {
    status: Option<&'t str>,
    end: End,
    body: &'t str,
}

impl<'t> Answer<'t> {
    /// Takes the headers off. There are several blocks where a proxy answered, or a redirection was followed.
    fn of(text: &'t str) -> Self {
        let mut answer = Self {
            status: None,
            end: End::Unsaid,
            body: text,
        };
        while answer.body.starts_with("HTTP/") {
            let (headers, body) = ["\r\n\r\n", "\n\n"]
                .iter()
                .filter_map(|blank| answer.body.split_once(blank))
                .min_by_key(|(headers, _)| headers.len())
                .unwrap_or((answer.body, ""));
            answer = Self {
                status: headers.split_whitespace().nth(1),
                end: headers.lines().map(header_end).fold(End::Last, End::and),
                body,
            };
        }
        answer
    }
}

impl End {
    /// What two places say together: of the next page, one is enough.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::More, _) | (_, Self::More) => Self::More,
            (Self::Unsaid, _) | (_, Self::Unsaid) => Self::Unsaid,
            (Self::Last, Self::Last) => Self::Last,
        }
    }

    /// What is known where a list is documented to be one page: it ends here unless something names the next.
    fn or_last(self) -> Self {
        match self {
            Self::More => Self::More,
            Self::Last | Self::Unsaid => Self::Last,
        }
    }
}

/// What a header says of a further page.
fn header_end(header: &str) -> End {
    match header.split_once(':') {
        Some((name, links)) if name.eq_ignore_ascii_case("link") => match next_link(links) {
            Ok(None) => End::Last,
            Ok(Some(_)) => End::More,
            Err(_) => End::Unsaid,
        },
        _ => End::Last,
    }
}

fn as_line(document: &RawValue) -> Line<'_> {
    serde_json::from_str(document.get()).unwrap_or(Line {
        parent: None,
        object: document,
    })
}

fn array<'t>(document: &'t RawValue, is_whole: bool, end: End) -> Result<Content<'t>, String> {
    let objects: Vec<&RawValue> = serde_json::from_str(document.get()).map_err(|error| json::fault(&error))?;
    if !objects.is_empty()
        && objects
            .iter()
            .all(|object| serde_json::from_str::<Line<'_>>(object.get()).is_ok())
    {
        return Ok(Content::Lines(objects.into_iter().map(as_line).collect()));
    }
    Ok(Content::Page(Page {
        objects,
        end: if is_whole { end.or_last() } else { end },
        select: None,
    }))
}

fn object<'t>(document: &'t RawValue, call: &Call, single: bool, above: End) -> Result<Content<'t>, String> {
    if let Ok(line) = serde_json::from_str::<Line<'_>>(document.get()) {
        return Ok(Content::Lines(vec![line]));
    }
    let parts = json::parts(document.get())?;
    if let Some(what) = refusal(&parts) {
        return Ok(Content::Refusal(what));
    }
    let ends = |own: End| match above {
        End::More => End::More,
        _ if single => own.or_last(),
        _ => own,
    };
    let list = call.list.as_deref().unwrap_or("value");
    let page = match parts.get(list).filter(|value| value.get().starts_with('[')) {
        Some(value) => Page {
            objects: serde_json::from_str(value.get()).map_err(|error| json::fault(&error))?,
            end: ends(end(&parts)),
            select: parts.get("@odata.context").and_then(|context| selected(context)),
        },
        // A single object may be under `value` too, as some documentation has it; a list of one may have lost its brackets.
        None => Page {
            objects: vec![match parts
                .get("value")
                .filter(|value| single && value.get().starts_with('{'))
            {
                Some(value) => value,
                None => document,
            }],
            end: ends(End::Unsaid),
            select: parts.get("@odata.context").and_then(|context| selected(context)),
        },
    };
    Ok(Content::Page(page))
}

/// What an object that holds a list says of a further page.
pub(super) fn end(parts: &BTreeMap<String, &RawValue>) -> End {
    #[derive(Deserialize)]
    struct Links {
        next: Option<serde::de::IgnoredAny>,
    }
    let links = parts
        .get("_links")
        .and_then(|links| serde_json::from_str::<Links>(links.get()).ok());
    let next = parts
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("@odata.nextLink"));
    let has_next =
        next.is_some_and(|(_, link)| link.get() != "null") || links.is_some_and(|links| links.next.is_some());
    // PowerShell 5.1 wraps an array that it was given into `value` and `Count`, which says nothing.
    let is_wrapped = parts.len() == 2 && parts.contains_key("Count");
    match (has_next, is_wrapped) {
        (true, _) => End::More,
        (false, true) => End::Unsaid,
        (false, false) => End::Last,
    }
}

/// The vendor's error, if that is what the answer is.
pub(super) fn refusal(parts: &BTreeMap<String, &RawValue>) -> Option<String> {
    #[derive(Default, Deserialize)]
    struct GraphError {
        code: Option<String>,
        message: Option<String>,
    }
    let text = |name: &str| -> Option<String> { serde_json::from_str(parts.get(name)?.get()).ok() };
    if let (Some(code), Some(summary)) = (text("errorCode"), text("errorSummary")) {
        return Some(format!("{code} {summary}"));
    }
    let error = parts
        .get("error")
        .filter(|_| !parts.contains_key("value") && !parts.contains_key("id"))?;
    let error: GraphError = serde_json::from_str(error.get()).unwrap_or_default();
    Some(format!(
        "{} {}",
        error.code.unwrap_or_default(),
        error.message.unwrap_or_default()
    ))
}

/// The properties in Graph's `…/$metadata#users(id,displayName)`; none when whole objects were asked for. A list within a
/// name is of what was expanded, and a quoted key is of one object among many.
fn selected(context: &RawValue) -> Option<BTreeSet<String>> {
    let context: String = serde_json::from_str(context.get()).ok()?;
    let (_, fragment) = context.split_once("$metadata#")?;
    let fragment = fragment.strip_suffix("/$entity").unwrap_or(fragment);
    let list = fragment.strip_suffix(')')?;
    let mut depth = 1;
    let open = list.rfind(|character| {
        depth += match character {
            ')' => 1,
            '(' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    let list = list.get(open + 1..)?;
    let mut names = BTreeSet::new();
    let mut is_select = false;
    let mut depth = 0;
    for part in list.split_inclusive([',', '(', ')']) {
        let name = part.trim_end_matches([',', '(', ')']).trim();
        if depth == 0 && !name.is_empty() {
            is_select |= !part.ends_with('(');
            // Part of a nested object is asked for by its path.
            names.insert(name.split('/').next().unwrap_or(name).to_owned());
        }
        match part.chars().last() {
            Some('(') => depth += 1,
            Some(')') => depth -= 1,
            _ => {}
        }
    }
    let is_plain = |name: &String| {
        name.chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '.'))
    };
    let is_list = names.iter().all(is_plain) && !names.iter().any(|name| name.starts_with('.'));
    (is_select && is_list).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::catalog;

    fn read<'t>(resource: &str, text: &'t str) -> Result<Content<'t>, String> {
        let resource = catalog().resource(resource).unwrap();
        content(resource, resource.supply.call().unwrap(), text)
    }

    #[test]
    fn the_context_says_what_was_asked_for() {
        for (fragment, wanted) in [
            ("users", None),
            ("users/$entity", None),
            ("users(...)", None),
            ("users('1')/memberOf", None),
            ("policies/roleManagementPolicies('DirectoryRole_1')/rules", None),
            ("users(id,displayName)", Some(vec!["displayName", "id"])),
            ("users(id,displayName)/$entity", Some(vec!["displayName", "id"])),
            ("users('1')/memberOf(id)", Some(vec!["id"])),
            ("users(id,address/city)", Some(vec!["address", "id"])),
            // Expanded, and nothing left out.
            ("roleManagementPolicyAssignments(policy(rules()))", None),
            ("groups(members())", None),
            (
                "groups(id,members(id,mail),displayName)",
                Some(vec!["displayName", "id", "members"]),
            ),
        ] {
            let context = format!("\"https://graph.microsoft.com/v1.0/$metadata#{fragment}\"");
            let found = selected(serde_json::from_str(&context).unwrap());
            let found: Option<Vec<String>> = found.map(|names| names.into_iter().collect());
            let wanted = wanted.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(found, wanted, "{fragment}");
        }
    }

    #[test]
    fn headers_say_whether_another_page_follows() {
        let ok = "HTTP/2 200\r\ncontent-type: application/json\r\n";
        let own = "link: <https://o.example/api/v1/users?limit=2>; rel=\"self\"\r\n";
        let next = "Link: <https://o.example/api/v1/users?after=2>; rel=\"next\"\r\n";
        let proxy = "HTTP/1.1 200 Connection established\r\n\r\n";
        for (headers, wanted) in [
            (String::new(), End::Unsaid),
            (format!("{ok}{own}\r\n"), End::Last),
            (format!("{ok}{own}{next}\r\n"), End::More),
            (format!("{proxy}{ok}{own}{next}\r\n").replace("\r\n", "\n"), End::More),
        ] {
            let text = format!("{headers}[{{\"id\":\"1\"}}]");
            let Ok(Content::Page(page)) = read("okta.user", &text) else {
                panic!("{headers}")
            };
            assert_eq!((page.end, page.objects.len()), (wanted, 1), "{headers}");
        }
        let refused = "HTTP/2 403 \r\n\r\n{\"errorCode\":\"E0000006\"}";
        assert!(matches!(read("okta.user", refused), Ok(Content::Refusal(what)) if what.contains("403 {")));
        assert!(read("okta.user", "HTTP/2 200\r\n").is_err());
    }

    #[test]
    fn an_envelope_says_one_thing_only() {
        let twice = r#"{"value":[{"id":"1"}],"value":[]}"#;
        assert!(read("entra.user", twice).unwrap_err().contains("`value` stands twice"));
        for (text, wanted) in [
            (r#"{"value":[]}"#, End::Last),
            (r#"{"value":[],"@odata.nextLink":null}"#, End::Last),
            (r#"{"value":[],"@odata.nextLink":"x"}"#, End::More),
            (r#"{"value":[],"Count":0}"#, End::Unsaid),
            (r#"{"id":"1"}"#, End::Unsaid),
        ] {
            let Ok(Content::Page(page)) = read("entra.user", text) else {
                panic!("{text}")
            };
            assert_eq!(page.end, wanted, "{text}");
        }
        for text in [
            r#"{"error":{"code":"Authorization_RequestDenied","message":"no"}}"#,
            r#"{"errorCode":"E0000006","errorSummary":"no"}"#,
        ] {
            assert!(matches!(read("entra.user", text), Ok(Content::Refusal(what)) if what.ends_with("no")));
        }
    }
}
