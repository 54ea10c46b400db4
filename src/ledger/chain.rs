//! Following the chains of a ledger: which trials are sealed, and where they stand. Where events are not wanted, none is decoded
//! and no trial kept, so that this costs little more than reading the bytes and hashing them, however large a run is.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::line::{Entry, Line, VERSION, genesis};
use crate::base::digest;
use crate::base::sabotage::{self, Sabotage};
use crate::record::{Event, TrialId};

/// A line longer than this was not written by a recorder.
const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;
const READ_BYTES: usize = 128 * 1024;

/// Where a sealed trial's lines stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The segment.
    pub segment: Arc<Path>,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// How lines came not to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The writer was stopped: a trial without its seal, or a last line without its end. `resume` plays it again.
    Stopped,
    /// Something was changed, lost or put in.
    Corrupt,
}

/// Lines that do not count, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The segment.
    pub segment: PathBuf,
    /// The first line concerned, from 1; 0 where it is the segment as a whole.
    pub line: u64,
    /// The last line concerned.
    pub last_line: u64,
    /// How it came about.
    pub cause: Cause,
    /// What is wrong with it.
    pub what: String,
}

impl Damage {
    /// Of a segment as a whole.
    pub(super) fn whole(segment: &Path, what: impl Into<String>) -> Self {
        Self { segment: segment.to_owned(), line: 0, last_line: 0, cause: Cause::Corrupt, what: what.into() }
    }
}

/// A trial whose chain holds from its beginning to its seal.
#[derive(Debug)]
pub(super) struct Chained {
    pub(super) trial: TrialId,
    pub(super) place: Place,
    /// Its first line.
    pub(super) first: Vec<u8>,
    /// What it holds, if that was to be kept.
    pub(super) kept: Kept,
}

/// What a trial holds, as far as it was followed.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// All its lines.
    pub(super) bytes: Vec<u8>,
    /// Their events.
    pub(super) events: Vec<Event>,
    /// A line of it is a record and no event that is known here.
    pub(super) is_unreadable: bool,
}

/// What of a line the chain needs.
#[derive(Deserialize)]
struct Link<'a> {
    v: u32,
    #[serde(borrow)]
    trial: Cow<'a, str>,
    n: u64,
    #[serde(borrow)]
    prev: Cow<'a, str>,
    entry: Kind,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Seal { lines: u64 },
    Event(IgnoredAny),
}

/// What a line holds besides, where it is to be kept.
enum Held {
    /// An event; a seal holds none.
    Event(Option<Box<Event>>),
    Unreadable,
}

impl Link<'_> {
    fn of(line: Line) -> (Self, Option<Box<Event>>) {
        let (entry, event) = match line.entry {
            Entry::Seal { lines } => (Kind::Seal { lines }, None),
            Entry::Event(event) => (Kind::Event(IgnoredAny), Some(event)),
        };
        let (trial, prev) = (Cow::Owned(line.trial.into()), Cow::Owned(line.prev));
        (Self { v: line.v, trial, n: line.n, prev, entry }, event)
    }
}

struct Open {
    chained: Chained,
    first_line: u64,
    prev: String,
    n: u64,
}

/// Streams the sealed trials and the damages of some segments, in order of segment and place.
pub(super) struct Chains {
    segments: std::vec::IntoIter<PathBuf>,
    current: Option<(Arc<Path>, Box<dyn BufRead>)>,
    keeps: bool,
    line: u64,
    offset: u64,
    buffer: Vec<u8>,
    open: Option<Open>,
    /// A damage whose end was not seen yet: it ends where the next trial begins.
    lost: Option<Damage>,
    found: VecDeque<Result<Chained, Damage>>,
}

