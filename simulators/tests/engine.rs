//! Service code and its tests, executed: whole sources in, whole answers out.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use simulators::clock::Time;
use simulators::engine::{Memo, Request, Response, Sources, TestResult};

fn sources(files: &[(&str, &str)]) -> Sources {
    Arc::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}

fn now() -> Time {
    Time::parse("2025-12-15T01:40:00Z").unwrap()
}

fn get(path: &str, query: &[(&str, &str)]) -> Request {
    let query: BTreeMap<_, _> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Request { path: path.to_owned(), query }
}

/// The answer of a handler whose body is the given function's.
fn answer(body: &str) -> Response {
    let text = format!("export async function handler({{ path, query }}, {{ db }}) {{\n{body}\n}}");
    Memo::default().respond(
        &sources(&[("src/handler.js", &text)]),
        "src/handler.js#handler",
        &get("/x", &[]),
        None,
        now(),
    )
}

fn value(expression: &str) -> serde_json::Value {
    let response = answer(&format!("return {{ statusCode: 200, body: {{ value: {expression} }} }};"));
    assert_eq!(response.status, 200, "{expression}: {response:?}");
    response.body.get("value").cloned().unwrap_or_default()
}

fn error(body: &str) -> String {
    let response = answer(body);
    assert_eq!(response.status, 500, "{response:?}");
    response.body["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_handler_of_several_modules_answers() {
    let files = sources(&[
        (
            "src/handler.js",
            "import { title } from './lib/text.js';\nimport rates from '../rates.json' with { type: 'json' };\n\
             export async function handler({ path, query }) {\n  await null;\n  console.log('asked', { path });\n\
             return { statusCode: 201, body: JSON.stringify({ title: title(query.name), rate: rates.usd }) };\n}",
        ),
        (
            "src/lib/text.js",
            "import { shout } from '../shout.js';\nexport const title = (s) => shout(`hi ${s}`);",
        ),
        ("src/shout.js", "export const shout = (s) => s.toUpperCase();"),
        ("rates.json", "{\"usd\": 7.1}"),
    ]);
    let request = get("/report", &[("name", "ann")]);
    let execution = Memo::default().execute(&files, "src/handler.js#handler", &request, None, now());
    assert_eq!(execution.response, Response { status: 201, body: json!({"title": "HI ANN", "rate": 7.1}) });
    assert_eq!(execution.console, ["asked { path: '/report' }"]);
    assert_eq!(execution.error, None);
    assert_eq!(
        Memo::default().respond(&files, "src/handler.handler", &request, None, now()),
        execution.response
    );
}

#[test]
fn time_and_chance_are_the_worlds() {
    assert_eq!(value("new Date().toISOString()"), "2025-12-15T01:40:00.000Z");
    assert_eq!(value("[Date.now(), +new Date(), new Date(Date.now()) - new Date()]"), {
        json!([now().unix() * 1000, now().unix() * 1000, 0])
    });
    assert_eq!(value("[Math.random(), Math.random()]"), value("[Math.random(), Math.random()]"));
    assert_eq!(value("Math.random() === Math.random()"), false);
    assert_eq!(
        value("typeof performance + typeof fetch + typeof require + typeof __kit + typeof Atomics"),
        { "undefined".repeat(5) }
    );
}

/// Holds whatever zone the machine is in.
#[test]
fn local_time_is_utc() {
    let cases = [
        ("new Date(2025, 0, 31, 23, 5).toISOString()", json!("2025-01-31T23:05:00.000Z")),
        ("new Date('2025-11-30T16:00:00').toISOString()", json!("2025-11-30T16:00:00.000Z")),
        ("new Date('2025-11-30 16:00:00').toISOString()", json!("2025-11-30T16:00:00.000Z")),
        ("new Date('2025-11-30').toISOString()", json!("2025-11-30T00:00:00.000Z")),
        ("new Date('2025-11').getMonth()", json!(10)),
        ("new Date('2025-11-30T16:00:00+08:00').getHours()", json!(8)),
        ("new Date(new Date(0)).getTimezoneOffset()", json!(0)),
        ("new Date(0).toString()", json!("Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)")),
        ("new Date(0).toLocaleString()", json!("1/1/1970, 12:00:00 AM")),
        ("(() => { const d = new Date(0); d.setMonth(1); d.setHours(5); return d.toJSON(); })()", {
            json!("1970-02-01T05:00:00.000Z")
        }),
        ("(class Stamp extends Date {}).name + (new (class extends Date {})(5) instanceof Date)", {
            json!("Stamptrue")
        }),
        ("Date(1) === new Date().toString() && Date.name === 'Date'", json!(true)),
        ("String(new Date('soon'))", json!("Invalid Date")),
        ("Date.UTC(2025, 11, 1)", json!(1_764_547_200_000_i64)),
    ];
    for (expression, expected) in cases {
        assert_eq!(value(expression), expected, "{expression}");
    }
    assert_eq!(
        error("return new Date().toLocaleString('en-US', { timeZone: 'Asia/Shanghai' });"),
        "RangeError: Invalid time zone specified: Asia/Shanghai (this runtime has no time zone data) at src/handler.js:2"
    );
}

#[test]
fn errors_name_file_and_line() {
    let cases = [
        ("\nthrow new TypeError('no such month');", "TypeError: no such month at src/handler.js:3"),
        ("return nothing.here;", "ReferenceError: nothing is not defined at src/handler.js:2"),
        ("throw 'plain';", "threw `plain`"),
        ("throw undefined;", "threw a value of type undefined"),
        ("await new Promise(() => {});", "a promise was never settled"),
        ("return 'text';", "the handler's answer has no `statusCode` between 100 and 599"),
        ("return undefined;", "the handler's answer has no `statusCode` between 100 and 599"),
        (
            "return { statusCode: 200, body: db.query('SELECT 1') };",
            "Error: connection to the database failed: the server is not there or not accepting connections \
             at src/handler.js:2",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(error(body), expected, "{body}");
    }
    let broken = |files: &[(&str, &str)], handler: &str| {
        Memo::default().respond(&sources(files), handler, &get("/", &[]), None, now()).body["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        broken(&[("a.js", "export let b = 1;\nexport {{ c")], "a.js#b"),
        "SyntaxError: identifier or string expected at a.js:2"
    );
    assert_eq!(broken(&[("a.js", "export let b = 1;")], "a.js#b"), "a.js does not export a function `b`");
    assert_eq!(
        broken(&[("a.js", "import './b.js';")], "a.js#b"),
        "Error: cannot find module `./b.js` imported from a.js"
    );
    assert_eq!(broken(&[], "a.js#b"), "Error: cannot find module `a.js`");
    assert_eq!(
        broken(&[("a.js", "import 'node:fs';")], "a.js#b"),
        "Error: cannot find module `node:fs` imported from a.js"
    );
}

#[test]
fn limits_stop_the_code_and_not_the_world() {
    let steps = "the code ran for too many steps and was stopped";
    assert_eq!(error("for (;;) {}"), steps);
    assert_eq!(error("try { for (;;) {} } catch {} return { statusCode: 200 };"), steps);
    assert_eq!(error("for (;;) await null;"), steps);
    assert_eq!(error("await new Promise(() => { const f = () => queueMicrotask(f); f(); });"), steps);
    assert_eq!(error("await new Promise(() => setInterval(() => {}, 1));"), steps);
    assert_eq!(error("for (;;) { try { db.query('SELECT 1'); } catch {} }"), steps);
    assert_eq!(error("/^(a+)+$/.test('a'.repeat(60) + 'b'); return {};"), steps);
    assert_eq!(error("return { get statusCode() { for (;;) {} } };"), steps);
    assert_eq!(error("function* g() { for (;;) yield 1; } for (const x of g()) {}"), steps);
    let memory = error("const all = []; for (;;) all.push('x'.repeat(100000) + all.length);");
    assert!(memory.starts_with("InternalError: out of memory"), "{memory}");
    let memory = error("const all = []; await null; for (;;) { all.push([...all, {}]); await null; }");
    assert!(memory.contains("out of memory"), "{memory}");
    let stack = error("const f = () => f() + 1; return f();");
    assert!(stack.contains("RangeError: Maximum call stack size exceeded"), "{stack}");
    assert_eq!(value("1 + 1"), 2, "the next request has a runtime of its own");
}

#[test]
fn the_same_code_stops_at_the_same_step() {
    let body = "globalThis.n = 0; console.log('start'); for (;;) { if (++globalThis.n % 1e6 === 0) console.log(n); }";
    let text = format!("export const handler = () => {{ {body} }};");
    let files = sources(&[("h.js", &text)]);
    let run = || Memo::default().execute(&files, "h.js#handler", &get("/", &[]), None, now());
    assert!(run().console.len() > 10);
    assert_eq!(run(), run());
}

fn failures(results: &[TestResult]) -> Vec<(&str, Option<&str>)> {
    results.iter().map(|r| (r.name.as_str(), r.failure.as_deref())).collect()
}

#[test]
fn tests_run_in_order_and_tell_expected_and_actual() {
    let files = sources(&[
        (
            "src/sum.js",
            "export const sum = (a, b) => a + b;\nexport const from = (db) => db.query('SELECT n').length;",
        ),
        ("tests/helper.js", "export const fake = (rows) => ({ query: () => rows });"),
        (
            "tests/sum.test.js",
            "import test from 'node:test';\nimport assert from 'node:assert/strict';\n\
             import { sum, from } from '../src/sum.js';\nimport { fake } from './helper.js';\n\
             test('adds', () => assert.equal(sum(1, 2), 3));\n\
             test('adds badly', async () => {\n  await null;\n  assert.deepEqual({ n: sum(1, 2) }, { n: 4 });\n});\n\
             test('reads', () => assert.equal(from(fake([1, 2])), 2));\n\
             test.skip('not now', () => assert.fail('never'));\n\
             test('throws', () => { throw new RangeError('too far'); });\n\
             await test('waits', async () => { await new Promise((go) => setTimeout(go, 60000)); });\n",
        ),
        ("tests/broken.test.js", "import test from 'node:test';\ntest('fine', () => {});\nnull.length;\n"),
        ("tests/lost.test.js", "import { gone } from '../src/gone.js';"),
    ]);
    let results = Memo::default().run_tests(&files, now());
    assert_eq!(results.iter().map(|r| r.file.as_str()).collect::<Vec<_>>(), {
        let mut files = vec!["tests/broken.test.js", "tests/lost.test.js"];
        files.extend(["tests/sum.test.js"; 5]);
        files
    });
    assert_eq!(
        failures(&results),
        [
            (
                "tests/broken.test.js",
                Some("TypeError: cannot read property 'length' of null at tests/broken.test.js:3")
            ),
            (
                "tests/lost.test.js",
                Some("Error: cannot find module `../src/gone.js` imported from tests/lost.test.js")
            ),
            ("adds", None),
            (
                "adds badly",
                Some(
                    "AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal\n  \
                 expected: { n: 4 }\n  actual: { n: 3 }\n  at tests/sum.test.js:8"
                )
            ),
            ("reads", None),
            ("throws", Some("RangeError: too far\n  at tests/sum.test.js:12")),
            ("waits", None),
        ]
    );
    assert_eq!(Memo::default().run_tests(&files, now()), results);
}

#[test]
fn suites_hooks_and_subtests() {
    let files = sources(&[(
        "tests/suite.test.js",
        "import { describe, it, test, before, beforeEach, afterEach } from 'node:test';\n\
         import { ok, equal } from 'node:assert/strict';\n\
         const log = [];\n\
         describe('outer', () => {\n\
           before(() => log.push('before'));\n  beforeEach(() => log.push('each'));\n\
           it('one', () => log.push('one'));\n\
           describe('inner', () => { it('two', () => log.push('two')); });\n\
           afterEach(() => log.push('after'));\n});\n\
         test('order', () => equal(log.join(), 'before,each,one,after,each,two,after'));\n\
         test('parent', async (t) => {\n  await t.test('good', () => ok(true));\n  await t.test('bad', () => ok(0));\n});\n",
    )]);
    assert_eq!(
        failures(&Memo::default().run_tests(&files, now())),
        [
            ("outer > one", None),
            ("outer > inner > two", None),
            ("order", None),
            ("parent > good", None),
            (
                "parent > bad",
                Some(
                    "AssertionError [ERR_ASSERTION]: The expression evaluated to a falsy value: 0\n  \
                 expected: true\n  actual: 0\n  at tests/suite.test.js:14"
                )
            ),
            ("parent", Some("1 subtest failed")),
        ]
    );
}

#[test]
fn a_test_without_end_is_a_failure() {
    let files = sources(&[(
        "tests/loop.test.js",
        "import test from 'node:test';\ntest('good', () => {});\ntest('loop', () => { for (;;) {} });\n\
         test('after', () => {});",
    )]);
    assert_eq!(
        failures(&Memo::default().run_tests(&files, now())),
        [("good", None), ("loop", Some("the code ran for too many steps and was stopped")),]
    );
}

#[test]
fn assertions_hold_and_fail_as_in_node() {
    let holds = [
        "a.equal(1, 1)",
        "a.notEqual(1, 2)",
        "a.deepEqual([1, { b: new Date(5) }], [1, { b: new Date(5) }])",
        "a.notDeepEqual([1], ['1'])",
        "a.ok('x')",
        "a('x')",
        "a.match('abc', /b/)",
        "a.doesNotMatch('abc', /d/)",
        "a.throws(() => { throw new TypeError('bad') }, TypeError)",
        "a.throws(() => { throw new Error('bad') }, /bad/)",
        "a.throws(() => { throw new Error('bad') }, { message: 'bad', name: 'Error' })",
        "await a.rejects(async () => { throw new Error('x') }, { message: /x/ })",
        "await a.rejects(Promise.reject(new Error('x')))",
        "a.doesNotThrow(() => 1)",
        "a.ifError(null)",
        "a.deepEqual(new Map([[1, [2]]]), new Map([[1, [2]]]))",
        "a.deepEqual(new Set([{ a: 1 }]), new Set([{ a: 1 }]))",
        "a.equal(NaN, NaN)",
        "loose.equal(1, '1')",
        "loose.deepEqual({ a: 1 }, { a: '1' })",
        "loose.strict.equal(1, 1)",
        "a.throws(() => { throw new Error('bad') }, (error) => error.message === 'bad')",
    ];
    let fails = [
        "a.equal(1, '1')",
        "a.equal(0, -0)",
        "a.deepEqual({ a: 1 }, { a: 1, b: undefined })",
        "a.deepEqual([1, 2], [2, 1])",
        "a.throws(() => {})",
        "a.throws(() => { throw new Error('x') }, TypeError)",
        "a.throws(() => { throw new Error('x') }, /y/)",
        "await a.rejects(async () => 1)",
        "a.match('abc', /z/)",
        "a.fail('no')",
        "a.ifError(new Error('e'))",
        "a.ok('')",
        "a.deepEqual(new Map([[1, 2]]), new Map([[1, 3]]))",
        "a.doesNotThrow(() => { throw 1 })",
        "loose.equal(1, 2)",
        "a.throws(() => { throw new Error('bad') }, { message: 'good' })",
        "a.equal(1, 2, 'own words')",
    ];
    let text = |lines: &[&str]| {
        let tests: Vec<String> =
            lines.iter().map(|line| format!("test({line:?}, async () => {{ {line}; }});")).collect();
        format!(
            "import test from 'node:test';\nimport a from 'node:assert/strict';\nimport loose from 'node:assert';\n{}",
            tests.join("\n")
        )
    };
    let files = sources(&[("tests/a.test.js", &text(&holds)), ("tests/b.test.js", &text(&fails))]);
    let results = Memo::default().run_tests(&files, now());
    assert_eq!(results.len(), holds.len() + fails.len());
    for result in results.iter() {
        assert_eq!(result.failure.is_none(), result.file == "tests/a.test.js", "{result:?}");
    }
}
