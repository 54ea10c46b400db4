//! A key to be found nowhere, in the ways in which somebody may write it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub const KEY: &str = "sk-sentinel/7Qz+81\"x=9vKw";

/// The key in ten ways of writing.
pub fn encodings() -> Vec<(&'static str, String)> {
    let each = |write: fn(u8) -> String| KEY.bytes().map(write).collect::<String>();
    vec![
        ("plain", KEY.to_owned()),
        ("backwards", KEY.chars().rev().collect()),
        ("base64", STANDARD.encode(KEY)),
        ("base64 of a header", STANDARD.encode(format!("Authorization: Bearer {KEY}"))),
        ("base64 for URLs", URL_SAFE_NO_PAD.encode(format!("u:{KEY}"))),
        ("hex", each(|b| format!("{b:02x}"))),
        ("upper hex", each(|b| format!("{b:02X}"))),
        ("percent", each(|b| format!("%{b:02X}"))),
        ("escaped", each(|b| format!("\\u{b:04x}"))),
        ("numbers", KEY.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(", ")),
    ]
}

/// Signs of the key that no innocent text has.
pub fn is_there(text: &str) -> Option<&'static str> {
    // What base64 makes of the inside of the key, wherever that begins, and its other forms.
    let inside = |skip: usize| STANDARD.encode(&KEY.as_bytes()[skip..skip + 12]);
    let marks = [KEY[4..16].to_owned(), KEY[4..16].chars().rev().collect(), inside(3), inside(4), inside(5)];
    let text = text.replace('\\', "");
    if marks.iter().any(|mark| text.contains(mark.as_str())) {
        return Some("a part of the key");
    }
    encodings().iter().find(|(_, written)| text.contains(&written.replace('\\', ""))).map(|(name, _)| *name)
}
