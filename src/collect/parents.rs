//! Which parents a type is read for that is read once for each.

use bumpalo::Bump;
use serde::Deserialize;
use serde_json::Value as Json;

use super::CollectError;
use crate::catalog::PerParent;
use crate::expr::{NoRecords, Scope, Type, Value, compile, from_json, run};
use crate::snapshot::Lines;

/// The object of a line.
#[derive(Deserialize)]
struct Line {
    object: Json,
}

/// Keys of the parents in a file.
pub(super) fn keys_in(mut lines: Lines, per: &PerParent) -> Result<Vec<String>, CollectError> {
    let damaged = |error: crate::diagnostic::Diagnostic| CollectError::Journal(Box::new(error));
    let mut keys = Vec::new();
    while let Some(chunk) = lines.next_chunk().map_err(damaged)? {
        let lines = chunk.split(|byte| *byte == b'\n');
        let objects: Vec<Json> = lines
            .filter_map(|line| Some(serde_json::from_slice::<Line>(line).ok()?.object))
            .collect();
        keys.extend(parent_keys(per, &objects));
    }
    Ok(keys)
}

/// Keys of the parents that are asked: those for which the catalogue's condition holds. A key that would change the path
/// is no key of any vendor and is left out, so that what belongs to it counts as not collected.
pub fn parent_keys(per: &PerParent, objects: &[Json]) -> Vec<String> {
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
    objects
        .iter()
        .filter(|object| wanted(object))
        .filter_map(|object| per.key_of(object).map(str::to_owned))
        .filter(|key| !matches!(key.as_str(), "" | "." | ".."))
        .collect()
}
