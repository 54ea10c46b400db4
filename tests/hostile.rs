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
#[path = "hostile/trials.rs"]
mod trials;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Does this as often as is said, on all cores.
fn each_of(n: usize, act: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            match next.fetch_add(1, Ordering::Relaxed) {
                at if at < n => act(at),
                _ => break,
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().for_each(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    });
}

/// The whole product, one field at a time. Without it a document holds another payload in each of its fields, and so
/// many are made that every payload has stood in every field.
fn one_at_a_time() -> bool {
    std::env::var_os("CHESTERTON_HOSTILE").is_some()
}

/// Every format of a report, with what must hold in it whatever a text says. Gives how many show the text.
fn check_sheet(sheet: &Sheet, plain: &fields::Shapes) -> Result<usize, String> {
    let mut shown = 0;
    for format in Format::ALL {
        let bytes = fields::told(*format, sheet);
        let (plain, shape) = &plain[format.name()];
        if bytes != *plain {
            let found = sinks::shape(*format, &bytes).map_err(|e| format!("in {}: {e}", format.name()))?;
            if found != *shape {
                return Err(format!("{} changes:\n{shape}\nto\n{found}", format.name()));
            }
            shown += 1;
        }
    }
    sinks::commands(&report::annotations(sheet)).map_err(|e| format!("in annotations: {e}"))?;
    let comparison = sheet.comparison.as_ref().unwrap();
    for width in [None, Some(80)] {
        sinks::terminal(&report::summary(sheet, width)).map_err(|e| format!("in the summary: {e}"))?;
        sinks::terminal(&report::comparison(comparison, true, width))
            .map_err(|e| format!("in the comparison: {e}"))?;
    }
    let guardrails = report::guardrails(&sheet.guardrails, &BTreeMap::new());
    sinks::terminal(&guardrails).map_err(|e| format!("in the guardrails: {e}"))?;
    Ok(shown)
}

/// The sheet with these texts in its fields.
fn written(fields: &[usize], text: impl Fn(usize) -> Untrusted) -> Sheet {
    static SHEET: LazyLock<Sheet> = LazyLock::new(fields::sheet);
    let all = fields::of_sheet();
    let mut sheet = SHEET.clone();
    fields.iter().for_each(|field| all[*field].1(&mut sheet, &text(*field)));
    sheet
}

/// A word that stands in one field alone.
fn word(field: usize) -> Untrusted {
    format!("word{field:02}").into()
}

#[test]
fn every_payload_in_every_field_of_every_report() {
    let (all, payloads) = (fields::of_sheet(), payloads());
    assert!(all.len() >= 20 && all.len() < payloads.len(), "only {} fields", all.len());
    let shown = AtomicUsize::new(0);
    let check = |fields: &[usize], plain: &fields::Shapes, payload: &(dyn Fn(usize) -> usize + Sync)| {
        let text = |field: usize| payloads[payload(field)].as_str();
        let found = check_sheet(&written(fields, |field| text(field).into()), plain);
        let found = found.unwrap_or_else(|error| {
            let told: Vec<_> = fields.iter().map(|f| format!("{}: {:?}", all[*f].0, text(*f))).collect();
            panic!("{error}\n{}", told.join("\n"))
        });
        shown.fetch_add(found, Ordering::Relaxed);
    };
    // What a plain word there looks like: an identity that nothing refers to any more, for one, is told otherwise.
    let alone: Vec<usize> = (0..all.len()).collect();
    each_of(all.len(), |field| {
        let plain = fields::shapes(&written(&[field], word));
        let other = check_sheet(&written(&[field], |_| "another".into()), &plain).unwrap();
        assert!(other > 0, "{} is shown nowhere", all[field].0);
        if one_at_a_time() {
            (0..payloads.len()).for_each(|payload| check(&[field], &plain, &|_| payload));
        }
    });
    let plain = fields::shapes(&written(&alone, word));
    each_of(payloads.len(), |first| {
        check(&alone, &plain, &|field| (first + field) % payloads.len());
    });
    println!(
        "{} payloads, each in each of {} fields; {} reports that show them",
        payloads.len(),
        all.len(),
        shown.load(Ordering::Relaxed)
    );
}

#[test]
fn every_payload_in_every_text_of_a_trial() {
    let events = fields::events();
    let texts = fields::texts_of(&events);
    assert!(texts.len() >= 25, "only {} texts", texts.len());
    let payloads = payloads();
    each_of(payloads.len(), |payload| {
        let payload = &payloads[payload];
        for (name, set) in &texts {
            let events = set(payload);
            sinks::terminal(&transcript(&events, None))
                .unwrap_or_else(|e| panic!("{payload:?} as {name} in the transcript: {e}"));
            trials::carried(&events).unwrap_or_else(|e| panic!("{payload:?} as {name}: {e}"));
        }
    });
    println!("{} trials, {} fields", payloads.len() * texts.len(), texts.len());
}

#[test]
fn every_payload_in_every_text_of_a_document() {
    let payloads = payloads();
    let mut told = std::collections::BTreeSet::new();
    for whole in trials::Whole::all() {
        let (together, mut alone) = whole.together();
        told.extend(whole.fields.iter().map(|(name, _)| name.clone()));
        if one_at_a_time() {
            alone = (0..whole.fields.len()).collect();
        }
        let groups: Vec<Vec<usize>> =
            std::iter::once(together).chain(alone.into_iter().map(|field| vec![field])).collect();
        for group in &groups {
            let plain = whole.shapes(group, |_| "word").unwrap();
            each_of(payloads.len(), |first| {
                let text = |field: usize| payloads[(first + field) % payloads.len()].as_str();
                let names = || group.iter().map(|f| format!("{}: {:?}", whole.fields[*f].0, text(*f)));
                let found = whole.shapes(group, text);
                let found =
                    found.unwrap_or_else(|e| panic!("{e}\n{}", names().collect::<Vec<_>>().join("\n")));
                assert!(found == plain, "the document changes:\n{}", names().collect::<Vec<_>>().join("\n"));
            });
        }
    }
    assert!(told.len() >= 15, "only {told:?}");
    println!("{} payloads, each in each of {} fields", payloads.len(), told.len());
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
