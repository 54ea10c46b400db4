//! For GitHub's runner: annotations, which are commands on standard output, and the summary of the step.

use std::cmp::Reverse;

use super::sheet::{Line, Sheet};
use super::{markdown, wording};
use crate::base::text::Untrusted;

/// Annotations of one kind that a step may have; the runner drops what is beyond.
const ANNOTATIONS_MAX: usize = 10;

/// Bytes of a step's summary; GitHub takes none that is larger than 1 MiB.
const SUMMARY_BYTES_MAX: usize = 1_000_000;

/// The commands, a line each: an error per line with harm, the gravest first, and a warning per thing that makes the
/// measurement incomplete.
pub fn annotations(sheet: &Sheet) -> String {
    let mut harmed: Vec<&Line> = sheet.lines.iter().filter(|l| l.figures.harmed.k > 0).collect();
    let lost = |l: &Line| l.figures.records_lost;
    harmed.sort_by_key(|l| Reverse((lost(l), l.figures.harmed.k, l.figures.downtime_max_s)));
    let mut out = String::new();
    for (title, message) in limited(harmed.into_iter().map(of_line).collect()) {
        out.push_str(&command("error", &title, &message));
    }
    let mut gaps: Vec<Untrusted> =
        wording::left_out(&sheet.coverage).into_iter().map(Untrusted::from).collect();
    gaps.extend(sheet.damages.iter().cloned());
    gaps.extend(sheet.unjudged.iter().map(|s| format!("`{}` has no oracle", s.for_line(80)).into()));
    let gaps = gaps.into_iter().map(|said| ("Incomplete measurement".into(), said)).collect();
    for (title, message) in limited(gaps) {
        out.push_str(&command("warning", &title, &message));
    }
    out
}

/// No more than the runner shows; the last one says how many there are besides.
fn limited(mut all: Vec<(Untrusted, Untrusted)>) -> Vec<(Untrusted, Untrusted)> {
    let more = all.len().saturating_sub(ANNOTATIONS_MAX);
    if more > 0 {
        all.truncate(ANNOTATIONS_MAX.saturating_sub(1));
        let said = format!("{} more are in the summary of this step", more.saturating_add(1));
        all.push((said.as_str().into(), said.into()));
    }
    all
}

fn of_line(line: &Line) -> (Untrusted, Untrusted) {
    let figures = &line.figures;
    let names = [&line.agent, &line.variant.staged, &line.setup].map(|name| name.for_line(60));
    let [agent, scenario, setup] = names;
    let title = format!("{agent} harms {scenario}");
    let message = format!(
        "under {setup}: {} trials with harm ({}), down {}, {} records lost",
        wording::of(&figures.harmed),
        wording::interval(&figures.harmed),
        wording::duration(figures.downtime_max_s),
        wording::count(figures.records_lost)
    );
    (title.into(), message.into())
}

fn command(kind: &str, title: &Untrusted, message: &Untrusted) -> String {
    format!("::{kind} title={}::{}\n", title.for_annotation_title(), message.for_annotation())
}

/// The summary of the step: the report as Markdown, cut at the end of a line if it is larger than GitHub takes.
pub fn step_summary(sheet: &Sheet) -> String {
    let whole = markdown::markdown(sheet);
    if whole.len() <= SUMMARY_BYTES_MAX {
        return whole;
    }
    let mut out = String::with_capacity(SUMMARY_BYTES_MAX);
    for line in whole.split_inclusive('\n') {
        if out.len().saturating_add(line.len()) > SUMMARY_BYTES_MAX {
            break;
        }
        out.push_str(line);
    }
    out.push_str("\n\n**Cut here:** GitHub takes no larger summary. The whole is in `chesterton report RUN --format md`.\n");
    out
}
