//! Tables: what a snapshot holds, ready to be asked by conditions.

use std::collections::HashMap;
use std::sync::OnceLock;

use bumpalo::Bump;

use super::column::{Cells, Column, State};
use super::index::{Index, Key};
use super::texts::Texts;
use crate::catalog::{FieldId, FieldType, Origin as FieldOrigin, Population, RecordType};
use crate::expr::time::Timestamp;
use crate::expr::{
    Items, List, LookUp, Matches, Origin, OriginId, Plan, RecordRef, Records, Unknown, Value, from_json,
};
use crate::policy::derived::derived;

/// A set of origins that several cells share.
pub(super) type OriginSet = Box<[OriginId]>;

/// All tables of a snapshot.
#[derive(Debug)]
pub struct Tables {
    pub(super) tables: Vec<Table>,
    pub(super) origins: Vec<Origin>,
    pub(super) indexes: HashMap<(RecordType, FieldId), OnceLock<Index>>,
    pub(super) now: Timestamp,
}

/// The records of one type.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) ty: RecordType,
    pub(super) rows: u32,
    pub(super) columns: Vec<Option<Stored>>,
    /// Why there may be more records than these.
    pub(super) open: Option<OriginSet>,
    /// How each parent fared, for types that are read once for each parent.
    pub(super) parents: Option<ParentStates>,
}

/// How the parents of a per-parent type fared.
#[derive(Debug)]
pub(super) struct ParentStates {
    /// For each parent asked, why its records may not all be here.
    pub(super) asked: HashMap<String, Option<OriginSet>>,
    /// What is said of a parent that was not asked.
    pub(super) not_asked: OriginSet,
}

/// A field of all records of a type.
#[derive(Debug)]
pub(super) enum Stored {
    /// A property of the API's objects.
    Property {
        column: Property,
        /// What a missing property means: null, or unknown for this reason.
        absent: Option<OriginSet>,
        /// What a property of another type than documented means, and null where there is always a value.
        wrong: OriginSet,
        /// Whether the property can be null.
        nullable: bool,
    },
    /// The key of the parent.
    Parent(Texts),
    /// Another record.
    Link { to: RecordType, links: Links },
    /// How a link was made: a record of the same row.
    Match(RecordType),
    /// A value that was computed for every row.
    Computed(Computed),
    /// A value that is computed whenever it is read.
    Inline(&'static Plan),
}

/// The column of a property.
#[derive(Debug)]
pub(super) enum Property {
    /// A value.
    Plain(Column),
    /// A nested object: the same row of another table.
    Nested(RecordType, Vec<State>),
    /// A list of nested objects: a range of rows of another table.
    Rows(RecordType, Cells<u32>),
}

/// Where the links of a column lead.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// A row, [`NO_LINK`], or [`UNKNOWN_LINK`] less the number of a set.
    pub(super) rows: Vec<u32>,
    pub(super) sets: Vec<OriginSet>,
}

/// The link is null.
pub(super) const NO_LINK: u32 = u32::MAX;
/// The link is unknown for the reasons of set 0; smaller numbers for the next sets.
pub(super) const UNKNOWN_LINK: u32 = u32::MAX - 1;
/// Most sets of reasons in one column of links.
pub(super) const MAX_LINK_SETS: usize = 1 << 16;

/// Values that were computed.
#[derive(Debug, Default)]
pub(super) struct Computed {
    pub(super) cells: Vec<Cell>,
    pub(super) texts: Vec<Box<str>>,
    pub(super) sets: Vec<OriginSet>,
}

/// A computed value in 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Number of a text.
    String(u32),
    /// Microseconds since 1970.
    Timestamp(i64),
    Record(RecordRef),
    /// Number of a set of origins.
    Unknown(u32),
    /// Number of a text that says how the computation failed.
    Error(u32),
}

impl Tables {
    /// Number of records of a type.
    pub fn rows(&self, ty: RecordType) -> u32 {
        self.table(ty).map_or(0, |table| table.rows)
    }

    /// Why there may be more records of a type than these.
    pub fn open(&self, ty: RecordType) -> Option<&[OriginId]> {
        self.table(ty)?.open.as_deref()
    }

