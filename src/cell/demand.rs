//! How much of a cell is asked for, and how much of it this machine grants.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::OnceLock;

use super::container::Container;
use super::groups::Groups;
use super::place::Place;
use super::running::{Ended, Program, Running};

/// How much of a cell is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demand {
    /// Namespaces, or nothing is played.
    #[default]
    Require,
    /// A container, or nothing is played.
    Container(Container),
    /// What the machine grants.
    BestEffort,
    /// Nothing: for agents of one's own.
    None,
}

impl FromStr for Demand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "require" => Ok(Self::Require),
            "best-effort" => Ok(Self::BestEffort),
            "none" => Ok(Self::None),
            text => Container::wished(text).map(Self::Container).ok_or_else(|| {
                "expected `require`, `best-effort`, `none`, `docker`, `docker:IMAGE`, `podman` or `podman:IMAGE`".to_owned()
            }),
        }
    }
}

impl Demand {
    /// What stands between this machine and an agent whose file names this image, or none.
    ///
    /// # Errors
    /// Less is granted than is asked for; what to do about it.
    pub async fn fence(self, image: &str) -> Result<Fence, String> {
        let namespaces = match self {
            Self::Container(container) => return container.ready(image).await.map(Fence::Container),
            // Nobody need know what the machine grants.
            Self::None => return Ok(Fence::Open),
            Self::Require | Self::BestEffort => &Layers::granted().await.namespaces,
        };
        match namespaces {
            Ok(()) => Ok(Fence::Namespaces),
            Err(_) if self == Self::BestEffort => Ok(Fence::Kernel),
            Err(why) => Err(format!(
                "this machine grants no cell ({why}): allow unprivileged user namespaces, run in a container that may make \
                 them, or say `--cell docker` or `--cell best-effort`"
            )),
        }
    }
}

/// What stands between an agent and the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fence {
    /// Namespaces of its own, and what the kernel has besides.
    Namespaces,
    /// A container.
    Container(Container),
    /// No namespaces: Landlock, as far as the kernel has it, and limits.
    Kernel,
    /// Nothing.
    Open,
}

impl Fence {
    /// Whether the agent has a file system and a loopback of its own.
    pub(super) const fn is_shut(self) -> bool {
        matches!(self, Self::Namespaces | Self::Container(_))
    }

    /// What it is, as the first screen and `meta.json` have it.
    pub async fn told(self) -> String {
        match self {
            Self::Container(container) => container.to_string(),
            Self::Open => "none: agents that are processes run as you, and can do what you can".to_owned(),
            Self::Namespaces | Self::Kernel => Layers::granted().await.to_string(),
        }
    }
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
        let namespaces = nothing(Fence::Namespaces, &["/bin/true"]).await.map_err(|error| error.to_string());
        let landlock = super::running::has_landlock().await;
        let groups = Groups::new();
        Self { namespaces, landlock, memory: groups.memory, processes: groups.processes }
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
pub(super) async fn nothing(fence: Fence, words: &[&str]) -> io::Result<()> {
    let place = Place::new("nothing", fence)?;
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let program = Program { words, folder: place.workspace(), ..Program::default() };
    let mut running = Running::start(&program, &place).await?;
    match running.ended().await? {
        Ended::Code(0) => Ok(()),
        ended => Err(io::Error::other(format!("it ended with {ended}: {}", running.written().stderr.trim()))),
    }
}
