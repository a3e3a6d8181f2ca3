//! The file of one resource type under construction: a zstd frame for each page, so that a file that was cut short can
//! be gone on with after any page.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use zstd::bulk::Compressor;

use super::SnapshotError;
use super::write::{failure, hex};

/// Compression level of the files: level 3 shrinks vendor JSON about tenfold at full disk speed.
const LEVEL: i32 = 3;
/// A frame holds no more than this and one object, however long a page is.
const MAX_FRAME: usize = 4 << 20;

/// What a file holds after a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its length on disk.
    pub length: u64,
    /// SHA-256 of that, in hex.
    pub sha256: String,
    /// Objects.
    pub objects: u64,
    /// Bytes before compression.
    pub bytes: u64,
}

/// The file of one resource type under construction.
pub struct ResourceFile {
    name: String,
    path: PathBuf,
    file: File,
    compressor: Compressor<'static>,
    hash: Sha256,
    /// Lines of the frame that is being filled.
    frame: Vec<u8>,
    length: u64,
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
    /// Opens the file: new, or as it was after a page. None when it no longer holds what it held then.
    pub(super) fn open(folder: &Path, resource: &str, after: Option<&Mark>) -> Result<Option<Self>, SnapshotError> {
        let name = format!("{resource}.ndjson.zst");
        let path = folder.join(&name);
        let failed = |source| failure(&path, source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(after.is_none());
        let mut file = options.open(&path).map_err(failed)?;
        let mut hash = Sha256::new();
        let mark = after.cloned().unwrap_or_default();
        if after.is_some() {
            hash = hash_of(&mut file, mark.length).map_err(failed)?;
            if hex(&hash.clone().finalize()) != mark.sha256 {
                return Ok(None);
            }
            file.set_len(mark.length)
                .and_then(|()| file.seek(SeekFrom::End(0)))
                .map_err(failed)?;
        }
        let compressor = Compressor::new(LEVEL).map_err(failed)?;
        Ok(Some(Self {
            name,
            path,
            file,
            compressor,
            hash,
            frame: Vec::new(),
            length: mark.length,
            objects: mark.objects,
            bytes: mark.bytes,
        }))
    }

    /// Adds an object as the API gave it; line breaks between its tokens are dropped.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, parent: Option<&str>, object: &RawValue) -> Result<(), SnapshotError> {
        let before = self.frame.len();
        let line = &mut self.frame;
        line.extend_from_slice(b"{\"parent\":");
        serde_json::to_writer(&mut *line, &parent).map_err(|e| failure(&self.path, e.into()))?;
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
        self.bytes += (line.len() - before) as u64;
        if self.frame.len() >= MAX_FRAME {
            self.end_frame()?;
        }
        Ok(())
    }

    /// Ends a page: what was added so far is in the file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn end_page(&mut self) -> Result<Mark, SnapshotError> {
        if !self.frame.is_empty() {
            self.end_frame()?;
        }
        Ok(Mark {
            length: self.length,
            sha256: hex(&self.hash.clone().finalize()),
            objects: self.objects,
            bytes: self.bytes,
        })
    }

    fn end_frame(&mut self) -> Result<(), SnapshotError> {
        let packed = self.compressor.compress(&self.frame);
        let write = |packed: Vec<u8>| self.file.write_all(&packed).map(|()| packed);
        let packed = packed.and_then(write).map_err(|source| failure(&self.path, source))?;
        self.hash.update(&packed);
        self.length += packed.len() as u64;
        self.frame.clear();
        Ok(())
    }

    /// Makes the disk write what was added.
    pub(super) fn sync(&self) -> Result<(), SnapshotError> {
        self.file.sync_data().map_err(|source| failure(&self.path, source))
    }

    /// Takes back what was added after a page.
    ///
    /// # Errors
    /// When the disk refuses, or the file was changed by somebody else.
    pub fn rewind(&mut self, mark: &Mark) -> Result<(), SnapshotError> {
        let mut cut = || -> std::io::Result<Sha256> {
            let hash = hash_of(&mut self.file, mark.length)?;
            self.file.set_len(mark.length)?;
            self.file.seek(SeekFrom::End(0))?;
            Ok(hash)
        };
        self.hash = cut().map_err(|source| failure(&self.path, source))?;
        self.frame.clear();
        (self.length, self.objects, self.bytes) = (mark.length, mark.objects, mark.bytes);
        Ok(())
    }

    /// Objects written so far.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// Closes the file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> Result<Finished, SnapshotError> {
        // A file of no objects is a frame of nothing, and not nothing.
        if !self.frame.is_empty() || self.length == 0 {
            self.end_frame()?;
        }
        self.file.sync_all().map_err(|source| failure(&self.path, source))?;
        Ok(Finished {
            file: self.name,
            sha256: hex(&self.hash.finalize()),
            objects: self.objects,
            bytes: self.bytes,
        })
    }
}

/// Hashes the beginning of a file; of a shorter file, all of it.
fn hash_of(file: &mut File, length: u64) -> std::io::Result<Sha256> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    file.seek(SeekFrom::Start(0))?;
    let mut rest = file.take(length);
    loop {
        match rest.read(&mut buffer)? {
            0 => return Ok(hash),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
