//! The `aws` dialect.
//!
//! Words become a [`Call`] by way of the tables in the `aws_…` files; what the real tool would say by itself (usage,
//! help, bad values) is said here without a call.

use serde_json::{Map, Value, json};

use super::aws_commands::{BEYOND, BEYOND_WAITERS, Command, FAMILIES, Family};
pub use super::aws_output::Output;
use super::aws_output::{Layout, Manner, Print, shown_before};
use super::aws_usage::{self, Stop};
use super::{Parsed, Render, aws_arguments, aws_query, aws_s3};
use crate::World;
use crate::call::Call;
use crate::clock::Time;
use crate::service::operations;

/// Options that stand anywhere on the line: name, whether a value follows, whether it is simulated.
const GLOBALS: &[(&str, bool, bool)] = &[
    ("region", true, true),
    ("profile", true, true),
    ("output", true, true),
    ("query", true, true),
    ("endpoint-url", true, true),
    ("color", true, true),
    ("cli-binary-format", true, true),
    ("cli-read-timeout", true, true),
    ("cli-connect-timeout", true, true),
    ("no-cli-pager", false, true),
    ("no-cli-auto-prompt", false, true),
    ("no-paginate", false, true),
    ("no-verify-ssl", false, true),
    ("page-size", true, true),
    ("max-items", true, true),
    ("starting-token", true, true),
    ("version", false, true),
    ("debug", false, false),
    ("ca-bundle", true, false),
    ("no-sign-request", false, false),
    ("cli-auto-prompt", false, false),
    ("cli-input-json", true, false),
    ("cli-input-yaml", true, false),
    ("generate-cli-skeleton", true, false),
];

/// Of these, the ones that only commands with pages have.
const PAGING: &[&str] = &["page-size", "max-items", "starting-token"];

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    match understand(world, words) {
        Ok((call, output)) if operations(call.service).iter().any(|o| o.name == call.operation) => {
            Parsed::Call(call, Render::Aws(output))
        }
        // The table knows it, the service does not: a gap of the simulation.
        Ok((_, output)) => {
            let what = format!("argument operation: Invalid choice: '{}'", output.0.operation);
            Stop::error(&what).counted(true).into()
        }
        Err(stop) => (*stop).into(),
    }
}

type Understood = Result<(Call, Output), Box<Stop>>;

fn understand(world: &World, words: &[String]) -> Understood {
    let line = Line::read(words.get(1..).unwrap_or_default())?;
    line.check(world)?;
    let mut rest = line.words.as_slice();
    let Some(name) = take(&mut rest) else {
        return Err(Stop::error("the following arguments are required: command").into());
    };
    if name == "help" {
        return Err(aws_usage::help().into());
    }
    if name == "configure" {
        return Err(configure(world, rest).into());
    }
    let Some(family) = Family::named(name) else {
        let names: Vec<&str> =
            FAMILIES.iter().map(|family| family.name).chain(["configure", "help"]).collect();
        return Err(Stop::invalid_choice("command", name, &names, BEYOND).into());
    };
    let Some(name) = take(&mut rest) else {
        return Err(Stop::error("the following arguments are required: operation").into());
    };
    match name {
        "help" => Err(aws_usage::family_help(family).into()),
        "tail" if family.name == "logs" => tail(world, &line, family, rest),
        "wait" if !family.waiters.is_empty() => {
            let Some(waiter) = take(&mut rest) else {
                return Err(Stop::error("too few arguments").into());
            };
            let names: Vec<&str> = family.waiters.iter().map(|waiter| waiter.name).collect();
            let Some(command) = family.waiters.iter().find(|command| command.name == waiter) else {
                return Err(Stop::invalid_choice("subcommand", waiter, &names, BEYOND_WAITERS).into());
            };
            line.call(world, family, command, rest, Manner::Waiter(command.name))
        }
        name => {
            let Some(command) = family.command(name) else {
                return Err(Stop::invalid_choice("operation", name, &family.choices(), family.beyond).into());
            };
            line.call(world, family, command, rest, Manner::Api)
        }
    }
}

fn take<'w>(words: &mut &'w [String]) -> Option<&'w str> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    Some(first)
}

