//! The folders of one cell: fresh, private, gone with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The folders of one cell. They are gone when this is.
#[derive(Debug)]
pub struct Place {
    root: TempDir,
    workspace: PathBuf,
}

impl Place {
    /// Fresh ones, with a working folder of this name.
    ///
    /// # Errors
    /// They could not be made.
    pub fn new(workspace: &str) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("chesterton-cell-").tempdir()?;
        let workspace = root.path().join("workspace").join(workspace);
        for folder in [workspace.as_path(), &root.path().join("home"), &root.path().join("tmp")] {
            fs::create_dir_all(folder)?;
        }
        fs::create_dir(root.path().join("doors"))?;
        fs::create_dir(root.path().join("bin"))?;
        Ok(Self { root, workspace })
    }

    /// The checkout: where the agent begins.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Its home, empty but for what its file puts there.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// For what it writes by the way.
    pub fn tmp(&self) -> PathBuf {
        self.root.path().join("tmp")
    }

    /// Where the sockets of doors are.
    pub fn doors(&self) -> PathBuf {
        self.root.path().join("doors")
    }

    /// The programs that lead to doors, first on its `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.root.path().join("bin")
    }

    /// Puts a file there before anything runs.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put(&self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }
}
