//! Reports of real audits: what they say, what they leave out, and that text from a tenant stays text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test that goes wrong may panic, and one prints a figure"
)]

mod audits;
mod hostile;
mod html;
mod json;
mod limits;
mod markdown;
mod meaning;
mod payloads;
mod terminal;
