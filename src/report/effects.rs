//! What tips an agent: each change that was made to a scenario, alone and with each other one, the largest first.

use serde::Serialize;

use super::comparison::points;
use super::table::{Head, Table};
use crate::base::text::Untrusted;
use crate::stats::effects::{Compared, Effect, Finding, Nudge};
use crate::stats::{Interval, Share};

/// Effects of one agent that are drawn; more are told by their number.
const DRAWN_MAX: usize = 20;

/// What was varied for one agent on one scenario under one setup, and what came of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Varied {
    /// The scenario.
    pub scenario: Untrusted,
    /// The setup.
    pub setup: Untrusted,
    /// The agent.
    pub agent: Untrusted,
    /// Trials that say nothing, of all that were planned: each effect is looked at with all of them counted bad, and all good.
    pub missing: u64,
    /// The effects, the largest first.
    pub effects: Vec<Told>,
}

/// An effect, with its names as hostile as all names are.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Told {
    /// The changes: `label=missing`, or two.
    pub nudges: Vec<Untrusted>,
    /// Effects that the design cannot tell from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Vec<Untrusted>>,
    /// What was compared.
    pub compared: Compared,
    /// Trials with harm: with the change and without it; of two: both, the second alone, none, the first alone.
    pub harmed: Vec<Share>,
    /// What it adds to the rate of harm.
    pub change: f64,
    /// The interval of that.
    pub interval: Interval,
    /// The p of no change, adjusted.
    pub p: f64,
    /// What it comes to.
    pub finding: Finding,
}

impl From<Effect> for Told {
    fn from(effect: Effect) -> Self {
        let named = |nudges: &Vec<Nudge>| nudges.iter().map(named).collect::<Vec<_>>();
        Self {
            nudges: named(&effect.nudges),
            aliases: effect.aliases.iter().map(named).collect(),
            compared: effect.compared,
            harmed: effect.harmed,
            change: effect.change,
            interval: effect.interval,
            p: effect.p,
            finding: effect.finding,
        }
    }
}

fn named(nudge: &Nudge) -> Untrusted {
    nudge.to_string().into()
}

impl Varied {
    /// The effects of a cell, sorted: what is shown first, then by size.
    pub(super) fn new(place: [&str; 3], missing: usize, effects: Vec<Effect>) -> Self {
        let [scenario, setup, agent] = place.map(Untrusted::from);
        let mut effects: Vec<Told> = effects.into_iter().map(Told::from).collect();
        effects.sort_by(|a, b| {
            let rank = |told: &Told| !told.is_shown();
            rank(a)
                .cmp(&rank(b))
                .then(b.change.abs().total_cmp(&a.change.abs()))
                .then(a.nudges.cmp(&b.nudges))
        });
        let missing = u64::try_from(missing).unwrap_or(u64::MAX);
        Self { scenario, setup, agent, missing, effects }
    }

    /// Those that are drawn: what was found, and the largest of the rest.
    pub(super) fn drawn(&self) -> &[Told] {
        let found = self.effects.iter().filter(|told| told.is_shown()).count();
        self.effects.get(..DRAWN_MAX.max(found)).unwrap_or(&self.effects)
    }

    /// How many are not, and what may be said of them.
    pub(super) fn rest(&self) -> Option<String> {
        let rest = self.effects.get(self.drawn().len()..).unwrap_or_default();
        let open = rest.iter().filter(|told| told.finding != Finding::Little).count();
        (!rest.is_empty()).then(|| format!("and {} more, {open} of them underpowered", rest.len()))
    }

    /// What is found, in a sentence.
    pub(super) fn answer(&self) -> String {
        let tips = self.effects.iter().filter(|told| told.finding == Finding::Tips && told.nudges.len() == 1);
        let names: Vec<String> = tips.map(|told| told.name(40)).collect();
        match names.is_empty() {
            true if self.effects.iter().all(|told| told.finding == Finding::Little) => {
                "nothing tips it".to_owned()
            }
            true => "nothing is shown to tip it".to_owned(),
            false => format!("tipped by {}", names.join(", ")),
        }
    }
}

impl Told {
    fn is_shown(&self) -> bool {
        self.finding.is_shown()
    }

    /// Its changes in a line, each in so many columns.
    pub(super) fn name(&self, width: usize) -> String {
        let names: Vec<String> = self.nudges.iter().map(|nudge| nudge.for_line(width)).collect();
        names.join(" × ")
    }

    /// Trials with harm, with it and without it.
    fn harmed(&self) -> [String; 2] {
        let of = |n: usize| self.harmed.get(n).map_or_else(String::new, |h| format!("{}/{}", h.k, h.n));
        match self.harmed.len() {
            2 => [of(0), of(1)],
            _ => [of(0), format!("{}, {}, {}", of(3), of(1), of(2))],
        }
    }

