//! Other people's exports as snapshots.
//!
//! ```text
//! entra_exporter ─┐
//! scubagear ──────┤ text ─► json ─► powershell ─► intake ─► files, manifest
//! pages ──────────┤ bytes    once    as the        what is there, and
//! mscommerce ─────┘          each    vendor sent   what speaks against it
//! ```
//!
//! One file for each foreign format; what it knows of that format's layout is data beside it. An export proves little of
//! what it does not hold: a type that is not there is `not_requested`, one that may have been read in part is `partial`,
//! and a field that was not asked for is not in the manifest's `fields`. Nothing is ever "empty" for want of a file. What
//! only whoever made the export can know, such as that every page was saved, is theirs to state ([`Whole`]), and the
//! manifest says that they did.

mod entra_exporter;
mod folder;
mod intake;
mod json;
mod layout;
mod mscommerce;
mod page;
mod pages;
mod powershell;
mod scubagear;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use thiserror::Error;

use super::{Entry, FORMAT, Manifest, Side, Snapshot, SnapshotError, SnapshotWriter, Status, Tool};
use crate::catalog::{Resource, SourceName, catalog};
use crate::diagnostic::{Code, Diagnostic};
use intake::Intake;

/// Id of an org or tenant that nobody named.
const UNKNOWN: &str = "unknown";
/// Parts that were read further apart may not fit each other.
const MOST_APART: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// What wrote an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The folder of Microsoft's EntraExporter.
    EntraExporter,
    /// `ProviderSettingsExport.json` of CISA's ScubaGear.
    ScubaGear,
    /// Pages of the APIs, saved by hand.
    Pages,
    /// What `Get-MSCommerceProductPolicies` puts out.
    MsCommerce,
}

impl Foreign {
    /// Its name on the command line and in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntraExporter => "entra-exporter",
            Self::ScubaGear => "scubagear",
            Self::Pages => "pages",
            Self::MsCommerce => "mscommerce",
        }
    }

    /// What can come from it.
    fn sources(self) -> &'static [SourceName] {
        match self {
            Self::Pages => &[SourceName::Okta, SourceName::Entra],
            _ => &[SourceName::Entra],
        }
    }
}

/// Which types are here with every object, by the word of whoever made the export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    all: bool,
    types: BTreeSet<String>,
}

impl Whole {
    /// Of these types, or of all of them (`all`).
    ///
    /// # Errors
    /// When a type does not exist.
    pub fn of(names: &[String]) -> Result<Self, Diagnostic> {
        let mut whole = Self::default();
        for name in names {
            if name == "all" {
                whole.all = true;
            } else if catalog().resource(name).is_some() {
                whole.types.insert(name.clone());
            } else {
                let message = format!("there is no resource type `{name}`");
                return Err(Diagnostic::error(Code::UnknownResource, message)
                    .suggest(name, catalog().names())
                    .help("`--whole` takes resource types, or `all`"));
            }
        }
        Ok(whole)
    }

    fn covers(&self, resource: &str) -> bool {
        self.all || self.types.contains(resource)
    }
}

/// What to import.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// What wrote it.
    pub foreign: Foreign,
    /// Where it is.
    pub place: &'r Path,
    /// What its maker states to be whole.
    pub whole: Whole,
    /// Name of the pair.
    pub name: Option<String>,
    /// Host of the Okta org.
    pub org: Option<String>,
    /// Id or domain of the Entra tenant.
    pub tenant: Option<String>,
    /// When the export was made, if its files do not say.
    pub read_at: Option<jiff::Timestamp>,
    /// A snapshot whose types are taken over.
    pub with: Option<&'r Snapshot>,
}

/// What came of an import.
#[derive(Debug)]
pub struct Imported {
    /// The manifest of the new snapshot.
    pub manifest: Manifest,
    /// What is to be told.
    pub warnings: Vec<String>,
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The export cannot be used.
    #[error("{}", .0.message)]
    Input(Box<Diagnostic>),
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl From<Diagnostic> for ImportError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Input(Box::new(diagnostic))
    }
}

/// What an export says of itself.
#[derive(Debug, Default)]
struct About {
    /// Id of the Entra tenant.
    tenant: Option<String>,
    /// When it was made.
    made: Option<jiff::Timestamp>,
    /// Why types are not in it, where it says.
    missing: BTreeMap<&'static str, String>,
}

