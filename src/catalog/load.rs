//! Reads the catalogue's files.
//!
//! ```yaml
//! source: okta                 # prefix of every name
//! absent: null                 # what a missing property means unless its field says otherwise: null or unknown
//! resources:
//!   app_user:                  # okta.app_user; a row is called `app_user` in conditions
//!     plural: app_users        # the whole collection, okta.app_users; left out when there is exactly one
//!     about: one sentence
//!     population: one | few | many
//!     estimate: { people: 0.1, base: 20 }  # how many there are in a tenant, for the plan; by population if left out
//!     call: { path, version, paging, list, page_size, query, select, per, empty_on, cost, import_only }
//!     reference: skus          # instead of `call`: a table inside the program
//!     permission: least scope or application permission
//!     licence: what the tenant must have bought
//!     clouds: [global]         # where it exists, when not everywhere
//!     key: [fields]            # together identify one record; empty when there is exactly one
//!     label: path.of.field     # names one to a person; left out when there is exactly one
//!     fields:
//!       name: { type, values, closed, absent, personal, about }
//!       name: { about, fields: {…} }         # a nested object: the same row
//!       name: { as, about, list: {…}, links, derived }   # a list of nested objects: rows of their own
//!     links:   { name: { to, on: [{from, to}], match, always, about } }
//!     derived: { name: { type, cel, otherwise, about } }
//! ```
//!
//! `per: { type, parameter, key, where, asked }` calls once for each record of another type: its property `key` fills the
//! path (`parent/id` fills two parameters, the first with what the record itself was listed under), `where` is CEL over
//! it, and who is asked can so be those alone of whom something is wanted: factors are `per` administrator. `asked` is how
//! many that are, for the plan. `paging: body` reads a page from the property `list`. A call that is `import_only` is
//! refused to applications: what a person was answered is imported.
//!
//! Types are `bool`, `int`, `double`, `string`, `timestamp`, `map`, `list(T)` or a record's name; `?` means "or null".

use serde_json::{Map, Value as Json};

use super::raw::{self, Loaded, RawDerived, RawField, RawFile, RawLink, RawResource, decode};
use super::types::{
    Absent, Bucket, Call, Derived, Estimate, Field, FieldId, FieldType, Link, LinkKey, Origin, Paging, PerParent,
    Population, Record, RecordType, Resource, SourceName, Supply,
};
use super::{Catalog, reference};

/// Reads all files. The error names the first fault; it is the programmer's, not the user's.
pub(super) fn load() -> Loaded<Catalog> {
    let mut builder = Builder::default();
    for bucket in raw::buckets()? {
        builder.catalog.buckets.push(Bucket {
            name: bucket.name,
            source: bucket.source,
            paths: bucket.paths,
            limit: bucket.limit,
            unit: bucket.unit,
            seconds: bucket.seconds,
            from: bucket.from,
        });
    }
    let files = raw::files()?;
    for file in &files {
        builder.register(file)?;
    }
    for file in &files {
        for (name, raw) in &file.resources {
            builder.resource(file.source, name, raw)?;
        }
    }
    builder.links()?;
    Ok(builder.catalog)
}

#[derive(Default)]
struct Builder {
    catalog: Catalog,
    /// What a missing property means, for each record type.
    absent: Vec<Absent>,
    /// Links wait until every record has its fields.
    links: Vec<(RecordType, String, RawLink)>,
}

