//! From reasons to causes: what a failure means by the error catalogue, how many people each cause holds up, and whether
//! to go.

use std::cmp::Reverse;

use indexmap::IndexMap;

use super::plan::Limits;
use crate::audit::readiness::{Blocker, Cause, Limit, PlannedPerson, Prospect, Prospects, Reason, Verdict, Wave};
use crate::audit::{Finding, Outcome};
use crate::policy::{Concerns, KnownError, Policy, Severity};

/// Entry of the error catalogue for a seat that is lacking.
pub(super) const NO_SEATS: &str = "no-seats";
/// Reasons that say that something could not be told.
const OPEN: [&str; 7] = [
    "directory_id",
    "not_found",
    "not_judged",
    "only_in_entra",
    "seats_unknown",
    "several_people",
    "status_unknown",
];

/// The causes of a rollout, as they are found.
pub(super) struct Causes<'a> {
    errors: &'a [KnownError],
    policies: &'a [Policy],
    waves: usize,
    found: IndexMap<String, Cause>,
}

impl<'a> Causes<'a> {
    pub(super) fn new(errors: &'a [KnownError], policies: &'a [Policy], waves: usize) -> Self {
        Self {
            errors,
            policies,
            waves,
            found: IndexMap::new(),
        }
    }

    /// The reason that a policy's failure is for a person. How sure it is follows from the catalogue, and of a policy that
    /// no entry names from its severity: what is less certain is a policy of its own, and a mild one. None where nothing but
    /// seats is meant: they are counted person by person, and what was lacking once need not be now.
    pub(super) fn of_failure(&self, policy: &Policy, finding: Option<&Finding>, creates: bool) -> Option<Reason> {
        let entry = self.entry(policy, finding, creates);
        if entry.is_some_and(|(error, _)| error.id == NO_SEATS) {
            return None;
        }
        Some(Reason {
            cause: entry.map_or(&policy.id, |(error, _)| &error.id).clone(),
            surely: policy.severity >= Severity::High && entry.is_none_or(|(_, surely)| surely),
            finding: None,
            unknown: Vec::new(),
            about: Vec::new(),
        })
    }

    /// The entry of the catalogue that a failure predicts: the one that names most of what it shows, whatever that is
    /// besides seats; of those that break different things, what breaks first.
    fn entry(&self, policy: &Policy, finding: Option<&Finding>, creates: bool) -> Option<(&'a KnownError, bool)> {
        let meant = self.errors.iter().filter_map(|error| {
            let predictor = error.predicts(&policy.id)?;
            let shown = finding.is_none_or(|finding| predictor.means(&finding.values));
            let surely = predictor.surely && error.confidence == "high";
            shown.then_some((
                (predictor.shows.len(), error.id != NO_SEATS),
                (error.closing == "provisioned") == creates,
                surely,
                error,
            ))
        });
        let best = meant.max_by_key(|(named, fits, surely, _)| (*named, *fits, *surely))?;
        Some((best.3, best.2))
    }

    /// Whether a reason says only that something could not be told.
    pub(super) fn is_open(&self, reason: &Reason) -> bool {
        !reason.surely && (!reason.unknown.is_empty() || OPEN.contains(&reason.cause.as_str()))
    }

    /// Whether a failure of a policy is one for everybody, on whatever record it is found.
    pub(super) fn hits_everybody(&self, policy: &Policy) -> bool {
        let mut meant = self.errors.iter().filter(|error| error.predicts(&policy.id).is_some());
        meant.any(|error| error.concerns == Concerns::Everyone)
    }

    /// Whether a failure of a policy predicts that provisioning breaks.
    pub(super) fn is_predictor(&self, policy: &Policy) -> bool {
        self.errors.iter().any(|error| error.predicts(&policy.id).is_some())
    }

    /// Counts the reasons of all people. Whoever is settled is held up by nothing, but what is said of the next push has
    /// its cause too.
    pub(super) fn count(&mut self, people: &[PlannedPerson]) {
        for person in people {
            let counts = u64::from(!person.is_settled());
            for reason in &person.reasons {
                let open = self.is_open(reason);
                let mut cause = match self.found.swap_remove(&reason.cause) {
                    Some(known) => known,
                    None => self.cause(&reason.cause),
                };
                cause.open = open;
                cause.surely |= reason.surely;
                cause.people += counts;
                cause.unblocks += counts * u64::from(person.reasons.len() == 1);
                if let Some(wave) = cause.by_wave.get_mut(person.wave) {
                    *wave += counts;
                }
                for origin in &reason.unknown {
                    if !cause.unknown.contains(origin) {
                        cause.unknown.push(origin.clone());
                    }
                }
                self.found.insert(reason.cause.clone(), cause);
            }
        }
    }

