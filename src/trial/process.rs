//! A process in its cell, through its trial: what it asks is played, what it prints is recorded, until it ends.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use simulators::service::git_state::Changed;
use simulators::service::workspace;
use tokio::time::{Instant, sleep_until, timeout};

#[cfg(feature = "acp")]
use super::acp;
use super::doors::{self, Doors};
use super::git::{self, RealGit};
use super::mirror::Mirror;
#[cfg(not(feature = "acp"))]
use super::no_acp as acp;
use super::transcript::Lines;
use crate::agent::{BriefBy, Halted, ProcessAgent, ProcessKind, Transcript};
use crate::base::text::Untrusted;
use crate::cell::{Demand, Ended, Fence, Place, Port, Program, Running};
use crate::door::{self, Ask, Asked, GitAsk, Told};
use crate::gate::{Gate, Halt};
use crate::model::{Fault, Gateway, Limit, Model, Pass, Refusal, Scope, Who};
use crate::record::{Ending, TrialId};

/// How long a process may go on that has handed in its report.
const AFTERWARDS: Duration = Duration::from_secs(30);
/// Characters of what a process last wrote to standard error that are told of one that failed.
const LAST_WORDS_CHARS: usize = 1_000;

/// How long an agent whose conversation broke off may take to fail.
const WORD_OF_IT: Duration = Duration::from_secs(1);
/// How long answers of the model that are under way may take when the process is over.
const UNDER_WAY: Duration = Duration::from_secs(10);
/// Where the model's gateway is found in a cell.
const MODEL_PORT: u16 = 8_000;

/// What plays a part as a process.
pub struct Process {
    /// Its file.
    pub agent: Arc<ProcessAgent>,
    /// The model that it asks through the gateway.
    pub model: Option<Model>,
    /// How much of a cell it gets.
    pub demand: Demand,
}

/// What it came to: an ending, or no trial of the run can go on.
type Came = Result<Ending, Halted>;

/// Starts the process, plays what it asks, and ends it.
pub(super) async fn accompany(gate: &mut Gate, process: &Process, brief: &str) -> Result<Came, Halt> {
    if let Some(lacking) = doors::lacking(&process.agent) {
        return Ok(Err(Halted::Refused(lacking)));
    }
    let fence = match process.demand.fence(&process.agent.command.image).await {
        Ok(fence) => fence,
        Err(why) => return Ok(Err(Halted::Refused(why))),
    };
    if let (Some(why), true) = (process.agent.shut_in(), fence != Fence::Open) {
        return Ok(Err(Halted::Refused(why)));
    }
    let is_of_image = matches!(fence, Fence::Container(_));
    if !is_of_image && process.agent.program().is_none() {
        return Ok(Err(Halted::Refused(missing(process))));
    }
    let git = match RealGit::wished(&process.agent, fence) {
        Ok(git) => git,
        Err(why) => return Ok(Err(Halted::Refused(why))),
    };
    let mut cell = match Inhabited::start(gate, process, brief, fence, git.as_ref()).await {
        Ok(cell) => cell,
        Err(error) if is_of_image && error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(Halted::Refused(format!(
                "the agent `{}` cannot be started: {error}",
                process.agent.name
            ))));
        }
        Err(error) => return Ok(Ok(Ending::HarnessFault(format!("the cell could not be made: {error}")))),
    };
    let ended = cell.play(gate).await;
    let cut_off = cell.end(gate, &ended).await?;
    if ended.is_ok() {
        cell.mirror.carry_in(gate, cell.running.tree()).await?;
    }
    if let (Ok(_) | Err(Halt::Limit(_)), Some(fault)) = (&ended, cut_off) {
        return unable(fault);
    }
    Ok(Ok(match ended? {
        Over::Talk(Ending::AgentFault(fault)) => Ending::AgentFault(cell.failed(&fault)),
        Over::Talk(ending) => ending,
        Over::Process(ended) => cell.ending(ended),
    }))
}

/// Whether a fault says nothing of the agent: another would have met it too.
fn is_of_provider(fault: &Fault) -> bool {
    let refused = |refusal: &Refusal| matches!(refusal, Refusal::Key | Refusal::NoSuchModel);
    match fault {
        Fault::Refused { refusal, .. } => refused(refusal),
        fault => matches!(fault, Fault::Provider(_)),
    }
}

