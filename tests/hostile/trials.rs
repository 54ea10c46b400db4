//! Whole trials with texts from outside in them, told as documents and carried in a page.

use std::collections::BTreeMap;

use base64::Engine as _;
use chesterton::record::replay::Replayed;
use chesterton::record::{Event, TrialId};
use chesterton::report::html;
use chesterton::report::postmortem::{self, Postmortem, Record};
use chesterton::scenario::Incident;
use chesterton::score::{Facts, Judge, Marks, Oracle};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fields::{general, leaves, played, root};
use super::sinks;

/// All that a document is made from and that somebody outside writes.
#[derive(Deserialize)]
struct Written {
    events: Vec<Event>,
    replayed: Vec<Replayed>,
    incident: Incident,
}

/// A trial that was really played, and is due a document.
pub struct Whole {
    written: Value,
    marks: Marks,
    oracle: Oracle,
    /// The fields that take any text and are told in a document, each with its places.
    pub fields: Vec<(String, Vec<String>)>,
}

/// A text that is in no other: where one names another, a document says so.
fn apart(text: &str, field: usize) -> String {
    format!("{text}q{field:02}z")
}

impl Whole {
    /// The trials of the run in this folder that have a document.
    pub fn all() -> Vec<Self> {
        let (_folder, run) = played();
        let judge = Judge::of(&run.plan().unwrap()).unwrap();
        let incident: Value = toml::from_str(
            &std::fs::read_to_string(root().join("scenarios/cost-explorer/incident.toml")).unwrap(),
        )
        .unwrap();
        let trials = chesterton::ledger::read(&run.ledger()).unwrap().map(Result::unwrap);
        let due = trials.filter_map(|trial| {
            let marks = judge.marks(&trial.events).unwrap();
            let oracle = judge.oracle(&marks.scenario)?.clone();
            postmortem::is_due(&marks).then(|| {
                let events = serde_json::to_value(&trial.events).unwrap();
                let written = json!({"replayed": replayed(&events), "events": events, "incident": incident});
                let mut whole = Self { written, marks, oracle, fields: Vec::new() };
                whole.fields = whole.told();
                whole
            })
        });
        due.collect()
    }

