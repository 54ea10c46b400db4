//! Guardrails written in Cedar.
//!
//! Cedar skips a policy that it cannot evaluate, so that a `forbid` with an error in it lets everything through. That is
//! closed in three places: policies are checked strictly against our schema when the setup is read, and one that can never
//! apply is refused; request and entities are checked against the same schema each time; and an error that is left (a sum
//! that overflows) is a fault, whatever the rest of the policies says.
//!
//! Deny is the default: what no `permit` allows is denied. `@decision("ask")` on a `permit` means that a person has to
//! agree, unless another `permit` allows the call without; on a `forbid`, that a person may lift it, if nothing else forbids
//! the call and something permits it. `@id` names a policy, `@reason` says why.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Decision, Diagnostics, Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};

use super::cedar_case::{self, Types};
use crate::gate::answer;
use crate::gate::beside::Beside;
use crate::gate::case::Case;
use crate::gate::guardrail::{Guardrail, Opinion, Question, Thinking, ready};
use crate::gate::kinds::{Blueprint, Unfit};
use crate::scenario::Diagnostic;

/// Annotations that mean something here. Others are the author's own.
const ANNOTATIONS: &[&str] = &["decision", "id", "reason"];

/// Policies that were read and checked.
#[derive(Clone)]
struct Cedar(Arc<Loaded>);

struct Loaded {
    name: String,
    schema: Schema,
    types: Types,
    policies: PolicySet,
    /// The same without what a person may lift.
    lifted: PolicySet,
    known: BTreeMap<PolicyId, Known>,
}

/// What is told of a policy.
struct Known {
    place: usize,
    asks: bool,
    reason: String,
}

/// Reads and checks policies.
pub(super) fn prepare(files: &[String], name: String, beside: &Beside) -> Result<Blueprint, Unfit> {
    let (schema, _) = Schema::from_cedarschema_str(super::CEDAR_SCHEMA)
        .map_err(|error| Unfit::new(format!("the schema of this program is broken: {error}")))?;
    let types = Types::new().map_err(Unfit::new)?;
    let (policies, lifted) = Default::default();
    let mut loaded = Loaded { name, schema, types, policies, lifted, known: BTreeMap::new() };
    for file in files {
        let source = Source { path: beside.shown(file), text: beside.text(file)?.into() };
        loaded.add(&source)?;
    }
    if loaded.known.is_empty() {
        let unfit = Unfit::new("there is no policy in these files, so that everything would be denied");
        return Err(unfit
            .of("policies")
            .help("`permit(principal, action, resource);` is a policy to begin with"));
    }
    Ok(Blueprint::of(Cedar(Arc::new(loaded))))
}

struct Source {
    path: PathBuf,
    text: Arc<str>,
}

impl Source {
    /// What Cedar says is wrong, shown at its place.
    fn wrong(&self, found: &(impl miette::Diagnostic + ?Sized), others: usize) -> Unfit {
        let label = found.labels().and_then(|mut labels| labels.next());
        let title = without_policy(&found.to_string());
        let diagnostic = match &label {
            Some(label) => {
                let span = label.offset()..label.offset().saturating_add(label.len());
                Diagnostic::of_span(&self.path, self.text.clone(), span, title)
                    .label(label.label().unwrap_or_default())
            }
            None => Diagnostic::of_file(&self.path, title),
        };
        let help = found.help().map(|help| without_policy(&help.to_string()));
        let diagnostic = help.into_iter().fold(diagnostic, Diagnostic::help);
        let more =
            if others > 0 { format!("{others} more places are wrong in this file") } else { String::new() };
        Unfit::elsewhere(
            diagnostic.help("`src/gate/POLICIES.md` says what a policy may ask about").help(more),
        )
    }

    /// A problem where this text first stands.
    fn marked(&self, text: &str, title: impl Into<String>) -> Diagnostic {
        let start = self.text.find(text).unwrap_or_default();
        let span = start..start.saturating_add(text.len());
        Diagnostic::of_span(&self.path, self.text.clone(), span, title)
    }

    fn at(&self, text: &str, title: impl Into<String>) -> Unfit {
        Unfit::elsewhere(self.marked(text, title))
    }
}

/// Cedar begins with "for policy `policy0`, " or the like, a name that no user has given.
fn without_policy(message: &str) -> String {
    let rest = message.strip_prefix("for policy `").and_then(|rest| rest.split_once('`'));
    rest.map_or(message, |(_, rest)| rest.trim_start_matches([',', ':', ' '])).to_owned()
}

/// Cedar finds in no order: the first in the text is shown, of several there always the same.
fn place(found: &impl miette::Diagnostic) -> (usize, String) {
    let label = found.labels().and_then(|mut labels| labels.next());
    (label.map_or(0, |label| label.offset()), found.to_string())
}

