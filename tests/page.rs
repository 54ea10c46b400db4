//! Pages, opened in a browser: nothing is loaded, nothing is complained about, everybody can read them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

#[path = "page/browser.rs"]
mod browser;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use browser::Browser;
use chesterton::base::digest;
use chesterton::baseline::{Baseline, Gathering, Policy, compare};
use chesterton::ledger::RunFolder;
use chesterton::record::plan::Plan;
use chesterton::report::html::{self, Stories};
use chesterton::report::{Gathered, Options, Sheet};
use chesterton::score::{Class, Marks, Scored, score_run};

const CHECKS: &str = include_str!("page/checks.js");

/// The browser, or a word on why nothing is tried.
fn browser() -> Option<Browser> {
    match browser::chromium() {
        Some(path) => Some(Browser::start(&path)),
        None => {
            println!("skipped: there is no Chromium on this machine (Debian: apt install chromium)");
            None
        }
    }
}

/// A run that was really played, with its marks: a fix, the incident, one that gets round, one that lies.
struct Played {
    folder: tempfile::TempDir,
    marks: Vec<Marks>,
    scored: Scored,
}

fn played() -> &'static Played {
    static PLAYED: OnceLock<Played> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let scenarios = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut command = Command::new(env!("CARGO_BIN_EXE_chesterton"));
        command.current_dir(folder.path()).args(["run", "--trials", "1", "--name", "played", "--no-score"]);
        for agent in ["fix", "incident", "detour", "denier", "refuse"] {
            command.args(["--agent", agent]);
        }
        for setup in ["inherited", "peer-review", "ask-first-rubber-stamp", "least-privilege"] {
            command.args(["--setup", setup]);
        }
        let output = command.arg("--scenarios").arg(scenarios).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut marks = Vec::new();
        let scored = score_run(&run(&folder), |m| marks.push(m)).unwrap();
        marks.sort_by(|a, b| (&a.scenario, &a.setup, &a.agent).cmp(&(&b.scenario, &b.setup, &b.agent)));
        Played { folder, marks, scored }
    })
}

fn run(folder: &tempfile::TempDir) -> RunFolder {
    RunFolder::open(&folder.path().join("results/played"))
}

/// The sheet of a run of `n` trials: those that were played, again and again under further seeds.
fn sheet_of(n: usize) -> Sheet {
    let played = played();
    let per_cell = u32::try_from(n.div_ceil(played.marks.len())).unwrap();
    let plan = Plan { trials_per_cell: per_cell, ..played.scored.plan.clone() };
    let mut gathered = Gathered::of(&plan);
    for at in 0..n {
        let mut marks = played.marks[at % played.marks.len()].clone();
        marks.index = u32::try_from(at / played.marks.len()).unwrap();
        marks.seed += u64::from(marks.index);
        if marks.index > 0 {
            marks.trial = digest::of(&at.to_le_bytes()).chars().take(32).collect();
        }
        gathered.add(&marks);
    }
    let scored = Scored { plan, judged: n, ..played.scored.clone() };
    gathered.sheet(&scored, &Options::default()).unwrap()
}

fn page_of(sheet: &Sheet) -> String {
    page_with(sheet, &Stories::read(&played().scored.index, sheet).unwrap())
}

fn page_with(sheet: &Sheet, stories: &Stories) -> String {
    let mut page = Vec::new();
    html::write(sheet, stories, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// The run as a baseline.
fn accepted() -> Baseline {
    let mut outcomes = Gathering::default();
    let scored = score_run(&run(&played().folder), |marks| outcomes.add(&marks)).unwrap();
    Baseline::of(&scored, outcomes)
}

fn put(folder: &Path, name: &str, page: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, page).unwrap();
    path
}

/// Pictures for people, where somebody wants them.
fn picture(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("CHESTERTON_PICTURES") {
        browser.picture(&Path::new(&folder).join(format!("{name}.png")));
    }
}

const OPEN_THE_FIRST: &str = "(async () => {
  document.getElementById('trials').scrollIntoView();
  const until = async what => { for (let i = 0; i < 200 && !what(); i++) await new Promise(r => setTimeout(r, 25)); return what(); };
  if (!await until(() => document.querySelector('#list summary'))) return 'no trials';
  document.querySelector('#list summary').click();
  if (!await until(() => document.querySelector('#list .log dd.call'))) return 'no transcript';
  return 'open';
})()";

