//! Which parents a type is read for that is read once for each.

use bumpalo::Bump;
use serde::Deserialize;
use serde_json::Value as Json;

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
/// When the file is damaged.
pub(super) fn each_batch(mut lines: Lines, mut take: impl FnMut(&[Parent])) -> Result<(), Diagnostic> {
    while let Some(chunk) = lines.next_chunk()? {
        let lines = chunk.split(|byte| *byte == b'\n');
        let records: Vec<Parent> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        take(&records);
    }
    Ok(())
}

/// Keys of the parents in a file that are asked.
///
/// # Errors
/// When the file is damaged.
pub fn keys_in(lines: Lines, per: &PerParent) -> Result<Vec<String>, Diagnostic> {
    let mut keys = Vec::new();
    each_batch(lines, |records| keys.extend(parent_keys(per, records)))?;
    Ok(keys)
}

/// Keys of the parents that are asked: those for which the catalogue's condition holds. A key that would change the path
/// is no key of any vendor and is left out, so that what belongs to it counts as not collected.
pub fn parent_keys(per: &PerParent, parents: &[Parent]) -> Vec<String> {
    let condition = per.filter.as_ref().map(|cel| Condition::new(per.parent, cel));
    // Whoever cannot be told apart is asked: one call too many does no harm, one too few would.
    let wanted = |object: &Json| {
        let held = condition.as_ref().and_then(|condition| condition.holds(object));
        held != Some(false)
    };
    parents
        .iter()
        .filter(|parent| wanted(&parent.object))
        .filter_map(|parent| per.key_of(parent.parent.as_deref(), &parent.object))
        .filter(|key| per.fits(key))
        .collect()
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
