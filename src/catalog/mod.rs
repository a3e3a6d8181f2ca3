//! The catalogue: the one table of resource types, compiled into the program.
//!
//! The files in `okta/` and `entra/`, one a subject, say for every resource type where it is read from, what its fields are, what they mean
//! when they are missing, and how records link to each other. Everything else derives from it: the collection plan,
//! permissions, the types that conditions are checked against, projection, the JSON Schema, the documentation.
//! A new resource type is one entry there.

mod load;
mod next_link;
mod raw;
mod reference;
mod types;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use next_link::next_link;
pub use reference::{ReferenceTable, reference};
pub use types::{
    Absent, Bucket, Call, Derived, EmptyOn, Estimate, Field, FieldId, FieldType, LimitUnit, Link, LinkKey, Origin,
    Paging, PerParent, Population, Record, RecordType, Resource, SourceName, Supply,
};

/// All resource types.
#[derive(Debug, Default)]
pub struct Catalog {
    resources: Vec<Resource>,
    records: Vec<Record>,
    by_name: HashMap<String, RecordType>,
    by_collection: HashMap<String, usize>,
    buckets: Vec<Bucket>,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| match load::load() {
    Ok(catalog) => catalog,
    #[expect(clippy::panic, reason = "the catalogue is part of the program; a test loads it")]
    Err(fault) => panic!("the built-in catalogue is wrong: {fault}"),
});

/// The catalogue of this program.
pub fn catalog() -> &'static Catalog {
    &CATALOG
}

impl Catalog {
    /// Resource types in the order of the files, Okta's first.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Every record type, nested ones included.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The rate limit that a path falls under, its version left out.
    pub fn bucket(&self, source: SourceName, path: &str) -> Option<&Bucket> {
        self.buckets
            .iter()
            .find(|bucket| bucket.source == source && bucket.has(path))
    }

    /// Finds a resource type by its dotted name.
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }

    /// Finds the resource type that a collection (or singleton) name in an expression stands for.
    pub fn collection(&self, name: &str) -> Option<&Resource> {
        self.resources.get(*self.by_collection.get(name)?)
    }

    /// Finds a record type by its dotted name.
    pub fn record_named(&self, name: &str) -> Option<RecordType> {
        self.by_name.get(name).copied()
    }

    /// Names of all resource types, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(|resource| resource.name.as_str())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "record numbers are only made while loading this table"
    )]
    fn record(&self, id: RecordType) -> &Record {
        &self.records[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_loads_and_is_complete() {
        let catalog = load::load().unwrap();
        assert!(catalog.resources().len() > 15);
        for record in catalog.records() {
            assert!(!record.about.is_empty(), "{} says nothing about itself", record.name);
            for field in &record.fields {
                assert!(
                    !field.about.is_empty(),
                    "{}.{} says nothing about itself",
                    record.name,
                    field.name
                );
            }
        }
    }

    #[test]
    fn graph_users_are_asked_for_38_properties() {
        let Supply::Call(call) = &catalog().resource("entra.user").unwrap().supply else {
            panic!()
        };
        assert!(call.select);
        let record = catalog().record_named("entra.user").unwrap().info();
        let properties = record
            .fields
            .iter()
            .filter(|f| matches!(f.origin, Origin::Property { .. }))
            .count();
        assert_eq!(properties, 38);
    }

    #[test]
    fn people_are_what_a_person_is_named_by() {
        let people = catalog().resources().iter().filter(|resource| resource.is_person());
        assert_eq!(
            people.map(|resource| resource.name.as_str()).collect::<Vec<_>>(),
            [
                "okta.user",
                "okta.group_member",
                "okta.app_user",
                "entra.user",
                "entra.user_registration",
                "entra.risky_user",
                "entra.sign_in",
                "entra.deleted_user"
            ]
        );
    }

    #[test]
    fn every_collection_has_one_name() {
        for resource in catalog().resources() {
            assert_eq!(catalog().collection(&resource.collection).unwrap().name, resource.name);
        }
    }
}
