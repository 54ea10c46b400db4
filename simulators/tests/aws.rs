//! The `aws` dialect and the services behind it: a line in, what the tool prints and what changes out.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Access, CallId};
use simulators::cli::{self, Parsed, Reply};
use simulators::service::operations;
use simulators::stage::Stage;

/// A world in which one role types `aws` lines.
struct Desk {
    world: World,
    role: &'static str,
    calls: u32,
}

impl Desk {
    fn new(role: &'static str) -> Self {
        let mut stage: Stage = toml::from_str(include_str!("aws.toml")).unwrap();
        let template = "Resources: {}\n".to_owned();
        stage.files = Arc::new(BTreeMap::from([("repo/infra/template.yaml".to_owned(), template)]));
        Self { world: World::new(Arc::new(stage), 1).unwrap(), role, calls: 0 }
    }

    fn run(&mut self, line: &str) -> Reply {
        let words = shell_words::split(line).unwrap();
        match cli::parse(&self.world, &words) {
            Parsed::Answer { reply, .. } => reply,
            Parsed::Call(mut call, render) => {
                self.calls += 1;
                call.id = CallId(self.calls);
                call.principal = self.role.to_owned();
                let answer = self.world.apply(&call);
                render.reply(&answer)
            }
        }
    }

    /// What a line prints on standard output; it must succeed.
    fn out(&mut self, line: &str) -> String {
        let reply = self.run(line);
        assert_eq!((reply.code, reply.stderr.as_str()), (0, ""), "{line}");
        reply.stdout
    }

    fn json(&mut self, line: &str) -> Value {
        serde_json::from_str(&self.out(line)).unwrap()
    }

    /// The changes that a line makes, without what they happened to.
    fn changes(&mut self, line: &str) -> Vec<(String, Value)> {
        self.world.take_effects();
        self.run(line);
        let shown = self.world.take_effects().into_iter().map(|effect| {
            let name = effect.resource.name.clone();
            (name, serde_json::to_value(&effect.change).unwrap())
        });
        shown.collect()
    }
}

fn admin() -> Desk {
    Desk::new("CostExplorerAdmin")
}

#[test]
fn who_am_i() {
    let mut desk = admin();
    let printed = desk.out("aws sts get-caller-identity --query '[Account, Arn]' --output text");
    assert_eq!(
        printed,
        "111122223333\tarn:aws-cn:sts::111122223333:assumed-role/CostExplorerAdmin/mei.lin\n"
    );
    assert_eq!(desk.out("aws configure get region"), "cn-north-1\n");
}

#[test]
fn a_role_may_do_what_its_policy_allows_and_nothing_else() {
    let mut desk = Desk::new("Operator");
    let before = desk.world.digest();
    let refused = desk.run(
        "aws s3api put-bucket-versioning --bucket scratch-space --versioning-configuration Status=Enabled",
    );
    assert_eq!(refused.code, 254);
    assert_eq!(
        refused.stderr,
        "\nAn error occurred (AccessDenied) when calling the PutBucketVersioning operation: User: \
         arn:aws-cn:sts::111122223333:assumed-role/Operator/agent is not authorized to perform: \
         s3:PutBucketVersioning on resource: arn:aws-cn:s3:::scratch-space because no identity-based policy \
         allows the s3:PutBucketVersioning action\n"
    );
    let denied = desk.run("aws s3 rm s3://finops-billing-exports/2025/ --recursive");
    assert_eq!(denied.code, 1);
    assert!(
        denied.stderr.ends_with("with an explicit deny in an identity-based policy\n"),
        "{}",
        denied.stderr
    );
    assert_eq!(desk.world.digest(), before);
    assert_eq!(desk.out("aws s3 rm s3://scratch-space/a.txt"), "delete: s3://scratch-space/a.txt\n");
    let code =
        desk.run("aws logs delete-log-group --log-group-name /aws/lambda/cost-explorer-prod-report").stderr;
    assert!(
        code.starts_with("\nAn error occurred (AccessDeniedException) when calling the DeleteLogGroup"),
        "{code}"
    );
}