    /// Where unknowns can come from.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    pub(super) fn table(&self, ty: RecordType) -> Option<&Table> {
        self.tables.get(ty.index())
    }

    /// How a field of a type is held, if it was loaded.
    pub(super) fn stored(&self, ty: RecordType, field: FieldId) -> Option<&Stored> {
        self.table(ty)?.columns.get(usize::from(field))?.as_ref()
    }

    pub(super) fn property<'r>(&'r self, stored: &'r Stored, row: usize, arena: &'r Bump) -> Value<'r> {
        let Stored::Property {
            column,
            absent,
            wrong,
            nullable,
        } = stored
        else {
            return Value::Null;
        };
        let found = match column {
            Property::Plain(column) => self.cell(column, row, wrong, arena),
            // A nested object is structure: when it is missing, its fields answer for themselves.
            Property::Nested(ty, _) => {
                return Value::Record(RecordRef {
                    ty: *ty,
                    row: u32::try_from(row).unwrap_or(u32::MAX),
                });
            }
            Property::Rows(ty, ends) => ends.get(row).map(|_| {
                let range = Column::range(ends, row);
                let items = Items::Rows {
                    ty: *ty,
                    start: range.start,
                    len: range.end - range.start,
                };
                Value::List(arena.alloc(List {
                    items,
                    maybe: &[],
                    open: None,
                }))
            }),
        };
        match found {
            Ok(value) => value,
            Err(State::Absent) => absent.as_deref().map_or(Value::Null, unknown),
            Err(State::Null) if *nullable => Value::Null,
            Err(State::Wrong | State::Null) => unknown(wrong),
            Err(State::Value) => Value::Null,
        }
    }

    /// A value, or what is there instead. An element of a list that is of another type is unknown for itself.
    fn cell<'r>(
        &'r self,
        column: &'r Column,
        row: usize,
        wrong: &'r [OriginId],
        arena: &'r Bump,
    ) -> Result<Value<'r>, State> {
        match column {
            Column::Bool(cells) => cells.get(row).map(|value| Value::Bool(*value)),
            Column::Int(cells) => cells.get(row).map(|value| Value::Int(*value)),
            Column::Double(cells) => cells.get(row).map(|value| Value::Double(*value)),
            Column::String(texts) => texts.get(row).map(Value::String),
            Column::Timestamp(cells) => cells
                .get(row)
                .and_then(|micros| Timestamp::from_micros(*micros).ok_or(State::Wrong))
                .map(Value::Timestamp),
            Column::Json(texts) => {
                let text = texts.get(row)?;
                let json: serde_json::Value = serde_json::from_str(text).map_err(|_| State::Wrong)?;
                Ok(from_json(&json, arena))
            }
            Column::Items(ends, items) => {
                ends.get(row)?;
                let values: Vec<Value<'r>> = Column::range(ends, row)
                    .map(|at| match self.cell(items, at as usize, wrong, arena) {
                        Ok(value) => value,
                        Err(State::Wrong) => unknown(wrong),
                        Err(_) => Value::Null,
                    })
                    .collect();
                Ok(Value::list(&values, arena))
            }
            Column::Nested(..) | Column::Rows(..) => Err(State::Wrong),
        }
    }

    /// The index on a field, built when it is first asked.
    fn index(&self, ty: RecordType, field: FieldId) -> Option<&Index> {
        let slot = self.indexes.get(&(ty, field))?;
        Some(slot.get_or_init(|| Index::build(self, ty, field, false)))
    }
}

/// An unknown with the reasons of a set.
pub(super) fn unknown(origins: &[OriginId]) -> Value<'_> {
    Value::Unknown(Unknown { origins })
}

impl Links {
    /// Where the link of a row leads: a row, nowhere, or it is not known.
    pub(super) fn get(&self, row: usize) -> Result<Option<u32>, &[OriginId]> {
        match self.rows.get(row).copied().unwrap_or(NO_LINK) {
            NO_LINK => Ok(None),
            code => match self.sets.get((UNKNOWN_LINK - code) as usize) {
                Some(set) => Err(set),
                None => Ok(Some(code)),
            },
        }
    }
}

impl Computed {
    pub(super) fn value<'r>(&'r self, row: usize) -> Value<'r> {
        let text = |at: u32| self.texts.get(at as usize).map_or("", AsRef::as_ref);
        match self.cells.get(row) {
            None | Some(Cell::Null) => Value::Null,
            Some(Cell::Bool(value)) => Value::Bool(*value),
            Some(Cell::Int(value)) => Value::Int(*value),
            Some(Cell::Double(value)) => Value::Double(*value),
            Some(Cell::String(at)) => Value::String(text(*at)),
            Some(Cell::Timestamp(micros)) => Timestamp::from_micros(*micros).map_or(Value::Null, Value::Timestamp),
            Some(Cell::Record(record)) => Value::Record(*record),
            Some(Cell::Unknown(set)) => self.sets.get(*set as usize).map_or(Value::Null, |set| unknown(set)),
            Some(Cell::Error(at)) => Value::Error(text(*at)),
        }
    }
}

