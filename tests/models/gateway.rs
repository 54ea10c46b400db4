//! The gateway: agents that are processes, recorded, budgeted and cut off like our own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use chesterton::model::{
    Allowance, Answer, Budget, Client, Conversation, Fault, Gateway, ModelSpec, Pass, Price, Scope, Tape,
};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::rig;
use crate::standin::{self, Dialect, Said, Standin};

const KEY: &str = "sk-real-0123456789abcdef";

/// Times that something is tried that only goes wrong now and then.
const RACES: usize = 300;

fn script(asked: &standin::Asked) -> Said {
    match asked.turn() {
        0 => Said::tool("run_command", &json!({"command": format!("echo {}", asked.n)})).thinking("hm"),
        _ => Said::text(&format!("answer {}", asked.n)),
    }
}

async fn gateway() -> Gateway {
    Gateway::start("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// A pass to the stand-in, with the key that the agent must not have.
fn admit(gateway: &Gateway, client: &Client, spec: ModelSpec, key: &File, trial: &str) -> Pass {
    let model = client.model(rig::with_key(spec, key).endpoint().unwrap()).unwrap();
    gateway.admit(&model, rig::who(trial)).unwrap()
}

/// With more patience than a busy machine needs.
fn patient(mut spec: ModelSpec) -> ModelSpec {
    let patience = &mut spec.patience;
    (patience.turn_ms, patience.connect_ms, patience.silence_ms) = (60_000, 60_000, 60_000);
    spec
}

/// An agent that knows nothing but its environment. It is one of our own clients: that is what it is here for.
struct Agent {
    talk: Conversation,
    _token: File,
}

fn agent(pass: &Pass, dialect: Dialect, stream: bool) -> Agent {
    let environment = pass.environment();
    let of = |end: &str| environment.iter().find(|(name, _)| name.ends_with(end)).unwrap().1.clone();
    let token = rig::key_file(&of("API_KEY"));
    let spec = rig::with_key(patient(rig::spec_at(&of("BASE_URL"), dialect, stream)), &token);
    Agent { talk: rig::model(spec).conversation(rig::who("nobody")), _token: token }
}

async fn two_turns(pass: &Pass, dialect: Dialect, stream: bool) -> Result<(Answer, Answer), Fault> {
    let mut agent = agent(pass, dialect, stream);
    let mut request = rig::request("look around");
    let first = agent.talk.ask(&request).await?;
    rig::heard(&mut request, &first, "nothing");
    let second = agent.talk.ask(&request).await?;
    Ok((first, second))
}

#[tokio::test]
async fn an_agent_is_passed_on_recorded_and_played_again() {
    let key = rig::key_file(KEY);
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let standin = Standin::start(script).await;
            let (recorded, tally) = {
                let gateway = gateway().await;
                let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
                let pass = admit(&gateway, &client, rig::spec(&standin, dialect, stream), &key, "a");
                let recorded = two_turns(&pass, dialect, stream).await.unwrap();
                (recorded, pass.tally())
            };
            assert_eq!((tally.answers, tally.tries, standin.count()), (2, 2, 2));
            let usage = recorded.0.usage.unwrap().tokens() + recorded.1.usage.unwrap().tokens();
            assert_eq!(tally.usage.tokens(), usage, "{dialect:?}");
            for asked in standin.seen() {
                let headers = format!("{:?}", asked.headers);
                assert!(headers.contains(KEY) && !headers.contains("chesterton-"), "{headers}");
            }
            let kept = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
            assert!(!kept.contains(KEY) && !kept.contains("chesterton-call") || dialect == Dialect::Gemini);
            // Nobody is asked now, and no key is needed.
            let gateway = gateway().await;
            let client = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
            let model = client.model(rig::spec(&standin, dialect, stream).endpoint().unwrap()).unwrap();
            let pass = gateway.admit(&model, rig::who("a")).unwrap();
            assert_eq!(two_turns(&pass, dialect, stream).await.unwrap(), recorded, "{dialect:?} {stream}");
            assert_eq!((standin.count(), pass.tally().usage), (2, tally.usage));
            let stranger = gateway.admit(&model, rig::who("b")).unwrap();
            let fault = two_turns(&stranger, dialect, stream).await.unwrap_err();
            assert!(fault.to_string().contains("without this trial"), "{fault}");
            assert!(matches!(stranger.stopped(), Some(Fault::Tape(_))));
        }
    }
}

