//! What the evaluator asks of a snapshot. The tables that answer live in a higher layer.

use bumpalo::Bump;

use super::plan::Plan;
use super::time::Timestamp;
use super::unknown::{Origin, Unknown};
use super::value::{RecordRef, Value};
use crate::catalog::{FieldId, FieldType, Origin as FieldOrigin, Population, RecordType};

/// Rows that have a value in a field.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matches<'r> {
    /// Rows that surely have it.
    pub rows: &'r [u32],
    /// Rows that may have it, because their own value is not known.
    pub maybe: &'r [u32],
    /// Why their values are not known; none where nothing says why.
    pub maybe_why: Option<Unknown<'r>>,
    /// Why further rows may have it.
    pub open: Option<Unknown<'r>>,
}

/// A field by which records of a type are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// The type of the records.
    pub ty: RecordType,
    /// Whose field it is: theirs, or that of an object nested in them.
    pub holder: RecordType,
    /// The field.
    pub field: FieldId,
}

impl LookUp {
    /// Whether a value is shared by a good part of all records, so that an index saves little: one of few values, or one of
    /// few parents.
    pub fn finds_many(self) -> bool {
        let field = self.holder.info().fields.get(usize::from(self.field));
        field.is_some_and(|field| match (&field.origin, &field.ty) {
            (FieldOrigin::Parent, _) => self.has_few_parents(),
            (_, FieldType::Bool | FieldType::Enum { .. }) => true,
            _ => false,
        })
    }

    fn has_few_parents(self) -> bool {
        let call = self.ty.resource().and_then(|resource| resource.supply.call());
        let parent = call.and_then(|call| call.per.as_ref()?.parent.resource());
        parent.is_some_and(|parent| parent.population != Population::Many)
    }
}

/// The records of a snapshot.
pub trait Records: Sync {
    /// The value of a field of a record.
    fn field<'r>(&'r self, record: RecordRef, field: FieldId, arena: &'r Bump) -> Value<'r>;

    /// Whether a nested object is there; `Err` when it was not read, `None` when the field is no nested object.
    fn present<'r>(&'r self, record: RecordRef, field: FieldId) -> Option<Result<bool, Unknown<'r>>>;

    /// The expression of a field that is computed whenever it is read.
    fn derived(&self, record: RecordRef, field: FieldId) -> Option<&Plan>;

    /// All records of a type as a list; of a type of which there is one, the record.
    fn collection<'r>(&'r self, ty: RecordType, arena: &'r Bump) -> Value<'r>;

    /// Rows of a type whose field equals a key, if there is an index on the field.
    fn matching<'r>(&'r self, by: LookUp, key: Value<'r>, arena: &'r Bump) -> Option<Matches<'r>>;

    /// What an unknown came from.
    fn origin(&self, id: u32) -> Option<&Origin>;

    /// The present, as far as conditions are concerned: the end of the snapshot.
    fn now(&self) -> Timestamp;
}

/// Plain CEL: there is no snapshot.
#[derive(Debug, Default)]
pub struct NoRecords;

impl Records for NoRecords {
    fn field<'r>(&'r self, _: RecordRef, _: FieldId, _: &'r Bump) -> Value<'r> {
        Value::Error("there is no snapshot")
    }

    fn present<'r>(&'r self, _: RecordRef, _: FieldId) -> Option<Result<bool, Unknown<'r>>> {
        None
    }

    fn derived(&self, _: RecordRef, _: FieldId) -> Option<&Plan> {
        None
    }

    fn collection<'r>(&'r self, _: RecordType, _: &'r Bump) -> Value<'r> {
        Value::Error("there is no snapshot")
    }

    fn matching<'r>(&'r self, _: LookUp, _: Value<'r>, _: &'r Bump) -> Option<Matches<'r>> {
        None
    }

    fn origin(&self, _: u32) -> Option<&Origin> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}
