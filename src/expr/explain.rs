//! Evidence: the parts of a condition that decided it, with the values they had.
//!
//! Runs after judging and only for findings: it evaluates again and follows what mattered. Of an `&&` that is false the
//! first false part is enough; of an `||` that is false every part is needed; of an `all` that is false the elements at
//! fault.

use std::cell::Cell;

use super::ast::Fold;
use super::eval::{Evaluator, Frame};
use super::fold::Element;
use super::plan::{FoldOp, Node, Op, Plan};
use super::value::{List, RecordRef, Value};
use super::wish::Wish;

/// How much of an explanation is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Elements at fault that are followed; the rest is counted.
    elements: usize,
    /// Parts that are kept.
    pub parts: usize,
}

impl Detail {
    /// As much as a person reads.
    pub const SHOWN: Self = Self { elements: 5, parts: 24 };
    /// Everything, as long as it fits into memory.
    pub const WHOLE: Self = Self {
        elements: usize::MAX,
        parts: 10_000,
    };
}

/// A part of a condition that decided it.
#[derive(Clone, Debug)]
pub struct Part<'r> {
    /// The part as written, white space folded.
    pub expression: String,
    /// What it yielded.
    pub value: Value<'r>,
    /// Values that it read, by the path that was written.
    pub reads: Vec<(String, Value<'r>)>,
    /// The elements of the quantifiers around it, by their names.
    pub elements: Vec<(String, Value<'r>)>,
    /// Records that it read from.
    pub records: Vec<RecordRef>,
    /// Of how many elements at fault this is one; 1 outside quantifiers.
    pub of: usize,
}

/// A variable of the plan that is explained.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'r> {
    /// Its name.
    pub name: &'r str,
    /// What computed its value, if it was computed.
    pub plan: Option<&'r Plan>,
}

/// What decided a condition, and what could turn it around.
#[derive(Clone, Debug, Default)]
pub struct Explained<'r> {
    /// The parts that decided it.
    pub parts: Vec<Part<'r>>,
    /// Values that would turn one of them around.
    pub wishes: Vec<Wish<'r>>,
}

impl<'r> Evaluator<'r> {
    /// Runs a plan and follows what decided its value.
    pub fn explain(
        &self,
        plan: &'r Plan,
        names: Vec<Variable<'r>>,
        variables: &'r [Value<'r>],
        detail: Detail,
    ) -> Explained<'r> {
        Explainer::new(self, plan, names, variables, detail).explain()
    }
}

pub(super) struct Explainer<'e, 'r> {
    pub(super) evaluator: &'e Evaluator<'r>,
    detail: Detail,
    plan: &'r Plan,
    frame: Frame<'r>,
    pub(super) elements: Vec<(String, Value<'r>)>,
    /// Records that the ranges of the quantifiers around were read from.
    sources: Vec<RecordRef>,
    names: Vec<Variable<'r>>,
    variables: &'r [Value<'r>],
    of: usize,
    /// Whether what is followed is the only thing at fault in the quantifiers around.
    pub(super) alone: bool,
    parts: Vec<Part<'r>>,
    pub(super) wishes: Vec<Wish<'r>>,
}

