//! Definitions: what makes, empties and drops tables, views, indexes and schemas.

use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateIndex, CreateTable, CreateView, Expr, ForeignKeyConstraint, GeneratedAs,
    ObjectName, ReferentialAction, SchemaName, Spanned, Statement, TableConstraint,
};

use super::Rows;
use super::convert::declared;
use super::error::SqlError;
use super::postgres::Conversation;
use super::rewrite::last_part;
use super::schema::quoted;
use super::scope::{self, Relation};
use super::statement::tag;
use super::types::Type;

type Done = Result<Rows, SqlError>;

impl Conversation {
    /// A statement that defines something; the schema is read again behind it.
    pub(super) fn definition(&mut self, statement: Statement) -> Done {
        let done = match statement {
            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateView(create) => self.create_view(create),
            Statement::CreateIndex(create) => self.create_index(&create),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::Truncate(truncate) => self.truncate(&truncate),
            Statement::Drop { object_type, if_exists, names, cascade, .. } => {
                self.drop_objects(object_type, if_exists, &names, cascade)
            }
            Statement::CreateSchema { schema_name, if_not_exists, .. } => {
                self.create_schema(&schema_name, if_not_exists)
            }
            Statement::ShowTables { .. } => {
                Err(SqlError::new("42704", "unrecognized configuration parameter \"tables\""))
            }
            other => {
                let text = other.to_string();
                let words: Vec<&str> = text.split_whitespace().take(2).collect();
                Err(SqlError::unsupported(words.join(" ").to_uppercase()))
            }
        }?;
        self.reload()?;
        Ok(done)
    }

    /// The name is free; `None` if it is not and the statement is content with that.
    fn free_name(&mut self, name: &ObjectName, if_not_exists: bool) -> Result<Option<String>, SqlError> {
        if let [first, _] = name.0.as_slice()
            && first.to_string().to_lowercase() != "public"
        {
            return Err(
                SqlError::new("3F000", format!("schema \"{first}\" does not exist")).at(name.span().start)
            );
        }
        let bare = last_part(name);
        let taken = self.schema.tables.contains_key(&bare) || self.schema.index(&bare).is_some();
        if taken && if_not_exists {
            self.notices.push(format!("NOTICE:  relation \"{bare}\" already exists, skipping"));
            return Ok(None);
        }
        if taken {
            return Err(SqlError::new("42P07", format!("relation \"{bare}\" already exists")));
        }
        Ok(Some(bare))
    }

    fn create_table(&mut self, create: CreateTable) -> Done {
        if create.temporary || create.like.is_some() || create.partition_by.is_some() {
            return Err(SqlError::unsupported("this form of CREATE TABLE"));
        }
        let Some(name) = self.free_name(&create.name, create.if_not_exists)? else {
            return Ok(tag("CREATE TABLE"));
        };
        if let Some(mut query) = create.query {
            let mut rewrite = self.rewrite();
            let columns = rewrite.query(&mut query)?;
            let catalogs = rewrite.catalogs;
            self.provide(&catalogs)?;
            let list: Vec<String> =
                columns.iter().map(|c| format!("{} {}", quoted(&c.name), c.kind.full_name())).collect();
            self.raw(&format!("CREATE TABLE {} ({})", quoted(&name), list.join(", ")))?;
            self.engine.rows(&format!("INSERT INTO {} {query}", quoted(&name)), &[], &self.schema)?;
            return Ok(tag(format!("SELECT {}", self.engine.connection.changes())));
        }
        let mut parts = Vec::new();
        for column in &create.columns {
            parts.push(self.column_text(&name, column, &create.columns)?);
        }
        for constraint in &create.constraints {
            parts.push(self.constraint_text(&name, constraint, &create.columns)?);
        }
        self.raw(&format!("CREATE TABLE {} ({})", quoted(&name), parts.join(", ")))?;
        Ok(tag("CREATE TABLE"))
    }

