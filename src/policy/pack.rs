//! Packs: folders of policies, built in or the user's own, and packs that extend others.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::adjust::{Adjustment, Adjustments};
use super::error::KnownError;
use super::folder::{self, BUILT_IN, BuiltInPack, Folder};
use super::load::policy;
use super::narrow::Narrowing;
use super::select::{Selector, select};
use super::text::Text;
use super::{Policy, function, version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node};
use crate::expr::Definition;

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
    /// In the order named, those that are extended before what extends them.
    pub packs: Vec<Pack>,
    /// Ids of all policies, chosen or not.
    pub ids: Vec<String>,
    /// What was changed about policies by others than their authors.
    pub adjustments: Vec<Adjustment>,
    /// Entries of the error catalogue in files and folders, not yet checked.
    entries: Vec<Document>,
}

/// Which policies are loaded, and what is changed about them.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Packs by name, files and folders by path; nothing named means every built-in pack.
    pub names: Vec<String>,
    /// Only what any of these chooses; nothing means all.
    pub selectors: Vec<Selector>,
    /// Adjustments by the tenant and by this run, the last one wins.
    pub adjustments: Vec<Arc<Adjustments>>,
    /// Whether policies are as their authors wrote them, changed by nobody: that is what their examples are about.
    pub as_written: bool,
}

/// Loads packs by name, and files and folders by path, as [`Request::load`] does.
pub fn load(names: &[String], sink: &mut Diagnostics) -> Loaded {
    let request = Request {
        names: names.to_vec(),
        ..Request::default()
    };
    request.load(sink)
}

/// Loads like [`load`], and the entries of the error catalogue besides, in the order of their ids.
pub fn load_errors(names: &[String], sink: &mut Diagnostics) -> (Loaded, Vec<KnownError>) {
    let mut loaded = load(names, sink);
    let built_in = |pack: &&BuiltInPack| loaded.packs.iter().any(|known| known.id == pack.id);
    let packs: Vec<&BuiltInPack> = BUILT_IN.iter().filter(built_in).collect();
    for pack in packs {
        loaded.entries.extend(folder::errors(pack, sink));
    }
    let mut errors: Vec<KnownError> = loaded
        .entries
        .iter()
        .filter_map(|document| KnownError::read(document, &loaded.policies, sink))
        .collect();
    errors.sort_by(|a, b| a.id.cmp(&b.id));
    for (first, second) in errors.iter().zip(errors.iter().skip(1)) {
        if first.id == second.id && first.source.text != second.source.text {
            let message = format!("two entries are called `{}`", first.id);
            sink.push(twice(message, &first.id, [&first.source, &second.source]));
        }
    }
    errors.dedup_by(|a, b| a.id == b.id);
    (loaded, errors)
}

impl Request {
    /// Loads policies. Every mistake goes to the sink, a policy with a mistake is left out.
    pub fn load(&self, sink: &mut Diagnostics) -> Loaded {
        let mut loader = Loader {
            sink,
            loaded: Loaded::default(),
            open: Vec::new(),
        };
        let all: Vec<String> = BUILT_IN.iter().map(|pack| pack.id.to_owned()).collect();
        let mut candidates = Vec::new();
        for name in if self.names.is_empty() { &all } else { &self.names } {
            match Folder::find(name, None, loader.sink) {
                Some(folder) => candidates.extend(loader.pack(folder, true).0),
                None => loader.sink.push(Folder::missing(name)),
            }
        }
        let mut loaded = loader.loaded;
        let mut candidates = without_duplicates(candidates, sink);
        self.add_adjustments(&mut candidates, sink);
        loaded.ids = candidates.iter().map(|candidate| candidate.id().to_owned()).collect();
        loaded.ids.sort();
        for candidate in &mut candidates {
            let id = candidate.id().to_owned();
            if self.as_written {
                candidate.adjustments.clear();
            }
            let said = candidate
                .adjustments
                .iter()
                .filter_map(|adjustments| adjustments.summary(&id));
            loaded.adjustments.extend(said);
            let enabled = candidate
                .adjustments
                .iter()
                .rev()
                .find_map(|adjustments| adjustments.enables(&id));
            if enabled != Some(false) {
                loaded.policies.extend(policy(candidate, sink));
            }
        }
        refuse_duplicates(&mut loaded.policies, sink);
        loaded.policies.sort_by(|a, b| a.id.cmp(&b.id));
        loaded.adjustments.sort_by(|a, b| a.policy.cmp(&b.policy));
        select(&mut loaded.policies, &self.selectors, sink);
        loaded
    }

