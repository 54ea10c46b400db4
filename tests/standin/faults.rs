//! The ways in which providers fail.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::http::{End, Reply};
use super::render::{self, Dialect};
use super::{Asked, Said};

/// One way of failing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// Too many requests: come back in this many seconds.
    BusySeconds(u64),
    /// The same as a date.
    BusyDate(u64),
    /// The same in milliseconds, in a header of its own.
    BusyMs(u64),
    /// The same in the body, as Google has it; in milliseconds here.
    BusyBody(u64),
    /// Too many requests, and no more.
    Busy,
    /// Nothing left on the account, also a 429.
    NoQuota,
    /// A status with an error of the dialect.
    Status(u16),
    /// A status that says in a header that to ask again is of no use.
    NeverAgain,
    /// The conversation is too long.
    TooLong,
    /// The key is wrong, and is told back.
    WrongKey,
    /// There is no such model.
    NoModel,
    /// The connection is reset once the request is read.
    Reset,
    /// The connection is closed without a word.
    Closed,
    /// Nothing ever comes.
    NoBytes,
    /// The head comes byte by byte.
    HeaderDrip,
    /// The body comes byte by byte, one a second.
    BodyDrip,
    /// The answer begins, and no more comes.
    Silent,
    /// The connection breaks in the middle of a frame.
    CutMidFrame,
    /// It breaks after the tool's use has come whole, before the answer has ended.
    CutAfterTool,
    /// The stream ends properly in the middle of the answer.
    EndsEarly,
    /// The answer comes with all its events, and the stream never says that it is over.
    NeverOver,
    /// The body is no JSON.
    Malformed,
    /// The body is JSON of another shape.
    WrongShape,
    /// The body is empty.
    Empty,
    /// The body never ends: 100 MiB.
    Huge,
    /// Somewhere else, on another host.
    Redirect,
    /// A page for people.
    Html,
    /// Packed, and not even that.
    Gzip,
    /// 200, and then an error.
    ErrorInside,
    /// Tools without ids, or with the same one.
    SameIds,
    /// Bytes that are no text.
    NoText,
}

impl Fault {
    pub(super) fn reply(self, asked: &Asked, said: &Said) -> Reply {
        let normal = || render::reply(asked, said);
        let json = |status, headers: &[(&str, &str)], body: Value| {
            Reply::whole(status, "application/json", headers, body.to_string())
        };
        let error = |status, kind: &str, message: &str| error(asked.dialect, status, kind, message);
        let busy = || error(429, "rate_limit_error", "Too many requests. Slow down.");
        match self {
            Self::BusySeconds(s) => json(429, &[("retry-after", &s.to_string())], busy()),
            Self::BusyDate(s) => {
                let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(s));
                json(429, &[("retry-after", &date)], busy())
            }
            Self::BusyMs(ms) => json(429, &[("retry-after-ms", &ms.to_string())], busy()),
            Self::BusyBody(ms) => {
                let delay = format!("{}.{:03}s", ms / 1_000, ms % 1_000);
                let details =
                    json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]);
                let error = json!({"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED", "details": details});
                json(429, &[], json!({"error": error}))
            }
            Self::Busy => json(429, &[], busy()),
            Self::NoQuota => json(
                429,
                &[],
                error(429, "insufficient_quota", "You exceeded your current quota: insufficient_quota."),
            ),
            Self::Status(status) => json(status, &[], error(status, "api_error", "Something went wrong.")),
            Self::NeverAgain => {
                json(500, &[("x-should-retry", "false")], error(500, "api_error", "Something went wrong."))
            }
            Self::TooLong => {
                let message = "prompt is too long: this model's maximum context length is 1000 tokens";
                json(400, &[], error(400, "invalid_request_error", message))
            }
            Self::WrongKey => {
                let key = asked.headers.iter().find(|(name, _)| {
                    matches!(name.as_str(), "authorization" | "x-api-key" | "x-goog-api-key")
                });
                let told = key.map_or("none", |(_, value)| value.trim_start_matches("Bearer "));
                json(
                    401,
                    &[],
                    error(401, "authentication_error", &format!("Incorrect API key provided: {told}.")),
                )
            }
            Self::NoModel => json(404, &[], error(404, "not_found_error", "The model does not exist.")),
            Self::Reset => Reply { end: End::Reset, ..Reply::default() },
            Self::Closed => Reply { end: End::Close, ..Reply::default() },
            Self::NoBytes => Reply { end: End::Hang, ..Reply::default() },
            Self::HeaderDrip => Reply { head_drip: Some(100), ..normal() },
            Self::BodyDrip => Reply { body_drip: Some(1_000), ..normal() },
            Self::Silent => cut(normal(), 1, 0, End::Hang),
            Self::CutMidFrame => cut(normal(), 2, 3, End::Reset),
            Self::CutAfterTool => after_tool(normal()),
            Self::EndsEarly => ends_early(asked, normal()),
            Self::NeverOver => {
                let Reply { head, mut body, .. } = normal();
                body.pop();
                Reply { head, body, end: End::Hang, ..Reply::default() }
            }
            Self::Redirect => {
                Reply::whole(307, "text/plain", &[("location", "http://127.0.0.2:9/v1/elsewhere")], "")
            }
            Self::Html => Reply::whole(
                200,
                "text/html",
                &[],
                "<html><body>Sign in to the hotel's network</body></html>",
            ),
            Self::Gzip => Reply::whole(
                200,
                "application/json",
                &[("content-encoding", "gzip")],
                vec![0x1f, 0x8b, 8, 0, 1, 2, 3],
            ),
            Self::ErrorInside => inside(asked, error(529, "overloaded_error", "Overloaded")),
            _ => self.body(asked, said),
        }
    }

    /// Those whose body is wrong.
    fn body(self, asked: &Asked, said: &Said) -> Reply {
        let body = |text: &[u8]| match asked.stream {
            true => {
                let mut frame = b"data: ".to_vec();
                frame.extend_from_slice(text);
                frame.extend_from_slice(b"\n\n");
                Reply::whole(200, "text/event-stream", &[], frame)
            }
            false => Reply::whole(200, "application/json", &[], text.to_vec()),
        };
        match self {
            Self::Malformed => body(b"{\"id\": \"x\", \"choices\": [{\"mess"),
            Self::WrongShape => {
                body(b"{\"hello\": [1, 2, 3], \"type\": 5, \"candidates\": 7, \"choices\": {}}")
            }
            Self::Empty => Reply::whole(
                200,
                if asked.stream { "text/event-stream" } else { "application/json" },
                &[],
                "",
            ),
            Self::NoText => body(b"{\"id\": \"\xff\xfe\xc0\"}"),
            Self::Huge => {
                let kind = if asked.stream { "text/event-stream" } else { "application/json" };
                let flood = 100 * 1024 * 1024;
                let head = format!(
                    "HTTP/1.1 200 -\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                    flood + 6
                );
                Reply { head: head.into(), body: vec![b"data: ".to_vec()], flood, ..Reply::default() }
            }
            _ => {
                let twice = Said { tools: [said.tools.clone(), said.tools.clone()].concat(), ..said.clone() };
                render::reply_with_ids(asked, &twice, &|_| "same".to_owned())
            }
        }
    }
}

