//! Command dialects: a line as an engineer types it becomes a call, and an answer becomes what the real tool prints.
//!
//! What a dialect does not know is answered as the real tool answers it, and is marked as unsimulated, so that a gap
//! of the simulation never looks like an agent's failure.

mod aws;
mod aws_accounts;
mod aws_api;
mod aws_arguments;
mod aws_cloudformation;
mod aws_commands;
mod aws_ec2;
mod aws_kms;
mod aws_lambda;
mod aws_output;
mod aws_query;
mod aws_rds;
mod aws_route53;
mod aws_s3;
mod aws_s3api;
mod aws_shorthand;
mod aws_table;
mod aws_usage;
mod aws_watching;
mod chat;
mod curl;
mod dig;
mod docker;
mod docker_compose;
mod drizzle;
mod elastic;
pub mod filters;
mod gam;
mod gh;
mod gh_commands;
mod gh_text;
mod git;
mod jq;
mod kafka;
mod kubectl;
mod kubectl_describe;
mod kubectl_line;
mod kubectl_path;
mod kubectl_print;
mod kubectl_rows;
mod kubectl_text;
mod kubectl_usage;
pub mod line;
mod npm;
mod options;
mod prisma;
mod psql;
mod psql_print;
mod psql_script;
mod psql_table;
pub mod psql_wire;
mod redis_cli;
mod shell;
mod ssh;
mod terraform;
mod tram;

pub use aws_api::Api;
pub use filters::filter;
pub use line::{Joint, split};

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call};

/// What a command printed.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code.
    pub code: i32,
}

