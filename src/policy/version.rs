//! Policies for another tenken: one message about the version instead of many about what it does not know.

use semver::{Version, VersionReq};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Value};

/// The format of policies and packs that this program reads.
const FORMAT: i64 = 1;

/// Whether this program is one that the document is for; says so when it is not.
pub(super) fn fits(document: &Document, sink: &mut Diagnostics) -> bool {
    let this = env!("CARGO_PKG_VERSION");
    let root = &document.root;
    if let Some(node) = root.get("tenken")
        && let Some(text) = node.as_str()
    {
        let fault = match (VersionReq::parse(text), Version::parse(this)) {
            (Ok(wanted), Ok(version)) if wanted.matches(&version) => None,
            (Ok(_), _) => Some(Diagnostic::error(
                Code::OtherVersion,
                format!("this needs tenken {text}, and this is tenken {this}"),
            )),
            (Err(error), _) => Some(
                Diagnostic::error(Code::OtherVersion, format!("`{text}` is no range of versions: {error}"))
                    .help("write one such as `>=0.2` or `>=0.2, <0.4`"),
            ),
        };
        if let Some(fault) = fault {
            sink.push(fault.at(&document.source, node.span.clone(), ""));
            return false;
        }
    }
    if let Some(node) = root.get("format")
        && let Value::Int(format) = node.value
        && format != FORMAT
    {
        let message = format!("this is of format {format}, and tenken {this} reads format {FORMAT}");
        sink.push(Diagnostic::error(Code::OtherVersion, message).at(&document.source, node.span.clone(), ""));
        return false;
    }
    true
}
