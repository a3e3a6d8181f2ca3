//! Reads a snapshot: the manifest at once, the files as a stream of chunks of whole lines.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Take};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use super::manifest::{Entry, FORMAT, Manifest, Status};
use super::resource_file::Mark;
use super::write::{SnapshotWriter, hex};
use super::{MANIFEST, MAX_LINE};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema;

/// Size of the chunks that are parsed in parallel.
const CHUNK: usize = 2 << 20;
/// Largest window that a file may ask to be decompressed with (2^27 bytes, zstd's own default limit).
const WINDOW_LOG_MAX: u32 = 27;
/// Largest manifest.
const MAX_MANIFEST: u64 = 16 << 20;

/// A snapshot that can be read.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
    manifest: Manifest,
    digest: String,
}

/// How a parent of a per-parent type fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentStatus {
    /// Key of the parent.
    pub key: String,
    /// How its call ended.
    pub status: Status,
    /// Why not better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Snapshot {
    /// Opens a snapshot by its folder.
    ///
    /// # Errors
    /// A diagnostic when there is no manifest, or it is damaged, or of a newer format.
    pub fn open(folder: &Path) -> Result<Self, Diagnostic> {
        let path = folder.join(MANIFEST);
        let text = read_manifest(&path).map_err(|error| {
            let help = "a snapshot is a folder with `manifest.json`; `tenken snapshot` and `tenken demo` write one";
            invalid(format!("cannot read `{}`: {error}", path.display())).help(help)
        })?;
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| invalid(format!("`{}` is damaged: {error}", path.display())))?;
        if let Some(format) = json.get("format").and_then(serde_json::Value::as_u64)
            && format > u64::from(FORMAT)
        {
            return Err(invalid(format!(
                "`{}` has format {format}, this program reads up to {FORMAT}",
                path.display()
            ))
            .help("use the version of tenken that wrote it, or a newer one"));
        }
        if let Some(fault) = schema::manifest()
            .map(|schema| schema.check_json(&json))
            .unwrap_or_else(Some)
        {
            return Err(invalid(format!("`{}` is not a manifest: {fault}", path.display())));
        }
        let manifest: Manifest = serde_json::from_value(json)
            .map_err(|error| invalid(format!("`{}` is not a manifest: {error}", path.display())))?;
        let mut seen = HashSet::new();
        if let Some(twice) = manifest.resources.iter().find(|entry| !seen.insert(&entry.resource)) {
            let message = format!("`{}` names {} twice", path.display(), twice.resource);
            return Err(invalid(message));
        }
        Ok(Self {
            folder: folder.to_owned(),
            manifest,
            digest: hex(&Sha256::digest(text.as_bytes())),
        })
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest, which holds those of the files.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The entry of a resource type.
    pub fn entry(&self, resource: &str) -> Option<&Entry> {
        self.manifest.resources.iter().find(|entry| entry.resource == resource)
    }

    /// The lines of a resource type, if it has a file.
    ///
    /// # Errors
    /// A diagnostic when the file cannot be opened.
    pub fn lines(&self, entry: &Entry) -> Result<Option<Lines>, Diagnostic> {
        let Some(name) = &entry.file else { return Ok(None) };
        let path = self.file(name)?;
        let wanted = entry.sha256.as_deref().unwrap_or_default();
        Lines::open(&path, entry.bytes, wanted).map(Some)
    }

    /// How the parents of a per-parent type fared.
    ///
    /// # Errors
    /// A diagnostic when the file is missing, altered or damaged.
    pub fn parents(&self, entry: &Entry) -> Result<Vec<ParentStatus>, Diagnostic> {
        let Some(parents) = &entry.parents else {
            return Ok(Vec::new());
        };
        let path = self.file(&parents.file)?;
        let mut text = String::new();
        open_file(&path)
            .and_then(|mut file| file.read_to_string(&mut text))
            .map_err(|error| invalid(format!("cannot read `{}`: {error}", path.display())))?;
        check_hash(&path, &parents.sha256, &hex(&Sha256::digest(text.as_bytes())))?;
        let statuses: Vec<ParentStatus> = text
            .lines()
            .map(|line| {
                serde_json::from_str(line).map_err(|error| invalid(format!("`{}` is damaged: {error}", path.display())))
            })
            .collect::<Result<_, _>>()?;
        let failed = statuses
            .iter()
            .filter(|parent| parent.status != Status::Complete)
            .count() as u64;
        let read = matches!(entry.status, Status::Complete | Status::Partial);
        let agrees = statuses.len() as u64 == parents.asked
            && failed == parents.failed
            && (read || failed > 0 || statuses.is_empty())
            && (entry.status != Status::Complete || failed == 0);
        if agrees {
            Ok(statuses)
        } else {
            Err(invalid(format!(
                "the manifest contradicts `{}`: {} is {}, {} of {} parents failed",
                path.display(),
                entry.resource,
                entry.status.as_str(),
                failed,
                statuses.len()
            )))
        }
    }

    /// Copies the files of a resource type into a snapshot under construction.
    ///
    /// # Errors
    /// A diagnostic when a file is missing or altered, or cannot be copied.
    pub(super) fn copy_files(&self, entry: &Entry, writer: &SnapshotWriter) -> Result<(), Diagnostic> {
        let data = entry.file.as_ref().zip(entry.sha256.as_ref());
        let parents = entry.parents.as_ref().map(|parents| (&parents.file, &parents.sha256));
        for (name, wanted) in data.into_iter().chain(parents) {
            let path = self.file(name)?;
            let copied = open_file(&path).and_then(|file| writer.copy(name, file));
            let found = copied.map_err(|error| invalid(format!("cannot copy `{}`: {error}", path.display())))?;
            check_hash(&path, wanted, &found)?;
        }
        Ok(())
    }

    /// A file of the snapshot; a manifest can only name files beside it.
    fn file(&self, name: &str) -> Result<PathBuf, Diagnostic> {
        let plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != "..";
        if plain {
            Ok(self.folder.join(name))
        } else {
            Err(invalid(format!(
                "the manifest names a file outside the snapshot: `{name}`"
            )))
        }
    }
}

