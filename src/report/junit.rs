//! JUnit XML for a CI: a suite per scenario and setup, a case per trial. Harm is a failure, a fault is an error, what
//! could not be judged is skipped, and what was planned and is not there is an error too, for a green light is a claim.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::sheet::{Line, Sheet};
use super::table::Table;
use super::trials::{Kind, Planned, Trial};
use super::{change, guardrails, wording};
use crate::base::text::Untrusted;
use crate::baseline::Compared;
use crate::stats::{Safety, Verdict};

/// Writes the report, case by case. Times are left out: a CI would add virtual hours to its own minutes.
///
/// # Errors
/// It cannot be written, or what is kept of the trials cannot be read.
pub fn junit(sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
    let suites = suites(sheet)?;
    let further = further(sheet);
    let mut xml = Xml(Writer::new_with_indent(out, b' ', 4));
    xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all =
        suites.iter().map(|suite| suite.counts).chain(further.iter().map(|(_, cases)| Counts::of(cases)));
    let all = all.fold(Counts::default(), Counts::with);
    xml.begin("testsuites", &[("name", "chesterton".to_owned())], Some(all))?;
    let mut trials = cases(sheet).peekable();
    for suite in suites {
        xml.begin("testsuite", &[("name", suite.name)], Some(suite.counts))?;
        xml.properties(sheet)?;
        for _ in 0..suite.counts.tests {
            let Some(case) = trials.next() else { break };
            xml.case(&case?)?;
        }
        xml.end("testsuite")?;
    }
    for (name, cases) in further {
        xml.begin("testsuite", &[("name", name.to_owned())], Some(Counts::of(&cases)))?;
        xml.properties(sheet)?;
        cases.iter().try_for_each(|case| xml.case(case))?;
        xml.end("testsuite")?;
    }
    xml.end("testsuites")?;
    xml.0.write_indent()
}

/// What became of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fate {
    Passed,
    /// With the word for its type.
    Failed(String),
    Error(String),
    Skipped,
}

struct Case {
    name: String,
    class: String,
    fate: Fate,
    /// In a line.
    said: String,
    /// All of it.
    more: String,
}

/// How many cases there are, and what became of them.
#[derive(Clone, Copy, Default)]
struct Counts {
    tests: u64,
    skipped: u64,
    errors: u64,
    failures: u64,
}

impl Counts {
    fn of(cases: &[Case]) -> Self {
        let mut counts = Self::default();
        cases.iter().for_each(|case| counts.add(&case.fate));
        counts
    }

    fn add(&mut self, fate: &Fate) {
        self.tests = self.tests.saturating_add(1);
        let count = match fate {
            Fate::Passed => return,
            Fate::Failed(_) => &mut self.failures,
            Fate::Error(_) => &mut self.errors,
            Fate::Skipped => &mut self.skipped,
        };
        *count = count.saturating_add(1);
    }

    fn with(self, other: Self) -> Self {
        Self {
            tests: self.tests.saturating_add(other.tests),
            skipped: self.skipped.saturating_add(other.skipped),
            errors: self.errors.saturating_add(other.errors),
            failures: self.failures.saturating_add(other.failures),
        }
    }
}

struct Suite {
    name: String,
    counts: Counts,
}

/// The suites in the order of the plan, counted beforehand, because a suite begins with its counts.
fn suites(sheet: &Sheet) -> io::Result<Vec<Suite>> {
    let mut suites: Vec<(&Line, Counts)> = Vec::new();
    for planned in sheet.trials.planned() {
        let planned = planned?;
        let Some(line) = line_of(sheet, &planned) else { continue };
        let is_open = suites
            .last()
            .is_some_and(|(s, _)| s.variant.staged == line.variant.staged && s.setup == line.setup);
        if !is_open {
            suites.push((line, Counts::default()));
        }
        if let Some((_, counts)) = suites.last_mut() {
            counts.add(&fate(kind_of(sheet, &planned)));
        }
    }
    Ok(suites.into_iter().map(|(line, counts)| Suite { name: joined(line, "/"), counts }).collect())
}

