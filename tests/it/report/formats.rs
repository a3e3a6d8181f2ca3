//! The formats of others, as far as a test here can read them. Programs that were not written here read the same files in
//! `tests/formats/run`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use tenken::audit::{Audit, Outcome, ResourceId};
use tenken::policy::Language;
use tenken::report::{Format, render, write};

use super::audits::{clean, contoso, crowd, mixed, nothing, undecided};
use super::payloads::hostile;

/// Every audit with the name that its files get.
fn all() -> Vec<(&'static str, Audit)> {
    vec![
        ("contoso", contoso().clone()),
        ("clean", clean().clone()),
        ("hostile", hostile().clone()),
        ("mixed", mixed()),
        ("undecided", undecided()),
        ("nothing", nothing()),
    ]
}

/// Formats that are text, and how their files end.
const TEXTS: [(Format, &str); 8] = [
    (Format::Csv, "csv"),
    (Format::People, "people.csv"),
    (Format::Teams, "teams.csv"),
    (Format::Sarif, "sarif"),
    (Format::Junit, "xml"),
    (Format::Ocsf, "jsonl"),
    (Format::Oscal, "oscal.json"),
    (Format::Prometheus, "prom"),
];

fn of(audit: &Audit, format: Format) -> String {
    render(audit, format, Language::En).unwrap()
}

fn json(audit: &Audit, format: Format) -> Json {
    serde_json::from_str(&of(audit, format)).unwrap()
}

fn list<'a>(json: &'a Json, pointer: &str) -> &'a [Json] {
    json.pointer(pointer)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The lines of a list by column.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.strip_prefix('\u{feff}').unwrap().as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// Ids of the findings, sorted.
fn ids(audit: &Audit, wanted: impl Fn(Outcome) -> bool) -> Vec<String> {
    let findings = audit.findings.iter().filter(|finding| wanted(finding.outcome));
    sorted(findings.map(|finding| finding.id.to_string()))
}

fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items
}

fn text(json: &Json, pointer: &str) -> String {
    json.pointer(pointer).and_then(Json::as_str).unwrap().to_owned()
}

#[test]
fn the_name_of_a_file_tells_its_format() {
    for (name, format) in [
        ("a.json", Some(Format::Json)),
        ("a.sarif.json", Some(Format::Sarif)),
        ("A.SARIF", Some(Format::Sarif)),
        ("today.people.csv", Some(Format::People)),
        ("people.csv", Some(Format::People)),
        ("today.teams.csv", Some(Format::Teams)),
        ("a.csv", Some(Format::Csv)),
        ("a.oscal.json", Some(Format::Oscal)),
        ("a.prom", Some(Format::Prometheus)),
        ("csv", None),
        (".csv", None),
        ("a.txt", None),
        ("acsv", None),
    ] {
        assert_eq!(Format::of_file(name), format, "{name}");
    }
}

#[test]
fn the_same_audit_gives_the_same_bytes() {
    let bytes = |audit: &Audit, format, language| {
        let mut bytes = Vec::new();
        write(audit, format, language, &mut bytes).unwrap();
        bytes
    };
    for (name, audit) in all() {
        for language in Language::ALL {
            for format in TEXTS.map(|(format, _)| format).into_iter().chain([Format::Xlsx]) {
                let once = bytes(&audit, format, language);
                assert_eq!(once, bytes(&audit, format, language), "{name} {format:?}");
                assert!(format == Format::Ocsf || !once.is_empty());
            }
        }
    }
}

