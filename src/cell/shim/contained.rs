//! The first process of a container: it opens the ports that lead to doors, starts the agent, takes in what is orphaned, and ends, and
//! the container with it, when the agent does or when the harness is there no more.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::fence::rule;
use super::init::{WRITES, become_program, loopback, open, outlived, started};
use super::make::{SHIM, child};
use super::spec::Spec;

const SPEC: &str = "/run/chesterton/spec";
const READY: &str = "/run/chesterton/ready.sock";
const OUTPUTS: [&str; 2] = ["/run/chesterton/stdout", "/run/chesterton/stderr"];
/// The exit code where the harness has gone.
const LEFT: i32 = 126;

/// Says that the container stands, waits for a word to begin, and ends as the agent ends.
pub fn run() -> io::Result<u8> {
    // The agent may be the same user as this process is, and must not reach into it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let spec = Spec::read(SPEC.as_ref())?;
    let mut ready = UnixStream::connect(READY)?;
    let mut agent = match prepared(&spec) {
        Ok(agent) => agent,
        Err(error) => {
            let kind = if error.kind() == io::ErrorKind::NotFound { 'm' } else { 'e' };
            ready.write_all(format!("{kind}{error}").as_bytes())?;
            return Err(error);
        }
    };
    ready.write_all(b"r")?;
    ready.read_exact(&mut [0])?;
    if spec.talks {
        let talk = OwnedFd::from(UnixStream::connect(READY)?);
        agent.stdin(Stdio::from(talk.try_clone()?)).stdout(Stdio::from(talk));
    }
    let number = agent.spawn()?.id();
    // Our own ends of what the agent prints to.
    drop(agent);
    started(move || ends_with(ready))?;
    outlived(number)
}

/// Ends this process, and so all others, when the harness does.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the first process takes all others along when it ends"
)]
fn ends_with(mut harness: UnixStream) {
    let _ = harness.read(&mut [0]);
    std::process::exit(LEFT);
}

/// The agent, ready to be started, once its ports are open and it is known to be there.
fn prepared(spec: &Spec) -> io::Result<Command> {
    // An engine has brought it up; where one has not, we may.
    let _ = loopback();
    for (port, socket) in &spec.ports {
        open(*port, socket)?;
    }
    let program = spec.words.first().map(OsString::as_os_str).unwrap_or_default();
    let path = spec
        .env
        .iter()
        .find(|(name, _)| name == "PATH")
        .map(|(_, path)| path.as_os_str())
        .unwrap_or_default();
    let is_there = match Path::new(program).components().count() {
        0 | 1 => std::env::split_paths(path).any(|folder| folder.join(program).is_file()),
        _ => spec.folder.join(program).is_file(),
    };
    if !is_there {
        let what = format!("the image has no program `{}`", program.to_string_lossy());
        return Err(io::Error::new(io::ErrorKind::NotFound, what));
    }
    let [out, err] = OUTPUTS.map(|path| OpenOptions::new().write(true).open(path).map(Stdio::from));
    let stdin = match &spec.stdin {
        Some(path) => Stdio::from(File::open(path)?),
        None => Stdio::null(),
    };
    let mut agent = child(SHIM.as_ref(), "held", &spec.words);
    agent.env_clear().envs(spec.env.iter().cloned()).current_dir(&spec.folder);
    agent.stdin(stdin).stdout(out?).stderr(err?);
    Ok(agent)
}

/// `WORD...`: becomes the agent, held by Landlock besides, where the kernel and the engine grant it.
pub fn agent(words: &[OsString]) -> io::Result<u8> {
    let _ = rule(["/"], WRITES, None);
    Err(become_program(words))
}
