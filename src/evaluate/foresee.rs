//! Foreseeing: policies judged on the rows of many people, each verdict kept by row.

use std::collections::HashMap;

use bumpalo::Bump;
use rayon::prelude::*;

use super::examine::{Rows, record};
use super::findings::report;
use super::gate::{self, Gate};
use super::judge::{Doubt, Tally, Verdict, judge, verdict};
use super::table::Tables;
use crate::audit::Audit;
use crate::expr::{Cause, Origin, RecordRef, Records};
use crate::policy::Policy;
use crate::snapshot::Snapshot;

/// What policies came to on the rows of many people.
#[derive(Debug)]
pub struct Foresight {
    /// Failures and unknowns of these rows; types of which no rows are named are judged whole.
    pub audit: Audit,
    /// What every row came to, where that is not a pass.
    pub outlooks: HashMap<RecordRef, Vec<Outlook>>,
}

/// What one policy came to on one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Number of the policy.
    pub policy: usize,
    /// Why it could not be told; none for a failure.
    pub unknown: Option<Vec<Origin>>,
}

/// Judges policies on some rows, and on whole types of which no rows are named.
pub fn foresee(policies: &[Policy], rows: &Rows, tables: &Tables, snapshot: &Snapshot) -> Foresight {
    let gates: Vec<Gate> = policies.iter().map(|policy| Gate::of(policy, tables)).collect();
    let mut tallies = Vec::with_capacity(policies.len());
    let mut outlooks: HashMap<RecordRef, Vec<Outlook>> = HashMap::new();
    for (at, (policy, gate)) in policies.iter().zip(&gates).enumerate() {
        let Some(ty) = record(policy).filter(|ty| rows.contains_key(ty) && !gate.is_closed()) else {
            let pair = (std::slice::from_ref(policy), std::slice::from_ref(gate));
            tallies.extend(judge(pair.0, pair.1, tables));
            continue;
        };
        let rows = rows.get(&ty).map_or(&[][..], Vec::as_slice);
        let verdicts: Vec<(u32, Verdict)> = rows
            .par_iter()
            .map_init(Bump::new, |arena, row| {
                arena.reset();
                (
                    *row,
                    verdict(policy, gate, Some(RecordRef { ty, row: *row }), tables, arena),
                )
            })
            .collect();
        let mut tally = Tally::default();
        for (row, verdict) in verdicts {
            let unknown = match &verdict {
                Verdict::Fail => Some(None),
                Verdict::Unknown(doubt) => Some(Some(origins(doubt, policy, tables))),
                _ => None,
            };
            if let Some(unknown) = unknown {
                let outlook = Outlook { policy: at, unknown };
                outlooks.entry(RecordRef { ty, row }).or_default().push(outlook);
            }
            tally.add(row, verdict);
        }
        tallies.push(tally);
    }
    let audit = report(
        policies,
        &gates,
        tallies,
        &[],
        tables,
        snapshot,
        snapshot.manifest().ended,
    );
    Foresight { audit, outlooks }
}

/// Why something could not be told.
fn origins(doubt: &Doubt, policy: &Policy, tables: &Tables) -> Vec<Origin> {
    match doubt {
        Doubt::Origins(ids) => ids.iter().filter_map(|id| tables.origin(*id)).cloned().collect(),
        Doubt::Untold(id) => vec![gate::untold(id, policy)],
        Doubt::Failed(message) => vec![Origin {
            cause: Cause::EvaluationError,
            about: policy.id.clone(),
            needs: None,
            detail: Some(message.clone()),
        }],
    }
}
