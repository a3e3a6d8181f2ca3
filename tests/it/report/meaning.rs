//! What the reports say of an audit.

use std::collections::BTreeSet;

use regex::Regex;
use tenken::audit::flow::{Arrivals, MAX_FLOWS};
use tenken::audit::{Audit, Counts, Outcome, Summary};
use tenken::expr::{Cause, Origin};
use tenken::policy::{Language, Severity};
use tenken::report::{Format, render, terminal_summary};

use super::audits::{clean, contoso, holding, mixed, nothing, parts, undecided};
use super::payloads::hostile;

fn all() -> Vec<Audit> {
    vec![
        contoso().clone(),
        clean().clone(),
        hostile().clone(),
        mixed(),
        undecided(),
        nothing(),
    ]
}

#[test]
fn every_format_renders_every_audit_in_both_languages_and_always_the_same() {
    for audit in all() {
        for language in Language::ALL {
            for format in [Format::Html, Format::Markdown, Format::Json] {
                let once = render(&audit, format, language).unwrap();
                assert_eq!(once, render(&audit, format, language).unwrap());
                assert!(once.ends_with('\n') && !once.ends_with("\n\n"), "{format:?}");
            }
            terminal_summary(&audit, language, 100, &[]).unwrap();
        }
    }
}

#[test]
fn the_verdict_is_one_sentence_and_says_what_is_so() {
    let verdict = |audit: &Audit| {
        let text = render(audit, Format::Markdown, Language::En).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        verdict(contoso()),
        format!("# 22 of {} policies fail, 1 of them critical", contoso().policies.len())
    );
    assert_eq!(verdict(clean()), format!("# All {} policies hold", holding(clean())));
    assert_eq!(verdict(&undecided()), "# No policy fails, but 9 could not be decided");
    assert_eq!(verdict(&nothing()), "# Nothing is in the scope of any policy");
    let made = undecided().summary.judgements.pass;
    let text = render(&undecided(), Format::Markdown, Language::En).unwrap();
    let made = format!("{},{:03} judgements were made", made / 1_000, made % 1_000);
    assert!(text.contains(&(made + ", and none of them failed. 11 more judgements could not be made.")));
}

#[test]
fn failures_and_people_are_counted_each_for_itself() {
    let audit = contoso();
    let failures = audit.findings.iter().filter(|finding| finding.outcome == Outcome::Fail);
    let people: Vec<&str> = failures
        .clone()
        .filter_map(|finding| finding.resource.as_ref())
        .filter(|resource| ["okta.app_user", "entra.user"].contains(&resource.resource_type.as_str()))
        .map(|resource| resource.name.as_deref().unwrap())
        .collect();
    let of_people = people.len();
    let people: BTreeSet<&str> = people.into_iter().collect();
    assert!(of_people < failures.clone().count() && people.len() < of_people);
    for (language, expected) in [
        (
            Language::En,
            format!(
                "There are {} failures, {of_people} of them about {} people.",
                failures.clone().count(),
                people.len()
            ),
        ),
        (
            Language::Ja,
            format!(
                "不合格が {} 件あります（うち {of_people} 件は {} 人に関するもの）。",
                failures.clone().count(),
                people.len()
            ),
        ),
    ] {
        for format in [Format::Html, Format::Markdown] {
            let text = render(audit, format, language).unwrap();
            assert!(text.contains(&expected), "{expected}");
        }
    }
}

/// One policy fails; of three others, of medium severity, no resource was ever read.
fn unread() -> Audit {
    let mut audit = contoso().clone();
    // The first of them fails.
    audit
        .policies
        .retain(|policy| policy.counts.unknown == 0 && policy.severity == Severity::High);
    audit.policies.truncate(4);
    let kept = audit.policies[0].id.clone();
    audit.findings.retain(|finding| finding.policy == kept);
    let model = audit.findings[0].clone();
    for policy in &mut audit.policies[1..] {
        policy.outcome = Outcome::Unknown;
        policy.severity = Severity::Medium;
        policy.counts = Counts::default();
        policy.population = 0;
        policy.whole = false;
        let mut finding = model.clone();
        finding.id = uuid::Uuid::from_u128(audit.findings.len() as u128);
        finding.policy.clone_from(&policy.id);
        finding.severity = policy.severity;
        finding.outcome = Outcome::Unknown;
        finding.resource = None;
        finding.count = 0;
        finding.causes = vec![Origin {
            cause: Cause::NoPermission,
            about: "entra.user".to_owned(),
            needs: Some("User.Read.All".to_owned()),
            detail: None,
        }];
        audit.findings.push(finding);
    }
    audit.summary = Summary::of(&audit.policies);
    audit
}

