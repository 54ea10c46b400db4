//! `DROP` and `TRUNCATE`, with what depends on the things that go.

use sqlparser::ast::{ObjectName, ObjectType, Truncate};

use super::Rows;
use super::error::SqlError;
use super::postgres::Conversation;
use super::rewrite::last_part;
use super::schema::quoted;
use super::statement::tag;

type Done = Result<Rows, SqlError>;

impl Conversation {
    /// `TRUNCATE`.
    pub(super) fn truncate(&mut self, truncate: &Truncate) -> Done {
        let mut names: Vec<String> = Vec::new();
        for target in &truncate.table_names {
            let name = last_part(&target.name);
            match self.schema.tables.get(&name) {
                None if truncate.if_exists => {}
                None => return Err(SqlError::new("42P01", format!("relation \"{name}\" does not exist"))),
                Some(table) if table.is_view => {
                    return Err(SqlError::new("42809", format!("\"{name}\" is not a table")));
                }
                Some(_) => names.push(name),
            }
        }
        let cascade = matches!(truncate.cascade, Some(sqlparser::ast::CascadeOption::Cascade));
        let mut at = 0;
        while let Some(name) = names.get(at).cloned() {
            let referring: Vec<String> = self.schema.referring(&name).map(|(t, _)| t.name.clone()).collect();
            for other in referring.into_iter().filter(|other| !names.contains(other)).collect::<Vec<_>>() {
                if !cascade {
                    return Err(SqlError::new(
                        "0A000",
                        "cannot truncate a table referenced in a foreign key constraint",
                    )
                    .detail(format!("Table \"{other}\" references \"{name}\"."))
                    .hint(format!(
                        "Truncate table \"{other}\" at the same time, or use TRUNCATE ... CASCADE."
                    )));
                }
                self.notices.push(format!("NOTICE:  truncate cascades to table \"{other}\""));
                names.push(other);
            }
            at += 1;
        }
        self.raw("PRAGMA defer_foreign_keys = 1")?;
        for name in names {
            self.raw(&format!("DELETE FROM {}", quoted(&name)))?;
        }
        Ok(tag("TRUNCATE TABLE"))
    }

    /// `DROP` of any kind of object.
    pub(super) fn drop_objects(
        &mut self,
        kind: ObjectType,
        if_exists: bool,
        names: &[ObjectName],
        cascade: bool,
    ) -> Done {
        for name in names {
            let bare = last_part(name);
            let known = match kind {
                ObjectType::Table => self.schema.tables.get(&bare).is_some_and(|t| !t.is_view),
                ObjectType::View => self.schema.tables.get(&bare).is_some_and(|t| t.is_view),
                ObjectType::Index => self.schema.index(&bare).is_some(),
                ObjectType::Schema => bare == "public",
                ObjectType::Database => self.session.databases.contains(&bare),
                _ => return Err(SqlError::unsupported(format!("DROP {kind}"))),
            };
            let word = kind.to_string().to_lowercase();
            if !known && if_exists {
                self.notices.push(format!("NOTICE:  {word} \"{bare}\" does not exist, skipping"));
                continue;
            }
            if !known {
                let state = match kind {
                    ObjectType::Schema => "3F000",
                    ObjectType::Database => "3D000",
                    ObjectType::Index => "42704",
                    _ => "42P01",
                };
                return Err(SqlError::new(state, format!("{word} \"{bare}\" does not exist")));
            }
            match kind {
                ObjectType::Table | ObjectType::View => self.drop_relation(&bare, cascade)?,
                ObjectType::Index => self.drop_index(&bare)?,
                ObjectType::Database => self.drop_database(&bare)?,
                _ => self.drop_schema(cascade)?,
            }
            self.reload()?;
        }
        Ok(tag(format!("DROP {kind}")))
    }

    fn drop_index(&self, name: &str) -> Result<(), SqlError> {
        if let Some((table, index)) = self.schema.index(name).filter(|(_, index)| index.constraint) {
            let text = format!(
                "cannot drop index {} because constraint {} on table {} requires it",
                index.name, index.name, table.name
            );
            return Err(SqlError::new("2BP01", text)
                .hint(format!("You can drop constraint {} on table {} instead.", index.name, table.name)));
        }
        self.raw(&format!("DROP INDEX {}", quoted(name)))
    }

