//! Folders of policies, on disk or built in, as documents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node};

/// A folder of policies that comes with the program.
pub struct BuiltInPack {
    /// Name of the folder under `policies/`.
    pub id: &'static str,
    /// Its files: names and texts, `pack.yaml` first.
    pub files: &'static [(&'static str, &'static str)],
    /// Its entries of the error catalogue, in its folder `errors/`. An audit does not read them.
    pub errors: &'static [(&'static str, &'static str)],
}

/// Declares the files of a pack once; a test compares them with the folder.
macro_rules! pack {
    ($id:literal: $($file:literal),* $(,)?; errors: $($error:literal),* $(,)?) => {
        BuiltInPack {
            id: $id,
            files: &[$((concat!($id, "/", $file), include_str!(concat!("../../policies/", $id, "/", $file)))),*],
            errors: &[$((
                concat!($id, "/errors/", $error, ".yaml"),
                include_str!(concat!("../../policies/", $id, "/errors/", $error, ".yaml"))
            )),*],
        }
    };
}

/// The packs that come with the program.
pub const BUILT_IN: &[BuiltInPack] = &[pack!("provisioning":
    "pack.yaml",
    "account-exists.yaml",
    "conflicting-plans.yaml",
    "deleted-in-okta.yaml",
    "deleted-twin.yaml",
    "directory-sync-state.yaml",
    "email-sign-up-off.yaml",
    "group-inherited-licence.yaml",
    "immutable-id-mapping.yaml",
    "immutable-id-taken.yaml",
    "immutable-id-unique.yaml",
    "immutable-id.yaml",
    "licence-errors.yaml",
    "licence-leak.yaml",
    "office-store-off.yaml",
    "okta-client-conditional-access.yaml",
    "okta-client-excess.yaml",
    "okta-client-permissions.yaml",
    "okta-client-secret.yaml",
    "okta-client.yaml",
    "one-account.yaml",
    "orphan.yaml",
    "person-conflicting-plans.yaml",
    "person-product-in-tenant.yaml",
    "privileged-person.yaml",
    "product-assignable.yaml",
    "product-in-force.yaml",
    "product-in-tenant.yaml",
    "provisioning-type.yaml",
    "proxy-address-taken.yaml",
    "restricted-management.yaml",
    "seats.yaml",
    "self-service-set.yaml",
    "stuck-app-user.yaml",
    "suspect-licence.yaml",
    "sync-account-conditional-access.yaml",
    "synced-account.yaml",
    "trials-off.yaml",
    "two-directories.yaml",
    "unassigned-account.yaml",
    "usage-location-mapping.yaml",
    "usage-location-sent.yaml",
    "usage-location.yaml",
    "user-name-unique.yaml",
    "user-owned-licence.yaml",
    "verified-domain.yaml";
    errors:
    "account-deleted-in-entra",
    "account-not-matched",
    "conditional-access-okta-client",
    "conditional-access-sync-account",
    "conflicting-plans",
    "connection-credentials",
    "connection-role-lost",
    "deleted-twin",
    "directory-sync-state",
    "domain-not-verified",
    "group-inherited-licence",
    "immutable-id-differs",
    "immutable-id-empty",
    "licensing-concurrency",
    "licensing-error-other",
    "missing-dependency",
    "no-immutable-id-on-create",
    "no-seats",
    "object-conflict",
    "okta-client-consent",
    "okta-client-secret-expired",
    "owned-by-external-service",
    "partner-licence",
    "plan-prohibited-in-location",
    "privileged-person",
    "product-not-assignable",
    "product-not-in-tenant",
    "proxy-address-taken",
    "restricted-administrative-unit",
    "subscription-lapsed",
    "synchronized-from-on-premises",
    "throttled",
    "two-active-directories",
    "usage-location-invalid",
    "usage-location-mapping",
    "usage-location-missing",
    "user-name-case",
    "user-name-shared",
    "user-owned-licence",
)];

/// The entries of the error catalogue of a built-in pack.
pub(super) fn errors(pack: &BuiltInPack, sink: &mut Diagnostics) -> Vec<Document> {
    let sources = pack.errors.iter();
    let sources = sources.map(|(file, text)| Source::new(format!("policies/{file}"), *text));
    sources.filter_map(|source| Document::parse(source, sink)).collect()
}

/// Whether a document is an entry of the error catalogue; no policy has such a key.
fn is_entry(document: &Document) -> bool {
    document.root.get("seen").is_some()
}

