//! A condition on the rows of a type, ready to be asked a million times.
//!
//! Most parts of a condition look at one field that has few different values: a status, a department, a flag, or whether
//! a link leads anywhere. Such a part is answered once for each value, by the evaluator itself, and looked up from then
//! on; `all` and `exists` over a list of a row ask such parts for each element. The rest runs on every row. Only plainly
//! true and plainly false are told here; where anything is unknown or fails, the whole condition is left to the
//! evaluator, so the rule of unknown is written once.

mod source;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU8, Ordering};

use bumpalo::Bump;

use self::source::{Elements, Source};
use super::column::State;
use super::table::Tables;
use super::texts::Coded;
use crate::catalog::{FieldId, RecordType};
use crate::expr::ast::{Fold, Literal};
use crate::expr::{Evaluator, FoldOp, Node, Op, Plan, RecordRef, Value};

/// Slot of the row that is judged.
const ROW: usize = 0;
/// Slot of the present, which is the same for every row.
const NOW: usize = 1;

/// A condition on one type of record.
pub struct Condition<'t> {
    plan: &'t Plan,
    tables: &'t Tables,
    root: Part<'t>,
}

/// A part of a condition.
enum Part<'t> {
    /// All of these hold.
    All(Vec<Part<'t>>),
    /// Any of these holds.
    Any(Vec<Part<'t>>),
    /// This does not hold.
    Not(Box<Part<'t>>),
    /// `all` or `exists` over a list of the row: what is asked of each element, and the answer that decides.
    Each(Elements<'t>, Box<Part<'t>>, bool),
    /// Depends on the value of one field.
    ByValue(ByValue<'t>),
    /// Runs on every row.
    Run(&'t Node),
}

/// A part that depends on the value of one field, with the answers found so far.
struct ByValue<'t> {
    node: &'t Node,
    /// What the field is a field of.
    subject: Subject<'t>,
    source: Source<'t>,
    /// By the code of the value. Threads may find the same answer at the same time.
    answers: Vec<AtomicU8>,
}

/// What a part is asked about.
#[derive(Clone, Copy)]
struct Subject<'t> {
    /// Where the part expects it.
    slot: usize,
    kind: SubjectKind<'t>,
}

#[derive(Clone, Copy)]
enum SubjectKind<'t> {
    /// A record of a type.
    Record(RecordType),
    /// A text of a list.
    Text(&'t Coded),
}

const NOT_ASKED: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const NEITHER: u8 = 3;

/// The values of a condition's variables, made when something has to run.
type Variables<'v, 'r> = &'v dyn Fn() -> &'r [Value<'r>];

impl<'t> Condition<'t> {
    /// Prepares a condition whose first variable is a record of a type and whose second, if any, is the present.
    pub fn new(plan: &'t Plan, ty: RecordType, tables: &'t Tables) -> Self {
        let subject = Subject {
            slot: ROW,
            kind: SubjectKind::Record(ty),
        };
        let builder = Builder { plan, tables, subject };
        let root = builder.part(&plan.root);
        Self { plan, tables, root }
    }

    /// Whether it holds for a row; `None` when that is not known, or asking fails.
    pub fn holds<'r>(&'r self, row: u32, variables: Variables<'_, 'r>, arena: &'r Bump) -> Option<bool> {
        self.part(&self.root, row, variables, arena)
    }

    fn part<'r>(&'r self, part: &'r Part<'t>, row: u32, variables: Variables<'_, 'r>, arena: &'r Bump) -> Option<bool> {
        match part {
            Part::All(parts) => decided(parts.iter().map(|part| self.part(part, row, variables, arena)), false),
            Part::Any(parts) => decided(parts.iter().map(|part| self.part(part, row, variables, arena)), true),
            Part::Not(part) => self.part(part, row, variables, arena).map(|found| !found),
            Part::Each(elements, part, absorbing) => {
                let answers = elements
                    .of(row)?
                    .map(|element| self.part(part, element, variables, arena));
                decided(answers, *absorbing)
            }
            Part::ByValue(part) => self.by_value(part, row, arena),
            Part::Run(node) => truth(Evaluator::new(self.tables, arena).part(self.plan, node, variables())),
        }
    }

    fn by_value<'r>(&'r self, part: &'r ByValue<'t>, row: u32, arena: &'r Bump) -> Option<bool> {
        let answer = part.answers.get(part.source.code(row)?)?;
        match answer.load(Ordering::Relaxed) {
            TRUE => return Some(true),
            FALSE => return Some(false),
            NEITHER => return None,
            _ => {}
        }
        let subject = match part.subject.kind {
            SubjectKind::Record(ty) => Value::Record(RecordRef { ty, row }),
            SubjectKind::Text(texts) => match texts.get(row as usize) {
                Ok(text) => Value::String(text),
                Err(State::Wrong) => return None,
                Err(_) => Value::Null,
            },
        };
        // Nothing else matters to such a part but the present.
        let mut variables = vec![Value::Null; self.plan.slots];
        for (slot, value) in [(NOW, Value::Timestamp(self.tables.now)), (part.subject.slot, subject)] {
            if let Some(variable) = variables.get_mut(slot) {
                *variable = value;
            }
        }
        let found = truth(Evaluator::new(self.tables, arena).part(self.plan, part.node, &variables));
        let code = found.map_or(NEITHER, |found| if found { TRUE } else { FALSE });
        answer.store(code, Ordering::Relaxed);
        found
    }
}

fn truth(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(found) => Some(found),
        _ => None,
    }
}

