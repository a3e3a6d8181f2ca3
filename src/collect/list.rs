//! One list, from its first page or from where an earlier attempt stopped, to its end.

use std::collections::HashSet;

use reqwest::Url;

use super::client::Answer;
use super::failure::{Failure, classify};
use super::plan::Step;
use super::reading::Reading;
use super::retry::GetError;
use super::source::{First, Source};
use super::{CollectError, Event, pages};
use crate::catalog::Population;
use crate::snapshot::{ParentStatus, Status};

/// Most pages of one list: a billion objects.
const MAX_PAGES: u64 = 5_000_000;
/// Most pages in a row that bring nothing new.
const MAX_BARREN: u32 = 500;

/// How a list ended.
#[derive(Clone)]
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    /// The credential is no longer accepted.
    pub(super) signed_out: bool,
}

impl Ended {
    pub(super) fn whole() -> Self {
        Self {
            status: Status::Complete,
            reason: None,
            signed_out: false,
        }
    }

    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self {
            status: Status::Failed,
            reason: Some(reason.into()),
            signed_out: false,
        }
    }

    /// A list that broke off: partial when something of it was read.
    pub(super) fn broken(read_some: bool, reason: &str) -> Self {
        let status = if read_some { Status::Partial } else { Status::Failed };
        Self {
            status,
            ..Self::failed(reason)
        }
    }

    fn signed_out(reason: String) -> Self {
        Self {
            signed_out: true,
            ..Self::failed(reason)
        }
    }

    /// How a parent's list ended in an earlier attempt.
    pub(super) fn of(status: &ParentStatus) -> Self {
        Self {
            status: status.status,
            reason: status.reason.clone(),
            signed_out: false,
        }
    }

    /// The first failure stands for all, unless the credential is lost.
    pub(super) fn worsen(&mut self, other: &Self) {
        if other.signed_out || (other.status != Status::Complete && self.status == Status::Complete) {
            *self = other.clone();
        }
    }
}

impl Source<'_> {
    /// Reads a list to its end, for one parent if it has one, whose first page may have been asked for already.
    pub(super) async fn list(
        &self,
        step: &Step,
        parent: Option<&str>,
        reading: &mut Reading<'_>,
        mut first: Option<First>,
    ) -> Result<Ended, CollectError> {
        let beginning = step.url(self.to.client.base(), parent, self.within.started);
        let mut next = match reading.begin_list(parent)? {
            Some(note) => match note.next {
                Some(link) => Some(Url::parse(&link).unwrap_or_else(|_| beginning.clone())),
                None => return Ok(reading.end_list()),
            },
            None => Some(beginning.clone()),
        };
        let mut seen: HashSet<u64> = HashSet::new();
        let mut is_second_try = false;
        let mut barren = 0;
        while let Some(url) = next {
            if !seen.insert(reading.fingerprint(url.as_str())) {
                return Ok(Ended::broken(
                    reading.has_some(),
                    "the vendor's next links run in a circle",
                ));
            }
            if reading.pages >= MAX_PAGES {
                return Ok(Ended::broken(true, "the list does not end"));
            }
            if barren >= MAX_BARREN {
                let reason = format!("the list does not end: {barren} pages in a row brought nothing new");
                return Ok(Ended::broken(reading.has_some(), &reason));
            }
            let outcome = match first.take() {
                Some(First { outcome, cost }) => {
                    reading.cost.add(cost);
                    outcome
                }
                None => self.to.client.get(&url, &self.to.auth, &mut reading.cost).await,
            };
            let answer = match outcome {
                Ok(answer) => answer,
                Err(GetError::SignIn(CollectError::SignIn { reason, .. })) => return Ok(Ended::signed_out(reason)),
                Err(GetError::SignIn(error)) => return Err(error),
                Err(GetError::Failed(reason)) => return Ok(Ended::broken(reading.has_some(), &reason)),
            };
            let is_first = url == beginning;
            if answer.status != 200 {
                // What a next link is refused with when it is too old is nowhere written down.
                if !is_first && !is_second_try && matches!(answer.status, 400 | 404 | 410) {
                    self.tell(Event::Warning(format!(
                        "{}: the next page was refused (HTTP {}), so the list was read again from its beginning",
                        step.resource.name, answer.status
                    )));
                    is_second_try = true;
                    seen.clear();
                    reading.restart_list()?;
                    next = Some(beginning.clone());
                    continue;
                }
                return Ok(self.refused(step, &answer, is_first, reading));
            }
            let single = step.resource.population == Population::One;
            let page = match pages::parse(step.call, single, &answer.headers, &answer.body) {
                Ok(page) => page,
                Err(reason) => return Ok(Ended::broken(reading.has_some(), &reason)),
            };
            let new = reading.page(parent, &page)?;
            barren = if new == 0 { barren + 1 } else { 0 };
            self.tell(Event::Page {
                resource: &step.resource.name,
                objects: reading.file.objects(),
            });
            next = page.next;
        }
        Ok(reading.end_list())
    }

    /// What a refusal means for the list.
    fn refused(&self, step: &Step, answer: &Answer, is_first: bool, reading: &Reading<'_>) -> Ended {
        match classify(self.to.source, step.call, answer.status, &answer.body) {
            // "There are none" is no answer to the question for the rest of a list.
            Failure::Empty if is_first => Ended::whole(),
            Failure::Empty => Ended::broken(true, &format!("HTTP {} in the middle of the list", answer.status)),
            Failure::SignedOut(reason) => Ended::signed_out(reason),
            Failure::Refused(_, reason) if reading.has_some() => Ended::broken(true, &reason),
            Failure::Refused(status, reason) => Ended {
                status,
                ..Ended::failed(reason)
            },
        }
    }
}
