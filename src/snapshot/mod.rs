//! A snapshot: what was read, at one time, from one org and one tenant, raw.
//!
//! A folder with `manifest.json` and one zstd-compressed NDJSON file for each resource type, each line
//! `{"parent": KEY or null, "object": {…}}` with the API's own object untouched. The manifest says how well each part
//! was read, and holds a SHA-256 of every file. It is written to a temporary folder and renamed when whole; reading
//! streams, so memory does not grow with the files.

mod manifest;
mod read;
mod write;

pub use manifest::{Entry, FORMAT, Manifest, Parents, Side, Status, Tool};
pub use read::{Lines, ParentStatus, Snapshot};
pub use write::{ResourceFile, SnapshotWriter};

use thiserror::Error;

/// Name of the manifest within the folder.
pub const MANIFEST: &str = "manifest.json";
/// Longest line in bytes; a single object of an API is far smaller.
pub const MAX_LINE: usize = 64 << 20;

/// Why a snapshot cannot be written.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The place is taken.
    #[error("`{0}` exists already; name another folder or remove it")]
    Exists(String),
    /// The file system refused.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// What was being written.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
