//! What a path without code of its own hands out in a world: its stock, with what the scenario says of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::patch::Patcher;
use super::query::Query;
use crate::simulator::scenario::schema::ShelfFile;
use crate::simulator::scenario::text;
use crate::simulator::stock::Stock;

/// The objects of a path.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Without a parent.
    pub(super) objects: Vec<Value>,
    /// Under certain parents.
    pub(super) under: BTreeMap<String, Vec<Value>>,
    /// Under every other parent.
    each: Vec<Value>,
}

impl Shelf {
    /// The stock of a path, and over it what a scenario says: an object of an id that is there is changed, another is
    /// added; the only object is changed whatever its id. What a scenario says of a parent is all that is under it.
    pub(super) fn new(stock: &Stock, file: Option<&ShelfFile>, patcher: &Patcher) -> Shelf {
        let complete = |object: &Value| patcher.complete(object, Value::Null);
        let all = |objects: &[Value]| objects.iter().map(complete).collect::<Vec<_>>();
        let mut shelf = Shelf {
            objects: all(&stock.objects),
            under: stock
                .under
                .iter()
                .map(|(parent, list)| (parent.clone(), all(list)))
                .collect(),
            each: all(&stock.each),
        };
        let Some(file) = file else { return shelf };
        for patch in &file.objects {
            let id = complete(patch);
            let id = text(&id, "id");
            let known = shelf
                .objects
                .iter_mut()
                .find(|object| stock.is_single() || text(object, "id") == id);
            match known {
                Some(object) => patcher.lay(patch, object),
                None => shelf.objects.push(complete(patch)),
            }
        }
        for (parent, list) in &file.under {
            let parent = complete(&Value::from(parent.as_str()));
            shelf
                .under
                .insert(parent.as_str().unwrap_or_default().to_owned(), all(list));
        }
        shelf
    }

    /// Objects, under a parent if the path has one, as far as they are asked for.
    pub(super) fn list<'s>(&'s self, stock: &'s Stock, parent: Option<&str>, query: &Query) -> Vec<&'s Value> {
        let all = match parent {
            None => &self.objects,
            Some(parent) => self.under.get(parent).unwrap_or(&self.each),
        };
        let wanted = |object: &&Value| {
            let kind = stock.by.as_ref().zip(query.kind.as_ref());
            let of_kind = kind.is_none_or(|(by, kind)| text(object, by) == kind);
            let span = stock.window.as_ref().zip(query.window.as_ref());
            of_kind && span.is_none_or(|(property, window)| window.contains(text(object, property)))
        };
        all.iter().filter(wanted).collect()
    }
}
