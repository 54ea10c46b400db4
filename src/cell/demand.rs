//! How much of a cell is asked for, and how much of it this machine grants.

use std::fmt;
use std::io;
use std::sync::OnceLock;

use super::groups::Groups;
use super::place::Place;
use super::running::{Ended, Program, Running};

/// How much of a cell is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demand {
    /// Namespaces, or nothing is played.
    #[default]
    Require,
    /// What the machine grants.
    BestEffort,
    /// Nothing: for agents of one's own.
    None,
}

/// What stands between an agent and the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fence {
    /// Namespaces of its own, and what the kernel has besides.
    Namespaces,
    /// No namespaces: Landlock, as far as the kernel has it, and limits.
    Kernel,
    /// Nothing.
    Open,
}

/// What this machine grants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layers {
    /// Namespaces for users, mounts, processes, the network, messages and the host's name; or why not.
    pub namespaces: Result<(), String>,
    /// Landlock.
    pub landlock: bool,
    /// A limit on the memory of a whole cell.
    pub memory: bool,
    /// A limit on its processes.
    pub processes: bool,
}

impl Layers {
    /// Those of this machine, found out once by making a cell.
    pub async fn granted() -> &'static Self {
        static GRANTED: OnceLock<Layers> = OnceLock::new();
        if let Some(known) = GRANTED.get() {
            return known;
        }
        let found = Self::tried().await;
        GRANTED.get_or_init(|| found)
    }

    async fn tried() -> Self {
        let namespaces = nothing(Fence::Namespaces).await.map_err(|error| error.to_string());
        let landlock = super::running::has_landlock().await;
        let groups = Groups::new();
        Self { namespaces, landlock, memory: groups.memory, processes: groups.processes }
    }

    /// What stands between agents and this machine.
    ///
    /// # Errors
    /// Less is granted than is required; what to do about it.
    pub fn fence(&self, demand: Demand) -> Result<Fence, String> {
        match (demand, &self.namespaces) {
            (Demand::None, _) => Ok(Fence::Open),
            (_, Ok(())) => Ok(Fence::Namespaces),
            (Demand::BestEffort, Err(_)) => Ok(Fence::Kernel),
            (Demand::Require, Err(why)) => Err(format!(
                "this machine grants no cell ({why}): allow unprivileged user namespaces, run in a container that may make \
                 them, or say `--cell best-effort`"
            )),
        }
    }
}

/// The layers that stand, and those that are missing, as the first screen and `meta.json` have them.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers = [
            ("namespaces", self.namespaces.is_ok()),
            ("Landlock", self.landlock),
            ("memory limit", self.memory),
            ("process limit", self.processes),
        ];
        let named = |there: bool| {
            let names = layers.iter().filter(move |(_, is_there)| *is_there == there).map(|(name, _)| *name);
            names.collect::<Vec<_>>().join(", ")
        };
        match (named(true), named(false)) {
            (there, missing) if missing.is_empty() => write!(f, "{there}"),
            (there, missing) if there.is_empty() => write!(f, "missing here: {missing}"),
            (there, missing) => write!(f, "{there}; missing here: {missing}"),
        }
    }
}

/// A cell in which nothing happens.
async fn nothing(fence: Fence) -> io::Result<()> {
    let place = Place::new("nothing", fence)?;
    let program =
        Program { words: vec!["/bin/true".to_owned()], folder: place.workspace(), ..Program::default() };
    let mut running = Running::start(&program, &place).await?;
    match running.ended().await? {
        Ended::Code(0) => Ok(()),
        ended => Err(io::Error::other(format!("it ended with {ended}: {}", running.written().stderr.trim()))),
    }
}