impl Builder {
    /// Gives every record type its number, so that types can name each other.
    fn register(&mut self, file: &RawFile) -> Loaded<()> {
        let absent = match file.absent.as_deref() {
            None => Absent::Null,
            Some("unknown") => Absent::Unknown,
            Some(other) => return Err(format!("absent: {other}")),
        };
        for (name, raw) in &file.resources {
            let raw: RawResource = decode(name, raw)?;
            let full = format!("{}.{name}", file.source.as_str());
            let record = self.record(&full, name, &raw.about, None, &absent)?;
            self.nested(record, &raw.fields, &absent)?;
            self.matches(record, &raw.links, &absent)?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        name: &str,
        variable: &str,
        about: &str,
        parent: Option<RecordType>,
        absent: &Absent,
    ) -> Loaded<RecordType> {
        let id = RecordType(u16::try_from(self.catalog.records.len()).map_err(|e| e.to_string())?);
        let clash = self.catalog.by_name.insert(name.to_owned(), id);
        if clash.is_some() {
            return Err(format!("{name} is declared twice"));
        }
        self.absent.push(absent.clone());
        self.catalog.records.push(Record {
            id,
            name: name.to_owned(),
            variable: variable.to_owned(),
            about: about.to_owned(),
            fields: Vec::new(),
            resource: None,
            parent,
        });
        Ok(id)
    }

    fn nested(&mut self, parent: RecordType, fields: &Map<String, Json>, absent: &Absent) -> Loaded<()> {
        for (name, raw) in fields {
            let raw: RawField = decode(name, raw)?;
            let Some(inner) = raw.fields.as_ref().or(raw.list.as_ref()) else {
                continue;
            };
            let full = format!("{}.{name}", self.name(parent));
            let variable = raw.r#as.as_deref().unwrap_or(name);
            let record = self.record(&full, variable, &raw.about, Some(parent), absent)?;
            self.nested(record, inner, absent)?;
            self.matches(record, &raw.links, absent)?;
        }
        Ok(())
    }

    /// A link that shows how it matched has a record type for that.
    fn matches(&mut self, parent: RecordType, links: &Map<String, Json>, absent: &Absent) -> Loaded<()> {
        for (name, raw) in links {
            let raw: RawLink = decode(name, raw)?;
            let Some(name) = raw.r#match else { continue };
            let full = format!("{}.{name}", self.name(parent));
            let record = self.record(&full, &name, "How the link was made.", Some(parent), absent)?;
            let outcomes = ["none", "one", "several", "disagree"].map(str::to_owned).to_vec();
            let ty = FieldType::Enum {
                values: outcomes,
                closed: true,
            };
            let property = |name: &str, about: &str, ty, nullable| Field {
                name: name.to_owned(),
                about: about.to_owned(),
                ty,
                nullable,
                personal: false,
                origin: Origin::Property {
                    absent: Absent::Unknown,
                },
            };
            self.push(
                record,
                property(
                    "outcome",
                    "Whether the keys lead to none, one, several or different records.",
                    ty,
                    false,
                ),
            );
            self.push(
                record,
                property("key", "The key that led there.", FieldType::String, true),
            );
        }
        Ok(())
    }

    fn name(&self, record: RecordType) -> String {
        self.catalog.record(record).name.clone()
    }

    fn push(&mut self, record: RecordType, field: Field) -> FieldId {
        let fields = self.catalog.records.get_mut(record.index()).map(|r| &mut r.fields);
        fields.map_or(0, |fields| {
            fields.push(field);
            FieldId::try_from(fields.len() - 1).unwrap_or(FieldId::MAX)
        })
    }

    fn resource(&mut self, source: SourceName, name: &str, raw: &Json) -> Loaded<()> {
        let raw: RawResource = decode(name, raw)?;
        let full = format!("{}.{name}", source.as_str());
        let record = self.find(&full)?;
        self.fields(record, &raw.fields)?;
        let supply = self.supply(source, &raw)?;
        if let Some(call) = supply.call()
            && let Some(per) = &call.per
        {
            let about = format!("Id of the {} that this belongs to.", self.name(per.parent));
            self.push(
                record,
                Field {
                    name: "parent".to_owned(),
                    about,
                    ty: FieldType::String,
                    nullable: false,
                    personal: false,
                    origin: Origin::Parent,
                },
            );
        }
        self.added(record, &raw.links, &raw.derived)?;
        let key = raw
            .key
            .iter()
            .map(|name| self.field(record, name))
            .collect::<Loaded<Vec<_>>>()?;
        let label = match &raw.label {
            Some(label) => self.path(record, label)?,
            None => Vec::new(),
        };
        let collection = match &raw.plural {
            Some(plural) => format!("{}.{plural}", source.as_str()),
            None if raw.population == Population::One => full.clone(),
            None => return Err(format!("{full} has no plural")),
        };
        let at = self.catalog.resources.len();
        if let Some(record) = self.catalog.records.get_mut(record.index()) {
            record.resource = Some(at);
        }
        self.catalog.by_collection.insert(collection.clone(), at);
        self.catalog.resources.push(Resource {
            name: full,
            source,
            collection,
            population: raw.population,
            estimate: raw.estimate.unwrap_or_else(|| Estimate::of(raw.population)),
            supply,
            record,
            key,
            label,
        });
        Ok(())
    }

    fn supply(&self, source: SourceName, raw: &RawResource) -> Loaded<Supply> {
        if let Some(name) = &raw.reference {
            reference(name).ok_or_else(|| format!("there is no reference table {name}"))?;
            return Ok(Supply::Reference(String::leak(name.clone())));
        }
        let call = raw
            .call
            .as_ref()
            .ok_or("a resource type has neither call nor reference")?;
        if (call.paging == Paging::Body) != call.list.is_some() {
            return Err(format!("{}: `list` and `paging: body` go together", call.path));
        }
        let per = match &call.per {
            None => None,
            Some(per) => Some(PerParent {
                parent: self.find(&per.r#type)?,
                parameter: per.parameter.clone(),
                key: per.key.clone(),
                filter: per.r#where.clone(),
                asked: per.asked,
            }),
        };
        let mut query = pairs(&call.query);
        query.extend(pairs(&call.page_size));
        let version = match source {
            SourceName::Okta => "v1",
            SourceName::Entra => "v1.0",
        };
        let supply = if call.import_only { Supply::Import } else { Supply::Call };
        Ok(supply(Box::new(Call {
            path: call.path.clone(),
            version: call.version.clone().unwrap_or_else(|| version.to_owned()),
            paging: call.paging,
            list: call.list.clone(),
            page_size: call.page_size.values().find_map(Json::as_u64),
            cost: call.cost.unwrap_or(1),
            query,
            select: call.select,
            per,
            empty_on: call.empty_on.clone(),
            permission: raw.permission.clone(),
            clouds: raw.clouds.clone(),
            licence: raw.licence.clone(),
        })))
    }

    fn fields(&mut self, record: RecordType, fields: &Map<String, Json>) -> Loaded<()> {
        for (name, raw) in fields {
            let raw: RawField = decode(name, raw)?;
            let whole = format!("{}.{name}", self.name(record));
            let default = self.absent.get(record.index()).cloned().unwrap_or(Absent::Unknown);
            let absent = match &raw.absent {
                None => default,
                Some(Json::Null) => Absent::Null,
                Some(Json::String(text)) if text == "unknown" => Absent::Unknown,
                Some(Json::String(text)) if text == "unknown_if_unused" => Absent::UnknownIfUnused,
                Some(other) => return Err(format!("{whole}: absent: {other}")),
            };
            let (ty, mut nullable) = match (&raw.r#type, &raw.fields, &raw.list) {
                (Some(ty), None, None) => self.ty(ty, &raw.values, raw.closed)?,
                (None, Some(inner), None) => {
                    let nested = self.find(&whole)?;
                    self.fields(nested, inner)?;
                    self.added(nested, &raw.links, &raw.derived)?;
                    (FieldType::Record(nested), false)
                }
                (None, None, Some(inner)) => {
                    let nested = self.find(&whole)?;
                    self.fields(nested, inner)?;
                    self.added(nested, &raw.links, &raw.derived)?;
                    (FieldType::List(Box::new(FieldType::Record(nested))), false)
                }
                _ => return Err(format!("{whole} has not exactly one of type, fields and list")),
            };
            nullable |= absent == Absent::Null && !matches!(ty, FieldType::Record(_));
            self.push(
                record,
                Field {
                    name: name.clone(),
                    about: raw.about,
                    ty,
                    nullable,
                    personal: raw.personal,
                    origin: Origin::Property { absent },
                },
            );
        }
        Ok(())
    }

    /// Fields that this program adds. Links are resolved later, but take their place now.
    fn added(&mut self, record: RecordType, links: &Map<String, Json>, derived: &Map<String, Json>) -> Loaded<()> {
        for (name, raw) in links {
            let raw: RawLink = decode(name, raw)?;
            let to = self.find(&raw.to)?;
            let matched = raw.r#match.clone().map(|m| (format!("{}.{m}", self.name(record)), m));
            let link = self.push(
                record,
                Field {
                    name: name.clone(),
                    about: raw.about.clone(),
                    ty: FieldType::Record(to),
                    nullable: !raw.always,
                    personal: false,
                    origin: Origin::Link(Link {
                        to,
                        on: Vec::new(),
                        always: raw.always,
                    }),
                },
            );
            self.links.push((record, name.clone(), raw));
            if let Some((whole, name)) = matched {
                let ty = FieldType::Record(self.find(&whole)?);
                let about = "How the link was made.".to_owned();
                self.push(
                    record,
                    Field {
                        name,
                        about,
                        ty,
                        nullable: false,
                        personal: false,
                        origin: Origin::Match { link },
                    },
                );
            }
        }
        for (name, raw) in derived {
            let raw: RawDerived = decode(name, raw)?;
            let (ty, nullable) = self.ty(&raw.r#type, &raw.values, raw.closed)?;
            let origin = Origin::Derived(Derived {
                cel: raw.cel,
                otherwise: raw.otherwise,
            });
            self.push(
                record,
                Field {
                    name: name.clone(),
                    about: raw.about,
                    ty,
                    nullable,
                    personal: false,
                    origin,
                },
            );
        }
        Ok(())
    }

    fn links(&mut self) -> Loaded<()> {
        for (record, name, raw) in std::mem::take(&mut self.links) {
            let to = self.find(&raw.to)?;
            let mut on = Vec::new();
            for key in raw.on {
                let from = self.path(record, &key.from)?;
                on.push(LinkKey {
                    from,
                    from_name: key.from,
                    to: self.field(to, &key.to)?,
                });
            }
            let at = self.field(record, &name)?;
            let field = self
                .catalog
                .records
                .get_mut(record.index())
                .and_then(|r| r.fields.get_mut(usize::from(at)));
            if let Some(Field {
                origin: Origin::Link(link),
                ..
            }) = field
            {
                link.on = on;
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Loaded<RecordType> {
        self.catalog
            .record_named(name)
            .ok_or_else(|| format!("nothing is called {name}"))
    }

    fn field(&self, record: RecordType, name: &str) -> Loaded<FieldId> {
        let info = self.catalog.record(record);
        info.field(name)
            .map(|(id, _)| id)
            .ok_or_else(|| format!("{} has no field {name}", info.name))
    }

    /// Field numbers along a dotted path through nested objects.
    fn path(&self, record: RecordType, path: &str) -> Loaded<Vec<FieldId>> {
        let mut here = record;
        let mut ids = Vec::new();
        for name in path.split('.') {
            let id = self.field(here, name)?;
            ids.push(id);
            if let Some(Field {
                ty: FieldType::Record(inner),
                ..
            }) = self.catalog.record(here).fields.get(usize::from(id))
            {
                here = *inner;
            }
        }
        Ok(ids)
    }

    fn ty(&self, text: &str, values: &[String], closed: bool) -> Loaded<(FieldType, bool)> {
        let (name, nullable) = text.strip_suffix('?').map_or((text, false), |name| (name, true));
        let ty = match name {
            "bool" => FieldType::Bool,
            "int" => FieldType::Int,
            "double" => FieldType::Double,
            "timestamp" => FieldType::Timestamp,
            "map" => FieldType::Map,
            "string" if values.is_empty() => FieldType::String,
            "string" => FieldType::Enum {
                values: values.to_vec(),
                closed,
            },
            _ => match name.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')')) {
                Some(inner) => FieldType::List(Box::new(self.ty(inner, values, closed)?.0)),
                None => FieldType::Record(self.find(name)?),
            },
        };
        Ok((ty, nullable))
    }
}

fn pairs(map: &Map<String, Json>) -> Vec<(String, String)> {
    map.iter()
        .map(|(k, v)| (k.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
        .collect()
}
