//! What a cell is to be, written down for the program that makes it: a letter, a length and so many bytes each.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::groups::Groups;
use super::place::Place;
use super::running::Program;

/// Bytes of each folder that an agent may write to; they stand in memory.
pub(super) const FOLDER_BYTES_MAX: u64 = 1 << 30;

/// Writes it down.
pub(super) fn written(program: &Program, place: &Place, groups: &Groups) -> io::Result<PathBuf> {
    let mut out = Vec::new();
    let mut add = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    let of = |path: &Path| path.as_os_str().as_bytes().to_owned();
    program.words.iter().for_each(|word| add(b'w', word.as_bytes()));
    program.env.iter().for_each(|(name, value)| add(b'e', format!("{name}={value}").as_bytes()));
    add(b'd', &of(&program.folder));
    add(b'l', &of(place.root()));
    program.sees.iter().for_each(|path| add(b's', &of(path)));
    groups.doors().for_each(|path| add(b'g', &of(&path)));
    for port in &program.ports {
        let seen = place.seen_at(port.address, port.inside).port();
        add(b'p', format!("{seen}={}", port.socket()).as_bytes());
    }
    if let Some(path) = &program.stdin {
        add(b'i', &of(path));
    }
    if program.talks {
        add(b't', &[]);
    }
    add(b'n', FOLDER_BYTES_MAX.to_string().as_bytes());
    add(b'.', &[]);
    let path = place.root().join("spec");
    std::fs::write(&path, out)?;
    Ok(path)
}
