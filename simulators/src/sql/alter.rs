//! `ALTER TABLE`.
//!
//! The engine can rename and add and drop columns. Everything else is an edit of the table's definition, which the
//! engine allows as long as the rows on disk stay as they are; the rows are brought to the new type by an `UPDATE`.

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, ColumnOptionDef,
    CreateTable, DataType, Expr, Ident, RenameTableNameKind, Statement, TableConstraint,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use super::Rows;
use super::convert::declared;
use super::error::SqlError;
use super::postgres::Conversation;
use super::rewrite::last_part;
use super::schema::quoted;
use super::scope::{self, Named, Relation};
use super::statement::tag;
use super::types::Type;

type Done = Result<(), SqlError>;

impl Conversation {
    /// `ALTER TABLE`.
    pub(super) fn alter_table(&mut self, alter: AlterTable) -> Result<Rows, SqlError> {
        let mut name = last_part(&alter.name);
        if !self.schema.tables.contains_key(&name) {
            if alter.if_exists {
                self.notices.push(format!("NOTICE:  relation \"{name}\" does not exist, skipping"));
                return Ok(tag("ALTER TABLE"));
            }
            return Err(SqlError::new("42P01", format!("relation \"{name}\" does not exist")));
        }
        for operation in alter.operations {
            if let AlterTableOperation::RenameTable { table_name } = &operation {
                let (RenameTableNameKind::As(to) | RenameTableNameKind::To(to)) = table_name;
                let to = last_part(to);
                if self.schema.tables.contains_key(&to) {
                    return Err(SqlError::new("42P07", format!("relation \"{to}\" already exists")));
                }
                self.raw(&format!("ALTER TABLE {} RENAME TO {}", quoted(&name), quoted(&to)))?;
                name = to;
            } else {
                self.alter(&name, operation)?;
            }
            self.reload()?;
        }
        Ok(tag("ALTER TABLE"))
    }

