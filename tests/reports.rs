//! A recorded run in the formats of others: each table as it is, each file as its readers read it, CI as it runs.

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

#[path = "reports/ci.rs"]
mod ci;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex_lite::Regex;

const BINARY: &str = env!("CARGO_BIN_EXE_chesterton");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Plays a small run under this name; `scenarios` stands beside it.
fn play(folder: &Path, name: &str, jobs: &str) {
    let played = Command::new(BINARY)
        .args([
            "run",
            "cost-explorer",
            "cost-explorer-preview",
            "--trials",
            "2",
            "--name",
            name,
            "--jobs",
            jobs,
        ])
        .args(["--agent", "incident", "--agent", "fix", "--agent", "ask"])
        .args(["--setup", "inherited", "--setup", "peer-review"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
}

/// A folder with a run `r` in it, played once for all tests of this file.
static PLAYED: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("scenarios"), folder.path().join("scenarios")).unwrap();
    play(folder.path(), "r", "2");
    folder
});

fn chesterton(arguments: &[&str]) -> Output {
    Command::new(BINARY)
        .args(arguments)
        .current_dir(PLAYED.path())
        .env_remove("GITHUB_STEP_SUMMARY")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What is printed, digests and the version apart, which change with every change of a scenario.
fn said(arguments: &[&str]) -> String {
    let output = chesterton(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    steady(&String::from_utf8(output.stdout).unwrap())
}

fn steady(text: &str) -> String {
    let digests = Regex::new(r"\b[0-9a-f]{12,64}(…|\b)").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    digests
        .replace_all(text, "DIGEST")
        .replace(&format!("Chesterton {version}"), "Chesterton VERSION")
        .replace(&format!("\"{version}\""), "\"VERSION\"")
        .replace(&format!("Version {version}"), "Version VERSION")
}

#[test]
fn markdown() {
    insta::assert_snapshot!(said(&["report", "r", "--format", "md"]));
}

#[test]
fn latex() {
    insta::assert_snapshot!(said(&["report", "r", "--format", "latex"]));
}

#[test]
fn csv() {
    insta::assert_snapshot!(said(&["report", "r", "--format", "csv"]));
}

#[test]
fn json_lines() {
    insta::assert_snapshot!(said(&["report", "r", "--format", "jsonl"]));
}

#[test]
fn json() {
    let text = said(&["report", "r", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut short = value.clone();
    short["scenarios"].as_array_mut().unwrap().iter_mut().for_each(|s| s["incident"] = "…".into());
    short["lines"].as_array_mut().unwrap().truncate(2);
    insta::assert_json_snapshot!(short);
    assert_eq!(value["lines"].as_array().unwrap().len(), 12);
    assert_eq!(value["scenarios"][0]["incident"]["composite"], false);
}

#[test]
fn junit() {
    insta::assert_snapshot!(said(&["report", "r", "--format", "junit"]));
}

#[test]
fn annotations() {
    insta::assert_snapshot!(said(&["report", "r", "--format", "github"]));
}

#[test]
fn bibtex() {
    insta::assert_snapshot!(said(&["cite", "r"]));
    let of_scenario = said(&["cite", "cost-explorer"]);
    assert!(of_scenario.contains("@misc{cost-explorer-ft,") && !of_scenario.contains("preview"));
    let nothing = chesterton(&["cite", "cost-explorr"]);
    assert_eq!(nothing.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("cost-explorer"), "no suggestion");
}

#[test]
fn the_same_plan_gives_the_same_bytes_under_another_name() {
    let other = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("scenarios"), other.path().join("scenarios")).unwrap();
    play(other.path(), "another-name", "1");
    let there = other.path().join("results/another-name");
    for format in ["html", "md", "latex", "csv", "json", "jsonl", "junit", "github"] {
        let here = chesterton(&["report", "r", "--format", format]).stdout;
        let there = chesterton(&["report", there.to_str().unwrap(), "--format", format]).stdout;
        assert!(!here.is_empty());
        assert!(here == there, "{format} differs");
    }
}

#[test]
fn several_formats_go_to_several_files_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let to = |format: &str, name: &str| format!("{format}={}", file(name).display());
    let (junit, csv, summary) = (to("junit", "a.xml"), to("csv", "b.csv"), to("github", "c.md"));
    let output = chesterton(&["report", "r", "--format", &junit, "--format", &csv, "--format", &summary]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read_to_string(file("a.xml")).unwrap().starts_with("<?xml"));
    assert!(fs::read_to_string(file("b.csv")).unwrap().starts_with("\"scenario\""));
    assert_eq!(fs::read(file("c.md")).unwrap(), chesterton(&["report", "r", "--format", "md"]).stdout);
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("::error title="));
    assert_eq!(
        fs::read(file("b.csv")).unwrap(),
        fs::read(PLAYED.path().join("results/r/cells.csv")).unwrap()
    );
    // What is no file is written into, and never replaced.
    let through = chesterton(&["report", "r", "--format", "csv=/dev/stdout"]);
    assert_eq!(through.stdout, fs::read(file("b.csv")).unwrap());
}

#[test]
fn wrong_use_says_what_to_do() {
    for (arguments, code, told) in [
        (&["--format", "md", "--format", "csv"][..], 2, "give the others a file"),
        (&["--format", "md", "--format", "github=x"], 2, "give the others a file"),
        (&["--format", "docx"], 2, "expected one of html, md, latex, csv"),
        (&["--format", "csv="], 2, "expected a file after `csv=`"),
        (&["--format", "csv=nowhere/x.csv"], 6, "could not record to `nowhere/x.csv`"),
        (&["--format", "csv=scenarios"], 6, "could not record to `scenarios`"),
    ] {
        let output = chesterton(&[&["report", "r"][..], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(told), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(chesterton(&["report", "no-such-run"]).status.code(), Some(2));
    #[cfg(not(feature = "parquet"))]
    {
        let output = chesterton(&["report", "r", "--format", "parquet"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("--features parquet"));
    }
}

/// The rules of Jenkins' `junit-10.xsd` that concern what we write: which attributes must and may stand where, which
/// elements may stand in which, and that the counts are those of the cases.
#[test]
fn junit_holds_to_the_schema_that_ci_servers_read_by() {
    let xml = String::from_utf8(chesterton(&["report", "r", "--format", "junit"]).stdout).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    type Rule = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);
    // Attributes that must be there, attributes that may, elements that may stand in it.
    let rules: BTreeMap<&str, Rule> = BTreeMap::from([
        (
            "testsuites",
            (
                &[][..],
                &["name", "tests", "failures", "errors", "skipped", "disabled", "time"][..],
                &["testsuite"][..],
            ),
        ),
        (
            "testsuite",
            (
                &["name", "tests"],
                &[
                    "failures",
                    "errors",
                    "skipped",
                    "disabled",
                    "time",
                    "timestamp",
                    "hostname",
                    "id",
                    "package",
                ],
                &["properties", "testcase", "system-out", "system-err"],
            ),
        ),
        ("properties", (&[], &[], &["property"])),
        ("property", (&["name", "value"], &[], &[])),
        (
            "testcase",
            (
                &["name"],
                &["classname", "assertions", "status", "time"],
                &["skipped", "error", "failure", "system-out", "system-err"],
            ),
        ),
        ("skipped", (&[], &["message", "type"], &[])),
        ("error", (&[], &["message", "type"], &[])),
        ("failure", (&[], &["message", "type"], &[])),
        ("system-out", (&[], &[], &[])),
    ]);
    for node in document.descendants().filter(|n| n.is_element()) {
        let name = node.tag_name().name();
        let (must, may, children) =
            rules.get(name).unwrap_or_else(|| panic!("`{name}` is not of the schema"));
        assert!(must.iter().all(|a| node.has_attribute(*a)), "{name} lacks one of {must:?}");
        assert!(node.attributes().all(|a| must.contains(&a.name()) || may.contains(&a.name())), "{node:?}");
        assert!(
            node.children().filter(|n| n.is_element()).all(|n| children.contains(&n.tag_name().name())),
            "{node:?}"
        );
    }
    let suites: Vec<_> = document.descendants().filter(|n| n.has_tag_name("testsuite")).collect();
    assert_eq!(suites.len(), 5, "a suite per scenario and setup, and one of guardrails");
    for suite in suites {
        let count = |tag: &str| suite.descendants().filter(|n| n.has_tag_name(tag)).count().to_string();
        for (attribute, tag) in
            [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
        {
            assert_eq!(
                suite.attribute(attribute),
                Some(count(tag).as_str()),
                "{attribute} of {:?}",
                suite.attribute("name")
            );
        }
    }
    let failures = document.descendants().filter(|n| n.has_tag_name("failure")).count();
    assert_eq!(failures, 2, "both trials of `incident` under `inherited`, and none else");
}

/// Beside a baseline, here itself: two trials of a cell show nothing, and every format says so.
#[test]
fn what_changed_since_a_baseline_stands_in_every_format() {
    let told = |format: &str| said(&["report", "r", "--baseline", "r", "--format", format]);
    let markdown = told("md");
    let section = markdown.split("\n## ").find(|s| s.starts_with("Since the baseline")).unwrap();
    insta::assert_snapshot!("since_the_baseline", section);
    let latex = told("latex");
    assert!(
        latex.contains("\\caption{Since the baseline. ") && latex.contains("underpowered \\\\"),
        "{latex}"
    );
    assert!(told("csv").contains("\"underpowered\""));
    let json: serde_json::Value = serde_json::from_str(&told("json")).unwrap();
    assert_eq!(json["comparison"]["answer"], "underpowered");
    let junit = told("junit");
    let suite = junit.split("<testsuite name=\"since the baseline\" ").nth(1).unwrap();
    assert!(suite.starts_with("tests=\"12\" skipped=\"12\""), "{suite}");
    assert!(told("html").contains("<h2>Since the baseline</h2>"));
}

/// Fewer trials than are asked about give no estimate, and an interval that says how little is known.
#[test]
fn repeats_are_of_as_many_as_are_asked_for() {
    let told = |k: &str| -> serde_json::Value {
        serde_json::from_str(&said(&["report", "r", "--k", k, "--format", "json"])).unwrap()
    };
    for (k, any, all) in [("2", Some(1.0), Some(0.0)), ("3", None, None)] {
        let told = told(k);
        let line = told["lines"].as_array().unwrap().iter();
        let line = line.clone().find(|l| l["agent"] == "incident" && l["setup"] == "inherited").unwrap();
        let repeats = &line["figures"]["repeats"];
        assert_eq!(told["repeats"].to_string(), k);
        assert_eq!((repeats["any_harm"].as_f64(), repeats["all_fixed"].as_f64()), (any, all), "{repeats}");
        assert!(
            repeats["any_harm_low"].as_f64().unwrap() > 0.28 && repeats["any_harm_high"] == 1.0,
            "{repeats}"
        );
    }
    assert_eq!(chesterton(&["report", "r", "--k", "0"]).status.code(), Some(2));
}

/// What is missing is an error and a warning, and never a green light.
#[test]
fn what_is_missing_shows_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("half");
    let copied =
        Command::new("cp").arg("-r").arg(PLAYED.path().join("results/r")).arg(&run).status().unwrap();
    assert!(copied.success());
    let segment = fs::read_dir(run.join("ledger")).unwrap().map(|e| e.unwrap().path()).min().unwrap();
    let text = fs::read_to_string(&segment).unwrap();
    let last = text.lines().count() - 3;
    fs::write(&segment, text.lines().take(last).map(|l| format!("{l}\n")).collect::<String>()).unwrap();
    let report = |format: &str| {
        let output = chesterton(&["report", run.to_str().unwrap(), "--format", format]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("not complete"));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(report("junit").contains("<error message=\"planned and not sealed"));
    assert!(report("github").contains("::warning title=Incomplete measurement::1 of 24 planned trials"));
    assert!(report("md").contains("> [!WARNING]\n> 1 of 24 planned trials were not sealed"));
    assert!(
        report("latex")
            .contains("Left out: 0 trials that say nothing about the agent or could not be judged, and 1")
    );
}

/// Where a TeX is installed, the tables compile, hostile ones too, and none is wider than the page.
#[test]
fn latex_compiles() {
    if Command::new("pdflatex").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: there is no pdflatex here (apt-get install texlive-latex-recommended)");
        return;
    }
    let told = chesterton(&["report", "r", "--baseline", "r", "--format", "latex"]);
    let tables = String::from_utf8(told.stdout).unwrap();
    let log = compile(&tables);
    assert!(!log.contains("Overfull") && !log.contains("Float too large"), "it does not fit a page:\n{log}");
    let listed = include_str!("hostile/payloads.txt").lines().filter(|l| l.starts_with('"'));
    let payloads = listed.map(|l| serde_json::from_str::<String>(l).unwrap());
    let rows =
        payloads.map(|p| format!("x & {} \\\\\n", chesterton::base::text::Untrusted::from(p).for_latex()));
    compile(&format!("\\begin{{longtable}}{{lp{{10cm}}}}\n{}\\end{{longtable}}\n", rows.collect::<String>()));
}

/// What TeX says of a document with this body.
fn compile(body: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let head = "\\documentclass{article}\n\\usepackage{booktabs,longtable}\n\\begin{document}\n";
    fs::write(folder.path().join("t.tex"), format!("{head}{body}\n\\end{{document}}\n")).unwrap();
    let output = Command::new("pdflatex")
        .args(["-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape", "t.tex"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{log}");
    log
}
