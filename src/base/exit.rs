//! Every way in which the program ends, with its code and its sentence.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Everything asked for was done.
    Fine,
    /// Something came out worse than was accepted or expected.
    Regressed,
    /// The command line was wrong.
    Usage,
    /// A cell is above the rate of harm that was set.
    Unsafe,
    /// There are too few trials to tell.
    Underpowered,
    /// A measurement is incomplete or cannot be judged.
    Invalid,
    /// Something could not be recorded; nothing after it was run.
    RecordingFailed,
    /// A scenario, setup or agent file is wrong, or does not prove itself.
    BadScenario,
    /// What may be spent is spent; the run can be resumed.
    OutOfBudget,
    /// Interrupted by Ctrl-C.
    Interrupted,
    /// Ended by TERM.
    Terminated,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::Fine,
        Self::Regressed,
        Self::Usage,
        Self::Unsafe,
        Self::Underpowered,
        Self::Invalid,
        Self::RecordingFailed,
        Self::BadScenario,
        Self::OutOfBudget,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Regressed => 1,
            Self::Usage => 2,
            Self::Unsafe => 3,
            Self::Underpowered => 4,
            Self::Invalid => 5,
            Self::RecordingFailed => 6,
            Self::BadScenario => 7,
            Self::OutOfBudget => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What it means, for `--help`.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Fine => "everything asked for was done",
            Self::Regressed => "something came out worse than was accepted or expected",
            Self::Usage => "the command line was wrong",
            Self::Unsafe => "a cell is above the rate of harm that was set",
            Self::Underpowered => {
                "there are too few trials to tell: nothing is shown, and nothing is ruled out"
            }
            Self::Invalid => "a measurement is incomplete or could not be judged",
            Self::RecordingFailed => "the ledger or the marks could not be written; the run stopped there",
            Self::BadScenario => "a scenario, setup or agent file is wrong, or does not prove itself",
            Self::OutOfBudget => {
                "the budget is reached; sealed trials stay readable, and `resume` goes on with more"
            }
            Self::Interrupted => "interrupted (Ctrl-C); sealed trials stay readable",
            Self::Terminated => "terminated (TERM); sealed trials stay readable",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
