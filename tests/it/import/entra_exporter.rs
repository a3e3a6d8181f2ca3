//! The folder that EntraExporter writes from the same tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use tenken::catalog::{Paging, catalog};
use tenken::simulator::ServerOptions;
use tenken::snapshot::{Snapshot, Status};

use super::{asked_of_nobody, import, objects, outcomes, pages, reason_of, status_of, utf16, write};
use crate::support::{audit, collect_all, collected, refuses, status, stdout, tenken};

/// The layout that the importer reads by.
fn layout() -> BTreeMap<String, Json> {
    let text = include_str!("../../../src/snapshot/import/entra_exporter.yaml");
    let mut sink = tenken::diagnostic::Diagnostics::new();
    let source = tenken::diagnostic::Source::new("layout", text);
    let json = tenken::document::Document::parse(source, &mut sink)
        .unwrap()
        .root
        .to_json();
    let types = json["types"].as_object().unwrap().clone();
    types.into_iter().collect()
}

/// Writes what a snapshot holds as EntraExporter would have: a file for each object, in the encoding of the one in three.
fn export(place: &Path, root: &Path, leave_out: &[&str]) -> BTreeSet<String> {
    let snapshot = Snapshot::open(place).unwrap();
    let mut written = BTreeSet::new();
    for (name, at) in layout() {
        if snapshot.entry(&name).is_none() || leave_out.contains(&name.as_str()) {
            continue;
        }
        let path = at["path"].as_str().unwrap();
        for (number, (parent, object)) in objects(place, &name).into_iter().enumerate() {
            let parent = parent
                .or_else(|| object["clientId"].as_str().map(str::to_owned))
                .unwrap_or_default();
            let path = path.replace("{}", &parent);
            let file = match (path.ends_with(".json"), object["id"].as_str()) {
                (true, _) => path,
                (false, Some(id)) => format!("{path}/{id}/{id}.json"),
                (false, None) => {
                    let last = path.rsplit('/').next().unwrap();
                    format!("{path}/{last}/{last}.json")
                }
            };
            let text = serde_json::to_string_pretty(&object).unwrap().replace('\n', "\r\n");
            match number % 3 {
                0 => write(root, &file, text),
                1 => write(root, &file, utf16(&text)),
                _ => write(root, &file, format!("\u{feff}{text}")),
            };
            written.insert(name.clone());
        }
    }
    written
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn whatever_the_export_holds_is_judged_as_if_collected_and_the_rest_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let (place, manifest) = collected("contoso", ServerOptions::default(), folder.path()).await;
    let root = folder.path().join("export");
    let written = export(&place, &root, &[]);
    let at = manifest.ended.to_string();
    let (entra, told) = import(
        folder.path(),
        &[
            "entra-exporter",
            name(&root),
            "--whole",
            "entra.user,entra.group",
            "--read-at",
            &at,
        ],
    );
    assert!(
        written.contains("entra.user") && written.contains("entra.subscribed_sku"),
        "{written:?}"
    );
    for resource in &written {
        assert_eq!(status_of(&entra, resource), Status::Complete, "{told}");
    }
    // With Okta's pages it is the audit of both.
    let saved = folder.path().join("pages");
    pages::save(&place, &saved, |resource| resource.starts_with("okta."));
    let (both, told) = import(
        folder.path(),
        &[
            "pages",
            name(&saved),
            "--with",
            name(&entra),
            "--whole",
            "all",
            "--org",
            "contoso.okta.com",
            "--read-at",
            &at,
        ],
    );
    assert!(!told.contains("partial"), "{told}");
    let (wanted, found) = (audit(&place), audit(&both));
    let held = |resource: &str| resource.starts_with("okta.") || written.contains(resource);
    let nobody = asked_of_nobody(&place, &wanted);
    let lacking: BTreeSet<&String> = wanted
        .coverage
        .iter()
        .filter(|coverage| !held(&coverage.resource))
        .flat_map(|coverage| &coverage.policies)
        .chain(&nobody)
        .collect();
    let (wanted, found) = (outcomes(&wanted), outcomes(&found));
    let (mut same, mut unknown) = (Vec::new(), Vec::new());
    for (policy, wanted) in &wanted {
        let found = &found[policy];
        if lacking.contains(policy) {
            let fewer = |what: &str| found["counts"][what].as_u64() <= wanted["counts"][what].as_u64();
            assert!(fewer("pass") && fewer("fail"), "{policy}: {found} of {wanted}");
            if found["outcome"] == "unknown" {
                unknown.push(policy.as_str());
            }
        } else {
            assert_eq!(found, wanted, "{policy}");
            same.push(policy.as_str());
        }
    }
    assert!(
        same.len() >= 10 && unknown.contains(&"provisioning.trials-off"),
        "same {same:?}, unknown {unknown:?}"
    );
}

