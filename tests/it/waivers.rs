//! Waivers: applied to the facts they were granted for, until their last day, and never silently anything else.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tenken::audit::{Audit, Outcome, WaiverStatus};
use tenken::diagnostic::Diagnostics;
use tenken::evaluate::{self, Tables};
use tenken::policy;
use tenken::snapshot::Snapshot;

use crate::support;

const POLICY: &str = "provisioning.user-owned-licence";
/// Two products that only their buyer can remove.
const POWER_BI: &str = "3a6a908c-09c5-406a-8170-8ebb63c42882";
const VISIO: &str = "ca7f3140-d88c-455b-9a1c-7f0679e31a76";

struct Case {
    folder: tempfile::TempDir,
    place: PathBuf,
}

impl Case {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (place, _) = support::collected("contoso", Default::default(), folder.path()).await;
        Self { folder, place }
    }

    /// Audits with these waivers at this time; the mistakes in the file otherwise.
    fn audit(&self, waivers: &str, as_of: &str) -> Result<Audit, Vec<String>> {
        audit(&self.place, self.folder.path(), waivers, as_of)
    }

    /// Fingerprint of the failure of somebody.
    fn fact(&self, who: &str) -> String {
        let audit = self.audit("waivers: []\n", "2026-11-20T09:00:00Z").unwrap();
        let of = |finding: &&tenken::audit::Finding| {
            finding.policy == POLICY
                && finding
                    .resource
                    .as_ref()
                    .and_then(|r| r.name.as_deref())
                    .is_some_and(|name| name.starts_with(who))
        };
        audit.findings.iter().find(of).unwrap().fingerprint.clone().unwrap()
    }
}

fn audit(place: &Path, folder: &Path, waivers: &str, as_of: &str) -> Result<Audit, Vec<String>> {
    let as_of: Timestamp = as_of.parse().unwrap();
    let file = folder.join("waivers.yaml");
    std::fs::write(&file, waivers).unwrap();
    let policies = support::built_in();
    let ids: Vec<String> = policies.iter().map(|policy| policy.id.clone()).collect();
    let mut sink = Diagnostics::new();
    let waivers = policy::read_waivers(&file, &policies, &ids, as_of, &mut sink);
    if sink.has_errors() {
        return Err(sink.sorted().iter().map(|d| d.render(false)).collect());
    }
    let snapshot = Snapshot::open(place).unwrap();
    let mut needs = policy::needs(&policies);
    let conditions = waivers.iter().filter_map(|waiver| waiver.condition.as_ref());
    conditions.for_each(|plan| needs.add(&plan.reads));
    let tables = Tables::load(&snapshot, &needs).unwrap();
    Ok(evaluate::audit(&policies, &waivers, &tables, &snapshot, as_of))
}

fn waiver(more: &str) -> String {
    format!("waivers:\n  - policy: {POLICY}\n    reason: r\n    owner: o\n    approver: a\n{more}")
}

fn of(audit: &Audit) -> (u64, u64, WaiverStatus) {
    let policy = audit.policies.iter().find(|policy| policy.id == POLICY).unwrap();
    (policy.counts.fail, policy.counts.waived, audit.waivers[0].status)
}

#[tokio::test]
async fn a_waiver_holds_through_its_last_day_in_utc() {
    let case = Case::new().await;
    let fact = case.fact("kaho");
    let text = waiver(&format!("    expires: 2026-12-31\n    facts: [\"{fact}\"]\n"));
    for (as_of, expected) in [
        ("2026-11-20T09:00:00Z", (2, 1, WaiverStatus::Applied)),
        ("2026-12-31T23:59:59Z", (2, 1, WaiverStatus::Applied)),
        ("2027-01-01T00:00:00Z", (3, 0, WaiverStatus::Expired)),
        ("2025-12-29T23:59:59Z", (3, 0, WaiverStatus::TooFarAhead)),
        ("2025-12-30T00:00:00Z", (2, 1, WaiverStatus::Applied)),
    ] {
        let audit = case.audit(&text, as_of).unwrap();
        // All three failures are meant; two of them are not those that were accepted.
        assert_eq!(of(&audit), expected, "{as_of}");
        let lapsed = if expected.1 == 1 { 2 } else { 0 };
        assert_eq!(audit.waivers[0].lapsed, lapsed, "{as_of}");
    }
}

#[tokio::test]
async fn a_waived_failure_is_never_a_pass() {
    let case = Case::new().await;
    let facts: Vec<String> = ["kaho", "marcus", "rin"]
        .map(|who| format!("\"{}\"", case.fact(who)))
        .to_vec();
    let before = case.audit("waivers: []\n", "2026-11-20T09:00:00Z").unwrap();
    let text = waiver(&format!("    expires: 2026-12-31\n    facts: [{}]\n", facts.join(", ")));
    let audit = case.audit(&text, "2026-11-20T09:00:00Z").unwrap();
    let counts = |audit: &Audit| audit.policies.iter().find(|policy| policy.id == POLICY).unwrap().counts;
    assert_eq!((counts(&audit).fail, counts(&audit).waived), (0, 3));
    assert_eq!(counts(&audit).pass, counts(&before).pass);
    assert_eq!(audit.summary.judgements.pass, before.summary.judgements.pass);
    let policy = audit.policies.iter().find(|policy| policy.id == POLICY).unwrap();
    // Two people could not be decided, and that comes before what is accepted.
    assert_eq!(policy.outcome, Outcome::Unknown);
    assert_eq!(
        audit.findings.iter().filter(|f| f.outcome == Outcome::Waived).count(),
        3
    );
    assert!(
        audit
            .findings
            .iter()
            .all(|f| (f.outcome == Outcome::Waived) == f.waiver.is_some())
    );
}

