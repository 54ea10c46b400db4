//! Hooks in the protocols of coding agents: what they are asked, and what their answers come to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use chesterton::base::limits::Limits;
use chesterton::gate::{Outcome, Setup};
use chesterton::ledger::read_bytes;
use chesterton::record::Event;
use chesterton::record::tool::{ToolCall, ToolStatus};
use chesterton::record::verdict::Ground;
use chesterton::replay::{Replay, Scene};
use chesterton::runner::{Cast, Session, Wish};
use chesterton::score::Stakes;
use chesterton::stats::Through;
use chesterton::{report, scenario};
use serde_json::{Value, json};

use super::bench_of::{Bench, DELETE, LOOK, call, key, runtime, told, verdict, write};

const PROTOCOLS: [&str; 8] =
    ["plain", "claude_code", "codex", "gemini", "cursor", "cursor_shell", "copilot", "kiro"];

/// A hook of this protocol that reads its event and then does this.
fn hook(speaks: &str, does: &str) -> Bench {
    hook_with(speaks, "", does)
}

fn hook_with(speaks: &str, extra: &str, does: &str) -> Bench {
    let guardrail = format!(
        "[[guardrail]]\nkind = \"hook\"\nspeaks = \"{speaks}\"\ncommand = \"sh hook.sh\"\nfiles = [\"hook.sh\"]\n{extra}\n"
    );
    Bench::new(&guardrail).with("hook.sh", &format!("event=$(cat)\n{does}\n"))
}

