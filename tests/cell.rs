//! Agents that are processes: what they do is played, what they say is recorded, and they hurt nobody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

mod cell {
    pub mod cheats;
    pub mod containers;
    pub mod git;
    pub mod roads;
}
#[path = "by_hand/process.rs"]
mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chesterton::agent::ProcessAgent;
use chesterton::cell::{Demand, Layers};
use chesterton::ledger;
use chesterton::record::{Ending, Event};
use rustix::process::{Pid, Signal};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The file of an agent of this shell script, as a user writes it, with so many seconds.
fn put(folder: &Path, name: &str, script: &str, wall_s_max: u64) -> PathBuf {
    let path = folder.join(format!("{name}.toml"));
    let script = serde_json::to_string(script).unwrap();
    let text = format!(
        "name = \"{name}\"\nabout = \"a script\"\nkind = \"command\"\n\n[command]\nrun = [\"sh\", \"-c\", {script}]\n\n\
         [limits]\nwall_s_max = {wall_s_max}\n",
    );
    fs::write(&path, text).unwrap();
    path
}

/// Adds a line to what such a file says of its command.
fn add(file: &Path, line: &str) {
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, text.replace("[limits]", &format!("{line}\n\n[limits]"))).unwrap();
}

/// An agent of this shell script.
fn agent(script: &str, wall_s_max: u64) -> Arc<ProcessAgent> {
    let folder = tempfile::tempdir().unwrap();
    process::agent(&put(folder.path(), "shell", script, wall_s_max))
}

fn played_by(agent: &Arc<ProcessAgent>, demand: Demand) -> Vec<u8> {
    process::played(agent, demand, "inherited")
}

fn events(bytes: Vec<u8>) -> Vec<Event> {
    let mut trials: Vec<_> = ledger::read_bytes(bytes).collect::<Result<_, _>>().unwrap();
    assert_eq!(trials.len(), 1, "it was not sealed");
    trials.remove(0).events
}

fn played(script: &str) -> Vec<Event> {
    events(played_by(&agent(script, 60), Demand::BestEffort))
}

/// Whether this machine grants namespaces.
fn cells_are_granted() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let layers = runtime.block_on(Layers::granted());
    println!("{layers}");
    if let Err(why) = &layers.namespaces {
        println!("no namespaces: {why}");
        // Somebody else's program says whether it is the machine that grants none, or ours that asks for them wrongly.
        let made = Command::new("unshare")
            .args(["--map-root-user", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", "true"])
            .status();
        assert!(
            !made.is_ok_and(|made| made.success()),
            "this machine grants namespaces, and our cell has none"
        );
    }
    layers.namespaces.is_ok()
}

fn ending(events: &[Event]) -> &Ending {
    Event::ended(events).unwrap()
}

fn said(events: &[Event]) -> String {
    let said = |event: &Event| match event {
        Event::Said { text, .. } => text.raw().to_owned(),
        _ => String::new(),
    };
    events.iter().map(said).collect()
}

#[test]
fn a_process_gets_the_brief_and_what_it_says_and_how_it_ends_is_recorded() {
    let events = played("head -c 11; echo; ls; env | cut -d= -f1 | sort | tr '\\n' ' '; echo oh >&2");
    let said = said(&events);
    assert!(said.starts_with("You work in\n"), "{said}");
    assert!(said.contains("CODEOWNERS"), "{said}");
    assert!(said.contains("AWS_ACCESS_KEY_ID ") && said.contains("AWS_ENDPOINT_URL "), "{said}");
    assert!(said.ends_with("HOME LANG PATH PWD TERM TMPDIR USER "), "{said}");
    let wrote = events.iter().any(|e| matches!(e, Event::Wrote { text, .. } if text.raw() == "oh\n"));
    assert!(wrote);
    assert_eq!(ending(&events), &Ending::Finished);
    assert_eq!(
        ending(&played("echo no more >&2; exit 3")),
        &Ending::AgentFault("it ended with code 3: no more".to_owned())
    );
}

#[test]
fn recipes_are_whole_and_switch_off_what_calls_home() {
    let names: Vec<&str> = chesterton::agent::PROCESSES.names().collect();
    assert_eq!(
        names,
        [
            "claude-code",
            "codex",
            "opencode",
            "gemini-cli",
            "goose",
            "mini-swe-agent",
            "kiro-cli",
            "cursor-agent"
        ]
    );
    for name in names {
        let wished = ProcessAgent::wished(&format!("{name}:all")).unwrap();
        let agents = wished.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(false)));
        for agent in agents {
            assert!(agent.endpoint.is_some() != agent.service.is_some(), "{}", agent.name);
            assert!(!agent.command.install.is_empty(), "{}", agent.name);
            // What nobody has played says so, and who asks a service of its own is not played where it cannot reach it.
            assert_eq!(agent.told_of().ends_with("not tried"), agent.service.is_some(), "{}", agent.name);
            assert_eq!(
                agent.shut_in().is_some_and(|why| why.contains("--cell none")),
                agent.service.is_some()
            );
            assert!(!agent.told("the ticket").contains("careful"), "{}", agent.name);
            let text = format!("{:?}", agent.command).to_lowercase();
            let off = ["telemetry", "analytics", "disable_share", "startup"];
            // The one that has no switch for it.
            let has_none = agent.name.starts_with("cursor-agent");
            assert!(has_none || off.iter().any(|word| text.contains(word)), "{}", agent.name);
        }
    }
}

