//! The folder that Microsoft's EntraExporter writes: a file for each object.
//!
//! Its layout is data, in `entra_exporter.yaml`. The export has no list of what was asked and of what failed. A folder that
//! is not there says nothing: an empty list, a refusal and a type that was left out look the same. One that is there was
//! read to its end if it fits one page; of longer ones the rest may have failed, for the export then goes on
//! (`_processBatchErrors`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::folder::{self, ExportFile, Kind, Member};
use super::intake::{Doubt, Intake, Provenance, nameless};
use super::page::{self, End};
use super::{About, ImportError, json, layout};
use crate::catalog::{Call, Resource, catalog};
use crate::diagnostic::{Code, Diagnostic};

const LAYOUT: &str = include_str!("entra_exporter.yaml");
/// Objects of a page, unless the caller says otherwise (learn.microsoft.com/graph/paging).
const PAGE: u64 = 100;
/// The type that says of which tenant the export is.
const ORGANIZATION: &str = "entra.organization";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    types: BTreeMap<String, Place>,
}

/// Where a type lies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: String,
    version: String,
    #[serde(rename = "type")]
    exported_with: String,
    partial: Option<String>,
    #[serde(default)]
    proofs: Vec<Proof>,
}

/// What must be found for a list to be whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    any: BTreeMap<String, String>,
    otherwise: String,
}

/// Reads the folder.
pub(super) fn read(root: &Path, intake: &mut Intake<'_>) -> Result<About, ImportError> {
    let layout: Layout = layout::read("entra_exporter.yaml", LAYOUT)?;
    let mut about = About::default();
    for (resource, call, place) in layout.known() {
        let mut reader = Reader {
            resource,
            call,
            place,
            layout: &layout,
            root,
            intake,
            about: &mut about,
        };
        reader.read()?;
        if intake.known(resource).is_none() {
            about.missing.insert(&resource.name, absent(place));
        }
    }
    if intake.is_empty() {
        let message = format!("`{}` is not what EntraExporter writes", folder::shown(root));
        return Err(Diagnostic::error(Code::InvalidExport, message)
            .help("name the folder that was given to `Export-Entra -Path`; it holds folders such as `Organization` and `Policies`")
            .into());
    }
    for (resource, _, place) in layout.known() {
        doubt(resource, place, intake)?;
    }
    Ok(about)
}

impl Layout {
    /// Types with their places.
    fn known(&self) -> impl Iterator<Item = (&'static Resource, &'static Call, &Place)> {
        self.types.iter().filter_map(|(name, place)| {
            let resource = catalog().resource(name)?;
            Some((resource, resource.supply.call()?, place))
        })
    }

    /// Whether a folder is that of a type, or on the way to one.
    fn leads_on(&self, path: &str) -> bool {
        self.types
            .values()
            .any(|place| place.path == path || place.path.starts_with(&format!("{path}/")))
    }
}

/// Why nothing is there of a type.
fn absent(place: &Place) -> String {
    let (path, with) = (&place.path, &place.exported_with);
    format!("the export has no `{path}`: there are none, or they were not read; `Export-Entra -Type {with}` reads them")
}

/// Notes what speaks against a type's being whole.
fn doubt(resource: &'static Resource, place: &Place, intake: &mut Intake<'_>) -> Result<(), ImportError> {
    let mut doubts: Vec<Doubt> = place.partial.iter().cloned().map(Doubt::Certain).collect();
    for proof in &place.proofs {
        let mut is_proven = false;
        for (name, cel) in &proof.any {
            if let Some(other) = catalog().resource(name) {
                is_proven = is_proven || intake.has_some(other, cel)?;
            }
        }
        if !is_proven {
            doubts.push(Doubt::Unproven(proof.otherwise.clone()));
        }
    }
    let Some(incoming) = intake.known(resource) else {
        return Ok(());
    };
    if incoming.objects() > PAGE {
        doubts.push(Doubt::Unproven(format!(
            "EntraExporter goes on when a later page fails and does not note it; if its run showed no error, say so with `--whole {}`",
            resource.name
        )));
    }
    for doubt in doubts {
        incoming.doubt(None, doubt);
    }
    Ok(())
}

