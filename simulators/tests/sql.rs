//! The value that holds rows: what it refuses, what stays the same, what service code gets.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod database_stage;

use database_stage::ROWS;
use serde_json::json;
use simulators::clock::Time;
use simulators::sql::{Data, Session, TableDiff};

fn data() -> Data {
    Data::build(ROWS).unwrap()
}

fn session() -> Session {
    Session {
        database: "costs".to_owned(),
        user: "reports".to_owned(),
        ..Session::of_world(Time::parse("2025-12-15T01:40:00Z").unwrap())
    }
}

fn state(sql: &str) -> String {
    data().run(sql, &session()).unwrap_err().state
}

#[test]
fn building_twice_gives_the_same_bytes() {
    assert_eq!(data().digest(), data().digest());
    assert_eq!(data().records(), 26);
}

#[test]
fn a_script_cannot_read_the_clock_or_chance() {
    for call in
        ["date('now')", "CURRENT_TIMESTAMP", "datetime()", "random()", "strftime('%s')", "hex(randomblob(4))"]
    {
        let script = format!("CREATE TABLE t (a); INSERT INTO t VALUES ({call});");
        assert!(Data::build(&script).is_err(), "{call}");
    }
    assert!(Data::build("CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP); INSERT INTO t VALUES (date('2025-01-01', '+1 day'))").is_ok());
}

#[test]
fn moments_in_a_script_are_brought_to_one_spelling() {
    let data = Data::build(
        "CREATE TABLE t (at timestamptz); INSERT INTO t VALUES ('2025-12-15T09:40:00+08:00'), (NULL)",
    )
    .unwrap();
    let (_, rows) = data.run("select at from t where at = '2025-12-15 01:40:00+00'", &session()).unwrap();
    assert_eq!(rows[0].rows, [[json!("2025-12-15 01:40:00+00")]]);
}

#[test]
fn defaults_tell_the_virtual_time() {
    let text = "insert into cost_lines(account_id, usage_date) values ('123456789010', current_date) returning usage_date, loaded_at";
    let (_, rows) = data().run(text, &session()).unwrap();
    assert_eq!(rows[0].rows, [[json!("2025-12-15"), json!("2025-12-15 01:40:00+00")]]);
}

#[test]
fn nothing_of_the_engine_underneath_can_be_reached() {
    for text in [
        "select * from sqlite_master",
        "select sqlite_version()",
        "select load_extension('x')",
        "select randomblob(3)",
        "select strftime('%s', 'now')",
        "select writefile('x', 'y')",
        "attach database ':memory:' as x",
        "pragma writable_schema = 1",
        "select * from pragma_table_info('accounts')",
        "select rowid from accounts",
        "select pg_cast(1, 'text')",
        "insert into sqlite_master values (1)",
        "create table t as select * from sqlite_schema",
    ] {
        let found = state(text);
        assert!(["42P01", "42883", "42601", "42703", "0A000"].contains(&found.as_str()), "{text}: {found}");
    }
}

#[test]
fn a_statement_without_end_is_cancelled() {
    assert_eq!(
        state("with recursive r as (select 1 as a union all select a + 1 from r) select count(*) from r"),
        "57014"
    );
}

#[test]
fn a_statement_that_changes_no_value_leaves_the_same_state() {
    let before = data();
    for text in [
        "update cost_lines set amount = amount",
        "delete from loose where a = 99",
        "select 1",
        "begin; delete from loose; rollback",
    ] {
        let (after, _) = before.run(text, &session()).unwrap();
        assert_eq!(after, before, "{text}");
    }
}

