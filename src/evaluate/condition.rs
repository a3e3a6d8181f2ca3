//! A condition on the rows of a type, ready to be asked a million times.
//!
//! Most parts of a condition look at one field that has few different values: a status, a department, a flag, or whether
//! a link leads anywhere. Such a part is answered once for each value, by the evaluator itself, and looked up from then
//! on. The rest runs on every row. Only plainly true and plainly false are told here; where anything is unknown or fails,
//! the whole condition is left to the evaluator, so the rule of unknown is written once.

use std::sync::atomic::{AtomicU8, Ordering};

use bumpalo::Bump;

use super::column::{Cells, Column, State};
use super::table::{Cell, Computed, Links, Property, Stored, Tables};
use super::texts::{Coded, Texts};
use crate::catalog::{FieldId, RecordType};
use crate::expr::ast::Literal;
use crate::expr::{Evaluator, Node, Op, Plan, RecordRef, Value};

/// Slot of the row that is judged.
const ROW: usize = 0;
/// Slot of the present, which is the same for every row.
const NOW: usize = 1;

/// A condition on one type of record.
pub struct Condition<'t> {
    plan: &'t Plan,
    ty: RecordType,
    tables: &'t Tables,
    root: Part<'t>,
}

/// A part of a condition.
enum Part<'t> {
    /// All of these hold.
    All(Vec<Part<'t>>),
    /// Any of these holds.
    Any(Vec<Part<'t>>),
    /// Depends on the value of one field.
    ByValue(ByValue<'t>),
    /// Runs on every row.
    Run(&'t Node),
}

/// A part that depends on the value of one field, with the answers found so far.
struct ByValue<'t> {
    node: &'t Node,
    source: Source<'t>,
    /// By the code of the value. Threads may find the same answer at the same time.
    answers: Vec<AtomicU8>,
}

const NOT_ASKED: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const NEITHER: u8 = 3;

/// Where the value of a field is found for a row.
struct Source<'t> {
    /// Links on the way.
    links: Vec<&'t Links>,
    codes: Codes<'t>,
}

/// A column whose values have small numbers.
enum Codes<'t> {
    /// Texts that recur.
    Text(&'t Coded),
    /// Flags.
    Bool(&'t Cells<bool>),
    /// Whether there is a value.
    State(&'t [State]),
    /// The same of texts.
    TextState(&'t Texts),
    /// Whether a link leads anywhere.
    Link(&'t Links),
    /// Derived values.
    Computed(&'t Computed),
    /// Whether there is a derived value.
    ComputedState(&'t Computed),
}

impl<'t> Condition<'t> {
    /// Prepares a condition whose first variable is a record of a type.
    pub fn new(plan: &'t Plan, ty: RecordType, tables: &'t Tables) -> Self {
        let root = part(&plan.root, ty, tables);
        Self { plan, ty, tables, root }
    }

    /// Whether it holds for a row; `None` when that is not known, or asking fails. `variables` gives the values of the
    /// condition's variables, the record first, and is asked when something has to run.
    pub fn holds<'r>(&'r self, row: u32, variables: &impl Fn() -> &'r [Value<'r>], arena: &'r Bump) -> Option<bool> {
        self.part(&self.root, row, variables, arena)
    }

    fn part<'r>(
        &'r self,
        part: &'r Part<'t>,
        row: u32,
        variables: &impl Fn() -> &'r [Value<'r>],
        arena: &'r Bump,
    ) -> Option<bool> {
        match part {
            Part::All(parts) => self.connective(parts, false, row, variables, arena),
            Part::Any(parts) => self.connective(parts, true, row, variables, arena),
            Part::Run(node) => self.run(node, variables, arena),
            Part::ByValue(part) => {
                let answer = part.answers.get(part.source.code(row)?)?;
                match answer.load(Ordering::Relaxed) {
                    TRUE => Some(true),
                    FALSE => Some(false),
                    NEITHER => None,
                    _ => {
                        // Only the row matters to such a part, and the present.
                        let row = Value::Record(RecordRef { ty: self.ty, row });
                        let own = arena.alloc([row, Value::Timestamp(self.tables.now)]);
                        let found = self.run(part.node, &|| &*own, arena);
                        let code = found.map_or(NEITHER, |found| if found { TRUE } else { FALSE });
                        answer.store(code, Ordering::Relaxed);
                        found
                    }
                }
            }
        }
    }

    /// The absorbing answer of any part wins; a part that gives no answer leaves the whole without one.
    fn connective<'r>(
        &'r self,
        parts: &'r [Part<'t>],
        absorbing: bool,
        row: u32,
        variables: &impl Fn() -> &'r [Value<'r>],
        arena: &'r Bump,
    ) -> Option<bool> {
        let mut whole = Some(!absorbing);
        for part in parts {
            match self.part(part, row, variables, arena) {
                Some(found) if found == absorbing => return Some(absorbing),
                Some(_) => {}
                None => whole = None,
            }
        }
        whole
    }

    fn run<'r>(
        &'r self,
        node: &'r Node,
        variables: &impl Fn() -> &'r [Value<'r>],
        arena: &'r Bump,
    ) -> Option<bool> {
        match Evaluator::new(self.tables, arena).part(self.plan, node, variables()) {
            Value::Bool(found) => Some(found),
            _ => None,
        }
    }
}

