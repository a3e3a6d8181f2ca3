//! `audit.json`: the audit itself, in its published format.

use super::ReportError;
use crate::audit::Audit;

/// The audit as JSON, two spaces deep, keys in the order of the format.
pub(super) fn render(audit: &Audit) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(audit).map_err(|error| ReportError(error.to_string()))?;
    text.push('\n');
    Ok(text)
}
