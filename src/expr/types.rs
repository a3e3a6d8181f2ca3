//! Static types of expressions.

use std::fmt;
use std::sync::Arc;

use crate::catalog::RecordType;

/// The static type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Known only when it runs.
    Dyn,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`, 64 bits signed
    Int,
    /// `uint`, 64 bits unsigned
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// `list(T)`
    List(Arc<Type>),
    /// `map(K, V)`
    Map(Arc<Type>, Arc<Type>),
    /// `optional_type(T)`
    Optional(Arc<Type>),
    /// The type of a type.
    TypeOf(Arc<Type>),
    /// `T` or `null`; usable wherever `T` is, as CEL's wrapper types are.
    Nullable(Arc<Type>),
    /// A string of which the vendor documents the values.
    Enum(Arc<EnumType>),
    /// A record of the catalogue.
    Record(RecordType),
    /// A named type with parameters that only declarations introduce.
    Abstract(Arc<str>, Vec<Type>),
    /// A type parameter of a function, or a variable of inference.
    Param(Arc<str>),
    /// A variable of inference, by number.
    Var(u32),
}

/// The documented values of a string field.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumType {
    /// Spelt as the vendor's API spells them.
    pub values: Vec<String>,
    /// Whether the vendor reserves the right to add values; most do.
    pub open: bool,
}

impl Type {
    /// `list(element)`
    pub fn list(element: Type) -> Self {
        Self::List(Arc::new(element))
    }

    /// `map(key, value)`
    pub fn map(key: Type, value: Type) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    /// `optional_type(inner)`
    pub fn optional(inner: Type) -> Self {
        Self::Optional(Arc::new(inner))
    }

    /// `inner` or null; nothing is nullable twice.
    pub fn nullable(inner: Type) -> Self {
        match inner {
            Self::Nullable(_) | Self::Null | Self::Dyn => inner,
            other => Self::Nullable(Arc::new(other)),
        }
    }

    /// The type without "or null".
    pub fn non_null(&self) -> &Type {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// The type with parameters replaced.
    pub fn map_parts(&self, replace: &impl Fn(&Type) -> Option<Type>) -> Type {
        if let Some(replaced) = replace(self) {
            return replaced;
        }
        let part = |t: &Arc<Type>| Arc::new(t.map_parts(replace));
        match self {
            Self::List(t) => Self::List(part(t)),
            Self::Map(k, v) => Self::Map(part(k), part(v)),
            Self::Optional(t) => Self::Optional(part(t)),
            Self::TypeOf(t) => Self::TypeOf(part(t)),
            Self::Nullable(t) => Self::nullable(t.map_parts(replace)),
            Self::Abstract(name, parts) => {
                Self::Abstract(Arc::clone(name), parts.iter().map(|t| t.map_parts(replace)).collect())
            }
            other => other.clone(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String | Self::Enum(_) => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(t) => write!(f, "list({t})"),
            Self::Map(k, v) => write!(f, "map({k}, {v})"),
            Self::Optional(t) => write!(f, "optional({t})"),
            Self::TypeOf(t) => write!(f, "type({t})"),
            Self::Nullable(t) => write!(f, "{t} or null"),
            Self::Record(record) => f.write_str(record.name()),
            Self::Abstract(name, parts) => {
                f.write_str(name)?;
                if parts.is_empty() {
                    return Ok(());
                }
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "({})", parts.join(", "))
            }
            Self::Param(name) => f.write_str(name),
            Self::Var(_) => f.write_str("any"),
        }
    }
}