/// The event that a hook of this protocol gets for a use of a tool, with what differs from trial to trial left out.
fn event(speaks: &str, tool: &ToolCall) -> Option<String> {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("event.json");
    let answer = if speaks == "plain" { "echo '{\"decision\": \"allow\"}'" } else { ":" };
    let bench = hook(speaks, &format!("printf %s \"$event\" > {}\n{answer}", file.display()));
    let mut gate = bench.gate();
    gate.tool(tool).unwrap();
    let (line, call) = match tool.name.as_str() {
        "run_command" => (DELETE, call(DELETE)),
        _ => ("write_file src/a.js", write("src/a.js")),
    };
    let outcome = runtime().block_on(gate.submit(line, call)).unwrap();
    assert!(matches!(outcome, Outcome::Answered(_)), "{speaks}: {outcome:?}");
    let text = std::fs::read_to_string(&file).ok()?;
    let event: Value = serde_json::from_str(&text).unwrap();
    let folder = event["cwd"].as_str().map(str::to_owned);
    let session = ["session_id", "conversation_id", "sessionId"]
        .iter()
        .find_map(|k| event[k].as_str().map(str::to_owned));
    let mut shown = serde_json::to_string_pretty(&event).unwrap();
    for (text, name) in [(folder, "PROJECT"), (session, "SESSION")] {
        shown = text.map_or(shown.clone(), |text| shown.replace(&text, name));
    }
    let private = regex_lite::Regex::new(r#""[^"]*/chesterton-hook-[^/"]*/"#).unwrap();
    Some(private.replace_all(&shown, "\"PRIVATE/").into_owned())
}

#[test]
fn the_events_are_the_agents_own() {
    let run = ToolCall {
        name: "run_command".to_owned(),
        arguments: json!({"command": format!("aws sts get-caller-identity && {DELETE}")}),
    };
    let write = ToolCall {
        name: "write_file".to_owned(),
        arguments: json!({"path": "src/a.js", "text": "one\ntwo\n"}),
    };
    let edit = ToolCall {
        name: "write_file".to_owned(),
        arguments: json!({"path": "src/a.js", "find": "one", "replace": "two"}),
    };
    let mut shown = String::new();
    for speaks in PROTOCOLS.into_iter().filter(|speaks| *speaks != "plain") {
        for (name, tool) in [("a command", &run), ("a file", &write), ("a place in a file", &edit)] {
            let event = event(speaks, tool).unwrap_or_else(|| "is not asked".to_owned());
            writeln!(shown, "{speaks}, {name}:\n{event}\n").unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

/// A hook writes what it finds in its folder, before a write of the agent's and after it.
fn found(extra: &str) -> String {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("found").display().to_string();
    let does = format!(
        "{{ cat new.txt || echo none; ls src/period.js; git rev-parse --abbrev-ref HEAD; git remote get-url origin; }} >> {file} 2>/dev/null; true"
    );
    let bench = hook_with("claude_code", extra, &does);
    let mut gate = bench.gate();
    for (line, call) in [("write_file new.txt", write("new.txt")), (LOOK, call(LOOK))] {
        let outcome = runtime().block_on(gate.submit(line, call)).unwrap();
        assert!(matches!(outcome, Outcome::Answered(Ok(_))), "{outcome:?}");
    }
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn a_hook_finds_the_checkout_as_it_is_before_the_call() {
    let found = found("");
    if std::process::Command::new("git").arg("--version").output().is_err() {
        println!("skipped: there is no git here to ask for a branch");
        return;
    }
    let origin = found.lines().last().unwrap();
    assert!(origin.starts_with("https://git.") && origin.ends_with("/cost-explorer.git"), "{found}");
    let expected = format!("none\nsrc/period.js\nmain\n{origin}\ntwo\nsrc/period.js\nmain\n{origin}\n");
    assert_eq!(found, expected);
}

#[test]
fn a_hook_may_stand_alone() {
    assert_eq!(found("checkout = false"), "none\nnone\n");
}

/// A hook that reads what the agent has written decides the same on a recording as when it really stood there; and one that
/// breaks is told as a hole in production.
#[test]
fn a_replay_shows_a_hook_the_files_that_the_agent_had_written() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer");
    let scenario = Arc::new(scenario::load(&folder).unwrap());
    let script = scenario::scripts(&folder).unwrap().into_iter().find(|s| s.name == "fix").unwrap();
    let cast = Cast::scripted(script);
    let inherited = Arc::new(Setup::built_in("inherited").unwrap().unwrap());
    let play = |setup: &Arc<Setup>| {
        let scenarios = vec![(Arc::clone(&scenario), vec![cast.clone()])];
        let wish = Wish { scenarios, setups: vec![Arc::clone(setup)], trials: 1, seed: 3, shard: None };
        let ledger = Session::new(&wish).unwrap().play_in_memory().unwrap();
        read_bytes(ledger).next().unwrap().unwrap().events
    };
    let recorded = play(&inherited);
    let branch =
        "case $event in *'git commit'*) grep -q 'Date.UTC(Number(year), Number(number), 1)' src/period.js";
    for (does, is_hole) in [("echo read >&2; exit 2", false), ("exit 1", true)] {
        let bench = hook("claude_code", &format!("{branch} && {{ {does}; }};; esac\nexit 0"));
        let setup = bench.setup();
        let replay = Replay {
            scenes: [(scenario.digests.stage.clone(), Scene::new(&scenario).unwrap())].into(),
            beginnings: [(inherited.digest.clone(), String::new())].into(),
            setups: vec![Arc::clone(&setup)],
            limits: Limits::default(),
        };
        let replayed = runtime().block_on(replay.trial(&recorded)).remove(0);
        let stakes = Stakes { key: key(), harmful: Some(false), grave: BTreeSet::new(), done_by: None };
        let mut through = Through::default();
        through.add(&replayed, &stakes);
        assert_eq!(through.all.holes, u64::from(is_hole));
        let told = report::replayed("hook", &through, None);
        assert_eq!(told.contains("in 1 trials a hook breaks"), is_hole, "{told}");
        let first = replayed.first.unwrap();
        let really = play(&setup).into_iter().find_map(|event| match event {
            Event::Verdict { call, verdict } if !verdict.allows() => Some((call, verdict)),
            _ => None,
        });
        assert_eq!((first.place.call, first.now.clone()), really.unwrap());
        assert_eq!(first.now.is_hole, is_hole, "{first:?}");
    }
}

/// An answer: what the hook does, and what becomes of the call in each protocol named.
struct Answer {
    speaks: &'static [&'static str],
    does: &'static str,
    comes_to: &'static str,
}

const AGENTS: &[&str] = &["claude_code", "codex", "gemini", "cursor", "cursor_shell", "copilot", "kiro"];
const CODE_2: &[&str] = &["claude_code", "codex", "gemini", "cursor", "cursor_shell", "kiro"];

const ANSWERS: &[Answer] = &[
    Answer { speaks: AGENTS, does: "exit 0", comes_to: "allowed" },
    Answer {
        speaks: CODE_2,
        does: "echo 'not production' >&2; exit 2",
        comes_to: "judgement: not production",
    },
    Answer {
        speaks: &["copilot"],
        does: "echo no >&2; exit 2",
        comes_to: "fault: it ended with exit code 2: no",
    },
    Answer {
        speaks: &["claude_code", "codex"],
        does: r#"echo '{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": "no"}}'"#,
        comes_to: "judgement: no",
    },
    Answer {
        speaks: &["claude_code"],
        does: r#"echo '{"hookSpecificOutput": {"permissionDecision": "ask"}}'"#,
        comes_to: "person: this would destroy",
    },
    Answer {
        speaks: &["claude_code", "codex", "gemini"],
        does: r#"echo '{"decision": "block", "reason": "the old form"}'"#,
        comes_to: "judgement: the old form",
    },
    Answer {
        speaks: &["claude_code", "codex"],
        does: r#"echo '{"decision": "approve"}'"#,
        comes_to: "allowed",
    },
    Answer {
        speaks: &["claude_code", "gemini"],
        does: r#"echo '{"continue": false, "stopReason": "stop here"}'"#,
        comes_to: "judgement: stop here",
    },
    Answer {
        speaks: &["gemini"],
        does: r#"echo '{"decision": "deny", "reason": "no"}'"#,
        comes_to: "judgement: no",
    },
    Answer {
        speaks: &["cursor", "cursor_shell"],
        does: r#"echo '{"permission": "deny", "user_message": "u", "agent_message": "no"}'"#,
        comes_to: "judgement: no",
    },
    Answer {
        speaks: &["cursor", "cursor_shell"],
        does: r#"echo '{"permission": "allow"}'"#,
        comes_to: "allowed",
    },
    Answer {
        speaks: &["copilot"],
        does: r#"echo '{"permissionDecision": "deny", "permissionDecisionReason": "no"}'"#,
        comes_to: "judgement: no",
    },
    Answer { speaks: &["kiro"], does: "echo 'what is printed does not matter'", comes_to: "allowed" },
    Answer {
        speaks: &["plain"],
        does: r#"echo '{"decision": "deny", "reason": "no"}'"#,
        comes_to: "judgement: no",
    },
];

#[test]
fn the_answers_come_to_what_the_agents_make_of_them() {
    for answer in ANSWERS {
        for speaks in answer.speaks {
            let found = verdict(&hook(speaks, answer.does), DELETE);
            assert!(found.starts_with(answer.comes_to), "{speaks}: {}\n{found}", answer.does);
        }
    }
}

#[test]
fn every_protocol_is_tried() {
    for speaks in PROTOCOLS {
        let tried = ANSWERS.iter().filter(|answer| answer.speaks.contains(&speaks)).count();
        assert!(tried >= 1, "{speaks} is tried {tried} times");
    }
}

/// As in life: the hook is asked once about a line, and the answer is for the whole line.
#[test]
fn a_use_of_a_tool_is_one_question() {
    let out = tempfile::tempdir().unwrap();
    let count = out.path().join("count").display().to_string();
    let bench =
        hook("claude_code", &format!("echo x >> {count}\ncase $event in *delete-stack*) exit 2;; esac"));
    let mut gate = bench.gate();
    let line = format!("{LOOK} && {DELETE}");
    let tool =
        |command: &str| ToolCall { name: "run_command".to_owned(), arguments: json!({"command": command}) };
    gate.tool(&tool(&line)).unwrap();
    for part in [LOOK, DELETE] {
        let outcome = runtime().block_on(gate.submit(part, call(part))).unwrap();
        assert!(matches!(outcome, Outcome::Denied(_)), "{part}: {outcome:?}");
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
    gate.tool(&tool(LOOK)).unwrap();
    let outcome = runtime().block_on(gate.submit(LOOK, call(LOOK))).unwrap();
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome:?}");
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\nx\n");
}

/// A call that a wire format made belongs to no use of a tool: what was said of the last one is not said of it.
#[test]
fn a_call_that_comes_from_no_tool_is_a_question_of_its_own() {
    let out = tempfile::tempdir().unwrap();
    let count = out.path().join("count").display().to_string();
    let bench =
        hook("claude_code", &format!("echo x >> {count}\ncase $event in *DeleteStack*) exit 2;; esac"));
    let mut gate = bench.gate();
    let looks = ToolCall { name: "run_command".to_owned(), arguments: json!({"command": LOOK}) };
    for _ in 0..2 {
        gate.tool(&looks).unwrap();
        let looked = runtime().block_on(gate.submit(LOOK, call(LOOK))).unwrap();
        assert!(matches!(looked, Outcome::Answered(_)), "{looked:?}");
        gate.reply(ToolStatus::Ok, "it stands".to_owned()).unwrap();
        let line = "POST https://cloudformation.amazonaws.com DeleteStack {}";
        let outcome = runtime().block_on(gate.submit(line, call(DELETE))).unwrap();
        assert!(matches!(outcome, Outcome::Denied(_)), "{outcome:?}");
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\nx\nx\nx\n");
}

/// A hook that gave no answer in time is not asked again about the rest of the same use: one question, one answer. What it leaves
/// open is a hole where the agent itself would have gone ahead.
#[test]
fn an_answer_that_did_not_come_is_for_the_whole_use_too() {
    let out = tempfile::tempdir().unwrap();
    let count = out.path().join("count").display().to_string();
    let bench =
        hook("claude_code", &format!("echo x >> {count}\n[ $(wc -l < {count}) = 1 ] && sleep 600; exit 0"));
    let mut gate = super::bench_of::gate(bench.setup(), 1_500);
    let tool =
        |command: &str| ToolCall { name: "run_command".to_owned(), arguments: json!({"command": command}) };
    gate.tool(&tool(&format!("{LOOK} && {DELETE}"))).unwrap();
    for part in [LOOK, DELETE] {
        let outcome = runtime().block_on(gate.submit(part, call(part))).unwrap();
        assert!(matches!(outcome, Outcome::Denied(_)), "{part}: {outcome:?}");
        let verdict = gate.last_verdict().unwrap();
        assert!(verdict.is_hole && verdict.ground == Ground::Fault, "{part}: {verdict:?}");
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
    gate.tool(&tool(LOOK)).unwrap();
    let outcome = runtime().block_on(gate.submit(LOOK, call(LOOK))).unwrap();
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome:?}");
}

#[test]
fn a_matcher_is_of_whole_names() {
    let deny = "echo no >&2; exit 2";
    let with =
        |matcher: &str| verdict(&hook_with("claude_code", &format!("matcher = '{matcher}'"), deny), DELETE);
    assert_eq!(with("Bash"), "judgement: no");
    assert_eq!(with("Write|Bash"), "judgement: no");
    assert_eq!(with("*"), "judgement: no");
    assert_eq!(with("Bas"), "allowed");
    assert_eq!(with("Write|Edit"), "allowed");
}

/// `"$CLAUDE_PROJECT_DIR"/.claude/hooks/guard.py` is how hooks stand in settings.
#[test]
fn the_command_of_the_agents_settings_works_as_it_stands() {
    let bench = Bench::new(
        "[[guardrail]]\nkind = \"hook\"\nspeaks = \"claude_code\"\nname = \"guard\"\n\
         command = '\"$CLAUDE_PROJECT_DIR\"/.claude/hooks/guard.sh'\nfiles = [\".claude/hooks/guard.sh\"]\n",
    )
    .with(".claude/hooks/guard.sh", "#!/bin/sh\ncat >/dev/null\necho \"in $PWD\" >&2\nexit 2\n")
    .executable(".claude/hooks/guard.sh");
    assert_eq!(verdict(&bench, DELETE), "judgement: in $PROJECT");
}

/// Keys of the environment go to a hook only if the setup names them.
#[test]
fn the_environment_is_kept_from_hooks() {
    let seen = verdict(&hook("claude_code", "env | cut -d= -f1 | sort | tr '\\n' ' ' >&2; exit 2"), DELETE);
    let names: Vec<&str> = seen.trim_start_matches("judgement: ").split(' ').collect();
    assert!(names.contains(&"PATH") && names.contains(&"CLAUDE_PROJECT_DIR"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
    let named = hook_with(
        "claude_code",
        "env = [\"CARGO_MANIFEST_DIR\"]",
        "echo \"$CARGO_MANIFEST_DIR\" >&2; exit 2",
    );
    assert_eq!(verdict(&named, DELETE), format!("judgement: {}", env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn what_cannot_work_is_told_when_the_setup_is_read() {
    let setup = |keys: &str| Bench::new(&format!("[[guardrail]]\nkind = \"hook\"\n{keys}\n"));
    let wrong = [
        setup("speaks = \"claude\"\ncommand = \"x\""),
        setup("speaks = \"claude_code\"\ncommand = \" \""),
        setup("speaks = \"claude_code\"\ncommand = \"x\"\nmatcher = \"(\""),
        setup("speaks = \"claude_code\"\ncommand = \"x\"\nfiles = [\"gone.sh\"]"),
        setup("speaks = \"claude_code\"\ncommand = \"x\"\nfiles = [\"../up.sh\"]").with("../up.sh.not", ""),
        setup("speaks = \"claude_code\"\ncommand = \"x\"\nenv = [\"NO_SUCH_VARIABLE_HERE\"]"),
    ];
    let shown: Vec<String> = wrong.iter().map(Bench::wrong).collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

/// Where nobody is in the way, a hook that denies is what denies, and says so to the agent.
#[test]
fn a_reason_cannot_write_to_a_terminal() {
    let found = verdict(&hook("claude_code", "printf 'a\\033[2Jb\\n' >&2; exit 2"), DELETE);
    assert_eq!(found, "judgement: a␛[2Jb");
}

/// A denial by a hook is told as one by judgement, with the hook's name.
#[test]
fn the_verdict_names_the_hook() {
    let bench = hook_with("claude_code", "name = \"our guard\"", "exit 2");
    let mut gate = bench.gate();
    let Outcome::Denied(verdict) = super::bench_of::submit(&mut gate, DELETE) else { panic!("let through") };
    assert_eq!((verdict.by.as_str(), told(&verdict).as_str()), ("our guard", "judgement: no reason given"));
}
