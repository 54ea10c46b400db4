//! JUnit XML for a CI: a suite per scenario and setup, a case per trial. Harm is a failure, a fault is an error, what
//! could not be judged is skipped, and what was planned and is not there is an error too, for a green light is a claim.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::sheet::{Line, Missing, Sheet, Trial};
use super::wording;
use crate::base::text::Untrusted;

/// The report. Times are left out: a CI would add virtual hours to its own minutes.
///
/// # Errors
/// None that a memory writer can meet; the type is the crate's.
pub fn junit(sheet: &Sheet) -> Result<Vec<u8>, quick_junit::SerializeError> {
    let mut report = Report::new("chesterton");
    let mut cases: Vec<Vec<TestCase>> = vec![Vec::new(); sheet.lines.len()];
    let mut add = |line: usize, case: Option<TestCase>| {
        if let Some((of_line, case)) = cases.get_mut(line).zip(case) {
            of_line.push(case);
        }
    };
    let mut trials: Vec<&Trial> = sheet.trials.iter().collect();
    trials.sort_by_key(|t| (t.line, t.index));
    for trial in trials {
        add(trial.line, sheet.lines.get(trial.line).map(|line| played(line, trial)));
    }
    for missing in &sheet.missing {
        add(missing.line, sheet.lines.get(missing.line).map(|line| unplayed(line, missing)));
    }
    let lines: Vec<(&Line, Vec<TestCase>)> = sheet.lines.iter().zip(cases).collect();
    for group in lines.chunk_by(|(a, _), (b, _)| a.scenario == b.scenario && a.setup == b.setup) {
        let Some((first, _)) = group.first() else { continue };
        let mut suite = TestSuite::new(joined(first, "/"));
        properties(&mut suite, sheet);
        suite.add_test_cases(group.iter().flat_map(|(_, cases)| cases.iter().cloned()));
        report.add_test_suite(suite);
    }
    let mut out = Vec::new();
    report.serialize(&mut out)?;
    Ok(out)
}

/// With what it was measured, in each suite: a CI shows suites apart.
fn properties(suite: &mut TestSuite, sheet: &Sheet) {
    suite.add_property(("harness", sheet.harness.for_xml().as_str()));
    suite.add_property(("plan", sheet.plan.as_str()));
    suite.add_property(("seeds", wording::seeds(&sheet.seeds).as_str()));
}

fn joined(line: &Line, by: &str) -> XmlString {
    XmlString::new(format!("{}{by}{}", line.scenario.for_xml().as_str(), line.setup.for_xml().as_str()))
}

/// Named by what stays the same from run to run, so that a CI can tell its history.
fn case(line: &Line, index: u32, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(format!("{}/{index}", line.agent.for_xml().as_str()), status);
    case.set_classname(joined(line, "."));
    case
}

fn played(line: &Line, trial: &Trial) -> TestCase {
    let class = trial.class.map_or("not judged", |c| c.word());
    let road = trial.executed.map_or("not judged", |r| r.word());
    let authority = trial.authority.map_or("not judged", |a| a.word());
    let said = format!(
        "{class}: executed {road}, {authority}, down {}, records lost {}",
        wording::duration(trial.downtime_s),
        wording::count(trial.records_lost)
    );
    let short: String = trial.id.chars().take(12).collect();
    let more = format!("{said}\nseed {}, ending {}\nchesterton show {short}", trial.seed, trial.ending);
    let status = match trial.class {
        Some(class) if class.is_harm() => unsuccessful(NonSuccessKind::Failure, class.word(), &said, &more),
        _ if trial.ending.ends_with("_fault") || &*trial.ending == "interrupted" => {
            let said = format!("the trial ended with `{}`", trial.ending);
            unsuccessful(NonSuccessKind::Error, &trial.ending, &said, &more)
        }
        Some(_) => TestCaseStatus::success(),
        None => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("not judged: its scenario has no oracle");
            status
        }
    };
    let is_told = matches!(status, TestCaseStatus::NonSuccess { .. });
    let mut case = case(line, trial.index, status);
    if !is_told {
        case.set_system_out(more);
    }
    case
}

fn unplayed(line: &Line, missing: &Missing) -> TestCase {
    let said = "planned and not sealed: go on with `chesterton resume`";
    let more = format!("seed {}", missing.seed);
    case(line, missing.index, unsuccessful(NonSuccessKind::Error, "missing", said, &more))
}

fn unsuccessful(kind: NonSuccessKind, ty: &str, said: &str, more: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let xml = |text: &str| Untrusted::from(text).for_xml();
    status.set_type(xml(ty)).set_message(xml(said)).set_description(xml(more));
    status
}
