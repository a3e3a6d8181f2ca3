//! The page in a real browser: no script of a tenant runs, the page's own does its work, nothing is complained of.
//!
//! Needs a Chromium, named in `CHROMIUM` or found on the `PATH`; without one the tests say so and pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::audits::{clean, contoso, crowd, mixed};
use super::payloads::hostile;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use sha2::{Digest as _, Sha256};
use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render};

/// Names that a Chromium goes by.
const NAMES: [&str; 5] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
];

fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = named.or_else(|| {
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        NAMES
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
            .find(|candidate| candidate.is_file())
    });
    if found.is_none() {
        println!("skipped: no Chromium in CHROMIUM or on the PATH");
    }
    found
}

/// What the browser made of a page.
struct Visit {
    /// The document after its script ran, as markup.
    document: String,
    /// What was written to the console.
    console: Vec<String>,
}

impl Visit {
    fn title(&self) -> &str {
        let start = self.document.find("<title>").unwrap() + "<title>".len();
        self.document[start..].split_once("</title>").unwrap().0
    }
}

fn command(browser: &Path, profile: &Path) -> Command {
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--enable-logging=stderr",
            "--v=0",
            "--timeout=20000",
            "--virtual-time-budget=2000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::null());
    command
}

/// Opens the page of an audit; `None` without a browser.
fn visit(audit: &Audit, language: Language, fragment: &str) -> Option<Visit> {
    open(&render(audit, Format::Html, language).unwrap(), fragment)
}

/// Opens the page of an audit, where a script of this test uses the filters; `None` without a browser.
fn visit_filters(audit: &Audit, language: Language) -> Option<Visit> {
    let script = include_str!("filters.js");
    let digest = STANDARD.encode(Sha256::digest(script.as_bytes()));
    let page = render(audit, Format::Html, language)
        .unwrap()
        .replace("script-src ", &format!("script-src 'sha256-{digest}' "))
        .replace("</body>", &format!("<script>{script}</script></body>"));
    open(&page, "")
}

fn open(page: &str, fragment: &str) -> Option<Visit> {
    let browser = browser()?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).unwrap();
    let output = command(&browser, &folder.path().join("profile"))
        .arg("--dump-dom")
        .arg(format!("file://{}{fragment}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let console = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(str::to_owned)
        .collect();
    Some(Visit {
        document: String::from_utf8(output.stdout).unwrap(),
        console,
    })
}

fn tags(markup: &str) -> usize {
    Regex::new("<[a-z][a-z0-9]*[ >]").unwrap().find_iter(markup).count()
}

#[test]
fn nothing_of_a_hostile_audit_runs_and_nothing_becomes_an_element() {
    for language in Language::ALL {
        let Some(visit) = visit(hostile(), language, "") else {
            return;
        };
        assert_eq!(visit.console, [""; 0]);
        assert!(visit.title().starts_with("tenken: "), "{}", visit.title());
        let written = render(hostile(), Format::Html, language).unwrap();
        // The script and the style sheet are the same text in both; what they compare with `<` is no element.
        assert_eq!(tags(&visit.document), tags(&written));
        for element in ["<base", "<iframe", "<object", "<embed", "<math"] {
            assert!(!visit.document.contains(element), "{element}");
        }
        assert_eq!(visit.document.matches("<script>").count(), 1);
    }
}

#[test]
fn search_and_filters_find_what_they_should() {
    for (audit, language) in [
        (contoso().clone(), Language::En),
        (contoso().clone(), Language::Ja),
        (mixed(), Language::En),
        (hostile().clone(), Language::En),
    ] {
        let Some(visit) = visit_filters(&audit, language) else {
            return;
        };
        assert!(visit.title().starts_with("filters hold for "), "{}", visit.title());
        assert_eq!(visit.console, [""; 0]);
    }
}

#[test]
fn a_choice_in_the_address_is_kept() {
    let Some(visit) = visit(contoso(), Language::En, "#severity=critical&outcome=fail&q=shirakawa") else {
        return;
    };
    assert!(visit.document.contains(">1 of 51 shown</output>"));
    let finding = Regex::new("<details class=\"finding\"[^>]*>").unwrap();
    let shown = finding
        .find_iter(&visit.document)
        .filter(|found| !found.as_str().contains("hidden"))
        .count();
    assert_eq!(shown, 1);
}

#[test]
fn a_link_to_a_finding_opens_it() {
    let finding = &contoso().findings[7];
    let Some(visit) = visit(contoso(), Language::En, &format!("#finding-{}", finding.id)) else {
        return;
    };
    let tag = Regex::new(&format!(
        "<details class=\"finding\" id=\"finding-{}\"[^>]*>",
        finding.id
    ))
    .unwrap();
    assert!(tag.find(&visit.document).unwrap().as_str().contains("open"));
}

#[test]
fn a_clean_audit_has_nothing_to_filter_and_nothing_to_complain_of() {
    let Some(visit) = visit(clean(), Language::En, "") else {
        return;
    };
    assert_eq!(visit.console, [""; 0]);
    assert!(visit.document.contains("All 40 policies hold") && !visit.document.contains("<form"));
}

#[test]
fn it_prints() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (file, paper) = (folder.path().join("report.html"), folder.path().join("report.pdf"));
    std::fs::write(&file, render(contoso(), Format::Html, Language::Ja).unwrap()).unwrap();
    let status = command(&browser, &folder.path().join("profile"))
        .arg(format!("--print-to-pdf={}", paper.display()))
        .arg(format!("file://{}", file.display()))
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    assert!(std::fs::read(&paper).unwrap().starts_with(b"%PDF"));
}

/// `cargo test --release --test it report::browser -- --ignored`
#[test]
#[ignore = "large"]
fn a_hundred_thousand_findings_open() {
    let Some(visit) = visit_filters(&crowd(100_000), Language::En) else {
        return;
    };
    assert!(visit.title().starts_with("filters hold for "), "{}", visit.title());
    assert_eq!(visit.console, [""; 0]);
}
