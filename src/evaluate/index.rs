//! Indexes: the rows of a type by the value of a field, or by each element of a field that is a list.

use std::hash::BuildHasher;

use bumpalo::Bump;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::table::Tables;
use crate::catalog::{FieldId, RecordType};
use crate::expr::{Evaluator, OriginId, RecordRef, Records, Value};

/// Rows of a type grouped by the value of a field.
#[derive(Debug)]
pub(super) struct Index {
    ty: RecordType,
    field: FieldId,
    fold: bool,
    hasher: DefaultHashBuilder,
    groups: HashTable<u32>,
    /// Where each group's value stands, and its hash.
    places: Vec<(Place, u64)>,
    /// First row in `rows` of each group, and the end.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Rows whose own value is not known, or not known to its end.
    maybe: Vec<u32>,
    /// Why they are not.
    maybe_why: Vec<OriginId>,
}

/// Where a value stands: in which row, and there as which element; the first where the field is no list.
#[derive(Clone, Copy, Debug)]
struct Place {
    row: u32,
    element: u32,
}

/// What an index found.
pub(super) struct Found<'i> {
    pub(super) rows: &'i [u32],
    pub(super) maybe: &'i [u32],
    pub(super) maybe_why: &'i [OriginId],
}

/// A value that can be looked up. Numbers of different types that are equal are the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'v str),
    Record(RecordRef),
}

impl<'v> Key<'v> {
    /// The key that a value is; `None` when values of its type cannot be looked up.
    pub(super) fn of(value: Value<'v>) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::Uint(value) => Self::Int(i64::try_from(value).ok()?),
            Value::String(text) => Self::Text(text),
            Value::Record(record) => Self::Record(record),
            _ => return None,
        })
    }

    fn hash(&self, hasher: &DefaultHashBuilder, fold: bool) -> u64 {
        match self {
            Self::Null => 1,
            Self::Bool(value) => hasher.hash_one((2, *value)),
            Self::Int(value) => hasher.hash_one((3, *value)),
            Self::Text(text) if fold => fold_hash(text, hasher),
            Self::Text(text) => hasher.hash_one(text),
            Self::Record(record) => hasher.hash_one(record),
        }
    }

    fn same(&self, other: &Self, fold: bool) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) if fold => {
                a == b
                    || if a.is_ascii() && b.is_ascii() {
                        a.eq_ignore_ascii_case(b)
                    } else {
                        folded(a).eq(folded(b))
                    }
            }
            _ => self == other,
        }
    }
}

/// Lower-cased characters, as both vendors compare names.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

fn fold_hash(text: &str, hasher: &DefaultHashBuilder) -> u64 {
    let plain = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if plain {
        hasher.hash_one(text)
    } else {
        hasher.hash_one(folded(text).collect::<String>().as_str())
    }
}

impl Index {
    /// Groups the rows; with `fold`, texts that differ in case only are one, and null is left out.
    pub(super) fn build(tables: &Tables, ty: RecordType, field: FieldId, fold: bool) -> Self {
        let count = tables.rows(ty);
        let mut index = Self {
            ty,
            field,
            fold,
            hasher: DefaultHashBuilder::default(),
            groups: HashTable::with_capacity(count as usize),
            places: Vec::new(),
            starts: Vec::new(),
            rows: Vec::new(),
            maybe: Vec::new(),
            maybe_why: Vec::new(),
        };
        index.group(tables, count);
        index
    }

    fn group(&mut self, tables: &Tables, count: u32) {
        let mut arena = Bump::new();
        // First pass: the groups of each row.
        let mut found: Vec<(u32, u32)> = Vec::with_capacity(count as usize);
        for row in 0..count {
            match self.keys(tables, row, &arena) {
                None => {
                    self.maybe.push(row);
                    self.note_why(self.value(tables, row, &arena), &arena);
                }
                Some(keys) => {
                    let (before, several) = (found.len(), keys.len() > 1);
                    for (element, key) in (0..).zip(keys) {
                        let group = key.and_then(|key| self.group_of(tables, Place { row, element }, &key, &arena));
                        found.extend(group.map(|group| (row, group)));
                    }
                    // A list may have an element twice.
                    if several {
                        let mut groups = found.split_off(before);
                        groups.sort_unstable();
                        groups.dedup();
                        found.append(&mut groups);
                    }
                }
            }
            arena.reset();
        }
        self.fill(&found);
    }

