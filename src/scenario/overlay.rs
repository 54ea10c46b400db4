//! `extends`: a scenario's file laid over its sibling's. The rule is told in `DESIGN.md` beside this file.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::files::{TOML_BYTES_MAX, read_text};
use super::source::{Source, Sources};
use super::{Diagnostic, list, nearest};

/// Whether a table takes away what it stands for.
fn is_removal(table: &DeTable<'_>) -> bool {
    table.get(REMOVED).is_some_and(|value| value.get_ref().as_bool() == Some(true))
}

/// The key that names the scenario below.
pub(super) const EXTENDS: &str = "extends";
/// In a table that names an entry of a list below: the entry is taken out.
const REMOVED: &str = "removed";
/// The keys by which entries of a list are told apart, the first that all of them have.
pub(super) const NAMES: [&str; 3] = ["id", "name", "logical"];

/// The file and those that it extends, topmost first.
pub(super) fn sources(path: &Path) -> Result<Sources, Diagnostic> {
    let mut found = Sources(Vec::new());
    let mut next = Some((path.to_owned(), None));
    let mut start = 0_usize;
    while let Some((path, wanted)) = next.take() {
        let root = path.parent().unwrap_or(Path::new("."));
        let text = read_text(root, &path, TOML_BYTES_MAX).map_err(|missing| {
            wanted.map_or(missing, |(span, name): (Range<usize>, String)| {
                let title = format!("the scenario `{name}` has no such file to extend");
                found.at(&span, title).label(format!("looked for `{}`", path.display()))
            })
        })?;
        let source = Source { path: path.clone(), text: Arc::from(text), start };
        // One byte of room, so that the end of one file is not the beginning of the next.
        start = start.saturating_add(source.text.len()).saturating_add(1);
        found.0.push(source);
        next = below(&found, &path)?;
    }
    Ok(found)
}

/// The file that the last source extends, with the place of the name.
#[expect(clippy::type_complexity, reason = "the two parts are taken apart at once by the only caller")]
fn below(
    found: &Sources,
    path: &Path,
) -> Result<Option<(PathBuf, Option<(Range<usize>, String)>)>, Diagnostic> {
    let Some(source) = found.0.last() else { return Ok(None) };
    let table = source.table()?;
    let Some(value) = table.get_ref().get(EXTENDS) else { return Ok(None) };
    let span = value.span();
    let Some(name) = value.get_ref().as_str() else {
        return Err(found.at(&span, "expected the name of a scenario in quotes"));
    };
    let folder = scenarios_of(path.parent().unwrap_or(Path::new(".")));
    let known = list(&folder)?;
    if !known.iter().any(|k| k == name) {
        let title = format!("there is no scenario `{name}` to extend");
        return Err(found.at(&span, title).suggest(name, &known));
    }
    let below = folder.join(name).join(path.file_name().unwrap_or_default());
    let real = |p: &Path| p.canonicalize().ok();
    if found.0.iter().any(|source| real(&source.path) == real(&below)) {
        let chain: Vec<String> = found.0.iter().map(|s| format!("`{}`", folder_name(&s.path))).collect();
        let title = "a scenario cannot extend itself, by way of others either";
        let help = format!("the chain is {} and then `{name}` again", chain.join(", "));
        return Err(found.at(&span, title).help(help));
    }
    Ok(Some((below, Some((span, name.to_owned())))))
}

/// The folder in which a scenario and its siblings stand.
pub(super) fn scenarios_of(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && folder.file_name().is_some() => parent.to_owned(),
        Some(_) if folder.file_name().is_some() => PathBuf::from("."),
        _ => folder.join(".."),
    }
}

fn folder_name(file: &Path) -> String {
    let name = file.parent().and_then(Path::file_name);
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// An entry that an overlay added to a list by its name: if keys are missing in it, the name was probably mistyped.
pub(super) struct Added {
    /// Of the new entry's table.
    pub span: Range<usize>,
    /// Its name.
    pub name: String,
    /// The names in the list below.
    pub known: Vec<String>,
}

/// All sources as one table, without their `extends`.
pub(super) fn merged(sources: &Sources) -> Result<(Spanned<DeTable<'_>>, Vec<Added>), Diagnostic> {
    let mut merge = Merge { sources, added: Vec::new() };
    let mut whole: Option<Spanned<DeTable<'_>>> = None;
    for source in sources.0.iter().rev() {
        let mut table = source.table()?;
        table.get_mut().remove(EXTENDS);
        let span = table.span();
        whole = Some(match whole {
            Some(base) => Spanned::new(span, merge.tables(base.into_inner(), table.into_inner())?),
            None => table,
        });
    }
    Ok((whole.unwrap_or_else(|| Spanned::new(0..0, DeTable::new())), merge.added))
}

/// A table laid over another as `extends` lays it, and the entries that it adds by name.
pub(super) fn laid_over<'i>(
    sources: &Sources,
    base: DeTable<'i>,
    over: DeTable<'i>,
) -> Result<(DeTable<'i>, Vec<Added>), Diagnostic> {
    let mut merge = Merge { sources, added: Vec::new() };
    let table = merge.tables(base, over)?;
    Ok((table, merge.added))
}

