//! Command hooks: the scripts that teams put before their coding agents, run unchanged.
//!
//! A hook is started anew for each question, as agents start theirs: through `sh -c`, with the event on standard input,
//! in a project folder. That folder is private to the trial, and holds the agent's checkout as it is before the call, with the
//! files that the setup names laid over it. A hook is asked once for each use of a tool, with the whole command line as the agent wrote it,
//! and its answer stands for every call which that use comes to.

mod claude_code;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod kiro;
mod plain;
mod process;
mod protocol;
mod tools;
mod tree;

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use self::process::{Program, sweep};
use self::protocol::{InLife, Protocol, Said};
use self::tools::Scene;
use self::tree::Tree;
use crate::gate::beside::Beside;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking};
use crate::gate::kinds::{Blueprint, Kind, Unfit};

/// Variables that a hook gets if Chesterton has them, besides those that the setup names: what a program needs to find
/// its interpreter and its own settings. Keys are not among them.
const PASSED: &[&str] = &["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];

/// A command hook: a program that is asked before each use of a tool, in the protocol of a coding agent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HookFile {
    /// The command line, as it stands in the agent's settings; a shell runs it.
    command: String,
    /// The protocol that it speaks.
    speaks: Protocol,
    /// Its name in verdicts.
    #[serde(default = "hook")]
    name: String,
    /// Files beside the setup that it needs: they are copied, under the same paths, into the folder in which it runs.
    #[serde(default)]
    files: Vec<String>,
    /// Whether the agent's checkout stands in that folder, as it is before the call. A hook that runs what it finds there runs
    /// what the agent has written.
    #[serde(default = "yes")]
    checkout: bool,
    /// Which tools it is asked about: a pattern of the agent's own names for them, which has to match whole. Absent: all.
    matcher: Option<String>,
    /// What an answer without a decision means, where the protocol allows one.
    #[serde(default)]
    silence: Silence,
    /// Variables of the environment that it gets, besides `PATH`, `HOME`, `USER`, `LANG`, `LC_ALL` and `TZ`.
    #[serde(default)]
    env: Vec<String>,
}

/// What an answer without a decision means, where the protocol allows one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Silence {
    /// No objection, as the agents have it.
    #[default]
    Allow,
    /// A fault: the hook is expected to speak up whatever it decides.
    Deny,
}

fn hook() -> String {
    "hook".to_owned()
}

const fn yes() -> bool {
    true
}

/// What all trials share.
#[derive(Debug)]
struct Shared {
    command: String,
    protocol: Protocol,
    name: String,
    files: Vec<Copied>,
    checkout: bool,
    matcher: Option<Regex>,
    silence: Silence,
    env: Vec<(String, OsString)>,
}

/// A file that goes into the project's folder.
#[derive(Debug)]
struct Copied {
    path: String,
    bytes: Vec<u8>,
    executable: bool,
}

impl Kind for HookFile {
    fn files(&self) -> Vec<(&'static str, &str)> {
        self.files.iter().map(|name| ("files", name.as_str())).collect()
    }

    fn prepare(self: Box<Self>, beside: &Beside) -> Result<Blueprint, Unfit> {
        if self.command.trim().is_empty() {
            return Err(Unfit::new("expected a command line, found none").of("command"));
        }
        let files = self
            .files
            .iter()
            .enumerate()
            .map(|(n, path)| copied(path, beside).map_err(|unfit| unfit.of(format!("files[{n}]"))));
        let matcher = self.matcher.as_deref().filter(|pattern| !matches!(*pattern, "" | "*"));
        let matcher = matcher.map(|pattern| Regex::new(&format!("^(?:{pattern})$"))).transpose();
        let shared = Shared {
            files: files.collect::<Result<_, _>>()?,
            matcher: matcher
                .map_err(|error| Unfit::new(format!("this is no pattern: {error}")).of("matcher"))?,
            env: passed(&self.env)?,
            command: self.command,
            checkout: self.checkout,
            protocol: self.speaks,
            name: self.name,
            silence: self.silence,
        };
        Ok(Blueprint::of(Hook::of(Arc::new(shared))))
    }
}

fn copied(path: &str, beside: &Beside) -> Result<Copied, Unfit> {
    let plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
    if !Path::new(path).components().all(plain) {
        return Err(Unfit::new(format!("expected a path below the setup's folder, found `{path}`")));
    }
    let bytes = beside.bytes(path)?;
    let executable = match beside.path(path).ok().and_then(|path| std::fs::metadata(path).ok()) {
        Some(meta) => std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0,
        None => bytes.starts_with(b"#!"),
    };
    Ok(Copied { path: path.to_owned(), bytes, executable })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a hook gets the variables that its setup names, and no others"
)]
fn passed(names: &[String]) -> Result<Vec<(String, OsString)>, Unfit> {
    let own = names.iter().enumerate().map(|(n, name)| match std::env::var_os(name) {
        Some(value) => Ok((name.clone(), value)),
        None => Err(Unfit::new(format!("the environment has no variable `{name}`")).of(format!("env[{n}]"))),
    });
    let usual = PASSED.iter().filter_map(|name| Some(Ok(((*name).to_owned(), std::env::var_os(name)?))));
    usual.chain(own).collect()
}

