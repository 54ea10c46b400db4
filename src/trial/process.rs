//! A process in its cell, through its trial: what it asks is played, what it prints is recorded, until it ends.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use simulators::service::workspace;
use tokio::time::{Instant, sleep_until};

use super::doors::Doors;
use crate::agent::{BriefBy, Halted, ProcessAgent};
use crate::cell::{Ended, Place, Program, Running};
use crate::door::{self, Asked};
use crate::gate::{Gate, Halt};
use crate::record::Ending;

/// How long a process may go on that has handed in its report.
const AFTERWARDS: Duration = Duration::from_secs(30);
/// Characters of what a process last wrote to standard error that are told of one that failed.
const LAST_WORDS_CHARS: usize = 1_000;

/// What plays a part as a process.
pub struct Process {
    /// Its file.
    pub agent: Arc<ProcessAgent>,
}

/// What it came to: an ending, or no trial of the run can go on.
type Came = Result<Ending, Halted>;

/// Starts the process, plays what it asks, and ends it.
pub(super) async fn accompany(gate: &mut Gate, process: &Process, brief: &str) -> Result<Came, Halt> {
    let fault =
        |error: io::Error| Ok(Ok(Ending::HarnessFault(format!("the cell could not be made: {error}"))));
    let mut cell = match Inhabited::start(gate, process, brief) {
        Ok(cell) => cell,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(Halted::Refused(missing(process))));
        }
        Err(error) => return fault(error),
    };
    let ended = cell.play(gate).await;
    cell.running.kill();
    cell.record(gate)?;
    Ok(Ok(match ended? {
        Ok(Ended::Code(0)) => Ending::Finished,
        Ok(Ended::Code(code)) => Ending::AgentFault(cell.failed(&format!("it ended with code {code}"))),
        Ok(Ended::Signal(signal)) => Ending::AgentFault(cell.failed(&format!("signal {signal} ended it"))),
        Ok(Ended::Flood) => Ending::Limit("printed_bytes_max".to_owned()),
        Err(error) => Ending::HarnessFault(format!("the process was lost: {error}")),
    }))
}

fn missing(process: &Process) -> String {
    let (agent, command) = (&process.agent.name, &process.agent.command);
    let program = command.run.first().map_or("", String::as_str);
    let install = match command.install.as_str() {
        "" => String::new(),
        how => format!(": {how}"),
    };
    format!("the program `{program}` of the agent `{agent}` is not installed{install}")
}

/// A cell in which a process runs.
struct Inhabited {
    running: Running,
    doors: Doors,
    last_words: String,
    _place: Place,
}

impl Inhabited {
    fn start(gate: &Gate, process: &Process, brief: &str) -> io::Result<Self> {
        let root = workspace::root(gate.world());
        let place = Place::new(root.rsplit('/').next().unwrap_or(&root))?;
        for (path, text) in workspace::sources(gate.world()).iter() {
            place.put(&place.workspace().join(path), text)?;
        }
        let doors = Doors::open(&place)?;
        let program = program(&process.agent, &place, &doors.words, brief)?;
        let running = Running::start(&program)?;
        Ok(Self { running, doors, last_words: String::new(), _place: place })
    }

    /// Plays what is asked until the process ends, or its time is over.
    async fn play(&mut self, gate: &mut Gate) -> Result<io::Result<Ended>, Halt> {
        let mut until = Instant::now() + gate.wall_left();
        let mut is_done = false;
        loop {
            let asked = tokio::select! {
                biased;
                Some(asked) = self.doors.asked.recv(), if !is_done => asked,
                ended = self.running.ended() => return Ok(ended),
                () = sleep_until(until) => match is_done {
                    true => return Ok(Ok(Ended::Code(0))),
                    false => return Err(Halt::Limit("wall_s_max")),
                },
            };
            if self.answer(gate, asked).await? {
                is_done = true;
                until = until.min(Instant::now() + AFTERWARDS);
            }
        }
    }

