//! The words after a command become the API's arguments.

use serde_json::{Map, Value};

use super::aws_commands::{Command, Kind, Members, Opt};
use super::aws_shorthand;
use super::aws_usage::Stop;
use crate::World;
use crate::service::workspace;

/// An option as it was typed, with its values.
#[derive(Clone, Debug)]
struct Given<'c> {
    opt: &'c Opt,
    values: Vec<String>,
    /// `--no-…` was typed.
    negated: bool,
}

/// Reads the words of a command.
///
/// # Errors
/// What the tool says when it cannot use them.
pub(super) fn read(
    world: &World,
    command: &Command,
    words: &[String],
    raw_blobs: bool,
) -> Result<Map<String, Value>, Stop> {
    let opts = command.opts();
    let (given, unknown) = collect(command, &opts, words)?;
    missing(&opts, &given)?;
    if !unknown.is_empty() {
        let lacking = unknown.iter().filter_map(|word| word.strip_prefix("--")).any(|o| command.lacks(o));
        return Err(Stop::unknown_options(&unknown).counted(lacking));
    }
    let mut args = Map::new();
    for entry in &given {
        let value = value(world, entry, raw_blobs)?;
        match args.get_mut(&entry.opt.api) {
            Some(Value::Array(before)) if entry.opt.kind == Kind::Filter => before.push(value),
            _ if entry.opt.kind == Kind::Filter => {
                args.insert(entry.opt.api.clone(), Value::Array(vec![value]));
            }
            _ => {
                args.insert(entry.opt.api.clone(), value);
            }
        }
    }
    Ok(args)
}

type Collected<'c> = (Vec<Given<'c>>, Vec<String>);

fn collect<'c>(command: &Command, opts: &'c [Opt], words: &[String]) -> Result<Collected<'c>, Stop> {
    let mut given: Vec<Given<'c>> = Vec::new();
    let mut unknown = Vec::new();
    let mut places = opts.iter().filter(|opt| opt.positional);
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(typed) = word.strip_prefix("--").filter(|name| !name.is_empty()) else {
            match places.next() {
                Some(opt) => given.push(Given { opt, values: vec![word.clone()], negated: false }),
                None => unknown.push(word.clone()),
            }
            continue;
        };
        let (name, inline) = match typed.split_once('=') {
            Some((name, inline)) => (name, Some(inline.to_owned())),
            None => (typed, None),
        };
        let Some((opt, negated)) = named(opts, name) else {
            unknown.push(word.clone());
            if command.lacks(name) {
                while words.next_if(|next| !next.starts_with("--")).is_some() {}
            }
            continue;
        };
        let mut values: Vec<String> = inline.into_iter().collect();
        match opt.kind {
            Kind::Bool if values.is_empty() => {}
            Kind::Bool => {
                let text = values.concat();
                return Err(Stop::error(&format!("argument --{name}: ignored explicit argument '{text}'")));
            }
            Kind::List(_) if values.is_empty() => {
                while let Some(next) = words.next_if(|next| is_value(next)) {
                    values.push(next.clone());
                }
            }
            _ if values.is_empty() => values.extend(words.next_if(|next| is_value(next)).cloned()),
            _ => {}
        }
        if values.is_empty() && opt.kind != Kind::Bool {
            let wanted =
                if matches!(opt.kind, Kind::List(_)) { "at least one argument" } else { "one argument" };
            return Err(Stop::error(&format!("argument --{name}: expected {wanted}")));
        }
        given.retain(|before| before.opt.api != opt.api || opt.kind == Kind::Filter);
        given.push(Given { opt, values, negated });
    }
    Ok((given, unknown))
}

fn named<'c>(opts: &'c [Opt], name: &str) -> Option<(&'c Opt, bool)> {
    let find = |name: &str| opts.iter().find(|opt| !opt.positional && opt.name == name);
    if let Some(opt) = find(name) {
        return Some((opt, false));
    }
    find(name.strip_prefix("no-")?).filter(|opt| opt.kind == Kind::Bool).map(|opt| (opt, true))
}

/// A word that can be a value: no option, unless it is a number below zero or holds a space.
fn is_value(word: &str) -> bool {
    !word.starts_with('-') || word == "-" || word.contains(' ') || word.parse::<f64>().is_ok()
}

fn missing(opts: &[Opt], given: &[Given<'_>]) -> Result<(), Stop> {
    let absent: Vec<&Opt> = opts
        .iter()
        .filter(|opt| opt.required && !given.iter().any(|entry| entry.opt.api == opt.api))
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    let plain: Vec<String> = absent
        .iter()
        .filter(|opt| opt.kind != Kind::Bool)
        .map(|opt| if opt.positional { opt.name.to_owned() } else { format!("--{}", opt.name) })
        .collect();
    if plain.is_empty() {
        let switches: Vec<String> = absent.iter().map(|opt| format!("--{0} --no-{0}", opt.name)).collect();
        return Err(Stop::error(&format!("one of the arguments {} is required", switches.join(" "))));
    }
    Err(Stop::error(&format!("the following arguments are required: {}", plain.join(", "))))
}

fn value(world: &World, given: &Given<'_>, raw_blobs: bool) -> Result<Value, Stop> {
    let reading = Reading { world, opt: given.opt };
    if given.opt.kind == Kind::Bool {
        return Ok(Value::Bool(!given.negated));
    }
    let mut texts = Vec::new();
    let mut from_file = false;
    for text in &given.values {
        let (text, was_file) = reading.expand(text)?;
        from_file |= was_file;
        texts.push(text);
    }
    let first = || texts.first().cloned().unwrap_or_default();
    match given.opt.kind {
        Kind::Int => reading.number(&first()),
        Kind::Blob if !from_file && !raw_blobs => reading.base64(&first()),
        Kind::File => reading.content(&first()),
        Kind::List(Members("")) => Ok(reading.texts(texts)),
        Kind::List(members) => reading.structures(&texts, members),
        Kind::Object(members) => reading.structure(&first(), members, given.opt.api.clone()),
        Kind::Filter => {
            Ok(Value::String(format!("{}{}", if given.opt.name == "include" { '+' } else { '-' }, first())))
        }
        Kind::Map => reading.members(&first()).map(Value::Object),
        Kind::Text | Kind::Blob | Kind::Bool => Ok(Value::String(first())),
    }
}

/// The values of one option being read.
struct Reading<'w> {
    world: &'w World,
    opt: &'w Opt,
}

