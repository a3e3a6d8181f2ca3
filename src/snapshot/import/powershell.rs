//! What PowerShell makes of a vendor's object, read back as the vendor sent it.
//!
//! `ConvertTo-Json` writes a list of one element as the element, times as `/Date(milliseconds)/` (5.1), and whatever lies
//! deeper than `-Depth` as the text that the object prints itself as. Cmdlets of the Graph SDK spell properties with a
//! capital, and put what their classes do not know under `AdditionalProperties`. The catalogue says what a field should
//! be, so each of these can be told from data. What was cut off cannot be had back: it stays as it is, which is of the
//! wrong type and therefore unknown to every condition, and is reported.
//!
//! Source: learn.microsoft.com/powershell/module/microsoft.powershell.utility/convertto-json, and what ScubaGear's own
//! export works around (cisagov/ScubaGear `ExportAADProvider.psm1`, `Orchestrator.psm1`, which also drops the slashes of
//! `\/Date(…)\/`).

use serde_json::{Map, Value as Json};

use crate::catalog::{FieldType, Origin, Record};

/// Where the SDK puts what its classes do not know.
const ADDITIONAL: &str = "AdditionalProperties";

/// What was done to an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether it differs from what stands in the file.
    pub(super) changed: bool,
    /// Paths of properties that were cut off.
    pub(super) cut: Vec<String>,
}

/// Gives an object the shape that the catalogue documents.
pub(super) fn read(object: &mut Map<String, Json>, record: &Record) -> Reading {
    let mut reading = Reading::default();
    reading.record(object, record, "");
    reading
}

impl Reading {
    fn record(&mut self, object: &mut Map<String, Json>, record: &Record, path: &str) {
        self.lift(object);
        for field in &record.fields {
            if !matches!(field.origin, Origin::Property { .. }) {
                continue;
            }
            self.spell(object, &field.name);
            if let Some(value) = object.get_mut(&field.name) {
                self.value(value, &field.ty, &format!("{path}{}", field.name));
            }
        }
    }

    /// Puts what the SDK's classes do not know beside the rest.
    fn lift(&mut self, object: &mut Map<String, Json>) {
        if !matches!(object.get(ADDITIONAL), Some(Json::Object(_))) {
            return;
        }
        if let Some(Json::Object(additional)) = object.shift_remove(ADDITIONAL) {
            self.changed = true;
            for (name, value) in additional {
                object.entry(name).or_insert(value);
            }
        }
    }

    /// Gives a property the vendor's spelling.
    fn spell(&mut self, object: &mut Map<String, Json>, name: &str) {
        if object.contains_key(name) {
            return;
        }
        let other = object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
        if let Some(value) = other.and_then(|other| object.shift_remove(&other)) {
            self.changed = true;
            object.insert(name.to_owned(), value);
        }
    }

    fn value(&mut self, value: &mut Json, ty: &FieldType, path: &str) {
        match ty {
            FieldType::List(element) => self.list(value, element, path),
            FieldType::Record(record) => match value {
                Json::Object(object) if is_unset(object) => self.replace(value, Json::Null),
                Json::Object(object) => self.record(object, record.info(), &format!("{path}.")),
                Json::String(_) => self.cut.push(path.to_owned()),
                _ => {}
            },
            FieldType::Map if value.is_string() => self.cut.push(path.to_owned()),
            FieldType::Timestamp => {
                if let Some(time) = time(value) {
                    self.replace(value, Json::String(time));
                }
            }
            _ => {}
        }
    }

    fn list(&mut self, value: &mut Json, element: &FieldType, path: &str) {
        if let Some(items) = counted(value) {
            self.replace(value, items);
        }
        let nested = matches!(element, FieldType::Record(_) | FieldType::Map | FieldType::List(_));
        let single = match value {
            Json::Object(_) => nested,
            // Texts that were cut off stand in one, with spaces between them; none of them is an empty one.
            Json::String(text) => !nested && !text.is_empty() && !is_printed(text),
            Json::Bool(_) | Json::Number(_) => !nested,
            _ => false,
        };
        if single {
            let item = value.take();
            self.replace(value, Json::Array(vec![item]));
        }
        match value {
            Json::Array(items) => {
                for item in items {
                    self.value(item, element, path);
                }
            }
            Json::String(_) => self.cut.push(path.to_owned()),
            _ => {}
        }
    }

    fn replace(&mut self, value: &mut Json, with: Json) {
        *value = with;
        self.changed = true;
    }
}

/// Whether this is an object of the SDK of which nothing was set, where the vendor sent none.
fn is_unset(object: &Map<String, Json>) -> bool {
    let is_sdk = |name: &String| name.starts_with(|first: char| first.is_ascii_uppercase());
    let is_nothing = |value: &Json| match value {
        Json::Null => true,
        Json::Object(object) => is_unset(object) || object.is_empty(),
        _ => false,
    };
    !object.is_empty() && object.keys().all(is_sdk) && object.values().all(is_nothing)
}

/// The list in `{"value": […], "Count": n}`, as 5.1 writes some.
fn counted(value: &mut Json) -> Option<Json> {
    let object = value.as_object_mut()?;
    let is_counted = object.len() == 2 && object.contains_key("Count") && object.get("value")?.is_array();
    is_counted.then(|| object.get_mut("value").map(Json::take)).flatten()
}

