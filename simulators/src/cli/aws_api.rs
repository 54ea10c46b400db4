//! The operations of the `aws` tables for whoever speaks the services' own protocols: the same names, kinds and targets, with
//! the API's names of the arguments in the place of options.

use serde_json::{Map, Value};

use super::aws;
use super::aws_arguments::{self, decode_base64};
use super::aws_commands::{Command, Family, Kind, Members, Opt};
use crate::call::{Call, Refusal};
use crate::clock::Time;
use crate::service::operations;

/// One operation of a service's API.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    family: &'static Family,
    command: &'static Command,
}

/// Names of services in signatures that are not the tool's names of their commands.
const SIGNED_FOR: &[(&str, &str)] =
    &[("monitoring", "cloudwatch"), ("tagging", "resourcegroupstaggingapi"), ("s3", "s3api")];

/// Arguments that ask for one page after another. Here an answer is always whole, and no page follows.
const PAGING: &[&str] =
    &["NextToken", "nextToken", "Marker", "MaxRecords", "MaxItems", "PaginationToken", "position"];

impl Api {
    /// The operation of a service, both as requests name them: `cloudformation` and `DeleteStack`.
    pub fn named(service: &str, operation: &str) -> Option<Self> {
        // Requests of EC2 are forms of a dialect of their own.
        let family = Family::named(family_name(service)).filter(|_| !matches!(service, "s3api" | "ec2"))?;
        let command = family.commands.iter().find(|command| command.operation == operation)?;
        let is_known = operations(family.service).iter().any(|known| known.name == operation);
        is_known.then_some(Self { family, command })
    }

    /// The words with which the tool would ask for an operation: what is no [`Api`] is told to the dialect, which knows
    /// whether it is a gap of the simulation.
    pub fn words(service: &str, operation: &str) -> Vec<String> {
        ["aws", family_name(service), &dashed(operation)].map(str::to_owned).to_vec()
    }

    /// The call with these arguments. Blobs are in base64, as in JSON; numbers and booleans may be texts, as in queries; moments
    /// may be seconds since 1970.
    ///
    /// # Errors
    /// What the service says of arguments that it cannot use.
    pub fn call(self, given: Map<String, Value>) -> Result<Call, Refusal> {
        let opts: Vec<Opt> = self.command.opts().into_iter().filter(|opt| opt.api != "Outfile").collect();
        let mut args = Map::new();
        for (name, value) in given {
            match opts.iter().find(|opt| opt.api == name) {
                Some(opt) => {
                    args.insert(name, fitted(opt, value)?);
                }
                None if PAGING.contains(&name.as_str()) => {}
                None => return Err(self.unknown(&name)),
            }
        }
        if let Some(missing) = opts.iter().find(|opt| opt.required && !args.contains_key(&opt.api)) {
            let text = format!("The request must contain the parameter {}", missing.api);
            return Err(Refusal::new("MissingParameter", text));
        }
        let target = aws::target(self.command, &args);
        Ok(Call::new(self.family.service, self.command.operation, &target, args))
    }

    fn unknown(self, name: &str) -> Refusal {
        match self.command.lacks(&dashed(name)) {
            true => Refusal::new("NotImplemented", format!("The parameter {name} is not available here")),
            false => Refusal::new("ValidationError", format!("Unknown parameter: {name}")),
        }
    }
}

fn family_name(service: &str) -> &str {
    SIGNED_FOR.iter().find(|(signed, _)| *signed == service).map_or(service, |(_, name)| name)
}

