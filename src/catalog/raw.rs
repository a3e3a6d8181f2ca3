//! The catalogue's files as they are written: YAML into structs, nothing resolved.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::types::{EmptyOn, Estimate, LimitUnit, Paging, Population, SourceName};
use crate::diagnostic::{Diagnostics, Source};
use crate::document::Document;

/// What went wrong, for the programmer: the catalogue is part of the program.
pub(super) type Loaded<T> = Result<T, String>;

/// A file with its name.
macro_rules! named {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!($name))),*] };
}

/// Resource types, one file a subject. Their order is that of every list of resource types.
const FILES: &[(&str, &str)] = named![
    "okta/org.yaml",
    "okta/users.yaml",
    "okta/groups.yaml",
    "okta/apps.yaml",
    "okta/schemas.yaml",
    "okta/policies.yaml",
    "okta/authenticators.yaml",
    "okta/administrators.yaml",
    "okta/network.yaml",
    "okta/integrations.yaml",
    "okta/brands.yaml",
    "okta/logs.yaml",
    "entra/tenant.yaml",
    "entra/users.yaml",
    "entra/groups.yaml",
    "entra/licences.yaml",
    "entra/commerce.yaml",
    "entra/roles.yaml",
    "entra/privileges.yaml",
    "entra/conditional_access.yaml",
    "entra/policies.yaml",
    "entra/applications.yaml",
    "entra/activity.yaml",
    "entra/objects.yaml",
];

/// How often may be asked.
const BUCKETS: (&str, &str) = ("buckets.yaml", include_str!("buckets.yaml"));

/// Reads every file of resource types.
pub(super) fn files() -> Loaded<Vec<RawFile>> {
    FILES.iter().map(|(name, text)| file(name, text)).collect()
}

/// Reads the rate limits.
pub(super) fn buckets() -> Loaded<Vec<RawBucket>> {
    let (name, text) = BUCKETS;
    let file: RawBuckets = file(name, text)?;
    Ok(file.buckets)
}

fn file<T: for<'de> Deserialize<'de>>(name: &str, text: &str) -> Loaded<T> {
    let mut sink = Diagnostics::new();
    let document = Document::parse(Source::new(name, text), &mut sink);
    let document = document.ok_or_else(|| sink.iter().map(|d| d.render(false)).collect::<String>())?;
    decode(name, &document.root.to_json())
}

/// A part of a file; the error names whose it is.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(whose: &str, json: &Json) -> Loaded<T> {
    T::deserialize(json).map_err(|error| format!("{whose}: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) source: SourceName,
    pub(super) absent: Option<String>,
    pub(super) resources: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResource {
    pub(super) plural: Option<String>,
    pub(super) about: String,
    pub(super) population: Population,
    pub(super) call: Option<RawCall>,
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) permission: String,
    #[serde(default)]
    pub(super) clouds: Vec<String>,
    pub(super) licence: Option<String>,
    pub(super) estimate: Option<Estimate>,
    pub(super) key: Vec<String>,
    pub(super) label: Option<String>,
    pub(super) fields: Map<String, Json>,
    #[serde(default)]
    pub(super) links: Map<String, Json>,
    #[serde(default)]
    pub(super) derived: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCall {
    pub(super) path: String,
    pub(super) version: Option<String>,
    pub(super) paging: Paging,
    #[serde(default)]
    pub(super) page_size: Map<String, Json>,
    #[serde(default)]
    pub(super) query: Map<String, Json>,
    #[serde(default)]
    pub(super) select: bool,
    #[serde(default)]
    pub(super) import_only: bool,
    pub(super) list: Option<String>,
    pub(super) cost: Option<u32>,
    pub(super) per: Option<RawPer>,
    #[serde(default)]
    pub(super) empty_on: Vec<EmptyOn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPer {
    pub(super) r#type: String,
    pub(super) parameter: String,
    pub(super) key: String,
    pub(super) r#where: Option<String>,
    pub(super) asked: Option<Estimate>,
}

/// A field as written. `absent` is a value of its own: `null` in the file is not "left out".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub(super) r#type: Option<String>,
    #[serde(default)]
    pub(super) values: Vec<String>,
    #[serde(default)]
    pub(super) closed: bool,
    #[serde(default, deserialize_with = "present")]
    pub(super) absent: Option<Json>,
    #[serde(default)]
    pub(super) personal: bool,
    pub(super) about: String,
    pub(super) fields: Option<Map<String, Json>>,
    pub(super) list: Option<Map<String, Json>>,
    pub(super) r#as: Option<String>,
    #[serde(default)]
    pub(super) links: Map<String, Json>,
    #[serde(default)]
    pub(super) derived: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLink {
    pub(super) to: String,
    pub(super) on: Vec<RawKey>,
    pub(super) r#match: Option<String>,
    #[serde(default)]
    pub(super) always: bool,
    pub(super) about: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKey {
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDerived {
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) values: Vec<String>,
    #[serde(default)]
    pub(super) closed: bool,
    pub(super) cel: String,
    pub(super) otherwise: Option<String>,
    pub(super) about: String,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBuckets {
    buckets: Vec<RawBucket>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBucket {
    pub(super) name: String,
    pub(super) source: SourceName,
    pub(super) paths: Vec<String>,
    pub(super) limit: u32,
    pub(super) unit: LimitUnit,
    pub(super) seconds: u32,
    pub(super) from: String,
}
