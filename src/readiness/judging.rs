//! Judging: what the policies say of each planned assignment, put together into what becomes of the person.

use std::collections::{HashMap, HashSet};

use super::Questions;
use super::ask::{Answer, DIRECTORY, OUTLOOK};
use super::casting::{CastWave, Planned, Rollout};
use super::directory::{Found, Somebody, is_of_other_app};
use super::plan::RolloutPlan;
use super::seats::{Counter, Seat};
use super::tally::{Causes, NO_SEATS, limits, verdict};
use crate::audit::readiness::{Action, Blocker, PlannedPerson, Prospect, Prospects, Readiness, Reason, Wave};
use crate::audit::{Audit, Finding, Outcome, ResourceId};
use crate::catalog::{RecordType, catalog};
use crate::evaluate::{self, Foresight, Rows, Standing, Tables, resource_id};
use crate::expr::{Origin, RecordRef};
use crate::policy::{Judged, Policy};
use crate::snapshot::Snapshot;

/// Entry of the error catalogue for a product that the tenant does not have.
const NOT_IN_TENANT: &str = "product-not-in-tenant";
/// Whoever is in one of these states in Okta is sent nowhere.
const INACTIVE: [&str; 3] = ["DEPROVISIONED", "STAGED", "SUSPENDED"];
/// Whoever is in one of these is sent; of any other state it is not known.
const ACTIVE: [&str; 5] = ["ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "PROVISIONED", "RECOVERY"];

/// Judges a rollout on tables over which it was laid.
pub(super) fn judge(
    rollout: &Rollout,
    plan: &RolloutPlan,
    questions: &Questions,
    tables: &Tables,
    snapshot: &Snapshot,
) -> Audit {
    let policies = &questions.policies;
    let meetings = meetings(rollout, tables);
    let shelf = shelf(rollout, tables);
    let rows = rows(&meetings, &shelf, tables);
    let mut causes = Causes::new(&questions.errors, policies, rollout.waves.len());
    let foresight = evaluate::foresee(policies, |policy| rows_of(policy, &rows, &causes), tables, snapshot);
    let judging = Judging {
        rollout,
        policies,
        tables,
        foresight: &foresight,
        rows: &rows,
        shelf: &shelf,
        findings: findings(&foresight.audit),
    };
    let mut counter = Counter::new(rollout.waves.len());
    let people: Vec<PlannedPerson> = rollout
        .people
        .iter()
        .zip(&meetings)
        .map(|(planned, meeting)| judging.person(planned, meeting, &mut counter, &causes))
        .collect();
    causes.count(&people);
    let (total, waves) = counted(rollout, &people);
    let mut blockers = judging.blockers(&causes);
    let unjudged = judging.excluded(&causes);
    blockers.extend(causes.not_judged([unjudged, questions.unasked.clone()].concat()));
    let limits = limits(&plan.limits, total);
    let verdict = verdict(&limits, &blockers, &waves);
    let readiness = Readiness {
        app: rollout.app.resource.clone(),
        verdict,
        limits,
        total,
        waves,
        blockers,
        causes: causes.finish(),
        seats: counter.finish(),
        people,
        assumptions: rollout.assumptions.clone(),
    };
    let mut audit = foresight.audit;
    audit.readiness = Some(readiness);
    audit
}

/// The people of all waves and of each, by what will become of them.
fn counted(rollout: &Rollout, people: &[PlannedPerson]) -> (Prospects, Vec<Wave>) {
    let empty = |wave: &CastWave| Wave {
        name: wave.name.clone(),
        prospects: Prospects::default(),
        unread: wave.unread.clone(),
    };
    let mut waves: Vec<Wave> = rollout.waves.iter().map(empty).collect();
    let mut total = Prospects::default();
    for person in people {
        total.count(person);
        if let Some(wave) = waves.get_mut(person.wave) {
            wave.prospects.count(person);
        }
    }
    (total, waves)
}

/// Rows of the tenant's products, by their ids.
type Shelf = HashMap<String, RecordRef>;

/// The products of the plan that the tenant has.
fn shelf(rollout: &Rollout, tables: &Tables) -> Shelf {
    let ask = &*OUTLOOK;
    let planned = rollout.people.iter().flat_map(Planned::products);
    let planned: HashSet<String> = planned.map(|product| product.id.to_lowercase()).collect();
    let ty = ask.sku_id.record;
    let rows = ask.sku_id.rows(tables);
    rows.filter_map(|row| Some((ask.sku_id.text(row, tables)?.to_lowercase(), RecordRef { ty, row })))
        .filter(|(id, _)| planned.contains(id))
        .collect()
}

/// What the assignment of a person meets in Entra.
struct Meeting {
    /// The assignment; none for somebody who was not found.
    row: Option<RecordRef>,
    action: Action,
    user: Option<RecordRef>,
    account: Option<RecordRef>,
    held: Answer<Vec<String>>,
}

fn meetings(rollout: &Rollout, tables: &Tables) -> Vec<Meeting> {
    let ask = &*OUTLOOK;
    let ty = ask.matched.record;
    let new = u32::try_from(rollout.people.iter().filter(|person| person.is_new()).count()).unwrap_or(u32::MAX);
    // Laid over behind all that were read, in the order of the plan.
    let mut next = tables.rows(ty).saturating_sub(new);
    let mut meetings: Vec<(Meeting, Option<String>)> = Vec::new();
    for person in &rollout.people {
        let row = match person.somebody().map(|somebody| somebody.assignment) {
            Some(Some(assignment)) => Some(assignment),
            Some(None) => {
                next += 1;
                Some(RecordRef { ty, row: next - 1 })
            }
            None => None,
        };
        let account = row.and_then(|row| ask.account.text(row.row, tables));
        let meeting = Meeting {
            action: row.map_or(Action::Nothing, |row| action(row.row, person.is_new(), tables)),
            user: person.somebody().map(|somebody| somebody.row),
            account: None,
            held: row.map_or(Answer::Known(None), |row| ask.held.texts(row.row, tables)),
            row,
        };
        meetings.push((meeting, account));
    }
    let wanted: HashSet<&String> = meetings.iter().filter_map(|(_, account)| account.as_ref()).collect();
    let accounts: HashMap<String, RecordRef> = ask
        .account_id
        .rows(tables)
        .filter_map(|row| {
            let id = ask.account_id.text(row, tables).filter(|id| wanted.contains(id))?;
            Some((
                id,
                RecordRef {
                    ty: ask.account_id.record,
                    row,
                },
            ))
        })
        .collect();
    let with_account = |(meeting, account): (Meeting, Option<String>)| Meeting {
        account: account.and_then(|id| accounts.get(&id).copied()),
        ..meeting
    };
    meetings.into_iter().map(with_account).collect()
}

/// What Okta would do with an assignment.
fn action(row: u32, is_new: bool, tables: &Tables) -> Action {
    let ask = &*OUTLOOK;
    match ask.matched.text(row, tables).as_deref() {
        Some("several" | "disagree") => Action::Conflict,
        Some("one") if is_new || ask.external_id.text(row, tables).is_none() => Action::Match,
        Some("one") => Action::Update,
        Some("none") if is_new || ask.external_id.text(row, tables).is_none() => Action::Create,
        Some("none") => Action::Update,
        _ => Action::Unknown,
    }
}

/// Types of which a plan is about some records only: assignments, people on both sides, products.
fn types() -> [RecordType; 4] {
    let ask = &*OUTLOOK;
    [&ask.matched, &DIRECTORY.user_id, &ask.account_id, &ask.sku_id].map(|ask| ask.record)
}

/// The rows that a policy is asked of; none where it is asked of all. What is wrong with one account can stop everybody,
/// and that account need not be anybody's in the plan; a product stops those who are to get it.
fn rows_of<'r>(policy: &Policy, rows: &'r Rows, causes: &Causes<'_>) -> Option<&'r [u32]> {
    let Judged::Each(resource) = policy.judged else {
        return None;
    };
    let is_product = resource.record == OUTLOOK.sku_id.record;
    let rows = rows.get(&resource.record).map(Vec::as_slice);
    rows.filter(|_| is_product || !causes.hits_everybody(policy))
}

/// The rows that policies about people and products are asked of: those of this plan alone.
fn rows(meetings: &[Meeting], shelf: &Shelf, tables: &Tables) -> Rows {
    let mut rows = Rows::from(types().map(|ty| (ty, Vec::new())));
    let met = meetings
        .iter()
        .flat_map(|meeting| [meeting.row, meeting.account, meeting.user]);
    for record in met.flatten().chain(shelf.values().copied()) {
        if record.row < tables.rows(record.ty) {
            rows.entry(record.ty).or_default().push(record.row);
        }
    }
    for rows in rows.values_mut() {
        rows.sort_unstable();
        rows.dedup();
    }
    rows
}

/// Failures by policy and resource.
fn findings(audit: &Audit) -> HashMap<(&str, &str), &Finding> {
    let failures = audit.findings.iter().filter(|finding| finding.outcome == Outcome::Fail);
    failures
        .filter_map(|finding| {
            Some((
                (finding.policy.as_str(), finding.resource.as_ref()?.key.as_str()),
                finding,
            ))
        })
        .collect()
}

/// A rollout with what the policies said.
struct Judging<'a> {
    rollout: &'a Rollout,
    policies: &'a [Policy],
    tables: &'a Tables,
    foresight: &'a Foresight,
    rows: &'a Rows,
    shelf: &'a Shelf,
    findings: HashMap<(&'a str, &'a str), &'a Finding>,
}

