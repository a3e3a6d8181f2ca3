//! Which parents a type is read for that is read once for each.

use bumpalo::Bump;
use serde::Deserialize;
use serde_json::Value as Json;

use super::CollectError;
use crate::catalog::PerParent;
use crate::expr::{NoRecords, Scope, Type, Value, compile, from_json, run};
use crate::snapshot::Lines;

/// A parent: what it was listed under itself, and its object.
#[derive(Deserialize)]
pub struct Parent {
    /// What it was listed under.
    pub parent: Option<String>,
    /// Its object.
    pub object: Json,
}

/// Keys of the parents in a file.
pub(super) fn keys_in(mut lines: Lines, per: &PerParent) -> Result<Vec<String>, CollectError> {
    let damaged = |error: crate::diagnostic::Diagnostic| CollectError::Journal(Box::new(error));
    let mut keys = Vec::new();
    while let Some(chunk) = lines.next_chunk().map_err(damaged)? {
        let lines = chunk.split(|byte| *byte == b'\n');
        let parents: Vec<Parent> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        keys.extend(parent_keys(per, &parents));
    }
    Ok(keys)
}

/// Keys of the parents that are asked: those for which the catalogue's condition holds. A key that would change the path
/// is no key of any vendor and is left out, so that what belongs to it counts as not collected.
pub fn parent_keys(per: &PerParent, parents: &[Parent]) -> Vec<String> {
    let variable = per.parent.info().variable.as_str();
    let compiled = per
        .filter
        .as_ref()
        .map(|filter| compile(filter, &Scope::new().with(variable, Type::Dyn)));
    let wanted = |object: &Json| match compiled.as_ref().and_then(|compiled| compiled.plan.as_ref()) {
        None => true,
        Some(plan) => {
            let arena = Bump::new();
            // Whoever cannot be told apart is asked: one call too many does no harm, one too few would.
            !matches!(
                run(plan, &[from_json(object, &arena)], &NoRecords, &arena),
                Value::Bool(false)
            )
        }
    };
    parents
        .iter()
        .filter(|parent| wanted(&parent.object))
        .filter_map(|parent| per.key_of(parent.parent.as_deref(), &parent.object))
        .filter(|key| per.fits(key))
        .collect()
}
