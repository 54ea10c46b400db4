//! A program of production as it is found on the `PATH` of a cell: it takes its words, what is piped into it and the files that
//! it names to the shell door, and prints what that says.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Component, Path};

use super::frames::{receive, send};

/// Bytes that are taken along in all: of standard input, and of files.
const CARRIED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The exit code where the door does not open any more: the trial is over.
const CLOSED: u8 = 1;

/// Programs that run what is piped into them, unless their words tell them what to run.
const INTERPRETERS: [&str; 3] = ["psql", "redis-cli", "request-review"];

/// `SOCKET ROOT NAME WORD...`: plays the program of this name.
pub fn run(arguments: Vec<OsString>) -> io::Result<u8> {
    let [socket, root, words @ ..] = arguments.as_slice() else {
        return Err(io::Error::other("this program is started by Chesterton, inside of a cell"));
    };
    let mut door = match UnixStream::connect(socket) {
        Ok(door) => door,
        Err(_) => return closed(),
    };
    let root = Path::new(root);
    for word in words {
        send(&mut door, b'w', word.as_bytes())?;
    }
    if reads_stdin(words) {
        send(&mut door, b'i', &whole(io::stdin().lock())?)?;
    }
    for (name, text) in carried(words, root) {
        send(&mut door, b'f', &name)?;
        send(&mut door, b'c', &text)?;
    }
    send(&mut door, b'.', &[])?;
    heard(&mut door)?.map_or_else(|_| closed(), Ok)
}

#[expect(clippy::print_stderr, reason = "this is a program that prints")]
/// Says that the trial is over.
pub fn closed() -> io::Result<u8> {
    eprintln!("connection closed by remote host");
    Ok(CLOSED)
}

/// Prints what comes back, and gives the exit code; or the word to begin, with what it says.
pub fn heard(door: &mut UnixStream) -> io::Result<Result<u8, Vec<u8>>> {
    loop {
        let Ok((kind, bytes)) = receive(door) else { return closed().map(Ok) };
        // Who pipes into `head` closes early, and that is no fault.
        match kind {
            b'o' => drop(io::stdout().lock().write_all(&bytes)),
            b'e' => drop(io::stderr().lock().write_all(&bytes)),
            b'r' => {
                let _ = io::stdout().lock().flush();
                return Ok(Ok(bytes.first().copied().unwrap_or(CLOSED)));
            }
            b'g' => return Ok(Err(bytes)),
            _ => {}
        }
    }
}

/// Whether the program reads standard input: it is told to, or it has nothing else to run.
fn reads_stdin(words: &[OsString]) -> bool {
    let texts: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let named =
        |word: &&str| *word == "-" || word.ends_with("=-") || word.ends_with("/dev/stdin") || *word == "-f-";
    let told = |word: &&str| {
        let is_short = !word.starts_with("--") && ["-c", "-f"].iter().any(|o| word.starts_with(o));
        is_short
            || ["--command", "--file", "--list", "--help", "--version", "-l", "-V"]
                .iter()
                .any(|o| word.starts_with(o))
    };
    let is_interpreter = texts.first().is_some_and(|name| INTERPRETERS.contains(name));
    texts.iter().any(named) || (is_interpreter && !texts.iter().any(told))
}

fn whole(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(CARRIED_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).unwrap_or(u64::MAX) > CARRIED_BYTES_MAX {
        true => Err(io::Error::other("more is piped in than a door takes")),
        false => Ok(bytes),
    }
}

/// The files that the words name, as they name them. Those of the checkout that are named from its root are known there.
fn carried(words: &[OsString], root: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let folder = std::env::current_dir().unwrap_or_default();
    let is_at_root = folder == root;
    let mut left = CARRIED_BYTES_MAX;
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for name in words.iter().skip(1).flat_map(|word| names(word.as_bytes())) {
        let path = folder.join(OsStr::from_bytes(name));
        // Where `..` leads to is not known there: links may stand on the way.
        let is_below = path.starts_with(root) && !path.components().any(|part| part == Component::ParentDir);
        let is_known = is_below && (is_at_root || name.starts_with(b"/"));
        let is_file = path.metadata().is_ok_and(|about| about.is_file() && about.len() <= left);
        if is_known || !is_file || found.iter().any(|(known, _)| known == name) {
            continue;
        }
        let read = File::open(&path).and_then(|file| whole(file.take(left)));
        if let Ok(text) = read {
            left = left.saturating_sub(u64::try_from(text.len()).unwrap_or(u64::MAX));
            found.push((name.to_vec(), text));
        }
    }
    found
}

/// The ways in which a word may name a file: itself, what stands behind `file://`, `=` or `@`, or behind a short option.
fn names(word: &[u8]) -> Vec<&[u8]> {
    let mut names = vec![word];
    for mark in ["file://", "fileb://", "=", "@"] {
        let mark = mark.as_bytes();
        let found = word.windows(mark.len()).position(|part| part == mark);
        names.extend(found.and_then(|at| word.get(at.saturating_add(mark.len())..)));
    }
    if word.starts_with(b"-") && !word.starts_with(b"--") {
        names.extend(word.get(2..));
    }
    names.retain(|name| !name.is_empty());
    names
}
