//! Readiness: everybody who is about to be assigned is told what will happen, and nobody is called ready of whom that is
//! not known.

mod everybody;
mod foreseen;
mod identity;
mod licences;
mod plans;
mod reports;
mod rollout;
