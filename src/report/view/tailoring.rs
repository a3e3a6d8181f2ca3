//! What was set, required and left out in this tenant: whatever makes the same policies mean something else here.

use serde::Serialize;

use crate::audit::{Audit, PolicyResult, RequirementStatus};
use crate::policy::{Adjustment, Author, Language};
use crate::report::shown::Shown;

/// Everything that is particular to this tenant and this run.
#[derive(Debug, Serialize)]
pub(super) struct Tailoring {
    params: Vec<ParamView>,
    scopes: Vec<ScopeView>,
    adjustments: Vec<AdjustmentView>,
    requirements: Vec<RequirementView>,
}

/// A parameter of a policy.
#[derive(Debug, Serialize)]
struct ParamView {
    policy: Shown,
    name: Shown,
    about: Shown,
    value: Shown,
    default: Shown,
    by: Option<AuthorView>,
}

/// A condition that narrows what a policy judges, and how many it leaves out.
#[derive(Debug, Serialize)]
struct ScopeView {
    policy: Shown,
    conditions: Vec<ConditionView>,
    excluded: u64,
}

/// One such condition.
#[derive(Debug, Serialize)]
struct ConditionView {
    text: Shown,
    by: AuthorView,
    reason: Option<Shown>,
}

/// What was changed about a policy.
#[derive(Debug, Serialize)]
struct AdjustmentView {
    policy: Shown,
    by: AuthorView,
    severity: Option<&'static str>,
    params: Vec<(Shown, Shown)>,
    enabled: Option<bool>,
    reason: Option<Shown>,
}

/// What a policy requires.
#[derive(Debug, Serialize)]
struct RequirementView {
    policy: Shown,
    title: Shown,
    status: &'static str,
}

/// Who set or changed something.
#[derive(Debug, Serialize)]
struct AuthorView {
    kind: &'static str,
    name: Option<Shown>,
}

impl AuthorView {
    fn of(author: &Author) -> Self {
        let (kind, name) = match author {
            Author::Pack(name) => ("pack", Some(name)),
            Author::Tenant(name) => ("tenant", Some(name)),
            Author::CommandLine => ("command_line", None),
        };
        Self {
            kind,
            name: name.map(|name| Shown::name(name)),
        }
    }
}

impl Tailoring {
    /// Gathers it from all policies.
    pub(super) fn of(audit: &Audit, language: Language) -> Self {
        let policies = || audit.policies.iter();
        Self {
            params: policies().flat_map(|policy| params(policy, language)).collect(),
            scopes: policies()
                .filter(|policy| !policy.scope.is_empty())
                .map(scope)
                .collect(),
            adjustments: audit.adjustments.iter().map(adjustment).collect(),
            requirements: policies().flat_map(|policy| requirements(policy, language)).collect(),
        }
    }
}

fn params(policy: &PolicyResult, language: Language) -> impl Iterator<Item = ParamView> {
    policy.params.iter().map(move |param| ParamView {
        policy: Shown::name(&policy.id),
        name: Shown::name(&param.name),
        about: Shown::prose(param.about.get(language)),
        value: Shown::value(&param.value.to_string()),
        default: Shown::value(&param.default.to_string()),
        by: param.by.as_ref().map(AuthorView::of),
    })
}

fn scope(policy: &PolicyResult) -> ScopeView {
    let conditions = policy.scope.iter().map(|scope| ConditionView {
        text: Shown::value(&scope.condition),
        by: AuthorView::of(&scope.by),
        reason: scope.reason.as_deref().map(Shown::value),
    });
    ScopeView {
        policy: Shown::name(&policy.id),
        conditions: conditions.collect(),
        excluded: policy.counts.excluded,
    }
}

fn adjustment(adjustment: &Adjustment) -> AdjustmentView {
    let params = adjustment.params.iter();
    AdjustmentView {
        policy: Shown::name(&adjustment.policy),
        by: AuthorView::of(&adjustment.by),
        severity: adjustment.severity.map(|severity| severity.as_str()),
        params: params
            .map(|(name, value)| (Shown::name(name), Shown::value(&value.to_string())))
            .collect(),
        enabled: adjustment.enabled,
        reason: adjustment.reason.as_deref().map(Shown::value),
    }
}

fn requirements(policy: &PolicyResult, language: Language) -> impl Iterator<Item = RequirementView> {
    policy.requires.iter().map(move |required| RequirementView {
        policy: Shown::name(&policy.id),
        title: Shown::prose(required.title.get(language)),
        status: match required.status {
            RequirementStatus::Met => "met",
            RequirementStatus::Lacking => "lacking",
            RequirementStatus::Unknown => "unknown",
        },
    })
}
