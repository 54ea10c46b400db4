//! What may be spent, by a run and by each trial, in dollars and in tokens.
//!
//! Before each try the worst that it may come to is reserved; afterwards what it came to takes its place. So the sum of what
//! is spent and reserved never passes the limit, however many ask at once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::answer::Usage;
use super::money::Usd;

/// What may be spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Budget {
    /// By all trials of a run together.
    pub run: Allowance,
    /// By one conversation of one trial.
    pub trial: Allowance,
}

/// A limit in money, in tokens, in both or in none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allowance {
    /// Dollars.
    pub usd: Option<Usd>,
    /// Tokens, read and written.
    pub tokens: Option<u64>,
}

/// Whose limit it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The run's: it ends here, and can be resumed with more.
    Run,
    /// The trial's: it ends here, and counts.
    Trial,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// Dollars.
    Usd,
    /// Tokens.
    Tokens,
}

impl Currency {
    /// The limit of an agent's file that counts it, by its name.
    pub const fn limit(self) -> &'static str {
        match self {
            Self::Usd => "usd_max",
            Self::Tokens => "tokens_max",
        }
    }
}

impl Allowance {
    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let least = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
        let usd = self.usd.into_iter().chain(other.usd).min();
        Self { usd, tokens: least(self.tokens, other.tokens) }
    }
}

/// A limit that one more answer might pass.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Limit {
    /// Whose.
    pub scope: Scope,
    /// In what.
    pub currency: Currency,
    /// In whole: what was allowed, what is spent, what one more answer may come to.
    pub text: String,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What something comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Cost {
    pub usd: Usd,
    pub tokens: u64,
}

impl Cost {
    pub(super) const fn plus(self, other: Self) -> Self {
        Self { usd: self.usd.plus(other.usd), tokens: self.tokens.saturating_add(other.tokens) }
    }

    const fn less(self, other: Self) -> Self {
        Self { usd: self.usd.less(other.usd), tokens: self.tokens.saturating_sub(other.tokens) }
    }
}

/// What was spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Answers that came whole.
    pub answers: u64,
    /// Tries, those that came to nothing included.
    pub tries: u64,
    /// Tokens, as providers count them.
    pub usage: Usage,
    /// Dollars, `unmeasured` included; `None` where a price is not known.
    pub usd: Option<Usd>,
    /// Tokens that are counted at their worst, because an answer was lost on its way and may be billed all the same.
    pub unmeasured_tokens: u64,
}

/// The account of a run or of a conversation.
#[derive(Debug)]
pub(super) struct Account {
    scope: Scope,
    allowance: Allowance,
    books: Mutex<Books>,
    released: Notify,
}

#[derive(Debug, Default)]
struct Books {
    spent: Cost,
    reserved: Cost,
    tally: Tally,
    unpriced: bool,
}

impl Books {
    fn answered(&mut self, usage: Option<&Usage>, usd: Option<Usd>) {
        self.tally.answers = self.tally.answers.saturating_add(1);
        self.unpriced |= usd.is_none();
        self.tally.usage += usage.copied().unwrap_or_default();
    }

    fn lost(&mut self, lost: Cost) {
        self.tally.unmeasured_tokens = self.tally.unmeasured_tokens.saturating_add(lost.tokens);
    }
}

/// A part of the account that is set aside for one try. Dropped, it is given back, or, once the try was sent, spent.
#[derive(Debug)]
pub(super) struct Reservation {
    account: Arc<Account>,
    worst: Cost,
    sent: bool,
}