    /// A column in the engine's dialect.
    pub(super) fn column_text(
        &self,
        table: &str,
        column: &ColumnDef,
        all: &[ColumnDef],
    ) -> Result<String, SqlError> {
        let kind = declared(&column.data_type)?;
        let serial = column.data_type.to_string().to_lowercase().contains("serial");
        let has = |test: fn(&ColumnOption) -> bool| column.options.iter().any(|o| test(&o.option));
        let key = has(|o| matches!(o, ColumnOption::PrimaryKey(_)));
        let identity = has(|o| {
            matches!(
                o,
                ColumnOption::Generated { generated_as: GeneratedAs::Always | GeneratedAs::ByDefault, .. }
            )
        });
        let name = quoted(&scope::fold(&column.name));
        if key && (serial || identity) {
            // The engine counts up a key of exactly this spelling, and no other.
            return Ok(format!("{name} INTEGER PRIMARY KEY"));
        }
        let mut text = format!("{name} {}", kind.full_name());
        if key {
            text.push_str(" NOT NULL PRIMARY KEY");
        }
        for option in &column.options {
            match &option.option {
                ColumnOption::NotNull if !key => text.push_str(" NOT NULL"),
                ColumnOption::Unique(_) => text.push_str(" UNIQUE"),
                ColumnOption::Default(e) => {
                    text.push_str(&format!(" DEFAULT ({})", self.default_text(e, kind)?))
                }
                ColumnOption::Check(check) => {
                    text.push_str(&format!(" CHECK ({})", self.check_text(table, &check.expr, all)?));
                }
                ColumnOption::ForeignKey(key) => text.push_str(&format!(" {}", self.reference_text(key)?)),
                _ => {}
            }
        }
        Ok(text)
    }

    /// A default. `now()` stays a call: it is asked when a row is inserted.
    pub(super) fn default_text(&self, e: &Expr, kind: Type) -> Result<String, SqlError> {
        let text = e.to_string().to_lowercase();
        match text.as_str() {
            "now()" | "current_timestamp" | "current_date" => Ok(text),
            "gen_random_uuid()" => Ok("pg_uuid()".to_owned()),
            _ => {
                let mut rewrite = self.rewrite();
                let mut value = e.clone();
                let from = rewrite.expr(&mut value)?;
                rewrite.convert(&mut value, from, kind)?;
                Ok(value.to_string())
            }
        }
    }

    fn check_text(&self, table: &str, e: &Expr, columns: &[ColumnDef]) -> Result<String, SqlError> {
        let mut relation = Relation { alias: table.to_owned(), ..Relation::default() };
        for column in columns {
            let kind = declared(&column.data_type)?;
            relation.columns.push(super::scope::Named { name: scope::fold(&column.name), kind });
        }
        let mut rewrite = self.rewrite();
        rewrite.scopes.push(vec![relation]);
        let mut e = e.clone();
        rewrite.expr(&mut e)?;
        Ok(e.to_string())
    }

    fn reference_text(&self, key: &ForeignKeyConstraint) -> Result<String, SqlError> {
        let table = last_part(&key.foreign_table);
        if !self.schema.tables.contains_key(&table) {
            return Err(SqlError::new("42P01", format!("relation \"{table}\" does not exist")));
        }
        let mut text = format!("REFERENCES {}", quoted(&table));
        if !key.referred_columns.is_empty() {
            text.push_str(&format!(" ({})", list(&key.referred_columns)));
        }
        let action = match key.on_delete {
            Some(ReferentialAction::Cascade) => " ON DELETE CASCADE",
            Some(ReferentialAction::SetNull) => " ON DELETE SET NULL",
            Some(ReferentialAction::SetDefault) => " ON DELETE SET DEFAULT",
            _ => "",
        };
        Ok(text + action)
    }

    /// A table's constraint in the engine's dialect.
    pub(super) fn constraint_text(
        &self,
        table: &str,
        constraint: &TableConstraint,
        columns: &[ColumnDef],
    ) -> Result<String, SqlError> {
        let (name, body) = match constraint {
            TableConstraint::PrimaryKey(key) => {
                (&key.name, format!("PRIMARY KEY ({})", index_list(&key.columns)?))
            }
            TableConstraint::Unique(key) => (&key.name, format!("UNIQUE ({})", index_list(&key.columns)?)),
            TableConstraint::Check(check) => {
                (&check.name, format!("CHECK ({})", self.check_text(table, &check.expr, columns)?))
            }
            TableConstraint::ForeignKey(key) => {
                (&key.name, format!("FOREIGN KEY ({}) {}", list(&key.columns), self.reference_text(key)?))
            }
            _ => return Err(SqlError::unsupported("this constraint")),
        };
        let named =
            name.as_ref().map(|n| format!("CONSTRAINT {} ", quoted(&scope::fold(n)))).unwrap_or_default();
        Ok(named + &body)
    }

