//! Writes a snapshot: to a temporary folder beside its place, renamed when whole.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use zstd::stream::write::Encoder;

use super::manifest::{Manifest, Parents, Status};
use super::read::ParentStatus;
use super::{MANIFEST, SnapshotError};

/// Compression level of the files: level 3 shrinks vendor JSON about tenfold at full disk speed.
const LEVEL: i32 = 3;

/// A snapshot under construction. Dropped without [`SnapshotWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct SnapshotWriter {
    place: PathBuf,
    building: PathBuf,
    replace: bool,
    finished: bool,
}

impl SnapshotWriter {
    /// Starts a snapshot that will appear at `place`. With `replace`, one that lies there already gives way once the
    /// new one is whole.
    ///
    /// # Errors
    /// When something is there and may not be replaced, or the folder cannot be made.
    pub fn create(place: &Path, replace: bool) -> Result<Self, SnapshotError> {
        if place.symlink_metadata().is_ok() && !(replace && is_replaceable(place)) {
            return Err(SnapshotError::Exists(place.display().to_string()));
        }
        let building = beside(place, "building");
        make_private_folder(&building).map_err(|source| failure(&building, source))?;
        Ok(Self {
            place: place.to_owned(),
            building,
            replace,
            finished: false,
        })
    }

    /// Starts the file of one resource type.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn resource(&self, resource: &str) -> Result<ResourceFile, SnapshotError> {
        let name = format!("{resource}.ndjson.zst");
        let path = self.building.join(&name);
        let file = File::create(&path).map_err(|source| failure(&path, source))?;
        let hashing = Hashing {
            inner: BufWriter::new(file),
            hash: Sha256::new(),
        };
        let encoder = Encoder::new(hashing, LEVEL).map_err(|source| failure(&path, source))?;
        Ok(ResourceFile {
            name,
            path,
            encoder,
            objects: 0,
            bytes: 0,
        })
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
        fs::write(&path, &text).map_err(|source| failure(&path, source))?;
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
            let old = beside(&self.place, "replaced");
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
        Ok(())
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.building);
        }
    }
}

/// A name beside the place that no other process uses.
fn beside(place: &Path, what: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{what}-{}", std::process::id()));
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

/// The file of one resource type under construction.
pub struct ResourceFile {
    name: String,
    path: PathBuf,
    encoder: Encoder<'static, Hashing>,
    objects: u64,
    bytes: u64,
}

/// What a finished file goes into the manifest with.
#[derive(Debug)]
pub struct Finished {
    /// Name within the folder.
    pub file: String,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Objects written.
    pub objects: u64,
    /// Bytes before compression.
    pub bytes: u64,
}

impl ResourceFile {
    /// Adds an object as the API gave it; line breaks between its tokens are dropped.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, parent: Option<&str>, object: &RawValue) -> Result<(), SnapshotError> {
        let mut line = Vec::with_capacity(object.get().len() + 64);
        line.extend_from_slice(b"{\"parent\":");
        serde_json::to_writer(&mut line, &parent).map_err(|e| failure(&self.path, e.into()))?;
        line.extend_from_slice(b",\"object\":");
        // A raw line break in JSON can only stand between tokens, where a space does as well.
        line.extend(
            object
                .get()
                .bytes()
                .map(|byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }),
        );
        line.extend_from_slice(b"}\n");
        self.objects += 1;
        self.bytes += line.len() as u64;
        self.encoder
            .write_all(&line)
            .map_err(|source| failure(&self.path, source))
    }

    /// Objects written so far.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// Closes the file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Finished, SnapshotError> {
        let Self {
            name,
            path,
            encoder,
            objects,
            bytes,
        } = self;
        let finish = || -> std::io::Result<String> {
            let mut hashing = encoder.finish()?;
            hashing.inner.flush()?;
            hashing.inner.get_ref().sync_all()?;
            Ok(hex(&hashing.hash.finalize()))
        };
        let sha256 = finish().map_err(|source| failure(&path, source))?;
        Ok(Finished {
            file: name,
            sha256,
            objects,
            bytes,
        })
    }
}

/// Hashes what is written through it.
struct Hashing {
    inner: BufWriter<File>,
    hash: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hash.update(buffer.get(..written).unwrap_or(buffer));
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

fn failure(path: &Path, source: std::io::Error) -> SnapshotError {
    SnapshotError::Write {
        path: path.display().to_string(),
        source,
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
