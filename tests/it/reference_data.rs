//! Carries facts on Microsoft's products over into our own compact tables, and holds the tables true to them.
//!
//! Source: the `sku2name` data set (MIT), which merges Microsoft's "Product names and service plan identifiers for
//! licensing" file with its documentation page, and the curated list of self-service SKUs. Both lie beside the
//! repository while it is developed; without them the test says so and passes.
//!
//! To write the tables anew: `UPDATE_REFERENCE_DATA=1 cargo test reference_data`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value as Json;

const SPECS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/licensing");
const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/reference");

fn read(name: &str) -> Option<Json> {
    let text = std::fs::read_to_string(Path::new(SPECS).join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn text<'j>(value: &'j Json, key: &str) -> &'j str {
    value[key].as_str().unwrap_or_default()
}

/// A cell of a tab-separated table.
fn cell(value: &str) -> String {
    value.replace(['\t', '\n', '\r'], " ").trim().to_owned()
}

/// First eight digits of a GUID: enough to tell the plans apart, which the test checks.
fn short(id: &str) -> &str {
    &id[..8]
}

fn skus(skus: &Json, ownership: &Json) -> String {
    let mut rows: BTreeMap<String, [String; 7]> = BTreeMap::new();
    for sku in skus.as_array().unwrap() {
        let plans: Vec<&str> = sku["servicePlanIds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| short(p.as_str().unwrap()))
            .collect();
        let id = text(sku, "skuId").to_lowercase();
        let row = [
            &id,
            text(sku, "stringId"),
            text(sku, "productName"),
            "",
            "",
            "",
            &plans.join(" "),
        ]
        .map(cell);
        rows.insert(id, row);
    }
    for sku in ownership["skus"].as_array().unwrap() {
        let class = match text(sku, "class") {
            // A trial that only might be a person's own: the tenant's subscription tells more than its name does,
            // except for the Teams trials, which people start from within Teams.
            "trial_org"
                if text(sku, "confidence") == "low" && text(sku, "skuPartNumber") != "TEAMS_COMMERCIAL_TRIAL" =>
            {
                continue;
            }
            "trial_org" => "suspect",
            other => other,
        };
        let id = text(sku, "skuId").to_lowercase();
        let row = rows.entry(id.clone()).or_insert_with(|| {
            [
                &id,
                text(sku, "skuPartNumber"),
                text(sku, "productName"),
                "",
                "",
                "",
                "",
            ]
            .map(cell)
        });
        row[3] = cell(class);
        row[4] = cell(text(sku, "confidence"));
        row[5] = cell(text(sku, "evidence"));
    }
    let mut out = String::from("# Products of Microsoft. Written by tests/it/reference_data.rs; do not edit.\n");
    out += "id\tpart_number\tname\tclass\tclass_confidence\tclass_evidence\tplans\n";
    for row in rows.values() {
        writeln!(out, "{}", row.join("\t")).unwrap();
    }
    out
}

/// Of these services a person can hold plans side by side by now (learn.microsoft.com, "Identify and resolve license
/// assignment problems"), whatever the source says.
const STACKABLE: [&str; 1] = ["Exchange Online"];

fn service_plans(plans: &Json, groups: &Json) -> String {
    let mut services: BTreeMap<String, &str> = BTreeMap::new();
    for group in groups.as_array().unwrap() {
        let service = text(group, "service");
        let members = group["members"].as_array().unwrap().iter();
        services.extend(members.map(|plan| (text(plan, "planId").to_lowercase(), service)));
    }
    services.retain(|_, service| !STACKABLE.contains(service));
    let mut rows = BTreeMap::new();
    for plan in plans.as_array().unwrap() {
        let id = text(plan, "planId").to_lowercase();
        let service = services.get(&id).copied().unwrap_or_default();
        let row = [&id, text(plan, "technicalName"), text(plan, "friendlyName"), service].map(cell);
        assert!(
            rows.insert(short(&id).to_owned(), row).is_none(),
            "two plans share {}",
            short(&id)
        );
    }
    let mut out = String::from("# Service plans of Microsoft. Written by tests/it/reference_data.rs; do not edit.\n");
    out += "id\tname\tfriendly_name\texclusive\n";
    for row in rows.values() {
        writeln!(out, "{}", row.join("\t")).unwrap();
    }
    out
}

#[test]
fn tables_hold_what_the_sources_say() {
    let (Some(names), Some(plans), Some(groups), Some(ownership)) = (
        read("sku2name-skus.json"),
        read("sku2name-service-plans.json"),
        read("sku2name-incompatibility-groups.json"),
        read("self-service-skus.json"),
    ) else {
        println!("skipped: the licensing data is not beside the repository");
        return;
    };
    for (table, wanted) in [
        ("skus.tsv", skus(&names, &ownership)),
        ("service_plans.tsv", service_plans(&plans, &groups)),
    ] {
        let path = Path::new(TABLES).join(table);
        if std::env::var_os("UPDATE_REFERENCE_DATA").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == wanted,
            "{table} differs from its source; see the head of this file"
        );
    }
}
