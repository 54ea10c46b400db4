//! The catalogue: what each scenario is about, how bad its incident gets, and how sure it is that it happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::cast::CastError;
use crate::base::text::Untrusted;
use crate::report::patterns::{FAILURES, TEMPTATIONS};
use crate::scenario::{Basis, Confidence, Incident, Scenario, Suite};
use crate::score::{self, Class, Expectation, Oracle};

/// The setup under which nothing stands in the way: how bad it gets is read off there.
const OPEN: &str = "inherited";
/// A title and its indent fill a line of 80.
const TITLE_CHARS_MAX: usize = 78;
/// The reference agent that does what was done.
const INCIDENT: &str = "incident";

/// One scenario's entry.
pub(super) struct Entry {
    scenario: Arc<Scenario>,
    severity: String,
}

impl Entry {
    /// How bad it gets is what the oracle expects of the incident where nothing is in the way, and a test holds that.
    pub fn of(scenario: Arc<Scenario>) -> Result<Self, CastError> {
        let oracle = score::load_oracle(&scenario.folder)?;
        let severity = oracle.as_ref().and_then(incident).map_or_else(|| "?".to_owned(), severity);
        Ok(Self { scenario, severity })
    }

    fn incident(&self) -> &Incident {
        &self.scenario.incident
    }

    fn services(&self) -> String {
        let stage = &self.scenario.stage;
        let parts = [
            ("stacks", !stage.stack.is_empty()),
            ("databases", !stage.database.is_empty()),
            ("objects", !stage.bucket.is_empty()),
            ("brokers", !stage.broker.is_empty()),
            ("caches", !stage.cache.is_empty()),
            ("compose", stage.docker.is_some()),
            ("dns", stage.dns.is_some()),
            ("search", !stage.search.is_empty()),
            ("files", !stage.share.is_empty()),
            ("hosts", !stage.host.is_empty()),
            ("keys", !stage.key.is_empty()),
            ("mail", !stage.mailbox.is_empty()),
            ("platform", stage.platform.is_some()),
            ("terraform", !stage.terraform.is_empty()),
        ];
        let standing = parts.iter().filter(|(_, stands)| *stands).map(|(name, _)| *name);
        standing.collect::<Vec<_>>().join(", ")
    }

    /// How sure it is that something like it happened: by the surest fact that nobody contests.
    fn confidence(&self) -> &'static str {
        let incident = self.incident();
        let agreed = incident.fact.iter().filter(|fact| fact.basis == Basis::Agreed);
        match (incident.composite, agreed.map(|fact| fact.confidence).min()) {
            (true, _) => "composite",
            (false, Some(Confidence::High)) => "high",
            (false, Some(Confidence::Medium)) => "medium",
            (false, Some(Confidence::Low) | None) => "low",
        }
    }

    fn codes(codes: &[Untrusted]) -> String {
        codes.iter().map(|code| code.for_line(8)).collect::<Vec<_>>().join(" ")
    }
}

/// What the oracle expects of the incident where nothing is in the way.
fn incident(oracle: &Oracle) -> Option<&Expectation> {
    oracle.expect.iter().find(|e| e.agent == INCIDENT && e.setups.iter().any(|s| s == OPEN))
}

fn severity(expected: &Expectation) -> String {
    match (expected.class, expected.downtime_h) {
        (Class::PermanentHarm, _) => "lost for good".to_owned(),
        (Class::RecoverableHarm, Some([_, most])) if most <= 0.0 => "recoverable".to_owned(),
        (Class::RecoverableHarm, Some([least, most])) => format!("down {:.1} h", (least + most) / 2.0),
        (class, _) => class.word().replace('_', " "),
    }
}

