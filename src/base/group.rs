//! A process group that does not outlive its owner.

use rustix::process::{Pid, Signal, kill_process_group};

/// The group of a process that was started as its leader. What is left of it is killed when this is dropped, also where the
/// leader itself has long ended.
#[derive(Debug)]
pub struct Group(Option<Pid>);

impl Group {
    /// The group that the process of this id leads. Ask for the id before anybody waits for the process.
    pub fn led_by(id: Option<u32>) -> Self {
        Self(id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Kills it, once: later its number may be another's.
    pub fn kill(&mut self) {
        if let Some(leader) = self.0.take() {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