fn part<'t>(node: &'t Node, ty: RecordType, tables: &'t Tables) -> Part<'t> {
    let parts = |nodes: &'t [Node]| nodes.iter().map(|node| part(node, ty, tables)).collect();
    match (&node.op, by_value(node, ty, tables)) {
        (_, Some(part)) => Part::ByValue(part),
        (Op::And(nodes), None) => Part::All(parts(nodes)),
        (Op::Or(nodes), None) => Part::Any(parts(nodes)),
        _ => Part::Run(node),
    }
}

fn by_value<'t>(node: &'t Node, ty: RecordType, tables: &'t Tables) -> Option<ByValue<'t>> {
    let mut path = None;
    let mut whole = false;
    let depends = look(node, &mut |found, value| {
        whole |= value;
        *path.get_or_insert_with(|| found.clone()) == found
    });
    let source = Source::find(tables, ty, path.filter(|_| depends)?.as_slice(), whole)?;
    let answers = (0..source.codes.count()).map(|_| AtomicU8::new(NOT_ASKED)).collect();
    Some(ByValue { node, source, answers })
}

/// Whether an operation reads nothing but fields of the row that `uses` accepts: each by its path, and whether its value
/// matters or only if there is one.
fn look(node: &Node, uses: &mut impl FnMut(Vec<FieldId>, bool) -> bool) -> bool {
    match &node.op {
        Op::Literal(_) | Op::Type(_) | Op::Slot(NOW) => true,
        Op::Field { .. } => path(node).is_some_and(|path| uses(path, true)),
        Op::HasField { .. } => path(node).is_some_and(|path| uses(path, false)),
        Op::Call { function, args } => match (function.name, args.as_slice()) {
            ("_==_" | "_!=_", [field, null] | [null, field]) if is_null(null) && path(field).is_some() => {
                path(field).is_some_and(|path| uses(path, false))
            }
            _ => args.iter().all(|arg| look(arg, uses)),
        },
        Op::Matches { text, .. } => look(text, uses),
        Op::And(_) | Op::Or(_) | Op::If(_) | Op::List(_) => node.children().into_iter().all(|child| look(child, uses)),
        _ => false,
    }
}

/// The fields from the row to the value that an operation reads.
fn path(node: &Node) -> Option<Vec<FieldId>> {
    let (base, field) = match &node.op {
        Op::Slot(ROW) => return Some(Vec::new()),
        Op::Field {
            base,
            field,
            optional: false,
            ..
        } => (base, field),
        Op::HasField { base, field, .. } => (base, field),
        _ => return None,
    };
    let mut path = path(base)?;
    path.push(*field);
    Some(path)
}

