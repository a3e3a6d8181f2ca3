//! Products with their seats, for reports to show: what policies have read of them anyway.

use bumpalo::Bump;
use serde_json::Value as Json;

use super::table::Tables;
use crate::audit::Product;
use crate::expr::{Scope, Type, Value, compile, run, to_json};
use crate::policy::{Needs, Policy, needs};

/// What is told of every product, each in the order of the collection.
const COLUMNS: [&str; 4] = [
    "entra.subscribed_skus.map(s, s.sku.name != null ? s.sku.name : s.skuPartNumber)",
    "entra.subscribed_skus.map(s, s.consumedUnits)",
    "entra.subscribed_skus.map(s, s.prepaidUnits.enabled + s.prepaidUnits.warning)",
    "entra.subscribed_skus.map(s, s.handed_out_by_okta)",
];

/// Every product. None when policies did not have all of this read, or something of a product is not known: a list that
/// lacks some would look whole.
pub(super) fn all(policies: &[Policy], tables: &Tables) -> Vec<Product> {
    let read = needs(policies);
    let columns: Option<Vec<Vec<Json>>> = COLUMNS.iter().map(|text| column(text, &read, tables)).collect();
    let Some(Ok([names, used, seats, handed_out])) = columns.map(<[Vec<Json>; 4]>::try_from) else {
        return Vec::new();
    };
    let rows = names.iter().zip(&used).zip(seats.iter().zip(&handed_out));
    let products = rows.map(|((name, used), (seats, handed_out))| {
        Some(Product {
            name: name.as_str()?.to_owned(),
            used: used.as_u64()?,
            seats: seats.as_u64()?,
            handed_out_by_okta: handed_out.as_bool(),
        })
    });
    let mut products: Vec<Product> = products.collect::<Option<_>>().unwrap_or_default();
    // In whatever order they were read.
    products.sort_by(|a, b| (&a.name, a.seats, a.used).cmp(&(&b.name, b.seats, b.used)));
    products
}

/// The values of an expression, if policies have read what it reads and it is a list that was read to its end.
pub(super) fn column(text: &str, read: &Needs, tables: &Tables) -> Option<Vec<Json>> {
    let compiled = compile(text, &Scope::snapshot().with("now", Type::Timestamp));
    let plan = compiled.plan.filter(|_| compiled.mistakes.is_empty())?;
    if !read.cover(&Needs::of(&plan.reads)) {
        return None;
    }
    let arena = Bump::new();
    match to_json(run(&plan, &[Value::Timestamp(tables.now)], tables, &arena), tables) {
        Json::Array(values) => Some(values),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_products_compiles() {
        for text in COLUMNS {
            let compiled = compile(text, &Scope::snapshot());
            assert!(compiled.mistakes.is_empty() && compiled.plan.is_some(), "{text}");
        }
    }
}
