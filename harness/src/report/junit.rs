//! JUnit XML, which most CI systems show: a test suite for each report, a test case for each case.
//!
//! What fails is a failure, so is a case without a verdict that was asked for or is in the baseline;
//! NON-STRICT and INFORMATIONAL pass. A case that passed when played again is flaky, as nextest and Maven write it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::diff::Kind;
use super::schema::{Case, Verdict};
use super::shown::Shown;
use crate::conformance::CaseId;

/// All reports as one file.
///
/// # Errors
///
/// Why the XML cannot be written.
pub fn junit(reports: &[Shown]) -> Result<String, String> {
    let mut whole = quick_junit::Report::new("WebSocket conformance");
    for shown in reports {
        whole.add_test_suite(suite(shown));
    }
    whole.to_string().map_err(|error| error.to_string())
}

fn suite(shown: &Shown) -> TestSuite {
    let report = &shown.report;
    let title = shown.title();
    let mut suite = TestSuite::new(title.clone());
    suite.set_time(Duration::from_millis(report.duration_ms));
    for (name, value) in [
        ("suite", shown.suite().as_str()),
        ("engine", &report.suite.engine),
        ("platform", &format!("{} {}", report.platform.os, report.platform.arch)),
        ("started", &report.started),
    ] {
        suite.add_property(Property::new(name, value));
    }
    suite.add_test_cases(report.cases.iter().map(|case| played(&title, case)));
    let differences = shown.differences.iter().flatten();
    for missing in differences.filter(|one| one.kind == Kind::Missing) {
        suite.add_test_case(lacking(&title, &missing.id, missing.kind.name()));
    }
    for id in shown.untold() {
        suite.add_test_case(lacking(&title, &id, "asked for, without a verdict"));
    }
    suite
}

fn lacking(title: &str, id: &CaseId, why: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(why).set_type("MISSING");
    let mut test = TestCase::new(id.to_string(), status);
    test.set_classname(title.to_owned());
    test
}

fn played(title: &str, case: &Case) -> TestCase {
    let verdict = case.verdict();
    let mut status = match verdict.is_failure() {
        true => TestCaseStatus::non_success(NonSuccessKind::Failure),
        false => TestCaseStatus::success(),
    };
    if verdict.is_failure() {
        status.set_message(verdict.to_string()).set_type(verdict.to_string());
        if let Some(why) = &case.explanation {
            status.set_description(why.clone());
        }
    }
    status.add_reruns(case.earlier.iter().filter(|one| one.is_failure()).map(rerun));
    let mut test = TestCase::new(case.id.to_string(), status);
    test.set_classname(title.to_owned());
    if let Some(millis) = case.duration_ms {
        test.set_time(Duration::from_millis(millis));
    }
    test
}

fn rerun(verdict: &Verdict) -> TestRerun {
    let mut rerun = TestRerun::new(NonSuccessKind::Failure);
    rerun.set_message(verdict.to_string()).set_type(verdict.to_string());
    rerun
}
