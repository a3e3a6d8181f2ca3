//! Readiness as it is shown: whether to go, the waves, what to mend by how many people that unblocks, and the people.

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use super::evidence::CauseView;
use super::finding::{PieceView, filled};
use crate::audit::readiness::{Blocker, Cause, Limit, PlannedPerson, Prospects, Readiness, Reason, Seats, Wave};
use crate::audit::{Audit, Finding};
use crate::policy::{Language, Text};
use crate::report::shown::Shown;

/// Causes of readiness itself; the texts of reports name them.
pub(in crate::report) const OWN: [&str; 10] = [
    "directory_id",
    "inactive_in_okta",
    "no_account",
    "not_found",
    "not_judged",
    "only_in_entra",
    "provisioning_off",
    "seats_unknown",
    "several_people",
    "status_unknown",
];
/// Names that stand for all whom a cause holds up.
const NAMES: usize = 5;
/// Longest message about a person, in characters.
const MESSAGE: usize = 400;

/// Readiness, in the language of the report.
#[derive(Debug, Serialize)]
pub(in crate::report) struct ReadinessView {
    /// The application that people are assigned to.
    app: Shown,
    /// `go`, `no_go` or `cannot_tell`.
    verdict: &'static str,
    /// What was asked of the rollout.
    limits: Vec<LimitView>,
    /// All waves together.
    total: Prospects,
    /// The waves, in order.
    waves: Vec<WaveView>,
    /// What stands in everybody's way.
    blockers: Vec<CauseOfMany>,
    /// What to mend, by how many people it unblocks.
    fixes: Vec<CauseOfMany>,
    /// What could not be told.
    doubts: Vec<CauseOfMany>,
    /// Seats of the products that the plan hands out.
    seats: Vec<SeatsView>,
    /// Those of whom something is to be said, the worst first; then by the order of the rollout.
    people: Vec<ProspectView>,
    /// People in the audit who are left out here.
    left_out: u64,
    /// What was taken for granted: which, and what it is about.
    assumptions: Vec<[Shown; 2]>,
}

/// What was asked of the rollout, and whether it is kept.
#[derive(Debug, Serialize)]
struct LimitView {
    /// What people may come to.
    prospect: &'static str,
    /// How many may, as it was asked.
    at_most: Shown,
    /// How many do.
    found: u64,
    /// Whether that is kept.
    kept: bool,
}

/// A wave.
#[derive(Debug, Serialize)]
struct WaveView {
    /// Its number, from 1.
    number: usize,
    /// Its name.
    name: Shown,
    /// Its people.
    prospects: Prospects,
    /// Groups of which nobody knows who is in them.
    unread: Vec<UnreadView>,
}

/// A group that was not read.
#[derive(Debug, Serialize)]
struct UnreadView {
    /// The group.
    group: Shown,
    /// Why.
    causes: Vec<CauseView>,
}

/// A cause.
#[derive(Debug, Serialize)]
struct CauseOfMany {
    /// Its number in its list, from 1.
    number: usize,
    /// Id of the cause.
    id: Shown,
    /// Whether it is one of readiness itself, which has a text of its own.
    own: bool,
    /// The cause in a few words.
    title: Option<Shown>,
    /// What happens.
    why: Option<Shown>,
    /// What Microsoft or Okta will say.
    error_text: Option<Shown>,
    /// Whether it could not be told.
    open: bool,
    /// Whether it surely breaks for somebody.
    surely: bool,
    /// People it holds up.
    people: u64,
    /// People for whom nothing else stands in the way.
    unblocks: u64,
    /// How many in each wave.
    waves: Vec<u64>,
    /// The first of the people.
    names: Vec<Shown>,
    /// People beyond those who are named.
    more: u64,
    /// Roles that can mend it.
    who: Vec<Shown>,
    /// What to do, in order.
    fix: Vec<Shown>,
    /// The check that ends it.
    closing: Option<Shown>,
    /// Where it could not be told, why.
    causes: Vec<CauseView>,
    /// Of what stands in everybody's way, what was found.
    message: Vec<PieceView>,
}

