//! Migrations one after another: which a database has had, which it has not, and which broke off.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::migration_plan as plan;
use super::migrations::{Project, failed, said};
use super::workspace;
use crate::World;
use crate::call::{Answer, Call};
use crate::sql::Data;
use crate::sql::schema::literal;

/// Where a database keeps what it has had.
pub(super) const TABLE: &str = "_prisma_migrations";
const MAKE: &str = "CREATE TABLE \"_prisma_migrations\" (\"migration_name\" TEXT PRIMARY KEY, \"started_at\" TIMESTAMPTZ NOT NULL, \
    \"finished_at\" TIMESTAMPTZ, \"rolled_back_at\" TIMESTAMPTZ, \"logs\" TEXT);\n";

/// How far a migration has come in a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Applied,
    Failed,
    RolledBack,
}

/// The migrations of the checkout, by name, with their SQL.
fn written(world: &World, project: &Project) -> BTreeMap<String, String> {
    let folder = format!("{}/migrations/", project.folder);
    let files = workspace::sources(world);
    let sql = |(path, text): (&String, &String)| {
        let name = path.strip_prefix(&folder)?.strip_suffix("/migration.sql")?;
        Some((name.to_owned(), text.clone()))
    };
    files.iter().filter_map(sql).collect()
}

/// What the database says that it has had; `None` if no migration was ever recorded in it.
fn recorded(data: &Data) -> Option<BTreeMap<String, Stage>> {
    let query =
        format!("select migration_name, finished_at, rolled_back_at from {TABLE} order by started_at");
    let rows = data.query(&query, &[]).ok()?;
    let is = |row: &serde_json::Map<String, Value>, name: &str| {
        row.get(name).is_some_and(|value| !value.is_null())
    };
    let stage = |row: serde_json::Map<String, Value>| {
        let stage = match (is(&row, "rolled_back_at"), is(&row, "finished_at")) {
            (true, _) => Stage::RolledBack,
            (false, true) => Stage::Applied,
            (false, false) => Stage::Failed,
        };
        Some((row.get("migration_name")?.as_str()?.to_owned(), stage))
    };
    Some(rows.into_iter().filter_map(stage).collect())
}

fn in_words(count: usize) -> String {
    match count {
        0 => "No migration found in prisma/migrations\n".to_owned(),
        1 => "1 migration found in prisma/migrations\n".to_owned(),
        n => format!("{n} migrations found in prisma/migrations\n"),
    }
}

fn pending(written: &BTreeMap<String, String>, had: &BTreeMap<String, Stage>) -> Vec<String> {
    let open = |name: &&String| !matches!(had.get(*name), Some(Stage::Applied | Stage::Failed));
    written.keys().filter(open).cloned().collect()
}

fn broken(had: &BTreeMap<String, Stage>) -> Option<&String> {
    had.iter().find(|(_, stage)| **stage == Stage::Failed).map(|(name, _)| name)
}

pub(super) fn status(world: &World, project: &Project) -> Answer {
    let written = written(world, project);
    let data = project.data(world)?;
    let text = format!("{}{}\n", project.header, in_words(written.len()));
    let Some(had) = recorded(&data) else {
        if data.counts().is_empty() {
            return said(text + "The database is empty.\n");
        }
        let hint = "The current database is not managed by Prisma Migrate.\n\nRead more about how to baseline an existing production \
                    database:\nhttps://pris.ly/d/migrate-baseline\n";
        return Ok(json!({"text": text + hint, "code": 1}));
    };
    if let Some(name) = broken(&had) {
        let hint = format!(
            "Following migration have failed:\n{name}\n\nDuring development if the failed migration(s) have not been deployed to a \
             production database you can then fix the migration(s) and run prisma migrate dev.\n\nThe failed migration(s) can be marked as \
             rolled back or applied:\n\n- If you rolled back the migration(s) manually:\nprisma migrate resolve --rolled-back \"{name}\"\n\n\
             - If you fixed the database manually (hotfix):\nprisma migrate resolve --applied \"{name}\"\n"
        );
        return Ok(json!({"text": text + &hint, "code": 1}));
    }
    let open = pending(&written, &had);
    if open.is_empty() {
        return said(text + "Database schema is up to date!\n");
    }
    let hint = format!(
        "Following migration have not yet been applied:\n{}\n\nTo apply migrations in development run prisma migrate dev.\nTo apply \
         migrations in production run prisma migrate deploy.\n",
        open.join("\n")
    );
    Ok(json!({"text": text + &hint, "code": 1}))
}

