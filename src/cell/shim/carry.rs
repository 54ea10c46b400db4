//! Standard input and output carried to a socket and back: what an agent starts as a server of its own.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

/// Bytes that are carried at once.
const BYTES_AT_ONCE: usize = 64 * 1024;

/// Carries until the other side is done.
pub fn run(arguments: &[OsString]) -> io::Result<u8> {
    let missing = || io::Error::new(io::ErrorKind::InvalidInput, "expected a socket, found none");
    let mut from = UnixStream::connect(arguments.first().ok_or_else(missing)?)?;
    let mut to = from.try_clone()?;
    std::thread::spawn(move || {
        let _ = pass(&mut io::stdin(), &mut to);
        // The other side hears that nobody asks any more, and closes its own.
        let _ = to.shutdown(Shutdown::Write);
    });
    pass(&mut from, &mut io::stdout())?;
    Ok(0)
}

fn pass(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut held = vec![0; BYTES_AT_ONCE];
    loop {
        let length = from.read(&mut held)?;
        let Some(read) = held.get(..length).filter(|read| !read.is_empty()) else { return Ok(()) };
        to.write_all(read)?;
        to.flush()?;
    }
}
