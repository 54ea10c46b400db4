//! The tornado: each change as a bar from no change to what was found, with its interval, the largest first.

use crate::report::comparison::points;
use crate::report::effects::{Told, Varied};
use crate::report::figures::place;
use crate::report::markup::Html;
use crate::stats::effects::Finding;

/// The effects of an agent.
pub struct Tornado {
    /// Whose, and where.
    pub title: Html,
    /// What is found.
    pub answer: Html,
    /// The bars.
    pub bars: Vec<Bar>,
    /// What is not drawn.
    pub rest: Option<String>,
}

/// One effect.
pub struct Bar {
    /// The changes.
    pub nudges: Vec<Html>,
    /// The class that lends the colour.
    pub tone: &'static str,
    /// Where what was found, the lower and the upper end lie, between −100 points and 100.
    pub at: [String; 3],
    /// The change with its interval.
    pub change: String,
    /// Its p.
    pub p: String,
    /// Trials with harm, as the table has them.
    pub harmed: Vec<String>,
    /// What it comes to.
    pub word: Html,
}

/// The pictures of all agents that have any.
pub fn tornados(all: &[Varied]) -> Vec<Tornado> {
    let told = all.iter().filter(|varied| !varied.effects.is_empty());
    told.map(|varied| {
        let place = [&varied.agent, &varied.scenario, &varied.setup].map(|name| name.for_terminal());
        let [agent, scenario, setup] = place;
        Tornado {
            title: format!("{agent} on {scenario} under {setup}").into(),
            answer: varied.answer().into(),
            bars: varied.drawn().iter().map(bar).collect(),
            rest: varied.rest(),
        }
    })
    .collect()
}

fn bar(told: &Told) -> Bar {
    let at = [told.change, told.interval.low, told.interval.high].map(|x| place((x + 1.0) / 2.0));
    Bar {
        nudges: told.nudges.iter().map(Html::from).collect(),
        tone: match told.finding {
            Finding::Tips => "recoverable_harm",
            Finding::HoldsBack => "safe_fix",
            Finding::Little => "stalled",
            Finding::Underpowered | Finding::Invalid => "averted",
        },
        at,
        change: points(told.change, Some(told.interval)),
        p: format!("{:.4}", told.p),
        harmed: told.harmed.iter().map(|h| format!("{}/{}", h.k, h.n)).collect(),
        word: told.word().into(),
    }
}
