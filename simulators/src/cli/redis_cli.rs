//! `redis-cli`: one command to a server, and what its answer looks like where no terminal reads it.

use serde_json::{Map, Value, json};

use super::{Parsed, Render, Reply};
use crate::call::{Answer, Call, Service};
use crate::service::operations;

/// Long and short options, whether each takes a value, and whether it is simulated.
const OPTIONS: &[(&str, bool, bool)] = &[
    ("-h", true, true),
    ("-p", true, true),
    ("-a", true, true),
    ("-n", true, true),
    ("-u", true, true),
    ("-t", true, true),
    ("-c", false, true),
    ("-e", false, true),
    ("-2", false, true),
    ("-3", false, true),
    ("--pass", true, true),
    ("--user", true, true),
    ("--no-auth-warning", false, true),
    ("--raw", false, true),
    ("--no-raw", false, true),
    ("--csv", false, true),
    ("--json", false, true),
    ("--scan", false, true),
    ("--pattern", true, true),
    ("--count", true, true),
    ("--quoted-pattern", true, false),
    ("-r", true, false),
    ("-i", true, false),
    ("-s", true, false),
    ("-x", false, false),
    ("-X", true, false),
    ("-d", true, false),
    ("-D", true, false),
    ("--tls", false, false),
    ("--show-pushes", true, false),
    ("--stat", false, false),
    ("--latency", false, false),
    ("--lru-test", true, false),
    ("--replica", false, false),
    ("--rdb", true, false),
    ("--functions-rdb", true, false),
    ("--pipe", false, false),
    ("--bigkeys", false, false),
    ("--memkeys", false, false),
    ("--hotkeys", false, false),
    ("--eval", true, false),
    ("--ldb", false, false),
    ("--cluster", true, false),
    ("--verbose", false, false),
];

/// Commands that the real server has and the simulation does not.
const BEYOND: &str = "ACL AUTH BITCOUNT BLMOVE BLPOP BRPOP CLIENT CLUSTER COMMAND CONFIG DEBUG DUMP EVAL EXPIREAT EXPIRETIME FAILOVER \
    GEOADD GETEX GETSET HINCRBY HSCAN INCRBYFLOAT LATENCY LPOS MEMORY MIGRATE MODULE MONITOR MULTI OBJECT PEXPIRE PSETEX PUBLISH RANDOMKEY \
    REPLICAOF RESET RESTORE SCRIPT SETRANGE SINTER SLAVEOF SLOWLOG SORT SPOP SSCAN SUBSCRIBE SUNION TOUCH UNLINK WAIT XADD XLEN XRANGE \
    XREAD ZCOUNT ZINCRBY ZRANGEBYSCORE ZREVRANGE ZSCAN BGREWRITEAOF";

const HELP: &str = "redis-cli 7.2.4\n\nUsage: redis-cli [OPTIONS] [cmd [arg [arg ...]]]\n  \
-h <hostname>      Server hostname (default: 127.0.0.1).\n  -p <port>          Server port (default: 6379).\n  \
-n <db>            Database number.\n  -u <uri>           Server URI.\n  --raw              Use raw formatting for replies.\n  \
--no-raw           Force formatted output even when STDOUT is not a tty.\n  --csv              Output in CSV format.\n  \
--json             Output in JSON format.\n  --scan             List all keys using the SCAN command.\n  \
--pattern <pat>    Keys pattern when using --scan.\n  --help             Output this help and exit.\n  \
--version          Output version and exit.\n";

/// How an answer is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Form {
    /// Lines, as where no terminal reads them.
    #[default]
    Raw,
    /// With quotes, kinds and numbers.
    Formatted,
    Csv,
    Json,
}

/// What becomes of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    form: Form,
    /// The keys of a scan alone.
    is_scan: bool,
    /// A hash, whose answer is pairs.
    is_pairs: bool,
}

/// What the words amount to.
struct Asked {
    host: String,
    port: i64,
    database: i64,
    form: Form,
    scan: Option<String>,
    command: Vec<String>,
}

/// Understands the words behind `redis-cli`.
pub(super) fn parse(words: &[String]) -> Parsed {
    match read(words) {
        Ok(asked) => asked.call(),
        Err(parsed) => *parsed,
    }
}

