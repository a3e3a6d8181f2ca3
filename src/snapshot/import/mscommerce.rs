//! What `Get-MSCommerceProductPolicies -PolicyId AllowSelfServicePurchase` puts out, through `ConvertTo-Json` or
//! `Export-Csv`, or what its service answers (`{"items": […]}`).
//!
//! `Get-MSCommerceProductPolicy` for one product writes the same rows, and rows are easily left out on the way, so a list
//! is whole only by its maker's word. Each row stands for itself.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::folder::ExportFile;
use super::intake::{Doubt, Intake, Provenance};
use super::{About, ImportError, json};
use crate::catalog::catalog;

const TYPE: &str = "entra.self_service_product";
/// Columns without which a row says nothing.
const NEEDED: &[&str] = &["ProductId", "PolicyValue"];
/// The policy that is about buying.
const POLICY: &str = "AllowSelfServicePurchase";

type Row = Map<String, Json>;

/// Reads the file.
pub(super) fn read(place: &Path, intake: &mut Intake<'_>) -> Result<About, ImportError> {
    let file = ExportFile::required(place)?;
    let text = file.text.trim();
    let rows = match text.as_bytes().first() {
        Some(b'{' | b'[') => from_json(text),
        Some(_) => from_csv(text),
        None => Err("it is empty".to_owned()),
    };
    let rows = rows.and_then(checked).map_err(|reason| file.mistake(&reason))?;
    intake.saw(&file);
    let provenance = Provenance {
        endpoint: "import mscommerce Get-MSCommerceProductPolicies".to_owned(),
        api_version: "v1.0".to_owned(),
    };
    let resource = catalog().resource(TYPE);
    let Some((resource, call)) = resource.and_then(|resource| Some((resource, resource.supply.call()?))) else {
        return Ok(About::default());
    };
    if let Some(incoming) = intake.of(resource, call, &provenance)? {
        incoming.page(None);
        for row in rows {
            incoming.take(None, row, None, &file)?;
        }
        incoming.doubt(
            None,
            Doubt::Unproven(format!(
                "a list of products does not say whether it is all of them; if nothing was left out, say so with `--whole {TYPE}`"
            )),
        );
    }
    Ok(About::default())
}

fn from_json(text: &str) -> Result<Vec<Row>, String> {
    let mut wrapped = json::object(&format!("{{\"items\":{text}}}"))?;
    let mut value = wrapped.shift_remove("items").unwrap_or_default();
    for list in ["items", "value"] {
        if let Some(items) = value.get_mut(list).filter(|items| items.is_array()) {
            value = items.take();
        }
    }
    let items = match value {
        Json::Array(items) => items,
        one => vec![one],
    };
    let rows: Option<Vec<Row>> = items.into_iter().map(|item| item.as_object().cloned()).collect();
    rows.ok_or_else(|| "it lists something other than objects".to_owned())
}

fn from_csv(text: &str) -> Result<Vec<Row>, String> {
    // Windows PowerShell writes the class of the rows first.
    let text = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#TYPE") => rest,
        _ => text,
    };
    let header = text.lines().next().unwrap_or_default();
    let times = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(times).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let names = reader
        .headers()
        .map_err(|error| format!("it is no CSV: {error}"))?
        .clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("it is no CSV: {error}"))?;
        let cells = names.iter().zip(record.iter());
        rows.push(
            cells
                .map(|(name, cell)| (name.trim().to_owned(), cell.trim().into()))
                .collect(),
        );
    }
    Ok(rows)
}

/// Refuses rows that are of something else.
fn checked(rows: Vec<Row>) -> Result<Vec<Row>, String> {
    let text = |row: &Row, name: &str| -> Option<String> {
        let (_, value) = row.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    for (number, row) in (1..).zip(&rows) {
        if let Some(lacks) = NEEDED.iter().find(|name| text(row, name).is_none()) {
            return Err(format!(
                "row {number} has no `{lacks}`; it should be what Get-MSCommerceProductPolicies puts out"
            ));
        }
        if let Some(policy) = text(row, "PolicyId").filter(|policy| policy != POLICY) {
            return Err(format!("row {number} is of the policy `{policy}`, not of `{POLICY}`"));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "\"ProductName\",\"ProductId\",\"PolicyId\",\"PolicyValue\"\r\n\
        \"Teams, Exploratory\",\"CFQ7TTC0J1FV\",\"AllowSelfServicePurchase\",\"Enabled\"\r\n";

    #[test]
    fn every_form_gives_the_same_rows() {
        let row = r#"{"ProductName":"Teams, Exploratory","ProductId":"CFQ7TTC0J1FV","PolicyId":"AllowSelfServicePurchase","PolicyValue":"Enabled"}"#;
        let wanted = from_json(&format!("[{row}]")).unwrap();
        assert_eq!(wanted.len(), 1);
        for text in [
            row.to_owned(),
            format!("{{\"value\":[{row}],\"Count\":1}}"),
            format!("{{\"items\":[{row}]}}"),
        ] {
            assert_eq!(from_json(&text).unwrap(), wanted);
        }
        for text in [
            CSV.to_owned(),
            format!("#TYPE System.Object\r\n{CSV}"),
            CSV.replace("\",\"", "\";\""),
            CSV.replace("\",\"", "\"\t\""),
        ] {
            assert_eq!(from_csv(&text).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_of_something_else_is_refused() {
        for (text, words) in [
            ("ProductName,Other\nx,y\n", "row 1 has no `ProductId`"),
            ("ProductId,PolicyValue\nCFQ,\n", "no `PolicyValue`"),
            ("ProductId,PolicyValue,PolicyId\nCFQ,Enabled,Other\n", "policy `Other`"),
            ("ProductId,PolicyValue\nCFQ,Enabled,3\n", "no CSV"),
        ] {
            let reason = from_csv(text).and_then(checked).unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
        for text in ["[1]", "{\"items\":", "[{\"a\":1,\"a\":2}]"] {
            assert!(from_json(text).is_err());
        }
    }
}
