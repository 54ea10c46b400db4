//! `INSERT`, `UPDATE` and `DELETE`.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, Expr, FromTable, Ident, Insert, ObjectName,
    OnConflictAction, OnInsert, Query, SelectItem, SetExpr, Spanned, TableAlias, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind,
};

use super::error::SqlError;
use super::postgres::Conversation;
use super::rewrite::{Rewrite, last_part};
use super::schema::{Column, Table, quoted};
use super::scope::{self, Named, Relation};
use super::statement::{is_default, tag};
use super::types::Type;
use super::{Rows, catalog};

/// `INSERT`.
pub(super) fn insert(c: &mut Conversation, mut insert: Insert) -> Result<Rows, SqlError> {
    let mut rewrite = c.rewrite();
    let TableObject::TableName(name) = &mut insert.table else {
        return Err(SqlError::unsupported("this target of INSERT"));
    };
    let table = base_table(&rewrite, name)?.clone();
    let mut columns = target_columns(&table, &mut insert.columns)?;
    if let Some(source) = &mut insert.source {
        if insert.columns.is_empty()
            && let Some(given) = width_of(source)
            && given < columns.len()
        {
            // Columns that are not named may be left out at the end; the engine wants the rest named.
            columns.truncate(given);
            insert.columns = columns.iter().map(|c| vec![Ident::with_quote('"', &c.name)].into()).collect();
        }
        rewrite.source(source, &columns)?;
        if insert.on.is_some() {
            separate_from_conflict(source);
        }
    }
    let own = relation_of(&table, None);
    rewrite.scopes.push(vec![own.clone()]);
    if let Some(on) = &mut insert.on {
        let excluded = Relation { alias: "excluded".to_owned(), ..own };
        rewrite.conflict(on, excluded, &table)?;
    }
    let returned = rewrite.returning(&mut insert.returning)?;
    let catalogs = rewrite.catalogs;
    let rows = changed(c, &insert.to_string(), &returned, &catalogs, &table)?;
    let count = rows.1;
    Ok(Rows { tag: format!("INSERT 0 {count}"), ..rows.0 })
}

/// `UPDATE`.
pub(super) fn update(c: &mut Conversation, mut update: Update) -> Result<Rows, SqlError> {
    let mut rewrite = c.rewrite();
    let (table, own) = rewrite.target(&mut update.table)?;
    let mut scope = vec![own];
    if let Some(UpdateTableFromKind::BeforeSet(list) | UpdateTableFromKind::AfterSet(list)) = &mut update.from
    {
        scope.extend(rewrite.from(list)?);
    }
    rewrite.scopes.push(scope);
    for assignment in &mut update.assignments {
        rewrite.assignment(assignment, &table)?;
    }
    if let Some(condition) = &mut update.selection {
        let kind = rewrite.expr(condition)?;
        rewrite.condition(condition, kind, "WHERE")?;
    }
    let returned = rewrite.returning(&mut update.returning)?;
    let catalogs = rewrite.catalogs;
    let (rows, count) = changed(c, &update.to_string(), &returned, &catalogs, &table)?;
    Ok(Rows { tag: format!("UPDATE {count}"), ..rows })
}

/// `DELETE`.
pub(super) fn delete(c: &mut Conversation, mut delete: Delete) -> Result<Rows, SqlError> {
    let mut rewrite = c.rewrite();
    let (FromTable::WithFromKeyword(list) | FromTable::WithoutKeyword(list)) = &mut delete.from;
    let [item] = list.as_mut_slice() else {
        return Err(SqlError::unsupported("DELETE from several tables"));
    };
    let (table, own) = rewrite.target(item)?;
    let alias = own.alias.clone();
    let mut scope = vec![own];
    let mut using = delete.using.take();
    if let Some(list) = &mut using {
        scope.extend(rewrite.from(list)?);
    }
    rewrite.scopes.push(scope);
    if let Some(condition) = &mut delete.selection {
        let kind = rewrite.expr(condition)?;
        rewrite.condition(condition, kind, "WHERE")?;
    }
    let returned = rewrite.returning(&mut delete.returning)?;
    let catalogs = rewrite.catalogs;
    let mut text = delete.to_string();
    if let Some(list) = using {
        // The engine knows no USING: the rows to go are found by a query of their own.
        let others: Vec<String> = list.iter().map(ToString::to_string).collect();
        let condition = delete.selection.as_ref().map_or_else(|| "true".to_owned(), ToString::to_string);
        let (name, alias) = (quoted(&table.name), quoted(&alias));
        text = format!(
            "DELETE FROM {name} WHERE rowid IN (SELECT {alias}.rowid FROM {name} AS {alias}, {} WHERE {condition})",
            others.join(", ")
        );
    }
    let (rows, count) = changed(c, &text, &returned, &catalogs, &table)?;
    Ok(Rows { tag: format!("DELETE {count}"), ..rows })
}

