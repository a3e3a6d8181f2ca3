//! Layouts of foreign formats: YAML beside each importer, compiled into the program.

use serde::Deserialize;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::Document;

/// Reads a layout. It is part of the program; tests read each.
pub(super) fn read<T: for<'de> Deserialize<'de>>(name: &str, text: &str) -> Result<T, Diagnostic> {
    let wrong =
        |reason: String| Diagnostic::error(Code::InvalidYaml, format!("the built-in `{name}` is wrong: {reason}"));
    let mut sink = Diagnostics::new();
    let document = Document::parse(Source::new(name, text), &mut sink);
    let document = document.ok_or_else(|| wrong(sink.iter().map(|diagnostic| diagnostic.render(false)).collect()))?;
    T::deserialize(document.root.to_json()).map_err(|error| wrong(error.to_string()))
}
