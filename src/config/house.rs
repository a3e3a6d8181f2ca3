//! What the configuration says of how reports look: `report:`.

use std::path::PathBuf;

use crate::document::Node;

/// What makes reports the house's own. The schema has checked its form; whoever renders checks the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct House {
    /// A line above the verdict.
    pub header: Option<String>,
    /// The file of the logo, from the folder of the configuration.
    pub logo: Option<PathBuf>,
    /// The colour of links and marks on light ground.
    pub light: Option<String>,
    /// The same on dark ground.
    pub dark: Option<String>,
}

impl House {
    /// What the configuration says.
    pub(super) fn of(root: &Node) -> Self {
        let text = |path: &str| root.pointer(path).and_then(Node::as_str).map(str::to_owned);
        Self {
            header: text("/report/header"),
            logo: text("/report/logo").map(PathBuf::from),
            light: text("/report/colour/light"),
            dark: text("/report/colour/dark"),
        }
    }
}
