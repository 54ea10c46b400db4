//! Commands of GitHub's runner (`::error title=…::message`): `%`, line ends, and in properties also `:` and `,`.

use super::{Untrusted, visible};

impl Untrusted {
    /// For the message of a command, which may have several lines.
    pub fn for_annotation(&self) -> String {
        visible::visible(&self.0).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
    }

    /// For a property of a command, such as its title: one line.
    pub fn for_annotation_title(&self) -> String {
        let text = visible::line(&self.0);
        text.replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_ends_or_begins() {
        let text = Untrusted::from("50%\r\n::stop,now::x");
        assert_eq!(text.for_annotation(), "50%25␍%0A：:stop,now::x");
        assert_eq!(text.for_annotation_title(), "50%25␍⏎：%3Astop%2Cnow%3A%3Ax");
    }
}
