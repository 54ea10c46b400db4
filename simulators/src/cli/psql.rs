//! The `psql` dialect: options, connection, script.
//!
//! How scripts are cut stands in [`super::psql_script`], how answers are printed in [`super::psql_print`].

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::psql_print::Print;
use super::psql_script::{self as script, Unsimulated};
use super::{Parsed, Reply};
use crate::World;
use crate::call::{Answer, Call, Service};
use crate::service::database_keepers::Keeper;

/// How to print an answer.
#[derive(Clone, Debug)]
pub struct Output {
    print: Print,
}

impl Output {
    pub(super) fn reply(&self, answer: &Answer) -> Reply {
        match answer {
            Ok(answer) => self.print.clone().answer(answer),
            Err(refusal) if refusal.code.contains("AccessDenied") => Reply::failed(
                2,
                format!("psql: error: FATAL:  PAM authentication failed: {}\n", refusal.message),
            ),
            Err(refusal) => Reply::failed(2, format!("psql: error: {}\n", refusal.message)),
        }
    }
}

/// Short letter (or a space), long name, whether it takes a value, whether it is simulated.
const OPTIONS: &[(char, &str, bool, bool)] = &[
    ('a', "echo-all", false, false),
    ('A', "no-align", false, true),
    ('b', "echo-errors", false, true),
    ('c', "command", true, true),
    (' ', "csv", false, true),
    ('d', "dbname", true, true),
    ('e', "echo-queries", false, false),
    ('E', "echo-hidden", false, false),
    ('f', "file", true, true),
    ('F', "field-separator", true, true),
    ('h', "host", true, true),
    ('H', "html", false, false),
    ('l', "list", false, true),
    ('L', "log-file", true, false),
    ('n', "no-readline", false, true),
    ('1', "single-transaction", false, true),
    ('o', "output", true, false),
    ('p', "port", true, true),
    ('P', "pset", true, true),
    ('q', "quiet", false, true),
    ('R', "record-separator", true, false),
    ('s', "single-step", false, false),
    ('S', "single-line", false, false),
    ('t', "tuples-only", false, true),
    ('T', "table-attr", true, false),
    ('U', "username", true, true),
    ('v', "set", true, true),
    (' ', "variable", true, true),
    ('V', "version", false, true),
    ('w', "no-password", false, true),
    ('W', "password", false, true),
    ('x', "expanded", false, true),
    ('X', "no-psqlrc", false, true),
    ('z', "field-separator-zero", false, false),
    ('0', "record-separator-zero", false, false),
    ('?', "help", false, true),
];

const VERSION: &str = "psql (PostgreSQL) 15.8\n";
const HELP: &str = "psql is the PostgreSQL interactive terminal.\n\nUsage:\n  psql [OPTION]... [DBNAME [USERNAME]]\n\n\
General options:\n  -c, --command=COMMAND    run only single command (SQL or internal) and exit\n  \
-d, --dbname=DBNAME      database name to connect to\n  -f, --file=FILENAME      execute commands from file, then exit\n  \
-l, --list               list available databases, then exit\n  -v, --set=, --variable=NAME=VALUE\n                           \
set psql variable NAME to VALUE\n  -X, --no-psqlrc          do not read startup file (~/.psqlrc)\n  \
-1 (\"one\"), --single-transaction\n                           execute as a single transaction (if non-interactive)\n\n\
Input and output options:\n  -q, --quiet              run quietly (no messages, only query output)\n\n\
Output format options:\n  -A, --no-align           unaligned table output mode\n      \
--csv                CSV (Comma-Separated Values) table output mode\n  -F, --field-separator=STRING\n                           \
field separator for unaligned output (default: \"|\")\n  -P, --pset=VAR[=ARG]     set printing option VAR to ARG\n  \
-t, --tuples-only        print rows only\n  -x, --expanded           turn on expanded table output\n\n\
Connection options:\n  -h, --host=HOSTNAME      database server host or socket directory\n  \
-p, --port=PORT          database server port (default: \"5432\")\n  -U, --username=USERNAME  database user name\n  \
-w, --no-password        never prompt for password\n";

/// What the options amount to.
#[derive(Default)]
struct Asked {
    connection: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    print: Print,
    /// `-c` and `-f` in their order: is it a file, and its text or path.
    actions: Vec<(bool, String)>,
    list: bool,
    single_transaction: bool,
    positional: Vec<String>,
}

/// Why no call is made.
enum Stop {
    Says(Reply),
    Unsimulated(String),
}

pub(super) fn parse(world: &World, words: &[String]) -> Parsed {
    let at = words.iter().position(|w| w == "psql").unwrap_or(0);
    let (before, after) = words.split_at(at);
    let mut asked = Asked::default();
    asked.environment(before);
    let read = asked.options(after.get(1..).unwrap_or_default()).and_then(|()| asked.script(world));
    match read {
        Ok(script) => asked.call(world, script),
        Err(Stop::Says(reply)) => Parsed::Answer { reply, unsimulated: false },
        Err(Stop::Unsimulated(what)) => Parsed::Answer { reply: Reply::failed(1, what), unsimulated: true },
    }
}

