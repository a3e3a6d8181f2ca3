//! Frameworks: what came out for each of their items, as far as policies of the audit serve it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::{Audit, Outcome};
use crate::report::shown::Shown;

/// A framework and its items.
#[derive(Debug, Serialize)]
pub(super) struct FrameworkView {
    name: Shown,
    /// Items in the order in which people count.
    items: Vec<FrameworkItem>,
    /// How many items there are of each outcome.
    outcomes: Vec<(&'static str, u64)>,
}

/// An item, which is as good as the worst policy that serves it.
#[derive(Debug, Serialize)]
struct FrameworkItem {
    item: Shown,
    outcome: &'static str,
    /// Places of its policies among the policies.
    policies: Vec<usize>,
}

/// Every framework that a policy names.
pub(super) fn all(audit: &Audit) -> Vec<FrameworkView> {
    let mut frameworks: BTreeMap<&str, BTreeMap<Place<'_>, Vec<usize>>> = BTreeMap::new();
    for (at, policy) in audit.policies.iter().enumerate() {
        for (name, items) in &policy.frameworks {
            let known = frameworks.entry(name).or_default();
            for item in items {
                known.entry(place(item)).or_default().push(at);
            }
        }
    }
    frameworks
        .into_iter()
        .map(|(name, items)| framework(audit, name, items))
        .collect()
}

/// One framework.
fn framework(audit: &Audit, name: &str, items: BTreeMap<Place<'_>, Vec<usize>>) -> FrameworkView {
    let worst = |policies: &[usize]| {
        let outcomes = policies.iter().filter_map(|at| audit.policies.get(*at));
        outcomes
            .map(|policy| policy.outcome)
            .min()
            .unwrap_or(Outcome::NotApplicable)
    };
    let items: Vec<FrameworkItem> = items
        .into_iter()
        .map(|((.., item), policies)| FrameworkItem {
            item: Shown::name(item),
            outcome: worst(&policies).as_str(),
            policies,
        })
        .collect();
    let count = |outcome: Outcome| items.iter().filter(|item| item.outcome == outcome.as_str()).count() as u64;
    FrameworkView {
        name: Shown::name(name),
        outcomes: [
            Outcome::Fail,
            Outcome::Unknown,
            Outcome::Waived,
            Outcome::Pass,
            Outcome::NotApplicable,
        ]
        .map(|outcome| (outcome.as_str(), count(outcome)))
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect(),
        items,
    }
}

/// What an item is sorted by: its letters, its numbers, itself.
type Place<'a> = (String, Vec<u64>, &'a str);

/// 1.2 comes before 1.10.
fn place(item: &str) -> Place<'_> {
    let letters = item.chars().filter(|c| c.is_alphabetic()).collect();
    let numbers = item
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok());
    (letters, numbers.collect(), item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_sorted_as_people_count() {
        let mut items = ["1.10.1", "AC-2(12)", "1.2", "CM-11", "AC-2", "1.2.1", "AC-12"];
        items.sort_by_key(|item| place(item));
        assert_eq!(items, ["1.2", "1.2.1", "1.10.1", "AC-2", "AC-2(12)", "AC-12", "CM-11"]);
    }
}