/// Imports an export into a new snapshot.
///
/// # Errors
/// When the export cannot be read, or is of another tenant than the snapshot it is to join; when the snapshot cannot be
/// written.
pub fn import(request: &Request<'_>, writer: SnapshotWriter) -> Result<Imported, ImportError> {
    let mut intake = Intake::new(&writer, &request.whole, request.with);
    let about = match request.foreign {
        Foreign::EntraExporter => entra_exporter::read(request.place, &mut intake)?,
        Foreign::ScubaGear => scubagear::read(request.place, &mut intake)?,
        Foreign::Pages => pages::read(request.place, &mut intake)?,
        Foreign::MsCommerce => mscommerce::read(request.place, &mut intake)?,
    };
    let read_at = read_at(request, &about, &intake)?;
    intake.written = Some(read_at);
    let (came, mut warnings) = intake.finish()?;
    warnings.extend(came.iter().filter_map(shortcoming));
    warnings.extend(request.with.and_then(|before| apart(before, read_at)));
    warnings.extend(came.iter().filter_map(|new| replaced(request.with?, new)));
    let manifest = manifest(request, &about, came, read_at, &writer)?;
    writer.finish(&manifest)?;
    Ok(Imported { manifest, warnings })
}

/// When the export was made: as the user says, else as it says itself, else when its newest file was written.
fn read_at(request: &Request<'_>, about: &About, intake: &Intake<'_>) -> Result<jiff::Timestamp, Diagnostic> {
    let known = request.read_at.or(about.made).or(intake.written);
    known.ok_or_else(|| {
        let message = format!("`{}` does not say when it was made", folder::shown(request.place));
        Diagnostic::error(Code::InvalidExport, message)
            .help("say so with `--read-at 2026-11-29T09:00:00Z`: conditions compare with that time")
    })
}

/// What is to be told of a type that is not here as a whole.
fn shortcoming(entry: &Entry) -> Option<String> {
    let (name, status, reason) = (&entry.resource, entry.status, entry.reason.as_ref()?);
    (status != Status::Complete).then(|| format!("{name} is {status}: {reason}"))
}

/// What is to be told of a type that both have in part.
fn replaced(before: &Snapshot, new: &Entry) -> Option<String> {
    let (name, earlier) = (&new.resource, before.entry(&new.resource)?);
    if is_worse(new, earlier) {
        let (objects, status) = (earlier.objects, new.status);
        return Some(format!(
            "{name}: the {objects} objects of the earlier snapshot are kept, since what came is {status}"
        ));
    }
    (earlier.status == Status::Partial).then(|| {
        let (objects, came) = (earlier.objects, new.objects);
        format!("{name}: {came} objects came and replace the {objects} of the earlier snapshot, which had a part only")
    })
}

/// Whether what came of a type is nothing, and the earlier snapshot has something.
fn is_worse(new: &Entry, earlier: &Entry) -> bool {
    earlier.objects > 0 && new.objects == 0 && new.status != Status::Complete
}

/// What is to be told of parts of different times.
fn apart(before: &Snapshot, read_at: jiff::Timestamp) -> Option<String> {
    let ended = before.manifest().ended;
    (read_at.duration_since(ended).abs() > MOST_APART).then(|| {
        format!("the parts are more than a day apart ({ended} and {read_at}): what links them may have changed between")
    })
}

/// The manifest of what came, and of what is taken over.
fn manifest(
    request: &Request<'_>,
    about: &About,
    came: Vec<Entry>,
    read_at: jiff::Timestamp,
    writer: &SnapshotWriter,
) -> Result<Manifest, ImportError> {
    let before = request.with.map(Snapshot::manifest);
    let brings = |source| came.iter().any(|entry| entry.source == source);
    let side = |id: Option<&String>| Side {
        id: id.map_or(UNKNOWN, String::as_str).to_owned(),
        url: format!("imported from {}", request.foreign.as_str()),
    };
    let tenant = agreed(request.tenant.as_ref(), about.tenant.as_ref())?;
    let okta = brings(SourceName::Okta).then(|| side(request.org.as_ref()));
    let entra = (brings(SourceName::Entra) || about.tenant.is_some()).then(|| side(tenant.as_ref()));
    let earlier_name = before.map(|before| before.name.clone());
    let name = request.name.clone().or(earlier_name);
    Ok(Manifest {
        format: FORMAT,
        tool: Tool::this(),
        name: name.unwrap_or_else(|| "imported".to_owned()),
        okta: joined("org", before.and_then(|before| before.okta.as_ref()), okta)?,
        entra: joined("tenant", before.and_then(|before| before.entra.as_ref()), entra)?,
        started: before.map_or(read_at, |before| before.started.min(read_at)),
        ended: before.map_or(read_at, |before| before.ended.max(read_at)),
        resources: entries(request, about, came, writer)?,
    })
}

