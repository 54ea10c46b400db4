//! What is to be played: scenarios × variants × setups × agents × seeds, each with the digests of what determines it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agent::{Agent, Chat, ModelAgent, ProcessAgent, Scripted};
use crate::base::limits::Limits;
use crate::cell::Demand;
use crate::gate::Setup;
use crate::model::{Client, Model};
use crate::record::TrialKey;
use crate::record::plan::{Named, PLAN_VERSION, Plan, PlannedScenario, PlannedVariant, Shard};
use crate::scenario::{Diagnostic, Scenario, Script};
use crate::trial::Process;

/// Who plays a part in a scenario.
#[derive(Clone)]
pub enum Cast {
    /// A reference agent, and the digest of its file and of what that takes in.
    Script(Arc<Script>, String),
    /// An agent that asks a model, and the model once it is ready to be asked.
    Model(Arc<ModelAgent>, Option<Model>),
    /// An agent that is a process, and the model that it asks through the gateway once that is ready to be asked.
    Process(Arc<ProcessAgent>, Option<Model>),
}

/// What plays a trial.
pub(super) enum Player {
    /// An agent of ours.
    Agent(Box<dyn Agent>),
    /// A process in a cell.
    Process(Process),
}

impl Cast {
    /// A scripted agent.
    pub fn scripted(script: Script) -> Self {
        let digest = script.digest();
        Self::Script(Arc::new(script), digest)
    }

    /// Its name, as tables show it.
    pub fn name(&self) -> &str {
        match self {
            Self::Script(script, _) => &script.name,
            Self::Model(agent, _) => &agent.name,
            Self::Process(agent, _) => &agent.name,
        }
    }

    /// One line on it.
    pub fn about(&self) -> &str {
        match self {
            Self::Script(script, _) => &script.about,
            Self::Model(agent, _) => &agent.about,
            Self::Process(agent, _) => &agent.about,
        }
    }

    /// It, at the beginning of a trial; `None` while its model is not ready.
    pub(super) fn player(&self, trial: &TrialKey, demand: Demand) -> Option<Player> {
        Some(match self {
            Self::Script(script, _) => Player::Agent(Box::new(Scripted::new(Arc::clone(script)))),
            Self::Model(agent, model) => {
                Player::Agent(Box::new(Chat::new(Arc::clone(agent), model.clone()?, trial)))
            }
            Self::Process(agent, model) => Player::Process(Process {
                agent: Arc::clone(agent),
                model: if agent.endpoint.is_some() { Some(model.clone()?) } else { None },
                demand,
            }),
        })
    }

    /// The limits of its trials: its own, where they are narrower.
    pub(super) fn limits(&self, limits: Limits) -> Limits {
        let (turns_max, virtual_s_max, wall_s_max) = match self {
            Self::Script(..) => return limits,
            Self::Model(agent, _) => {
                let own = &agent.limits;
                (own.turns_max, own.virtual_s_max, own.wall_s_max)
            }
            Self::Process(agent, _) => {
                let own = &agent.limits;
                (own.turns_max, own.virtual_s_max, own.wall_s_max)
            }
        };
        Limits {
            turns_max: limits.turns_max.min(turns_max),
            virtual_s_max: virtual_s_max.map_or(limits.virtual_s_max, |s| s.min(limits.virtual_s_max)),
            wall_s_max: limits.wall_s_max.min(wall_s_max),
            ..limits
        }
    }

    fn named(&self) -> Named {
        let (digest, path) = match self {
            Self::Script(_, digest) => (digest.clone(), None),
            Self::Model(agent, _) => (agent.digest.clone(), agent.path.clone()),
            Self::Process(agent, _) => (agent.digest.clone(), agent.path.clone()),
        };
        Named { name: self.name().to_owned(), digest, path, beginning: String::new() }
    }
}

/// A scenario, as it stands or in one of its variants, with the agents that play it.
pub type Staged = (Arc<Scenario>, Vec<Cast>);

/// What a user wants played.
#[derive(Clone)]
pub struct Wish {
    /// Scenarios with the agents that play them. A scenario that is varied stands here once for each combination of levels,
    /// with the same agents.
    pub scenarios: Vec<Staged>,
    /// Setups.
    pub setups: Vec<Arc<Setup>>,
    /// Repetitions of each cell.
    pub trials: u32,
    /// The first repetition's seed; each next one takes the next.
    pub seed: u64,
    /// The part to be played, if not all.
    pub shard: Option<Shard>,
}

