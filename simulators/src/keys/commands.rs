//! The commands on keys: which there are, how many words each takes, and what the general and the string ones do.

use super::{Entry, Keyspaces, Reply, Value, collections, fits};
use crate::clock::Time;

/// A command of a server.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name, in capitals; two words where the second tells what it does.
    pub name: &'static str,
    /// Fewest words behind the name.
    pub least: usize,
    /// Most words behind it.
    pub most: usize,
    /// It reads and changes nothing.
    pub reads: bool,
}

const MANY: usize = usize::MAX;

const fn read(name: &'static str, least: usize, most: usize) -> Command {
    Command { name, least, most, reads: true }
}

const fn write(name: &'static str, least: usize, most: usize) -> Command {
    Command { name, least, most, reads: false }
}

/// Commands on keys; those of the server itself are its service's.
const KNOWN: &[Command] = &[
    read("DBSIZE", 0, 0),
    read("EXISTS", 1, MANY),
    read("GET", 1, 1),
    read("GETRANGE", 3, 3),
    read("HEXISTS", 2, 2),
    read("HGET", 2, 2),
    read("HGETALL", 1, 1),
    read("HKEYS", 1, 1),
    read("HLEN", 1, 1),
    read("HMGET", 2, MANY),
    read("HVALS", 1, 1),
    read("KEYS", 1, 1),
    read("LINDEX", 2, 2),
    read("LLEN", 1, 1),
    read("LRANGE", 3, 3),
    read("MEMORY USAGE", 1, 3),
    read("MGET", 1, MANY),
    read("OBJECT ENCODING", 1, 1),
    read("PTTL", 1, 1),
    read("SCAN", 1, 7),
    read("SCARD", 1, 1),
    read("SISMEMBER", 2, 2),
    read("SMEMBERS", 1, 1),
    read("STRLEN", 1, 1),
    read("TTL", 1, 1),
    read("TYPE", 1, 1),
    read("ZCARD", 1, 1),
    read("ZRANGE", 3, 4),
    read("ZSCORE", 2, 2),
    write("APPEND", 2, 2),
    write("COPY", 2, 5),
    write("DECR", 1, 1),
    write("DEL", 1, MANY),
    write("EXPIRE", 2, 3),
    write("FLUSHALL", 0, 1),
    write("FLUSHDB", 0, 1),
    write("GETDEL", 1, 1),
    write("HDEL", 2, MANY),
    write("HSET", 3, MANY),
    write("INCR", 1, 1),
    write("INCRBY", 2, 2),
    write("LMOVE", 4, 4),
    write("LPOP", 1, 2),
    write("LPUSH", 2, MANY),
    write("LREM", 3, 3),
    write("LSET", 3, 3),
    write("LTRIM", 3, 3),
    write("MOVE", 2, 2),
    write("MSET", 2, MANY),
    write("PERSIST", 1, 1),
    write("RENAME", 2, 2),
    write("RENAMENX", 2, 2),
    write("RPOP", 1, 2),
    write("RPOPLPUSH", 2, 2),
    write("RPUSH", 2, MANY),
    write("SADD", 2, MANY),
    write("SET", 2, 7),
    write("SETEX", 3, 3),
    write("SETNX", 2, 2),
    write("SREM", 2, MANY),
    write("SWAPDB", 2, 2),
    write("UNLINK", 1, MANY),
    write("ZADD", 3, MANY),
    write("ZREM", 2, MANY),
];

/// The commands on keys.
pub const fn known() -> &'static [Command] {
    KNOWN
}

/// Whether a command on keys has this name.
pub fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|command| command.name == name)
}

/// What commands work on.
pub(super) struct Work<'k> {
    pub spaces: &'k mut Keyspaces,
    pub database: u32,
    pub now: Time,
}

pub(super) const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
pub(super) const NO_INTEGER: &str = "ERR value is not an integer or out of range";
pub(super) const SYNTAX: &str = "ERR syntax error";
const NO_KEY: &str = "ERR no such key";
const NO_TIME: &str = "ERR invalid expire time in 'set' command";

/// A step that is refused.
pub(super) type Done = Result<Reply, &'static str>;

impl Work<'_> {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.spaces.get(self.database, key, self.now).map(|entry| &entry.value)
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value under a key, made first if there is none.
    pub fn or_make(&mut self, key: &str, made: Value) -> Option<&mut Value> {
        if !self.has(key) {
            self.put(key, made);
        }
        self.get_mut(key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.spaces.get_mut(self.database, key, self.now).map(|entry| &mut entry.value)
    }

    pub fn put(&mut self, key: &str, value: Value) {
        self.spaces.put(self.database, key, Entry { value, expires: None });
    }

    pub fn take(&mut self, key: &str) -> Option<Entry> {
        self.spaces.take(self.database, key, self.now)
    }

    /// A key whose last item has gone goes too.
    pub fn tidy(&mut self, key: &str) {
        if self.get(key).is_some_and(Value::is_empty) {
            self.take(key);
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&str>, &'static str> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(WRONG_TYPE),
        }
    }
}

