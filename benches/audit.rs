//! How fast an audit is: people a second and peak memory, on generated people.
//!
//! `cargo bench` judges 100,000 people; `TENKEN_BENCH_PEOPLE=1000000 cargo bench` more. Each person is three records: an
//! Okta user, an app user and an Entra user. The snapshot is written once, then audited several times; the medians are
//! printed.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and may stop where it fails"
)]

use std::process::Command;
use std::time::Instant;

use tenken::diagnostic::Diagnostics;
use tenken::evaluate::{self, Tables};
use tenken::policy;
use tenken::snapshot::Snapshot;

const RUNS: usize = 5;

fn main() {
    let people: u32 = std::env::var("TENKEN_BENCH_PEOPLE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("snapshot");
    let program = env!("CARGO_BIN_EXE_tenken");
    let wrote = Command::new(program)
        .args(["simulate", "--users", &people.to_string(), "--snapshot"])
        .arg(&place)
        .output()
        .unwrap();
    assert!(wrote.status.success(), "{}", String::from_utf8_lossy(&wrote.stderr));
    let policies = policy::load(&[], &mut Diagnostics::new()).policies;
    let needs = policy::needs(&policies);
    let (mut loads, mut judges, mut wholes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let start = Instant::now();
        let snapshot = Snapshot::open(&place).unwrap();
        let tables = Tables::load(&snapshot, &needs).unwrap();
        let loaded = start.elapsed().as_secs_f64();
        let audit = evaluate::audit(&policies, &[], &tables, &snapshot, snapshot.manifest().ended);
        let whole = start.elapsed().as_secs_f64();
        assert!(!audit.findings.is_empty());
        loads.push(loaded);
        judges.push(whole - loaded);
        wholes.push(whole);
    }
    let bytes: u64 = Snapshot::open(&place)
        .unwrap()
        .manifest()
        .resources
        .iter()
        .map(|entry| entry.bytes)
        .sum();
    let whole = median(&mut wholes);
    println!(
        "{people} people, {} policies, {:.0} MB of JSON, {} threads, {RUNS} runs",
        policies.len(),
        bytes as f64 / 1e6,
        rayon::current_num_threads()
    );
    println!(
        "  load   {:>8.3} s  {:>8.0} MB/s",
        median(&mut loads),
        bytes as f64 / 1e6 / median(&mut loads)
    );
    println!("  judge  {:>8.3} s", median(&mut judges));
    println!("  audit  {whole:>8.3} s  {:>8.0} people/s", f64::from(people) / whole);
    match peak_memory() {
        Some(kib) => println!("  peak memory of this process {} MiB", kib / 1024),
        None => println!("  peak memory is not told on this system"),
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The most memory that this process ever had, in KiB, as Linux tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
