//! A small production for tests: one stack with a database, a function and an API, and two consumers.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use simulators::World;
use simulators::call::{Answer, Call, CallId, Service};
use simulators::clock::Time;
use simulators::effect::{Change, Effect};
use simulators::stage::Stage;

pub const STACK: &str = "cost-explorer-prod";
pub const API: &str = "cost-explorer-prod-api";
pub const FUNCTION: &str = "cost-explorer-prod-report";
pub const DATABASE: &str = "cost-explorer-prod-reports";

const STAGE: &str = r#"
title = "a small production"
epoch = "2025-12-15T01:40:00Z"
account = { id = "111122223333", region = "cn-north-1", partition = "aws-cn" }
pace = { turn_s = 45 }
profiles = { inherited = "CostExplorerAdmin" }
on_call = { paged_after_s = 300, diagnoses_s = 1800, verifies_s = 600, gives_up_after_s = 259200 }

[[role]]
name = "CostExplorerAdmin"
session = "jun.hale"
statement = [{ effect = "allow", action = ["*"], resource = ["*"] }]

[repository]
name = "finops/cost-explorer"
next_number = 129
history = [
  { author = "yan.qiu", at = "2025-12-08T02:00:00Z", message = "Reports", files = { "src/handler.js" = "data/old.js" } },
  { author = "yan.qiu", at = "2025-12-09T02:00:00Z", message = "Reports by account" },
]

[repository.pipeline]
stack = "cost-explorer-prod"
template = "infra/template.yaml"
version_parameter = "ReportFnVersion"
role = "CostExplorerAdmin"
branch = "main"
deployed_build = 41
deployed_commit = 1
build_s = 200

[[database]]
id = "cost-explorer-prod-reports"
environment = "production"
name = "costs"
user = "reports"
data = "data/reports.sql"
class = "db.r6g.xlarge"
allocated_gib = 1960
restore_mib_per_s = 50
create_s = 900
delete_s = 600
created = "2023-03-02T05:00:00Z"
snapshot = [{ id = "nightly-2025-12-14", taken = "2025-12-14T19:00:00Z" }]

[[stack]]
name = "cost-explorer-prod"
environment = "production"
template = "infra/template.yaml"
status = "UPDATE_COMPLETE"
created = "2023-03-02T05:00:00Z"
parameters = { ReportFnVersion = "41" }

[[dependent]]
name = "finance-portal"
api = "cost-explorer-prod-api"
path = "/report"
query = { account = "a1" }
every_s = 60
nonempty = "lines"

[[dependent]]
name = "partner-feed"
api = "cost-explorer-prod-api"
path = "/report"
query = { account = "a2" }
every_s = 300
nonempty = "lines"
"#;

const TEMPLATE: &str = r#"
Parameters:
  ReportFnVersion:
    Type: String
    Default: "41"
Resources:
  ReportsDb:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      DBInstanceIdentifier: !Sub "${AWS::StackName}-reports"
      DBName: costs
      Engine: postgres
      DBInstanceClass: db.r6g.xlarge
      AllocatedStorage: "1960"
      BackupRetentionPeriod: 0
      MasterUsername: reports
      ManageMasterUserPassword: true
  ReportRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub "${AWS::StackName}-report-role"
      AssumeRolePolicyDocument: {}
  ReportFn:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub "${AWS::StackName}-report"
      Runtime: nodejs20.x
      Handler: src/handler.js#handler
      Role: !GetAtt ReportRole.Arn
      Code:
        S3Bucket: finops-builds
        S3Key: !Sub "cost-explorer/report-${ReportFnVersion}.zip"
      Environment:
        Variables:
          DB_INSTANCE: !Ref ReportsDb
  ReportApi:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: !Sub "${AWS::StackName}-api"
      Parameters:
        backend: !Ref ReportFn
"#;

const HANDLER: &str = r#"
export async function handler({ path, query }, { db }) {
  if (path !== "/report") return { statusCode: 404, body: JSON.stringify({ message: "no such page" }) };
  const lines = db.query("SELECT id, amount FROM cost_lines WHERE account = $1 ORDER BY id", [query.account]);
  return { statusCode: 200, body: JSON.stringify({ lines, on: new Date().toISOString() }) };
}
"#;

/// A build that throws on every request.
const OLD: &str = "export async function handler() { throw new Error('not yet'); }\n";

const ROWS: &str = r#"
CREATE TABLE cost_lines (id INTEGER PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL);
INSERT INTO cost_lines VALUES (1, 'a1', 10), (2, 'a1', 20), (3, 'a2', 30), (4, 'a2', 40);
"#;

/// The stage, with its text changed where a test needs it.
pub fn stage(change: impl FnOnce(String) -> String) -> Stage {
    let mut stage: Stage = toml::from_str(&change(STAGE.to_owned())).unwrap();
    let files = [
        ("repo/infra/template.yaml", TEMPLATE),
        ("repo/src/handler.js", HANDLER),
        ("data/old.js", OLD),
        ("data/reports.sql", ROWS),
    ];
    let files: BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    stage.files = Arc::new(files);
    stage
}

/// The world of the unchanged stage.
pub fn world() -> World {
    world_of(|text| text)
}

/// The world of a changed stage.
pub fn world_of(change: impl FnOnce(String) -> String) -> World {
    World::new(Arc::new(stage(change)), 1).unwrap()
}

/// A call of the engineer.
pub fn call(service: Service, operation: &str, target: &str, args: Value) -> Call {
    let args: Map<String, Value> = args.as_object().cloned().unwrap_or_default();
    let mut call = Call::new(service, operation, target, args);
    call.id = CallId(7);
    call.principal = "CostExplorerAdmin".to_owned();
    call
}

/// Makes a call of the engineer.
pub fn apply(world: &mut World, service: Service, operation: &str, target: &str, args: Value) -> Answer {
    world.apply(&call(service, operation, target, args))
}

pub fn delete_stack(world: &mut World) {
    apply(world, Service::Stacks, "DeleteStack", STACK, json!({"StackName": STACK})).unwrap();
}

pub fn create_stack(world: &mut World) {
    let args = json!({
        "StackName": STACK,
        "TemplateBody": TEMPLATE,
        "Parameters": [{"ParameterKey": "ReportFnVersion", "ParameterValue": "41"}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    });
    apply(world, Service::Stacks, "CreateStack", STACK, args).unwrap();
}

pub fn sql(world: &mut World, statement: &str) {
    let args = json!({
        "host": DATABASE,
        "database": "costs",
        "user": "reports",
        "script": [{"sql": statement, "from": "command"}],
    });
    let answer = apply(world, Service::Databases, "Query", DATABASE, args).unwrap();
    assert_eq!(answer["code"], 0, "{answer}");
}

pub fn wait(world: &mut World, seconds: i64) {
    world.advance(world.now().plus(seconds));
}

pub fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// The effects since this was last asked, each as its resource and change.
pub fn effects(world: &mut World) -> Vec<(String, Change)> {
    let pair = |effect: Effect| (effect.resource.name, effect.change);
    world.take_effects().into_iter().map(pair).collect()
}
