//! What the TOML reader finds wrong, in the words of whoever writes the file.
//!
//! The reader's own messages speak of the program's types ("invalid type: integer `3`, expected struct"). A file's
//! author knows keys, tables, lists, texts and numbers, so that is what they hear of.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, Error};

use super::overlay::Added;
use super::source::Sources;
use super::tree::{Kind, Node, Step, header};
use super::{Diagnostic, nearest};

/// More of a wrong value than this is not repeated in a title.
const REPEATED_CHARS_MAX: usize = 40;

/// A file whose shape is wrong, and a way to ask the reader again about a part of it.
pub(super) struct Read<'d> {
    pub sources: &'d Sources,
    pub tree: &'d Node,
    pub added: &'d [Added],
    pub table: &'d Spanned<DeTable<'d>>,
    pub retry: &'d dyn Fn(DeTable<'_>) -> Option<Error>,
}

/// What a reader's error means for the file's author.
pub(super) fn explain(read: &Read<'_>, error: &Error) -> Diagnostic {
    let found = Found::new(read, error);
    let message = error.message().lines().next().unwrap_or_default();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return found.unknown_key(rest);
    }
    if let Some(misspelt) = found.misspelt_section() {
        return misspelt;
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        found.missing_key(rest)
    } else if let Some(rest) = message.strip_prefix("unknown variant ") {
        found.unknown_value(rest)
    } else if message.starts_with("wanted ") {
        found.wrong_kind("text in quotes")
    } else if message.starts_with("invalid ") {
        let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
        found.wrong_kind(&in_words(expected))
    } else {
        read.sources.at(&found.span, message)
    }
}

struct Found<'d> {
    read: &'d Read<'d>,
    path: Vec<Step>,
    node: &'d Node,
    span: Range<usize>,
}

impl<'d> Found<'d> {
    fn new(read: &'d Read<'d>, error: &Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let (path, node) = read.tree.path_to(&span).unwrap_or((Vec::new(), read.tree));
        Self { read, path, node, span }
    }

    fn at(&self, title: String) -> Diagnostic {
        self.read.sources.at(&self.span, title)
    }

    fn unknown_key(&self, rest: &str) -> Diagnostic {
        let names = backticked(rest);
        let (wrong, known) = names.split_first().map_or(("", &[][..]), |(wrong, known)| (*wrong, known));
        let parent = self.path.split_last().map_or(&[][..], |(_, parent)| parent);
        let place = match header(parent) {
            place if place.is_empty() => "at the top level".to_owned(),
            place => format!("in `{place}`"),
        };
        let diagnostic = self.at(format!("unknown key `{wrong}` {place}")).label("unknown key");
        // A key that follows a `[table]` belongs to that table, wherever its author thought it would go.
        if !parent.is_empty() && nearest::nearest(wrong, known).is_none() && self.is_of_top_level(wrong) {
            return diagnostic
                .help(format!("`{wrong}` belongs to the top level: put it above the first `[table]`"));
        }
        diagnostic.suggest(wrong, known)
    }

    /// Whether the top level would take this key: the reader is shown a file with nothing else in it.
    fn is_of_top_level(&self, key: &str) -> bool {
        let span = || self.span.clone();
        let value = toml::de::DeValue::Boolean(true);
        let alone = [(Spanned::new(span(), key.to_owned().into()), Spanned::new(span(), value))];
        let error = (self.read.retry)(alone.into_iter().collect());
        error.is_none_or(|error| !error.message().starts_with("unknown field"))
    }

    /// With `[[databse]]` misspelt and `[[database.snapshot]]` after it, the first thing wrong is a `database` of the
    /// wrong kind. If the file without it shows an unknown section of nearly that name, that is what is wrong.
    fn misspelt_section(&self) -> Option<Diagnostic> {
        let Some(Step::Key(section)) = self.path.first() else { return None };
        let mut others = self.read.table.get_ref().clone();
        others.remove(section.as_str())?;
        let error = (self.read.retry)(others)?;
        let rest = error.message().strip_prefix("unknown field ")?;
        let found = Found::new(self.read, &error);
        let wrong = *backticked(rest).first()?;
        let meant = found.path.len() == 1 && nearest::nearest(wrong, &[section]).is_some();
        meant.then(|| found.unknown_key(rest))
    }