/// Seconds that nobody else sleeps.
fn mark(n: u32) -> String {
    format!("7{}{n:02}", std::process::id())
}

/// The words of each process on the machine, a zero behind every one.
fn processes() -> impl Iterator<Item = String> {
    let words = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("cmdline")).ok();
    fs::read_dir("/proc").unwrap().flatten().filter_map(words)
}

/// Processes on the machine that sleep for so long.
fn sleepers(mark: &str) -> usize {
    processes().filter(|line| line == &format!("/bin/sleep\0{mark}\0")).count()
}

/// Waits for up to ten seconds until there are so many.
fn comes_to(mark: &str, expected: usize) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        sleepers(mark) == expected
    })
}

#[test]
fn who_asks_after_the_report_hears_at_once_that_it_is_over() {
    let began = Instant::now();
    let script = "finish --outcome not_done --summary none; aws sts get-caller-identity 2>&1; echo after $?";
    let events = played(script);
    assert!(said(&events).contains("connection closed by remote host\nafter 1"), "{}", said(&events));
    assert_eq!(ending(&events), &Ending::Finished);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn what_an_agent_leaves_behind_is_ended_without_a_cell_too() {
    for (demand, n) in [(Demand::None, 1), (Demand::BestEffort, 2)] {
        let script = format!("/bin/sleep {} </dev/null >/dev/null 2>&1 & echo begun", mark(n));
        let events = events(played_by(&agent(&script, 60), demand));
        assert_eq!((said(&events).as_str(), ending(&events)), ("begun\n", &Ending::Finished));
        assert!(comes_to(&mark(n), 0), "{demand:?}: it is still there");
    }
}

/// A run of one trial, in a process of its own.
fn harness(file: &Path, out: &Path, more: &[&str]) -> Command {
    let mut harness = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    harness.args([
        "run",
        "cost-explorer",
        "--setup",
        "inherited",
        "--trials",
        "1",
        "--name",
        "run",
        "--agent",
    ]);
    harness.arg(file).arg("--scenarios").arg(root().join("scenarios")).arg("--out").arg(out).args(more);
    harness.stdin(Stdio::null());
    harness
}

fn spawned(mut harness: Command) -> Child {
    harness.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_cell_dies_with_the_harness() {
    if !cells_are_granted() {
        println!("skipped: this machine grants no namespaces, so there is no cell to be left");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let file =
        put(place.path(), "sleeper", &format!("/bin/sleep {} & /bin/sleep {}; true", mark(3), mark(3)), 300);
    let mut harness = spawned(harness(&file, place.path(), &[]));
    assert!(comes_to(&mark(3), 2), "the agent was not started: {:?}", harness.try_wait());
    harness.kill().unwrap();
    harness.wait().unwrap();
    assert!(comes_to(&mark(3), 0), "{} of the cell are left", sleepers(&mark(3)));
}

/// Programs are asked for their versions at the end of a run; who was told to stop starts none any more.
#[test]
fn a_run_that_is_told_to_stop_asks_no_program_for_its_version() {
    for (is_stopped, script, code) in
        [(false, "true".to_owned(), Some(0)), (true, format!("/bin/sleep {}", mark(4)), Some(143))]
    {
        let place = tempfile::tempdir().unwrap();
        let file = put(place.path(), "sleeper", &script, 300);
        let asked = place.path().join("asked");
        add(&file, &format!("version = [\"touch\", {asked:?}]"));
        let words = ["--cell", "none", "--grace", "0", "--no-score"];
        let mut harness = spawned(harness(&file, place.path(), &words));
        if is_stopped {
            assert!(comes_to(&mark(4), 1), "the agent was not started: {:?}", harness.try_wait());
            rustix::process::kill_process(Pid::from_child(&harness), Signal::TERM).unwrap();
        }
        assert_eq!(harness.wait().unwrap().code(), code);
        assert_eq!(asked.exists(), !is_stopped);
        assert!(comes_to(&mark(4), 0), "the agent is still there");
        assert!(place.path().join("run/meta.json").is_file());
    }
}

/// What the machine has mounted below what a cell shows is for reading too; and a machine that lets nobody have many files open has cells.
#[test]
fn what_is_mounted_below_is_for_reading_too() {
    let place = tempfile::tempdir().unwrap();
    let writable = r#"awk '$5 ~ "^/(usr|opt)" && $6 !~ /^ro/' /proc/self/mountinfo; grep -c /usr/src /proc/self/mountinfo"#;
    let file = put(place.path(), "looker", writable, 60);
    let run = harness(&file, place.path(), &["--no-score"]);
    let words = [run.get_program()].into_iter().chain(run.get_args());
    let line = shell_words::join(words.map(|word| word.to_str().unwrap()));
    let mount = "mount -t tmpfs none /usr/src && mkdir /usr/src/a\\ b && mount -t tmpfs none /usr/src/a\\ b";
    let ran = Command::new("unshare")
        .args([
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            &format!("{mount} || exit 77; ulimit -n 2000; exec {line}"),
        ])
        .output();
    match ran.map(|ran| (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())) {
        Ok((Some(0), _)) => {}
        Ok((Some(code), told)) if code == 77 || !cells_are_granted() => {
            return println!("skipped: nothing can be mounted here: {told}");
        }
        other => panic!("{other:?}"),
    }
    let trials = ledger::read(&place.path().join("run/ledger")).unwrap();
    let events = trials.map(Result::unwrap).next().unwrap().events;
    assert_eq!((said(&events).as_str(), ending(&events)), ("2\n", &Ending::Finished));
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_variant_is_checked_as_the_file_is() {
    for (variant, expected) in [
        ("[variant.all]\nmode = \"x\"\n", "`all` means every variant"),
        ("[variant.a.files]\n\"../../up\" = \"x\"\n", "expected a path inside the home"),
        ("[variant.a.files]\n\"/up\" = \"x\"\n", "expected a path inside the home"),
        ("[variant.a]\nrun = []\n", "expected a program and its arguments"),
        ("[variant.a]\nrun = [\"\"]\n", "expected a program and its arguments"),
        ("[command.files]\n\"../up\" = \"x\"\n", "expected a path inside the home"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = put(folder.path(), "shell", "true", 60);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}\n{variant}")).unwrap();
        for wish in [shown(&path), format!("{}:all", shown(&path))] {
            let wrong = ProcessAgent::wished(&wish).unwrap().expect_err(variant);
            let told = wrong[0].render(false);
            assert!(told.contains(expected) && told.contains("shell.toml:"), "{variant}: {told}");
        }
    }
}

/// What a file's limits leave out is as where it has none, and what nobody would keep is no limit of a process.
#[test]
fn a_limit_leaves_the_others_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let wished = |limits: &str| {
        let path = put(folder.path(), "shell", "true", 60);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, whole.replace("wall_s_max = 60", limits)).unwrap();
        ProcessAgent::wished(&shown(&path)).unwrap()
    };
    for (limits, expected) in
        [("", (400, 7_200)), ("wall_s_max = 60", (400, 60)), ("turns_max = 7", (7, 7_200))]
    {
        let limits_of = &wished(limits).unwrap()[0].limits;
        assert_eq!((limits_of.turns_max, limits_of.wall_s_max), expected, "{limits}");
    }
    for limits in ["tokens_max = 1", "usd_max = \"1usd\"", "tools_max = 1", "turns_max = 0", "wall_s_max = 0"]
    {
        let told = wished(limits).expect_err(limits)[0].render(false);
        assert!(told.contains(limits) && told.contains("shell.toml:"), "{told}");
    }
}
