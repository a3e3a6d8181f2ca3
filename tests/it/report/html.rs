//! The page: links that lead somewhere, nothing that asks for anything, and readable without its script.

use std::collections::BTreeSet;

use regex::Regex;
use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render};

use super::audits::{clean, contoso, mixed};
use super::payloads::hostile;

fn page(audit: &Audit) -> String {
    render(audit, Format::Html, Language::En).unwrap()
}

fn attributes(page: &str, name: &str) -> Vec<String> {
    let pattern = Regex::new(&format!(r#"\s{name}="([^"]*)""#)).unwrap();
    pattern.captures_iter(page).map(|found| found[1].to_owned()).collect()
}

#[test]
fn every_place_is_named_once_and_every_link_leads_to_one() {
    for audit in [contoso(), clean(), hostile(), &mixed()] {
        let page = page(audit);
        let ids = attributes(&page, "id");
        let known: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(ids.len(), known.len());
        let links = attributes(&page, "href").into_iter().chain(
            attributes(&page, "aria-labelledby")
                .into_iter()
                .map(|id| format!("#{id}")),
        );
        for link in links.filter(|link| link.starts_with('#')) {
            assert!(known.contains(&link[1..]), "{link}");
        }
    }
}

#[test]
fn nothing_is_asked_of_anybody() {
    let page = page(contoso());
    let policy = attributes(&page, "content")
        .into_iter()
        .find(|content| content.contains("default-src"))
        .unwrap();
    assert!(
        policy.starts_with("default-src &#39;none&#39;; style-src &#39;sha256-"),
        "{policy}"
    );
    for word in ["unsafe", "http", " *"] {
        assert!(!policy.contains(word), "{policy}");
    }
    for word in [
        "src=",
        "@import",
        "url(",
        "style=\"",
        "onclick",
        "<iframe",
        "<link rel=\"stylesheet\"",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    let outside = attributes(&page, "href")
        .into_iter()
        .filter(|link| !link.starts_with('#') && !link.starts_with("data:"));
    let known: BTreeSet<&str> = contoso()
        .policies
        .iter()
        .flat_map(|policy| &policy.references)
        .map(|link| link.url.as_str())
        .collect();
    for link in outside {
        assert!(known.contains(link.as_str()), "{link}");
    }
}

#[test]
fn only_addresses_of_the_web_become_links() {
    let mut audit = contoso().clone();
    audit.policies[0].references[0].url = "javascript:alert(1)".to_owned();
    let page = page(&audit);
    assert!(!page.contains("javascript:"));
    assert!(page.contains("MS Office 365 provisioning failed"));
}

#[test]
fn it_can_be_read_without_its_script_and_without_sight() {
    let page = page(&mixed());
    assert!(page.contains("<form id=\"controls\" role=\"search\"") && page.contains("placeholder="));
    assert!(
        Regex::new("<form id=\"controls\"[^>]* hidden>")
            .unwrap()
            .is_match(&page)
    );
    let finding = Regex::new("<details class=\"finding\"[^>]*>").unwrap();
    assert!(finding.find_iter(&page).all(|found| !found.as_str().contains("hidden")));
    let tables = page.matches("<table").count();
    assert_eq!(page.matches("<caption").count(), tables);
    for header in Regex::new("<th[ >][^>]*").unwrap().find_iter(&page) {
        assert!(header.as_str().contains("scope="), "{}", header.as_str());
    }
    for landmark in [
        "<header",
        "<nav aria-label",
        "<main",
        "<footer>",
        "<h1>",
        "class=\"skip\"",
    ] {
        assert_eq!(page.matches(landmark).count(), 1, "{landmark}");
    }
}