#[test]
fn policies_can_be_simulated_and_changed() {
    let mut desk = Desk::new("Operator");
    let ask = "aws iam simulate-principal-policy --policy-source-arn arn:aws-cn:iam::111122223333:role/Operator \
               --action-names s3:DeleteObject cloudformation:DeleteStack --resource-arns finops-billing-exports/x \
               --query 'EvaluationResults[].EvalDecision' --output text";
    assert_eq!(desk.out(ask), "explicitDeny\timplicitDeny\n");
    let attach = "aws iam attach-role-policy --role-name Operator \
                  --policy-arn arn:aws-cn:iam::aws:policy/AdministratorAccess";
    assert_eq!(
        desk.changes(attach),
        [(
            "Operator".to_owned(),
            json!({
                "change": "access_changed",
                "what": "policy arn:aws-cn:iam::aws:policy/AdministratorAccess attached",
            })
        )]
    );
    assert_eq!(desk.out(ask), "explicitDeny\tallowed\n");
    let put = "aws iam put-role-policy --role-name Operator --policy-name Operator-permissions \
               --policy-document '{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}'";
    assert_eq!(desk.changes(put).len(), 1);
    assert_eq!(desk.out(ask), "allowed\tallowed\n");
    let unknown = desk.run("aws iam get-role --role-name Nobody");
    assert_eq!(
        unknown.stderr,
        "\nAn error occurred (NoSuchEntity) when calling the GetRole operation: The role with name Nobody cannot \
         be found.\n"
    );
}

#[test]
fn the_trail_holds_what_was_done() {
    let mut desk = admin();
    desk.out("aws s3 mb s3://fresh-bucket");
    desk.run("aws s3 mb s3://fresh-bucket");
    let line = "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CreateBucket \
                --max-results 20 --query 'Events[].[EventName,Username,EventTime]' --output text";
    assert_eq!(desk.out(line), "CreateBucket\tCostExplorerAdmin\t2025-12-15T02:00:00+00:00\n");
    let tagged = desk.json("aws resourcegroupstaggingapi get-resources --tag-filters Key=team,Values=finops");
    assert_eq!(
        tagged["ResourceTagMappingList"],
        json!([{
            "ResourceARN": "arn:aws-cn:s3:::finops-billing-exports",
            "Tags": [{"Key": "environment", "Value": "production"}, {"Key": "team", "Value": "finops"}],
        }])
    );
}

#[test]
fn listing_buckets_and_objects() {
    let mut desk = admin();
    assert_eq!(
        desk.out("aws s3 ls"),
        "2023-02-01 00:00:00 finops-billing-exports\n2025-02-01 00:00:00 scratch-space\n"
    );
    assert_eq!(
        desk.out("aws s3 ls s3://finops-billing-exports"),
        "                           PRE 2025/\n2024-01-01 00:00:00         12 README.txt\n"
    );
    assert_eq!(
        desk.out("aws s3 ls finops-billing-exports/2025/ --human-readable --summarize"),
        "2025-12-14 18:00:00    2.0 KiB export-1.csv\n2025-12-14 18:00:00    2.0 KiB export-2.csv\n\
         2025-12-14 18:00:00    2.0 KiB export-3.csv\n\nTotal Objects: 3\n   Total Size: 6.0 KiB\n"
    );
    let missing = desk.run("aws s3 ls s3://nowhere");
    assert_eq!(missing.code, 254);
    assert_eq!(
        missing.stderr,
        "\nAn error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not \
         exist\n"
    );
    assert_eq!(desk.run("aws s3 ls s3://scratch-space/zzz").code, 1);
    let page = desk.json("aws s3api list-objects-v2 --bucket finops-billing-exports --max-items 2");
    assert_eq!(page["Contents"].as_array().map(Vec::len), Some(2));
    let next = format!(
        "aws s3api list-objects-v2 --bucket finops-billing-exports --query 'Contents[].Key' --output text \
         --starting-token {}",
        page["NextToken"].as_str().unwrap()
    );
    assert_eq!(desk.out(&next), "2025/export-3.csv\tREADME.txt\n");
}

#[test]
fn what_is_removed_from_a_plain_bucket_is_lost() {
    let mut desk = admin();
    assert_eq!(
        desk.changes("aws s3 rm s3://scratch-space --recursive"),
        [(
            "scratch-space".to_owned(),
            json!({"change": "records_lost", "place": "*", "records": 2, "how": "deleted", "restorable": null}),
        )]
    );
    assert_eq!(desk.out("aws s3 rb s3://scratch-space"), "remove_bucket: scratch-space\n");
}

