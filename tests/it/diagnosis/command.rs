//! The command and its reports.

use std::path::Path;

use serde_json::Value as Json;
use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render};
use tenken::simulator::ServerOptions;

use super::{REFUSED, diagnosed, diagnosis, tenken};
use crate::support;

#[tokio::test]
async fn the_command_tells_the_founding_case_in_both_languages_and_all_formats() {
    let folder = tempfile::tempdir().unwrap();
    support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let file = folder.path().join("error.txt");
    std::fs::write(&file, REFUSED).unwrap();
    for lang in ["en", "ja"] {
        let output = tenken(
            folder.path(),
            &[
                "diagnose",
                "snapshot",
                "--error-file",
                "error.txt",
                "--lang",
                lang,
                "--report",
                "d.json",
                "--report",
                "d.html",
                "--report",
                "d.md",
            ],
            "",
        );
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let order = match lang {
            "en" => [
                "Causes, the likeliest first",
                "Microsoft Teams Exploratory Dept",
                "s.sku.ownership = \"user_owned\"",
                "How to fix it",
                "Billing > Your",
                "Then check",
                "externalId",
            ],
            _ => [
                "原因（可能性の高い順）",
                "Microsoft Teams Exploratory Dept",
                "s.sku.ownership = \"user_owned\"",
                "対処手順",
                "課金 >",
                "その後の確認",
                "externalId",
            ],
        };
        if lang == "en" {
            let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
            let told = text.lines().find(|line| line.starts_with("It fails for")).unwrap();
            assert!(readme.contains(told), "the README tells it otherwise: {told}");
        }
        let mut rest = text.as_str();
        for part in order {
            let at = rest
                .find(part)
                .unwrap_or_else(|| panic!("{part} is not where it belongs:\n{text}"));
            rest = &rest[at..];
        }
    }
    let json: Json = serde_json::from_str(&std::fs::read_to_string(folder.path().join("d.json")).unwrap()).unwrap();
    assert_eq!(tenken::schema::audit().unwrap().check_json(&json), None);
    let read: Audit = serde_json::from_value(json).unwrap();
    assert_eq!(diagnosis(&read).causes[0].id, "user-owned-licence");
    for report in ["d.html", "d.md"] {
        let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
        assert!(
            text.contains("購入した本人しか外せないライセンスを持っている"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn reports_escape_what_an_error_text_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let hostile = format!("{REFUSED} <img src=x onerror=alert(1)> `**[x](javascript:1)` \u{202e}\u{1b}[2J");
    let audit = diagnosed(&place, Some(&hostile), None).unwrap();
    let page = render(&audit, Format::Html, Language::En).unwrap();
    assert!(!page.contains("<img src=x"));
    let markdown = render(&audit, Format::Markdown, Language::En).unwrap();
    let html = comrak::markdown_to_html(&markdown, &comrak::Options::default());
    assert!(!html.contains("<img") && !html.contains("href=\"javascript"), "{html}");
    let json: Json = serde_json::from_str(&render(&audit, Format::Json, Language::En).unwrap()).unwrap();
    assert_eq!(tenken::schema::audit().unwrap().check_json(&json), None);
}

#[test]
fn the_command_line_says_what_it_needs_and_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str], input: &str| {
        let output = tenken(folder.path(), args, input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), text)
    };
    let (status, text) = run(&["diagnose", "--error", "the printer is on fire"], "");
    assert_eq!(status, 4);
    assert!(text.contains("not in the catalogue"), "{text}");
    let (status, text) = run(&["diagnose", "--error-file", "-"], REFUSED);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("only its buyer can remove"));
    let (status, text) = run(&["diagnose", "--error", REFUSED, "--format", "json"], "");
    assert_eq!(status, 0);
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(json["causes"][0]["id"], "user-owned-licence");
    for args in [
        ["diagnose", "--error", " \n"].as_slice(),
        &["diagnose"],
        &["diagnose", "nowhere"],
        &["diagnose", "nowhere", "somebody"],
        &["diagnose", "--error-file", "nowhere"],
        &["frameworks", "no-such"],
    ] {
        let (status, text) = run(args, "");
        assert_eq!(status, 2, "{args:?}: {text}");
    }
    std::fs::write(folder.path().join("bytes"), [0x80, 0xfe, 0x00, 0x1b, b'x']).unwrap();
    let (status, _) = run(&["diagnose", "--error-file", "bytes"], "");
    assert_eq!(status, 4);
    let wide: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(REFUSED.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(folder.path().join("wide"), wide).unwrap();
    let (status, text) = run(&["diagnose", "--error-file", "wide"], "");
    assert_eq!(status, 0);
    assert!(text.contains("only its buyer can remove"), "{text}");
    let (status, text) = run(&["frameworks", "provisioning-causes", "--lang", "en"], "");
    assert_eq!(status, 0);
    assert!(text.contains("entra-28") && text.contains("okta-1b") && text.contains("provisioning.user-owned-licence"));
    let (entra, okta) = (text.find("entra-9 ").unwrap(), text.find("entra-10").unwrap());
    assert!(entra < okta, "items are counted as people count");
}