pub(super) fn deploy(world: &mut World, project: &Project) -> Answer {
    let (written, data) = (written(world, project), project.data(world)?);
    let had = recorded(&data);
    if had.is_none() && !data.counts().is_empty() {
        return failed(
            project,
            "P3005\n\nThe database schema is not empty. Read more about how to baseline an existing production database: https://pris.ly/d/migrate-baseline",
        );
    }
    let is_new = had.is_none();
    let had = had.unwrap_or_default();
    if let Some(name) = broken(&had) {
        let text = format!(
            "P3009\n\nmigrate found failed migrations in the target database, new migrations will not be applied. Read more about how to \
             resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\nThe `{name}` migration started at some \
             time before and failed"
        );
        return failed(project, &text);
    }
    let open = pending(&written, &had);
    let mut text = format!("{}{}\n", project.header, in_words(written.len()));
    if open.is_empty() {
        return said(text + "\nNo pending migrations to apply.\n");
    }
    if is_new {
        project.run(world, MAKE)?;
    }
    for name in &open {
        text.push_str(&format!("Applying migration `{name}`\n"));
        let sql = written.get(name).cloned().unwrap_or_default();
        if let Some(error) = project.run(world, &format!("{sql}\n;{}", record(name, true)))? {
            project.run(world, &record(name, false))?;
            let error = format!(
                "Error: P3018\n\nA migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more \
                 about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\nMigration name: \
                 {name}\n\n{error}\n"
            );
            return Ok(json!({"text": text, "stderr": error, "code": 1}));
        }
    }
    let applied = applied(&open);
    said(format!("{text}\n{applied}\nAll migrations have been successfully applied.\n"))
}

/// The tree of what was applied.
fn applied<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    let line = |name: &String| format!("  └─ {name}/\n    └─ migration.sql\n");
    let tree: String = names.into_iter().map(line).collect();
    format!("The following migration(s) have been applied:\n\nmigrations/\n{tree}")
}

/// SQL that notes a migration as applied, or as broken off.
fn record(name: &str, applied: bool) -> String {
    let name = literal(name);
    let finished = if applied { "CURRENT_TIMESTAMP" } else { "NULL" };
    format!(
        "DELETE FROM \"{TABLE}\" WHERE migration_name = {name} AND rolled_back_at IS NOT NULL;\n\
         INSERT INTO \"{TABLE}\" (migration_name, started_at, finished_at) VALUES ({name}, CURRENT_TIMESTAMP, {finished});\n"
    )
}

/// Drops everything, and applies all migrations from the first on.
pub(super) fn reset(world: &mut World, project: &Project, call: &Call) -> Answer {
    if !call.flag("force") {
        let text = "Prisma Migrate has detected that the environment is non-interactive. It is recommended to run this command in an \
                    interactive environment.\n\nUse --force to run this command without user interaction.\nSee \
                    https://www.prisma.io/docs/reference/api-reference/command-reference#migrate-reset";
        return failed(project, text);
    }
    let (written, data) = (written(world, project), project.data(world)?);
    let mut sql = plan::emptying(&data) + MAKE;
    for (name, text) in &written {
        sql.push_str(&format!("{text}\n;{}", record(name, true)));
    }
    if let Some(error) = project.run(world, &sql)? {
        return failed(project, &format!("P3018\n\n{error}"));
    }
    said(format!("{}Database reset successful\n\n{}", project.header, applied(written.keys())))
}

/// Notes a migration as applied or as taken back, without doing anything of it.
pub(super) fn resolve(world: &mut World, project: &Project, call: &Call) -> Answer {
    let (applied, taken_back) = (call.text("applied"), call.text("rolled-back"));
    let name = applied.or(taken_back).unwrap_or_default().to_owned();
    if !written(world, project).contains_key(&name) {
        let text = format!(
            "P3017\n\nThe migration {name} could not be found. Please make sure that the migration exists, and that you included the whole name of the directory."
        );
        return failed(project, &text);
    }
    let had = recorded(&project.data(world)?);
    let stage = had.as_ref().and_then(|had| had.get(&name).copied());
    let sql = match (applied.is_some(), stage) {
        (true, Some(Stage::Applied)) => {
            return failed(
                project,
                &format!("P3008\n\nThe migration `{name}` is already recorded as applied in the database."),
            );
        }
        (false, stage) if stage != Some(Stage::Failed) => {
            return failed(
                project,
                &format!(
                    "P3012\n\nMigration `{name}` cannot be rolled back because it is not in a failed state."
                ),
            );
        }
        (true, _) => format!(
            "DELETE FROM \"{TABLE}\" WHERE migration_name = {};\n{}",
            literal(&name),
            record(&name, true)
        ),
        (false, _) => format!(
            "UPDATE \"{TABLE}\" SET rolled_back_at = CURRENT_TIMESTAMP WHERE migration_name = {};\n",
            literal(&name)
        ),
    };
    if had.is_none() {
        project.run(world, MAKE)?;
    }
    if let Some(error) = project.run(world, &sql)? {
        return failed(project, &error);
    }
    let how = if applied.is_some() { "applied" } else { "rolled back" };
    said(format!("{}Migration {name} marked as {how}.\n", project.header))
}
