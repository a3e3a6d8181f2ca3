//! The executable form of an expression: names resolved to slots and fields, joins to index look-ups.
//!
//! [`lower`] makes a [`Plan`] from a checked tree. A plan knows what it reads, from which follow the projection of the
//! snapshot, the indexes and the collection plan.

use std::collections::BTreeSet;
use std::ops::Range;

use super::ast::{Ast, Comprehension, Expr, Fold, Kind, Literal};
use super::check::Checked;
use super::functions::{self, Function};
use super::join;
use super::records::LookUp;
use super::scope::{Constant, Named, Scope};
use super::types::Type;
use crate::catalog::{FieldId, RecordType};

/// An executable expression.
#[derive(Debug)]
pub struct Plan {
    /// The expression.
    pub root: Node,
    /// How many values it needs at once: its variables, then its local names.
    pub slots: usize,
    /// How many of them are variables.
    pub variables: usize,
    /// The expression as written; spans of nodes point into it.
    pub text: String,
    /// What it reads.
    pub reads: Reads,
}

/// What a plan reads of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Fields, by record type.
    pub fields: BTreeSet<(RecordType, FieldId)>,
    /// Types of which the whole collection is read.
    pub collections: BTreeSet<RecordType>,
    /// Fields looked up by value.
    pub joins: BTreeSet<(RecordType, FieldId)>,
}

impl Reads {
    /// Adds what another plan reads.
    pub fn extend(&mut self, other: &Reads) {
        self.fields.extend(&other.fields);
        self.collections.extend(&other.collections);
        self.joins.extend(&other.joins);
    }
}

/// An operation and where it was written.
#[derive(Debug)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Plan {
    /// Whether it reads the value of a slot.
    pub fn uses(&self, slot: usize) -> bool {
        fn search(node: &Node, slot: usize) -> bool {
            matches!(node.op, Op::Slot(found) if found == slot)
                || node.children().into_iter().any(|child| search(child, slot))
        }
        search(&self.root, slot)
    }
}

impl Node {
    /// Operations that this one uses, in the order written.
    pub fn children(&self) -> Vec<&Node> {
        match &self.op {
            Op::Literal(_) | Op::Type(_) | Op::Slot(_) | Op::Collection(_) | Op::Fail(_) => Vec::new(),
            Op::Field { base, .. } | Op::Key { base, .. } | Op::HasField { base, .. } | Op::HasKey { base, .. } => {
                vec![base]
            }
            Op::Matches { text, .. } => vec![text],
            Op::Call { args, .. } | Op::And(args) | Op::Or(args) => args.iter().collect(),
            Op::If(parts) => parts.iter().collect(),
            Op::List(items) => items.iter().map(|(item, _)| item).collect(),
            Op::Map(entries) => entries.iter().flat_map(|(key, value, _)| [key, value]).collect(),
            Op::Fold(fold) => [Some(&fold.range), fold.test.as_ref(), Some(&fold.body)]
                .into_iter()
                .flatten()
                .collect(),
            Op::Bind { value, body, .. } => vec![value, body],
        }
    }
}

/// The operations.
#[derive(Debug)]
pub enum Op {
    /// A literal.
    Literal(Literal),
    /// A type as a value.
    Type(Type),
    /// A variable or local value.
    Slot(usize),
    /// All records of a type, or the one there is.
    Collection(RecordType),
    /// A field of a record.
    Field {
        /// The record.
        base: Box<Node>,
        /// The field, by type of record.
        ty: RecordType,
        /// Its number.
        field: FieldId,
        /// Whether absence gives `optional.none()`.
        optional: bool,
    },
    /// A field known only by name: of a map, or of a value of unknown type.
    Key {
        /// The map.
        base: Box<Node>,
        /// The key.
        key: String,
        /// Whether absence gives `optional.none()`.
        optional: bool,
    },
    /// `has(base.field)` on a record.
    HasField {
        /// The record.
        base: Box<Node>,
        /// The type of record.
        ty: RecordType,
        /// The field.
        field: FieldId,
    },
    /// `has(base.key)` on anything else.
    HasKey {
        /// The map.
        base: Box<Node>,
        /// The key.
        key: String,
    },
    /// A call of a function or operator.
    Call {
        /// The function.
        function: &'static Function,
        /// Arguments, the receiver first.
        args: Vec<Node>,
    },
    /// A regular expression that is written out, compiled once.
    Matches {
        /// The text.
        text: Box<Node>,
        /// The expression.
        regex: regex::Regex,
    },
    /// Something that fails whenever it runs, and why: unchecked expressions may hold such parts.
    Fail(String),
    /// `&&`
    And(Vec<Node>),
    /// `||`
    Or(Vec<Node>),
    /// `?:`
    If(Box<[Node; 3]>),
    /// A list; the flag marks an optional element.
    List(Vec<(Node, bool)>),
    /// A map; the flag marks an optional entry.
    Map(Vec<(Node, Node, bool)>),
    /// A comprehension.
    Fold(Box<FoldOp>),
    /// `cel.bind`
    Bind {
        /// Where the value is put.
        slot: usize,
        /// The value.
        value: Box<Node>,
        /// Where it is used.
        body: Box<Node>,
    },
}

