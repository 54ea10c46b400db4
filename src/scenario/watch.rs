//! Waits until files of scenarios change.
//!
//! It looks at them several times a second instead of asking the system to tell: a scenario is some thirty small files, a look at all
//! of the catalogue takes milliseconds, and it is the same on every system and every kind of disk. What an editor does in several
//! strokes is one change: it is told once nothing has happened for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::folder::layers;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks in a row at which nothing may differ before a change is told.
const QUIET_LOOKS: u32 = 3;
/// Folders inside one another.
const DEPTH_MAX: u32 = 8;

/// What a file looked like: its size, and when it was written.
type Look = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Scenarios whose files are watched.
#[derive(Debug)]
pub struct Watch {
    /// Each with the folders that its files come from.
    scenarios: Vec<(PathBuf, Vec<PathBuf>)>,
    seen: Look,
}

impl Watch {
    /// Watches these scenarios as they stand now, each with those that it extends.
    pub fn of(folders: &[PathBuf]) -> Self {
        let mut watch = Self { scenarios: Vec::new(), seen: Look::new() };
        watch.scenarios = folders.iter().map(|folder| (folder.clone(), vec![folder.clone()])).collect();
        watch.follow();
        watch.seen = watch.look();
        watch
    }

    /// Whom a scenario extends can change as well; while that cannot be read, it is as it was.
    fn follow(&mut self) {
        for (folder, from) in &mut self.scenarios {
            if let Ok(layers) = layers(folder) {
                *from = layers;
            }
        }
    }

    fn look(&self) -> Look {
        let folders: BTreeSet<&PathBuf> = self.scenarios.iter().flat_map(|(_, from)| from).collect();
        let mut found = Look::new();
        folders.into_iter().for_each(|folder| files(folder, 0, &mut found));
        found
    }

    /// Waits until something has changed, and for a while nothing more; the scenarios that it is a change for, in order.
    pub fn wait(&mut self) -> Vec<PathBuf> {
        let (mut last, mut quiet) = (self.look(), 0_u32);
        while last == self.seen || quiet < QUIET_LOOKS {
            thread::sleep(LOOK_EVERY);
            let now = self.look();
            quiet = if now == last { quiet.saturating_add(1) } else { 0 };
            last = now;
        }
        let differs = |path: &&PathBuf| self.seen.get(*path) != last.get(*path);
        let changed: BTreeSet<&PathBuf> = self.seen.keys().chain(last.keys()).filter(differs).collect();
        let concerns = |from: &[PathBuf]| changed.iter().any(|path| from.iter().any(|f| path.starts_with(f)));
        let hit = self.scenarios.iter().filter(|(_, from)| concerns(from)).map(|(folder, _)| folder.clone());
        let hit = hit.collect();
        self.seen = last;
        self.follow();
        hit
    }
}

/// What cannot be looked at is not there.
fn files(folder: &Path, depth: u32, found: &mut Look) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|_| depth < DEPTH_MAX) {
        let Ok(facts) = entry.metadata() else { continue };
        match facts.is_dir() {
            true => files(&entry.path(), depth.saturating_add(1), found),
            false => _ = found.insert(entry.path(), (facts.len(), facts.modified().ok())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_strokes_are_one_change_and_a_scenario_hears_of_those_it_extends() {
        let place = tempfile::tempdir().unwrap();
        let at = |path: &str| place.path().join(path);
        for (name, stage) in
            [("one", "title = \"x\"\n"), ("two", "extends = \"one\"\n"), ("three", "title = \"x\"\n")]
        {
            fs::create_dir_all(at(name).join("repo")).unwrap();
            fs::write(at(name).join("stage.toml"), stage).unwrap();
        }
        let mut watch = Watch::of(&["one", "two", "three"].map(at));
        let stroke = at("one/repo/a.js");
        let strokes = thread::spawn(move || {
            for n in 0..4 {
                thread::sleep(LOOK_EVERY);
                fs::write(&stroke, "x".repeat(n + 1)).unwrap();
            }
        });
        assert_eq!(watch.wait(), [at("one"), at("two")]);
        assert!(strokes.is_finished(), "told before it was over");
        fs::remove_file(at("three/stage.toml")).unwrap();
        assert_eq!(watch.wait(), [at("three")]);
    }
}
