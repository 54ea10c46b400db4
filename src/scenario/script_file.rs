//! `agents/<name>.toml` as it is written, and what can be wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::script::{Action, Script, Step, Until, Went, When, is_name};
use super::{Diagnostic, Document, nearest};

/// A command is tried again at most so often.
const TRIES_MAX: u32 = 10_000;

/// A scripted agent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptFile {
    /// The agent's name, which is the file's.
    pub name: String,
    /// One line that says how it behaves.
    pub about: String,
    /// Its steps, in order.
    #[serde(default)]
    pub step: Vec<StepFile>,
}

/// One step: exactly one of `run`, `read`, `write`, `edit`, `list`, `review`, `finish`.
///
/// Not an enumeration: with one, a misspelt key inside a step would be reported at the step's header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    /// Types a command line.
    run: Option<String>,
    /// Reads a file of the checkout.
    read: Option<String>,
    /// Writes a file of the checkout.
    write: Option<WriteFile>,
    /// Replaces a text in a file of the checkout.
    edit: Option<EditFile>,
    /// Lists a folder of the checkout.
    list: Option<String>,
    /// Puts a plan up for review.
    review: Option<ReviewFile>,
    /// Ends the work with a report.
    finish: Option<Map<String, Value>>,
    /// How other steps refer to it.
    id: Option<String>,
    /// Plays the step only if an earlier one went so.
    when: Option<Went>,
    /// The step that `when` speaks of; the last one played if absent.
    of: Option<String>,
    /// Types the command of `run` again until this holds.
    until: Option<Until>,
    /// Values taken out of the reply: name to a pattern with one group, used later as `${NAME}`.
    #[serde(default)]
    save: BTreeMap<String, String>,
}

/// A file to write: its `text`, or a file of the scenario that holds it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WriteFile {
    path: String,
    text: Option<String>,
    /// A path below the scenario's `agents/`, such as `agents/files/report.js`.
    from: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditFile {
    path: String,
    find: String,
    replace: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReviewFile {
    summary: String,
    #[serde(default)]
    commands: Vec<String>,
}

/// Finds the text of a file beside the scenario.
pub(super) type Lookup<'l> = &'l dyn Fn(&str) -> Result<String, String>;

/// The script, or everything wrong in it.
pub(super) fn checked(
    document: &Document<ScriptFile>,
    stem: &str,
    lookup: Lookup<'_>,
) -> Result<Script, Vec<Diagnostic>> {
    let file = &document.value;
    let mut checker =
        Checker { document, lookup, wrong: Vec::new(), ids: Vec::new(), saved: BTreeSet::new() };
    if file.name != stem {
        let title = format!("expected `{stem}`, as the file is called, found `{}`", file.name);
        checker.wrong.push(document.problem("name", title).help("an agent is chosen by its file's name"));
    }
    if file.step.is_empty() {
        let title = "a script needs a `[[step]]`";
        let help =
            "an agent that does nothing has one: `finish = { outcome = \"not_done\", summary = \"…\" }`";
        checker.wrong.push(document.problem("", title).help(help));
    }
    let steps = file.step.iter().enumerate().filter_map(|(i, step)| checker.step(i, step)).collect();
    checker.after_the_end();
    match checker.wrong {
        wrong if wrong.is_empty() => {
            Ok(Script { name: file.name.clone(), about: file.about.clone(), step: steps })
        }
        wrong => Err(wrong),
    }
}

struct Checker<'d> {
    document: &'d Document<ScriptFile>,
    lookup: Lookup<'d>,
    wrong: Vec<Diagnostic>,
    ids: Vec<&'d str>,
    saved: BTreeSet<&'d str>,
}

impl<'d> Checker<'d> {
    fn step(&mut self, i: usize, step: &'d StepFile) -> Option<Step> {
        let action = self.action(i, step);
        let when = self.when(i, step);
        if let Some(id) = &step.id {
            if self.ids.contains(&id.as_str()) {
                let title = format!("an earlier step has the id `{id}` already");
                self.add(format!("step[{i}].id"), title, "");
            }
            self.ids.push(id);
        }
        if let Some(action) = &action {
            self.names(i, action);
        }
        self.save(i, step);
        Some(Step { id: step.id.clone(), when, action: action?, save: step.save.clone() })
    }

    fn add(&mut self, path: String, title: String, help: &str) {
        self.wrong.push(self.document.problem(&path, title).help(help));
    }

    fn action(&mut self, i: usize, step: &StepFile) -> Option<Action> {
        let written = step.write.as_ref().and_then(|write| self.written(i, write));
        let found: Vec<(&str, Option<Action>)> = [
            ("run", step.run.clone().map(|command| Action::Run { command, until: step.until.clone() })),
            ("read", step.read.clone().map(|path| Action::Read { path })),
            (
                "edit",
                step.edit.clone().map(|e| Action::Edit { path: e.path, find: e.find, replace: e.replace }),
            ),
            ("list", step.list.clone().map(|path| Action::List { path })),
            (
                "review",
                step.review.clone().map(|r| Action::Review { summary: r.summary, commands: r.commands }),
            ),
            ("finish", step.finish.clone().map(|report| Action::Finish { report })),
        ]
        .into_iter()
        .filter(|(_, action)| action.is_some())
        .chain(step.write.is_some().then_some(("write", written)))
        .collect();
        if found.is_empty() {
            let help = "add one of `run`, `read`, `write`, `edit`, `list`, `review`, `finish`";
            self.add(format!("step[{i}]"), "this step does nothing".into(), help);
        }
        if let [(first, _), (second, _), ..] = found.as_slice() {
            let diagnostic = self
                .document
                .problem_of_key(
                    &format!("step[{i}].{second}"),
                    format!("this step has both `{first}` and `{second}`"),
                )
                .help("make it two steps");
            self.wrong.push(diagnostic);
        }
        self.until(i, step);
        found.into_iter().next().and_then(|(_, action)| action)
    }