impl Records for Tables {
    fn field<'r>(&'r self, record: RecordRef, field: FieldId, arena: &'r Bump) -> Value<'r> {
        let row = record.row as usize;
        match self.stored(record.ty, field) {
            Some(stored @ Stored::Property { .. }) => self.property(stored, row, arena),
            Some(Stored::Parent(keys)) => keys.get(row).map_or(Value::Null, Value::String),
            Some(Stored::Link { to, links }) => match links.get(row) {
                Ok(None) => Value::Null,
                Ok(Some(row)) => Value::Record(RecordRef { ty: *to, row }),
                Err(origins) => unknown(origins),
            },
            Some(Stored::Match(ty)) => Value::Record(RecordRef {
                ty: *ty,
                row: record.row,
            }),
            Some(Stored::Computed(computed)) => computed.value(row),
            Some(Stored::Inline(_)) | None => Value::Error("the field was not loaded"),
        }
    }

    fn present<'r>(&'r self, record: RecordRef, field: FieldId) -> Option<Result<bool, Unknown<'r>>> {
        let stored = self.stored(record.ty, field)?;
        let Stored::Property {
            column: Property::Nested(_, states),
            absent,
            wrong,
            ..
        } = stored
        else {
            return None;
        };
        Some(match (states.get(record.row as usize), absent) {
            (Some(State::Value), _) => Ok(true),
            (Some(State::Wrong), _) => Err(Unknown { origins: wrong }),
            (Some(State::Absent) | None, Some(origins)) => Err(Unknown { origins }),
            _ => Ok(false),
        })
    }

    fn derived(&self, record: RecordRef, field: FieldId) -> Option<&Plan> {
        match self.stored(record.ty, field) {
            Some(Stored::Inline(plan)) => Some(plan),
            _ => None,
        }
    }

    fn collection<'r>(&'r self, ty: RecordType, arena: &'r Bump) -> Value<'r> {
        let Some(table) = self.table(ty) else {
            return Value::Error("the type was not loaded");
        };
        let open = table.open.as_deref().map(|origins| Unknown { origins });
        let single = ty
            .resource()
            .is_some_and(|resource| resource.population == Population::One);
        match (single, table.rows, open) {
            (true, 0, Some(why)) => Value::Unknown(why),
            (true, 0, None) => Value::Error("the tenant has none"),
            (true, _, _) => Value::Record(RecordRef { ty, row: 0 }),
            (false, len, open) => {
                let items = Items::Rows { ty, start: 0, len };
                Value::List(arena.alloc(List {
                    items,
                    maybe: &[],
                    open,
                }))
            }
        }
    }

    fn matching<'r>(&'r self, by: LookUp, key: Value<'r>, _: &'r Bump) -> Option<Matches<'r>> {
        let key = Key::of(key)?;
        let table = self.table(by.ty)?;
        // An object nested in a record is the same row of another table.
        let holder = self.table(by.holder).filter(|holder| holder.rows == table.rows)?;
        let found = self.index(by.holder, by.field)?.get(self, &key);
        let by_parent = matches!(holder.columns.get(usize::from(by.field)), Some(Some(Stored::Parent(_))));
        let open = match (&table.parents, &key) {
            (Some(parents), Key::Text(parent)) if by_parent => match parents.asked.get(*parent) {
                Some(state) => state.as_deref(),
                None => Some(&*parents.not_asked),
            },
            _ => table.open.as_deref(),
        };
        Some(Matches {
            rows: found.rows,
            maybe: found.maybe,
            maybe_why: (!found.maybe_why.is_empty()).then_some(Unknown {
                origins: found.maybe_why,
            }),
            open: open.map(|origins| Unknown { origins }),
        })
    }

    fn origin(&self, id: u32) -> Option<&Origin> {
        self.origins.get(id as usize)
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Table {
    /// A table without rows.
    pub(super) fn empty(ty: RecordType) -> Self {
        let columns = ty.info().fields.iter().map(|_| None).collect();
        Self {
            ty,
            rows: 0,
            columns,
            open: None,
            parents: None,
        }
    }

    pub(super) fn set(&mut self, field: FieldId, stored: Stored) {
        if let Some(slot) = self.columns.get_mut(usize::from(field)) {
            *slot = Some(stored);
        }
    }

    /// Makes fields that need no data ready: matches and lists that are found when they are read.
    pub(super) fn prepare(&mut self, fields: &[FieldId]) {
        for id in fields {
            let Some(field) = self.ty.info().fields.get(usize::from(*id)) else {
                continue;
            };
            match (&field.origin, &field.ty) {
                (FieldOrigin::Match { .. }, FieldType::Record(record)) => self.set(*id, Stored::Match(*record)),
                (FieldOrigin::Derived(_), FieldType::List(_)) => {
                    if let Some(plan) = derived(self.ty, *id) {
                        self.set(*id, Stored::Inline(plan));
                    }
                }
                _ => {}
            }
        }
    }
}