#[test]
fn what_a_difference_sees() {
    let before = data();
    let diff = |text: &str, table: &str| {
        let (after, _) = before.run(text, &session()).unwrap();
        before.diff(&after).get(table).cloned().unwrap_or_default()
    };
    let of = |before| TableDiff { before, ..TableDiff::default() };
    assert_eq!(
        diff("update cost_lines set service = null where id in (1, 5)", "cost_lines"),
        TableDiff { changed: 1, ..of(20) }
    );
    assert_eq!(
        diff("update cost_lines set id = id + 100 where id = 1", "cost_lines"),
        TableDiff { gone: 1, added: 1, ..of(20) }
    );
    assert_eq!(diff("delete from loose where b = 'x'", "loose"), TableDiff { gone: 2, ..of(3) });
    assert_eq!(
        diff("update loose set b = 'y' where b is null", "loose"),
        TableDiff { gone: 1, added: 1, ..of(3) }
    );
    assert_eq!(diff("drop table loose", "loose"), TableDiff { gone: 3, dropped: true, ..of(3) });
    assert_eq!(diff("create index on loose(a)", "loose"), TableDiff { reshaped: true, ..of(3) });
    let dropped = TableDiff { columns_dropped: vec!["b".to_owned()], reshaped: true, ..of(3) };
    assert_eq!(diff("alter table loose drop column b", "loose"), dropped);
    let both = diff(
        "alter table cost_lines add column note text; delete from cost_lines where id > 18",
        "cost_lines",
    );
    assert_eq!(both, TableDiff { gone: 2, reshaped: true, ..of(20) });
    assert_eq!(diff("select 1", "loose"), TableDiff::default());
}

#[test]
fn service_code_gets_typed_values() {
    let text = "SELECT id, service, usage_date, amount, tax FROM cost_lines WHERE usage_date >= $1 AND service = $2 ORDER BY id LIMIT 1";
    let rows = data().query(text, &[json!("2025-01-10"), json!("AmazonS3")]).unwrap();
    let expected =
        json!({"id": 9, "service": "AmazonS3", "usage_date": "2025-01-10", "amount": 13.5, "tax": false});
    assert_eq!(rows, [expected.as_object().unwrap().clone()]);
    let rows = data()
        .query("select count(*) as n from cost_lines where id < ? and service <> '?'", &[json!(4)])
        .unwrap();
    assert_eq!(rows[0]["n"], json!(3));
    assert_eq!(data().query("delete from loose", &[]).unwrap_err().state, "25006");
    assert_eq!(
        data().query("select 1 from gone", &[]).unwrap_err().message,
        "relation \"gone\" does not exist"
    );
}

#[test]
fn what_would_overflow_the_stack_is_refused_and_what_is_only_long_is_not() {
    let nested = |n: usize| format!("SELECT {}1{}", "coalesce(0, 1 + ".repeat(n), ")".repeat(n));
    for (text, deep) in [
        (format!("SELECT 1{}", " + 1".repeat(30_000)), true),
        (format!("SELECT true{}", " AND true".repeat(30_000)), true),
        (format!("SELECT 1{}", " UNION SELECT 1".repeat(10_000)), true),
        (format!("SELECT 1{}", "::int".repeat(30_000)), true),
        (format!("CREATE TABLE x (a int{})", "[]".repeat(30_000)), true),
        (format!("SELECT {}1{}", "(SELECT ".repeat(10_000), ")".repeat(10_000)), true),
        (nested(1_000), true),
        (format!("SELECT 1{}", " + 1".repeat(55)), false),
        (format!("SELECT 1 WHERE 1 IN ({}1)", "1, ".repeat(20_000)), false),
        (format!("SELECT true {}", "OR 1 = 1 ".repeat(55)), false),
        (nested(20), false),
    ] {
        let given = data().run(&text, &session()).map(|_| ()).map_err(|error| error.state);
        let wanted = if deep { Err("54001".to_owned()) } else { Ok(()) };
        assert_eq!(given, wanted, "{text:.60}");
    }
}

#[test]
fn what_a_connection_takes_and_returns_is_bounded() {
    // Text formatting panics beyond 65,535 places.
    let (_, rows) = data().run("SELECT round(1.5, 2000000000)", &session()).unwrap();
    assert_eq!(rows[0].rows[0][0].as_str().map(str::len), Some(2_002));
    assert!(data().run("SELECT to_char(1.5, repeat('9', 65536))", &session()).is_ok());
    let (_, rows) = data().run("SELECT 'a'::char(70000)", &session()).unwrap();
    assert_eq!(rows[0].rows[0][0].as_str().map(str::len), Some(70_000));
    // Each result is small enough; together they are not.
    let much = "SELECT repeat('x', 60000) FROM generate_series(1, 100);".repeat(10);
    assert_eq!(state(&much), "53200");
    assert_eq!(state("SELECT 'a'::char(10000000) FROM generate_series(1, 10)"), "53200");
}
