//! Runs as a user has them: resumed, sharded, merged, refused, mended.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chesterton::base::exit::Exit;
use chesterton::ledger::RunFolder;
use simulators::chance::Chance;

use crate::places::{
    TRIALS, chesterton, place, planned, play, quietly, root, same_as_undisturbed, start, words,
};

#[test]
fn shards_in_any_order_and_overlapping_make_the_unsharded_run() {
    let folder = place();
    let play = |name: &str, part: &str| {
        let arguments = planned(&["--name", name, "--shard", part, "--jobs", "2"]);
        let (exit, printed) = quietly(folder.path(), &words(&arguments));
        assert_eq!(exit, Exit::Fine, "{}", printed.told);
    };
    // 40 trials of uneven length in 16 parts: some have three, some two.
    let parts: Vec<String> = (1..=16).map(|part| format!("part-{part}")).collect();
    for (n, name) in parts.iter().enumerate() {
        play(name, &format!("{}/16", n + 1));
    }
    let overlapping = [("half", "1/2"), ("third", "2/3"), ("all", "1/1")];
    overlapping.iter().for_each(|(name, part)| play(name, part));
    let mut chance = Chance::stream(16, "orders");
    let orders = 8;
    for n in 0..orders {
        let mut order = parts.clone();
        order.extend(overlapping[..n % 4].iter().map(|(name, _)| (*name).to_owned()));
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(chance.between(0, at as i64)).unwrap());
        }
        let name = format!("whole-{n}");
        let mut verb = vec!["merge".to_owned()];
        verb.extend(order.iter().cloned().chain([
            "--name".to_owned(),
            name.clone(),
            "--no-score".to_owned(),
        ]));
        let (exit, printed) = quietly(folder.path(), &words(&verb));
        assert_eq!(exit, Exit::Fine, "{order:?}: {}", printed.told);
        same_as_undisturbed(&folder.path().join("results").join(&name), &format!("merged {order:?}"));
    }
    println!(
        "16 parts of {TRIALS} trials, up to 3 overlapping ones, in {orders} random orders: the unsharded run each time"
    );
    let (missing, _) = quietly(folder.path(), &["merge", "part-1", "part-2", "--name", "some"]);
    assert_eq!(missing, Exit::Invalid, "two of sixteen shards are not the whole");
    assert_eq!(quietly(folder.path(), &["resume", "some", "--no-score"]).0, Exit::Fine);
    same_as_undisturbed_but_scored(&folder.path().join("results/some"));
}

/// A merge that was scored on the way has marks as well.
fn same_as_undisturbed_but_scored(run: &Path) {
    for name in ["marks.jsonl", "cells.csv"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    same_as_undisturbed(run, "merged and resumed");
}

#[test]
fn shards_of_other_plans_are_not_united() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "a", "--shard", "1/2"]).status.success());
    assert!(play(folder.path(), &["--name", "b", "--shard", "2/2", "--seed", "9"]).status.success());
    assert_eq!(chesterton(folder.path(), &["merge", "a", "b", "--name", "c"]).status.code(), Some(2));
    assert!(!folder.path().join("results/c").exists(), "a refused merge leaves nothing");
}

