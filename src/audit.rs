//! The audit: everything that one run found, and the only input of every report.
//!
//! A published format (`tenken schema audit`). It holds what was judged, by what and when, for every policy the count of
//! every outcome, and the findings that are fail or unknown with their evidence. Messages stay templates with typed
//! values, so that whoever renders chooses the language.

pub mod diagnosis;
mod finding;
pub mod flow;
pub mod readiness;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::policy::{Adjustment, Author, Reference, Severity, Steps, Text};
use crate::snapshot::{Side, Tool};

pub use finding::{Change, Evidence, Finding, Read, RecordRead, ResourceId, Wanted};

/// Version of the format.
pub const FORMAT: u32 = 1;
/// Keys that a grouped unknown lists.
pub const MAX_KEYS: usize = 100;

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It does not hold.
    Fail,
    /// It could not be told.
    Unknown,
    /// It does not hold, and that is accepted for a time.
    Waived,
    /// It holds.
    Pass,
    /// Nothing was in scope.
    NotApplicable,
}

impl Outcome {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Waived => "waived",
            Self::Pass => "pass",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// All findings of one run, with what was and was not covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Version of the format.
    pub format: u32,
    /// What judged.
    pub tool: Tool,
    /// Who was judged.
    pub tenant: Tenant,
    /// What was judged.
    pub snapshot: SnapshotId,
    /// The two clocks.
    pub clocks: Clocks,
    /// Counts over all policies.
    pub summary: Summary,
    /// Every policy, the gravest first, with its counts.
    pub policies: Vec<PolicyResult>,
    /// Fails and unknowns, in the order of the policies.
    pub findings: Vec<Finding>,
    /// What was read, and how well.
    pub coverage: Vec<Coverage>,
    /// Accepted exceptions, and what became of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverResult>,
    /// Of a diagnosis: why provisioning failed. The rest is then about the person only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<diagnosis::Diagnosis>,
    /// Of a rollout plan: what will become of each person. The rest is then about them only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<readiness::Readiness>,
    /// What packs, the tenant's configuration and this run changed about policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// Products that the tenant holds licences of, by name, with their seats; none when no policy of this run
    /// reads them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Product>,
    /// How licences flow from Okta to people; none when no policy of this run reads that, or not all was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_flows: Option<flow::LicenceFlows>,
}

/// A product that the tenant holds licences of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name, or its part number where it has none.
    pub name: String,
    /// Seats in use.
    pub used: u64,
    /// Seats bought, in good standing or in the grace period.
    pub seats: u64,
    /// Whether Okta hands it out; none when that could not be told.
    pub handed_out_by_okta: Option<bool>,
}

/// Something that a policy requires of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementResult {
    /// Its name in policies.
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// Whether the tenant has it.
    pub status: RequirementStatus,
}

/// Whether a tenant has what is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequirementStatus {
    /// It has it.
    Met,
    /// It lacks it.
    Lacking,
    /// The snapshot does not tell.
    Unknown,
}

/// A condition that resources must meet to be judged in this tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeResult {
    /// The condition as written.
    #[serde(rename = "where")]
    pub condition: String,
    /// Who said so.
    pub by: Author,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A parameter of a policy, and its value in this run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamResult {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What it is for.
    pub about: Text,
    /// Its value.
    pub value: Json,
    /// Its value if nobody had set it.
    pub default: Json,
    /// Who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
}

/// An accepted exception, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverResult {
    /// Id of the policy.
    pub policy: String,
    /// Which failures are meant, as written; none for all.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Why.
    pub reason: String,
    /// Who has to resolve it.
    pub owner: String,
    /// Who accepted it.
    pub approver: String,
    /// Where it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The last day, in UTC.
    pub expires: jiff::civil::Date,
    /// What became of it.
    pub status: WaiverStatus,
    /// Failures that it waives.
    pub applied: u64,
    /// Failures that it means but does not waive: their facts are not those that were accepted.
    pub lapsed: u64,
}

