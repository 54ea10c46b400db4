//! The remote as a real git in a cell reaches it: what stands in the place of git's own program for `https`, and speaks to the door
//! (`git help gitremote-helpers`).

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::frames::{receive, send};
use super::git::{BEFORE, Real, known};

/// Commits that the other side is told we have.
const HAD_MAX: &str = "--max-count=20000";
/// As git ends where a remote does not answer.
const UNREACHABLE: u8 = 128;

/// `SOCKET GIT URL REMOTE ADDRESS`: serves git until it is done.
pub fn run(arguments: &[OsString]) -> io::Result<u8> {
    let [socket, git, url, _, address] = arguments else {
        return Err(io::Error::other("this program is started by git"));
    };
    let whole = |url: &OsString| {
        let url = url.to_string_lossy();
        url.trim_end_matches('/').trim_end_matches(".git").to_owned()
    };
    if whole(url) != whole(address) {
        return unreachable(&address.to_string_lossy());
    }
    let real = Real { program: Path::new(git), repository: None };
    let mut serving = Serving { socket, real, is_dry: false };
    let mut lines = io::stdin().lock().lines();
    while let Some(line) = lines.next().transpose()? {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "capabilities" => say("option\nfetch\npush\n\n")?,
            "option" => say(serving.option(rest))?,
            "list" => say(&serving.list(rest)?)?,
            "fetch" => {
                while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
                serving.fetch()?;
                say("\n")?;
            }
            "push" => {
                let mut specs = vec![rest.to_owned()];
                while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
                    specs.extend(line.strip_prefix("push ").map(str::to_owned));
                }
                for spec in specs {
                    say(&serving.push(&spec)?)?;
                }
                say("\n")?;
            }
            _ => break,
        }
    }
    Ok(0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the program that stands for git says to what it has started"
)]
fn before() -> Option<String> {
    std::env::var(BEFORE).ok()
}

#[expect(clippy::print_stderr, reason = "this is a program that prints")]
fn unreachable(address: &str) -> io::Result<u8> {
    let host = address.split('/').nth(2).unwrap_or(address);
    eprintln!("fatal: unable to access '{address}': Could not resolve host: {host}");
    Ok(UNREACHABLE)
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

struct Serving<'a> {
    socket: &'a OsString,
    real: Real<'a>,
    is_dry: bool,
}

impl Serving<'_> {
    fn option(&mut self, said: &str) -> &'static str {
        match said.split_once(' ').unwrap_or((said, "")) {
            ("dry-run", value) => self.is_dry = value == "true",
            ("verbosity" | "progress" | "force" | "followtags" | "cloning" | "cas", _) => {}
            _ => return "unsupported\n",
        }
        "ok\n"
    }

    /// Asks the door for one thing.
    fn asked(&self, frames: &[(u8, &[u8])]) -> io::Result<(u8, Vec<u8>)> {
        answered(&mut UnixStream::connect(self.socket)?, frames)
    }

    fn list(&self, purpose: &str) -> io::Result<String> {
        // A push that was let through is done there already; git is to see what it was done to.
        let heads = match before().filter(|_| purpose == "for-push") {
            Some(before) => before,
            None => String::from_utf8_lossy(&self.asked(&[(b'l', &[])])?.1).into_owned(),
        };
        let main = if heads.contains(" refs/heads/main\n") { "@refs/heads/main HEAD\n" } else { "" };
        Ok(format!("{heads}{main}\n"))
    }

    fn fetch(&self) -> io::Result<()> {
        let had = self.real.says(&["rev-list", "--all", HAD_MAX], &[])?;
        let (_, pack) = self.asked(&[(b'f', &had)])?;
        self.real.says(&["unpack-objects", "-q"], &pack).map(drop)
    }

    fn push(&self, spec: &str) -> io::Result<String> {
        let (spec, force) = spec.strip_prefix('+').map_or((spec, "-"), |rest| (rest, "+"));
        let (from, to) = spec.split_once(':').unwrap_or((spec, spec));
        if self.is_dry {
            return Ok(format!("ok {to}\n"));
        }
        let commit = format!("{from}^{{commit}}");
        let id = match from {
            "" => Vec::new(),
            _ => self.real.says(&["rev-parse", "--verify", "--quiet", &commit], &[])?,
        };
        let id = String::from_utf8_lossy(&id).trim().to_owned();
        if id.is_empty() && !from.is_empty() {
            return Ok(format!("error {to} only commits are taken here\n"));
        }
        let mut door = UnixStream::connect(self.socket)?;
        let known = known(&mut door)?.unwrap_or_default();
        let objects =
            self.real.objects([id.as_str()].into_iter().filter(|id| !id.is_empty()), &known, &[])?;
        let line = format!("{force} {to} {id}");
        let (kind, why) = answered(&mut door, &[(b'c', &objects), (b'u', line.as_bytes())])?;
        let why = String::from_utf8_lossy(&why).lines().collect::<Vec<_>>().join(" ");
        Ok(if kind == b'y' { format!("ok {to}\n") } else { format!("error {to} {why}\n") })
    }
}

/// What a door says to these frames.
fn answered(door: &mut UnixStream, frames: &[(u8, &[u8])]) -> io::Result<(u8, Vec<u8>)> {
    frames.iter().try_for_each(|(kind, bytes)| send(door, *kind, bytes))?;
    send(door, b'.', &[])?;
    receive(door)
}
