//! Diagnosis: texts as the vendors show them lead to their causes, texts like them do not, and the founding case is told
//! from its error text to its fix.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value as Json;
use tenken::audit::diagnosis::{Diagnosis, NamedBy, SpreadKind, Standing};
use tenken::audit::{Audit, Outcome};
use tenken::diagnose::{self, Question, WhoError};
use tenken::diagnostic::Diagnostics;
use tenken::evaluate::Tables;
use tenken::expr::{Cause, Scope, Type, compile};
use tenken::policy::{self, KnownError, Language};
use tenken::report::{Format, render, terminal_diagnosis};
use tenken::simulator::ServerOptions;
use tenken::snapshot::Snapshot;

use crate::support;

const REFUSED: &str = r#"Automatic provisioning of user 白川 果歩 to app Microsoft Office 365 failed: Matching user found, received error: Received response with HTTP status code 403. httpStatusCode=403 errorCode=Authorization_RequestDenied errorMessage="Insufficient privileges to complete the operation." client-request-id=8f6c0b52 request-id=0b7d91e4 timestamp='x' method=POST url=https://graph.microsoft.com/v1.0/users/ID/microsoft.graph.assignLicense"#;

/// Texts of Okta's and Microsoft's documentation, and the entry that each must lead to first.
const TEXTS: &[(&str, &str)] = &[
    (REFUSED, "user-owned-licence"),
    (
        r#"httpStatusCode=403 errorCode=Authorization_RequestDenied errorMessage="Insufficient privileges to complete the operation." method=PATCH url=https://graph.microsoft.com/v1.0/users/0b7d91e4-5a3c-4c88-8e21-c9f4a6d2e513"#,
        "privileged-person",
    ),
    (
        "User license is inherited from a group membership and it cannot be removed directly from the user.",
        "group-inherited-licence",
    ),
    (
        "License assignment cannot be done for user with invalid usage location.",
        "usage-location-missing",
    ),
    (
        "received error: 400 Property usageLocation is invalid.",
        "usage-location-invalid",
    ),
    (
        "Invalid property msExchUsageLocation in expression hasDirectoryUser()?findDirectoryUser()",
        "usage-location-mapping",
    ),
    (
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
        "synchronized-from-on-premises",
    ),
    (
        "Unable to update the specified properties for objects that have originated within an external service.",
        "owned-by-external-service",
    ),
    (
        r"errorCode=Request_ResourceNotFound errorMessage=Resource '0b7d' does not exist or one of its queried reference-property objects are not present.",
        "account-deleted-in-entra",
    ),
    (
        "400 Uniqueness violation. Property: ProxyAddresses.",
        "proxy-address-taken",
    ),
    (
        "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        "domain-not-verified",
    ),
    (
        "400 Unable to create this user because the user principal name provided is not on a verified domain.",
        "domain-not-verified",
    ),
    (
        "User is assigned to more than one instance of Active Directory, could not set Immutable ID",
        "two-active-directories",
    ),
    ("create failed: immutable ID already exists", "account-not-matched"),
    ("app.office365.api.error.no-licenses-available", "no-seats"),
    ("app.office365.api.error.conflicting-licenses", "conflicting-plans"),
    ("CountViolation", "no-seats"),
    ("MutuallyExclusiveViolation", "conflicting-plans"),
    ("DependencyViolation", "missing-dependency"),
    ("ProhibitedInUsageLocationViolation", "plan-prohibited-in-location"),
    ("UniquenessViolation", "proxy-address-taken"),
    (
        r#""licenseAssignmentStates": [{"state": "Error", "error": "Other"}]"#,
        "licensing-error-other",
    ),
    (
        "400 AADSTS50126: Error validating credentials due to invalid username or password",
        "connection-credentials",
    ),
    ("Authentication Error: Password has expired", "connection-credentials"),
    (
        "com.saasure.application.microsoft.exceptions.Office365ProvisioningException: 400 AADSTS50079: … you must enroll in multi-factor authentication …",
        "conditional-access-sync-account",
    ),
    (
        "User does not have the Company Administrator role",
        "connection-role-lost",
    ),
    (
        "Unable to provision user to Office 365, because 'Directory Sync' value in Azure Active Directory is unsupported",
        "directory-sync-state",
    ),
    (
        "AADSTS51004: The user account x does not exist in the contoso directory",
        "immutable-id-differs",
    ),
    (
        "Office 365 Login Failure. Your account has not been configured for this application",
        "immutable-id-empty",
    ),
    ("Rate limit exceeded for Microsoft Graph.", "throttled"),
    (
        "A conflicting object with one or more of the specified property values is present in the directory",
        "object-conflict",
    ),
    (
        "Another object with the same value for property proxyAddresses already exists.",
        "proxy-address-taken",
    ),
    (
        "Another object with the same value for property userPrincipalName already exists.",
        "user-name-shared",
    ),
    ("Property userPrincipalName is invalid.", "domain-not-verified"),
    ("401 invalid_client", "okta-client-secret-expired"),
    (
        "LicenseAssignmentAttributeConcurrencyException",
        "licensing-concurrency",
    ),
    (
        "InvalidOperationOnGroupInheritedLicenseException",
        "group-inherited-licence",
    ),
    ("AADSTS53003", "conditional-access-okta-client"),
];

