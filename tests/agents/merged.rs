//! Tapes of shards are united with their ledgers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chesterton::base::exit::Exit;
use chesterton::cli::Printed;
use serde_json::Value;

use crate::standin::Dialect;
use crate::{agent, chesterton, lasting, serve, spent, tree, wanderer};

/// The lines of a run's tape.
fn lines(run: &Path) -> Vec<Value> {
    let mut files: Vec<_> = fs::read_dir(run.join("tape")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many exchanges of each trial and turn there are.
fn exchanges(run: &Path) -> BTreeMap<(String, u64), usize> {
    let mut found = BTreeMap::new();
    for line in lines(run) {
        let key = (line["trial"].as_str().unwrap().to_owned(), line["turn"].as_u64().unwrap());
        *found.entry(key).or_default() += 1;
    }
    found
}

/// A place with an agent's file, where shards of one plan are played, merged, and played again.
struct Place<'a> {
    folder: &'a Path,
    agent: &'a str,
}

impl Place<'_> {
    fn play(&self, name: &str, more: &[&str]) -> (Exit, Printed) {
        let plan =
            ["run", "small", "--agent", self.agent, "--setup", "inherited", "--trials", "9", "--no-score"];
        let verb: Vec<&str> = plan.into_iter().chain(["--name", name]).chain(more.iter().copied()).collect();
        chesterton(&lasting(), self.folder, &verb)
    }

    fn merge(&self, parts: &[&str], name: &str) -> (Exit, Printed) {
        let verb: Vec<&str> =
            ["merge"].iter().chain(parts).chain(&["--no-score", "--name", name]).copied().collect();
        chesterton(&lasting(), self.folder, &verb)
    }
}

/// However shards overlap, and whatever was left half done, the merged run has the ledger of the whole one, has every exchange
/// of it once, and is played again from its tape without anybody to ask.
#[test]
fn shards_of_a_model_are_united_with_their_tapes_and_replayed_without_anybody() {
    // What is thought counts up, so that two recordings of one trial differ; what is done does not.
    let served = serve(|asked| wanderer(asked).thinking(&format!("thought {:06}", asked.n)));
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Chat, "");
    let at = Place { folder: place.path(), agent: &agent };
    assert_eq!(at.play("calm", &[]).0, Exit::Fine);
    for (name, shard) in [("one", "1/3"), ("two", "2/3"), ("three", "3/3"), ("half", "1/2")] {
        let (exit, printed) = at.play(name, &["--shard", shard]);
        assert_eq!(exit, Exit::Fine, "{}", printed.told);
    }
    // Stopped by its budget in the middle of trials that others have whole.
    let (exit, printed) = at.play("poor", &["--max-tokens", "40000", "--in-flight", "3", "--jobs", "1"]);
    assert_eq!(exit.code(), 8, "{}", printed.told);
    let held = |name: &str| exchanges(&place.path().join(name));
    assert!(!held("poor").is_empty(), "the poor run has asked nothing");
    drop(served);
    let calm = tree(&place.path().join("calm"));
    let orders = [
        (vec!["one", "two", "three"], false),
        (vec!["poor", "three", "one", "two"], true),
        (vec!["half", "two", "poor", "one", "three"], true),
        (vec!["calm", "calm"], false),
    ];
    for (n, (parts, differ)) in orders.iter().enumerate() {
        let name = format!("whole-{n}");
        let (exit, printed) = at.merge(parts, &name);
        assert_eq!(exit, Exit::Fine, "{parts:?}: {}", printed.told);
        assert_eq!(printed.told.contains("with other answers"), *differ, "{parts:?}: {}", printed.told);
        let run = place.path().join(&name);
        assert!(tree(&run) == calm, "{parts:?}: another ledger");
        assert!(exchanges(&run) == held("calm"), "{parts:?}: an exchange is missing, or there twice");
        let distinct: BTreeSet<&&str> = parts.iter().collect();
        let paid: Vec<u64> = distinct.iter().map(|part| spent(&place.path().join(part)).answers).collect();
        assert_eq!(spent(&run).answers, paid.iter().sum::<u64>(), "{parts:?}: {paid:?}");
        assert!(printed.told.contains("models, in all parts: "), "{parts:?}: {}", printed.told);
        let again = format!("again-{n}");
        let (exit, printed) = chesterton(
            &lasting(),
            place.path(),
            &["run", "--replay-tape", &name, "--name", &again, "--no-score"],
        );
        assert_eq!(exit, Exit::Fine, "{parts:?}: {}", printed.told);
        assert!(tree(&place.path().join(&again)) == calm, "{parts:?}: the tape gives another run");
        assert_eq!(chesterton(&lasting(), place.path(), &["doctor", &name]).0, Exit::Fine);
    }
    println!(
        "{} exchanges, merged in {} orders and replayed to the same bytes",
        held("calm").len(),
        orders.len()
    );
}

/// A tape in which something was changed is not united, and `doctor` says where; a part without one is named.
#[test]
fn a_tape_that_was_changed_is_not_united_and_one_that_is_missing_is_told() {
    let served = serve(wanderer);
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Messages, "");
    let at = Place { folder: place.path(), agent: &agent };
    assert_eq!(at.play("one", &["--shard", "1/2"]).0, Exit::Fine);
    assert_eq!(at.play("two", &["--shard", "2/2", "--no-tape"]).0, Exit::Fine);
    let (exit, printed) = at.merge(&["one", "two"], "whole");
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    assert!(printed.told.contains("no tape is in `two`"), "{}", printed.told);
    let path = place.path().join("one/tape/0001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("You are a software engineer", "You are a hardware engineer", 1)).unwrap();
    assert!(fs::read_to_string(&path).unwrap() != text);
    let (exit, printed) = at.merge(&["one", "two"], "spoilt");
    assert_eq!(exit, Exit::Invalid, "{}", printed.told);
    assert!(printed.told.contains("0001.jsonl") && printed.told.contains("digest"), "{}", printed.told);
    assert!(!place.path().join("spoilt").exists(), "a refused merge leaves nothing");
    let (exit, printed) = chesterton(&lasting(), place.path(), &["doctor", "one"]);
    assert_eq!(exit, Exit::Invalid);
    assert!(printed.said.contains("damaged: the tape in"), "{}", printed.said);
    // The writer was killed in the middle of a line: no damage, and whoever goes on is told.
    fs::write(&path, format!("{text}{}", &text[..text.len() / 9])).unwrap();
    let (exit, printed) = chesterton(&lasting(), place.path(), &["doctor", "one"]);
    assert!(exit == Exit::Fine && printed.said.contains("was cut off"), "{}", printed.said);
    let (_, printed) = chesterton(&lasting(), place.path(), &["resume", "one", "--no-score"]);
    assert!(printed.told.contains("cut off by a kill"), "{}", printed.told);
}
