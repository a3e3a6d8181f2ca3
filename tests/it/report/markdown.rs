//! Markdown as plain text.

use tenken::policy::Language;
use tenken::report::{Format, render};

use super::audits::contoso;

#[test]
fn it_reads_well_as_plain_text() {
    let text = render(contoso(), Format::Markdown, Language::En).unwrap();
    let mut sections = text.lines().filter(|line| line.starts_with("## "));
    for title in [
        "What to do first",
        "Policies",
        "Frameworks",
        "Seats",
        "Particular to this tenant",
        "Findings",
        "Who has to do what",
        "Person by person",
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
