//! Levels of factors, laid over a stage's tables before these are read. What a level says stands in the document with its
//! place, so that whatever is wrong with it is shown where it is written.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::overlay::{self, Added, NAMES, entry_name};
use super::source::Sources;
use super::tree::keys;
use super::{Diagnostic, nearest};
use crate::record::Factors;

/// The stage's table with levels laid over it, and the entries that these add by name.
pub(super) fn laid<'i>(
    sources: &Sources,
    table: Spanned<DeTable<'i>>,
    levels: &Factors,
) -> Result<(Spanned<DeTable<'i>>, Vec<Added>), Diagnostic> {
    if levels.is_empty() {
        return Ok((table, Vec::new()));
    }
    let (span, whole) = (table.span(), table.into_inner());
    let mut added = Vec::new();
    let mut stage = whole.clone();
    for (factor, level) in levels {
        let Some(level) = under(&whole, &["factor", factor, "level", level]) else { continue };
        if let Some(over) = under(level, &["stage"]) {
            let (merged, new) = overlay::laid_over(sources, stage, over.clone())?;
            stage = merged;
            added.extend(new);
        }
        for (key, place) in [("front", Place::Front), ("end", Place::End)] {
            if let Some(lists) = under(level, &[key]) {
                stage = joined(sources, stage, lists.clone(), place)?;
            }
        }
        for path in level.get("remove").and_then(|list| list.get_ref().as_array()).into_iter().flatten() {
            removed(sources, &mut stage, path)?;
        }
    }
    // What a level says of factors would come too late.
    if let Some(factors) = whole.get("factor") {
        stage.insert(Spanned::new(factors.span(), "factor".into()), factors.clone());
    }
    Ok((Spanned::new(span, stage), added))
}

/// The table below these keys.
fn under<'t, 'i>(table: &'t DeTable<'i>, keys: &[&str]) -> Option<&'t DeTable<'i>> {
    keys.iter().try_fold(table, |table, key| table.get(*key)?.get_ref().as_table())
}

#[derive(Clone, Copy)]
enum Place {
    Front,
    End,
}

/// Lists of a level put in front of those of the stage, or behind them.
fn joined<'i>(
    sources: &Sources,
    mut stage: DeTable<'i>,
    lists: DeTable<'i>,
    place: Place,
) -> Result<DeTable<'i>, Diagnostic> {
    for (key, value) in lists {
        let below = stage.remove(key.get_ref().as_ref());
        let value = list_joined(sources, below, value, place)?;
        stage.insert(key, value);
    }
    Ok(stage)
}

fn list_joined<'i>(
    sources: &Sources,
    below: Option<Spanned<DeValue<'i>>>,
    value: Spanned<DeValue<'i>>,
    place: Place,
) -> Result<Spanned<DeValue<'i>>, Diagnostic> {
    let span = value.span();
    let inner = match (below.map(|below| (below.span(), below.into_inner())), value.into_inner()) {
        (None, DeValue::Array(new)) => DeValue::Array(new),
        (Some((_, DeValue::Array(old))), DeValue::Array(new)) => {
            let (first, second) = match place {
                Place::Front => (new, old),
                Place::End => (old, new),
            };
            DeValue::Array(first.into_iter().chain(second).collect())
        }
        (Some((_, DeValue::Table(old))), DeValue::Table(new)) => {
            DeValue::Table(joined(sources, old, new, place)?)
        }
        (None, DeValue::Table(new)) => DeValue::Table(joined(sources, DeTable::new(), new, place)?),
        (Some((_, DeValue::Array(old))), DeValue::Table(new)) => {
            DeValue::Array(entries_joined(sources, old, new, place)?)
        }
        _ => {
            return Err(
                sources.at(&span, "expected a list, which is put beside the stage's list of this name")
            );
        }
    };
    Ok(Spanned::new(span, inner))
}

/// Lists inside the entries of a list, which are found by name.
fn entries_joined<'i>(
    sources: &Sources,
    old: DeArray<'i>,
    new: DeTable<'i>,
    place: Place,
) -> Result<DeArray<'i>, Diagnostic> {
    let mut entries: Vec<Spanned<DeValue<'i>>> = old.into_iter().collect();
    for (name, lists) in new {
        let Some(entry) = entries.iter_mut().find(|entry| is_named(entry, name.get_ref())) else {
            return Err(unknown_entry(sources, &entries, &name.span(), name.get_ref()));
        };
        let below = std::mem::replace(entry, Spanned::new(0..0, DeValue::Boolean(false)));
        *entry = list_joined(sources, Some(below), lists, place)?;
    }
    Ok(entries.into_iter().collect())
}

fn is_named(entry: &Spanned<DeValue<'_>>, name: &str) -> bool {
    NAMES.iter().find_map(|key| entry_name(entry, key)) == Some(name)
}

fn unknown_entry(
    sources: &Sources,
    entries: &[Spanned<DeValue<'_>>],
    span: &std::ops::Range<usize>,
    name: &str,
) -> Diagnostic {
    let known: Vec<&str> =
        entries.iter().filter_map(|e| NAMES.iter().find_map(|key| entry_name(e, key))).collect();
    let title = format!("there is no entry `{name}` in the stage's list");
    sources.at(span, title).help(nearest::suggestion(name, &known))
}

/// Takes the key or entry at a path away.
fn removed(
    sources: &Sources,
    stage: &mut DeTable<'_>,
    path: &Spanned<DeValue<'_>>,
) -> Result<(), Diagnostic> {
    let Some(text) = path.get_ref().as_str() else { return Ok(()) };
    let steps = keys(text);
    let missing = |key: &str, known: &[String]| {
        let title = format!("there is no `{key}` in the stage that could be removed");
        sources.at(&path.span(), title).suggest(key, known)
    };
    let Some((last, before)) = steps.split_last() else { return Err(missing("", &[])) };
    let Some((first, rest)) = before.split_first() else {
        let known: Vec<String> = stage.keys().map(|k| k.get_ref().to_string()).collect();
        return stage.remove(last.as_str()).map(drop).ok_or_else(|| missing(last, &known));
    };
    let known: Vec<String> = stage.keys().map(|k| k.get_ref().to_string()).collect();
    let mut at = stage.get_mut(first.as_str()).ok_or_else(|| missing(first, &known))?;
    for key in rest {
        let known = inside(at);
        at = child(at, key).ok_or_else(|| missing(key, &known))?;
    }
    let known = inside(at);
    let gone = match at.get_mut() {
        DeValue::Table(table) => table.remove(last.as_str()).is_some(),
        DeValue::Array(list) => {
            let entries = std::mem::replace(list, DeArray::new());
            let before = entries.len();
            *list = entries.into_iter().filter(|entry| !is_named(entry, last)).collect();
            list.len() < before
        }
        _ => false,
    };
    if gone { Ok(()) } else { Err(missing(last, &known)) }
}

fn child<'t, 'i>(at: &'t mut Spanned<DeValue<'i>>, key: &str) -> Option<&'t mut Spanned<DeValue<'i>>> {
    match at.get_mut() {
        DeValue::Table(table) => table.get_mut(key),
        DeValue::Array(list) => list.iter_mut().find(|entry| is_named(entry, key)),
        _ => None,
    }
}

/// The names of what is inside.
fn inside(at: &Spanned<DeValue<'_>>) -> Vec<String> {
    match at.get_ref() {
        DeValue::Table(table) => table.keys().map(|key| key.get_ref().to_string()).collect(),
        DeValue::Array(list) => list
            .iter()
            .filter_map(|e| NAMES.iter().find_map(|key| entry_name(e, key)))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