#[tokio::test]
async fn whoever_has_no_token_does_not_pass() {
    let standin = Standin::start(script).await;
    let key = rig::key_file(KEY);
    let gateway = gateway().await;
    let client = rig::plain_client();
    let pass = admit(&gateway, &client, rig::spec(&standin, Dialect::Messages, false), &key, "a");
    let base = pass.environment()[0].1.clone();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |url: String| {
        let sent = http.post(url).header("x-api-key", "wrong").body("{}").send().await.unwrap();
        (sent.status().as_u16(), sent.text().await.unwrap())
    };
    let anywhere = format!("http://{}/v1/messages", gateway.address());
    assert_eq!(post(anywhere.clone()).await.0, 401);
    assert_eq!(post(anywhere.replace("/v1", "/t/chesterton-00/v1")).await.0, 401);
    // Another dialect, another road.
    for path in ["/v1/chat/completions", "/v1/models", "/v1/files", "/v1/messages/count_tokens"] {
        let (status, told) = post(format!("{base}{path}")).await;
        assert!(status == 404 && told.contains("/v1/messages"), "{path}: {status} {told}");
    }
    let (status, told) = post(format!("{base}/v1/messages")).await;
    assert!(status == 200, "{status} {told}");
    let before = standin.count();
    drop(pass);
    assert_eq!(post(format!("{base}/v1/messages")).await.0, 401, "a pass ends with its trial");
    assert_eq!(standin.count(), before);
}

#[tokio::test]
async fn an_agent_that_has_spent_its_budget_is_cut_off() {
    let standin = Standin::start(|_| Said::text("well")).await;
    let key = rig::key_file(KEY);
    let gateway = gateway().await;
    let budget = Budget {
        trial: Allowance { usd: Some("0.5".parse().unwrap()), tokens: None },
        run: Allowance::default(),
    };
    let client = rig::client(budget, Tape::Off);
    let mut spec = rig::spec(&standin, Dialect::Responses, true);
    spec.price = Some(Price { input: 100.0, cached: None, cache_writes: None, output: 200.0, long: None });
    let pass = admit(&gateway, &client, spec, &key, "a");
    let mut answers = 0;
    let fault = loop {
        match agent(&pass, Dialect::Responses, true).talk.ask(&rig::request("go")).await {
            Ok(_) => answers += 1,
            Err(fault) => break fault,
        }
        assert!(answers < 100);
    };
    assert!(fault.to_string().contains("the trial may spend $0.5000"), "{fault}");
    assert!(matches!(pass.stopped(), Some(Fault::Budget(limit)) if limit.scope == Scope::Trial));
    assert!(answers > 2 && pass.tally().usd.unwrap() <= "0.5".parse().unwrap());
    let count = standin.count();
    assert!(agent(&pass, Dialect::Responses, true).talk.ask(&rig::request("go")).await.is_err());
    assert_eq!(standin.count(), count, "nothing is passed on any more");
}

#[tokio::test]
async fn a_model_without_a_price_is_not_asked_on_a_budget_in_dollars() {
    let standin = Standin::start(|_| Said::text("well")).await;
    let key = rig::key_file(KEY);
    let gateway = gateway().await;
    let budget = Budget {
        run: Allowance { usd: Some("5".parse().unwrap()), tokens: None },
        trial: Allowance::default(),
    };
    let mut spec = rig::spec(&standin, Dialect::Chat, false);
    spec.name = "gpt-5".to_owned();
    let pass = admit(&gateway, &rig::client(budget, Tape::Off), spec, &key, "a");
    let fault = agent(&pass, Dialect::Chat, false).talk.ask(&rig::request("go")).await.unwrap_err();
    assert!(fault.to_string().contains("no price for the model `test-model`"), "{fault}");
    assert_eq!(standin.count(), 0);
}