/// Seats of a product.
#[derive(Debug, Serialize)]
struct SeatsView {
    /// The product.
    name: Shown,
    /// Its part number.
    part_number: Option<Shown>,
    /// Seats that are free; none when that is not known.
    free: Option<i64>,
    /// Whether the tenant has the product; none when that is not known.
    in_tenant: Option<bool>,
    /// People who would get it and do not hold it.
    needed: u64,
    /// People for whom no seat is left.
    short: u64,
    /// People of whom it is not known whether they hold it; a seat is kept for each.
    uncertain: u64,
    /// Number of the wave in which they run out, where there are several.
    from_wave: Option<usize>,
}

/// A person.
#[derive(Debug, Serialize)]
struct ProspectView {
    /// Login in Okta, or as the plan names the person.
    name: Shown,
    /// Number of the wave, where there are several.
    wave: Option<usize>,
    /// What will become of them.
    prospect: &'static str,
    /// Whether they are provisioned already.
    assigned: bool,
    /// What Okta would do.
    action: &'static str,
    /// Products that Okta would give them.
    add: Vec<Shown>,
    /// Products that Okta would take away.
    remove: Vec<Shown>,
    /// Why it will not, or may not, work.
    reasons: Vec<ReasonView>,
}

/// Why it will not work for a person.
#[derive(Debug, Serialize)]
struct ReasonView {
    /// Id of the cause.
    id: Shown,
    /// Whether it is one of readiness itself, which has a text of its own.
    own: bool,
    /// The cause in a few words.
    title: Option<Shown>,
    /// What a policy says of the person.
    message: Vec<PieceView>,
    /// What it is about where no finding tells.
    about: Vec<Shown>,
    /// Where it could not be told, why.
    causes: Vec<CauseView>,
}

impl ReadinessView {
    /// The view of what was foreseen, with so many people one by one.
    pub(in crate::report) fn of(audit: &Audit, readiness: &Readiness, people: usize, language: Language) -> Self {
        let told = Told::of(audit, readiness, language);
        let mut named: Vec<&PlannedPerson> = readiness
            .people
            .iter()
            .filter(|person| !person.reasons.is_empty())
            .collect();
        named.sort_by_key(|person| (person.is_settled(), person.prospect, person.wave));
        Self {
            app: Shown::name(readiness.app.name.as_deref().unwrap_or(&readiness.app.key)),
            verdict: readiness.verdict.as_str(),
            limits: readiness.limits.iter().map(limit_view).collect(),
            total: readiness.total,
            waves: (1..)
                .zip(&readiness.waves)
                .map(|(number, wave)| wave_view(number, wave))
                .collect(),
            blockers: (1..)
                .zip(&readiness.blockers)
                .map(|(number, blocker)| CauseOfMany {
                    message: told.blocked(blocker),
                    ..told.cause(number, &blocker.cause)
                })
                .collect(),
            fixes: told.causes(false),
            doubts: told.causes(true),
            seats: readiness.seats.iter().map(seats_view).collect(),
            people: named.iter().take(people).map(|person| told.person(person)).collect(),
            left_out: named.len().saturating_sub(people) as u64,
            assumptions: readiness
                .assumptions
                .iter()
                .map(|assumption| [Shown::name(&assumption.id), Shown::value(&assumption.about)])
                .collect(),
        }
    }
}

/// What was foreseen, with what is looked up by id.
struct Told<'a> {
    readiness: &'a Readiness,
    language: Language,
    findings: HashMap<Uuid, &'a Finding>,
    /// Message and title of every policy.
    messages: HashMap<&'a str, [&'a Text; 2]>,
    titles: HashMap<&'a str, &'a Text>,
}

