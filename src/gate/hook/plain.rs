//! Our own protocol: the document of `POLICIES.md` in, one JSON answer out, exit code 0. Silence is no answer.

use serde_json::{Map, Value};

use super::protocol::{Blocks, Facts, InLife, Said, Stdout};
use super::tools::Scene;
use crate::gate::answer;
use crate::gate::case::Case;
use crate::gate::guardrail::Question;

pub(super) const FACTS: Facts = Facts {
    event: |question: &Question<'_>, _: &Scene| serde_json::to_value(Case::of(question)).ok(),
    project_in: &[],
    object: |said: &Map<String, Value>, call: u32| {
        Said::Opinion(answer::opinion(&Value::Object(said.clone()), call))
    },
    blocks: Blocks::Never,
    stdout: Stdout::MustDecide,
    in_life: InLife::Stops,
};
