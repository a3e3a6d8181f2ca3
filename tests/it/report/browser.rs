//! The page in a real browser: no script of a tenant runs, the page's own does its work, nothing is complained of.
//!
//! Needs a Chromium, named in `CHROMIUM` or found on the `PATH`; without one the tests say so and pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::audits::{clean, contoso, crowd, holding, mixed};
use super::hostile::as_on_a_forge;
use super::payloads::hostile;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use sha2::{Digest as _, Sha256};
use tenken::audit::{Audit, Outcome};
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
        .args(["--enable-logging=stderr", "--v=0", "--timeout=20000"])
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
    visit_with(audit, language, &[include_str!("filters.js")], &[])
}

/// Opens the page of an audit with scripts of a test, which its policy is told of; `None` without a browser.
fn visit_with(audit: &Audit, language: Language, scripts: &[&str], args: &[&str]) -> Option<Visit> {
    let mut page = render(audit, Format::Html, language).unwrap();
    for script in scripts {
        let digest = STANDARD.encode(Sha256::digest(script.as_bytes()));
        let end = page.rfind("</body>").unwrap();
        page.insert_str(end, &format!("<script>{script}</script>"));
        page = page.replacen("script-src ", &format!("script-src 'sha256-{digest}' "), 1);
    }
    open_with(&page, "", args)
}

fn open(page: &str, fragment: &str) -> Option<Visit> {
    open_with(page, fragment, &[])
}

fn open_with(page: &str, fragment: &str, args: &[&str]) -> Option<Visit> {
    let browser = browser()?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).unwrap();
    let output = command(&browser, &folder.path().join("profile"))
        // Time that passes as fast as nothing happens, for what the page does after it was opened.
        .arg("--virtual-time-budget=2000")
        .args(args)
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
fn a_place_may_stand_before_the_choice() {
    let fragment = "#policies&severity=critical&outcome=fail&q=shirakawa";
    let Some(visit) = visit(contoso(), Language::En, fragment) else {
        return;
    };
    assert!(visit.document.contains(">1 of 51 shown</output>"));
}

#[test]
fn a_choice_that_the_page_does_not_have_hides_nothing() {
    for fragment in ["#severity=bogus", "#pack=bogus&outcome=gone"] {
        let Some(visit) = visit(contoso(), Language::En, fragment) else {
            return;
        };
        assert!(visit.document.contains(">51 of 51 shown</output>"), "{fragment}");
    }
}

#[test]
fn a_link_on_the_page_leaves_the_choice() {
    let script = "document.querySelector('input[value=critical]').click(); location.hash = '#coverage';
        addEventListener('hashchange', () => setTimeout(() => { document.title = location.hash; }));";
    let Some(visit) = visit_with(contoso(), Language::En, &[script], &[]) else {
        return;
    };
    assert_eq!(visit.title(), "#coverage&amp;severity=critical");
}

#[test]
fn a_search_says_that_it_saw_only_what_is_on_the_page() {
    let Some(visit) = visit(&crowd(400), Language::En, "#q=person.000399") else {
        return;
    };
    let hidden = Regex::new("<p id=\"nothing\"[^>]*hidden").unwrap();
    assert!(!hidden.is_match(&visit.document));
    assert!(visit.document.contains("No finding on this page matches."));
    assert!(visit.document.contains("are only in audit.json</output>"));
    assert!(!visit.document.contains("No finding matches."));
}

#[test]
fn what_is_copied_as_csv_is_as_harmless_as_the_file() {
    let cases: Vec<[String; 2]> = serde_json::from_str(include_str!("formulas.json")).unwrap();
    let cases = cases
        .into_iter()
        .filter(|[text, _]| !text.is_empty() && text.trim() == text);
    let mut audit = contoso().clone();
    let people = audit.findings.iter_mut().filter(|finding| finding.person().is_some());
    let mut expected = Vec::new();
    for (finding, [text, harmless]) in people.filter(|finding| finding.outcome == Outcome::Fail).zip(cases) {
        finding.resource.as_mut().unwrap().name = Some(text);
        expected.push(format!("\n\"{}\",", harmless.replace('"', "\"\"")));
    }
    assert!(expected.len() > 7);
    let Some((_, csv)) = copied(&audit, Language::En) else {
        return;
    };
    for line in expected {
        assert!(csv.iter().any(|text| text.contains(&line)), "{line}");
    }
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
    assert!(
        visit
            .document
            .contains(&format!("All {} policies hold", holding(clean())))
            && !visit.document.contains("<form")
    );
}

/// What the buttons of a page copied, as Markdown and as CSV.
fn copied(audit: &Audit, language: Language) -> Option<(Vec<String>, Vec<String>)> {
    let visit = visit_with(audit, language, &[include_str!("copies.js")], &[])?;
    assert_eq!(visit.console, [""; 0]);
    let (_, rest) = visit.document.split_once("<pre id=\"copied\">").unwrap();
    let text = rest.split_once("</pre>").unwrap().0;
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&");
    let all: Vec<String> = serde_json::from_str(&text).unwrap();
    Some(all.into_iter().partition(|text| !text.starts_with("\"name\"")))
}

