//! A container in the place of namespaces: what is asked of Docker or Podman, and what they answer.
//!
//! Inside everything is at the same paths as in a cell of ours, by the same doors; what the agent sees of a system is the image's.
//! Its first process is our shim, which ends when the harness does, and the container is taken away with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::lchown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, getegid, geteuid, getrlimit};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::demand::{Fence, nothing};
use super::groups::{MEMORY_BYTES_MAX, PROCESSES_MAX};
use super::place::{HIDDEN, Place};
use super::running::{Program, owned};
use super::spec::FOLDER_BYTES_MAX;

/// How long an engine may take to answer a question.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long a container may take to be gone when its first process has ended.
const GOING_MAX: Duration = Duration::from_secs(15);
/// Who the agent is where the harness is root: nobody with a right on the machine.
const NOBODY: (u32, u32) = (1_000, 1_000);
/// Processes of the user's whom the agent is, on the whole machine; those of one container are fewer.
const NUMBERS_MAX: u64 = 32_768;
/// By this somebody finds what we have made: `docker ps --filter label=chesterton`.
const LABEL: &str = "chesterton";
/// The file that a user names where the shim beside this program does not run in the image.
const SHIM_VARIABLE: &str = "CHESTERTON_SHIM";

/// What makes containers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Engine {
    Docker,
    Podman,
}

/// A container that is asked for: by whom it is made, and of which image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Container {
    engine: Engine,
    /// Empty: the one that the agent's file names.
    image: &'static str,
    /// Root inside is the engine's user outside.
    is_rootless: bool,
}

impl Container {
    /// Of `docker`, `docker:IMAGE`, `podman` or `podman:IMAGE`; `None`: it is none of them.
    pub(super) fn wished(text: &str) -> Option<Self> {
        let (engine, image) = text.split_once(':').unwrap_or((text, ""));
        let engine = match engine {
            "docker" => Engine::Docker,
            "podman" => Engine::Podman,
            _ => return None,
        };
        let is_whole = !text.ends_with(':') && !image.starts_with('-');
        is_whole.then(|| Self { engine, image: kept(image), is_rootless: false })
    }

    /// It, of the image that the command line names, or else of this one, once it is known that the engine answers, has the image, and
    /// that our shim and a shell run in it. Found out once for each.
    ///
    /// # Errors
    /// What is missing, and what to do about it.
    pub(super) async fn ready(self, own: &str) -> Result<Self, String> {
        static KNOWN: tokio::sync::Mutex<BTreeMap<String, Result<Container, String>>> =
            tokio::sync::Mutex::const_new(BTreeMap::new());
        let image = if self.image.is_empty() { kept(own) } else { self.image };
        if image.is_empty() {
            return Err(format!(
                "a container needs an image: say `--cell {}:IMAGE`, or `image = \"IMAGE\"` below `[command]` of the agent's file",
                self.engine.name()
            ));
        }
        let wanted = Self { image, ..self };
        let mut known = KNOWN.lock().await;
        if let Some(found) = known.get(&wanted.to_string()) {
            return found.clone();
        }
        let found = wanted.tried().await;
        known.insert(wanted.to_string(), found.clone());
        found
    }

    async fn tried(mut self) -> Result<Self, String> {
        let name = self.engine.name();
        let told = self.asked(&["info", "--format", self.engine.about()]).await;
        let told =
            told.map_err(|why| format!("no container can be made: {why}: install and start {name}"))?;
        self.is_rootless = told.contains("rootless");
        if !told.starts_with("linux/") {
            let told = told.trim();
            return Err(format!(
                "no container can be made: expected {name} for Linux, which answers, found `{told}`"
            ));
        }
        let image = self.image;
        let inspect = ["image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", image];
        let of_image = self.asked(&inspect).await.map_err(|why| {
            format!("there is no image `{image}` here ({why}): fetch it (`{name} pull {image}`) or build it")
        })?;
        let of_shim = format!("linux/{}", architecture(&shim())?);
        if of_image.trim() != of_shim {
            let (of_image, shim) = (of_image.trim(), shim());
            return Err(format!(
                "the image `{image}` is for `{of_image}` and `{}` for `{of_shim}`: take the image for that, or name a shim built \
                 for the image in `{SHIM_VARIABLE}`",
                shim.display()
            ));
        }
        let shell = ["/bin/sh", "-c", "exit 0"];
        match nothing(Fence::Container(self), &shell).await {
            Ok(()) => Ok(self),
            Err(error) => {
                Err(format!("nothing can be played in the image `{image}`: {error}{}", advice(&error)))
            }
        }
    }

