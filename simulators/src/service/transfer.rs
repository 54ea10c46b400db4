//! What `aws s3` does: listing, copying, moving, removing and matching whole trees of objects, to and from the
//! checkout too. The answers are what the tool prints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::object_store::Body;
use super::object_versions::{Tally, content, erase, folder, write, write_file};
use super::objects::{bucket, delete_bucket, new_bucket};
use super::{policy, workspace};
use crate::World;
use crate::call::{Answer, Call, Refusal, Service};
use crate::clock::Time;

/// One side of a transfer.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    /// In the checkout.
    Local(String),
    /// Bucket and key.
    Remote(String, String),
    /// Standard output.
    Stream,
}

impl Place {
    fn read(path: &str) -> Self {
        match path.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                Self::Remote(bucket.to_owned(), key.to_owned())
            }
            None if path == "-" => Self::Stream,
            None => Self::Local(path.to_owned()),
        }
    }

    /// The place as a folder, whose name ends with a slash.
    fn as_folder(&self) -> Self {
        let slashed = |path: &str| match path {
            "" | "." | "./" => String::new(),
            path if path.ends_with('/') => path.trim_start_matches("./").to_owned(),
            path => format!("{}/", path.trim_start_matches("./")),
        };
        match self {
            Self::Remote(bucket, key) => Self::Remote(bucket.clone(), slashed(key)),
            Self::Local(path) => Self::Local(slashed(path)),
            Self::Stream => Self::Stream,
        }
    }

    fn below(&self, name: &str) -> Self {
        match self {
            Self::Remote(bucket, key) => Self::Remote(bucket.clone(), format!("{key}{name}")),
            Self::Local(path) => Self::Local(format!("{path}{name}")),
            Self::Stream => Self::Stream,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Remote(bucket, key) => format!("s3://{bucket}/{key}"),
            Self::Local(path) if path.starts_with(['/', '.']) => path.clone(),
            Self::Local(path) => format!("./{path}"),
            Self::Stream => "-".to_owned(),
        }
    }
}

/// The permissions that a transfer needs; none for other calls.
pub(super) fn needs(call: &Call) -> Option<Vec<(&'static str, String)>> {
    let path = |name: &str| call.text(name).unwrap_or_default().trim_start_matches("s3://").to_owned();
    let remote = |name: &str| call.text(name).is_some_and(|path| path.starts_with("s3://"));
    let many = call.flag("Recursive") || call.operation == "Sync";
    let all = |name: &str| match path(name) {
        path if !many => path,
        path if path.contains('/') => format!("{path}*"),
        bucket => format!("{bucket}/*"),
    };
    let only = |name: &str| path(name).split('/').next().unwrap_or_default().to_owned();
    match call.operation.as_str() {
        "List" if path("Path").is_empty() => Some(vec![("s3:ListAllMyBuckets", String::new())]),
        "List" => Some(vec![("s3:ListBucket", only("Path"))]),
        "Remove" => Some(vec![("s3:DeleteObject", all("Path"))]),
        "MakeBucket" => Some(vec![("s3:CreateBucket", only("Path"))]),
        "RemoveBucket" => {
            let mut needs = vec![("s3:DeleteBucket", only("Path"))];
            if call.flag("Force") {
                needs.push(("s3:DeleteObject", format!("{}/*", only("Path"))));
            }
            Some(needs)
        }
        "Copy" | "Move" | "Sync" => {
            let mut needs = Vec::new();
            if remote("Source") {
                needs.push(("s3:GetObject", all("Source")));
            }
            if remote("Source") && call.operation == "Move" {
                needs.push(("s3:DeleteObject", all("Source")));
            }
            if remote("Destination") {
                needs.push(("s3:PutObject", all("Destination")));
            }
            if remote("Destination") && call.flag("Delete") {
                needs.push(("s3:DeleteObject", all("Destination")));
            }
            Some(needs)
        }
        _ => None,
    }
}

/// The lines that a transfer prints.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    dry: bool,
    quiet: bool,
}

impl Lines {
    fn new(call: &Call) -> Self {
        let quiet = call.flag("Quiet") || call.flag("OnlyShowErrors");
        Self { text: String::new(), dry: call.flag("Dryrun"), quiet }
    }

    fn add(&mut self, line: &str) {
        if !self.quiet {
            let mark = if self.dry { "(dryrun) " } else { "" };
            self.text += &format!("{mark}{line}\n");
        }
    }

