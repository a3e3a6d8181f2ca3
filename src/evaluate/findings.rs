//! From verdicts to an audit: findings with values, causes and evidence.

use bumpalo::Bump;
use rayon::prelude::*;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::coverage::coverage;
use super::evidence::{MAX_PARTS, TOO_LARGE, resource_id};
use super::gate::{self, Gate};
use super::judge::{Doubt, Tally, bind, judge, variables};
use super::table::Tables;
use super::trial::Trials;
use super::waiving::{self, Uses};
use super::{flows, products};
use crate::audit::{
    Audit, Clocks, Counts, FORMAT, Finding, NotApplicable, Outcome, ParamResult, PolicyResult, ResourceId, ScopeResult,
    SnapshotId, Summary, Tenant,
};
use crate::catalog::RecordType;
use crate::expr::{Cause, Detail, Evaluator, Origin, RecordRef, Records, Value, to_json, weight};
use crate::policy::{Judged, Narrowing, Param, Policy, Waiver};
use crate::snapshot::{Manifest, Snapshot, Tool};

/// Namespace of finding ids (UUID version 5, RFC 9562).
const NAMESPACE: Uuid = Uuid::from_u128(0x7465_6e6b_656e_5f66_696e_6469_6e67_7331);

/// Failures of one policy that carry evidence. Where more fail, something is wrong with the tenant, not with people,
/// and a million times the same evidence would not fit into memory; every failure is still named, with its values.
const MAX_WITH_EVIDENCE: usize = 10_000;
/// Failures of one policy for which changes that would make them pass are tried out, which takes many times longer.
const MAX_WITH_CHANGES: usize = 1_000;

/// Judges a snapshot that was loaded for these policies.
pub fn audit(
    policies: &[Policy],
    waivers: &[Waiver],
    tables: &Tables,
    snapshot: &Snapshot,
    as_of: jiff::Timestamp,
) -> Audit {
    let gates: Vec<Gate> = policies.iter().map(|policy| Gate::of(policy, tables)).collect();
    let tallies = judge(policies, &gates, tables);
    report(policies, &gates, tallies, waivers, tables, snapshot, as_of)
}

/// Makes an audit of what policies came to, in their order.
pub(super) fn report(
    policies: &[Policy],
    gates: &[Gate],
    tallies: Vec<Tally>,
    waivers: &[Waiver],
    tables: &Tables,
    snapshot: &Snapshot,
    as_of: jiff::Timestamp,
) -> Audit {
    let manifest = snapshot.manifest();
    let mut results = Vec::new();
    let mut uses = Uses::of(waivers);
    for ((policy, gate), tally) in policies.iter().zip(gates).zip(tallies) {
        let reporter = Reporter {
            policy,
            gate,
            tables,
            manifest,
            waivers: waiving::of_policy(waivers, policy),
            trials: Trials::of(policy, tables),
        };
        let findings = reporter.findings(&tally, &mut uses);
        results.push((reporter.result(&tally, &findings), findings));
    }
    // The gravest first, fails before the rest; then by id.
    results.sort_by(|(a, _), (b, _)| {
        b.severity
            .cmp(&a.severity)
            .then(a.outcome.cmp(&b.outcome))
            .then_with(|| a.id.cmp(&b.id))
    });
    let (policy_results, findings): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    Audit {
        format: FORMAT,
        tool: Tool::this(),
        tenant: Tenant {
            name: manifest.name.clone(),
            okta: manifest.okta.clone(),
            entra: manifest.entra.clone(),
        },
        snapshot: SnapshotId {
            digest: snapshot.digest().to_owned(),
            started: manifest.started,
            ended: manifest.ended,
        },
        clocks: Clocks {
            now: manifest.ended,
            as_of,
        },
        summary: Summary::of(&policy_results),
        policies: policy_results,
        findings: findings.into_iter().flatten().collect(),
        coverage: coverage(policies, manifest),
        waivers: uses.results(waivers),
        diagnosis: None,
        readiness: None,
        adjustments: Vec::new(),
        products: products::all(policies, tables),
        licence_flows: flows::all(policies, tables),
    }
}

/// The findings of a policy that hold: of a few rows, for a diagnosis. An audit only counts them.
pub(super) fn passes(policy: &Policy, gate: &Gate, rows: &[u32], tables: &Tables, snapshot: &Snapshot) -> Vec<Finding> {
    let reporter = Reporter {
        policy,
        trials: Trials::of(policy, tables),
        gate,
        tables,
        manifest: snapshot.manifest(),
        waivers: Vec::new(),
    };
    rows.iter().map(|row| reporter.pass(*row)).collect()
}

/// Makes results of one policy.
pub(super) struct Reporter<'a> {
    pub(super) policy: &'a Policy,
    pub(super) gate: &'a Gate,
    pub(super) tables: &'a Tables,
    pub(super) manifest: &'a Manifest,
    /// Waivers of the policy that may be applied, with their numbers.
    waivers: Vec<(u32, &'a Waiver)>,
    pub(super) trials: Trials<'a>,
}

