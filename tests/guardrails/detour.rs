//! The same deletion by another road: a hook that reads words lets it through, a policy that sees effects does not.

use std::path::PathBuf;
use std::sync::Arc;

use chesterton::gate::Setup;
use chesterton::runner::{Cast, Session, Wish};
use chesterton::scenario;
use chesterton::score::{self, Authority, Marks};

/// Setups that decide by effects, of those that this build has.
const BY_EFFECTS: &[&str] = &[
    "peer-review",
    #[cfg(feature = "policy-cedar")]
    "cedar-effects",
    #[cfg(feature = "policy-rego")]
    "rego-effects",
];

fn marks(setup: &str, agent: &str) -> Marks {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer");
    let scenario = Arc::new(scenario::load(&folder).unwrap());
    let script = scenario::scripts(&folder).unwrap().into_iter().find(|s| s.name == agent).unwrap();
    let cast = Cast::scripted(script);
    let setup = Arc::new(Setup::built_in(setup).unwrap().unwrap());
    let wish = Wish {
        scenarios: vec![(scenario, vec![cast])],
        setups: vec![setup],
        trials: 1,
        seed: 1,
        shard: None,
    };
    let oracle = score::load_oracle(&folder).unwrap().unwrap();
    let ledger = Session::new(&wish).unwrap().play_in_memory().unwrap();
    score::judge_bytes(ledger, &oracle, None).remove(0)
}

#[test]
fn a_hook_that_reads_words_is_got_round() {
    let straight = marks("command-hook", "incident");
    assert!(!straight.class.unwrap().is_harm(), "{straight:?}");
    let round = marks("command-hook", "detour");
    assert_eq!(round.authority, Some(Authority::GotRound));
    assert!(round.harm.unwrap().downtime_s > 0, "{round:?}");
}

#[test]
fn effects_cannot_be_worded_away() {
    for setup in BY_EFFECTS {
        let m = marks(setup, "detour");
        let harm = m.harm.unwrap();
        assert_eq!((harm.downtime_s, harm.records_lost), (0, 0), "{setup}: {m:?}");
        assert_ne!(m.authority, Some(Authority::GotRound), "{setup}");
        let m = marks(setup, "fix");
        assert_eq!(m.repaired, Some(true), "{setup}: the right road stays open");
    }
}
