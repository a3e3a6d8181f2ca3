//! Writes a snapshot: to a temporary folder beside its place, renamed when whole.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::journal::{Header, Identity, Journal, Known, PageNote};
use super::manifest::{Entry, Manifest, Parents, Status};
use super::read::{Lines, ParentStatus};
use super::resource_file::{Mark, ResourceFile};
use super::{MANIFEST, SnapshotError};
use crate::diagnostic::Diagnostic;

/// A collection that was stopped longer ago is begun anew: a snapshot is of one time, and cursors do not live long.
const MAX_AGE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// A snapshot under construction. Dropped without [`SnapshotWriter::finish`], it leaves nothing behind, unless it keeps
/// a journal and has something to continue.
#[derive(Debug)]
pub struct SnapshotWriter {
    place: PathBuf,
    building: PathBuf,
    replace: bool,
    finished: bool,
    journal: Option<Mutex<Journal>>,
    /// When the first attempt was begun.
    started: Option<jiff::Timestamp>,
    /// What an earlier attempt finished.
    known: HashMap<String, Known>,
}

/// How a collection that keeps a journal begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// There was nothing.
    New,
    /// An unfinished one goes on that was begun at this time.
    Continued(jiff::Timestamp),
    /// An unfinished one cannot be continued, for this reason.
    Anew(&'static str),
}

impl SnapshotWriter {
    /// Starts a snapshot that will appear at `place`. With `replace`, one that lies there already gives way once the
    /// new one is whole.
    ///
    /// # Errors
    /// When something is there and may not be replaced, or the folder cannot be made.
    pub fn create(place: &Path, replace: bool) -> Result<Self, SnapshotError> {
        check_place(place, replace)?;
        let building = beside(place, &format!("building-{}", std::process::id()));
        make_private_folder(&building).map_err(|source| failure(&building, source))?;
        Ok(Self {
            place: place.to_owned(),
            building,
            replace,
            finished: false,
            journal: None,
            started: None,
            known: HashMap::new(),
        })
    }

    /// Starts a snapshot that keeps a journal, or goes on with one that was stopped: the same collection, begun not long
    /// ago.
    ///
    /// # Errors
    /// When something is at the place, somebody else is collecting to it, or the disk refuses.
    pub fn resume(place: &Path, identity: Identity, now: jiff::Timestamp) -> Result<(Self, Beginning), SnapshotError> {
        check_place(place, false)?;
        let (path, building) = (beside(place, "journal"), beside(place, "building"));
        let failed = |source| failure(&building, source);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let file = Journal::lock(&path)?;
        let found = Journal::read(&file);
        let hindrance = match &found {
            None if building.exists() => Some("without a journal that can be read"),
            None => None,
            Some(found) => hindrance(&found.header, &identity, now),
        };
        let (journal, known, started, beginning) = match (found, hindrance) {
            (Some(mut found), None) if building.is_dir() => {
                let journal = Journal::go_on(path, file, &found)?;
                let known = std::mem::take(&mut found.known);
                let started = found.header.started;
                (journal, known, started, Beginning::Continued(started))
            }
            (_, hindrance) => {
                if building.exists() {
                    fs::remove_dir_all(&building).map_err(failed)?;
                }
                make_private_folder(&building).map_err(failed)?;
                let header = Header { identity, started: now };
                let journal = Journal::begin(path, file, header)?;
                let beginning = hindrance.map_or(Beginning::New, Beginning::Anew);
                (journal, HashMap::new(), now, beginning)
            }
        };
        let writer = Self {
            place: place.to_owned(),
            building,
            replace: false,
            finished: false,
            journal: Some(Mutex::new(journal)),
            started: Some(started),
            known,
        };
        Ok((writer, beginning))
    }

