//! What asking a model may come to, before it is asked: as if it worked like the reference agents of the scenario.
//!
//! Each reference agent is played once, in memory. Turn by turn its conversation grows by what it writes and what it hears, and
//! each turn reads the conversation so far. A model says more than a script, and may take another road: this is the order of
//! magnitude, from the median of the reference agents to the longest of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{Cast, Wish};
use super::pool::{Options, Session};
use crate::agent::ModelAgent;
use crate::base::text::Untrusted;
use crate::door::FunctionDoor;
use crate::gate::Setup;
use crate::ledger;
use crate::model::{self, Prices, Usage, Usd};
use crate::record::Event;
use crate::scenario::{self, Scenario};

/// Bytes of a token, in English and in code.
const TOKEN_BYTES: u64 = 4;
/// Tokens that a model writes in a turn besides its tool: a few sentences, some reasoning.
const WORDS_TOKENS: u64 = 250;
/// Tokens that a model writes in a second, and seconds until it begins.
const TOKENS_PER_S: u64 = 60;
const BEGINS_S: u64 = 2;

/// What a conversation takes.
#[derive(Clone, Copy, Default)]
struct Work {
    turns: u64,
    read: u64,
    /// Of `read`, what was read the turn before as well.
    again: u64,
    written: u64,
}

/// What one agent may take.
pub struct Estimate {
    name: String,
    trials: u64,
    /// Like the median of the reference agents, and like the longest.
    range: [(Work, Option<Usd>, Duration); 2],
}

/// What each model of a wish may take.
pub fn estimate(wish: &Wish, options: &Options, prices: &Prices) -> Vec<Estimate> {
    let models = wish.models();
    if models.is_empty() {
        return Vec::new();
    }
    let setups = u64::try_from(wish.setups.len()).unwrap_or(u64::MAX);
    let trials = u64::from(wish.trials).saturating_mul(setups);
    let shard = wish.shard.map_or(1, |shard| u64::from(shard.of.max(1)));
    let works: Vec<[Work; 2]> = wish.scenarios.iter().map(|(scenario, _)| range(scenario, wish)).collect();
    let of = |agent: &Arc<ModelAgent>| {
        let total = |n: usize| {
            works.iter().filter_map(|w| w.get(n)).fold(Work::default(), |sum, w| sum.and(w, trials))
        };
        let all = trials.saturating_mul(u64::try_from(works.len()).unwrap_or(u64::MAX));
        let part = |work: Work| {
            let work = work.cut(shard);
            (work, money(&work, agent, prices), time(&work, all / shard, options))
        };
        Estimate { name: agent.name.clone(), trials: all / shard, range: [part(total(0)), part(total(1))] }
    };
    models.into_iter().map(of).collect()
}

/// What one trial takes of the median and of the longest reference agent.
fn range(scenario: &Arc<Scenario>, wish: &Wish) -> [Work; 2] {
    let scripts = scenario::scripts(&scenario.folder).unwrap_or_default();
    let casts = scripts.into_iter().map(Cast::scripted).collect();
    let scenarios = vec![(Arc::clone(scenario), casts)];
    // Nobody stands in their way: setups may start processes and ask others, which is not for an estimate.
    let setups = Setup::built_in("inherited").and_then(Result::ok).map(Arc::new).into_iter().collect();
    let wish = Wish { scenarios, setups, trials: 1, seed: wish.seed, shard: None };
    let played = Session::new(&wish).and_then(|session| session.play_in_memory()).unwrap_or_default();
    let tools = serde_json::to_string(FunctionDoor::specs()).map_or(0, |text| text.len());
    let begins = scenario.brief.len().saturating_add(tools);
    let mut works: Vec<Work> =
        ledger::read_bytes(played).flatten().map(|trial| work(&trial.events, tokens(begins))).collect();
    works.sort_by_key(|work| work.read);
    let median = works.get(works.len() / 2).copied().unwrap_or_default();
    [median, works.last().copied().unwrap_or_default()]
}

fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX) / TOKEN_BYTES
}

/// What the conversation of a recorded trial would take.
fn work(events: &[Event], begins: u64) -> Work {
    let mut work = Work::default();
    let (mut so_far, mut before) = (begins, 0_u64);
    for event in events {
        match event {
            Event::Tool { tool, .. } => {
                let writes = tokens(tool.arguments.to_string().len()).saturating_add(WORDS_TOKENS);
                work.turns = work.turns.saturating_add(1);
                work.read = work.read.saturating_add(so_far);
                work.again = work.again.saturating_add(before);
                work.written = work.written.saturating_add(writes);
                before = so_far;
                so_far = so_far.saturating_add(writes);
            }
            Event::Reply { text, .. } => so_far = so_far.saturating_add(tokens(text.raw().len())),
            _ => {}
        }
    }
    work
}

impl Work {
    fn and(self, other: &Self, times: u64) -> Self {
        let plus = |a: u64, b: u64| a.saturating_add(b.saturating_mul(times));
        Self {
            turns: plus(self.turns, other.turns),
            read: plus(self.read, other.read),
            again: plus(self.again, other.again),
            written: plus(self.written, other.written),
        }
    }

    fn cut(self, parts: u64) -> Self {
        let cut = |n: u64| n.div_ceil(parts);
        Self {
            turns: cut(self.turns),
            read: cut(self.read),
            again: cut(self.again),
            written: cut(self.written),
        }
    }
}

/// What was read before comes from a cache, where the agent asks for one.
fn money(work: &Work, agent: &ModelAgent, prices: &Prices) -> Option<Usd> {
    let spec = &agent.endpoint.spec;
    let price = prices.of_spec(spec)?;
    let cached = if spec.cache { work.again } else { 0 };
    // Long requests are dearer; a sum of many requests is none.
    let price = model::Price { long: None, ..price };
    Some(price.of(&Usage {
        input: work.read.saturating_sub(cached),
        cached,
        output: work.written,
        ..Usage::default()
    }))
}

/// Trials wait for their model side by side.
fn time(work: &Work, trials: u64, options: &Options) -> Duration {
    let seconds = work.turns.saturating_mul(BEGINS_S).saturating_add(work.written / TOKENS_PER_S);
    Duration::from_secs(seconds / u64::try_from(options.in_flight).unwrap_or(u64::MAX).min(trials).max(1))
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Untrusted::from(&self.name).for_line(60);
        writeln!(f, "{name}: {} trials, working as the reference agents do (median, longest):", self.trials)?;
        for (work, usd, time) in &self.range {
            let about = if usd.is_some() { "about " } else { "" };
            let money = model::money(*usd);
            let minutes = time.as_secs().div_ceil(60);
            let Work { turns, read, written, .. } = work;
            writeln!(
                f,
                "  {turns} calls · {read} tokens read, {written} written · {about}{money} · {minutes} min"
            )?;
        }
        write!(f, "  a model may take another road: set --budget")
    }
}
