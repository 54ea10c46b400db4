//! A process in its cell: the one owner of processes that agents are.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{self, Receiver};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::bridge::Port;
use super::container::Container;
use super::demand::Fence;
use super::groups::Groups;
use super::place::Place;
use super::spec;
use super::tree::Tree;
use crate::base::group::Group;
use crate::base::serving::Serving;

/// Bytes of each output that are kept between two looks at it; more is counted.
const KEPT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that a process may print in all.
const PRINTED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// How long making a cell may take: a container of a large image that nobody has used lately takes a while.
const MAKING_MAX: Duration = Duration::from_secs(60);
/// How long the outputs of a process that was killed may stay open.
const ENDING_MAX: Duration = Duration::from_secs(2);

/// What is started.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Program {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Its variables, and no others.
    pub env: BTreeMap<String, String>,
    /// Where.
    pub folder: PathBuf,
    /// What it reads on standard input; none: nothing.
    pub stdin: Option<PathBuf>,
    /// Its standard input and output are a conversation, and not what it reads and prints.
    pub talks: bool,
    /// Folders and files that it may see besides those of the system.
    pub sees: Vec<PathBuf>,
    /// Doors that it reaches over its loopback.
    pub ports: Vec<Port>,
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

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Flood => write!(f, "a flood"),
        }
    }
}

/// A process that runs. It is killed with all that it has started when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Group,
    stdout: Output,
    stderr: Output,
    talk: Option<UnixStream>,
    tree: Tree,
    /// As long as this is open, the cell knows that the harness lives.
    held: Option<UnixStream>,
    /// The container that it is in, and its name.
    container: Option<(Container, String)>,
    _bridges: Vec<Serving>,
    // The last to go: a group is gone only when its processes are.
    _groups: Groups,
}

impl Running {
    /// Starts a program in its cell.
    ///
    /// # Errors
    /// There is no such program, or the machine has no room for it.
    pub async fn start(program: &Program, place: &Place) -> io::Result<Self> {
        let bridges = program.ports.iter().map(|port| port.bridge(place));
        let bridges = bridges.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect();
        match place.fence() {
            Fence::Container(container) => Self::contained(container, program, place, bridges).await,
            Fence::Namespaces => Self::by_us(Some("cell"), program, place, bridges).await,
            Fence::Kernel => Self::by_us(Some("bare"), program, place, bridges).await,
            Fence::Open => Self::by_us(None, program, place, bridges).await,
        }
    }

    /// Starts a program by our shim in this role, or as it is.
    async fn by_us(
        role: Option<&str>,
        program: &Program,
        place: &Place,
        bridges: Vec<Serving>,
    ) -> io::Result<Self> {
        let groups = if role.is_some() { Groups::new() } else { Groups::default() };
        let (stdout, out) = Output::new()?;
        let (stderr, err) = Output::new()?;
        let (stdin, out, talk) = match &program.stdin {
            _ if program.talks => conversation()?,
            Some(path) => (Stdio::from(File::open(place.outside(path))?), out, None),
            None => (Stdio::null(), out, None),
        };
        let mut command = match role {
            Some(role) => started(&super::shim(), &[role.into(), spec::written(program, place, &groups)?]),
            None => {
                let (name, arguments) = program.words.split_first().ok_or_else(nothing)?;
                started(Path::new(name), &arguments.iter().map(PathBuf::from).collect::<Vec<_>>())
            }
        };
        let is_shut = place.fence().is_shut();
        if !is_shut {
            command.current_dir(&program.folder).envs(&program.env);
        }
        let gate = is_shut.then(|| UnixListener::bind(place.root().join("ready.sock"))).transpose()?;
        let mut child =
            command.stdin(stdin).stdout(out).stderr(err).process_group(0).kill_on_drop(true).spawn()?;
        let group = Group::led_by(child.id());
        drop(command);
        let (tree, held) = match gate {
            Some(gate) => {
                let ready = begun(&mut child, &gate).await?;
                // What the cell sees, which can be read when the cell is gone.
                let root = format!("/proc/{}/root", child.id().unwrap_or_default());
                let below = place.workspace();
                let tree = Tree::open(&Path::new(&root).join(below.strip_prefix("/").unwrap_or(&below)))?;
                (tree, Some(go(ready).await?))
            }
            None => (Tree::open(&place.outside(&place.workspace()))?, None),
        };
        Ok(Self {
            child,
            group,
            stdout,
            stderr,
            talk,
            tree,
            held,
            container: None,
            _bridges: bridges,
            _groups: groups,
        })
    }

    /// Starts a program in a container. What it prints goes through pipes of ours and not through the engine, so that it is here before
    /// whatever is heard of it at a door.
    async fn contained(
        container: Container,
        program: &Program,
        place: &Place,
        bridges: Vec<Serving>,
    ) -> io::Result<Self> {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let n = STARTED.fetch_add(1, Ordering::Relaxed);
        let of = place.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{of}-{n}");
        spec::written(program, place, &Groups::default())?;
        let (stdout, out) = Output::named(&place.root().join("stdout"))?;
        let (stderr, err) = Output::named(&place.root().join("stderr"))?;
        let gate = UnixListener::bind(place.root().join("ready.sock"))?;
        let mut command = container.started(&name, program, place)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        let group = Group::led_by(child.id());
        let ready = match begun(&mut child, &gate).await {
            Ok(ready) => ready,
            Err(error) => return Err(explained(error, &mut child).await),
        };
        // Now the agent's are the only other ends.
        drop((out, err));
        let tree = Tree::open(&place.outside(&place.workspace()))?;
        let held = Some(go(ready).await?);
        let talk = match program.talks {
            true => Some(timeout(MAKING_MAX, gate.accept()).await.map_err(|_| late())??.0),
            false => None,
        };
        Ok(Self {
            child,
            group,
            stdout,
            stderr,
            talk,
            tree,
            held,
            container: Some((container, name)),
            _bridges: bridges,
            _groups: Groups::default(),
        })
    }

