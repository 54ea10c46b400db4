//! Keys are found nowhere, however somebody writes them.

use chesterton::model::{Budget, Tape, Turn};
use serde_json::json;

use super::rig;
use crate::standin::sentinel::{KEY, encodings, is_there};
use crate::standin::{Dialect, Fault, Said, Standin};

#[tokio::test]
async fn a_key_that_comes_back_is_stripped_from_all_that_is_kept_and_shown() {
    assert!(encodings().iter().all(|(_, written)| is_there(written).is_some()), "the test sees no key");
    let file = rig::key_file(KEY);
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            for (n, (name, written)) in encodings().into_iter().enumerate() {
                let said = written.clone();
                let standin = Standin::start(move |asked| match (asked.turn(), asked.n) {
                    (0, 0) => Said::text("").fault(Fault::Status(500)),
                    (0, _) => Said::tool("run_command", &json!({"command": format!("curl -H {said}")}))
                        .thinking(&format!("I found {said}.")),
                    _ => Said { text: format!("It is {said}, as I said."), ..Said::default() },
                })
                .await;
                let folder = tempfile::tempdir().unwrap();
                let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
                let spec = rig::with_key(rig::spec(&standin, dialect, stream), &file);
                let model = client.model(spec.endpoint().unwrap()).unwrap();
                let mut talk = model.conversation(rig::who(&n.to_string()));
                // The brief, or a tool, may hold it too.
                let mut request = rig::request(&format!("Somebody left {written} in the wiki."));
                let first = talk.ask(&request).await.unwrap();
                rig::heard(&mut request, &first, &written);
                let second = talk.ask(&request).await.unwrap();
                let kept = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
                let shown = format!("{first:?} {second:?} {kept}");
                assert_eq!(is_there(&shown), None, "{name}, {dialect:?}, {stream}: {shown}");
                assert!(second.text.contains("[key]"), "{name}: {}", second.text);
                let sent = standin.seen().into_iter().map(|asked| asked.body.to_string()).collect::<String>();
                assert_eq!(is_there(&sent), None, "{name}: the conversation carried it on");
                // What came in pieces and was put together is the same on the tape.
                let replaying = rig::client(Budget::default(), Tape::Replay(folder.path().to_owned()));
                let model =
                    replaying.model(rig::spec(&standin, dialect, stream).endpoint().unwrap()).unwrap();
                let mut again = model.conversation(rig::who(&n.to_string()));
                let mut clean = rig::request("Somebody left [key] in the wiki.");
                if again.ask(&clean).await.ok().as_ref() == Some(&first) {
                    clean.turns.push(Turn::Assistant(first.echo.clone()));
                }
            }
        }
    }
}

#[tokio::test]
async fn errors_do_not_tell_the_key() {
    let file = rig::key_file(KEY);
    for dialect in Dialect::ALL {
        let standin = Standin::start(|_| Said::text("").fault(Fault::WrongKey)).await;
        let folder = tempfile::tempdir().unwrap();
        let client = rig::client(Budget::default(), Tape::Record(folder.path().to_owned()));
        let spec = rig::with_key(rig::spec(&standin, dialect, true), &file);
        let model = client.model(spec.endpoint().unwrap()).unwrap();
        let fault = model.conversation(rig::who("t")).ask(&rig::request("go")).await.unwrap_err();
        let kept = String::from_utf8(rig::bytes_of(folder.path())).unwrap();
        let shown = format!("{fault} {fault:?} {kept}");
        assert_eq!(is_there(&shown), None, "{shown}");
        assert!(fault.to_string().contains("Incorrect API key provided: [key]"), "{fault}");
        assert_eq!(standin.count(), 1);
    }
}

#[tokio::test]
async fn a_key_does_not_follow_a_redirect() {
    let file = rig::key_file(KEY);
    let elsewhere = Standin::start(|_| Said::text("thanks for the key")).await;
    let standin = Standin::start(|_| Said::text("").fault(Fault::Redirect)).await;
    let spec = rig::with_key(rig::spec(&standin, Dialect::Chat, false), &file);
    let fault = rig::model(spec).conversation(rig::who("t")).ask(&rig::request("go")).await.unwrap_err();
    assert!(fault.to_string().contains("redirects are not followed"), "{fault}");
    assert_eq!((standin.count(), elsewhere.count()), (1, 0));
}
