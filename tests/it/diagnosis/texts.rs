//! From an error text to the entries of the catalogue.

use std::collections::BTreeSet;
use std::path::Path;

use tenken::diagnose;
use tenken::expr::{Scope, Type, compile};
use tenken::policy::Language;
use tenken::report::terminal_diagnosis;

use super::{REFUSED, catalogue, first, ids, tenken};

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
        "Uniqueness violation. Property: userPrincipalName",
        "Invalid value specified for property usageLocation",
        "429 people could not be provisioned",
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
