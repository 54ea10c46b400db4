//! A TOML file of ours, read into a type, with the places of everything in it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use simulators::stage::Problem;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::files::{TOML_BYTES_MAX, read_text};
use super::overlay::{self, Added};
use super::source::{Source, Sources};
use super::tree::{Kind, Node, Step, steps};
use super::{Diagnostic, level, wording};
use crate::record::Factors;

/// A name by which tables, trials and reports go is no longer.
const NAME_BYTES_MAX: usize = 60;

/// A file's value, its text, and where each part of the one stands in the other.
#[derive(Clone, Debug)]
pub struct Document<T> {
    /// What the file says.
    pub value: T,
    sources: Sources,
    tree: Node,
}

/// Whether a wish for a setup or an agent is the path of a file, and not a name.
pub fn is_path(wish: &str) -> bool {
    wish.contains('/') || wish.ends_with(".toml")
}

/// Reads a scenario's file and lays it over those that it `extends`.
///
/// # Errors
/// What a compiler would show: not there, not TOML, unknown or missing keys, values of the wrong kind.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Document<T>, Diagnostic> {
    laid(overlay::sources(path)?, &Factors::new())
}

/// Reads a document's files with levels of factors laid over them.
pub(super) fn laid<T: DeserializeOwned>(
    sources: Sources,
    levels: &Factors,
) -> Result<Document<T>, Diagnostic> {
    let (value, tree) = {
        let (table, mut added) = overlay::merged(&sources)?;
        let (table, more) = level::laid(&sources, table, levels)?;
        added.extend(more);
        typed(&sources, table, &added)?
    };
    Ok(Document { value, sources, tree })
}

/// Reads one file that stands for itself, such as an agent's script or a setup.
///
/// # Errors
/// As [`read`].
pub fn read_alone<T: DeserializeOwned>(path: &Path) -> Result<Document<T>, Diagnostic> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let text = read_text(folder.unwrap_or(Path::new(".")), path, TOML_BYTES_MAX)?;
    parse(path, &text)
}

/// Reads a text as if it stood in a file of that path.
///
/// # Errors
/// As [`read`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<Document<T>, Diagnostic> {
    let sources = Sources(vec![Source { path: path.to_owned(), text: text.into(), start: 0 }]);
    let (value, tree) = {
        let table = sources.0.first().map(Source::table).transpose()?;
        typed(&sources, table.unwrap_or_else(|| Spanned::new(0..0, DeTable::new())), &[])?
    };
    Ok(Document { value, sources, tree })
}

fn typed<T: DeserializeOwned>(
    sources: &Sources,
    table: Spanned<DeTable<'_>>,
    added: &[Added],
) -> Result<(T, Node), Diagnostic> {
    let tree = Node::of(&table);
    let value = of_table(sources, &tree, table, added)?;
    Ok((value, tree))
}

/// A table as a type, with what is wrong told at its place in the whole document.
fn of_table<T: DeserializeOwned>(
    sources: &Sources,
    tree: &Node,
    table: Spanned<DeTable<'_>>,
    added: &[Added],
) -> Result<T, Diagnostic> {
    let read = |table: Spanned<DeTable<'_>>| T::deserialize(Deserializer::from(table));
    read(table.clone()).map_err(|error| {
        let retry = |entries: DeTable<'_>| read(Spanned::new(table.span(), entries)).err();
        wording::explain(&wording::Read { sources, tree, added, table: &table, retry: &retry }, &error)
    })
}

/// The table at a path.
fn at<'t, 'i>(root: &'t DeTable<'i>, path: &[Step]) -> Option<&'t Spanned<DeValue<'i>>> {
    let (Step::Key(first), rest) = path.split_first()? else { return None };
    rest.iter().try_fold(root.get(first.as_str())?, |value, step| match (value.get_ref(), step) {
        (DeValue::Table(table), Step::Key(key)) => table.get(key.as_str()),
        (DeValue::Array(items), Step::Index(index)) => items.get(*index),
        _ => None,
    })
}