    /// Adds the adjustments of tenant and run. One may name a built-in policy that is not loaded, but none that is nowhere.
    fn add_adjustments(&self, candidates: &mut [Candidate], sink: &mut Diagnostics) {
        let elsewhere = if self.adjustments.is_empty() {
            Vec::new()
        } else {
            built_in_ids()
        };
        let known: Vec<&str> = candidates.iter().map(Candidate::id).collect();
        let known: Vec<&str> = known.into_iter().chain(elsewhere.iter().map(String::as_str)).collect();
        for adjustments in &self.adjustments {
            adjustments.check(&known, sink);
        }
        let scopes = self
            .adjustments
            .iter()
            .flat_map(|adjustments| adjustments.narrowings(sink));
        let scopes = Arc::new(scopes.collect::<Vec<_>>());
        for candidate in candidates {
            candidate.adjustments.extend(self.adjustments.iter().cloned());
            candidate.scopes = Arc::clone(&scopes);
        }
    }
}

/// Ids of the policies that come with the program.
fn built_in_ids() -> Vec<String> {
    let mut ids = Vec::new();
    for pack in BUILT_IN {
        let folder = Folder::find(pack.id, None, &mut Diagnostics::new());
        for document in folder.into_iter().flat_map(|folder| folder.policies) {
            ids.extend(document.root.get("id").and_then(Node::as_str).map(str::to_owned));
        }
    }
    ids
}

/// A policy that is to be loaded, and what it is loaded with.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its file.
    pub(super) document: Document,
    /// The pack it came with.
    pub(super) pack: Option<String>,
    /// Functions it may use.
    pub(super) functions: Arc<Vec<Arc<Definition>>>,
    /// What others change about it, the last one wins.
    pub(super) adjustments: Vec<Arc<Adjustments>>,
    /// Conditions on what is judged, by resource type.
    pub(super) scopes: Arc<Vec<(String, Arc<Narrowing>)>>,
}

impl Candidate {
    pub(super) fn id(&self) -> &str {
        self.document.root.get("id").and_then(Node::as_str).unwrap_or_default()
    }
}

/// Follows packs to those that they extend.
struct Loader<'s> {
    sink: &'s mut Diagnostics,
    loaded: Loaded,
    /// Identities of the packs that are being read, the outermost first.
    open: Vec<String>,
}

impl Loader<'_> {
    /// The policies of a pack and of those that it extends, and the functions they may use. A pack that is named by
    /// itself holds something to judge.
    fn pack(&mut self, folder: Folder, named: bool) -> (Vec<Candidate>, Vec<Arc<Definition>>) {
        if let Some(about) = &folder.about
            && !version::fits(about, self.sink)
        {
            return (Vec::new(), Vec::new());
        }
        self.open.push(folder.identity.clone());
        let (mut candidates, mut functions) = self.extended(&folder);
        self.open.pop();
        if let Some(about) = &folder.about {
            self.loaded.packs.push(describe(about, self.sink));
            functions = function::read(about, functions, self.sink);
            change(about, &folder, &mut candidates, self.sink);
        }
        if named && candidates.is_empty() && folder.policies.is_empty() && folder.name.is_some() {
            let place = folder.place.as_deref().unwrap_or(Path::new(&folder.identity)).display();
            let message = format!("`{place}` holds no policy: nothing would be judged");
            self.sink
                .push(Diagnostic::error(Code::NoPolicies, message).help("a policy is a file ending in .yaml or .yml"));
        }
        self.loaded.entries.extend(folder.entries);
        let shared = Arc::new(functions);
        for document in folder.policies {
            if version::fits(&document, self.sink) {
                candidates.push(Candidate {
                    document,
                    pack: folder.name.clone(),
                    functions: Arc::clone(&shared),
                    adjustments: Vec::new(),
                    scopes: Arc::default(),
                });
            }
        }
        (candidates, shared.to_vec())
    }

    /// The same of all packs that a pack extends.
    fn extended(&mut self, folder: &Folder) -> (Vec<Candidate>, Vec<Arc<Definition>>) {
        let (mut candidates, mut functions) = (Vec::new(), Vec::<Arc<Definition>>::new());
        let Some(about) = &folder.about else {
            return (candidates, functions);
        };
        for node in about.root.get("extends").map(Node::items).unwrap_or_default() {
            let Some(name) = node.as_str() else { continue };
            let at = |diagnostic: Diagnostic| diagnostic.at(&about.source, node.span.clone(), "");
            let Some(found) = Folder::find(name, folder.place.as_deref(), self.sink) else {
                self.sink.push(at(Folder::missing(name)));
                continue;
            };
            if self.open.contains(&found.identity) {
                let message = "packs extend each other in a circle";
                self.sink.push(at(Diagnostic::error(Code::Circular, message)));
                continue;
            }
            let (more, known) = self.pack(found, false);
            candidates.extend(more);
            for function in known {
                if !functions.iter().any(|other| other.name == function.name) {
                    functions.push(function);
                }
            }
        }
        (candidates, functions)
    }
}

