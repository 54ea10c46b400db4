//! Whatever is typed, parsed, asked or declared: nothing panics. Lines of random signs, lines with slips, fragments of
//! SQL put together at random, templates with lines missing, doubled and moved.
//!
//! `CHESTERTON_FUZZ_ROUNDS=100000` tries more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails loudly"
)]

#[path = "monkey/grammar.rs"]
mod grammar;
#[path = "monkey/slips.rs"]
mod slips;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use chesterton::scenario;
use grammar::{Grammar, Speaker, pick};
use serde_json::json;
use simulators::World;
use simulators::call::{Call, CallId, Service};
use simulators::chance::Chance;
use simulators::cli::{self, Parsed, Reply, filters, line};
use simulators::clock::Time;
use simulators::sql::{Data, Session};
use slips::{mutated, slip};

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(include_str!("monkey/grammar.txt")));

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/cost-explorer");
    let scenario = scenario::load(&folder).unwrap_or_else(|e| panic!("{e}"));
    World::new(Arc::new(scenario.stage), 1).unwrap()
});

fn rounds(otherwise: u64) -> u64 {
    std::env::var("CHESTERTON_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Signs that mean something to somebody, and some that mean nothing to anybody.
const SIGNS: &[&str] = &[
    "'",
    "\"",
    "\\",
    " ",
    " ",
    " ",
    "\n",
    "\t",
    "|",
    "||",
    "&&",
    "&",
    ";",
    ">",
    ">>",
    "2>&1",
    "2>",
    "&>",
    "<",
    "$",
    "$(",
    "${",
    ")",
    "(",
    "`",
    "#",
    "-",
    "--",
    "---",
    "=",
    ",",
    "[",
    "]",
    "{",
    "}",
    "*",
    "?",
    "\0",
    "\u{1}",
    "\u{1}\u{1}",
    "é",
    "🐒",
    "\u{202e}",
    "e\u{301}",
    "ß",
    "0",
    "9999999999999999999999",
    "a",
    "/",
    ".",
    "..",
    "%",
    "%d",
    "@",
    ":",
    "~",
    "!",
    "\r\n",
    "1",
    "2",
];

fn noise(chance: &mut Chance) -> String {
    (0..chance.between(0, 14)).map(|_| *pick(SIGNS, chance)).collect()
}

/// A line from the grammar, noise, or the one in the other.
fn typed(chance: &mut Chance) -> String {
    let line = GRAMMAR.say("line", &Speaker::default(), chance);
    match chance.between(1, 6) {
        1 => noise(chance),
        2 | 3 => spoiled(&line, chance),
        4 => slip(&slip(&line, chance), chance),
        5 => format!("{} {}", line.split(' ').next().unwrap_or_default(), noise(chance)),
        _ => line,
    }
}

/// A text with noise somewhere in it, or cut off there.
fn spoiled(text: &str, chance: &mut Chance) -> String {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = *pick(&places, chance);
    let rest = if chance.between(0, 2) == 0 { "" } else { &text[at..] };
    format!("{}{}{rest}", &text[..at], noise(chance))
}

/// Runs it on a text of its own, and names the text if that panics.
fn survives<T>(what: &str, doing: impl FnOnce() -> T) -> T {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(doing)).unwrap_or_else(|_| panic!("at {what:?}"))
}

#[test]
fn no_line_is_too_odd_for_the_shell_and_the_dialects() {
    let mut chance = Chance::stream(1, "fuzz lines");
    let mut understood = 0;
    for _ in 0..rounds(6_000) {
        let text = typed(&mut chance);
        survives(&text, || {
            let Ok(commands) = line::split(&text) else { return };
            for (joint, words) in commands {
                if joint.is_filter() {
                    let reply = filters::filter(joint, &words, Reply::ok("b\nä 1\n\nb"));
                    assert!(reply.code < 256);
                } else if let Parsed::Call(call, render) = cli::parse(&WORLD, &words) {
                    understood += 1;
                    let refusal = simulators::call::Refusal::new("Odd", "odd");
                    for answer in [Ok(json!(null)), Ok(json!([1])), Ok(json!({"a": []})), Err(refusal)] {
                        render.reply(&answer);
                    }
                    if call.is_read() && call.service != Service::Clock {
                        let mut call = call;
                        call.principal = "CostExplorerAdmin".to_owned();
                        let mut world = WORLD.clone();
                        render.reply(&world.apply(&call));
                    }
                }
            }
        });
    }
    assert!(understood > 500, "only {understood} lines were understood");
}

/// Fragments of statements, some of them whole.
const SQL: &[&str] = &[
    "select",
    "from",
    "where",
    "group by",
    "order by",
    "limit",
    "offset",
    "having",
    "union",
    "intersect",
    "with t as (",
    "insert into",
    "values (",
    "update",
    "set",
    "delete from",
    "drop table",
    "create table",
    "alter table",
    "cost_lines",
    "accounts",
    "saved_views",
    "t",
    "id",
    "name",
    "amount_micros",
    "usage_start",
    "(",
    ")",
    ",",
    ";",
    "*",
    "=",
    "<>",
    "<",
    ">=",
    "+",
    "-",
    "/",
    "%",
    "||",
    "::int",
    "::text",
    "::numeric(10,2)",
    "::date",
    "::nothing",
    "::interval",
    "and",
    "or",
    "not",
    "null",
    "is null",
    "in (1, 2)",
    "between 1 and 2",
    "like '%a%'",
    "ilike 'é'",
    "~ '['",
    "similar to 'a'",
    "case when",
    "then",
    "else",
    "end",
    "exists (",
    "any (",
    "array[1, 2]",
    "[1]",
    "count(*)",
    "sum(",
    "max(",
    "avg(",
    "now()",
    "date_trunc('month',",
    "to_char(",
    "extract(year from",
    "interval '1 day'",
    "interval 'x'",
    "'2025-11-01'",
    "'x'",
    "'é🐒'",
    "''",
    "E'\\n'",
    "$1",
    "$$x$$",
    "\"Odd\"",
    "-- note\n",
    "/* note */",
    "/*",
    "1",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "0.1",
    "'NaN'",
    "true",
    "default",
    "returning *",
    "cascade",
    "if exists",
    "primary key",
    "serial",
    "text",
    "not null",
    "unique",
    "check (",
    "references accounts (id)",
    "generate_series(1, 3)",
    "over (partition by",
    "row_number()",
    "lag(id)",
    "filter (where",
    "join",
    "left join",
    "lateral (",
    "on true",
    "using (id)",
    "natural join",
    "as a",
    "begin;",
    "commit;",
    "rollback;",
    "savepoint a;",
    "rollback to a;",
    "explain",
    "analyze",
    "truncate",
    "vacuum",
    "copy",
    "grant",
    "on conflict do nothing",
    "coalesce(",
    "nullif(",
    "round(",
    "substring('abc' from 2 for 1)",
    "repeat('x', 10)",
    "lpad('x', 9)",
    "random()",
    "pg_sleep(1)",
    "position('a' in 'ba')",
    "length(",
    "current_date",
    "at time zone 'UTC'",
    "at time zone 'Mars'",
    "row(1, 2)",
    "grouping sets ((id), ())",
    "rollup (id)",
    "distinct",
    "distinct on (id)",
    "for update",
    "fetch first 1 row only",
    "information_schema.columns",
    "pg_catalog.pg_class",
    "pg_tables",
    "string_agg(name, ',')",
    "json_build_object('a', 1)",
    "'{\"a\":1}'::jsonb",
    "->>'a'",
    "mod(7, 0)",
    "power(10, 400)",
    "chr(0)",
    "chr(-1)",
    "to_timestamp(1e18)",
    "make_date(2025, 13, 1)",
    "date '0000-00-00'",
    "timestamp 'infinity'",
    "cast(",
    "as numeric",
    "width_bucket(1, 2, 3, 4)",
    "overlay(",
];

#[test]
fn no_statement_is_too_odd_for_the_database() {
    let mut chance = Chance::stream(1, "fuzz sql");
    let script = "create table accounts (id text primary key, name text);
        create table cost_lines (id integer primary key, account_id text references accounts (id), usage_start timestamptz,
            amount_micros bigint);
        create table saved_views (id integer primary key, name text not null, created_at timestamptz);
        insert into accounts values ('a', 'A'), ('b', null);
        insert into cost_lines values (1, 'a', '2025-11-01T00:00:00Z', 5), (2, 'b', null, -7);
        insert into saved_views values (1, 'x', '2025-12-11T09:21:15Z');";
    let whole = Data::build(script).unwrap();
    let session = Session::of_world(Time::parse("2025-12-15T01:40:00Z").unwrap());
    let mut data = whole.clone();
    let (mut done, mut failed) = (0, 0);
    for round in 0..rounds(4_000) {
        let text = statement(&mut chance);
        let before = data.digest();
        match survives(&text, || data.run(&text, &session)) {
            Ok((after, _)) => {
                done += 1;
                // Now and then from the beginning, or soon nothing would be left to work on.
                data = if round % 40 == 0 { whole.clone() } else { after };
            }
            Err(error) => {
                failed += 1;
                assert_eq!(data.digest(), before);
                let telling = !error.state.is_empty() && !error.message.is_empty();
                assert!(telling && !shows_engine(&error.message), "{text:?}: {error:?}");
            }
        }
        survives(&text, || whole.diff(&data));
    }
    println!("{done} statements were done, {failed} refused");
    assert!(done > 300 && failed > 300);
}

/// Words that only the engine underneath would use.
fn shows_engine(message: &str) -> bool {
    ["sqlite", "rusqlite", "pg_cast", "main.", "no such table", "no such column"]
        .iter()
        .any(|word| message.to_lowercase().contains(word))
}

/// A statement of the grammar with something odd in it, or fragments in a row.
fn statement(chance: &mut Chance) -> String {
    let sentence = GRAMMAR.say("sql", &Speaker::default(), chance);
    match chance.between(1, 5) {
        1 => sentence,
        2 => slip(&sentence, chance),
        3 => format!("{sentence} {}", pick(SQL, chance)),
        4 => {
            let select = (0..chance.between(1, 5)).map(|_| *pick(SQL, chance)).collect::<Vec<_>>().join(" ");
            format!("select {select}")
        }
        _ => (0..chance.between(1, 9)).map(|_| *pick(SQL, chance)).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn no_template_is_too_odd_for_the_stacks() {
    let mut chance = Chance::stream(1, "fuzz templates");
    let template = WORLD.stage().files["repo/infra/template.yaml"].clone();
    let before = WORLD.digest();
    let (mut valid, mut refused) = (0, 0);
    for _ in 0..rounds(500) {
        let mut text = mutated(&template, &mut chance);
        if chance.between(1, 3) == 1 {
            text = spoiled(&text, &mut chance);
        }
        for (operation, stack) in
            [("ValidateTemplate", ""), ("CreateStack", "fresh"), ("GetTemplateSummary", "")]
        {
            let args =
                json!({"StackName": stack, "TemplateBody": text, "Capabilities": ["CAPABILITY_NAMED_IAM"]});
            let mut call = Call::new(Service::Stacks, operation, stack, args.as_object().unwrap().clone());
            call.id = CallId(1);
            let preview = survives(&text, || WORLD.preview(&call));
            *if preview.refusal.is_none() { &mut valid } else { &mut refused } += 1;
            if preview.refusal.is_some() {
                assert!(preview.effects.is_empty(), "{text} was refused and had effects");
            }
        }
    }
    assert_eq!(WORLD.digest(), before);
    println!("{valid} times valid, {refused} times refused");
    assert!(valid > 50 && refused > 50);
}
