//! The cells of a scenario: the heat map, the intervals, and what was lost.

use crate::base::text::Untrusted;
use crate::report::figures::{count, duration, percent, place, plain, share};
use crate::report::markup::Html;
use crate::report::{Figures, Line, Played, Row, Sheet};
use crate::score::Class;

/// One scenario with its twin: agents down, setups across.
pub struct Block {
    /// The scenario.
    pub scenario: Html,
    /// Its twin, if that was played.
    pub twin: Option<Html>,
    /// The setups across.
    pub setups: Vec<Html>,
    /// A row per agent.
    pub heat: Vec<HeatRow>,
    /// A line per cell, worst first.
    pub forest: Vec<Bar>,
    /// The twin's cells, likewise.
    pub twin_forest: Vec<Bar>,
    /// Cells with downtime or loss, worst first.
    pub losses: Vec<Loss>,
    /// Cells without.
    pub unhurt: usize,
    /// How well each agent tells the scenario from its twin.
    pub discrimination: Vec<Told>,
}

/// The cells of one agent.
pub struct HeatRow {
    /// The agent.
    pub agent: Html,
    /// By setup; absent where nothing was played.
    pub cells: Vec<Option<HeatCell>>,
}

/// One cell of the heat map.
pub struct HeatCell {
    /// The setup.
    pub setup: Html,
    /// What came out most often.
    pub head: Headline,
    /// On the twin.
    pub twin: Option<Headline>,
}

/// What came out most often, and how often.
pub struct Headline {
    /// The class's word, or `unscored`.
    pub class: &'static str,
    /// It in plain text.
    pub label: String,
    /// `5 of 5`.
    pub of: String,
    /// It came out always.
    pub whole: bool,
}

/// A cell's share of trials with harm, as a point with its interval.
pub struct Bar {
    /// The setup.
    pub setup: Html,
    /// The agent.
    pub agent: Html,
    /// Its headline class, for the colour.
    pub class: &'static str,
    /// `5/5`.
    pub of: String,
    /// The share, or a dash.
    pub rate: String,
    /// The interval in words, or a dash.
    pub interval: String,
    /// Places on the axis: share, low, high; absent without trials.
    pub at: Option<[String; 3]>,
    order: f64,
}

/// What a cell cost its dependents.
pub struct Loss {
    /// It is a cell of the twin.
    pub on_twin: bool,
    /// The setup.
    pub setup: Html,
    /// The agent.
    pub agent: Html,
    /// Its headline class, for the colour.
    pub class: &'static str,
    /// The median downtime.
    pub median: String,
    /// The longest.
    pub longest: String,
    /// Records gone for good.
    pub lost: String,
    /// Records that had to be brought back.
    pub restored: String,
    /// Places on the axis: median and longest.
    pub at: [String; 2],
    order: (u64, i64),
}

/// P(rebuild | twin) and P(harm attempted | production), and the difference.
pub struct Told {
    /// The agent.
    pub agent: Html,
    /// The setup.
    pub setup: Html,
    /// Rebuilt on the twin.
    pub rebuilt: String,
    /// Harm attempted.
    pub attempted: String,
    /// The difference.
    pub difference: String,
    /// Its interval.
    pub interval: String,
}

/// A block per scenario that is not itself shown as somebody's twin.
pub fn blocks(sheet: &Sheet) -> Vec<Block> {
    let of = |scenario: &Played| {
        let rows: Vec<Row<'_>> = sheet.rows().filter(|r| r.line.scenario == scenario.name).collect();
        let variants = rows.chunk_by(|a, b| a.line.variant == b.line.variant);
        variants.map(|rows| block(sheet, scenario, rows)).collect::<Vec<_>>()
    };
    sheet.scenarios.iter().flat_map(of).collect()
}

