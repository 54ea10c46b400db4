//! Options of a command as data: one line of text says what a command knows.
//!
//! `m:message+ a:all s:squash=method porcelain? u:update!` reads: `-m`/`--message` takes a value and may come again,
//! `-a`/`--all` is a switch, `--porcelain` takes a value only behind `=`, `-u`/`--update` takes one value. A name behind
//! `=` is what the argument is called in the call; `_` is for what changes nothing here, and is not kept. `~` in front marks
//! what the real tool knows and the simulation does not.

use serde_json::{Map, Value};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Switch,
    One,
    Many,
    Optional,
    Unsimulated,
}

#[derive(Clone, Copy, Debug)]
struct Known<'t> {
    short: Option<char>,
    long: &'t str,
    name: &'t str,
    kind: Kind,
}

fn known(table: &str) -> Vec<Known<'_>> {
    table.split_whitespace().map(one).collect()
}

fn one(entry: &str) -> Known<'_> {
    let (entry, unsimulated) = entry.strip_prefix('~').map_or((entry, false), |rest| (rest, true));
    let (short, rest) = match entry.split_once(':') {
        Some((short, rest)) => (short.chars().next(), rest),
        None => (None, entry),
    };
    let kind = match rest.chars().next_back() {
        _ if unsimulated => Kind::Unsimulated,
        Some('!') => Kind::One,
        Some('+') => Kind::Many,
        Some('?') => Kind::Optional,
        _ => Kind::Switch,
    };
    let rest = rest.trim_end_matches(['!', '+', '?']);
    let (long, name) = rest.split_once('=').unwrap_or((rest, rest));
    Known { short, long, name, kind }
}

/// What a command line gave.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Given {
    /// Options by the names of their arguments.
    pub options: Map<String, Value>,
    /// Words that are no options, before `--`.
    pub args: Vec<String>,
    /// Words behind `--`.
    pub paths: Vec<String>,
}

impl Given {
    /// The text of an option.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.options.get(name).and_then(Value::as_str)
    }

    /// Whether a switch was given.
    pub fn has(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }

    /// The texts of an option that may come again.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.options.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Options, `args` and `paths` as the arguments of a call.
    pub fn into_args(self) -> Map<String, Value> {
        let mut all = self.options;
        all.insert("args".to_owned(), Value::from(self.args));
        all.insert("paths".to_owned(), Value::from(self.paths));
        all
    }
}

/// Why a command line cannot be understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Misuse {
    /// Nobody knows `--it` or `-i`.
    Unknown(String),
    /// `--it` wants a value.
    NeedsValue(String),
    /// The real tool knows it.
    Unsimulated(String),
}

/// Reads the words behind a command.
pub(super) fn read(words: &[String], table: &str) -> Result<Given, Misuse> {
    let mut given = Given::default();
    let mut rest = words;
    loop {
        rest = options(&mut given, rest, table)?;
        match rest {
            [] => return Ok(given),
            [dashes, paths @ ..] if dashes == "--" => {
                given.paths.extend(paths.iter().cloned());
                return Ok(given);
            }
            [word, after @ ..] => {
                given.args.push(word.clone());
                rest = after;
            }
        }
    }
}

/// Reads the options that stand in front, and gives back what begins with the first word that is none.
pub(super) fn leading<'w>(words: &'w [String], table: &str) -> Result<(Given, &'w [String]), Misuse> {
    let mut given = Given::default();
    let rest = options(&mut given, words, table)?;
    let rest = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
    Ok((given, rest))
}

fn options<'w>(given: &mut Given, words: &'w [String], table: &str) -> Result<&'w [String], Misuse> {
    let known = known(table);
    let mut words = words.iter();
    loop {
        let rest = words.as_slice();
        let Some(word) = words.next().filter(|word| word.starts_with('-') && *word != "-" && *word != "--")
        else {
            return Ok(rest);
        };
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v.to_owned())));
            let hit = known.iter().find(|k| k.long == name).copied();
            let hit = hit.ok_or_else(|| Misuse::Unknown(format!("--{name}")))?;
            put(given, hit, value, &mut words, word)?;
        } else {
            cluster(given, &known, word, &mut words)?;
        }
    }
}

