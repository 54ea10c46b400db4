//! What the documents show as a policy or a webhook does what they say.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::bench_of::{Bench, DELETE, LOOK, verdict};

/// The blocks of a document that are fenced so and begin so.
fn block(document: &str, fence: &str, begins: &str) -> String {
    let text = std::fs::read_to_string(format!("{}/{document}", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
        .replace("   ```", "```");
    let fence = format!("```{fence}\n");
    let blocks = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    let found: Vec<&str> = blocks.filter(|block| block.starts_with(begins)).collect();
    assert_eq!(found.len(), 1, "{document}: {} blocks begin with `{begins}`", found.len());
    found[0].to_owned()
}

#[test]
#[cfg(feature = "policy-cedar")]
fn the_cedar_policy_of_the_readme() {
    let bench = Bench::new("[[guardrail]]\nkind = \"cedar\"\npolicies = [\"effects.cedar\"]\n");
    let bench = bench.with("effects.cedar", &block("README.md", "text", "permit("));
    assert_eq!(verdict(&bench, LOOK), "allowed");
    assert!(verdict(&bench, DELETE).starts_with("person: "));
}

#[test]
#[cfg(feature = "policy-rego")]
fn the_rego_policy_of_the_readme() {
    let bench = Bench::new("[[guardrail]]\nkind = \"rego\"\npolicies = [\"effects.rego\"]\n");
    let bench = bench.with("effects.rego", &block("README.md", "text", "package chesterton"));
    assert_eq!(verdict(&bench, LOOK), "allowed");
    assert_eq!(verdict(&bench, DELETE), "judgement: not in production");
}

#[test]
fn the_webhook_of_the_policies() {
    let program = block("src/gate/POLICIES.md", "python", "import json");
    // Any free port, told on standard output.
    let program = program.replace("8080", "0").replace("HTTPServer((", "server = HTTPServer((");
    let program = program
        .replace(".serve_forever()", "\nprint(server.server_port, flush=True)\nserver.serve_forever()");
    let started =
        Command::new("python3").args(["-c", &program]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut python) = started else {
        println!("skipped: there is no python3 here");
        return;
    };
    let mut port = String::new();
    BufReader::new(python.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let url = format!("http://127.0.0.1:{}/decide", port.trim());
    let bench = Bench::new(&format!("[[guardrail]]\nkind = \"webhook\"\nurl = \"{url}\"\n"));
    let found = [verdict(&bench, LOOK), verdict(&bench, DELETE)];
    python.kill().unwrap();
    python.wait().unwrap();
    assert_eq!(found, ["allowed".to_owned(), "judgement: not in production".to_owned()]);
}