#[test]
fn a_name_is_taken_once_and_a_folder_has_one_writer() {
    let folder = place();
    let arguments = ["run", "--trials", "150", "--name", "busy", "--no-score", "--jobs", "1"];
    let mut child = start(folder.path(), &arguments);
    let marker = folder.path().join("results/busy/running.json");
    for _ in 0..400 {
        if marker.exists() && folder.path().join("results/busy/plan.json").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    let again = chesterton(folder.path(), &arguments);
    let resumed = chesterton(folder.path(), &["resume", "busy"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((again.status.code(), resumed.status.code()), (Some(2), Some(2)));
    assert!(String::from_utf8_lossy(&again.stderr).contains("chesterton resume busy"));
    let told = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert!(told.contains("another process") && told.contains(&child.id().to_string()), "{told}");
}

#[test]
fn other_inputs_are_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(root().join("tests/lasting"))
        .arg(folder.path().join("scenarios"))
        .status();
    assert!(copied.unwrap().success());
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let brief = folder.path().join("scenarios/small/brief.md");
    fs::write(&brief, format!("{}\nPlease hurry.\n", fs::read_to_string(&brief).unwrap())).unwrap();
    let output = chesterton(folder.path(), &["resume", "run"]);
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no longer those it was planned with"));
}

#[test]
fn what_doctor_saves_can_be_resumed_to_the_undisturbed_run() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let run = folder.path().join("results/run");
    let part = run.join("ledger/part-00000.jsonl");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&part, bytes).unwrap();
    assert_eq!(
        chesterton(folder.path(), &["resume", "run"]).status.code(),
        Some(5),
        "damage is not played over"
    );
    let told = chesterton(folder.path(), &["doctor", "run"]);
    assert_eq!(told.status.code(), Some(5));
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("damaged: ") && told.contains(&format!("{} of {TRIALS}", TRIALS - 1)), "{told}");
    assert_eq!(chesterton(folder.path(), &["doctor", "run", "--save"]).status.code(), Some(5));
    assert!(run.join("damaged-1/part-00000.jsonl").exists(), "what was damaged is kept");
    fs::remove_dir_all(run.join("damaged-1")).unwrap();
    assert!(chesterton(folder.path(), &["resume", "run", "--no-score"]).status.success());
    same_as_undisturbed(&run, "saved and resumed");
    assert_eq!(chesterton(folder.path(), &["doctor", "run"]).status.code(), Some(0));
}

#[test]
fn a_run_left_in_the_middle_of_a_rewriting_is_whole() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let run = folder.path().join("results/run");
    fs::rename(run.join("ledger"), run.join("ledger.old")).unwrap();
    fs::create_dir(run.join("ledger.new")).unwrap();
    assert_eq!(RunFolder::open(&run).ledger(), run.join("ledger.old"));
    assert!(chesterton(folder.path(), &["resume", "run", "--no-score"]).status.success());
    same_as_undisturbed(&run, "left between two renames");
}