/// Adds what a pack changes about the policies of the packs that it extends.
fn change(about: &Arc<Document>, folder: &Folder, candidates: &mut [Candidate], sink: &mut Diagnostics) {
    let adjustments = Arc::new(Adjustments::of_pack(about, folder.name.as_deref().unwrap_or_default()));
    if adjustments.entries.is_empty() {
        return;
    }
    let known: Vec<&str> = candidates.iter().map(Candidate::id).collect();
    adjustments.check(&known, sink);
    for candidate in candidates {
        candidate.adjustments.push(Arc::clone(&adjustments));
    }
}

fn describe(document: &Document, sink: &mut Diagnostics) -> Pack {
    match crate::schema::pack() {
        Ok(schema) => schema.check(document, sink),
        Err(fault) => sink.push(Diagnostic::error(
            Code::SchemaViolation,
            format!("the pack schema is broken: {fault}"),
        )),
    }
    let text = |key: &str| document.root.get(key).map(Text::from_node).unwrap_or_default();
    let id = document.root.get("id").and_then(Node::as_str).unwrap_or_default();
    Pack {
        id: id.to_owned(),
        title: text("title"),
        about: text("about"),
    }
}

/// Two policies of one id would each be taken for the other in results.
fn refuse_duplicates(policies: &mut Vec<Policy>, sink: &mut Diagnostics) {
    let mut first: BTreeMap<String, Arc<Source>> = BTreeMap::new();
    policies.retain(|policy| match first.get(&policy.id) {
        None => {
            first.insert(policy.id.clone(), Arc::clone(&policy.source));
            true
        }
        Some(other) => {
            let message = format!("two policies are called `{}`", policy.id);
            sink.push(twice(message, &policy.id, [other, &policy.source]));
            false
        }
    });
}

fn twice(message: String, id: &str, [before, here]: [&Arc<Source>; 2]) -> Diagnostic {
    let place = |source: &Source| {
        let at = source.text.find(id).unwrap_or(0);
        at..at + id.len()
    };
    Diagnostic::error(Code::DuplicateId, message)
        .at(here, place(here), "here")
        .at(before, place(before), "and here")
}

/// The same file twice is one policy, as changed by the pack that changes it.
fn without_duplicates(candidates: Vec<Candidate>, sink: &mut Diagnostics) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let same = |other: &&mut Candidate| other.document.source.text == candidate.document.source.text;
        match kept.iter_mut().find(same) {
            None => kept.push(candidate),
            Some(other) if is_prefix(&candidate.adjustments, &other.adjustments) => {}
            Some(other) if is_prefix(&other.adjustments, &candidate.adjustments) => *other = candidate,
            Some(other) => {
                let id = candidate.id();
                let message = format!("`{id}` is changed by two packs that know nothing of each other");
                sink.push(twice(message, id, [&other.document.source, &candidate.document.source]));
            }
        }
    }
    kept
}

/// Whether the one holds all adjustments of the other, and more on top.
fn is_prefix(shorter: &[Arc<Adjustments>], longer: &[Arc<Adjustments>]) -> bool {
    let same = |(a, b): (&Arc<Adjustments>, &Arc<Adjustments>)| {
        a.author == b.author && a.document.source.text == b.document.source.text
    };
    shorter.len() <= longer.len() && shorter.iter().zip(longer).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::folder::walk;

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
            let listed = pack.files.iter().chain(pack.errors);
            let mut listed: Vec<String> = listed.map(|(name, _)| (*name).to_owned()).collect();
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
                let never = wanted == Pass && policy.needs_attestation();
                assert!(has || never, "{} has no example for {wanted:?}", policy.id);
            }
            assert!(policy.id.starts_with(&format!("{}.", policy.pack.as_deref().unwrap())));
        }
    }
}