/// The tenant's id, from the user and from the export.
fn agreed(given: Option<&String>, found: Option<&String>) -> Result<Option<String>, Diagnostic> {
    match (given, found) {
        (Some(given), Some(found)) if is_other(given, found) => {
            let message = format!("the export is of the tenant {found}, not of {given}");
            Err(Diagnostic::error(Code::InvalidExport, message)
                .help("name the tenant that was exported, or leave out `--tenant`"))
        }
        // Of two names of the same tenant, its id is the better.
        (given, found) => {
            let id = found.filter(|found| is_tenant_id(found));
            Ok(id.or(given).or(found).cloned())
        }
    }
}

/// The org or tenant of a snapshot that joins two.
fn joined(what: &str, before: Option<&Side>, new: Option<Side>) -> Result<Option<Side>, Diagnostic> {
    match (before, new) {
        (Some(before), Some(new)) if before.id == UNKNOWN => Ok(Some(new)),
        (Some(before), Some(new)) if new.id != UNKNOWN && is_other(&before.id, &new.id) => {
            let (before, new) = (&before.id, &new.id);
            let message = format!("the snapshot is of the {what} `{before}`, the export of `{new}`");
            Err(Diagnostic::error(Code::InvalidExport, message).help("join only what is of one org and one tenant"))
        }
        (Some(before), _) => Ok(Some(before.clone())),
        (None, new) => Ok(new),
    }
}

/// Whether a text is the id of a tenant, and not a domain of it or something else.
fn is_tenant_id(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok()
}

/// Whether two names are of different tenants. The id of one and a domain of the other can be of the same.
fn is_other(one: &str, other: &str) -> bool {
    is_tenant_id(one) == is_tenant_id(other) && !one.eq_ignore_ascii_case(other)
}

/// One entry for every type that could have come, in the order of the catalogue.
fn entries(
    request: &Request<'_>,
    about: &About,
    mut came: Vec<Entry>,
    writer: &SnapshotWriter,
) -> Result<Vec<Entry>, ImportError> {
    let mut entries = Vec::new();
    let sources: Vec<SourceName> = request
        .foreign
        .sources()
        .iter()
        .copied()
        .filter(|source| came.iter().any(|entry| entry.source == *source))
        .collect();
    for resource in catalog().resources() {
        let before = request
            .with
            .and_then(|before| Some((before, before.entry(&resource.name)?)));
        let new = came
            .iter()
            .position(|entry| entry.resource == resource.name)
            .map(|at| came.swap_remove(at));
        let new = match (new, before) {
            (Some(new), Some((_, earlier))) if is_worse(&new, earlier) => {
                writer.discard(&new)?;
                None
            }
            (new, _) => new,
        };
        match (new, before) {
            (Some(new), _) => entries.push(new),
            (None, Some((before, entry))) => {
                before.copy_files(entry, writer)?;
                entries.push(entry.clone());
            }
            (None, None) if sources.contains(&resource.source) => {
                entries.extend(not_in(request.foreign, resource, about))
            }
            (None, None) => {}
        }
    }
    Ok(entries)
}

/// The entry of a type that the export does not hold.
fn not_in(foreign: Foreign, resource: &Resource, about: &About) -> Option<Entry> {
    let call = resource.supply.call()?;
    let reason = about.missing.get(resource.name.as_str()).cloned();
    Some(Entry {
        resource: resource.name.clone(),
        source: resource.source,
        status: Status::NotRequested,
        reason: Some(reason.unwrap_or_else(|| format!("not part of what {} exports", foreign.as_str()))),
        endpoint: format!("import {}", foreign.as_str()),
        api_version: call.version.clone(),
        permission: call.permission.clone(),
        fields: None,
        objects: 0,
        pages: 0,
        requests: 0,
        throttles: 0,
        bytes: 0,
        read_at: None,
        file: None,
        sha256: None,
        parents: None,
    })
}
