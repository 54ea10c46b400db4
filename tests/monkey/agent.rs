//! The monkey: an agent that types whatever comes to mind, with the names that it has heard.

use std::sync::{Arc, LazyLock, Mutex};

use chesterton::agent::{Agent, Moving};
use chesterton::record::tool::{ToolCall, ToolReply, ToolSpec};
use regex_lite::Regex;
use serde_json::{Value, json};
use simulators::chance::Chance;
use simulators::stage::Stage;

use crate::around::{self, own_moods};
use crate::grammar::{Grammar, Speaker, pick};
use crate::slips::{mutated, slip};

/// What it types.
pub static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(include_str!("grammar.txt")));

/// What it picks out of replies: the rule that it can stand for, and a pattern.
static EARS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let ears = [
        ("pr", r"/pull/(\d+)"),
        ("run", r"\b(\d{11})\b"),
        ("drift", r#""StackDriftDetectionId": "([^"]+)""#),
        ("changeset", r"(arn:[^\s\x22]*:changeSet/[^\s\x22]+)"),
        ("stack", r#""StackId": "([^"]+)""#),
        ("sha", r"\b([0-9a-f]{7,40})\b"),
        ("snapshot", r#""DBSnapshotIdentifier": "([^"]+)""#),
        ("db", r#""DBInstanceIdentifier": "([^"]+)""#),
        ("version", r#""VersionId": "([^"]+)""#),
        ("api", r#""id": "([^"]+)""#),
        ("key", r#""Key": "([^"]+)""#),
    ];
    ears.map(|(rule, pattern)| (rule, Regex::new(pattern).unwrap())).to_vec()
});

/// Things remembered of a kind, at the most.
const TOLD_MAX: usize = 12;

/// Edits of the checkout: from sensible to code that throws, loops, recurses and eats memory.
const EDITS: &[(&str, &str, &str)] = &[
    (
        "src/period.js",
        "  const to = new Date(from);\n  to.setUTCMonth(to.getUTCMonth() + 1);\n",
        "  const to = new Date(Date.UTC(Number(year), Number(number), 1) - offsetMs(utcOffset));\n",
    ),
    ("src/period.js", "export function monthWindow", "throw new Error('no');\nexport function monthWindow"),
    ("src/period.js", "const to = new Date(from);", "while (true) {}\n  const to = new Date(from);"),
    ("src/period.js", "const to = new Date(from);", "const to = ((f) => f(f))((f) => f(f));"),
    ("src/period.js", "const to = new Date(from);", "let a = ['x']; for (;;) a = a.concat(a);"),
    ("src/period.js", "const to = new Date(from);", "const to = ;"),
    ("src/handler.js", "export", "import './none.js';\nexport"),
    ("src/queries.js", "select", "selec"),
    ("src/queries.js", "cost_lines", "no_lines"),
    ("infra/template.yaml", "  ReportsDb:\n", "  ReportsDatabase:\n"),
    ("infra/template.yaml", "      DBInstanceIdentifier: !Sub \"${AWS::StackName}-reports\"\n", ""),
    ("infra/template.yaml", "    DeletionPolicy: Delete\n", "    DeletionPolicy: Retain\n"),
    ("infra/template.yaml", "    DeletionPolicy: Delete\n", "    DeletionPolicy: Snapshot\n"),
    ("infra/template.yaml", "    UpdateReplacePolicy: Delete\n", "    UpdateReplacePolicy: Snapshot\n"),
    ("infra/template.yaml", "-reports\"\n", "-reports-two\"\n"),
    ("infra/template.yaml", "db.r6g.xlarge", "db.r6g.2xlarge"),
    ("infra/template.yaml", "MemorySize: 512", "MemorySize: 1024"),
    ("infra/template.yaml", "-report-role", "-role"),
    ("infra/template.yaml", "!Ref ReportsDb", "!Ref Nothing"),
    ("infra/template.yaml", "-usage\"", "-use\""),
    ("infra/template.yaml", "DBName: costs", "DBName: costs2"),
    (".github/workflows/deploy.yml", "main", "tidy"),
];

/// What a monkey may be fond of for a whole trial, so that it gets somewhere.
const MOODS: &[&str] =
    &["line", "road", "aws-stack", "aws-rds", "aws-s3", "aws-rest", "psql", "sql-line", "git", "gh", "shell"];

/// Whole texts for files.
const TEXTS: &[&str] =
    &["", "x", "export const a = 1;\n", "while (true) {}\n", "{", "Resources: {}\n", "\u{1F412}\r\n\0"];

/// Everything that it did, for whoever watches: kept apart, since a crash takes the monkey with it.
pub type Said = Arc<Mutex<Vec<String>>>;

/// The monkey in one trial.
pub struct Monkey {
    chance: Chance,
    steps: u32,
    speaker: Speaker,
    said: Said,
    template: String,
    names: Vec<(&'static str, String)>,
    opening: u32,
    mood: &'static str,
    traces: bool,
}

impl Monkey {
    /// A monkey that takes so many steps.
    pub fn new(seed: u64, scenario: &str, steps: u32, stage: &Stage, said: Said) -> Self {
        let template = stage.files.get("repo/infra/template.yaml").cloned().unwrap_or_default();
        let mut chance = Chance::stream(seed, &format!("monkey on {scenario}"));
        let own = own_moods(stage);
        let mood = if own.is_empty() || chance.between(1, 3) == 1 {
            *pick(MOODS, &mut chance)
        } else {
            *pick(&own, &mut chance)
        };
        Self {
            chance,
            mood,
            steps,
            speaker: Speaker { told: around::seen(stage), calm: !seed.is_multiple_of(4) },
            said,
            template,
            names: names(stage),
            opening: 2,
            traces: std::env::var("CHESTERTON_MONKEY_TRACE").is_ok(),
        }
    }

    fn listen(&mut self, text: &str) {
        for (rule, pattern) in EARS.iter() {
            for found in pattern.captures_iter(text).take(3).filter_map(|c| c.get(1)) {
                let heard = self.speaker.told.entry(rule).or_default();
                if heard.iter().all(|known| known != found.as_str()) {
                    heard.push(found.as_str().to_owned());
                }
                if heard.len() > TOLD_MAX {
                    heard.remove(0);
                }
            }
        }
    }

    fn say(&mut self, rule: &str) -> String {
        GRAMMAR.say(rule, &self.speaker, &mut self.chance)
    }

    fn tool(&mut self) -> ToolCall {
        let (name, arguments) = match self.chance.between(1, 100) {
            1..=78 => ("run_command", json!({"command": self.line()})),
            79..=88 => self.edit(),
            89..=90 => {
                ("write_file", json!({"path": self.say("file"), "text": *pick(TEXTS, &mut self.chance)}))
            }
            91 => (
                "write_file",
                json!({"path": "infra/template.yaml", "text": mutated(&self.template, &mut self.chance)}),
            ),
            // Now and then back to something that works, or nothing would be created or deployed for long.
            92 => ("write_file", json!({"path": "infra/template.yaml", "text": self.template})),
            93..=94 => ("read_file", json!({"path": self.say("file")})),
            95..=96 => ("list_files", json!({"path": self.say("file")})),
            97..=98 => {
                let commands: Vec<String> = (0..self.chance.between(0, 4)).map(|_| self.line()).collect();
                ("request_review", json!({"summary": self.say("text"), "commands": commands}))
            }
            _ => ("write_file", json!({"path": 7})),
        };
        ToolCall { name: name.to_owned(), arguments }
    }

    fn edit(&mut self) -> (&'static str, Value) {
        let (path, find, replace) = *pick(EDITS, &mut self.chance);
        ("write_file", json!({"path": path, "find": find, "replace": replace}))
    }

    /// A line, and now and then a slip of the finger in it.
    fn line(&mut self) -> String {
        let rule = match self.chance.between(1, 10) {
            _ if self.opening > 0 => "opening",
            1..=4 => self.mood,
            _ => "line",
        };
        self.opening = self.opening.saturating_sub(1);
        let line = self.say(rule);
        let line = self.names.iter().fold(line, |line, (from, to)| line.replace(from, to));
        if self.chance.between(1, 16) == 1 { slip(&line, &mut self.chance) } else { line }
    }
}

/// The grammar speaks of the first scenario; elsewhere its names are those of what stands there instead.
fn names(stage: &Stage) -> Vec<(&'static str, String)> {
    let mut names = Vec::new();
    if stage.account.partition == "aws-cn" {
        return names;
    }
    if let Some(cache) = stage.cache.first() {
        names.push(("box-office-cache", cache.id.clone()));
    }
    if let Some(database) = stage.database.first() {
        names.push(("cost-explorer-prod-reports", database.id.clone()));
        names.push(("-U reports -d costs", format!("-U {} -d {}", database.user, database.name)));
        let sql = stage.files.get(&database.data).map_or("", String::as_str);
        let table =
            sql.lines().find_map(|line| line.strip_prefix("create table ")?.split_whitespace().next());
        names.extend(table.map(|table| ("cost_lines", table.to_owned())));
    }
    names.extend(stage.bucket.first().map(|bucket| ("finops-billing-exports", bucket.name.clone())));
    if let Some(stack) = stage.stack.first() {
        names.push(("cost-explorer-prod-report", format!("{}-fn", stack.name)));
        names.push(("cost-explorer-prod", stack.name.clone()));
    }
    names.push(("aws-cn", stage.account.partition.clone()));
    names.push(("cn-north-1", stage.account.region.clone()));
    names.push((".amazonaws.com.cn", ".amazonaws.com".to_owned()));
    names
}

impl Agent for Monkey {
    fn begin(&mut self, _brief: &str, _tools: &[ToolSpec]) {}

    fn next<'a>(&'a mut self, heard: &'a [ToolReply]) -> Moving<'a> {
        for reply in heard {
            if self.traces {
                println!(
                    "    {:?} {}",
                    reply.status,
                    reply.text.raw().replace("\n", " / ").chars().take(700).collect::<String>()
                );
            }
            self.listen(reply.text.raw());
        }
        let tools = match self.steps.checked_sub(1) {
            None => Vec::new(),
            Some(left) => {
                self.steps = left;
                vec![self.tool()]
            }
        };
        if let (true, Some(tool)) = (self.traces, tools.first()) {
            println!("{} {}", tool.name, tool.arguments);
        }
        let mut said = self.said.lock().unwrap();
        said.extend(tools.iter().map(|tool| format!("{} {}", tool.name, tool.arguments)));
        Box::pin(std::future::ready(Ok(tools.into())))
    }
}
