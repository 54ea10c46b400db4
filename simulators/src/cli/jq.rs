//! Simple paths of `--jq`: `.a.b`, `.[]`, `.[0]`, `length`, joined by `|`.

use serde_json::Value;

/// One step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// `.name`
    Field(String),
    /// `.[3]`, from the end if negative.
    At(i64),
    /// `.[]`
    Each,
    /// `length`
    Length,
}

/// Reads an expression; `None` if it is more than a path.
pub(super) fn parse(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in text.split('|').map(str::trim) {
        match part {
            "length" => steps.push(Step::Length),
            path => path_steps(path, &mut steps)?,
        }
    }
    Some(steps)
}

fn path_steps(path: &str, steps: &mut Vec<Step>) -> Option<()> {
    let mut rest = path.strip_prefix('.')?;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            steps.push(if index.is_empty() { Step::Each } else { Step::At(index.parse().ok()?) });
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            if rest.is_empty() {
                return None;
            }
        }
    }
    Some(())
}

/// The values that a path leads to.
///
/// # Errors
/// jq's message where a value has not the shape that the path wants.
pub(super) fn run(steps: &[Step], value: &Value) -> Result<Vec<Value>, String> {
    let mut values = vec![value.clone()];
    for step in steps {
        let mut next = Vec::new();
        for value in values {
            match step {
                Step::Field(name) if value.is_object() || value.is_null() => {
                    next.push(value.get(name).cloned().unwrap_or_default());
                }
                Step::Field(name) => {
                    return Err(format!("expected an object but got: {} (.{name})", kind(&value)));
                }
                Step::At(n) => {
                    let list = value
                        .as_array()
                        .ok_or_else(|| format!("expected an array but got: {}", kind(&value)))?;
                    let at = usize::try_from(*n).ok();
                    let at = at.or_else(|| list.len().checked_sub(usize::try_from(n.unsigned_abs()).ok()?));
                    next.push(at.and_then(|at| list.get(at)).cloned().unwrap_or_default());
                }
                Step::Each => match value {
                    Value::Array(list) => next.extend(list),
                    Value::Object(map) => next.extend(map.into_iter().map(|(_, v)| v)),
                    other => return Err(format!("cannot iterate over: {}", kind(&other))),
                },
                Step::Length => next.push(match &value {
                    Value::Array(list) => list.len().into(),
                    Value::Object(map) => map.len().into(),
                    Value::String(text) => text.chars().count().into(),
                    _ => 0.into(),
                }),
            }
        }
        values = next;
    }
    Ok(values)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A result as the tool prints it: texts bare, the rest as JSON.
pub(super) fn line(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Null => "\n".to_owned(),
        other => format!("{other}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn simple_paths_are_walked() {
        let value = json!([{"a": {"b": 1}}, {"a": {"b": "x"}}]);
        let of = |text: &str| run(&parse(text).unwrap(), &value).unwrap();
        assert_eq!(of(".[].a.b"), [json!(1), json!("x")]);
        assert_eq!(of(".[0] | .a"), [json!({"b": 1})]);
        assert_eq!(of(".[-1].a.b"), [json!("x")]);
        assert_eq!(of("length"), [json!(2)]);
        assert_eq!(of("."), std::slice::from_ref(&value));
        assert!(run(&parse(".x").unwrap(), &value).is_err());
        for text in ["map(.a)", ".[] | select(.a)", ".a, .b", "a", ".[", ".."] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
