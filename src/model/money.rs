//! Money in whole numbers: a sum of many small prices is the same in any order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// US dollars, in millionths of a millionth: a token may cost 0.000 000 025 of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(u64);

const PER_DOLLAR: u64 = 1_000_000_000_000;
/// Digits after the point that a sum may be written with.
const DECIMALS: usize = 12;

impl Usd {
    /// So many tokens at so many dollars a million of them.
    pub(super) fn of_tokens(tokens: u64, per_million: f64) -> Self {
        // A price has a few digits, so the product is exact enough to be rounded to the number meant.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "casts of floats saturate"
        )]
        let per_token = (per_million * 1e6).round() as u64;
        Self(per_token.saturating_mul(tokens))
    }

    /// As a whole number of millionths of a millionth: for the record.
    pub const fn pico(self) -> u64 {
        self.0
    }

    /// In dollars: for figures that people and spreadsheets read.
    #[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / PER_DOLLAR as f64
    }

    /// So many dollars, as a record has them; none of what is no sum.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
    #[expect(clippy::cast_precision_loss, reason = "to a millionth of a millionth is close enough")]
    pub fn of_dollars(dollars: f64) -> Self {
        Self((dollars * PER_DOLLAR as f64).round() as u64)
    }

    /// The sum, or the most there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A sum that may be unknown, for people.
pub fn money(usd: Option<Usd>) -> String {
    usd.map_or_else(|| "no price is known".to_owned(), |usd| usd.to_string())
}

impl fmt::Display for Usd {
    /// Two digits after the point, or four where it is less than a dollar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.0 < PER_DOLLAR && self.0 > 0 { 4 } else { 2 };
        write!(f, "${:.digits$}", self.dollars())
    }
}

impl FromStr for Usd {
    type Err = String;

    /// `20usd`, `0.50usd`, `$20` or `20`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected dollars, such as `20usd` or `0.50usd`, found `{text}`");
        let plain = text.trim().to_ascii_lowercase();
        let plain = plain.strip_suffix("usd").unwrap_or(&plain).trim();
        let plain = plain.strip_prefix('$').unwrap_or(plain);
        let (whole, part) = plain.split_once('.').unwrap_or((plain, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > DECIMALS {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let part: u64 = format!("{part:0<DECIMALS$}").parse().map_err(|_| wrong())?;
        let sum = whole.checked_mul(PER_DOLLAR).and_then(|whole| whole.checked_add(part));
        sum.map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_and_written() {
        let read = |text: &str| text.parse::<Usd>().map(|usd| usd.to_string());
        assert_eq!(read("20usd").unwrap(), "$20.00");
        assert_eq!(read("$0.50").unwrap(), "$0.5000");
        assert_eq!(read(" 1.25 USD").unwrap(), "$1.25");
        for wrong in ["", "usd", "-1", "1e3", "1.", ".5", "1,5", "20eur", "99999999999", "1.1234567890123"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tokens_cost_what_they_cost() {
        assert_eq!(Usd::of_tokens(1_000_000, 1.25), "1.25".parse().unwrap());
        assert_eq!(Usd::of_tokens(3, 0.025), "0.000000075".parse().unwrap());
        assert_eq!(Usd::of_tokens(7, f64::NAN), Usd::default());
        assert_eq!(Usd::of_tokens(u64::MAX, 15.0), Usd(u64::MAX));
    }
}
