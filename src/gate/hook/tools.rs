//! What an agent's tool use is in the words of coding agents: a shell command, or something done to a file.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::base::digest;
use crate::gate::guardrail::Question;

/// Where a hook believes to be.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The project's folder: a private one, with the files that the setup names.
    pub project: PathBuf,
    /// Of the shape of a UUID; each trial has its own.
    pub session: String,
    /// Where the agent's transcript would be: an empty file.
    pub transcript: PathBuf,
}

impl Scene {
    /// In this private folder.
    pub fn of(folder: &Path) -> Self {
        let hex = digest::of(folder.as_os_str().as_encoded_bytes());
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        let session = [
            part(0, 8),
            part(8, 12),
            format!("4{}", part(13, 16)),
            format!("8{}", part(17, 20)),
            part(20, 32),
        ];
        Self {
            project: folder.join("project"),
            session: session.join("-"),
            transcript: folder.join("transcript.jsonl"),
        }
    }

    /// The project's folder as text.
    pub fn cwd(&self) -> String {
        self.project.display().to_string()
    }

    /// The absolute path of a file of the checkout.
    pub fn path(&self, path: &str) -> String {
        self.project.join(path).display().to_string()
    }

    /// A text without what differs from trial to trial: the private folder and the session.
    pub fn scrubbed(&self, text: &str) -> String {
        text.replace(&self.cwd(), "$PROJECT").replace(&self.session, "$SESSION")
    }
}

/// One use of a tool, with paths from the root of the checkout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use<'a> {
    /// A command line.
    Shell(&'a str),
    /// A file is read.
    Read(&'a str),
    /// A folder is listed.
    List(&'a str),
    /// A file is written whole.
    Write { path: &'a str, text: &'a str },
    /// One place of a file is written over.
    Edit { path: &'a str, old: &'a str, new: &'a str },
}

impl<'a> Use<'a> {
    /// What the agent is about to do, as it said it: the whole command line, of which the call may be one part. A call
    /// that comes from no tool is the command that made it.
    pub fn of(question: &Question<'a>) -> Self {
        question
            .tool
            .and_then(|(_, tool)| Self::of_tool(&tool.name, &tool.arguments))
            .unwrap_or(Self::Shell(question.line))
    }

    fn of_tool(name: &str, arguments: &'a Value) -> Option<Self> {
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        let path = text("path").unwrap_or_default();
        Some(match name {
            "run_command" => Self::Shell(text("command")?),
            "read_file" => Self::Read(path),
            "list_files" => Self::List(path),
            "write_file" => match (text("text"), text("find"), text("replace")) {
                (Some(text), _, _) => Self::Write { path, text },
                (None, old, new) => Self::Edit { path, old: old?, new: new? },
            },
            _ => return None,
        })
    }
}
