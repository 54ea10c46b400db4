//! The ledger alone: what is wrong with it is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chesterton::ledger::{Cause, Index, Pen, Recorder, read, read_bytes};
use chesterton::record::{Ending, Event, TrialKey};
use simulators::chance::Chance;
use simulators::clock::Time;

use crate::places::how_many;

fn key(index: u32) -> TrialKey {
    let text = |s: &str| s.to_owned();
    TrialKey {
        scenario: text("s"),
        agent: text("a"),
        setup: text("g"),
        factors: BTreeMap::new(),
        seed: 1,
        index,
        stage_digest: text("1"),
        brief_digest: text("2"),
        agent_digest: text("3"),
        setup_digest: text("4"),
        version: text("5"),
    }
}

/// Records trials of a few events each.
fn record_from(first: u32, trials: u32) -> Recorder {
    let mut recorder = Recorder::in_memory();
    for index in first..first + trials {
        let key = key(index);
        recorder.begin(&key.id());
        let mut events = vec![Event::Opened { trial: key, at: Time::from_unix(0) }];
        events
            .extend((0..=index - first).map(|_| Event::Unsimulated { line: "x".repeat(40).as_str().into() }));
        events.push(Event::Ended { ending: Ending::Finished, at: Time::from_unix(1), turns: 1, calls: 0 });
        events.into_iter().for_each(|event| recorder.append(event).unwrap());
        recorder.seal().unwrap();
    }
    recorder
}

const MUTATIONS: [&str; 11] =
    ["flip", "cut", "drop", "swap", "repeat", "insert", "splice", "version", "number", "shorten", "move"];

/// What another run has recorded.
static OTHER: LazyLock<Vec<u8>> = LazyLock::new(|| record_from(100, 4).into_bytes());

fn replaced(lines: &[&[u8]], at: usize, from: &str, to: &str) -> Vec<u8> {
    let mut all: Vec<Vec<u8>> = lines.iter().map(|l| l.to_vec()).collect();
    all[at] = String::from_utf8_lossy(lines[at]).replacen(from, to, 1).into_bytes();
    all.concat()
}

/// One random mutation of a ledger's bytes.
fn mutate(bytes: &[u8], chance: &mut Chance) -> (String, Vec<u8>) {
    let place =
        |chance: &mut Chance, below: usize| usize::try_from(chance.between(0, below as i64 - 1)).unwrap();
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let (at, other) = (place(chance, lines.len()), place(chance, lines.len()));
    let what = chance.between(0, 10);
    let name = MUTATIONS[usize::try_from(what).unwrap()];
    let changed = match what {
        0 => {
            let mut flipped = bytes.to_vec();
            let byte = place(chance, flipped.len());
            flipped[byte] ^= 1 << chance.between(0, 7);
            flipped
        }
        1 => bytes[..place(chance, bytes.len())].to_vec(),
        2 => {
            lines.remove(at);
            lines.concat()
        }
        3 => {
            lines.swap(at, other);
            lines.concat()
        }
        4 => {
            let line = lines[at];
            lines.insert(other, line);
            lines.concat()
        }
        5 => {
            lines.insert(at, b"{\"v\":1}\n");
            lines.concat()
        }
        6 => {
            // A few lines that another run has written.
            let other: Vec<&[u8]> = OTHER.split_inclusive(|b| *b == b'\n').collect();
            let from = place(chance, other.len() - 1);
            let to = (from + 1 + place(chance, 3)).min(other.len());
            lines.splice(at..at, other[from..to].iter().copied());
            lines.concat()
        }
        7 => replaced(&lines, at, "\"v\":1", "\"v\":2"),
        8 => replaced(&lines, at, "\"n\":", "\"n\":1"),
        9 => {
            let kept = lines.len() - 1 - place(chance, lines.len());
            lines[..kept].concat()
        }
        _ => {
            // Blocks change places, whatever they hold.
            let (from, to) = (at.min(other), at.max(other));
            lines[from..to].rotate_left((to - from) / 2);
            lines.concat()
        }
    };
    (name.to_owned(), changed)
}

