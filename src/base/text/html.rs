//! HTML: `& < > " '` lose their meaning, in text and in quoted attributes; an address has to be one of the web.

use super::{Untrusted, visible};

impl Untrusted {
    /// For HTML, as text or between the quotes of an attribute. Never for a script, a style or an attribute's name.
    pub fn for_html(&self) -> String {
        askama_escape::escape(&visible::visible(&self.0), askama_escape::Html).to_string()
    }

    /// For `href="…"`: an address of the web, or nothing. `javascript:` and `data:` are none.
    pub fn for_html_link(&self) -> Option<String> {
        self.for_url().map(|url| askama_escape::escape(&url, askama_escape::Html).to_string())
    }

    /// An address of the web (`https:` or `http:`) in which everything is percent-encoded that has a meaning outside of
    /// addresses; `None` if it is no such address.
    pub fn for_url(&self) -> Option<String> {
        let text = self.0.trim();
        let lower = text.get(..8).or(text.get(..7))?.to_ascii_lowercase();
        if !(lower.starts_with("https://") || lower.starts_with("http://")) {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
                b':' | b'/' | b'?' | b'&' | b'=' | b'.' | b',' | b'_' | b'~' | b'#' | b'%' | b'+' | b'-'
                | b'@' => {
                    out.push(char::from(byte));
                }
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_element_and_no_attribute_begins() {
        let text = Untrusted::from("<b onclick='x' \"y\">&amp;\0");
        assert_eq!(text.for_html(), "&#60;b onclick=&#39;x&#39; &#34;y&#34;&#62;&#38;amp;␀");
    }

    #[test]
    fn only_the_web_is_linked() {
        let link = |text: &str| Untrusted::from(text).for_html_link();
        assert_eq!(
            link("https://a.example/x?y=1&z=\"'<>").as_deref(),
            Some("https://a.example/x?y=1&#38;z=%22%27%3C%3E")
        );
        assert_eq!(link("HTTP://a.example/ä b").as_deref(), Some("HTTP://a.example/%C3%A4%20b"));
        for other in [
            "javascript:alert(1)",
            " javascript:https://",
            "data:text/html,x",
            "//a.example",
            "http:/",
            "",
            "ä",
        ] {
            assert_eq!(link(other), None, "{other}");
        }
    }
}
