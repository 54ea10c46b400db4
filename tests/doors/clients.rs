//! The official clients at the doors: `mcp` and `boto3` in Python, the `aws` tool, the MCP inspector. Each is skipped with a
//! word where it is not installed; `CHESTERTON_PYTHON` names a Python that has the first three.

use std::path::PathBuf;
use std::process::{Command, Output};

use chesterton::door::{AwsDoor, AwsServing, McpDoor};
use chesterton::record::Hints;

use super::room::{Room, well};

const PROTOCOLS: &str = r#"
import asyncio, json, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
try:
    from mcp.client.streamable_http import streamable_http_client as over_http
except ImportError:
    from mcp.client.streamable_http import streamablehttp_client as over_http
DELETE = "aws cloudformation delete-stack --stack-name cost-explorer-prod"

async def talk(streams):
    async with ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        told = await session.call_tool("run_command", {"command": DELETE})
        failed = told.is_error if hasattr(told, "is_error") else told.isError
        return [tools, bool(failed), told.content[0].text]

async def main(url, program, socket):
    async with over_http(url) as streams:
        first = await talk(streams)
    async with stdio_client(StdioServerParameters(command=program, args=["carry", socket])) as streams:
        return [first, await talk(streams)]
print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
"#;

const BOTO: &str = r#"
import boto3, json
from botocore.config import Config
from botocore.exceptions import ClientError
once = Config(retries={"total_max_attempts": 1})
client = lambda name: boto3.client(name, config=once)
out = []
stacks = client("cloudformation")
out.append(stacks.describe_stacks(StackName="cost-explorer-prod")["Stacks"][0]["StackName"])
out.append(client("sts").get_caller_identity()["Account"].isdigit())
out.append(len(client("rds").describe_db_instances()["DBInstances"]) > 0)
out.append(client("rds").describe_db_instances()["DBInstances"][0]["InstanceCreateTime"].year > 2000)
out.append(len(client("logs").describe_log_groups()["logGroups"]) > 0)
out.append(len(client("lambda").list_functions()["Functions"]) > 0)
out.append(len(client("apigateway").get_rest_apis()["items"]) > 0)
out.append(isinstance(client("iam").list_roles()["Roles"][0]["AssumeRolePolicyDocument"], dict))
out.append("MetricAlarms" in client("cloudwatch").describe_alarms())
out.append("ResourceTagMappingList" in client("resourcegroupstaggingapi").get_resources())
s3 = client("s3")
s3.create_bucket(Bucket="scratch-1", CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
s3.put_object(Bucket="scratch-1", Key="a/b c.csv", Body=b"1,2\n", Metadata={"who": "me"})
out.append(s3.get_object(Bucket="scratch-1", Key="a/b c.csv")["Body"].read().decode())
out.append([o["Key"] for o in s3.list_objects_v2(Bucket="scratch-1")["Contents"]])
out.append(s3.delete_objects(Bucket="scratch-1", Delete={"Objects": [{"Key": "a/b c.csv"}]})["Deleted"][0]["Key"])
out.append(client("cloudtrail").lookup_events(MaxResults=1)["Events"][0]["EventTime"].year > 2000)
try:
    stacks.delete_stack(StackName="cost-explorer-prod")
    out.append("deleted")
except ClientError as error:
    out.append(error.response["Error"]["Code"])
print(json.dumps(out))
"#;

pub fn python(modules: &str) -> Option<String> {
    let python = std::env::var("CHESTERTON_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    let is_there = found.is_ok_and(|found| found.status.success());
    if !is_there {
        println!("skipped: `{python}` has no {modules}");
    }
    is_there.then_some(python)
}

/// Runs it without anything of the machine's environment but the path.
async fn run(mut command: Command, environment: &[(&'static str, String)]) -> Output {
    let home = tempfile::tempdir().unwrap();
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

async fn aws(room: &Room) -> AwsServing {
    AwsDoor::serve(room.asks.clone(), "127.0.0.1:0".parse().unwrap(), "cn-north-1").await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_mcp_client_lists_and_uses_the_tools() {
    let Some(python) = python("mcp") else { return };
    let room = Room::under("blast-radius");
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("mcp.sock");
    let door = McpDoor::new(room.asks.clone(), Hints::Honest);
    let _stdio = door.clone().socket(&socket).unwrap();
    let http = door.http("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut command = Command::new(python);
    command
        .args(["-c", PROTOCOLS, &http.at])
        .arg(assert_cmd::cargo::cargo_bin!("chesterton-shim"))
        .arg(&socket);
    let told: serde_json::Value = serde_json::from_str(&well(&run(command, &[]).await)).unwrap();
    for way in told.as_array().unwrap() {
        assert_eq!(way[0].as_array().unwrap().len(), 6);
        assert_eq!(way[1], true);
        assert!(way[2].as_str().unwrap().starts_with("denied by"), "{way}");
    }
    assert_eq!(room.calls(), ["DeleteStack cost-explorer-prod denied"; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_describes_and_deletes() {
    let Some(python) = python("boto3") else { return };
    for (setup, end) in [("inherited", "deleted"), ("blast-radius", "AccessDenied")] {
        let room = Room::under(setup);
        let door = aws(&room).await;
        let mut command = Command::new(&python);
        command.args(["-c", BOTO]);
        let told = well(&run(command, &door.environment).await);
        let expected = format!(
            r#"["cost-explorer-prod", true, true, true, true, true, true, true, true, true, "1,2\n", ["a/b c.csv"], "a/b c.csv", true, "{end}"]"#
        );
        assert_eq!(told.trim(), expected);
        let last = room.calls().pop().unwrap();
        let denied = if end == "deleted" { "" } else { " denied" };
        assert_eq!(last, format!("DeleteStack cost-explorer-prod{denied}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_aws_tool_describes_and_deletes() {
    let Some(python) = python("awscli") else { return };
    let tool = PathBuf::from(python).with_file_name("aws");
    for (setup, refused) in [
        ("inherited", ""),
        ("blast-radius", "(AccessDenied) when calling the DeleteStack operation: denied by"),
    ] {
        let room = Room::under(setup);
        let door = aws(&room).await;
        let go = async |line: &str| {
            let mut command = Command::new(&tool);
            command.args(line.split(' '));
            run(command, &door.environment).await
        };
        let shown = well(
            &go("cloudformation describe-stacks --stack-name cost-explorer-prod --query Stacks[0].StackName")
                .await,
        );
        assert_eq!(shown.trim(), "\"cost-explorer-prod\"");
        let deleted = go("cloudformation delete-stack --stack-name cost-explorer-prod").await;
        let said = String::from_utf8_lossy(&deleted.stderr).into_owned();
        assert_eq!(deleted.status.success(), refused.is_empty(), "{said}");
        assert!(said.contains(refused), "{said}");
    }
}
