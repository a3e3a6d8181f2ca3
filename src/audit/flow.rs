//! How licences flow: by what Okta hands out a product, and to how many people it has come.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::ResourceId;

/// Flows that are listed; the rest is summed.
pub const MAX_FLOWS: usize = 12;

/// What Okta hands out, and what has come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceFlows {
    /// The flows with most people.
    pub flows: Vec<LicenceFlow>,
    /// How many more flows there are.
    pub more: u64,
    /// Their people.
    pub rest: Arrivals,
    /// People of whom it is not known what Okta hands them.
    pub open: u64,
}

/// A product that comes by one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceFlow {
    /// By what Okta hands it out.
    pub route: Route,
    /// The group, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<ResourceId>,
    /// The product by its name, or the licence as Okta writes it where no known product has that name.
    pub product: String,
    /// Its people.
    pub people: Arrivals,
}

/// By what Okta hands out a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The one group of the application that gives it.
    Group,
    /// One of several groups that give it.
    SeveralGroups,
    /// People are assigned by a group, but none that there is gives it.
    NoGroup,
    /// People who are assigned one by one.
    Person,
}

impl Route {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::SeveralGroups => "several_groups",
            Self::NoGroup => "no_group",
            Self::Person => "person",
        }
    }
}

/// People to whom Okta hands out a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// They hold it in Entra.
    pub arrived: u64,
    /// They do not.
    pub missing: u64,
    /// It could not be told.
    pub unknown: u64,
}

impl Arrivals {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.arrived + self.missing + self.unknown
    }
}

impl AddAssign for Arrivals {
    fn add_assign(&mut self, other: Self) {
        self.arrived += other.arrived;
        self.missing += other.missing;
        self.unknown += other.unknown;
    }
}
