//! Hostile input through the program: a clear message, the right exit status, and an end within bounded memory and
//! processor time, whatever the input. Limits are the system's (`ulimit`), so that a slow machine changes nothing.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value as Json, json};

use crate::support::{change_lines, change_manifest, copy_of, write_lines};

/// Most address space of the program, in KiB, and most seconds of processor time.
const MEMORY: u64 = 1 << 20;
const SECONDS: u64 = 300;

/// Runs the program within the limits, in a folder.
fn bounded(folder: &Path, args: &[&str]) -> Output {
    let limits = format!("ulimit -v {MEMORY} && ulimit -t {SECONDS} && exec \"$0\" \"$@\"");
    let mut command = Command::new("/bin/sh");
    command
        .current_dir(folder)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("RAYON_NUM_THREADS", "2");
    command
        .args(["-c", &limits, env!("CARGO_BIN_EXE_tenken")])
        .args(args)
        .output()
        .unwrap()
}

/// The program ends with status 2 and says these words, within the limits.
fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let output = bounded(folder, args);
    let said = String::from_utf8_lossy(&output.stderr);
    let shown: String = said.chars().take(2_000).collect();
    assert_eq!(
        output.status.code(),
        Some(2),
        "{args:.120?}: {:?} {shown}",
        output.status
    );
    assert!(!said.contains("panicked"), "{shown}");
    assert!(said.len() < 20_000, "a message of {} bytes", said.len());
    for word in words {
        assert!(said.contains(word), "{args:.120?}: no `{word}` in {shown}");
    }
}

fn simulated(folder: &Path) {
    let output = bounded(folder, &["simulate", "--scenario", "clean", "--snapshot", "snap"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn policy(assert: &str) -> String {
    json!({"id": "test.hostile", "title": {"en": "t", "ja": "t"}, "severity": "high", "resource": "okta.app_user",
        "message": {"en": "m", "ja": "m"}, "assert": assert})
    .to_string()
}

#[test]
fn yaml_bombs_and_depth_in_every_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    simulated(folder.path());
    let level = |n: u32| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(","));
    let bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned() + &(1..20).map(level).collect::<String>();
    let deep = format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    let blocks: String = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let aliased = "a: &a [".to_owned() + &"*a,".repeat(10) + "]\n";
    for (name, text) in [("bomb", bomb), ("deep", deep), ("blocks", blocks), ("itself", aliased)] {
        let file = format!("{name}.yaml");
        std::fs::write(folder.path().join(&file), &text).unwrap();
        refused(folder.path(), &["policy", "check", &file], &[&file, "invalid-yaml"]);
        refused(
            folder.path(),
            &["audit", "snap", "--policies", &file],
            &[&file, "invalid-yaml"],
        );
        refused(
            folder.path(),
            &["audit", "snap", "--waivers", &file],
            &[&file, "invalid-yaml"],
        );
        refused(
            folder.path(),
            &["snapshot", "--config", &file, "--out", "new"],
            &[&file, "invalid-yaml"],
        );
        assert!(!folder.path().join("new").exists());
    }
}

#[test]
fn expressions_that_are_deep_long_or_grow_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let nested = |open: &str, close: &str| format!("{}true{}", open.repeat(10_000), close.repeat(10_000));
    let doubled = |from: &str| {
        let steps: String = (1..40)
            .map(|n| format!("cel.bind(a{n}, a{0} + a{0}, ", n - 1))
            .collect();
        format!("cel.bind(a0, {from}, {steps}a39 == a39{}", ")".repeat(40))
    };
    let mapped = (0..8).fold("[1, 2]".to_owned(), |list, _| {
        format!("lists.range(1000000).map(x, {list})")
    });
    for (expression, words) in [
        (nested("(", ")"), "nests deeper"),
        (nested("[", "]"), "nests deeper"),
        (nested("!", ""), "nests deeper"),
        ("x".repeat(100_000), "longer than"),
        (doubled("'xxxxxxxx'"), "the string grows too large"),
        (doubled("[1, 2, 3]"), "the list grows too large"),
        (doubled("b'xxxxxxxx'"), "error"),
        (mapped, "too much"),
        ("lists.range(1000000).all(x, lists.range(1000000).all(y, x != y || true))".to_owned(), "too much"),
        ("'%1000000000d'.format([1])".to_owned(), "error"),
        ("'%.1000000000f'.format([1.0])".to_owned(), "error"),
        ("'a'.replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa').replace('', 'aaaaaaaa') == ''".to_owned(), "grows too large"),
        ("9223372036854775808".to_owned(), "64 bits"),
        ("18446744073709551616u".to_owned(), "64 bits"),
        ("9223372036854775807 + 1".to_owned(), "integer overflow"),
        ("-9223372036854775807 - 2".to_owned(), "integer overflow"),
        ("-9223372036854775808 / -1".to_owned(), "integer overflow"),
        ("9223372036854775807 * 2".to_owned(), "integer overflow"),
        ("int(1e300)".to_owned(), "does not fit"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('10h')".to_owned(), "out of range"),
        ("'\\ud800'".to_owned(), "not a character"),
        ("'\\U00110000'".to_owned(), "not a character"),
    ] {
        refused(folder.path(), &["eval", &expression], &[words]);
        let file = folder.path().join("policy.yaml");
        std::fs::write(&file, policy(&expression)).unwrap();
        // What fails only when it runs may pass the check; it must come to an end all the same.
        let checked = bounded(folder.path(), &["policy", "check", "policy.yaml"]);
        assert!(matches!(checked.status.code(), Some(0 | 2)), "{words}: {:?}", checked.status);
    }
}

#[test]
fn regular_expressions_made_to_explode() {
    let folder = tempfile::tempdir().unwrap();
    // Such a pattern takes a backtracking engine longer than the universe exists.
    let text = "a".repeat(30_000) + "!";
    let output = bounded(folder.path(), &["eval", &format!("'{text}'.matches('(a+)+$')")]);
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), b"false\n".as_slice())
    );
    let text = "a".repeat(60);
    let output = bounded(
        folder.path(),
        &["eval", &format!("'{text}'.matches('^(a?){{60}}a{{60}}$')")],
    );
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), b"true\n".as_slice())
    );
    let deep = format!("'a'.matches('{}a{}')", "(".repeat(5_000), ")".repeat(5_000));
    for expression in [
        "'a'.matches('(a{1000}){1000}')",
        "'a'.matches('((a{100}){100}){100}')",
        "'a'.matches('\\\\pL{1000}')",
        &deep,
    ] {
        refused(folder.path(), &["eval", expression], &["not a regular expression"]);
    }
    // Known only when it runs: compiling is paid for, again and again.
    let often = "lists.range(1000000).all(n, 'a'.matches('(a{100}){' + string(n % 9 + 1) + '}') || true)";
    refused(folder.path(), &["eval", often], &["too much"]);
}

