//! `aws s3`: the commands that move whole trees, with paths such as `s3://bucket/key`.

use serde_json::{Map, Value};

use super::aws_commands::{Command, Family};
use super::aws_usage::Stop;
use crate::call::Service;

/// `aws s3`.
pub(super) const S3: Family = Family {
    name: "s3",
    service: Service::Objects,
    commands: COMMANDS,
    waiters: &[],
    beyond: "website presign",
};

const fn command(
    name: &'static str,
    operation: &'static str,
    options: &'static str,
    unsimulated: &'static str,
) -> Command {
    Command { name, operation, target: "", list: "", options, unsimulated }
}

const COMMANDS: &[Command] = &[
    command(
        "ls",
        "List",
        "@paths=Path? recursive:bool human-readable:bool summarize:bool",
        "request-payer bucket-name-prefix bucket-region",
    ),
    command("cp", "Copy", TRANSFER, BEYOND_TRANSFER),
    command("mv", "Move", TRANSFER, BEYOND_TRANSFER),
    command(
        "rm",
        "Remove",
        "@paths=Path recursive:bool dryrun:bool quiet:bool only-show-errors:bool \
         include=Filters:filter exclude=Filters:filter",
        "request-payer",
    ),
    command(
        "sync",
        "Sync",
        "@paths=Source @paths=Destination delete:bool dryrun:bool quiet:bool only-show-errors:bool \
         no-progress:bool size-only:bool exact-timestamps:bool include=Filters:filter exclude=Filters:filter",
        BEYOND_TRANSFER,
    ),
    command("mb", "MakeBucket", "@path=Path", "tags"),
    command("rb", "RemoveBucket", "@path=Path force:bool", ""),
];

const TRANSFER: &str = "@paths=Source @paths=Destination recursive:bool dryrun:bool quiet:bool \
    only-show-errors:bool no-progress:bool include=Filters:filter exclude=Filters:filter content-type";

const BEYOND_TRANSFER: &str = "acl follow-symlinks no-follow-symlinks no-guess-mime-type sse sse-c sse-c-key \
    sse-kms-key-id sse-c-copy-source sse-c-copy-source-key storage-class grants website-redirect cache-control \
    content-disposition content-encoding content-language expires source-region ignore-glacier-warnings \
    force-glacier-transfer request-payer checksum-mode checksum-algorithm metadata metadata-directive copy-props \
    expected-size";

/// How a refusal of such a command is printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failing {
    /// What stands before it, such as `remove_bucket failed: s3://b `.
    pub before: String,
    /// The operation that the real tool would have called.
    pub operation: &'static str,
    /// Exit code.
    pub code: i32,
}

/// Checks the paths of a command, and says what its call acts on and how a refusal is printed.
///
/// # Errors
/// What the tool says about paths that the command cannot use.
pub(super) fn place(command: &Command, args: &Map<String, Value>) -> Result<(String, Failing), Stop> {
    let text = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
    let flag = |name: &str| args.get(name).and_then(Value::as_bool).unwrap_or_default();
    let (path, source, destination) = (text("Path"), text("Source"), text("Destination"));
    let bare = |path: &str| path.trim_start_matches("s3://").to_owned();
    let failing = |before: String, operation, code| Failing { before, operation, code };
    let fatal = |operation| failing("fatal error: ".to_owned(), operation, 1);
    match command.name {
        "ls" => {
            let operation = if bare(path).is_empty() { "ListBuckets" } else { "ListObjectsV2" };
            Ok((bare(path), failing("\n".to_owned(), operation, 254)))
        }
        "mb" | "rb" => {
            let (verb, operation) = match command.name {
                "mb" => ("make_bucket", "CreateBucket"),
                _ => ("remove_bucket", "DeleteBucket"),
            };
            bucket_only(path)?;
            Ok((
                bare(path).trim_end_matches('/').to_owned(),
                failing(format!("{verb} failed: {path} "), operation, 1),
            ))
        }
        "rm" if !path.starts_with("s3://") => Err(wrong_paths("rm <S3Uri>")),
        "rm" if flag("Recursive") => Ok((bare(path), fatal("ListObjectsV2"))),
        "rm" => Ok((bare(path), failing(format!("delete failed: {path} "), "DeleteObject", 1))),
        name => {
            let remote = |path: &str| path.starts_with("s3://");
            let many = flag("Recursive") || name == "sync";
            match (remote(source), remote(destination)) {
                (false, false) => {
                    let forms = "<LocalPath> <S3Uri> or <S3Uri> <LocalPath> or <S3Uri> <S3Uri>";
                    Err(wrong_paths(&format!("{name} {forms}")))
                }
                (true, _) if many => {
                    Ok((bare(if remote(destination) { destination } else { source }), fatal("ListObjectsV2")))
                }
                (true, false) => Ok((bare(source), fatal("HeadObject"))),
                (true, true) => Ok((bare(destination), fatal("HeadObject"))),
                (false, true) if many => Ok((bare(destination), fatal("ListObjectsV2"))),
                (false, true) => {
                    let before = format!("upload failed: {source} to {destination} ");
                    Ok((bare(destination), failing(before, "PutObject", 1)))
                }
            }
        }
    }
}

fn bucket_only(path: &str) -> Result<(), Stop> {
    let Some(rest) = path.strip_prefix("s3://") else {
        return Err(Stop::parameter("<S3Uri>\nError: Invalid argument type"));
    };
    match rest.trim_end_matches('/').split_once('/') {
        Some((bucket, _)) => {
            let text = format!("Please specify a valid bucket name only. E.g. s3://{bucket}");
            Err(Stop::parameter(&text))
        }
        None => Ok(()),
    }
}

fn wrong_paths(usage: &str) -> Stop {
    Stop::parameter(&format!("usage: aws s3 {usage}\nError: Invalid argument type"))
}
