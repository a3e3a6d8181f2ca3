//! What is not known, and why.

use std::fmt;

use bumpalo::Bump;
use serde::{Deserialize, Serialize};

/// Why something could not be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was not asked for.
    NotCollected,
    /// The vendor refused for want of a permission.
    NoPermission,
    /// The tenant lacks the licence for it.
    NoLicence,
    /// The call failed, or its answer made no sense.
    ApiError,
    /// Only part of the list was read.
    Truncated,
    /// The keys of a link lead to several records.
    AmbiguousMatch,
    /// The record does not have the property.
    Absent,
    /// Nothing tells which class it belongs to.
    Unclassified,
    /// It was read too long ago.
    Stale,
    /// This cloud does not have it.
    UnsupportedInCloud,
    /// Only a person can answer.
    NeedsAttestation,
    /// The policy's expression failed: a defect of the policy.
    EvaluationError,
}

impl Cause {
    /// Every cause.
    pub const ALL: &'static [Cause] = &[
        Self::NotCollected,
        Self::NoPermission,
        Self::NoLicence,
        Self::ApiError,
        Self::Truncated,
        Self::AmbiguousMatch,
        Self::Absent,
        Self::Unclassified,
        Self::Stale,
        Self::UnsupportedInCloud,
        Self::NeedsAttestation,
        Self::EvaluationError,
    ];

    /// The spelling used in policies and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotCollected => "not_collected",
            Self::NoPermission => "no_permission",
            Self::NoLicence => "no_licence",
            Self::ApiError => "api_error",
            Self::Truncated => "truncated",
            Self::AmbiguousMatch => "ambiguous_match",
            Self::Absent => "absent",
            Self::Unclassified => "unclassified",
            Self::Stale => "stale",
            Self::UnsupportedInCloud => "unsupported_in_cloud",
            Self::NeedsAttestation => "needs_attestation",
            Self::EvaluationError => "evaluation_error",
        }
    }

    /// The cause of that spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.as_str() == text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an unknown came from: the data it is about and what would settle it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Why.
    pub cause: Cause,
    /// Resource type, field or link, dotted.
    pub about: String,
    /// Permission, licence or call that would settle it, where one would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The vendor's or our own words on what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Number of an [`Origin`] in the snapshot's table.
pub type OriginId = u32;

/// A set of origins: why a value is unknown. Sorted, without repeats, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown<'r> {
    /// The origins.
    pub origins: &'r [OriginId],
}

impl<'r> Unknown<'r> {
    /// An unknown with one origin.
    pub fn new(origin: OriginId, arena: &'r Bump) -> Self {
        Self {
            origins: arena.alloc_slice_copy(&[origin]),
        }
    }

    /// Both origins together.
    pub fn join(self, other: Self, arena: &'r Bump) -> Self {
        if self.origins == other.origins {
            return self;
        }
        let mut all = bumpalo::collections::Vec::with_capacity_in(self.origins.len() + other.origins.len(), arena);
        all.extend_from_slice(self.origins);
        all.extend_from_slice(other.origins);
        all.sort_unstable();
        all.dedup();
        Self {
            origins: all.into_bump_slice(),
        }
    }

    /// Joins two that may be there.
    pub fn either(a: Option<Self>, b: Option<Self>, arena: &'r Bump) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.join(b, arena)),
            (a, b) => a.or(b),
        }
    }
}
