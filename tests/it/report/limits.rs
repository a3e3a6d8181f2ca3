//! What is left out of very large audits, and that it is said.

use std::time::Instant;

use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render, terminal_summary};

use super::audits::{contoso, crowd, mixed};
use super::payloads::hostile;

const FIVE_MEGABYTES: usize = 5_000_000;
/// Characters that GitHub takes as a comment.
const GITHUB: usize = 65_536;

#[test]
fn the_first_of_every_policy_are_shown_and_the_rest_is_counted() {
    let audit = crowd(20_000);
    let page = render(&audit, Format::Html, Language::En).unwrap();
    assert!(page.len() < FIVE_MEGABYTES);
    assert_eq!(
        page.matches("class=\"finding\"").count(),
        200 + contoso().findings.len() - own(contoso())
    );
    // What is not shown: the failures after the first two hundred, and the unknowns behind them.
    let left = 20_000 - 3 + own(contoso()) - 200 + 2;
    assert!(page.contains(&format!(
        "{} of {} findings are not shown here",
        grouped(left),
        grouped(audit.findings.len())
    )));
    assert!(page.contains("more findings of this policy are in audit.json"));
    assert!(page.contains("20,002 people"));
    let text = render(&audit, Format::Markdown, Language::En).unwrap();
    assert!(text.contains("are not shown here"));
    assert!(
        terminal_summary(&audit, Language::En, 100, &[])
            .unwrap()
            .contains("20,002 people")
    );
}

/// Findings of the policy that has a crowd.
fn own(audit: &Audit) -> usize {
    audit
        .findings
        .iter()
        .filter(|finding| finding.policy == audit.policies[0].id)
        .count()
}

fn grouped(n: usize) -> String {
    format!("{},{:03}", n / 1_000, n % 1_000)
}

#[test]
fn a_page_stays_small_whatever_is_in_it() {
    let mut audit = hostile().clone();
    let model = audit.findings.clone();
    let part = model[0].evidence[0].clone();
    audit.findings = (0..5_000)
        .map(|n| {
            let mut finding = model[n % model.len()].clone();
            finding.id = uuid::Uuid::from_u128(n as u128);
            finding.evidence = vec![part.clone(); 40];
            for part in &mut finding.evidence {
                part.expression = "\"<&>'".repeat(2_000);
                part.reads = vec![part.reads[0].clone(); 40];
            }
            finding
        })
        .collect();
    for language in Language::ALL {
        let page = render(&audit, Format::Html, language).unwrap();
        assert!(page.len() < FIVE_MEGABYTES, "{}", page.len());
        assert!(page.matches("class=\"finding\"").count() > 20);
    }
}

#[test]
fn the_text_fits_where_it_is_pasted_and_says_what_it_leaves_out() {
    for language in Language::ALL {
        for audit in [contoso(), &mixed(), hostile(), &crowd(2_000)] {
            let text = render(audit, Format::Markdown, language).unwrap();
            assert!(text.chars().count() <= GITHUB, "{}", text.chars().count());
        }
    }
    let text = render(&crowd(2_000), Format::Markdown, Language::En).unwrap();
    // The method explains both words.
    let shown = text.matches("\n- **Fail**: ").count() + text.matches("\n- **Not decidable**: ").count();
    let left = crowd(2_000).findings.len() + 2 - shown;
    assert!(shown > 10);
    let said = text.lines().find(|line| line.contains("are not shown here")).unwrap();
    assert!(said.starts_with(&grouped(left)), "{left}: {said}");
    assert!(text.contains("## Method"), "whole but for findings");
}

#[test]
fn a_text_that_nothing_makes_fit_is_cut_at_the_end_of_a_line() {
    let mut audit = contoso().clone();
    let model = audit.coverage[0].clone();
    audit.coverage.extend((0..1_000).map(|n| {
        let mut entry = model.clone();
        entry.resource = format!("okta.type_{n}");
        entry
    }));
    let text = render(&audit, Format::Markdown, Language::En).unwrap();
    assert!(text.chars().count() <= GITHUB);
    let end: Vec<&str> = text.lines().rev().take(3).collect();
    assert!(
        end[0].contains("Left out, wholly or in part: What was read, Method."),
        "{}",
        end[0]
    );
    assert!(end[1].is_empty() && end[2].ends_with(" |"));
}

/// Takes minutes without optimisation: `cargo test --release --test report -- --ignored --nocapture`.
#[test]
#[ignore = "large"]
fn a_hundred_thousand_findings() {
    let audit = crowd(100_000);
    for format in [Format::Html, Format::Markdown] {
        let start = Instant::now();
        let text = render(&audit, format, Language::En).unwrap();
        println!(
            "{format:?}: {} findings, {} bytes, {:?}",
            audit.findings.len(),
            text.len(),
            start.elapsed()
        );
        assert!(text.len() < FIVE_MEGABYTES);
    }
}
