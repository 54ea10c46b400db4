//! Where a result goes that a user named a file for.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::ledger::{Growing, RecordError, RunFolder};

/// Writes a file piece by piece; it appears whole or not at all. What is there and no file (a pipe, a device) is written
/// into.
///
/// # Errors
/// The file could not be written, or `write` fails.
pub fn put(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RecordError> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let failed = |cause| RecordError { path: path.to_owned(), cause };
    if real.exists() && !real.is_file() {
        let file = OpenOptions::new().write(true).open(&real).map_err(failed)?;
        let mut file = io::BufWriter::new(file);
        return write(&mut file).and_then(|()| file.flush()).map_err(failed);
    }
    let Some(name) = real.file_name().and_then(|name| name.to_str()) else {
        return Err(failed(io::Error::other("this is no name of a file")));
    };
    let folder = real.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    put_in(&RunFolder::open(folder), name, write).map_err(|e| failed(e.cause))
}

/// The same in a folder.
///
/// # Errors
/// As [`put`].
pub fn put_in(
    folder: &RunFolder,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), RecordError> {
    let mut file = Piecewise(folder.begin(name)?);
    write(&mut file).map_err(|cause| RecordError { path: folder.path().join(name), cause })?;
    file.0.finish()
}

/// What goes wrong while it is written is told when it is finished.
struct Piecewise(Growing);

impl Write for Piecewise {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that others write into as well, to add to.
///
/// # Errors
/// It cannot be opened.
pub fn appended(path: &Path) -> Result<File, RecordError> {
    let open = OpenOptions::new().create(true).append(true).open(path);
    open.map_err(|cause| RecordError { path: path.to_owned(), cause })
}
