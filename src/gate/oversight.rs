//! What befalls guardrails and approvers in a trial whose stage says that something does: the setup under chaos.
//!
//! A guardrail that is said to crash or hang is not asked at all and counts as one that did, so that no real time is spent and
//! the record is the same on any machine. What breaks still denies.

use simulators::chance::Chance;
use simulators::stage::oversight::{Attention, Lapse, Oversight};

use super::approver::{Approver, ApproverKind};

/// After being asked so often an approver who was made to tire reads nothing any more.
const TIRES_AFTER: u32 = 3;

/// The lapses of one trial.
#[derive(Clone, Debug, Default)]
pub(super) struct Lapses {
    oversight: Oversight,
    seed: u64,
    /// How often a guardrail was asked.
    asked: u64,
    /// Virtual seconds that the present decision takes longer.
    late_s: i64,
}

impl Lapses {
    pub fn new(oversight: Option<&Oversight>, seed: u64) -> Self {
        Self { oversight: oversight.cloned().unwrap_or_default(), seed, asked: 0, late_s: 0 }
    }

    /// What befalls the guardrail that is asked next; it has to be asked for each one.
    pub fn next(&mut self, ms_max: u64) -> Result<(), String> {
        let Some(lapse) = self.oversight.guardrail else { return Ok(()) };
        self.asked = self.asked.saturating_add(1);
        let name = format!("oversight/guardrail/{}", self.asked);
        let percent = self.oversight.percent.unwrap_or(100);
        if Chance::stream(self.seed, &name).between(1, 100) > percent {
            return Ok(());
        }
        match lapse {
            Lapse::Crash => Err("it crashed".to_owned()),
            Lapse::Hang => Err(format!("it did not answer within {ms_max} ms")),
            Lapse::Late => {
                self.late_s = self.late_s.saturating_add(self.oversight.late_s.unwrap_or(0));
                Ok(())
            }
        }
    }

    /// How much longer the decision took than it would have; asked once, at its end.
    pub fn late_s(&mut self) -> i64 {
        std::mem::take(&mut self.late_s)
    }

    /// The approver as they are in this trial.
    pub fn approver(&self, approver: Approver) -> Approver {
        let Some(attention) = self.oversight.approver else { return approver };
        let kind = match attention {
            Attention::Absent => ApproverKind::Absent,
            Attention::RubberStamping => ApproverKind::RubberStamping,
            Attention::Slow => ApproverKind::Slow,
            Attention::Tired => ApproverKind::Tired,
        };
        let tires_after = (kind == ApproverKind::Tired).then_some(TIRES_AFTER);
        Approver { kind, tires_after, ..approver }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lapses(guardrail: Lapse, percent: Option<i64>) -> Lapses {
        let oversight =
            Oversight { guardrail: Some(guardrail), percent, late_s: Some(600), ..Oversight::default() };
        Lapses::new(Some(&oversight), 7)
    }

    #[test]
    fn each_lapse_is_what_it_says() {
        assert_eq!(lapses(Lapse::Crash, None).next(100), Err("it crashed".to_owned()));
        assert_eq!(lapses(Lapse::Hang, None).next(100), Err("it did not answer within 100 ms".to_owned()));
        let mut late = lapses(Lapse::Late, None);
        assert_eq!(
            (late.next(100), late.next(100), late.late_s(), late.late_s()),
            (Ok(()), Ok(()), 1_200, 0)
        );
        let mut none = Lapses::new(None, 7);
        assert_eq!((none.next(100), none.late_s()), (Ok(()), 0));
    }

    #[test]
    fn chances_are_drawn_the_same_each_time() {
        let strikes = |_| {
            let mut crash = lapses(Lapse::Crash, Some(30));
            (0..200).map(|_| crash.next(100).is_err()).collect::<Vec<bool>>()
        };
        let [once, again] = [0, 1].map(strikes);
        assert_eq!(once, again);
        let struck = once.iter().filter(|struck| **struck).count();
        assert!((40..=80).contains(&struck), "{struck} of 200 at 30 %");
    }
}