impl Loaded {
    fn add(&mut self, source: &Source) -> Result<(), Unfit> {
        let policies = PolicySet::from_str(&source.text).map_err(|errors| source.wrong(&errors, 0))?;
        if policies.templates().next().is_some() {
            return Err(source.at("?", "a template is no policy until it is linked, which is not done here"));
        }
        self.check(source, &policies)?;
        for policy in policies.policies() {
            self.take(source, policy)?;
        }
        Ok(())
    }

    fn check(&self, source: &Source, policies: &PolicySet) -> Result<(), Unfit> {
        let found = Validator::new(self.schema.clone()).validate(policies, ValidationMode::Strict);
        let others = found.validation_errors().count().saturating_sub(1);
        if let Some(error) = found.validation_errors().min_by_key(|error| place(*error)) {
            return Err(source.wrong(error, others));
        }
        // A policy that can never apply protects nothing; the author means something else.
        match found.validation_warnings().min_by_key(|warning| place(*warning)) {
            Some(warning) => Err(source.wrong(warning, 0)),
            None => Ok(()),
        }
    }

    fn take(&mut self, source: &Source, policy: &Policy) -> Result<(), Unfit> {
        for (key, _) in policy.annotations().filter(|(key, _)| !ANNOTATIONS.contains(key)) {
            // `@decison("ask") permit` would permit what was meant to be asked about.
            if ANNOTATIONS.iter().any(|known| strsim::damerau_levenshtein(&key.to_lowercase(), known) <= 2) {
                let found = source.marked(&format!("@{key}"), format!("`@{key}` means nothing here"));
                return Err(Unfit::elsewhere(found.suggest(key, ANNOTATIONS)));
            }
        }
        let place = self.known.len();
        let id = policy
            .annotation("id")
            .map_or_else(|| format!("policy {}", place.saturating_add(1)), str::to_owned);
        let asks = match policy.annotation("decision") {
            None => false,
            Some("ask") => true,
            Some(other) => {
                let title = format!("expected `ask` as the decision of a policy, found `{other}`");
                return Err(source.at(&format!("\"{other}\""), title));
            }
        };
        let reason =
            policy.annotation("reason").map_or_else(|| format!("forbidden by `{id}`"), str::to_owned);
        let policy = policy.new_id(PolicyId::new(&id));
        let twice = |_| source.at(&format!("\"{id}\""), format!("two policies are called `{id}`"));
        self.policies.add(policy.clone()).map_err(twice)?;
        if !(asks && policy.effect() == Effect::Forbid) {
            self.lifted.add(policy).map_err(twice)?;
        }
        self.known.insert(PolicyId::new(&id), Known { place, asks, reason });
        Ok(())
    }

    fn decide(&self, question: Question<'_>) -> Result<Opinion, String> {
        let (request, entities) = cedar_case::request(&Case::of(&question), &self.schema, &self.types)?;
        let ask = |policies| {
            let response = Authorizer::new().is_authorized(&request, policies, &entities);
            no_errors(response.diagnostics())?;
            Ok::<_, String>((response.decision(), self.reasons(response.diagnostics())))
        };
        let (decision, reasons) = ask(&self.policies)?;
        let all_ask = !reasons.is_empty() && reasons.iter().all(|known| known.asks);
        Ok(match (decision, all_ask) {
            (Decision::Allow, false) => Opinion::Allow,
            (Decision::Allow, true) => Opinion::Ask,
            (Decision::Deny, true) => match ask(&self.lifted)?.0 {
                Decision::Allow => Opinion::Ask,
                Decision::Deny => unpermitted(),
            },
            (Decision::Deny, false) if reasons.is_empty() => unpermitted(),
            (Decision::Deny, false) => {
                let why: Vec<&str> = reasons.iter().filter(|k| !k.asks).map(|k| k.reason.as_str()).collect();
                Opinion::Deny(answer::reason(&why.join("; ")))
            }
        })
    }

    /// The policies that decided, in the order of the files.
    fn reasons(&self, diagnostics: &Diagnostics) -> Vec<&Known> {
        let mut reasons: Vec<&Known> = diagnostics.reason().filter_map(|id| self.known.get(id)).collect();
        reasons.sort_by_key(|known| known.place);
        reasons
    }
}

fn unpermitted() -> Opinion {
    Opinion::Deny("no policy permits this".to_owned())
}

fn no_errors(diagnostics: &Diagnostics) -> Result<(), String> {
    // In order of name: Cedar keeps no order.
    match diagnostics.errors().map(ToString::to_string).min() {
        Some(error) => Err(format!("a policy could not be evaluated: {}", answer::reason(&error))),
        None => Ok(()),
    }
}

impl Guardrail for Cedar {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn sees_approvals(&self) -> bool {
        true
    }

    fn consider<'a>(&'a self, question: Question<'a>) -> Thinking<'a> {
        ready(self.0.decide(question).unwrap_or_else(Opinion::Fault))
    }
}
