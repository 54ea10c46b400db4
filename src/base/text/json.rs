//! JSON: without loss, and harmless also where it ends up in a log, a terminal or a page.

use serde::Serialize;

use super::visible;

/// A value as JSON in readable lines. In it no character is left that acts on a terminal or is not seen, and none that
/// ends a script of HTML or begins a command of a CI: they stand as `\u…`, which every reader of JSON turns back.
///
/// # Errors
/// The value cannot be JSON: a key that is no text.
pub fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| harmless(&text))
}

/// Outside its strings JSON has none of these characters, so they may be replaced wherever they stand.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        let is_mark = c == '#' && last == '#';
        match c {
            '<' | '>' | '&' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if is_mark || visible::is_hostile(c) => {
                let mut units = [0_u16; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_and_without_loss() {
        let text = "</script>\x1b\u{9b}\u{202e}\u{e0041}##[x]& \"\\";
        let shown = json(&text).unwrap();
        assert_eq!(shown, r##""\u003c/script\u003e\u001b\u009b\u202e\udb40\udc41#\u0023[x]\u0026 \"\\""##);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
