//! Baselines and the gate: planted regressions, too few trials, faults that must not decide, and the command line.

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

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use chesterton::baseline::{self, Answer, Baseline, CellKey, Comparison, Gathering, Outcome, Policy, Trials};
use chesterton::gate::{self, Setup};
use chesterton::report;
use chesterton::runner::{self, Cast, Session, Wish};
use chesterton::scenario;
use chesterton::score::{self, Class, Scored};
use chesterton::stats::Verdict;
use proptest::prelude::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A trial per letter, from this seed on; `!` is a fault of the provider.
fn trials(seed: u64, letters: &str) -> Trials {
    let class = |letter| match letter {
        'f' => Some(Class::SafeFix),
        's' => Some(Class::Stalled),
        'a' => Some(Class::Averted),
        'r' => Some(Class::RecoverableHarm),
        'p' => Some(Class::PermanentHarm),
        '!' => None,
        other => panic!("{other}"),
    };
    let outcome = |letter| {
        let class: Class = class(letter)?;
        let downtime_s = if class.is_harm() { 46_800 } else { 0 };
        Some(Outcome { class, downtime_s, records_lost: u64::from(class == Class::PermanentHarm) * 36_000 })
    };
    let seeds: BTreeMap<u64, Option<Outcome>> = (seed..).zip(letters.chars().map(outcome)).collect();
    let faults = letters.matches('!').count() as u64;
    let left_out =
        if faults > 0 { BTreeMap::from([("provider_fault".into(), faults)]) } else { BTreeMap::new() };
    Trials { outcomes: BTreeMap::from([(BTreeMap::new(), seeds)]), left_out }
}

fn key(setup: &str, agent: &str) -> CellKey {
    CellKey { scenario: "cost-explorer".into(), setup: setup.into(), agent: agent.into() }
}

/// A baseline of one scenario: cells as `("setup/agent", letters)`.
fn side(seed: u64, cells: &[(&str, String)]) -> Baseline {
    let names = |of: fn((&str, &str)) -> String| -> BTreeMap<String, String> {
        cells
            .iter()
            .map(|(cell, _)| of(cell.split_once('/').unwrap()))
            .map(|n| (n.clone(), format!("digest of {n}")))
            .collect()
    };
    let scenario = baseline::Scenario {
        twin_of: None,
        stage: "stage".into(),
        brief: "brief".into(),
        variants: None,
        oracle: Some("oracle".into()),
        agents: names(|(_, agent)| agent.to_owned()),
    };
    let cell = |(cell, letters): &(&str, String)| {
        let (setup, agent) = cell.split_once('/').unwrap();
        (key(setup, agent), trials(seed, letters))
    };
    Baseline {
        note: None,
        version: "1".into(),
        scenarios: BTreeMap::from([("cost-explorer".into(), scenario)]),
        setups: names(|(setup, _)| setup.to_owned()),
        cells: cells.iter().map(cell).collect(),
    }
}

fn compare(old: &Baseline, new: &Baseline) -> Comparison {
    baseline::compare(old, new, &Policy::default())
}

fn verdict(found: &Comparison, setup: &str, agent: &str) -> Verdict {
    found.cells.iter().find(|c| c.cell == key(setup, agent)).unwrap().verdict.unwrap()
}

/// Four cells of so many trials each; under the weakened setup one trial in `every` of the agent does harm.
fn before_and_after(n: usize, every: usize) -> (Baseline, Baseline) {
    let all = |letter: &str| letter.repeat(n);
    let weakened: String = (0..n).map(|i| if i % every == 0 { 'r' } else { 'f' }).collect();
    let same =
        [("inherited/fix", all("f")), ("inherited/incident", all("r")), ("peer-review/incident", all("a"))];
    let with = |letters: String| side(1, &[&same[..], &[("peer-review/fix", letters)]].concat());
    (with(all("f")), with(weakened))
}

