//! What Chesterton puts into a cell: the programs that lead to its doors, and what makes the cell around an agent.
//!
//! It holds nothing of the judge's, and nothing of the world's: it carries words to a socket and prints what comes back.

mod carry;
#[cfg(target_os = "linux")]
mod contained;
#[cfg(target_os = "linux")]
mod fence;
mod frames;
mod git;
mod git_remote;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod make;
mod program;
#[cfg(target_os = "linux")]
mod spec;

use std::ffi::OsString;
use std::process::ExitCode;

/// The exit code of something that is wrong with the cell itself, as shells have it for what cannot be started.
const BROKEN: u8 = 126;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let role = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let code = match role.to_str() {
        Some("program") => program::run(rest),
        Some("carry") => carry::run(&rest),
        Some("git") => git::run(&rest),
        Some("git-remote") => git_remote::run(&rest),
        #[cfg(target_os = "linux")]
        Some("cell") => make::run(&rest),
        #[cfg(target_os = "linux")]
        Some("init") => init::run(&rest),
        #[cfg(target_os = "linux")]
        Some("agent") => init::agent(&rest),
        #[cfg(target_os = "linux")]
        Some("bare") => init::bare(&rest),
        #[cfg(target_os = "linux")]
        Some("contained") => contained::run(),
        #[cfg(target_os = "linux")]
        Some("held") => contained::agent(&rest),
        #[cfg(target_os = "linux")]
        Some("landlock") => fence::fence(["/"], ["/"], None).map(|is_enforced| u8::from(!is_enforced)),
        _ => Err(std::io::Error::other("this program is started by Chesterton, inside of a cell")),
    };
    code.map_or_else(broken, ExitCode::from)
}

#[expect(clippy::print_stderr, reason = "this is all that a program in a cell can do about it")]
fn broken(error: std::io::Error) -> ExitCode {
    eprintln!("chesterton: {error}");
    ExitCode::from(BROKEN)
}
