//! A migration tool as Drizzle Kit is one: a schema written in code is pushed to a database, or comes to it by files of SQL.
//!
//! It works through the database's own door, on the rows that are there. It was watched at work (0.31.11, without a terminal):
//! a question that nobody can answer ends it with an error on standard error and an exit code of 0, and nothing was done; a
//! migration that fails ends it with 1 and without a word. `--force` answers one question alone, that about losses, and answers
//! it by truncating.

use serde_json::{Value, json};

use super::drizzle_diff::{Step, asks, steps};
use super::drizzle_schema::{self as schema, Table};
use super::drizzle_source::{bare, texts, within};
use super::migration_server::Server;
use super::{drizzle_files as files, migrations, workspace};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::sql::Data;
use crate::sql::schema::quoted;

/// Where its settings are looked for.
const CONFIGS: &[&str] = &["drizzle.config.ts", "drizzle.config.js"];
const NO_TERMINAL: &str = "Error: Interactive prompts require a TTY terminal (process.stdin.isTTY or process.stdout.isTTY is false). \
    This can happen when running in CI, piped input, or non-interactive shells.\n";
const NOT_BACK: &str =
    "\nTHIS ACTION WILL CAUSE DATA LOSS AND CANNOT BE REVERTED\n\nDo you still want to push changes?\n";

/// What the settings say, and what was printed so far.
pub(super) struct Project {
    /// The schema file.
    schema: String,
    /// Where migrations are written.
    pub out: String,
    url: Option<String>,
    pub verbose: bool,
    pub strict: bool,
    pub said: String,
}

pub(super) fn apply(world: &mut World, call: &Call) -> Answer {
    let mut project = match Project::of(world, call) {
        Ok(project) => project,
        Err(said) => return Ok(json!({"text": said, "code": 1})),
    };
    match call.operation.as_str() {
        "DrizzlePush" => push(world, &mut project, call),
        "DrizzleGenerate" => files::generate(world, &mut project, call),
        "DrizzleMigrate" => files::migrate(world, &mut project),
        "DrizzleCheck" => files::check(world, &project),
        other => Err(Refusal::new("InvalidAction", format!("the operation {other} is not known here"))),
    }
}

/// What of the schema file is not understood here, if anything.
pub(crate) fn beyond(world: &World, config: Option<&str>) -> Option<String> {
    let settings = settings(world, config).ok()?.1;
    let text = workspace::read_file(world, &schema_file(&settings))?;
    schema::tables(&text).err()
}

/// The instance that a command works on; empty if it means none. `given` is a `DATABASE_URL` in front of it.
pub(crate) fn instance(world: &World, config: Option<&str>, given: Option<&str>) -> String {
    let settings = settings(world, config).map(|(_, text)| text).unwrap_or_default();
    migrations::instance(address(world, &settings, given).as_deref())
}

/// The address of the database that is meant: what was given, or what the settings say, or what the environment does.
fn address(world: &World, settings: &str, given: Option<&str>) -> Option<String> {
    let given = given.map(str::to_owned).or_else(|| setting(settings, "url"));
    given.or_else(|| migrations::from_env(world))
}

/// The text of the settings, after what is printed about where they are; an error is all that is printed.
fn settings(world: &World, config: Option<&str>) -> Result<(String, String), String> {
    let root = workspace::root(world);
    let found = CONFIGS.iter().copied().find(|path| workspace::read_file(world, path).is_some());
    let path = config.or(found).unwrap_or("drizzle.config.json");
    let told = match config {
        Some(_) => String::new(),
        None => format!("No config path provided, using default '{path}'\n"),
    };
    match workspace::read_file(world, path) {
        Some(text) => Ok((format!("{told}Reading config file '{root}/{path}'\n"), bare(&text))),
        None => Err(format!("{told}{root}/{path} file does not exist\n")),
    }
}

/// The text behind a key of the settings.
fn setting(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("{key}:"))?;
    texts(rest.split([',', '\n']).next()?).into_iter().next()
}

fn schema_file(settings: &str) -> String {
    let path = setting(settings, "schema").unwrap_or_default();
    path.trim_start_matches("./").to_owned()
}

impl Project {
    fn of(world: &World, call: &Call) -> Result<Self, String> {
        let (said, text) = settings(world, call.text("config"))?;
        let is_on = |name: &str| call.flag(name) || within(&text, &format!("{name}:")) == Some("true");
        Ok(Self {
            schema: schema_file(&text),
            out: setting(&text, "out")
                .map_or("drizzle".to_owned(), |p| p.trim_start_matches("./").to_owned()),
            url: address(world, &text, call.text("url")),
            verbose: is_on("verbose"),
            strict: is_on("strict"),
            said,
        })
    }