#[test]
fn lists_are_copied_with_all_that_a_ticket_needs() {
    let Some((markdown, csv)) = copied(contoso(), Language::En) else {
        return;
    };
    let person = markdown
        .iter()
        .find(|text| text.starts_with("### **Critical** `kaho.shirakawa@contoso.example` "))
        .unwrap();
    for part in [
        "**Who acts**: ",
        "**What to do**",
        "    1. As a Global",
        "**How to check it**: Take a new snapshot",
    ] {
        assert!(person.contains(part), "{part} is missing in {person}");
    }
    let team = csv.iter().find(|text| text.contains("Owner of the licence")).unwrap();
    let mut lines = csv::Reader::from_reader(team.as_bytes());
    let names: Vec<String> = lines.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(names[..6], ["name", "severity", "message", "who", "fix", "check"]);
    let failures = contoso()
        .policies
        .iter()
        .filter(|policy| policy.who.contains(&"licence_owner".to_owned()));
    let rows: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
    assert_eq!(
        rows.len() as u64,
        failures.map(|policy| policy.counts.fail).sum::<u64>()
    );
    assert!(
        rows.iter().all(|row| row.iter().take(7).all(|cell| !cell.is_empty())),
        "{rows:?}"
    );
}

#[test]
fn what_is_copied_of_a_hostile_audit_is_text_too() {
    for language in Language::ALL {
        let Some((markdown, csv)) = copied(hostile(), language) else {
            return;
        };
        assert!(markdown.len() > 20 && csv.len() > 5);
        for text in markdown {
            let html = comrak::markdown_to_html(&text, &as_on_a_forge());
            for element in [
                "<script",
                "<img",
                "<a ",
                "<svg",
                "<table",
                "<details",
                "<base",
                "<del",
                "<h1",
                "<h2",
                "data-math",
            ] {
                let around = html
                    .find(element)
                    .map(|at| html[at..].chars().take(200).collect::<String>());
                assert_eq!(around, None, "{text}");
            }
        }
        for text in csv {
            for row in csv::Reader::from_reader(text.as_bytes()).records() {
                let row = row.unwrap();
                assert!(
                    row.iter()
                        .all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@'])),
                    "{row:?}"
                );
            }
        }
    }
}

/// The script of axe-core, which judges whether everybody can use a page; `None` where it is not installed.
fn axe() -> Option<String> {
    let installed = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/axe/node_modules/axe-core/axe.min.js"
    ));
    let place = std::env::var_os("AXE").map_or(installed, PathBuf::from);
    let script = std::fs::read_to_string(&place).ok();
    if script.is_none() {
        println!(
            "skipped: no axe-core in AXE or at {}; tests/axe/install puts it there",
            place.display()
        );
    }
    script
}

#[test]
fn axe_finds_nothing_serious_in_light_or_dark() {
    let Some(axe) = axe() else { return };
    for (audit, language) in [
        (contoso().clone(), Language::En),
        (mixed(), Language::Ja),
        (clean().clone(), Language::En),
    ] {
        for scheme in [
            "--blink-settings=preferredColorScheme=1",
            "--blink-settings=preferredColorScheme=0",
        ] {
            let args = [scheme, "--virtual-time-budget=60000", "--timeout=60000"];
            let Some(visit) = visit_with(&audit, language, &[&axe, include_str!("axe.js")], &args) else {
                return;
            };
            assert!(
                visit.title().starts_with("axe looked at "),
                "{scheme} {language:?}: {}",
                visit.title()
            );
        }
    }
}

#[test]
fn nothing_breaks_the_layout_on_any_screen() {
    let script = include_str!("layout.js");
    for (audit, language) in [
        (contoso().clone(), Language::Ja),
        (mixed(), Language::En),
        (hostile().clone(), Language::En),
    ] {
        for size in ["--window-size=1280,900", "--window-size=390,900"] {
            let Some(visit) = visit_with(&audit, language, &[script], &[size]) else {
                return;
            };
            assert_eq!(visit.title(), "everything has its place", "{size} {language:?}");
        }
    }
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

/// Milliseconds from the start of the navigation until the page is there and its script has run, by the page's clock.
fn opens_in(page: &str) -> Option<f64> {
    let script = "addEventListener('load', () => { document.title = `opened in ${performance.now()}`; })";
    let digest = STANDARD.encode(Sha256::digest(script.as_bytes()));
    let page = page
        .replacen("script-src ", &format!("script-src 'sha256-{digest}' "), 1)
        .replace("</body>", &format!("<script>{script}</script></body>"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).unwrap();
    let output = command(&browser()?, &folder.path().join("profile"))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let document = String::from_utf8(output.stdout).unwrap();
    let title = document.split_once("<title>opened in ").unwrap().1;
    title.split_once('<').unwrap().0.parse().ok()
}

/// `cargo test --release --test it report::browser -- --ignored --nocapture`
#[test]
#[ignore = "large"]
fn a_hundred_thousand_findings_open() {
    let audit = crowd(100_000);
    let Some(visit) = visit_filters(&audit, Language::En) else {
        return;
    };
    assert!(visit.title().starts_with("filters hold for "), "{}", visit.title());
    assert_eq!(visit.console, [""; 0]);
    let page = render(&audit, Format::Html, Language::En).unwrap();
    let milliseconds = opens_in(&page).unwrap();
    println!("{} bytes, opened in {milliseconds:.0} ms", page.len());
    assert!(milliseconds < 2_000.0, "{milliseconds}");
}
