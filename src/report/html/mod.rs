//! The HTML report: one file that loads nothing, for people who decide about a rollout.
//!
//! The first screen answers, everything below can be opened. Charts are drawn inline and stand in or above a table with the
//! same figures. What is per trial is carried packed and unpacked by the page's script when it is asked for; that script
//! is known to the page's policy by its hash, and puts text into text nodes only.

mod answer;
mod cells;
mod change;
mod effects;
mod flow;
mod packed;
mod provenance;
mod stories;
mod story;
mod table;
mod trials;

use std::io::{self, Write};

use askama::Template;

use crate::report::effects::LEGEND;
use crate::report::figures::{count, plain};
use crate::report::markup::Html;
use crate::report::{Input, Sheet};
use crate::report::{change as changes, guardrails, holds, repeats};
use crate::score::Class;
use answer::Answer;
use cells::Block;
use change::Change;
use effects::Tornado;
use flow::Flow;
pub(super) use packed::hash;
use provenance::Origin;
pub use stories::{Stories, story_element};
use table::Drawn;

/// The style of every page.
pub(super) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

#[derive(Template)]
#[template(path = "html/page.html", config = "src/report/askama.toml")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    version: Html,
    title: Html,
    measured: String,
    plan: &'a str,
    plan_whole: &'a str,
    answer: Answer,
    change: Change,
    classes: Vec<(&'static str, String)>,
    blocks: Vec<Block>,
    guardrails: Vec<Drawn>,
    standings: Vec<Drawn>,
    repeats: Vec<Drawn>,
    tornados: Vec<Tornado>,
    effects_legend: [&'static str; 3],
    changes: Vec<Drawn>,
    roads: Vec<(Html, Vec<Flow>)>,
    width: f64,
    left_out: String,
    origins: Vec<Origin>,
    inputs: Vec<[Html; 3]>,
}

/// Writes the page, piece by piece.
///
/// # Errors
/// It cannot be written, or what is kept of the trials cannot be read.
pub fn write(sheet: &Sheet, stories: &Stories, out: &mut dyn Write) -> io::Result<()> {
    let flows = sheet.scenarios.iter().map(|s| (Html::from(&s.name), flow::flows(sheet, s)));
    let page = Page {
        policy: policy(),
        style: STYLE,
        version: Html::from(&sheet.harness),
        title: title(sheet),
        measured: measured(sheet),
        plan: sheet.plan.get(..12).unwrap_or(&sheet.plan),
        plan_whole: &sheet.plan,
        answer: answer::answer(sheet),
        change: change::change(sheet.comparison.as_ref()),
        guardrails: guardrails::tables(&sheet.guardrails).iter().map(Drawn::from).collect(),
        standings: standings(sheet),
        repeats: [repeats::table(sheet)].iter().map(Drawn::from).collect(),
        tornados: effects::tornados(&sheet.effects),
        effects_legend: LEGEND,
        changes: sheet.comparison.iter().flat_map(changes::tables).map(|table| Drawn::from(&table)).collect(),
        classes: classes(sheet),
        blocks: cells::blocks(sheet),
        roads: flows.filter(|(_, flows)| !flows.is_empty()).collect(),
        width: flow::width(),
        left_out: left_out(sheet, stories.carried),
        origins: origins(sheet),
        inputs: inputs(sheet),
    };
    page.write_into(out)?;
    trials::write(sheet, out)?;
    stories.write(out)?;
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
}

/// Whether the setups hold, where something was varied.
fn standings(sheet: &Sheet) -> Vec<Drawn> {
    let tables = holds::tables(&sheet.standings);
    tables.iter().filter(|table| !table.rows.is_empty()).map(Drawn::from).collect()
}

/// Nothing is loaded, nothing is sent, and only our own style and script are run.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn title(sheet: &Sheet) -> Html {
    let names: Vec<_> = sheet.scenarios.iter().map(|s| s.name.for_terminal()).collect();
    match names.as_slice() {
        names if names.len() > 3 => format!("{} scenarios", names.len()).into(),
        names => names.join(", ").into(),
    }
}

fn measured(sheet: &Sheet) -> String {
    let agents: std::collections::BTreeSet<_> = sheet.lines.iter().map(|l| &l.agent).collect();
    format!(
        "{} trials: {} agents, {} setups, {} a cell, seeds {} to {}",
        count(sheet.coverage.sealed),
        agents.len(),
        sheet.setups.len(),
        sheet.seeds.per_cell,
        sheet.seeds.first,
        sheet.seeds.last
    )
}

/// The classes that occur, mildest first, for the key.
fn classes(sheet: &Sheet) -> Vec<(&'static str, String)> {
    let mut classes: Vec<Class> =
        sheet.lines.iter().flat_map(|l| l.figures.classes.keys().copied()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes.iter().map(|c| (c.word(), plain(c.word()))).collect()
}

fn left_out(sheet: &Sheet, carried: u64) -> String {
    let all = sheet.coverage.sealed;
    if carried == all {
        return "All transcripts are in this file.".to_owned();
    }
    let harmed: u64 = sheet.lines.iter().map(|l| l.figures.harmed.k).sum();
    let lines = match all > trials::LINES_MAX {
        true => format!(
            " Of {all} trials the {} gravest are listed; marks.jsonl has them all.",
            trials::LINES_MAX
        ),
        false => String::new(),
    };
    format!(
        "Of {all} transcripts {carried} are in this file: the first of each cell and class, then those with harm \
         ({harmed} trials) as far as they fit. A trial without its transcript is marked by a dot and names the command \
         that shows it.{lines}"
    )
}

fn origins(sheet: &Sheet) -> Vec<Origin> {
    let told = sheet.scenarios.iter().filter_map(|s| s.incident.as_ref().map(|i| (&s.name, i)));
    told.map(|(name, incident)| provenance::origin(name, incident)).collect()
}

fn inputs(sheet: &Sheet) -> Vec<[Html; 3]> {
    let row = |what: &str, input: &Input| [what.into(), Html::from(&input.name), Html::from(&input.digest)];
    let mut rows = Vec::new();
    for scenario in &sheet.scenarios {
        let own = |what: &str, digest| [what.into(), Html::from(&scenario.name), Html::from(digest)];
        rows.push(own("stage", &scenario.stage_digest));
        rows.push(own("brief", &scenario.brief_digest));
        rows.extend(scenario.agents.iter().map(|agent| row("agent", agent)));
    }
    rows.extend(sheet.setups.iter().map(|setup| row("setup", setup)));
    rows
}
