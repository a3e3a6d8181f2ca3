//! Paths that need no code of their own, as data: what every org and tenant has, unless the scenario says otherwise.
//!
//! ```yaml
//! - path: /api/v1/policies/{policyId}/rules
//!   pages: single | whole | { sized: { default: 20, most: 200 } }   # whole if left out
//!   envelope: roles             # Okta: the list is under this property, the next page in `_links`
//!   by: type                    # Okta: this parameter must be given; only objects with that value are listed
//!   permissions: […]            # Graph: application permissions that open the path, the least first
//!   type: unifiedRoleDefinition # Graph: the type, as error messages name it
//!   cost: 2                     # Graph: resource units
//!   window: activityDateTime    # Graph: `$filter` may ask for this property to be from a time up to another
//!   options: { $expand: … }     # Graph: query options that are taken, with exactly this value; objects fit them as they are
//!   of: { path: /api/v1/policies, key: id }   # whose children these are
//!   objects: […]                # what there is, for a path without a parent
//!   under: { 00p1: […] }        # what there is under a parent …
//!   each: […]                   # … and under every other
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::endpoint::{Beyond, Pages, Vendor};

/// The files, with whose paths they are.
const FILES: [(Vendor, &str); 2] = [
    (Vendor::Okta, include_str!("okta.yaml")),
    (Vendor::Graph, include_str!("graph.yaml")),
];

/// A path with what it hands out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stock {
    /// The path; a segment in braces stands for a parent's id.
    pub(crate) path: String,
    /// How it hands out its objects.
    #[serde(default)]
    pages: StockPages,
    /// Property that the list is under.
    pub(crate) envelope: Option<String>,
    /// Parameter that chooses among the objects.
    pub(crate) by: Option<String>,
    /// Application permissions that open it.
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
    /// The type, as error messages name it.
    #[serde(default, rename = "type")]
    pub(crate) type_name: String,
    /// Cost in resource units.
    #[serde(default = "one")]
    pub(crate) cost: u32,
    /// Property that a time span can be asked for of.
    pub(crate) window: Option<String>,
    /// Query options that are taken as they are.
    #[serde(default)]
    pub(crate) options: BTreeMap<String, String>,
    /// Whose children these are.
    pub(crate) of: Option<Parents>,
    /// Objects of a path without a parent.
    #[serde(default)]
    pub(crate) objects: Vec<Value>,
    /// Objects under certain parents.
    #[serde(default)]
    pub(crate) under: BTreeMap<String, Vec<Value>>,
    /// Objects under every other parent.
    #[serde(default)]
    pub(crate) each: Vec<Value>,
}

/// What a path's parents are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parents {
    /// The path that lists them.
    pub(crate) path: String,
    /// Their property that stands in the path, dotted when it is nested; `parent/id` where the path names their own parent
    /// before it.
    #[serde(default = "id")]
    pub(crate) key: String,
}

/// How a path hands out its objects.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum StockPages {
    /// It is one object.
    Single,
    /// All at once.
    #[default]
    Whole,
    /// In pages.
    Sized {
        /// Of so many objects when the caller does not say.
        default: usize,
        /// Of so many at most.
        most: usize,
    },
}

/// Every path that needs no code of its own.
pub(crate) static STOCK: LazyLock<Vec<(Vendor, Stock)>> = LazyLock::new(|| match read() {
    Ok(stock) => stock,
    #[expect(
        clippy::panic,
        reason = "the files are part of the program; every test of the simulator reads them"
    )]
    Err(error) => panic!("the simulator's own paths cannot be read: {error}"),
});

fn read() -> Result<Vec<(Vendor, Stock)>, serde_yaml::Error> {
    let mut all = Vec::new();
    for (vendor, text) in FILES {
        let stock: Vec<Stock> = serde_yaml::from_str(text)?;
        all.extend(stock.into_iter().map(|stock| (vendor, stock)));
    }
    Ok(all)
}

impl Stock {
    /// Whether it is one object.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self.pages, StockPages::Single)
    }

    /// How it hands out its objects.
    pub(crate) fn pages(&self, vendor: Vendor) -> Pages {
        match (self.pages, vendor) {
            (StockPages::Single, _) => Pages::Single,
            (StockPages::Sized { default, most }, _) => Pages::Sized {
                default,
                min: 1,
                max: most,
                beyond: Beyond::Capped,
            },
            // Graph's lists come in pages unless it is said that they do not.
            (StockPages::Whole, Vendor::Graph) => Pages::Sized {
                default: 100,
                min: 1,
                max: 999,
                beyond: Beyond::Capped,
            },
            (StockPages::Whole, Vendor::Okta) => Pages::Whole,
        }
    }
}

/// The usual cost.
fn one() -> u32 {
    1
}

/// The usual key.
fn id() -> String {
    "id".to_owned()
}
