//! Snapshots that are truncated, altered, newer or simply wrong: a clear message, never a verdict.

use std::path::{Path, PathBuf};

use tenken::diagnostic::Diagnostic;
use tenken::evaluate::Tables;
use tenken::expr::{Scope, Value, compile, run};
use tenken::policy;
use tenken::snapshot::Snapshot;

use crate::support;

fn read(place: &Path) -> Result<Tables, Diagnostic> {
    let snapshot = Snapshot::open(place)?;
    Tables::load(&snapshot, &policy::needs(&support::built_in()))
}

fn users(place: &Path) -> PathBuf {
    place.join("entra.user.ndjson.zst")
}

fn manifest(place: &Path, change: impl FnOnce(String) -> String) {
    let path = place.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "the test changes nothing");
    std::fs::write(path, changed).unwrap();
}

fn replace_users(place: &Path, text: &str) {
    support::write_lines(place, "entra.user", text);
}

type Damage = Box<dyn Fn(&Path)>;

/// What can happen to a snapshot, and words of the message that must follow.
#[allow(clippy::too_many_lines, reason = "a table")]
fn damages() -> Vec<(&'static str, Damage, &'static str)> {
    vec![
        (
            "no manifest",
            Box::new(|p| std::fs::remove_file(p.join("manifest.json")).unwrap()),
            "cannot read",
        ),
        (
            "a manifest cut short",
            Box::new(|p| manifest(p, |t| t[..t.len() / 2].to_owned())),
            "damaged",
        ),
        (
            "a newer format",
            Box::new(|p| manifest(p, |t| t.replace("\"format\": 1", "\"format\": 7"))),
            "reads up to 1",
        ),
        (
            "not a manifest",
            Box::new(|p| std::fs::write(p.join("manifest.json"), "{}").unwrap()),
            "not a manifest",
        ),
        (
            "a status nobody knows",
            Box::new(|p| manifest(p, |t| t.replacen("\"complete\"", "\"fine\"", 1))),
            "not a manifest",
        ),
        (
            "a missing file",
            Box::new(|p| std::fs::remove_file(users(p)).unwrap()),
            "cannot read",
        ),
        (
            "a truncated file",
            Box::new(|p| {
                let bytes = std::fs::read(users(p)).unwrap();
                std::fs::write(users(p), &bytes[..bytes.len() - 20]).unwrap();
            }),
            "truncated or damaged",
        ),
        (
            "an empty file",
            Box::new(|p| std::fs::write(users(p), b"").unwrap()),
            "entra.user",
        ),
        (
            "a file with something behind it",
            Box::new(|p| {
                let mut bytes = std::fs::read(users(p)).unwrap();
                bytes.extend(zstd::encode_all(&b"{\"parent\":null,\"object\":{}}\n"[..], 3).unwrap());
                std::fs::write(users(p), bytes).unwrap();
            }),
            "more than the manifest says",
        ),
        (
            "a file of another snapshot",
            Box::new(|p| {
                let text = zstd::decode_all(std::fs::File::open(users(p)).unwrap()).unwrap();
                let changed = String::from_utf8(text).unwrap().replacen("\"JP\"", "\"US\"", 1);
                std::fs::write(users(p), zstd::encode_all(changed.as_bytes(), 3).unwrap()).unwrap();
            }),
            "SHA-256",
        ),
        (
            "a file outside",
            Box::new(|p| manifest(p, |t| t.replace("\"entra.user.ndjson.zst\"", "\"../../etc/passwd\""))),
            "outside",
        ),
        (
            "objects that are not",
            Box::new(|p| replace_users(p, "{\"parent\":null,\"object\":[]}\n")),
            "line 1",
        ),
        (
            "lines that are not",
            Box::new(|p| replace_users(p, "{\"parent\":null,\"object\":{\"id\":\"1\"}}\nhello\n")),
            "line 2",
        ),
        (
            "a key that stands twice",
            Box::new(|p| replace_users(p, "{\"parent\":null,\"object\":{\"id\":\"1\",\"id\":\"2\"}}\n")),
            "twice",
        ),
        (
            "a type that is named twice",
            Box::new(|p| {
                change_json(p, |json| {
                    let list = json["resources"].as_array_mut().unwrap();
                    let again = list[0].clone();
                    list.push(again);
                });
            }),
            "twice",
        ),
        (
            "a denied type of which every part was read",
            Box::new(|p| change_json(p, |json| entry(json, "okta.app_feature")["status"] = "denied".into())),
            "contradicts",
        ),
        (
            "a pipe",
            Box::new(|p| {
                std::fs::remove_file(users(p)).unwrap();
                assert!(
                    std::process::Command::new("mkfifo")
                        .arg(users(p))
                        .status()
                        .unwrap()
                        .success()
                );
            }),
            "not a regular file",
        ),
    ]
}

