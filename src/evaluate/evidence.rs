//! Evidence: what decided a verdict, and how values and records are shown in findings.

use bumpalo::Bump;
use serde_json::Value as Json;

use super::findings::Reporter;
use super::judge::{bind, variables};
use super::table::Tables;
use crate::audit::{Change, Evidence, Read, RecordRead, ResourceId};
use crate::catalog::{FieldType, LinkKey, Origin as FieldOrigin, Supply};
use crate::expr::{
    Cause, Detail, Evaluator, Explained, Origin, Part, RecordRef, Records, Value, Variable, to_json, weight,
};

impl Reporter<'_> {
    /// What decided the verdict, as it is shown, and what would make it pass.
    pub(super) fn evidence(
        &self,
        row: Option<RecordRef>,
        with_changes: bool,
        arena: &Bump,
    ) -> (Vec<Evidence>, Vec<Change>) {
        let explained = self.explain(row, arena, Detail::SHOWN);
        let evidence = explained.parts.iter().map(|part| self.part(part, row)).collect();
        let wishes = if with_changes { &explained.wishes[..] } else { &[] };
        (evidence, self.trials.changes(wishes, row, arena))
    }

    /// What decided the verdict: what leaves the scope or a requirement unknown, else the assertion.
    pub(super) fn explain<'r>(&'r self, row: Option<RecordRef>, arena: &'r Bump, detail: Detail) -> Explained<'r> {
        let evaluator = Evaluator::new(self.tables, arena);
        let variables = bind(self.policy, &evaluator, &variables(row, self.tables), arena);
        let scopes = self.policy.scope.iter().map(|scope| &scope.plan);
        let required = self.gate.doubt().and_then(|(requirement, _)| requirement.plan.as_ref());
        let mut before = self.policy.when.iter().chain(scopes).chain(required);
        let undecided = before.find(|plan| !matches!(evaluator.plan(plan, variables), Value::Bool(true)));
        let plan = undecided.unwrap_or(&self.policy.assert);
        let names = [row.map_or("tenant", |row| row.ty.info().variable.as_str()), "now"];
        let own = names.into_iter().map(|name| Variable { name, plan: None });
        let lets = self.policy.lets.iter().map(|value| Variable {
            name: &value.name,
            plan: Some(&value.plan),
        });
        evaluator.explain(plan, own.chain(lets).collect(), variables, detail)
    }

    fn part(&self, part: &Part<'_>, judged: Option<RecordRef>) -> Evidence {
        Evidence {
            expression: part.expression.clone(),
            value: brief(part.value, self.tables, 0),
            reads: reads(&part.reads, self.tables),
            elements: reads(&part.elements, self.tables),
            records: part
                .records
                .iter()
                .filter_map(|record| self.record_read(*record, judged))
                .collect(),
            of: part.of as u64,
        }
    }

    fn record_read(&self, record: RecordRef, judged: Option<RecordRef>) -> Option<RecordRead> {
        let resource = record.ty.resource()?;
        let entry = self
            .manifest
            .resources
            .iter()
            .find(|entry| entry.resource == resource.name);
        let endpoint = match (&resource.supply, entry) {
            (Supply::Reference(name), _) => format!("built-in table {name}"),
            (_, Some(entry)) => entry.endpoint.clone(),
            (Supply::Call(call) | Supply::Import(call), None) => call.path.clone(),
        };
        Some(RecordRead {
            resource: resource_id(record, self.tables),
            endpoint,
            read_at: entry.and_then(|entry| entry.read_at),
            linked_by: judged.and_then(|judged| linked_by(judged, record, self.tables)),
        })
    }

    /// The values of the keys of an ambiguous link: what a person must look at to tell which record is meant.
    pub(super) fn link_keys(&self, origin: &Origin, row: RecordRef, arena: &Bump) -> Option<Evidence> {
        let (_, name) = origin
            .about
            .rsplit_once('.')
            .filter(|(record, _)| *record == row.ty.name())?;
        let (_, field) = row.ty.info().field(name)?;
        let FieldOrigin::Link(link) = &field.origin else {
            return None;
        };
        let read = |key: &LinkKey| {
            let value = key.from.iter().fold(Value::Record(row), |value, field| match value {
                Value::Record(record) => self.tables.field(record, *field, arena),
                other => other,
            });
            Read {
                path: format!("{}.{}", row.ty.info().variable, key.from_name),
                value: to_json(value, self.tables),
            }
        };
        (origin.cause == Cause::AmbiguousMatch).then(|| Evidence {
            expression: format!("{}.{name}", row.ty.info().variable),
            value: serde_json::json!({ "unknown": [origin] }),
            reads: link.on.iter().map(read).collect(),
            elements: Vec::new(),
            records: Vec::new(),
            of: 1,
        })
    }
}