#[test]
fn a_page_of_any_size_opens_and_everybody_can_read_it() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    for n in [10, 1_000, 10_000] {
        let sheet = sheet_of(n);
        let watch = Instant::now();
        let page = page_of(&sheet);
        let made = watch.elapsed();
        let file = put(folder.path(), &format!("{n}.html"), &page);
        browser.look("light", 1280, 900);
        browser.open(&file);
        let paint = browser.eval(
            "new Promise(r => { const seen = () => { const p = performance.getEntriesByName('first-contentful-paint')[0]; \
             p ? r(Math.round(p.startTime)) : setTimeout(seen, 20); }; seen(); })",
        );
        println!(
            "{n} trials: {} KiB, first paint after {paint} ms, made in {} ms",
            page.len() / 1024,
            made.as_millis()
        );
        assert_eq!(browser.eval(OPEN_THE_FIRST), "open", "{n} trials");
        for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)] {
            browser.look(scheme, width, 844);
            let wrong = browser.eval(CHECKS);
            assert_eq!(wrong, serde_json::json!([]), "{n} trials, {scheme}, {width} wide");
            picture(&mut browser, &format!("page-{n}-{scheme}-{width}"));
        }
        assert_eq!(browser.complaints(), Vec::<String>::new());
        assert_eq!(browser.requests(&file), Vec::<String>::new());
        assert!(page.len() < 12 * 1024 * 1024, "{} bytes", page.len());
    }
}

#[test]
fn trials_are_found_by_their_cell() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = put(folder.path(), "page.html", &page_of(&sheet_of(400)));
    browser.open(&file);
    let found = browser.eval(
        "(async () => {
           document.querySelector('.heat a[data-setup=\"least-privilege\"][data-agent=detour]').click();
           const list = () => [...document.querySelectorAll('#list .where')].map(e => e.textContent);
           for (let i = 0; i < 200 && !list().length; i++) await new Promise(r => setTimeout(r, 25));
           return list();
         })()",
    );
    let found = found.as_array().unwrap().clone();
    assert_eq!(found.len(), 10, "{found:?}");
    let of_cell = |path: &serde_json::Value| {
        path.as_str().unwrap().starts_with("cost-explorer/least-privilege/detour/")
    };
    assert!(found.iter().all(of_cell), "{found:?}");
    assert!(browser.print().len() > 10_000, "it prints nothing");
}

/// A gap in the policy, or an escape forgotten, would let this be seen.
const HOSTILE: &str = "\"'><img src=x onerror=hit=1><script>hit=1</script></script><b>&lt;\u{202e}{{7*7}}";

#[test]
fn what_an_agent_wrote_stays_text() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut trees = Vec::new();
    for name in ["harmless", HOSTILE] {
        let mut sheet = sheet_of(40);
        for line in &mut sheet.lines {
            line.agent = name.into();
            line.scenario = name.into();
        }
        for scenario in &mut sheet.scenarios {
            scenario.name = name.into();
            scenario.agents.iter_mut().for_each(|agent| agent.name = name.into());
            if let Some(incident) = &mut scenario.incident {
                incident.title = name.into();
                incident.source.iter_mut().for_each(|source| source.title = name.into());
            }
        }
        let file = put(folder.path(), "page.html", &page_of(&sheet));
        browser.open(&file);
        assert_eq!(browser.eval(OPEN_THE_FIRST), "open");
        assert_eq!(browser.eval("typeof hit"), "undefined");
        assert_eq!(browser.complaints(), Vec::<String>::new());
        trees.push(browser.eval("[...document.querySelectorAll('*')].map(e => e.tagName).join(' ')"));
    }
    assert!(trees[0] == trees[1], "hostile names change the elements of the page");
}

/// The policy is what keeps a page quiet even if something slipped in: a foreign script does not run.
#[test]
fn a_script_that_is_not_ours_does_not_run() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page_of(&sheet_of(10))
        .replace("</main>", "<script>hit=1</script><img src='https://a.example/x'></main>");
    let file = put(folder.path(), "page.html", &page);
    browser.open(&file);
    assert_eq!(browser.eval("typeof hit"), "undefined");
    assert!(!browser.complaints().is_empty(), "nobody says that something was blocked");
}

/// The checks see what they look for: a page without language, with pale text, a field without a label, something loaded.
#[test]
fn a_worse_page_is_found_out() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let policy = regex_lite::Regex::new("<meta http-equiv=\"Content-Security-Policy\"[^>]*>").unwrap();
    let page = page_of(&sheet_of(10));
    let worse = policy.replace(&page, "");
    let worse = worse.replace(" lang=\"en\"", "").replace("--soft:#59626d", "--soft:#c9ced4");
    let worse = worse.replace("</main>", "<input><img src='https://a.example/x'></main>");
    let file = put(folder.path(), "page.html", &worse);
    browser.look("light", 1280, 900);
    browser.open(&file);
    let wrong = browser.eval(CHECKS).to_string();
    for found in ["no language", "contrast 1.", "no label"] {
        assert!(wrong.contains(found), "`{found}` is not found: {wrong}");
    }
    assert_eq!(browser.requests(&file), ["https://a.example/x"]);
}

/// The page's text down to the incident, which has words of its own: what it says and in which order.
#[test]
fn the_page_says_this() {
    let page = page_of(&sheet_of(40));
    let body = page.split("<body>").nth(1).unwrap().split("<section id=\"incident\">").next().unwrap();
    let tags = regex_lite::Regex::new(r"(?s)<(svg|select)\b.*?</(svg|select)>|<[^>]*>").unwrap();
    let text = tags.replace_all(body, "\n").replace("&#38;", "&").replace("&#39;", "'");
    let digest = regex_lite::Regex::new(r"\b[0-9a-f]{12,64}\b").unwrap();
    let text = digest.replace_all(&text, "DIGEST");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    insta::assert_snapshot!("page", lines.join("\n"));
}

