//! Words that nobody can guess: who holds one may come in.

use std::fs::File;
use std::io::{self, Read};

/// A fresh token: 32 hexadecimal digits of the machine's randomness. It never reaches a record.
///
/// # Errors
/// The machine has no randomness to give.
pub fn fresh() -> io::Result<String> {
    let mut random = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(simulators::hex(&random))
}