    /// A cause that holds nobody up yet.
    fn cause(&self, id: &str) -> Cause {
        let empty = Cause {
            id: id.to_owned(),
            title: None,
            why: None,
            message: None,
            error_text: None,
            open: false,
            surely: false,
            people: 0,
            unblocks: 0,
            by_wave: vec![0; self.waves],
            who: Vec::new(),
            fix: None,
            closing: None,
            unknown: Vec::new(),
        };
        if let Some(error) = self.errors.iter().find(|error| error.id == id) {
            let says = error.seen.iter().find_map(|sign| sign.says.clone());
            return Cause {
                title: Some(error.title.clone()),
                why: Some(error.why.clone()),
                error_text: says.or_else(|| error.seen.iter().find_map(|sign| sign.code.clone())),
                who: error.who.clone(),
                fix: Some(error.fix.clone()),
                closing: Some(error.closing.clone()),
                ..empty
            };
        }
        match self.policies.iter().find(|policy| policy.id == id) {
            Some(policy) => Cause {
                title: Some(policy.title.clone()),
                why: policy.why.clone(),
                message: Some(policy.message.clone()),
                who: policy.who.clone(),
                fix: policy.fix.clone(),
                ..empty
            },
            None => empty,
        }
    }

    /// Something of readiness' own that stands in everybody's way.
    pub(super) fn blocker(&self, id: &str) -> Blocker {
        Blocker {
            cause: Cause {
                surely: true,
                ..self.cause(id)
            },
            finding: None,
            about: Vec::new(),
        }
    }

    /// That policies which foresee were not asked, or not of everything that could stand in everybody's way.
    pub(super) fn not_judged(&self, policies: Vec<String>) -> Option<Blocker> {
        let cause = Cause {
            open: true,
            ..self.cause("not_judged")
        };
        (!policies.is_empty()).then_some(Blocker {
            cause,
            finding: None,
            about: policies,
        })
    }

    /// What a finding that is not about a person means for everybody, if the catalogue of errors says that it means
    /// something.
    pub(super) fn of_tenant(&self, policy: &Policy, finding: &Finding) -> Option<Blocker> {
        let failed = finding.outcome == Outcome::Fail;
        let (error, surely) = self.entry(policy, failed.then_some(finding), true)?;
        if error.concerns == Concerns::One {
            return None;
        }
        let mut blocker = self.blocker(&error.id);
        blocker.finding = Some(finding.id);
        blocker.cause.surely = failed && surely && policy.severity >= Severity::High;
        blocker.cause.open = !failed;
        blocker.cause.message = Some(policy.message.clone());
        blocker.cause.unknown.clone_from(&finding.causes);
        Some(blocker)
    }

    /// The causes: those for which something can be done before what could not be told; then by how many people each
    /// alone holds up, and how many in all.
    pub(super) fn finish(self) -> Vec<Cause> {
        let mut all: Vec<Cause> = self.found.into_values().collect();
        all.sort_by_key(|cause| {
            (
                cause.open,
                Reverse(cause.unblocks),
                Reverse(cause.people),
                cause.id.clone(),
            )
        });
        all
    }
}

/// What is asked of a rollout, and whether it is kept, by those for whom something is at stake.
pub(super) fn limits(asked: &Limits, total: Prospects) -> Vec<Limit> {
    let limit = |(prospect, at_most): (Prospect, super::AtMost)| {
        let (people, found) = (at_most.of(total.at_stake()), total.of(prospect));
        Limit {
            prospect,
            at_most: at_most.to_string(),
            people,
            found,
            kept: found <= people,
        }
    };
    asked.all().into_iter().map(limit).collect()
}

/// Whether to go. What is not known is never taken for good.
pub(super) fn verdict(limits: &[Limit], blockers: &[Blocker], waves: &[Wave]) -> Verdict {
    let broken = |limit: &Limit| !limit.kept && limit.prospect != Prospect::CannotTell;
    let open = |limit: &Limit| !limit.kept && limit.prospect == Prospect::CannotTell;
    if blockers.iter().any(|blocker| blocker.cause.surely) || limits.iter().any(broken) {
        Verdict::NoGo
    } else if !blockers.is_empty() || limits.iter().any(open) || waves.iter().any(|wave| !wave.unread.is_empty()) {
        Verdict::CannotTell
    } else {
        Verdict::Go
    }
}
