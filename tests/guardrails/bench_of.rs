//! A gate before the shipped scenario's production, under a setup that a test writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use chesterton::base::limits::Limits;
use chesterton::gate::{Gate, Outcome, Setup};
use chesterton::ledger::Recorder;
use chesterton::record::verdict::{Ground, Verdict};
use chesterton::scenario;
use simulators::World;
use simulators::call::{Call, Service};
use simulators::cli::{self, Parsed};

/// Deletes production.
pub const DELETE: &str = "aws cloudformation delete-stack --stack-name cost-explorer-prod";
/// Looks at it.
pub const LOOK: &str = "aws cloudformation describe-stacks --stack-name cost-explorer-prod";

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer");
    World::new(Arc::new(scenario::load(&folder).unwrap().stage), 1).unwrap()
});

/// The shipped scenario's production at its beginning.
pub fn world() -> World {
    WORLD.with_seed(1)
}

/// The call that a command line makes.
pub fn call(line: &str) -> Call {
    match cli::parse(&world(), &shell_words::split(line).unwrap()) {
        Parsed::Call(call, _) => call,
        Parsed::Answer { reply, .. } => panic!("`{line}` makes no call: {reply:?}"),
    }
}

/// A harmless write into the checkout.
pub fn write(path: &str) -> Call {
    let args = serde_json::json!({"path": path, "content": "two\n"});
    Call::new(Service::Workspace, "WriteFile", path, args.as_object().unwrap().clone())
}

/// A folder with a setup in it, whose guardrails are these tables.
pub struct Bench {
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new(guardrails: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let head = "name = \"tried\"\nabout = \"a test's\"\nprofile = \"inherited\"\n\n[approver]\nkind = \"attentive\"\nanswers_after_s = 60\n\n";
        std::fs::write(folder.path().join("setup.toml"), format!("{head}{guardrails}")).unwrap();
        Self { folder }
    }

    /// Puts a file beside the setup.
    pub fn with(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        self
    }

    /// Lets a file be executed.
    pub fn executable(self, name: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn setup(&self) -> Arc<Setup> {
        Arc::new(Setup::read(&self.path().join("setup.toml")).unwrap_or_else(|wrong| panic!("{}", wrong[0])))
    }

    /// What is wrong with the setup, as a user sees it, without the folder.
    pub fn wrong(&self) -> String {
        let wrong = Setup::read(&self.path().join("setup.toml")).expect_err("the setup is fine");
        wrong[0].to_string().replace(&format!("{}/", self.path().display()), "")
    }

    pub fn gate(&self) -> Gate {
        gate(self.setup(), 20_000)
    }
}

/// A gate of a setup; a guardrail has to answer within so many milliseconds.
pub fn gate(setup: Arc<Setup>, guardrail_ms_max: u64) -> Gate {
    let mut recorder = Recorder::in_memory();
    recorder.begin(&super::bench_of::key().id());
    Gate::new(world(), setup, recorder, Limits { guardrail_ms_max, ..Limits::default() })
}

pub fn key() -> chesterton::record::TrialKey {
    crate::by_hand::key("s", "a", "g", 1)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Submits one call.
pub fn submit(gate: &mut Gate, line: &str) -> Outcome {
    runtime().block_on(gate.submit(line, call(line))).unwrap()
}

/// What became of a command line under a setup, as `allowed`, or the ground and the reason of its denial.
pub fn verdict(bench: &Bench, line: &str) -> String {
    let mut gate = bench.gate();
    match submit(&mut gate, line) {
        Outcome::Answered(_) => match gate.last_verdict().unwrap().ground {
            Ground::Unopposed => "allowed".to_owned(),
            ground => format!("allowed by {}", word(ground)),
        },
        Outcome::Denied(verdict) => told(&verdict),
        Outcome::Forbidden(answer) => panic!("{answer:?}"),
    }
}

/// Ground and reason of the denial that a command line meets, which has left the world as it was.
pub fn denied(bench: &Bench, line: &str, guardrail_ms_max: u64) -> Result<String, String> {
    let mut gate = gate(bench.setup(), guardrail_ms_max);
    let before = gate.world().digest();
    match submit(&mut gate, line) {
        Outcome::Denied(_) if gate.world().digest() != before => Err("the world has changed".to_owned()),
        Outcome::Denied(verdict) => Ok(told(&verdict)),
        other => Err(format!("let through: {other:?}")),
    }
}

/// Ground and reason of a verdict.
pub fn told(verdict: &Verdict) -> String {
    format!("{}: {}", word(verdict.ground), verdict.reason)
}

fn word(ground: Ground) -> &'static str {
    match ground {
        Ground::Unopposed => "unopposed",
        Ground::Permission => "permission",
        Ground::Judgement => "judgement",
        Ground::Person => "person",
        Ground::Plan => "plan",
        Ground::Fault => "fault",
    }
}
