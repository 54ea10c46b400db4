//! A model that watches: it is shown each call with its previewed effects, and says what it thinks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Blueprint, Kind, Unfit};
use crate::gate::beside::Beside;

/// Asks a model about each call that would change something. What is neither a clear yes nor a clear no denies.
///
/// There is no client for models in this build, so a setup with it is refused when it is read: one that allowed, or denied, in
/// the model's place would measure nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Monitor {
    /// Which model.
    model: String,
    /// What it is told before it is shown a call; a text of our own if absent.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read, so that a setup can be written and checked before there is a client"
    )]
    instructions: String,
}

impl Kind for Monitor {
    fn prepare(self: Box<Self>, _beside: &Beside) -> Result<Blueprint, Unfit> {
        let title = format!("`{}` cannot be asked: this chesterton has no client for models", self.model);
        Err(Unfit::new(title)
            .of("model")
            .help("use a `hook` that asks the model itself, or leave the monitor out"))
    }
}
