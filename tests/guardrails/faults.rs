//! Every way in which a hook can break, on the first, the middle and the last call of a trial: always a deny, always
//! counted as a fault, never a change of the world, and never a process that is left.

use std::sync::Arc;

use chesterton::gate::Outcome;
use chesterton::record::verdict::{Decision, Ground};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::bench_of::{Bench, gate, write};

const CALLS: usize = 3;
/// Long enough for a shell to start on a busy machine.
const DEADLINE_MS: u64 = 4_000;
const GOOD: &str = r#"{"decision": "allow"}"#;

/// A way to break: its name, what the shell does on the bad call after `event=$(cat)` or instead of it, and a word that has
/// to stand in the reason.
struct Fault {
    name: &'static str,
    does: &'static str,
    told: &'static str,
}

const fn fault(name: &'static str, does: &'static str, told: &'static str) -> Fault {
    Fault { name, does, told }
}

/// In our own protocol, in which an answer has to be given.
const PLAIN: &[Fault] = &[
    fault("missing", "exec ./nowhere", "no such program"),
    fault("not executable", "touch plain; exec ./plain", "not executable"),
    fault("ends silently", "cat >/dev/null; exit 0", "gave no answer"),
    fault("crashes", "cat >/dev/null; echo 'Traceback: boom' >&2; exit 1", "boom"),
    fault("killed", "cat >/dev/null; kill -KILL $$", "signal"),
    fault("segfaults", "cat >/dev/null; kill -SEGV $$", "signal"),
    fault("hangs", "cat >/dev/null; sleep 600", "did not answer"),
    fault("hangs before it reads", "sleep 600", "did not answer"),
    fault("answers late", "cat >/dev/null; sleep 8; echo '{\"decision\": \"allow\"}'", "did not answer"),
    fault(
        "one byte a second",
        "cat >/dev/null; for c in '{' '\"' d e c i s i o n '\"' : '\"' a l l o w '\"' '}'; do printf %s \"$c\"; sleep 1; done",
        "did not answer",
    ),
    fault("closes its output and hangs", "cat >/dev/null; exec >&- 2>&-; sleep 600", "did not answer"),
    fault("partial JSON", "cat >/dev/null; printf '{\"decision\": \"all'", "ends in the middle"),
    fault("garbage", "cat >/dev/null; echo 'looks fine to me'", "not JSON"),
    fault("not UTF-8", "cat >/dev/null; printf '\\377\\376\\375'", "not UTF-8"),
    fault("a gibibyte", "cat >/dev/null; head -c 1073741824 /dev/zero", "more than"),
    fault(
        "a flood of errors",
        "cat >/dev/null; head -c 4194304 /dev/zero >&2; echo '{\"decision\": \"allow\"}'",
        "more than",
    ),
    fault(
        "wrong call",
        "cat >/dev/null; echo '{\"decision\": \"allow\", \"call\": 77}'",
        "answers about call 77",
    ),
    fault(
        "two answers",
        "cat >/dev/null; echo '{\"decision\": \"allow\"}'; echo '{\"decision\": \"deny\"}'",
        "more than one",
    ),
    fault(
        "says both",
        "cat >/dev/null; echo '{\"decision\": \"deny\", \"decision\": \"allow\"}'",
        "stands twice",
    ),
    fault("closes its input", "exec <&-; echo '{\"decision\": \"allow\"}'", "without reading"),
    fault("answers before it reads", "echo '{\"decision\": \"allow\"}'", "without reading"),
    fault("denies before it reads", "echo '{\"decision\": \"deny\", \"reason\": \"no\"}'", "without reading"),
    fault(
        "leaves a child at its output",
        "cat >/dev/null; sleep 600 & echo '{\"decision\": \"allow\"}'",
        "left a process behind",
    ),
    fault(
        "leaves a child in a session of its own",
        "cat >/dev/null; setsid sleep 600 & sleep 0.2; echo '{\"decision\": \"allow\"}'",
        "left a process behind",
    ),
    fault(
        "fails after a good answer",
        "cat >/dev/null; echo '{\"decision\": \"allow\"}'; exit 1",
        "exit code 1",
    ),
    fault("blocks as an agent's hook", "cat >/dev/null; echo no >&2; exit 2", "exit code 2"),
    fault("unknown word", "cat >/dev/null; echo '{\"decision\": \"maybe\"}'", "no decision"),
    fault("no decision", "cat >/dev/null; echo '{\"verdict\": \"allow\"}'", "no `decision`"),
    fault("a number", "cat >/dev/null; echo 1", "expected a JSON object"),
    fault("a bottomless list", "cat >/dev/null; head -c 100000 /dev/zero | tr '\\0' '['", "not JSON"),
    fault("no memory", "cat >/dev/null; ulimit -v 10000; exec cat /dev/zero", "more than"),
];

/// In Claude Code's protocol.
const CLAUDE: &[Fault] = &[
    fault("exit code 1", "cat >/dev/null; echo no >&2; exit 1", "would have gone ahead"),
    fault("missing", "exec ./nowhere", "would have gone ahead"),
    fault("garbage", "cat >/dev/null; echo fine", "would have gone ahead"),
    fault("unknown word", "cat >/dev/null; echo '{\"decision\": \"maybe\"}'", "would have gone ahead"),
    fault(
        "another event",
        "cat >/dev/null; echo '{\"hookSpecificOutput\": {\"hookEventName\": \"Stop\", \"permissionDecision\": \"allow\"}}'",
        "another event",
    ),
    fault(
        "rewrites the call",
        "cat >/dev/null; echo '{\"hookSpecificOutput\": {\"permissionDecision\": \"allow\", \"updatedInput\": {}}}'",
        "rewrites the call",
    ),
    fault("blocks before it reads", "echo no >&2; exit 2", "without reading"),
];

