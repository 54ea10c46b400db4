//! Where a result goes that a user named a file for.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::ledger::{RecordError, RunFolder};

/// Writes a file that appears whole or not at all. What is there and no file (a pipe, a device) is written into.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let failed = |cause| RecordError { path: path.to_owned(), cause };
    if real.exists() && !real.is_file() {
        return std::fs::write(&real, bytes).map_err(failed);
    }
    let Some(name) = real.file_name().and_then(|name| name.to_str()) else {
        return Err(failed(std::io::Error::other("this is no name of a file")));
    };
    let folder = real.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    RunFolder::open(folder).put(name, bytes).map_err(|e| failed(e.cause))
}

/// Adds to a file that others write into as well.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    let add = || OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes);
    add().map_err(|cause| RecordError { path: path.to_owned(), cause })
}
