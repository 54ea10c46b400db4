//! Guardrails written in Rego.
//!
//! A rule decides (`data.chesterton.decision` if the setup names no other): one of the words `allow`, `deny` and `ask`, an
//! object with `decision` and `reason`, a boolean, or a set of denials. A rule that is undefined is a fault, and so is one
//! that cannot be evaluated; builtins that meet a wrong value are errors here, where OPA would go on with undefined.
//!
//! Policies are pure functions of what they see. What would ask the outside world, the clock or chance is refused when the
//! setup is read, and put out of use in the engine as well; the time is in the document. Refused too is what makes a rule
//! silent by mistake, as far as the text shows it (`rego_words`).

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use regex_lite::Regex;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::Value as Json;

use super::rego_quick;
use super::rego_words::{self, RANDOM};
use crate::gate::answer;
use crate::gate::beside::Beside;
use crate::gate::case::Case;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking};
use crate::gate::kinds::{Blueprint, Unfit};
use crate::gate::one_json::one_json;
use crate::scenario::Diagnostic;

/// Milliseconds of one evaluation: a policy that loops ends, also when nobody waits for it any more.
const EVALUATION_MS_MAX: u64 = 1_000;
/// Milliseconds of one evaluation on the spot, while nobody can stop waiting.
const ON_THE_SPOT_MS_MAX: u64 = 20;
/// Steps between two looks at the clock.
const STEPS: u32 = 1_000;

/// Policies that were read and checked.
#[derive(Clone)]
struct Rego(Arc<Loaded>);

struct Loaded {
    name: String,
    entrypoint: String,
    engine: Engine,
    /// The engine that is asked first, on the spot, if the policies are such that it comes to an end soon.
    quick: Option<Engine>,
}

/// Reads and checks policies and their data.
pub(super) fn prepare(
    files: &[String],
    data: &[String],
    entrypoint: &str,
    name: String,
    beside: &Beside,
) -> Result<Blueprint, Unfit> {
    let mut engine = engine()?;
    let mut texts = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let (path, text) =
            (beside.shown(file), beside.text(file).map_err(|u| u.of(format!("policies[{n}]")))?);
        engine.add_policy(file.clone(), text.clone()).map_err(|error| wrong(&path, &text, &error))?;
        rego_words::check(&path, &text)?;
        texts.push(text);
    }
    for (n, file) in data.iter().enumerate() {
        let key = format!("data[{n}]");
        let text = beside.text(file).map_err(|unfit| unfit.of(&key))?;
        apart(&engine, &text)
            .and_then(|()| engine.add_data_json(&text).map_err(|error| error.to_string()))
            .map_err(|why| Unfit::new(format!("`{file}` holds no data to add: {why}")).of(key))?;
    }
    let mut loaded = Loaded { name, entrypoint: entrypoint.to_owned(), engine, quick: None };
    loaded.make_ready(files, beside)?;
    loaded.quick = rego_quick::is_quick(&texts).then(|| {
        let mut engine = loaded.engine.clone();
        engine.set_execution_timer_config(at_most(ON_THE_SPOT_MS_MAX));
        engine
    });
    Ok(Blueprint::of(Rego(Arc::new(loaded))))
}

/// An engine that asks neither the clock nor chance, and comes to an end.
fn engine() -> Result<Engine, Unfit> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(at_most(EVALUATION_MS_MAX));
    // A function of one's own is found before the engine's.
    let refused = |_: Vec<Value>| Err(anyhow::anyhow!("`{RANDOM}` does not follow from what a policy sees"));
    engine
        .add_extension(RANDOM.to_owned(), 2, Box::new(refused))
        .map_err(|error| Unfit::new(format!("`{RANDOM}` cannot be put out of use: {error}")))?;
    Ok(engine)
}

fn at_most(ms: u64) -> ExecutionTimerConfig {
    ExecutionTimerConfig {
        limit: Duration::from_millis(ms),
        check_interval: NonZeroU32::new(STEPS).unwrap_or(NonZeroU32::MIN),
    }
}

/// The engine's timer ended the evaluation.
fn is_too_long(error: &anyhow::Error) -> bool {
    error.to_string().contains("exceeded time limit")
}

/// Data where a policy's package is would be taken in the place of its rules.
fn apart(engine: &Engine, data: &str) -> Result<(), String> {
    let data = one_json(data.as_bytes()).map_err(|why| why.replace("its answer", "it"))?;
    for package in engine.get_packages().map_err(|error| error.to_string())? {
        let mut here = Some(&data);
        for part in package.split('.').skip(1) {
            here = match here {
                Some(Json::Object(object)) => object.get(part),
                other => other,
            };
        }
        if here.is_some() {
            return Err(format!("it stands where the policies of `{package}` do"));
        }
    }
    Ok(())
}

