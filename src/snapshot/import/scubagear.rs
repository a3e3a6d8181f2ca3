//! `ProviderSettingsExport.json` of CISA's ScubaGear, alone or as `Raw` in its `ScubaResults.json`.
//!
//! It holds the settings that its own baseline needs, and nothing else. What stands under which key is data, in
//! `scubagear.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::folder::ExportFile;
use super::intake::{Doubt, Intake, Provenance, nameless};
use super::{About, ImportError, is_tenant_id, json, layout};
use crate::catalog::{Call, Resource, catalog};
use crate::diagnostic::Diagnostic;

const LAYOUT: &str = include_str!("scubagear.yaml");
/// Some commands read one page only; this is the shortest that Graph sends.
const PAGE: usize = 100;
const SUCCESSFUL: &str = "aad_successful_commands";
const UNSUCCESSFUL: &str = "aad_unsuccessful_commands";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    keys: BTreeMap<String, Key>,
}

/// What stands under a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "type")]
    resource: String,
    version: String,
    commands: Vec<String>,
    at: Option<String>,
    fields: Option<BTreeSet<String>>,
    methods: Option<Methods>,
}

/// A policy whose methods are written apart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Methods {
    policy: String,
    list: String,
    into: String,
}

/// Reads the file.
pub(super) fn read(place: &Path, intake: &mut Intake<'_>) -> Result<About, ImportError> {
    let layout: Layout = layout::read("scubagear.yaml", LAYOUT)?;
    let file = ExportFile::required(place)?;
    let whole = json::object(&file.text).map_err(|reason| file.mistake(&reason))?;
    let export = match whole.get("Raw") {
        Some(Json::Object(raw)) => raw,
        _ => &whole,
    };
    if !export.contains_key(SUCCESSFUL) {
        return Err(not_of_entra(&file).into());
    }
    let mut about = About {
        made: export
            .get("timestamp_zulu")
            .and_then(|time| time.as_str()?.parse().ok()),
        ..About::default()
    };
    intake.saw(&file);
    for (name, key) in &layout.keys {
        let Some((resource, call)) = key.known() else { continue };
        match key.objects(name, export) {
            Ok(objects) => key.add(resource, call, name, objects, &file, intake)?,
            Err(reason) => {
                about.missing.insert(&resource.name, reason);
            }
        }
    }
    about.tenant = tenant(export);
    Ok(about)
}

fn not_of_entra(file: &ExportFile) -> Diagnostic {
    file.mistake(&format!(
        "it has no `{SUCCESSFUL}`, so it is no settings export, or one without Entra ID"
    ))
    .help("name the `ProviderSettingsExport.json` of a run of `Invoke-SCuBA -ProductNames aad`")
}

/// Id of the tenant.
fn tenant(export: &Map<String, Json>) -> Option<String> {
    let details = listed(export.get("tenant_details")?);
    let id = details.first()?.get("TenantId")?.as_str()?;
    is_tenant_id(id).then(|| id.to_owned())
}

/// The elements of a list; PowerShell writes a list of one as its element.
fn listed(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

impl Key {
    fn known(&self) -> Option<(&'static Resource, &'static Call)> {
        let resource = catalog().resource(&self.resource)?;
        Some((resource, resource.supply.call()?))
    }

    /// The objects under the key; the error says why they prove nothing.
    fn objects(&self, name: &str, export: &Map<String, Json>) -> Result<Vec<Map<String, Json>>, String> {
        let value = export.get(name).ok_or_else(|| format!("the export has no `{name}`"))?;
        let ran = |list: &str| {
            let commands = export.get(list).map(listed).unwrap_or_default();
            let mut names = commands.iter().filter_map(|command| command.as_str());
            names.any(|command| self.commands.iter().any(|known| known.eq_ignore_ascii_case(command)))
        };
        if !self.commands.is_empty() && (!ran(SUCCESSFUL) || ran(UNSUCCESSFUL)) {
            let command = self.commands.first().map_or("", String::as_str);
            return Err(format!(
                "ScubaGear could not read it: {command} is not among `{SUCCESSFUL}`"
            ));
        }
        let objects: Option<Vec<_>> = listed(value).into_iter().map(|item| self.object(item)).collect();
        objects.ok_or_else(|| format!("`{name}` holds something other than objects"))
    }

    /// One object, as the vendor sent it.
    fn object(&self, item: &Json) -> Option<Map<String, Json>> {
        let item = match &self.at {
            Some(at) => item.get(at)?,
            None => item,
        };
        let mut object = match &self.methods {
            Some(methods) => {
                let mut policy = item.get(&methods.policy)?.as_object()?.clone();
                policy.insert(methods.into.clone(), item.get(&methods.list)?.clone());
                policy
            }
            None => item.as_object()?.clone(),
        };
        // What the SDK was not sent is null in its objects, as what is null is.
        let is_sdk = object.contains_key("Id") || self.fields.is_some();
        object.retain(|_, value| !(is_sdk && value.is_null()));
        Some(object)
    }

    fn add(
        &self,
        resource: &'static Resource,
        call: &'static Call,
        name: &str,
        objects: Vec<Map<String, Json>>,
        file: &ExportFile,
        intake: &mut Intake<'_>,
    ) -> Result<(), ImportError> {
        let provenance = Provenance {
            endpoint: format!("import scubagear {name}"),
            api_version: self.version.clone(),
        };
        let Some(incoming) = intake.of(resource, call, &provenance)? else {
            return Ok(());
        };
        incoming.page(None);
        if let Some(fields) = &self.fields {
            incoming.asked_only(fields.clone());
        }
        if objects.len() >= PAGE {
            incoming.doubt(
                None,
                Doubt::Unproven(format!(
                    "ScubaGear may have read the first page only; if there are no more, say so with `--whole {}`",
                    resource.name
                )),
            );
        }
        for object in objects {
            let is_asked = |name: &&str| self.fields.as_ref().is_none_or(|fields| fields.contains(*name));
            match incoming.lacks(&object).filter(is_asked) {
                None => incoming.take(None, object, None, file)?,
                Some(lacks) => incoming.doubt(None, Doubt::Certain(nameless(&file.shown, lacks))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_names_types_and_fields_that_exist() {
        let layout: Layout = layout::read("scubagear.yaml", LAYOUT).unwrap();
        for (name, key) in &layout.keys {
            let (resource, _) = key.known().unwrap_or_else(|| panic!("{name} is of no type"));
            let info = resource.record.info();
            for field in key.fields.iter().flatten() {
                assert!(info.field(field).is_some(), "{} has no {field}", resource.name);
            }
        }
    }
}
