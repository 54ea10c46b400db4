//! `--vary`: which factors a run varies, over which levels, and the variants that a design makes of them.

use std::sync::Arc;

use clap::Args;

use super::cast::CastError;
use crate::runner::{Design, Staged};
use crate::scenario::{Diagnostic, Factor, Scenario};

/// What is varied.
#[derive(Clone, Debug, Default, Args)]
pub struct Varying {
    /// Factors that vary, by name: `label,pressure`; with `=` over these levels alone: `label=missing+contradictory`. See `list factors`
    #[arg(long, value_name = "FACTOR,…", value_delimiter = ',', value_parser = wished)]
    vary: Vec<Varied>,
    /// Which levels are played together: `one-at-a-time`, `paired`, `factorial`, `fractional[:RESOLUTION]`, `latin-hypercube[:POINTS]`
    #[arg(long, value_name = "D", requires = "vary", default_value = "one-at-a-time", value_parser = design)]
    design: Option<Design>,
}

/// A factor, and the levels that are wanted of it; none: all of them.
#[derive(Clone, Debug)]
pub(super) struct Varied {
    factor: String,
    levels: Vec<String>,
}

pub(super) fn wished(text: &str) -> Result<Varied, String> {
    let (factor, levels) =
        text.split_once('=').map_or((text, None), |(factor, levels)| (factor, Some(levels)));
    let levels: Vec<String> = levels.into_iter().flat_map(|l| l.split('+')).map(str::to_owned).collect();
    match factor.is_empty() || levels.iter().any(String::is_empty) {
        true => Err("expected `FACTOR` or `FACTOR=LEVEL+LEVEL`".to_owned()),
        false => Ok(Varied { factor: factor.to_owned(), levels }),
    }
}

fn design(text: &str) -> Result<Design, String> {
    text.parse().map_err(|wrong: crate::runner::DesignError| wrong.to_string())
}

impl Varying {
    /// Nothing is varied.
    pub fn is_nothing(&self) -> bool {
        self.vary.is_empty()
    }

    /// Each scenario in each of the variants that the design makes; as it is where nothing is varied. The same seed makes the
    /// same variants.
    ///
    /// # Errors
    /// A scenario has no such factor or level, or a level does not fit; or there would be too many variants.
    pub fn stage(&self, scenarios: Vec<Staged>, seed: u64) -> Result<Vec<Staged>, CastError> {
        if self.is_nothing() {
            return Ok(scenarios);
        }
        let design = self.design.unwrap_or(Design::OneAtATime);
        let mut staged = Vec::new();
        for (scenario, casts) in scenarios {
            let wanted = self.vary.iter().map(|wish| wish.of(&scenario)).collect::<Result<Vec<_>, _>>()?;
            let assignments =
                design.assignments(&wanted, seed).map_err(|e| CastError::Name(e.to_string()))?;
            for levels in assignments {
                staged.push((Arc::new(scenario.with(&levels)?), casts.clone()));
            }
        }
        Ok(staged)
    }
}

impl Varied {
    /// The factor with the levels that are wanted, its base first if that is among them.
    pub(super) fn of(&self, scenario: &Scenario) -> Result<(String, Vec<String>), Diagnostic> {
        let factor = scenario.factor(&self.factor)?;
        if self.levels.is_empty() {
            return Ok((self.factor.clone(), factor.levels_from_base()));
        }
        let known = |level: &String| scenario.knows(factor, level).map(|()| level.clone());
        let mut levels = self.levels.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        let is_base = |factor: &Factor, level: &String| *level == factor.base;
        levels.sort_by_key(|level| !is_base(factor, level));
        levels.dedup();
        Ok((self.factor.clone(), levels))
    }
}
