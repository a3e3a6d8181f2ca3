//! Readiness as it is shown: whether to go, the waves, what to mend by how many people that unblocks, and the people.

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use super::evidence::CauseView;
use super::finding::{PieceView, filled};
use crate::audit::readiness::{Cause, PlannedPerson, Prospect, Prospects, Readiness, Reason, Seats};
use crate::audit::{Audit, Finding};
use crate::policy::{Language, Text};
use crate::report::shown::Shown;

/// Causes of readiness itself; the texts of reports name them.
pub(in crate::report) const OWN: [&str; 8] = [
    "directory_id",
    "inactive_in_okta",
    "no_account",
    "not_found",
    "only_in_entra",
    "provisioning_off",
    "seats_unknown",
    "several_people",
];
/// Names that stand for all whom a cause holds up.
const NAMES: usize = 5;
/// Longest message about a person, in characters.
const MESSAGE: usize = 400;

/// Readiness, in the language of the report.
#[derive(Debug, Serialize)]
pub(in crate::report) struct ReadinessView {
    app: Shown,
    verdict: &'static str,
    limits: Vec<LimitView>,
    total: Prospects,
    waves: Vec<WaveView>,
    blockers: Vec<CauseOfMany>,
    fixes: Vec<CauseOfMany>,
    doubts: Vec<CauseOfMany>,
    seats: Vec<SeatsView>,
    /// Those of whom something is to be said, the worst first; then by the order of the rollout.
    people: Vec<PersonView>,
    /// People in the audit who are left out here.
    left_out: u64,
    /// Of those who are assigned already, for how many the next push will fail.
    assigned_failing: u64,
    assumptions: Vec<[Shown; 2]>,
}

#[derive(Debug, Serialize)]
struct LimitView {
    prospect: &'static str,
    at_most: Shown,
    people: u64,
    found: u64,
    kept: bool,
}

#[derive(Debug, Serialize)]
struct WaveView {
    number: usize,
    name: Shown,
    prospects: Prospects,
    unread: Vec<UnreadView>,
}

#[derive(Debug, Serialize)]
struct UnreadView {
    group: Shown,
    causes: Vec<CauseView>,
}

/// A cause.
#[derive(Debug, Serialize)]
struct CauseOfMany {
    number: usize,
    id: Shown,
    /// Whether it is one of readiness itself, which has a text of its own.
    own: bool,
    title: Option<Shown>,
    why: Option<Shown>,
    error_text: Option<Shown>,
    open: bool,
    surely: bool,
    people: u64,
    unblocks: u64,
    waves: Vec<u64>,
    /// The first of the people.
    names: Vec<Shown>,
    more: u64,
    who: Vec<Shown>,
    fix: Vec<Shown>,
    closing: Option<Shown>,
    causes: Vec<CauseView>,
    /// Of what stands in everybody's way, what was found.
    message: Vec<PieceView>,
}

#[derive(Debug, Serialize)]
struct SeatsView {
    name: Shown,
    part_number: Option<Shown>,
    free: Option<i64>,
    in_tenant: Option<bool>,
    needed: u64,
    short: u64,
    uncertain: u64,
    /// Number of the wave in which they run out.
    from_wave: Option<usize>,
}

/// A person.
#[derive(Debug, Serialize)]
struct PersonView {
    name: Shown,
    /// Number of the wave, where there are several.
    wave: Option<usize>,
    prospect: &'static str,
    assigned: bool,
    action: &'static str,
    add: Vec<Shown>,
    remove: Vec<Shown>,
    reasons: Vec<ReasonView>,
}

/// Why it will not work for a person.
#[derive(Debug, Serialize)]
struct ReasonView {
    id: Shown,
    own: bool,
    title: Option<Shown>,
    /// What a policy says of the person.
    message: Vec<PieceView>,
    about: Vec<Shown>,
    causes: Vec<CauseView>,
}

