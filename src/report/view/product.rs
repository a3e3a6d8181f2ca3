//! Seats of the products that Okta hands out: where the next person fails.

use serde::Serialize;

use crate::audit::{Audit, Product};
use crate::report::shown::Shown;

/// Products that are shown.
const PRODUCTS: usize = 30;

/// A product and its seats.
#[derive(Debug, Serialize)]
pub(super) struct ProductView {
    name: Shown,
    used: u64,
    seats: u64,
    /// Seats that are left; none when more are in use than there are.
    free: u64,
    /// Whether Okta surely hands it out; else that could not be told.
    handed_out: bool,
}

/// Products that Okta hands out or may, those with fewest seats left first.
pub(super) fn all(audit: &Audit) -> Vec<ProductView> {
    let mut products: Vec<&Product> = audit
        .products
        .iter()
        .filter(|product| product.handed_out_by_okta != Some(false))
        .collect();
    products.sort_by_key(|product| (product.seats.saturating_sub(product.used), &product.name));
    let products = products.into_iter().take(PRODUCTS);
    products
        .map(|product| ProductView {
            name: Shown::name(&product.name),
            used: product.used,
            seats: product.seats,
            free: product.seats.saturating_sub(product.used),
            handed_out: product.handed_out_by_okta == Some(true),
        })
        .collect()
}
