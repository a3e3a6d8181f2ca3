//! Which parents a type is read for that is read once for each.

use bumpalo::Bump;
use serde::Deserialize;
use serde_json::Value as Json;

use super::object::repaired;
use super::read::Lines;
use crate::catalog::{PerParent, RecordType};
use crate::diagnostic::Diagnostic;
use crate::expr::{Compiled, NoRecords, Scope, Type, Value, compile, from_json, run};

/// A parent: what it was listed under itself, and its object.
#[derive(Deserialize)]
pub struct Parent {
    /// What it was listed under.
    pub parent: Option<String>,
    /// Its object.
    pub object: Json,
}

/// Gives the records of a file, some at a time.
///
/// # Errors
/// When the file is damaged, or holds something other than lines of a snapshot.
pub(super) fn each_batch(mut lines: Lines, mut take: impl FnMut(&[Parent])) -> Result<(), Diagnostic> {
    while let Some(chunk) = lines.next_chunk()? {
        let each = chunk.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let records: Result<Vec<Parent>, _> = each.map(record).collect();
        let damaged = |error| lines.damaged(&format!("a line of it is not a line of a snapshot: {error}"));
        take(&records.map_err(damaged)?);
    }
    Ok(())
}

fn record(line: &[u8]) -> serde_json::Result<Parent> {
    serde_json::from_slice(line).or_else(|_| serde_json::from_str(&repaired(line)))
}

/// Whom a type is asked for that is read once for each parent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Keys of the parents.
    pub keys: Vec<String>,
    /// Parents that cannot be asked for: they have no key, or one that would change the path, which is no key of any
    /// vendor.
    pub without_key: u64,
}

impl Asked {
    /// Why those of a type are not all; none when they are.
    pub fn shortfall(&self, per: &PerParent) -> Option<String> {
        let (parent, key) = (per.parent.name(), &per.key);
        (self.without_key > 0).then(|| {
            let many = self.without_key;
            format!("{many} of {parent} cannot be asked for: no `{key}` in them makes a path")
        })
    }

    fn add(&mut self, more: Self) {
        self.keys.extend(more.keys);
        self.without_key += more.without_key;
    }
}

/// The parents in a file that are asked.
///
/// # Errors
/// When the file is damaged.
pub fn asked_in(lines: Lines, per: &PerParent) -> Result<Asked, Diagnostic> {
    let mut all = Asked::default();
    each_batch(lines, |records| all.add(asked(per, records)))?;
    Ok(all)
}

/// The parents that are asked: those for which the catalogue's condition holds.
pub fn asked(per: &PerParent, parents: &[Parent]) -> Asked {
    let condition = per.filter.as_ref().map(|cel| Condition::new(per.parent, cel));
    // Whoever cannot be told apart is asked: one call too many does no harm, one too few would.
    let wanted = |object: &Json| {
        let held = condition.as_ref().and_then(|condition| condition.holds(object));
        held != Some(false)
    };
    let mut asked = Asked::default();
    for parent in parents.iter().filter(|parent| wanted(&parent.object)) {
        let key = per.key_of(parent.parent.as_deref(), &parent.object);
        match key.filter(|key| per.fits(key)) {
            Some(key) => asked.keys.push(key),
            None => asked.without_key += 1,
        }
    }
    asked
}

/// A condition of the program's own on one object of a vendor.
pub(super) struct Condition(Compiled);

impl Condition {
    /// Compiles it; the object is called as in policies.
    pub(super) fn new(record: RecordType, cel: &str) -> Self {
        let variable = record.info().variable.as_str();
        Self(compile(cel, &Scope::new().with(variable, Type::Dyn)))
    }

    /// Whether it holds; none when it cannot be told.
    pub(super) fn holds(&self, object: &Json) -> Option<bool> {
        let arena = Bump::new();
        match run(self.0.plan.as_ref()?, &[from_json(object, &arena)], &NoRecords, &arena) {
            Value::Bool(held) => Some(held),
            _ => None,
        }
    }
}
