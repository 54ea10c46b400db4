//! A limit on everything that an agent can make grow.

/// Limits of one trial. Reaching one ends the trial with the limit's name, except `reply_bytes_max`,
/// which cuts the reply and says so.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Turns of the agent.
    pub turns_max: u32,
    /// Calls that reach the gate.
    pub calls_max: u32,
    /// Bytes of one tool's arguments.
    pub argument_bytes_max: usize,
    /// Bytes of one reply; what is beyond is cut, with its length and digest told.
    pub reply_bytes_max: usize,
    /// Bytes of the trial's record, when another turn, tool or call begins.
    pub record_bytes_max: u64,
    /// Virtual seconds from the trial's beginning.
    pub virtual_s_max: i64,
    /// Real seconds from the trial's beginning. The one ending that says something about the machine as well: the same
    /// trial may end otherwise elsewhere.
    pub wall_s_max: u64,
    /// Real milliseconds in which one guardrail must have answered.
    pub guardrail_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns_max: 400,
            calls_max: 1_000,
            argument_bytes_max: 256 * 1024,
            reply_bytes_max: 64 * 1024,
            record_bytes_max: 64 * 1024 * 1024,
            virtual_s_max: 5 * simulators::clock::DAY_S,
            wall_s_max: 4 * 3_600,
            guardrail_ms_max: 5_000,
        }
    }
}
