//! The folders of one cell: fresh, private, gone with it; where they are outside, and where the agent sees them.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::demand::Fence;

/// Where a cell that is shut has what is the harness's own.
pub(super) const HIDDEN: &str = "/run/chesterton";

/// The folders of one cell. They are gone when this is.
#[derive(Debug)]
pub struct Place {
    root: TempDir,
    name: String,
    fence: Fence,
}

impl Place {
    /// Fresh ones, with a working folder of this name.
    ///
    /// # Errors
    /// They could not be made.
    pub fn new(workspace: &str, fence: Fence) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("chesterton-cell-").tempdir()?;
        let place = Self { root, name: workspace.to_owned(), fence };
        for folder in ["home/agent", "tmp", "doors", "bin"] {
            fs::create_dir_all(place.root.path().join(folder))?;
        }
        fs::create_dir_all(place.outside(&place.workspace()))?;
        Ok(place)
    }

    /// What stands between the agent and the machine.
    pub const fn fence(&self) -> Fence {
        self.fence
    }

    /// Where all of it is, outside.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The checkout, as the agent sees it: where it begins.
    pub fn workspace(&self) -> PathBuf {
        self.base().join("workspace").join(&self.name)
    }

    /// Its home, empty but for what its file puts there.
    pub fn home(&self) -> PathBuf {
        self.base().join("home/agent")
    }

    /// For what it writes by the way.
    pub fn tmp(&self) -> PathBuf {
        self.base().join("tmp")
    }

    /// Where the sockets of doors are.
    pub fn doors(&self) -> PathBuf {
        self.hidden().join("doors")
    }

    /// The programs that lead to doors, first on its `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.hidden().join("bin")
    }

    /// The program that carries words to doors.
    pub fn shim(&self) -> PathBuf {
        if self.fence.is_shut() { self.hidden().join("shim") } else { super::shim() }
    }

    fn base(&self) -> &Path {
        if self.fence.is_shut() { Path::new("/") } else { self.root.path() }
    }

    fn hidden(&self) -> &Path {
        if self.fence.is_shut() { Path::new(HIDDEN) } else { self.root.path() }
    }

    /// A place that the agent sees, as it is outside before the agent begins.
    pub fn outside(&self, inside: &Path) -> PathBuf {
        if !self.fence.is_shut() {
            return inside.to_owned();
        }
        let below = inside.strip_prefix(HIDDEN).or_else(|_| inside.strip_prefix("/"));
        self.root.path().join(below.unwrap_or(inside))
    }

    /// Puts a file where the agent sees it, before it begins.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put(&self, inside: &Path, text: &str) -> io::Result<()> {
        let path = self.outside(inside);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }

    /// Puts a program among those that lead to doors: these words, and behind them what it is called with.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put_program(&self, name: &str, words: &[&str]) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let inside = self.bin().join(name);
        self.put(&inside, &format!("#!/bin/sh\nexec {} \"$@\"\n", shell_words::join(words)))?;
        fs::set_permissions(self.outside(&inside), fs::Permissions::from_mode(0o755))
    }

    /// Where the agent finds a door that listens at this address outside, if it is shown at this port.
    pub fn seen_at(&self, address: SocketAddr, port: u16) -> SocketAddr {
        if self.fence.is_shut() { (Ipv4Addr::LOCALHOST, port).into() } else { address }
    }
}
