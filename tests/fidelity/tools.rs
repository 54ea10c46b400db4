//! The real tools: how each is asked whether it takes a line, without a word going anywhere but to loopback.
//!
//! A line can destroy things. So no tool that works on files by itself is run on it but in a copy of the checkout, none that works on a
//! machine at all, and each has an environment of its own in which every server is an address on loopback where nobody listens.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, OnceLock};

use tempfile::TempDir;

use super::lines::{Line, SCENARIOS};

/// Nobody listens there.
pub const NOBODY: &str = "127.0.0.9";

/// What a tool made of a line.
#[derive(PartialEq, Eq, Debug)]
pub enum Taken {
    /// It went on to do it.
    Yes,
    /// It says that it is no line of its own.
    No(String),
}

/// How it can be told that a tool went on.
enum Told {
    /// It ends well, or says one of these: it looked for its server, or for what it is to work on.
    Reached(&'static [&'static str]),
    /// It says none of these, and does not end with that code.
    NotRefused(&'static [&'static str], i32),
    /// A program in Python reads all lines at once.
    Python(&'static str, &'static str),
}

/// A real tool.
pub struct Tool {
    pub name: &'static str,
    /// What a line of it has in front, where not every line of the program is meant.
    leads: &'static [&'static str],
    told: Told,
    /// Words put in front of those behind the program, and behind them.
    adds: (&'static [&'static str], &'static [&'static str]),
    /// A line that it does not take: without it nothing could be told.
    canary: &'static str,
}

const fn tool(name: &'static str, told: Told, canary: &'static str) -> Tool {
    Tool { name, leads: &[], told, adds: (&[], &[]), canary }
}

const REFUSED: &[&str] = &["onnection refused", "was refused", "Cannot connect to the Docker daemon"];
/// Terraform was never initialized here: there is no provider to ask.
const NO_PROVIDER: &[&str] = &[
    "Backend initialization required",
    "No configuration files",
    "Missing required provider",
    "Inconsistent dependency lock file",
    "Failed to query available provider packages",
    "onnection refused",
    "as a plan file",
    "no such file or directory",
    "No valid credential sources found",
];
const USAGE: &[&str] = &[
    "unrecognized option",
    "unrecognized argument",
    "unknown option",
    "unknown switch",
    "invalid option",
    "unknown predicate",
    "is not a git command",
    "requires a value",
    "requires an argument",
];

/// Tools that only look, whatever their words are; what changes files is not among them.
const fn looks(name: &'static str, canary: &'static str) -> Tool {
    tool(name, Told::NotRefused(USAGE, 255), canary)
}

pub const TOOLS: &[Tool] = &[
    tool("aws", Told::Python("awscli", include_str!("aws.py")), "aws rds describe-db-instances --canary"),
    looks("cat", "cat --canary"),
    tool("curl", Told::NotRefused(&["curl: option", "curl: (3)", "curl: (26)"], 2), "curl --canary http://x"),
    Tool { leads: ENGINE, ..tool("docker", Told::Reached(REFUSED), "docker volume ls --canary") },
    Tool {
        leads: &["compose"],
        ..tool(
            "docker",
            Told::Python("compose.cli.main", include_str!("compose.py")),
            "docker compose up --canary",
        )
    },
    looks("find", "find . -canary"),
    tool("gh", Told::Reached(REFUSED), "gh pr view 1 --json canary"),
    tool("git", Told::NotRefused(USAGE, 129), "git log --canary"),
    looks("grep", "grep --canary x"),
    tool("jq", Told::NotRefused(&["jq: error", "Unknown option", "Unknown arguments"], 3), "jq --canary ."),
    tool("kubectl", Told::Reached(REFUSED), "kubectl get pods --canary"),
    looks("ls", "ls --canary"),
    tool("pg_basebackup", Told::Reached(REFUSED), "pg_basebackup --canary"),
    Tool {
        adds: (&[], &["--help"]),
        ..tool(
            "prisma",
            Told::NotRefused(&["unknown or unexpected option", "Unknown command"], 255),
            "prisma db push --canary",
        )
    },
    tool("psql", Told::Reached(REFUSED), "psql --canary"),
    Tool {
        adds: (&["-G"], &[]),
        ..tool("ssh", Told::NotRefused(&["illegal option", "unknown option", "usage: ssh"], 255), "ssh -Z x")
    },
    looks("stat", "stat --canary x"),
    looks("tail", "tail --canary x"),
    tool("terraform", Told::Reached(NO_PROVIDER), "terraform plan -canary"),
    looks("wc", "wc --canary x"),
];