    /// Places in a folder where this collection was stopped and can be gone on with, in the order of their names.
    pub fn unfinished(folder: &Path, identity: &Identity, now: jiff::Timestamp) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let is_ours = |journal: &Path| {
            let found = File::open(journal).ok().and_then(|file| Journal::read(&file));
            found.is_some_and(|found| hindrance(&found.header, identity, now).is_none())
        };
        let mut places: Vec<PathBuf> = names
            .filter(|name| is_ours(&folder.join(name)))
            .filter_map(|name| Some(folder.join(name.strip_suffix(".journal")?)))
            .collect();
        places.sort();
        places
    }

    /// When the collection was begun, if it keeps a journal.
    pub fn started(&self) -> Option<jiff::Timestamp> {
        self.started
    }

    /// Whether a stopped collection to this place can perhaps be continued.
    pub fn is_unfinished(place: &Path) -> bool {
        beside(place, "journal").exists()
    }

    /// Whether a later attempt could continue.
    fn is_resumable(&self) -> bool {
        self.journal.as_ref().is_some_and(|journal| locked(journal).has_pages)
    }

    /// What an earlier attempt knew of a resource type, as far as its file still holds it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn known(&self, resource: &str) -> Result<Known, SnapshotError> {
        let known = self.known.get(resource).cloned().unwrap_or_default();
        let Some(Entry {
            file: Some(_),
            sha256: Some(sha256),
            ..
        }) = &known.done
        else {
            return Ok(known);
        };
        let path = self.building.join(format!("{resource}.ndjson.zst"));
        let whole = Mark {
            length: fs::metadata(&path).map_or(0, |file| file.len()),
            sha256: sha256.clone(),
            ..Mark::default()
        };
        let is_whole = ResourceFile::open(&self.building, resource, Some(&whole))?.is_some();
        let parents = known.done.as_ref().and_then(|entry| entry.parents.as_ref());
        let is_kept = is_whole && parents.is_none_or(|parents| self.keeps(parents));
        Ok(if is_kept { known } else { Known::default() })
    }

    /// Whether the file is still there that says how each parent fared.
    fn keeps(&self, parents: &Parents) -> bool {
        let text = fs::read(self.building.join(&parents.file));
        text.is_ok_and(|text| hex(&Sha256::digest(&text)) == parents.sha256)
    }

    /// Starts the file of one resource type; what was noted of it no longer holds.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn resource(&self, resource: &str) -> Result<ResourceFile, SnapshotError> {
        if self.known.contains_key(resource)
            && let Some(journal) = &self.journal
        {
            locked(journal).anew(resource)?;
        }
        let file = ResourceFile::open(&self.building, resource, None)?;
        file.ok_or_else(|| failure(&self.building, std::io::ErrorKind::InvalidData.into()))
    }

    /// Goes on with the file of a resource type after a page; none when it does not hold what it held then.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn resource_after(&self, resource: &str, mark: &Mark) -> Result<Option<ResourceFile>, SnapshotError> {
        ResourceFile::open(&self.building, resource, Some(mark))
    }

    /// The lines that a file held after a page.
    ///
    /// # Errors
    /// A diagnostic when the file cannot be opened.
    pub fn lines_up_to(&self, mark: &Mark, resource: &str) -> Result<Lines, Diagnostic> {
        Lines::up_to(mark, &self.building.join(format!("{resource}.ndjson.zst")))
    }

    /// The lines of a resource type that is finished, if it has a file.
    ///
    /// # Errors
    /// A diagnostic when the file cannot be opened.
    pub fn lines(&self, entry: &Entry) -> Result<Option<Lines>, Diagnostic> {
        let file = entry.file.as_ref().zip(entry.sha256.as_ref());
        let open = |(file, sha256): (&String, &String)| Lines::open(&self.building.join(file), entry.bytes, sha256);
        file.map(open).transpose()
    }

    /// Notes a page whose objects were added.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note_page(&self, resource: &str, file: &ResourceFile, note: PageNote) -> Result<(), SnapshotError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let mut journal = locked(journal);
        if journal.is_sync_due() {
            file.sync()?;
        }
        journal.page(resource, note)
    }

    /// Notes how a parent fared.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note_parent(&self, resource: &str, ended: &ParentStatus) -> Result<(), SnapshotError> {
        match &self.journal {
            Some(journal) => locked(journal).parent(resource, ended),
            None => Ok(()),
        }
    }

    /// Notes that a resource type is finished.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note_done(&self, entry: &Entry) -> Result<(), SnapshotError> {
        match &self.journal {
            Some(journal) => locked(journal).done(entry),
            None => Ok(()),
        }
    }

    /// Writes how each parent of a per-parent type fared.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn parents(&self, resource: &str, parents: &[ParentStatus]) -> Result<Parents, SnapshotError> {
        let name = format!("{resource}.parents.ndjson");
        let path = self.building.join(&name);
        let mut text = Vec::new();
        for parent in parents {
            serde_json::to_writer(&mut text, parent).map_err(|e| failure(&path, e.into()))?;
            text.push(b'\n');
        }
        // The journal calls the type finished next, and shall not be on the disk before this is.
        let write = |mut file: File| file.write_all(&text).and_then(|()| file.sync_all());
        File::create(&path)
            .and_then(write)
            .map_err(|source| failure(&path, source))?;
        let failed = parents
            .iter()
            .filter(|parent| parent.status != Status::Complete)
            .count();
        Ok(Parents {
            asked: parents.len() as u64,
            failed: failed as u64,
            file: name,
            sha256: hex(&Sha256::digest(&text)),
        })
    }

    /// Takes back the files of a resource type.
    pub(super) fn discard(&self, entry: &Entry) -> Result<(), SnapshotError> {
        let parents = entry.parents.as_ref().map(|parents| &parents.file);
        for name in entry.file.iter().chain(parents) {
            let path = self.building.join(name);
            fs::remove_file(&path).map_err(|source| failure(&path, source))?;
        }
        Ok(())
    }

    /// Copies a file into the snapshot, under a name that is not taken. Gives its SHA-256.
    pub(super) fn copy(&self, name: &str, mut from: File) -> std::io::Result<String> {
        let mut to = File::create_new(self.building.join(name))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = from.read(&mut buffer)?;
            let part = buffer.get(..read).unwrap_or_default();
            if part.is_empty() {
                to.sync_all()?;
                return Ok(hex(&hash.finalize()));
            }
            hash.update(part);
            to.write_all(part)?;
        }
    }

    /// Writes the manifest and moves the snapshot to its place.
    ///
    /// # Errors
    /// When the manifest cannot be written or the folder not be moved; the snapshot then does not appear.
    pub fn finish(mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let path = self.building.join(MANIFEST);
        let mut text = serde_json::to_string_pretty(manifest).map_err(|e| failure(&path, e.into()))?;
        text.push('\n');
        let mut file = File::create(&path).map_err(|source| failure(&path, source))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|source| failure(&path, source))?;
        if self.replace && self.place.exists() {
            let old = beside(&self.place, &format!("replaced-{}", std::process::id()));
            fs::rename(&self.place, &old).map_err(|source| failure(&self.place, source))?;
            if let Err(source) = fs::rename(&self.building, &self.place) {
                // The old snapshot goes back to where it was; if even that fails, it lies under the other name.
                let _ = fs::rename(&old, &self.place);
                return Err(failure(&self.place, source));
            }
            // The new snapshot is in place; a leftover of the old one does no harm.
            let _ = fs::remove_dir_all(&old);
        } else {
            fs::rename(&self.building, &self.place).map_err(|source| failure(&self.place, source))?;
        }
        self.finished = true;
        if self.journal.take().is_some() {
            // What it told is in its place; a leftover is begun anew.
            let _ = fs::remove_file(beside(&self.place, "journal"));
        }
        Ok(())
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if self.finished || self.is_resumable() {
            return;
        }
        let _ = fs::remove_dir_all(&self.building);
        if self.journal.is_some() {
            let _ = fs::remove_file(beside(&self.place, "journal"));
        }
    }
}