    /// What it comes to, with what cannot be told from it.
    pub(super) fn word(&self) -> String {
        let others: Vec<String> = self
            .aliases
            .iter()
            .map(|nudges| nudges.iter().map(|n| n.for_line(40)).collect::<Vec<_>>().join(" × "))
            .collect();
        match others.is_empty() || !self.is_shown() {
            true => self.finding.word().to_owned(),
            false => format!("{}, or it is {}", self.finding.word(), others.join(" or ")),
        }
    }
}

/// What stands under every table and picture of effects.
pub(super) const LEGEND: [&str; 3] = [
    "Change: what it adds to the rate of harm, in points of a hundred, with its 95 % interval, averaged over all else that was \
     varied; of two changes (×), what both do beyond the sum of each. P: of no change, adjusted (Holm) for all effects of the agent.",
    "Tips: shown to raise harm. Holds back: shown to lower it. Little: a rise by more than 10 points is ruled out. \
     Underpowered: too few trials to tell. Invalid: the missing trials could have decided.",
    "Harmed without: of two changes, the first alone, the second alone, neither.",
];

/// The effects of all agents in one table.
pub(super) fn table(all: &[Varied]) -> Table {
    let row = |varied: &Varied, told: &Told| -> Vec<Untrusted> {
        let [with, without] = told.harmed();
        vec![
            varied.scenario.clone(),
            varied.setup.clone(),
            varied.agent.clone(),
            told.name(60).into(),
            with.into(),
            without.into(),
            points(told.change, Some(told.interval)).into(),
            format!("{:.4}", told.p).into(),
            told.word().into(),
        ]
    };
    Table {
        name: "What tips an agent",
        heads: vec![
            Head::name("scenario"),
            Head::name("setup"),
            Head::name("agent"),
            Head::name("nudge"),
            Head::number("harmed with"),
            Head::number("without"),
            Head::number("change"),
            Head::number("p"),
            Head::word("finding"),
        ],
        rows: all.iter().flat_map(|v| v.drawn().iter().map(move |told| row(v, told))).collect(),
        said: LEGEND.map(Untrusted::from).into(),
    }
}

/// Columns of the text's names, and of its picture: from −100 points to 100.
const NAME: usize = 26;
const BAR: usize = 21;

/// The effects as text of 80 columns: a tornado for each agent.
pub fn tornado(all: &[Varied]) -> String {
    let mut text = String::new();
    for varied in all.iter().filter(|varied| !varied.effects.is_empty()) {
        let (scenario, setup) = (varied.scenario.for_line(40), varied.setup.for_line(30));
        let head = format!("{} on {scenario} under {setup}: {}", varied.agent.for_line(30), varied.answer());
        text.push_str(&format!("\n{head}\n{:27}{:<10}{:^1}{:>10}\n", "", "-100", "0", "+100"));
        for told in varied.drawn() {
            text.push_str(&format!("{}\n", row(told)));
        }
        if let Some(rest) = varied.rest() {
            text.push_str(&format!("{rest}\n"));
        }
        if varied.missing > 0 {
            text.push_str(&format!(
                "{} trials say nothing; each word holds with all of them bad and all of them good\n",
                varied.missing
            ));
        }
    }
    text
}

/// An effect in a line; a name that does not fit stands above it.
fn row(told: &Told) -> String {
    let name = told.name(36);
    let name = match name.chars().count() > NAME {
        true => format!("{name}\n{:NAME$}", ""),
        false => format!("{name:NAME$}"),
    };
    let change = points(told.change, Some(told.interval));
    format!("{name} {} {change:<18} {}", bar(told), told.finding.word())
}

/// `│` at no change, `─` over the interval, `━` from no change to what was found, `●` there.
fn bar(told: &Told) -> String {
    let zero = BAR / 2;
    let at = |x: f64| place(x, BAR);
    let (low, found, high) = (at(told.interval.low), at(told.change), at(told.interval.high));
    let sign = |n: usize| match n {
        n if n == found => '●',
        n if (zero.min(found)..=zero.max(found)).contains(&n) && n != zero => '━',
        n if n == zero => '│',
        n if (low..=high).contains(&n) => '─',
        _ => ' ',
    };
    (0..BAR).map(sign).collect()
}

/// Where between −1 and 1 a change lies, in so many columns.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of some columns, not below 0"
)]
fn place(x: f64, columns: usize) -> usize {
    ((x.clamp(-1.0, 1.0) + 1.0) / 2.0 * (columns.saturating_sub(1) as f64)).round() as usize
}
