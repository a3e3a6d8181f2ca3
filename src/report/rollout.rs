//! The people of a rollout as a list: one line for each, in the order of the rollout.

use std::collections::HashMap;

use super::plain::{Plain, numbered, plain};
use super::table::Cell;
use super::view::OWN;
use crate::audit::Outcome;
use crate::audit::readiness::{Cause, PlannedPerson, Readiness, Reason};

/// Names of the columns. Programs go by them, so they are the same in every language.
pub(super) const COLUMNS: &[&str] = &[
    "wave",
    "person",
    "prospect",
    "assigned",
    "action",
    "user_name",
    "account",
    "licences_to_add",
    "licences_to_remove",
    "reasons",
    "error_text",
    "who",
    "fix",
    "causes",
    "key",
];

/// The lines of all people.
pub(super) fn lines<'a>(told: &'a Plain<'a>, readiness: &'a Readiness) -> impl Iterator<Item = Vec<Cell>> + 'a {
    let said: HashMap<_, _> = told
        .items()
        .filter(|item| item.finding.outcome == Outcome::Fail)
        .map(|item| (item.finding.id, told.message(item)))
        .collect();
    let causes: HashMap<&str, &Cause> = readiness
        .causes
        .iter()
        .map(|cause| (cause.id.as_str(), cause))
        .collect();
    readiness.people.iter().map(move |person| {
        let reasons = person.reasons.iter();
        let found: Vec<&Cause> = reasons
            .filter_map(|reason| causes.get(reason.cause.as_str()).copied())
            .collect();
        let wave = readiness.waves.get(person.wave).map(|wave| plain(&wave.name));
        let why = person
            .reasons
            .iter()
            .map(|reason| match reason.finding.and_then(|id| said.get(&id)) {
                Some(message) => message.clone(),
                None => why(told, reason, causes.get(reason.cause.as_str()).copied()),
            });
        line(told, person, wave.unwrap_or_default(), why.collect(), &found)
    })
}

fn line(told: &Plain<'_>, person: &PlannedPerson, wave: String, why: Vec<String>, causes: &[&Cause]) -> Vec<Cell> {
    let gap = told.text("page.gap");
    let names = |list: &Option<Vec<String>>| {
        let names = list.iter().flatten().map(|name| plain(name));
        names.collect::<Vec<_>>().join(&told.text("page.comma"))
    };
    let mut who: Vec<String> = Vec::new();
    for role in causes.iter().flat_map(|cause| &cause.who) {
        let name = told.role(role);
        if !who.contains(&name) {
            who.push(name);
        }
    }
    let mut fix: Vec<String> = Vec::new();
    for cause in causes {
        fix.extend(told.fix(cause.fix.as_ref()));
    }
    for reason in person
        .reasons
        .iter()
        .filter(|reason| OWN.contains(&reason.cause.as_str()))
    {
        fix.push(told.text(&format!("own_fix.{}", reason.cause)));
    }
    let says: Vec<String> = causes
        .iter()
        .filter_map(|cause| Some(plain(cause.error_text.as_deref()?)))
        .collect();
    let ids: Vec<String> = person.reasons.iter().map(|reason| plain(&reason.cause)).collect();
    let key = person.okta.as_ref().map(|okta| plain(&okta.key));
    let account = person
        .account
        .as_ref()
        .map(|account| plain(account.name.as_deref().unwrap_or(&account.key)));
    [
        wave,
        plain(&person.name),
        told.text(&format!("prospect.{}", person.prospect.as_str())),
        told.text(if person.assigned { "list.yes" } else { "list.no" }),
        told.text(&format!("action.{}", person.action.as_str())),
        person.user_name.as_deref().map(plain).unwrap_or_default(),
        account.unwrap_or_default(),
        names(&person.licences_to_add),
        names(&person.licences_to_remove),
        why.join(&gap),
        says.join("; "),
        who.join(&told.text("page.comma")),
        numbered(&fix),
        ids.join(", "),
        key.unwrap_or_default(),
    ]
    .map(Cell::Text)
    .into()
}

/// A reason that no finding tells, in words.
fn why(told: &Plain<'_>, reason: &Reason, cause: Option<&Cause>) -> String {
    let title = cause
        .and_then(|cause| cause.title.as_ref())
        .map(|title| title.get(told.language).to_owned());
    let words = match title {
        Some(title) => title,
        None if OWN.contains(&reason.cause.as_str()) => told.text(&format!("own_cause.{}", reason.cause)),
        None => told.doubts(&reason.unknown),
    };
    let about: Vec<String> = reason.about.iter().map(|text| plain(text)).collect();
    if about.is_empty() {
        words
    } else {
        [words, told.text("page.colon"), about.join(&told.text("page.comma"))].concat()
    }
}