impl<'e, 'r> Explainer<'e, 'r> {
    fn new(
        evaluator: &'e Evaluator<'r>,
        plan: &'r Plan,
        names: Vec<Variable<'r>>,
        variables: &'r [Value<'r>],
        detail: Detail,
    ) -> Self {
        Self {
            evaluator,
            detail,
            plan,
            frame: evaluator.frame(plan, variables),
            elements: Vec::new(),
            sources: Vec::new(),
            names,
            variables,
            of: 1,
            alone: true,
            parts: Vec::new(),
            wishes: Vec::new(),
        }
    }

    fn explain(mut self) -> Explained<'r> {
        self.node(&self.plan.root);
        Explained {
            parts: self.parts,
            wishes: self.wishes,
        }
    }

    /// Whether a slot holds what a policy gave a name to.
    pub(super) fn is_named(&self, slot: usize) -> bool {
        self.names.get(slot).is_some_and(|variable| variable.plan.is_some())
    }

    /// The same for what computed a variable, which is true or false by itself.
    fn variable(&self, slot: usize) -> Option<Explainer<'e, 'r>> {
        let plan = self.names.get(slot)?.plan?;
        Some(Explainer::new(
            self.evaluator,
            plan,
            self.names.clone(),
            self.variables,
            self.detail,
        ))
    }

    pub(super) fn value(&self, node: &'r Node) -> Value<'r> {
        self.evaluator.node(node, self.frame)
    }

    pub(super) fn text(&self, node: &Node) -> String {
        let raw = self.plan.text.get(node.span.clone()).unwrap_or_default();
        raw.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn node(&mut self, node: &'r Node) {
        if self.parts.len() >= self.detail.parts {
            return;
        }
        match &node.op {
            Op::And(items) => self.connective(items, self.value(node), false),
            Op::Or(items) => self.connective(items, self.value(node), true),
            Op::Call { function, args } if function.name == "!_" => args.iter().for_each(|arg| self.node(arg)),
            Op::If(parts) => {
                let [test, then, otherwise] = parts.as_ref();
                match self.value(test) {
                    Value::Bool(true) => self.branch(test, then),
                    Value::Bool(false) => self.branch(test, otherwise),
                    _ => self.node(test),
                }
            }
            Op::Bind { slot, value, body } => {
                if let Some(cell) = self.frame.get(*slot) {
                    cell.set(self.value(value));
                }
                self.node(body);
            }
            Op::Fold(fold) if matches!(fold.fold, Fold::All | Fold::Exists) => self.quantifier(node, fold),
            Op::Slot(slot) if matches!(self.value(node), Value::Bool(_) | Value::Unknown(_)) => {
                match self.variable(*slot) {
                    Some(computed) => {
                        let explained = computed.explain();
                        self.parts.extend(explained.parts);
                        self.wishes.extend(explained.wishes);
                    }
                    None => self.leaf(node),
                }
            }
            _ => self.leaf(node),
        }
    }

    fn branch(&mut self, test: &'r Node, taken: &'r Node) {
        self.leaf(test);
        if !matches!(taken.op, Op::Literal(_)) {
            self.node(taken);
        }
    }

    /// The parts that made the whole what it is: one that absorbs the rest, or all that are alike. Of unknown parts those
    /// that add a reason.
    fn connective(&mut self, items: &'r [Node], whole: Value<'r>, absorbing: bool) {
        if matches!(whole, Value::Bool(whole) if whole == absorbing) {
            return self.absorbed(items, absorbing);
        }
        let mut reasons: Vec<u32> = Vec::new();
        for item in items {
            match (whole, self.value(item)) {
                (Value::Bool(_), Value::Bool(_)) | (Value::Error(_), Value::Error(_)) => self.node(item),
                (Value::Unknown(_), Value::Unknown(why)) if why.origins.iter().any(|id| !reasons.contains(id)) => {
                    reasons.extend_from_slice(why.origins);
                    self.node(item);
                }
                _ => {}
            }
        }
    }

    /// Of the parts that absorb the rest the one with the least to say; of equals the first.
    fn absorbed(&mut self, items: &'r [Node], absorbing: bool) {
        let before = (std::mem::take(&mut self.parts), std::mem::take(&mut self.wishes));
        let mut best: Option<(Vec<Part<'r>>, Vec<Wish<'r>>)> = None;
        for item in items {
            if !matches!(self.value(item), Value::Bool(value) if value == absorbing) {
                continue;
            }
            self.node(item);
            let found = (std::mem::take(&mut self.parts), std::mem::take(&mut self.wishes));
            if best.as_ref().is_none_or(|(parts, _)| found.0.len() < parts.len()) {
                best = Some(found);
            }
        }
        let (parts, wishes) = best.unwrap_or_default();
        (self.parts, self.wishes) = before;
        self.parts.extend(parts);
        self.wishes.extend(wishes);
    }

    /// Follows the elements that made `all` false, `exists` true, or either unknown.
    fn quantifier(&mut self, node: &'r Node, fold: &'r FoldOp) {
        let whole = self.value(node);
        let range = match fold
            .join
            .as_ref()
            .and_then(|join| self.evaluator.joined(join, self.frame))
        {
            Some(found) => found,
            None => self.value(&fold.range),
        };
        let Value::List(list) = range else {
            return self.leaf(node);
        };
        let culprits = self.culprits(fold, list, whole);
        if culprits.is_empty() {
            return self.leaf(node);
        }
        let (before, sources, of) = (self.elements.len(), self.sources.len(), self.of);
        let mut read = Vec::new();
        self.records(&fold.range, &mut read);
        self.sources.extend(read);
        self.wish_without(fold, &culprits);
        let alone = self.alone;
        self.alone = alone && culprits.len() == 1;
        self.of = culprits.len();
        for culprit in culprits.into_iter().take(self.detail.elements) {
            if self.evaluator.enter(fold, &culprit, self.frame).is_err() {
                break;
            }
            self.elements.push((self.element_name(fold), culprit.value));
            self.node(&fold.body);
            self.elements.truncate(before);
        }
        self.sources.truncate(sources);
        self.of = of;
        self.alone = alone;
    }

    /// The name that the body uses for the element: what a path in it begins with.
    fn element_name(&self, fold: &FoldOp) -> String {
        let mut names = Vec::new();
        roots(&fold.body, fold.second.unwrap_or(fold.first), &mut |span| {
            names.push(span)
        });
        names
            .first()
            .and_then(|span| self.plan.text.get(span.clone()))
            .unwrap_or("element")
            .to_owned()
    }

    /// The elements that made it what it is.
    fn culprits(&self, fold: &'r FoldOp, list: &'r List<'r>, whole: Value<'r>) -> Vec<Element<'r>> {
        let mut found = Vec::new();
        for element in self.evaluator.elements_of(list) {
            if self.evaluator.enter(fold, &element, self.frame).is_err() {
                break;
            }
            let same = match (whole, self.value(&fold.body)) {
                (Value::Bool(true), Value::Bool(body)) => fold.fold == Fold::Exists && body,
                (Value::Bool(false), Value::Bool(body)) => fold.fold == Fold::All && !body,
                (Value::Unknown(_), Value::Unknown(_)) | (Value::Error(_), Value::Error(_)) => true,
                _ => false,
            };
            if same {
                found.push(element);
            }
        }
        found
    }

    fn leaf(&mut self, node: &'r Node) {
        let mut part = Part {
            expression: self.text(node),
            value: self.value(node),
            reads: Vec::new(),
            elements: self.elements.clone(),
            records: self.sources.clone(),
            of: self.of,
        };
        self.reads(node, &mut part);
        self.parts.push(part);
        self.wish(node);
    }

    /// Paths that a part reads, with their values, and the records on the way.
    fn reads(&self, node: &'r Node, part: &mut Part<'r>) {
        match &node.op {
            Op::Field { .. } | Op::Key { .. } | Op::HasField { .. } | Op::HasKey { .. } => {
                let text = self.text(node);
                if !part.reads.iter().any(|(known, _)| *known == text) {
                    part.reads.push((text, self.value(node)));
                }
                self.records(node, &mut part.records);
            }
            // What is inside a quantifier has no one value; its range does.
            Op::Fold(fold) => {
                if let Some(join) = &fold.join {
                    self.reads(&join.key, part);
                } else {
                    self.reads(&fold.range, part);
                }
            }
            // The row itself is no value that is read; the present and what a policy gave a name to are.
            Op::Slot(slot) if *slot > 0 => {
                let Some(variable) = self.names.get(*slot) else { return };
                let read = (
                    variable.name.to_owned(),
                    self.frame.get(*slot).map_or(Value::Null, Cell::get),
                );
                if !part.reads.iter().any(|(known, _)| *known == read.0) {
                    part.reads.push(read);
                }
                self.records(node, &mut part.records);
            }
            // A constant with a name is a value that somebody chose.
            Op::Literal(_) | Op::List(_) if self.text(node).starts_with("params.") => {
                let text = self.text(node);
                if !part.reads.iter().any(|(known, _)| *known == text) {
                    part.reads.push((text, self.value(node)));
                }
            }
            _ => node.children().into_iter().for_each(|child| self.reads(child, part)),
        }
    }

    fn records(&self, node: &'r Node, found: &mut Vec<RecordRef>) {
        if let Value::Record(record) = self.value(node)
            && !found.contains(&record)
        {
            found.push(record);
        }
        if let Op::Slot(slot) = &node.op
            && let Some(computed) = self.variable(*slot)
        {
            return computed.records(&computed.plan.root, found);
        }
        // Inside a comprehension a local name stands for whatever element came last.
        if let Op::Fold(fold) = &node.op {
            return self.records(&fold.range, found);
        }
        node.children().into_iter().for_each(|child| self.records(child, found));
    }
}

/// Places where a slot is read.
fn roots(node: &Node, slot: usize, found: &mut impl FnMut(std::ops::Range<usize>)) {
    if matches!(node.op, Op::Slot(at) if at == slot) {
        found(node.span.clone());
    }
    for child in node.children() {
        roots(child, slot, found);
    }
}
