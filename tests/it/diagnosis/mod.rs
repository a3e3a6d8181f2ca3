//! Diagnosis: texts as the vendors show them lead to their causes, texts like them do not, and the founding case is told
//! from its error text to its fix.

mod command;
mod history;
mod people;
mod texts;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tenken::audit::Audit;
use tenken::audit::diagnosis::Diagnosis;
use tenken::diagnose::{Question, WhoError};
use tenken::diagnostic::Diagnostics;
use tenken::evaluate::Tables;
use tenken::policy::KnownError;
use tenken::snapshot::Snapshot;
use tenken::{diagnose, policy};

const REFUSED: &str = r#"Automatic provisioning of user 白川 果歩 to app Microsoft Office 365 failed: Matching user found, received error: Received response with HTTP status code 403. httpStatusCode=403 errorCode=Authorization_RequestDenied errorMessage="Insufficient privileges to complete the operation." client-request-id=8f6c0b52 request-id=0b7d91e4 timestamp='x' method=POST url=https://graph.microsoft.com/v1.0/users/ID/microsoft.graph.assignLicense"#;

fn catalogue() -> (policy::Loaded, Vec<KnownError>) {
    let mut sink = Diagnostics::new();
    let (loaded, errors) = policy::load_errors(&[], &mut sink);
    let faults: String = sink.iter().map(|fault| fault.render(false)).collect();
    assert!(sink.is_empty(), "{faults}");
    (loaded, errors)
}

fn ids(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis.causes.iter().map(|cause| cause.id.as_str()).collect()
}

fn first<'d>(diagnosis: &'d Diagnosis, text: &str) -> &'d str {
    ids(diagnosis)
        .first()
        .copied()
        .unwrap_or_else(|| panic!("no cause: {text}"))
}

fn diagnosed(place: &Path, error: Option<&str>, person: Option<&str>) -> Result<Audit, WhoError> {
    let (loaded, errors) = catalogue();
    let mut policies = loaded.policies;
    diagnose::relevant(&mut policies, &errors);
    let snapshot = Snapshot::open(place).unwrap();
    let tables = Tables::load(&snapshot, &diagnose::all_needs(&policies)).unwrap();
    diagnose::diagnose(Question { error, person }, &errors, &policies, &tables, &snapshot)
}

fn diagnosis(audit: &Audit) -> &Diagnosis {
    audit.diagnosis.as_ref().unwrap()
}

const KAHO: &str = "kaho.shirakawa@contoso.example";

/// Runs the program with a clean environment.
fn tenken(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut command = Command::cargo_bin("tenken").unwrap();
    command
        .current_dir(folder)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .args(args)
        .write_stdin(input);
    command.timeout(std::time::Duration::from_secs(120)).output().unwrap()
}