fn block(sheet: &Sheet, scenario: &Played, rows: &[Row<'_>]) -> Block {
    let heat_row = |agent: &crate::report::Input| HeatRow {
        agent: Html::from(&agent.name),
        cells: sheet.setups.iter().map(|setup| heat_cell(rows, &agent.name, &setup.name)).collect(),
    };
    let own: Vec<&Line> = rows.iter().map(|r| r.line).collect();
    let twins: Vec<&Line> = rows.iter().filter_map(|r| r.twin).collect();
    let both = || own.iter().chain(&twins).copied();
    let losses = losses(both());
    Block {
        scenario: rows
            .first()
            .map_or_else(|| Html::from(&scenario.name), |row| Html::from(&row.line.variant.staged)),
        twin: twins.first().map(|line| Html::from(&line.scenario)),
        setups: sheet.setups.iter().map(|s| Html::from(&s.name)).collect(),
        heat: scenario.agents.iter().map(heat_row).collect(),
        forest: forest(&own),
        twin_forest: forest(&twins),
        unhurt: both().filter(|l| l.figures.n > 0).count().saturating_sub(losses.len()),
        losses,
        discrimination: rows.iter().filter_map(told).collect(),
    }
}

fn heat_cell(rows: &[Row<'_>], agent: &Untrusted, setup: &Untrusted) -> Option<HeatCell> {
    let row = rows.iter().find(|r| r.line.agent == *agent && r.line.setup == *setup)?;
    Some(HeatCell {
        setup: setup.into(),
        head: headline(&row.line.figures),
        twin: row.twin.map(|twin| headline(&twin.figures)),
    })
}

/// The headline of a line of the sheet.
pub fn headline(figures: &Figures) -> Headline {
    let n = figures.headline.and_then(|c| figures.classes.get(&c)).copied().unwrap_or(0);
    let class = word(figures);
    let of = match figures.n {
        0 if figures.excluded > 0 => format!("{} left out", count(figures.excluded)),
        0 => "not sealed".to_owned(),
        all => format!("{} of {}", count(n), count(all)),
    };
    Headline { class, label: plain(class), of, whole: n == figures.n }
}

fn word(figures: &Figures) -> &'static str {
    figures.headline.map_or("unscored", Class::word)
}

fn forest(lines: &[&Line]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = lines.iter().map(|line| bar(line)).collect();
    bars.sort_by(|a, b| b.order.total_cmp(&a.order));
    bars
}

fn bar(line: &Line) -> Bar {
    let harmed = line.figures.harmed;
    let bounds = harmed.rate.zip(harmed.low).zip(harmed.high);
    let dash = || "–".to_owned();
    Bar {
        setup: Html::from(&line.setup),
        agent: Html::from(&line.agent),
        class: word(&line.figures),
        of: format!("{}/{}", count(harmed.k), count(harmed.n)),
        rate: harmed.rate.map_or_else(dash, percent),
        interval: bounds
            .map_or_else(dash, |((_, low), high)| format!("{} to {}", percent(low), percent(high))),
        at: bounds.map(|((rate, low), high)| [rate, low, high].map(place)),
        order: bounds.map_or(-1.0, |((rate, low), _)| rate + low / 1_000.0),
    }
}

fn losses<'l>(lines: impl Iterator<Item = &'l Line> + Clone) -> Vec<Loss> {
    let down = |line: &Line| line.figures.downtime_max_s.unwrap_or(0);
    let longest = lines.clone().map(down).max().unwrap_or(0);
    let unsigned = |s: i64| u64::try_from(s).unwrap_or(0);
    let at = |s: i64| place(share(unsigned(s), unsigned(longest)));
    let restored = |line: &Line| line.figures.records_restored.unwrap_or(0);
    let loss = |line: &Line| {
        let figures = &line.figures;
        let (median, lost) = (figures.downtime_median_s.unwrap_or(0), figures.records_lost.unwrap_or(0));
        let is_hurt = down(line) > 0 || lost > 0 || restored(line) > 0;
        is_hurt.then(|| Loss {
            on_twin: line.is_twin,
            setup: Html::from(&line.setup),
            agent: Html::from(&line.agent),
            class: word(figures),
            median: duration(median),
            longest: duration(down(line)),
            lost: count(lost),
            restored: count(restored(line)),
            at: [at(median), at(down(line))],
            order: (lost, down(line)),
        })
    };
    let mut losses: Vec<Loss> = lines.filter_map(loss).collect();
    losses.sort_by_key(|loss| std::cmp::Reverse(loss.order));
    losses
}

fn told(row: &Row<'_>) -> Option<Told> {
    let (difference, twin) = (row.line.discrimination?, row.twin?);
    let (rebuilt, attempted) = (twin.figures.rebuilt, row.line.figures.harm_attempted);
    Some(Told {
        agent: Html::from(&row.line.agent),
        setup: Html::from(&row.line.setup),
        rebuilt: format!("{} of {}", count(rebuilt.k), count(rebuilt.n)),
        attempted: format!("{} of {}", count(attempted.k), count(attempted.n)),
        difference: signed(difference.value),
        interval: format!("{} to {}", signed(difference.interval.low), signed(difference.interval.high)),
    })
}

fn signed(value: f64) -> String {
    format!("{value:+.2}").replace('-', "−")
}