#[tokio::test]
async fn failures_are_passed_on_and_are_on_the_tape() {
    let key = rig::key_file(KEY);
    for (fault, recorded) in [
        (standin::Fault::Status(500), "Something went wrong"),
        (standin::Fault::BusyMs(5), "Too many requests"),
        (standin::Fault::CutAfterTool, "broke in the middle"),
        (standin::Fault::Closed, "connection"),
        (standin::Fault::NoBytes, "no answer began"),
    ] {
        let standin = Standin::start(move |asked| match asked.n {
            0 => script(asked).fault(fault),
            _ => script(asked),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let gateway = gateway().await;
        let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
        let mut spec = rig::spec(&standin, Dialect::Messages, true);
        // Less than the agent's own patience.
        spec.patience.silence_ms = 60;
        let pass = admit(&gateway, &client, spec, &key, "a");
        // The agent tries again by itself.
        let mut agent = agent(&pass, Dialect::Messages, true);
        let answer = agent.talk.ask(&rig::request("go")).await;
        assert!(answer.is_ok(), "{fault:?}: {answer:?}");
        let lines = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told = lines[0]["tries"][0]["failure"].as_str().unwrap();
        assert!(told.contains(recorded), "{fault:?}: {told}");
        assert_eq!(
            (lines[0]["turn"].as_u64(), lines[1]["turn"].as_u64()),
            (Some(1), Some(2)),
            "one question, twice"
        );
        assert_eq!(pass.tally().answers, 1);
    }
}

#[tokio::test]
async fn an_agent_that_hangs_up_is_recorded_and_paid_for() {
    let standin = Standin::start(|_| Said::text("late").after(Duration::from_millis(250))).await;
    let key = rig::key_file(KEY);
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway().await;
    let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
    let pass = admit(&gateway, &client, rig::spec(&standin, Dialect::Chat, false), &key, "a");
    let mut agent = agent(&pass, Dialect::Chat, false);
    let asked = tokio::time::timeout(Duration::from_millis(100), agent.talk.ask(&rig::request("go"))).await;
    assert!(asked.is_err());
    drop(agent);
    for _ in 0..100 {
        if !rig::bytes_of(folder.path()).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kept = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
    assert!(kept.contains("hung up"), "{kept}");
    assert!(pass.tally().unmeasured_tokens > 1_000);
}

/// Many agents hang up with an answer's last event. They have it, whether the connection has said that it is over or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_hangs_up_with_its_answer_has_it() {
    let key = rig::key_file(KEY);
    for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
        let standin = Standin::start(|_| Said::text("well").fault(standin::Fault::NeverOver)).await;
        let folder = tempfile::tempdir().unwrap();
        let gateway = gateway().await;
        let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
        let pass = admit(&gateway, &client, patient(rig::spec(&standin, dialect, true)), &key, "a");
        let answer = agent(&pass, dialect, true).talk.ask(&rig::request("go")).await.unwrap();
        gateway.end(Duration::from_secs(60)).await;
        let tally = pass.tally();
        assert_eq!((tally.answers, tally.tries, tally.unmeasured_tokens), (1, 1, 0), "{dialect:?}");
        assert_eq!((answer.text.as_str(), answer.usage), ("well", Some(tally.usage)), "{dialect:?}");
        let kept = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
        assert!(kept.lines().count() == 1 && !kept.contains("hung up"), "{kept}");
        assert_eq!(pass.failing(), None);
    }
}

/// What is under way when the gateway ends is on the account and on the tape by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_is_counted_by_the_end() {
    let key = rig::key_file(KEY);
    let standin = Standin::start(|_| Said::text("never").fault(standin::Fault::NoBytes)).await;
    for n in 0..RACES {
        let gateway = gateway().await;
        let spec = patient(rig::spec(&standin, Dialect::Chat, false));
        let pass = admit(&gateway, &rig::plain_client(), spec, &key, "a");
        let base = &pass.environment()[0].1;
        let (host, path) = base.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut agent = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST /{path}/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        agent.write_all(head.as_bytes()).await.unwrap();
        while standin.count() <= n {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(agent);
        gateway.end(Duration::from_secs(60)).await;
        assert!(pass.tally().unmeasured_tokens > 1_000, "{n}");
    }
}

/// The verb, as a user runs it: with a key in the environment, for a tool that gets what is printed.
#[tokio::test]
async fn the_verb_serves_until_it_is_interrupted() {
    let standin = Standin::start(|_| Said::text("well")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.toml");
    let url = standin.url(Dialect::Messages);
    let text = format!(
        "name = 'mine'\nabout = 'x'\n[model]\nprovider = 'anthropic'\nname = 'test-model'\nbase_url = '{url}'\n\
         key_env = 'TEST_KEY'\n[model.price]\ninput = 1.0\noutput = 2.0\n"
    );
    std::fs::write(&file, text).unwrap();
    let tape = folder.path().join("tape");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("chesterton"))
        .arg("gateway")
        .arg(&file)
        .args(["--budget", "1usd", "--tape"])
        .arg(&tape)
        .env("TEST_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).take(2).collect();
    let of = |name: &str| {
        lines.iter().find_map(|line| line.strip_prefix(&format!("export {name}="))).unwrap().to_owned()
    };
    let token = rig::key_file(&of("ANTHROPIC_API_KEY"));
    let spec = rig::spec_at(&of("ANTHROPIC_BASE_URL"), Dialect::Messages, true);
    let spec = rig::with_key(patient(spec), &token);
    let answer = rig::model(spec).conversation(rig::who("x")).ask(&rig::request("go")).await.unwrap();
    assert_eq!(answer.text, "well");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let code = child.wait().unwrap().code();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("1 answers") && told.contains("$0.000"), "{told}");
    let kept = String::from_utf8(rig::bytes_of(&tape)).unwrap();
    assert!(kept.lines().count() == 1 && !kept.contains(KEY) && !told.contains(KEY));
    assert_eq!(standin.seen()[0].header("x-api-key"), Some(KEY));
}
