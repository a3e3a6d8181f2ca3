//! What an audit needed of a snapshot, and how well it was read.

use std::collections::BTreeMap;

use crate::audit::Coverage;
use crate::catalog::{RecordType, Resource, Supply};
use crate::policy::{Judged, Needs, Policy};
use crate::snapshot::Manifest;

/// Every resource type that the policies need, with how well it was read.
pub(super) fn coverage(policies: &[Policy], manifest: &Manifest) -> Vec<Coverage> {
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
        // What no collection can ask for is a question for a person until somebody imports it, and nothing left unread.
        if entry.is_none() && matches!(resource.supply, Supply::Import(_)) {
            continue;
        }
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