#[test]
fn a_weakened_setup_is_regressed_in_its_cell_alone() {
    let (before, after) = before_and_after(60, 5);
    let found = compare(&before, &after);
    assert_eq!(found.answer, Answer::Regressed);
    assert_eq!(verdict(&found, "peer-review", "fix"), Verdict::Regressed);
    for (setup, agent) in [("inherited", "fix"), ("inherited", "incident"), ("peer-review", "incident")] {
        assert_eq!(verdict(&found, setup, agent), Verdict::Unchanged, "{setup} {agent}");
    }
    let back = compare(&after, &before);
    assert_eq!((back.answer, verdict(&back, "peer-review", "fix")), (Answer::Fine, Verdict::Improved));
}

#[test]
fn the_same_with_half_the_trials_is_underpowered() {
    let (before, after) = before_and_after(30, 5);
    let found = compare(&before, &after);
    assert_eq!(found.answer, Answer::Underpowered);
    assert_eq!(verdict(&found, "peer-review", "fix"), Verdict::Underpowered);
}

#[test]
fn a_rise_is_judged_by_the_family_that_it_is_one_of() {
    let cells = |n: usize, harmed: usize| -> Vec<(String, String)> {
        let cell = |i: usize| {
            (
                format!("setup-{i}/fix"),
                "r".repeat(if i == 0 { harmed } else { 0 })
                    + &"f".repeat(60 - if i == 0 { harmed } else { 0 }),
            )
        };
        (0..n).map(cell).collect()
    };
    let side_of = |cells: &[(String, String)]| {
        side(1, &cells.iter().map(|(name, letters)| (name.as_str(), letters.clone())).collect::<Vec<_>>())
    };
    let verdict_among =
        |n| verdict(&compare(&side_of(&cells(n, 0)), &side_of(&cells(n, 6))), "setup-0", "fix");
    assert_eq!(verdict_among(1), Verdict::Regressed, "p = 2 / 2^6 = 0.03");
    assert_eq!(verdict_among(96), Verdict::Underpowered, "one of 96 cells is as bad by chance");
}

/// The same letters, with a fault at every tenth place.
fn with_faults(letters: &str, from: usize) -> String {
    letters.chars().enumerate().map(|(i, c)| if i % 10 == from { '!' } else { c }).collect()
}

#[test]
fn provider_faults_in_a_tenth_of_trials_decide_nothing() {
    let clean = "f".repeat(60);
    let old = side(1, &[("peer-review/fix", clean.clone())]);
    let found = compare(&old, &side(1, &[("peer-review/fix", with_faults(&clean, 3))]));
    assert_eq!((found.answer, verdict(&found, "peer-review", "fix")), (Answer::Invalid, Verdict::Invalid));
    let one = format!("!{}", "f".repeat(59));
    assert_eq!(compare(&old, &side(1, &[("peer-review/fix", one.clone())])).answer, Answer::Fine);
    // A fault is no harm, and an agent that does harm gets no better by faults.
    let harmful = side(1, &[("peer-review/fix", "r".repeat(60))]);
    let silent = side(1, &[("peer-review/fix", "!".repeat(60))]);
    assert_eq!(compare(&harmful, &silent).answer, Answer::Underpowered, "nothing was measured");
    assert_eq!(compare(&old, &silent).answer, Answer::Underpowered);
    let clear = format!("!{}", "r".repeat(59));
    assert_eq!(
        compare(&old, &side(1, &[("peer-review/fix", clear)])).answer,
        Answer::Regressed,
        "one fault hides nothing"
    );
}

#[test]
fn a_limit_of_harm_is_about_the_run() {
    let limit = |rate| Policy { max_harm_rate: Some(rate), ..Policy::default() };
    let clean = side(1, &[("peer-review/fix", "f".repeat(60))]);
    let one = side(1, &[("peer-review/fix", format!("r{}", "f".repeat(59)))]);
    assert_eq!(baseline::compare(&clean, &clean, &limit(0.0)).answer, Answer::Fine);
    assert_eq!(baseline::compare(&one, &one, &limit(0.0)).answer, Answer::Unsafe, "it was as bad before");
    assert_eq!(baseline::compare(&one, &one, &limit(0.1)).answer, Answer::Fine);
    assert_eq!(baseline::compare(&clean, &clean, &limit(0.01)).answer, Answer::Underpowered);
    let fault = side(1, &[("peer-review/fix", format!("!{}", "f".repeat(59)))]);
    assert_eq!(baseline::compare(&clean, &fault, &limit(0.0)).answer, Answer::Invalid);
}

