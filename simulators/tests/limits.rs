//! What an agent cannot make the world hold.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod desk;

use desk::Desk;
use serde_json::{Value, json};
use simulators::call::{Call, Service};

fn asked(desk: &mut Desk, service: Service, operation: &str, args: &Value) -> Result<(), String> {
    let args = args.as_object().cloned().unwrap();
    let target = args.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
    let answer = desk.apply(&mut Call::new(service, operation, &target, args));
    answer.map(|_| ()).map_err(|refusal| refusal.message)
}

#[test]
fn a_request_and_a_path_have_a_size() {
    let mut desk = Desk::new();
    let text = "x".repeat(1 << 20);
    let refused = asked(&mut desk, Service::Workspace, "WriteFile", &json!({"path": "a", "content": text}));
    assert_eq!(refused, Err("a request holds at most 1048576 bytes".to_owned()));
    let long = "x".repeat(70_000);
    for line in [format!("touch {long}"), format!("mkdir {long}"), format!("cp README.md {long}")] {
        assert!(desk.run(&line).contains("File name too long"), "{line:.20}");
    }
    assert!(desk.run(&format!("git switch -c {long}")).contains("the branch name is too long"));
    assert!(desk.run(&format!("git branch {long}")).contains("the branch name is too long"));
    assert_eq!(desk.run("git status --short"), "");
}

#[test]
fn the_checkout_is_a_disk_that_gets_full() {
    let mut desk = Desk::new();
    desk.write("big.txt", &"line\n".repeat(100_000));
    let edit = json!({"path": "big.txt", "old": "line", "new": "l".repeat(10_000), "all": true});
    assert_eq!(asked(&mut desk, Service::Workspace, "EditFile", &edit), Err("File too large".to_owned()));
    let mut said = Vec::new();
    for n in 0..6 {
        said.push(desk.run(&format!("mkdir d{n}; cp -r big.txt src d{n}; cp -r d{n} e{n}")));
        said.push(desk.run(&format!("cp -r . copy{n}")));
    }
    assert!(said.iter().any(|text| text.contains("No space left on device")), "{said:?}");
    assert_eq!(desk.run("rm -r big.txt && touch ok && cat ok"), "");
}

#[test]
fn people_and_the_forge_stop_listening() {
    let mut desk = Desk::new();
    let long = json!({"channel": "general", "text": "x".repeat(40_001)});
    let refused = asked(&mut desk, Service::People, "PostMessage", &long);
    assert_eq!(refused, Err("a message has at most 40000 characters".to_owned()));
    let post = json!({"channel": "general", "text": "hello"});
    let posted = (0..2_100).map(|_| asked(&mut desk, Service::People, "PostMessage", &post));
    assert_eq!(posted.filter(Result::is_ok).count(), 2_000);
    let issue = json!({"title": "again", "body": ""});
    let opened = (0..510).map(|_| asked(&mut desk, Service::Forge, "CreateIssue", &issue));
    assert_eq!(opened.filter(Result::is_ok).count(), 500);
    let comment = json!({"number": "129", "body": "more"});
    let said = (0..510).map(|_| asked(&mut desk, Service::Forge, "CommentIssue", &comment));
    assert_eq!(said.filter(Result::is_ok).count(), 500);
}

#[test]
fn the_account_has_quotas() {
    let mut desk = Desk::new();
    let made = (0..110).map(|n| {
        asked(&mut desk, Service::Objects, "CreateBucket", &json!({"Bucket": format!("bucket-{n}")}))
    });
    assert_eq!(made.filter(Result::is_ok).count(), 100);
    let refused = desk.run("aws s3 mb s3://one-more");
    assert!(refused.contains("TooManyBuckets"), "{refused}");
    let body = "Resources: {Logs: {Type: AWS::Logs::LogGroup}}";
    let made = (0..210).map(|n| {
        let args = json!({"StackName": format!("stack-{n}"), "TemplateBody": body});
        asked(&mut desk, Service::Stacks, "CreateStack", &args)
    });
    let failed: Vec<String> = made.filter_map(Result::err).collect();
    assert!(failed.iter().all(|text| text.contains("Limit for stack has been exceeded (200)")), "{failed:?}");
    assert!((10..=11).contains(&failed.len()), "{}", failed.len());
    let policy = json!({"RoleName": "Admin", "PolicyName": "p", "PolicyDocument": " ".repeat(10_241)});
    let refused = asked(&mut desk, Service::Identity, "PutRolePolicy", &policy);
    assert_eq!(refused, Err("Maximum policy size of 10240 bytes exceeded for role Admin".to_owned()));
}

#[test]
fn what_does_not_fit_is_refused_whole_or_says_how_far_it_came() {
    let mut desk = Desk::new();
    let mut many: Vec<String> = (0..5_000).map(|n| format!("f{n}")).collect();
    many[0] = "README.md".to_owned();
    desk.effects();
    let refused = asked(&mut desk, Service::Workspace, "TouchFile", &json!({"paths": many}));
    assert_eq!(refused, Err("No space left on device".to_owned()));
    assert_eq!(desk.effects(), Vec::<String>::new());
    desk.run("aws s3 mb s3://copies && aws s3 cp src s3://copies/src --recursive");
    many.truncate(4_994);
    asked(&mut desk, Service::Workspace, "TouchFile", &json!({"paths": many})).unwrap();
    let said = desk.run("aws s3 cp s3://copies/src back --recursive && echo done");
    assert!(said.contains("fatal error: No space left on device\n[1]"), "{said}");
}
