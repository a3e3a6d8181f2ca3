//! Text that wants to be more than text, through every format.
//!
//! The same audit is rendered once with hostile strings and once with harmless ones. What a reader's program makes of
//! both must have the same shape: the same elements in the same order, and different words in them.

use regex::Regex;
use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render, terminal_summary};

use super::audits::{parts, rewritten};
use super::payloads::hostile;

/// The same with harmless strings.
fn harmless() -> Audit {
    rewritten(|_, at| format!("word {at}"))
}

/// Names of the elements of a document, opened and closed, in order. Those around values are left out: how many there
/// are depends on how long the text is.
fn elements(html: &str, around_values: &[&str]) -> Vec<String> {
    let tag = Regex::new(r"<(/?[a-zA-Z][a-zA-Z0-9]*)[^>]*>").unwrap();
    tag.captures_iter(html)
        .map(|found| found[1].to_owned())
        .filter(|name| !around_values.contains(&name.trim_start_matches('/')))
        .collect()
}

/// Characters that no report may hold, except line breaks.
fn is_forbidden(character: char) -> bool {
    (character.is_control() && character != '\n')
        || tenken::diagnostic::is_bidi_control(character)
        || "\u{200b}\u{200d}\u{feff}\u{ad}\u{2060}\u{e0041}\u{2028}".contains(character)
}

fn assert_same(expected: &[String], found: &[String]) {
    let differs = expected.iter().zip(found).position(|(a, b)| a != b);
    assert_eq!(differs.map(|at| (&expected[at], &found[at], at)), None);
    assert_eq!(expected.len(), found.len());
}

/// A page without the tables of frameworks' items, and those tables.
fn without_items(html: &str) -> (String, String) {
    let table = Regex::new(r#"(?s)<table class="items">.*?</table>"#).unwrap();
    let tables = table.find_iter(html).map(|found| found.as_str()).collect();
    (table.replace_all(html, "").into_owned(), tables)
}

#[test]
fn html_has_the_same_elements() {
    for language in Language::ALL {
        let page = render(hostile(), Format::Html, language).unwrap();
        let plain = render(&harmless(), Format::Html, language).unwrap();
        // Items of frameworks are sorted, so that other names stand in another order: there the elements are counted.
        let (plain, plain_items) = without_items(&plain);
        let (rest, items) = without_items(&page);
        assert_same(&elements(&plain, &["bdi"]), &elements(&rest, &["bdi"]));
        let sorted = |html: &str| {
            let mut names = elements(html, &["bdi"]);
            names.sort();
            names
        };
        assert!(!items.is_empty());
        assert_same(&sorted(&plain_items), &sorted(&items));
        let all = elements(&page, &[]);
        let count = |name: &str| all.iter().filter(|element| *element == name).count();
        assert_eq!(count("bdi"), count("/bdi"));
        assert!(!page.contains(is_forbidden));
        assert!(page.len() < 5_000_000, "{}", page.len());
    }
}

#[test]
fn html_has_no_attributes_from_outside() {
    let page = render(hostile(), Format::Html, Language::En).unwrap();
    let known = [
        "aria-describedby",
        "aria-hidden",
        "aria-label",
        "aria-labelledby",
        "aria-live",
        "autocomplete",
        "charset",
        "class",
        "colspan",
        "content",
        "d",
        "data-as",
        "data-check",
        "data-colon",
        "data-copied",
        "data-finding",
        "data-fix",
        "data-frameworks",
        "data-label-check",
        "data-label-fix",
        "data-label-who",
        "data-outcome",
        "data-pack",
        "data-person",
        "data-policy",
        "data-severity",
        "data-text",
        "datetime",
        "focusable",
        "height",
        "hidden",
        "href",
        "http-equiv",
        "id",
        "lang",
        "list",
        "name",
        "open",
        "placeholder",
        "preserveAspectRatio",
        "rel",
        "role",
        "scope",
        "spellcheck",
        "tabindex",
        "type",
        "value",
        "viewBox",
        "width",
        "x",
        "x1",
        "x2",
        "y",
        "y1",
        "y2",
    ];
    let tag = Regex::new(r#"<[a-z][a-z0-9]*((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*/?>"#).unwrap();
    let attribute = Regex::new(r#"\s+([^\s=>]+)(?:="([^"]*)")?"#).unwrap();
    let markup = page.split_once("</style>").unwrap().1.split_once("<script>").unwrap().0;
    for found in tag.captures_iter(markup) {
        for named in attribute.captures_iter(&found[1]) {
            assert!(known.contains(&&named[1]), "{}", &named[1]);
            let value = named.get(2).map_or("", |value| value.as_str());
            assert!(&named[1] != "href" || value.starts_with('#'), "{value}");
        }
    }
}

/// Markdown as a forge reads it that allows everything.
pub(crate) fn as_on_a_forge() -> comrak::Options<'static> {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.alerts = true;
    options.render.r#unsafe = true;
    options
}

#[test]
fn markdown_renders_with_the_same_elements() {
    let options = as_on_a_forge();
    for language in Language::ALL {
        let rendered = |audit: &Audit| {
            let text = render(audit, Format::Markdown, language).unwrap();
            assert!(!text.contains(is_forbidden));
            assert!(text.contains("SHA-256"), "{} characters are too many", text.len());
            elements(&comrak::markdown_to_html(&text, &options), &["code"])
        };
        for (harmless, hostile) in parts(&harmless()).iter().zip(&parts(hostile())) {
            assert_same(&rendered(harmless), &rendered(hostile));
        }
    }
}

#[test]
fn the_terminal_is_not_repainted() {
    let colours = Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    for language in Language::ALL {
        for width in [40, 100, 160] {
            let text = terminal_summary(hostile(), language, width, &["a\u{1b}[2Jb".to_owned()]).unwrap();
            let plain = colours.replace_all(&text, "");
            assert!(!plain.contains(is_forbidden), "{plain:?}");
            assert!(!plain.contains("\u{1b}"));
        }
    }
}

#[test]
fn json_keeps_every_string() {
    let text = render(hostile(), Format::Json, Language::En).unwrap();
    let read: Audit = serde_json::from_str(&text).unwrap();
    assert_eq!(read, *hostile());
}

#[test]
fn what_is_shown_is_still_there_to_be_read() {
    let page = render(hostile(), Format::Html, Language::En).unwrap();
    for shown in [
        "&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;",
        "{{ 7 * 7 }}",
        "abc\\u{202e}gpj.exe",
        "\\u{1b}[2J",
        "\u{25cc}\u{301}",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
}
