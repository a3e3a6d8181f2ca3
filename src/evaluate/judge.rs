//! Judging: every policy on every resource of its type, rows in parallel.

use std::collections::HashMap;

use bumpalo::Bump;
use indexmap::IndexMap;
use rayon::prelude::*;

use super::table::Tables;
use crate::audit::MAX_KEYS;
use crate::catalog::RecordType;
use crate::expr::{Evaluator, OriginId, RecordRef, Records, Value};
use crate::policy::{Judged, Policy};

/// Rows judged together: all policies on one row while it is in the cache.
const CHUNK: u32 = 2048;

/// What one policy came to on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Fail,
    OutOfScope,
    Unknown(Doubt),
}

/// Why it could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doubt {
    /// Something was not known.
    Origins(Vec<OriginId>),
    /// The expression failed.
    Failed(String),
}

/// What one policy came to on all resources.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) pass: u64,
    pub(super) out_of_scope: u64,
    /// Rows that fail, in order.
    pub(super) fail: Vec<u32>,
    /// Rows that could not be told, by reason, in the order in which the reasons came.
    pub(super) unknown: IndexMap<Doubt, Doubted>,
}

/// Rows that could not be told for one reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubted {
    pub(super) count: u64,
    /// The first of them.
    pub(super) rows: Vec<u32>,
}

/// Judges every policy on every row of its type; results in the order of the policies.
pub(super) fn judge(policies: &[Policy], tables: &Tables) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = policies.iter().map(|_| Tally::default()).collect();
    let mut groups: HashMap<Option<RecordType>, Vec<usize>> = HashMap::new();
    for (at, policy) in policies.iter().enumerate() {
        let ty = match policy.judged {
            Judged::Tenant => None,
            Judged::Each(resource) => Some(resource.record),
        };
        groups.entry(ty).or_default().push(at);
    }
    for (ty, members) in groups {
        let group: Vec<&Policy> = members.iter().filter_map(|at| policies.get(*at)).collect();
        let rows = ty.map_or(1, |ty| tables.rows(ty));
        let parts: Vec<Vec<Tally>> = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| chunk_of_rows(&group, ty, tables, chunk * CHUNK..((chunk + 1) * CHUNK).min(rows)))
            .collect();
        for part in parts {
            for (at, tally) in members.iter().zip(part) {
                if let Some(whole) = tallies.get_mut(*at) {
                    whole.append(tally);
                }
            }
        }
    }
    tallies
}

fn chunk_of_rows(group: &[&Policy], ty: Option<RecordType>, tables: &Tables, rows: std::ops::Range<u32>) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = group.iter().map(|_| Tally::default()).collect();
    let mut arena = Bump::new();
    for row in rows {
        for (policy, tally) in group.iter().zip(&mut tallies) {
            tally.add(row, verdict(policy, ty.map(|ty| RecordRef { ty, row }), tables, &arena));
        }
        recycle(&mut arena);
    }
    tallies
}

/// Empties the memory for values; a lot of it goes back, so that one row that needed much is no burden for the next.
fn recycle(arena: &mut Bump) {
    const KEPT: usize = 16 << 20;
    if arena.allocated_bytes() > KEPT {
        *arena = Bump::new();
    } else {
        arena.reset();
    }
}

/// The values of a condition's variables: the row, and the present.
pub(super) fn variables<'r>(row: Option<RecordRef>, tables: &Tables) -> [Value<'r>; 2] {
    [row.map_or(Value::Null, Value::Record), Value::Timestamp(tables.now())]
}

/// The same with the values that a policy gives names to. One that fails or is not known is so only for what reads it.
pub(super) fn bind<'r>(
    policy: &'r Policy,
    evaluator: &Evaluator<'r>,
    variables: &[Value<'r>],
    arena: &'r Bump,
) -> &'r [Value<'r>] {
    let mut values = bumpalo::collections::Vec::with_capacity_in(variables.len() + policy.lets.len(), arena);
    values.extend_from_slice(variables);
    for value in &policy.lets {
        let value = evaluator.plan(&value.plan, &values);
        values.push(value);
    }
    values.into_bump_slice()
}

/// Judges one policy on one row.
pub(super) fn verdict<'r>(policy: &'r Policy, row: Option<RecordRef>, tables: &'r Tables, arena: &'r Bump) -> Verdict {
    let evaluator = Evaluator::new(tables, arena);
    let variables = bind(policy, &evaluator, &variables(row, tables), arena);
    if let Some(when) = &policy.when {
        match evaluator.plan(when, variables) {
            Value::Bool(true) => {}
            Value::Bool(false) => return Verdict::OutOfScope,
            other => return Verdict::Unknown(doubt(other)),
        }
    }
    match evaluator.plan(&policy.assert, variables) {
        Value::Bool(true) => Verdict::Pass,
        Value::Bool(false) => Verdict::Fail,
        other => Verdict::Unknown(doubt(other)),
    }
}

fn doubt(value: Value<'_>) -> Doubt {
    match value {
        Value::Unknown(why) => Doubt::Origins(why.origins.to_vec()),
        Value::Error(message) => Doubt::Failed(message.to_owned()),
        _ => Doubt::Failed("the condition is neither true nor false".to_owned()),
    }
}

impl Tally {
    fn add(&mut self, row: u32, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::OutOfScope => self.out_of_scope += 1,
            Verdict::Fail => self.fail.push(row),
            Verdict::Unknown(doubt) => self.unknown.entry(doubt).or_default().push(1, &[row]),
        }
    }

    fn append(&mut self, other: Tally) {
        self.pass += other.pass;
        self.out_of_scope += other.out_of_scope;
        self.fail.extend(other.fail);
        for (doubt, rows) in other.unknown {
            self.unknown.entry(doubt).or_default().push(rows.count, &rows.rows);
        }
    }
}

impl Doubted {
    fn push(&mut self, count: u64, rows: &[u32]) {
        self.count += count;
        let room = MAX_KEYS.saturating_sub(self.rows.len());
        self.rows.extend(rows.iter().take(room));
    }
}
