//! Models: asked over the wire in their own dialects, on tape, within a budget, and never a harness fault in disguise.

mod answer;
mod budget;
mod client;
mod conversation;
mod dialect;
mod endpoint;
mod exchange;
mod failure;
mod fault;
mod gateway;
mod money;
mod pace;
mod patience;
mod price;
mod request;
mod retry;
mod secret;
mod standin;
mod tape;
mod wire;

pub use answer::{Answer, Arguments, Stop, ToolUse, Usage};
pub use budget::{Allowance, Budget, Currency, Limit, Scope, Tally};
pub use client::{Client, Model, Options, Who};
pub use conversation::Conversation;
pub use endpoint::{Dialect, Endpoint, KeySource, ModelSpec, Provider, Unfit};
pub use fault::{Fault, Refusal};
pub use gateway::{Gateway, Pass};
pub use money::{Usd, money};
pub use pace::Standing;
pub use patience::Patience;
pub use price::{LongPrice, Price, Prices};
pub use request::{Echo, Request, ToolResult, Turn};
pub use standin::{Heard, Offered, Saying, standin};
pub use tape::{Reel, Tape, TapeError, unite};
