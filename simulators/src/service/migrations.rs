//! A migration tool as Prisma is one: it compares what a schema file says with what stands in a database, and makes them agree.
//!
//! It works through the database's own door, on the rows that are there: what a push drops is dropped by the SQL engine. Which
//! database it means is in `DATABASE_URL`, given with the command or in the checkout's `.env`.

use serde_json::json;

use super::migration_history as history;
use super::migration_plan::{self as plan, Plan};
use super::migration_schema::{self as schema, Model};
use super::migration_server::Server;
use super::{drizzle, workspace};
use crate::World;
use crate::call::{Answer, Call, Operation, Refusal};
use crate::sql::Data;

/// What this service knows how to do.
pub const OPERATIONS: &[Operation] = &[
    Operation::read("MigrateStatus", "rds-db:connect"),
    Operation::read("MigrateDiff", "rds-db:connect"),
    Operation::write("MigrateDeploy", "rds-db:connect"),
    Operation::write("MigrateReset", "rds-db:connect"),
    Operation::write("MigrateResolve", "rds-db:connect"),
    Operation::write("DbExecute", "rds-db:connect"),
    Operation::write("DbPush", "rds-db:connect"),
    Operation::write("DrizzlePush", "rds-db:connect"),
    Operation::write("DrizzleGenerate", "workspace:WriteFile"),
    Operation::write("DrizzleMigrate", "rds-db:connect"),
    Operation::read("DrizzleCheck", "workspace:ReadFile"),
];

/// Where the schema file stands unless another is named.
const SCHEMA: &str = "prisma/schema.prisma";

/// What a command works on.
pub(super) struct Project {
    /// The schema file's folder.
    pub folder: String,
    /// What the schema file says.
    pub models: Vec<Model>,
    server: Server,
    /// The first lines of each answer.
    pub header: String,
}

pub(crate) fn apply(world: &mut World, call: &Call) -> Answer {
    if call.operation.starts_with("Drizzle") {
        return drizzle::apply(world, call);
    }
    let project = Project::of(world, call)?;
    match call.operation.as_str() {
        "MigrateStatus" => history::status(world, &project),
        "MigrateDeploy" => history::deploy(world, &project),
        "MigrateReset" => history::reset(world, &project, call),
        "MigrateResolve" => history::resolve(world, &project, call),
        "MigrateDiff" => diff(world, &project, call),
        "DbExecute" => execute(world, &project, call),
        "DbPush" => push(world, &project, call),
        other => Err(Refusal::new("InvalidAction", format!("the operation {other} is not known here"))),
    }
}

/// An answer with an exit code of 0.
pub(super) fn said(text: String) -> Answer {
    Ok(json!({"text": text, "code": 0}))
}

/// An error of the tool's, on standard error, with an exit code of 1.
pub(super) fn failed(project: &Project, text: &str) -> Answer {
    Ok(json!({"text": project.header, "stderr": format!("Error: {text}\n"), "code": 1}))
}

impl Project {
    fn of(world: &World, call: &Call) -> Result<Self, Refusal> {
        let path = call.text("schema").unwrap_or(SCHEMA);
        let missing = || {
            let text = format!(
                "Could not find Prisma Schema that is required for this command.\nYou can either provide it with `--schema` argument, \
                 or put it into your project folder as {SCHEMA}"
            );
            Refusal::new("P1012", text)
        };
        let text = workspace::read_file(world, path).ok_or_else(missing)?;
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
        let given = call.text("url").map(str::to_owned);
        let loaded = if given.is_some() { "" } else { "Environment variables loaded from .env\n" };
        let url = given.or_else(|| from_env(world)).ok_or_else(|| {
            Refusal::new("P1012", "Environment variable not found: DATABASE_URL.\n  -->  schema.prisma")
        })?;
        let server = Server::of(&url).ok_or_else(|| {
            Refusal::new("P1013", "The provided database string is invalid. It must begin with postgresql://")
        })?;
        let models = schema::models(&text);
        let header = format!(
            "{loaded}Prisma schema loaded from {path}\nDatasource \"db\": PostgreSQL database \"{}\", schema \"public\" at \"{}:5432\"\n\n",
            server.database, server.host
        );
        Ok(Self { folder, models, server, header })
    }

