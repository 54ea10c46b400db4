//! As much of HTTP/1.1 as clients of models need, written out by hand so that every byte can come late, or not at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Asked, Shared, render};

/// An answer as bytes, and how they come.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub head: Vec<u8>,
    /// The body, in the pieces that it is written in.
    pub body: Vec<Vec<u8>>,
    /// Milliseconds between single bytes: of the head, of the body.
    pub head_drip: Option<u64>,
    pub body_drip: Option<u64>,
    /// So many bytes more.
    pub flood: usize,
    pub end: End,
}

/// What happens after the last byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum End {
    /// The connection stays for the next request.
    #[default]
    Keep,
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// It stays, and nothing ever comes.
    Hang,
}

impl Reply {
    /// A whole body of some kind.
    pub fn whole(status: u16, kind: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut head =
            format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Self { head: head.into_bytes(), body: vec![body], ..Self::default() }
    }

    /// Events, each in a chunk of its own.
    pub fn events(events: &[String]) -> Self {
        let head = "HTTP/1.1 200 -\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = |event: &String| format!("{:x}\r\n{event}\r\n", event.len()).into_bytes();
        let mut body: Vec<Vec<u8>> = events.iter().map(chunk).collect();
        body.push(b"0\r\n\r\n".to_vec());
        Self { head: head.into(), body, ..Self::default() }
    }
}

pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some((line, headers, body)) = read(&mut stream).await {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.in_flight_most.fetch_max(now, Ordering::SeqCst);
        let reply = answer(&shared, &line, headers, &body).await;
        let kept = write(&mut stream, reply).await;
        shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        if !kept {
            return;
        }
    }
}

type Headers = Vec<(String, String)>;

async fn read(stream: &mut BufReader<TcpStream>) -> Option<(String, Headers, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let first = lines.next()?;
    let headers: Headers = lines
        .filter_map(|line| line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((first, headers, body))
}

async fn answer(shared: &Shared, line: &str, headers: Headers, body: &[u8]) -> Reply {
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let body_value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let Some((dialect, stream)) = render::understood(&path, &body_value) else {
        return Reply::whole(404, "application/json", &[], r#"{"error":{"message":"no such path"}}"#);
    };
    let n = shared.count.fetch_add(1, Ordering::SeqCst);
    let asked = Asked { n, dialect, stream, path, headers, body: body_value, bytes: body.len() };
    let said = (shared.script)(&asked);
    if !said.after.is_zero() {
        tokio::time::sleep(said.after).await;
    }
    let reply = match &said.fault {
        Some(fault) => fault.reply(&asked, &said),
        None => render::reply(&asked, &said),
    };
    if let Some(seen) = &shared.seen {
        seen.lock().unwrap().push(asked);
    }
    reply
}

/// Writes an answer; whether the connection can be used on.
async fn write(stream: &mut BufReader<TcpStream>, reply: Reply) -> bool {
    let Reply { head, body, head_drip, body_drip, flood, end } = reply;
    let written = match (head_drip, body_drip) {
        (None, None) => {
            let all: Vec<u8> = head.into_iter().chain(body.into_iter().flatten()).collect();
            stream.write_all(&all).await.is_ok()
        }
        _ => {
            let body: Vec<u8> = body.into_iter().flatten().collect();
            drip(stream, &head, head_drip).await && drip(stream, &body, body_drip).await
        }
    };
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..flood / piece.len() {
        if stream.write_all(&piece).await.is_err() {
            return false;
        }
    }
    match end {
        End::Keep => written,
        End::Close => false,
        End::Reset => {
            let _ = stream.get_ref().set_zero_linger();
            false
        }
        End::Hang => {
            // Until the client has had enough.
            let mut byte = [0; 1];
            let _ = stream.read(&mut byte).await;
            false
        }
    }
}

async fn drip(stream: &mut BufReader<TcpStream>, bytes: &[u8], every_ms: Option<u64>) -> bool {
    let Some(ms) = every_ms else { return stream.write_all(bytes).await.is_ok() };
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    true
}
