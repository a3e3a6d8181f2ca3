//! What an export brings, type by type, into the files of a snapshot, with what speaks against its being whole.

use std::collections::hash_map::{Entry as Slot, HashMap, RandomState};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;

use indexmap::IndexSet;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::folder::ExportFile;
use super::{ImportError, Whole, powershell};
use crate::catalog::{Call, Origin, Population, RecordType, Resource};
use crate::snapshot::parents::{Asked, Condition, asked_in, each_batch};
use crate::snapshot::{Entry, MAX_LINE, Mark, ParentStatus, ResourceFile, Snapshot, SnapshotWriter, Status};

/// So many reasons are told of one type; the rest are counted.
const REASONS: usize = 3;

/// Why a list may not be whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doubt {
    /// Nothing says that it is; whoever saved it may say so.
    Unproven(String),
    /// Something says that it is not.
    Certain(String),
}

/// Everything that an export brings.
pub(super) struct Intake<'w> {
    writer: &'w SnapshotWriter,
    whole: &'w Whole,
    /// What was imported before.
    before: Option<&'w Snapshot>,
    types: BTreeMap<RecordType, Incoming>,
    /// Files that were read.
    files: u64,
    /// What is to be told at the end.
    pub(super) warnings: Vec<String>,
    /// When the newest file was written.
    pub(super) written: Option<jiff::Timestamp>,
}

impl<'w> Intake<'w> {
    pub(super) fn new(writer: &'w SnapshotWriter, whole: &'w Whole, before: Option<&'w Snapshot>) -> Self {
        Self {
            writer,
            whole,
            before,
            types: BTreeMap::new(),
            files: 0,
            warnings: Vec::new(),
            written: None,
        }
    }

    /// Whether nothing of the export was found.
    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.files == 0
    }

    /// Notes that a file was read.
    pub(super) fn saw(&mut self, file: &ExportFile) {
        self.files += 1;
        self.written = self.written.max(file.written);
    }

    /// A type of which something came from here; none when an earlier import holds all of it.
    pub(super) fn of(
        &mut self,
        resource: &'static Resource,
        call: &'static Call,
        from: &Provenance,
    ) -> Result<Option<&mut Incoming>, ImportError> {
        let earlier = self.before.and_then(|before| before.entry(&resource.name));
        if earlier.is_some_and(|entry| entry.status == Status::Complete) {
            let kept = format!("{}: the earlier snapshot holds all of it, which is kept", resource.name);
            if !self.warnings.contains(&kept) {
                self.warnings.push(kept);
            }
            return Ok(None);
        }
        Ok(Some(match self.types.entry(resource.record) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let file = self.writer.resource(&resource.name)?;
                new.insert(Incoming::new(resource, call, file, from))
            }
        }))
    }

    /// What came of a type.
    pub(super) fn known(&mut self, resource: &Resource) -> Option<&mut Incoming> {
        self.types.get_mut(&resource.record)
    }

    /// Whether some object that came of a type is one for which a condition holds.
    pub(super) fn has_some(&mut self, resource: &Resource, cel: &str) -> Result<bool, ImportError> {
        let Some(incoming) = self.types.get_mut(&resource.record) else {
            return Ok(false);
        };
        let mark = incoming.file.end_page()?;
        let condition = Condition::new(resource.record, cel);
        let mut found = false;
        let lines = self.writer.lines_up_to(&mark, &resource.name)?;
        each_batch(lines, |records| {
            found = found
                || records
                    .iter()
                    .any(|record| condition.holds(&record.object) == Some(true));
        })?;
        Ok(found)
    }

    /// Closes the files. Types come before those that are read for each of them.
    pub(super) fn finish(mut self) -> Result<(Vec<Entry>, Vec<String>), ImportError> {
        let mut marks: BTreeMap<RecordType, (Mark, bool)> = BTreeMap::new();
        for (record, incoming) in &mut self.types {
            let is_whole = incoming.call.per.is_none() && incoming.doubts(self.whole).is_empty();
            marks.insert(*record, (incoming.file.end_page()?, is_whole));
        }
        let mut entries = Vec::new();
        for (_, mut incoming) in std::mem::take(&mut self.types) {
            let asked = self.asked_parents(&incoming, &marks)?;
            if let Some(asked) = asked {
                incoming.compare_parents(asked);
            }
            if incoming.repeated > 0 {
                self.warnings.push(format!(
                    "{}: {} objects came more than once and were kept once",
                    incoming.resource.name, incoming.repeated
                ));
            }
            entries.push(incoming.finish(self.writer, self.whole, self.written)?);
        }
        Ok((entries, self.warnings))
    }

    /// For a type that is read once for each of its parents: whom a collection would ask; the error says why it is not
    /// known.
    fn asked_parents(
        &self,
        incoming: &Incoming,
        marks: &BTreeMap<RecordType, (Mark, bool)>,
    ) -> Result<Option<Result<Asked, String>>, ImportError> {
        let Some((per, parent)) = incoming
            .call
            .per
            .as_ref()
            .and_then(|per| Some((per, per.parent.resource()?)))
        else {
            return Ok(None);
        };
        let earlier = self
            .before
            .and_then(|before| Some((before, before.entry(&parent.name)?)));
        let lines = match (marks.get(&per.parent), earlier) {
            (Some((mark, true)), _) => Some(self.writer.lines_up_to(mark, &parent.name)?),
            (_, Some((before, entry))) if entry.status == Status::Complete => before.lines(entry)?,
            _ => None,
        };
        let asked = lines.map(|lines| asked_in(lines, per)).transpose()?;
        Ok(Some(asked.ok_or_else(|| {
            format!(
                "{} is not here as a whole, so whom it was asked for is not known",
                parent.name
            )
        })))
    }
}

