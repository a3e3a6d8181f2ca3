//! What every report shows, in the order in which it is read: built once from an [`Audit`], in one language.
//!
//! Sorting, grouping, counting and cutting happen here; templates only lay out. Whatever came from a tenant or a policy
//! is a [`Shown`], so no template can print it raw.

mod action;
mod diagnosis;
mod doubt;
mod evidence;
mod finding;
mod flow;
mod framework;
mod person;
mod policy;
mod product;
mod readiness;
mod tailoring;
mod waiver;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::ReportError;
use super::shown::Shown;
use super::texts::moment;
use crate::audit::{Audit, Coverage, Finding, NotApplicable, Outcome, PolicyResult, Tenant};
use crate::policy::{Language, Severity};
use crate::snapshot::Side;
use action::{Action, Role};
pub(super) use diagnosis::DiagnosisView;
use doubt::Doubt;
pub(super) use finding::message;

use flow::FlowsView;
use framework::FrameworkView;
use person::AffectedPerson;
pub(super) use policy::steps;
use policy::{Pack, PolicyView};
use product::ProductView;
pub(super) use readiness::{OWN, ReadinessView};
use tailoring::Tailoring;
use waiver::WaiverView;

/// How much of the findings a report holds. The counts are always of all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Findings of one policy.
    pub(super) each: usize,
    /// Findings in all.
    pub(super) all: usize,
    /// Bytes of all findings, about as they are written.
    pub(super) bytes: usize,
    /// People listed with what is wrong with them.
    pub(super) people: usize,
    /// Resources listed with what has to be done about them, for each policy.
    pub(super) concerned: usize,
    /// Whether what is told elsewhere too is left out.
    pub(super) brief: bool,
}

impl Limits {
    /// No findings one by one.
    pub(super) const NONE: Self = Self {
        each: 0,
        all: 0,
        bytes: 0,
        people: 0,
        concerned: 0,
        brief: false,
    };
}

/// A report before it is laid out.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// `en` or `ja`.
    language: &'static str,
    /// The program's name and version.
    tool: [Shown; 2],
    /// Name of the tenant in the configuration.
    tenant: Shown,
    /// The Okta org.
    okta: Option<SideView>,
    /// The Entra tenant.
    entra: Option<SideView>,
    /// SHA-256 of the snapshot's manifest.
    digest: Shown,
    /// The beginning of the digest, enough to tell snapshots apart.
    digest_start: Shown,
    /// When reading began.
    started: Moment,
    /// When reading ended: `now` in conditions.
    ended: Moment,
    /// The day that ages are measured by, where it is another.
    as_of: Option<Moment>,
    /// What it all came to.
    verdict: Verdict,
    /// Outcomes by severity, the worst first.
    severities: Vec<SeverityRow>,
    /// What to do, the most urgent first.
    actions: Vec<Action>,
    /// Who has to do it.
    roles: Vec<Role>,
    /// Every policy.
    policies: Vec<PolicyView>,
    /// Packs that they come with.
    packs: Vec<Pack>,
    /// Frameworks that they serve, with what came out for each item.
    frameworks: Vec<FrameworkView>,
    /// Products that Okta hands out or may, with their seats.
    products: Vec<ProductView>,
    /// How licences flow from Okta to people.
    flows: Option<FlowsView>,
    /// People of whom something fails, those with the gravest first.
    people: Vec<AffectedPerson>,
    /// People who are not listed.
    more_people: u64,
    /// What could not be judged, by cause.
    doubts: Vec<Doubt>,
    /// What was read.
    coverage: Vec<CoverageView>,
    /// Whether anything is particular to this tenant or this run.
    tailored: bool,
    /// What it is.
    tailoring: Tailoring,
    /// Resources that the configuration takes out of the scope, counted once for each policy.
    excluded: u64,
    /// Policies that do not apply because the tenant lacks what they require.
    inapplicable: u64,
    /// Whether any exception was accepted.
    waived: bool,
    /// Waivers, and what became of each.
    waivers: Vec<WaiverView>,
    /// Of a diagnosis: why provisioning failed.
    diagnosis: Option<DiagnosisView>,
    /// Of a rollout plan: what becomes of each person.
    readiness: Option<ReadinessView>,
    /// Whether lists that repeat, sources and digests are left out, so that the rest has room.
    brief: bool,
    /// Findings in the audit.
    findings: u64,
    /// Findings that this report leaves out.
    left_out: u64,
}

/// The org or the tenant.
#[derive(Debug, Serialize)]
struct SideView {
    id: Shown,
    url: Shown,
}

/// A time, for machines and for people.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    iso: String,
    text: String,
}

