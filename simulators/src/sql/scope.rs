//! Which names a statement can use at a place, and of which type they are.

use sqlparser::ast::Ident;

use super::error::SqlError;
use super::types::Type;

/// A named column of a relation or of a result.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Named {
    /// Its name.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: Type,
}

/// A relation in a FROM clause.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    /// The name by which its columns are qualified.
    pub(super) alias: String,
    /// Its columns.
    pub(super) columns: Vec<Named>,
    /// Columns that `USING` has merged into those of a relation before it.
    pub(super) merged: Vec<String>,
}

/// The relations of one FROM clause.
pub(super) type Scope = Vec<Relation>;

/// An identifier as Postgres folds it.
pub(super) fn fold(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// Folds an identifier and quotes it, so that the engine takes it for nothing else.
pub(super) fn pin(name: &mut Ident) {
    name.value = fold(name);
    name.quote_style = Some('"');
}

/// The type of a column named without its relation; scopes from the innermost outwards.
pub(super) fn column(scopes: &[Scope], name: &Ident) -> Result<Type, SqlError> {
    let wanted = fold(name);
    for scope in scopes.iter().rev() {
        let visible = |r: &&Relation| !r.merged.contains(&wanted);
        let mut found =
            scope.iter().filter(visible).flat_map(|r| r.columns.iter().filter(|c| c.name == wanted));
        if let Some(first) = found.next() {
            if found.next().is_some() {
                let text = format!("column reference \"{wanted}\" is ambiguous");
                return Err(SqlError::new("42702", text).at(name.span.start));
            }
            return Ok(first.kind);
        }
    }
    let missing = SqlError::new("42703", format!("column \"{wanted}\" does not exist")).at(name.span.start);
    Err(match nearest(scopes, &wanted) {
        Some((alias, column)) => {
            missing.hint(format!("Perhaps you meant to reference the column \"{alias}.{column}\"."))
        }
        None => missing,
    })
}

/// The type of a column named with its relation.
pub(super) fn qualified(scopes: &[Scope], relation: &Ident, name: &Ident) -> Result<Type, SqlError> {
    let (alias, wanted) = (fold(relation), fold(name));
    let found = scopes.iter().rev().find_map(|scope| scope.iter().find(|r| r.alias == alias));
    let Some(found) = found else {
        let text = format!("missing FROM-clause entry for table \"{alias}\"");
        return Err(SqlError::new("42P01", text).at(relation.span.start));
    };
    let column = found.columns.iter().find(|c| c.name == wanted);
    column.map(|c| c.kind).ok_or_else(|| {
        SqlError::new("42703", format!("column {alias}.{wanted} does not exist")).at(relation.span.start)
    })
}

/// A column whose name differs little from the wanted one.
fn nearest<'s>(scopes: &'s [Scope], wanted: &str) -> Option<(&'s str, &'s str)> {
    let limit = wanted.chars().count() / 2;
    let all = scopes
        .iter()
        .flatten()
        .flat_map(|r| r.columns.iter().map(move |c| (r.alias.as_str(), c.name.as_str())));
    let near = all
        .map(|(alias, column)| (distance(wanted, column), alias, column))
        .filter(|(d, ..)| *d <= limit.min(3));
    near.min().map(|(_, alias, column)| (alias, column))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for ((y, diagonal), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or(0);
            let swap = diagonal.saturating_add(usize::from(x != *y));
            next.push(swap.min(left.saturating_add(1)).min(above.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
