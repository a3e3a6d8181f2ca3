//! Examining: policies judged on a few rows, with what speaks for a pass as well as for a failure.

use std::collections::HashMap;

use bumpalo::Bump;

use super::findings::{passes, report};
use super::gate::Gate;
use super::judge::{Tally, Verdict, judge, verdict};
use super::table::Tables;
use crate::audit::{Audit, Counts, Finding};
use crate::catalog::RecordType;
use crate::expr::RecordRef;
use crate::policy::{Judged, Policy};
use crate::snapshot::Snapshot;

/// Passes of one policy that an examination names.
const MAX_PASSES: usize = 20;

/// The rows that an examination is about, for every type that has such rows. Other types are judged whole.
pub type Rows = HashMap<RecordType, Vec<u32>>;

/// What policies came to on a few rows.
#[derive(Debug)]
pub struct Examination {
    /// Failures and unknowns of these rows.
    pub audit: Audit,
    /// What holds for these rows; of types that are judged whole the first.
    pub passes: Vec<Finding>,
    /// Counts of every policy over all rows of the snapshot, in the order of the policies.
    pub everyone: Vec<Counts>,
}

/// Judges policies on some rows, and counts what they come to on all.
pub fn examine(policies: &[Policy], rows: &Rows, tables: &Tables, snapshot: &Snapshot) -> Examination {
    let gates: Vec<Gate> = policies.iter().map(|policy| Gate::of(policy, tables)).collect();
    let whole = judge(policies, &gates, tables);
    let everyone = whole.iter().map(counts).collect();
    let mut tallies = Vec::new();
    let mut passing = Vec::new();
    for ((policy, gate), tally) in policies.iter().zip(&gates).zip(whole) {
        let (tally, holds) = match record(policy).map(|ty| (ty, rows.get(&ty))) {
            Some((ty, Some(rows))) => some(policy, gate, ty, rows, tables),
            Some((ty, None)) => {
                let all: Vec<u32> = (0..tables.rows(ty)).take(MAX_PASSES).collect();
                let (_, holds) = some(policy, gate, ty, &all, tables);
                (tally, holds)
            }
            None => (tally, Vec::new()),
        };
        passing.extend(passes(policy, gate, &holds, tables, snapshot));
        tallies.push(tally);
    }
    Examination {
        audit: report(
            policies,
            &gates,
            tallies,
            &[],
            tables,
            snapshot,
            snapshot.manifest().ended,
        ),
        passes: passing,
        everyone,
    }
}

pub(super) fn record(policy: &Policy) -> Option<RecordType> {
    match policy.judged {
        Judged::Tenant => None,
        Judged::Each(resource) => Some(resource.record),
    }
}

/// What a policy comes to on some rows, and the rows that pass.
fn some(policy: &Policy, gate: &Gate, ty: RecordType, rows: &[u32], tables: &Tables) -> (Tally, Vec<u32>) {
    let mut tally = Tally::default();
    let mut holds = Vec::new();
    for row in rows {
        let arena = Bump::new();
        let verdict = verdict(policy, gate, Some(RecordRef { ty, row: *row }), tables, &arena);
        if verdict == Verdict::Pass {
            holds.push(*row);
        }
        tally.add(*row, verdict);
    }
    (tally, holds)
}

fn counts(tally: &Tally) -> Counts {
    Counts {
        pass: tally.pass,
        fail: tally.fail.len() as u64,
        unknown: tally.unknown.values().map(|rows| rows.count).sum(),
        waived: 0,
        out_of_scope: tally.out_of_scope,
        excluded: tally.excluded,
    }
}