/// What became of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaiverStatus {
    /// It waives failures.
    Applied,
    /// What it means has changed since it was granted.
    Lapsed,
    /// It means nothing that fails.
    Unused,
    /// Its last day is over.
    Expired,
    /// It ends later than waivers may.
    TooFarAhead,
    /// Its policy was not judged.
    NotJudged,
}

impl WaiverStatus {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Lapsed => "lapsed",
            Self::Unused => "unused",
            Self::Expired => "expired",
            Self::TooFarAhead => "too_far_ahead",
            Self::NotJudged => "not_judged",
        }
    }
}

/// The org and tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// Name in the configuration.
    pub name: String,
    /// The Okta org.
    pub okta: Option<Side>,
    /// The Entra tenant.
    pub entra: Option<Side>,
}

/// Which snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotId {
    /// SHA-256 of its manifest, which holds those of its files.
    pub digest: String,
    /// When reading began.
    pub started: jiff::Timestamp,
    /// When reading ended.
    pub ended: jiff::Timestamp,
}

/// The two clocks of an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clocks {
    /// `now` in conditions: the end of the snapshot.
    pub now: jiff::Timestamp,
    /// The day that waivers and the snapshot's age are measured by.
    pub as_of: jiff::Timestamp,
}

/// Counts of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In scope, and it holds.
    pub pass: u64,
    /// In scope, and it does not.
    pub fail: u64,
    /// It could not be told, or whether they are in scope could not.
    pub unknown: u64,
    /// Accepted exceptions; never counted as pass.
    pub waived: u64,
    /// Out of scope.
    pub out_of_scope: u64,
    /// Taken out of the scope by the tenant's configuration.
    #[serde(default)]
    pub excluded: u64,
}

impl Counts {
    /// Resources that the policy looked at.
    pub fn population(&self) -> u64 {
        self.pass + self.fail + self.unknown + self.waived + self.out_of_scope + self.excluded
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Counts) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unknown += other.unknown;
        self.waived += other.waived;
        self.out_of_scope += other.out_of_scope;
        self.excluded += other.excluded;
    }
}

/// Counts over all policies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Policies by outcome.
    pub policies: BTreeMap<String, u64>,
    /// Policies that fail, by severity.
    pub failed_policies: BTreeMap<String, u64>,
    /// Resources that fail, by severity.
    pub failures: BTreeMap<String, u64>,
    /// Policies that could not be decided, by severity: of some of them no resource was ever read.
    #[serde(default)]
    pub undecided_policies: BTreeMap<String, u64>,
    /// Resources that could not be decided, by severity.
    pub unknowns: BTreeMap<String, u64>,
    /// All judgements.
    pub judgements: Counts,
}

/// What one policy came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyResult {
    /// Its id.
    pub id: String,
    /// The pack it came with.
    pub pack: Option<String>,
    /// SHA-256 of its file.
    pub digest: String,
    /// What is so when all is well.
    pub title: Text,
    /// How bad a failure is.
    pub severity: Severity,
    /// What is judged: a resource type or `tenant`.
    pub resource: String,
    /// What came out over all resources.
    pub outcome: Outcome,
    /// Why nothing was in scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<NotApplicable>,
    /// Licence tiers and features that it requires of a tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<RequirementResult>,
    /// Conditions by which the tenant's configuration narrows what is judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<ScopeResult>,
    /// Values that others may set, with those of this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ParamResult>,
    /// Counts of resources.
    pub counts: Counts,
    /// Resources that were read, in scope or not.
    pub population: u64,
    /// Whether all resources of the type were read.
    pub whole: bool,
    /// What is wrong with one resource: a template over the values of a finding.
    pub message: Text,
    /// What breaks.
    pub why: Option<Text>,
    /// What to do.
    pub fix: Option<Steps>,
    /// Roles that can do it.
    pub who: Vec<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// Items of frameworks that it serves.
    pub frameworks: BTreeMap<String, Vec<String>>,
    /// Where its facts come from.
    pub references: Vec<Reference>,
}

/// Why a policy does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotApplicable {
    /// The tenant has no resource of the type.
    NoResources,
    /// Every resource is out of scope.
    OutOfScope,
    /// The tenant's configuration takes every resource out of the scope.
    Excluded,
    /// The tenant lacks what the policy requires.
    Requirement,
}