impl Reading<'_> {
    fn wrong(&self, what: &str) -> Stop {
        Stop::parameter(&format!("Error parsing parameter '--{}': {what}", self.opt.name))
    }

    /// The content of the file, where the value is `file://…` or `fileb://…`.
    fn expand(&self, text: &str) -> Result<(String, bool), Stop> {
        let Some(path) = text.strip_prefix("fileb://").or_else(|| text.strip_prefix("file://")) else {
            return Ok((text.to_owned(), false));
        };
        let content = workspace::read_file(self.world, path).ok_or_else(|| {
            let why = format!("[Errno 2] No such file or directory: '{path}'");
            self.wrong(&format!("Unable to load paramfile {text}: {why}"))
        })?;
        Ok((content, true))
    }

    fn content(&self, path: &str) -> Result<Value, Stop> {
        let content = workspace::read_file(self.world, path);
        content.map(Value::String).ok_or_else(|| self.wrong("Blob values must be a path to a file."))
    }

    fn number(&self, text: &str) -> Result<Value, Stop> {
        text.trim()
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| Stop::general(&format!("--{}: `{text}` is no whole number", self.opt.name)))
    }

    fn base64(&self, text: &str) -> Result<Value, Stop> {
        let bytes = decode_base64(text).and_then(|bytes| String::from_utf8(bytes).ok());
        bytes.map(Value::String).ok_or_else(|| Stop::general(&format!("Invalid base64: \"{text}\"")))
    }

    fn json(&self, text: &str) -> Result<Value, Stop> {
        serde_json::from_str(text).map_err(|e| {
            let place = format!("line {} column {}", e.line(), e.column());
            self.wrong(&format!("Invalid JSON: {place}\nJSON received: {text}"))
        })
    }

    /// A list of texts; a single value may be a JSON list.
    fn texts(&self, texts: Vec<String>) -> Value {
        if let [only] = texts.as_slice()
            && only.trim_start().starts_with('[')
            && let Ok(list @ Value::Array(_)) = serde_json::from_str(only)
        {
            return list;
        }
        Value::from(texts)
    }

    fn structures(&self, texts: &[String], members: Members) -> Result<Value, Stop> {
        let mut items = Vec::new();
        for text in texts {
            let read = match text.trim_start().chars().next() {
                Some('[') => self.json(text)?,
                Some('{') => Value::Array(vec![self.json(text)?]),
                _ => Value::Array(vec![Value::Object(self.members(text)?)]),
            };
            match read {
                Value::Array(read) => items.extend(read),
                other => items.push(other),
            }
        }
        let name = &self.opt.api;
        let fitted = items.into_iter().enumerate();
        let fitted = fitted.map(|(n, item)| fit(item, members, &format!("{name}[{n}]")));
        fitted.collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn structure(&self, text: &str, members: Members, name: String) -> Result<Value, Stop> {
        self.members(text).and_then(|read| fit(Value::Object(read), members, &name))
    }

    fn members(&self, text: &str) -> Result<Map<String, Value>, Stop> {
        if text.trim_start().starts_with('{') {
            return match self.json(text)? {
                Value::Object(members) => Ok(members),
                _ => Err(self.wrong(&format!("Invalid JSON: no structure\nJSON received: {text}"))),
            };
        }
        aws_shorthand::read(text).map_err(|wrong| self.wrong(&wrong.message(text)))
    }
}

/// Gives the members of a structure their types; a member it has not is an error.
pub(super) fn fit(item: Value, members: Members, place: &str) -> Result<Value, Stop> {
    let Value::Object(object) = item else {
        let text = format!("Parameter validation failed:\nInvalid type for parameter {place}, value: {item}");
        return Err(Stop::parameter(&text));
    };
    let mut fitted = Map::new();
    for (name, value) in object {
        let Some((_, mark)) = members.each().find(|(member, _)| *member == name) else {
            let known: Vec<&str> = members.each().map(|(member, _)| member).collect();
            let known = known.join(", ");
            let text = format!("Unknown parameter in {place}: \"{name}\", must be one of: {known}");
            return Err(Stop::parameter(&format!("Parameter validation failed:\n{text}")));
        };
        let value = match (mark, value) {
            (Some('?'), Value::String(text)) => Value::Bool(text.eq_ignore_ascii_case("true")),
            (Some('#'), Value::String(text)) => text.parse::<i64>().map_or(Value::String(text), Value::from),
            (Some('*'), value @ (Value::String(_) | Value::Object(_))) => Value::Array(vec![value]),
            (_, value) => value,
        };
        fitted.insert(name, value);
    }
    Ok(Value::Object(fitted))
}

/// The bytes behind a base64 text.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for c in digits.chars() {
        let digit = match c {
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' => 62,
            '/' => 63,
            _ => return None,
        };
        held = held << 6 | digit;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}
