//! The shell door: programs on the `PATH` of a cell (`aws`, `psql`, `gh` …) that carry their words here. What a shell does around
//! them, pipes and loops and scripts, is a real shell's doing.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use simulators::cli::{self, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::asked::{Ask, Asked, Told, ask};
use super::spoken;
use crate::base::serving::Serving;

/// Bytes of one request: of its words, of what is piped in and of the files that it names.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Programs that carry words at once; more wait.
const AT_ONCE_MAX: usize = 64;

/// The shell door. It holds nothing: the trial does.
#[derive(Debug)]
pub struct ShellDoor;

impl ShellDoor {
    /// The names under which its programs are found.
    pub fn programs() -> impl Iterator<Item = &'static str> {
        cli::PROGRAMS.iter().copied().chain(spoken::PROGRAMS)
    }

    /// Listens on this socket.
    ///
    /// # Errors
    /// It cannot be listened on: a path of more than a hundred bytes, say.
    pub fn open(socket: &Path, asks: mpsc::Sender<Asked>) -> io::Result<Serving> {
        Serving::socket(socket, AT_ONCE_MAX, move |stream| {
            let asks = asks.clone();
            async move {
                // Who breaks off in the middle of a request has asked nothing.
                let _ = carry(stream, asks).await;
            }
        })
    }
}

async fn carry(mut stream: UnixStream, asks: mpsc::Sender<Asked>) -> io::Result<()> {
    let Some(request) = heard(&mut stream).await? else { return Ok(()) };
    printed(&mut stream, ask(&asks, request).await).await
}

/// Lets a program print an answer and end.
pub(super) async fn printed(stream: &mut UnixStream, told: Told) -> io::Result<()> {
    let reply = match told {
        Told::Reply { reply, .. } => reply,
        Told::Tool(None) => Reply::ok("the report is handed in\n"),
        Told::Tool(Some(reply)) => Reply::ok(reply.text.raw()),
        Told::Outcome(_) | Told::Git(_) | Told::Closed => {
            Reply::failed(1, "connection closed by remote host\n")
        }
    };
    tell(stream, b'o', reply.stdout.as_bytes()).await?;
    tell(stream, b'e', reply.stderr.as_bytes()).await?;
    tell(stream, b'r', &[u8::try_from(reply.code & 0xff).unwrap_or(1)]).await
}

/// One frame, of so many bytes that are left; none: it is longer.
pub(super) async fn frame(stream: &mut UnixStream, left: &mut usize) -> io::Result<Option<(u8, Vec<u8>)>> {
    let kind = stream.read_u8().await?;
    let length = usize::try_from(stream.read_u32_le().await?).unwrap_or(usize::MAX);
    let Some(rest) = left.checked_sub(length.saturating_add(64)) else { return Ok(None) };
    *left = rest;
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(Some((kind, bytes)))
}

/// One request; none: it breaks the rules, or there is no word in it.
async fn heard(stream: &mut UnixStream) -> io::Result<Option<Ask>> {
    let (mut words, mut stdin, mut files) = (Vec::new(), String::new(), BTreeMap::new());
    let (mut name, mut left) = (String::new(), REQUEST_BYTES_MAX);
    loop {
        let Some((kind, bytes)) = frame(stream, &mut left).await? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match kind {
            b'w' => words.push(text),
            b'i' => stdin = text,
            b'f' => name = text,
            b'c' => drop(files.insert(std::mem::take(&mut name), text)),
            b'.' => break,
            _ => return Ok(None),
        }
    }
    Ok((!words.is_empty()).then_some(Ask::Words { words, stdin, files }))
}

/// Sends one frame.
pub(super) async fn tell(stream: &mut UnixStream, kind: u8, bytes: &[u8]) -> io::Result<()> {
    stream.write_u8(kind).await?;
    stream.write_u32_le(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).await?;
    stream.write_all(bytes).await
}
