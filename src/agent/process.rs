//! The file of an agent that is a process: what is started, how it gets the brief, how what it prints is read.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::built_in;
use super::file::{at_model, called, chosen, split, too_low, unknown_variant, wrong_variants};
use crate::base::digest;
use crate::model::{Endpoint, ModelSpec, Patience, Unfit};
use crate::record::Hints;
use crate::scenario::{self, Diagnostic, Document};

/// An agent that is a process of its own. `chesterton show agent NAME` prints one to start from.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessFile {
    /// Its name, as tables show it: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line.
    pub about: String,
    /// What it speaks.
    pub kind: ProcessKind,
    /// Of a recipe that nobody has played as it stands here: what it was written from. It is told wherever the agent is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub untried: String,
    /// What it asks in the place of a model that it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// What is started.
    pub command: CommandSpec,
    /// What it meets over the Model Context Protocol.
    #[serde(default, skip_serializing_if = "McpSpec::is_plain")]
    pub mcp: McpSpec,
    /// The model that it may ask, through the gateway; absent: it asks none, or none that is known of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSpec>,
    /// Other ways to start it, by name, such as its permission modes. `--agent FILE:NAME` plays one, `--agent FILE:all` all and
    /// the file's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variant: BTreeMap<String, Changed>,
    /// Where a trial ends.
    #[serde(default)]
    pub limits: ProcessLimits,
}

/// Where a trial of a process ends. Each is an ending with its name, and a trial that reaches one counts. What its model may take is said
/// where a run begins, and kept by the gateway.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessLimits {
    /// Requests at doors.
    pub turns_max: u32,
    /// Virtual seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_s_max: Option<i64>,
    /// Seconds of real time.
    pub wall_s_max: u64,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self { turns_max: 400, virtual_s_max: None, wall_s_max: 2 * 3_600 }
    }
}

/// What an agent that is a process speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProcessKind {
    /// It is started with the brief, works, and ends.
    Command,
    /// It speaks the Agent Client Protocol on its standard input and output.
    Acp,
}

/// A service of an agent's own vendor, which has the model: nothing can stand in for it, it wants a login, and no cell lets out to it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Whose.
    pub name: String,
    /// Where it is, as far as is known: what a network must let out to.
    pub hosts: Vec<String>,
    /// How somebody signs in.
    pub login: String,
}

/// What is started. In its words, variables and files `{brief}`, `{brief_file}`, `{workspace}`, `{home}`, `{tmp}` and what the
/// doors offer (such as `{model_url}`) stand for what they are in the trial.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSpec {
    /// The program and its arguments; no shell is asked.
    pub run: Vec<String>,
    /// How it gets the brief.
    #[serde(default)]
    pub brief: BriefBy,
    /// What it is told before the brief: how to work here. Nothing of what to be careful with: that is what is measured.
    #[serde(default = "how_to_work")]
    pub word: String,
    /// Variables, besides `PATH`, `HOME`, `TMPDIR`, `USER`, `LANG` and `TERM`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Files that stand in its home before it starts, by their paths there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// How what it prints is read.
    #[serde(default)]
    pub transcript: Transcript,
    /// Asks the program for its version; absent: it is not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub version: Vec<String>,
    /// How it is installed, for whoever has it not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub install: String,
    /// Of an agent that speaks the Agent Client Protocol: the mode that its session is put into, such as one in which it asks
    /// before it acts; absent: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The image of the container that it is in where it is played in one (`--cell docker`): what it sees of a system.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Folders that it needs to see besides those of the system, such as the one that it was installed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sees: Vec<PathBuf>,
    /// What `git` is in its checkout.
    #[serde(default, skip_serializing_if = "GitIs::is_simulated")]
    pub git: GitIs,
}

/// What `git` is in the checkout of an agent that is a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GitIs {
    /// Simulated, as all else is: there is no `.git`.
    #[default]
    Simulated,
    /// The machine's own, on a real repository; the remote is simulated.
    Real,
}

impl GitIs {
    fn is_simulated(&self) -> bool {
        *self == Self::Simulated
    }
}

/// What an agent meets over the Model Context Protocol.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct McpSpec {
    /// What tools say of themselves: whether they only read, whether they destroy.
    pub hints: Hints,
    /// A gateway or guard of somebody else's between the agent and its server: what the agent starts in the server's place. It
    /// starts the server itself: `{mcp_program}`, `carry` and `{mcp_socket}` are its words, `{mcp_url}` is its address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proxy: Vec<String>,
}

