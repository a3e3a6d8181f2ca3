//! The summary: one screen, and no line wider than it.

use regex::Regex;
use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render, terminal_summary};
use unicode_width::UnicodeWidthStr;

use super::audits::{clean, contoso, holding, mixed};
use super::payloads::hostile;

fn plain(audit: &Audit, language: Language, width: usize) -> String {
    let files = ["out/report.html", "out/report.md", "out/audit.json"].map(str::to_owned);
    let text = terminal_summary(audit, language, width, &files).unwrap();
    Regex::new("\u{1b}\\[[0-9;]*m")
        .unwrap()
        .replace_all(&text, "")
        .into_owned()
}

#[test]
fn it_fits_one_screen() {
    for language in Language::ALL {
        for audit in [contoso(), &mixed()] {
            let lines = plain(audit, language, 100).lines().count();
            assert!((24..=45).contains(&lines), "{lines}");
        }
        assert!(plain(clean(), language, 100).lines().count() <= 12);
    }
}

#[test]
fn no_line_is_wider_than_the_screen() {
    for language in Language::ALL {
        for audit in [contoso(), clean(), hostile(), &mixed()] {
            for width in [40, 60, 80, 100, 160] {
                for line in plain(audit, language, width).lines() {
                    assert!(line.width() < width, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn it_ends_with_where_the_reports_are() {
    let text = plain(contoso(), Language::En, 100);
    assert!(
        text.ends_with("Files\n  out/report.html\n  out/report.md\n  out/audit.json\n"),
        "{text}"
    );
    // In the order of their keys.
    let names = contoso()
        .findings
        .iter()
        .take(2)
        .map(|finding| finding.resource.as_ref().unwrap());
    let mut names: Vec<_> = names
        .map(|resource| (&resource.key, resource.name.as_deref().unwrap()))
        .collect();
    assert!(
        text.contains(&format!("3 people: {}, {}", names[0].1, names[1].1)),
        "{text}"
    );
    names.sort();
    assert!(text.contains(&format!("3 people: {}", names[0].1)), "{text}");
    let hold = format!("✓ All {} policies hold", holding(clean()));
    assert!(plain(clean(), Language::En, 100).contains(&hold));
}

#[test]
fn where_there_is_room_it_says_what_would_make_the_policy_hold() {
    let mut audit = contoso().clone();
    audit.policies.retain(|policy| policy.id == "provisioning.trials-off");
    audit
        .findings
        .retain(|finding| finding.policy == "provisioning.trials-off");
    let marks = Regex::new("<[^>]*>|`").unwrap();
    for (language, expected) in [
        (Language::En, "isAppAndServicesTrialEnabled would have to be false"),
        (
            Language::Ja,
            "isAppAndServicesTrialEnabled は次の値である必要があります： false",
        ),
    ] {
        assert!(plain(&audit, language, 120).contains(expected));
        for format in [Format::Markdown, Format::Html] {
            let text = render(&audit, format, language).unwrap();
            let words = marks.replace_all(&text, "").into_owned();
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(expected), "{format:?} {language:?}");
        }
    }
}
