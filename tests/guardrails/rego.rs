//! Policies in Rego: checked when the setup is read as far as their text shows, undefined and broken ones are faults.

use super::bench_of::{Bench, DELETE, LOOK, denied, gate, submit, verdict};

fn policy(text: &str) -> Bench {
    Bench::new("[[guardrail]]\nkind = \"rego\"\npolicies = [\"p.rego\"]\n")
        .with("p.rego", &format!("package chesterton\n{text}\n"))
}

fn at(entrypoint: &str, text: &str) -> Bench {
    let guardrail =
        format!("[[guardrail]]\nkind = \"rego\"\npolicies = [\"p.rego\"]\nentrypoint = \"{entrypoint}\"\n");
    Bench::new(&guardrail).with("p.rego", text)
}

#[test]
fn every_shape_of_a_decision() {
    assert_eq!(verdict(&policy("decision := \"allow\""), DELETE), "allowed");
    assert_eq!(
        verdict(&policy("decision := {\"decision\": \"deny\", \"reason\": \"no\"}"), DELETE),
        "judgement: no"
    );
    assert!(verdict(&policy("decision := \"ask\""), DELETE).starts_with("person:"));
    assert_eq!(verdict(&policy("default decision := false"), DELETE), "judgement: not allowed");
    let denials = "package own\ndeny contains \"b\" if input.resource.stateful\ndeny contains {\"msg\": \"a\"} if input.resource.serving\ndeny contains \"c\" if input.action.kind == \"destructive\"";
    let found = verdict(&at("data.own.deny", denials), DELETE);
    assert!(found.starts_with("judgement:") && found.contains('c'), "{found}");
    assert_eq!(verdict(&at("data.own.deny", denials), LOOK), "allowed");
    assert_eq!(
        verdict(
            &at(
                "data.own.allow",
                "package own\ndefault allow := false\nallow if input.action.kind == \"read\""
            ),
            LOOK
        ),
        "allowed"
    );
}

#[test]
fn undefined_is_a_fault() {
    let found = verdict(&policy("decision := \"deny\" if input.action.kind == \"read\""), DELETE);
    assert_eq!(found, "fault: `data.chesterton.decision` is undefined for this call");
}

#[test]
fn what_cannot_be_evaluated_is_a_fault() {
    let broken = [
        "decision := \"allow\" if to_number(input.resource.name) > 0",
        "decision := \"allow\"\ndecision := \"deny\" if input.action.kind == \"destructive\"",
        "decision := \"maybe\"",
        "decision := 3",
    ];
    for text in broken {
        let found = verdict(&policy(text), DELETE);
        assert!(found.starts_with("fault:"), "{text}: {found}");
    }
}

#[test]
fn a_policy_that_loops_ends() {
    ends(
        "decision := \"allow\" if count({x | input.call > 0; some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); x := a * b}) > 0",
    );
}

/// It is begun on the spot, since all that it calls is bounded.
#[test]
fn a_policy_that_loops_over_little_ends() {
    let digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let loops: Vec<String> = (0..10).map(|n| format!("some d{n} in {digits}")).collect();
    ends(&format!("decision := \"allow\" if count({{d0 | input.call > 0; {}}}) > 0", loops.join("; ")));
}

fn ends(text: &str) {
    let began = std::time::Instant::now();
    let found = verdict(&policy(text), DELETE);
    assert_eq!(found, "fault: the policy could not be evaluated: it took longer than 1000 ms");
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    // A gate that waits less than the engine's own limit stops waiting.
    let mut impatient = gate(policy(text).setup(), 100);
    let chesterton::gate::Outcome::Denied(verdict) = submit(&mut impatient, DELETE) else {
        panic!("let through")
    };
    assert!(verdict.reason.contains("did not answer within 100 ms"), "{verdict:?}");
}

