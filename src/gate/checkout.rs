//! The agent's checkout as a hook may see it: its files, its branch, and nothing else of the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use simulators::World;
use simulators::service::{forge, workspace};

/// The files of the agent's checkout at one moment. Cheap to make and to keep: the files are shared with the world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkout {
    /// Path from the root, and text; committed or not.
    pub files: Arc<BTreeMap<String, String>>,
    /// The branch; none if the head is detached.
    pub branch: Option<String>,
    /// Where it was cloned from.
    pub origin: String,
}

impl Checkout {
    /// As it is now.
    pub fn of(world: &World) -> Self {
        Self {
            files: workspace::sources(world),
            branch: workspace::current_branch(world).map(str::to_owned),
            origin: format!("{}.git", forge::url(world)),
        }
    }
}
