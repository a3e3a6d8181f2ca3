//! The promise of the checker.

use super::{folder, rule, write};
use crate::support::{refuses, status, stderr, stdout, tenken};

/// The checker's promise, line by line: each condition on a person of an Okta application, the code of its mistake, and
/// words that say where it is or what was meant.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn every_kind_of_mistake_is_found_before_anything_runs() {
    let folder = folder(None, &[]);
    let check = |body: &str| {
        let text = rule("p.p", body).replace("resource: entra.subscribed_sku", "resource: okta.app_user");
        write(folder.path(), "p.yaml", &text);
        tenken(folder.path(), &["policy", "check", "p.yaml"])
    };
    let refused = |body: &str, code: &str, words: &str| {
        let output = check(body);
        let told = stderr(&output);
        assert_eq!(status(&output), 2, "{body}");
        assert!(
            told.contains(&format!("error[{code}]")) && told.contains(words),
            "{body}: {told}"
        );
        let explained = tenken(folder.path(), &["policy", "codes", code]);
        assert!(stdout(&explained).starts_with(&format!("{code}: ")), "{code}");
        assert!(stdout(&tenken(folder.path(), &["policy", "codes"])).contains(code));
    };
    for (condition, code, words) in [
        // Types of the catalogue.
        ("app_user.statu == 'ACTIVE'", "unknown-field", "did you mean `status`?"),
        ("app_user.profile.foo == 'x'", "unknown-field", "has no field `foo`"),
        (
            "okta.appusers.size() > 1",
            "unknown-resource",
            "did you mean `okta.app_users`?",
        ),
        (
            "ap_user.status == 'ACTIVE'",
            "undeclared-name",
            "did you mean `app_user`?",
        ),
        (
            "app_user.status.startWith('x')",
            "unknown-function",
            "did you mean `startsWith`?",
        ),
        (
            "app_user.status.startsWith(3)",
            "type-mismatch",
            "it takes (string, string)",
        ),
        (
            "app_user.app.features == 'PUSH'",
            "type-mismatch",
            "(list(string), string)",
        ),
        (
            "app_user.user != null && app_user.user.created == '2026-01-01'",
            "type-mismatch",
            "timestamp or null, string",
        ),
        ("app_user.status", "not-boolean", "yields string"),
        (
            "app_user.entra_user == null || app_user.entra_user.accountEnabled",
            "not-boolean",
            "== true",
        ),
        // Comparisons that can never hold.
        (
            "app_user.status == 'staged'",
            "impossible-comparison",
            "did you mean `STAGED`?",
        ),
        (
            "app_user.status in ['ACTIVE', 'STAGD']",
            "impossible-comparison",
            "p.yaml:6:40",
        ),
        (
            "app_user.entra_user_match.outcome == 'two'",
            "impossible-comparison",
            "the values are",
        ),
        ("app_user.status == 3", "type-mismatch", "(string, int)"),
        ("app_user.id == null", "type-mismatch", "(string, null)"),
        // Always the same.
        ("1 < 2", "constant-condition", "always true"),
        (
            "app_user.status == 'ACTIVE' || true",
            "constant-condition",
            "always true",
        ),
        (
            "app_user.status == 'ACTIVE' && !(1 < 2)",
            "constant-condition",
            "always false",
        ),
        (
            "app_user.status == app_user.status",
            "constant-condition",
            "always true",
        ),
        (
            "app_user.status != app_user.status",
            "constant-condition",
            "always false",
        ),
        (
            "app_user.status == 'ACTIVE' && app_user.status == 'STAGED'",
            "constant-condition",
            "always false",
        ),
        (
            "app_user.status != 'ACTIVE' || app_user.status != 'STAGED'",
            "constant-condition",
            "always true",
        ),
        (
            "app_user.status.matches('(')",
            "evaluation-failed",
            "not a regular expression",
        ),
        (
            "timestamp('yesterday') < now",
            "evaluation-failed",
            "not an RFC 3339 time",
        ),
        (
            "[1, 2][5] == app_user.app.features.size()",
            "evaluation-failed",
            "always fails",
        ),
        // What may be null.
        (
            "app_user.entra_user.id == 'x'",
            "unguarded-link",
            "app_user.entra_user == null || …",
        ),
        (
            "app_user.lastUpdated < now",
            "nullable-operand",
            "app_user.lastUpdated == null || …",
        ),
        (
            "app_user.externalId + 'x' == 'yx'",
            "nullable-operand",
            "`+` does not take null",
        ),
        (
            "app_user.externalId.startsWith('x')",
            "nullable-operand",
            "`startsWith` does not take null",
        ),
        // Always unknown.
        (
            "app_user.entra_user == null || app_user.task_error.contains('403')",
            "always-unknown",
            "no public API",
        ),
        // Joins.
        (
            "entra.users.exists(u, u.mail != null && u.mail.contains('x'))",
            "unindexed-join",
            "so that an index finds",
        ),
        // An index by one of few values is none: everybody would be compared with everybody of the same application.
        (
            "okta.app_users.exists(a, a.parent == app_user.parent && a.status == 'STAGED')",
            "unindexed-join",
            "so that an index finds",
        ),
        // Syntax.
        ("app_user.status ==", "syntax", "p.yaml:6"),
    ] {
        refused(&format!("assert: {condition:?}"), code, words);
    }
    let fine = "app_user.status == 'ACTIVE'";
    for (body, code, words) in [
        (
            format!("let: {{ x: {fine:?} }}\nassert: {fine:?}"),
            "unused-let",
            "`x` is never used",
        ),
        (
            format!("show: {{ x: app_user.id }}\nassert: {fine:?}"),
            "unused-show",
            "`x` is shown in no message",
        ),
        (
            format!("requires: [entra_p3]\nassert: {fine:?}"),
            "unknown-requirement",
            "did you mean `entra_p1`?",
        ),
        (
            format!("frameworks: {{ cis-m365-6.1: ['1'] }}\nassert: {fine:?}"),
            "schema-violation",
            "did you mean `cis-m365-6.0`?",
        ),
        (
            format!("why: {{ en: x }}\nassert: {fine:?}"),
            "missing-translation",
            "`ja`",
        ),
    ] {
        refused(&body, code, words);
    }
    for condition in [
        fine,
        "app_user.lastUpdated == null || app_user.lastUpdated < now",
        "app_user.status == 'ACTIVE' || app_user.status == 'STAGED'",
        "app_user.status != 'ACTIVE' && app_user.status != 'STAGED'",
        "app_user.entra_user == null || app_user.entra_user.accountEnabled == true",
    ] {
        assert_eq!(status(&check(&format!("assert: {condition:?}"))), 0, "{condition}");
    }
    // A switch may be off, and yet the condition is about something.
    let switch = "params:\n  strict: { type: bool, default: false, about: { en: x, ja: x } }\n";
    assert_eq!(
        status(&check(&format!("{switch}assert: \"!params.strict || {fine}\""))),
        0
    );
    let template = rule("p.p", &format!("assert: {fine:?}")).replace("{ en: m, ja: m }", "{ en: '{{ y }}', ja: m }");
    write(
        folder.path(),
        "p.yaml",
        &template.replace("entra.subscribed_sku", "okta.app_user"),
    );
    refuses(
        folder.path(),
        &["policy", "check", "p.yaml"],
        &["unknown-template-variable", "`y`"],
    );
}