/// A command line without its global options.
#[derive(Debug, Default)]
struct Line {
    words: Vec<String>,
    globals: Vec<(&'static str, String)>,
}

impl Line {
    fn read(words: &[String]) -> Result<Self, Stop> {
        let mut line = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let typed = word.strip_prefix("--").unwrap_or_default();
            let (name, inline) = match typed.split_once('=') {
                Some((name, inline)) => (name, Some(inline.to_owned())),
                None => (typed, None),
            };
            let known = GLOBALS.iter().find(|(global, ..)| *global == name);
            match known {
                Some((_, _, false)) => {
                    return Err(Stop::unknown_options(std::slice::from_ref(word)).counted(true));
                }
                Some((global, true, true)) => {
                    let value = inline.or_else(|| words.next().cloned());
                    let Some(value) = value.filter(|value| !value.starts_with("--")) else {
                        return Err(Stop::error(&format!("argument --{global}: expected one argument")));
                    };
                    line.globals.push((global, value));
                }
                Some((global, false, true)) => line.globals.push((global, String::new())),
                None => {
                    if typed.is_empty() || !line.words.is_empty() {
                        line.words.push(word.clone());
                    } else {
                        return Err(Stop::unknown_options(std::slice::from_ref(word)));
                    }
                }
            }
        }
        Ok(line)
    }

    /// The value of a global option; the last one counts.
    fn global(&self, name: &str) -> Option<&str> {
        self.globals.iter().rev().find(|(global, _)| *global == name).map(|(_, value)| value.as_str())
    }

    fn check(&self, world: &World) -> Result<(), Stop> {
        let account = &world.stage.account;
        if self.global("version").is_some() {
            return Err(Stop::text("aws-cli/2.22.35 Python/3.12.6 Linux/6.1 exe/x86_64\n".to_owned()));
        }
        if let Some(profile) = self.global("profile").filter(|profile| *profile != "default") {
            return Err(Stop::general(&format!("The config profile ({profile}) could not be found")));
        }
        if let Some(url) = self.global("endpoint-url").filter(|url| !url.contains("amazonaws.com")) {
            return Err(Stop::general(&format!("Could not connect to the endpoint URL: \"{url}\"")));
        }
        // Nothing stands in other regions, and the stage does not say what they would answer.
        let is_global = |region: &str| {
            region == "us-east-1" && self.words.first().is_some_and(|word| word.starts_with("route53"))
        };
        if let Some(region) =
            self.global("region").filter(|region| *region != account.region && !is_global(region))
        {
            let text = format!("Could not connect to the endpoint of the region \"{region}\"");
            return Err(Stop::general(&text).counted(true));
        }
        match self.global("query") {
            Some(query) => aws_query::check(query).map_err(|why| Stop::parameter(&why)),
            None => Ok(()),
        }
    }

    fn layout(&self) -> Result<Layout, Stop> {
        match self.global("output") {
            None | Some("json") => Ok(Layout::Json),
            Some("text") => Ok(Layout::Text),
            Some("table") => Ok(Layout::Table),
            Some(other) => {
                let choices = ["json", "text", "table"];
                Err(Stop::invalid_choice("--output", other, &choices, "yaml yaml-stream off"))
            }
        }
    }

    fn count(&self, name: &str) -> Result<Option<usize>, Stop> {
        let Some(text) = self.global(name) else { return Ok(None) };
        let number = text.parse().map(Some);
        number.map_err(|_| Stop::error(&format!("argument --{name}: invalid int value: '{text}'")))
    }

    /// The call of a command and how its answer is printed.
    fn call(
        &self,
        world: &World,
        family: &Family,
        command: &'static Command,
        words: &[String],
        manner: Manner,
    ) -> Understood {
        if words.first().is_some_and(|word| word == "help") {
            return Err(aws_usage::command_help(command).into());
        }
        let paging = self.globals.iter().find(|(name, _)| PAGING.contains(name));
        if let Some((name, _)) = paging.filter(|_| command.list.is_empty() && family.name != "s3") {
            return Err(Stop::unknown_options(&[format!("--{name}")]).into());
        }
        let raw_blobs = self.global("cli-binary-format") == Some("raw-in-base64-out");
        let mut args = aws_arguments::read(world, command, words, raw_blobs)?;
        let (target, manner) = match family.name {
            "s3" => {
                let (target, failing) = aws_s3::place(command, &args)?;
                (target, Manner::Transfer(failing))
            }
            _ => (target(command, &args), manner),
        };
        let manner = match args.get("Outfile").and_then(Value::as_str) {
            Some(file) => Manner::Content { to_stdout: matches!(file, "/dev/stdout" | "-") },
            None => manner,
        };
        if let Manner::Waiter(name) = manner {
            args.insert("Waiter".to_owned(), Value::String(name.to_owned()));
        }
        let token = self.global("starting-token");
        let print = Print {
            layout: self.layout()?,
            manner,
            operation: command.operation,
            query: self.global("query").map(str::to_owned),
            list: command.list,
            max_items: self.count("max-items")?,
            skip: token.and_then(shown_before).unwrap_or(0),
        };
        let call = Call::new(family.service, command.operation, &target, args);
        Ok((call, Output(Box::new(print))))
    }
}

