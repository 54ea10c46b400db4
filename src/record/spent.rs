//! What a turn of a model takes: tokens and money. Nothing of the wall clock.

use serde::{Deserialize, Serialize};

/// Tokens and money. Money is a whole number, so that sums are the same in any order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens read: all of them, those that came from a cache among them.
    pub tokens_in: u64,
    /// Of these, tokens that the provider had in its cache.
    pub tokens_cached: u64,
    /// Tokens written, those of its reasoning among them.
    pub tokens_out: u64,
    /// Millionths of a millionth of a dollar, for a token may cost less than a millionth; absent: no price is known.
    pub pico_usd: Option<u64>,
}

impl Spent {
    /// This and that together. An unknown price makes the whole unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            tokens_in: self.tokens_in.saturating_add(other.tokens_in),
            tokens_cached: self.tokens_cached.saturating_add(other.tokens_cached),
            tokens_out: self.tokens_out.saturating_add(other.tokens_out),
            pico_usd: self.pico_usd.zip(other.pico_usd).map(|(a, b)| a.saturating_add(b)),
        }
    }
}

/// Such a sum in dollars, for figures that people and spreadsheets read.
#[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
pub fn dollars(pico_usd: u64) -> f64 {
    pico_usd as f64 / 1e12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_price_makes_no_sum() {
        let turn = |pico_usd| Spent { tokens_in: 3, tokens_cached: 2, tokens_out: 1, pico_usd };
        let two = Spent { tokens_in: 6, tokens_cached: 4, tokens_out: 2, pico_usd: Some(9) };
        assert_eq!(turn(Some(4)).and(turn(Some(5))), two);
        assert_eq!(turn(Some(4)).and(turn(None)).pico_usd, None);
    }
}
