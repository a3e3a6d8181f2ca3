//! Examples: small snapshots with the outcome a policy must have on them.

use serde_json::Value as Json;

use crate::catalog::{FieldType, Origin, Record, RecordType, Resource, catalog};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::document::{Document, Node, Value};
use crate::expr::Cause;
use crate::expr::time::Timestamp;
use crate::snapshot::Status;

/// A test of a policy.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// The snapshot.
    pub given: Given,
    /// The present.
    pub now: Timestamp,
    /// Key of the judged resource; none when there is only one.
    pub on: Option<String>,
    /// What must come out.
    pub expect: Expectation,
    /// Where it stands in the file.
    pub span: std::ops::Range<usize>,
}

/// An object with the key of its parent, if its type has one.
pub(crate) type GivenObject = (Option<String>, Json);

/// A small snapshot. Types that are not named are complete and empty.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Objects as the API gives them, with their parents' keys, by resource type.
    pub objects: Vec<(String, Vec<GivenObject>)>,
    /// Types that were not read whole.
    pub status: Vec<(String, Status)>,
}

/// What must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It cannot be told, for this cause if one is named.
    Unknown(Option<Cause>),
    /// Out of scope.
    NotApplicable,
}

/// The present in examples that do not name one.
fn default_now() -> Timestamp {
    Timestamp::parse("2026-11-01T00:00:00Z").unwrap_or_default()
}

/// Reads the examples of a policy; mistakes go to the sink.
pub(super) fn read(document: &Document, list: &Node, sink: &mut Diagnostics) -> Vec<Example> {
    list.items().iter().map(|node| example(document, node, sink)).collect()
}

fn example(document: &Document, node: &Node, sink: &mut Diagnostics) -> Example {
    let text = |name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
    let now = match node.get("now").and_then(|now| Some((now, now.as_str()?))) {
        None => default_now(),
        Some((place, text)) => Timestamp::parse(text).unwrap_or_else(|| {
            sink.push(invalid(document, place, "not an RFC 3339 time"));
            default_now()
        }),
    };
    let given = node
        .get("given")
        .map(|given| read_given(document, given, sink))
        .unwrap_or_default();
    Example {
        name: text("name").unwrap_or_default(),
        given,
        now,
        on: text("on"),
        expect: expectation(node.get("expect")),
        span: node.span.clone(),
    }
}

fn invalid(document: &Document, node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::InvalidExample, message).at(&document.source, node.span.clone(), "")
}

/// The schema has checked the spelling.
fn expectation(node: Option<&Node>) -> Expectation {
    let outcome = node.and_then(|node| node.as_str().or_else(|| node.get("outcome")?.as_str()));
    let cause = node.and_then(|node| node.get("cause")?.as_str()).and_then(Cause::parse);
    match outcome {
        Some("pass") => Expectation::Pass,
        Some("fail") => Expectation::Fail,
        Some("unknown") => Expectation::Unknown(cause),
        _ => Expectation::NotApplicable,
    }
}

fn read_given(document: &Document, node: &Node, sink: &mut Diagnostics) -> Given {
    let mut given = Given::default();
    for (key, value) in node.entries() {
        if key.name == "status" {
            given.status = statuses(document, value, sink);
            continue;
        }
        let Some(resource) = find(document, &key.name, &key.span, sink) else {
            continue;
        };
        if !matches!(value.value, Value::Sequence(_)) {
            sink.push(invalid(document, value, format!("`{}` is a list of objects", key.name)));
            continue;
        }
        for item in value.items() {
            let (_, object) = line(item);
            check_object(document, resource.record.info(), object, sink);
        }
        given.objects.push((
            key.name.clone(),
            value
                .items()
                .iter()
                .map(|item| {
                    let (parent, object) = line(item);
                    (parent, object.to_json())
                })
                .collect(),
        ));
    }
    only_parents(&mut given);
    given
}

/// `{parent: …, object: …}`, or the object alone.
fn line(item: &Node) -> (Option<String>, &Node) {
    match (item.get("parent").and_then(Node::as_str), item.get("object")) {
        (Some(parent), Some(object)) if item.entries().len() == 2 => (Some(parent.to_owned()), object),
        _ => (None, item),
    }
}