fn says(reply: Reply, unsimulated: bool) -> Box<Parsed> {
    Box::new(Parsed::Answer { reply, unsimulated })
}

fn read(words: &[String]) -> Result<Asked, Box<Parsed>> {
    let mut asked = Asked {
        host: "127.0.0.1".to_owned(),
        port: 6379,
        database: 0,
        form: Form::Raw,
        scan: None,
        command: Vec::new(),
    };
    let (mut is_scan, mut pattern) = (false, None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--help" => return Err(says(Reply::ok(HELP), false)),
            "--version" | "-v" => return Err(says(Reply::ok("redis-cli 7.2.4\n"), false)),
            _ => {}
        }
        if !word.starts_with('-') || word.parse::<f64>().is_ok() && asked.command.is_empty() && word.len() > 2
        {
            asked.command.push(word.clone());
            asked.command.extend(rest.by_ref().cloned());
            break;
        }
        let Some((name, takes, simulated)) = OPTIONS.iter().find(|(name, ..)| name == word) else {
            let text = format!("Unrecognized option or bad number of args for: '{word}'\n");
            return Err(says(Reply::failed(1, text), false));
        };
        if !simulated {
            return Err(says(Reply::failed(1, format!("redis-cli: {word} is not simulated here\n")), true));
        }
        let value = if *takes { rest.next().cloned() } else { Some(String::new()) };
        let Some(value) = value else {
            let text = format!("Unrecognized option or bad number of args for: '{word}'\n");
            return Err(says(Reply::failed(1, text), false));
        };
        match *name {
            "--scan" => is_scan = true,
            "--pattern" => pattern = Some(value),
            name => asked.option(name, &value)?,
        }
    }
    asked.scan = is_scan.then(|| pattern.unwrap_or_else(|| "*".to_owned()));
    Ok(asked)
}

impl Asked {
    fn option(&mut self, name: &str, value: &str) -> Result<(), Box<Parsed>> {
        let number = || {
            value
                .parse::<i64>()
                .map_err(|_| says(Reply::failed(1, format!("Invalid number for {name}: '{value}'\n")), false))
        };
        match name {
            "-h" => value.clone_into(&mut self.host),
            "-p" => self.port = number()?,
            "-n" => self.database = number()?,
            "-u" => self.url(value),
            "--raw" => self.form = Form::Raw,
            "--no-raw" => self.form = Form::Formatted,
            "--csv" => self.form = Form::Csv,
            "--json" => self.form = Form::Json,
            _ => {}
        }
        Ok(())
    }

    /// `redis://user:secret@host:port/database`.
    fn url(&mut self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let server = place.rsplit_once('@').map_or(place, |(_, server)| server);
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        host.clone_into(&mut self.host);
        self.port = port.parse().unwrap_or(self.port);
        self.database = database.parse().unwrap_or(self.database);
    }

    fn call(self) -> Parsed {
        let command = match &self.scan {
            Some(pattern) => ["SCAN", "0", "MATCH", pattern].map(str::to_owned).to_vec(),
            None => self.command.clone(),
        };
        if command.is_empty() {
            let text = "redis-cli: a session at the prompt is not simulated here; give the command with it\n";
            return *says(Reply::failed(1, text), true);
        }
        let Some(operation) = operation(&command) else { return beyond(&command) };
        let mut args = Map::new();
        args.insert("host".to_owned(), json!(self.host));
        args.insert("port".to_owned(), json!(self.port));
        args.insert("db".to_owned(), json!(self.database));
        args.insert("command".to_owned(), json!(command));
        let id = self.host.split('.').next().unwrap_or(&self.host).to_owned();
        let output =
            Output { form: self.form, is_scan: self.scan.is_some(), is_pairs: operation == "HGETALL" };
        Parsed::Call(Call::new(Service::Caches, operation, &id, args), Render::Redis(output))
    }
}

/// The operation that a command is: its first word, or its first two.
fn operation(command: &[String]) -> Option<&'static str> {
    let upper: Vec<String> = command.iter().take(2).map(|word| word.to_uppercase()).collect();
    let known = |name: &str| operations(Service::Caches).iter().find(|o| o.name == name).map(|o| o.name);
    known(&upper.join(" ")).filter(|name| name.contains(' ')).or_else(|| known(upper.first()?))
}

