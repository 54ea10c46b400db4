//! Whatever stands in a field that comes from outside, every format says the same thing: the text as text, and nothing
//! begins, ends, runs or hides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

#[path = "hostile/fields.rs"]
mod fields;
#[path = "hostile/sinks.rs"]
mod sinks;

use chesterton::base::text::{self, Untrusted};
use chesterton::report::{self, Format, Sheet, transcript};
use proptest::prelude::*;

/// The payloads as they stand in the file, and some that are too long for it.
fn payloads() -> Vec<String> {
    let listed = include_str!("hostile/payloads.txt").lines().filter(|l| l.starts_with('"'));
    let mut all: Vec<String> = listed.map(|l| serde_json::from_str(l).unwrap()).collect();
    let long = ["a", "`", "|", "<", "\u{1b}[", "😀", "=+", "::", "##[", "\\", "{", "\n", "&#"];
    all.extend(long.iter().map(|piece| piece.repeat(2_000 / piece.len())));
    assert!(all.len() >= 250, "only {} payloads", all.len());
    all
}

/// Every format of a report, with what must hold in it whatever a text says. Gives how many show the text.
fn check_sheet(sheet: &Sheet, plain: &fields::Shapes, what: &str) -> usize {
    let mut shown = 0;
    for format in Format::ALL {
        let bytes = fields::told(*format, sheet);
        let (plain, shape) = &plain[format.name()];
        if bytes != *plain {
            let found = sinks::shape(*format, &bytes);
            let found = found.unwrap_or_else(|e| panic!("{what} in {}: {e}", format.name()));
            assert_eq!(found, *shape, "{what} changes {}", format.name());
            shown += 1;
        }
    }
    sinks::commands(&report::annotations(sheet)).unwrap_or_else(|e| panic!("{what} in annotations: {e}"));
    for width in [None, Some(80)] {
        sinks::terminal(&report::summary(sheet, width))
            .unwrap_or_else(|e| panic!("{what} in the summary: {e}"));
    }
    shown
}

#[test]
fn every_payload_in_every_field_of_every_report() {
    let sheet = fields::sheet();
    let fields = fields::of_sheet();
    assert!(fields.len() >= 20, "only {} fields", fields.len());
    let (mut tried, mut shown) = (0, 0);
    for (name, set) in &fields {
        let before = shown;
        // What a plain word there looks like: an identity that nothing refers to any more, for one, is told otherwise.
        let mut plain = sheet.clone();
        set(&mut plain, &Untrusted::from("word"));
        let plain = fields::shapes(&plain);
        for payload in payloads() {
            let mut hostile = sheet.clone();
            set(&mut hostile, &Untrusted::from(payload.as_str()));
            shown += check_sheet(&hostile, &plain, &format!("{payload:?} as {name}"));
            tried += 1;
        }
        assert!(shown > before, "{name} is shown nowhere");
    }
    println!("{tried} sheets, {shown} reports that show the text");
}

#[test]
fn every_payload_in_every_text_of_a_trial() {
    let events = fields::events();
    let texts = fields::texts_of(&events);
    assert!(texts.len() >= 25, "only {} texts", texts.len());
    let mut tried = 0;
    for (name, set) in &texts {
        for payload in payloads() {
            let events = set(&payload);
            let shown = transcript(&events, None);
            sinks::terminal(&shown)
                .unwrap_or_else(|e| panic!("{payload:?} as {name} in the transcript: {e}"));
            tried += 1;
        }
    }
    println!("{tried} trials, {} fields", texts.len());
}

/// What the sinks themselves promise, of one text.
fn check_sinks(raw: &str) -> Result<(), String> {
    let text = Untrusted::from(raw);
    let other = Untrusted::from("x");
    sinks::html(&text)?;
    sinks::markdown(&text)?;
    sinks::latex(&text.for_latex())?;
    sinks::xml(&text)?;
    sinks::csv_cell(&text)?;
    sinks::terminal(&text.for_terminal())?;
    sinks::terminal(&text.for_line(40))?;
    sinks::line(&text.for_line(40), 40)?;
    sinks::commands(&format!("::error title={}::{}\n", text.for_annotation_title(), text.for_annotation()))?;
    let json = text::json(&text).map_err(|e| e.to_string())?;
    sinks::terminal(&json)?;
    if json.contains(['<', '>', '&']) || serde_json::from_str::<String>(&json).ok().as_deref() != Some(raw) {
        return Err(format!("JSON loses or leaks: {json}"));
    }
    for link in [text.for_url(), other.for_url(), text.for_html_link()].into_iter().flatten() {
        sinks::url(&link)?;
    }
    Ok(())
}

#[test]
fn every_payload_in_every_sink() {
    for payload in payloads() {
        check_sinks(&payload).unwrap_or_else(|e| panic!("{payload:?}: {e}"));
    }
}

/// Mostly characters that mean something somewhere, in short runs, so that they meet.
fn texts() -> impl Strategy<Value = String> {
    let pieces = payloads().into_iter().filter(|p| p.len() <= 60).collect::<Vec<_>>();
    let piece = prop_oneof![
        3 => prop::sample::select("<>&\"'`|\\[]{}()#*_~$^%@=+-!:;,. \t\n\r\u{1b}\u{9b}\u{202e}\u{feff}/wx1é中".chars().collect::<Vec<_>>())
            .prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
        2 => prop::sample::select(pieces),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ten_thousand_texts_in_every_sink(text in texts()) {
        check_sinks(&text).map_err(TestCaseError::fail)?;
    }
}