/// What a call acts on: the arguments that the table names, of a list the first.
pub(super) fn target(command: &Command, args: &Map<String, Value>) -> String {
    let text = |name: &str| {
        let value = args.get(name)?;
        value.as_str().or_else(|| value.as_array()?.first()?.as_str()).map(str::to_owned)
    };
    command.target.split('/').filter_map(text).collect::<Vec<_>>().join("/")
}

/// `aws logs tail GROUP`: `FilterLogEvents` with a start, printed line by line.
fn tail(world: &World, line: &Line, family: &Family, words: &[String]) -> Understood {
    let mut given = line.call(world, family, &TAIL, words, Manner::Tail { short: false })?;
    let (call, output) = (&mut given.0, &mut given.1);
    let since = call.text("since").unwrap_or("10m").to_owned();
    let Some(start) = moment(world.now(), &since) else {
        return Err(Stop::general(&format!("--since: `{since}` is no time")).into());
    };
    let short = call.text("format") == Some("short");
    output.0.manner = Manner::Tail { short };
    let millis = start.unix().saturating_mul(1000);
    let mut args = Map::new();
    args.insert("logGroupName".to_owned(), json!(call.target));
    args.insert("startTime".to_owned(), json!(millis));
    if let Some(pattern) = call.text("filterPattern") {
        args.insert("filterPattern".to_owned(), json!(pattern));
    }
    call.args = args;
    Ok(given)
}

const TAIL: Command = Command {
    name: "tail",
    operation: "FilterLogEvents",
    target: "logGroupName",
    list: "",
    options: "@group_name=logGroupName since=since follow:bool format=format filter-pattern=filterPattern",
    unsimulated: "log-stream-names log-stream-name-prefix",
};

/// `5m`, `2h`, `1d` before now, or a time.
fn moment(now: Time, text: &str) -> Option<Time> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "s" => 1,
        "m" => crate::clock::MINUTE_S,
        "h" => crate::clock::HOUR_S,
        "d" => crate::clock::DAY_S,
        "w" => 7 * crate::clock::DAY_S,
        _ => return Time::parse(text),
    };
    digits.parse::<i64>().ok().map(|count| now.plus(-count.saturating_mul(unit)))
}