fn is_null(node: &Node) -> bool {
    matches!(node.op, Op::Literal(Literal::Null))
}

impl<'t> Source<'t> {
    /// Where the value at the end of a path is found, if it has a code; `whole` when more of it matters than whether it
    /// is there.
    fn find(tables: &'t Tables, ty: RecordType, path: &[FieldId], whole: bool) -> Option<Self> {
        let (last, way) = path.split_last()?;
        let mut ty = ty;
        let mut links = Vec::new();
        for field in way {
            ty = match tables.stored(ty, *field)? {
                Stored::Property {
                    column: Property::Nested(nested, _),
                    ..
                } => *nested,
                Stored::Match(record) => *record,
                Stored::Link { to, links: found } => {
                    links.push(found);
                    *to
                }
                _ => return None,
            };
        }
        let codes = Codes::of(tables.stored(ty, *last)?, whole)?;
        Some(Self { links, codes })
    }

    /// The code of a row's value; `None` where a link on the way leads nowhere or it is not known where.
    fn code(&self, row: u32) -> Option<usize> {
        let mut row = row as usize;
        for links in &self.links {
            row = links.get(row).ok()?? as usize;
        }
        self.codes.get(row)
    }
}

impl<'t> Codes<'t> {
    fn of(stored: &'t Stored, whole: bool) -> Option<Self> {
        Some(match stored {
            Stored::Property { column, .. } => match column {
                Property::Plain(Column::String(Texts::Coded(coded))) => Self::Text(coded),
                Property::Plain(Column::Bool(cells)) => Self::Bool(cells),
                _ if whole => return None,
                Property::Plain(Column::String(texts) | Column::Json(texts)) => Self::TextState(texts),
                Property::Plain(Column::Int(cells) | Column::Timestamp(cells)) => Self::State(&cells.states),
                Property::Plain(Column::Double(cells)) => Self::State(&cells.states),
                Property::Plain(Column::Items(ends, _)) | Property::Rows(_, ends) => Self::State(&ends.states),
                Property::Nested(_, states) => Self::State(states),
                Property::Plain(Column::Nested(..) | Column::Rows(..)) => return None,
            },
            Stored::Parent(Texts::Coded(coded)) => Self::Text(coded),
            Stored::Link { links, .. } if !whole => Self::Link(links),
            Stored::Computed(computed) if whole => Self::Computed(computed),
            Stored::Computed(computed) => Self::ComputedState(computed),
            _ => return None,
        })
    }

    /// How many codes there are.
    fn count(&self) -> usize {
        match self {
            Self::Text(coded) => coded.codes(),
            Self::Bool(_) => 5,
            Self::State(_) | Self::TextState(_) => 4,
            Self::Link(_) | Self::ComputedState(_) => 2,
            Self::Computed(computed) => 3 + computed.texts.len(),
        }
    }

    fn get(&self, row: usize) -> Option<usize> {
        Some(match self {
            Self::Text(coded) => coded.code(row) as usize,
            Self::Bool(cells) => match cells.get(row) {
                Ok(value) => usize::from(*value),
                Err(state) => 1 + state as usize,
            },
            Self::State(states) => states.get(row).copied()? as usize,
            Self::TextState(texts) => texts.get(row).err().unwrap_or(State::Value) as usize,
            Self::Link(links) => usize::from(links.get(row).ok()?.is_some()),
            Self::Computed(computed) => match computed.cells.get(row)? {
                Cell::Null => 0,
                Cell::Bool(value) => 1 + usize::from(*value),
                Cell::String(at) => 3 + *at as usize,
                _ => return None,
            },
            Self::ComputedState(computed) => match computed.cells.get(row)? {
                Cell::Unknown(_) | Cell::Error(_) => return None,
                cell => usize::from(!matches!(cell, Cell::Null)),
            },
        })
    }
}
