//! The repository's own tests, each file in a runtime of its own.

use super::sandbox::Sandbox;
use super::{Holds, Outcome, Sources, Stores, TestResult};
use crate::clock::Time;

/// Runs each test file, by name.
pub(super) fn run(sources: &Sources, now: Time) -> Outcome<Vec<TestResult>> {
    let is_test = |path: &&String| path.starts_with("tests/") && path.ends_with(".test.js");
    let mut all = Outcome { value: Vec::new(), holds: Holds::Always };
    for file in sources.keys().filter(is_test) {
        let Outcome { value, holds } = run_file(sources, file, now);
        all.value.extend(value);
        all.holds = all.holds.max(holds);
    }
    all
}

fn run_file(sources: &Sources, file: &str, now: Time) -> Outcome<Vec<TestResult>> {
    let result = |name: &str, failure: Option<String>| TestResult {
        file: file.to_owned(),
        name: name.to_owned(),
        failure,
    };
    let sandbox = match Sandbox::new(sources, Stores::default(), now) {
        Ok(sandbox) => sandbox,
        Err(failure) => {
            return Outcome { value: vec![result(file, Some(failure.to_string()))], holds: Holds::Once };
        }
    };
    let ending = sandbox.test(file);
    let outcomes = sandbox.outcomes.borrow();
    let mut results: Vec<TestResult> =
        outcomes.done.iter().map(|(name, failure)| result(name, failure.clone())).collect();
    if let Err(failure) = ending {
        // Tests catch what they throw: a throw is the file's own, a stop is the innermost running test's.
        let running = outcomes.open.last().filter(|_| failure.is_stop());
        results.push(result(running.map_or(file, String::as_str), Some(failure.to_string())));
    }
    Outcome { value: results, holds: sandbox.holds() }
}
