//! Tables of facts that come with the program: products, service plans, countries.
//!
//! Tab-separated, one header line, `#` starts a comment line. `tests/it/reference_data.rs` holds them true to their sources.

use std::sync::LazyLock;

/// A table of facts: named columns and rows of text, an empty cell meaning null.
#[derive(Debug)]
pub struct ReferenceTable {
    /// Names of the columns, which are names of fields.
    pub columns: Vec<&'static str>,
    /// Rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

static SKUS: LazyLock<ReferenceTable> = LazyLock::new(|| {
    let mut table = parse(include_str!("reference/skus.tsv"));
    let plans = table.columns.iter().position(|column| *column == "plans");
    for row in &mut table.rows {
        if let Some(cell) = plans.and_then(|at| row.get_mut(at)) {
            *cell = cell.split(' ').filter_map(plan_id).collect::<Vec<_>>().join(" ");
        }
    }
    table
});
static SERVICE_PLANS: LazyLock<ReferenceTable> = LazyLock::new(|| parse(include_str!("reference/service_plans.tsv")));
static USAGE_LOCATIONS: LazyLock<ReferenceTable> =
    LazyLock::new(|| parse(include_str!("reference/usage_locations.tsv")));

/// The table of that name, if there is one.
pub fn reference(name: &str) -> Option<&'static ReferenceTable> {
    match name {
        "skus" => Some(&SKUS),
        "service_plans" => Some(&SERVICE_PLANS),
        "usage_locations" => Some(&USAGE_LOCATIONS),
        _ => None,
    }
}

/// The whole id of a plan that the table of products abbreviates to its first eight digits.
fn plan_id(short: &str) -> Option<&'static str> {
    let rows = &SERVICE_PLANS.rows;
    let at = rows
        .binary_search_by(|row| row.first().map_or("", |id| id.get(..8).unwrap_or(id)).cmp(short))
        .ok()?;
    rows.get(at)?.first().map(String::as_str)
}

fn parse(text: &'static str) -> ReferenceTable {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let rows = lines
        .map(|line| {
            let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            cells.resize(columns.len(), String::new());
            cells
        })
        .collect();
    ReferenceTable { columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_products_are_whole_ids() {
        let table = reference("skus").unwrap();
        let e3 = table.rows.iter().find(|row| row[1] == "SPE_E3").unwrap();
        assert!(e3[6].split(' ').all(|id| id.len() == 36) && e3[6].len() > 100, "{e3:?}");
        assert!(table.rows.len() >= 620);
    }

    #[test]
    fn the_culprit_of_the_founding_case_is_known() {
        let table = reference("skus").unwrap();
        let row = table
            .rows
            .iter()
            .find(|row| row[0] == "e0dfc8b9-9531-4ec8-94b4-9fec23b05fc8")
            .unwrap();
        assert_eq!(
            (row[1].as_str(), row[3].as_str(), row[4].as_str()),
            ("Microsoft_Teams_Exploratory_Dept", "user_owned", "high")
        );
    }
}
