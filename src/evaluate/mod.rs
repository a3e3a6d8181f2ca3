//! The evaluator: judges policies on a snapshot.
//!
//! ```text
//! snapshot ─ project ─► columns ─ link, compute ─► Tables ─ judge ─► verdicts ─ findings ─► Audit
//! ```
//!
//! Only the fields that some policy reads are parsed ([`project`]), straight into compact columns with every text kept
//! once; links and derived fields are worked out once for all rows; then all policies are judged on each row, rows in
//! parallel. Evidence is captured afterwards, for findings only. This is the only parallel code (rayon).

#[cfg(test)]
mod any_records;
mod column;
mod compute;
mod condition;
mod coverage;
mod evidence;
mod examine;
mod example;
mod findings;
mod flows;
mod foresee;
mod gate;
mod index;
mod judge;
mod link;
mod load;
mod products;
mod project;
mod reference;
mod table;
mod texts;
mod trial;
#[cfg(test)]
mod unknown_rule;
mod waiving;

pub use condition::Condition;
pub use evidence::resource_id;
pub use examine::{Examination, Rows, examine};
pub use example::{Judgement, judge_example};
pub use findings::audit;
pub use foresee::{Foresight, Outlook, Standing, foresee};
pub use load::PlannedRecord;
pub use table::Tables;
