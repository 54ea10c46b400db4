//! What the `aws` tool says by itself: usage errors and help.

use super::aws_commands::{Command, FAMILIES, Family, holds};
use super::{Parsed, Reply};

/// Exit code of a command line that the tool cannot use.
const USAGE: i32 = 252;
/// Exit code of everything else that went wrong before a service was asked.
const GENERAL: i32 = 255;

/// The tool answers by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stop {
    /// What it prints.
    pub reply: Reply,
    /// The real tool would have known this.
    pub unsimulated: bool,
}

impl From<Stop> for Parsed {
    fn from(stop: Stop) -> Self {
        Self::Answer { reply: stop.reply, unsimulated: stop.unsimulated }
    }
}

impl Stop {
    /// The usage, then what is wrong with the command line.
    pub fn usage(what: &str) -> Self {
        let usage = "usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n\
                     To see help text, you can run:\n\n  aws help\n  aws <command> help\n  \
                     aws <command> <subcommand> help\n";
        Self { reply: Reply::failed(USAGE, format!("\n{usage}\n{what}\n")), unsimulated: false }
    }

    /// `aws: error: …` under the usage.
    pub fn error(what: &str) -> Self {
        Self::usage(&format!("aws: error: {what}\n"))
    }

    /// A value that cannot be used.
    pub fn parameter(what: &str) -> Self {
        Self { reply: Reply::failed(USAGE, format!("\n{what}\n")), unsimulated: false }
    }

    /// Anything else.
    pub fn general(what: &str) -> Self {
        Self { reply: Reply::failed(GENERAL, format!("\n{what}\n")), unsimulated: false }
    }

    /// A text on standard output, as help is.
    pub fn text(text: String) -> Self {
        Self { reply: Reply::ok(text), unsimulated: false }
    }

    /// The same, but counted as a gap of the simulation.
    pub fn counted(self, unsimulated: bool) -> Self {
        Self { unsimulated, ..self }
    }

    /// Words on the line that mean nothing to the command.
    pub fn unknown_options(words: &[String]) -> Self {
        Self::usage(&format!("Unknown options: {}", words.join(", ")))
    }

    /// A name that is not one of the names in that place.
    pub fn invalid_choice(argument: &str, given: &str, choices: &[&str], beyond: &str) -> Self {
        let close = near(given, choices);
        let mut text =
            format!("argument {argument}: Invalid choice, valid choices are:\n\n{}", columns(choices));
        if !close.is_empty() {
            text += &format!("\n\nInvalid choice: '{given}', maybe you meant:\n\n");
            text.extend(close.iter().map(|name| format!("  * {name}\n")));
        }
        Self::error(&text).counted(holds(beyond, given))
    }
}

/// Two columns, as the tool sets its choices.
fn columns(choices: &[&str]) -> String {
    let rows = choices.chunks(2).map(|pair| {
        let cells: Vec<String> = pair.iter().map(|name| format!("{name:<40}")).collect();
        cells.join(" | ") + "\n"
    });
    rows.collect()
}

/// The choices of which four fifths are `given`, letters in order, best first, at most three.
fn near<'c>(given: &str, choices: &[&'c str]) -> Vec<&'c str> {
    let mut scored: Vec<(usize, &str)> = choices
        .iter()
        .filter_map(|choice| {
            let matched = common(given.as_bytes(), choice.as_bytes());
            let score = 200 * matched / (given.len() + choice.len()).max(1);
            (score >= 80).then_some((score, *choice))
        })
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, choice)| choice).collect()
}

/// Length of the longest common subsequence.
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        let mut left = 0;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            *cell = if x == y { diagonal + 1 } else { above.max(left) };
            diagonal = above;
            left = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// A page of the manual.
fn page(title: &str, sections: &[(&str, String)]) -> Stop {
    let title = format!("{}()", title.to_uppercase());
    let gap = " ".repeat(78_usize.saturating_sub(2 * title.len()).max(1));
    let mut text = format!("{title}{gap}{title}\n\n");
    for (name, body) in sections {
        text += &format!("\n\n{name}\n");
        text.extend(body.lines().map(|line| format!("       {line}\n")));
    }
    Stop::text(text + "\n")
}

fn bullets(names: &[&str]) -> String {
    names.iter().map(|name| format!("o {name}\n\n")).collect()
}

/// `aws help`.
pub(super) fn help() -> Stop {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    page(
        "aws",
        &[
            ("NAME", "aws -".to_owned()),
            ("DESCRIPTION", "One tool for the services of the cloud account.".to_owned()),
            ("SYNOPSIS", "   aws [options] <command> <subcommand> [parameters]".to_owned()),
            ("GLOBAL OPTIONS", GLOBAL_OPTIONS.to_owned()),
            ("AVAILABLE SERVICES", bullets(&names)),
        ],
    )
}

/// `aws cloudformation help`.
pub(super) fn family_help(family: &Family) -> Stop {
    let names: Vec<&str> = family.choices();
    page(family.name, &[("NAME", format!("{} -", family.name)), ("AVAILABLE COMMANDS", bullets(&names))])
}

/// `aws cloudformation delete-stack help`.
pub(super) fn command_help(command: &Command) -> Stop {
    let mut synopsis = format!("   {}\n", command.name);
    let mut options = String::new();
    for opt in command.opts() {
        let written = match (opt.positional, opt.kind) {
            (true, _) => format!("<{}>", opt.name),
            (false, super::aws_commands::Kind::Bool) => format!("--{0} | --no-{0}", opt.name),
            (false, _) => format!("--{} <value>", opt.name),
        };
        let written = if opt.required { written } else { format!("[{written}]") };
        synopsis += &format!(" {written}\n");
        options += &format!("{} ({})\n\n", written.trim_matches(['[', ']']), opt.kind.word());
    }
    page(
        command.name,
        &[
            ("NAME", format!("{} -", command.name)),
            ("SYNOPSIS", synopsis),
            ("OPTIONS", options),
            ("GLOBAL OPTIONS", GLOBAL_OPTIONS.to_owned()),
        ],
    )
}

const GLOBAL_OPTIONS: &str = "--output (json | text | table)\n\n--query (string): a JMESPath expression over the answer\n\
    \n--region (string)\n\n--profile (string)\n\n--max-items (integer)\n\n--no-paginate\n\n--no-cli-pager";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_brings_the_near_ones() {
        let choices = ["create-stack", "delete-stack", "describe-stacks", "help"];
        assert_eq!(near("delete-stak", &choices), ["delete-stack"]);
        assert_eq!(near("describe-stack", &choices), ["describe-stacks"]);
        assert!(near("zzz", &choices).is_empty());
    }

    #[test]
    fn choices_stand_in_two_columns() {
        assert_eq!(columns(&["a", "b", "c"]), format!("a{0} | b{0}\nc{0}\n", " ".repeat(39)),);
    }
}
