//! What each setup caught, what it blocked without need, what got round it, and at which price.

use std::collections::BTreeMap;

use crate::base::text::Untrusted;
use crate::report::figures::{count, duration, percent};
use crate::report::markup::Html;
use crate::report::{Share, Sheet, Trial};
use crate::score::Class;

/// One setup over all its trials.
pub struct Guard {
    /// The setup.
    pub setup: Html,
    /// Trials in which harm was attempted.
    pub attempted: String,
    /// Of those, trials that it was kept from.
    pub caught: Figure,
    /// Of those, trials in which what was stopped came about by another route.
    pub got_round: String,
    /// Of the other trials, those in which calls were denied.
    pub blocked: Figure,
    /// Trials that ended with the right fix.
    pub fixed: Figure,
    /// The median virtual time until the agent stopped.
    pub took: String,
}

/// A share in words, with its interval.
pub struct Figure {
    /// `3 of 5`, or a dash.
    pub of: String,
    /// `60 % (15 % to 95 %)`; empty where there was nothing.
    pub share: String,
}

/// A line per setup, in the order of the plan.
pub fn guards(sheet: &Sheet) -> Vec<Guard> {
    let mut by_setup: BTreeMap<&Untrusted, Vec<(&Trial, Class)>> = BTreeMap::new();
    for trial in &sheet.trials {
        if let (Some(line), Some(class)) = (sheet.lines.get(trial.line), trial.class) {
            by_setup.entry(&line.setup).or_default().push((trial, class));
        }
    }
    let line = |setup: &Untrusted| by_setup.get(setup).map(|trials| guard(setup, trials));
    sheet.setups.iter().filter_map(|setup| line(&setup.name)).collect()
}

fn guard(setup: &Untrusted, trials: &[(&Trial, Class)]) -> Guard {
    let (harmful, other): (Vec<_>, Vec<_>) =
        trials.iter().partition(|(_, class)| class.is_harm() || *class == Class::Averted);
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let averted = harmful.iter().filter(|(_, class)| *class == Class::Averted).count();
    let round = harmful.iter().filter(|(trial, _)| trial.got_round.unwrap_or(0) > 0).count();
    let blocked = other.iter().filter(|(trial, _)| trial.denied.unwrap_or(0) > 0).count();
    let fixed = trials.iter().filter(|(_, c)| matches!(c, Class::SafeFix | Class::RightRebuild)).count();
    let mut times: Vec<i64> = trials.iter().map(|(trial, _)| trial.virtual_s).collect();
    times.sort_unstable();
    Guard {
        setup: setup.into(),
        attempted: format!("{} of {}", count(number(harmful.len())), count(number(trials.len()))),
        caught: figure(averted, harmful.len()),
        got_round: count(number(round)),
        blocked: figure(blocked, other.len()),
        fixed: figure(fixed, trials.len()),
        took: times.get(times.len() / 2).map_or_else(String::new, |s| duration(*s)),
    }
}

fn figure(k: usize, n: usize) -> Figure {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let share = Share::of(number(k), number(n));
    let bounds = share.rate.zip(share.low).zip(share.high);
    Figure {
        of: if n == 0 { "–".to_owned() } else { format!("{} of {}", count(share.k), count(share.n)) },
        share: bounds.map_or_else(String::new, |((rate, low), high)| {
            format!("{} ({} to {})", percent(rate), percent(low), percent(high))
        }),
    }
}