fn catalogue() -> (policy::Loaded, Vec<KnownError>) {
    let mut sink = Diagnostics::new();
    let (loaded, errors) = policy::load_errors(&[], &mut sink);
    let faults: String = sink.iter().map(|fault| fault.render(false)).collect();
    assert!(sink.is_empty(), "{faults}");
    (loaded, errors)
}

fn ids(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis.causes.iter().map(|cause| cause.id.as_str()).collect()
}

fn first<'d>(diagnosis: &'d Diagnosis, text: &str) -> &'d str {
    ids(diagnosis)
        .first()
        .copied()
        .unwrap_or_else(|| panic!("no cause: {text}"))
}

#[test]
fn every_text_of_the_sources_leads_to_its_cause() {
    let (_, errors) = catalogue();
    for (text, id) in TEXTS {
        let json = serde_json::to_string(text).unwrap();
        let html = text.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
        let wrapped = text.split(' ').collect::<Vec<_>>().join("\r\n> ");
        let curly = text.replacen('"', "\u{201c}", 1).replace('"', "\u{201d}");
        let shouted = format!("\u{1b}[31m  “{text}”\u{1b}[0m\u{200b}");
        for form in [(*text).to_owned(), json, html, wrapped, curly, shouted] {
            assert_eq!(first(&diagnose::from_text(&form, &errors), &form), *id, "{form}");
        }
    }
    let led_to: BTreeSet<&str> = TEXTS.iter().map(|(_, id)| *id).collect();
    // Of these the sources give a status at most, or the text of another cause.
    let without: BTreeSet<&str> = errors
        .iter()
        .map(|error| error.id.as_str())
        .filter(|id| !led_to.contains(id))
        .collect();
    let expected = BTreeSet::from([
        "deleted-twin",
        "no-immutable-id-on-create",
        "okta-client-consent",
        "partner-licence",
        "product-not-assignable",
        "product-not-in-tenant",
        "restricted-administrative-unit",
        "subscription-lapsed",
        "user-name-case",
    ]);
    assert_eq!(without, expected);
}

#[test]
fn every_example_of_the_catalogue_leads_to_its_entry() {
    let (_, errors) = catalogue();
    let mut count = 0;
    for error in &errors {
        for example in error.seen.iter().filter_map(|sign| sign.example.as_ref()) {
            assert_eq!(first(&diagnose::from_text(example, &errors), example), error.id);
            count += 1;
        }
    }
    assert!(count >= 29, "{count}");
}

#[test]
fn a_text_that_was_cut_off_still_tells() {
    let (_, errors) = catalogue();
    // Where the System Log cuts.
    let cut: String = REFUSED.chars().take(255).collect();
    assert!(!cut.contains("assignLicense"));
    assert_eq!(first(&diagnose::from_text(&cut, &errors), &cut), "user-owned-licence");
    let text =
        r#"httpStatusCode=400 errorCode=Request_BadRequest errorMessage="License assignment cannot be done for us"#;
    let diagnosis = diagnose::from_text(text, &errors);
    assert_eq!(first(&diagnosis, text), "usage-location-missing");
    assert_eq!(diagnosis.causes[0].text_tells.as_deref(), Some("likely"));
    // As far as this goes it may be either.
    let both = diagnose::from_text("Unable to update the specified properties for o", &errors);
    assert_eq!(
        ids(&both),
        ["owned-by-external-service", "synchronized-from-on-premises"]
    );
}

