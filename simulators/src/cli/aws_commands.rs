//! What `aws` commands look like as data, and how the data is read.
//!
//! An option is one word: `!stack-name` is required, `retain-resources:list` has a kind, `role-arn=RoleARN` gives the
//! API's name where it is not the option's name in capitals, `@outfile=Outfile` stands without a name. The members of
//! a structure stand in braces: `tags:list{Key,Value}`; there `?` marks a boolean, `#` a number and `*` a list.

use crate::call::Service;

use super::aws_accounts::{CLOUDTRAIL, IAM, RESOURCEGROUPSTAGGINGAPI, STS};
use super::aws_cloudformation::CLOUDFORMATION;
use super::aws_ec2::EC2;
use super::aws_kms::KMS;
use super::aws_lambda::{APIGATEWAY, LAMBDA};
use super::aws_rds::RDS;
use super::aws_route53::{ROUTE53, ROUTE53DOMAINS};
use super::aws_s3::S3;
use super::aws_s3api::S3API;
use super::aws_watching::{CLOUDWATCH, LOGS};

/// The families that are simulated.
pub(super) const FAMILIES: &[Family] = &[
    APIGATEWAY,
    CLOUDFORMATION,
    CLOUDTRAIL,
    CLOUDWATCH,
    EC2,
    IAM,
    KMS,
    LAMBDA,
    LOGS,
    RDS,
    RESOURCEGROUPSTAGGINGAPI,
    ROUTE53,
    ROUTE53DOMAINS,
    S3,
    S3API,
    STS,
];

/// Families that the real tool has as well: asking for one is a gap of the simulation and no slip of the agent.
pub(super) const BEYOND: &str = "accessanalyzer account acm acm-pca amplify apigatewayv2 appconfig \
    application-autoscaling apprunner appsync athena autoscaling backup batch bedrock bedrock-runtime billing budgets \
    ce cloud9 cloudcontrol cloudfront cloudhsmv2 codeartifact codebuild codecommit codedeploy codepipeline \
    cognito-identity cognito-idp comprehend compute-optimizer configservice connect cur datapipeline \
    datasync dax deploy directconnect dlm dms docdb ds dynamodb dynamodbstreams ebs ec2-instance-connect ecr \
    ecr-public ecs efs eks elasticache elasticbeanstalk elb elbv2 emr emr-serverless es events firehose fis fms fsx \
    glacier glue grafana guardduty health history identitystore inspector2 iot kafka kendra keyspaces kinesis \
    kinesisanalyticsv2 lakeformation lightsail macie2 memorydb mq mwaa neptune network-firewall opensearch \
    opensearchserverless organizations outposts pi pipes polly pricing ram rbin rds-data redshift redshift-data \
    rekognition resource-explorer-2 resource-groups route53resolver s3control s3outposts \
    sagemaker savingsplans scheduler schemas secretsmanager securityhub serverlessrepo service-quotas servicecatalog \
    servicediscovery ses sesv2 shield signer sns sqs ssm sso sso-admin sso-oidc stepfunctions storagegateway support \
    swf synthetics textract timestream-query timestream-write transcribe transfer translate trustedadvisor waf \
    waf-regional wafv2 wellarchitected workspaces xray";

/// What the real tool can wait for besides what is simulated.
pub(super) const BEYOND_WAITERS: &str = "stack-import-complete stack-refactor-create-complete \
    stack-refactor-execute-complete type-registration-complete db-cluster-available db-cluster-deleted \
    db-cluster-snapshot-available db-cluster-snapshot-deleted tenant-database-available tenant-database-deleted";

/// The commands of one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// Such as `cloudformation`.
    pub name: &'static str,
    /// Where its calls go.
    pub service: Service,
    /// What is simulated.
    pub commands: &'static [Command],
    /// What `wait` can wait for.
    pub waiters: &'static [Command],
    /// Names of commands that the real tool has and the simulation has not.
    pub beyond: &'static str,
}

/// One command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    /// Such as `delete-stack`.
    pub name: &'static str,
    /// Such as `DeleteStack`.
    pub operation: &'static str,
    /// The argument that names the call's target; several are joined by `/`.
    pub target: &'static str,
    /// The list of the answer that `--max-items` cuts; empty if the command has no pages.
    pub list: &'static str,
    /// Its options, one word each.
    pub options: &'static str,
    /// Names of options that the real tool has and the simulation has not.
    pub unsimulated: &'static str,
}

/// One option of a command.
#[derive(Clone, Debug)]
pub(super) struct Opt {
    /// As it is typed, without the dashes.
    pub name: &'static str,
    /// As the API calls it.
    pub api: String,
    /// What its values are.
    pub kind: Kind,
    /// The command does not run without it.
    pub required: bool,
    /// It is typed without its name.
    pub positional: bool,
}

