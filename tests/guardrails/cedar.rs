//! Policies in Cedar: checked when the setup is read, closed where Cedar would let through.

use std::collections::BTreeSet;

use chesterton::gate::{CEDAR_SCHEMA, case};
use serde_json::Value;

use super::bench_of::{Bench, DELETE, LOOK, gate, submit, verdict};

fn policies(text: &str) -> Bench {
    Bench::new("[[guardrail]]\nkind = \"cedar\"\npolicies = [\"p.cedar\"]\n").with("p.cedar", text)
}

const PERMIT: &str = "permit(principal, action, resource);\n";

fn with(more: &str) -> Bench {
    policies(&format!("{PERMIT}{more}"))
}

#[test]
fn what_nothing_permits_is_denied() {
    let reads = "permit(principal, action == Chesterton::Action::\"read\", resource);";
    assert_eq!(verdict(&policies(reads), LOOK), "allowed");
    assert_eq!(verdict(&policies(reads), DELETE), "judgement: no policy permits this");
}

#[test]
fn a_policy_sees_effects_and_not_words() {
    let rule = "@reason(\"not there\")\nforbid(principal, action == Chesterton::Action::\"destructive\", resource in Chesterton::Environment::\"production\");";
    assert_eq!(verdict(&with(rule), DELETE), "judgement: not there");
    assert_eq!(verdict(&with(rule), LOOK), "allowed");
    for sees in [
        "context.service == Chesterton::Service::\"stacks\" && context.operation == \"DeleteStack\"",
        "context.line like \"*delete-stack*\"",
        "context.resources_destroyed > 3 && context.stateful_destroyed > 0 && context.serving_destroyed > 0",
        "context.records_at_stake > 1000",
        "context.environments.contains(Chesterton::Environment::\"production\")",
        "resource.environment == Chesterton::Environment::\"production\" && resource.kind != \"\"",
        "principal.profile == \"inherited\" && principal.setup == \"tried\"",
        "!context.approved && context.approvals.isEmpty()",
        "context.now_s > 1700000000",
        "action in Chesterton::Action::\"change\"",
    ] {
        let rule = format!("@id(\"it\") forbid(principal, action, resource) when {{ {sees} }};");
        assert_eq!(verdict(&with(&rule), DELETE), "judgement: forbidden by `it`", "{sees}");
    }
}

/// Cedar itself skips the `forbid` and lets the call through.
#[test]
fn an_error_while_evaluating_is_a_fault() {
    let rule =
        "@id(\"sum\") forbid(principal, action, resource) when { context.now_s + 9223372036854775807 > 0 };";
    for line in [DELETE, LOOK] {
        let found = verdict(&with(rule), line);
        assert!(found.starts_with("fault: a policy could not be evaluated:"), "{found}");
        assert!(found.contains("`sum`") && found.contains("overflow"), "{found}");
    }
    // Also where another policy denies anyway: it is not known what the broken one would have said.
    let both = format!("{rule}\nforbid(principal, action, resource);");
    assert!(verdict(&with(&both), DELETE).starts_with("fault:"));
}

#[test]
fn to_ask_is_an_annotation() {
    let forbid =
        "@decision(\"ask\") forbid(principal, action == Chesterton::Action::\"destructive\", resource);";
    assert!(
        verdict(&with(forbid), DELETE).starts_with("person: this would destroy"),
        "{}",
        verdict(&with(forbid), DELETE)
    );
    // A person lifts what asks, and nothing else.
    let hard = format!(
        "{forbid}\n@id(\"hard\") forbid(principal, action == Chesterton::Action::\"destructive\", resource);"
    );
    assert_eq!(verdict(&with(&hard), DELETE), "judgement: forbidden by `hard`");
    // What nothing permits stays denied, whoever asks.
    assert_eq!(verdict(&policies(forbid), DELETE), "judgement: no policy permits this");
    let permit = "@decision(\"ask\") permit(principal, action, resource);";
    assert!(verdict(&policies(permit), DELETE).starts_with("person:"));
    assert!(verdict(&policies(permit), LOOK).starts_with("allowed by person"));
    assert_eq!(verdict(&with(permit), LOOK), "allowed");
}