impl Reporter<'_> {
    fn record(&self) -> Option<RecordType> {
        match self.policy.judged {
            Judged::Tenant => None,
            Judged::Each(resource) => Some(resource.record),
        }
    }

    /// Why there may be resources that were not judged.
    fn unread(&self) -> Option<Vec<Origin>> {
        if self.gate.is_closed() {
            return None;
        }
        let open = self.tables.open(self.record()?)?;
        Some(self.origins(open))
    }

    fn origins(&self, ids: &[u32]) -> Vec<Origin> {
        let mut origins: Vec<Origin> = ids.iter().filter_map(|id| self.tables.origin(*id)).cloned().collect();
        origins.sort();
        origins
    }

    fn result(&self, tally: &Tally, findings: &[Finding]) -> PolicyResult {
        let policy = self.policy;
        let waived = findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Waived)
            .count();
        let counts = Counts {
            pass: tally.pass,
            fail: (tally.fail.len() - waived) as u64,
            unknown: tally.unknown.iter().map(|(_, rows)| rows.count).sum(),
            waived: waived as u64,
            out_of_scope: tally.out_of_scope,
            excluded: tally.excluded,
        };
        let whole = self.unread().is_none();
        let outcome = match counts {
            Counts { fail: 1.., .. } => Outcome::Fail,
            Counts { unknown: 1.., .. } => Outcome::Unknown,
            _ if !whole => Outcome::Unknown,
            Counts { waived: 1.., .. } => Outcome::Waived,
            Counts { pass: 1.., .. } => Outcome::Pass,
            _ => Outcome::NotApplicable,
        };
        let not_applicable = (outcome == Outcome::NotApplicable).then_some(match counts {
            _ if self.gate.is_closed() => NotApplicable::Requirement,
            Counts { out_of_scope: 1.., .. } => NotApplicable::OutOfScope,
            Counts { excluded: 1.., .. } => NotApplicable::Excluded,
            _ => NotApplicable::NoResources,
        });
        PolicyResult {
            id: policy.id.clone(),
            pack: policy.pack.clone(),
            digest: policy.digest.clone(),
            title: policy.title.clone(),
            severity: policy.severity,
            resource: policy.judged.name().to_owned(),
            outcome,
            not_applicable,
            requires: self.gate.results(),
            scope: policy.scope.iter().map(|scope| scope_result(scope)).collect(),
            params: policy.params.iter().map(param_result).collect(),
            counts,
            population: counts.population(),
            whole,
            message: policy.message.clone(),
            why: policy.why.clone(),
            fix: policy.fix.clone(),
            who: policy.who.clone(),
            tags: policy.tags.clone(),
            frameworks: policy.frameworks.iter().cloned().collect(),
            references: policy.references.clone(),
        }
    }

    fn findings(&self, tally: &Tally, uses: &mut Uses) -> Vec<Finding> {
        let (mut findings, meant): (Vec<Finding>, Vec<Vec<waiving::Meant>>) = self
            .by_key(&tally.fail)
            .par_iter()
            .enumerate()
            .map(|(at, row)| self.failure(*row, at))
            .unzip();
        uses.add(meant.into_iter().flatten());
        let doubts = tally.unknown.iter();
        let mut doubts: Vec<Finding> = doubts
            .map(|(doubt, rows)| self.doubt(doubt, rows.count, &rows.rows))
            .collect();
        doubts.sort_by(|a, b| (&a.causes, a.id).cmp(&(&b.causes, b.id)));
        findings.extend(doubts);
        if let Some(causes) = self.unread() {
            findings.push(self.unread_population(causes));
        }
        findings
    }

    /// Rows in the order of their keys: the vendors' answers have none that stays.
    fn by_key(&self, rows: &[u32]) -> Vec<u32> {
        let key = |row: u32| self.row(row).map(|record| resource_id(record, self.tables).key);
        let mut keyed: Vec<(Option<String>, u32)> = rows.par_iter().map(|row| (key(*row), *row)).collect();
        keyed.par_sort();
        keyed.into_iter().map(|(_, row)| row).collect()
    }

    fn row(&self, row: u32) -> Option<RecordRef> {
        self.record().map(|ty| RecordRef { ty, row })
    }

    /// The failure of that number, and the waivers that mean it. Whatever a waiver means carries its evidence: that is its
    /// fingerprint.
    fn failure(&self, row: u32, number: usize) -> (Finding, Vec<waiving::Meant>) {
        let arena = Bump::new();
        let row = self.row(row);
        let resource = row.map(|row| resource_id(row, self.tables));
        let key = resource.as_ref().map_or("", |resource| resource.key.as_str());
        let meaning = waiving::meaning(&self.waivers, row, self.tables, &arena);
        let (evidence, changes) = if number < MAX_WITH_EVIDENCE || !meaning.is_empty() {
            self.evidence(row, number < MAX_WITH_CHANGES, &arena)
        } else {
            Default::default()
        };
        let fingerprint = if evidence.is_empty() {
            None
        } else {
            let whole = self.explain(row, &arena, Detail::WHOLE);
            waiving::fingerprint(&self.policy.id, key, &whole.parts, self.tables)
        };
        let (waiver, meant) = waiving::decide(&meaning, fingerprint.as_deref());
        let finding = Finding {
            id: self.id(Outcome::Fail, key),
            outcome: if waiver.is_some() {
                Outcome::Waived
            } else {
                Outcome::Fail
            },
            count: 1,
            values: self.values(row, &arena),
            evidence,
            changes,
            fingerprint,
            waiver,
            resource,
            ..self.empty()
        };
        (finding, meant)
    }

    /// A resource for which the policy holds, with what decided that.
    fn pass(&self, row: u32) -> Finding {
        let arena = Bump::new();
        let row = self.row(row);
        let resource = row.map(|row| resource_id(row, self.tables));
        Finding {
            id: self.id(
                Outcome::Pass,
                resource.as_ref().map_or("", |resource| resource.key.as_str()),
            ),
            outcome: Outcome::Pass,
            count: 1,
            values: self.values(row, &arena),
            evidence: self.evidence(row, false, &arena).0,
            resource,
            ..self.empty()
        }
    }

    /// Resources for which the same is not known, as one finding.
    fn doubt(&self, doubt: &Doubt, count: u64, rows: &[u32]) -> Finding {
        let arena = Bump::new();
        let rows = self.by_key(rows);
        let causes = match doubt {
            Doubt::Origins(ids) => self.origins(ids),
            Doubt::Untold(id) => vec![gate::untold(id, self.policy)],
            Doubt::Failed(message) => vec![Origin {
                cause: Cause::EvaluationError,
                about: self.policy.id.clone(),
                needs: None,
                detail: Some(message.clone()),
            }],
        };
        let first = rows.first().and_then(|row| self.row(*row));
        let resources: Vec<ResourceId> = rows
            .iter()
            .filter_map(|row| self.row(*row))
            .map(|row| resource_id(row, self.tables))
            .collect();
        let about: Vec<String> = causes
            .iter()
            .map(|origin| {
                let detail = origin.detail.as_deref().unwrap_or_default();
                format!("{} {} {detail}", origin.cause, origin.about)
            })
            .collect();
        let resource = if count == 1 { resources.first().cloned() } else { None };
        let (mut evidence, _) = self.evidence(first, false, &arena);
        evidence.extend(
            causes
                .iter()
                .filter_map(|origin| self.link_keys(origin, first?, &arena)),
        );
        Finding {
            id: self.id(Outcome::Unknown, &about.join("; ")),
            outcome: Outcome::Unknown,
            count,
            values: if count == 1 {
                self.values(first, &arena)
            } else {
                Map::new()
            },
            causes,
            evidence,
            resource,
            resources,
            ..self.empty()
        }
    }

    /// Not all resources were read: nobody knows how many are missing.
    fn unread_population(&self, causes: Vec<Origin>) -> Finding {
        let id = self.id(Outcome::Unknown, "not read");
        Finding {
            id,
            outcome: Outcome::Unknown,
            causes,
            ..self.empty()
        }
    }

    fn empty(&self) -> Finding {
        Finding {
            id: Uuid::nil(),
            policy: self.policy.id.clone(),
            severity: self.policy.severity,
            outcome: Outcome::Unknown,
            resource: None,
            count: 0,
            values: Map::new(),
            personal: self
                .policy
                .show
                .iter()
                .filter(|shown| shown.personal)
                .map(|shown| shown.name.clone())
                .collect(),
            causes: Vec::new(),
            evidence: Vec::new(),
            changes: Vec::new(),
            resources: Vec::new(),
            fingerprint: None,
            waiver: None,
        }
    }

    fn id(&self, outcome: Outcome, about: &str) -> Uuid {
        let name = [&self.manifest.name, &self.policy.id, outcome.as_str(), about].join("\n");
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }

    /// Values for the message; what cannot be computed is null.
    fn values(&self, row: Option<RecordRef>, arena: &Bump) -> Map<String, Json> {
        let evaluator = Evaluator::new(self.tables, arena);
        let variables = bind(self.policy, &evaluator, &variables(row, self.tables), arena);
        self.policy
            .show
            .iter()
            .map(|shown| {
                let value = match evaluator.plan(&shown.plan, variables) {
                    Value::Error(_) => Json::Null,
                    value if weight(value, MAX_PARTS) < MAX_PARTS => to_json(value, self.tables),
                    Value::List(_) => Json::from(vec![TOO_LARGE]),
                    _ => Json::from(TOO_LARGE),
                };
                (shown.name.clone(), value)
            })
            .collect()
    }
}

fn scope_result(scope: &Narrowing) -> ScopeResult {
    ScopeResult {
        condition: scope.text.clone(),
        by: scope.by.clone(),
        reason: scope.reason.clone(),
    }
}

fn param_result(param: &Param) -> ParamResult {
    ParamResult {
        name: param.name.clone(),
        type_name: param.type_name.clone(),
        about: param.about.clone(),
        value: param.value.clone(),
        default: param.default.clone(),
        by: param.by.clone(),
    }
}
