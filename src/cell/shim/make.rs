//! Makes a cell around an agent and waits for it: namespaces of its own for users, mounts, processes, the network, messages and
//! the host's name, and a root that holds what it may see and nothing else.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{pivot_root, sethostname};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::git::ended;
use super::spec::Spec;

/// Where this program stands inside.
pub const SHIM: &str = "/run/chesterton/shim";
const NONE: Option<&str> = None;
/// Folders of the system, to be read.
const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt"];
/// What programs need of `/etc`, and nobody's secrets.
const ETC: [&str; 8] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/ssl/certs",
];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
/// Files of its own in `/etc`.
const OWN: [(&str, &str); 6] = [
    ("etc/passwd", "agent:x:1000:1000::/home/agent:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"),
    ("etc/group", "agent:x:1000:\nnogroup:x:65534:\n"),
    ("etc/hosts", "127.0.0.1 localhost workbench\n::1 localhost\n"),
    ("etc/hostname", "workbench\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ("etc/resolv.conf", ""),
];

/// `SPEC`: makes the cell, says so, waits for a word to begin, and ends as the agent ends.
pub fn run(arguments: &[OsString]) -> io::Result<u8> {
    let path = arguments.first().ok_or_else(|| io::Error::other("a cell needs to be told what it is"))?;
    let spec = Spec::read(path)?;
    let mut ready = UnixStream::connect(spec.at("ready.sock"))?;
    match made(&spec) {
        Ok(()) => ready.write_all(b"r")?,
        Err(error) => {
            ready.write_all(format!("e{error}").as_bytes())?;
            return Err(error);
        }
    }
    ready.read_exact(&mut [0])?;
    let ports = spec.ports.iter().flat_map(|(port, path)| [port.to_string().into(), path.clone()]);
    let mut words: Vec<OsString> = ports.collect();
    words.push("--".into());
    words.extend(spec.words.iter().cloned());
    let mut init =
        child(SHIM.as_ref(), "init", &words).env_clear().envs(spec.env).current_dir(spec.folder).spawn()?;
    waited(&mut init, &ready)
}

/// Waits for the first process of the cell. Where the harness goes before it, this ends at once, and the whole cell with it: the harness
/// keeps the other end open for as long as it lives. (The kernel would tell of a parent's death as well, but means the thread that
/// has started us; and who has left a namespace of processes for its children starts no threads.)
fn waited(init: &mut Child, harness: &UnixStream) -> io::Result<u8> {
    let over = pidfd_open(Pid::from_child(init), PidfdFlags::empty())?;
    let ends = [over.as_fd(), harness.as_fd()];
    let mut ends = ends.map(|end| PollFd::new(end, PollFlags::POLLIN));
    while poll(&mut ends, PollTimeout::NONE) == Err(Errno::EINTR) {}
    match init.try_wait()? {
        Some(status) => Ok(ended(status)),
        None => Err(io::Error::other("the harness is there no more")),
    }
}

/// This program in another role.
#[expect(clippy::disallowed_methods, reason = "a cell is made of processes")]
pub fn child(program: &Path, role: &str, words: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.arg(role).args(words);
    command
}

fn made(spec: &Spec) -> io::Result<()> {
    for group in &spec.groups {
        fs::write(group, "0").map_err(of("a control group"))?;
    }
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(all).map_err(io::Error::from).map_err(of("namespaces"))?;
    mapped(&format!("0 {user} 1"), &format!("0 {group} 1"))?;
    rooted(spec).map_err(of("a root of its own"))?;
    sethostname("workbench").map_err(io::Error::from).map_err(of("a name of its own"))
}

/// Says which user and group this process is outside of its namespace of users.
pub fn mapped(users: &str, groups: &str) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", users)?;
    fs::write("/proc/self/gid_map", groups)
}