/// The audit in a few numbers.
#[derive(Debug, Serialize)]
struct Verdict {
    /// The worst outcome of any policy: `fail`, `unknown`, `pass`, or `not_applicable` when nothing was judged.
    outcome: &'static str,
    /// Policies in all.
    policies: u64,
    /// Policies by outcome.
    failed: u64,
    undecided: u64,
    passed: u64,
    waived: u64,
    not_applicable: u64,
    /// Policies that fail and are critical.
    critical: u64,
    /// Judgements that fail, that fail and are waived, that could not be made, and that were made.
    failures: u64,
    exceptions: u64,
    unknowns: u64,
    judgements: u64,
    /// People who appear in failures, each counted once, and the failures that they appear in.
    people: u64,
    people_failures: u64,
}

/// Outcomes of one severity.
#[derive(Debug, Serialize)]
struct SeverityRow {
    severity: &'static str,
    policies: u64,
    failed: u64,
    /// Policies that could not be decided: of some no resource was read that could be counted.
    undecided: u64,
    pass: u64,
    fail: u64,
    unknown: u64,
    waived: u64,
    /// Findings, whether or not they are shown.
    findings: u64,
    /// Lengths of the bars for fail and unknown, in hundredths of the longest row.
    bars: [u64; 2],
}

/// A resource type and how well it was read.
#[derive(Debug, Serialize)]
struct CoverageView {
    resource: Shown,
    status: Shown,
    reason: Option<Shown>,
    endpoint: Shown,
    permission: Shown,
    objects: u64,
    read_at: Option<Moment>,
}

impl View {
    /// Builds the view of an audit.
    ///
    /// # Errors
    /// When a finding belongs to no policy of the audit: leaving it out would be a lie.
    pub(super) fn of(audit: &Audit, language: Language, limits: Limits) -> Result<Self, ReportError> {
        belongs(audit)?;
        let by_policy = by_policy(audit);
        let policies = policy::all(audit, &by_policy, language, limits);
        let shown: u64 = policies.iter().map(PolicyView::shown).sum();
        let actions = action::all(audit, &by_policy, language, limits);
        let findings = audit.findings.len() as u64;
        let (people, more_people) = person::all(audit, &policies, language, limits);
        Ok(Self {
            language: language.as_str(),
            tool: [Shown::name(&audit.tool.name), Shown::name(&audit.tool.version)],
            tenant: Shown::name(&audit.tenant.name),
            okta: side(audit, |tenant| tenant.okta.as_ref()),
            entra: side(audit, |tenant| tenant.entra.as_ref()),
            digest: Shown::name(&audit.snapshot.digest),
            digest_start: Shown::name(&audit.snapshot.digest.chars().take(12).collect::<String>()),
            started: Moment::of(audit.snapshot.started, language),
            ended: Moment::of(audit.snapshot.ended, language),
            as_of: (audit.clocks.as_of != audit.clocks.now).then(|| Moment::of(audit.clocks.as_of, language)),
            verdict: Verdict::of(audit),
            severities: severities(audit, &by_policy),
            roles: action::roles(&actions),
            actions,
            packs: policy::packs(&policies),
            frameworks: framework::all(audit),
            products: product::all(audit),
            flows: flow::of(audit),
            policies,
            people,
            more_people,
            doubts: doubt::all(audit, language),
            coverage: audit.coverage.iter().map(|entry| coverage(entry, language)).collect(),
            tailored: is_tailored(audit),
            tailoring: Tailoring::of(audit, language),
            excluded: audit.summary.judgements.excluded,
            inapplicable: inapplicable(audit),
            waived: audit.summary.judgements.waived > 0,
            waivers: audit
                .waivers
                .iter()
                .map(|waiver| WaiverView::of(waiver, language))
                .collect(),
            diagnosis: audit
                .diagnosis
                .as_ref()
                .map(|diagnosis| DiagnosisView::of(diagnosis, language)),
            readiness: audit
                .readiness
                .as_ref()
                .map(|readiness| ReadinessView::of(audit, readiness, limits.each, language)),
            brief: limits.brief,
            findings,
            left_out: findings - shown,
        })
    }
}

/// Whether anything is particular to this tenant or this run.
fn is_tailored(audit: &Audit) -> bool {
    let of =
        |policy: &PolicyResult| !policy.params.is_empty() || !policy.scope.is_empty() || !policy.requires.is_empty();
    !audit.adjustments.is_empty() || audit.policies.iter().any(of)
}

/// Policies that do not apply because the tenant lacks what they require.
fn inapplicable(audit: &Audit) -> u64 {
    let required = Some(NotApplicable::Requirement);
    let policies = audit.policies.iter();
    policies.filter(|policy| policy.not_applicable == required).count() as u64
}

impl Moment {
    /// A time in UTC: to the second for machines, to the minute for people.
    pub(super) fn of(time: jiff::Timestamp, language: Language) -> Self {
        Self {
            iso: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: moment(time, language),
        }
    }
}

