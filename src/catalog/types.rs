//! What the catalogue says: resource types, records, fields, calls.

use super::catalog;

/// One of the two vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// The Okta org.
    Okta,
    /// The Microsoft Entra tenant.
    Entra,
}

impl SourceName {
    /// `okta` or `entra`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
        }
    }

    /// The name in a sentence: `Okta` or `Entra`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Entra",
        }
    }
}

/// Number of a record type within the catalogue: a resource type, or the type of objects nested in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordType(pub(super) u16);

impl RecordType {
    /// What the catalogue says about it.
    pub fn info(self) -> &'static Record {
        catalog().record(self)
    }

    /// Dotted name, such as `okta.app_user` or `entra.user.licenseAssignmentStates`.
    pub fn name(self) -> &'static str {
        &self.info().name
    }

    /// Position in [`super::Catalog::records`], for tables that have one entry a type.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The resource type, unless this is a nested object.
    pub fn resource(self) -> Option<&'static Resource> {
        self.info().resource.and_then(|at| catalog().resources().get(at))
    }
}

/// Number of a field within its record type.
pub type FieldId = u16;

/// A record type.
#[derive(Debug)]
pub struct Record {
    /// Its number.
    pub id: RecordType,
    /// Dotted name.
    pub name: String,
    /// What a row is called in conditions: `user`, `app_user`, `state`.
    pub variable: String,
    /// One sentence on what it is.
    pub about: String,
    /// Fields: those of the API, then `parent`, links and derived ones.
    pub fields: Vec<Field>,
    /// Position of the resource type, unless nested.
    pub resource: Option<usize>,
    /// The record that this one is nested in.
    pub parent: Option<RecordType>,
}

impl Record {
    /// Finds a field by name.
    pub fn field(&self, name: &str) -> Option<(FieldId, &Field)> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        Some((FieldId::try_from(at).ok()?, self.fields.get(at)?))
    }
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// Name: the vendor's spelling, or `snake_case` for what this program adds.
    pub name: String,
    /// One sentence on what it says.
    pub about: String,
    /// Type of its value.
    pub ty: FieldType,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether it identifies a person.
    pub personal: bool,
    /// Where the value comes from.
    pub origin: Origin,
}

/// The type of a field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldType {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// Text.
    String,
    /// Text of which the values are documented; `closed` when we make them ourselves.
    Enum {
        /// The values.
        values: Vec<String>,
        /// Whether no other can come.
        closed: bool,
    },
    /// RFC 3339 time.
    Timestamp,
    /// A free-form object.
    Map,
    /// A list.
    List(Box<FieldType>),
    /// A nested object, a linked record, or an element of a list of such.
    Record(RecordType),
}

/// Where the value of a field comes from.
#[derive(Debug)]
pub enum Origin {
    /// A property of the API's object.
    Property {
        /// What it means when the property is missing.
        absent: Absent,
    },
    /// The path parameter of a per-parent call.
    Parent,
    /// Another record.
    Link(Link),
    /// How the link of this position was made: `{outcome, key}`.
    Match {
        /// The link.
        link: FieldId,
    },
    /// An expression over the snapshot.
    Derived(Derived),
}

/// What a missing property means.
#[derive(Clone, Debug, PartialEq)]
pub enum Absent {
    /// The same as null.
    Null,
    /// It was not read.
    Unknown,
    /// Null where another object of the same parent has the property, for then the vendor leaves null out; where none has,
    /// the tenant may call it otherwise, and it is unknown. Of texts only.
    UnknownIfUnused,
}

/// A to-one link.
#[derive(Debug)]
pub struct Link {
    /// Type of the record it leads to.
    pub to: RecordType,
    /// Keys, the surest first.
    pub on: Vec<LinkKey>,
    /// Whether there is always a record, so that the link is never null. To a reference table what is missing is added;
    /// of a vendor's type a missing record is unknown.
    pub always: bool,
}

/// One way for a link to match: case-insensitively equal.
#[derive(Debug)]
pub struct LinkKey {
    /// Path of fields on this side.
    pub from: Vec<FieldId>,
    /// As written, for showing.
    pub from_name: String,
    /// Field on the other side.
    pub to: FieldId,
}

/// A field that is computed.
#[derive(Debug)]
pub struct Derived {
    /// The expression; the record is called as in conditions.
    pub cel: String,
    /// What a null result means, if it is not simply null.
    pub otherwise: Option<String>,
}

/// How many records of a type a tenant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Population {
    /// Exactly one: the record stands for itself, without a collection.
    One,
    /// Tens to thousands.
    Few,
    /// As many as people.
    Many,
}

/// A resource type.
#[derive(Debug)]
pub struct Resource {
    /// Dotted name, such as `okta.app_user`.
    pub name: String,
    /// Whose it is.
    pub source: SourceName,
    /// Name of the whole collection, `okta.app_users`; the type's own name when there is exactly one.
    pub collection: String,
    /// How many there are.
    pub population: Population,
    /// How many to expect; for a type that is read once for each parent, how many a parent has.
    pub estimate: Estimate,
    /// What it is read from.
    pub supply: Supply,
    /// Its record type.
    pub record: RecordType,
    /// Fields that together identify one.
    pub key: Vec<FieldId>,
    /// Path of the field that names one to a person.
    pub label: Vec<FieldId>,
}

impl Resource {
    /// Whether each of its records is a person, or speaks of one: what names it identifies somebody.
    pub fn is_person(&self) -> bool {
        let mut record = Some(self.record);
        let mut personal = false;
        for id in &self.label {
            let field = record.and_then(|record| record.info().fields.get(usize::from(*id)));
            personal = field.is_some_and(|field| field.personal);
            record = field.and_then(|field| match field.ty {
                FieldType::Record(inner) => Some(inner),
                _ => None,
            });
        }
        personal
    }
}