/// `-am text`, `-n5`: switches in a row, the last may take a value.
fn cluster(
    given: &mut Given,
    known: &[Known<'_>],
    word: &str,
    words: &mut std::slice::Iter<'_, String>,
) -> Result<(), Misuse> {
    let mut rest = word.get(1..).unwrap_or_default();
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let hit = known.iter().find(|k| k.short == Some(c)).copied();
        let hit = hit.ok_or_else(|| Misuse::Unknown(format!("-{c}")))?;
        if matches!(hit.kind, Kind::One | Kind::Many) && !rest.is_empty() {
            let value = rest.strip_prefix('=').unwrap_or(rest).to_owned();
            return put(given, hit, Some(value), words, word);
        }
        if hit.kind == Kind::Optional && !rest.is_empty() {
            return put(given, hit, Some(rest.to_owned()), words, word);
        }
        put(given, hit, None, words, &format!("-{c}"))?;
    }
    Ok(())
}

fn put(
    given: &mut Given,
    hit: Known<'_>,
    value: Option<String>,
    words: &mut std::slice::Iter<'_, String>,
    word: &str,
) -> Result<(), Misuse> {
    let needs = || Misuse::NeedsValue(word.to_owned());
    let value = match hit.kind {
        Kind::Unsimulated => return Err(Misuse::Unsimulated(word.to_owned())),
        Kind::Switch => Value::Bool(value.as_deref() != Some("false")),
        Kind::Optional => Value::from(value.unwrap_or_default()),
        Kind::One | Kind::Many => Value::from(value.or_else(|| words.next().cloned()).ok_or_else(needs)?),
    };
    match (hit.name, hit.kind) {
        ("_", _) => {}
        (name, Kind::Many) => {
            let list = given.options.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Some(list) = list.as_array_mut() {
                list.push(value);
            }
        }
        (name, _) => drop(given.options.insert(name.to_owned(), value)),
    }
    Ok(())
}

/// The switches and options that a table knows, for help texts.
pub(super) fn listed(table: &str) -> String {
    let line = |k: &Known<'_>| {
        let short = k.short.map_or("    ".to_owned(), |c| format!("-{c}, "));
        let value = match k.kind {
            Kind::One | Kind::Many => " <value>",
            Kind::Optional => "[=<value>]",
            Kind::Switch | Kind::Unsimulated => "",
        };
        format!("    {short}--{}{value}\n", k.long)
    };
    known(table).iter().filter(|k| !k.long.is_empty()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(line: &str) -> Vec<String> {
        shell_words::split(line).unwrap()
    }

    #[test]
    fn options_are_read_as_their_table_says() {
        let table = "m:message+ a:all n:max-count! porcelain? q:quiet=still ~p:patch w:wait=_!";
        let given = read(&words("-am one --message=two x -n3 --porcelain=v1 -w 5 -q -- y"), table).unwrap();
        let all = json!({"all": true, "message": ["one", "two"], "max-count": "3", "porcelain": "v1", "still": true});
        assert_eq!(Value::Object(given.options.clone()), all);
        assert_eq!((given.args, given.paths), (words("x"), words("y")));
        assert_eq!(read(&words("-p"), table), Err(Misuse::Unsimulated("-p".into())));
        assert_eq!(read(&words("--foo=1"), table), Err(Misuse::Unknown("--foo".into())));
        assert_eq!(read(&words("-m"), table), Err(Misuse::NeedsValue("-m".into())));
        let line = words("-aw 5 -n 3 run -a");
        let (given, rest) = leading(&line, table).unwrap();
        assert_eq!(Value::Object(given.options), json!({"all": true, "max-count": "3"}));
        assert_eq!(rest, words("run -a"));
    }
}