/// Compresses a text that is a piece again and again, up to a size.
fn packed(piece: &[u8], size: usize) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let block = piece.repeat((1 << 20) / piece.len() + 1);
    for _ in 0..size / block.len() + 1 {
        std::io::Write::write_all(&mut encoder, &block).unwrap();
    }
    encoder.finish().unwrap()
}

/// Puts a packed file in the place of a resource type's; the manifest says how large it is.
fn replace(place: &Path, resource: &str, packed: &[u8], bytes: u64) {
    use sha2::{Digest as _, Sha256};
    std::fs::write(place.join(format!("{resource}.ndjson.zst")), packed).unwrap();
    let hash: String = Sha256::digest(packed)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    change_manifest(place, resource, |entry| {
        entry["sha256"] = hash.as_str().into();
        entry["bytes"] = bytes.into();
    });
}

#[test]
fn snapshot_files_that_are_long_deep_or_bombs() {
    let folder = tempfile::tempdir().unwrap();
    simulated(folder.path());
    let snap = folder.path().join("snap");
    // A line of a hundred megabytes, and nothing, ten thousand times as large as it is packed.
    for (name, bytes, piece, size, word) in [
        (
            "line",
            u64::MAX >> 1,
            b"x".as_slice(),
            100 << 20,
            "a line longer than 64 MiB",
        ),
        (
            "bomb",
            4_000,
            b"\n".as_slice(),
            64 << 20,
            "holds more than the manifest says",
        ),
        (
            "liar",
            u64::MAX >> 1,
            b"\n".as_slice(),
            64 << 20,
            "holds less than the manifest says",
        ),
    ] {
        let place = copy_of(&snap, &folder.path().join(name));
        replace(&place, "okta.app_user", &packed(piece, size), bytes);
        refused(folder.path(), &["audit", name], &["okta.app_user.ndjson.zst", word]);
    }
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    for (name, property) in [
        ("deep-unread", "_unheard_of"),
        ("deep-read", "status"),
        ("deep-object", "profile"),
    ] {
        let place = copy_of(&snap, &folder.path().join(name));
        write_lines(
            &place,
            "okta.app_user",
            &format!("{{\"parent\":\"a\",\"object\":{{\"id\":\"u\",\"{property}\":{deep}}}}}\n"),
        );
        let output = bounded(
            folder.path(),
            &["audit", name, "--report", "a.json", "--fail-on", "none"],
        );
        // One value of another type than documented: nobody else's answer suffers.
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn numbers_and_surrogates_that_do_not_fit_are_that_persons_unknown() {
    let folder = tempfile::tempdir().unwrap();
    simulated(folder.path());
    let snap = folder.path().join("snap");
    change_lines(&snap, "entra.subscribed_sku", |line| {
        let mut line: Json = serde_json::from_str(line).unwrap();
        line["object"]["consumedUnits"] = json!(u64::MAX);
        line.to_string()
            .replace(&u64::MAX.to_string(), "99999999999999999999999999")
    });
    change_lines(&snap, "okta.app_user", |line| {
        line.replacen("\"userName\":\"", "\"userName\":\"\\ud800", 1)
    });
    let output = bounded(
        folder.path(),
        &["audit", "snap", "--report", "a.json", "--fail-on", "none"],
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let audit: Json = serde_json::from_str(&std::fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    let seats = audit["policies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|policy| policy["id"] == "provisioning.seats")
        .unwrap();
    assert_eq!(
        (&seats["counts"]["pass"], &seats["counts"]["fail"]),
        (&json!(0), &json!(0))
    );
    let unknown = audit["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["policy"] == "provisioning.seats")
        .unwrap();
    assert_eq!(unknown["causes"][0]["cause"], "api_error");
}
