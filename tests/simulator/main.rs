//! The simulator, seen over HTTP and through its listings.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that goes wrong may panic, and one prints a figure"
)]

mod audit;
mod client;
mod graph;
mod login;
mod okta;
mod scenarios;
mod speed;