#[test]
fn every_finding_is_in_every_list_once() {
    for (name, audit) in all() {
        let every = ids(&audit, |_| true);
        let lines = rows(&of(&audit, Format::Csv));
        assert_eq!(
            sorted(lines.iter().map(|line| line["finding"].clone())),
            every,
            "{name}"
        );
        let sarif = json(&audit, Format::Sarif);
        let results = list(&sarif, "/runs/0/results");
        let prints = results
            .iter()
            .map(|result| text(result, "/partialFingerprints/finding~1v1"));
        assert_eq!(sorted(prints), every, "{name}");
        let events = of(&audit, Format::Ocsf);
        let events = events.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        assert_eq!(
            sorted(events.map(|event| text(&event, "/finding_info/uid"))),
            every,
            "{name}"
        );
        let oscal = json(&audit, Format::Oscal);
        let observations = list(&oscal, "/assessment-results/results/0/observations");
        let props = observations
            .iter()
            .map(|observation| text(observation, "/props/0/value"));
        assert_eq!(sorted(props), every, "{name}");
        let junit = quick_junit::Report::deserialize_from_str(&of(&audit, Format::Junit)).unwrap();
        let cases = junit.test_suites.iter().flat_map(|suite| &suite.test_cases);
        let properties = cases.flat_map(|case| &case.properties);
        let found = properties.filter(|property| property.name.as_str() == "finding");
        assert_eq!(
            sorted(found.map(|property| property.value.as_str().to_owned())),
            every,
            "{name}"
        );
    }
}

#[test]
fn the_list_of_people_is_every_failure_of_a_person() {
    for (name, audit) in all() {
        let lines = rows(&of(&audit, Format::People));
        let personal = audit.findings.iter().filter(|finding| {
            let of_person = |resource: &ResourceId| PEOPLE.contains(&resource.resource_type.as_str());
            finding.outcome == Outcome::Fail && finding.resource.as_ref().is_some_and(of_person)
        });
        assert_eq!(
            sorted(lines.iter().map(|line| line["finding"].clone())),
            sorted(personal.map(|finding| finding.id.to_string())),
            "{name}"
        );
    }
    let lines = rows(&of(contoso(), Format::People));
    let people: Vec<&str> = lines.iter().map(|line| line["person"].as_str()).collect();
    assert!(people.is_sorted() && people.len() > 5, "{people:?}");
    let kaho = lines
        .iter()
        .find(|line| line["person"].starts_with("kaho.shirakawa@"))
        .unwrap();
    assert_eq!(kaho["severity"], "critical");
    assert_eq!(kaho["policy"], "provisioning.user-owned-licence");
    for column in ["message", "who", "fix", "check"] {
        assert!(!kaho[column].is_empty(), "{column}");
    }
    assert!(kaho["message"].contains("kaho.shirakawa@") && kaho["check"].contains(&kaho["policy"]));
}

/// Resource types whose records are people.
const PEOPLE: [&str; 3] = ["okta.user", "okta.app_user", "entra.user"];

#[test]
fn a_person_is_one_whatever_the_policy_shows_and_nothing_else_is() {
    let mut audit = contoso().clone();
    let expected = of(&audit, Format::People);
    // As if no policy showed a name of a person, and those about groups and products did.
    for finding in &mut audit.findings {
        let of_person = |resource: &ResourceId| PEOPLE.contains(&resource.resource_type.as_str());
        let of_person = finding.resource.as_ref().is_some_and(of_person);
        finding.personal = if of_person {
            Vec::new()
        } else {
            vec!["owner".to_owned()]
        };
    }
    assert_eq!(of(&audit, Format::People), expected);
    assert!(of(&audit, Format::Html).contains("id=\"people\""));
}

#[test]
fn the_list_of_teams_has_every_failure_for_each_who_can_mend_it() {
    for (name, audit) in all() {
        let lines = rows(&of(&audit, Format::Teams));
        let failures = audit.findings.iter().filter(|finding| finding.outcome == Outcome::Fail);
        let times = failures.flat_map(|finding| {
            let policy = audit
                .policies
                .iter()
                .find(|policy| policy.id == finding.policy)
                .unwrap();
            std::iter::repeat_n(finding.id.to_string(), policy.who.len().max(1))
        });
        assert_eq!(
            sorted(lines.iter().map(|line| line["finding"].clone())),
            sorted(times),
            "{name}"
        );
    }
    let lines = rows(&of(contoso(), Format::Teams));
    let owner = lines
        .iter()
        .find(|line| line["team"] == "Owner of the licence")
        .unwrap();
    assert_eq!(owner["policy"], "provisioning.user-owned-licence");
    for column in ["name", "severity", "message", "fix", "check", "title"] {
        assert!(!owner[column].is_empty(), "{column}");
    }
    let mut nobody = contoso().clone();
    nobody.policies.iter_mut().for_each(|policy| policy.who.clear());
    assert!(
        rows(&of(&nobody, Format::Teams))
            .iter()
            .all(|line| line["team"].is_empty())
    );
}

