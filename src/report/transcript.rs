//! A trial as a person reads it: what it asked, what it would have done, what the gate said, what changed.

use std::fmt::Write as _;

use simulators::clock::Time;
use simulators::effect::{Change, Effect};

use super::wording;
use crate::base::text::Untrusted;
use crate::record::spent::dollars;
use crate::record::{Event, Spent, Verdict};
use crate::score::Marks;

/// Lines of a reply that are shown before the rest is left to the ledger.
const REPLY_LINES_MAX: usize = 14;

/// The transcript of a trial and, at its end, its marks.
pub fn transcript(events: &[Event], marks: Option<&Marks>) -> String {
    let mut text = String::new();
    let mut began = None;
    for event in events {
        if let Event::Opened { at, .. } = event {
            began = Some(*at);
        }
        tell(&mut text, event, began.unwrap_or_default());
    }
    if let Some(marks) = marks {
        text.push_str(&marks_block(marks));
    }
    text
}

fn tell(text: &mut String, event: &Event, began: Time) {
    let clock = |at: Time| format!("{:>9}", stamp(at.since(began)));
    let _ = match event {
        Event::Opened { trial, at } => writeln!(
            text,
            "trial {}\n{} · agent {} · setup {} · seed {}\nbegins {at}",
            trial.id(),
            Untrusted::from(&trial.scenario).for_line(60),
            Untrusted::from(&trial.agent).for_line(60),
            Untrusted::from(&trial.setup).for_line(60),
            trial.seed
        ),
        Event::Tool { turn, at, tool } => {
            let arguments = Untrusted::from(arguments(&tool.arguments));
            let name = Untrusted::from(tool.name.as_str()).for_line(30);
            writeln!(text, "\n{} turn {turn}: {name} {}", clock(*at), arguments.for_line(400))
        }
        Event::Said { turn, text: said, .. } => said_block(text, *turn, said),
        Event::Wrote { text: wrote, .. } => {
            let _ = writeln!(text, "            on standard error:");
            reply_block(text, wrote)
        }
        Event::Told { text: told, .. } => writeln!(text, "            told: {told}"),
        Event::Spent { spent, .. } => writeln!(text, "            {}", spent_line(spent)),
        Event::Attempt { .. } => Ok(()),
        Event::Fault { struck } => {
            let name = Untrusted::from(struck.fault.as_str()).for_line(60);
            writeln!(text, "{} ! fault {name}: {}", clock(struck.at), wording::struck(struck.came))
        }
        Event::Preview { effects, held_off, faulted, .. } => {
            let _ = effects.iter().try_for_each(|e| writeln!(text, "            would {}", effect_line(e)));
            let meant = |e| writeln!(text, "            but for a fault, would {}", effect_line(e));
            let _ = faulted.iter().try_for_each(meant);
            let mut held = held_off.iter();
            held.try_for_each(|e| writeln!(text, "            unprotected, would {}", effect_line(e)))
        }
        Event::Verdict { verdict, .. } => writeln!(text, "            {}", verdict_line(verdict)),
        Event::Effects { effects } => {
            effects.iter().try_for_each(|e| writeln!(text, "{} * {}", clock(e.at), effect_line(e)))
        }
        Event::Reply { text: reply, .. } => reply_block(text, reply),
        Event::Unsimulated { line } => {
            writeln!(text, "            not simulated: {}", line.for_line(200))
        }
        Event::Plan { effects, verdict, .. } => {
            let _ =
                effects.iter().try_for_each(|e| writeln!(text, "            proposes {}", effect_line(e)));
            writeln!(text, "            {}", verdict_line(verdict))
        }
        Event::Closing { .. } | Event::Delivered { .. } => Ok(()),
        Event::Ended { ending, at, turns, calls } => {
            writeln!(text, "\n{} ended: {} after {turns} turns, {calls} calls", clock(*at), ending.word())
        }
        Event::Settled { settlement } => {
            let _ = settlement.steps.iter().try_for_each(|s| {
                writeln!(text, "{} on call: {}", clock(s.at), Untrusted::from(s.what.as_str()).for_line(200))
            });
            settlement.dependents.iter().try_for_each(|d| {
                writeln!(
                    text,
                    "            {}: {} of {} requests failed, down {}",
                    Untrusted::from(&d.name).for_line(60),
                    d.failed,
                    d.polls,
                    stamp(d.downtime_s)
                )
            })
        }
    };
}

/// `command` alone where there is one, else the whole object.
pub(super) fn arguments(value: &serde_json::Value) -> String {
    match value.get("command").and_then(|c| c.as_str()) {
        Some(command) => format!("$ {command}"),
        None => value.to_string(),
    }
}

fn stamp(seconds: i64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, (seconds % 3600) / 60, seconds % 60)
}

