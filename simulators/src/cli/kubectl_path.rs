//! JSONPath templates: `{.items[*].metadata.name}`, `{range .items[*]}…{end}`, `{.items[?(@.status.phase=="Bound")]}`.

use serde_json::Value;

use crate::service::stack_values::as_text;

/// What a template makes of a value.
///
/// # Errors
/// What is wrong with the template.
pub(super) fn fill(template: &str, value: &Value) -> Result<String, String> {
    let parts = parts(template)?;
    let mut text = String::new();
    run(&parts, value, value, &mut text)?;
    Ok(text)
}

enum Part {
    Text(String),
    Path(String),
    Range(String, Vec<Part>),
}

/// Text, and what stands in braces.
fn parts(template: &str) -> Result<Vec<Part>, String> {
    // One open list of parts for the whole, and one for each range.
    let mut open: Vec<(String, Vec<Part>)> = vec![(String::new(), Vec::new())];
    let mut rest = template;
    while !rest.is_empty() {
        let (before, inner) = rest.split_once('{').unwrap_or((rest, ""));
        if let Some((_, parts)) = open.last_mut().filter(|_| !before.is_empty()) {
            parts.push(Part::Text(before.to_owned()));
        }
        if before.len() == rest.len() {
            break;
        }
        let (inside, after) = braced(inner).ok_or_else(|| "unclosed action".to_owned())?;
        let inside = inside.trim();
        if let Some(path) = inside.strip_prefix("range ") {
            open.push((path.trim().to_owned(), Vec::new()));
        } else if inside == "end" {
            let (path, parts) =
                open.pop().filter(|_| !open.is_empty()).ok_or("not in range, nothing to end")?;
            if let Some((_, outer)) = open.last_mut() {
                outer.push(Part::Range(path, parts));
            }
        } else if let Some((_, parts)) = open.last_mut() {
            parts.push(quoted(inside).map_or_else(|| Part::Path(inside.to_owned()), Part::Text));
        }
        rest = after;
    }
    match open.len() {
        1 => Ok(open.pop().map(|(_, parts)| parts).unwrap_or_default()),
        _ => Err("unterminated range".to_owned()),
    }
}

/// Up to the brace that closes, quotes apart.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '}') => return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?)),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// `"\n"` as the text that it is.
fn quoted(inside: &str) -> Option<String> {
    let text = inside.strip_prefix('"')?.strip_suffix('"')?;
    Some(text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\""))
}

fn run(parts: &[Part], root: &Value, at: &Value, text: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Path(path) => {
                let found: Vec<String> = find(path, root, at)?.into_iter().map(as_text).collect();
                text.push_str(&found.join(" "));
            }
            Part::Range(path, inner) => {
                for item in find(path, root, at)? {
                    run(inner, root, item, text)?;
                }
            }
        }
    }
    Ok(())
}

/// What a path leads to.
///
/// # Errors
/// What is wrong with it.
pub(super) fn find<'v>(path: &str, root: &'v Value, at: &'v Value) -> Result<Vec<&'v Value>, String> {
    let (mut rest, start) = match path.strip_prefix('$') {
        Some(rest) => (rest, root),
        None => (path.strip_prefix('@').unwrap_or(path), at),
    };
    let mut found = vec![start];
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = bracketed(inner).ok_or_else(|| format!("unterminated array in {path}"))?;
            found = step(&found, inside, root)?;
            rest = after;
            continue;
        }
        let tail = rest.strip_prefix('.').unwrap_or(rest);
        if tail.starts_with('.') {
            return Err(format!("recursive descent is not simulated in {path}"));
        }
        let (name, after) = name(tail);
        found = match name.as_str() {
            "" => found,
            "*" => found.iter().flat_map(|value| inside(value)).collect(),
            name => found.iter().filter_map(|value| value.get(name)).collect(),
        };
        if after.len() == rest.len() {
            return Err(format!("unrecognized character in action: {path}"));
        }
        rest = after;
    }
    Ok(found)
}

/// A name, in which `\.` is a dot.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => return (name, text.get(at..).unwrap_or_default()),
            c => name.push(c),
        }
    }
    (name, "")
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_i32;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth = depth.saturating_add(1),
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?));
        }
    }
    None
}

fn inside(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

/// `*`, `0`, `-1`, `'key'`, `?(@.a=="b")`.
fn step<'v>(found: &[&'v Value], inside_text: &str, root: &'v Value) -> Result<Vec<&'v Value>, String> {
    let text = inside_text.trim();
    if text == "*" || text == ":" {
        return Ok(found.iter().flat_map(|value| inside(value)).collect());
    }
    if let Some(condition) = text.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        let mut kept = Vec::new();
        for item in found.iter().flat_map(|value| inside(value)) {
            if holds(condition, root, item)? {
                kept.push(item);
            }
        }
        return Ok(kept);
    }
    let key = text.trim_matches(['\'', '"']);
    if key.len() != text.len() {
        return Ok(found.iter().filter_map(|value| value.get(key)).collect());
    }
    let number: i64 = text.parse().map_err(|_| format!("invalid array index {text}"))?;
    let pick = |value: &&'v Value| {
        let items = value.as_array()?;
        let at = if number < 0 {
            items.len().checked_sub(usize::try_from(-number).ok()?)?
        } else {
            usize::try_from(number).ok()?
        };
        items.get(at)
    };
    Ok(found.iter().filter_map(pick).collect())
}

fn holds(condition: &str, root: &Value, item: &Value) -> Result<bool, String> {
    for (sign, equal) in [("==", true), ("!=", false)] {
        if let Some((path, wanted)) = condition.split_once(sign) {
            let wanted = wanted.trim().trim_matches(['"', '\'']);
            let found =
                find(path.trim(), root, item)?.first().map(|value| as_text(value)).unwrap_or_default();
            return Ok((found == wanted) == equal);
        }
    }
    if condition.contains(['<', '>']) {
        return Err(format!("the comparison {condition} is not simulated"));
    }
    Ok(!find(condition.trim(), root, item)?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_are_filled() {
        let value = json!({"items": [
            {"metadata": {"name": "a", "labels": {"app.io/x": "1"}}, "status": {"phase": "Bound"}},
            {"metadata": {"name": "b"}, "status": {"phase": "Released"}},
        ]});
        for (template, expected) in [
            ("{.items[*].metadata.name}", "a b"),
            ("{.items[0].metadata.labels}", "{\"app.io/x\":\"1\"}"),
            ("{.items[0].metadata.labels.app\\.io/x}", "1"),
            ("{.items[0].metadata.labels['app.io/x']}", "1"),
            ("{.items[-1].metadata.name}{\"\\n\"}", "b\n"),
            ("{range .items[*]}{.metadata.name}={.status.phase};{end}", "a=Bound;b=Released;"),
            ("{.items[?(@.status.phase==\"Released\")].metadata.name}", "b"),
            ("{$.items[*].nothing}", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(fill(template, &value).as_deref(), Ok(expected), "{template}");
        }
        for wrong in ["{.items[", "{.a", "{range .items[*]}x", "{end}", "{.items[x]}", "{..a}"] {
            assert!(fill(wrong, &value).is_err(), "{wrong}");
        }
    }
}