#[test]
fn policies_of_which_nothing_was_read_are_counted_as_undecided() {
    let audit = unread();
    assert_eq!(audit.summary.undecided_policies["medium"], 3);
    let heading = "1 of 4 policies fail; 3 could not be decided";
    let markdown = render(&audit, Format::Markdown, Language::En).unwrap();
    assert_eq!(markdown.lines().next(), Some(format!("# {heading}").as_str()));
    assert!(markdown.contains("| Medium | 0 of 3 | 3 | 0 | 0 | 0 |"), "{markdown}");
    let page = render(&audit, Format::Html, Language::En).unwrap();
    assert!(page.contains(&format!("<h1>{heading}</h1>")) && page.contains("Policies not decidable"));
    assert!(page.contains("name=\"severity\" value=\"medium\"") && !page.contains("value=\"low\""));
    let terminal = terminal_summary(&audit, Language::En, 160, &[]).unwrap();
    let terminal = anstream::adapter::strip_str(&terminal).to_string();
    assert!(terminal.contains(heading));
    let row = terminal.lines().find(|line| line.trim().starts_with("Medium")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["Medium", "0", "0", "3"]);
    let said = "There may be more that were never read, also in 2 other policies: no permission to read entra.user";
    assert!(terminal.contains(said), "{terminal}");
}

#[test]
fn what_is_only_waived_is_told_so() {
    let mut audit = contoso().clone();
    audit.findings.retain(|finding| finding.outcome == Outcome::Fail);
    audit
        .findings
        .iter_mut()
        .for_each(|finding| finding.outcome = Outcome::Waived);
    for policy in &mut audit.policies {
        policy.counts.unknown = 0;
        policy.counts.waived = std::mem::take(&mut policy.counts.fail);
        if policy.outcome == Outcome::Fail {
            policy.outcome = Outcome::Waived;
        }
    }
    audit.summary = Summary::of(&audit.policies);
    let said = format!("\n{} failures are waived.\n", audit.summary.judgements.waived);
    let markdown = render(&audit, Format::Markdown, Language::En).unwrap();
    assert!(markdown.starts_with("# Nothing fails; ") && markdown.contains(&said));
    for language in Language::ALL {
        render(&audit, Format::Html, language).unwrap();
        terminal_summary(&audit, language, 100, &[]).unwrap();
    }
}

#[test]
fn a_doubt_is_told_by_the_policy_that_it_hits_most() {
    let mut audit = unread();
    let finding = audit
        .findings
        .iter_mut()
        .rev()
        .find(|finding| finding.count == 0)
        .unwrap();
    finding.count = 392;
    let policy = audit
        .policies
        .iter_mut()
        .find(|policy| policy.id == finding.policy)
        .unwrap();
    policy.resource = "okta.app_user".to_owned();
    policy.counts = Counts {
        unknown: 392,
        pass: 3,
        out_of_scope: 5,
        excluded: 7,
        ..Counts::default()
    };
    policy.population = policy.counts.population();
    audit.summary = Summary::of(&audit.policies);
    let terminal = terminal_summary(&audit, Language::En, 160, &[]).unwrap();
    let terminal = anstream::adapter::strip_str(&terminal).to_string();
    let said = "392 of 395 people could not be decided, also in 2 other policies: no permission to read entra.user";
    assert!(terminal.contains(said), "{terminal}");
}

