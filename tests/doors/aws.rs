//! The AWS wire door, held against the protocols as they are written. Requests are signed as clients sign them, with
//! signatures that nobody checks.

use chesterton::door::{AwsDoor, AwsServing};
use serde_json::{Value, json};

use super::room::{Room, http};

/// One request of a service: method, path, more headers, body.
struct Wire<'a> {
    service: &'a str,
    method: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];

fn query<'a>(service: &'a str, body: &'a str) -> Wire<'a> {
    Wire { service, method: "POST", path: "/", headers: FORM, body }
}

const fn rest<'a>(service: &'a str, method: &'a str, path: &'a str, body: &'a str) -> Wire<'a> {
    Wire { service, method, path, headers: &[], body }
}

async fn door(room: &Room) -> AwsServing {
    AwsDoor::serve(room.asks.clone(), "127.0.0.1:0".parse().unwrap(), "cn-north-1").await.unwrap()
}

fn of<'d>(door: &'d AwsServing, name: &str) -> &'d str {
    &door.environment.iter().find(|(known, _)| *known == name).unwrap().1
}

async fn send(door: &AwsServing, wire: &Wire<'_>) -> (u16, String, String) {
    send_as(door, wire, of(door, "AWS_ACCESS_KEY_ID")).await
}

async fn send_as(door: &AwsServing, wire: &Wire<'_>, key: &str) -> (u16, String, String) {
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20251215/cn-north-1/{}/aws4_request, SignedHeaders=host, Signature=0",
        wire.service
    );
    let mut headers = vec![("authorization", signed.as_str())];
    headers.extend(wire.headers);
    http(wire.method, &format!("{}{}", door.serving.at, wire.path), &headers, wire.body).await
}

