//! Links: which record of another type a record belongs with.

use std::collections::HashMap;

use bumpalo::Bump;
use rayon::prelude::*;

use super::index::{Index, Key};
use super::table::{Cell, Computed, Links, MAX_LINK_SETS, NO_LINK, OriginSet, Stored, Tables, UNKNOWN_LINK};
use crate::catalog::{FieldId, Link, Origin as FieldOrigin, RecordType};
use crate::expr::{Cause, Origin, OriginId, RecordRef, Records, Value};

/// Rows handled together.
const CHUNK: u32 = 8192;

/// How the link of one row came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    None,
    One { row: u32, key: u8 },
    Several { key: u8 },
    Disagree,
    Unknown,
}

/// Finds where every link of a field leads.
pub(super) fn resolve(
    tables: &mut Tables,
    ty: RecordType,
    field: FieldId,
    link: &'static Link,
    matched: Option<FieldId>,
) {
    let name = ty
        .info()
        .fields
        .get(usize::from(field))
        .map_or("", |field| field.name.as_str());
    let keys: Vec<&str> = link.on.iter().map(|key| key.from_name.as_str()).collect();
    let ambiguous = tables.add_origin(Origin {
        cause: Cause::AmbiguousMatch,
        about: format!("{}.{name}", ty.name()),
        needs: None,
        detail: Some(keys.join(", ")),
    });
    let indexes: Vec<Index> = link
        .on
        .par_iter()
        .map(|key| Index::build(tables, link.to, key.to, true))
        .collect();
    let finder = Finder {
        tables,
        ty,
        link,
        indexes,
    };
    let rows = tables.rows(ty);
    let chunks: Vec<Vec<(Outcome, Vec<OriginId>)>> = (0..rows.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let mut arena = Bump::new();
            let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(rows);
            range
                .map(|row| {
                    let found = finder.find(row, &arena);
                    arena.reset();
                    found
                })
                .collect()
        })
        .collect();
    let mut outcomes: Vec<(Outcome, Vec<OriginId>)> = chunks.into_iter().flatten().collect();
    if link.always {
        let about = format!("{}.{name}", ty.name());
        let missing = tables.add_origin(Origin {
            cause: Cause::Absent,
            about,
            needs: None,
            detail: None,
        });
        for outcome in outcomes.iter_mut().filter(|(outcome, _)| *outcome == Outcome::None) {
            *outcome = (Outcome::Unknown, vec![missing]);
        }
    }
    let links = links(&outcomes, ambiguous);
    let Some(table) = tables.tables.get_mut(ty.index()) else {
        return;
    };
    table.set(field, Stored::Link { to: link.to, links });
    if let Some(matched) = matched {
        describe(tables, ty, matched, link, &outcomes);
    }
}

struct Finder<'t> {
    tables: &'t Tables,
    ty: RecordType,
    link: &'static Link,
    indexes: Vec<Index>,
}

impl Finder<'_> {
    /// Follows the keys, the surest first.
    ///
    /// The first key that leads somewhere decides; a later key that leads elsewhere contradicts it. When the target was
    /// not read whole, a key that found nothing might have found something in the rest.
    fn find(&self, row: u32, arena: &Bump) -> (Outcome, Vec<OriginId>) {
        let open = self.tables.open(self.link.to);
        let mut found: Option<(u32, u8)> = None;
        let mut outcome = None;
        let mut why: Vec<OriginId> = Vec::new();
        for (number, (key, index)) in self.link.on.iter().zip(&self.indexes).enumerate() {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            let text = match self.value(row, &key.from, arena) {
                Value::String(text) => text,
                Value::Unknown(unknown) => {
                    why.extend_from_slice(unknown.origins);
                    continue;
                }
                _ => continue,
            };
            let hits = index.get(self.tables, &Key::Text(text));
            why.extend_from_slice(hits.maybe_why);
            match (hits.rows, found) {
                ([], _) => why.extend(open.into_iter().flatten()),
                ([only], None) => found = Some((*only, number)),
                ([only], Some((row, _))) if *only == row => {}
                (_, None) => {
                    outcome.get_or_insert(Outcome::Several { key: number });
                }
                (_, Some(_)) => {
                    outcome.get_or_insert(Outcome::Disagree);
                }
            }
        }
        match (outcome, found) {
            (Some(ambiguous), _) => (ambiguous, Vec::new()),
            (None, _) if !why.is_empty() => (Outcome::Unknown, why),
            (None, Some((row, key))) => (Outcome::One { row, key }, why),
            (None, None) => (Outcome::None, why),
        }
    }

    /// The value at the end of a path of nested objects.
    fn value<'r>(&'r self, row: u32, path: &[FieldId], arena: &'r Bump) -> Value<'r> {
        let start = Value::Record(RecordRef { ty: self.ty, row });
        path.iter().fold(start, |value, field| match value {
            Value::Record(record) => self.tables.field(record, *field, arena),
            other => other,
        })
    }
}