impl<'a> Told<'a> {
    fn of(audit: &'a Audit, readiness: &'a Readiness, language: Language) -> Self {
        let policies = audit.policies.iter();
        let causes = readiness.causes.iter();
        Self {
            readiness,
            language,
            findings: audit.findings.iter().map(|finding| (finding.id, finding)).collect(),
            messages: policies
                .map(|policy| (policy.id.as_str(), [&policy.message, &policy.title]))
                .collect(),
            titles: causes
                .filter_map(|cause| Some((cause.id.as_str(), cause.title.as_ref()?)))
                .collect(),
        }
    }

    /// What a policy says of the one that a finding is about.
    fn message(&self, finding: Option<Uuid>) -> Vec<PieceView> {
        let finding = finding.and_then(|id| self.findings.get(&id));
        let found = finding.and_then(|finding| Some((finding, self.messages.get(finding.policy.as_str())?)));
        found
            .map(|(finding, texts)| filled(finding, *texts, self.language, MESSAGE))
            .unwrap_or_default()
    }

    /// What was found in everybody's way, or the policies that were not asked.
    fn blocked(&self, blocker: &Blocker) -> Vec<PieceView> {
        match blocker.about.as_slice() {
            [] => self.message(blocker.finding),
            about => PieceView::list(about),
        }
    }

    /// Causes that could, or could not, be told.
    fn causes(&self, open: bool) -> Vec<CauseOfMany> {
        let causes = self.readiness.causes.iter();
        let these = causes.filter(|cause| cause.open == open && cause.people > 0);
        (1..)
            .zip(these)
            .map(|(number, cause)| self.cause(number, cause))
            .collect()
    }

    fn cause(&self, number: usize, cause: &Cause) -> CauseOfMany {
        let held_up = |person: &&PlannedPerson| {
            !person.is_settled() && person.reasons.iter().any(|reason| reason.cause == cause.id)
        };
        let names: Vec<Shown> = self
            .readiness
            .people
            .iter()
            .filter(held_up)
            .take(NAMES)
            .map(|person| Shown::name(&person.name))
            .collect();
        let steps = cause.fix.as_ref().map(|steps| match self.language {
            Language::En => &steps.en,
            Language::Ja => &steps.ja,
        });
        let prose = |text: &Option<Text>| text.as_ref().map(|text| Shown::prose(text.get(self.language)));
        CauseOfMany {
            number,
            id: Shown::name(&cause.id),
            own: OWN.contains(&cause.id.as_str()),
            title: prose(&cause.title),
            why: prose(&cause.why),
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
            message: Vec::new(),
        }
    }

    fn person(&self, person: &PlannedPerson) -> ProspectView {
        let names = |list: &Option<Vec<String>>| list.iter().flatten().map(|name| Shown::name(name)).collect();
        ProspectView {
            name: Shown::name(&person.name),
            wave: (self.readiness.waves.len() > 1).then_some(person.wave + 1),
            prospect: person.prospect.as_str(),
            assigned: person.assigned,
            action: person.action.as_str(),
            add: names(&person.licences_to_add),
            remove: names(&person.licences_to_remove),
            reasons: person.reasons.iter().map(|reason| self.reason(reason)).collect(),
        }
    }

    fn reason(&self, reason: &Reason) -> ReasonView {
        let title = self.titles.get(reason.cause.as_str());
        ReasonView {
            id: Shown::name(&reason.cause),
            own: OWN.contains(&reason.cause.as_str()),
            title: title.map(|title| Shown::prose(title.get(self.language))),
            message: self.message(reason.finding),
            about: reason.about.iter().map(|text| Shown::name(text)).collect(),
            causes: reason.unknown.iter().map(CauseView::of).collect(),
        }
    }
}

fn limit_view(limit: &Limit) -> LimitView {
    LimitView {
        prospect: limit.prospect.as_str(),
        at_most: Shown::name(&limit.at_most),
        found: limit.found,
        kept: limit.kept,
    }
}

fn wave_view(number: usize, wave: &Wave) -> WaveView {
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
        from_wave: waves
            .iter()
            .position(runs_out)
            .filter(|_| waves.len() > 1)
            .map(|at| at + 1),
    }
}
