//! Keys: where they come from, and how they are kept out of everything that is kept or shown.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::endpoint::{KeySource, Unfit};

/// A key has no more bytes.
const KEY_BYTES_MAX: u64 = 16 * 1024;
/// A shorter text is no key: to strip it would be to strip what means something else.
const KEY_BYTES_MIN: usize = 8;
/// How often a text may be JSON inside of JSON.
const ESCAPES_MAX: usize = 4;
/// What stands where a key stood.
const STRIPPED: &str = "[key]";

/// A key. It cannot be printed, and is overwritten when it is dropped.
#[derive(Clone)]
pub(super) struct Key(SecretString);

impl Key {
    /// Reads it; `None` where there is none to be read.
    #[expect(
        clippy::disallowed_methods,
        reason = "keys come from here alone, so that nothing else ever holds one"
    )]
    pub fn read(source: &KeySource) -> Result<Option<Self>, Unfit> {
        match source {
            KeySource::None => Ok(None),
            KeySource::Env(name) => match std::env::var(name) {
                Ok(text) => Self::of(&text, "key_env").map(Some),
                Err(std::env::VarError::NotPresent) => Err(Unfit::new(
                    "key_env",
                    format!("the environment has no `{name}`: set it to the provider's key"),
                )),
                Err(_) => Err(Unfit::new("key_env", format!("`{name}` holds something that is no key"))),
            },
            KeySource::Fd(number) => {
                let unfit =
                    |error| Unfit::new("key_fd", format!("file descriptor {number} cannot be read: {error}"));
                let file = File::open(format!("/dev/fd/{number}")).map_err(unfit)?;
                let mut text = String::new();
                file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(unfit)?;
                Self::of(&text, "key_fd").map(Some)
            }
        }
    }

    fn of(text: &str, place: &str) -> Result<Self, Unfit> {
        let text = text.trim();
        if text.len() < KEY_BYTES_MIN {
            return Err(Unfit::new(
                place,
                format!("what stands there is shorter than {KEY_BYTES_MIN} characters: no key"),
            ));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Unfit::new(place, "what stands there has characters that no key has"));
        }
        Ok(Self(SecretString::from(text)))
    }

    /// For the header that carries it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Strips keys from texts, in whatever way a provider or an agent may have written them.
#[derive(Clone, Default)]
pub(super) struct Scrub(Vec<Form>);

/// One way in which a key may be written.
#[derive(Clone)]
struct Form {
    text: SecretString,
    finder: Finder<'static>,
}

impl Scrub {
    /// Strips this key too from now on.
    pub fn add(&mut self, key: &Key) {
        for form in forms(key.expose()) {
            if form.len() >= KEY_BYTES_MIN && !self.0.iter().any(|known| known.text.expose_secret() == form) {
                let finder = Finder::new(&form).into_owned();
                self.0.push(Form { text: SecretString::from(form), finder });
            }
        }
    }

    /// The text without keys.
    pub fn strip<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut stripped = Cow::Borrowed(text);
        for form in &self.0 {
            if form.finder.find(stripped.as_bytes()).is_some() {
                stripped = Cow::Owned(stripped.replace(form.text.expose_secret(), STRIPPED));
            }
        }
        stripped
    }
}

impl Scrub {
    /// Strips keys from all texts of a value, names of fields too; whether there were any.
    pub fn strip_value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.strip(text) {
                Cow::Borrowed(_) => false,
                Cow::Owned(stripped) => {
                    *text = stripped;
                    true
                }
            },
            Value::Array(list) => list.iter_mut().fold(false, |found, entry| self.strip_value(entry) | found),
            Value::Object(fields) => {
                let hidden = fields.keys().any(|key| matches!(self.strip(key), Cow::Owned(_)));
                if hidden {
                    let renamed = std::mem::take(fields).into_iter();
                    *fields = renamed.map(|(key, value)| (self.strip(&key).into_owned(), value)).collect();
                }
                fields.values_mut().fold(hidden, |found, value| self.strip_value(value) | found)
            }
            _ => false,
        }
    }
}

