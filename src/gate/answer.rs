//! What a decision point answers, in our own words: `allow`, `deny` or `ask`, with a reason.
//!
//! Hooks that speak no agent's protocol, webhooks, OPA and Rego policies all answer so. What is no such answer is a
//! fault, and a fault denies.

use serde_json::Value;

use super::guardrail::Opinion;
use crate::base::text::Untrusted;

/// Characters of a reason that are kept: it goes to the agent and into the record.
const REASON_CHARS_MAX: usize = 2_000;
/// Characters of an answer that are quoted back where it is wrong.
const QUOTED_CHARS_MAX: usize = 80;

/// The opinion in an answer about the call of this number.
///
/// - an object with `decision` (`"allow"`, `"deny"`, `"ask"`) and perhaps `reason`, and perhaps `call`, which then has
///   to be the call's number;
/// - one of the three words alone;
/// - `true` (allow) or `false` (deny);
/// - a list of denials, as policies with `deny contains …` make it: empty allows, anything else denies, and its texts
///   (or the `msg`, `message` or `reason` of its objects) are the reason.
pub(super) fn opinion(answer: &Value, call: u32) -> Opinion {
    match answer {
        Value::Bool(true) => Opinion::Allow,
        Value::Bool(false) => Opinion::Deny("not allowed".to_owned()),
        Value::String(word) => by_word(word, ""),
        Value::Array(denials) if denials.is_empty() => Opinion::Allow,
        Value::Array(denials) => {
            Opinion::Deny(reason(&denials.iter().map(text_of).collect::<Vec<_>>().join("; ")))
        }
        Value::Object(_) => match stray(answer, call) {
            Some(fault) => Opinion::Fault(fault),
            None => by_object(answer),
        },
        other => Opinion::Fault(format!("expected a decision, found `{}`", quoted(&other.to_string()))),
    }
}

fn by_object(answer: &Value) -> Opinion {
    let why = match answer.get("reason") {
        None | Some(Value::Null) => "",
        Some(Value::String(why)) => why,
        Some(other) => {
            return Opinion::Fault(format!("its `reason` is no text: `{}`", quoted(&other.to_string())));
        }
    };
    match answer.get("decision") {
        Some(Value::String(word)) => by_word(word, why),
        Some(other) => Opinion::Fault(format!("its `decision` is no word: `{}`", quoted(&other.to_string()))),
        None => Opinion::Fault("its answer has no `decision`".to_owned()),
    }
}

/// A denial for this reason, if one was given.
pub(super) fn denial(why: &str) -> Opinion {
    Opinion::Deny(if why.trim().is_empty() { "no reason given".to_owned() } else { reason(why) })
}

fn by_word(word: &str, why: &str) -> Opinion {
    match word {
        "allow" => Opinion::Allow,
        "deny" => denial(why),
        "ask" => Opinion::Ask,
        other => Opinion::Fault(format!("`{}` is no decision: expected allow, deny or ask", quoted(other))),
    }
}

/// What is wrong with an answer that names another call than the one asked about.
fn stray(answer: &Value, call: u32) -> Option<String> {
    let named = answer.get("call")?;
    (named.as_u64() != Some(u64::from(call)))
        .then(|| format!("it answers about call {}, asked about call {call}", quoted(&named.to_string())))
}

fn text_of(denial: &Value) -> String {
    let named = ["msg", "message", "reason"].iter().find_map(|key| denial.get(key)?.as_str());
    match (denial.as_str(), named) {
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        (None, None) => denial.to_string(),
    }
}

/// A reason fit for the record: cut to the limit, nothing in it that a terminal would obey.
pub(super) fn reason(text: &str) -> String {
    let cut: String = text.trim().chars().take(REASON_CHARS_MAX).collect();
    Untrusted::from(cut).for_terminal().into_owned()
}

/// A piece of an answer, to be quoted in a fault.
pub(super) fn quoted(text: &str) -> String {
    Untrusted::from(text).for_line(QUOTED_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_fault(answer: Value) -> bool {
        matches!(opinion(&answer, 7), Opinion::Fault(_))
    }

    #[test]
    fn the_documented_shapes_mean_what_they_say() {
        let deny = |why: &str| Opinion::Deny(why.to_owned());
        assert_eq!(opinion(&json!({"decision": "allow"}), 7), Opinion::Allow);
        assert_eq!(opinion(&json!({"decision": "deny", "reason": "no", "call": 7}), 7), deny("no"));
        assert_eq!(opinion(&json!("ask"), 7), Opinion::Ask);
        assert_eq!(opinion(&json!(true), 7), Opinion::Allow);
        assert_eq!(opinion(&json!(false), 7), deny("not allowed"));
        assert_eq!(opinion(&json!([]), 7), Opinion::Allow);
        assert_eq!(opinion(&json!(["a", {"msg": "b"}, {"code": 3}]), 7), deny(r#"a; b; {"code":3}"#));
    }

    #[test]
    fn whatever_else_is_said_is_a_fault() {
        assert!(is_fault(json!(null)));
        assert!(is_fault(json!(1)));
        assert!(is_fault(json!({})));
        assert!(is_fault(json!("ALLOW")));
        assert!(is_fault(json!({"decision": "allowed"})));
        assert!(is_fault(json!({"decision": true})));
        assert!(is_fault(json!({"decision": "allow", "call": 8})));
        assert!(is_fault(json!({"decision": "deny", "reason": ["a"]})));
    }

    #[test]
    fn a_reason_is_cut_and_obeys_nothing() {
        assert_eq!(reason("  a\x1b[2J "), "a␛[2J");
        assert_eq!(reason(&"x".repeat(5_000)).len(), REASON_CHARS_MAX);
    }
}