impl Reply {
    /// Success with this on standard output.
    pub fn ok(stdout: impl Into<String>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// Failure with this on standard error.
    pub fn failed(code: i32, stderr: impl Into<String>) -> Self {
        Self { stderr: stderr.into(), code, ..Self::default() }
    }
}

/// A command line, understood.
#[derive(Clone, Debug)]
pub enum Parsed {
    /// It asks something of the world.
    Call(Call, Render),
    /// The tool answers by itself: help, usage errors. No call is made.
    Answer {
        /// What it prints.
        reply: Reply,
        /// The real tool would know this and the simulation does not.
        unsimulated: bool,
    },
}

/// How an answer is printed.
#[derive(Clone, Debug)]
pub enum Render {
    /// As the `aws` tool prints it.
    Aws(aws::Output),
    /// As `psql` prints it.
    Psql(psql::Output),
    /// As `gh` prints it.
    Gh(Box<gh::Output>),
    /// As `chat` prints it.
    Chat(chat::Output),
    /// As `curl` prints it.
    Curl(curl::Output),
    /// As `kubectl` prints it.
    Kubectl(Box<kubectl_print::Output>),
    /// As `redis-cli` prints it.
    Redis(redis_cli::Output),
    /// A script of `npm run`: its heading, and what the script's command prints.
    Npm {
        /// Which script of which package it is.
        heading: String,
        /// How the command itself prints.
        inner: Box<Render>,
    },
    /// A text as it is, or `{"text": …, "stderr": …, "code": …}`; a refusal is `<tool>: <message>`.
    Text {
        /// Whose name stands before a refusal.
        tool: &'static str,
    },
}

impl Render {
    /// What the tool prints for this answer.
    pub fn reply(&self, answer: &Answer) -> Reply {
        match self {
            Self::Aws(output) => output.reply(answer),
            Self::Psql(output) => output.reply(answer),
            Self::Gh(output) => output.reply(answer),
            Self::Chat(output) => output.reply(answer),
            Self::Curl(output) => output.reply(answer),
            Self::Kubectl(output) => output.reply(answer),
            Self::Redis(output) => output.reply(answer),
            Self::Npm { heading, inner } => {
                let reply = inner.reply(answer);
                Reply { stdout: format!("{heading}{}", reply.stdout), ..reply }
            }
            Self::Text { tool } => text_reply(tool, answer),
        }
    }
}

fn text_reply(tool: &str, answer: &Answer) -> Reply {
    match answer {
        Ok(Value::String(text)) => Reply::ok(text.clone()),
        Ok(Value::Null) => Reply::default(),
        Ok(value) => {
            let text = |name| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let code = value.get("code").and_then(Value::as_i64).unwrap_or(0);
            Reply { stdout: text("text"), stderr: text("stderr"), code: i32::try_from(code).unwrap_or(1) }
        }
        Err(refusal) if tool == "git" => git::refused(refusal),
        Err(refusal) if tool == "docker" => Reply::failed(1, format!("{}\n", refusal.message)),
        Err(refusal) if tool == "terraform" => {
            Reply::failed(1, crate::service::terraform::boxed(&refusal.message))
        }
        Err(refusal) => Reply::failed(1, format!("{tool}: {}\n", refusal.message)),
    }
}

/// Programs that lead into the world, or live by its clock. What else a shell has works on files and text alone, and needs no
/// world.
pub const PROGRAMS: &[&str] = &[
    "aws",
    "chat",
    "curl",
    "date",
    "dig",
    "docker",
    "gam",
    "gh",
    "git",
    "host",
    "kafka-configs",
    "kafka-console-consumer",
    "kafka-consumer-groups",
    "kafka-delete-records",
    "kafka-get-offsets",
    "kafka-leader-election",
    "kafka-log-dirs",
    "kafka-reassign-partitions",
    "kafka-topics",
    "kubectl",
    "npm",
    "npx",
    "nslookup",
    "psql",
    "redis-cli",
    "sleep",
    "ssh",
    "terraform",
    "tram",
];

/// Understands one simple command, already split into words.
pub fn parse(world: &World, words: &[String]) -> Parsed {
    // `PGPASSWORD=… psql`: settings for one command stand before it.
    let setting = |word: &&String| word.split_once('=').is_some_and(|(name, _)| name.starts_with("PG"));
    if words.iter().find(|word| !setting(word)).is_some_and(|word| word == "psql") {
        return psql::parse(world, words);
    }
    // `DATABASE_URL=… npx prisma …`
    let url = words.first().and_then(|word| word.strip_prefix("DATABASE_URL="));
    let rest = words.get(usize::from(url.is_some())..).unwrap_or_default();
    match rest {
        [npx, tool, rest @ ..] if npx == "npx" && tool == "prisma" => return prisma::parse(world, rest, url),
        [npx, tool, rest @ ..] if npx == "npx" && tool == "drizzle-kit" => {
            return drizzle::parse(world, rest, url);
        }
        [npm, rest @ ..] if npm == "npm" && url.is_some() => return npm::parse(world, rest, url),
        _ => {}
    }
    // `TRAM_TOKEN=… tram …`
    let secret =
        words.first().and_then(|word| tram::SETTINGS.iter().find_map(|name| word.strip_prefix(name)));
    if let Some((tool, rest)) = words.get(usize::from(secret.is_some())..).and_then(<[String]>::split_first)
        && tool == "tram"
    {
        return tram::parse(world, rest, secret);
    }
    match words.first().map(String::as_str) {
        Some("aws") => aws::parse(world, words),
        Some("git") => git::parse(world, words),
        Some("gh") => gh::parse(world, words),
        Some("chat") => chat::parse(world, words),
        Some(tool) if kafka::is_tool(tool) => kafka::parse(words),
        Some(tool) if dig::is_tool(tool) => dig::parse(world, words),
        Some("kubectl") => kubectl::parse(world, words.get(1..).unwrap_or_default()),
        Some("redis-cli") => redis_cli::parse(words.get(1..).unwrap_or_default()),
        Some("docker") => docker::parse(world, words.get(1..).unwrap_or_default()),
        Some("docker-compose") => docker_compose::parse(world, words.get(1..).unwrap_or_default()),
        Some("gam") => gam::parse(world, words.get(1..).unwrap_or_default()),
        Some("ssh") => ssh::parse(world, words.get(1..).unwrap_or_default()),
        Some("terraform") => terraform::parse(world, words),
        _ => shell::parse(world, words),
    }
}