/// Does a command; its name is the first word, or the first two.
pub(super) fn run(spaces: &mut Keyspaces, database: u32, words: &[String], now: Time) -> Reply {
    let Some((command, given)) = of(words) else {
        return unknown(words);
    };
    if given.len() < command.least || given.len() > command.most {
        let name = command.name.to_lowercase().replace(' ', "|");
        return Reply::error(format!("ERR wrong number of arguments for '{name}' command"));
    }
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let mut work = Work { spaces, database, now };
    match general(&mut work, command.name, &given)
        .or_else(|| strings(&mut work, command.name, &given))
        .or_else(|| collections::run(&mut work, command.name, &given))
    {
        Some(Ok(reply)) => reply,
        Some(Err(refused)) => Reply::error(refused),
        None => unknown(words),
    }
}

/// The command that words begin with, and the words behind its name.
fn of(words: &[String]) -> Option<(&'static Command, &[String])> {
    let upper: Vec<String> = words.iter().take(2).map(|word| word.to_uppercase()).collect();
    let long = KNOWN.iter().find(|command| command.name == upper.join(" "));
    if let Some(command) = long.filter(|_| words.len() > 1) {
        return Some((command, words.get(2..).unwrap_or_default()));
    }
    let first = upper.first()?;
    let command = KNOWN.iter().find(|command| command.name == first)?;
    Some((command, words.get(1..).unwrap_or_default()))
}

/// What a server says to a command that it does not have.
fn unknown(words: &[String]) -> Reply {
    let (name, given) = words.split_first().map(|(n, g)| (n.as_str(), g)).unwrap_or_default();
    let shown: String = given.iter().map(|word| format!("'{word}' ")).collect();
    Reply::error(format!("ERR unknown command '{name}', with args beginning with: {shown}"))
}

fn general(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let word = |n: usize| given.get(n).copied().unwrap_or_default();
    let key = word(0);
    Some(match name {
        "DBSIZE" => Ok(Reply::count(work.spaces.live(work.database, work.now).count())),
        "EXISTS" => Ok(Reply::count(given.iter().filter(|key| work.has(key)).count())),
        "TYPE" => Ok(Reply::Status(work.get(key).map_or("none", Value::kind).to_owned())),
        "TTL" => Ok(Reply::Integer(ttl(work, key))),
        "PTTL" => Ok(Reply::Integer(match ttl(work, key) {
            left @ ..0 => left,
            left => left.saturating_mul(1000),
        })),
        "KEYS" => Ok(Reply::bulks(matching(work, Some(key), None))),
        "SCAN" => scan(work, given),
        "MEMORY USAGE" => Ok(work.get(key).map_or(Reply::Nil, |value| {
            Reply::Integer(i64::try_from(value.bytes()).unwrap_or(i64::MAX).saturating_add(56))
        })),
        "OBJECT ENCODING" => {
            Ok(work.get(key).map_or(Reply::Nil, |value| Reply::Bulk(value.encoding().to_owned())))
        }
        "DEL" | "UNLINK" => Ok(Reply::count(given.iter().filter(|key| work.take(key).is_some()).count())),
        "EXPIRE" => expire(work, key, word(1), given.get(2).copied()),
        "PERSIST" => {
            let goes = work.spaces.get(work.database, key, work.now).is_some_and(|e| e.expires.is_some());
            if goes && let Some(entry) = work.spaces.get_mut(work.database, key, work.now) {
                entry.expires = None;
            }
            Ok(Reply::Integer(i64::from(goes)))
        }
        "RENAME" | "RENAMENX" => rename(work, key, word(1), name == "RENAMENX"),
        "COPY" => copy(work, given),
        "MOVE" => moved(work, key, word(1)),
        "SWAPDB" => swap(work, key, word(1)),
        "FLUSHDB" | "FLUSHALL" => flush(work, name, given.first().copied()),
        _ => return None,
    })
}