impl Account {
    pub fn new(scope: Scope, allowance: Allowance) -> Self {
        Self { scope, allowance, books: Mutex::default(), released: Notify::new() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the worst aside. Where it would fit but for what others have set aside, waits until they know what they spent.
    ///
    /// # Errors
    /// It does not fit beside what is spent already.
    pub async fn reserve(self: &Arc<Self>, worst: Cost) -> Result<Reservation, Limit> {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // From here on no release is missed.
            released.as_mut().enable();
            {
                let mut books = self.books();
                if let Some(limit) = self.passed(books.spent, worst) {
                    return Err(limit);
                }
                if self.passed(books.spent.plus(books.reserved), worst).is_none() {
                    books.reserved = books.reserved.plus(worst);
                    return Ok(Reservation { account: Arc::clone(self), worst, sent: false });
                }
            }
            released.await;
        }
    }

    /// The limit that would be passed.
    fn passed(&self, spent: Cost, worst: Cost) -> Option<Limit> {
        let whose = match self.scope {
            Scope::Run => "the run",
            Scope::Trial => "the trial",
        };
        let told = |currency, max: String, spent: String, worst: String| Limit {
            scope: self.scope,
            currency,
            text: format!(
                "{whose} may spend {max}: {spent} are spent, and one more answer may come to {worst}"
            ),
        };
        let all = spent.plus(worst);
        match self.allowance {
            Allowance { usd: Some(max), .. } if all.usd > max => {
                Some(told(Currency::Usd, max.to_string(), spent.usd.to_string(), worst.usd.to_string()))
            }
            Allowance { tokens: Some(max), .. } if all.tokens > max => Some(told(
                Currency::Tokens,
                format!("{max} tokens"),
                spent.tokens.to_string(),
                worst.tokens.to_string(),
            )),
            _ => None,
        }
    }

    /// Takes in what an earlier run has paid for, and its tape has kept.
    pub fn recalled(&self, usage: Option<&Usage>, usd: Option<Usd>, tries: u64, lost: Cost) {
        let mut books = self.books();
        books.tally.tries = books.tally.tries.saturating_add(tries);
        books.lost(lost);
        let tokens = usage.map_or(0, Usage::tokens);
        books.spent = books.spent.plus(lost).plus(Cost { usd: usd.unwrap_or_default(), tokens });
        books.answered(usage, usd);
    }

    /// Takes in what an earlier run may have paid for nothing.
    pub fn wasted(&self, tries: u64, lost: Cost) {
        let mut books = self.books();
        books.tally.tries = books.tally.tries.saturating_add(tries);
        books.spent = books.spent.plus(lost);
        books.lost(lost);
    }

    /// Whether there is a limit in dollars.
    pub const fn is_in_dollars(&self) -> bool {
        self.allowance.usd.is_some()
    }

    /// What was spent so far.
    pub fn tally(&self) -> Tally {
        let books = self.books();
        Tally { usd: (!books.unpriced).then_some(books.spent.usd), ..books.tally }
    }
}

impl Reservation {
    /// From here on the provider may bill it.
    pub fn sent(&mut self) {
        self.sent = true;
        let mut books = self.account.books();
        books.tally.tries = books.tally.tries.saturating_add(1);
    }

    /// The provider refused or failed before it answered, and bills nothing: it stays set aside for the next try.
    pub const fn unsent(&mut self) {
        self.sent = false;
    }

    /// The answer came, and took this; the worst where the provider does not say. No dollars: no price is known.
    pub fn answered(mut self, usage: Option<&Usage>, usd: Option<Usd>) {
        let worst = self.worst;
        let tokens = usage.map_or(worst.tokens, Usage::tokens);
        self.close(Cost { usd: usd.unwrap_or_default(), tokens }, |books| {
            books.answered(usage, usd);
            if usage.is_none() {
                books.lost(worst);
            }
        });
    }

    fn close(&mut self, cost: Cost, note: impl FnOnce(&mut Books)) {
        {
            let mut books = self.account.books();
            books.reserved = books.reserved.less(self.worst);
            books.spent = books.spent.plus(cost);
            note(&mut books);
        }
        self.worst = Cost::default();
        self.sent = false;
        self.account.released.notify_waiters();
    }
}

impl Drop for Reservation {
    /// A try whose end nobody knows is spent in whole.
    fn drop(&mut self) {
        let worst = self.worst;
        if self.sent {
            self.close(worst, |books| books.lost(worst));
        } else if worst != Cost::default() {
            self.close(Cost::default(), |_| {});
        }
    }
}