/// A comprehension.
#[derive(Debug)]
pub struct FoldOp {
    /// What it does.
    pub fold: Fold,
    /// What it goes over.
    pub range: Node,
    /// Slot of the first name.
    pub first: usize,
    /// Slot of the second name.
    pub second: Option<usize>,
    /// Only elements that pass.
    pub test: Option<Node>,
    /// The predicate or transformation.
    pub body: Node,
    /// When only records with one value in one field can matter: which, and the value.
    pub join: Option<Join>,
}

/// A look-up by value instead of going over all records: by `v.field == key`, or by `key in v.field` for a list. The field
/// may be that of an object nested in the record: `v.profile.login == key`.
#[derive(Debug)]
pub struct Join {
    /// What is compared, or searched.
    pub by: LookUp,
    /// What it is compared with, or searched for; does not depend on the record gone over.
    pub key: Node,
}

/// Makes the executable form. Mistakes that the checker found become parts that fail when they run.
pub fn lower(ast: &Ast, text: &str, scope: &Scope, checked: &Checked) -> Plan {
    let mut lowering = Lowering {
        checked,
        locals: Vec::new(),
        variables: scope.variables().len(),
        slots: scope.variables().len(),
        reads: Reads::default(),
    };
    let root = lowering.node(&ast.root);
    Plan {
        root,
        slots: lowering.slots,
        variables: lowering.variables,
        text: text.to_owned(),
        reads: lowering.reads,
    }
}

struct Lowering<'c> {
    checked: &'c Checked,
    locals: Vec<String>,
    variables: usize,
    slots: usize,
    reads: Reads,
}