    /// What was brought over before stays, so it is an answer and no refusal.
    fn broken_off(self, refusal: &Refusal) -> Answer {
        Ok(json!({"text": self.text, "stderr": format!("fatal error: {}\n", refusal.message), "code": 1}))
    }

    fn answer(self) -> Answer {
        Ok(json!({"text": self.text}))
    }
}

/// A command that stops with a message.
fn stopped(message: &str) -> Answer {
    Ok(json!({"text": "", "stderr": format!("\n{message}\n"), "code": 255}))
}

/// Whether the patterns let a file through: the last one that fits decides.
fn passes(call: &Call, name: &str) -> bool {
    let patterns = call.texts("Filters");
    let fitting =
        patterns.iter().rev().find(|pattern| policy::fits(pattern.get(1..).unwrap_or_default(), name));
    fitting.is_none_or(|pattern| pattern.starts_with('+'))
}

/// `s3 ls`.
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let path = call.text("Path").unwrap_or_default().trim_start_matches("s3://");
    let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
    if name.is_empty() {
        let buckets = world.objects.buckets.iter();
        let lines = buckets.map(|(name, bucket)| format!("{} {name}\n", stamp(bucket.created)));
        return Ok(json!({"text": lines.collect::<String>()}));
    }
    let recursive = call.flag("Recursive");
    let (mut folders, mut files) = (BTreeSet::new(), String::new());
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for (key, version) in bucket(world, name)?.store.readable(prefix) {
        let folded = if recursive { None } else { folder(key, prefix, "/") };
        if let Some(folder) = folded {
            folders.insert(folder);
            continue;
        }
        let shown = if recursive { key } else { key.rsplit('/').next().unwrap_or(key) };
        let size = if call.flag("HumanReadable") { human(version.bytes) } else { version.bytes.to_string() };
        files += &format!("{} {size:>10} {shown}\n", stamp(version.modified));
        (count, bytes) = (count + 1, bytes.saturating_add(version.bytes));
    }
    let last = |folder: &str| folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let mut text: String = folders.iter().map(|f| format!("{:>30} {}/\n", "PRE", last(f))).collect();
    text += &files;
    if call.flag("Summarize") {
        let size = if call.flag("HumanReadable") { human(bytes) } else { bytes.to_string() };
        text += &format!("\nTotal Objects: {count}\n   Total Size: {size}\n");
    }
    let nothing = !prefix.is_empty() && count == 0 && folders.is_empty();
    Ok(json!({"text": text, "code": i32::from(nothing)}))
}

fn stamp(time: Time) -> String {
    time.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}

/// `1.5 KiB`, `3 Bytes`. Integers, because floats are not the same everywhere.
fn human(bytes: u64) -> String {
    const UNITS: &[&str] = &["KiB", "MiB", "GiB", "TiB", "PiB"];
    match bytes {
        1 => return "1 Byte".to_owned(),
        0..1024 => return format!("{bytes} Bytes"),
        _ => {}
    }
    let mut unit = 1024_u64;
    let mut names = UNITS.iter();
    let mut name = names.next();
    while bytes / unit >= 1024 {
        let Some(next) = names.next() else { break };
        (unit, name) = (unit.saturating_mul(1024), Some(next));
    }
    let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
    format!("{}.{} {}", tenths / 10, tenths % 10, name.copied().unwrap_or_default())
}

/// Files below a folder of either side, by their name below it.
fn below(world: &World, folder: &Place) -> Result<BTreeMap<String, Body>, Refusal> {
    match folder {
        Place::Remote(name, prefix) => {
            let objects = bucket(world, name)?.store.readable(prefix);
            let named = objects.filter_map(|(key, version)| {
                let rest = key.strip_prefix(prefix.as_str())?;
                Some((rest.to_owned(), (version.bytes, version.text.clone())))
            });
            Ok(named.filter(|(rest, _)| !rest.is_empty()).collect())
        }
        Place::Local(prefix) => {
            let files = workspace::sources(world);
            let named = files.iter().filter_map(|(path, text)| {
                let rest = path.strip_prefix(prefix.as_str())?;
                Some((rest.to_owned(), (text.len() as u64, Some(Arc::from(text.as_str())))))
            });
            Ok(named.collect())
        }
        Place::Stream => Ok(BTreeMap::new()),
    }
}

