//! XML 1.0: most control characters, U+FFFE and U+FFFF cannot be written at all, not even as references.

use super::{Untrusted, visible};

impl Untrusted {
    /// For a writer of XML, which escapes what means something there: characters that XML forbids, and would not have even
    /// escaped, have become visible marks. Tabs are spaces, for a reader takes them for that in an attribute.
    pub fn for_xml(&self) -> String {
        visible::visible(&self.0).replace('\t', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_marks() {
        let text = Untrusted::from("a\0b\x1b[31mc\u{ffff}\t<d>\n");
        assert_eq!(text.for_xml(), "a␀b␛[31mc\u{fffd} <d>\n");
    }
}
