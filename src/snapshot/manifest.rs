//! The manifest: what was read, from whom, when, and how well.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::SourceName;

/// Version of the snapshot format that this program writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Name of the tenant in the configuration.
    pub name: String,
    /// The Okta org, if it was asked.
    pub okta: Option<Side>,
    /// The Entra tenant, if it was asked.
    pub entra: Option<Side>,
    /// When reading began.
    pub started: jiff::Timestamp,
    /// When reading ended: the present, as far as conditions are concerned.
    pub ended: jiff::Timestamp,
    /// One entry for each resource type that was asked for, in the order in which they were planned.
    pub resources: Vec<Entry>,
}

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The org or tenant that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Host of the org, or id or domain of the tenant, as configured.
    pub id: String,
    /// Address that was asked.
    pub url: String,
}

/// How well a resource type was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All of it. Only this can mean "there are none".
    Complete,
    /// Some of it.
    Partial,
    /// The vendor refused for want of a permission.
    Denied,
    /// The tenant lacks the licence.
    Unlicensed,
    /// This cloud does not have it.
    Unavailable,
    /// The call failed.
    Failed,
    /// It was not asked for.
    NotRequested,
}

impl Status {
    /// The spelling in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::Unlicensed => "unlicensed",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
            Self::NotRequested => "not_requested",
        }
    }

    /// The status of that spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Complete,
            Self::Partial,
            Self::Denied,
            Self::Unlicensed,
            Self::Unavailable,
            Self::Failed,
            Self::NotRequested,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One resource type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Dotted name.
    pub resource: String,
    /// Whose it is.
    pub source: SourceName,
    /// How well it was read.
    pub status: Status,
    /// Why not better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Method and path that were asked.
    pub endpoint: String,
    /// Version of the API.
    pub api_version: String,
    /// Permission or scope that it needs.
    pub permission: String,
    /// Properties that were asked for; `None` when the API was asked for whole objects. Not asked is not null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// Objects read.
    pub objects: u64,
    /// Pages read.
    pub pages: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests that were told to wait.
    pub throttles: u64,
    /// Bytes of the file once decompressed.
    pub bytes: u64,
    /// When the last page came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<jiff::Timestamp>,
    /// Name of the file; none when nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// SHA-256 of the file as it lies on disk, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// For types read once for each parent: how each parent fared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<Parents>,
}

/// The file that says how each parent of a per-parent type fared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parents {
    /// Parents asked for.
    pub asked: u64,
    /// Parents that failed.
    pub failed: u64,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}
