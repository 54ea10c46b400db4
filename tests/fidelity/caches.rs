//! A real server of the kind that a cache is, on loopback, beside ours: the same lines, the same answers.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use simulators::World;
use simulators::call::CallId;
use simulators::cli::{self, Parsed};
use tempfile::TempDir;

use super::lines::{LINES, SCENARIOS};
use super::tools::which;

/// Lines of which the answer is another each time; they are held by their parsers alone.
const PASSING: &[&str] = &["BGSAVE", "CLIENT LIST", "CONFIG", "INFO", "LASTSAVE", "MEMORY", "SHUTDOWN"];
/// The order of these answers is the server's own affair.
const UNORDERED: &[&str] = &["KEYS", "SMEMBERS", "--scan", "HGETALL", "HKEYS", "HVALS"];

struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn start() -> Option<Self> {
        which("redis-cli")?;
        let program = which("redis-server")?;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port, _folder: folder };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(server);
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("the server does not answer");
    }

    fn client(&self, words: &[String]) -> Command {
        let mut command = Command::new("redis-cli");
        command
            .env_remove("REDISCLI_AUTH")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(words);
        command
    }

    fn says(&self, words: &[String]) -> (String, i32) {
        let output = self.client(words).stdin(Stdio::null()).output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        (text.concat(), output.status.code().unwrap_or(-1))
    }

    /// Makes a stage's content in it, and nothing else.
    fn fill(&self, script: &str) {
        let mut client = self.client(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = "SELECT 0\nFLUSHALL\n".to_owned();
        for line in script.lines().filter(|line| !line.starts_with('#')) {
            match line.strip_prefix("FOR ").map(|rest| rest.splitn(3, ' ').collect::<Vec<_>>()) {
                Some(parts) => {
                    for n in parts[0].parse::<u32>().unwrap()..=parts[1].parse().unwrap() {
                        lines.push_str(&parts[2].replace("{n}", &n.to_string()));
                        lines.push('\n');
                    }
                }
                None => lines.push_str(&format!("{line}\n")),
            }
        }
        let mut input = client.stdin.take().unwrap();
        let writer = thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
        let output = client.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            !text.contains("ERR") && !text.contains("WRONGTYPE"),
            "the server does not take the stage: {text}"
        );
    }
}

/// What our dialect prints for a line, in a world that goes on.
fn ours(world: &mut World, words: &[String]) -> (String, i32) {
    let reply = match cli::parse(world, words) {
        Parsed::Answer { reply, .. } => reply,
        Parsed::Call(mut call, render) => {
            call.id = CallId(1);
            call.principal = world.stage().profiles["inherited"].clone();
            render.reply(&world.apply(&call))
        }
    };
    (reply.stdout + &reply.stderr, reply.code)
}

/// The same text, whatever the order; numbers of seconds may differ by one that has passed.
fn same(line: &str, ours: &(String, i32), real: &(String, i32)) -> bool {
    let number = |(text, _): &(String, i32)| text.trim().parse::<i64>().ok();
    if let (true, Some(a), Some(b)) = (line.contains("TTL"), number(ours), number(real)) {
        return (a - b).abs() <= if line.contains("PTTL") { 5000 } else { 3 };
    }
    let sorted = |(text, code): &(String, i32)| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if UNORDERED.iter().any(|word| line.contains(word)) {
            lines.sort();
        }
        (lines, *code)
    };
    sorted(ours) == sorted(real)
}

#[test]
fn a_cache_answers_as_the_real_server_does() {
    let Some(server) = Server::start() else {
        println!("skipped: `redis-server` and `redis-cli` are not installed");
        return;
    };
    let mut differ = Vec::new();
    let (mut held, mut is_first) = (0, true);
    for scenario in SCENARIOS.iter() {
        for cache in &scenario.stage.cache {
            let start = World::new(Arc::new(scenario.stage.clone()), 1).unwrap();
            let script = &scenario.stage.files[&cache.data];
            let typed = LINES.iter().filter(|line| line.program() == "redis-cli");
            let typed = typed.map(|line| line.words.clone()).filter(|words| words.contains(&cache.id));
            let behind = typed
                .map(|words| words[1..].iter().filter(|w| *w != "-h" && **w != cache.id).cloned().collect());
            let apart: Vec<Vec<String>> = behind.collect();
            let together: Vec<Vec<String>> = include_str!("transcript.redis")
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|line| shell_words::split(line).unwrap())
                .collect();
            // Once is enough, and where there is room for more keys.
            let together = Some(together).filter(|_| std::mem::take(&mut is_first));
            for lines in apart.into_iter().map(|line| vec![line]).chain(together) {
                server.fill(script);
                let mut world = start.clone();
                for words in lines {
                    let line = shell_words::join(&words);
                    if PASSING.iter().any(|word| line.contains(word)) {
                        continue;
                    }
                    let named = [&["redis-cli", "-h", &cache.id].map(str::to_owned)[..], &words].concat();
                    let (ours, real) = (ours(&mut world, &named), server.says(&words));
                    held += 1;
                    if !same(&line, &ours, &real) {
                        differ.push(format!("{}: {line}\n  ours {ours:?}\n  real {real:?}", scenario.name));
                    }
                }
            }
        }
    }
    println!("{held} lines held against a real server");
    assert!(differ.is_empty(), "{} answers differ:\n{}", differ.len(), differ.join("\n"));
}