/// Suites that are not about single trials: what the setups are worth, which fails nothing, and cells beside a baseline.
/// Too few trials are no failure, and no green light either.
fn further(sheet: &Sheet) -> Vec<(&'static str, Vec<Case>)> {
    let mut suites = Vec::new();
    let [stops, costs] = guardrails::tables(&sheet.guardrails);
    let told = |(stops_row, costs_row): (&Vec<Untrusted>, &Vec<Untrusted>)| {
        let of = |table: &Table, row: &[Untrusted]| -> Vec<String> {
            let figures = table.heads.iter().zip(row).skip(1);
            figures.map(|(head, text)| format!("{} {}", head.title, text.for_line(40))).collect()
        };
        let said = [of(&stops, stops_row), of(&costs, costs_row)].concat().join("\n");
        let name = stops_row.first().map(Untrusted::for_xml).unwrap_or_default();
        Case { name, class: "guardrails".to_owned(), fate: Fate::Passed, said: said.clone(), more: said }
    };
    let cases: Vec<Case> = stops.rows.iter().zip(&costs.rows).map(told).collect();
    if !cases.is_empty() {
        suites.push(("guardrails", cases));
    }
    if let Some(found) = &sheet.comparison {
        let cells = found.cells.iter().filter(|c| c.verdict.is_some() || c.safety.is_some());
        suites.push(("since the baseline", cells.map(compared).collect()));
    }
    suites
}

fn compared(cell: &Compared) -> Case {
    let verdict = cell.verdict.map_or("not compared", Verdict::word);
    let fate = match (cell.safety, cell.verdict) {
        (Some(Safety::Unsafe), _) => Fate::Failed(Safety::Unsafe.word().to_owned()),
        (_, Some(Verdict::Regressed)) => Fate::Failed(verdict.to_owned()),
        (_, Some(Verdict::Invalid)) => Fate::Error(verdict.to_owned()),
        (_, Some(Verdict::Underpowered)) => Fate::Skipped,
        _ => Fate::Passed,
    };
    let row: Vec<String> = change::row(cell).iter().skip(3).map(|text| text.for_line(80)).collect();
    let said = match row.as_slice() {
        [then, now, change, p, verdict] => {
            format!("{verdict}: harmed {then} then, {now} now, change {change}, p {p}")
        }
        _ => verdict.to_owned(),
    };
    let key = &cell.cell;
    Case {
        name: key.agent.for_xml(),
        class: format!("{}.{}", key.scenario.for_xml(), key.setup.for_xml()),
        fate,
        said: said.clone(),
        more: said,
    }
}

/// The cases in the same order.
fn cases(sheet: &Sheet) -> impl Iterator<Item = io::Result<Case>> + '_ {
    let case = |planned: Planned| Some(case(sheet, line_of(sheet, &planned)?, &planned));
    sheet.trials.planned().filter_map(move |planned| planned.map(case).transpose())
}

fn line_of<'s>(sheet: &'s Sheet, planned: &Planned) -> Option<&'s Line> {
    sheet.line_of.get(planned.cell).copied().flatten().and_then(|line| sheet.lines.get(line))
}

fn kind_of<'s>(sheet: &'s Sheet, planned: &Planned) -> Option<&'s Kind> {
    planned.trial.as_ref().and_then(|trial| sheet.trials.kinds.get(trial.kind))
}

fn fate(kind: Option<&Kind>) -> Fate {
    let Some(kind) = kind else { return Fate::Error("missing".to_owned()) };
    match kind.class {
        Some(class) if class.is_harm() => Fate::Failed(class.word().to_owned()),
        _ if kind.ending.ends_with("_fault") || kind.ending == "interrupted" => {
            Fate::Error(kind.ending.clone())
        }
        Some(_) => Fate::Passed,
        None => Fate::Skipped,
    }
}

/// Named by what stays the same from run to run, so that a CI can tell its history.
fn case(sheet: &Sheet, line: &Line, planned: &Planned) -> Case {
    let (kind, index) = (kind_of(sheet, planned), planned.index);
    let seed = sheet.seeds.first.wrapping_add(u64::from(index));
    let fate = fate(kind);
    let (said, more) = match kind.zip(planned.trial.as_ref()) {
        Some((kind, trial)) => played(kind, trial, seed, &fate),
        None => {
            let said = "planned and not sealed: go on with `chesterton resume`";
            (said.to_owned(), format!("seed {seed}"))
        }
    };
    Case { name: format!("{}/{index}", line.agent.for_xml()), class: joined(line, "."), fate, said, more }
}

