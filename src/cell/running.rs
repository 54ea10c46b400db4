//! A process in its cell: the one owner of processes that agents are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};

/// Bytes of each output that are kept between two looks at it; more is counted.
const KEPT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that a process may print in all.
const PRINTED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Its variables, and no others.
    pub env: BTreeMap<String, String>,
    /// Where.
    pub folder: PathBuf,
    /// What it reads on standard input; none: nothing.
    pub stdin: Option<PathBuf>,
}

/// What a process has written since the last look.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// On standard output.
    pub stdout: String,
    /// On standard error.
    pub stderr: String,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It printed without end.
    Flood,
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

/// A process that runs. It is killed with all that it has started when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Running {
    /// Starts a program.
    ///
    /// # Errors
    /// There is no such program, or the machine has no room for it.
    #[expect(clippy::disallowed_methods, reason = "this module owns the processes that agents are")]
    pub fn start(program: &Program) -> io::Result<Self> {
        let Some((name, arguments)) = program.words.split_first() else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no program to be started"));
        };
        let (stdout, out) = Output::new()?;
        let (stderr, err) = Output::new()?;
        let stdin = match &program.stdin {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        };
        let child = Command::new(name)
            .args(arguments)
            .current_dir(&program.folder)
            .env_clear()
            .envs(&program.env)
            .stdin(stdin)
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, stdout, stderr })
    }

    /// Waits until it has ended, and reads what it prints meanwhile. May be dropped and called again.
    ///
    /// # Errors
    /// The process was lost.
    pub async fn ended(&mut self) -> io::Result<Ended> {
        loop {
            if self.stdout.printed.saturating_add(self.stderr.printed) > PRINTED_BYTES_MAX {
                return Ok(Ended::Flood);
            }
            tokio::select! {
                status = self.child.wait() => return Ok(status?.into()),
                () = self.stdout.ready(), if self.stdout.is_open => self.stdout.read(),
                () = self.stderr.ready(), if self.stderr.is_open => self.stderr.read(),
            }
        }
    }

    /// What it has written since the last look: all that it wrote before whatever the caller has heard of it.
    pub fn written(&mut self) -> Written {
        Written { stdout: self.stdout.take(), stderr: self.stderr.take() }
    }

    /// Ends it and all that it has started.
    pub fn kill(&mut self) {
        if let Some(leader) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One of its outputs.
#[derive(Debug)]
struct Output {
    pipe: Receiver,
    kept: Vec<u8>,
    /// Bytes since the last look that were not kept.
    lost: usize,
    printed: u64,
    is_open: bool,
}

impl Output {
    fn new() -> io::Result<(Self, Stdio)> {
        let (read, write) = io::pipe()?;
        let pipe = Receiver::from_owned_fd(OwnedFd::from(read))?;
        let output = Self { pipe, kept: Vec::new(), lost: 0, printed: 0, is_open: true };
        Ok((output, Stdio::from(OwnedFd::from(write))))
    }

    async fn ready(&self) {
        let _ = self.pipe.readable().await;
    }

    /// Reads what is there, and no more than a process may print between two looks at the clock.
    fn read(&mut self) {
        let mut buffer = [0; 64 * 1024];
        for _ in 0..64 {
            match self.pipe.try_read(&mut buffer) {
                Ok(0) => self.is_open = false,
                Ok(n) => {
                    self.keep(buffer.get(..n).unwrap_or_default());
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.is_open = false,
            }
            return;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.printed = self.printed.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let room = KEPT_BYTES_MAX.saturating_sub(self.kept.len()).min(bytes.len());
        let (kept, lost) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.kept.extend_from_slice(kept);
        self.lost = self.lost.saturating_add(lost.len());
    }

    fn take(&mut self) -> String {
        if self.is_open {
            self.read();
        }
        let kept = std::mem::take(&mut self.kept);
        let mut text = String::from_utf8_lossy(&kept).into_owned();
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            text.push_str(&format!("\n[{lost} more bytes are not kept]\n"));
        }
        text
    }
}
