//! What could turn a part of a condition around: the value it would have to read instead.
//!
//! A wish is a guess from the shape of one part. Whether it would make the whole condition true is for whoever can
//! judge again to find out.

use super::ast::Fold;
use super::explain::Explainer;
use super::fold::Element;
use super::plan::{FoldOp, Node, Op};
use super::value::{Items, List, RecordRef, Tri, Value, equal};
use crate::catalog::{FieldId, RecordType};

/// Elements of a list that are gone through for wishes; of a larger one there are none.
const MAX_LISTED: usize = 300;

/// Where a value is that could be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field of a record.
    Field(RecordRef, FieldId),
    /// All records of a type.
    Collection(RecordType),
    /// A value that a policy gives a name to, by its slot.
    Named(usize),
}

/// A value that would have to be another.
#[derive(Clone, Debug)]
pub struct Wish<'r> {
    /// The path as written.
    pub path: String,
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub found: Value<'r>,
    /// What it would have to be.
    pub wanted: Wanted<'r>,
    /// The list in the place, where what is wished for is another size of it.
    pub sized: Option<&'r List<'r>>,
    /// The elements of the quantifiers around it, by their names.
    pub elements: Vec<(String, Value<'r>)>,
}

/// What a value would have to be.
#[derive(Clone, Debug)]
pub enum Wanted<'r> {
    /// One of these.
    OneOf(Vec<Value<'r>>),
    /// Anything but these.
    NoneOf(Vec<Value<'r>>),
    /// Not null.
    Some,
    /// Null.
    Null,
    /// This or less.
    AtMost(Value<'r>),
    /// This or more.
    AtLeast(Value<'r>),
    /// Less.
    Below(Value<'r>),
    /// More.
    Above(Value<'r>),
    /// The list, without these.
    Without {
        /// What has to go.
        elements: Vec<Value<'r>>,
        /// The list that stays.
        rest: Value<'r>,
    },
    /// The list, with this too.
    With {
        /// What has to be in it.
        element: Value<'r>,
        /// The list then.
        list: Value<'r>,
    },
}

impl<'r> Explainer<'_, 'r> {
    /// Notes what could turn a part around that is true or false.
    pub(super) fn wish(&mut self, node: &'r Node) {
        // Of several elements at fault, turning one around helps nothing.
        let Value::Bool(is) = self.value(node) else { return };
        if !self.alone {
            return;
        }
        let wanted = !is;
        match &node.op {
            Op::Field { .. } | Op::Slot(_) => self.add(node, Wanted::OneOf(vec![Value::Bool(wanted)])),
            Op::HasField { base, field, .. } => {
                if let Value::Record(record) = self.value(base) {
                    let kind = if wanted { Wanted::Some } else { Wanted::Null };
                    let found = self.evaluator.field(Value::Record(record), *field, false);
                    let text = self.text(node);
                    let path = text.strip_prefix("has(").and_then(|path| path.strip_suffix(')'));
                    self.wishes.push(Wish {
                        path: path.unwrap_or(&text).trim().to_owned(),
                        place: Place::Field(record, *field),
                        found,
                        wanted: kind,
                        sized: None,
                        elements: self.elements.clone(),
                    });
                }
            }
            Op::Call { function, args } => {
                if let [left, right] = args.as_slice() {
                    self.comparison(function.name, left, right, wanted);
                }
            }
            Op::Fold(fold) if fold.fold == Fold::Exists && wanted => self.wish_found(fold),
            _ => {}
        }
    }

    fn comparison(&mut self, name: &str, left: &'r Node, right: &'r Node, wanted: bool) {
        match name {
            "_==_" | "_!=_" => {
                let same = (name == "_==_") == wanted;
                for (side, other) in [(left, right), (right, left)] {
                    let kind = match (self.value(other), same) {
                        (Value::Null, true) => Wanted::Null,
                        (Value::Null, false) => Wanted::Some,
                        (value, true) => Wanted::OneOf(vec![value]),
                        (value, false) => Wanted::NoneOf(vec![value]),
                    };
                    self.add(side, kind);
                }
            }
            "_<_" | "_<=_" | "_>_" | "_>=_" => {
                let less = name.starts_with("_<");
                let or_equal = name.len() == 4;
                // Turned around, `<` is `>=`; seen from the right, `<` is `>`.
                let (less, or_equal) = if wanted { (less, or_equal) } else { (!less, !or_equal) };
                self.add(left, bound(less, or_equal, self.value(right)));
                self.add(right, bound(!less, or_equal, self.value(left)));
            }
            "@in" => self.membership(left, right, wanted),
            _ => {}
        }
    }

    fn membership(&mut self, item: &'r Node, range: &'r Node, wanted: bool) {
        let (value, Value::List(list)) = (self.value(item), self.value(range)) else {
            return;
        };
        let items: Vec<Value<'r>> = list.iter().collect();
        if wanted {
            let more = [&items[..], &[value]].concat();
            let then = Value::list(&more, self.evaluator.arena());
            self.add(item, Wanted::OneOf(items));
            self.add(
                range,
                Wanted::With {
                    element: value,
                    list: then,
                },
            );
        } else {
            let arena = self.evaluator.arena();
            let same = |item: &Value<'r>| matches!(equal(*item, value, arena), Tri::True);
            let (gone, kept): (Vec<_>, Vec<_>) = items.iter().copied().partition(same);
            self.add(item, Wanted::NoneOf(items));
            let rest = Value::list(&kept, arena);
            self.add(range, Wanted::Without { elements: gone, rest });
        }
    }

    /// Notes that a quantifier would turn around without the elements at fault.
    pub(super) fn wish_without(&mut self, fold: &'r FoldOp, culprits: &[Element<'r>]) {
        if !self.alone {
            return;
        }
        let Value::List(list) = self.value(&fold.range) else {
            return;
        };
        if list.len() > MAX_LISTED || list.unsettled(self.evaluator.arena()).is_some() {
            return;
        }
        let elements: Vec<Value<'r>> = culprits.iter().map(|culprit| culprit.value).collect();
        let kept: Vec<Value<'r>> = list
            .iter()
            .filter(|item| !elements.iter().any(|gone| is(*gone, *item)))
            .collect();
        let rest = List {
            items: Items::Values(self.evaluator.arena().alloc_slice_copy(&kept)),
            maybe: &[],
            open: None,
        };
        let rest = Value::List(self.evaluator.arena().alloc(rest));
        self.add(&fold.range, Wanted::Without { elements, rest });
    }

    /// Notes that a value would be found if it were one of those that records have in the field that is looked up.
    fn wish_found(&mut self, fold: &'r FoldOp) {
        let (Some(join), Value::List(list)) = (&fold.join, self.value(&fold.range)) else {
            return;
        };
        if list.len() > MAX_LISTED {
            return;
        }
        let mut known = Vec::new();
        for record in list.iter() {
            let Value::Record(RecordRef { row, .. }) = record else {
                continue;
            };
            let holder = RecordRef {
                ty: join.by.holder,
                row,
            };
            match self.evaluator.field(Value::Record(holder), join.by.field, false) {
                Value::List(elements) => known.extend(elements.iter()),
                value => known.push(value),
            }
        }
        self.add(&join.key, Wanted::OneOf(known));
    }

    /// Notes a wish about the value of a node, if it has a place.
    fn add(&mut self, node: &'r Node, wanted: Wanted<'r>) {
        let (holder, sized) = match &node.op {
            Op::Call { function, args } if function.name == "size" => match args.as_slice() {
                [list] => (list, true),
                _ => return,
            },
            _ => (node, false),
        };
        let sized = match self.value(holder) {
            Value::List(list) if sized => Some(list),
            _ if sized => return,
            _ => None,
        };
        let Some(place) = self.place(holder) else { return };
        self.wishes.push(Wish {
            path: self.text(node),
            place,
            found: self.value(node),
            wanted,
            sized,
            elements: self.elements.clone(),
        });
    }

    fn place(&self, node: &'r Node) -> Option<Place> {
        match &node.op {
            Op::Field {
                base,
                field,
                optional: false,
                ..
            } => match self.value(base) {
                Value::Record(record) => Some(Place::Field(record, *field)),
                _ => None,
            },
            Op::Collection(ty) => Some(Place::Collection(*ty)),
            Op::Slot(slot) if self.is_named(*slot) => Some(Place::Named(*slot)),
            _ => None,
        }
    }
}

fn bound<'r>(less: bool, or_equal: bool, value: Value<'r>) -> Wanted<'r> {
    match (less, or_equal, value) {
        (true, true, value) => Wanted::AtMost(value),
        (false, true, value) => Wanted::AtLeast(value),
        (true, false, Value::Int(n)) => Wanted::AtMost(Value::Int(n.saturating_sub(1))),
        (false, false, Value::Int(n)) => Wanted::AtLeast(Value::Int(n.saturating_add(1))),
        (true, false, value) => Wanted::Below(value),
        (false, false, value) => Wanted::Above(value),
    }
}

/// Whether two elements of one list are the same one; records by what they are, other values by their content.
fn is<'r>(a: Value<'r>, b: Value<'r>) -> bool {
    match (a, b) {
        (Value::Record(a), Value::Record(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => false,
    }
}