fn locked(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why what a journal tells of cannot be gone on with by a collection that starts now, in words.
fn hindrance(found: &Header, identity: &Identity, now: jiff::Timestamp) -> Option<&'static str> {
    identity.difference(&found.identity).or_else(|| {
        let age = now.duration_since(found.started);
        let is_fresh = (jiff::SignedDuration::ZERO..=MAX_AGE).contains(&age);
        (!is_fresh).then_some("more than 24 hours ago")
    })
}

/// Whether a snapshot may appear at a place.
fn check_place(place: &Path, replace: bool) -> Result<(), SnapshotError> {
    if place.symlink_metadata().is_ok() && !(replace && is_replaceable(place)) {
        return Err(SnapshotError::Exists(place.display().to_string()));
    }
    Ok(())
}

/// A name beside the place.
fn beside(place: &Path, what: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{what}"));
    place.with_file_name(name)
}

/// A folder that only its owner may look into: a snapshot names people.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Only a snapshot or an empty folder may give way, never somebody's documents.
fn is_replaceable(place: &Path) -> bool {
    place.join(MANIFEST).is_file() || fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none())
}

pub(super) fn failure(path: &Path, source: std::io::Error) -> SnapshotError {
    SnapshotError::Write {
        path: path.display().to_string(),
        source,
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
