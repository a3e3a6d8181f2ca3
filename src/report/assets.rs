//! The files of `reports/`, compiled in.

/// Declares the table: path below `reports/`, and its text.
macro_rules! assets {
    ($($path:literal,)*) => {
        /// Every file, by its path below `reports/`.
        pub(super) const ALL: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../reports/", $path))),)*];
    };
}

assets! {
    "README.md",
    "scripts/report.js",
    "styles/print.css",
    "styles/report.css",
    "templates/diagnosis.txt.j2",
    "templates/html/actions.html.j2",
    "templates/html/charts.html.j2",
    "templates/html/coverage.html.j2",
    "templates/html/diagnosis.html.j2",
    "templates/html/findings.html.j2",
    "templates/html/flows.html.j2",
    "templates/html/frameworks.html.j2",
    "templates/html/lists.html.j2",
    "templates/html/method.html.j2",
    "templates/html/parts.html.j2",
    "templates/html/policies.html.j2",
    "templates/html/products.html.j2",
    "templates/html/readiness.html.j2",
    "templates/html/summary.html.j2",
    "templates/html/tailoring.html.j2",
    "templates/html/unknowns.html.j2",
    "templates/html/waivers.html.j2",
    "templates/prospects.j2",
    "templates/readiness.txt.j2",
    "templates/report.html.j2",
    "templates/report.md.j2",
    "templates/summary.txt.j2",
    "templates/verdict.j2",
    "texts/en.yaml",
    "texts/ja.yaml",
}

/// The text of a file.
pub(super) fn find(path: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// What a layout of one's own may replace: everything but the texts.
pub(super) fn layout() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.iter().copied().filter(|(path, _)| !path.starts_with("texts/"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Paths of all files below a folder, samples of rendered reports excepted.
    fn files(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("samples") {
                continue;
            }
            if path.is_dir() {
                files(&path, root, found);
            } else {
                let below: Vec<_> = path
                    .strip_prefix(root)
                    .unwrap()
                    .iter()
                    .map(|part| part.to_string_lossy())
                    .collect();
                found.push(below.join("/"));
            }
        }
    }

    #[test]
    fn the_table_is_the_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports");
        let mut found = Vec::new();
        files(&root, &root, &mut found);
        found.sort();
        assert_eq!(found, ALL.iter().map(|(path, _)| *path).collect::<Vec<_>>());
    }
}