/// Whether a text is what .NET prints for an object or for several.
fn is_printed(text: &str) -> bool {
    text.contains(char::is_whitespace) || text.starts_with("@{") || text.starts_with("System.")
}

/// A time of 5.1 as the vendor writes it; none when it is not of this form.
fn time(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text,
        // A time that was given properties of its own.
        Json::Object(object) => object.get("value")?.as_str()?,
        _ => return None,
    };
    let inner = text.trim_matches('/').strip_prefix("Date(")?.strip_suffix(')')?;
    // An offset says where it was written, not when.
    let end = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let milliseconds = inner.get(..end.map_or(inner.len(), |(at, _)| at))?.parse().ok()?;
    let time = jiff::Timestamp::from_millisecond(milliseconds).ok()?;
    Some(time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::catalog;
    use serde_json::json;

    fn read_back(resource: &str, mut object: Json) -> (Json, Reading) {
        let record = catalog().resource(resource).unwrap().record.info();
        let reading = read(object.as_object_mut().unwrap(), record);
        (object, reading)
    }

    #[test]
    fn what_the_vendor_sent_is_left_alone() {
        let object = json!({"id": "1", "displayName": "System.Object[]", "licenseAssignmentStates": [],
            "createdDateTime": "2026-01-02T03:04:05Z", "whatever": {"AdditionalProperties": 1}});
        let (after, reading) = read_back("entra.user", object.clone());
        assert_eq!((after, reading), (object, Reading::default()));
    }

    #[test]
    fn lists_of_one_capitals_and_dates_are_read_back() {
        let (after, reading) = read_back(
            "entra.user",
            json!({
                "Id": "1",
                "LicenseAssignmentStates": {"SkuId": "s", "State": "Active", "DisabledPlans": "p"},
                "CreatedDateTime": "/Date(1705651200000)/",
                "AdditionalProperties": {"displayName": "Ann"},
            }),
        );
        assert!(reading.changed && reading.cut.is_empty());
        assert_eq!(after["id"], "1");
        assert_eq!(after["displayName"], "Ann");
        assert_eq!(after["licenseAssignmentStates"][0]["skuId"], "s");
        assert_eq!(after["licenseAssignmentStates"][0]["disabledPlans"], json!(["p"]));
        assert_eq!(after["createdDateTime"], "2024-01-19T08:00:00Z");
    }

    #[test]
    fn every_form_of_a_date_is_the_same_moment() {
        for text in [
            "/Date(1705651200000)/",
            "Date(1705651200000)",
            "/Date(1705651200000+0900)/",
        ] {
            assert_eq!(time(&json!(text)).unwrap(), "2024-01-19T08:00:00Z");
            assert_eq!(
                time(&json!({"value": text, "DateTime": "Friday"})).unwrap(),
                "2024-01-19T08:00:00Z"
            );
        }
        assert_eq!(time(&json!("/Date(-1000)/")).unwrap(), "1969-12-31T23:59:59Z");
        for text in [
            "/Date()/",
            "/Date(1e9)/",
            "/Date(999999999999999999)/",
            "2024-01-19",
            "Date",
        ] {
            assert_eq!(time(&json!(text)), None);
        }
    }

    #[test]
    fn what_was_cut_off_is_named_and_no_data() {
        let (after, reading) = read_back(
            "entra.conditional_access_policy",
            json!({"id": "1", "conditions": {
                "users": "@{includeUsers=System.Object[]; excludeUsers=}",
                "clientAppTypes": "all browser",
                "applications": {"includeApplications": "", "excludeApplications": "System.Object[]"},
            }, "grantControls": {"builtInControls": "mfa"}}),
        );
        let cut: Vec<&str> = reading.cut.iter().map(String::as_str).collect();
        for path in [
            "conditions.users",
            "conditions.clientAppTypes",
            "conditions.applications.includeApplications",
            "conditions.applications.excludeApplications",
        ] {
            assert!(cut.contains(&path), "{path} in {cut:?}");
        }
        assert_eq!(cut.len(), 4);
        // One text without spaces is a list of one, however it came about.
        assert_eq!(after["grantControls"]["builtInControls"], json!(["mfa"]));
        assert!(after["conditions"]["users"].is_string());
    }

    #[test]
    fn an_object_of_the_sdk_with_nothing_in_it_is_none() {
        let unset = json!({"AuthenticationStrength": {"Id": null, "Inner": {"A": null}}, "BuiltInControls": ["mfa"]});
        let (after, _) = read_back(
            "entra.conditional_access_policy",
            json!({"Id": "1", "GrantControls": unset}),
        );
        assert_eq!(after["grantControls"]["authenticationStrength"], Json::Null);
        assert_eq!(after["grantControls"]["builtInControls"], json!(["mfa"]));
    }

    #[test]
    fn counted_lists_are_lists() {
        let (after, _) = read_back(
            "entra.user",
            json!({"id": "1", "licenseAssignmentStates": {"value": [{"skuId": "s"}], "Count": 1}}),
        );
        assert_eq!(after["licenseAssignmentStates"], json!([{"skuId": "s"}]));
    }
}