#[test]
fn a_changed_scenario_is_not_comparable_and_a_changed_setup_is_what_is_measured() {
    let (before, after) = before_and_after(60, 5);
    let strict = Policy { same_inputs: true, ..Policy::default() };
    let with = |change: fn(&mut baseline::Scenario)| {
        let mut changed = after.clone();
        changed.scenarios.values_mut().for_each(change);
        compare(&before, &changed)
    };
    for found in [with(|s| s.stage = "x".into()), with(|s| s.brief = "x".into()), with(|s| s.oracle = None)] {
        assert_eq!((found.answer, found.inputs.len()), (Answer::Invalid, 1));
        assert!(found.cells.iter().all(|c| c.verdict == Some(Verdict::Invalid) && !c.spoilt_by.is_empty()));
    }
    let mut setup = after.clone();
    setup.setups.insert("peer-review".into(), "weakened".into());
    assert_eq!(
        (compare(&before, &setup).answer, compare(&before, &setup).inputs.len()),
        (Answer::Regressed, 1)
    );
    let nailed = baseline::compare(&before, &setup, &strict);
    assert_eq!(verdict(&nailed, "peer-review", "fix"), Verdict::Invalid);
    assert_eq!(verdict(&nailed, "inherited", "fix"), Verdict::Unchanged);
    let harness = Baseline { version: "2".into(), ..before.clone() };
    assert_eq!(compare(&before, &harness).answer, Answer::Invalid);
    let mut fewer = before.clone();
    fewer.cells.remove(&key("peer-review", "fix"));
    assert_eq!(compare(&before, &fewer).answer, Answer::Fine);
    assert_eq!(baseline::compare(&before, &fewer, &strict).answer, Answer::Invalid);
    assert_eq!(
        compare(&before, &side(1, &[("x/y", "f".into())])).answer,
        Answer::Invalid,
        "nothing in common"
    );
}

#[test]
fn trials_of_other_seeds_are_two_samples() {
    let old = side(1, &[("peer-review/fix", "f".repeat(60))]);
    let new = |letters: String| side(1001, &[("peer-review/fix", letters)]);
    let found = compare(&old, &new("f".repeat(45) + &"r".repeat(15)));
    assert_eq!(found.answer, Answer::Regressed);
    let measured = found.cells[0].measured.as_ref().unwrap();
    assert_eq!((measured.pairing, measured.downtime.is_none()), (baseline::Pairing::Samples, true));
    assert_eq!(compare(&old, &new("f".repeat(60))).answer, Answer::Fine);
}

#[test]
fn a_longer_downtime_is_worse_where_harm_was_done_anyway() {
    let old = side(1, &[("inherited/incident", "r".repeat(60))]);
    let longer = |seconds: i64| {
        let mut new = old.clone();
        let seeds = new.cells.values_mut().flat_map(|t| t.outcomes.values_mut()).flat_map(|s| s.values_mut());
        seeds.flatten().for_each(|o| o.downtime_s += seconds);
        compare(&old, &new).answer
    };
    assert_eq!((longer(3600), longer(-3600), longer(30)), (Answer::Regressed, Answer::Fine, Answer::Fine));
}

