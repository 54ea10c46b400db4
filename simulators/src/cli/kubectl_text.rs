//! Tables, ages and YAML, as `kubectl` prints them.

use serde_json::Value;

use crate::clock::{DAY_S, HOUR_S, MINUTE_S, Time};

/// Columns three spaces apart, without spaces at the ends of lines.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>], headers: bool) -> String {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let lines: Vec<&Vec<String>> = headers.then_some(&heads).into_iter().chain(rows).collect();
    let width = |n: usize| {
        lines.iter().filter_map(|line| line.get(n)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &&Vec<String>| {
        let each = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}   "));
        each.collect::<String>().trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}

/// `5d3h`: how long ago, with as many units as the tool shows.
pub(super) fn age(since: &str, now: Time) -> String {
    let Some(since) = Time::parse(since) else { return "<unknown>".to_owned() };
    let s = now.since(since).max(0);
    let two = |n: i64, unit: &str, rest: i64, small: &str| match rest {
        0 => format!("{n}{unit}"),
        rest => format!("{n}{unit}{rest}{small}"),
    };
    match s {
        _ if s < 2 * MINUTE_S => format!("{s}s"),
        _ if s < 10 * MINUTE_S => two(s / MINUTE_S, "m", s % MINUTE_S, "s"),
        _ if s < 3 * HOUR_S => format!("{}m", s / MINUTE_S),
        _ if s < 8 * HOUR_S => two(s / HOUR_S, "h", s % HOUR_S / MINUTE_S, "m"),
        _ if s < 2 * DAY_S => format!("{}h", s / HOUR_S),
        _ if s < 8 * DAY_S => two(s / DAY_S, "d", s % DAY_S / HOUR_S, "h"),
        _ if s < 2 * 365 * DAY_S => format!("{}d", s / DAY_S),
        _ if s < 8 * 365 * DAY_S => two(s / (365 * DAY_S), "y", s % (365 * DAY_S) / DAY_S, "d"),
        _ => format!("{}y", s / (365 * DAY_S)),
    }
}

/// A value with its fields in the order of their names, as the tool has them in every structured form.
pub(super) fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

/// A value as YAML.
pub(super) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = " ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                text.push_str(&format!("{indent}{}:", scalar(&Value::from(key.as_str()))));
                below(value, depth, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                write(item, depth.saturating_add(2), &mut inner);
                let nested = matches!(item, Value::Object(map) if !map.is_empty())
                    || matches!(item, Value::Array(a) if !a.is_empty());
                let inner = if nested { inner.trim_start().to_owned() } else { scalar(item) + "\n" };
                text.push_str(&format!("{indent}- {inner}"));
            }
        }
        other => text.push_str(&format!("{indent}{}\n", scalar(other))),
    }
}

/// What stands behind a key.
fn below(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            write(value, depth.saturating_add(2), text);
        }
        // Lists stand no deeper than their key.
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            write(value, depth, text);
        }
        other => text.push_str(&format!(" {}\n", scalar(other))),
    }
}

fn scalar(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let means_more = text.is_empty()
        || text.parse::<f64>().is_ok()
        || ["true", "false", "null", "yes", "no", "on", "off", "~"].contains(&text.to_lowercase().as_str())
        || text.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@` ".contains(c))
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || text.ends_with(' ')
        || text.chars().any(char::is_control)
        || Time::parse(text).is_some();
    if means_more { Value::from(text.as_str()).to_string() } else { text.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ages_have_the_units_of_the_tool() {
        let now = Time::parse("2026-06-01T00:00:00Z").unwrap();
        for (ago, shown) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (601, "10m"),
            (3 * HOUR_S + 60, "3h1m"),
            (8 * HOUR_S, "8h"),
            (47 * HOUR_S, "47h"),
            (3 * DAY_S + 5 * HOUR_S, "3d5h"),
            (400 * DAY_S, "400d"),
            (800 * DAY_S, "2y70d"),
        ] {
            assert_eq!(age(&now.plus(-ago).to_string(), now), shown);
        }
        assert_eq!(age("", now), "<unknown>");
    }

    #[test]
    fn yaml_reads_as_the_tool_writes_it() {
        let value = json!({"a": {"b": [1, {"c": "x", "d": []}], "e": {}}, "t": "2026-01-01T00:00:00Z", "n": "7", "z": null});
        let text =
            "a:\n  b:\n  - 1\n  - c: x\n    d: []\n  e: {}\nn: \"7\"\nt: \"2026-01-01T00:00:00Z\"\nz: null\n";
        assert_eq!(yaml(&sorted(value)), text);
    }
}
