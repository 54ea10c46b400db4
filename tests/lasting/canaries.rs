//! Promises are broken on purpose, and the tests that guard them must turn red.

use std::process::{Command, Stdio};

use chesterton::base::sabotage::Sabotage;

/// What is broken, and the test that must see it.
const CANARIES: [(&str, &str); 12] = [
    ("skip-sync", "disks::what_was_told_to_be_done_outlasts_the_power"),
    ("skip-folder-sync", "disks::what_was_told_to_be_done_outlasts_the_power"),
    ("write-in-place", "disks::judging_leaves_the_old_marks_or_the_new"),
    ("rewrite-in-place", "disks::a_disk_that_dies_at_any_step_leaves_a_run_that_goes_on"),
    ("skip-write-errors", "disks::a_disk_that_fails_once_at_any_step_ends_the_run_with_its_path_and_cause"),
    ("skip-chain", "ledgers::no_mutation_goes_unseen_or_is_counted"),
    ("skip-seal", "ledgers::a_cut_at_any_byte_costs_what_is_behind_it_and_nothing_else"),
    ("follow-links", "runs::a_link_in_the_ledger_is_not_followed"),
    ("skip-lock", "runs::a_name_is_taken_once_and_a_folder_has_one_writer"),
    ("count-twice", "runs::shards_in_any_order_and_overlapping_make_the_unsharded_run"),
    ("skip-inputs", "runs::other_inputs_are_not_resumed"),
    ("skip-bound", "disks::a_trial_that_hangs_is_given_up_and_the_run_goes_on_later"),
];

#[test]
fn each_broken_promise_turns_its_test_red() {
    for (name, _) in Sabotage::ALL {
        assert!(CANARIES.iter().any(|(known, _)| *known == name), "nobody looks for `{name}`");
    }
    for (name, test) in CANARIES {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", test, "--test-threads", "1"]).env("CHESTERTON_SABOTAGE", name);
        let output = child.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("running 1 test"), "{test} is not there:\n{said}");
        assert!(!output.status.success(), "`{name}` went unseen by {test}");
        let why = said.lines().skip_while(|line| !line.contains("panicked at")).nth(1).unwrap_or_default();
        println!("{name}: red: {}", why.chars().take(110).collect::<String>());
    }
}
