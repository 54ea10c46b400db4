//! Decision points behind a URL: our webhook and OPA's data API, on a socket of this machine.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::bench_of::{Bench, DELETE, call, denied, gate, runtime, verdict, write};

/// Long enough for a busy machine.
const DEADLINE_MS: u64 = 3_000;

/// A server that answers one connection after another with these bytes, and tells what it was sent.
fn server(answer: Vec<u8>, then: Then) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(4) {
            let mut stream = stream.unwrap();
            if then == Then::Reset {
                // What is closed with something unread is reset.
                let _ = stream.peek(&mut [0]);
                let _ = stream.write_all(&answer);
                continue;
            }
            let request = request(&mut stream);
            let _ = tell.send(request);
            match then {
                Then::Late => std::thread::sleep(Duration::from_millis(DEADLINE_MS + 1_000)),
                Then::Drip => answer.iter().for_each(|byte| {
                    let _ = stream.write_all(&[*byte]);
                    std::thread::sleep(Duration::from_millis(150));
                }),
                _ => {}
            }
            let _ = stream.write_all(&answer);
            match then {
                Then::Hang => std::thread::sleep(Duration::from_secs(20)),
                Then::Flood(part) => while stream.write_all(part).is_ok() {},
                _ => {}
            }
        }
    });
    (format!("http://{address}"), told)
}

/// What a server does after its answer, or how it gives it.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    /// Takes the connection down.
    Reset,
    /// Keeps the connection open and says no more.
    Hang,
    /// Goes on for ever.
    Flood(&'static [u8]),
    /// Answers when nobody waits any more.
    Late,
    /// A byte at a time.
    Drip,
}

fn request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    loop {
        let n = stream.read(&mut part).unwrap();
        bytes.extend_from_slice(&part[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) || n == 0 {
                return text.into_owned();
            }
        }
    }
}

