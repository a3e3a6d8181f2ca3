//! Products by whatever they are called: part number, product name, or the text that Okta has for one of their plans.

use super::ask::{Answer, DIRECTORY};
use crate::evaluate::Tables;

/// A product of Microsoft's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product {
    /// Its skuId.
    pub(super) id: String,
    /// Part number.
    pub(super) part_number: Option<String>,
    /// Name, which several products can share.
    pub(super) name: Option<String>,
    /// Whether the tenant has it, if that is known.
    pub(super) in_tenant: Option<bool>,
    /// Seats that are free, if that is known.
    pub(super) free: Option<i64>,
}

/// Why a text is no product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// Nothing is called so.
    Unknown,
    /// Several products are, by their part numbers.
    Several(Vec<String>),
}

/// Every product that this program or the tenant knows.
#[derive(Debug)]
pub(super) struct Products(Vec<Product>);

impl Product {
    /// What people call it.
    pub(super) fn shown(&self) -> &str {
        let names = [&self.name, &self.part_number];
        names.into_iter().flatten().next().unwrap_or(&self.id)
    }

    /// Whether it is surely among those that somebody holds.
    pub(super) fn is_among(&self, held: &Answer<Vec<String>>) -> bool {
        match held {
            Answer::Known(held) => held.iter().flatten().any(|id| id.eq_ignore_ascii_case(&self.id)),
            Answer::Unknown(_) => false,
        }
    }

    /// How surely a text means it: by its own key, by its name, or by the name and one of its plans, the longer the surer.
    fn meant_by(&self, text: &str) -> Option<usize> {
        let is = |key: &str| key.to_lowercase() == text;
        if is(&self.id) || self.part_number.as_deref().is_some_and(is) {
            return Some(usize::MAX);
        }
        let name = self.name.as_ref()?.to_lowercase();
        let rest = text.strip_prefix(&name)?;
        (rest.is_empty() || rest.starts_with(" - ")).then_some(name.len())
    }
}

impl Products {
    pub(super) fn of(tables: &Tables) -> Self {
        let ask = &*DIRECTORY;
        let product = |row| {
            Some(Product {
                id: ask.sku_id.text(row, tables)?,
                part_number: ask.sku_part_number.text(row, tables),
                name: ask.sku_name.text(row, tables),
                in_tenant: ask.sku_in_tenant.truth(row, tables),
                free: ask.sku_free.number(row, tables),
            })
        };
        Self(ask.sku_id.rows(tables).filter_map(product).collect())
    }

    /// The product of an id.
    pub(super) fn by_id(&self, id: &str) -> Option<&Product> {
        self.0.iter().find(|product| product.id.eq_ignore_ascii_case(id))
    }

    /// The product that a text means; of those that share a name the one that the tenant has.
    pub(super) fn find(&self, text: &str) -> Result<&Product, Miss> {
        let wanted = text.trim().to_lowercase();
        let meant = self
            .0
            .iter()
            .filter_map(|product| Some((product.meant_by(&wanted)?, product)));
        let meant: Vec<(usize, &Product)> = meant.collect();
        let best = meant.iter().map(|(surely, _)| *surely).max().ok_or(Miss::Unknown)?;
        let meant: Vec<&Product> = meant
            .into_iter()
            .filter(|(surely, _)| *surely == best)
            .map(|(_, product)| product)
            .collect();
        let had: Vec<&Product> = meant
            .iter()
            .copied()
            .filter(|product| product.in_tenant == Some(true))
            .collect();
        match (had.as_slice(), meant.as_slice()) {
            ([only], _) | ([], [only]) => Ok(only),
            ([], several) | (several, _) => Err(Miss::Several(
                several
                    .iter()
                    .map(|product| product.part_number.clone().unwrap_or_else(|| product.id.clone()))
                    .collect(),
            )),
        }
    }

    /// Everything that a product of the tenant may be called, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let known = self
            .0
            .iter()
            .flat_map(|product| [product.part_number.as_deref(), product.name.as_deref()]);
        known.flatten()
    }
}
