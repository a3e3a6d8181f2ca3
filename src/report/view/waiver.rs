//! Waivers as they are shown.

use serde::Serialize;

use crate::audit::WaiverResult;
use crate::policy::Language;
use crate::report::shown::Shown;
use crate::report::texts::day;

/// A waiver, and what became of it.
#[derive(Debug, Serialize)]
pub(super) struct WaiverView {
    policy: Shown,
    condition: Option<Shown>,
    reason: Shown,
    owner: Shown,
    approver: Shown,
    ticket: Option<Shown>,
    expires: String,
    status: &'static str,
    applied: u64,
    lapsed: u64,
}

impl WaiverView {
    /// The view of a waiver.
    pub(super) fn of(waiver: &WaiverResult, language: Language) -> Self {
        Self {
            policy: Shown::name(&waiver.policy),
            condition: waiver.condition.as_deref().map(Shown::value),
            reason: Shown::value(&waiver.reason),
            owner: Shown::name(&waiver.owner),
            approver: Shown::name(&waiver.approver),
            ticket: waiver.ticket.as_deref().map(Shown::name),
            expires: day(waiver.expires, language),
            status: waiver.status.as_str(),
            applied: waiver.applied,
            lapsed: waiver.lapsed,
        }
    }
}
