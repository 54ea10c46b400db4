//! Queries: relations resolved, columns expanded and named as Postgres names them.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    Distinct, Expr, Fetch, GroupByExpr, Ident, LimitClause, ObjectName, ObjectNamePart, OrderByExpr,
    OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Spanned, Statement,
    With,
};

use super::Session;
use super::catalog;
use super::error::SqlError;
use super::expr::take;
use super::grouping;
use super::schema::Schema;
use super::scope::{self, Named, Relation, Scope};
use super::types::Type;

/// How deep queries may stand in each other.
const DEPTH_MAX: usize = 40;

/// The rewrite of one statement.
pub(super) struct Rewrite<'a> {
    /// The tables that there are.
    pub(super) schema: &'a Schema,
    /// Rows of each table, for catalogs and sizes.
    pub(super) counts: &'a BTreeMap<String, u64>,
    /// Who asks.
    pub(super) session: &'a Session,
    /// Values of `$1`, `$2` …, for their types.
    pub(super) parameters: &'a [serde_json::Value],
    /// What can be named, innermost last.
    pub(super) scopes: Vec<Scope>,
    /// Results of `WITH`, by name.
    pub(super) common: Vec<(String, Vec<Named>)>,
    /// Catalog relations that the statement reads.
    pub(super) catalogs: BTreeSet<&'static str>,
    depth: usize,
}

impl<'a> Rewrite<'a> {
    /// A rewrite with nothing in scope.
    pub(super) fn new(
        schema: &'a Schema,
        counts: &'a BTreeMap<String, u64>,
        session: &'a Session,
        parameters: &'a [serde_json::Value],
    ) -> Self {
        Self {
            schema,
            counts,
            session,
            parameters,
            scopes: Vec::new(),
            common: Vec::new(),
            catalogs: BTreeSet::new(),
            depth: 0,
        }
    }

    /// A query, rewritten in place; returns its columns.
    pub(super) fn query(&mut self, query: &mut Query) -> Result<Vec<Named>, SqlError> {
        if self.depth >= DEPTH_MAX {
            return Err(SqlError::new("54001", "stack depth limit exceeded"));
        }
        self.depth = self.depth.saturating_add(1);
        let known = self.common.len();
        let columns = self.query_inside(query);
        self.common.truncate(known);
        self.depth = self.depth.saturating_sub(1);
        columns
    }

