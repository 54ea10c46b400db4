//! What tokens cost: a table with a date, which a user may replace.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Usage;
use super::endpoint::ModelSpec;
use super::money::Usd;
use crate::scenario::{self, Diagnostic};

/// Dollars for a million tokens.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Read.
    pub input: f64,
    /// Read from the provider's cache; as `input` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Written to the provider's cache; as `input` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_writes: Option<f64>,
    /// Written.
    pub output: f64,
    /// Where long requests cost more: from how many tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongPrice>,
}

/// What everything costs in a request that reads more than so many tokens.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongPrice {
    /// Tokens read.
    pub over_tokens: u64,
    /// As of [`Price`].
    pub input: f64,
    /// As of [`Price`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// As of [`Price`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_writes: Option<f64>,
    /// As of [`Price`].
    pub output: f64,
}

impl Price {
    /// What one answer costs.
    pub fn of(&self, usage: &Usage) -> Usd {
        let rates = self.rates(usage.read());
        let parts = [
            (usage.input, rates.input),
            (usage.cached, rates.cached.unwrap_or(rates.input)),
            (usage.cache_writes, rates.cache_writes.unwrap_or(rates.input)),
            (usage.output, rates.output),
        ];
        parts.into_iter().fold(Usd::default(), |sum, (tokens, price)| sum.plus(Usd::of_tokens(tokens, price)))
    }

    /// What so much may cost at the most, whatever of it is cached.
    pub(super) fn worst(&self, read: u64, written: u64) -> Usd {
        let rates = self.rates(read);
        let dearest = rates.cache_writes.unwrap_or(rates.input).max(rates.input);
        Usd::of_tokens(read, dearest).plus(Usd::of_tokens(written, rates.output))
    }

    /// The rates of a request that reads so many tokens.
    const fn rates(&self, read: u64) -> Self {
        match self.long {
            Some(LongPrice { over_tokens, input, cached, cache_writes, output }) if read > over_tokens => {
                Self { input, cached, cache_writes, output, long: None }
            }
            _ => *self,
        }
    }

    fn is_sane(&self) -> bool {
        let rates = [Some(self.input), self.cached, self.cache_writes, Some(self.output)];
        let sane = rates.into_iter().flatten().all(|price| price.is_finite() && (0.0..=1e6).contains(&price));
        sane && (self.long.is_none() || self.rates(u64::MAX).is_sane())
    }
}

/// One model's price.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Priced {
    /// The model's name. With a date behind it, it costs the same.
    name: String,
    input: f64,
    cached: Option<f64>,
    cache_writes: Option<f64>,
    output: f64,
    long: Option<LongPrice>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PriceFile {
    /// When the prices were looked up, such as `2025-11-30`.
    as_of: String,
    /// Where.
    #[serde(default)]
    source: String,
    #[serde(default)]
    model: Vec<Priced>,
}

/// Prices by model, as of a date.
#[derive(Clone, PartialEq, Debug)]
pub struct Prices(PriceFile);

const BUILT_IN: &str = include_str!("prices.toml");

impl Prices {
    /// Those that come with the program.
    ///
    /// # Errors
    /// None, as a test holds.
    pub fn built_in() -> Result<Self, Diagnostic> {
        Self::parse(Path::new("built-in/prices.toml"), BUILT_IN)
    }

    /// The text of those, to start a table of one's own from.
    pub const fn source() -> &'static str {
        BUILT_IN
    }

    /// Those in a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        Self::checked(scenario::read_alone(path)?)
    }

    /// Those in a file if one is named, else those of the program.
    ///
    /// # Errors
    /// As [`Prices::read`].
    pub fn read_or_built_in(path: Option<&Path>) -> Result<Self, Diagnostic> {
        path.map_or_else(Self::built_in, Self::read)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Diagnostic> {
        Self::checked(scenario::parse(path, text)?)
    }

    fn checked(document: scenario::Document<PriceFile>) -> Result<Self, Diagnostic> {
        for (n, priced) in document.value.model.iter().enumerate() {
            if !priced.price().is_sane() {
                let title = "expected dollars for a million tokens, 0 to 1000000";
                return Err(document.problem(&format!("model[{n}]"), title));
            }
        }
        Ok(Self(document.value))
    }

    /// When they were looked up.
    pub fn as_of(&self) -> &str {
        &self.0.as_of
    }

    /// The price of a model as its table has it: its own, or the one of its name.
    pub fn of_spec(&self, spec: &ModelSpec) -> Option<Price> {
        spec.price.or_else(|| self.of(&spec.name))
    }

    /// The price of a model by its name.
    pub fn of(&self, model: &str) -> Option<Price> {
        let is_date =
            |rest: &str| rest.starts_with("-20") && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let named = |priced: &&Priced| {
            model.strip_prefix(priced.name.as_str()).is_some_and(|rest| rest.is_empty() || is_date(rest))
        };
        self.0.model.iter().find(named).map(Priced::price)
    }
}

impl Priced {
    const fn price(&self) -> Price {
        Price {
            input: self.input,
            cached: self.cached,
            cache_writes: self.cache_writes,
            output: self.output,
            long: self.long,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_cost_what_the_table_says() {
        let prices = Prices::built_in().unwrap();
        assert_eq!(prices.of("gpt-5").unwrap().input, 1.25);
        assert_eq!(prices.of("gpt-5-2025-08-07"), prices.of("gpt-5"));
        assert_ne!(prices.of("gpt-5-mini"), prices.of("gpt-5"));
        assert!(prices.of("gpt-5-turbo").is_none() && prices.of("gpt").is_none());
        assert!(prices.as_of().starts_with("20"));
    }

    #[test]
    fn long_requests_cost_more() {
        let price = Prices::built_in().unwrap().of("gemini-2.5-pro").unwrap();
        let usage = |input| Usage { input, output: 1_000, ..Usage::default() };
        assert_eq!(price.of(&usage(200_000)), "0.26".parse().unwrap());
        assert_eq!(price.of(&usage(400_000)), "1.015".parse().unwrap());
        assert!(price.worst(400_000, 1_000) >= price.of(&usage(400_000)));
    }

    #[test]
    fn a_wrong_table_is_told_at_its_place() {
        let read = |text: &str| Prices::parse(Path::new("prices.toml"), text).unwrap_err().to_string();
        let wrong = read("as_of = \"2026-01-01\"\n[[model]]\nname = \"x\"\ninput = -1\noutput = 2\n");
        assert!(wrong.contains("expected dollars") && wrong.contains("prices.toml"), "{wrong}");
        let wrong = read("as_of = \"2026-01-01\"\n[[model]]\nname = \"x\"\ninput = 1\noutptu = 2\n");
        assert!(wrong.contains("outptu"), "{wrong}");
    }
}
