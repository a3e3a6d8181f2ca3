//! A layout: the built-in templates, styles and script, or one's own in their place.
//!
//! A folder of one's own has the shape of `reports/` (see its README, which lists the data that templates get). What it
//! does not hold stays as built in, so that a house changes one part and keeps the rest. Values are escaped whatever a
//! template does, and only what stands in the layout runs in the page.

use std::collections::BTreeMap;
use std::path::Path;

use super::brand::Brand;
use super::{ReportError, assets};

/// Files a folder may hold, and bytes of one: many times what the built-in ones need.
const FILES: usize = 200;
/// See [`FILES`].
const BYTES: u64 = 1_000_000;
/// Folders inside folders.
const DEPTH: usize = 4;
/// Where templates stand that the built-in ones do not know.
const OWN: &str = "templates/own/";

/// How reports for people look.
#[derive(Debug, Default)]
pub struct Layout {
    /// Files that replace built-in ones or join them, by their path.
    own: BTreeMap<String, String>,
    pub(super) brand: Brand,
}

impl Layout {
    /// The built-in layout with a brand.
    #[must_use]
    pub fn with_brand(self, brand: Brand) -> Self {
        Self { brand, ..self }
    }

    /// The layout with the files of a folder in place of its own.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds a file that would replace nothing.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, ReportError> {
        let before = self.own.len();
        self.read(folder, "", 0)?;
        if self.own.len() == before {
            let message = format!("`{}` holds no template, style or script", folder.display());
            return Err(ReportError(message));
        }
        Ok(self)
    }

    /// Reads what stands in a folder, `below` being its path as the layout names it.
    fn read(&mut self, folder: &Path, below: &str, depth: usize) -> Result<(), ReportError> {
        let failed = |path: &Path, error: &dyn std::fmt::Display| {
            ReportError(format!("cannot read `{}`: {error}", path.display()))
        };
        let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed(folder, &error))?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if name.starts_with('.') {
                continue;
            }
            let place = format!("{below}{name}");
            let about = std::fs::metadata(&path).map_err(|error| failed(&path, &error))?;
            if about.is_dir() {
                // What is not of a layout's shape is none of its business: samples, pictures, notes.
                if depth < DEPTH && is_folder(&place) {
                    self.read(&path, &format!("{place}/"), depth + 1)?;
                }
                continue;
            }
            if below.is_empty() {
                continue;
            }
            check(&place, &path)?;
            if about.len() > BYTES || self.own.len() >= FILES {
                return Err(failed(&path, &"it is too large for a layout"));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
            self.own.insert(place, text);
        }
        Ok(())
    }

    /// The text of a file.
    pub(super) fn file(&self, path: &str) -> Result<&str, ReportError> {
        let own = self.own.get(path).map(String::as_str);
        own.or_else(|| assets::find(path))
            .ok_or_else(|| ReportError(format!("`{path}` is not built in")))
    }

    /// Templates, by their path below `templates/`; one's own in place of those built in.
    pub(super) fn templates(&self) -> impl Iterator<Item = (&str, &str)> {
        let built_in = assets::layout()
            .filter(|(path, _)| !self.own.contains_key(*path))
            .map(|(path, text)| -> (&str, &str) { (path, text) });
        let own = self.own.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        built_in.chain(own).filter_map(|(path, text)| {
            let name = path.strip_prefix("templates/").filter(|name| name.ends_with(".j2"))?;
            Some((name, text))
        })
    }
}

/// Whether a layout has such a folder.
fn is_folder(place: &str) -> bool {
    let place = format!("{place}/");
    place == OWN || assets::layout().any(|(path, _)| path.starts_with(&place))
}

/// Refuses a file that nothing would ever use, as one with a misspelt name.
fn check(place: &str, path: &Path) -> Result<(), ReportError> {
    let own = place.starts_with(OWN) && place.ends_with(".j2");
    if own || assets::layout().any(|(known, _)| known == place) {
        return Ok(());
    }
    let known = assets::layout().map(|(known, _)| known);
    let near = known.max_by(|a, b| strsim::jaro_winkler(place, a).total_cmp(&strsim::jaro_winkler(place, b)));
    let message = format!(
        "`{}` replaces nothing; did you mean `{}`? Templates of your own that others include stand in `{OWN}`",
        path.display(),
        near.unwrap_or_default()
    );
    Err(ReportError(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn what_a_folder_holds_replaces_and_the_rest_stays() {
        let folder = folder(&[
            ("templates/verdict.j2", "mine"),
            ("templates/own/cover.j2", "cover"),
            ("README.md", "notes"),
            ("samples/x.html", "no part of a layout"),
        ]);
        let layout = Layout::default().with_folder(folder.path()).unwrap();
        let templates: BTreeMap<_, _> = layout.templates().collect();
        assert_eq!(templates["verdict.j2"], "mine");
        assert_eq!(templates["own/cover.j2"], "cover");
        assert!(templates["report.html.j2"].contains("<!doctype html>"));
        assert!(layout.file("styles/report.css").unwrap().contains("--accent"));
    }

    #[test]
    fn what_would_replace_nothing_is_refused() {
        for (path, expected) in [
            ("templates/report.htm.j2", "templates/report.html.j2"),
            ("styles/reports.css", "styles/report.css"),
        ] {
            let folder = folder(&[(path, "x")]);
            let error = Layout::default().with_folder(folder.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("did you mean `{expected}`")), "{error}");
        }
        let empty = folder(&[("notes.txt", "x")]);
        assert!(Layout::default().with_folder(empty.path()).is_err());
        assert!(Layout::default().with_folder(Path::new("/nowhere")).is_err());
    }
}