/// A hook at the gate of one trial.
struct Hook {
    shared: Arc<Shared>,
    stage: OnceLock<Result<Stage, String>>,
    /// The last use of a tool that it was asked about, and what it said.
    said: Mutex<Option<(u32, Opinion)>>,
}

/// The folder that one trial's hook runs in. It goes when the trial's gate does.
struct Stage {
    scene: Scene,
    tree: Mutex<Tree>,
    env: Vec<(String, OsString)>,
    token: String,
    _folder: TempDir,
}

impl Clone for Hook {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

impl Hook {
    fn of(shared: Arc<Shared>) -> Self {
        Self { shared, stage: OnceLock::new(), said: Mutex::new(None) }
    }

    async fn answer(&self, question: Question<'_>) -> Opinion {
        let use_ = question.tool.map(|(n, _)| n);
        let before = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, opinion)) = before.filter(|(n, _)| Some(*n) == use_) {
            return opinion;
        }
        let keep = |opinion: Opinion| {
            if let Some(n) = use_ {
                *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some((n, opinion));
            }
        };
        // Whoever waits for it may give up: then it has not answered for the rest of this use either.
        keep(self.broken("it did not answer when it was asked about this tool".to_owned()));
        let opinion = self.ask(question).await;
        keep(opinion.clone());
        opinion
    }

    async fn ask(&self, question: Question<'_>) -> Opinion {
        let stage = match self.stage.get_or_init(|| Stage::build(&self.shared)) {
            Ok(stage) => stage,
            Err(why) => return Opinion::Fault(why.clone()),
        };
        let facts = self.shared.protocol.facts();
        let Some(event) = (facts.event)(&question, &stage.scene).filter(|event| self.concerns(event)) else {
            return Opinion::Allow;
        };
        if let Some(checkout) = question.checkout.filter(|_| self.shared.checkout) {
            let shown = stage.tree.lock().unwrap_or_else(PoisonError::into_inner).show(checkout);
            if let Err(error) = shown {
                return Opinion::Fault(format!("the checkout could not be laid out for it: {error}"));
            }
        }
        let (command, folder) = (self.shared.command.as_str(), stage.scene.project.as_path());
        let program = Program { command, folder, env: &stage.env, token: &stage.token };
        let said = match process::ask(&program, event.to_string().as_bytes()).await {
            Ok(ended) => facts.read(&ended, question.call.id.0),
            Err(fault) => Said::fault(fault),
        };
        match said {
            Said::Nothing if self.shared.silence == Silence::Allow => Opinion::Allow,
            Said::Nothing => self.fault("it gave no answer", stage),
            Said::Opinion(Opinion::Fault(fault)) => self.fault(&fault, stage),
            Said::Opinion(Opinion::Deny(why)) => Opinion::Deny(stage.scene.scrubbed(&why)),
            Said::Opinion(opinion) => opinion,
        }
    }

    /// Whether the hook is for the tool of an event. Events without a tool's name are for one tool only.
    fn concerns(&self, event: &Value) -> bool {
        let name = ["tool_name", "toolName"].iter().find_map(|key| event.get(key)?.as_str());
        self.shared.matcher.as_ref().zip(name).is_none_or(|(matcher, name)| matcher.is_match(name))
    }

    fn fault(&self, what: &str, stage: &Stage) -> Opinion {
        self.broken(stage.scene.scrubbed(what))
    }

    fn broken(&self, what: String) -> Opinion {
        match self.is_hole_where_it_breaks() {
            false => Opinion::Fault(what),
            true => Opinion::Hole(format!("{what}; the agent itself would have gone ahead")),
        }
    }
}

impl Guardrail for Hook {
    fn name(&self) -> &str {
        &self.shared.name
    }

    fn sees_approvals(&self) -> bool {
        self.shared.protocol == Protocol::Plain
    }

    fn is_hole_where_it_breaks(&self) -> bool {
        match self.shared.protocol.facts().in_life {
            InLife::Stops => false,
            InLife::GoesAhead => true,
        }
    }

    fn reads_checkout(&self) -> bool {
        self.shared.checkout
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        Box::pin(self.answer(question))
    }
}

impl Stage {
    fn build(shared: &Shared) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("no folder could be made for it: {error}");
        let folder = TempDir::with_prefix("chesterton-hook-").map_err(told)?;
        let scene = Scene::of(folder.path());
        std::fs::create_dir(&scene.project).map_err(told)?;
        std::fs::write(&scene.transcript, "").map_err(told)?;
        for file in &shared.files {
            file.put(&scene.project).map_err(told)?;
        }
        let kept = shared.files.iter().map(|file| file.path.clone());
        let tree = Mutex::new(Tree::new(scene.project.clone(), kept));
        let mut env = shared.env.clone();
        for name in shared.protocol.facts().project_in {
            env.push(((*name).to_owned(), scene.project.clone().into_os_string()));
        }
        Ok(Self { token: scene.session.clone(), scene, tree, env, _folder: folder })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        sweep(&self.token);
    }
}

impl Copied {
    fn put(&self, folder: &Path) -> std::io::Result<()> {
        let path = folder.join(&self.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, &self.bytes)?;
        let mode = if self.executable { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode))
    }
}
