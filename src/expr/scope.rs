//! What an expression may name: variables, and the collections of the catalogue.

use std::sync::Arc;

use super::ast::Literal;
use super::check::literal_type;
use super::expand::Definition;
use super::functions::Overload;
use super::types::{EnumType, Type};
use crate::catalog::{FieldType, Population, Resource, catalog};

/// The names an expression can use.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    variables: Vec<(String, Type)>,
    functions: Vec<(String, Overload)>,
    constants: Vec<(String, Constant)>,
    definitions: Vec<Arc<Definition>>,
    snapshot: bool,
}

/// What the names of a policy's parameters begin with.
pub(super) const PARAMS: &str = "params";

/// A value with a name that is known before anything runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// One value.
    One(Literal),
    /// A list of values.
    List(Vec<Literal>),
}

impl Constant {
    /// The value, or those of the list.
    pub fn literals(&self) -> &[Literal] {
        match self {
            Self::One(literal) => std::slice::from_ref(literal),
            Self::List(literals) => literals,
        }
    }

    fn ty(&self) -> Type {
        match self {
            Self::One(literal) => literal_type(literal),
            Self::List(literals) => Type::list(literals.first().map_or(Type::Dyn, literal_type)),
        }
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// A variable, by position.
    Variable(usize, Type),
    /// A whole collection, or the one record of a type.
    Collection(&'static Resource),
    /// A type.
    Type(Type),
    /// A constant, with its name.
    Constant(String, Constant),
}

impl Scope {
    /// Plain CEL: nothing is declared.
    pub fn new() -> Self {
        Self::default()
    }

    /// Conditions over a snapshot: the collections of the catalogue can be named.
    pub fn snapshot() -> Self {
        Self {
            snapshot: true,
            ..Self::default()
        }
    }

    /// Adds a variable; its position is the number of variables before it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ty: Type) -> Self {
        self.variables.push((name.into(), ty));
        self
    }

    /// Declares a function without an implementation, for checking only.
    #[must_use]
    pub fn with_function(mut self, name: impl Into<String>, overload: Overload) -> Self {
        self.functions.push((name.into(), overload));
        self
    }

    /// Adds a constant by its dotted name.
    #[must_use]
    pub fn with_constant(mut self, name: impl Into<String>, constant: Constant) -> Self {
        self.constants.push((name.into(), constant));
        self
    }

    /// Adds a function that an expression defines.
    #[must_use]
    pub fn with_definition(mut self, definition: Arc<Definition>) -> Self {
        self.definitions.push(definition);
        self
    }

    /// The function of that name that an expression defines.
    pub fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        self.definitions.iter().find(|known| known.name == name)
    }

    /// Declared variables in order.
    pub fn variables(&self) -> &[(String, Type)] {
        &self.variables
    }

    /// Whether a name stands for something already.
    pub fn is_taken(&self, name: &str) -> bool {
        self.lookup(name).is_some() || matches!(name, "okta" | "entra" | PARAMS | "true" | "false" | "null" | "in")
    }

    /// Overloads declared here for a function.
    pub(super) fn functions(&self, name: &str) -> impl Iterator<Item = Overload> {
        let declared = self.functions.iter().filter(move |(known, _)| known == name);
        let defined = self.definition(name).map(|definition| definition.overload());
        declared.map(|(_, overload)| overload.clone()).chain(defined)
    }

    /// Names of the functions declared or defined here.
    pub(super) fn function_names(&self) -> impl Iterator<Item = &str> {
        let declared = self.functions.iter().map(|(name, _)| name.as_str());
        declared.chain(self.definitions.iter().map(|definition| definition.name.as_str()))
    }

    /// What a dotted name stands for; a variable wins over a collection, that over a type.
    pub(super) fn lookup(&self, name: &str) -> Option<Named> {
        if let Some(at) = self.variables.iter().position(|(known, _)| known == name) {
            let ty = self.variables.get(at).map_or(Type::Dyn, |(_, ty)| ty.clone());
            return Some(Named::Variable(at, ty));
        }
        if let Some((name, constant)) = self.constants.iter().find(|(known, _)| known == name) {
            return Some(Named::Constant(name.clone(), constant.clone()));
        }
        if self.snapshot
            && let Some(resource) = catalog().collection(name)
        {
            return Some(Named::Collection(resource));
        }
        type_named(name).map(Named::Type)
    }

    /// Names that could have been meant.
    pub(super) fn names(&self) -> Vec<&str> {
        let variables = self.variables.iter().map(|(name, _)| name.as_str());
        let collections = catalog()
            .resources()
            .iter()
            .map(|resource| resource.collection.as_str());
        let constants = self.constants.iter().map(|(name, _)| name.as_str());
        variables
            .chain(constants)
            .chain(collections.filter(|_| self.snapshot))
            .collect()
    }
}

impl Named {
    /// The type of what is named.
    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Variable(_, ty) => ty.clone(),
            Self::Collection(resource) => collection_type(resource),
            Self::Type(ty) => Type::TypeOf(Arc::new(ty.clone())),
            Self::Constant(_, constant) => constant.ty(),
        }
    }
}

/// A list of records, or the record itself when there is exactly one.
fn collection_type(resource: &Resource) -> Type {
    let record = Type::Record(resource.record);
    if resource.population == Population::One {
        record
    } else {
        Type::list(record)
    }
}

/// Types that can be named in expressions.
fn type_named(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "null_type" => Type::Null,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "type" => Type::TypeOf(Arc::new(Type::Dyn)),
        "optional_type" => Type::optional(Type::Dyn),
        "google.protobuf.Timestamp" => Type::Timestamp,
        "google.protobuf.Duration" => Type::Duration,
        _ => return None,
    })
}

impl From<&FieldType> for Type {
    fn from(ty: &FieldType) -> Self {
        match ty {
            FieldType::Bool => Type::Bool,
            FieldType::Int => Type::Int,
            FieldType::Double => Type::Double,
            FieldType::String => Type::String,
            FieldType::Enum { values, closed } => Type::Enum(Arc::new(EnumType {
                values: values.clone(),
                open: !closed,
            })),
            FieldType::Timestamp => Type::Timestamp,
            FieldType::Map => Type::map(Type::String, Type::Dyn),
            FieldType::List(inner) => Type::list(inner.as_ref().into()),
            FieldType::Record(record) => Type::Record(*record),
        }
    }
}