    /// Keeps why a value is not known, each reason once.
    fn note_why(&mut self, value: Value<'_>, arena: &Bump) {
        let why = match value {
            Value::List(list) => list.unsettled(arena),
            Value::Unknown(why) => Some(why),
            _ => None,
        };
        for origin in why.map_or(&[][..], |why| why.origins) {
            if !self.maybe_why.contains(origin) {
                self.maybe_why.push(*origin);
            }
        }
    }

    /// The group of a value, a new one if it is the first of its kind.
    fn group_of(&mut self, tables: &Tables, place: Place, key: &Key<'_>, arena: &Bump) -> Option<u32> {
        if self.fold && *key == Key::Null {
            return None;
        }
        let hash = key.hash(&self.hasher, self.fold);
        if let Some(group) = self.find(tables, hash, key, arena) {
            return Some(group);
        }
        let group = u32::try_from(self.places.len()).ok()?;
        self.places.push((place, hash));
        let hash_of = |group: &u32| self.places.get(*group as usize).map_or(0, |(_, hash)| *hash);
        self.groups.insert_unique(hash, group, hash_of);
        Some(group)
    }

    /// Second pass: rows side by side, group after group.
    fn fill(&mut self, found: &[(u32, u32)]) {
        let mut starts = vec![0_u32; self.places.len() + 1];
        for (_, group) in found {
            if let Some(count) = starts.get_mut(*group as usize + 1) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut next = starts.clone();
        let mut rows = vec![0; total as usize];
        for (row, group) in found {
            let Some(at) = next.get_mut(*group as usize) else {
                continue;
            };
            if let Some(slot) = rows.get_mut(*at as usize) {
                *slot = *row;
            }
            *at += 1;
        }
        self.starts = starts;
        self.rows = rows;
    }

    /// The value of a row, or its elements, what nobody looks up left empty; none where they are not known.
    fn keys<'v>(&self, tables: &'v Tables, row: u32, arena: &'v Bump) -> Option<Vec<Option<Key<'v>>>> {
        match self.value(tables, row, arena) {
            Value::List(list) if list.unsettled(arena).is_some() => None,
            Value::List(list) => Some(list.iter().map(Key::of).collect()),
            value => Some(vec![Some(Key::of(value)?)]),
        }
    }

    fn value<'v>(&self, tables: &'v Tables, row: u32, arena: &'v Bump) -> Value<'v> {
        let record = RecordRef { ty: self.ty, row };
        match tables.derived(record, self.field) {
            Some(plan) => {
                let variables = [Value::Record(record), Value::Timestamp(tables.now())];
                Evaluator::new(tables, arena).plan(plan, &variables)
            }
            None => tables.field(record, self.field, arena),
        }
    }

    /// The value that a group is of.
    fn key_of<'v>(&self, tables: &'v Tables, group: u32, arena: &'v Bump) -> Option<Key<'v>> {
        let (place, _) = self.places.get(group as usize)?;
        match self.value(tables, place.row, arena) {
            Value::List(list) => list.get(place.element as usize).and_then(Key::of),
            value => Key::of(value),
        }
    }

    /// The group of a value.
    fn find(&self, tables: &Tables, hash: u64, key: &Key<'_>, arena: &Bump) -> Option<u32> {
        let same = |group: &u32| {
            self.places
                .get(*group as usize)
                .is_some_and(|(_, known)| *known == hash)
                && self
                    .key_of(tables, *group, arena)
                    .is_some_and(|known| known.same(key, self.fold))
        };
        self.groups.find(hash, same).copied()
    }

    /// Rows with a value, and rows that may have it.
    pub(super) fn get<'i>(&'i self, tables: &Tables, key: &Key<'_>) -> Found<'i> {
        let arena = Bump::new();
        let hash = key.hash(&self.hasher, self.fold);
        let rows = self.find(tables, hash, key, &arena).and_then(|group| {
            let start = *self.starts.get(group as usize)? as usize;
            let end = *self.starts.get(group as usize + 1)? as usize;
            self.rows.get(start..end)
        });
        Found {
            rows: rows.unwrap_or_default(),
            maybe: &self.maybe,
            maybe_why: &self.maybe_why,
        }
    }
}
