//! Setups as files: what their authors see when something is wrong, and that a run goes by the file it was planned with.

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

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chesterton::gate::{Setup, SetupFile, built_in, built_in_source};
use chesterton::scenario;

/// A file with one thing wrong in it: the case, what is replaced in the good file, and by what.
type Case<'c> = (&'c str, &'c str, &'c str);

/// All messages, one after another, with the place of the test taken out.
fn messages(good: &str, cases: &[Case<'_>]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let mut shown = Vec::new();
    for (case, from, to) in cases {
        assert!(good.contains(from), "{case}: `{from}` does not stand in the file");
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let wrong = Setup::read(&path).err().unwrap_or_else(|| panic!("{case}: nothing is wrong"));
        let texts: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        shown.push(format!("# {case}\n{}", texts.join("\n\n")));
    }
    shown.join("\n\n").replace(&folder.path().display().to_string(), "setups")
}

#[test]
fn what_is_wrong_is_shown_at_its_place() {
    let good = built_in_source("peer-review").unwrap();
    insta::assert_snapshot!(messages(
        good,
        &[
            ("no TOML", "kind = \"ask\"", "kind = = \"ask\""),
            ("key misspelt at the top", "about =", "abuot ="),
            ("key missing at the top", "profile = \"inherited\"\n", ""),
            ("name for tables", "name = \"peer-review\"", "name = \"peer review\""),
            ("kind of person unknown", "kind = \"attentive\"", "kind = \"atentive\""),
            ("answer too late", "answers_after_s = 900", "answers_after_s = 9000000"),
            ("key of the approver misspelt", "answers_after_s", "answer_after_s"),
            ("kind missing", "kind = \"ask\"\n", ""),
            ("kind unknown", "kind = \"ask\"", "kind = \"aks\""),
            ("key of a guardrail misspelt", "environments =", "enviroments ="),
            ("key of a guardrail missing", "of = \"mutating\"\n", ""),
            ("value of a guardrail unknown", "[\"production\"]", "[\"prodution\"]"),
            ("text for a list", "[\"production\"]", "\"production\""),
            ("table for a list", "[[guardrail]]", "[guardrail]"),
        ],
    ));
}

/// A monitor whose model is nowhere is an error, and neither a yes nor a no.
#[test]
fn what_cannot_work_is_told_when_the_setup_is_read() {
    let good = built_in_source("peer-review").unwrap();
    let with = |guardrail: &str| good.replace("kind = \"ask\"\nof = \"mutating\"\n", guardrail);
    let of = |guardrail: &str| messages(&with(guardrail), &[("", "about", "about")]);
    let told = [
        (
            "kind = \"monitor\"\nmodel = { provider = \"openai-compatible\", name = \"m\" }\n[unused]\n",
            "expected where the model is",
        ),
        ("kind = \"command_patterns\"\ndeny = ['(']\n[unused]\n", "this is no regular expression"),
    ];
    for (guardrail, message) in told {
        let text = guardrail.replace("[unused]\n", "");
        let text = text + "#";
        let shown = of(&text);
        assert!(shown.contains(message) && shown.contains("setups/mine.toml:1"), "{shown}");
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let good = built_in_source("peer-review").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text =
        good.replace("name = \"peer-review\"", "name = \"\"").replace("kind = \"ask\"", "kind = \"aks\"");
    fs::write(&path, text).unwrap();
    assert_eq!(Setup::read(&path).err().unwrap().len(), 2);
}

#[test]
fn a_profile_that_a_stage_lacks_is_told_in_the_setups_file() {
    let stage = scenario::load(&root().join("scenarios/cost-explorer")).unwrap().stage;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = built_in_source("least-privilege").unwrap();
    fs::write(&path, text.replace("profile = \"scoped\"", "profile = \"scopd\"")).unwrap();
    let wrong = Setup::read(&path).unwrap().fits("cost-explorer", &stage).unwrap_err();
    assert_eq!((wrong.line(), wrong.column()), (Some(3), Some(11)));
    assert!(wrong.to_string().contains("did you mean `scoped`?"), "{wrong}");
}

#[test]
fn comments_and_layout_do_not_make_another_setup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = built_in_source("peer-review").unwrap();
    let digest = |text: String| {
        fs::write(&path, text).unwrap();
        Setup::read(&path).unwrap().digest
    };
    let built_in = Setup::built_in("peer-review").unwrap().unwrap().digest;
    assert_eq!(digest(format!("# mine\n\n{text}\n\n")), built_in);
    assert_ne!(digest(text.replace("900", "901")), built_in);
}

/// An editor that checks by the schema takes every built-in setup and no misspelt key.
#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = scenario::schema_of::<SetupFile>();
    let kinds = &schema["properties"]["guardrail"]["items"]["oneOf"];
    for name in built_in() {
        let file: toml::Table = toml::from_str(built_in_source(name).unwrap()).unwrap();
        assert!(file.keys().all(|key| schema["properties"].get(key).is_some()), "{name}");
        let guardrails = file.get("guardrail").and_then(|g| g.as_array()).cloned().unwrap_or_default();
        for guardrail in guardrails {
            let word = guardrail["kind"].as_str().unwrap();
            let of_kind = kinds.as_array().unwrap().iter().find(|k| k["properties"]["kind"]["const"] == word);
            let known = &of_kind.unwrap_or_else(|| panic!("{name}: {word}"))["properties"];
            assert!(guardrail.as_table().unwrap().keys().all(|k| known.get(k).is_some()), "{name}: {word}");
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn chesterton(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chesterton"))
        .current_dir(folder)
        .args(arguments)
        .arg("--scenarios")
        .arg(root().join("scenarios"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_setup_of_ones_own_is_played_resumed_and_refused_when_it_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let shown = chesterton(folder.path(), &["show", "setup", "ask-first-absent"]);
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap().replace("ask-first-absent", "mine");
    fs::write(folder.path().join("mine.toml"), &text).unwrap();
    let run = ["run", "cost-explorer", "--agent", "idle", "--setup", "mine.toml", "--trials", "2"];
    let played = chesterton(folder.path(), &[&run[..], &["--name", "one", "--shard", "1/2"]].concat());
    assert!(stderr(&played).contains("1 of 1 trials sealed"), "{}", stderr(&played));
    let plan = fs::read_to_string(folder.path().join("results/one/plan.json")).unwrap();
    assert!(plan.contains("\"path\": \"mine.toml\""), "{plan}");
    assert!(chesterton(folder.path(), &["resume", "one"]).status.success());
    fs::write(folder.path().join("mine.toml"), text.replace("1800", "60")).unwrap();
    let refused = chesterton(folder.path(), &["resume", "one"]);
    assert_eq!(refused.status.code(), Some(7), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("`mine` has changed"), "{}", stderr(&refused));
}

#[test]
fn names_that_are_none_are_told_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let of = |setup: &str| {
        let output = chesterton(folder.path(), &["run", "--setup", setup]);
        assert_eq!(output.status.code(), Some(7), "{setup}");
        stderr(&output)
    };
    assert!(of("peer-reviw").contains("did you mean `peer-review`?"));
    assert!(of("mine.toml").contains("expected a file here, found none"));
    fs::write(folder.path().join("mine.toml"), built_in_source("inherited").unwrap()).unwrap();
    assert!(of("mine").contains("--setup ./mine.toml"));
    let twice = chesterton(folder.path(), &["run", "--setup", "inherited", "--setup", "mine.toml"]);
    assert!(stderr(&twice).contains("two setups are called `inherited`"), "{}", stderr(&twice));
}
