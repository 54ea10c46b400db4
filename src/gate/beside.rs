//! The files that a setup names: policies, hook scripts. They stand beside the setup's file, or in the program.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::built_in;
use super::kinds::Unfit;

/// One file that a setup names, a program among them.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where the files of a setup are.
#[derive(Clone, Debug)]
pub struct Beside(Place);

#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Program,
}

impl Beside {
    /// Beside a file in this folder.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self(Place::Folder(folder.into()))
    }

    /// Built into the program.
    pub(super) fn built_in() -> Self {
        Self(Place::Program)
    }

    /// Where a file is, to be started or opened by others.
    ///
    /// # Errors
    /// A file of a built-in setup is nowhere.
    pub fn path(&self, name: &str) -> Result<PathBuf, Unfit> {
        match &self.0 {
            Place::Folder(folder) => Ok(folder.join(name)),
            Place::Program => {
                Err(Unfit::new(format!("`{name}` is built in: there is no such file to start")))
            }
        }
    }

    /// How a file is called in messages.
    pub fn shown(&self, name: &str) -> PathBuf {
        match &self.0 {
            Place::Folder(folder) => folder.join(name),
            Place::Program => Path::new("built-in").join(name),
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// It is not there, is no plain file, or is too large.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, Unfit> {
        match &self.0 {
            Place::Folder(folder) => read(&folder.join(name)),
            Place::Program => {
                let text =
                    built_in::file(name).ok_or_else(|| Unfit::new(format!("`{name}` is not built in")))?;
                Ok(text.as_bytes().to_vec())
            }
        }
    }

    /// The text of a file.
    ///
    /// # Errors
    /// As [`Beside::bytes`], or it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<String, Unfit> {
        String::from_utf8(self.bytes(name)?).map_err(|_| Unfit::new(format!("`{name}` is not UTF-8 text")))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unfit> {
    let shown = path.display();
    let told = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Unfit::new(format!("there is no file `{shown}`"))
            .help("paths are taken from the folder of the setup's file"),
        ErrorKind::PermissionDenied => Unfit::new(format!("no permission to read `{shown}`")),
        _ => Unfit::new(format!("`{shown}` cannot be read: {error}")),
    };
    if !std::fs::metadata(path).map_err(told)?.is_file() {
        return Err(Unfit::new(format!("`{shown}` is no plain file")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(told)?;
    file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(told)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(Unfit::new(format!("`{shown}` is larger than {} MiB", FILE_BYTES_MAX / (1024 * 1024))));
    }
    Ok(bytes)
}
