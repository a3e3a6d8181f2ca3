//! One finding as it is shown.

use serde::Serialize;

use super::evidence::{CauseView, ChangeView, PartView, RecordView, parts, records};
use crate::audit::{Finding, Outcome, PolicyResult, ResourceId};
use crate::policy::{Language, Piece, Text, message_pieces};
use crate::report::shown::Shown;

/// Longest message, in characters.
const MESSAGE: usize = 1_500;
/// Names of resources that one finding is about.
const NAMES: usize = 20;

/// A finding, in the language of the report.
#[derive(Debug, Serialize)]
pub(super) struct FindingView {
    id: String,
    outcome: &'static str,
    /// The one resource that it is about.
    resource: Option<ResourceView>,
    /// The person that it is about.
    person: Option<Shown>,
    /// How many it is about; 0 when nobody knows.
    count: u64,
    /// What is wrong. Of something that is not known there is nothing to say but the causes.
    message: Vec<PieceView>,
    causes: Vec<CauseView>,
    parts: Vec<PartView>,
    /// Parts of the evidence that are not shown.
    more_parts: u64,
    /// Changes of which each alone would make it pass.
    changes: Vec<ChangeView>,
    records: Vec<RecordView>,
    /// Of a finding about many the first.
    names: Vec<Shown>,
    /// How many more it is about.
    more_names: u64,
    /// Number of the waiver of a waived failure, from 0.
    waiver: Option<u32>,
    /// What a waiver names it by.
    fingerprint: Option<Shown>,
}

/// A resource.
#[derive(Debug, Serialize)]
struct ResourceView {
    #[serde(rename = "type")]
    resource_type: Shown,
    key: Shown,
    name: Shown,
}

/// A stretch of a message, and whether it is a value that may come from a tenant.
#[derive(Debug, Serialize)]
pub(super) struct PieceView {
    text: Shown,
    value: bool,
}

impl PieceView {
    /// Values, one after the other.
    pub(super) fn list<'v>(values: impl IntoIterator<Item = &'v String>) -> Vec<Self> {
        let mut pieces = Vec::new();
        for value in values {
            if !pieces.is_empty() {
                pieces.push(Self {
                    text: Shown::words(", "),
                    value: false,
                });
            }
            pieces.push(Self {
                text: Shown::value(value),
                value: true,
            });
        }
        pieces
    }
}

impl FindingView {
    /// The view of a finding of a policy.
    pub(super) fn of(finding: &Finding, policy: &PolicyResult, language: Language) -> Self {
        let (parts, more_parts) = parts(&finding.evidence);
        let names: Vec<Shown> = match finding.resource {
            Some(_) => Vec::new(),
            None => finding.resources.iter().take(NAMES).map(resource_name).collect(),
        };
        Self {
            id: finding.id.to_string(),
            outcome: finding.outcome.as_str(),
            resource: finding.resource.as_ref().map(|resource| ResourceView {
                resource_type: Shown::name(&resource.resource_type),
                key: Shown::name(&resource.key),
                name: resource_name(resource),
            }),
            person: finding.person().map(Shown::name),
            count: finding.count,
            message: match finding.outcome {
                Outcome::Fail | Outcome::Waived => pieces(finding, policy, language, MESSAGE),
                _ => Vec::new(),
            },
            causes: finding.causes.iter().map(CauseView::of).collect(),
            parts,
            more_parts,
            changes: finding.changes.iter().map(ChangeView::of).collect(),
            records: records(&finding.evidence, language),
            more_names: match finding.resource {
                Some(_) => 0,
                None => finding.count.saturating_sub(names.len() as u64),
            },
            names,
            waiver: finding.waiver,
            fingerprint: finding.fingerprint.as_deref().map(Shown::name),
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// About how many bytes it is written with.
    pub(super) fn size(&self) -> usize {
        serde_json::to_string(self).map_or(0, |text| text.len())
    }
}

/// What a person calls a resource.
pub(super) fn resource_name(resource: &ResourceId) -> Shown {
    Shown::name(
        resource
            .name
            .as_deref()
            .filter(|name| !name.is_empty())
            .unwrap_or(&resource.key),
    )
}

/// The message of a failure as one text.
pub(in crate::report) fn message(finding: &Finding, policy: &PolicyResult, language: Language) -> String {
    let pieces = pieces(finding, policy, language, MESSAGE);
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// The message of a failure, cut after so many characters. One that cannot be made gives way to what should be so.
pub(super) fn pieces(finding: &Finding, policy: &PolicyResult, language: Language, limit: usize) -> Vec<PieceView> {
    filled(finding, [&policy.message, &policy.title], language, limit)
}

/// The same for a message and what should be so.
pub(super) fn filled(
    finding: &Finding,
    [message, title]: [&Text; 2],
    language: Language,
    limit: usize,
) -> Vec<PieceView> {
    let pieces = message_pieces(message.get(language), &finding.values)
        .unwrap_or_else(|_| vec![Piece::Words(title.get(language).to_owned())]);
    let mut left = limit;
    let mut views = Vec::new();
    for piece in pieces {
        let (text, value) = match piece {
            Piece::Words(text) => (Shown::words(&text), false),
            Piece::Value(text) => (Shown::value(&text), true),
        };
        let length = text.length();
        views.push(PieceView {
            text: text.cut(left),
            value,
        });
        if length > left {
            break;
        }
        left -= length;
    }
    views
}