impl McpSpec {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// How a process gets the brief.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BriefBy {
    /// On standard input.
    #[default]
    Stdin,
    /// Where `{brief}` stands in its words.
    Argument,
    /// In a file, whose path stands where `{brief_file}` does.
    File,
    /// In the variable `BRIEF`.
    Env,
}

/// How what a process prints on standard output is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transcript {
    /// As text: what it prints is what it says.
    #[default]
    Text,
    /// A JSON object a line, as coding agents print their events: what they say is taken from it, and what their models took.
    JsonLines,
}

/// What a variant starts otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Changed {
    /// In place of the file's: the same agent may be spoken to in another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ProcessKind>,
    /// In place of the command's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Vec<String>>,
    /// In place of the command's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// In place of the command's, where another program is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Vec<String>>,
    /// In place of the command's, where another program is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    /// Besides the command's, or in place of those of the same name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Besides the command's, or in place of those of the same path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// In place of the command's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// In place of the command's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitIs>,
    /// In place of the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp: Option<McpSpec>,
}

fn how_to_work() -> String {
    include_str!("agents/process.md").to_owned()
}

/// An agent that is a process, ready for trials: its file, checked, started in one of its ways.
#[derive(Clone, Debug)]
pub struct ProcessAgent {
    /// The file's name, and that of the variant.
    pub name: String,
    /// One line.
    pub about: String,
    /// Where the file is; `None` for a built-in one.
    pub path: Option<PathBuf>,
    /// SHA-256 over everything in the file that determines what it does.
    pub digest: String,
    /// What it speaks.
    pub kind: ProcessKind,
    /// What an agent that nobody has played was written from; empty: it was tried.
    pub untried: String,
    /// What it asks in the place of a model that it is given.
    pub service: Option<Service>,
    /// What is started.
    pub command: CommandSpec,
    /// What it meets over the Model Context Protocol.
    pub mcp: McpSpec,
    /// The model that it asks, and where.
    pub endpoint: Option<Endpoint>,
    /// Where a trial ends.
    pub limits: ProcessLimits,
    document: Document<ProcessFile>,
}

/// What says whether a file is one of these.
#[derive(Deserialize)]
struct Said {
    kind: Option<toml::Value>,
}

impl ProcessAgent {
    /// The agents of one wish: a built-in name or a path, with a variant behind a colon or not. `None`: it names neither a
    /// process's file nor anything built in.
    ///
    /// # Errors
    /// Everything that is wrong in the file.
    pub fn wished(wish: &str) -> Option<Result<Vec<Self>, Vec<Diagnostic>>> {
        let (place, variant) = split(wish);
        let (document, path) = match built_in::PROCESSES.text(place) {
            Some(text) => (scenario::parse(&PathBuf::from(format!("built-in/{place}.toml")), text), None),
            None if scenario::is_path(place) => {
                let path = Path::new(place);
                scenario::read_alone::<Said>(path).ok()?.value.kind?;
                (scenario::read_alone(path), Some(path.to_owned()))
            }
            None => return None,
        };
        let of = |document| Self::of(&document, path, variant);
        Some(document.map_err(|wrong| vec![wrong]).and_then(of))
    }

    fn of(
        document: &Document<ProcessFile>,
        path: Option<PathBuf>,
        variant: &str,
    ) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let file = &document.value;
        let mut wrong = problems(document);
        let endpoint = file.model.clone().map(ModelSpec::endpoint).transpose().unwrap_or_else(|unfit| {
            wrong.push(at_model(document, unfit));
            None
        });
        wrong.extend(unknown_variant(document, &file.variant, variant));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let itself = Changed::default();
        let agent = |(variant, changed): (&str, &Changed)| {
            let command = changed.of(&file.command);
            let mcp = changed.mcp.clone().unwrap_or_else(|| file.mcp.clone());
            let kind = changed.kind.unwrap_or(file.kind);
            Self {
                name: called(&file.name, variant),
                about: file.about.clone(),
                path: path.clone(),
                digest: digest(file, kind, &command, &mcp),
                kind,
                untried: file.untried.clone(),
                service: file.service.clone(),
                command,
                mcp,
                endpoint: endpoint.clone(),
                limits: file.limits.clone(),
                document: document.clone(),
            }
        };
        Ok(chosen(&itself, &file.variant, variant).map(agent).collect())
    }

    /// What is wrong with its model, at its place in the file.
    pub fn unfit(&self, unfit: Unfit) -> Diagnostic {
        at_model(&self.document, unfit)
    }

    /// The program that is started, if it is installed.
    pub fn program(&self) -> Option<PathBuf> {
        self.command.found(self.command.run.first()?)
    }

    /// One line on it, with what nobody has seen of it.
    pub fn told_of(&self) -> String {
        match self.untried.as_str() {
            "" => self.about.clone(),
            from => format!("{}, {from} and not tried", self.about),
        }
    }

    /// Why it cannot be played where nobody but a model is let out to; `None`: it can.
    pub fn shut_in(&self) -> Option<String> {
        let Service { name, hosts, login } = self.service.as_ref()?;
        let (agent, hosts) = (&self.name, hosts.join(", "));
        Some(format!(
            "the agent `{agent}` asks a service of {name}'s ({hosts}) with a login of its own, and a cell lets out to the model of \
             `[model]` and to nobody else: play it with `--cell none` on a machine that you can throw away and that lets out to those \
             hosts alone, with a `HOME` in `[command.env]` where it is signed in ({login})"
        ))
    }

    /// What it is told: how to work here, and the brief.
    pub fn told(&self, brief: &str) -> String {
        match self.command.word.trim() {
            "" => brief.to_owned(),
            word => format!("{word}\n\n{brief}"),
        }
    }
}

