//! Errors as Postgres words them.

use serde::{Deserialize, Serialize};

/// A failed statement: SQLSTATE and message as Postgres words them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SqlError {
    /// Such as `42P01`.
    pub state: String,
    /// Such as `relation "costs" does not exist`.
    pub message: String,
    /// What exactly, where there is more to say.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Line and column in the text that was sent, from 1.
    pub position: Option<(u64, u64)>,
}

impl SqlError {
    /// An error with this SQLSTATE and message.
    pub fn new(state: &str, message: impl Into<String>) -> Self {
        Self { state: state.to_owned(), message: message.into(), ..Self::default() }
    }

    /// What Postgres could do and the simulation cannot.
    pub fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new("0A000", format!("{what} is not supported on this server"))
    }

    /// With a detail line.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With a hint line.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// At a place in the text.
    #[must_use]
    pub fn at(mut self, place: sqlparser::tokenizer::Location) -> Self {
        if place.line > 0 {
            self.position = Some((place.line, place.column));
        }
        self
    }
}
