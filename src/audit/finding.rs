//! A finding: what it is about, what decided it, and what would change it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Outcome;
use crate::expr::{Cause, Origin};
use crate::policy::Severity;

/// One policy judged on one resource, or on all resources for which the same is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable across runs: made from policy, resource and cause.
    pub id: uuid::Uuid,
    /// The policy.
    pub policy: String,
    /// Its severity.
    pub severity: Severity,
    /// Fail or unknown.
    pub outcome: Outcome,
    /// The resource; none when the finding is about many, or about resources that were not read.
    pub resource: Option<ResourceId>,
    /// How many resources it is about; 0 when it is about resources that were not read.
    pub count: u64,
    /// Values for the message.
    pub values: Map<String, Json>,
    /// Names of values that can identify a person.
    pub personal: Vec<String>,
    /// Why it could not be told.
    pub causes: Vec<Origin>,
    /// What decided it.
    pub evidence: Vec<Evidence>,
    /// Of a failure: single changes, each of which alone would make the policy hold for the resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// For findings about many resources the first of them.
    pub resources: Vec<ResourceId>,
    /// Of a failure: identifies the facts that decided it, so that a waiver lapses when they change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Of a waived failure: number of the waiver, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<u32>,
}

impl Finding {
    /// The person that it is about, by the name they have on both sides; none when it is about something else, or many.
    /// What a policy shows of a resource says nothing of that: it may show no name of a person, or that of a group's owner.
    pub fn person(&self) -> Option<&str> {
        let resource = self.resource.as_ref().filter(|resource| resource.is_person())?;
        let name = resource.name.as_deref().filter(|name| !name.is_empty());
        Some(name.unwrap_or(&resource.key))
    }

    /// Whether only a person can answer it.
    pub fn needs_attestation(&self) -> bool {
        let by_person = |origin: &Origin| origin.cause == Cause::NeedsAttestation;
        !self.causes.is_empty() && self.causes.iter().all(by_person)
    }
}

/// A resource as a person can find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceId {
    /// Its type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// Its key; parts joined by `/`.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
}

impl ResourceId {
    /// Whether it is a person.
    pub fn is_person(&self) -> bool {
        let record = crate::catalog::catalog().record_named(&self.resource_type);
        let resource = record.and_then(crate::catalog::RecordType::resource);
        resource.is_some_and(crate::catalog::Resource::is_person)
    }
}

/// A part of the condition that decided a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The part as written in the policy.
    pub expression: String,
    /// What it yielded.
    pub value: Json,
    /// Values that it read.
    pub reads: Vec<Read>,
    /// The elements of quantifiers that it was judged on.
    pub elements: Vec<Read>,
    /// Records that it read from.
    pub records: Vec<RecordRead>,
    /// Of how many elements at fault this shows one.
    pub of: u64,
}

/// A single change that would make a policy hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The path as written in the policy.
    pub path: String,
    /// Its value; null of all records of a type, which are no one value.
    pub value: Json,
    /// What it would have to be.
    pub wanted: Wanted,
    /// The values that `wanted` speaks of, or some of them.
    pub values: Vec<Json>,
    /// How many there are.
    pub of: u64,
    /// The elements of quantifiers that the path begins with.
    pub elements: Vec<Read>,
}

/// What a value would have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// One of the values.
    OneOf,
    /// Anything but the values.
    NoneOf,
    /// Any value instead of null.
    Some,
    /// Null.
    Null,
    /// The value or less.
    AtMost,
    /// The value or more.
    AtLeast,
    /// Less than the value.
    Below,
    /// More than the value.
    Above,
    /// The list without the values.
    Without,
    /// The list with the value.
    With,
}

impl Wanted {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::OneOf,
        Self::NoneOf,
        Self::Some,
        Self::Null,
        Self::AtMost,
        Self::AtLeast,
        Self::Below,
        Self::Above,
        Self::Without,
        Self::With,
    ];

    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneOf => "one_of",
            Self::NoneOf => "none_of",
            Self::Some => "some",
            Self::Null => "null",
            Self::AtMost => "at_most",
            Self::AtLeast => "at_least",
            Self::Below => "below",
            Self::Above => "above",
            Self::Without => "without",
            Self::With => "with",
        }
    }
}

/// A value that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// The path as written.
    pub path: String,
    /// The value.
    pub value: Json,
}

/// A record that was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRead {
    /// Which.
    pub resource: ResourceId,
    /// Where it was read.
    pub endpoint: String,
    /// When.
    pub read_at: Option<jiff::Timestamp>,
    /// Key of the link that led to it from the judged resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_by: Option<String>,
}