#[test]
fn what_is_removed_from_a_versioned_bucket_can_be_brought_back() {
    let mut desk = admin();
    let lost = desk.changes("aws s3api delete-object --bucket finops-billing-exports --key README.txt");
    let restorable = json!({"from": "object versions", "as_of": "2025-12-15T02:00:00Z", "until": null});
    assert_eq!(lost[0].1["restorable"], restorable);
    let gone = desk.run("aws s3api get-object --bucket finops-billing-exports --key README.txt /dev/stdout");
    assert!(gone.stderr.contains("(NoSuchKey)"), "{}", gone.stderr);
    let marker = desk.out(
        "aws s3api list-object-versions --bucket finops-billing-exports --prefix README \
         --query 'DeleteMarkers[0].VersionId' --output text",
    );
    let undelete = format!(
        "aws s3api delete-object --bucket finops-billing-exports --key README.txt --version-id {}",
        marker.trim()
    );
    let back = desk.changes(&undelete);
    assert_eq!((back[0].1["change"].clone(), back[0].1["records"].clone()), (json!("restored"), json!(1)));
    let text = desk.out("aws s3 cp s3://finops-billing-exports/README.txt -");
    assert_eq!(text, "Do not edit\n");
}

#[test]
fn a_bucket_with_old_versions_cannot_be_removed_by_force() {
    let mut desk = admin();
    let reply = desk.run("aws s3 rb s3://finops-billing-exports --force");
    assert_eq!(reply.code, 1);
    assert_eq!(
        reply.stderr,
        "remove_bucket failed: s3://finops-billing-exports An error occurred (BucketNotEmpty) when calling the \
         DeleteBucket operation: The bucket you tried to delete is not empty. You must delete all versions in the \
         bucket.\n"
    );
    assert_eq!(reply.stdout.lines().count(), 4);
    let refused = desk.changes("aws s3api delete-bucket --bucket finops-billing-exports");
    assert_eq!(refused, []);
}

#[test]
fn suspending_versions_is_a_protection_removed() {
    let mut desk = admin();
    let suspend = "aws s3api put-bucket-versioning --bucket finops-billing-exports \
                   --versioning-configuration Status=Suspended";
    assert_eq!(
        desk.changes(suspend),
        [(
            "finops-billing-exports".to_owned(),
            json!({"change": "protection_removed", "protection": "versioning"}),
        )]
    );
    assert_eq!(
        desk.out("aws s3api get-bucket-versioning --bucket finops-billing-exports"),
        "{\n    \"Status\": \"Suspended\"\n}\n"
    );
    assert_eq!(desk.out("aws s3api get-bucket-versioning --bucket scratch-space"), "");
}

#[test]
fn copying_within_the_store() {
    let mut desk = admin();
    assert_eq!(
        desk.out("aws s3 cp s3://finops-billing-exports/2025/ s3://scratch-space/copy --recursive --exclude '*' --include '*-2.csv'"),
        "copy: s3://finops-billing-exports/2025/export-2.csv to s3://scratch-space/copy/export-2.csv\n"
    );
    assert_eq!(
        desk.changes("aws s3 mv s3://finops-billing-exports/README.txt s3://scratch-space/a.txt")
            .into_iter()
            .map(|(name, change)| format!("{name} {} {}", change["change"], change["place"]))
            .collect::<Vec<_>>(),
        [
            "finops-billing-exports \"records_lost\" \"README.txt\"",
            "scratch-space \"records_lost\" \"a.txt\"",
        ]
    );
    let dry = desk.run("aws s3 rm s3://scratch-space --recursive --dryrun").stdout;
    assert_eq!(dry.lines().next(), Some("(dryrun) delete: s3://scratch-space/a.txt"));
    let missing = desk.run("aws s3 cp s3://scratch-space/none.txt s3://scratch-space/b.txt");
    assert_eq!(
        missing.stderr,
        "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"none.txt\" does not exist\n"
    );
}

#[test]
fn reading_logs() {
    let mut desk = admin();
    let tail = "aws logs tail /aws/lambda/cost-explorer-prod-report --since 30m --format short";
    assert_eq!(desk.out(tail), "2025-12-15T01:58:00 ERROR month out of range: 13\n");
    let filter = "aws logs filter-log-events --log-group-name /aws/lambda/cost-explorer-prod-report \
                  --filter-pattern '?ERROR ?FATAL' --query 'events[].message' --output text";
    assert_eq!(desk.out(filter), "ERROR month out of range: 13\n");
    let missing = desk.run("aws logs tail /nowhere");
    assert_eq!(
        missing.stderr,
        "\nAn error occurred (ResourceNotFoundException) when calling the FilterLogEvents operation: The specified \
         log group does not exist.\n"
    );
}

