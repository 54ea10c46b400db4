//! What policies permit: an explicit deny wins, what nobody allows is denied.

use serde_json::{Value, json};

use crate::keys::fits_by;
use crate::stage::{PolicyEffect, Statement};

/// What a set of statements says to an action on a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement speaks of it.
    ImplicitDeny,
}

impl Decision {
    /// As `simulate-principal-policy` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

/// Decides over an action; `names` are the resource's full name and others by which patterns may call it.
pub fn decide<'s>(
    statements: impl IntoIterator<Item = &'s Statement>,
    action: &str,
    names: &[&str],
) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for statement in statements {
        let action_fits = statement.action.iter().any(|pattern| fits_action(pattern, action));
        let resource_fits =
            statement.resource.iter().any(|pattern| names.iter().any(|name| fits(pattern, name)));
        if !(action_fits && resource_fits) {
            continue;
        }
        match statement.effect {
            PolicyEffect::Deny => return Decision::ExplicitDeny,
            PolicyEffect::Allow => decision = Decision::Allowed,
        }
    }
    decision
}

/// Actions are compared without regard to case, resources are not.
fn fits_action(pattern: &str, action: &str) -> bool {
    fits(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// `*` stands for any text, `?` for one character.
pub fn fits(pattern: &str, text: &str) -> bool {
    let one = |pattern: &[char], at: usize, c: char| {
        pattern.get(at).filter(|meant| **meant == '?' || **meant == c).map(|_| at.saturating_add(1))
    };
    fits_by(pattern, text, one)
}

/// The statements of a policy document.
///
/// # Errors
/// What is wrong with it.
pub fn read(document: &str) -> Result<Vec<Statement>, String> {
    let value: Value = serde_json::from_str(document).map_err(|_| "the document is not JSON".to_owned())?;
    let statements = match value.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => return Err("the document has no statements".to_owned()),
    };
    statements.iter().map(read_statement).collect()
}

fn read_statement(value: &Value) -> Result<Statement, String> {
    let texts = |name: &str| match value.get(name) {
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) => Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => Err(format!("a statement has no {name}")),
    };
    let effect = match value.get("Effect").and_then(Value::as_str) {
        Some("Allow") => PolicyEffect::Allow,
        Some("Deny") => PolicyEffect::Deny,
        _ => return Err("a statement's effect is neither Allow nor Deny".to_owned()),
    };
    Ok(Statement { effect, action: texts("Action")?, resource: texts("Resource")? })
}

/// Statements as a policy document.
pub fn document(statements: &[Statement]) -> Value {
    let shown = statements.iter().map(|statement| {
        let effect = match statement.effect {
            PolicyEffect::Allow => "Allow",
            PolicyEffect::Deny => "Deny",
        };
        json!({"Effect": effect, "Action": statement.action, "Resource": statement.resource})
    });
    json!({"Version": "2012-10-17", "Statement": shown.collect::<Vec<_>>()})
}

/// Policies that the cloud keeps ready: name, what they allow.
const MANAGED: &[(&str, &[&str])] = &[
    ("AdministratorAccess", &["*"]),
    (
        "PowerUserAccess",
        &["cloudformation:*", "rds:*", "s3:*", "lambda:*", "apigateway:*", "logs:*", "cloudwatch:*"],
    ),
    ("ReadOnlyAccess", &["*:Describe*", "*:Get*", "*:List*", "*:Head*", "*:Lookup*", "logs:FilterLogEvents"]),
    ("AWSCloudFormationFullAccess", &["cloudformation:*"]),
    ("AmazonRDSFullAccess", &["rds:*"]),
    ("AmazonS3FullAccess", &["s3:*"]),
    ("AWSLambda_FullAccess", &["lambda:*", "apigateway:*"]),
    ("CloudWatchFullAccess", &["cloudwatch:*", "logs:*"]),
    ("CloudWatchLogsFullAccess", &["logs:*"]),
    ("IAMFullAccess", &["iam:*"]),
    ("service-role/AWSLambdaBasicExecutionRole", &["logs:CreateLogStream", "logs:PutLogEvents"]),
    (
        "service-role/AWSLambdaVPCAccessExecutionRole",
        &["logs:CreateLogStream", "logs:PutLogEvents", "ec2:*Network*"],
    ),
];

/// The statements of a ready-made policy, by its full name.
pub fn managed(arn: &str) -> Option<Vec<Statement>> {
    let (_, name) = arn.split_once(":policy/")?;
    let (_, actions) = MANAGED.iter().find(|(known, _)| *known == name)?;
    let action = actions.iter().map(|action| (*action).to_owned()).collect();
    Some(vec![Statement { effect: PolicyEffect::Allow, action, resource: vec!["*".to_owned()] }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(effect: PolicyEffect, action: &str, resource: &str) -> Statement {
        Statement { effect, action: vec![action.to_owned()], resource: vec![resource.to_owned()] }
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("*stack/pr-*", "arn:aws-cn:cloudformation:cn-north-1:1:stack/pr-128/*", true),
            ("*stack/pr-*", "arn:aws-cn:cloudformation:cn-north-1:1:stack/prod/*", false),
            ("db-?", "db-1", true),
            ("db-?", "db-12", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} over {text}");
        }
    }

    #[test]
    fn a_deny_wins_and_silence_denies() {
        let policy = [
            statement(PolicyEffect::Allow, "cloudformation:*", "*"),
            statement(PolicyEffect::Deny, "cloudformation:Delete*", "*prod*"),
        ];
        let decide = |action, name| decide(&policy, action, &[name]);
        assert_eq!(decide("cloudformation:DeleteStack", "stack/prod/*"), Decision::ExplicitDeny);
        assert_eq!(decide("cloudformation:deletestack", "stack/pr-1/*"), Decision::Allowed);
        assert_eq!(decide("rds:DeleteDBInstance", "db:prod"), Decision::ImplicitDeny);
    }

    #[test]
    fn documents_are_read_as_they_are_written() {
        let policy = vec![statement(PolicyEffect::Deny, "s3:*", "*")];
        let read = read(&document(&policy).to_string()).unwrap();
        assert_eq!(document(&read), document(&policy));
        assert_eq!(
            super::read(r#"{"Statement": {"Effect": "Perhaps"}}"#).unwrap_err(),
            "a statement's effect is neither Allow nor Deny"
        );
    }
}