impl<T> Document<T> {
    /// The file itself.
    pub fn path(&self) -> &Path {
        self.sources.0.first().map_or(Path::new(""), |source| source.path.as_path())
    }

    /// The files that it is made of, the topmost first.
    pub fn files(&self) -> Vec<PathBuf> {
        self.sources.0.iter().map(|source| source.path.clone()).collect()
    }

    /// Reads the table at a path as a type of its own: for a list whose entries are of several shapes, told apart by one
    /// `key` of each, which the type then does not have. A serde enumeration would do, and would report a misspelt key at the
    /// table's header.
    ///
    /// # Errors
    /// As [`read_alone`].
    pub fn part<P: DeserializeOwned>(&self, path: &str, key: &str) -> Result<P, Diagnostic> {
        let source = self.sources.0.first().ok_or_else(|| self.sources.whole("there is no such file"))?;
        let whole = source.table()?;
        let missing = || self.problem(path, "expected a table here");
        let found = at(whole.get_ref(), &steps(path)).ok_or_else(missing)?;
        let DeValue::Table(entries) = found.get_ref() else { return Err(missing()) };
        let mut entries = entries.clone();
        entries.remove(key);
        of_table(&self.sources, &self.tree, Spanned::new(found.span(), entries), &[])
    }

    /// A problem of the value at a path such as `expect[2].agent`. If there is no such value, the innermost table or
    /// list on the way to it is marked.
    pub fn problem(&self, path: &str, title: impl Into<String>) -> Diagnostic {
        let node = self.tree.nearest(&steps(path));
        if node.key.is_none() && node.span == self.tree.span {
            return self.sources.whole(title);
        }
        // A list of `[[tables]]` has no place of its own: its first entry's header stands for it.
        let span = match &node.kind {
            Kind::List(items) if self.sources.text(&node.span).is_empty() => {
                items.first().map(|item| &item.span)
            }
            _ => None,
        };
        self.sources.at(span.unwrap_or(&node.span), title)
    }

    /// A problem of the key at a path, where the name is wrong and not the value.
    pub fn problem_of_key(&self, path: &str, title: impl Into<String>) -> Diagnostic {
        let node = self.tree.nearest(&steps(path));
        match &node.key {
            Some(key) => self.sources.at(key, title),
            None => self.problem(path, title),
        }
    }

    /// What is wrong with the value at a path as a name by which tables, trials and reports go; `None` if nothing is.
    pub fn unplain_name(&self, path: &str, name: &str) -> Option<Diagnostic> {
        unplain(name)
            .map(|title| self.problem(path, title).help("tables, trials and reports go by this name"))
    }

    /// The same of a key.
    pub fn unplain_key(&self, path: &str, name: &str) -> Option<Diagnostic> {
        unplain(name).map(|title| self.problem_of_key(path, title))
    }

    /// A value that is none of those that would do; an empty `found` is one that is missing.
    pub fn unexpected<S: AsRef<str>>(
        &self,
        path: &str,
        found: &str,
        expected: &str,
        candidates: &[S],
    ) -> Diagnostic {
        let title = match found {
            "" => format!("expected {expected}"),
            found => format!("expected {expected}, found `{found}`"),
        };
        let label = if candidates.is_empty() { "" } else { "no such name" };
        self.problem(path, title).label(label).suggest(found, candidates)
    }

    /// A problem that the simulated production found in its stage.
    pub fn stage_problem(&self, problem: &Problem) -> Diagnostic {
        self.unexpected(&problem.path, &problem.found, &problem.expected, &problem.candidates)
    }
}

fn unplain(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_plain);
    (!fits).then(|| {
        format!("expected letters, digits, `-`, `_` and `.`, up to {NAME_BYTES_MAX}, found `{name}`")
    })
}
