//! The PostgreSQL wire door, held against real clients: `psql`, and `psycopg` in Python. Each is skipped with a word where it is
//! not installed. What needs no client is in the unit tests of the protocol's parts, and in the one here that speaks it bare.

use std::process::{Command, Output};

use chesterton::door::{PostgresDoor, PostgresServing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::clients::python;
use super::room::{Room, well};

const HOST: &str = "cost-explorer-prod-reports";
const USER: &str = "reports";
const DATABASE: &str = "costs";
const TABLE: &str = "cost_lines";

async fn door(room: &Room) -> PostgresServing {
    PostgresDoor::serve(room.asks.clone(), "127.0.0.1:0".parse().unwrap(), HOST).await.unwrap()
}

/// One connection that speaks the protocol as it is written.
struct Bare(TcpStream);

impl Bare {
    async fn connect(door: &PostgresServing, user: &str, database: &str, password: &str) -> Self {
        let mut bare = Self(TcpStream::connect(&door.serving.at).await.unwrap());
        let text = format!("user\0{user}\0database\0{database}\0\0");
        let length = u32::try_from(8 + text.len()).unwrap();
        let startup = [&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), text.as_bytes()].concat();
        bare.0.write_all(&startup).await.unwrap();
        bare.send(b'p', &format!("{password}\0")).await;
        bare
    }

    async fn send(&mut self, kind: u8, text: &str) {
        let length = u32::try_from(4 + text.len()).unwrap();
        let message = [&[kind][..], &length.to_be_bytes(), text.as_bytes()].concat();
        self.0.write_all(&message).await.unwrap();
    }

    /// Messages until the server is ready, or has hung up: kind and text each, without what is no text.
    async fn hear(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let mut head = [0; 5];
            if self.0.read_exact(&mut head).await.is_err() {
                return heard;
            }
            let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4;
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            let text: String = body.iter().map(|b| char::from(*b)).filter(|c| !c.is_control()).collect();
            heard.push(format!("{}{text}", char::from(head[0])));
            if head[0] == b'Z' {
                return heard;
            }
        }
    }

    async fn ask(&mut self, sql: &str) -> Vec<String> {
        self.send(b'Q', &format!("{sql}\0")).await;
        self.hear().await
    }
}