    /// What the engine says to this.
    async fn asked(&self, words: &[&str]) -> Result<String, String> {
        let name = self.engine.name();
        let mut command = owned(Path::new(name));
        command.args(words).stdin(Stdio::null()).kill_on_drop(true);
        let output = match timeout(ANSWER_MAX, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Err(format!("there is no program `{name}` here"));
            }
            Ok(Err(error)) => return Err(format!("`{name}` cannot be started: {error}")),
            Err(_) => return Err(format!("`{name}` gives no answer")),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(format!("`{name}` says: {last}")),
        }
    }

    /// What starts it, under this name.
    pub(super) fn started(&self, name: &str, program: &Program, place: &Place) -> io::Result<Command> {
        let root = fs::canonicalize(place.root())?;
        let (user, group) = self.user();
        if geteuid().is_root() {
            handed(&root, user, group)?;
        }
        let mut command = owned(Path::new(self.engine.name()));
        command.args([
            "run",
            "--rm",
            "--pull",
            "never",
            "--log-driver",
            "none",
            "--name",
            name,
            "--label",
            LABEL,
        ]);
        command.args(["--network", "none", "--hostname", "workbench", "--user", &format!("{user}:{group}")]);
        if self.engine == Engine::Podman {
            if self.is_rootless {
                command.args(["--userns", "keep-id"]);
            }
            // Of itself it asks for more than it may have, and so may not give.
            let most = getrlimit(Resource::Nproc).maximum.unwrap_or(NUMBERS_MAX).min(NUMBERS_MAX);
            command.args(["--ulimit", &format!("nproc={most}:{most}")]);
        }
        command.args(["--read-only", "--cap-drop", "ALL"]);
        command.args(["--security-opt", "no-new-privileges", "--security-opt", "label=disable"]);
        let memory = MEMORY_BYTES_MAX.to_string();
        command.args([
            "--pids-limit",
            &PROCESSES_MAX.to_string(),
            "--memory",
            &memory,
            "--memory-swap",
            &memory,
        ]);
        command.args(["--ulimit", "core=0:0", "--ulimit", "nofile=8192:8192", "--shm-size", "64m"]);
        command.args(["--ulimit", &format!("fsize={FOLDER_BYTES_MAX}:{FOLDER_BYTES_MAX}")]);
        command.args(["--tmpfs", &format!("/tmp:rw,exec,nosuid,nodev,size={FOLDER_BYTES_MAX},mode=1777")]);
        let mount = |from: &Path, to: &Path, is_read_only: bool| {
            let mut word = OsString::from("type=bind,source=");
            word.push(from);
            word.push(",target=");
            word.push(to);
            word.push(if is_read_only { ",readonly" } else { "" });
            [OsString::from("--mount"), word]
        };
        for name in ["bin", "doors", "ready.sock", "spec", "stdout", "stderr"] {
            command.args(mount(&root.join(name), &Path::new(HIDDEN).join(name), true));
        }
        command.args(mount(&shim(), &place.shim(), true));
        for name in ["home", "workspace"] {
            command.args(mount(&root.join(name), &Path::new("/").join(name), false));
        }
        for path in program.sees.iter().filter(|path| path.exists()) {
            command.args(mount(path, path, true));
        }
        command.arg("--entrypoint").arg(place.shim()).args([self.image, "contained"]);
        Ok(command)
    }

    /// Waits until one whose first process ends is gone, and takes it away if it is not.
    pub(super) async fn gone(&self, name: &str, client: &mut Child) {
        if timeout(GOING_MAX, client.wait()).await.is_err() {
            let _ = self.asked(&["rm", "--force", name]).await;
        }
    }

    /// The user and the group that the agent is.
    fn user(&self) -> (u32, u32) {
        let own = (geteuid(), getegid());
        match own.0.is_root() {
            true => NOBODY,
            // Who is root there is the user here, whose files they are.
            false if self.is_rootless && self.engine == Engine::Docker => (0, 0),
            false => (own.0.as_raw(), own.1.as_raw()),
        }
    }
}

/// What stands between agents and the machine.
impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a container of `{}` by {}, without network and capabilities, memory limit, process limit",
            self.image,
            self.engine.name()
        )
    }
}

impl Engine {
    const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// What makes it say for which machines it makes containers, and whether it is root here.
    const fn about(self) -> &'static str {
        match self {
            Self::Docker => "{{.OSType}}/{{.Architecture}} {{.SecurityOptions}}",
            Self::Podman => "{{.Host.OS}}/{{.Host.Arch}} {{if .Host.Security.Rootless}}rootless{{end}}",
        }
    }
}

/// The shim as it is put into containers: a program for Linux.
#[expect(
    clippy::disallowed_methods,
    reason = "a program of another machine's kind cannot be found, only named"
)]
fn shim() -> PathBuf {
    let named = std::env::var_os(SHIM_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = named.unwrap_or_else(super::shim);
    fs::canonicalize(&path).unwrap_or(path)
}

/// For what machine a program for Linux was built, as images have it.
fn architecture(program: &Path) -> Result<&'static str, String> {
    // The head of an ELF file: the magic number, and the machine at 18.
    let head = fs::read(program).unwrap_or_default();
    match (head.get(..4), head.get(18..20)) {
        (Some(b"\x7fELF"), Some([62, 0])) => Ok("amd64"),
        (Some(b"\x7fELF"), Some([183, 0])) => Ok("arm64"),
        (Some(b"\x7fELF"), _) => {
            Err(format!("`{}` is for a machine that no image is for", program.display()))
        }
        _ => Err(format!(
            "`{}` is no program for Linux: build `chesterton-shim` for Linux and name it in `{SHIM_VARIABLE}`",
            program.display()
        )),
    }
}

/// What to do about a container that does not begin.
fn advice(error: &io::Error) -> String {
    let said = error.to_string();
    let is_unfit =
        ["shim\": stat", "no such file or directory", "GLIBC_"].iter().any(|word| said.contains(word));
    match is_unfit && error.kind() != io::ErrorKind::NotFound {
        true => format!(
            "; if its C library is another than that of the shim, name one that needs none in `{SHIM_VARIABLE}` (built with \
             `RUSTFLAGS='-C target-feature=+crt-static'`)"
        ),
        false => String::new(),
    }
}

/// Gives all that is below a folder, and it, to the user of the container. Links are given, and not followed.
fn handed(path: &Path, user: u32, group: u32) -> io::Result<()> {
    lchown(path, Some(user), Some(group))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            handed(&entry?.path(), user, group)?;
        }
    }
    Ok(())
}

/// The name of an image, for as long as the program lasts; there are few.
fn kept(name: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match kept.get(name) {
        Some(known) => known,
        None => {
            let name: &'static str = String::from(name).leak();
            kept.insert(name);
            name
        }
    }
}
