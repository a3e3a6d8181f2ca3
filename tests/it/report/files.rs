//! Reports as files: whole or not there, as private as they were, and nothing beside them.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::audits::contoso;
use crate::support::{status, stderr, tenken};

/// A folder with nothing but `audit.json`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.json"), serde_json::to_vec(contoso()).unwrap()).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_report_that_was_made_private_stays_so() {
    let folder = folder();
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    for (name, private) in [("a.csv", 0o600), ("b.csv", 0o640)] {
        let path = folder.path().join(name);
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(private)).unwrap();
    }
    let output = tenken(
        folder.path(),
        &["render", "-q", "audit.json", "a.csv", "b.csv", "c.csv"],
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!([mode("a.csv"), mode("b.csv")], [0o600, 0o640]);
    // As any file of this process.
    assert_eq!(mode("c.csv"), mode("audit.json"));
    assert!(folder.path().join("a.csv").metadata().unwrap().len() > 1_000);
    assert_eq!(names(folder.path()), ["a.csv", "audit.json", "b.csv", "c.csv"]);
}

#[test]
fn nothing_is_left_of_reports_that_could_not_be_written() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("b.csv")).unwrap();
    let output = tenken(folder.path(), &["render", "audit.json", "a.csv", "b.csv"]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["audit.json", "b.csv"]);
}

#[test]
fn nobody_has_to_read_the_summary() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tenken"))
        .args(["render", "audit.json", "a.csv"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(names(folder.path()), ["a.csv", "audit.json"]);
}
