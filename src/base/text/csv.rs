//! CSV that a spreadsheet opens: a cell that it would run as a formula becomes text by a quote in front.

use super::{Untrusted, visible};

impl Untrusted {
    /// For a cell of a CSV file; the writer quotes it. Also where white space or quotes stand before the formula, and in
    /// the full-width forms that some spreadsheets read as the plain ones.
    pub fn for_csv(&self) -> String {
        let text = visible::visible(&self.0);
        let body = text.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '‘' | '’' | '“' | '”' | '\u{fffd}')
        });
        let is_formula = body.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '−']);
        // A carriage return has become its picture by now; a spreadsheet never sees it.
        match is_formula || text.starts_with(['\t', '\n', '␍']) {
            true => format!("'{text}"),
            false => text.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        let cell = |text: &str| Untrusted::from(text).for_csv();
        for formula in ["=1", "+1", "-1", "@x", "\tx", "\n=1", " =1", "\"=1", "＝1", "\u{feff}=1", "\u{a0}=1"]
        {
            assert!(cell(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(cell("\r=1"), "'␍=1");
        for text in ["incident", "a=b", "5 - 3", "", "'quoted'"] {
            assert_eq!(cell(text), text);
        }
    }
}
