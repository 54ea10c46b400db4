//! What a server answers.

use serde_json::{Value, json};

/// An answer of the server, by its kind.
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// A word such as `OK`.
    Status(String),
    /// A refusal, such as `WRONGTYPE …`.
    Error(String),
    /// A whole number.
    Integer(i64),
    /// A text.
    Bulk(String),
    /// Nothing there.
    Nil,
    /// Several answers.
    Array(Vec<Reply>),
}

impl Reply {
    /// `OK`.
    pub fn ok() -> Self {
        Self::Status("OK".to_owned())
    }

    /// A refusal.
    pub fn error(text: impl Into<String>) -> Self {
        Self::Error(text.into())
    }

    /// Texts.
    pub fn bulks<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self::Array(texts.into_iter().map(|text| Self::Bulk(text.into())).collect())
    }

    /// A count.
    pub fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// As JSON, which keeps the kinds apart: `{"status"}`, `{"error"}`, numbers, texts, null and lists.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Status(text) => json!({"status": text}),
            Self::Error(text) => json!({"error": text}),
            Self::Integer(number) => json!(number),
            Self::Bulk(text) => json!(text),
            Self::Nil => Value::Null,
            Self::Array(all) => all.iter().map(Self::to_json).collect(),
        }
    }
}
