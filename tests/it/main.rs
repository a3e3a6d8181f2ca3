//! Integration tests, one file for each subject, in one binary so that they link once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test may stop where it fails, and says what it left out"
)]

mod architecture;
mod behaviours;
mod causes;
mod cel_conformance;
mod changes;
mod collection;
mod command_line;
mod detection;
mod diagnosis;
mod doctor;
mod everything;
mod hostile_input;
mod hostile_servers;
mod import;
mod language;
mod order;
mod pace;
mod readiness;
mod reference_data;
mod report;
mod resume;
mod robustness;
mod sign_in;
mod simulator;
mod snapshots;
mod support;
mod tls;
mod vendor_examples;
mod vendor_specs;
mod waivers;
