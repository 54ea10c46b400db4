//! What a cell is to be, as the harness writes it down for whoever makes it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::frames::receive;

/// What a cell is to be.
#[derive(Debug, Default)]
pub struct Spec {
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// Its variables.
    pub env: Vec<(OsString, OsString)>,
    /// Where it begins, as it is seen inside.
    pub folder: PathBuf,
    /// The cell's folders, as they are seen outside.
    pub place: PathBuf,
    /// Folders and files that it may read, at the same place inside as outside.
    pub sees: Vec<PathBuf>,
    /// Files of control groups that it joins.
    pub groups: Vec<PathBuf>,
    /// Ports of its own loopback, each with the socket in its `doors` that it leads to.
    pub ports: Vec<(u16, OsString)>,
    /// What it reads on standard input, as it is seen inside.
    pub stdin: Option<PathBuf>,
    /// Its standard input and output are a conversation.
    pub talks: bool,
    /// Bytes of each folder that it may write to.
    pub folder_bytes_max: u64,
}

impl Spec {
    /// Reads one.
    ///
    /// # Errors
    /// It is not there or not whole.
    pub fn read(path: &OsStr) -> io::Result<Self> {
        let mut from = BufReader::new(File::open(path)?);
        let mut spec = Self::default();
        loop {
            let (kind, bytes) = receive(&mut from)?;
            let text = OsString::from_vec(bytes);
            match kind {
                b'w' => spec.words.push(text),
                b'e' => spec.env.extend(split(&text)),
                b'd' => spec.folder = text.into(),
                b'l' => spec.place = text.into(),
                b's' => spec.sees.push(text.into()),
                b'g' => spec.groups.push(text.into()),
                b'i' => spec.stdin = Some(text.into()),
                b't' => spec.talks = true,
                b'n' => spec.folder_bytes_max = number(&text).unwrap_or_default(),
                b'p' => spec.ports.extend(split(&text).and_then(|(port, path)| Some((number(&port)?, path)))),
                _ => return Ok(spec),
            }
        }
    }

    /// A folder of the place.
    pub fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.place.join(name)
    }
}

fn split(text: &OsStr) -> Option<(OsString, OsString)> {
    let at = text.as_bytes().iter().position(|byte| *byte == b'=')?;
    let (name, value) = text.as_bytes().split_at_checked(at)?;
    Some((OsStr::from_bytes(name).to_owned(), OsStr::from_bytes(value.get(1..)?).to_owned()))
}

fn number<N: std::str::FromStr>(text: &OsStr) -> Option<N> {
    text.to_str()?.parse().ok()
}
