//! Columns: the values of one field for all rows of a type, as compact as their kind allows.

use super::texts::Texts;
use crate::catalog::{FieldId, FieldType, RecordType};

/// What a cell holds instead of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// A value.
    Value,
    /// `null`
    Null,
    /// The property is missing.
    Absent,
    /// The property is of another type than the catalogue says.
    Wrong,
}

/// Values beside their states.
#[derive(Debug, Default)]
pub(super) struct Cells<T> {
    pub(super) values: Vec<T>,
    pub(super) states: Vec<State>,
}

impl<T: Default> Cells<T> {
    fn push(&mut self, value: Result<T, State>) {
        self.states.push(value.as_ref().err().copied().unwrap_or(State::Value));
        self.values.push(value.unwrap_or_default());
    }

    /// The value of a row, or what is there instead.
    pub(super) fn get(&self, row: usize) -> Result<&T, State> {
        match self.states.get(row) {
            Some(State::Value) => self.values.get(row).ok_or(State::Absent),
            Some(state) => Err(*state),
            None => Err(State::Absent),
        }
    }
}

/// One field of all rows.
#[derive(Debug)]
pub(super) enum Column {
    Bool(Cells<bool>),
    Int(Cells<i64>),
    Double(Cells<f64>),
    String(Texts),
    /// Microseconds since 1970.
    Timestamp(Cells<i64>),
    /// Maps, as JSON.
    Json(Texts),
    /// A nested object: the same row of another table.
    Nested(Vec<State>, Box<RecordColumns>),
    /// A list of nested objects: a range of rows of another table, by their ends.
    Rows(Cells<u32>, Box<RecordColumns>),
    /// A list of values: a range of another column, by their ends.
    Items(Cells<u32>, Box<Column>),
}