impl Verdict {
    /// Counts it all.
    fn of(audit: &Audit) -> Self {
        let count = |outcome: Outcome| audit.policies.iter().filter(|policy| policy.outcome == outcome).count() as u64;
        let worst = [Outcome::Fail, Outcome::Unknown, Outcome::Waived, Outcome::Pass]
            .into_iter()
            .find(|outcome| count(*outcome) > 0)
            .unwrap_or(Outcome::NotApplicable);
        let failing = audit.policies.iter().filter(|policy| policy.outcome == Outcome::Fail);
        let judgements = audit.summary.judgements;
        let (people, people_failures) = people(audit);
        Self {
            outcome: worst.as_str(),
            policies: audit.policies.len() as u64,
            failed: count(Outcome::Fail),
            undecided: count(Outcome::Unknown),
            passed: count(Outcome::Pass),
            waived: count(Outcome::Waived),
            not_applicable: count(Outcome::NotApplicable),
            critical: failing.filter(|policy| policy.severity == Severity::Critical).count() as u64,
            failures: judgements.fail,
            exceptions: judgements.waived,
            unknowns: judgements.unknown,
            judgements: judgements.pass + judgements.fail + judgements.waived,
            people,
            people_failures,
        }
    }
}

/// People who appear in failures, and in how many. The same person has a record on each side, with the same name.
fn people(audit: &Audit) -> (u64, u64) {
    let failures = audit.findings.iter().filter(|finding| finding.outcome == Outcome::Fail);
    let names: Vec<String> = failures.filter_map(Finding::person).map(str::to_lowercase).collect();
    let people: BTreeSet<&String> = names.iter().collect();
    (people.len() as u64, names.len() as u64)
}

/// Refuses an audit whose findings belong to nothing: leaving them out would be a lie.
pub(super) fn belongs(audit: &Audit) -> Result<(), ReportError> {
    let policies: HashSet<&str> = audit.policies.iter().map(|policy| policy.id.as_str()).collect();
    let homeless = |finding: &&Finding| !policies.contains(finding.policy.as_str());
    match audit.findings.iter().find(homeless) {
        Some(finding) => Err(ReportError(format!(
            "finding {} is of a policy that the audit does not hold",
            finding.id
        ))),
        None => Ok(()),
    }
}

/// Findings by the policy that they belong to, in their order.
type ByPolicy<'a> = HashMap<&'a str, Vec<&'a Finding>>;

/// Groups the findings.
fn by_policy(audit: &Audit) -> ByPolicy<'_> {
    let mut groups: ByPolicy<'_> = HashMap::new();
    for finding in &audit.findings {
        groups.entry(finding.policy.as_str()).or_default().push(finding);
    }
    groups
}

/// The org or the tenant, as it may be shown.
fn side(audit: &Audit, of: impl Fn(&Tenant) -> Option<&Side>) -> Option<SideView> {
    of(&audit.tenant).map(|side| SideView {
        id: Shown::name(&side.id),
        url: Shown::name(&side.url),
    })
}

/// One row for each severity.
fn severities(audit: &Audit, findings: &ByPolicy<'_>) -> Vec<SeverityRow> {
    let mut rows: Vec<SeverityRow> = Severity::ALL
        .into_iter()
        .map(|severity| {
            let mut row = SeverityRow {
                severity: severity.as_str(),
                policies: 0,
                failed: 0,
                undecided: 0,
                pass: 0,
                fail: 0,
                unknown: 0,
                waived: 0,
                findings: 0,
                bars: [0, 0],
            };
            for policy in audit.policies.iter().filter(|policy| policy.severity == severity) {
                row.policies += 1;
                row.failed += u64::from(policy.outcome == Outcome::Fail);
                row.undecided += u64::from(policy.outcome == Outcome::Unknown);
                row.findings += findings.get(policy.id.as_str()).map_or(0, Vec::len) as u64;
                row.pass += policy.counts.pass;
                row.fail += policy.counts.fail;
                row.unknown += policy.counts.unknown;
                row.waived += policy.counts.waived;
            }
            row
        })
        .collect();
    let longest = rows
        .iter()
        .map(|row| row.fail + row.unknown)
        .max()
        .unwrap_or_default()
        .max(1);
    for row in &mut rows {
        // What is there is seen, however little it is.
        row.bars = [row.fail, row.unknown].map(|n| (n * 100).div_ceil(longest));
    }
    rows
}

/// How well a resource type was read.
fn coverage(entry: &Coverage, language: Language) -> CoverageView {
    CoverageView {
        resource: Shown::name(&entry.resource),
        status: Shown::name(&entry.status),
        reason: entry.reason.as_deref().map(Shown::value),
        endpoint: Shown::value(&entry.endpoint),
        permission: Shown::name(&entry.permission),
        objects: entry.objects,
        read_at: entry.read_at.map(|time| Moment::of(time, language)),
    }
}
