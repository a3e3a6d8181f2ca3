//! A snapshot: what was read, at one time, from one org and one tenant, raw.
//!
//! A folder with `manifest.json` and one zstd-compressed NDJSON file for each resource type, each line
//! `{"parent": KEY or null, "object": {…}}` with the API's own object untouched. The manifest says how well each part
//! was read, and holds a SHA-256 of every file. It is written to a folder beside its place and renamed when whole; a
//! journal beside that lets a collection that was stopped go on after its last page. Reading
//! streams, so memory does not grow with the files.

pub mod import;
mod journal;
mod manifest;
pub mod object;
mod parents;
mod read;
mod resource_file;
mod write;

pub use journal::{Identity, Known, PageNote};
pub use manifest::{Entry, FORMAT, Manifest, Parents, Side, Status, Tool};
pub use parents::{Asked, Parent, asked, asked_in};
pub use read::{Lines, ParentStatus, Snapshot};
pub use resource_file::{Finished, Mark, ResourceFile};
pub use write::{Beginning, SnapshotWriter};

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
    /// Somebody else collects to the same place.
    #[error("another tenken is collecting to this place: `{0}` is in use")]
    Busy(String),
    /// The file system refused.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// What was being written.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