/// What the values of an option are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Int,
    Bool,
    /// Bytes, base64 unless told otherwise.
    Blob,
    /// The path of a file whose content is meant.
    File,
    /// A pattern that takes files in or leaves them out; the order of all of them counts.
    Filter,
    /// Texts, or structures if there are members.
    List(Members),
    Object(Members),
    Map,
}

/// The members of a structure as they stand between the braces; empty for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Members(pub &'static str);

impl Members {
    /// Name and mark (`?`, `#`, `*`) of each.
    pub fn each(self) -> impl Iterator<Item = (&'static str, Option<char>)> {
        self.0.split(',').filter(|m| !m.is_empty()).map(|member| {
            let name = member.trim_end_matches(['?', '#', '*']);
            (name, member.strip_prefix(name).and_then(|mark| mark.chars().next()))
        })
    }
}

impl Kind {
    fn read(text: &'static str) -> Option<Self> {
        let (name, members) = text.split_once('{').unwrap_or((text, ""));
        let members = Members(members.trim_end_matches('}'));
        Some(match name {
            "" => Self::Text,
            "int" => Self::Int,
            "bool" => Self::Bool,
            "blob" => Self::Blob,
            "file" => Self::File,
            "filter" => Self::Filter,
            "list" => Self::List(members),
            "object" => Self::Object(members),
            "map" => Self::Map,
            _ => return None,
        })
    }

    /// As help texts name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text | Self::Filter => "string",
            Self::Int => "integer",
            Self::Bool => "boolean",
            Self::Blob | Self::File => "blob",
            Self::List(_) => "list",
            Self::Object(_) => "structure",
            Self::Map => "map",
        }
    }
}

impl Opt {
    fn read(word: &'static str) -> Option<Self> {
        let (head, kind) = word.split_once(':').unwrap_or((word, ""));
        let positional = head.starts_with('@');
        let required = positional && !head.ends_with('?') || head.starts_with('!');
        let head = head.trim_start_matches(['!', '@']).trim_end_matches('?');
        let (name, api) = match head.split_once('=') {
            Some((name, api)) => (name, api.to_owned()),
            None => (head, capitals(head)),
        };
        Some(Self { name, api, kind: Kind::read(kind)?, required, positional })
    }
}

/// `stack-name` as the API writes it: `StackName`.
pub(super) fn capitals(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('-').filter_map(word).collect()
}

impl Command {
    /// Its options, read.
    pub fn opts(&self) -> Vec<Opt> {
        self.options.split_whitespace().filter_map(Opt::read).collect()
    }

    /// True if the real tool knows this option and the simulation does not.
    pub fn lacks(&self, option: &str) -> bool {
        let plain = option.strip_prefix("no-").unwrap_or(option);
        self.unsimulated.split_whitespace().any(|name| name == option || name == plain)
    }
}

impl Family {
    /// The family of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// The command of that name.
    pub fn command(&self, name: &str) -> Option<&'static Command> {
        self.commands.iter().find(|command| command.name == name)
    }

    /// What can be typed after the family's name.
    pub fn choices(&self) -> Vec<&'static str> {
        let wait = (!self.waiters.is_empty()).then_some("wait");
        let tail = (self.name == "logs").then_some("tail");
        self.commands.iter().map(|c| c.name).chain(tail).chain(wait).chain(["help"]).collect()
    }
}

/// True if one of the words of `list` is `word`.
pub(super) fn holds(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|entry| entry == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_tables_can_be_read() {
        for family in FAMILIES {
            for command in family.commands.iter().chain(family.waiters) {
                let opts = command.opts();
                assert_eq!(opts.len(), command.options.split_whitespace().count(), "{}", command.name);
                for part in command.target.split('/').filter(|part| !part.is_empty()) {
                    assert!(opts.iter().any(|o| o.api == part), "{} has no {part}", command.name);
                }
            }
        }
    }

    #[test]
    fn an_option_tells_its_name_kind_and_members() {
        let opt = Opt::read("!tags=Tags:list{Key,On?,Values*}").unwrap();
        assert_eq!((opt.name, opt.api.as_str(), opt.required), ("tags", "Tags", true));
        let Kind::List(members) = opt.kind else { panic!("a list") };
        assert_eq!(
            members.each().collect::<Vec<_>>(),
            [("Key", None), ("On", Some('?')), ("Values", Some('*'))]
        );
        assert_eq!(Opt::read("stack-name").unwrap().api, "StackName");
    }
}