fn links(outcomes: &[(Outcome, Vec<OriginId>)], ambiguous: OriginId) -> Links {
    let mut sets: Vec<OriginSet> = vec![Box::new([ambiguous])];
    let mut numbers: HashMap<Vec<OriginId>, usize> = HashMap::new();
    let rows = outcomes
        .iter()
        .map(|(outcome, why)| match outcome {
            Outcome::None => NO_LINK,
            Outcome::One { row, .. } => *row,
            Outcome::Several { .. } | Outcome::Disagree => UNKNOWN_LINK,
            Outcome::Unknown => {
                let number = set_number(why, &mut sets, &mut numbers);
                UNKNOWN_LINK - u32::try_from(number).unwrap_or_default()
            }
        })
        .collect();
    Links { rows, sets }
}

/// Number of a set of reasons, made when new. Past the limit all reasons seen so far stand together.
fn set_number(why: &[OriginId], sets: &mut Vec<OriginSet>, numbers: &mut HashMap<Vec<OriginId>, usize>) -> usize {
    let mut why = why.to_vec();
    why.sort_unstable();
    why.dedup();
    if let Some(number) = numbers.get(&why) {
        return *number;
    }
    if sets.len() >= MAX_LINK_SETS {
        return sets.len() - 1;
    }
    sets.push(why.clone().into_boxed_slice());
    numbers.insert(why, sets.len() - 1);
    sets.len() - 1
}

/// Fills the records that say how a link was made.
fn describe(tables: &mut Tables, ty: RecordType, matched: FieldId, link: &Link, outcomes: &[(Outcome, Vec<OriginId>)]) {
    let record = ty.info().fields.get(usize::from(matched)).map(|field| &field.ty);
    let Some(crate::catalog::FieldType::Record(record)) = record else {
        return;
    };
    let words = ["none", "one", "several", "disagree"];
    let texts = words
        .into_iter()
        .chain(link.on.iter().map(|key| key.from_name.as_str()));
    let texts: Vec<Box<str>> = texts.map(Into::into).collect();
    let key_text = |key: u8| Cell::String(u32::from(key) + 4);
    let mut sets = Vec::new();
    let mut numbers = HashMap::new();
    let (mut outcome_cells, mut key_cells) = (Vec::new(), Vec::new());
    for (outcome, why) in outcomes {
        let (outcome, key) = match outcome {
            Outcome::None => (Cell::String(0), Cell::Null),
            Outcome::One { key, .. } => (Cell::String(1), key_text(*key)),
            Outcome::Several { key } => (Cell::String(2), key_text(*key)),
            Outcome::Disagree => (Cell::String(3), Cell::Null),
            Outcome::Unknown => {
                let number = u32::try_from(set_number(why, &mut sets, &mut numbers)).unwrap_or_default();
                (Cell::Unknown(number), Cell::Unknown(number))
            }
        };
        outcome_cells.push(outcome);
        key_cells.push(key);
    }
    let Some(table) = tables.tables.get_mut(record.index()) else {
        return;
    };
    table.rows = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
    for (id, cells) in [(0, outcome_cells), (1, key_cells)] {
        table.set(
            id,
            Stored::Computed(Computed {
                cells,
                texts: texts.clone(),
                sets: sets.clone(),
            }),
        );
    }
}

/// The field that says how a link was made, if the record has one.
pub(super) fn match_of(ty: RecordType, link: FieldId) -> Option<FieldId> {
    let at = ty
        .info()
        .fields
        .iter()
        .position(|field| matches!(field.origin, FieldOrigin::Match { link: of } if of == link))?;
    FieldId::try_from(at).ok()
}