    fn drop_database(&mut self, name: &str) -> Result<(), SqlError> {
        if name == self.session.database {
            return Err(SqlError::new("55006", "cannot drop the currently open database"));
        }
        if self.session.clients > 0 {
            let text = format!("database \"{name}\" is being accessed by other users");
            let detail = format!("There are {} other sessions using the database.", self.session.clients);
            return Err(SqlError::new("55006", text).detail(detail));
        }
        self.dropped_databases.push(name.to_owned());
        self.session.databases.retain(|known| known != name);
        Ok(())
    }

    fn drop_schema(&mut self, cascade: bool) -> Result<(), SqlError> {
        let names: Vec<(String, &str)> = self
            .schema
            .tables
            .values()
            .map(|t| (t.name.clone(), if t.is_view { "view" } else { "table" }))
            .collect();
        let each = |pattern: fn(&str, &str) -> String| {
            names.iter().map(|(name, kind)| pattern(name, kind)).collect::<Vec<_>>()
        };
        if !names.is_empty() && !cascade {
            let lines = each(|name, kind| format!("{kind} {name} depends on schema public"));
            return Err(SqlError::new(
                "2BP01",
                "cannot drop schema public because other objects depend on it",
            )
            .detail(lines.join("\n"))
            .hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
        self.notice_cascade(&each(|name, kind| format!("{kind} {name}")));
        self.raw("PRAGMA defer_foreign_keys = 1")?;
        for (name, kind) in &names {
            self.raw(&format!("DROP {kind} {}", quoted(name)))?;
        }
        Ok(())
    }

    /// Says what goes with something that is dropped.
    fn notice_cascade(&mut self, dependents: &[String]) {
        match dependents {
            [] => {}
            [only] => self.notices.push(format!("NOTICE:  drop cascades to {only}")),
            many => {
                let lines: Vec<String> = many.iter().map(|d| format!("drop cascades to {d}")).collect();
                let (count, lines) = (many.len(), lines.join("\n"));
                self.notices
                    .push(format!("NOTICE:  drop cascades to {count} other objects\nDETAIL:  {lines}"));
            }
        }
    }

    /// Drops a table or view with what depends on it, if that is allowed.
    fn drop_relation(&mut self, name: &str, cascade: bool) -> Result<(), SqlError> {
        let kind = if self.schema.tables.get(name).is_some_and(|t| t.is_view) { "view" } else { "table" };
        let views: Vec<String> = self
            .schema
            .tables
            .values()
            .filter(|t| t.is_view && t.name != name && mentions(&t.definition, name))
            .map(|t| t.name.clone())
            .collect();
        let keys: Vec<(String, String)> =
            self.schema.referring(name).map(|(t, key)| (t.name.clone(), key.name.clone())).collect();
        let mut dependents: Vec<String> =
            keys.iter().map(|(table, key)| format!("constraint {key} on table {table}")).collect();
        dependents.extend(views.iter().map(|view| format!("view {view}")));
        if !dependents.is_empty() && !cascade {
            let lines: Vec<String> =
                dependents.iter().map(|d| format!("{d} depends on {kind} {name}")).collect();
            return Err(SqlError::new(
                "2BP01",
                format!("cannot drop {kind} {name} because other objects depend on it"),
            )
            .detail(lines.join("\n"))
            .hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
        self.notice_cascade(&dependents);
        for view in &views {
            self.raw(&format!("DROP VIEW IF EXISTS {}", quoted(view)))?;
        }
        for (table, _) in &keys {
            self.forget_references(table, name)?;
        }
        self.raw(&format!("DROP {kind} {}", quoted(name)))
    }
}

/// A view's text names a relation.
fn mentions(definition: &str, name: &str) -> bool {
    let words = definition.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.skip(4).any(|word| word.eq_ignore_ascii_case(name))
}
