//! `audit.json`: the audit itself, in its published format.

use std::io::Write;

use super::ReportError;
use crate::audit::Audit;

/// The audit as JSON, two spaces deep, keys in the order of the format.
pub(super) fn write(audit: &Audit, out: &mut dyn Write) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, audit).map_err(|error| ReportError(error.to_string()))?;
    out.write_all(b"\n").map_err(|error| ReportError(error.to_string()))
}