#[test]
fn texts_that_are_only_alike_lead_elsewhere_or_nowhere() {
    let (_, errors) = catalogue();
    for text in [
        "AADSTS50034: The user account x does not exist in the contoso directory",
        "License assignment was done for a user with a valid usage location",
        "Property usageType is invalid",
        "errorCode=Request_BadRequest errorMessage=\"Invalid value specified for property 'mobilePhone'.\"",
        "HTTP status code 200, all is well",
        "API call exceeded rate limit due to too many requests to the Okta org",
        "The user has no Company Portal",
        "Other",
        "403",
        "Insufficient",
        "count violation of the house rules by a licence holder",
        "ライセンスを割り当てました",
    ] {
        let diagnosis = diagnose::from_text(text, &errors);
        assert!(ids(&diagnosis).is_empty(), "{text}: {:?}", ids(&diagnosis));
        assert!(!diagnosis.is_answered());
    }
    let patched = REFUSED
        .replace("method=POST", "method=PATCH")
        .replace("/microsoft.graph.assignLicense", "");
    let found = diagnose::from_text(&patched, &errors);
    for wrong in ["user-owned-licence", "partner-licence", "group-inherited-licence"] {
        assert!(
            !ids(&found).contains(&wrong),
            "licences are not what was refused: {wrong}"
        );
    }
}

#[test]
fn every_cause_of_the_lists_has_an_entry() {
    let (loaded, errors) = catalogue();
    let items: BTreeSet<&str> = errors
        .iter()
        .flat_map(|error| &error.frameworks)
        .filter(|(name, _)| name == "provisioning-causes")
        .flat_map(|(_, items)| items.iter().map(String::as_str))
        .collect();
    let expected: BTreeSet<String> = (1..=28)
        .map(|n| format!("entra-{n}"))
        .chain((1..=24).map(|n| format!("okta-{n}")))
        .chain(["okta-1b".to_owned()])
        .collect();
    assert_eq!(items, expected.iter().map(String::as_str).collect());
    let japanese = |text: &str| {
        text.chars()
            .any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
    };
    for error in &errors {
        assert!(
            error.source.name.ends_with(&format!("/{}.yaml", error.id)),
            "{}",
            error.source.name
        );
        assert_ne!(
            error.predicted_by.is_empty(),
            error.unpredicted.is_none(),
            "{}",
            error.id
        );
        assert_eq!(error.fix.en.len(), error.fix.ja.len(), "{}", error.id);
        assert!(error.fix.ja.iter().all(|step| japanese(step)), "{}", error.id);
        assert!(error.fix.en.iter().all(|step| !japanese(step)), "{}", error.id);
        assert!(
            [&error.title, &error.why, &error.settle]
                .iter()
                .all(|text| japanese(&text.ja)),
            "{}",
            error.id
        );
        let console = |step: &String| step.contains(" > ");
        assert!(error.fix.ja.iter().any(console), "{}: no menu path", error.id);
        assert!(
            error
                .predicted_by
                .iter()
                .all(|found| loaded.policies.iter().any(|policy| policy.id == found.policy))
        );
    }
}

#[test]
fn every_question_that_the_catalogue_proposes_can_be_asked() {
    let (_, errors) = catalogue();
    let mut count = 0;
    for error in &errors {
        let texts = [Some(&error.settle), error.unpredicted.as_ref()];
        for text in texts.into_iter().flatten().flat_map(|text| [&text.en, &text.ja]) {
            for cel in text.split("tenken query SNAPSHOT '").skip(1) {
                let cel = cel.split("'`").next().unwrap();
                let compiled = compile(cel, &Scope::snapshot().with("now", Type::Timestamp));
                assert!(
                    compiled.mistakes.is_empty(),
                    "{}: {cel}: {:?}",
                    error.id,
                    compiled.mistakes
                );
                count += 1;
            }
        }
    }
    assert!(count >= 6, "{count}");
}

