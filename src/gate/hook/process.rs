//! The one owner of processes that guardrails are.
//!
//! A process gets its question on standard input, answers on standard output and is over. The gate holds the deadline:
//! when it passes, the future that waits here is dropped, and with it the whole process group is killed. So is whatever a
//! process leaves behind in its group when it ends, and at the trial's end (and after each fault) every process that
//! carries the trial's token in its environment, also one that has left the group.

use std::ffi::OsString;
use std::io::PipeReader;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::base::group::Group;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Bytes on standard error. What a hook writes there may be the reason of a deny; this much is no reason.
const STDERR_BYTES_MAX: usize = 1024 * 1024;
/// Milliseconds that a process's outputs may stay open after it has ended.
const LEFT_OPEN_MS_MAX: u64 = 250;
/// The variable that carries the token.
pub(super) const TOKEN_NAME: &str = "CHESTERTON_GUARDRAIL";

/// What is started: a command line for a shell, as agents start their hooks.
#[derive(Debug)]
pub(super) struct Program<'a> {
    /// For `sh -c`.
    pub command: &'a str,
    /// Where.
    pub folder: &'a Path,
    /// With which variables, and no others.
    pub env: &'a [(String, OsString)],
    /// What the trial's processes are known by.
    pub token: &'a str,
}

/// A process that has ended and read its question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ended {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// All of its standard error.
    pub stderr: Vec<u8>,
}

/// Starts a program, asks it, and waits until it has ended and its outputs are closed.
///
/// # Errors
/// It could not be started, floods, leaves a process behind that holds its output, or has read nothing of what it was
/// asked.
pub(super) async fn ask(program: &Program<'_>, question: &[u8]) -> Result<Ended, String> {
    let pipe = std::io::pipe().and_then(|(read, write)| Ok((read.try_clone()?, read, write)));
    let (stdin, kept, write) = pipe.map_err(|error| format!("no pipe could be made for it: {error}"))?;
    let (mut child, group) = start(program, stdin)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("its output could not be read".to_owned());
    };
    let outputs = async { tokio::try_join!(read(stdout, ANSWER_BYTES_MAX), read(stderr, STDERR_BYTES_MAX)) };
    let written = AtomicUsize::new(0);
    let ended = tokio::select! {
        // Never done before the rest: the kept end of the pipe stays open, so a question nobody reads is waited with.
        never = feed(write.into(), question, &written) => never,
        ended = end(&mut child, outputs) => ended,
    };
    let (code, (stdout, stderr)) = ended?;
    // One that has failed has said so itself.
    if matches!(code, Some(0 | 2)) {
        read_something(&kept, written.into_inner())?;
    }
    group.went_well();
    Ok(Ended { code, stdout, stderr })
}

#[expect(clippy::disallowed_methods, reason = "this module owns the processes that guardrails are")]
fn start(program: &Program<'_>, stdin: PipeReader) -> Result<(Child, Kept), String> {
    let started = Command::new("sh")
        .arg("-c")
        .arg(program.command)
        .current_dir(program.folder)
        .env_clear()
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .env(TOKEN_NAME, program.token)
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let child = started.map_err(|error| format!("it could not be started: {error}"))?;
    let group = Group::led_by(child.id());
    Ok((child, Kept { group, token: program.token.to_owned(), well: false }))
}

/// Writes the question, counting, closes the pipe, and is then never done.
async fn feed<T>(pipe: OwnedFd, mut question: &[u8], written: &AtomicUsize) -> T {
    if let Ok(mut pipe) = tokio::net::unix::pipe::Sender::from_owned_fd(pipe) {
        while !question.is_empty() {
            // A process that closes its end has its reasons; whether it read anything is looked at afterwards.
            let Ok(n) = pipe.write(question).await else { break };
            written.fetch_add(n, Ordering::Relaxed);
            question = question.get(n..).unwrap_or_default();
        }
    }
    std::future::pending().await
}

type Outputs = (Vec<u8>, Vec<u8>);

/// Waits for the process and for its outputs, for these not much longer than for the process.
async fn end(
    child: &mut Child,
    outputs: impl Future<Output = Result<Outputs, String>>,
) -> Result<(Option<i32>, Outputs), String> {
    tokio::pin!(outputs);
    let mut read = None;
    let status = loop {
        tokio::select! {
            outputs = &mut outputs, if read.is_none() => read = Some(outputs?),
            status = child.wait() => break status.map_err(|error| format!("it was lost: {error}"))?,
        }
    };
    let read = match read {
        Some(read) => read,
        None => tokio::time::timeout(Duration::from_millis(LEFT_OPEN_MS_MAX), outputs)
            .await
            .map_err(|_| "it ended and left a process behind that holds its output open".to_owned())??,
    };
    Ok((status.code(), read))
}

async fn read(mut from: impl AsyncRead + Unpin, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut limited = (&mut from).take(limit);
    limited.read_to_end(&mut bytes).await.map_err(|error| format!("its output broke: {error}"))?;
    match bytes.len() > bytes_max {
        true => Err(format!("it said more than {} KiB", bytes_max / 1024)),
        false => Ok(bytes),
    }
}

/// Who has read nothing has not looked at the question, whatever the answer.
fn read_something(pipe: &PipeReader, written: usize) -> Result<(), String> {
    let unread = rustix::io::ioctl_fionread(pipe).map_err(|error| format!("its input broke: {error}"))?;
    match u64::try_from(written).unwrap_or(u64::MAX) > unread {
        true => Ok(()),
        false => Err("it answered without reading what it was asked".to_owned()),
    }
}

/// A process group that does not outlive this value, nor does what has left it, unless all went well.
struct Kept {
    group: Group,
    token: String,
    well: bool,
}

impl Kept {
    /// The answer is there: only the group need be looked after.
    fn went_well(mut self) {
        self.well = true;
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.group.kill();
        if !self.well {
            sweep(&self.token);
        }
    }
}

/// Kills every process that carries the token, wherever it has moved to. A process that has taken the variable out of
/// its environment and left the group as well is not found. Where there is no `/proc`, none is.
pub(super) fn sweep(token: &str) {
    let mark = format!("{TOKEN_NAME}={token}\0");
    // Each pass may meet a process in the middle of making another.
    for _ in 0..4 {
        let found = carriers(mark.as_bytes());
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn carriers(mark: &[u8]) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let carries = |pid: &Pid| {
        let environ = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        environ.windows(mark.len()).any(|part| part == mark)
    };
    let pid = |entry: std::fs::DirEntry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?);
    entries.flatten().filter_map(pid).filter(carries).collect()
}