#[test]
fn every_finding_is_in_the_page_and_in_the_text() {
    let page = render(contoso(), Format::Html, Language::En).unwrap();
    for part in parts(contoso()) {
        let text = render(&part, Format::Markdown, Language::En).unwrap();
        for finding in &part.findings {
            let user = finding.values.get("user").and_then(|user| user.as_str());
            assert!(
                user.is_none_or(|user| !user.is_empty() && text.contains(user)),
                "{user:?}"
            );
            for part in &finding.evidence {
                assert!(text.contains(&format!("`{}`", part.expression)), "{}", part.expression);
            }
        }
    }
    for finding in &contoso().findings {
        assert!(
            page.contains(&format!("id=\"finding-{}\"", finding.id)),
            "{}",
            finding.id
        );
        if let Some(name) = finding.values.get("user").and_then(|user| user.as_str()) {
            assert!(page.contains(name), "{name}");
        }
    }
    let of = |outcome: Outcome| {
        contoso()
            .findings
            .iter()
            .filter(|finding| finding.outcome == outcome)
            .count()
    };
    assert_eq!(page.matches("class=\"finding\"").count(), contoso().findings.len());
    assert_eq!(page.matches("data-outcome=\"unknown\"").count(), of(Outcome::Unknown));
}

#[test]
fn what_to_do_first_is_what_is_gravest_and_hits_most() {
    let text = render(contoso(), Format::Markdown, Language::En).unwrap();
    let tasks: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("### ") && line.contains('✗'))
        .collect();
    let failed = contoso().policies.iter();
    let failed = failed.filter(|policy| policy.outcome == Outcome::Fail).count();
    assert_eq!(tasks.len(), failed);
    assert!(
        tasks[0].contains("only its buyer can remove (Critical)"),
        "{}",
        tasks[0]
    );
    assert!(tasks[1].contains("neither stuck nor failed (High)"), "{}", tasks[1]);
    assert!(tasks.last().unwrap().contains("(Medium)"));
}

#[test]
fn an_unknown_is_never_stated_as_a_fact() {
    let audit = undecided();
    for format in [Format::Html, Format::Markdown] {
        let text = render(&audit, format, Language::En).unwrap();
        assert!(text.contains("Ambiguous match"));
        assert!(!text.contains("which no administrator can remove"));
    }
}

#[test]
fn every_cause_has_its_plain_words_and_what_settles_it() {
    for format in [Format::Html, Format::Markdown] {
        let text = render(&mixed(), format, Language::En).unwrap();
        for words in [
            "No permission",
            "application the permission and take a new snapshot",
            "Defect of the policy",
            "There may be more that were never read",
            "5,000 of ",
            " could not be decided: ",
            "not all were read",
            "Waived",
        ] {
            assert!(text.contains(words), "{format:?}: {words}");
        }
    }
}

#[test]
fn the_undecided_are_counted_against_all_with_what_would_settle_it() {
    let mut audit = undecided();
    let mut finding = audit.findings[0].clone();
    finding.count = 18;
    finding.causes = vec![Origin {
        cause: Cause::NotCollected,
        about: "entra.user.signInActivity".to_owned(),
        needs: Some("AuditLog.Read.All and Entra ID P1".to_owned()),
        detail: None,
    }];
    let policy = audit
        .policies
        .iter_mut()
        .find(|policy| policy.id == finding.policy)
        .unwrap();
    policy.counts = Counts {
        pass: 4_192,
        unknown: 18,
        out_of_scope: 90,
        ..Counts::default()
    };
    policy.population = policy.counts.population();
    audit.findings = vec![finding];
    let tags = Regex::new("<[^>]*>|`|\u{1b}\\[[0-9;]*m").unwrap();
    for (language, expected) in [
        (
            Language::En,
            "18 of 4,210 people could not be decided: entra.user.signInActivity not collected; \
             needs AuditLog.Read.All and Entra ID P1",
        ),
        (
            Language::Ja,
            "4,210 人のうち 18 件は判定できませんでした：entra.user.signInActivity は未収集です。\
             必要なもの：AuditLog.Read.All and Entra ID P1",
        ),
    ] {
        let terminal = terminal_summary(&audit, language, 160, &[]).unwrap();
        let html = render(&audit, Format::Html, language).unwrap();
        let markdown = render(&audit, Format::Markdown, language).unwrap();
        for text in [terminal, html, markdown] {
            let text = tags.replace_all(&text, "");
            assert!(text.contains(expected), "{text}");
        }
    }
}

#[test]
fn the_languages_do_not_mix() {
    let japanese = |c: char| matches!(c, '\u{3040}'..='\u{30ff}');
    let mut audit = mixed();
    audit.findings.retain(|finding| finding.outcome == Outcome::Unknown);
    let english = render(&audit, Format::Html, Language::En).unwrap();
    assert_eq!(english.lines().find(|line| line.contains(japanese)), None);
    let ja = render(&audit, Format::Html, Language::Ja).unwrap();
    assert!(ja.contains("<html lang=\"ja\">") && ja.contains("判定できなかったこと"));
    for word in ["Not decidable", "How to fix", "Who acts", "Complete"] {
        assert!(!ja.contains(word), "{word}");
    }
}

