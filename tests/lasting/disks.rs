//! Disks that die, fill up, fail or hang at any step, and the power that goes at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use chesterton::base::exit::Exit;
use chesterton::base::limits::Limits;
use chesterton::cell::Demand;
use chesterton::cli::Printed;
use chesterton::gate::Setup;
use chesterton::ledger::{Did, Draft, Fault, Faulty, Index};
use chesterton::runner::{self, Cast, Options, Wish};
use chesterton::scenario;
use simulators::chance::Chance;

use crate::places::{SMALL, Tree, command, how_many, quietly, root, tree};

const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EMFILE: i32 = 24;
const EROFS: i32 = 30;

fn play(folder: &Path) -> (Exit, Printed) {
    quietly(folder, &SMALL)
}

/// An undisturbed run: what it leaves, and the steps by which it does.
static CALM: LazyLock<(Tree, Vec<Did>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let disk = Faulty::below(folder.path(), None);
    assert_eq!(play(folder.path()).0, Exit::Fine);
    let inside = |path: &Path| path.strip_prefix(folder.path()).unwrap().to_owned();
    let steps = disk.did().into_iter().map(|did| match did {
        Did::Folder(path) => Did::Folder(inside(&path)),
        Did::File(path) => Did::File(inside(&path)),
        Did::Write(path, bytes) => Did::Write(inside(&path), bytes),
        Did::Sync(path) => Did::Sync(inside(&path)),
        Did::SyncFolder(path) => Did::SyncFolder(inside(&path)),
        Did::Rename(from, to) => Did::Rename(inside(&from), inside(&to)),
        Did::Remove(path) => Did::Remove(inside(&path)),
    });
    (tree(&folder.path().join("results/run")), steps.collect())
});

/// Goes on from whatever was left, to the end, and finds there what an undisturbed run leaves.
fn goes_on(folder: &Path, how: &str) {
    let run = folder.join("results/run");
    let (exit, printed) = match run.exists() {
        true => quietly(folder, &["resume", "run", "--no-score", "--jobs", "1"]),
        false => play(folder),
    };
    assert_eq!(exit, Exit::Fine, "{how}: {}", printed.told);
    let found = tree(&run);
    assert_eq!(found.keys().collect::<Vec<_>>(), CALM.0.keys().collect::<Vec<_>>(), "{how}");
    assert!(found == CALM.0, "{how}: the bytes differ");
}

#[test]
fn a_disk_that_dies_at_any_step_leaves_a_run_that_goes_on() {
    let steps = CALM.1.len();
    assert!(steps > 30, "{steps} steps");
    for at in 0..steps {
        let folder = tempfile::tempdir().unwrap();
        let disk = Faulty::below(folder.path(), Some((at, Fault::Dies)));
        let (exit, _) = play(folder.path());
        drop(disk);
        let how = format!("died at step {at}, {:?}", kind(&CALM.1[at]));
        assert!(exit == Exit::RecordingFailed || at + 1 == steps, "{how}: {exit:?}");
        let run = folder.path().join("results/run");
        assert!(!run.exists() || run.join("plan.json").exists(), "{how}: a run without a plan");
        goes_on(folder.path(), &how);
    }
    let mut chance = Chance::stream(5, "threads");
    for _ in 0..how_many("CHESTERTON_KILLS", 6) {
        let folder = tempfile::tempdir().unwrap();
        let at = usize::try_from(chance.between(0, steps as i64)).unwrap();
        let disk = Faulty::below(folder.path(), Some((at, Fault::Dies)));
        let mut threads = SMALL;
        threads[12] = "4";
        quietly(folder.path(), &threads);
        drop(disk);
        goes_on(folder.path(), &format!("died at step {at}, on several threads"));
    }
    println!("dead at each of {steps} steps, and at some on several threads: 0 trials lost, 0 doubled");
}

fn kind(did: &Did) -> String {
    let (word, path) = match did {
        Did::Folder(path) => ("mkdir", path),
        Did::File(path) => ("create", path),
        Did::Write(path, _) => ("write", path),
        Did::Sync(path) => ("fsync", path),
        Did::SyncFolder(path) => ("fsync of folder", path),
        Did::Rename(from, _) => ("rename", from),
        Did::Remove(path) => ("remove", path),
    };
    format!("{word} {}", path.display())
}

/// Whether the run may end well although this step failed: what only tidies up.
fn is_tidying(did: &Did) -> bool {
    matches!(did, Did::Remove(path) if path.ends_with("running.json"))
}

