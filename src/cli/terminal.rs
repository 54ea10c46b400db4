//! The one place that prints. Colour only on a terminal, and not where `NO_COLOR` is set.

use std::fmt::{self, Display};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write, stderr, stdout};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// Standard output and error, or what would have gone there.
#[derive(Debug)]
pub struct Terminal {
    colour: bool,
    width: Option<u16>,
    kept: Option<Printed>,
}

/// What would have been printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Printed {
    /// On standard output.
    pub said: String,
    /// On standard error.
    pub told: String,
}

impl Terminal {
    /// Looks at what standard output is.
    #[expect(
        clippy::disallowed_methods,
        reason = "this module owns what the environment says of the terminal"
    )]
    pub fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let width = stdout().is_terminal().then(terminal_size::terminal_size).flatten();
        let width = width.map(|(columns, _)| columns.0);
        Self { colour: wanted && stderr().is_terminal(), width, kept: None }
    }

    /// Prints nothing, and keeps it.
    pub fn quiet() -> Self {
        Self { colour: false, width: None, kept: Some(Printed::default()) }
    }

    /// What was kept.
    pub fn printed(self) -> Printed {
        self.kept.unwrap_or_default()
    }

    /// Whether errors may be coloured.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// The terminal's width, if standard output is one.
    pub fn width(&self) -> Option<u16> {
        self.width
    }

    /// Shows on standard error, if that is a terminal, that something takes its time. The caller clears it.
    pub fn wait(&self, what: &'static str) -> ProgressBar {
        let spinner = ProgressBar::new_spinner().with_message(what);
        if self.kept.is_none() {
            spinner.enable_steady_tick(Duration::from_millis(200));
        }
        spinner
    }

    /// The same with how much of it is done, and how long the rest takes.
    pub fn count(&self, what: &'static str, all: usize) -> ProgressBar {
        let bar = self.wait(what);
        bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg}: {human_pos} of {human_len} trials{left}")
        {
            bar.set_style(style.with_key("left", left));
        }
        bar
    }

    /// A result, on standard output. A reader that went away is no error of ours.
    pub fn say(&mut self, text: impl Display) {
        match &mut self.kept {
            Some(kept) => kept.said.push_str(&format!("{text}\n")),
            None => drop(writeln!(stdout().lock(), "{text}")),
        }
    }

    /// A remark or an error, on standard error.
    pub fn tell(&mut self, text: impl Display) {
        match &mut self.kept {
            Some(kept) => kept.told.push_str(&format!("{text}\n")),
            None => drop(writeln!(stderr().lock(), "{text}")),
        }
    }

    /// A result that is a file, on standard output, byte for byte.
    ///
    /// # Errors
    /// That `write` fails. A reader that went away is no error of ours.
    pub fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match &mut self.kept {
            Some(kept) => {
                let mut bytes = Vec::new();
                write(&mut bytes)?;
                kept.said.push_str(&String::from_utf8_lossy(&bytes));
                Ok(())
            }
            None => {
                let mut out = BufWriter::new(Willing(stdout().lock()));
                write(&mut out)?;
                out.flush()
            }
        }
    }

    /// The file that GitHub's runner shows as the summary of the step, if this is one.
    #[expect(
        clippy::disallowed_methods,
        reason = "this module owns what the environment says of the terminal"
    )]
    pub fn step_summary(&self) -> Option<PathBuf> {
        std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
    }
}

/// How long the rest takes, for the key `left` of a bar: nothing as long as nothing is done to judge it by.
pub fn left(state: &ProgressState, out: &mut dyn fmt::Write) {
    if state.pos() > 0 {
        let _ = write!(out, ", {:#} left", HumanDuration(state.eta()));
    }
}

/// Standard output, which may end before we do.
struct Willing(StdoutLock<'static>);

impl Write for Willing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