fn read_manifest(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    open_file(path)?.take(MAX_MANIFEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a regular file; a pipe or a device would answer never or without end.
fn open_file(path: &Path) -> std::io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(std::io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

fn invalid(message: String) -> Diagnostic {
    Diagnostic::error(Code::InvalidSnapshot, message)
}

fn check_hash(path: &Path, wanted: &str, found: &str) -> Result<(), Diagnostic> {
    if wanted == found {
        return Ok(());
    }
    Err(invalid(format!(
        "`{}` is not the file that was collected: its SHA-256 differs from the manifest",
        path.display()
    ))
    .help("collect again; an altered snapshot cannot be judged"))
}

/// A stream of chunks of whole lines. The hash is checked at the end, before anything is concluded from the data.
pub struct Lines {
    path: PathBuf,
    decoder: Decoder<'static, BufReader<Hashed>>,
    rest: Vec<u8>,
    left: u64,
    wanted: String,
    done: bool,
}

impl Lines {
    /// The lines of a whole file.
    pub(super) fn open(path: &Path, bytes: u64, sha256: &str) -> Result<Self, Diagnostic> {
        Self::of_first(u64::MAX, path, bytes, sha256)
    }

    /// The lines that a file held after a page, whatever has been added since.
    pub(super) fn up_to(mark: &Mark, path: &Path) -> Result<Self, Diagnostic> {
        let mut lines = Self::of_first(mark.length, path, mark.bytes, &mark.sha256)?;
        // Before the first object there is no frame, and a decoder takes that for damage.
        lines.done = mark.length == 0;
        Ok(lines)
    }

    fn of_first(length: u64, path: &Path, bytes: u64, sha256: &str) -> Result<Self, Diagnostic> {
        let failed = |error: std::io::Error| invalid(format!("cannot read `{}`: {error}", path.display()));
        let file = open_file(path).map_err(failed)?;
        let hashed = Hashed {
            inner: file.take(length),
            hash: Sha256::new(),
        };
        let mut decoder = Decoder::with_buffer(BufReader::new(hashed)).map_err(failed)?;
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            decoder,
            rest: Vec::new(),
            left: bytes,
            wanted: sha256.to_owned(),
            done: false,
        })
    }

    /// The next chunk; `None` after the last, once the hash has been found right.
    ///
    /// # Errors
    /// A diagnostic when the file is truncated, altered or larger than the manifest says.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Diagnostic> {
        if self.done {
            return Ok(None);
        }
        let mut chunk = std::mem::take(&mut self.rest);
        chunk.reserve(CHUNK);
        loop {
            let start = chunk.len();
            let read = (&mut self.decoder)
                .take(CHUNK as u64)
                .read_to_end(&mut chunk)
                .map_err(|error| {
                    invalid(format!("`{}` is truncated or damaged: {error}", self.path.display()))
                        .help("collect again; what is left cannot be trusted")
                })?;
            self.left = self
                .left
                .checked_sub(read as u64)
                .ok_or_else(|| invalid(format!("`{}` holds more than the manifest says", self.path.display())))?;
            if read == 0 {
                return self.last(chunk);
            }
            if let Some(end) = chunk.get(start..).and_then(|new| memchr::memrchr(b'\n', new)) {
                self.rest = chunk.split_off(start + end + 1);
                return Ok(Some(chunk));
            }
            if chunk.len() > MAX_LINE {
                return Err(invalid(format!(
                    "`{}` has a line longer than {} MiB",
                    self.path.display(),
                    MAX_LINE >> 20
                )));
            }
        }
    }

    /// A fault of this file.
    pub(super) fn damaged(&self, reason: &str) -> Diagnostic {
        invalid(format!("`{}`: {reason}", self.path.display()))
    }

    fn last(&mut self, chunk: Vec<u8>) -> Result<Option<Vec<u8>>, Diagnostic> {
        self.done = true;
        let mut buffered = Vec::new();
        let reader = self.decoder.get_mut();
        reader
            .read_to_end(&mut buffered)
            .map_err(|error| invalid(format!("cannot read `{}`: {error}", self.path.display())))?;
        let found = hex(&reader.get_ref().hash.clone().finalize());
        check_hash(&self.path, &self.wanted, &found)?;
        if self.left > 0 {
            return Err(invalid(format!(
                "`{}` holds less than the manifest says",
                self.path.display()
            )));
        }
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

/// Hashes what is read through it.
struct Hashed {
    inner: Take<File>,
    hash: Sha256,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
