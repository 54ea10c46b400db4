//! The texts behind a document: one file, or several that overlay each other.
//!
//! All texts of a document lie one after another in a single line of offsets, as a compiler's source map has it. So a
//! span says by itself from which file it comes, and a table that is made of two files needs no book-keeping.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::Diagnostic;

/// One file of a document.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// As it was asked for.
    pub path: PathBuf,
    /// What stands in it.
    pub text: Arc<str>,
    /// Where its bytes begin among those of all sources.
    pub start: usize,
}

/// The files of a document, the overlaying ones first.
#[derive(Clone, Debug)]
pub(super) struct Sources(pub Vec<Source>);

impl Sources {
    /// A problem of some bytes.
    pub fn at(&self, span: &Range<usize>, title: impl Into<String>) -> Diagnostic {
        let source = self.0.iter().rev().find(|source| source.start <= span.start).or(self.0.first());
        match source {
            Some(source) => {
                let local = span.start.saturating_sub(source.start)..span.end.saturating_sub(source.start);
                Diagnostic::of_span(&source.path, source.text.clone(), local, title)
            }
            None => Diagnostic::of_file("", title),
        }
    }

    /// A problem of the document as a whole, told of its topmost file.
    pub fn whole(&self, title: impl Into<String>) -> Diagnostic {
        Diagnostic::of_file(self.0.first().map(|source| source.path.clone()).unwrap_or_default(), title)
    }

    /// The bytes of a span.
    pub fn text(&self, span: &Range<usize>) -> &str {
        let source = self.0.iter().rev().find(|source| source.start <= span.start);
        let slice = source
            .and_then(|s| s.text.get(span.start.saturating_sub(s.start)..span.end.saturating_sub(s.start)));
        slice.unwrap_or_default()
    }
}

impl Source {
    /// The file as a table whose spans count from the source's start.
    pub fn table(&self) -> Result<Spanned<DeTable<'_>>, Diagnostic> {
        let problem = |span: Option<Range<usize>>, title: String| match span {
            Some(span) => Diagnostic::of_span(&self.path, self.text.clone(), span, title),
            None => Diagnostic::of_file(&self.path, title),
        };
        if self.text.trim().is_empty() {
            return Err(
                problem(None, "this file is empty".into()).help("`chesterton new` makes files that work")
            );
        }
        let table = DeTable::parse(&self.text).map_err(|error| {
            let message = error.message().trim_end_matches(", expected nothing");
            let title = format!("this is not TOML: {message}");
            problem(error.span(), title).help("the format is described at https://toml.io")
        })?;
        Ok(Spanned::new(shift(&table.span(), self.start), moved_table(table.into_inner(), self.start)))
    }
}

fn shift(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start.saturating_add(by)..span.end.saturating_add(by)
}

fn moved_table<'i>(table: DeTable<'i>, by: usize) -> DeTable<'i> {
    let entry = |(key, value): (Spanned<DeString<'i>>, Spanned<DeValue<'i>>)| {
        (Spanned::new(shift(&key.span(), by), key.into_inner()), moved(value, by))
    };
    table.into_iter().map(entry).collect()
}

fn moved(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = shift(&value.span(), by);
    let inner = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved_table(table, by)),
        DeValue::Array(list) => {
            DeValue::Array(list.into_iter().map(|v| moved(v, by)).collect::<DeArray<'_>>())
        }
        leaf => leaf,
    };
    Spanned::new(span, inner)
}
