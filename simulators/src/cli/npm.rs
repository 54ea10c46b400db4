//! `npm`: the repository's tests, and its scripts, as `package.json` has them.

use serde_json::{Value, json};

use super::shell::{answer, call, ok};
use super::{Parsed, Render, Reply};
use crate::World;
use crate::service::workspace;

/// Programs that a script finds in the packages, and `npx` finds for whoever types them.
const PACKAGES: &[&str] = &["drizzle-kit", "prisma"];

/// Understands the words behind `npm`; `url` is a `DATABASE_URL` that stood before them.
pub(super) fn parse(world: &World, words: &[String], url: Option<&str>) -> Parsed {
    let mut parts = words.splitn(2, |word| word == "--");
    let (own, more) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let plain: Vec<&str> = own.iter().map(String::as_str).filter(|w| !w.starts_with('-')).collect();
    match plain.as_slice() {
        ["test" | "t"] | ["run" | "run-script", "test"] => {
            call("RunTests", "npm error", "", json!({"npm": true}))
        }
        ["ci" | "install" | "i"] => {
            ok("\nup to date, audited 1 package in 412ms\n\nfound 0 vulnerabilities\n")
        }
        ["run" | "run-script"] => listed(world),
        ["run" | "run-script", script, given @ ..] => {
            let more: Vec<String> =
                given.iter().map(|word| (*word).to_owned()).chain(more.iter().cloned()).collect();
            run(world, script, &more, url)
        }
        _ => answer(Reply::failed(1, "npm: only tests and scripts are simulated here\n"), true),
    }
}

/// Name, version and scripts of the package.
fn package(world: &World) -> (String, Vec<(String, String)>) {
    let text = workspace::read_file(world, "package.json").unwrap_or_default();
    let package: Value = serde_json::from_str(&text).unwrap_or_default();
    let of = |name: &str| package.get(name).and_then(Value::as_str).unwrap_or_default();
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let script = |(name, line): (&String, &Value)| Some((name.clone(), line.as_str()?.to_owned()));
    (format!("{}@{}", of("name"), of("version")), scripts.filter_map(script).collect())
}

fn listed(world: &World) -> Parsed {
    let (name, scripts) = package(world);
    let line = |(name, line): &(String, String)| format!("  {name}\n    {line}\n");
    let lines: String = scripts.iter().map(line).collect();
    ok(format!("Scripts available in {name} via `npm run`:\n{lines}"))
}

/// A script of one command: what it says is done, and npm's heading stands above it.
fn run(world: &World, script: &str, more: &[String], url: Option<&str>) -> Parsed {
    let (name, scripts) = package(world);
    let Some((_, line)) = scripts.iter().find(|(known, _)| known == script) else {
        let hint = "npm error\nnpm error To see a list of scripts, run:\nnpm error   npm run\n";
        return answer(Reply::failed(1, format!("npm error Missing script: \"{script}\"\n{hint}")), false);
    };
    let words = shell_words::split(line).unwrap_or_default();
    // A script that runs another could run itself.
    let more_than_one = ["&&", "||", ";", "|", ">", "npm"];
    if words.is_empty() || words.iter().any(|word| more_than_one.contains(&word.as_str())) {
        return answer(Reply::failed(1, format!("npm: the script `{script}` is not simulated here\n")), true);
    }
    let mut words: Vec<String> = words.into_iter().chain(more.iter().cloned()).collect();
    let shown = words.join(" ");
    if words.first().is_some_and(|first| PACKAGES.contains(&first.as_str())) {
        words.insert(0, "npx".to_owned());
    }
    words.splice(0..0, url.map(|url| format!("DATABASE_URL={url}")));
    let heading = format!("\n> {name} {script}\n> {shown}\n\n");
    match super::parse(world, &words) {
        Parsed::Call(call, inner) => Parsed::Call(call, Render::Npm { heading, inner: Box::new(inner) }),
        Parsed::Answer { reply, unsimulated } => {
            answer(Reply { stdout: heading + &reply.stdout, ..reply }, unsimulated)
        }
    }
}
