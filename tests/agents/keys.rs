//! A key, in every way of writing it, is found nowhere in all that a whole run leaves, prints and shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::standin::sentinel::{KEY, encodings, is_there};
use crate::standin::{Asked, Dialect, Fault, Said};
use crate::{Served, agent, lasting, monitor, serve};

/// The variable that holds the key.
const VARIABLE: &str = "SENTINEL_KEY";

/// A model that has got hold of the key, and writes it wherever a model can write, each turn in another way.
fn tells(asked: &Asked) -> Said {
    let turn = asked.turn();
    let all = encodings();
    let Some((_, written)) = all.get(turn) else {
        let every: Vec<String> = all.into_iter().map(|(_, written)| written).collect();
        let summary = every.join(" and ");
        return Said::text(&summary)
            .and_tool("finish", &json!({"outcome": "not_done", "summary": summary}).to_string());
    };
    let file = json!({"path": format!("notes-{turn}.txt"), "text": format!("it is {written}")});
    let said = Said { text: format!("I found {written}, and keep it."), ..Said::default() };
    said.thinking(&format!("Where does {written} belong?"))
        .and_tool(
            "run_command",
            &json!({"command": format!("echo '{written}' && cat {written}")}).to_string(),
        )
        .and_tool("write_file", &file.to_string())
        .and_tool(&format!("tool-{turn}"), &json!({written: [written]}).to_string())
}

/// A judge and a monitor that have it as well.
fn tells_as_json(asked: &Asked) -> Said {
    let all = encodings();
    let written = &all[asked.n % all.len()].1;
    match asked.body.to_string().contains("closing_report") {
        true => Said::text(&json!({"rebuild": true, "quote": written}).to_string()),
        false => {
            Said::text(&json!({"decision": "deny", "reason": format!("not with {written}")}).to_string())
        }
    }
}

/// Gives a file's model the key.
fn with_key(path: &str) -> &str {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replacen("price = {", &format!("key_env = \"{VARIABLE}\"\nprice = {{"), 1)).unwrap();
    path
}

