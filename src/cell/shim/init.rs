//! The first process of a cell, which lives as long as the cell: it opens the ports that lead to doors, starts the agent, takes
//! in what is orphaned, and takes everything along when the agent ends.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use rustix::process::{Pid, Signal, WaitOptions, set_parent_process_death_signal, wait};
use socket2::{Domain, Protocol, Socket, Type};

use super::fence::fence;
use super::make::{SHIM, child, mapped, shut};
use super::spec::Spec;

const DOORS: &str = "/run/chesterton/doors";
/// How long nothing is taken after a connection could not be.
const PAUSE: Duration = Duration::from_millis(50);
/// Folders that an agent may write to.
pub const WRITES: [&str; 6] = ["/workspace", "/home", "/tmp", "/dev", "/proc", "/run/chesterton/doors"];

/// `[PORT SOCKET]... -- WORD...`: runs the program of these words; its exit code, or 128 and the signal that ended it.
pub fn run(arguments: &[OsString]) -> io::Result<u8> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    shut()?;
    let end = arguments.iter().position(|word| word == "--").unwrap_or_default();
    let (ports, words) = arguments.split_at_checked(end).unwrap_or_default();
    loopback()?;
    for pair in ports.chunks_exact(2) {
        if let [port, socket] = pair {
            open(port.to_str().and_then(|port| port.parse().ok()).unwrap_or_default(), socket)?;
        }
    }
    let agent = child(SHIM.as_ref(), "agent", words.get(1..).unwrap_or_default()).spawn()?;
    outlived(agent.id())
}

/// Takes in what is orphaned until the agent of this number ends; its exit code, or 128 and the signal that ended it.
pub fn outlived(agent: u32) -> io::Result<u8> {
    let agent = i32::try_from(agent).ok().and_then(Pid::from_raw);
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if Some(pid) == agent => {
                let signal = status.terminating_signal().map(|signal| signal.saturating_add(128));
                return Ok(u8::try_from(status.exit_status().or(signal).unwrap_or(255)).unwrap_or(u8::MAX));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// `WORD...`: becomes the agent, as a user without rights.
pub fn agent(words: &[OsString]) -> io::Result<u8> {
    unshare(CloneFlags::CLONE_NEWUSER)?;
    mapped("1000 0 1", "1000 0 1")?;
    fence(["/"], WRITES, None)?;
    Err(become_program(words))
}

/// `SPEC`: becomes the agent without namespaces, held by the kernel's limits and by Landlock alone.
pub fn bare(arguments: &[OsString]) -> io::Result<u8> {
    let path = arguments.first().ok_or_else(|| io::Error::other("a cell needs to be told what it is"))?;
    let spec = Spec::read(path)?;
    for group in &spec.groups {
        std::fs::write(group, "0")?;
    }
    let system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/proc", "/dev"];
    let own = [spec.at("bin"), std::env::current_exe()?];
    let reads = system.iter().map(PathBuf::from).chain(own).chain(spec.sees.iter().cloned());
    let writes = ["home", "workspace", "tmp", "doors"].map(|name| spec.at(name));
    let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"].map(PathBuf::from);
    let ports: Vec<u16> = spec.ports.iter().map(|(port, _)| *port).collect();
    fence(reads, writes.into_iter().chain(devices), Some(&ports))?;
    Err(become_program(&spec.words))
}

/// Turns this process into another program; comes back only if it cannot.
#[expect(clippy::disallowed_methods, reason = "a cell is made of processes")]
pub fn become_program(words: &[OsString]) -> io::Error {
    match words.split_first() {
        Some((program, rest)) => Command::new(program).args(rest).exec(),
        None => io::Error::other("there is no program to be started"),
    }
}

/// Brings loopback up: the one interface that the cell has.
pub fn loopback() -> io::Result<()> {
    const NETLINK: i32 = 16;
    const RAW: i32 = 3;
    // A request of rtnetlink: header (length, RTM_NEWLINK, REQUEST, sequence, port), then ifinfomsg: any family, interface 1, up.
    let mut request = Vec::with_capacity(32);
    request.extend_from_slice(&32_u32.to_ne_bytes());
    request.extend_from_slice(&16_u16.to_ne_bytes());
    request.extend_from_slice(&1_u16.to_ne_bytes());
    request.extend_from_slice(&[0; 12]);
    request.extend_from_slice(&1_i32.to_ne_bytes());
    request.extend_from_slice(&1_u32.to_ne_bytes());
    request.extend_from_slice(&1_u32.to_ne_bytes());
    let socket = Socket::new(Domain::from(NETLINK), Type::from(RAW), Some(Protocol::from(0)))?;
    socket.send(&request).map(drop)
}

/// Lets a port of loopback lead to a door's socket.
pub fn open(port: u16, socket: &OsStr) -> io::Result<()> {
    let socket = PathBuf::from(DOORS).join(socket);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let serve = move || loop {
        let Ok((inside, _)) = listener.accept() else {
            thread::sleep(PAUSE);
            continue;
        };
        if let Ok(outside) = UnixStream::connect(&socket) {
            // Where the agent has left no room for a thread, the connection is closed.
            let _ = started(move || passed(inside, outside));
        }
    };
    started(serve).map(drop)
}

/// A thread; the machine may have no room for one.
pub fn started<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().spawn(work)
}

fn passed(inside: TcpStream, outside: UnixStream) -> io::Result<()> {
    let (mut from, mut to) = (inside.try_clone()?, outside.try_clone()?);
    let there = started(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    })?;
    let (mut from, mut to) = (outside, inside);
    let _ = io::copy(&mut from, &mut to);
    let _ = to.flush();
    let _ = to.shutdown(Shutdown::Write);
    let _ = there.join();
    Ok(())
}