    fn query_inside(&mut self, query: &mut Query) -> Result<Vec<Named>, SqlError> {
        query.locks.clear();
        if let Some(with) = &mut query.with {
            self.with(with)?;
        }
        if let Some(Fetch { quantity, .. }) = query.fetch.take() {
            let limit = Some(quantity.unwrap_or_else(|| super::expr::number(1)));
            let offset = match query.limit_clause.take() {
                Some(LimitClause::LimitOffset { offset, .. }) => offset,
                _ => None,
            };
            query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: vec![] });
        }
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            // The engine knows OFFSET only behind LIMIT.
            if limit.is_none() && offset.is_some() {
                *limit = Some(super::expr::number(-1));
            }
            if let Some(offset) = offset {
                offset.rows = sqlparser::ast::OffsetRows::None;
            }
        }
        let order = match query.order_by.as_mut().map(|o| &mut o.kind) {
            Some(OrderByKind::Expressions(order)) => Some(order),
            Some(OrderByKind::All(_)) => return Err(SqlError::unsupported("ORDER BY ALL")),
            None => None,
        };
        match query.body.as_mut() {
            SetExpr::Select(select) => self.select(select, order),
            body => {
                let columns = self.body(body)?;
                if let Some(order) = order {
                    self.scopes.push(vec![Relation { columns: columns.clone(), ..Relation::default() }]);
                    let done = self.order(order, &columns);
                    self.scopes.pop();
                    done?;
                }
                Ok(columns)
            }
        }
    }

    fn with(&mut self, with: &mut With) -> Result<(), SqlError> {
        for cte in &mut with.cte_tables {
            scope::pin(&mut cte.alias.name);
            let name = cte.alias.name.value.clone();
            let mut names: Vec<String> = Vec::new();
            for column in &mut cte.alias.columns {
                scope::pin(&mut column.name);
                names.push(column.name.value.clone());
            }
            if with.recursive {
                // The part that starts it tells the types; only then can the part that repeats be read.
                if let SetExpr::SetOperation { left, .. } = cte.query.body.as_ref() {
                    let mut start = left.clone();
                    let columns = renamed(self.body(&mut start)?, &names);
                    self.common.push((name.clone(), columns));
                }
            }
            let columns = renamed(self.query(&mut cte.query)?, &names);
            self.common.push((name, columns));
        }
        Ok(())
    }

    pub(super) fn body(&mut self, body: &mut SetExpr) -> Result<Vec<Named>, SqlError> {
        match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => {
                let columns = self.query(query)?;
                // Compound queries of the engine take no brackets.
                if query.order_by.is_none() && query.limit_clause.is_none() && query.with.is_none() {
                    *body = *query.body.clone();
                }
                Ok(columns)
            }
            SetExpr::SetOperation { left, right, .. } => {
                let mut columns = self.body(left)?;
                let others = self.body(right)?;
                if columns.len() != others.len() {
                    let text = "each UNION query must have the same number of columns";
                    return Err(SqlError::new("42601", text).at(right.span().start));
                }
                for (column, other) in columns.iter_mut().zip(&others) {
                    column.kind = column.kind.unify(other.kind).ok_or_else(|| {
                        let text = format!(
                            "UNION types {} and {} cannot be matched",
                            column.kind.name(),
                            other.kind.name()
                        );
                        SqlError::new("42804", text).at(right.span().start)
                    })?;
                }
                Ok(columns)
            }
            SetExpr::Values(values) => {
                let mut kinds: Vec<Type> = Vec::new();
                for row in &mut values.rows {
                    for (i, e) in row.content.iter_mut().enumerate() {
                        let kind = self.expr(e)?;
                        match kinds.get_mut(i) {
                            Some(all) => *all = all.unify(kind).unwrap_or(Type::Text),
                            None => kinds.push(kind),
                        }
                    }
                }
                let named = kinds.into_iter().enumerate().map(|(i, kind)| {
                    let kind = if kind == Type::Unknown { Type::Text } else { kind };
                    Named { name: format!("column{}", i.saturating_add(1)), kind }
                });
                Ok(named.collect())
            }
            SetExpr::Insert(s) | SetExpr::Update(s) | SetExpr::Delete(s) => {
                let _: &Statement = s;
                Err(SqlError::unsupported("a statement that changes rows inside WITH"))
            }
            _ => Err(SqlError::unsupported("this form of query")),
        }
    }

    fn select(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
    ) -> Result<Vec<Named>, SqlError> {
        if select.into.is_some() {
            return Err(SqlError::unsupported("SELECT INTO"));
        }
        if matches!(select.distinct, Some(Distinct::On(_))) {
            return Err(SqlError::unsupported("DISTINCT ON"));
        }
        let scope = self.from(&mut select.from)?;
        self.scopes.push(scope);
        let columns = self.select_inside(select, order);
        self.scopes.pop();
        columns
    }

    fn select_inside(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
    ) -> Result<Vec<Named>, SqlError> {
        select.projection = self.expanded(std::mem::take(&mut select.projection))?;
        let scope = self.scopes.last().cloned().unwrap_or_default();
        grouping::check(select, &scope, self.schema)?;
        if let Some(condition) = &mut select.selection {
            if let Some(place) = grouping::aggregate_in(condition) {
                return Err(SqlError::new("42803", "aggregate functions are not allowed in WHERE").at(place));
            }
            let kind = self.expr(condition)?;
            self.condition(condition, kind, "WHERE")?;
        }
        let columns = self.projection(&mut select.projection)?;
        if let GroupByExpr::Expressions(list, modifiers) = &mut select.group_by {
            if !modifiers.is_empty() {
                return Err(SqlError::unsupported("GROUP BY with ROLLUP, CUBE or GROUPING SETS"));
            }
            for e in list {
                self.by_name_or_place(e, &columns, false)?;
            }
        }
        if let Some(having) = &mut select.having {
            let kind = self.expr(having)?;
            self.condition(having, kind, "HAVING")?;
        }
        if let Some(order) = order {
            self.order(order, &columns)?;
        }
        Ok(columns)
    }

    /// Writes `*` out, so that every column has a name and a type.
    fn expanded(&self, items: Vec<SelectItem>) -> Result<Vec<SelectItem>, SqlError> {
        let scope = self.scopes.last().map(Vec::as_slice).unwrap_or_default();
        let mut out = Vec::new();
        for item in items {
            match &item {
                SelectItem::Wildcard(_) => {
                    if scope.is_empty() {
                        let text = "SELECT * with no tables specified is not valid";
                        return Err(SqlError::new("42601", text).at(item.span().start));
                    }
                    for relation in scope {
                        out.extend(all_of(relation, true));
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let alias = last_part(name);
                    let relation = scope.iter().find(|r| r.alias == alias).ok_or_else(|| {
                        let text = format!("missing FROM-clause entry for table \"{alias}\"");
                        SqlError::new("42P01", text).at(item.span().start)
                    })?;
                    out.extend(all_of(relation, false));
                }
                _ => out.push(item),
            }
        }
        Ok(out)
    }

    /// Rewrites result columns and gives each the name that Postgres would.
    pub(super) fn projection(&mut self, items: &mut [SelectItem]) -> Result<Vec<Named>, SqlError> {
        let mut columns = Vec::new();
        for item in items {
            let (mut e, name) = match item {
                SelectItem::UnnamedExpr(e) => {
                    let name = grouping::result_name(e);
                    (take(e), name)
                }
                SelectItem::ExprWithAlias { expr, alias } => (take(expr), scope::fold(alias)),
                _ => return Err(SqlError::unsupported("this result column")),
            };
            let mut kind = self.expr(&mut e)?;
            if kind == Type::Unknown && super::expr::literal(&e).is_some() {
                kind = Type::Text;
            }
            *item = SelectItem::ExprWithAlias { expr: e, alias: Ident::with_quote('"', &name) };
            columns.push(Named { name, kind });
        }
        Ok(columns)
    }

    /// `RETURNING`: like the columns of a select.
    pub(super) fn returning(&mut self, items: &mut Option<Vec<SelectItem>>) -> Result<Vec<Named>, SqlError> {
        let Some(list) = items else { return Ok(Vec::new()) };
        *list = self.expanded(std::mem::take(list))?;
        // The engine lets RETURNING name columns without their table only.
        let columns = self.projection(list)?;
        for item in list.iter_mut() {
            if let SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(parts), alias } = item {
                let name = parts.pop().unwrap_or_else(|| alias.clone());
                *item = SelectItem::ExprWithAlias { expr: Expr::Identifier(name), alias: alias.clone() };
            }
        }
        Ok(columns)
    }

    /// `ORDER BY`, with NULL where Postgres puts it: last, or first when descending.
    pub(super) fn order(&mut self, order: &mut [OrderByExpr], columns: &[Named]) -> Result<(), SqlError> {
        for item in order {
            self.by_name_or_place(&mut item.expr, columns, true)?;
            if item.options.nulls_first.is_none() {
                let descending = matches!(item.options.sort, Some(sqlparser::ast::OrderBySort::Desc));
                item.options.nulls_first = Some(descending);
            }
        }
        Ok(())
    }

    /// An item of ORDER BY (result names first) or GROUP BY (columns first), or a place in the result.
    fn by_name_or_place(
        &mut self,
        e: &mut Expr,
        columns: &[Named],
        result_first: bool,
    ) -> Result<(), SqlError> {
        if let Expr::Value(v) = e
            && matches!(v.value, sqlparser::ast::Value::Number(..))
        {
            return Ok(());
        }
        let Expr::Identifier(name) = e else {
            return self.expr(e).map(|_| ());
        };
        let folded = scope::fold(name);
        let in_result = columns.iter().any(|c| c.name == folded);
        let in_scope = scope::column(&self.scopes, name).is_ok();
        if in_result && (result_first || !in_scope) {
            scope::pin(name);
            return Ok(());
        }
        self.expr(e).map(|_| ())
    }

    /// The columns of a table, view, catalog or WITH result.
    pub(super) fn relation(&mut self, name: &mut ObjectName) -> Result<Vec<Named>, SqlError> {
        let place = name.span().start;
        let bare = last_part(name);
        let schema = match name.0.as_slice() {
            [ObjectNamePart::Identifier(schema), _] => Some(scope::fold(schema)),
            [_, ObjectNamePart::Identifier(schema), _] => Some(scope::fold(schema)),
            _ => None,
        };
        if schema.is_none()
            && let Some((_, columns)) = self.common.iter().rev().find(|(n, _)| *n == bare)
        {
            *name = ObjectName::from(vec![Ident::with_quote('"', &bare)]);
            return Ok(columns.clone());
        }
        if matches!(schema.as_deref(), None | Some("public"))
            && let Some(table) = self.schema.tables.get(&bare)
        {
            *name = ObjectName::from(vec![Ident::with_quote('"', &bare)]);
            return Ok(table.columns.iter().map(|c| Named { name: c.name.clone(), kind: c.kind }).collect());
        }
        if let Some(found) = catalog::find(schema.as_deref(), &bare) {
            self.catalogs.insert(found.key);
            *name = ObjectName::from(vec![Ident::with_quote('"', found.key)]);
            return Ok(found.columns());
        }
        let shown = schema.map_or_else(|| bare.clone(), |s| format!("{s}.{bare}"));
        Err(SqlError::new("42P01", format!("relation \"{shown}\" does not exist")).at(place))
    }
}

/// The last part of a name, folded.
pub(super) fn last_part(name: &ObjectName) -> String {
    super::calls::bare_name(name)
}

fn renamed(mut columns: Vec<Named>, names: &[String]) -> Vec<Named> {
    for (column, name) in columns.iter_mut().zip(names) {
        column.name.clone_from(name);
    }
    columns
}

fn all_of(relation: &Relation, merge: bool) -> impl Iterator<Item = SelectItem> + '_ {
    let shown = relation.columns.iter().filter(move |c| !(merge && relation.merged.contains(&c.name)));
    shown.map(|c| {
        let mut parts = vec![Ident::with_quote('"', &relation.alias), Ident::with_quote('"', &c.name)];
        if relation.alias.is_empty() {
            parts.remove(0);
        }
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts))
    })
}
