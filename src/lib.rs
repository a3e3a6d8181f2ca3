//! x
pub mod catalog;
pub mod diagnostic;
pub mod document;
pub mod expr;
pub mod schema;
