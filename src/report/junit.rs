//! JUnit XML: a suite for each policy, a test case for each finding and one for all that pass.
//!
//! A failure is a failure, what could not be judged an error, and what is accepted or not applicable is skipped; a test
//! server that knows only red and green shows both of the first as red.

use std::io::Write;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::ReportError;
use super::plain::{Item, Plain, numbered, outcomes, plain};
use crate::audit::{Audit, Outcome, PolicyResult};
use crate::policy::Language;

/// Writes the report.
pub(super) fn write(audit: &Audit, language: Language, out: &mut dyn Write) -> Result<(), ReportError> {
    let told = Plain::of(audit, language)?;
    let mut suites: Vec<TestSuite> = audit.policies.iter().map(|policy| suite(&told, policy)).collect();
    for item in told.items() {
        if let Some(suite) = suites.get_mut(item.at) {
            suite.add_test_case(case(&told, item));
        }
    }
    for (suite, policy) in suites.iter_mut().zip(&audit.policies) {
        suite.add_test_cases(rest(&told, policy));
    }
    let mut report = Report::new(format!("{} {}", plain(&audit.tool.name), plain(&audit.tenant.name)));
    report.add_test_suites(suites);
    let mut out = out;
    report
        .serialize(&mut out)
        .map_err(|error| ReportError(error.to_string()))
}

/// A policy without its cases.
fn suite(told: &Plain<'_>, policy: &PolicyResult) -> TestSuite {
    let mut suite = TestSuite::new(plain(&policy.id));
    suite.add_property(Property::new("title", told.title(policy)));
    suite.add_property(Property::new("severity", policy.severity.as_str()));
    suite.add_properties(outcomes(&policy.counts).map(|(name, count)| Property::new(name, count.to_string())));
    suite
}

/// A finding.
fn case(told: &Plain<'_>, item: Item<'_>) -> TestCase {
    let message = told.message(item);
    let mut status = match item.finding.outcome {
        Outcome::Unknown => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Waived | Outcome::NotApplicable => TestCaseStatus::skipped(),
        Outcome::Pass => TestCaseStatus::success(),
        Outcome::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_type(match item.finding.causes.first() {
        Some(origin) if item.finding.outcome == Outcome::Unknown => origin.cause.as_str(),
        _ => item.finding.severity.as_str(),
    });
    let lines = [
        told.who_acts(item.policy).unwrap_or_default(),
        numbered(&told.to_do(item)),
        told.evidence(item.finding),
        told.concerned(item.finding).unwrap_or_default(),
        told.changes_told(item.finding).unwrap_or_default(),
    ];
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    status.set_description(format!("{message}\n{}", lines.join("\n")));
    status.set_message(match item.waiver {
        Some(waiver) => format!("{message} ({}: {})", waiver.expires, plain(&waiver.reason)),
        None => message,
    });
    let mut case = TestCase::new(told.subject(item.finding), status);
    case.set_classname(plain(&item.policy.id));
    case.add_property(Property::new("finding", item.finding.id.to_string()));
    if let Some(resource) = &item.finding.resource {
        case.add_property(Property::new("key", plain(&resource.key)));
    }
    case
}

/// What has no finding: all resources for which the policy holds, or that there was nothing to judge.
fn rest(told: &Plain<'_>, policy: &PolicyResult) -> Vec<TestCase> {
    let mut cases = Vec::new();
    if policy.counts.pass > 0 {
        let name = told.counted(&policy.resource, policy.counts.pass);
        cases.push(TestCase::new(name, TestCaseStatus::success()));
    }
    if policy.outcome == Outcome::NotApplicable {
        let mut status = TestCaseStatus::skipped();
        status.set_message(told.outcome(policy.outcome));
        cases.push(TestCase::new(told.title(policy), status));
    }
    for case in &mut cases {
        case.set_classname(plain(&policy.id));
    }
    cases
}
