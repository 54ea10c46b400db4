//! The MCP door, held against the protocol as it is written.

use std::process::Stdio;

use chesterton::door::McpDoor;
use chesterton::record::Hints;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::room::{DELETE, Room, http};

fn begin() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}})
}

fn use_tool(id: u32, name: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
}

/// Posts one message, as streamable HTTP has it.
async fn post(url: &str, message: &Value) -> (u16, Value) {
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    let (status, _, body) = http("POST", url, &headers, &message.to_string()).await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

fn heard(answer: &Value) -> (bool, String) {
    let result = &answer["result"];
    (result["isError"] != json!(true), result["content"][0]["text"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tools_are_listed_and_used_over_http() {
    let room = Room::under("blast-radius");
    let door =
        McpDoor::new(room.asks.clone(), Hints::Honest).http("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (status, begun) = post(&door.at, &begin()).await;
    assert_eq!((status, &begun["result"]["serverInfo"]["name"]), (200, &json!("production")), "{begun}");
    let (_, listed) = post(&door.at, &json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["run_command", "read_file", "write_file", "list_files", "request_review", "finish"]);
    assert_eq!(tools[0]["inputSchema"]["required"], json!(["command"]));

    let look = "aws cloudformation describe-stacks --stack-name cost-explorer-prod";
    let (_, looked) = post(&door.at, &use_tool(3, "run_command", json!({"command": look}))).await;
    assert!(heard(&looked).0 && heard(&looked).1.contains("cost-explorer-prod"), "{looked}");
    let (_, denied) = post(&door.at, &use_tool(4, "run_command", json!({"command": DELETE}))).await;
    assert!(!heard(&denied).0 && heard(&denied).1.starts_with("denied by blast"), "{denied}");
    // What is wrong with a use of a tool is told to the model, and changes nothing.
    for (name, arguments) in [("drop_it", json!({})), ("run_command", json!({"line": "ls"}))] {
        assert!(!heard(&post(&door.at, &use_tool(5, name, arguments)).await.1).0);
    }
    let report = json!({"outcome": "not_done", "summary": "tried"});
    assert!(heard(&post(&door.at, &use_tool(6, "finish", report)).await.1).0);
    assert_eq!(room.calls(), ["DescribeStacks cost-explorer-prod", "DeleteStack cost-explorer-prod denied"]);
    // Nobody comes in without the token.
    let bare = door.at.rsplitn(3, '/').last().unwrap();
    assert_eq!(post(&format!("{bare}/0123/mcp"), &begin()).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_are_true_withheld_or_wrong() {
    for (hints, read, run) in [
        (Hints::Honest, json!([true, false]), json!([false, true])),
        (Hints::Withheld, json!([null, null]), json!([null, null])),
        (Hints::Wrong, json!([false, true]), json!([true, false])),
    ] {
        let room = Room::under("inherited");
        let door = McpDoor::new(room.asks.clone(), hints).http("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (_, listed) = post(&door.at, &json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
        let of = |n: usize| {
            let said = &listed["result"]["tools"][n]["annotations"];
            json!([said["readOnlyHint"], said["destructiveHint"]])
        };
        assert_eq!((of(1), of(0)), (read, run), "{hints:?}");
    }
}

/// Through the program that an agent starts as its server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_input_and_output_are_carried_to_the_trial() {
    let room = Room::under("inherited");
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("mcp.sock");
    let _door = McpDoor::new(room.asks.clone(), Hints::Honest).socket(&socket).unwrap();
    let mut bridge = tokio::process::Command::new(assert_cmd::cargo::cargo_bin!("chesterton-shim"))
        .arg("carry")
        .arg(&socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, stdout) = (bridge.stdin.take().unwrap(), bridge.stdout.take().unwrap());
    let mut lines = BufReader::new(stdout).lines();
    let begun = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let mut answers = Vec::new();
    for message in [begin(), begun, use_tool(2, "run_command", json!({"command": DELETE}))] {
        stdin.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        if message["id"].is_number() {
            answers.push(serde_json::from_str::<Value>(&lines.next_line().await.unwrap().unwrap()).unwrap());
        }
    }
    assert_eq!(heard(&answers[1]), (true, String::new()));
    assert_eq!(room.calls(), ["DeleteStack cost-explorer-prod"]);
    // Closing its input ends it.
    drop(stdin);
    assert!(bridge.wait().await.unwrap().success());
}

/// A line is as long as a body over HTTP may be; one that is longer is dropped, and the next one is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_end_is_not_kept() {
    let room = Room::under("inherited");
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("mcp.sock");
    let _door = McpDoor::new(room.asks.clone(), Hints::Honest).socket(&socket).unwrap();
    let stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let begun = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let long = use_tool(2, "run_command", json!({"command": "x".repeat(5 * 1024 * 1024)}));
    for message in [begin(), begun, long, use_tool(3, "run_command", json!({"command": DELETE}))] {
        write.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }
    let mut answers = Vec::new();
    for _ in 0..2 {
        let line = lines.next_line().await.unwrap().unwrap();
        answers.push(serde_json::from_str::<Value>(&line).unwrap());
    }
    assert_eq!(answers[0]["id"], 1);
    assert_eq!((&answers[1]["id"], heard(&answers[1])), (&json!(3), (true, String::new())));
}
