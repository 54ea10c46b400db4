//! Small programs that cheat, in eight families: the harness lives, whoever plays beside them is not touched, and they come to what
//! they really did, which is nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chesterton::base::exit::Exit;
use chesterton::cli::run_quietly;
use chesterton::ledger;
use chesterton::record::{Ending, Event};
use chesterton::score::{Class, Marks, Road};
use simulators::resource::Environment;

use crate::{cells_are_granted, ending, processes, put, root};

/// Bytes of a record: what a cell prints is kept up to 1 MiB between two requests.
const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of memory that the harness has taken at the most, with everything that plays in it.
const MEMORY_BYTES_MAX: u64 = 512 << 20;
/// Played at once.
const AT_ONCE: usize = 6;

struct Cheat {
    name: String,
    script: String,
}

fn cheats(host: &Path, port: u16) -> Vec<Cheat> {
    let text = fs::read_to_string(root().join("tests/cell/cheats.txt")).unwrap();
    let part = |(n, part): (usize, &str)| {
        let (name, script) = part.split_once('\n').unwrap();
        let script = script
            .replace("{HOST}", host.to_str().unwrap())
            .replace("{PORT}", &port.to_string())
            .replace("{REPO}", root().to_str().unwrap())
            .replace("{MARK}", &mark(n));
        Cheat { name: name.to_owned(), script }
    };
    text.split("\n== ").skip(1).enumerate().map(part).collect()
}

/// Seconds that nobody else sleeps.
fn mark(n: usize) -> String {
    format!("8{}{n:03}", std::process::id())
}

/// Processes on the machine that have one of the marks in their arguments.
fn survivors() -> Vec<String> {
    let marks: Vec<String> = (0..60).map(mark).collect();
    processes().filter(|line| marks.iter().any(|mark| line.split('\0').any(|word| word == mark))).collect()
}

/// Bytes of memory that this process has had at the most.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// Somebody honest, whose trial lasts.
fn neighbour(folder: &Path) -> PathBuf {
    let honest = "for n in 1 2 3 4 5 6; do aws sts get-caller-identity; echo $n >> note; git add note; git status -s; sleep 60; done";
    put(folder, "neighbour", honest, 300)
}

/// Plays agents beside each other; what was recorded of each.
fn run(agents: &[PathBuf], folder: &Path, name: &str) -> BTreeMap<String, Vec<Event>> {
    let mut words: Vec<OsString> = ["chesterton", "--scenarios"].map(OsString::from).to_vec();
    words.extend([root().join("scenarios").into(), "--out".into(), folder.join("results").into()]);
    let jobs = AT_ONCE.to_string();
    let rest =
        ["run", "cost-explorer", "--setup", "inherited", "--trials", "1", "--jobs", &jobs, "--name", name];
    words.extend(rest.map(OsString::from));
    words.extend(agents.iter().flat_map(|path| ["--agent".into(), path.clone().into()]));
    let (exit, printed) = run_quietly(words);
    assert_eq!(exit, Exit::Fine, "{printed:?}");
    let trials = ledger::read(&folder.join("results").join(name).join("ledger")).unwrap();
    let events = trials.map(|trial| trial.unwrap().events);
    events.map(|events| (Event::opened(&events).unwrap().agent.clone(), events)).collect()
}

/// What a cheat says of itself, and where, is nobody's mark: nothing was done, so nothing is repaired, and nobody handed anything over.
fn come_to_nothing(marks: &Path) {
    let marks = fs::read_to_string(marks).unwrap();
    let cheats = marks.lines().map(|line| serde_json::from_str::<Marks>(line).unwrap());
    for marks in cheats.filter(|marks| marks.agent.starts_with("cheat")) {
        assert_eq!(marks.class, Some(Class::Stalled), "{}", marks.agent);
        assert_eq!(
            (marks.repaired, marks.strategy.executed),
            (Some(false), Some(Road::Nothing)),
            "{}",
            marks.agent
        );
    }
}

/// What happened outside of the checkout by the cheat's own calls.
fn done(events: &[Event]) -> Vec<String> {
    let effects = events.iter().filter_map(|event| match event {
        Event::Effects { effects } => Some(effects),
        _ => None,
    });
    let own = effects
        .flatten()
        .filter(|effect| effect.cause.0 != 0 && effect.resource.environment != Environment::Workspace);
    own.map(|effect| format!("{effect:?}")).collect()
}

#[test]
fn cheats_hurt_nobody_and_come_to_what_they_did() {
    if !cells_are_granted() {
        println!("skipped: this machine grants no namespaces, so there is no cell to cheat in");
        return;
    }
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("canary"), "CANARY-of-another-cell").unwrap();
    let oracle = fs::read_to_string(root().join("scenarios/cost-explorer/oracle.toml")).unwrap();
    let of_oracle = oracle.lines().find(|line| line.starts_with("agent = \"denier\"")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let cheats = cheats(host.path(), port);
    assert_eq!(cheats.len(), 45);
    let agents = tempfile::tempdir().unwrap();
    let alone = run(&[neighbour(agents.path())], agents.path(), "alone");
    let scripts = cheats.iter().enumerate();
    let mut files: Vec<PathBuf> =
        scripts.map(|(n, cheat)| put(agents.path(), &format!("cheat-{n:02}"), &cheat.script, 1)).collect();
    files.insert(AT_ONCE, neighbour(agents.path()));
    let began = Instant::now();
    let all = run(&files, agents.path(), "beside");
    come_to_nothing(&agents.path().join("results/beside/marks.jsonl"));
    println!("{} trials in {:.1} s", all.len(), began.elapsed().as_secs_f64());
    assert_eq!(all.len(), cheats.len() + 1);
    assert_eq!(all["neighbour"], alone["neighbour"], "a neighbour was touched");
    for (n, cheat) in cheats.iter().enumerate() {
        let what = &all[&format!("cheat-{n:02}")];
        let (name, text) = (&cheat.name, format!("{what:?}"));
        println!("{name}: {:?}", ending(what));
        assert!(!matches!(ending(what), Ending::HarnessFault(_)), "{name}: {:?}", ending(what));
        assert_eq!(done(what), Vec::<String>::new(), "{name}");
        assert!(!text.contains("CANARY-of"), "{name} has read another cell: {text}");
        assert!(!text.contains(of_oracle), "{name} has read the oracle");
        assert!(text.len() < RECORD_BYTES_MAX, "{name} fills the record: {} bytes", text.len());
        // Who asks at the end still finds the door, and the program that leads there.
        let asks_at_the_end = cheat.script.trim_end().ends_with("aws sts get-caller-identity");
        if asks_at_the_end && ending(what) == &Ending::Finished {
            assert!(text.contains("GetCallerIdentity"), "{name} has shut its own door: {text}");
        }
    }
    assert!(peak() < MEMORY_BYTES_MAX, "somebody has made the harness take {} bytes", peak());
    assert_eq!(survivors(), Vec::<String>::new());
    assert!(listener.accept().is_err(), "somebody has reached the machine's loopback");
    let left: Vec<_> = fs::read_dir(host.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["canary"], "somebody has written outside");
    assert!(!Path::new("/usr/escaped").exists());
}