/// What a resource type is read from.
#[derive(Debug)]
pub enum Supply {
    /// A vendor's API.
    Call(Box<Call>),
    /// An API that only answers a person who is signed in; what it said comes with an import.
    Import(Box<Call>),
    /// A table inside this program.
    Reference(&'static str),
}

impl Supply {
    /// The call that it comes from, whoever makes it.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) | Self::Import(call) => Some(call),
            Self::Reference(_) => None,
        }
    }
}

/// A call of a vendor's API.
#[derive(Debug)]
pub struct Call {
    /// Path with the parent's parameter in braces.
    pub path: String,
    /// `v1.0` or `beta` for Graph, `v1` for Okta.
    pub version: String,
    /// How pages follow each other.
    pub paging: Paging,
    /// Property that holds a page's objects ([`Paging::Body`]).
    pub list: Option<String>,
    /// Most objects of a page, if the caller says so.
    pub page_size: Option<u64>,
    /// What a request takes from its bucket, where that counts units.
    pub cost: u32,
    /// Query parameters; `{start}` and `{start-30d}` stand for times.
    pub query: Vec<(String, String)>,
    /// Whether Graph is asked for the catalogue's properties by `$select`.
    pub select: bool,
    /// Called once for each record of another type.
    pub per: Option<PerParent>,
    /// Failures that mean "there are none".
    pub empty_on: Vec<EmptyOn>,
    /// Least permission or scope that allows it.
    pub permission: String,
    /// Clouds that have it; empty for all.
    pub clouds: Vec<String>,
    /// What the tenant must have bought, if it is not in every subscription.
    pub licence: Option<String>,
}

/// A rate limit that several calls share.
#[derive(Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub source: SourceName,
    /// Paths that fall into it.
    pub(super) paths: Vec<String>,
    /// How much is allowed …
    pub limit: u32,
    /// … of what …
    pub unit: LimitUnit,
    /// … in so many seconds.
    pub seconds: u32,
    /// Where it is said.
    pub from: String,
}

impl Bucket {
    /// Whether a path falls into it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|pattern| fits(pattern, path))
    }
}

/// Whether a path fits a pattern: `{}` is one segment, a `*` at the end whatever follows.
fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        match (expected, segments.next()) {
            ("*", rest) => return rest.is_some(),
            ("{}", Some(segment)) if !segment.is_empty() => {}
            (expected, Some(segment)) if expected == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitUnit {
    /// Requests.
    Requests,
    /// Resource units, of which a request costs one or more.
    Units,
}

/// How many of something a tenant is expected to have: only the plan's estimate rests on it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// For each person.
    #[serde(default)]
    pub people: f64,
    /// Whatever the number of people.
    #[serde(default)]
    pub base: f64,
}

impl Estimate {
    /// What is assumed when the catalogue does not say.
    pub(super) fn of(population: Population) -> Self {
        let (people, base) = match population {
            Population::One => (0.0, 1.0),
            Population::Few => (0.0, 50.0),
            Population::Many => (1.0, 0.0),
        };
        Self { people, base }
    }

    /// The number in a tenant of so many people.
    pub fn count(self, people: u64) -> f64 {
        self.people * people as f64 + self.base
    }
}

/// How pages follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// `Link` headers (Okta).
    Link,
    /// `@odata.nextLink` (Graph); also lists and single objects without one.
    Odata,
    /// The objects under a property, `_links.next.href` beside it (Okta's administrator roles).
    Body,
    /// A plain array.
    None,
    /// One object.
    Object,
}

/// A call made once for each parent.
#[derive(Clone, Debug)]
pub struct PerParent {
    /// Type of the parent.
    pub parent: RecordType,
    /// Name of the path parameter.
    pub parameter: String,
    /// What fills the path's parameters: a property of the parent, dotted when it is nested, for each of them, divided by
    /// `/`; `parent` is what the parent itself was listed under.
    pub key: String,
    /// CEL over the parent's object; only parents for which it holds are asked.
    pub filter: Option<String>,
    /// How many parents are asked, for the plan; all of them if it is not said.
    pub asked: Option<Estimate>,
}

impl PerParent {
    /// What fills the path for a parent that was listed under another, if it was.
    pub fn key_of(&self, under: Option<&str>, parent: &serde_json::Value) -> Option<String> {
        let part = |path: &str| {
            if path == "parent" {
                return under.map(str::to_owned);
            }
            let property = path.split('.').try_fold(parent, |here, name| here.get(name))?;
            property.as_str().map(str::to_owned)
        };
        let parts: Option<Vec<String>> = self.key.split('/').map(part).collect();
        Some(parts?.join("/"))
    }

    /// Whether a key makes a path of the template's shape: one that would change it is no key of any vendor.
    pub fn fits(&self, key: &str) -> bool {
        let parameters = self.key.split('/').count();
        let mut parts = key.splitn(parameters, '/');
        let is_part = |part: &str| !matches!(part, "" | "." | "..");
        parts.clone().count() == parameters
            && parts.all(|part| is_part(part) && (parameters == 1 || !part.contains('/')))
    }
}

/// A failure that means "there are none".
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyOn {
    /// HTTP status.
    pub status: u16,
    /// Vendor's error code, if it must be one.
    #[serde(default)]
    pub code: Option<String>,
    /// Words in the answer, where the code alone says too little.
    #[serde(default)]
    pub says: Option<String>,
}