impl Judging<'_> {
    fn person(
        &self,
        planned: &Planned,
        meeting: &Meeting,
        counter: &mut Counter,
        causes: &Causes<'_>,
    ) -> PlannedPerson {
        let somebody = planned.somebody();
        let mut reasons = match &planned.found {
            Found::One(somebody) => self.foreseen(somebody, planned, meeting, causes),
            Found::Several(logins) => vec![reason("several_people", false, logins.clone())],
            Found::Nobody { account, unread } => vec![nobody(account.as_ref(), unread)],
        };
        let sent = somebody.is_some_and(|somebody| !is_inactive(somebody));
        if sent {
            for lacking in self.seats(planned, meeting, counter) {
                add(&mut reasons, lacking);
            }
        }
        PlannedPerson {
            name: somebody.map_or_else(|| planned.named.clone(), |somebody| somebody.login.clone()),
            okta: somebody.map(|somebody| somebody.resource.clone()),
            wave: planned.wave,
            prospect: prospect(&reasons, causes),
            assigned: self.is_linked(planned),
            action: if sent { meeting.action } else { Action::Nothing },
            user_name: planned.user_name.clone(),
            account: meeting.account.map(|account| resource_id(account, self.tables)),
            licences_to_add: sent.then(|| self.to_add(planned, meeting)).flatten(),
            licences_to_remove: sent.then(|| self.to_remove(planned, meeting)).flatten(),
            reasons,
        }
    }

    /// Whether somebody has an assignment that provisioning has linked to an account.
    fn is_linked(&self, planned: &Planned) -> bool {
        let assignment = planned.somebody().and_then(|somebody| somebody.assignment);
        assignment.is_some_and(|assignment| OUTLOOK.external_id.text(assignment.row, self.tables).is_some())
    }

    /// What stands in the way of somebody who was found, seats aside.
    fn foreseen(&self, somebody: &Somebody, planned: &Planned, meeting: &Meeting, causes: &Causes<'_>) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        match somebody.status.as_deref() {
            // Nothing is sent for them, so nothing can be refused.
            Some(status) if INACTIVE.contains(&status) => {
                return vec![reason("inactive_in_okta", true, vec![status.to_owned()])];
            }
            Some(status) if ACTIVE.contains(&status) => {}
            status => reasons.push(reason(
                "status_unknown",
                false,
                status.map(str::to_owned).into_iter().collect(),
            )),
        }
        if meeting.action == Action::Create && self.rollout.app.creates == Some(false) {
            reasons.push(reason("no_account", true, Vec::new()));
        }
        let rows = [meeting.row, meeting.account, meeting.user];
        for record in rows.into_iter().flatten().chain(self.products(planned, meeting)) {
            for outlook in self.foresight.outlooks.get(&record).into_iter().flatten() {
                let Some(policy) = self.policies.get(outlook.policy) else {
                    continue;
                };
                match &outlook.standing {
                    Standing::Fails if planned.has_nominal_id() && Self::reads_id(policy) => {
                        add(&mut reasons, reason("directory_id", false, Vec::new()));
                    }
                    Standing::Fails => {
                        let found = self.failure(policy, record, meeting, causes);
                        found.into_iter().for_each(|found| add(&mut reasons, found));
                    }
                    Standing::Unknown(origins) => open(&mut reasons, origins),
                    Standing::Excluded if causes.is_predictor(policy) => {
                        add(&mut reasons, reason("not_judged", false, vec![policy.id.clone()]));
                    }
                    Standing::Excluded => {}
                }
            }
        }
        open(&mut reasons, &planned.licences.unknown);
        reasons
    }

    /// What the failure of a policy on a record means for whom it is about, seats aside.
    fn failure(&self, policy: &Policy, record: RecordRef, meeting: &Meeting, causes: &Causes<'_>) -> Option<Reason> {
        let key = resource_id(record, self.tables).key;
        let finding = self.findings.get(&(policy.id.as_str(), key.as_str())).copied();
        let found = causes.of_failure(policy, finding, meeting.action == Action::Create)?;
        Some(Reason {
            finding: finding.map(|finding| finding.id),
            ..found
        })
    }

    /// Rows of the products that the person would get and does not hold.
    fn products(&self, planned: &Planned, meeting: &Meeting) -> Vec<RecordRef> {
        let lacking = planned.products().filter(|product| !product.is_among(&meeting.held));
        lacking
            .filter_map(|product| self.shelf.get(&product.id.to_lowercase()).copied())
            .collect()
    }

    /// Whether a policy looks at the immutable id that Okta would send.
    fn reads_id(policy: &Policy) -> bool {
        let record = catalog().record_named("okta.app_user.profile");
        let field = record.and_then(|record| Some((record, record.info().field("immutableId")?.0)));
        field.is_some_and(|field| policy.reads().fields.contains(&field))
    }

    /// Seats that are lacking, and products that are.
    fn seats(&self, planned: &Planned, meeting: &Meeting, counter: &mut Counter) -> Vec<Reason> {
        if self.rollout.app.sets_licences == Some(false) {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        for (wave, product) in planned.products_by_wave() {
            let about = vec![product.shown().to_owned()];
            match counter.take(product, wave, &meeting.held) {
                Seat::Given => {}
                Seat::Short => add(&mut reasons, reason(NO_SEATS, true, about)),
                Seat::NotInTenant => add(&mut reasons, reason(NOT_IN_TENANT, true, about)),
                Seat::Unknown => add(&mut reasons, reason("seats_unknown", false, about)),
            }
        }
        reasons
    }

    /// Products that Okta would ask for, and the person does not hold.
    fn to_add(&self, planned: &Planned, meeting: &Meeting) -> Option<Vec<String>> {
        let held = known(meeting, planned)?;
        let lacking = planned
            .products()
            .filter(|product| !held.iter().any(|id| id.eq_ignore_ascii_case(&product.id)));
        Some(lacking.map(|product| product.shown().to_owned()).collect())
    }

    /// Products that the person holds, and the assignment does not name.
    fn to_remove(&self, planned: &Planned, meeting: &Meeting) -> Option<Vec<String>> {
        let held = known(meeting, planned)?;
        let is_wanted = |id: &String| planned.products().any(|product| product.id.eq_ignore_ascii_case(id));
        let beside = held.iter().filter(|id| !is_wanted(id));
        let name = |id: &String| {
            self.rollout
                .products
                .by_id(id)
                .map_or_else(|| id.clone(), |product| product.shown().to_owned())
        };
        Some(beside.map(name).collect())
    }

    /// What stands in everybody's way: failures and doubts of policies that are not about the people and products of the
    /// plan alone, where the catalogue of errors says that they break provisioning for more than one person.
    fn blockers(&self, causes: &Causes<'_>) -> Vec<Blocker> {
        let app = &self.rollout.app;
        let mut blockers = Vec::new();
        if app.sets_licences == Some(false) && app.creates == Some(false) {
            blockers.push(causes.blocker("provisioning_off"));
        }
        for policy in self.policies {
            if rows_of(policy, self.rows, causes).is_some() {
                continue;
            }
            let own = self.foresight.audit.findings.iter();
            let own = own.filter(|finding| finding.policy == policy.id);
            // What only a person can answer holds nobody up: the answer may have been given long ago.
            let is_open = |finding: &Finding| finding.outcome == Outcome::Unknown && !finding.needs_attestation();
            for finding in own.filter(|finding| finding.outcome == Outcome::Fail || is_open(finding)) {
                if !is_elsewhere(finding, self.rollout) {
                    blockers.extend(causes.of_tenant(policy, finding));
                }
            }
        }
        blockers
    }

    /// Policies whose scope, as the tenant's configuration narrows it, leaves out what could stand in everybody's way.
    fn excluded(&self, causes: &Causes<'_>) -> Vec<String> {
        let asked = self.policies.iter();
        let asked = asked.filter(|policy| causes.is_predictor(policy) && rows_of(policy, self.rows, causes).is_none());
        let excludes = |policy: &&Policy| {
            let mut results = self.foresight.audit.policies.iter();
            results.any(|result| result.id == policy.id && result.counts.excluded > 0)
        };
        asked.filter(excludes).map(|policy| policy.id.clone()).collect()
    }
}

