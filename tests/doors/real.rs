//! Coding agents and tools as npm and PyPI have them, against a stand-in for their model that plays the scenario's scripted agents: what
//! they do is what those do, and so are the marks.
//!
//! `CHESTERTON_REAL_AGENTS=1` asks for them (or names some, with commas between). They are installed into the folder that
//! `CHESTERTON_AGENTS` names, two gigabytes, or found there; without it into a folder that is thrown away. Otherwise this is skipped.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use chesterton::agent;
use chesterton::base::exit::Exit;
use chesterton::base::serving::Serving;
use chesterton::cli::run_quietly;
use chesterton::door::McpDoor;
use chesterton::ledger;
use chesterton::model::{Dialect, standin};
use chesterton::record::{Event, Hints};
use chesterton::score::{Authority, Marks, Road};
use serde_json::{Value, json};

use super::room::{DELETE, Room, scenario_folder};
use super::script::{By, Player};

/// An agent, what its model speaks, and the ways in which it is played besides its own shell.
const AGENTS: [(&str, Dialect, &[&str]); 6] = [
    ("claude-code", Dialect::AnthropicMessages, &["mcp", "acp", "git"]),
    ("codex", Dialect::OpenaiResponses, &["mcp", "acp", "git"]),
    ("opencode", Dialect::OpenaiChat, &["mcp", "acp"]),
    ("gemini-cli", Dialect::Gemini, &["mcp", "acp", "git"]),
    ("goose", Dialect::OpenaiResponses, &["mcp", "acp", "git"]),
    ("mini-swe-agent", Dialect::OpenaiChat, &["git"]),
];
/// To patch, to ask, to delete and recreate.
const ROADS: [&str; 3] = ["fix", "ask", "rebuild"];
const NPM: [&str; 8] = [
    "@anthropic-ai/claude-code-linux-x64@2.1.329",
    "@openai/codex@0.169.0",
    "opencode-ai@1.18.33",
    "@google/gemini-cli@0.61.0",
    "@aaif/goose-binary-linux-x64@0.20.1",
    "@agentclientprotocol/claude-agent-acp@0.49.0",
    "@agentclientprotocol/codex-acp@2.6.0",
    "@modelcontextprotocol/inspector",
];
const PYPI: [&str; 2] = ["mini-swe-agent==2.4.6", "mcp"];
/// Programs, and what they are below the folder.
const PROGRAMS: [(&str, &str); 8] = [
    ("claude", "node_modules/@anthropic-ai/claude-code-linux-x64/claude"),
    ("codex", "node_modules/.bin/codex"),
    ("opencode", "node_modules/opencode-linux-x64/bin/opencode"),
    ("gemini", "node_modules/.bin/gemini"),
    ("goose", "node_modules/@aaif/goose-binary-linux-x64/bin/goose"),
    ("claude-agent-acp", "node_modules/.bin/claude-agent-acp"),
    ("codex-acp", "node_modules/.bin/codex-acp"),
    ("mini", "py/bin/mini"),
];

/// Where the programs are, and what else they need to see.
struct Installed {
    folder: PathBuf,
    sees: Vec<PathBuf>,
    _thrown_away: Option<tempfile::TempDir>,
}

/// Whether this agent is asked for.
fn is_asked_for(name: &str) -> bool {
    let asked = std::env::var("CHESTERTON_REAL_AGENTS").unwrap_or_default();
    asked == "1" || asked.split(',').any(|word| word == name)
}

/// Installs what is not there yet; none: they are not asked for.
fn installed() -> Option<Installed> {
    if std::env::var_os("CHESTERTON_REAL_AGENTS").is_none() {
        println!("skipped: `CHESTERTON_REAL_AGENTS` is not set, so nothing is installed from npm and PyPI");
        return None;
    }
    let named = std::env::var_os("CHESTERTON_AGENTS").map(PathBuf::from);
    let thrown_away = named.is_none().then(|| tempfile::tempdir().unwrap());
    let folder = named.unwrap_or_else(|| thrown_away.as_ref().unwrap().path().to_owned());
    let run = |program: &Path, words: &[&str]| {
        let done = Command::new(program).args(words).status();
        assert!(done.is_ok_and(|done| done.success()), "{} {words:?}", program.display());
    };
    // A folder of an earlier state may lack some.
    let is_there = |(_, below): &(&str, &str)| folder.join(below).exists();
    if !PROGRAMS.iter().filter(|(_, below)| below.starts_with("node_modules")).all(is_there) {
        let at = folder.display().to_string();
        let words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", at.as_str()];
        run("npm".as_ref(), &[&words[..], &NPM].concat());
    }
    let python = folder.join("py/bin/python");
    if !folder.join("py/bin/mini").exists() {
        run("python3".as_ref(), &["-m", "venv", &folder.join("py").display().to_string()]);
        run(&python, &[&["-m", "pip", "install", "-q"][..], &PYPI].concat());
    }
    fs::create_dir_all(folder.join("bin")).unwrap();
    for (name, below) in PROGRAMS {
        if folder.join("bin").join(name).is_symlink() {
            continue;
        }
        symlink(Path::new("..").join(below), folder.join("bin").join(name)).unwrap();
    }
    // A virtual environment leads to the Python that it was made with.
    let real = fs::canonicalize(python).unwrap();
    let sees = [folder.clone()].into_iter().chain(real.ancestors().nth(2).map(Path::to_owned));
    Some(Installed {
        sees: sees.filter(|path| !path.starts_with("/usr")).collect(),
        folder,
        _thrown_away: thrown_away,
    })
}

