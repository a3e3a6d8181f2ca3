//! Comprehensions: `all`, `exists`, `filter`, `map` and their kin, over lists that may not be whole.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::ast::Fold;
use super::eval::{Evaluator, Frame, Tally, set};
use super::plan::{FoldOp, Join};
use super::unknown::Unknown;
use super::value::{Interval, Items, List, Map, Tri, Value, equal};

/// Records of unknown value that a join goes over one by one. Where there are more, that some are there is enough: going
/// over them for each record that looks them up would be everybody with everybody.
const MOST_MAYBE: usize = 256;

impl<'r> Evaluator<'r> {
    pub(super) fn fold(&self, fold: &'r FoldOp, frame: Frame<'r>) -> Value<'r> {
        if let Some(join) = &fold.join
            && let Some(found) = self.joined(join, frame)
        {
            return match found {
                Value::List(list) => self.over_list(fold, list, frame),
                trouble => trouble,
            };
        }
        match self.node(&fold.range, frame) {
            Value::List(list) => self.over_list(fold, list, frame),
            Value::Map(map) => self.over_map(fold, map, frame),
            Value::Optional(inner) => self.over_optional(fold, inner.copied(), frame),
            trouble @ (Value::Unknown(_) | Value::Error(_)) => trouble,
            other => self.context.no_overload(&[other]),
        }
    }

    /// The records that can matter, by index; `None` when they must all be gone over.
    pub(super) fn joined(&self, join: &'r Join, frame: Frame<'r>) -> Option<Value<'r>> {
        let key = self.node(&join.key, frame);
        if matches!(key, Value::Error(_)) {
            return None;
        }
        if let Value::Unknown(why) = key {
            if matches!(self.records.collection(join.by.ty, self.arena()), Value::List(list) if list.is_empty()) {
                return None;
            }
            // Any record may match: what is known about them does not help.
            let none = List {
                items: Items::Values(&[]),
                maybe: &[],
                open: Some(why),
            };
            return Some(Value::List(self.arena().alloc(none)));
        }
        let found = self.records.matching(join.by, key, self.arena())?;
        let mut open = found.open;
        let maybe = match found.maybe_why {
            Some(why) if found.maybe.len() > MOST_MAYBE => {
                open = Unknown::either(open, Some(why), self.arena());
                &[]
            }
            _ => found.maybe,
        };
        if maybe.is_empty() {
            let items = Items::Chosen {
                ty: join.by.ty,
                rows: found.rows,
            };
            return Some(Value::List(self.arena().alloc(List {
                items,
                maybe: &[],
                open,
            })));
        }
        // Rows whose own value is unknown stay in the list: the predicate itself will be unknown on them.
        let mut rows = ArenaVec::with_capacity_in(found.rows.len() + maybe.len(), self.arena());
        rows.extend_from_slice(found.rows);
        rows.extend_from_slice(maybe);
        rows.sort_unstable();
        let items = Items::Chosen {
            ty: join.by.ty,
            rows: rows.into_bump_slice(),
        };
        Some(Value::List(self.arena().alloc(List {
            items,
            maybe: &[],
            open,
        })))
    }

    fn over_list(&self, fold: &'r FoldOp, list: &'r List<'r>, frame: Frame<'r>) -> Value<'r> {
        self.elements(fold, self.elements_of(list), list.open, frame)
    }

    /// The elements of a list with their places. Behind one that may not belong, or in a list of which nobody knows
    /// where something is missing, the place is not known.
    pub(super) fn elements_of(&self, list: &'r List<'r>) -> impl Iterator<Item = Element<'r>> + use<'_, 'r> {
        let mut doubt = list.open;
        let mut least = 0;
        (0..list.len()).filter_map(move |at| {
            let value = list.get(at)?;
            let last = i64::try_from(at).unwrap_or(i64::MAX);
            let key = match doubt {
                None => Value::Int(last),
                Some(why) => Value::Interval(self.arena().alloc(Interval {
                    low: least,
                    high: list.open.is_none().then_some(last),
                    why,
                })),
            };
            let maybe = list.maybe(at);
            match maybe {
                Some(_) => doubt = Unknown::either(doubt, maybe, self.arena()),
                None => least += 1,
            }
            Some(Element {
                key,
                value,
                single: value,
                maybe,
            })
        })
    }

    fn over_map(&self, fold: &'r FoldOp, map: &'r Map<'r>, frame: Frame<'r>) -> Value<'r> {
        let elements = map.entries.iter().map(|(key, value)| Element {
            key: *key,
            value: *value,
            single: *key,
            maybe: None,
        });
        self.elements(fold, elements, None, frame)
    }

    fn over_optional(&self, fold: &'r FoldOp, inner: Option<Value<'r>>, frame: Frame<'r>) -> Value<'r> {
        let Some(value) = inner else {
            return Value::Optional(None);
        };
        set(frame, fold.first, value);
        match (fold.fold, self.node(&fold.body, frame)) {
            (_, trouble @ (Value::Unknown(_) | Value::Error(_))) => trouble,
            (Fold::OptMap, value) => Value::Optional(Some(self.arena().alloc(value))),
            (Fold::OptFlatMap, value @ Value::Optional(_)) => value,
            (_, other) => self.context.no_overload(&[other]),
        }
    }

    fn elements(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        match fold.fold {
            Fold::All => self.quantify(fold, elements, open, frame, false),
            Fold::Exists => self.quantify(fold, elements, open, frame, true),
            Fold::ExistsOne => self.exists_one(fold, elements, open, frame),
            Fold::Filter => self.filter(fold, elements, open, frame),
            Fold::Map => self.transform(fold, elements, open, frame),
            Fold::TransformMap | Fold::TransformMapEntry => self.transform_map(fold, elements, open, frame),
            Fold::OptMap | Fold::OptFlatMap => Value::Error("no such overload"),
        }
    }

    pub(super) fn enter(&self, fold: &FoldOp, element: &Element<'r>, frame: Frame<'r>) -> Result<(), Value<'r>> {
        match fold.second {
            None => set(frame, fold.first, element.single),
            Some(second) => {
                set(frame, fold.first, element.key);
                set(frame, second, element.value);
            }
        }
        self.context.spend(1)
    }

    fn quantify(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
        absorbing: bool,
    ) -> Value<'r> {
        let mut tally = Tally { why: open, error: None };
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            if tally.add(self.node(&fold.body, frame), element.maybe, absorbing, self) {
                return Value::Bool(absorbing);
            }
        }
        tally.value(absorbing)
    }

    fn exists_one(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let (mut hits, mut why) = (0, open);
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            match (self.node(&fold.body, frame), element.maybe) {
                (Value::Bool(true), None) => hits += 1,
                (Value::Bool(true), Some(maybe)) => why = Unknown::either(why, Some(maybe), self.arena()),
                (Value::Bool(false), _) => {}
                (Value::Unknown(unknown), _) => why = Unknown::either(why, Some(unknown), self.arena()),
                (error @ Value::Error(_), None) => return error,
                (Value::Error(_), Some(maybe)) => why = Unknown::either(why, Some(maybe), self.arena()),
                (other, _) => return self.context.no_overload(&[other]),
            }
        }
        match why {
            _ if hits >= 2 => Value::Bool(false),
            Some(why) => Value::Unknown(why),
            None => Value::Bool(hits == 1),
        }
    }

    /// Elements that pass, those of which it cannot be told kept as *maybe*.
    fn filter(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let mut out = Collected::new(self.arena());
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            match self.node(&fold.body, frame) {
                Value::Bool(true) => out.push(element.single, element.maybe),
                Value::Bool(false) => {}
                Value::Unknown(why) => {
                    out.push(element.single, Unknown::either(Some(why), element.maybe, self.arena()));
                }
                Value::Error(_) if element.maybe.is_some() => out.push(element.single, element.maybe),
                error @ Value::Error(_) => return error,
                other => return self.context.no_overload(&[other]),
            }
        }
        out.list(open, self.arena())
    }

    fn transform(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let mut out = Collected::new(self.arena());
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            let maybe = match self.passes(fold, &element, frame) {
                Ok(Some(maybe)) => maybe,
                Ok(None) => continue,
                Err(error) => return error,
            };
            match self.node(&fold.body, frame) {
                error @ Value::Error(_) if maybe.is_none() => return error,
                Value::Error(_) => out.push(maybe.map_or(Value::Null, Value::Unknown), maybe),
                value => out.push(value, maybe),
            }
        }
        out.list(open, self.arena())
    }

    /// Whether an element passes the test: no, surely (`Some(None)`), or maybe and why.
    fn passes(
        &self,
        fold: &'r FoldOp,
        element: &Element<'r>,
        frame: Frame<'r>,
    ) -> Result<Option<Option<Unknown<'r>>>, Value<'r>> {
        let Some(test) = &fold.test else {
            return Ok(Some(element.maybe));
        };
        match self.node(test, frame) {
            Value::Bool(true) => Ok(Some(element.maybe)),
            Value::Bool(false) => Ok(None),
            Value::Unknown(why) => Ok(Some(Unknown::either(Some(why), element.maybe, self.arena()))),
            Value::Error(_) if element.maybe.is_some() => Ok(Some(element.maybe)),
            error @ Value::Error(_) => Err(error),
            other => Err(self.context.no_overload(&[other])),
        }
    }

    /// Maps are either whole or unknown.
    fn transform_map(
        &self,
        fold: &'r FoldOp,
        elements: impl Iterator<Item = Element<'r>>,
        open: Option<Unknown<'r>>,
        frame: Frame<'r>,
    ) -> Value<'r> {
        let mut pairs: ArenaVec<'r, (Value<'r>, Value<'r>)> = ArenaVec::new_in(self.arena());
        let mut why = open;
        for element in elements {
            if let Err(error) = self.enter(fold, &element, frame) {
                return error;
            }
            let maybe = match self.passes(fold, &element, frame) {
                Ok(Some(maybe)) => maybe,
                Ok(None) => continue,
                Err(error) => return error,
            };
            why = Unknown::either(why, maybe, self.arena());
            match (fold.fold, self.node(&fold.body, frame)) {
                (_, Value::Error(_)) if maybe.is_some() => {}
                (_, error @ Value::Error(_)) => return error,
                (Fold::TransformMap, value) => match element.key {
                    Value::Interval(place) => why = Unknown::either(why, Some(place.why), self.arena()),
                    key => pairs.push((key, value)),
                },
                (_, Value::Unknown(unknown)) => why = Unknown::either(why, Some(unknown), self.arena()),
                (_, Value::Map(map)) => {
                    for (key, value) in map.entries {
                        if let Err(error) = self.context.spend(pairs.len()) {
                            return error;
                        }
                        let seen = |(seen, _): &(Value<'r>, _)| equal(*seen, *key, self.arena()) == Tri::True;
                        match (pairs.iter().any(seen), why) {
                            (true, None) => return Value::Error("insert failed: key already exists"),
                            // One of the two may not belong.
                            (true, Some(_)) => {}
                            (false, _) => pairs.push((*key, *value)),
                        }
                    }
                }
                (_, other) => return self.context.no_overload(&[other]),
            }
        }
        match why {
            Some(why) => Value::Unknown(why),
            None => Value::Map(self.arena().alloc(Map {
                entries: pairs.into_bump_slice(),
            })),
        }
    }
}