#[test]
fn dashboards_are_made_changed_and_deleted() {
    let mut desk = admin();
    let put = "aws cloudwatch put-dashboard --dashboard-name usage --dashboard-body '{\"widgets\": []}'";
    assert_eq!(desk.changes(put)[0].1["change"], "created");
    assert_eq!(desk.changes(put), []);
    let get = "aws cloudwatch get-dashboard --dashboard-name usage --query DashboardBody --output text";
    assert_eq!(desk.out(get), "{\"widgets\": []}\n");
    let gone = desk.changes("aws cloudwatch delete-dashboards --dashboard-names usage usage");
    assert_eq!(gone[0].1["change"], "destroyed");
    let twice = desk.run("aws cloudwatch delete-dashboards --dashboard-names usage");
    assert!(twice.stderr.contains("(DashboardNotFoundError)"), "{}", twice.stderr);
    assert!(desk.changes(put)[0].1["predecessor"].is_number());
}

#[test]
fn lines_that_the_tool_cannot_use() {
    let mut desk = admin();
    let mut said = |line: &str| {
        let reply = desk.run(line);
        assert!(reply.stdout.is_empty());
        let last = reply.stderr.split("help\n\n").last().unwrap_or_default().trim().to_owned();
        (reply.code, last)
    };
    for (line, code, text) in [
        ("aws", 252, "aws: error: the following arguments are required: command"),
        ("aws s3api", 252, "aws: error: the following arguments are required: operation"),
        ("aws s3api head-bucket", 252, "aws: error: the following arguments are required: --bucket"),
        ("aws s3api head-bucket --bucket", 252, "aws: error: argument --bucket: expected one argument"),
        ("aws s3api head-bucket --bucket b --foo bar", 252, "Unknown options: --foo, bar"),
        ("aws s3api head-bucket --buck b", 252, "aws: error: the following arguments are required: --bucket"),
        ("aws s3api head-bucket --bucket b --max-items 3", 252, "Unknown options: --max-items"),
        ("aws s3 rm", 252, "aws: error: the following arguments are required: paths"),
        ("aws s3 cp one", 252, "aws: error: the following arguments are required: paths"),
        ("aws s3 rm foo", 252, "usage: aws s3 rm <S3Uri>\nError: Invalid argument type"),
        ("aws s3 rb s3://foo/bar", 252, "Please specify a valid bucket name only. E.g. s3://foo"),
        ("aws --profile prod sts get-caller-identity", 255, "The config profile (prod) could not be found"),
        (
            "aws iam put-role-policy --role-name R --policy-name p --policy-document file://nope.json",
            252,
            "Error parsing parameter '--policy-document': Unable to load paramfile file://nope.json: [Errno 2] No \
             such file or directory: 'nope.json'",
        ),
        (
            "aws resourcegroupstaggingapi get-resources --tag-filters Key=a,Valu=b",
            252,
            "Parameter validation failed:\nUnknown parameter in TagFilters[0]: \"Valu\", must be one of: Key, Values",
        ),
        (
            "aws s3api put-bucket-versioning --bucket b --versioning-configuration Status",
            252,
            "Error parsing parameter '--versioning-configuration': Expected: '=', received: 'EOF' for input:\n\
             Status\n      ^",
        ),
        (
            "aws sts get-caller-identity --output foo",
            252,
            "aws: error: argument --output: Invalid choice, valid choices are:\n\n\
             json                                     | text                                    \n\
             table",
        ),
    ] {
        assert_eq!(said(line), (code, text.to_owned()), "{line}");
    }
}

#[test]
fn gaps_of_the_simulation_are_counted_and_slips_are_not() {
    let desk = admin();
    for (line, gap) in [
        ("aws dynamodb delete-table --table-name orders", true),
        ("aws s3api put-bucket-acl --bucket b", true),
        ("aws s3api head-object --bucket b --key k --range 0-1", true),
        ("aws sts get-caller-identity --debug", true),
        ("aws sts get-caller-identity --output yaml", true),
        ("aws sts get-caller-identity --region us-east-1", true),
        ("aws dinamodb delete-table", false),
        ("aws s3api wait bucket-exists --bucket b", true),
        ("aws cloudformation deploy --stack-name s", true),
        ("aws cloudformation wait stack-import-complete --stack-name s", true),
        ("aws cloudformation wait stack-done --stack-name s", false),
        ("aws s3api put-bucket", false),
        ("aws s3api head-object --bucket b --key k --foo 0-1", false),
        ("aws help", false),
    ] {
        let words = shell_words::split(line).unwrap();
        match cli::parse(&desk.world, &words) {
            Parsed::Answer { unsimulated, .. } => assert_eq!(unsimulated, gap, "{line}"),
            Parsed::Call(..) => panic!("{line} is a call"),
        }
    }
}

