//! x
pub mod audit;
pub mod catalog;
pub mod diagnostic;
pub mod document;
pub mod evaluate;
pub mod expr;
pub mod policy;
pub mod schema;
pub mod snapshot;
