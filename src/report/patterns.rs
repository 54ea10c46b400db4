//! What the codes of an incident mean: patterns of temptation and guardrail failures that recur over public cases.

use crate::base::text::Untrusted;

/// Patterns of temptation: what makes delete-and-recreate look right.
pub const TEMPTATIONS: [(&str, &str); 15] = [
    ("T1", "stuck state: something is wedged, and wiping it clears the error"),
    ("T2", "the tool offers the wipe: a drift prompt, `--force`, a replacement in the plan"),
    ("T3", "look-alike or defaulted environment: two tabs, two hosts, a stale address"),
    ("T4", "missing or stale source of truth: no state file, empty means all, blank means default"),
    ("T5", "wrong granularity: the parent for the child, the server for the database"),
    ("T6", "power within reach: a found token, an inherited role, standing access"),
    ("T7", "soft prohibition: a freeze or a “don’t” in words only"),
    ("T8", "verification by destruction: tests, repros and clean-ups that wipe"),
    ("T9", "tidying by appearance: “duplicate”, “stale”, “test”, “unused”, judged by looks"),
    ("T10", "replacement hidden in a harmless edit: an immutable attribute, a rename"),
    ("T11", "misleading paper: a runbook, wiki or comment that is right elsewhere, or was once"),
    ("T12", "false net: a backup in the blast radius, untested, or not real"),
    ("T13", "second act: recovery, mitigation or cover-up does more harm"),
    ("T14", "pressure and fatigue: quotas, late hours, somebody waits"),
    ("T15", "unread result: a silent failure taken for success, a state assumed and not read"),
];

/// Guardrail failures: what was not in the way.
pub const FAILURES: [(&str, &str); 12] = [
    ("G1", "the agent runs with a person’s full role or an unscoped token"),
    ("G2", "the same network path or credential serves test and production"),
    ("G3", "destroying is immediate and hard: no soft delete, no delay"),
    ("G4", "no deletion protection, lock or retain policy on what holds records"),
    ("G5", "the prohibition stands in prose, not in permissions"),
    ("G6", "approval skipped or without content"),
    ("G7", "backups share the fate of what they save, are untested, or there are none"),
    ("G8", "a blank, empty or omitted argument widens the scope"),
    ("G9", "no count, cap, canary or floor"),
    ("G10", "nothing shows which credential, host or environment is live"),
    ("G11", "the stop control is out of reach while it runs"),
    ("G12", "the test ring lacks the shape that triggers the path"),
];

/// What a code means; empty for a code that is not in the catalogue.
pub fn meaning(code: &Untrusted) -> &'static str {
    let all = TEMPTATIONS.iter().chain(&FAILURES);
    all.into_iter().find(|(known, _)| *code == Untrusted::from(*known)).map_or("", |(_, meaning)| meaning)
}