fn of(what: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Makes the root and moves there.
fn rooted(spec: &Spec) -> io::Result<()> {
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    let root = spec.at("root");
    fs::create_dir_all(&root)?;
    empty(&root, 4 * 1024 * 1024)?;
    for folder in [
        "dev",
        "etc/ssl",
        "home",
        "proc",
        "run/chesterton/doors",
        "run/chesterton/bin",
        "old",
        "tmp",
        "workspace",
    ] {
        fs::create_dir_all(root.join(folder))?;
    }
    for path in SYSTEM.iter().chain(&ETC).map(Path::new) {
        shown(&root, path)?;
    }
    for (path, text) in OWN {
        fs::write(root.join(path), text)?;
    }
    devices(&root)?;
    for name in ["home", "workspace", "tmp"] {
        empty(&root.join(name), spec.folder_bytes_max)?;
        copied(&spec.at(name), &root.join(name))?;
    }
    // Behind the folders of its own, since programs are often installed somewhere in a home; and what lies in another behind that.
    let mut sees: Vec<&Path> = spec.sees.iter().map(AsRef::as_ref).collect();
    sees.sort();
    sees.into_iter().try_for_each(|path| shown(&root, path))?;
    bound(&spec.at("doors"), &root.join("run/chesterton/doors"), true)?;
    bound(&spec.at("bin"), &root.join("run/chesterton/bin"), true)?;
    let shim = root.join("run/chesterton/shim");
    fs::write(&shim, "")?;
    bound(&fs::canonicalize("/proc/self/exe")?, &shim, true)?;
    pivot_root(&root, &root.join("old"))?;
    std::env::set_current_dir("/")?;
    Ok(())
}

/// Shuts the cell from inside, once its first process is there: it gets its own view of processes, which the kernel grants only
/// as long as the machine's is in sight, and then the machine is out of sight.
pub fn shut() -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, NONE)
        .map_err(io::Error::from)
        .map_err(of("a view of its processes"))?;
    umount2("/old", MntFlags::MNT_DETACH)?;
    fs::remove_dir("/old")?;
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
    Ok(mount(NONE, "/", NONE, flags, NONE)?)
}

/// Mounts an empty folder in memory of so many bytes.
fn empty(path: &Path, bytes_max: u64) -> io::Result<()> {
    let options = format!("size={bytes_max},nr_inodes=100000,mode=755");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    Ok(mount(Some("tmpfs"), path, Some("tmpfs"), flags, Some(options.as_str()))?)
}

/// Shows a file or folder of the machine at the same place inside, to be read; a link stays one. What is not there is left out.
fn shown(root: &Path, path: &Path) -> io::Result<()> {
    let Ok(about) = fs::symlink_metadata(path) else { return Ok(()) };
    let inside = root.join(path.strip_prefix("/").unwrap_or(path));
    if let Some(folder) = inside.parent() {
        fs::create_dir_all(folder)?;
    }
    if inside.exists() {
        return Ok(());
    }
    if about.is_symlink() {
        return symlink(fs::read_link(path)?, inside);
    }
    match about.is_dir() {
        true => fs::create_dir_all(&inside)?,
        false => fs::write(&inside, "")?,
    }
    bound(path, &inside, true)
}

/// Mounts one place at another with what is mounted below it, all of it for reading alone if so asked.
fn bound(from: &Path, to: &Path, is_read_only: bool) -> io::Result<()> {
    mount(Some(from), to, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?;
    if !is_read_only {
        return Ok(());
    }
    to_be_read(to)?;
    mounted_below(&fs::canonicalize(to)?)?.iter().try_for_each(|place| to_be_read(place))
}

/// Where something is mounted below this place. What lies hidden behind another mount is not reached by anybody.
fn mounted_below(top: &Path) -> io::Result<Vec<PathBuf>> {
    let text = fs::read("/proc/self/mountinfo")?;
    let place = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescaped);
    let places = text.split(|byte| *byte == b'\n').filter_map(place);
    Ok(places.filter(|place| place != top && place.starts_with(top) && place.exists()).collect())
}

/// A path as the kernel lists it: blanks, tabs, ends of lines and backslashes stand as three octal digits.
fn unescaped(text: &[u8]) -> PathBuf {
    let (mut path, mut rest) = (Vec::new(), text);
    while let [first, behind @ ..] = rest {
        let digits =
            behind.get(..3).filter(|_| *first == b'\\').and_then(|three| std::str::from_utf8(three).ok());
        match digits.and_then(|three| u8::from_str_radix(three, 8).ok()) {
            Some(byte) => {
                path.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                path.push(*first);
                rest = behind;
            }
        }
    }
    OsString::from_vec(path).into()
}

/// Lets what is mounted here be read and not written, with all that the machine forbids there besides.
fn to_be_read(to: &Path) -> io::Result<()> {
    let has = statvfs(to)?.flags();
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
    let kept = [
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    kept.iter().filter(|(flag, _)| has.contains(*flag)).for_each(|(_, flag)| flags |= *flag);
    Ok(mount(NONE, to, NONE, flags, NONE)?)
}

fn devices(root: &Path) -> io::Result<()> {
    for name in DEVICES {
        let inside = root.join("dev").join(name);
        fs::write(&inside, "")?;
        bound(&Path::new("/dev").join(name), &inside, false)?;
    }
    fs::create_dir(root.join("dev/shm"))?;
    empty(&root.join("dev/shm"), 64 * 1024 * 1024)?;
    for (name, to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(to, root.join("dev").join(name))?;
    }
    Ok(())
}

/// Copies what the harness has put there.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let inside = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => {
                fs::create_dir_all(&inside)?;
                copied(&entry.path(), &inside)?;
            }
            false => drop(fs::copy(entry.path(), inside)?),
        }
    }
    Ok(())
}