/// The ways of writing a key: plain, backwards, in two alphabets of base64 at any offset, in hexadecimal and as percent
/// escapes of either case, in JSON's escapes, and as numbers.
fn forms(key: &str) -> Vec<String> {
    let bytes = key.as_bytes();
    let each = |write: &dyn Fn(u8) -> String, between: &str| {
        bytes.iter().map(|b| write(*b)).collect::<Vec<_>>().join(between)
    };
    let mut forms = vec![key.to_owned(), key.chars().rev().collect()];
    for offset in 0..3 {
        forms.push(inside_base64(&STANDARD_NO_PAD, bytes, offset));
        forms.push(inside_base64(&URL_SAFE_NO_PAD, bytes, offset));
    }
    forms.push(STANDARD.encode(bytes));
    forms.push(each(&|b| format!("{b:02x}"), ""));
    forms.push(each(&|b| format!("{b:02X}"), ""));
    forms.push(each(&|b| format!("%{b:02x}"), ""));
    forms.push(each(&|b| format!("%{b:02X}"), ""));
    // As a URL has it: only what must be escaped.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    forms.push(each(&|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }, ""));
    // JSON inside of JSON escapes its escapes again: a tool's arguments are such a text, and a stream of events holds it.
    let mut bars = String::from("\\");
    let mut escaped = [key.to_owned(), key.chars().rev().collect()];
    for _ in 0..ESCAPES_MAX {
        forms.push(each(&|b| format!("{bars}u{b:04x}"), ""));
        forms.push(each(&|b| format!("{bars}u{b:04X}"), ""));
        for text in &mut escaped {
            *text = text.replace('\\', "\\\\").replace('"', "\\\"");
            forms.push(text.clone());
        }
        bars = bars.repeat(2);
    }
    forms.push(key.replace('/', "\\/"));
    for between in [",", ", "] {
        forms.push(each(&|b| b.to_string(), between));
    }
    forms
}

/// What base64 makes of the key where `offset` bytes of something else stand before it: the signs that depend on it alone.
fn inside_base64(engine: &impl Engine, key: &[u8], offset: usize) -> String {
    let whole: Vec<u8> = std::iter::repeat_n(0, offset).chain(key.iter().copied()).collect();
    let bits = whole.len().saturating_mul(8);
    let text = engine.encode(&whole);
    let first = offset.saturating_mul(8).div_ceil(6);
    text.get(first..bits / 6).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-live/Ab+9\"zz==Qq";

    fn scrub() -> Scrub {
        let mut scrub = Scrub::default();
        scrub.add(&Key::of(KEY, "key_env").unwrap());
        scrub
    }

    #[test]
    fn a_key_is_stripped_however_it_is_written() {
        let basic = STANDARD.encode(format!("user:{KEY}"));
        let odd = URL_SAFE_NO_PAD.encode(format!("{{\"a\":\"{KEY}\"}}"));
        let written =
            [KEY.to_owned(), KEY.chars().rev().collect(), basic.clone(), odd.clone(), STANDARD.encode(KEY)];
        for text in written {
            let found = scrub().strip(&format!("before {text} after")).into_owned();
            assert!(found.contains(STRIPPED), "{text}");
            assert!(found.starts_with("before ") && found.ends_with(" after"), "{found}");
        }
        assert!(!scrub().strip(&basic).contains(&basic[8..24]));
        assert!(!scrub().strip(&odd).contains(&odd[12..28]));
        for form in forms(KEY) {
            assert!(scrub().strip(&form).contains(STRIPPED), "{form}");
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        let text = "the keys sk-live and c2stbGl2 are no keys";
        assert!(matches!(scrub().strip(text), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        assert!(Key::of("short", "key_env").is_err());
        assert!(Key::of("has a blank in it", "key_env").is_err());
        assert_eq!(Key::of(" sk-12345678\n", "key_env").unwrap().expose(), "sk-12345678");
    }
}
