//! The document as Markdown and as a page.

use askama::Template;

use super::{Kind, Postmortem};
use crate::report::figures::place;
use crate::report::figures::share;
use crate::report::html::{STYLE, hash};

#[derive(Template)]
#[template(path = "postmortem/page.md", escape = "none", config = "src/report/askama.toml")]
struct Markdown<'a> {
    doc: &'a Postmortem,
}

#[derive(Template)]
#[template(path = "postmortem/page.html", config = "src/report/askama.toml")]
struct Page<'a> {
    doc: &'a Postmortem,
    policy: String,
    style: &'static str,
    lanes: Vec<Lane<'a>>,
    ticks: Vec<Tick<'a>>,
    height: usize,
    span: String,
}

/// A dependent's outages on the time line.
struct Lane<'a> {
    name: &'a crate::base::text::Untrusted,
    y: usize,
    x: String,
    width: String,
}

/// A moment on the time line.
struct Tick<'a> {
    tone: &'static str,
    x: String,
    moment: &'a super::Moment,
}

/// As Markdown.
///
/// # Errors
/// None that writing to memory can meet; the type is the template crate's.
pub fn markdown(doc: &Postmortem) -> Result<String, askama::Error> {
    Markdown { doc }.render()
}

/// As a page: one file that loads nothing and runs nothing.
///
/// # Errors
/// As [`markdown`].
pub fn html(doc: &Postmortem) -> Result<String, askama::Error> {
    let policy = format!(
        "default-src 'none'; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE)
    );
    let lanes = lanes(doc);
    let height = lanes.last().map_or(44, |l| l.y.saturating_add(22)).max(44);
    let span = crate::report::figures::stamp(doc.span_s);
    Page { doc, policy, style: STYLE, lanes, ticks: ticks(doc), height, span }.render()
}

/// Height of the band that moments stand in, above the lanes.
const BAND: usize = 34;
const LANE: usize = 18;

fn lanes(doc: &Postmortem) -> Vec<Lane<'_>> {
    let mut names: Vec<&crate::base::text::Untrusted> = Vec::new();
    let mut lanes = Vec::new();
    for outage in &doc.outages {
        let row = names.iter().position(|n| **n == outage.name).unwrap_or_else(|| {
            names.push(&outage.name);
            names.len().saturating_sub(1)
        });
        lanes.push(Lane {
            name: &outage.name,
            y: BAND.saturating_add(row.saturating_mul(LANE)),
            x: at(doc, outage.from_s),
            width: at(doc, outage.until_s.saturating_sub(outage.from_s)),
        });
    }
    lanes
}

fn ticks(doc: &Postmortem) -> Vec<Tick<'_>> {
    let shown = doc.moments.iter().filter(|m| m.kind != Kind::Dependents);
    shown.map(|moment| Tick { tone: moment.kind.tone(), x: at(doc, moment.since_s), moment }).collect()
}

fn at(doc: &Postmortem, second: i64) -> String {
    let unsigned = |s: i64| u64::try_from(s).unwrap_or(0);
    place(share(unsigned(second), unsigned(doc.span_s)))
}
