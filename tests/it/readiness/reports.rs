//! Readiness in every format: it fits the schema, nothing of a tenant is markup, and everybody is on the list.

use serde_json::Value as Json;
use tenken::policy::Language;
use tenken::report::{Format, render, terminal_readiness, write};
use tenken::simulator::ServerOptions;

use super::rollout::{TWO_WAVES, collected, foreseen};
use crate::support;

const FORMATS: [Format; 11] = [
    Format::Json,
    Format::Markdown,
    Format::Html,
    Format::Csv,
    Format::People,
    Format::Xlsx,
    Format::Sarif,
    Format::Junit,
    Format::Ocsf,
    Format::Oscal,
    Format::Prometheus,
];

#[tokio::test]
async fn every_format_shows_it_and_nothing_of_a_tenant_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let hostile = "<img src=x onerror=alert(1)>|`[x](javascript:1)`\u{202e}\u{1b}[2J";
    support::change_lines(&place, "okta.app", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["name"] == "office365" {
            json["object"]["label"] = hostile.into();
        }
        json.to_string()
    });
    let plan = TWO_WAVES
        .replace("app: Microsoft Office 365", "")
        .replace("Pilot", "'=1+1<b>|`x`'");
    let plan = format!("{plan}  - {{ name: x, users: ['=cmd<script>|`a`'], licenses: [] }}\n");
    let audit = foreseen(&place, &plan).unwrap();
    for language in Language::ALL {
        for format in FORMATS {
            write(&audit, format, language, &mut Vec::new()).unwrap();
        }
        for width in [40, 80, 120] {
            let text = terminal_readiness(&audit, 100, language, width, &["x.html".to_owned()]).unwrap();
            let plain = anstream::adapter::strip_str(&text).to_string();
            assert!(!plain.contains('\u{1b}') && !plain.contains('\u{202e}'));
            for line in plain.lines() {
                let columns = unicode_width::UnicodeWidthStr::width(line);
                // The table of waves has columns that do not shrink.
                assert!(columns < width.max(76), "{columns} of {width}: {line}");
            }
        }
    }
    let json: Json = serde_json::from_str(&render(&audit, Format::Json, Language::En).unwrap()).unwrap();
    assert_eq!(tenken::schema::audit().unwrap().check_json(&json), None);
    assert_eq!(serde_json::from_value::<tenken::audit::Audit>(json).unwrap(), audit);
    let page = render(&audit, Format::Html, Language::En).unwrap();
    assert!(!page.contains("<img src=x") && !page.contains("cmd<script>"));
    assert!(page.contains("id=\"readiness\""));
    let markdown = render(&audit, Format::Markdown, Language::En).unwrap();
    let html = comrak::markdown_to_html(&markdown, &comrak::Options::default());
    assert!(
        !html.contains("<img") && !html.contains("<script") && !html.contains("href=\"javascript"),
        "{html}"
    );
}

#[tokio::test]
async fn the_list_of_people_has_everybody_once() {
    let folder = tempfile::tempdir().unwrap();
    let place = collected(ServerOptions::default(), folder.path()).await;
    let audit = foreseen(&place, TWO_WAVES).unwrap();
    let text = render(&audit, Format::People, Language::En).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let heading = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 11);
    let cell = |row: &csv::StringRecord, name: &str| {
        let at = heading.iter().position(|column| column == name).unwrap();
        row.get(at).unwrap().to_owned()
    };
    let own = rows
        .iter()
        .find(|row| cell(row, "person").starts_with("own.licence"))
        .unwrap();
    for (column, words) in [
        ("wave", "Pilot"),
        ("prospect", "Will fail"),
        ("licences_to_add", "Microsoft 365 E3"),
        ("reasons", "which no administrator can remove"),
        ("error_text", "Insufficient privileges"),
        ("who", "Billing Administrator"),
        ("fix", "Self-service"),
        ("causes", "user-owned-licence"),
    ] {
        assert!(cell(own, column).contains(words), "{column}: {}", cell(own, column));
    }
    let ready = rows
        .iter()
        .find(|row| cell(row, "person").starts_with("ready.create"))
        .unwrap();
    assert_eq!(cell(ready, "reasons"), "");
}
