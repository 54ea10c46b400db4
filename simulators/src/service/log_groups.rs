//! Logs: groups of lines, read by stream, by time and by pattern.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::arn;
use super::observability::{self, Kind};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::Time;
use crate::resource::Uid;

/// A group keeps its newest lines up to this many.
const LINES_MAX: usize = 10_000;

/// A log group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// None while the stage is being built and no stack has claimed it.
    pub uid: Option<Uid>,
    pub settings: Value,
    created: Time,
    lines: Arc<Vec<(Time, String)>>,
}

impl Group {
    /// A group of the stage, not yet claimed.
    pub fn staged(now: Time, lines: Vec<(Time, String)>) -> Self {
        let created = lines.first().map_or(now, |(at, _)| *at);
        Self { uid: None, settings: Value::Null, created, lines: Arc::new(lines) }
    }

    /// Adds a line.
    pub fn add(&mut self, at: Time, line: String) {
        let lines = Arc::make_mut(&mut self.lines);
        if lines.len() >= LINES_MAX {
            lines.drain(..lines.len() / 10);
        }
        lines.push((at, line));
    }

    fn bytes(&self) -> usize {
        self.lines.iter().map(|(_, text)| text.len() + 26).sum()
    }
}

/// The stream in which a line of that time stands: one a day.
fn stream(group: &str, at: Time) -> String {
    use sha2::{Digest, Sha256};
    let day = at.to_string().get(..10).unwrap_or_default().replace('-', "/");
    let digest = crate::hex(&Sha256::digest(format!("{group}\0{day}")));
    format!("{day}/[$LATEST]{}", digest.get(..32).unwrap_or_default())
}

fn millis(time: Time) -> i64 {
    time.unix().saturating_mul(1000)
}

fn name(call: &Call) -> &str {
    call.text("logGroupName").unwrap_or_default()
}

fn group<'w>(world: &'w World, call: &Call) -> Result<&'w Group, Refusal> {
    let name = name(call);
    world.observability.groups.get(name).ok_or_else(|| Kind::LogGroup.missing(name))
}

fn limit(call: &Call, default: usize) -> usize {
    call.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default)
}

/// Whether a time lies between the call's `startTime` and `endTime`.
fn within(call: &Call, at: Time) -> bool {
    let after = call.number("startTime").is_none_or(|start| millis(at) >= start);
    after && call.number("endTime").is_none_or(|end| millis(at) <= end)
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let prefix = call.text("logGroupNamePrefix").unwrap_or_default();
    let pattern = call.text("logGroupNamePattern").unwrap_or_default();
    let groups = world.observability.groups.iter();
    let groups = groups.filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern));
    let shown = groups.take(limit(call, usize::MAX)).map(|(name, group)| {
        let arn = arn::of_target(world, "logs:", name);
        let mut shown = json!({
            "logGroupName": name,
            "creationTime": millis(group.created),
            "metricFilterCount": 0,
            "arn": arn,
            "storedBytes": group.bytes(),
            "logGroupClass": "STANDARD",
            "logGroupArn": arn.trim_end_matches(":*"),
        });
        let kept = group.settings.get("RetentionInDays").cloned();
        if let (Some(shown), Some(days)) = (shown.as_object_mut(), kept) {
            shown.insert("retentionInDays".to_owned(), days);
        }
        shown
    });
    Ok(json!({"logGroups": shown.collect::<Vec<_>>()}))
}

