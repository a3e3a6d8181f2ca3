//! Reports in a house's own layout, and reports of an audit that was made before.

use std::path::Path;

use tempfile::TempDir;
use tenken::policy::Language;
use tenken::report::{Format, render};

use super::audits::contoso;
use crate::support::{refuses, status, stderr, stdout, tenken};

/// A picture of one pixel.
const PNG: &[u8] = include_bytes!("pixel.png");
const TENANT: &str = "tenants: [{ name: contoso, okta: { url: https://contoso.okta.com, token: { env: T } } }]\n";

/// A folder with `audit.json` and files.
fn with_audit(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let audit = serde_json::to_vec(contoso()).unwrap();
    for (path, bytes) in files.iter().chain([&("audit.json", audit.as_slice())]) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn renders(folder: &Path, args: &[&str]) -> String {
    let args = [&["render", "audit.json", "--lang", "en"], args].concat();
    let output = tenken(folder, &args);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn an_audit_that_was_made_before_gives_the_same_reports() {
    let folder = with_audit(&[]);
    let said = renders(folder.path(), &["a.html", "b.md"]);
    assert!(said.contains("a.html") && said.contains("b.md"), "{said}");
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert_eq!(page, render(contoso(), Format::Html, Language::En).unwrap());
    assert_eq!(renders(folder.path(), &["-q", "a.html"]), "");
}

#[test]
fn what_is_no_audit_is_refused() {
    let folder = with_audit(&[("a.json", b"{\"format\": 1}"), ("b.json", b"[")]);
    for file in ["a.json", "b.json", "nowhere.json", "."] {
        refuses(folder.path(), &["render", file, "a.html"], &["cannot read", file]);
    }
    let mut later = serde_json::to_value(contoso()).unwrap();
    later["format"] = 99.into();
    std::fs::write(folder.path().join("later.json"), later.to_string()).unwrap();
    refuses(folder.path(), &["render", "later.json"], &["format 99"]);
    assert!(!folder.path().join("a.html").exists());
}

#[test]
fn a_folder_of_templates_takes_the_place_of_those_built_in() {
    let folder = with_audit(&[
        (
            "own/templates/html/method.html.j2",
            b"<p>{{ tenant }} by {% include 'own/us.j2' %}</p>",
        ),
        ("own/templates/own/us.j2", b"{{ '<us>' }}"),
        ("own/styles/print.css", b"main { color: teal }"),
    ]);
    renders(folder.path(), &["a.html", "--template", "own"]);
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert!(page.contains("<p>contoso by &lt;us&gt;</p>") && page.contains("teal") && page.contains("<h1>"));
    let wrong = with_audit(&[("own/templates/report.html.j2", b"{{ tenent }}")]);
    refuses(
        wrong.path(),
        &["render", "audit.json", "a.html", "--template", "own"],
        &["report.html.j2", "undefined"],
    );
    assert!(!wrong.path().join("a.html").exists());
    let ends = with_audit(&[("own/scripts/report.js", b"'</script>'")]);
    refuses(
        ends.path(),
        &["render", "audit.json", "a.html", "--template", "own"],
        &["scripts/report.js", "must not contain"],
    );
}

#[test]
fn the_built_in_templates_can_be_had_and_give_the_same_page() {
    let folder = with_audit(&[]);
    assert_eq!(status(&tenken(folder.path(), &["templates", "own"])), 0);
    refuses(folder.path(), &["templates", "own"], &["is there already"]);
    renders(folder.path(), &["a.html", "--template", "own"]);
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert_eq!(page, render(contoso(), Format::Html, Language::En).unwrap());
}

#[test]
fn a_house_has_its_line_its_logo_and_its_colour() {
    let config = format!(
        "{TENANT}report:\n  header: Contoso <K.K.>\n  logo: brand/logo.png\n  colour: {{ light: \"#5b2a86\", dark: \"#c9a6ee\" }}\n"
    );
    let folder = with_audit(&[("brand/logo.png", PNG), ("tenken.yaml", config.as_bytes())]);
    renders(folder.path(), &["a.html", "a.md", "--config", "tenken.yaml"]);
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    for part in [
        "Contoso &lt;K.K.&gt;",
        "<img src=\"data:image/png;base64,iVBORw0KGgo",
        "#5b2a86",
        "#c9a6ee",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let text = std::fs::read_to_string(folder.path().join("a.md")).unwrap();
    assert!(text.starts_with("*Contoso &lt;K.K.>*\n"), "{text}");
}

#[test]
fn what_would_spoil_a_report_is_refused() {
    for (report, expected) in [
        ("{ colour: { light: \"#ffee00\" } }", "cannot be read on light ground"),
        ("{ colour: { light: red } }", "#5b2a86"),
        ("{ logo: logo.svg }", "neither PNG nor JPEG"),
        ("{ logo: nowhere.png }", "nowhere.png"),
        ("{ logo: . }", "regular file"),
        ("{ color: { light: \"#000000\" } }", "colour"),
    ] {
        let config = format!("{TENANT}report: {report}\n");
        let folder = with_audit(&[("logo.svg", b"<svg/>"), ("tenken.yaml", config.as_bytes())]);
        let args = ["render", "audit.json", "a.html", "--config", "tenken.yaml"];
        let output = tenken(folder.path(), &args);
        assert_eq!(status(&output), 2, "{report}");
        let told = stderr(&output);
        assert!(
            told.contains(expected) || expected.starts_with('#') && told.contains("red"),
            "{told}"
        );
    }
}
