//! tenken audits an Okta org and a Microsoft Entra tenant together, from one read-only snapshot.
//!
//! ```text
//!  Okta API ─┐                                                  ┌─ terminal
//!            ├─ collect ─► snapshot ─► evaluate ─► audit ─► report ─ HTML, Markdown
//!  Graph ────┘      ▲                     ▲                     └─ JSON
//!  simulator ───────┘           policies ─┘
//! ```
//!
//! Each stage takes a value, or a file with a published schema, and returns one; nothing flows backwards. `collect` is
//! the only async code, `evaluate` the only parallel code, and they meet in the snapshot, on disk. So an audit needs no
//! network and no credentials, and two people get the same answer from the same snapshot.
//!
//! # Map
//!
//! From the bottom up; a module imports only from lines above its own (`tests/it/architecture.rs` holds it true).
//!
//! | module | what it is |
//! |---|---|
//! | [`diagnostic`] | what is shown when the user's input is wrong |
//! | [`document`] | YAML with the place of every value |
//! | [`catalog`] | resource types: where they are read, their fields, links and derived fields, as data |
//! | [`expr`] | CEL: parse, check, lower, run; unknown as a value |
//! | [`schema`] | the published JSON Schemas, and violations in plain words |
//! | [`config`] | `tenken.yaml`: org, tenant, where credentials are |
//! | [`snapshot`] | the format: manifest, writer, reader |
//! | [`policy`] | policy files: load, check, packs, texts, examples; what they need of a snapshot |
//! | [`audit`] | findings, outcomes, counts, coverage: the one input of every report |
//! | [`evaluate`] | tables, links, indexes, judging |
//! | [`collect`] | HTTP client with write guard, sign-in, paging, plan |
//! | [`report`] | one file for each format |
//! | [`cli`] | one file for each subcommand; the only place that prints, reads the clock, and exits |
//! | [`simulator`] | a stand-in for both APIs; imports nothing of the rest, and only `cli` imports it |
//!
//! # Where a change goes
//!
//! A new **policy**: a file in `policies/<pack>/`, and its name in `src/policy/pack.rs`. A new **resource type**: an
//! entry in `src/catalog/*.yaml`, with a fixture in the simulator. A new **report format**: a file in `src/report/` and
//! a line in its `Format`. A new **command**: a file in `src/cli/`. A new **function** of the language: a line in one of
//! the tables of `src/expr/functions/`. A new **diagnostic code**: a line in `src/diagnostic.rs`.
//!
//! # What differs from the first design, and why
//!
//! - A parsed expression is lowered to a small tree of operations (`expr::Plan`) and not to closures: one evaluator runs
//!   it and, for findings, explains it, values borrow from the tables without reference counts, and what a plan reads
//!   can be looked up. Lists that are found by index ([`expr::Join`]) serve to-many and reverse links, which are
//!   therefore derived fields and need no machinery of their own.
//! - Links to what a record was listed under (`app_user.app`) are never null, so they need no guard; a parent that is
//!   missing is unknown.

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
