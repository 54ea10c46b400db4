//! A migration tool that runs in a container, as golang-migrate is one: numbered files in order, one number in the database, and a
//! mark on it where the last one broke off.

use std::collections::BTreeMap;

use serde_json::Value;

use super::docker_compose::database_of;
use super::docker_file::{Project, Service};
use super::migration_server::Server;
use super::workspace;
use crate::World;

const TABLE: &str = "schema_migrations";
const USAGE: &str = "Usage: migrate OPTIONS COMMAND [arg...]\n       migrate [ -version | -help ]\n\nCommands:\n  \
    goto V       Migrate to version V\n  up [N]       Apply all or N up migrations\n  \
    down [N] [-all]    Apply all or N down migrations\n  drop [-f]    Drop everything inside database\n  \
    force V      Set version V but don't run migration (ignores dirty state)\n  version      Print current migration version\n";

/// Whether a service is the tool.
pub(crate) fn is_tool(service: &Service) -> bool {
    service.image.starts_with("migrate/migrate")
}

/// What a run works on.
struct Run {
    server: Server,
    /// Files by number: title, upwards, downwards.
    files: BTreeMap<i64, (String, Option<String>, Option<String>)>,
    said: String,
}

/// Something that the tool says and ends with.
type Failed = String;

/// Runs the tool with the service's own words, or with others behind its entrypoint; what it says, and its exit code.
pub(super) fn run(
    world: &mut World,
    project: &Project,
    service: &Service,
    given: Option<Vec<String>>,
) -> (String, i64) {
    let mut words: Vec<String> = service.entrypoint.iter().skip(1).cloned().collect();
    words.extend(given.unwrap_or_else(|| service.command.clone()));
    let (mut path, mut url, mut rest) = (String::new(), String::new(), Vec::new());
    let mut left = words.into_iter();
    while let Some(word) = left.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if word.starts_with('-') => (name.to_owned(), Some(value.to_owned())),
            _ => (word.clone(), None),
        };
        match name.trim_start_matches('-') {
            "path" if word.starts_with('-') => path = value.or_else(|| left.next()).unwrap_or_default(),
            "database" if word.starts_with('-') => url = value.or_else(|| left.next()).unwrap_or_default(),
            "verbose" if word.starts_with('-') => {}
            _ => rest.push(word),
        }
    }
    let started = Run::of(world, project, service, (&path, &url));
    let done = started.and_then(|mut run| run.command(world, &rest).map(|()| run.said));
    match done {
        Ok(said) => (said, 0),
        Err(said) => (said, 1),
    }
}

impl Run {
    fn of(
        world: &World,
        project: &Project,
        service: &Service,
        (path, url): (&str, &str),
    ) -> Result<Self, Failed> {
        let mut server = Server::of(url)
            .ok_or_else(|| "error: database driver: unknown driver  (forgotten import?)\n".to_owned())?;
        server.host = database_of(world, project, &server.host).unwrap_or(server.host);
        let mounted =
            service.mounts.iter().find(|(_, target)| target == path).map(|(source, _)| source.as_str());
        let folder = mounted.map(|source| source.trim_start_matches("./").trim_end_matches('/'));
        let folder = folder.ok_or_else(|| format!("error: open {path}: no such file or directory\n"))?;
        let mut files: BTreeMap<i64, (String, Option<String>, Option<String>)> = BTreeMap::new();
        for (path, text) in workspace::sources(world).iter() {
            let Some(name) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else {
                continue;
            };
            let Some((number, rest)) = name.split_once('_') else { continue };
            let Ok(number) = number.parse::<i64>() else { continue };
            let Some((title, way)) = rest.strip_suffix(".sql").and_then(|rest| rest.rsplit_once('.')) else {
                continue;
            };
            let file = files.entry(number).or_default();
            title.clone_into(&mut file.0);
            match way {
                "up" => file.1 = Some(text.clone()),
                "down" => file.2 = Some(text.clone()),
                _ => {}
            }
        }
        Ok(Self { server, files, said: String::new() })
    }