#[test]
fn a_link_in_the_ledger_is_not_followed() {
    let folder = place();
    assert!(play(folder.path(), &["--name", "run"]).status.success());
    let run = folder.path().join("results/run");
    let part = run.join("ledger/part-00000.jsonl");
    fs::rename(&part, folder.path().join("elsewhere.jsonl")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere.jsonl"), &part).unwrap();
    assert_eq!(chesterton(folder.path(), &["score", "run"]).status.code(), Some(5));
}

/// One way of spoiling a ledger.
type Spoiling = (&'static str, fn(&Path));

fn rewrite(part: &Path, change: impl Fn(Vec<&[u8]>) -> Vec<u8>) {
    let bytes = fs::read(part).unwrap();
    let changed = change(bytes.split_inclusive(|b| *b == b'\n').collect());
    assert!(changed != bytes);
    fs::write(part, changed).unwrap();
}

fn text(line: &[u8]) -> String {
    String::from_utf8(line.to_vec()).unwrap()
}

/// Every way in which the parts of a finished run's ledger come to be wrong. Each trial of `idle` has eight lines or so.
const SPOILINGS: [Spoiling; 17] = [
    ("a bit is flipped", |part| {
        let mut bytes = fs::read(part).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(part, bytes).unwrap();
    }),
    ("the end is cut off within a line", |part| {
        rewrite(part, |lines| lines.concat()[..lines.concat().len() - 5].to_vec())
    }),
    ("the end is cut off between lines", |part| rewrite(part, |lines| lines[..lines.len() - 1].concat())),
    ("a seal is dropped", |part| {
        rewrite(part, |mut lines| {
            let first = lines.iter().position(|line| text(line).contains("\"seal\"")).unwrap();
            lines.remove(first);
            lines.concat()
        });
    }),
    ("a line is dropped", |part| rewrite(part, |lines| [&lines[..9], &lines[10..]].concat().concat())),
    ("a whole trial is dropped", |part| {
        rewrite(part, |lines| {
            let first = lines.iter().position(|line| text(line).contains("\"seal\"")).unwrap();
            lines[first + 1..].concat()
        });
    }),
    ("two lines are swapped", |part| {
        rewrite(part, |mut lines| {
            lines.swap(3, 4);
            lines.concat()
        });
    }),
    ("a line is repeated", |part| rewrite(part, |lines| [&lines[..4], &lines[3..]].concat().concat())),
    ("a line is put in", |part| rewrite(part, |lines| [lines[0], b"{}\n", &lines[1..].concat()].concat())),
    ("a trial of another run is put in", |part| {
        let other =
            part.parent().unwrap().parent().unwrap().parent().unwrap().join("other/ledger/part-00000.jsonl");
        let other = fs::read(other).unwrap();
        rewrite(part, |lines| [lines.concat(), other.clone()].concat());
    }),
    ("a line of another run is put in", |part| {
        let other =
            part.parent().unwrap().parent().unwrap().parent().unwrap().join("other/ledger/part-00000.jsonl");
        let other = fs::read(other).unwrap();
        let line = other.split_inclusive(|b| *b == b'\n').nth(2).unwrap().to_vec();
        rewrite(part, |lines| [lines[..2].concat(), line.clone(), lines[2..].concat()].concat());
    }),
    ("the version is another", |part| {
        rewrite(part, |lines| text(&lines.concat()).replace("{\"v\":1,", "{\"v\":2,").into_bytes());
    }),
    ("a seal is written otherwise", |part| {
        rewrite(part, |lines| {
            let last = text(lines[lines.len() - 1]).replace("{\"v\":1,", "{ \"v\":1,");
            [lines[..lines.len() - 1].concat(), last.into_bytes()].concat()
        });
    }),
    ("it is empty", |part| fs::write(part, "").unwrap()),
    ("it is a link", |part| {
        let elsewhere = part.parent().unwrap().parent().unwrap().join("elsewhere");
        fs::rename(part, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, part).unwrap();
    }),
    ("it is a folder", |part| {
        fs::remove_file(part).unwrap();
        fs::create_dir(part).unwrap();
    }),
    ("the ledger is gone", |part| fs::remove_dir_all(part.parent().unwrap()).unwrap()),
];

/// A trial that is gone with all its lines cannot be told from one that was never played: it is missing.
const MISSING: &str = "a whole trial is dropped";

#[test]
fn whatever_is_wrong_with_a_ledger_is_told_with_its_place_and_what_is_sound_is_saved() {
    let place = place();
    for (what, spoil) in SPOILINGS {
        let folder = tempfile::tempdir_in(place.path()).unwrap();
        let play = |more: &[&str]| quietly(folder.path(), &words(&planned(more))).0;
        assert_eq!(
            (play(&["--name", "run"]), play(&["--name", "other", "--seed", "7"])),
            (Exit::Fine, Exit::Fine)
        );
        let run = folder.path().join("results/run");
        spoil(&run.join("ledger/part-00000.jsonl"));
        let quietly = |verb: &[&str]| quietly(folder.path(), verb);
        let (exit, told) = quietly(&["doctor", "run"]);
        assert_eq!(exit, Exit::Invalid, "{what}");
        let (scored, _) = quietly(&["score", "run"]);
        assert_eq!(scored, Exit::Invalid, "{what}");
        let marks = fs::read_to_string(run.join("marks.jsonl")).unwrap().lines().count();
        assert!(marks < TRIALS || what.contains("of another run is put in"), "{what}: {marks} marks");
        assert!(marks <= TRIALS, "{what}: {marks} marks");
        let merged = quietly(&["merge", "run", "--name", "merged"]).0;
        assert_eq!(merged, Exit::Invalid, "{what}");
        if what == MISSING {
            assert!(told.said.contains("not sealed: small/"), "{what}: {}", told.said);
        } else {
            let place = if what.contains("gone") { "results/run/ledger" } else { "part-00000.jsonl" };
            assert!(told.said.contains("damaged: ") && told.said.contains(place), "{what}: {}", told.said);
            assert_eq!(quietly(&["resume", "run", "--no-score"]).0, Exit::Invalid, "{what}: played over");
            assert_eq!(quietly(&["doctor", "run", "--save"]).0, Exit::Invalid, "{what}");
            fs::remove_dir_all(run.join("damaged-1"))
                .or_else(|e| if what.contains("gone") { Ok(()) } else { Err(e) })
                .unwrap();
        }
        let (exit, told) = quietly(&["resume", "run", "--no-score"]);
        assert_eq!(exit, Exit::Fine, "{what}: {}", told.told);
        let _ = fs::remove_file(run.join("elsewhere"));
        same_as_undisturbed_but_scored(&run);
    }
}