/// Where what comes of a type was read.
#[derive(Clone, Debug)]
pub(super) struct Provenance {
    /// Which part of the export, for evidence.
    pub(super) endpoint: String,
    /// Version of the API.
    pub(super) api_version: String,
}

/// What comes of one resource type.
pub(super) struct Incoming {
    resource: &'static Resource,
    call: &'static Call,
    endpoint: String,
    api_version: String,
    file: ResourceFile,
    pages: u64,
    repeated: u64,
    /// Fingerprint of the content by that of the key.
    seen: HashMap<u64, u64>,
    hasher: RandomState,
    /// How many objects have each field.
    present: Vec<u64>,
    /// Properties that were asked for, as far as the export says.
    asked: Option<BTreeSet<String>>,
    /// Paths that were cut off: how often, and where first.
    cut: BTreeMap<String, (u64, String)>,
    doubts: IndexSet<Doubt>,
    /// Parents that were asked, with what speaks against the list of each.
    parents: BTreeMap<String, IndexSet<Doubt>>,
    /// Parents of which nothing is here.
    missing: Vec<String>,
}

impl Incoming {
    fn new(resource: &'static Resource, call: &'static Call, file: ResourceFile, from: &Provenance) -> Self {
        Self {
            resource,
            call,
            endpoint: from.endpoint.clone(),
            api_version: from.api_version.clone(),
            file,
            pages: 0,
            repeated: 0,
            seen: HashMap::new(),
            hasher: RandomState::new(),
            present: vec![0; resource.record.info().fields.len()],
            asked: None,
            cut: BTreeMap::new(),
            doubts: IndexSet::new(),
            parents: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    /// Name of the type.
    pub(super) fn name(&self) -> &'static str {
        &self.resource.name
    }

    /// Properties that together name an object.
    fn key(&self) -> impl Iterator<Item = &'static str> + use<> {
        let resource = self.resource;
        let fields = &resource.record.info().fields;
        let key = resource.key.iter().filter_map(|id| fields.get(usize::from(*id)));
        key.filter(|field| matches!(field.origin, Origin::Property { .. }))
            .map(|field| field.name.as_str())
    }

