//! Tables that come with the program, as columns, and the rows that a snapshot adds to them.

use std::collections::{BTreeSet, HashSet};

use super::column::{Column, RecordColumns, State};
use super::load::Loaded;
use crate::catalog::{FieldId, FieldType, Origin as FieldOrigin, RecordType, Resource, Supply, catalog, reference};

/// The columns of a table that comes with the program.
pub(super) fn columns_of(ty: RecordType, name: &str, wanted: &impl Fn(RecordType) -> Vec<FieldId>) -> RecordColumns {
    let mut columns = RecordColumns::new(ty, wanted);
    let Some(table) = reference(name) else { return columns };
    for row in &table.rows {
        columns.rows += 1;
        for (_, field, column) in &mut columns.fields {
            let at = table.columns.iter().position(|name| name == field);
            let cell = at.and_then(|at| row.get(at)).map_or("", String::as_str);
            push(column, cell);
        }
    }
    columns
}

fn push(column: &mut Column, cell: &str) {
    match column {
        Column::Items(_, items) => {
            for part in cell.split(' ').filter(|part| !part.is_empty()) {
                push(items, part);
            }
            column.end_list();
        }
        _ if cell.is_empty() => column.push_state(State::Null),
        _ => column.push_text(cell),
    }
}

/// Adds to a reference table what always-links lead to and it does not have: a row with nothing but the key.
pub(super) fn grow(ty: RecordType, columns: &mut RecordColumns, loaded: &[(&'static Resource, Loaded)]) {
    let Some((key_at, key_name)) = always_key(ty) else {
        return;
    };
    let known: HashSet<String> = match catalog_keys(ty, key_name) {
        Some(keys) => keys,
        None => return,
    };
    let mut found = BTreeSet::new();
    for (_, loaded) in loaded {
        keys_to(ty, &loaded.columns, &mut found);
    }
    let mut added = BTreeSet::new();
    for text in found {
        let folded = text.to_lowercase();
        if known.contains(&folded) || !added.insert(folded) {
            continue;
        }
        columns.rows += 1;
        for (id, _, column) in &mut columns.fields {
            match (*id == key_at, &column) {
                (true, _) => column.push_text(text),
                // Nothing is known of it: its texts are null, but a list of nothing would be a statement.
                (_, Column::Items(..)) => column.push_state(State::Absent),
                _ => push(column, ""),
            }
        }
    }
}

/// The field that always-links to a type compare, if there are such links.
fn always_key(ty: RecordType) -> Option<(FieldId, &'static str)> {
    catalog()
        .records()
        .iter()
        .flat_map(|record| &record.fields)
        .find_map(|field| match &field.origin {
            FieldOrigin::Link(link) if link.always && link.to == ty => {
                let key = link.on.first()?.to;
                Some((key, ty.info().fields.get(usize::from(key))?.name.as_str()))
            }
            _ => None,
        })
}

/// Lower-cased keys of the reference table as it comes.
fn catalog_keys(ty: RecordType, key: &str) -> Option<HashSet<String>> {
    let Supply::Reference(name) = ty.resource()?.supply else {
        return None;
    };
    let table = reference(name)?;
    let at = table.columns.iter().position(|column| *column == key)?;
    Some(
        table
            .rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.to_lowercase())
            .collect(),
    )
}

/// The keys with which records of a type, or nested in it, point at another type that always answers.
fn keys_to<'c>(to: RecordType, columns: &'c RecordColumns, found: &mut BTreeSet<&'c str>) {
    for field in &columns.ty.info().fields {
        let FieldOrigin::Link(link) = &field.origin else {
            continue;
        };
        if !link.always || link.to != to {
            continue;
        }
        let key = link.on.first().and_then(|key| key.from.first());
        let column = columns.fields.iter().find(|(id, _, _)| Some(id) == key);
        if let Some((_, _, Column::String(texts))) = column {
            found.extend(texts.occurring());
        }
    }
    for (id, _, column) in &columns.fields {
        if let Column::Nested(_, inner) | Column::Rows(_, inner) = column {
            debug_assert!(matches!(
                columns.ty.info().fields.get(usize::from(*id)).map(|field| &field.ty),
                Some(FieldType::Record(_) | FieldType::List(_))
            ));
            keys_to(to, inner, found);
        }
    }
}
