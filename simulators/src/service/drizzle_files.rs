//! Drizzle's migrations as files: written from the schema, numbered, and applied one after another.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::drizzle::{Project, unanswered};
use super::drizzle_diff::{asks, steps};
use super::drizzle_schema::{self as schema, NOTES, Table};
use super::migration_server::Server;
use super::{migrations, workspace};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::sql::schema::literal;

const BREAK: &str = "--> statement-breakpoint";
const BREAK_LINE: &str = "\n--> statement-breakpoint\n";
const CUSTOM: &str = "-- Custom SQL migration file, put your code below! --";
/// The tool names a migration by chance; here the migration itself is the chance.
const FIRST: [&str; 8] = ["broad", "calm", "dusty", "early", "fancy", "grey", "hollow", "keen"];
const SECOND: [&str; 8] = ["anchor", "beacon", "comet", "drifter", "ember", "falcon", "glacier", "harbour"];

/// A migration of the journal.
struct Entry {
    tag: String,
    /// When it was written, in milliseconds; those later than the last one noted are open.
    when: i64,
}

fn journal(world: &World, out: &str) -> Vec<Entry> {
    let text = workspace::read_file(world, &format!("{out}/meta/_journal.json")).unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let entries = value.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let entry = |entry: &Value| {
        Some(Entry { tag: entry.get("tag")?.as_str()?.to_owned(), when: entry.get("when")?.as_i64()? })
    };
    entries.iter().filter_map(entry).collect()
}

/// The newest snapshot, and its id.
fn last(world: &World, out: &str, count: usize) -> (Vec<Table>, String) {
    let path = format!("{out}/meta/{:04}_snapshot.json", count.saturating_sub(1));
    let text = workspace::read_file(world, &path).unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let id = value.get("id").and_then(Value::as_str).unwrap_or("00000000-0000-0000-0000-000000000000");
    (schema::of_snapshot(&value), id.to_owned())
}

fn hash(text: &str) -> String {
    crate::hex(&Sha256::digest(text.as_bytes()))
}

fn by_chance(sql: &str) -> String {
    let digest = Sha256::digest(sql.as_bytes());
    let pick = |names: &[&str; 8], at: usize| {
        let place = digest.get(at).map_or(0, |byte| usize::from(byte % 8));
        names.get(place).copied().unwrap_or_default().to_owned()
    };
    format!("{}_{}", pick(&FIRST, 0), pick(&SECOND, 1))
}

/// `generate`: what the schema has beyond the newest snapshot becomes a file of SQL.
pub(super) fn generate(world: &mut World, project: &mut Project, call: &Call) -> Answer {
    let (tables, entries) = (project.tables(world), journal(world, &project.out));
    let (before, previous) = last(world, &project.out, entries.len());
    let custom = call.flag("custom");
    let mut said = project.said.clone();
    let sql = match custom {
        true => {
            said.push_str("Prepared empty file for your custom SQL migration!\n");
            CUSTOM.to_owned()
        }
        false if asks(&before, &tables) => return unanswered(&said),
        false => {
            said.push_str(&counted(&tables));
            let all: Vec<String> = steps(&before, &tables, true).iter().map(|step| step.sql()).collect();
            all.join(BREAK_LINE)
        }
    };
    if sql.is_empty() {
        said.push_str("No schema changes, nothing to migrate 😴\n");
        return migrations::said(said);
    }
    let named = call.text("name").map_or_else(|| by_chance(&sql), str::to_owned);
    let tag = format!("{:04}_{named}", entries.len());
    let kept = if custom { &before } else { &tables };
    write(world, &project.out, (&tag, &sql), &entries, &after(kept, &previous, &tag))?;
    said.push_str(&format!("[✓] Your SQL migration file ➜ {}/{tag}.sql 🚀\n", project.out));
    migrations::said(said)
}

fn counted(tables: &[Table]) -> String {
    let line = |table: &Table| {
        let (columns, keys) = (table.columns.len(), table.refers.len());
        format!("{} {columns} columns 0 indexes {keys} fks\n", table.name)
    };
    format!("{} tables\n{}\n", tables.len(), tables.iter().map(line).collect::<String>())
}