    fn missing_key(&self, rest: &str) -> Diagnostic {
        let key = backticked(rest).first().copied().unwrap_or_default();
        let (step, _) = self.node.first_of_list();
        let path: Vec<Step> = self.path.iter().cloned().chain(step).collect();
        let place = header(&path);
        if place.is_empty() {
            let title = format!("missing key `{key}` at the top level");
            let help =
                format!("add `{key} = …` above the first `[table]`, or `[{key}]` if it is a table itself");
            return self.read.sources.whole(title).help(help);
        }
        let help = self.read.added.iter().find(|added| added.span == self.span).map(Added::help);
        let diagnostic = self.at(format!("missing key `{key}` in `{place}`"));
        diagnostic.label(format!("`{key}` belongs here")).help(help.unwrap_or_default())
    }

    fn unknown_value(&self, rest: &str) -> Diagnostic {
        let names = backticked(rest);
        let (wrong, known) = names.split_first().map_or(("", &[][..]), |(wrong, known)| (*wrong, known));
        let title = format!("unknown value `{wrong}`{}", self.of_key());
        self.at(title).label("unknown value").suggest(wrong, known)
    }

    fn wrong_kind(&self, expected: &str) -> Diagnostic {
        if let Some(one) = self.list_for_table(expected) {
            return one;
        }
        let text = self.read.sources.text(&self.span);
        let kind = self.node.words();
        let short = !text.contains('\n') && text.chars().count() <= REPEATED_CHARS_MAX;
        let found = match (&self.node.kind, expected.contains(kind)) {
            (Kind::Leaf(_), true) if short => format!("`{text}`"),
            (Kind::Leaf(_), false) if short => format!("{kind}, `{text}`"),
            _ => kind.to_owned(),
        };
        let title = format!("expected {expected}{}, found {found}", self.of_key());
        self.at(title).label(format!("expected {expected}")).help(self.remedy(expected, kind, text))
    }

    /// The reader takes a list for a table's values in order, and so complains of the first value's kind where two
    /// brackets stand in place of one.
    fn list_for_table(&self, expected: &str) -> Option<Diagnostic> {
        let (_, first) = self.node.first_of_list();
        let of_list = matches!(self.path.last(), Some(Step::Index(_))) || !std::ptr::eq(first, self.node);
        if !of_list || !matches!(first.kind, Kind::Table(_)) || matches!(expected, "a table" | "a list") {
            return None;
        }
        let key = self.key().unwrap_or_default();
        let title = format!("expected one table{}, found a list of tables", self.of_key());
        Some(self.at(title).help(format!("write `[{key}]`, with one bracket")))
    }

    /// How the value would be written, where that can be told.
    fn remedy(&self, expected: &str, kind: &str, text: &str) -> String {
        let key = self.key().unwrap_or_default();
        match (expected, kind) {
            ("text in quotes", "a table" | "a list" | "text") => String::new(),
            ("text in quotes", _) => format!("write it in quotes: `\"{text}\"`"),
            ("a list", "a table") => format!("write `[[{key}]]`, with two brackets, for each entry"),
            ("a list", _) => format!("write `[{text}]`"),
            ("a table", "a list") => format!("write `[{key}]`, with one bracket"),
            (_, "text") if expected.contains("number") || expected.contains("true") => {
                "write it without quotes".to_owned()
            }
            _ => String::new(),
        }
    }

    fn key(&self) -> Option<&str> {
        self.path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }

    fn of_key(&self) -> String {
        self.key().map(|key| format!(" for `{key}`")).unwrap_or_default()
    }
}

/// The reader's word for a kind of value, in ours.
fn in_words(expected: &str) -> String {
    let up_to = |max: u64| format!("a whole number from 0 to {max}");
    match expected {
        "a string" | "a borrowed string" | "a character" | "string or table" => "text in quotes".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "u8" => up_to(u8::MAX.into()),
        "u16" => up_to(u16::MAX.into()),
        "u32" => up_to(u32::MAX.into()),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        _ => "another kind of value".to_owned(),
    }
}

/// The names between backticks, in order.
fn backticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
