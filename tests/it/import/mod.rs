//! Exports of other tools as snapshots: whatever an export holds is judged as if it had been collected, and what it does
//! not hold, or may hold in part, is unknown.

mod entra_exporter;
mod hostile;
mod mscommerce;
mod pages;
mod scubagear;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use tenken::audit::Audit;
use tenken::snapshot::Status;

use crate::support::{lines_of, status, stderr, tenken};

/// The objects of a resource type in a snapshot, each with its parent.
fn objects(place: &Path, resource: &str) -> Vec<(Option<String>, Json)> {
    let parsed = lines_of(place, resource).into_iter().map(|line| {
        let line: Json = serde_json::from_str(&line).unwrap();
        (line["parent"].as_str().map(str::to_owned), line["object"].clone())
    });
    parsed.collect()
}

/// The manifest of a snapshot.
fn manifest(place: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(place.join("manifest.json")).unwrap()).unwrap()
}

/// What the manifest says of a resource type.
fn entry(place: &Path, resource: &str) -> Json {
    let manifest = manifest(place);
    let list = manifest["resources"].as_array().unwrap();
    let found = list.iter().find(|entry| entry["resource"] == resource);
    found.unwrap_or_else(|| panic!("no {resource} in the manifest")).clone()
}

fn status_of(place: &Path, resource: &str) -> Status {
    Status::parse(entry(place, resource)["status"].as_str().unwrap()).unwrap()
}

fn reason_of(place: &Path, resource: &str) -> String {
    entry(place, resource)["reason"].as_str().unwrap_or_default().to_owned()
}

/// Writes a file and the folders on the way to it.
fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

/// UTF-16 with a mark, little-endian, as Windows PowerShell writes it.
fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// Imports with the program; the folder of the snapshot, and what was told.
fn import(folder: &Path, args: &[&str]) -> (PathBuf, String) {
    let out = folder.join(format!("imported-{}", std::fs::read_dir(folder).unwrap().count()));
    let mut all = vec!["import"];
    all.extend(args);
    all.extend(["--out", out.to_str().unwrap()]);
    let output = tenken(folder, &all);
    assert_eq!(status(&output), 0, "{args:?}: {}", stderr(&output));
    (out, stderr(&output))
}

/// The policies that read a type for which nobody was asked, because the type that it is read for each of has none: no
/// export shows that, and a collection does.
fn asked_of_nobody(place: &Path, audit: &Audit) -> BTreeSet<String> {
    let manifest = manifest(place);
    let list = manifest["resources"].as_array().unwrap();
    let nobody = list.iter().filter(|entry| entry["parents"]["asked"] == 0);
    let types: Vec<&str> = nobody.map(|entry| entry["resource"].as_str().unwrap()).collect();
    let coverage = audit.coverage.iter();
    let of_them = coverage.filter(|coverage| types.contains(&coverage.resource.as_str()));
    of_them.flat_map(|coverage| coverage.policies.clone()).collect()
}

/// How each policy came out: its outcome, and how often each.
fn outcomes(audit: &Audit) -> BTreeMap<String, Json> {
    let policies = audit.policies.iter();
    policies
        .map(|policy| {
            let counted = json!({"outcome": policy.outcome, "counts": policy.counts});
            (policy.id.clone(), counted)
        })
        .collect()
}
