//! Random streams derived by name from one seed.
//!
//! A stream's key is SHA-256 over the seed and the stream's name, its generator ChaCha with 8 rounds
//! (`rand_chacha`, whose output is a promise; `StdRng`'s is not). A new stream never shifts another
//! one, so adding a fault to a scenario leaves every other draw as it was.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// One named random stream.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream called `name` under `seed`.
    pub fn stream(seed: u64, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"chesterton/chance/1\0");
        hash.update(seed.to_le_bytes());
        hash.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A whole number from `low` to `high`, both included, each equally likely.
    ///
    /// Lemire's method without its rejection step would lean by 2⁻³² at the most for the ranges used
    /// here; the multiplication is done in 128 bits, which makes that 2⁻⁶⁴.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u128::from(high.abs_diff(low)) + 1;
        let drawn = (u128::from(self.0.next_u64()) * span) >> 64;
        low.min(high).saturating_add(i64::try_from(drawn).unwrap_or(i64::MAX))
    }

    /// So many hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        let digit = |n: i64| u32::try_from(n).ok().and_then(|n| char::from_digit(n, 16));
        (0..digits).filter_map(|_| digit(self.between(0, 15))).collect()
    }

    /// `value` stretched or shrunk by up to `percent` per cent.
    pub fn about(&mut self, value: i64, percent: i64) -> i64 {
        let spread = value.saturating_mul(percent) / 100;
        value.saturating_add(self.between(-spread, spread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These vectors are a promise: ledgers of published runs depend on them. They were computed apart from this code,
    /// from the definitions of SHA-256 and of ChaCha with 8 rounds.
    #[test]
    fn golden_vectors() {
        let draws = |seed, name: &str| {
            let mut stream = Chance::stream(seed, name);
            [0; 4].map(|_| stream.between(0, 999_999))
        };
        assert_eq!(draws(1, "people"), [551_274, 648_878, 645_753, 664_941]);
        assert_eq!(draws(1, "faults"), [542_427, 537_707, 380_510, 669_387]);
        assert_eq!(draws(2, "people"), [410_053, 392_677, 352_892, 251_470]);
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut stream = Chance::stream(7, "dice");
        let rolls: std::collections::BTreeSet<i64> = (0..200).map(|_| stream.between(1, 6)).collect();
        assert_eq!(rolls.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
}
