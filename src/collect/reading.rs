//! A resource type being read: its file, what it cost, what came already, and the journal's notes of it.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::CollectError;
use super::drift::Drift;
use super::list::Ended;
use super::pages::Page;
use super::plan::Step;
use super::retry::Cost;
use crate::catalog::Origin;
use crate::snapshot::{Entry, MAX_LINE, Mark, PageNote, ParentStatus, ResourceFile, SnapshotWriter, object};

/// A resource type being read.
pub(super) struct Reading<'w> {
    writer: &'w SnapshotWriter,
    name: &'static str,
    pub(super) file: ResourceFile,
    pub(super) cost: Cost,
    pub(super) pages: u64,
    /// Objects that came again and were left out.
    pub(super) repeated: u64,
    /// What is not as the catalogue says.
    pub(super) drift: Drift,
    /// Where the present list begins in the file.
    list: Mark,
    /// Why an object of the present list was left out, if one was.
    fault: Option<String>,
    /// The last page of an earlier attempt, until its list is gone on with.
    last: Option<PageNote>,
    /// Properties that together name an object.
    key: Vec<&'static str>,
    /// Objects of the present list by the fingerprint of their key.
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl<'w> Reading<'w> {
    /// Begins a type, or goes on with it; then the parents that an earlier attempt asked come with it.
    pub(super) fn begin(writer: &'w SnapshotWriter, step: &Step) -> Result<(Self, Vec<ParentStatus>), CollectError> {
        let name = step.resource.name.as_str();
        let known = writer.known(name)?;
        let resumed = match &known.last {
            Some(note) => writer.resource_after(name, &note.mark)?,
            // No page yet, but parents that failed.
            None => None,
        };
        let is_resumed = resumed.is_some();
        let file = match resumed {
            Some(file) => file,
            None => writer.resource(name)?,
        };
        let last = known.last.filter(|_| is_resumed);
        let fields = &step.resource.record.info().fields;
        let properties = step.resource.key.iter().filter_map(|id| fields.get(usize::from(*id)));
        let properties = properties.filter(|field| matches!(field.origin, Origin::Property { .. }));
        let reading = Self {
            writer,
            name,
            file,
            cost: last.as_ref().map_or_else(Cost::default, |note| Cost {
                requests: note.requests,
                throttles: note.throttles,
            }),
            pages: last.as_ref().map_or(0, |note| note.pages),
            repeated: last.as_ref().map_or(0, |note| note.repeated),
            drift: Drift::new(step.resource),
            list: Mark::default(),
            fault: None,
            last,
            key: properties.map(|field| field.name.as_str()).collect(),
            seen: HashSet::new(),
            hasher: RandomState::new(),
        };
        Ok((reading, if is_resumed { known.parents } else { Vec::new() }))
    }

    /// The parent that an earlier attempt stopped at.
    pub(super) fn stopped_at(&self) -> Option<String> {
        self.last.as_ref()?.parent.clone()
    }

    /// Begins a list; gives the last page that an earlier attempt had of it.
    pub(super) fn begin_list(&mut self, parent: Option<&str>) -> Result<Option<PageNote>, CollectError> {
        self.seen.clear();
        self.fault = None;
        let Some(note) = self.last.take().filter(|note| note.parent.as_deref() == parent) else {
            self.list = self.file.end_page()?;
            return Ok(None);
        };
        self.list = note.list.clone();
        self.fault.clone_from(&note.fault);
        self.recall(parent, &note.mark)?;
        Ok(Some(note))
    }

    /// Learns again which objects of a list are in the file.
    fn recall(&mut self, parent: Option<&str>, mark: &Mark) -> Result<(), CollectError> {
        /// A line of the file.
        #[derive(Deserialize)]
        struct Line<'l> {
            parent: Option<String>,
            #[serde(borrow)]
            object: &'l RawValue,
        }
        let damaged = |error| CollectError::Journal(Box::new(error));
        let mut lines = self.writer.lines_up_to(mark, self.name).map_err(damaged)?;
        while let Some(chunk) = lines.next_chunk().map_err(damaged)? {
            for line in chunk.split(|byte| *byte == b'\n') {
                if let Ok(line) = serde_json::from_slice::<Line<'_>>(line)
                    && line.parent.as_deref() == parent
                    && let Ok(object) = checked(line.object)
                    && let Some(key) = self.key_of(&object)
                {
                    self.seen.insert(key);
                }
            }
        }
        Ok(())
    }

    /// Forgets the present list; it is read from its beginning.
    pub(super) fn restart_list(&mut self) -> Result<(), CollectError> {
        self.seen.clear();
        self.fault = None;
        Ok(self.file.rewind(&self.list)?)
    }

    /// How the present list ended after its last page.
    pub(super) fn end_list(&self) -> Ended {
        match &self.fault {
            None => Ended::whole(),
            Some(fault) => Ended::broken(self.has_some(), fault),
        }
    }

    /// Whether something of the present list was read.
    pub(super) fn has_some(&self) -> bool {
        self.file.objects() > self.list.objects
    }

    /// Adds a page and notes it. Gives the number of objects that had not come before. One that an audit could not read
    /// is left out, and its list is then not whole.
    pub(super) fn page(&mut self, parent: Option<&str>, page: &Page<'_>) -> Result<usize, CollectError> {
        let mut new = 0;
        for raw in &page.objects {
            let object = match checked(raw) {
                Ok(object) => object,
                Err(reason) => {
                    let told = || format!("an object was left out: {reason}");
                    self.fault.get_or_insert_with(told);
                    continue;
                }
            };
            self.drift.look_at(&object);
            if let Some(key) = self.key_of(&object)
                && !self.seen.insert(key)
            {
                self.repeated += 1;
                continue;
            }
            new += 1;
            self.file.push(parent, raw)?;
        }
        self.pages += 1;
        let note = PageNote {
            parent: parent.map(str::to_owned),
            next: page.next.as_ref().map(ToString::to_string),
            list: self.list.clone(),
            mark: self.file.end_page()?,
            pages: self.pages,
            requests: self.cost.requests,
            throttles: self.cost.throttles,
            repeated: self.repeated,
            fault: self.fault.clone(),
        };
        self.writer.note_page(self.name, &self.file, note)?;
        Ok(new)
    }

    /// Closes the file.
    pub(super) fn finish(self, entry: Entry) -> Result<Entry, CollectError> {
        let finished = self.file.finish()?;
        Ok(Entry {
            objects: finished.objects,
            pages: self.pages,
            requests: self.cost.requests,
            throttles: self.cost.throttles,
            bytes: finished.bytes,
            file: Some(finished.file),
            sha256: Some(finished.sha256),
            ..entry
        })
    }

    /// A number that stands for a text. Among a million, two share one with a chance of 1 in 30 million, and then a warning
    /// says that an object came again.
    pub(super) fn fingerprint(&self, text: &str) -> u64 {
        self.hasher.hash_one(text)
    }

    /// The fingerprint of an object's key; none when it lacks a part of it, since then it is not known which it is.
    fn key_of(&self, object: &Json) -> Option<u64> {
        if self.key.is_empty() {
            return None;
        }
        let part = |name: &&str| object.get(name).filter(|value| !value.is_null()).map(Json::to_string);
        let parts: Option<Vec<String>> = self.key.iter().map(part).collect();
        Some(self.fingerprint(&parts?.join("\n")))
    }
}

/// An object that an audit can read; else why it cannot.
fn checked(raw: &RawValue) -> Result<Json, String> {
    if raw.get().len() > MAX_LINE {
        return Err("it is too large".to_owned());
    }
    object::read(raw.get()).map(Json::Object)
}