/// An error of the engine's in one line, the same each time.
fn in_short(error: &anyhow::Error) -> String {
    if is_too_long(error) {
        return format!("it took longer than {EVALUATION_MS_MAX} ms");
    }
    answer::reason(error.to_string().rsplit("error: ").next().unwrap_or_default())
}

/// What the engine says is wrong, shown at its place.
fn wrong(path: &PathBuf, text: &str, error: &anyhow::Error) -> Unfit {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"--> .*:(\d+):(\d+)").ok());
    let message = error.to_string();
    let title = message.rsplit("error: ").next().unwrap_or_default().trim().to_owned();
    let found = PLACE.as_ref().and_then(|place| place.captures(&message));
    let number = |n: usize| found.as_ref()?.get(n)?.as_str().parse::<usize>().ok();
    let diagnostic = match number(1).zip(number(2)) {
        Some((line, column)) => {
            let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let start = before.saturating_add(column.saturating_sub(1));
            let word = text.get(start..).unwrap_or_default().split_whitespace().next().map_or(1, str::len);
            Diagnostic::of_span(path, text.into(), start..start.saturating_add(word), title)
        }
        None => Diagnostic::of_file(path, title),
    };
    Unfit::elsewhere(diagnostic)
}

impl Loaded {
    /// Compiles the policies, once for all calls, and sees that the rule is there.
    fn make_ready(&mut self, files: &[String], beside: &Beside) -> Result<(), Unfit> {
        let found = self.engine.eval_rule(self.entrypoint.clone());
        let Err(error) = found else { return Ok(()) };
        let message = error.to_string();
        if message.contains("not a valid rule path") {
            let unfit = Unfit::new(format!("no policy has the rule `{}`", self.entrypoint)).of("entrypoint");
            return Err(unfit.help("`data.` is followed by the package and the rule's name"));
        }
        let named = files.iter().find(|file| message.contains(file.as_str()));
        match named.and_then(|file| Some((beside.shown(file), beside.text(file).ok()?))) {
            Some((path, text)) => Err(wrong(&path, &text, &error)),
            None => {
                let why = in_short(&error);
                Err(Unfit::new(format!("the policies cannot be evaluated: {why}")).of("policies"))
            }
        }
    }
}

/// Evaluates the rule for a document. `None`: it is too long for this engine.
fn evaluate(mut engine: Engine, entrypoint: &str, case: &str, call: u32) -> Option<Result<Opinion, String>> {
    let told = |error: anyhow::Error| format!("the policy could not be evaluated: {}", in_short(&error));
    if let Err(error) = engine.set_input_json(case) {
        return Some(Err(told(error)));
    }
    let value = match engine.eval_rule(entrypoint.to_owned()) {
        Ok(value) => value,
        Err(error) if is_too_long(&error) => return None,
        Err(error) => return Some(Err(told(error))),
    };
    if value == Value::Undefined {
        return Some(Err(format!("`{entrypoint}` is undefined for this call")));
    }
    let text = value.to_json_str().map_err(told);
    Some(text.and_then(|text| Ok(answer::opinion(&one_json(text.as_bytes())?, call))))
}

impl Guardrail for Rego {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn sees_approvals(&self) -> bool {
        true
    }

    /// On the spot for a moment, if that can be; else on a thread of its own, so that the gate can stop waiting for it.
    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        Box::pin(async move {
            let Ok(case) = serde_json::to_string(&Case::of(&question)) else {
                return Opinion::Fault("the call cannot be written as JSON".to_owned());
            };
            let call = question.call.id.0;
            let at_once = self.0.quick.clone().and_then(|e| evaluate(e, &self.0.entrypoint, &case, call));
            if let Some(opinion) = at_once {
                return opinion.unwrap_or_else(Opinion::Fault);
            }
            let loaded = Arc::clone(&self.0);
            let thinking = tokio::task::spawn_blocking(move || {
                evaluate(loaded.engine.clone(), &loaded.entrypoint, &case, call)
            });
            match thinking.await {
                Ok(Some(opinion)) => opinion.unwrap_or_else(Opinion::Fault),
                Ok(None) => Opinion::Fault(format!(
                    "the policy could not be evaluated: it took longer than {EVALUATION_MS_MAX} ms"
                )),
                Err(_) => Opinion::Fault("it crashed".to_owned()),
            }
        })
    }
}