impl ReadinessView {
    /// The view of what was foreseen, with so many people one by one.
    pub(in crate::report) fn of(audit: &Audit, readiness: &Readiness, people: usize, language: Language) -> Self {
        let findings: HashMap<Uuid, &Finding> = audit.findings.iter().map(|finding| (finding.id, finding)).collect();
        let messages: HashMap<&str, [&Text; 2]> = audit
            .policies
            .iter()
            .map(|policy| (policy.id.as_str(), [&policy.message, &policy.title]))
            .collect();
        let said = |id: Option<Uuid>| -> Vec<PieceView> {
            let finding = id.and_then(|id| findings.get(&id));
            let found = finding.and_then(|finding| Some((finding, messages.get(finding.policy.as_str())?)));
            found
                .map(|(finding, texts)| filled(finding, *texts, language, MESSAGE))
                .unwrap_or_default()
        };
        let titles: HashMap<&str, &Text> = readiness
            .causes
            .iter()
            .filter_map(|cause| Some((cause.id.as_str(), cause.title.as_ref()?)))
            .collect();
        let mut named: Vec<&PlannedPerson> = readiness
            .people
            .iter()
            .filter(|person| !person.reasons.is_empty())
            .collect();
        named.sort_by_key(|person| (person.assigned, person.prospect, person.wave));
        let left_out = named.len().saturating_sub(people) as u64;
        let reason = |reason: &Reason| ReasonView {
            id: Shown::name(&reason.cause),
            own: OWN.contains(&reason.cause.as_str()),
            title: titles
                .get(reason.cause.as_str())
                .map(|title| Shown::prose(title.get(language))),
            message: said(reason.finding),
            about: reason.about.iter().map(|text| Shown::name(text)).collect(),
            causes: reason.unknown.iter().map(CauseView::of).collect(),
        };
        let person = |person: &&PlannedPerson| PersonView {
            name: Shown::name(&person.name),
            wave: (readiness.waves.len() > 1).then_some(person.wave + 1),
            prospect: person.prospect.as_str(),
            assigned: person.assigned,
            action: person.action.as_str(),
            add: person
                .licences_to_add
                .iter()
                .flatten()
                .map(|name| Shown::name(name))
                .collect(),
            remove: person
                .licences_to_remove
                .iter()
                .flatten()
                .map(|name| Shown::name(name))
                .collect(),
            reasons: person.reasons.iter().map(reason).collect(),
        };
        let causes = |open: bool| -> Vec<CauseOfMany> {
            let these = readiness.causes.iter().filter(|cause| cause.open == open);
            (1..)
                .zip(these)
                .map(|(number, cause)| cause_view(number, cause, Some(readiness), Vec::new(), language))
                .collect()
        };
        let blockers = (1..).zip(&readiness.blockers);
        Self {
            app: Shown::name(readiness.app.name.as_deref().unwrap_or(&readiness.app.key)),
            verdict: readiness.verdict.as_str(),
            limits: readiness
                .limits
                .iter()
                .map(|limit| LimitView {
                    prospect: limit.prospect.as_str(),
                    at_most: Shown::name(&limit.at_most),
                    people: limit.people,
                    found: limit.found,
                    kept: limit.kept,
                })
                .collect(),
            total: readiness.total,
            waves: (1..)
                .zip(&readiness.waves)
                .map(|(number, wave)| wave_view(number, wave))
                .collect(),
            blockers: blockers
                .map(|(number, blocker)| cause_view(number, &blocker.cause, None, said(blocker.finding), language))
                .collect(),
            fixes: causes(false),
            doubts: causes(true),
            seats: readiness.seats.iter().map(seats_view).collect(),
            people: named.iter().take(people).map(person).collect(),
            left_out,
            assigned_failing: readiness
                .people
                .iter()
                .filter(|person| person.assigned && person.prospect == Prospect::WillFail)
                .count() as u64,
            assumptions: readiness
                .assumptions
                .iter()
                .map(|assumption| [Shown::name(&assumption.id), Shown::value(&assumption.about)])
                .collect(),
        }
    }
}

fn wave_view(number: usize, wave: &crate::audit::readiness::Wave) -> WaveView {
    let unread = wave.unread.iter().map(|unread| UnreadView {
        group: Shown::name(unread.group.name.as_deref().unwrap_or(&unread.group.key)),
        causes: unread.causes.iter().map(CauseView::of).collect(),
    });
    WaveView {
        number,
        name: Shown::name(&wave.name),
        prospects: wave.prospects,
        unread: unread.collect(),
    }
}

fn cause_view(
    number: usize,
    cause: &Cause,
    of: Option<&Readiness>,
    message: Vec<PieceView>,
    language: Language,
) -> CauseOfMany {
    let people = of.map(|readiness| readiness.people.as_slice()).unwrap_or_default();
    let names: Vec<Shown> = people
        .iter()
        .filter(|person| !person.assigned && person.reasons.iter().any(|reason| reason.cause == cause.id))
        .take(NAMES)
        .map(|person| Shown::name(&person.name))
        .collect();
    let steps = cause.fix.as_ref().map(|steps| match language {
        Language::En => &steps.en,
        Language::Ja => &steps.ja,
    });
    CauseOfMany {
        number,
        id: Shown::name(&cause.id),
        own: OWN.contains(&cause.id.as_str()),
        title: cause.title.as_ref().map(|title| Shown::prose(title.get(language))),
        why: cause.why.as_ref().map(|why| Shown::prose(why.get(language))),
        error_text: cause.error_text.as_deref().map(Shown::value),
        open: cause.open,
        surely: cause.surely,
        people: cause.people,
        unblocks: cause.unblocks,
        waves: cause.by_wave.clone(),
        more: cause.people.saturating_sub(names.len() as u64),
        names,
        who: cause.who.iter().map(|role| Shown::name(role)).collect(),
        fix: steps.into_iter().flatten().map(|step| Shown::prose(step)).collect(),
        closing: cause.closing.as_deref().map(Shown::name),
        causes: cause.unknown.iter().map(CauseView::of).collect(),
        message,
    }
}

fn seats_view(seats: &Seats) -> SeatsView {
    let mut needed = 0;
    let waves = seats.needed.iter().map(|wave| {
        needed += wave;
        needed
    });
    let waves: Vec<u64> = waves.collect();
    let runs_out = |so_far: &u64| match (seats.in_tenant, seats.free) {
        (Some(false), _) => *so_far > 0,
        (_, Some(free)) => i64::try_from(*so_far).unwrap_or(i64::MAX) > free,
        _ => false,
    };
    SeatsView {
        name: Shown::name(&seats.name),
        part_number: seats.part_number.as_deref().map(Shown::name),
        free: seats.free,
        in_tenant: seats.in_tenant,
        needed: waves.last().copied().unwrap_or_default(),
        short: seats.short,
        uncertain: seats.uncertain,
        from_wave: waves.iter().position(runs_out).map(|at| at + 1),
    }
}
