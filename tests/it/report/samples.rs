//! The rendered audit of the demo in `reports/samples/`, one file for each format.
//!
//! `UPDATE_SAMPLES=1 cargo test --test it samples` writes them anew. What the clock decides is fixed first: the times,
//! and the digest of the snapshot, which holds them.

use std::path::PathBuf;

use tenken::audit::Audit;
use tenken::policy::Language;
use tenken::report::{Format, write};

use super::audits::contoso;
