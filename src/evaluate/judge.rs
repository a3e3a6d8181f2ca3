//! Judging: every policy on every resource of its type, rows in parallel.

use std::cell::OnceCell;
use std::collections::HashMap;

use bumpalo::Bump;
use indexmap::IndexMap;
use rayon::prelude::*;

use super::condition::Condition;
use super::gate::Gate;
use super::table::Tables;
use crate::audit::MAX_KEYS;
use crate::catalog::RecordType;
use crate::expr::{Evaluator, OriginId, RecordRef, Records, Value};
use crate::policy::{Judged, Policy};

/// Rows judged together, by one policy after the other, while their values are in the cache.
const CHUNK: u32 = 2048;

/// What one policy came to on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Fail,
    OutOfScope,
    /// The tenant's configuration takes it out of the scope.
    Excluded,
    Unknown(Doubt),
}

/// Why it could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doubt {
    /// Something was not known.
    Origins(Vec<OriginId>),
    /// The expression failed.
    Failed(String),
    /// Nothing that is collected tells whether this requirement is met.
    Untold(&'static str),
}

/// What one policy came to on all resources.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) pass: u64,
    pub(super) out_of_scope: u64,
    pub(super) excluded: u64,
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
pub(super) fn judge(policies: &[Policy], gates: &[Gate], tables: &Tables) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = policies.iter().map(|_| Tally::default()).collect();
    let mut groups: HashMap<Option<RecordType>, Vec<usize>> = HashMap::new();
    let open = policies.iter().zip(gates).enumerate();
    for (at, (policy, _)) in open.filter(|(_, (_, gate))| !gate.is_closed()) {
        groups.entry(record(policy)).or_default().push(at);
    }
    for (ty, members) in groups {
        let group: Vec<Ready> = members
            .iter()
            .filter_map(|at| Some(Ready::new(policies.get(*at)?, gates.get(*at)?, tables)))
            .collect();
        let rows = ty.map_or(1, |ty| tables.rows(ty));
        let parts: Vec<Vec<Tally>> = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let rows = chunk * CHUNK..((chunk + 1) * CHUNK).min(rows);
                group.iter().map(|policy| policy.judge(rows.clone())).collect()
            })
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

fn record(policy: &Policy) -> Option<RecordType> {
    match policy.judged {
        Judged::Tenant => None,
        Judged::Each(resource) => Some(resource.record),
    }
}

/// A policy that is ready to be asked about many rows.
struct Ready<'t> {
    policy: &'t Policy,
    gate: &'t Gate,
    tables: &'t Tables,
    when: Option<Condition<'t>>,
    scope: Vec<Condition<'t>>,
    assert: Option<Condition<'t>>,
}

impl<'t> Ready<'t> {
    fn new(policy: &'t Policy, gate: &'t Gate, tables: &'t Tables) -> Self {
        let condition = |plan| record(policy).map(|ty| Condition::new(plan, ty, tables));
        Self {
            policy,
            gate,
            tables,
            scope: policy.scope.iter().filter_map(|scope| condition(&scope.plan)).collect(),
            when: policy.when.as_ref().and_then(condition),
            assert: condition(&policy.assert),
        }
    }

    fn judge(&self, rows: std::ops::Range<u32>) -> Tally {
        let mut tally = Tally::default();
        let mut arena = Bump::new();
        for row in rows {
            tally.add(row, self.verdict(row, &arena));
            recycle(&mut arena);
        }
        tally
    }

    /// What is plainly true or false, else what the evaluator says.
    fn verdict(&self, row: u32, arena: &Bump) -> Verdict {
        let Some((ty, assert)) = record(self.policy).zip(self.assert.as_ref()) else {
            return verdict(self.policy, self.gate, None, self.tables, arena);
        };
        let record = RecordRef { ty, row };
        let bound = OnceCell::new();
        let variables = || *bound.get_or_init(|| bound_variables(self.policy, record, self.tables, arena));
        let in_scope = match &self.when {
            Some(when) => when.holds(row, &variables, arena),
            None => Some(true),
        };
        let holds = match in_scope {
            Some(false) => return Verdict::OutOfScope,
            Some(true) if self.is_judged(row, &variables, arena) => assert.holds(row, &variables, arena),
            _ => None,
        };
        match holds {
            Some(true) => Verdict::Pass,
            Some(false) => Verdict::Fail,
            None => verdict(self.policy, self.gate, Some(record), self.tables, arena),
        }
    }

    /// Whether a row is plainly not taken out of the scope, and everything required is met.
    fn is_judged<'r>(&'r self, row: u32, variables: &dyn Fn() -> &'r [Value<'r>], arena: &'r Bump) -> bool {
        self.gate.doubt().is_none()
            && self
                .scope
                .iter()
                .all(|scope| scope.holds(row, variables, arena) == Some(true))
    }
}

fn bound_variables<'r>(policy: &'r Policy, row: RecordRef, tables: &'r Tables, arena: &'r Bump) -> &'r [Value<'r>] {
    let variables = variables(Some(row), tables);
    if policy.lets.is_empty() {
        return arena.alloc(variables);
    }
    bind(policy, &Evaluator::new(tables, arena), &variables, arena)
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

/// Judges one policy on one row. What is surely out of scope is nothing more; what may be is unknown.
pub(super) fn verdict<'r>(
    policy: &'r Policy,
    gate: &Gate,
    row: Option<RecordRef>,
    tables: &'r Tables,
    arena: &'r Bump,
) -> Verdict {
    let evaluator = Evaluator::new(tables, arena);
    let variables = bind(policy, &evaluator, &variables(row, tables), arena);
    let mut why = None;
    let scopes = policy.scope.iter().map(|scope| (&scope.plan, Verdict::Excluded));
    let when = policy.when.iter().map(|when| (when, Verdict::OutOfScope));
    for (plan, out) in when.chain(scopes) {
        match evaluator.plan(plan, variables) {
            Value::Bool(true) => {}
            Value::Bool(false) => return out,
            other => why = why.or_else(|| Some(doubt(other))),
        }
    }
    if let Some(doubt) = why.or_else(|| gate.doubt().map(|(_, doubt)| doubt.clone())) {
        return Verdict::Unknown(doubt);
    }
    match evaluator.plan(&policy.assert, variables) {
        Value::Bool(true) => Verdict::Pass,
        Value::Bool(false) => Verdict::Fail,
        other => Verdict::Unknown(doubt(other)),
    }
}

pub(super) fn doubt(value: Value<'_>) -> Doubt {
    match value {
        Value::Unknown(why) => Doubt::Origins(why.origins.to_vec()),
        Value::Error(message) => Doubt::Failed(message.to_owned()),
        _ => Doubt::Failed("the condition is neither true nor false".to_owned()),
    }
}

impl Tally {
    pub(super) fn add(&mut self, row: u32, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::OutOfScope => self.out_of_scope += 1,
            Verdict::Excluded => self.excluded += 1,
            Verdict::Fail => self.fail.push(row),
            Verdict::Unknown(doubt) => self.unknown.entry(doubt).or_default().push(1, &[row]),
        }
    }

    fn append(&mut self, other: Tally) {
        self.pass += other.pass;
        self.out_of_scope += other.out_of_scope;
        self.excluded += other.excluded;
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