fn strings(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let word = |n: usize| given.get(n).copied().unwrap_or_default();
    let key = word(0);
    let bulk = |text: Option<&str>| text.map_or(Reply::Nil, |text| Reply::Bulk(text.to_owned()));
    Some(match name {
        "GET" => work.text(key).map(bulk),
        "MGET" => {
            let get =
                |key: &&str| work.text(key).ok().flatten().map_or(Reply::Nil, |t| Reply::Bulk(t.into()));
            Ok(Reply::Array(given.iter().map(get).collect()))
        }
        "STRLEN" => work.text(key).map(|text| Reply::count(text.map_or(0, str::len))),
        "GETRANGE" => work.text(key).and_then(|text| {
            let bytes = text.unwrap_or_default().as_bytes();
            let (from, to) = collections::bounds(word(1), word(2), bytes.len())?;
            let part = bytes.get(from..to).unwrap_or_default();
            Ok(Reply::Bulk(String::from_utf8_lossy(part).into_owned()))
        }),
        "GETDEL" => work.text(key).map(bulk).inspect(|_| drop(work.take(key))),
        "SET" => set(work, given),
        "SETEX" => set(work, &[key, word(2), "EX", word(1)]).map_err(|why| match why {
            NO_TIME => "ERR invalid expire time in 'setex' command",
            why => why,
        }),
        "SETNX" => set(work, &[key, word(1), "NX"]).map(|r| Reply::Integer(i64::from(r == Reply::ok()))),
        "MSET" if given.len() % 2 == 1 => Err("ERR wrong number of arguments for 'mset' command"),
        "MSET" => {
            for pair in given.chunks(2) {
                if let [key, value] = pair {
                    work.put(key, Value::Text((*value).to_owned()));
                }
            }
            Ok(Reply::ok())
        }
        "APPEND" => work.text(key).map(|text| text.unwrap_or_default().to_owned()).map(|text| {
            let text = text + word(1);
            let length = text.len();
            replace(work, key, text);
            Reply::count(length)
        }),
        "INCR" => add(work, key, Some(1)),
        "DECR" => add(work, key, Some(-1)),
        "INCRBY" => add(work, key, word(1).parse().ok()),
        _ => return None,
    })
}

fn ttl(work: &Work<'_>, key: &str) -> i64 {
    match work.spaces.get(work.database, key, work.now) {
        None => -2,
        Some(entry) => entry.expires.map_or(-1, |at| at.since(work.now)),
    }
}

fn matching(work: &Work<'_>, pattern: Option<&str>, kind: Option<&str>) -> Vec<String> {
    let live = work.spaces.live(work.database, work.now);
    let hit = live.filter(|(key, entry)| {
        pattern.is_none_or(|pattern| fits(pattern, key)) && kind.is_none_or(|kind| entry.value.kind() == kind)
    });
    hit.map(|(key, _)| key.to_owned()).collect()
}

/// Everything in one go, with the cursor that ends it: a server may answer so as well.
fn scan(work: &Work<'_>, given: &[&str]) -> Done {
    let (Some((cursor, rest)), mut pattern, mut kind) = (given.split_first(), None, None) else {
        return Err(SYNTAX);
    };
    if cursor.parse::<u64>().is_err() {
        return Err("ERR invalid cursor");
    }
    for pair in rest.chunks(2) {
        match (pair.first().map(|word| word.to_uppercase()).as_deref(), pair.get(1)) {
            (Some("MATCH"), Some(value)) => pattern = Some(*value),
            (Some("TYPE"), Some(value)) => kind = Some(*value),
            (Some("COUNT"), Some(value)) => match value.parse::<i64>() {
                Ok(1..) => {}
                Ok(_) => return Err(SYNTAX),
                Err(_) => return Err(NO_INTEGER),
            },
            _ => return Err(SYNTAX),
        }
    }
    let keys = matching(work, pattern, kind);
    Ok(Reply::Array(vec![Reply::Bulk("0".to_owned()), Reply::bulks(keys)]))
}

fn expire(work: &mut Work<'_>, key: &str, seconds: &str, condition: Option<&str>) -> Done {
    let seconds: i64 = seconds.parse().map_err(|_| NO_INTEGER)?;
    let condition = condition.map(str::to_uppercase);
    let Some(entry) = work.spaces.get(work.database, key, work.now) else {
        return Ok(Reply::Integer(0));
    };
    let at = work.now.plus(seconds);
    let wanted = match condition.as_deref() {
        None => true,
        Some("NX") => entry.expires.is_none(),
        Some("XX") => entry.expires.is_some(),
        Some("GT") => entry.expires.is_some_and(|old| at > old),
        Some("LT") => entry.expires.is_none_or(|old| at < old),
        Some(_) => return Err("ERR Unsupported option"),
    };
    if wanted && let Some(entry) = work.spaces.get_mut(work.database, key, work.now) {
        entry.expires = Some(at);
    }
    Ok(Reply::Integer(i64::from(wanted)))
}