/// What a turn took, in a few words.
fn spent_line(spent: &Spent) -> String {
    let cached = match spent.tokens_cached {
        0 => String::new(),
        cached => format!(" ({cached} from the cache)"),
    };
    let money = spent.pico_usd.map(|sum| format!(" · ${:.4}", dollars(sum))).unwrap_or_default();
    format!("{} tokens read{cached} · {} written{money}", spent.tokens_in, spent.tokens_out)
}

fn said_block(text: &mut String, turn: u32, said: &Untrusted) -> std::fmt::Result {
    writeln!(text, "\n          turn {turn} says:")?;
    block(text, said, '>')
}

fn reply_block(text: &mut String, reply: &Untrusted) -> std::fmt::Result {
    block(text, reply, '|')
}

fn block(text: &mut String, reply: &Untrusted, edge: char) -> std::fmt::Result {
    let shown = reply.for_terminal();
    let lines: Vec<&str> = shown.trim_end().lines().collect();
    for line in lines.iter().take(REPLY_LINES_MAX) {
        writeln!(text, "          {edge} {}", Untrusted::from(*line).for_line(200))?;
    }
    match lines.len().saturating_sub(REPLY_LINES_MAX) {
        0 => Ok(()),
        more => writeln!(text, "          {edge} … {more} more lines in the ledger"),
    }
}

pub(super) fn verdict_line(verdict: &Verdict) -> String {
    let word = if verdict.allows() { "allowed" } else { "DENIED" };
    let by = Untrusted::from(verdict.by.as_str()).for_line(60);
    let reason = Untrusted::from(verdict.reason.as_str()).for_line(200);
    match (reason.is_empty(), verdict.waited_s) {
        (true, _) => format!("{word} by {by}"),
        (false, 0) => format!("{word} by {by}: {reason}"),
        (false, waited) => format!("{word} by {by} after {}: {reason}", stamp(waited)),
    }
}

pub(super) fn effect_line(effect: &Effect) -> String {
    let r = &effect.resource;
    let [name, kind] = [&r.name, &r.kind].map(|text| Untrusted::from(text).for_line(60));
    let what = match &effect.change {
        Change::Created { predecessor: Some(uid) } => format!("create, as successor of {uid}"),
        Change::Created { predecessor: None } => "create".to_owned(),
        Change::Destroyed { records: 0, .. } => "DESTROY".to_owned(),
        Change::Destroyed { records, restorable } => match restorable {
            Some(point) => format!("DESTROY with {records} records (restorable from {})", point.from),
            None => format!("DESTROY with {records} records (nowhere to restore them from)"),
        },
        Change::RecordsLost { place, records, .. } => format!("LOSE {records} records of {place}"),
        Change::RecordsAdded { place, records } => format!("add {records} records to {place}"),
        Change::Restored { records, from, .. } => format!("restore {records} records from {from}"),
        Change::SchemaChanged { place } => format!("change the schema of {place}"),
        Change::Configured { what, from, to } => format!("set {what}: {from} → {to}"),
        Change::Deployed { from, to, .. } => format!("deploy {from} → {to}"),
        Change::RolledBack => "roll back".to_owned(),
        Change::Restarted => "restart".to_owned(),
        Change::ProtectionAdded { protection } => format!("protect by {protection}"),
        Change::ProtectionRemoved { protection } => format!("TAKE OFF {protection}"),
        Change::AccessChanged { what } => format!("change access: {what}"),
        Change::Written { path } => format!("write {path}"),
        Change::Published { what } => format!("publish: {what}"),
        Change::Asked { who, about } => format!("ask {who}: {about}"),
    };
    format!("{} — {kind} `{name}` [{}] {}", Untrusted::from(what).for_line(160), r.environment, r.uid)
}

fn marks_block(marks: &Marks) -> String {
    let word = |road: Option<crate::score::Road>| road.map_or("-", |r| r.word());
    let mut text = format!(
        "\nclass {} · repaired {} · proposed {} · attempted {} · executed {} · authority {}\n",
        marks.class.map_or("unscored", |c| c.word()),
        marks.repaired.map_or("not measured", |r| if r { "yes" } else { "no" }),
        word(marks.strategy.proposed),
        word(marks.strategy.attempted),
        word(marks.strategy.executed),
        marks.authority.map_or("-", |a| a.word()),
    );
    if let Some(harm) = marks.harm {
        let _ = writeln!(
            text,
            "down {} · {} requests failed · {} records lost · {} restored · {} resources destroyed",
            stamp(harm.downtime_s),
            harm.requests_failed,
            harm.records_lost,
            harm.records_restored,
            harm.resources_destroyed
        );
    }
    if let Some(conduct) = &marks.conduct {
        let _ = writeln!(
            text,
            "looked at {} · {} calls denied · closing report {}",
            if conduct.looked_at.is_empty() { "nothing".to_owned() } else { conduct.looked_at.join(", ") },
            conduct.denied,
            conduct.report_true.map_or("absent", |t| if t { "true" } else { "FALSE" })
        );
    }
    text
}
