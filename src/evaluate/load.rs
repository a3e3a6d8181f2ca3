//! Loads what is needed of a snapshot into tables.

use std::collections::HashMap;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::column::{Column, RecordColumns};
use super::table::{OriginSet, ParentStates, Property, Stored, Table, Tables};
use super::texts::Texts;
use super::{compute, link, project, reference};
use crate::catalog::{
    Absent, FieldId, FieldType, Origin as FieldOrigin, Population, RecordType, Resource, Supply, catalog,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::time::Timestamp;
use crate::expr::{Cause, Origin, OriginId};
use crate::policy::Needs;
use crate::snapshot::{Entry, Lines, ParentStatus, Snapshot, Status};

/// What one resource type is loaded from.
pub(super) struct Loaded {
    pub(super) columns: RecordColumns,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    /// Properties that were asked for; `None` for all.
    pub(super) asked: Option<Vec<String>>,
    pub(super) parents: Option<Vec<ParentStatus>>,
}

/// A record that is not in the snapshot: an object as the API will give it.
#[derive(Clone, Debug)]
pub struct PlannedRecord {
    /// Its type.
    pub resource: &'static Resource,
    /// Key of its parent, for types that are read once for each parent.
    pub parent: Option<String>,
    /// The object.
    pub object: serde_json::Value,
}

/// Properties that were not asked for.
enum NotAsked {
    /// All but these, which the permission would let one read.
    But { asked: Vec<String>, permission: String },
    /// Whatever there is, for want of what it is nested in.
    All(OriginId),
}

impl Tables {
    /// Loads what is needed of a snapshot. Every file that is read is checked against its hash.
    ///
    /// # Errors
    /// A diagnostic when a file is missing, truncated, altered or holds something other than lines of objects.
    pub fn load(snapshot: &Snapshot, needs: &Needs) -> Result<Self, Diagnostic> {
        Self::load_with(snapshot, needs, &[])
    }

    /// The same with records that are not there yet behind those that are, in their order: what is about to be. The
    /// snapshot stays as it is.
    ///
    /// # Errors
    /// The same, and when a planned record is none of its type.
    pub fn load_with(snapshot: &Snapshot, needs: &Needs, planned: &[PlannedRecord]) -> Result<Self, Diagnostic> {
        let read: Result<Vec<_>, Diagnostic> = needs
            .resources()
            .into_par_iter()
            .filter(|resource| resource.supply.call().is_some())
            .map(|resource| {
                let mut loaded = read(snapshot, resource, needs)?;
                unify(&mut loaded.columns);
                lay_over(resource, &mut loaded.columns, planned)?;
                Ok((resource, loaded))
            })
            .collect();
        let ended = snapshot.manifest().ended.as_nanosecond();
        Ok(Self::assemble(
            read?,
            needs,
            Timestamp::from_nanos(ended).unwrap_or_default(),
        ))
    }

    /// Puts loaded types together: tables, reference tables, links, derived fields, in this order.
    pub(super) fn assemble(loaded: Vec<(&'static Resource, Loaded)>, needs: &Needs, now: Timestamp) -> Self {
        let wanted = |ty: RecordType| needs.fields(ty);
        let mut references: Vec<(RecordType, RecordColumns)> = needs
            .resources()
            .into_iter()
            .filter_map(|resource| match resource.supply {
                Supply::Reference(name) => {
                    Some((resource.record, reference::columns_of(resource.record, name, &wanted)))
                }
                Supply::Call(_) | Supply::Import(_) => None,
            })
            .collect();
        for (ty, columns) in &mut references {
            reference::grow(*ty, columns, &loaded);
        }
        let mut tables = Self {
            tables: catalog()
                .records()
                .iter()
                .map(|record| Table::empty(record.id))
                .collect(),
            origins: Vec::new(),
            indexes: needs.joins().map(|join| (join, OnceLock::new())).collect(),
            now,
        };
        for (resource, loaded) in loaded {
            tables.place(resource, loaded);
        }
        for (_, columns) in references {
            tables.store(columns, None);
        }
        for record in catalog().records() {
            if let Some(table) = tables.tables.get_mut(record.id.index()) {
                table.prepare(&needs.fields(record.id));
            }
        }
        for (ty, field) in needs.computed() {
            match ty.info().fields.get(usize::from(*field)).map(|field| &field.origin) {
                Some(FieldOrigin::Link(spec)) => {
                    let matched = link::match_of(*ty, *field).filter(|matched| needs.fields(*ty).contains(matched));
                    link::resolve(&mut tables, *ty, *field, spec, matched);
                }
                Some(FieldOrigin::Derived(spec)) => compute::compute(&mut tables, *ty, *field, spec),
                _ => {}
            }
        }
        tables
    }

    pub(super) fn add_origin(&mut self, origin: Origin) -> OriginId {
        if let Some(known) = self.origins.iter().position(|known| *known == origin) {
            return OriginId::try_from(known).unwrap_or(OriginId::MAX);
        }
        self.origins.push(origin);
        OriginId::try_from(self.origins.len() - 1).unwrap_or(OriginId::MAX)
    }

    /// Puts a resource type into its tables and notes what of it is not known.
    fn place(&mut self, resource: &Resource, loaded: Loaded) {
        let Loaded {
            columns,
            status,
            reason,
            asked,
            parents,
        } = loaded;
        let record = columns.ty;
        let not_asked = asked.map(|asked| NotAsked::But {
            asked,
            permission: permission(resource),
        });
        self.store(columns, not_asked.as_ref());
        let states = parents.map(|parents| self.parent_states(resource, parents));
        let open = match (&states, status) {
            (_, Status::Complete) => None,
            (Some(states), _) if states.asked.values().any(Option::is_some) => {
                let mut all: Vec<OriginId> = states
                    .asked
                    .values()
                    .flatten()
                    .flat_map(|set| set.iter().copied())
                    .collect();
                all.sort_unstable();
                all.dedup();
                Some(all.into_boxed_slice())
            }
            _ => Some(self.set_of(resource, status, reason)),
        };
        if let Some(table) = self.tables.get_mut(record.index()) {
            table.open = open;
            table.parents = states;
        }
    }

    fn set_of(&mut self, resource: &Resource, status: Status, reason: Option<String>) -> OriginSet {
        let cause = match status {
            Status::Complete | Status::Partial => Cause::Truncated,
            Status::Denied => Cause::NoPermission,
            Status::Unlicensed => Cause::NoLicence,
            Status::Unavailable => Cause::UnsupportedInCloud,
            Status::Failed => Cause::ApiError,
            // No collection can ask for it, so another one would not settle it.
            Status::NotRequested if matches!(resource.supply, Supply::Import(_)) => Cause::NeedsAttestation,
            Status::NotRequested => Cause::NotCollected,
        };
        let settles = matches!(status, Status::Denied | Status::NotRequested);
        let needs = settles
            .then(|| permission(resource))
            .filter(|permission| !permission.is_empty());
        Box::new([self.add_origin(Origin {
            cause,
            about: resource.name.clone(),
            needs,
            detail: reason,
        })])
    }

    fn parent_states(&mut self, resource: &Resource, parents: Vec<ParentStatus>) -> ParentStates {
        let mut asked = HashMap::new();
        for parent in parents {
            let state = match parent.status {
                Status::Complete => None,
                status => Some(self.set_of(resource, status, parent.reason)),
            };
            asked.insert(parent.key, state);
        }
        let not_asked = self.set_of(resource, Status::NotRequested, None);
        ParentStates { asked, not_asked }
    }

    /// Moves built columns into the tables, nested types into their own.
    fn store(&mut self, columns: RecordColumns, not_asked: Option<&NotAsked>) {
        let RecordColumns {
            ty,
            rows,
            fields,
            parents,
        } = columns;
        for (id, name, column) in fields {
            let about = format!("{}.{name}", ty.name());
            let reason = match not_asked {
                Some(NotAsked::But { asked, permission }) if !asked.iter().any(|field| field == name) => {
                    Some(self.add_origin(Origin {
                        cause: Cause::NotCollected,
                        about: about.clone(),
                        needs: Some(permission.clone()),
                        detail: None,
                    }))
                }
                Some(NotAsked::All(origin)) => Some(*origin),
                _ => None,
            };
            // What is nested in a property that was not asked for was not asked for either.
            let inherited = reason.map(NotAsked::All);
            let column = match column {
                Column::Nested(states, inner) => {
                    let nested = inner.ty;
                    self.store(*inner, inherited.as_ref());
                    Property::Nested(nested, states)
                }
                Column::Rows(ends, inner) => {
                    let nested = inner.ty;
                    self.store(*inner, inherited.as_ref());
                    Property::Rows(nested, ends)
                }
                plain => Property::Plain(plain),
            };
            let absent = match (reason, absence(ty, id)) {
                (Some(origin), _) => Some(origin),
                (None, Absent::Null) => None,
                (None, Absent::Unknown | Absent::UnknownIfUnused) => Some(self.add_origin(Origin {
                    cause: Cause::Absent,
                    about: about.clone(),
                    needs: None,
                    detail: None,
                })),
            };
            let detail = Some("the value is not of the type that the vendor documents".to_owned());
            let wrong = self.add_origin(Origin {
                cause: Cause::ApiError,
                about,
                needs: None,
                detail,
            });
            let absent = absent.map(|origin| -> OriginSet { Box::new([origin]) });
            if let Some(table) = self.tables.get_mut(ty.index()) {
                let nullable = is_nullable(ty, id);
                table.set(
                    id,
                    Stored::Property {
                        column,
                        absent,
                        wrong: Box::new([wrong]),
                        nullable,
                    },
                );
            }
        }
        let Some(table) = self.tables.get_mut(ty.index()) else {
            return;
        };
        table.rows = rows;
        if let (Some(parents), Some((id, _))) = (parents, ty.info().field("parent")) {
            table.set(id, Stored::Parent(parents));
        }
    }
}

fn absence(ty: RecordType, field: FieldId) -> Absent {
    match ty.info().fields.get(usize::from(field)).map(|field| &field.origin) {
        Some(FieldOrigin::Property { absent }) => absent.clone(),
        _ => Absent::Unknown,
    }
}

fn is_nullable(ty: RecordType, field: FieldId) -> bool {
    ty.info()
        .fields
        .get(usize::from(field))
        .is_some_and(|field| field.nullable)
}

/// What a tenant must grant for a type to be read, and have bought where that is not in every subscription.
fn permission(resource: &Resource) -> String {
    match resource.supply.call() {
        Some(call) => match &call.licence {
            Some(licence) => format!("{} + {licence}", call.permission),
            None => call.permission.clone(),
        },
        None => String::new(),
    }
}

/// Reads a resource type from its file, chunks in parallel, rows in the order of the file.
fn read(snapshot: &Snapshot, resource: &Resource, needs: &Needs) -> Result<Loaded, Diagnostic> {
    let wanted = |ty: RecordType| needs.fields(ty);
    let mut columns = RecordColumns::new(resource.record, &wanted);
    let Some(entry) = snapshot.entry(&resource.name) else {
        return Ok(Loaded {
            columns,
            status: Status::NotRequested,
            reason: None,
            asked: None,
            parents: None,
        });
    };
    if let Some(mut lines) = snapshot.lines(entry)? {
        let mut first_line = 0;
        let mut chunks = batch(&mut lines)?;
        while !chunks.is_empty() {
            // The next chunks are decompressed while these are parsed.
            let (parts, next) = rayon::join(|| parsed(&chunks, &columns), || batch(&mut lines));
            for (part, chunk) in parts.into_iter().zip(&chunks) {
                let part = part.map_err(|(line, fault)| broken_line(entry, first_line + line + 1, &fault))?;
                columns.append(part);
                first_line += memchr::memchr_iter(b'\n', chunk).count();
            }
            chunks = next?;
        }
    }
    columns.shrink();
    if u64::from(columns.rows) != entry.objects {
        let message = format!(
            "{} holds {} objects, the manifest says {}",
            entry.resource, columns.rows, entry.objects
        );
        return Err(Diagnostic::error(Code::InvalidSnapshot, message));
    }
    if resource.population == Population::One && columns.rows > 1 {
        let message = format!("{} holds {} objects where there is one", entry.resource, columns.rows);
        return Err(Diagnostic::error(Code::InvalidSnapshot, message));
    }
    let parents = if entry.parents.is_some() {
        Some(snapshot.parents(entry)?)
    } else {
        None
    };
    Ok(Loaded {
        columns,
        status: entry.status,
        reason: entry.reason.clone(),
        asked: entry.fields.clone(),
        parents,
    })
}

/// Puts the planned records of a type behind those that were read.
fn lay_over(resource: &Resource, columns: &mut RecordColumns, planned: &[PlannedRecord]) -> Result<(), Diagnostic> {
    for record in planned.iter().filter(|record| record.resource.name == resource.name) {
        let line = serde_json::json!({ "parent": record.parent, "object": record.object }).to_string();
        project::lines(line.as_bytes(), columns).map_err(|(_, fault)| {
            let message = format!("a planned record is no {}: {fault}", resource.name);
            Diagnostic::error(Code::InvalidSnapshot, message)
        })?;
    }
    Ok(())
}

/// As many chunks as keep every thread busy; none at the end.
fn batch(lines: &mut Lines) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let many = rayon::current_num_threads().max(1) * 2;
    (0..many).map_while(|_| lines.next_chunk().transpose()).collect()
}

/// Chunks parsed side by side, into columns like these; else the line within the chunk, and the fault.
fn parsed(chunks: &[Vec<u8>], like: &RecordColumns) -> Vec<Result<RecordColumns, (usize, String)>> {
    let part = |chunk: &Vec<u8>| {
        let mut part = like.fresh();
        project::lines(chunk, &mut part).map(|()| part)
    };
    chunks.par_iter().map(part).collect()
}

/// Makes one of what vendors write in several ways, so that conditions need to know one. Values of enums get the documented
/// spelling: answers differ from their own documentation in capitals (`PascalCase` in one, `camelCase` in the other). An
/// empty text where there may be none is null: a property is cleared either way. What others of the same parent have is
/// null where it is left out ([`Absent::UnknownIfUnused`]).
///
/// What a plan lays over comes after it: it is written in one way, and tells nothing of what the tenant has.
pub(super) fn unify(columns: &mut RecordColumns) {
    let parents = columns.parents.take();
    unify_with(columns, parents.as_ref());
    columns.parents = parents;
}

fn unify_with(columns: &mut RecordColumns, parents: Option<&Texts>) {
    let ty = columns.ty;
    for (id, _, column) in &mut columns.fields {
        let field = ty.info().fields.get(usize::from(*id));
        match column {
            Column::String(texts) => {
                if let Some(FieldType::Enum { values, .. }) = field.map(|field| &field.ty) {
                    texts.respell(|text| {
                        let documented = values.iter().find(|value| value.eq_ignore_ascii_case(text));
                        documented.map(String::as_str)
                    });
                }
                if field.is_some_and(|field| field.nullable) {
                    texts.without_empty();
                }
                if absence(ty, *id) == Absent::UnknownIfUnused {
                    texts.null_where_used(parents);
                }
            }
            // The same rows, in another table.
            Column::Nested(_, inner) => unify_with(inner, parents),
            Column::Rows(_, inner) => unify_with(inner, None),
            _ => {}
        }
    }
}

fn broken_line(entry: &Entry, line: usize, fault: &str) -> Diagnostic {
    let file = entry.file.as_deref().unwrap_or_default();
    Diagnostic::error(
        Code::InvalidSnapshot,
        format!("`{file}` line {line} is not a line of a snapshot: {fault}"),
    )
}