#[test]
fn lists_name_those_who_could_not_be_judged() {
    let audit = mixed();
    let lines = rows(&of(&audit, Format::Csv));
    let line = lines.iter().find(|line| line["count"] == "5000").unwrap();
    let named = &line["resources"];
    assert_eq!(named.matches("@contoso.example (app/user-").count(), 100, "{named}");
    assert!(named.ends_with(", … +4900"), "{named}");
    let unread = lines.iter().find(|line| line["count"] == "0").unwrap();
    assert_eq!(unread["resources"], "");
    assert!(of(&audit, Format::Junit).contains(", … +4900"));
}

#[test]
fn no_cell_is_a_formula() {
    for language in Language::ALL {
        for format in [Format::Csv, Format::People, Format::Teams] {
            let lines = rows(&render(hostile(), format, language).unwrap());
            assert!(!lines.is_empty());
            for cell in lines.iter().flat_map(BTreeMap::values) {
                for start in cell.split(';') {
                    let start = start.trim_start_matches([' ', '"']);
                    assert!(
                        !start.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
                        "{cell}"
                    );
                }
                assert!(!cell.contains(char::is_control), "{cell:?}");
            }
        }
    }
    // What is dangerous is still there to be read.
    assert!(of(hostile(), Format::Csv).contains("'=cmd|' /C calc'!A0"));
}

#[test]
fn sarif_says_what_is_open_and_what_is_waived() {
    let audit = mixed();
    let sarif = json(&audit, Format::Sarif);
    let rules = list(&sarif, "/runs/0/tool/driver/rules");
    for (rule, policy) in rules.iter().zip(&audit.policies) {
        assert_eq!(text(rule, "/id"), policy.id);
        assert_eq!(text(rule, "/shortDescription/text"), policy.title.en.trim());
        assert!(text(rule, "/help/text").contains(&policy.id));
    }
    let results = list(&sarif, "/runs/0/results");
    for (result, finding) in results.iter().zip(&audit.findings) {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(
            (&rule["id"], &result["ruleId"]),
            (&result["ruleId"], &Json::from(finding.policy.as_str()))
        );
        let open = finding.outcome == Outcome::Unknown;
        assert_eq!(result["kind"], if open { "open" } else { "fail" });
        assert_eq!(result["level"] == "none", open);
        assert_eq!(result.get("suppressions").is_some(), finding.outcome == Outcome::Waived);
        assert!(!text(result, "/message/text").is_empty());
        let places = list(result, "/locations").len();
        let expected = if finding.resource.is_some() {
            1
        } else {
            finding.resources.len()
        };
        assert_eq!(places, expected);
    }
    let waived = results
        .iter()
        .find(|result| result.get("suppressions").is_some())
        .unwrap();
    assert_eq!(text(waived, "/suppressions/0/justification"), "It ends in spring");
    assert_eq!(
        list(&sarif, "/runs/0/invocations/0/toolExecutionNotifications").len(),
        audit.coverage.iter().filter(|entry| entry.status != "complete").count()
    );
}

#[test]
fn sarif_keeps_its_fingerprints_when_words_and_other_findings_change() {
    let prints = |audit: &Audit| -> BTreeMap<String, String> {
        let sarif = json(audit, Format::Sarif);
        let results = list(&sarif, "/runs/0/results").iter();
        results
            .map(|result| {
                let place = result["locations"].to_string() + result["ruleId"].as_str().unwrap();
                (place, text(result, "/partialFingerprints/finding~1v1"))
            })
            .collect()
    };
    let before = prints(contoso());
    let mut audit = contoso().clone();
    audit.findings.remove(0);
    audit.clocks.as_of += jiff::SignedDuration::from_hours(24);
    for policy in &mut audit.policies {
        policy.title.en.push_str(", said otherwise");
        policy.message.en.push_str(", said otherwise");
    }
    let after = prints(&audit);
    assert!(after.len() > 10);
    assert!(after.iter().all(|(place, print)| before.get(place) == Some(print)));
}

