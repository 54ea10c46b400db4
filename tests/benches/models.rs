//! Hundreds of trials that wait for models at once: how close a run comes to what waiting alone would take, beside a minimal
//! client that does nothing but the same requests. A stand-in answers after 200 ms, from a process of its own on the same cores.
//!
//! `cargo bench --bench models`; `-- 200x100 1000x500` chooses trials and how many of them are in flight. A public peer is measured
//! at the same stand-in (`tests/benches/peer_model.py`) where `CHESTERTON_PEER_PYTHON` names a Python with `inspect_ai` and `openai`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark fails loudly"
)]

#[path = "../standin/mod.rs"]
mod standin;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standin::{Dialect, Said, Standin};
use tokio::sync::Semaphore;

const TURNS: usize = 5;
const LATENCY: Duration = Duration::from_millis(200);
const CASES: [(usize, usize); 3] = [(200, 100), (500, 500), (1_000, 500)];
/// Times that each is measured; the fastest counts, as what the machine does besides only slows down.
const TIMES: usize = 3;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Answers until its standard input is closed.
fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let standin = runtime.block_on(Standin::start_lean(|asked| {
        let said = match asked.turn() + 1 < TURNS {
            true => Said::tool("run_command", &json!({"command": "echo hello"})),
            false => Said::tool("finish", &json!({"outcome": "not_done", "summary": "looked around"})),
        };
        said.after(LATENCY)
    }));
    println!("{}", standin.url(Dialect::Chat));
    let _ = std::io::stdin().lines().count();
}

struct Server(Child, String);

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self(child, url.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A client that does nothing but the requests: the same conversations, written beforehand, and what is answered thrown away.
fn minimal(url: &str, trials: usize, in_flight: usize, bodies: &[Vec<u8>]) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{url}/chat/completions");
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(bodies.to_vec());
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let free = Arc::new(Semaphore::new(in_flight));
        let begun = Instant::now();
        let trials: Vec<_> = (0..trials)
            .map(|_| {
                let (client, url, free, bodies) = (client.clone(), url.clone(), free.clone(), bodies.clone());
                tokio::spawn(async move {
                    let _turn = free.acquire().await.unwrap();
                    for body in bodies.iter() {
                        let request =
                            client.post(&url).header("content-type", "application/json").body(body.clone());
                        let answer = request.send().await.unwrap();
                        assert!(answer.status().is_success());
                        answer.bytes().await.unwrap();
                    }
                })
            })
            .collect();
        for trial in trials {
            trial.await.unwrap();
        }
        begun.elapsed()
    })
}

/// What a run took.
struct Took {
    /// Playing: what `meta.json` says.
    playing: Duration,
    /// The whole command.
    command: Duration,
    /// What it had resident at the most, in MiB.
    resident_mib: u64,
    /// What its requests were, for the minimal client.
    bodies: Vec<Vec<u8>>,
}

fn chesterton(url: &str, trials: usize, in_flight: usize) -> Took {
    let place = tempfile::tempdir().unwrap();
    let agent = place.path().join("model.toml");
    let text = format!(
        "name = \"model\"\nabout = \"a stand-in\"\n[model]\nprovider = \"openai-compatible\"\nbase_url = \"{url}\"\nname = \"m\"\n"
    );
    fs::write(&agent, text).unwrap();
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .args(["run", "small", "--setup", "inherited", "--no-score", "--name", "run", "--agent"])
        .arg(&agent)
        .args(["--trials", &trials.to_string(), "--in-flight", &in_flight.to_string(), "--scenarios"])
        .arg(root().join("tests/lasting"))
        .arg("--out")
        .arg(place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut resident_mib = 0;
    let exit = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        resident_mib = peak.map_or(resident_mib, |kib| kib / 1_024);
        match child.try_wait().unwrap() {
            Some(exit) => break exit,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let command = begun.elapsed();
    assert!(exit.success());
    let meta: Value = serde_json::from_slice(&fs::read(place.path().join("run/meta.json")).unwrap()).unwrap();
    assert_eq!(meta["spend"]["answers"], json!(trials * TURNS));
    Took {
        playing: Duration::from_millis(meta["elapsed_ms"].as_u64().unwrap()),
        command,
        resident_mib,
        bodies: bodies(&place.path().join("run/tape")),
    }
}

/// The requests of the first conversation on a tape.
fn bodies(tape: &std::path::Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(fs::read_dir(tape).unwrap().next().unwrap().unwrap().path()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut before, mut bodies) = (String::new(), Vec::new());
    for line in lines.iter().filter(|line| line["trial"] == lines[0]["trial"]) {
        let same = usize::try_from(line["request"]["same_bytes"].as_u64().unwrap()).unwrap();
        before = format!("{}{}", &before[..same], line["request"]["rest"].as_str().unwrap());
        bodies.push(before.clone().into_bytes());
    }
    assert_eq!(bodies.len(), TURNS);
    bodies
}

/// What the peer takes for the same conversations, and MiB that it had resident at the most.
fn peer(python: &str, url: &str, trials: usize, in_flight: usize) -> (Duration, u64) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .arg(root().join("tests/benches/peer_model.py"))
        .arg(url)
        .args([trials, in_flight, TURNS].map(|n| n.to_string()))
        .arg(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let Some(Ok(figures)) = told.lines().last().map(serde_json::from_str::<Value>) else {
        panic!("the peer says no figures: {}", String::from_utf8_lossy(&output.stderr))
    };
    let took = Duration::from_secs_f64(figures["seconds"].as_f64().unwrap());
    (took, figures["resident_mib"].as_u64().unwrap())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--serve") {
        return serve();
    }
    let chosen: Vec<(usize, usize)> = arguments
        .iter()
        .filter_map(|a| a.split_once('x').and_then(|(t, f)| Some((t.parse().ok()?, f.parse().ok()?))))
        .collect();
    let cases = if chosen.is_empty() { CASES.to_vec() } else { chosen };
    let python = std::env::var("CHESTERTON_PEER_PYTHON").ok();
    if python.is_none() {
        println!("no peer beside it: CHESTERTON_PEER_PYTHON names no Python with `inspect_ai` and `openai`");
    }
    println!("{TURNS} turns of {} ms; times as shares of what waiting alone takes", LATENCY.as_millis());
    println!("trials  in flight   ideal   minimal  playing  command  resident");
    for (trials, in_flight) in cases {
        let rounds = u32::try_from(trials.div_ceil(in_flight) * TURNS).unwrap();
        let ideal = LATENCY * rounds;
        let server = Server::start();
        let ours: Vec<Took> = (0..TIMES).map(|_| chesterton(&server.1, trials, in_flight)).collect();
        let bodies = &ours[0].bodies;
        let theirs = (0..TIMES).map(|_| minimal(&server.1, trials, in_flight, bodies)).min().unwrap();
        let share = |took: Duration| took.as_secs_f64() / ideal.as_secs_f64();
        let playing = ours.iter().map(|took| took.playing).min().unwrap();
        let command = ours.iter().map(|took| took.command).min().unwrap();
        println!(
            "{trials:>6} {in_flight:>10} {:>6.1}s {:>9.3} {:>8.3} {:>8.3} {:>6} MiB",
            ideal.as_secs_f64(),
            share(theirs),
            share(playing),
            share(command),
            ours.iter().map(|took| took.resident_mib).max().unwrap()
        );
        if let Some(python) = &python {
            let (took, resident_mib) = peer(python, &server.1, trials, in_flight);
            println!("{:>17} the peer takes {:.3}, {resident_mib} MiB", "", share(took));
        }
    }
}