/// Where there is one parent, it need not be named.
fn only_parents(given: &mut Given) {
    let keys: Vec<(String, Option<String>)> = given
        .objects
        .iter()
        .map(|(name, _)| {
            let parent = catalog()
                .resource(name)
                .and_then(|resource| resource.supply.call()?.per.as_ref());
            let only = parent.and_then(|per| {
                let (_, parents) = given.objects.iter().find(|(known, _)| known == per.parent.name())?;
                match parents.as_slice() {
                    [(under, only)] => per.key_of(under.as_deref(), only),
                    _ => None,
                }
            });
            (name.clone(), only)
        })
        .collect();
    for ((_, objects), (_, only)) in given.objects.iter_mut().zip(keys) {
        for (parent, _) in objects.iter_mut().filter(|(parent, _)| parent.is_none()) {
            parent.clone_from(&only);
        }
    }
}

fn find(
    document: &Document,
    name: &str,
    span: &std::ops::Range<usize>,
    sink: &mut Diagnostics,
) -> Option<&'static Resource> {
    let found = catalog().resource(name);
    if found.is_none() {
        sink.push(
            Diagnostic::error(Code::UnknownResource, format!("there is no resource type `{name}`"))
                .at(&document.source, span.clone(), "")
                .suggest(name, catalog().names()),
        );
    }
    found
}

fn statuses(document: &Document, node: &Node, sink: &mut Diagnostics) -> Vec<(String, Status)> {
    let mut out = Vec::new();
    for (key, value) in node.entries() {
        find(document, &key.name, &key.span, sink);
        match value.as_str().and_then(Status::parse) {
            Some(status) => out.push((key.name.clone(), status)),
            None => sink.push(invalid(
                document,
                value,
                "not a status of the manifest, such as `denied`",
            )),
        }
    }
    out
}

/// Finds properties of another type than documented, and misspelt ones. Real objects have more properties than the
/// catalogue, so an unknown one is only a mistake when it is nearly a known one.
fn check_object(document: &Document, record: &Record, object: &Node, sink: &mut Diagnostics) {
    if !matches!(object.value, Value::Mapping(_)) {
        sink.push(invalid(document, object, format!("{} is an object", record.name)));
        return;
    }
    for (key, value) in object.entries() {
        match record.field(&key.name).map(|(_, field)| field) {
            Some(field) if matches!(field.origin, Origin::Property { .. }) => {
                check_value(
                    document,
                    &field.ty,
                    &format!("{}.{}", record.name, field.name),
                    value,
                    sink,
                );
            }
            Some(_) => {
                let message = format!("`{}` is worked out by this program, the API does not give it", key.name);
                sink.push(Diagnostic::error(Code::InvalidExample, message).at(&document.source, key.span.clone(), ""));
            }
            None => {
                let known = record.fields.iter().map(|field| field.name.as_str());
                if let Some(near) = nearest(&key.name, known) {
                    let message = format!("{} has no property `{}`", record.name, key.name);
                    sink.push(
                        Diagnostic::error(Code::UnknownField, message)
                            .at(&document.source, key.span.clone(), "")
                            .help(format!("did you mean `{near}`?")),
                    );
                }
            }
        }
    }
}

fn check_value(document: &Document, ty: &FieldType, whose: &str, value: &Node, sink: &mut Diagnostics) {
    let fits = match (ty, &value.value) {
        (_, Value::Null) => true,
        (FieldType::Bool, found) => matches!(found, Value::Bool(_)),
        (FieldType::Int, found) => matches!(found, Value::Int(_)),
        (FieldType::Double, found) => matches!(found, Value::Int(_) | Value::Float(_)),
        (FieldType::String | FieldType::Enum { .. }, found) => matches!(found, Value::String(_)),
        (FieldType::Timestamp, Value::String(text)) => Timestamp::parse(text).is_some(),
        (FieldType::Timestamp, _) => false,
        (FieldType::Map, found) => matches!(found, Value::Mapping(_)),
        (FieldType::Record(record), Value::Mapping(_)) => {
            check_object(document, nested(*record), value, sink);
            true
        }
        (FieldType::List(inner), Value::Sequence(items)) => {
            items
                .iter()
                .for_each(|item| check_value(document, inner, whose, item, sink));
            true
        }
        (FieldType::Record(_) | FieldType::List(_), _) => false,
    };
    if !fits {
        sink.push(invalid(document, value, format!("`{whose}` is not of this type")));
    }
}

fn nested(record: RecordType) -> &'static Record {
    record.info()
}