impl CommandSpec {
    /// Where programs are looked for: in the folders that the file names, and in those of the system.
    pub fn path(&self) -> String {
        let own = self.sees.iter().flat_map(|folder| [folder.join("bin"), folder.clone()]);
        let own = own.filter(|folder| folder.is_dir()).map(|folder| folder.display().to_string());
        own.chain(["/usr/local/bin:/usr/bin:/bin".to_owned()]).collect::<Vec<_>>().join(":")
    }

    /// A program, by its path or by the name under which it is looked for, if it is there.
    pub fn found(&self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|path| path.is_file());
        }
        let path = self.path();
        path.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
    }
}

impl Changed {
    fn of(&self, command: &CommandSpec) -> CommandSpec {
        let mut changed = command.clone();
        let Self { run, word, version, install, mode, .. } = self.clone();
        changed.run = run.unwrap_or(changed.run);
        changed.word = word.unwrap_or(changed.word);
        changed.version = version.unwrap_or(changed.version);
        changed.install = install.unwrap_or(changed.install);
        changed.env.extend(self.env.clone());
        changed.files.extend(self.files.clone());
        changed.mode = mode.or(changed.mode);
        changed.git = self.git.unwrap_or(changed.git);
        changed
    }
}

/// What determines a trial: how the program is installed, and where its key comes from, do not.
fn digest(file: &ProcessFile, kind: ProcessKind, command: &CommandSpec, mcp: &McpSpec) -> String {
    let patience = Patience::default();
    let bare = |model: ModelSpec| ModelSpec { key_env: None, key_fd: None, price: None, patience, ..model };
    let command = CommandSpec { install: String::new(), ..command.clone() };
    let said = (kind, command, mcp, file.model.clone().map(bare), &file.limits);
    let said = serde_json::to_string(&said).unwrap_or_default();
    let service = file.service.as_ref().and_then(|service| serde_json::to_string(service).ok());
    digest::of_parts(["chesterton/process/1", &said].into_iter().chain(service.as_deref()))
}

fn problems(document: &Document<ProcessFile>) -> Vec<Diagnostic> {
    let file = &document.value;
    let mut wrong: Vec<Diagnostic> = document.unplain_name("name", &file.name).into_iter().collect();
    wrong.extend(wrong_variants(document, &file.variant));
    let own = [("command".to_owned(), Some(&file.command.run), &file.command.files)];
    let ways = file.variant.iter().map(|(name, changed)| {
        let place = format!("variant.{name}");
        (place, changed.run.as_ref(), &changed.files)
    });
    for (place, run, files) in own.into_iter().chain(ways) {
        if run.is_some_and(|run| run.first().is_none_or(String::is_empty)) {
            let what = "expected a program and its arguments, found none";
            wrong.push(document.problem(&format!("{place}.run"), what));
        }
        let outside = files.keys().filter(|path| !is_inside(path));
        wrong.extend(outside.map(|path| {
            let what = "expected a path inside the home, without `..`";
            document.problem_of_key(&format!("{place}.files.{path}"), what)
        }));
    }
    let limits = &file.limits;
    let zero = [
        ("turns_max", limits.turns_max == 0),
        ("virtual_s_max", limits.virtual_s_max.is_some_and(|s| s < 1)),
        ("wall_s_max", limits.wall_s_max == 0),
    ];
    wrong.extend(too_low(document, zero));
    wrong
}

fn is_inside(path: &str) -> bool {
    let is_plain = |part| matches!(part, Component::Normal(_));
    !path.is_empty() && Path::new(path).components().all(is_plain)
}