/// Whether a folder of the checkout is there, an empty one too.
fn is_folder(world: &mut World, folder: &Place) -> bool {
    let Place::Local(path) = folder else { return true };
    if path.is_empty() || workspace::sources(world).keys().any(|file| file.starts_with(path)) {
        return true;
    }
    let path = path.trim_end_matches('/');
    let mut args = Map::new();
    args.insert("paths".to_owned(), json!([path]));
    args.insert("shell".to_owned(), json!(true));
    let mut call = Call::new(Service::Workspace, "ListFiles", path, args);
    call.id = world.cause();
    world.apply(&call).is_ok_and(|answer| answer.get("code").and_then(Value::as_i64).unwrap_or(0) == 0)
}

fn verb(call: &Call, source: &Place, destination: &Place) -> &'static str {
    match (call.operation.as_str(), source, destination) {
        ("Move", ..) => "move",
        (_, Place::Local(_), _) => "upload",
        (_, Place::Remote(..), Place::Remote(..)) => "copy",
        _ => "download",
    }
}

/// Brings one file over, and for a move takes it away where it was.
fn bring(
    world: &mut World,
    call: &Call,
    (source, body): (&Place, Body),
    destination: &Place,
    (lines, tally): (&mut Lines, &mut Tally),
) -> Result<(), Refusal> {
    let verb = verb(call, source, destination);
    lines.add(&format!("{verb}: {} to {}", source.shown(), destination.shown()));
    if lines.dry {
        return Ok(());
    }
    match destination {
        Place::Remote(bucket, key) => _ = write(world, bucket, key, body, tally)?,
        Place::Local(path) => {
            let text = body.1.as_deref().map_or_else(|| format!("[{} bytes]\n", body.0), str::to_owned);
            write_file(world, path, &text)?;
        }
        Place::Stream => {}
    }
    if call.operation == "Move" {
        take_away(world, source)?;
    }
    Ok(())
}

/// Removes what was moved, or what only the destination of a `sync --delete` has.
fn take_away(world: &mut World, place: &Place) -> Result<(), Refusal> {
    match place {
        Place::Remote(bucket, key) => {
            let mut tally = Tally::default();
            erase(world, bucket, key, &mut tally)?;
            tally.record(world, bucket, key);
            Ok(())
        }
        Place::Local(path) => {
            let mut args = Map::new();
            args.insert("paths".to_owned(), json!([path]));
            let mut call = Call::new(Service::Workspace, "DeleteFile", path, args);
            call.id = world.cause();
            world.apply(&call).map(|_| ())
        }
        Place::Stream => Ok(()),
    }
}

fn ends(call: &Call) -> (Place, Place) {
    let read = |name: &str| Place::read(call.text(name).unwrap_or_default());
    (read("Source"), read("Destination"))
}

fn record(world: &mut World, tally: Tally, place: &Place) {
    if let Place::Remote(bucket, key) = place {
        tally.record(world, bucket, key);
    }
}

/// `s3 cp` and `s3 mv`.
pub(super) fn copy(world: &mut World, call: &Call) -> Answer {
    let (source, destination) = ends(call);
    if let Place::Remote(name, _) = &destination {
        bucket(world, name)?;
    }
    if call.flag("Recursive") {
        return copy_tree(world, call, &source.as_folder(), &destination.as_folder());
    }
    let body = match &source {
        Place::Local(path) => match workspace::read_file(world, path) {
            Some(text) => (text.len() as u64, Some(Arc::from(text))),
            None => return stopped(&format!("The user-provided path {path} does not exist.")),
        },
        Place::Remote(name, key) => match bucket(world, name)?.store.current(key) {
            Some(version) if destination == Place::Stream => return Ok(json!({"text": content(version)})),
            Some(version) => (version.bytes, version.text.clone()),
            None => return Err(Refusal::new("404", format!("Key \"{key}\" does not exist"))),
        },
        Place::Stream => return stopped("Streaming from standard input is not available here"),
    };
    let name = source.shown().rsplit('/').next().unwrap_or_default().to_owned();
    let destination = match &destination {
        Place::Remote(_, key) if key.is_empty() || key.ends_with('/') => destination.below(&name),
        Place::Local(_) if is_folder(world, &destination.as_folder()) => destination.as_folder().below(&name),
        Place::Local(path) if path.ends_with('/') => destination.as_folder().below(&name),
        _ => destination,
    };
    let (mut lines, mut tally) = (Lines::new(call), Tally::default());
    bring(world, call, (&source, body), &destination, (&mut lines, &mut tally))?;
    record(world, tally, &destination);
    lines.answer()
}