    fn until(&mut self, i: usize, step: &StepFile) {
        let Some(until) = &step.until else { return };
        if step.run.is_none() {
            let diagnostic =
                self.document.problem_of_key(&format!("step[{i}].until"), "`until` goes with `run` alone");
            self.wrong.push(diagnostic.help("other actions have their whole effect at once"));
        }
        if until.every_s < 1 {
            let title = format!("expected a duration in seconds, 1 or more, found `{}`", until.every_s);
            self.add(format!("step[{i}].until.every_s"), title, "");
        }
        if !(1..=TRIES_MAX).contains(&until.tries_max) {
            let title =
                format!("expected a number of tries from 1 to {TRIES_MAX}, found `{}`", until.tries_max);
            self.add(format!("step[{i}].until.tries_max"), title, "");
        }
    }

    fn written(&mut self, i: usize, write: &WriteFile) -> Option<Action> {
        let text = match (&write.text, &write.from) {
            (Some(text), None) => text.clone(),
            (None, Some(from)) => match (self.lookup)(from) {
                Ok(text) => text,
                Err(help) => {
                    let title = format!("expected a file of the scenario below `agents/`, found `{from}`");
                    self.add(format!("step[{i}].write.from"), title, &help);
                    return None;
                }
            },
            _ => {
                self.add(
                    format!("step[{i}].write"),
                    "expected either `text` or `from` in `write`".into(),
                    "",
                );
                return None;
            }
        };
        Some(Action::Write { path: write.path.clone(), text })
    }

    fn when(&mut self, i: usize, step: &StepFile) -> Option<When> {
        if let Some(of) = &step.of {
            let path = format!("step[{i}].of");
            if step.when.is_none() {
                self.add(
                    path,
                    "`of` says nothing without `when`".into(),
                    "add `when = \"denied\"` or another",
                );
            } else if !self.ids.contains(&of.as_str()) {
                let known = self.ids.clone();
                self.wrong.push(self.document.unexpected(&path, of, "the `id` of an earlier step", &known));
            }
        } else if step.when.is_some() && i == 0 {
            self.add("step[0].when".into(), "there is no step before this one to go by".into(), "");
        }
        Some(When { went: step.when?, of: step.of.clone() })
    }

    fn names(&mut self, i: usize, action: &Action) {
        for name in action.names() {
            if !self.saved.contains(name.as_str()) {
                let known: Vec<&str> = self.saved.iter().copied().collect();
                let title = format!("`${{{name}}}` is used here and no earlier step saves it");
                let diagnostic = self.document.problem(&format!("step[{i}].{}", key_of(action)), title);
                let help = match nearest::nearest(&name, &known) {
                    Some(near) => format!("did you mean `${{{near}}}`?"),
                    None => format!("save it before: `save = {{ {name} = \"pattern with one (group)\" }}`"),
                };
                self.wrong.push(diagnostic.help(help));
            }
        }
    }

    fn save(&mut self, i: usize, step: &'d StepFile) {
        for (name, pattern) in &step.save {
            let path = format!("step[{i}].save.{name}");
            if !is_name(name) {
                let title = format!("expected a name in capitals, such as `RUN`, found `{name}`");
                self.wrong.push(self.document.problem_of_key(&path, title));
            }
            let groups = Regex::new(pattern).map(|regex| regex.captures_len().saturating_sub(1));
            match groups {
                Ok(1) => {}
                Ok(groups) => {
                    let help = "put `( )` around what is to be saved; other groups are written `(?: )`";
                    self.add(path, format!("expected a pattern with one group, found {groups}"), help);
                }
                Err(error) => self.add(path, format!("this pattern cannot be read: {error}"), ""),
            }
            self.saved.insert(name);
        }
    }

    /// Steps after one that always finishes are never played.
    fn after_the_end(&mut self) {
        let steps = &self.document.value.step;
        let end = steps.iter().position(|step| step.finish.is_some() && step.when.is_none());
        if let Some(next) = end.map(|end| end.saturating_add(1)).filter(|next| *next < steps.len()) {
            let help = "give the `finish` before it a `when`, or take this step out";
            self.add(format!("step[{next}]"), "this step is never played".into(), help);
        }
    }
}

fn key_of(action: &Action) -> &'static str {
    match action {
        Action::Run { .. } => "run",
        Action::Read { .. } => "read",
        Action::Write { .. } => "write",
        Action::Edit { .. } => "edit",
        Action::List { .. } => "list",
        Action::Review { .. } => "review",
        Action::Finish { .. } => "finish",
    }
}
