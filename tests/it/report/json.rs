//! `audit.json` against its published schema.

use serde_json::Value as Json;
use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, render};

use super::audits::{clean, contoso, mixed, nothing, undecided};
use super::payloads::hostile;

#[test]
fn every_audit_fits_the_schema() {
    let schema = tenken::schema::audit().unwrap();
    for audit in [contoso(), clean(), hostile(), &mixed(), &undecided(), &nothing()] {
        let text = render(audit, Format::Json, Language::En).unwrap();
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(schema.check_json(&json), None);
        assert_eq!(serde_json::from_str::<Audit>(&text).unwrap(), *audit);
    }
}

#[test]
fn the_schema_is_closed() {
    let schema = tenken::schema::audit().unwrap();
    let whole: Json = serde_json::to_value(contoso()).unwrap();
    let broken = |change: fn(&mut Json)| {
        let mut json = whole.clone();
        change(&mut json);
        schema.check_json(&json).is_some()
    };
    assert!(broken(|json| json["more"] = Json::from(1)));
    assert!(broken(|json| json["findings"][0]["more"] = Json::from(1)));
    assert!(broken(|json| json["findings"][0]["outcome"] = Json::from("pass")));
    assert!(broken(|json| json["policies"][0]["severity"] = Json::from("fatal")));
    assert!(broken(|json| json["coverage"][0]["status"] = Json::from("fine")));
    assert!(broken(|json| json["snapshot"]["digest"] = Json::from("x")));
    assert!(broken(|json| {
        json["policies"][0].as_object_mut().unwrap().remove("counts");
    }));
}

#[test]
fn the_schema_describes_every_property_and_knows_the_same_words() {
    let schema = tenken::schema::audit().unwrap().json();
    let policy = tenken::schema::policy().unwrap().json();
    let manifest = tenken::schema::manifest().unwrap().json();
    assert_eq!(
        schema.pointer("/$defs/policy/properties/who/items/enum"),
        policy.pointer("/properties/who/items/enum")
    );
    assert_eq!(
        schema.pointer("/$defs/coverage/properties/status/enum"),
        manifest.pointer("/$defs/entry/properties/status/enum")
    );
    let causes: Vec<&str> = tenken::expr::Cause::ALL.iter().map(|cause| cause.as_str()).collect();
    assert_eq!(
        schema.pointer("/$defs/cause/properties/cause/enum"),
        Some(&Json::from(causes))
    );
}