fn usage(complaint: &str) -> Stop {
    Stop::Says(Reply::failed(
        1,
        format!("psql: {complaint}\npsql: hint: Try \"psql --help\" for more information.\n"),
    ))
}

impl Asked {
    /// `PGHOST=… PGUSER=… psql`.
    fn environment(&mut self, words: &[String]) {
        for (name, value) in words.iter().filter_map(|w| w.split_once('=')) {
            let keyword = match name {
                "PGHOST" | "PGHOSTADDR" => "host",
                "PGPORT" => "port",
                "PGUSER" => "user",
                "PGDATABASE" => "dbname",
                "PGPASSWORD" => "password",
                _ => continue,
            };
            self.connection.insert(keyword.to_owned(), value.to_owned());
        }
    }

    fn options(&mut self, words: &[String]) -> Result<(), Stop> {
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if word == "--" {
                self.positional.extend(words.by_ref().map(str::to_owned));
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (long, None),
                };
                let (key, takes) = long_option(name).map_err(|complaint| usage(&complaint))?;
                let value = match (takes, value) {
                    (true, None) => words.next(),
                    (false, Some(_)) => {
                        return Err(usage(&format!("option '--{name}' doesn't allow an argument")));
                    }
                    (_, value) => value,
                };
                if takes && value.is_none() {
                    return Err(usage(&format!("option '--{name}' requires an argument")));
                }
                self.option(&key, value.unwrap_or(""))?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) {
                self.letters(letters, &mut words)?;
            } else {
                self.positional.push(word.to_owned());
            }
        }
        self.place_positional()
    }

    /// `-Atc 'select 1'`, `-hhost`.
    fn letters<'w>(
        &mut self,
        letters: &'w str,
        words: &mut impl Iterator<Item = &'w str>,
    ) -> Result<(), Stop> {
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = rest.get(letter.len_utf8()..).unwrap_or("");
            let known = OPTIONS.iter().find(|(short, ..)| *short == letter && letter != ' ');
            let Some((_, long, takes, _)) = known else {
                return Err(usage(&format!("invalid option -- '{letter}'")));
            };
            if !takes {
                self.option(long, "")?;
                continue;
            }
            let value = if rest.is_empty() { words.next() } else { Some(rest) };
            let Some(value) = value else {
                return Err(usage(&format!("option requires an argument -- '{letter}'")));
            };
            return self.option(long, value);
        }
        Ok(())
    }

    fn option(&mut self, name: &str, value: &str) -> Result<(), Stop> {
        if OPTIONS.iter().any(|(_, long, _, simulated)| *long == name && !simulated) {
            return Err(Stop::Unsimulated(format!(
                "psql: error: the option --{name} is not available here\n"
            )));
        }
        let mut connect = |keyword: &str| self.connection.insert(keyword.to_owned(), value.to_owned());
        match name {
            "help" => return Err(Stop::Says(Reply::ok(HELP))),
            "version" => return Err(Stop::Says(Reply::ok(VERSION))),
            "host" => drop(connect("host")),
            "port" => drop(connect("port")),
            "username" => drop(connect("user")),
            "dbname" => self.target(value),
            "command" => self.actions.push((false, value.to_owned())),
            "file" => self.actions.push((true, value.to_owned())),
            "list" => self.list = true,
            "single-transaction" => self.single_transaction = true,
            "set" | "variable" => {
                let (name, value) = value.split_once('=').unwrap_or((value, ""));
                self.variables.insert(name.to_owned(), value.to_owned());
            }
            "pset" => {
                let (name, value) = value.split_once('=').unwrap_or((value, ""));
                if !self.print.set(name, value) {
                    let complaint = format!("psql: error: \\pset: unknown option: {name}\n");
                    return Err(Stop::Says(Reply::failed(1, complaint)));
                }
            }
            "no-align" => drop(self.print.set("format", "unaligned")),
            "csv" => drop(self.print.set("format", "csv")),
            "field-separator" => drop(self.print.set("fieldsep", value)),
            "tuples-only" => drop(self.print.set("tuples_only", "on")),
            "expanded" => drop(self.print.set("expanded", "on")),
            "quiet" => drop(self.print.set("quiet", "on")),
            _ => {}
        }
        Ok(())
    }

    fn place_positional(&mut self) -> Result<(), Stop> {
        let mut given = std::mem::take(&mut self.positional).into_iter();
        if let Some(first) = given.next() {
            if self.connection.contains_key("dbname") {
                self.connection.insert("user".to_owned(), first);
            } else {
                self.target(&first);
            }
        }
        if let Some(user) = given.next() {
            self.connection.insert("user".to_owned(), user);
        }
        Ok(())
    }

    /// A database's name, or a whole connection: `host=… dbname=…` or `postgresql://…`.
    fn target(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
            self.url(rest);
        } else if text.contains('=') {
            for pair in shell_words::split(text).unwrap_or_default() {
                if let Some((name, value)) = pair.split_once('=') {
                    self.connection.insert(name.to_owned(), value.to_owned());
                }
            }
        } else if !text.is_empty() {
            self.connection.insert("dbname".to_owned(), text.to_owned());
        }
    }

    fn url(&mut self, rest: &str) {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, server) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let pairs =
            [("host", host), ("port", port), ("user", user), ("password", password), ("dbname", database)];
        for (name, value) in pairs {
            if !value.is_empty() {
                self.connection.insert(name.to_owned(), unescaped(value));
            }
        }
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            self.connection.insert(name.to_owned(), unescaped(value));
        }
    }

    fn script(&mut self, world: &World) -> Result<Vec<Value>, Stop> {
        let gap = |u: Unsimulated| match u {
            Unsimulated::Command(name) => Stop::Unsimulated(format!("invalid command \\{name}\n")),
            Unsimulated::Said(text) => Stop::Says(Reply::failed(1, text)),
        };
        let mut steps = Vec::new();
        if self.list {
            self.connection.entry("dbname".to_owned()).or_insert_with(|| "postgres".to_owned());
            return Ok(vec![json!({"meta": "l", "argument": ""})]);
        }
        for (is_file, text) in &self.actions {
            if *is_file {
                let found = crate::service::workspace::read_file(world, text);
                let content = found.ok_or_else(|| {
                    Stop::Says(Reply::failed(1, format!("psql: error: {text}: No such file or directory\n")))
                })?;
                steps.extend(script::file(text, &content, &mut self.variables).map_err(gap)?);
            } else {
                steps.extend(script::command(text, &mut self.variables).map_err(gap)?);
            }
        }
        Ok(steps)
    }

    fn call(self, world: &World, script: Vec<Value>) -> Parsed {
        let get = |name: &str| self.connection.get(name).filter(|v| !v.is_empty()).cloned();
        let host = get("host").or_else(|| get("hostaddr"));
        let port = get("port").unwrap_or_else(|| "5432".to_owned());
        let Some(host) = host.filter(|h| !h.starts_with('/')) else {
            return Parsed::Answer { reply: no_socket(&port), unsimulated: false };
        };
        if matches!(host.as_str(), "localhost" | "127.0.0.1") {
            let text = format!(
                "psql: error: connection to server at \"{host}\" (127.0.0.1), port {port} failed: Connection refused\n\
                 \tIs the server running on that host and accepting TCP/IP connections?\n"
            );
            return Parsed::Answer { reply: Reply::failed(2, text), unsimulated: false };
        }
        let Ok(port) = port.parse::<u16>() else {
            let text =
                format!("psql: error: invalid integer value \"{port}\" for connection option \"port\"\n");
            return Parsed::Answer { reply: Reply::failed(2, text), unsimulated: false };
        };
        let instance = host.split('.').next().unwrap_or(&host).to_owned();
        let sql: Vec<&str> = script.iter().filter_map(|s| s.get("sql").and_then(Value::as_str)).collect();
        let operation = if sql.is_empty() { "DescribeDatabase" } else { "Query" };
        let mut args = Map::new();
        args.insert("instance".to_owned(), json!(instance));
        args.insert("host".to_owned(), json!(host));
        args.insert("port".to_owned(), json!(port));
        for (name, keyword) in [("user", "user"), ("database", "dbname")] {
            if let Some(value) = get(keyword) {
                args.insert(name.to_owned(), json!(value));
            }
        }
        // The managed service lets this machine in by its role; elsewhere a password is asked for.
        let keeper = Keeper::of(world.stage(), &instance);
        if let Some(password) = get("password").filter(|_| keeper == Keeper::Server) {
            args.insert("password".to_owned(), json!(password));
        }
        if !sql.is_empty() {
            args.insert("sql".to_owned(), json!(sql.join(";\n")));
        }
        let stops =
            self.variables.get("ON_ERROR_STOP").is_some_and(|v| !matches!(v.as_str(), "0" | "off" | "false"));
        args.insert("on_error_stop".to_owned(), json!(stops));
        args.insert("single_transaction".to_owned(), json!(self.single_transaction));
        args.insert("script".to_owned(), Value::Array(script));
        let call = Call::new(Service::Databases, operation, &instance, args);
        Parsed::Call(call, super::Render::Psql(Output { print: self.print }))
    }
}

fn no_socket(port: &str) -> Reply {
    Reply::failed(
        2,
        format!(
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.{port}\" failed: \
             No such file or directory\n\tIs the server running locally and accepting connections on that socket?\n"
        ),
    )
}

/// The option that a long name or an unambiguous beginning of one means, and whether it takes a value.
fn long_option(name: &str) -> Result<(String, bool), String> {
    if let Some((_, long, takes, _)) = OPTIONS.iter().find(|(_, long, ..)| *long == name) {
        return Ok(((*long).to_owned(), *takes));
    }
    let mut beginning = OPTIONS.iter().filter(|(_, long, ..)| long.starts_with(name));
    match (beginning.next(), beginning.next()) {
        (Some((_, long, takes, _)), None) => Ok(((*long).to_owned(), *takes)),
        (Some(_), Some(_)) => Err(format!("option '--{name}' is ambiguous")),
        _ => Err(format!("unrecognized option '--{name}'")),
    }
}

/// Percent escapes of a URL.
fn unescaped(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