/// A resource type, how well it was read, and which policies need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Its name.
    pub resource: String,
    /// `okta` or `entra`.
    pub source: String,
    /// How well it was read.
    pub status: String,
    /// Why not better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was asked.
    pub endpoint: String,
    /// What it needs.
    pub permission: String,
    /// Objects read.
    pub objects: u64,
    /// Requests sent.
    pub requests: u64,
    /// When the last page came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<jiff::Timestamp>,
    /// Policies that need it.
    pub policies: Vec<String>,
}

impl Audit {
    /// Findings that fail, at or above a severity.
    pub fn failures_from(&self, least: Severity) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.outcome == Outcome::Fail && finding.severity >= least)
    }

    /// Whether anything could not be decided, besides what a person has to attest.
    pub fn has_unknowns(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.outcome == Outcome::Unknown && !finding.needs_attestation())
    }

    /// The counts of a policy without what a person has to attest: no snapshot decides that.
    pub fn decidable(&self, policy: &PolicyResult) -> Counts {
        let of_policy = self.findings.iter().filter(|finding| finding.policy == policy.id);
        let attested = of_policy.filter(|finding| finding.outcome == Outcome::Unknown && finding.needs_attestation());
        let mut counts = policy.counts;
        counts.unknown -= attested.map(|finding| finding.count).sum::<u64>().min(counts.unknown);
        counts
    }

    /// Whether anything was decided: it holds, it does not, or it is out of scope.
    pub fn has_judgements(&self) -> bool {
        let decided = |counts: &Counts| counts.pass + counts.fail + counts.waived + counts.out_of_scope;
        self.policies.iter().any(|policy| decided(&policy.counts) > 0)
    }

    /// Whether a policy's own expression failed.
    pub fn has_policy_defects(&self) -> bool {
        self.findings
            .iter()
            .flat_map(|f| &f.causes)
            .any(|origin| origin.cause == crate::expr::Cause::EvaluationError)
    }
}

impl Counts {
    /// The part of what is in scope that could be decided, from 0 to 1; none when nothing is in scope.
    pub fn coverage(&self) -> Option<f64> {
        let decided = self.pass + self.fail + self.waived;
        let all = decided + self.unknown;
        (all > 0).then(|| decided as f64 / all as f64)
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            pass: self.pass + other.pass,
            fail: self.fail + other.fail,
            unknown: self.unknown + other.unknown,
            waived: self.waived + other.waived,
            out_of_scope: self.out_of_scope + other.out_of_scope,
            excluded: self.excluded + other.excluded,
        }
    }
}

impl Summary {
    /// Counts policies and resources.
    pub fn of(policies: &[PolicyResult]) -> Self {
        let mut summary = Self::default();
        for outcome in [
            Outcome::Pass,
            Outcome::Fail,
            Outcome::Unknown,
            Outcome::Waived,
            Outcome::NotApplicable,
        ] {
            summary.policies.insert(outcome.as_str().to_owned(), 0);
        }
        for severity in Severity::ALL {
            for map in [
                &mut summary.failed_policies,
                &mut summary.failures,
                &mut summary.undecided_policies,
                &mut summary.unknowns,
            ] {
                map.insert(severity.as_str().to_owned(), 0);
            }
        }
        for policy in policies {
            let severity = policy.severity.as_str();
            *summary.policies.entry(policy.outcome.as_str().to_owned()).or_default() += 1;
            *summary.failed_policies.entry(severity.to_owned()).or_default() +=
                u64::from(policy.outcome == Outcome::Fail);
            *summary.undecided_policies.entry(severity.to_owned()).or_default() +=
                u64::from(policy.outcome == Outcome::Unknown);
            *summary.failures.entry(severity.to_owned()).or_default() += policy.counts.fail;
            *summary.unknowns.entry(severity.to_owned()).or_default() += policy.counts.unknown;
            summary.judgements.add(&policy.counts);
        }
        summary
    }
}