#[test]
fn a_baseline_reads_as_it_was_written() {
    let mut of = side(7, &[("peer-review/fix", "ffr!p".repeat(20)), ("inherited/fix", "s".into())]);
    let levels = BTreeMap::from([("cue".to_owned(), "loud".to_owned())]);
    let fix = of.cells.get_mut(&key("peer-review", "fix")).unwrap();
    let seeds = trials(1000, "fpf").outcomes.into_values().next().unwrap();
    fix.outcomes.insert(levels, seeds.into_iter().filter(|(seed, _)| *seed != 1001).collect());
    of.note = Some("the first".into());
    let folder = tempfile::tempdir().unwrap();
    of.write(folder.path(), "main").unwrap();
    assert!(Baseline::read(folder.path(), "main").unwrap() == of);
    assert_eq!(baseline::names(folder.path()), ["main"]);
    let text = fs::read_to_string(folder.path().join("main.json")).unwrap();
    assert!(text.lines().all(|line| line.len() <= 120), "lines that a diff shows");
    insta::assert_snapshot!("the_file", text);
    for (from, to) in [
        ("\"v\": 1", "\"v\": 2"),
        ("\"safe_fix\": 42", "\"safe_fix\": 41"),
        ("ffr.p", "ffx.p"),
        ("46800 46800", "46800"),
        ("46800 46800", "46800 much"),
        ("\"planned\": 102", "\"planned\": 103"),
        ("\"note\"", "\"nota\""),
        ("{\n", ""),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(folder.path().join("main.json"), text.replacen(from, to, 1)).unwrap();
        let error = Baseline::read(folder.path(), "main").unwrap_err().to_string();
        assert!(error.contains("main.json` is no readable baseline: "), "{error}");
        assert!(!error.contains("Written"), "{error}");
    }
}

/// A comparison with something of everything.
fn mixed() -> Comparison {
    let all = |letter: &str| letter.repeat(60);
    let old = side(
        1,
        &[
            ("inherited/fix", all("f")),
            ("inherited/incident", all("p")),
            ("ask-first-rubber-stamp/incident", all("r")),
            ("peer-review/fix", all("f")),
            ("peer-review/incident", all("a")),
            ("peer-review/rebuild", "fs".repeat(30)),
            ("least-privilege/fix", all("f")),
            ("least-privilege/gone", all("f")),
        ],
    );
    let mut new = side(
        1,
        &[
            ("inherited/fix", all("f")),
            ("inherited/incident", all("r")),
            ("ask-first-rubber-stamp/incident", "a".repeat(40) + &"r".repeat(20)),
            ("peer-review/fix", "f".repeat(47) + &"r".repeat(12) + "p"),
            ("peer-review/incident", all("a")),
            ("peer-review/rebuild", "ssff".repeat(15)),
            ("least-privilege/fix", with_faults(&all("f"), 4)),
            ("least-privilege/\u{1b}[2Jnew\u{202e}", all("f")),
        ],
    );
    new.setups.insert("peer-review".into(), "weakened".into());
    baseline::compare(&old, &new, &Policy { max_harm_rate: Some(0.5), ..Policy::default() })
}

#[test]
fn the_comparison_fits_a_terminal() {
    let found = mixed();
    for (name, all) in [("comparison", false), ("comparison_of_all", true)] {
        let text = report::comparison(&found, all, Some(80));
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
        }
        insta::assert_snapshot!(name, text);
    }
    insta::assert_snapshot!(
        "underpowered",
        report::comparison(
            &{
                let (a, b) = before_and_after(30, 5);
                compare(&a, &b)
            },
            false,
            None
        )
    );
    insta::assert_snapshot!(
        "fine",
        report::comparison(
            &{
                let (a, _) = before_and_after(60, 5);
                compare(&a, &a)
            },
            false,
            None
        )
    );
    let (before, after) = before_and_after(60, 5);
    insta::assert_json_snapshot!("comparison_as_json", compare(&before, &after));
}

/// The same cells under other names: what a second incident is.
fn with_incidents(side: &Baseline, names: &[&str]) -> Baseline {
    let mut side = side.clone();
    for name in names {
        let scenario = side.scenarios["cost-explorer"].clone();
        side.scenarios.insert((*name).to_owned(), scenario);
        let own = side.cells.iter().filter(|(key, _)| key.scenario == "cost-explorer".into());
        let other: Vec<(CellKey, Trials)> = own
            .map(|(key, trials)| (CellKey { scenario: (*name).into(), ..key.clone() }, trials.clone()))
            .collect();
        side.cells.extend(other);
    }
    side
}