    fn create_view(&mut self, mut create: CreateView) -> Done {
        let name = last_part(&create.name);
        let replaced = create.or_replace && self.schema.tables.get(&name).is_some_and(|t| t.is_view);
        if !replaced && self.free_name(&create.name, false)?.is_none() {
            return Ok(tag("CREATE VIEW"));
        }
        let mut rewrite = self.rewrite();
        let columns = rewrite.query(&mut create.query)?;
        if !rewrite.catalogs.is_empty() || create.materialized {
            return Err(SqlError::unsupported("this form of CREATE VIEW"));
        }
        if replaced {
            self.raw(&format!("DROP VIEW {}", quoted(&name)))?;
        }
        // The engine forgets the types of a view's columns; its text does not.
        let types: Vec<String> = columns.iter().map(|c| c.kind.code()).collect();
        let types = types.join(";");
        self.raw(&format!("CREATE VIEW {} AS /* types: {types} */ {}", quoted(&name), create.query))?;
        Ok(tag("CREATE VIEW"))
    }

    fn create_index(&mut self, create: &CreateIndex) -> Done {
        let table_name = last_part(&create.table_name);
        let table = self.schema.tables.get(&table_name).filter(|t| !t.is_view).ok_or_else(|| {
            SqlError::new("42P01", format!("relation \"{table_name}\" does not exist"))
                .at(create.table_name.span().start)
        })?;
        for column in &create.columns {
            let name = column.column.expr.to_string().replace('"', "");
            if table.column(&name).is_none() {
                return Err(match &column.column.expr {
                    Expr::Identifier(_) => {
                        SqlError::new("42703", format!("column \"{name}\" does not exist"))
                    }
                    _ => SqlError::unsupported("an index on an expression"),
                });
            }
        }
        let columns = index_list(&create.columns)?;
        let default = format!("{table_name}_{}_idx", columns.replace('"', "").replace(", ", "_"));
        let wanted = create.name.clone().unwrap_or_else(|| vec![sqlparser::ast::Ident::new(default)].into());
        let Some(name) = self.free_name(&wanted, create.if_not_exists)? else {
            return Ok(tag("CREATE INDEX"));
        };
        let unique = if create.unique { "UNIQUE " } else { "" };
        let text = format!("CREATE {unique}INDEX {} ON {} ({columns})", quoted(&name), quoted(&table_name));
        self.raw(&text).map_err(|error| match error.state.as_str() {
            "23505" => SqlError::new("23505", format!("could not create unique index \"{name}\"")),
            _ => error,
        })?;
        Ok(tag("CREATE INDEX"))
    }

    fn create_schema(&mut self, name: &SchemaName, if_not_exists: bool) -> Done {
        let name = match name {
            SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => last_part(name),
            SchemaName::UnnamedAuthorization(name) => scope::fold(name),
        };
        if name != "public" {
            return Err(SqlError::unsupported("a schema beside public"));
        }
        // That `public` was dropped is not kept: an empty one is the same to everybody who looks.
        if !self.schema.tables.is_empty() && !if_not_exists {
            return Err(SqlError::new("42P06", "schema \"public\" already exists"));
        }
        Ok(tag("CREATE SCHEMA"))
    }
}

fn list(names: &[sqlparser::ast::Ident]) -> String {
    names.iter().map(|n| quoted(&scope::fold(n))).collect::<Vec<_>>().join(", ")
}

fn index_list(columns: &[sqlparser::ast::IndexColumn]) -> Result<String, SqlError> {
    let mut names = Vec::new();
    for column in columns {
        let Expr::Identifier(name) = &column.column.expr else {
            return Err(SqlError::unsupported("an index on an expression"));
        };
        names.push(quoted(&scope::fold(name)));
    }
    Ok(names.join(", "))
}
