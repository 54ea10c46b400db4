//! Recorded, killed, resumed, played again.

use std::io::Write;

use chesterton::model::{Answer, Budget, Client, Fault, Model, Options, Prices, Request, Tape};
use serde_json::json;

use super::rig;
use crate::standin::{self, Dialect, Said, Standin};

/// Another answer for every request, so that none can be mistaken for another.
fn numbered(asked: &standin::Asked) -> Said {
    match asked.turn() {
        0 => Said::tool("run_command", &json!({"command": format!("echo {}", asked.n)})).thinking("hm"),
        _ => Said::text(&format!("answer {}", asked.n)),
    }
}

fn ready(client: &Client, standin: &Standin, dialect: Dialect, stream: bool) -> Model {
    client.model(rig::spec(standin, dialect, stream).endpoint().unwrap()).unwrap()
}

/// Two turns of one trial.
async fn talk(model: &Model, trial: &str) -> Result<(Answer, Answer), Fault> {
    let mut talk = model.conversation(rig::who(trial));
    let mut request = rig::request("look around");
    let first = talk.ask(&request).await?;
    rig::heard(&mut request, &first, "nothing");
    let second = talk.ask(&request).await?;
    Ok((first, second))
}

#[tokio::test]
async fn a_tape_gives_the_same_answers_without_a_provider() {
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let standin = Standin::start(numbered).await;
            let recording = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
            let model = ready(&recording, &standin, dialect, stream);
            let recorded = [talk(&model, "a").await.unwrap(), talk(&model, "b").await.unwrap()];
            assert_ne!(recorded[0], recorded[1], "repeats of one question are questions of their own");
            recording.sync().unwrap();
            let asked = standin.count();
            let replaying = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
            let model = ready(&replaying, &standin, dialect, stream);
            // In another order, and twice.
            let again = [talk(&model, "b").await.unwrap(), talk(&model, "a").await.unwrap()];
            assert_eq!((&again[1], &again[0]), (&recorded[0], &recorded[1]), "{dialect:?} {stream}");
            assert_eq!(talk(&model, "a").await.unwrap(), recorded[0]);
            assert_eq!(standin.count(), asked, "a replay asks nobody");
        }
    }
}

#[tokio::test]
async fn a_tape_that_does_not_fit_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let standin = Standin::start(numbered).await;
    let recording = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
    talk(&ready(&recording, &standin, Dialect::Messages, true), "a").await.unwrap();
    let replaying = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
    let model = ready(&replaying, &standin, Dialect::Messages, true);
    let told = |fault: Fault| match fault {
        Fault::Tape(text) => text,
        other => panic!("{other}"),
    };
    let fault = told(model.conversation(rig::who("a")).ask(&rig::request("look here")).await.unwrap_err());
    let wanted = "the tape has another question at turn 1 of `agent` in trial a: `messages[0].content[0].text` was `look around` \
                  and is `look here`";
    assert_eq!(fault, wanted);
    let fault = told(talk(&model, "stranger").await.unwrap_err());
    assert!(
        fault.contains("turn 1 of `agent` in trial stranger") && fault.contains("without this trial"),
        "{fault}"
    );
    let mut talk = model.conversation(rig::who("a"));
    let mut request = rig::request("look around");
    let first = talk.ask(&request).await.unwrap();
    rig::heard(&mut request, &first, "something else");
    let fault = told(talk.ask(&request).await.unwrap_err());
    assert!(fault.contains("was `nothing` and is `something else`"), "{fault}");
}