impl Lowering<'_> {
    fn node(&mut self, expr: &Expr) -> Node {
        Node {
            op: self.op(expr),
            span: expr.span.clone(),
        }
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.node(expr))
    }

    fn op(&mut self, expr: &Expr) -> Op {
        if let Some(named) = self.checked.names.get(&expr.id) {
            return self.named(&named.clone(), &expr.span);
        }
        match &expr.kind {
            Kind::Literal(literal) => Op::Literal(literal.clone()),
            Kind::Ident { name, absolute } => match self
                .locals
                .iter()
                .rposition(|local| local == name)
                .filter(|_| !absolute)
            {
                Some(at) => Op::Slot(self.variables + at),
                None => Op::Fail(format!("undeclared reference to `{name}`")),
            },
            Kind::Select {
                operand,
                field,
                optional,
            } => self.select(operand, field, *optional),
            Kind::Has { operand, field } => self.has(operand, field),
            Kind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            Kind::And(items) => Op::And(items.iter().map(|item| self.node(item)).collect()),
            Kind::Or(items) => Op::Or(items.iter().map(|item| self.node(item)).collect()),
            Kind::Conditional { test, then, otherwise } => {
                Op::If(Box::new([self.node(test), self.node(then), self.node(otherwise)]))
            }
            Kind::List(items) => Op::List(
                items
                    .iter()
                    .map(|(item, optional)| (self.node(item), *optional))
                    .collect(),
            ),
            Kind::Map(entries) => Op::Map(
                entries
                    .iter()
                    .map(|(key, value, optional)| (self.node(key), self.node(value), *optional))
                    .collect(),
            ),
            Kind::Message(name) => Op::Fail(format!("there is no message type `{name}`")),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind { name, value, body } => {
                let value = self.boxed(value);
                let slot = self.enter(name);
                let body = self.boxed(body);
                self.locals.pop();
                Op::Bind { slot, value, body }
            }
        }
    }

    fn named(&mut self, named: &Named, span: &Range<usize>) -> Op {
        match named {
            Named::Variable(at, _) => Op::Slot(*at),
            Named::Type(ty) => Op::Type(ty.clone()),
            Named::Constant(_, Constant::One(literal)) => Op::Literal(literal.clone()),
            Named::Constant(_, Constant::List(items)) => {
                let node = |literal: &Literal| Node {
                    op: Op::Literal(literal.clone()),
                    span: span.clone(),
                };
                Op::List(items.iter().map(|literal| (node(literal), false)).collect())
            }
            Named::Collection(resource) => {
                self.reads.collections.insert(resource.record);
                Op::Collection(resource.record)
            }
        }
    }

    /// Takes a slot for a local name.
    fn enter(&mut self, name: &str) -> usize {
        self.locals.push(name.to_owned());
        let slot = self.variables + self.locals.len() - 1;
        self.slots = self.slots.max(slot + 1);
        slot
    }

    /// The record type that an operand surely yields.
    fn record(&self, operand: &Expr) -> Option<RecordType> {
        match self.checked.ty(operand).non_null() {
            Type::Record(record) => Some(*record),
            _ => None,
        }
    }

    fn select(&mut self, operand: &Expr, field: &str, optional: bool) -> Op {
        let ty = self.record(operand);
        let found = ty.and_then(|ty| ty.info().field(field).map(|(id, _)| (ty, id)));
        let base = self.boxed(operand);
        match found {
            Some((ty, field)) => {
                self.reads.fields.insert((ty, field));
                Op::Field {
                    base,
                    ty,
                    field,
                    optional,
                }
            }
            None => Op::Key {
                base,
                key: field.to_owned(),
                optional,
            },
        }
    }

    fn has(&mut self, operand: &Expr, field: &str) -> Op {
        let found = self
            .record(operand)
            .and_then(|ty| ty.info().field(field).map(|(id, _)| (ty, id)));
        let base = self.boxed(operand);
        match found {
            Some((ty, field)) => {
                self.reads.fields.insert((ty, field));
                Op::HasField { base, ty, field }
            }
            None => Op::HasKey {
                base,
                key: field.to_owned(),
            },
        }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Op {
        let (name, target) = match self.checked.namespaced.get(&expr.id) {
            Some(name) => (name.as_str(), None),
            None => (function, target),
        };
        let Some(function) = functions::function(name) else {
            return Op::Fail(format!("there is no function `{name}`"));
        };
        let receiver = target.is_some();
        let known = function.overloads.iter().any(|overload| overload.receiver == receiver);
        let count = args.len() + usize::from(receiver);
        let fits = function
            .overloads
            .iter()
            .any(|overload| overload.variadic || overload.params.len() == count);
        if !known || !fits {
            return Op::Fail("no such overload".to_owned());
        }
        let mut args: Vec<Node> = target.into_iter().chain(args).map(|arg| self.node(arg)).collect();
        if name == "matches"
            && let Some(Op::Literal(Literal::String(pattern))) = args.get(1).map(|arg| &arg.op)
            && let Ok(regex) = functions::regex(pattern)
        {
            args.truncate(1);
            if let Some(text) = args.pop() {
                return Op::Matches {
                    text: Box::new(text),
                    regex,
                };
            }
        }
        Op::Call { function, args }
    }

    fn comprehension(&mut self, c: &Comprehension) -> Op {
        let range = self.node(&c.range);
        let outer = self.locals.len();
        let key = self.join(c);
        let first = self.enter(&c.first);
        let second = c.second.as_ref().map(|name| self.enter(name));
        let test = c.test.as_ref().map(|test| self.node(test));
        let body = self.node(&c.body);
        self.locals.truncate(outer);
        Op::Fold(Box::new(FoldOp {
            fold: c.fold,
            range,
            first,
            second,
            test,
            body,
            join: key,
        }))
    }

    /// The index look-up of a comprehension, if it has one.
    fn join(&mut self, c: &Comprehension) -> Option<Join> {
        let Some(Named::Collection(resource)) = self.checked.names.get(&c.range.id) else {
            return None;
        };
        let (by, key) = join::of(c, resource)?;
        self.reads.fields.insert((by.holder, by.field));
        self.reads.joins.insert((by.holder, by.field));
        Some(Join {
            by,
            key: self.node(key),
        })
    }
}
