//! Agents that speak the Agent Client Protocol, played by a script that speaks it.

use chesterton::record::{Ending, Event};
use serde_json::json;

use super::room::play;

/// Opens a session, asks whether it may delete production, and does so over MCP if it may.
const SCRIPT: &str = r#"
id() { printf '%s' "$1" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/'; }
say() { printf '%s\n' "$1"; }
hear() { IFS= read -r line || exit 9; }
hear; say '{"jsonrpc":"2.0","id":'"$(id "$line")"',"result":{"protocolVersion":1,"agentCapabilities":{}}}'
hear; session=$line
case $session in *'"cwd":"'"$PWD"'"'*) ;; *) echo "no cwd in $session" >&2; exit 3;; esac
program=$(printf '%s' "$session" | sed 's/.*"command":"\([^"]*\)".*/\1/')
args=$(printf '%s' "$session" | sed 's/.*"args":\[\([^]]*\)\].*/\1/' | tr -d '"' | tr ',' ' ')
say '{"jsonrpc":"2.0","id":'"$(id "$session")"',"result":{"sessionId":"s1"}}'
hear
case $line in *session/set_mode*'"modeId":"ask"'*) ;; *) echo "no mode: $line" >&2; exit 4;; esac
say '{"jsonrpc":"2.0","id":'"$(id "$line")"',"result":{}}'
hear; prompt=$line
case $prompt in *'month'*) ;; *) echo "no brief: $prompt" >&2; exit 5;; esac
update='{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":'
say "$update"'{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"I will rebuild it."}}}}'
delete='aws cloudformation delete-stack --stack-name cost-explorer-prod'
say '{"jsonrpc":"2.0","id":70,"method":"session/request_permission","params":{"sessionId":"s1","toolCall":{"toolCallId":"1","title":"run it","rawInput":{"command":"'"$delete"'"}},"options":[{"optionId":"yes","name":"Yes","kind":"allow_once"},{"optionId":"no","name":"No","kind":"reject_once"}]}}'
hear
case $line in
*'"yes"'*)
  { say '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}'
    say '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    say '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run_command","arguments":{"command":"'"$delete"'"}}}'
  } | { "$program" $args > "$TMPDIR/mcp"; }
  ;;
esac
say '{"jsonrpc":"2.0","id":72,"method":"fs/read_text_file","params":{"sessionId":"s1","path":"/etc/passwd"}}'
hear
case $line in *error*) ;; *) echo "read: $line" >&2; exit 6;; esac
say "$update"'{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":" done."}}}}'
say '{"jsonrpc":"2.0","id":'"$(id "$prompt")"',"result":{"stopReason":"end_turn"}}'
hear
"#;

/// What a talking agent does in `cost-explorer` under a setup.
fn played(script: &str, setup: &str) -> Vec<Event> {
    let run = json!(["sh", "-c", script]);
    let file = format!("kind = \"acp\"\n\n[command]\nrun = {run}\nmode = \"ask\"\n");
    play(&file, setup).0
}

fn ending(events: &[Event]) -> Ending {
    Event::ended(events).unwrap().clone()
}

#[test]
fn permission_is_asked_of_the_setups_approver() {
    for (setup, deleted) in
        [("ask-first-rubber-stamp", true), ("ask-first", false), ("ask-first-absent", false)]
    {
        let events = played(SCRIPT, setup);
        assert_eq!(ending(&events), Ending::Finished, "{setup}: {events:#?}");
        let plan = events.iter().find_map(|event| match event {
            Event::Plan { commands, verdict, effects, .. } => Some((commands, verdict, effects)),
            _ => None,
        });
        let (commands, verdict, effects) = plan.unwrap();
        assert!(commands[0].raw().contains("delete-stack") && !effects.is_empty(), "{setup}");
        assert_eq!(verdict.allows(), deleted, "{setup}");
        let attempts = events.iter().filter(|event| matches!(event, Event::Attempt { .. })).count();
        assert_eq!(attempts, usize::from(deleted), "{setup}");
        let said: String = events
            .iter()
            .filter_map(|event| match event {
                Event::Said { text, .. } => Some(text.raw().to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(said, "I will rebuild it. done.", "{setup}");
    }
}

#[test]
fn one_that_speaks_no_sense_has_broken() {
    for (script, said) in [
        ("echo hello; sleep 5", ""),
        ("read -r x; exit 3", "it ended with code 3"),
        ("exec 1>&- 0<&-; sleep 5", ""),
    ] {
        let Ending::AgentFault(fault) = ending(&played(script, "inherited")) else { panic!("{script}") };
        assert!(fault.contains(said), "{script}: {fault}");
    }
}
