//! tenken audits an Okta org and a Microsoft Entra tenant together, from one read-only snapshot.
//!
//! ```text
//!  Okta API ─┐                                                  ┌─ terminal
//!            ├─ collect ─► snapshot ─► evaluate ─► audit ─► report ─ HTML, Markdown
//!  Graph ────┘      ▲          ▲          ▲                     └─ JSON, CSV, XLSX, SARIF, …
//!  simulator ───────┘   import ┘ policies ┘
//! ```
//!
//! Each stage takes a value, or a file with a published schema, and returns one; nothing flows backwards. What speaks to
//! a network is async (`collect`, and the simulator), what judges is parallel (`evaluate`), and they meet in the snapshot,
//! on disk. So an audit needs no network and no credentials, and two people get the same answer from the same snapshot.
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
//! | [`snapshot`] | the format: manifest, writer, reader; the journal of a collection that was stopped; `import` of other tools' exports |
//! | [`policy`] | policy files: load, check, packs, parameters, requirements, texts, examples; what they need of a snapshot |
//! | [`audit`] | findings, outcomes, counts, coverage: the one input of every report |
//! | [`evaluate`] | tables, links, indexes, judging |
//! | [`collect`] | HTTP client with write guard, sign-in, paging, plan, pace |
//! | [`diagnose`] | from an error text or a person to the causes of a failure |
//! | [`readiness`] | from a rollout plan to what becomes of each person |
//! | [`report`] | one file for each format |
//! | [`cli`] | one file for each subcommand; the only place that prints, reads the clock, and exits |
//! | [`simulator`] | a stand-in for both APIs; imports nothing of the rest, and only `cli` imports it |
//!
//! # Where a change goes
//!
//! | what | where |
//! |---|---|
//! | policy | a file in `policies/<pack>/`, its name in `src/policy/folder.rs`; a plant in `src/simulator/scenarios/rollout-3000.yaml`, which a test asks for |
//! | resource type | an entry in `src/catalog/<source>/*.yaml`, its noun in `reports/texts/`; in the simulator an entry in `src/simulator/stock/*.yaml`, or code when its objects follow from the people |
//! | pace | what a vendor says on its answers: `src/collect/pace/`; which paths share a bucket: `src/catalog/buckets.yaml`, and `rate_limit.rs` in the simulator |
//! | fault for rehearsals | an `Answer` in `src/simulator/server/fault.rs`, its name in the help of `simulate --faults` |
//! | foreign export | a file in `src/snapshot/import/`, its layout as YAML beside it, a variant of `Foreign`; in `src/cli/import.rs` its name |
//! | report format | a file in `src/report/`, a variant and a row in `Format` (`src/report/mod.rs`); templates in `reports/templates/`, listed in `assets.rs`, with the data they get in `reports/README.md`; a reader that was not written here in `tests/formats/read.py` |
//! | what readiness asks of a snapshot | a row of a table in `src/readiness/ask.rs` |
//! | what Okta sends on assignment | `src/readiness/assignment.rs`; what comes of it is for policies to say, which then foresee it too |
//! | key of rollout plans | `src/schema/rollout.json`, `src/readiness/plan.rs` |
//! | cause of a failure | a file in `policies/<pack>/errors/`, its name in `src/policy/folder.rs` |
//! | command | a file in `src/cli/`, its variant and its arm in `src/cli/mod.rs` |
//! | key of policies or packs | `src/schema/`, `policy/load.rs` or `policy/pack.rs`; what others than the author may say, `policy/adjust.rs`, and from there `audit.rs` and `report/view/tailoring.rs` |
//! | check of conditions | a file in `src/policy/check/`, a diagnostic code, a line in the table of `tests/it/language/mistakes.rs` |
//! | requirement | an entry in `policies/requirements.yaml` |
//! | field that nothing collects | a derived field that is `null`, `otherwise: not_collected`: conditions that read it are refused with its text |
//! | field that only a person can answer | the same, `otherwise: needs_attestation`: conditions may ask for it, and what depends on it is unknown until it is waived |
//! | people for a scenario | a person under `people`, many who share a story under `cohorts`; what is there because of them in their `stock` |
//! | function of the language | a row in a table of `src/expr/functions/`: `STRICT` when it needs whole arguments, `PARTIAL` when it deals itself with lists that were not read to their end; loops call `Context::spend` |
//! | macro | `src/expr/macros.rs`, and `ast::Fold`, `check`, `plan`, `fold` |
//! | diagnostic code | a line in `src/diagnostic.rs` |
//! | language of the texts | `policy::Language` and `policy::Text`, and from there wherever the compiler points; `reports/texts/`, `src/schema/`, every policy |
//!
//! Schemas for editors and the tables of facts are made from their sources by tests: `UPDATE_SCHEMA=1 cargo test`,
//! `UPDATE_REFERENCE_DATA=1 cargo test`; so are the samples of reports: `UPDATE_SAMPLES=1 cargo test`.
//!
//! # What differs from the first design, and why
//!
//! - A parsed expression is lowered to a small tree of operations (`expr::Plan`) and not to closures: one evaluator runs
//!   it and, for findings, explains it, values borrow from the tables without reference counts, and what a plan reads
//!   can be looked up. Lists that are found by index ([`expr::Join`]) serve to-many and reverse links, which are
//!   therefore derived fields and need no machinery of their own.
//! - Most parts of a condition look at one field that has few different values. They are answered once for each value
//!   ([`evaluate::Condition`]), which made a rule eight times as fast as the operation tree alone; texts are therefore
//!   kept by column, each with a code where they recur, and not in one table for all.
//! - `policy` imports `snapshot` for one enum: examples say with the words of the manifest how well a type was read.
//! - A function of a pack is written out, text for text, before anything else looks at a condition (`expr::Expansion`), so
//!   guards, indexes and evidence need not know of functions. It may use others, never itself.
//! - `config` keeps what a tenant says of policies as it is written; `policy` reads it, for only that knows policies.
//! - Waivers' `where` may compute with what may be null: where it is, nothing is meant. Policies and scopes may not.
//! - Readiness restates no policy: planned assignments lie behind those of the snapshot ([`evaluate::Tables::load_with`]),
//!   and whatever judges assignments foresees. What is certain enough to say "will fail" follows from the error catalogue
//!   and the policy's severity; policies with the tag `symptom` tell of the past and are left out.
//! - Links to what a record was listed under (`app_user.app`) are never null, so they need no guard; a parent that is
//!   missing is unknown.

pub mod audit;
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod config;
pub mod diagnose;
pub mod diagnostic;
pub mod document;
pub mod evaluate;
pub mod expr;
pub mod policy;
pub mod readiness;
pub mod report;
pub mod schema;
pub mod simulator;
pub mod snapshot;
