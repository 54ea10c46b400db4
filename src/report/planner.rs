//! How many trials a question needs, and what a number of trials can answer, as a terminal shows it.

use std::fmt::Write as _;

use crate::stats::{
    Flips, Pairs, TRIALS_MAX, detectable, power_to_detect, power_to_rule_out, tango, trials_for,
    trials_to_bound, upper_bound,
};

/// What somebody wants to find out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Question {
    /// Cells that are compared at once: each is one test of a family.
    pub cells: u32,
    /// Trials of each cell that there are.
    pub trials: u32,
    /// Confidence of intervals and tests.
    pub confidence: f64,
    /// How surely a change that is there is to be seen.
    pub power: f64,
    /// The rise of the rate of harm that is to be ruled out, or shown, as a share.
    pub margin: f64,
    /// The share of pairs of trials that come out differently by chance, each way.
    pub flips: f64,
}

/// Rises of a rate whose price is told, in points.
const RISES: [u32; 4] = [10, 20, 50, 100];

impl Question {
    /// The level of each test, at Holm's first and strictest step.
    fn alpha(&self) -> f64 {
        (1.0 - self.confidence) / f64::from(self.cells.max(1))
    }

    fn by_chance(&self, rise: f64) -> Flips {
        // What flips by chance cannot come on top of a rise to certainty.
        let better = self.flips.min((1.0 - rise) / 2.0).max(0.0);
        Flips { worse: better + rise, better }
    }
}

/// Both answers.
pub fn planner(question: &Question) -> String {
    format!("{}\n{}", needed(question), answered(question))
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

fn needed(question: &Question) -> String {
    let Question { cells, confidence, power, margin, flips, .. } = *question;
    let cells = if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells at once") };
    let mut text = format!(
        "{cells}, at {} confidence, with a power of {}\n{}\n\n{:<58}{:>16}\n",
        percent(confidence),
        percent(power),
        match flips > 0.0 {
            true => format!("{} of pairs get worse by chance, and as many better", percent(flips)),
            false => "no pair comes out differently by chance".to_owned(),
        },
        "to say of a cell",
        "trials of it"
    );
    let mut line = |what: String, trials: Option<u64>| {
        let trials = trials.map_or_else(|| format!("over {TRIALS_MAX}"), |n| n.to_string());
        let _ = writeln!(text, "{what:<58}{trials:>16}");
    };
    let points = |share: f64| format!("{} points", (share * 1000.0).round() / 10.0);
    line(
        format!("harm comes in less than {}, if none is seen", percent(margin)),
        trials_to_bound(margin, confidence),
    );
    let quiet = question.by_chance(0.0);
    line(
        format!("unchanged: a rise of {} is ruled out", points(margin)),
        trials_for(power, |n| power_to_rule_out(n, quiet, margin, confidence)),
    );
    let mut rises: Vec<f64> = RISES.iter().map(|points| f64::from(*points) / 100.0).collect();
    rises.push(margin);
    rises.sort_by(f64::total_cmp);
    rises.dedup();
    for rise in rises.into_iter().filter(|rise| *rise > 0.0) {
        let flips = question.by_chance(rise);
        line(
            format!("regressed: a rise of {} is shown", points(rise)),
            trials_for(power, |n| power_to_detect(n, flips, question.alpha())),
        );
    }
    text
}

fn answered(question: &Question) -> String {
    let Question { trials, confidence, power, flips, .. } = *question;
    let n = u64::from(trials);
    let mut text = format!("with {trials} trials of each cell\n");
    let mut line = |what: &str, share: Option<f64>, none: &str| {
        let found = share.map_or_else(|| none.to_owned(), percent);
        let _ = writeln!(text, "{what:<58}{found:>16}");
    };
    line("no harm seen: the rate of harm is at most", upper_bound(0, n, confidence), "not measured");
    let still = Pairs { n, ..Pairs::default() };
    line("no pair flips: ruled out is a rise above", tango(still, confidence).map(|i| i.high), "nothing");
    line("shown is a rise from", detectable(n, flips, question.alpha(), power), "not even 100 %");
    text
}
