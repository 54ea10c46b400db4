//! XML 1.0: most control characters, U+FFFE and U+FFFF cannot be written at all, not even as references.

use quick_junit::XmlString;

use super::{Untrusted, visible};

impl Untrusted {
    /// For XML: characters that XML forbids have become visible marks. The writer that takes this type escapes the rest;
    /// tabs are spaces, for it would leave them out.
    pub fn for_xml(&self) -> XmlString {
        XmlString::new(visible::visible(&self.0).replace('\t', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_marks() {
        let text = Untrusted::from("a\0b\x1b[31mc\u{ffff}\t<d>\n");
        assert_eq!(text.for_xml().as_str(), "a␀b␛[31mc\u{fffd} <d>\n");
    }
}