    fn with<'t>(&self, texts: impl Iterator<Item = (&'t [String], String)>) -> Option<Written> {
        let mut written = self.written.clone();
        for (paths, text) in texts {
            for path in paths {
                *written.pointer_mut(path).unwrap() = Value::from(text.as_str());
            }
        }
        serde_json::from_value(written).ok()
    }

    fn doc(&self, written: &Written) -> Option<Postmortem> {
        let facts = Facts::of(&written.events)?;
        Some(postmortem::postmortem(&Record {
            events: &written.events,
            facts: &facts,
            marks: &self.marks,
            oracle: Some(&self.oracle),
            incident: Some(&written.incident),
            replayed: &written.replayed,
        }))
    }

    /// The fields whose text stands in the document.
    fn told(&self) -> Vec<(String, Vec<String>)> {
        let mut paths = Vec::new();
        leaves(&self.written, String::new(), &mut paths);
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in paths {
            let event =
                path.split('/').nth(2).and_then(|n| self.written["events"].get(n.parse::<usize>().ok()?));
            let event = event.and_then(|e| e["event"].as_str()).unwrap_or_default();
            fields.entry(format!("{event} {}", general(&path))).or_default().push(path);
        }
        let is_told = |(_, paths): &(String, Vec<String>)| {
            let word = apart("word", 0);
            let written = self.with(std::iter::once((paths.as_slice(), word.clone())));
            let doc = written.as_ref().and_then(|written| self.doc(written));
            doc.is_some_and(|doc| postmortem::markdown(&doc).unwrap().contains(&word))
        };
        fields.into_iter().filter(is_told).collect()
    }

    /// Fields that are told also where all of these hold other texts, and those that are told only alone.
    pub fn together(&self) -> (Vec<usize>, Vec<usize>) {
        let mut together: Vec<usize> = (0..self.fields.len()).collect();
        loop {
            let text = self.markdown(&together, |_| "word");
            let (told, not): (Vec<usize>, Vec<usize>) =
                together.iter().partition(|field| text.contains(&apart("word", **field)));
            if not.is_empty() {
                let alone = (0..self.fields.len()).filter(|field| !told.contains(field));
                return (told.clone(), alone.collect());
            }
            together = told;
        }
    }

    fn texts<'s, 't>(
        &'s self,
        fields: &'s [usize],
        text: impl Fn(usize) -> &'t str + 's,
    ) -> impl Iterator<Item = (&'s [String], String)> {
        fields.iter().map(move |field| (self.fields[*field].1.as_slice(), apart(text(*field), *field)))
    }

    fn markdown<'t>(&self, fields: &[usize], text: impl Fn(usize) -> &'t str) -> String {
        let written = self.with(self.texts(fields, text)).unwrap();
        postmortem::markdown(&self.doc(&written).unwrap()).unwrap()
    }

    /// What stays the same whatever stands in these fields: the elements of both documents. And the transcript that a page
    /// carries is text, and none of it acts.
    pub fn shapes<'t>(
        &self,
        fields: &[usize],
        text: impl Fn(usize) -> &'t str,
    ) -> Result<[String; 2], String> {
        let written = self.with(self.texts(fields, text)).ok_or("it is no trial any more")?;
        let doc = self.doc(&written).ok_or("it has no document any more")?;
        let page = postmortem::html(&doc).map_err(|e| e.to_string())?;
        carried(&written.events)?;
        Ok([sinks::markdown_shape(&postmortem::markdown(&doc).unwrap())?, sinks::html_shape(&page)])
    }
}

/// A setup that would have stopped it at the first call, in the words of a guardrail.
fn replayed(events: &Value) -> Value {
    let of = |name: &str| events.as_array().unwrap().iter().find(|e| e["event"] == name).cloned();
    let tool = of("tool").unwrap();
    let allow = of("verdict").unwrap()["verdict"].clone();
    let place = json!({"what": "call", "call": 1, "at": tool["at"], "line": "a line"});
    let now = json!({"decision": "deny", "ground": "judgement", "by": "a guardrail", "reason": "why", "waited_s": 0});
    let difference = json!({"place": place, "was": allow, "now": now});
    json!([{"setup": "a setup", "asked": 1, "first": difference, "denies": difference, "weaker": [], "undecidable": null}])
}

/// The transcript as a page carries it: an element of ours with letters in it, that hold rows of texts.
pub fn carried(events: &[Event]) -> Result<(), String> {
    let element = html::story_element(&TrialId::from("0123456789abcdef0123456789abcdef"), events);
    let element = String::from_utf8(element).map_err(|e| e.to_string())?;
    let inner = element
        .strip_prefix("<script type=\"text/plain\" id=\"t-0123456789ab\">")
        .and_then(|rest| rest.strip_suffix("</script>\n"))
        .ok_or(format!("another element: {element}"))?;
    if let Some(c) = inner.chars().find(|c| !c.is_ascii_alphanumeric() && !"+/=".contains(*c)) {
        return Err(format!("{c:?} among packed data"));
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(inner).map_err(|e| e.to_string())?;
    let json = miniz_oxide::inflate::decompress_to_vec_zlib(&bytes).map_err(|e| e.to_string())?;
    let story: Value = serde_json::from_slice(&json).map_err(|e| e.to_string())?;
    let mut paths = Vec::new();
    leaves(&story, String::new(), &mut paths);
    for path in paths {
        let text = story.pointer(&path).unwrap().as_str().unwrap();
        sinks::terminal(text).map_err(|e| format!("{e} in the page's {path}"))?;
    }
    Ok(())
}
