//! Values from and to JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;
use serde_json::{Map as JsonMap, Number, Value as Json};

use super::records::Records;
use super::types::Type;
use super::value::{List, Map, Value, type_name};

/// A JSON value as an expression sees it: whole numbers are ints, other numbers doubles.
pub fn from_json<'r>(json: &Json, arena: &'r Bump) -> Value<'r> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => from_number(number),
        Json::String(text) => Value::text(text, arena),
        Json::Array(items) => {
            let values: Vec<Value<'r>> = items.iter().map(|item| from_json(item, arena)).collect();
            Value::List(arena.alloc(List::whole(arena.alloc_slice_copy(&values))))
        }
        Json::Object(map) => {
            let entries: Vec<(Value<'r>, Value<'r>)> = map
                .iter()
                .map(|(key, value)| (Value::text(key, arena), from_json(value, arena)))
                .collect();
            Value::Map(arena.alloc(Map {
                entries: arena.alloc_slice_copy(&entries),
            }))
        }
    }
}

fn from_number<'r>(number: &Number) -> Value<'r> {
    match (number.as_i64(), number.as_u64()) {
        (Some(int), _) => Value::Int(int),
        (None, Some(uint)) => Value::Uint(uint),
        (None, None) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// The static type of a JSON value used as a variable.
pub fn type_of_json(json: &Json) -> Type {
    match json {
        Json::Null => Type::Dyn,
        Json::Bool(_) => Type::Bool,
        Json::Number(number) if number.is_i64() => Type::Int,
        Json::Number(number) if number.is_u64() => Type::Uint,
        Json::Number(_) => Type::Double,
        Json::String(_) => Type::String,
        Json::Array(items) => {
            let mut types = items.iter().map(type_of_json);
            let first = types.next().unwrap_or(Type::Dyn);
            Type::list(if types.all(|ty| ty == first) { first } else { Type::Dyn })
        }
        Json::Object(_) => Type::map(Type::String, Type::Dyn),
    }
}

/// A value as JSON: bytes in base64, times as CEL prints them, an optional as its content or null, a record as those of
/// its properties that were read; an unknown as `{"unknown": […]}`.
pub fn to_json(value: Value<'_>, records: &dyn Records) -> Json {
    match value {
        Value::Null | Value::Optional(None) => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Uint(value) => value.into(),
        Value::Double(value) => double(value),
        Value::String(text) => text.into(),
        Value::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Value::Timestamp(at) => at.to_string().into(),
        Value::Duration(length) => length.to_string().into(),
        Value::List(list) => match list.open {
            None if list.maybe.iter().all(Option::is_none) => list.iter().map(|item| to_json(item, records)).collect(),
            _ => partial(list, records),
        },
        Value::Map(map) => map
            .entries
            .iter()
            .map(|(key, value)| (key_text(*key), to_json(*value, records)))
            .collect(),
        Value::Optional(Some(inner)) => to_json(*inner, records),
        Value::Type(ty) => type_name(ty).into(),
        Value::Record(record) => record_json(record, records),
        Value::Interval(interval) => unknown(interval.why.origins, records),
        Value::Unknown(why) => unknown(why.origins, records),
        Value::Error(message) => JsonMap::from_iter([("error".to_owned(), Json::from(message))]).into(),
    }
}

/// A list of which the end or the membership of some items is not known.
fn partial(list: &List<'_>, records: &dyn Records) -> Json {
    let mut known = Vec::new();
    let mut origins = Vec::new();
    for (at, item) in list.iter().enumerate() {
        match list.maybe(at) {
            None => known.push(to_json(item, records)),
            Some(why) => origins.extend_from_slice(why.origins),
        }
    }
    origins.extend(list.open.iter().flat_map(|why| why.origins));
    let mut json = unknown(&origins, records);
    if let Some(map) = json.as_object_mut() {
        map.insert("known".to_owned(), known.into());
    }
    json
}

fn unknown(origins: &[u32], records: &dyn Records) -> Json {
    let mut ids = origins.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let list: Vec<Json> = ids
        .iter()
        .filter_map(|id| serde_json::to_value(records.origin(*id)?).ok())
        .collect();
    JsonMap::from_iter([("unknown".to_owned(), Json::from(list))]).into()
}

fn double(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => number.into(),
        None if value.is_nan() => "NaN".into(),
        None => if value > 0.0 { "Infinity" } else { "-Infinity" }.into(),
    }
}

fn key_text(key: Value<'_>) -> String {
    match key {
        Value::String(text) => text.to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        _ => String::new(),
    }
}

/// The properties of a record that were read; links and derived fields would lead on without end.
fn record_json(record: super::value::RecordRef, records: &dyn Records) -> Json {
    use crate::catalog::Origin;
    let arena = Bump::new();
    let mut map = JsonMap::new();
    for (at, field) in record.ty.info().fields.iter().enumerate() {
        if matches!(field.origin, Origin::Property { .. } | Origin::Parent) {
            let id = u16::try_from(at).unwrap_or(u16::MAX);
            let value = records.field(record, id, &arena);
            if !matches!(value, Value::Unknown(_) | Value::Error(_)) {
                map.insert(field.name.clone(), to_json(value, records));
            }
        }
    }
    map.into()
}
