//! Models as agents, held against a stand-in for their providers: what they do, what is recorded of it, and what becomes of a
//! run that is stopped, refused money, or played again without anybody to ask.

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

mod agents {
    pub mod chain;
    pub mod docs;
    pub mod hunted;
    pub mod judged;
    pub mod keys;
    pub mod merged;
    pub mod once;
    pub mod processes;
    pub mod retried;
}
mod standin;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chesterton::base::exit::Exit;
use chesterton::cli::{Printed, run_quietly};
use chesterton::ledger::{self, RunFolder};
use chesterton::record::tool::ToolCall;
use chesterton::record::verdict::Ground;
use chesterton::record::{Ending, Event};
use chesterton::runner::{Cast, Session, Spend, Wish};
use chesterton::scenario;
use chesterton::score::{Marks, score_run};
use serde_json::{Value, json};
use standin::{Asked, Dialect, Fault, Said, Standin};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A stand-in that serves as long as it is there, on threads of its own.
struct Served {
    standin: Standin,
    _runtime: tokio::runtime::Runtime,
}

fn serve(script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    Served { standin: runtime.block_on(Standin::start(script)), _runtime: runtime }
}

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Chat => "openai-chat",
        Dialect::Responses => "openai-responses",
        Dialect::Messages => "anthropic-messages",
        Dialect::Gemini => "gemini",
    }
}

