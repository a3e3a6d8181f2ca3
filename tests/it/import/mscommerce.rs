//! What people may buy or try by themselves.

use serde_json::json;
use tenken::snapshot::Status;

use super::{import, objects, status_of, utf16, write};
use crate::support::{refuses, status, stdout, tenken};

const JSON: &str = r#"[
  {"ProductName":"Microsoft Teams Exploratory","ProductId":"CFQ7TTC0J1FV","PolicyId":"AllowSelfServicePurchase","PolicyValue":"Disabled"},
  {"ProductName":"Power BI Pro","ProductId":"CFQ7TTC0H9MP","PolicyId":"AllowSelfServicePurchase","PolicyValue":"OnlyTrialsWithoutPaymentMethod"}
]"#;

#[test]
fn a_row_is_known_and_a_product_that_is_not_there_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "products.json", utf16(JSON));
    let (out, told) = import(folder.path(), &["mscommerce", "products.json"]);
    assert_eq!(objects(&out, "entra.self_service_product").len(), 2);
    assert_eq!(status_of(&out, "entra.self_service_product"), Status::Partial, "{told}");
    let ask = |expression: &str| {
        let answer = tenken(folder.path(), &["query", out.to_str().unwrap(), expression]);
        (status(&answer), stdout(&answer))
    };
    let disabled =
        r#"entra.self_service_products.exists(p, p.ProductId == "CFQ7TTC0J1FV" && p.PolicyValue == "Disabled")"#;
    assert_eq!(ask(disabled), (0, "true\n".to_owned()));
    let (code, text) = ask(r#"entra.self_service_products.exists(p, p.ProductId == "CFQ7TTC0RM8K")"#);
    assert_eq!(code, 4, "{text}");
    // Nobody else's types are there, and none of them is empty.
    let (code, text) = ask("entra.users.size() == 0");
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("not_collected"), "{text}");
}

#[test]
fn csv_is_read_and_the_whole_list_is_whole_by_ones_word() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "\u{feff}\"ProductName\",\"ProductId\",\"PolicyId\",\"PolicyValue\"\r\n\"Visio, Plan 1\",\"CFQ7TTC0HD33\",\"AllowSelfServicePurchase\",\"Enabled\"\r\n";
    write(folder.path(), "products.csv", csv);
    let (out, _) = import(
        folder.path(),
        &[
            "mscommerce",
            "products.csv",
            "--whole",
            "entra.self_service_product",
            "--tenant",
            "contoso.example",
        ],
    );
    assert_eq!(status_of(&out, "entra.self_service_product"), Status::Complete);
    let (_, product) = objects(&out, "entra.self_service_product").remove(0);
    assert_eq!(product["ProductName"], json!("Visio, Plan 1"));
    assert_eq!(super::manifest(&out)["entra"]["id"], "contoso.example");
}

#[test]
fn rows_of_another_policy_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "products.json",
        JSON.replace("\"AllowSelfServicePurchase\"", "\"Other\""),
    );
    refuses(
        folder.path(),
        &["import", "mscommerce", "products.json", "--out", "out"],
        &["products.json", "policy `Other`"],
    );
}