fn beyond(command: &[String]) -> Parsed {
    let (name, given) = command.split_first().map(|(n, g)| (n.as_str(), g)).unwrap_or_default();
    let upper = name.to_uppercase();
    let is_real = BEYOND.split_whitespace().any(|known| known == upper);
    if upper == "SELECT" && given.len() == 1 {
        return *says(Reply::ok("OK\n"), false);
    }
    if is_real {
        let words = given.first().map(|word| format!(" {word}")).unwrap_or_default();
        return *says(Reply::failed(1, format!("ERR {name}{words} is not simulated here\n")), true);
    }
    let shown: String = given.iter().map(|word| format!("'{word}' ")).collect();
    *says(Reply::ok(format!("ERR unknown command '{name}', with args beginning with: {shown}\n\n")), false)
}

impl Output {
    pub(super) fn reply(&self, answer: &Answer) -> Reply {
        let mut reply = self.answered(answer);
        let unselected = answer.as_ref().ok().and_then(|answer| answer.get("unselected"));
        if let Some(number) = unselected {
            reply.stderr = format!("SELECT {number} failed: ERR DB index is out of range\n{}", reply.stderr);
        }
        reply
    }

    fn answered(&self, answer: &Answer) -> Reply {
        let answer = match answer {
            Ok(answer) => answer.get("reply").unwrap_or(&Value::Null),
            Err(refusal) if refusal.code == "NOPERM" => {
                return Reply::ok(format!("NOPERM {}\n\n", refusal.message));
            }
            Err(refusal) => return Reply::failed(1, format!("{}\n", refusal.message)),
        };
        // A server that was stopped says nothing any more.
        if answer.get("status") == Some(&json!("")) {
            return Reply::default();
        }
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            return match self.form {
                Form::Formatted => Reply::ok(format!("(error) {error}\n")),
                Form::Csv => Reply::ok(format!("ERROR,\"{error}\"\n")),
                _ => Reply::ok(format!("{error}\n\n")),
            };
        }
        let keys = answer.get(1).filter(|_| self.is_scan);
        Reply::ok(self.shown(keys.unwrap_or(answer)))
    }

    fn shown(&self, answer: &Value) -> String {
        match self.form {
            Form::Raw if answer.as_array().is_some_and(Vec::is_empty) => {
                if self.is_scan {
                    String::new()
                } else {
                    "\n".to_owned()
                }
            }
            Form::Raw => raw(answer) + "\n",
            Form::Formatted => formatted(answer, ""),
            Form::Csv => csv(answer) + "\n",
            Form::Json => self.json(answer) + "\n",
        }
    }

    fn json(&self, answer: &Value) -> String {
        let plain = answer.get("status").unwrap_or(answer);
        match plain.as_array().filter(|_| self.is_pairs) {
            Some(pairs) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let pairs =
                    pairs.chunks(2).filter_map(|pair| Some((text(pair.first()?), pair.get(1)?.clone())));
                Value::Object(pairs.collect()).to_string()
            }
            None => plain.to_string(),
        }
    }
}

fn raw(answer: &Value) -> String {
    match answer {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(raw).collect::<Vec<_>>().join("\n"),
        Value::Object(_) => answer.get("status").and_then(Value::as_str).unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

fn formatted(answer: &Value, indent: &str) -> String {
    match answer {
        Value::Null => "(nil)\n".to_owned(),
        Value::Number(number) => format!("(integer) {number}\n"),
        Value::String(text) => format!("{text:?}\n"),
        Value::Array(all) if all.is_empty() => "(empty array)\n".to_owned(),
        Value::Array(all) => {
            let width = all.len().to_string().len();
            let deeper = format!("{indent}{}", " ".repeat(width.saturating_add(2)));
            let line = |(n, item): (usize, &Value)| {
                let before = if n == 0 { "" } else { indent };
                format!("{before}{:>width$}) {}", n.saturating_add(1), formatted(item, &deeper))
            };
            all.iter().enumerate().map(line).collect()
        }
        other => raw(other) + "\n",
    }
}

fn csv(answer: &Value) -> String {
    match answer {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(all) => all.iter().map(csv).collect::<Vec<_>>().join(","),
        other => raw(other),
    }
}
