//! The `psql` dialect against a transcript of the real thing, and its ways to fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here fails the test")]

mod database_stage;

use database_stage::{psql, world};
use simulators::cli::{self, Parsed, Reply};

/// A command of the transcript with what it printed.
struct Recorded {
    args: Vec<String>,
    reply: Reply,
}

fn transcript() -> Vec<Recorded> {
    let mut found: Vec<Recorded> = Vec::new();
    for line in include_str!("real_psql/transcript.txt").lines() {
        let (mark, text) = line.split_at(1);
        let text = text.strip_prefix(' ').unwrap_or(text);
        match (mark, found.last_mut()) {
            ("$", _) => {
                found.push(Recorded { args: serde_json::from_str(text).unwrap(), reply: Reply::default() });
            }
            ("|", Some(last)) => last.reply.stdout.push_str(&format!("{text}\n")),
            ("!", Some(last)) => last.reply.stderr.push_str(&format!("{text}\n")),
            ("=", Some(last)) => last.reply.code = text.parse().unwrap(),
            _ => {}
        }
    }
    found
}

#[test]
fn prints_what_the_real_psql_printed() {
    let start = world();
    let recorded = transcript();
    assert!(recorded.len() > 200, "the transcript is there");
    for case in recorded {
        let mut args = vec!["-h", "db1"];
        args.extend(case.args.iter().map(String::as_str));
        let (reply, _) = psql(&mut start.clone(), &args);
        assert_eq!(reply, case.reply, "psql {:?}", case.args);
    }
}

#[test]
fn a_connection_fails_as_it_does_in_life() {
    let fails = |args: &[&str], code: i32, stderr: &str| {
        let (reply, _) = psql(&mut world(), args);
        assert_eq!(
            (reply.code, reply.stderr.as_str(), reply.stdout.as_str()),
            (code, stderr, ""),
            "{args:?}"
        );
    };
    fails(
        &["-c", "select 1"],
        2,
        "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or \
         directory\n\tIs the server running locally and accepting connections on that socket?\n",
    );
    fails(
        &["-h", "db2.example", "-c", "select 1"],
        2,
        "psql: error: could not translate host name \"db2.example\" to address: Name or service not known\n",
    );
    fails(
        &["postgresql://app@db1/costs", "-c", "select 1"],
        2,
        "psql: error: connection to server at \"db1\" (10.0.3.50), port 5432 failed: FATAL:  password authentication \
         failed for user \"app\"\n",
    );
    fails(
        &["host=db1 dbname=cost", "-c", "select 1"],
        2,
        "psql: error: connection to server at \"db1\" (10.0.3.50), port 5432 failed: FATAL:  database \"cost\" does \
         not exist\n",
    );
}

#[test]
fn every_spelling_of_a_connection_reaches_the_database() {
    let mut world = world();
    let host = simulators::service::databases::host(&world, "db1");
    let url = format!("postgresql://reports:s%40crt@{host}:5432/costs?sslmode=require");
    for args in [
        vec!["-h", &host, "-U", "reports", "-d", "costs", "-Atc", "select current_database()"],
        vec![&url, "-At", "-c", "select current_database()"],
        vec!["-d", &url, "-At", "-c", "select current_database()"],
        vec!["-hdb1", "-p5432", "costs", "reports", "-Atcselect current_database()"],
        vec!["--host=db1", "--user", "reports", "--no-align", "-t", "--command=select current_database()"],
    ] {
        assert_eq!(psql(&mut world, &args).0, Reply::ok("costs\n"), "{args:?}");
    }
    let words = ["PGPASSWORD=x", "PGHOST=db1", "psql", "-Atc", "select 1"].map(str::to_owned);
    assert!(matches!(cli::parse(&world, &words), Parsed::Call(call, _) if call.target == "db1"));
}

#[test]
fn tells_where_and_who_one_is() {
    let mut world = world();
    let (reply, _) = psql(
        &mut world,
        &[
            "-h",
            "db1",
            "-Atc",
            "select current_user, inet_server_addr(), inet_server_port(), pg_is_in_recovery(), now()",
        ],
    );
    assert_eq!(reply.stdout, "reports|10.0.3.50|5432|f|2025-12-15 01:40:00+00\n");
    let (reply, _) = psql(&mut world, &["-h", "db1", "-c", "\\conninfo"]);
    assert!(reply.stdout.starts_with(
        "You are connected to database \"costs\" as user \"reports\" on host \"db1\" (address \"10.0.3.50\") at port \
         \"5432\".\n"
    ));
    let (reply, _) = psql(
        &mut world,
        &["-h", "db1", "-Atc", "select count(*) from pg_stat_activity where state = 'idle'"],
    );
    assert_eq!(reply.stdout, "3\n", "the services that depend on it are seen");
}

#[test]
fn a_plan_looks_like_one_of_postgres() {
    let text =
        "explain select service, sum(amount) from cost_lines where tax group by 1 order by 2 desc limit 5";
    let (reply, effects) = psql(&mut world(), &["-h", "db1", "-Atc", text]);
    let shapes: Vec<&str> = reply.stdout.lines().map(|l| l.split("  (").next().unwrap()).collect();
    let expected = [
        "Limit",
        "  ->  Sort",
        "        Sort Key: sum(amount) DESC",
        "        ->  HashAggregate",
        "              Group Key: service",
        "              ->  Seq Scan on cost_lines",
        "                    Filter: (tax)",
    ];
    assert_eq!((shapes, effects.len()), (expected.to_vec(), 0));
}

#[test]
fn commands_that_are_not_simulated_say_so() {
    let world = world();
    for args in [["-h", "db1", "-c", "\\df"], ["-h", "db1", "-o", "out.txt"]] {
        let words: Vec<String> = std::iter::once("psql").chain(args).map(str::to_owned).collect();
        assert!(matches!(cli::parse(&world, &words), Parsed::Answer { unsimulated: true, .. }), "{args:?}");
    }
    let words = ["psql", "--no-such-option"].map(str::to_owned);
    assert!(matches!(cli::parse(&world, &words), Parsed::Answer { unsimulated: false, .. }));
}

#[test]
fn looks_make_a_read_and_statements_make_a_write() {
    let world = world();
    let operation = |args: &[&str]| {
        let words: Vec<String> = std::iter::once(&"psql").chain(args).map(|w| (*w).to_owned()).collect();
        match cli::parse(&world, &words) {
            Parsed::Call(call, _) => {
                (call.operation.clone(), call.is_read(), call.text("sql").map(str::to_owned))
            }
            Parsed::Answer { .. } => panic!("no call"),
        }
    };
    assert_eq!(operation(&["-h", "db1", "-c", "\\dt"]), ("DescribeDatabase".to_owned(), true, None));
    let both = operation(&["-h", "db1", "-c", "\\dt", "-c", "drop table loose"]);
    assert_eq!(both, ("Query".to_owned(), false, Some("drop table loose".to_owned())));
}
