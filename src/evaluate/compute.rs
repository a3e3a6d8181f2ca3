//! Derived fields that are single values, computed once for every row.

use std::collections::HashMap;

use bumpalo::Bump;
use rayon::prelude::*;

use super::table::{Cell, Computed, Stored, Tables};
use crate::catalog::{Derived, FieldId, RecordType};
use crate::expr::{Cause, Origin, OriginId, Plan, RecordRef, Records, Value, run};
use crate::policy::derived::derived;

/// Rows computed together.
const CHUNK: u32 = 4096;

/// Computes a derived field of every row of its type.
pub(super) fn compute(tables: &mut Tables, ty: RecordType, field: FieldId, spec: &Derived) {
    let Some(plan) = derived(ty, field) else { return };
    let name = ty
        .info()
        .fields
        .get(usize::from(field))
        .map_or("", |field| field.name.as_str());
    let otherwise = spec.otherwise.as_deref().and_then(Cause::parse).map(|cause| {
        let about = format!("{}.{name}", ty.name());
        tables.add_origin(Origin {
            cause,
            about,
            needs: None,
            detail: None,
        })
    });
    let rows = tables.rows(ty);
    let shared: &Tables = tables;
    let parts: Vec<Part> = (0..rows.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            part(
                shared,
                ty,
                plan,
                chunk * CHUNK..((chunk + 1) * CHUNK).min(rows),
                otherwise,
            )
        })
        .collect();
    let computed = join(parts);
    if let Some(table) = tables.tables.get_mut(ty.index()) {
        table.set(field, Stored::Computed(computed));
    }
}

/// Computed cells of some rows, with texts and sets of their own.
#[derive(Default)]
struct Part {
    cells: Vec<Cell>,
    texts: Vec<String>,
    sets: Vec<Vec<OriginId>>,
}

fn part(
    tables: &Tables,
    ty: RecordType,
    plan: &'static Plan,
    rows: std::ops::Range<u32>,
    otherwise: Option<OriginId>,
) -> Part {
    let mut out = Part::default();
    let mut texts: HashMap<String, u32> = HashMap::new();
    let mut sets: HashMap<Vec<OriginId>, u32> = HashMap::new();
    let mut arena = Bump::new();
    for row in rows {
        let variables = [Value::Record(RecordRef { ty, row }), Value::Timestamp(tables.now())];
        let value = run(plan, &variables, tables, &arena);
        let cell = match (value, otherwise) {
            (Value::Null, Some(origin)) => Cell::Unknown(number(vec![origin], &mut sets, &mut out.sets)),
            (Value::Null, None) => Cell::Null,
            (Value::Bool(value), _) => Cell::Bool(value),
            (Value::Int(value), _) => Cell::Int(value),
            (Value::Double(value), _) => Cell::Double(value),
            (Value::Timestamp(at), _) => Cell::Timestamp(at.micros()),
            (Value::Record(record), _) => Cell::Record(record),
            (Value::String(text), _) => Cell::String(number(text.to_owned(), &mut texts, &mut out.texts)),
            (Value::Unknown(why), _) => Cell::Unknown(number(why.origins.to_vec(), &mut sets, &mut out.sets)),
            (Value::Interval(interval), _) => {
                Cell::Unknown(number(interval.why.origins.to_vec(), &mut sets, &mut out.sets))
            }
            (Value::Error(message), _) => Cell::Error(number(message.to_owned(), &mut texts, &mut out.texts)),
            _ => Cell::Error(number(
                "a derived field yields a single value".to_owned(),
                &mut texts,
                &mut out.texts,
            )),
        };
        out.cells.push(cell);
        arena.reset();
    }
    out
}

/// Number of an item, added to the list when new.
fn number<T: Clone + Eq + std::hash::Hash>(item: T, numbers: &mut HashMap<T, u32>, list: &mut Vec<T>) -> u32 {
    if let Some(number) = numbers.get(&item) {
        return *number;
    }
    let number = u32::try_from(list.len()).unwrap_or(u32::MAX);
    list.push(item.clone());
    numbers.insert(item, number);
    number
}

/// Puts the parts together in order, each text and set once.
fn join(parts: Vec<Part>) -> Computed {
    let (mut texts, mut sets) = (HashMap::new(), HashMap::new());
    let (mut all_texts, mut all_sets): (Vec<String>, Vec<Vec<OriginId>>) = (Vec::new(), Vec::new());
    let mut cells = Vec::with_capacity(parts.iter().map(|part| part.cells.len()).sum());
    for part in parts {
        let text_numbers: Vec<u32> = part
            .texts
            .into_iter()
            .map(|text| number(text, &mut texts, &mut all_texts))
            .collect();
        let set_numbers: Vec<u32> = part
            .sets
            .into_iter()
            .map(|set| number(set, &mut sets, &mut all_sets))
            .collect();
        let text = |at: u32| text_numbers.get(at as usize).copied().unwrap_or_default();
        let set = |at: u32| set_numbers.get(at as usize).copied().unwrap_or_default();
        cells.extend(part.cells.into_iter().map(|cell| match cell {
            Cell::String(at) => Cell::String(text(at)),
            Cell::Error(at) => Cell::Error(text(at)),
            Cell::Unknown(at) => Cell::Unknown(set(at)),
            other => other,
        }));
    }
    Computed {
        cells,
        texts: all_texts.into_iter().map(String::into_boxed_str).collect(),
        sets: all_sets.into_iter().map(Vec::into_boxed_slice).collect(),
    }
}