/// All that a run has left, whatever its drafts are called.
fn state(folder: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let mut state = BTreeSet::new();
    for (path, bytes) in tree(folder) {
        let parts = path.split('/').map(|part| if part.starts_with(".half") { "draft" } else { part });
        // Who is at work is said with the time.
        let bytes = if path.ends_with("running.json") { Vec::new() } else { bytes };
        state.insert((parts.collect::<Vec<_>>().join("/"), bytes));
    }
    state
}

#[test]
fn a_disk_that_fails_once_at_any_step_ends_the_run_with_its_path_and_cause() {
    let (mut seen, mut left) = (BTreeMap::new(), BTreeSet::new());
    for (at, step) in CALM.1.iter().enumerate() {
        let others = [EMFILE, EROFS];
        for error in [ENOSPC, EIO, others[at % 2]] {
            let folder = tempfile::tempdir().unwrap();
            let disk = Faulty::below(folder.path(), Some((at, Fault::Once(error))));
            let (exit, printed) = play(folder.path());
            drop(disk);
            let how = format!("error {error} at step {at}, {}", kind(step));
            if is_tidying(step) {
                assert_eq!(exit, Exit::Fine, "{how}: {}", printed.told);
            } else {
                assert_eq!(exit, Exit::RecordingFailed, "{how}: {}", printed.told);
                let cause = io::Error::from_raw_os_error(error).to_string();
                let path = folder.path().display().to_string();
                assert!(
                    printed.told.contains(&cause) && printed.told.contains(&path),
                    "{how}: {}",
                    printed.told
                );
                *seen.entry(error).or_insert(0) += 1;
            }
            // What goes on from one state goes on from the same one once more.
            if left.insert(state(folder.path())) {
                goes_on(folder.path(), &how);
            }
        }
    }
    println!("failed once at each step, by error number: {seen:?}; each run went on to the undisturbed one");
    assert!(seen[&ENOSPC] > 30 && seen[&EIO] > 30, "{seen:?}");
}

#[test]
fn judging_leaves_the_old_marks_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(play(folder.path()).0, Exit::Fine);
    let marks = folder.path().join("results/run/marks.jsonl");
    let score = || quietly(folder.path(), &["score", "run"]).0;
    assert_eq!(score(), Exit::Fine);
    let whole = fs::read_to_string(&marks).unwrap();
    for at in 0.. {
        fs::write(&marks, "old\n").unwrap();
        let disk = Faulty::below(folder.path(), Some((at, Fault::Dies)));
        let exit = score();
        drop(disk);
        let found = fs::read_to_string(&marks).unwrap_or_default();
        assert!(found == "old\n" || found == whole, "died at step {at}: {found}");
        if exit == Exit::Fine {
            assert!(at > 5 && found == whole, "{at} steps");
            return;
        }
        assert_eq!(exit, Exit::RecordingFailed, "died at step {at}");
    }
}

// ---- the power goes ------------------------------------------------------------------------------------------------

/// A disk with what would be left of it without power.
struct Model {
    nodes: Vec<Node>,
}

enum Node {
    Folder { names: BTreeMap<String, usize>, forced: BTreeMap<String, usize> },
    File { bytes: Vec<u8>, forced: usize },
}

/// What a power cut leaves besides what was forced: file systems differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Left {
    Nothing,
    /// Names are kept, of bytes only what was forced: files that are there and empty.
    Names,
    /// Bytes are kept, of names only what was forced.
    Bytes,
}

impl Model {
    fn after(steps: &[Did]) -> Self {
        let mut model = Self { nodes: vec![Self::folder()] };
        steps.iter().for_each(|did| model.take(did));
        model
    }

    fn folder() -> Node {
        Node::Folder { names: BTreeMap::new(), forced: BTreeMap::new() }
    }

    fn find(&self, path: &Path) -> usize {
        path.components().fold(0, |at, name| match &self.nodes[at] {
            Node::Folder { names, .. } => names[name.as_os_str().to_str().unwrap()],
            Node::File { .. } => panic!("{} is a file", path.display()),
        })
    }