fn reply(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn bench(kind: &str, url: &str, extra: &str) -> Bench {
    Bench::new(&format!("[[guardrail]]\nkind = \"{kind}\"\nurl = \"{url}\"\n{extra}\n"))
}

fn answered(kind: &str, body: &str) -> String {
    let (url, _told) = server(reply("200 OK", body), Then::Close);
    verdict(&bench(kind, &url, ""), DELETE)
}

#[test]
fn a_webhook_gets_the_document_and_decides() {
    let (url, told) = server(reply("200 OK", r#"{"decision": "deny", "reason": "no"}"#), Then::Close);
    assert_eq!(verdict(&bench("webhook", &format!("{url}/decide"), ""), DELETE), "judgement: no");
    let request = told.recv().unwrap();
    assert!(request.starts_with("POST /decide HTTP/1.1\r\n"), "{request}");
    let case: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&case["v"], &case["action"]["operation"]), (&1.into(), &"DeleteStack".into()));
    assert_eq!(answered("webhook", r#"{"decision": "allow"}"#), "allowed");
    assert!(answered("webhook", r#"{"decision": "ask"}"#).starts_with("person:"));
}

#[test]
fn opa_gets_an_input_and_gives_a_result() {
    let (url, told) =
        server(reply("200 OK", r#"{"result": {"decision": "deny", "reason": "no"}}"#), Then::Close);
    let url = format!("{url}/v1/data/chesterton/decision");
    assert_eq!(verdict(&bench("opa", &url, ""), DELETE), "judgement: no");
    let request = told.recv().unwrap();
    assert!(request.starts_with("POST /v1/data/chesterton/decision HTTP/1.1\r\n"), "{request}");
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["input"]["resource"]["environment"], "production");
    assert_eq!(answered("opa", r#"{"result": true}"#), "allowed");
    assert_eq!(answered("opa", r#"{"result": ["a", "b"]}"#), "judgement: a; b");
    assert!(answered("opa", "{}").starts_with("fault: the rule is undefined"));
}

#[test]
fn a_token_goes_into_one_header_and_nowhere_else() {
    // A variable that is there wherever tests run.
    let variable = "CARGO_PKG_NAME";
    let (url, told) = server(reply("200 OK", r#"{"decision": "allow"}"#), Then::Close);
    let bench = bench("webhook", &url, &format!("token_env = \"{variable}\""));
    assert_eq!(verdict(&bench, DELETE), "allowed");
    let request = told.recv().unwrap().to_lowercase();
    assert!(request.contains("authorization: bearer chesterton\r\n"), "{request}");
    assert!(!format!("{:?}", bench.setup()).contains("Bearer"));
}

/// A way to break: a word of its name and of the reason, and what the server does.
struct Fault {
    kind: &'static str,
    told: &'static str,
    answer: Vec<u8>,
    then: Then,
}

fn said(kind: &'static str, told: &'static str, body: &str) -> Fault {
    Fault { kind, told, answer: reply("200 OK", body), then: Then::Close }
}

fn raw(told: &'static str, answer: impl Into<Vec<u8>>, then: Then) -> Fault {
    Fault { kind: "webhook", told, answer: answer.into(), then }
}

const ALLOW: &str = r#"{"decision": "allow"}"#;

/// Answers that might be taken for an allow by somebody who reads them kindly.
fn not_quite_allows() -> Vec<Fault> {
    let webhook = |told, body| said("webhook", told, body);
    let opa = |told, body| said("opa", told, body);
    vec![
        webhook("its answer has no `decision`", "{}"),
        webhook("its answer has no `decision`", r#"{"Decision": "allow"}"#),
        webhook("its answer has no `decision`", r#"{"allow": true}"#),
        webhook("its answer has no `decision`", r#"{"result": {"decision": "allow"}}"#),
        webhook("is no decision", r#"{"decision": "maybe"}"#),
        webhook("is no decision", r#"{"decision": "Allow"}"#),
        webhook("is no decision", r#"{"decision": " allow"}"#),
        webhook("is no decision", r#"{"decision": "allow\u0000"}"#),
        webhook("is no decision", r#"{"decision": "аllow"}"#),
        webhook("its `decision` is no word", r#"{"decision": true}"#),
        webhook("its `decision` is no word", r#"{"decision": ["allow"]}"#),
        webhook("its `decision` is no word", r#"{"decision": null}"#),
        webhook("its `reason` is no text", r#"{"decision": "deny", "reason": {}}"#),
        webhook("a key stands twice", r#"{"decision": "deny", "decision": "allow"}"#),
        webhook("a key stands twice", r#"{"decision": "deny", "d\u0065cision": "allow"}"#),
        webhook("answers about call 9", r#"{"decision": "allow", "call": 9}"#),
        webhook("answers about call", r#"{"decision": "allow", "call": "1"}"#),
        webhook("more than one", r#"{"decision": "allow"}{"decision": "allow"}"#),
        webhook("not JSON", r#"{"decision": "allow",}"#),
        webhook("not JSON", "{\"decision\": NaN}"),
        webhook("not JSON", "\u{feff}{\"decision\": \"allow\"}"),
        webhook("not JSON", "{'decision': 'allow'}"),
        webhook("not JSON", "<html>allow</html>"),
        webhook("ends in the middle", r#"{"decision": "allow""#),
        webhook("ends in the middle", ""),
        webhook("expected a JSON object", "true"),
        webhook("expected a JSON object", r#""allow""#),
        webhook("expected a JSON object", "[]"),
        webhook("expected a JSON object", r#"[{"decision": "allow"}]"#),
        opa("undefined", "{}"),
        opa("undefined", r#"{"decision": "allow"}"#),
        opa("is no decision", r#"{"result": "true"}"#),
        opa("is no decision", r#"{"result": "yes"}"#),
        opa("its answer has no `decision`", r#"{"result": {"allow": 1}}"#),
        opa("its answer has no `decision`", r#"{"result": {"allow": true}}"#),
        opa("its answer has no `decision`", r#"{"result": {}}"#),
        opa("expected a decision", r#"{"result": null}"#),
        opa("expected a decision", r#"{"result": 1}"#),
        opa("a key stands twice", r#"{"result": false, "result": true}"#),
        opa("a key stands twice", r#"{"result": {"decision": "deny", "decision": "allow"}}"#),
        opa("answers about call 9", r#"{"result": {"decision": "allow", "call": 9}}"#),
        opa("expected a JSON object", "true"),
    ]
}

/// What goes wrong on the wire.
fn broken_wires() -> Vec<Fault> {
    let status = |told, line: &str| raw(told, reply(line, ALLOW), Then::Close);
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}\r\n\r\n");
    let late = [b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n".as_slice(), ALLOW.as_bytes()].concat();
    vec![
        status("status 500", "500 Internal Server Error"),
        status("status 401", "401 Unauthorized"),
        status("status 201", "201 Created"),
        status("status 206", "206 Partial Content"),
        raw("status 204", reply("204 No Content", ""), Then::Close),
        raw(
            "status 302",
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            Then::Close,
        ),
        raw(
            "status 307",
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n",
            Then::Close,
        ),
        raw("broke off", "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{", Then::Close),
        raw("broke off", "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{", Then::Reset),
        raw("broke off", head("transfer-encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n", Then::Close),
        raw("broke off", head("content-length: 2\r\ncontent-length: 21") + ALLOW, Then::Close),
        raw("broke off", "nonsense\r\n\r\n", Then::Close),
        raw("broke off", ALLOW, Then::Close),
        raw("broke off", b"\x00\x00\x06\x04\x00\x00\x00\x00\x00".as_slice(), Then::Close),
        raw("broke off", Vec::new(), Then::Close),
        raw("broke off", Vec::new(), Then::Reset),
        raw("broke off", "HTTP/1.1 200 OK\r\n", Then::Flood(b"x-more: more\r\n")),
        raw("more than", head("content-length: 1073741824"), Then::Flood(&[b' '; 65_536])),
        raw("more than", head("x: y"), Then::Flood(&[b'x'; 65_536])),
        raw(
            "not UTF-8",
            [head("content-length: 4").into_bytes(), b"\x1f\x8b\xff\xfe".to_vec()].concat(),
            Then::Close,
        ),
        raw("did not answer", Vec::new(), Then::Hang),
        raw("did not answer", head("content-length: 99") + "{", Then::Hang),
        raw("did not answer", head("transfer-encoding: chunked") + "15\r\n" + ALLOW + "\r\n", Then::Hang),
        raw("did not answer", "HTTP/1.1 100 Continue\r\n\r\n", Then::Hang),
        raw("did not answer", late.clone(), Then::Late),
        raw("did not answer", late, Then::Drip),
    ]
}

/// Plays one fault before the last of three calls, or the first or the middle one; the others are answered well.
fn play(fault: &Fault) -> Result<(), String> {
    let label = format!("{}: {:?}", fault.kind, String::from_utf8_lossy(&fault.answer));
    let (url, _told) = server(fault.answer.clone(), fault.then);
    let found =
        denied(&bench(fault.kind, &url, ""), DELETE, DEADLINE_MS).map_err(|why| format!("{label}: {why}"))?;
    match found.starts_with("fault:") && found.contains(fault.told) {
        true => Ok(()),
        false => Err(format!("{label}: expected `{}`, found `{found}`", fault.told)),
    }
}

#[test]
fn whatever_breaks_denies() {
    let faults: Vec<Fault> = not_quite_allows().into_iter().chain(broken_wires()).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let playing: Vec<_> = faults.iter().map(|fault| scope.spawn(move || play(fault))).collect();
        playing.into_iter().filter_map(|played| played.join().unwrap().err()).collect()
    });
    println!("{} faults played", faults.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), faults.len(), wrong.join("\n"));
}

#[test]
fn where_nobody_listens_is_a_fault() {
    // Nobody listens where somebody has just stopped to.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = denied(&bench("webhook", &format!("http://{gone}/"), ""), DELETE, DEADLINE_MS).unwrap();
    assert!(found.starts_with("fault: it could not be reached: "), "{found}");
    assert!(!found.contains(&gone.port().to_string()), "what differs from time to time is not told: {found}");
    // Somebody listens and takes no connection.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", deaf.local_addr().unwrap());
    let found = denied(&bench("webhook", &url, ""), DELETE, DEADLINE_MS).unwrap();
    assert!(found.contains("did not answer within"), "{found}");
    // Plain text where TLS is expected.
    let (url, _told) = server(reply("200 OK", ALLOW), Then::Close);
    let url = url.replace("http:", "https:");
    let found = denied(&bench("webhook", &url, ""), DELETE, DEADLINE_MS).unwrap();
    assert!(found.starts_with("fault:"), "{found}");
}

/// On the first, the middle and the last of three calls: the others are let through, and a connection never carries over.
#[test]
fn one_bad_answer_is_one_fault() {
    for bad in 0..3 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            for n in 0..3 {
                let mut stream = listener.accept().unwrap().0;
                request(&mut stream);
                // A second answer after the first, for whoever would take it for the next one's.
                let twice = reply("200 OK", ALLOW).repeat(2);
                let _ = stream.write_all(&if n == bad { reply("200 OK", "{}").repeat(2) } else { twice });
            }
        });
        let mut gate = gate(bench("webhook", &url, "").setup(), 20_000);
        for n in 0..3 {
            let path = format!("{n}.txt");
            let before = gate.world().digest();
            let outcome = runtime().block_on(gate.submit("write_file", write(&path))).unwrap();
            let is_denied = matches!(outcome, chesterton::gate::Outcome::Denied(_));
            assert_eq!(is_denied, n == bad, "call {n}, bad {bad}: {outcome:?}");
            assert_eq!(gate.world().digest() == before, n == bad, "call {n}, bad {bad}");
        }
        server.join().unwrap();
    }
}

/// When the gate stops waiting, the connection is closed: nothing is left that waits.
#[test]
fn a_connection_ends_with_the_gates_patience() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        request(&mut stream);
        stream.read(&mut [0; 1]).unwrap_or_default()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut gate = gate(bench("webhook", &url, "").setup(), 300);
    let outcome = runtime.block_on(gate.submit(DELETE, call(DELETE))).unwrap();
    assert!(matches!(outcome, chesterton::gate::Outcome::Denied(_)));
    assert_eq!(server.join().unwrap(), 0, "the server sees the end while the run goes on");
}

#[test]
fn what_cannot_work_is_told_when_the_setup_is_read() {
    let wrong = [
        bench("webhook", "localhost:80", ""),
        bench("webhook", "ftp://127.0.0.1/", ""),
        bench("opa", "http://user:secret@127.0.0.1/", ""),
        bench("opa", "http://127.0.0.1/", "token_env = \"NO_SUCH_VARIABLE_HERE\""),
    ];
    let shown: Vec<String> = wrong.iter().map(Bench::wrong).collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}
