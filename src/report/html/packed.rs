//! Data that a page carries packed, and the hashes by which its policy knows its own style and script.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How hard to press; 9 gains little over this and takes twice as long.
const LEVEL: u8 = 7;

/// JSON, deflated (zlib) and in base64: letters, digits, `+`, `/` and `=`, so that nothing in it is markup.
pub fn pack(value: &Value) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    STANDARD.encode(miniz_oxide::deflate::compress_to_vec_zlib(&bytes, LEVEL))
}

/// Writes an element that carries packed data under an identity of ours.
///
/// # Errors
/// The page cannot be written.
pub fn script(out: &mut dyn Write, id: &str, value: &Value) -> io::Result<()> {
    writeln!(out, "<script type=\"text/plain\" id=\"{id}\">{}</script>", pack(value))
}

/// What `Content-Security-Policy` wants to know of an inline style or script.
pub fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
