//! A desk on the stages of the shipped scenarios: lines are typed, and what they print and change is looked at.

#![allow(dead_code, unused_macros, reason = "each test file uses its part of the desk")]

use std::collections::BTreeMap;
use std::sync::Arc;

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{self, Parsed, Reply};
use simulators::effect::Effect;
use simulators::stage::Stage;

/// The text of a file of the shipped scenarios.
macro_rules! text {
    ($path:expr) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/", $path))
    };
}

/// The stage of a shipped scenario, as it is written.
macro_rules! stage {
    ($folder:literal) => {
        text!(concat!($folder, "/stage.toml"))
    };
}

/// Files of a shipped scenario.
macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        [$(($path.to_owned(), text!(concat!($folder, "/", $path)).to_owned())),*]
    };
}

/// The world of a stage with its files.
pub fn world(stage: &str, files: impl IntoIterator<Item = (String, String)>) -> World {
    let mut stage: Stage = toml::from_str(stage).unwrap();
    stage.files = Arc::new(files.into_iter().collect::<BTreeMap<_, _>>());
    let problems = stage.problems();
    assert!(problems.is_empty(), "{problems:?}");
    World::new(Arc::new(stage), 1).unwrap()
}

fn parsed(world: &World, line: &str) -> Parsed {
    cli::parse(world, &shell_words::split(line).unwrap())
}

/// Types a line; what it printed, and what it changed at once.
pub fn typed(world: &mut World, line: &str, number: u32) -> (Reply, Vec<Effect>) {
    match parsed(world, line) {
        Parsed::Answer { reply, .. } => (reply, Vec::new()),
        Parsed::Call(mut call, render) => {
            call.id = CallId(number);
            call.principal = "Engineer".to_owned();
            let answer = world.apply(&call);
            (render.reply(&answer), world.take_effects())
        }
    }
}

/// Whether a line counts as simulated.
pub fn is_simulated(world: &World, line: &str) -> bool {
    !matches!(parsed(world, line), Parsed::Answer { unsimulated: true, .. })
}

/// Lines, each with what it prints.
#[track_caller]
pub fn transcript(world: &mut World, lines: &[(&str, &str)]) {
    for (number, (line, expected)) in lines.iter().enumerate() {
        let (reply, _) = typed(world, line, u32::try_from(number).unwrap() + 1);
        assert_eq!(reply.stdout + &reply.stderr, *expected, "{line}");
    }
}

/// Lines with their exit codes and a part of what they print; what they change at once is given back.
#[track_caller]
pub fn says<L: AsRef<str>>(world: &mut World, steps: &[(L, i32, &str)]) -> Vec<Effect> {
    let mut changed = Vec::new();
    for (line, code, part) in steps {
        let (reply, effects) = typed(world, line.as_ref(), 1);
        let text = reply.stdout + &reply.stderr;
        assert!(reply.code == *code && text.contains(part), "{}: {} {text}", line.as_ref(), reply.code);
        changed.extend(effects);
    }
    changed
}

/// The same of lines of which none changes anything.
#[track_caller]
pub fn only_says<L: AsRef<str>>(world: &mut World, steps: &[(L, i32, &str)]) {
    let before = world.digest();
    let changed = says(world, steps);
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(world.digest(), before, "looking and being refused changed something");
}

/// How many records are lost.
pub fn lost(effects: &[Effect]) -> u64 {
    effects.iter().map(Effect::records_at_stake).sum()
}
