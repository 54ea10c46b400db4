//! The fields that somebody outside writes: found in the sheet by name, in a trial by trying.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use chesterton::base::text::Untrusted;
use chesterton::baseline::{
    self, Baseline, CellKey, Comparison, InputChange, Outcome, Policy, Trials, compare,
};
use chesterton::ledger::{self, Cause, Damage, Index, RunFolder};
use chesterton::record::Event;
use chesterton::record::plan::{PLAN_VERSION, Plan};
use chesterton::report::html::Stories;
use chesterton::report::{Format, Gathered, Options, Sheet, Variant};
use chesterton::score::{Class, Marks, Scored};
use serde_json::{Value, json};

use super::sinks;

/// What each format looks like with plain words everywhere: its bytes, and what of them has to stay the same.
pub type Shapes = BTreeMap<&'static str, (Vec<u8>, String)>;

pub fn shapes(sheet: &Sheet) -> Shapes {
    let of = |format: &Format| {
        let bytes = told(*format, sheet);
        let shape = sinks::shape(*format, &bytes).unwrap();
        (format.name(), (bytes, shape))
    };
    Format::ALL.iter().map(of).collect()
}

/// The sheet in a format.
pub fn told(format: Format, sheet: &Sheet) -> Vec<u8> {
    let mut bytes = Vec::new();
    format.write(sheet, &Stories::default(), &mut bytes).unwrap();
    bytes
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A small run in which everything occurs: a twin, harm, faults, missing trials, damage, an incident.
pub fn sheet() -> Sheet {
    let named = |name: &str| json!({"name": name, "digest": "d"});
    let scenario = |name: &str, twin_of: Option<&str>, folder: &str| {
        json!({"name": name, "folder": root().join("scenarios").join(folder), "twin_of": twin_of, "stage_digest": "d",
               "brief_digest": "d", "agents": [named("fix"), named("incident")]})
    };
    let plan: Plan = serde_json::from_value(json!({
        "v": PLAN_VERSION, "version": "1.0", "seed": 1, "trials_per_cell": 3,
        "scenarios": [scenario("production", None, "cost-explorer"), scenario("twin", Some("production"), "nowhere")],
        "setups": [named("inherited")],
    }))
    .unwrap();
    let mut gathered = Gathered::of(&plan);
    let mut judged = 0;
    // The last trial of each cell is missing; the first of `incident` does harm, its second met a fault.
    for key in plan.keys().filter(|key| key.index < 2) {
        let (class, ending) = match (key.agent.as_str(), key.index) {
            ("incident", 0) => (json!("permanent_harm"), "finished"),
            ("incident", _) => (Value::Null, "provider_fault"),
            _ => (json!("safe_fix"), "finished"),
        };
        let marks: Marks = serde_json::from_value(json!({
            "v": 1, "trial": key.id().as_str(), "scenario": key.scenario, "agent": key.agent, "setup": key.setup,
            "twin_of": null, "factors": {}, "seed": key.seed, "index": key.index, "ending": ending, "class": class,
            "repaired": null, "strategy": {"proposed": null, "attempted": null, "executed": null}, "authority": null,
            "harm": null, "conduct": null, "unsimulated": 1,
            "cost": {"calls": 1, "turns": 1, "virtual_s": 1, "tokens_in": null, "tokens_out": null, "usd": null},
        }))
        .unwrap();
        gathered.add(&marks);
        judged += 1;
    }
    let damage =
        Damage { segment: "segment".into(), line: 1, last_line: 2, cause: Cause::Corrupt, what: "x".into() };
    let scored = Scored {
        plan,
        judged,
        damages: vec![damage],
        unjudged: vec!["other".to_owned()],
        oracles: BTreeMap::new(),
        index: Index::default(),
    };
    let mut sheet = gathered.sheet(&scored, &Options::default()).unwrap();
    sheet.comparison = Some(comparison());
    sheet
}

/// A run beside a baseline in which everything occurs: cells that moved, one that is not comparable, one that is new,
/// inputs that changed, agents over two incidents.
fn comparison() -> Comparison {
    let side = |setup: &str, twin: &str, classes: [Class; 2], further: bool| {
        let outcomes = |class| {
            let outcome = Outcome { class, downtime_s: 60, records_lost: 1 };
            let seeds = (0..12).map(|seed| (seed, Some(outcome))).collect();
            Trials { outcomes: BTreeMap::from([(BTreeMap::new(), seeds)]), left_out: BTreeMap::new() }
        };
        let scenario = |stage: &str| baseline::Scenario {
            twin_of: None,
            stage: stage.into(),
            brief: "brief".into(),
            variants: None,
            oracle: None,
            agents: BTreeMap::from([("incident".into(), "digest".into())]),
        };
        let key = |scenario: &str| CellKey {
            scenario: scenario.into(),
            setup: "inherited".into(),
            agent: "incident".into(),
        };
        let [first, second] = classes.map(outcomes);
        let mut cells = BTreeMap::from([
            (key("production"), first),
            (key("other"), second.clone()),
            (key("twin"), second.clone()),
        ]);
        if further {
            cells.insert(CellKey { agent: "fix".into(), ..key("production") }, second);
        }
        let scenarios = [("production", "stage"), ("other", "stage"), ("twin", twin)];
        Baseline {
            note: None,
            version: "1.0".into(),
            scenarios: scenarios.map(|(name, stage)| (name.to_owned(), scenario(stage))).into(),
            setups: BTreeMap::from([("inherited".into(), setup.into())]),
            cells,
        }
    };
    let old = side("a setup", "a stage", [Class::SafeFix, Class::SafeFix], false);
    let new = side("another", "another", [Class::PermanentHarm, Class::SafeFix], true);
    let policy = Policy { max_harm_rate: Some(0.0), ..Policy::default() };
    let found = compare(&old, &new, &policy);
    assert!(found.suites.iter().any(|s| s.interval.is_some()) && found.inputs.len() >= 2, "{found:?}");
    found
}

type SetText = fn(&mut Sheet, &Untrusted);

/// Each field of a sheet that holds a text from outside. Names are set everywhere that they stand.
pub fn of_sheet() -> Vec<(&'static str, SetText)> {
    fn rename(sheet: &mut Sheet, of: &str, to: &Untrusted) {
        let old = Untrusted::from(of);
        for line in &mut sheet.lines {
            for name in [&mut line.scenario, &mut line.variant.staged, &mut line.setup, &mut line.agent] {
                if *name == old {
                    *name = to.clone();
                }
            }
        }
        for scenario in &mut sheet.scenarios {
            let names = std::iter::once(&mut scenario.name).chain(&mut scenario.twin_of);
            let names = names.chain(scenario.agents.iter_mut().map(|a| &mut a.name));
            names.filter(|name| **name == old).for_each(|name| *name = to.clone());
        }
        sheet.setups.iter_mut().filter(|s| s.name == old).for_each(|s| s.name = to.clone());
        let guardrails = &mut sheet.guardrails;
        let setups = guardrails.control.iter_mut().chain(guardrails.scores.iter_mut().map(|s| &mut s.setup));
        setups.filter(|name| **name == old).for_each(|name| *name = to.clone());
        let comparison = sheet.comparison.as_mut().expect("the sheet has a comparison");
        let changes = comparison.cells.iter_mut().flat_map(|cell| &mut cell.spoilt_by);
        let changed = comparison.inputs.iter_mut().chain(changes).flat_map(|change| match change {
            InputChange::Harness { old, new } => vec![old, new],
            InputChange::Scenario { name, .. } | InputChange::Setup { name } => vec![name],
            InputChange::Agent { name, scenario } => vec![name, scenario],
        });
        changed.filter(|name| **name == old).for_each(|name| *name = to.clone());
        for cell in &mut comparison.cells {
            let CellKey { scenario, setup, agent } = &mut cell.cell;
            [scenario, setup, agent]
                .into_iter()
                .filter(|name| **name == old)
                .for_each(|name| *name = to.clone());
        }
        for suite in &mut comparison.suites {
            let names = [&mut suite.setup, &mut suite.agent].into_iter().filter(|name| **name == old);
            names.for_each(|name| *name = to.clone());
        }
    }
    fn incident(sheet: &mut Sheet) -> &mut chesterton::scenario::Incident {
        sheet.scenarios[0].incident.as_mut().expect("the scenario has an incident")
    }
    vec![
        ("the scenario's name", |s, t| rename(s, "production", t)),
        ("the twin's name", |s, t| rename(s, "twin", t)),
        ("the agent's name", |s, t| rename(s, "incident", t)),
        ("the setup's name", |s, t| rename(s, "inherited", t)),
        ("a scenario of the baseline alone", |s, t| rename(s, "other", t)),
        ("a level of a factor", |s, t| {
            for line in &mut s.lines {
                line.factors = BTreeMap::from([("label".into(), t.clone())]);
                let words = t.clone();
                line.variant = Variant {
                    differs: words.clone(),
                    levels: words.clone(),
                    staged: words.clone(),
                    base: Some(words),
                };
            }
            s.scenarios[0].variants = vec![BTreeMap::from([("label".into(), t.clone())])];
        }),
        ("the harness's version", |s, t| s.harness = t.clone()),
        ("the stage's digest", |s, t| s.scenarios[0].stage_digest = t.clone()),
        ("the brief's digest", |s, t| s.scenarios[0].brief_digest = t.clone()),
        ("the agent's digest", |s, t| s.scenarios[0].agents[0].digest = t.clone()),
        ("the setup's digest", |s, t| s.setups[0].digest = t.clone()),
        ("a damage", |s, t| s.damages[0] = t.clone()),
        ("a scenario without an oracle", |s, t| s.unjudged[0] = t.clone()),
        ("the incident's title", |s, t| incident(s).title = t.clone()),
        ("the incident's summary", |s, t| incident(s).summary = t.clone()),
        ("a pattern", |s, t| incident(s).patterns[0] = t.clone()),
        ("a guardrail failure", |s, t| incident(s).guardrail_failures[0] = t.clone()),
        ("a source's id", |s, t| incident(s).source[0].id = t.clone()),
        ("a source's title", |s, t| incident(s).source[0].title = t.clone()),
        ("a source's date", |s, t| incident(s).source[0].date = t.clone()),
        ("a source's kind", |s, t| incident(s).source[0].kind = t.clone()),
        ("the rest of a source's address", |s, t| {
            let hostile = format!("https://{}", t.raw());
            incident(s).source[0].url = hostile.into();
        }),
        ("a fact", |s, t| incident(s).fact[0].text = t.clone()),
        ("a fact's source", |s, t| incident(s).fact[0].sources[0] = t.clone()),
        ("the question of a dispute", |s, t| incident(s).dispute[0].question = t.clone()),
        ("a party", |s, t| incident(s).dispute[0].account[0].by = t.clone()),
        ("an account", |s, t| incident(s).dispute[0].account[0].says = t.clone()),
    ]
}

/// A small run, really played: two agents under two setups, each once.
pub fn played() -> (tempfile::TempDir, RunFolder) {
    let folder = tempfile::tempdir().unwrap();
    let played = Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .args(["run", "cost-explorer", "--trials", "1", "--no-score", "--name", "r", "--out", "."])
        .args(["--agent", "incident", "--agent", "fix", "--setup", "peer-review", "--setup", "inherited"])
        .arg("--scenarios")
        .arg(root().join("scenarios"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let run = RunFolder::open(&folder.path().join("r"));
    (folder, run)
}

/// Events of recorded trials, of each shape one.
pub fn events() -> Vec<Event> {
    let (_folder, run) = played();
    let mut of_each: BTreeMap<String, Event> = BTreeMap::new();
    for trial in ledger::read(&run.ledger()).unwrap() {
        for event in trial.unwrap().events {
            let mut paths = Vec::new();
            leaves(&serde_json::to_value(&event).unwrap(), String::new(), &mut paths);
            let shape: Vec<String> = paths.into_iter().map(|path| general(&path)).collect();
            of_each.entry(shape.join(" ")).or_insert(event);
        }
    }
    of_each.into_values().collect()
}

/// The paths of all texts in a value.
pub fn leaves(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::String(_) => out.push(path),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| leaves(v, format!("{path}/{n}"), out))
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| {
            leaves(v, format!("{path}/{}", k.replace('~', "~0").replace('/', "~1")), out);
        }),
        _ => {}
    }
}

