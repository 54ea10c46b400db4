//! Agents that are processes and ask a model: what becomes of their trials where it fails, and whether they work at all.

use std::fs;
use std::path::Path;

use chesterton::base::exit::Exit;
use chesterton::cell::Demand;
use chesterton::cli::Printed;
use chesterton::ledger;
use chesterton::record::{Ending, Event};
use serde_json::json;

use crate::standin::{Dialect, Fault, Said};
use crate::{Served, agent, chesterton, ending, lasting, root, serve};

/// A shell's way of asking its model, as it finds it in its environment: `say BODY` prints the answer, `ask` asks something.
const ASK: &str = r#"
say() {
  place=${OPENAI_BASE_URL#http://}; at=${place%%/*}; exec 3<>"/dev/tcp/${at%:*}/${at#*:}"
  printf 'POST /%s/chat/completions HTTP/1.1\r\nhost: %s\r\nconnection: close\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\ncontent-length: %s\r\n\r\n%s' \
    "${place#*/}" "$at" "$OPENAI_API_KEY" "${#1}" "$1" >&3
  /bin/cat <&3
}
ask() { say '{"model":"stand-in","messages":[{"role":"user","content":"Begin"}]}' >/dev/null; }
"#;

/// Asks its model for a next step, does it in its shell, and goes on until there is none: a coding agent in a few lines.
const CODES: &str = r#"
messages='{"role":"user","content":"Begin"}'
parameters='{"type":"object","properties":{"command":{"type":"string"}},"required":["command"]}'
tools='[{"type":"function","function":{"name":"bash","parameters":'$parameters'}}]'
for n in 1 2 3 4 5 6; do
  answer=$(say '{"model":"stand-in","messages":['"$messages"'],"tools":'"$tools"'}')
  line=$(sed -n 's/.*"arguments":"{\\"command\\":\\"\([^\\]*\)\\".*/\1/p' <<<"$answer")
  [ -n "$line" ] || exit 0
  eval "$line" >/dev/null
  messages="$messages"',{"role":"tool","tool_call_id":"call","content":"done"}'
done
"#;

/// Plays processes of these shell scripts, each with a model of its own, and leaves what there is of it in a folder.
fn play(place: &Path, scripts: &[(&str, &Served)], trials: &str) -> (Exit, Printed) {
    let mut verb = ["run", "small", "--setup", "inherited", "--trials", trials, "--name", "run"]
        .map(str::to_owned)
        .to_vec();
    verb.extend(["--no-score", "--cell", "best-effort"].map(str::to_owned));
    for (n, (script, served)) in scripts.iter().enumerate() {
        let run = json!(["bash", "-c", format!("{ASK}{script}")]);
        let file = format!("kind = \"command\"\n[command]\nrun = {run}\n[limits]\nwall_s_max = 3\n");
        verb.extend([
            "--agent".to_owned(),
            agent(place, &format!("process-{n}"), served, Dialect::Chat, &file),
        ]);
    }
    let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
    chesterton(&lasting(), place, &verb)
}

/// What is recorded of each of these, in one trial.
fn processes(scripts: &[(&str, &Served)]) -> Vec<Vec<Event>> {
    let place = tempfile::tempdir().unwrap();
    let (exit, printed) = play(place.path(), scripts, "1");
    assert_eq!(exit, Exit::Fine, "{}", printed.told);
    let trials = ledger::read(&place.path().join("run/ledger")).unwrap().map(|trial| trial.unwrap().events);
    let mut trials: Vec<Vec<Event>> = trials.collect();
    trials.sort_by_key(|events| Event::opened(events).unwrap().agent.clone());
    trials
}

/// A process asks its model through the gateway, and goes on until its time is over: what the answer took is recorded.
#[test]
fn what_a_process_spent_is_recorded_however_it_ends() {
    let served = serve(|_| Said::text("done"));
    let events = processes(&[("ask; /bin/sleep 60", &served)]).remove(0);
    assert_eq!(ending(&events), Ending::Limit("wall_s_max".to_owned()));
    let spent: Vec<u64> = events
        .iter()
        .filter_map(|e| if let Event::Spent { spent, .. } = e { Some(spent.tokens_out) } else { None })
        .collect();
    assert!(spent.len() == 1 && spent[0] > 0, "{spent:?}");
}

/// Who stops because its provider failed has not failed itself; who has handed in its report, or was answered after all, is judged.
#[test]
fn a_provider_that_fails_a_process_is_the_providers_fault() {
    let failing = || serve(|_| Said::text("done").fault(Fault::Status(500)));
    let once = serve(|asked| match asked.n {
        0 => Said::text("done").fault(Fault::Status(500)),
        _ => Said::text("done"),
    });
    let served = [failing(), failing(), failing(), failing(), once];
    let scripts = [
        "ask; exit 1",
        "ask",
        "while :; do ask; /bin/sleep 0.2; done",
        "ask; finish --outcome not_done --summary none",
        "ask; ask; exit 1",
    ];
    let played: Vec<(&str, &Served)> = scripts.into_iter().zip(&served).collect();
    let endings: Vec<Ending> = processes(&played).iter().map(|events| ending(events)).collect();
    let words: Vec<&str> = endings.iter().map(Ending::word).collect();
    let fault = "provider_fault";
    assert_eq!(words, [fault, fault, fault, "finished", "agent_fault"], "{endings:?}");
}

/// A key that the provider refuses says nothing of the agent, and no further trial begins with it.
#[test]
fn a_wrong_key_or_model_behind_a_process_stops_the_run_and_seals_nothing() {
    for (fault, word) in [(Fault::WrongKey, "answered 401"), (Fault::NoModel, "answered 404")] {
        // It stops at the refusal, goes on without its model, or does not take the refusal for an answer.
        for (script, most) in [("ask; exit 1", 8), ("ask", 8), ("while :; do ask; /bin/sleep 0.2; done", 64)]
        {
            let served = serve(move |_| Said::text("done").fault(fault));
            let place = tempfile::tempdir().unwrap();
            let (exit, printed) = play(place.path(), &[(script, &served)], "50");
            assert_eq!(exit, Exit::Invalid, "{fault:?} {script}: {}", printed.told);
            assert!(printed.told.contains(word), "{fault:?} {script}: {}", printed.told);
            assert_eq!(ledger::read(&place.path().join("run/ledger")).unwrap().flatten().count(), 0);
            let asked = served.standin.count();
            assert!(asked <= most, "{asked} requests: {fault:?} {script}");
        }
    }
}

/// What is said of an agent's program, of whatever it is that does not work.
#[test]
fn an_agent_is_tried_before_it_is_relied_on() {
    if let Err(why) = tokio::runtime::Runtime::new().unwrap().block_on(Demand::Require.fence("")) {
        println!("skipped: {why}");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, command: &str, model: bool| {
        let path = place.path().join(format!("{name}.toml"));
        let model = match model {
            true => {
                "\n[model]\nprovider = \"openai-compatible\"\ndialect = \"openai-chat\"\nname = \"m\"\nbase_url = \"http://localhost:1\"\n"
            }
            false => "",
        };
        let head = format!("name = \"{name}\"\nabout = \"x\"\nkind = \"command\"\n[command]\n");
        fs::write(&path, format!("{head}{command}\n{model}")).unwrap();
        path.to_string_lossy().into_owned()
    };
    let bash = |script: &str| format!("run = {}", json!(["bash", "-c", format!("{ASK}{script}")]));
    let version = "version = [\"echo\", \"coder 1.2.3\"]";
    let works = file("works", &format!("{}\n{version}", bash(CODES)), true);
    let silent = file("silent", &bash("exit 0"), true);
    let talks = file("talks", &bash(&CODES.replace("eval \"$line\" >/dev/null", "exit 0")), true);
    let fails = file("fails", &bash("printf 'no such flag \\033[2J--yolo\\n' >&2; exit 2"), true);
    let absent = file("absent", "run = [\"no-such-coder\"]\ninstall = \"npm install no-such-coder\"", true);
    let own = file("own", &bash("exit 0"), false);
    let cases = [
        (&works, Exit::Fine, "works by shell: coder 1.2.3"),
        (&silent, Exit::Invalid, "it asked its model for nothing that it could do; it finished"),
        (&talks, Exit::Invalid, "it asked its model 1 times, and nothing of its shell reached production"),
        (&fails, Exit::Invalid, "--yolo"),
        (&absent, Exit::Invalid, "not installed: npm install no-such-coder"),
        (&own, Exit::Invalid, "its file names no `[model]`"),
    ];
    for (path, expected, word) in cases {
        let (exit, printed) =
            chesterton(&root().join("scenarios"), place.path(), &["doctor", "agents", path]);
        assert!(printed.said.contains(word), "{path}: {}{}", printed.said, printed.told);
        assert_eq!(exit, expected, "{path}: {}", printed.said);
        assert!(!printed.said.contains('\u{1b}'), "{:?}", printed.said);
    }
    // One that does not work is among those that are named.
    let (exit, printed) =
        chesterton(&root().join("scenarios"), place.path(), &["doctor", "agents", &works, &silent]);
    assert_eq!((exit, printed.said.lines().count()), (Exit::Invalid, 2), "{}", printed.said);
    let (exit, printed) =
        chesterton(&root().join("scenarios"), place.path(), &["doctor", "agents", "claud-code"]);
    assert!(exit == Exit::BadScenario && printed.told.contains("claude-code"), "{}", printed.told);
    assert!(
        fs::read_dir(place.path()).unwrap().all(|entry| entry.unwrap().path().is_file()),
        "it left something behind"
    );
}
