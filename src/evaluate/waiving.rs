//! Applying waivers: which failures they mean, and whether the facts are still those that were accepted.
//!
//! The one matcher: whatever counts, shows or grants waivers reads its results.

use bumpalo::Bump;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::evidence::resource_id;
use super::judge::variables;
use super::table::Tables;
use crate::audit::{WaiverResult, WaiverStatus};
use crate::expr::{Detail, Evaluator, Part, RecordRef, Value, to_json, weight};
use crate::policy::{Policy, Standing, Waiver};

/// A failure that a waiver means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meant {
    /// Number of the waiver.
    waiver: u32,
    /// Whether the facts are those that were accepted.
    same: bool,
}

/// How often each waiver was used.
#[derive(Debug)]
pub(super) struct Uses {
    applied: Vec<u64>,
    lapsed: Vec<u64>,
}

impl Uses {
    /// No use of any.
    pub(super) fn of(waivers: &[Waiver]) -> Self {
        Self {
            applied: vec![0; waivers.len()],
            lapsed: vec![0; waivers.len()],
        }
    }

    /// Counts failures that waivers mean.
    pub(super) fn add(&mut self, meant: impl Iterator<Item = Meant>) {
        for Meant { waiver, same } in meant {
            let counts = if same { &mut self.applied } else { &mut self.lapsed };
            if let Some(count) = counts.get_mut(waiver as usize) {
                *count += 1;
            }
        }
    }

    /// What became of every waiver.
    pub(super) fn results(&self, waivers: &[Waiver]) -> Vec<WaiverResult> {
        let counts = self.applied.iter().zip(&self.lapsed);
        waivers
            .iter()
            .zip(counts)
            .map(|(waiver, (applied, lapsed))| WaiverResult {
                policy: waiver.policy.clone(),
                condition: waiver.text.clone(),
                reason: waiver.reason.clone(),
                owner: waiver.owner.clone(),
                approver: waiver.approver.clone(),
                ticket: waiver.ticket.clone(),
                expires: waiver.expires,
                status: match (waiver.standing, applied, lapsed) {
                    (Standing::Expired, ..) => WaiverStatus::Expired,
                    (Standing::TooFarAhead, ..) => WaiverStatus::TooFarAhead,
                    (Standing::NotJudged, ..) => WaiverStatus::NotJudged,
                    (Standing::Valid, 1.., _) => WaiverStatus::Applied,
                    (Standing::Valid, 0, 1..) => WaiverStatus::Lapsed,
                    (Standing::Valid, 0, 0) => WaiverStatus::Unused,
                },
                applied: *applied,
                lapsed: *lapsed,
            })
            .collect()
    }
}

/// Waivers of a policy that may be applied, with their numbers.
pub(super) fn of_policy<'w>(waivers: &'w [Waiver], policy: &Policy) -> Vec<(u32, &'w Waiver)> {
    let own = (0..).zip(waivers);
    own.filter(|(_, waiver)| waiver.standing == Standing::Valid && waiver.policy == policy.id)
        .collect()
}

/// The waivers that mean a resource: what cannot be told is not meant.
pub(super) fn meaning<'w>(
    waivers: &[(u32, &'w Waiver)],
    row: Option<RecordRef>,
    tables: &Tables,
    arena: &Bump,
) -> Vec<(u32, &'w Waiver)> {
    let evaluator = Evaluator::new(tables, arena);
    let variables = variables(row, tables);
    let means = |waiver: &Waiver| match &waiver.condition {
        None => waiver.text.is_none(),
        Some(plan) => matches!(evaluator.plan(plan, &variables), Value::Bool(true)),
    };
    waivers.iter().filter(|(_, waiver)| means(waiver)).copied().collect()
}

/// The first waiver that was granted for these facts, and what each of them comes to.
pub(super) fn decide(meaning: &[(u32, &Waiver)], fingerprint: Option<&str>) -> (Option<u32>, Vec<Meant>) {
    let same = |waiver: &Waiver| fingerprint.is_some_and(|found| waiver.facts.include(found));
    let waiver = meaning
        .iter()
        .find(|(_, waiver)| same(waiver))
        .map(|(number, _)| *number);
    let meant = meaning.iter().map(|(number, waiver)| Meant {
        waiver: *number,
        same: same(waiver),
    });
    (waiver, meant.collect())
}

/// Sixteen hex digits that stand for the facts of a failure: the policy, the resource, and the parts of the condition
/// that decided it with the values they read, all of them and whole. The present is no fact: it changes by itself.
/// `None` when there are too many to tell; such a failure cannot be waived.
pub(super) fn fingerprint(policy: &str, key: &str, parts: &[Part<'_>], tables: &Tables) -> Option<String> {
    if parts.len() >= Detail::WHOLE.parts {
        return None;
    }
    let mut facts = Vec::with_capacity(parts.len());
    for part in parts {
        let reads = part
            .reads
            .iter()
            .chain(&part.elements)
            .filter(|(path, _)| path != "now");
        let reads: Option<Vec<Json>> = reads
            .map(|(path, value)| Some(json!([path, fact(*value, tables)?])))
            .collect();
        facts.push(json!([part.expression, fact(part.value, tables)?, reads?, part.of]));
    }
    let digest = Sha256::digest(json!([policy, key, facts]).to_string().as_bytes());
    Some(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// A value as a fact: a record of its own is its key, for what it holds beside what was read is nobody's reason.
fn fact(value: Value<'_>, tables: &Tables) -> Option<Json> {
    const MOST: usize = 1_000_000;
    match value {
        Value::Record(record) if record.ty.resource().is_some() => {
            let id = resource_id(record, tables);
            Some(json!([id.resource_type, id.key]))
        }
        Value::List(list) if list.open.is_none() && list.maybe.is_empty() && list.len() < MOST => {
            list.iter().map(|item| fact(item, tables)).collect()
        }
        other if weight(other, MOST) < MOST => Some(to_json(other, tables)),
        _ => None,
    }
}