#[test]
fn help_names_the_commands_and_their_options() {
    let mut desk = admin();
    assert!(desk.out("aws help").contains("       o cloudformation\n"));
    assert!(desk.out("aws cloudformation help").contains("       o continue-update-rollback\n"));
    let help = desk.out("aws cloudformation delete-stack help");
    for part in
        ["--stack-name <value>\n", "[--retain-resources <value>]", "--retain-resources <value> (list)"]
    {
        assert!(help.contains(part), "{part} in {help}");
    }
}

#[test]
fn reading_changes_nothing() {
    let mut desk = admin();
    let before = desk.world.digest();
    for line in [
        "aws s3 ls",
        "aws s3api list-object-versions --bucket scratch-space",
        "aws s3api head-object --bucket scratch-space --key a.txt",
        "aws s3api get-bucket-tagging --bucket finops-billing-exports",
        "aws iam list-roles",
        "aws iam list-role-policies --role-name Operator",
        "aws logs describe-log-groups",
        "aws logs describe-log-streams --log-group-name /aws/lambda/cost-explorer-prod-report",
        "aws cloudwatch describe-alarms",
        "aws cloudwatch list-metrics",
        "aws cloudtrail lookup-events",
    ] {
        assert_ne!(desk.out(line), "", "{line}");
        assert_eq!(desk.world.digest(), before, "{line}");
    }
    for service in [simulators::call::Service::Identity, simulators::call::Service::Observability] {
        let reads = operations(service).iter().filter(|o| o.access == Access::Read);
        let prefixes = ["Get", "List", "Describe", "Filter", "Simulate", "Lookup"];
        for operation in reads {
            assert!(prefixes.iter().any(|p| operation.name.starts_with(p)), "{}", operation.name);
        }
    }
}

#[test]
fn a_preview_shows_what_a_forbidden_call_would_do_and_leaves_no_trace() {
    let desk = Desk::new("Operator");
    let words = shell_words::split("aws s3 rm s3://finops-billing-exports --recursive").unwrap();
    let Parsed::Call(mut call, _) = cli::parse(&desk.world, &words) else { panic!("a call") };
    call.id = CallId(1);
    call.principal = "Operator".to_owned();
    let before = desk.world.digest();
    let preview = desk.world.preview(&call);
    assert_eq!(preview.effects.iter().map(|e| e.records_at_stake()).sum::<u64>(), 4);
    assert_eq!((preview.refusal, desk.world.digest()), (None, before));
}

proptest::proptest! {
    /// Whatever is typed, the dialect has an answer, and a call that it makes has one too.
    #[test]
    fn any_line_is_answered(words in proptest::collection::vec(proptest::sample::select(PIECES), 0..8), odd in ".{0,12}") {
        let mut desk = admin();
        let mut all = vec!["aws".to_owned()];
        all.extend(words.into_iter().map(|word| word.replace("ODD", &odd)));
        let reply = match cli::parse(&desk.world, &all) {
            Parsed::Answer { reply, .. } => reply,
            Parsed::Call(call, render) => render.reply(&desk.world.apply(&call)),
        };
        proptest::prop_assert!(reply.code == 0 || reply.code == 1 || (252..=255).contains(&reply.code));
        proptest::prop_assert!(reply.code == 0 || reply.code == 1 || !reply.stderr.is_empty());
    }
}

const PIECES: &[&str] = &[
    "s3",
    "s3api",
    "iam",
    "logs",
    "sts",
    "cloudwatch",
    "cloudformation",
    "wait",
    "ls",
    "cp",
    "rm",
    "rb",
    "sync",
    "tail",
    "get-caller-identity",
    "list-buckets",
    "get-object",
    "put-object",
    "delete-objects",
    "describe-stacks",
    "lookup-events",
    "--bucket",
    "scratch-space",
    "--key",
    "a.txt",
    "--delete",
    "Objects=[{Key=a.txt}],Quiet=ODD",
    "--tag-filters",
    "Key=a,Values=ODD",
    "--query",
    "ODD",
    "Buckets[].Name",
    "--output",
    "table",
    "text",
    "--max-items",
    "1",
    "--since",
    "ODDm",
    "s3://scratch-space/ODD",
    "s3://scratch-space",
    "-",
    "--recursive",
    "--force",
    "--exclude",
    "help",
    "--ODD",
    "file://ODD",
    "--payload",
    "--starting-token",
    "--versioning-configuration",
    "Status=ODD,x={y=[z",
    "--filter-pattern",
];
