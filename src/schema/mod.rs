//! JSON Schema: compiling our published schemas and saying in plain words what violates them.

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value as Json;

use crate::catalog::catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::document::{Document, Node};

/// A published schema, ready to check documents.
pub struct Schema {
    json: Json,
    validator: Validator,
}

impl Schema {
    /// Compiles a schema. Remote references are never followed.
    ///
    /// # Errors
    /// The schema's own fault, as text.
    pub fn new(json: Json) -> Result<Self, String> {
        let validator = jsonschema::options().build(&json).map_err(|error| error.to_string())?;
        Ok(Self { json, validator })
    }

    /// The schema as published.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// Checks a document; each violation goes to the sink at its place.
    pub fn check(&self, document: &Document, sink: &mut Diagnostics) {
        let instance = document.root.to_json();
        sink.extend(
            self.validator
                .iter_errors(&instance)
                .flat_map(|error| self.violations(document, &error)),
        );
    }

    /// Checks a JSON value that has no source text; gives the first violation.
    pub fn check_json(&self, instance: &Json) -> Option<String> {
        self.validator
            .iter_errors(instance)
            .next()
            .map(|error| format!("at `{}`: {error}", error.instance_path()))
    }

    /// The diagnostics for one violation: one for each unknown key.
    fn violations(&self, document: &Document, error: &ValidationError<'_>) -> Vec<Diagnostic> {
        let pointer = error.instance_path().to_string();
        let node = document.root.pointer(&pointer).unwrap_or(&document.root);
        let whose = match pointer.trim_start_matches('/') {
            "" => String::new(),
            path => format!(" in `{}`", printable(path)),
        };
        let place =
            |code: Code, message: String| Diagnostic::error(code, message).at(&document.source, node.span.clone(), "");
        let one = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.known_keys(error);
                let unknown = |name: &String| {
                    let span = node.key(name).map_or_else(|| node.span.clone(), |key| key.span.clone());
                    let message = format!("unknown key `{}`{whose}", printable(name));
                    Diagnostic::error(Code::UnknownKey, message)
                        .at(&document.source, span, "not a key here")
                        .suggest(name, known.iter().map(String::as_str))
                };
                return unexpected.iter().map(unknown).collect();
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let start = node.span.start;
                let code = match name {
                    "en" | "ja" => Code::MissingTranslation,
                    _ => Code::MissingKey,
                };
                Diagnostic::error(code, format!("missing key `{name}`{whose}")).at(
                    &document.source,
                    start..start + 1,
                    format!("`{name}` is required here"),
                )
            }
            ValidationErrorKind::PropertyNames { error } => wrong_name(document, node, error),
            ValidationErrorKind::Enum { options } => {
                let known = names(options);
                let found = node.as_str().unwrap_or_default();
                let message = format!("`{}` is not one of {}", printable(found), listed(&known));
                place(Code::SchemaViolation, message).suggest(found, known.iter().copied())
            }
            ValidationErrorKind::Pattern { pattern } => place(
                Code::SchemaViolation,
                format!("a value{whose} does not match `{pattern}`"),
            ),
            ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. }
                if !self.alternatives(error).is_empty() =>
            {
                let message = format!("one of {} is required{whose}", listed(&self.alternatives(error)));
                place(Code::MissingKey, message)
            }
            ValidationErrorKind::Type { .. } => {
                let expected = error.to_string();
                let expected = expected.rsplit(" is not of ").next().unwrap_or_default();
                place(
                    Code::SchemaViolation,
                    format!("a value{whose} is not of {}", printable(expected)),
                )
            }
            ValidationErrorKind::MaxProperties { limit } => {
                place(Code::SchemaViolation, format!("more than {limit} keys{whose}"))
            }
            _ => place(
                Code::SchemaViolation,
                printable(&error.masked_with("a value").to_string()),
            ),
        };
        vec![one]
    }

    /// The keys of which one is required, where that is all that the alternatives say.
    fn alternatives(&self, error: &ValidationError<'_>) -> Vec<&str> {
        let schema = self.json.pointer(&error.schema_path().to_string());
        let list = schema.and_then(Json::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|alternative| alternative.pointer("/required/0")?.as_str())
            .collect()
    }

    /// Keys that the schema allows where an unknown one was found, for "did you mean".
    fn known_keys(&self, error: &ValidationError<'_>) -> Vec<String> {
        let path = error.schema_path().to_string();
        let mut here = Some(&self.json);
        for step in path.split('/').skip(1) {
            if step == "additionalProperties" {
                break;
            }
            let next = here.and_then(|schema| match schema {
                Json::Array(items) => items.get(step.parse::<usize>().ok()?),
                _ => schema.get(step),
            });
            here = match (step, next.and_then(Json::as_str)) {
                ("$ref", Some(reference)) => self.json.pointer(reference.trim_start_matches('#')),
                _ => next,
            };
        }
        let properties = here
            .and_then(|schema| schema.get("properties"))
            .and_then(Json::as_object);
        properties.into_iter().flat_map(|map| map.keys().cloned()).collect()
    }
}

