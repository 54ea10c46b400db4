//! `--query`: JMESPath over the answer.
//!
//! The engine keeps objects sorted by key, the real tool keeps the order of the answer and of the expression; the order
//! is put back afterwards.

use std::collections::BTreeMap;

use jmespath::ast::Ast;
use serde_json::{Map, Value};

/// Signs in an expression that put a step around or above another. The engine calls itself for each.
const STEPS_MAX: usize = 100;
/// How many times the answer an expression may give back: `[@, @] | [@, @] | …` doubles it with every step.
const COPIES_MAX: usize = 256;

/// Reads an expression only to find out whether it is one.
///
/// # Errors
/// What the tool says about it, or that it is larger than what is simulated.
pub(super) fn check(expression: &str) -> Result<(), String> {
    let refused = |what: &str| format!("Bad value for --query {expression:.60}: {what}");
    if steps(expression) > STEPS_MAX {
        return Err(refused(&format!("expressions of more than {STEPS_MAX} steps are not simulated")));
    }
    read(expression).and_then(|ast| match copies(&ast) {
        copies if copies > COPIES_MAX => Err(refused(&format!(
            "expressions that repeat the answer more than {COPIES_MAX} times are not simulated"
        ))),
        _ => Ok(()),
    })
}

/// Counts before anybody reads the expression, because reading it is what overflows the stack.
fn steps(expression: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    let mut steps = 0_usize;
    for c in expression.chars() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if "'\"`".contains(c) => quote = Some(c),
            None if ".|[({!&<>=".contains(c) => steps = steps.saturating_add(1),
            _ => {}
        }
    }
    steps
}

fn copies(ast: &Ast) -> usize {
    let own = match ast {
        Ast::MultiList { elements, .. } => elements.len(),
        Ast::MultiHash { elements, .. } => elements.len(),
        // Texts in texts: what escapes a sign is escaped itself the next time.
        Ast::Function { name, .. } if name == "to_string" => 3,
        _ => 1,
    };
    children(ast).into_iter().fold(own.max(1), |all, child| all.saturating_mul(copies(child)))
}

fn read(expression: &str) -> Result<Ast, String> {
    jmespath::parse(expression).map_err(|error| {
        let length = expression.chars().count();
        let say = |kind: &str, shown: &str, at: usize| {
            format!("Bad value for --query {expression}: {kind}:\n{shown}\n{}^", " ".repeat(at))
        };
        if error.offset >= length {
            say(
                "Invalid jmespath expression: Incomplete expression",
                &format!("\"{expression}\""),
                length + 1,
            )
        } else {
            let reason = error.reason.to_string();
            let reason = reason.trim_start_matches("Parse error: ");
            say(&format!("Bad jmespath expression: {reason}"), expression, error.offset)
        }
    })
}

/// What the expression finds in the answer.
///
/// # Errors
/// A function got something that it cannot take.
pub(super) fn search(expression: &str, answer: &Value) -> Result<Value, String> {
    let compiled = jmespath::compile(expression).map_err(|error| error.to_string())?;
    let found = compiled.search(answer).map_err(|error| error.reason.to_string())?;
    let found = serde_json::to_value(&*found).map_err(|error| error.to_string())?;
    let mut orders = BTreeMap::new();
    learn(answer, &mut orders);
    learn_hashes(compiled.as_ast(), &mut orders);
    Ok(ordered(found, &orders))
}

/// Sets of keys, sorted, with the order in which they were written.
type Orders = BTreeMap<Vec<String>, Vec<String>>;

fn note(keys: Vec<String>, orders: &mut Orders) {
    let mut sorted = keys.clone();
    sorted.sort();
    orders.insert(sorted, keys);
}

fn learn(value: &Value, orders: &mut Orders) {
    match value {
        Value::Object(object) => {
            note(object.keys().cloned().collect(), orders);
            object.values().for_each(|value| learn(value, orders));
        }
        Value::Array(items) => items.iter().for_each(|item| learn(item, orders)),
        _ => {}
    }
}

fn learn_hashes(ast: &Ast, orders: &mut Orders) {
    if let Ast::MultiHash { elements, .. } = ast {
        note(elements.iter().map(|pair| pair.key.clone()).collect(), orders);
    }
    for child in children(ast) {
        learn_hashes(child, orders);
    }
}

fn children(ast: &Ast) -> Vec<&Ast> {
    match ast {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => vec![lhs, rhs],
        Ast::Condition { predicate, then, .. } => vec![predicate, then],
        Ast::Expref { ast, .. } => vec![ast],
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => vec![node],
        Ast::Function { args, .. } => args.iter().collect(),
        Ast::MultiList { elements, .. } => elements.iter().collect(),
        Ast::MultiHash { elements, .. } => elements.iter().map(|pair| &pair.value).collect(),
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Literal { .. }
        | Ast::Slice { .. } => Vec::new(),
    }
}

fn ordered(value: Value, orders: &Orders) -> Value {
    match value {
        Value::Object(mut object) => {
            let mut keys: Vec<String> = object.keys().cloned().collect();
            keys.sort();
            let keys = orders.get(&keys).cloned().unwrap_or(keys);
            let pairs = keys.into_iter().filter_map(|key| {
                let value = object.remove(&key)?;
                Some((key, ordered(value, orders)))
            });
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(|item| ordered(item, orders)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_keep_the_order_of_the_answer_and_of_the_expression() {
        let answer = json!({"Stacks": [{"StackName": "a", "CreationTime": "t", "Age": 3}]});
        let shown = |expression: &str| search(expression, &answer).unwrap().to_string();
        assert_eq!(shown("Stacks[0]"), r#"{"StackName":"a","CreationTime":"t","Age":3}"#);
        assert_eq!(shown("Stacks[].{z: StackName, b: Age}"), r#"[{"z":"a","b":3}]"#);
        assert_eq!(shown("Stacks[?Age > `2`].StackName | [0]"), r#""a""#);
        assert_eq!(shown("Stacks[0].Nothing"), "null");
    }

    #[test]
    fn expressions_that_grow_without_bound_are_refused() {
        let long = "Bad value for --query";
        for text in [
            "[".repeat(60_000),
            "!".repeat(60_000),
            format!("a{}", ".a".repeat(60_000)),
            format!("@{}", " | [@, @]".repeat(30)),
            format!("{}@{}", "to_string([".repeat(20), "])".repeat(20)),
        ] {
            let refused = check(&text).unwrap_err();
            assert!(refused.starts_with(long) && refused.ends_with("are not simulated"), "{refused}");
        }
        let table =
            "DBInstances[?Engine=='postgres' && !PubliclyAccessible].{A: a.b.c, B: B[].[c, d], C: length(c)}";
        assert_eq!(check(table), Ok(()));
        assert_eq!(check(&format!("a == '{}'", ".".repeat(500))), Ok(()));
    }

    #[test]
    fn a_bad_expression_is_shown_with_its_place() {
        assert_eq!(
            check("Stacks[0").unwrap_err(),
            "Bad value for --query Stacks[0: Invalid jmespath expression: Incomplete expression:\n\"Stacks[0\"\n         ^"
        );
        assert!(check("Stacks[?x=1]").unwrap_err().contains("Bad jmespath expression"));
        assert_eq!(check("Stacks[].StackName"), Ok(()));
    }
}
