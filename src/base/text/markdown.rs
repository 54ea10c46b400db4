//! Markdown (`CommonMark` with GitHub's tables): inline text, a cell of a table, a fenced block.
//!
//! A backslash would do for most, but not in tables, where parsers differ on `\\|`, and not against what forges do to
//! the rendered text; so what has a meaning becomes a character reference, which every parser reads as text alone.

use super::{Untrusted, visible};

impl Untrusted {
    /// For running text: one line in which nothing begins, ends, links, mentions or is mathematics.
    pub fn for_markdown(&self) -> String {
        let text = visible::line(&self.0);
        if text.is_empty() {
            // Nothing at all would make other marks meet: `****` is a rule.
            return "&#32;".to_owned();
        }
        let mut out = String::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let before = text.get(..at).unwrap_or_default();
            match c {
                // A reference would be a mention again once it is rendered.
                '@' => out.push('＠'),
                c if means_something(c, before, text.get(at.saturating_add(1)..).unwrap_or_default()) => {
                    out.push_str(&format!("&#{};", u32::from(c)));
                }
                c => out.push(c),
            }
        }
        out
    }

    /// For a cell of a table, and for names and commands anywhere: a code span where the text can stand in one, else as
    /// [`Untrusted::for_markdown`].
    pub fn for_markdown_code(&self) -> String {
        let text = visible::line(&self.0);
        match text.contains(['`', '|']) || text.is_empty() {
            true => self.for_markdown(),
            false => format!("`{text}`"),
        }
    }

    /// A block of its own, fence included, that no line of the text can close. It begins and ends a line.
    pub fn for_markdown_block(&self) -> String {
        let text = visible::visible(&self.0);
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.saturating_add(1).max(3));
        format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
    }

    /// A link with this address and the given text; the text alone if it is no address of the web.
    pub fn for_markdown_link(&self, shown: &Self) -> String {
        let shown = shown.for_markdown();
        match self.for_url() {
            Some(url) => format!("[{shown}](<{url}>)"),
            None => shown,
        }
    }
}

/// Whether a character may be more than itself, between what stands before and after it.
fn means_something(c: char, before: &str, after: &str) -> bool {
    let counts = || !before.is_empty() && before.chars().all(|c| c.is_ascii_digit());
    let ends = after.is_empty() || after.starts_with(char::is_whitespace);
    let is_inside = before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric);
    match c {
        ',' | '/' | '\'' | '(' | '?' | '%' | ';' => false,
        '_' => !is_inside,
        '=' => before.is_empty(),
        // A list or a rule; not the sign of a number.
        '-' | '+' => before.is_empty() && !after.starts_with(|c: char| c.is_ascii_digit()),
        // The end of a scheme, of an emoji's name, or the beginning of a definition; not the end of a clause.
        ':' => before.is_empty() || !ends,
        // `1.` and `1)` begin a list, `www.` a link.
        '.' => counts() && ends || before.to_ascii_lowercase().ends_with("www"),
        ')' => counts() && ends,
        c => c.is_ascii_punctuation(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins() {
        let inline = |text: &str| Untrusted::from(text).for_markdown();
        assert_eq!(inline("cost-explorer, 3.5 (ok)"), "cost-explorer, 3.5 (ok)");
        assert_eq!(inline("- a\n# b | c"), "&#45; a⏎&#35; b &#124; c");
        assert_eq!(inline("1. www.x @y"), "1&#46; www&#46;x ＠y");
        assert_eq!(inline("safe_fix: 13.1 h, -0.5"), "safe_fix: 13.1 h, -0.5");
        assert_eq!(inline("_x_ a:b :c"), "&#95;x&#95; a&#58;b &#58;c");
    }

    #[test]
    fn a_code_span_where_it_can_be_one() {
        let code = |text: &str| Untrusted::from(text).for_markdown_code();
        assert_eq!(code("drop table *;"), "`drop table *;`");
        assert_eq!(code("a | b"), "a &#124; b");
        assert_eq!(code("`x`"), "&#96;x&#96;");
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        let text = Untrusted::from("a\n````\n<script>\n");
        assert_eq!(text.for_markdown_block(), "`````text\na\n````\n<script>\n`````\n");
    }
}
