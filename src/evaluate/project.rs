//! Projection: parses lines of a snapshot straight into columns, reading only the fields that something needs.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::column::{Column, RecordColumns, State};
use crate::expr::time::Timestamp;
use crate::snapshot::object::repaired;

/// Parses whole lines into the columns. The error names the line within the chunk, from 0, and the fault.
pub(super) fn lines(chunk: &[u8], columns: &mut RecordColumns) -> Result<(), (usize, String)> {
    for (number, line) in split_lines(chunk).enumerate() {
        if line.is_empty() {
            continue;
        }
        let rows = columns.rows;
        // Checked at once, a line takes a fraction of what its many short texts would.
        if std::str::from_utf8(line).is_ok_and(|line| parse(line, columns).is_ok()) {
            continue;
        }
        // Rare: something in it is no text.
        columns.truncate(rows);
        parse(&repaired(line), columns).map_err(|error| (number, error.to_string()))?;
    }
    Ok(())
}

/// Lines without their ends.
fn split_lines(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', chunk).chain([chunk.len()]).map(move |end| {
        let line = chunk.get(start..end).unwrap_or_default();
        start = end + 1;
        line
    })
}

fn parse(line: &str, columns: &mut RecordColumns) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    LineSeed { columns }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// `{"parent": …, "object": {…}}`
struct LineSeed<'a> {
    columns: &'a mut RecordColumns,
}

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for LineSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line with `parent` and `object`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let (mut parent, mut seen): (Option<String>, bool) = (None, false);
        while let Some(key) = access.next_key::<Key>()? {
            match key.0.as_ref() {
                "parent" => parent = access.next_value()?,
                "object" if !seen => {
                    seen = true;
                    access.next_value_seed(RecordSeed { columns: self.columns })?;
                }
                _ => return Err(A::Error::custom("a line has `parent` and `object`, each once")),
            }
        }
        if !seen {
            return Err(A::Error::custom("the line has no `object`"));
        }
        if let Some(parents) = &mut self.columns.parents {
            let text = parent.as_deref().unwrap_or_default();
            parents.push(text);
        }
        Ok(())
    }
}

/// A key, borrowed when it has no escapes.
struct Key<'de>(std::borrow::Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(key.into()))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(key.to_owned().into()))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// An object, into a row.
struct RecordSeed<'a> {
    columns: &'a mut RecordColumns,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        object(access, self.columns)
    }
}

/// Reads the properties of an object into the next row; those that no column wants are skipped.
fn object<'de, A: MapAccess<'de>>(mut access: A, columns: &mut RecordColumns) -> Result<(), A::Error> {
    let row = columns.rows as usize;
    columns.rows += 1;
    // APIs keep the order of properties, so the search starts where the last one was found.
    let mut next = 0;
    while let Some(key) = access.next_key::<Key>()? {
        let count = columns.fields.len();
        let found = (next..count)
            .chain(0..next)
            .find(|at| columns.fields.get(*at).is_some_and(|(_, name, _)| *name == key.0));
        let column = found
            .and_then(|at| columns.fields.get_mut(at))
            .map(|(_, _, column)| column);
        match (found, column) {
            (Some(at), Some(column)) if column.len() == row => {
                next = at + 1;
                access.next_value_seed(CellSeed { column })?;
            }
            (Some(_), _) => return Err(A::Error::custom(format!("the key `{}` stands twice", key.0))),
            _ => {
                access.next_value::<IgnoredAny>()?;
            }
        }
    }
    for (_, _, column) in &mut columns.fields {
        if column.len() == row {
            column.push_state(State::Absent);
        }
    }
    Ok(())
}

/// A value, into the next cell of a column.
struct CellSeed<'a> {
    column: &'a mut Column,
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if matches!(self.column, Column::Json(_)) {
            let raw = <&RawValue>::deserialize(deserializer)?.get();
            if raw == "null" {
                self.column.push_state(State::Null);
            } else {
                self.column.push_text(raw);
            }
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.column.push_state(State::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.column.push_bool(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.column.push_int(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.column.push_int(value),
            Err(_) => self.column.push_state(State::Wrong),
        }
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.column.push_double(value);
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        if matches!(self.column, Column::Timestamp(_)) {
            self.column.push_micros(Timestamp::parse(value).map(Timestamp::micros));
        } else if matches!(self.column, Column::String(_)) {
            self.column.push_text(value);
        } else {
            self.column.push_state(State::Wrong);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        match self.column {
            Column::Items(_, items) => while access.next_element_seed(CellSeed { column: items })?.is_some() {},
            Column::Rows(_, record) => while access.next_element_seed(ElementSeed { columns: record })?.is_some() {},
            other => {
                while access.next_element::<IgnoredAny>()?.is_some() {}
                other.push_state(State::Wrong);
                return Ok(());
            }
        }
        self.column.end_list();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        if let Column::Nested(states, record) = self.column {
            states.push(State::Value);
            return object(access, record);
        }
        while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.column.push_state(State::Wrong);
        Ok(())
    }
}

/// An element of a list of objects; anything but an object is a row of wrong cells.
struct ElementSeed<'a> {
    columns: &'a mut RecordColumns,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Visitor methods for what should have been an object.
macro_rules! not_an_object {
    ($($method:ident($ty:ty)),*) => {
        $(fn $method<E>(self, _: $ty) -> Result<(), E> {
            self.columns.push_absent(State::Wrong);
            Ok(())
        })*
    };
}

impl<'de> Visitor<'de> for ElementSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    not_an_object!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str)
    );

    fn visit_unit<E>(self) -> Result<(), E> {
        self.columns.push_absent(State::Wrong);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        self.columns.push_absent(State::Wrong);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        object(access, self.columns)
    }
}
