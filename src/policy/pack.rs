//! Packs: folders of policies, built in or the user's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Policy;
use super::load as document;
use super::select::{Selector, select};
use super::text::Text;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node};

/// A folder of policies that comes with the program.
pub struct BuiltInPack {
    /// Name of the folder under `policies/`.
    pub id: &'static str,
    /// Its files: names and texts, `pack.yaml` first.
    pub files: &'static [(&'static str, &'static str)],
}

/// Declares the files of a pack once; a test compares them with the folder.
macro_rules! pack {
    ($id:literal: $($file:literal),* $(,)?) => {
        BuiltInPack {
            id: $id,
            files: &[$((concat!($id, "/", $file), include_str!(concat!("../../policies/", $id, "/", $file)))),*],
        }
    };
}

/// The packs that come with the program.
pub const BUILT_IN: &[BuiltInPack] = &[pack!("provisioning":
    "pack.yaml",
    "account-exists.yaml",
    "email-sign-up-off.yaml",
    "group-inherited-licence.yaml",
    "immutable-id-unique.yaml",
    "immutable-id.yaml",
    "licence-errors.yaml",
    "office-store-off.yaml",
    "one-account.yaml",
    "product-in-force.yaml",
    "restricted-management.yaml",
    "seats.yaml",
    "stuck-app-user.yaml",
    "suspect-licence.yaml",
    "synced-account.yaml",
    "trials-off.yaml",
    "usage-location.yaml",
    "user-owned-licence.yaml",
    "verified-domain.yaml",
)];

/// What a pack says about itself in `pack.yaml`.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: Text,
    /// What it is for.
    pub about: Text,
}

/// Policies and the packs they came with.
#[derive(Debug, Default)]
pub struct Loaded {
    /// In the order of their ids.
    pub policies: Vec<Policy>,
    /// In the order named.
    pub packs: Vec<Pack>,
    /// Ids of all policies, chosen or not.
    pub ids: Vec<String>,
}

/// Loads packs by name, and files and folders by path; nothing named means every built-in pack. Every mistake goes to
/// the sink, a policy with a mistake is left out.
pub fn load(names: &[String], sink: &mut Diagnostics) -> Loaded {
    let mut loaded = Loaded::default();
    let all: Vec<String> = BUILT_IN.iter().map(|pack| pack.id.to_owned()).collect();
    for name in if names.is_empty() { &all } else { names } {
        let path = Path::new(name);
        if path.exists() {
            from_path(path, &mut loaded, sink);
        } else if let Some(pack) = BUILT_IN.iter().find(|pack| pack.id == name) {
            let sources: Vec<_> = pack
                .files
                .iter()
                .map(|(file, text)| Source::new(format!("policies/{file}"), *text))
                .collect();
            folder(pack.id, sources, &mut loaded, sink);
        } else {
            sink.push(
                Diagnostic::error(
                    Code::UnknownPack,
                    format!("there is no file, folder or built-in pack `{name}`"),
                )
                .suggest(name, all.iter().map(String::as_str)),
            );
        }
    }
    refuse_duplicates(&mut loaded.policies, sink);
    loaded.policies.sort_by(|a, b| a.id.cmp(&b.id));
    loaded
}

fn from_path(path: &Path, loaded: &mut Loaded, sink: &mut Diagnostics) {
    if path.is_file() {
        if let Some(source) = read(path, sink)
            && let Some(document) = Document::parse(source, sink)
        {
            loaded.policies.extend(document::policy(&document, None, sink));
        }
        return;
    }
    let mut files = Vec::new();
    walk(path, 0, &mut files, sink);
    files.sort();
    let has_policies = files.iter().any(|file| !is_pack_file(file));
    if !has_policies {
        let message = format!("`{}` holds no policy: nothing would be judged", path.display());
        sink.push(Diagnostic::error(Code::NoPolicies, message).help("a policy is a file ending in .yaml or .yml"));
    }
    let name = path
        .canonicalize()
        .ok()
        .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let sources = files.iter().filter_map(|file| read(file, sink)).collect();
    folder(name.as_deref().unwrap_or("policies"), sources, loaded, sink);
}

