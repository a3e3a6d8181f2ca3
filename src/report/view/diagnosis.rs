//! A diagnosis as it is shown: what was asked, how others fare, and the causes with what speaks for and against each.

use serde::Serialize;

use super::Moment;
use super::evidence::{CauseView, PartView, RecordView, parts, records};
use super::finding::{PieceView, filled};
use crate::audit::Outcome;
use crate::audit::diagnosis::{Cause, Clue, Diagnosis, ErrorText, LoggedFailure, NamedBy, Person, SpreadKind};
use crate::policy::Language;
use crate::report::shown::Shown;

/// Longest message of a clue, in characters.
const MESSAGE: usize = 800;

/// A diagnosis, in the language of the report.
#[derive(Debug, Serialize)]
pub(in crate::report) struct DiagnosisView {
    person: Option<PersonView>,
    error: Option<ErrorView>,
    history: Option<HistoryView>,
    spread: Option<SpreadView>,
    causes: Vec<CauseOfFailure>,
    /// Whether anything speaks for a cause.
    found: bool,
}

/// The person.
#[derive(Debug, Serialize)]
struct PersonView {
    name: Shown,
    /// Whether the error text named the person.
    from_text: bool,
    assigned: bool,
    /// `yes`, `no` or `unknown`.
    failing: &'static str,
}

/// The error text and what was read in it.
#[derive(Debug, Serialize)]
struct ErrorView {
    text: Shown,
    logged: Option<Moment>,
    status: Option<u16>,
    codes: Vec<Shown>,
    call: Option<Shown>,
}

/// What the System Log tells of the person.
#[derive(Debug, Serialize)]
struct HistoryView {
    failures: Vec<LoggedView>,
    whole: bool,
}

/// A failure in the System Log.
#[derive(Debug, Serialize)]
struct LoggedView {
    last: Moment,
    first: Moment,
    times: u64,
    text: Shown,
    title: Option<Shown>,
    present: &'static str,
}

/// How others fare.
#[derive(Debug, Serialize)]
struct SpreadView {
    kind: &'static str,
    failing: u64,
    working: u64,
}

/// A cause.
#[derive(Debug, Serialize)]
struct CauseOfFailure {
    number: usize,
    id: Shown,
    title: Shown,
    why: Shown,
    standing: &'static str,
    tells: Option<Shown>,
    confidence: Shown,
    concerns: Shown,
    /// Whether whom it hits does not fit how others fare.
    misfit: bool,
    clues: Vec<ClueView>,
    unpredicted: Option<Shown>,
    settle: Shown,
    fix: Vec<Shown>,
    who: Vec<Shown>,
    closing: Shown,
    references: Vec<[Shown; 2]>,
}

/// What speaks for a cause, against it, or is open.
#[derive(Debug, Serialize)]
struct ClueView {
    outcome: &'static str,
    policy: Shown,
    title: Shown,
    /// Of a failure what is wrong.
    message: Vec<PieceView>,
    personal: bool,
    /// How many more such findings the policy has.
    more: u64,
    causes: Vec<CauseView>,
    parts: Vec<PartView>,
    records: Vec<RecordView>,
}

impl DiagnosisView {
    /// The view of a diagnosis.
    pub(in crate::report) fn of(diagnosis: &Diagnosis, language: Language) -> Self {
        let causes = diagnosis.causes.iter().enumerate();
        Self {
            person: diagnosis.person.as_ref().map(person),
            error: diagnosis.error.as_ref().map(|text| error(text, language)),
            history: diagnosis.history.as_ref().map(|history| HistoryView {
                failures: history
                    .failures
                    .iter()
                    .map(|failure| logged(failure, language))
                    .collect(),
                whole: history.whole,
            }),
            spread: diagnosis.spread.map(|spread| SpreadView {
                kind: match spread.kind {
                    SpreadKind::Some => "some",
                    SpreadKind::Everyone => "everyone",
                    SpreadKind::Nobody => "nobody",
                    SpreadKind::Unknown => "unknown",
                },
                failing: spread.failing,
                working: spread.working,
            }),
            found: diagnosis.is_answered(),
            causes: causes.map(|(at, found)| cause(at + 1, found, language)).collect(),
        }
    }
}

fn person(person: &Person) -> PersonView {
    let resource = &person.resource;
    PersonView {
        name: Shown::name(resource.name.as_deref().unwrap_or(&resource.key)),
        from_text: person.named_by == NamedBy::ErrorText,
        assigned: !person.assignments.is_empty(),
        failing: match person.failing {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        },
    }
}

fn logged(failure: &LoggedFailure, language: Language) -> LoggedView {
    LoggedView {
        last: Moment::of(failure.last, language),
        first: Moment::of(failure.first, language),
        times: failure.times,
        text: Shown::value(&failure.text),
        title: failure.title.as_ref().map(|title| Shown::prose(title.get(language))),
        present: failure.present.as_str(),
    }
}

fn error(error: &ErrorText, language: Language) -> ErrorView {
    ErrorView {
        text: Shown::value(&error.text),
        logged: error.logged.map(|time| Moment::of(time, language)),
        status: error.status,
        codes: error.codes.iter().map(|code| Shown::name(code)).collect(),
        call: error.call.as_deref().map(Shown::name),
    }
}

fn cause(number: usize, cause: &Cause, language: Language) -> CauseOfFailure {
    let steps = match language {
        Language::En => &cause.fix.en,
        Language::Ja => &cause.fix.ja,
    };
    CauseOfFailure {
        number,
        id: Shown::name(&cause.id),
        title: Shown::prose(cause.title.get(language)),
        why: Shown::prose(cause.why.get(language)),
        standing: cause.standing.as_str(),
        tells: cause.text_tells.as_deref().map(Shown::name),
        confidence: Shown::name(&cause.confidence),
        concerns: Shown::name(&cause.concerns),
        misfit: cause.fits_spread == Some(false),
        clues: cause.clues.iter().map(|found| clue(found, language)).collect(),
        unpredicted: cause.unpredicted.as_ref().map(|text| Shown::prose(text.get(language))),
        settle: Shown::prose(cause.settle.get(language)),
        fix: steps.iter().map(|step| Shown::prose(step)).collect(),
        who: cause.who.iter().map(|role| Shown::name(role)).collect(),
        closing: Shown::name(&cause.closing),
        references: cause
            .references
            .iter()
            .map(|reference| [Shown::prose(&reference.title), Shown::value(&reference.url)])
            .collect(),
    }
}

fn clue(clue: &Clue, language: Language) -> ClueView {
    let finding = &clue.finding;
    ClueView {
        outcome: finding.outcome.as_str(),
        policy: Shown::name(&finding.policy),
        title: Shown::prose(clue.title.get(language)),
        message: match finding.outcome {
            Outcome::Fail => filled(finding, [&clue.message, &clue.title], language, MESSAGE),
            _ => Vec::new(),
        },
        personal: clue.personal,
        more: clue.of.saturating_sub(1),
        causes: finding.causes.iter().map(CauseView::of).collect(),
        parts: parts(&finding.evidence).0,
        records: records(&finding.evidence, language),
    }
}