#[test]
fn junit_counts_what_the_audit_counts() {
    for (name, audit) in all() {
        let report = quick_junit::Report::deserialize_from_str(&of(&audit, Format::Junit)).unwrap();
        let count = |outcome: Outcome| ids(&audit, |found| found == outcome).len();
        assert_eq!(report.failures, count(Outcome::Fail), "{name}");
        assert_eq!(report.errors, count(Outcome::Unknown), "{name}");
        assert_eq!(report.test_suites.len(), audit.policies.len());
        for (suite, policy) in report.test_suites.iter().zip(&audit.policies) {
            let number = |name: &str| {
                let property = suite.properties.iter().find(|property| property.name.as_str() == name);
                property.unwrap().value.as_str().parse::<u64>().unwrap()
            };
            assert_eq!(number("fail"), policy.counts.fail);
            let green = suite
                .test_cases
                .iter()
                .any(|case| matches!(case.status, quick_junit::TestCaseStatus::Success { .. }));
            assert_eq!(green, policy.counts.pass > 0, "{name}");
        }
    }
}

#[test]
fn ocsf_never_calls_an_unknown_a_pass() {
    let audit = mixed();
    for (line, finding) in of(&audit, Format::Ocsf).lines().zip(&audit.findings) {
        let event: Json = serde_json::from_str(line).unwrap();
        let expected = if finding.outcome == Outcome::Unknown { 0 } else { 3 };
        assert_eq!(event.pointer("/compliance/status_id"), Some(&Json::from(expected)));
        let standing = if finding.outcome == Outcome::Waived { 3 } else { 1 };
        assert_eq!(event["status_id"], standing);
        assert_eq!(text(&event, "/compliance/control"), finding.policy);
    }
}

#[test]
fn a_clue_that_passes_is_no_failure() {
    let mut audit = contoso().clone();
    let clue = audit
        .findings
        .iter()
        .position(|finding| finding.outcome == Outcome::Fail)
        .unwrap();
    audit.findings.swap(0, clue);
    audit.findings.truncate(1);
    audit.findings[0].outcome = Outcome::Pass;
    let sarif = json(&audit, Format::Sarif);
    assert_eq!(text(&sarif, "/runs/0/results/0/kind"), "pass");
    assert_eq!(text(&sarif, "/runs/0/results/0/level"), "none");
    assert_eq!(
        json(&audit, Format::Ocsf).pointer("/compliance/status_id"),
        Some(&Json::from(1))
    );
    let junit = quick_junit::Report::deserialize_from_str(&of(&audit, Format::Junit)).unwrap();
    assert_eq!((junit.failures, junit.errors), (0, 0));
    assert!(rows(&of(&audit, Format::People)).is_empty());
}

#[test]
fn oscal_is_satisfied_only_where_a_policy_passes() {
    for (name, audit) in all() {
        let oscal = json(&audit, Format::Oscal);
        let findings = list(&oscal, "/assessment-results/results/0/findings");
        let applicable: Vec<_> = audit
            .policies
            .iter()
            .filter(|policy| policy.outcome != Outcome::NotApplicable)
            .collect();
        assert_eq!(findings.len(), applicable.len(), "{name}");
        for (finding, policy) in findings.iter().zip(applicable) {
            let satisfied = text(finding, "/target/status/state") == "satisfied";
            assert_eq!(satisfied, policy.outcome == Outcome::Pass, "{name}");
            let own = audit
                .findings
                .iter()
                .filter(|finding| finding.policy == policy.id)
                .count();
            assert_eq!(list(finding, "/related-observations").len(), own, "{name}");
        }
    }
    let oscal = json(&mixed(), Format::Oscal);
    let risks = list(&oscal, "/assessment-results/results/0/risks");
    assert_eq!(risks.len(), 1);
    assert_eq!(text(&risks[0], "/status"), "deviation-approved");
}

