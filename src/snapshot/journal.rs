//! The journal of a collection: what is finished, so that one that is stopped can go on where it was.
//!
//! A file of JSON lines beside the folder that is being built. Each line is written after the page that it tells of, and
//! names the hash of what the file then held: whatever a crash leaves of the two, the pages that are believed are whole.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SnapshotError;
use super::manifest::{Entry, Side, Status, Tool};
use super::read::ParentStatus;
use super::resource_file::Mark;
use super::write::failure;

/// Version of the journal's format.
const JOURNAL: u32 = 1;
/// After so many pages the disk is made to write: a machine that stops loses no more.
const PAGES_TO_SYNC: u32 = 64;

/// What a collection is of; only the same one can be continued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the journal's format.
    journal: u32,
    /// Who collects.
    tool: Tool,
    /// Digest of what is asked.
    plan: String,
    /// The Okta org.
    okta: Option<Side>,
    /// The Entra tenant.
    entra: Option<Side>,
}

impl Identity {
    /// What a collection is of: a digest of all that is asked, and of whom.
    pub fn new(plan: String, okta: Option<Side>, entra: Option<Side>) -> Self {
        Self {
            journal: JOURNAL,
            tool: Tool::this(),
            plan,
            okta,
            entra,
        }
    }

    /// In what the two differ, in words.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.tool != other.tool || self.journal != other.journal {
            Some("by another version of tenken")
        } else if self.okta != other.okta || self.entra != other.entra {
            Some("of another org or tenant")
        } else if self.plan != other.plan {
            Some("for other policies")
        } else {
            None
        }
    }
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) identity: Identity,
    pub(super) started: jiff::Timestamp,
}

/// A page that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageNote {
    /// Key of the parent, for types read once for each.
    pub parent: Option<String>,
    /// Address of the next page; none after the last.
    pub next: Option<String>,
    /// Where the list of this parent begins in the file.
    pub list: Mark,
    /// What the file holds with this page.
    pub mark: Mark,
    /// Pages of the type so far.
    pub pages: u64,
    /// Requests so far.
    pub requests: u64,
    /// Requests that were told to wait.
    pub throttles: u64,
    /// Objects that came again and were left out.
    pub repeated: u64,
    /// Why an object of this list was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begun(Header),
    /// What was noted of a type no longer holds.
    Anew {
        resource: String,
    },
    Page {
        resource: String,
        note: PageNote,
    },
    Parent {
        resource: String,
        ended: ParentStatus,
    },
    Done(Box<Entry>),
}

/// What the journal knows of one resource type.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The type is finished.
    pub done: Option<Entry>,
    /// The parents that were asked.
    pub parents: Vec<ParentStatus>,
    /// The last page.
    pub last: Option<PageNote>,
}

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    unsynced: u32,
    /// Whether there is anything to continue.
    pub(super) has_pages: bool,
}

/// A journal as it was found.
pub(super) struct Found {
    pub(super) header: Header,
    pub(super) known: HashMap<String, Known>,
    whole: u64,
}

impl Journal {
    /// Opens the journal's file, alone: nobody else may be collecting to the same place.
    pub(super) fn lock(path: &Path) -> Result<File, SnapshotError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| failure(path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(SnapshotError::Busy(path.display().to_string())),
            Err(std::fs::TryLockError::Error(source)) => Err(failure(path, source)),
        }
    }

    /// What a journal says, as far as it was written; none when it does not even begin as one.
    pub(super) fn read(file: &File) -> Option<Found> {
        let mut reader = BufReader::new(file);
        let mut found: Option<Found> = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).ok()?;
            // A line without its end was being written when the collection stopped.
            if length == 0 || line.last() != Some(&b'\n') {
                return found;
            }
            let Ok(parsed) = serde_json::from_slice(&line) else {
                return found;
            };
            match (parsed, &mut found) {
                (Line::Begun(header), None) => {
                    let known = HashMap::new();
                    found = Some(Found {
                        header,
                        known,
                        whole: 0,
                    });
                }
                (Line::Begun(_), Some(_)) | (_, None) => return None,
                (Line::Anew { resource }, Some(found)) => {
                    found.known.remove(&resource);
                }
                (Line::Page { resource, note }, Some(found)) => {
                    found.known.entry(resource).or_default().last = Some(note);
                }
                (Line::Parent { resource, ended }, Some(found)) => {
                    found.known.entry(resource).or_default().parents.push(ended);
                }
                (Line::Done(entry), Some(found)) => {
                    let known = found.known.entry(entry.resource.clone()).or_default();
                    known.done = Some(*entry);
                }
            }
            if let Some(found) = &mut found {
                found.whole += length as u64;
            }
        }
    }

    /// Begins a journal.
    pub(super) fn begin(path: PathBuf, mut file: File, header: Header) -> Result<Self, SnapshotError> {
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .map_err(|source| failure(&path, source))?;
        let mut journal = Self {
            path,
            file,
            unsynced: 0,
            has_pages: false,
        };
        journal.write(&Line::Begun(header))?;
        Ok(journal)
    }

    /// Goes on with one that was found.
    pub(super) fn go_on(path: PathBuf, mut file: File, found: &Found) -> Result<Self, SnapshotError> {
        file.set_len(found.whole)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(|source| failure(&path, source))?;
        Ok(Self {
            path,
            file,
            unsynced: 0,
            has_pages: !found.known.is_empty(),
        })
    }

    /// Notes a page.
    pub(super) fn page(&mut self, resource: &str, note: PageNote) -> Result<(), SnapshotError> {
        self.has_pages = true;
        let resource = resource.to_owned();
        self.write(&Line::Page { resource, note })
    }

    /// Counts a page, and tells whether the data file should reach the disk before it is noted.
    pub(super) fn is_sync_due(&mut self) -> bool {
        self.unsynced += 1;
        let due = self.unsynced >= PAGES_TO_SYNC;
        if due {
            self.unsynced = 0;
        }
        due
    }

    /// Takes back what was noted of a type.
    pub(super) fn anew(&mut self, resource: &str) -> Result<(), SnapshotError> {
        let resource = resource.to_owned();
        self.write(&Line::Anew { resource })
    }

    /// Notes how a parent fared.
    pub(super) fn parent(&mut self, resource: &str, ended: &ParentStatus) -> Result<(), SnapshotError> {
        let (resource, ended) = (resource.to_owned(), ended.clone());
        self.write(&Line::Parent { resource, ended })
    }

    /// Notes that a type was read whole. One that was refused or broke off is asked again by the next attempt, which may
    /// have another permission.
    pub(super) fn done(&mut self, entry: &Entry) -> Result<(), SnapshotError> {
        if entry.status == Status::Complete {
            self.has_pages = true;
            self.write(&Line::Done(Box::new(entry.clone())))?;
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), SnapshotError> {
        let mut text = serde_json::to_vec(line).map_err(|error| failure(&self.path, error.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|source| failure(&self.path, source))
    }
}
