//! The folder of an export: what lies in it, in order, and nothing outside of it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::text;
use crate::diagnostic::{Code, Diagnostic, printable};

/// Largest file: a page is far smaller, and lines can be in several files.
const MAX_FILE: u64 = 1 << 30;

/// Something in a folder.
#[derive(Debug)]
pub(super) struct Member {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name; what is no Unicode in it is replaced.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
}

/// What lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, a pipe, a device: it may lead out of the folder, or never end.
    Other,
}

impl Member {
    /// The name without its ending, if it has one of these.
    pub(super) fn stem(&self, endings: &[&str]) -> Option<&str> {
        let (stem, ending) = self.name.rsplit_once('.')?;
        endings
            .iter()
            .any(|known| known.eq_ignore_ascii_case(ending))
            .then_some(stem)
    }
}

/// What lies in a folder, by name with numbers in their order; nothing when there is no such folder.
pub(super) fn members(folder: &Path) -> Result<Vec<Member>, Diagnostic> {
    let unreadable = |error: std::io::Error| {
        let message = format!("cannot read the folder `{}`: {error}", folder.display());
        Diagnostic::error(Code::UnreadableFile, message)
    };
    if !is_folder(folder) {
        return Ok(Vec::new());
    }
    let mut members = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        let kind = match (kind.is_file(), kind.is_dir()) {
            (true, _) => Kind::File,
            (_, true) => Kind::Folder,
            _ => Kind::Other,
        };
        members.push(Member {
            path: entry.path(),
            name: entry.file_name().to_string_lossy().into_owned(),
            kind,
        });
    }
    members.sort_by_cached_key(|member| (natural(&member.name), member.name.clone()));
    Ok(members)
}

/// Whether there is a folder, and no link to one.
pub(super) fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// A name with its numbers padded, so that page 10 comes after page 9.
fn natural(name: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for character in name.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        pad(&mut out, &mut digits);
        out.push(character);
    }
    pad(&mut out, &mut digits);
    out
}

fn pad(out: &mut String, digits: &mut String) {
    if !digits.is_empty() {
        out.push_str(&format!("{digits:0>20}"));
        digits.clear();
    }
}

/// A file of an export.
#[derive(Debug)]
pub(super) struct ExportFile {
    /// How it is named in messages.
    pub(super) shown: String,
    /// What it says.
    pub(super) text: String,
    /// When it was written last.
    pub(super) written: Option<jiff::Timestamp>,
}

impl ExportFile {
    /// Reads a file; the error says what is wrong with it, and not which it is.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let found = path.metadata().map_err(|error| error.to_string())?;
        if !found.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        let too_large = || format!("it is larger than {} GiB; split it into pages", MAX_FILE >> 30);
        if found.len() > MAX_FILE {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| error.to_string())?;
        // It may have grown since.
        let read = file.take(MAX_FILE + 1).read_to_end(&mut bytes);
        if read.map_err(|error| error.to_string())? as u64 > MAX_FILE {
            return Err(too_large());
        }
        let written = found.modified().ok();
        Ok(Self {
            shown: shown(path),
            text: text::decode(bytes)?,
            written: written.and_then(|time| jiff::Timestamp::try_from(time).ok()),
        })
    }

    /// Reads a file that everything depends on.
    pub(super) fn required(path: &Path) -> Result<Self, Diagnostic> {
        Self::read(path).map_err(|reason| {
            let message = format!("cannot read `{}`: {reason}", shown(path));
            Diagnostic::error(Code::InvalidExport, message)
        })
    }

    /// A mistake in this file.
    pub(super) fn mistake(&self, reason: &str) -> Diagnostic {
        Diagnostic::error(Code::InvalidExport, format!("`{}`: {reason}", self.shown))
    }
}

/// A path as it is shown: file names can hold anything.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_ordered_as_numbers() {
        let mut names = ["10.json", "9.json", "okta.user-0100.json", "okta.user-2.json"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["9.json", "10.json", "okta.user-2.json", "okta.user-0100.json"]);
    }

    #[test]
    fn names_are_shown_without_what_could_repaint_a_terminal() {
        assert_eq!(shown(Path::new("a\u{1b}[2J\n\u{202e}b")), "a\\u{1b}[2J \\u{202e}b");
    }
}