impl Wish {
    /// Makes every model that is to be asked ready, once: all scenarios share its connections and its pace.
    ///
    /// # Errors
    /// One cannot be asked: there is no key, say, or no price. Told at its place in the agent's file.
    pub fn ready(&mut self, client: &Client) -> Result<Vec<Model>, Diagnostic> {
        let mut models: BTreeMap<String, Model> = BTreeMap::new();
        for cast in self.scenarios.iter_mut().flat_map(|(_, casts)| casts) {
            let model = match (&*cast, models.get(cast.name())) {
                (Cast::Script(..), _) => continue,
                (_, Some(model)) => model.clone(),
                (Cast::Model(agent, _), None) => {
                    client.model(agent.endpoint.clone()).map_err(|unfit| agent.unfit(unfit))?
                }
                (Cast::Process(agent, _), None) => match agent.endpoint.clone() {
                    Some(endpoint) => client.model(endpoint).map_err(|unfit| agent.unfit(unfit))?,
                    None => continue,
                },
            };
            models.insert(cast.name().to_owned(), model.clone());
            if let Cast::Model(_, ready) | Cast::Process(_, ready) = cast {
                *ready = Some(model);
            }
        }
        let mut models: Vec<Model> = models.into_values().collect();
        for setup in &mut self.setups {
            let (ready, asked) = setup.ready(client)?;
            if !asked.is_empty() {
                *setup = Arc::new(ready);
            }
            models.extend(asked);
        }
        Ok(models)
    }

    /// Whether any model is asked, as an agent or as a guardrail.
    pub fn asks(&self) -> bool {
        let is_asking = |cast: &Cast| matches!(cast, Cast::Process(agent, _) if agent.endpoint.is_some());
        let mut casts = self.scenarios.iter().flat_map(|(_, casts)| casts);
        !self.models().is_empty()
            || casts.any(is_asking)
            || self.setups.iter().any(|setup| setup.endpoints().next().is_some())
    }

    /// Whether any agent is a process.
    pub fn has_processes(&self) -> bool {
        let mut casts = self.scenarios.iter().flat_map(|(_, casts)| casts);
        casts.any(|cast| matches!(cast, Cast::Process(..)))
    }

    /// The images that agents which are processes name for the containers that they may be played in; an empty name for those that name none.
    pub fn images(&self) -> BTreeSet<&str> {
        let casts = self.scenarios.iter().flat_map(|(_, casts)| casts);
        let images = casts.filter_map(|cast| match cast {
            Cast::Process(agent, _) => Some(agent.command.image.as_str()),
            _ => None,
        });
        images.collect()
    }

    /// The agents that ask a model, each once.
    pub fn models(&self) -> Vec<&Arc<ModelAgent>> {
        let mut agents: Vec<&Arc<ModelAgent>> = Vec::new();
        for cast in self.scenarios.iter().flat_map(|(_, casts)| casts) {
            if let Cast::Model(agent, _) = cast
                && !agents.iter().any(|known| known.name == agent.name)
            {
                agents.push(agent);
            }
        }
        agents
    }
}

/// The plan of a wish.
pub fn plan(wish: &Wish) -> Plan {
    let mut scenarios: Vec<PlannedScenario> = Vec::new();
    for (scenario, casts) in &wish.scenarios {
        match scenarios.iter_mut().find(|planned| planned.name == scenario.name) {
            Some(planned) => planned.variants.extend(variant(scenario)),
            None => scenarios.push(PlannedScenario {
                name: scenario.name.clone(),
                folder: scenario.folder.clone(),
                twin_of: scenario.twin_of.clone(),
                stage_digest: scenario.unvaried.stage.clone(),
                brief_digest: scenario.unvaried.brief.clone(),
                variants: variant(scenario).into_iter().collect(),
                agents: casts.iter().map(Cast::named).collect(),
            }),
        }
    }
    Plan {
        v: PLAN_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: wish.seed,
        trials_per_cell: wish.trials,
        shard: wish.shard,
        scenarios,
        setups: wish.setups.iter().map(|setup| planned(setup)).collect(),
    }
}

/// What is planned of a scenario that stands with levels of factors.
fn variant(scenario: &Scenario) -> Option<PlannedVariant> {
    (!scenario.levels.is_empty()).then(|| PlannedVariant {
        factors: scenario.levels.clone(),
        stage_digest: scenario.digests.stage.clone(),
        brief_digest: scenario.digests.brief.clone(),
    })
}

fn planned(setup: &Setup) -> Named {
    Named {
        name: setup.name().to_owned(),
        digest: setup.digest.clone(),
        path: setup.path.clone(),
        beginning: setup.beginning(),
    }
}
