//! Text that somebody hostile may have written: one escaper per sink, and a type that shows itself through none but them.
//!
//! Every sink first makes visible what a reader would not see (`visible`), then takes the meaning from what its own
//! format would read as more than text. A sink's file says what that is.

mod csv;
mod github;
mod html;
mod json;
mod latex;
mod markdown;
mod visible;
mod xml;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use json::json;

/// Text written by an agent, or made from what it wrote, or by whoever named a scenario, a setup or an agent. It has no
/// `Display`: each sink has its own escape.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Untrusted(String);

impl Untrusted {
    /// As it was written: for judging, matching and playing, never for showing.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Nothing but white space, or nothing at all.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// At most so many characters of it; what is cut off leaves `…`.
    #[must_use]
    pub fn cut(&self, chars_max: usize) -> Self {
        match self.0.char_indices().nth(chars_max) {
            Some(_) => Self(self.0.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()),
            None => self.clone(),
        }
    }

    /// For a terminal, or the log of a CI: control bytes (escape sequences too), direction overrides, line ends that
    /// are none, characters that nobody sees and commands of a CI become visible marks; tabs and line ends stay.
    pub fn for_terminal(&self) -> Cow<'_, str> {
        visible::visible(&self.0)
    }

    /// For one line of a terminal: as [`Untrusted::for_terminal`], with line ends shown as `⏎`, cut to `width`
    /// characters.
    pub fn for_line(&self, width: usize) -> String {
        let shown = visible::line(&self.0);
        match shown.char_indices().nth(width) {
            Some(_) => shown.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
            None => shown,
        }
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&Self> for Untrusted {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<&String> for Untrusted {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_visible() {
        let text = Untrusted::from("a\x1b[2Jb\r\u{202e}c\td\n");
        assert_eq!(text.for_terminal(), "a␛[2Jb␍\u{fffd}c\td\n");
        assert_eq!(text.for_line(6), "a␛[2J…");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(Untrusted::from("äbcd").cut(3), Untrusted::from("äb…"));
        assert_eq!(Untrusted::from("äbc").cut(3), Untrusted::from("äbc"));
    }
}