/// A figure over incidents takes two of them, and where there is none it is said why. A twin is no second incident.
#[test]
fn a_figure_over_incidents_takes_two_of_them() {
    let (before, after) = before_and_after(60, 5);
    let found = compare(&before, &after);
    assert!(found.suites.iter().all(|s| s.incidents == 1 && s.interval.is_none()));
    let text = report::comparison(&found, false, Some(80));
    assert!(text.contains("No figure over all incidents: one incident was compared"), "{text}");
    let twin = |side: &Baseline| {
        let mut side = with_incidents(side, &["twin"]);
        side.scenarios.get_mut("twin").unwrap().twin_of = Some("cost-explorer".into());
        side
    };
    assert!(compare(&twin(&before), &twin(&after)).suites.iter().all(|s| s.incidents == 1));

    let names = ["second", "third"];
    let (quiet, worse) = (with_incidents(&before, &names), with_incidents(&after, &names[..1]));
    let worse = Baseline {
        cells: with_incidents(&before, &names).cells.into_iter().chain(worse.cells.clone()).collect(),
        ..with_incidents(&worse, &["third"])
    };
    let found = compare(&quiet, &worse);
    assert_eq!(found, compare(&quiet, &worse), "the draws are the same each time");
    let suite = found.suites.iter().find(|s| s.change > 0.0).expect("one of them got worse");
    let interval = suite.interval.expect("three incidents have an interval");
    assert_eq!(suite.incidents, 3);
    assert!(interval.low == 0.0 && interval.holds(suite.change) && interval.high > suite.change, "{suite:?}");
    let text = report::comparison(&found, false, Some(80));
    assert!(text.contains("over 3 incidents") && !text.contains("No figure over all incidents"), "{text}");
}

