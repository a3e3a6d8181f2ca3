//! Weighing: what the error text says and what the snapshot shows, put together into an order of causes.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::person;
use super::recognise::{Match, recognise};
use super::text::Reading;
use crate::audit::diagnosis::{Cause, Clue, Spread, SpreadKind, Standing};
use crate::audit::{Audit, Finding, Outcome};
use crate::evaluate::Rows;
use crate::policy::{Concerns, Judged, KnownError, Policy};

/// Clues of one policy and outcome; of people in general the first are enough.
const MAX_CLUES: usize = 3;

/// What a snapshot shows.
pub(super) struct Evidence<'a> {
    /// The policies that were judged.
    pub(super) policies: &'a [Policy],
    /// Failures and unknowns.
    pub(super) audit: &'a Audit,
    /// What holds.
    pub(super) passes: &'a [Finding],
    /// How people fare.
    pub(super) spread: Spread,
    /// Whether the person is known to fail.
    pub(super) fails: bool,
}

/// The causes that come into question, the likeliest first: those that the text leads to, and after them those that the
/// snapshot shows without the text. Without a text, those that the snapshot shows or leaves open.
pub(super) fn causes(
    errors: &[KnownError],
    reading: Option<&Reading>,
    evidence: Option<&Evidence<'_>>,
    rows: Option<&Rows>,
) -> Vec<Cause> {
    let matches: Option<HashMap<usize, Match>> =
        reading.map(|reading| recognise(reading, errors).into_iter().collect());
    let mut found: Vec<(i32, Cause)> = Vec::new();
    for (at, error) in errors.iter().enumerate() {
        let matched = matches.as_ref().and_then(|matches| matches.get(&at).copied());
        let clues = evidence
            .map(|evidence| clues(error, evidence, rows))
            .unwrap_or_default();
        let standing = standing(&clues, evidence);
        let concerned = match (&matches, matched) {
            (_, Some(_)) => true,
            // What is wrong with the person besides; what all share is the audit's to say.
            (Some(_), None) => clues.iter().any(is_about_person),
            // What is wrong with the person, and of a person who fails what all share.
            (None, None) if evidence.is_some_and(|evidence| evidence.fails) => {
                standing <= Standing::Suggested || clues.iter().any(is_open)
            }
            (None, None) => clues
                .iter()
                .any(|clue| clue.personal && (is_about_person(clue) || is_open(clue))),
        };
        if concerned {
            let fits = evidence.and_then(|evidence| fits(error.concerns, evidence.spread.kind));
            let weight = weight(matched, matches.is_some(), standing, &clues, fits);
            found.push((weight, cause(error, matched, standing, fits, clues)));
        }
    }
    found.sort_by_key(|(weight, cause)| {
        let beside = matches.is_some() && cause.text_tells.is_none();
        (
            beside,
            Reverse(*weight),
            confidence(&cause.confidence),
            cause.id.clone(),
        )
    });
    found.into_iter().map(|(_, cause)| cause).collect()
}

/// What the snapshot says to a cause that a person had.
pub(super) fn present(error: &KnownError, evidence: &Evidence<'_>, rows: &Rows) -> Standing {
    standing(&clues(error, evidence, Some(rows)), Some(evidence))
}

/// What speaks for a cause, what against it, and what is open.
fn clues(error: &KnownError, evidence: &Evidence<'_>, rows: Option<&Rows>) -> Vec<Clue> {
    let mut clues = Vec::new();
    for policy in evidence.policies {
        let Some(predictor) = error.predicts(&policy.id) else {
            continue;
        };
        let personal = is_personal(policy, rows);
        for outcome in [Outcome::Fail, Outcome::Unknown, Outcome::Pass] {
            let findings = evidence.audit.findings.iter().chain(evidence.passes);
            let findings: Vec<&Finding> = findings
                .filter(|finding| finding.policy == policy.id && finding.outcome == outcome)
                .filter(|finding| outcome != Outcome::Fail || predictor.means(&finding.values))
                // That others may not have been read says nothing about this person.
                .filter(|finding| !(personal && finding.count == 0))
                .collect();
            clues.extend(findings.iter().take(MAX_CLUES).map(|finding| Clue {
                title: policy.title.clone(),
                message: policy.message.clone(),
                personal,
                surely: predictor.surely,
                of: findings.len() as u64,
                finding: (*finding).clone(),
            }));
        }
    }
    clues.sort_by_key(|clue| clue.finding.outcome);
    clues
}