/// What `docker` itself does; the rest is a plugin's.
const ENGINE: &[&str] = &[
    "builder", "image", "inspect", "logs", "ps", "restart", "rm", "run", "start", "stop", "system", "volume",
];

impl Tool {
    /// The lines that are this tool's.
    pub fn own<'l>(&self, lines: &'l [Line]) -> Vec<&'l Line> {
        let is_own = |line: &&Line| {
            let second = line.words.get(1).map(String::as_str);
            line.program() == self.name
                && (self.leads.is_empty() || second.is_some_and(|w| self.leads.contains(&w)))
        };
        lines.iter().filter(is_own).collect()
    }

    /// What it is called in the table.
    pub fn title(&self) -> String {
        if self.leads.len() == 1 { format!("{} {}", self.name, self.leads[0]) } else { self.name.to_owned() }
    }

    pub fn canary(&self) -> Line {
        let words = shell_words::split(self.canary).unwrap();
        Line { scenario: SCENARIOS[0].name.clone(), words }
    }

    /// What it makes of each line; nothing if it is not installed.
    pub fn takes(&self, lines: &[&Line], place: &Place) -> Option<Vec<Taken>> {
        match self.told {
            Told::Python(module, script) => {
                let python = with_module(module)?;
                Some(place.python(&python, script, lines))
            }
            _ => {
                which(self.name)?;
                Some(place.each(lines, |line| self.judged(&place.run(self, line))))
            }
        }
    }

    fn judged(&self, output: &Output) -> Taken {
        let text = [&output.stdout, &output.stderr]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .concat();
        let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        let is_taken = match self.told {
            Told::Reached(parts) => output.status.success() || says(parts),
            Told::NotRefused(parts, code) => output.status.code() != Some(code) && !says(parts),
            Told::Python(..) => false,
        };
        if is_taken { Taken::Yes } else { Taken::No(first_lines(&text)) }
    }
}

fn first_lines(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(2).collect::<Vec<_>>().join(" / ").chars().take(200).collect()
}

/// Where a program stands.
pub fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The first Python that has a module.
fn with_module(module: &str) -> Option<String> {
    let own = std::env::var("CHESTERTON_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = |python: &String| {
        let found = Command::new(python).args(["-c", &format!("import {module}")]).output();
        found.is_ok_and(|found| found.status.success())
    };
    [own, "/usr/bin/python3".to_owned()].into_iter().find(has)
}

/// A folder with checkouts of scenarios, one of them a repository, and the settings of tools that find no server.
pub struct Place {
    folder: TempDir,
    repository: OnceLock<PathBuf>,
    environment: BTreeMap<String, String>,
}