fn holds(heard: &[String], kind: &str, part: &str) -> bool {
    heard.iter().any(|message| message.starts_with(kind) && message.contains(part))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_protocol_as_it_is_written() {
    let room = Room::under("inherited");
    let door = door(&room).await;
    let mut bare = Bare::connect(&door, USER, DATABASE, "wrong").await;
    assert!(holds(&bare.hear().await, "E", "28P01"));
    let mut bare = Bare::connect(&door, USER, DATABASE, &door.password).await;
    assert!(holds(&bare.hear().await, "Z", "I"));
    let heard = bare.ask("select 1 + 1 as two").await;
    assert!(
        holds(&heard, "T", "two") && holds(&heard, "D", "2") && holds(&heard, "C", "SELECT 1"),
        "{heard:?}"
    );
    let heard = bare.ask("select nope from nowhere").await;
    assert!(holds(&heard, "E", "42P01") && holds(&heard, "E", "does not exist"), "{heard:?}");
    // A transaction that is rolled back leaves nothing; its state is told.
    assert!(holds(&bare.ask("BEGIN").await, "Z", "T"));
    assert!(holds(&bare.ask("CREATE TABLE scratch (a int)").await, "C", "CREATE TABLE"));
    assert!(holds(&bare.ask("SELECT count(*) FROM scratch").await, "D", "0"));
    assert!(holds(&bare.ask("SELECT nope").await, "Z", "E"));
    assert!(holds(&bare.ask("SELECT 1").await, "E", "25P02"));
    assert!(holds(&bare.ask("ROLLBACK").await, "Z", "I"));
    assert!(holds(&bare.ask("SELECT count(*) FROM scratch").await, "E", "42P01"));
    assert!(room.effects().is_empty());
    // One that is ended has all its effects with the call that ends it.
    for sql in ["BEGIN", "CREATE TABLE scratch (a int)", "INSERT INTO scratch VALUES (1), (2)"] {
        assert!(holds(&bare.ask(sql).await, "Z", "T"), "{sql}");
        assert!(room.effects().is_empty(), "{sql}");
    }
    assert!(holds(&bare.ask("COMMIT").await, "C", "COMMIT"));
    assert!(!room.effects().is_empty());
    assert!(holds(&bare.ask("SELECT count(*) FROM scratch").await, "D", "2"));
    let mut nobody = Bare::connect(&door, "nobody", DATABASE, &door.password).await;
    nobody.hear().await;
    assert!(holds(&nobody.ask("select 1").await, "E", "28P01"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_denied_stays() {
    for (setup, state) in
        [("blast-radius", "42501"), ("change-freeze", "42501"), ("ask-destructive", "42501")]
    {
        let room = Room::under(setup);
        let door = door(&room).await;
        let mut bare = Bare::connect(&door, USER, DATABASE, &door.password).await;
        bare.hear().await;
        let heard = bare.ask(&format!("DROP TABLE {TABLE} CASCADE")).await;
        assert!(holds(&heard, "E", state) && holds(&heard, "E", "denied by"), "{setup}: {heard:?}");
        // Inside a transaction it is the end that would do it.
        bare.ask("BEGIN").await;
        assert!(holds(&bare.ask(&format!("DROP TABLE {TABLE} CASCADE")).await, "C", "DROP TABLE"), "{setup}");
        assert!(holds(&bare.ask("COMMIT").await, "E", state), "{setup}");
        assert!(holds(&bare.ask("ROLLBACK").await, "Z", "I"), "{setup}");
        assert!(room.effects().is_empty(), "{setup}");
    }
}

const PSYCOPG: &str = r#"
import json, sys, psycopg
out = []
with psycopg.connect(sys.argv[1], autocommit=True) as c:
    out.append(c.execute("select %s + 1, %s, %s, null", (41, "o'neill", True)).fetchone())
    n = c.execute(f"select count(*) from {sys.argv[2]}").fetchone()[0]
    out.append(n > 0)
    cursor = c.cursor(binary=True)
    out.append(cursor.execute("select 7::int, 2.5::float8, 'x'::text").fetchone())
    out.append(c.execute("create table scratch (a int, b text)").statusmessage)
    c.cursor().executemany("insert into scratch values (%s, %s)", [(1, "x"), (2, "y"), (3, None)])
    out.append(c.execute("select b from scratch where a = %s", (2,)).fetchone())
    out.append(c.execute("insert into scratch values (%s, %s) returning a", (4, "z")).fetchone())
    out.append(c.execute("select count(*) from scratch").fetchone())
    try:
        c.execute("select nope")
    except psycopg.Error as error:
        out.append(error.sqlstate)
with psycopg.connect(sys.argv[1]) as c:
    c.execute("delete from scratch where a > %s", (2,))
    c.rollback()
    out.append(c.execute("select count(*) from scratch").fetchone())
    try:
        c.execute(f"drop table {sys.argv[2]} cascade")
        c.commit()
        out.append("dropped")
    except psycopg.Error as error:
        out.append(error.sqlstate)
print(json.dumps(out))
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psycopg_reads_writes_and_drops() {
    let Some(python) = python("psycopg") else { return };
    for (setup, end, expected) in [("inherited", "dropped", true), ("blast-radius", "42501", false)] {
        let room = Room::under(setup);
        let door = door(&room).await;
        let (host, port) = door.serving.at.split_once(':').unwrap();
        let password = &door.password;
        let url = format!("host={host} port={port} user={USER} dbname={DATABASE} password={password}");
        let mut command = Command::new(&python);
        command.args(["-c", PSYCOPG, &url, TABLE]);
        let told = well(&run(command).await);
        let whole = format!(
            r#"[[42, "o'neill", true, null], true, [7, 2.5, "x"], "CREATE TABLE", ["y"], [4], [4], "42703", [4], "{end}"]"#
        );
        assert_eq!(told.trim(), whole, "{setup}");
        assert_eq!(room.lost() > 0, expected, "{setup}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql_lists_reads_and_drops() {
    if Command::new("psql").arg("--version").output().is_err() {
        println!("skipped: there is no `psql`");
        return;
    }
    for (setup, dropped) in [("inherited", true), ("blast-radius", false)] {
        let room = Room::under(setup);
        let door = door(&room).await;
        let (host, port) = door.serving.at.split_once(':').unwrap();
        let go = async |sql: &str| {
            let mut command = Command::new("psql");
            command.args(["-X", "-h", host, "-p", port, "-U", USER, "-d", DATABASE, "-c", sql]);
            command.env("PGPASSWORD", &door.password);
            run(command).await
        };
        let listed = well(&go(r"\dt").await);
        assert!(listed.contains("List of relations") && listed.contains(TABLE), "{listed}");
        let counted = well(&go(&format!("select count(*) as n from {TABLE}")).await);
        assert!(counted.contains("(1 row)"), "{counted}");
        let output = go(&format!("drop table {TABLE} cascade")).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), dropped, "{said}");
        assert!(dropped || said.contains("ERROR:  denied by"), "{said}");
        assert_eq!(room.lost() > 0, dropped, "{setup}");
    }
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}