#[tokio::test]
async fn what_was_answered_before_a_kill_is_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let standin = Standin::start(numbered).await;
    let tape = || Tape::Record(folder.path().to_owned());
    let first = {
        let client = rig::client(Budget::default(), tape());
        talk(&ready(&client, &standin, Dialect::Chat, true), "a").await.unwrap()
    };
    // The writer was killed in the middle of a line.
    let torn = folder.path().join("0001.jsonl");
    let whole = std::fs::read(&torn).unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&torn)
        .unwrap()
        .write_all(&whole[..whole.len() / 3])
        .unwrap();
    let client = rig::client(Budget::default(), tape());
    assert_eq!(client.torn_tapes(), 1);
    let model = ready(&client, &standin, Dialect::Chat, true);
    assert_eq!(talk(&model, "a").await.unwrap(), first);
    assert_eq!(standin.count(), 2, "nothing is paid for twice");
    assert_eq!(client.tally().tries, 0);
    let second = talk(&model, "b").await.unwrap();
    assert_eq!(standin.count(), 4);
    let replaying = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
    let model = ready(&replaying, &standin, Dialect::Chat, true);
    assert_eq!((talk(&model, "a").await.unwrap(), talk(&model, "b").await.unwrap()), (first, second));
}

#[tokio::test]
async fn a_line_that_is_broken_in_the_middle_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("0001.jsonl"), "{\"v\":1,\"tri\n{}\n").unwrap();
    let open =
        |tape| Client::new(Options { budget: Budget::default(), prices: Prices::built_in().unwrap(), tape });
    let error = open(Tape::Replay(folder.path().to_owned())).err().unwrap().to_string();
    assert!(error.contains("0001.jsonl") && error.contains("line 1"), "{error}");
    let error = open(Tape::Replay(folder.path().join("nowhere"))).err().unwrap().to_string();
    assert!(error.contains("nowhere") && error.contains("there is none"), "{error}");
}

#[tokio::test]
async fn failures_are_on_the_tape_too_and_a_resumed_run_asks_again() {
    let folder = tempfile::tempdir().unwrap();
    let standin = Standin::start(|asked| match asked.n {
        0..=4 => Said::text("").fault(standin::Fault::Status(500)),
        _ => Said::text("better"),
    })
    .await;
    let tape = || Tape::Record(folder.path().to_owned());
    let ask = async |client: &Client| {
        let model = ready(client, &standin, Dialect::Chat, false);
        let mut talk = model.conversation(rig::who("a"));
        let answer = talk.ask(&Request { turns: rig::request("x").turns, ..Request::default() }).await;
        (answer.map(|answer| answer.text), talk.tally().tries)
    };
    let failed = ask(&rig::client(Budget::default(), tape())).await;
    assert!(
        matches!(&failed, (Err(Fault::Provider(text)), 5) if text.contains("the last of 5 tries")),
        "{failed:?}"
    );
    let replaying = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
    assert_eq!(ask(&replaying).await, failed);
    let resumed = ask(&rig::client(Budget::default(), tape())).await;
    assert_eq!(resumed, (Ok("better".to_owned()), 1));
    let replaying = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
    assert_eq!(ask(&replaying).await, resumed);
    let lines = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["tries"].as_array().unwrap().len(), 5);
    assert_eq!(first["tries"][0]["status"], 500);
}

/// What was sent and what came stand on the tape as they were, and a conversation is not written anew with each turn.
#[tokio::test]
async fn evidence_is_verbatim_and_does_not_grow_with_the_square() {
    let folder = tempfile::tempdir().unwrap();
    let standin = Standin::start(numbered).await;
    let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
    talk(&ready(&client, &standin, Dialect::Responses, true), "a").await.unwrap();
    let lines = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = lines[0]["request"]["rest"].as_str().unwrap();
    let same = usize::try_from(lines[1]["request"]["same_bytes"].as_u64().unwrap()).unwrap();
    let second = format!("{}{}", &first[..same], lines[1]["request"]["rest"].as_str().unwrap());
    let sent: Vec<serde_json::Value> = standin.seen().into_iter().map(|asked| asked.body).collect();
    assert_eq!(serde_json::from_str::<serde_json::Value>(first).unwrap(), sent[0]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&second).unwrap(), sent[1]);
    assert!(same > first.len() - 10, "{same} of {}", first.len());
    let body = lines[0]["outcome"]["answered"]["body"].as_str().unwrap();
    assert!(body.starts_with("event: response.created\ndata: {") && body.ends_with("\n\n"), "{body}");
}
