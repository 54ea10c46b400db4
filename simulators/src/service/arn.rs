//! The full names of things in the cloud account.

use super::databases;
use crate::World;
use crate::resource::Resource;

/// How the full name of a thing is made, by the service part of the action that touches it: its kind before the name,
/// what stands behind it, and whether region and account belong to it.
const FORMS: &[(&str, &str, &str, Scope)] = &[
    ("cloudformation", "stack/", "/*", Scope::Regional),
    ("rds", "db:", "", Scope::Regional),
    ("rds-db", "dbuser:", "/*", Scope::Regional),
    ("s3", "", "", Scope::Bare),
    ("iam", "role/", "", Scope::Account),
    ("sts", "role/", "", Scope::Account),
    ("lambda", "function:", "", Scope::Regional),
    ("apigateway", "/restapis/", "", Scope::Region),
    ("logs", "log-group:", ":*", Scope::Regional),
    ("cloudwatch", "alarm:", "", Scope::Regional),
    ("kms", "key/", "", Scope::Regional),
    ("cloudtrail", "trail/", "", Scope::Regional),
    ("route53", "hostedzone/", "", Scope::Bare),
    ("ec2", "instance/", "", Scope::Regional),
    ("route53domains", "", "", Scope::Bare),
];

/// Which of region and account stand in a full name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scope {
    Regional,
    Region,
    Account,
    Bare,
}

/// Kinds of resources: the service and the kind of name under which they stand.
const KINDS: &[(&str, &str, &str)] = &[
    ("AWS::CloudFormation::Stack", "cloudformation", "stack/"),
    ("AWS::RDS::DBInstance", "rds", "db:"),
    ("AWS::RDS::DBSnapshot", "rds", "snapshot:"),
    ("AWS::RDS::DBSubnetGroup", "rds", "subgrp:"),
    ("AWS::KMS::Key", "kms", "key/"),
    ("AWS::S3::Bucket", "s3", ""),
    ("AWS::IAM::Role", "iam", "role/"),
    ("AWS::Lambda::Function", "lambda", "function:"),
    ("AWS::ApiGateway::RestApi", "apigateway", "/restapis/"),
    ("AWS::Logs::LogGroup", "logs", "log-group:"),
    ("AWS::CloudWatch::Alarm", "cloudwatch", "alarm:"),
    ("AWS::CloudWatch::Dashboard", "cloudwatch", "dashboard/"),
    ("AWS::EC2::Instance", "ec2", "instance/"),
    ("AWS::Route53::HostedZone", "route53", "hostedzone/"),
];

/// The full name of what an action touches; `*` where it touches nothing in particular.
pub fn of_target(world: &World, action: &str, target: &str) -> String {
    if target.is_empty() {
        return "*".to_owned();
    }
    if target.starts_with("arn:") {
        return target.to_owned();
    }
    let service = action.split(':').next().unwrap_or_default();
    let target = if service == "route53" { target.trim_start_matches('/') } else { target };
    let (_, before, behind, scope) =
        FORMS.iter().find(|(name, ..)| *name == service).copied().unwrap_or(("", "", "", Scope::Regional));
    let before = match service {
        "cloudwatch" if action.contains("Dashboard") => "dashboard/",
        "rds"
            if action.contains("DBSnapshot") && !action.contains("Create") && !action.contains("Restore") =>
        {
            "snapshot:"
        }
        "iam" if action.contains("User") => "user/",
        "route53" if target.contains('/') => "",
        "route53" if action.contains("DelegationSet") => "delegationset/",
        "route53" if action.contains("GetChange") => "change/",
        _ => before,
    };
    spelt(world, service, scope, &format!("{before}{target}{behind}"))
}

/// The full name of a resource; none for what stands outside the account.
pub fn of_resource(world: &World, resource: &Resource) -> Option<String> {
    let (_, service, before) = KINDS.iter().find(|(kind, ..)| *kind == resource.kind)?;
    let (.., scope) = FORMS.iter().find(|(name, ..)| name == service)?;
    Some(spelt(world, service, *scope, &format!("{before}{}", resource.name)))
}

/// The full name of a role.
pub fn role(world: &World, name: &str) -> String {
    spelt(world, "iam", Scope::Account, &format!("role/{name}"))
}

/// The full name of somebody acting in a role.
pub fn session(world: &World, role: &str, session: &str) -> String {
    spelt(world, "sts", Scope::Account, &format!("assumed-role/{role}/{session}"))
}

fn spelt(world: &World, service: &str, scope: Scope, name: &str) -> String {
    let account = &world.stage.account;
    let (partition, region, id) = (&account.partition, account.region.as_str(), account.id.as_str());
    let (region, id) = match scope {
        Scope::Regional => (region, id),
        Scope::Region => (region, ""),
        Scope::Account => ("", id),
        Scope::Bare => ("", ""),
    };
    format!("arn:{partition}:{service}:{region}:{id}:{name}")
}

/// The name in a full name of a role or of a session in it.
pub fn role_name(arn: &str) -> &str {
    match arn.split_once("assumed-role/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => arn.rsplit('/').next().unwrap_or(arn),
    }
}

/// A pattern with what belongs to a thing in it: `{id}`, `{host}`, and of the account `{partition}`, `{region}`, `{account}`.
pub(super) fn filled(world: &World, pattern: &str, id: &str) -> String {
    let account = &world.stage.account;
    pattern
        .replace("{id}", id)
        .replace("{host}", &databases::host(world, id))
        .replace("{partition}", &account.partition)
        .replace("{region}", &account.region)
        .replace("{account}", &account.id)
}
