//! Readiness: what will happen to each person when a rollout plan is carried out, as part of an audit.
//!
//! People in the order of the rollout, each with what Okta would send and what Microsoft would answer; the causes of what
//! will go wrong, by how many people each holds up; seats; and whether to go.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ResourceId;
use crate::expr::Origin;
use crate::policy::{Steps, Text};

/// What will become of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readiness {
    /// The application that people are assigned to.
    pub app: ResourceId,
    /// What it comes to.
    pub verdict: Verdict,
    /// What is asked of the rollout, and whether it is kept.
    pub limits: Vec<Limit>,
    /// All waves together.
    pub total: Prospects,
    /// The waves, in order.
    pub waves: Vec<Wave>,
    /// What stands in the way of everybody.
    pub blockers: Vec<Blocker>,
    /// Causes, by how many people each holds up.
    pub causes: Vec<Cause>,
    /// Seats of every product that the plan hands out.
    pub seats: Vec<Seats>,
    /// The people, in the order of the rollout.
    pub people: Vec<PlannedPerson>,
    /// What was taken for granted, because no API tells it.
    pub assumptions: Vec<Assumption>,
}

/// Whether to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every limit is kept.
    Go,
    /// Some limit is not, or something stands in everybody's way.
    NoGo,
    /// Only too little is known.
    CannotTell,
}

impl Verdict {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no_go",
            Self::CannotTell => "cannot_tell",
        }
    }
}

/// How many people may come to something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// What they may come to.
    pub prospect: Prospect,
    /// How many may, as it was asked: a number or a part of a hundred.
    pub at_most: String,
    /// The same as a number of people.
    pub people: u64,
    /// How many do.
    pub found: u64,
    /// Whether that is kept.
    pub kept: bool,
}

/// People by what will become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospects {
    /// All of them.
    pub people: u64,
    /// It will work.
    pub ready: u64,
    /// It will not.
    pub will_fail: u64,
    /// It may not.
    pub may_fail: u64,
    /// Too little is known.
    pub cannot_tell: u64,
    /// Already provisioned, with no failure ahead; counted nowhere else.
    pub assigned: u64,
}

impl Prospects {
    /// Counts a person.
    pub fn count(&mut self, person: &PlannedPerson) {
        self.people += 1;
        let slot = match (person.is_settled(), person.prospect) {
            (true, _) => &mut self.assigned,
            (_, Prospect::Ready) => &mut self.ready,
            (_, Prospect::WillFail) => &mut self.will_fail,
            (_, Prospect::MayFail) => &mut self.may_fail,
            (_, Prospect::CannotTell) => &mut self.cannot_tell,
        };
        *slot += 1;
    }

    /// People for whom something is at stake.
    pub fn at_stake(&self) -> u64 {
        self.people - self.assigned
    }

    /// How many come to something.
    pub fn of(&self, prospect: Prospect) -> u64 {
        match prospect {
            Prospect::Ready => self.ready,
            Prospect::WillFail => self.will_fail,
            Prospect::MayFail => self.may_fail,
            Prospect::CannotTell => self.cannot_tell,
        }
    }
}

/// What will become of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prospect {
    /// Provisioning will fail.
    WillFail,
    /// Too little is known: it may fail or not, whatever else is at risk.
    CannotTell,
    /// It may fail.
    MayFail,
    /// It will work.
    Ready,
}

impl Prospect {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WillFail => "will_fail",
            Self::MayFail => "may_fail",
            Self::CannotTell => "cannot_tell",
            Self::Ready => "ready",
        }
    }
}

/// People who are assigned together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wave {
    /// Its name.
    pub name: String,
    /// Its people.
    pub prospects: Prospects,
    /// Groups of which nobody knows who is in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadGroup>,
}

/// A group of which nobody knows who is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnreadGroup {
    /// The group.
    pub group: ResourceId,
    /// Why.
    pub causes: Vec<Origin>,
}