/// A pack before it is read: what it says about itself, and its policies.
#[derive(Debug)]
pub(super) struct Folder {
    /// Its name: of the pack, else of the folder; none for a single file.
    pub(super) name: Option<String>,
    /// What tells it from any other: a path, or the name of a built-in pack.
    pub(super) identity: String,
    /// Where it lies on disk.
    pub(super) place: Option<PathBuf>,
    /// Its `pack.yaml`.
    pub(super) about: Option<Arc<Document>>,
    /// Its policies.
    pub(super) policies: Vec<Document>,
    /// Its entries of the error catalogue; those of a built-in pack are read when they are needed.
    pub(super) entries: Vec<Document>,
}

impl Folder {
    /// A built-in pack by name, a file or folder by path; a path begins where the user or the pack is.
    pub(super) fn find(name: &str, base: Option<&Path>, sink: &mut Diagnostics) -> Option<Self> {
        let path = base.map_or_else(|| PathBuf::from(name), |base| base.join(name));
        if path.exists() {
            return Self::at(&path, sink);
        }
        let pack = BUILT_IN.iter().find(|pack| pack.id == name)?;
        let sources = pack
            .files
            .iter()
            .map(|(file, text)| Source::new(format!("policies/{file}"), *text));
        Some(Self::of(pack.id, pack.id.to_owned(), None, sources, sink))
    }

    /// What is wrong when there is none of that name.
    pub(super) fn missing(name: &str) -> Diagnostic {
        let message = format!("there is no file, folder or built-in pack `{name}`");
        Diagnostic::error(Code::UnknownPack, message).suggest(name, BUILT_IN.iter().map(|pack| pack.id))
    }

    fn at(path: &Path, sink: &mut Diagnostics) -> Option<Self> {
        let whole = path.canonicalize().ok();
        let identity = whole.as_deref().unwrap_or(path).display().to_string();
        if path.is_file() {
            let source = read(path, sink)?;
            let documents = Document::parse(source, sink).into_iter();
            let (entries, policies) = documents.partition(is_entry);
            return Some(Self {
                name: None,
                identity,
                place: None,
                about: None,
                policies,
                entries,
            });
        }
        let mut files = Vec::new();
        walk(path, 0, &mut files, sink);
        files.sort();
        let name = whole.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let sources: Vec<_> = files.iter().filter_map(|file| read(file, sink)).collect();
        let name = name.as_deref().unwrap_or("policies");
        Some(Self::of(
            name,
            identity,
            Some(path.to_owned()),
            sources.into_iter(),
            sink,
        ))
    }

    fn of(
        name: &str,
        identity: String,
        place: Option<PathBuf>,
        sources: impl Iterator<Item = Arc<Source>>,
        sink: &mut Diagnostics,
    ) -> Self {
        let documents: Vec<Document> = sources.filter_map(|source| Document::parse(source, sink)).collect();
        let (about, policies): (Vec<_>, Vec<_>) = documents
            .into_iter()
            .partition(|document| is_pack_file(Path::new(&document.source.name)));
        let (entries, policies): (Vec<_>, Vec<_>) = policies.into_iter().partition(is_entry);
        let mut about = about.into_iter().map(Arc::new);
        let first = about.next();
        for other in about {
            let message = "a pack within a pack";
            sink.push(
                Diagnostic::error(Code::DuplicateId, message)
                    .at(&other.source, 0..1, "")
                    .help("name the folders of the two packs one by one"),
            );
        }
        let id = first
            .as_ref()
            .and_then(|about| about.root.get("id").and_then(Node::as_str))
            .unwrap_or(name);
        Self {
            name: Some(id.to_owned()),
            identity,
            place,
            about: first,
            policies,
            entries,
        }
    }
}

/// Deepest folder within a pack.
const MAX_FOLDERS: usize = 8;

pub(super) fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, sink: &mut Diagnostics) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return sink.push(unreadable(folder, &error)),
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && depth < MAX_FOLDERS {
            walk(&path, depth + 1, files, sink);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            files.push(path);
        }
    }
}

fn is_pack_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "pack.yaml")
}

fn read(path: &Path, sink: &mut Diagnostics) -> Option<Arc<Source>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Source::new(path.display().to_string(), text)),
        Err(error) => {
            sink.push(unreadable(path, &error));
            None
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(
        Code::UnreadableFile,
        format!("cannot read `{}`: {error}", path.display()),
    )
}