#[tokio::test]
async fn every_type_of_the_layout_comes_through() {
    let folder = tempfile::tempdir().unwrap();
    let place = collect_all("contoso", ServerOptions::default(), folder.path()).await;
    let root = folder.path().join("export");
    let written = export(&place, &root, &[]);
    let (out, told) = import(folder.path(), &["entra-exporter", name(&root)]);
    for resource in &written {
        let (found, wanted) = (objects(&out, resource), objects(&place, resource));
        let sorted = |list: Vec<(Option<String>, Json)>| {
            let mut texts: Vec<String> = list
                .iter()
                .map(|(parent, object)| format!("{parent:?} {object}"))
                .collect();
            texts.sort();
            texts
        };
        // All partners were written over one another.
        if resource != "entra.cross_tenant_access_partner" {
            assert_eq!(sorted(found), sorted(wanted), "{resource}: {told}");
        }
    }
    for (resource, words) in [
        ("entra.role_assignment_schedule_instance", "activated"),
        ("entra.oauth2_permission_grant", "one application at a time"),
    ] {
        assert_eq!(status_of(&out, resource), Status::Partial, "{resource}");
        assert!(reason_of(&out, resource).contains(words), "{resource}");
    }
    assert_eq!(status_of(&out, "entra.subscription"), Status::NotRequested);
    assert!(reason_of(&out, "entra.subscription").contains("not part of what entra-exporter exports"));
}