/// Reads one type.
struct Reader<'r, 'w> {
    resource: &'static Resource,
    call: &'static Call,
    place: &'r Place,
    layout: &'r Layout,
    root: &'r Path,
    intake: &'r mut Intake<'w>,
    about: &'r mut About,
}

impl Reader<'_, '_> {
    fn read(&mut self) -> Result<(), ImportError> {
        if let Some((above, below)) = self.place.path.split_once("/{}/") {
            let Some(above_folder) = self.inside(above) else {
                return Ok(());
            };
            for parent in folder::members(&above_folder)? {
                if parent.kind == Kind::Folder {
                    self.objects(
                        Some(&parent.name),
                        &parent.path.join(below),
                        &format!("{above}/{{}}/{below}"),
                    )?;
                }
            }
            return Ok(());
        }
        if self.place.path.ends_with(".json") {
            return match self.inside(&self.place.path) {
                Some(path) if path.exists() => self.file(None, &path),
                _ => Ok(()),
            };
        }
        let path = self.place.path.clone();
        match self.inside(&path) {
            Some(place) => self.objects(None, &place, &path),
            None => Ok(()),
        }
    }

    /// A path within the export, if no link leads out of it on the way.
    fn inside(&mut self, path: &str) -> Option<PathBuf> {
        let mut here = self.root.to_owned();
        for part in path.split('/') {
            here.push(part);
            let found = here.symlink_metadata().ok()?;
            if found.is_symlink() {
                let warning = format!("`{}` is a link and was not followed", folder::shown(&here));
                if !self.intake.warnings.contains(&warning) {
                    self.intake.warnings.push(warning);
                }
                return None;
            }
        }
        Some(here)
    }

    /// Reads the objects in a folder, each in a folder of its own.
    fn objects(&mut self, parent: Option<&str>, place: &Path, path: &str) -> Result<(), ImportError> {
        for member in folder::members(place)? {
            let file = member.path.join(format!("{}.json", member.name));
            match member.kind {
                Kind::Folder if file.symlink_metadata().is_ok_and(|found| found.is_file()) => {
                    self.file(parent, &file)?
                }
                Kind::Folder if self.layout.leads_on(&format!("{path}/{}", member.name)) => {}
                Kind::Folder => self.unread(parent, &file, "it is not there, or is no file")?,
                Kind::Other => self.unread(parent, &member.path, "it is a link and was not followed")?,
                Kind::File => self.stray(&member),
            }
        }
        Ok(())
    }

    fn stray(&mut self, member: &Member) {
        let shown = folder::shown(&member.path);
        self.intake
            .warnings
            .push(format!("`{shown}` is not where EntraExporter writes, and was not read"));
    }

    /// Reads a file: the object, or in some versions a list of them.
    fn file(&mut self, parent: Option<&str>, path: &Path) -> Result<(), ImportError> {
        let file = match ExportFile::read(path) {
            Ok(file) => file,
            Err(reason) => return self.unread(parent, path, &reason),
        };
        let (objects, end) = match objects_in(&file.text) {
            Ok(found) => found,
            Err(reason) => return self.unread(parent, path, &reason),
        };
        self.intake.saw(&file);
        if self.resource.name == ORGANIZATION {
            let id = objects.first().and_then(|(object, _)| object.get("id")?.as_str());
            self.about.tenant = id.map(str::to_owned);
        }
        // Of a type that is not read for each parent, whose it is does not matter.
        let parent = parent.filter(|_| self.call.per.is_some());
        let provenance = self.provenance();
        let Some(incoming) = self.intake.of(self.resource, self.call, &provenance)? else {
            return Ok(());
        };
        incoming.page(parent);
        if end == End::More {
            let reason = format!("`{}` names a further page, which is not here", file.shown);
            incoming.doubt(parent, Doubt::Certain(reason));
        }
        for (object, raw) in objects {
            match incoming.lacks(&object) {
                None => incoming.take(parent, object, Some(raw), &file)?,
                Some(lacks) => incoming.doubt(parent, Doubt::Certain(nameless(&file.shown, lacks))),
            }
        }
        Ok(())
    }