/// Deepest folder within a pack.
const MAX_FOLDERS: usize = 8;

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, sink: &mut Diagnostics) {
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

fn read(path: &Path, sink: &mut Diagnostics) -> Option<std::sync::Arc<Source>> {
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

fn folder(name: &str, sources: Vec<std::sync::Arc<Source>>, loaded: &mut Loaded, sink: &mut Diagnostics) {
    let documents: Vec<Document> = sources
        .into_iter()
        .filter_map(|source| Document::parse(source, sink))
        .collect();
    let (about, policies): (Vec<_>, Vec<_>) = documents
        .into_iter()
        .partition(|document| is_pack_file(Path::new(&document.source.name)));
    let pack = about.first().map(|document| describe(document, name, sink));
    for document in &policies {
        loaded.policies.extend(document::policy(document, Some(name), sink));
    }
    loaded.packs.extend(pack);
}

fn describe(document: &Document, name: &str, sink: &mut Diagnostics) -> Pack {
    match crate::schema::pack() {
        Ok(schema) => schema.check(document, sink),
        Err(fault) => sink.push(Diagnostic::error(
            Code::SchemaViolation,
            format!("the pack schema is broken: {fault}"),
        )),
    }
    let text = |key: &str| document.root.get(key).map(Text::from_node).unwrap_or_default();
    let id = document
        .root
        .get("id")
        .and_then(Node::as_str)
        .unwrap_or(name)
        .to_owned();
    Pack {
        id,
        title: text("title"),
        about: text("about"),
    }
}

/// Loads like [`load`] and keeps the policies that any of the selectors chooses.
pub fn load_selected(names: &[String], selectors: &[Selector], sink: &mut Diagnostics) -> Loaded {
    let mut loaded = load(names, sink);
    loaded.ids = loaded.policies.iter().map(|policy| policy.id.clone()).collect();
    select(&mut loaded.policies, selectors, sink);
    loaded
}

/// Two policies of one id would each be taken for the other in results.
fn refuse_duplicates(policies: &mut Vec<Policy>, sink: &mut Diagnostics) {
    let mut first: BTreeMap<String, std::sync::Arc<Source>> = BTreeMap::new();
    policies.retain(|policy| match first.get(&policy.id) {
        None => {
            first.insert(policy.id.clone(), std::sync::Arc::clone(&policy.source));
            true
        }
        Some(other) if other.text == policy.source.text => false,
        Some(other) => {
            let at = policy.source.text.find(&policy.id).unwrap_or(0);
            let before = other.text.find(&policy.id).unwrap_or(0);
            sink.push(
                Diagnostic::error(Code::DuplicateId, format!("two policies are called `{}`", policy.id))
                    .at(&policy.source, at..at + policy.id.len(), "here")
                    .at(other, before..before + policy.id.len(), "and here"),
            );
            false
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_packs_hold_every_file_of_their_folders() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        for pack in BUILT_IN {
            let mut files = Vec::new();
            walk(&root.join(pack.id), 0, &mut files, &mut Diagnostics::new());
            let mut found: Vec<String> = files
                .iter()
                .map(|file| file.strip_prefix(&root).unwrap().display().to_string())
                .collect();
            found.sort();
            let mut listed: Vec<String> = pack.files.iter().map(|(name, _)| (*name).to_owned()).collect();
            listed.sort();
            assert_eq!(found, listed);
        }
    }

    #[test]
    fn built_in_policies_are_sound_and_complete() {
        let mut sink = Diagnostics::new();
        let loaded = load(&[], &mut sink);
        assert!(
            sink.is_empty(),
            "{}",
            sink.iter().map(|d| d.render(false)).collect::<String>()
        );
        for policy in &loaded.policies {
            let whole =
                policy.why.is_some() && policy.fix.is_some() && !policy.who.is_empty() && !policy.references.is_empty();
            assert!(whole, "{} lacks why, fix, who or references", policy.id);
            use super::super::Expectation::{Fail, Pass, Unknown};
            for wanted in [Pass, Fail, Unknown(None)] {
                let has = policy
                    .examples
                    .iter()
                    .any(|example| std::mem::discriminant(&example.expect) == std::mem::discriminant(&wanted));
                assert!(has, "{} has no example for {wanted:?}", policy.id);
            }
            assert!(policy.id.starts_with(&format!("{}.", policy.pack.as_deref().unwrap())));
        }
    }
}
