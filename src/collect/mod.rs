//! Collects a snapshot from an Okta org and an Entra tenant.
//!
//! ```text
//! Needs ─ plan ─► source ─ list ─► retry ─ pace ─ client (guard) ─► pages ─ reading ─► snapshot files, journal
//! ```
//!
//! It never writes to a tenant: [`client`] can send GET, and POST to the token endpoint. How it signs in: [`auth`].
//! The two sources run side by side; a resource type that cannot be read is noted in the manifest and the run goes on.

mod auth;
mod client;
mod connection;
mod drift;
mod estimate;
mod failure;
mod list;
mod outlook;
mod pace;
mod pages;
mod plan;
mod probe;
mod reading;
mod retry;
mod run;
mod source;

use std::sync::Arc;

use thiserror::Error;

use crate::catalog::SourceName;
use crate::diagnostic::Diagnostic;
use crate::snapshot::{SnapshotError, Status};

pub use auth::Grant;
pub use estimate::{BucketForecast, Forecast, StepForecast};
pub use outlook::Outlook;
pub use pace::RateShare;
pub use plan::{Plan, Step, everything, plan};
pub use probe::{Probe, Probed, probe};
pub use run::{collect, identity};

/// Tells the time; only the command line reads the real clock.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// What happens while a snapshot is collected.
#[derive(Clone, Debug)]
pub enum Event {
    /// A resource type is begun.
    Started {
        /// Its name.
        resource: &'static str,
    },
    /// A page was read.
    Page {
        /// The resource type.
        resource: &'static str,
        /// Objects read so far.
        objects: u64,
    },
    /// Another parent was read of a type that is read once for each.
    Parent {
        /// The resource type.
        resource: &'static str,
        /// Parents read so far.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// A request leaves.
    Asked {
        /// Whom it goes to.
        source: SourceName,
    },
    /// It was answered, or failed.
    Answered {
        /// Whom it went to.
        source: SourceName,
        /// Status of the answer, if one came.
        status: Option<u16>,
    },
    /// Requests of one bucket wait.
    Waiting {
        /// Whose bucket.
        source: SourceName,
        /// Which.
        bucket: &'static str,
        /// Why.
        cause: WaitCause,
        /// For how long.
        time: std::time::Duration,
    },
    /// A resource type is done.
    Finished {
        /// Its name.
        resource: &'static str,
        /// How well it was read.
        status: Status,
        /// Why not better.
        reason: Option<String>,
        /// Objects read.
        objects: u64,
    },
    /// Something the user should know.
    Warning(String),
}

/// Why requests wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitCause {
    /// The vendor asked for it.
    Asked,
    /// What we may use of the bucket is used up.
    Share,
}

/// What the user chose of how a collection runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How much of the vendors' rate limits is used at most.
    pub rate_share: RateShare,
}

/// Receives events.
pub type Observer = Arc<dyn Fn(Event) + Send + Sync>;

/// Why nothing could be collected.
#[derive(Debug, Error)]
pub enum CollectError {
    /// A credential cannot be had.
    #[error("{}", .0.message)]
    Credential(Box<Diagnostic>),
    /// Signing in failed: refused, or nobody answered.
    #[error("{}: signing in failed: {reason}", source_name.title())]
    SignIn {
        /// Where.
        source_name: SourceName,
        /// Why, in its own words.
        reason: String,
    },
    /// Not one resource type of a source could be read.
    #[error("nothing could be read from {}: {reason}", source_name.title())]
    Nothing {
        /// Which source.
        source_name: SourceName,
        /// What the first of them said.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("cannot set up HTTPS: {0}")]
    Setup(String),
    /// What was collected so far cannot be read back.
    #[error("what was collected so far is damaged: {}", .0.message)]
    Journal(Box<Diagnostic>),
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}
