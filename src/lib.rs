//! x
pub mod audit;
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod config;
pub mod diagnostic;
pub mod document;
pub mod evaluate;
pub mod expr;
pub mod policy;
pub mod report;
pub mod schema;
pub mod simulator;
pub mod snapshot;