    /// A property without which it is not known which object this is.
    pub(super) fn lacks(&self, object: &Map<String, Json>) -> Option<&'static str> {
        self.key()
            .find(|name| !object.keys().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Objects that came.
    pub(super) fn objects(&self) -> u64 {
        self.file.objects()
    }

    /// Notes what speaks against a list: that of one parent, or the only one.
    pub(super) fn doubt(&mut self, parent: Option<&str>, doubt: Doubt) {
        let doubts = match parent {
            Some(parent) => self.parents.entry(parent.to_owned()).or_default(),
            None => &mut self.doubts,
        };
        doubts.insert(doubt);
    }

    /// Notes that only some properties were asked for.
    pub(super) fn asked_only(&mut self, fields: BTreeSet<String>) {
        self.asked = Some(match self.asked.take() {
            Some(before) => before.intersection(&fields).cloned().collect(),
            None => fields,
        });
    }

    /// Begins a page: of a parent, its list was asked for even if it is empty.
    pub(super) fn page(&mut self, parent: Option<&str>) {
        self.pages += 1;
        if let Some(parent) = parent {
            self.parents.entry(parent.to_owned()).or_default();
        }
    }

    /// Adds an object; `raw` is what stands in the file, if it stands there as such.
    pub(super) fn take(
        &mut self,
        parent: Option<&str>,
        mut object: Map<String, Json>,
        raw: Option<&RawValue>,
        file: &ExportFile,
    ) -> Result<(), ImportError> {
        let info = self.resource.record.info();
        let reading = powershell::read(&mut object, info);
        for path in reading.cut {
            let (times, _) = self.cut.entry(path).or_insert_with(|| (0, file.shown.clone()));
            *times += 1;
        }
        if self.is_known(parent, &object, file)? {
            return Ok(());
        }
        if self.resource.population == Population::One && self.file.objects() > 0 {
            let reason = format!("there is one {}, and another file has it already", self.resource.name);
            return Err(file.mistake(&reason).into());
        }
        for (field, count) in info.fields.iter().zip(&mut self.present) {
            *count += u64::from(object.contains_key(&field.name));
        }
        let written;
        let raw = match raw.filter(|_| !reading.changed) {
            Some(raw) => raw,
            None => {
                written = serde_json::value::to_raw_value(&object).map_err(|e| file.mistake(&e.to_string()))?;
                &written
            }
        };
        if raw.get().len() > MAX_LINE {
            return Err(file.mistake("an object is too large").into());
        }
        Ok(self.file.push(parent, raw)?)
    }

    /// Whether the same object came before. Another one under the same key cannot be told from it: one of the two is
    /// old, and judging the wrong one would be worse than stopping.
    fn is_known(
        &mut self,
        parent: Option<&str>,
        object: &Map<String, Json>,
        file: &ExportFile,
    ) -> Result<bool, ImportError> {
        let values: Option<Vec<&Json>> = self.key().map(|name| object.get(name)).collect();
        let Some(values) = values.filter(|values| !values.is_empty()) else {
            return Ok(false);
        };
        let content = self.hasher.hash_one(Json::Object(object.clone()).to_string());
        match self.seen.entry(self.hasher.hash_one((parent, format!("{values:?}")))) {
            Slot::Vacant(new) => {
                new.insert(content);
                Ok(false)
            }
            Slot::Occupied(known) if *known.get() == content => {
                self.repeated += 1;
                Ok(true)
            }
            Slot::Occupied(_) => {
                let name = values.first().and_then(|value| value.as_str()).unwrap_or_default();
                let reason = format!(
                    "the {} `{name}` stands here and elsewhere in the export with other content; remove the older of the two",
                    self.resource.name
                );
                Err(file.mistake(&reason).into())
            }
        }
    }

    /// Compares the parents that came with those that a collection would ask.
    fn compare_parents(&mut self, asked: Result<Asked, String>) {
        let shortfall = match asked {
            Ok(asked) => {
                let reason = self.call.per.as_ref().and_then(|per| asked.shortfall(per));
                let is_missing = |key: &String| !self.parents.contains_key(key);
                self.missing = asked.keys.into_iter().filter(is_missing).collect();
                reason
            }
            Err(reason) => Some(reason),
        };
        if let Some(reason) = shortfall {
            self.doubt(None, Doubt::Certain(reason));
        }
    }

    /// What speaks against the list, unless somebody said that it is whole.
    fn doubts(&self, whole: &Whole) -> Vec<String> {
        let mut told = standing(&self.doubts, whole.covers(&self.resource.name));
        told.extend(self.cut.iter().map(|(path, (times, first))| {
            format!(
                "`{path}` was cut off by ConvertTo-Json in {times} objects, first in `{first}`; export again with -Depth 100"
            )
        }));
        told
    }

    /// Fields that were asked for; none when that is all of them. A vendor sends what it is asked for even when it is null:
    /// what is missing from some object was not asked for.
    fn fields(&self) -> Option<Vec<String>> {
        let fields = &self.resource.record.info().fields;
        let expanded = self
            .call
            .query
            .iter()
            .filter(|(name, _)| name.trim_start_matches('$') == "expand");
        let expanded: Vec<&str> = expanded
            .map(|(name, value)| match name.starts_with('$') {
                true => value.split('(').next().unwrap_or_default(),
                // Okta puts it under one name, whatever it is.
                false => "_embedded",
            })
            .collect();
        let is_asked = |name: &str, present: u64| {
            let must_be_there = self.call.select || expanded.contains(&name);
            let is_there = present == self.file.objects() || !must_be_there;
            is_there && self.asked.as_ref().is_none_or(|asked| asked.contains(name))
        };
        let properties = fields.iter().zip(&self.present);
        let properties: Vec<(&str, u64)> = properties
            .filter(|(field, _)| matches!(field.origin, Origin::Property { .. }))
            .map(|(field, present)| (field.name.as_str(), *present))
            .collect();
        let kept = properties.iter().filter(|(name, present)| is_asked(name, *present));
        let kept: Vec<String> = kept.map(|(name, _)| (*name).to_owned()).collect();
        (self.call.select || kept.len() < properties.len()).then_some(kept)
    }

    fn statuses(&self, whole: &Whole) -> Vec<ParentStatus> {
        let stated = whole.covers(&self.resource.name);
        let came = self.parents.iter().map(|(key, doubts)| {
            let reasons = standing(doubts, stated);
            ParentStatus {
                key: key.clone(),
                status: if reasons.is_empty() {
                    Status::Complete
                } else {
                    Status::Partial
                },
                reason: joined(&reasons),
            }
        });
        let missing = self.missing.iter().map(|key| ParentStatus {
            key: key.clone(),
            status: if stated { Status::Complete } else { Status::NotRequested },
            reason: (!stated).then(|| "the export has nothing of it, which may be because it was not asked".to_owned()),
        });
        came.chain(missing).collect()
    }

    fn finish(
        self,
        writer: &SnapshotWriter,
        whole: &Whole,
        read_at: Option<jiff::Timestamp>,
    ) -> Result<Entry, ImportError> {
        let mut reasons = self.doubts(whole);
        if self.resource.population == Population::One && self.file.objects() == 0 && reasons.is_empty() {
            reasons.push("the export holds none, and every tenant has one".to_owned());
        }
        let parents = if self.call.per.is_some() {
            let statuses = self.statuses(whole);
            let open = statuses.iter().filter(|parent| parent.status != Status::Complete);
            let open: Vec<&ParentStatus> = open.collect();
            if let Some(first) = open.first() {
                let why = first.reason.as_deref().unwrap_or_default();
                reasons.push(format!(
                    "{} of {} parents are not here as a whole: {why}",
                    open.len(),
                    statuses.len()
                ));
            }
            Some(writer.parents(&self.resource.name, &statuses)?)
        } else {
            None
        };
        let is_stated = whole.covers(&self.resource.name);
        let fields = self.fields();
        let (resource, call) = (self.resource, self.call);
        // Of a type with parents, each of them says how well its list was read.
        let is_something = self.file.objects() > 0 || parents.is_some();
        let finished = self.file.finish()?;
        Ok(Entry {
            resource: resource.name.clone(),
            source: resource.source,
            status: match (reasons.is_empty(), is_something) {
                (true, _) => Status::Complete,
                (false, true) => Status::Partial,
                (false, false) => Status::Failed,
            },
            reason: joined(&reasons).or_else(|| is_stated.then(|| "stated to be whole, with --whole".to_owned())),
            endpoint: self.endpoint,
            api_version: self.api_version,
            permission: call.permission.clone(),
            fields,
            objects: finished.objects,
            pages: self.pages,
            requests: 0,
            throttles: 0,
            bytes: finished.bytes,
            read_at,
            file: Some(finished.file),
            sha256: Some(finished.sha256),
            parents,
        })
    }
}

/// What is said of an object that lacks the property that names it: it is of another type, or none of the vendor's.
pub(super) fn nameless(file: &str, lacks: &str) -> String {
    format!("`{file}` holds something without `{lacks}`, which was left out; export again")
}

/// Doubts that no statement takes away.
fn standing(doubts: &IndexSet<Doubt>, stated: bool) -> Vec<String> {
    let standing = doubts.iter().filter_map(|doubt| match doubt {
        Doubt::Unproven(_) if stated => None,
        Doubt::Unproven(reason) | Doubt::Certain(reason) => Some(reason.clone()),
    });
    standing.collect()
}

/// The first reasons, and how many more there are.
fn joined(reasons: &[String]) -> Option<String> {
    let shown = reasons.get(..REASONS).unwrap_or(reasons).join("; ");
    match reasons.len().saturating_sub(REASONS) {
        0 if reasons.is_empty() => None,
        0 => Some(shown),
        more => Some(format!("{shown}; and {more} more")),
    }
}