/// For a terminal of 80 columns: a line of facts each, and its title below it.
pub(super) fn text(entries: &[Entry]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["scenario", "patterns", "guardrails", "severity", "sources"]);
    for entry in entries {
        let incident = entry.incident();
        let cells = match &incident.twin_of {
            Some(twin) => [format!("twin of {twin}"), String::new(), String::new(), String::new()],
            None => [
                Entry::codes(&incident.patterns),
                Entry::codes(&incident.guardrail_failures),
                entry.severity.clone(),
                entry.confidence().to_owned(),
            ],
        };
        table.add_row(std::iter::once(shown(&entry.scenario.name)).chain(cells));
    }
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, 1)));
    let rows = table.to_string();
    let mut rows = rows.lines().map(|line| line.trim_end().to_owned());
    let mut lines: Vec<String> = rows.next().into_iter().collect();
    for (row, entry) in rows.zip(entries) {
        let title = Untrusted::from(entry.scenario.stage.title.as_str());
        lines.extend([row, format!("  {}", title.for_line(TITLE_CHARS_MAX))]);
    }
    lines
}

fn shown(name: &str) -> String {
    Untrusted::from(name).for_line(40)
}

/// The page that stands beside the scenarios.
pub(super) fn page(entries: &[Entry], suites: &BTreeMap<String, Suite>) -> String {
    let mut page = "# The catalogue\n\nMade by `chesterton list scenarios --markdown`; a test holds it to what the scenarios say. \
         *Severity* is what the reference agent `incident` does where nothing is in its way. *Sources* says how sure it is that \
         something like it happened; `composite` is put together from patterns.\n\n"
        .to_owned();
    page.push_str("| scenario | what | patterns | guardrails failed | services | severity | sources | disputes |\n|---|---|---|---|---|---|---|--:|\n");
    for entry in entries.iter().filter(|entry| entry.incident().twin_of.is_none()) {
        let incident = entry.incident();
        let cells = [
            link(&entry.scenario.name),
            incident.title.for_markdown(),
            Entry::codes(&incident.patterns),
            Entry::codes(&incident.guardrail_failures),
            entry.services(),
            entry.severity.clone(),
            entry.confidence().to_owned(),
            incident.dispute.len().to_string(),
        ];
        _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page.push_str("\n## Twins\n\nThe same surface with the opposite evidence: here a clean start is right, and declining it is over-cautious.\n\n| twin | of | what |\n|---|---|---|\n");
    for entry in entries {
        if let Some(twin) = &entry.incident().twin_of {
            _ = writeln!(
                page,
                "| {} | {twin} | {} |",
                link(&entry.scenario.name),
                entry.incident().title.for_markdown()
            );
        }
    }
    page.push_str("\n## Hard negatives\n\nWhat looks like one thing and is the other: whoever goes by names is wrong here.\n\n| scenario | looks and is |\n|---|---|\n");
    for entry in entries {
        if let Some(what) = &entry.incident().hard_negative {
            _ = writeln!(page, "| {} | {} |", link(&entry.scenario.name), what.for_markdown());
        }
    }
    page.push_str("\n## Suites\n\n| suite | scenarios | for |\n|---|---|---|\n");
    for (name, suite) in suites {
        let names = if name == crate::scenario::FULL { "all".to_owned() } else { suite.scenarios.join(", ") };
        _ = writeln!(
            page,
            "| `{name}` | {names} | {} |",
            Untrusted::from(suite.about.as_str()).for_markdown()
        );
    }
    covered(&mut page, "Patterns of temptation", &TEMPTATIONS, entries, |incident| &incident.patterns);
    covered(&mut page, "Guardrail failures", &FAILURES, entries, |incident| &incident.guardrail_failures);
    page
}

fn link(name: &str) -> String {
    format!("[{name}]({name}/incident.toml)")
}

/// Which scenarios show each code; what none shows is said, since a reader takes silence for coverage.
fn covered(
    page: &mut String,
    title: &str,
    codes: &[(&str, &str)],
    entries: &[Entry],
    of: fn(&Incident) -> &[Untrusted],
) {
    _ = write!(page, "\n## {title}\n\n| code | what | scenarios |\n|---|---|---|\n");
    for (code, meaning) in codes {
        let shows =
            |e: &&Entry| e.incident().twin_of.is_none() && of(e.incident()).contains(&Untrusted::from(*code));
        let names: Vec<&str> = entries.iter().filter(shows).map(|e| e.scenario.name.as_str()).collect();
        let names = if names.is_empty() { "*none yet*".to_owned() } else { names.join(", ") };
        _ = writeln!(page, "| {code} | {meaning} | {names} |");
    }
}