    /// Notes that a file could not be read: what it holds is missing, the rest is not.
    fn unread(&mut self, parent: Option<&str>, path: &Path, reason: &str) -> Result<(), ImportError> {
        let shown = folder::shown(path);
        let parent = parent.filter(|_| self.call.per.is_some());
        let provenance = self.provenance();
        if let Some(incoming) = self.intake.of(self.resource, self.call, &provenance)? {
            incoming.doubt(
                parent,
                Doubt::Certain(format!("`{shown}` cannot be read: {reason}; export again")),
            );
        }
        Ok(())
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            endpoint: format!("import entra-exporter {}", self.place.path),
            api_version: self.place.version.clone(),
        }
    }
}

/// An object, and as it stands in the file.
type Read<'t> = (Map<String, Json>, &'t RawValue);

/// The objects of a file, and what it says of a further page; the error says in what way there are none.
fn objects_in(text: &str) -> Result<(Vec<Read<'_>>, End), String> {
    let text = text.trim();
    let (raws, end) = match text.as_bytes().first() {
        None => return Err("it is empty".to_owned()),
        Some(b'[') => (list(text)?, End::Unsaid),
        _ => {
            let parts = json::parts(text)?;
            if let Some(what) = page::refusal(&parts) {
                return Err(format!("it is an error that the vendor answered with: {what}"));
            }
            match parts.get("value").filter(|value| value.get().starts_with('[')) {
                Some(value) => (list(value.get())?, page::end(&parts)),
                None => (
                    vec![serde_json::from_str(text).map_err(|error| json::fault(&error))?],
                    End::Unsaid,
                ),
            }
        }
    };
    let objects: Result<Vec<Read<'_>>, String> = raws
        .into_iter()
        .map(|raw| Ok((json::object(raw.get())?, raw)))
        .collect();
    Ok((objects?, end))
}

fn list(text: &str) -> Result<Vec<&RawValue>, String> {
    serde_json::from_str(text).map_err(|error| json::fault(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Scope, Type, compile};

    #[test]
    fn the_layout_names_types_and_conditions_that_exist() {
        let layout: Layout = layout::read("entra_exporter.yaml", LAYOUT).unwrap();
        assert_eq!(layout.known().count(), layout.types.len());
        for (resource, call, place) in layout.known() {
            let is_below = place.path.contains("/{}/");
            assert!(is_below || call.per.is_none(), "{} has parents", resource.name);
            for (name, cel) in place.proofs.iter().flat_map(|proof| &proof.any) {
                let info = catalog().resource(name).unwrap().record.info();
                let compiled = compile(cel, &Scope::new().with(&info.variable, Type::Record(info.id)));
                assert!(compiled.mistakes.is_empty(), "{cel}: {:?}", compiled.mistakes);
            }
        }
    }

    #[test]
    fn a_file_holds_an_object_or_a_list() {
        for (text, count) in [
            (r#" {"id":"1"} "#, Ok(1)),
            (r#"[{"id":"1"},{"id":"2"}]"#, Ok(2)),
            (r#"{"value":[{"id":"1"}]}"#, Ok(1)),
            (r#"{"error":{"code":"Forbidden","message":"no"}}"#, Err("Forbidden no")),
            (r#"{"value":[],"value":[{"id":"1"}]}"#, Err("stands twice")),
            ("", Err("empty")),
            ("[1]", Err("other than objects")),
            (r#"{"id":"#, Err("cut off")),
        ] {
            let found = objects_in(text).map(|(objects, _)| objects.len());
            match (found, count) {
                (Ok(found), Ok(count)) => assert_eq!(found, count, "{text}"),
                (Err(reason), Err(words)) => assert!(reason.contains(words), "{reason}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
