//! What is sent and what is understood, in each dialect.

use std::time::Duration;

use chesterton::model::{Arguments, Fault, ModelSpec, Provider, Stop, Usage};
use serde_json::{Value, json};

use super::rig;
use crate::standin::{Dialect, Said, Standin};

const RUN: &str = "run_command";

/// Two turns: a tool and its result, then words.
fn two_turns(asked: &crate::standin::Asked) -> Said {
    match asked.turn() {
        0 => Said { cached: 40, ..Said::tool(RUN, &json!({"command": "ls — la"})) }
            .thinking("First I look.")
            .and_tool(RUN, r#"{"command":"git log"}"#),
        _ => Said::text("All is well: ✓."),
    }
}

#[tokio::test]
async fn a_conversation_is_the_same_in_all_dialects_whole_and_in_pieces() {
    let standin = Standin::start(two_turns).await;
    for dialect in Dialect::ALL {
        let mut answers = Vec::new();
        for stream in [false, true] {
            let mut spec = rig::spec(&standin, dialect, stream);
            if dialect == Dialect::Responses {
                spec.reasoning_effort = Some("low".to_owned());
            }
            let mut talk = rig::model(spec).conversation(rig::who("t"));
            let mut request = rig::request("look around");
            let first = talk.ask(&request).await.unwrap();
            assert_eq!(first.stop, Stop::Tools);
            let commands: Vec<&Value> =
                first.uses.iter().map(|u| &rig::parsed(&u.arguments)["command"]).collect();
            assert_eq!(commands, ["ls — la", "git log"], "{dialect:?}");
            let usage = first.usage.unwrap();
            assert!(usage.cached == 40 && usage.input > 0 && usage.output > 0, "{dialect:?}: {usage:?}");
            rig::heard(&mut request, &first, "a b c");
            let second = talk.ask(&request).await.unwrap();
            assert_eq!((second.text.as_str(), &second.stop), ("All is well: ✓.", &Stop::Finished));
            assert!(second.uses.is_empty());
            let tally = talk.tally();
            assert_eq!((tally.answers, tally.tries), (2, 2));
            let names: Vec<_> =
                first.uses.iter().map(|tool| (tool.name.clone(), tool.arguments.clone())).collect();
            answers.push((names, first.text, second.text));
            what_was_said_is_sent_back(dialect, &standin.seen().last().unwrap().body);
        }
        assert_eq!(answers[0], answers[1], "{dialect:?}");
    }
}

/// Reasoning, signatures, both calls and both results, each under its id.
fn what_was_said_is_sent_back(dialect: Dialect, body: &Value) {
    let text = body.to_string();
    let back = match dialect {
        Dialect::Chat => "\"reasoning_content\":\"First I look.\"",
        Dialect::Responses => "\"encrypted_content\":\"sealed:First I look.\"",
        Dialect::Messages => "\"thinking\":\"First I look.\",\"signature\":\"signed\"",
        Dialect::Gemini => "\"thoughtSignature\":\"c2lnbmVk\"",
    };
    assert!(text.contains(back), "{dialect:?}: {text}");
    let ids: Vec<String> = match dialect {
        Dialect::Chat => {
            body["messages"].as_array().unwrap().iter().map(|m| m["tool_call_id"].to_string()).collect()
        }
        Dialect::Responses => body["input"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|i| i["type"] == "function_call_output")
            .map(|i| i["call_id"].to_string())
            .collect(),
        Dialect::Messages => {
            let last = body["messages"].as_array().unwrap().last().unwrap();
            last["content"].as_array().unwrap().iter().map(|b| b["tool_use_id"].to_string()).collect()
        }
        Dialect::Gemini => {
            let last = body["contents"].as_array().unwrap().last().unwrap();
            last["parts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["functionResponse"]["id"].to_string())
                .collect()
        }
    };
    let ids: Vec<&String> = ids.iter().filter(|id| id.contains("call_")).collect();
    assert_eq!(ids.len(), 2, "{dialect:?}: {text}");
    assert!(ids.iter().all(|id| text.matches(id.as_str()).count() == 2), "{dialect:?}: {text}");
}

#[tokio::test]
async fn keys_and_settings_go_where_each_provider_wants_them() {
    let standin = Standin::start(|_| Said::text("ok")).await;
    let key = rig::key_file("sk-test-0123456789");
    for dialect in Dialect::ALL {
        let mut spec = rig::with_key(rig::spec(&standin, dialect, false), &key);
        spec.temperature = Some(0.5);
        spec.headers.insert("x-team".to_owned(), "blue".to_owned());
        spec.body =
            json!({"metadata": {"run": "7"}, "generationConfig": {"topK": 3}}).as_object().unwrap().clone();
        rig::model(spec).conversation(rig::who("t")).ask(&rig::request("hello")).await.unwrap();
        let asked = standin.seen().pop().unwrap();
        let carries = match dialect {
            Dialect::Chat | Dialect::Responses => ("authorization", "Bearer sk-test-0123456789"),
            Dialect::Messages => ("x-api-key", "sk-test-0123456789"),
            Dialect::Gemini => ("x-goog-api-key", "sk-test-0123456789"),
        };
        assert_eq!(asked.header(carries.0), Some(carries.1));
        assert_eq!(asked.header("x-team"), Some("blue"));
        assert_eq!(asked.body["metadata"]["run"], "7");
        let (most, warmth) = match dialect {
            Dialect::Chat => (&asked.body["max_tokens"], &asked.body["temperature"]),
            Dialect::Responses => (&asked.body["max_output_tokens"], &asked.body["temperature"]),
            Dialect::Messages => (&asked.body["max_tokens"], &asked.body["temperature"]),
            Dialect::Gemini => {
                let settings = &asked.body["generationConfig"];
                assert_eq!(settings["topK"], 3);
                (&settings["maxOutputTokens"], &settings["temperature"])
            }
        };
        assert_eq!((most, warmth), (&json!(1_000), &json!(0.5)), "{dialect:?}");
        if dialect == Dialect::Messages {
            assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
            assert_eq!(asked.body["system"][0]["cache_control"], json!({"type": "ephemeral"}));
            assert_eq!(
                asked.body["messages"][0]["content"][0]["cache_control"],
                json!({"type": "ephemeral"})
            );
        }
    }
}

#[tokio::test]
async fn arguments_that_cannot_be_played_are_handed_up_as_such_and_can_be_sent_back() {
    let standin = Standin::start(|asked| match asked.turn() {
        0 => Said::default()
            .and_tool(RUN, r#"{"command": "rm -r"#)
            .and_tool(RUN, "[1]")
            .and_tool("unknown", "{\"x\":1}"),
        _ => Said::text("sorry"),
    })
    .await;
    for dialect in [Dialect::Chat, Dialect::Responses] {
        for stream in [false, true] {
            let mut talk = rig::model(rig::spec(&standin, dialect, stream)).conversation(rig::who("t"));
            let mut request = rig::request("go");
            let answer = talk.ask(&request).await.unwrap();
            let broken: Vec<bool> = answer
                .uses
                .iter()
                .map(|tool| matches!(tool.arguments, Arguments::Malformed { .. }))
                .collect();
            assert_eq!(broken, [true, true, false], "{dialect:?}");
            let Arguments::Malformed { text, problem } = &answer.uses[0].arguments else { panic!() };
            assert!(text == r#"{"command": "rm -r"# && problem.contains("no JSON"), "{text}: {problem}");
            rig::heard(&mut request, &answer, "those were no arguments");
            talk.ask(&request).await.unwrap();
            let sent = standin.seen().pop().unwrap().body.to_string();
            assert!(sent.contains(r#"\"malformed\":"#), "{sent}");
        }
    }
    // Pieces of a message may hold what a whole one cannot.
    let mut talk = rig::model(rig::spec(&standin, Dialect::Messages, true)).conversation(rig::who("t"));
    let mut request = rig::request("go");
    let answer = talk.ask(&request).await.unwrap();
    assert!(matches!(answer.uses[0].arguments, Arguments::Malformed { .. }));
    rig::heard(&mut request, &answer, "those were no arguments");
    talk.ask(&request).await.unwrap();
    assert!(standin.seen().pop().unwrap().body.to_string().contains(r#""input":{"malformed":"#));
}

#[tokio::test]
async fn no_tool_of_an_answer_that_was_cut_off_can_be_played() {
    let standin =
        Standin::start(|_| Said { cut_off: true, ..Said::tool(RUN, &json!({"command": "rm"})) }).await;
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            let mut talk = rig::model(rig::spec(&standin, dialect, stream)).conversation(rig::who("t"));
            let answer = talk.ask(&rig::request("go")).await.unwrap();
            assert_eq!(answer.stop, Stop::OutputLimit, "{dialect:?}");
            assert!(matches!(answer.uses[0].arguments, Arguments::Malformed { .. }), "{dialect:?}");
        }
    }
}

#[tokio::test]
async fn an_agents_file_says_what_it_means_or_hears_why_not() {
    let read = |text: &str| toml::from_str::<ModelSpec>(text);
    let least = read("provider = 'anthropic'\nname = 'claude-haiku-4-5'").unwrap();
    assert_eq!(least, ModelSpec::new(Provider::Anthropic, "claude-haiku-4-5"));
    let unfit = |text: &str| {
        let wrong = read(&format!(
            "provider = 'openai-compatible'\nname = 'm'\nbase_url = 'http://localhost:1/v1'\n{text}"
        ));
        let unfit = wrong.unwrap().endpoint().unwrap_err();
        (unfit.key, unfit.problem)
    };
    assert_eq!(unfit("key_env = 'A'\nkey_fd = 3").0, "key_fd");
    assert_eq!(unfit("output_tokens_max = 0").0, "output_tokens_max");
    assert_eq!(unfit("[patience]\ntries_max = 6").0, "patience.tries_max");
    assert_eq!(unfit("[headers]\nAuthorization = 'Bearer x'").0, "headers.Authorization");
    assert_eq!(unfit("[body]\nmax_tokens = 5").0, "body.max_tokens");
    assert_eq!(
        unfit("[body.generationConfig]\nmaxOutputTokens = 5").0,
        "body.generationConfig.maxOutputTokens"
    );
    let at = |url: &str| {
        let mut spec = ModelSpec::new(Provider::OpenaiCompatible, "m");
        spec.base_url = Some(url.to_owned());
        spec.endpoint().unwrap_err().problem
    };
    assert!(at("localhost:11434").contains("http"), "{}", at("localhost:11434"));
    assert!(at("https://me:secret@host/v1").contains("key_env"));
    assert!(
        ModelSpec::new(Provider::OpenaiCompatible, "m").endpoint().unwrap_err().problem.contains("11434")
    );
    assert!(
        read("provider = 'openai'\nname = 'm'\ntemprature = 1")
            .unwrap_err()
            .to_string()
            .contains("temprature")
    );
}

#[tokio::test]
async fn a_missing_key_is_told_before_anything_is_asked() {
    let mut spec = ModelSpec::new(Provider::Openai, "gpt-5");
    spec.key_env = Some("CHESTERTON_TEST_NO_SUCH_KEY".to_owned());
    let unfit = rig::plain_client().model(spec.endpoint().unwrap()).err().unwrap();
    assert!(unfit.key == "key_env" && unfit.problem.contains("CHESTERTON_TEST_NO_SUCH_KEY"), "{unfit}");
}

#[tokio::test]
async fn five_hundred_conversations_wait_on_two_threads() {
    let standin = Standin::start_lean(|_| Said::text("ok").after(Duration::from_millis(200))).await;
    let mut spec = rig::spec(&standin, Dialect::Chat, true);
    spec.patience.turn_ms = 20_000;
    spec.patience.silence_ms = 10_000;
    spec.patience.connect_ms = 10_000;
    let model = rig::model(spec);
    let all: Vec<_> = (0..500)
        .map(|n| {
            let model = model.clone();
            tokio::spawn(async move {
                model.conversation(rig::who(&n.to_string())).ask(&rig::request("hello")).await
            })
        })
        .collect();
    let mut usage = Usage::default();
    for one in all {
        match one.await.unwrap() {
            Ok(answer) => usage += answer.usage.unwrap(),
            Err(Fault::Provider(text)) => panic!("{text}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(standin.in_flight_most() > 250, "{} in flight", standin.in_flight_most());
    assert!(usage.tokens() > 0);
}