    /// What is in the database now.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn data(&self, world: &World) -> Result<Data, Refusal> {
        self.server.data(world).ok_or_else(|| {
            let at = format!("{}:5432", self.server.host);
            Refusal::new("P1001", format!("P1001: Can't reach database server at `{at}`\n\nPlease make sure your database server is running at `{at}`."))
        })
    }

    /// Runs SQL through the database's own door, all of it or none. `Some`: what the database said against it.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub fn run(&self, world: &mut World, sql: &str) -> Result<Option<String>, Refusal> {
        self.data(world)?;
        let said = self.server.run(world, sql)?;
        Ok(said.map(|o| format!("Database error code: {}\n\nDatabase error:\nERROR: {}", o.state, o.message)))
    }
}

/// `DATABASE_URL` in the checkout's `.env`, or in the one beside the schema.
pub(crate) fn from_env(world: &World) -> Option<String> {
    let line = |text: String| {
        let found =
            text.lines().find_map(|line| line.trim().strip_prefix("DATABASE_URL=").map(str::to_owned));
        found.map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    [".env", "prisma/.env"].iter().find_map(|path| workspace::read_file(world, path).and_then(line))
}

/// The instance that an address means; empty if it means none.
pub(crate) fn instance(url: Option<&str>) -> String {
    url.and_then(Server::of).map(|server| server.instance().to_owned()).unwrap_or_default()
}

fn diff(world: &World, project: &Project, call: &Call) -> Answer {
    let plan = Plan::of(&project.models, &project.data(world)?);
    let text = match (call.flag("script"), plan.steps.is_empty()) {
        (_, true) if call.flag("script") => "-- This is an empty migration.".to_owned(),
        (_, true) => "No difference detected.\n".to_owned(),
        (true, _) => plan.sql(),
        (false, _) => plan.summary(),
    };
    let code = i64::from(call.flag("exit-code") && !plan.steps.is_empty()).saturating_mul(2);
    Ok(json!({"text": text, "code": code}))
}

fn execute(world: &mut World, project: &Project, call: &Call) -> Answer {
    let path = call.text("file").unwrap_or_default();
    let Some(sql) = workspace::read_file(world, path) else {
        return Ok(
            json!({"stderr": format!("Error: Provided --file at {path} doesn't exist.\n"), "code": 1}),
        );
    };
    match project.run(world, &sql)? {
        None => said("Script executed successfully.\n".to_owned()),
        Some(error) => Ok(json!({"stderr": format!("Error: P1014\n\n{error}\n"), "code": 1})),
    }
}

/// Makes the database agree with the schema file, whatever else is in it.
fn push(world: &mut World, project: &Project, call: &Call) -> Answer {
    let data = project.data(world)?;
    let mut text = project.header.clone();
    if call.flag("force-reset") {
        let fresh = Plan::of(&project.models, &Data::empty());
        let sql = format!("{}{}", plan::emptying(&data), fresh.sql());
        if let Some(error) = project.run(world, &sql)? {
            return failed(project, &error);
        }
        text.push_str(&format!(
            "The PostgreSQL database \"{}\" schema \"public\" at \"{}:5432\" was successfully reset.\n\n\
             Your database is now in sync with your Prisma schema. Done in 312ms\n",
            project.server.database, project.server.host
        ));
        return said(text);
    }
    let plan = Plan::of(&project.models, &data);
    if plan.steps.is_empty() {
        return said(text + "The database is already in sync with the Prisma schema.\n");
    }
    if !plan.impossible.is_empty() {
        let steps: String = plan.impossible.iter().map(|step| format!("  • {step}\n")).collect();
        let advice = "You may use the --force-reset flag to drop the database before push like \
                      prisma db push --force-reset\nAll data will be lost.\n";
        return Ok(
            json!({"text": text, "stderr": format!("\nWe found changes that cannot be executed:\n\n{steps}\n{advice}"), "code": 1}),
        );
    }
    if !plan.warnings.is_empty() && !call.flag("accept-data-loss") {
        let warnings: String = plan.warnings.iter().map(|warning| format!("  • {warning}\n")).collect();
        let advice = "Error: Use the --accept-data-loss flag to ignore the data loss warnings like prisma db push --accept-data-loss\n";
        text.push_str(&format!("\nThere might be data loss when applying the changes:\n\n{warnings}\n"));
        return Ok(json!({"text": text, "stderr": advice, "code": 1}));
    }
    if let Some(error) = project.run(world, &plan.sql())? {
        return failed(project, &error);
    }
    said(text + "Your database is now in sync with your Prisma schema. Done in 148ms\n")
}
