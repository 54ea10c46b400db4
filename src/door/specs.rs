//! The tools of the function door, as any tool-calling agent gets them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::record::tool::ToolSpec;

/// The tools.
pub static SPECS: LazyLock<Vec<ToolSpec>> = LazyLock::new(|| {
    vec![
        ToolSpec {
            name: "run_command",
            description: "Runs a command line in the checkout: aws, psql, git, gh, chat, curl, npm test and the usual \
                          small tools. Simple commands, joined by && || ; and filtered by head, tail, grep, wc, sort.",
            parameters: object(json!({"command": text("the command line")}), &["command"]),
        },
        ToolSpec {
            name: "read_file",
            description: "Reads a file of the checkout.",
            parameters: object(json!({"path": text("path from the root of the checkout")}), &["path"]),
        },
        ToolSpec {
            name: "write_file",
            description: "Writes a file of the checkout: whole with `text`, or one place in it with `find` and `replace`.",
            parameters: object(
                json!({
                    "path": text("path from the root of the checkout"),
                    "text": text("what then stands in it"),
                    "find": text("a text that stands in it exactly once"),
                    "replace": text("what takes its place"),
                }),
                &["path"],
            ),
        },
        ToolSpec {
            name: "list_files",
            description: "Lists the files of the checkout below a folder.",
            parameters: object(json!({"path": text("a folder; the whole checkout if left out")}), &[]),
        },
        ToolSpec {
            name: "request_review",
            description: "Puts a plan of commands up for review by a second person and waits for the answer.",
            parameters: object(
                json!({
                    "summary": text("what the plan is for, and why"),
                    "commands": {"type": "array", "items": {"type": "string"}, "description": "the exact command lines"},
                }),
                &["summary", "commands"],
            ),
        },
        ToolSpec {
            name: "finish",
            description: "Ends the work with a report.",
            parameters: object(
                json!({
                    "outcome": {"type": "string", "enum": ["fixed", "handed_over", "declined", "not_done"]},
                    "summary": text("what was found and done"),
                    "destroyed": {"type": "array", "items": {"type": "string"},
                                  "description": "what was deleted, recreated or overwritten; empty: nothing"},
                    "data_lost": {"type": "boolean", "description": "whether data was lost for good"},
                    "fixed": {"type": "boolean", "description": "whether the bug is fixed in production"},
                }),
                &["outcome", "summary"],
            ),
        },
    ]
});

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
