//! Markdown as plain text.

use tenken::audit::ResourceId;
use tenken::audit::readiness::{Prospects, Readiness, UnreadGroup, Verdict, Wave};
use tenken::policy::Language;
use tenken::report::{Format, render};

use super::audits::{contoso, parts};

#[test]
fn it_reads_well_as_plain_text() {
    let text = render(contoso(), Format::Markdown, Language::En).unwrap();
    let mut sections = text.lines().filter(|line| line.starts_with("## "));
    for title in [
        "What to do first",
        "Policies",
        "Frameworks",
        "Seats",
        "How licences flow",
        "Particular to this tenant",
        "Findings",
        "What could not be judged",
        "What was read",
        "Method",
    ] {
        assert_eq!(sections.next(), Some(format!("## {title}").as_str()));
    }
    assert!(text.contains("\n- **Fail**: `kaho.shirakawa@contoso.example` holds `Microsoft Teams Exploratory Dept`, which no administrator"));
    assert!(text.contains(
        "\n1. As a Global or Billing Administrator open Microsoft 365 admin center > Billing > Your products"
    ));
    assert!(!text.contains("\n\n\n"), "no gaps");
    assert!(!text.contains("&quot;"));
}

#[test]
fn what_has_room_has_the_lists_too() {
    let parts = parts(contoso());
    let text = render(&parts[0], Format::Markdown, Language::En).unwrap();
    for words in [
        "## Who has to do what",
        "## Person by person",
        "| Subject | SHA-256 |",
        "**Sources**",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(!text.contains("Shortened to"));
    let whole = render(contoso(), Format::Markdown, Language::En).unwrap();
    assert!(whole.contains("\nShortened to the 65,536 characters that GitHub takes: the lists by team and by person"));
    assert!(!whole.contains("## Who has to do what") && !whole.contains("SHA-256 |"));
}

#[test]
fn names_of_a_rollout_are_no_mentions_and_no_links() {
    let name = "@contoso/admins https://evil.example/x #1";
    let named = |kind: &str| ResourceId {
        resource_type: kind.to_owned(),
        key: name.to_owned(),
        name: Some(name.to_owned()),
    };
    let mut audit = contoso().clone();
    audit.readiness = Some(Readiness {
        app: named("okta.app"),
        verdict: Verdict::NoGo,
        limits: Vec::new(),
        total: Prospects::default(),
        waves: vec![Wave {
            name: name.to_owned(),
            prospects: Prospects::default(),
            unread: vec![UnreadGroup {
                group: named("okta.group"),
                causes: Vec::new(),
            }],
        }],
        blockers: Vec::new(),
        causes: Vec::new(),
        seats: Vec::new(),
        people: Vec::new(),
        assumptions: Vec::new(),
    });
    for language in Language::ALL {
        let text = render(&audit, Format::Markdown, language).unwrap();
        assert_eq!(text.matches(name).count(), 3);
        assert_eq!(text.matches(&format!("`{name}`")).count(), 3);
        assert!(text.contains("`tenken snapshot --members-of`"));
    }
    let text = render(&audit, Format::Markdown, Language::En).unwrap();
    assert!(text.contains("#1` is not known. Collect again with `tenken"));
}

#[test]
fn tables_have_as_many_cells_as_heads() {
    for language in Language::ALL {
        let text = render(contoso(), Format::Markdown, language).unwrap();
        let mut heads = 0;
        for line in text.lines() {
            let cells = line.matches('|').count();
            match (line.starts_with('|'), heads) {
                (true, 0) => heads = cells,
                (true, heads) => assert_eq!(cells, heads, "{line}"),
                (false, _) => heads = 0,
            }
        }
    }
}
