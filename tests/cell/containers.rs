//! Containers in the place of namespaces: by Docker or Podman where one answers, and always by a program that stands in for Docker.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use chesterton::cell::Demand;
use chesterton::ledger;
use chesterton::record::Event;

use crate::{
    add, agent, cells_are_granted, comes_to, events, harness, mark, played_by, put, root, said, shown,
    sleepers, spawned,
};

/// Programs that an image of ours holds.
const TOOLS: [&str; 11] = ["cat", "cut", "env", "head", "id", "kill", "ls", "mkdir", "sh", "sleep", "touch"];
/// What an agent does by its shell, and says of it.
const WORK: &str = "head -c 11; echo; ls; id -u; pwd; aws sts get-caller-identity | head -n 3; echo more >> README.md; \
                    mkdir new; echo x > new/file; git add new README.md; git status -s; sleep 60; date; echo oh >&2; \
                    echo between; aws cloudformation describe-stacks | head -n 2; env | cut -d= -f1 | head -n 40 >/dev/null";

/// The program with these words, with so many seconds and these variables.
fn chesterton(place: &Path, file: &Path, cell: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = harness(file, place, &["--no-score", "--cell", cell]);
    command.envs(variables.iter().copied());
    command
}

/// What is said of it in a cell that is not to be had.
fn refused(script: &str, cell: &str, variables: &[(&str, &str)]) -> String {
    let place = tempfile::tempdir().unwrap();
    let file = put(place.path(), "shell", script, 60);
    let ran = chesterton(place.path(), &file, cell, variables).output().unwrap();
    assert!(!ran.status.success(), "{cell}");
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

/// A folder with the program that stands in for Docker, and a `PATH` on which that comes first.
fn stand_in() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("docker");
    fs::copy(root().join("tests/cell/docker.sh"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    (folder, path)
}

#[test]
fn a_container_that_is_not_to_be_had_is_refused_in_words() {
    let (_folder, path) = stand_in();
    let (stands_in, nowhere) = ([("PATH", path.as_str())], [("PATH", "/nowhere")]);
    let text = root().join("Cargo.toml").display().to_string();
    let no_shim = [("PATH", path.as_str()), ("CHESTERTON_SHIM", text.as_str())];
    for (cell, variables, expected) in [
        ("dokcer", &stands_in[..], "expected `require`, `best-effort`, `none`, `docker`, `docker:IMAGE`"),
        ("docker:", &stands_in, "expected `require`"),
        ("docker:--privileged", &stands_in, "expected `require`"),
        ("docker", &stands_in, "a container needs an image: say `--cell docker:IMAGE`"),
        ("podman:present", &nowhere, "there is no program `podman` here: install and start podman"),
        (
            "docker:absent",
            &stands_in,
            "there is no image `absent` here (`docker` says: Error: No such image: absent)",
        ),
        ("docker:foreign", &stands_in, "the image `foreign` is for `linux/s390x`"),
        (
            "docker:present",
            &no_shim,
            "Cargo.toml` is no program for Linux: build `chesterton-shim` for Linux",
        ),
    ] {
        let told = refused("true", cell, variables);
        assert!(told.contains(expected), "{cell}: {told}");
    }
}

/// What is asked of Docker, and that what comes of it is the same trial as in a cell of ours.
#[test]
fn a_container_is_started_as_a_cell_is() {
    if !cells_are_granted() {
        return println!(
            "skipped: this machine grants no namespaces, so nothing can stand in for a container"
        );
    }
    let (folder, path) = stand_in();
    let place = tempfile::tempdir().unwrap();
    let file = put(place.path(), "shell", WORK, 60);
    let ran = chesterton(place.path(), &file, "docker:present", &[("PATH", &path)]).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{told}");
    assert!(told.contains("cell: a container of `present` by docker, without network"), "{told}");
    let trials = ledger::read(&place.path().join("run/ledger")).unwrap();
    let found = trials.map(Result::unwrap).next().unwrap().events;
    let own = events(played_by(&agent(WORK, 60), Demand::Require));
    // Who the agent is there is the user's.
    let without_user = |events: &[Event]| said(events).replace("\n0\n", "\n1000\n");
    assert_eq!(without_user(&found), without_user(&own));
    assert_eq!(found.len(), own.len());
    let asked = fs::read_to_string(folder.path().join("docker.asked")).unwrap();
    let last = asked.rsplit("run\n--rm\n").next().unwrap();
    let words: Vec<&str> = last.lines().collect();
    for expected in [
        &["--network", "none"][..],
        &["--pull", "never"],
        &["--log-driver", "none"],
        &["--read-only"],
        &["--cap-drop", "ALL"],
        &["--security-opt", "no-new-privileges"],
        &["--pids-limit", "1024"],
        &["--memory", "4294967296", "--memory-swap", "4294967296"],
        &["--entrypoint", "/run/chesterton/shim", "present", "contained"],
    ] {
        assert!(
            words.windows(expected.len()).any(|found| found == expected),
            "{expected:?} is not in {words:?}"
        );
    }
    // Of the machine it sees the checkout and the home to write to, and of ours nothing but what leads to doors.
    let targets: Vec<&str> =
        words.iter().filter_map(|word| word.split_once("target=")).map(|(_, to)| to).collect();
    let of_ours = ["bin", "doors", "ready.sock", "spec", "stdout", "stderr", "shim"];
    let mut expected: Vec<String> =
        of_ours.iter().map(|name| format!("/run/chesterton/{name},readonly")).collect();
    expected.extend(["/home".to_owned(), "/workspace".to_owned()]);
    assert_eq!(targets, expected);
    assert!(!last.contains("TOKEN") && !last.contains("KEY"), "{last}");
}

/// An engine that answers, and an image of this machine's shell that goes with it.
struct Image {
    engine: &'static str,
    name: String,
}

impl Image {
    fn made() -> Option<Self> {
        let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let answers = |engine: &&str| quiet(Command::new(engine).arg("info")).is_ok_and(|ran| ran.success());
        let Some(engine) = ["docker", "podman"].into_iter().find(answers) else {
            println!("skipped: neither Docker nor Podman answers here");
            return None;
        };
        let image = Self { engine, name: format!("localhost/chesterton-test:{}", std::process::id()) };
        let folder = tempfile::tempdir().unwrap();
        for path in
            TOOLS.iter().map(|name| Path::new("/usr/bin").join(name)).flat_map(|path| with_libraries(&path))
        {
            let inside = folder.path().join(path.strip_prefix("/").unwrap());
            fs::create_dir_all(inside.parent().unwrap()).unwrap();
            fs::copy(&path, inside).unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", folder.path().join("bin")).unwrap();
        image.import(folder.path(), &image.name);
        // Podman answers where it can make no containers.
        let plain = [
            "run",
            "--rm",
            "--network",
            "none",
            "--ulimit",
            "nofile=1024:1024",
            "--ulimit",
            "nproc=1024:1024",
        ];
        let memory = ["--memory", "1g", image.name.as_str(), "/bin/sh", "-c", "exit 0"];
        let ran = Command::new(engine).args(plain).args(memory).output().unwrap();
        if !ran.status.success() {
            println!("skipped: {engine} makes no container here: {}", String::from_utf8_lossy(&ran.stderr));
            return None;
        }
        Some(image)
    }

    fn import(&self, folder: &Path, name: &str) {
        let line = format!("tar -C '{}' -c . | {} import - {name} >&2", folder.display(), self.engine);
        let ran = Command::new("sh").args(["-c", &line]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    fn cell(&self) -> String {
        format!("{}:{}", self.engine, self.name)
    }

    /// Containers of ours that are there, running or not.
    fn left(&self) -> String {
        let words = ["ps", "--all", "--quiet", "--filter", "label=chesterton"];
        String::from_utf8(Command::new(self.engine).args(words).output().unwrap().stdout).unwrap()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new(self.engine).args(["rmi", "--force", &self.name]).output();
    }
}

/// A program, and the libraries that it and the shim need.
fn with_libraries(program: &Path) -> Vec<PathBuf> {
    let shim = Path::new(env!("CARGO_BIN_EXE_chesterton-shim"));
    let mut found = vec![program.to_owned()];
    for path in [program, shim] {
        let told = Command::new("ldd").arg(path).output().unwrap().stdout;
        let words: Vec<String> =
            String::from_utf8(told).unwrap().split_whitespace().map(str::to_owned).collect();
        found
            .extend(words.into_iter().map(PathBuf::from).filter(|path| path.is_absolute() && path.is_file()));
    }
    found
}

/// One after another, for all of it shares an engine: the same trial as in a cell of ours, an agent that tries to get out, what is left
/// of it, and what does not begin.
#[test]
fn a_real_container_is_a_cell() {
    let Some(image) = Image::made() else { return };
    let demand = Demand::from_str(&image.cell()).unwrap();
    let contained = |script: &str| events(played_by(&agent(script, 60), demand));
    let found = contained(WORK);
    if cells_are_granted() {
        assert_eq!(found, events(played_by(&agent(WORK, 60), Demand::Require)));
    }
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("canary"), "CANARY").unwrap();
    let hostile = format!(
        "touch /escaped && echo ESCAPED; cat {0}/canary /proc/1/root{0}/canary; cat /proc/1/environ /proc/1/mem; \
         echo 'exit 0' > /run/chesterton/shim && echo ESCAPED; cat /run/chesterton/doors/shell.sock; kill -9 1; kill -STOP 1; \
         ls /sys/class/net; /bin/sleep {1} & aws sts get-caller-identity | head -n 1; echo alive",
        host.path().display(),
        mark(4)
    );
    let found = contained(&hostile);
    let text = format!("{found:?}");
    assert!(!text.contains("CANARY") && !text.contains("ESCAPED"), "{text}");
    assert!(said(&found).contains("alive") && text.contains("GetCallerIdentity"), "{text}");
    assert!(!said(&found).contains("eth"), "it has a network: {}", said(&found));
    assert_eq!((image.left().as_str(), sleepers(&mark(4))), ("", 0));
    dies_with_the_harness(&image);
    let empty = format!("{}-empty", image.name);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "a").unwrap();
    image.import(folder.path(), &empty);
    let told = refused("true", &format!("{}:{empty}", image.engine), &[]);
    let _ = Command::new(image.engine).args(["rmi", "--force", &empty]).output();
    assert!(
        told.contains("nothing can be played in the image") && told.contains("CHESTERTON_SHIM"),
        "{told}"
    );
    let place = tempfile::tempdir().unwrap();
    let file = put(place.path(), "shell", "true", 60);
    let of_none = fs::read_to_string(&file).unwrap().replace("\"sh\"", "\"no-such-coder\"");
    fs::write(&file, of_none).unwrap();
    let ran = chesterton(place.path(), &file, &image.cell(), &[]).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(told.contains("the image has no program `no-such-coder`"), "{told}");
    assert_eq!(image.left(), "");
}

fn dies_with_the_harness(image: &Image) {
    let place = tempfile::tempdir().unwrap();
    let file = put(place.path(), "sleeper", &format!("/bin/sleep {0} & /bin/sleep {0}; true", mark(5)), 300);
    let mut harness = spawned(chesterton(place.path(), &file, &image.cell(), &[]));
    assert!(comes_to(&mark(5), 2), "the agent was not started: {:?}", harness.try_wait());
    harness.kill().unwrap();
    harness.wait().unwrap();
    assert!(comes_to(&mark(5), 0), "{} of the container are left", sleepers(&mark(5)));
    let is_gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        image.left().is_empty()
    });
    assert!(is_gone, "a container is left: {}", image.left());
}

#[test]
fn an_image_of_the_agents_own_is_taken_where_none_is_named() {
    let (folder, path) = stand_in();
    let place = tempfile::tempdir().unwrap();
    let file = put(place.path(), "shell", "true", 60);
    add(&file, "image = \"absent-too\"");
    let told = |cell: &str| {
        let ran = chesterton(place.path(), &file, cell, &[("PATH", &path)]).output().unwrap();
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    assert!(told("docker").contains("there is no image `absent-too` here"), "{}", told("docker"));
    assert!(told("docker:absent").contains("there is no image `absent` here"), "{}", shown(folder.path()));
}
