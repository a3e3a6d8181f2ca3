//! Collects a snapshot from an Okta org and an Entra tenant.
//!
//! ```text
//! Needs ─ plan ─► steps ─ pages ─► Client (guard, retry, pace) ─► snapshot files
//! ```
//!
//! It never writes to a tenant: [`client`] can send GET, and POST to the token endpoint.
//! The two sources run side by side; a resource type that cannot be read is noted in the manifest and the run goes on.

mod auth;
mod client;
mod failure;
mod pages;
mod plan;
mod run;

use std::sync::Arc;

use thiserror::Error;

use crate::catalog::SourceName;
use crate::diagnostic::Diagnostic;
use crate::snapshot::SnapshotError;

pub use plan::{Plan, Step, everything, plan};
pub use run::{collect, parent_keys};

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
    /// The vendor asks to wait.
    Waiting {
        /// Who asks.
        source: SourceName,
        /// For how long.
        time: std::time::Duration,
    },
    /// A resource type is done.
    Finished {
        /// Its name.
        resource: &'static str,
        /// How well it was read.
        status: crate::snapshot::Status,
        /// Why not better.
        reason: Option<String>,
        /// Objects read.
        objects: u64,
    },
    /// Something the user should know.
    Warning(String),
}

/// Receives events.
pub type Observer = Arc<dyn Fn(Event) + Send + Sync>;

/// Why nothing could be collected.
#[derive(Debug, Error)]
pub enum CollectError {
    /// A credential cannot be had.
    #[error("{}", .0.message)]
    Credential(Box<Diagnostic>),
    /// Signing in failed.
    #[error("{} refused the sign-in: {reason}", source_name.as_str())]
    SignIn {
        /// Who refused.
        source_name: SourceName,
        /// In its own words.
        reason: String,
    },
    /// Not one resource type of a source could be read.
    #[error("nothing could be read from {}: {reason}", source_name.as_str())]
    Nothing {
        /// Which source.
        source_name: SourceName,
        /// What the first of them said.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("cannot set up HTTPS: {0}")]
    Setup(String),
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}