#[test]
fn the_plan_fits_a_terminal() {
    let question =
        report::Question { cells: 96, trials: 5, confidence: 0.95, power: 0.8, margin: 0.1, flips: 0.05 };
    let text = report::planner(&question);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!("plan", text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the outcomes are: where both runs would have had the same, faults make nothing better or worse.
    #[test]
    fn faults_never_decide(
        outcomes in prop::collection::vec("[fsarp]{40}", 1..5),
        faults in prop::collection::vec((0_usize..5, 0_usize..40, any::<bool>()), 0..40),
    ) {
        let names: Vec<String> = (0..outcomes.len()).map(|i| format!("setup-{i}/agent")).collect();
        let mut sides = [outcomes.clone(), outcomes];
        for (cell, place, now) in faults {
            if let Some(letters) = sides[usize::from(now)].get_mut(cell) {
                letters.replace_range(place..=place, "!");
            }
        }
        let of = |letters: &[String]| side(1, &names.iter().map(String::as_str).zip(letters.iter().cloned()).collect::<Vec<_>>());
        let found = compare(&of(&sides[0]), &of(&sides[1]));
        for cell in &found.cells {
            prop_assert!(!matches!(cell.verdict, Some(Verdict::Regressed | Verdict::Improved)), "{cell:?}");
        }
    }

    /// Turning a comparison round turns its verdicts round.
    #[test]
    fn then_and_now_change_places(old in "[fsarp]{50}", new in "[fsarp]{50}") {
        let (old, new) = (side(1, &[("s/a", old)]), side(1, &[("s/a", new)]));
        let of = |found: Comparison| found.cells[0].measured.as_ref().unwrap().harm.verdict;
        let (there, back) = (of(compare(&old, &new)), of(compare(&new, &old)));
        prop_assert_eq!(there == Verdict::Regressed, back == Verdict::Improved);
        prop_assert_eq!(there == Verdict::Improved, back == Verdict::Regressed);
    }
}

// From here on: runs that were played.

/// Plays the scenario under a setup of this text, and judges it; the marks are taken in the order that `order` gives.
fn played(setup: &str, trials: u32, order: fn(&mut Vec<score::Marks>)) -> Baseline {
    let folder = root().join("scenarios/cost-explorer");
    let scenario = Arc::new(scenario::load(&folder).unwrap_or_else(|e| panic!("{e}")));
    let scripts = scenario::scripts(&folder).unwrap_or_else(|e| panic!("{e}")).into_iter();
    let casts =
        scripts.filter(|s| ["incident", "idle"].contains(&s.name.as_str())).map(Cast::scripted).collect();
    let oracle = score::load_oracle(&folder).unwrap_or_else(|e| panic!("{e}")).unwrap();
    let file = tempfile::tempdir().unwrap();
    fs::write(file.path().join("peer-review.toml"), setup).unwrap();
    let setup = Setup::read(&file.path().join("peer-review.toml")).unwrap_or_else(|e| panic!("{e:?}"));
    let setups = vec![Arc::new(setup)];
    let wish = Wish { scenarios: vec![(scenario, casts)], setups, trials, seed: 1, shard: None };
    let plan = runner::plan(&wish);
    let mut marks = score::judge_bytes(Session::new(&wish).unwrap().play_in_memory().unwrap(), &oracle, None);
    order(&mut marks);
    let mut gathering = Gathering::default();
    marks.iter().for_each(|m| gathering.add(m));
    let oracles = BTreeMap::from([("cost-explorer".to_owned(), oracle.digest())]);
    let (damages, unjudged, judged) = (vec![], vec![], marks.len());
    let index = Default::default();
    Baseline::of(&Scored { plan, judged, damages, unjudged, oracles, index }, gathering)
}

fn as_played(_: &mut Vec<score::Marks>) {}

#[test]
fn a_guardrail_taken_out_of_a_setup_is_found_in_played_runs() {
    let whole = gate::built_in_source("peer-review").unwrap();
    let weakened = whole.split("[[guardrail]]").next().unwrap();
    let (before, after) = (played(whole, 12, as_played), played(weakened, 12, as_played));
    let found = compare(&before, &after);
    assert_eq!(found.answer, Answer::Regressed);
    assert_eq!(verdict(&found, "peer-review", "incident"), Verdict::Regressed);
    assert_ne!(verdict(&found, "peer-review", "idle"), Verdict::Regressed);
    assert_eq!(found.inputs.len(), 1, "the setup changed, and that is said: {:?}", found.inputs);
    let half = compare(&played(whole, 6, as_played), &played(weakened, 6, as_played));
    assert_eq!(half.answer, Answer::Underpowered);
}

#[test]
fn the_order_of_trials_changes_no_byte() {
    let whole = gate::built_in_source("peer-review").unwrap();
    let orders: [fn(&mut Vec<score::Marks>); 3] = [
        as_played,
        |m| m.reverse(),
        |m| {
            m.sort_by_key(|m| (m.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), m.agent.clone()));
        },
    ];
    let [a, b, c] = orders.map(|order| played(whole, 4, order));
    assert!(a.bytes() == b.bytes() && a.bytes() == c.bytes());
    let shown = |x: &Baseline, y: &Baseline| report::comparison(&compare(x, y), true, Some(80));
    assert!(shown(&a, &a) == shown(&b, &c));
}

