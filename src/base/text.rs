//! Text that somebody hostile may have written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Text written by an agent, or made from what it wrote. It has no `Display`: each sink has its own escape.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(pub String);

impl Untrusted {
    /// For a terminal: control bytes (escape sequences too), direction overrides, line ends that are none and
    /// tags that nobody sees become visible marks; tabs and
    /// line ends stay.
    pub fn for_terminal(&self) -> Cow<'_, str> {
        terminal(&self.0)
    }

    /// For one line of a terminal: as [`Untrusted::for_terminal`], with line ends shown as `⏎`, cut to `width`
    /// characters.
    pub fn for_line(&self, width: usize) -> String {
        let shown = terminal(self.0.trim_end()).replace('\n', "⏎").replace('\t', " ");
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

fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let visible = |c: char| match c {
        c if !is_hostile(c) => c,
        '\x7f' => '\u{2421}',
        c if u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(visible).collect())
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
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
}
