//! Shares: files in the checkout's folder that no repository has, and what becomes of them.
//!
//! A file is lost when what is in it stands nowhere any more: neither under another name, nor in a commit. Where the file system folds
//! case, a path means what is there, however it is written.

use std::collections::{BTreeMap, BTreeSet};

use super::workspace;
use crate::World;
use crate::effect::Change;
use crate::resource::{NewResource, Uid};
use crate::settle::StoreOutcome;
use crate::stage::share::Share;

/// The type of a share.
const KIND: &str = "FileShare";

/// What stands in it: shares by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(BTreeMap<String, Uid>);

/// Makes the shares, and puts their files into the checkout's folder.
pub(crate) fn set_up(world: &mut World) {
    for share in world.stage.clone().share.iter() {
        let resource = NewResource::of(KIND, &share.name, share.environment);
        let uid = world.create(NewResource { stateful: true, ..resource });
        world.shares.0.insert(share.name.clone(), uid);
        workspace::lay_down(world, share.file.iter().flat_map(|file| file.each()));
    }
}

/// Whether `Scans` and `scans` are the same here.
pub(super) fn folds_case(world: &World) -> bool {
    world.stage.share.iter().any(|share| share.folds_case)
}

/// The share that a path belongs to.
pub(super) fn of_path(world: &World, path: &str) -> Option<Uid> {
    let folds = folds_case(world);
    let top = path.split('/').next().unwrap_or(path);
    let is = |folder: &String| folder == top || (folds && folder.eq_ignore_ascii_case(top));
    let share = world.stage.share.iter().find(|share| share.folders.iter().any(is))?;
    world.shares.0.get(&share.name).copied()
}

/// A path as it is written where it leads, as far as something is there.
pub(super) fn written(world: &World, path: &str) -> String {
    if !folds_case(world) {
        return path.to_owned();
    }
    let known = super::files::known_paths(world);
    let mut found = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let next = if found.is_empty() { part.to_owned() } else { format!("{found}/{part}") };
        let there = known.iter().find(|known| known.eq_ignore_ascii_case(&next));
        found = there.cloned().unwrap_or(next);
    }
    found
}

/// The share that a text came from, wherever it had got to.
fn of_text(world: &World, text: &str) -> Option<Uid> {
    let has = |share: &&Share| share.file.iter().flat_map(|file| file.each()).any(|(_, own)| own == text);
    let share = world.stage.share.iter().find(has)?;
    world.shares.0.get(&share.name).copied()
}

/// Records a change of a file: of the share that it is in or that its former text came from, or of the checkout.
pub(super) fn record(world: &mut World, path: &str, was: Option<&str>, change: Change) {
    match of_path(world, path).or_else(|| of_text(world, was?)) {
        Some(uid) => world.effect(uid, change),
        None => workspace::record(world, change),
    }
}

/// What the machine says of its mounts.
pub(crate) fn mounts(world: &World) -> String {
    let root = workspace::root(world);
    let line = |share: &Share| share.mount.replace("{root}", &root) + "\n";
    let shares = world.stage.share.iter().filter(|share| !share.mount.is_empty()).map(line);
    "/dev/vda1 on / type ext4 (rw,relatime)\n".to_owned() + &shares.collect::<String>()
}

/// What became of the files of each share of the stage, in its order.
pub(crate) fn outcomes(world: &World) -> Vec<StoreOutcome> {
    let outcome = |share: &Share| {
        let texts: BTreeSet<String> =
            share.file.iter().flat_map(|file| file.each()).map(|(_, text)| text).collect();
        let lost = texts.iter().filter(|text| !workspace::holds(world, text)).count();
        StoreOutcome::new(world, &share.name, share.environment, texts.len() as u64, lost as u64)
    };
    world.stage().share.iter().map(outcome).collect()
}