/// `DescribeDBInstances` as the tool writes it: `describe-db-instances`.
fn dashed(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (n, letter) in letters.iter().enumerate() {
        let is_lower =
            |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| !c.is_uppercase());
        // A word begins at a capital after a small letter, and at the last of several capitals.
        let begins = is_lower(n.checked_sub(1)) || is_lower(n.checked_add(1));
        if n > 0 && letter.is_uppercase() && begins {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// A value in the shape of its option.
fn fitted(opt: &Opt, value: Value) -> Result<Value, Refusal> {
    let wrong = || Refusal::new("ValidationError", format!("Invalid type for parameter {}", opt.api));
    Ok(match (opt.kind, value) {
        (Kind::Int, Value::String(text)) => Value::from(text.parse::<i64>().map_err(|_| wrong())?),
        (Kind::Int, value @ Value::Number(_)) => value,
        (Kind::Bool, Value::String(text)) => Value::Bool(text.parse::<bool>().map_err(|_| wrong())?),
        (Kind::Bool, value @ Value::Bool(_)) => value,
        (Kind::Blob, Value::String(text)) => {
            let bytes = decode_base64(&text).and_then(|bytes| String::from_utf8(bytes).ok());
            Value::String(bytes.ok_or_else(wrong)?)
        }
        (Kind::Text, Value::Number(seconds)) if opt.api.ends_with("Time") => {
            #[expect(clippy::cast_possible_truncation, reason = "parts of seconds are not told apart here")]
            let seconds = seconds.as_f64().ok_or_else(wrong)? as i64;
            Value::String(Time::from_unix(seconds).to_string())
        }
        (Kind::Text | Kind::File, value @ Value::String(_)) => value,
        (Kind::Text, value @ (Value::Number(_) | Value::Bool(_))) => Value::String(value.to_string()),
        (Kind::List(Members("")), Value::Array(items)) => Value::Array(items),
        // So a query spells an empty list.
        (Kind::List(_), Value::String(text)) if text.is_empty() => Value::Array(Vec::new()),
        (Kind::List(Members("")), one @ Value::String(_)) => Value::Array(vec![one]),
        (Kind::List(members), Value::Array(items)) => {
            let item = |(n, item)| structure(item, members, &format!("{}[{n}]", opt.api));
            Value::Array(items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?)
        }
        (Kind::Object(members), value) => structure(value, members, &opt.api)?,
        (Kind::Map, value @ Value::Object(_)) => value,
        _ => return Err(wrong()),
    })
}

fn structure(value: Value, members: Members, place: &str) -> Result<Value, Refusal> {
    let told = |stop: super::aws_usage::Stop| Refusal::new("ValidationError", stop.reply.stderr.trim());
    aws_arguments::fit(value, members, place).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::super::aws_commands::FAMILIES;
    use super::*;
    use serde_json::json;

    fn call(service: &str, operation: &str, given: Value) -> Result<Call, Refusal> {
        let Value::Object(given) = given else { panic!("{given}") };
        Api::named(service, operation).unwrap().call(given)
    }

    #[test]
    fn an_operation_is_named_as_the_tool_names_it() {
        for family in FAMILIES.iter().filter(|family| family.name != "s3") {
            for command in family.commands {
                let words = Api::words(family.name, command.operation);
                assert_eq!(words, ["aws", family.name, command.name]);
            }
        }
        assert_eq!(Api::words("rds", "DescribeDBClusters")[2], "describe-db-clusters");
        assert!(Api::named("ec2", "TerminateInstances").is_none());
        assert!(Api::named("s3", "Rb").is_none());
    }

    #[test]
    fn arguments_take_their_kinds() {
        let made = call(
            "rds",
            "DeleteDBInstance",
            json!({"DBInstanceIdentifier": "a", "SkipFinalSnapshot": "true", "MaxRecords": "100"}),
        );
        let made = made.unwrap();
        assert_eq!(Value::Object(made.args), json!({"DBInstanceIdentifier": "a", "SkipFinalSnapshot": true}));
        assert_eq!((made.operation.as_str(), made.target.as_str()), ("DeleteDBInstance", "a"));
        let made = call(
            "cloudformation",
            "UpdateStack",
            json!({"StackName": "s", "Parameters": [{"ParameterKey": "K", "UsePreviousValue": "true"}]}),
        );
        assert_eq!(
            made.unwrap().args["Parameters"],
            json!([{"ParameterKey": "K", "UsePreviousValue": true}])
        );
        let made = call("cloudtrail", "LookupEvents", json!({"StartTime": 1_765_763_000.0}));
        assert_eq!(made.unwrap().args["StartTime"], json!("2025-12-15T01:43:20Z"));
    }

    #[test]
    fn what_an_operation_cannot_use_is_refused() {
        for (given, code) in [
            (json!({}), "MissingParameter"),
            (json!({"StackName": "s", "Foo": "x"}), "ValidationError"),
            (json!({"StackName": {"a": 1}}), "ValidationError"),
            (json!({"StackName": "s", "DeploymentConfig": {}}), "NotImplemented"),
        ] {
            assert_eq!(
                call("cloudformation", "DeleteStack", given.clone()).unwrap_err().code,
                code,
                "{given}"
            );
        }
    }
}
