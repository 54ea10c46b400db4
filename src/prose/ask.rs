//! Asking a judge about every trial's words, side by side.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use serde::Deserialize;

use super::file::ProseJudge;
use super::words::Words;
use crate::model::{Answer, Fault, Model, Refusal, Request, Turn, Who};
use crate::record::TrialKey;
use crate::record::judgement::{JUDGEMENT_VERSION, Judgement, Missing};

/// A trial, and what was written in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// Which trial.
    pub trial: TrialKey,
    /// What was written.
    pub words: Words,
}

/// How far the asking came.
#[derive(Debug)]
pub struct Judged {
    /// Judgements, in the order of trials and repetitions.
    pub judgements: Vec<Judgement>,
    /// Why nobody could be asked any more; the rest is for whoever asks again.
    pub halted: Option<Fault>,
}

/// What a judge has to answer, to the letter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    rebuild: bool,
    quote: String,
}

/// Asks a judge about each case, as often as it reads a text, with so many questions in flight at once; `done` hears of each answer.
///
/// What is no answer is no judgement, and says why. Where nobody can be asked any more (no money is left, a wrong key, a tape without
/// the answer) those in flight come to their end, and no more begin.
pub async fn ask(
    judge: &ProseJudge,
    model: &Model,
    cases: &[Case],
    in_flight: usize,
    mut done: impl FnMut(),
) -> Judged {
    let stopped = AtomicBool::new(false);
    let questions = cases.iter().flat_map(|case| (1..=judge.repeats).map(move |repeat| (case, repeat)));
    let asking = questions.map(|(case, repeat)| {
        let stopped = &stopped;
        async move {
            if stopped.load(Ordering::SeqCst) {
                return None;
            }
            let judged = one(judge, model, case, repeat).await;
            stopped.fetch_or(judged.is_err(), Ordering::SeqCst);
            Some(judged)
        }
    });
    let mut answers = stream::iter(asking).buffer_unordered(in_flight.max(1));
    let (mut judgements, mut halted) = (Vec::new(), None);
    while let Some(answer) = answers.next().await {
        match answer {
            Some(Ok(judgement)) => {
                judgements.push(judgement);
                done();
            }
            Some(Err(fault)) => halted = halted.or(Some(fault)),
            None => {}
        }
    }
    judgements.sort_by(|a, b| (&a.trial, a.repeat).cmp(&(&b.trial, b.repeat)));
    Judged { judgements, halted }
}

/// One reading of one text: a conversation of its own, so that no reading knows of another.
async fn one(judge: &ProseJudge, model: &Model, case: &Case, repeat: u32) -> Result<Judgement, Fault> {
    let Case { trial, words } = case;
    let who = Who { trial: trial.id(), part: format!("judge/{}/{repeat}", judge.name), seed: trial.seed };
    let request = Request {
        system: judge.system.clone(),
        turns: vec![Turn::User(words.document())],
        ..Request::default()
    };
    let said = match model.conversation(who).ask(&request).await {
        Ok(answer) => understood(&answer, words),
        Err(Fault::Provider(_)) => Err(Missing::ProviderFault),
        Err(Fault::Refused { refusal: Refusal::ContextTooLong | Refusal::Request, .. }) => {
            Err(Missing::Refused)
        }
        Err(fault) => return Err(fault),
    };
    let (rebuild, quote, missing) = match said {
        Ok(said) => (Some(said.rebuild), said.quote, None),
        Err(missing) => (None, String::new(), Some(missing)),
    };
    Ok(Judgement {
        v: JUDGEMENT_VERSION,
        trial: trial.id(),
        scenario: (&trial.scenario).into(),
        setup: (&trial.setup).into(),
        agent: (&trial.agent).into(),
        judge: (&judge.name).into(),
        model: (&judge.endpoint.spec.name).into(),
        judge_digest: judge.digest.clone(),
        repeat,
        words: words.digest(),
        rebuild,
        quote: quote.into(),
        missing,
    })
}

/// What is not to the letter what was asked for is no judgement; neither is a yes for words that nobody wrote.
fn understood(answer: &Answer, words: &Words) -> Result<Said, Missing> {
    let said: Said = serde_json::from_str(answer.text.trim()).map_err(|_| Missing::Malformed)?;
    match said.rebuild {
        _ if !answer.uses.is_empty() => Err(Missing::Malformed),
        true if !words.has(&said.quote) => Err(Missing::Misquoted),
        false if !said.quote.is_empty() => Err(Missing::Malformed),
        _ => Ok(said),
    }
}