/// The command writes the page, the same bytes each time, and compares it with what it is told to.
#[test]
fn the_command_writes_the_page() {
    let folder = &played().folder;
    let write = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
            .current_dir(folder.path())
            .args(["report", "played", "--format", "html=page.html"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(folder.path().join("page.html")).unwrap()
    };
    let page = write(&[]);
    assert!(page.starts_with("<!doctype html>") && page.contains("No baseline") && page == write(&[]));
    assert!(write(&["--baseline", "played"]).contains("Of cells on both sides"));
}

/// `--open` writes the page into the run's folder and hands it to whatever opens files here.
#[test]
fn the_page_is_opened_where_asked() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, tools) = (&played().folder, tempfile::tempdir().unwrap());
    let (opener, opened) = (tools.path().join("xdg-open"), tools.path().join("opened"));
    let to = opened.display();
    fs::write(&opener, format!("#!/bin/sh\nprintf %s \"$1\" > {to}.half && mv {to}.half {to}\n")).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .current_dir(folder.path())
        .args(["report", "played", "--open"])
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // It is not waited for.
    let told = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(25));
        fs::read_to_string(&opened).ok()
    });
    let page = folder.path().join(told.expect("nothing was opened"));
    assert!(page.ends_with("played/report.html"), "{}", page.display());
    assert!(fs::read_to_string(page).unwrap().starts_with("<!doctype html>"));
}

/// A run beside itself, and beside itself with one cell in which everything was lost.
#[test]
fn the_page_says_what_changed() {
    let old = accepted();
    let compared = |new: &Baseline| {
        let comparison = Some(compare(&old, new, &Policy::default()));
        page_with(&Sheet { comparison, ..sheet_of(40) }, &Stories::default())
    };
    let page = compared(&old);
    assert!(
        page.contains("of cells on both sides") || page.contains("Of cells on both sides"),
        "no count of cells"
    );
    assert!(!page.contains("permanent harm)"), "something moved in a run beside itself");
    let mut new = old.clone();
    let cell =
        new.cells.keys().find(|k| k.agent == "fix".into() && k.setup == "inherited".into()).unwrap().clone();
    for seeds in new.cells.get_mut(&cell).unwrap().outcomes.values_mut() {
        seeds.values_mut().flatten().for_each(|outcome| outcome.class = Class::PermanentHarm);
    }
    let page = compared(&new);
    let moved = "fix under inherited on cost-explorer";
    assert!(page.contains(moved) && page.contains("1 safe fix → permanent harm"), "the flip is not told");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert!(page_of(&sheet_of(40)) == page_of(&sheet_of(40)));
}

/// Every trial with harm has its document, and it says what the record says.
#[test]
fn a_postmortem_tells_what_happened() {
    let folder = &played().folder;
    let write = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
            .current_dir(folder.path())
            .args(["postmortem", "played"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let digest = regex_lite::Regex::new(r"\b[0-9a-f]{32}\b").unwrap();
    for (name, trial) in [
        ("incident", "cost-explorer/inherited/incident"),
        ("got_round", "cost-explorer/least-privilege/detour"),
        ("averted", "cost-explorer/peer-review/denier"),
        ("denied_it", "cost-explorer/inherited/denier"),
    ] {
        let (code, text, error) = write(&[trial]);
        assert_eq!(code, 0, "{error}");
        insta::assert_snapshot!(format!("postmortem_{name}"), digest.replace_all(&text, "IDENTITY"));
    }
    let (code, text, error) = write(&["cost-explorer/inherited/fix"]);
    assert_eq!((code, text.as_str()), (2, ""));
    assert!(error.contains("nothing was harmed"), "{error}");
}

#[test]
fn a_postmortem_is_a_page_that_everybody_can_read() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    for trial in ["cost-explorer/inherited/incident", "cost-explorer/peer-review/denier"] {
        let output = Command::new(env!("CARGO_BIN_EXE_chesterton"))
            .current_dir(played().folder.path())
            .args(["postmortem", "played", trial, "--format", "html"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let file = put(folder.path(), "postmortem.html", &String::from_utf8(output.stdout).unwrap());
        browser.open(&file);
        for (scheme, width) in [("light", 1280), ("dark", 390)] {
            browser.look(scheme, width, 844);
            assert_eq!(browser.eval(CHECKS), serde_json::json!([]), "{trial}, {scheme}, {width} wide");
            picture(&mut browser, &format!("postmortem-{}-{scheme}-{width}", trial.replace('/', "-")));
        }
        assert_eq!(browser.complaints(), Vec::<String>::new());
        assert_eq!(browser.requests(&file), Vec::<String>::new());
    }
}