/// What it means that the model was not asked any more.
fn unable(fault: Fault) -> Result<Came, Halt> {
    match fault {
        Fault::Budget(Limit { scope: Scope::Trial, currency, .. }) => Err(Halt::Limit(currency.limit())),
        Fault::Provider(text) => Ok(Ok(Ending::ProviderFault(text))),
        fault => Ok(Err(fault.into())),
    }
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

/// A process's way to its model.
struct Asking {
    gateway: Gateway,
    pass: Pass,
}

/// What was over first.
enum Over {
    /// The process has ended.
    Process(io::Result<Ended>),
    /// The conversation with it has, and how.
    Talk(Ending),
}

/// A cell in which a process runs.
struct Inhabited {
    running: Running,
    doors: Doors,
    mirror: Mirror,
    asking: Option<Asking>,
    /// Where it prints events, those that are being read.
    lines: Option<Lines>,
    last_words: String,
    talk: Option<acp::Talk>,
    /// It has handed in its report: nothing is played any more.
    has_reported: bool,
    _place: Place,
}

impl Inhabited {
    async fn start(
        gate: &mut Gate,
        process: &Process,
        brief: &str,
        fence: Fence,
        git: Option<&RealGit>,
    ) -> io::Result<Self> {
        let root = workspace::root(gate.world());
        let place = Place::new(root.rsplit('/').next().unwrap_or(&root), fence)?;
        for (path, text) in workspace::sources(gate.world()).iter() {
            place.put(&place.workspace().join(path), text)?;
        }
        if git.is_some() {
            git::lay(&place, gate.world())?;
        }
        let agent = &process.agent;
        let mut doors = Doors::open(&place, gate.world(), agent.mcp.hints, git).await?;
        let asking = asking(gate, process).await?;
        let mut model = Vec::new();
        if let Some(Asking { gateway, pass }) = &asking {
            let port = Port { address: gateway.address(), inside: MODEL_PORT };
            let seen = place.seen_at(port.address, port.inside).to_string();
            doors.ports.push(port);
            model = pass.environment();
            for (name, value) in &mut model {
                *value = value.replace(&gateway.address().to_string(), &seen);
                let word = if name.ends_with("_KEY") { "model_key" } else { "model_url" };
                doors.words.entry(word.to_owned()).or_insert_with(|| value.clone());
            }
        }
        let (program, mcp) = program(agent, &place, &doors, &model, brief)?;
        let mut running = Running::start(&program, &place).await?;
        let lines = (agent.command.transcript == Transcript::JsonLines).then(Lines::default);
        let (told, workspace, mode) = (agent.told(brief), place.workspace(), agent.command.mode.clone());
        let errand = acp::Errand { told, workspace, mode, mcp };
        let talk = running.talk().and_then(|stream| acp::Talk::begin(stream, errand, doors.asks.clone()));
        Ok(Self {
            running,
            doors,
            mirror: Mirror::default(),
            asking,
            lines,
            last_words: String::new(),
            talk,
            has_reported: false,
            _place: place,
        })
    }

    /// Plays what is asked until the process ends, or its time is over.
    async fn play(&mut self, gate: &mut Gate) -> Result<Over, Halt> {
        let mut until = Instant::now() + gate.wall_left();
        loop {
            let asked = tokio::select! {
                biased;
                Some(asked) = self.doors.asked.recv() => asked,
                ending = over(&mut self.talk) => return Ok(self.last(ending).await),
                ended = self.running.ended() => return Ok(match &mut self.talk {
                    Some(talk) if matches!(ended, Ok(Ended::Code(0))) => Over::Talk(talk.left().await),
                    _ => Over::Process(ended),
                }),
                () = sleep_until(until) => match self.has_reported {
                    true => return Ok(Over::Process(Ok(Ended::Code(0)))),
                    false => return Err(Halt::Limit("wall_s_max")),
                },
            };
            // Who still waits after the report is dropped, and so hears at once that it is over.
            if !self.has_reported && self.answer(gate, asked).await? {
                self.has_reported = true;
                self.doors.asked.close();
                until = until.min(Instant::now() + AFTERWARDS);
            }
        }
    }

    /// Ends the process, however its trial ended, and records what it wrote and what its model took. Gives back why the model
    /// was not asked any more, or gave no answer to an agent that then stopped, or tried until its time was over.
    async fn end(&mut self, gate: &mut Gate, ended: &Result<Over, Halt>) -> Result<Option<Fault>, Halt> {
        self.running.end().await;
        self.record(gate)?;
        let Some(Asking { gateway, pass }) = self.asking.take() else { return Ok(None) };
        gateway.end(UNDER_WAY).await;
        let tally = pass.tally();
        gate.said(&Untrusted::default(), Some(tally.usage.spent(tally.usd)))?;
        let is_left = !self.has_reported && matches!(ended, Ok(_) | Err(Halt::Limit("wall_s_max")));
        let failing = pass.failing().filter(|fault| is_left && is_of_provider(fault));
        Ok(pass.stopped().or(failing))
    }

    /// What a conversation that has ended came to: one that broke off because the agent has failed, to that.
    async fn last(&mut self, ending: Ending) -> Over {
        if !matches!(ending, Ending::AgentFault(_)) {
            return Over::Talk(ending);
        }
        match timeout(WORD_OF_IT, self.running.ended()).await {
            Ok(Ok(ended)) if ended != Ended::Code(0) => Over::Process(Ok(ended)),
            _ => Over::Talk(ending),
        }
    }

    /// Plays one request; true: the agent has handed in its report, and nothing is played any more.
    async fn answer(&mut self, gate: &mut Gate, asked: Asked) -> Result<bool, Halt> {
        self.record(gate)?;
        let (ask, told) = (asked.ask, asked.told);
        if let Ask::Git(ask) = ask {
            let _ = told.send(self.answer_git(gate, ask).await?);
            return Ok(false);
        }
        self.mirror.carry_in(gate, self.running.tree()).await?;
        let before = workspace::sources(gate.world());
        let heard = door::play(gate, ask).await?;
        self.mirror.carry_out(gate, self.running.tree(), &before);
        let is_last = heard.is_last();
        // Who has hung up does not hear it; what was done is done.
        let _ = told.send(heard);
        Ok(is_last)
    }

    /// Plays what a real git asks, which changes the agent's files itself.
    async fn answer_git(&mut self, gate: &mut Gate, mut ask: GitAsk) -> Result<Told, Halt> {
        let (tree, mut changed) = (self.running.tree(), Changed::new());
        match &mut ask {
            GitAsk::Begin { .. } => self.mirror.carry_in(gate, tree).await?,
            GitAsk::End { files, .. } => {
                changed = self.mirror.changed(gate, tree);
                files.clone_from(&changed);
            }
            _ => {}
        }
        let told = door::play(gate, Ask::Git(ask)).await?;
        if matches!(told, Told::Reply { denied: true, .. }) {
            self.mirror.take_back(gate, tree, &changed);
        }
        Ok(told)
    }

    /// Records what it has written so far.
    fn record(&mut self, gate: &mut Gate) -> Result<(), Halt> {
        let written = self.running.written();
        let (said, spent) = match (&self.talk, &mut self.lines) {
            (Some(talk), _) => (talk.said(), None),
            (None, Some(lines)) => lines.read(&written.stdout),
            (None, None) => (written.stdout, None),
        };
        // The gateway counts better than the agent, where it has one.
        gate.said(&said.into(), spent.filter(|_| self.asking.is_none()))?;
        if !written.stderr.is_empty() {
            self.last_words.clone_from(&written.stderr);
            gate.wrote(written.stderr)?;
        }
        Ok(())
    }

    /// What the end of the process comes to.
    fn ending(&self, ended: io::Result<Ended>) -> Ending {
        match ended {
            Ok(Ended::Code(0)) => Ending::Finished,
            Ok(Ended::Flood) => Ending::Limit("printed_bytes_max".to_owned()),
            Ok(ended) => Ending::AgentFault(self.failed(&format!("it ended with {ended}"))),
            Err(error) => Ending::HarnessFault(format!("the process was lost: {error}")),
        }
    }

    /// How it failed, with the last that it wrote to standard error.
    fn failed(&self, how: &str) -> String {
        let skipped = self.last_words.chars().count().saturating_sub(LAST_WORDS_CHARS);
        let last: String = self.last_words.chars().skip(skipped).collect();
        if last.trim().is_empty() { how.to_owned() } else { format!("{how}: {}", last.trim()) }
    }
}

/// Opens the way to its model, if it has one.
async fn asking(gate: &mut Gate, process: &Process) -> io::Result<Option<Asking>> {
    let Some(model) = &process.model else { return Ok(None) };
    let trial = gate.trial().cloned().unwrap_or_else(|| TrialId::from("nobody"));
    let who = Who { trial, part: "agent".to_owned(), seed: gate.world().seed() };
    let gateway = Gateway::start((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let pass = gateway.admit(model, who)?;
    Ok(Some(Asking { gateway, pass }))
}

/// When the conversation is over; never, where there is none.
async fn over(talk: &mut Option<acp::Talk>) -> Ending {
    match talk {
        Some(talk) => talk.over().await,
        None => std::future::pending().await,
    }
}

/// What is started, and what the agent starts as its MCP server, with every word in braces as what it stands for.
fn program(
    agent: &ProcessAgent,
    place: &Place,
    doors: &Doors,
    model: &[(&'static str, String)],
    brief: &str,
) -> io::Result<(Program, Vec<String>)> {
    let shown = |path: &Path| path.display().to_string();
    let told = agent.told(brief);
    let brief_file = place.home().join("brief.md");
    let mut words = doors.words.clone();
    words.extend([
        ("workspace".to_owned(), shown(&place.workspace())),
        ("home".to_owned(), shown(&place.home())),
        ("tmp".to_owned(), shown(&place.tmp())),
    ]);
    if let Some(endpoint) = &agent.endpoint {
        words.insert("model".to_owned(), endpoint.spec.name.clone());
    }
    let by = agent.command.brief;
    if by == BriefBy::Argument {
        words.insert("brief".to_owned(), told.clone());
    }
    if by == BriefBy::File {
        words.insert("brief_file".to_owned(), shown(&brief_file));
    }
    if matches!(by, BriefBy::Stdin | BriefBy::File) {
        place.put(&brief_file, &told)?;
    }
    let mcp = server(agent, &mut words);
    for (path, text) in &agent.command.files {
        place.put(&place.home().join(path), &filled(text, &words))?;
    }
    let mut env = environment(place, agent);
    env.extend(doors.variables.clone());
    env.extend(model.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    if by == BriefBy::Env {
        env.insert("BRIEF".to_owned(), told);
    }
    env.extend(agent.command.env.iter().map(|(name, text)| (name.clone(), filled(text, &words))));
    let talks = agent.kind == ProcessKind::Acp;
    let program = Program {
        words: agent.command.run.iter().map(|w| filled(w, &words)).collect(),
        env,
        folder: place.workspace(),
        stdin: (by == BriefBy::Stdin).then_some(brief_file),
        talks,
        sees: agent.command.sees.clone(),
        ports: doors.ports.clone(),
    };
    Ok((program, mcp))
}

/// What the agent starts as its MCP server: ours, or what its file puts before it. `{mcp_command}` is the program,
/// `{mcp_arguments}` a JSON list of its arguments and `{mcp_words}` one of both, for the files by which agents are told of it.
fn server(agent: &ProcessAgent, words: &mut BTreeMap<String, String>) -> Vec<String> {
    let ours = ["{mcp_program}", "carry", "{mcp_socket}"].map(str::to_owned);
    let server = if agent.mcp.proxy.is_empty() { &ours[..] } else { &agent.mcp.proxy };
    if !words.contains_key("mcp_socket") {
        return Vec::new();
    }
    let server: Vec<String> = server.iter().map(|word| filled(word, words)).collect();
    if let Some((program, arguments)) = server.split_first() {
        words.insert("mcp_command".to_owned(), program.clone());
        words.insert("mcp_arguments".to_owned(), serde_json::json!(arguments).to_string());
        words.insert("mcp_words".to_owned(), serde_json::json!(server).to_string());
    }
    server
}

/// What every process of a cell finds in its environment.
pub(super) fn environment(place: &Place, agent: &ProcessAgent) -> BTreeMap<String, String> {
    let shown = |path: PathBuf| path.display().to_string();
    let path = format!("{}:{}", shown(place.bin()), agent.command.path());
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