/// The path without places in lists and without names of files.
pub fn general(path: &str) -> String {
    let is_place = |step: &str| step.parse::<usize>().is_ok() || step.contains(['.', '~', '-']);
    path.split('/').map(|step| if is_place(step) { "*" } else { step }).collect::<Vec<_>>().join("/")
}

/// A field, and the events in which a text stands in it.
pub type Field = (String, Box<dyn Fn(&str) -> Vec<Event> + Sync>);

/// Every field of these events that takes any text: words of ours, times and the like take none.
pub fn texts_of(events: &[Event]) -> Vec<Field> {
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    for event in events {
        let value = serde_json::to_value(event).unwrap();
        let mut paths = Vec::new();
        leaves(&value, String::new(), &mut paths);
        for path in paths {
            let name = format!("{} {}", value["event"].as_str().unwrap(), general(&path));
            let set = {
                let (value, path) = (value.clone(), path.clone());
                move |text: &str| {
                    let mut value = value.clone();
                    *value.pointer_mut(&path).unwrap() = Value::from(text);
                    serde_json::from_value::<Event>(value).ok().into_iter().collect::<Vec<_>>()
                }
            };
            if !set("any text").is_empty() {
                fields.entry(name.clone()).or_insert_with(|| (name, Box::new(set)));
            }
        }
    }
    fields.into_values().collect()
}