/// Runs a statement that changes rows; says how many.
fn changed(
    c: &Conversation,
    sql: &str,
    returned: &[Named],
    catalogs: &std::collections::BTreeSet<&'static str>,
    table: &Table,
) -> Result<(Rows, u64), SqlError> {
    let result = if returned.is_empty() {
        catalog::provide(&c.engine.connection, catalogs.iter(), &c.schema, &c.counts, &c.session)?;
        c.engine.rows(sql, &[], &c.schema).map(|_| (tag(""), c.engine.connection.changes()))
    } else {
        c.returned(sql, returned, catalogs).map(|rows| {
            let count = rows.rows.len() as u64;
            (rows, count)
        })
    };
    result.map_err(|error| if error.state == "23503" { foreign_key_error(c, sql, table) } else { error })
}

/// Which foreign key was hurt: the engine does not say, the direction of the change does.
fn foreign_key_error(c: &Conversation, sql: &str, table: &Table) -> SqlError {
    let outgoing = table.foreign_keys.first().filter(|_| !sql.starts_with("DELETE"));
    if let Some(key) = outgoing {
        return SqlError::new(
            "23503",
            format!(
                "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                table.name, key.name
            ),
        )
        .detail(format!(
            "The key ({}) is not present in table \"{}\".",
            key.columns.join(", "),
            key.table
        ));
    }
    match c.schema.referring(&table.name).next() {
        Some((other, key)) => SqlError::new(
            "23503",
            format!(
                "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
                table.name, key.name, other.name
            ),
        )
        .detail(format!("The key is still referenced from table \"{}\".", other.name)),
        None => SqlError::new("23503", "the statement violates a foreign key constraint"),
    }
}

/// The table that a statement changes; views and catalogs are not.
fn base_table<'t>(rewrite: &Rewrite<'t>, name: &mut ObjectName) -> Result<&'t Table, SqlError> {
    let bare = last_part(name);
    let place = name.span().start;
    let table = rewrite.schema.tables.get(&bare);
    let found = table.ok_or_else(|| {
        if catalog::find(None, &bare).is_some() {
            return SqlError::new("42501", format!("permission denied for table {bare}"));
        }
        SqlError::new("42P01", format!("relation \"{bare}\" does not exist")).at(place)
    })?;
    if found.is_view {
        return Err(SqlError::new("55000", format!("cannot change the rows of view \"{bare}\"")));
    }
    *name = ObjectName::from(vec![Ident::with_quote('"', &bare)]);
    Ok(found)
}

fn relation_of(table: &Table, alias: Option<&TableAlias>) -> Relation {
    Relation {
        alias: alias.map_or_else(|| table.name.clone(), |a| scope::fold(&a.name)),
        columns: table.columns.iter().map(|c| Named { name: c.name.clone(), kind: c.kind }).collect(),
        merged: Vec::new(),
    }
}

fn missing_column(table: &Table, name: &Ident) -> SqlError {
    let text = format!("column \"{}\" of relation \"{}\" does not exist", scope::fold(name), table.name);
    SqlError::new("42703", text).at(name.span.start)
}

fn target_columns(table: &Table, listed: &mut [ObjectName]) -> Result<Vec<Column>, SqlError> {
    if listed.is_empty() {
        return Ok(table.columns.clone());
    }
    let mut columns = Vec::new();
    for name in listed {
        let bare = last_part(name);
        let ident = Ident { span: name.span(), ..Ident::new(bare.clone()) };
        columns.push(table.column(&bare).ok_or_else(|| missing_column(table, &ident))?.clone());
        *name = ObjectName::from(vec![Ident::with_quote('"', &bare)]);
    }
    Ok(columns)
}

/// How many values each row of the source has, where that can be seen.
fn width_of(source: &Query) -> Option<usize> {
    match source.body.as_ref() {
        SetExpr::Values(values) => values.rows.first().map(|row| row.content.len()),
        SetExpr::Select(select) => {
            let plain = |item: &SelectItem| {
                matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. })
            };
            select.projection.iter().all(plain).then_some(select.projection.len())
        }
        _ => None,
    }
}

/// Behind `INSERT … SELECT` the engine would read `ON CONFLICT` as a join condition, were there no WHERE.
fn separate_from_conflict(source: &mut Query) {
    if let SetExpr::Select(select) = source.body.as_mut()
        && select.selection.is_none()
    {
        select.selection = Some(Expr::Value(sqlparser::ast::Value::Boolean(true).into()));
    }
}

