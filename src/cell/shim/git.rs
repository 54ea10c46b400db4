//! `git` as it is found in a cell that has a real one. The door is told how the checkout stands and what is asked for; when it lets that
//! through, the real program does it, by the world's clock, and the door is told what has become of the checkout.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use super::frames::{receive, send};
use super::program::{closed, heard};

/// Bytes of what git says of a checkout, and of objects that are taken along.
const TOLD_BYTES_MAX: u64 = 12 * 1024 * 1024;
/// The variable that says what branches the remote had before what is asked for was let through.
pub const BEFORE: &str = "CHESTERTON_REMOTE_BEFORE";
/// Names that stand for nothing.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// The real one.
pub struct Real<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder of the repository that it is asked about; none: the one that it finds.
    pub repository: Option<&'a Path>,
}

impl Real<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = program(self.program);
        if let Some(repository) = self.repository {
            command.arg("-C").arg(repository).env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE");
        }
        command.args(["-c", "core.fsmonitor=false"]).args(words).env("GIT_OPTIONAL_LOCKS", "0");
        command
    }

    /// What it prints, told what it reads; nothing where it fails.
    pub fn says(&self, words: &[&str], stdin: &[u8]) -> io::Result<Vec<u8>> {
        let mut child =
            self.command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Ok(Vec::new());
        };
        let text = stdin.to_vec();
        // Both sides at once: neither may wait for the other to read.
        let writes = thread::Builder::new().spawn(move || drop(to.write_all(&text)))?;
        let mut said = Vec::new();
        from.take(TOLD_BYTES_MAX).read_to_end(&mut said)?;
        let _ = writes.join();
        Ok(if child.wait()?.success() { said } else { Vec::new() })
    }

    /// The objects that these commits bring to somebody who knows those.
    pub fn objects<'t>(
        &self,
        tips: impl Iterator<Item = &'t str>,
        known: &str,
        more: &[&str],
    ) -> io::Result<Vec<u8>> {
        let is_new = |tip: &&str| *tip != NOTHING && !known.lines().any(|line| line == *tip);
        let tips: Vec<&str> = tips.filter(is_new).collect();
        let mut wanted: Vec<String> = more.iter().map(|id| (*id).to_owned()).collect();
        if !tips.is_empty() {
            let known: String = known.lines().map(|id| format!("^{id}\n")).collect();
            let asked = tips.join("\n") + "\n" + &known;
            let listed =
                self.says(&["rev-list", "--objects", "--ignore-missing", "--stdin"], asked.as_bytes())?;
            let listed = String::from_utf8_lossy(&listed);
            wanted.extend(listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned));
        }
        match wanted.is_empty() {
            true => Ok(Vec::new()),
            false => self.says(&["cat-file", "--batch"], (wanted.join("\n") + "\n").as_bytes()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the program that stands for git")]
fn program(path: &Path) -> Command {
    Command::new(path)
}

/// `SOCKET ROOT GIT PARTS WORD...`: plays git.
pub fn run(arguments: &[OsString]) -> io::Result<u8> {
    let [socket, root, git, parts, words @ ..] = arguments else {
        return Err(io::Error::other("this program is started by Chesterton, inside of a cell"));
    };
    let Ok(mut door) = UnixStream::connect(socket) else { return closed() };
    let Some(known) = known(&mut door)? else { return closed() };
    let (root, git) = (Path::new(root), Path::new(git));
    let real = Real { program: git, repository: Some(root) };
    for word in words {
        send(&mut door, b'w', word.as_bytes())?;
    }
    if is_about(root, words) {
        send(&mut door, b'h', &[])?;
    }
    tell(&mut door, &real, root, &known)?;
    let by = match heard(&mut door)? {
        Ok(code) => return Ok(code),
        Err(by) => String::from_utf8_lossy(&by).into_owned(),
    };
    let by: Vec<&str> = by.splitn(4, '\n').collect();
    let [at, name, mail, before] = by.as_slice() else { return closed() };
    let mut command = program(git);
    command.args(words).envs(clock(at, name, mail)).envs(own(parts)).env(BEFORE, before);
    let status = command.status()?;
    tell(&mut door, &real, root, &known)?;
    // What it did may not be let through, or not be known to the rest of the world.
    match heard(&mut door)? {
        Ok(0) => Ok(ended(status)),
        Ok(code) => Ok(code),
        Err(_) => closed(),
    }
}

/// The commits that the door knows, one a line, for a request that is begun by asking it; none: nothing is played any more.
pub fn known(door: &mut UnixStream) -> io::Result<Option<String>> {
    send(door, b'b', &[])?;
    Ok(match receive(door) {
        Ok((b'k', known)) => Some(String::from_utf8_lossy(&known).into_owned()),
        _ => None,
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the program that stands for git, which goes by it")]
fn named_by_the_environment() -> Option<OsString> {
    std::env::var_os("GIT_DIR")
}

/// Whether a line is about the repository in this folder, and not about another: a clone, or one that an agent keeps for itself.
fn is_about(root: &Path, words: &[OsString]) -> bool {
    let mut folder = std::env::current_dir().unwrap_or_default();
    let mut repository = named_by_the_environment().map(|named| folder.join(named));
    let mut words = words.iter().map(OsString::as_os_str);
    while let Some(word) = words.next().filter(|word| word.as_bytes().starts_with(b"-")) {
        match word.as_bytes() {
            b"-C" => folder.push(words.next().unwrap_or_default()),
            b"--git-dir" => repository = words.next().map(|named| folder.join(named)),
            b"-c" | b"--work-tree" | b"--namespace" | b"--config-env" | b"--attr-source" => {
                let _ = words.next();
            }
            option => {
                if let Some(named) = option.strip_prefix(b"--git-dir=") {
                    repository = Some(folder.join(OsStr::from_bytes(named)));
                }
            }
        }
    }
    // Where there is none, there is none of somebody else's.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match repository {
        Some(repository) => real(&repository) == real(&root.join(".git")),
        None => real(&folder).starts_with(real(root)),
    }
}

/// An exit code as shells have it: 128 and the signal for what a signal ended.
pub fn ended(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Variables by which commits are dated and signed.
fn clock(at: &str, name: &str, mail: &str) -> [(&'static str, String); 6] {
    let at = format!("@{at} +0000");
    [
        ("GIT_AUTHOR_DATE", at.clone()),
        ("GIT_COMMITTER_DATE", at),
        ("GIT_AUTHOR_NAME", name.to_owned()),
        ("GIT_COMMITTER_NAME", name.to_owned()),
        ("GIT_AUTHOR_EMAIL", mail.to_owned()),
        ("GIT_COMMITTER_EMAIL", mail.to_owned()),
    ]
}

/// Where it finds what leads to the remote, and that it asks nobody.
fn own(parts: &OsStr) -> [(&'static str, PathBuf); 3] {
    let parts = Path::new(parts);
    [
        ("GIT_EXEC_PATH", parts.to_owned()),
        ("GIT_CONFIG_SYSTEM", parts.join("gitconfig")),
        ("GIT_TERMINAL_PROMPT", PathBuf::from("0")),
    ]
}

/// Tells how the checkout stands, with the objects that nobody knows yet.
fn tell(door: &mut UnixStream, real: &Real<'_>, root: &Path, known: &str) -> io::Result<()> {
    let refs = real.says(&["for-each-ref", "--format=%(refname) %(objectname) %(upstream)"], &[])?;
    let head = bounded(&root.join(".git/HEAD"));
    let staged =
        real.says(&["diff-index", "--cached", "--raw", "--no-renames", "--no-abbrev", "-z", "HEAD"], &[])?;
    let put_aside = bounded(&root.join(".git/logs/refs/stash"));
    let (refs_text, staged_text) = (String::from_utf8_lossy(&refs), String::from_utf8_lossy(&staged));
    let (head_text, aside_text) = (String::from_utf8_lossy(&head), String::from_utf8_lossy(&put_aside));
    let tips = refs_text.lines().filter(|line| !line.starts_with("refs/tags/"));
    let tips = tips.filter_map(|line| line.split(' ').nth(1));
    let aside = aside_text.lines().filter_map(|line| line.split(' ').nth(1));
    let contents: Vec<&str> = staged_text
        .split('\0')
        .filter_map(|row| row.strip_prefix(':')?.split(' ').nth(3))
        .filter(|id| *id != NOTHING)
        .collect();
    let tips = tips.chain(aside).chain(Some(head_text.trim()).filter(|head| !head.starts_with("ref:")));
    let objects = real.objects(tips.filter(|tip| !tip.is_empty()), known, &contents)?;
    for (kind, bytes) in [(b't', &refs), (b'H', &head), (b'i', &staged), (b's', &put_aside), (b'c', &objects)]
    {
        send(door, kind, bytes)?;
    }
    send(door, b'.', &[])
}

/// A file, as far as it is taken along; nothing where there is none.
fn bounded(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(TOLD_BYTES_MAX).read_to_end(&mut bytes);
    }
    bytes
}