#[test]
fn no_mutation_goes_unseen_or_is_counted() {
    let bytes = record_from(0, 4).into_bytes();
    let whole: Vec<_> = read_bytes(bytes.clone()).map(|t| t.unwrap()).collect();
    let wanted: BTreeSet<_> = whole.iter().map(|w| w.trial.clone()).collect();
    let mut chance = Chance::stream(3, "mutations");
    let mutations = how_many("CHESTERTON_MUTATIONS", 10_000);
    let mut seen = BTreeMap::new();
    for n in 0..mutations {
        let (name, changed) = mutate(&bytes, &mut chance);
        if changed == bytes {
            continue;
        }
        let items: Vec<_> = read_bytes(changed).collect();
        let (trials, damages): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
        let trials: Vec<_> = trials.into_iter().flatten().collect();
        // Whole trials of another run are sealed and sound; it is the plan that does not hold them.
        let (own, other): (Vec<_>, Vec<_>) = trials.into_iter().partition(|t| wanted.contains(&t.trial));
        let is_known =
            |t: &chesterton::ledger::Recorded| whole.iter().any(|w| w.trial == t.trial && w.bytes == t.bytes);
        assert!(own.iter().all(is_known), "mutation {n} ({name}) is counted");
        // Trials in another order are the same ledger.
        let mut found: Vec<_> = own.iter().map(|t| &t.trial).collect();
        found.sort();
        found.dedup();
        let is_whole = found.len() == whole.len() && name == "move";
        let is_seen =
            found.len() < whole.len() || own.len() > whole.len() || !damages.is_empty() || !other.is_empty();
        assert!(is_seen || is_whole, "mutation {n} ({name}) goes unseen");
        *seen.entry(name).or_insert(0) += 1;
    }
    println!("{mutations} mutations, by kind {seen:?}: all seen, none counted, no panic");
    assert_eq!(seen.len(), MUTATIONS.len(), "{seen:?}");
}

#[test]
fn a_cut_at_any_byte_costs_what_is_behind_it_and_nothing_else() {
    let bytes = record_from(0, 5).into_bytes();
    let whole: Vec<_> = read_bytes(bytes.clone()).map(|t| t.unwrap()).collect();
    for cut in 0..bytes.len() {
        let (found, damages): (Vec<_>, Vec<_>) = read_bytes(bytes[..cut].to_vec()).partition(Result::is_ok);
        let found: Vec<_> = found.into_iter().flatten().collect();
        let before = whole.iter().take_while(|t| t.place.offset + t.place.bytes <= cut as u64).count();
        assert_eq!(found, whole[..before], "cut at {cut}");
        let is_between = whole.iter().any(|t| t.place.offset == cut as u64);
        let damage = damages.into_iter().find_map(Result::err);
        match damage {
            None => assert!(is_between && cut > 0, "cut at {cut} goes unseen"),
            Some(damage) => assert_eq!(damage.cause, Cause::Stopped, "cut at {cut}: {}", damage.what),
        }
    }
    println!("cut at each of {} bytes: what is sealed before is kept, the rest is told", bytes.len());
}

#[test]
fn a_damage_reaches_to_where_the_next_trial_begins() {
    let mut lines: Vec<Vec<u8>> =
        record_from(0, 3).into_bytes().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    // The second trial has lines 5 to 9: its third one is changed.
    lines[6][40] ^= 1;
    let items: Vec<_> = read_bytes(lines.concat()).collect();
    let damage = items.iter().find_map(|item| item.as_ref().err()).unwrap();
    assert_eq!((damage.line, damage.last_line, damage.cause), (5, 9, Cause::Corrupt), "{damage:?}");
    assert_eq!(items.iter().flatten().count(), 2);
}

#[test]
fn the_same_trial_with_other_bytes_is_a_damage() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Recorder::create(folder.path(), "a", Pen::default()).unwrap();
    let mut second = Recorder::create(folder.path(), "b", Pen::default()).unwrap();
    for (recorder, turns) in [(&mut first, 1), (&mut second, 2)] {
        recorder.begin(&key(0).id());
        recorder.append(Event::Opened { trial: key(0), at: Time::from_unix(0) }).unwrap();
        let ended = Event::Ended { ending: Ending::Finished, at: Time::from_unix(1), turns, calls: 0 };
        recorder.append(ended).unwrap();
        recorder.seal().unwrap();
    }
    assert_eq!(read(folder.path()).unwrap().flatten().count(), 2);
    let mut index = Index::default();
    index.add(folder.path(), |_| true).unwrap();
    assert_eq!((index.len(), index.is_corrupt()), (1, true));
    assert!(index.damages.iter().all(|d| d.cause == Cause::Corrupt));
}