#[test]
fn a_hostile_text_stays_text() {
    let (_, errors) = catalogue();
    let hostile =
        format!("\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}{REFUSED}\0{{{{ 7 * 7 }}}}\u{9b}31m<script>\\u001b[2J&#27;[2J");
    let diagnosis = diagnose::from_text(&hostile, &errors);
    for language in [Language::En, Language::Ja] {
        let text = terminal_diagnosis(&diagnosis, language, 80, &[]).unwrap();
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert!(
            !plain.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'),
            "{plain:?}"
        );
        // What is left of escapes are our own colours.
        assert!(
            text.split('\u{1b}')
                .skip(1)
                .all(|part| part.starts_with('[') && part[1..].contains('m'))
        );
    }
    assert_eq!(first(&diagnosis, "hostile"), "user-owned-licence");
}

fn diagnosed(place: &Path, error: Option<&str>, person: Option<&str>) -> Result<Audit, WhoError> {
    let (loaded, errors) = catalogue();
    let mut policies = loaded.policies;
    diagnose::relevant(&mut policies, &errors);
    let snapshot = Snapshot::open(place).unwrap();
    let tables = Tables::load(&snapshot, &diagnose::all_needs(&policies)).unwrap();
    diagnose::diagnose(Question { error, person }, &errors, &policies, &tables, &snapshot)
}

fn diagnosis(audit: &Audit) -> &Diagnosis {
    audit.diagnosis.as_ref().unwrap()
}

const KAHO: &str = "kaho.shirakawa@contoso.example";

/// Runs the program with a clean environment.
fn tenken(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut command = Command::cargo_bin("tenken").unwrap();
    command
        .current_dir(folder)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .args(args)
        .write_stdin(input);
    command.timeout(std::time::Duration::from_secs(120)).output().unwrap()
}

#[tokio::test]
async fn the_founding_case_is_told_from_the_text_to_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    // The text names the person, by name only.
    let audit = diagnosed(&place, Some(REFUSED), None).unwrap();
    let found = diagnosis(&audit);
    let person = found.person.as_ref().unwrap();
    assert_eq!(person.named_by, NamedBy::ErrorText);
    assert_eq!(person.resource.name.as_deref(), Some(KAHO));
    assert_eq!(person.failing, Some(true));
    let spread = found.spread.unwrap();
    assert_eq!(spread.kind, SpreadKind::Some);
    assert!(spread.failing > 1 && spread.working > spread.failing);
    let cause = &found.causes[0];
    assert_eq!(
        (cause.id.as_str(), cause.standing),
        ("user-owned-licence", Standing::Supported)
    );
    let clue = &cause.clues[0];
    assert_eq!(clue.finding.outcome, Outcome::Fail);
    assert_eq!(clue.finding.values["licences"][0], "Microsoft Teams Exploratory Dept");
    let reads: Vec<_> = clue.finding.evidence.iter().flat_map(|part| &part.reads).collect();
    assert!(
        reads
            .iter()
            .any(|read| read.path.ends_with("sku.ownership") && read.value == "user_owned")
    );
    // What speaks against the others is said too.
    let standing = |id: &str| {
        found
            .causes
            .iter()
            .find(|cause| cause.id == id)
            .map(|cause| cause.standing)
    };
    assert_eq!(standing("group-inherited-licence"), Some(Standing::Contradicted));
    let consent = found
        .causes
        .iter()
        .find(|cause| cause.id == "okta-client-consent")
        .unwrap();
    assert_eq!(consent.fits_spread, Some(false));
    // The audit is about her alone.
    let others = audit.findings.iter().filter_map(|finding| finding.resource.as_ref());
    assert!(
        others
            .filter(|id| id.resource_type == "okta.app_user")
            .all(|id| id.name.as_deref() == Some(KAHO))
    );
}

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
async fn a_person_is_found_by_whatever_they_are_known_by() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let query = |cel: &str| {
        let output = tenken(folder.path(), &["query", "snapshot", cel, "--format", "json"], "");
        let json: Json = serde_json::from_slice(&output.stdout).unwrap();
        json[0].as_str().unwrap().to_owned()
    };
    let okta = query(&format!(
        "okta.users.filter(u, u.profile.login == '{KAHO}').map(u, u.id)"
    ));
    let entra = query(&format!(
        "entra.users.filter(u, u.userPrincipalName == '{KAHO}').map(u, u.id)"
    ));
    for name in [KAHO, &KAHO.to_uppercase(), &okta, &entra] {
        let audit = diagnosed(&place, None, Some(name)).unwrap();
        let found = diagnosis(&audit);
        assert_eq!(
            found.person.as_ref().unwrap().resource.name.as_deref(),
            Some(KAHO),
            "{name}"
        );
        // The System Log has the text.
        assert!(found.error.as_ref().unwrap().logged.is_some());
        assert_eq!(found.causes[0].id, "user-owned-licence");
    }
    let with_id = REFUSED
        .replace("/users/ID/", &format!("/users/{entra}/"))
        .replace("白川 果歩", "somebody");
    let audit = diagnosed(&place, Some(&with_id), None).unwrap();
    assert_eq!(
        diagnosis(&audit).person.as_ref().unwrap().resource.name.as_deref(),
        Some(KAHO)
    );

    let near = diagnosed(&place, None, Some("kaho.shirakawa@contoso.exampl")).unwrap_err();
    let WhoError::Nobody { near, unread } = near else {
        panic!("{near:?}")
    };
    assert_eq!(near[0], KAHO);
    assert!(unread.is_empty());
    let output = tenken(
        folder.path(),
        &["diagnose", "snapshot", "kaho.shirakawa@contoso.exampl"],
        "",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("did you mean `{KAHO}`")));

    // Two people of one address.
    support::change_lines(&place, "okta.user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        if json["object"]["profile"]["login"] == "marcus.oyelaran@contoso.example" {
            json["object"]["profile"]["email"] = KAHO.into();
        }
        json.to_string()
    });
    let WhoError::Several(people) = diagnosed(&place, None, Some(KAHO)).unwrap_err() else {
        panic!("the first of two was taken")
    };
    assert_eq!(people.len(), 2);
    let output = tenken(folder.path(), &["diagnose", "snapshot", KAHO], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("means 2 people"));
    assert!(diagnosed(&place, None, Some(&okta)).is_ok(), "an id is one person");
}