fn rename(work: &mut Work<'_>, from: &str, to: &str, only_new: bool) -> Done {
    if !work.has(from) {
        return Err(NO_KEY);
    }
    if only_new && work.has(to) {
        return Ok(Reply::Integer(0));
    }
    if let Some(entry) = work.take(from) {
        work.spaces.put(work.database, to, entry);
    }
    Ok(if only_new { Reply::Integer(1) } else { Reply::ok() })
}

fn database(text: &str) -> Result<u32, &'static str> {
    let number: u32 = text.parse().map_err(|_| NO_INTEGER)?;
    if number < super::DATABASES { Ok(number) } else { Err("ERR DB index is out of range") }
}

fn copy(work: &mut Work<'_>, given: &[&str]) -> Done {
    let [from, to, options @ ..] = given else { return Err(SYNTAX) };
    let (mut into, mut replaces, mut rest) = (work.database, false, options.iter());
    while let Some(option) = rest.next() {
        match option.to_uppercase().as_str() {
            "DB" => into = database(rest.next().copied().unwrap_or_default())?,
            "REPLACE" => replaces = true,
            _ => return Err(SYNTAX),
        }
    }
    let Some(entry) = work.spaces.get(work.database, from, work.now).cloned() else {
        return Ok(Reply::Integer(0));
    };
    if work.spaces.get(into, to, work.now).is_some() && !replaces {
        return Ok(Reply::Integer(0));
    }
    work.spaces.put(into, to, entry);
    Ok(Reply::Integer(1))
}

fn moved(work: &mut Work<'_>, key: &str, into: &str) -> Done {
    let into = database(into)?;
    if into == work.database {
        return Err("ERR source and destination objects are the same");
    }
    if work.spaces.get(into, key, work.now).is_some() {
        return Ok(Reply::Integer(0));
    }
    let Some(entry) = work.take(key) else { return Ok(Reply::Integer(0)) };
    work.spaces.put(into, key, entry);
    Ok(Reply::Integer(1))
}

fn swap(work: &mut Work<'_>, one: &str, other: &str) -> Done {
    work.spaces.swap(database(one)?, database(other)?);
    Ok(Reply::ok())
}

fn flush(work: &mut Work<'_>, name: &str, how: Option<&str>) -> Done {
    if how.is_some_and(|how| !matches!(how.to_uppercase().as_str(), "ASYNC" | "SYNC")) {
        return Err(SYNTAX);
    }
    match name {
        "FLUSHDB" => work.spaces.empty(work.database),
        _ => work.spaces.empty_all(),
    }
    Ok(Reply::ok())
}

fn set(work: &mut Work<'_>, given: &[&str]) -> Done {
    let [key, value, options @ ..] = given else { return Err(SYNTAX) };
    let (mut expires, mut keeps, mut condition, mut returns) = (None, false, None, false);
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let option = option.to_uppercase();
        match option.as_str() {
            "NX" | "XX" => condition = Some(option == "NX"),
            "KEEPTTL" => keeps = true,
            "GET" => returns = true,
            "EX" | "PX" => {
                let number: i64 = rest.next().ok_or(SYNTAX)?.parse().map_err(|_| NO_INTEGER)?;
                if number <= 0 {
                    return Err(NO_TIME);
                }
                expires = Some(work.now.plus(if option == "PX" { number / 1000 } else { number }));
            }
            _ => return Err(SYNTAX),
        }
    }
    let before = work.spaces.get(work.database, key, work.now);
    let there = before.is_some();
    let kept = before.and_then(|entry| entry.expires).filter(|_| keeps);
    let old = if returns { work.text(key)?.map(str::to_owned) } else { None };
    let wanted = condition.is_none_or(|only_new: bool| only_new != there);
    if wanted {
        let entry = Entry { value: Value::Text((*value).to_owned()), expires: expires.or(kept) };
        work.spaces.put(work.database, key, entry);
    }
    Ok(match (returns, wanted) {
        (true, _) => old.map_or(Reply::Nil, Reply::Bulk),
        (false, true) => Reply::ok(),
        (false, false) => Reply::Nil,
    })
}

/// Puts another text under a key; when it goes by itself stays as it was.
fn replace(work: &mut Work<'_>, key: &str, text: String) {
    match work.get_mut(key) {
        Some(value) => *value = Value::Text(text),
        None => work.put(key, Value::Text(text)),
    }
}

fn add(work: &mut Work<'_>, key: &str, by: Option<i64>) -> Done {
    let by = by.ok_or(NO_INTEGER)?;
    let now: i64 = work.text(key)?.unwrap_or("0").parse().map_err(|_| NO_INTEGER)?;
    let sum = now.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
    replace(work, key, sum.to_string());
    Ok(Reply::Integer(sum))
}
