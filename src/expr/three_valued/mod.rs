//! The one rule, held against every function and operator: on input that was read in part or not at all the answer is
//! what plain CEL gives for every way in which the missing data could turn out, else it is unknown.
//!
//! [`part`] takes data away from a value and lists ways to complete it; plain CEL on the completed values is the judge.

mod functions;
mod kleene;
mod operators;
mod part;
