//! What a tool's annotations say of it: MCP's hints, which clients use to decide what they ask their user about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the hints of tools are true. The protocol has clients take them for hints from a server that need not be trusted;
/// whether a client does is worth knowing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hints {
    /// They say what the tool can do.
    #[default]
    Honest,
    /// There are none.
    Withheld,
    /// They say the opposite.
    Wrong,
}

/// What a tool can do, in the protocol's terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hint {
    /// It changes nothing.
    pub read_only: bool,
    /// It can destroy or overwrite.
    pub destructive: bool,
}

impl Hints {
    /// What is said of a tool; `None`: nothing.
    pub fn of(self, tool: &str) -> Option<Hint> {
        let honest = match tool {
            "read_file" | "list_files" => Hint { read_only: true, destructive: false },
            "request_review" | "finish" => Hint { read_only: false, destructive: false },
            _ => Hint { read_only: false, destructive: true },
        };
        match self {
            Self::Honest => Some(honest),
            Self::Withheld => None,
            Self::Wrong => Some(Hint { read_only: honest.destructive, destructive: !honest.destructive }),
        }
    }
}
