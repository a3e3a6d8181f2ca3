//! Foreseeing: policies judged on the rows of many people, each verdict kept by row.

use std::collections::HashMap;

use bumpalo::Bump;
use rayon::prelude::*;

use super::examine::record;
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
    /// Failures and unknowns; of policies for which rows are named, those of these rows.
    pub audit: Audit,
    /// What every row came to, where that is not a pass.
    pub outlooks: HashMap<RecordRef, Vec<Outlook>>,
}

/// What one policy came to on one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Number of the policy.
    pub policy: usize,
    /// What it came to.
    pub standing: Standing,
}

/// What a policy came to on a row that does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It fails.
    Fails,
    /// It could not be told, for these reasons.
    Unknown(Vec<Origin>),
    /// The tenant's configuration takes the row out of the scope: it was not judged.
    Excluded,
}

/// Judges policies, each on the rows that are named for it, else on its whole type.
pub fn foresee<'r>(
    policies: &[Policy],
    rows_of: impl Fn(&Policy) -> Option<&'r [u32]>,
    tables: &Tables,
    snapshot: &Snapshot,
) -> Foresight {
    let gates: Vec<Gate> = policies.iter().map(|policy| Gate::of(policy, tables)).collect();
    let mut tallies = Vec::with_capacity(policies.len());
    let mut outlooks: HashMap<RecordRef, Vec<Outlook>> = HashMap::new();
    for (at, (policy, gate)) in policies.iter().zip(&gates).enumerate() {
        let Some((ty, rows)) = record(policy).zip(rows_of(policy)).filter(|_| !gate.is_closed()) else {
            let pair = (std::slice::from_ref(policy), std::slice::from_ref(gate));
            tallies.extend(judge(pair.0, pair.1, tables));
            continue;
        };
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
            let standing = match &verdict {
                Verdict::Fail => Some(Standing::Fails),
                Verdict::Unknown(doubt) => Some(Standing::Unknown(origins(doubt, policy, tables))),
                Verdict::Excluded => Some(Standing::Excluded),
                Verdict::Pass | Verdict::OutOfScope => None,
            };
            if let Some(standing) = standing {
                let outlook = Outlook { policy: at, standing };
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