/// The absorbing answer of any part wins; a part that gives no answer leaves the whole without one.
fn decided(answers: impl Iterator<Item = Option<bool>>, absorbing: bool) -> Option<bool> {
    let mut whole = Some(!absorbing);
    for answer in answers {
        match answer {
            Some(found) if found == absorbing => return Some(absorbing),
            Some(_) => {}
            None => whole = None,
        }
    }
    whole
}

/// Sorts the parts of a condition by how they can be answered.
#[derive(Clone, Copy)]
struct Builder<'t> {
    plan: &'t Plan,
    tables: &'t Tables,
    subject: Subject<'t>,
}

impl<'t> Builder<'t> {
    fn part(self, node: &'t Node) -> Part<'t> {
        if let Some(part) = self.by_value(node) {
            return Part::ByValue(part);
        }
        let parts = |nodes: &'t [Node]| nodes.iter().map(|node| self.part(node)).collect();
        match &node.op {
            Op::And(nodes) => Part::All(parts(nodes)),
            Op::Or(nodes) => Part::Any(parts(nodes)),
            Op::Call { function, args } => match (function.name, args.as_slice()) {
                ("!_", [arg]) => Part::Not(Box::new(self.part(arg))),
                _ => Part::Run(node),
            },
            Op::Fold(fold) => self.each(fold).unwrap_or(Part::Run(node)),
            _ => Part::Run(node),
        }
    }

    /// A quantifier over a list of the row, if each element is answered by value alone.
    fn each(self, fold: &'t FoldOp) -> Option<Part<'t>> {
        let absorbing = match fold.fold {
            Fold::All => false,
            Fold::Exists => true,
            _ => return None,
        };
        if fold.join.is_some() || fold.second.is_some() {
            return None;
        }
        let path = self.path(&fold.range)?;
        let SubjectKind::Record(ty) = self.subject.kind else {
            return None;
        };
        let elements = Elements::find(self.tables, ty, &path)?;
        let subject = Subject {
            slot: fold.first,
            kind: elements.kind(),
        };
        let part = Builder { subject, ..self }.part(&fold.body);
        part.is_by_value()
            .then(|| Part::Each(elements, Box::new(part), absorbing))
    }

    fn by_value(self, node: &'t Node) -> Option<ByValue<'t>> {
        let mut path: Option<Vec<FieldId>> = None;
        let mut whole = false;
        let depends = self.look(node, &mut |found, value| {
            whole |= value;
            match &path {
                Some(path) => *path == found,
                None => {
                    path = Some(found);
                    true
                }
            }
        });
        let path = path.filter(|_| depends)?;
        let source = match self.subject.kind {
            SubjectKind::Record(ty) => Source::find(self.tables, ty, &path, whole)?,
            SubjectKind::Text(texts) => Source::text(texts),
        };
        let answers = (0..source.codes()).map(|_| AtomicU8::new(NOT_ASKED)).collect();
        Some(ByValue {
            node,
            subject: self.subject,
            source,
            answers,
        })
    }

    /// Whether an operation reads nothing but fields of the subject that `uses` accepts: each by its path, and whether
    /// its value matters or only if there is one.
    fn look(self, node: &Node, uses: &mut dyn FnMut(Vec<FieldId>, bool) -> bool) -> bool {
        if let Some(path) = self.path(node) {
            return uses(path, !matches!(node.op, Op::HasField { .. }));
        }
        match &node.op {
            Op::Literal(_) | Op::Type(_) => true,
            Op::Slot(slot) => *slot == NOW && self.plan.variables > NOW,
            Op::Call { function, args } => match (function.name, args.as_slice()) {
                ("_==_" | "_!=_", [field, null] | [null, field]) if is_null(null) => match self.path(field) {
                    Some(path) => uses(path, false),
                    None => self.look(field, uses),
                },
                _ => args.iter().all(|arg| self.look(arg, uses)),
            },
            Op::Matches { text, .. } => self.look(text, uses),
            Op::And(_) | Op::Or(_) | Op::If(_) | Op::List(_) => {
                node.children().into_iter().all(|child| self.look(child, uses))
            }
            _ => false,
        }
    }

    /// The fields from the subject to the value that an operation reads; a text in a list has none.
    fn path(self, node: &Node) -> Option<Vec<FieldId>> {
        let path = path(node, self.subject.slot)?;
        match self.subject.kind {
            SubjectKind::Record(_) => (!path.is_empty()).then_some(path),
            SubjectKind::Text(_) => path.is_empty().then_some(path),
        }
    }
}

/// The fields from a slot to the value that an operation reads.
fn path(node: &Node, slot: usize) -> Option<Vec<FieldId>> {
    let (base, field) = match &node.op {
        Op::Slot(found) if *found == slot => return Some(Vec::new()),
        Op::Field {
            base,
            field,
            optional: false,
            ..
        } => (base, field),
        Op::HasField { base, field, .. } => (base, field),
        _ => return None,
    };
    let mut path = path(base, slot)?;
    path.push(*field);
    Some(path)
}

fn is_null(node: &Node) -> bool {
    matches!(node.op, Op::Literal(Literal::Null))
}

impl Part<'_> {
    /// Whether nothing of it has to run on every row.
    fn is_by_value(&self) -> bool {
        match self {
            Part::All(parts) | Part::Any(parts) => parts.iter().all(Part::is_by_value),
            Part::Not(part) | Part::Each(_, part, _) => part.is_by_value(),
            Part::ByValue(_) => true,
            Part::Run(_) => false,
        }
    }
}