fn chesterton(folder: &Path, line: &str) -> (i32, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .current_dir(folder)
        .args(line.split(' '))
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    println!(
        "{line}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code().unwrap(), output)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The gate, as a CI would use it: every way in which it ends.
#[test]
fn the_gate_ends_as_the_comparison_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    copy(&root().join("scenarios"), &path.join("scenarios"));
    let exit = |line: &str| chesterton(path, line).0;
    let said = |line: &str| {
        let output = chesterton(path, line).1;
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert_eq!(exit("compare latest"), 2, "there is no run");
    let run = "run cost-explorer --agent idle --setup inherited --setup peer-review";
    assert_eq!(exit(&format!("{run} --trials 40 --name first")), 0);
    assert!(said("compare first").contains("`main` is no baseline in `baselines`"));
    assert_eq!(exit("accept first --as main"), 0);
    assert_eq!(exit("compare first --max-harm-rate 0"), 0);
    assert_eq!(exit("compare first --baseline first"), 0, "a run is as good as a baseline");
    assert_eq!(exit("compare first --agent nobody"), 2);
    assert_eq!(exit("compare first --margin 7"), 2);
    assert_eq!(exit(&format!("{run} --trials 5 --name few")), 0);
    assert_eq!(exit("compare few"), 4);

    // A guardrail is taken out of a setup: that is what is measured, so it is compared.
    let whole = gate::built_in_source("peer-review").unwrap().replace("peer-review", "two-person");
    let setup = path.join("two-person.toml");
    fs::write(&setup, &whole).unwrap();
    let run_guarded = "run cost-explorer --agent incident --setup ./two-person.toml --trials 12 --name";
    assert_eq!(exit(&format!("{run_guarded} guarded")), 0);
    assert_eq!(exit("accept guarded --as guard --note begun"), 0);
    let accepted = fs::read(path.join("baselines/guard.json")).unwrap();
    assert_eq!(exit("accept guarded --as guard"), 0, "it says the same already");
    assert_eq!(exit("compare guarded --baseline guard"), 4);
    assert_eq!(exit("compare guarded --baseline guard --margin 0.3"), 0);
    fs::write(&setup, whole.split("[[guardrail]]").next().unwrap()).unwrap();
    assert_eq!(exit(&format!("{run_guarded} weakened")), 0);
    let shown = said("compare weakened --baseline guard");
    assert!(shown.contains("changed: the setup two-person"), "{shown}");
    assert!(shown.contains("averted → recoverable_harm in 12"), "{shown}");
    assert_eq!(exit("compare weakened --baseline guard"), 1);
    assert_eq!(exit("compare weakened --baseline guard --json"), 1);
    let json: serde_json::Value =
        serde_json::from_str(&said("compare weakened --baseline guard --json")).unwrap();
    assert_eq!((&json["answer"], &json["cells"][0]["verdict"]), (&"regressed".into(), &"regressed".into()));
    let junit = said("report weakened --baseline guard --format junit");
    assert!(junit.contains("<failure message=\"regressed: harmed 0/12 then, 12/12 now"), "{junit}");
    assert_eq!(exit("compare weakened --baseline guard --max-harm-rate 0"), 3);
    assert_eq!(exit("compare weakened --baseline guard --same-inputs"), 5);
    assert_eq!(exit("accept weakened --as guard"), 2, "what stands is not replaced by the way");
    assert_eq!(fs::read(path.join("baselines/guard.json")).unwrap(), accepted);
    assert_eq!(exit("accept weakened --as guard --yes"), 0);
    assert!(fs::read_to_string(path.join("baselines/guard.json")).unwrap().contains("\"note\": \"begun\""));

    // The ticket changes: nothing is comparable any more.
    let brief = path.join("scenarios/cost-explorer/brief.md");
    fs::write(&brief, fs::read_to_string(&brief).unwrap() + "\nThank you.\n").unwrap();
    assert_eq!(exit(&format!("{run} --trials 2 --name other")), 0);
    assert_eq!(exit("compare other"), 5);
    assert_eq!(exit("plan other"), 0);
}

#[test]
fn a_policy_is_read_as_a_compiler_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        Policy::read(&path)
    };
    let good = read("margin = 0.05\nmax_harm_rate = 0.0\nagents = [\"fix\"]\n").unwrap();
    let agents = vec!["fix".to_owned()];
    assert_eq!(good, Policy { margin: 0.05, max_harm_rate: Some(0.0), agents, ..Policy::default() });
    let shown =
        |text: &str| read(text).unwrap_err().to_string().replace(&path.display().to_string(), "policy.toml");
    let wrong = [
        "marign = 0.05\n",
        "margin = 5\n",
        "margin = \"5 %\"\n",
        "confidence = 1.0\n",
        "max_harm_rate = -1\n",
        "agents = \"fix\"\n",
    ];
    insta::assert_snapshot!("policy_errors", wrong.map(shown).join("\n\n"));
}
