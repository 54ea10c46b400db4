//! FROM clauses: tables, joins, subqueries, `generate_series`.

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias,
    TableFactor, TableWithJoins,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::error::SqlError;
use super::rewrite::{Rewrite, last_part};
use super::scope::{self, Named, Relation, Scope};
use super::types::Type;

impl Rewrite<'_> {
    /// All relations of a FROM clause, rewritten in place.
    pub(super) fn from(&mut self, list: &mut [TableWithJoins]) -> Result<Scope, SqlError> {
        let mut scope = Scope::new();
        for item in list {
            self.joined(item, &mut scope)?;
        }
        for (i, relation) in scope.iter().enumerate() {
            if scope.iter().skip(i.saturating_add(1)).any(|other| other.alias == relation.alias) {
                let text = format!("table name \"{}\" specified more than once", relation.alias);
                return Err(SqlError::new("42712", text));
            }
        }
        Ok(scope)
    }

    fn joined(&mut self, item: &mut TableWithJoins, scope: &mut Scope) -> Result<(), SqlError> {
        self.factor(&mut item.relation, scope)?;
        for join in &mut item.joins {
            self.factor(&mut join.relation, scope)?;
            self.join(join, scope)?;
        }
        Ok(())
    }

    fn join(&mut self, join: &mut Join, scope: &mut Scope) -> Result<(), SqlError> {
        let constraint = match &mut join.join_operator {
            JoinOperator::Join(c)
            | JoinOperator::Inner(c)
            | JoinOperator::Left(c)
            | JoinOperator::LeftOuter(c)
            | JoinOperator::Right(c)
            | JoinOperator::RightOuter(c)
            | JoinOperator::FullOuter(c)
            | JoinOperator::CrossJoin(c) => c,
            _ => return Err(SqlError::unsupported("this kind of join")),
        };
        let merged = match constraint {
            JoinConstraint::On(condition) => {
                self.scopes.push(scope.clone());
                let done = self.expr(condition).and_then(|kind| self.condition(condition, kind, "JOIN/ON"));
                self.scopes.pop();
                done?;
                Vec::new()
            }
            JoinConstraint::Using(names) => names
                .iter_mut()
                .map(|name| {
                    let folded = last_part(name);
                    *name = ObjectName::from(vec![Ident::with_quote('"', &folded)]);
                    folded
                })
                .collect(),
            JoinConstraint::Natural => {
                let Some((last, before)) = scope.split_last() else { return Ok(()) };
                let shared = |c: &&Named| before.iter().any(|r| r.columns.iter().any(|o| o.name == c.name));
                last.columns.iter().filter(shared).map(|c| c.name.clone()).collect()
            }
            JoinConstraint::None => Vec::new(),
        };
        for name in &merged {
            let mut kinds = scope.iter().flat_map(|r| &r.columns).filter(|c| c.name == *name).map(|c| c.kind);
            let (first, last) = (kinds.next(), kinds.next_back());
            let Some((a, b)) = first.zip(last) else {
                let text =
                    format!("column \"{name}\" specified in USING clause does not exist in both tables");
                return Err(SqlError::new("42703", text));
            };
            if a.unify(b).is_none() {
                let text = format!("JOIN/USING types {} and {} cannot be matched", a.name(), b.name());
                return Err(SqlError::new("42804", text));
            }
        }
        if let Some(last) = scope.last_mut() {
            last.merged = merged;
        }
        Ok(())
    }

    fn factor(&mut self, factor: &mut TableFactor, scope: &mut Scope) -> Result<(), SqlError> {
        match factor {
            TableFactor::Table { args: Some(args), name, alias, .. } => {
                let args = std::mem::take(&mut args.args);
                let (name, alias) = (name.clone(), alias.take());
                self.table_function(factor, &name, args, alias, scope)
            }
            TableFactor::Function { name, args, alias, .. } => {
                let (name, args, alias) = (name.clone(), std::mem::take(args), alias.take());
                self.table_function(factor, &name, args, alias, scope)
            }
            TableFactor::Table { name, alias, .. } => {
                let own = last_part(name);
                let columns = self.relation(name)?;
                // Without an alias a catalog could not be named as the statement names it.
                let alias = alias.get_or_insert_with(|| plain_alias(&own));
                scope.push(named_relation(alias, columns));
                Ok(())
            }
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                let columns = self.query(subquery)?;
                let alias = alias.as_mut().ok_or_else(|| {
                    SqlError::new("42601", "subquery in FROM must have an alias")
                        .hint("For example, FROM (SELECT ...) [AS] foo.")
                })?;
                let relation = named_relation(alias, columns);
                if !alias.columns.is_empty() {
                    let names: Vec<String> = alias.columns.iter().map(|c| c.name.value.clone()).collect();
                    rename_results(&mut subquery.body, &names);
                    alias.columns.clear();
                }
                scope.push(relation);
                Ok(())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.joined(table_with_joins, scope),
            _ => Err(SqlError::unsupported("this item of FROM")),
        }
    }

    /// `generate_series` becomes a recursive query; no other function returns rows here.
    fn table_function(
        &mut self,
        factor: &mut TableFactor,
        name: &ObjectName,
        args: Vec<FunctionArg>,
        alias: Option<TableAlias>,
        scope: &mut Scope,
    ) -> Result<(), SqlError> {
        let function = last_part(name);
        let mut plain: Vec<Expr> = args
            .into_iter()
            .filter_map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
                _ => None,
            })
            .collect();
        if function != "generate_series" || !matches!(plain.len(), 2 | 3) {
            return Err(SqlError::unsupported(format!("the function {function} in FROM")));
        }
        let mut kinds = Vec::new();
        for e in &mut plain {
            kinds.push(self.expr(e)?);
        }
        let alias = alias.unwrap_or_else(|| plain_alias(&function));
        let column = alias.columns.first().map_or_else(|| scope::fold(&alias.name), |c| scope::fold(&c.name));
        let days = kinds.get(1).is_some_and(|k| k.is_day_or_stamp()) || kinds.get(2) == Some(&Type::Interval);
        if days {
            for (e, kind) in plain.iter_mut().zip(&kinds).take(2) {
                self.convert(e, *kind, Type::Timestamp)?;
            }
            if let (Some(step), Some(Type::Unknown)) = (plain.get_mut(2), kinds.get(2)) {
                self.convert(step, Type::Unknown, Type::Interval)?;
            }
        }
        let mut shown = plain.iter().map(ToString::to_string);
        let (first, last) = (shown.next().unwrap_or_default(), shown.next().unwrap_or_default());
        let step = shown.next().unwrap_or_else(|| "1".to_owned());
        let next = if days { format!("pg_plus(n, {step})") } else { format!("n + ({step})") };
        let more = if days {
            format!("pg_plus(n, {step}) <= {last}")
        } else {
            format!("CASE WHEN ({step}) > 0 THEN n + ({step}) <= ({last}) ELSE n + ({step}) >= ({last}) END")
        };
        let text = format!(
            "WITH RECURSIVE series(n) AS (SELECT {first} WHERE {first} <= {last} OR {down} UNION ALL \
             SELECT {next} FROM series WHERE {more}) SELECT n AS \"{column}\" FROM series",
            down =
                if days { "false".to_owned() } else { format!("(({step}) < 0 AND ({first}) >= ({last}))") },
        );
        let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&text).and_then(|mut p| p.parse_query());
        let subquery = parsed.map_err(|_| SqlError::unsupported("these arguments of generate_series"))?;
        let kind = if days { Type::TimestampTz } else { kinds.first().copied().unwrap_or(Type::Integer) };
        let mut alias = TableAlias { columns: vec![], ..alias };
        scope.push(named_relation(&mut alias, vec![Named { name: column, kind }]));
        *factor = TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None };
        Ok(())
    }
}

