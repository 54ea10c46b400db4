//! A trial's transcript as the page carries it: rows of time, kind and text, and marks on the virtual time line.

use serde_json::{Value, json};
use simulators::clock::Time;
use simulators::effect::Effect;
use simulators::settle::Settlement;

use crate::base::text::Untrusted;
use crate::record::{ClosingReport, Event, Verdict};
use crate::report::figures::stamp;
use crate::report::transcript::{arguments, effect_line, verdict_line};
use crate::report::wording;

/// Lines and characters of a reply that are carried; the rest stays in the ledger, and the page says how much.
const REPLY_LINES_MAX: usize = 16;
const REPLY_CHARS_MAX: usize = 1_600;
/// Characters of a command, of one line of anything else.
const COMMAND_CHARS_MAX: usize = 1_200;

/// The transcript of a trial, ready to be packed. Text is shown with its control characters visible and is for the
/// page's script to put into text nodes.
pub fn story(events: &[Event]) -> Value {
    let mut story = Story::default();
    for event in events {
        story.take(event);
    }
    let span = story.span_s.max(1);
    json!({"span": stamp(span), "rows": story.rows, "marks": story.marks(span), "out": story.outages(span)})
}

#[derive(Default)]
struct Story {
    began: Time,
    ended_s: i64,
    span_s: i64,
    rows: Vec<(String, &'static str, String)>,
    /// Second, kind and what it is.
    ticks: Vec<(i64, &'static str, String)>,
    /// From, until, who.
    out: Vec<(i64, Option<i64>, String)>,
}

impl Story {
    fn row(&mut self, at: Option<Time>, kind: &'static str, text: impl Into<String>) {
        let stamp = at.map(|at| stamp(self.passed(at))).unwrap_or_default();
        let text = Untrusted::from(text.into());
        self.rows.push((stamp, kind, text.for_terminal().into_owned()));
    }

    /// Seconds since the trial began; the time line grows to hold them.
    fn passed(&mut self, at: Time) -> i64 {
        let passed = at.since(self.began);
        self.span_s = self.span_s.max(passed);
        passed
    }

    fn tick(&mut self, at: Time, kind: &'static str, what: String) {
        let second = self.passed(at);
        self.ticks.push((second, kind, what));
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Opened { at, .. } => {
                self.began = *at;
                self.row(Some(*at), "end", format!("begins, at {at} on the virtual clock"));
            }
            Event::Tool { at, tool, .. } => {
                let line = Untrusted::from(arguments(&tool.arguments));
                let name = Untrusted::from(tool.name.as_str()).for_line(30);
                let text = format!("{name} {}", shown(&line, usize::MAX, COMMAND_CHARS_MAX));
                self.row(Some(*at), "call", text);
                self.tick(*at, "call", name);
            }
            Event::Said { text, .. } | Event::Wrote { text, .. } => {
                self.row(None, "said", shown(text, REPLY_LINES_MAX, REPLY_CHARS_MAX));
            }
            Event::Told { text, .. } => self.row(None, "reply", format!("told: {text}")),
            Event::Fault { struck } => {
                let name = Untrusted::from(struck.fault.as_str()).for_line(60);
                let text = format!("fault {name}: {}", wording::struck(struck.came));
                self.row(Some(struck.at), "deny", text);
            }
            Event::Preview { effects, held_off, faulted, .. } => {
                self.effects(effects, "would", "would ");
                self.effects(faulted, "would", "but for a fault, would ");
                self.effects(held_off, "would", "unprotected, would ");
            }
            Event::Verdict { verdict, .. } => self.verdict(verdict),
            Event::Effects { effects } => effects.iter().for_each(|e| self.happened(e)),
            Event::Reply { text, bytes, digest, .. } => {
                let text = shown(text, REPLY_LINES_MAX, REPLY_CHARS_MAX);
                let cut = digest.as_ref().map(|_| format!("\n… {bytes} bytes in all")).unwrap_or_default();
                self.row(None, "reply", format!("{text}{cut}"));
            }
            Event::Unsimulated { line } => {
                self.row(None, "would", format!("not simulated: {}", line.for_line(200)));
            }
            Event::Plan { at, effects, verdict, .. } => {
                self.effects(effects, "would", "proposes ");
                self.tick(
                    *at,
                    if verdict.allows() { "asked" } else { "deny" },
                    "a plan put up for review".to_owned(),
                );
                self.verdict(verdict);
            }
            Event::Closing { report } => self.closing(report),
            Event::Ended { ending, at, turns, calls } => {
                self.ended_s = self.passed(*at);
                let text = format!("ended: {} after {turns} turns, {calls} calls", ending.word());
                self.row(Some(*at), "end", text);
                self.tick(*at, "end", "the agent stops".to_owned());
            }
            Event::Settled { settlement } => self.settled(settlement),
            Event::Attempt { .. } | Event::Delivered { .. } | Event::Spent { .. } => {}
        }
    }

    fn effects(&mut self, effects: &[Effect], kind: &'static str, word: &str) {
        for effect in effects {
            self.row(None, kind, format!("{word}{}", effect_line(effect)));
        }
    }

    fn happened(&mut self, effect: &Effect) {
        let (kind, line) = (if effect.is_destructive() { "grave" } else { "did" }, effect_line(effect));
        self.row(Some(effect.at), kind, line.clone());
        if kind == "grave" {
            self.tick(effect.at, kind, line);
        }
    }

    fn verdict(&mut self, verdict: &Verdict) {
        self.row(None, if verdict.allows() { "allow" } else { "deny" }, verdict_line(verdict));
        if !verdict.allows() {
            // A verdict has no time of its own: it stands where the call before it does.
            let last = self.ticks.iter().rev().find(|(_, kind, _)| *kind == "call").map_or(0, |(s, ..)| *s);
            self.ticks.push((last, "deny", verdict_line(verdict)));
        }
    }

    fn closing(&mut self, report: &ClosingReport) {
        let destroyed: Vec<String> = report.destroyed.iter().map(|what| what.for_line(120)).collect();
        let destroyed = if destroyed.is_empty() { "nothing".to_owned() } else { destroyed.join(", ") };
        let yes = |holds: bool| if holds { "yes" } else { "no" };
        let text = format!(
            "reports: destroyed {destroyed} · data lost: {} · fixed: {}\n{}",
            yes(report.data_lost),
            yes(report.fixed),
            shown(&report.summary, REPLY_LINES_MAX, REPLY_CHARS_MAX)
        );
        self.row(None, "said", text);
    }

    fn settled(&mut self, settlement: &Settlement) {
        for step in &settlement.steps {
            let what = Untrusted::from(step.what.as_str()).for_line(300);
            self.row(Some(step.at), "care", format!("on call: {what}"));
        }
        for dependent in &settlement.dependents {
            for (from, until) in &dependent.outages {
                let (from, until) = (self.passed(*from), until.map(|u| self.passed(u)));
                self.out.push((from, until, Untrusted::from(dependent.name.as_str()).for_line(60)));
            }
            if dependent.failed > 0 {
                let reason = Untrusted::from(dependent.reason.as_str()).for_line(160);
                let text = format!(
                    "{}: {} of {} requests failed, down {} ({reason})",
                    dependent.name,
                    dependent.failed,
                    dependent.polls,
                    stamp(dependent.downtime_s)
                );
                self.row(None, "care", text);
            }
        }
        self.passed(settlement.ended);
    }

    /// Places of the ticks on an axis of 100; calls that fall on the same place are one.
    fn marks(&self, span: i64) -> Vec<(String, &'static str, String)> {
        let mut marks: Vec<(String, &'static str, String)> =
            self.ticks.iter().map(|(s, kind, what)| (at(*s, span), *kind, what.clone())).collect();
        marks.dedup_by(|b, a| a.0 == b.0 && a.1 == b.1);
        marks
    }

    /// Outages as places on the same axis.
    fn outages(&self, span: i64) -> Vec<(String, String, String)> {
        let until = |u: &Option<i64>| u.unwrap_or(span);
        let place = |(from, u, who): &(i64, Option<i64>, String)| {
            (at(*from, span), at(until(u).saturating_sub(*from), span), who.clone())
        };
        self.out.iter().map(place).collect()
    }
}

fn at(second: i64, span: i64) -> String {
    let tenths = second.clamp(0, span).saturating_mul(1_000) / span.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Control characters visible, cut to so many lines and characters, with a word on what was cut.
fn shown(text: &Untrusted, lines_max: usize, chars_max: usize) -> String {
    let whole = text.for_terminal();
    let whole = whole.trim_end();
    let kept: Vec<&str> = whole.lines().take(lines_max).collect();
    let mut kept = kept.join("\n");
    if let Some((end, _)) = kept.char_indices().nth(chars_max) {
        kept.truncate(end);
    }
    match whole.lines().count().saturating_sub(kept.lines().count()) {
        0 if kept.len() < whole.len() => format!("{kept}…"),
        0 => kept,
        more => format!("{kept}\n… {more} more lines in the ledger"),
    }
}
