//! What requests over HTTP have in common: the parts of an address, and the shape of an answer.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// An address, taken apart.
pub(crate) struct Address<'u> {
    /// Without a user and a port.
    pub host: &'u str,
    /// Behind the first slash.
    pub path: &'u str,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
}

impl<'u> Address<'u> {
    /// Takes an address apart, with or without what stands before `://`.
    pub fn of(url: &'u str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = rest.split('#').next().unwrap_or(rest);
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let host = host.rsplit('@').next().unwrap_or(host);
        let host = host.split(':').next().unwrap_or(host);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
        Self { host, path, query }
    }
}

/// Undoes `%41` and `+`.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// What the tool prints, with the status and headers for those who ask for them.
pub(crate) fn answered(status: u16, text: impl Into<String>) -> Value {
    let headers = json!({"content-type": "application/json"});
    json!({"text": text.into(), "code": 0, "status": status, "headers": headers})
}