#[test]
fn counts_add_up() {
    let text = render(&mixed(), Format::Markdown, Language::En).unwrap();
    let row = |line: &str| -> Vec<u64> {
        let cells = line
            .split('|')
            .map(|cell| cell.split(" (").next().unwrap().trim().replace(',', ""));
        cells.filter_map(|cell| cell.parse().ok()).collect()
    };
    let table = text.split("## Policies").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<Vec<u64>> = table.lines().map(row).filter(|cells| !cells.is_empty()).collect();
    assert_eq!(rows.len(), mixed().policies.len());
    for cells in &rows {
        let (population, outcomes) = cells.split_last().unwrap();
        assert_eq!(outcomes.len(), 5);
        assert_eq!(outcomes.iter().sum::<u64>(), *population);
    }
    let judgements = mixed().summary.judgements;
    let sum = |at: usize| rows.iter().map(|cells| cells[at]).sum::<u64>();
    let expected = [
        judgements.pass,
        judgements.fail,
        judgements.unknown,
        judgements.waived,
        judgements.out_of_scope,
    ];
    assert_eq!([0, 1, 2, 3, 4].map(sum), expected);
}

#[test]
fn seats_are_those_that_the_policy_about_seats_judges() {
    let audit = contoso();
    let policy = audit
        .policies
        .iter()
        .find(|policy| policy.id == "provisioning.seats")
        .unwrap();
    let handed_out = audit
        .products
        .iter()
        .filter(|product| product.handed_out_by_okta == Some(true));
    let (full, free): (Vec<_>, Vec<_>) = handed_out.partition(|product| product.used >= product.seats);
    assert_eq!(
        (full.len() as u64, free.len() as u64),
        (policy.counts.fail, policy.counts.pass)
    );
    let page = render(audit, Format::Html, Language::En).unwrap();
    let section = page
        .split_once("<section id=\"products\"")
        .unwrap()
        .1
        .split_once("</section>")
        .unwrap()
        .0;
    assert_eq!(section.matches(">none<").count(), full.len());
    for product in full.iter().chain(&free) {
        assert!(section.contains(&product.name));
    }
}

#[test]
fn licences_flow_from_groups_to_products_to_what_came_of_them() {
    let audit = contoso();
    let flows = audit.licence_flows.as_ref().unwrap();
    assert!((2..=MAX_FLOWS).contains(&flows.flows.len()));
    let mut people = flows.rest;
    flows.flows.iter().for_each(|flow| people += flow.people);
    assert!(people.arrived > 0 && people.missing > 0, "{people:?}");
    for language in Language::ALL {
        let page = render(audit, Format::Html, language).unwrap();
        let section = page.split_once("<section id=\"flows\"").unwrap().1;
        let (picture, rest) = section.split_once("</svg>").unwrap();
        let table = rest.split_once("</section>").unwrap().0;
        assert_eq!(
            table.matches("<th scope=\"row\">").count(),
            flows.flows.len() + usize::from(flows.more > 0)
        );
        for kind in ["pass", "fail"] {
            assert!(picture.contains(&format!("<path class=\"{kind}\" d=\"M")), "{kind}");
        }
        for flow in &flows.flows {
            assert!(table.contains(&flow.product), "{}", flow.product);
        }
    }
}

#[test]
fn flows_without_number_are_summed() {
    let mut audit = contoso().clone();
    let flows = audit.licence_flows.as_mut().unwrap();
    flows.more = 30;
    flows.rest = Arrivals {
        arrived: 500,
        missing: 20,
        unknown: 3,
    };
    flows.open = 2;
    let text = render(&audit, Format::Markdown, Language::En).unwrap();
    assert!(text.contains("| 30 more ways |  | 500 | 20 | 3 |"));
    assert!(text.contains("Of 2 people it is not known what Okta hands them."));
    let page = render(&audit, Format::Html, Language::En).unwrap();
    assert!(page.contains(">Others 523</text>") && page.contains("<path class=\"unknown\""));
}