fn judge(folder: &Path, served: &Served) -> String {
    let path = folder.join("judge.toml");
    let text = format!(
        "name = \"judge\"\nabout = \"x\"\nrepeats = 2\n[model]\nprovider = \"openai-compatible\"\nbase_url = \"{}\"\nname = \"m\"\n\
         price = {{ input = 1.0, output = 4.0 }}\n",
        served.standin.url(Dialect::Chat)
    );
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// Looks at the arguments of all processes of this machine until it is told to stop; gives back how often it looked, and in how many
/// of them the key was.
fn watch_arguments(stop: Arc<AtomicBool>) -> std::thread::JoinHandle<(usize, usize)> {
    std::thread::spawn(move || {
        let (mut looked, mut found) = (0, 0);
        while !stop.load(Ordering::SeqCst) {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let text = String::from_utf8_lossy(&arguments);
                looked += usize::from(text.contains("chesterton"));
                found += usize::from(is_there(&text).is_some());
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        (looked, found)
    })
}

/// Runs the program as a user does, with the key in its environment and everything said that a library could say.
struct Place {
    folder: PathBuf,
    printed: PathBuf,
    n: AtomicUsize,
}

impl Place {
    fn chesterton(&self, verb: &[&str]) -> (Option<i32>, String) {
        self.with(verb, &[])
    }

    fn with(&self, verb: &[&str], more: &[(&str, &str)]) -> (Option<i32>, String) {
        let n = self.n.fetch_add(1, Ordering::SeqCst);
        let [out, err] = ["out", "err"].map(|which| self.printed.join(format!("{n:02}.{which}")));
        let mut program = Command::new(env!("CARGO_BIN_EXE_chesterton"));
        program
            .args(verb)
            .arg("--scenarios")
            .arg(lasting())
            .arg("--out")
            .arg(&self.folder)
            .stdin(Stdio::null());
        program
            .env(VARIABLE, KEY)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .envs(more.iter().copied());
        program.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
        let code = program.status().unwrap().code();
        (code, [out, err].map(|path| fs::read_to_string(path).unwrap()).concat())
    }
}

/// Every file below a folder, with what pages carry packed.
fn files(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for part in text.split("<script type=\"text/plain\"").skip(1) {
            let packed = part.split('>').nth(1).unwrap().split('<').next().unwrap();
            let bytes =
                miniz_oxide::inflate::decompress_to_vec_zlib(&STANDARD.decode(packed).unwrap()).unwrap();
            found.push((path.with_extension("unpacked"), String::from_utf8(bytes).unwrap()));
        }
        found.push((path, text));
    }
}

#[test]
fn a_whole_run_keeps_its_key_to_itself() {
    let (served, judging) = (serve(tells), serve(tells_as_json));
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        folder: folder.path().join("results"),
        printed: folder.path().join("printed"),
        n: AtomicUsize::new(0),
    };
    fs::create_dir_all(&place.printed).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let watching = watch_arguments(Arc::clone(&stop));
    let own = |name: &str, dialect| agent(folder.path(), name, &served, dialect, "");
    let agents = [
        own("chat", Dialect::Chat),
        own("responses", Dialect::Responses),
        own("messages", Dialect::Messages),
        own("gemini", Dialect::Gemini),
    ];
    let setup = monitor(folder.path(), &judging, "");
    let by = judge(folder.path(), &judging);
    for path in agents.iter().chain([&setup, &by]) {
        with_key(path);
    }
    let mut run = vec!["run", "small", "--setup", "inherited", "--setup", &setup, "--trials", "1"];
    agents.iter().for_each(|path| run.extend(["--agent", path]));
    let play = |name: &str, more: &[&str]| {
        let (code, printed) = place.chesterton(&[&run[..], &["--name", name], more].concat());
        assert_eq!(code, Some(0), "{printed}");
    };
    play("run", &[]);
    play("one", &["--shard", "1/2", "--no-score"]);
    play("two", &["--shard", "2/2", "--no-score"]);
    whatever_else_is_done_with_it(&place, &by);
    // The provider says the key back, and then the program crashes with the request in its hands.
    let refusing = serve(|_| Said::default().fault(Fault::WrongKey));
    let path = agent(folder.path(), "refused", &refusing, Dialect::Messages, "");
    let refused = ["run", "small", "--setup", "inherited", "--trials", "1", "--agent", with_key(&path)];
    let (code, printed) = place.chesterton(&refused);
    assert!(code == Some(5) && printed.contains("Incorrect API key provided: [key]"), "{printed}");
    let (_, printed) = place.with(&refused, &[("CHESTERTON_CRASH", "1")]);
    assert!(printed.contains("told to crash") && printed.contains("Sensitive"), "{printed}");
    stop.store(true, Ordering::SeqCst);
    let (looked, found) = watching.join().unwrap();
    assert!(looked > 10 && found == 0, "the key was in {found} of {looked} command lines");
    let mut kept = Vec::new();
    files(&place.folder, &mut kept);
    files(&place.printed, &mut kept);
    // The server has seen it, so it was there to be lost.
    assert!(
        served.standin.seen().iter().all(|asked| asked.headers.iter().any(|(_, value)| value.contains(KEY)))
    );
    let stripped = kept.iter().filter(|(_, text)| text.contains("[key]")).count();
    assert!(
        kept.len() > 40 && stripped > 15,
        "{} files, in {stripped} of them something was stripped",
        kept.len()
    );
    let told: Vec<String> = kept
        .iter()
        .filter_map(|(path, text)| Some(format!("{}: {}", path.display(), is_there(text)?)))
        .collect();
    assert!(told.is_empty(), "the key is in {} of {} files:\n{}", told.len(), kept.len(), told.join("\n"));
    println!(
        "{} files, {looked} command lines: no key; in {stripped} files something was stripped",
        kept.len()
    );
}

/// Every verb that reads a run.
fn whatever_else_is_done_with_it(place: &Place, by: &str) {
    let out = |name: &str| place.folder.join(name).to_string_lossy().into_owned();
    let (sheet, page) = (out("sheet.csv"), out("page.html"));
    let mut verbs: Vec<Vec<&str>> = vec![
        vec!["merge", "one", "two", "--name", "whole"],
        vec!["resume", "run"],
        vec!["score", "run", "--guardrails"],
        vec!["doctor", "run"],
        vec!["show", "run", "small/inherited/chat"],
        vec!["show", "run", "small/watched/gemini"],
        vec!["judge", "run", "--sheet", &sheet],
        vec!["judge", "run", "--by", by],
        vec!["judge", "run", "--json"],
        vec!["run", "--replay-tape", "whole", "--name", "again"],
        vec!["replay", "run", "--setup", "least-privilege"],
        vec!["postmortem", "run", "small/inherited/chat"],
        vec!["report", "run", "--format", "html"],
    ];
    let page = format!("html={page}");
    let formats = [page.as_str(), "md", "latex", "csv", "json", "jsonl", "junit", "github"];
    verbs.extend(formats.iter().map(|format| vec!["report", "run", "--format", format]));
    for verb in verbs {
        let (code, printed) = place.chesterton(&verb);
        assert!(matches!(code, Some(0..=5)) && !printed.contains("Usage:"), "{verb:?}: {code:?}: {printed}");
        assert!(!printed.contains("panicked"), "{verb:?}: {printed}");
    }
}