    fn command(&mut self, world: &mut World, words: &[String]) -> Result<(), Failed> {
        if self.server.data(world).is_none() {
            return Err("error: dial tcp: lookup db: connection refused\n".to_owned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["up"] => self.up(world, usize::MAX),
            ["up", count] => {
                self.up(world, count.parse().map_err(|_| self.wrong("can't read limit argument N"))?)
            }
            ["down", "-all" | "--all"] => self.down(world, usize::MAX),
            ["down", count] => {
                self.down(world, count.parse().map_err(|_| self.wrong("can't read limit argument N"))?)
            }
            ["down"] => Err(self.wrong("can't read limit argument N")),
            ["version"] => match self.version(world) {
                None => Err("error: no migration\n".to_owned()),
                Some((version, dirty)) => {
                    let dirty = if dirty { " (dirty)" } else { "" };
                    self.said.push_str(&format!("{version}{dirty}\n"));
                    Ok(())
                }
            },
            ["force", version] => {
                let version = version.parse().map_err(|_| self.wrong("can't read version argument V"))?;
                self.note(world, Some(version).filter(|v: &i64| *v >= 0), false)
            }
            ["goto", version] => {
                self.go_to(world, version.parse().map_err(|_| self.wrong("can't read version argument V"))?)
            }
            ["drop", "-f"] => {
                let data = self.server.data(world).unwrap_or_else(crate::sql::Data::empty);
                self.sql(world, &super::migration_plan::emptying(&data)).map_err(|why| self.wrong(&why))
            }
            ["drop"] => Err("error: drop is not confirmed; give -f where no terminal asks\n".to_owned()),
            ["-version" | "--version"] => {
                self.said.push_str("4.17.1\n");
                Ok(())
            }
            _ => Err(USAGE.to_owned()),
        }
    }

    fn wrong(&self, why: &str) -> Failed {
        format!("{}error: {why}\n", self.said)
    }

    /// The number in the database, and the mark on it.
    fn version(&self, world: &World) -> Option<(i64, bool)> {
        let data = self.server.data(world)?;
        let row = data.query(&format!("select version, dirty from {TABLE}"), &[]).ok()?.into_iter().next()?;
        let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let is = |value: &Value| value.as_bool().unwrap_or_else(|| number(value) == Some(1));
        Some((number(row.get("version")?)?, row.get("dirty").is_some_and(is)))
    }

    fn clean(&self, world: &World) -> Result<Option<i64>, Failed> {
        match self.version(world) {
            Some((version, true)) => {
                Err(self.wrong(&format!("Dirty database version {version}. Fix and force version.")))
            }
            Some((version, false)) => Ok(Some(version)),
            None => Ok(None),
        }
    }

    fn up(&mut self, world: &mut World, most: usize) -> Result<(), Failed> {
        let now = self.clean(world)?;
        let pending: Vec<i64> =
            self.files.keys().copied().filter(|n| now.is_none_or(|now| *n > now)).take(most).collect();
        if pending.is_empty() {
            self.said.push_str("no change\n");
        }
        for number in pending {
            let file = self.files.get(&number).cloned().unwrap_or_default();
            self.step(world, (number, number, "u"), &file.0, &file.1.unwrap_or_default())?;
        }
        Ok(())
    }

    fn down(&mut self, world: &mut World, most: usize) -> Result<(), Failed> {
        let Some(now) = self.clean(world)? else { return Err(self.wrong("no change")) };
        let done: Vec<i64> = self.files.keys().rev().copied().filter(|n| *n <= now).take(most).collect();
        for number in done {
            let file = self.files.get(&number).cloned().unwrap_or_default();
            let Some(sql) = file.2 else {
                let name = format!("file does not exist: no down migration for version {number}");
                return Err(self.wrong(&name));
            };
            let before = self.files.keys().rev().copied().find(|n| *n < number).unwrap_or(-1);
            self.step(world, (number, before, "d"), &file.0, &sql)?;
        }
        Ok(())
    }

    fn go_to(&mut self, world: &mut World, version: i64) -> Result<(), Failed> {
        let now = self.clean(world)?;
        if !self.files.contains_key(&version) {
            return Err(self.wrong(&format!("no migration found for version {version}")));
        }
        let ahead = |n: &&i64| now.is_none_or(|now| **n > now) && **n <= version;
        let behind = |n: &&i64| now.is_some_and(|now| **n <= now) && **n > version;
        let (up, down) = (self.files.keys().filter(ahead).count(), self.files.keys().filter(behind).count());
        if down > 0 { self.down(world, down) } else { self.up(world, up) }
    }

    /// One file: the number is marked, the SQL is run, the mark is taken off. What breaks off leaves the mark.
    fn step(
        &mut self,
        world: &mut World,
        (number, after, way): (i64, i64, &str),
        title: &str,
        sql: &str,
    ) -> Result<(), Failed> {
        self.note(world, Some(number), true)?;
        if let Err(why) = self.sql(world, sql) {
            let line = sql.trim();
            return Err(format!(
                "{}error: migration failed: {why} in line 0: {line} (details: pq: {why})\n",
                self.said
            ));
        }
        self.note(world, Some(after).filter(|n| *n >= 0), false)?;
        self.said.push_str(&format!("{number}/{way} {title} (24.318ms)\n"));
        Ok(())
    }

    fn note(&self, world: &mut World, version: Option<i64>, dirty: bool) -> Result<(), Failed> {
        let row = version.map(|v| format!("INSERT INTO {TABLE} (version, dirty) VALUES ({v}, {dirty});\n"));
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (version bigint not null primary key, dirty boolean not null);\n\
             DELETE FROM {TABLE};\n{}",
            row.unwrap_or_default()
        );
        self.sql(world, &sql).map_err(|why| self.wrong(&why))
    }

    /// Runs SQL through the database's own door, all of it or none.
    fn sql(&self, world: &mut World, sql: &str) -> Result<(), String> {
        match self.server.run(world, sql).map_err(|refusal| refusal.message)? {
            Some(objection) => Err(objection.message),
            None => Ok(()),
        }
    }
}