/// Parts of a value, as [`weight`] counts them, that a finding carries; a million findings carry it a million times.
pub(super) const MAX_PARTS: usize = 1_000;
/// What stands in its place.
pub(super) const TOO_LARGE: &str = "(too large to show)";

/// Values with their paths, short enough for evidence.
pub(super) fn reads(list: &[(String, Value<'_>)], tables: &Tables) -> Vec<Read> {
    let read = |(path, value): &(String, Value<'_>)| Read {
        path: path.clone(),
        value: brief(*value, tables, 0),
    };
    list.iter().map(read).collect()
}

/// A value short enough for evidence: a record is its name, a long list its first items.
pub(super) fn brief(value: Value<'_>, tables: &Tables, depth: usize) -> Json {
    const MAX_ITEMS: usize = 10;
    const MAX_DEPTH: usize = 3;
    match value {
        Value::Record(record) if record.ty.resource().is_some() => {
            let id = resource_id(record, tables);
            Json::from(format!("{} {}", id.resource_type, id.name.unwrap_or(id.key)))
        }
        Value::List(list) if list.open.is_none() && list.len() > MAX_ITEMS && depth < MAX_DEPTH => {
            let brief = |item| brief(item, tables, depth + 1);
            let mut items: Vec<Json> = list.iter().take(MAX_ITEMS).map(brief).collect();
            items.push(Json::from(format!("… and {} more", list.len() - MAX_ITEMS)));
            items.into()
        }
        Value::List(list) if list.open.is_none() && list.maybe.is_empty() && depth < MAX_DEPTH => {
            list.iter().map(|item| brief(item, tables, depth + 1)).collect()
        }
        other if weight(other, MAX_PARTS) < MAX_PARTS => to_json(other, tables),
        _ => Json::from(TOO_LARGE),
    }
}

/// Key and name of a record.
pub fn resource_id(record: RecordRef, tables: &Tables) -> ResourceId {
    let Some(resource) = record.ty.resource() else {
        return ResourceId {
            resource_type: record.ty.name().to_owned(),
            key: record.row.to_string(),
            name: None,
        };
    };
    let arena = Bump::new();
    let parts: Vec<String> = resource
        .key
        .iter()
        .map(|field| text(tables.field(record, *field, &arena)).unwrap_or_default())
        .collect();
    let name = resource
        .label
        .iter()
        .fold(Value::Record(record), |value, field| match value {
            Value::Record(record) => tables.field(record, *field, &arena),
            other => other,
        });
    // The only one of its kind may have no id; its type says which it is.
    let key = if parts.is_empty() {
        resource.name.clone()
    } else {
        parts.join("/")
    };
    ResourceId {
        resource_type: resource.name.clone(),
        key,
        name: text(name),
    }
}

fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The key of the link that leads from one record to another.
fn linked_by(from: RecordRef, to: RecordRef, tables: &Tables) -> Option<String> {
    let arena = Bump::new();
    let info = from.ty.info();
    info.fields.iter().enumerate().find_map(|(at, field)| {
        let FieldOrigin::Link(link) = &field.origin else {
            return None;
        };
        let id = u16::try_from(at).ok()?;
        let leads_there = matches!(tables.field(from, id, &arena), Value::Record(found) if found == to);
        if !leads_there || !matches!(field.ty, FieldType::Record(_)) {
            return None;
        }
        link.on.iter().find_map(|key| {
            let mine = key.from.iter().fold(Value::Record(from), |value, field| match value {
                Value::Record(record) => tables.field(record, *field, &arena),
                other => other,
            });
            let theirs = tables.field(to, key.to, &arena);
            let same = text(mine)?.to_lowercase() == text(theirs)?.to_lowercase();
            same.then(|| {
                format!(
                    "{} = {}",
                    key.from_name,
                    link.to.info().fields.get(usize::from(key.to)).map_or("", |f| &f.name)
                )
            })
        })
    })
}