#[tokio::test]
async fn nothing_wrong_is_said_of_who_has_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    let audit = diagnosed(&place, None, Some("sakura.ichinose@contoso.example")).unwrap();
    let found = diagnosis(&audit);
    assert_eq!(found.person.as_ref().unwrap().failing, Some(false));
    assert!(ids(found).is_empty(), "{:?}", ids(found));
    let output = tenken(
        folder.path(),
        &["diagnose", "snapshot", "sakura.ichinose@contoso.example"],
        "",
    );
    assert_eq!(output.status.code(), Some(0));
    // What only may be so is said to be so.
    let audit = diagnosed(&place, None, Some("takumi.misaki@contoso.example")).unwrap();
    let cause = &diagnosis(&audit).causes[0];
    assert_eq!(
        (cause.id.as_str(), cause.standing),
        ("user-owned-licence", Standing::Suggested)
    );
    // Faults in another tenant's application are not this tenant's.
    let audit = diagnosed(&place, None, Some("paula.grimaldi@fabrikam.example")).unwrap();
    assert!(ids(diagnosis(&audit)).is_empty(), "{:?}", ids(diagnosis(&audit)));
}

#[tokio::test]
async fn everybody_failing_points_to_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = support::collected("contoso", ServerOptions::default(), folder.path()).await;
    support::change_lines(&place, "okta.app_user", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["syncState"] = "ERROR".into();
        json.to_string()
    });
    support::change_lines(&place, "entra.service_principal", |line| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        json["object"]["accountEnabled"] = false.into();
        json.to_string()
    });
    let text =
        r#"errorCode=Authorization_RequestDenied errorMessage="Insufficient privileges to complete the operation.""#;
    let audit = diagnosed(&place, Some(text), None).unwrap();
    let found = diagnosis(&audit);
    assert_eq!(found.spread.unwrap().kind, SpreadKind::Everyone);
    assert!(found.person.is_none());
    assert_eq!(found.causes[0].id, "okta-client-consent", "{:?}", ids(found));
}

