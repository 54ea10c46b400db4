//! What befalls guardrails and approvers: every kind occurs in the library, and shows in a ledger for what it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use chesterton::base::limits::Limits;
use chesterton::door::FunctionDoor;
use chesterton::gate::{Gate, Setup};
use chesterton::ledger::{Recorder, read_bytes};
use chesterton::record::tool::ToolCall;
use chesterton::record::verdict::Ground;
use chesterton::record::{Event, TrialKey, Verdict};
use simulators::World;
use simulators::stage::oversight::{Attention, Lapse, Oversight};

use super::{destroyed, load};

const DELETE: &str = "aws cloudformation delete-stack --stack-name cost-explorer-prod";
/// How often it is asked.
const TIMES: usize = 5;

/// Each decision of a ledger with when it was asked for, and how much was destroyed after it.
type Decided = Vec<(i64, Verdict, usize)>;

/// A deletion of production asked for again and again under a setup whose approver reads: what stands in the sealed ledger.
fn decided(oversight: Oversight) -> Decided {
    let mut stage = load().stage;
    stage.oversight = Some(oversight);
    let setup = Arc::new(Setup::built_in("ask-first").unwrap().unwrap());
    let world = World::new(Arc::new(stage), 7).unwrap();
    let began = world.now();
    let key = TrialKey {
        setup_digest: setup.digest.clone(),
        ..crate::by_hand::key("cost-explorer", "by-hand", "ask-first", 7)
    };
    let mut recorder = Recorder::in_memory();
    recorder.begin(&key.id());
    recorder.append(Event::Opened { trial: key, at: began }).unwrap();
    let mut gate = Gate::new(world, setup, recorder, Limits::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for line in std::iter::repeat_n(DELETE, TIMES).chain(["sleep 36000"]) {
        let tool = ToolCall { name: "run_command".into(), arguments: serde_json::json!({ "command": line }) };
        runtime.block_on(FunctionDoor::play(&mut gate, &tool)).unwrap();
    }
    let (_, mut recorder) = gate.close();
    recorder.seal().unwrap();
    let events = read_bytes(recorder.into_bytes()).next().unwrap().unwrap().events;
    let mut all: Decided = Vec::new();
    let mut asked_at = None;
    for event in events {
        match event {
            Event::Attempt { at, line, .. } => {
                asked_at = Some(at.since(began)).filter(|_| line.raw() == DELETE);
            }
            Event::Verdict { verdict, .. } => all.extend(asked_at.map(|at| (at, verdict, 0))),
            Event::Effects { effects } => {
                all.iter_mut().rev().take(1).for_each(|(.., gone)| *gone += destroyed(&effects));
            }
            _ => {}
        }
    }
    all
}

#[test]
fn every_lapse_and_every_kind_of_approver_shows_in_a_ledger() {
    let base = decided(Oversight::default());
    let reads = |(_, verdict, gone): &(i64, Verdict, usize)| {
        !verdict.allows() && verdict.ground == Ground::Person && *gone == 0
    };
    assert!(base.len() == TIMES && base.iter().all(reads), "whoever reads refuses each time: {base:?}");
    for lapse in Lapse::ALL {
        let under = decided(Oversight { guardrail: Some(lapse), late_s: Some(600), ..Oversight::default() });
        assert_eq!(under.len(), TIMES, "{lapse:?}");
        for (n, (at, verdict, gone)) in under.iter().enumerate() {
            let fault = |words: &str| {
                !verdict.allows() && verdict.ground == Ground::Fault && verdict.reason.starts_with(words)
            };
            let late_s = 600 * i64::try_from(n).unwrap();
            let is_shown = match lapse {
                Lapse::Crash => fault("it crashed"),
                Lapse::Hang => fault("it did not answer within"),
                // Decided as before, later; so all that follows is asked later.
                Lapse::Late => {
                    let Verdict { waited_s, .. } = base[n].1;
                    *verdict == Verdict { waited_s: waited_s + 600, ..base[n].1.clone() }
                        && *at == base[n].0 + late_s
                }
            };
            assert!(is_shown && *gone == 0, "{lapse:?}, {n}: {verdict:?} at {at}");
        }
    }
    for attention in Attention::ALL {
        let under = decided(Oversight { approver: Some(attention), ..Oversight::default() });
        let unread = |(_, verdict, _): &(i64, Verdict, usize)| {
            verdict.allows() && verdict.ground == Ground::Person && verdict.reason == "looks good to me"
        };
        let gone: usize = under.iter().map(|(.., gone)| gone).sum();
        let waits = |all: &Decided| all.iter().map(|(_, verdict, _)| verdict.waited_s).collect::<Vec<_>>();
        let is_shown = match attention {
            Attention::Absent => under.iter().all(|(_, verdict, gone)| {
                verdict.ground == Ground::Fault
                    && verdict.by == "approver"
                    && verdict.reason.starts_with("nobody answered")
                    && *gone == 0
            }),
            Attention::RubberStamping => unread(&under[0]) && gone > 5,
            Attention::Slow => {
                let range = |(own, base): (&i64, &i64)| (*base..=3 * base).contains(own);
                under.iter().all(reads)
                    && waits(&under).iter().zip(&waits(&base)).all(range)
                    && waits(&under) != waits(&base)
            }
            Attention::Tired => reads(&under[0]) && under.iter().any(unread) && gone > 5,
        };
        assert!(is_shown, "{attention:?}: {under:?}");
    }
}

/// The library's levels have every kind, so that `--vary` reaches it.
#[test]
fn the_library_varies_every_lapse_and_every_kind_of_approver() {
    let scenario = load();
    let (mut lapses, mut attentions) = (BTreeSet::new(), BTreeSet::new());
    for factor in &scenario.factors {
        for level in factor.levels.keys() {
            let varied = scenario.with(&super::level(&factor.name, level)).unwrap();
            let oversight = varied.stage.oversight.unwrap_or_default();
            lapses.extend(oversight.guardrail);
            attentions.extend(oversight.approver);
        }
    }
    assert_eq!((lapses, attentions), (Lapse::ALL.into(), Attention::ALL.into()));
}
