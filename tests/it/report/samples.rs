//! The rendered audit of the demo in `reports/samples/`, one file for each format.
//!
//! `UPDATE_SAMPLES=1 cargo test --test it samples` writes them anew. What the clock decides is fixed first: the times,
//! and the digest of the snapshot, which holds them.

use std::path::PathBuf;

use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, write};

use super::audits::contoso;

/// Formats that are for people, whose samples are in both languages.
const FOR_PEOPLE: [Format; 5] = [
    Format::Html,
    Format::Markdown,
    Format::Csv,
    Format::People,
    Format::Xlsx,
];
/// Formats that the samples show, with how their files end.
const FORMATS: [(Format, &str); 11] = [
    (Format::Html, "html"),
    (Format::Markdown, "md"),
    (Format::Json, "json"),
    (Format::Csv, "csv"),
    (Format::People, "people.csv"),
    (Format::Xlsx, "xlsx"),
    (Format::Sarif, "sarif"),
    (Format::Junit, "xml"),
    (Format::Ocsf, "jsonl"),
    (Format::Oscal, "oscal.json"),
    (Format::Prometheus, "prom"),
];

/// The same audit as if it had been made at a time and on ports that are always the same.
fn timeless(audit: &Audit) -> Audit {
    let then: jiff::Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
    let now = audit.clocks.now;
    let time = regex::Regex::new(r#""(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)""#).unwrap();
    let text = serde_json::to_string(audit).unwrap();
    // The simulator places its world around the moment it starts, in whole hours: what is left over is the clock's.
    let text = time.replace_all(&text, |found: &regex::Captures<'_>| {
        let at: jiff::Timestamp = found[1].parse().unwrap();
        let hours = (at - now).total(jiff::Unit::Hour).unwrap().round();
        format!("\"{}\"", then + jiff::SignedDuration::from_hours(hours as i64))
    });
    // Days stand in messages; they are whole days from the present.
    let day = regex::Regex::new(r#""(\d{4}-\d\d-\d\d)""#).unwrap();
    let date = |time: jiff::Timestamp| time.to_zoned(jiff::tz::TimeZone::UTC).date();
    let text = day.replace_all(&text, |found: &regex::Captures<'_>| {
        let at: jiff::civil::Date = found[1].parse().unwrap();
        let days = at.since(date(now)).unwrap().get_days();
        format!("\"{}\"", date(then) + jiff::Span::new().days(days))
    });
    let mut audit: Audit = serde_json::from_str(&text).unwrap();
    audit.tool.version = "1.0.0".to_owned();
    audit.snapshot.digest = "0".repeat(64);
    for finding in &mut audit.findings {
        finding.fingerprint = finding.fingerprint.as_ref().map(|_| "0".repeat(16));
    }
    for (side, port) in [(&mut audit.tenant.okta, 8001), (&mut audit.tenant.entra, 8002)] {
        side.as_mut().unwrap().url = format!("http://127.0.0.1:{port}/");
    }
    audit
}

#[test]
fn samples_are_what_is_rendered() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/samples"));
    let audit = timeless(contoso());
    for language in Language::ALL {
        for (format, ending) in FORMATS {
            if language != Language::En && !FOR_PEOPLE.contains(&format) {
                continue;
            }
            let mut rendered = Vec::new();
            write(&audit, format, language, &mut rendered).unwrap();
            let name = match language {
                Language::En => format!("contoso.{ending}"),
                Language::Ja => format!("contoso.ja.{ending}"),
            };
            let path = folder.join(name);
            if std::env::var_os("UPDATE_SAMPLES").is_some() {
                std::fs::write(&path, &rendered).unwrap();
            }
            let kept = std::fs::read(&path).unwrap_or_default();
            assert!(
                kept == rendered,
                "{} is not what is rendered; run this test with UPDATE_SAMPLES=1",
                path.display()
            );
        }
    }
}