fn copy_tree(world: &mut World, call: &Call, source: &Place, destination: &Place) -> Answer {
    if !is_folder(world, source) {
        return stopped(&format!(
            "The user-provided path {} does not exist.",
            call.text("Source").unwrap_or_default()
        ));
    }
    let (mut lines, mut tally) = (Lines::new(call), Tally::default());
    for (name, body) in below(world, source)?.into_iter().filter(|(name, _)| passes(call, name)) {
        let ends = (&source.below(&name), &destination.below(&name));
        if let Err(refusal) = bring(world, call, (ends.0, body), ends.1, (&mut lines, &mut tally)) {
            record(world, tally, destination);
            return lines.broken_off(&refusal);
        }
    }
    record(world, tally, destination);
    lines.answer()
}

/// `s3 sync`: brings over what differs, and with `--delete` removes what the source has not.
pub(super) fn sync(world: &mut World, call: &Call) -> Answer {
    let (source, destination) = ends(call);
    let (source, destination) = (source.as_folder(), destination.as_folder());
    if !is_folder(world, &source) {
        return stopped(&format!(
            "The user-provided path {} does not exist.",
            call.text("Source").unwrap_or_default()
        ));
    }
    let (have, had) = (below(world, &source)?, below(world, &destination)?);
    let (mut lines, mut tally) = (Lines::new(call), Tally::default());
    if call.flag("Delete") {
        for name in had.keys().filter(|name| !have.contains_key(*name) && passes(call, name)) {
            let place = destination.below(name);
            lines.add(&format!("delete: {}", place.shown()));
            match &place {
                _ if lines.dry => {}
                Place::Remote(bucket, key) => _ = erase(world, bucket, key, &mut tally)?,
                _ => take_away(world, &place)?,
            }
        }
    }
    for (name, body) in have.into_iter().filter(|(name, _)| passes(call, name)) {
        if had.get(&name) != Some(&body) {
            let ends = (&source.below(&name), &destination.below(&name));
            if let Err(refusal) = bring(world, call, (ends.0, body), ends.1, (&mut lines, &mut tally)) {
                record(world, tally, &destination);
                return lines.broken_off(&refusal);
            }
        }
    }
    record(world, tally, &destination);
    lines.answer()
}

/// `s3 rm`.
pub(super) fn remove(world: &mut World, call: &Call) -> Answer {
    let place = Place::read(call.text("Path").unwrap_or_default());
    let mut lines = Lines::new(call);
    match call.flag("Recursive") {
        true => remove_tree(world, call, &place.as_folder(), &mut lines)?,
        false => {
            let Place::Remote(name, key) = &place else { return lines.answer() };
            bucket(world, name)?;
            lines.add(&format!("delete: {}", place.shown()));
            if !lines.dry {
                take_away(world, &Place::Remote(name.clone(), key.clone()))?;
            }
        }
    }
    lines.answer()
}

fn remove_tree(world: &mut World, call: &Call, folder: &Place, lines: &mut Lines) -> Result<(), Refusal> {
    let mut tally = Tally::default();
    for name in below(world, folder)?.into_keys().filter(|name| passes(call, name)) {
        let place = folder.below(&name);
        lines.add(&format!("delete: {}", place.shown()));
        if let (Place::Remote(bucket, key), false) = (&place, lines.dry) {
            erase(world, bucket, key, &mut tally)?;
        }
    }
    record(world, tally, folder);
    Ok(())
}

/// `s3 mb`.
pub(super) fn make_bucket(world: &mut World, call: &Call) -> Answer {
    new_bucket(world, &call.target)?;
    Ok(json!({"text": format!("make_bucket: {}\n", call.target)}))
}

/// `s3 rb`; with `--force` after removing what a reader sees. Old versions stay, and keep the bucket.
pub(super) fn remove_bucket(world: &mut World, call: &Call) -> Answer {
    let name = call.target.clone();
    let mut lines = Lines::new(call);
    if call.flag("Force") {
        remove_tree(world, call, &Place::Remote(name.clone(), String::new()), &mut lines)?;
    }
    match delete_bucket(world, &name) {
        Ok(()) => {
            lines.add(&format!("remove_bucket: {name}"));
            lines.answer()
        }
        Err(refusal) if lines.text.is_empty() => Err(refusal),
        Err(refusal) => {
            let (code, message) = (refusal.code, refusal.message);
            let why =
                format!("An error occurred ({code}) when calling the DeleteBucket operation: {message}");
            Ok(json!({
                "text": lines.text,
                "stderr": format!("remove_bucket failed: s3://{name} {why}\n"),
                "code": 1,
            }))
        }
    }
}
