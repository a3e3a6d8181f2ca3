//! A diagnosis: why provisioning failed, as part of an audit.
//!
//! What was asked, what the error text says, whom it concerns, and the causes, the likeliest first, each with what speaks
//! for it and against it.

use serde::{Deserialize, Serialize};

use super::{Finding, ResourceId};
use crate::policy::{Reference, Steps, Text};

/// Why provisioning failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The person; none when it is about nobody in particular.
    pub person: Option<Person>,
    /// What the error text says; none when there was none.
    pub error: Option<ErrorText>,
    /// What the System Log tells of the person; none without one.
    pub history: Option<History>,
    /// How others fare; none without a snapshot.
    pub spread: Option<Spread>,
    /// The causes, the likeliest first.
    pub causes: Vec<Cause>,
}

impl Diagnosis {
    /// Whether a cause was named: the text leads to one, or the snapshot shows one.
    pub fn is_answered(&self) -> bool {
        self.causes
            .iter()
            .any(|cause| cause.text_tells.is_some() || cause.standing <= Standing::Suggested)
    }
}

/// The person that a diagnosis is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// As a person can find them: in Okta, else in Entra.
    pub resource: ResourceId,
    /// Who named the person.
    pub named_by: NamedBy,
    /// Their assignments to Office 365 applications in Okta.
    pub assignments: Vec<ResourceId>,
    /// Whether what tells that the person fails says so; none when it could not be told.
    pub failing: Option<bool>,
}

/// Where the name of a person came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// Whoever asked.
    Argument,
    /// The error text.
    ErrorText,
}

/// What an error text says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorText {
    /// The text without what only carried it, on one line and cut where it is very long.
    pub text: String,
    /// When it was written to the System Log; none when it was given.
    pub logged: Option<jiff::Timestamp>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Error codes, as they are spelt.
    pub codes: Vec<String>,
    /// What was asked of Microsoft: `assign_licence`, `create_user` or `update_user`.
    pub call: Option<String>,
    /// The person as the text names them.
    pub user: Option<String>,
    /// Object id in Entra that the text names.
    pub entra_id: Option<String>,
}

/// What the System Log tells of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Failures of the days that were read, the newest first; what was told several times is one.
    pub failures: Vec<LoggedFailure>,
    /// Whether the log was read to its end.
    pub whole: bool,
}

/// A failure in the System Log, and what is left of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedFailure {
    /// When it was last told.
    pub last: jiff::Timestamp,
    /// When it was first told.
    pub first: jiff::Timestamp,
    /// How often.
    pub times: u64,
    /// The vendor's text, as an error text is shown.
    pub text: String,
    /// Id of the cause in the error catalogue that the text leads to most surely.
    pub cause: Option<String>,
    /// That cause in a few words.
    pub title: Option<Text>,
    /// What the snapshot shows of it.
    pub present: Present,
}

/// Whether a cause of former failures is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Present {
    /// What predicts it holds, or suggests it.
    Persists,
    /// All that predicts it does not hold any more.
    Gone,
    /// Nothing tells of the cause, but provisioning of the person works.
    Works,
    /// Nothing tells.
    Open,
}

impl Present {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Persists => "persists",
            Self::Gone => "gone",
            Self::Works => "works",
            Self::Open => "open",
        }
    }
}

/// How many people fail, and for how many it works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// People for whom provisioning fails.
    pub failing: u64,
    /// People for whom it works.
    pub working: u64,
    /// People for whom it could not be told.
    pub unknown: u64,
    /// What that comes to.
    pub kind: SpreadKind,
}

/// One person failing and everyone failing, told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpreadKind {
    /// It works for others: the cause lies with people.
    Some,
    /// It works for nobody: the cause lies with the connection.
    Everyone,
    /// Nobody fails.
    Nobody,
    /// Too little is known.
    #[default]
    Unknown,
}

/// A cause that comes into question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Id in the error catalogue.
    pub id: String,
    /// The cause in a few words.
    pub title: Text,
    /// What happens.
    pub why: Text,
    /// What the snapshot says to it.
    pub standing: Standing,
    /// How much the error text tells: `certain`, `likely`, `possible`, `remote`; none when it does not lead here.
    pub text_tells: Option<String>,
    /// How sure it is that what predicts it leads to it.
    pub confidence: String,
    /// Whom it hits: `one`, `everyone` or `either`.
    pub concerns: String,
    /// Whether that fits how others fare.
    pub fits_spread: Option<bool>,
    /// What speaks for it, against it, and what is open.
    pub clues: Vec<Clue>,
    /// Why no policy predicts it.
    pub unpredicted: Option<Text>,
    /// What would tell whether it is this.
    pub settle: Text,
    /// What to do, in order.
    pub fix: Steps,
    /// Who has to act.
    pub who: Vec<String>,
    /// The check that ends it: `provisioned`, `signed_in` or `connected`.
    pub closing: String,
    /// Where its facts come from.
    pub references: Vec<Reference>,
}

/// What the snapshot says to a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// What predicts it holds for the person, or for somebody when nobody was named.
    Supported,
    /// What holds only suggests it.
    Suggested,
    /// Nothing in the snapshot tells.
    Open,
    /// All that predicts it does not hold.
    Contradicted,
}

impl Standing {
    /// The spelling in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Suggested => "suggested",
            Self::Open => "open",
            Self::Contradicted => "contradicted",
        }
    }
}

/// One policy that predicts a cause, judged on one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clue {
    /// What is so when all is well.
    pub title: Text,
    /// What is wrong: a template over the values of the finding.
    pub message: Text,
    /// Whether it is about the person and not about what all people share.
    pub personal: bool,
    /// Whether a failure shows the cause, and does not only suggest it.
    pub surely: bool,
    /// Of how many such findings of the policy this is one.
    pub of: u64,
    /// What came out: a failure speaks for the cause, a pass against it.
    pub finding: Finding,
}