    fn alter(&mut self, table: &str, operation: AlterTableOperation) -> Done {
        match operation {
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                let old = self.column_there(table, &old_column_name)?;
                let new = scope::fold(&new_column_name);
                self.raw(&format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {}",
                    quoted(table),
                    quoted(&old),
                    quoted(&new)
                ))
            }
            AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
                self.add_column(table, &column_def, if_not_exists)
            }
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                for name in &column_names {
                    self.drop_column(table, name, if_exists)?;
                    self.reload()?;
                }
                Ok(())
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                self.alter_column(table, &column_name, op)
            }
            AlterTableOperation::AddConstraint { constraint, .. } => self.add_constraint(table, constraint),
            AlterTableOperation::DropConstraint { name, if_exists, .. } => {
                self.drop_constraint(table, &scope::fold(&name), if_exists)
            }
            AlterTableOperation::OwnerTo { .. } | AlterTableOperation::ValidateConstraint { .. } => Ok(()),
            other => Err(SqlError::unsupported(format!("ALTER TABLE {other}"))),
        }
    }

    fn column_there(&self, table: &str, name: &Ident) -> Result<String, SqlError> {
        let bare = scope::fold(name);
        let found = self.schema.tables.get(table).and_then(|t| t.column(&bare));
        found.map(|c| c.name.clone()).ok_or_else(|| {
            SqlError::new("42703", format!("column \"{bare}\" of relation \"{table}\" does not exist"))
        })
    }

    /// A column with a default is added without it, filled, and given its definition then: the engine adds no column
    /// whose default is not constant.
    fn add_column(&mut self, table: &str, column: &ColumnDef, if_not_exists: bool) -> Done {
        let name = scope::fold(&column.name);
        if self.column_there(table, &column.name).is_ok() {
            let text = format!("column \"{name}\" of relation \"{table}\" already exists");
            if if_not_exists {
                self.notices.push(format!("NOTICE:  {text}, skipping"));
                return Ok(());
            }
            return Err(SqlError::new("42701", text));
        }
        let kind = declared(&column.data_type)?;
        self.raw(&format!(
            "ALTER TABLE {} ADD COLUMN {} {}",
            quoted(table),
            quoted(&name),
            kind.full_name()
        ))?;
        let default = column.options.iter().find_map(|o| match &o.option {
            ColumnOption::Default(e) => Some(e),
            _ => None,
        });
        let required = column.options.iter().any(|o| matches!(o.option, ColumnOption::NotNull));
        match default {
            Some(e) => {
                let value = self.default_text(e, kind)?;
                self.raw(&format!("UPDATE {} SET {} = ({value})", quoted(table), quoted(&name)))?;
            }
            None if required && self.counts.get(table).is_some_and(|n| *n > 0) => {
                let text = format!("column \"{name}\" of relation \"{table}\" contains null values");
                return Err(SqlError::new("23502", text));
            }
            None => {}
        }
        let whole = self.column_text(table, column, std::slice::from_ref(column))?;
        let whole = parsed_column(&whole)?;
        self.edit(table, |create| {
            if let Some(last) = create.columns.last_mut() {
                *last = whole;
            }
        })
    }

    fn drop_column(&mut self, table: &str, name: &Ident, if_exists: bool) -> Done {
        let bare = scope::fold(name);
        if let Err(error) = self.column_there(table, name) {
            if if_exists {
                self.notices.push(format!("NOTICE:  {}, skipping", error.message));
                return Ok(());
            }
            return Err(error);
        }
        let indexes: Vec<String> = self
            .schema
            .tables
            .get(table)
            .into_iter()
            .flat_map(|t| t.indexes.iter().filter(|i| i.columns.contains(&bare)))
            .map(|i| if i.constraint { String::new() } else { i.name.clone() })
            .collect();
        if indexes.iter().any(String::is_empty) {
            return Err(SqlError::unsupported("dropping a column that a constraint stands on"));
        }
        for index in indexes {
            self.raw(&format!("DROP INDEX {}", quoted(&index)))?;
        }
        self.edit(table, |create| {
            create.constraints.retain(|c| !matches!(c, TableConstraint::ForeignKey(k) if k.columns.iter().any(|n| scope::fold(n) == bare)));
            for column in create.columns.iter_mut().filter(|c| scope::fold(&c.name) == bare) {
                column.options.clear();
            }
        })?;
        self.raw(&format!("ALTER TABLE {} DROP COLUMN {}", quoted(table), quoted(&bare)))
    }

    fn alter_column(&mut self, table: &str, name: &Ident, op: AlterColumnOperation) -> Done {
        let bare = self.column_there(table, name)?;
        let current = self.schema.tables.get(table).and_then(|t| t.column(&bare)).map(|c| c.kind);
        let current = current.unwrap_or(super::types::Type::Text);
        match op {
            AlterColumnOperation::SetNotNull => {
                let text = format!("SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1", quoted(table), quoted(&bare));
                if !self.engine.rows(&text, &[], &self.schema)?.is_empty() {
                    let text = format!("column \"{bare}\" of relation \"{table}\" contains null values");
                    return Err(SqlError::new("23502", text));
                }
                self.edit_column(table, &bare, |c| {
                    c.options.push(ColumnOptionDef { name: None, option: ColumnOption::NotNull });
                })
            }
            AlterColumnOperation::DropNotNull => self.edit_column(table, &bare, |c| {
                c.options.retain(|o| !matches!(o.option, ColumnOption::NotNull));
            }),
            AlterColumnOperation::SetDefault { value } => {
                let text = format!("({})", self.default_text(&value, current)?);
                let parser = Parser::new(&SQLiteDialect {}).try_with_sql(&text);
                let value = parser.and_then(|mut p| p.parse_expr());
                let value = value.map_err(|_| SqlError::unsupported("this default"))?;
                self.edit_column(table, &bare, |c| {
                    c.options.retain(|o| !matches!(o.option, ColumnOption::Default(_)));
                    c.options.push(ColumnOptionDef { name: None, option: ColumnOption::Default(value) });
                })
            }
            AlterColumnOperation::DropDefault => self.edit_column(table, &bare, |c| {
                c.options.retain(|o| !matches!(o.option, ColumnOption::Default(_)));
            }),
            AlterColumnOperation::SetDataType { data_type, using, .. } => {
                self.change_type(table, &bare, &data_type, using)
            }
            AlterColumnOperation::AddGenerated { .. } => Err(SqlError::unsupported("ADD GENERATED")),
        }
    }

    fn change_type(&mut self, table: &str, column: &str, data_type: &DataType, using: Option<Expr>) -> Done {
        let to = declared(data_type)?;
        let is_told_how = using.is_some();
        let mut value = using.unwrap_or_else(|| Expr::Identifier(Ident::with_quote('"', column)));
        let mut rewrite = self.rewrite();
        let columns = self.schema.tables.get(table).map(|t| t.columns.clone()).unwrap_or_default();
        let columns = columns.into_iter().map(|c| Named { name: c.name, kind: c.kind }).collect();
        rewrite.scopes.push(vec![Relation { alias: table.to_owned(), columns, merged: Vec::new() }]);
        let from = rewrite.expr(&mut value)?;
        if !is_told_how && !is_assignable(from, to) {
            let text = format!("column \"{column}\" cannot be cast automatically to type {}", to.name());
            let hint = format!("You might need to specify \"USING {column}::{}\".", to.name());
            return Err(SqlError::new("42804", text).hint(hint));
        }
        rewrite.convert(&mut value, from, to)?;
        self.edit_column(table, column, |c| c.data_type = data_type.clone())?;
        self.reload()?;
        let text = format!("UPDATE {} SET {} = {value}", quoted(table), quoted(column));
        self.raw(&text)
    }

    fn add_constraint(&mut self, table: &str, constraint: TableConstraint) -> Done {
        if let TableConstraint::Unique(_) | TableConstraint::PrimaryKey(_) = constraint {
            let (TableConstraint::Unique(sqlparser::ast::UniqueConstraint { name, columns, .. })
            | TableConstraint::PrimaryKey(sqlparser::ast::PrimaryKeyConstraint { name, columns, .. })) =
                constraint
            else {
                return Ok(());
            };
            let columns: Vec<String> =
                columns.iter().map(|c| c.column.expr.to_string().replace('"', "")).collect();
            let name = name.map_or_else(|| format!("{table}_{}_key", columns.join("_")), |n| scope::fold(&n));
            let list: Vec<String> = columns.iter().map(|c| quoted(c)).collect();
            return self.raw(&format!(
                "CREATE UNIQUE INDEX {} ON {} ({})",
                quoted(&name),
                quoted(table),
                list.join(", ")
            ));
        }
        let definition = self.parsed(table)?;
        let text = self.constraint_text(table, &constraint, &definition.columns)?;
        let create = parsed_table(&format!("CREATE TABLE t (a int, {text})"))?;
        self.edit(table, |t| t.constraints.extend(create.constraints))?;
        // The rows that are there have to keep it as well.
        let wrong =
            self.engine.rows(&format!("PRAGMA foreign_key_check({})", quoted(table)), &[], &self.schema)?;
        if !wrong.is_empty() {
            let text =
                format!("insert or update on table \"{table}\" violates the new foreign key constraint");
            return Err(SqlError::new("23503", text));
        }
        Ok(())
    }

    fn drop_constraint(&mut self, table: &str, name: &str, if_exists: bool) -> Done {
        let key = self
            .schema
            .tables
            .get(table)
            .and_then(|t| t.foreign_keys.iter().find(|k| k.name == name).cloned());
        let before = self.parsed(table)?;
        let named =
            |c: &TableConstraint| c.to_string().replace('"', "").starts_with(&format!("CONSTRAINT {name} "));
        if let Some(key) = key {
            return self.forget_references(table, &key.table);
        }
        if before.constraints.iter().any(named) {
            return self.edit(table, |create| create.constraints.retain(|c| !named(c)));
        }
        if let Some((_, index)) = self.schema.index(name) {
            if index.constraint {
                return Err(SqlError::unsupported("dropping a key"));
            }
            return self.raw(&format!("DROP INDEX {}", quoted(name)));
        }
        let text = format!("constraint \"{name}\" of relation \"{table}\" does not exist");
        if if_exists {
            self.notices.push(format!("NOTICE:  {text}, skipping"));
            return Ok(());
        }
        Err(SqlError::new("42704", text))
    }

    /// Takes the foreign keys of a table to another one away.
    pub(super) fn forget_references(&mut self, table: &str, to: &str) -> Done {
        self.edit(table, |create| {
            create
                .constraints
                .retain(|c| !matches!(c, TableConstraint::ForeignKey(k) if last_part(&k.foreign_table) == to));
            for column in &mut create.columns {
                column.options.retain(
                    |o| !matches!(&o.option, ColumnOption::ForeignKey(k) if last_part(&k.foreign_table) == to),
                );
            }
        })
    }

    fn edit_column(&mut self, table: &str, column: &str, change: impl FnOnce(&mut ColumnDef)) -> Done {
        self.edit(table, |create| {
            if let Some(found) = create.columns.iter_mut().find(|c| scope::fold(&c.name) == column) {
                change(found);
            }
        })
    }

    fn parsed(&self, table: &str) -> Result<CreateTable, SqlError> {
        let definition = self.schema.tables.get(table).map(|t| t.definition.as_str()).unwrap_or_default();
        parsed_table(definition)
    }

    /// Edits a table's definition in place.
    fn edit(&mut self, table: &str, change: impl FnOnce(&mut CreateTable)) -> Done {
        self.reload()?;
        let mut create = self.parsed(table)?;
        change(&mut create);
        let text = create.to_string().replace('\'', "''");
        let name = table.replace('\'', "''");
        self.raw(&format!(
            "PRAGMA writable_schema = 1; \
             UPDATE main.sqlite_master SET sql = '{text}' WHERE type = 'table' AND name = '{name}'; \
             PRAGMA writable_schema = RESET"
        ))?;
        self.reload()
    }
}

fn parsed_table(text: &str) -> Result<CreateTable, SqlError> {
    let statements = Parser::parse_sql(&SQLiteDialect {}, text);
    match statements.ok().and_then(|mut list| list.pop()) {
        Some(Statement::CreateTable(create)) => Ok(create),
        _ => Err(SqlError::unsupported("altering this table")),
    }
}

fn parsed_column(text: &str) -> Result<ColumnDef, SqlError> {
    let create = parsed_table(&format!("CREATE TABLE t ({text})"))?;
    create.columns.into_iter().next().ok_or_else(|| SqlError::unsupported("this column"))
}

/// Whether values of a type become those of another without being told how: only what loses nothing, and texts become nothing else.
fn is_assignable(from: Type, to: Type) -> bool {
    let json = |kind: Type| matches!(kind, Type::Json | Type::Jsonb);
    from == to
        || from == Type::Unknown
        || to.is_text()
        || (from.is_number() && to.is_number())
        || (from.is_day_or_stamp() && to.is_day_or_stamp())
        || (json(from) && json(to))
}
