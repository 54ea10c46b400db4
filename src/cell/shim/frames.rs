//! What goes over a door's socket: a letter that says what it is, four bytes of length, and so many bytes.

use std::io::{self, Read, Write};

/// Bytes of one frame that comes back.
const BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Sends one.
pub fn send(to: &mut impl Write, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::other("too long for a door"))?;
    to.write_all(&[kind])?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(bytes)
}

/// Receives one.
pub fn receive(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let (mut kind, mut length) = ([0], [0; 4]);
    from.read_exact(&mut kind)?;
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > BYTES_MAX {
        return Err(io::Error::other("the answer is too long"));
    }
    let mut bytes = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut bytes)?;
    let [kind] = kind;
    Ok((kind, bytes))
}
