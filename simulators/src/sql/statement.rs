//! One statement of a conversation: what kind it is and what comes back for it.

use sqlparser::ast::{Expr, Ident, Set, Statement, Value};

use super::changes;
use super::postgres::{Conversation, Transaction};
use super::{Rows, SqlError, explain, settings};

/// A statement that returns nothing but its tag.
pub(super) fn tag(text: impl Into<String>) -> Rows {
    Rows { tag: text.into(), ..Rows::default() }
}

impl Conversation {
    /// Runs one statement.
    pub(super) fn statement(&mut self, statement: Statement) -> Result<Rows, SqlError> {
        let ends = matches!(statement, Statement::Commit { .. } | Statement::Rollback { .. });
        if self.transaction == Transaction::Failed && !ends {
            let text = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(SqlError::new("25P02", text));
        }
        match statement {
            Statement::Query(mut query) => {
                let mut rewrite = self.rewrite();
                let columns = rewrite.query(&mut query)?;
                let catalogs = rewrite.catalogs;
                self.returned(&query.to_string(), &columns, &catalogs)
            }
            Statement::Insert(insert) => changes::insert(self, insert),
            Statement::Update(update) => changes::update(self, update),
            Statement::Delete(delete) => changes::delete(self, delete),
            Statement::Explain { statement, analyze, .. } => explain::explain(self, *statement, analyze),
            Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. } => self.transaction_statement(statement),
            Statement::ShowVariable { variable } => show(&variable),
            other => match plain_tag(&other) {
                Some(done) => {
                    if let Statement::Grant(_) | Statement::Revoke(_) = other {
                        self.access_changes.push(other.to_string());
                    }
                    Ok(tag(done))
                }
                None => self.definition(other),
            },
        }
    }

    fn transaction_statement(&mut self, statement: Statement) -> Result<Rows, SqlError> {
        match statement {
            Statement::StartTransaction { .. } => {
                if self.transaction == Transaction::Block {
                    self.notices.push("WARNING:  there is already a transaction in progress".to_owned());
                }
                // What stood before it in the string becomes part of the block, as in Postgres.
                self.transaction = Transaction::Block;
                Ok(tag("BEGIN"))
            }
            Statement::Savepoint { name } => {
                self.needs_block("SAVEPOINT")?;
                self.raw(&format!("SAVEPOINT {}", point(&name)))?;
                Ok(tag("SAVEPOINT"))
            }
            Statement::ReleaseSavepoint { name } => {
                self.needs_block("RELEASE SAVEPOINT")?;
                self.raw(&format!("RELEASE {}", point(&name)))?;
                Ok(tag("RELEASE"))
            }
            Statement::Rollback { savepoint: Some(name), .. } => {
                if self.transaction == Transaction::OfString {
                    self.needs_block("ROLLBACK TO SAVEPOINT")?;
                }
                self.raw(&format!("ROLLBACK TO {}", point(&name)))?;
                self.reload()?;
                self.transaction = Transaction::Block;
                Ok(tag("ROLLBACK"))
            }
            Statement::Commit { .. } => self.end(true),
            _ => self.end(false),
        }
    }

    fn needs_block(&self, what: &str) -> Result<(), SqlError> {
        if self.transaction == Transaction::Block {
            return Ok(());
        }
        Err(SqlError::new("25P01", format!("{what} can only be used in transaction blocks")))
    }

    /// Ends the transaction and begins the string's next one.
    fn end(&mut self, commit: bool) -> Result<Rows, SqlError> {
        if self.transaction == Transaction::OfString {
            self.notices.push("WARNING:  there is no transaction in progress".to_owned());
        }
        let commit = commit && self.transaction != Transaction::Failed;
        if commit {
            self.raw("COMMIT")?;
        } else {
            self.undo();
        }
        self.raw("BEGIN")?;
        self.transaction = Transaction::OfString;
        Ok(tag(if commit { "COMMIT" } else { "ROLLBACK" }))
    }
}

fn point(name: &Ident) -> String {
    super::schema::quoted(&super::scope::fold(name))
}

/// Statements that are done by saying so.
fn plain_tag(statement: &Statement) -> Option<&'static str> {
    Some(match statement {
        Statement::Set(set) if !matches!(set, Set::SetNames { .. }) => "SET",
        Statement::Reset(_) => "RESET",
        Statement::Analyze(_) => "ANALYZE",
        Statement::Vacuum(_) => "VACUUM",
        Statement::Comment { .. } => "COMMENT",
        Statement::Grant(_) => "GRANT",
        Statement::Revoke(_) => "REVOKE",
        Statement::Lock(_) => "LOCK TABLE",
        Statement::Discard { .. } => "DISCARD ALL",
        Statement::LISTEN { .. } => "LISTEN",
        Statement::NOTIFY { .. } => "NOTIFY",
        _ => return None,
    })
}

fn show(variable: &[Ident]) -> Result<Rows, SqlError> {
    let words: Vec<String> = variable.iter().map(|w| w.value.to_lowercase()).collect();
    let name = match words.join(".").as_str() {
        "transaction.isolation.level" => "transaction_isolation".to_owned(),
        "time.zone" => "timezone".to_owned(),
        other => other.to_owned(),
    };
    let value = settings::setting(&name)
        .ok_or_else(|| SqlError::new("42704", format!("unrecognized configuration parameter \"{name}\"")))?;
    Ok(Rows {
        tag: "SHOW".to_owned(),
        columns: vec![if name == "timezone" { "TimeZone".to_owned() } else { name }],
        right: vec![false],
        types: Vec::new(),
        rows: vec![vec![value.into()]],
    })
}

/// True for the keyword `DEFAULT` standing as a value.
pub(super) fn is_default(e: &Expr) -> bool {
    match e {
        Expr::Identifier(name) => name.quote_style.is_none() && name.value.eq_ignore_ascii_case("default"),
        Expr::Value(v) => matches!(&v.value, Value::Placeholder(p) if p.eq_ignore_ascii_case("default")),
        _ => false,
    }
}