#[test]
fn an_approval_of_the_gates_counts_once() {
    let rule = "@reason(\"needs an approval\") forbid(principal, action in Chesterton::Action::\"change\", resource) unless { context.approved };";
    let bench = with(rule);
    let line = "git checkout -b fix";
    let mut gate = gate(bench.setup(), 20_000);
    assert!(matches!(submit(&mut gate, line), chesterton::gate::Outcome::Denied(_)));
    let plan = [(line.to_owned(), vec![super::bench_of::call(line)])];
    assert!(gate.review("branch off", &plan).unwrap().allows());
    assert!(matches!(submit(&mut gate, line), chesterton::gate::Outcome::Answered(_)));
    assert_eq!(gate.last_verdict().unwrap().ground, chesterton::record::verdict::Ground::Plan);
    assert!(matches!(submit(&mut gate, line), chesterton::gate::Outcome::Denied(_)), "the second use");
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let wrong = [
        "permit(principal, action, resource) when { resource.enviroment == \"production\" };",
        "permit(principal, action == Chesterton::Action::\"destroy\", resource);",
        "permit(principal, action, resource) when { context.records_at_stake > \"many\" };",
        "permit(principal, action, resource) when { context.restorable_until_s > 0 };",
        "forbid(principal, action, resource in Chesterton::Environment::\"prodution\");",
        "forbid(principal, action, resource) when { resource.environment == Chesterton::Environment::\"prоduction\" };",
        "forbid(principal, action, resource) when { context.service == \"stacks\" };",
        "forbid(principal, action, resource) when { ip(resource.name).isLoopback() };",
        "@decison(\"ask\") permit(principal, action, resource);",
        "permit(principal, action, resource",
        "permit(principal, action, resource) when { resource.stateful && false };",
        "permit(principal == ?principal, action, resource);",
        "@decision(\"maybe\") permit(principal, action, resource);",
        "@id(\"a\") permit(principal, action, resource);\n@id(\"a\") forbid(principal, action, resource);",
        "// nothing\n",
    ];
    let shown = wrong.iter().map(|text| {
        let found = std::panic::catch_unwind(|| policies(text).wrong());
        found.unwrap_or_else(|_| panic!("nothing is wrong with `{text}`"))
    });
    let shown: Vec<String> = shown.collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

/// Ways in which a policy might let through what its author believes to be forbidden.
#[test]
fn nothing_is_let_through_by_mistake() {
    // Said of a missing attribute: refused when the setup is read, or the attribute is there.
    let missing = with("forbid(principal, action, resource) when { resource.owner == \"dana\" };").wrong();
    assert!(missing.contains("owner"), "{missing}");
    let optional = "forbid(principal, action, resource) unless { context has restorable_until_s && context.restorable_until_s > context.now_s };";
    assert!(verdict(&with(optional), LOOK).starts_with("judgement:"));
    // No policy at all, in whatever way.
    for empty in ["", "\n", "// permit(principal, action, resource);\n", "\u{feff}"] {
        let found = policies(empty).wrong();
        assert!(found.contains("no policy in these files") || found.contains("p.cedar:"), "{found}");
    }
    let none = Bench::new("[[guardrail]]\nkind = \"cedar\"\npolicies = []\n").wrong();
    assert!(none.contains("no policy in these files"), "{none}");
    // One file of two is empty: what the other says holds.
    let two = Bench::new("[[guardrail]]\nkind = \"cedar\"\npolicies = [\"a.cedar\", \"b.cedar\"]\n");
    let two = two.with("a.cedar", "").with("b.cedar", "forbid(principal, action, resource);");
    assert!(verdict(&two, DELETE).starts_with("judgement:"));
    // A schema of the user's own is no key: nobody can make the check weaker.
    let own = Bench::new(
        "[[guardrail]]\nkind = \"cedar\"\npolicies = [\"p.cedar\"]\nschema = \"own.cedarschema\"\n",
    );
    assert!(own.with("p.cedar", PERMIT).wrong().contains("schema"));
}

/// What an agent writes is text and never becomes part of a policy, however long and whatever is in it.
#[test]
fn what_an_agent_writes_is_text() {
    let rule = "@id(\"it\") forbid(principal, action == Chesterton::Action::\"destructive\", resource in Chesterton::Environment::\"production\");";
    let bench = with(rule);
    for words in [
        "\" || true) }; permit(principal, action, resource);".to_owned(),
        "Chesterton::Environment::\"preview\"".to_owned(),
        "\u{202E}\u{0}\u{FFFF}".to_owned(),
        "x".repeat(300_000),
    ] {
        let mut gate = bench.gate();
        let line = format!("{DELETE} # {words}");
        let outcome = super::bench_of::runtime().block_on(gate.submit(&line, super::bench_of::call(DELETE)));
        let chesterton::gate::Outcome::Denied(verdict) = outcome.unwrap() else { panic!("let through") };
        assert_eq!(verdict.reason, "forbidden by `it`");
    }
}

/// The names that the schema lists are the ones that the document has: none is missing, none is too many.
#[test]
fn the_schema_lists_what_there_is() {
    let document = case::schema();
    for (entity, definition) in [("Environment", "Place"), ("Service", "Service")] {
        let options = document["$defs"][definition]["oneOf"].as_array().unwrap().iter();
        let there: BTreeSet<&str> = options.filter_map(|option| option["const"].as_str()).collect();
        let list = CEDAR_SCHEMA.split(&format!("entity {entity} enum")).nth(1).unwrap();
        let list: Value = serde_json::from_str(list.split(';').next().unwrap()).unwrap();
        let listed: BTreeSet<&str> = list.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(listed, there, "{entity}");
    }
}