const DELETE: &str = "Action=DeleteStack&Version=2010-05-15&StackName=cost-explorer-prod";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_protocol_is_answered_in_its_own_words() {
    let room = Room::under("inherited");
    let door = door(&room).await;
    let target =
        [("x-amz-target", "Logs_20140328.DescribeLogGroups"), ("content-type", "application/x-amz-json-1.1")];
    let trail = [("x-amz-target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents")];
    let logs = Wire { service: "logs", method: "POST", path: "/", headers: &target, body: "{}" };
    let events = Wire {
        service: "cloudtrail",
        method: "POST",
        path: "/",
        headers: &trail,
        body: "{\"MaxResults\": 1}",
    };
    for (wire, status, parts) in [
        (
            query("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
            200,
            &[
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>",
                "<Account>",
            ][..],
        ),
        (
            query("cloudformation", "Action=DescribeStacks&StackName=cost-explorer-prod"),
            200,
            &["<Stacks><member><StackId>", "<StackStatus>", "</member></Stacks>"],
        ),
        (
            query("cloudformation", "Action=DescribeStacks&StackName=nope"),
            400,
            &[
                "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>",
            ],
        ),
        (
            query("rds", "Action=DescribeDBInstances&MaxRecords=100"),
            200,
            &["<DBInstances><DBInstance>", "<Endpoint><Address>"],
        ),
        (
            query("rds", "Action=DescribeDBInstances&DBInstanceIdentifier=nope"),
            404,
            &["<Code>DBInstanceNotFound"],
        ),
        (
            query("iam", "Action=ListRoles&Version=2010-05-08"),
            200,
            &["<Roles><member>", "<AssumeRolePolicyDocument>%7B%22"],
        ),
        (logs, 200, &["{\"logGroups\":[{", "\"storedBytes\":"]),
        (events, 200, &["{\"Events\":["]),
        (rest("lambda", "GET", "/2015-03-31/functions/", ""), 200, &["{\"Functions\":[{\"FunctionName\":"]),
        (
            rest("lambda", "GET", "/2015-03-31/functions/nope", ""),
            404,
            &["\"__type\":\"ResourceNotFoundException\""],
        ),
        (rest("apigateway", "GET", "/restapis", ""), 200, &["{\"item\":["]),
        (
            rest("s3", "GET", "/", ""),
            200,
            &[
                "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Buckets><Bucket><Name>",
            ],
        ),
        (rest("s3", "GET", "/nope?list-type=2", ""), 404, &["<Error><Code>NoSuchBucket</Code><Message>"]),
        (rest("s3", "HEAD", "/nope", ""), 404, &[]),
    ] {
        let (given, _, body) = send(&door, &wire).await;
        assert_eq!(given, status, "{} {}: {body}", wire.path, wire.body);
        for part in parts {
            assert!(body.contains(part), "{} {}: `{part}` is not in {body}", wire.path, wire.body);
        }
        if body.starts_with("<?xml") {
            roxmltree::Document::parse(&body).unwrap();
        }
    }
    assert!(room.effects().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_written_read_and_deleted() {
    let room = Room::under("inherited");
    let door = door(&room).await;
    let go = async |method, path, body| send(&door, &rest("s3", method, path, body)).await;
    assert_eq!(go("PUT", "/scratch", "").await.0, 200);
    let (status, head, _) = go("PUT", "/scratch/a/b%20c.csv", "1,2\n").await;
    assert!(status == 200 && head.contains("\netag: \""), "{head}");
    let (status, head, body) = go("GET", "/scratch/a/b%20c.csv", "").await;
    assert_eq!((status, body.as_str()), (200, "1,2\n"));
    assert!(head.contains("\nlast-modified: ") && head.contains(" gmt"), "{head}");
    let (_, head, body) = go("HEAD", "/scratch/a/b%20c.csv", "").await;
    assert!(head.contains("\ncontent-length: 4\r") && body.is_empty(), "{head}");
    let (_, _, listed) = go("GET", "/scratch?list-type=2&prefix=a%2F", "").await;
    assert!(
        listed.contains("<Contents><Key>a/b c.csv</Key>") && listed.contains("<KeyCount>1</KeyCount>"),
        "{listed}"
    );
    let many = "<Delete><Object><Key>a/b c.csv</Key></Object></Delete>";
    let (_, _, deleted) = go("POST", "/scratch?delete", many).await;
    assert!(deleted.contains("<Deleted><Key>a/b c.csv</Key></Deleted>"), "{deleted}");
    assert_eq!(go("DELETE", "/scratch", "").await.0, 204);
    assert!(room.calls().contains(&"PutObject scratch/a/b c.csv".to_owned()), "{:?}", room.calls());
}

/// The same deed by the same setups, whichever way it comes. What goes by the words of a command line sees none here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_over_http_meets_the_same_gate() {
    for (setup, status, code) in [
        ("inherited", 200, "<DeleteStackResponse"),
        ("command-patterns", 200, "<DeleteStackResponse"),
        ("blast-radius", 403, "<Code>AccessDenied</Code><Message>denied by blast"),
        ("change-freeze", 403, "<Code>AccessDenied</Code><Message>denied by"),
        ("ask-destructive", 403, "<Code>AccessDenied</Code><Message>denied by approver"),
        ("least-privilege", 403, "<Code>AccessDenied</Code>"),
    ] {
        let room = Room::under(setup);
        let door = door(&room).await;
        let (given, _, body) = send(&door, &query("cloudformation", DELETE)).await;
        assert_eq!(given, status, "{setup}: {body}");
        assert!(body.contains(code), "{setup}: {body}");
        let denied = if status == 200 { "" } else { " denied" };
        assert_eq!(room.calls(), [format!("DeleteStack cost-explorer-prod{denied}")], "{setup}");
        // It takes its time: by the next look it has begun.
        send(&door, &query("cloudformation", "Action=DescribeStacks")).await;
        assert_eq!(room.destroyed() > 0, status == 200, "{setup}: {:?}", room.effects());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_known_and_what_is_not_there_is_turned_away() {
    let room = Room::under("inherited");
    let door = door(&room).await;
    let (status, _, body) = send_as(&door, &query("cloudformation", DELETE), "AKIAIOSFODNN7EXAMPLE").await;
    assert!(status == 403 && body.contains("<Code>InvalidClientTokenId</Code>"), "{body}");
    assert_eq!(http("POST", &door.serving.at, FORM, DELETE).await.0, 403);
    let json = [("x-amz-target", "DynamoDB_20120810.DeleteTable")];
    let table = Wire { service: "dynamodb", method: "POST", path: "/", headers: &json, body: "{}" };
    let (status, _, body) = send(&door, &table).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["__type"]), (400, &json!("UnknownOperationException")), "{body}");
    let (status, _, body) = send(&door, &query("ec2", "Action=TerminateInstances&InstanceId.1=i-1")).await;
    assert!(status == 400 && body.contains("<Code>InvalidAction</Code>"), "{body}");
    assert_eq!(
        send(&door, &query("cloudformation", &format!("Action=DeleteStack&{}", "a.".repeat(60_000)))).await.0,
        400
    );
    assert!(room.calls().is_empty());
}
