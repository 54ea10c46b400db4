//! Stack policies: which updates of which members are forbidden while a policy is set.

use serde_json::Value;

use super::stack_template::invalid;
use super::stacks::{self, Key};
use crate::World;
use crate::call::Refusal;

/// What an update does to a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Update {
    Modify,
    Replace,
    Delete,
}

impl Update {
    fn action(self) -> &'static str {
        match self {
            Self::Modify => "Update:Modify",
            Self::Replace => "Update:Replace",
            Self::Delete => "Update:Delete",
        }
    }
}

/// Reads a policy's text.
///
/// # Errors
/// `ValidationError` if it is not a policy.
pub(super) fn parse(body: &str) -> Result<Value, Refusal> {
    let policy: Value = serde_json::from_str(body)
        .map_err(|_| invalid("Error validating stack policy: Invalid stack policy"))?;
    if statements(&policy).is_empty() {
        return Err(invalid(
            "Error validating stack policy: Stack policy must contain at least one Statement",
        ));
    }
    for statement in statements(&policy) {
        let effect = statement.get("Effect").and_then(Value::as_str);
        let whole = statement.get("Action").or(statement.get("NotAction")).is_some()
            && statement.get("Resource").or(statement.get("NotResource")).is_some();
        if !matches!(effect, Some("Allow" | "Deny")) || !whole {
            return Err(invalid("Error validating stack policy: Invalid stack policy"));
        }
    }
    Ok(policy)
}

fn statements(policy: &Value) -> Vec<&Value> {
    list(policy.get("Statement"))
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// Whether the stack's policy lets an update do this to a member. Without a policy everything is allowed; with one,
/// what no statement allows is denied, and a denial wins.
///
/// # Errors
/// The reason that the member's event will show.
pub(super) fn check(world: &World, key: Key, logical: &str, update: Update) -> Result<(), Refusal> {
    let Some(stack) = stacks::get(world, key) else { return Ok(()) };
    let Some(policy) = stack.policy_during_update.as_ref().or(stack.policy.as_ref()) else { return Ok(()) };
    let kind = stack.members.get(logical).map_or("", |member| member.kind.name);
    let matching = |effect: &str| {
        statements(policy).into_iter().position(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && covers(statement, "Action", "NotAction", update.action())
                && covers(statement, "Resource", "NotResource", &format!("LogicalResourceId/{logical}"))
                && of_kind(statement, kind)
        })
    };
    let by = match (matching("Deny"), matching("Allow")) {
        (Some(number), _) => format!("Statement [#{}] denies", number.saturating_add(1)),
        (None, Some(_)) => return Ok(()),
        (None, None) => "no statement allows".to_owned(),
    };
    let text = format!(
        "Action denied by stack policy: {by} [{}] for resource [LogicalResourceId/{logical}]",
        update.action()
    );
    Err(Refusal::new("InvalidRequest", text))
}

fn covers(statement: &Value, positive: &str, negative: &str, name: &str) -> bool {
    let any =
        |key: &str| list(statement.get(key)).iter().filter_map(|v| v.as_str()).any(|p| matches(p, name));
    match statement.get(positive) {
        Some(_) => any(positive),
        None => !any(negative),
    }
}

/// `Condition: {StringEquals: {ResourceType: […]}}`, the only condition that stack policies know.
fn of_kind(statement: &Value, kind: &str) -> bool {
    ["StringEquals", "StringLike"].iter().all(|operator| {
        let wanted =
            statement.get("Condition").and_then(|c| c.get(operator)).and_then(|c| c.get("ResourceType"));
        wanted.is_none()
            || list(wanted).iter().filter_map(|v| v.as_str()).any(|pattern| matches(pattern, kind))
    })
}

/// `*` stands for any text, `?` for any one character.
fn matches(pattern: &str, name: &str) -> bool {
    glob(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

fn glob(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => {
            glob(rest, name) || name.split_first().is_some_and(|(_, n)| glob(pattern, n))
        }
        (Some((p, rest)), Some((n, name))) => (*p == '?' || p == n) && glob(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        assert!(matches("Update:*", "Update:Replace"));
        assert!(matches("LogicalResourceId/Report?b", "LogicalResourceId/Reportsb"));
        assert!(!matches("LogicalResourceId/Reports", "LogicalResourceId/ReportsDb"));
        assert!(!matches("?", ""));
    }

    #[test]
    fn a_policy_needs_statements_with_effects() {
        assert!(parse(r#"{"Statement":[{"Effect":"Deny","Action":"Update:*","Resource":"*"}]}"#).is_ok());
        let refused = ["", "[]", r#"{"Statement":[]}"#, r#"{"Statement":[{"Effect":"Deny"}]}"#];
        assert!(refused.iter().all(|body| parse(body).is_err()));
    }
}