struct Merge<'s> {
    sources: &'s Sources,
    added: Vec<Added>,
}

impl Merge<'_> {
    fn tables<'i>(&mut self, mut base: DeTable<'i>, over: DeTable<'i>) -> Result<DeTable<'i>, Diagnostic> {
        for (key, value) in over {
            let below = base.remove(key.get_ref().as_ref());
            if value.get_ref().as_table().is_some_and(is_removal) {
                let Some(_) = below else {
                    let title = format!("there is no `{}` below that could be removed", key.get_ref());
                    let known: Vec<String> = base.keys().map(|k| k.get_ref().to_string()).collect();
                    return Err(self.sources.at(&key.span(), title).suggest(key.get_ref(), &known));
                };
                continue;
            }
            let value = match below {
                Some(below) => self.values(below, value)?,
                None => value,
            };
            base.insert(key, value);
        }
        Ok(base)
    }

    fn values<'i>(
        &mut self,
        base: Spanned<DeValue<'i>>,
        over: Spanned<DeValue<'i>>,
    ) -> Result<Spanned<DeValue<'i>>, Diagnostic> {
        let (base_span, over_span) = (base.span(), over.span());
        Ok(match (base.into_inner(), over.into_inner()) {
            (DeValue::Table(b), DeValue::Table(o)) => {
                Spanned::new(over_span, DeValue::Table(self.tables(b, o)?))
            }
            (DeValue::Array(b), DeValue::Table(o)) => {
                Spanned::new(base_span, DeValue::Array(self.named(b, o, &over_span)?))
            }
            (_, other) => Spanned::new(over_span, other),
        })
    }

    /// A list below, and a table above whose keys are names of the list's entries.
    fn named<'i>(
        &mut self,
        base: DeArray<'i>,
        over: DeTable<'i>,
        span: &Range<usize>,
    ) -> Result<DeArray<'i>, Diagnostic> {
        let Some(key) = NAMES
            .into_iter()
            .find(|key| !base.is_empty() && base.iter().all(|e| entry_name(e, key).is_some()))
        else {
            let title = "the list below has no named entries that a table could change";
            return Err(self.sources.at(span, title).help("write the whole list: it replaces the one below"));
        };
        let known: Vec<String> = base.iter().filter_map(|e| entry_name(e, key)).map(str::to_owned).collect();
        let mut entries: Vec<Spanned<DeValue<'i>>> = base.into_iter().collect();
        let mut over: Vec<_> = over.into_iter().collect();
        over.sort_by_key(|(name, _)| name.span().start);
        for (name, patch) in over {
            let place = entries.iter().position(|e| entry_name(e, key) == Some(name.get_ref().as_ref()));
            let span = patch.span();
            let DeValue::Table(mut patch) = patch.into_inner() else {
                let title = format!("expected a table that changes the entry `{}`", name.get_ref());
                return Err(self.sources.at(&name.span(), title));
            };
            let removed = is_removal(&patch);
            patch.remove(REMOVED);
            match (place, removed) {
                (Some(place), true) => drop(entries.remove(place)),
                (Some(place), false) => {
                    let below = entries.remove(place);
                    let changed = self.values(below, Spanned::new(span, DeValue::Table(patch)))?;
                    entries.insert(place, changed);
                }
                (None, true) => {
                    let title = format!("there is no `{}` below that could be removed", name.get_ref());
                    return Err(self.sources.at(&name.span(), title).suggest(name.get_ref(), &known));
                }
                (None, false) => entries.push(self.added(key, name, Spanned::new(span, patch), &known)),
            }
        }
        Ok(entries.into_iter().collect())
    }

    /// An entry that the list below does not have; its name need not be written twice.
    fn added<'i>(
        &mut self,
        key: &'static str,
        name: Spanned<DeString<'i>>,
        entry: Spanned<DeTable<'i>>,
        known: &[String],
    ) -> Spanned<DeValue<'i>> {
        let span = entry.span();
        let text = name.get_ref().to_string();
        self.added.push(Added { span: span.clone(), name: text, known: known.to_vec() });
        let mut entry = entry.into_inner();
        let place = Spanned::new(name.span(), Cow::Borrowed(key));
        entry.entry(place).or_insert(Spanned::new(name.span(), DeValue::String(name.into_inner())));
        Spanned::new(span, DeValue::Table(entry))
    }
}

pub(super) fn entry_name<'v>(entry: &'v Spanned<DeValue<'_>>, key: &str) -> Option<&'v str> {
    entry.get_ref().as_table()?.get(key)?.get_ref().as_str()
}

impl Added {
    /// What to say when keys are missing in it.
    pub fn help(&self) -> String {
        let title = format!("nothing named `{}` is inherited", self.name);
        match nearest::suggestion(&self.name, &self.known) {
            help if help.is_empty() => title,
            help => format!("{title}; {help}"),
        }
    }
}
