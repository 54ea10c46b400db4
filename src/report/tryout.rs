//! What a setup says to a command line: for a policy author's terminal.

use std::cmp::Reverse;
use std::fmt::Write as _;

use simulators::effect::Effect;

use super::transcript::{effect_line, verdict_line};
use super::wrap::wrapped;
use crate::base::text::{self, Untrusted};
use crate::record::tried::{Said, Tried, TriedCall};

/// Columns of a terminal that is none.
const WIDTH: usize = 100;
/// Effects that are shown before the rest is counted only.
const EFFECTS_SHOWN: usize = 6;
/// Lines of a reply that are shown.
const REPLY_LINES_SHOWN: usize = 6;

/// A tried line, as a person reads it. `width` is that of the terminal, if there is one.
pub fn tried(tried: &Tried, width: Option<u16>) -> String {
    let width = width.map_or(WIDTH, usize::from);
    let mut text = format!("$ {}\n", tried.line.for_line(width.saturating_sub(2)));
    for call in &tried.asked {
        text.push_str(&asked(call, tried.asked.len() > 1, width));
    }
    if tried.asked.is_empty() {
        let why = if tried.unsimulated { "it is not simulated" } else { "it asks nothing of production" };
        let _ = writeln!(text, "  nothing was decided: {why}");
        let shown = tried.heard.for_terminal();
        for line in shown.trim_end().lines().take(REPLY_LINES_SHOWN) {
            let _ = writeln!(text, "  | {}", Untrusted::from(line).for_line(width.saturating_sub(4)));
        }
    }
    text
}

/// The same as a line of JSON without its end.
///
/// # Errors
/// None that a line can bring about.
pub fn tried_line(tried: &Tried) -> Result<String, serde_json::Error> {
    text::json(tried)
}

fn asked(asked: &TriedCall, is_one_of_many: bool, width: usize) -> String {
    let mut text = String::new();
    if is_one_of_many {
        text.push_str(&labelled("command", asked.line.clone(), width));
    }
    if let Some(call) = &asked.call {
        text.push_str(&labelled("call", format!("{}, as {}", call.operation, call.principal), width));
    }
    let mut effects: Vec<&Effect> = asked.effects.iter().collect();
    effects.sort_by_key(|effect| (!effect.is_destructive(), Reverse(effect.records_at_stake())));
    for (n, effect) in effects.iter().take(EFFECTS_SHOWN).enumerate() {
        text.push_str(&labelled(if n == 0 { "would" } else { "" }, effect_line(effect), width));
    }
    let more = effects.len().saturating_sub(EFFECTS_SHOWN);
    if more > 0 {
        text.push_str(&labelled("", format!("… and {more} more effects"), width));
    }
    if effects.is_empty() && asked.call.as_ref().is_some_and(|call| !call.is_read()) {
        text.push_str(&labelled("would", "change nothing", width));
    }
    if let Some(refusal) = &asked.refusal {
        text.push_str(&labelled("", format!("be refused by the service: {refusal}"), width));
    }
    for said in &asked.said {
        text.push_str(&labelled("guardrail", says(said), width));
    }
    text + &labelled("verdict", verdict_line(&asked.verdict), width)
}

fn says(said: &Said) -> String {
    let colon = if said.why.is_blank() { "" } else { ": " };
    format!("{} says {}{colon}{}", said.guardrail, said.says.word(), said.why.for_line(400))
}

/// Columns before what a label is about.
const INDENT: usize = 12;

/// A label, and what it is about in as many lines as it takes.
fn labelled(label: &str, about: impl Into<Untrusted>, width: usize) -> String {
    let block = wrapped(&about.into(), INDENT, width);
    format!("  {label:<9} {}", block.trim_start())
}
