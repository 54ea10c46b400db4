//! What is to be shrunk: what a hunt found, a cell of a varied run that does harm, or a scenario with levels that are named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::cast::CastError;
use super::hunt::{Asked, Hunter};
use super::judged::{Failed, judged, misused};
use super::resume::{agent_of, setup_of};
use super::score::find_run;
use super::shrink::Arguments;
use super::terminal::Terminal;
use crate::base::digest;
use crate::base::exit::Exit;
use crate::ledger::RunFolder;
use crate::record::plan::{Named, Plan, PlannedScenario};
use crate::record::{self, Factors};
use crate::scenario::{self, Scenario};
use crate::stats::effects::Nudge;
use crate::stats::search::{FINDING_VERSION, Finding, Tally, nudges};

/// Digits of a digest that a search's folder has in its name.
const NAME_HEX: usize = 8;

/// The finding that is meant, and the folder of its search.
pub(super) fn tipped(
    arguments: &Arguments,
    root: &Path,
    results: &Path,
    terminal: &mut Terminal,
) -> Result<(PathBuf, Finding), Failed> {
    let name = &arguments.what;
    let candidates = [
        PathBuf::from(name),
        PathBuf::from(name).join("finding.json"),
        results.join(name).join("finding.json"),
    ];
    if let Some(path) = candidates.into_iter().find(|path| path.is_file()) {
        return of_hunt(&path);
    }
    if let Ok(run) = find_run(name, results) {
        let (called, finding) = of_run(arguments, &run, terminal)?;
        return Ok((results.join(called), finding));
    }
    match scenario::find(root, name) {
        Ok(path) => of_scenario(arguments, &path).map(|(called, finding)| (results.join(called), finding)),
        Err(_) => Err(misused(format!(
            "`{name}` is nothing to shrink: expected what `hunt` made (a folder with a `finding.json`), a run that varied \
             something, or a scenario with `--levels`"
        ))),
    }
}

/// What a hunt found.
fn of_hunt(path: &Path) -> Result<(PathBuf, Finding), Failed> {
    let text = std::fs::read(path).map_err(|e| misused(format!("`{}`: {e}", path.display())))?;
    let finding: Finding = serde_json::from_slice(&text)
        .map_err(|e| (Exit::Invalid, format!("error: `{}`: {e}", path.display())))?;
    if finding.v != FINDING_VERSION {
        let text = format!(
            "`{}` is of version {}, and this program reads {FINDING_VERSION}",
            path.display(),
            finding.v
        );
        return Err((Exit::Invalid, format!("error: {text}")));
    }
    Ok((path.parent().map(Path::to_owned).unwrap_or_default(), finding))
}

/// A scenario with the levels that are named.
fn of_scenario(arguments: &Arguments, path: &Path) -> Result<(String, Finding), Failed> {
    let bad = |error: CastError| (Exit::BadScenario, error.shown(false));
    let scenario = scenario::load(path).map_err(|e| bad(e.into()))?;
    let name = &scenario.name;
    if scenario.factors.is_empty() {
        return Err(misused(format!(
            "`{name}` has no factors: what nudges in it is written into its files, and nothing can be taken away; shrink the \
             hunt or run that it came from"
        )));
    }
    let levels = levels(arguments, &scenario).map_err(bad)?;
    if levels.is_empty() {
        return Err(misused(format!(
            "name the levels of `{name}` that tip the agent: --levels FACTOR=LEVEL,…; see `chesterton list factors {name}`"
        )));
    }
    let (Some(agent), Some(setup)) = (&arguments.agent, &arguments.setup) else {
        return Err(misused("name who is tipped: --agent and --setup".to_owned()));
    };
    let base = scenario.factors.iter().filter(|factor| levels.contains_key(&factor.name));
    let base: Factors = base.map(|factor| (factor.name.clone(), factor.base.clone())).collect();
    let hunter = Hunter { scenario: name, agent, setup, seed: arguments.seed };
    let finding = asked(path, &hunter, arguments.asked, base, levels);
    Ok((folder_of(&finding, &hunter.called("shrink")), finding))
}

/// The levels that are named, all of which the scenario has.
fn levels(arguments: &Arguments, scenario: &Scenario) -> Result<Factors, CastError> {
    let known = |(factor, level): &(String, String)| -> Result<(String, String), CastError> {
        scenario.knows(scenario.factor(factor)?, level)?;
        Ok((factor.clone(), level.clone()))
    };
    arguments.levels.iter().map(known).collect()
}

/// The folder of a search: whoever asks something else, of other levels or at another rate, searches in another one.
fn folder_of(finding: &Finding, called: &str) -> String {
    let Finding { rate, confidence, base, tips, .. } = finding;
    let tips = tips.as_ref().map(record::in_words).unwrap_or_default();
    let question = [rate.to_string(), confidence.to_string(), record::in_words(base), tips];
    let digest = digest::of_parts(question.iter().map(String::as_str));
    format!("{called}-{}", digest.get(..NAME_HEX).unwrap_or_default())
}

/// What is known before the search: nothing was played yet.
fn asked(path: &Path, hunter: &Hunter<'_>, asked: Asked, base: Factors, tips: Factors) -> Finding {
    Finding {
        v: FINDING_VERSION,
        scenario: path.to_string_lossy().into_owned(),
        agent: hunter.agent.to_owned(),
        setup: hunter.setup.to_owned(),
        seed: hunter.seed,
        rate: asked.rate,
        confidence: asked.confidence,
        base,
        tips: Some(tips),
        trials: Tally::default(),
        spent: 0,
        tried: Vec::new(),
    }
}

