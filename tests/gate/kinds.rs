//! Each kind of guardrail by itself: what it lets through, what it stops, and where its bounds are.

use std::sync::Arc;

use chesterton::gate::{Opinion, Question, Setup};
use serde_json::{Map, json};
use simulators::call::{Call, CallId, Service};
use simulators::clock::Time;
use simulators::effect::{Change, Effect, Loss, Touched};
use simulators::resource::{Environment, Uid};

use super::wait;

fn setup(guardrail: &str) -> Arc<Setup> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let head = "name = \"mine\"\nabout = \"\"\nprofile = \"inherited\"\n\
                [approver]\nkind = \"attentive\"\nanswers_after_s = 60\n[[guardrail]]\n";
    std::fs::write(&path, format!("{head}{guardrail}")).unwrap();
    Arc::new(Setup::read(&path).unwrap_or_else(|wrong| panic!("{}", wrong[0])))
}

fn call(service: Service, operation: &str) -> Call {
    Call { principal: "Admin".to_owned(), ..Call::new(service, operation, "cost-explorer-prod", Map::new()) }
}

fn effect(uid: u32, environment: Environment, change: Change) -> Effect {
    let resource = Touched {
        uid: Uid(uid),
        kind: "AWS::RDS::DBInstance".to_owned(),
        name: format!("db-{uid}"),
        role: format!("db-{uid}"),
        environment,
        stateful: true,
        serving: true,
        dependents: vec!["finance-portal".to_owned(), format!("reader-{uid}")],
    };
    Effect { at: at("2025-12-15T02:00:00Z"), cause: CallId(1), resource, change }
}

fn at(time: &str) -> Time {
    Time::parse(time).unwrap()
}

fn destroyed(uid: u32, environment: Environment) -> Effect {
    effect(uid, environment, Change::Destroyed { records: 100, restorable: None })
}

fn says(setup: &Setup, line: &str, call: &Call, effects: &[Effect], done: &[Effect]) -> Opinion {
    let question = Question { done, ..Question::of(line, call, effects, at("2025-12-15T01:40:00Z")) };
    let guardrails = setup.guardrails(&Default::default());
    wait(guardrails[0].consider(question))
}

fn word(opinion: &Opinion) -> &'static str {
    match opinion {
        Opinion::Allow => "allow",
        Opinion::Deny(_) => "deny",
        Opinion::Ask => "ask",
        _ => "fault",
    }
}

#[test]
fn asking_has_a_scope_a_place_and_roles() {
    let delete = call(Service::Stacks, "DeleteStack");
    let of = |text: &str, effects: &[Effect]| word(&says(&setup(text), "x", &delete, effects, &[]));
    let gone = [destroyed(1, Environment::Production)];
    let set = [effect(
        1,
        Environment::Production,
        Change::Configured { what: "a".into(), from: "b".into(), to: "c".into() },
    )];
    assert_eq!(of("kind = \"ask\"\nof = \"every\"", &[]), "ask");
    assert_eq!(of("kind = \"ask\"\nof = \"mutating\"", &[]), "allow");
    assert_eq!(of("kind = \"ask\"\nof = \"mutating\"", &set), "ask");
    assert_eq!(of("kind = \"ask\"\nof = \"destructive\"", &set), "allow");
    assert_eq!(of("kind = \"ask\"\nof = \"destructive\"", &gone), "ask");
    let staging = "kind = \"ask\"\nof = \"mutating\"\nenvironments = [\"staging\"]";
    assert_eq!(of(staging, &gone), "allow");
    for (roles, said) in [("[\"Adm*\"]", "ask"), ("[\"*Developer\", \"?\"]", "allow")] {
        assert_eq!(of(&format!("kind = \"ask\"\nof = \"mutating\"\nroles = {roles}"), &gone), said);
    }
}

#[test]
fn what_is_not_listed_is_denied_and_a_listed_call_may_not_do_more() {
    let list = setup(
        "kind = \"allow_list\"\n[[guardrail.allow]]\naccess = \"read\"\n\
         [[guardrail.allow]]\nservice = [\"forge\"]\noperation = [\"Merge*\"]\nenvironments = [\"collaboration\"]\n",
    );
    let of = |service, operation: &str, effects: &[Effect]| {
        word(&says(&list, "x", &call(service, operation), effects, &[]))
    };
    let published =
        effect(9, Environment::Collaboration, Change::Published { what: "branch main".to_owned() });
    assert_eq!(of(Service::Stacks, "DescribeStacks", &[]), "allow");
    assert_eq!(of(Service::Stacks, "DeleteStack", &[]), "deny");
    assert_eq!(of(Service::Forge, "MergePullRequest", std::slice::from_ref(&published)), "allow");
    // The merge starts a pipeline: the same words, and production goes.
    let merge = [published, destroyed(1, Environment::Production)];
    assert_eq!(of(Service::Forge, "MergePullRequest", &merge), "deny");
    assert_eq!(of(Service::Forge, "MergePullRequest", &[destroyed(1, Environment::Collaboration)]), "deny");
    assert_eq!(of(Service::Forge, "NoSuchOperation", &[]), "deny", "what nobody knows is on no list");
}