/// The snapshot behind a migration.
fn after(tables: &[Table], previous: &str, tag: &str) -> Value {
    let id = crate::dashed(&hash(&format!("{previous}/{tag}")));
    json!({
        "id": id, "prevId": previous, "version": "7", "dialect": "postgresql", "tables": schema::snapshot(tables),
        "enums": {}, "schemas": {}, "sequences": {}, "roles": {}, "policies": {}, "views": {},
        "_meta": {"columns": {}, "schemas": {}, "tables": {}}
    })
}

fn write(
    world: &mut World,
    out: &str,
    (tag, sql): (&str, &str),
    entries: &[Entry],
    snapshot: &Value,
) -> Result<(), Refusal> {
    let shown = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let entry = |(idx, (tag, when)): (usize, (&str, i64))| json!({"idx": idx, "version": "7", "when": when, "tag": tag, "breakpoints": true});
    let now = world.now().unix().saturating_mul(1000);
    let all = entries.iter().map(|entry| (entry.tag.as_str(), entry.when)).chain([(tag, now)]);
    let all: Vec<Value> = all.enumerate().map(entry).collect();
    let journal = json!({"version": "7", "dialect": "postgresql", "entries": all});
    let count = entries.len();
    workspace::put_file(world, &format!("{out}/{tag}.sql"), sql.to_owned())?;
    workspace::put_file(world, &format!("{out}/meta/{count:04}_snapshot.json"), shown(snapshot))?;
    workspace::put_file(world, &format!("{out}/meta/_journal.json"), shown(&journal))
}

/// `check`: whether the files agree with each other.
pub(super) fn check(world: &World, project: &Project) -> Answer {
    let entries = journal(world, &project.out);
    let lacks = (0..entries.len()).find(|n| {
        workspace::read_file(world, &format!("{}/meta/{n:04}_snapshot.json", project.out)).is_none()
    });
    match lacks {
        Some(n) => {
            let text = format!("{}/meta/{n:04}_snapshot.json data is malformed\n", project.out);
            Ok(json!({"text": project.said, "stderr": text, "code": 1}))
        }
        None => migrations::said(format!("{}Everything's fine 🐶🔥\n", project.said)),
    }
}

/// `migrate`: applies what is later than the last one noted, all of it or none; what fails is not told.
pub(super) fn migrate(world: &mut World, project: &mut Project) -> Answer {
    let server = match project.server() {
        Ok(server) => server,
        Err(answer) => return Ok(answer),
    };
    let failed = |project: &Project| {
        Ok(json!({"text": format!("{}[⣷] applying migrations...", project.said), "code": 1}))
    };
    let Some(sql) = open(world, project, &server) else { return failed(project) };
    if !sql.is_empty() && server.run(world, &sql)?.is_some() {
        return failed(project);
    }
    migrations::said(format!("{}[✓] migrations applied successfully!", project.said))
}

/// All that is to be applied, as one script; `None`: the database cannot be reached, or a file is not there.
fn open(world: &World, project: &Project, server: &Server) -> Option<String> {
    let data = server.data(world)?;
    let query = format!("select max(created_at) as last from {NOTES}");
    let noted = data.query(&query, &[]).ok();
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let last = noted.as_ref().and_then(|rows| number(rows.first()?.get("last")?));
    let mut sql = String::new();
    if noted.is_none() {
        sql.push_str(&format!(
            "CREATE TABLE \"{NOTES}\" (id integer PRIMARY KEY, hash text NOT NULL, created_at bigint);\n"
        ));
    }
    for entry in journal(world, &project.out).iter().filter(|entry| last.is_none_or(|last| entry.when > last))
    {
        let text = workspace::read_file(world, &format!("{}/{}.sql", project.out, entry.tag))?;
        sql.push_str(&text.replace(BREAK, "\n"));
        sql.push_str(&format!(
            "\n;INSERT INTO \"{NOTES}\" (id, hash, created_at) SELECT coalesce(max(id), 0) + 1, {}, {} FROM \"{NOTES}\";\n",
            literal(&hash(&text)),
            entry.when
        ));
    }
    Some(sql)
}
