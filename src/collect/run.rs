//! Runs a plan: both sources side by side.

use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::auth::Grant;
use super::connection::Connection;
use super::plan::{Plan, Step};
use super::source::Source;
use super::{Clock, CollectError, Observer, Options};
use crate::catalog::SourceName;
use crate::config::Tenant;
use crate::snapshot::{Entry, FORMAT, Identity, Manifest, Side, SnapshotWriter, Status, Tool};

/// What a collection is of: the same questions to the same org and tenant, whenever they are asked.
pub fn identity(tenant: &Tenant, plan: &Plan) -> Identity {
    let mut digest = Sha256::new();
    for step in &plan.steps {
        let query = step.query(jiff::Timestamp::UNIX_EPOCH);
        let parents = plan.parents(step).and_then(|per| per.filter);
        digest.update(format!(
            "{} {} {query:?} {parents:?}\n",
            step.resource.name,
            step.endpoint()
        ));
    }
    let plan = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Identity::new(plan, okta_side(tenant), entra_side(tenant))
}

/// What both sources work with.
#[derive(Clone, Copy)]
pub(super) struct Within<'c> {
    pub(super) writer: &'c SnapshotWriter,
    pub(super) clock: &'c Clock,
    pub(super) observer: &'c Observer,
    /// When the collection was begun, perhaps by an earlier attempt.
    pub(super) started: jiff::Timestamp,
}

/// Collects a snapshot and puts it in its place.
///
/// # Errors
/// When a credential is missing or refused, when a configured source gives nothing at all, or when the snapshot cannot
/// be written. A resource type that cannot be read is no error: the manifest says so.
pub async fn collect(
    tenant: &Tenant,
    plan: &Plan,
    writer: SnapshotWriter,
    options: Options,
    clock: Clock,
    observer: Observer,
) -> Result<Manifest, CollectError> {
    let started = writer.started().unwrap_or_else(|| clock());
    let within = Within {
        writer: &writer,
        clock: &clock,
        observer: &observer,
        started,
    };
    // A credential that is wrong shows before anything is read with the other.
    let sign_in = async |source| match Connection::to(source, tenant, plan, options, &clock, &observer)? {
        Some(to) => Ok::<_, CollectError>(Some((to.sign_in().await?, to))),
        None => Ok(None),
    };
    let (okta, entra) = tokio::try_join!(sign_in(SourceName::Okta), sign_in(SourceName::Entra))?;
    let read = async |signed_in: Option<(Grant, Connection)>| match signed_in {
        Some((grant, to)) => Source::new(within, to).all(plan, &grant).await,
        None => Ok(Vec::new()),
    };
    let (okta, entra) = tokio::join!(read(okta), read(entra));
    let mut read: Vec<Entry> = okta?;
    read.extend(entra?);
    let resources = plan
        .steps
        .iter()
        .map(|step| {
            let found = read.iter().find(|entry| entry.resource == step.resource.name);
            found.cloned().unwrap_or_else(|| not_requested(step))
        })
        .collect();
    let manifest = Manifest {
        format: FORMAT,
        tool: Tool::this(),
        name: tenant.name.clone(),
        okta: okta_side(tenant),
        entra: entra_side(tenant),
        started,
        ended: clock(),
        resources,
    };
    writer.finish(&manifest)?;
    Ok(manifest)
}

fn okta_side(tenant: &Tenant) -> Option<Side> {
    tenant.okta.as_ref().map(|okta| Side {
        id: host(&okta.url),
        url: okta.url.to_string(),
    })
}

fn entra_side(tenant: &Tenant) -> Option<Side> {
    tenant.entra.as_ref().map(|entra| Side {
        id: entra.tenant.clone(),
        url: entra.graph_url.to_string(),
    })
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

pub(super) fn empty_entry(step: &Step) -> Entry {
    Entry {
        resource: step.resource.name.clone(),
        source: step.resource.source,
        status: Status::NotRequested,
        reason: None,
        endpoint: step.endpoint(),
        api_version: step.call.version.clone(),
        permission: step.call.permission.clone(),
        fields: step.fields(),
        objects: 0,
        pages: 0,
        requests: 0,
        throttles: 0,
        bytes: 0,
        read_at: None,
        file: None,
        sha256: None,
        parents: None,
    }
}

fn not_requested(step: &Step) -> Entry {
    let reason = format!("the configuration names no {}", step.resource.source.as_str());
    Entry {
        reason: Some(reason),
        ..empty_entry(step)
    }
}