/// `aws configure list` and `get region`: where the keys come from, which are not shown.
fn configure(world: &World, words: &[String]) -> Stop {
    let region = &world.stage.account.region;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => {
            let rows = [
                ["Name", "Value", "Type", "Location"],
                ["----", "-----", "----", "--------"],
                ["profile", "<not set>", "None", "None"],
                ["access_key", "****************", "container-role", ""],
                ["secret_key", "****************", "container-role", ""],
                ["region", region, "env", "AWS_REGION"],
            ];
            let line = |[a, b, c, d]: &[&str; 4]| format!("{a:>10} {b:>24} {c:>16}    {d}\n");
            Stop::text(rows.iter().map(line).collect())
        }
        ["get", "region"] => Stop::text(format!("{region}\n")),
        ["list-profiles"] => Stop::text("default\n".to_owned()),
        _ => Stop::usage("aws: error: this form of configure is not available\n").counted(true),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stage::Stage;

    fn world() -> World {
        let mut stage: Stage = toml::from_str(include_str!("../../tests/aws.toml")).unwrap();
        let template = ("repo/infra/template.yaml".to_owned(), "Resources: {}\n".to_owned());
        stage.files = Arc::new([template].into());
        World::new(Arc::new(stage), 1).unwrap()
    }

    fn call(world: &World, line: &str) -> (Call, Output) {
        let words = shell_words::split(line).unwrap();
        understand(world, &words).unwrap_or_else(|stop| panic!("{line}: {}", stop.reply.stderr))
    }

    /// Lines from published accounts of incidents, as people typed them.
    const LINES: &str = include_str!("../../tests/aws_lines.txt");

    #[test]
    fn lines_from_incidents_are_calls() {
        let world = world();
        let lines: Vec<&str> = LINES.lines().filter(|line| line.starts_with("aws ")).collect();
        assert_eq!(lines.len(), 48);
        for line in lines {
            if line.contains("file://") {
                let stop = understand(&world, &shell_words::split(line).unwrap()).unwrap_err();
                assert!(stop.reply.stderr.contains("Unable to load paramfile file://"), "{line}");
                continue;
            }
            let (call, _) = call(&world, line);
            let named = call.args.is_empty() || !call.target.is_empty();
            assert!(
                named || ["LookupEvents", "GetMetricStatistics"].contains(&call.operation.as_str()),
                "{line}"
            );
        }
    }

    #[test]
    fn arguments_have_the_names_and_shapes_of_the_api() {
        let world = world();
        let (call, _) = call(
            &world,
            "aws cloudformation create-change-set --stack-name cost-explorer-prod --change-set-name fix \
             --use-previous-template --parameters ParameterKey=ReportFnVersion,ParameterValue=42 \
             ParameterKey=DbUser,UsePreviousValue=true --capabilities CAPABILITY_NAMED_IAM --tags Key=team,Value=finops",
        );
        assert_eq!(
            (call.service, call.operation.as_str()),
            (crate::call::Service::Stacks, "CreateChangeSet")
        );
        assert_eq!(call.target, "cost-explorer-prod");
        assert_eq!(
            Value::Object(call.args),
            json!({
                "StackName": "cost-explorer-prod",
                "ChangeSetName": "fix",
                "UsePreviousTemplate": true,
                "Parameters": [
                    {"ParameterKey": "ReportFnVersion", "ParameterValue": "42"},
                    {"ParameterKey": "DbUser", "UsePreviousValue": true},
                ],
                "Capabilities": ["CAPABILITY_NAMED_IAM"],
                "Tags": [{"Key": "team", "Value": "finops"}],
            })
        );
    }

    #[test]
    fn switches_waiters_and_files() {
        let world = world();
        let args = |line: &str| Value::Object(call(&world, line).0.args);
        assert_eq!(
            args(
                "aws rds delete-db-instance --db-instance-identifier=a --skip-final-snapshot --no-delete-automated-backups"
            ),
            json!({"DBInstanceIdentifier": "a", "SkipFinalSnapshot": true, "DeleteAutomatedBackups": false})
        );
        assert_eq!(
            args("aws cloudformation wait stack-delete-complete --stack-name pr-1234"),
            json!({"StackName": "pr-1234", "Waiter": "stack-delete-complete"})
        );
        assert_eq!(
            args(
                "aws lambda invoke --function-name f --payload '{\"a\": 1}' --cli-binary-format raw-in-base64-out out.json"
            ),
            json!({"FunctionName": "f", "Payload": "{\"a\": 1}", "Outfile": "out.json"})
        );
        assert_eq!(
            args("aws s3 sync ./out s3://b --exclude '*' --include '*.csv' --delete"),
            json!({"Source": "./out", "Destination": "s3://b", "Filters": ["-*", "+*.csv"], "Delete": true})
        );
    }

    #[test]
    fn a_failed_wait_reads_as_the_tool_says_it() {
        let world = world();
        let (_, output) = call(&world, "aws cloudformation wait stack-create-complete --stack-name s");
        let refusal = crate::call::Refusal::new("ValidationError", "Stack with id s does not exist");
        let reply = output.reply(&Err(refusal));
        assert_eq!(
            (reply.code, reply.stderr.as_str()),
            (
                255,
                "\nWaiter StackCreateComplete failed: An error occurred (ValidationError): Stack with id s does not exist\n"
            )
        );
    }

    /// Made with the formatters of the real tool.
    #[test]
    fn layouts_are_those_of_the_real_tool() {
        let world = world();
        let cases: Value = serde_json::from_str(include_str!("../../tests/aws_layouts.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let (_, mut output) = call(&world, "aws sts get-caller-identity");
            output.0.operation = "DescribeThings";
            for (layout, name) in [(Layout::Text, "text"), (Layout::Table, "table")] {
                output.0.layout = layout;
                let reply = output.reply(&Ok(case["value"].clone()));
                assert_eq!(reply.stdout, case[name].as_str().unwrap(), "{} as {name}", case["name"]);
            }
        }
    }
}
