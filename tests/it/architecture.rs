//! Holds the map in `src/lib.rs` true: modules, layers, and who may import whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Layers from the bottom up, as the map in `src/lib.rs` lists them. A module imports only from below.
const LAYERS: &[&[&str]] = &[
    &["diagnostic"],
    &["document"],
    &["catalog"],
    &["expr"],
    &["schema"],
    &["config", "snapshot"],
    &["policy"],
    &["audit"],
    &["evaluate", "collect"],
    &["diagnose", "readiness", "report"],
    &["cli"],
];

/// What a module may not import although it lies below.
const NEVER: &[(&str, &str)] = &[("report", "evaluate")];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Top-level modules that each top-level module imports, tests left out.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let module = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        assert!(
            !code.contains("use crate::{"),
            "{module}: one `use crate::…` for each module, so that this test sees it"
        );
        let names = code.split("crate::").skip(1).filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
            Some(rest[..end].to_owned())
        });
        let entry = out.entry(module.clone()).or_default();
        entry.extend(names.filter(|name| *name != module && !name.is_empty()));
    }
    out
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn lower_layers_never_import_higher_ones() {
    for (module, imported) in imports() {
        if matches!(module.as_str(), "main" | "lib") {
            continue;
        }
        if module == "simulator" {
            assert!(imported.is_empty(), "the simulator imports {imported:?}");
            continue;
        }
        let own = layer(&module).unwrap_or_else(|| panic!("{module} has no layer"));
        for other in imported {
            if other == "simulator" {
                assert_eq!(module, "cli", "{module} imports the simulator");
                continue;
            }
            let below = layer(&other).unwrap_or_else(|| panic!("{module} imports {other}, which has no layer"));
            assert!(below < own, "{module} imports {other}");
            assert!(
                !NEVER.contains(&(module.as_str(), other.as_str())),
                "{module} imports {other}"
            );
        }
    }
}

#[test]
fn what_is_async_and_what_is_parallel_stay_apart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        for (library, allowed) in [
            ("tokio::", ["collect", "simulator", "cli"].as_slice()),
            ("reqwest::", &["collect", "config"]),
            ("rayon::", &["evaluate", "cli"]),
        ] {
            let own = allowed.iter().any(|place| relative.starts_with(place));
            assert!(own || !text.contains(library), "{relative} uses {library}");
        }
    }
}

/// The write guard: one file builds requests, and what it builds is GET, and POST of a form in one place.
#[test]
fn one_file_builds_requests_and_only_to_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = false;
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if relative == "collect/client.rs" {
            seen = true;
            assert_eq!(
                code.matches(".post(").count(),
                1,
                "{relative} posts in more than one place"
            );
            assert!(
                code.contains(".post(url.clone()).form("),
                "{relative} posts something else than a form"
            );
            for other in [
                ".put(",
                ".patch(",
                ".delete(",
                ".head(",
                ".request(",
                ".execute(",
                "Method::",
                "::Method",
            ] {
                assert!(!code.contains(other), "{relative} has {other}");
            }
            continue;
        }
        if relative.starts_with("simulator") {
            continue;
        }
        for rest in code.split("reqwest::").skip(1) {
            let harmless = ["Url", "header::"].iter().any(|name| rest.starts_with(name));
            assert!(harmless, "{relative} takes more of reqwest than addresses and headers");
        }
        assert!(
            !code.contains("use reqwest as"),
            "{relative} gives reqwest another name"
        );
        for way_out in ["TcpStream", "TcpSocket", "UdpSocket", "UnixStream", "hyper::"] {
            assert!(!code.contains(way_out), "{relative} uses {way_out}");
        }
    }
    assert!(seen);
}

#[test]
fn the_map_names_every_module() {
    let map = include_str!("../../src/lib.rs");
    for module in LAYERS.iter().copied().flatten().chain(&["simulator"]) {
        assert!(
            map.contains(&format!("| [`{module}`]")),
            "the map does not explain {module}"
        );
        assert!(map.contains(&format!("pub mod {module};")), "{module} is not a module");
    }
    let declared = map.lines().filter(|line| line.starts_with("pub mod ")).count();
    assert_eq!(declared, LAYERS.iter().map(|layer| layer.len()).sum::<usize>() + 1);
}

#[test]
fn only_one_module_speaks_to_the_yaml_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().display().to_string();
        let own = relative == "document.rs" || relative.starts_with("simulator");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            own || !text.contains("serde_yaml"),
            "{relative} speaks to the YAML library"
        );
    }
}