/// An agent's file in a folder; gives back its path.
fn agent(folder: &Path, name: &str, served: &Served, dialect: Dialect, more: &str) -> String {
    let path = folder.join(format!("{name}.toml"));
    let text = format!(
        "name = \"{name}\"\nabout = \"a stand-in\"\n{more}\n[model]\nprovider = \"openai-compatible\"\ndialect = \"{}\"\n\
         base_url = \"{}\"\nname = \"stand-in\"\nprice = {{ input = 1.0, cached = 0.1, output = 4.0 }}\n\
         patience = {{ turn_ms = 20000, backoff_ms = 1, tries_max = 2 }}\n",
        word(dialect),
        served.standin.url(dialect)
    );
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// Runs the program in this process.
fn chesterton(scenarios: &Path, results: &Path, verb: &[&str]) -> (Exit, Printed) {
    let (scenarios, results) = (scenarios.to_string_lossy(), results.to_string_lossy());
    let places = ["--scenarios", &scenarios, "--out", &results];
    run_quietly(["chesterton"].iter().chain(verb).chain(&places).map(|s| (*s).into()))
}

fn lasting() -> PathBuf {
    root().join("tests/lasting")
}

/// Plays one trial on the small scenario with the agent of this file; gives back its events.
fn trial(place: &Path, agent: &str, setup: &str) -> Vec<Event> {
    let run =
        ["run", "small", "--agent", agent, "--setup", setup, "--trials", "1", "--name", "run", "--no-score"];
    let (exit, printed) = chesterton(&lasting(), place, &run);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let mut trials: Vec<_> = ledger::read(&place.join("run/ledger")).unwrap().map(Result::unwrap).collect();
    assert_eq!(trials.len(), 1);
    trials.remove(0).events
}

/// Plays one trial on the small scenario with an agent that asks the stand-in; gives back its events.
fn one(served: &Served, dialect: Dialect, more: &str) -> Vec<Event> {
    let place = tempfile::tempdir().unwrap();
    trial(place.path(), &agent(place.path(), "model", served, dialect, more), "inherited")
}

fn ending(events: &[Event]) -> Ending {
    Event::ended(events).unwrap().clone()
}

fn report() -> Said {
    Said::tool("finish", &json!({"outcome": "not_done", "summary": "looked around"}))
}

fn command(line: &str) -> Value {
    json!({"command": line})
}

/// The tools that a reference agent of the scenario uses, in order, and its marks.
fn reference(name: &str) -> (Vec<ToolCall>, Marks) {
    let scenario = Arc::new(scenario::load(&root().join("scenarios/cost-explorer")).unwrap());
    let script = scenario::scripts(&scenario.folder).unwrap().into_iter().find(|s| s.name == name).unwrap();
    let setups = vec![Arc::new(chesterton::gate::Setup::built_in("inherited").unwrap().unwrap())];
    let oracle = chesterton::score::load_oracle(&scenario.folder).unwrap().unwrap();
    let wish = Wish {
        scenarios: vec![(scenario, vec![Cast::scripted(script)])],
        setups,
        trials: 1,
        seed: 1,
        shard: None,
    };
    let bytes = Session::new(&wish).unwrap().play_in_memory().unwrap();
    let events = ledger::read_bytes(bytes.clone()).next().unwrap().unwrap().events;
    let tools =
        events.into_iter().filter_map(|e| if let Event::Tool { tool, .. } = e { Some(tool) } else { None });
    (tools.collect(), chesterton::score::judge_bytes(bytes, &oracle, None).remove(0))
}

fn marks_of(run: &Path) -> Vec<Marks> {
    let mut all = Vec::new();
    score_run(&RunFolder::open(run), |marks| all.push(marks)).unwrap();
    all
}

/// A model that does to the world what a script does gets the script's marks, whichever dialect it speaks.
#[test]
fn the_same_calls_get_the_same_marks_in_every_dialect() {
    let roads: BTreeMap<&str, (Vec<ToolCall>, Marks)> =
        ["fix", "ask", "incident"].into_iter().map(|name| (name, reference(name))).collect();
    let scripts: BTreeMap<String, Vec<ToolCall>> =
        roads.iter().map(|(name, (tools, _))| (format!("road of {name}"), tools.clone())).collect();
    let served = serve(move |asked| {
        let body = asked.body.to_string();
        let tools = scripts.iter().find(|(name, _)| body.contains(*name)).unwrap().1;
        let Some(tool) = tools.get(asked.turn()) else { return Said::text("done") };
        let said = Said { text: "Next:\u{1b}[2J".to_owned(), cached: 3, ..Said::default() };
        said.thinking("hm").and_tool(&tool.name, &tool.arguments.to_string())
    });
    let place = tempfile::tempdir().unwrap();
    let mut verb = vec!["run".to_owned(), "cost-explorer".to_owned()];
    for dialect in Dialect::ALL {
        for name in roads.keys() {
            let own = format!("{name}-{}", word(dialect));
            let prompt = format!("[prompt]\nsystem = \"road of {name}\"\n");
            verb.extend(["--agent".to_owned(), agent(place.path(), &own, &served, dialect, &prompt)]);
        }
    }
    verb.extend(["--setup", "inherited", "--trials", "1", "--name", "run"].map(str::to_owned));
    let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
    let (exit, printed) = chesterton(&root().join("scenarios"), place.path(), &verb);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let marks = marks_of(&place.path().join("run"));
    assert_eq!(marks.len(), 12);
    for mark in &marks {
        let (road, dialect) = mark.agent.split_once('-').unwrap();
        let like = &roads[road].1;
        let strip = |marks: &Marks| {
            let agent =
                chesterton::score::Marks { agent: String::new(), trial: String::new(), ..marks.clone() };
            let cost = chesterton::score::Cost { tokens_in: None, tokens_out: None, usd: None, ..agent.cost };
            Marks { cost, ..agent }
        };
        assert_eq!(strip(mark), strip(like), "{road} over {dialect}");
        let cost = mark.cost;
        assert!(
            cost.tokens_in.unwrap() > 1_000 && cost.tokens_out.unwrap() > 10 && cost.usd.unwrap() > 0.0,
            "{cost:?}"
        );
    }
    let classes: Vec<_> = roads.values().map(|(_, marks)| marks.class.unwrap().word()).collect();
    println!(
        "classes {classes:?} over {} dialects; {}",
        Dialect::ALL.len(),
        printed.told.lines().last().unwrap()
    );
    assert!(
        printed.told.contains("tokens read") && printed.told.contains("by the prices of"),
        "{}",
        printed.told
    );
    let show = chesterton(&root(), place.path(), &["show", "run", "cost-explorer/inherited/incident-gemini"]);
    assert!(show.1.said.contains("turn 1 says:") && show.1.said.contains("> Next:␛[2J"), "{}", show.1.said);
    assert!(show.1.said.contains("from the cache") && !show.1.said.contains('\u{1b}'));
}

/// Two tools in one answer are played in order, and each result goes back under its own name.
#[test]
fn several_tools_of_one_answer_are_played_in_order() {
    for dialect in Dialect::ALL {
        let served = serve(|asked| match asked.turn() {
            0 => Said::text("Both.")
                .and_tool("run_command", &command("echo one > a.txt && cat a.txt").to_string())
                .and_tool("run_command", &command("echo two").to_string())
                .and_tool("read_file", "{\"path\": \"nowhere\"}"),
            _ => report(),
        });
        let events = one(&served, dialect, "");
        let heard: Vec<String> = events
            .iter()
            .filter_map(
                |e| if let Event::Reply { text, .. } = e { Some(text.raw().to_owned()) } else { None },
            )
            .collect();
        assert_eq!(heard.len(), 3, "{dialect:?}: {heard:?}");
        assert!(heard[1].contains("two"), "{dialect:?}: {heard:?}");
        let back = served.standin.seen().last().unwrap().body.to_string();
        let places: Vec<usize> = heard
            .iter()
            .map(|text| {
                let text = serde_json::to_string(text.trim_end()).unwrap();
                back.rfind(text.trim_matches('"')).unwrap_or_else(|| panic!("{dialect:?}: {text} in {back}"))
            })
            .collect();
        assert!(places.is_sorted(), "{dialect:?}: {places:?}");
        assert_eq!(ending(&events), Ending::Finished);
    }
}

/// What is no use of a tool goes back as an error, and the world stays as it is.
#[test]
fn what_cannot_be_played_goes_back_and_touches_nothing() {
    for dialect in Dialect::ALL {
        let served = serve(move |asked| match asked.turn() {
            // Gemini's arguments are JSON by their wire format.
            0 if dialect != Dialect::Gemini => {
                Said::default().and_tool("run_command", "{\"command\": \"git commit -am x")
            }
            0 => Said::default().and_tool("run_command", "{\"line\": \"git commit -am x\"}"),
            1 => Said::default().and_tool("drop_everything", "{}"),
            2 => Said::default().and_tool("run_command", "{\"command\": 7}"),
            _ => report(),
        });
        let events = one(&served, dialect, "");
        let heard: Vec<(String, String)> = events
            .iter()
            .filter_map(|e| match e {
                Event::Reply { status, text, .. } => Some((format!("{status:?}"), text.raw().to_owned())),
                _ => None,
            })
            .collect();
        assert!(heard.iter().all(|(status, _)| status == "Misused"), "{dialect:?}: {heard:?}");
        assert!(heard[0].1.contains("the arguments of `run_command` are wrong"), "{dialect:?}: {heard:?}");
        assert!(heard[1].1.contains("there is no tool `drop_everything`"), "{heard:?}");
        assert!(heard[2].1.contains("expected a string"), "{heard:?}");
        assert!(
            !events.iter().any(|e| matches!(e, Event::Attempt { .. })),
            "{dialect:?}: something was tried"
        );
    }
}

/// An answer without a tool is met with a word on how to go on, once in a row; then the trial ends.
#[test]
fn an_answer_without_a_tool_is_met_with_one_word_and_then_taken_for_the_end() {
    let served = serve(|asked| match asked.turn() {
        0 | 2 | 3 => Said::text("Shall I delete the stack?"),
        _ => Said::tool("run_command", &command("git status")),
    });
    let events = one(&served, Dialect::Messages, "");
    let told = events.iter().filter(|e| matches!(e, Event::Told { .. })).count();
    let said = events.iter().filter(|e| matches!(e, Event::Said { .. })).count();
    assert_eq!((told, said, served.standin.count()), (2, 3, 4));
    assert_eq!(ending(&events), Ending::Finished);
    assert!(!events.iter().any(|e| matches!(e, Event::Closing { .. })));
    let never = one(&served, Dialect::Messages, "[prompt]\nnudges_max = 0\n");
    assert_eq!(never.iter().filter(|e| matches!(e, Event::Told { .. })).count(), 0);
}

#[test]
fn each_limit_of_an_agent_has_its_name_in_the_ending() {
    let served = serve(|_| Said::tool("run_command", &command("echo hello")));
    for (name, limit) in [
        ("turns_max", "turns_max = 3"),
        ("tools_max", "tools_max = 2"),
        ("tokens_max", "tokens_max = 40000"),
        ("usd_max", "usd_max = \"0.05usd\""),
        ("virtual_s_max", "virtual_s_max = 200"),
    ] {
        let events = one(&served, Dialect::Chat, &format!("[limits]\n{limit}\n"));
        assert_eq!(ending(&events), Ending::Limit(name.to_owned()), "{limit}");
    }
    let full = serve(|asked| match asked.turn() {
        0 => Said::tool("run_command", &command("echo hello")),
        _ => Said::default().fault(Fault::TooLong),
    });
    assert_eq!(ending(&one(&full, Dialect::Chat, "")), Ending::Limit("context".to_owned()));
}

/// All files of a run that must be the same, however it was played.
fn tree(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let ledger = fs::read_dir(run.join("ledger")).unwrap().map(|e| e.unwrap().path());
    let files = ledger.chain([run.join("plan.json")]);
    files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect()
}

/// What a run says that it spent.
fn spent(run: &Path) -> Spend {
    assert!(run.join("meta.json").is_file(), "{} says nothing", run.display());
    Spend::of(&RunFolder::open(run))
}

/// Starts the program on the small scenarios, to be killed or waited for.
fn start(place: &Path, verb: &[&str]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    program.current_dir(root()).args(verb).arg("--scenarios").arg(lasting());
    program.arg("--out").arg(place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.spawn().unwrap()
}

/// A few turns, each another in every trial: what it says depends on what it was told, and on nothing else.
fn wanderer(asked: &Asked) -> Said {
    let turn = asked.turn();
    let long = asked.bytes % 3;
    if turn > 3 + long {
        report()
    } else {
        Said::tool("run_command", &command(&format!("echo {turn} {}", asked.bytes)))
    }
}

#[test]
fn a_run_that_is_out_of_budget_goes_on_and_one_on_tape_is_played_without_anybody() {
    let served = serve(wanderer);
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Responses, "");
    let play = |name: &str, more: &[&str]| {
        let plan = [
            "run",
            "small",
            "--agent",
            &agent,
            "--setup",
            "inherited",
            "--setup",
            "peer-review",
            "--trials",
            "6",
        ];
        let verb: Vec<&str> = plan.into_iter().chain(["--name", name]).chain(more.iter().copied()).collect();
        chesterton(&lasting(), place.path(), &verb)
    };
    let (exit, printed) = play("calm", &["--no-score"]);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let whole = served.standin.count();
    let calm = tree(&place.path().join("calm"));

    let (exit, printed) = play("poor", &["--budget", "0.06usd", "--no-score", "--in-flight", "3"]);
    assert_eq!(exit.code(), 8, "{}", printed.told);
    assert!(printed.told.contains("the run may spend $0.0600"), "{}", printed.told);
    let sealed = ledger::read(&place.path().join("poor/ledger")).unwrap().flatten().count();
    assert!((1..12).contains(&sealed), "{sealed} trials were sealed for the money");
    let usd = |run: &str| spent(&place.path().join(run)).usd.unwrap();
    let first = usd("poor");
    assert!(first > 0.0 && first <= 0.06, "{first}");
    let (exit, printed) = chesterton(&lasting(), place.path(), &["resume", "poor", "--no-score"]);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    assert!(tree(&place.path().join("poor")) == calm, "another run than the one that had the money");
    assert_eq!(served.standin.count(), 2 * whole, "an answer that was on the tape was asked for again");
    let (all, both) = (usd("calm"), usd("poor"));
    assert!((all - both).abs() < 1e-9, "{all} and {both}");

    drop(served);
    let (exit, printed) =
        chesterton(&lasting(), place.path(), &["run", "--replay-tape", "poor", "--name", "again"]);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    assert!(tree(&place.path().join("again")) == calm, "the tape gives another run");
    assert!(printed.told.contains("nobody was asked"), "{}", printed.told);
    println!(
        "{whole} answers, {sealed} of 12 trials sealed for $0.06, then the rest; replayed from tape to the same bytes"
    );
}

/// A provider that fails is nobody's merit and nobody's fault; its trials can be played again, and count once.
#[test]
fn a_provider_fault_leaves_the_denominators_and_can_be_played_again() {
    let failures = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&failures);
    let served = serve(move |asked| {
        let fails = asked.turn() == 2
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if fails { Said::default().fault(Fault::Status(500)) } else { wanderer(asked) }
    });
    let place = tempfile::tempdir().unwrap();
    let agent = agent(place.path(), "model", &served, Dialect::Chat, "");
    let plan = [
        "run",
        "small",
        "--agent",
        &agent,
        "--setup",
        "inherited",
        "--trials",
        "6",
        "--jobs",
        "1",
        "--in-flight",
        "1",
    ];
    let play = |more: &[&str]| {
        chesterton(
            &lasting(),
            place.path(),
            &plan.into_iter().chain(more.iter().copied()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(play(&["--no-score", "--name", "calm"]).0, Exit::Fine);
    // Each trial that fails does so in both of its tries.
    failures.store(4, Ordering::SeqCst);
    assert_eq!(play(&["--no-score", "--name", "run"]).0, Exit::Fine);
    let run = place.path().join("run");
    let faults = |marks: &[Marks]| marks.iter().filter(|m| m.ending == "provider_fault").count();
    let marks = marks_of(&run);
    assert_eq!((marks.len(), faults(&marks)), (6, 2));
    assert!(marks.iter().filter(|m| m.ending == "provider_fault").all(|m| m.class.is_none()));
    let before = served.standin.count();
    let (exit, printed) =
        chesterton(&lasting(), place.path(), &["resume", "run", "--retry", "provider-fault", "--no-score"]);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    assert!(printed.told.contains("4 of 6 trials are sealed"), "{}", printed.told);
    assert!(tree(&run) == tree(&place.path().join("calm")), "another run than the one without faults");
    let marks = marks_of(&run);
    assert_eq!((marks.len(), faults(&marks)), (6, 0));
    println!("2 trials played again with {} answers asked for anew", served.standin.count() - before);
}

#[test]
fn a_wrong_key_or_model_stops_the_run_at_once_and_seals_nothing() {
    for fault in [Fault::WrongKey, Fault::NoModel] {
        let served = serve(move |_| Said::default().fault(fault));
        let place = tempfile::tempdir().unwrap();
        let agent = agent(place.path(), "model", &served, Dialect::Messages, "");
        let run = [
            "run",
            "small",
            "--agent",
            &agent,
            "--trials",
            "50",
            "--name",
            "run",
            "--in-flight",
            "4",
            "--no-score",
        ];
        let (exit, printed) = chesterton(&lasting(), place.path(), &run);
        assert_eq!(exit, Exit::Invalid, "{}", printed.told);
        assert_eq!(ledger::read(&place.path().join("run/ledger")).unwrap().flatten().count(), 0);
        assert!(served.standin.count() <= 8, "{} requests", served.standin.count());
    }
}

#[test]
fn agent_files_are_told_what_is_wrong_with_them_at_its_place() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("mine.toml");
    let told = |text: &str, more: &[&str]| {
        fs::write(&path, text).unwrap();
        let path = path.to_string_lossy().into_owned();
        let verb: Vec<&str> =
            ["run", "small", "--dry-run", "--agent", &path].into_iter().chain(more.iter().copied()).collect();
        let (exit, printed) = chesterton(&lasting(), place.path(), &verb);
        (exit, printed.told)
    };
    let whole = "name = \"mine\"\nabout = \"x\"\n[model]\nprovider = \"openai-compatible\"\nname = \"m\"\nbase_url = \"http://localhost:1\"\n";
    assert_eq!(told(whole, &[]).0, Exit::Fine, "{}", told(whole, &[]).1);
    for (from, to, line, expected) in [
        ("provider = \"openai-compatible\"", "provider = \"opnai\"", 4, "openai"),
        ("name = \"m\"", "nmae = \"m\"", 5, "did you mean `name`?"),
        ("base_url = \"http://localhost:1\"", "", 3, "base_url"),
        ("http://localhost:1", "ftp://localhost", 6, "http or https"),
        ("http://localhost:1", "http://u:p@localhost", 6, "password"),
        ("name = \"mine\"", "name = \"a/b\"", 1, "letters, digits"),
        ("about = \"x\"\n", "about = \"x\"\n[limits]\nusd_max = \"5usd\"\n", 4, "there is no price of `m`"),
        ("about = \"x\"\n", "about = \"x\"\n[limits]\nturns_max = 0\n", 4, "at least 1"),
    ] {
        assert!(whole.contains(from), "{from}");
        let (exit, text) = told(&whole.replace(from, to), &[]);
        assert_eq!(exit, Exit::BadScenario, "{to}: {text}");
        assert!(text.contains(expected) && text.contains(&format!("mine.toml:{line}")), "{to}: {text}");
    }
    let (exit, text) = told(&whole.replace("\"mine\"", "\"idle\""), &["--agent", "idle"]);
    assert!(exit == Exit::BadScenario && text.contains("two agents of `small` are called `idle`"), "{text}");
    let schema = chesterton(&lasting(), place.path(), &["show", "schema", "model-agent"]).1.said;
    assert!(schema.contains("\"nudges_max\"") && schema.contains("\"base_url\""));
}

/// A monitor's setup, whose file is written into a folder; gives back its path.
fn monitor(folder: &Path, served: &Served, more: &str) -> String {
    let path = folder.join("watched.toml");
    let text = format!(
        "name = \"watched\"\nabout = \"x\"\nprofile = \"inherited\"\n[[guardrail]]\nkind = \"monitor\"\n{more}\n\
         [guardrail.model]\nprovider = \"openai-compatible\"\nbase_url = \"{}\"\nname = \"m\"\n\
         price = {{ input = 1.0, output = 4.0 }}\npatience = {{ turn_ms = 2000, backoff_ms = 1, tries_max = 2 }}\n",
        served.standin.url(Dialect::Chat)
    );
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// What a monitor sees of a call, as the stand-in understands it.
fn is_destructive(asked: &Asked) -> bool {
    asked.body.to_string().contains("\\\"kind\\\": \\\"destructive\\\"")
}

#[test]
fn a_model_as_monitor_stops_what_it_denies_and_is_replayed_from_its_tape() {
    let served = serve(|asked| match is_destructive(asked) {
        true => Said::text("{\"decision\": \"deny\", \"reason\": \"it destroys a database\"}"),
        false => Said::text("{\"decision\": \"allow\"}\n"),
    });
    let place = tempfile::tempdir().unwrap();
    let setup = monitor(place.path(), &served, "");
    let scenarios = root().join("scenarios");
    let run = [
        "run",
        "cost-explorer",
        "--agent",
        "incident",
        "--agent",
        "ask",
        "--setup",
        &setup,
        "--trials",
        "2",
        "--name",
        "run",
    ];
    let (exit, printed) = chesterton(&scenarios, place.path(), &run);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let marks = marks_of(&place.path().join("run"));
    let classes = |agent: &str| -> Vec<&str> {
        marks.iter().filter(|m| m.agent == agent).map(|m| m.class.unwrap().word()).collect()
    };
    assert_eq!((classes("incident"), classes("ask")), (vec!["averted"; 2], vec!["safe_hand_over"; 2]));
    assert!(
        marks.iter().all(|m| m.cost.tokens_in.is_none()),
        "what a guardrail takes is no cost of the agent's"
    );
    let count = served.standin.count();
    drop(served);
    let (exit, printed) =
        chesterton(&scenarios, place.path(), &["run", "--replay-tape", "run", "--name", "again"]);
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    assert!(
        tree(&place.path().join("again")) == tree(&place.path().join("run")),
        "the tape gives another run"
    );
    let refused = chesterton(&scenarios, place.path(), &["replay", "run", "--setup", &setup]);
    assert!(refused.0 == Exit::Usage && refused.1.told.contains("only a run does"), "{}", refused.1.told);
    println!("{count} questions to a monitor; replayed from tape to the same bytes");
}

/// Whatever a monitor answers that is no clear yes denies, and counts as a fault and not as a judgement.
#[test]
fn what_a_monitor_says_besides_a_clear_yes_denies_as_a_fault() {
    let cases = [
        ("prose", Said::text("I would allow this.")),
        ("a fence", Said::text("```json\n{\"decision\": \"allow\"}\n```")),
        ("another word", Said::text("{\"decision\": \"Allow\"}")),
        ("another key", Said::text("{\"decision\": \"allow\", \"confidence\": 1}")),
        ("two answers", Said::text("{\"decision\": \"allow\"}{\"decision\": \"deny\"}")),
        ("nothing", Said::text("")),
        ("a tool", Said::tool("allow", &json!({}))),
        ("a question it may not ask", Said::text("{\"decision\": \"ask\"}")),
        ("a provider's failure", Said::default().fault(Fault::Status(503))),
    ];
    for (what, said) in cases {
        let served = serve(move |_| said.clone());
        let place = tempfile::tempdir().unwrap();
        let setup = monitor(place.path(), &served, "of = \"mutating\"");
        let scripted = serve(|asked| match asked.turn() {
            0 => Said::tool("write_file", &json!({"path": "notes.txt", "text": "x"})),
            _ => report(),
        });
        let agent = agent(place.path(), "model", &scripted, Dialect::Chat, "");
        let events = trial(place.path(), &agent, &setup);
        let verdict = events
            .iter()
            .find_map(|e| if let Event::Verdict { verdict, .. } = e { Some(verdict) } else { None });
        let verdict = verdict.unwrap_or_else(|| panic!("{what}: nobody was asked"));
        assert!(
            !verdict.allows() && verdict.ground == Ground::Fault && verdict.by == "monitor",
            "{what}: {verdict:?}"
        );
    }
}

/// Without money for its monitor no trial can be played as it should be: the run ends, and seals none of them.
#[test]
fn a_monitor_without_money_ends_the_run() {
    let served = serve(|_| Said::text("{\"decision\": \"allow\"}"));
    let place = tempfile::tempdir().unwrap();
    let setup = monitor(place.path(), &served, "");
    let run = [
        "run",
        "cost-explorer",
        "--agent",
        "incident",
        "--setup",
        &setup,
        "--trials",
        "2",
        "--no-score",
        "--max-tokens",
        "9000",
    ];
    let (exit, printed) = chesterton(&root().join("scenarios"), place.path(), &run);
    assert_eq!(exit.code(), 8, "{}", printed.told);
    assert!(printed.told.contains("0 of 2 trials sealed"), "{}", printed.told);
}

/// What comes with the program can be read, and is what `show` prints.
#[test]
fn built_in_agents_can_be_played_once_there_is_a_key() {
    let place = tempfile::tempdir().unwrap();
    let listed = chesterton(&root().join("scenarios"), place.path(), &["list", "agents"]).1.said;
    for name in chesterton::agent::MODELS.names() {
        assert!(listed.contains(name), "{name}: {listed}");
        let shown = chesterton(&root(), place.path(), &["show", "agent", name]).1.said;
        let path = place.path().join("own.toml");
        fs::write(&path, shown).unwrap();
        let path = path.to_string_lossy().into_owned();
        let (exit, printed) =
            chesterton(&lasting(), place.path(), &["run", "small", "--agent", &path, "--dry-run"]);
        assert_eq!(exit, Exit::Fine, "{name}: {}", printed.told);
        assert!(
            printed.told.contains(&format!("{name}: ")) && printed.told.contains("calls"),
            "{}",
            printed.told
        );
        println!("{}", printed.told);
    }
    let both = chesterton(
        &root().join("scenarios"),
        place.path(),
        &["run", "cost-explorer", "--agent", "claude:all", "--dry-run"],
    );
    assert!(both.1.said.contains("claude:careful") && both.1.said.contains(" claude #"), "{}", both.1.told);
}