    /// The tables that the schema file declares.
    pub fn tables(&self, world: &World) -> Vec<Table> {
        let text = workspace::read_file(world, &self.schema).unwrap_or_default();
        schema::tables(&text).unwrap_or_default()
    }

    /// The database that the settings mean; an answer if there is none.
    pub fn server(&mut self) -> Result<Server, Value> {
        let server = self.url.as_deref().and_then(Server::of);
        self.said.push_str("Using 'pg' driver for database querying\n");
        server.ok_or_else(|| {
            let text = " Error  Please provide required params for Postgres driver:\n    [x] url: ''\n";
            json!({"text": self.said, "stderr": text, "code": 1})
        })
    }
}

/// A question that nobody is there to answer: nothing is done, and the exit code is that of success.
pub(super) fn unanswered(said: &str) -> Answer {
    Ok(json!({"text": said, "stderr": NO_TERMINAL, "code": 0}))
}

/// What a push would do, and what it would ask.
#[derive(Default)]
struct Push {
    statements: Vec<String>,
    /// What would be lost.
    losses: Vec<String>,
    /// What is asked at once, whatever was given.
    asked: Option<String>,
}

impl Push {
    fn of(steps: &[Step<'_>], data: &Data) -> Self {
        let mut push = Self::default();
        for step in steps {
            push.take(step, data);
            push.statements.push(step.sql());
        }
        // A table is truncated once, however many of its columns want it.
        let mut seen = std::collections::BTreeSet::new();
        push.statements.retain(|statement| seen.insert(statement.clone()));
        push
    }

    fn take(&mut self, step: &Step<'_>, data: &Data) {
        let items = |table: &Table| data.counts().get(&table.name).copied().unwrap_or(0);
        let truncated = |table: &Table| format!("truncate table {} cascade;", quoted(&table.name));
        match *step {
            Step::Drop(table) if items(table) > 0 => {
                self.losses.push(format!(
                    "· You're about to delete {} table with {} items",
                    table.name,
                    items(table)
                ));
            }
            Step::Remove(table, column) if items(table) > 0 => self.losses.push(format!(
                "· You're about to delete {} column in {} table with {} items",
                column.name,
                table.name,
                items(table)
            )),
            Step::Retype(table, column, from) if items(table) > 0 => {
                self.losses.push(format!(
                    "· You're about to change {} column type from {from} to {} with {} items",
                    column.name,
                    column.kind,
                    items(table)
                ));
                self.statements.push(truncated(table));
            }
            Step::Add(table, column) if column.required && column.default.is_none() && items(table) > 0 => {
                self.losses.push(format!(
                    "· You're about to add not-null {} column without default value, which contains {} items",
                    column.name,
                    items(table)
                ));
                self.statements.push(truncated(table));
            }
            Step::Unique(table, columns) if items(table) > 0 => {
                self.asked.get_or_insert_with(|| format!(
                    "· You're about to add {} unique constraint to the table, which contains {} items. If this statement fails, you will \
                     receive an error from the database. Do you want to truncate {} table?\n\n",
                    table.unique_name(columns),
                    items(table),
                    table.name
                ));
            }
            _ => {}
        }
    }
}

/// Makes the database agree with the schema file, whatever else is in it.
fn push(world: &mut World, project: &mut Project, call: &Call) -> Answer {
    let server = match project.server() {
        Ok(server) => server,
        Err(answer) => return Ok(answer),
    };
    let mut said = project.said.clone();
    let Some(data) = server.data(world) else {
        said.push_str("[⣷] Pulling schema from database...\n");
        return Ok(json!({"text": said, "code": 1}));
    };
    said.push_str("[✓] Pulling schema from database...\n");
    let (old, new) = (schema::of_database(&data), project.tables(world));
    if asks(&old, &new) {
        return unanswered(&said);
    }
    let all = steps(&old, &new, false);
    if all.is_empty() {
        said.push_str("[i] No changes detected\n");
        return migrations::said(said);
    }
    let push = Push::of(&all, &data);
    if let Some(asked) = push.asked {
        return unanswered(&(said + &asked));
    }
    if project.verbose {
        let statements = push.statements.join("\n");
        said.push_str(&format!(
            "\n Warning  You are about to execute current statements:\n\n{statements}\n\n"
        ));
    }
    match (call.flag("force"), push.losses.is_empty()) {
        (true, _) => {}
        (false, false) => {
            let losses = push.losses.join("\n");
            return unanswered(&format!("{said} Warning  Found data-loss statements:\n{losses}\n{NOT_BACK}"));
        }
        (false, true) if project.strict => return unanswered(&said),
        (false, true) => {}
    }
    for statement in &push.statements {
        if let Some(objection) = server.run(world, statement)? {
            return Ok(json!({"text": said, "stderr": format!("error: {}\n", objection.message), "code": 1}));
        }
    }
    said.push_str("[✓] Changes applied\n");
    migrations::said(said)
}