#[test]
fn prometheus_has_counts_and_no_names() {
    let gauge = |text: &str, wanted: &[&str]| -> u64 {
        let lines = text.lines().filter(|line| line.starts_with("tenken_judgements{"));
        let lines = lines.filter(|line| wanted.iter().all(|label| line.contains(label)));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    };
    for (name, audit) in all() {
        let text = of(&audit, Format::Prometheus);
        let judgements = audit.summary.judgements;
        assert_eq!(gauge(&text, &["outcome=\"fail\""]), judgements.fail, "{name}");
        assert_eq!(gauge(&text, &["outcome=\"unknown\""]), judgements.unknown, "{name}");
        assert_eq!(gauge(&text, &["outcome=\"pass\""]), judgements.pass, "{name}");
    }
    let text = of(contoso(), Format::Prometheus);
    for finding in &contoso().findings {
        for resource in finding.resource.iter().chain(&finding.resources) {
            assert!(!text.contains(&resource.key), "{}", resource.key);
            assert!(resource.name.as_deref().is_none_or(|name| !text.contains(name)));
        }
    }
}

#[test]
fn texts_come_in_the_language_that_was_asked_for() {
    let japanese = |text: &str| text.contains(|c| matches!(c, '\u{3040}'..='\u{30ff}'));
    let mut audit = contoso().clone();
    audit.findings.retain(|finding| finding.outcome == Outcome::Unknown);
    for (format, _) in TEXTS.into_iter().filter(|(format, _)| *format != Format::Prometheus) {
        assert!(!japanese(&render(&audit, format, Language::En).unwrap()), "{format:?}");
        assert!(
            japanese(&render(contoso(), format, Language::Ja).unwrap()),
            "{format:?}"
        );
    }
}

#[test]
fn an_audit_with_a_finding_of_no_policy_is_refused() {
    let mut audit = contoso().clone();
    audit.policies.retain(|policy| policy.id != audit.findings[0].policy);
    for format in [
        Format::Csv,
        Format::Sarif,
        Format::Junit,
        Format::Ocsf,
        Format::Oscal,
        Format::Xlsx,
        Format::Html,
        Format::Markdown,
    ] {
        let error = write(&audit, format, Language::En, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains(&audit.findings[0].id.to_string()), "{error}");
    }
}

/// Writes what programs of others read, into the folder that `FORMATS_OUT` names.
#[test]
#[ignore = "writes files for tests/formats/run"]
fn files_for_programs_of_others() {
    let Some(folder) = std::env::var_os("FORMATS_OUT").map(PathBuf::from) else {
        println!("skipped: FORMATS_OUT names no folder");
        return;
    };
    let mut audits = all();
    audits.push(("crowd", crowd(1_000)));
    for (name, audit) in audits {
        for language in Language::ALL {
            let file = |ending: &str| {
                let path = folder.join(format!("{name}.{}.{ending}", language.as_str()));
                std::io::BufWriter::new(std::fs::File::create(path).unwrap())
            };
            for (format, ending) in TEXTS
                .into_iter()
                .chain([(Format::Xlsx, "xlsx"), (Format::Json, "json")])
            {
                write(&audit, format, language, &mut file(ending)).unwrap();
            }
        }
    }
}

/// Minutes without optimisation: `cargo test --release --test it report -- --ignored --nocapture`.
#[test]
#[ignore = "large"]
fn a_hundred_thousand_findings_in_every_format() {
    let audit = crowd(100_000);
    for format in TEXTS
        .map(|(format, _)| format)
        .into_iter()
        .chain([Format::Xlsx, Format::Json])
    {
        let start = std::time::Instant::now();
        let mut bytes = Vec::new();
        write(&audit, format, Language::En, &mut bytes).unwrap();
        println!("{format:?}: {} bytes, {:?}", bytes.len(), start.elapsed());
    }
}

#[test]
fn what_alone_would_make_it_pass_is_told_to_machines_too() {
    let audit = contoso();
    let finding = audit
        .findings
        .iter()
        .find(|finding| finding.policy == "provisioning.trials-off")
        .unwrap();
    let expected = "isAppAndServicesTrialEnabled would have to be false";
    assert_eq!(finding.changes.len(), 1);
    for format in [Format::Csv, Format::Sarif, Format::Junit, Format::Ocsf, Format::Oscal] {
        let text = render(audit, format, Language::En).unwrap();
        assert!(text.contains(expected), "{format:?}");
    }
}