/// Stand-ins, and the files of agents whose model they are: the recipes that come with the program, with another address.
struct Rig {
    runtime: tokio::runtime::Runtime,
    standins: Vec<Serving>,
    place: tempfile::TempDir,
    installed: Installed,
}

impl Rig {
    fn new(installed: Installed) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime, standins: Vec::new(), place: tempfile::tempdir().unwrap(), installed }
    }

    /// The wish for a recipe in one of its variants, whose model plays this road.
    fn wish(&mut self, recipe: &str, dialect: Dialect, variant: &str, road: &str) -> String {
        let by = match (recipe, variant) {
            (_, "" | "git") => By::Shell,
            // Of a tool of our server it asks permission by the name alone; of its shell, with the command.
            ("opencode", "acp") => By::Bare,
            _ => By::Mcp,
        };
        let player = Arc::new(Player::of(road, by));
        let standin = self.runtime.block_on(standin(move |heard| player.say(heard))).unwrap();
        let word = serde_json::to_value(dialect).unwrap();
        // The scripts look again and again until something is done, which one agent takes for a loop, and stops.
        let polls = [r#"{"general":"#, r#"{"model": {"disableLoopDetection": true}, "general":"#];
        let text = agent::PROCESSES.text(recipe).unwrap().replace(polls[0], polls[1]);
        let mut file: toml::Table = toml::from_str(&text).unwrap();
        file["name"] = format!("{recipe}-{road}").into();
        let model = file["model"].as_table_mut().unwrap();
        model.insert("provider".to_owned(), "openai-compatible".into());
        model.insert("dialect".to_owned(), word.as_str().unwrap().into());
        model.insert("base_url".to_owned(), dialect.base(&standin.at).into());
        let sees = self.installed.sees.iter().map(|path| path.display().to_string().into()).collect();
        file["command"].as_table_mut().unwrap().insert("sees".to_owned(), toml::Value::Array(sees));
        let limits = toml::Table::from_iter([("wall_s_max".to_owned(), 300.into())]);
        file.insert("limits".to_owned(), limits.into());
        let path = self.place.path().join(format!("{recipe}-{road}-{variant}.toml"));
        fs::write(&path, toml::to_string(&file).unwrap()).unwrap();
        self.standins.push(standin);
        let path = path.display();
        if variant.is_empty() { path.to_string() } else { format!("{path}:{variant}") }
    }

    /// Plays agents under a setup; their marks and records by name.
    fn play(&self, agents: &[String], setup: &str, name: &str) -> BTreeMap<String, (Marks, Vec<Event>)> {
        let scenarios = scenario_folder().parent().unwrap().display().to_string();
        let out = self.place.path().display().to_string();
        let verb = [
            "chesterton",
            "run",
            "cost-explorer",
            "--setup",
            setup,
            "--trials",
            "1",
            "--jobs",
            "2",
            "--name",
            name,
        ];
        let places = ["--scenarios", scenarios.as_str(), "--out", out.as_str()];
        let agents = agents.iter().flat_map(|agent| ["--agent", agent.as_str()]);
        let (exit, printed) = run_quietly(verb.into_iter().chain(places).chain(agents).map(Into::into));
        assert_eq!(exit, Exit::Fine, "{}", printed.told);
        let run = self.place.path().join(name);
        let trials = ledger::read(&run.join("ledger")).unwrap().map(Result::unwrap);
        let mut records: BTreeMap<String, Vec<Event>> =
            trials.map(|trial| (Event::opened(&trial.events).unwrap().agent.clone(), trial.events)).collect();
        let marks = fs::read_to_string(run.join("marks.jsonl")).unwrap();
        let marks = marks.lines().map(|line| serde_json::from_str::<Marks>(line).unwrap());
        marks
            .map(|marks| (marks.agent.clone(), (marks.clone(), records.remove(&marks.agent).unwrap())))
            .collect()
    }
}

/// What of the marks is the road's; times are the agent's, which looks at its checkout in its own way.
fn road(marks: &Marks) -> String {
    let harm =
        marks.harm.as_ref().map(|harm| (harm.records_lost, harm.records_restored, harm.resources_destroyed));
    let report = marks.conduct.as_ref().map(|conduct| conduct.report_true);
    format!(
        "{} {:?} repaired {:?} executed {:?} {:?} (lost, restored, destroyed) {harm:?} report true {report:?}",
        marks.ending, marks.class, marks.repaired, marks.strategy.executed, marks.authority
    )
}

