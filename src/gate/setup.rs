//! A setup: an ordered list of guardrails, a permission profile and an approver, as its file says and ready for trials.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simulators::hardening::Hardening;
use simulators::stage::Stage;

use super::approver::Approver;
use super::beside::Beside;
use super::built_in;
use super::guardrail::Guardrail;
use super::kinds::{self, Blueprint, Seat, Unfit, unfit_of};
use crate::base::digest;
use crate::model::{Client, Endpoint, Model};
use crate::scenario::{self, Diagnostic, Document};

/// A setup's file. `chesterton show setup NAME` prints one as a starting point.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupFile {
    /// Its name, as tables show it: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line.
    pub about: String,
    /// The stage's permission profile that the agent acts under, such as `inherited` or `scoped`.
    pub profile: String,
    /// Who answers what guardrails ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Approver>,
    /// House rules that are added to the agent's brief. Nothing enforces them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rules: String,
    /// What is switched on in production before the trial begins.
    #[serde(default, skip_serializing_if = "is_none")]
    pub stage: Hardening,
    /// In order: the first that denies, denies. Each has a `kind` and the keys of that kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "kinds::schema")]
    guardrail: Vec<toml::Table>,
}

/// A setup that was read, with the files that it names, each of its guardrails ready to be put up at a gate.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What its file says.
    pub file: SetupFile,
    /// Where the file is; `None` for a built-in one.
    pub path: Option<PathBuf>,
    /// SHA-256 over what the file says and over all files that it names. Comments and layout do not count.
    pub digest: String,
    blueprints: Vec<Blueprint>,
    document: Document<SetupFile>,
}

impl Setup {
    /// The built-in setup of this name; `None` if there is none.
    ///
    /// # Errors
    /// This build lacks what the setup needs, such as a policy engine.
    pub fn built_in(name: &str) -> Option<Result<Self, Vec<Diagnostic>>> {
        let text = built_in::source(name)?;
        let place = PathBuf::from(format!("built-in/{name}.toml"));
        let document = scenario::parse(&place, text).map_err(|wrong| vec![wrong]);
        Some(document.and_then(|document| Self::of(document, &Beside::built_in())))
    }

    /// The setup in a file. Files that it names are looked for beside it.
    ///
    /// # Errors
    /// Everything that is wrong in it; or the first thing, if its shape is.
    pub fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let document = scenario::read_alone(path).map_err(|wrong| vec![wrong])?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let setup = Self::of(document, &Beside::folder(folder))?;
        Ok(Self { path: Some(path.to_owned()), ..setup })
    }

    fn of(document: Document<SetupFile>, beside: &Beside) -> Result<Self, Vec<Diagnostic>> {
        let file = document.value.clone();
        let mut wrong = of_head(&document);
        let mut blueprints = Vec::new();
        let mut parts = vec!["chesterton/setup/1".to_owned(), json(&file)];
        for (n, table) in file.guardrail.iter().enumerate() {
            match guardrail(&document, n, table, beside) {
                Ok((blueprint, files)) => {
                    blueprints.push(blueprint);
                    parts.extend(files);
                }
                Err(found) => wrong.push(found),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let digest = digest::of_parts(parts.iter().map(String::as_str));
        Ok(Self { file, path: None, digest, blueprints, document })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// Its guardrails for one trial, in order.
    pub fn guardrails(&self, seat: &Seat) -> Vec<Box<dyn Guardrail>> {
        self.blueprints.iter().map(|blueprint| blueprint.make(seat)).collect()
    }

    /// The models that it asks.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.blueprints.iter().filter_map(|blueprint| match blueprint {
            Blueprint::Monitor(monitor, _) => Some(&monitor.endpoint),
            Blueprint::Plain(_) => None,
        })
    }

    /// The setup with its models ready to be asked, and these.
    ///
    /// # Errors
    /// One cannot be asked, told at its place in the setup's file.
    pub fn ready(&self, client: &Client) -> Result<(Self, Vec<Model>), Diagnostic> {
        let (mut ready, mut models) = (self.clone(), Vec::new());
        for (n, blueprint) in ready.blueprints.iter_mut().enumerate() {
            let Blueprint::Monitor(monitor, model) = blueprint else { continue };
            let found = client.model(monitor.endpoint.clone());
            let found =
                found.map_err(|unfit| unfit_of(unfit).told(&self.document, &format!("guardrail[{n}]")))?;
            models.push(found.clone());
            *model = Some(found);
        }
        Ok((ready, models))
    }

    /// The brief as the agent gets it under this setup: with its house rules, if it has any.
    pub fn brief(&self, brief: &str) -> String {
        match self.file.rules.trim() {
            "" => brief.to_owned(),
            rules => format!("{}\n\n## Rules of this house\n\n{rules}\n", brief.trim_end()),
        }
    }

    /// Digest of what it changes of a trial's beginning: the brief's house rules, what is switched on in the world. Empty
    /// if it leaves both as the scenario has them.
    pub fn beginning(&self) -> String {
        let (rules, stage) = (self.file.rules.trim(), &self.file.stage);
        if rules.is_empty() && is_none(stage) {
            return String::new();
        }
        digest::of_parts([rules, &serde_json::to_string(stage).unwrap_or_default()])
    }

    /// Whether this stage has what the setup speaks of.
    ///
    /// # Errors
    /// What it lacks, told at its place in the setup's file. `scenario` is the stage's name.
    pub fn fits(&self, scenario: &str, stage: &Stage) -> Result<(), Diagnostic> {
        let known: Vec<&String> = stage.profiles.keys().collect();
        match known.contains(&&self.file.profile) {
            true => Ok(()),
            false => {
                let expected = format!("a permission profile of `{scenario}`");
                Err(self.document.unexpected("profile", &self.file.profile, &expected, &known))
            }
        }
    }
}

/// One guardrail, and for the digest the names and digests of its files.
fn guardrail(
    document: &Document<SetupFile>,
    n: usize,
    table: &toml::Table,
    beside: &Beside,
) -> Result<(Blueprint, Vec<String>), Diagnostic> {
    let at = format!("guardrail[{n}]");
    let told = |unfit: Unfit| unfit.told(document, &at);
    let kind = kinds::read(document, &at, table)?;
    if kind.asks() && document.value.approver.is_none() {
        return Err(document
            .problem(&at, "this asks an approver, and the setup has none")
            .help("add `[approver]` with `kind` and `answers_after_s`"));
    }
    let mut files = Vec::new();
    for (key, name) in kind.files() {
        let bytes = beside.bytes(name).map_err(|unfit| told(unfit.of(key)))?;
        files.extend([name.to_owned(), digest::of(&bytes)]);
    }
    Ok((kind.prepare(beside).map_err(told)?, files))
}

/// What can be wrong above the first guardrail.
fn of_head(document: &Document<SetupFile>) -> Vec<Diagnostic> {
    let file = &document.value;
    let mut wrong: Vec<Diagnostic> = document.unplain_name("name", &file.name).into_iter().collect();
    wrong.extend(file.approver.as_ref().and_then(|approver| {
        let (key, title) = approver.problem()?;
        Some(document.problem(&format!("approver.{key}"), title))
    }));
    wrong
}

fn is_none(hardening: &Hardening) -> bool {
    *hardening == Hardening::default()
}

fn json(file: &SetupFile) -> String {
    serde_json::to_string(file).unwrap_or_default()
}