    fn names(&mut self, path: &Path) -> (&mut BTreeMap<String, usize>, String) {
        let at = self.find(path.parent().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match &mut self.nodes[at] {
            Node::Folder { names, .. } => (names, name),
            Node::File { .. } => panic!("{} is in a file", path.display()),
        }
    }

    fn add(&mut self, path: &Path, node: Node) {
        self.nodes.push(node);
        let at = self.nodes.len() - 1;
        let (names, name) = self.names(path);
        names.insert(name, at);
    }

    fn take(&mut self, did: &Did) {
        match did {
            Did::Folder(path) => self.add(path, Self::folder()),
            Did::File(path) => self.add(path, Node::File { bytes: Vec::new(), forced: 0 }),
            Did::Write(path, more) => {
                let at = self.find(path);
                if let Node::File { bytes, .. } = &mut self.nodes[at] {
                    bytes.extend_from_slice(more);
                }
            }
            Did::Sync(path) | Did::SyncFolder(path) => {
                let at = self.find(path);
                match &mut self.nodes[at] {
                    Node::File { bytes, forced } => *forced = bytes.len(),
                    Node::Folder { names, forced } => forced.clone_from(names),
                }
            }
            Did::Rename(from, to) => {
                let (names, name) = self.names(from);
                let at = names.remove(&name).unwrap();
                let (names, name) = self.names(to);
                names.insert(name, at);
            }
            // A file that is not there is removed already.
            Did::Remove(path) => {
                let (names, name) = self.names(path);
                names.remove(&name);
            }
        }
    }

    fn left(&self, left: Left) -> Tree {
        let mut tree = Tree::new();
        self.walk(0, "", left, &mut tree);
        tree
    }

    fn walk(&self, at: usize, path: &str, left: Left, tree: &mut Tree) {
        match &self.nodes[at] {
            Node::Folder { names, forced } => {
                tree.insert(format!("{path}/"), Vec::new());
                let names = if left == Left::Names { names } else { forced };
                names.iter().for_each(|(name, at)| self.walk(*at, &format!("{path}/{name}"), left, tree));
            }
            Node::File { bytes, forced } => {
                let length = if left == Left::Bytes { bytes.len() } else { *forced };
                tree.insert(path.to_owned(), bytes[..length].to_vec());
            }
        }
    }
}

/// Makes a tree of paths, folders ending in `/`, below a folder.
fn make(tree: &Tree, folder: &Path) {
    for (path, bytes) in tree {
        let own = folder.join(path.trim_start_matches('/'));
        match path.ends_with('/') {
            true => fs::create_dir_all(own).unwrap(),
            false => fs::write(own, bytes).unwrap(),
        }
    }
}

#[test]
fn the_power_may_go_after_any_step() {
    let steps = &CALM.1;
    let mut seen = BTreeSet::new();
    for after in 0..=steps.len() {
        for left in [Left::Nothing, Left::Names, Left::Bytes] {
            let tree = Model::after(&steps[..after]).left(left);
            if !seen.insert(tree.clone()) {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            make(&tree, folder.path());
            let last = after.checked_sub(1).map(|last| kind(&steps[last]));
            goes_on(folder.path(), &format!("without power after step {after}, {last:?}, left: {left:?}"));
        }
    }
    println!("without power after each of {} steps: {} states, each goes on", steps.len(), seen.len());
    assert!(seen.len() > 20, "{} states", seen.len());
}

#[test]
fn what_was_told_to_be_done_outlasts_the_power() {
    let steps = &CALM.1;
    let left = |steps: &[Did]| {
        let folder = tempfile::tempdir().unwrap();
        make(&Model::after(steps).left(Left::Nothing), folder.path());
        folder
    };
    // When the workers are done and the ledger is about to be rewritten, all that they sealed is on the disk.
    let worked = steps
        .iter()
        .position(|did| matches!(did, Did::Folder(path) if path.ends_with("ledger.new")))
        .unwrap();
    let folder = left(&steps[..worked]);
    let mut index = Index::default();
    index.add(&folder.path().join("results/run/ledger"), |_| true).unwrap();
    assert_eq!(index.len(), 3, "of what was sealed, some was not forced to the disk");
    // When the run is over, all of it is.
    let folder = left(steps);
    let mut found = tree(&folder.path().join("results/run"));
    found.remove("running.json");
    assert!(found == CALM.0, "{:?}", found.keys());
}

// ---- a disk that never answers --------------------------------------------------------------------------------------

/// A run of which the first segment hangs at its first write, with so much time to end.
fn hanging(folder: &Path, grace: &str) -> std::process::Child {
    let is_step = |did: &Did| matches!(did, Did::Write(path, _) if path.to_string_lossy().contains("/slot-"));
    let ledger = folder.join("results/run/ledger");
    hanging_at(folder, grace, is_step, || {
        fs::read_dir(&ledger).is_ok_and(|mut entries| entries.next().is_some())
    })
}

/// A run of which the first such step hangs, when it has come there.
fn hanging_at(
    folder: &Path,
    grace: &str,
    is_step: impl Fn(&Did) -> bool,
    is_there: impl Fn() -> bool,
) -> std::process::Child {
    let at = CALM.1.iter().position(is_step).unwrap();
    let scenarios = root().join("tests/lasting");
    let mut command = command(folder, &SMALL);
    command.args(["--grace", grace, "--scenarios"]).arg(scenarios).args(["--out", "results"]);
    command.env("CHESTERTON_FAULT", format!("{at}:hang")).stdout(std::process::Stdio::null());
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("the step is there", is_there);
    // What can be seen of a step comes a moment before it.
    std::thread::sleep(Duration::from_millis(200));
    child
}

#[test]
fn a_signal_ends_what_comes_after_the_trials_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("results/run/ledger.new");
    let is_step =
        |did: &Did| matches!(did, Did::File(path) if path.to_string_lossy().contains("ledger.new/"));
    let child = hanging_at(folder.path(), "600", is_step, || new.exists());
    signal(&child, "-TERM");
    let (code, told) = exit(child, Duration::from_secs(15));
    assert_eq!(code, Some(143), "{told}");
    assert!(!folder.path().join("results/run/running.json").exists());
    goes_on(folder.path(), "ended while the ledger was rewritten");
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits, but not for ever.
fn exit(mut child: std::process::Child, longest: Duration) -> (Option<i32>, String) {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > longest {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it did not end within {longest:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_trial_that_hangs_is_given_up_and_the_run_goes_on_later() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = tempfile::tempdir().unwrap();
        let child = hanging(folder.path(), "1");
        signal(&child, name);
        let (found, told) = exit(child, Duration::from_secs(15));
        assert_eq!(found, Some(code), "{told}");
        assert!(told.contains("trials in flight have 1 s") && told.contains("given up"), "{told}");
        assert!(told.contains("chesterton resume run"), "{told}");
        goes_on(folder.path(), &format!("given up after {name}"));
    }
}

/// A thread that hangs in the middle of a trial cannot be stopped. The run does without it.
#[test]
fn a_trial_that_cannot_be_stopped_is_left_out_and_the_others_are_played() {
    let place = tempfile::tempdir().unwrap();
    let scenario = Arc::new(scenario::load(&root().join("tests/lasting/small")).unwrap());
    let script = scenario::scripts(&scenario.folder).unwrap().into_iter().find(|s| s.name == "idle").unwrap();
    let cast = Cast::scripted(script);
    let setups = vec![Arc::new(Setup::built_in("inherited").unwrap().unwrap())];
    let wish = Wish { scenarios: vec![(scenario, vec![cast])], setups, trials: 3, seed: 1, shard: None };
    let plan = runner::plan(&wish);
    let (folder, lock) = Draft::new(place.path(), &plan).unwrap().publish(Some("run"), "").unwrap();
    // Its steps: the segment is made, its name is forced, the first trial is written.
    let disk = Faulty::below(place.path(), Some((2, Fault::Hangs)));
    let limits = Limits { wall_s_max: 1, ..Limits::default() };
    let options =
        Options { jobs: 1, in_flight: 1, limits, grace: Duration::from_millis(200), cell: Demand::default() };
    let begun = Instant::now();
    let ran = runner::run(&folder, plan.clone(), &wish, Index::default(), options, |_| ()).unwrap();
    println!("a trial that hangs is left out after {:.1} s: {ran:?}", begun.elapsed().as_secs_f64());
    assert_eq!((ran.sealed, ran.broken, ran.planned), (2, 1, 3));
    drop((disk, lock));
    let index = runner::index(&folder, &plan).unwrap();
    assert_eq!((index.len(), index.is_corrupt()), (2, false), "{:?}", index.damages);
}

#[test]
fn a_second_signal_ends_it_at_once_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let child = hanging(folder.path(), "600");
    let marker = folder.path().join("results/run/running.json");
    assert!(marker.exists());
    signal(&child, "-INT");
    // A signal that is still waiting to be heard would swallow the next of its kind.
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "-INT");
    let (code, told) = exit(child, Duration::from_secs(15));
    assert_eq!(code, Some(130), "{told}");
    let run: Vec<PathBuf> =
        fs::read_dir(folder.path().join("results/run")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!marker.exists(), "{run:?}");
    assert_eq!(fs::read_dir(folder.path().join("results")).unwrap().count(), 1);
    goes_on(folder.path(), "stopped at once");
}
