//! JSON that borrows: a request says the whole conversation again, is written once and thrown away, so its texts, its tools
//! and what the model said are not copied into it.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A part of a request.
pub(in crate::model) enum Json<'a> {
    Text(&'a str),
    /// A number, a truth value: never an object.
    Value(Value),
    Ref(&'a Value),
    List(Vec<Self>),
    Object(Vec<(&'a str, Self)>),
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Value(value) => value.serialize(serializer),
            Self::Ref(value) => value.serialize(serializer),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Json<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Ref(value)
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Self::Value(Value::Bool(value))
    }
}

impl From<u64> for Json<'_> {
    fn from(value: u64) -> Self {
        Self::Value(Value::from(value))
    }
}

impl From<f64> for Json<'_> {
    fn from(value: f64) -> Self {
        Self::Value(Value::from(value))
    }
}

/// An object with these fields, in this order.
pub(super) fn object<'a, const N: usize>(fields: [(&'a str, Json<'a>); N]) -> Json<'a> {
    Json::Object(fields.into_iter().collect())
}

/// An object with those fields that are there, in this order.
pub(super) fn fields<'a, const N: usize>(fields: [(&'a str, Option<Json<'a>>); N]) -> Json<'a> {
    Json::Object(fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

impl<'a> Json<'a> {
    /// The fields of an object, to be changed; one that is borrowed is opened for it, no deeper than its own fields.
    fn opened(&mut self) -> Option<&mut Vec<(&'a str, Self)>> {
        if let Self::Ref(Value::Object(fields)) = *self {
            *self =
                Self::Object(fields.iter().map(|(key, value)| (key.as_str(), Self::Ref(value))).collect());
        }
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Sets a field of an object; anything else stays as it is.
    pub fn set(&mut self, key: &'a str, value: Self) {
        if let Some(below) = self.field(key) {
            *below = value;
        } else if let Some(fields) = self.opened() {
            fields.push((key, value));
        }
    }

    /// Itself, unless it is an object or a list without anything in it.
    pub fn unless_empty(self) -> Option<Self> {
        let is_empty = match &self {
            Self::List(list) => list.is_empty(),
            Self::Object(fields) => fields.is_empty(),
            _ => false,
        };
        (!is_empty).then_some(self)
    }

    /// Lays fields over those of an object; objects are laid over objects field by field.
    pub fn overlay(&mut self, over: &'a Map<String, Value>) {
        for (key, above) in over {
            if let Value::Object(fields) = above
                && let Some(below) = self.field(key)
                && below.opened().is_some()
            {
                below.overlay(fields);
                continue;
            }
            self.set(key, Self::Ref(above));
        }
    }

    fn field(&mut self, key: &str) -> Option<&mut Self> {
        self.opened()?.iter_mut().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_written_as_a_value_is() {
        let list = json!([1, {"b": null, "a": "ü\n"}]);
        let text = "t".to_owned();
        let body = object([("z", Json::from(&text)), ("list", Json::from(&list)), ("no", false.into())]);
        let written = serde_json::to_string(&body).unwrap();
        assert_eq!(written, json!({"z": "t", "list": list, "no": false}).to_string());
    }

    #[test]
    fn fields_are_laid_over_fields_wherever_they_are() {
        let theirs = json!({"a": {"x": 1, "y": {"z": 2}}, "b": [1]});
        let mut body = object([
            ("ref", Json::from(&theirs)),
            ("value", object([("k", object([("x", 1.into())]))])),
            ("object", object([("in", "old".into()), ("stays", true.into())])),
            ("text", "old".into()),
        ]);
        let over = json!({"ref": {"a": {"y": {"z": 3}}}, "value": {"k": {"new": 4}}, "object": {"in": "new"},
            "text": {"whole": 1}, "more": 5});
        body.overlay(over.as_object().unwrap());
        let found: Value = serde_json::from_str(&serde_json::to_string(&body).unwrap()).unwrap();
        let wanted = json!({"ref": {"a": {"x": 1, "y": {"z": 3}}, "b": [1]}, "value": {"k": {"x": 1, "new": 4}},
            "object": {"in": "new", "stays": true}, "text": {"whole": 1}, "more": 5});
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_field_is_set_once() {
        let theirs = json!({"a": 1});
        for mut part in [Json::from(&theirs), object([("a", 1.into())])] {
            part.set("b", 3.into());
            part.set("a", 2.into());
            assert_eq!(serde_json::to_string(&part).unwrap(), r#"{"a":2,"b":3}"#);
        }
        let mut text = Json::from("t");
        text.set("a", 2.into());
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""t""#);
    }
}