/// The columns of a record type, while they are built: nested types inside.
#[derive(Debug)]
pub(super) struct RecordColumns {
    pub(super) ty: RecordType,
    pub(super) rows: u32,
    pub(super) fields: Vec<(FieldId, &'static str, Column)>,
    /// The parents' keys, if they are wanted.
    pub(super) parents: Option<Texts>,
}

impl Column {
    /// An empty column for a type.
    pub(super) fn new(ty: &FieldType, wanted: &impl Fn(RecordType) -> Vec<FieldId>) -> Self {
        match ty {
            FieldType::Bool => Self::Bool(Cells::default()),
            FieldType::Int => Self::Int(Cells::default()),
            FieldType::Double => Self::Double(Cells::default()),
            FieldType::String | FieldType::Enum { .. } => Self::String(Texts::default()),
            FieldType::Timestamp => Self::Timestamp(Cells::default()),
            FieldType::Map => Self::Json(Texts::default()),
            FieldType::Record(ty) => Self::Nested(Vec::new(), Box::new(RecordColumns::new(*ty, wanted))),
            FieldType::List(inner) => match inner.as_ref() {
                FieldType::Record(ty) => Self::Rows(Cells::default(), Box::new(RecordColumns::new(*ty, wanted))),
                scalar => Self::Items(Cells::default(), Box::new(Self::new(scalar, wanted))),
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bool(cells) => cells.states.len(),
            Self::Int(cells) | Self::Timestamp(cells) => cells.states.len(),
            Self::Double(cells) => cells.states.len(),
            Self::String(texts) | Self::Json(texts) => texts.len(),
            Self::Nested(states, _) => states.len(),
            Self::Rows(ends, _) | Self::Items(ends, _) => ends.states.len(),
        }
    }

    /// Adds a cell that holds no value.
    pub(super) fn push_state(&mut self, state: State) {
        match self {
            Self::Bool(cells) => cells.push(Err(state)),
            Self::Int(cells) | Self::Timestamp(cells) => cells.push(Err(state)),
            Self::Double(cells) => cells.push(Err(state)),
            Self::String(texts) | Self::Json(texts) => texts.push_state(state),
            Self::Nested(states, record) => {
                states.push(state);
                record.push_absent(if state == State::Wrong {
                    State::Wrong
                } else {
                    State::Absent
                });
            }
            Self::Rows(ends, _) | Self::Items(ends, _) => {
                let end = ends.values.last().copied().unwrap_or(0);
                ends.push(Err(state));
                // The range of a list without a value is empty, but it has an end all the same.
                if let Some(last) = ends.values.last_mut() {
                    *last = end;
                }
            }
        }
    }

    pub(super) fn push_bool(&mut self, value: bool) {
        match self {
            Self::Bool(cells) => cells.push(Ok(value)),
            other => other.push_state(State::Wrong),
        }
    }

    pub(super) fn push_int(&mut self, value: i64) {
        match self {
            Self::Int(cells) => cells.push(Ok(value)),
            Self::Double(cells) => cells.push(Ok(value as f64)),
            other => other.push_state(State::Wrong),
        }
    }

    pub(super) fn push_double(&mut self, value: f64) {
        match self {
            Self::Double(cells) => cells.push(Ok(value)),
            other => other.push_state(State::Wrong),
        }
    }

    pub(super) fn push_text(&mut self, text: &str) {
        match self {
            Self::String(texts) | Self::Json(texts) => texts.push(text),
            other => other.push_state(State::Wrong),
        }
    }

    pub(super) fn push_micros(&mut self, micros: Option<i64>) {
        match self {
            Self::Timestamp(cells) => cells.push(micros.ok_or(State::Wrong)),
            other => other.push_state(State::Wrong),
        }
    }

    /// Ends the list that was being added.
    pub(super) fn end_list(&mut self) {
        let end = match self {
            Self::Rows(_, record) => record.rows as usize,
            Self::Items(_, items) => items.len(),
            _ => return,
        };
        if let Self::Rows(ends, _) | Self::Items(ends, _) = self {
            ends.push(u32::try_from(end).map_err(|_| State::Wrong));
        }
    }

    /// Range of a list's items in the table or column that holds them.
    pub(super) fn range(ends: &Cells<u32>, row: usize) -> std::ops::Range<u32> {
        let start = row
            .checked_sub(1)
            .and_then(|before| ends.values.get(before))
            .copied()
            .unwrap_or(0);
        start..ends.values.get(row).copied().unwrap_or(start)
    }

    /// Puts another column of the same kind behind this one.
    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => join(a, b),
            (Self::Int(a), Self::Int(b)) | (Self::Timestamp(a), Self::Timestamp(b)) => join(a, b),
            (Self::Double(a), Self::Double(b)) => join(a, b),
            (Self::String(a), Self::String(b)) | (Self::Json(a), Self::Json(b)) => a.append(&b),
            (Self::Nested(a, ar), Self::Nested(b, br)) => {
                a.extend(b);
                ar.append(*br);
            }
            (Self::Rows(a, ar), Self::Rows(b, br)) => {
                join_ends(a, b, ar.rows);
                ar.append(*br);
            }
            (Self::Items(a, ai), Self::Items(b, bi)) => {
                join_ends(a, b, u32::try_from(ai.len()).unwrap_or(u32::MAX));
                ai.append(*bi);
            }
            _ => debug_assert!(false, "columns of one field are of one kind"),
        }
    }

    /// An empty column of this kind.
    fn fresh(&self) -> Self {
        match self {
            Self::Bool(_) => Self::Bool(Cells::default()),
            Self::Int(_) => Self::Int(Cells::default()),
            Self::Double(_) => Self::Double(Cells::default()),
            Self::String(texts) => Self::String(texts.fresh()),
            Self::Timestamp(_) => Self::Timestamp(Cells::default()),
            Self::Json(texts) => Self::Json(texts.fresh()),
            Self::Nested(_, record) => Self::Nested(Vec::new(), Box::new(record.fresh())),
            Self::Rows(_, record) => Self::Rows(Cells::default(), Box::new(record.fresh())),
            Self::Items(_, items) => Self::Items(Cells::default(), Box::new(items.fresh())),
        }
    }