    /// Our end of the conversation, once, of a process that talks.
    pub fn talk(&mut self) -> Option<UnixStream> {
        self.talk.take()
    }

    /// The files of its checkout.
    pub const fn tree(&self) -> &Tree {
        &self.tree
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

    /// Ends it and all that it has started, and waits until its outputs are closed: then nothing is left of a cell.
    pub async fn end(&mut self) {
        drop(self.held.take());
        if let Some((container, name)) = &self.container {
            container.gone(name, &mut self.child).await;
        }
        self.kill();
        let closed = async {
            let _ = self.child.wait().await;
            while self.stdout.is_open || self.stderr.is_open {
                tokio::select! {
                    () = self.stdout.ready(), if self.stdout.is_open => self.stdout.read(),
                    () = self.stderr.ready(), if self.stderr.is_open => self.stderr.read(),
                }
            }
        };
        let _ = timeout(ENDING_MAX, closed).await;
    }

    fn kill(&mut self) {
        self.group.kill();
        let _ = self.child.start_kill();
    }
}

/// The two ends of standard input and output of a process that talks, and our end of it.
fn conversation() -> io::Result<(Stdio, Stdio, Option<UnixStream>)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let read = Stdio::from(OwnedFd::from(theirs.try_clone()?));
    Ok((read, Stdio::from(OwnedFd::from(theirs)), Some(UnixStream::from_std(ours)?)))
}

/// Waits until the cell stands. The cell ends when what comes back is closed.
async fn begun(child: &mut Child, gate: &UnixListener) -> io::Result<UnixStream> {
    timeout(MAKING_MAX, made(child, gate)).await.unwrap_or_else(|_| Err(late()))
}

fn late() -> io::Error {
    io::Error::other("the cell was not made in time")
}

async fn made(child: &mut Child, gate: &UnixListener) -> io::Result<UnixStream> {
    let mut ready = tokio::select! {
        accepted = gate.accept() => accepted?.0,
        status = child.wait() => return Err(io::Error::other(format!("it could not be begun: {}", Ended::from(status?)))),
    };
    let mut said = [0; 512];
    let n = ready.read(&mut said).await?;
    match said.get(..n) {
        Some([b'r']) => Ok(ready),
        Some([b'e', why @ ..]) => Err(io::Error::other(String::from_utf8_lossy(why).into_owned())),
        // What is to be started is not there.
        Some([b'm', what @ ..]) => {
            Err(io::Error::new(io::ErrorKind::NotFound, String::from_utf8_lossy(what)))
        }
        _ => Err(io::Error::other("it broke while it was made")),
    }
}

/// Lets the agent begin.
async fn go(mut ready: UnixStream) -> io::Result<UnixStream> {
    ready.write_all(b"g").await?;
    Ok(ready)
}

/// Why a container was not begun, with what its engine says of it.
async fn explained(error: io::Error, client: &mut Child) -> io::Error {
    let mut said = String::new();
    if let Some(mut stderr) = client.stderr.take() {
        let _ = timeout(ENDING_MAX, stderr.read_to_string(&mut said)).await;
    }
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    // Behind an error some engines say how to get help.
    match lines.clone().find(|line| line.contains("rror")).or_else(|| lines.next_back()) {
        None => error,
        Some(told) => io::Error::new(error.kind(), format!("{error}: {told}")),
    }
}

fn nothing() -> io::Error {
    io::Error::other("there is no program to be started")
}

fn started(program: &Path, arguments: &[PathBuf]) -> Command {
    let mut command = owned(program);
    command.args(arguments).env_clear();
    command
}

#[expect(clippy::disallowed_methods, reason = "this module owns the processes that agents are")]
pub(super) fn owned(program: &Path) -> Command {
    Command::new(program)
}

/// Whether the kernel has Landlock, and lets us use it.
pub(super) async fn has_landlock() -> bool {
    let mut probe = started(&super::shim(), &["landlock".into()]);
    let probe = probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    probe.status().await.is_ok_and(|status| status.success())
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
        Ok((Self::of(Receiver::from_owned_fd(OwnedFd::from(read))?), Stdio::from(OwnedFd::from(write))))
    }

    /// One that whoever opens a file of this name writes to, and our other end of it, without which it would be over before that.
    fn named(path: &Path) -> io::Result<(Self, File)> {
        mknodat(CWD, path, FileType::Fifo, Mode::from_bits_truncate(0o600), 0)?;
        let pipe = pipe::OpenOptions::new().open_receiver(path)?;
        let write = File::options().write(true).open(path)?;
        Ok((Self::of(pipe), write))
    }

    const fn of(pipe: Receiver) -> Self {
        Self { pipe, kept: Vec::new(), lost: 0, printed: 0, is_open: true }
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