impl Chains {
    /// Of the ledger in `folder`. With `keeps`, each trial's bytes come with it.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(super) fn of(folder: &Path, keeps: bool) -> io::Result<Self> {
        let mut chains = Self::new(Vec::new(), None, keeps);
        match folder.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                chains.found.push_back(Err(Damage::whole(folder, "there is no ledger")));
                return Ok(chains);
            }
            // A link could lead out of the run, to lines that were never recorded here.
            Ok(found) if !found.is_dir() => {
                chains.found.push_back(Err(Damage::whole(folder, "it is not a plain folder")));
                return Ok(chains);
            }
            _ => {}
        }
        let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path()));
        let mut segments = entries.collect::<io::Result<Vec<_>>>()?;
        segments.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
        segments.sort();
        chains.segments = segments.into_iter();
        Ok(chains)
    }

    /// Of something that is open already.
    pub(super) fn within(segment: Arc<Path>, reader: Box<dyn BufRead>, keeps: bool) -> Self {
        Self::new(Vec::new(), Some((segment, reader)), keeps)
    }

    fn new(segments: Vec<PathBuf>, current: Option<(Arc<Path>, Box<dyn BufRead>)>, keeps: bool) -> Self {
        Self {
            segments: segments.into_iter(),
            current,
            keeps,
            line: 0,
            offset: 0,
            buffer: Vec::new(),
            open: None,
            lost: None,
            found: VecDeque::new(),
        }
    }

    fn begin_segment(&mut self, path: &Path) {
        (self.line, self.offset) = (0, 0);
        let is_plain =
            path.symlink_metadata().is_ok_and(|m| m.is_file()) || sabotage::is_on(Sabotage::FollowLinks);
        let opened =
            if is_plain { File::open(path) } else { Err(io::Error::other("it is not a plain file")) };
        match opened {
            Ok(file) => {
                let reader = Box::new(BufReader::with_capacity(READ_BYTES, file));
                self.current = Some((Arc::from(path), reader));
            }
            Err(error) => self.found.push_back(Err(Damage::whole(path, error.to_string()))),
        }
    }

    fn end_segment(&mut self) {
        if sabotage::is_on(Sabotage::SkipSeal) {
            self.found.extend(self.open.take().map(|open| Ok(open.chained)));
        }
        if self.open.is_some() {
            self.lose(Cause::Stopped, "a trial was begun and never sealed");
        }
        if self.offset == 0 {
            self.lose(Cause::Stopped, "it is empty");
        }
        self.found.extend(self.lost.take().map(Err));
        self.current = None;
    }

    /// Gives up the trial that was being followed, if any; everything up to the next trial's beginning is lost with it.
    fn lose(&mut self, cause: Cause, what: &str) {
        let open = self.open.take();
        if let Some(lost) = &mut self.lost {
            lost.last_line = self.line;
            return;
        }
        let segment = self.current.as_ref().map(|(path, _)| path.to_path_buf()).unwrap_or_default();
        // The parts of a rewritten ledger appear whole: nobody was stopped in the middle of one.
        let cause = if is_part(&segment) { Cause::Corrupt } else { cause };
        let line = open.map_or(self.line, |open| open.first_line);
        self.lost = Some(Damage { segment, line, last_line: self.line, cause, what: what.to_owned() });
    }

    /// Takes the next line in.
    fn step(&mut self) {
        let Some((_, reader)) = self.current.as_mut() else { return };
        self.buffer.clear();
        let read = reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut self.buffer);
        match read {
            Ok(0) => return self.end_segment(),
            Ok(_) => {}
            Err(error) => {
                self.lose(Cause::Corrupt, &error.to_string());
                return self.end_segment();
            }
        }
        let (at, bytes) = (self.offset, length(&self.buffer));
        self.offset = self.offset.saturating_add(bytes);
        self.line = self.line.saturating_add(1);
        let buffer = std::mem::take(&mut self.buffer);
        match buffer.strip_suffix(b"\n") {
            Some(text) => self.line(&buffer, text, at),
            None if bytes == LINE_BYTES_MAX => self.lose(Cause::Corrupt, "the line is too long for a record"),
            None => self.lose(Cause::Stopped, "the last line is cut off"),
        }
        self.buffer = buffer;
    }

    fn line(&mut self, bytes: &[u8], text: &[u8], at: u64) {
        // Looked at once as a whole, instead of each text in it.
        let read = |text| serde_json::from_str::<Line>(text).ok();
        let whole = if self.keeps { std::str::from_utf8(text).ok().and_then(read) } else { None };
        let (link, held) = match whole.map(Link::of) {
            Some((link, event)) => (Ok(link), Held::Event(event)),
            None => (serde_json::from_slice(text), Held::Unreadable),
        };
        let Ok(link) = link else {
            return self.lose(Cause::Corrupt, "the line is not a record");
        };
        if link.v != VERSION {
            let what = format!("the record is of version {}, and this program reads {VERSION}", link.v);
            return self.lose(Cause::Corrupt, &what);
        }
        if link.n == 0 {
            self.begin(&link, bytes, at);
        }
        self.join(&link, bytes, text, held);
    }

    fn begin(&mut self, link: &Link<'_>, bytes: &[u8], at: u64) {
        if self.open.is_some() {
            self.lose(Cause::Stopped, "a trial was begun and never sealed");
            if let Some(lost) = &mut self.lost {
                lost.last_line = lost.last_line.saturating_sub(1);
            }
        }
        self.found.extend(self.lost.take().map(Err));
        let trial = TrialId::from(link.trial.as_ref());
        let segment =
            self.current.as_ref().map_or_else(|| Arc::from(Path::new("")), |(path, _)| Arc::clone(path));
        let prev = genesis(&trial);
        let place = Place { segment, offset: at, bytes: 0 };
        let chained = Chained { trial, place, first: bytes.to_vec(), kept: Kept::default() };
        self.open = Some(Open { chained, first_line: self.line, prev, n: 0 });
    }

    /// Joins a line to the trial that is being followed, if it is the next of its chain.
    fn join(&mut self, link: &Link<'_>, bytes: &[u8], text: &[u8], held: Held) {
        let Some(open) = &mut self.open else {
            return self.lose(Cause::Corrupt, "the line belongs to no trial that was begun");
        };
        let follows = open.chained.trial.as_str() == link.trial && open.n == link.n && open.prev == link.prev;
        if !follows && !sabotage::is_on(Sabotage::SkipChain) {
            return self.lose(Cause::Corrupt, "the chain is broken: a line is missing, moved or changed");
        }
        open.prev = digest::of(text);
        open.n = open.n.saturating_add(1);
        open.chained.place.bytes = open.chained.place.bytes.saturating_add(length(bytes));
        if self.keeps {
            open.chained.kept.add(bytes, held);
        }
        match link.entry {
            Kind::Event(_) => {}
            Kind::Seal { lines } if is_seal(link, lines, text) => {
                self.found.extend(self.open.take().map(|open| Ok(open.chained)));
            }
            Kind::Seal { .. } => self.lose(Cause::Corrupt, "the seal is not the one of the lines before it"),
        }
    }
}

impl Kept {
    fn add(&mut self, bytes: &[u8], held: Held) {
        self.bytes.extend_from_slice(bytes);
        match held {
            Held::Event(event) => self.events.extend(event.map(|event| *event)),
            Held::Unreadable => self.is_unreadable = true,
        }
    }
}

/// Whether a segment was made by rewriting.
fn is_part(segment: &Path) -> bool {
    segment.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-"))
}

/// No line follows a seal to hold it, so it must be to the byte what a recorder writes.
fn is_seal(link: &Link<'_>, lines: u64, text: &[u8]) -> bool {
    let trial = TrialId::from(link.trial.as_ref());
    let (n, prev) = (link.n, link.prev.clone().into_owned());
    let seal = Line { v: VERSION, trial, n, prev, entry: Entry::Seal { lines } };
    lines == n && serde_json::to_vec(&seal).is_ok_and(|expected| expected == text)
}

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Iterator for Chains {
    type Item = Result<Chained, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            match self.current.is_some() {
                true => self.step(),
                false => {
                    let path = self.segments.next()?;
                    self.begin_segment(&path);
                }
            }
        }
    }
}
