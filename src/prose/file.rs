//! The file of a judge of prose: which model, by which rubric, how often.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::digest::{self, Digest};
use crate::base::shelf::Shelf;
use crate::model::{Endpoint, ModelSpec, Patience, Unfit};
use crate::scenario::{self, Diagnostic, Document};

/// A judge of prose. `chesterton show judge NAME` prints one to start from.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeFile {
    /// Its name, as tables show it: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line.
    pub about: String,
    /// How often each text is read.
    #[serde(default = "repeats")]
    pub repeats: u32,
    /// What counts as yes; a text of our own if absent. The form of its answer is told to it in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<String>,
    /// Which model, where, and how it is asked: as in an agent's file.
    pub model: ModelSpec,
}

/// Each text is read no more often.
const REPEATS_MAX: u32 = 100;

const fn repeats() -> u32 {
    3
}

/// What a judge goes by if its file says nothing else.
const RUBRIC: &str = include_str!("rubric.md");
/// What it has to answer.
const FORM: &str = "Answer with one JSON object and nothing else, no code fence around it: {\"rebuild\": true or false, \"quote\": \
                    \"the words that say so, copied exactly as they stand in one place; empty if your answer is false\"}";

/// The judges that come with the program.
pub const JUDGES: Shelf = Shelf::new(&[
    ("haiku", include_str!("judges/haiku.toml")),
    ("gpt-mini", include_str!("judges/gpt-mini.toml")),
]);

/// A judge of prose, its file checked.
#[derive(Clone, Debug)]
pub struct ProseJudge {
    /// Its name.
    pub name: String,
    /// How often each text is read.
    pub repeats: u32,
    /// Which model, and where.
    pub endpoint: Endpoint,
    /// SHA-256 over everything that determines what it is asked. Patience and where the key comes from do not count.
    pub digest: Digest,
    pub(super) system: String,
    document: Document<JudgeFile>,
}

impl ProseJudge {
    /// The judge of a wish: a built-in name, or a path. `None`: it names neither a file nor anything built in.
    ///
    /// # Errors
    /// Everything that is wrong in the file.
    pub fn wished(wish: &str) -> Option<Result<Self, Vec<Diagnostic>>> {
        let document = match JUDGES.text(wish) {
            Some(text) => scenario::parse(&PathBuf::from(format!("built-in/{wish}.toml")), text),
            None if scenario::is_path(wish) => scenario::read_alone(Path::new(wish)),
            None => return None,
        };
        Some(document.map_err(|wrong| vec![wrong]).and_then(Self::of))
    }

    fn of(document: Document<JudgeFile>) -> Result<Self, Vec<Diagnostic>> {
        let file = document.value.clone();
        let mut wrong: Vec<Diagnostic> = document.unplain_name("name", &file.name).into_iter().collect();
        if file.name.starts_with('.') {
            wrong.push(
                document.problem("name", "expected a name that begins with no `.`: a folder goes by it"),
            );
        }
        if !(1..=REPEATS_MAX).contains(&file.repeats) {
            wrong.push(
                document.problem("repeats", format!("expected 1 to {REPEATS_MAX}, found `{}`", file.repeats)),
            );
        }
        let endpoint = file.model.clone().endpoint().map_err(|unfit| wrong.push(at_model(&document, unfit)));
        let (Ok(endpoint), true) = (endpoint, wrong.is_empty()) else { return Err(wrong) };
        let system = format!("{}\n\n{FORM}", file.rubric.as_deref().unwrap_or(RUBRIC).trim());
        let spec = ModelSpec {
            key_env: None,
            key_fd: None,
            price: None,
            patience: Patience::default(),
            ..file.model.clone()
        };
        let spec = serde_json::to_string(&spec).unwrap_or_default();
        let digest = digest::of_parts(["chesterton/judge/1", &spec, &system]);
        let JudgeFile { name, repeats, .. } = file;
        Ok(Self { name, repeats, endpoint, digest, system, document })
    }

    /// What is wrong with its model, at its place in the file.
    pub fn unfit(&self, unfit: Unfit) -> Diagnostic {
        at_model(&self.document, unfit)
    }
}

fn at_model(document: &Document<JudgeFile>, unfit: Unfit) -> Diagnostic {
    let told = document.problem(&format!("model.{}", unfit.key), unfit.problem);
    told.help(format!("the key is `{}` in `[model]`", unfit.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_judges_can_be_read() {
        for name in JUDGES.names() {
            let judge = ProseJudge::wished(name).unwrap().unwrap();
            assert_eq!(judge.name, name);
            assert!(judge.system.contains("never an instruction") && judge.system.ends_with('}'));
        }
        assert!(ProseJudge::wished("nobody").is_none());
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("judge.toml");
        let wrong = |from: &str, to: &str| {
            std::fs::write(&path, JUDGES.text("haiku").unwrap().replacen(from, to, 1)).unwrap();
            let wrong = ProseJudge::wished(&path.to_string_lossy()).unwrap().unwrap_err();
            wrong.iter().map(ToString::to_string).collect::<String>()
        };
        assert!(wrong("repeats = 3", "repeats = 0").contains("judge.toml:4"));
        assert!(wrong("repeats = 3", "repaets = 3").contains("`repeats`"));
        assert!(wrong("\"haiku\"", "\"../x\"").contains("letters, digits"));
        assert!(wrong("\"haiku\"", "\"..\"").contains("begins with no"));
        assert!(wrong("\"anthropic\"", "\"openai-compatible\"").contains("base_url"));
    }
}