    /// Plays one request; true: the agent has handed in its report, and nothing is played any more.
    async fn answer(&mut self, gate: &mut Gate, asked: Asked) -> Result<bool, Halt> {
        self.record(gate)?;
        let told = door::play(gate, asked.ask).await?;
        let is_last = told.is_last();
        // Who has hung up does not hear it; what was done is done.
        let _ = asked.told.send(told);
        Ok(is_last)
    }

    /// Records what it has written so far.
    fn record(&mut self, gate: &mut Gate) -> Result<(), Halt> {
        let written = self.running.written();
        gate.said(&written.stdout.into(), None)?;
        if !written.stderr.is_empty() {
            self.last_words.clone_from(&written.stderr);
            gate.wrote(written.stderr)?;
        }
        Ok(())
    }

    /// How it failed, with the last that it wrote to standard error.
    fn failed(&self, how: &str) -> String {
        let skipped = self.last_words.chars().count().saturating_sub(LAST_WORDS_CHARS);
        let last: String = self.last_words.chars().skip(skipped).collect();
        if last.trim().is_empty() { how.to_owned() } else { format!("{how}: {}", last.trim()) }
    }
}

/// What is started, with every word in braces as what it stands for.
fn program(
    agent: &ProcessAgent,
    place: &Place,
    offered: &BTreeMap<String, String>,
    brief: &str,
) -> io::Result<Program> {
    let shown = |path: &Path| path.display().to_string();
    let told = agent.told(brief);
    let brief_file = place.home().join("brief.md");
    let mut words = offered.clone();
    words.extend([
        ("workspace".to_owned(), shown(place.workspace())),
        ("home".to_owned(), shown(&place.home())),
        ("tmp".to_owned(), shown(&place.tmp())),
    ]);
    let by = agent.command.brief;
    if by == BriefBy::Argument {
        words.insert("brief".to_owned(), told.clone());
    }
    if by == BriefBy::File {
        words.insert("brief_file".to_owned(), shown(&brief_file));
    }
    let stdin = match by {
        BriefBy::Stdin | BriefBy::File => {
            place.put(&brief_file, &told)?;
            (by == BriefBy::Stdin).then_some(brief_file)
        }
        _ => None,
    };
    for (path, text) in &agent.command.files {
        place.put(&place.home().join(path), &filled(text, &words))?;
    }
    let mut env = environment(place);
    if by == BriefBy::Env {
        env.insert("BRIEF".to_owned(), told);
    }
    env.extend(agent.command.env.iter().map(|(name, text)| (name.clone(), filled(text, &words))));
    let folder = PathBuf::from(place.workspace());
    Ok(Program { words: agent.command.run.iter().map(|w| filled(w, &words)).collect(), env, folder, stdin })
}

/// What every process of a cell finds in its environment.
fn environment(place: &Place) -> BTreeMap<String, String> {
    let shown = |path: PathBuf| path.display().to_string();
    let path = format!("{}:{}", shown(place.bin()), TOOLS);
    let of = [
        ("PATH", path),
        ("HOME", shown(place.home())),
        ("TMPDIR", shown(place.tmp())),
        ("USER", "agent".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TERM", "dumb".to_owned()),
    ];
    of.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Where programs are looked for.
const TOOLS: &str = "/usr/local/bin:/usr/bin:/bin";

/// A text with the words in braces as what they stand for, in one pass: what they stand for is not looked at again.
fn filled(text: &str, words: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let found = behind.split_once('}').and_then(|(name, after)| Some((words.get(name)?, after)));
        match found {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_braces_are_filled_in_once() {
        let words = BTreeMap::from([("a".to_owned(), "{b}".to_owned()), ("b".to_owned(), "x".to_owned())]);
        assert_eq!(filled("{a} {b} {c} {\"json\": {b}} {", &words), "{b} x {c} {\"json\": x} {");
    }
}
