//! From verdicts to an audit: findings with values, causes and evidence.

use std::collections::BTreeMap;

use bumpalo::Bump;
use rayon::prelude::*;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::gate::{self, Gate};
use super::judge::{Doubt, Tally, bind, judge, variables};
use super::table::Tables;
use super::trial::Trials;
use super::waiving::{self, Uses};
use super::{flows, products};
use crate::audit::{
    Audit, Change, Clocks, Counts, Coverage, Evidence, FORMAT, Finding, NotApplicable, Outcome, ParamResult,
    PolicyResult, Read, RecordRead, ResourceId, ScopeResult, SnapshotId, Summary, Tenant,
};
use crate::catalog::{FieldType, LinkKey, Origin as FieldOrigin, RecordType, Resource, Supply};
use crate::expr::{
    Cause, Detail, Evaluator, Explained, Origin, Part, RecordRef, Records, Value, Variable, to_json, weight,
};
use crate::policy::{Judged, Narrowing, Needs, Param, Policy, Waiver};
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
struct Reporter<'a> {
    policy: &'a Policy,
    gate: &'a Gate,
    tables: &'a Tables,
    manifest: &'a Manifest,
    /// Waivers of the policy that may be applied, with their numbers.
    waivers: Vec<(u32, &'a Waiver)>,
    trials: Trials<'a>,
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

    /// The values of the keys of an ambiguous link: what a person must look at to tell which record is meant.
    fn link_keys(&self, origin: &Origin, row: RecordRef, arena: &Bump) -> Option<Evidence> {
        let (_, name) = origin
            .about
            .rsplit_once('.')
            .filter(|(record, _)| *record == row.ty.name())?;
        let (_, field) = row.ty.info().field(name)?;
        let FieldOrigin::Link(link) = &field.origin else {
            return None;
        };
        let read = |key: &LinkKey| {
            let value = key.from.iter().fold(Value::Record(row), |value, field| match value {
                Value::Record(record) => self.tables.field(record, *field, arena),
                other => other,
            });
            Read {
                path: format!("{}.{}", row.ty.info().variable, key.from_name),
                value: to_json(value, self.tables),
            }
        };
        (origin.cause == Cause::AmbiguousMatch).then(|| Evidence {
            expression: format!("{}.{name}", row.ty.info().variable),
            value: serde_json::json!({ "unknown": [origin] }),
            reads: link.on.iter().map(read).collect(),
            elements: Vec::new(),
            records: Vec::new(),
            of: 1,
        })
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

    /// What decided the verdict, as it is shown, and what would make it pass.
    fn evidence(&self, row: Option<RecordRef>, with_changes: bool, arena: &Bump) -> (Vec<Evidence>, Vec<Change>) {
        let explained = self.explain(row, arena, Detail::SHOWN);
        let evidence = explained.parts.iter().map(|part| self.part(part, row)).collect();
        let wishes = if with_changes { &explained.wishes[..] } else { &[] };
        (evidence, self.trials.changes(wishes, row, arena))
    }

    /// What decided the verdict: what leaves the scope or a requirement unknown, else the assertion.
    fn explain<'r>(&'r self, row: Option<RecordRef>, arena: &'r Bump, detail: Detail) -> Explained<'r> {
        let evaluator = Evaluator::new(self.tables, arena);
        let variables = bind(self.policy, &evaluator, &variables(row, self.tables), arena);
        let scopes = self.policy.scope.iter().map(|scope| &scope.plan);
        let required = self.gate.doubt().and_then(|(requirement, _)| requirement.plan.as_ref());
        let mut before = self.policy.when.iter().chain(scopes).chain(required);
        let undecided = before.find(|plan| !matches!(evaluator.plan(plan, variables), Value::Bool(true)));
        let plan = undecided.unwrap_or(&self.policy.assert);
        let names = [row.map_or("tenant", |row| row.ty.info().variable.as_str()), "now"];
        let own = names.into_iter().map(|name| Variable { name, plan: None });
        let lets = self.policy.lets.iter().map(|value| Variable {
            name: &value.name,
            plan: Some(&value.plan),
        });
        evaluator.explain(plan, own.chain(lets).collect(), variables, detail)
    }

    fn part(&self, part: &Part<'_>, judged: Option<RecordRef>) -> Evidence {
        Evidence {
            expression: part.expression.clone(),
            value: brief(part.value, self.tables, 0),
            reads: reads(&part.reads, self.tables),
            elements: reads(&part.elements, self.tables),
            records: part
                .records
                .iter()
                .filter_map(|record| self.record_read(*record, judged))
                .collect(),
            of: part.of as u64,
        }
    }

    fn record_read(&self, record: RecordRef, judged: Option<RecordRef>) -> Option<RecordRead> {
        let resource = record.ty.resource()?;
        let entry = self
            .manifest
            .resources
            .iter()
            .find(|entry| entry.resource == resource.name);
        let endpoint = match (&resource.supply, entry) {
            (Supply::Reference(name), _) => format!("built-in table {name}"),
            (_, Some(entry)) => entry.endpoint.clone(),
            (Supply::Call(call) | Supply::Import(call), None) => call.path.clone(),
        };
        Some(RecordRead {
            resource: resource_id(record, self.tables),
            endpoint,
            read_at: entry.and_then(|entry| entry.read_at),
            linked_by: judged.and_then(|judged| linked_by(judged, record, self.tables)),
        })
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

/// Parts of a value, as [`weight`] counts them, that a finding carries; a million findings carry it a million times.
const MAX_PARTS: usize = 1_000;
/// What stands in its place.
const TOO_LARGE: &str = "(too large to show)";

/// Values with their paths, short enough for evidence.
pub(super) fn reads(list: &[(String, Value<'_>)], tables: &Tables) -> Vec<Read> {
    let read = |(path, value): &(String, Value<'_>)| Read {
        path: path.clone(),
        value: brief(*value, tables, 0),
    };
    list.iter().map(read).collect()
}

/// A value short enough for evidence: a record is its name, a long list its first items.
pub(super) fn brief(value: Value<'_>, tables: &Tables, depth: usize) -> Json {
    const MAX_ITEMS: usize = 10;
    const MAX_DEPTH: usize = 3;
    match value {
        Value::Record(record) if record.ty.resource().is_some() => {
            let id = resource_id(record, tables);
            Json::from(format!("{} {}", id.resource_type, id.name.unwrap_or(id.key)))
        }
        Value::List(list) if list.open.is_none() && list.len() > MAX_ITEMS && depth < MAX_DEPTH => {
            let brief = |item| brief(item, tables, depth + 1);
            let mut items: Vec<Json> = list.iter().take(MAX_ITEMS).map(brief).collect();
            items.push(Json::from(format!("… and {} more", list.len() - MAX_ITEMS)));
            items.into()
        }
        Value::List(list) if list.open.is_none() && list.maybe.is_empty() && depth < MAX_DEPTH => {
            list.iter().map(|item| brief(item, tables, depth + 1)).collect()
        }
        other if weight(other, MAX_PARTS) < MAX_PARTS => to_json(other, tables),
        _ => Json::from(TOO_LARGE),
    }
}

/// Key and name of a record.
pub fn resource_id(record: RecordRef, tables: &Tables) -> ResourceId {
    let Some(resource) = record.ty.resource() else {
        return ResourceId {
            resource_type: record.ty.name().to_owned(),
            key: record.row.to_string(),
            name: None,
        };
    };
    let arena = Bump::new();
    let parts: Vec<String> = resource
        .key
        .iter()
        .map(|field| text(tables.field(record, *field, &arena)).unwrap_or_default())
        .collect();
    let name = resource
        .label
        .iter()
        .fold(Value::Record(record), |value, field| match value {
            Value::Record(record) => tables.field(record, *field, &arena),
            other => other,
        });
    // The only one of its kind may have no id; its type says which it is.
    let key = if parts.is_empty() {
        resource.name.clone()
    } else {
        parts.join("/")
    };
    ResourceId {
        resource_type: resource.name.clone(),
        key,
        name: text(name),
    }
}

fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The key of the link that leads from one record to another.
fn linked_by(from: RecordRef, to: RecordRef, tables: &Tables) -> Option<String> {
    let arena = Bump::new();
    let info = from.ty.info();
    info.fields.iter().enumerate().find_map(|(at, field)| {
        let FieldOrigin::Link(link) = &field.origin else {
            return None;
        };
        let id = u16::try_from(at).ok()?;
        let leads_there = matches!(tables.field(from, id, &arena), Value::Record(found) if found == to);
        if !leads_there || !matches!(field.ty, FieldType::Record(_)) {
            return None;
        }
        link.on.iter().find_map(|key| {
            let mine = key.from.iter().fold(Value::Record(from), |value, field| match value {
                Value::Record(record) => tables.field(record, *field, &arena),
                other => other,
            });
            let theirs = tables.field(to, key.to, &arena);
            let same = text(mine)?.to_lowercase() == text(theirs)?.to_lowercase();
            same.then(|| {
                format!(
                    "{} = {}",
                    key.from_name,
                    link.to.info().fields.get(usize::from(key.to)).map_or("", |f| &f.name)
                )
            })
        })
    })
}

/// Every resource type that the policies need, with how well it was read.
fn coverage(policies: &[Policy], manifest: &Manifest) -> Vec<Coverage> {
    let mut needed: BTreeMap<RecordType, (&'static Resource, Vec<String>)> = BTreeMap::new();
    for policy in policies {
        let mut needs = Needs::of(&policy.reads());
        if let Judged::Each(resource) = policy.judged {
            needs.add_resource(resource);
        }
        for resource in needs.resources() {
            needed
                .entry(resource.record)
                .or_insert_with(|| (resource, Vec::new()))
                .1
                .push(policy.id.clone());
        }
    }
    let mut out: Vec<Coverage> = Vec::new();
    for (resource, policies) in needed.into_values() {
        let Some(call) = resource.supply.call() else { continue };
        let entry = manifest.resources.iter().find(|entry| entry.resource == resource.name);
        out.push(Coverage {
            resource: resource.name.clone(),
            source: resource.source.as_str().to_owned(),
            status: entry.map_or("not_requested", |entry| entry.status.as_str()).to_owned(),
            reason: entry.and_then(|entry| entry.reason.clone()),
            endpoint: entry.map_or_else(|| call.path.clone(), |entry| entry.endpoint.clone()),
            permission: call.permission.clone(),
            objects: entry.map_or(0, |entry| entry.objects),
            requests: entry.map_or(0, |entry| entry.requests),
            read_at: entry.and_then(|entry| entry.read_at),
            policies,
        });
    }
    for entry in &mut out {
        entry.policies.sort();
    }
    out
}
