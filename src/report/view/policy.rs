//! Policies with their counts, and as many of their findings as there is room for.

use serde::Serialize;

use super::finding::FindingView;
use super::{ByPolicy, Limits};
use crate::audit::{Audit, Counts, NotApplicable, PolicyResult, RequirementStatus};
use crate::policy::{Language, Reference};
use crate::report::shown::Shown;

/// A policy, what it came to, and what was found.
#[derive(Debug, Serialize)]
pub(super) struct PolicyView {
    /// What a link leads to.
    anchor: String,
    id: Shown,
    title: Shown,
    severity: &'static str,
    outcome: &'static str,
    /// Why it does not apply: `no_resources`, `out_of_scope`, `excluded` or `requirement`.
    not_applicable: Option<&'static str>,
    /// What it requires and the tenant lacks.
    lacking: Vec<Shown>,
    resource: Shown,
    counts: Counts,
    population: u64,
    /// Whether all resources of its type were read.
    whole: bool,
    pack: Option<Shown>,
    digest: Shown,
    why: Option<Shown>,
    steps: Vec<Shown>,
    /// Roles that can do it.
    who: Vec<Shown>,
    frameworks: Vec<Framework>,
    references: Vec<Link>,
    findings: Vec<FindingView>,
    /// Findings that are not shown.
    left_out: u64,
}

/// A pack, and how many of its policies fail.
#[derive(Debug, Serialize)]
pub(super) struct Pack {
    /// None of policies that come with no pack.
    name: Option<Shown>,
    policies: u64,
    failed: u64,
}

/// Items of a framework.
#[derive(Debug, Serialize)]
struct Framework {
    name: Shown,
    items: Vec<Shown>,
}

/// A document. Only a web address becomes a link: a policy from elsewhere could name a script.
#[derive(Debug, Serialize)]
struct Link {
    title: Shown,
    url: Option<Shown>,
}

impl PolicyView {
    /// How many of its findings are shown.
    pub(super) fn shown(&self) -> u64 {
        self.findings.len() as u64
    }

    /// Whether a finding of it is shown.
    pub(super) fn shows(&self, finding: &str) -> bool {
        self.findings.iter().any(|shown| shown.id() == finding)
    }
}

/// All policies, in the order of the audit.
pub(super) fn all(audit: &Audit, findings: &ByPolicy<'_>, language: Language, limits: Limits) -> Vec<PolicyView> {
    let mut room = limits;
    audit
        .policies
        .iter()
        .map(|policy| {
            let mut shown = Vec::new();
            let own = findings.get(policy.id.as_str()).map_or(&[][..], Vec::as_slice);
            for finding in own.iter().take(limits.each.min(room.all)) {
                let view = FindingView::of(finding, policy, language);
                let bytes = view.size();
                if bytes > room.bytes {
                    room.all = 0;
                    break;
                }
                room.bytes -= bytes;
                room.all -= 1;
                shown.push(view);
            }
            PolicyView::of(policy, shown, own.len(), language)
        })
        .collect()
}

impl PolicyView {
    /// A policy with the findings that are shown, of so many.
    fn of(policy: &PolicyResult, findings: Vec<FindingView>, of: usize, language: Language) -> Self {
        Self {
            anchor: anchor(&policy.id),
            id: Shown::name(&policy.id),
            title: Shown::prose(policy.title.get(language)),
            severity: policy.severity.as_str(),
            outcome: policy.outcome.as_str(),
            not_applicable: policy.not_applicable.map(|why| match why {
                NotApplicable::NoResources => "no_resources",
                NotApplicable::OutOfScope => "out_of_scope",
                NotApplicable::Excluded => "excluded",
                NotApplicable::Requirement => "requirement",
            }),
            lacking: lacking(policy, language),
            resource: Shown::name(&policy.resource),
            counts: policy.counts,
            population: policy.population,
            whole: policy.whole,
            pack: policy.pack.as_deref().map(Shown::name),
            digest: Shown::name(&policy.digest),
            why: policy.why.as_ref().map(|why| Shown::prose(why.get(language))),
            steps: steps(policy, language),
            who: policy.who.iter().map(|role| Shown::name(role)).collect(),
            frameworks: policy
                .frameworks
                .iter()
                .map(|(name, items)| Framework {
                    name: Shown::name(name),
                    items: items.iter().map(|item| Shown::name(item)).collect(),
                })
                .collect(),
            references: policy.references.iter().map(link).collect(),
            left_out: (of - findings.len()) as u64,
            findings,
        }
    }
}

/// Names of what it requires and the tenant lacks.
fn lacking(policy: &PolicyResult, language: Language) -> Vec<Shown> {
    let requires = policy.requires.iter();
    requires
        .filter(|required| required.status == RequirementStatus::Lacking)
        .map(|required| Shown::prose(required.title.get(language)))
        .collect()
}

/// The name that links to a policy use.
pub(super) fn anchor(id: &str) -> String {
    named("policy", id)
}

/// The name that links to something use: stable, and free of anything that would end an address.
pub(super) fn named(kind: &str, id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    format!("{kind}-{}", id.chars().take(200).map(plain).collect::<String>())
}

/// Packs in the order of their gravest policies, with those that fail.
pub(super) fn packs(policies: &[PolicyView]) -> Vec<Pack> {
    let mut packs: Vec<Pack> = Vec::new();
    for policy in policies {
        let failed = u64::from(policy.outcome == "fail");
        match packs.iter_mut().find(|pack| pack.name == policy.pack) {
            Some(pack) => {
                pack.policies += 1;
                pack.failed += failed;
            }
            None => packs.push(Pack {
                name: policy.pack.clone(),
                policies: 1,
                failed,
            }),
        }
    }
    packs
}

/// The steps of the fix.
pub(in crate::report) fn steps(policy: &PolicyResult, language: Language) -> Vec<Shown> {
    let fix = policy.fix.as_ref();
    let steps = fix.map(|fix| match language {
        Language::En => &fix.en,
        Language::Ja => &fix.ja,
    });
    steps.into_iter().flatten().map(|step| Shown::prose(step)).collect()
}

/// The reference, as a link where it is one.
fn link(reference: &Reference) -> Link {
    let web = ["https://", "http://"]
        .iter()
        .any(|scheme| reference.url.starts_with(scheme));
    let url = Some(Shown::value(&reference.url)).filter(|shown| web && shown.as_str() == reference.url);
    Link {
        title: Shown::value(&reference.title),
        url,
    }
}
