//! The policy language as its user meets it, through the program.

mod joins;
mod mistakes;
mod packs;
mod params;
mod tenants;

use std::path::Path;

use serde_json::Value as Json;

use crate::support::{status, stderr, tenken};

/// A folder with files and the snapshot of a scenario in `snap`.
fn folder(scenario: Option<&str>, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    if let Some(scenario) = scenario {
        let made = tenken(
            folder.path(),
            &["simulate", "--scenario", scenario, "--snapshot", "snap"],
        );
        assert_eq!(status(&made), 0, "{}", stderr(&made));
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Audits `snap` and gives `audit.json`, which holds to its schema.
fn audit(folder: &Path, args: &[&str]) -> Json {
    let output = tenken(
        folder,
        &[
            &[
                "audit",
                "snap",
                "--fail-on",
                "none",
                "--report",
                "audit.json",
                "--report",
                "report.html",
            ],
            ["--report", "report.md", "--lang", "en"].as_slice(),
            args,
        ]
        .concat(),
    );
    assert!(matches!(status(&output), 0 | 4), "{}", stderr(&output));
    let json: Json = serde_json::from_str(&std::fs::read_to_string(folder.join("audit.json")).unwrap()).unwrap();
    assert_eq!(tenken::schema::audit().unwrap().check_json(&json), None);
    json
}

fn policy<'a>(audit: &'a Json, id: &str) -> &'a Json {
    let list = audit["policies"].as_array().unwrap();
    list.iter().find(|policy| policy["id"] == id).unwrap()
}

/// A policy on subscribed products with this under its first lines.
fn rule(id: &str, body: &str) -> String {
    format!(
        "id: {id}\ntitle: {{ en: One, ja: 一 }}\nseverity: low\nresource: entra.subscribed_sku\n\
         message: {{ en: m, ja: m }}\n{body}\n"
    )
}

const SEATS: &str = "\
params:
  spare:
    type: int
    default: 3
    min: 0
    max: 50
    about: { en: Seats that must be left, ja: 残すべきライセンス数 }
assert: subscribed_sku.free_seats >= params.spare
show: { spare: params.spare, free: subscribed_sku.free_seats }";

const PACK: &str = "id: mine\ntitle: { en: Mine, ja: 私 }\nabout: { en: Mine, ja: 私 }\n";

fn seats() -> String {
    rule("mine.seats", SEATS).replace(
        "{ en: m, ja: m }",
        "{ en: '{{ free }} of {{ spare }}', ja: '{{ free }}{{ spare }}' }",
    )
}

const CONFIG: &str = "\
tenants:
  - name: contoso
    okta: { url: https://contoso.okta.com, token: { env: NO_SUCH } }
";
