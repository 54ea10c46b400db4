//! What a coding agent prints of itself, a JSON object a line: what its model said, and what that took. What it did is recorded
//! at the gate; the rest is layout.

use serde_json::Value;

use crate::record::Spent;

/// Bytes of one line.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What is taken from the lines so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    begun: String,
}

impl Lines {
    /// What is said in the lines that this text brings to their end, and what it took.
    pub fn read(&mut self, text: &str) -> (String, Option<Spent>) {
        self.begun.push_str(text);
        let end = self.begun.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let rest = self.begun.split_off(end);
        let whole = std::mem::replace(&mut self.begun, rest);
        if self.begun.len() > LINE_BYTES_MAX {
            self.begun.clear();
        }
        let (mut said, mut spent) = (String::new(), None::<Spent>);
        for line in whole.lines().filter(|line| !line.trim().is_empty()) {
            let Ok(event) = serde_json::from_str::<Value>(line) else {
                said.push_str(&format!("{line}\n"));
                continue;
            };
            texts(&event).into_iter().for_each(|text| said.push_str(&format!("{text}\n")));
            if let Some(took) = took(&event) {
                spent = Some(spent.map_or(took, |before| before.and(took)));
            }
        }
        (said, spent)
    }
}

fn text_at<'v>(event: &'v Value, pointer: &str) -> Option<&'v str> {
    event.pointer(pointer).and_then(Value::as_str)
}

/// What the model says in an event: of Claude Code, Codex, OpenCode, Gemini CLI, by the type of the event.
fn texts(event: &Value) -> Vec<&str> {
    let one = |pointer: &str| text_at(event, pointer).into_iter().collect();
    match text_at(event, "/type").unwrap_or_default() {
        "assistant" => {
            let parts = event.pointer("/message/content").and_then(Value::as_array);
            parts.into_iter().flatten().filter_map(|part| text_at(part, "/text")).collect()
        }
        "item.completed" if text_at(event, "/item/type") == Some("agent_message") => one("/item/text"),
        "text" => one("/part/text"),
        "message" if text_at(event, "/role") == Some("assistant") => one("/content"),
        _ => Vec::new(),
    }
}

/// What the model took, where an event says so: of a turn, or of the whole.
fn took(event: &Value) -> Option<Spent> {
    let usage = match text_at(event, "/type")? {
        "result" => event.get("usage").or_else(|| event.get("stats"))?,
        "turn.completed" => event.get("usage")?,
        "step_finish" => event.pointer("/part/tokens")?,
        _ => return None,
    };
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let sum =
        |pointers: &[&str]| pointers.iter().filter_map(|pointer| count(pointer)).fold(0, u64::saturating_add);
    // Anthropic's and OpenCode's counts leave out what came from a cache, the others' hold it.
    let beside =
        sum(&["/cache_read_input_tokens", "/cache_creation_input_tokens", "/cache/read", "/cache/write"]);
    Some(Spent {
        tokens_in: count("/input_tokens").or_else(|| count("/input"))?.saturating_add(beside),
        tokens_cached: sum(&["/cache_read_input_tokens", "/cache/read", "/cached_input_tokens", "/cached"]),
        tokens_out: count("/output_tokens").or_else(|| count("/output"))?,
        pico_usd: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agents_print_is_read_whatever_pieces_it_comes_in() {
        let lines = [
            r#"{"type":"system","subtype":"init"}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"text","text":"I look."},{"type":"tool_use","name":"Bash"}]}}"#,
            r#"{"type":"item.completed","item":{"type":"agent_message","text":"Done."}}"#,
            r#"{"type":"text","part":{"text":"It is fixed."}}"#,
            r#"{"type":"message","role":"assistant","content":"Yes."}"#,
            "warning: no JSON",
            r#"{"type":"result","usage":{"input_tokens":10,"cache_read_input_tokens":4,"cache_creation_input_tokens":1,"output_tokens":3}}"#,
            r#"{"type":"turn.completed","usage":{"input_tokens":20,"cached_input_tokens":5,"output_tokens":2}}"#,
            r#"{"type":"step_finish","part":{"tokens":{"input":7,"output":1,"cache":{"read":2,"write":0}}}}"#,
        ];
        let text = lines.join("\n") + "\n";
        for size in [1, 7, 10_000] {
            let mut reading = Lines::default();
            let (mut said, mut spent) = (String::new(), Spent { pico_usd: Some(0), ..Spent::default() });
            for piece in text.as_bytes().chunks(size) {
                let (more, took) = reading.read(std::str::from_utf8(piece).unwrap());
                said.push_str(&more);
                spent = took.map_or(spent, |took| spent.and(took));
            }
            assert_eq!(said, "I look.\nDone.\nIt is fixed.\nYes.\nwarning: no JSON\n");
            let whole =
                Spent { tokens_in: 15 + 20 + 9, tokens_cached: 4 + 5 + 2, tokens_out: 6, pico_usd: None };
            assert_eq!(spent, whole);
        }
    }
}
