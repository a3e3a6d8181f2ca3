//! Records that are looked up by an index: what is found is what going over all of them would find.

use serde_json::Value as Json;

use super::{audit, folder, rule};
use crate::support::{status, stderr, stdout, tenken};

/// A policy on people in Entra.
fn on_users(id: &str, body: &str) -> String {
    rule(id, body).replace("entra.subscribed_sku", "entra.user")
}

#[test]
fn many_records_of_unknown_value_leave_it_open_and_hide_nothing() {
    let people: String = (0..300).map(|n| format!("        - {{ id: u{n} }}\n")).collect();
    let known = ["{ id: a, mail: x@c }", "{ id: b, mail: x@c }", "{ id: c, mail: y@c }"];
    let known: String = known.map(|person| format!("        - {person}\n")).concat();
    let example = |on: &str, expect: &str| {
        format!("  - name: {on}\n    given:\n      entra.user:\n{known}{people}    on: {on}\n    expect: {expect}\n")
    };
    let body = "when: user.id in [\"a\", \"c\"]\n\
         assert: '!entra.users.exists(u, u.mail == user.mail && u.id != user.id)'\nexamples:\n"
        .to_owned()
        + &example("a", "fail")
        + &example("c", "{ outcome: unknown, cause: absent }");
    let place = folder(None, &[("unique.yaml", &on_users("test.unique", &body))]);
    let output = tenken(place.path(), &["policy", "test", "unique.yaml"]);
    assert_eq!(status(&output), 0, "{}{}", stdout(&output), stderr(&output));
}

/// `mail_addresses` is made from `proxyAddresses`: no trial of the latter may use an index of the former as it was.
#[test]
fn what_an_index_was_made_from_is_not_tried() {
    let body = r#"assert: >-
  "smtp:zz@contoso.example" in user.proxyAddresses
  && !entra.users.exists(u, "zz@contoso.example" in u.mail_addresses)"#;
    let place = folder(Some("contoso"), &[("zz.yaml", &on_users("test.zz", body))]);
    let found = audit(place.path(), &["--policies", "zz.yaml"]);
    let findings: Vec<&Json> = found["findings"].as_array().unwrap().iter().collect();
    assert!(findings.iter().any(|finding| finding["outcome"] == "fail"));
    for finding in findings {
        let changes = finding["changes"].as_array().cloned().unwrap_or_default();
        assert!(changes.is_empty(), "{changes:?}");
    }
}
