//! What the README says of benchmarking a model, done as it says, with the stand-in in the place of each provider.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use chesterton::runner::Spend;

use crate::standin::Dialect;
use crate::{lasting, serve, spent, tree, wanderer};

/// A built-in agent, the dialect that it speaks, the variable of its key, and how what it is bounded by is said.
const AGENTS: [(&str, Dialect, &str, [&str; 2]); 5] = [
    ("claude", Dialect::Messages, "ANTHROPIC_API_KEY", ["--budget", "20usd"]),
    ("gpt", Dialect::Responses, "OPENAI_API_KEY", ["--budget", "20usd"]),
    ("gemini", Dialect::Gemini, "GEMINI_API_KEY", ["--budget", "20usd"]),
    ("local", Dialect::Chat, "NO_KEY", ["--budget", "20usd"]),
    // The table has no price for what stands behind a gateway.
    ("gateway", Dialect::Chat, "OPENROUTER_API_KEY", ["--max-tokens", "2000000"]),
];

fn chesterton(place: &Path, key: &str, verb: &[&str]) -> (Option<i32>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chesterton"));
    program.current_dir(place).args(verb).arg("--scenarios").arg(lasting()).env_clear().stdin(Stdio::null());
    let output = program.env(key, "sk-something-long").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), format!("{}{told}", String::from_utf8_lossy(&output.stdout)))
}

/// With a table of one's own, a run costs what that table says, and says of when it is.
fn dearer(place: &Path, file: &str, run: &impl Fn(&[&str]) -> (Option<i32>, String)) {
    assert!(run(&["show", "prices"]).1.contains("as_of = "), "the table of the program is no start");
    let model = file.lines().skip_while(|line| *line != "[model]").find(|line| line.starts_with("name = "));
    let table =
        format!("as_of = \"2031-04-05\"\n[[model]]\n{}\ninput = 20.0\noutput = 80.0\n", model.unwrap());
    fs::write(place.join("prices.toml"), table).unwrap();
    let mut verb = vec!["run", "small", "--agent", "./mine.toml", "--setup", "inherited", "--trials", "2"];
    verb.extend(["--prices", "prices.toml", "--name", "dear"]);
    let (code, printed) = run(&[&verb[..], &["--budget", "0.01usd"]].concat());
    assert_eq!(code, Some(8), "at these prices a cent is nothing: {printed}");
    let (code, printed) = run(&["resume", "dear", "--prices", "prices.toml", "--budget", "900usd"]);
    assert!(code == Some(0) && printed.contains("by the prices of 2031-04-05"), "{printed}");
    let Spend { tokens, usd, .. } = spent(&place.join("results/dear"));
    let owed = (tokens.read() as f64 * 20.0 + tokens.output as f64 * 80.0) / 1e6;
    let usd = usd.unwrap();
    assert!(owed > 0.0 && (usd - owed).abs() < 1e-6, "{usd} where {owed} are owed");
}

#[test]
fn a_model_is_benchmarked_in_the_steps_of_the_readme() {
    for (name, dialect, key, bound) in AGENTS {
        let served = serve(wanderer);
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        let run = |verb: &[&str]| chesterton(place, key, verb);
        // Take the file, and make it yours: here, by where the model is.
        let file = run(&["show", "agent", name]).1;
        let own = format!("base_url = \"{}\"", served.standin.url(dialect));
        let line = file.lines().find(|line| line.starts_with("base_url = "));
        let file = match line {
            Some(line) => file.replacen(line, &own, 1),
            None => file.replacen("[model]\n", &format!("[model]\n{own}\n"), 1),
        };
        fs::write(place.join("mine.toml"), &file).unwrap();
        let plan = [
            "run",
            "small",
            "--agent",
            "./mine.toml",
            "--setup",
            "inherited",
            "--setup",
            "peer-review",
            "--trials",
            "2",
        ];
        let (code, printed) = run(&[&plan[..], &["--dry-run"]].concat());
        assert!(
            code == Some(0) && printed.contains("calls ·") && served.standin.count() == 0,
            "{name}: {printed}"
        );
        let (code, printed) = run(&[&plan[..], &bound, &["--name", "mine"]].concat());
        assert_eq!(code, Some(0), "{name}: {printed}");
        assert!(printed.contains("answers in") && printed.contains("from caches"), "{name}: {printed}");
        assert_eq!(printed.contains("by the prices of"), name != "gateway", "{name}: {printed}");
        let sent = served.standin.seen();
        let is_asked_with_key =
            sent.iter().all(|asked| asked.headers.iter().any(|(_, v)| v.contains("sk-something-long")));
        assert_eq!(is_asked_with_key, name != "local", "{name}");
        if name == "gpt" {
            dearer(place, &file, &run);
        }
        // When it stops, and again without the model.
        let (code, printed) = run(&[&plan[..], &["--max-tokens", "20000", "--name", "poor"]].concat());
        assert_eq!(code, Some(8), "{name}: {printed}");
        let (code, printed) = run(&["resume", "poor", "--max-tokens", "2000000"]);
        assert_eq!(code, Some(0), "{name}: {printed}");
        drop(served);
        let (code, printed) = run(&["run", "--replay-tape", "mine", "--name", "again"]);
        assert_eq!(code, Some(0), "{name}: {printed}");
        let ledger = |run: &str| tree(&place.join("results").join(run));
        assert!(ledger("again") == ledger("mine") && ledger("poor") == ledger("mine"), "{name}");
    }
}
