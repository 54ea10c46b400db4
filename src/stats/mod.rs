//! Numbers fit for rare catastrophes. Pure.

mod agreement;
mod bootstrap;
mod cells;
mod count;
mod difference;
pub mod effects;
mod exact;
mod guardrail;
mod holds;
mod holm;
mod interval;
mod power;
mod repeats;
mod replayed;
pub mod search;
mod share;
mod twins;
mod verdict;
mod wilcoxon;

pub use agreement::{Agreement, agreement};
pub use bootstrap::{RESAMPLES, cluster_bootstrap};
pub use cells::{CONFIDENCE, Cell, Roads, Row, Tally, rows};
pub use difference::{Pairs, newcombe, tango};
pub use exact::{fisher, mcnemar};
pub use guardrail::{Brief, GuardrailScore, GuardrailTally, Price};
pub use holds::{Beside, Held, Holding, Holds};
pub use holm::holm;
pub use interval::{Interval, clopper_pearson, lower_bound, rounded, upper_bound, wilson};
pub use power::{
    Flips, TRIALS_MAX, detectable, power_to_detect, power_to_rule_out, trials_for, trials_to_bound,
};
pub use repeats::{any_of_k, any_of_k_interval, pass_hat_k};
pub use replayed::{Counts, Outcome, Rate, Through, Turn, Turned};
pub use share::Share;
pub use twins::{Estimate, discrimination};
pub use verdict::{Asked, Evidence, Safety, Verdict, decide};
pub use wilcoxon::{SignedRank, signed_rank};
