//! Seats: how many of each product are left as the rollout proceeds, first come, first served.

use std::collections::BTreeMap;

use super::ask::Answer;
use super::product::Product;
use crate::audit::readiness::Seats;

/// What a product is to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// The person holds it, or there is a seat.
    Given,
    /// No seat is left.
    Short,
    /// The tenant does not have the product.
    NotInTenant,
    /// How many are free is not known.
    Unknown,
}

/// The count as it proceeds.
#[derive(Debug)]
pub(super) struct Counter {
    waves: usize,
    /// Seats of each product, and how many are taken.
    products: BTreeMap<String, (Seats, i64)>,
}

impl Counter {
    pub(super) fn new(waves: usize) -> Self {
        Self {
            waves,
            products: BTreeMap::new(),
        }
    }

    /// Takes a seat for a person of a wave who holds these products. Whoever is refused for another reason gets their seat
    /// all the same: once that is mended they will want it.
    pub(super) fn take(&mut self, product: &Product, wave: usize, held: &Answer<Vec<String>>) -> Seat {
        let waves = self.waves;
        let fresh = || Seats {
            name: product.shown().to_owned(),
            part_number: product.part_number.clone(),
            free: product.free,
            in_tenant: product.in_tenant,
            needed: vec![0; waves],
            short: 0,
            uncertain: 0,
        };
        let entry = self.products.entry(product.id.clone());
        let (seats, taken) = entry.or_insert_with(|| (fresh(), 0));
        if product.is_among(held) {
            return Seat::Given;
        }
        seats.uncertain += u64::from(matches!(held, Answer::Unknown(_)));
        if let Some(needed) = seats.needed.get_mut(wave) {
            *needed += 1;
        }
        *taken += 1;
        match (product.in_tenant, product.free) {
            (Some(false), _) => {
                seats.short += 1;
                Seat::NotInTenant
            }
            (_, None) => Seat::Unknown,
            (_, Some(free)) if *taken > free => {
                seats.short += 1;
                Seat::Short
            }
            _ => Seat::Given,
        }
    }

    /// What it came to, the scarcest first.
    pub(super) fn finish(self) -> Vec<Seats> {
        let mut all: Vec<Seats> = self.products.into_values().map(|(seats, _)| seats).collect();
        all.sort_by(|a, b| b.short.cmp(&a.short).then_with(|| a.name.cmp(&b.name)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_come_are_the_first_served() {
        let product = Product {
            id: "s".into(),
            part_number: None,
            name: None,
            in_tenant: Some(true),
            free: Some(2),
        };
        let none = Answer::Known(Some(vec![]));
        let held = Answer::Known(Some(vec!["S".to_owned()]));
        let mut counter = Counter::new(2);
        assert_eq!(counter.take(&product, 0, &none), Seat::Given);
        assert_eq!(counter.take(&product, 0, &held), Seat::Given);
        assert_eq!(counter.take(&product, 1, &none), Seat::Given);
        assert_eq!(counter.take(&product, 1, &none), Seat::Short);
        let seats = counter.finish();
        assert_eq!((seats[0].needed.as_slice(), seats[0].short), (&[1, 2][..], 1));
    }
}
