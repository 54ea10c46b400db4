//! So many of so many.

use serde::Serialize;

use super::count::to_f64;

/// So many of so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Share {
    /// So many.
    pub k: u64,
    /// Of so many.
    pub n: u64,
}

impl Share {
    /// One more, and whether it is so.
    pub fn take(&mut self, is_so: bool) {
        self.n = self.n.saturating_add(1);
        self.k = self.k.saturating_add(u64::from(is_so));
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { k: self.k.saturating_add(other.k), n: self.n.saturating_add(other.n) }
    }

    /// The share as a number; `None` of none.
    pub fn rate(self) -> Option<f64> {
        (self.n > 0).then(|| to_f64(self.k) / to_f64(self.n))
    }
}

impl FromIterator<bool> for Share {
    fn from_iter<I: IntoIterator<Item = bool>>(items: I) -> Self {
        let mut share = Self::default();
        items.into_iter().for_each(|is_so| share.take(is_so));
        share
    }
}
