//! The syntax tree of a CEL expression.
//!
//! Macros (`all`, `exists`, `map`, `cel.bind`, …) are nodes of their own and not expanded to folds: the evaluator
//! needs to know that it looks at a quantifier to treat missing data right and to use an index.

use std::ops::Range;

use super::time::Duration;

/// Number of a node within its tree, counted from 0 in the order of parsing.
pub type NodeId = u32;

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Ast {
    /// The expression.
    pub root: Expr,
    /// How many nodes it has; ids are below this.
    pub nodes: u32,
}

/// An expression, where it stands and how deep it nests.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Number of the node.
    pub id: NodeId,
    /// Bytes of the expression in its text.
    pub span: Range<usize>,
    /// Levels of expressions below and including this one.
    pub depth: u16,
    /// What it is.
    pub kind: Kind,
}

/// A literal value.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1`
    Int(i64),
    /// `1u`
    Uint(u64),
    /// `1.0`
    Double(f64),
    /// `"text"`
    String(String),
    /// `b"bytes"`
    Bytes(Vec<u8>),
    /// A duration. Nobody can write one; a constant of the scope can be one.
    Duration(Duration),
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A literal.
    Literal(Literal),
    /// A name; `absolute` when written with a leading dot, which skips local names.
    Ident {
        /// The name.
        name: String,
        /// Written `.name`.
        absolute: bool,
    },
    /// `operand.field`, or `operand.?field` when optional.
    Select {
        /// What is read from.
        operand: Box<Expr>,
        /// The field.
        field: String,
        /// Written `.?`.
        optional: bool,
    },
    /// `has(operand.field)`
    Has {
        /// What is read from.
        operand: Box<Expr>,
        /// The field.
        field: String,
    },
    /// A call of a function, an operator or a method.
    Call {
        /// Name; operators are spelt as in the specification, `_+_`.
        function: String,
        /// What the method is called on.
        target: Option<Box<Expr>>,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// `a && b && c`, flattened.
    And(Vec<Expr>),
    /// `a || b || c`, flattened.
    Or(Vec<Expr>),
    /// `test ? then : otherwise`
    Conditional {
        /// The condition.
        test: Box<Expr>,
        /// Value when true.
        then: Box<Expr>,
        /// Value when false.
        otherwise: Box<Expr>,
    },
    /// `[a, ?b]`; the flag marks an optional element.
    List(Vec<(Expr, bool)>),
    /// `{k: v, ?k: v}`; the flag marks an optional entry.
    Map(Vec<(Expr, Expr, bool)>),
    /// `Name{field: value}`: protobuf messages, which this program has none of.
    Message(String),
    /// A quantifier or transformation over a list or map.
    Comprehension(Box<Comprehension>),
    /// `cel.bind(name, value, body)`
    Bind {
        /// The local name.
        name: String,
        /// Its value.
        value: Box<Expr>,
        /// Where it can be used.
        body: Box<Expr>,
    },
}

/// What a comprehension does with the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// True when the body holds for every element.
    All,
    /// True when it holds for at least one.
    Exists,
    /// True when it holds for exactly one.
    ExistsOne,
    /// The elements for which it holds.
    Filter,
    /// A list of the results; with a test, only of the elements that pass.
    Map,
    /// The same map with other values.
    TransformMap,
    /// A map merged from the result maps.
    TransformMapEntry,
    /// `optional.optMap` and `optFlatMap`: zero or one element.
    OptMap,
    /// The result is an optional already.
    OptFlatMap,
}

/// `range.fold(first, second, test, body)`
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// What it does.
    pub fold: Fold,
    /// List, map or optional.
    pub range: Expr,
    /// Name for the element; with two names, the index or key.
    pub first: String,
    /// Name for the value, in the forms with two names.
    pub second: Option<String>,
    /// Only elements that pass (three-argument `map`, four-argument `transform…`).
    pub test: Option<Expr>,
    /// The predicate or transformation.
    pub body: Expr,
}

impl Expr {
    /// Direct sub-expressions, in the order written.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Literal(_) | Kind::Ident { .. } | Kind::Message(_) => Vec::new(),
            Kind::Select { operand, .. } | Kind::Has { operand, .. } => vec![operand],
            Kind::Call { target, args, .. } => target.iter().map(AsRef::as_ref).chain(args).collect(),
            Kind::And(items) | Kind::Or(items) => items.iter().collect(),
            Kind::Conditional { test, then, otherwise } => vec![test, then, otherwise],
            Kind::List(items) => items.iter().map(|(item, _)| item).collect(),
            Kind::Map(entries) => entries.iter().flat_map(|(key, value, _)| [key, value]).collect(),
            Kind::Comprehension(c) => [Some(&c.range), c.test.as_ref(), Some(&c.body)]
                .into_iter()
                .flatten()
                .collect(),
            Kind::Bind { value, body, .. } => vec![value, body],
        }
    }

    /// The dotted name this expression spells (`okta.app_users`), if it is nothing but names and dots.
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident { name, .. } => Some(name.clone()),
            Kind::Select {
                operand,
                field,
                optional: false,
            } => Some(format!("{}.{field}", operand.qualified_name()?)),
            _ => None,
        }
    }

    /// The name at the root of a chain of selections.
    pub fn root_name(&self) -> Option<(&str, bool)> {
        match &self.kind {
            Kind::Ident { name, absolute } => Some((name, *absolute)),
            Kind::Select { operand, .. } => operand.root_name(),
            _ => None,
        }
    }
}