/// A key that may not be called so.
fn wrong_name(document: &Document, node: &Node, error: &ValidationError<'_>) -> Diagnostic {
    let instance = error.instance();
    let name = instance.as_str().unwrap_or_default();
    let span = node.key(name).map_or_else(|| node.span.clone(), |key| key.span.clone());
    let known = match error.kind() {
        ValidationErrorKind::Enum { options } => names(options),
        _ => Vec::new(),
    };
    let message = match error.kind() {
        ValidationErrorKind::Enum { .. } => format!("`{}` is not one of {}", printable(name), listed(&known)),
        ValidationErrorKind::Pattern { pattern } => {
            format!("the name `{}` does not match `{pattern}`", printable(name))
        }
        _ => printable(&error.to_string()),
    };
    Diagnostic::error(Code::SchemaViolation, message)
        .at(&document.source, span, "")
        .suggest(name, known.iter().copied())
}

/// The texts of a list.
fn names(options: &Json) -> Vec<&str> {
    let list = options.as_array().into_iter().flatten();
    list.filter_map(Json::as_str).collect()
}

/// At most eight of the accepted values.
fn listed(known: &[&str]) -> String {
    let shown: Vec<String> = known.iter().take(8).map(|name| format!("`{name}`")).collect();
    let more = known.len().saturating_sub(shown.len());
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

/// A built-in schema, compiled on first use.
type BuiltIn = LazyLock<Result<Schema, String>>;

static MANIFEST: BuiltIn = LazyLock::new(|| built_in(include_str!("manifest.json"), |_| ()));
static AUDIT: BuiltIn = LazyLock::new(|| built_in(include_str!("audit.json"), |_| ()));
static CONFIG: BuiltIn = LazyLock::new(|| built_in(include_str!("config.json"), |_| ()));
static PACK: BuiltIn = LazyLock::new(|| built_in(include_str!("pack.json"), |_| ()));
static WAIVERS: BuiltIn = LazyLock::new(|| built_in(include_str!("waivers.json"), |_| ()));
static ROLLOUT: BuiltIn = LazyLock::new(|| built_in(include_str!("rollout.json"), |_| ()));
static ERROR: BuiltIn = LazyLock::new(|| built_in(include_str!("error.json"), name_roles));
static POLICY: BuiltIn = LazyLock::new(|| built_in(include_str!("policy.json"), name_resources));

fn built_in(text: &str, complete: fn(&mut Json)) -> Result<Schema, String> {
    let mut json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    complete(&mut json);
    Schema::new(json)
}

/// Puts the names of all resource types where the policy schema takes one.
fn name_resources(schema: &mut Json) {
    if let Some(Json::Array(names)) = schema.pointer_mut("/properties/resource/enum") {
        names.extend(catalog().names().map(Json::from));
    }
}

/// Puts the roles that the policy schema knows where the schema of errors takes one.
fn name_roles(schema: &mut Json) {
    const ROLES: &str = "/properties/who/items/enum";
    let known = policy().ok().and_then(|policy| policy.json().pointer(ROLES).cloned());
    if let Some((place, known)) = schema.pointer_mut(ROLES).zip(known) {
        *place = known;
    }
}

/// The schema of a snapshot's `manifest.json`.
///
/// # Errors
/// Its own fault, which a test excludes; so for the others.
pub fn manifest() -> Result<&'static Schema, String> {
    MANIFEST.as_ref().map_err(Clone::clone)
}

/// The schema of `audit.json`.
///
/// # Errors
/// Its own fault.
pub fn audit() -> Result<&'static Schema, String> {
    AUDIT.as_ref().map_err(Clone::clone)
}

/// The schema of `tenken.yaml`.
///
/// # Errors
/// Its own fault.
pub fn config() -> Result<&'static Schema, String> {
    CONFIG.as_ref().map_err(Clone::clone)
}

/// The schema of a pack's `pack.yaml`.
///
/// # Errors
/// Its own fault.
pub fn pack() -> Result<&'static Schema, String> {
    PACK.as_ref().map_err(Clone::clone)
}

/// The schema of a file of waivers.
///
/// # Errors
/// Its own fault.
pub fn waivers() -> Result<&'static Schema, String> {
    WAIVERS.as_ref().map_err(Clone::clone)
}

/// The schema of a rollout plan.
///
/// # Errors
/// Its own fault.
pub fn rollout() -> Result<&'static Schema, String> {
    ROLLOUT.as_ref().map_err(Clone::clone)
}

/// The schema of an entry of the error catalogue.
///
/// # Errors
/// Its own fault.
pub fn error() -> Result<&'static Schema, String> {
    ERROR.as_ref().map_err(Clone::clone)
}

/// The schema of a policy file, with the names of the catalogue's resource types.
///
/// # Errors
/// Its own fault.
pub fn policy() -> Result<&'static Schema, String> {
    POLICY.as_ref().map_err(Clone::clone)
}