impl Rewrite<'_> {
    fn target(&mut self, item: &mut TableWithJoins) -> Result<(Table, Relation), SqlError> {
        let TableFactor::Table { name, alias, .. } = &mut item.relation else {
            return Err(SqlError::unsupported("this target"));
        };
        let table = base_table(self, name)?.clone();
        let relation = relation_of(&table, alias.as_ref());
        if let Some(alias) = alias {
            scope::pin(&mut alias.name);
            alias.explicit = true;
        }
        Ok((table, relation))
    }

    /// The rows of an INSERT, each value brought to its column's type.
    fn source(&mut self, source: &mut Query, columns: &[Column]) -> Result<(), SqlError> {
        if let SetExpr::Values(values) = source.body.as_mut() {
            for row in &mut values.rows {
                if row.content.len() > columns.len() {
                    let place = row.content.get(columns.len()).map(|e| e.span().start);
                    let error = SqlError::new("42601", "INSERT has more expressions than target columns");
                    return Err(place.map_or(error.clone(), |p| error.at(p)));
                }
                for (e, column) in row.content.iter_mut().zip(columns) {
                    self.assigned(e, column)?;
                }
            }
            let given = values.rows.first().map_or(0, |row| row.content.len());
            if given < columns.len() {
                return Err(SqlError::new("42601", "INSERT has more target columns than expressions"));
            }
            return Ok(());
        }
        let results = self.query(source)?;
        if results.len() != columns.len() {
            let text = if results.len() > columns.len() {
                "INSERT has more expressions than target columns"
            } else {
                "INSERT has more target columns than expressions"
            };
            return Err(SqlError::new("42601", text));
        }
        if let SetExpr::Select(select) = source.body.as_mut() {
            for ((item, result), column) in select.projection.iter_mut().zip(&results).zip(columns) {
                if let SelectItem::ExprWithAlias { expr, .. } = item {
                    self.convert(expr, result.kind, column.kind)?;
                }
            }
        }
        Ok(())
    }

    /// A value on its way into a column.
    fn assigned(&mut self, e: &mut Expr, column: &Column) -> Result<(), SqlError> {
        if is_default(e) {
            *e = self.default_of(column)?;
            return Ok(());
        }
        let kind = self.expr(e)?;
        let fits = kind == Type::Unknown
            || kind.unify(column.kind).is_some()
            || (column.kind.is_text() && kind != Type::Unknown)
            || column.kind == Type::Unknown;
        if !fits {
            let text = format!(
                "column \"{}\" is of type {} but expression is of type {}",
                column.name,
                column.kind.name(),
                kind.name()
            );
            return Err(SqlError::new("42804", text)
                .hint("You will need to rewrite or cast the expression.")
                .at(e.span().start));
        }
        let text_value = super::expr::literal(e);
        self.convert(e, kind, column.kind)?;
        let limit = match column.kind {
            Type::Varchar(Some(limit)) | Type::Char(limit) => limit as usize,
            _ => return Ok(()),
        };
        if text_value.is_some_and(|t| t.trim_end().chars().count() > limit) {
            return Err(SqlError::new(
                "22001",
                format!("value too long for type {}", column.kind.full_name()),
            ));
        }
        Ok(())
    }

    /// The engine knows no `DEFAULT` as a value.
    fn default_of(&self, column: &Column) -> Result<Expr, SqlError> {
        let text = match &column.default {
            Some(default) if !default.starts_with("nextval(") => default.trim_end_matches("::text"),
            _ => "NULL",
        };
        let dialect = sqlparser::dialect::PostgreSqlDialect {};
        let parsed =
            sqlparser::parser::Parser::new(&dialect).try_with_sql(text).and_then(|mut p| p.parse_expr());
        parsed.map_err(|_| SqlError::unsupported("DEFAULT of this column"))
    }

    fn assignment(&mut self, assignment: &mut Assignment, table: &Table) -> Result<(), SqlError> {
        let AssignmentTarget::ColumnName(name) = &mut assignment.target else {
            return Err(SqlError::unsupported("assigning to several columns at once"));
        };
        let bare = last_part(name);
        let ident = Ident { span: name.span(), ..Ident::new(bare.clone()) };
        let column = table.column(&bare).ok_or_else(|| missing_column(table, &ident))?;
        *name = ObjectName::from(vec![Ident::with_quote('"', &bare)]);
        self.assigned(&mut assignment.value, column)
    }

    fn conflict(&mut self, on: &mut OnInsert, excluded: Relation, table: &Table) -> Result<(), SqlError> {
        let OnInsert::OnConflict(conflict) = on else {
            return Err(SqlError::new("42601", "syntax error at or near \"DUPLICATE\""));
        };
        match &mut conflict.conflict_target {
            Some(ConflictTarget::Columns(columns)) => columns.iter_mut().for_each(scope::pin),
            Some(ConflictTarget::OnConstraint(name)) => {
                let wanted = last_part(name);
                let index = table.indexes.iter().find(|i| i.name == wanted).ok_or_else(|| {
                    let text = format!("constraint \"{wanted}\" for table \"{}\" does not exist", table.name);
                    SqlError::new("42704", text)
                })?;
                let columns = index.columns.iter().map(|c| Ident::with_quote('"', c)).collect();
                conflict.conflict_target = Some(ConflictTarget::Columns(columns));
            }
            None => {}
        }
        if let OnConflictAction::DoUpdate(update) = &mut conflict.action {
            if let Some(scope) = self.scopes.last_mut() {
                scope.push(Relation {
                    merged: excluded.columns.iter().map(|c| c.name.clone()).collect(),
                    ..excluded
                });
            }
            for assignment in &mut update.assignments {
                self.assignment(assignment, table)?;
            }
            if let Some(condition) = &mut update.selection {
                let kind = self.expr(condition)?;
                self.condition(condition, kind, "WHERE")?;
            }
            if let Some(scope) = self.scopes.last_mut() {
                scope.pop();
            }
        }
        Ok(())
    }
}
