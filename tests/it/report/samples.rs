//! The rendered audit of the demo in `reports/samples/`, one file for each format.
//!
//! `UPDATE_SAMPLES=1 cargo test --test it samples` writes them anew. They are made at the present of all tests, whatever the
//! clock says.

use std::path::PathBuf;

use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, write};
use tenken::simulator::ServerOptions;

use crate::support::{audit, collected};

/// Formats that are for people, whose samples are in both languages.
const FOR_PEOPLE: [Format; 6] = [
    Format::Html,
    Format::Markdown,
    Format::Csv,
    Format::People,
    Format::Teams,
    Format::Xlsx,
];
/// Formats that the samples show, with how their files end.
const FORMATS: [(Format, &str); 12] = [
    (Format::Html, "html"),
    (Format::Markdown, "md"),
    (Format::Json, "json"),
    (Format::Csv, "csv"),
    (Format::People, "people.csv"),
    (Format::Teams, "teams.csv"),
    (Format::Xlsx, "xlsx"),
    (Format::Sarif, "sarif"),
    (Format::Junit, "xml"),
    (Format::Ocsf, "jsonl"),
    (Format::Oscal, "oscal.json"),
    (Format::Prometheus, "prom"),
];

/// The audit of the demo's scenario at a time, on ports and with a version that are always the same.
fn sample() -> Audit {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = runtime.block_on(collected("contoso", ServerOptions::default(), folder.path()));
    let mut audit = audit(&place);
    // What is left is the ports, and the digest of the snapshot, whose manifest names them.
    audit.snapshot.digest = "0".repeat(64);
    audit.tool.version = "1.0.0".to_owned();
    audit.tenant.name = "contoso".to_owned();
    for (side, port) in [(&mut audit.tenant.okta, 8001), (&mut audit.tenant.entra, 8002)] {
        side.as_mut().unwrap().url = format!("http://127.0.0.1:{port}/");
    }
    audit
}

#[test]
fn samples_are_what_is_rendered() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/samples"));
    let audit = sample();
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
