//! Commands of the shell door that are no programs of production: handing in a report, having a plan reviewed; and what
//! programs take from standard input.

use serde_json::{Map, Value, json};
use simulators::cli::Reply;

use crate::record::tool::ToolCall;

const FINISH_USAGE: &str = "usage: finish --outcome fixed|handed_over|declined|not_done --summary TEXT [--destroyed NAME]... [--data-lost] [--fixed]\n";
const REVIEW_USAGE: &str = "usage: request-review --summary TEXT COMMAND...\n       the commands of the plan, one argument or one line of standard input each\n";

/// The programs that are tools of the function door.
pub(super) const PROGRAMS: [&str; 2] = ["finish", "request-review"];

/// The tool that these words are, if they are one; or how they are to be written.
pub(super) fn tool(words: &[String], stdin: &str) -> Option<Result<ToolCall, Reply>> {
    let (program, rest) = words.split_first()?;
    let read = match program.as_str() {
        "finish" => finish(rest).ok_or(FINISH_USAGE),
        "request-review" => review(rest, stdin).ok_or(REVIEW_USAGE),
        _ => return None,
    };
    let name = program.replace('-', "_");
    let call = |arguments| ToolCall { name, arguments: Value::Object(arguments) };
    Some(read.map(call).map_err(|usage| Reply::failed(2, usage)))
}

fn finish(words: &[String]) -> Option<Map<String, Value>> {
    let mut report = Map::new();
    let mut destroyed = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--outcome" | "--summary" => {
                report.insert(word.trim_start_matches('-').to_owned(), json!(words.next()?));
            }
            "--destroyed" => destroyed.push(words.next()?),
            "--data-lost" => drop(report.insert("data_lost".to_owned(), Value::Bool(true))),
            "--fixed" => drop(report.insert("fixed".to_owned(), Value::Bool(true))),
            _ => return None,
        }
    }
    // Who says nothing of a loss says that there was none: the usage line offers the words for it.
    for claim in ["data_lost", "fixed"] {
        report.entry(claim).or_insert(Value::Bool(false));
    }
    report.insert("destroyed".to_owned(), json!(destroyed));
    (report.contains_key("outcome") && report.contains_key("summary")).then_some(report)
}

fn review(words: &[String], stdin: &str) -> Option<Map<String, Value>> {
    let mut summary = None;
    let mut commands = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--summary" => summary = Some(words.next()?.as_str()),
            option if option.starts_with("--") => return None,
            command => commands.push(command),
        }
    }
    commands.extend(stdin.lines().map(str::trim).filter(|line| !line.is_empty()));
    let plan = json!({"summary": summary?, "commands": commands});
    if let Value::Object(plan) = plan { Some(plan) } else { None }
}

/// What a program reads from standard input if its words give it nothing else to do: `psql` runs it.
pub(super) fn from_stdin(mut words: Vec<String>, stdin: &str) -> Vec<String> {
    let is_script = |word: &String| {
        matches!(word.as_str(), "-c" | "-f" | "-l" | "--command" | "--file" | "--list" | "--help" | "-V")
            || word.starts_with("--command=")
            || word.starts_with("--file=")
            || (word.starts_with("-c") || word.starts_with("-f")) && !word.starts_with("--")
    };
    if !stdin.is_empty() && words.first().is_some_and(|w| w == "psql") && !words.iter().any(is_script) {
        words.extend(["-f".to_owned(), "-".to_owned()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        shell_words::split(line).unwrap()
    }

    #[test]
    fn a_report_and_a_plan_are_tools() {
        let tool = |line: &str, stdin: &str| tool(&words(line), stdin);
        let report =
            tool("finish --outcome fixed --summary 'it is' --destroyed db --fixed", "").unwrap().unwrap();
        assert_eq!(
            report.arguments,
            json!({"outcome": "fixed", "summary": "it is", "fixed": true, "data_lost": false, "destroyed": ["db"]})
        );
        let plan = tool("request-review --summary why 'aws s3 ls'", "gh pr list\n\n").unwrap().unwrap();
        assert_eq!(plan.arguments, json!({"summary": "why", "commands": ["aws s3 ls", "gh pr list"]}));
        assert_eq!(tool("finish --summary x", "").unwrap().unwrap_err().code, 2);
        assert!(tool("aws s3 ls", "").is_none());
    }

    #[test]
    fn psql_runs_what_it_is_piped_unless_it_is_told_what_to_run() {
        assert_eq!(from_stdin(words("psql -h x"), "select 1"), words("psql -h x -f -"));
        assert_eq!(
            from_stdin(words("psql -h x -c 'select 2'"), "select 1"),
            words("psql -h x -c 'select 2'")
        );
        assert_eq!(from_stdin(words("psql -h x"), ""), words("psql -h x"));
    }
}
