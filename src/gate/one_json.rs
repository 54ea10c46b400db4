//! The one JSON value that an answer is.
//!
//! A key that stands twice in an object makes an answer that each reader takes otherwise: `{"decision": "deny", "decision":
//! "allow"}` denies for whoever takes the first and allows for whoever takes the last. Where an answer is ours to read, that
//! is no answer.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::answer::quoted;

/// The one JSON value in some bytes, in none of whose objects a key stands twice.
pub(super) fn one_json(bytes: &[u8]) -> Result<Value, String> {
    read::<Unambiguous>(bytes).map(|value| value.0)
}

/// The one JSON value in some bytes as coding agents read it: of a key that stands twice the last counts.
pub(super) fn as_agents_read(bytes: &[u8]) -> Result<Value, String> {
    read(bytes)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its answer is not UTF-8 text".to_owned())?;
    serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            Category::Eof => "its answer ends in the middle",
            Category::Data => "a key stands twice in its answer",
            _ if two_values(text) => "it gave more than one answer",
            _ => "its answer is not JSON",
        };
        format!("{what}: `{}`", quoted(text))
    })
}

fn two_values(text: &str) -> bool {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().take_while(Result::is_ok).nth(1).is_some()
}

/// A JSON value in none of whose objects a key stands twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Unambiguous>()? {
            list.push(item.0);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Unambiguous>()? {
            if object.insert(key, value.0).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_answer_is_one_answer() {
        let wrong = |bytes: &[u8]| one_json(bytes).unwrap_err();
        assert!(
            wrong(br#"{"decision":"allow"}{"decision":"deny"}"#).starts_with("it gave more than one answer")
        );
        assert!(wrong(br#"{"decision":"al"#).starts_with("its answer ends in the middle"));
        assert!(wrong(b"fine by me").starts_with("its answer is not JSON"));
        assert!(wrong(b"{\"decision\": NaN}").starts_with("its answer is not JSON"));
        assert!(wrong(b"\xff\xfe").starts_with("its answer is not UTF-8"));
        assert!(wrong("[".repeat(100_000).as_bytes()).starts_with("its answer is not JSON"));
    }

    #[test]
    fn every_value_is_read_as_it_is() {
        let value = json!({"a": [null, true, -1, 18_446_744_073_709_551_615_u64, 0.5, "ü"], "b": {"a": {}}});
        assert_eq!(one_json(format!(" {value}\n").as_bytes()).unwrap(), value);
    }

    #[test]
    fn a_key_that_stands_twice_is_no_answer_but_to_agents() {
        for twice in [r#"{"a": 1, "a": 1}"#, r#"[{"b": {"a": 1, "\u0061": 2}}]"#] {
            assert!(one_json(twice.as_bytes()).unwrap_err().starts_with("a key stands twice"), "{twice}");
        }
        assert_eq!(as_agents_read(br#"{"a": 1, "a": 2}"#).unwrap(), json!({"a": 2}));
    }
}
