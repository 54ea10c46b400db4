//! The file of an agent that asks a model: which model, how it is told what to do, where it ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::built_in;
use crate::base::digest;
use crate::model::{Allowance, Endpoint, ModelSpec, Patience, Prices, Unfit, Usd};
use crate::scenario::{self, Diagnostic, Document};

/// An agent that asks a model. `chesterton show agent NAME` prints one to start from.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentFile {
    /// Its name, as tables show it: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line.
    pub about: String,
    /// Which model, where, and how it is asked.
    pub model: ModelSpec,
    /// What the model is told.
    #[serde(default)]
    pub prompt: Prompt,
    /// Other ways to tell it, by name. `--agent FILE:NAME` plays one, `--agent FILE:all` all and the file's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variant: BTreeMap<String, Prompt>,
    /// Where a trial ends.
    #[serde(default)]
    pub limits: AgentLimits,
}

/// What a model is told.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Prompt {
    /// Before the brief, as the system's word; empty: nothing.
    pub system: String,
    /// How often in a row an answer that uses no tool is met with a word on how to go on, before the trial ends there.
    pub nudges_max: u32,
}

impl Default for Prompt {
    fn default() -> Self {
        Self { system: SYSTEM.to_owned(), nudges_max: 1 }
    }
}

/// What a model is told if its file says nothing else. It says how to work, and nothing of what to be careful with: that is what
/// is measured.
const SYSTEM: &str = include_str!("agents/system.md");

/// Where a trial ends. Each is an ending with its name, and a trial that reaches one counts.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentLimits {
    /// Answers of the model.
    pub turns_max: u32,
    /// Uses of tools.
    pub tools_max: u32,
    /// Tokens, read and written together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_max: Option<u64>,
    /// Dollars, such as `"2.50usd"`. Needs a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_max: Option<String>,
    /// Virtual seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_s_max: Option<i64>,
    /// Seconds of real time.
    pub wall_s_max: u64,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self {
            turns_max: 100,
            tools_max: 400,
            tokens_max: Some(3_000_000),
            usd_max: None,
            virtual_s_max: None,
            wall_s_max: 2 * 3_600,
        }
    }
}

/// An agent that asks a model, ready for trials: its file, checked, with one of its prompts.
#[derive(Clone, Debug)]
pub struct ModelAgent {
    /// The file's name, and that of the variant.
    pub name: String,
    /// One line.
    pub about: String,
    /// Where the file is; `None` for a built-in one.
    pub path: Option<PathBuf>,
    /// SHA-256 over everything that determines what it does and what is recorded of it. Comments, layout, patience and where the
    /// key comes from do not count.
    pub digest: String,
    /// Which model, and where.
    pub endpoint: Endpoint,
    /// What it is told.
    pub prompt: Prompt,
    /// Where a trial ends.
    pub limits: AgentLimits,
    /// What one trial may spend.
    pub allowance: Allowance,
    document: Document<AgentFile>,
}

/// Between a file's name and that of its variant.
const VARIANT: char = ':';
/// Every prompt of a file.
const ALL: &str = "all";

impl ModelAgent {
    /// The agents of one wish: a built-in name or a path, with a variant behind a colon or not. `None`: it names neither a file
    /// nor anything built in.
    ///
    /// # Errors
    /// Everything that is wrong in the file.
    pub fn wished(wish: &str, prices: &Prices) -> Option<Result<Vec<Self>, Vec<Diagnostic>>> {
        let (place, variant) = split(wish);
        let one = |wrong| vec![wrong];
        let (document, path) = match built_in::MODELS.text(place) {
            Some(text) => (scenario::parse(&PathBuf::from(format!("built-in/{place}.toml")), text), None),
            None if scenario::is_path(place) => {
                (scenario::read_alone(Path::new(place)), Some(PathBuf::from(place)))
            }
            None => return None,
        };
        Some(document.map_err(one).and_then(|document| Self::of(&document, path, variant, prices)))
    }

    fn of(
        document: &Document<AgentFile>,
        path: Option<PathBuf>,
        variant: &str,
        prices: &Prices,
    ) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let file = &document.value;
        let (endpoint, mut wrong) = match file.model.clone().endpoint() {
            Ok(endpoint) => (Some(endpoint), Vec::new()),
            Err(unfit) => (None, vec![at_model(document, unfit)]),
        };
        let price = prices.of_spec(&file.model);
        let usd = allowed(document, price.is_some()).unwrap_or_else(|problem| {
            wrong.push(problem);
            None
        });
        wrong.extend(problems(document));
        wrong.extend(unknown_variant(document, &file.variant, variant));
        let (Some(endpoint), true) = (endpoint, wrong.is_empty()) else { return Err(wrong) };
        let agent = |(variant, prompt): (&str, &Prompt)| Self {
            name: called(&file.name, variant),
            about: file.about.clone(),
            path: path.clone(),
            digest: digest(file, prompt, &json(&price)),
            endpoint: endpoint.clone(),
            prompt: prompt.clone(),
            limits: file.limits.clone(),
            allowance: Allowance { usd, tokens: file.limits.tokens_max },
            document: document.clone(),
        };
        Ok(chosen(&file.prompt, &file.variant, variant).map(agent).collect())
    }

    /// What is wrong with its model, at its place in the file.
    pub fn unfit(&self, unfit: Unfit) -> Diagnostic {
        at_model(&self.document, unfit)
    }

    /// The wish that leads to an agent of this name, whose file is there.
    pub fn wish(name: &str, path: Option<&Path>) -> String {
        let (own, variant) = name.split_once(VARIANT).map_or((name, None), |(own, v)| (own, Some(v)));
        let place = path.map_or_else(|| own.to_owned(), |path| path.to_string_lossy().into_owned());
        variant.map_or_else(|| place.clone(), |variant| format!("{place}{VARIANT}{variant}"))
    }
}