#[tokio::test]
async fn a_waiver_lapses_when_the_facts_change() {
    let case = Case::new().await;
    let fact = case.fact("kaho");
    let text = waiver(&format!(
        "    where: app_user.credentials.userName.startsWith(\"kaho\")\n    expires: 2026-12-31\n    facts: [\"{fact}\"]\n"
    ));
    let now = "2026-11-20T09:00:00Z";
    assert_eq!(of(&case.audit(&text, now).unwrap()), (2, 1, WaiverStatus::Applied));
    // The same person gets another licence of that kind beside the first.
    support::change_lines(&case.place, "entra.user", |line| {
        if line.contains("kaho.shirakawa") {
            line.replacen(
                "\"licenseAssignmentStates\":[",
                "\"licenseAssignmentStates\":[{\"skuId\":\"3a6a908c-09c5-406a-8170-8ebb63c42882\",\"assignedByGroup\":null},",
                1,
            )
        } else {
            line.to_owned()
        }
    });
    assert_eq!(of(&case.audit(&text, now).unwrap()), (3, 0, WaiverStatus::Lapsed));
    let nobody = text.replace("\"kaho\"", "\"nobody\"");
    assert_eq!(of(&case.audit(&nobody, now).unwrap()), (3, 0, WaiverStatus::Unused));
}

/// Gives somebody eight such licences, of which the evidence shows five; the last is of this product.
fn with_eight_licences(line: &str, last: &str) -> String {
    if !line.contains("kaho.shirakawa") {
        return line.to_owned();
    }
    let licence =
        |at: usize| serde_json::json!({"skuId": if at == 7 { last } else { POWER_BI }, "assignedByGroup": null});
    let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
    json["object"]["licenseAssignmentStates"] = (0..8).map(licence).collect();
    json.to_string()
}

#[tokio::test]
async fn what_the_evidence_does_not_show_is_a_fact_all_the_same() {
    let case = Case::new().await;
    support::change_lines(&case.place, "entra.user", |line| with_eight_licences(line, POWER_BI));
    let before = case.fact("kaho");
    assert_eq!(before, case.fact("kaho"), "the same facts have another fingerprint");
    support::change_lines(&case.place, "entra.user", |line| with_eight_licences(line, VISIO));
    assert_ne!(before, case.fact("kaho"), "the eighth licence is another one now");
}

#[tokio::test]
async fn mistakes_in_a_file_of_waivers_are_told_at_their_place() {
    let case = Case::new().await;
    let end = "    expires: 2026-12-31\n    facts: [\"0123456789abcdef\"]\n";
    for (text, words) in [
        ("waivers: [\n".to_owned(), "invalid-yaml"),
        (
            waiver(end).replace("user-owned", "user-owed"),
            "did you mean `provisioning.user-owned-licence`?",
        ),
        (waiver(&end.replace("2026-12-31", "2026-02-30")), "not a day"),
        (waiver(&end.replace("2026-12-31", "soon")), "waivers.yaml:6:14"),
        (waiver(&end.replace("    facts", "    fact")), "missing key `facts`"),
        (
            waiver(&format!("    where: app_user.nam == \"x\"\n{end}")),
            "waivers.yaml:6:21",
        ),
        (
            waiver(&format!("    where: app_user.entra_user.accountEnabled == true\n{end}")),
            "unguarded-link",
        ),
        (waiver(&format!("    where: app_user.status\n{end}")), "yields string"),
        (waiver(end).replace("    reason: r\n", ""), "missing key `reason`"),
    ] {
        let told = case.audit(&text, "2026-11-20T09:00:00Z").unwrap_err().join("\n");
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[tokio::test]
async fn what_waive_prints_is_what_audit_reads() {
    let case = Case::new().await;
    let run = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_tenken"))
            .current_dir(case.folder.path())
            .args(args)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let grant = |policy: &str, condition: &str| {
        run(&[
            "waive",
            "snapshot",
            "--policy",
            policy,
            "--where",
            condition,
            "--reason",
            "says: \"why\" # not\n  - x",
            "--owner",
            "o",
            "--approver",
            "a",
            "--expires",
            "2027-01-31",
        ])
    };
    let (status, entry, _) = grant(POLICY, "app_user.credentials.userName.startsWith('kaho')");
    assert_eq!(status, 0);
    std::fs::write(case.folder.path().join("w.yaml"), format!("waivers:\n{entry}")).unwrap();
    let (status, text, told) = run(&[
        "audit",
        "snapshot",
        "--waivers",
        "w.yaml",
        "--fail-on",
        "none",
        "--lang",
        "en",
    ]);
    assert_eq!(status, 0, "{told}");
    assert!(
        text.contains("1 more waived") && !told.contains("waiver of"),
        "{text}{told}"
    );
    let (_, _, told) = run(&[
        "audit",
        "snapshot",
        "--waivers",
        "w.yaml",
        "--as-of",
        "2027-02-01T00:00:00Z",
    ]);
    assert!(told.contains("expired on 2027-01-31"), "{told}");
    let (status, _, told) = grant(POLICY, "app_user.credentials.userName == 'nobody'");
    assert!(status == 2 && told.contains("nothing of"), "{told}");
    assert_eq!(grant("provisioning.nothing", "true").0, 2);
}