#[tokio::test]
async fn what_was_not_read_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServerOptions {
        deny: vec!["/v1.0/users".to_owned()],
        ..ServerOptions::default()
    };
    let (place, _) = support::collected("contoso", options, folder.path()).await;
    let audit = diagnosed(&place, Some(REFUSED), Some(KAHO)).unwrap();
    let cause = &diagnosis(&audit).causes[0];
    assert_eq!(
        (cause.id.as_str(), cause.standing),
        ("user-owned-licence", Standing::Open)
    );
    let causes: Vec<Cause> = cause
        .clues
        .iter()
        .flat_map(|clue| &clue.finding.causes)
        .map(|origin| origin.cause)
        .collect();
    assert!(causes.contains(&Cause::NoPermission), "{causes:?}");
    let output = tenken(folder.path(), &["diagnose", "snapshot", KAHO], "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("No permission") && text.contains("User.Read.All"),
        "{text}"
    );
    let WhoError::Nobody { unread, .. } = diagnosed(&place, None, Some("no@body")).unwrap_err() else {
        panic!("somebody was found")
    };
    assert_eq!(unread, ["entra.user"]);
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

#[test]
fn mistakes_in_an_entry_are_shown_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("pack/errors");
    std::fs::create_dir_all(&errors).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/provisioning");
    for policy in ["immutable-id.yaml", "immutable-id-mapping.yaml"] {
        std::fs::copy(root.join(policy), folder.path().join("pack").join(policy)).unwrap();
    }
    let entry = std::fs::read_to_string(root.join("errors/immutable-id-empty.yaml")).unwrap();
    let broken = entry
        .replace(
            "policy: provisioning.immutable-id,",
            "policy: provisioning.imutable-id,",
        )
        .replace("tells: certain", "tells: certainly")
        .replace("closing:", "closng:");
    assert_ne!(entry, broken);
    let place = errors.join("immutable-id-empty.yaml");
    std::fs::write(&place, &entry).unwrap();
    let check = || tenken(folder.path(), &["policy", "check", "pack"], "");
    assert_eq!(
        check().status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&check().stderr)
    );
    std::fs::write(&place, &broken).unwrap();
    let output = check();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    for part in [
        "did you mean `provisioning.immutable-id`?",
        "did you mean `certain`?",
        "did you mean `closing`?",
        "immutable-id-empty.yaml:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    std::fs::write(&place, entry.replace("in_okta: null", "in_octa: null")).unwrap();
    let text = String::from_utf8_lossy(&check().stderr).into_owned();
    assert!(
        text.contains("shows no value `in_octa`") && text.contains("did you mean `in_okta`?"),
        "{text}"
    );
}

#[test]
fn failures_in_the_log_are_held_against_the_present() {
    let folder = tempfile::tempdir().unwrap();
    let simulated = [
        "simulate",
        "--scenario",
        "rollout-3000",
        "--users",
        "0",
        "--snapshot",
        "snap",
    ];
    assert_eq!(support::status(&support::tenken(folder.path(), &simulated)), 0);
    let history = |key: &str| {
        let person = format!("{key}@northwind.example");
        let output = support::tenken(folder.path(), &["diagnose", "snap", &person, "--format", "json"]);
        let found: Json = serde_json::from_str(&support::stdout(&output)).unwrap();
        let failures = found["history"]["failures"].as_array().unwrap().clone();
        assert_eq!(found["history"]["whole"], true);
        failures
            .iter()
            .map(|failure| {
                let text = |name: &str| failure[name].as_str().unwrap_or_default().to_owned();
                (text("cause"), text("present"), failure["times"].as_u64().unwrap())
            })
            .collect::<Vec<_>>()
    };
    let told = |cause: &str, present: &str, times| (cause.to_owned(), present.to_owned(), times);
    // The newest first, and what was told twice is one.
    assert_eq!(
        history("recovered-001"),
        [
            told("proxy-address-taken", "gone", 1),
            told("usage-location-invalid", "gone", 2)
        ]
    );
    assert_eq!(history("uk-001"), [told("usage-location-invalid", "persists", 1)]);
    assert_eq!(history("exploratory-001"), [told("user-owned-licence", "persists", 1)]);
    assert_eq!(history("gone-001"), [told("account-deleted-in-entra", "persists", 1)]);
    assert_eq!(history("copilot-001"), []);
    // A log that was not read is no log without failures.
    support::change_status(&folder.path().join("snap"), "okta.provisioning_failure", "denied");
    let output = support::tenken(folder.path(), &["diagnose", "snap", "uk-001@northwind.example"]);
    assert!(
        support::stdout(&output).contains("The System Log was not read to its end"),
        "{}",
        support::stdout(&output)
    );
}
