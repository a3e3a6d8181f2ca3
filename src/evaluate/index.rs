//! Indexes: the rows of a type by the value of a field.

use std::hash::BuildHasher;

use bumpalo::Bump;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::table::Tables;
use crate::catalog::{FieldId, RecordType};
use crate::expr::{RecordRef, Records, Value};

/// Rows of a type grouped by the value of a field.
#[derive(Debug)]
pub(super) struct Index {
    ty: RecordType,
    field: FieldId,
    fold: bool,
    hasher: DefaultHashBuilder,
    groups: HashTable<u32>,
    /// First row in `rows` of each group, and the end.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Rows whose own value is not known.
    maybe: Vec<u32>,
}

/// What an index found.
pub(super) struct Found<'i> {
    pub(super) rows: &'i [u32],
    pub(super) maybe: &'i [u32],
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
            starts: Vec::new(),
            rows: Vec::new(),
            maybe: Vec::new(),
        };
        index.group(tables, count);
        index
    }

    fn group(&mut self, tables: &Tables, count: u32) {
        let arena = Bump::new();
        // First pass: the group of each row, named by its first row until groups are numbered.
        let mut group_of = vec![u32::MAX; count as usize];
        let mut firsts: Vec<u32> = Vec::new();
        let mut groups = std::mem::take(&mut self.groups);
        for row in 0..count {
            let Some(key) = self.key(tables, row, &arena) else {
                self.maybe.push(row);
                continue;
            };
            if self.fold && key == Key::Null {
                continue;
            }
            let hash = key.hash(&self.hasher, self.fold);
            let same = |group: &u32| {
                let first = firsts.get(*group as usize).copied().unwrap_or_default();
                self.key(tables, first, &arena)
                    .is_some_and(|found| found.same(&key, self.fold))
            };
            let group = match groups.find(hash, same) {
                Some(group) => *group,
                None => {
                    let group = u32::try_from(firsts.len()).unwrap_or(u32::MAX);
                    firsts.push(row);
                    let rehash = |group: &u32| {
                        let first = firsts.get(*group as usize).copied().unwrap_or_default();
                        self.key(tables, first, &arena)
                            .map_or(0, |key| key.hash(&self.hasher, self.fold))
                    };
                    groups.insert_unique(hash, group, rehash);
                    group
                }
            };
            if let Some(slot) = group_of.get_mut(row as usize) {
                *slot = group;
            }
        }
        self.groups = groups;
        self.fill(&group_of, firsts.len());
    }

    /// Second pass: rows side by side, group after group.
    fn fill(&mut self, group_of: &[u32], groups: usize) {
        let mut starts = vec![0_u32; groups + 1];
        for group in group_of {
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
        for (row, group) in group_of.iter().enumerate() {
            let Some(at) = next.get_mut(*group as usize).filter(|_| (*group as usize) < groups) else {
                continue;
            };
            if let Some(slot) = rows.get_mut(*at as usize) {
                *slot = u32::try_from(row).unwrap_or(u32::MAX);
            }
            *at += 1;
        }
        self.starts = starts;
        self.rows = rows;
    }

    fn key<'v>(&self, tables: &'v Tables, row: u32, arena: &'v Bump) -> Option<Key<'v>> {
        Key::of(tables.field(RecordRef { ty: self.ty, row }, self.field, arena))
    }

    /// Rows with a value, and rows that may have it.
    pub(super) fn get<'i>(&'i self, tables: &Tables, key: &Key<'_>) -> Found<'i> {
        let arena = Bump::new();
        let hash = key.hash(&self.hasher, self.fold);
        let group = self.groups.find(hash, |group| {
            let first = self
                .starts
                .get(*group as usize)
                .and_then(|start| self.rows.get(*start as usize));
            first.is_some_and(|row| {
                self.key(tables, *row, &arena)
                    .is_some_and(|found| found.same(key, self.fold))
            })
        });
        let rows = group.and_then(|group| {
            let start = *self.starts.get(*group as usize)? as usize;
            let end = *self.starts.get(*group as usize + 1)? as usize;
            self.rows.get(start..end)
        });
        Found {
            rows: rows.unwrap_or_default(),
            maybe: &self.maybe,
        }
    }
}
