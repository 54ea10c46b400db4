//! The stage of these tests, and calls made in it.

use serde_json::{Value, json};
use simulators::World;
use simulators::call::{Answer, Call, CallId, Service};
use simulators::clock::HOUR_S;
use simulators::effect::{Change, Effect};
use simulators::stage::{Problem, Stage};
use std::sync::Arc;

pub const PROD: &str = "cost-explorer-prod";
pub const TEMPLATE: &str = include_str!("../stacks.yaml");
pub const BUCKET: &str = "Resources:\n  Exports:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: pr-7-exports}\n  Topic:\n    Type: AWS::SNS::Topic\n";
pub const DATA: &str = "create table cost_lines (id integer primary key, usd real);
insert into cost_lines with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) select i, i * 0.5 from n;";

pub fn stage() -> Stage {
    let mut stage: Stage = toml::from_str(include_str!("../stacks.toml")).unwrap();
    let files = [
        ("repo/infra/template.yaml", TEMPLATE),
        ("repo/infra/bucket.yaml", BUCKET),
        ("data/reports.sql", DATA),
    ];
    stage.files = Arc::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
    stage
}

pub fn problem(change: impl Fn(&mut Stage)) -> Problem {
    let mut stage = stage();
    change(&mut stage);
    World::new(Arc::new(stage), 1).err().unwrap()
}

/// A world and the calls made in it.
pub struct Track {
    pub world: World,
    pub calls: u32,
    pub pending: Vec<Effect>,
}

impl Track {
    pub fn new() -> Self {
        Self { world: World::new(Arc::new(stage()), 1).unwrap(), calls: 0, pending: Vec::new() }
    }

    pub fn call(&mut self, operation: &str, args: Value) -> Call {
        self.calls += 1;
        let args = args.as_object().unwrap().clone();
        let target = args.get("StackName").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut call = Call::new(Service::Stacks, operation, &target, args);
        call.id = CallId(self.calls);
        call
    }

    pub fn ask(&mut self, operation: &str, args: Value) -> Answer {
        let call = self.call(operation, args);
        self.world.apply(&call)
    }

    /// Asks, and lets everything that it set going come to its end.
    pub fn act(&mut self, operation: &str, args: Value) {
        self.ask(operation, args).unwrap();
        self.rest();
    }

    pub fn rest(&mut self) {
        for _ in 0..48 {
            if self.world.is_busy() {
                self.world.advance(self.world.now().plus(HOUR_S));
            }
        }
    }

    pub fn code(&mut self, operation: &str, args: Value) -> (String, String) {
        self.pending.extend(self.world.take_effects());
        let digest = self.world.digest();
        let refusal = self.ask(operation, args).unwrap_err();
        assert_eq!(self.world.digest(), digest, "a refused {operation} changed the world");
        assert!(self.world.take_effects().is_empty());
        (refusal.code, refusal.message)
    }

    pub fn status(&mut self, name: &str) -> String {
        self.read("DescribeStacks", name, "/Stacks/0/StackStatus")
    }

    pub fn read(&mut self, operation: &str, name: &str, at: &str) -> String {
        let answer = self.ask(operation, json!({ "StackName": name })).unwrap();
        answer.pointer(at).unwrap_or(&Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Logical id and status of each event, oldest first, from the given one on.
    pub fn events(&mut self, name: &str, from: usize) -> Vec<String> {
        let answer = self.ask("DescribeStackEvents", json!({ "StackName": name })).unwrap();
        let events = answer["StackEvents"].as_array().unwrap();
        let text = |e: &Value| {
            format!("{} {}", e["LogicalResourceId"].as_str().unwrap(), e["ResourceStatus"].as_str().unwrap())
        };
        events.iter().rev().skip(from).map(text).collect()
    }

    pub fn member(&mut self, name: &str, logical: &str) -> (String, String) {
        let answer = self
            .ask("DescribeStackResource", json!({"StackName": name, "LogicalResourceId": logical}))
            .unwrap();
        let detail = &answer["StackResourceDetail"];
        (
            detail["ResourceStatus"].as_str().unwrap().to_owned(),
            detail["PhysicalResourceId"].as_str().unwrap_or_default().to_owned(),
        )
    }

    pub fn effects(&mut self) -> Vec<String> {
        self.pending.extend(self.world.take_effects());
        std::mem::take(&mut self.pending).iter().map(line).collect()
    }
}

pub fn line(effect: &Effect) -> String {
    let change = match &effect.change {
        Change::Created { predecessor } => format!("created after {}", predecessor.is_some()),
        Change::Destroyed { records, restorable } => {
            format!("destroyed {records} restorable {}", restorable.is_some())
        }
        Change::Deployed { from, to, .. } => format!("deployed {from} to {to}"),
        other => serde_json::to_value(other).unwrap()["change"].as_str().unwrap().to_owned(),
    };
    format!("{} {change}", effect.resource.role)
}

pub fn up(build: &str) -> Value {
    json!({
        "StackName": PROD, "TemplateBody": TEMPLATE, "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": "ReportFnVersion", "ParameterValue": build}],
    })
}

/// A production stack whose rollback has been continued.
pub fn mended() -> Track {
    let mut track = Track::new();
    track.act("ContinueUpdateRollback", json!({"StackName": PROD, "ResourcesToSkip": ["UsageDashboard"]}));
    track.world.take_effects();
    track
}
