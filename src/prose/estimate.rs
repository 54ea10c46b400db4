//! What asking a judge may come to, before it is asked.

use super::ask::Case;
use super::file::ProseJudge;
use crate::base::text::Untrusted;
use crate::model::{Prices, Usage, money};

/// Bytes of a token, in English.
const TOKEN_BYTES: u64 = 4;
/// Tokens of an answer: a sentence is quoted, and some models think before.
const ANSWER_TOKENS: u64 = 150;

/// In a line: readings, tokens, money. The order of magnitude.
pub fn estimate(judge: &ProseJudge, cases: &[Case], prices: &Prices) -> String {
    let size = |text: &str| u64::try_from(text.len()).unwrap_or(u64::MAX) / TOKEN_BYTES;
    let own = size(&judge.system);
    let once: u64 = cases.iter().map(|case| size(&case.words.document()).saturating_add(own)).sum();
    let repeats = u64::from(judge.repeats);
    let readings = repeats.saturating_mul(u64::try_from(cases.len()).unwrap_or(u64::MAX));
    let (input, output) = (once.saturating_mul(repeats), readings.saturating_mul(ANSWER_TOKENS));
    let usd = prices.of_spec(&judge.endpoint.spec).map(|price| {
        // Long requests are dearer; a sum of many requests is none.
        let price = crate::model::Price { long: None, ..price };
        price.of(&Usage { input, output, ..Usage::default() })
    });
    format!(
        "{}: {readings} readings of {} texts · about {input} tokens read, {output} written · {}",
        Untrusted::from(&judge.name).for_line(60),
        cases.len(),
        money(usd)
    )
}