    /// Gives back memory that was kept for more rows.
    fn shrink(&mut self) {
        match self {
            Self::Bool(cells) => shrink(cells),
            Self::Int(cells) | Self::Timestamp(cells) => shrink(cells),
            Self::Double(cells) => shrink(cells),
            Self::String(texts) | Self::Json(texts) => texts.shrink(),
            Self::Nested(states, record) => {
                states.shrink_to_fit();
                record.shrink();
            }
            Self::Rows(ends, record) => {
                shrink(ends);
                record.shrink();
            }
            Self::Items(ends, items) => {
                shrink(ends);
                items.shrink();
            }
        }
    }

    /// Cuts the column to a number of rows.
    fn truncate(&mut self, rows: usize) {
        match self {
            Self::Bool(cells) => cut(cells, rows),
            Self::Int(cells) | Self::Timestamp(cells) => cut(cells, rows),
            Self::Double(cells) => cut(cells, rows),
            Self::String(texts) | Self::Json(texts) => texts.truncate(rows),
            Self::Nested(states, record) => {
                states.truncate(rows);
                record.truncate(u32::try_from(rows).unwrap_or(u32::MAX));
            }
            Self::Rows(ends, record) => {
                cut(ends, rows);
                record.truncate(ends.values.last().copied().unwrap_or(0));
            }
            Self::Items(ends, items) => {
                cut(ends, rows);
                items.truncate(ends.values.last().copied().unwrap_or(0) as usize);
            }
        }
    }
}

fn join<T>(a: &mut Cells<T>, b: Cells<T>) {
    a.values.extend(b.values);
    a.states.extend(b.states);
}

fn join_ends(a: &mut Cells<u32>, b: Cells<u32>, base: u32) {
    a.values.extend(b.values.into_iter().map(|end| end + base));
    a.states.extend(b.states);
}

fn shrink<T>(cells: &mut Cells<T>) {
    cells.values.shrink_to_fit();
    cells.states.shrink_to_fit();
}

fn cut<T>(cells: &mut Cells<T>, rows: usize) {
    cells.values.truncate(rows);
    cells.states.truncate(rows);
}

impl RecordColumns {
    /// Empty columns for the wanted fields of a type.
    pub(super) fn new(ty: RecordType, wanted: &impl Fn(RecordType) -> Vec<FieldId>) -> Self {
        let info = ty.info();
        let mut fields = Vec::new();
        let mut parents = None;
        for id in wanted(ty) {
            let Some(field) = info.fields.get(usize::from(id)) else {
                continue;
            };
            match field.origin {
                crate::catalog::Origin::Property { .. } => {
                    fields.push((id, field.name.as_str(), Column::new(&field.ty, wanted)));
                }
                crate::catalog::Origin::Parent => parents = Some(Texts::default()),
                _ => {}
            }
        }
        Self {
            ty,
            rows: 0,
            fields,
            parents,
        }
    }

    /// Adds a row without any property.
    pub(super) fn push_absent(&mut self, state: State) {
        self.rows += 1;
        for (_, _, column) in &mut self.fields {
            column.push_state(state);
        }
    }

    /// Puts other rows behind these.
    pub(super) fn append(&mut self, other: Self) {
        self.rows += other.rows;
        for ((_, _, mine), (_, _, theirs)) in self.fields.iter_mut().zip(other.fields) {
            mine.append(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.parents, other.parents) {
            mine.append(&theirs);
        }
    }

    /// No rows yet, in columns like these.
    pub(super) fn fresh(&self) -> Self {
        let fields = self.fields.iter();
        Self {
            ty: self.ty,
            rows: 0,
            fields: fields.map(|(id, name, column)| (*id, *name, column.fresh())).collect(),
            parents: self.parents.as_ref().map(Texts::fresh),
        }
    }

    /// Gives back memory that was kept for more rows.
    pub(super) fn shrink(&mut self) {
        for (_, _, column) in &mut self.fields {
            column.shrink();
        }
        if let Some(parents) = &mut self.parents {
            parents.shrink();
        }
    }

    /// Cuts the columns to a number of rows, after a line that could not be read whole.
    pub(super) fn truncate(&mut self, rows: u32) {
        self.rows = rows;
        for (_, _, column) in &mut self.fields {
            column.truncate(rows as usize);
        }
        if let Some(parents) = &mut self.parents {
            parents.truncate(rows as usize);
        }
    }
}
