//! How fast a rule is judged: ten rules by tenken, and by the crates `cel` and `regorus`, on the same people.
//!
//! `cargo bench --bench rules` judges 20,000 assignments of people; `TENKEN_BENCH_PEOPLE=100000` more. One thread, and
//! judging only: the others get their best case, with rules compiled once and records as their own values, Okta and
//! Entra joined beforehand, while tenken follows its links and keeps track of what is unknown. All must agree.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and may stop where it fails"
)]

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bumpalo::Bump;
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Env};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use serde_json::Value as Json;
use tenken::catalog::catalog;
use tenken::evaluate::{Condition, Tables};
use tenken::expr::{Evaluator, Plan, RecordRef, Records, Scope, Type, Value, compile};
use tenken::policy::Needs;
use tenken::snapshot::Snapshot;

const RUNS: usize = 5;
/// Rows that one rule judges before the next does, as in an audit.
const CHUNK: usize = 2048;

/// In CEL, for tenken and for `cel`, and the same in Rego on the record as `input`.
const RULES: [(&str, &str); 10] = [
    (
        r#"app_user.status == "PROVISIONED""#,
        r#"input.status == "PROVISIONED""#,
    ),
    (r#"app_user.syncState != "ERROR""#, r#"input.syncState != "ERROR""#),
    (
        r#"app_user.profile.usageLocation in ["JP", "US", "DE"]"#,
        r#"input.profile.usageLocation in {"JP", "US", "DE"}"#,
    ),
    (
        r#"app_user.credentials.userName != null && app_user.credentials.userName.endsWith("@contoso.example")"#,
        r#"endswith(input.credentials.userName, "@contoso.example")"#,
    ),
    (
        r#"app_user.profile.licenses.exists(l, l.startsWith("Microsoft 365 E3"))"#,
        r#"some l in input.profile.licenses; startswith(l, "Microsoft 365 E3")"#,
    ),
    (
        r#"app_user.user != null && app_user.user.status == "ACTIVE" && app_user.user.profile.countryCode == "JP""#,
        r#"input.user.status == "ACTIVE"; input.user.profile.countryCode == "JP""#,
    ),
    (
        r#"app_user.entra_user != null && app_user.entra_user.accountEnabled == true"#,
        r#"input.entra_user.accountEnabled == true"#,
    ),
    (
        r#"app_user.entra_user != null && app_user.entra_user.onPremisesImmutableId == app_user.profile.immutableId"#,
        r#"input.entra_user.onPremisesImmutableId == input.profile.immutableId"#,
    ),
    (
        r#"app_user.entra_user != null
        && app_user.entra_user.licenseAssignmentStates.all(s, s.assignedByGroup == null)"#,
        r#"every s in input.entra_user.licenseAssignmentStates { s.assignedByGroup == null }"#,
    ),
    (
        r#"app_user.user != null && app_user.entra_user != null
        && app_user.user.profile.department == app_user.entra_user.department
        && app_user.entra_user.usageLocation == app_user.profile.usageLocation"#,
        r#"input.user.profile.department == input.entra_user.department
        input.entra_user.usageLocation == input.profile.usageLocation"#,
    ),
];

/// How many records hold, for each rule.
type Passes = [u32; RULES.len()];

fn main() {
    let people = std::env::var("TENKEN_BENCH_PEOPLE").unwrap_or_else(|_| "20000".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("snapshot");
    // Nothing is planted, so nothing is unknown, which the others could not say.
    let wrote = Command::new(env!("CARGO_BIN_EXE_tenken"))
        .args(["simulate", "--scenario", "clean", "--users", &people, "--snapshot"])
        .arg(&place)
        .output()
        .unwrap();
    assert!(wrote.status.success(), "{}", String::from_utf8_lossy(&wrote.stderr));
    let records = joined(&place);
    let evaluations = (records.len() * RULES.len()) as f64;
    println!(
        "{} assignments, {} rules, one thread, {RUNS} runs",
        records.len(),
        RULES.len()
    );
    println!("| engine | ns a rule and record | tenken is faster |");
    println!("|---|---|---|");
    let (ours, passes) = by_tenken(&place);
    for (engine, (seconds, counts)) in [
        ("tenken", (ours, passes)),
        ("cel", by_cel(&records)),
        ("regorus", by_regorus(&records)),
    ] {
        assert_eq!(counts, passes, "{engine} counts other passes");
        println!(
            "| {engine} | {:.0} | {:.1} times |",
            seconds * 1e9 / evaluations,
            seconds / ours
        );
    }
}

/// Median seconds of judging all records by all rules, and what came out.
fn timed(mut judge: impl FnMut() -> Passes) -> (f64, Passes) {
    let mut passes = Passes::default();
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            passes = judge();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[RUNS / 2], passes)
}

fn by_tenken(place: &Path) -> (f64, Passes) {
    let ty = catalog().resource("okta.app_user").unwrap().record;
    let scope = Scope::snapshot()
        .with("app_user", Type::Record(ty))
        .with("now", Type::Timestamp);
    let plans: Vec<Plan> = RULES
        .iter()
        .map(|(rule, _)| {
            let compiled = compile(rule, &scope);
            assert!(compiled.mistakes.is_empty(), "{:?}", compiled.mistakes);
            compiled.plan.unwrap()
        })
        .collect();
    let mut needs = Needs::default();
    for plan in &plans {
        needs.add(&plan.reads);
    }
    let tables = Tables::load(&Snapshot::open(place).unwrap(), &needs).unwrap();
    let conditions: Vec<Condition> = plans.iter().map(|plan| Condition::new(plan, ty, &tables)).collect();
    let rows = tables.rows(ty);
    timed(|| {
        let mut passes = Passes::default();
        let mut arena = Bump::new();
        for first in (0..rows).step_by(CHUNK) {
            let chunk = first..rows.min(first + CHUNK as u32);
            for ((plan, condition), passes) in plans.iter().zip(&conditions).zip(&mut passes) {
                for row in chunk.clone() {
                    *passes += u32::from(holds(plan, condition, RecordRef { ty, row }, &tables, &arena));
                    arena.reset();
                }
            }
        }
        passes
    })
}

/// As the audit judges: by value where that decides it, else by the evaluator.
fn holds(plan: &Plan, condition: &Condition, row: RecordRef, tables: &Tables, arena: &Bump) -> bool {
    let variables: &[Value] = arena.alloc([Value::Record(row), Value::Timestamp(tables.now())]);
    condition.holds(row.row, &|| variables, arena).unwrap_or_else(|| {
        let value = Evaluator::new(tables, arena).plan(plan, variables);
        matches!(value, Value::Bool(true))
    })
}

/// Hands out the record whose turn it is.
struct Turn {
    records: Vec<Box<dyn Val>>,
    at: AtomicUsize,
}

impl VariableResolver for Turn {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let record = self.records.get(self.at.load(Ordering::Relaxed))?;
        (variable == "app_user").then(|| CowVal::Borrowed(record.as_ref()))
    }
}

