//! What expressions need of a snapshot, followed through links and derived fields.
//!
//! From it derive the collection plan, the projection and the order in which fields are computed.

use std::collections::{BTreeSet, HashSet};

use super::derived::derived;
use crate::catalog::{FieldId, FieldType, Origin, RecordType, Resource, Supply};
use crate::expr::Reads;

/// Everything that some expressions need.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    fields: BTreeSet<(RecordType, FieldId)>,
    records: BTreeSet<RecordType>,
    joins: BTreeSet<(RecordType, FieldId)>,
    computed: Vec<(RecordType, FieldId)>,
    visited: HashSet<(RecordType, FieldId)>,
}

impl Needs {
    /// What expressions that read this need.
    pub fn of(reads: &Reads) -> Self {
        let mut needs = Self::default();
        needs.add(reads);
        needs
    }

    /// Adds what further expressions need.
    pub fn add(&mut self, reads: &Reads) {
        self.joins.extend(&reads.joins);
        for record in &reads.collections {
            self.record(*record);
        }
        for (record, field) in &reads.fields {
            self.field(*record, *field);
        }
    }

    /// Adds all that others need.
    pub fn extend(&mut self, other: &Self) {
        self.joins.extend(&other.joins);
        self.records.extend(&other.records);
        for (record, field) in &other.fields {
            self.field(*record, *field);
        }
    }

    /// Adds what naming a record to a person takes: its key and its label.
    pub fn add_resource(&mut self, resource: &Resource) {
        self.record(resource.record);
        for field in &resource.key {
            self.field(resource.record, *field);
        }
        self.path(resource.record, &resource.label);
    }

    /// Adds every property of a record, for showing it whole.
    pub fn add_properties(&mut self, record: RecordType) {
        for (at, field) in record.info().fields.iter().enumerate() {
            if matches!(field.origin, Origin::Property { .. } | Origin::Parent) {
                self.field(record, FieldId::try_from(at).unwrap_or(FieldId::MAX));
            }
            if let (Origin::Property { .. }, Some(inner)) = (&field.origin, record_of(&field.ty)) {
                self.add_properties(inner);
            }
        }
    }

    /// Whether all that another needs is needed here too.
    pub fn cover(&self, other: &Self) -> bool {
        other.fields.is_subset(&self.fields)
            && other.records.is_subset(&self.records)
            && other.joins.is_subset(&self.joins)
    }

    /// All fields that are needed, properties and others.
    pub fn all_fields(&self) -> impl Iterator<Item = (RecordType, FieldId)> + '_ {
        self.fields.iter().copied()
    }

    /// Fields that are needed of a type, properties and others.
    pub fn fields(&self, record: RecordType) -> Vec<FieldId> {
        self.fields
            .range((record, 0)..=(record, FieldId::MAX))
            .map(|(_, field)| *field)
            .collect()
    }

    /// Fields that are looked up by value.
    pub fn joins(&self) -> impl Iterator<Item = (RecordType, FieldId)> + '_ {
        self.joins.iter().copied()
    }

    /// Links and scalar derived fields in an order in which each finds what it needs.
    pub fn computed(&self) -> &[(RecordType, FieldId)] {
        &self.computed
    }

    /// Resource types that must be read, in the order of the catalogue; those inside the program included.
    pub fn resources(&self) -> Vec<&'static Resource> {
        let mut found = BTreeSet::new();
        for record in self
            .records
            .iter()
            .copied()
            .chain(self.fields.iter().map(|(record, _)| *record))
        {
            found.insert(top(record));
        }
        let mut all: Vec<&'static Resource> = found.into_iter().filter_map(RecordType::resource).collect();
        // The parents of per-parent calls must be read to be asked one by one.
        let mut at = 0;
        while let Some(resource) = all.get(at) {
            if let Supply::Call(call) = &resource.supply
                && let Some(parent) = call.per.as_ref().and_then(|per| per.parent.resource())
                && !all.iter().any(|known| known.name == parent.name)
            {
                all.push(parent);
            }
            at += 1;
        }
        all.sort_by_key(|resource| resource.record);
        all
    }

    fn record(&mut self, record: RecordType) {
        self.records.insert(record);
    }

    fn path(&mut self, record: RecordType, path: &[FieldId]) {
        let mut here = record;
        for id in path {
            self.field(here, *id);
            let ty = here.info().fields.get(usize::from(*id)).map(|field| &field.ty);
            if let Some(FieldType::Record(inner)) = ty {
                here = *inner;
            }
        }
    }

    fn field(&mut self, record: RecordType, id: FieldId) {
        if !self.visited.insert((record, id)) {
            return;
        }
        self.fields.insert((record, id));
        let Some(field) = record.info().fields.get(usize::from(id)) else {
            return;
        };
        match &field.origin {
            Origin::Property { .. } | Origin::Parent => {}
            Origin::Match { link } => self.field(record, *link),
            Origin::Link(link) => {
                self.record(link.to);
                for key in &link.on {
                    self.path(record, &key.from);
                    self.field(link.to, key.to);
                }
                self.computed.push((record, id));
            }
            Origin::Derived(_) => {
                if let Some(plan) = derived(record, id) {
                    self.add(&plan.reads);
                }
                // Lists are not kept: they are found by index whenever they are read.
                if !matches!(field.ty, FieldType::List(_)) {
                    self.computed.push((record, id));
                }
            }
        }
    }
}

/// The record type of a field's value or of its elements.
fn record_of(ty: &FieldType) -> Option<RecordType> {
    match ty {
        FieldType::Record(record) => Some(*record),
        FieldType::List(inner) => record_of(inner),
        _ => None,
    }
}

/// The resource type's own record of a nested one.
fn top(record: RecordType) -> RecordType {
    record.info().parent.map_or(record, top)
}
