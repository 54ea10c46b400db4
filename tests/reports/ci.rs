//! The action and the GitLab example, run as far as they can be run without GitHub and GitLab: their steps, in bash, with
//! the environment that a runner would set.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use saphyr::{LoadableYamlNode, Yaml};

use super::{BINARY, root};

fn yaml(text: &str) -> Yaml<'_> {
    Yaml::load_from_str(text).unwrap().remove(0)
}

fn text<'y>(value: &'y Yaml, key: &str) -> Option<&'y str> {
    value.as_mapping_get(key).and_then(|v| v.as_str())
}

/// Lines `KEY=value` of a file that steps write into.
fn lines(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// What GitHub puts in place of the expressions that the action uses; of any other the test knows nothing.
fn expression(text: &str, inputs: &BTreeMap<&str, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (inside, after) = after.split_once("}}").unwrap();
        out.push_str(before);
        let value = match inside.trim() {
            "github.action_path" => root().join(".github/actions/chesterton").display().to_string(),
            name => inputs[name.strip_prefix("inputs.").unwrap_or_else(|| panic!("`{name}` is not tried"))]
                .clone(),
        };
        out.push_str(&value);
        rest = after;
    }
    out + rest
}

#[test]
fn the_action_runs_as_github_would_run_it() {
    let source = fs::read_to_string(root().join(".github/actions/chesterton/action.yml")).unwrap();
    let action = yaml(&source);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut inputs: BTreeMap<&str, String> = BTreeMap::new();
    for (name, input) in action.as_mapping_get("inputs").unwrap().as_mapping().unwrap() {
        inputs.insert(name.as_str().unwrap(), text(input, "default").unwrap().to_owned());
    }
    inputs.insert("binary", BINARY.to_owned());
    inputs.insert("arguments", "cost-explorer --agent incident --setup inherited --trials 1".to_owned());
    let mut ran = Vec::new();
    for step in action.as_mapping_get("runs").unwrap().as_mapping_get("steps").unwrap().as_sequence().unwrap()
    {
        let (name, script) = (text(step, "name").unwrap(), text(step, "run").unwrap());
        assert_eq!(text(step, "shell"), Some("bash"), "{name}: an action's step must name its shell");
        assert!(!script.contains("${{"), "{name}: what somebody else writes would run as part of the script");
        match text(step, "if") {
            Some("${{ inputs.binary == '' }}") => continue,
            None | Some("${{ inputs.binary != '' }}" | "${{ always() }}") => {}
            Some(other) => panic!("`{other}` is not tried"),
        }
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap());
        for name in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV"] {
            command.env(name, file(name));
        }
        command.envs([("GITHUB_RUN_ID", "7"), ("GITHUB_RUN_ATTEMPT", "1"), ("GITHUB_ACTIONS", "true")]);
        command.envs(lines(&file("GITHUB_ENV")));
        for (key, value) in step.as_mapping_get("env").unwrap().as_mapping().unwrap() {
            command.env(key.as_str().unwrap(), expression(value.as_str().unwrap(), &inputs));
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        ran.push((name.to_owned(), String::from_utf8(output.stdout).unwrap()));
    }
    let names: Vec<&str> = ran.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Take what is built", "Play", "Tell"]);
    assert!(
        ran[2].1.starts_with("::error title=incident harms cost-explorer::under inherited"),
        "{}",
        ran[2].1
    );
    assert!(
        fs::read_to_string(file("GITHUB_STEP_SUMMARY")).unwrap().contains("| `inherited` | `incident` |")
    );
    assert!(fs::read_to_string(file("chesterton.xml")).unwrap().contains("<failure"));
    assert_eq!(lines(&file("GITHUB_OUTPUT")), [("run".to_owned(), "results/ci-7-1".to_owned())]);
    assert!(file("results/ci-7-1/plan.json").is_file());
}

/// The block of this kind in the README that holds these words.
fn of_readme(words: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut blocks = readme.split("```yaml\n").skip(1).map(|b| b.split("```").next().unwrap().to_owned());
    blocks.find(|b| b.contains(words)).unwrap_or_else(|| panic!("the README has no YAML with `{words}`"))
}

#[test]
fn the_gitlab_example_runs() {
    let example = of_readme("artifacts:");
    let pipeline = yaml(&example);
    let job = pipeline.as_mapping_get("crash-test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("scenarios"), folder.path().join("scenarios")).unwrap();
    let path =
        format!("{}:{}", Path::new(BINARY).parent().unwrap().display(), std::env::var("PATH").unwrap());
    // `before_script` installs the program from source; here it is built already.
    for part in ["script", "after_script"] {
        for line in job.as_mapping_get(part).unwrap().as_sequence().unwrap() {
            let line = line.as_str().unwrap();
            let status = Command::new("bash")
                .args(["-eo", "pipefail", "-c", line])
                .current_dir(folder.path())
                .env("PATH", &path)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success(), "`{line}`");
        }
    }
    let artifacts = job.as_mapping_get("artifacts").unwrap();
    let junit = text(artifacts.as_mapping_get("reports").unwrap(), "junit").unwrap();
    assert!(fs::read_to_string(folder.path().join(junit)).unwrap().starts_with("<?xml"));
    for path in artifacts.as_mapping_get("paths").unwrap().as_sequence().unwrap() {
        assert!(folder.path().join(path.as_str().unwrap()).is_file(), "{path:?}");
    }
}

/// The example workflow names the action that there is, and gives it inputs that it has.
#[test]
fn the_github_example_fits_the_action() {
    let source = fs::read_to_string(root().join(".github/actions/chesterton/action.yml")).unwrap();
    let action = yaml(&source);
    let inputs = action.as_mapping_get("inputs").unwrap();
    let example = of_readme("uses:");
    let workflow = yaml(&example);
    let jobs = workflow.as_mapping_get("jobs").unwrap().as_mapping().unwrap();
    let steps: Vec<&Yaml> = jobs
        .iter()
        .flat_map(|(_, job)| job.as_mapping_get("steps").unwrap().as_sequence().unwrap())
        .collect();
    let ours = |step: &&&Yaml| text(step, "uses").is_some_and(|u| u.ends_with("/.github/actions/chesterton"));
    let step = steps.iter().find(ours).expect("the example uses the action");
    for (name, _) in step.as_mapping_get("with").unwrap().as_mapping().unwrap() {
        assert!(inputs.as_mapping_get(name.as_str().unwrap()).is_some(), "{name:?}");
    }
}
