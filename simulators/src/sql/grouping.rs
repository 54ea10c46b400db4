//! What GROUP BY demands, and how Postgres names a result column.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, GroupByExpr, Ident, Select, SelectItem, Spanned, Visit, Visitor};

use super::calls;
use super::convert::declared;
use super::error::SqlError;
use super::schema::Schema;
use super::scope::{self, Relation};

/// Refuses columns that are neither grouped by nor aggregated: the engine would pick any row's value.
pub(super) fn check(select: &Select, scope: &[Relation], schema: &Schema) -> Result<(), SqlError> {
    let GroupByExpr::Expressions(grouped, _) = &select.group_by else { return Ok(()) };
    let shown: Vec<(&Expr, Option<&Ident>)> = select.projection.iter().filter_map(item).collect();
    let aggregated = shown.iter().any(|(e, _)| has_aggregate(e)) || select.having.is_some();
    if grouped.is_empty() && !aggregated {
        return Ok(());
    }
    let mut known: Vec<String> = Vec::new();
    for e in grouped {
        let by_place = e.to_string().parse::<usize>().ok().and_then(|n| shown.get(n.checked_sub(1)?));
        let by_alias = shown
            .iter()
            .find(|(_, alias)| alias.is_some_and(|a| plain(e).as_deref() == Some(&scope::fold(a))));
        known.push(canonical(by_place.or(by_alias).map_or(e, |(e, _)| e)));
        known.push(canonical(e));
    }
    let free = free_relations(&known, scope, schema);
    for (e, _) in &shown {
        let mut search = Search { known: &known, scope, free: &free, covered: 0, found: None };
        let _: ControlFlow<()> = e.visit(&mut search);
        if let Some((alias, column, place)) = search.found {
            let text = format!(
                "column \"{alias}.{column}\" must appear in the GROUP BY clause or be used in an aggregate function"
            );
            return Err(SqlError::new("42803", text).at(place));
        }
    }
    Ok(())
}

fn item(item: &SelectItem) -> Option<(&Expr, Option<&Ident>)> {
    match item {
        SelectItem::UnnamedExpr(e) => Some((e, None)),
        SelectItem::ExprWithAlias { expr, alias } => Some((expr, Some(alias))),
        _ => None,
    }
}

fn plain(e: &Expr) -> Option<String> {
    if let Expr::Identifier(name) = e { Some(scope::fold(name)) } else { None }
}

/// An expression's text in which case and quotes of names do not count.
fn canonical(e: &Expr) -> String {
    match e {
        Expr::CompoundIdentifier(parts) => parts.last().map(scope::fold).unwrap_or_default(),
        Expr::Nested(inner) => canonical(inner),
        other => other.to_string().replace('"', "").to_lowercase(),
    }
}

/// Relations whose whole primary key is grouped by: their other columns follow from it.
fn free_relations(known: &[String], scope: &[Relation], schema: &Schema) -> Vec<String> {
    let grouped = |r: &&Relation| {
        let table = schema.tables.values().find(|t| {
            t.columns.len() == r.columns.len()
                && t.columns.iter().zip(&r.columns).all(|(a, b)| a.name == b.name)
        });
        table.is_some_and(|t| !t.key().is_empty() && t.key().iter().all(|k| known.contains(k)))
    };
    scope.iter().filter(grouped).map(|r| r.alias.clone()).collect()
}

fn is_aggregate_call(f: &Function) -> bool {
    f.over.is_none() && calls::is_aggregate(&calls::bare_name(&f.name))
}

fn has_aggregate(e: &Expr) -> bool {
    aggregate_in(e).is_some()
}

/// Where the first aggregate of an expression stands, those of its subqueries apart.
pub(super) fn aggregate_in(e: &Expr) -> Option<sqlparser::tokenizer::Location> {
    #[derive(Default)]
    struct First {
        queries: usize,
        found: Option<sqlparser::tokenizer::Location>,
    }
    impl Visitor for First {
        type Break = ();
        fn pre_visit_query(&mut self, _: &sqlparser::ast::Query) -> ControlFlow<()> {
            self.queries = self.queries.saturating_add(1);
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &sqlparser::ast::Query) -> ControlFlow<()> {
            self.queries = self.queries.saturating_sub(1);
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, e: &Expr) -> ControlFlow<()> {
            match e {
                Expr::Function(f) if self.queries == 0 && is_aggregate_call(f) => {
                    self.found = Some(e.span().start);
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let mut first = First::default();
    let _: ControlFlow<()> = e.visit(&mut first);
    first.found
}

/// Walks an expression; inside aggregates, grouped expressions and subqueries nothing is looked for.
struct Search<'s> {
    known: &'s [String],
    scope: &'s [Relation],
    free: &'s [String],
    covered: usize,
    found: Option<(String, String, sqlparser::tokenizer::Location)>,
}

impl Search<'_> {
    fn covers(&self, e: &Expr) -> bool {
        match e {
            Expr::Function(f) if is_aggregate_call(f) => true,
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => true,
            other => self.known.contains(&canonical(other)),
        }
    }
}

impl Visitor for Search<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, e: &Expr) -> ControlFlow<()> {
        if self.covers(e) {
            self.covered = self.covered.saturating_add(1);
        }
        if self.covered > 0 || self.found.is_some() {
            return ControlFlow::Continue(());
        }
        let name = match e {
            Expr::Identifier(name) => name,
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(name) => name,
                None => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        let folded = scope::fold(name);
        let owner = self.scope.iter().find(|r| r.columns.iter().any(|c| c.name == folded));
        if let Some(owner) = owner.filter(|r| !self.free.contains(&r.alias)) {
            self.found = Some((owner.alias.clone(), folded, e.span().start));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, e: &Expr) -> ControlFlow<()> {
        if self.covers(e) {
            self.covered = self.covered.saturating_sub(1);
        }
        ControlFlow::Continue(())
    }
}

/// The name that Postgres gives a result column without an alias.
pub(super) fn result_name(e: &Expr) -> String {
    let anonymous = || "?column?".to_owned();
    match e {
        Expr::Identifier(name) => scope::fold(name),
        Expr::CompoundIdentifier(parts) => parts.last().map_or_else(anonymous, scope::fold),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => result_name(inner),
        Expr::Function(f) => calls::bare_name(&f.name),
        Expr::Cast { expr, data_type, .. } => match result_name(expr) {
            inner if inner != "?column?" => inner,
            _ => type_name(data_type),
        },
        Expr::TypedString(typed) => type_name(&typed.data_type),
        Expr::Interval(_) => "interval".to_owned(),
        Expr::Case { .. } => "case".to_owned(),
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Extract { .. } => "extract".to_owned(),
        Expr::Ceil { .. } => "ceil".to_owned(),
        Expr::Floor { .. } => "floor".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Trim { .. } => "btrim".to_owned(),
        Expr::AtTimeZone { .. } => "timezone".to_owned(),
        Expr::Array(_) => "array".to_owned(),
        Expr::Subquery(query) => match query.body.as_ref() {
            sqlparser::ast::SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::ExprWithAlias { alias, .. }) => scope::fold(alias),
                Some(SelectItem::UnnamedExpr(e)) => result_name(e),
                _ => anonymous(),
            },
            _ => anonymous(),
        },
        _ => anonymous(),
    }
}

/// Short names of types, as columns of casts are called.
fn type_name(data_type: &sqlparser::ast::DataType) -> String {
    let name = declared(data_type).map_or("text", |t| t.name());
    match name {
        "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "boolean" => "bool",
        "double precision" => "float8",
        "character varying" => "varchar",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        other => other,
    }
    .to_owned()
}
