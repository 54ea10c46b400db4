//! The official Python clients of OpenAI and Anthropic as second clients of the same stand-in: what it sends is what they
//! understand, word for word as this program understands it. Skipped with a word where they are not installed
//! (`pip install openai anthropic`; `CHESTERTON_PYTHON` names a Python that has them).

use std::process::Command;

use chesterton::model::Gateway;
use serde_json::{Value, json};

use super::rig;
use crate::standin::{Dialect, Said, Standin};

const CLIENT: &str = r#"
import json, sys, warnings
warnings.filterwarnings("error")
import anthropic, openai
tool = {"type": "object", "properties": {"command": {"type": "string"}}}

def ask(which, url, stream, key):
    out = {"calls": [], "text": ""}
    if which == "Messages":
        client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
        asked = dict(model="m", max_tokens=100, messages=[{"role": "user", "content": "go"}],
                     tools=[{"name": "run_command", "description": "x", "input_schema": tool}])
        if stream:
            with client.messages.stream(**asked) as events:
                message = events.get_final_message()
        else:
            message = client.messages.create(**asked)
        type(message).model_validate(message.model_dump(warnings="error"))
        for block in message.content:
            if block.type == "text": out["text"] += block.text
            if block.type == "tool_use": out["calls"].append([block.name, block.input])
        usage = message.usage
        out["read"] = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
        out["written"] = usage.output_tokens
        return out
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    if which == "Chat":
        asked = dict(model="m", messages=[{"role": "user", "content": "go"}],
                     tools=[{"type": "function", "function": {"name": "run_command", "parameters": tool}}])
        if stream:
            with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as events:
                for event in events: pass
                answer = events.get_final_completion()
        else:
            answer = client.chat.completions.create(**asked)
        type(answer).model_validate(answer.model_dump(warnings="error"))
        message = answer.choices[0].message
        out["text"] = message.content or ""
        for call in message.tool_calls or []:
            out["calls"].append([call.function.name, json.loads(call.function.arguments)])
        out["read"], out["written"] = answer.usage.prompt_tokens, answer.usage.completion_tokens
    else:
        asked = dict(model="m", input=[{"role": "user", "content": "go"}],
                     tools=[{"type": "function", "name": "run_command", "parameters": tool, "strict": False}])
        if stream:
            with client.responses.stream(**asked) as events:
                for event in events: pass
                answer = events.get_final_response()
        else:
            answer = client.responses.create(**asked)
        type(answer).model_validate(answer.model_dump(warnings=False))
        out["text"] = answer.output_text
        for item in answer.output:
            if item.type == "function_call":
                out["calls"].append([item.name, json.loads(item.arguments)])
        out["read"], out["written"] = answer.usage.input_tokens, answer.usage.output_tokens
    return out

print(json.dumps([ask(*job) for job in json.loads(sys.argv[1])]))
"#;

fn script(turn: usize) -> Said {
    match turn {
        0 => Said { cached: 10, kept: 10, ..Said::default() }
            .thinking("hm")
            .and_tool("run_command", "{\"command\":\"ls — la\"}")
            .and_tool("run_command", "{\"command\":\"b\"}"),
        _ => Said::text("All is well: ✓."),
    }
}

fn python() -> Option<String> {
    let python = std::env::var("CHESTERTON_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import openai, anthropic"]).output();
    found.is_ok_and(|found| found.status.success()).then_some(python)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_clients_understand_the_stand_in_as_we_do() {
    let Some(python) = python() else {
        println!("skipped: there is no Python with `openai` and `anthropic`");
        return;
    };
    // Half of them through the gateway, as an agent would come that is written with them.
    let gateway = Gateway::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (mut standins, mut passes, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
    for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
        for (stream, turn) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
            let standin = Standin::start(move |_| script(turn)).await;
            jobs.push((dialect, stream, standin.url(dialect), "sk-test-0123456789".to_owned()));
            let model = rig::model(rig::spec(&standin, dialect, stream));
            let pass = gateway.admit(&model, rig::who(&passes.len().to_string())).unwrap();
            let environment = pass.environment();
            let of = |end: &str| environment.iter().find(|(name, _)| name.ends_with(end)).unwrap().1.clone();
            jobs.push((dialect, stream, of("BASE_URL"), of("API_KEY")));
            standins.push(standin);
            passes.push(pass);
        }
    }
    let asked: Vec<Value> =
        jobs.iter().map(|(d, stream, url, key)| json!([format!("{d:?}"), url, stream, key])).collect();
    let run = move || Command::new(python).args(["-c", CLIENT, &json!(asked).to_string()]).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let heard: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(heard.len(), 24);
    assert!(passes.iter().all(|pass| pass.tally().answers == 1 && pass.tally().usage.output > 0));
    for (n, ((dialect, stream, ..), theirs)) in jobs.iter().zip(&heard).enumerate() {
        let standin = &standins[n / 2];
        let mut talk = rig::model(rig::spec(standin, *dialect, *stream)).conversation(rig::who("t"));
        let ours = talk.ask(&rig::request("go")).await.unwrap();
        let calls: Vec<Value> =
            ours.uses.iter().map(|tool| json!([tool.name, rig::parsed(&tool.arguments)])).collect();
        assert_eq!(
            (&theirs["text"], &theirs["calls"]),
            (&json!(ours.text), &json!(calls)),
            "{dialect:?} {stream}"
        );
        assert_eq!(theirs["written"], json!(ours.usage.unwrap().output), "{dialect:?} {stream}");
        // The same request, in as many tokens as the stand-in counts of its bytes.
        assert!(theirs["read"].as_u64().unwrap() > 20);
    }
}