pub(super) fn streams(world: &mut World, call: &Call) -> Answer {
    let group = group(world, call)?;
    let prefix = call.text("logStreamNamePrefix").unwrap_or_default();
    let mut found: BTreeMap<String, (Time, Time)> = BTreeMap::new();
    for (at, _) in group.lines.iter() {
        let entry = found.entry(stream(name(call), *at)).or_insert((*at, *at));
        entry.1 = entry.1.max(*at);
    }
    let base = arn::of_target(world, "logs:", name(call));
    let base = base.trim_end_matches(":*");
    let mut shown: Vec<Value> = found
        .iter()
        .filter(|(stream, _)| stream.starts_with(prefix))
        .map(|(stream, (first, last))| {
            json!({
                "logStreamName": stream,
                "creationTime": millis(*first),
                "firstEventTimestamp": millis(*first),
                "lastEventTimestamp": millis(*last),
                "lastIngestionTime": millis(*last),
                "arn": format!("{base}:log-stream:{stream}"),
                "storedBytes": 0,
            })
        })
        .collect();
    if call.flag("descending") {
        shown.reverse();
    }
    shown.truncate(limit(call, usize::MAX));
    Ok(json!({"logStreams": shown}))
}

pub(super) fn events(world: &mut World, call: &Call) -> Answer {
    let group = group(world, call)?;
    let wanted = call.text("logStreamName").unwrap_or_default();
    let in_stream = |at: &Time| stream(name(call), *at) == wanted;
    if !group.lines.iter().any(|(at, _)| in_stream(at)) {
        let text = "The specified log stream does not exist.";
        return Err(Refusal::new("ResourceNotFoundException", text));
    }
    let mut events: Vec<Value> = group
        .lines
        .iter()
        .filter(|(at, _)| in_stream(at) && within(call, *at))
        .map(|(at, text)| json!({"timestamp": millis(*at), "message": text, "ingestionTime": millis(*at)}))
        .collect();
    let limit = limit(call, LINES_MAX);
    if call.flag("startFromHead") {
        events.truncate(limit);
    } else {
        events.drain(..events.len().saturating_sub(limit));
    }
    Ok(json!({"events": events, "nextForwardToken": "f/0", "nextBackwardToken": "b/0"}))
}

pub(super) fn filter(world: &mut World, call: &Call) -> Answer {
    let pattern = call.text("filterPattern").unwrap_or_default();
    let Some(pattern) = Pattern::read(pattern) else {
        return Err(Refusal::new("InvalidParameterException", "Invalid filter pattern"));
    };
    let streams = call.texts("logStreamNames");
    let prefix = call.text("logStreamNamePrefix").unwrap_or_default();
    let lines = group(world, call)?.lines.iter().enumerate();
    let events = lines
        .filter(|(_, (at, text))| within(call, *at) && pattern.fits(text))
        .map(|(n, (at, text))| (n, *at, text, stream(name(call), *at)))
        .filter(|(.., stream)| stream.starts_with(prefix))
        .filter(|(.., stream)| streams.is_empty() || streams.contains(&stream.as_str()))
        .take(limit(call, LINES_MAX))
        .map(|(n, at, text, stream)| {
            json!({
                "logStreamName": stream,
                "timestamp": millis(at),
                "message": text,
                "ingestionTime": millis(at),
                "eventId": format!("{:056}", n + 1),
            })
        });
    Ok(json!({"events": events.collect::<Vec<_>>(), "searchedLogStreams": []}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    observability::delete(world, Kind::LogGroup, name(call)).map(|()| Value::Null)
}

/// Words that must stand in a line, words of which one must (`?word`), words that must not (`-word`).
#[derive(Debug, Default)]
struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// None for patterns over fields, which no line here has.
    fn read(text: &str) -> Option<Self> {
        let mut pattern = Self::default();
        if text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        for word in shell_words::split(text).ok()? {
            match (word.strip_prefix('?'), word.strip_prefix('-')) {
                (Some(word), _) => pattern.any.push(word.to_owned()),
                (None, Some(word)) => pattern.none.push(word.to_owned()),
                (None, None) => pattern.all.push(word),
            }
        }
        Some(pattern)
    }

    fn fits(&self, line: &str) -> bool {
        let holds = |word: &String| line.contains(word.as_str());
        self.all.iter().all(holds)
            && (self.any.is_empty() || self.any.iter().any(holds))
            && !self.none.iter().any(holds)
    }
}