/// One element that a comprehension goes over.
pub(super) struct Element<'r> {
    /// Index or key.
    pub(super) key: Value<'r>,
    /// The element or value.
    pub(super) value: Value<'r>,
    /// What a single name stands for: the element of a list, the key of a map.
    pub(super) single: Value<'r>,
    /// Why it may not belong.
    pub(super) maybe: Option<Unknown<'r>>,
}

/// A list under construction, with what may not belong.
struct Collected<'r> {
    values: ArenaVec<'r, Value<'r>>,
    maybe: ArenaVec<'r, Option<Unknown<'r>>>,
}

impl<'r> Collected<'r> {
    fn new(arena: &'r Bump) -> Self {
        Self {
            values: ArenaVec::new_in(arena),
            maybe: ArenaVec::new_in(arena),
        }
    }

    fn push(&mut self, value: Value<'r>, maybe: Option<Unknown<'r>>) {
        self.values.push(value);
        self.maybe.push(maybe);
    }

    fn list(self, open: Option<Unknown<'r>>, arena: &'r Bump) -> Value<'r> {
        let settled = self.maybe.iter().all(Option::is_none);
        let maybe: &[_] = if settled { &[] } else { self.maybe.into_bump_slice() };
        Value::List(arena.alloc(List {
            items: Items::Values(self.values.into_bump_slice()),
            maybe,
            open,
        }))
    }
}