fn plain_alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: Ident::with_quote('"', name), columns: vec![], at: None }
}

fn named_relation(alias: &mut TableAlias, mut columns: Vec<Named>) -> Relation {
    scope::pin(&mut alias.name);
    for (column, named) in columns.iter_mut().zip(&mut alias.columns) {
        scope::pin(&mut named.name);
        column.name.clone_from(&named.name.value);
    }
    Relation { alias: alias.name.value.clone(), columns, merged: Vec::new() }
}

/// The engine knows no list of column names behind a subquery's alias: the names go into the subquery.
fn rename_results(body: &mut sqlparser::ast::SetExpr, names: &[String]) {
    use sqlparser::ast::{SelectItem, SetExpr};
    match body {
        SetExpr::Select(select) => {
            for (item, name) in select.projection.iter_mut().zip(names) {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    alias.value.clone_from(name);
                }
            }
        }
        SetExpr::SetOperation { left, .. } => rename_results(left, names),
        SetExpr::Values(_) => {
            let list: Vec<String> = names
                .iter()
                .enumerate()
                .map(|(i, name)| format!("column{} AS {}", i.saturating_add(1), super::schema::quoted(name)))
                .collect();
            let text = format!("SELECT {} FROM ({body})", list.join(", "));
            let parsed =
                Parser::new(&PostgreSqlDialect {}).try_with_sql(&text).and_then(|mut p| p.parse_query());
            if let Ok(query) = parsed {
                *body = *query.body;
            }
        }
        SetExpr::Query(query) => rename_results(&mut query.body, names),
        _ => {}
    }
}