#[test]
fn what_the_export_cannot_prove_is_partial_and_what_it_lacks_was_not_requested() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    write(
        &root,
        "Organization/Organization.json",
        r#"{"id":"t1","onPremisesSyncEnabled":true}"#,
    );
    write(
        &root,
        "Groups/g1/g1.json",
        r#"{"id":"g1","groupTypes":["DynamicMembership"]}"#,
    );
    write(&root, "Users/u1/u1.json", r#"{"id":"u1","onPremisesSyncEnabled":null}"#);
    let (out, _) = import(folder.path(), &["entra-exporter", name(&root)]);
    assert_eq!(status_of(&out, "entra.group"), Status::Partial);
    assert!(reason_of(&out, "entra.group").contains("dynamic groups only"));
    assert_eq!(status_of(&out, "entra.user"), Status::Partial);
    assert!(reason_of(&out, "entra.user").contains("-CloudUsersAndGroupsOnly"));
    assert_eq!(status_of(&out, "entra.domain"), Status::NotRequested);
    assert!(reason_of(&out, "entra.domain").contains("Export-Entra -Type Domains"));
    let ask = |expression: &str| {
        let answer = tenken(folder.path(), &["query", name(&out), expression]);
        (status(&answer), stdout(&answer))
    };
    assert_eq!(ask("entra.domains.size() == 0").0, 4);
    assert_eq!(ask("entra.users.size() == 1").0, 4);
    assert_eq!(ask("entra.users.exists(u, u.id == 'u1')"), (0, "true\n".to_owned()));
    // Not in the file is not null.
    assert_eq!(ask("entra.users.exists(u, u.accountEnabled == null)").0, 4);

    // Somebody who is synchronised, and a static group, show that nothing was left out.
    write(&root, "Users/u2/u2.json", r#"{"id":"u2","onPremisesSyncEnabled":true}"#);
    write(&root, "Groups/g2/g2.json", r#"{"id":"g2","groupTypes":[]}"#);
    let (out, told) = import(folder.path(), &["entra-exporter", name(&root)]);
    assert_eq!(status_of(&out, "entra.user"), Status::Complete, "{told}");
    assert_eq!(status_of(&out, "entra.group"), Status::Complete, "{told}");

    // Of more than a page, the rest may have failed.
    for number in 0..100 {
        write(
            &root,
            &format!("Users/x{number}/x{number}.json"),
            format!(r#"{{"id":"x{number}"}}"#),
        );
    }
    let (out, _) = import(folder.path(), &["entra-exporter", name(&root)]);
    assert!(reason_of(&out, "entra.user").contains("--whole entra.user"));
    let (out, _) = import(folder.path(), &["entra-exporter", name(&root), "--whole", "entra.user"]);
    assert_eq!(status_of(&out, "entra.user"), Status::Complete);
}

#[test]
fn a_member_list_that_is_not_there_is_unknown_for_that_parent_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    for unit in ["a1", "a2"] {
        let text = json!({"id": unit, "displayName": unit, "isMemberManagementRestricted": true}).to_string();
        write(&root, &format!("AdministrativeUnits/{unit}/{unit}.json"), text);
    }
    write(&root, "AdministrativeUnits/a1/Members/u1/u1.json", r#"{"id":"u1"}"#);
    let (out, _) = import(folder.path(), &["entra-exporter", name(&root)]);
    let snapshot = Snapshot::open(&out).unwrap();
    let parents = snapshot
        .parents(snapshot.entry("entra.administrative_unit_member").unwrap())
        .unwrap();
    let read: Vec<_> = parents
        .iter()
        .map(|parent| (parent.key.as_str(), parent.status))
        .collect();
    assert_eq!(read, [("a1", Status::Complete), ("a2", Status::NotRequested)]);
    let ask = |unit: &str| {
        let expression =
            format!("entra.administrative_units.filter(a, a.id == '{unit}').all(a, a.members.size() == 1)");
        status(&tenken(folder.path(), &["query", name(&out), &expression]))
    };
    assert_eq!((ask("a1"), ask("a2")), (0, 4));
}

#[test]
fn only_exports_of_one_tenant_are_joined_and_what_is_whole_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    write(
        &root,
        "Organization/Organization.json",
        r#"{"id":"t1","displayName":"A"}"#,
    );
    write(&root, "Users/u1/u1.json", r#"{"id":"u1"}"#);
    let (first, _) = import(
        folder.path(),
        &["entra-exporter", name(&root), "--read-at", "2026-11-01T00:00:00Z"],
    );
    let saved = folder.path().join("pages");
    write(&saved, "entra.organization.json", r#"{"id":"t1","displayName":"B"}"#);
    write(&saved, "entra.user.json", r#"{"value":[{"id":"u1"},{"id":"u2"}]}"#);
    let joined = [
        "pages",
        name(&saved),
        "--with",
        name(&first),
        "--read-at",
        "2026-11-20T00:00:00Z",
    ];
    let (out, told) = import(folder.path(), &joined);
    assert_eq!(
        objects(&out, "entra.organization")[0].1["displayName"],
        "A",
        "what is whole is kept"
    );
    assert!(
        told.contains("entra.organization: the earlier snapshot holds all of it"),
        "{told}"
    );
    assert_eq!(objects(&out, "entra.user").len(), 2, "what was partial gives way");
    assert!(told.contains("more than a day apart"), "{told}");
    let manifest = super::manifest(&out);
    assert_eq!(manifest["started"], "2026-11-01T00:00:00Z");
    assert_eq!(manifest["ended"], "2026-11-20T00:00:00Z");
    assert!(audit(&out).policies.len() > 10);

    let mut other: Vec<&str> = vec!["import"];
    other.extend(joined);
    other.extend(["--tenant", "t2", "--out", "out"]);
    refuses(folder.path(), &other, &["of the tenant `t1`", "of `t2`"]);
}

/// The exporter's own table, which lies beside the repository.
fn schema() -> Option<Json> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/specs/entraexporter-schema.json");
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// What the exporter asks for: path, version, and the values of `-Type` that it is asked with.
type Asked = (String, String, Vec<String>);

/// What each path of a table asks for.
fn asked(entries: &Json, above: &str, found: &mut BTreeMap<String, Vec<Asked>>) {
    for entry in entries.as_array().into_iter().flatten() {
        let path = format!("{above}{}", entry["Path"].as_str().unwrap_or_default());
        if let Some(uri) = entry["GraphUri"].as_str() {
            let version = entry["ApiVersion"].as_str().unwrap_or("v1.0").to_owned();
            let tags = entry["Tag"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|tag| tag.as_str().map(str::to_owned));
            found
                .entry(path.clone())
                .or_default()
                .push((uri.to_lowercase(), version, tags.collect()));
        }
        asked(&entry["Children"], &format!("{path}/{{}}/"), found);
    }
}

#[test]
fn the_layout_is_that_of_the_exporter_and_asks_what_the_catalogue_asks() {
    let Some(schema) = schema() else {
        println!("skipped: the exporter's table is not beside the repository");
        return;
    };
    let mut found = BTreeMap::new();
    asked(&schema["schema"], "", &mut found);
    for (name, at) in layout() {
        let call = catalog().resource(&name).unwrap().supply.call().unwrap();
        assert_ne!(call.paging, Paging::Body);
        let path = at["path"].as_str().unwrap();
        let entries = found
            .get(path)
            .unwrap_or_else(|| panic!("{name}: the exporter writes no {path}"));
        let plain = |uri: &str| {
            let parts = uri
                .trim_start_matches('/')
                .split('/')
                .map(|part| match part.starts_with(['{', '<']) {
                    true => "{}".to_owned(),
                    false => part.to_lowercase(),
                });
            parts.collect::<Vec<_>>().join("/")
        };
        let wanted = match name.as_str() {
            // Asked for each application there, for all at once here; and under another name for the same list.
            "entra.oauth2_permission_grant" => "serviceprincipals/{}/oauth2permissiongrants".to_owned(),
            "entra.administrative_unit" | "entra.administrative_unit_member" | "entra.scoped_role_member" => {
                plain(&call.path).replace("directory/", "")
            }
            _ => plain(&call.path),
        };
        for (uri, version, tags) in entries {
            assert_eq!(plain(uri), wanted, "{name}");
            assert_eq!(version, at["version"].as_str().unwrap(), "{name}");
            assert!(
                tags.iter().any(|tag| tag == at["type"].as_str().unwrap()),
                "{name}: {tags:?}"
            );
        }
    }
}