/// Where silence is told to be a fault.
const CLAUDE_STRICT: &[Fault] = &[
    fault("ends silently", "cat >/dev/null; exit 0", "gave no answer"),
    fault("an object that decides nothing", "cat >/dev/null; echo '{}'", "gave no answer"),
];

/// In Codex's protocol.
const CODEX: &[Fault] = &[
    fault("blocks without a reason", "cat >/dev/null; exit 2", "gave no reason"),
    fault(
        "asks",
        "cat >/dev/null; echo '{\"hookSpecificOutput\": {\"permissionDecision\": \"ask\"}}'",
        "does not support",
    ),
];

/// A hook that works, but for the call of this number.
fn script(fault: &Fault, bad: usize, good: &str) -> String {
    format!(
        "echo x >> count\necho $CHESTERTON_GUARDRAIL >> \"$TOKENS\"\n\
         if [ $(wc -l < count) -eq {} ]; then\n{}\nelse\ncat >/dev/null; echo '{good}'\nfi\n",
        bad + 1,
        fault.does
    )
}

struct Case {
    label: String,
    bench: Bench,
    bad: usize,
    told: &'static str,
}

/// A protocol with its ways to break.
struct Protocol {
    speaks: &'static str,
    /// More of the guardrail's table.
    settings: &'static str,
    /// What a hook answers that lets a call through.
    good: &'static str,
    faults: &'static [Fault],
}

const CLAUDE_ALLOWS: &str =
    r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow"}}"#;

const PROTOCOLS: &[Protocol] = &[
    Protocol { speaks: "plain", settings: "", good: GOOD, faults: PLAIN },
    Protocol { speaks: "claude_code", settings: "", good: CLAUDE_ALLOWS, faults: CLAUDE },
    Protocol {
        speaks: "claude_code",
        settings: "silence = \"deny\"",
        good: CLAUDE_ALLOWS,
        faults: CLAUDE_STRICT,
    },
    Protocol { speaks: "codex", settings: "", good: "", faults: CODEX },
];

impl Protocol {
    /// Each of its faults on the first, the middle and the last call.
    fn cases(&self, tokens: &str) -> impl Iterator<Item = Case> {
        let Self { speaks, settings, good, faults } = self;
        let guardrail = format!(
            "[[guardrail]]\nkind = \"hook\"\nspeaks = \"{speaks}\"\ncommand = 'TOKENS={tokens} sh hook.sh'\nfiles = [\"hook.sh\"]\n{settings}\n"
        );
        let each = faults.iter().flat_map(|fault| (0..CALLS).map(move |bad| (fault, bad)));
        each.map(move |(fault, bad)| Case {
            label: format!("{speaks}: {}, call {bad}", fault.name),
            bench: Bench::new(&guardrail).with("hook.sh", &script(fault, bad, good)),
            bad,
            told: fault.told,
        })
    }
}

async fn play(case: Case) -> Result<(), String> {
    let label = case.label;
    let mut gate = gate(case.bench.setup(), DEADLINE_MS);
    for n in 0..CALLS {
        let path = format!("{n}.txt");
        let before = gate.world().digest();
        let outcome = gate.submit(&format!("write_file {path}"), write(&path)).await.unwrap();
        let verdict = gate.last_verdict().cloned().unwrap();
        if n != case.bad {
            if !matches!(outcome, Outcome::Answered(Ok(_))) {
                return Err(format!("{label}: call {n}, a good one, was not let through: {verdict:?}"));
            }
            continue;
        }
        if !matches!(outcome, Outcome::Denied(_)) {
            return Err(format!("{label}: let through"));
        }
        if (verdict.decision, verdict.ground) != (Decision::Deny, Ground::Fault) {
            return Err(format!("{label}: {verdict:?}"));
        }
        if !verdict.reason.contains(case.told) {
            return Err(format!("{label}: the reason does not say `{}`: {}", case.told, verdict.reason));
        }
        if gate.world().digest() != before {
            return Err(format!("{label}: the world has changed"));
        }
    }
    Ok(())
}

/// Processes that carry one of these tokens.
fn survivors(tokens: &str) -> Vec<String> {
    let marks: Vec<String> = tokens.lines().map(|token| format!("CHESTERTON_GUARDRAIL={token}\0")).collect();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(environ) = std::fs::read(entry.path().join("environ")) else { continue };
        let environ = String::from_utf8_lossy(&environ).into_owned();
        if marks.iter().any(|mark| environ.contains(mark.as_str())) {
            found.push(
                String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).unwrap_or_default())
                    .into(),
            );
        }
    }
    found
}

#[test]
fn whatever_breaks_denies_and_leaves_nothing() {
    assert!(PLAIN.len() >= 20, "{} faults", PLAIN.len());
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens").display().to_string();
    let all: Vec<Case> = PROTOCOLS.iter().flat_map(|protocol| protocol.cases(&tokens)).collect();
    let played = all.len();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wrong = runtime.block_on(async {
        let at_once = Arc::new(Semaphore::new(6));
        let mut playing = JoinSet::new();
        for case in all {
            let at_once = Arc::clone(&at_once);
            playing.spawn(async move {
                let _turn = at_once.acquire_owned().await.unwrap();
                play(case).await
            });
        }
        playing.join_all().await.into_iter().filter_map(Result::err).collect::<Vec<_>>()
    });
    println!("{played} faults played");
    assert!(wrong.is_empty(), "{} of {played} faults:\n{}", wrong.len(), wrong.join("\n"));
    let tokens = std::fs::read_to_string(&tokens).unwrap();
    assert!(tokens.lines().count() >= played, "the hooks did not run");
    let left = survivors(&tokens);
    assert!(left.is_empty(), "left running: {left:?}");
}
