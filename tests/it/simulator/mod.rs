//! The simulator, seen over HTTP and through its listings.
mod audit;
mod client;
mod graph;
mod login;
mod okta;
mod scenarios;
