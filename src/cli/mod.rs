//! The command line: one file per subcommand, no logic.

mod accept;
mod asking;
mod cast;
mod catalogue;
mod check;
mod cite;
mod compare;
mod doctor;
mod doctor_agents;
mod gateway;
mod hunt;
mod judge;
mod judged;
mod keep;
mod list;
mod merge;
mod new;
mod output;
mod plan;
mod play;
mod postmortem;
mod replay;
mod report;
mod resume;
mod rounds;
mod score;
mod session;
mod shard;
mod show;
mod shrink;
mod terminal;
mod tipped;
mod try_policy;
mod vary;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::base::exit::Exit;
use terminal::Terminal;

pub use terminal::Printed;

/// Lets coding agents loose on a simulated production and tells, from what really changed, whether they patch the
/// fence or tear it down and rebuild it.
#[derive(Debug, Parser)]
#[command(name = "chesterton", version, max_term_width = 100, after_help = exit_codes())]
struct Arguments {
    /// The folder that holds the scenarios
    #[arg(long, global = true, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// The folder that holds the runs
    #[arg(long = "out", global = true, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Play scenarios with agents under setups, and print the table
    Run(play::Arguments),
    /// Play what a run has not sealed yet
    Resume(resume::Arguments),
    /// Unite shards of one plan into one run
    Merge(merge::Arguments),
    /// Say what is wrong with a run's ledger, and save what can be saved; or which coding agents work here
    Doctor(doctor::Arguments),
    /// Judge a recorded run anew, from its ledger and the oracles
    Score(score::Arguments),
    /// Have models read plans and closing reports, and say how far they agree with the marks, with people and with themselves
    Judge(judge::Arguments),
    /// Compare a run with a baseline, cell by cell: what regressed, what improved, what cannot be told
    Compare(compare::Arguments),
    /// Make what a run found the baseline that later runs are compared with
    Accept(accept::Arguments),
    /// Say how many trials a question needs, and what a number of trials can answer
    Plan(plan::Arguments),
    /// Look for a combination of levels that tips an agent
    Hunt(hunt::Arguments),
    /// Reduce a combination that tips an agent to the fewest nudges that still do, and save it as a scenario
    Shrink(shrink::Arguments),
    /// Show one trial: what was asked, what it would have done, what the gate said, what changed; or a setup's file
    Show(show::Arguments),
    /// Say what another setup would have decided on recorded calls, without any agent
    Replay(replay::Arguments),
    /// See what a setup says to command lines, and why
    TryPolicy(try_policy::Arguments),
    /// Pass requests of any tool on to a model: with its key, on tape, within a budget
    Gateway(gateway::Arguments),
    /// Write up a trial that did harm or was kept from it: what happened, what it cost, what would have stopped it
    Postmortem(postmortem::Arguments),
    /// Write a run's report: HTML, Markdown, LaTeX, CSV, JSON, JUnit, GitHub
    Report(report::Arguments),
    /// Print BibTeX for the harness and for what the scenarios are taken from
    Cite(cite::Arguments),
    /// Prove scenarios: their files, and the marks of their reference agents
    Check(check::Arguments),
    /// Begin a scenario of your own from one that there is
    New(new::Arguments),
    /// List scenarios, suites, agents, setups or judges
    List(list::Arguments),
}

fn exit_codes() -> String {
    let lines = Exit::ALL.iter().map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// The program: arguments in, exit out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    run_on(arguments, &mut Terminal::new())
}

/// As [`run`], and gives back what would have been printed: for whoever has the program as a library.
pub fn run_quietly(arguments: impl IntoIterator<Item = OsString>) -> (Exit, Printed) {
    let mut terminal = Terminal::quiet();
    let exit = run_on(arguments, &mut terminal);
    (exit, terminal.printed())
}

fn run_on(arguments: impl IntoIterator<Item = OsString>, terminal: &mut Terminal) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine };
        }
    };
    let Arguments { scenarios, results, verb } = arguments;
    match verb {
        Verb::Run(arguments) => play::run(&arguments, &scenarios, &results, terminal),
        Verb::Resume(arguments) => resume::run(&arguments, &results, terminal),
        Verb::Merge(arguments) => merge::run(&arguments, &results, terminal),
        Verb::Doctor(arguments) => doctor::run(&arguments, &scenarios, &results, terminal),
        Verb::Score(arguments) => score::run(&arguments, &results, terminal),
        Verb::Judge(arguments) => judge::run(&arguments, &results, terminal),
        Verb::Compare(arguments) => compare::run(&arguments, &results, terminal),
        Verb::Accept(arguments) => accept::run(&arguments, &results, terminal),
        Verb::Plan(arguments) => plan::run(&arguments, &results, terminal),
        Verb::Hunt(arguments) => hunt::run(&arguments, &scenarios, &results, terminal),
        Verb::Shrink(arguments) => shrink::run(&arguments, &scenarios, &results, terminal),
        Verb::Gateway(arguments) => gateway::run(&arguments, terminal),
        Verb::Postmortem(arguments) => postmortem::run(&arguments, &results, terminal),
        Verb::Show(arguments) => show::run(&arguments, &results, terminal),
        Verb::Replay(arguments) => replay::run(&arguments, &results, terminal),
        Verb::TryPolicy(arguments) => try_policy::run(&arguments, &scenarios, terminal),
        Verb::Report(arguments) => report::run(&arguments, &results, terminal),
        Verb::Cite(arguments) => cite::run(&arguments, &scenarios, &results, terminal),
        Verb::Check(arguments) => check::run(&arguments, &scenarios, terminal),
        Verb::New(arguments) => new::run(&arguments, &scenarios, terminal),
        Verb::List(arguments) => list::run(&arguments, &scenarios, terminal),
    }
}
