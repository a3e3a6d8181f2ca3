//! Where the value of a field is found for a row, by its code: a small number that values alike share.

use std::ops::Range;

use super::super::column::{Cells, Column, State};
use super::super::table::{Cell, Computed, Links, Property, Stored, Tables};
use super::super::texts::{Coded, Texts};
use super::{ROW, SubjectKind, path};
use crate::catalog::{FieldId, RecordType};

/// A field of a row, or of what the row links to.
pub(super) struct Source<'t> {
    /// Links on the way.
    links: Vec<&'t Links>,
    codes: Codes<'t>,
}

/// A list of a row, or of what the row links to.
pub(super) struct Elements<'t> {
    links: Vec<&'t Links>,
    ends: &'t Cells<u32>,
    kind: SubjectKind<'t>,
}

/// A column whose values have codes.
enum Codes<'t> {
    /// Texts that recur.
    Text(&'t Coded),
    /// Flags.
    Bool(&'t Cells<bool>),
    /// Whether there is a value.
    State(&'t [State]),
    /// The same of texts.
    TextState(&'t Texts),
    /// Whether a link leads anywhere.
    Link(&'t Links),
    /// Derived values.
    Computed(&'t Computed),
    /// Whether there is a derived value.
    ComputedState(&'t Computed),
}

/// What a path leads to, and the links on the way.
struct Place<'t> {
    links: Vec<&'t Links>,
    stored: &'t Stored,
}

/// Follows a path from a type of record.
fn follow<'t>(tables: &'t Tables, ty: RecordType, fields: &[FieldId]) -> Option<Place<'t>> {
    let (last, way) = fields.split_last()?;
    let mut ty = ty;
    let mut links = Vec::new();
    for field in way {
        ty = match tables.stored(ty, *field)? {
            Stored::Property {
                column: Property::Nested(nested, _),
                ..
            } => *nested,
            Stored::Match(record) => *record,
            Stored::Link { to, links: found } => {
                links.push(found);
                *to
            }
            _ => return None,
        };
    }
    let stored = tables.stored(ty, *last)?;
    // A derived list that is another name of a property.
    if let Stored::Inline(plan) = stored {
        let place = follow(tables, ty, &path(&plan.root, ROW)?)?;
        links.extend(place.links);
        return Some(Place { links, ..place });
    }
    Some(Place { links, stored })
}

/// Why there is no row at the end of links. For whether a condition holds, all unknowns are alike.
#[derive(Clone, Copy)]
enum Lost {
    /// A link leads nowhere.
    Nowhere,
    /// It is not known where one leads.
    Unknown,
}

/// The row at the end of links.
fn linked(links: &[&Links], row: u32) -> Result<usize, Lost> {
    links.iter().try_fold(row as usize, |row, links| match links.get(row) {
        Ok(Some(row)) => Ok(row as usize),
        Ok(None) => Err(Lost::Nowhere),
        Err(_) => Err(Lost::Unknown),
    })
}

impl<'t> Source<'t> {
    /// Where the value at the end of a path is found, if it has a code; `whole` when more of it matters than whether it
    /// is there.
    pub(super) fn find(tables: &'t Tables, ty: RecordType, fields: &[FieldId], whole: bool) -> Option<Self> {
        let place = follow(tables, ty, fields)?;
        Some(Self {
            links: place.links,
            codes: Codes::of(place.stored, whole)?,
        })
    }

    /// Texts by their own number.
    pub(super) fn text(texts: &'t Coded) -> Self {
        Self {
            links: Vec::new(),
            codes: Codes::Text(texts),
        }
    }

    /// How many codes there are: those of values, then two for links that lead to none.
    pub(super) fn codes(&self) -> usize {
        self.codes.count() + 2
    }

    /// The code of a row's value, if values like it have codes.
    pub(super) fn code(&self, row: u32) -> Option<usize> {
        match linked(&self.links, row) {
            Ok(row) => self.codes.get(row),
            Err(lost) => Some(self.codes.count() + lost as usize),
        }
    }
}

impl<'t> Elements<'t> {
    /// The list at the end of a path, if it is one of nested records or of texts that recur.
    pub(super) fn find(tables: &'t Tables, ty: RecordType, fields: &[FieldId]) -> Option<Self> {
        let place = follow(tables, ty, fields)?;
        let Stored::Property { column, .. } = place.stored else {
            return None;
        };
        let (ends, kind) = match column {
            Property::Rows(nested, ends) => (ends, SubjectKind::Record(*nested)),
            Property::Plain(Column::Items(ends, items)) => match items.as_ref() {
                Column::String(Texts::Coded(coded)) => (ends, SubjectKind::Text(coded)),
                _ => return None,
            },
            _ => return None,
        };
        Some(Self {
            links: place.links,
            ends,
            kind,
        })
    }

    /// What the elements are.
    pub(super) fn kind(&self) -> SubjectKind<'t> {
        self.kind
    }

    /// The elements of a row's list, if there is a list.
    pub(super) fn of(&self, row: u32) -> Option<Range<u32>> {
        let row = linked(&self.links, row).ok()?;
        self.ends.get(row).ok()?;
        Some(Column::range(self.ends, row))
    }
}

impl<'t> Codes<'t> {
    fn of(stored: &'t Stored, whole: bool) -> Option<Self> {
        Some(match stored {
            Stored::Property { column, .. } => match column {
                Property::Plain(Column::String(Texts::Coded(coded))) => Self::Text(coded),
                Property::Plain(Column::Bool(cells)) => Self::Bool(cells),
                _ if whole => return None,
                Property::Plain(Column::String(texts)) => Self::TextState(texts),
                Property::Plain(Column::Int(cells) | Column::Timestamp(cells)) => Self::State(&cells.states),
                Property::Plain(Column::Double(cells)) => Self::State(&cells.states),
                Property::Plain(Column::Items(ends, _)) | Property::Rows(_, ends) => Self::State(&ends.states),
                Property::Nested(_, states) => Self::State(states),
                // Whether a map can be read shows only when it is.
                Property::Plain(Column::Json(_) | Column::Nested(..) | Column::Rows(..)) => return None,
            },
            Stored::Parent(Texts::Coded(coded)) => Self::Text(coded),
            Stored::Link { links, .. } if !whole => Self::Link(links),
            Stored::Computed(computed) if whole => Self::Computed(computed),
            Stored::Computed(computed) => Self::ComputedState(computed),
            _ => return None,
        })
    }

    /// How many codes there are.
    fn count(&self) -> usize {
        match self {
            Self::Text(coded) => coded.codes(),
            Self::Bool(_) => 5,
            Self::State(_) | Self::TextState(_) => 4,
            Self::Link(_) => 3,
            Self::ComputedState(_) => 4,
            Self::Computed(computed) => 5 + computed.texts.len(),
        }
    }

    fn get(&self, row: usize) -> Option<usize> {
        Some(match self {
            Self::Text(coded) => coded.code(row) as usize,
            Self::Bool(cells) => match cells.get(row) {
                Ok(value) => usize::from(*value),
                Err(state) => 1 + state as usize,
            },
            Self::State(states) => states.get(row).copied()? as usize,
            Self::TextState(texts) => texts.get(row).err().unwrap_or(State::Value) as usize,
            Self::Link(links) => match links.get(row) {
                Ok(None) => 0,
                Ok(Some(_)) => 1,
                Err(_) => 2,
            },
            Self::Computed(computed) => match computed.cells.get(row)? {
                Cell::Null => 0,
                Cell::Bool(value) => 1 + usize::from(*value),
                Cell::Unknown(_) => 3,
                Cell::Error(_) => 4,
                Cell::String(at) => 5 + *at as usize,
                Cell::Int(_) | Cell::Double(_) | Cell::Timestamp(_) | Cell::Record(_) => return None,
            },
            Self::ComputedState(computed) => match computed.cells.get(row)? {
                Cell::Null => 0,
                Cell::Unknown(_) => 1,
                Cell::Error(_) => 2,
                _ => 3,
            },
        })
    }
}
