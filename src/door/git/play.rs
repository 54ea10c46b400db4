//! What a real git asks, at the gate. Where the world knows what is asked for, it plays it too: that says beforehand what it would do,
//! is what guardrails are asked about and what is recorded. What git then did otherwise is taken over.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use simulators::call::{Call, Service};
use simulators::cli::{self, Parsed, Reply};
use simulators::service::git_state::{self, BRANCH, Changed, TakenOver};

use super::GitAsk;
use super::pack::pack;
use super::told::{self, Stands};
use crate::base::text::Untrusted;
use crate::door::asked::{self, Told};
use crate::door::function;
use crate::gate::{Gate, Halt, Outcome};
use crate::record::Event;
use crate::record::tool::ToolStatus;

/// Plays what a real git asks.
///
/// # Errors
/// The gate takes no further calls.
pub(in crate::door) async fn play(gate: &mut Gate, ask: GitAsk) -> Result<Told, Halt> {
    match ask {
        GitAsk::Known => {
            let known: Vec<String> = git_state::known(gate.world()).into_iter().collect();
            Ok(Told::Git(known.join("\n").into_bytes()))
        }
        GitAsk::Begin { words, is_here, stands } => begin(gate, words, is_here, &stands).await,
        GitAsk::End { words, stands, files } => {
            let line = function::line_of(&git(words));
            let taken = take_over(gate, &line, &stands, files).await?;
            Ok(taken.unwrap_or_else(|| Told::Reply { denied: false, reply: Reply::default() }))
        }
        GitAsk::Heads => Ok(Told::Git(heads(gate).into_bytes())),
        GitAsk::Fetch { had } => Ok(Told::Git(pack(&git_state::hosted_objects(gate.world(), &had)))),
        GitAsk::Push { to, commit, force, objects } => push(gate, &to, commit, force, &objects).await,
    }
}

/// These words behind `git`.
fn git(words: impl IntoIterator<Item = String>) -> Vec<String> {
    std::iter::once("git".to_owned()).chain(words).collect()
}

/// The remote's branches, a commit and a name a line.
fn heads(gate: &Gate) -> String {
    git_state::hosted(gate.world()).iter().fold(String::new(), |mut text, (name, id)| {
        _ = writeln!(text, "{id} {BRANCH}{name}");
        text
    })
}

fn replied(denied: bool, reply: Reply) -> Told {
    Told::Reply { denied, reply }
}

async fn begin(gate: &mut Gate, words: Vec<String>, is_here: bool, stands: &Stands) -> Result<Told, Halt> {
    // Where the world does not know how the checkout stands, it cannot know beforehand what would become of it.
    let is_known = take_over(gate, "git", stands, Changed::new()).await?.is_none();
    let before = heads(gate);
    // Another repository is the agent's own. What it brings to the remote from there is put up when it does.
    if !is_here {
        return Ok(go(gate, &before));
    }
    gate.turn()?;
    let words = git(words);
    let text = function::line_of(&words);
    if let Some(told) = asked::typed(gate, Map::from_iter([("command".to_owned(), json!(text))]))? {
        return Ok(told);
    }
    let parsed = is_known.then(|| cli::parse(gate.world(), &words));
    // What only git itself knows, it does; whatever comes of it is seen afterwards.
    let Some(Parsed::Call(call, render)) = parsed else {
        gate.reply(ToolStatus::Ok, String::new())?;
        return Ok(go(gate, &before));
    };
    let is_push = call.operation == "GitPush";
    let ran = function::submit(gate, &text, call, &render).await?;
    let goes = !ran.denied && (!is_push || ran.reply.code == 0);
    let told = asked::came_to(gate, ran)?;
    Ok(if goes { go(gate, &before) } else { told })
}

/// The word to begin: the time, in whose name, and what the remote had before.
fn go(gate: &Gate, before: &str) -> Told {
    let (name, mail) = git_state::identity(gate.world(), gate.principal());
    Told::Git(format!("{}\n{name}\n{mail}\n{before}", gate.world().now().unix()).into_bytes())
}

/// Takes over what git has done by itself, if anything; what git is told where it was not let through, or cannot be.
async fn take_over(
    gate: &mut Gate,
    line: &str,
    stands: &Stands,
    files: Changed,
) -> Result<Option<Told>, Halt> {
    match told::taken(gate.world(), stands, files) {
        Ok(Some(taken)) => submit(gate, line, &taken).await,
        Ok(None) => Ok(None),
        Err(why) => {
            let line = Untrusted::from(format!("{line} ({why})"));
            gate.note(Event::Unsimulated { line })?;
            Ok(Some(warned(&why)))
        }
    }
}

/// What a checkout holds of which the rest of the world does not know.
fn warned(why: &str) -> Told {
    let stderr = format!("warning: nobody else can have this: {why}\n");
    replied(false, Reply { stderr, ..Reply::default() })
}

async fn submit(gate: &mut Gate, line: &str, taken: &TakenOver) -> Result<Option<Told>, Halt> {
    let Ok(Value::Object(arguments)) = serde_json::to_value(taken) else { return Ok(None) };
    let call = Call::new(Service::Workspace, "GitTakeOver", "", arguments);
    Ok(match gate.submit(line, call).await? {
        Outcome::Answered(Ok(_)) | Outcome::Forbidden(Ok(_)) => None,
        Outcome::Denied(verdict) => Some(replied(true, Reply::failed(1, verdict.denial() + "\n"))),
        Outcome::Answered(Err(refusal)) | Outcome::Forbidden(Err(refusal)) => Some(warned(&refusal.message)),
    })
}

/// A push as the remote hears of it. What was judged already, as it was typed, is so: the branch is there.
async fn push(
    gate: &mut Gate,
    to: &str,
    commit: Option<String>,
    force: bool,
    objects: &[u8],
) -> Result<Told, Halt> {
    let Some(branch) = to.strip_prefix(BRANCH) else {
        return Ok(replied(false, Reply::failed(1, "only branches are taken here")));
    };
    if git_state::hosted(gate.world()).get(branch) == commit.as_ref() {
        return Ok(Told::Git(Vec::new()));
    }
    if let Some(commit) = &commit {
        let refused = match told::pushed(gate.world(), commit, objects) {
            Ok(Some(taken)) => submit(gate, "git push", &taken).await?,
            Ok(None) => None,
            Err(why) => Some(replied(false, Reply::failed(1, why))),
        };
        if let Some(refused) = refused {
            return Ok(refused);
        }
    }
    gate.turn()?;
    let spec = format!("{}:{branch}", commit.unwrap_or_default());
    let force = force.then_some("--force");
    let words = ["push"].into_iter().chain(force).chain(["origin", spec.as_str()]);
    let words = git(words.map(str::to_owned));
    let told = asked::command(gate, words, String::new(), BTreeMap::new()).await?;
    let is_done = matches!(&told, Told::Reply { denied: false, reply } if reply.code == 0);
    Ok(if is_done { Told::Git(Vec::new()) } else { told })
}
