//! What can be wrong in `[[fault]]`: keys that its verb does not have, names that point nowhere, numbers out of range.

use crate::service::operations;
use crate::stage::Stage;
use crate::stage::fault::{Fault, Verb};
use crate::stage::oversight::Lapse;
use crate::stage_problems::Problems;

pub(crate) fn of_faults(stage: &Stage, found: &mut Problems) {
    let names = stage.fault.iter().map(|fault| fault.name.as_str());
    found.unique(names, |i| format!("fault[{i}].name"), "the name of a fault");
    for (i, fault) in stage.fault.iter().enumerate() {
        of_conditions(fault, i, found);
        of_verb(stage, fault, i, found);
    }
}

pub(crate) fn of_oversight(stage: &Stage, found: &mut Problems) {
    let Some(oversight) = &stage.oversight else { return };
    let is_late = oversight.guardrail == Some(Lapse::Late);
    let at = |key: &str| format!("oversight.{key}");
    found.within(at("percent"), oversight.percent.unwrap_or(1), (1, 100), "a chance per cent");
    found.duration(at("late_s"), oversight.late_s.unwrap_or(0));
    let lacks = is_late && oversight.late_s.is_none();
    found.add_if(lacks, at("guardrail"), "", "`late_s`, how many virtual seconds late it answers");
    let strays = !is_late && oversight.late_s.is_some();
    found.add_if(strays, at("late_s"), "", "no `late_s`: only a guardrail that is `late` has it");
    let nothing = oversight.guardrail.is_none() && oversight.percent.is_some();
    found.add_if(nothing, at("percent"), "", "`guardrail`, what befalls it at that chance");
}

fn of_conditions(fault: &Fault, i: usize, found: &mut Problems) {
    let at = |key: &str| format!("fault[{i}].{key}");
    found.not_empty(at("name"), &fault.name, "a name, which the ledger shows");
    if let Some(service) = fault.service {
        let known: Vec<&str> = operations(service).iter().map(|operation| operation.name).collect();
        for (j, operation) in fault.operation.iter().enumerate() {
            found.one_of(at(&format!("operation[{j}]")), operation, "an operation of the service", &known);
        }
        let is_own = matches!(service, crate::call::Service::Workspace | crate::call::Service::Clock);
        let remote = |operation: &String| matches!(operation.as_str(), "GitFetch" | "GitPull" | "GitPush");
        let strays = is_own && (fault.operation.is_empty() || !fault.operation.iter().all(remote));
        let expected =
            "`GitFetch`, `GitPull` or `GitPush` as `operation`: the rest happens on the agent's own machine";
        found.add_if(strays, at("service"), "", expected);
    } else {
        found.add_if(
            !fault.operation.is_empty(),
            at("operation"),
            "",
            "the `service` that has the operation",
        );
    }
    for (j, nth) in fault.nth.iter().enumerate() {
        let nth = i64::try_from(*nth).unwrap_or(i64::MAX);
        found.within(at(&format!("nth[{j}]")), nth, (1, i64::MAX), "the how many-th call");
    }
    for (key, value) in [("from_s", fault.from_s), ("until_s", fault.until_s), ("for_s", fault.for_s)] {
        found.duration(at(key), value.unwrap_or(0));
    }
    found.within(at("percent"), fault.percent.unwrap_or(1), (1, 100), "a chance per cent");
    if let Some((from, until)) = fault.from_s.zip(fault.until_s) {
        found.add_if(until <= from, at("until_s"), until, "a time after `from_s`");
    }
}

/// Each verb has its own keys: one of another verb would do nothing, and look as if it did.
fn of_verb(stage: &Stage, fault: &Fault, i: usize, found: &mut Problems) {
    let at = |key: &str| format!("fault[{i}].{key}");
    let keys = [
        ("for_s", fault.for_s.is_some(), &[Verb::Stall, Verb::Wedge][..]),
        ("after_steps", fault.after_steps.is_some(), &[Verb::Wedge]),
        ("took_effect", fault.took_effect, &[Verb::Crash]),
        ("stale_s", fault.stale_s.is_some(), &[Verb::Lie]),
        ("says", fault.says.is_some(), &[Verb::Lie]),
        ("keeps_bytes", fault.keeps_bytes.is_some(), &[Verb::Lie]),
        ("by_s", fault.by_s.is_some(), &[Verb::Skew]),
        ("heals", !fault.heals.is_empty(), &[Verb::Heal]),
    ];
    for (key, is_there, verbs) in keys {
        let expected = format!("no `{key}`: this verb does not have it");
        found.add_if(is_there && !verbs.contains(&fault.verb), at(key), "", &expected);
    }
    let has = |key: &str| keys.iter().any(|(name, is_there, _)| *name == key && *is_there);
    let lies = ["stale_s", "says", "keeps_bytes"].into_iter().filter(|key| has(key)).count();
    let (lacks, expected) = match fault.verb {
        Verb::Stall => (!has("for_s"), "`for_s`, how many seconds longer it takes"),
        Verb::Lie => (lies != 1, "one of `stale_s`, `says` and `keeps_bytes`"),
        Verb::Skew => (!has("by_s"), "`by_s`, how many seconds the times are off"),
        Verb::Heal => (!has("heals"), "`heals`, the names of the faults that end"),
        Verb::Wedge => (fault.service.is_none(), "`service`, whose work stands still"),
        Verb::Throttle | Verb::Crash => (false, ""),
    };
    found.add_if(lacks, at("verb"), "", expected);
    let names: Vec<&str> = stage.fault.iter().map(|fault| fault.name.as_str()).collect();
    for (j, name) in fault.heals.iter().enumerate() {
        found.one_of(at(&format!("heals[{j}]")), name, "the name of a `[[fault]]`", &names);
    }
}