/// A cluster for every name by which a scenario calls one.
static CONTEXTS: LazyLock<String> = LazyLock::new(|| {
    let clusters = SCENARIOS.iter().flat_map(|scenario| &scenario.stage.cluster);
    let staged = clusters.flat_map(|cluster| &cluster.context).map(|context| context.name.clone());
    let names: std::collections::BTreeSet<String> = staged.collect();
    let contexts: String = names
        .iter()
        .map(|name| format!("- {{name: {name}, context: {{cluster: none, user: none}}}}\n"))
        .collect();
    let current = names.first().cloned().unwrap_or_default();
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- {{name: none, cluster: {{server: 'http://{NOBODY}:1'}}}}\nusers:\n- {{name: none, user: {{}}}}\ncurrent-context: {current}\ncontexts:\n{contexts}"
    )
});

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("contexts"), &*CONTEXTS).unwrap();
        let at = |name: &str| home.join(name).to_string_lossy().into_owned();
        let proxy = format!("http://{NOBODY}:1");
        let settings = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", home.to_string_lossy().into_owned()),
            ("KUBECONFIG", at("contexts")),
            ("DOCKER_HOST", format!("tcp://{NOBODY}:1")),
            ("GH_CONFIG_DIR", at("gh")),
            ("GH_TOKEN", "none".to_owned()),
            ("GH_REPO", "none/none".to_owned()),
            ("HTTPS_PROXY", proxy.clone()),
            ("HTTP_PROXY", proxy),
            ("NO_PROXY", String::new()),
            ("PGHOSTADDR", NOBODY.to_owned()),
            ("CHECKPOINT_DISABLE", "1".to_owned()),
            ("TF_IN_AUTOMATION", "1".to_owned()),
            ("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true".to_owned()),
            ("PRISMA_QUERY_ENGINE_LIBRARY", "/bin/true".to_owned()),
            ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("GIT_CEILING_DIRECTORIES", folder.path().to_string_lossy().into_owned()),
            ("GIT_AUTHOR_NAME", "none".to_owned()),
            ("GIT_AUTHOR_EMAIL", "none@example.com".to_owned()),
            ("GIT_COMMITTER_NAME", "none".to_owned()),
            ("GIT_COMMITTER_EMAIL", "none@example.com".to_owned()),
        ];
        let environment = settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Self { folder, repository: OnceLock::new(), environment }
    }

    /// The copy of a scenario's checkout, made when it is first asked for.
    fn checkout(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        if folder.is_dir() {
            return folder;
        }
        fs::create_dir_all(&folder).unwrap();
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
        for (path, text) in scenario.stage.files.iter() {
            let Some(path) = path.strip_prefix("repo/") else { continue };
            let file = folder.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        folder
    }

    /// A repository with a checkout in it, and something to push to.
    fn make_repository(&self) -> PathBuf {
        let folder = self.checkout(&SCENARIOS[0].name);
        let remote = folder.with_extension("remote.git");
        let remote = remote.to_string_lossy();
        let steps: [&[&str]; 7] = [
            &["init", "-q", "-b", "main"],
            &["add", "-A"],
            &["commit", "-q", "-m", "all"],
            &["init", "-q", "--bare", &remote],
            &["remote", "add", "origin", &remote],
            &["push", "-q", "-u", "origin", "main"],
            // A host that `gh` knows, and that it does not reach.
            &["remote", "add", "upstream", "https://github.com/none/none.git"],
        ];
        for step in steps {
            let done = self.command("git", &folder).args(step).output().unwrap();
            assert!(done.status.success(), "git {step:?}: {done:?}");
        }
        folder
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(folder).stdin(Stdio::null());
        command
    }

    fn run(&self, tool: &Tool, line: &Line) -> Output {
        let folder = match tool.name {
            "git" | "gh" => self.repository.get_or_init(|| self.make_repository()).clone(),
            _ => self.checkout(&line.scenario),
        };
        let mut command = self.command(tool.name, &folder);
        command.args(tool.adds.0).args(&line.words[1..]).args(tool.adds.1);
        if tool.name == "curl" {
            command.args(["--connect-to", &format!("::{NOBODY}:1"), "--max-time", "5"]);
        }
        command.output().unwrap()
    }

    /// What comes of each line, on two threads; lines of one scenario one after another.
    fn each(&self, lines: &[&Line], judge: impl Fn(&Line) -> Taken + Sync) -> Vec<Taken> {
        let (first, second): (Vec<usize>, Vec<usize>) = (0..lines.len())
            .partition(|at| lines[*at].scenario.bytes().map(usize::from).sum::<usize>() % 2 == 0);
        let half = |own: Vec<usize>| own.into_iter().map(|at| (at, judge(lines[at]))).collect::<Vec<_>>();
        let mut taken = std::thread::scope(|scope| {
            let other = scope.spawn(|| half(second));
            let mut taken = half(first);
            taken.extend(other.join().unwrap());
            taken
        });
        taken.sort_by_key(|(at, _)| *at);
        taken.into_iter().map(|(_, taken)| taken).collect()
    }

    /// A program in Python reads all lines with their folders, and answers each with nothing or what is wrong.
    fn python(&self, python: &str, script: &str, lines: &[&Line]) -> Vec<Taken> {
        let asked: Vec<(PathBuf, &[String])> =
            lines.iter().map(|line| (self.checkout(&line.scenario), &line.words[1..])).collect();
        let file = self.folder.path().join("lines.json");
        fs::write(&file, serde_json::to_string(&asked).unwrap()).unwrap();
        let mut command = self.command(python, self.folder.path());
        let output = command.args(["-c", script]).arg(&file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let answers: Vec<String> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), lines.len(), "{}", String::from_utf8_lossy(&output.stderr));
        let taken =
            |answer: &String| if answer.is_empty() { Taken::Yes } else { Taken::No(first_lines(answer)) };
        answers.iter().map(taken).collect()
    }
}