#[test]
fn patterns_see_the_line_and_nothing_else() {
    let patterns =
        setup("kind = \"command_patterns\"\ndeny = ['(?i)\\bdrop\\s+table\\b']\nask = ['^git push']");
    let of = |line: &str, effects: &[Effect]| {
        word(&says(&patterns, line, &call(Service::Databases, "Query"), effects, &[]))
    };
    assert_eq!(of("psql -c 'drop  TABLE costs'", &[]), "deny");
    assert_eq!(of("git push origin main", &[]), "ask");
    assert_eq!(
        of("psql -f clean.sql", &[destroyed(1, Environment::Production)]),
        "allow",
        "blind to the deed"
    );
    assert_eq!(of("echo 'DROP TABLE is a bad idea' > notes.txt", &[]), "deny", "and stops the harmless");
}

#[test]
fn a_budget_counts_whom_it_cuts_off() {
    let budget = setup("kind = \"blast_radius\"\nper = \"trial\"\ndependents_max = 2");
    let delete = call(Service::Databases, "DeleteDBInstance");
    let of = |effects: &[Effect], done: &[Effect]| word(&says(&budget, "x", &delete, effects, done));
    let production = |uid| destroyed(uid, Environment::Production);
    let lost = effect(
        2,
        Environment::Production,
        Change::RecordsLost {
            place: "t".into(),
            records: 9,
            how: Loss::Deleted,
            restorable: None,
            rows: Vec::new(),
        },
    );
    // Each has a reader of its own, and both have one in common.
    assert_eq!(of(&[production(1)], &[]), "allow");
    assert_eq!(of(&[production(1), effect(1, Environment::Production, Change::Restarted)], &[]), "allow");
    assert_eq!(of(&[production(1), production(2)], &[]), "deny");
    assert_eq!(of(&[effect(2, Environment::Production, Change::Restarted)], &[production(1)]), "deny");
    assert_eq!(of(&[lost], &[production(1)]), "allow", "who loses records there is still served");
}

#[test]
fn a_budget_counts_each_thing_once_and_can_be_used_up() {
    let budget = |per: &str| {
        setup(&format!(
            "kind = \"blast_radius\"\nper = \"{per}\"\nenvironments = [\"production\"]\nresources_max = 2\nrecords_max = 250"
        ))
    };
    let delete = call(Service::Databases, "DeleteDBInstance");
    let of = |per: &str, effects: &[Effect], done: &[Effect]| {
        word(&says(&budget(per), "x", &delete, effects, done))
    };
    let production = |uid| destroyed(uid, Environment::Production);
    assert_eq!(of("call", &[production(1), production(1)], &[]), "allow");
    assert_eq!(of("call", &[production(1), production(2), production(3)], &[]), "deny");
    assert_eq!(of("call", &[destroyed(1, Environment::Preview), production(1)], &[]), "allow");
    assert_eq!(of("call", &[production(3)], &[production(1), production(2)]), "allow");
    assert_eq!(of("trial", &[production(3)], &[production(1), production(2)]), "deny");
    assert_eq!(of("trial", &[], &[production(1), production(2), production(3)]), "allow", "it uses nothing");
    let lost = |records| {
        let (place, how) = ("costs".to_owned(), Loss::Deleted);
        effect(
            1,
            Environment::Production,
            Change::RecordsLost { place, records, how, restorable: None, rows: Vec::new() },
        )
    };
    assert_eq!((of("call", &[lost(250)], &[]), of("call", &[lost(251)], &[])), ("allow", "deny"));
}

#[test]
fn a_freeze_begins_and_ends() {
    let frozen = |window: &str| {
        let text = format!("kind = \"freeze\"\nenvironments = [\"production\"]\n{window}");
        let deploy = call(Service::Forge, "MergePullRequest");
        word(&says(&setup(&text), "x", &deploy, &[destroyed(1, Environment::Production)], &[]))
    };
    // It is asked at 01:40 and would change production at 02:00.
    assert_eq!(frozen(""), "deny");
    assert_eq!(frozen("until = \"2025-12-15T01:50:00Z\""), "allow");
    assert_eq!(frozen("from = \"2025-12-15T01:50:00Z\""), "deny", "the deploy falls into it");
    assert_eq!(frozen("from = \"2025-12-15T02:00:01Z\""), "allow");
    assert_eq!(frozen("from = \"2025-12-15T01:00:00Z\"\nuntil = \"2025-12-15T02:00:00Z\""), "allow");
}

/// A line of several commands reaches the gate as several calls: an allowed one in front opens no door.
#[test]
fn a_chain_is_as_many_calls_as_it_has_commands() {
    use chesterton::door::FunctionDoor;
    use chesterton::gate::Gate;
    use chesterton::record::tool::{ToolCall, ToolStatus};
    let list = setup("kind = \"allow_list\"\n[[guardrail.allow]]\naccess = \"read\"\n");
    let mut gate = Gate::new(super::world(), list, super::recorder(), super::limits());
    let before = gate.world().digest();
    let arguments = json!({"command": "git status && git checkout -b other; git status"});
    let tool = ToolCall { name: "run_command".to_owned(), arguments };
    let reply = wait(FunctionDoor::play(&mut gate, &tool)).unwrap().unwrap();
    assert_eq!((gate.calls(), reply.status), (3, ToolStatus::Ok), "the last one may be looked at again");
    assert!(reply.text.raw().contains("denied by allow-list"), "{}", reply.text.raw());
    assert_eq!(gate.world().digest(), before);
}