fn told(door: &str, marks: &Marks, from: Instant) {
    let cost = &marks.cost;
    println!(
        "{:<26} {door:<6} {:<14} {:>4} calls {:>4} turns {:>8?} tokens in; {:.0} s since the beginning",
        marks.agent,
        marks.class.map_or_else(String::new, |class| format!("{class:?}")),
        cost.calls,
        cost.turns,
        cost.tokens_in.unwrap_or_default(),
        from.elapsed().as_secs_f64(),
    );
}

/// Asked for in each way but the last, each agent takes each road, and comes to what the scripted agent comes to.
#[test]
fn real_agents_come_to_what_their_models_do() {
    let Some(installed) = installed() else { return };
    let began = Instant::now();
    let mut rig = Rig::new(installed);
    let mut wishes: Vec<String> = ROADS.map(str::to_owned).to_vec();
    for (recipe, dialect, variants) in AGENTS.iter().filter(|(name, ..)| is_asked_for(name)) {
        let ways = [""].into_iter().chain(variants.iter().copied().filter(|name| *name != "acp"));
        for (variant, road) in ways.flat_map(|variant| ROADS.map(|road| (variant, road))) {
            wishes.push(rig.wish(recipe, *dialect, variant, road));
        }
    }
    let played = rig.play(&wishes, "inherited", "roads");
    let mut wrong = Vec::new();
    for (name, (marks, events)) in &played {
        let door = if name.ends_with(":mcp") { "MCP" } else { "shell" };
        told(door, marks, began);
        let Some(taken) = ROADS.iter().find(|road| name.contains(&format!("-{road}"))) else { continue };
        let expected = road(&played[*taken].0);
        if road(marks) != expected {
            let last: Vec<String> =
                events.iter().rev().take(12).rev().map(|event| format!("{event:?}")).collect();
            let last: Vec<String> = last.into_iter().map(|text| text.chars().take(700).collect()).collect();
            wrong.push(format!("{name}: {}\n  instead of {expected}\n  {}", road(marks), last.join("\n  ")));
        }
    }
    assert_eq!(played.len(), wishes.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What it asks permission for reaches the setup's approver, who is shown what it would do: one agrees, and it is done; one does
/// not, and it is not.
#[test]
fn real_agents_ask_our_approver() {
    let Some(installed) = installed() else { return };
    let began = Instant::now();
    let mut rig = Rig::new(installed);
    let mut wrong = Vec::new();
    for (setup, is_deleted) in [("ask-first-rubber-stamp", true), ("ask-first", false)] {
        let speaking = AGENTS.iter().filter(|(name, _, ways)| is_asked_for(name) && ways.contains(&"acp"));
        let wishes: Vec<String> =
            speaking.map(|(recipe, dialect, _)| rig.wish(recipe, *dialect, "acp", "rebuild")).collect();
        if wishes.is_empty() {
            return println!("skipped: none of those that are asked for speaks the Agent Client Protocol");
        }
        for (name, (marks, events)) in rig.play(&wishes, setup, setup) {
            told("ACP", &marks, began);
            let asked = events.iter().filter_map(|event| match event {
                Event::Plan { commands, verdict, effects, .. } => {
                    Some((commands[0].raw(), verdict.allows(), effects.len()))
                }
                _ => None,
            });
            let about_it: Vec<_> = asked.filter(|(command, ..)| command.contains(DELETE)).collect();
            let is_shown = about_it.iter().any(|(_, allows, effects)| *allows == is_deleted && *effects > 0);
            let executed = marks.strategy.executed == Some(Road::DeleteAndRecreate);
            let is_reviewed = !is_deleted || marks.authority == Some(Authority::ReviewedBefore);
            if !(is_shown && executed == is_deleted && is_reviewed && marks.ending == "finished") {
                wrong.push(format!("{name} under {setup}: {} {about_it:?}\n{events:#?}", road(&marks)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_lists_and_uses_the_tools() {
    let Some(installed) = tokio::task::spawn_blocking(installed).await.unwrap() else { return };
    let program = installed.folder.join("node_modules/.bin/mcp-inspector");
    if !program.exists() {
        return println!("skipped: there is no {}", program.display());
    }
    let room = Room::under("blast-radius");
    let door =
        McpDoor::new(room.asks.clone(), Hints::Honest).http("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let go = async |arguments: Vec<String>| {
        let mut command = Command::new("node");
        command.arg(&program).args(["--cli", &door.at, "--transport", "http"]).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let listed = go(of(&["--method", "tools/list"])).await;
    assert_eq!(listed["tools"].as_array().unwrap().len(), 6);
    let argument = format!("command={DELETE}");
    let used =
        go(of(&["--method", "tools/call", "--tool-name", "run_command", "--tool-arg", &argument])).await;
    assert_eq!(used["isError"], json!(true));
    assert_eq!(room.calls(), ["DeleteStack cost-explorer-prod denied"]);
}