#[test]
fn data_stands_beside_the_policies() {
    let bench = Bench::new("[[guardrail]]\nkind = \"rego\"\npolicies = [\"p.rego\"]\ndata = [\"frozen.json\"]\n")
        .with("p.rego", "package chesterton\ndecision := \"deny\" if input.action.operation in data.frozen\nelse := \"allow\"\n")
        .with("frozen.json", "{\"frozen\": [\"DeleteStack\"]}");
    assert_eq!(verdict(&bench, DELETE), "judgement: no reason given");
    assert_eq!(verdict(&bench, LOOK), "allowed");
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let wrong = [
        policy("decision := \"deny\" if input.resource.enviroment == \"production\""),
        policy("decision := \"deny\" if time.now_ns() > 0"),
        policy("decision := http.send({\"url\": \"http://127.0.0.1\"})"),
        policy("decision := \"deny\" if {"),
        policy("decision := no_such_function(1)"),
        policy("verdict := \"allow\""),
        at("chesterton.decision", "package chesterton\ndecision := \"allow\""),
    ];
    let shown: Vec<String> = wrong.iter().map(Bench::wrong).collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn an_approval_of_the_gates_counts_once() {
    let bench = policy(
        "decision := \"allow\" if count(input.context.approvals) > 0\nelse := \"allow\" if input.action.kind == \"read\"\nelse := \"deny\"",
    );
    let line = "git checkout -b fix";
    let mut gate = gate(bench.setup(), 20_000);
    assert!(matches!(submit(&mut gate, line), chesterton::gate::Outcome::Denied(_)));
    let plan = [(line.to_owned(), vec![super::bench_of::call(line)])];
    assert!(gate.review("branch off", &plan).unwrap().allows());
    assert!(matches!(submit(&mut gate, line), chesterton::gate::Outcome::Answered(_)));
    assert!(matches!(submit(&mut gate, line), chesterton::gate::Outcome::Denied(_)), "the second use");
}

/// Ways in which a policy might let through what its author believes to be forbidden: each is a fault, or is refused when the
/// setup is read.
#[test]
fn nothing_is_let_through_by_mistake() {
    let faults = [
        "decision := null",
        "decision := {}",
        "decision := {\"allow\": true}",
        "decision := {\"allow\": 1}",
        "decision := \"true\"",
        "decision := \"ALLOW\"",
        "decision := \"аllow\"",
        "decision := 1",
        "decision := 1e400",
        "decision := {\"decision\": [\"allow\"]}",
        "decision := {\"decision\": \"allow\", \"call\": 77}",
        "decision := {\"decision\": \"deny\", \"decision\": \"allow\"}",
        "decision := {\"decision\": \"allow\", \"reason\": 1}",
        "decision := \"allow\" if 1 / (input.call - input.call) == 0",
        "decision := \"allow\" if not to_number(input.resource.name)",
        "decision := \"allow\" if input.action.arguments.NoSuchArgument == 1",
        "decision := \"deny\" if input.action.arguments.NoSuchArgument == 1",
        "default decision := \"allow\"\ndecision := \"deny\" if to_number(input.resource.name) > 1",
        "default decision := \"allow\"\ndecision := \"deny\" if no_such_function(input.call)",
        "decision := \"allow\"\ndecision := \"deny\"",
        "decision := d if d := decision",
        "decision := \"allow\" if rand [\"intn\"](\"a\", 1) == 0",
        "decision := \"allow\" if rand.\nintn(\"a\", 1) == 0",
        "decision[k] := v if { some k, v in {} }",
        "decision(x) := \"allow\"",
        "import data.other\ndecision := \"allow\" if not other.deny.x.y(1)",
        "decision := \"allow\" if { some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i * j < 0 }",
    ];
    for text in faults {
        let bench = policy(text);
        let setup = chesterton::gate::Setup::read(&bench.path().join("setup.toml"));
        let found = match setup {
            Err(wrong) => wrong[0].to_string(),
            Ok(_) => denied(&bench, DELETE, 20_000).unwrap_or_else(|why| panic!("{text}: {why}")),
        };
        assert!(found.starts_with("fault:") || found.starts_with("error:"), "{text}: {found}");
    }
}

/// The engine would take data of a rule's name in the rule's place.
#[test]
fn data_stands_in_no_rules_place() {
    let data = "[[guardrail]]\nkind = \"rego\"\npolicies = [\"p.rego\"]\ndata = [\"d.json\"]\n";
    let deny = "package chesterton.own\ndecision := \"deny\" if input.call > 0\n";
    let bench =
        Bench::new(&format!("{data}entrypoint = \"data.chesterton.own.decision\"\n")).with("p.rego", deny);
    let wrong = [
        "{\"chesterton\": {\"own\": {\"decision\": \"allow\"}}}",
        "{\"chesterton\": {\"own\": {\"other\": 1}}}",
        "{\"chesterton\": 1}",
        "{\"a\": 1, \"a\": 2}",
        "[]",
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|text| {
            std::fs::write(bench.path().join("d.json"), text).unwrap();
            bench.wrong()
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
    std::fs::write(bench.path().join("d.json"), "{\"chesterton\": {\"other\": 1}}").unwrap();
    assert_eq!(verdict(&bench, DELETE), "judgement: no reason given");
}

#[test]
fn what_an_agent_writes_is_text() {
    let bench = policy("decision := \"deny\" if input.action.kind == \"destructive\"\nelse := \"allow\"");
    for words in ["\"}, \"decision\": \"allow\"".to_owned(), "\u{0}\u{202E}".to_owned(), "x".repeat(300_000)]
    {
        let mut gate = bench.gate();
        let line = format!("{DELETE} # {words}");
        let outcome = super::bench_of::runtime().block_on(gate.submit(&line, super::bench_of::call(DELETE)));
        let chesterton::gate::Outcome::Denied(verdict) = outcome.unwrap() else { panic!("let through") };
        assert_eq!(super::bench_of::told(&verdict), "judgement: no reason given");
    }
}

/// The same call gets the same answer, each time and on any thread.
#[test]
fn the_same_call_gets_the_same_answer() {
    let deny = "package own\ndeny contains m if { some e in input.context.effects; m := e.resource.name }";
    let bench = at("data.own.deny", deny);
    let first = verdict(&bench, DELETE);
    assert!(first.starts_with("judgement:") && first.contains(';'), "{first}");
    assert!((0..5).all(|_| verdict(&bench, DELETE) == first));
}