fn by_cel(records: &[Json]) -> (f64, Passes) {
    let env = Arc::new(Env::stdlib());
    let programs: Vec<_> = RULES.iter().map(|(rule, _)| env.compile(rule).unwrap()).collect();
    let turn = Turn {
        records: records
            .iter()
            .map(|record| cel::to_value(record).unwrap().try_into().unwrap())
            .collect(),
        at: AtomicUsize::new(0),
    };
    let mut context = Context::with_env(env);
    context.set_variable_resolver(&turn);
    timed(|| {
        let mut passes = Passes::default();
        for at in 0..records.len() {
            turn.at.store(at, Ordering::Relaxed);
            for (program, passes) in programs.iter().zip(&mut passes) {
                *passes += u32::from(matches!(program.execute(&context), Ok(cel::Value::Bool(true))));
            }
        }
        passes
    })
}

/// All rules in one run of regorus' virtual machine: the way in costs as much as a few rules.
fn by_regorus(records: &[Json]) -> (f64, Passes) {
    let mut rego = String::from("package speed\n");
    for (number, (_, rule)) in RULES.iter().enumerate() {
        rego += &format!("passed contains {number} if {{\n{rule}\n}}\n");
    }
    let mut engine = regorus::Engine::new();
    engine.add_policy("speed.rego".to_owned(), rego).unwrap();
    let policy = engine.compile_with_entrypoint(&"data.speed.passed".into()).unwrap();
    let program = Compiler::compile_from_policy(&policy, &["data.speed.passed"]).unwrap();
    let mut machine = RegoVM::new_with_policy(policy);
    machine.load_program(program);
    let inputs: Vec<regorus::Value> = records
        .iter()
        .map(|record| regorus::Value::from_json_str(&record.to_string()).unwrap())
        .collect();
    timed(|| {
        let mut passes = Passes::default();
        for input in &inputs {
            machine.set_input(input.clone());
            for number in machine.execute().unwrap().as_set().unwrap().iter() {
                passes[usize::try_from(number.as_u64().unwrap()).unwrap()] += 1;
            }
        }
        passes
    })
}

/// Assignments with their person in Okta and in Entra inside.
fn joined(place: &Path) -> Vec<Json> {
    let snapshot = Snapshot::open(place).unwrap();
    let users = by_id(objects(&snapshot, "okta.user"));
    let accounts = by_id(objects(&snapshot, "entra.user"));
    let of = |found: Option<&Json>| found.cloned().unwrap_or(Json::Null);
    objects(&snapshot, "okta.app_user")
        .into_iter()
        .map(|mut record| {
            record["user"] = of(record["id"].as_str().and_then(|id| users.get(id)));
            record["entra_user"] = of(record["externalId"].as_str().and_then(|id| accounts.get(id)));
            record
        })
        .collect()
}

fn by_id(objects: Vec<Json>) -> HashMap<String, Json> {
    let id = |object: &Json| object["id"].as_str().unwrap().to_owned();
    objects.into_iter().map(|object| (id(&object), object)).collect()
}

fn objects(snapshot: &Snapshot, resource: &str) -> Vec<Json> {
    let mut lines = snapshot.lines(snapshot.entry(resource).unwrap()).unwrap().unwrap();
    let mut objects = Vec::new();
    while let Some(chunk) = lines.next_chunk().unwrap() {
        let lines = serde_json::Deserializer::from_slice(&chunk).into_iter::<Json>();
        objects.extend(lines.map(|line| line.unwrap()["object"].take()));
    }
    objects
}