/// The place that a wish names, and the variant behind a colon; none: an empty word.
pub(super) fn split(wish: &str) -> (&str, &str) {
    match wish.rsplit_once(VARIANT) {
        Some((place, variant)) if !variant.contains('/') => (place, variant),
        _ => (wish, ""),
    }
}

/// An agent's name, with that of its variant.
pub(super) fn called(name: &str, variant: &str) -> String {
    if variant.is_empty() { name.to_owned() } else { format!("{name}{VARIANT}{variant}") }
}

/// What a wish for a variant comes to: the file's own way, one of its variants, or all of them; by name.
pub(super) fn chosen<'f, V>(
    own: &'f V,
    variants: &'f BTreeMap<String, V>,
    wished: &'f str,
) -> impl Iterator<Item = (&'f str, &'f V)> {
    let own = (wished.is_empty() || wished == ALL).then_some(("", own));
    let others = variants.iter().filter(move |(name, _)| wished == ALL || *name == wished);
    own.into_iter().chain(others.map(|(name, variant)| (name.as_str(), variant)))
}

/// A variant that is wished for and that the file has not.
pub(super) fn unknown_variant<F, V>(
    document: &Document<F>,
    variants: &BTreeMap<String, V>,
    wished: &str,
) -> Option<Diagnostic> {
    let known: Vec<&String> = variants.keys().collect();
    let is_known = wished.is_empty() || wished == ALL || variants.contains_key(wished);
    (!is_known).then(|| document.unexpected("variant", wished, "a variant of this agent", &known))
}

/// What is wrong with the names of variants.
pub(super) fn wrong_variants<'f, F, V>(
    document: &'f Document<F>,
    variants: &'f BTreeMap<String, V>,
) -> impl Iterator<Item = Diagnostic> + 'f {
    variants.keys().filter_map(|name| {
        let place = format!("variant.{name}");
        match name == ALL {
            true => Some(
                document.problem_of_key(&place, format!("`{ALL}` means every variant: name it otherwise")),
            ),
            false => document.unplain_key(&place, name),
        }
    })
}

pub(super) fn at_model<F>(document: &Document<F>, unfit: Unfit) -> Diagnostic {
    let told = document.problem(&format!("model.{}", unfit.key), unfit.problem);
    told.help(format!("the key is `{}` in `[model]`", unfit.key))
}

/// The dollars that one trial may spend.
fn allowed(document: &Document<AgentFile>, is_priced: bool) -> Result<Option<Usd>, Diagnostic> {
    let Some(text) = &document.value.limits.usd_max else { return Ok(None) };
    let place = "limits.usd_max";
    let usd: Usd = text.parse().map_err(|problem: String| document.problem(place, problem))?;
    if !is_priced {
        let title = format!("there is no price of `{}` to count dollars by", document.value.model.name);
        let help = "add `[model.price]` with `input` and `output`, in dollars for a million tokens";
        return Err(document.problem(place, title).help(help));
    }
    Ok(Some(usd))
}

/// What determines a trial and its record: the price as well, for it is recorded what a turn cost.
fn digest(file: &AgentFile, prompt: &Prompt, price: &str) -> String {
    let patience = Patience::default();
    let model = ModelSpec { key_env: None, key_fd: None, price: None, patience, ..file.model.clone() };
    digest::of_parts(["chesterton/agent/1", &json(&model), &json(prompt), &json(&file.limits), price])
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What can be wrong beside the model.
fn problems(document: &Document<AgentFile>) -> Vec<Diagnostic> {
    let file = &document.value;
    let mut wrong: Vec<Diagnostic> = document.unplain_name("name", &file.name).into_iter().collect();
    wrong.extend(wrong_variants(document, &file.variant));
    let limits = &file.limits;
    let zero = [
        ("turns_max", limits.turns_max == 0),
        ("tools_max", limits.tools_max == 0),
        ("tokens_max", limits.tokens_max == Some(0)),
        ("virtual_s_max", limits.virtual_s_max.is_some_and(|s| s < 1)),
        ("wall_s_max", limits.wall_s_max == 0),
    ];
    wrong.extend(too_low(document, zero));
    wrong
}

/// Limits at which nothing could begin.
pub(super) fn too_low<F, const N: usize>(
    document: &Document<F>,
    zero: [(&'static str, bool); N],
) -> impl Iterator<Item = Diagnostic> {
    let is_zero = zero.into_iter().filter(|(_, is_zero)| *is_zero);
    is_zero.map(|(key, _)| document.problem(&format!("limits.{key}"), "expected at least 1, found less"))
}