/// What the person holds, if that and what they get is known.
fn known(meeting: &Meeting, planned: &Planned) -> Option<Vec<String>> {
    match (&meeting.held, meeting.row) {
        (Answer::Known(held), Some(_)) if planned.licences.unknown.is_empty() => Some(held.clone().unwrap_or_default()),
        _ => None,
    }
}

fn reason(cause: &str, surely: bool, about: Vec<String>) -> Reason {
    Reason {
        cause: cause.to_owned(),
        surely,
        finding: None,
        unknown: Vec::new(),
        about,
    }
}

/// Whether somebody is surely sent nowhere.
fn is_inactive(somebody: &Somebody) -> bool {
    somebody
        .status
        .as_deref()
        .is_some_and(|status| INACTIVE.contains(&status))
}

/// Whether a finding is only about other applications than that of the plan, or about groups that are not in the plan.
fn is_elsewhere(finding: &Finding, rollout: &Rollout) -> bool {
    let named: Vec<&ResourceId> = finding.resource.iter().chain(&finding.resources).collect();
    let is_other = |resource: &&ResourceId| is_of_other_app(resource, &rollout.app) || rollout.is_other_group(resource);
    !named.is_empty() && named.len() as u64 >= finding.count && named.iter().all(is_other)
}

/// Somebody whom nobody in Okta is.
fn nobody(account: Option<&ResourceId>, unread: &[Origin]) -> Reason {
    let cause = if account.is_some() {
        "only_in_entra"
    } else {
        "not_found"
    };
    Reason {
        unknown: unread.to_vec(),
        ..reason(cause, false, Vec::new())
    }
}

/// Adds a reason, or to the same one what it is about.
fn add(reasons: &mut Vec<Reason>, new: Reason) {
    match reasons.iter_mut().find(|known| known.cause == new.cause) {
        Some(known) => {
            known.surely |= new.surely;
            known.about.extend(new.about);
        }
        None => reasons.push(new),
    }
}

/// Adds what is not known, each thing once.
fn open(reasons: &mut Vec<Reason>, origins: &[Origin]) {
    for origin in origins {
        let cause = format!("{}:{}", origin.cause, origin.about);
        if !reasons.iter().any(|known| known.cause == cause) {
            reasons.push(Reason {
                unknown: vec![origin.clone()],
                ..reason(&cause, false, Vec::new())
            });
        }
    }
}

/// The worst that the reasons come to.
fn prospect(reasons: &[Reason], causes: &Causes<'_>) -> Prospect {
    let of = |reason: &Reason| match reason {
        Reason { surely: true, .. } => Prospect::WillFail,
        reason if causes.is_open(reason) => Prospect::CannotTell,
        _ => Prospect::MayFail,
    };
    reasons.iter().map(of).min().unwrap_or(Prospect::Ready)
}