fn played(kind: &Kind, trial: &Trial, seed: u64, fate: &Fate) -> (String, String) {
    let class = kind.class.map_or("not judged", |c| c.word());
    let [.., executed] = kind.roads;
    let road = executed.map_or("not judged", |r| r.word());
    let authority = kind.authority.map_or("not judged", |a| a.word());
    let told = format!(
        "{class}: executed {road}, {authority}, down {}, records lost {}",
        wording::duration(trial.downtime_s),
        wording::count(trial.records_lost)
    );
    let more = format!("{told}\nseed {seed}, ending {}\nchesterton show {}", kind.ending, trial.id.short());
    let said = match fate {
        Fate::Error(ending) => format!("the trial ended with `{ending}`"),
        Fate::Skipped => "not judged: its scenario has no oracle".to_owned(),
        Fate::Passed | Fate::Failed(_) => told,
    };
    (said, more)
}

fn joined(line: &Line, by: &str) -> String {
    format!("{}{by}{}", line.variant.staged.for_xml(), line.setup.for_xml())
}

/// The writer escapes whatever it is given; texts come through [`Untrusted::for_xml`], which leaves out what XML cannot say.
struct Xml<'o>(Writer<&'o mut dyn Write>);

impl Xml<'_> {
    fn begin(&mut self, name: &str, attributes: &[(&str, String)], counts: Option<Counts>) -> io::Result<()> {
        self.0.write_event(Event::Start(tag(name, attributes, counts)))
    }

    fn end(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    /// An element with a text in it.
    fn text(&mut self, name: &str, attributes: &[(&str, String)], text: &str) -> io::Result<()> {
        self.begin(name, attributes, None)?;
        self.0.write_event(Event::Text(BytesText::new(text)))?;
        self.end(name)
    }

    /// With what it was measured, in each suite: a CI shows suites apart.
    fn properties(&mut self, sheet: &Sheet) -> io::Result<()> {
        self.begin("properties", &[], None)?;
        let harness = sheet.harness.for_xml();
        let known =
            [("harness", harness), ("plan", sheet.plan.clone()), ("seeds", wording::seeds(&sheet.seeds))];
        for (name, value) in known {
            let property = tag("property", &[("name", name.to_owned()), ("value", value)], None);
            self.0.write_event(Event::Empty(property))?;
        }
        self.end("properties")
    }

    fn case(&mut self, case: &Case) -> io::Result<()> {
        let attributes = [("name", case.name.clone()), ("classname", case.class.clone())];
        self.begin("testcase", &attributes, None)?;
        let xml = |text: &str| Untrusted::from(text).for_xml();
        let (said, more) = (xml(&case.said), xml(&case.more));
        match &case.fate {
            Fate::Failed(ty) => self.text("failure", &[("message", said), ("type", xml(ty))], &more)?,
            Fate::Error(ty) => self.text("error", &[("message", said), ("type", xml(ty))], &more)?,
            Fate::Skipped => {
                self.0.write_event(Event::Empty(tag("skipped", &[("message", said)], None)))?;
                self.text("system-out", &[], &more)?;
            }
            Fate::Passed => self.text("system-out", &[], &more)?,
        }
        self.end("testcase")
    }
}

fn tag<'n>(name: &'n str, attributes: &[(&str, String)], counts: Option<Counts>) -> BytesStart<'n> {
    let mut tag = BytesStart::new(name);
    attributes.iter().for_each(|(key, value)| tag.push_attribute((*key, value.as_str())));
    if let Some(Counts { tests, skipped, errors, failures }) = counts {
        for (key, n) in [("tests", tests), ("skipped", skipped), ("errors", errors), ("failures", failures)] {
            tag.push_attribute((key, n.to_string().as_str()));
        }
    }
    tag
}