/// An error in the words of a dialect.
fn error(dialect: Dialect, status: u16, kind: &str, message: &str) -> Value {
    match dialect {
        Dialect::Chat | Dialect::Responses => {
            json!({"error": {"message": message, "type": kind, "param": null, "code": kind}})
        }
        Dialect::Messages => json!({"type": "error", "error": {"type": kind, "message": message}}),
        Dialect::Gemini => {
            json!({"error": {"code": status, "message": message, "status": kind.to_uppercase()}})
        }
    }
}

/// An error where an answer was promised.
fn inside(asked: &Asked, error: Value) -> Reply {
    match asked.stream {
        true => Reply::events(&[format!("event: error\ndata: {error}\n\n")]),
        false => Reply::whole(200, "application/json", &[], error.to_string()),
    }
}

/// Some pieces of the body, and some bytes of the next one. A whole body is cut in its middle.
fn cut(mut reply: Reply, pieces: usize, bytes: usize, end: End) -> Reply {
    if let [whole] = reply.body.as_mut_slice() {
        whole.truncate(whole.len() / 2);
    } else {
        let next = reply.body.get(pieces).map(|piece| piece[..bytes.min(piece.len())].to_vec());
        reply.body.truncate(pieces);
        reply.body.extend(next);
    }
    reply.end = end;
    reply
}

/// Everything up to where the arguments of the tool are whole.
fn after_tool(mut reply: Reply) -> Reply {
    if let [whole] = reply.body.as_mut_slice() {
        let text = String::from_utf8_lossy(whole).into_owned();
        let after =
            ["\"arguments\"", "\"input\":", "\"args\""].iter().filter_map(|mark| text.find(mark)).max();
        whole.truncate(after.map_or(whole.len() - 2, |at| (at + 80).min(whole.len() - 2)));
    } else {
        let ends = [
            "\"finish_reason\":\"",
            "\"response.completed\"",
            "\"type\":\"message_delta\"",
            "\"finishReason\"",
        ];
        let is_end = |piece: &Vec<u8>| {
            let text = String::from_utf8_lossy(piece);
            ends.iter().any(|end| text.contains(end))
        };
        let last = reply.body.iter().position(is_end).unwrap_or(reply.body.len());
        reply.body.truncate(last);
    }
    reply.end = End::Close;
    reply
}

/// As `after_tool`, but the stream says that it is over; a whole body lacks its second half and says that it has it.
fn ends_early(asked: &Asked, reply: Reply) -> Reply {
    let mut reply = after_tool(reply);
    if asked.stream {
        reply.body.push(b"0\r\n\r\n".to_vec());
        reply.end = End::Keep;
        return reply;
    }
    Reply::whole(200, "application/json", &[], reply.body.concat())
}