/// Whether a policy was judged on the person's own rows.
fn is_personal(policy: &Policy, rows: Option<&Rows>) -> bool {
    match policy.judged {
        Judged::Tenant => false,
        Judged::Each(resource) => rows.is_some() && person::records().contains(&resource.record),
    }
}

/// Whether it speaks for the cause, of this person.
fn is_about_person(clue: &Clue) -> bool {
    clue.personal && clue.finding.outcome == Outcome::Fail
}

fn is_open(clue: &Clue) -> bool {
    clue.finding.outcome == Outcome::Unknown
}

/// What the clues come to. A pass contradicts only where nothing is open, and only what the policy surely tells: what it
/// merely suggests may come about otherwise.
fn standing(clues: &[Clue], evidence: Option<&Evidence<'_>>) -> Standing {
    let any = |outcome| clues.iter().any(|clue| clue.finding.outcome == outcome);
    let surely = |outcome| clues.iter().any(|clue| clue.surely && clue.finding.outcome == outcome);
    if surely(Outcome::Fail) {
        Standing::Supported
    } else if any(Outcome::Fail) {
        Standing::Suggested
    } else if any(Outcome::Unknown) || !surely(Outcome::Pass) || evidence.is_none() {
        Standing::Open
    } else {
        Standing::Contradicted
    }
}

/// Whether whom a cause hits fits how people fare.
fn fits(concerns: Concerns, kind: SpreadKind) -> Option<bool> {
    match (concerns, kind) {
        (Concerns::Either, _) | (_, SpreadKind::Unknown | SpreadKind::Nobody) => None,
        (Concerns::One, SpreadKind::Some) | (Concerns::Everyone, SpreadKind::Everyone) => Some(true),
        (Concerns::One, SpreadKind::Everyone) | (Concerns::Everyone, SpreadKind::Some) => Some(false),
    }
}

/// The order: what the text tells, then what the snapshot says to it, then whom it hits.
fn weight(matched: Option<Match>, has_text: bool, standing: Standing, clues: &[Clue], fits: Option<bool>) -> i32 {
    let text = match matched {
        Some(found) => found.weight,
        None if has_text => 0,
        None => 4,
    };
    let personal = clues
        .iter()
        .any(|clue| clue.personal && clue.finding.outcome == Outcome::Fail);
    let shown = match standing {
        Standing::Supported if personal => 6,
        Standing::Suggested if personal => 4,
        Standing::Supported | Standing::Suggested => 3,
        Standing::Open => 0,
        Standing::Contradicted => -6,
    };
    text + shown + if fits == Some(false) { -6 } else { 0 }
}

/// From the surest.
fn confidence(name: &str) -> u8 {
    match name {
        "high" => 0,
        "medium" => 1,
        _ => 2,
    }
}

fn cause(
    error: &KnownError,
    matched: Option<Match>,
    standing: Standing,
    fits: Option<bool>,
    clues: Vec<Clue>,
) -> Cause {
    Cause {
        id: error.id.clone(),
        title: error.title.clone(),
        why: error.why.clone(),
        standing,
        text_tells: matched.map(|found| found.tells.as_str().to_owned()),
        confidence: error.confidence.clone(),
        concerns: error.concerns.as_str().to_owned(),
        fits_spread: fits,
        clues,
        unpredicted: error.unpredicted.clone(),
        settle: error.settle.clone(),
        fix: error.fix.clone(),
        who: error.who.clone(),
        closing: error.closing.clone(),
        references: error.references.clone(),
    }
}
