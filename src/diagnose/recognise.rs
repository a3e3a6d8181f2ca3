//! Comparing an error text with the catalogue: which entries it leads to, and how surely.

use super::text::{Reading, Says};
use crate::policy::{KnownError, Sign, Tells};

/// How surely a text leads to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    /// For the order; the more, the surer.
    pub(super) weight: i32,
    /// In a word.
    pub(super) tells: Tells,
}

/// The entries that a text leads to, by their number. What is remote is left out where something is certain.
pub(super) fn recognise(reading: &Reading, errors: &[KnownError]) -> Vec<(usize, Match)> {
    let mut found: Vec<(usize, Match)> = errors
        .iter()
        .enumerate()
        .filter_map(|(at, error)| Some((at, best(reading, error)?)))
        .collect();
    if found.iter().any(|(_, found)| found.tells == Tells::Certain) {
        found.retain(|(_, found)| found.tells != Tells::Remote);
    }
    found
}

/// The surest of an entry's signs.
fn best(reading: &Reading, error: &KnownError) -> Option<Match> {
    error.seen.iter().filter_map(|sign| compare(reading, sign)).max()
}

/// Compares with one sign. Nothing of it may be otherwise in the text; what the text does not say weakens it.
fn compare(reading: &Reading, sign: &Sign) -> Option<Match> {
    let mut tells = sign.tells;
    let mut missing = 0;
    if let Some(phrase) = &sign.says {
        match reading.says(phrase) {
            Says::Whole => {}
            Says::CutOff => {
                tells = tells.min(Tells::Likely);
                missing += 2;
            }
            Says::No => return None,
        }
    }
    if let Some(code) = &sign.code
        && !reading.has_code(code)
    {
        return None;
    }
    let named = sign.says.is_some() || sign.code.is_some();
    let said = [
        sign.status
            .map(|status| reading.error.status.map(|found| found == status)),
        sign.call
            .as_ref()
            .map(|call| reading.error.call.as_ref().map(|found| found == call)),
    ];
    for same in said.into_iter().flatten() {
        match same {
            Some(true) => {}
            Some(false) => return None,
            // A status or a call alone is no sign when it is not even there.
            None if !named => return None,
            None => {
                tells = tells.min(Tells::Possible);
                missing += 1;
            }
        }
    }
    Some(Match {
        weight: weight(sign.tells) - missing,
        tells,
    })
}

fn weight(tells: Tells) -> i32 {
    match tells {
        Tells::Certain => 8,
        Tells::Likely => 6,
        Tells::Possible => 4,
        Tells::Remote => 2,
    }
}
