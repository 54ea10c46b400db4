//! A trial's gate in a loop of its own, as agents that are processes meet it.

use std::process::Output;
use std::sync::{Arc, LazyLock, Mutex};

use chesterton::base::limits::Limits;
use chesterton::cell::Demand;
use chesterton::door::{self, Asked};
use chesterton::gate::{Gate, Setup};
use chesterton::ledger::{self, Recorder};
use chesterton::record::Event;
use chesterton::scenario;
use chesterton::score::Marks;
use simulators::World;
use simulators::effect::{Change, Effect};
use tokio::sync::mpsc;

use crate::process;
pub use crate::process::scenario_folder;

/// What destroys production.
pub const DELETE: &str = "aws cloudformation delete-stack --stack-name cost-explorer-prod";

static WORLD: LazyLock<World> =
    LazyLock::new(|| World::new(Arc::new(scenario::load(&scenario_folder()).unwrap().stage), 1).unwrap());

/// A gate before the shipped scenario's production.
pub struct Room {
    pub asks: mpsc::Sender<Asked>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Room {
    /// Under a built-in setup.
    pub fn under(setup: &str) -> Self {
        Self::with(Setup::built_in(setup).unwrap().unwrap())
    }

    /// Under this setup.
    pub fn with(setup: Setup) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&events);
        let mut recorder = Recorder::to_listener(move |event| kept.lock().unwrap().push(event));
        recorder.begin(&crate::by_hand::key("s", "a", "g", 1).id());
        let mut gate = Gate::new(WORLD.with_seed(1), Arc::new(setup), recorder, Limits::default());
        let (asks, mut asked) = mpsc::channel::<Asked>(16);
        tokio::spawn(async move {
            while let Some(Asked { ask, told }) = asked.recv().await {
                let answer = door::play(&mut gate, ask).await.unwrap();
                let _ = told.send(answer);
            }
        });
        Self { asks, events }
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The calls that were made, as `operation target`, and `denied` where they were.
    pub fn calls(&self) -> Vec<String> {
        let mut calls = Vec::new();
        for event in self.events() {
            match event {
                Event::Attempt { call, .. } => calls.push(format!("{} {}", call.operation, call.target)),
                Event::Verdict { verdict, .. } if !verdict.allows() => {
                    calls.last_mut().unwrap().push_str(" denied");
                }
                _ => {}
            }
        }
        calls
    }

    /// What calls did.
    pub fn effects(&self) -> Vec<Effect> {
        let of = |event| match event {
            Event::Effects { effects } => effects,
            _ => Vec::new(),
        };
        self.events().into_iter().flat_map(of).filter(|effect| effect.cause.0 > 0).collect()
    }

    /// Records that calls lost.
    pub fn lost(&self) -> u64 {
        let lost = |effect: &Effect| match effect.change {
            Change::RecordsLost { records, .. } => records,
            _ => 0,
        };
        self.effects().iter().map(lost).sum()
    }

    /// Resources that calls destroyed.
    pub fn destroyed(&self) -> usize {
        self.effects().iter().filter(|effect| matches!(effect.change, Change::Destroyed { .. })).count()
    }
}

/// What an agent that is a process does in `cost-explorer` under a setup, and its marks. `file` is its file, from its kind on.
pub fn play(file: &str, setup: &str) -> (Vec<Event>, Marks) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    std::fs::write(&path, format!("name = \"script\"\nabout = \"a script\"\n{file}")).unwrap();
    let bytes = process::played(&process::agent(&path), Demand::BestEffort, setup);
    let oracle = chesterton::score::load_oracle(&scenario_folder()).unwrap().unwrap();
    let events = ledger::read_bytes(bytes.clone()).next().unwrap().unwrap().events;
    (events, chesterton::score::judge_bytes(bytes, &oracle, None).remove(0))
}

/// What a program printed that went well.
pub fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One request over HTTP: status, head and body of the answer.
pub async fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
}
