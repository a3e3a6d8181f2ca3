//! Policies: rules in YAML, loaded, checked and compiled.
//!
//! A file is checked by the published JSON Schema, then its conditions by the types of the catalogue; what is left is a
//! [`Policy`] that can be judged. Every mistake of every file goes to the sink in one run.

mod adjust;
mod check;
pub mod derived;
mod error;
mod example;
mod folder;
mod function;
mod load;
mod narrow;
mod needs;
mod pack;
mod param;
mod requirement;
mod select;
mod text;
mod version;
mod waiver;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use adjust::{Adjustment, Adjustments, Author};
pub use error::{Concerns, KnownError, Predictor, Sign, Tells};
pub use example::{Example, Expectation, Given};
pub use folder::{BUILT_IN, BuiltInPack};
pub use narrow::Narrowing;
pub use needs::Needs;
pub use pack::{Loaded, Pack, Request, load, load_errors};
pub use param::Param;
pub use requirement::{Requirement, requirements};
pub use select::Selector;
pub use text::{Language, Piece, Steps, Text, message_pieces, render_message};
pub use waiver::{Facts, Standing, Waiver, parse_waivers, read_waivers};

use crate::catalog::{Origin, Resource};
use crate::diagnostic::Source;
use crate::expr::ast::Expr;
use crate::expr::{Cause, Plan, Reads};

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Can wait.
    Low,
    /// Should be fixed.
    Medium,
    /// Breaks something, or will.
    High,
    /// Breaks something now for people, with no way around.
    Critical,
}

impl Severity {
    /// From the worst to the mildest.
    pub const ALL: [Severity; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The spelling in policies and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    /// The severity of that spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub enum Judged {
    /// The tenant, once.
    Tenant,
    /// Every resource of a type.
    Each(&'static Resource),
}

impl Judged {
    /// `tenant` or the name of the resource type.
    pub fn name(&self) -> &str {
        match self {
            Self::Tenant => "tenant",
            Self::Each(resource) => &resource.name,
        }
    }
}

/// A value with a name.
#[derive(Debug)]
pub struct Let {
    /// Its name in conditions.
    pub name: String,
    /// What computes it.
    pub plan: Plan,
    /// Whether it can identify a person.
    pub personal: bool,
}

/// A value that a message shows.
#[derive(Debug)]
pub struct Shown {
    /// Its name in the message.
    pub name: String,
    /// What computes it.
    pub plan: Plan,
    /// Whether it can identify a person.
    pub personal: bool,
}

/// A document that a policy's facts come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its title; the address when it was given alone.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// A rule that can be judged.
#[derive(Debug)]
pub struct Policy {
    /// Stable name.
    pub id: String,
    /// The pack it came with; none for a single file.
    pub pack: Option<String>,
    /// What is so when all is well.
    pub title: Text,
    /// How bad a failure is.
    pub severity: Severity,
    /// What is judged.
    pub judged: Judged,
    /// What a tenant must have for it to apply.
    pub requires: Vec<&'static Requirement>,
    /// What resources must meet to be judged in this tenant.
    pub scope: Vec<Arc<Narrowing>>,
    /// Values that others may set.
    pub params: Vec<Param>,
    /// Values with a name, each seeing those before it.
    pub lets: Vec<Let>,
    /// Which resources are in scope; none for all.
    pub when: Option<Plan>,
    /// The same as written: what holds for whatever fails.
    pub(crate) when_ast: Option<Expr>,
    /// What must hold.
    pub assert: Plan,
    /// Values for the message.
    pub show: Vec<Shown>,
    /// What is wrong with one resource: a template.
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
    pub frameworks: Vec<(String, Vec<String>)>,
    /// Where its facts come from.
    pub references: Vec<Reference>,
    /// Its own tests.
    pub examples: Vec<Example>,
    /// The file.
    pub source: Arc<Source>,
    /// SHA-256 of the file, in hex.
    pub digest: String,
}

impl Policy {
    /// Whether it asks what only a person can answer: a snapshot alone never lets it pass.
    pub fn needs_attestation(&self) -> bool {
        self.reads().fields.iter().any(|(record, field)| {
            let info = record.info().fields.get(usize::from(*field));
            info.is_some_and(|field| match &field.origin {
                Origin::Derived(spec) => spec.otherwise.as_deref() == Some(Cause::NeedsAttestation.as_str()),
                _ => false,
            })
        })
    }

    /// Whether it tells that provisioning fails for a person, and not why.
    pub fn is_symptom(&self) -> bool {
        self.tags.iter().any(|tag| tag == "symptom")
    }

    /// Everything its expressions read.
    pub fn reads(&self) -> Reads {
        let mut reads = self.assert.reads.clone();
        let lets = self.lets.iter().map(|value| &value.plan);
        let shown = self.show.iter().map(|shown| &shown.plan);
        let required = self.requires.iter().filter_map(|required| required.plan.as_ref());
        let scope = self.scope.iter().map(|scope| &scope.plan);
        for plan in self.when.iter().chain(lets).chain(shown).chain(required).chain(scope) {
            reads.extend(&plan.reads);
        }
        reads
    }
}

/// What some policies need of a snapshot: what their expressions read, and how the judged resources are named.
pub fn needs(policies: &[Policy]) -> Needs {
    let mut needs = Needs::default();
    for policy in policies {
        needs.add(&policy.reads());
        if let Judged::Each(resource) = policy.judged {
            needs.add_resource(resource);
        }
    }
    needs
}
