//! Where two requests begin to differ, for whoever wonders why a tape does not fit.

use serde_json::Value;

/// Characters of each side that are shown.
const SHOWN_CHARS: usize = 80;

/// The first difference between what was recorded and what is asked now.
pub(super) fn first(recorded: &str, asked: &str) -> String {
    let parsed = (serde_json::from_str::<Value>(recorded), serde_json::from_str::<Value>(asked));
    let (Ok(recorded), Ok(asked)) = parsed else { return "one of the two is no JSON".to_owned() };
    match between(&recorded, &asked) {
        Some((path, recorded, asked)) => format!("`{path}` was {recorded} and is {asked}"),
        None => "the same is asked of another model, or in another way".to_owned(),
    }
}

type Found = (String, String, String);

fn between(recorded: &Value, asked: &Value) -> Option<Found> {
    match (recorded, asked) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.filter_map(|key| below(key, a.get(key), b.get(key))).next()
        }
        (Value::Array(a), Value::Array(b)) => {
            let longest = a.len().max(b.len());
            (0..longest).filter_map(|n| below(&format!("[{n}]"), a.get(n), b.get(n))).next()
        }
        (Value::String(a), Value::String(b)) if a != b => {
            Some((String::new(), from_there(a, b), from_there(b, a)))
        }
        (a, b) if a != b => Some((String::new(), shown(&a.to_string()), shown(&b.to_string()))),
        _ => None,
    }
}

fn below(step: &str, recorded: Option<&Value>, asked: Option<&Value>) -> Option<Found> {
    let (path, recorded, asked) = match (recorded, asked) {
        (Some(recorded), Some(asked)) => between(recorded, asked)?,
        (recorded, asked) => {
            let side = |value: Option<&Value>| {
                value.map_or("not there".to_owned(), |value| shown(&value.to_string()))
            };
            (String::new(), side(recorded), side(asked))
        }
    };
    let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    Some((format!("{step}{joint}{path}"), recorded, asked))
}

/// A text from shortly before the place where it begins to differ from another.
fn from_there(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(20);
    let rest: String = text.chars().skip(from).collect();
    shown(&if from > 0 { format!("…{rest}") } else { rest })
}

fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("`{cut}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let old = r#"{"model":"m","messages":[{"role":"user","content":"fix the small bug"}]}"#;
        let new = r#"{"model":"m","messages":[{"role":"user","content":"fix the big bug"}]}"#;
        assert_eq!(first(old, new), "`messages[0].content` was `fix the small bug` and is `fix the big bug`");
        let longer = r#"{"model":"m","messages":[{"role":"user","content":"fix the small bug"},1],"x":2}"#;
        assert_eq!(first(old, longer), "`messages[1]` was not there and is `1`");
        assert!(first(old, old).contains("another model"));
    }
}