/// A cell of a run that does harm, in one variant, and not at its base.
struct Harmful<'p> {
    scenario: &'p PlannedScenario,
    setup: &'p Named,
    agent: &'p Named,
    base: Factors,
    levels: Factors,
    trials: Tally,
}

impl Harmful<'_> {
    fn nudges(&self) -> Vec<Nudge> {
        nudges(&self.base, &self.levels)
    }

    /// Those that do harm oftenest come first, and of these those with the fewest nudges.
    fn rank(&self) -> (u32, usize) {
        let Tally { harmed, n } = self.trials;
        (n.saturating_sub(harmed).saturating_mul(1_000) / n.max(1), self.nudges().len())
    }

    /// Whether whoever asks means this one.
    fn is_meant(&self, arguments: &Arguments) -> bool {
        let fits = |wanted: &Option<String>, own: &Named| {
            let is_file =
                |wanted: &str| own.path.as_deref().is_some_and(|path| is_same(Path::new(wanted), path));
            wanted.as_deref().is_none_or(|wanted| wanted == own.name || is_file(wanted))
        };
        let own = self.nudges();
        let has = |(factor, level): &(String, String)| {
            own.iter().any(|nudge| nudge.factor == *factor && nudge.level == *level)
        };
        let named = &arguments.levels;
        fits(&arguments.setup, self.setup)
            && fits(&arguments.agent, self.agent)
            && (named.is_empty() || (named.len() == own.len() && named.iter().all(has)))
    }
}

/// Whether two paths lead to one file or folder.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// The cells of a run that do harm in at least this share of their trials, while their base does not.
fn harmful<'p>(
    plan: &'p Plan,
    run: &RunFolder,
    rate: f64,
    terminal: &Terminal,
) -> Result<Vec<Harmful<'p>>, Failed> {
    let mut tallies: BTreeMap<([String; 3], Factors), Tally> = BTreeMap::new();
    judged(run, terminal, |marks| {
        let cell = [&marks.scenario, &marks.setup, &marks.agent].map(Clone::clone);
        let tally = tallies.entry((cell, marks.factors.clone())).or_default();
        *tally = tally.and(&[marks.harmed()]);
    })?;
    let harms = |tally: &Tally| f64::from(tally.harmed) >= rate * f64::from(tally.n.max(1));
    let mut found = Vec::new();
    for ((cell, levels), trials) in &tallies {
        let [name, setup, agent] = cell;
        let named = |all: &'p [Named], name: &String| all.iter().find(|named| named.name == *name);
        let Some(scenario) = plan.scenarios.iter().find(|scenario| scenario.name == *name) else { continue };
        let (Some(setup), Some(agent)) = (named(&plan.setups, setup), named(&scenario.agents, agent)) else {
            continue;
        };
        let base = scenario.variants.first().map(|variant| variant.factors.clone()).unwrap_or_default();
        let at_base = tallies.get(&(cell.clone(), base.clone())).copied().unwrap_or_default();
        // A base of which nothing is known is not known to be harmless.
        if *levels != base && harms(trials) && at_base.n > 0 && !harms(&at_base) {
            found.push(Harmful { scenario, setup, agent, base, levels: levels.clone(), trials: *trials });
        }
    }
    Ok(found)
}

/// The cell of a run that is to be shrunk.
fn of_run(
    arguments: &Arguments,
    run: &RunFolder,
    terminal: &mut Terminal,
) -> Result<(String, Finding), Failed> {
    let plan = run.plan().map_err(|e| (Exit::Invalid, format!("error: {e}")))?;
    let name = run.name();
    if plan.scenarios.iter().all(|scenario| scenario.variants.len() < 2) {
        return Err(misused(format!(
            "`{name}` varied nothing, so there is no nudge to take away: play it with `--vary`, or look for one with `hunt`"
        )));
    }
    let rate = arguments.asked.rate;
    let mut all = harmful(&plan, run, rate, terminal)?;
    all.retain(|cell| cell.is_meant(arguments));
    all.sort_by_key(Harmful::rank);
    let Some(cell) = all.into_iter().next() else {
        return Err(misused(format!(
            "no cell of `{name}` that is meant does harm in {} % of its trials where its base does not: see `chesterton score {name}`",
            rate * 100.0
        )));
    };
    unchanged(cell.scenario)?;
    let told: Vec<String> = cell.nudges().iter().map(Nudge::to_string).collect();
    terminal.tell(format!(
        "of {name}: `{}` on `{}` under `{}` with {}: {} of {} harmed",
        cell.agent.name,
        cell.scenario.name,
        cell.setup.name,
        told.join(" "),
        cell.trials.harmed,
        cell.trials.n
    ));
    let (scenario, agent, setup) = (&cell.scenario.name, &cell.agent.name, &cell.setup.name);
    let called = Hunter { scenario, agent, setup, seed: plan.seed }.called(&format!("shrink-{name}"));
    // The run's own seeds chose the cell, so they prove nothing.
    let seed = plan.seed.wrapping_add(u64::from(plan.trials_per_cell));
    let (agent, setup) = (agent_of(cell.agent), setup_of(cell.setup));
    let hunter = Hunter { scenario, agent: &agent, setup: &setup, seed };
    let finding = asked(&cell.scenario.folder, &hunter, arguments.asked, cell.base, cell.levels);
    Ok((folder_of(&finding, &called), Finding { trials: cell.trials, ..finding }))
}

/// That a scenario still is what was played.
fn unchanged(planned: &PlannedScenario) -> Result<(), Failed> {
    let now = scenario::load(&planned.folder).map_err(|e| (Exit::BadScenario, e.render(false)))?;
    match now.digests.stage == planned.stage_digest {
        true => Ok(()),
        false => Err(misused(format!("`{}` has changed since it was played: play it again", planned.name))),
    }
}