fn change_json(place: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = place.join("manifest.json");
    let mut json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut json);
    std::fs::write(path, json.to_string()).unwrap();
}

fn entry<'j>(json: &'j mut serde_json::Value, resource: &str) -> &'j mut serde_json::Value {
    let list = json["resources"].as_array_mut().unwrap();
    list.iter_mut().find(|entry| entry["resource"] == resource).unwrap()
}

#[tokio::test]
async fn damage_is_told_and_nothing_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, _) = support::collected("clean", Default::default(), folder.path()).await;
    for (name, damage, words) in damages() {
        let place = folder.path().join(name.replace(' ', "-"));
        copy(&whole, &place);
        assert!(read(&place).is_ok(), "{name}: the copy is damaged before the test");
        damage(&place);
        let diagnostic = read(&place).err().unwrap_or_else(|| panic!("{name}: it was read"));
        assert!(diagnostic.message.contains(words), "{name}: {}", diagnostic.message);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn values_of_other_types_are_unknown_not_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("clean", Default::default(), folder.path()).await;
    let text = zstd::decode_all(std::fs::File::open(users(&place)).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    // Every usage location becomes a number, one name gets half a surrogate pair, one list an element of another type.
    let text = text.replace("\"usageLocation\":\"", "\"usageLocation\":1,\"was\":\"");
    let text = text.replacen("\"displayName\":\"", "\"displayName\":\"\\ud83d", 1);
    assert!(text.contains("\"otherMails\":[]"), "the test changes nothing");
    let text = text.replacen("\"otherMails\":[]", "\"otherMails\":[5,\"a\"]", 1);
    replace_users(&place, &text);
    let audit = support::audit(&place);
    let policy = audit
        .policies
        .iter()
        .find(|policy| policy.id == "provisioning.usage-location")
        .unwrap();
    assert_eq!((policy.counts.pass, policy.counts.fail), (0, 0));
    assert!(policy.counts.unknown > 40);
    let finding = audit
        .findings
        .iter()
        .find(|finding| finding.policy == policy.id)
        .unwrap();
    assert_eq!(finding.causes[0].about, "entra.user.usageLocation");
    for (question, decided) in [
        (
            "entra.users.exists(u, u.displayName.startsWith('\u{fffd}'))",
            Some(true),
        ),
        ("entra.users.exists(u, u.otherMails.exists(m, m == 'a'))", Some(true)),
        ("entra.users.exists(u, u.otherMails.exists(m, m == 'b'))", None),
        ("entra.users.all(u, u.otherMails.all(m, m != 'b'))", None),
    ] {
        assert_eq!(ask(&place, question), decided, "{question}");
    }
}

/// The answer to a question, if there is one.
fn ask(place: &Path, question: &str) -> Option<bool> {
    let compiled = compile(question, &Scope::snapshot());
    let plan = compiled.plan.unwrap();
    let snapshot = Snapshot::open(place).unwrap();
    let tables = Tables::load(&snapshot, &policy::Needs::of(&plan.reads)).unwrap();
    let arena = bumpalo::Bump::new();
    match run(&plan, &[], &tables, &arena) {
        Value::Bool(value) => Some(value),
        Value::Unknown(_) => None,
        other => panic!("{question}: {other:?}"),
    }
}

#[tokio::test]
async fn enums_have_the_documented_spelling_however_they_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("clean", Default::default(), folder.path()).await;
    let text = zstd::decode_all(std::fs::File::open(users(&place)).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    replace_users(&place, &text.replace("\"Member\"", "\"member\""));
    assert_eq!(ask(&place, "entra.users.exists(u, u.userType == 'Member')"), Some(true));
}

#[tokio::test]
async fn nesting_without_end_is_skipped_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("clean", Default::default(), folder.path()).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    replace_users(
        &place,
        &format!("{{\"parent\":null,\"object\":{{\"x\":{deep},\"licenseAssignmentStates\":{deep}}}}}\n"),
    );
    assert_eq!(
        read(&place)
            .unwrap()
            .rows(tenken::catalog::catalog().record_named("entra.user").unwrap()),
        1
    );
}

#[test]
fn a_snapshot_never_takes_the_place_of_somebodys_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("documents");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("thesis.txt"), "years of work").unwrap();
    for replace in [false, true] {
        assert!(tenken::snapshot::SnapshotWriter::create(&place, replace).is_err());
    }
    assert!(place.join("thesis.txt").exists());
    let dropped = folder.path().join("dropped");
    drop(tenken::snapshot::SnapshotWriter::create(&dropped, false).unwrap());
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "an unfinished snapshot left something behind"
    );
}
