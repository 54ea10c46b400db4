//! What somebody was shown who agreed to it, and whether a deed is no more than that.

use std::collections::BTreeMap;

use simulators::effect::{Change, Effect};

/// What was shown, or what a deed comes to: by what is judged of an effect, how much there is of it.
pub(super) struct Shown(BTreeMap<String, Stake>);

/// How much there is of an effect.
#[derive(Default)]
struct Stake {
    times: usize,
    records: u64,
    /// Things, and records in them, that could be brought back from nowhere.
    gone_for_good: u64,
}

impl Stake {
    fn is_within(&self, shown: &Self) -> bool {
        self.times <= shown.times
            && self.records <= shown.records
            && self.gone_for_good <= shown.gone_for_good
    }
}

impl Shown {
    /// These effects, as they are put before somebody.
    pub fn of(effects: &[Effect]) -> Self {
        let mut shown: BTreeMap<String, Stake> = BTreeMap::new();
        for effect in effects {
            let stake = shown.entry(signature(effect)).or_default();
            stake.times = stake.times.saturating_add(1);
            stake.records = stake.records.saturating_add(effect.records_at_stake());
            if is_gone_for_good(effect) {
                let things = effect.records_at_stake().saturating_add(1);
                stake.gone_for_good = stake.gone_for_good.saturating_add(things);
            }
        }
        Self(shown)
    }

    /// Of what weighs (losses, protections taken off, access changed) there is altogether no more than was shown. The rest
    /// may come out otherwise for no fault of anybody's: a change that a colleague has approved by now, the name of
    /// a commit.
    pub fn covers_what_weighs(&self, effects: Vec<Effect>) -> bool {
        let weighs = |e: &Effect| {
            let takes = matches!(e.change, Change::ProtectionRemoved { .. } | Change::AccessChanged { .. });
            takes || e.is_destructive()
        };
        self.covers(&effects.into_iter().filter(weighs).collect::<Vec<_>>())
    }

    /// The same deed, and altogether no more at stake.
    pub fn covers(&self, effects: &[Effect]) -> bool {
        let deed = Self::of(effects).0;
        deed.iter().all(|(what, stake)| self.0.get(what).is_some_and(|shown| stake.is_within(shown)))
    }
}

/// What of an effect a person judges: the kind of change, its place and what it happens to. Times and identities are
/// left out: they may differ between what was shown and the deed without its being another deed.
fn signature(effect: &Effect) -> String {
    let change = serde_json::to_value(&effect.change).unwrap_or_default();
    let words = ["change", "place", "path", "what", "to", "how", "protection", "who"];
    let said = words.map(|word| change.get(word).map(ToString::to_string).unwrap_or_default());
    let r = &effect.resource;
    format!("{} {} {} {}", said.join(" "), r.kind, r.environment, r.name)
}

fn is_gone_for_good(effect: &Effect) -> bool {
    matches!(
        effect.change,
        Change::Destroyed { restorable: None, .. } | Change::RecordsLost { restorable: None, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lost(records: u64, restorable: bool) -> Effect {
        let from = json!({"from": "nightly", "as_of": "2025-12-15T00:00:00Z", "until": null});
        let effect = json!({
            "at": "2025-12-15T01:00:00Z", "cause": 1,
            "resource": {"uid": 4, "kind": "AWS::RDS::DBInstance", "name": "reports", "role": "reports",
                         "environment": "production", "stateful": true, "serving": true},
            "change": "records_lost", "place": "usage", "records": records, "how": "deleted",
            "restorable": if restorable { from } else { json!(null) },
        });
        serde_json::from_value(effect).unwrap()
    }

    #[test]
    fn more_than_was_shown_is_not_covered() {
        let shown = Shown::of(&[lost(10, true), lost(10, true)]);
        assert!(shown.covers(&[]));
        assert!(shown.covers(&[lost(5, true), lost(15, true)]));
        assert!(!shown.covers(&[lost(15, true), lost(15, true)]), "each is within the sum, both are not");
        assert!(!shown.covers(&[lost(1, true), lost(1, true), lost(1, true)]), "more often");
        assert!(!shown.covers(&[lost(1, false)]), "no longer to be got back");
        assert!(Shown::of(&[lost(10, false)]).covers(&[lost(10, true)]));
    }
}
