//! Order and threads change nothing: records in any order, policy files in any order, any number of threads give the
//! same bytes.
//!
//! What may differ, by rule: the digest of the snapshot, because its files are others; which hundred names, and the
//! evidence of which of them, stand for more than a hundred resources with the same unknown; and the order of what a
//! policy itself takes from a whole collection, which no built-in policy does.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::support::{change_manifest, copy_of, lines_of, write_lines};

/// The audit of a snapshot by some policies as the program writes it, without the digest of the snapshot.
fn audit(place: &Path, policies: &[PathBuf], threads: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("audit.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenken"));
    command.env_clear().env("RAYON_NUM_THREADS", threads.to_string());
    command.arg("audit").arg(place).arg("--report").arg(&out);
    for policy in policies {
        command.arg("--policies").arg(policy);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let text = std::fs::read_to_string(out).unwrap();
    let mut audit: Json = serde_json::from_str(&text).unwrap();
    audit["snapshot"]["digest"] = Json::Null;
    for finding in audit["findings"].as_array_mut().unwrap() {
        if finding["count"].as_u64().unwrap() > 100 {
            (finding["resources"], finding["evidence"]) = (Json::Null, Json::Null);
        }
    }
    // The order of what is written stays (`preserve_order`).
    serde_json::to_string_pretty(&audit).unwrap()
}

/// A permutation that a seed chooses (a linear congruential generator; Numerical Recipes' constants).
fn shuffled<T>(mut items: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed;
    for at in (1..items.len()).rev() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
        items.swap(at, usize::try_from(state >> 8).unwrap() % (at + 1));
    }
    items
}

fn simulated(folder: &Path) -> PathBuf {
    let place = folder.join("snapshot");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenken"));
    command
        .env_clear()
        .args(["simulate", "--scenario", "contoso", "--snapshot"])
        .arg(&place);
    assert!(command.output().unwrap().status.success());
    place
}

fn built_in_files() -> Vec<PathBuf> {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/provisioning");
    let mut files: Vec<PathBuf> = std::fs::read_dir(pack)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml") && path.file_stem().unwrap() != "pack");
    // Policies that call a function of their pack cannot be named one by one.
    files.retain(|path| !std::fs::read_to_string(path).unwrap().contains("(p, "));
    files.sort();
    files
}

#[test]
fn records_policies_and_threads_in_any_order_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = simulated(folder.path());
    let part = copy_of(&whole, &folder.path().join("part"));
    // Read badly, so that there are unknowns of several kinds, some of many resources.
    change_manifest(&part, "entra.user", |entry| entry["status"] = json!("partial"));
    change_manifest(&part, "entra.subscription", |entry| entry["status"] = json!("partial"));
    let policies = built_in_files();
    for (name, place) in [("whole", &whole), ("part", &part)] {
        let expected = audit(place, &policies, 1);
        assert!(expected.contains("\"unknown\""));
        for threads in [2, 7] {
            assert!(
                audit(place, &policies, threads) == expected,
                "{name}: {threads} threads"
            );
        }
        for seed in 1..4 {
            let place = copy_of(place, &folder.path().join(format!("{name}{seed}")));
            let mut moved = 0;
            for resource in [
                "okta.user",
                "okta.app_user",
                "okta.app",
                "entra.user",
                "entra.group",
                "entra.domain",
                "entra.subscribed_sku",
            ] {
                let lines = lines_of(&place, resource);
                let others = shuffled(lines.clone(), seed);
                moved += usize::from(lines != others);
                write_lines(&place, resource, &(others.join("\n") + "\n"));
            }
            assert!(moved > 4, "the test shuffles too little");
            let found = audit(&place, &shuffled(policies.clone(), seed), 2);
            assert!(
                found == expected,
                "{name}, seed {seed}:\n{}",
                first_difference(&expected, &found)
            );
        }
    }
}

/// The lines around the first that differs.
fn first_difference(a: &str, b: &str) -> String {
    let differ = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or_default();
    let around = |text: &str| {
        text.lines()
            .skip(differ.saturating_sub(12))
            .take(20)
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    format!("{}----\n{}", around(a), around(b))
}