/// A person of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedPerson {
    /// Login in Okta; of somebody who was not found, as the plan names them.
    pub name: String,
    /// In Okta; none for somebody who was not found.
    pub okta: Option<ResourceId>,
    /// Number of the wave, from 0.
    pub wave: usize,
    /// What will become of them; of somebody who is provisioned already, of the next push.
    pub prospect: Prospect,
    /// Whether they are assigned to the application already, and linked to an account (`externalId`).
    pub assigned: bool,
    /// What Okta would do.
    pub action: Action,
    /// User name that Okta would send.
    pub user_name: Option<String>,
    /// The account in Entra that it would meet.
    pub account: Option<ResourceId>,
    /// Products that Okta would ask Microsoft to give them; none when that is not known.
    pub licences_to_add: Option<Vec<String>>,
    /// Products that Okta would ask Microsoft to take away; none when that is not known.
    pub licences_to_remove: Option<Vec<String>>,
    /// Why it will not, or may not, work.
    pub reasons: Vec<Reason>,
}

impl PlannedPerson {
    /// Whether the plan has nothing at stake for them: they are provisioned already, and the next push does not fail.
    pub fn is_settled(&self) -> bool {
        self.assigned && self.prospect != Prospect::WillFail
    }
}

/// What Okta would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create an account.
    Create,
    /// Link to the account that is there.
    Match,
    /// Meet several accounts that could be meant.
    Conflict,
    /// Change what it linked to before.
    Update,
    /// Nothing: there is nobody to send.
    Nothing,
    /// It could not be told.
    Unknown,
}

impl Action {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Match => "match",
            Self::Conflict => "conflict",
            Self::Update => "update",
            Self::Nothing => "nothing",
            Self::Unknown => "unknown",
        }
    }
}

/// Why it will not, or may not, work for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Id of the cause.
    pub cause: String,
    /// Whether it surely breaks.
    pub surely: bool,
    /// The finding that tells, where a policy does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Uuid>,
    /// Why it could not be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Origin>,
    /// What it is about where no finding tells: a product, a status, names that are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

/// A cause that holds people up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Id in the error catalogue, else of the policy, else of readiness itself.
    pub id: String,
    /// The cause in a few words; none for those of readiness itself, which reports name.
    pub title: Option<Text>,
    /// What happens.
    pub why: Option<Text>,
    /// What is wrong with one person: a template over the values of the finding.
    pub message: Option<Text>,
    /// What Microsoft or Okta will say.
    pub error_text: Option<String>,
    /// Whether it could not be told for these people.
    pub open: bool,
    /// Whether it surely breaks for somebody.
    pub surely: bool,
    /// People it holds up.
    pub people: u64,
    /// People for whom nothing else stands in the way.
    pub unblocks: u64,
    /// The same for each wave.
    pub by_wave: Vec<u64>,
    /// Roles that can do it.
    pub who: Vec<String>,
    /// What to do, in order.
    pub fix: Option<Steps>,
    /// The check that ends it: `provisioned`, `signed_in` or `connected`.
    pub closing: Option<String>,
    /// Where it could not be told, why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Origin>,
}

/// Something that stands in the way of everybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocker {
    /// What.
    pub cause: Cause,
    /// The finding that tells, where a policy does.
    pub finding: Option<Uuid>,
    /// What it is about where no finding tells: policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

/// Seats of a product as the rollout proceeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seats {
    /// The product, as people call it.
    pub name: String,
    /// Part number.
    pub part_number: Option<String>,
    /// Seats that are free in the snapshot; none when that is not known.
    pub free: Option<i64>,
    /// Whether the tenant has the product; none when that is not known.
    pub in_tenant: Option<bool>,
    /// People in each wave who would get it and do not hold it.
    pub needed: Vec<u64>,
    /// People for whom no seat is left.
    pub short: u64,
    /// People of whom it is not known whether they hold it; a seat is kept for each.
    pub uncertain: u64,
}

/// What was taken for granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// Which; reports have its text.
    pub id: String,
    /// What it is about.
    pub about: String,
}
